//! Effects of keys and answers during evolutions, and the display.

use super::tests::snapshot_sizes;
use crate::domain::{
    Digest, Evolution, EvolutionId, EvolutionState, EvolveAsked, ExaminedAnswer, FailureKind, Outcome, ReplayOutcome,
    Replayed, ReviewId, RunId, Stage, VersionFile,
};
use crate::engine::{
    Change, EngineError, ErrorCode, EvolutionDetail, EvolutionPlan, EvolutionProgress, Lane, LaneId, LaneState,
    ReplaySummary, Round, Usage, VerdictSummary,
};
use crate::tui::effect::{Effect, Ending, Evolving, Sending};
use crate::tui::msg::{Answer, Evolved, Msg, RoundAnswer, Rounds};
use crate::tui::overlay::Overlay;
use crate::tui::screen::Screen;
use crate::tui::testing::{Bench, ago, files, review, tool, verdict};
use crate::tui::widget::{Blanks, DiffText};
use serde_json::json;

const ID: EvolutionId = EvolutionId(3);
const FIRST: LaneId = LaneId { round: 1, lane: 0 };
const SECOND: LaneId = LaneId { round: 2, lane: 0 };

fn row(state: EvolutionState) -> Evolution {
    let is_over = !matches!(state, EvolutionState::Running | EvolutionState::Interrupted);
    let divide = tool("divide", Stage::Approved);
    Evolution {
        id: ID,
        tool: divide.name.clone(),
        version: divide.version.clone(),
        digest: divide.digest,
        path: divide.path,
        asked: EvolveAsked {
            hint: "divide by\u{202e} zero".to_owned(),
            failures: vec![RunId(7)],
            generators: vec!["local".to_owned()],
            rounds: 3,
            ..EvolveAsked::default()
        },
        bundle: Digest([2; 32]),
        who: "Ada".to_owned(),
        state,
        message: if is_over { format!("{state} after 2 rounds") } else { String::new() },
        course: json!({}),
        owner: String::new(),
        stop_asked: false,
        started_at: ago(2),
        ended_at: is_over.then(|| ago(1)),
        review: None,
        made: None,
        failure_kind: FailureKind::Crash,
        mutation: None,
    }
}

fn lane(state: LaneState) -> Lane {
    Lane {
        generator: "local".to_owned(),
        state,
        troubles: vec![],
        prompt: None,
        answer: None,
        files: vec![],
        usage: Usage { input_tokens: Some(2100), output_tokens: Some(340), cost_micros: Some(12_300) },
        took_ms: 4_200,
    }
}

fn examined(failed: &[&str], replay: ReplaySummary) -> LaneState {
    let blocking = failed.iter().map(|name| (*name).to_owned()).collect();
    LaneState::Examined { verdict: VerdictSummary::of(&verdict(failed), blocking), replay }
}

fn replayed(outcome: ReplayOutcome, run: i64, after: &str) -> Replayed {
    Replayed {
        run: RunId(run),
        outcome,
        chosen: outcome == ReplayOutcome::Fixed,
        input: "{\"a\": 1, \"b\": 0}".to_owned(),
        before: "failed, exit code 1\nZeroDivisionError: division by zero".to_owned(),
        after: after.to_owned(),
        difference: "-ZeroDivisionError\n+{\"error\": \"b is 0\"}".to_owned(),
    }
}

fn answer(at: LaneId) -> RoundAnswer {
    let text = "Here it is.\n\u{1b}[2Jprint(1)\n".to_owned();
    let before = files();
    let mut after = files();
    after[0] = VersionFile { bytes: b"print('other')\n".to_vec(), ..after[0].clone() };
    RoundAnswer { at, text: Some(text), compared: Some(DiffText::between(&before, &after, Blanks::Count)) }
}

