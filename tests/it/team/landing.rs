//! Which versions of the team come to a machine, and what they take the place of.

use super::world::{Machine, Team};
use std::fs;
use toolsmith::domain::{DecisionKind, RunOutcome, Stream};
use toolsmith::engine::ReviewFilter;

/// The last machine trusts the team.
fn trusting(names: &[&str]) -> (Team, Vec<Machine>) {
    let (team, mut machines) = Team::with(names, "");
    machines.last_mut().unwrap().trust_team();
    (team, machines)
}

fn output(machine: &Machine, tool: &str) -> String {
    let run = machine.run(tool);
    assert_eq!(run.outcome, RunOutcome::Succeeded, "{run:?}");
    let engine = machine.engine();
    engine.runs().output_piece(run.id, Stream::Stdout, 0, 1_000).unwrap().text
}

#[test]
fn a_new_member_gets_the_newest_version_of_each_tool_and_no_older_one_later() {
    let (_team, machines) = trusting(&["ada", "bob", "cy"]);
    let [ada, bob, cy] = machines.as_slice() else { panic!() };
    // Whatever the order of their digests is.
    let tools = ["t-0", "t-1", "t-2", "t-3"];
    for (number, tool) in tools.iter().enumerate() {
        for version in ["1.2.0", "1.10.0"] {
            ada.version(tool, version, &format!("echo {number} {version}\n"));
            ada.decide(tool, DecisionKind::Approve).unwrap();
        }
    }
    ada.version("asked", "1.0.0", "echo 1\n");
    ada.verb("ask-team", &[("review", &ada.review("asked").id.to_string())]).unwrap();
    ada.version("asked", "1.1.0", "echo 2\n");
    ada.verb("ask-team", &[("review", &ada.review("asked").id.to_string())]).unwrap();
    ada.sync();

    for machine in [bob, cy] {
        let dry = machine.verb("sync", &[("dry-run", "true")]).unwrap().message;
        assert!(dry.contains("1.10.0 would be added") && !dry.contains("1.2.0 would be"), "{dry}");
        machine.sync();
        let again = [machine.sync(), machine.sync()];
        for tool in tools {
            let (version, _, approved) = machine.in_use(tool);
            assert_eq!((version.as_str(), approved), ("1.10.0", machine.name == "cy"), "{tool}");
            assert!(!machine.workspace.path(&format!("tools/experimental/{tool}")).exists(), "{tool}");
        }
        for told in again {
            assert!(told.ends_with("nothing new"), "{told}");
        }
        assert_eq!(machine.report().absent, [], "older versions are not missing");
        assert_eq!(machine.faults(), Vec::<String>::new());
    }
    assert_eq!(bob.waiting(), ["adoption adoption 1.0.0", "new asked 1.1.0"]);
    assert_eq!(cy.waiting(), ["new asked 1.1.0"]);
}

