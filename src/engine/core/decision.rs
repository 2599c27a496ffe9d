//! What a decision is made of, and how it is written into the log and onto its review.

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

/// What the rules need to judge a decision, beside the decision itself.
#[derive(Debug)]
pub struct DecisionContext<'a> {
    /// Which checks block an approval.
    pub gates: &'a Gates,
    /// Who made what is decided, for the log.
    pub maker: Option<Value>,
    /// The version where it is now; `None` if no files move, or when it is gone.
    pub placed: Option<Placed>,
    /// The version of the same name in the place it goes to.
    pub replaced: Option<Placed>,
    /// Where it is archived, when that is proposed.
    pub archive: Option<Placement>,
    /// What an approval makes of the version for other runtimes; `None` for most.
    pub promotion: Option<Promoted>,
    /// Roles of which an approval is needed beside an ordinary one; mostly none.
    pub roles: Vec<String>,
    /// Approvals of colleagues that count here; none where the user does not trust the team.
    pub team: Vec<TeamVote>,
    /// Entries that gave tools what they declare as part of this decision; mostly none.
    pub granted: Vec<OperationId>,
}

impl<'a> DecisionContext<'a> {
    /// A context in which nothing but the gates counts.
    pub fn new(gates: &'a Gates) -> DecisionContext<'a> {
        let (maker, placed, replaced, archive, promotion) = (None, None, None, None, None);
        let (roles, team, granted) = (Vec::new(), Vec::new(), Vec::new());
        DecisionContext { gates, maker, placed, replaced, archive, promotion, roles, team, granted }
    }
}

/// What let an approval pass although checks failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    pub reason: String,
    /// The names of the checks that stood in the way.
    pub checks: Vec<String>,
}

/// A decision that is being carried out, in its transaction.
#[derive(Clone, Copy)]
pub(super) struct Deciding<'a, 'tx> {
    pub(super) tx: &'a Tx<'tx>,
    pub(super) actor: Actor<'a>,
    pub(super) request: &'a DecisionRequest,
    pub(super) context: &'a DecisionContext<'a>,
    /// The review as it is now.
    pub(super) review: &'a Review,
    /// What let it pass although checks failed; `None` for everything but such an approval.
    pub(super) passed_over: Option<&'a Override>,
}

impl<'a> Deciding<'a, '_> {
    /// The version where it is.
    ///
    /// # Errors
    /// `Conflict` when its files are gone.
    pub(super) fn placed(&self) -> Result<&'a Placed, EngineError> {
        self.context.placed.as_ref().ok_or_else(|| {
            EngineError::new(
                ErrorCode::Conflict,
                format!("the files of {} no longer exist", self.review.tool),
                "the review closes with the next scan",
            )
        })
    }

    /// Appends the decision to the log and to its review, and gives the review this state.
    pub(super) fn settle(&self, note: &UndoNote, state: ReviewState) -> Result<OperationId, EngineError> {
        let operation = self.record(note)?;
        self.tx.set_review_state(self.review.id, state)?;
        Ok(operation)
    }

    /// What is answered when all is written; `intents` are carried out afterwards.
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

    /// What the log says of it.
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
