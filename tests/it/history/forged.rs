//! What was written into the state folder behind everybody's back: `verify` names it, and nobody is let do anything
//! by it.

use super::world::{ada, decide, native, open};
use crate::support::Workspace;
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::FileExt;
use toolsmith::domain::{Caller, Command, DecisionKind, GrantKey, GrantScope, RunOutcome};
use toolsmith::engine::{Engine, ReviewFilter, RunRequest};

/// A workspace with the approved tool `alpha` and the experimental one `fresh`.
fn sound() -> (Workspace, Engine) {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    native(&workspace, "tools/experimental/fresh", "fresh", "echo 1\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(faults(&engine), Vec::<String>::new());
    (workspace, engine)
}

fn faults(engine: &Engine) -> Vec<String> {
    engine.integrity().verify().unwrap().faults
}

fn names(engine: &Engine, part: &str) {
    let faults = faults(engine);
    assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:#?}");
}

fn sql(engine: &Engine, text: &str) {
    let connection = Connection::open(engine.state_dir().join("store.db")).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    connection.execute_batch(text).unwrap();
}

/// How a run by an agent ends, and what it says.
fn bot(engine: &Engine, name: &str) -> (RunOutcome, String) {
    let tool = engine.library().resolve(name).unwrap();
    let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
    let run = engine.runs().start(&request, &Caller::Agent("bot".to_owned())).unwrap().wait().unwrap();
    (run.outcome, run.error.unwrap_or_default())
}

fn refused_for(engine: &Engine, name: &str, part: &str) {
    let (outcome, why) = bot(engine, name);
    assert!(outcome == RunOutcome::Refused && why.contains(part), "{part}: {outcome:?} {why}");
}

#[test]
fn an_approval_counts_only_while_the_entry_that_gave_it_is_as_it_was_written() {
    let (workspace, engine) = sound();
    assert_eq!(bot(&engine, "alpha").0, RunOutcome::Succeeded);
    let before = engine.library().resolve("alpha").unwrap().digest.hex();
    workspace.write("tools/approved/alpha/alpha.sh", "echo evil\n");
    engine.library().scan(&mut |_| {}).unwrap();
    let after = engine.library().resolve("alpha").unwrap().digest.hex();
    let note = fs::read_to_string(workspace.path("tools/approved/alpha/approval.toml")).unwrap();
    workspace.write("tools/approved/alpha/approval.toml", &note.replace(&before, &after));
    sql(
        &engine,
        &format!(
            "UPDATE approvals SET digest = x'{after}'; UPDATE decisions SET digest = x'{after}' WHERE operation = 1;
             UPDATE reviews SET digest = x'{after}' WHERE state = 'approved';
             UPDATE operations SET detail = replace(detail, '{before}', '{after}') WHERE id = 1"
        ),
    );
    refused_for(&engine, "alpha", "its content does not match its hash");
    names(&engine, "is approved by entry 1, which was changed: its content does not match its hash");
}

#[test]
fn an_entry_with_a_hash_of_its_own_that_nothing_follows_gives_no_approval() {
    let (_workspace, engine) = sound();
    sql(&engine, "UPDATE meta SET value = '00' WHERE key = 'log_head'");
    refused_for(&engine, "alpha", "was replaced");
    sql(&engine, "UPDATE operations SET detail = '{' WHERE id = 1");
    names(&engine, "is approved by entry 1, which cannot be read");
}

#[test]
fn an_approval_that_the_table_lost_is_missed_also_when_the_files_are_gone() {
    let (workspace, engine) = sound();
    sql(&engine, "DELETE FROM approvals");
    let lost = "by entry 1 is missing from the table of approvals";
    refused_for(&engine, "alpha", lost);
    let report = engine.integrity().verify().unwrap();
    assert_eq!((report.faults.len(), report.notes.len()), (1, 0), "{report:?}");
    names(&engine, lost);
    fs::remove_dir_all(workspace.path("tools/approved/alpha")).unwrap();
    names(&engine, lost);
    assert_eq!(engine.integrity().verify_tool("alpha").unwrap().faults.len(), 1);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(faults(&engine), Vec::<String>::new(), "taken back, it is missed no more");
}

#[test]
fn an_approval_that_the_log_ended_does_not_come_back_by_a_row() {
    let (workspace, engine) = sound();
    sql(&engine, "CREATE TABLE kept AS SELECT * FROM approvals");
    let copy = workspace.path("copy");
    crate::support::copy_folder(&workspace.path("tools/approved/alpha"), &copy);
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 2\n", "");
    engine.library().scan(&mut |_| {}).unwrap();
    let waiting = engine.reviews().list(ReviewFilter::Waiting).unwrap();
    let review = waiting.iter().find(|review| review.tool.as_str() == "alpha").unwrap();
    engine.execute(decide(review, DecisionKind::Approve), &ada()).unwrap();
    assert_eq!(faults(&engine), Vec::<String>::new());
    fs::remove_dir_all(workspace.path("tools/approved/alpha")).unwrap();
    crate::support::copy_folder(&copy, &workspace.path("tools/approved/alpha"));
    fs::remove_dir_all(copy).unwrap();
    sql(&engine, "INSERT INTO approvals SELECT * FROM kept");
    engine.library().scan(&mut |_| {}).unwrap();
    refused_for(&engine, "alpha", "the log contains no approval in force");
    names(&engine, "the log contains no approval in force");
}

#[test]
fn leave_for_an_agent_counts_only_when_the_entry_that_it_names_gave_exactly_this() {
    let (_workspace, engine) = sound();
    sql(
        &engine,
        "INSERT INTO agent_grants (tool, digest, agent, who, at_ms, operation)
         SELECT 'fresh', digest, 'bot', 'me', 1, 1 FROM versions WHERE tool = 'fresh'",
    );
    refused_for(&engine, "fresh", "fresh is not approved");
    names(&engine, "for agent bot to run fresh does not match the log: its entry 1 does not grant this");
    let void = engine.grants().list().unwrap().agents[0].void.clone().unwrap_or_default();
    assert!(void.contains("does not match the log"), "{void}");

    let digest = engine.library().resolve("fresh").unwrap().digest;
    sql(&engine, "DELETE FROM agent_grants");
    let agent = "other".to_owned();
    let given = Command::Grant { tool: "fresh".to_owned(), digest, agent, scope: GrantScope::Version };
    engine.execute(given, &ada()).unwrap();
    assert_eq!(faults(&engine), Vec::<String>::new());
    sql(&engine, "UPDATE agent_grants SET agent = 'bot'");
    refused_for(&engine, "fresh", "fresh is not approved");
    names(&engine, "does not grant this");
    sql(&engine, "UPDATE agent_grants SET agent = 'other'");
    let key = GrantKey::Agent(engine.grants().list().unwrap().agents[0].id);
    engine.execute(Command::Revoke { grant: key }, &ada()).unwrap();
    sql(&engine, "UPDATE agent_grants SET revoked = 0");
    names(&engine, " revoked it");
}

#[test]
fn leave_that_was_taken_back_itself_does_not_come_back_with_its_revocation() {
    let (_workspace, engine) = sound();
    let digest = engine.library().resolve("fresh").unwrap().digest;
    let (tool, agent) = ("fresh".to_owned(), "bot".to_owned());
    let gave = engine.execute(Command::Grant { tool, digest, agent, scope: GrantScope::Version }, &ada()).unwrap();
    assert_eq!(bot(&engine, "fresh").0, RunOutcome::Succeeded);
    let key = GrantKey::Agent(engine.grants().list().unwrap().agents[0].id);
    let revoked = engine.execute(Command::Revoke { grant: key }, &ada()).unwrap();
    engine.execute(Command::Undo { operation: gave.operation }, &ada()).unwrap();
    engine.execute(Command::Undo { operation: revoked.operation }, &ada()).unwrap();
    assert_eq!(bot(&engine, "fresh").0, RunOutcome::Refused);
    assert_eq!(faults(&engine), Vec::<String>::new());
}

#[test]
fn what_a_version_was_allowed_counts_only_when_the_log_allowed_it() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "[permissions]\nwrite = [\"out\"]\n");
    let engine = open(&workspace);
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
    let tool = engine.library().resolve("alpha").unwrap();
    let allow = || Command::Allow { tool: tool.path.clone(), digest: tool.digest };
    let gave = engine.execute(allow(), &ada()).unwrap();
    assert_eq!(faults(&engine), Vec::<String>::new());
    sql(&engine, "CREATE TABLE kept AS SELECT * FROM grants");
    engine.execute(Command::Undo { operation: gave.operation }, &ada()).unwrap();
    sql(&engine, "INSERT INTO grants SELECT * FROM kept");
    assert!(engine.runs().unallowed(&tool, &ada()).unwrap().is_some(), "it asks again");
    names(&engine, "does not match the log: no log entry allowed it");
    engine.execute(allow(), &ada()).unwrap();
    assert!(engine.runs().unallowed(&tool, &ada()).unwrap().is_none());
    assert_eq!(faults(&engine), Vec::<String>::new());
    sql(&engine, "UPDATE grants SET permissions = replace(permissions, 'out', 'all')");
    names(&engine, "allowed something else");
}

