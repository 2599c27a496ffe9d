//! An approval covers everything that executes: whatever is changed, moved or renamed afterwards is refused to
//! agents and runs for humans with a warning and with nothing that was approved.

use super::world::{ada, decide, native, open, without_checks};
use crate::support::{Workspace, copy_folder};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use toolsmith::domain::{Caller, Command, DecisionKind, Profile, ReviewKind, Run, RunOutcome, Stage};
use toolsmith::engine::{Engine, ReviewFilter, RunRequest};

const MANIFEST: &str = "name = \"alpha\"\nversion = \"1.0.0\"\ndescription = \"Counts\"\ncost_tier = \"low\"\n\
[run]\ncommand = [\"sh\", \"{file}\"]\nentry = \"alpha.sh\"\ninput = \"stdin-json\"\ntimeout = \"20s\"\n\
[permissions]\nread = [\"data\"]\n[limits]\nprocesses = 20\n[input]\ntype = \"object\"\n\
[input.properties.count]\ntype = \"integer\"\n[output]\ntype = \"object\"\n";

const FOLDER: &str = "tools/approved/alpha";
const HERE: &str = "tools/approved/alpha/tool.toml";

/// A change after the approval: what it is, how it is made, and the path of the definition then.
type Change = (&'static str, fn(&Path), &'static str);

