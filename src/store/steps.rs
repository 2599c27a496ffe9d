//! The steps of composites: one row for each step of each run.

use super::error::StoreResult;
use super::queries::Queries;
use super::tx::Tx;
use super::values::Count;
use crate::domain::composite::{RunStep, StepState};
use crate::domain::{EventKind, RunId, RunOutcome};
use rusqlite::params;

/// The steps of a run in the order of the definition; empty unless it is the run of a composite.
///
/// # Errors
/// Any [`super::StoreError`] of a failed read.
pub fn steps_of(queries: &Queries, run: RunId) -> StoreResult<Vec<RunStep>> {
    let sql = "SELECT step, tool, state, run, cause FROM run_steps WHERE parent = ?1 ORDER BY position";
    queries.rows(sql, params![run], |row| {
        Ok(RunStep { id: row.get(0)?, tool: row.get(1)?, state: row.get(2)?, run: row.get(3)?, cause: row.get(4)? })
    })
}

impl Tx<'_> {
    /// Stores the steps of a run of a composite.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn put_steps(&self, run: RunId, steps: &[RunStep]) -> StoreResult<()> {
        let sql = "INSERT INTO run_steps (parent, position, step, tool, state, run, cause) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        for (at, step) in steps.iter().enumerate() {
            let RunStep { id, tool, state, run: own, cause } = step;
            self.change(sql, params![run, Count(at as u64), id, tool, state, own, cause])?;
        }
        Ok(())
    }

    /// Updates the state of one step. Emits `run-started` for the composite's run, so that views of it are updated.
    ///
    /// # Errors
    /// Any [`super::StoreError`] of a failed write.
    pub fn set_step(&self, run: RunId, at: usize, step: &RunStep) -> StoreResult<()> {
        let sql = "UPDATE run_steps SET state = ?3, run = ?4, cause = ?5 WHERE parent = ?1 AND position = ?2";
        self.change(sql, params![run, Count(at as u64), step.state, step.run, step.cause])?;
        self.emit(EventKind::RunStarted, run).map(drop)
    }

    /// Ends the open steps of an ended run: running ones are cancelled or interrupted, waiting ones were not run.
    pub(super) fn end_steps(&self, run: RunId, outcome: RunOutcome) -> StoreResult<()> {
        let went_down = if outcome == RunOutcome::Interrupted { StepState::Interrupted } else { StepState::Cancelled };
        let sql = "UPDATE run_steps SET state = CASE state WHEN 'running' THEN ?2 ELSE 'not-run' END \
                   WHERE parent = ?1 AND state IN ('running', 'waiting')";
        self.change(sql, params![run, went_down])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, finished, run, store};
    use super::super::{NewRun, RunQuery};
    use super::*;
    use crate::domain::RunEnd;

    fn step(id: &str, state: StepState) -> RunStep {
        RunStep { id: id.into(), tool: "t".into(), state, run: None, cause: None }
    }

    #[test]
    fn steps_that_have_no_end_are_not_run_or_interrupted_with_their_composite() {
        let (_dir, mut store) = store();
        let parent = change(&mut store, |tx| {
            let parent = tx.start_run(&run("c"))?;
            let steps = ["a", "b", "c"].map(|id| step(id, StepState::Waiting));
            tx.put_steps(parent, &steps)?;
            tx.set_step(parent, 0, &step("a", StepState::Succeeded))?;
            tx.set_step(parent, 1, &RunStep { run: Some(RunId(9)), ..step("b", StepState::Running) })?;
            Ok(parent)
        });
        let child =
            change(&mut store, |tx| tx.start_run(&NewRun { parent: Some((parent, Some("b".to_owned()))), ..run("x") }));
        let query = RunQuery { parent: Some(parent), limit: 9, ..RunQuery::default() };
        let children = store.runs(&query).unwrap();
        assert_eq!(children.iter().map(|run| (run.id, run.step.as_deref())).collect::<Vec<_>>(), [(child, Some("b"))]);
        change(&mut store, |tx| tx.finish_run(parent, &finished(RunEnd::Interrupted)));
        let states: Vec<_> = steps_of(&store, parent).unwrap().into_iter().map(|step| (step.state, step.run)).collect();
        let wanted =
            [(StepState::Succeeded, None), (StepState::Interrupted, Some(RunId(9))), (StepState::NotRun, None)];
        assert_eq!(states, wanted);
        assert_eq!(steps_of(&store, child).unwrap(), []);
    }
}
