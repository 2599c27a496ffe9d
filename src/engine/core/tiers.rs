//! Unlocking cost tiers, and saving sets of tools.

use super::leave::fault_of_unlock;
use super::row_changes::{SetSaved, Unlocked};
use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{CostTier, GrantScope, Instant, Preset, SetMember, Tool, ToolName, Unlock, plural, unlock_subject};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// Unlocks a tool, or a whole tier.
///
/// # Errors
/// `Refused` for a prohibited tool, and if it is not locked; `Conflict` if the same unlock is in force.
pub fn unlock(
    tx: &Tx<'_>,
    actor: Actor<'_>,
    tool: Option<&Tool>,
    tier: CostTier,
    (scope, until): (GrantScope, Option<Instant>),
) -> Result<Step, EngineError> {
    let subject = unlock_subject(tool.map(|tool| &tool.name), tier);
    let refused =
        |why: &str| Err(EngineError::new(ErrorCode::Refused, why, "`toolsmith show NAME` shows the cost tier"));
    match tool.map_or(tier, |tool| tool.cost_tier) {
        CostTier::Prohibited => {
            return refused(&format!("{subject} cannot be unlocked: prohibited tools never run"));
        }
        CostTier::Low => return refused(&format!("{subject} does not need unlocking: the tier low is never locked")),
        CostTier::Medium | CostTier::High => {}
    }
    let name = tool.map(|tool| tool.name.clone());
    let same = |kept: &&Unlock| {
        kept.tool == name && kept.tier == tier && kept.scope == scope && kept.until == until && kept.lasts(tx.now())
    };
    for kept in tx.unlocks()?.iter().filter(same) {
        // A row that is not backed by the log is ignored.
        if fault_of_unlock(tx, kept)?.is_none() {
            let message = format!("{subject} is already unlocked (unlock-{})", kept.id);
            return Err(EngineError::new(ErrorCode::Conflict, message, "`toolsmith grants` lists it"));
        }
    }
    let id = tx.next_unlock()?;
    let detail = json!({
        "unlock": id, "tier": tier, "scope": scope, "until": until, "undo": UndoNote::Unlock(Unlocked { unlock: id }),
    });
    let operation = actor.log(
        tx,
        &NewOperation {
            who: actor.who.to_owned(),
            verb: "unlock".to_owned(),
            subject: subject.clone(),
            detail,
            reversible: true,
        },
    )?;
    let ends = told_scope(&scope, until);
    let (who, at) = (actor.who.to_owned(), tx.now());
    tx.keep_unlock(&Unlock { id, tool: name, tier, scope, until, who, at, operation, void: None })?;
    let message = format!("{subject} is unlocked ({ends}): unlock-{id}");
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// The scope and duration of a grant, in words.
pub fn told_scope(scope: &GrantScope, until: Option<Instant>) -> String {
    let ends = until.map(|until| format!("until {}", crate::domain::rfc3339(until)));
    match (scope, ends) {
        (GrantScope::Version, ends) => ends.unwrap_or_else(|| "until revoked".to_owned()),
        (GrantScope::Session(name), ends) => {
            format!("for session {name}{}", ends.map(|ends| format!(", {ends}")).unwrap_or_default())
        }
        (GrantScope::Workbench(_), ends) => {
            format!("until this program ends{}", ends.map(|ends| format!(", {ends}")).unwrap_or_default())
        }
    }
}

/// Saves or deletes a set of tools.
///
/// # Errors
/// `Refused` for the name of a preset; `NotFound` to delete a set that does not exist; `Conflict` if nothing would
/// change.
pub fn save_set(tx: &Tx<'_>, actor: Actor<'_>, name: &ToolName, tools: &[SetMember]) -> Result<Step, EngineError> {
    if let Ok(preset) = name.as_str().parse::<Preset>() {
        let message = format!("{preset} is a preset and cannot be changed");
        return Err(EngineError::new(ErrorCode::Refused, message, "choose another name"));
    }
    let before = tx.tool_sets()?.into_iter().find(|set| set.name == *name).map(|set| set.tools).unwrap_or_default();
    if before == tools {
        return Err(if tools.is_empty() {
            EngineError::new(ErrorCode::NotFound, format!("there is no set {name}"), "`toolsmith sets` lists them")
        } else {
            EngineError::new(ErrorCode::Conflict, format!("the set {name} already contains exactly these tools"), "")
        });
    }
    let detail = json!({"tools": tools, "undo": UndoNote::SaveSet(SetSaved { name: name.clone(), before })});
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "set".to_owned(),
        subject: name.to_string(),
        detail,
        reversible: true,
    })?;
    tx.save_tool_set(name, tools, actor.who)?;
    let message = match tools.len() {
        0 => format!("the set {name} no longer exists"),
        _ => format!("the set {name} contains {}", contents(tools)),
    };
    Ok(Step { outcome: answer(Some(operation), None, message), intents: Vec::new() })
}

/// The number of tools in a set, and its categories.
fn contents(members: &[SetMember]) -> String {
    let is_tool = |member: &&SetMember| matches!(member, SetMember::Tool(_));
    let tools = members.iter().filter(is_tool).count();
    let tools = (tools > 0).then(|| plural(tools, "tool", "tools"));
    let categories = members.iter().filter(|member| !is_tool(member));
    let parts: Vec<String> = tools.into_iter().chain(categories.map(ToString::to_string)).collect();
    parts.join(", ")
}
