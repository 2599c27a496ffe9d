//! Decisions of another team: pinned by a list, counted for what the policy says, shown as theirs.

use super::world::{Machine, Team, signer};
use std::fs;
use toolsmith::domain::DecisionKind;
use toolsmith::domain::team::{FileName, TeamStatus};
use toolsmith::engine::ErrorCode;

/// Another team in which Zoe approved `alpha` and shared it; the digits of its policy.
fn another(remote: Team) -> (Team, Machine, String) {
    let (team, mut machines) = remote.of(&["zoe"], "");
    let zoe = machines.pop().unwrap();
    zoe.tool("alpha", "echo 1\n");
    zoe.decide("alpha", DecisionKind::Approve).unwrap();
    zoe.sync();
    let pin = zoe.report().policies[0].name.to_string();
    (team, zoe, pin)
}

/// Our own team: its first policy, and the entries of its signers.
fn own() -> (Team, Vec<Machine>, FileName, String) {
    let team = Team::new();
    let mut machines = Vec::from(["ada", "bob"].map(|name| Machine::new(name, &team)));
    let entries: String =
        machines.iter().map(|machine| signer(&machine.name, &machine.key, "roles = [\"admin\"]")).collect();
    let pin = team.begin(&mut machines, &entries);
    (team, machines, pin, entries)
}

fn lock_of(machine: &Machine, remote: &str, policy: &str) -> String {
    let outcome = machine.verb("team-import", &[("remote", remote), ("policy", policy)]).unwrap();
    assert!(outcome.message.contains("write `[[imports]]`"), "{}", outcome.message);
    outcome.detail["lock"].as_str().unwrap().to_owned()
}

/// Puts a policy in force that counts a list.
fn agree(team: &Team, machine: &Machine, (previous, entries): (FileName, &str), import: &str) -> FileName {
    let policy = format!("previous = \"{previous}\"\n{import}\n{entries}");
    let file = team.folder.path().join("next.toml");
    fs::write(&file, &policy).unwrap();
    let said = machine.verb("team-policy", &[("policy", file.to_str().unwrap())]).unwrap().message;
    assert!(said.ends_with("it is in force"), "{said}");
    FileName::of(policy.as_bytes())
}

fn import_of(lock: &str, criteria: &str) -> String {
    format!("[[imports]]\nname = \"z\"\nlock = \"{lock}\"\ncriteria = {{ {criteria} }}")
}

#[test]
fn decisions_of_another_team_count_once_a_policy_names_their_list() {
    let (theirs, zoe, their_pin) = another(Team::new());
    let (team, machines, pin, entries) = own();
    let [ada, bob] = machines.as_slice() else { panic!() };
    bob.tool("alpha", "echo 1\n");
    let lock = lock_of(ada, &theirs.remote, &their_pin);
    ada.sync();
    bob.sync();
    // Kept, and without effect.
    assert!(bob.evidence("alpha").is_empty());
    let next = agree(&team, ada, (pin, &entries), &import_of(&lock, "run = [\"run\"]"));
    assert!(ada.sync().contains("handed out"));
    let came = bob.sync();
    assert!(came.contains("alpha 1.0.0") && came.contains("approved"), "{came}");
    let line = "approved as approved for run by zoe <zoe@x> of the team z".to_owned();
    assert!(bob.evidence("alpha").contains(&line), "{:?}", bob.evidence("alpha"));
    let report = bob.report();
    assert_eq!(report.state, ada.report().state);
    let import = &report.imports[0];
    assert_eq!((import.name.as_str(), import.decisions, import.remote.as_str()), ("z", 1, theirs.remote.as_str()));
    assert_eq!(import.state, "their run counts for run");
    // The files of their versions stay with them, and nothing of theirs lands here.
    assert_eq!((team.paths("versions/").len(), ada.report().absent.len()), (0, 0));
    assert_eq!((ada.faults(), bob.faults()), (vec![], vec![]));

    // They take it back. Here nothing changes before a policy names the new list.
    zoe.undo().unwrap();
    zoe.sync();
    bob.sync();
    assert!(bob.evidence("alpha").contains(&line));
    let outcome = ada.verb("team-import", &[("remote", &theirs.remote)]).unwrap();
    assert!(outcome.message.starts_with("2 decisions (1 new) about 1 version of"), "{}", outcome.message);
    let lock = outcome.detail["lock"].as_str().unwrap();
    agree(&team, ada, (next, &entries), &import_of(lock, "run = [\"run\"]"));
    ada.sync();
    bob.sync();
    assert!(!bob.evidence("alpha").contains(&line), "{:?}", bob.evidence("alpha"));
    assert!(bob.report().stopped.is_empty(), "what they revoke does not stop what others run");
    assert_eq!(ada.report().state, bob.report().state);
    assert_eq!((ada.faults(), bob.faults()), (vec![], vec![]));
}

