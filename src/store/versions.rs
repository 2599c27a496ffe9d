//! Versions: every version ever seen, the definitions in the workspace, and the approved digests.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Text;
use crate::domain::{Digest, EventKind, Instant, OperationId, Placement, Stage, Tool, ToolName};
use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};

const VERSION: &str = "tool, digest, version, stage, path, base, exclusive, first_seen_at_ms, description";
const APPROVAL: &str = "tool, digest, stage, operation, at_ms, base, signature";

/// A version that was seen at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRow {
    /// Name that the manifest stated.
    pub tool: ToolName,
    /// Covers every file of the version.
    pub digest: Digest,
    /// Version that the manifest stated.
    pub version: semver::Version,
    /// Stage when it was last seen.
    pub stage: Stage,
    /// Path of its definition when it was last seen.
    pub path: String,
    /// Location of its files when it was last seen.
    pub placement: Placement,
    /// When it was seen first.
    pub first_seen_at: Instant,
    /// Description from the manifest, for lists of versions whose files are gone.
    pub description: String,
}

/// A definition that is in the workspace now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentRow {
    /// Path of the definition.
    pub path: String,
    /// Name that the manifest states.
    pub tool: ToolName,
    /// Digest of its files.
    pub digest: Digest,
    /// The stage of its folder.
    pub stage: Stage,
    /// Location of its files.
    pub placement: Placement,
}

/// An approval that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Name under which it was approved.
    pub tool: ToolName,
    /// Digest that the approval covers; other bytes have no approval.
    pub digest: Digest,
    /// The stage it was approved for.
    pub stage: Stage,
    /// The log entry that approved it.
    pub operation: OperationId,
    /// When the decision was logged.
    pub at: Instant,
    /// The folder in which its files were approved; `None` for an approval of an older format, which holds for any
    /// folder of the stage.
    pub base: Option<String>,
    /// The reviewer's signature over the content of `approval.toml`, armored.
    pub signature: Option<String>,
}

impl Approval {
    /// Whether the approval covers this catalog row: same bytes and, in stages that need an approval, the same stage
    /// and folder. A copy elsewhere is not approved.
    pub fn covers(&self, tool: &Tool) -> bool {
        let in_place = self.stage == tool.stage && self.base.as_ref().is_none_or(|base| *base == tool.placement.base);
        self.tool == *tool.reviewed_as() && self.digest == tool.digest && (in_place || !tool.stage.is_vouched())
    }

    /// The approval that covers this row. A later approval in the same place replaces it: restoring older bytes, even
    /// approved ones, is not a decision.
    pub fn in_force<'a>(approvals: impl IntoIterator<Item = &'a Approval>, tool: &Tool) -> Option<&'a Approval> {
        let of_tool: Vec<&Approval> =
            approvals.into_iter().filter(|approval| approval.tool == *tool.reviewed_as()).collect();
        let found = *of_tool.iter().find(|approval| approval.covers(tool))?;
        let replaces = |other: &&Approval| other.base.is_some() && other.base == found.base;
        let is_replaced = of_tool.iter().any(|other| replaces(other) && other.operation > found.operation);
        (!is_replaced || !tool.stage.is_vouched()).then_some(found)
    }
}

impl Queries {
    /// One version.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn version(&self, tool: &ToolName, digest: Digest) -> StoreResult<Option<VersionRow>> {
        let sql = format!("SELECT {VERSION} FROM versions WHERE tool = ?1 AND digest = ?2");
        self.row(&sql, params![tool, digest], read_version)
    }

    /// Versions of a tool, newest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn versions_of(&self, tool: &ToolName) -> StoreResult<Vec<VersionRow>> {
        let sql = format!("SELECT {VERSION} FROM versions WHERE tool = ?1 ORDER BY first_seen_at_ms DESC, id DESC");
        self.rows(&sql, params![tool], read_version)
    }

    /// The digest of every version ever seen, ascending, without duplicates.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn all_version_digests(&self) -> StoreResult<Vec<Digest>> {
        self.rows("SELECT DISTINCT digest FROM versions ORDER BY digest", [], |row| row.get(0))
    }

    /// The definitions in the workspace, by path.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn present(&self) -> StoreResult<Vec<PresentRow>> {
        let sql = "SELECT path, tool, digest, stage, base, exclusive FROM present ORDER BY path";
        self.rows(sql, [], |row| {
            Ok(PresentRow {
                path: row.get(0)?,
                tool: row.get(1)?,
                digest: row.get(2)?,
                stage: row.get(3)?,
                placement: Placement { base: row.get(4)?, exclusive: row.get(5)? },
            })
        })
    }

    /// Approvals in force, by tool and digest.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn approvals(&self) -> StoreResult<Vec<Approval>> {
        let sql = format!("SELECT {APPROVAL} FROM approvals ORDER BY tool, digest");
        self.rows(&sql, [], read_approval)
    }

    /// Approvals in force for one tool, oldest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn approvals_of(&self, tool: &ToolName) -> StoreResult<Vec<Approval>> {
        let sql = format!("SELECT {APPROVAL} FROM approvals WHERE tool = ?1 ORDER BY at_ms, operation");
        self.rows(&sql, params![tool], read_approval)
    }
}

