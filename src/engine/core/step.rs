//! What a command comes to: its answer, and the work outside the store that it promises.

use super::pen::Pen;
use super::relocation::{ApprovalFileChange, Relocation};
use super::staged_edits::Applying;
use crate::domain::{Digest, OperationId, Outcome, ReviewId, ReviewState, ToolName};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, ReviewHead, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The result of a command inside the transaction: the answer, and moves the shell must perform.
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
    Relocation(Box<Relocation>),
    /// A version stays, what is next to it changes.
    Beside(Box<ApprovalFileChange>),
    /// Staged writes of a run are applied, or undone.
    Applying(Applying),
}

/// Body of an intent row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IntentBody {
    /// The process that will perform it; when it is dead, whoever starts next does.
    pub owner: String,
    #[serde(flatten)]
    pub work: Work,
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
    /// How its entries are signed; `None` if they are not.
    pub pen: Option<&'a Pen<'a>>,
}

impl Actor<'_> {
    /// Appends an entry to the log, with its signature where there is one.
    ///
    /// # Errors
    /// `Internal` for errors of the store; `Conflict` when what was signed is not what is written.
    pub(super) fn log(&self, tx: &Tx<'_>, new: &NewOperation) -> Result<OperationId, EngineError> {
        let operation = tx.log(new)?;
        if let Some(pen) = self.pen {
            pen.sign(tx, operation)?;
        }
        Ok(operation)
    }
}

/// Closes the reviews of a version that wait: it goes away. Gives them, for who takes that back.
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

/// An answer without commit or detail.
pub(super) fn answer(operation: Option<OperationId>, review: Option<ReviewId>, message: String) -> Outcome {
    Outcome { operation, review, message, commit: None, detail: Value::Null }
}
