//! Whether the log gave what stands in the tables of leave: a row that no entry speaks for lets nobody do anything.

use super::UndoNote;
use crate::domain::{
    AgentGrant, Allowed, Digest, GrantScope, Instant, Operation, OperationId, ToolName, Unlock, WriteMode,
};
use crate::store::{Queries, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What speaks against leave for an agent; `None` when the entry that it names gave exactly this, and none ended it.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_leave(q: &Queries, grant: &AgentGrant) -> Result<Option<String>, StoreError> {
    let gave = |entry: &Operation| {
        UndoNote::of(entry) == Some(UndoNote::Grant { grant: grant.id })
            && entry.who == grant.who
            && said(entry, "digest") == Some(grant.digest)
            && said::<String>(entry, "agent").as_ref() == Some(&grant.agent)
            && said::<GrantScope>(entry, "scope").as_ref() == Some(&grant.scope)
    };
    let ended = UndoNote::RevokeGrant { grant: grant.id };
    fault_of_gift(q, (grant.operation, grant.tool.as_str()), gave, &ended)
}

/// What speaks against what was opened; `None` when the entry that it names opened exactly this, and none ended it.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_unlock(q: &Queries, unlock: &Unlock) -> Result<Option<String>, StoreError> {
    let gave = |entry: &Operation| {
        UndoNote::of(entry) == Some(UndoNote::Unlock { unlock: unlock.id })
            && entry.who == unlock.who
            && said(entry, "tier") == Some(unlock.tier)
            && said::<GrantScope>(entry, "scope").as_ref() == Some(&unlock.scope)
            && said::<Option<Instant>>(entry, "until").flatten() == unlock.until
    };
    let ended = UndoNote::RevokeUnlock { unlock: unlock.id };
    fault_of_gift(q, (unlock.operation, &unlock.subject()), gave, &ended)
}

/// What speaks against what an entry of the log is said to have given: `gave` knows it, `ended` is how it is revoked.
fn fault_of_gift(
    q: &Queries,
    (number, subject): (OperationId, &str),
    gave: impl FnOnce(&Operation) -> bool,
    ended: &UndoNote,
) -> Result<Option<String>, StoreError> {
    let entry = match q.sound_operation(number)? {
        Ok(Some(entry)) => entry,
        Ok(None) => return Ok(Some(format!("entry {number}, which it names, is not in the log"))),
        Err(fault) => return Ok(Some(format!("entry {number}, which it names, {fault}"))),
    };
    if entry.subject != subject || !gave(&entry) {
        return Ok(Some(format!("entry {number}, which it names, did not give it")));
    }
    if let Some(by) = entry.undone_by {
        return Ok(Some(format!("entry {by} of the log took it back")));
    }
    let later = q.standing_operations(["revoke", "revoke"], subject)?;
    let ended = later.iter().find(|entry| UndoNote::of(entry).as_ref() == Some(ended));
    Ok(ended.map(|entry| format!("entry {} of the log revoked it", entry.id)))
}

/// What speaks against what a version was allowed; `None` when the newest entry about it allowed exactly this.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_allowed(
    q: &Queries,
    tool: &ToolName,
    digest: Digest,
    allowed: &Allowed,
) -> Result<Option<String>, StoreError> {
    for entry in q.standing_operations(["allow", "revoke"], tool.as_str())? {
        match UndoNote::of(&entry) {
            Some(UndoNote::Allow { tool: of, digest: version }) if of == *tool && version == digest => {
                return fault_of_allow(q, &entry, allowed);
            }
            Some(UndoNote::RevokeAllow { tool: of, digest: version, .. }) if of == *tool && version == digest => {
                return Ok(Some(format!("entry {} of the log revoked it", entry.id)));
            }
            _ => {}
        }
    }
    Ok(Some("no entry of the log allowed it".to_owned()))
}

fn fault_of_allow(q: &Queries, entry: &Operation, allowed: &Allowed) -> Result<Option<String>, StoreError> {
    let number: OperationId = entry.id;
    if let Err(fault) = q.sound_operation(number)? {
        return Ok(Some(format!("entry {number}, which allowed it, {fault}")));
    }
    let writes = said(entry, "writes").unwrap_or(WriteMode::Staged);
    let gave = said(entry, "permissions").map(|permissions| Allowed { permissions, writes });
    Ok((gave.as_ref() != Some(allowed)).then(|| format!("entry {number} of the log allowed something else")))
}

/// A field of the detail of an entry.
fn said<T: DeserializeOwned>(entry: &Operation, field: &str) -> Option<T> {
    entry.detail.get(field).cloned().and_then(|value: Value| serde_json::from_value(value).ok())
}
