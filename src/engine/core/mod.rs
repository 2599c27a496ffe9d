//! The rules: what a command does to the store, and which effects follow.
//!
//! Every function here works inside one transaction, gets the time from it and touches nothing
//! outside the store. What must happen outside (moving files, committing) is written as an intent
//! in the same transaction and performed by the shell; after a crash the intent is still there.

mod allow;
mod annotate;
mod applying;
mod behaviour;
mod bringing;
pub mod buffering;
mod decide;
#[cfg(test)]
mod decide_tests;
mod decided;
mod deprecate;
mod expiry;
mod failing;
#[cfg(test)]
mod fixture;
mod gate;
mod grant;
mod leave;
mod ledger;
mod lifecycle;
mod marking;
mod opportunity;
mod pen;
mod policy;
mod posted;
mod proposals;
mod reading;
mod rebuild;
mod reopening;
mod rollback;
#[cfg(test)]
mod rule_tests;
mod scan;
#[cfg(test)]
mod scan_tests;
mod tiers;
mod undo;
#[cfg(test)]
mod undo_tests;
mod versions;
mod votes;
mod vouch;

pub use allow::allow;
pub use annotate::{NewComment, comment, mark, withdraw};
pub use applying::{Applying, apply};
pub use behaviour::end_run;
pub use bringing::bring;
pub use decide::{DecideInput, decide, undecided};
pub use decided::{fault_of_review, fault_of_state};
pub use deprecate::{Mark, deprecate};
pub use expiry::expire;
pub use failing::{resolve, untag};
pub use grant::{grant, revoke};
pub use leave::{fault_of_allowed, fault_of_leave, fault_of_unlock};
pub use ledger::Ledger;
pub use lifecycle::{archive, archived_placement, promote, restore};
pub use marking::{check_scenario, mark_failure};
pub use opportunity::dismiss_opportunity;
pub use pen::{Pen, SIGN, Signed, demands_signature, sign_log, signed_text};
pub use policy::{Quarantine, Question, RunPolicy, Standing, policy};
pub use posted::{Posted, post};
pub use reading::{evidence_digest, evidence_now};
pub use rebuild::{FROM_LOG, rebuild};
pub use rollback::{Comeback, Fork, fork, restore_files, rollback};
pub use scan::{Approvals, Unsettled, apply_scan};
pub use tiers::{save_set, told_scope, unlock};
pub use undo::undo;
pub use versions::{pin, trim, use_in_session};
pub use votes::missing_votes;
pub use vouch::{Beside, adopt_signed, approval_file, beside};

use super::error::{EngineError, ErrorCode};
use super::relocate::{self, Relocation};
use crate::domain::{
    Allowed, CommentId, Deprecation, Digest, GrantId, MarkId, Operation, OperationId, Outcome, Placement, ReviewId,
    ReviewState, Stage, Tool, ToolName, UnlockId, VersionFile,
};
use crate::store::{Approval, ReviewHead, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What came of a command inside the transaction: the answer, and moves the shell must perform.
#[derive(Debug)]
pub struct Step {
    /// The answer, completed by the shell when the moves are done.
    pub outcome: Outcome,
    /// Intents to perform, in order: their row and what to do.
    pub intents: Vec<(i64, Work)>,
}

/// What an intent promises.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A version moves.
    Relocation(Box<Relocation>),
    /// A version stays, what lies beside it changes.
    Beside(Box<relocate::Beside>),
    /// Staged writes of a run are applied, or taken back.
    Applying(Applying),
}

/// Body of an intent row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IntentBody {
    /// The process that will perform it; when it is dead, whoever starts next does.
    pub owner: String,
    /// What to do.
    #[serde(flatten)]
    pub work: Work,
}

