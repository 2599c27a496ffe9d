//! Dismissing opportunities.

use super::row_changes::Dismissed;
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{DismissedOpportunity, Opportunity};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Dismisses an opportunity: it is not shown again, however often it is found.
///
/// # Errors
/// `Conflict` if it was already dismissed.
pub fn dismiss_opportunity(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    opportunity: &Opportunity,
    reason: Option<&str>,
) -> Result<Step, EngineError> {
    let key = &opportunity.key;
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "dismiss".to_owned(),
        subject: key.clone(),
        detail: json!({
            "kind": opportunity.kind, "title": opportunity.title, "reason": reason,
            "undo": UndoNote::DismissOpportunity(Dismissed { key: key.clone() }),
        }),
        reversible: true,
    })?;
    let dismissed = DismissedOpportunity {
        key: key.clone(),
        kind: opportunity.kind,
        title: opportunity.title.clone(),
        reason: reason.map(str::to_owned),
        who: actor.who.to_owned(),
        at: tx.now(),
    };
    if !tx.dismiss_opportunity(&dismissed, operation)? {
        let message = format!("opportunity {key} is already dismissed");
        return Err(EngineError::new(ErrorCode::Conflict, message, "`toolsmith opportunities --dismissed` lists them"));
    }
    Ok(Step { outcome: answer(Some(operation), None, format!("opportunity {key} is dismissed")), intents: Vec::new() })
}
