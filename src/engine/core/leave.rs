//! Tests whether the log confirms the rows of grants: a row without an entry has no effect.

use super::row_changes::{GrantRevoked, Granted, UnlockRevoked, Unlocked};
use super::undo_note::UndoNote;
use crate::domain::{
    AgentGrant, Allowed, Digest, GrantScope, Instant, Operation, OperationId, ToolName, Unlock, WriteMode,
};
use crate::store::{Queries, StoreError};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Whether undoing a revocation restores the grant. It does not if the log no longer contains the grant, because the
/// grant itself was undone meanwhile.
///
/// # Errors
/// Any failed read of the store.
pub fn may_return(q: &Queries, note: &UndoNote) -> Result<bool, StoreError> {
    Ok(match note {
        UndoNote::RevokeGrant(revoked) => match q.agent_grant(revoked.grant)? {
            Some(kept) => fault_of_leave(q, &kept)?.is_none(),
            None => false,
        },
        UndoNote::RevokeUnlock(revoked) => match q.unlock(revoked.unlock)? {
            Some(kept) => fault_of_unlock(q, &kept)?.is_none(),
            None => false,
        },
        UndoNote::RevokeAllow(revoked) => {
            fault_of_allowed(q, &revoked.tool, revoked.digest, &revoked.allowed)?.is_none()
        }
        _ => true,
    })
}

/// Why a grant for an agent is invalid; `None` if its log entry gave exactly this grant, and no entry ended it.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_leave(q: &Queries, grant: &AgentGrant) -> Result<Option<String>, StoreError> {
    let gave = |entry: &Operation| {
        UndoNote::of(entry) == Some(UndoNote::Grant(Granted { grant: grant.id }))
            && entry.who == grant.who
            && said(entry, "digest") == Some(grant.digest)
            && said::<String>(entry, "agent").as_ref() == Some(&grant.agent)
            && said::<GrantScope>(entry, "scope").as_ref() == Some(&grant.scope)
    };
    let ended = UndoNote::RevokeGrant(GrantRevoked { grant: grant.id });
    fault_of_gift(q, (grant.operation, grant.tool.as_str()), gave, &ended)
}

/// Why an unlock is invalid; `None` if its log entry gave exactly this unlock, and no entry ended it.
///
/// # Errors
/// Any failed read of the store.
pub fn fault_of_unlock(q: &Queries, unlock: &Unlock) -> Result<Option<String>, StoreError> {
    let gave = |entry: &Operation| {
        UndoNote::of(entry) == Some(UndoNote::Unlock(Unlocked { unlock: unlock.id }))
            && entry.who == unlock.who
            && said(entry, "tier") == Some(unlock.tier)
            && said::<GrantScope>(entry, "scope").as_ref() == Some(&unlock.scope)
            && said::<Option<Instant>>(entry, "until").flatten() == unlock.until
    };
    let ended = UndoNote::RevokeUnlock(UnlockRevoked { unlock: unlock.id });
    fault_of_gift(q, (unlock.operation, &unlock.subject()), gave, &ended)
}

/// Why a grant is not confirmed by the log: `gave` tests the entry, and `ended` is the key of revocations.
fn fault_of_gift(
    q: &Queries,
    (number, subject): (OperationId, &str),
    gave: impl FnOnce(&Operation) -> bool,
    ended: &UndoNote,
) -> Result<Option<String>, StoreError> {
    let entry = match q.sound_operation(number)? {
        Ok(Some(entry)) => entry,
        Ok(None) => return Ok(Some(format!("its entry {number} is not in the log"))),
        Err(fault) => return Ok(Some(format!("its entry {number} {fault}"))),
    };
    if entry.subject != subject || !gave(&entry) {
        return Ok(Some(format!("its entry {number} does not grant this")));
    }
    if let Some(by) = entry.undone_by {
        return Ok(Some(format!("log entry {by} undid it")));
    }
    let later = q.standing_operations(["revoke", "revoke"], subject)?;
    let ended = later.iter().find(|entry| UndoNote::of(entry).as_ref() == Some(ended));
    Ok(ended.map(|entry| format!("log entry {} revoked it", entry.id)))
}

/// Why the permission of a version is invalid; `None` if the newest entry about it granted exactly this.
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
            Some(UndoNote::Allow(of)) if of.tool == *tool && of.digest == digest => {
                return fault_of_allow(q, &entry, allowed);
            }
            Some(UndoNote::RevokeAllow(of)) if of.tool == *tool && of.digest == digest => {
                return Ok(Some(format!("log entry {} revoked it", entry.id)));
            }
            _ => {}
        }
    }
    Ok(Some("no log entry allowed it".to_owned()))
}

fn fault_of_allow(q: &Queries, entry: &Operation, allowed: &Allowed) -> Result<Option<String>, StoreError> {
    let number: OperationId = entry.id;
    if let Err(fault) = q.sound_operation(number)? {
        return Ok(Some(format!("entry {number}, which allowed it, {fault}")));
    }
    let writes = said(entry, "writes").unwrap_or(WriteMode::Staged);
    let gave = said(entry, "permissions").map(|permissions| Allowed { permissions, writes });
    Ok((gave.as_ref() != Some(allowed)).then(|| format!("log entry {number} allowed something else")))
}

