//! Criteria of approvals, and approvals of a difference only.

use super::world::{Machine, Team};
use crate::support::terminal_input;
use std::process::Stdio;
use toolsmith::domain::team::{TeamKind, TeamStatus};
use toolsmith::domain::{DecisionKind, Instant};
use toolsmith::engine::ErrorCode;

/// Two machines of a team in which approved versions need `deploy`.
fn careful() -> (Team, Machine, Machine) {
    let (team, mut machines) = Team::with(&["ada", "bob"], "thresholds = [{ criteria = [\"deploy\"] }]");
    let bob = machines.pop().unwrap();
    (team, machines.pop().unwrap(), bob)
}

#[test]
fn an_approval_gives_what_it_names_and_a_stage_is_refused_to_one_that_lacks_what_it_needs() {
    let (_team, ada, bob) = careful();
    ada.tool("alpha", "echo 1\n");
    let lacking = ada.decide("alpha", DecisionKind::Approve).unwrap_err();
    assert_eq!(lacking.code, ErrorCode::Refused);
    assert!(lacking.message.contains("needs an approval for deploy of alpha in stage approved"), "{lacking:?}");
    let unknown = ada.approve_for("alpha", &["licence"], false).unwrap_err();
    assert_eq!((unknown.code, unknown.hint.as_str()), (ErrorCode::Usage, "the policy of the team has run, deploy"));
    let choice = ada.engine().reviews().detail(ada.review("alpha").id).unwrap().choice.unwrap();
    assert_eq!((choice.criteria.len(), choice.needed, choice.base), (2, vec!["run".into(), "deploy".into()], None));
    ada.approve_for("alpha", &["deploy"], false).unwrap();
    assert!(ada.sync().contains("1 file handed out"));
    bob.tool("alpha", "echo 1\n");
    bob.sync();
    let said = bob.evidence("alpha");
    assert!(said.contains(&"approved as approved for deploy by ada <ada@x>".to_owned()), "{said:?}");
    assert!(said.contains(&"approved as approved for run by ada <ada@x>".to_owned()), "{said:?}");
    // What was given already need not be given again.
    bob.decide("alpha", DecisionKind::Approve).unwrap();
    bob.sync();
    ada.sync();
    assert_eq!(ada.report().state, bob.report().state);
    assert_eq!((ada.faults(), bob.faults()), (vec![], vec![]));
}

#[test]
fn approvals_of_the_team_count_only_for_the_criteria_that_the_user_trusts() {
    let thresholds = "thresholds = [{ tier = \"medium\", criteria = [\"deploy\"] }]";
    let (_team, mut machines) = Team::with(&["ada", "bob"], thresholds);
    machines[0].tool("alpha", "echo 1\n");
    machines[0].tool_in("experimental", "beta", "echo 2\n", "cost_tier = \"medium\"\n");
    machines[0].decide("alpha", DecisionKind::Approve).unwrap();
    machines[0].approve_for("beta", &["deploy"], false).unwrap();
    machines[0].sync();
    let pin = machines[0].report().policies[0].name;
    let counts = |machine: &Machine| {
        let engine = machine.engine();
        ["alpha", "beta"].map(|tool| engine.library().resolve(tool).unwrap().facts.approved)
    };
    let steps = [
        ("[]", [false, false], "review"),
        ("[\"deploy\"]", [false, false], "deploy"),
        ("[\"run\"]", [true, false], "run"),
        ("[\"run\", \"deploy\"]", [true, true], "deploy, run"),
    ];
    for (trust, expected, shown) in steps {
        machines[1].configure(&format!("policy = \"{pin}\"\ntrust = {trust}"));
        let told = machines[1].sync();
        assert_eq!(counts(&machines[1]), expected, "{trust} {told}");
        assert_eq!((machines[1].report().trust.as_str(), machines[1].faults()), (shown, vec![]), "{trust}");
    }
    // What was adopted by a trust that is gone counts no longer.
    machines[1].configure(&format!("policy = \"{pin}\"\ntrust = [\"run\"]"));
    let faults = machines[1].faults().concat();
    assert!(faults.contains("beta was adopted from the team, which is no longer trusted"), "{faults}");
    assert!(!faults.contains("alpha was adopted"), "{faults}");
}