#[test]
fn a_review_is_decided_only_when_a_decision_in_force_says_so() {
    let (workspace, engine) = sound();
    let id = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0).id.to_string();
    let waits = || workspace.json(&["wait", &id, "--timeout", "1s"]);
    for state in ["approved", "rejected", "changes-requested"] {
        sql(&engine, &format!("UPDATE reviews SET state = '{state}' WHERE tool = 'fresh'"));
        names(&engine, &format!("review {id} of fresh does not match the log: it says {state}"));
        let (answer, code) = waits();
        assert_eq!(code, 1, "{answer:#}");
        assert!(answer.to_string().contains("does not match the log"), "{answer:#}");
        let (list, _) = workspace.json(&["list"]);
        assert!(!list.to_string().contains(&format!("\"review\":\"{state}\"")) || state == "approved", "{list:#}");
        assert!(list["tools"].as_array().unwrap().iter().any(|row| row["name"] == "fresh"));
        let fresh = workspace.json(&["show", "fresh"]).0.to_string();
        assert!(fresh.contains("does not match the log"), "{fresh}");
        let problems = workspace.json(&["list", "--problems"]).0["problems"].to_string();
        assert!(problems.contains("does not match the log"), "{problems}");
    }
    let (list, _) = workspace.json(&["list"]);
    let rows = list["tools"].as_array().unwrap();
    let fresh = rows.iter().find(|row| row["name"] == "fresh").unwrap();
    assert!(!fresh.to_string().contains("changes-requested"), "{fresh:#}");
    sql(&engine, "UPDATE reviews SET state = 'waiting' WHERE tool = 'fresh'");
    assert_eq!(faults(&engine), Vec::<String>::new());
    let review = engine.reviews().list(ReviewFilter::Waiting).unwrap().remove(0);
    engine.execute(decide(&review, DecisionKind::Reject), &ada()).unwrap();
    assert_eq!((faults(&engine), waits().1), (Vec::new(), 1));
    assert!(!workspace.json(&["show", "fresh"]).0.to_string().contains("does not match"));
    sql(&engine, "UPDATE reviews SET state = 'approved' WHERE tool = 'fresh'");
    names(&engine, "it says approved, and no decision in force matches");
}

