//! The operation log: who did what. It is hash-chained and append-only.
//!
//! The chain alone cannot show that its end was cut off, so the number and the hash of the newest entry are stored
//! separately (`log_count`, `log_head`) in the same transaction. Anyone who can write the database can recompute all of
//! it: this detects accidents and careless changes, not a determined attacker.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::seen::LogEnd;
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{Digest, EventKind, Instant, Operation, OperationId, ToolName, span};
use rusqlite::{Row, params};
use serde_json::Value;
use std::collections::HashSet;

pub(super) const COLUMNS: &str = "id, at_ms, who, verb, subject, detail, prev_hash, hash, reversible, undone_by";
const LOG_COUNT: &str = "log_count";
const LOG_HEAD: &str = "log_head";

/// What a new log entry says.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOperation {
    /// Reviewer identity for humans, `agent:NAME` for agents.
    pub who: String,
    /// The verb, as in the action table.
    pub verb: String,
    /// The subject: a tool, review or run.
    pub subject: String,
    /// The arguments, and what an undo needs.
    pub detail: Value,
    /// Whether `undo` can reverse it.
    pub reversible: bool,
}

/// Result of a walk over the whole log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogCheck {
    /// Number of entries read, including damaged ones.
    pub entries: u64,
    /// Faults, each naming its entry; empty when the log is intact.
    pub faults: Vec<String>,
    /// Notes that are not faults: where the clock was set back.
    pub notes: Vec<String>,
}

impl Queries {
    /// Log entries, newest first, at most `limit`. With `grep`, only entries that contain this text in who, verb,
    /// subject or detail (ASCII case is ignored, no character is special).
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn operations(&self, limit: usize, grep: Option<&str>) -> StoreResult<Vec<Operation>> {
        let limit = Count(limit as u64);
        let Some(needle) = grep else {
            let sql = format!("SELECT {COLUMNS} FROM operations ORDER BY id DESC LIMIT ?1");
            return self.rows(&sql, params![limit], read);
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE who LIKE ?1 ESCAPE '\\' OR verb LIKE ?1 ESCAPE '\\' \
             OR subject LIKE ?1 ESCAPE '\\' OR detail LIKE ?1 ESCAPE '\\' ORDER BY id DESC LIMIT ?2"
        );
        self.rows(&sql, params![like(needle), limit], read)
    }

