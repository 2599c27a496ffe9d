//! Versions of a name: which one this session uses, which are pinned, which trim removes, and their lineage.

use crate::domain::description::{Describe, Description, Ink, StyledLine};
use crate::domain::{
    Digest, GrantScope, Instant, Outcome, Stage, Tool, ToolName, ToolReview, VersionFile, VersionOrigin, count,
    percent, plural,
};
use crate::engine::Versions;
use crate::engine::core::{self, Approvals, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve;
use crate::engine::plain_verb::{Described, PlainQuery, argument};
use crate::engine::view::Preview;
use crate::engine::view::VersionInfo;
use crate::store::VersionRow;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Number of newest versions that trim keeps, in addition to the first.
const KEPT_LAST: usize = 3;

/// One version in a lineage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LineageVersion {
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Covers every file of the version.
    pub digest: Digest,
    /// Its stage. If it is only kept as a copy, the stage where it was last seen.
    pub stage: Stage,
    /// Path of its definition. If it is only kept as a copy, the path where it was last seen.
    pub path: String,
    /// Whether it is in the workspace; otherwise only a copy is kept.
    pub present: bool,
    /// Whether the name refers to it.
    pub active: bool,
    /// Whether the name refers to it only in this session.
    pub in_session: bool,
    /// Whether trim keeps it.
    pub pinned: bool,
    /// Whether an approval of it is in force.
    pub approved: bool,
    /// State of its newest review.
    pub review: ToolReview,
    /// Path of the original that it was evolved from.
    pub evolved_from: Option<String>,
    /// Who created it, why, and who approved it.
    pub provenance: VersionOrigin,
    /// Number of finished runs that succeeded or failed.
    pub runs: u64,
    /// Share of these runs that succeeded, 0 to 1.
    pub success_rate: Option<f64>,
    /// When it was first seen in this workspace.
    pub first_seen_at: Instant,
}

/// All versions of a name, the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lineage {
    /// Name that all these versions share.
    pub tool: ToolName,
    /// Its versions, ordered by version number, then by when they were first seen.
    pub versions: Vec<LineageVersion>,
}

