//! The result of a command: its outcome, and the intents that it recorded.

use super::pen::Pen;
use super::relocation::{ApprovalFileChange, Relocation};
use super::staged_edits::Applying;
use crate::domain::{Digest, OperationId, Outcome, ReviewId, ReviewState, ToolName};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, ReviewHead, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of a command inside the transaction: the outcome, and intents that the caller must perform.
#[derive(Debug)]
pub struct Step {
    /// The outcome, which the caller completes when the moves are done.
    pub outcome: Outcome,
    /// Intents to perform, in order: their row and what to do.
    pub intents: Vec<(i64, Work)>,
}

/// The work of an intent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    Relocation(Box<Relocation>),
    /// A version stays, and its `approval.toml` changes.
    Beside(Box<ApprovalFileChange>),
    /// Staged writes of a run are applied, or undone.
    Applying(Applying),
}

/// Body of an intent row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IntentBody {
    /// The process that will perform it; if it is dead, the next process to start performs it.
    pub owner: String,
    #[serde(flatten)]
    pub work: Work,
}

/// The person or agent who acts, and the process that acts for them.
#[derive(Debug, Clone, Copy)]
pub struct Actor<'a> {
    /// Identity written to the log.
    pub who: &'a str,
    /// The process that performs intents.
    pub owner: &'a str,
    /// Whether promotions are committed to git.
    pub commit: bool,
    /// How its entries are signed; `None` if they are not.
    pub pen: Option<&'a Pen<'a>>,
}

impl Actor<'_> {
    /// Appends an entry to the log, with its signature if there is one.
    ///
    /// # Errors
    /// `Internal` for errors of the store; `Conflict` if the written entry differs from the signed one.
    pub(super) fn log(&self, tx: &Tx<'_>, new: &NewOperation) -> Result<OperationId, EngineError> {
        let operation = tx.log(new)?;
        if let Some(pen) = self.pen {
            pen.sign(tx, operation)?;
        }
        Ok(operation)
    }
}

/// Closes the pending reviews of a removed version. Returns them for undo.
pub(super) fn close_reviews(tx: &Tx<'_>, tool: &ToolName, digest: Digest) -> Result<Vec<ReviewId>, EngineError> {
    let waits = |head: &ReviewHead| head.state == ReviewState::Waiting && head.tool == *tool && head.digest == digest;
    let closed: Vec<ReviewId> = tx.review_heads(None)?.into_iter().filter(waits).map(|head| head.id).collect();
    for review in &closed {
        tx.set_review_state(*review, ReviewState::Superseded)?;
    }
    Ok(closed)
}

/// Writes an intent in this transaction.
pub(super) fn intend(tx: &Tx<'_>, actor: Actor<'_>, relocation: Relocation) -> Result<(i64, Work), EngineError> {
    for owed in tx.intents()?.iter().filter(|owed| owed.operation != relocation.operation) {
        if owed.body.pointer("/relocation/tool").and_then(Value::as_str) == Some(relocation.tool.as_str()) {
            return Err(EngineError::new(
                ErrorCode::Conflict,
                format!("operation {} has not yet moved {}", owed.operation, relocation.tool),
                "`toolsmith doctor` retries it and shows the cause",
            ));
        }
    }
    let operation = relocation.operation;
    promise(tx, actor, operation, Work::Relocation(Box::new(relocation)))
}

/// Writes an intent of any kind in this transaction.
pub(super) fn promise(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    operation: OperationId,
    work: Work,
) -> Result<(i64, Work), EngineError> {
    let body = IntentBody { owner: actor.owner.to_owned(), work };
    let value = serde_json::to_value(&body).map_err(EngineError::internal)?;
    Ok((tx.add_intent(operation, &value)?, body.work))
}

/// An outcome without commit or detail.
pub(super) fn answer(operation: Option<OperationId>, review: Option<ReviewId>, message: String) -> Outcome {
    Outcome { operation, review, message, commit: None, detail: Value::Null }
}