#[test]
fn an_update_of_the_team_replaces_the_version_here_where_the_user_trusts_the_team() {
    let (_team, machines) = trusting(&["ada", "bob", "cy"]);
    let [ada, _, cy] = machines.as_slice() else { panic!() };
    cy.workspace.git(&["init", "-q", "-b", "main"]);
    ada.publish("t", "1.0.0", "echo 1\n");
    cy.sync();
    ada.publish("t", "1.1.0", "echo 2\n");
    ada.publish("t", "1.2.0", "echo 3\n");
    let dry = cy.verb("sync", &[("dry-run", "true")]).unwrap().message;
    assert!(dry.contains("t 1.2.0 would replace 1.0.0 in tools/approved/t"), "{dry}");
    assert_eq!(output(cy, "t"), "1\n");

    let told = cy.sync();
    assert!(told.contains("t 1.2.0 replaces 1.0.0 in tools/approved/t: the team approved it"), "{told}");
    assert_eq!((cy.in_use("t").0.as_str(), cy.in_use("t").2, output(cy, "t").as_str()), ("1.2.0", true, "3\n"));
    assert_eq!((cy.waiting(), cy.faults()), (vec![], vec![]));
    assert_eq!(cy.workspace.git(&["log", "-1", "--format=%s"]).trim(), "adopt t 1.2.0 as approved");
    let entry = cy.engine().history().operations(10, None).unwrap().into_iter().find(|entry| entry.verb == "adopt");
    assert_eq!(entry.unwrap().who, "team:ada <ada@x>");
    assert!(cy.sync().ends_with("nothing new"));

    // It can be taken back, and stays so until the team approves another one.
    cy.undo().unwrap();
    assert_eq!((cy.in_use("t").0.as_str(), output(cy, "t").as_str()), ("1.0.0", "1\n"));
    cy.sync();
    assert_eq!((cy.in_use("t").0.as_str(), cy.faults()), ("1.0.0", vec![]));
    ada.publish("t", "1.3.0", "echo 4\n");
    cy.sync();
    assert_eq!((cy.in_use("t").0.as_str(), output(cy, "t").as_str()), ("1.3.0", "4\n"));

    // It counts for as long as the team approves it.
    ada.undo().unwrap();
    ada.sync();
    cy.sync();
    assert_eq!(cy.run("t").outcome, RunOutcome::Refused);
    // What repairs it comes although the version here is stopped.
    ada.publish("t", "1.4.0", "echo 5\n");
    cy.sync();
    assert_eq!((output(cy, "t").as_str(), cy.faults()), ("5\n", vec![]));
}

#[test]
fn an_update_takes_the_experimental_version_with_it_that_it_came_as() {
    let (_team, machines) = trusting(&["ada", "bob", "cy"]);
    let [ada, _, cy] = machines.as_slice() else { panic!() };
    ada.publish("t", "1.0.0", "echo 1\n");
    cy.sync();
    // First it is asked about, then approved.
    ada.version("t", "1.1.0", "echo 2\n");
    ada.verb("ask-team", &[("review", &ada.review("t").id.to_string())]).unwrap();
    ada.sync();
    cy.sync();
    assert_eq!(cy.waiting(), ["evolved t 1.1.0"]);
    ada.decide("t", DecisionKind::Approve).unwrap();
    ada.sync();
    cy.sync();
    assert_eq!((cy.in_use("t").0.as_str(), cy.waiting(), cy.faults()), ("1.1.0", vec![], vec![]));
    assert!(!cy.workspace.path("tools/experimental/t").exists());
    cy.undo().unwrap();
    assert_eq!((cy.in_use("t").0.as_str(), cy.waiting()), ("1.0.0", vec!["evolved t 1.1.0".to_owned()]));
    cy.sync();
    assert_eq!((cy.in_use("t").0.as_str(), cy.faults()), ("1.0.0", vec![]));
}

#[test]
fn an_update_replaces_neither_changed_files_nor_a_newer_version_nor_work_in_progress() {
    let (_team, machines) = trusting(&["ada", "bob", "cy"]);
    let [ada, _, cy] = machines.as_slice() else { panic!() };
    for tool in ["changed", "newer", "busy"] {
        ada.publish(tool, "1.0.0", "echo 1\n");
    }
    cy.sync();
    fs::write(cy.workspace.path("tools/approved/changed/changed.sh"), "echo mine\n").unwrap();
    cy.version("newer", "2.0.0", "echo 2\n");
    cy.decide("newer", DecisionKind::Approve).unwrap();
    cy.version("busy", "1.0.5", "echo 3\n");
    for tool in ["changed", "newer", "busy"] {
        ada.publish(tool, "1.1.0", "echo 4\n");
    }
    cy.sync();
    let changed = fs::read_to_string(cy.workspace.path("tools/approved/changed/changed.sh")).unwrap();
    assert_eq!(changed, "echo mine\n");
    assert_eq!((cy.in_use("newer").0.as_str(), output(cy, "newer").as_str()), ("2.0.0", "2\n"));
    assert!(!cy.workspace.path("tools/experimental/newer").exists());
    assert_eq!((cy.in_use("busy").0.as_str(), output(cy, "busy").as_str()), ("1.1.0", "4\n"));
    let busy = fs::read_to_string(cy.workspace.path("tools/experimental/busy/busy.sh")).unwrap();
    assert_eq!(busy, "echo 3\n");
    let waiting = cy.waiting();
    assert!(waiting.contains(&"evolved changed 1.1.0".to_owned()), "{waiting:?}");
}

