use super::super::answer::{Fault, Unusable};
use super::*;
use crate::domain::{CheckState, Digest, Tally};
use proptest::prelude::*;

fn plan(generators: &[&str]) -> EvolutionPlan {
    EvolutionPlan { generators: generators.iter().map(|name| (*name).to_owned()).collect(), ..EvolutionPlan::default() }
}

fn id(round: u32, lane: u32) -> LaneId {
    LaneId { round, lane }
}

fn verdict(blocking: usize, weight: u32) -> VerdictSummary {
    let tally = Tally { state: CheckState::Passed, ended: 1, total: 1, failed: 0, warned: 0, passed: 1 };
    VerdictSummary { tally, blocking: vec!["tests".to_owned(); blocking], failed_tests: 0, weight }
}

fn answered(at: LaneId, attempt: u32) -> EvolutionEvent {
    let read = Ok(vec![FileNote { path: "a.py".into(), digest: Digest::of_bytes(b"a"), bytes: 1 }]);
    let usage = Usage { input_tokens: Some(10), output_tokens: None, cost_micros: Some(3) };
    let digest = |text: &[u8]| Digest::of_bytes(text);
    let answer = digest(format!("{at:?}").as_bytes());
    EvolutionEvent::Answered { at, attempt, prompt: digest(b"p"), answer, read, usage, took_ms: 5 }
}

/// The answer of the previous round, repeated.
fn repeated(at: LaneId, attempt: u32) -> EvolutionEvent {
    let before = answered(id(at.round - 1, at.lane), attempt);
    let EvolutionEvent::Answered { prompt, answer, read, usage, took_ms, .. } = before else { unreachable!() };
    EvolutionEvent::Answered { at, attempt, prompt, answer, read, usage, took_ms }
}

fn unusable(at: LaneId, attempt: u32) -> EvolutionEvent {
    let EvolutionEvent::Answered { prompt, answer, usage, took_ms, .. } = answered(at, attempt) else { unreachable!() };
    let read = Err(Unusable { fault: Fault::NoCode, why: "no code".into(), shown: "hm".into() });
    EvolutionEvent::Answered { at, attempt, prompt, answer, read, usage, took_ms }
}

fn examined(at: LaneId, verdict: VerdictSummary, replay: ReplaySummary) -> EvolutionEvent {
    EvolutionEvent::Examined { at, verdict, replay, took_ms: 7 }
}

fn troubled(at: LaneId, attempt: u32, trouble: Trouble, retry_after_ms: Option<u64>) -> EvolutionEvent {
    let message = "no".to_owned();
    EvolutionEvent::Troubled { at, attempt, trouble, message, retry_after_ms, usage: Usage::default(), took_ms: 1 }
}

fn run(plan: EvolutionPlan, events: Vec<EvolutionEvent>) -> (EvolutionProgress, Vec<Vec<EvolutionEffect>>) {
    let mut all = Vec::new();
    let mut course = EvolutionProgress::new(plan);
    for event in events {
        let (next, effects) = course.step(event);
        course = next;
        all.push(effects);
    }
    (course, all)
}

fn ask(at: LaneId, attempt: u32, generator: &str, after: After) -> EvolutionEffect {
    EvolutionEffect::Ask { at, attempt, generator: generator.to_owned(), after }
}

#[test]
fn wrong_twice_then_right_takes_three_rounds_and_the_good_one_is_the_best() {
    let bad = ReplaySummary { chosen: 1, ..ReplaySummary::default() };
    let good = ReplaySummary { fixed: 1, chosen: 1, chosen_fixed: 1, ..ReplaySummary::default() };
    let (course, effects) = run(
        plan(&["local"]),
        vec![
            EvolutionEvent::Began,
            unusable(id(1, 0), 1),
            answered(id(2, 0), 1),
            examined(id(2, 0), verdict(1, 9), bad),
            answered(id(3, 0), 1),
            examined(id(3, 0), verdict(0, 3), good),
        ],
    );
    let EvolutionEvent::Answered { read: Err(why), .. } = unusable(id(1, 0), 1) else { unreachable!() };
    let expected = vec![
        vec![ask(id(1, 0), 1, "local", After::Nothing)],
        vec![ask(id(2, 0), 1, "local", After::Unusable { at: id(1, 0), unusable: why, best: None })],
        vec![EvolutionEffect::Examine { at: id(2, 0) }],
        vec![ask(id(3, 0), 1, "local", After::Examined { at: id(2, 0) })],
        vec![EvolutionEffect::Examine { at: id(3, 0) }],
        vec![EvolutionEffect::Finish { end: End::Good { best: id(3, 0) } }],
    ];
    assert_eq!(effects, expected);
    assert_eq!(course.usage(), Usage { input_tokens: Some(30), output_tokens: None, cost_micros: Some(9) });
    assert_eq!(course.lane(id(3, 0)).unwrap().took_ms, 12);
}

