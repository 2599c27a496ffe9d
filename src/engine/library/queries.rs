//! Queries of front ends.

use super::{composites, generators, resolve};
use crate::catalog;
use crate::domain::{Digest, Stage, Tool, ToolDetail, VersionFile};
use crate::engine::Library;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::VersionRow;
use std::sync::Arc;
impl Library<'_> {
    /// Finds a tool by name, NAME@VERSION, NAME@DIGESTPREFIX, alias or path. A version that is no longer on disk is
    /// found if a copy of it is kept.
    ///
    /// # Errors
    /// `NotFound`, or `Ambiguous` with the paths to choose from.
    pub fn resolve(&self, text: &str) -> Result<Arc<Tool>, EngineError> {
        if self.is_part()
            && let Ok(Some(tool)) = resolve::resolve(&self.looked_up(), text)
        {
            return Ok(tool);
        }
        match resolve::resolve(&self.catalog(), text) {
            Ok(Some(tool)) => Ok(tool),
            Ok(None) => self.resolve_kept(text),
            Err(error) if error.code == ErrorCode::NotFound => {
                let found = self.at_path(text);
                found.ok_or_else(|| self.engine.upkeep().told_vanished(text, error))
            }
            Err(error) => Err(error),
        }
    }

    /// The tool at a path from the current folder.
    fn at_path(&self, text: &str) -> Option<Arc<Tool>> {
        let folder = std::env::current_dir().ok()?;
        resolve::at_path(&self.catalog().tools, &self.workspace.plan.workspace, &folder, text)
    }

    fn resolve_kept(&self, text: &str) -> Result<Arc<Tool>, EngineError> {
        let (name, version) = resolve::split(text);
        let (tool, wanted) = (self.resolve(name)?, version.unwrap_or_default());
        let rows = self.workspace.read(|q| Ok(q.versions_of(&tool.name)?))?;
        let row = rows
            .iter()
            .find(|row| row.version.to_string() == wanted || row.digest.starts_with(wanted))
            .ok_or_else(|| {
                EngineError::new(
                    ErrorCode::NotFound,
                    format!("{name} has no version {wanted}"),
                    format!("`toolsmith show {name}` lists its versions"),
                )
            })?;
        Ok(Arc::new(self.kept(&tool, row)?.tool))
    }

    /// A version of which only a copy is kept, as a row like the one on disk.
    fn kept(&self, tool: &Tool, row: &VersionRow) -> Result<ToolDetail, EngineError> {
        let files = self.engine.versions().files(row.digest)?;
        let mut kept = tool.clone();
        kept.version = row.version.clone();
        kept.digest = row.digest;
        kept.path.clone_from(&row.path);
        kept.placement = row.placement.clone();
        let mut detail = catalog::read_files(files, &kept).map_err(|p| problem(&p))?;
        detail.tool.stage = tool.stage;
        Ok(detail)
    }

    /// Finds an archived tool: by path, or the only archived row of that name.
    pub(in crate::engine) fn resolve_archived(&self, text: &str) -> Result<Arc<Tool>, EngineError> {
        let view = self.catalog();
        let (name, version) = resolve::split(text);
        let mut rows = view.tools.iter().filter(|tool| {
            tool.stage == Stage::Archived
                && (tool.path == text
                    || (tool.name.as_str() == name
                        && version.is_none_or(|v| tool.version.to_string() == v || tool.digest.starts_with(v))))
        });
        let hint = "`toolsmith list --stage archived` shows what can be restored";
        let Some(first) = rows.next() else {
            return Err(EngineError::new(ErrorCode::NotFound, format!("{text:?} is not archived"), hint));
        };
        if rows.next().is_some() {
            return Err(EngineError::new(
                ErrorCode::Ambiguous,
                format!("{text:?} matches several archived versions"),
                hint,
            ));
        }
        Ok(Arc::clone(first))
    }

    /// Loads everything about a tool: from disk if that still has the row's digest or if there is no kept copy,
    /// otherwise from the kept copy. The digest of the result shows which.
    ///
    /// # Errors
    /// `Failed` with the problem if the files cannot be read as a tool.
    pub fn detail(&self, tool: &Tool) -> Result<ToolDetail, EngineError> {
        let mut detail = self.read_detail(tool)?;
        generators::settle(&mut detail.tool, &generators::names(&self.workspace.settings));
        let stopped = self.engine.teams().stopped(&detail.tool.reviewed())?;
        detail.tool.note_stop(stopped);
        if detail.tool.steps.is_some() {
            composites::settle_row(&mut detail.tool, &self.catalog());
        }
        Ok(detail)
    }

    fn read_detail(&self, tool: &Tool) -> Result<ToolDetail, EngineError> {
        match catalog::read(&self.workspace.plan, tool) {
            Ok(detail) if detail.tool.digest == tool.digest || !self.workspace.copies.has(tool.digest) => Ok(detail),
            Err(error) if !self.workspace.copies.has(tool.digest) => Err(problem(&error)),
            Ok(_) | Err(_) => {
                catalog::read_files(self.engine.versions().files(tool.digest)?, tool).map_err(|error| problem(&error))
            }
        }
    }

    /// The version whose permissions were on screen.
    pub(in crate::engine) fn asked_about(
        &self,
        tool: &str,
        digest: Digest,
    ) -> Result<crate::domain::ToolDetail, EngineError> {
        let detail = self.detail(&self.resolve(tool)?.reviewed())?;
        if detail.tool.digest != digest {
            let message = format!("{} changed since you were asked", detail.tool.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "check it again, then retry"));
        }
        Ok(detail)
    }

    /// The files of a row as they are on disk now, never from a kept copy.
    pub(in crate::engine) fn files_on_disk(&self, tool: &Tool) -> Result<Vec<VersionFile>, EngineError> {
        let found = catalog::read(&self.workspace.plan, tool).map_err(|problem| {
            EngineError::new(
                ErrorCode::Conflict,
                format!("the files of {} can no longer be read: {}", tool.name, problem.message),
                "check it again, then retry",
            )
        })?;
        Ok(found.files)
    }

    /// The files of a row: from disk if they are unchanged, otherwise from the kept copy.
    pub(in crate::engine) fn files_of(&self, tool: &Tool) -> Result<Vec<VersionFile>, EngineError> {
        Ok(self.detail(tool)?.files)
    }
}

/// A problem with a file, as an error.
fn problem(problem: &crate::domain::Problem) -> EngineError {
    let place = problem.line.map_or(problem.path.clone(), |line| format!("{}:{line}", problem.path));
    EngineError::new(ErrorCode::Failed, format!("{place}: {}", problem.message), problem.hint.clone())
}