fn edit(root: &Path, path: &str, from: &str, to: &str) {
    let path = root.join(FOLDER).join(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

fn mode(root: &Path, path: &str, mode: u32) {
    fs::set_permissions(root.join(FOLDER).join(path), fs::Permissions::from_mode(mode)).unwrap();
}

const CHANGES: &[Change] = &[
    ("code", |root| edit(root, "alpha.sh", "hello", "bye"), HERE),
    ("one byte of whitespace", |root| edit(root, "alpha.sh", "hello\n", "hello \n"), HERE),
    ("a file that the code reads", |root| edit(root, "lib/words.sh", "one", "two"), HERE),
    ("a file that only humans read", |root| edit(root, "README.md", "Alpha", "Beta"), HERE),
    ("the lock file", |root| edit(root, "requirements.lock", "1.0", "1.1"), HERE),
    ("the manifest's description", |root| edit(root, "tool.toml", "Counts", "Counted"), HERE),
    ("the input schema", |root| edit(root, "tool.toml", "integer", "number"), HERE),
    (
        "the output schema",
        |root| edit(root, "tool.toml", "[output]\ntype = \"object\"", "[output]\ntype = \"array\""),
        HERE,
    ),
    ("permissions", |root| edit(root, "tool.toml", "read = [\"data\"]", "read = [\"data\", \"docs\"]"), HERE),
    ("limits", |root| edit(root, "tool.toml", "processes = 20", "processes = 21"), HERE),
    ("the timeout", |root| edit(root, "tool.toml", "20s", "21s"), HERE),
    ("the cost tier", |root| edit(root, "tool.toml", "\"low\"", "\"medium\""), HERE),
    (
        "the entry in the manifest",
        |root| edit(root, "tool.toml", "entry = \"alpha.sh\"", "entry = \"lib/words.sh\""),
        HERE,
    ),
    (
        "the entry's path",
        |root| {
            fs::rename(root.join(FOLDER).join("alpha.sh"), root.join(FOLDER).join("lib/alpha.sh")).unwrap();
            edit(root, "tool.toml", "entry = \"alpha.sh\"", "entry = \"lib/alpha.sh\"");
        },
        HERE,
    ),
    ("the execute bit set", |root| mode(root, "alpha.sh", 0o755), HERE),
    ("the execute bit of another file", |root| mode(root, "lib/words.sh", 0o755), HERE),
    ("a file added", |root| fs::write(root.join(FOLDER).join("lib/more.sh"), "echo\n").unwrap(), HERE),
    ("a file removed", |root| fs::remove_file(root.join(FOLDER).join("README.md")).unwrap(), HERE),
    ("a link to the outside put in", |root| symlink("/etc/passwd", root.join(FOLDER).join("lib/link")).unwrap(), HERE),
    (
        "a link to another file of it put in",
        |root| symlink("words.sh", root.join(FOLDER).join("lib/link")).unwrap(),
        HERE,
    ),
    ("the name in the manifest", |root| edit(root, "tool.toml", "name = \"alpha\"", "name = \"beta\""), HERE),
    (
        "the folder's name",
        |root| {
            fs::rename(root.join(FOLDER), root.join("tools/approved/beta")).unwrap();
        },
        "tools/approved/beta/tool.toml",
    ),
    (
        "a copy under another name",
        |root| {
            copy_folder(&root.join(FOLDER), &root.join("tools/approved/gamma"));
            fs::remove_file(root.join("tools/approved/gamma/approval.toml")).unwrap();
        },
        "tools/approved/gamma/tool.toml",
    ),
    (
        "a copy put among the core tools",
        |root| {
            copy_folder(&root.join(FOLDER), &root.join("tools/core/alpha"));
        },
        "tools/core/alpha/tool.toml",
    ),
];

fn run(engine: &Engine, path: &str, caller: &Caller) -> Result<(Run, Option<String>), String> {
    let tool = engine.library().resolve(path).map_err(|error| error.message)?;
    let request =
        RunRequest { tool, input: Some(serde_json::json!({"count": 1})), timeout: None, again: None, worker: None };
    let handle = engine.runs().start(&request, caller).map_err(|error| error.message)?;
    let warning = handle.warning.clone();
    Ok((handle.wait().unwrap(), warning))
}

#[test]
fn whatever_is_changed_after_an_approval_is_refused_to_agents_and_warned_of_to_humans() {
    let workspace = Workspace::new();
    without_checks(&workspace);
    workspace.write("data/x", "");
    let place = "tools/experimental/alpha";
    workspace.write(&format!("{place}/tool.toml"), MANIFEST);
    workspace.write(&format!("{place}/alpha.sh"), "echo '{}'\n# hello\n");
    workspace.write(&format!("{place}/lib/words.sh"), "echo one\n");
    workspace.write(&format!("{place}/README.md"), "# Alpha\n");
    workspace.write(&format!("{place}/requirements.lock"), "left==1.0\n");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    let digest = engine.library().resolve("alpha").unwrap().digest;
    engine.execute(Command::Allow { tool: "alpha".to_owned(), digest }, &ada()).unwrap();
    let agent = Caller::Agent("bot".to_owned());
    let (saved, root) = (workspace.home().join("saved"), workspace.root());
    copy_folder(&root.join(FOLDER), &saved);
    for (what, change, path) in CHANGES {
        let (fine, _) = run(&engine, "alpha", &agent).unwrap();
        assert_eq!((fine.outcome, fine.isolation.profile), (RunOutcome::Succeeded, Profile::Declared), "before {what}");
        change(&root);
        engine.library().scan(&mut |_| {}).unwrap();
        // What cannot be read as a tool any more cannot be named either.
        if let Ok((refused, _)) = run(&engine, path, &agent) {
            assert_eq!(refused.outcome, RunOutcome::Refused, "{what}: {refused:?}");
        }
        if let Ok((strict, warning)) = run(&engine, path, &ada())
            && strict.outcome != RunOutcome::Refused
        {
            assert_eq!(strict.isolation.profile, Profile::Strict, "{what}: {strict:?}");
            assert!(
                warning.is_some_and(|warning| warning.contains("strictly") || warning.contains("is not approved")),
                "{what} was not warned of"
            );
        }
        let report = engine.integrity().verify().unwrap();
        let named = report.faults.iter().chain(&report.notes).any(|line| line.contains("tools/"));
        assert!(named || what.contains("link"), "{what}: verify says nothing");
        for folder in ["tools/approved", "tools/core"] {
            if root.join(folder).exists() {
                fs::remove_dir_all(root.join(folder)).unwrap();
            }
        }
        copy_folder(&saved, &root.join(FOLDER));
        engine.library().scan(&mut |_| {}).unwrap();
    }
    // For a script it is an exit code.
    (CHANGES[0].1)(&root);
    let call = |args: &[&str]| workspace.toolsmith(args).output().unwrap();
    let refused = call(&["run", "alpha", "--as-agent", "bot", "--input", "{\"count\": 1}"]);
    assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stderr));
    let warned = call(&["run", "alpha", "--input", "{\"count\": 1}"]);
    assert!(String::from_utf8_lossy(&warned.stderr).contains("it runs strictly"));
}

