//! The inputs of a decision, and how it is written into the log and its review.

use super::gates::Gates;
use super::placed::Placed;
use super::promotion::Promoted;
use super::step::{Actor, Step, Work, answer};
use super::team::TeamVote;
use super::undo_note::UndoNote;
use crate::domain::{Decision, DecisionRequest, Digest, OperationId, Placement, Review, ReviewState};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::{Value, json};

/// What the rules need to judge a decision, apart from the decision itself.
#[derive(Debug)]
pub struct DecisionContext<'a> {
    /// Which checks block an approval.
    pub gates: &'a Gates,
    /// The author of the version, for the log.
    pub maker: Option<Value>,
    /// The version at its present place; `None` if no files move, or if it is gone.
    pub placed: Option<Placed>,
    /// The version of the same name at the target place.
    pub replaced: Option<Placed>,
    /// Where it is archived, if archiving is proposed.
    pub archive: Option<Placement>,
    /// The promotion for other runtimes; most decisions have none.
    pub promotion: Option<Promoted>,
    /// Roles whose approval is needed in addition to an ordinary one; usually none.
    pub roles: Vec<String>,
    /// Valid approvals by the team; none if the user does not trust the team.
    pub team: Vec<TeamVote>,
    /// Log entries that granted declared permissions as part of this decision; usually none.
    pub granted: Vec<OperationId>,
}

impl<'a> DecisionContext<'a> {
    /// A context with only the gates.
    pub fn new(gates: &'a Gates) -> DecisionContext<'a> {
        let (maker, placed, replaced, archive, promotion) = (None, None, None, None, None);
        let (roles, team, granted) = (Vec::new(), Vec::new(), Vec::new());
        DecisionContext { gates, maker, placed, replaced, archive, promotion, roles, team, granted }
    }
}

/// The override of an approval despite failed checks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub reason: String,
    /// The names of the checks that blocked it.
    pub checks: Vec<String>,
}

/// A decision in progress, in its transaction.
#[derive(Clone, Copy)]
pub(super) struct Deciding<'a, 'tx> {
    pub(super) tx: &'a Tx<'tx>,
    pub(super) actor: Actor<'a>,
    pub(super) request: &'a DecisionRequest,
    pub(super) context: &'a DecisionContext<'a>,
    /// The review at present.
    pub(super) review: &'a Review,
    /// The override, if checks blocked the approval.
    pub(super) passed_over: Option<&'a Override>,
}

impl<'a> Deciding<'a, '_> {
    /// The version at its present place.
    ///
    /// # Errors
    /// `Conflict` if its files are gone.
    pub(super) fn placed(&self) -> Result<&'a Placed, EngineError> {
        self.context.placed.as_ref().ok_or_else(|| {
            EngineError::new(
                ErrorCode::Conflict,
                format!("the files of {} no longer exist", self.review.tool),
                "the review closes with the next scan",
            )
        })
    }

    /// Appends the decision to the log and to its review, and sets the state of the review.
    pub(super) fn settle(&self, note: &UndoNote, state: ReviewState) -> Result<OperationId, EngineError> {
        let operation = self.record(note)?;
        self.tx.set_review_state(self.review.id, state)?;
        Ok(operation)
    }

    /// The result after everything is written; `intents` are performed afterwards.
    pub(super) fn step(&self, operation: OperationId, message: String, intents: Vec<(i64, Work)>) -> Step {
        Step { outcome: answer(Some(operation), Some(self.review.id), message), intents }
    }

    /// Appends the decision to the log and to its review.
    pub(super) fn record(&self, note: &UndoNote) -> Result<OperationId, EngineError> {
        let Deciding { tx, actor, request, review, .. } = *self;
        let new = NewOperation {
            who: actor.who.to_owned(),
            verb: request.kind.word().to_owned(),
            subject: review.tool.to_string(),
            detail: self.detail(note)?,
            reversible: true,
        };
        let operation = actor.log(tx, &new)?;
        let decision = Decision {
            kind: request.kind,
            reviewer: actor.who.to_owned(),
            reason: request.reason.clone(),
            digest: review.digest,
            at: tx.now(),
            shown: request.shown.clone(),
            operation,
            undone: false,
            override_reason: self.passed_over.map(|over| over.reason.clone()),
            role: request.role.clone(),
        };
        tx.add_decision(review.id, &decision)?;
        Ok(operation)
    }

    /// Its detail in the log.
    fn detail(&self, note: &UndoNote) -> Result<Value, EngineError> {
        let Deciding { request, context, review, .. } = *self;
        let verdict = self.tx.verdict(&review.tool, review.digest)?;
        let checks: Vec<String> =
            verdict.iter().flat_map(|v| &v.checks).map(|check| format!("{} {}", check.name, check.state)).collect();
        let passed_over = self.passed_over.map(|over| json!({"reason": over.reason, "checks": over.checks}));
        let mut detail = json!({
            "review": review.id,
            "kind": review.kind,
            "version": review.version.to_string(),
            "digest": review.digest,
            "from_stage": review.from_stage,
            "to_stage": review.to_stage,
            "reason": request.reason,
            "shown": &request.shown,
            "checks": checks,
            "maker": context.maker,
            "override": passed_over,
            "role": request.role,
            "undo": note,
        });
        if request.approves() {
            detail["lines_total"] = json!(request.shown.lines);
            detail["lines_unread"] = json!(request.shown.unread());
        }
        if let Some(verdict) = &verdict {
            let bytes = serde_json::to_vec(verdict).map_err(EngineError::internal)?;
            detail["evidence"] = Value::String(Digest::of_bytes(&bytes).hex());
        }
        if let Some(promotion) = &context.promotion {
            detail["promotion"] = serde_json::to_value(promotion).map_err(EngineError::internal)?;
        }
        Ok(detail)
    }
}