/// A version at a place, as kept in operation details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The tool.
    pub tool: ToolName,
    /// Stated version.
    pub version: semver::Version,
    /// Its digest.
    pub digest: Digest,
    /// Its stage there.
    pub stage: Stage,
    /// The place.
    pub placement: Placement,
    /// Its files relative to the place.
    pub files: Vec<String>,
    /// What lay beside it there.
    #[serde(default)]
    pub approval: Beside,
}

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
    /// An adoption.
    Adopt {
        /// The review that goes back to waiting.
        review: ReviewId,
        /// What was taken over.
        members: Vec<(ToolName, Digest)>,
    },
    /// A version that was taken over because an allowed signer had approved it.
    Vouch {
        /// The tool.
        tool: ToolName,
        /// The version.
        digest: Digest,
    },
    /// A no or not-yet.
    Decline {
        /// The review that goes back to waiting.
        review: ReviewId,
    },
    /// A yes that did not decide: another one is needed.
    Vote {
        /// The review.
        review: ReviewId,
    },
    /// A yes to a specification or a plan.
    Agree {
        /// The review that goes back to waiting.
        review: ReviewId,
    },
    /// A yes to an archive proposal.
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
        /// The tool.
        tool: ToolName,
        /// The mark it had before.
        before: Option<Deprecation>,
        /// The proposal that goes back to waiting.
        review: Option<ReviewId>,
    },
    /// A version approved before is in use again.
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
        /// The new tool.
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
    /// A grant.
    Allow {
        /// The tool.
        tool: ToolName,
        /// The version that was let do what it declares.
        digest: Digest,
    },
    /// A comment.
    Comment {
        /// Which.
        comment: CommentId,
    },
    /// A comment that was taken back.
    Withdraw {
        /// Which.
        comment: CommentId,
    },
    /// Leave for an agent.
    Grant {
        /// Which.
        grant: GrantId,
    },
    /// Leave for an agent that was revoked.
    RevokeGrant {
        /// Which.
        grant: GrantId,
    },
    /// What costs more than low was opened.
    Unlock {
        /// Which.
        unlock: UnlockId,
    },
    /// What costs more than low was locked again.
    RevokeUnlock {
        /// Which.
        unlock: UnlockId,
    },
    /// A choice of tools was saved, or taken away.
    SaveSet {
        /// Its name.
        name: ToolName,
        /// What it held before; empty when there was none.
        before: Vec<ToolName>,
    },
    /// What a version was allowed, revoked.
    RevokeAllow {
        /// The tool.
        tool: ToolName,
        /// The version.
        digest: Digest,
        /// What it had been allowed.
        allowed: Allowed,
    },
    /// A version was pinned, or its pin taken away.
    Pin {
        /// The tool.
        tool: ToolName,
        /// The version.
        digest: Digest,
        /// Whether it was pinned.
        pinned: bool,
    },
    /// A failure that was marked.
    MarkFailure {
        /// Which mark.
        mark: MarkId,
    },
    /// An opportunity was dismissed.
    DismissOpportunity {
        /// Its key.
        key: String,
    },
    /// Older versions were taken away; their bytes are kept.
    Trim {
        /// Where they lay.
        taken: Vec<Placed>,
        /// Reviews that lost their object by it.
        #[serde(default)]
        closed: Vec<ReviewId>,
    },
    /// A negative tag was taken away.
    Untag {
        /// The marks that gave it, with the tags they had.
        marks: Vec<(MarkId, Vec<String>)>,
    },
    /// A failure group was said to be over.
    Resolve {
        /// Its signature.
        signature: String,
    },
    /// Staged writes of a run that were applied.
    Apply {
        /// What was applied.
        step: Applying,
    },
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

    /// Whether the operation approved this version.
    pub fn approved(&self, tool: &ToolName, digest: Digest) -> bool {
        match self {
            UndoNote::Approve { after, .. } | UndoNote::Rollback { after, approved: true, .. } => {
                after.tool == *tool && after.digest == digest
            }
            UndoNote::Adopt { members, .. } => members.iter().any(|(name, member)| name == tool && *member == digest),
            UndoNote::Vouch { tool: name, digest: vouched } => name == tool && *vouched == digest,
            UndoNote::Rollback { .. }
            | UndoNote::Decline { .. }
            | UndoNote::Vote { .. }
            | UndoNote::Agree { .. }
            | UndoNote::PutAway { .. }
            | UndoNote::Deprecate { .. }
            | UndoNote::RestoreFiles { .. }
            | UndoNote::Fork { .. }
            | UndoNote::Post { .. }
            | UndoNote::Allow { .. }
            | UndoNote::Comment { .. }
            | UndoNote::Withdraw { .. }
            | UndoNote::Grant { .. }
            | UndoNote::RevokeGrant { .. }
            | UndoNote::Unlock { .. }
            | UndoNote::RevokeUnlock { .. }
            | UndoNote::SaveSet { .. }
            | UndoNote::RevokeAllow { .. }
            | UndoNote::Apply { .. }
            | UndoNote::Pin { .. }
            | UndoNote::DismissOpportunity { .. }
            | UndoNote::MarkFailure { .. }
            | UndoNote::Resolve { .. }
            | UndoNote::Untag { .. }
            | UndoNote::Trim { .. }
            | UndoNote::Propose { .. }
            | UndoNote::Move { .. } => false,
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
            UndoNote::Adopt { .. }
            | UndoNote::Decline { .. }
            | UndoNote::Vote { .. }
            | UndoNote::Agree { .. }
            | UndoNote::Deprecate { .. }
            | UndoNote::Allow { .. }
            | UndoNote::Propose { .. }
            | UndoNote::Comment { .. }
            | UndoNote::Withdraw { .. }
            | UndoNote::Grant { .. }
            | UndoNote::RevokeGrant { .. }
            | UndoNote::Unlock { .. }
            | UndoNote::RevokeUnlock { .. }
            | UndoNote::SaveSet { .. }
            | UndoNote::RevokeAllow { .. }
            | UndoNote::Vouch { .. }
            | UndoNote::Pin { .. }
            | UndoNote::DismissOpportunity { .. }
            | UndoNote::MarkFailure { .. }
            | UndoNote::Resolve { .. }
            | UndoNote::Untag { .. }
            | UndoNote::Trim { .. }
            | UndoNote::Apply { .. } => Vec::new(),
        }
    }

    /// Versions that the operation took away from where they were.
    pub fn took(&self) -> Vec<&Placed> {
        match self {
            UndoNote::Approve { before, replaced, .. } => std::iter::once(before).chain(replaced.as_deref()).collect(),
            UndoNote::Move { before, .. }
            | UndoNote::PutAway { before, .. }
            | UndoNote::Rollback { before, .. }
            | UndoNote::Fork { before, .. } => vec![before],
            UndoNote::RestoreFiles { before, .. } => before.iter().collect(),
            UndoNote::Trim { taken, .. } => taken.iter().collect(),
            UndoNote::Adopt { .. }
            | UndoNote::Decline { .. }
            | UndoNote::Vote { .. }
            | UndoNote::Agree { .. }
            | UndoNote::Deprecate { .. }
            | UndoNote::Post { .. }
            | UndoNote::Allow { .. }
            | UndoNote::Propose { .. }
            | UndoNote::Comment { .. }
            | UndoNote::Withdraw { .. }
            | UndoNote::Grant { .. }
            | UndoNote::RevokeGrant { .. }
            | UndoNote::Unlock { .. }
            | UndoNote::RevokeUnlock { .. }
            | UndoNote::SaveSet { .. }
            | UndoNote::RevokeAllow { .. }
            | UndoNote::Vouch { .. }
            | UndoNote::Pin { .. }
            | UndoNote::DismissOpportunity { .. }
            | UndoNote::MarkFailure { .. }
            | UndoNote::Resolve { .. }
            | UndoNote::Untag { .. }
            | UndoNote::Apply { .. } => Vec::new(),
        }
    }
}

