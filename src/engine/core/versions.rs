//! Versions of a name: selecting one for a session, pinning, trimming.

use super::commit_notes::commit_note;
use super::leave::fault_of_leave;
use super::placed::Placed;
use super::relocation::{CommitNote, Relocation, Touched};
use super::rollback::leave;
use super::row_changes::Granted;
use super::step::{Actor, Step, answer, close_reviews, intend};
use super::undo_note::UndoNote;
use crate::domain::{AgentGrant, GrantScope, Stage, Tool, count};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::{Value, json};

/// Selects a version for its name, in one session or workbench.
///
/// # Errors
/// `Refused` for an archived version; `Conflict` if it is already selected there.
pub fn use_in_session(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    tool: &Tool,
    scope: GrantScope,
    instead_of: &semver::Version,
) -> Result<Step, EngineError> {
    if tool.stage == Stage::Archived {
        let message = format!("{} {} is archived", tool.name, tool.version);
        return Err(EngineError::new(ErrorCode::Refused, message, "restore it first"));
    }
    let given = tx.agent_grants()?.into_iter().filter(|grant| grant.is_use() && grant.tool == tool.name);
    // The newest one of a scope applies.
    if let Some(same) = given.into_iter().find(|grant| grant.scope == scope)
        && same.digest == tool.digest
        && fault_of_leave(tx, &same)?.is_none()
    {
        let message = format!("{} {} is already in use ({scope}): grant {}", tool.name, tool.version, same.id);
        return Err(EngineError::new(ErrorCode::Conflict, message, "`toolsmith revoke` ends it"));
    }
    let id = tx.next_grant()?;
    let message = format!("{} {} is used instead of {instead_of} ({scope}): grant {id}", tool.name, tool.version);
    let detail = json!({
        "grant": id, "agent": "", "to": "session", "scope": scope, "digest": tool.digest,
        "version": tool.version.to_string(), "undo": UndoNote::Grant(Granted { grant: id }),
    });
    let operation = actor.log(tx, &logged(actor, "promote", tool.name.as_str(), detail))?;
    tx.grant_agent(&AgentGrant {
        id,
        tool: tool.name.clone(),
        digest: tool.digest,
        agent: String::new(),
        scope,
        who: actor.who.to_owned(),
        at: tx.now(),
        operation,
        void: None,
    })?;
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// Removes versions of one name; their bytes are kept.
///
/// # Errors
/// `Conflict` for a version that was pinned meanwhile, and while a move of the tool is pending.
pub fn trim(tx: &Tx<'_>, actor: Actor<'_>, taken: &[Placed]) -> Result<Step, EngineError> {
    let Some(first) = taken.first() else {
        return Err(EngineError::new(ErrorCode::Conflict, "nothing to trim", ""));
    };
    let pins = tx.pins(&first.tool)?;
    let mut closed = Vec::new();
    for placed in taken {
        if pins.contains(&placed.digest) || tx.approvals_of(&placed.tool)?.iter().any(|a| a.digest == placed.digest) {
            let message = format!("{} {} was pinned or approved in the meantime", placed.tool, placed.version);
            return Err(EngineError::new(ErrorCode::Conflict, message, "check again, then retry"));
        }
        closed.extend(close_reviews(tx, &placed.tool, placed.digest)?);
    }
    let versions: Vec<String> = taken.iter().map(|placed| placed.version.to_string()).collect();
    let note = UndoNote::Trim { taken: taken.to_vec(), closed };
    let detail = json!({"versions": versions, "undo": note});
    let operation = tx.log(&logged(actor, "trim", first.tool.as_str(), detail))?;
    let away = |placed| Relocation { commit: None, ..leave(actor, placed, (operation, "")) };
    let mut moves: Vec<Relocation> = taken.iter().map(away).collect();
    in_one_commit(&mut moves, taken, taken.last().and_then(|last| commit_note(actor, last, operation, "trim")));
    let mut intents = Vec::new();
    for relocation in moves {
        intents.push(intend(tx, actor, relocation)?);
    }
    let message =
        format!("{} of {} removed, copies kept: {}", count(taken.len(), "version"), first.tool, versions.join(", "));
    Ok(Step { outcome: answer(Some(operation), None, message), intents })
}

/// Makes the last of several moves commit all of them; `placed` is what each one moves.
pub(super) fn in_one_commit(moves: &mut [Relocation], placed: &[Placed], note: Option<CommitNote>) {
    let Some((last, before)) = moves.split_last_mut() else { return };
    last.commit = note;
    let others = placed.iter().take(before.len());
    last.joined.extend(others.map(|one| Touched { place: one.placement.clone(), files: one.files.clone() }));
}

fn logged(actor: Actor<'_>, verb: &str, subject: &str, detail: Value) -> NewOperation {
    let (who, verb, subject) = (actor.who.to_owned(), verb.to_owned(), subject.to_owned());
    NewOperation { who, verb, subject, detail, reversible: true }
}

#[cfg(test)]
mod tests;
