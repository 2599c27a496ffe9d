//! Upkeep on real files and a real store; tests of time rules set the present time.

use super::*;
use crate::domain::{
    Caller, Command, DecisionKind, Digest, FileMode, GroupKind, Isolation, IsolationLevel, Permissions, Problem,
    ProblemCode, Profile, ReviewKind, RunEnd, RunUsage, ToolReview, VerbCall, VersionFile,
};
use crate::engine::tests::{World, ada, decide, decision, run};
use crate::engine::{ErrorCode, ReviewFilter, lock, now};
use crate::insight::DAY_MS;
use crate::store::{FinishedRun, NewRun, Tx};
use serde_json::json;

fn later(days: i64) -> Instant {
    Instant(now().0 + days * DAY_MS)
}

fn names(report: &StaleReport) -> Vec<&str> {
    report.stale.iter().map(|tool| tool.tool.as_str()).collect()
}

/// Writes different scripts with these names.
fn drop_scripts(world: &World, tools: &[&str]) {
    for name in tools {
        let text = format!("\"\"\"Prints {name} and nothing else.\"\"\"\nprint('{name}')\n");
        world.write(&format!("tools/experimental/{name}.py"), &text);
    }
}

/// Records uses of a tool at a point in time: this many good and this many bad runs.
fn note_uses(engine: &Engine, tool: &str, at: Instant, (good, bad): (usize, usize)) {
    let tool = engine.library().resolve(tool).unwrap();
    let isolation = Isolation {
        level: IsolationLevel::Confined,
        profile: Profile::Strict,
        layers: Vec::new(),
        missing: Vec::new(),
    };
    let new = NewRun {
        tool: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        stage: tool.stage,
        caller: "human".to_owned(),
        input: "{}".to_owned(),
        isolation: isolation.clone(),
        owner: "host:17".to_owned(),
        lease_until: at,
        remember_input: false,
        parent: None,
        worker: None,
    };
    let ended = |good: bool| FinishedRun {
        end: if good {
            RunEnd::Succeeded { exit_code: 0 }
        } else {
            RunEnd::Failed { exit_code: 1, reason: "exit code 1".to_owned() }
        },
        usage: RunUsage::default(),
        isolation: isolation.clone(),
        truncated: false,
        notes: Vec::new(),
        observation: None,
        departed: Vec::new(),
        declared: Permissions::default(),
    };
    let work = |tx: &Tx<'_>| -> Result<(), EngineError> {
        for number in 0..good + bad {
            let id = tx.start_run(&new)?;
            tx.finish_run(id, &ended(number < good))?;
        }
        Ok(())
    };
    lock(&engine.workspace.store).transact(at, work).unwrap();
    engine.library().refresh().unwrap();
}

fn propose(engine: &Engine, tools: &[StaleTool], caller: &Caller) -> Result<crate::domain::Outcome, EngineError> {
    let proposals = tools.iter().map(StaleTool::proposal).collect();
    engine.execute(Command::Propose { proposals }, caller)
}

/// One digest over all files of the workspace, with their modes.
fn all_bytes(world: &World) -> Digest {
    use std::os::unix::fs::PermissionsExt;
    fn walk(folder: &std::path::Path, found: &mut Vec<VersionFile>) {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() {
                walk(&entry.path(), found);
            } else {
                let executable = meta.permissions().mode() & 0o111 != 0;
                let mode = if executable { FileMode::Executable } else { FileMode::Plain };
                let path = entry.path().display().to_string();
                found.push(VersionFile { path, mode, bytes: std::fs::read(entry.path()).unwrap() });
            }
        }
    }
    let mut files = Vec::new();
    walk(&world.root().join("tools"), &mut files);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Digest::of_files(&files)
}