#[test]
fn show_and_the_list_of_problems_say_what_agents_are_refused_for() {
    type Bend = fn(&Workspace, &Engine);
    let cases: &[(&str, Bend)] = &[
        ("approval.toml was removed", |workspace, _| {
            fs::remove_file(workspace.path("tools/approved/alpha/approval.toml")).unwrap();
        }),
        ("is missing from the table of approvals", |_, engine| sql(engine, "DELETE FROM approvals")),
    ];
    for (what, bend) in cases {
        let (workspace, engine) = sound();
        let told = || {
            let problems = workspace.json(&["list", "--problems"]).0["problems"].clone();
            (problems.to_string(), workspace.json(&["show", "alpha"]).0["doubt"].to_string())
        };
        assert_eq!(told(), ("[]".to_owned(), "null".to_owned()), "{what}");
        bend(&workspace, &engine);
        let (problems, doubt) = told();
        assert!(problems.contains(what) && problems.contains("not-as-approved"), "{what}: {problems}");
        assert!(doubt.contains(what), "{what}: {doubt}");
        let text = workspace.toolsmith(&["show", "alpha"]).output().unwrap().stdout;
        assert!(String::from_utf8_lossy(&text).contains("differs from approval"), "{what}");
        names(&engine, what);
        refused_for(&engine, "alpha", what);
    }
}

