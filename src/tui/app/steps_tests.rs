//! Composites on the screen: a run is resumed from its failure.

use crate::domain::{Kind, RunId, RunOutcome, Stage, StepTool, StepTools};
use crate::tui::effect::{Effect, RerunExtent};
use crate::tui::pane::Pane;
use crate::tui::pane::output::Phase;
use crate::tui::testing::{Bench, run, tool};
use std::sync::Arc;

/// A workbench that shows the failed run 7 of a tool.
fn with_failed_run(steps: Option<StepTools>) -> Bench {
    let mut bench = Bench::ready(120, 40);
    let mut row = tool("sums", Stage::Experimental);
    row.kind = if steps.is_some() { Kind::Composite } else { Kind::Command };
    row.steps = steps;
    let record = run(7, &row, RunOutcome::Failed);
    bench.app.focus = Pane::Output;
    bench.app.output.open("sums 1.0.0".to_owned(), Some(Arc::new(row)), Phase::Ended(Box::new(record)));
    bench.effects.clear();
    bench
}

#[test]
fn a_key_runs_what_did_not_succeed_of_a_composite_and_nothing_of_another_tool() {
    let step = StepTool { id: "a".to_owned(), tool: "t".to_owned(), fault: None };
    let mut bench = with_failed_run(Some(StepTools { tier: None, steps: vec![step] }));
    assert!(bench.screen().contains("R continue"), "{}", bench.screen());
    bench.press("R");
    let effects = bench.taken();
    assert!(
        matches!(effects.as_slice(), [Effect::Rerun { run: RunId(7), extent: RerunExtent::From(None), .. }]),
        "{effects:?}"
    );
    let mut plain = with_failed_run(None);
    assert!(!plain.screen().contains("R continue"), "{}", plain.screen());
    plain.press("R");
    assert!(plain.screen().contains("this tool has no steps"), "{}", plain.screen());
    assert!(plain.taken().is_empty());
}