#[test]
fn another_team_counts_for_nothing_that_the_policy_does_not_name() {
    let (theirs, _zoe, their_pin) = another(Team::on_storage());
    let (team, machines, pin, entries) = own();
    let [ada, _] = machines.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    let lock = lock_of(ada, &theirs.remote, &their_pin);
    agree(&team, ada, (pin, &entries), &import_of(&lock, "deploy = [\"run\"]"));
    let digest = ada.review("alpha").digest;
    let state = ada.engine().reviews().list(toolsmith::engine::ReviewFilter::Waiting).unwrap();
    let review = state.iter().find(|review| review.digest == digest).unwrap();
    assert_eq!(review.team, None);
    ada.decide("alpha", DecisionKind::Approve).unwrap();
}

#[test]
fn a_team_whose_policy_is_another_one_is_refused_and_so_is_the_own_team() {
    let (theirs, _zoe, their_pin) = another(Team::new());
    let (team, machines, pin, _) = own();
    let [ada, _] = machines.as_slice() else { panic!() };
    let import = |remote: &str, args: &[(&'static str, &str)]| {
        let all: Vec<_> = [("remote", remote)].into_iter().chain(args.iter().copied()).collect();
        ada.verb("team-import", &all).unwrap_err()
    };
    let unknown = import(&theirs.remote, &[]);
    assert!(unknown.code == ErrorCode::Usage && unknown.hint.contains("--policy"), "{unknown:?}");
    let other = import(&theirs.remote, &[("policy", &pin.to_string())]);
    assert!(other.code == ErrorCode::Refused && other.message.contains("is not at"), "{other:?}");
    assert_eq!(import(&team.remote, &[("policy", &their_pin)]).code, ErrorCode::Usage);
    assert_eq!(import("--upload-pack=evil", &[("policy", &their_pin)]).code, ErrorCode::Usage);
    assert_eq!(ada.report().imports, []);
}

#[test]
fn a_list_of_which_a_decision_is_absent_is_named_and_counts_for_nothing() {
    let (theirs, _zoe, their_pin) = another(Team::new());
    let (team, machines, pin, entries) = own();
    let [ada, bob] = machines.as_slice() else { panic!() };
    bob.tool("alpha", "echo 1\n");
    let lock = lock_of(ada, &theirs.remote, &their_pin);
    agree(&team, ada, (pin, &entries), &import_of(&lock, "run = [\"run\"]"));
    ada.sync();
    let decision = theirs.paths("decisions/").remove(0);
    assert!(team.paths("decisions/").contains(&decision));
    team.tamper(&[(&decision, None)]);
    bob.sync();
    let import = &bob.report().imports[0];
    assert_eq!(import.state, "does not count: 1 of 1 decisions are not here");
    assert_ne!(bob.review("alpha").team, Some(TeamStatus::Approved.to_string()));
    let faults = bob.faults();
    assert!(faults.iter().any(|fault| fault.contains("the decisions of z do not count")), "{faults:?}");
    // Whoever has it puts it back.
    assert!(ada.sync().contains("was put back"));
    bob.sync();
    assert!(bob.report().imports[0].state.contains("counts for run") && bob.faults().is_empty());
    assert_eq!(ada.report().state, bob.report().state);
}
