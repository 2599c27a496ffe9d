//! Rows that a damaged database lost, made anew from the log: what each entry did when it was written is done once more,
//! at its own time. What the log does not tell is named, not guessed.

use super::ledger::Ledger;
use super::undo_note::UndoNote;
use crate::domain::{
    AgentGrant, Allowed, Comment, CommentId, CostTier, Decision, DecisionKind, Deprecation, Digest, GrantScope,
    Instant, Operation, OperationId, Permissions, ReviewId, Shown, Spot, Stage, ToolName, Unlock, unlock_subject,
};
use crate::engine::error::EngineError;
use crate::store::{Approval, Tx};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Tables whose rows the log tells.
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

/// Tables that the next scan of the workspace fills, and those that hold what is needed for the moment only.
pub const FROM_FILES: &[&str] =
    &["buffer_clock", "check_leases", "leases", "present", "scan_cache", "verdicts", "versions"];

/// Empties those of the damaged tables that the log tells and fills them from it. Gives the tables whose rows are lost,
/// as far as they could not be read.
///
/// # Errors
/// `Internal` for trouble with the store.
pub fn rebuild(tx: &Tx<'_>, damaged: &[String]) -> Result<Vec<String>, EngineError> {
    let wanted: BTreeSet<&str> = FROM_LOG.iter().copied().filter(|table| damaged.iter().any(|d| d == table)).collect();
    for table in &wanted {
        tx.clear_table(table)?;
    }
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

/// The approvals in force, by the rule that every run is held against.
fn approvals(tx: &Tx<'_>, entries: &[Operation]) -> Result<(), EngineError> {
    let by_id: HashMap<OperationId, &Operation> = entries.iter().map(|entry| (entry.id, entry)).collect();
    for (tool, digest, operation, place) in Ledger::of(entries).in_force() {
        let Some(entry) = by_id.get(&operation) else { continue };
        let version = tx.version(&tool, digest)?;
        let said: Option<Stage> = field(entry, "/stage").or_else(|| field(entry, "/to_stage"));
        let seen = version.map(|row| (row.stage, Some(row.placement.base)));
        let (stage, base) = place.or(seen).unwrap_or((said.unwrap_or(Stage::Approved), None));
        let at = field::<Instant>(entry, "/approved_at").unwrap_or(entry.at);
        // Where it was signed, the signature lies beside the tool; without it the row counts as unsigned.
        tx.approve_version(&Approval { tool, digest, stage, operation, at, base, signature: None })?;
    }
    Ok(())
}

struct Replay<'a> {
    tx: &'a Tx<'a>,
    wanted: BTreeSet<&'a str>,
    /// What each entry noted for undo, by number.
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
        let has = |table| self.wanted.contains(table);
        match note {
            UndoNote::Grant { .. } if has("agent_grants") => grant(tx, entry)?,
            UndoNote::RevokeGrant { grant } if has("agent_grants") => tx.set_revoked(*grant, true)?,
            UndoNote::Unlock { .. } if has("tier_unlocks") => unlock(tx, entry)?,
            UndoNote::RevokeUnlock { unlock } if has("tier_unlocks") => tx.set_unlock_revoked(*unlock, true)?,
            UndoNote::Pin { tool, digest, pinned: true } if has("pins") => {
                tx.pin(tool, *digest, &entry.who, entry.id)?;
            }
            UndoNote::Pin { tool, digest, pinned: false } if has("pins") => {
                tx.unpin(tool, *digest)?;
            }
            UndoNote::SaveSet { name, .. } if has("tool_sets") => {
                let tools: Vec<ToolName> = field(entry, "/tools").unwrap_or_default();
                tx.save_tool_set(name, &tools, &entry.who)?;
            }
            UndoNote::Deprecate { tool, .. } if has("deprecations") => {
                let (by, reason) = (field(entry, "/by"), field(entry, "/reason"));
                let mark = Deprecation { by, reason, who: entry.who.clone(), at: entry.at };
                tx.set_deprecation(tool, Some(&mark), entry.id)?;
            }
            UndoNote::Allow { tool, digest } if has("grants") => {
                let said = (field::<Permissions>(entry, "/permissions"), field(entry, "/writes"));
                if let (Some(permissions), Some(writes)) = said {
                    tx.grant(tool, *digest, &Allowed { permissions, writes }, &entry.who)?;
                }
            }
            UndoNote::RevokeAllow { tool, digest, .. } if has("grants") => {
                tx.withdraw_grant(tool, *digest)?;
            }
            UndoNote::Comment { .. } if has("comments") => comment(tx, entry)?,
            UndoNote::Withdraw { comment } if has("comments") => tx.set_withdrawn(*comment, true)?,
            _ => {}
        }
        Ok(())
    }

    /// What taking an entry back did.
    fn back(&self, tx: &Tx<'_>, note: &UndoNote, target: &Operation, by: OperationId) -> Result<(), EngineError> {
        let has = |table| self.wanted.contains(table);
        if has("decisions") {
            tx.mark_decision_undone(target.id)?;
        }
        match note {
            UndoNote::Grant { grant } if has("agent_grants") => tx.set_revoked(*grant, true)?,
            UndoNote::RevokeGrant { grant } if has("agent_grants") => tx.set_revoked(*grant, false)?,
            UndoNote::Unlock { unlock } if has("tier_unlocks") => tx.set_unlock_revoked(*unlock, true)?,
            UndoNote::RevokeUnlock { unlock } if has("tier_unlocks") => tx.set_unlock_revoked(*unlock, false)?,
            UndoNote::Pin { tool, digest, pinned: true } if has("pins") => {
                tx.unpin(tool, *digest)?;
            }
            UndoNote::Pin { tool, digest, pinned: false } if has("pins") => {
                tx.pin(tool, *digest, &target.who, target.id)?;
            }
            UndoNote::SaveSet { name, before } if has("tool_sets") => tx.save_tool_set(name, before, &target.who)?,
            UndoNote::Deprecate { tool, before, .. } if has("deprecations") => {
                tx.set_deprecation(tool, before.as_ref(), by)?;
            }
            UndoNote::Allow { tool, digest } if has("grants") => {
                tx.withdraw_grant(tool, *digest)?;
            }
            UndoNote::RevokeAllow { tool, digest, allowed } if has("grants") => {
                tx.grant(tool, *digest, allowed, &target.who)?;
            }
            UndoNote::Comment { comment } if has("comments") => tx.set_withdrawn(*comment, true)?,
            UndoNote::Withdraw { comment } if has("comments") => tx.set_withdrawn(*comment, false)?,
            _ => {}
        }
        Ok(())
    }
}