impl Tx<'_> {
    /// Records a version. A new one (`true`) emits `version-found`; for a known one only location and stage are
    /// updated.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn record_version(&self, version: &VersionRow) -> StoreResult<bool> {
        let sql = format!(
            "INSERT INTO versions ({VERSION}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
             ON CONFLICT (tool, digest) DO NOTHING"
        );
        let row = params![
            version.tool,
            version.digest,
            Text(&version.version),
            version.stage,
            version.path,
            version.placement.base,
            version.placement.exclusive,
            version.first_seen_at,
            version.description
        ];
        if self.change(&sql, row)? > 0 {
            self.emit(EventKind::VersionFound, &version.tool)?;
            return Ok(true);
        }
        let sql = "UPDATE versions SET stage = ?3, path = ?4, base = ?5, exclusive = ?6 \
                   WHERE tool = ?1 AND digest = ?2 AND (stage <> ?3 OR path <> ?4 OR base <> ?5 OR exclusive <> ?6)";
        let Placement { base, exclusive } = &version.placement;
        self.change(sql, params![version.tool, version.digest, version.stage, version.path, base, exclusive])?;
        Ok(false)
    }

    /// Sets the stage of a version; returns `false` when the version is unknown. Emits no event: the caller that moves
    /// a tool does.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_version_stage(&self, tool: &ToolName, digest: Digest, stage: Stage) -> StoreResult<bool> {
        let sql = "UPDATE versions SET stage = ?3 WHERE tool = ?1 AND digest = ?2";
        Ok(self.change(sql, params![tool, digest, stage])? > 0)
    }

    /// Records the definition at a path.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_present(&self, row: &PresentRow) -> StoreResult<()> {
        let sql = "INSERT INTO present (path, tool, digest, stage, base, exclusive) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (path) DO UPDATE SET tool = ?2, digest = ?3, stage = ?4, base = ?5, exclusive = ?6";
        let Placement { base, exclusive } = &row.placement;
        self.change(sql, params![row.path, row.tool, row.digest, row.stage, base, exclusive]).map(drop)
    }

    /// Records that a path no longer has a definition. Emits `tool-lost` with the name; returns `false`, and emits
    /// nothing, when there was none.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_present(&self, path: &str) -> StoreResult<bool> {
        let sql = "DELETE FROM present WHERE path = ?1 RETURNING tool";
        // All rows are read: a statement that returns rows takes full effect only at its end.
        let lost: Vec<ToolName> = self.rows(sql, params![path], |row| row.get(0))?;
        for tool in &lost {
            self.emit(EventKind::ToolLost, tool)?;
        }
        Ok(!lost.is_empty())
    }

    /// Stores an approval, in place of an earlier one of the same tool and digest.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn approve_version(&self, approval: &Approval) -> StoreResult<()> {
        let sql = format!(
            "INSERT INTO approvals ({APPROVAL}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (tool, digest) DO UPDATE SET stage = ?3, operation = ?4, at_ms = ?5, base = ?6, signature = ?7"
        );
        let Approval { tool, digest, stage, operation, at, base, signature } = approval;
        self.change(&sql, params![tool, digest, stage, operation, at, base, signature]).map(drop)
    }

    /// Ends an approval; returns `false` when none was in force. The log keeps its entry.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn withdraw_approval(&self, tool: &ToolName, digest: Digest) -> StoreResult<bool> {
        let sql = "DELETE FROM approvals WHERE tool = ?1 AND digest = ?2";
        Ok(self.change(sql, params![tool, digest])? > 0)
    }

    /// Sets the stage of an approval; returns `false` when none is in force.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_approval_stage(&self, tool: &ToolName, digest: Digest, stage: Stage) -> StoreResult<bool> {
        let sql = "UPDATE approvals SET stage = ?3 WHERE tool = ?1 AND digest = ?2";
        Ok(self.change(sql, params![tool, digest, stage])? > 0)
    }
}

fn read_version(row: &Row<'_>) -> rusqlite::Result<VersionRow> {
    Ok(VersionRow {
        tool: row.get(0)?,
        digest: row.get(1)?,
        version: row.get::<_, Text<semver::Version>>(2)?.0,
        stage: row.get(3)?,
        path: row.get(4)?,
        placement: Placement { base: row.get(5)?, exclusive: row.get(6)? },
        first_seen_at: row.get(7)?,
        description: row.get(8)?,
    })
}

