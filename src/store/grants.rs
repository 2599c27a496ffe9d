//! Grants: a human, asked before the first run of a version, allows the version what its manifest declares.
//!
//! A grant names a digest, so a version that declares more has no grant. Grants are separate from approvals: an
//! approval says that the code is good, a grant allows it to act in this workspace.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Json;
use crate::domain::{Allowed, Digest, ToolName};
use rusqlite::params;

impl Queries {
    /// The permissions granted to a version; `None` when nobody was asked or the human declined.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn granted(&self, tool: &ToolName, digest: Digest) -> StoreResult<Option<Allowed>> {
        let sql = "SELECT permissions FROM grants WHERE tool = ?1 AND digest = ?2";
        let found: Option<Json<Allowed>> = self.row(sql, params![tool, digest], |row| row.get(0))?;
        Ok(found.map(|json| json.0))
    }
}

impl Tx<'_> {
    /// Stores a grant, in place of an earlier one of the same version.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn grant(&self, tool: &ToolName, digest: Digest, allowed: &Allowed, who: &str) -> StoreResult<()> {
        let sql = "INSERT INTO grants (tool, digest, permissions, who, at_ms) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (tool, digest) DO UPDATE SET permissions = ?3, who = ?4, at_ms = ?5";
        self.change(sql, params![tool, digest, Json(allowed), who, self.now()]).map(drop)
    }

    /// Ends a grant; returns `false` when there was none. The log keeps its entry.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn withdraw_grant(&self, tool: &ToolName, digest: Digest) -> StoreResult<bool> {
        let sql = "DELETE FROM grants WHERE tool = ?1 AND digest = ?2";
        Ok(self.change(sql, params![tool, digest])? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, digest, name, store};
    use super::*;
    use crate::domain::{Permissions, WriteMode};

    #[test]
    fn a_grant_is_of_one_version_and_holds_until_it_is_withdrawn() {
        let (_dir, mut store) = store();
        let permissions = Permissions { write: vec!["out".into()], ..Permissions::default() };
        let asked = Allowed::new(&permissions, WriteMode::Staged);
        change(&mut store, |tx| tx.grant(&name("x"), digest("1"), &asked, "Ada"));
        assert_eq!(store.granted(&name("x"), digest("1")).unwrap(), Some(asked.clone()));
        assert_eq!(store.granted(&name("x"), digest("2")).unwrap(), None);
        assert_eq!(store.granted(&name("y"), digest("1")).unwrap(), None);
        let wider = Permissions { network: vec!["full".into()], ..permissions };
        let wider = Allowed::new(&wider, WriteMode::Direct);
        change(&mut store, |tx| tx.grant(&name("x"), digest("1"), &wider, "Ada"));
        assert_eq!(store.granted(&name("x"), digest("1")).unwrap(), Some(wider));
        let withdrawn = change(&mut store, |tx| {
            Ok((tx.withdraw_grant(&name("x"), digest("1"))?, tx.withdraw_grant(&name("x"), digest("1"))?))
        });
        assert_eq!((withdrawn, store.granted(&name("x"), digest("1")).unwrap()), ((true, false), None));
    }
}
