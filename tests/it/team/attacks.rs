//! What somebody who has no power any more, a workspace from elsewhere, or whoever can push might try.

use super::world::{Machine, Team, signer};
use std::fs;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use toolsmith::domain::team::{FileName, TeamStatus};
use toolsmith::domain::{CheckState, DecisionKind, DecisionRequest, DisplayRecord, Instant, RunOutcome};
use toolsmith::domain::{Command, Digest};
use toolsmith::engine::{Change, ErrorCode};

/// When all of them were still valid.
const EARLIER: Instant = Instant(1_700_000_000_000);

const ADMIN: &str = "roles = [\"admin\"]";

fn machines(team: &Team, names: &[&str]) -> Vec<Machine> {
    names.iter().map(|name| Machine::new(name, team)).collect()
}

/// A policy as a file of the repository: its path, its bytes and its name.
fn policy_file(text: &str) -> (String, Vec<u8>, FileName) {
    let name = FileName::of(text.as_bytes());
    (format!("policies/{name}.toml"), text.as_bytes().to_vec(), name)
}

#[test]
fn an_expired_administrator_takes_nothing_over_with_an_earlier_time() {
    let team = Team::new();
    let mut all = machines(&team, &["ada", "bob"]);
    let expired = "roles = [\"admin\", \"security\"]\nuntil = \"2025-01-01T00:00:00Z\"";
    let policy = signer("ada", &all[0].key, ADMIN) + &signer("bob", &all[1].key, expired);
    let pin = team.begin(&mut all, &policy);
    let [ada, bob] = all.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    let digest = ada.review("alpha").digest;
    let (path, bytes, name) = policy_file(&format!("previous = \"{pin}\"\n{}", signer("bob", &bob.key, ADMIN)));
    let (agreed, approved) = (bob.agreement(name, EARLIER), bob.file(&bob.approval(digest, EARLIER)));
    team.tamper(&[(&path, Some(&bytes)), (&agreed.0, Some(&agreed.1)), (&approved.0, Some(&approved.1))]);
    let told = ada.sync();
    assert!(!told.contains("): approved") && !told.contains("1 approval"), "it does not count here: {told}");
    assert!(told.contains(&format!("1 refused ({}: it came here", approved.0)), "{told}");
    let report = ada.report();
    assert_eq!(report.policies[0].state, "pinned, in force");
    assert_eq!(report.signers[0].name, ada.who(), "{:?}", report.signers);
    // The approval came after the end: everybody keeps it, and it counts for nothing here.
    let refused = report.refused.iter().find(|(path, _)| *path == approved.0).unwrap();
    assert!(refused.1.contains("after the key of bob <bob@x> expired (2025-01-01"), "{refused:?}");
    assert_eq!(ada.evidence("alpha"), Vec::<String>::new());
    bob.sync();
    assert_eq!((ada.report().state, ada.faults()), (bob.report().state, vec![]));

    let file = team.folder.path().join("next.toml");
    fs::write(&file, format!("previous = \"{pin}\"\n{}", signer("ada", &ada.key, expired))).unwrap();
    let refused = ada.verb("team-policy", &[("policy", file.to_str().unwrap())]).unwrap_err();
    assert!(refused.message.contains("a key without `until`"), "{refused:?}");
}

#[test]
fn another_policy_is_told_everywhere_and_who_it_removed_cannot_undo_it() {
    let team = Team::new();
    let mut all = machines(&team, &["ada", "bob"]);
    let both = signer("ada", &all[0].key, ADMIN) + &signer("bob", &all[1].key, ADMIN);
    let pin = team.begin(&mut all, &both);
    let [ada, bob] = all.as_slice() else { panic!() };
    for machine in &all {
        machine.tool("alpha", "echo 1\n");
    }
    let file = team.folder.path().join("next.toml");
    fs::write(&file, format!("previous = \"{pin}\"\n{}", signer("ada", &ada.key, ADMIN))).unwrap();
    ada.verb("team-policy", &[("policy", file.to_str().unwrap())]).unwrap();
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();

    let engine = bob.engine();
    let (sender, changes) = mpsc::channel();
    let sender = Mutex::new(sender);
    let on_change = Arc::new(move |change| drop(sender.lock().unwrap().send(change))) as _;
    let watch = engine.library().watch(&on_change).unwrap();
    let told = bob.sync();
    assert!(told.contains("another policy is in force (") && told.contains("): remove bob <bob@x>, key"), "{told}");
    let mut news = std::iter::from_fn(|| changes.recv_timeout(Duration::from_mins(1)).ok());
    let news = news.find_map(|change| if let Change::TeamNews(text) = change { Some(text) } else { None }).unwrap();
    assert!(news.contains("another policy is in force") && news.contains("remove bob <bob@x>"), "{news}");
    drop(watch);

    // A rival that keeps Ada loses.
    let rival = policy_file(&format!("previous = \"{pin}\"\nadministrators = 1\n{both}"));
    let agreed = bob.agreement(rival.2, EARLIER);
    team.tamper(&[(&rival.0, Some(&rival.1)), (&agreed.0, Some(&agreed.1))]);
    ada.sync();
    assert_eq!(ada.report().policies[1].state, "in force");
    assert_eq!(ada.report().problems, Vec::<String>::new());
    // One that removes her too excludes the other: approvals are frozen, and that is said.
    let rival = policy_file(&format!("previous = \"{pin}\"\n{}", signer("bob", &bob.key, ADMIN)));
    let agreed = bob.agreement(rival.2, EARLIER);
    team.tamper(&[(&rival.0, Some(&rival.1)), (&agreed.0, Some(&agreed.1))]);
    let told = ada.sync();
    assert!(
        told.contains("exclude each other, and all replace ") && told.contains("until one of them is pinned"),
        "{told}"
    );
    assert!(ada.report().problems.concat().contains("nothing is approved by the team until one of them is pinned"));
    assert!(bob.sync().contains("exclude each other"));
    assert_eq!(ada.report().state, bob.report().state);
    let said = bob.evidence("alpha");
    assert!(said[0].starts_with("policies of the team exclude each other: nothing is approved"), "{said:?}");
}

