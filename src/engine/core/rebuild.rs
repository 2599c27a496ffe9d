//! Rebuilds rows that a damaged database lost from the log: the effect of each entry is repeated, with the time of the
//! entry. What the log does not contain is reported, not guessed.

use super::ledger::Ledger;
use super::row_changes::{RowChange, field};
use super::undo_note::UndoNote;
use crate::domain::{
    Decision, DecisionKind, Deprecation, Digest, DisplayRecord, Instant, Operation, OperationId, ReviewId, Stage,
};
use crate::engine::error::EngineError;
use crate::store::{Approval, Tx};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Tables whose rows can be rebuilt from the log.
pub const FROM_LOG: &[&str] = &[
    "agent_grants",
    "approvals",
    "comments",
    "decisions",
    "deprecations",
    "grants",
    "pins",
    "tier_unlocks",
    "tool_sets",
];

/// Tables that the next scan of the workspace fills, and those with temporary data.
pub const FROM_FILES: &[&str] =
    &["applied_scan", "buffer_clock", "check_leases", "leases", "present", "scan_cache", "verdicts", "versions"];

/// Empties the damaged tables that the log can rebuild, and refills them. Returns the tables whose unreadable rows are
/// lost.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn rebuild(tx: &Tx<'_>, damaged: &[String]) -> Result<Vec<String>, EngineError> {
    let wanted: BTreeSet<&str> = FROM_LOG.iter().copied().filter(|table| damaged.iter().any(|d| d == table)).collect();
    for table in &wanted {
        tx.clear_table(table)?;
    }
    // The next scan then reads everything again.
    tx.forget_applied_scan()?;
    let entries = tx.whole_log()?;
    if wanted.contains("approvals") {
        approvals(tx, &entries)?;
    }
    let mut replay = Replay { tx, wanted, notes: HashMap::new() };
    for entry in &entries {
        replay.entry(entry)?;
    }
    let is_lost = |table: &&String| !FROM_LOG.contains(&table.as_str()) && !FROM_FILES.contains(&table.as_str());
    Ok(damaged.iter().filter(is_lost).cloned().collect())
}

/// The approvals in force, by the same rule as for runs.
fn approvals(tx: &Tx<'_>, entries: &[Operation]) -> Result<(), EngineError> {
    let by_id: HashMap<OperationId, &Operation> = entries.iter().map(|entry| (entry.id, entry)).collect();
    for (tool, digest, operation, place) in Ledger::of(entries).in_force() {
        let Some(entry) = by_id.get(&operation) else { continue };
        let version = tx.version(&tool, digest)?;
        let said: Option<Stage> = field(entry, "/stage").or_else(|| field(entry, "/to_stage"));
        let seen = version.map(|row| (row.stage, Some(row.placement.base)));
        let (stage, base) = place.or(seen).unwrap_or((said.unwrap_or(Stage::Approved), None));
        let at = field::<Instant>(entry, "/approved_at").unwrap_or(entry.at);
        // A signature is next to the tool; without it, the row counts as unsigned.
        tx.approve_version(&Approval { tool, digest, stage, operation, at, base, signature: None })?;
    }
    Ok(())
}

struct Replay<'a> {
    tx: &'a Tx<'a>,
    wanted: BTreeSet<&'a str>,
    /// The undo note of each entry, by number.
    notes: HashMap<i64, (UndoNote, Operation)>,
}

impl Replay<'_> {
    fn entry(&mut self, entry: &Operation) -> Result<(), EngineError> {
        let then = self.tx.at(entry.at);
        if entry.verb == "undo" {
            let target = entry.detail.get("operation").and_then(Value::as_i64);
            if let Some((note, target)) = target.and_then(|id| self.notes.remove(&id)) {
                self.back(&then, &note, &target, entry.id)?;
            }
            return Ok(());
        }
        if self.wanted.contains("decisions") {
            decision(&then, entry)?;
        }
        if let Some(note) = UndoNote::of(entry) {
            self.forth(&then, &note, entry)?;
            self.notes.insert(entry.id.0, (note, entry.clone()));
        }
        Ok(())
    }

    fn forth(&self, tx: &Tx<'_>, note: &UndoNote, entry: &Operation) -> Result<(), EngineError> {
        match note {
            UndoNote::Deprecate { tool, .. } if self.wanted.contains("deprecations") => {
                let (by, reason) = (field(entry, "/by"), field(entry, "/reason"));
                let mark = Deprecation { by, reason, who: entry.who.clone(), at: entry.at };
                Ok(tx.set_deprecation(tool, Some(&mark), entry.id)?)
            }
            note => self.wanted_change(note).map_or(Ok(()), |change| change.repeat(tx, entry)),
        }
    }

    /// Replays the undo of an entry.
    fn back(&mut self, tx: &Tx<'_>, note: &UndoNote, target: &Operation, by: OperationId) -> Result<(), EngineError> {
        if self.wanted.contains("decisions") {
            tx.mark_decision_undone(target.id)?;
        }
        match note {
            UndoNote::Deprecate { tool, before, .. } if self.wanted.contains("deprecations") => {
                Ok(tx.set_deprecation(tool, before.as_ref(), by)?)
            }
            UndoNote::Adopt { granted, .. } => {
                for id in granted {
                    if let Some((note, entry)) = self.notes.remove(&id.0) {
                        self.wanted_change(&note).map_or(Ok(()), |change| change.undo(tx, &entry))?;
                    }
                }
                Ok(())
            }
            note => self.wanted_change(note).map_or(Ok(()), |change| change.undo(tx, target)),
        }
    }

    /// The change in an entry, if its table is being rebuilt.
    fn wanted_change<'n>(&self, note: &'n UndoNote) -> Option<&'n dyn RowChange> {
        note.row_change().filter(|change| change.table().is_some_and(|table| self.wanted.contains(table)))
    }
}

fn decision(tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
    let kinds = [DecisionKind::Approve, DecisionKind::Reject, DecisionKind::RequestChanges];
    let Some(kind) = kinds.into_iter().find(|kind| kind.word() == entry.verb) else { return Ok(()) };
    let (Some(review), Some(digest)) = (field::<ReviewId>(entry, "/review"), field::<Digest>(entry, "/digest")) else {
        return Ok(());
    };
    let decision = Decision {
        kind,
        reviewer: entry.who.clone(),
        reason: field(entry, "/reason"),
        digest,
        at: entry.at,
        shown: field::<DisplayRecord>(entry, "/shown").unwrap_or_default(),
        operation: entry.id,
        undone: false,
        override_reason: field(entry, "/override/reason"),
        role: field(entry, "/role"),
    };
    Ok(tx.add_decision(review, &decision)?)
}

#[cfg(test)]
mod tests;