#[test]
fn without_trust_an_update_waits_beside_the_approved_version_and_gives_way_to_the_next() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.publish("t", "1.0.0", "echo 1\n");
    bob.sync();
    bob.decide("adoption", DecisionKind::Approve).unwrap();
    let base = bob.in_use("t").1;
    ada.publish("t", "1.2.0", "echo 2\n");
    assert!(bob.sync().contains("t 1.2.0 is new in tools/experimental/t"));
    let review = bob.review("t");
    assert_eq!((review.version.to_string().as_str(), review.base_digest), ("1.2.0", Some(base)));
    ada.publish("t", "1.3.0", "echo 3\n");
    let told = bob.sync();
    assert!(told.contains("t 1.3.0 is new in tools/experimental/t, in place of 1.2.0"), "{told}");
    ada.publish("t", "1.4.0", "echo 4\n");
    let told = [bob.sync(), bob.sync(), bob.sync()];
    assert!(told.iter().all(|told| !told.contains("was not added")), "{told:?}");
    assert_eq!(bob.waiting(), ["evolved t 1.4.0"]);
    assert_eq!(bob.review("t").base_digest, Some(base));
    assert_eq!(output(bob, "t"), "1\n", "nothing changed yet");
    bob.decide("t", DecisionKind::Approve).unwrap();
    assert_eq!((output(bob, "t").as_str(), bob.waiting(), bob.faults()), ("4\n", vec![], vec![]));
    // What somebody here works on does not give way.
    bob.version("t", "1.4.5", "echo mine\n");
    ada.publish("t", "1.5.0", "echo 5\n");
    assert!(bob.sync().contains("t 1.5.0 was not added: t is here as experimental 1.4.5"));
    assert_eq!(fs::read_to_string(bob.workspace.path("tools/experimental/t/t.sh")).unwrap(), "echo mine\n");
}

#[test]
fn without_trust_what_waits_as_an_adoption_is_renewed_in_its_place() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.publish("t", "1.0.0", "echo 1\n");
    bob.sync();
    ada.publish("t", "1.1.0", "echo 2\n");
    bob.sync();
    assert_eq!((bob.in_use("t").0.as_str(), bob.waiting()), ("1.1.0", vec!["adoption adoption 1.0.0".to_owned()]));
    assert!(!bob.workspace.path("tools/experimental/t").exists());
    let waiting = bob.engine().reviews().list(ReviewFilter::Waiting).unwrap();
    assert_eq!(waiting[0].members, [("t".parse().unwrap(), bob.in_use("t").1)]);
    bob.decide("adoption", DecisionKind::Approve).unwrap();
    assert_eq!((output(bob, "t").as_str(), bob.faults()), ("2\n", vec![]));
}

#[test]
fn an_archived_tool_stays_archived() {
    let (_team, machines) = trusting(&["ada", "bob", "cy"]);
    let [ada, _, cy] = machines.as_slice() else { panic!() };
    ada.publish("t", "1.0.0", "echo 1\n");
    cy.sync();
    cy.verb("archive", &[("tool", "t"), ("reason", "not needed")]).unwrap();
    ada.publish("t", "1.1.0", "echo 2\n");
    let told = cy.sync();
    assert!(!told.contains("added") && !told.contains("is new in"), "{told}");
    assert!(!cy.workspace.path("tools/approved/t").exists() && !cy.workspace.path("tools/experimental/t").exists());
}