/// Who asks, and on behalf of which process.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Identity written to the log.
    pub who: &'a str,
    /// The process that performs intents.
    pub owner: &'a str,
    /// Whether promotions are committed to git.
    pub commit: bool,
    /// How its entries are signed; `None` where they are not.
    pub pen: Option<&'a Pen<'a>>,
}

impl Placed {
    /// A tool where the catalog found it.
    pub fn of(tool: &Tool, files: &[VersionFile]) -> Placed {
        Placed {
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            stage: tool.stage,
            placement: tool.placement.clone(),
            files: files.iter().map(|f| f.path.clone()).collect(),
            approval: Beside::Unknown,
        }
    }

    /// The same version at another place.
    pub fn moved_to(&self, stage: Stage, placement: Placement) -> Placed {
        Placed { stage, placement, approval: Beside::Unknown, ..self.clone() }
    }
}

/// The place of a promoted tool: a folder of its own, named after it.
pub fn stage_placement(stage: Stage, name: &ToolName) -> Placement {
    Placement { base: format!("tools/{stage}/{name}"), exclusive: true }
}

/// Closes the reviews of a version that wait: it goes away. Gives them, for who takes that back.
fn close_reviews(tx: &Tx<'_>, tool: &ToolName, digest: Digest) -> Result<Vec<ReviewId>, EngineError> {
    let waits = |head: &ReviewHead| head.state == ReviewState::Waiting && head.tool == *tool && head.digest == digest;
    let closed: Vec<ReviewId> = tx.review_heads()?.into_iter().filter(waits).map(|head| head.id).collect();
    for review in &closed {
        tx.set_review_state(*review, ReviewState::Superseded)?;
    }
    Ok(closed)
}

/// Writes an intent in this transaction.
fn intend(tx: &Tx<'_>, actor: Actor<'_>, relocation: Relocation) -> Result<(i64, Work), EngineError> {
    for owed in tx.intents()?.iter().filter(|owed| owed.operation != relocation.operation) {
        if owed.body.pointer("/relocation/tool").and_then(Value::as_str) == Some(relocation.tool.as_str()) {
            return Err(EngineError::new(
                ErrorCode::Conflict,
                format!("operation {} has not moved {} yet", owed.operation, relocation.tool),
                "something was in its way: `toolsmith doctor` tries again and says what",
            ));
        }
    }
    let operation = relocation.operation;
    promise(tx, actor, operation, Work::Relocation(Box::new(relocation)))
}

/// Writes an intent of any kind in this transaction.
fn promise(tx: &Tx<'_>, actor: Actor<'_>, operation: OperationId, work: Work) -> Result<(i64, Work), EngineError> {
    let body = IntentBody { owner: actor.owner.to_owned(), work };
    let value = serde_json::to_value(&body).map_err(EngineError::internal)?;
    Ok((tx.add_intent(operation, &value)?, body.work))
}

/// An answer without commit or detail.
fn answer(operation: Option<OperationId>, review: Option<ReviewId>, message: String) -> Outcome {
    Outcome { operation, review, message, commit: None, detail: Value::Null }
}
