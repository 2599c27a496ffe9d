//! The messages of commits for moves.

use super::placed::Placed;
use super::relocation::CommitNote;
use super::step::Actor;
use crate::domain::OperationId;

/// The commit for a move, unless commits are disabled.
pub(super) fn commit_note(actor: Actor<'_>, placed: &Placed, operation: OperationId, verb: &str) -> Option<CommitNote> {
    actor.commit.then(|| CommitNote {
        // Only approved and core versions get this message; for others the verb is enough.
        message: if placed.stage.is_vouched() {
            format!("{verb} {} {} as {}", placed.tool, placed.version, placed.stage)
        } else {
            format!("{verb} {} {}", placed.tool, placed.version)
        },
        trailers: vec![
            ("Toolsmith-Operation".to_owned(), operation.to_string()),
            ("Toolsmith-Tool".to_owned(), format!("{}@{}", placed.tool, placed.version)),
            ("Toolsmith-Digest".to_owned(), placed.digest.hex()),
            ("Toolsmith-Reviewer".to_owned(), actor.who.to_owned()),
        ],
    })
}

/// The commit of an unapproved version: its subject states that, and no trailer names its digest as approved.
pub(super) fn unapproved_note(actor: Actor<'_>, placed: &Placed, operation: OperationId, what: &str) -> CommitNote {
    CommitNote {
        message: format!("undo: the changed files of {} {} {what}, not approved", placed.tool, placed.version),
        trailers: vec![
            ("Toolsmith-Operation".to_owned(), operation.to_string()),
            ("Toolsmith-Tool".to_owned(), format!("{}@{}", placed.tool, placed.version)),
            ("Toolsmith-Unapproved".to_owned(), placed.digest.hex()),
            ("Toolsmith-Reviewer".to_owned(), actor.who.to_owned()),
        ],
    }
}