#[test]
fn after_31_days_exactly_the_unused_are_listed_and_the_threshold_can_be_set() {
    let world = World::new();
    drop_scripts(&world, &["used", "forgotten", "never"]);
    let engine = world.open();
    note_uses(&engine, "forgotten", later(-2), (1, 0));
    note_uses(&engine, "used", later(20), (1, 0));
    assert_eq!(names(&engine.upkeep().stale_at(None, later(29)).unwrap()), Vec::<&str>::new());
    let report = engine.upkeep().stale_at(None, later(31)).unwrap();
    assert_eq!((names(&report), report.days, report.tools), (vec!["forgotten", "never"], 30, 3));
    let [forgotten, never] = report.stale.as_slice() else { panic!("{report:?}") };
    assert_eq!((forgotten.runs, forgotten.why.as_str()), (1, "not used for 31 days"));
    assert_eq!((never.last_used_at, never.why.as_str()), (None, "never used, unchanged for 31 days"));
    assert_eq!(names(&engine.upkeep().stale_at(Some(32), later(31)).unwrap()), Vec::<&str>::new());
    assert_eq!(names(&engine.upkeep().stale_at(Some(7), later(31)).unwrap()), ["forgotten", "never", "used"]);
    std::fs::create_dir_all(world.home().config).unwrap();
    std::fs::write(world.home().config_file(), "[policy]\nstale_days = 10\n").unwrap();
    assert_eq!(world.open().upkeep().stale_at(None, later(31)).unwrap().days, 10);
}

#[test]
fn pinned_core_waiting_and_successor_tools_stay_and_are_counted() {
    let world = World::new();
    drop_scripts(&world, &["pinned", "asked", "heir", "old", "plain"]);
    let engine = world.open();
    engine.execute(Command::Verb(VerbCall::new("pin", &[("tool", "pinned")])), &ada()).unwrap();
    engine.execute(Command::verb("deprecate", &[("tool", "old"), ("by", "heir")]), &ada()).unwrap();
    let report = engine.upkeep().stale_at(None, later(31)).unwrap();
    assert_eq!(names(&report), ["asked", "old", "plain"], "what waits by itself since it is new is no question");
    let asked: Vec<StaleTool> = report.stale.iter().filter(|tool| tool.tool.as_str() == "asked").cloned().collect();
    propose(&engine, &asked, &ada()).unwrap();
    let report = engine.upkeep().stale_at(None, later(31)).unwrap();
    assert_eq!(names(&report), ["old", "plain"]);
    let spared = [("pinned", 1), ("successor", 1), ("waiting", 1)].map(|(word, number)| (word.to_owned(), number));
    assert_eq!(report.spared, BTreeMap::from(spared));
    assert_eq!(
        report.spared_line(),
        "just as old, but not proposed: 1 pinned · 1 named as a successor · 1 pending review"
    );
}

#[test]
fn a_proposal_moves_nothing_is_made_once_and_archive_then_undo_gives_identical_bytes() {
    let world = World::new();
    world.drop_pair();
    drop_scripts(&world, &["old"]);
    let engine = world.open();
    let before = all_bytes(&world);
    let report = engine.upkeep().stale_at(None, later(31)).unwrap();
    assert_eq!(names(&report), ["adder", "old"]);
    let outcome = propose(&engine, &report.stale, &Caller::Agent("bot".to_owned())).unwrap();
    assert_eq!(outcome.message, "2 reviews opened");
    assert_eq!(all_bytes(&world), before, "nothing is put away by a proposal");
    let again = propose(&engine, &report.stale[..1], &ada()).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    let archive = Command::verb("archive", &[("tool", "old")]);
    let refused = engine.execute(archive, &Caller::Agent("bot".to_owned())).unwrap_err();
    assert_eq!(refused.code, ErrorCode::HumanNeeded);

    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let asked: Vec<_> = waiting.iter().filter(|review| review.kind == ReviewKind::Archive).collect();
    assert_eq!(asked.len(), 2);
    for review in asked {
        engine.execute(decision(review, DecisionKind::Approve, None), &ada()).unwrap();
    }
    assert_ne!(all_bytes(&world), before);
    assert!(world.exists("tools/archived/adder") && !world.exists("tools/experimental/adder.py"));
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(all_bytes(&world), before);
}