#[test]
fn the_first_good_answer_ends_it() {
    let events =
        vec![EvolutionEvent::Began, answered(id(1, 0), 1), examined(id(1, 0), verdict(0, 3), ReplaySummary::default())];
    let (course, _) = run(plan(&["a"]), events);
    assert_eq!((course.end, course.rounds.len()), (Some(End::Good { best: id(1, 0) }), 1));
}

#[test]
fn at_the_limit_the_best_round_is_kept_and_of_equals_the_earlier() {
    let round = |number, broken, blocking, weight| {
        let replay = ReplaySummary { broken, ..ReplaySummary::default() };
        [answered(id(number, 0), 1), examined(id(number, 0), verdict(blocking, weight), replay)]
    };
    let with = |rounds: [[EvolutionEvent; 2]; 3]| {
        let events = [EvolutionEvent::Began].into_iter().chain(rounds.into_iter().flatten()).collect();
        run(plan(&["a"]), events).0.end
    };
    let spent = |round| Some(End::Spent { best: Some(id(round, 0)) });
    assert_eq!(with([round(1, 1, 0, 0), round(2, 0, 5, 90), round(3, 2, 0, 0)]), spent(2));
    assert_eq!(with([round(1, 0, 2, 0), round(2, 0, 1, 90), round(3, 0, 1, 80)]), spent(3));
    assert_eq!(with([round(1, 0, 1, 5), round(2, 0, 1, 5), round(3, 0, 1, 5)]), spent(1));
}

#[test]
fn a_chosen_failure_that_is_left_wants_another_round() {
    let replay = ReplaySummary { same: 1, chosen: 1, ..ReplaySummary::default() };
    let (course, _) = run(
        plan(&["a"]),
        vec![EvolutionEvent::Began, answered(id(1, 0), 1), examined(id(1, 0), verdict(0, 0), replay)],
    );
    assert_eq!((course.rounds.len(), course.end), (2, None));
}

#[test]
fn trouble_that_passes_is_waited_out_with_growing_delays() {
    let at = id(1, 0);
    let (course, effects) = run(
        plan(&["a"]),
        vec![
            EvolutionEvent::Began,
            troubled(at, 1, Trouble::Busy, Some(7000)),
            EvolutionEvent::Waited { at, attempt: 2 },
            troubled(at, 2, Trouble::CutStream, None),
            EvolutionEvent::Waited { at, attempt: 3 },
            troubled(at, 3, Trouble::Busy, Some(60_000)),
            EvolutionEvent::Waited { at, attempt: 4 },
            troubled(at, 4, Trouble::TimedOut, None),
        ],
    );
    let delays: Vec<u64> = effects
        .iter()
        .flatten()
        .filter_map(|effect| match effect {
            EvolutionEffect::Wait { delay_ms, .. } => Some(*delay_ms),
            _ => None,
        })
        .collect();
    assert_eq!(delays, [7000, 2000, 60_000]);
    assert_eq!(course.end, Some(End::Failed { message: "a: no (after 4 attempts)".into(), best: None }));
    assert_eq!(course.rounds[0].lanes[0].troubles.len(), 4);
}

#[test]
fn a_wait_of_more_than_a_minute_is_said_at_once() {
    let wait = troubled(id(1, 0), 1, Trouble::Busy, Some(1_200_000));
    let (course, effects) = run(plan(&["a"]), vec![EvolutionEvent::Began, wait]);
    assert!(!effects.iter().flatten().any(|effect| matches!(effect, EvolutionEffect::Wait { .. })));
    let message = "a: no; it accepts requests again in 20m".to_owned();
    assert_eq!(course.end, Some(End::Failed { message, best: None }));
}

#[test]
fn a_refusal_ends_it_at_once_with_its_message() {
    let (course, _) = run(plan(&["a"]), vec![EvolutionEvent::Began, troubled(id(1, 0), 1, Trouble::Refused, None)]);
    assert_eq!(course.end, Some(End::Failed { message: "a: no".into(), best: None }));
    assert_eq!(
        run(plan(&[]), vec![EvolutionEvent::Began]).0.end,
        Some(End::Failed { message: "no generator was chosen".into(), best: None })
    );
}

