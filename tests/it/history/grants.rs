//! Leave for agents: for one version, one agent, one session, and only strictly contained.

use super::world::{ada, native, open};
use crate::support::Workspace;
use toolsmith::domain::{Caller, Command, GrantKey, GrantScope, Profile, RunOutcome};
use toolsmith::engine::{Engine, ErrorCode, RunRequest};

fn outcome(engine: &Engine, agent: &str) -> (RunOutcome, Profile) {
    let tool = engine.library().resolve("alpha").unwrap();
    let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
    let run = engine.runs().start(&request, &Caller::Agent(agent.to_owned())).unwrap().wait().unwrap();
    (run.outcome, run.isolation.profile)
}

fn grant(engine: &Engine, agent: &str, scope: GrantScope) -> Command {
    let digest = engine.library().resolve("alpha").unwrap().digest;
    Command::Grant { tool: "alpha".to_owned(), digest, agent: agent.to_owned(), scope }
}

const REFUSED: (RunOutcome, Profile) = (RunOutcome::Refused, Profile::Strict);
const RAN: (RunOutcome, Profile) = (RunOutcome::Succeeded, Profile::Strict);

#[test]
fn an_agent_runs_an_experimental_version_only_by_leave_and_one_byte_ends_it() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "[permissions]\nwrite = [\"out\"]\n");
    let engine = open(&workspace);
    assert_eq!(outcome(&engine, "bot"), REFUSED);
    engine.execute(grant(&engine, "bot", GrantScope::Version), &ada()).unwrap();
    assert_eq!(outcome(&engine, "bot"), RAN, "strictly, whatever it declares");
    assert_eq!(outcome(&engine, "other"), REFUSED);
    let again = engine.execute(grant(&engine, "bot", GrantScope::Version), &ada()).unwrap_err();
    assert_eq!(again.code, ErrorCode::Conflict);
    let by_agent = engine.execute(grant(&engine, "x", GrantScope::Version), &Caller::Agent("x".to_owned()));
    assert_eq!(by_agent.unwrap_err().code, ErrorCode::HumanNeeded);

    workspace.write("tools/experimental/alpha/alpha.sh", "echo 1 \n");
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(outcome(&engine, "bot"), REFUSED, "one changed byte is another version");
    workspace.write("tools/experimental/alpha/alpha.sh", "echo 1\n");
    engine.library().scan(&mut |_| {}).unwrap();
    assert_eq!(outcome(&engine, "bot"), RAN);

    let key = GrantKey::Agent(engine.grants().list().unwrap().agents[0].id);
    engine.execute(Command::Revoke { grant: key.clone() }, &ada()).unwrap();
    assert_eq!(outcome(&engine, "bot"), REFUSED);
    assert_eq!(engine.execute(Command::Revoke { grant: key }, &ada()).unwrap_err().code, ErrorCode::NotFound);
    engine.execute(Command::Undo { operation: None }, &ada()).unwrap();
    assert_eq!(outcome(&engine, "bot"), RAN, "a revocation can be taken back");
    assert_eq!(engine.integrity().verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn leave_for_a_session_holds_in_it_and_leave_of_a_workbench_as_long_as_it_lives() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    engine.execute(grant(&engine, "bot", GrantScope::Session("night".to_owned())), &ada()).unwrap();
    let call = |session: Option<&str>| {
        let mut command = workspace.toolsmith(&["run", "alpha", "--as-agent", "bot"]);
        if let Some(name) = session {
            command.env("TOOLSMITH_SESSION", name);
        }
        command.output().unwrap().status.code()
    };
    assert_eq!([call(None), call(Some("day")), call(Some("night"))], [Some(4), Some(4), Some(0)]);
    // The workbench is this very process.
    engine.execute(grant(&engine, "tester", GrantScope::Workbench(String::new())), &ada()).unwrap();
    let listed = engine.grants().list().unwrap();
    assert!(matches!(&listed.agents[0].scope, GrantScope::Workbench(owner) if !owner.is_empty()), "{listed:?}");
    assert_eq!(outcome(&engine, "tester"), RAN);
    let dead = GrantScope::Workbench("1:1:dead".to_owned());
    engine.execute(grant(&engine, "ghost", dead), &ada()).unwrap();
    assert_eq!(outcome(&engine, "ghost"), REFUSED);
    assert_eq!(engine.grants().list().unwrap().agents.len(), 2, "leave of a workbench that was removed is not listed");
    let (list, code) = workspace.json(&["grants"]);
    assert_eq!((code, list["agents"].as_array().unwrap().len()), (0, 2), "{list:#}");
}

#[test]
fn a_grant_whose_bytes_changed_is_listed_as_void_until_they_are_back() {
    let workspace = Workspace::new();
    native(&workspace, "tools/experimental/alpha", "alpha", "echo 1\n", "");
    let engine = open(&workspace);
    engine.execute(grant(&engine, "bot", GrantScope::Version), &ada()).unwrap();
    let void = || workspace.json(&["grants"]).0["agents"][0]["void"].clone();
    assert_eq!(void(), serde_json::Value::Null);
    workspace.write("tools/experimental/alpha/alpha.sh", "echo 2\n");
    assert!(void().as_str().is_some_and(|why| why.contains("its files changed")), "{}", void());
    let text = workspace.toolsmith(&["grants"]).output().unwrap().stdout;
    assert!(String::from_utf8_lossy(&text).contains("void: its files changed"), "{}", String::from_utf8_lossy(&text));
    workspace.write("tools/experimental/alpha/alpha.sh", "echo 1\n");
    assert_eq!(void(), serde_json::Value::Null);
    std::fs::remove_dir_all(workspace.path("tools/experimental/alpha")).unwrap();
    let gone = "its files are missing from tools/experimental/alpha";
    assert!(void().as_str().is_some_and(|why| why.starts_with(gone)), "{}", void());
}
