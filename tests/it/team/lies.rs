//! A repository that lies, and signers that do not count: each is named, and nothing of it changes a state.

use super::world::{Machine, Team, decision_path, signer};
use crate::support::Terminal;
use std::fs;
use toolsmith::domain::team::TeamStatus;
use toolsmith::domain::{DecisionKind, Digest, Instant};
use toolsmith::engine::TeamReport;

fn refusal(report: &TeamReport, path: &str) -> String {
    report.refused.iter().find(|(known, _)| known == path).map(|(_, why)| why.clone()).unwrap_or_default()
}

/// Two machines, of which the first approved and shared `alpha`.
fn shared() -> (Team, Machine, Machine) {
    let (team, mut machines) = Team::with(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    let ada = machines.pop().unwrap();
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    bob.sync();
    (team, ada, bob)
}

#[test]
fn a_file_that_disappears_is_named_still_counts_and_is_put_back() {
    let (team, _ada, bob) = shared();
    let path = team.paths("decisions/").remove(0);
    let state = bob.report().state;
    team.tamper(&[(&path, None)]);
    let seen = bob.verb("sync", &[("dry-run", "true")]).unwrap().message;
    assert!(seen.contains(&format!("removed by somebody: {path}; it still counts here")), "{seen}");
    let told = bob.sync();
    assert!(told.contains(&format!("{path}; it still counts here, and was put back")), "{told}");
    assert_eq!((bob.report().state, team.paths("decisions/")), (state, vec![path]));
    let policy = team.paths("policies/").remove(0);
    team.tamper(&[(&policy, None)]);
    let told = bob.sync();
    assert!(told.contains(&format!("removed by somebody: {policy}; it still counts here, and was put back")), "{told}");
}

#[test]
fn an_old_branch_takes_nothing_back() {
    let (team, ada, bob) = shared();
    let old = team.head();
    ada.undo().unwrap();
    ada.sync();
    bob.sync();
    let state = bob.report();
    assert_eq!(state.stopped[0].status, TeamStatus::Revoked);
    team.rewind(&old);
    assert!(bob.sync().contains("removed by somebody: decisions/"));
    assert_eq!(bob.report().state, state.state);
    assert_eq!(team.paths("decisions/").len(), 2);
}

#[test]
fn other_bytes_under_a_known_name_are_refused_and_replaced() {
    let (team, _ada, bob) = shared();
    let path = team.paths("decisions/").remove(0);
    team.tamper(&[(&path, Some(b"kind = \"revoke\"\n"))]);
    let state = bob.report().state;
    let told = bob.sync();
    assert!(told.contains(&format!("1 refused ({path}: its content is not what its name says)")), "{told}");
    assert_eq!(bob.report().state, state);
    assert!(bob.sync().ends_with("nothing new"));
    assert_eq!(bob.faults(), Vec::<String>::new());
}

#[test]
fn what_is_forged_expired_hidden_or_huge_is_refused_with_its_path() {
    let team = Team::new();
    let mut machines = vec![Machine::new("ada", &team), Machine::new("bob", &team), Machine::new("eve", &team)];
    let until = "until = \"2024-01-01T00:00:00Z\"";
    let policy = signer("ada", &machines[0].key, "roles = [\"admin\"]") + &signer("bob", &machines[1].key, until);
    team.begin(&mut machines[..2], &policy);
    let [ada, bob, eve] = machines.as_slice() else { panic!() };
    let digest = Digest([7; 32]);
    let at = |text: &str| serde_json::from_str::<Instant>(&format!("\"{text}\"")).unwrap();
    let (inside, year_off) = (at("2023-06-01T00:00:00Z"), at("2024-06-01T00:00:00Z"));

    let stranger = eve.file(&eve.approval(digest, inside));
    let mut borrowed = eve.approval(digest, inside);
    borrowed.reviewer = ada.who();
    let borrowed = eve.file(&borrowed);
    // Bob's key is valid until 2024; his clock is a year ahead, so that what he signs is of a time when it is not.
    let late = bob.file(&bob.approval(digest, year_off));
    let mut other = ada.approval(digest, inside);
    let genuine = String::from_utf8(ada.file(&other).1).unwrap();
    let forged = genuine.replace("stage = \"approved\"", "stage = \"core\"").into_bytes();
    let forged = (decision_path(&forged), forged);
    other.reason = Some("fine".to_owned());
    let hidden = String::from_utf8(ada.file(&other).1).unwrap().replace("fine", "fi\u{202e}ne").into_bytes();
    let hidden = (decision_path(&hidden), hidden);
    let huge = vec![b'x'; 10 << 20];
    let huge = (decision_path(&huge), huge);
    let files = [&stranger, &borrowed, &late, &forged, &hidden, &huge];
    let changes: Vec<(&str, Option<&[u8]>)> =
        files.iter().map(|(path, bytes)| (path.as_str(), Some(bytes.as_slice()))).collect();
    team.tamper(&changes);

    let told = ada.sync();
    assert!(told.contains("6 refused (") && told.contains("and 3 more, see `toolsmith team`"), "{told}");
    let report = ada.report();
    for ((path, _), says) in [
        (&stranger, "is not a key of the policy"),
        (&borrowed, "is not a key of the policy"),
        (&late, "but the key of bob <bob@x> expired 2024-01-01"),
        (&forged, "the signature does not match the content"),
        (&hidden, "its reason has hidden characters"),
        (&huge, "it has 10485760 bytes, at most 65536 are read"),
    ] {
        let why = refusal(&report, path);
        assert!(why.contains(says), "{path}: {why}");
    }
    assert!(report.absent.is_empty() && report.stopped.is_empty());
    // What cannot count whatever policy follows is a fault; what a later policy could let count is not.
    assert_eq!(ada.faults().iter().filter(|fault| fault.contains("in the team's repository: ")).count(), 3);
    assert!(ada.sync().contains("3 refused"), "they are named as long as they are there");
}

#[test]
fn bytes_that_are_not_the_version_are_not_put_into_the_workspace() {
    let (team, mut machines) = Team::with(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    let ada = machines.pop().unwrap();
    ada.tool("alpha", "echo 1\n");
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    let script = team.paths("versions/").into_iter().find(|path| path.ends_with("alpha.sh")).unwrap();
    team.tamper(&[(&script, Some(b"echo evil\n"))]);
    let told = bob.sync();
    assert!(told.contains("refused: its files have the digest"), "{told}");
    assert!(!bob.workspace.path("tools/approved/alpha").exists());
    assert_eq!(bob.report().absent.len(), 1);
}

#[test]
fn folders_that_are_nested_very_deep_are_refused_by_name_and_stop_nothing_else() {
    let (team, mut machines) = Team::with(&["ada", "bob"], "");
    let bob = machines.pop().unwrap();
    let ada = machines.pop().unwrap();
    for tool in ["alpha", "beta"] {
        ada.tool(tool, "echo 1\n");
        ada.decide(tool, DecisionKind::Approve).unwrap();
    }
    ada.sync();
    let alpha = team.paths("versions/").into_iter().find(|path| path.ends_with("alpha.sh")).unwrap();
    let deep = "/d".repeat(500);
    let (of_version, decision) = (alpha.replace("/alpha.sh", &deep) + "/f", format!("decisions{deep}/f"));
    team.tamper(&[(&of_version, Some(b"x")), (&decision, Some(b"x"))]);
    let told = bob.sync();
    assert!(told.contains("its folders are nested more than 100 deep: versions/"), "{told}");
    assert!(told.contains("2 approvals") && told.contains("1 refused (decisions/d/d"), "{told}");
    assert!(bob.workspace.path("tools/approved/beta/tool.toml").is_file(), "{told}");
    assert!(!bob.workspace.path("tools/approved/alpha").exists(), "{told}");
}

#[test]
fn a_policy_needs_the_agreement_of_the_one_before_and_a_fork_counts_for_nobody() {
    let team = Team::new();
    let mut machines = vec![Machine::new("ada", &team), Machine::new("bob", &team)];
    let admin = "roles = [\"admin\"]";
    let signers = signer("ada", &machines[0].key, admin) + &signer("bob", &machines[1].key, admin);
    let first = format!("administrators = 2\n{signers}");
    let pin = team.begin(&mut machines, &first);
    let [ada, bob] = machines.as_slice() else { panic!() };
    let write = |name: &str, extra: &str| {
        let path = team.folder.path().join(name);
        fs::write(&path, format!("previous = \"{pin}\"\nadministrators = 2\n{extra}\n{signers}")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let next = write("next.toml", "thresholds = [{ approvals = 2 }]");
    let mut terminal = Terminal::toolsmith(&ada.workspace, &["team-policy", &next], (120, 30));
    terminal.wait_text("need 2 approvals, for every version").wait_text("once 2 more administrators agree");
    terminal.wait_text("[y/N]").send("n\r").wait_text("nothing was changed");
    assert_ne!(terminal.wait_end().exit_code(), 0);
    assert_eq!(ada.report().policies.len(), 1, "a no changes nothing");
    let mut terminal = Terminal::toolsmith(&ada.workspace, &["team-policy", &next], (120, 30));
    terminal.wait_text("need 2 approvals, for every version").wait_text("[y/N]");
    let shown = fs::read(&next).unwrap();
    write("next.toml", "thresholds = [{ approvals = 1 }]");
    terminal.send("y\r").wait_text("next.toml changed after it was shown");
    assert_ne!(terminal.wait_end().exit_code(), 0);
    assert_eq!(ada.report().policies.len(), 1, "what nobody read is not agreed to");
    fs::write(&next, shown).unwrap();
    let proposed = ada.verb("team-policy", &[("policy", &next)]).unwrap().message;
    assert!(proposed.ends_with("1 administrator more must agree"), "{proposed}");
    ada.sync();
    bob.sync();
    let row = bob.report().policies.remove(1);
    assert!(row.state.starts_with("proposed, 1 administrator must agree"), "{}", row.state);
    let agreed = bob.verb("team-policy", &[("policy", &row.name.short())]).unwrap().message;
    assert!(agreed.ends_with("it is in force"), "{agreed}");
    bob.sync();
    ada.sync();
    assert_eq!(ada.report().policies[1].state, "in force");

    let words = ["team-policy", next.as_str()];
    let mut terminal = Terminal::toolsmith(&ada.workspace, &words, (120, 30));
    terminal.wait_text("in force already");
    assert_ne!(terminal.wait_end().exit_code(), 0, "refused before it is asked about");

    // A rival with the signatures of both, which no honest machine makes any more: it is written by hand.
    let rival = fs::read(write("rival.toml", "thresholds = [{ approvals = 1 }]")).unwrap();
    let name = toolsmith::domain::team::FileName::of(&rival);
    let agreement = |machine: &Machine| {
        let mut decision = machine.approval(Digest([0; 32]), Instant(1_700_000_000_000));
        decision.kind = toolsmith::domain::team::TeamKind::Policy;
        decision.subject = toolsmith::domain::team::Subject::Policy(name);
        decision.criteria.clear();
        machine.file(&decision)
    };
    let (one, two) = (agreement(ada), agreement(bob));
    let path = format!("policies/{name}.toml");
    team.tamper(&[(&path, Some(&rival)), (&one.0, Some(&one.1)), (&two.0, Some(&two.1))]);
    for machine in [ada, bob] {
        machine.sync();
        let report = machine.report();
        assert_eq!(report.policies[0].state, "pinned, in force");
        assert!(report.problems.concat().contains("nothing is approved by the team"), "{:?}", report.problems);
        assert!(machine.faults().concat().contains(&path), "{:?}", machine.faults());
    }
    assert_eq!(ada.report().state, bob.report().state);
}

#[test]
fn a_state_folder_that_lost_or_changed_a_file_is_reported() {
    let (_team, ada, _bob) = shared();
    assert_eq!(ada.faults(), Vec::<String>::new());
    let database = ada.engine().state_dir().join("store.db");
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(&database).unwrap();
        connection.execute(sql, []).unwrap();
    };
    change("UPDATE team_versions SET state = replace(state, 'ada', 'eve')");
    assert!(ada.faults().concat().contains("does not follow from its decision files"), "{:?}", ada.faults());
    change("UPDATE team_versions SET state = replace(state, 'eve', 'ada')");
    change(
        "UPDATE team_files SET bytes = CAST(replace(CAST(bytes AS TEXT), 'low', 'high') AS BLOB) WHERE kind = 'approve'",
    );
    assert!(ada.faults().concat().contains("is kept with other content than its name says"), "{:?}", ada.faults());
    change("DELETE FROM team_files WHERE kind = 'approve'");
    assert!(
        ada.faults().concat().contains("was taken in, but the state of this workspace lost it"),
        "{:?}",
        ada.faults()
    );
}