#[test]
fn variants_are_compared_and_who_refuses_takes_no_further_part() {
    let (course, effects) = run(
        EvolutionPlan { rounds: 2, ..plan(&["a", "b", "b"]) },
        vec![
            EvolutionEvent::Began,
            troubled(id(1, 0), 1, Trouble::Refused, None),
            unusable(id(1, 1), 1),
            answered(id(1, 2), 1),
            examined(id(1, 2), verdict(1, 0), ReplaySummary::default()),
            answered(id(2, 0), 1),
            answered(id(2, 1), 1),
            examined(id(2, 1), verdict(0, 9), ReplaySummary::default()),
            examined(id(2, 0), verdict(0, 3), ReplaySummary::default()),
        ],
    );
    assert_eq!(effects[0].len(), 3);
    let EvolutionEffect::Ask { generator, after: After::Unusable { at, .. }, .. } = &effects[4][0] else {
        panic!("{effects:?}")
    };
    assert_eq!((generator.as_str(), *at), ("b", id(1, 1)));
    assert_eq!(effects[4][1], ask(id(2, 1), 1, "b", After::Examined { at: id(1, 2) }));
    assert_eq!(course.end, Some(End::Good { best: id(2, 0) }));
}

#[test]
fn who_repeats_an_answer_is_not_asked_again() {
    let events = vec![
        EvolutionEvent::Began,
        answered(id(1, 0), 1),
        examined(id(1, 0), verdict(1, 0), ReplaySummary::default()),
        repeated(id(2, 0), 1),
    ];
    let (course, _) = run(plan(&["a"]), events);
    let message = "a: same answer as in round 1, so the generator is not asked again".to_owned();
    assert_eq!(course.end, Some(End::Failed { message, best: Some(id(1, 0)) }));
    // The other lanes continue.
    let events = vec![
        EvolutionEvent::Began,
        unusable(id(1, 0), 1),
        unusable(id(1, 1), 1),
        repeated(id(2, 0), 1),
        answered(id(2, 1), 1),
        examined(id(2, 1), verdict(1, 0), ReplaySummary::default()),
    ];
    let (course, effects) = run(plan(&["a", "b"]), events);
    let [EvolutionEffect::Ask { generator, .. }] = effects[5].as_slice() else { panic!("{effects:?}") };
    assert_eq!((generator.as_str(), course.rounds.len()), ("b", 3));
}

#[test]
fn what_was_under_way_when_it_was_stopped_is_stopped_too() {
    let events = vec![
        EvolutionEvent::Began,
        troubled(id(1, 0), 1, Trouble::CutStream, None),
        answered(id(1, 1), 1),
        EvolutionEvent::Stopped,
    ];
    let (course, _) = run(plan(&["a", "b", "c"]), events);
    let states: Vec<LaneState> = course.rounds[0].lanes.iter().map(|lane| lane.state.clone()).collect();
    let failed = |name: &str| LaneState::Failed(format!("{name}: stopped"));
    assert_eq!(states, [failed("a"), LaneState::NotExamined("stopped".to_owned()), failed("c")]);
}

#[test]
fn a_round_says_which_chosen_failure_is_still_there() {
    let left = |chosen, chosen_fixed, still_fails| {
        ReplaySummary { chosen, chosen_fixed, still_fails, ..ReplaySummary::default() }.unfixed()
    };
    let run = Some(crate::domain::RunId(4));
    assert_eq!(left(2, 2, None), None);
    assert_eq!(left(1, 0, run).as_deref(), Some("run 4 still fails"));
    assert_eq!(left(3, 1, run).as_deref(), Some("run 4 and 1 more still fail"));
    assert_eq!(left(2, 1, None).as_deref(), Some("1 chosen run still fails"));
}

#[test]
fn stop_ends_it_at_any_time_with_the_best_so_far() {
    let events = vec![
        EvolutionEvent::Began,
        answered(id(1, 0), 1),
        examined(id(1, 0), verdict(2, 0), ReplaySummary::default()),
        EvolutionEvent::Stopped,
    ];
    let (course, effects) = run(plan(&["a"]), events);
    let end = End::Stopped { best: Some(id(1, 0)) };
    assert_eq!(
        (effects.last().unwrap().as_slice(), course.end.clone()),
        ([EvolutionEffect::Finish { end: end.clone() }].as_slice(), Some(end))
    );
    let (after, effects) = course.clone().step(answered(id(2, 0), 1));
    assert_eq!((after, effects), (course, Vec::new()));
}

#[test]
fn what_was_under_way_is_named_again_after_the_program_died() {
    let at = id(1, 0);
    let mut course = EvolutionProgress::new(plan(&["a", "b", "c"]));
    assert_eq!(course.resume(), []);
    for event in [EvolutionEvent::Began, troubled(id(1, 1), 1, Trouble::Broke, None), answered(id(1, 2), 1)] {
        course = course.step(event).0;
    }
    let kept = serde_json::to_string(&course).unwrap();
    let read: EvolutionProgress = serde_json::from_str(&kept).unwrap();
    assert_eq!(read, course);
    let expected = [
        ask(at, 1, "a", After::Nothing),
        EvolutionEffect::Wait { at: id(1, 1), attempt: 2, delay_ms: 1000 },
        EvolutionEffect::Examine { at: id(1, 2) },
    ];
    assert_eq!(read.resume(), expected);
}

