//! Versions: every one ever seen, what lies in the workspace now, and which digests are approved.

use super::connection::Queries;
use super::error::StoreResult;
use super::tx::Tx;
use super::values::Text;
use crate::domain::{Digest, EventKind, Instant, OperationId, Placement, Stage, ToolName};
use rusqlite::{Row, params};

const VERSION: &str = "tool, digest, version, stage, path, base, exclusive, first_seen_at_ms, description";
const APPROVAL: &str = "tool, digest, stage, operation, at_ms";

/// A version that was seen at some time.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRow {
    /// Its tool.
    pub tool: ToolName,
    /// Its digest.
    pub digest: Digest,
    /// Stated version.
    pub version: semver::Version,
    /// Stage when it was seen last.
    pub stage: Stage,
    /// Path of its definition when it was seen last.
    pub path: String,
    /// Where its files lay when it was seen last.
    pub placement: Placement,
    /// When it was seen first.
    pub first_seen_at: Instant,
    /// What it does.
    pub description: String,
}

/// A definition that lies in the workspace now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentRow {
    /// Path of the definition.
    pub path: String,
    /// Its tool.
    pub tool: ToolName,
    /// Digest of its files.
    pub digest: Digest,
    /// Stage by folder.
    pub stage: Stage,
    /// Where its files lie.
    pub placement: Placement,
}

/// An approval that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The tool.
    pub tool: ToolName,
    /// What was approved.
    pub digest: Digest,
    /// The stage it was approved for.
    pub stage: Stage,
    /// The log entry that approved it.
    pub operation: OperationId,
    /// When.
    pub at: Instant,
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

    /// Versions of a tool whose digest begins with these hex digits, newest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn versions_by_prefix(&self, tool: &ToolName, prefix: &str) -> StoreResult<Vec<VersionRow>> {
        let mut versions = self.versions_of(tool)?;
        versions.retain(|version| version.digest.starts_with(prefix));
        Ok(versions)
    }

    /// The digest of every version ever seen, each once, ascending.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn all_version_digests(&self) -> StoreResult<Vec<Digest>> {
        self.rows("SELECT DISTINCT digest FROM versions ORDER BY digest", [], |row| row.get(0))
    }

    /// What lies in the workspace now, by path.
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
    /// Notes a version. A new one (`true`) emits `version-found`; of a known one only where it lies and its
    /// stage are brought up to date.
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

    /// Sets the stage of a version; returns `false` when it is not known. Emits nothing: who moves a tool
    /// tells of the move.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_version_stage(&self, tool: &ToolName, digest: Digest, stage: Stage) -> StoreResult<bool> {
        let sql = "UPDATE versions SET stage = ?3 WHERE tool = ?1 AND digest = ?2";
        Ok(self.change(sql, params![tool, digest, stage])? > 0)
    }

    /// Notes what lies at a path now.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_present(&self, row: &PresentRow) -> StoreResult<()> {
        let sql = "INSERT INTO present (path, tool, digest, stage, base, exclusive) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                   ON CONFLICT (path) DO UPDATE SET tool = ?2, digest = ?3, stage = ?4, base = ?5, exclusive = ?6";
        let Placement { base, exclusive } = &row.placement;
        self.change(sql, params![row.path, row.tool, row.digest, row.stage, base, exclusive]).map(drop)
    }

    /// Notes that nothing lies at a path any more. Emits `tool-lost` with the name; returns `false`, and
    /// emits nothing, when nothing was there.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn drop_present(&self, path: &str) -> StoreResult<bool> {
        let sql = "DELETE FROM present WHERE path = ?1 RETURNING tool";
        // All rows are read: a statement that returns rows has taken effect only at its end.
        let lost: Vec<ToolName> = self.rows(sql, params![path], |row| row.get(0))?;
        for tool in &lost {
            self.emit(EventKind::ToolLost, tool)?;
        }
        Ok(!lost.is_empty())
    }

    /// Puts an approval in force, in place of an earlier one of the same tool and digest.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn approve_version(&self, approval: &Approval) -> StoreResult<()> {
        let sql = format!(
            "INSERT INTO approvals ({APPROVAL}) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (tool, digest) DO UPDATE SET stage = ?3, operation = ?4, at_ms = ?5"
        );
        let Approval { tool, digest, stage, operation, at } = approval;
        self.change(&sql, params![tool, digest, stage, operation, at]).map(drop)
    }

    /// Ends an approval; returns `false` when none was in force. The log keeps that there was one.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn withdraw_approval(&self, tool: &ToolName, digest: Digest) -> StoreResult<bool> {
        let sql = "DELETE FROM approvals WHERE tool = ?1 AND digest = ?2";
        Ok(self.change(sql, params![tool, digest])? > 0)
    }

    /// Sets the stage that an approval is for; returns `false` when none is in force.
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
    Ok(Approval { tool: row.get(0)?, digest: row.get(1)?, stage: row.get(2)?, operation: row.get(3)?, at: row.get(4)? })
}