#[test]
fn a_no_to_a_proposal_keeps_the_tool_from_being_listed_for_as_long_again() {
    let world = World::new();
    drop_scripts(&world, &["old"]);
    let engine = world.open();
    {
        // Simulates that it was first seen long ago.
        let long_ago = engine.upkeep().stale_at(None, later(31)).unwrap();
        propose(&engine, &long_ago.stale, &ada()).unwrap();
    }
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let review = waiting.iter().find(|review| review.kind == ReviewKind::Archive).unwrap();
    engine.execute(decision(review, DecisionKind::Reject, Some("still wanted")), &ada()).unwrap();
    assert_eq!(names(&engine.upkeep().stale_at(None, later(29)).unwrap()), Vec::<&str>::new());
    assert_eq!(names(&engine.upkeep().stale_at(None, later(31)).unwrap()), ["old"]);
}

#[test]
fn copies_are_put_away_by_path_and_near_duplicates_are_deprecated_by_the_one_to_keep() {
    let world = World::new();
    drop_scripts(&world, &["plain"]);
    let code = "import csv, json, sys\n\nwith open(sys.argv[1], newline='') as file:\n    rows = list(csv.DictReader(file))\nif not rows:\n    sys.exit('the file has no rows')\nprint(json.dumps(rows, indent=2))\n";
    let csv = &format!("\"\"\"Convert a CSV file to JSON.\"\"\"\n{code}");
    world.write("tools/experimental/a/csv_to_json.py", csv);
    world.write("tools/experimental/b/csv_to_json.py", csv);
    let other = format!(
        "\"\"\"Transforms CSV files into JSON format.\"\"\"\n{}",
        code.replace("(rows", "(lines").replace(" rows =", " lines =").replace("not rows", "not lines")
    );
    world.write("tools/experimental/convert_csv_json.py", &other);
    let engine = world.open();
    note_uses(&engine, "convert_csv_json", later(0), (3, 0));
    let groups = engine.upkeep().twins().unwrap();
    let told: Vec<_> = groups
        .iter()
        .map(|group| (group.kind, group.keep.path.as_str(), group.others[0].path.as_str(), &*group.others[0].command))
        .collect();
    assert_eq!(
        told,
        [
            (
                GroupKind::Copies,
                "tools/experimental/a/csv_to_json.py",
                "tools/experimental/b/csv_to_json.py",
                "toolsmith archive tools/experimental/b/csv_to_json.py"
            ),
            (
                GroupKind::Near,
                "tools/experimental/convert_csv_json.py",
                "tools/experimental/a/csv_to_json.py",
                "toolsmith deprecate csv_to_json --by convert_csv_json"
            ),
        ]
    );
    let proposals: Vec<Retirement> =
        groups.iter().flat_map(|group| &group.others).filter_map(|twin| twin.proposal.clone()).collect();
    let outcome = engine.execute(Command::Propose { proposals }, &ada()).unwrap();
    assert_eq!(outcome.message, "2 reviews opened");
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let of = |kind| waiting.iter().find(|review| review.kind == kind).unwrap();
    engine.execute(decision(of(ReviewKind::Archive), DecisionKind::Approve, None), &ada()).unwrap();
    assert!(world.exists("tools/experimental/a/csv_to_json.py"), "the copy that was proposed goes, not the other");
    assert!(!world.exists("tools/experimental/b/csv_to_json.py"));
    let deprecation = of(ReviewKind::Deprecation);
    engine.execute(decision(deprecation, DecisionKind::Approve, None), &ada()).unwrap();
    let mark = engine.library().resolve("csv_to_json").unwrap().facts.deprecated.clone().unwrap();
    assert_eq!(mark.by.unwrap().as_str(), "convert_csv_json");
    assert_eq!(engine.upkeep().twins().unwrap(), vec![], "what is put away or deprecated is in no group any more");
}