/// The first round fails a check; the second is as given.
fn rounds(state: EvolutionState, second: LaneState) -> Box<Rounds> {
    let broken = ReplaySummary { broken: 1, fixed: 1, ..ReplaySummary::default() };
    let one = |round: u32, failed: &[&str], replay: Vec<Replayed>| ExaminedAnswer {
        round,
        lane: 0,
        digest: Digest([7 + round as u8; 32]),
        version: semver::Version::new(1, 1, 0),
        step: "1.1.0 (minor): a new feature was requested; the schemas are unchanged".to_owned(),
        verdict: verdict(failed),
        replay,
    };
    let first = one(
        1,
        &["behaviour"],
        vec![
            replayed(ReplayOutcome::Broken, 9, "failed, exit code 2\nb is\u{202e} 0"),
            replayed(ReplayOutcome::Fixed, 7, "succeeded\n{\"error\": \"b is 0\"}"),
        ],
    );
    let mut found = vec![first];
    let mut answers = vec![answer(FIRST)];
    if matches!(second, LaneState::Examined { .. }) {
        found.push(one(2, &[], vec![replayed(ReplayOutcome::Fixed, 7, "succeeded\n{\"error\": \"b is 0\"}")]));
        answers.push(answer(SECOND));
    }
    let mut course =
        EvolutionProgress::new(EvolutionPlan { generators: vec!["local".to_owned()], ..EvolutionPlan::default() });
    let states = [examined(&["behaviour"], broken), second];
    course.rounds = (1..).zip(states).map(|(number, state)| Round { number, lanes: vec![lane(state)] }).collect();
    Box::new(Rounds { detail: EvolutionDetail { evolution: row(state), course, examined: found }, answers })
}

fn evolved(bench: &mut Bench, came: Evolved) {
    bench.answer(Answer::Evolving(Box::new(came)));
}

/// Opens the evolution, as from the list.
fn open(width: u16, height: u16, found: Box<Rounds>) -> Bench {
    let mut bench = Bench::ready(width, height);
    evolved(&mut bench, Evolved::List(Ok(vec![found.detail.evolution.clone()])));
    bench.press("E enter");
    evolved(&mut bench, Evolved::One { id: ID, found: Ok(found) });
    bench.draw();
    bench.effects.clear();
    bench
}

fn writing() -> Box<Rounds> {
    rounds(EvolutionState::Running, LaneState::Asking { attempt: 1 })
}

fn spent() -> Box<Rounds> {
    let fixed = ReplaySummary { fixed: 1, same: 2, chosen: 1, chosen_fixed: 1, ..ReplaySummary::default() };
    rounds(EvolutionState::Spent, examined(&[], fixed))
}

fn asked(bench: &mut Bench) -> Vec<(u64, Sending)> {
    let asked = bench.taken().into_iter().filter_map(|effect| match effect {
        Effect::Evolve(Evolving::Prepare { ticket, sending, .. }) => Some((ticket, sending)),
        _ => None,
    });
    asked.collect()
}

#[test]
fn a_round_that_is_being_written_is_shown_as_it_is_written() {
    snapshot_sizes("evolution_writing", |width, height| {
        let mut bench = open(width, height, writing());
        let text = (1..20).map(|n| format!("line {n} of \u{1b}[2J the answer")).collect::<Vec<_>>().join("\n");
        evolved(&mut bench, Evolved::Texts { id: ID, texts: vec![(SECOND, text)] });
        bench
    });
}

#[test]
fn a_broken_input_comes_first_with_both_versions_and_the_difference() {
    snapshot_sizes("evolution_broken", |width, height| {
        let mut bench = open(width, height, spent());
        bench.press("[");
        bench
    });
}

#[test]
fn the_form_says_whom_it_asks() {
    snapshot_sizes("evolve_form", |width, height| {
        let mut bench = Bench::ready(width, height);
        bench.press("3 e");
        bench
    });
}

#[test]
fn the_selected_failure_is_told_and_an_error_stays_in_the_form() {
    let mut bench = Bench::ready(80, 24);
    bench.press("3 e");
    let effects = bench.taken();
    let [.., Effect::Evolve(Evolving::Prepare { ticket, request, sending: Sending::Learn })] = effects.as_slice()
    else {
        panic!("{effects:?}");
    };
    assert_eq!((request.tool.as_str(), request.failures.as_slice()), ("divide", &[RunId(7)][..]));
    let error = || Err(EngineError::new(ErrorCode::Failed, "nothing to mend", "name a generator"));
    evolved(&mut bench, Evolved::Prepared { ticket: *ticket, sending: Sending::Learn, asking: error() });
    assert!(bench.screen().contains("nothing to mend · name a generator"), "{}", bench.screen());
    bench.press("ctrl-s");
    let sent = asked(&mut bench);
    let [(ticket, Sending::Send)] = sent.as_slice() else { panic!("{sent:?}") };
    let began = Err(EngineError::new(ErrorCode::Refused, "agents may use the built-in generator only", ""));
    evolved(&mut bench, Evolved::Began { ticket: *ticket, began });
    assert!(bench.screen().contains("agents may use the built-in"), "{}", bench.screen());
}

