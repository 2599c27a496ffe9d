//! Unlocks of cost tiers above low, and saved sets of tools.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::{EventKind, GrantScope, SetMember, ToolName, ToolSet, Unlock, UnlockId};
use rusqlite::{Row, params};

const COLUMNS: &str = "id, tool, tier, session, until_ms, who, at_ms, operation";

impl Queries {
    /// Unlocks that were not revoked, newest first, including expired ones.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn unlocks(&self) -> StoreResult<Vec<Unlock>> {
        let sql = format!("SELECT {COLUMNS} FROM tier_unlocks WHERE revoked = 0 ORDER BY id DESC");
        self.rows(&sql, [], read)
    }

    /// One unlock by its number, even if it was revoked.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn unlock(&self, id: UnlockId) -> StoreResult<Option<Unlock>> {
        self.row(&format!("SELECT {COLUMNS} FROM tier_unlocks WHERE id = ?1"), params![id], read)
    }

    /// The saved sets of tools, by name.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn tool_sets(&self) -> StoreResult<Vec<ToolSet>> {
        self.rows("SELECT name, tools, who, at_ms FROM tool_sets ORDER BY name", [], |row| {
            Ok(ToolSet { name: row.get(0)?, tools: row.get::<_, Json<_>>(1)?.0, who: row.get(2)?, at: row.get(3)? })
        })
    }
}

impl Tx<'_> {
    /// Stores an unlock under the log entry that it names; ignores the number in `unlock`. Emits `tiers-changed`.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed write.
    pub fn keep_unlock(&self, unlock: &Unlock) -> StoreResult<UnlockId> {
        let sql = "INSERT INTO tier_unlocks (tool, tier, session, until_ms, who, at_ms, operation) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let Unlock { tool, tier, scope, until, who, operation, .. } = unlock;
        let id = self.insert(sql, params![tool, tier, scope.word(), until, who, self.now(), operation])?;
        self.emit(EventKind::TiersChanged, unlock.subject())?;
        Ok(UnlockId(id))
    }

    /// The number that the next unlock gets.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed read.
    pub fn next_unlock(&self) -> StoreResult<UnlockId> {
        self.next_number("tier_unlocks").map(UnlockId)
    }

    /// Revokes an unlock, or restores it. Emits `tiers-changed`.
    ///
    /// # Errors
    /// [`StoreError::Missing`](super::StoreError::Missing) when there is no such number, and any other
    /// [`StoreError`](super::StoreError) of a failed write.
    pub fn set_unlock_revoked(&self, id: UnlockId, revoked: bool) -> StoreResult<()> {
        self.mark_revoked(("tier_unlocks", "unlock"), id.0, revoked)?;
        self.emit(EventKind::TiersChanged, id).map(drop)
    }

    /// Saves a set of tools in place of an earlier set of that name. An empty set is deleted. Emits `tiers-changed`.
    ///
    /// # Errors
    /// Any [`StoreError`](super::StoreError) of a failed write.
    pub fn save_tool_set(&self, name: &ToolName, tools: &[SetMember], who: &str) -> StoreResult<()> {
        if tools.is_empty() {
            self.change("DELETE FROM tool_sets WHERE name = ?1", params![name])?;
        } else {
            let sql = "INSERT INTO tool_sets (name, tools, who, at_ms) VALUES (?1, ?2, ?3, ?4) \
                       ON CONFLICT (name) DO UPDATE SET tools = ?2, who = ?3, at_ms = ?4";
            self.change(sql, params![name, Json(tools), who, self.now()])?;
        }
        self.emit(EventKind::TiersChanged, name).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Unlock> {
    Ok(Unlock {
        id: row.get(0)?,
        tool: row.get(1)?,
        tier: row.get(2)?,
        scope: GrantScope::from_word(row.get::<_, Option<String>>(3)?.as_deref()),
        until: row.get(4)?,
        who: row.get(5)?,
        at: row.get(6)?,
        operation: row.get(7)?,
        void: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, name, operation, store};
    use super::*;
    use crate::domain::{Category, CostTier, Instant, OperationId};

    #[test]
    fn what_was_opened_is_listed_until_it_is_revoked() {
        let (_dir, mut store) = store();
        let unlock = |tool: Option<&str>, scope: GrantScope| Unlock {
            id: UnlockId(0),
            tool: tool.map(name),
            tier: CostTier::High,
            scope,
            until: tool.map(|_| Instant(99)),
            who: "Ada".to_owned(),
            at: NOW,
            operation: OperationId(1),
            void: None,
        };
        let (first, second) = change(&mut store, |tx| {
            tx.log(&operation("unlock", "x"))?;
            assert_eq!(tx.next_unlock()?, UnlockId(1));
            let first = tx.keep_unlock(&unlock(Some("x"), GrantScope::Version))?;
            Ok((first, tx.keep_unlock(&unlock(None, GrantScope::Session("s".to_owned())))?))
        });
        let expected = vec![
            Unlock { id: second, ..unlock(None, GrantScope::Session("s".to_owned())) },
            Unlock { id: first, ..unlock(Some("x"), GrantScope::Version) },
        ];
        assert_eq!(store.unlocks().unwrap(), expected);
        change(&mut store, |tx| tx.set_unlock_revoked(second, true));
        assert_eq!(store.unlocks().unwrap(), expected[1..]);
        assert_eq!(store.unlock(second).unwrap().as_ref(), Some(&expected[0]), "it stays known");
        change(&mut store, |tx| tx.set_unlock_revoked(second, false));
        assert_eq!(store.unlocks().unwrap(), expected);
    }

    #[test]
    fn a_choice_of_tools_is_saved_replaced_and_taken_away() {
        let (_dir, mut store) = store();
        let save = |store: &mut _, tools: &[&str]| {
            let tools: Vec<SetMember> = tools.iter().map(|tool| (*tool).to_owned().try_into().unwrap()).collect();
            change(store, |tx| tx.save_tool_set(&name("mine"), &tools, "Ada"));
        };
        save(&mut store, &["a"]);
        save(&mut store, &["b", "category:git"]);
        let tools = vec![SetMember::Tool(name("b")), SetMember::Category(Category::new("git"))];
        let set = ToolSet { name: name("mine"), tools, who: "Ada".to_owned(), at: NOW };
        assert_eq!(store.tool_sets().unwrap(), vec![set]);
        save(&mut store, &[]);
        assert_eq!(store.tool_sets().unwrap(), vec![]);
    }
}
