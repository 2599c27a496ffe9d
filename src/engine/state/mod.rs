//! Opening the state of a workspace: for writing where that can be, else to look at, never as if nothing was wrong.

pub(super) mod exposure;
pub(super) mod home;
pub(super) mod identity;
pub(super) mod opening;
pub(super) mod restoring;

pub use home::{Home, find_workspace, path_state_dir};
pub use identity::{answer_copy, locate, plan_copy_answer};
pub use restoring::{Recovery, RecoveryPlan, plan_recovery, recover_state};

use super::clock::now;
use super::error::EngineError;
use super::view::DoctorLine;
use super::workspace::Workspace;
use crate::domain::{Instant, Operation, OperationId, Problem, ProblemCode, plural, rfc3339};
use crate::store;
use std::path::Path;

/// Makes the daily backup when it is due. Opens the database by itself, and costs one look at a folder when it is not.
///
/// # Errors
/// `NotWritable` when there is no room for it, `Internal` for other trouble with the store.
pub fn back_up_if_due(state_dir: &Path) -> Result<(), EngineError> {
    store::make_backup_if_due(state_dir, now().0).map(drop).map_err(|error| {
        let error = EngineError::from(error);
        EngineError::new(error.code, format!("the daily backup was not made: {}", error.message), error.hint)
    })
}

impl Workspace {
    /// The same as a row beside the catalog.
    pub(super) fn problem_of_state(&self, why: &EngineError) -> Problem {
        let path = self.state_dir.join("store.db").display().to_string();
        Problem { path, line: None, code: ProblemCode::State, message: why.message.clone(), hint: why.hint.clone() }
    }

    /// That the workspace has the id of another one, until a human says which it is.
    pub(super) fn problem_of_copy(&self) -> Option<Problem> {
        let other = self.copy_of.as_ref()?;
        let there = if other.exists() { "still exists" } else { "does not exist any more" };
        let message = format!(
            "this folder is a copy of the workspace {0}, or {0} moved here ({0} {there}); it has a history of its own",
            other.display()
        );
        let hint =
            "`toolsmith doctor --same-workspace` gives it that history, `toolsmith doctor --copied` keeps it separate";
        let path = self.folder().display().to_string();
        Some(Problem { path, line: None, code: ProblemCode::State, message, hint: hint.to_owned() })
    }

    /// What `verify` says against the state as a whole.
    pub(super) fn faults_of_state(&self) -> Vec<String> {
        let lost = self.viewing.as_ref().filter(|_| self.lost).map(|why| why.message.clone());
        lost.into_iter().chain(self.runs_without_row()).collect()
    }

    /// Outputs of runs that no row knows: the table of runs is older than they are.
    fn runs_without_row(&self) -> Option<String> {
        if self.lost {
            return None;
        }
        let last = self.read(|q| Ok(q.last_run()?)).ok()?.map_or(0, |run| run.0);
        let beyond = store::spools(&self.state_dir).into_iter().filter(|run| *run > last).count();
        (beyond > 0).then(|| {
            let outputs = plural(beyond, "output of a run", "outputs of runs");
            format!("{outputs} in runs/ with numbers above the newest run {last}: rows of runs were lost")
        })
    }

    /// How the database is, for `doctor`.
    pub(super) fn doctor_of_state(&self) -> DoctorLine {
        let line = |state: &str, message: String, hint: &str| {
            let (name, state, hint) = ("database".to_owned(), state.to_owned(), hint.to_owned());
            DoctorLine { name, state, message, hint }
        };
        if let Some(why) = &self.viewing {
            return line("bad", why.message.clone(), &why.hint);
        }
        if let Some(fault) = self.runs_without_row() {
            return line("warn", fault, "`toolsmith doctor --restore` puts a backup back");
        }
        let backups = store::backups(&self.state_dir);
        match backups.first() {
            Some(newest) => {
                let number = plural(backups.len(), "backup", "backups");
                {
                    let (at, path) = (rfc3339(Instant(newest.at_ms)), newest.path.display());
                    line("ok", format!("{number}, the newest of {at}: {path}"), "")
                }
            }
            None => line("ok", "no backup yet; one is made each day that something changes".to_owned(), ""),
        }
    }
}

/// Entries of the log, newest first, that were written before the entry that came before them: by how many
/// milliseconds the clock had gone back.
pub fn clock_steps_back(operations: &[Operation]) -> Vec<(OperationId, i64)> {
    let pairs = operations.windows(2).filter_map(|pair| match pair {
        [newer, older] => Some((newer.id, older.at.0.saturating_sub(newer.at.0))),
        _ => None,
    });
    pairs.filter(|(_, back)| *back > 0).collect()
}
