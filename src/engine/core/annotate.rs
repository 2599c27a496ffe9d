//! Comments and marks of reviewers.

use super::row_changes::{Commented, Withdrawn};
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{Comment, CommentAnchor, CommentId, CommentKind, ReadMark, Review, visible_words};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// The longest comment, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// A comment as asked for.
#[derive(Debug, Clone, Copy)]
pub struct NewComment<'a> {
    /// The place that it refers to.
    pub spot: &'a CommentAnchor,
    /// The present text of its lines.
    pub line_text: Option<&'a str>,
    pub kind: CommentKind,
    pub body: &'a str,
}

/// Stores a comment. A decided review can be commented on, too.
///
/// # Errors
/// `Usage` if it is empty, or longer than 16 KiB.
pub fn comment(tx: &Tx<'_>, actor: Actor<'_>, review: &Review, new: NewComment<'_>) -> Result<Step, EngineError> {
    let usage = |message: String| EngineError::new(ErrorCode::Usage, message, "");
    let body = visible_words(new.body).ok_or_else(|| usage("the comment has no visible characters".to_owned()))?;
    if body.len() > MAX_BODY {
        return Err(usage(format!("a comment has at most {MAX_BODY} bytes")));
    }
    let detail = json!({
        "review": review.id, "digest": review.digest, "kind": new.kind, "path": new.spot.path,
        "lines": new.spot.lines, "body": body,
    });
    // The entry names the comment by the number that its row will get.
    let id = tx.next_comment()?;
    let comment = Comment {
        id,
        review: review.id,
        tool: review.tool.clone(),
        digest: review.digest,
        spot: new.spot.clone(),
        line_text: new.line_text.map(str::to_owned),
        kind: new.kind,
        body: body.to_owned(),
        who: actor.who.to_owned(),
        at: tx.now(),
        outdated: false,
    };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "comment".to_owned(),
        subject: review.tool.to_string(),
        detail: with_note(detail, &UndoNote::Comment(Commented { comment: id })),
        reversible: true,
    })?;
    let id = tx.add_comment(&comment, operation)?;
    let message = format!("comment {id} on {} saved", review.tool);
    Ok(Step { outcome: answer(Some(operation), Some(review.id), message), intents: Vec::new() })
}

/// Deletes the caller's comment.
///
/// # Errors
/// `NotFound` if there is none; `Refused` if somebody else wrote it.
pub fn withdraw(tx: &Tx<'_>, actor: Actor<'_>, id: CommentId) -> Result<Step, EngineError> {
    let comment = tx.comment(id)?.ok_or_else(|| {
        EngineError::new(ErrorCode::NotFound, format!("there is no comment {id}"), "`toolsmith review ID` shows them")
    })?;
    if comment.who != actor.who {
        let message = format!("comment {id} was written by {}; only they can delete it", comment.who);
        return Err(EngineError::new(ErrorCode::Refused, message, "answer it with another comment"));
    }
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "withdraw".to_owned(),
        subject: comment.tool.to_string(),
        detail: with_note(
            json!({"comment": id, "review": comment.review}),
            &UndoNote::Withdraw(Withdrawn { comment: id }),
        ),
        reversible: true,
    })?;
    tx.set_withdrawn(id, true)?;
    let message = format!("comment {id} deleted");
    Ok(Step { outcome: answer(Some(operation), Some(comment.review), message), intents: Vec::new() })
}

/// Sets or removes a reading mark. Marks are private bookmarks of a reviewer, so they are not logged.
pub fn mark(tx: &Tx<'_>, actor: Actor<'_>, review: &Review, mark: &ReadMark, on: bool) -> Result<Step, EngineError> {
    tx.set_mark(review.id, &review.tool, actor.who, mark, on)?;
    let message = format!("{} is {}marked as read", mark.path, if on { "" } else { "no longer " });
    Ok(Step { outcome: answer(None, Some(review.id), message), intents: Vec::new() })
}

fn with_note(mut detail: serde_json::Value, note: &UndoNote) -> serde_json::Value {
    detail["undo"] = json!(note);
    detail
}