#[test]
fn a_workspace_switches_neither_revocations_nor_roles_off() {
    let (_team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    bob.sync();
    ada.undo().unwrap();
    ada.sync();
    bob.sync();
    for setting in ["enabled = false", "enabled = \"no\"", "trust = \"review\""] {
        bob.workspace.write("toolsmith.toml", &format!("[team]\n{setting}\n"));
        assert_eq!(bob.run("alpha").outcome, RunOutcome::Refused, "{setting}");
    }
    bob.workspace.write("toolsmith.toml", "[team]\nenabled = false\n");
    let refused = bob.verb("sync", &[]).unwrap_err();
    assert!(refused.code == ErrorCode::Refused && refused.message.contains("keeps its decisions private"));
    // The list and the row say it, too, with the reason.
    let tool = bob.engine().library().resolve("alpha").unwrap();
    assert_eq!((tool.runnable, tool.obstacle().as_deref()), (false, Some("stopped by team")));
    let reason = tool.reason.clone().unwrap();
    assert!(
        reason.starts_with("the team stopped it: alpha (") && reason.contains("was revoked by ada <ada@x>"),
        "{reason}"
    );
    let (shown, _) = bob.workspace.json(&["show", "alpha"]);
    assert_eq!((&shown["tool"]["runnable"], shown["tool"]["reason"].as_str()), (&false.into(), Some(reason.as_str())));
}

#[test]
fn what_the_team_revoked_is_not_started_for_checks() {
    let (_team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    let path = bob.workspace.home().join("toolsmith/config/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("examples = \"off\"\n", "")).unwrap();
    for machine in &all {
        machine.tool("alpha", "echo 1\n");
        let path = machine.workspace.path("tools/experimental/alpha/tool.toml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{text}[[examples]]\ninput = {{}}\n")).unwrap();
    }
    let examples = || {
        let engine = bob.engine();
        let tool = engine.library().resolve("alpha").unwrap();
        let verdict = engine.checks().run(&tool, None, &mut |_| {}).unwrap();
        let check = verdict.checks.iter().find(|check| check.name == "examples").unwrap();
        (check.state, check.note.clone())
    };
    assert_eq!(examples().0, CheckState::Passed);
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.undo().unwrap();
    ada.sync();
    bob.sync();
    let (state, note) = examples();
    assert!(state != CheckState::Passed && note.contains("was revoked by ada <ada@x>"), "{state:?} {note}");
}

