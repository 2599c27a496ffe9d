//! Opportunities: suggestions for tools to create or improve, computed from recorded and imported use.
//!
//! This module is pure: rows and texts are passed in, opportunities are returned, and equal input gives equal results.
//! It decides and creates nothing; an accepted opportunity becomes a specification that waits for a human. Imported
//! text comes from others: secrets are masked before, and it is escaped when it is shown.

mod agent_log;
mod chains;
mod habits;
mod history;
mod hogs;
mod operation_call;
#[cfg(test)]
mod planted;
mod reckon;
mod recovery;
mod regressions;
mod shell;
mod span;
mod step;
mod tasks;
#[cfg(test)]
mod tests;
mod unsolved;
mod wrappers;

pub use agent_log::{AgentLog, read as read_agent_log};
pub use history::{History, read as read_history};
pub use hogs::Consumption;
pub use regressions::Worsened;
pub use step::{RecordedStep, Session, sessions};
pub use tasks::TaskText;
pub use wrappers::opportunities as wrappers;

use crate::domain::{FailureMark, Opportunity, RunFact, RunId, Unanswered};
use hogs::Used;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use unsolved::Ended;

/// The input for computing opportunities.
#[derive(Debug, Clone, Default)]
pub struct MiningInput {
    /// Recorded runs, oldest first.
    pub runs: Vec<RunFact>,
    /// The standard output of some of them.
    pub outputs: HashMap<RunId, String>,
    /// Sessions of imported histories and logs.
    pub imported: Vec<Session>,
    /// Tasks that somebody wanted done, in words.
    pub tasks: Vec<TaskText>,
    /// Marked failures with their scenarios.
    pub marks: Vec<FailureMark>,
    /// Calls that no tool answered.
    pub unanswered: Vec<Unanswered>,
    /// Open alerts about tools that got worse.
    pub worsened: Vec<Worsened>,
    /// Operations of documents that no tool wraps.
    pub wrappers: Vec<Opportunity>,
}

/// The result of mining.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mined {
    /// Opportunities, the most promising first.
    pub opportunities: Vec<Opportunity>,
    /// The resource use of each tool, the most time first.
    pub consumption: Vec<Consumption>,
}

/// All opportunities in the input, by priority, then by key.
pub fn mine(material: &MiningInput) -> Mined {
    let mut worked = sessions_of(&material.runs, &material.outputs);
    worked.extend(material.imported.iter().cloned());
    let used: Vec<Used<'_>> = material
        .runs
        .iter()
        .filter(|run| run.outcome.has_started())
        .map(|run| Used {
            run: run.id,
            tool: run.tool.as_str(),
            duration_ms: run.duration_ms,
            cpu_ms: run.cpu_ms,
            memory_bytes: run.memory_bytes,
            tokens: material.outputs.get(&run.id).map_or(0, |output| reported_tokens(output)),
            is_interpreted: run.is_interpreted,
        })
        .collect();
    let ended: Vec<Ended<'_>> = material
        .runs
        .iter()
        .map(|run| Ended {
            run: run.id.0.unsigned_abs(),
            tool: run.tool.as_str(),
            outcome: run.outcome,
            at: run.started_at,
            message: run.error.as_deref(),
        })
        .collect();
    let consumption = hogs::consumption(&used);
    let mut found = chains::opportunities(&worked);
    found.extend(habits::opportunities(&material.imported));
    found.extend(hogs::opportunities(&consumption));
    found.extend(recovery::opportunities(&worked));
    found.extend(unsolved::unresolved(&material.marks, &ended));
    found.extend(unsolved::unanswered(&material.unanswered));
    found.extend(tasks::opportunities(&material.tasks));
    found.extend(regressions::opportunities(&material.worsened));
    found.extend(material.wrappers.iter().cloned());
    rank(&mut found);
    Mined { opportunities: found, consumption }
}

/// Sorts the most promising first, equal ones by key.
pub fn rank(found: &mut Vec<Opportunity>) {
    found.sort_by(|a, b| b.priority.total_cmp(&a.priority).then_with(|| a.key.cmp(&b.key)));
    // Two documents may describe the same operation.
    found.dedup_by(|a, b| a.key == b.key);
}

/// Runs as sessions: consecutive runs of one caller, until a long break.
fn sessions_of(runs: &[RunFact], outputs: &HashMap<RunId, String>) -> Vec<Session> {
    let mut callers: BTreeMap<&str, Vec<RecordedStep>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.outcome.is_judged()) {
        let input: Value = serde_json::from_str(&run.input).unwrap_or_default();
        let mut step = RecordedStep::of(run.tool.as_str(), run.id.0.unsigned_abs(), Some(run.started_at), &input);
        if run.outcome.is_failure() {
            step.failed = Some(run.error.clone().unwrap_or_else(|| run.outcome.to_string()));
        }
        if let Some(output) = outputs.get(&run.id) {
            step = step.writing(output);
        }
        callers.entry(&run.caller).or_default().push(step);
    }
    callers.into_values().flat_map(|steps| sessions("run", steps)).collect()
}

/// The tokens that a tool reports: `tokens`, `total_tokens`, or those of its `usage`.
fn reported_tokens(output: &str) -> u64 {
    if !output.contains("tokens") {
        return 0;
    }
    let value: Value = serde_json::from_str(output).unwrap_or_default();
    let number = |at: &str| value.pointer(at).and_then(Value::as_u64);
    let whole = ["/usage/total_tokens", "/total_tokens", "/tokens"].into_iter().find_map(number);
    whole.unwrap_or_else(|| ["/usage/input_tokens", "/usage/output_tokens"].into_iter().filter_map(number).sum())
}
