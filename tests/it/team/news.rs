//! What a colleague says arrives: comments in a review, a revocation in an open workbench. What is wrong, `doctor` says.

use super::world::{Machine, Team};
use std::sync::Mutex;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use toolsmith::domain::team::TeamKind;
use toolsmith::domain::{Command, CommentAnchor, CommentKind, DecisionKind, Instant};
use toolsmith::engine::{Change, RunRequest};

fn two(extra: &str) -> (Team, Machine, Machine) {
    let (team, mut machines) = Team::with(&["ada", "bob"], extra);
    let bob = machines.pop().unwrap();
    (team, machines.pop().unwrap(), bob)
}

#[test]
fn a_comment_is_shown_with_its_author_in_the_reviews_of_others() {
    let (_team, ada, bob) = two("");
    for machine in [&ada, &bob] {
        machine.tool("alpha", "echo 1\necho 2\n");
    }
    let spot = CommentAnchor { path: Some("alpha.sh".to_owned()), lines: Some((1, 2)) };
    let (review, body) = (ada.review("alpha").id, "why twice?\u{202e}".to_owned());
    let comment = Command::Comment { review, spot, kind: CommentKind::Question, body };
    let said = ada.engine().execute(comment, &ada.caller()).unwrap().message;
    assert!(said.contains("`toolsmith sync` shares it"), "{said}");
    ada.sync();
    assert!(bob.sync().contains("1 comment"));
    let detail = bob.engine().reviews().detail(bob.review("alpha").id).unwrap();
    let lines: Vec<&str> =
        detail.evidence.iter().filter(|line| line.label == "team").map(|line| line.text.as_str()).collect();
    assert_eq!(lines, ["ada <ada@x> (question, alpha.sh:1-2: why twice?\\u{202e})"]);
    // It decides nothing, and takes nothing back.
    assert!(bob.report().stopped.is_empty());
    assert_eq!((ada.report().state, bob.faults()), (bob.report().state, vec![]));
}

#[test]
fn a_revocation_that_came_is_told_in_an_open_workbench_with_the_runs_that_go_on() {
    let (_team, ada, bob) = two("");
    for machine in [&ada, &bob] {
        machine.tool("alpha", "exec sleep 1000\n");
    }
    ada.decide("alpha", DecisionKind::Approve).unwrap();
    ada.sync();
    bob.sync();
    ada.undo().unwrap();
    ada.sync();

    let engine = bob.engine();
    let (sender, changes) = mpsc::channel();
    let sender = Mutex::new(sender);
    let on_change = Arc::new(move |change| drop(sender.lock().unwrap().send(change))) as _;
    let watch = engine.library().watch(&on_change).unwrap();
    let tool = engine.library().resolve("alpha").unwrap();
    let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
    let run = engine.runs().start(&request, &bob.caller()).unwrap();
    bob.sync();
    let mut news = std::iter::from_fn(|| changes.recv_timeout(Duration::from_mins(1)).ok());
    let told = news.find_map(|change| if let Change::TeamNews(text) = change { Some(text) } else { None });
    let told = told.unwrap();
    assert!(told.starts_with("alpha 1.0.0 (") && told.contains("): revoked by ada <ada@x>"), "{told}");
    assert!(told.ends_with(&format!("; run {} of it continue: cancel what should not", run.id)), "{told}");
    engine.execute(Command::Cancel { run: run.id }, &bob.caller()).unwrap();
    run.wait().unwrap();
    drop(watch);
}

#[test]
fn doctor_tells_of_key_clock_and_carrier() {
    let (team, ada, bob) = two("");
    let lines = |machine: &Machine| -> Vec<(String, String)> {
        let lines = machine.engine().doctor().into_iter().filter(|line| line.name == "team");
        lines.map(|line| (line.state, line.message)).collect()
    };
    let all = lines(&ada);
    assert!(all.iter().all(|(state, _)| state == "ok"), "{all:?}");
    assert!(all[0].1.contains("you decide as ada <ada@x> as admin") && all[2].1.ends_with("can be reached"), "{all:?}");
    // Bob's clock is a year ahead.
    let mut late = bob.approval(toolsmith::domain::Digest([7; 32]), Instant(0));
    (late.kind, late.criteria) = (TeamKind::Claim, Vec::new());
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    late.at = Instant(i64::try_from(today).unwrap() + 365 * 86_400_000);
    let (path, bytes) = bob.file(&late);
    team.tamper(&[(&path, Some(&bytes))]);
    ada.sync();
    let all = lines(&ada);
    assert!(all.iter().any(|(state, text)| state == "warn" && text.contains("clocks differ")), "{all:?}");
    std::fs::remove_dir_all(team.folder.path().join("team.git")).unwrap();
    let all = lines(&ada);
    assert!(
        all.iter().any(|(state, text)| state == "warn" && text.contains("failed to ask the team's repository")),
        "{all:?}"
    );
}
