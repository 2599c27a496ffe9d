//! What the definition of a service says beside its command: the `[service]` table of a manifest.

use super::super::name::ToolName;
use super::super::words::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words!(
    /// How messages reach a service and answers come back.
    Adapter {
        /// One line of JSON each way.
        Generic = "generic",
        /// One line of text each way.
        Text = "text",
        /// It takes no messages.
        None = "none",
        /// A program of the definition translates, line by line.
        External = "external",
    }
);

words!(
    /// When a service that ended is started again.
    RestartRule {
        /// Never.
        Never = "never",
        /// When it failed: an exit code other than a successful one, or a signal.
        OnFailure = "on-failure",
        /// Always, unless it was asked to end.
        Always = "always",
    }
);

words!(
    /// What another service must have reached before this one starts.
    StartCondition {
        /// Its process exists.
        Started = "started",
        /// It is ready.
        Ready = "ready",
        /// It ended successfully.
        EndedWell = "ended-well",
    }
);

words!(
    /// The signal that asks a service to end.
    StopSignal {
        /// SIGTERM.
        Term = "TERM",
        /// SIGINT.
        Int = "INT",
        /// SIGQUIT.
        Quit = "QUIT",
        /// SIGHUP.
        Hup = "HUP",
    }
);

words!(
    /// How a port reaches a service.
    PortPass {
        /// The service listens inside its sandbox; the keeper listens outside and passes connections on.
        Relay = "relay",
        /// The service inherits the listening socket as a descriptor, from 3 on, with `LISTEN_FDS`.
        ListenFds = "listen-fds",
        /// The service listens on this machine itself; it needs the network permission.
        Bind = "bind",
    }
);

words!(
    /// How the number of a port is chosen.
    PortMode {
        /// Exactly the stated number.
        Fixed = "fixed",
        /// Any free number of the range.
        Dynamic = "dynamic",
        /// The stated or last number when it is free, else any of the range.
        Hybrid = "hybrid",
    }
);

/// The number of a port, as the definition states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortNumber {
    /// Any of the range.
    Auto,
    /// This one, 1 to 65535.
    Number(u16),
}

/// A port of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRule {
    /// Unique within the service; `port` when the definition gives none.
    pub name: String,
    /// The stated number.
    pub port: PortNumber,
    /// How the number is chosen; `None` takes the setting of the workspace.
    pub mode: Option<PortMode>,
    /// How it reaches the service.
    pub pass: PortPass,
}

/// A question to a running service. Every kind is really asked; none is answered from memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// The line `{"type":"ping"}`; any line in time is a good answer.
    Ping,
    /// The line `{"type":"status"}`; any line in time that does not report an error is a good answer.
    Status,
    /// The command with `--version`, as a run of its own; exit code 0 is a good answer.
    Version,
    /// A GET request to a port of the service.
    Http {
        /// Name of the port.
        port: String,
        /// Path with its query, from `/` on.
        path: String,
        /// The status code of a good answer.
        status: u16,
    },
    /// A connection to a port of the service.
    Tcp {
        /// Name of the port.
        port: String,
    },
    /// A command in a sandbox like that of the service; exit code 0 is a good answer.
    Exec(Vec<String>),
    /// A line of output that matches this regular expression. For readiness only.
    Line(String),
}

/// When a service counts as ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyCheck {
    /// What is asked until it answers well.
    pub probe: Probe,
    /// After so many milliseconds without a good answer the start has failed.
    pub within_ms: u64,
}

/// How it is noticed that a service does not work any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// What is asked; `None`: nothing, and its health is shown as not checked.
    pub probe: Option<Probe>,
    /// Milliseconds between two questions.
    pub every_ms: u64,
    /// Milliseconds until a question counts as unanswered.
    pub timeout_ms: u64,
    /// So many failed questions in a row make it unhealthy.
    pub failures: u32,
}

/// How a service is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRule {
    /// What it is sent first.
    pub signal: StopSignal,
    /// Milliseconds until it is killed.
    pub within_ms: u64,
}

/// How long is waited before a service is started again: `first`, then each time `factor` times longer up to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// Milliseconds before the first restart.
    pub first_ms: u64,
    /// At least 1.
    pub factor: u32,
    /// The longest wait, milliseconds.
    pub most_ms: u64,
    /// After running so many milliseconds the next restart counts as the first.
    pub calm_ms: u64,
}

/// How much of the output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRule {
    /// Bytes of one file.
    pub most_bytes: u64,
    /// Files beside the newest.
    pub keep: u32,
}

/// What a definition says of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDefinition {
    /// How it is talked to.
    pub adapter: Adapter,
    /// The base type as the definition names it, where that is no adapter: `claude-code`.
    pub profile: Option<String>,
    /// The program that translates, with its arguments, for [`Adapter::External`]; empty otherwise.
    pub translator: Vec<String>,
    /// At most so many instances run at one time.
    pub instances: u32,
    /// How it is asked to end.
    pub stop: StopRule,
    /// When it is started again.
    pub restart: RestartRule,
    /// How long is waited before that.
    pub backoff: Backoff,
    /// More restarts than this within ten minutes, and it has failed for good.
    pub most_restarts: u32,
    /// Services that must run before, by instance name, and what each must have reached.
    pub after: BTreeMap<ToolName, StartCondition>,
    /// Its ports, names unique.
    pub ports: Vec<PortRule>,
    /// When it is ready; `None`: as soon as its process exists.
    pub ready: Option<ReadyCheck>,
    /// How its health is checked.
    pub health: HealthCheck,
    /// How much of its output is kept.
    pub log: LogRule,
}

impl ServiceDefinition {
    /// Whether the service binds ports of this machine itself.
    pub fn binds_ports(&self) -> bool {
        self.ports.iter().any(|port| port.pass == PortPass::Bind)
    }
}

impl Default for ServiceDefinition {
    fn default() -> Self {
        ServiceDefinition {
            adapter: Adapter::Generic,
            profile: None,
            translator: Vec::new(),
            instances: 4,
            stop: StopRule { signal: StopSignal::Term, within_ms: 5_000 },
            restart: RestartRule::OnFailure,
            backoff: Backoff { first_ms: 1_000, factor: 2, most_ms: 60_000, calm_ms: 60_000 },
            most_restarts: 5,
            after: BTreeMap::new(),
            ports: Vec::new(),
            ready: None,
            health: HealthCheck { probe: None, every_ms: 10_000, timeout_ms: 2_000, failures: 3 },
            log: LogRule { most_bytes: 10 << 20, keep: 3 },
        }
    }
}
