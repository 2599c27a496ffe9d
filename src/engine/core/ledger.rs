//! Which approvals the log put in force and ended: the table of approvals is what is asked, the log is what cannot
//! be bent, and an approval counts only where both say so.

use super::{Placed, UndoNote};
use crate::domain::{Digest, Operation, OperationId, Stage, ToolName};
use crate::store::Approval;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// An approval as the log gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    operation: OperationId,
    /// Where it was given for; `None` where the entry does not say.
    place: Option<(Stage, Option<String>)>,
}

/// The approvals in force, told from the log alone.
#[derive(Debug, Default)]
pub struct Ledger {
    given: BTreeMap<(ToolName, Digest), Given>,
    /// The places that tools were archived from, with the entry.
    archived: HashMap<(ToolName, String), OperationId>,
}

impl Ledger {
    /// Tells them from the entries that gave or ended approvals, oldest first. Mirrors what `decide`, `rollback`,
    /// `adopt_signed` and `undo` do to the table.
    pub fn of(entries: &[Operation]) -> Ledger {
        let mut ledger = Ledger::default();
        let (mut notes, mut undone): (HashMap<i64, UndoNote>, HashSet<OperationId>) = Default::default();
        for entry in entries {
            if entry.verb == "undo" {
                let Some(target) = entry.detail.get("operation").and_then(Value::as_i64) else { continue };
                undone.insert(OperationId(target));
                if let Some(note) = notes.get(&target) {
                    ledger.take_back(note, entry.id, &undone);
                }
            } else if let Some(note) = UndoNote::of(entry) {
                ledger.give(&note, entry.id);
                notes.insert(entry.id.0, note);
            }
        }
        for entry in entries.iter().filter(|entry| !undone.contains(&entry.id)) {
            if let Some(note) = notes.get(&entry.id.0) {
                ledger.note_place(note, entry.id);
            }
        }
        ledger
    }

    /// Notes what a standing entry says of a place: that its tool was archived, or that something counts there.
    fn note_place(&mut self, note: &UndoNote, operation: OperationId) {
        let place = |placed: &Placed| (placed.tool.clone(), placed.placement.base.clone());
        match note {
            UndoNote::PutAway { before, .. } => {
                self.archived.insert(place(before), operation);
            }
            UndoNote::Move { before, after, .. } if after.stage == Stage::Archived => {
                self.archived.insert(place(before), operation);
            }
            UndoNote::Move { after, .. }
            | UndoNote::Approve { after, .. }
            | UndoNote::Rollback { after, .. }
            | UndoNote::RestoreFiles { after, .. }
            | UndoNote::Fork { after, .. } => {
                self.archived.remove(&place(after));
            }
            UndoNote::Adopt { members, .. } => {
                self.archived.retain(|(tool, _), _| !members.iter().any(|(member, _)| member == tool));
            }
            UndoNote::Vouch { tool, .. } => self.archived.retain(|(archived, _), _| archived != tool),
            _ => {}
        }
    }

    /// The entry that archived a tool from this place, unless something was approved or restored there since.
    pub fn archived(&self, tool: &ToolName, base: &str) -> Option<OperationId> {
        self.archived.get(&(tool.clone(), base.to_owned())).copied()
    }

    fn give(&mut self, note: &UndoNote, operation: OperationId) {
        match note {
            UndoNote::Approve { after, replaced, .. } => {
                if let Some(old) = replaced {
                    self.end(&old.tool, old.digest);
                }
                self.put(after, operation);
            }
            UndoNote::Rollback { after, ended, approved, .. } => {
                for old in ended {
                    self.end(&old.tool, old.digest);
                }
                if *approved {
                    self.put(after, operation);
                }
            }
            UndoNote::Adopt { members, .. } => {
                for (tool, digest) in members {
                    self.given.insert((tool.clone(), *digest), Given { operation, place: None });
                }
            }
            UndoNote::Vouch { tool, digest } => {
                self.given.insert((tool.clone(), *digest), Given { operation, place: None });
            }
            _ => {}
        }
    }

