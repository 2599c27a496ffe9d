//! Evolutions: a generator proposes a version, checks and recorded inputs judge it, a human approves it.
//!
//! The loop itself is [`EvolutionProgress`], a pure state machine. This module starts, drives and stores it: a thread
//! executes each effect, the result is an event, and each step is stored before its effects begin. If the process is
//! killed, the loop can be resumed. The original version is never modified.

mod asking;
mod compose;
mod documents;
mod drive;
mod evidence;
mod examine;
pub(super) mod generators;
mod imports;
mod keep;
pub(super) mod live;
pub(super) mod making;
mod naming;
pub(super) mod opportunities;
mod probing;
mod request;

pub use documents::MAX_DOCUMENT_BYTES;
pub use imports::Imported;
pub use making::{Enclosed, Made, NewTool, Source};
pub use opportunities::OpportunityList;

pub use asking::{Asking, EvolveRequest};
pub use drive::{OnProgress, Progress};
pub(super) use evidence::lane_of;
pub use keep::EvolutionDetail;

use super::error::{EngineError, ErrorCode};
use super::locks::lock;
use crate::domain::{Caller, Evolution, EvolutionId, EvolutionState, Learnt, ToolName};
use crate::engine::Engine;
use crate::engine::evolving::live::LiveEvolutions;
use crate::engine::owner::owner_alive;
use crate::engine::workspace::Workspace;
use crate::evolve::EvolutionProgress;
use crate::evolve::course::LaneId;
use crate::store::EvolutionQuery;
use live::LiveEvolution;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Asking generators for better versions of a tool.
#[derive(Clone, Copy)]
pub struct Evolutions<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
    pub(in crate::engine) state: &'e LiveEvolutions,
}

impl Evolutions<'_> {
    /// Evolutions, newest first.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self, tool: Option<&ToolName>, limit: usize) -> Result<Vec<Evolution>, EngineError> {
        let query = EvolutionQuery { tool: tool.cloned(), state: None, limit };
        let rows = self.workspace.read(|q| Ok(q.evolutions(&query)?))?;
        Ok(rows.into_iter().map(with_state).collect())
    }

    pub(super) fn row(&self, id: EvolutionId) -> Result<Evolution, EngineError> {
        let row = self.workspace.read(|q| Ok(q.evolution(id)?))?;
        row.map(with_state).ok_or_else(|| {
            let message = format!("there is no evolution {id}");
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith evolutions` lists them")
        })
    }

    /// Asks the process that drives a loop to end it; its answers so far can be kept.
    ///
    /// # Errors
    /// `NotFound`; `Refused` for an agent that did not start it; `Conflict` when it has ended.
    pub fn stop(&self, id: EvolutionId, caller: &Caller) -> Result<Evolution, EngineError> {
        let row = self.row(id)?;
        own(&row, caller)?;
        match row.state {
            EvolutionState::Running => {
                self.workspace.transact(|tx| Ok(tx.ask_evolution_to_stop(id)?))?;
                if let Some(live) = lock(&self.state.by_id).get(&id) {
                    live.stop.store(true, Ordering::Relaxed);
                }
                Ok(row)
            }
            // Nobody drives it: it ends here.
            EvolutionState::Interrupted => self.end_interrupted(row, caller),
            EvolutionState::Good | EvolutionState::Spent | EvolutionState::Failed | EvolutionState::Stopped => {
                let message = format!("evolution {id} has ended: {}", row.message);
                Err(EngineError::new(ErrorCode::Conflict, message, ""))
            }
        }
    }

    /// The partial answers of the generators in a loop that this process drives.
    pub fn texts(&self, id: EvolutionId) -> Vec<(LaneId, String)> {
        let live = lock(&self.state.by_id).get(&id).cloned();
        live.map(|live| lock(&live.texts).iter().map(|(at, text)| (*at, text.clone())).collect()).unwrap_or_default()
    }

    /// Which kinds of change fixed which kinds of failure in this workspace.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn learnt(&self) -> Result<Vec<Learnt>, EngineError> {
        self.workspace.read(|q| Ok(q.learnt()?))
    }

    fn live(&self, id: EvolutionId) -> Arc<LiveEvolution> {
        Arc::clone(lock(&self.state.by_id).entry(id).or_default())
    }
}

/// The row with its actual state: if its process died, it is interrupted.
fn with_state(row: Evolution) -> Evolution {
    if row.state == EvolutionState::Running && !owner_alive(&row.owner) {
        Evolution { state: EvolutionState::Interrupted, ..row }
    } else {
        row
    }
}

/// Refuses an agent access to a loop that it did not start itself.
fn own(row: &Evolution, caller: &Caller) -> Result<(), EngineError> {
    if matches!(caller, Caller::Human(_)) || row.who == caller.identity() {
        return Ok(());
    }
    let message =
        format!("agent {1} cannot use evolution {0}: it was requested by {2}", row.id, caller.word(), row.who);
    Err(EngineError::new(ErrorCode::Refused, message, "ask a human"))
}

/// The loop of a row.
///
/// # Errors
/// `Internal` when it was stored by a newer program or is damaged.
fn course_of(row: &Evolution) -> Result<EvolutionProgress, EngineError> {
    let course: EvolutionProgress = serde_json::from_value(row.course.clone()).map_err(EngineError::internal)?;
    if course.format == crate::evolve::course::FORMAT {
        return Ok(course);
    }
    let message = format!(
        "evolution {} is in format {}, this program knows {}",
        row.id,
        course.format,
        crate::evolve::course::FORMAT
    );
    Err(EngineError::new(ErrorCode::Internal, message, "use a newer version of toolsmith"))
}
