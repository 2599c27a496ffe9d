//! Evolutions, and the results of examining their answers.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::{Count, Json, Text};
use crate::domain::{
    Digest, EventKind, Evolution, EvolutionId, EvolutionState, EvolveAsked, ExaminedAnswer, FailureKind, Learnt,
    Mutation, ReviewId, ReviewState, ToolName,
};
use rusqlite::{Row, params};
use serde_json::Value;

const COLUMNS: &str = "id, tool, version, digest, path, asked, bundle, who, state, message, course, owner, stop_asked, \
     started_at_ms, ended_at_ms, review, made, failure_kind, mutation";

/// Which evolutions to read; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvolutionQuery {
    /// Only for this tool.
    pub tool: Option<ToolName>,
    /// Only in this state.
    pub state: Option<EvolutionState>,
    /// The maximum number of evolutions.
    pub limit: usize,
}

/// An evolution to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvolution {
    /// Name of the tool to improve or create.
    pub tool: ToolName,
    /// The version to improve.
    pub version: semver::Version,
    /// Digest of the version that it starts from.
    pub digest: Digest,
    /// Path of the definition.
    pub path: String,
    /// What was requested.
    pub asked: EvolveAsked,
    /// Digest of the kept bundle.
    pub bundle: Digest,
    /// The user who requested it.
    pub who: String,
    /// State of the loop before its first step.
    pub course: Value,
    /// The process that drives the evolution.
    pub owner: String,
    /// The kind of failure that it should fix.
    pub failure_kind: FailureKind,
}

impl Queries {
    /// Evolutions, newest first.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn evolutions(&self, query: &EvolutionQuery) -> StoreResult<Vec<Evolution>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM evolutions WHERE (?1 IS NULL OR tool = ?1) AND (?2 IS NULL OR state = ?2) \
             ORDER BY id DESC LIMIT ?3"
        );
        self.rows(&sql, params![query.tool, query.state, Count(query.limit as u64)], read)
    }

    /// One evolution; `None` when the number does not exist.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn evolution(&self, id: EvolutionId) -> StoreResult<Option<Evolution>> {
        self.row(&format!("SELECT {COLUMNS} FROM evolutions WHERE id = ?1"), params![id], read)
    }

    /// The evolution that has a version among its answers. Of several, the one that wrote the version comes first, then
    /// the newest.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn evolution_that_made(&self, tool: &ToolName, version: Digest) -> StoreResult<Option<Evolution>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM evolutions e WHERE tool = ?1 AND EXISTS (SELECT 1 FROM evolution_answers a \
             WHERE a.evolution = e.id AND a.digest = ?2) ORDER BY made IS ?2 DESC, id DESC LIMIT 1"
        );
        self.row(&sql, params![tool, version], read)
    }

    /// Which version each evolution wrote and which one it started from: name, written, original.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn evolved_versions(&self) -> StoreResult<Vec<(ToolName, Digest, Digest)>> {
        let sql = "SELECT DISTINCT tool, made, digest FROM evolutions WHERE made IS NOT NULL AND made <> digest";
        self.rows(sql, params![], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// The examined answers of an evolution, in order.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn examined_answers(&self, id: EvolutionId) -> StoreResult<Vec<ExaminedAnswer>> {
        let sql = "SELECT round, lane, digest, version, step, verdict, replay FROM evolution_answers \
                   WHERE evolution = ?1 ORDER BY round, lane";
        self.rows(sql, params![id], |row| {
            Ok(ExaminedAnswer {
                round: row.get(0)?,
                lane: row.get(1)?,
                digest: row.get(2)?,
                version: row.get::<_, Text<semver::Version>>(3)?.0,
                step: row.get(4)?,
                verdict: row.get::<_, Json<_>>(5)?.0,
                replay: row.get::<_, Json<_>>(6)?.0,
            })
        })
    }

    /// How often each kind of change succeeded against each kind of failure, most used first. Evolutions that ended
    /// without an answer do not count.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed read.
    pub fn learnt(&self) -> StoreResult<Vec<Learnt>> {
        let sql = "SELECT e.failure_kind, e.mutation, count(*), sum(e.state = ?1), \
                   sum(e.review IS NOT NULL AND r.state IS ?2) FROM evolutions e LEFT JOIN reviews r ON r.id = e.review \
                   WHERE e.mutation IS NOT NULL AND e.ended_at_ms IS NOT NULL \
                   GROUP BY e.failure_kind, e.mutation ORDER BY count(*) DESC, e.failure_kind, e.mutation";
        self.rows(sql, params![EvolutionState::Good, ReviewState::Approved], |row| {
            Ok(Learnt {
                failure: row.get(0)?,
                mutation: row.get(1)?,
                uses: row.get::<_, Count>(2)?.0,
                good: row.get::<_, Count>(3)?.0,
                approved: row.get::<_, Count>(4)?.0,
            })
        })
    }
}