#[test]
fn what_only_words_call_alike_is_not_proposed() {
    let world = World::new();
    world.write("tools/experimental/csv_to_json.py", "\"\"\"Convert a CSV file to JSON.\"\"\"\nprint(1)\n");
    world.write(
        "tools/experimental/convert_csv_json.py",
        "\"\"\"Transforms CSV files into JSON format.\"\"\"\nprint(2)\n",
    );
    let groups = world.open().upkeep().twins().unwrap();
    let other = &groups[0].others[0];
    assert_eq!((groups[0].kind, other.command.as_str(), &other.proposal), (GroupKind::Near, "", &None));
    assert!(other.advice.starts_with("only the words of both say so: compare "), "{}", other.advice);
}

#[test]
fn a_much_used_tool_that_vanishes_is_told_of_and_comes_back_by_itself_or_from_its_copy() {
    let world = World::new();
    world.drop_pair();
    drop_scripts(&world, &["seldom", "failing"]);
    let engine = world.open();
    run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    note_uses(&engine, "adder", later(0), (23, 1));
    note_uses(&engine, "seldom", later(0), (20, 0));
    note_uses(&engine, "failing", later(0), (17, 4));
    let before = all_bytes(&world);
    let adder = engine.library().resolve("adder").unwrap();
    let kept: Vec<(&str, Vec<u8>)> = ["adder.py", "adder.toml"]
        .map(|name| (name, std::fs::read(world.root().join("tools/experimental").join(name)).unwrap()))
        .into();
    let remove = |name: &str| std::fs::remove_file(world.root().join("tools/experimental").join(name)).unwrap();
    let lost = |engine: &Engine| -> Vec<Problem> {
        let view = engine.library().scan(&mut |_| {}).unwrap();
        view.problems.iter().filter(|problem| problem.code == ProblemCode::Vanished).cloned().collect()
    };
    assert_eq!(lost(&engine), vec![]);
    for name in ["adder.py", "adder.toml", "seldom.py", "failing.py"] {
        remove(name);
    }
    let told = lost(&engine);
    assert_eq!(told.len(), 1, "seldom used or often failing ones are not missed: {told:?}");
    assert_eq!(told[0].message, "adder is missing: it ran 25 times, 96% successful");
    assert!(told[0].hint.starts_with("`toolsmith restore adder` restores it from the kept copy"), "{}", told[0].hint);
    let unknown = engine.library().resolve("adder").unwrap_err();
    assert_eq!(unknown.hint, "its files are missing; `toolsmith restore adder` restores them from the kept copy");
    assert_eq!(engine.library().resolve("adder").unwrap_err().code, ErrorCode::NotFound);
    for (name, bytes) in &kept {
        std::fs::write(world.root().join("tools/experimental").join(name), bytes).unwrap();
    }
    assert_eq!(lost(&engine), vec![]);
    assert_eq!(
        engine.library().resolve("adder").unwrap().digest,
        adder.digest,
        "it came back by itself, with its history"
    );
    assert_eq!(engine.library().resolve("adder").unwrap().facts.runs, 25);

    remove("adder.py");
    remove("adder.toml");
    assert_eq!(lost(&engine).len(), 1);
    engine.execute(Command::verb("restore", &[("tool", "adder")]), &ada()).unwrap();
    assert_eq!(lost(&engine), vec![]);
    assert_eq!(engine.library().resolve("adder").unwrap().digest, adder.digest);
    drop_scripts(&world, &["seldom", "failing"]);
    assert_eq!(all_bytes(&world), before);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert!(!world.exists("tools/experimental/adder.py"), "undo takes it away again");
}