#[test]
fn what_changed_is_not_told_by_a_kept_copy_that_is_damaged() {
    let (workspace, engine) = sound();
    let copy = engine.state_dir().join("versions").join(engine.library().resolve("alpha").unwrap().digest.hex());
    super::verified::make_writable(&copy.join("alpha.sh"));
    fs::write(copy.join("alpha.sh"), "echo 2\n").unwrap();
    workspace.write("tools/approved/alpha/alpha.sh", "echo 2\n");
    names(&engine, "the changes are unknown");
    assert!(faults(&engine).iter().all(|fault| !fault.contains("was added")), "{:?}", faults(&engine));
}

#[test]
fn a_new_run_has_its_own_output_whatever_lies_under_its_number() {
    let (workspace, engine) = sound();
    engine.execute(Command::verb("archive", &[("tool", "fresh")]), &ada()).unwrap();
    let spool = engine.state_dir().join("runs/1.spool");
    fs::create_dir_all(spool.parent().unwrap()).unwrap();
    // Of a run of a database that was deleted since: it said "old".
    let mut old = b"TSP1\x00\x00\x00\x00\x00\x04\x00\x00\x00".to_vec();
    old.extend(b"old\n");
    fs::write(&spool, old).unwrap();
    let staged = engine.state_dir().join("scratch/1");
    fs::create_dir_all(&staged).unwrap();
    fs::write(staged.join("left"), "x").unwrap();
    let (run, _) = workspace.json(&["run", "tools/archived/fresh/tool.toml", "--as-agent", "bot"]);
    assert!(run.to_string().contains("refused"), "{run:#}");
    let output = workspace.toolsmith(&["output", "1"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("old"), "{output:?}");
    assert!(!staged.exists());
}

#[test]
fn a_damaged_database_is_named_with_its_table_and_what_helps() {
    let (workspace, engine) = sound();
    let file = engine.state_dir().join("store.db");
    drop(engine);
    let connection = Connection::open(&file).unwrap();
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let root = number("SELECT rootpage FROM sqlite_schema WHERE name = 'approvals'");
    let size = number("PRAGMA page_size");
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);
    let database = fs::OpenOptions::new().write(true).open(&file).unwrap();
    database
        .write_all_at(&vec![0xee; usize::try_from(size).unwrap()], u64::try_from((root - 1) * size).unwrap())
        .unwrap();
    let (answer, code) = workspace.json(&["verify"]);
    let text = answer.to_string();
    assert_eq!(code, 70, "{text}");
    assert!(text.contains("cannot be read: approvals") && text.contains("doctor --restore"), "{text}");
    assert!(!text.contains("toolsmith verify"), "{text}");
}
