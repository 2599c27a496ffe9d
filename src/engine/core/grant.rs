//! Grants for agents to run unapproved versions, and revoking grants.

use super::leave::fault_of_leave;
use super::row_changes::{GrantRevoked, Granted, PermissionRevoked, UnlockRevoked};
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{AgentGrant, CostTier, GrantKey, GrantScope, Stage, Tool};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::{Value, json};

/// Lets an agent run exactly this experimental version, strictly sandboxed.
///
/// # Errors
///
/// `Refused` for a tool that is not experimental, that agents may never run, or that cannot run; `Conflict` if the same
/// grant exists.
pub fn grant(tx: &Tx<'_>, actor: Actor<'_>, tool: &Tool, agent: &str, scope: GrantScope) -> Result<Step, EngineError> {
    let refused = |why: &str, hint: &str| {
        let message = format!("no agent can get a grant to run {}: {why}", tool.name);
        Err(EngineError::new(ErrorCode::Refused, message, hint))
    };
    match tool.stage {
        Stage::Experimental => {}
        Stage::Archived => return refused("it is archived", "restore it first"),
        Stage::Approved | Stage::Core => {
            let hint = "agents can already run the approved version; decide the pending version in its review";
            return refused(&format!("it is {}, and grants are for experimental versions", tool.stage), hint);
        }
    }
    if tool.cost_tier >= CostTier::High {
        let hint = if tool.cost_tier == CostTier::Prohibited { "it never runs" } else { "only a human may run it" };
        return refused(&format!("its cost tier is {}", tool.cost_tier), hint);
    }
    let given = tx.agent_grants_of(&tool.name, tool.digest)?;
    for same in given.iter().filter(|given| given.agent == agent && given.scope == scope) {
        // A row that is not backed by the log is ignored.
        if fault_of_leave(tx, same)?.is_none() {
            let message = format!("grant {} already allows this", same.id);
            return Err(EngineError::new(ErrorCode::Conflict, message, "`toolsmith grants` lists them"));
        }
    }
    let id = tx.next_grant()?;
    let message = format!("agent {agent} may run {} {} ({scope}): grant {id}", tool.name, tool.digest.short());
    let detail = json!({
        "grant": id, "agent": agent, "scope": scope, "digest": tool.digest, "undo": UndoNote::Grant(Granted { grant: id }),
    });
    let operation = actor.log(tx, &logged(actor, "grant", tool.name.as_str(), detail))?;
    let (tool, digest) = (tool.name.clone(), tool.digest);
    let (agent, who, at) = (agent.to_owned(), actor.who.to_owned(), tx.now());
    tx.grant_agent(&AgentGrant { id, tool, digest, agent, scope, who, at, operation, void: None })?;
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// Revokes a grant.
///
/// # Errors
/// `NotFound` if there is no such grant, or if it was already revoked.
pub fn revoke(tx: &Tx<'_>, actor: Actor<'_>, key: &GrantKey) -> Result<Step, EngineError> {
    let (subject, note) = match key {
        GrantKey::Agent(id) => {
            let grant = tx.agent_grants()?.into_iter().find(|grant| grant.id == *id).ok_or_else(|| gone(key))?;
            tx.set_revoked(*id, true)?;
            (grant.tool.to_string(), UndoNote::RevokeGrant(GrantRevoked { grant: *id }))
        }
        GrantKey::Unlock(id) => {
            let unlock = tx.unlocks()?.into_iter().find(|unlock| unlock.id == *id).ok_or_else(|| gone(key))?;
            tx.set_unlock_revoked(*id, true)?;
            (unlock.subject(), UndoNote::RevokeUnlock(UnlockRevoked { unlock: *id }))
        }
        GrantKey::Allow(tool, digest) => {
            let allowed = tx.granted(tool, *digest)?.ok_or_else(|| gone(key))?;
            tx.withdraw_grant(tool, *digest)?;
            (
                tool.to_string(),
                UndoNote::RevokeAllow(PermissionRevoked { tool: tool.clone(), digest: *digest, allowed }),
            )
        }
    };
    let detail = json!({"grant": key, "undo": note});
    let operation = actor.log(tx, &logged(actor, "revoke", &subject, detail))?;
    let message = format!("grant {key} of {subject} is revoked");
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

fn gone(key: &GrantKey) -> EngineError {
    let message = format!("there is no grant {key}");
    EngineError::new(ErrorCode::NotFound, message, "`toolsmith grants` lists them")
}

fn logged(actor: Actor<'_>, verb: &str, subject: &str, detail: Value) -> NewOperation {
    let (who, verb, subject) = (actor.who.to_owned(), verb.to_owned(), subject.to_owned());
    NewOperation { who, verb, subject, detail, reversible: true }
}
