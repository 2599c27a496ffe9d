use super::*;
use serde_json::json;

fn step(id: &str) -> Step {
    Step {
        id: id.into(),
        description: String::new(),
        tool: "t".into(),
        input: None,
        after: None,
        parallel: None,
        when: None,
    }
}

fn fed(id: &str, input: Value) -> Step {
    Step { input: Some(input), ..step(id) }
}

fn after(id: &str, after: &[&str]) -> Step {
    Step { after: Some(after.iter().map(|id| (*id).to_owned()).collect()), ..fed(id, json!({})) }
}

fn of(steps: Vec<Step>) -> Composite {
    Composite { steps, result: None }
}

/// A diamond: a, then b and c in parallel, then d.
fn diamond() -> Composite {
    of(vec![after("a", &[]), after("b", &["a"]), after("c", &["a"]), after("d", &["b", "c"])])
}

use FlowEffect::{Over, Start, Stop};
use StepState::{Cancelled, Failed, NotRun, Reused, Skipped, Succeeded, Waiting};

#[test]
fn a_step_that_says_nothing_waits_for_the_step_before_it() {
    let line = of(vec![step("a"), step("b"), fed("c", json!({"x": 1})), fed("d", json!({"x": "{steps.a.output.n}"}))]);
    assert_eq!(line.needs(), [vec![], vec![0], vec![1], vec![0]]);
    assert_eq!(line.check(), Ok(()));
    let mut conditional = fed("b", json!({}));
    conditional.when = Some("steps.a.output.n > 0 && !has(steps['a'].output.x)".into());
    assert_eq!(of(vec![fed("a", json!({})), conditional]).needs(), [vec![], vec![0]]);
    assert_eq!(of(vec![after("a", &[]), after("b", &[])]).needs(), [Vec::<usize>::new(), vec![]]);
}

