//! Additional parts of a start, besides the definition of the tool.

use super::call_stop::CallStop;
use super::prompting::{Notes, PromptStart};
use super::service_start::{ServiceHooks, ServiceStart};
use crate::domain::{Digest, RunEnd, Stage};
use crate::runner;
use std::sync::Arc;
use std::time::Duration;

/// What a run is started with, besides its definition.
pub(super) enum StartWith {
    /// Nothing.
    Nothing,
    /// As a service.
    Service(Box<ServiceStart>),
    /// On a worker, with the version and its stage.
    Worker((Digest, Stage), Box<runner::Worker>),
    /// With the answer of a generator; or with the reason why there is none.
    Prompt(Box<Result<PromptStart, RunEnd>>),
}

impl StartWith {
    pub(super) fn is_service(&self) -> bool {
        matches!(self, StartWith::Service(_))
    }

    /// The default timeout of such a run.
    pub(super) fn patience(&self) -> Option<Duration> {
        match self {
            StartWith::Prompt(start) => start.as_ref().as_ref().ok().map(PromptStart::patience),
            StartWith::Nothing | StartWith::Service(_) | StartWith::Worker(..) => None,
        }
    }

    /// Prepares the start.
    ///
    /// # Errors
    /// Those of [`runner::prepare`], and why a generator cannot be asked.
    pub(super) fn prepare(self, wish: &runner::StartRequest<'_>) -> Result<Prepared, RunEnd> {
        let is_service = self.is_service();
        let no_notes = || -> Notes { Box::new(Vec::new) };
        let (start, hooks, notes) = match self {
            StartWith::Nothing => (runner::prepare(wish)?.into(), None, no_notes()),
            StartWith::Worker(version, worker) => {
                let call = runner::prepare_on(wish, version, *worker)?;
                (runner::Start::Worker(Box::new(call)), None, no_notes())
            }
            StartWith::Service(service) => {
                let (spec, hooks) = service.adapt(runner::prepare(wish)?)?;
                (spec.into(), Some(hooks), no_notes())
            }
            StartWith::Prompt(start) => {
                let (spec, hooks, notes) = (*start)?.prepare(wish)?;
                (spec.into(), Some(hooks), notes)
            }
        };
        Ok(Prepared { start, hooks, notes, is_service, calls: None })
    }
}

/// A run that is ready to start.
pub(super) struct Prepared {
    pub(super) start: runner::Start,
    /// Hooks that receive its events.
    pub(super) hooks: Option<ServiceHooks>,
    /// Notes to add at its end.
    pub(super) notes: Notes,
    pub(super) is_service: bool,
    /// Stops serving its calls of other tools.
    pub(super) calls: Option<Arc<CallStop>>,
}
