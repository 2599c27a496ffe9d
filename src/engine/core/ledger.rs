//! Derives from the log which approvals are in force. The table of approvals is fast to query, the log is
//! tamper-evident; an approval counts only if both contain it.

use super::placed::Placed;
use super::undo_note::UndoNote;
use crate::domain::{Digest, Operation, OperationId, Stage, ToolName};
use crate::store::Approval;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};

/// An approval in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    operation: OperationId,
    /// The place that it was given for; `None` if the entry does not state it.
    place: Option<(Stage, Option<String>)>,
}

/// The approvals in force, derived from the log alone.
#[derive(Debug, Default)]
pub struct Ledger {
    given: BTreeMap<(ToolName, Digest), Given>,
    /// The archived tools, each with its previous place and the log entry.
    archived: HashMap<(ToolName, String), OperationId>,
}

impl Ledger {
    /// Derives them from the entries that gave or ended approvals, oldest first. The result mirrors the changes that
    /// `decide`, `rollback`, `adopt_signed` and `undo` make to the table.
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

    /// Records the effect of a valid entry on a place: its tool was archived, or a version is in force there.
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

    /// Every approval in force: the version, the entry that gave it, and the place if the entry names one.
    pub fn in_force(self) -> impl Iterator<Item = (ToolName, Digest, OperationId, Option<(Stage, Option<String>)>)> {
        self.given.into_iter().map(|((tool, digest), given)| (tool, digest, given.operation, given.place))
    }

    /// Why the log contradicts an approval in the table; `None` if it confirms it.
    pub fn fault(&self, approval: &Approval) -> Option<String> {
        let Approval { tool, digest, operation, .. } = approval;
        let version = format!("the approved version {} of {tool}", digest.short());
        let Some(given) = self.given.get(&(tool.clone(), *digest)) else {
            return Some(format!("{version} is approved in its table, but the log contains no approval in force"));
        };
        if given.operation != *operation {
            let (named, gave) = (operation, given.operation);
            return Some(format!(
                "{version} is approved by entry {named} in its table, but by entry {gave} in the log"
            ));
        }
        let place = given.place.as_ref();
        let moved = |(stage, base): &(Stage, Option<String>)| {
            *stage != approval.stage || (approval.base.is_some() && base.is_some() && *base != approval.base)
        };
        place
            .is_some_and(moved)
            .then(|| format!("{version} is approved for different paths in its table and in the log"))
    }

    /// The approvals of these tools that are in the log but not in the table; the oldest version first.
    pub fn missing(&self, table: &[Approval], is_asked: impl Fn(&ToolName) -> bool) -> Vec<String> {
        let known: HashSet<(&ToolName, Digest)> = table.iter().map(|row| (&row.tool, row.digest)).collect();
        let has = |tool, digest| known.contains(&(tool, digest));
        let mut lost: Vec<_> =
            self.given.iter().filter(|((tool, digest), _)| is_asked(tool) && !has(tool, *digest)).collect();
        lost.sort_by_key(|(_, given)| given.operation);
        lost.into_iter().map(|((tool, digest), given)| lost_approval(tool, *digest, given.operation)).collect()
    }

    /// The newest approval of this tool in the log, if the table has none of the tool; `None` if the log has none.
    pub fn lost_of(&self, tool: &ToolName) -> Option<String> {
        let of_tool = self.given.range((tool.clone(), Digest([0; 32]))..).take_while(|((name, _), _)| name == tool);
        let ((_, digest), given) = of_tool.max_by_key(|(_, given)| given.operation)?;
        Some(lost_approval(tool, *digest, given.operation))
    }

    /// The approval of this version in the log, if the table lacks it; `None` if the log has none.
    pub fn lost(&self, tool: &ToolName, digest: Digest) -> Option<String> {
        let given = self.given.get(&(tool.clone(), digest))?;
        Some(lost_approval(tool, digest, given.operation))
    }
}