/// An approved tool `alpha`, and a copy of its folder as it is then.
fn approved() -> (Workspace, Engine, PathBuf) {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    let kept = workspace.home().join("kept");
    copy_folder(&workspace.path(FOLDER), &kept);
    (workspace, engine, kept)
}

fn put_back(workspace: &Workspace, engine: &Engine, kept: &Path) {
    drop(fs::remove_dir_all(workspace.path(FOLDER)));
    copy_folder(kept, &workspace.path(FOLDER));
    engine.library().scan(&mut |_| {}).unwrap();
}

/// What an agent is told; `None` when the tool runs for it as approved.
fn refusal(engine: &Engine) -> Option<String> {
    let done = engine.library().resolve(HERE).and_then(|tool| {
        engine.runs().start(
            &RunRequest { tool, input: None, timeout: None, again: None, worker: None },
            &Caller::Agent("bot".to_owned()),
        )
    });
    match done.map(|handle| handle.wait().unwrap()) {
        Ok(done) if done.outcome == RunOutcome::Succeeded => None,
        Ok(done) => Some(done.error.unwrap_or_default()),
        Err(error) => Some(error.message),
    }
}

#[test]
fn an_older_version_that_somebody_put_back_is_not_the_approved_one() {
    let (workspace, engine, kept) = approved();
    assert_eq!(refusal(&engine), None);
    workspace.write(&format!("{FOLDER}/alpha.sh"), "echo 2\n");
    engine.library().scan(&mut |_| {}).unwrap();
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    assert_eq!((review.kind, refusal(&engine)), (ReviewKind::Drift, None));
    put_back(&workspace, &engine, &kept);
    let told = refusal(&engine).expect("agents run what was approved last");
    assert!(told.contains("older version"), "{told}");
    let faults = engine.integrity().verify().unwrap().faults;
    assert!(faults.iter().any(|fault| fault.contains("the older version")), "{faults:?}");
    // A human who wants the older one says so.
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    assert_eq!(review.kind, ReviewKind::Drift);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    assert_eq!(refusal(&engine), None);
}

#[test]
fn an_archived_tool_that_somebody_put_back_is_not_approved() {
    for undone in [false, true] {
        let (workspace, engine, kept) = approved();
        let tool = "alpha".to_owned();
        let archived =
            engine.execute(Command::verb("archive", &[("tool", &tool), ("reason", "leaks")]), &ada()).unwrap();
        put_back(&workspace, &engine, &kept);
        let told = refusal(&engine).expect("it was archived");
        assert!(told.contains("archived"), "{told}");
        let faults = engine.integrity().verify().unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains("was archived by entry")), "{faults:?}");
        fs::remove_dir_all(workspace.path(FOLDER)).unwrap();
        engine.library().scan(&mut |_| {}).unwrap();
        // The human's own ways back.
        if undone {
            engine.execute(Command::Undo { operation: archived.operation }, &ada()).unwrap();
        } else {
            engine.execute(Command::verb("restore", &[("tool", "alpha")]), &ada()).unwrap();
        }
        assert_eq!(refusal(&engine), None);
    }
}

#[test]
fn a_waiting_tool_that_was_moved_by_hand_is_asked_about_once_and_as_what_it_is_there() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    let waiting = || {
        engine.library().scan(&mut |_| {}).unwrap();
        let reviews = engine.reviews().list(ReviewFilter::Waiting).unwrap();
        reviews.iter().map(|review| (review.kind, review.from_stage)).collect::<Vec<_>>()
    };
    let new = (ReviewKind::New, Stage::Experimental);
    assert_eq!(waiting(), [new]);
    let [there, back] = ["tools/approved/alpha", "tools/experimental/alpha"].map(|path| workspace.path(path));
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::rename(&back, &there).unwrap();
    assert_eq!(waiting(), [(ReviewKind::Adoption, Stage::Approved)]);
    fs::rename(&there, &back).unwrap();
    assert_eq!(waiting(), [new]);
}