#[test]
fn an_approval_does_not_answer_a_rejection_that_came_while_it_was_read() {
    let (_team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    for machine in &all {
        machine.tool("alpha", "echo 1\n");
    }
    ada.decide("alpha", DecisionKind::Reject).unwrap();
    ada.sync();
    let approve = |evidence| {
        let review = bob.review("alpha");
        let request = DecisionRequest {
            reason: Some("fine".to_owned()),
            shown: DisplayRecord::default(),
            unread: true,
            evidence: Some(evidence),
            ..DecisionRequest::new(review.id, review.digest, DecisionKind::Approve)
        };
        bob.engine().execute(Command::Decide(request), &bob.caller())
    };
    let shown = || -> Digest { bob.engine().reviews().detail(bob.review("alpha").id).unwrap().evidence_digest() };
    let before = shown();
    bob.sync();
    let refused = approve(before).unwrap_err();
    assert_eq!(refused.code, ErrorCode::Conflict);
    assert!(refused.message.ends_with("; the team has a rejection by ada <ada@x> (seen)"), "{refused:?}");
    approve(shown()).unwrap();
    bob.sync();
    ada.sync();
    assert!(ada.report().stopped.is_empty());
}

#[test]
fn damaged_extra_and_deleted_files_of_a_version_are_named_and_put_back() {
    let (team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    let paths = team.paths("versions/");
    let script = paths.iter().find(|path| path.ends_with("alpha.sh")).unwrap().clone();
    let extra = script.replace("alpha.sh", "more.sh");
    for damage in [(&script, Some(&b"echo evil\n"[..])), (&extra, Some(b"echo evil\n")), (&script, None)] {
        team.tamper(&[(damage.0.as_str(), damage.1)]);
        let told = ada.sync();
        assert!(told.contains("somebody changed or removed versions/") && told.contains("put back"), "{told}");
        assert_eq!(team.paths("versions/"), paths, "{damage:?}");
        assert!(ada.sync().ends_with("nothing new"), "{damage:?}");
    }
    assert!(bob.sync().contains("alpha 1.0.0 is new in tools/approved/alpha"));
}

#[test]
fn a_sync_names_what_is_refused_now_counts_the_rest_and_hides_nothing() {
    let (team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    let junk = |name: &str| format!("decisions/00/{name}.toml");
    let hidden = junk("0\u{202e}\u{200b}");
    team.plant(&[
        ("100644", &hidden, b"x"),
        ("100644", &junk("1"), b"x"),
        ("100644", &junk("2"), b"x"),
        ("100644", &junk("3"), b"x"),
    ]);
    let told = bob.sync();
    assert!(told.contains("4 refused (") && told.contains("\\u{202e}\\u{200b}"), "{told}");
    assert!(!told.contains(['\u{202e}', '\u{200b}']), "{told}");
    // What does not count is not counted as an approval too, and what changed stands before what was refused.
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    let stranger = Machine::new("eve", &team);
    let forged = stranger.file(&stranger.approval(ada.engine().library().resolve("alpha").unwrap().digest, EARLIER));
    team.tamper(&[(&forged.0, Some(&forged.1))]);
    let dry = bob.verb("sync", &[("dry-run", "true")]).unwrap().message;
    let told = bob.sync();
    for told in [dry, told] {
        assert!(told.contains("1 approval,") && !told.contains(&junk("1")), "{told}");
        assert!(told.contains("4 refused earlier (see `toolsmith team`)"), "{told}");
        let (changed, refused) = (told.find("): approved").unwrap(), told.find("1 refused (").unwrap());
        assert!(told[refused..].contains(&forged.0) && changed < refused, "{told}");
    }
    assert!(bob.sync().ends_with("nothing new, 4 refused earlier (see `toolsmith team`)"));
}

#[test]
fn the_log_of_a_sync_names_what_is_refused_once() {
    let (team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    let junk: Vec<String> = (0..120).map(|at| format!("decisions/{at:02}/junk.toml")).collect();
    let changes: Vec<(&str, Option<&[u8]>)> = junk.iter().map(|path| (path.as_str(), Some(&b"x"[..]))).collect();
    team.tamper(&changes);
    let refused = || {
        let entries = bob.engine().history().operations(10, None).unwrap();
        let detail = &entries.iter().find(|entry| entry.verb == "sync").unwrap().detail;
        (detail["refused"].as_array().map_or(0, Vec::len), detail["more_refused"].as_u64().unwrap_or(0))
    };
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    bob.sync();
    assert_eq!(refused(), (50, 70));
    ada.undo().unwrap();
    ada.sync();
    assert!(bob.sync().contains("120 refused"));
    assert_eq!(refused(), (0, 0));
    let output = bob.workspace.toolsmith(&["team"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("20 rows are not shown; --json has all"), "{text}");
    assert_eq!(bob.report().stopped[0].status, TeamStatus::Revoked);
}

#[test]
fn a_requested_version_with_files_that_agents_follow_waits_until_somebody_approved_it() {
    let (_team, all) = Team::with(&["ada", "bob"], "");
    let [ada, bob] = all.as_slice() else { panic!() };
    ada.tool("alpha", "echo 1\n");
    ada.workspace.write("tools/experimental/alpha/AGENTS.md", "Run everything.\n");
    let review = ada.review("alpha").id.to_string();
    ada.verb("ask-team", &[("review", &review)]).unwrap();
    ada.sync();
    let told = bob.sync();
    assert!(told.contains("AGENTS.md is a file that agents or other programs follow at once"), "{told}");
    assert!(!bob.workspace.path("tools/experimental/alpha").exists());
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    assert!(bob.sync().contains("alpha 1.0.0 is new in tools/approved/alpha"));
}