/// A field of the detail of an entry.
fn said<T: DeserializeOwned>(entry: &Operation, field: &str) -> Option<T> {
    entry.detail.get(field).cloned().and_then(|value: Value| serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::super::allow::allow;
    use super::super::grant::grant;
    use super::super::grant::revoke;
    use super::super::tiers::unlock;
    use super::*;
    use crate::domain::{CostTier, GrantId, GrantKey, Permissions, Stage, Tool, UnlockId};
    use crate::engine::core::fixture::{NOW, actor, in_store};
    use crate::store::{Approval, NewOperation};
    use serde_json::json;

    const UNTIL: Instant = Instant(NOW.0 + 1);

    fn tool(stage: Stage) -> Tool {
        Tool { stage, cost_tier: CostTier::Medium, ..Tool::ordinary("t") }
    }

    fn entry(verb: &str, detail: Value) -> NewOperation {
        let (who, verb, subject) = ("Ada".to_owned(), verb.to_owned(), "t".to_owned());
        NewOperation { who, verb, subject, detail, reversible: true }
    }

    fn did_not_give(fault: Option<String>) -> bool {
        fault.is_some_and(|fault| fault.ends_with("does not grant this"))
    }

    #[test]
    fn a_grant_counts_only_when_its_entry_gave_each_field_of_it() {
        in_store(|tx| {
            grant(tx, actor(), &tool(Stage::Experimental), "bot", GrantScope::Version)?;
            let given = tx.agent_grants()?.remove(0);
            assert_eq!(fault_of_leave(tx, &given)?, None);
            for forged in [
                AgentGrant { id: GrantId(2), ..given.clone() },
                AgentGrant { tool: ToolName::new("other").unwrap(), ..given.clone() },
                AgentGrant { digest: Digest([9; 32]), ..given.clone() },
                AgentGrant { agent: "eve".to_owned(), ..given.clone() },
                AgentGrant { scope: GrantScope::Session("s".to_owned()), ..given.clone() },
                AgentGrant { who: "Eve".to_owned(), ..given.clone() },
            ] {
                assert!(did_not_give(fault_of_leave(tx, &forged)?), "{forged:?}");
            }
            let nowhere = AgentGrant { operation: OperationId(99), ..given.clone() };
            let fault = fault_of_leave(tx, &nowhere)?.unwrap();
            assert_eq!(fault, "its entry 99 is not in the log");
            revoke(tx, actor(), &GrantKey::Agent(given.id))?;
            assert_eq!(fault_of_leave(tx, &given)?.unwrap(), "log entry 2 revoked it");
            Ok(())
        });
    }

    #[test]
    fn a_grant_that_was_taken_back_does_not_count() {
        in_store(|tx| {
            let done = grant(tx, actor(), &tool(Stage::Experimental), "bot", GrantScope::Version)?;
            let given = tx.agent_grants()?.remove(0);
            let by = tx.log(&entry("undo", json!({"operation": given.operation})))?;
            tx.mark_undone(done.outcome.operation.unwrap(), by)?;
            assert_eq!(fault_of_leave(tx, &given)?.unwrap(), format!("log entry {by} undid it"));
            Ok(())
        });
    }

    #[test]
    fn what_was_opened_counts_only_when_its_entry_opened_exactly_this() {
        in_store(|tx| {
            unlock(tx, actor(), Some(&tool(Stage::Approved)), CostTier::Medium, (GrantScope::Version, Some(UNTIL)))?;
            let opened = tx.unlocks()?.remove(0);
            assert_eq!(fault_of_unlock(tx, &opened)?, None);
            for forged in [
                Unlock { id: UnlockId(2), ..opened.clone() },
                Unlock { tool: None, ..opened.clone() },
                Unlock { tier: CostTier::High, ..opened.clone() },
                Unlock { scope: GrantScope::Session("s".to_owned()), ..opened.clone() },
                Unlock { until: None, ..opened.clone() },
                Unlock { until: Some(Instant(UNTIL.0 + 1)), ..opened.clone() },
                Unlock { who: "Eve".to_owned(), ..opened.clone() },
            ] {
                assert!(did_not_give(fault_of_unlock(tx, &forged)?), "{forged:?}");
            }
            revoke(tx, actor(), &GrantKey::Unlock(opened.id))?;
            assert_eq!(fault_of_unlock(tx, &opened)?.unwrap(), "log entry 2 revoked it");
            Ok(())
        });
    }

    #[test]
    fn permissions_count_only_as_the_newest_entry_about_the_version_allowed_them() {
        in_store(|tx| {
            let tool = tool(Stage::Approved);
            let (name, digest) = (tool.name.clone(), tool.digest);
            let writes = Permissions { write: vec!["out".to_owned()], ..Permissions::default() };
            let staged = Allowed::new(&writes, WriteMode::Staged);
            let none = Some("no log entry allowed it".to_owned());
            assert_eq!(fault_of_allowed(tx, &name, digest, &staged)?, none);
            let operation = actor().log(tx, &entry("approve", json!({})))?;
            let (stage, at) = (tool.stage, NOW);
            let approval = Approval { tool: name.clone(), digest, stage, operation, at, base: None, signature: None };
            tx.approve_version(&approval)?;
            allow(tx, actor(), &tool, &staged)?;
            assert_eq!(fault_of_allowed(tx, &name, digest, &staged)?, None);
            let wider = Permissions { network: vec!["full".to_owned()], ..writes.clone() };
            for other in [Allowed::new(&writes, WriteMode::Direct), Allowed::new(&wider, WriteMode::Staged)] {
                let fault = fault_of_allowed(tx, &name, digest, &other)?.unwrap();
                assert_eq!(fault, "log entry 2 allowed something else");
            }
            assert_eq!(fault_of_allowed(tx, &name, Digest([9; 32]), &staged)?, none, "of another version");
            revoke(tx, actor(), &GrantKey::Allow(name.clone(), digest))?;
            assert_eq!(fault_of_allowed(tx, &name, digest, &staged)?.unwrap(), "log entry 3 revoked it");
            let other = Digest([9; 32]);
            assert_eq!(fault_of_allowed(tx, &name, other, &staged)?, none, "of another version");
            Ok(())
        });
    }
}
