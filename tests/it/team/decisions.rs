//! What one machine decides arrives on the others.

use super::world::{Machine, Team};
use std::fs;
use toolsmith::domain::team::TeamStatus;
use toolsmith::domain::{DecisionKind, RunOutcome};
use toolsmith::engine::ReviewFilter;

#[test]
fn a_request_an_approval_and_its_revocation_arrive_and_stop_what_runs() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    let review = ada.review("alpha").id.to_string();
    let asked = ada.verb("ask-team", &[("review", &review), ("reason", "please look")]).unwrap().message;
    assert!(asked.ends_with("(`toolsmith sync` shares it with the team)"), "{asked}");
    assert!(ada.sync().ends_with("nothing new, 1 file handed out"));

    let came = bob.sync();
    assert!(came.contains("1 request") && came.contains("alpha 1.0.0 is new in tools/experimental/alpha"), "{came}");
    let row = bob.review("alpha");
    assert_eq!(row.team.as_deref(), Some("team: asked by ada <ada@x>"));
    bob.verb("claim", &[("review", &row.id.to_string())]).unwrap();
    bob.sync();
    assert!(ada.sync().contains("1 claim"));
    assert_eq!(ada.review("alpha").team.unwrap(), "team: asked by ada <ada@x>, claimed by bob <bob@x>");
    let requests = ada.report().requests;
    assert_eq!((requests.len(), requests[0].claimed_by.as_slice()), (1, &[bob.who()][..]));

    bob.decide("alpha", DecisionKind::Approve).unwrap();
    assert!(bob.sync().contains("1 file handed out"));
    let came = ada.sync();
    assert!(came.contains("1 approval") && came.contains("): approved"), "{came}");
    let detail = ada.engine().reviews().detail(ada.review("alpha").id).unwrap();
    let said = |text: &str| detail.evidence.iter().any(|line| line.label == "team" && line.text == text);
    assert!(said("approved as approved for run by bob <bob@x>") && said("asked by ada <ada@x> (please look)"));
    // It is shown, and nothing more: Ada decides herself.
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    assert_eq!(ada.run("alpha").outcome, RunOutcome::Succeeded);

    bob.undo().unwrap();
    bob.sync();
    let came = ada.sync();
    assert!(came.contains("1 revocation") && came.contains("revoked, before approved by bob"), "{came}");
    let engine = ada.engine();
    let run = ada.run("alpha");
    assert_eq!(run.outcome, RunOutcome::Refused, "{run:?}");
    assert!(run.error.unwrap().contains("was revoked by bob <bob@x>; an approval of a signer that answers this"));
    drop(engine);
    // Whoever disagrees decides once more: the new approval answers the revocation.
    ada.undo().unwrap();
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    assert_eq!(ada.run("alpha").outcome, RunOutcome::Succeeded);
    assert_eq!((ada.faults(), bob.faults()), (vec![], vec![]));
    ada.sync();
    bob.sync();
    assert_eq!(ada.report().state, bob.report().state);
}

#[test]
fn a_rejection_is_shared_and_undone_by_its_own_signer() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    for machine in &machines {
        machine.tool("alpha", "echo 1\n");
    }
    ada.decide("alpha", DecisionKind::Reject).unwrap();
    ada.sync();
    bob.sync();
    assert_eq!(bob.report().stopped[0].status, TeamStatus::Rejected);
    // What nobody approved here may still be tried, strictly contained.
    assert_eq!(bob.run("alpha").outcome, RunOutcome::Succeeded);
    ada.undo().unwrap();
    ada.sync();
    bob.sync();
    assert!(bob.report().stopped.is_empty());
    bob.decide("alpha", DecisionKind::RequestChanges).unwrap();
    bob.sync();
    assert!(ada.sync().contains("1 request for changes"));
    assert!(ada.review("alpha").team.unwrap().contains("changes requested by bob <bob@x>"));
}

