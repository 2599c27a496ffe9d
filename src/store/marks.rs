//! Marks of failures: what a user says did not work, and for which scenario.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::{EventKind, FailureMark, MarkId, MarkWords, NewMark, ToolName};
use rusqlite::{Row, params};

const COLUMNS: &str = "id, run, tool, digest, scenario, error, severity, tags, who, at_ms, withdrawn";

impl Queries {
    /// The marks of a tool, oldest first, including withdrawn ones.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn failure_marks(&self, tool: &ToolName) -> StoreResult<Vec<FailureMark>> {
        self.rows(&format!("SELECT {COLUMNS} FROM failure_marks WHERE tool = ?1 ORDER BY id"), params![tool], read)
    }

    /// The marks that count in a failure group, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn marks_of_group(&self, signature: &str) -> StoreResult<Vec<FailureMark>> {
        let sql = format!("SELECT {COLUMNS} FROM failure_marks WHERE signature = ?1 AND withdrawn = 0 ORDER BY id");
        self.rows(&sql, params![signature], read)
    }

    /// The marks of all tools that count, oldest first.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn all_failure_marks(&self) -> StoreResult<Vec<FailureMark>> {
        self.rows(&format!("SELECT {COLUMNS} FROM failure_marks WHERE withdrawn = 0 ORDER BY id"), [], read)
    }

    /// One mark.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn failure_mark(&self, id: MarkId) -> StoreResult<Option<FailureMark>> {
        self.row(&format!("SELECT {COLUMNS} FROM failure_marks WHERE id = ?1"), params![id], read)
    }
}

impl Tx<'_> {
    /// Stores a mark of a failure, and opens its failure group. Emits `failure-marked`.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed write.
    pub fn mark_failure(&self, mark: &NewMark) -> StoreResult<MarkId> {
        let sql = "INSERT INTO failure_marks (run, tool, digest, scenario, error, severity, tags, who, at_ms, signature) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let NewMark { run, tool, digest, scenario, error, severity, tags, who } = mark;
        let signature = self.add_mark_to_group(tool, *run, (scenario, error), *severity)?;
        let row = params![run, tool, digest, scenario, error, severity, Json(tags), who, self.now(), signature];
        let id = self.insert(sql, row).map(MarkId)?;
        self.emit(EventKind::FailureMarked, tool)?;
        Ok(id)
    }

    /// Withdraws a mark, or restores it. Emits `failure-marked`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such mark, and any other [`StoreError`] of a failed write.
    pub fn set_mark_withdrawn(&self, id: MarkId, withdrawn: bool) -> StoreResult<()> {
        let mark = self.known_mark(id)?;
        self.change("UPDATE failure_marks SET withdrawn = ?2 WHERE id = ?1", params![id, withdrawn])?;
        self.renew_scenarios(id)?;
        self.emit(EventKind::FailureMarked, mark.tool).map(drop)
    }

    /// Changes the text of a mark. Emits `failure-marked`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such mark, and any other [`StoreError`] of a failed write.
    pub fn set_mark_words(&self, id: MarkId, words: &MarkWords) -> StoreResult<()> {
        let mark = self.known_mark(id)?;
        let sql = "UPDATE failure_marks SET scenario = ?2, error = ?3, severity = ?4, tags = ?5 WHERE id = ?1";
        let MarkWords { scenario, error, severity, tags } = words;
        self.change(sql, params![id, scenario, error, severity, Json(tags)])?;
        self.renew_scenarios(id)?;
        self.emit(EventKind::FailureMarked, mark.tool).map(drop)
    }

    fn known_mark(&self, id: MarkId) -> StoreResult<FailureMark> {
        self.failure_mark(id)?.ok_or_else(|| StoreError::missing(format_args!("mark {id}")))
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<FailureMark> {
    Ok(FailureMark {
        id: row.get(0)?,
        run: row.get(1)?,
        tool: row.get(2)?,
        digest: row.get(3)?,
        scenario: row.get(4)?,
        error: row.get(5)?,
        severity: row.get(6)?,
        tags: row.get::<_, Json<Vec<String>>>(7)?.0,
        who: row.get(8)?,
        at: row.get(9)?,
        withdrawn: row.get(10)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, digest, name, run, store};
    use super::*;
    use crate::domain::{EventSeq, Severity};

    fn mark(tool: &str) -> NewMark {
        NewMark {
            run: None,
            tool: name(tool),
            digest: digest("1"),
            scenario: "parse JSON data".to_owned(),
            error: "JSONDecodeError".to_owned(),
            severity: Severity::High,
            tags: vec!["not-for-json".to_owned()],
            who: "agent:coder".to_owned(),
        }
    }

    #[test]
    fn a_mark_reads_back_as_it_was_set_and_is_told() {
        let (_dir, mut store) = store();
        let (run, id) = change(&mut store, |tx| {
            let run = tx.start_run(&run("x"))?;
            Ok((run, tx.mark_failure(&NewMark { run: Some(run), ..mark("x") })?))
        });
        let NewMark { tool, digest, scenario, error, severity, tags, who, run: _ } = mark("x");
        let kept = FailureMark {
            id,
            run: Some(run),
            tool,
            digest,
            scenario,
            error,
            severity,
            tags,
            who,
            at: NOW,
            withdrawn: false,
        };
        assert_eq!(store.failure_marks(&name("x")).unwrap(), [kept]);
        assert_eq!(store.failure_marks(&name("y")).unwrap(), []);
        let last = store.events_since(EventSeq(0), 10).unwrap().pop().unwrap();
        assert_eq!((last.kind, last.subject.as_str()), (EventKind::FailureMarked, "x"));
    }

    #[test]
    fn a_mark_taken_back_stays_readable_and_counts_for_nothing() {
        let (_dir, mut store) = store();
        let [first, second] = change(&mut store, |tx| Ok([tx.mark_failure(&mark("x"))?, tx.mark_failure(&mark("y"))?]));
        change(&mut store, |tx| tx.set_mark_withdrawn(first, true));
        assert!(store.failure_marks(&name("x")).unwrap()[0].withdrawn);
        let ids = |store: &Queries| store.all_failure_marks().unwrap().iter().map(|mark| mark.id).collect::<Vec<_>>();
        assert_eq!(ids(&store), [second]);
        change(&mut store, |tx| tx.set_mark_withdrawn(first, false));
        assert_eq!(ids(&store), [first, second]);
    }

    #[test]
    fn what_a_mark_says_can_be_changed() {
        let (_dir, mut store) = store();
        let id = change(&mut store, |tx| tx.mark_failure(&mark("x")));
        let words = MarkWords {
            scenario: "sort numbers".to_owned(),
            error: "they were not".to_owned(),
            severity: Severity::High,
            tags: Vec::new(),
        };
        change(&mut store, |tx| tx.set_mark_words(id, &words));
        assert_eq!(store.failure_mark(id).unwrap().unwrap().words(), words);
        let groups = store.failures(None, NOW).unwrap();
        assert_eq!(groups[0].scenarios, ["sort numbers"]);
        let missing = store.transact(NOW, |tx| tx.set_mark_words(MarkId(99), &words));
        assert!(matches!(missing, Err(StoreError::Missing { .. })));
    }
}
