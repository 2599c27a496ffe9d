//! Effects of keys and answers while tools are called by scenario, and the display.

use super::tests::snapshot_sizes;
use crate::domain::{RunOutcome, Stage};
use crate::engine::{CallOutcome, CallReport, Candidate, Candidates, LeftOut};
use crate::tui::effect::{CallStep, Effect};
use crate::tui::msg::{Answer, Called, StartedAttempt};
use crate::tui::testing::{Bench, name, run, tool};
use std::sync::Arc;

fn candidates() -> Candidates {
    let mut found = Candidates::default();
    let why = "(0.62 - 0) x 0.5 = 0.31: translate (name), french (tags); quality: not scored yet";
    for (tool, why) in
        [("offline_translator", format!("succeeded last time; {why}")), ("nmt_translator", why.to_owned())]
    {
        found.candidates.push(Candidate { why, ..Candidate::ordinary(tool) });
    }
    let why = "its cost tier is prohibited".to_owned();
    found.left_out.push(LeftOut {
        tool: name("cloud_translator"),
        path: "tools/x.toml".to_owned(),
        why,
        refused: false,
        needs_permit: false,
    });
    found
}

/// The ticket and step of the requested call.
fn asked(bench: &mut Bench) -> Option<(u64, CallStep)> {
    bench.taken().into_iter().find_map(|effect| match effect {
        Effect::Call { ticket, step, .. } => Some((ticket, step)),
        _ => None,
    })
}

fn came(bench: &mut Bench, called: Called) {
    bench.answer(Answer::Called(Box::new(called)));
}

fn looked(width: u16, height: u16) -> Bench {
    let mut bench = Bench::ready(width, height);
    bench.press("Q").type_text("translate english to french").press("tab").type_text("translation");
    bench.press("tab").type_text("text=Hello world").press("enter");
    let (ticket, step) = asked(&mut bench).unwrap();
    assert_eq!(step, CallStep::Look);
    came(&mut bench, Called::Candidates { ticket: ticket + 7, found: Ok(Candidates::default()) });
    came(&mut bench, Called::Candidates { ticket, found: Ok(candidates()) });
    bench
}

fn report(outcome: CallOutcome) -> CallReport {
    CallReport {
        scenario: "translate".to_owned(),
        tags: vec![],
        outcome,
        tool: (outcome == CallOutcome::Answered).then(|| name("two")),
        instance: None,
        answer: None,
        attempts: vec![],
        candidates: candidates(),
        hint: String::new(),
    }
}

#[test]
fn the_form_shows_who_would_be_tried_before_it_calls() {
    snapshot_sizes("call_form", looked);
    let mut bench = looked(100, 30);
    bench.press("enter");
    assert_eq!(asked(&mut bench).map(|(_, step)| step), Some(CallStep::Begin));
}

#[test]
fn each_attempt_is_a_run_in_a_tab_and_the_end_is_said() {
    let mut bench = looked(100, 30);
    bench.press("enter");
    for (number, id) in [(1, 41), (2, 42)] {
        let tool = Arc::new(tool("csv-stats", Stage::Approved));
        let run = Box::new(run(id, &tool, RunOutcome::Running));
        came(&mut bench, Called::Attempt(Box::new(StartedAttempt { number, run, tool })));
    }
    let screen = bench.screen();
    assert!(screen.contains("1: csv-stats") && screen.contains("2: csv-stats"), "{screen}");
    came(&mut bench, Called::Over(Ok(report(CallOutcome::Answered))));
    assert!(bench.screen().contains("two succeeded after 0 attempts"), "{}", bench.screen());
    came(&mut bench, Called::Over(Ok(report(CallOutcome::AllFailed))));
    assert!(bench.screen().contains("e: request a better version"), "{}", bench.screen());
}

#[test]
fn a_search_asks_for_words() {
    let mut bench = Bench::ready(100, 30);
    bench.press(":").type_text("search").press("enter").type_text("json files").press("enter");
    let words = bench.taken().into_iter().find_map(|effect| match effect {
        Effect::Query(call) if call.verb() == "search" => call.get("words").map(str::to_owned),
        _ => None,
    });
    assert_eq!(words.as_deref(), Some("json files"));
}
