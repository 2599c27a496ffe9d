//! What `undo` needs to know of an operation: written with it, never changed.

use super::placed::Placed;
use super::row_changes::{
    Commented, Dismissed, GrantRevoked, Granted, MarkEdited, Marked, PermissionRevoked, Permitted, PinChange, Resolved,
    RowChange, SetSaved, UnlockRevoked, Unlocked, Untagged, Withdrawn,
};
use super::staged_edits::Applying;
use crate::domain::{Deprecation, Digest, Operation, OperationId, ReviewId, ToolName};
use crate::store::Approval;
use serde::{Deserialize, Serialize};

/// What `undo` needs, kept in the detail of an operation under `undo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum UndoNote {
    /// An approval that moved a version (or, for drift, left it in place).
    Approve {
        /// The review that goes back to waiting.
        review: ReviewId,
        /// Where it came from.
        before: Placed,
        /// Where it is now.
        after: Placed,
        /// The version of the same name that was in the target place before.
        replaced: Option<Box<Placed>>,
        /// Whether an approval of that version was in force; only then it comes back with it.
        replaced_approved: bool,
        /// The approvals that ended by this one, as they were; `None` in entries of an older format.
        #[serde(default)]
        ended: Option<Vec<Approval>>,
        /// Reviews of the version that was replaced, which lost their object.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// Tools of the workspace were approved together.
    Adopt {
        /// The review that goes back to waiting.
        review: ReviewId,
        /// What was taken over.
        members: Vec<(ToolName, Digest)>,
        /// The entries that gave members what they declare, in the same step; undo takes them back as well.
        #[serde(default)]
        granted: Vec<OperationId>,
    },
    /// A version that was taken over because an allowed signer had approved it.
    Vouch {
        /// Name of the version that was taken over.
        tool: ToolName,
        /// Digest of the version that was taken over.
        digest: Digest,
    },
    /// A rejection or a request for changes.
    Decline {
        /// The review that goes back to waiting.
        review: ReviewId,
    },
    /// An approval that did not decide: another one is needed.
    Vote {
        /// The review that loses this vote.
        review: ReviewId,
    },
    /// An approval of a specification or a plan.
    Agree {
        /// The review that goes back to waiting.
        review: ReviewId,
    },
    /// An approval of an archive proposal.
    PutAway {
        /// The review that goes back to waiting.
        review: ReviewId,
        /// Where it came from.
        before: Placed,
        /// Where it is now.
        after: Placed,
        /// Reviews that lost their object by it.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// A tool was marked as one that should not be used any more.
    Deprecate {
        /// Name of the tool that was marked.
        tool: ToolName,
        /// The mark it had before.
        before: Option<Deprecation>,
        /// The proposal that goes back to waiting.
        review: Option<ReviewId>,
    },
    /// Another approved version is in use: one approved before, or one that the team approved.
    Rollback {
        /// What was in the place; its bytes are kept.
        before: Placed,
        /// What is there now.
        after: Placed,
        /// The approvals that ended with it, as they were.
        ended: Vec<Approval>,
        /// Whether it put an approval of the version in force.
        approved: bool,
        /// Reviews of the version that was in use, which lost their object.
        #[serde(default)]
        closed: Vec<ReviewId>,
        /// Experimental versions that went with it; undo puts them back from their kept copies.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken: Vec<Placed>,
    },
    /// Approved files were put back.
    RestoreFiles {
        /// What lay there, changed; `None` when nothing did.
        before: Option<Placed>,
        /// What is there now.
        after: Placed,
    },
    /// Changed files became a tool of their own, and the approved ones were put back.
    Fork {
        /// What lay there, changed.
        before: Placed,
        /// What is there now.
        after: Placed,
        fork: Placed,
    },
    /// A request that brought files.
    Post {
        /// The review it opened.
        review: ReviewId,
        /// The tool it wrote; `None` when it brought no files.
        wrote: Option<Placed>,
        /// The waiting review that it took the place of.
        #[serde(default)]
        replaced: Option<ReviewId>,
    },
    /// Undo takes the permission back.
    Allow(Permitted),
    /// Undo withdraws the comment.
    Comment(Commented),
    /// A comment that was undone.
    Withdraw(Withdrawn),
    /// Leave for an agent.
    Grant(Granted),
    /// Leave for an agent that was revoked.
    RevokeGrant(GrantRevoked),
    /// What costs more than low was opened.
    Unlock(Unlocked),
    /// What costs more than low was locked again.
    RevokeUnlock(UnlockRevoked),
    /// A choice of tools was saved, or taken away.
    SaveSet(SetSaved),
    /// What a version was allowed, revoked.
    RevokeAllow(PermissionRevoked),
    /// A version was pinned, or its pin taken away.
    Pin(PinChange),
    /// A failure that was marked.
    MarkFailure(Marked),
    /// A change of what a mark says.
    EditMark(MarkEdited),
    /// An opportunity was dismissed.
    DismissOpportunity(Dismissed),
    /// Older versions were taken away; their bytes are kept.
    Trim {
        /// Undo puts each back where it lay, from its kept copy.
        taken: Vec<Placed>,
        /// Reviews that lost their object by it.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// A negative tag was taken away.
    Untag(Untagged),
    /// A failure group was said to be over.
    Resolve(Resolved),
    /// Staged writes of a run that were applied.
    Apply { step: Applying },
    /// A review that was asked for.
    Propose {
        /// The review, which has nothing to decide any more.
        review: ReviewId,
    },
    /// A move without a decision: archive and restore.
    Move {
        /// Where it came from.
        before: Placed,
        /// Where it is now.
        after: Placed,
        /// Reviews that lost their object by it.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
}

impl UndoNote {
    /// The note of an operation; `None` when it has none.
    pub fn of(operation: &Operation) -> Option<UndoNote> {
        serde_json::from_value(operation.detail.get("undo")?.clone()).ok()
    }

    /// The change, where it is one of rows alone.
    pub fn row_change(&self) -> Option<&dyn RowChange> {
        Some(match self {
            UndoNote::Allow(change) => change,
            UndoNote::Comment(change) => change,
            UndoNote::Withdraw(change) => change,
            UndoNote::Grant(change) => change,
            UndoNote::RevokeGrant(change) => change,
            UndoNote::Unlock(change) => change,
            UndoNote::RevokeUnlock(change) => change,
            UndoNote::SaveSet(change) => change,
            UndoNote::RevokeAllow(change) => change,
            UndoNote::Pin(change) => change,
            UndoNote::MarkFailure(change) => change,
            UndoNote::EditMark(change) => change,
            UndoNote::DismissOpportunity(change) => change,
            UndoNote::Untag(change) => change,
            UndoNote::Resolve(change) => change,
            _ => return None,
        })
    }

    /// Whether the operation approved this version.
    pub fn approved(&self, tool: &ToolName, digest: Digest) -> bool {
        match self {
            UndoNote::Approve { after, .. } | UndoNote::Rollback { after, approved: true, .. } => {
                after.tool == *tool && after.digest == digest
            }
            UndoNote::Adopt { members, .. } => members.iter().any(|(name, member)| name == tool && *member == digest),
            UndoNote::Vouch { tool: name, digest: vouched } => name == tool && *vouched == digest,
            _ => false,
        }
    }

    /// Versions that the operation put somewhere.
    pub fn arrived(&self) -> Vec<&Placed> {
        match self {
            UndoNote::Approve { after, .. }
            | UndoNote::Move { after, .. }
            | UndoNote::PutAway { after, .. }
            | UndoNote::Rollback { after, .. }
            | UndoNote::RestoreFiles { after, .. } => vec![after],
            UndoNote::Fork { after, fork, .. } => vec![after, fork],
            UndoNote::Post { wrote, .. } => wrote.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Versions that the operation took away from where they were.
    pub fn took(&self) -> Vec<&Placed> {
        match self {
            UndoNote::Approve { before, replaced, .. } => std::iter::once(before).chain(replaced.as_deref()).collect(),
            UndoNote::Move { before, .. } | UndoNote::PutAway { before, .. } | UndoNote::Fork { before, .. } => {
                vec![before]
            }
            UndoNote::Rollback { before, taken, .. } => std::iter::once(before).chain(taken).collect(),
            UndoNote::RestoreFiles { before, .. } => before.iter().collect(),
            UndoNote::Trim { taken, .. } => taken.iter().collect(),
            _ => Vec::new(),
        }
    }
}