/// A field of an entry; `None` where it does not have it or nobody can read it.
fn field<T: DeserializeOwned>(entry: &Operation, pointer: &str) -> Option<T> {
    entry.detail.pointer(pointer).and_then(|value| serde_json::from_value(value.clone()).ok())
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
        shown: field::<Shown>(entry, "/shown").unwrap_or_default(),
        operation: entry.id,
        undone: false,
        override_reason: field(entry, "/override/reason"),
        role: field(entry, "/role"),
    };
    Ok(tx.add_decision(review, &decision)?)
}

fn grant(tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
    let (Ok(tool), Some(digest)) = (ToolName::new(&entry.subject), field::<Digest>(entry, "/digest")) else {
        return Ok(());
    };
    tx.grant_agent(&AgentGrant {
        id: tx.next_grant()?,
        tool,
        digest,
        agent: field(entry, "/agent").unwrap_or_default(),
        scope: field(entry, "/scope").unwrap_or(GrantScope::Session(String::new())),
        who: entry.who.clone(),
        at: entry.at,
        operation: entry.id,
        void: None,
    })?;
    Ok(())
}

fn unlock(tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
    let Some(tier) = field::<CostTier>(entry, "/tier") else { return Ok(()) };
    let tool = ToolName::new(&entry.subject).ok();
    // What names neither a tool nor the tier opens nothing.
    if unlock_subject(tool.as_ref(), tier) != entry.subject {
        return Ok(());
    }
    tx.keep_unlock(&Unlock {
        id: tx.next_unlock()?,
        tool,
        tier,
        scope: field(entry, "/scope").unwrap_or(GrantScope::Session(String::new())),
        until: field(entry, "/until"),
        who: entry.who.clone(),
        at: entry.at,
        operation: entry.id,
        void: None,
    })?;
    Ok(())
}

/// A comment; the text of the lines that it was about is not in the log.
fn comment(tx: &Tx<'_>, entry: &Operation) -> Result<(), EngineError> {
    let (Some(review), Some(digest)) = (field::<ReviewId>(entry, "/review"), field::<Digest>(entry, "/digest")) else {
        return Ok(());
    };
    let (Ok(tool), Some(kind)) = (ToolName::new(&entry.subject), field(entry, "/kind")) else { return Ok(()) };
    let comment = Comment {
        id: CommentId(0),
        review,
        tool,
        digest,
        spot: Spot { path: field(entry, "/path"), lines: field(entry, "/lines") },
        line_text: None,
        kind,
        body: field(entry, "/body").unwrap_or_default(),
        who: entry.who.clone(),
        at: entry.at,
        outdated: false,
    };
    tx.add_comment(&comment, entry.id)?;
    Ok(())
}

#[cfg(test)]
mod tests;