    /// Every readable entry, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn whole_log(&self) -> StoreResult<Vec<Operation>> {
        let sql = format!("SELECT {COLUMNS} FROM operations ORDER BY id");
        Ok(self.rows(&sql, [], |row| Ok(read(row).ok()))?.into_iter().flatten().collect())
    }

    /// One log entry.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn operation(&self, id: OperationId) -> StoreResult<Option<Operation>> {
        self.row(&format!("SELECT {COLUMNS} FROM operations WHERE id = ?1"), params![id], read)
    }

    /// One verified log entry: `Ok(None)` when the number does not exist, `Err` with the reason when the entry was
    /// altered.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read. An unreadable entry is a reason, not an error.
    pub fn sound_operation(&self, id: OperationId) -> StoreResult<Result<Option<Operation>, String>> {
        self.snapshot(|queries| {
            let sql = format!("SELECT {COLUMNS} FROM operations WHERE id = ?1");
            let entry = match queries.row(&sql, params![id], |row| Ok(read(row)))? {
                None => return Ok(Ok(None)),
                Some(Err(error)) => return Ok(Err(unreadable(&error.into()))),
                Some(Ok(entry)) => entry,
            };
            if let Some(fault) = fault_of_content(&entry) {
                return Ok(Err(fault.to_owned()));
            }
            let next = OperationId(id.0 + 1);
            let sql = "SELECT prev_hash FROM operations WHERE id = ?1";
            let next = queries.row(sql, params![next], |row| row.get::<_, Digest>(0))?;
            let follows = if let Some(head) = next {
                head == entry.hash
            } else {
                // The newest entry is compared with the recorded end of the log. The walk over the log reports entries
                // that were cut off.
                let is_last = queries.meta(LOG_COUNT)?.is_some_and(|count| count == id.to_string());
                !is_last || queries.meta(LOG_HEAD)?.is_some_and(|head| head == entry.hash.hex())
            };
            Ok(if follows {
                Ok(Some(entry))
            } else {
                Err("was replaced: the next entry has a different hash for it".to_owned())
            })
        })
    }

    /// Entries that gave or ended approvals, or moved approved tools, oldest first. With `tool`, only its entries and
    /// adoptions, which cover many tools. Unreadable entries are left out.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn approval_entries(&self, tool: Option<&ToolName>) -> StoreResult<Vec<Operation>> {
        let verbs = "verb IN ('approve', 'adopt', 'rollback', 'archive', 'restore', 'restore-files', 'fork', 'undo')";
        let which = tool.map_or("", |_| "AND subject IN (?1, 'adoption')");
        let sql = format!("SELECT {COLUMNS} FROM operations WHERE {verbs} {which} ORDER BY id");
        let found = match tool {
            Some(tool) => self.rows(&sql, params![tool], |row| Ok(read(row).ok())),
            None => self.rows(&sql, [], |row| Ok(read(row).ok())),
        };
        Ok(found?.into_iter().flatten().collect())
    }

    /// Entries with one of two verbs and this subject that were not undone, newest first. Unreadable entries are left
    /// out.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn standing_operations(&self, verbs: [&str; 2], subject: &str) -> StoreResult<Vec<Operation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE verb IN (?1, ?2) AND subject = ?3 AND undone_by IS NULL \
             ORDER BY id DESC"
        );
        let found = self.rows(&sql, params![verbs[0], verbs[1], subject], |row| Ok(read(row).ok()))?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Names of tools that were archived, where the archiving was not undone.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn archived_here(&self) -> StoreResult<HashSet<String>> {
        let sql = "SELECT DISTINCT subject FROM operations WHERE verb = 'archive' AND undone_by IS NULL";
        Ok(self.rows(sql, [], |row| row.get(0))?.into_iter().collect())
    }

    /// The newest entry that can be undone, has not been undone, and is not itself an undo.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn newest_reversible(&self) -> StoreResult<Option<Operation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE reversible = 1 AND undone_by IS NULL AND verb <> 'undo' \
             ORDER BY id DESC LIMIT 1"
        );
        self.row(&sql, [], read)
    }

    /// The newest entry with this verb and subject that was not undone.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn newest_operation(&self, verb: &str, subject: &str) -> StoreResult<Option<Operation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE verb = ?1 AND subject = ?2 AND undone_by IS NULL \
             ORDER BY id DESC LIMIT 1"
        );
        self.row(&sql, params![verb, subject], read)
    }

    /// Decisions on reviews, newest first, at most `limit`.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn decided(&self, limit: usize) -> StoreResult<Vec<Operation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE verb IN ('approve', 'reject', 'request-changes') \
             ORDER BY id DESC LIMIT ?1"
        );
        self.rows(&sql, params![Count(limit as u64)], read)
    }

    /// Entries with this verb that were undone, newest first: about this subject, or about any.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn taken_back(&self, verb: &str, subject: Option<&str>) -> StoreResult<Vec<Operation>> {
        let about = if subject.is_some() { "subject = ?2" } else { "?2 IS NULL" };
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE verb = ?1 AND {about} AND undone_by IS NOT NULL ORDER BY id DESC"
        );
        self.rows(&sql, params![verb, subject], read)
    }

    /// Entries about this subject after the given one that can be undone and have not been, newest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn reversible_after(&self, id: OperationId, subject: &str) -> StoreResult<Vec<Operation>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM operations WHERE id > ?1 AND subject = ?2 AND reversible = 1 \
             AND undone_by IS NULL ORDER BY id DESC"
        );
        self.rows(&sql, params![id, subject], read)
    }

    /// Number and hash of the newest entry. If table and recorded end disagree, the log was tampered with. New entries
    /// are numbered after both, so that `verify_log` still reports it.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub(super) fn log_position(&self) -> StoreResult<(i64, Digest)> {
        // One statement: another process may write between two statements, and its hash would not belong to the number.
        let sql = "SELECT (SELECT MAX(id) FROM operations), (SELECT hash FROM operations ORDER BY id DESC LIMIT 1), \
             (SELECT value FROM meta WHERE key = ?1), (SELECT value FROM meta WHERE key = ?2)";
        let columns = |row: &Row<'_>| {
            let (last, hash): (Option<i64>, Option<Digest>) = (row.get(0)?, row.get(1)?);
            let (count, head): (Option<String>, Option<String>) = (row.get(2)?, row.get(3)?);
            Ok((last.unwrap_or(0), hash.unwrap_or(Digest([0; 32])), count, head))
        };
        let Some((last, hash, count, head)) = self.row(sql, params![LOG_COUNT, LOG_HEAD], columns)? else {
            return Ok((0, Digest([0; 32])));
        };
        let noted = count.and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok((last.max(noted), head.and_then(|text| text.parse().ok()).unwrap_or(hash)))
    }

    /// Whether anything was ever logged, including entries that can no longer be read.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn has_log(&self) -> StoreResult<bool> {
        Ok(self.log_position()?.0 > 0)
    }

    /// The hash of an entry; `None` when the number does not exist.
    pub(super) fn hash_of(&self, id: OperationId) -> StoreResult<Option<Digest>> {
        self.row("SELECT hash FROM operations WHERE id = ?1", params![id], |row| row.get(0))
    }

    /// Walks the whole log and finds entries that were edited, are missing, changed places, or were cut off at the end.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read. An unreadable entry is a fault, not an error.
    pub fn verify_log(&self) -> StoreResult<LogCheck> {
        self.snapshot(|queries| {
            let mut walk = LogWalk::default();
            let mut statement = queries.connection.prepare(&format!("SELECT {COLUMNS} FROM operations ORDER BY id"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                walk.step(row.get(0)?, read(row).map_err(StoreError::from));
            }
            walk.compare_marks();
            walk.end(queries.meta(LOG_COUNT)?, queries.meta(LOG_HEAD)?.as_deref());
            Ok(walk.check)
        })
    }
}

