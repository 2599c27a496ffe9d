//! Runs that keep running: what the keeper of a service starts.

use super::running::{InputFrom, Ready, RunHandle};
use crate::domain::{Caller, ToolDetail};
use crate::engine::Runs;
use crate::engine::core::RunPolicy;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::RunRequest;
use crate::runner::{Frame, Report, ServiceTerms};
use serde_json::{Map, Value};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

/// The lease of the run of a service: its keeper lives or does not, and renews nothing. Ten years, milliseconds.
pub(super) const SERVICE_LEASE_MS: i64 = 10 * 365 * 86_400_000;

/// What the keeper of a service is told of its run, on the run's own thread.
pub(in crate::engine) struct ServiceHooks {
    /// The tool starts, behind sandbox layers that were verified.
    pub on_isolated: Box<dyn FnOnce() + Send>,
    /// A piece of output that is kept.
    pub on_output: Box<dyn FnMut(&Frame) + Send>,
    /// The run is over, and its end is recorded.
    pub on_end: Box<dyn FnOnce(&Report) + Send>,
}

/// What a service is started with.
pub(in crate::engine) struct ServiceStart {
    /// How it is fed, stopped and logged.
    pub terms: ServiceTerms,
    /// Variables that tell it its ports.
    pub env: Vec<(String, String)>,
    /// Listening sockets that it inherits, by name.
    pub listeners: Vec<(String, OwnedFd)>,
    /// Who is told of it.
    pub hooks: ServiceHooks,
}

impl Runs<'_> {
    /// Starts a service as a run of this caller. Policy is asked at each start: what was allowed yesterday may not be
    /// today.
    ///
    /// # Errors
    /// `Refused` or `HumanNeeded` where policy says no; `Failed` when it cannot be started.
    pub(in crate::engine) fn serve(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        service: ServiceStart,
    ) -> Result<RunHandle, EngineError> {
        let RunPolicy::Allow { profile, warning } = self.may_run(detail, caller)? else {
            return Err(self.refused(detail, caller)?);
        };
        let mut detail = detail.clone();
        let input = ports_as_input(&detail, &service.env);
        if let Some(recipe) = &mut detail.manifest.recipe {
            recipe.env.extend(service.env.iter().cloned());
        }
        let request = RunRequest { tool: Arc::new(detail.tool.clone()), input, timeout: None };
        let ready = Ready { detail, profile, warning, from: InputFrom::Nobody, service: Some(service) };
        let handle = self.launch(&request, caller, ready)?;
        if handle.tail().is_some() {
            return Ok(handle);
        }
        let record = self.record(handle.id)?;
        Err(EngineError::new(ErrorCode::Failed, record.error.unwrap_or_else(|| record.outcome.to_string()), ""))
    }

    /// Why policy says no.
    fn refused(&self, detail: &ToolDetail, caller: &Caller) -> Result<EngineError, EngineError> {
        Ok(match self.may_run(detail, caller)? {
            RunPolicy::Ask { message, .. } => EngineError::new(ErrorCode::HumanNeeded, message, ""),
            RunPolicy::Refuse { code, message } => EngineError::new(code, message, ""),
            RunPolicy::Allow { .. } => EngineError::internal("it was refused a moment ago"),
        })
    }

    /// Starts another command of a version, in a sandbox like that of its service, and says whether it succeeded and
    /// what it wrote. Without words, the command of the version with `--version`. Not recorded: it is asked every few
    /// seconds.
    ///
    /// # Errors
    /// `Failed` when it cannot be started.
    pub(in crate::engine) fn try_command(
        &self,
        _detail: &ToolDetail,
        _caller: &Caller,
        _words: Option<&[String]>,
        _timeout: Duration,
    ) -> Result<(bool, String), EngineError> {
        Err(EngineError::internal("not there yet"))
    }
}

/// The numbers of ports for the placeholders in a command that name them: `{port}`, `{port_http}`.
fn ports_as_input(detail: &ToolDetail, env: &[(String, String)]) -> Option<Value> {
    let named = detail.manifest.input.as_ref()?.get("properties")?.as_object()?;
    let ports = env.iter().map(|(name, number)| (name.to_ascii_lowercase(), Value::String(number.clone())));
    let ports: Map<String, Value> = ports.filter(|(name, _)| named.contains_key(name)).collect();
    (!ports.is_empty()).then_some(Value::Object(ports))
}
