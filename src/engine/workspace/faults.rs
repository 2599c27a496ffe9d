//! Faults of the state of an open workspace, in words, for the catalog, `verify` and `doctor`.

use super::Workspace;
use crate::domain::{Instant, Problem, ProblemCode, plural, rfc3339};
use crate::engine::error::EngineError;
use crate::engine::view::DoctorLine;
use crate::store;

impl Workspace {
    /// The same as a problem row of the catalog.
    pub(in crate::engine) fn problem_of_state(&self, why: &EngineError) -> Problem {
        let path = self.state_dir.join("store.db").display().to_string();
        Problem { path, line: None, code: ProblemCode::State, message: why.message.clone(), hint: why.hint.clone() }
    }

    /// That the workspace has the id of another one, until a human says which it is.
    pub(in crate::engine) fn problem_of_copy(&self) -> Option<Problem> {
        let other = self.copy_of.as_ref()?;
        let there = if other.exists() { "still exists" } else { "no longer exists" };
        let message = format!(
            "this folder is a copy of the workspace {0}, or {0} was moved here ({0} {there}); it has a separate history",
            other.display()
        );
        let hint = "if it was moved, run `toolsmith doctor --same-workspace` to keep that history; if it is a copy, run `toolsmith doctor --copied`";
        let path = self.folder().display().to_string();
        Some(Problem { path, line: None, code: ProblemCode::State, message, hint: hint.to_owned() })
    }

    /// What `verify` says against the state as a whole.
    pub(in crate::engine) fn faults_of_state(&self) -> Vec<String> {
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
            format!("{outputs} in runs/ with numbers above the newest run {last}: run records were lost")
        })
    }

    /// How the database is, for `doctor`.
    pub(in crate::engine) fn doctor_of_state(&self) -> DoctorLine {
        let line = |state: &str, message: String, hint: &str| {
            let (name, state, hint) = ("database".to_owned(), state.to_owned(), hint.to_owned());
            DoctorLine { name, state, message, hint }
        };
        if let Some(why) = &self.viewing {
            return line("bad", why.message.clone(), &why.hint);
        }
        if let Some(fault) = self.runs_without_row() {
            return line("warn", fault, "`toolsmith doctor --restore` restores a backup");
        }
        let backups = store::backups(&self.state_dir);
        match backups.first() {
            Some(newest) => {
                let number = plural(backups.len(), "backup", "backups");
                {
                    let (at, path) = (rfc3339(Instant(newest.at_ms)), newest.path.display());
                    line("ok", format!("{number}, newest from {at}: {path}"), "")
                }
            }
            None => line("ok", "no backup yet; a backup is made on each day with changes".to_owned(), ""),
        }
    }
}
