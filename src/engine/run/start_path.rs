//! Selects how a run of each kind of tool is started. No other code does.

use super::inputs::stored_input;
use super::running::{Ready, RunHandle};
use super::start_with::StartWith;
use crate::domain::{Caller, Kind};
use crate::engine::Runs;
use crate::engine::error::EngineError;
use crate::engine::view::RunRequest;

impl Runs<'_> {
    /// Starts a run that the policy allows, in the way of the tool's kind.
    pub(super) fn start_by_kind(
        &self,
        request: &RunRequest,
        caller: &Caller,
        mut ready: Ready,
    ) -> Result<RunHandle, EngineError> {
        if let Some(name) = &request.worker {
            return match self.worker(name)? {
                Ok(worker) => {
                    let version = (request.tool.digest, ready.detail.tool.stage);
                    ready.with = StartWith::Worker(version, Box::new(worker));
                    self.launch(request, caller, ready)
                }
                Err(end) => {
                    let input = stored_input(request, &ready.detail, &self.known_secrets());
                    self.over(&request.tool, caller, (&input, &ready.occasion), end)
                }
            };
        }
        match ready.detail.tool.kind {
            Kind::Composite => self.launch_composite(request, caller, ready),
            // One process; for an HTTP tool it is this program. The last kind has no process and is recorded as
            // refused.
            Kind::Command | Kind::Service | Kind::Http | Kind::Mcp => self.launch(request, caller, ready),
            Kind::Prompt => {
                ready.with = StartWith::Prompt(Box::new(self.prompt(request, &ready.detail)));
                self.launch(request, caller, ready)
            }
        }
    }
}
