//! What is said of failures: that one is over.

use super::{Actor, Step, UndoNote, answer};
use crate::domain::{FailureGroup, GroupState};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Says of a failure group that it is over. It opens again by itself when it is seen again.
///
/// # Errors
/// `Conflict` when that was said before.
pub fn resolve(tx: &Tx<'_>, actor: Actor<'_>, group: &FailureGroup, reason: Option<&str>) -> Result<Step, EngineError> {
    let short = group.short();
    if group.state == GroupState::Resolved || !tx.resolve_group(&group.signature, actor.who)? {
        let message = format!("failure {short} of {} is resolved already", group.tool);
        return Err(EngineError::new(ErrorCode::Conflict, message, "it opens again by itself when it is seen again"));
    }
    let note = UndoNote::Resolve { signature: group.signature.clone() };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "resolve".to_owned(),
        subject: group.tool.to_string(),
        detail: json!({
            "signature": group.signature, "message": group.sample_message, "count": group.count, "reason": reason,
            "undo": note,
        }),
        reversible: true,
    })?;
    let message = format!("failure {short} of {} is resolved; it opens again when it is seen again", group.tool);
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}
