//! The operation log: who did what, hash-chained, appended to and never rewritten.
//!
//! The chain alone cannot show that its end was cut off, so the number and the hash of the newest entry are
//! kept beside it (`log_count`, `log_head`) and move in the same transaction. Someone who may write the
//! database can recompute all of it; this shows accidents and careless hands, not an attacker with a plan.

use super::connection::Queries;
use super::error::{StoreError, StoreResult};
use super::tx::Tx;
use super::values::{Count, Json};
use crate::domain::{Digest, EventKind, Operation, OperationId};
use rusqlite::{Row, params};
use serde_json::Value;

const COLUMNS: &str = "id, at_ms, who, verb, subject, detail, prev_hash, hash, reversible, undone_by";
const LOG_COUNT: &str = "log_count";
const LOG_HEAD: &str = "log_head";

/// What a new log entry says.
#[derive(Debug, Clone, PartialEq)]
pub struct NewOperation {
    /// Reviewer identity for humans, `agent:NAME` for agents.
    pub who: String,
    /// The verb, as in the table of actions.
    pub verb: String,
    /// What it is about: tool, review or run.
    pub subject: String,
    /// Arguments and what is needed to take it back.
    pub detail: Value,
    /// Whether `undo` can take it back.
    pub reversible: bool,
}

/// What a walk over the whole log found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogCheck {
    /// Entries read.
    pub entries: u64,
    /// What is wrong, each naming its entry; empty means all is well.
    pub faults: Vec<String>,
}

impl Queries {
    /// Log entries, newest first, at most `limit`; with `grep` only those that hold this text in who, verb,
    /// subject or detail (ASCII case does not matter, no character is special).
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

    /// One log entry.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn operation(&self, id: OperationId) -> StoreResult<Option<Operation>> {
        self.row(&format!("SELECT {COLUMNS} FROM operations WHERE id = ?1"), params![id], read)
    }

    /// The newest entry that can be taken back, has not been, and is no undo itself.
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

    /// The newest entry with this verb and subject that has not been taken back.
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

    /// Walks the whole log: entries that were edited, are missing, changed places, or were cut from its end.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read; an entry that cannot be read is a fault, not an error.
    pub fn verify_log(&self) -> StoreResult<LogCheck> {
        self.snapshot(|queries| {
            let mut walk = Walk::default();
            let mut statement = queries.connection.prepare(&format!("SELECT {COLUMNS} FROM operations ORDER BY id"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                walk.step(row.get(0)?, read(row).map_err(StoreError::from));
            }
            walk.end(queries.meta(LOG_COUNT)?, queries.meta(LOG_HEAD)?);
            Ok(walk.check)
        })
    }
}

impl Tx<'_> {
    /// Appends an entry to the log, chained to the one before. Emits `operation-logged`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the detail cannot be read back as it is written (nested too deep), and
    /// any other [`StoreError`] of a failed write.
    pub fn log(&self, new: &NewOperation) -> StoreResult<OperationId> {
        let (count, head) = self.log_end()?;
        // What is hashed is what will be read back.
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
        Ok(operation.id)
    }

    /// Notes that `by` took `operation` back.
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

    /// Number and hash of the newest entry. A table and a note that disagree were tampered with: new entries
    /// are numbered after both, so that what `verify_log` says stays true.
    fn log_end(&self) -> StoreResult<(i64, Digest)> {
        let sql = "SELECT id, hash FROM operations ORDER BY id DESC LIMIT 1";
        let newest = self.row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (last, hash) = newest.unwrap_or((0, Digest([0; 32])));
        let noted = self.meta(LOG_COUNT)?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let head = self.meta(LOG_HEAD)?.and_then(|text| text.parse().ok()).unwrap_or(hash);
        Ok((last.max(noted), head))
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

/// The state of a walk over the log.
struct Walk {
    check: LogCheck,
    /// Number of the entry before.
    last: i64,
    /// Its hash; `None` when it could not be read, so that one fault is not told twice.
    head: Option<Digest>,
}

impl Default for Walk {
    fn default() -> Walk {
        Walk { check: LogCheck::default(), last: 0, head: Some(Digest([0; 32])) }
    }
}

impl Walk {
    fn step(&mut self, id: i64, entry: StoreResult<Operation>) {
        self.check.entries += 1;
        self.missing(self.last + 1, id - 1);
        let follows = self.last + 1 == id;
        self.last = id;
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.fault(format!("entry {id} cannot be read: {error}"));
                self.head = None;
                return;
            }
        };
        if entry.expected_hash() != entry.hash {
            self.fault(format!("entry {id} was changed: its content does not have its hash"));
        }
        if follows && self.head.is_some_and(|head| head != entry.prev_hash) {
            self.fault(format!("entry {id} does not follow entry {}: one of the two was replaced", id - 1));
        }
        self.head = Some(entry.hash);
    }

    /// Compares the end of the walk with what was noted when the newest entry was written.
    fn end(&mut self, count: Option<String>, head: Option<String>) {
        let Some(count) = count.map_or(Some(0), |text| text.parse::<i64>().ok()) else {
            return self.fault("the noted length of the log cannot be read".to_owned());
        };
        self.missing(self.last + 1, count);
        if count < self.last {
            self.fault(format!("entry {} was added from outside: the log was noted to end at {count}", self.last));
        }
        let found = self.head.map(|head| head.hex());
        if count == self.last && count > 0 && found.is_some() && found != head {
            self.fault(format!("entry {count} was replaced: the newest hash was noted to be another one"));
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

fn read(row: &Row<'_>) -> rusqlite::Result<Operation> {
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

/// A LIKE pattern that finds `needle` anywhere, with nothing special in it.
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
