//! The catalog for front ends: the result of the scan, joined with the store's facts.

use super::composites;
use super::facts::Facts;
use super::generators;
use super::reserved::reserve;
use crate::domain::{Problem, ProblemCode, Tool, ToolFacts, ToolState};
use crate::engine::view::{CatalogState, CatalogView};
use std::collections::HashMap;
use std::sync::Arc;

/// A row from the scan, without the store's facts.
pub fn as_scanned(tool: &Tool) -> Arc<Tool> {
    let state = match tool.state {
        ToolState::Changed => ToolState::Ok,
        state => state,
    };
    let mut row = Tool { state, facts: Arc::default(), ..tool.clone() };
    generators::unsettle(&mut row);
    if row.is_stopped_by_team() {
        (row.runnable, row.reason) = (true, None);
    }
    Arc::new(row)
}

/// Builds a snapshot. Rows that did not change keep their allocation from `before`.
pub fn build(
    rows: impl Iterator<Item = Arc<Tool>>,
    problems: Vec<Problem>,
    facts: &Facts,
    state: CatalogState,
    before: &CatalogView,
) -> CatalogView {
    let kept: HashMap<&str, &Arc<Tool>> = before.tools.iter().map(|tool| (tool.path.as_str(), tool)).collect();
    let mut rows: Vec<Arc<Tool>> = rows.collect();
    let mut last: Arc<ToolFacts> = Arc::default();
    for row in &mut rows {
        let row = Arc::make_mut(row);
        // Neighbouring rows often have equal facts.
        facts.complete(row, &last);
        last = Arc::clone(&row.facts);
    }
    let mut problems: Vec<Problem> =
        problems.into_iter().filter(|problem| problem.code != ProblemCode::ReservedName).collect();
    // A shared alias is reported only once.
    let mut reserved = reserve(&mut rows, facts);
    reserved.retain(|new| !problems.iter().any(|old| old.code == ProblemCode::NameClash && old.path == new.path));
    problems.extend(reserved);
    problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let tools = rows
        .into_iter()
        .map(|row| match kept.get(row.path.as_str()) {
            Some(same) if **same == row => Arc::clone(same),
            _ => row,
        })
        .collect();
    let in_use = facts.in_use();
    let skipped = Arc::clone(&before.skipped);
    let mut view = CatalogView { state, tools, problems, skipped, in_use, generation: before.generation + 1 };
    composites::settle(&mut view, |tool| facts.locks(tool, tool.facts.approved));
    view
}
