//! What an open workbench does by itself: it takes decisions in, and hands nothing out.

use super::world::{Machine, Team};
use std::fs;
use toolsmith::domain::{Caller, DecisionKind, RunOutcome};
use toolsmith::engine::EngineError;

fn fetch(machine: &Machine) -> Result<Option<String>, EngineError> {
    machine.engine().teams().fetch(&machine.caller())
}

fn entries(machine: &Machine) -> usize {
    machine.engine().history().operations(1_000, None).unwrap().len()
}

#[test]
fn a_fetch_takes_decisions_in_and_neither_hands_out_nor_adds_files() {
    let (team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    assert_eq!(fetch(bob).unwrap(), None);
    ada.publish("alpha", "1.0.0", "echo 1\n");
    bob.tool("mine", "echo 2\n");
    bob.decide("mine", DecisionKind::Approve).unwrap();
    let head = team.head();
    let came = fetch(bob).unwrap().unwrap();
    assert_eq!(came, "from the team: 1 approval; sync brings 1 version: alpha 1.0.0");
    assert_eq!((team.head(), bob.report().waiting), (head, 1));
    assert!(!bob.workspace.path("tools/approved/alpha").exists());
    // Nothing new is nothing written.
    let before = entries(bob);
    assert_eq!((fetch(bob).unwrap(), entries(bob)), (None, before));
    let told = bob.sync();
    assert!(
        told.contains("alpha 1.0.0 is new in tools/approved/alpha") && told.contains("1 file handed out"),
        "{told}"
    );
    assert_eq!(bob.faults(), Vec::<String>::new());
}

#[test]
fn a_revocation_that_was_fetched_stops_what_runs_here() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.publish("alpha", "1.0.0", "echo 1\n");
    bob.sync();
    bob.decide("adoption", DecisionKind::Approve).unwrap();
    assert_eq!(bob.run("alpha").outcome, RunOutcome::Succeeded);
    ada.undo().unwrap();
    ada.sync();
    assert_eq!(fetch(bob).unwrap().as_deref(), Some("from the team: 1 revocation"));
    assert_eq!(bob.run("alpha").outcome, RunOutcome::Refused);
}

#[test]
fn what_a_sync_has_to_repair_is_left_to_it() {
    for carrier in [Team::new(), Team::on_storage()] {
        let is_git = !carrier.remote.starts_with("file://");
        let (team, machines) = carrier.of(&["ada", "bob"], "");
        let [ada, bob] = machines.as_slice() else { panic!() };
        ada.publish("alpha", "1.0.0", "echo 1\n");
        bob.sync();
        let gone = team.paths("decisions/").pop().unwrap();
        ada.publish("beta", "1.0.0", "echo 2\n");
        if is_git {
            let digest = bob.in_use("alpha").1;
            let damaged = format!("versions/{}/alpha.sh", digest.hex());
            team.tamper(&[(&damaged, Some(b"forged\n")), (&gone, None)]);
        }
        assert!(fetch(bob).unwrap().unwrap().contains("1 approval"));
        assert_eq!(fetch(bob).unwrap(), None);
        let told = bob.sync();
        assert!(told.contains("beta 1.0.0 is new in"), "{told}");
        if is_git {
            assert!(told.contains("removed by somebody") && told.contains("its files were put back"), "{told}");
            let again = ada.sync();
            assert!(!again.contains("removed by somebody"), "{again}");
        }
        ada.sync();
        assert_eq!(bob.report().state, ada.report().state);
    }
}

#[test]
fn nothing_is_fetched_for_an_agent_nor_where_the_workspace_or_the_user_does_not_want_it() {
    let (team, mut machines) = Team::with(&["ada", "bob"], "");
    machines[0].publish("alpha", "1.0.0", "echo 1\n");
    let bob = &machines[1];
    assert_eq!(bob.engine().teams().fetch(&Caller::Agent("bot".to_owned())).unwrap(), None);
    bob.workspace.write("toolsmith.toml", "[team]\nenabled = false\n");
    assert_eq!(fetch(bob).unwrap(), None);
    fs::remove_file(bob.workspace.path("toolsmith.toml")).unwrap();
    let pin = machines[0].report().policies[0].name;
    machines[1].configure(&format!("policy = \"{pin}\"\nfetch = \"off\""));
    assert_eq!(fetch(&machines[1]).unwrap(), None);
    machines[1].configure(&format!("policy = \"{pin}\""));
    fs::rename(team.folder.path().join("team.git"), team.folder.path().join("away.git")).unwrap();
    let error = fetch(&machines[1]).unwrap_err();
    assert!(error.message.contains("fetch from the team's repository"), "{error:?}");
}
