//! The data that `undo` needs about an operation: written with the operation, never changed.

use super::placed::Placed;
use super::row_changes::{
    Commented, Dismissed, GrantRevoked, Granted, MarkEdited, Marked, PermissionRevoked, Permitted, PinChange, Resolved,
    RowChange, SetSaved, UnlockRevoked, Unlocked, Untagged, Withdrawn,
};
use super::staged_edits::Applying;
use crate::domain::{Deprecation, Digest, Operation, OperationId, ReviewId, ToolName};
use crate::store::Approval;
use serde::{Deserialize, Serialize};

/// The data for `undo`, stored in the detail of an operation under `undo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum UndoNote {
    /// An approval that moved a version (or, for drift, left it in place).
    Approve {
        /// The review to reopen.
        review: ReviewId,
        /// Where it came from.
        before: Placed,
        /// Where it is now.
        after: Placed,
        /// The version of the same name that was in the target place before.
        replaced: Option<Box<Placed>>,
        /// Whether an approval of that version was in force; only then it is restored.
        replaced_approved: bool,
        /// The approvals that it ended; `None` in entries of an older format.
        #[serde(default)]
        ended: Option<Vec<Approval>>,
        /// Reviews of the replaced version that it closed.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// Tools of the workspace were approved together.
    Adopt {
        /// The review to reopen.
        review: ReviewId,
        /// The adopted tools.
        members: Vec<(ToolName, Digest)>,
        /// The entries that granted members their declared permissions in the same step; undo reverts them as well.
        #[serde(default)]
        granted: Vec<OperationId>,
    },
    /// A version that was adopted because an allowed signer had approved it.
    Vouch {
        /// Name of the adopted version.
        tool: ToolName,
        /// Digest of the adopted version.
        digest: Digest,
    },
    /// A rejection or a request for changes.
    Decline {
        /// The review to reopen.
        review: ReviewId,
    },
    /// An approval that did not decide: another one is needed.
    Vote {
        /// The review that loses this vote.
        review: ReviewId,
    },
    /// An approval of a specification or a plan.
    Agree {
        /// The review to reopen.
        review: ReviewId,
    },
    /// An approval of an archive proposal.
    PutAway {
        /// The review to reopen.
        review: ReviewId,
        /// Where it came from.
        before: Placed,
        /// Where it is now.
        after: Placed,
        /// Reviews that it closed.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// A tool was deprecated.
    Deprecate {
        /// Name of the deprecated tool.
        tool: ToolName,
        /// The previous mark.
        before: Option<Deprecation>,
        /// The proposal to reopen.
        review: Option<ReviewId>,
    },
    /// Another approved version came into use: one approved before, or one that the team approved.
    Rollback {
        /// The previous content of the place; its bytes are kept.
        before: Placed,
        /// What is there now.
        after: Placed,
        /// The approvals that it ended.
        ended: Vec<Approval>,
        /// Whether it put an approval of the version in force.
        approved: bool,
        /// Reviews of the replaced version that it closed.
        #[serde(default)]
        closed: Vec<ReviewId>,
        /// Experimental versions that were removed with it; undo restores them from their kept copies.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken: Vec<Placed>,
    },
    /// Approved files were restored.
    RestoreFiles {
        /// The changed content of the place; `None` if there was none.
        before: Option<Placed>,
        /// What is there now.
        after: Placed,
    },
    /// Changed files became a separate tool, and the approved ones were restored.
    Fork {
        /// The changed content of the place.
        before: Placed,
        /// What is there now.
        after: Placed,
        fork: Placed,
    },
    /// A request with files.
    Post {
        /// The review it opened.
        review: ReviewId,
        /// The tool that it wrote; `None` if it had no files.
        wrote: Option<Placed>,
        /// The pending review that it replaced.
        #[serde(default)]
        replaced: Option<ReviewId>,
    },
    /// Undo revokes the permission.
    Allow(Permitted),
    /// Undo deletes the comment.
    Comment(Commented),
    /// A comment that was deleted.
    Withdraw(Withdrawn),
    /// A grant for an agent.
    Grant(Granted),
    /// A revoked grant for an agent.
    RevokeGrant(GrantRevoked),
    /// An unlocked tool or tier.
    Unlock(Unlocked),
    /// A revoked unlock.
    RevokeUnlock(UnlockRevoked),
    /// A set of tools was saved or deleted.
    SaveSet(SetSaved),
    /// Revoked permissions of a version.
    RevokeAllow(PermissionRevoked),
    /// A version was pinned or unpinned.
    Pin(PinChange),
    /// A failure mark.
    MarkFailure(Marked),
    /// An edited mark.
    EditMark(MarkEdited),
    /// An opportunity was dismissed.
    DismissOpportunity(Dismissed),
    /// Older versions were removed; their bytes are kept.
    Trim {
        /// Undo restores each to its place from its kept copy.
        taken: Vec<Placed>,
        /// Reviews that it closed.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// A negative tag was removed.
    Untag(Untagged),
    /// A failure group was resolved.
    Resolve(Resolved),
    /// Staged writes of a run that were applied.
    Apply { step: Applying },
    /// A requested review.
    Propose {
        /// The review; undo closes it.
        review: ReviewId,
    },
    /// A move without a decision: archive and restore.
    Move {
        /// Where it came from.
        before: Placed,
        /// Where it is now.
        after: Placed,
        /// Reviews that it closed.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
}

impl UndoNote {
    /// The note of an operation; `None` if it has none.
    pub fn of(operation: &Operation) -> Option<UndoNote> {
        serde_json::from_value(operation.detail.get("undo")?.clone()).ok()
    }

    /// The change, if it affects only rows.
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

    /// Versions that the operation put in a place.
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

    /// Versions that the operation removed from their place.
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
