//! Tools whose files are gone from disk: reports those that were used a lot, and restores kept copies.

use crate::domain::{Outcome, Problem, ProblemCode, Tool, ToolName, percent};
use crate::engine::Upkeep;
use crate::engine::core::{self, Beside, Comeback, Placed};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::library::resolve;
use crate::engine::relocate;
use crate::engine::view::Preview;
use crate::store::VersionRow;
use std::collections::HashSet;
use std::sync::Arc;

/// A missing tool is reported if it had more runs than this, and more than this share of its runs succeeded.
const MISSED_RUNS: u64 = 20;
const MISSED_SUCCESS: f64 = 0.85;

/// A version whose files are gone.
#[derive(Debug)]
pub(in crate::engine) struct Vanished {
    /// The approved version or the newest version with a kept copy; without any copy, the newest version.
    row: VersionRow,
    /// Whether a copy of it is kept.
    kept: bool,
}

impl Upkeep<'_> {
    /// A problem for each tool that was used a lot, was successful, and no longer exists.
    ///
    /// # Errors
    ///
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn lost_problems(&self, present: &[Arc<Tool>]) -> Result<Vec<Problem>, EngineError> {
        let stats = self.workspace.read(|q| Ok(q.stats()?))?;
        let mut missed: Vec<_> = stats
            .into_iter()
            .filter(|(_, stats)| {
                let share = stats.succeeded as f64 / stats.runs.max(1) as f64;
                stats.runs > MISSED_RUNS && share > MISSED_SUCCESS
            })
            .collect();
        if missed.is_empty() {
            return Ok(Vec::new());
        }
        let names: HashSet<&ToolName> = present.iter().map(|tool| &tool.name).collect();
        missed.retain(|(name, _)| !names.contains(name));
        missed.sort_by(|a, b| a.0.cmp(&b.0));
        let mut problems = Vec::new();
        for (name, stats) in missed {
            let Some(vanished) = self.gone(&name)? else { continue };
            let share = percent(stats.succeeded as f64 / stats.runs as f64);
            let message = format!("{name} is missing: it ran {} times, {share} successful", stats.runs);
            let path = vanished.row.path.clone();
            let hint = if vanished.kept {
                format!("`toolsmith restore {name}` restores it from the kept copy")
            } else {
                format!("no copy is kept: restore {path} from git or a backup")
            };
            problems.push(Problem { path, line: None, code: ProblemCode::Vanished, message, hint });
        }
        Ok(problems)
    }

    /// The tool of this name, if its files are gone; `None` if it exists, or was never seen.
    pub(in crate::engine) fn vanished(&self, text: &str) -> Result<Option<Vanished>, EngineError> {
        let (name, _) = resolve::split(text);
        let Ok(name) = ToolName::new(name) else { return Ok(None) };
        if self.engine.library().catalog().tools.iter().any(|tool| tool.name == name) {
            return Ok(None);
        }
        self.gone(&name)
    }

    /// Completes the error for an unknown tool: if the tool existed, the error says how to restore it.
    pub(in crate::engine) fn told_vanished(&self, text: &str, error: EngineError) -> EngineError {
        match self.vanished(text) {
            Ok(Some(vanished)) if vanished.kept => {
                let name = resolve::split(text).0;
                EngineError {
                    hint: format!("its files are missing; `toolsmith restore {name}` restores them from the kept copy"),
                    ..error
                }
            }
            Ok(_) => error,
            Err(trouble) => trouble,
        }
    }

    /// The data of a name without files in the workspace: the approved version if a copy is kept, otherwise the newest
    /// version with a copy, otherwise the newest version.
    fn gone(&self, name: &ToolName) -> Result<Option<Vanished>, EngineError> {
        let (rows, approvals) = self.workspace.read(|q| Ok((q.versions_of(name)?, q.approvals_of(name)?)))?;
        let is_kept = |row: &&VersionRow| self.workspace.copies.has(row.digest);
        let approved =
            approvals.iter().rev().find_map(|approval| rows.iter().find(|row| row.digest == approval.digest));
        let kept = approved.filter(is_kept).or_else(|| rows.iter().find(is_kept));
        let found = kept.or(rows.first()).cloned();
        Ok(found.map(|row| Vanished { kept: kept.is_some(), row }))
    }

    /// Restores the kept copy of a vanished tool to its previous place.
    pub(in crate::engine) fn bring_back(&self, who: &str, vanished: &Vanished) -> Result<Outcome, EngineError> {
        let after = self.placed_again(vanished)?;
        let files = self.engine.versions().files(after.digest)?;
        if let Some(path) = relocate::conflicts(self.workspace.folder(), &files, &after.placement).first() {
            let message = format!("{path} has different content now, so it is not overwritten");
            return Err(EngineError::new(ErrorCode::Conflict, message, "move it away, then try again"));
        }
        let change = Comeback { before: None, after: &after, reason: None };
        let mut step = self.workspace.transact(|tx| core::restore_files(tx, self.workspace.actor(who), &change))?;
        step.outcome.message = format!("{} {} is back in {}", after.tool, after.version, after.placement.base);
        self.engine.finish(step)
    }

    pub(in crate::engine) fn preview_bringing_back(&self, vanished: &Vanished) -> Result<Preview, EngineError> {
        let after = self.placed_again(vanished)?;
        Ok(Preview {
            title: format!("Restore {} {}?", after.tool, after.version),
            lines: vec![
                format!(
                    "its files are missing; the kept copy {} is restored to {}",
                    after.digest.short(),
                    after.placement.base
                ),
                format!("its stage is {} again", after.stage),
            ],
            undo: "u (undo) removes them again".to_owned(),
        })
    }

    /// The kept version at its previous place.
    fn placed_again(&self, vanished: &Vanished) -> Result<Placed, EngineError> {
        let row = &vanished.row;
        if !vanished.kept {
            let message = format!("the files of {} are missing, and no copy is kept", row.tool);
            let hint = format!("restore {} from git or a backup", row.path);
            return Err(EngineError::new(ErrorCode::NotFound, message, hint));
        }
        let files = self.engine.versions().files(row.digest)?;
        // A file that contained several tools is not written, so the tool gets its own folder.
        let own = row.placement.entry().map(|_| core::stage_placement(row.stage, &row.tool));
        Ok(Placed {
            tool: row.tool.clone(),
            version: row.version.clone(),
            digest: row.digest,
            stage: row.stage,
            placement: own.unwrap_or_else(|| row.placement.clone()),
            files: files.into_iter().map(|file| file.path).collect(),
            approval: Beside::Unknown,
        })
    }
}