#[test]
fn an_approved_tool_that_vanishes_comes_back_approved_and_one_without_a_copy_says_so() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    decide(&engine, DecisionKind::Approve).unwrap();
    note_uses(&engine, "adder", later(0), (25, 0));
    std::fs::remove_dir_all(world.root().join("tools/approved/adder")).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    engine.execute(Command::verb("restore", &[("tool", "adder")]), &ada()).unwrap();
    let back = engine.library().resolve("adder").unwrap();
    assert_eq!((back.stage, back.facts.review), (Stage::Approved, ToolReview::Approved));
    assert!(world.exists("tools/approved/adder/approval.toml"));

    drop_scripts(&world, &["bare"]);
    engine.library().scan(&mut |_| {}).unwrap();
    note_uses(&engine, "bare", later(0), (25, 0));
    std::fs::remove_file(world.root().join("tools/experimental/bare.py")).unwrap();
    let view = engine.library().scan(&mut |_| {}).unwrap();
    let problem = view.problems.iter().find(|problem| problem.code == ProblemCode::Vanished).unwrap();
    assert!(
        problem.hint.starts_with("no copy is kept: restore tools/experimental/bare.py from git or a backup"),
        "{problem:?}"
    );
    let refused = engine.execute(Command::verb("restore", &[("tool", "bare")]), &ada()).unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotFound);
    let unknown = engine.execute(Command::verb("restore", &[("tool", "nothing")]), &ada()).unwrap_err();
    assert_eq!(unknown.message, "\"nothing\" is not archived");
}

#[test]
fn the_figures_count_what_lies_there_and_what_is_kept() {
    let world = World::new();
    world.git_init();
    drop_scripts(&world, &["one", "two"]);
    world.drop_pair();
    let engine = world.open();
    run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    let stats = engine.upkeep().stats().unwrap();
    let bytes: u64 = engine.library().catalog().tools.iter().map(|tool| tool.bytes).sum();
    assert_eq!((stats.tools, stats.stages["experimental"], stats.tool_bytes), (3, 3, bytes));
    assert_eq!((stats.mean_tool_bytes, stats.versions, stats.weeks[7].tools), (bytes / 3, 3, 3));
    assert!(stats.copy_bytes > 0 && stats.store_bytes > 0 && stats.repository_bytes.is_some_and(|bytes| bytes > 0));
    assert_eq!(stats.policy, policy_for(3));
    let doctor = engine.doctor();
    let line = doctor.iter().find(|line| line.name == "library").unwrap();
    assert_eq!(line.message, "3 tools: commit all, the next threshold is 50");
}

#[test]
fn a_changed_version_has_no_score_before_it_ran_and_the_old_one_keeps_its_own() {
    let world = World::new();
    world.drop_pair();
    let engine = world.open();
    for _ in 0..2 {
        run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    }
    let scored = |engine: &Engine| engine.library().scores().unwrap();
    let first = engine.library().resolve("adder").unwrap();
    let row = scored(&engine).remove(0);
    assert_eq!((row.digest, row.version, row.runs, row.succeeded), (first.digest, Some(first.version.clone()), 2, 2));
    let script = world.root().join("tools/experimental/adder.py");
    let text = std::fs::read_to_string(&script).unwrap();
    std::fs::write(&script, format!("{text}\n# changed\n")).unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    let second = engine.library().resolve("adder").unwrap();
    assert_ne!(first.digest, second.digest);
    assert!(scored(&engine).is_empty() && second.facts.score.is_none() && second.facts.runs == 0, "it is untried");
    assert_eq!(second.facts.name_runs, 2);
    run(&engine, "adder", json!({"a": 1, "b": 2}), &ada());
    let explained = engine.library().explain_score(&second).unwrap().unwrap();
    assert_eq!((explained.kept.runs, explained.recorded_runs, explained.agrees), (1, 1, true));
    let [old] = explained.others.as_slice() else { panic!("{:?}", explained.others) };
    assert_eq!((old.digest, old.runs), (first.digest, 2));
}
