//! What a decision is made of, and how it is written into the log and onto its review.

use super::gates::Gates;
use super::placed::Placed;
use super::promotion::Promoted;
use super::step::Actor;
use super::undo_note::UndoNote;
use crate::domain::{Decision, DecisionKind, Digest, OperationId, Placement, Review, Shown};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::{Value, json};

/// What a decision is made of.
#[derive(Debug)]
pub struct DecideInput<'a> {
    /// The review as read before.
    pub review: &'a Review,
    /// The digest that was on screen.
    pub digest: Digest,
    /// Yes, no, not yet.
    pub kind: DecisionKind,
    /// The reason.
    pub reason: Option<&'a str>,
    /// What had been on screen.
    pub shown: Shown,
    /// Why failed checks shall not stand in the way.
    pub override_reason: Option<&'a str>,
    /// Which checks stand in the way.
    pub gates: &'a Gates,
    /// Who made what is decided, for the log.
    pub maker: Option<&'a Value>,
    /// The version where it lies now; `None` for an adoption, or when it is gone.
    pub placed: Option<&'a Placed>,
    /// The version of the same name in the place it goes to.
    pub replaced: Option<&'a Placed>,
    /// Where it is put away, when that is asked.
    pub archive: Option<&'a Placement>,
    /// What it makes of the version for other runtimes; `None` for most.
    pub promotion: Option<&'a Promoted>,
    /// Whether the reviewer says that not every line was read.
    pub unread: bool,
    /// The digest of the evidence that was on screen; `None` compares nothing.
    pub evidence: Option<Digest>,
    /// The role under which a yes is given.
    pub role: Option<&'a str>,
    /// Roles of which a yes is needed beside an ordinary one; mostly none.
    pub roles: &'a [String],
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
pub(super) fn still_there<'a>(input: &DecideInput<'a>, review: &Review) -> Result<&'a Placed, EngineError> {
    input.placed.ok_or_else(|| {
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
    input: &DecideInput<'_>,
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
        "reason": input.reason,
        "shown": &input.shown,
        "checks": checks,
        "maker": input.maker,
        "override": passed_over,
        "role": input.role,
        "undo": noted.undo,
    });
    if input.kind == DecisionKind::Approve {
        detail["lines_total"] = json!(input.shown.lines);
        detail["lines_unread"] = json!(input.shown.unread());
    }
    if let Some(verdict) = &verdict {
        let bytes = serde_json::to_vec(verdict).map_err(EngineError::internal)?;
        detail["evidence"] = Value::String(Digest::of_bytes(&bytes).hex());
    }
    if let Some(promotion) = input.promotion {
        detail["promotion"] = serde_json::to_value(promotion).map_err(EngineError::internal)?;
    }
    let new = NewOperation {
        who: actor.who.to_owned(),
        verb: input.kind.word().to_owned(),
        subject: review.tool.to_string(),
        detail,
        reversible: true,
    };
    let operation = actor.log(tx, &new)?;
    tx.add_decision(
        review.id,
        &Decision {
            kind: input.kind,
            reviewer: actor.who.to_owned(),
            reason: input.reason.map(str::to_owned),
            digest: review.digest,
            at: tx.now(),
            shown: input.shown.clone(),
            operation,
            undone: false,
            override_reason: noted.passed_over.map(|over| over.reason.clone()),
            role: input.role.map(str::to_owned),
        },
    )?;
    Ok(operation)
}
