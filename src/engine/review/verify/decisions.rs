//! Whether the table of decisions matches the log: the table is displayed, the log is tamper-evident.

use crate::domain::{Decision, Digest, DisplayRecord, Operation, OperationId, ReviewId, ReviewState, ToolName};
use crate::engine::Integrity;
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::store::{KeptDecision, KeptDecisions, ReviewHead};
use serde_json::Value;
use std::collections::HashMap;

impl Integrity<'_> {
    /// Decisions that were changed in the table, removed from it or added to it without a log entry.
    pub(super) fn faults_of_decisions(&self, only: Option<&ToolName>) -> Result<Vec<String>, EngineError> {
        let kept = self.workspace.read(|q| Ok(q.kept_decisions()?))?;
        Ok(compare(&kept, only))
    }

    /// Reviews whose state no decision in force confirms.
    pub(super) fn faults_of_states(&self, is_asked: impl Fn(&ToolName) -> bool) -> Result<Vec<String>, EngineError> {
        let decided = [ReviewState::Approved, ReviewState::Rejected, ReviewState::ChangesRequested];
        let is_meant = |head: &ReviewHead| decided.contains(&head.state) && is_asked(&head.tool);
        self.workspace.read(|q| {
            let mut faults = Vec::new();
            for head in q.review_heads(None)?.into_iter().filter(is_meant) {
                faults.extend(core::fault_of_review(q, head.id)?);
            }
            Ok(faults)
        })
    }
}

/// Compares rows with entries; unreadable entries are reported by the walk over the log.
fn compare(kept: &KeptDecisions, only: Option<&ToolName>) -> Vec<String> {
    let mut by_entry: HashMap<OperationId, Vec<&KeptDecision>> = HashMap::new();
    for row in &kept.rows {
        by_entry.entry(row.operation).or_default().push(row);
    }
    let mut faults = Vec::new();
    for (id, entry) in &kept.entries {
        let found = by_entry.remove(id).unwrap_or_default();
        let Some(entry) = entry.as_ref().filter(|entry| only.is_none_or(|only| entry.subject == only.as_str())) else {
            continue;
        };
        let what = format!("the decision of entry {id} ({} {})", entry.verb, entry.subject);
        match found.as_slice() {
            [] => faults.push(format!("{what} is missing from the table of decisions")),
            [row] => faults.extend(changed(row, entry).map(|how| format!("{what} was changed in its table: {how}"))),
            [..] => faults.push(format!("{what} is {} times in the table of decisions", found.len())),
        }
    }
    let mut added: Vec<&KeptDecision> = by_entry.into_values().flatten().collect();
    added.sort_by_key(|row| row.number);
    let of_tool = |row: &&KeptDecision| only.is_none_or(|only| row.tool.as_deref() == Some(only.as_str()));
    faults.extend(added.into_iter().filter(of_tool).map(|row| {
        let what = row.decision.as_ref().map_or_else(String::new, |d| format!(" ({} by {})", d.kind, d.reviewer));
        format!(
            "a decision on review {}{what} was added without the log: entry {} does not contain it",
            row.review, row.operation
        )
    }));
    faults
}

/// How a row differs from the entry that made it; `None` if it does not differ.
fn changed(row: &KeptDecision, entry: &Operation) -> Option<String> {
    let Some(decision) = &row.decision else { return Some("it cannot be read".to_owned()) };
    let text = |path: &str| entry.detail.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let digest = text("/digest").and_then(|hex| hex.parse::<Digest>().ok());
    let shown = entry.detail.get("shown").and_then(|shown| serde_json::from_value::<DisplayRecord>(shown.clone()).ok());
    let Decision { kind, reviewer, reason, at, operation: _, undone, override_reason, role, .. } = decision;
    let review = entry.detail.get("review").and_then(Value::as_i64).map(ReviewId);
    let wrong: Vec<&str> = [
        ("its review", review == Some(row.review)),
        ("the verb", kind.word() == entry.verb),
        ("the reviewer", *reviewer == entry.who),
        ("the reason", *reason == text("/reason")),
        ("the digest", digest == Some(decision.digest)),
        ("the time", *at == entry.at),
        // Entries of an older format do not contain it.
        ("the lines shown", shown.is_none_or(|shown| shown == decision.shown)),
        ("the override", *override_reason == text("/override/reason")),
        ("the role", *role == text("/role")),
        ("whether it was undone", *undone == entry.undone_by.is_some()),
    ]
    .into_iter()
    .filter_map(|(what, is_so)| (!is_so).then_some(what))
    .collect();
    (!wrong.is_empty()).then(|| wrong.join(", "))
}