#[test]
fn what_was_sent_opens_its_rounds_and_a_form_that_was_closed_does_not() {
    let mut bench = Bench::ready(80, 24);
    bench.press("e ctrl-s");
    let sent = asked(&mut bench);
    let (ticket, _) = *sent.last().unwrap();
    evolved(&mut bench, Evolved::Began { ticket, began: Ok(ID) });
    assert!(matches!(&bench.app.screen, Screen::Evolution(screen) if screen.id == ID));
    assert!(bench.app.overlays.is_empty());

    let mut bench = Bench::ready(80, 24);
    bench.press("e ctrl-s");
    let (ticket, _) = *asked(&mut bench).last().unwrap();
    bench.press("esc");
    evolved(&mut bench, Evolved::Began { ticket, began: Ok(ID) });
    assert!(matches!(bench.app.screen, Screen::Workbench), "nothing opens by itself");
    assert!(bench.screen().contains("evolution 3 started"), "{}", bench.screen());
}

#[test]
fn an_old_answer_does_not_reach_a_newer_form() {
    let mut bench = Bench::ready(80, 24);
    bench.press("e");
    let (old, _) = *asked(&mut bench).last().unwrap();
    bench.press("esc e");
    evolved(&mut bench, Evolved::Began { ticket: old, began: Ok(ID) });
    assert!(matches!(bench.app.overlays.last(), Some(Overlay::Evolve(_))));
}

#[test]
fn what_is_written_is_looked_at_ten_times_a_second_and_only_while_it_is_written_and_on_screen() {
    let looks = |bench: &mut Bench| {
        let texts = |effect: &Effect| matches!(effect, Effect::Evolve(Evolving::Texts(_)));
        bench.taken().iter().filter(|effect| texts(effect)).count()
    };
    let mut bench = open(80, 24, writing());
    bench.wait(1_000);
    looks(&mut bench);
    for _ in 0..100 {
        bench.wait(10);
    }
    assert_eq!(looks(&mut bench), 10);
    assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + 100));
    bench.press("esc").wait(1_000);
    assert_eq!(looks(&mut bench), 0, "it is closed");

    let mut bench = open(80, 24, spent());
    bench.wait(1_000);
    assert_eq!(looks(&mut bench), 0, "it has ended");
    assert!(bench.app.next_wake().is_none_or(|at| at > bench.now.steady_ms + 10_000), "nothing wakes it");
}

#[test]
fn an_answer_is_kept_after_the_question_was_read() {
    let mut bench = open(80, 24, spent());
    bench.press("a");
    bench.draw();
    assert!(bench.screen().contains("divide 1.1.0, written by local"), "{}", bench.screen());
    bench.press("y");
    assert!(bench.taken().is_empty(), "that key came before anybody could read it");
    bench.wait(600).press("y");
    let effects = bench.taken();
    assert!(matches!(effects.as_slice(), [Effect::Evolve(Evolving::Keep { id: ID, at: SECOND })]), "{effects:?}");
    let outcome = Outcome {
        operation: None,
        review: Some(ReviewId(2)),
        message: "divide 1.1.0 waits in review 2".into(),
        commit: None,
        detail: json!({}),
    };
    evolved(&mut bench, Evolved::Kept(Ok(outcome)));
    assert!(bench.screen().contains("divide 1.1.0 waits in review 2"), "{}", bench.screen());
}