impl Tx<'_> {
    /// Appends an entry to the log, chained to the previous one. Emits `operation-logged`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the detail cannot be read back (nested too deep), and any other [`StoreError`] of a
    /// failed write.
    pub fn log(&self, new: &NewOperation) -> StoreResult<OperationId> {
        let (count, head) = self.log_position()?;
        // Hashes exactly what will be read back.
        let detail = serde_json::to_string(&new.detail).and_then(|text| serde_json::from_str(&text));
        let detail = detail.map_err(|e| StoreError::Damaged { what: format!("the detail of {}: {e}", new.verb) })?;
        let mut operation = Operation {
            id: OperationId(count + 1),
            at: self.now(),
            who: new.who.clone(),
            verb: new.verb.clone(),
            subject: new.subject.clone(),
            detail,
            prev_hash: head,
            hash: head,
            reversible: new.reversible,
            undone_by: None,
        };
        operation.hash = operation.expected_hash();
        self.append(&operation)?;
        self.set_meta(LOG_COUNT, &operation.id.to_string())?;
        self.set_meta(LOG_HEAD, &operation.hash.hex())?;
        self.emit(EventKind::OperationLogged, operation.id)?;
        self.note_logged(LogEnd { operations: operation.id.0, head: Some(operation.hash) });
        Ok(operation.id)
    }

    /// Records that `by` undid `operation`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such entry, and any other [`StoreError`] of a failed write.
    pub fn mark_undone(&self, operation: OperationId, by: OperationId) -> StoreResult<()> {
        let sql = "UPDATE operations SET undone_by = ?2 WHERE id = ?1";
        match self.change(sql, params![operation, by])? {
            0 => Err(StoreError::missing(format_args!("operation {operation}"))),
            _ => Ok(()),
        }
    }

    fn append(&self, operation: &Operation) -> StoreResult<()> {
        let sql = format!("INSERT INTO operations ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
        let row = params![
            operation.id,
            operation.at,
            operation.who,
            operation.verb,
            operation.subject,
            Json(&operation.detail),
            operation.prev_hash,
            operation.hash,
            operation.reversible,
            operation.undone_by
        ];
        self.insert(&sql, row).map(drop)
    }
}

/// State of a walk over the log.
struct LogWalk {
    check: LogCheck,
    /// Number of the previous entry.
    last: i64,
    /// Hash of the previous entry; `None` when it could not be read, so that one fault is reported only once.
    head: Option<Digest>,
    /// When the previous entry was written.
    at: Instant,
    /// Entries marked as undone, and by which entry. No hash covers these marks.
    marked: Vec<(i64, i64)>,
    /// What the undo entries themselves state: the entry that each of them undid.
    taken_back: HashSet<(i64, i64)>,
}

