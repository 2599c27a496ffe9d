//! Sending messages to an instance, which is started if it does not run.

use super::Services;
use super::asking::LaunchRequest;
use super::wire::{self, KeeperAnswer, KeeperRequest};
use crate::domain::{Caller, ToolName};
use crate::engine::core::services::author;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::InstanceRow;
use serde::Serialize;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Time that a keeper may take beyond its own timeout to report that there is no answer.
const SLACK: Duration = Duration::from_secs(5);

/// Time that a keeper may take to open its socket again: it checks every second.
const SOCKET_WAIT: Duration = Duration::from_secs(3);

/// Interval between attempts to connect.
const LOOK: Duration = Duration::from_millis(20);

/// Maximum length of a message, bytes.
const MAX_MESSAGE: usize = 1 << 20;

/// An answer of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The instance that answered.
    pub instance: ToolName,
    /// The text of the answer.
    pub answer: String,
    /// Number of the message among all messages of the workspace.
    pub exchange: i64,
    /// Whether the instance was started for this message.
    pub started: bool,
    /// Number of lines of this process that answer no message: the answer may belong to an earlier message. 0 if
    /// answers carry the numbers of their messages.
    pub surplus_lines: u64,
}

impl Services<'_> {
    /// Sends a message to an instance and waits for its answer. Starts the instance if it does not run.
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
        // A keeper that accepts no more messages answers without reading this one.
        let sent = wire::send(&stream, &request);
        let answer = wire::receive(&stream, Some(left + SLACK)).map_err(|error| sent.err().unwrap_or(error));
        match answer.map_err(|error| no_answer(name, &error))? {
            KeeperAnswer::Said { exchange, text, surplus_lines } => {
                if surplus_lines > 0 {
                    self.workspace.report_trouble::<()>(Err(answer_in_doubt(name, surplus_lines)));
                }
                Ok(Said { instance: row.instance.name, answer: text, exchange, started, surplus_lines })
            }
            KeeperAnswer::Failed { message, hint } => Err(EngineError::new(ErrorCode::Failed, message, hint)),
            KeeperAnswer::Attached => Err(EngineError::internal(format!("{name} misunderstood the message"))),
        }
    }

    /// Opens a connection that receives the output of an instance from now on and sends typed input.
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

    /// Starts a stopped instance with the approved version.
    fn start_again(&self, row: &InstanceRow, caller: &Caller) -> Result<(), EngineError> {
        self.engine.library().scan_once()?;
        let tool = self.tool_of(row)?;
        self.launch(&LaunchRequest { tool, instance: Some(row.instance.name.clone()) }, caller).map(drop)
    }

    /// Refuses an agent that may not run the version of the instance. An earlier launch by the agent does not keep a
    /// revoked right.
    pub(super) fn demand_may_run(&self, row: &InstanceRow, caller: &Caller) -> Result<(), EngineError> {
        if !matches!(caller, Caller::Agent(_)) {
            return Ok(());
        }
        self.engine.library().scan_once()?;
        let tool = self.tool_of(row)?;
        if tool.digest == row.instance.digest || !self.state_of(row).needs_keeper() {
            return self.startable(&tool, caller).map(drop);
        }
        // The running version is older than the one on disk; the running version counts.
        self.demand_allowed(&self.launched_version(row)?, caller).map(drop)
    }

    /// Connects to a keeper, which opens a deleted socket again at its next check.
    fn connect(&self, row: &InstanceRow) -> Result<UnixStream, EngineError> {
        let name = &row.instance.name;
        let until = Instant::now() + SOCKET_WAIT;
        loop {
            let error = match wire::connect(&self.workspace.state_dir, row.instance.id) {
                Ok(stream) => return Ok(stream),
                Err(error) => error,
            };
            let state = self.state_of(&self.row(row.instance.id)?);
            if state.needs_keeper() && Instant::now() < until {
                std::thread::sleep(LOOK);
                continue;
            }
            let hint = if state.needs_keeper() {
                format!("its keeper does not open its socket; `toolsmith terminate {name}` ends it")
            } else {
                format!("`toolsmith launch {} --instance {name}` starts it", row.instance.tool)
            };
            let message = format!("{name} is {state} and cannot be reached: {error}");
            return Err(EngineError::new(ErrorCode::Conflict, message, hint));
        }
    }
}

/// The warning about an answer of a service that wrote more lines than it got messages.
fn answer_in_doubt(name: &str, surplus_lines: u64) -> EngineError {
    let lines = if surplus_lines == 1 {
        "1 line that answers".to_owned()
    } else {
        format!("{surplus_lines} lines that answer")
    };
    let message = format!("{name} wrote {lines} no message; this answer may be to an earlier message");
    let hint = "repeat the `id` of the message in the answer, and write everything else to standard error";
    EngineError::new(ErrorCode::Conflict, message, hint)
}

/// The error if a connection ends without an answer.
fn no_answer(name: &str, error: &std::io::Error) -> EngineError {
    let message = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => format!("{name}: no answer in time"),
        _ => format!("{name} ended before it answered: {error}"),
    };
    EngineError::new(ErrorCode::Failed, message, format!("`toolsmith services {name}` says why"))
}