#[test]
fn the_command_line_gives_criteria() {
    let (_team, ada, _bob) = careful();
    ada.tool("alpha", "echo 1\n");
    let review = ada.review("alpha");
    let digest = review.digest.hex();
    let approve = |more: &[&str]| {
        let (_terminal, input) = terminal_input();
        let id = review.id.to_string();
        let common = ["approve", &id, "--digest", &digest[..8], "--unread", "--reason", "known"];
        let mut command = ada.workspace.toolsmith(&[&common[..], more].concat());
        command.env("GIT_AUTHOR_NAME", "ada").env("GIT_AUTHOR_EMAIL", "ada@x");
        let output = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (done, said) = approve(&["--criteria", "run"]);
    assert!(!done && said.contains("add --criteria deploy"), "{said}");
    let (done, said) = approve(&["--criteria", "run,deploy"]);
    assert!(done && said.contains("shares it with the team"), "{said}");
}

#[test]
fn a_difference_rests_on_the_version_before_and_falls_with_it() {
    let (team, machines) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = machines.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    let nothing_before = ada.approve_for("alpha", &[], true).unwrap_err();
    assert!(nothing_before.message.contains("shows no difference"), "{nothing_before:?}");
    let first = ada.review("alpha").digest;
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.tool("alpha", "echo 2\n");
    let not_that = ada.approve_for("alpha", &["deploy"], true).unwrap_err();
    assert!(not_that.message.contains("has not approved") && not_that.message.ends_with("for deploy"), "{not_that:?}");
    let choice = ada.engine().reviews().detail(ada.review("alpha").id).unwrap().choice.unwrap();
    assert_eq!(choice.base, Some(first));
    let second = ada.review("alpha").digest;
    ada.approve_for("alpha", &[], true).unwrap();
    ada.sync();
    bob.tool("alpha", "echo 2\n");
    bob.sync();
    let said = bob.evidence("alpha");
    let line = format!("approved as approved for run by ada <ada@x> (difference from {})", first.short());
    assert!(said.contains(&line), "{said:?}");

    // Bob rejects the first version: nothing carries the second one any more.
    let mut no = bob.approval(first, Instant(1_700_000_000_000));
    (no.kind, no.reason) = (TeamKind::Reject, Some("it is not".to_owned()));
    no.criteria.clear();
    let (path, bytes) = bob.file(&no);
    team.tamper(&[(&path, Some(&bytes))]);
    let told = ada.sync();
    assert!(told.contains(&format!("({}): partly approved, before approved", second.short())), "{told}");
    bob.sync();
    let said = bob.evidence("alpha");
    let line = format!("ada <ada@x> approved the difference from {}, which is not approved", first.short());
    assert!(said.contains(&line), "{said:?}");
    assert_eq!(bob.report().stopped[0].status, TeamStatus::Rejected);
    assert_eq!(ada.report().state, bob.report().state);
    assert_eq!((ada.faults(), bob.faults()), (vec![], vec![]));
}

#[test]
fn criteria_are_refused_where_decisions_are_private() {
    let (_team, machines) = Team::with(&["ada"], "");
    machines[0].workspace.write("toolsmith.toml", "[team]\nenabled = false\n");
    machines[0].tool("alpha", "echo 1\n");
    let refused = machines[0].approve_for("alpha", &["deploy"], false).unwrap_err();
    assert!(
        refused.code == ErrorCode::Usage && refused.message.contains("this workspace keeps its decisions private"),
        "{refused:?}"
    );
    machines[0].decide("alpha", DecisionKind::Approve).unwrap();
}
