//! Comments of reviewers, and what reviewers marked as read.

use super::error::{StoreError, StoreResult};
use super::queries::Queries;
use super::tx::Tx;
use super::values::Count;
use crate::domain::{Comment, CommentAnchor, CommentId, EventKind, OperationId, ReadMark, ReviewId, ToolName};
use rusqlite::{Row, params};

const COLUMNS: &str = "id, review, tool, digest, path, first_line, last_line, line_text, kind, body, who, at_ms";

impl Queries {
    /// Comments on any version of a tool, oldest first, without withdrawn ones. None of them is flagged as outdated
    /// yet: only a caller with the files can tell.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn comments_on(&self, tool: &ToolName) -> StoreResult<Vec<Comment>> {
        let sql = format!("SELECT {COLUMNS} FROM comments WHERE tool = ?1 AND withdrawn = 0 ORDER BY id");
        self.rows(&sql, params![tool], read)
    }

    /// One comment; `None` when it was withdrawn.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn comment(&self, id: CommentId) -> StoreResult<Option<Comment>> {
        let sql = format!("SELECT {COLUMNS} FROM comments WHERE id = ?1 AND withdrawn = 0");
        self.row(&sql, params![id], read)
    }

    /// What a reviewer has marked as read in any version of a tool.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn marks_of(&self, tool: &ToolName, who: &str) -> StoreResult<Vec<ReadMark>> {
        let sql = "SELECT path, content FROM marks WHERE tool = ?1 AND who = ?2 ORDER BY path, content";
        self.rows(sql, params![tool, who], |row| Ok(ReadMark { path: row.get(0)?, content: row.get(1)? }))
    }
}

impl Tx<'_> {
    /// The number that the next comment gets.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed read.
    pub fn next_comment(&self) -> StoreResult<CommentId> {
        self.next_number("comments").map(CommentId)
    }

    /// Stores a comment and returns its new number; ignores the number in `comment`. Emits `review-annotated`.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed write, also when the review or the log entry does not exist.
    pub fn add_comment(&self, comment: &Comment, operation: OperationId) -> StoreResult<CommentId> {
        let sql = "INSERT INTO comments (review, tool, digest, path, first_line, last_line, line_text, kind, body, who, \
                   at_ms, operation) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let lines = comment.spot.lines;
        let row = params![
            comment.review,
            comment.tool,
            comment.digest,
            comment.spot.path,
            lines.map(|(first, _)| Count(first)),
            lines.map(|(_, last)| Count(last)),
            comment.line_text,
            comment.kind,
            comment.body,
            comment.who,
            self.now(),
            operation
        ];
        let id = CommentId(self.insert(sql, row)?);
        self.emit(EventKind::ReviewAnnotated, comment.review)?;
        Ok(id)
    }

    /// Withdraws a comment, or restores it. Emits `review-annotated`.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such comment, and any other [`StoreError`] of a failed write.
    pub fn set_withdrawn(&self, id: CommentId, withdrawn: bool) -> StoreResult<()> {
        let sql = "UPDATE comments SET withdrawn = ?2 WHERE id = ?1 RETURNING review";
        let review: Option<ReviewId> = self.row(sql, params![id, withdrawn], |row| row.get(0))?;
        let review = review.ok_or_else(|| StoreError::missing(format_args!("comment {id}")))?;
        self.emit(EventKind::ReviewAnnotated, review).map(drop)
    }

    /// Sets or removes a mark of a reviewer. Emits `review-annotated` when that changes something.
    ///
    /// # Errors
    /// Any [`StoreError`] of a failed write.
    pub fn set_mark(&self, review: ReviewId, tool: &ToolName, who: &str, mark: &ReadMark, on: bool) -> StoreResult<()> {
        let changed = if on {
            let sql = "INSERT OR IGNORE INTO marks (tool, path, content, who, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
            self.change(sql, params![tool, mark.path, mark.content, who, self.now()])?
        } else {
            let sql = "DELETE FROM marks WHERE tool = ?1 AND path = ?2 AND content = ?3 AND who = ?4";
            self.change(sql, params![tool, mark.path, mark.content, who])?
        };
        if changed > 0 {
            self.emit(EventKind::ReviewAnnotated, review)?;
        }
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Comment> {
    let lines = (row.get::<_, Option<Count>>(5)?, row.get::<_, Option<Count>>(6)?);
    let lines = lines.0.zip(lines.1).map(|(first, last)| (first.0, last.0));
    Ok(Comment {
        id: row.get(0)?,
        review: row.get(1)?,
        tool: row.get(2)?,
        digest: row.get(3)?,
        spot: CommentAnchor { path: row.get(4)?, lines },
        line_text: row.get(7)?,
        kind: row.get(8)?,
        body: row.get(9)?,
        who: row.get(10)?,
        at: row.get(11)?,
        outdated: false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, digest, name, operation, review, store};
    use super::*;
    use crate::domain::CommentKind;

    #[test]
    fn a_comment_reads_back_until_it_is_withdrawn() {
        let (_dir, mut store) = store();
        let comment = |id, review| Comment {
            id,
            review,
            tool: name("x"),
            digest: digest("1"),
            spot: CommentAnchor { path: Some("a.py".to_owned()), lines: Some((3, 4)) },
            line_text: Some("x = 1\ny = 2".to_owned()),
            kind: CommentKind::MustFix,
            body: "why?".to_owned(),
            who: "Ada <ada@example.org>".to_owned(),
            at: NOW,
            outdated: false,
        };
        let (review, id) = change(&mut store, |tx| {
            let review = tx.open_review(&review("x", "1"))?;
            let operation = tx.log(&operation("comment", "x"))?;
            Ok((review, tx.add_comment(&comment(CommentId(0), review), operation)?))
        });
        assert_eq!(store.comments_on(&name("x")).unwrap(), [comment(id, review)]);
        assert_eq!(store.comment(id).unwrap(), Some(comment(id, review)));
        change(&mut store, |tx| tx.set_withdrawn(id, true));
        assert_eq!((store.comments_on(&name("x")).unwrap(), store.comment(id).unwrap()), (vec![], None));
        change(&mut store, |tx| tx.set_withdrawn(id, false));
        assert_eq!(store.comments_on(&name("x")).unwrap().len(), 1);
    }

    #[test]
    fn a_mark_is_of_one_reviewer_and_one_content() {
        let (_dir, mut store) = store();
        let mark = ReadMark { path: "a.py".to_owned(), content: digest("a") };
        let review = change(&mut store, |tx| tx.open_review(&review("x", "1")));
        for _ in 0..2 {
            change(&mut store, |tx| tx.set_mark(review, &name("x"), "ada", &mark, true));
        }
        assert_eq!(store.marks_of(&name("x"), "ada").unwrap(), std::slice::from_ref(&mark));
        assert_eq!(store.marks_of(&name("x"), "bob").unwrap(), []);
        change(&mut store, |tx| tx.set_mark(review, &name("x"), "ada", &mark, false));
        assert_eq!(store.marks_of(&name("x"), "ada").unwrap(), []);
    }
}