impl Versions<'_> {
    /// The version that each name refers to in this session, if a human selected one.
    pub(in crate::engine) fn used_here(&self) -> Result<HashMap<ToolName, Digest>, EngineError> {
        let (session, owner, trust) =
            (self.engine.grants().session(), &self.workspace.owner, self.engine.integrity().trust()?);
        self.workspace.read(|q| {
            let mut used = HashMap::new();
            // Newest first: the newest grant counts.
            for grant in q.agent_grants()?.iter().filter(|grant| grant.is_used_in(session, owner)) {
                let counts = trust.against(grant.tool.as_str(), grant.operation).is_none();
                if counts && !used.contains_key(&grant.tool) && core::fault_of_leave(q, grant)?.is_none() {
                    used.insert(grant.tool.clone(), grant.digest);
                }
            }
            Ok(used)
        })
    }

    /// A message if a run would use another version than the original or the approved one.
    pub(in crate::engine) fn used_instead(&self, tool: &Tool) -> Option<String> {
        let view = self.engine.library().around(&tool.name);
        let row = view.tools.iter().find(|row| row.path == tool.path && row.digest == tool.digest)?;
        let (other, why) = if row.facts.in_session {
            let other = resolve::usual(&view, row.name.as_str()).filter(|other| other.digest != row.digest)?;
            let why = self
                .engine
                .grants()
                .session()
                .map_or("for this workbench".to_owned(), |name| format!("for session {name}"));
            (other, why)
        } else if row.evolved_from.is_some() && row.shadowed_by.is_none() {
            let original = view.tools.iter().find(|other| Some(&other.path) == row.evolved_from.as_ref())?;
            (Arc::clone(original), format!("(chosen by {})", crate::domain::PROMOTIONS_FILE))
        } else {
            return None;
        };
        Some(format!("{} {} is used instead of {} {why}", row.name, row.version, other.version))
    }

    pub(in crate::engine) fn use_in_session(
        &self,
        who: &str,
        name: &str,
        digest: Digest,
        scope: GrantScope,
    ) -> Result<Outcome, EngineError> {
        let (tool, usual) = self.named_version(name, digest)?;
        let scope = self.engine.grants().owned(scope);
        self.engine
            .finish(self.engine.step(who, |tx, actor| core::use_in_session(tx, actor, &tool, scope.clone(), &usual))?)
    }

    pub(in crate::engine) fn preview_use(
        &self,
        name: &str,
        digest: Digest,
        scope: &GrantScope,
    ) -> Result<Preview, EngineError> {
        let (tool, usual) = self.named_version(name, digest)?;
        let scope = self.engine.grants().owned(scope.clone());
        let mut lines = vec![format!(
            "{} refers to {} instead of {usual}; other sessions are not affected",
            tool.name, tool.version
        )];
        if tool.stage == Stage::Experimental {
            lines.push("it is not approved; agents of this session may run it too, strictly sandboxed".to_owned());
        }
        lines.push("valid for exactly these files; any change suspends it".to_owned());
        Ok(Preview {
            title: format!("Use {} {} ({}) for {scope}?", tool.name, tool.version, digest.short()),
            lines,
            undo: "`toolsmith grants` lists it; revoke or u (undo) ends it".to_owned(),
        })
    }

    /// The version to use, and the version number that its name usually refers to.
    fn named_version(&self, name: &str, digest: Digest) -> Result<(Arc<Tool>, semver::Version), EngineError> {
        let tool = self.lying_version(name)?;
        if tool.digest != digest {
            let message = format!("{} changed since you were asked", tool.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
        }
        let usual = resolve::usual(&self.engine.library().catalog(), tool.name.as_str());
        if let Some(usual) = usual.filter(|usual| usual.digest != tool.digest) {
            return Ok((tool, usual.version.clone()));
        }
        let message = format!("{} already refers to {}", tool.name, tool.version);
        let hint = format!("name another version: {0}@VERSION; `toolsmith lineage {0}` lists them", tool.name);
        Err(EngineError::new(ErrorCode::Conflict, message, hint))
    }

    /// A version by its name, if it is in the workspace.
    fn lying_version(&self, name: &str) -> Result<Arc<Tool>, EngineError> {
        let tool = self.engine.library().resolve(name)?;
        let view = self.engine.library().catalog();
        let lies = view.tools.iter().find(|row| row.name == tool.name && row.digest == tool.digest);
        let row = lies.ok_or_else(|| {
            let message = format!("{} {} is no longer in the workspace", tool.name, tool.version);
            EngineError::new(ErrorCode::Refused, message, "`toolsmith rollback` restores a previously approved version")
        })?;
        self.engine.library().detail(row)?;
        Ok(Arc::clone(row))
    }

    pub(in crate::engine) fn trim(&self, who: &str, name: &str, shown: &[Digest]) -> Result<Outcome, EngineError> {
        let rows = self.trimmable(name)?;
        let digests: Vec<Digest> = rows.iter().map(|row| row.digest).collect();
        if !shown.is_empty() && shown != digests {
            let message = "the list of versions to trim changed since it was shown".to_owned();
            return Err(EngineError::new(ErrorCode::Conflict, message, "check again, then retry"));
        }
        let mut taken: Vec<Placed> = Vec::new();
        for row in &rows {
            let files = self.engine.library().files_on_disk(row)?;
            if Digest::of_files(&files) != row.digest {
                let message = format!("{} changed a moment ago", row.path);
                return Err(EngineError::new(ErrorCode::Conflict, message, "check again, then retry"));
            }
            self.workspace.copies.put(row.digest, &files)?;
            taken.push(self.engine.integrity().placed(row, &files));
        }
        self.engine.finish(self.workspace.transact(|tx| core::trim(tx, self.workspace.actor(who), &taken))?)
    }

    pub(in crate::engine) fn preview_trim(&self, name: &str) -> Result<Preview, EngineError> {
        let rows = self.trimmable(name)?;
        let mut lines: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {} {}: removed, copy kept", row.version, row.digest.short(), row.place()))
            .collect();
        lines.push(format!("the first, the last {KEPT_LAST}, and pinned, used and pending versions are kept"));
        Ok(Preview {
            title: format!("Trim {}: {}?", rows[0].name, plural(rows.len(), "version", "versions")),
            lines,
            undo: "u (undo) restores them".to_owned(),
        })
    }

    /// The digests that trim would remove now, for front ends.
    ///
    /// # Errors
    /// `NotFound` for an unknown name; `Conflict` when there is nothing to trim.
    pub fn trimmed(&self, name: &str) -> Result<Vec<Digest>, EngineError> {
        Ok(self.trimmable(name)?.iter().map(|row| row.digest).collect())
    }

    /// The versions that trim removes: experimental versions evolved from an original, except for the first, the last
    /// three, and pinned, used, approved and waiting ones. Returns an error instead of an empty list.
    fn trimmable(&self, name: &str) -> Result<Vec<Arc<Tool>>, EngineError> {
        let tool = self.engine.library().resolve(name)?;
        let view = self.engine.library().catalog();
        let mut rows: Vec<&Arc<Tool>> =
            view.tools.iter().filter(|row| row.name == tool.name && row.stage != Stage::Archived).collect();
        rows.sort_by(|a, b| (&a.version, &a.path).cmp(&(&b.version, &b.path)));
        let (pins, approvals) = self.workspace.read(|q| Ok((q.pins(&tool.name)?, Approvals::read(q)?)))?;
        let waits = [ToolReview::Waiting];
        let last = rows.len().saturating_sub(KEPT_LAST);
        let usual = resolve::usual(&view, tool.name.as_str()).map(|row| row.path.clone());
        let may_go = |(at, row): &(usize, &Arc<Tool>)| {
            (1..last).contains(at)
                && row.stage == Stage::Experimental
                && row.evolved_from.is_some()
                && Some(&row.path) != usual.as_ref()
                && row.shadowed_by.is_some()
                && !row.facts.in_session
                && !waits.contains(&row.facts.review)
                && !pins.contains(&row.digest)
                && !approvals.has(&row.name, row.digest)
        };
        let going: Vec<Arc<Tool>> =
            rows.into_iter().enumerate().filter(may_go).map(|(_, row)| Arc::clone(row)).collect();
        if going.is_empty() {
            let message = format!("{} has nothing to trim", tool.name);
            let hint =
                format!("the first, the last {KEPT_LAST}, and pinned, used, approved and pending versions are kept");
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        }
        Ok(going)
    }

    /// Every version of a name that is in the workspace, was once approved, or is pinned.
    ///
    /// # Errors
    /// Those of [`Self::list`].
    pub fn lineage(&self, tool: &Tool) -> Result<Lineage, EngineError> {
        let view = self.engine.library().catalog();
        let name = &tool.name;
        let rows: HashMap<Digest, &Arc<Tool>> =
            view.tools.iter().filter(|row| row.name == *name).map(|row| (row.digest, row)).collect();
        let meant = resolve::resolve(&view, name.as_str()).ok().flatten().map(|row| row.digest);
        let (pins, counts, before) =
            self.workspace.read(|q| Ok((q.pins(name)?, q.counts_of_versions(name)?, q.approved_before(name)?)))?;
        let before: HashSet<Digest> = before.into_iter().collect();
        let mut versions: Vec<LineageVersion> = Vec::new();
        for info in self.list(name)? {
            let row = rows.get(&info.digest);
            // Every saved state of a file is known; a user sees only versions with a decision or a pin.
            if row.is_none() && !(before.contains(&info.digest) || pins.contains(&info.digest) || info.approved) {
                continue;
            }
            let (runs, succeeded) = counts.get(&info.digest).copied().unwrap_or_default();
            versions.push(LineageVersion {
                version: row.map_or(info.version, |row| row.version.clone()),
                digest: info.digest,
                stage: row.map_or(info.stage, |row| row.stage),
                path: row.map_or(info.path, |row| row.path.clone()),
                present: row.is_some(),
                active: meant == Some(info.digest),
                in_session: row.is_some_and(|row| row.facts.in_session),
                pinned: pins.contains(&info.digest),
                approved: info.approved,
                review: row.map_or(ToolReview::None, |row| row.facts.review),
                evolved_from: row.and_then(|row| row.evolved_from.clone()),
                provenance: info.provenance,
                runs,
                success_rate: (runs > 0).then(|| succeeded as f64 / runs as f64),
                first_seen_at: info.first_seen_at,
            });
        }
        versions.sort_by(|a, b| (&a.version, a.first_seen_at).cmp(&(&b.version, b.first_seen_at)));
        Ok(Lineage { tool: name.clone(), versions })
    }

    /// Versions of a name, newest first.
    pub fn list(&self, tool: &ToolName) -> Result<Vec<VersionInfo>, EngineError> {
        let (rows, approvals) = self.workspace.read(|q| Ok((q.versions_of(tool)?, Approvals::read(q)?)))?;
        let digests: Vec<Digest> = rows.iter().map(|row| row.digest).collect();
        let mut origins = self.origins(tool, &digests)?;
        let mut info = |row: VersionRow| -> Result<VersionInfo, EngineError> {
            Ok(VersionInfo {
                provenance: origins.remove(&row.digest).unwrap_or_default(),
                usage: self.engine.observations().usage(tool, row.digest)?,
                approved: approvals.has(tool, row.digest),
                kept: self.workspace.copies.has(row.digest),
                version: row.version,
                digest: row.digest,
                stage: row.stage,
                path: row.path,
                first_seen_at: row.first_seen_at,
            })
        };
        rows.into_iter().map(&mut info).collect()
    }

    /// The kept files of a version.
    ///
    /// # Errors
    /// `NotFound` when no copy is kept.
    pub fn files(&self, digest: Digest) -> Result<Vec<VersionFile>, EngineError> {
        if !self.workspace.copies.has(digest) {
            return Err(EngineError::new(
                ErrorCode::NotFound,
                format!("no copy of version {} is kept", digest.short()),
                "a copy is made when a version is first run, reviewed or promoted",
            ));
        }
        Ok(self.workspace.copies.get(digest)?)
    }
}