#[test]
fn what_comes_late_or_twice_changes_nothing() {
    let at = id(1, 0);
    let (course, _) = run(
        plan(&["a"]),
        vec![EvolutionEvent::Began, troubled(at, 1, Trouble::Broke, None), EvolutionEvent::Waited { at, attempt: 2 }],
    );
    for late in [
        answered(at, 1),
        EvolutionEvent::Waited { at, attempt: 2 },
        EvolutionEvent::Began,
        answered(id(2, 0), 1),
        answered(id(0, 0), 1),
        examined(at, verdict(0, 0), ReplaySummary::default()),
    ] {
        let (after, effects) = course.clone().step(late);
        assert_eq!((&after, effects), (&course, Vec::new()));
    }
}

#[test]
fn failed_tests_are_counted_by_the_note_of_the_check() {
    use crate::domain::{CheckReport, Finding, Instant, Severity, Verdict};
    let finding = Finding::new("unmet", Severity::High, "x");
    let verdict = Verdict::of(
        vec![
            CheckReport::of("tests", vec![finding.clone()]).noted("6 of 13 passed"),
            CheckReport::of("examples", vec![finding.clone()]).noted("odd"),
            CheckReport::of("syntax", vec![finding]),
        ],
        None,
        Instant(0),
    );
    let summary = VerdictSummary::of(&verdict, Vec::new());
    assert_eq!((summary.failed_tests, summary.weight), (8, 27));
}

fn any_event() -> impl Strategy<Value = EvolutionEvent> {
    let at = || (1_u32..5, 0_u32..3).prop_map(|(round, lane)| id(round, lane));
    let trouble = prop::sample::select(Trouble::ALL.to_vec());
    let numbers = (0_u32..3, 0_u32..3, 0_u32..3, 0_u32..3);
    prop_oneof![
        1 => Just(EvolutionEvent::Began),
        6 => (at(), 1_u32..4).prop_map(|(at, attempt)| answered(at, attempt)),
        3 => (at(), 1_u32..4).prop_map(|(at, attempt)| unusable(at, attempt)),
        2 => (at(), 1_u32..4, trouble).prop_map(|(at, attempt, trouble)| troubled(at, attempt, trouble, None)),
        3 => (at(), 1_u32..4).prop_map(|(at, attempt)| EvolutionEvent::Waited { at, attempt }),
        6 => (at(), numbers).prop_map(|(at, (blocking, weight, broken, chosen))| {
            examined(at, verdict(blocking as usize, weight), ReplaySummary { broken, chosen, ..ReplaySummary::default() })
        }),
        1 => at().prop_map(|at| EvolutionEvent::NotExamined { at, message: "no".into(), took_ms: 0 }),
    ]
}

proptest! {
    #[test]
    fn any_sequence_of_events_keeps_the_promises(
        rounds in 0_u32..5,
        lanes in 0_usize..4,
        tries in 0_u32..3,
        events in prop::collection::vec(prop_oneof![60 => any_event(), 1 => Just(EvolutionEvent::Stopped)], 0..80),
    ) {
        let plan = EvolutionPlan { rounds, tries, ..plan(&["a", "b", "c"][..lanes.min(3)]) };
        let most = rounds.clamp(1, MOST) as usize;
        let mut course = EvolutionProgress::new(plan);
        let mut ends = 0;
        for event in [EvolutionEvent::Began].into_iter().chain(events) {
            let was_over = course.is_over();
            let (next, effects) = course.clone().step(event);
            prop_assert!(next.rounds.len() <= most);
            let finished = effects.iter().filter(|effect| matches!(effect, EvolutionEffect::Finish { .. })).count();
            ends += finished;
            prop_assert!(!was_over || effects.is_empty() && next == course);
            prop_assert_eq!(finished == 1, !was_over && next.is_over());
            prop_assert!(finished == 0 || effects.len() == 1);
            let named_again = next.resume();
            prop_assert!(next.is_over() || !named_again.is_empty());
            prop_assert!(!next.is_over() || named_again.is_empty());
            prop_assert!(effects.iter().all(|effect| finished == 1 || named_again.contains(effect)));
            if let Some(best) = next.best() {
                let score = next.lane(best).unwrap().score().unwrap();
                prop_assert!(next.lanes().filter_map(|(_, lane)| lane.score()).all(|other| score <= other));
            }
            let kept = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(&serde_json::from_str::<EvolutionProgress>(&kept).unwrap(), &next);
            course = next;
        }
        prop_assert_eq!(ends, usize::from(course.is_over()));
    }
}
