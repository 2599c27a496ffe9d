//! A human signs the log at its present state.

use super::pen::SIGN;
use super::step::{Actor, Step, answer};
use crate::domain::Digest;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Signs the log at its present state: entries that were unsigned, or signed by a key that does not count now, count
/// from here on.
///
/// # Errors
/// `Conflict` if the log changed since it was shown.
pub fn sign_log(tx: &Tx<'_>, actor: Actor<'_>, seen: Digest) -> Result<Step, EngineError> {
    let rows = tx.log_digest()?;
    if rows != seen {
        let message = "the log changed since it was shown";
        return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
    }
    let operation = actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: SIGN.to_owned(),
            subject: "log".to_owned(),
            detail: json!({"rows": rows}),
            reversible: false,
        },
    )?;
    let message = "everything in force is signed".to_owned();
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}