/// Shows all versions of a name.
pub(super) const LINEAGE: PlainQuery = PlainQuery {
    name: "lineage",
    needs_catalog: true,
    answer: |engine, call, _| {
        let tool = engine.library().resolve(argument(call, "tool")?)?;
        Described::of(&engine.versions().lineage(&tool)?)
    },
};

impl Describe for Lineage {
    fn describe(&self) -> Description {
        let mut told = Description::new().titled(self.tool.as_str(), &count(self.versions.len(), "version"));
        for (at, version) in self.versions.iter().enumerate() {
            let is_last = at + 1 == self.versions.len();
            told.line(version.line(if is_last { "└ " } else { "├ " }));
            let stem = if is_last { "    " } else { "│   " };
            let below = || StyledLine::new().put(Ink::Dim, stem);
            told.line(below().put(Ink::Plain, &version.path));
            told.line(
                below().put(Ink::Dim, format!("{} · seen ", version.told_runs())).at(Ink::Dim, version.first_seen_at),
            );
            for (name, text) in version.provenance.recorded() {
                told.line(below().put(Ink::Dim, format!("{name}: ")).put(Ink::Plain, text).hanging(4));
            }
        }
        told
    }
}

impl LineageVersion {
    fn line(&self, branch: &str) -> StyledLine {
        let line = StyledLine::new().put(Ink::Dim, branch).put(Ink::Strong, self.version.to_string());
        let line = line.put(Ink::Dim, format!("  {}  {}", self.digest.short(), self.stage)).hanging(4);
        let marks = self.marks();
        let ink = if self.active { Ink::Accent } else { Ink::Plain };
        if marks.is_empty() { line } else { line.put(ink, format!("  [{}]", marks.join(", "))) }
    }

    /// Remarks about it, for example `in use`, `pinned`, or its place.
    pub fn marks(&self) -> Vec<&'static str> {
        let marks = [
            (self.in_session, "this session"),
            (self.active && !self.in_session, "in use"),
            (self.pinned, "pinned"),
            (self.approved, "approved"),
            (!self.present, "copy only"),
        ];
        let review =
            Some(self.review.word()).filter(|_| !matches!(self.review, ToolReview::None | ToolReview::Approved));
        marks.into_iter().filter(|(set, _)| *set).map(|(_, word)| word).chain(review).collect()
    }

    /// Number of runs and success rate in words; contains no text of the tool.
    pub fn told_runs(&self) -> String {
        let rate = self.success_rate.map(|rate| format!(", {} succeeded", percent(rate))).unwrap_or_default();
        format!("{}{rate}", plural(usize::try_from(self.runs).unwrap_or(usize::MAX), "run", "runs"))
    }
}
