//! Talking to an instance, which is started first when it does not run.

use super::Services;
use super::asking::LaunchRequest;
use super::wire::{self, KeeperAnswer, KeeperRequest};
use crate::domain::service::InstanceState;
use crate::domain::{Caller, ToolName};
use crate::engine::core::services::author;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::InstanceRow;
use serde::Serialize;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// How much longer than its own limit a keeper may take to say that there is no answer.
const SLACK: Duration = Duration::from_secs(5);

/// Longest message, bytes.
const MAX_MESSAGE: usize = 1 << 20;

/// An answer of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The instance that answered.
    pub instance: ToolName,
    /// The text of the answer.
    pub answer: String,
    /// Number of the message among all that was said in the workspace.
    pub exchange: i64,
    /// Whether the instance was started for this message.
    pub started: bool,
}

impl Services<'_> {
    /// Says something to an instance and waits for its answer; starts it first when it does not run.
    ///
    /// # Errors
    /// Those of [`Self::launch`] when it must be started; `Failed` when there is no answer in time.
    pub fn say(&self, name: &str, message: &str, timeout: Duration, caller: &Caller) -> Result<Said, EngineError> {
        if message.trim().is_empty() || message.len() > MAX_MESSAGE {
            let message = format!("a message has 1 to {MAX_MESSAGE} bytes, and not only blanks");
            return Err(EngineError::new(ErrorCode::Usage, message, ""));
        }
        let until = Instant::now() + timeout;
        self.restore_lost()?;
        let row = self.named(name)?;
        let started = !self.state_of(&row).needs_keeper();
        if started {
            self.start_again(&row, caller)?;
        } else {
            self.demand_may_run(&row, caller)?;
        }
        self.wait_until_ready(&row.instance.name, timeout)?;
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let stream = self.connect(&row)?;
        let request = KeeperRequest::Say {
            message: message.to_owned(),
            who: author(caller),
            timeout_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
        };
        let broken = |error: std::io::Error| {
            let message = format!("{name} ended before it answered: {error}");
            EngineError::new(ErrorCode::Failed, message, format!("`toolsmith services {name}` says why"))
        };
        wire::send(&stream, &request).map_err(broken)?;
        match wire::receive(&stream, Some(left + SLACK)).map_err(broken)? {
            KeeperAnswer::Said { exchange, text } => {
                Ok(Said { instance: row.instance.name, answer: text, exchange, started })
            }
            KeeperAnswer::Failed { message, hint } => Err(EngineError::new(ErrorCode::Failed, message, hint)),
            KeeperAnswer::Attached => Err(EngineError::internal(format!("{name} misunderstood the message"))),
        }
    }

    /// The output of an instance from now on, and a way to type into it.
    ///
    /// # Errors
    /// `Conflict` when it does not run.
    pub fn attach(&self, name: &str, caller: &Caller) -> Result<UnixStream, EngineError> {
        self.restore_lost()?;
        let row = self.named(name)?;
        self.demand_may_run(&row, caller)?;
        let stream = self.connect(&row)?;
        let lost = |error: std::io::Error| {
            EngineError::new(ErrorCode::Conflict, format!("{name} ended a moment ago: {error}"), "")
        };
        wire::send(&stream, &KeeperRequest::Attach).map_err(lost)?;
        match wire::receive(&stream, Some(SLACK)).map_err(lost)? {
            KeeperAnswer::Failed { message, hint } => Err(EngineError::new(ErrorCode::Failed, message, hint)),
            KeeperAnswer::Attached | KeeperAnswer::Said { .. } => {
                stream.set_read_timeout(None).map_err(EngineError::internal)?;
                Ok(stream)
            }
        }
    }

    /// Starts a stopped instance with the version that is approved now.
    fn start_again(&self, row: &InstanceRow, caller: &Caller) -> Result<(), EngineError> {
        self.engine.library().scan_once()?;
        let tool = self.tool_of(row)?;
        self.launch(&LaunchRequest { tool, instance: Some(row.instance.name.clone()) }, caller).map(drop)
    }

    /// Refuses an agent that may not run what the instance runs. A launch of its own gives it no right that was revoked
    /// since.
    pub(super) fn demand_may_run(&self, row: &InstanceRow, caller: &Caller) -> Result<(), EngineError> {
        if !matches!(caller, Caller::Agent(_)) {
            return Ok(());
        }
        self.engine.library().scan_once()?;
        let tool = self.tool_of(row)?;
        if tool.digest == row.instance.digest || !self.state_of(row).needs_keeper() {
            return self.startable(&tool, caller).map(drop);
        }
        // It runs an older version than the one on disk: that version decides.
        self.demand_allowed(&self.launched_version(row)?, caller).map(drop)
    }

    fn connect(&self, row: &InstanceRow) -> Result<UnixStream, EngineError> {
        let name = &row.instance.name;
        wire::connect(&self.workspace.state_dir, row.instance.id).map_err(|error| {
            let state: InstanceState = self.state_of(row);
            let hint = format!("`toolsmith launch {} --instance {name}` starts it", row.instance.tool);
            EngineError::new(ErrorCode::Conflict, format!("{name} is {state} and cannot be reached: {error}"), hint)
        })
    }
}
