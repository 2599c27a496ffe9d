//! Signatures of log entries, and a walk over the log that reads each row once, as stored.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use crate::domain::{Digest, Instant, Operation, OperationId};
use rusqlite::{Row, params};
use serde::Serialize;

/// The signature of an entry, and its name space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSignature {
    /// The name space: the workspace whose log it is.
    pub space: String,
    /// SSH signature in PEM armor.
    pub signature: String,
}

/// A row of the log as stored: nothing in it is parsed or trusted.
#[derive(Debug)]
pub struct LogRow<'a> {
    /// Number of the entry.
    pub id: i64,
    /// Time that the entry states.
    pub at: Instant,
    /// Caller that the entry states.
    pub who: &'a str,
    /// Verb that the entry states.
    pub verb: &'a str,
    /// The subject that the entry states.
    pub subject: &'a str,
    /// Its detail, as JSON text.
    pub detail: &'a str,
    /// The hash of the previous entry.
    pub prev_hash: Digest,
    /// The hash that the entry states.
    pub hash: Digest,
    /// Whether `undo` can reverse it.
    pub reversible: bool,
    /// The entry that undid this one, as stated; no hash covers this field.
    pub undone_by: Option<i64>,
    /// Its signature, if any.
    pub signature: Option<LogSignature>,
}

/// The fields that the hash of an entry covers, in order, without the detail.
#[derive(Serialize)]
struct Head<'a> {
    id: i64,
    at: Instant,
    who: &'a str,
    verb: &'a str,
    subject: &'a str,
}

impl LogRow<'_> {
    /// The hash that the entry must have; equals [`Operation::expected_hash`], without parsing the detail.
    pub fn expected_hash(&self) -> Digest {
        let head = Head { id: self.id, at: self.at, who: self.who, verb: self.verb, subject: self.subject };
        let mut bytes = self.prev_hash.0.to_vec();
        // Serializing numbers and strings into memory cannot fail. If it did, the hash would not match.
        let head = serde_json::to_vec(&head).unwrap_or_default();
        bytes.extend(head.strip_suffix(b"}").unwrap_or_default());
        bytes.extend(b",\"detail\":");
        bytes.extend(self.detail.as_bytes());
        bytes.extend(if self.reversible { &b",\"reversible\":true}"[..] } else { &b",\"reversible\":false}"[..] });
        Digest::of_bytes(&bytes)
    }

    /// The entry; `None` when its detail cannot be read.
    pub fn operation(&self) -> Option<Operation> {
        Some(Operation {
            id: OperationId(self.id),
            at: self.at,
            who: self.who.to_owned(),
            verb: self.verb.to_owned(),
            subject: self.subject.to_owned(),
            detail: serde_json::from_str(self.detail).ok()?,
            prev_hash: self.prev_hash,
            hash: self.hash,
            reversible: self.reversible,
            undone_by: self.undone_by.map(OperationId),
        })
    }

    /// A digest over all rows up to this one, computed from the digest of the rows before.
    pub fn digest_after(&self, before: Digest) -> Digest {
        let parts = [before, self.expected_hash(), self.hash];
        Digest::of_bytes(&parts.map(|part| part.0).concat())
    }
}

impl Queries {
    /// The signature of an entry; `None` when it has none.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn log_signature(&self, operation: OperationId) -> StoreResult<Option<LogSignature>> {
        let sql = "SELECT space, signature FROM log_signatures WHERE operation = ?1";
        self.row(sql, params![operation], |row| Ok(LogSignature { space: row.get(0)?, signature: row.get(1)? }))
    }

    /// Walks the log, oldest entry first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read, including an unreadable row.
    pub fn walk_log(&self, each: &mut dyn FnMut(&LogRow<'_>)) -> StoreResult<()> {
        let sql = "SELECT o.id, o.at_ms, o.who, o.verb, o.subject, o.detail, o.prev_hash, o.hash, o.reversible, \
                   o.undone_by, s.space, s.signature FROM operations o LEFT JOIN log_signatures s \
                   ON s.operation = o.id ORDER BY o.id";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(&read(row)?);
        }
        Ok(())
    }

    /// A digest over all rows of the log.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn log_digest(&self) -> StoreResult<Digest> {
        let mut digest = Digest([0; 32]);
        self.walk_log(&mut |row| digest = row.digest_after(digest))?;
        Ok(digest)
    }
}

impl Tx<'_> {
    /// Stores the signature of an entry.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn keep_log_signature(&self, operation: OperationId, kept: &LogSignature) -> StoreResult<()> {
        let sql = "INSERT INTO log_signatures (operation, space, signature) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![operation, kept.space, kept.signature]).map(drop)
    }
}

fn read<'a>(row: &'a Row<'_>) -> rusqlite::Result<LogRow<'a>> {
    let text = |at: usize| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str()?);
    let space: Option<String> = row.get(10)?;
    Ok(LogRow {
        id: row.get(0)?,
        at: row.get(1)?,
        who: text(2)?,
        verb: text(3)?,
        subject: text(4)?,
        detail: text(5)?,
        prev_hash: row.get(6)?,
        hash: row.get(7)?,
        reversible: row.get(8)?,
        undone_by: row.get(9)?,
        signature: match space {
            Some(space) => Some(LogSignature { space, signature: row.get(11)? }),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, operation, store};
    use super::super::{NewOperation, Store};
    use super::*;
    use serde_json::json;

    fn rows(store: &Store) -> Vec<(i64, bool, Option<LogSignature>)> {
        let mut found = Vec::new();
        store
            .walk_log(&mut |row| found.push((row.id, row.expected_hash() == row.hash, row.signature.clone())))
            .unwrap();
        found
    }

    #[test]
    fn a_row_has_its_hash_without_being_parsed_and_keeps_its_signature() {
        let (_dir, mut store) = store();
        let odd = NewOperation {
            who: "Ada \"the\" Ω\u{1}".to_owned(),
            detail: json!({"b": [1, 2.5, null], "a": {"deep": "\"\\ü"}}),
            reversible: false,
            ..operation("grant", "x")
        };
        let kept = LogSignature { space: "here".to_owned(), signature: "armored".to_owned() };
        let (first, second) = change(&mut store, |tx| {
            let pair = (tx.log(&odd)?, tx.log(&operation("allow", "y"))?);
            tx.keep_log_signature(pair.1, &kept)?;
            Ok(pair)
        });
        assert_eq!(rows(&store), [(1, true, None), (2, true, Some(kept.clone()))]);
        assert_eq!((store.log_signature(first).unwrap(), store.log_signature(second).unwrap()), (None, Some(kept)));
        let whole = store.log_digest().unwrap();
        store.connection.execute("UPDATE operations SET subject = 'z' WHERE id = 1", []).unwrap();
        assert!(!rows(&store)[0].1);
        assert_ne!(store.log_digest().unwrap(), whole);
        let mut read_back = None;
        store.walk_log(&mut |row| read_back = row.operation()).unwrap();
        assert_eq!(read_back, store.operation(second).unwrap());
    }
}
