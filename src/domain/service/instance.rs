//! An instance of a service: a name for one process at a time, with its ports, health and context.

use super::super::digest::Digest;
use super::super::ids::RunId;
use super::super::name::ToolName;
use super::super::time::Instant;
use super::super::words::words;
use super::definition::PortPass;
use super::lifecycle::Lifecycle;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Number of an instance; counts up within a workspace, starting at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(pub i64);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

words!(
    /// The result of health checks of a running instance.
    HealthState {
        /// There is no probe.
        NotChecked = "not checked",
        /// There is no answer yet.
        Unknown = "unknown",
        /// The newest check succeeded.
        Good = "good",
        /// The newest check failed.
        Bad = "bad",
    }
);

words!(
    /// Who wrote a line of an exchange.
    ExchangeRole {
        /// The caller.
        Message = "message",
        /// The instance.
        Answer = "answer",
        /// An answer that came after its message had timed out.
        LateAnswer = "late-answer",
    }
);

/// The newest health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthFact {
    /// Its result.
    pub state: HealthState,
    /// When it was made; `None` before the first.
    pub at: Option<Instant>,
    /// How long the answer took, milliseconds.
    pub took_ms: u64,
    /// The answer, or why there is none; at most 4 KiB.
    pub output: String,
}

impl HealthFact {
    /// Before the first check.
    pub fn before(is_checked: bool) -> HealthFact {
        let state = if is_checked { HealthState::Unknown } else { HealthState::NotChecked };
        HealthFact { state, at: None, took_ms: 0, output: String::new() }
    }
}

/// A port of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstancePort {
    /// Its name in the definition.
    pub name: String,
    /// Its number on 127.0.0.1 of this machine.
    pub port: u16,
    /// How it reaches the service.
    pub pass: PortPass,
    /// A note for the user: why it does not have the requested number, or on which addresses in addition to 127.0.0.1
    /// the service listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl InstancePort {
    /// Appends to the note.
    pub fn add_note(&mut self, note: Option<String>) {
        let notes = self.note.take().into_iter().chain(note).collect::<Vec<_>>();
        self.note = Some(notes.join("; ")).filter(|notes| !notes.is_empty());
    }
}

/// An instance of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its number.
    pub id: InstanceId,
    /// Its name, unique within its stack.
    pub name: ToolName,
    /// Its stack.
    pub stack: String,
    /// The tool that it is an instance of.
    pub tool: ToolName,
    /// Version of that tool.
    pub version: semver::Version,
    /// Digest of the version that runs.
    pub digest: Digest,
    /// Its life so far.
    #[serde(flatten)]
    pub life: Lifecycle,
    /// The run of the newest start.
    pub run: Option<RunId>,
    /// The keeper process, as an owner in the store; `None` if there is none.
    #[serde(skip)]
    pub keeper: Option<String>,
    /// The deadline for a keeper that is being started.
    #[serde(skip)]
    pub keeper_due: Option<Instant>,
    /// Its ports.
    pub ports: Vec<InstancePort>,
    /// The newest health check.
    pub health: HealthFact,
    /// Who launched it: `human`, or `agent:NAME`.
    pub launched_by: String,
    /// When it was first launched.
    pub created_at: Instant,
}

/// One line of the exchange with an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its position among all lines.
    pub seq: i64,
    /// When it was stored.
    pub at: Instant,
    /// Whether it is a message or an answer.
    pub role: ExchangeRole,
    /// Who wrote it: `human`, `agent:NAME`, or the name of the instance.
    pub who: String,
    /// The text, without secrets.
    pub text: String,
    /// The run that answered.
    pub run: Option<RunId>,
}

/// What an instance keeps in addition to its exchanges; survives its process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct InstanceContext {
    /// The newest answer; `None` before the first.
    pub last_output: Option<String>,
    /// Prepared prompts, which are not sent.
    pub staged: Vec<String>,
    /// Prompts that are sent with the next message.
    pub next: Vec<String>,
}