#[test]
fn a_key_stops_it_and_one_whose_workbench_died_is_resumed() {
    let mut bench = open(80, 24, writing());
    bench.press("a S");
    let effects = bench.taken();
    assert!(matches!(effects.as_slice(), [Effect::Evolve(Evolving::Stop(ID))]), "{effects:?}");
    bench.press("R");
    assert!(bench.taken().is_empty(), "it is still running");

    let mut bench = open(80, 24, rounds(EvolutionState::Interrupted, LaneState::Asking { attempt: 1 }));
    assert!(bench.screen().contains("interrupted: R resume, S end"), "{}", bench.screen());
    bench.press("R");
    assert!(bench.taken().iter().any(|effect| matches!(effect, Effect::Evolve(Evolving::Resume(ID)))));
}

#[test]
fn enter_opens_the_review_of_the_version_and_the_review_knows_its_rounds() {
    let mut found = spent();
    found.detail.evolution.state = EvolutionState::Good;
    found.detail.evolution.review = Some(ReviewId(2));
    let mut bench = open(80, 24, found);
    bench.press("enter");
    let opened = |effect: &Effect| matches!(effect, Effect::LoadReview(ReviewId(2)));
    assert!(bench.taken().iter().any(opened), "the review is read");

    let mut found = spent();
    found.detail.evolution.review = Some(ReviewId(9));
    let mut bench = open(80, 24, found);
    bench.press("enter");
    assert!(bench.taken().iter().any(|effect| matches!(effect, Effect::LoadReviews)), "it is not in the queue yet");
    let late = review(9, &tool("divide", Stage::Approved), crate::domain::ReviewKind::New, crate::domain::Risk::Low);
    bench.answer(Answer::Reviews(Ok(vec![late])));
    assert!(matches!(&bench.app.screen, Screen::Review(screen) if screen.review.id == ReviewId(9)));

    let mut waiting = review(
        2,
        &tool("text-diff-summary", Stage::Experimental),
        crate::domain::ReviewKind::New,
        crate::domain::Risk::Low,
    );
    waiting.request = Some(Box::new(crate::domain::Request {
        kind: crate::domain::RequestKind::Tool,
        tool: Some(waiting.tool.clone()),
        plan: None,
        description: String::new(),
        rationale: String::new(),
        test_results: vec![],
        changes: vec![],
        specification: None,
        successor: None,
        metadata: json!({"evolution": 3}).as_object().cloned().unwrap(),
    }));
    let mut bench = Bench::ready(80, 24);
    bench.answer(Answer::Reviews(Ok(vec![waiting])));
    bench.press("4 enter E");
    assert!(matches!(&bench.app.screen, Screen::Evolution(screen) if screen.id == ID));
}

#[test]
fn the_footer_counts_what_goes_on_and_says_how_it_ended() {
    let mut bench = Bench::ready(80, 24);
    evolved(&mut bench, Evolved::List(Ok(vec![row(EvolutionState::Running)])));
    assert!(bench.screen().contains("1 evolving"), "{}", bench.screen());
    bench.taken();
    bench.send(Msg::Changed(Change::Evolutions));
    assert!(matches!(bench.taken().as_slice(), [Effect::Evolve(Evolving::List)]));
    evolved(&mut bench, Evolved::List(Ok(vec![row(EvolutionState::Good)])));
    let screen = bench.screen();
    assert!(screen.contains("evolution 3 of divide: good") && !screen.contains("1 evolving"), "{screen}");
}

#[test]
fn leaving_asks_while_one_goes_on() {
    let mut bench = Bench::ready(80, 24);
    evolved(&mut bench, Evolved::List(Ok(vec![row(EvolutionState::Running)])));
    bench.taken();
    bench.press("q");
    assert!(bench.taken().is_empty());
    assert!(bench.screen().contains("1 evolution is still active"), "{}", bench.screen());
    bench.wait(600).press("y");
    assert!(matches!(bench.taken().as_slice(), [Effect::Leave(Ending::Quit)]));
}

#[test]
fn a_hint_typed_comes_back_with_the_form() {
    let mut bench = Bench::ready(80, 24);
    bench.press("e").type_text("faster").press("esc e");
    let effects = bench.taken();
    let mut hints = effects.iter().filter_map(|effect| match effect {
        Effect::Evolve(Evolving::Prepare { request, .. }) => Some(request.hint.as_str()),
        _ => None,
    });
    assert_eq!(hints.next_back(), Some("faster"));
}