impl Default for LogWalk {
    fn default() -> LogWalk {
        LogWalk {
            check: LogCheck::default(),
            last: 0,
            head: Some(Digest([0; 32])),
            at: Instant(i64::MIN),
            marked: Vec::new(),
            taken_back: HashSet::new(),
        }
    }
}

impl LogWalk {
    fn step(&mut self, id: i64, entry: StoreResult<Operation>) {
        self.check.entries += 1;
        self.missing(self.last + 1, id - 1);
        let follows = self.last + 1 == id;
        self.last = id;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.fault(format!("entry {id} {}", unreadable(&error)));
                self.head = None;
                return;
            }
        };
        if let Some(fault) = fault_of_content(&entry) {
            self.fault(format!("entry {id} {fault}"));
        }
        let back = self.at.0.saturating_sub(entry.at.0);
        if back > 0 {
            let ms = u64::try_from(back).unwrap_or_default();
            let before = id - 1;
            self.check
                .notes
                .push(format!("the system clock was set back by {} between entries {before} and {id}", span(ms)));
        }
        self.at = entry.at;
        if follows && self.head.is_some_and(|head| head != entry.prev_hash) {
            self.fault(format!("entry {id} does not follow entry {}: one of the two was replaced", id - 1));
        }
        self.head = Some(entry.hash);
        self.marked.extend(entry.undone_by.map(|by| (id, by.0)));
        if let ("undo", Some(target)) = (entry.verb.as_str(), entry.detail.get("operation").and_then(Value::as_i64)) {
            self.taken_back.insert((target, id));
            // An undo of an adoption also undoes what the adoption granted.
            let granted = entry.detail.get("granted").and_then(Value::as_array);
            self.taken_back.extend(granted.into_iter().flatten().filter_map(Value::as_i64).map(|other| (other, id)));
        }
    }

    /// Compares the marks of undone entries with the undo entries.
    fn compare_marks(&mut self) {
        let marked: HashSet<(i64, i64)> = self.marked.iter().copied().collect();
        let mut faults: Vec<(i64, String)> = Vec::new();
        for (entry, by) in marked.difference(&self.taken_back) {
            faults.push((*entry, format!("entry {entry} is marked as undone by entry {by}, which did not undo it")));
        }
        for (entry, by) in self.taken_back.difference(&marked) {
            faults.push((*entry, format!("entry {entry} was undone by entry {by}, but is not marked as undone")));
        }
        faults.sort();
        for (_, fault) in faults {
            self.fault(fault);
        }
    }

    /// Compares the end of the walk with the recorded end of the log.
    fn end(&mut self, count: Option<String>, head: Option<&str>) {
        let Some(count) = count.map_or(Some(0), |text| text.parse::<i64>().ok()) else {
            return self.fault("the recorded length of the log cannot be read".to_owned());
        };
        self.missing(self.last + 1, count);
        if count < self.last {
            self.fault(format!(
                "entry {} was added outside Toolsmith: the recorded end of the log is entry {count}",
                self.last
            ));
        }
        let found = self.head.map(|head| head.hex());
        if count == self.last && count > 0 && found.is_some() && found.as_deref() != head {
            self.fault(format!("entry {count} was replaced: the recorded newest hash is different"));
        }
    }

    fn missing(&mut self, from: i64, to: i64) {
        match to - from {
            ..0 => {}
            0 => self.fault(format!("entry {from} is missing")),
            _ => self.fault(format!("entries {from} to {to} are missing")),
        }
    }

    fn fault(&mut self, text: String) {
        self.check.faults.push(text);
    }
}

/// What is wrong with an entry on its own; `None` when it is intact.
fn fault_of_content(entry: &Operation) -> Option<&'static str> {
    (entry.expected_hash() != entry.hash).then_some("was changed: its content does not match its hash")
}

fn unreadable(error: &StoreError) -> String {
    format!("cannot be read: {error}")
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
    Ok(Operation {
        id: row.get(0)?,
        at: row.get(1)?,
        who: row.get(2)?,
        verb: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get::<_, Json<Value>>(5)?.0,
        prev_hash: row.get(6)?,
        hash: row.get(7)?,
        reversible: row.get(8)?,
        undone_by: row.get(9)?,
    })
}

/// A LIKE pattern that finds `needle` anywhere and escapes special characters.
fn like(needle: &str) -> String {
    let mut pattern = String::with_capacity(needle.len() + 2);
    pattern.push('%');
    for c in needle.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests;