impl Tx<'_> {
    /// Stores a new evolution and returns its number. Emits `evolution-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn begin_evolution(&self, new: &NewEvolution) -> StoreResult<EvolutionId> {
        let sql = "INSERT INTO evolutions (tool, version, digest, path, asked, bundle, who, state, course, owner, \
                   started_at_ms, failure_kind) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let row = params![
            new.tool,
            Text(&new.version),
            new.digest,
            new.path,
            Json(&new.asked),
            new.bundle,
            new.who,
            EvolutionState::Running,
            Json(&new.course),
            new.owner,
            self.now(),
            new.failure_kind,
        ];
        let id = EvolutionId(self.insert(sql, row)?);
        self.emit(EventKind::EvolutionChanged, id)?;
        Ok(id)
    }

    /// Stores the state of the loop. Emits `evolution-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_course(&self, id: EvolutionId, course: &Value) -> StoreResult<()> {
        self.change("UPDATE evolutions SET course = ?2 WHERE id = ?1", params![id, Json(course)])?;
        self.emit(EventKind::EvolutionChanged, id).map(drop)
    }

    /// Transfers an evolution from the process `before` to `owner`. Returns `false` when another process drives it or
    /// it has ended. Emits `evolution-changed` when it was transferred.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn take_evolution(&self, id: EvolutionId, before: &str, owner: &str) -> StoreResult<bool> {
        let sql = "UPDATE evolutions SET owner = ?3, stop_asked = 0 WHERE id = ?1 AND owner = ?2 AND state = ?4";
        let is_taken = self.change(sql, params![id, before, owner, EvolutionState::Running])? == 1;
        if is_taken {
            self.emit(EventKind::EvolutionChanged, id)?;
        }
        Ok(is_taken)
    }

    /// Requests that an evolution stops. Emits `evolution-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn ask_evolution_to_stop(&self, id: EvolutionId) -> StoreResult<()> {
        self.change("UPDATE evolutions SET stop_asked = 1 WHERE id = ?1", params![id])?;
        self.emit(EventKind::EvolutionChanged, id).map(drop)
    }

    /// Stores the result of examining an answer. Emits `evolution-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_examined(&self, id: EvolutionId, answer: &ExaminedAnswer) -> StoreResult<()> {
        let sql = "INSERT OR REPLACE INTO evolution_answers (evolution, round, lane, digest, version, step, verdict, \
                   replay) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let row = params![
            id,
            answer.round,
            answer.lane,
            answer.digest,
            Text(&answer.version),
            answer.step,
            Json(&answer.verdict),
            Json(&answer.replay),
        ];
        self.change(sql, row)?;
        self.emit(EventKind::EvolutionChanged, id).map(drop)
    }

    /// Ends an evolution. Emits `evolution-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn end_evolution(
        &self,
        id: EvolutionId,
        state: EvolutionState,
        message: &str,
        mutation: Option<Mutation>,
    ) -> StoreResult<()> {
        let sql = "UPDATE evolutions SET state = ?2, message = ?3, mutation = ?4, ended_at_ms = ?5 WHERE id = ?1";
        self.change(sql, params![id, state, message, mutation, self.now()])?;
        self.emit(EventKind::EvolutionChanged, id).map(drop)
    }

    /// Records the version that an evolution wrote, and the review of it. Emits `evolution-changed`.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_made(&self, id: EvolutionId, made: Digest, review: Option<ReviewId>) -> StoreResult<()> {
        self.change("UPDATE evolutions SET made = ?2, review = ?3 WHERE id = ?1", params![id, made, review])?;
        self.emit(EventKind::EvolutionChanged, id).map(drop)
    }
}

impl Tx<'_> {
    /// Deletes the written version from the evolutions that this review judged, after an undo. Emits
    /// `evolution-changed` for each.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn unmake(&self, review: ReviewId) -> StoreResult<()> {
        let made: Vec<EvolutionId> =
            self.rows("SELECT id FROM evolutions WHERE review = ?1 ORDER BY id", params![review], |row| row.get(0))?;
        for id in made {
            self.change("UPDATE evolutions SET made = NULL, review = NULL WHERE id = ?1", params![id])?;
            self.emit(EventKind::EvolutionChanged, id)?;
        }
        Ok(())
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Evolution> {
    Ok(Evolution {
        id: row.get(0)?,
        tool: row.get(1)?,
        version: row.get::<_, Text<semver::Version>>(2)?.0,
        digest: row.get(3)?,
        path: row.get(4)?,
        asked: row.get::<_, Json<EvolveAsked>>(5)?.0,
        bundle: row.get(6)?,
        who: row.get(7)?,
        state: row.get(8)?,
        message: row.get(9)?,
        course: row.get::<_, Json<Value>>(10)?.0,
        owner: row.get(11)?,
        stop_asked: row.get(12)?,
        started_at: row.get(13)?,
        ended_at: row.get(14)?,
        review: row.get(15)?,
        made: row.get(16)?,
        failure_kind: row.get(17)?,
        mutation: row.get(18)?,
    })
}
