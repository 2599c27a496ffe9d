//! The definition of a service apart from its command: the `[service]` table of a manifest.

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
        /// A program named in the definition translates, line by line.
        External = "external",
    }
);

words!(
    /// When a service is restarted after it ended.
    RestartRule {
        /// Never.
        Never = "never",
        /// After a failure: an exit code that does not indicate success, or a signal.
        OnFailure = "on-failure",
        /// Always, unless it was asked to stop.
        Always = "always",
    }
);

words!(
    /// The state that another service must have reached before this one starts.
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
    /// The signal that asks a service to stop.
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
        /// The service listens inside its sandbox; the keeper listens outside and forwards connections.
        Relay = "relay",
        /// The service inherits the listening socket as a descriptor, from 3 on, with `LISTEN_FDS`.
        ListenFds = "listen-fds",
        /// The service itself listens on the machine; it needs the network permission.
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
        /// The stated or last number if it is free, otherwise any of the range.
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
    /// Unique within the service; `port` if the definition gives none.
    pub name: String,
    /// The stated number.
    pub port: PortNumber,
    /// How the number is chosen; `None` means the setting of the workspace.
    pub mode: Option<PortMode>,
    /// How it reaches the service.
    pub pass: PortPass,
}

/// A probe of a running service. Every kind makes a real request; none uses a cached answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Probe {
    /// The line `{"type":"ping"}`; any line in time is a success.
    Ping,
    /// The line `{"type":"status"}`; any line in time that does not report an error is a success.
    Status,
    /// The command with `--version`, as a separate run; exit code 0 is a success.
    Version,
    /// A GET request to a port of the service.
    Http {
        /// Name of the port.
        port: String,
        /// Path with its query, from `/` on.
        path: String,
        /// The status code of a success.
        status: u16,
    },
    /// A connection to a port of the service.
    Tcp {
        /// Name of the port.
        port: String,
    },
    /// A command in a sandbox like that of the service; exit code 0 is a success.
    Exec(Vec<String>),
    /// A line of output that matches this regular expression. For readiness only.
    Line(String),
}

/// When a service counts as ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyCheck {
    /// The probe, repeated until it succeeds.
    pub probe: Probe,
    /// The start fails after this many milliseconds without a success.
    pub within_ms: u64,
}

/// How the health of a service is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthCheck {
    /// The probe; `None` means that health is shown as not checked.
    pub probe: Option<Probe>,
    /// Milliseconds between two probes.
    pub every_ms: u64,
    /// Milliseconds until a probe times out.
    pub timeout_ms: u64,
    /// This many consecutive failures make it unhealthy.
    pub failures: u32,
}

/// How a service is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRule {
    /// The first signal.
    pub signal: StopSignal,
    /// Milliseconds until it is killed.
    pub within_ms: u64,
}

/// The pause before a restart: `first`, then each time `factor` times longer, up to `most`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// Milliseconds before the first restart.
    pub first_ms: u64,
    /// At least 1.
    pub factor: u32,
    /// The longest pause, milliseconds.
    pub most_ms: u64,
    /// After running this many milliseconds, the next restart counts as the first.
    pub calm_ms: u64,
}

/// How much output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogRule {
    /// Bytes of one file.
    pub most_bytes: u64,
    /// Files kept in addition to the newest.
    pub keep: u32,
}

/// The definition of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceDefinition {
    /// How messages are exchanged.
    pub adapter: Adapter,
    /// The base type in the definition, if it is not an adapter: `claude-code`.
    pub profile: Option<String>,
    /// The program that translates, with its arguments, for [`Adapter::External`]; empty otherwise.
    pub translator: Vec<String>,
    /// The maximum number of instances at one time.
    pub instances: u32,
    /// How it is stopped.
    pub stop: StopRule,
    /// When it is restarted.
    pub restart: RestartRule,
    /// The pause before a restart.
    pub backoff: Backoff,
    /// With more restarts than this within ten minutes, it has failed permanently.
    pub most_restarts: u32,
    /// Services that must run before it, by instance name, with the required state of each.
    pub after: BTreeMap<ToolName, StartCondition>,
    /// Its ports, names unique.
    pub ports: Vec<PortRule>,
    /// When it is ready; `None` means as soon as its process exists.
    pub ready: Option<ReadyCheck>,
    /// How its health is checked.
    pub health: HealthCheck,
    /// How much of its output is kept.
    pub log: LogRule,
}

impl ServiceDefinition {
    /// Whether the service itself binds ports of the machine.
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