fn lost_approval(tool: &ToolName, digest: Digest, operation: OperationId) -> String {
    format!("the approval of {tool} ({}) by entry {operation} is missing from the table of approvals", digest.short())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Instant, Placement, ReviewId};
    use serde_json::json;

    fn name() -> ToolName {
        ToolName::new("t").unwrap()
    }

    fn digest(byte: u8) -> Digest {
        Digest([byte; 32])
    }

    /// A version of the tool in the folder of a stage.
    fn placed(byte: u8, stage: Stage) -> Placed {
        let placement = Placement { base: format!("tools/{stage}/t"), exclusive: true };
        let version = semver::Version::new(1, 0, 0);
        let (tool, digest, files, approval) = (name(), digest(byte), Vec::new(), super::super::Beside::Unknown);
        Placed { tool, version, digest, stage, placement, files, approval }
    }

    fn approval(byte: u8, operation: i64) -> Approval {
        Approval {
            tool: name(),
            digest: digest(byte),
            stage: Stage::Approved,
            operation: OperationId(operation),
            at: Instant(0),
            base: Some("tools/approved/t".to_owned()),
            signature: None,
        }
    }

    fn approve(byte: u8, replaced: Option<u8>, ended: Option<Vec<Approval>>) -> UndoNote {
        UndoNote::Approve {
            review: ReviewId(1),
            before: placed(byte, Stage::Experimental),
            after: placed(byte, Stage::Approved),
            replaced: replaced.map(|old| Box::new(placed(old, Stage::Approved))),
            replaced_approved: replaced.is_some(),
            ended,
            closed: Vec::new(),
        }
    }

    fn rollback(byte: u8, ended: Vec<Approval>, approved: bool) -> UndoNote {
        let (before, after) = (placed(99, Stage::Approved), placed(byte, Stage::Approved));
        UndoNote::Rollback { before, after, ended, approved, closed: Vec::new(), taken: Vec::new() }
    }

    enum Did {
        Note(Box<UndoNote>),
        Undo(i64),
    }

    fn note(note: UndoNote) -> Did {
        Did::Note(Box::new(note))
    }

    /// The versions in force after these entries, each with the entry that gave it.
    fn in_force(entries: &[Did]) -> Vec<(u8, i64)> {
        ledger(entries).in_force().map(|(_, version, operation, _)| (version.0[0], operation.0)).collect()
    }

    fn ledger(entries: &[Did]) -> Ledger {
        let entries = entries.iter().zip(1..).map(|(did, id)| {
            let (verb, detail) = match did {
                Did::Note(note) => ("did", json!({"undo": note})),
                Did::Undo(target) => ("undo", json!({"operation": target})),
            };
            Operation {
                id: OperationId(id),
                at: Instant(0),
                who: "Ada".to_owned(),
                verb: verb.to_owned(),
                subject: "t".to_owned(),
                detail,
                prev_hash: digest(0),
                hash: digest(0),
                reversible: true,
                undone_by: None,
            }
        });
        Ledger::of(&entries.collect::<Vec<_>>())
    }

    #[test]
    fn a_place_is_archived_until_something_counts_there_again() {
        use Did::Undo;
        let at = |stage| placed(1, stage);
        let moved = |from, to| note(UndoNote::Move { before: at(from), after: at(to), closed: Vec::new() });
        let archive = || moved(Stage::Approved, Stage::Archived);
        let put_away = || {
            let (before, after) = (at(Stage::Approved), at(Stage::Archived));
            note(UndoNote::PutAway { review: ReviewId(1), before, after, closed: Vec::new() })
        };
        let restored = || note(UndoNote::RestoreFiles { before: None, after: at(Stage::Approved) });
        let (mine, other) = (name(), ToolName::new("u").unwrap());
        let adopt = |tool: &ToolName| {
            note(UndoNote::Adopt { review: ReviewId(1), members: vec![(tool.clone(), digest(1))], granted: Vec::new() })
        };
        let vouch = |tool: &ToolName| note(UndoNote::Vouch { tool: tool.clone(), digest: digest(1) });
        for (case, entries, expected) in [
            ("archived", vec![archive()], Some(1)),
            ("by a proposal", vec![put_away()], Some(1)),
            ("twice", vec![archive(), put_away()], Some(2)),
            ("taken back", vec![archive(), Undo(1)], None),
            ("another entry taken back", vec![archive(), Undo(7)], Some(1)),
            ("restored", vec![archive(), moved(Stage::Archived, Stage::Approved)], None),
            ("restored elsewhere", vec![archive(), moved(Stage::Archived, Stage::Core)], Some(1)),
            ("the restoring taken back", vec![archive(), moved(Stage::Archived, Stage::Approved), Undo(2)], Some(1)),
            ("approved again", vec![put_away(), note(approve(1, None, None))], None),
            ("rolled back", vec![archive(), note(rollback(1, vec![], true))], None),
            ("its files restored", vec![archive(), restored()], None),
            ("adopted", vec![archive(), adopt(&mine)], None),
            ("another tool adopted", vec![archive(), adopt(&other)], Some(1)),
            ("vouched for", vec![archive(), vouch(&mine)], None),
            ("another tool vouched for", vec![archive(), vouch(&other)], Some(1)),
        ] {
            let found = ledger(&entries).archived(&mine, "tools/approved/t");
            assert_eq!(found, expected.map(OperationId), "{case}");
            assert_eq!(ledger(&entries).archived(&other, "tools/approved/t"), None, "{case}");
        }
    }

    #[test]
    fn an_approval_is_in_force_until_another_one_ends_it_or_it_is_taken_back() {
        use Did::Undo;
        let first = || note(approve(1, None, Some(Vec::new())));
        let second = || note(approve(2, Some(1), Some(vec![approval(1, 1)])));
        let adopt =
            || note(UndoNote::Adopt { review: ReviewId(1), members: vec![(name(), digest(1))], granted: Vec::new() });
        let vouch = || note(UndoNote::Vouch { tool: name(), digest: digest(1) });
        for (case, entries, expected) in [
            ("given", vec![first()], vec![(1, 1)]),
            ("taken back", vec![first(), Undo(1)], vec![]),
            ("replaced", vec![first(), second()], vec![(2, 2)]),
            ("the replaced one comes back", vec![first(), second(), Undo(2)], vec![(1, 1)]),
            ("but not when it was taken back", vec![first(), second(), Undo(1), Undo(2)], vec![]),
            ("adopted", vec![adopt()], vec![(1, 1)]),
            ("an adoption taken back", vec![adopt(), Undo(1)], vec![]),
            ("vouched for", vec![vouch()], vec![(1, 1)]),
            ("a vouching taken back", vec![vouch(), Undo(1)], vec![]),
            ("rolled back", vec![first(), note(rollback(2, vec![approval(1, 1)], true))], vec![(2, 2)]),
            ("without an approval", vec![first(), note(rollback(2, vec![approval(1, 1)], false))], vec![]),
            (
                "a rollback taken back",
                vec![first(), note(rollback(2, vec![approval(1, 1)], true)), Undo(2)],
                vec![(1, 1)],
            ),
            ("to what was approved before", vec![first(), note(rollback(1, vec![], false)), Undo(2)], vec![(1, 1)]),
            ("an undo of nothing", vec![first(), Undo(7)], vec![(1, 1)]),
        ] {
            assert_eq!(in_force(&entries), expected, "{case}");
        }
    }

    #[test]
    fn an_entry_of_an_older_format_gives_back_what_it_says_was_approved() {
        use Did::Undo;
        let old = |replaced| approve(2, replaced, None);
        assert_eq!(in_force(&[note(old(Some(1))), Undo(1)]), [(1, 2)]);
        assert_eq!(in_force(&[note(old(None)), Undo(1)]), []);
        let UndoNote::Approve { review, replaced, ended, closed, .. } = old(Some(1)) else { panic!("an approval") };
        let not_approved = UndoNote::Approve {
            review,
            before: placed(2, Stage::Experimental),
            after: placed(2, Stage::Approved),
            replaced,
            replaced_approved: false,
            ended: ended.clone(),
            closed: closed.clone(),
        };
        assert_eq!(in_force(&[note(not_approved), Undo(1)]), []);
        for (from, to, expected) in [
            (Stage::Approved, Stage::Core, &[(2, 2)][..]),
            // Drift does not move files: the previous content of the place had no approval of these bytes.
            (Stage::Approved, Stage::Approved, &[]),
            (Stage::Experimental, Stage::Approved, &[]),
        ] {
            let moved = UndoNote::Approve {
                review,
                before: placed(2, from),
                after: placed(2, to),
                replaced: None,
                replaced_approved: false,
                ended: None,
                closed: Vec::new(),
            };
            assert_eq!(in_force(&[note(moved), Undo(1)]), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_row_counts_only_as_the_log_gave_it() {
        let mut ledger = Ledger::default();
        ledger.give(&approve(1, None, None), OperationId(5));
        let row = approval(1, 5);
        assert_eq!(ledger.fault(&row), None);
        assert_eq!(ledger.fault(&Approval { base: None, ..row.clone() }), None, "an older format names no folder");
        for (forged, says) in [
            (approval(2, 5), "contains no approval in force"),
            (approval(1, 4), "by entry 4 in its table, but by entry 5 in the log"),
            (Approval { stage: Stage::Core, ..row.clone() }, "for different paths"),
            (Approval { base: Some("tools/approved/u".to_owned()), ..row.clone() }, "for different paths"),
        ] {
            let fault = ledger.fault(&forged).unwrap_or_default();
            assert!(fault.contains(says), "{forged:?}: {fault}");
        }
        ledger.give(&UndoNote::Vouch { tool: name(), digest: digest(3) }, OperationId(6));
        assert_eq!(ledger.fault(&Approval { stage: Stage::Core, ..approval(3, 6) }), None, "the entry names no place");
        let older = Approval { base: None, ..approval(4, 2) };
        ledger.put_back(std::slice::from_ref(&older), &HashSet::new());
        assert_eq!(ledger.fault(&approval(4, 2)), None, "the log names no folder");
    }

    #[test]
    fn approvals_that_are_missing_in_the_table_are_named_oldest_first() {
        let mut ledger = Ledger::default();
        for (byte, operation) in [(1, 9), (2, 8), (3, 7)] {
            ledger.give(&approve(byte, None, None), OperationId(operation));
        }
        let named = |table: &[Approval], is_asked: bool| {
            let lines = ledger.missing(table, |_| is_asked);
            let entry = |line: &String| line.split_once("entry ").map(|(_, rest)| rest[..1].to_owned());
            lines.iter().filter_map(entry).collect::<Vec<_>>().concat()
        };
        assert_eq!(named(&[], true), "789");
        assert_eq!(named(&[approval(2, 8)], true), "79");
        assert_eq!(named(&[], false), "");
        assert!(ledger.lost(&name(), digest(3)).is_some_and(|line| line.contains("by entry 7 is missing")));
        assert_eq!(ledger.lost(&name(), digest(4)), None);
    }
}