fn read_approval(row: &Row<'_>) -> rusqlite::Result<Approval> {
    Ok(Approval {
        tool: row.get(0)?,
        digest: row.get(1)?,
        stage: row.get(2)?,
        operation: row.get(3)?,
        at: row.get(4)?,
        base: row.get(5)?,
        signature: row.get(6)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NOW, change, change_at, digest, name, operation, store, version};
    use super::*;
    use crate::domain::EventSeq;

    fn present(path: &str, tool: &str) -> PresentRow {
        let placement = Placement { base: "tools".to_owned(), exclusive: false };
        PresentRow { path: path.to_owned(), tool: name(tool), digest: digest(tool), stage: Stage::Core, placement }
    }

    #[test]
    fn a_version_is_found_once_and_its_place_is_kept_up_to_date() {
        let (_dir, mut store) = store();
        let row = version("x", "1");
        let moved = VersionRow {
            stage: Stage::Approved,
            path: "elsewhere".to_owned(),
            first_seen_at: Instant(0),
            ..row.clone()
        };
        let new = change(&mut store, |tx| Ok((tx.record_version(&row)?, tx.record_version(&row)?)));
        assert_eq!(new, (true, false));
        assert_eq!(store.version(&row.tool, row.digest).unwrap(), Some(row.clone()));
        assert!(!change(&mut store, |tx| tx.record_version(&moved)));
        let expected = VersionRow { first_seen_at: NOW, ..moved };
        assert_eq!(store.version(&row.tool, row.digest).unwrap(), Some(expected));
        let kinds: Vec<_> =
            store.events_since(EventSeq(0), 9).unwrap().into_iter().map(|e| (e.kind, e.subject)).collect();
        assert_eq!(kinds, [(EventKind::VersionFound, "x".to_owned())]);
        assert!(change(&mut store, |tx| tx.set_version_stage(&row.tool, row.digest, Stage::Archived)));
        assert_eq!(store.version(&row.tool, row.digest).unwrap().unwrap().stage, Stage::Archived);
        assert!(!change(&mut store, |tx| tx.set_version_stage(&row.tool, digest("2"), Stage::Archived)));
    }

    #[test]
    fn versions_of_a_tool_come_newest_first_and_by_prefix() {
        let (_dir, mut store) = store();
        let older = VersionRow { first_seen_at: Instant(NOW.0 - 1), ..version("x", "old") };
        let newer = version("x", "new");
        change(&mut store, |tx| {
            tx.record_version(&newer)?;
            tx.record_version(&older)?;
            tx.record_version(&version("y", "new")).map(drop)
        });
        assert_eq!(store.versions_of(&name("x")).unwrap(), vec![newer, older]);
        let mut digests = vec![digest("old"), digest("new")];
        digests.sort();
        assert_eq!(store.all_version_digests().unwrap(), digests);
    }

    #[test]
    fn what_lies_at_a_path_is_replaced_and_its_loss_is_told_once() {
        let (_dir, mut store) = store();
        change(&mut store, |tx| {
            tx.put_present(&present("b", "x"))?;
            tx.put_present(&present("a", "y"))?;
            tx.put_present(&present("b", "z"))
        });
        assert_eq!(store.present().unwrap(), vec![present("a", "y"), present("b", "z")]);
        assert_eq!(change(&mut store, |tx| Ok((tx.drop_present("b")?, tx.drop_present("b")?))), (true, false));
        assert_eq!(store.present().unwrap(), vec![present("a", "y")]);
        let events = store.events_since(EventSeq(0), 9).unwrap();
        assert_eq!(
            events.iter().map(|e| (e.kind, e.subject.as_str())).collect::<Vec<_>>(),
            [(EventKind::ToolLost, "z")]
        );
    }

    #[test]
    fn one_approval_of_a_version_is_in_force_until_it_is_withdrawn() {
        let (_dir, mut store) = store();
        let approve = |tx: &Tx<'_>, content: &str, stage| {
            let operation = tx.log(&operation("approve", "x"))?;
            let (base, signature) = (Some("tools/approved/x".to_owned()), Some("armored".to_owned()));
            let at = tx.now();
            let approval = Approval { tool: name("x"), digest: digest(content), stage, operation, at, base, signature };
            tx.approve_version(&approval).map(|()| approval)
        };
        let first = change(&mut store, |tx| approve(tx, "1", Stage::Approved));
        let again = change_at(&mut store, Instant(NOW.0 + 5), |tx| approve(tx, "1", Stage::Core));
        let second = change_at(&mut store, Instant(NOW.0 + 6), |tx| approve(tx, "2", Stage::Approved));
        assert_ne!(first, again);
        assert_eq!(store.approvals_of(&name("x")).unwrap(), vec![again.clone(), second.clone()]);
        assert!(change(&mut store, |tx| tx.set_approval_stage(&name("x"), digest("2"), Stage::Core)));
        assert_eq!(
            change(&mut store, |tx| Ok((
                tx.withdraw_approval(&name("x"), digest("1"))?,
                tx.withdraw_approval(&name("x"), digest("1"))?
            ))),
            (true, false)
        );
        assert_eq!(store.approvals().unwrap(), vec![Approval { stage: Stage::Core, ..second }]);
        assert_eq!(store.approvals_of(&name("y")).unwrap(), vec![]);
    }
}