#[test]
fn neighbours_of_one_group_start_together_and_what_follows_waits_for_all() {
    let member = |id: &str, group: &str| Step { parallel: Some(group.into()), ..step(id) };
    let pairs = of(vec![
        step("a"),
        member("b", "x"),
        member("c", "x"),
        member("d", "y"),
        member("e", "y"),
        step("f"),
        step("g"),
    ]);
    assert_eq!(pairs.needs(), [vec![], vec![0], vec![0], vec![1, 2], vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(
        (0..7).map(|at| pairs.feeder(at)).collect::<Vec<_>>(),
        [None, Some(0), Some(0), Some(2), Some(2), Some(4), Some(5)]
    );
    let mut flow = Flow::new(&of(vec![member("a", "x"), member("b", "x"), step("c")]));
    assert_eq!(flow.begin(), [Start(0), Start(1)]);
    assert_eq!(flow.apply(FlowEvent::Succeeded(1)), []);
    assert_eq!(flow.apply(FlowEvent::Succeeded(0)), [Start(2)]);
    let apart = of(vec![member("a", "x"), step("b"), member("c", "x")]);
    assert_eq!(apart.needs(), [vec![], vec![0], vec![1]], "only neighbours are one group");
    let named =
        of(vec![step("a"), step("b"), Step { parallel: Some("x".into()), ..after("c", &["a"]) }, member("d", "x")]);
    assert_eq!(named.needs(), [vec![], vec![0], vec![0], vec![1]], "what a step names itself counts for it alone");
}

#[test]
fn the_inputs_that_placeholders_name_are_told_in_order() {
    let steps = of(vec![fed("a", json!({"x": "{input.b.0}", "y": ["{input.a} and {input.b}"]})), step("b")]);
    let with_result = Composite { result: Some(json!({"r": "{input.c}", "s": "{input}"})), ..steps };
    assert_eq!(with_result.inputs(), ["b", "a", "c"]);
}

#[test]
fn what_can_never_be_carried_out_is_named() {
    let unknown = |place: &str, wanted: &str| {
        Err(CompositeError::UnknownStep { place: place.to_owned(), wanted: wanted.to_owned() })
    };
    assert_eq!(of(vec![]).check(), Err(CompositeError::NoSteps));
    assert_eq!(of(vec![step("a"); 101]).check(), Err(CompositeError::TooMany(101)));
    assert_eq!(of(vec![step("a b")]).check(), Err(CompositeError::BadName("a b".into())));
    assert_eq!(of(vec![step("a"), step("a")]).check(), Err(CompositeError::Twice("a".into())));
    assert_eq!(of(vec![Step { tool: " ".into(), ..step("a") }]).check(), Err(CompositeError::NoTool("a".into())));
    assert_eq!(of(vec![after("a", &["z"])]).check(), unknown("step a", "z"));
    assert_eq!(of(vec![fed("a", json!(["{steps.q.output}"]))]).check(), unknown("step a", "q"));
    let result = Composite { result: Some(json!("{steps.q.output}")), ..of(vec![step("a")]) };
    assert_eq!(result.check(), unknown("the result", "q"));
    let circle = of(vec![after("a", &[]), after("b", &["c"]), after("c", &["b"]), after("d", &["c"])]);
    assert_eq!(circle.check(), Err(CompositeError::Cycle("b, c, d".into())));
    assert_eq!(of(vec![after("a", &["a"])]).check(), Err(CompositeError::Cycle("a".into())));
}

#[test]
fn branches_run_side_by_side_and_meet_again() {
    let mut flow = Flow::new(&diamond());
    assert_eq!(flow.begin(), [Start(0)]);
    assert_eq!(flow.apply(FlowEvent::Succeeded(0)), [Start(1), Start(2)]);
    assert_eq!(flow.apply(FlowEvent::Succeeded(2)), []);
    assert_eq!(flow.apply(FlowEvent::Succeeded(1)), [Start(3)]);
    assert_eq!(flow.apply(FlowEvent::Succeeded(3)), [Over(FlowEnd::Succeeded)]);
}

#[test]
fn after_a_failed_step_the_rest_is_not_run_and_what_runs_ends() {
    let mut flow = Flow::new(&diamond());
    flow.begin();
    flow.apply(FlowEvent::Succeeded(0));
    assert_eq!(flow.apply(FlowEvent::Failed(1)), []);
    assert_eq!(flow.apply(FlowEvent::Succeeded(2)), [Over(FlowEnd::Failed(1))]);
    assert_eq!(flow.states(), [Succeeded, Failed, Succeeded, NotRun]);
    assert_eq!(flow.apply(FlowEvent::Succeeded(1)), [], "an end comes once");
    assert_eq!(flow.apply(FlowEvent::Cancel), []);
}

#[test]
fn a_skipped_step_is_done() {
    let mut flow = Flow::new(&of(vec![step("a"), step("b")]));
    flow.begin();
    assert_eq!(flow.apply(FlowEvent::Skipped(0)), [Start(1)]);
    assert_eq!(flow.apply(FlowEvent::Succeeded(1)), [Over(FlowEnd::Succeeded)]);
}

#[test]
fn cancelling_stops_what_runs_and_starts_nothing() {
    let mut flow = Flow::new(&diamond());
    flow.begin();
    flow.apply(FlowEvent::Succeeded(0));
    assert_eq!(flow.apply(FlowEvent::Cancel), [Stop(1), Stop(2)]);
    assert_eq!(flow.apply(FlowEvent::StepCancelled(1)), []);
    assert_eq!(flow.apply(FlowEvent::Succeeded(2)), [Over(FlowEnd::Cancelled)]);
    assert_eq!(flow.states(), [Succeeded, Cancelled, Succeeded, NotRun]);
}

#[test]
fn only_so_many_steps_run_at_the_same_time() {
    let wide = of((0..10).map(|n| after(&format!("s{n}"), &[])).collect());
    let mut flow = Flow::new(&wide);
    assert_eq!(flow.begin().len(), MOST_AT_ONCE);
    assert_eq!(flow.apply(FlowEvent::Succeeded(0)), [Start(MOST_AT_ONCE)]);
}

#[test]
fn from_a_step_everything_that_waits_for_it_runs_again_and_the_rest_is_reused() {
    let all = [Recorded::Output; 4];
    let states = |from, recorded: &[Recorded]| Flow::again(&diamond(), from, recorded).states().to_vec();
    assert_eq!(states(Some(1), &all), [Reused, Waiting, Reused, Waiting]);
    assert_eq!(states(None, &all), [Reused; 4]);
    let lost = [Recorded::Output, Recorded::Skipped, Recorded::Nothing, Recorded::Output];
    assert_eq!(states(None, &lost), [Reused, Skipped, Waiting, Waiting]);
    assert_eq!(states(Some(3), &[]), [Waiting; 4]);
    let mut flow = Flow::again(&diamond(), Some(3), &all);
    assert_eq!(flow.begin(), [Start(3)]);
    assert_eq!(Flow::again(&diamond(), None, &all).begin(), [Over(FlowEnd::Succeeded)]);
}

fn map(template: &Value) -> Result<Option<Value>, MappingError> {
    let outputs = [
        ("a".to_owned(), StepOutput::Value(json!({"rows": [{"n": 1}, {"n": 2}], "text": "x"}))),
        ("gone".to_owned(), StepOutput::Skipped),
    ];
    filled(template, &json!({"n": 3, "who": "Ada", "deep": {"x": [7]}}), &outputs.into_iter().collect())
}

#[test]
fn values_keep_their_type_and_stand_in_texts_as_text() {
    for (template, wanted) in [
        (json!("{input.n}"), json!(3)),
        (json!("{input.deep.x.0}"), json!(7)),
        (json!("{steps.a.output.rows.1.n}"), json!(2)),
        (json!("{steps.a.output.rows}"), json!([{"n": 1}, {"n": 2}])),
        (json!("{input.who} has {input.n}: {steps.a.output.rows.0}"), json!("Ada has 3: {\"n\":1}")),
        (
            json!({"a": [1, "{input.n}", true], "b": "{x} {} { {input.who}"}),
            json!({"a": [1, 3, true], "b": "{x} {} { Ada"}),
        ),
        (json!("{{input.n}} and {input.n}"), json!("{input.n} and 3")),
        (json!("{{steps.a.output}}"), json!("{steps.a.output}")),
        (json!("{\"a\": {\"b\": \"{input.who}\"}}"), json!("{\"a\": {\"b\": \"Ada\"}}")),
    ] {
        assert_eq!(map(&template), Ok(Some(wanted)), "{template}");
    }
}

#[test]
fn what_is_not_given_is_left_out_and_what_cannot_be_there_is_an_error() {
    assert_eq!(map(&json!({"x": "{input.none}", "y": "{steps.gone.output}", "z": 1})), Ok(Some(json!({"z": 1}))));
    assert_eq!(map(&json!(["{input.none}", 1])), Ok(Some(json!([1]))));
    assert_eq!(map(&json!("{input.none}!")), Err(MappingError::Absent("input.none".into())));
    let wrong = MappingError::NoSuchValue("steps.a.output.cols".into());
    assert_eq!(map(&json!({"x": "{steps.a.output.cols}"})), Err(wrong));
}

/// Text of another tool stays text: placeholders in it are not replaced.
#[test]
fn a_value_that_looks_like_a_placeholder_stays_what_it_is() {
    let outputs = [("a".to_owned(), StepOutput::Value(json!("{input.secret}")))].into_iter().collect();
    let input = json!({"secret": "s"});
    assert_eq!(filled(&json!("{steps.a.output}"), &input, &outputs), Ok(Some(json!("{input.secret}"))));
    assert_eq!(filled(&json!("<{steps.a.output}>"), &input, &outputs), Ok(Some(json!("<{input.secret}>"))));
}