    fn take_back(&mut self, note: &UndoNote, by: OperationId, undone: &HashSet<OperationId>) {
        match note {
            UndoNote::Approve { before, after, replaced, replaced_approved, ended, .. } => {
                self.end(&after.tool, after.digest);
                if let Some(ended) = ended {
                    return self.put_back(ended, undone);
                }
                if before.stage.is_vouched() && before.placement != after.placement {
                    self.put(before, by);
                }
                if let (Some(old), true) = (replaced, *replaced_approved) {
                    self.put(old, by);
                }
            }
            UndoNote::Rollback { after, ended, approved, .. } => {
                if *approved {
                    self.end(&after.tool, after.digest);
                }
                self.put_back(ended, undone);
            }
            UndoNote::Adopt { members, .. } => members.iter().for_each(|(tool, digest)| self.end(tool, *digest)),
            UndoNote::Vouch { tool, digest } => self.end(tool, *digest),
            _ => {}
        }
    }

    fn put(&mut self, placed: &Placed, operation: OperationId) {
        let place = Some((placed.stage, Some(placed.placement.base.clone())));
        self.given.insert((placed.tool.clone(), placed.digest), Given { operation, place });
    }

    fn put_back(&mut self, ended: &[Approval], undone: &HashSet<OperationId>) {
        for old in ended.iter().filter(|old| !undone.contains(&old.operation)) {
            let given = Given { operation: old.operation, place: Some((old.stage, old.base.clone())) };
            self.given.insert((old.tool.clone(), old.digest), given);
        }
    }

    fn end(&mut self, tool: &ToolName, digest: Digest) {
        self.given.remove(&(tool.clone(), digest));
    }

    /// Every approval in force: the version, the entry that gave it, and the place where the entry names one.
    pub fn in_force(self) -> impl Iterator<Item = (ToolName, Digest, OperationId, Option<(Stage, Option<String>)>)> {
        self.given.into_iter().map(|((tool, digest), given)| (tool, digest, given.operation, given.place))
    }

    /// What the log says against an approval that stands in the table; `None` when it says the same.
    pub fn fault(&self, approval: &Approval) -> Option<String> {
        let Approval { tool, digest, operation, .. } = approval;
        let version = format!("the approved version {} of {tool}", digest.short());
        let Some(given) = self.given.get(&(tool.clone(), *digest)) else {
            return Some(format!("{version} is approved in its table, but by the log no approval of it is in force"));
        };
        if given.operation != *operation {
            let (named, gave) = (operation, given.operation);
            return Some(format!("{version} is approved by entry {named} in its table, by entry {gave} in the log"));
        }
        let place = given.place.as_ref();
        let moved = |(stage, base): &(Stage, Option<String>)| {
            *stage != approval.stage || (approval.base.is_some() && base.is_some() && *base != approval.base)
        };
        place
            .is_some_and(moved)
            .then(|| format!("{version} is approved for another place in its table than in the log"))
    }

    /// The approvals that the log gave and the table does not have, of these tools; the oldest version first.
    pub fn missing(&self, table: &[Approval], is_asked: impl Fn(&ToolName) -> bool) -> Vec<String> {
        let known: HashSet<(&ToolName, Digest)> = table.iter().map(|row| (&row.tool, row.digest)).collect();
        let has = |tool, digest| known.contains(&(tool, digest));
        let mut lost: Vec<_> =
            self.given.iter().filter(|((tool, digest), _)| is_asked(tool) && !has(tool, *digest)).collect();
        lost.sort_by_key(|(_, given)| given.operation);
        lost.into_iter().map(|((tool, digest), given)| lost_approval(tool, *digest, given.operation)).collect()
    }

    /// That the approval of this version is missing in the table; `None` when the log gave none.
    pub fn lost(&self, tool: &ToolName, digest: Digest) -> Option<String> {
        let given = self.given.get(&(tool.clone(), digest))?;
        Some(lost_approval(tool, digest, given.operation))
    }
}

fn lost_approval(tool: &ToolName, digest: Digest, operation: OperationId) -> String {
    format!(
        "the approval of {tool} ({}) that entry {operation} gave is missing in the table of approvals",
        digest.short()
    )
}