#[test]
fn an_archived_tool_takes_the_own_approval_back() {
    let (_team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    assert!(bob.sync().contains("alpha 1.0.0 is new in tools/approved/alpha"));
    ada.verb("archive", &[("tool", "alpha"), ("reason", "not needed")]).unwrap();
    ada.sync();
    assert!(bob.sync().contains("revoked, before approved by ada <ada@x> (not needed)"));
    assert_eq!(bob.run("alpha").outcome, RunOutcome::Refused);
}

#[test]
fn what_the_team_approved_prefills_an_adoption_and_counts_only_where_the_user_trusts_the_team() {
    let (_team, mut machines) = Team::with(&["ada", "bob", "cy"], "");
    machines[0].tool("alpha", "echo 1\n");
    machines[0].decide("alpha", DecisionKind::Approve).unwrap();
    machines[0].sync();
    let pin = machines[0].report().policies[0].name;
    machines[2].configure(&format!("policy = \"{pin}\"\ntrust = \"team\""));
    let [ada, bob, cy] = machines.as_slice() else { panic!() };

    bob.sync();
    let review = bob.review("adoption");
    let detail = bob.engine().reviews().detail(review.id).unwrap();
    let said = detail.evidence.iter().find(|line| line.label == "team").unwrap();
    assert_eq!(said.text, "approved by the team: 1 tool (alpha)");
    assert!(!bob.engine().library().resolve("alpha").unwrap().facts.approved);

    cy.sync();
    let engine = cy.engine();
    assert!(engine.library().resolve("alpha").unwrap().facts.approved);
    assert!(engine.reviews().list(ReviewFilter::Waiting).unwrap().is_empty());
    assert_eq!((cy.run("alpha").outcome, cy.faults()), (RunOutcome::Succeeded, vec![]));
    drop(engine);

    ada.undo().unwrap();
    ada.sync();
    cy.sync();
    assert_eq!(cy.run("alpha").outcome, RunOutcome::Refused);
    assert!(cy.faults().concat().contains("which no longer approves it"), "{:?}", cy.faults());
}

#[test]
fn a_workspace_can_take_the_trust_in_the_team_away() {
    let (_team, mut machines) = Team::with(&["ada", "bob"], "");
    machines[0].tool("alpha", "echo 1\n");
    machines[0].decide("alpha", DecisionKind::Approve).unwrap();
    machines[0].sync();
    let pin = machines[0].report().policies[0].name;
    machines[1].configure(&format!("policy = \"{pin}\"\ntrust = \"team\""));
    machines[1].workspace.write("toolsmith.toml", "[team]\ntrust = \"review\"\n");
    machines[1].sync();
    assert!(!machines[1].engine().library().resolve("alpha").unwrap().facts.approved);
}

#[test]
fn a_dry_run_shows_what_would_come_and_changes_nothing() {
    let (team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    let head = team.head();
    let before = ada.verb("sync", &[("dry-run", "true")]).unwrap().message;
    assert!(before.starts_with("would come from ") && team.head() == head, "{before}");
    ada.sync();
    let (state, log) = (bob.report(), bob.engine().history().operations(100, None).unwrap().len());
    let told = bob.verb("sync", &[("dry-run", "true")]).unwrap().message;
    assert!(told.contains("1 approval"), "{told}");
    assert!(told.contains("): approved") && told.contains("alpha 1.0.0 would be added"), "{told}");
    assert_eq!(bob.report(), state);
    assert_eq!(bob.engine().history().operations(100, None).unwrap().len(), log);
}

#[test]
fn the_clone_lies_in_the_state_folder_and_the_workspace_gets_no_git() {
    let (_team, machines) = Team::with(&["ada"], "");
    let ada = &machines[0];
    assert!(!ada.workspace.path(".git").exists());
    assert!(ada.engine().state_dir().join("team/clone.git/HEAD").is_file());
    // What a workspace configures for git starts nothing.
    let marker = ada.workspace.home().join("marker");
    ada.workspace.git(&["init", "-q", "-b", "main"]);
    let evil = format!("touch {}", marker.display());
    for key in ["core.sshCommand", "core.fsmonitor", "credential.helper", "uploadpack.packObjectsHook", "core.gitProxy"]
    {
        ada.workspace.git(&["config", key, &evil]);
    }
    ada.workspace.git(&["config", "url./nowhere.insteadOf", "/"]);
    for hook in ["pre-push", "reference-transaction", "post-checkout", "post-merge"] {
        let path = ada.workspace.path(&format!(".git/hooks/{hook}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{evil}\n")).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    ada.tool("alpha", "echo 1\n");
    let review = ada.review("alpha").id.to_string();
    ada.verb("ask-team", &[("review", &review)]).unwrap();
    assert!(ada.sync().contains("1 file handed out"));
    assert!(!marker.exists());
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

#[test]
fn three_machines_that_decide_at_once_come_to_the_same_state() {
    let (_team, machines) = Team::with(&["ada", "bob", "cy"], "thresholds = [{ approvals = 2 }]");
    for machine in &machines {
        for tool in ["alpha", "beta"] {
            machine.tool(tool, "echo 1\n");
        }
    }
    let mut random = Random(0x5eed);
    for _ in 0..24 {
        let machine = &machines[random.below(3)];
        let tool = ["alpha", "beta"][random.below(2)];
        act(&mut random, machine, tool);
    }
    // Twice: what the last one handed out has to reach the first.
    for machine in machines.iter().chain(&machines) {
        machine.sync();
    }
    let states: Vec<_> = machines.iter().map(|machine| machine.report().state).collect();
    assert!(states[0] == states[1] && states[1] == states[2], "{states:?}");
    for machine in &machines {
        assert_eq!(machine.faults(), Vec::<String>::new(), "{}", machine.name);
    }
}

/// One random act; what is not possible just now is left out.
fn act(random: &mut Random, machine: &Machine, tool: &str) {
    let waits = |machine: &Machine| {
        let waiting = machine.engine().reviews().list(ReviewFilter::Waiting).unwrap();
        waiting.iter().any(|review| review.tool.as_str() == tool)
    };
    match random.below(5) {
        0 => drop(machine.sync()),
        1 => drop(machine.undo()),
        2 if waits(machine) => drop(machine.decide(tool, DecisionKind::Reject).unwrap()),
        _ if waits(machine) => drop(machine.decide(tool, DecisionKind::Approve).unwrap()),
        _ => {}
    }
}
