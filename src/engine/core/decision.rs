//! What a decision is made of, and how it is written into the log and onto its review.

use super::gates::Gates;
use super::placed::Placed;
use super::promotion::Promoted;
use super::step::Actor;
use super::undo_note::UndoNote;
use crate::domain::{Decision, DecisionRequest, Digest, OperationId, Placement, Review};
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
    /// The version where it lies now; `None` where no files move, or when it is gone.
    pub placed: Option<Placed>,
    /// The version of the same name in the place it goes to.
    pub replaced: Option<Placed>,
    /// Where it is archived, when that is proposed.
    pub archive: Option<Placement>,
    /// What an approval makes of the version for other runtimes; `None` for most.
    pub promotion: Option<Promoted>,
    /// Roles of which an approval is needed beside an ordinary one; mostly none.
    pub roles: Vec<String>,
}

impl<'a> DecisionContext<'a> {
    /// A context in which nothing but the gates counts.
    pub fn new(gates: &'a Gates) -> DecisionContext<'a> {
        let (maker, placed, replaced, archive, promotion) = (None, None, None, None, None);
        DecisionContext { gates, maker, placed, replaced, archive, promotion, roles: Vec::new() }
    }
}

/// What let an approval pass although checks failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The reason given.
    pub reason: String,
    /// The names of the checks that stood in the way.
    pub checks: Vec<String>,
}

/// The version where it lies.
pub(super) fn still_there<'a>(context: &'a DecisionContext<'_>, review: &Review) -> Result<&'a Placed, EngineError> {
    context.placed.as_ref().ok_or_else(|| {
        EngineError::new(
            ErrorCode::Conflict,
            format!("the files of {} no longer exist", review.tool),
            "the review closes with the next scan",
        )
    })
}

/// What goes into the log beside the decision itself.
#[derive(Clone, Copy)]
pub(super) struct Noted<'a> {
    pub(super) undo: &'a UndoNote,
    pub(super) passed_over: Option<&'a Override>,
}

impl<'a> Noted<'a> {
    pub(super) fn of(undo: &'a UndoNote) -> Noted<'a> {
        Noted { undo, passed_over: None }
    }
}

/// Appends the decision to the log and to its review.
pub(super) fn record(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    request: &DecisionRequest,
    context: &DecisionContext<'_>,
    review: &Review,
    noted: Noted<'_>,
) -> Result<OperationId, EngineError> {
    let verdict = tx.verdict(&review.tool, review.digest)?;
    let checks: Vec<String> =
        verdict.iter().flat_map(|v| &v.checks).map(|check| format!("{} {}", check.name, check.state)).collect();
    let passed_over = noted.passed_over.map(|over| json!({"reason": over.reason, "checks": over.checks}));
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
        "undo": noted.undo,
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
    let new = NewOperation {
        who: actor.who.to_owned(),
        verb: request.kind.word().to_owned(),
        subject: review.tool.to_string(),
        detail,
        reversible: true,
    };
    let operation = actor.log(tx, &new)?;
    tx.add_decision(
        review.id,
        &Decision {
            kind: request.kind,
            reviewer: actor.who.to_owned(),
            reason: request.reason.clone(),
            digest: review.digest,
            at: tx.now(),
            shown: request.shown.clone(),
            operation,
            undone: false,
            override_reason: noted.passed_over.map(|over| over.reason.clone()),
            role: request.role.clone(),
        },
    )?;
    Ok(operation)
}
