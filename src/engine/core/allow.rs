//! The answer to the question before the first run of a version that declares permissions.

use super::leave::fault_of_allowed;
use super::row_changes::Permitted;
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{Allowed, OperationId, Tool};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{Approval, NewOperation, Tx};
use serde_json::json;

/// Grants this version its declared permissions, with its writes made as usual at its stage.
///
/// # Errors
/// `Refused` if no approval of the version is in force (it runs strictly, whatever it declares), or if it declares
/// nothing, or a permission that no tool gets; `Conflict` if it was granted before.
pub fn allow(tx: &Tx<'_>, actor: Actor<'_>, tool: &Tool, allowed: &Allowed) -> Result<Step, EngineError> {
    let permissions = &allowed.permissions;
    let refused = |message: String, hint: &str| Err(EngineError::new(ErrorCode::Refused, message, hint));
    let approved = Approval::in_force(&tx.approvals_of(&tool.name)?, tool).is_some();
    if !tool.stage.is_vouched() || !approved {
        return refused(
            format!("{} is not approved here, so it runs without its declared permissions", tool.name),
            "approve it first",
        );
    }
    if permissions.is_nothing() {
        return refused(format!("{} declares no permissions that need a grant", tool.name), "");
    }
    if let Some(fault) = permissions.faults().first() {
        return refused(
            format!("{} declares a permission that no tool can get: {fault}", tool.name),
            "change the manifest",
        );
    }
    // A row that is not backed by the log is ignored, and the permission is granted again.
    if tx.granted(&tool.name, tool.digest)?.as_ref() == Some(allowed)
        && fault_of_allowed(tx, &tool.name, tool.digest, allowed)?.is_none()
    {
        let message = format!("{} {} already has its permissions", tool.name, tool.digest.short());
        return Err(EngineError::new(ErrorCode::Conflict, message, ""));
    }
    let operation = permit(tx, actor, tool, allowed)?;
    let message = format!("{} {} has its declared permissions", tool.name, tool.digest.short());
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// Records this permission of a version, for any requester.
///
/// # Errors
/// Any failed write of the store or the log.
pub(super) fn permit(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    tool: &Tool,
    allowed: &Allowed,
) -> Result<OperationId, EngineError> {
    tx.grant(&tool.name, tool.digest, allowed, actor.who)?;
    let permissions = &allowed.permissions;
    let note = UndoNote::Allow(Permitted { tool: tool.name.clone(), digest: tool.digest });
    actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: "allow".to_owned(),
            subject: tool.name.to_string(),
            detail: json!({"digest": tool.digest, "permissions": permissions, "writes": allowed.writes, "undo": note}),
            reversible: true,
        },
    )
}
