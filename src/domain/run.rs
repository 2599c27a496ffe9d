//! A run: one process from start to end, and every way it can end.

use super::digest::Digest;
use super::ids::RunId;
use super::interpreter::InterpreterFacts;
use super::name::ToolName;
use super::quantity::span;
use super::time::Instant;
use super::words::{Stage, words};
use serde::{Deserialize, Serialize};

words!(
    /// How a run ended, as stored and printed.
    RunOutcome {
        /// Has not ended yet.
        Running = "running",
        /// Exit code and output both indicate success.
        Succeeded = "succeeded",
        /// Non-zero exit, or the output indicates failure.
        Failed = "failed",
        /// The wall-clock limit was reached.
        TimedOut = "timed-out",
        /// A human or an agent cancelled it.
        Cancelled = "cancelled",
        /// It was ended by a signal that Toolsmith did not send.
        Killed = "killed",
        /// Memory, CPU, output or processes; `error` names the limit.
        LimitExceeded = "limit-exceeded",
        /// The input does not fit the input schema; never started.
        InvalidInput = "invalid-input",
        /// The output does not fit the output schema.
        InvalidOutput = "invalid-output",
        /// The process could not be started.
        SpawnFailed = "spawn-failed",
        /// Policy forbids it; never started.
        Refused = "refused",
        /// Its owner died; the real end is unknown.
        Interrupted = "interrupted",
    }
);

words!(
    /// One of the two output streams.
    Stream {
        /// File descriptor 1.
        Stdout = "stdout",
        /// File descriptor 2.
        Stderr = "stderr",
    }
);

words!(
    /// The verified isolation of a run, strongest first.
    IsolationLevel {
        /// Its own view of the file system (bubblewrap), namespaces, Landlock, seccomp and limits.
        Isolated = "isolated",
        /// Landlock, seccomp and limits; it can see names and sizes of files that it cannot read.
        Confined = "confined",
        /// Only resource limits and its own process group. Not a sandbox.
        LimitsOnly = "limits-only",
        /// No isolation at all: the process ran like any other program of the user.
        None = "none",
    }
);

words!(
    /// The permissions of a run.
    Profile {
        /// No declared permission is granted.
        Strict = "strict",
        /// What the manifest declares.
        Declared = "declared",
    }
);

/// The isolation of a run, with its active and missing layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    /// The level verified at the start, not the requested one.
    pub level: IsolationLevel,
    /// Whether the sandbox allowed what the manifest declares.
    pub profile: Profile,
    /// Layers in force, for example `process-group`, `rlimits`, `closed-fds`, `clean-env`, `version-copy`.
    pub layers: Vec<String>,
    /// Layers that were unavailable or not set up.
    pub missing: Vec<String>,
}

impl IsolationLevel {
    /// Its meaning, in words that do not promise more.
    pub fn meaning(self) -> &'static str {
        match self {
            IsolationLevel::Isolated => "isolated",
            IsolationLevel::Confined => "confined",
            IsolationLevel::LimitsOnly => "limits-only: no sandbox",
            IsolationLevel::None => "none: no isolation",
        }
    }

    /// Whether this level is at least as strong as `least`.
    pub fn reaches(self, least: IsolationLevel) -> bool {
        self <= least
    }
}

/// How a run ended, with the details of each ending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEnd {
    /// Exit code and output both indicate success.
    Succeeded {
        /// Usually 0; the manifest may state other success codes.
        exit_code: i32,
    },
    /// Non-zero exit, or the output indicates failure.
    Failed {
        /// Exit code of the process; may be 0 if the output indicates failure.
        exit_code: i32,
        /// Why it counts as a failure, one line.
        reason: String,
    },
    /// The wall-clock limit was reached.
    TimedOut {
        /// The limit in milliseconds.
        after_ms: u64,
    },
    /// A human or an agent cancelled it.
    Cancelled,
    /// It was ended by a signal that Toolsmith did not send.
    Killed {
        /// Number of the signal, 9 for SIGKILL.
        signal: i32,
    },
    /// A limit stopped it.
    LimitExceeded {
        /// `memory`, `cpu`, `output`, `processes`, `disk` or `file-size`.
        limit: String,
        /// One line for a human.
        message: String,
    },
    /// The input does not fit.
    InvalidInput {
        /// Which field and why.
        message: String,
    },
    /// The output does not fit.
    InvalidOutput {
        /// Exit code of the process, which alone may indicate success.
        exit_code: i32,
        /// Where the output does not fit the schema, and why.
        message: String,
    },
    /// The process could not be started.
    SpawnFailed {
        /// The reason, and what to install if known.
        message: String,
    },
    /// Policy forbids it: nothing was started.
    Refused {
        /// The rule that refused, as a sentence for the caller.
        message: String,
    },
    /// The required isolation is unavailable: nothing was started.
    Uncontained {
        /// The reason, and what to do.
        message: String,
    },
    /// The process that owned the run died, so the real ending is unknown.
    Interrupted,
}

impl RunEnd {
    /// The word for this ending.
    pub fn outcome(&self) -> RunOutcome {
        match self {
            RunEnd::Succeeded { .. } => RunOutcome::Succeeded,
            RunEnd::Failed { .. } => RunOutcome::Failed,
            RunEnd::TimedOut { .. } => RunOutcome::TimedOut,
            RunEnd::Cancelled => RunOutcome::Cancelled,
            RunEnd::Killed { .. } => RunOutcome::Killed,
            RunEnd::LimitExceeded { .. } => RunOutcome::LimitExceeded,
            RunEnd::InvalidInput { .. } => RunOutcome::InvalidInput,
            RunEnd::InvalidOutput { .. } => RunOutcome::InvalidOutput,
            RunEnd::SpawnFailed { .. } => RunOutcome::SpawnFailed,
            RunEnd::Refused { .. } | RunEnd::Uncontained { .. } => RunOutcome::Refused,
            RunEnd::Interrupted => RunOutcome::Interrupted,
        }
    }

    /// The exit code, for endings that have one.
    pub fn exit_code(&self) -> Option<i32> {
        match self {
            RunEnd::Succeeded { exit_code }
            | RunEnd::Failed { exit_code, .. }
            | RunEnd::InvalidOutput { exit_code, .. } => Some(*exit_code),
            RunEnd::TimedOut { .. }
            | RunEnd::Cancelled
            | RunEnd::Killed { .. }
            | RunEnd::LimitExceeded { .. }
            | RunEnd::InvalidInput { .. }
            | RunEnd::SpawnFailed { .. }
            | RunEnd::Refused { .. }
            | RunEnd::Uncontained { .. }
            | RunEnd::Interrupted => None,
        }
    }

    /// The same ending with its texts passed through `clean`.
    #[must_use]
    pub fn with_text(self, mut clean: impl FnMut(&str) -> String) -> RunEnd {
        match self {
            RunEnd::Failed { exit_code, reason } => RunEnd::Failed { exit_code, reason: clean(&reason) },
            RunEnd::LimitExceeded { limit, message } => RunEnd::LimitExceeded { limit, message: clean(&message) },
            RunEnd::InvalidInput { message } => RunEnd::InvalidInput { message: clean(&message) },
            RunEnd::InvalidOutput { exit_code, message } => {
                RunEnd::InvalidOutput { exit_code, message: clean(&message) }
            }
            RunEnd::SpawnFailed { message } => RunEnd::SpawnFailed { message: clean(&message) },
            RunEnd::Refused { message } => RunEnd::Refused { message: clean(&message) },
            RunEnd::Uncontained { message } => RunEnd::Uncontained { message: clean(&message) },
            RunEnd::Succeeded { .. }
            | RunEnd::TimedOut { .. }
            | RunEnd::Cancelled
            | RunEnd::Killed { .. }
            | RunEnd::Interrupted => self,
        }
    }

    /// The message that names the cause; `None` for success.
    pub fn message(&self) -> Option<String> {
        match self {
            RunEnd::Succeeded { .. } => None,
            RunEnd::Failed { reason, .. } => Some(reason.clone()),
            RunEnd::TimedOut { after_ms } => Some(format!("timed out after {}", span(*after_ms))),
            RunEnd::Cancelled => Some("cancelled".to_owned()),
            RunEnd::Killed { signal } => Some(format!("killed by signal {signal}")),
            RunEnd::LimitExceeded { message, .. }
            | RunEnd::InvalidInput { message }
            | RunEnd::InvalidOutput { message, .. }
            | RunEnd::SpawnFailed { message }
            | RunEnd::Refused { message }
            | RunEnd::Uncontained { message } => Some(message.clone()),
            RunEnd::Interrupted => Some("interrupted".to_owned()),
        }
    }
}

impl RunOutcome {
    /// Whether this ending is evidence about the tool: success or failure. It is not if a human stopped the run, if it
    /// ended with its owner or the machine, or if it never started: a missing package is a property of this machine.
    pub fn is_judged(self) -> bool {
        self == RunOutcome::Succeeded || self.is_failure() && self.has_started()
    }

    /// Whether its process existed: it was not prevented by input, policy or a missing program.
    pub fn has_started(self) -> bool {
        !matches!(self, RunOutcome::InvalidInput | RunOutcome::Refused | RunOutcome::SpawnFailed)
    }

    /// Whether this ending belongs in the failure history: every ending without success, unless a human stopped the
    /// run, it ended with its owner or the machine, or it never started because of its input or policy.
    pub fn is_failure(self) -> bool {
        match self {
            RunOutcome::Failed
            | RunOutcome::TimedOut
            | RunOutcome::Killed
            | RunOutcome::LimitExceeded
            | RunOutcome::InvalidOutput
            | RunOutcome::SpawnFailed => true,
            RunOutcome::Running
            | RunOutcome::Interrupted
            | RunOutcome::Succeeded
            | RunOutcome::Cancelled
            | RunOutcome::InvalidInput
            | RunOutcome::Refused => false,
        }
    }
}

impl Run {
    /// Its isolation, in words. No level is claimed for a run whose sandbox layers are not verified yet, or that never
    /// started.
    pub fn isolation_words(&self) -> &'static str {
        match (self.outcome, self.isolation.level) {
            (RunOutcome::Running, IsolationLevel::None) => "isolation not verified yet",
            (outcome, _) if !outcome.has_started() => "never started",
            // For a composite whose steps reported none, and for a run whose end was not observed.
            (RunOutcome::Interrupted, IsolationLevel::None) => "isolation not verified",
            (_, IsolationLevel::None) if self.isolation.layers.is_empty() => "no step was started",
            (_, level) => level.meaning(),
        }
    }

    /// [`Self::isolation_words`], with the worker that reported it unless it is this machine.
    pub fn isolation_and_worker(&self) -> String {
        let words = self.isolation_words();
        self.worker.as_ref().map_or_else(|| words.to_owned(), |worker| format!("{words} on {worker}"))
    }

    /// Whether it was refused because the required isolation was unavailable.
    pub fn lacked_isolation(&self) -> bool {
        self.outcome == RunOutcome::Refused && !self.isolation.missing.is_empty()
    }
}

/// Resources that a run used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunUsage {
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// User and system time of the process and its waited-for children in milliseconds.
    pub cpu_ms: u64,
    /// Largest resident set of any one process in bytes.
    pub max_rss_bytes: u64,
    /// Bytes written to standard output.
    pub stdout_bytes: u64,
    /// Bytes written to standard error.
    pub stderr_bytes: u64,
    /// Peak memory of all processes of the run together, in bytes, as sampled.
    #[serde(default)]
    pub peak_memory_bytes: u64,
    /// Peak number of processes, as sampled.
    #[serde(default)]
    pub peak_processes: u64,
    /// Bytes in files of the scratch folder and of staged paths at the end.
    #[serde(default)]
    pub disk_bytes: u64,
}

/// Current resource use of a run, sampled a few times a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sample {
    /// User and system time of all its processes so far, in milliseconds.
    pub cpu_ms: u64,
    /// Memory of all its processes in bytes.
    pub memory_bytes: u64,
    /// Processes alive at the moment of the sample.
    pub processes: u64,
    /// Bytes it has on disk.
    pub disk_bytes: u64,
}

/// A run as stored and printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Counts up within the workspace; never reused.
    pub id: RunId,
    /// Tool name at the time.
    pub tool: ToolName,
    /// Version that the manifest stated at the start.
    pub version: semver::Version,
    /// Digest of the files that were started.
    pub digest: Digest,
    /// Stage at the time.
    pub stage: Stage,
    /// `human` or the agent's name.
    pub caller: String,
    /// The ending, or `running`.
    pub outcome: RunOutcome,
    /// Exit code, if there was one.
    pub exit_code: Option<i32>,
    /// Signal, if there was one.
    pub signal: Option<i32>,
    /// When the run was recorded, before its process started.
    pub started_at: Instant,
    /// Resources used; all zero while running.
    #[serde(flatten)]
    pub usage: RunUsage,
    /// Verified isolation.
    pub isolation: Isolation,
    /// Denied accesses, if observed.
    pub denied: Vec<String>,
    /// Cause of a failure.
    pub error: Option<String>,
    /// Other facts for a human, one line each: lost output, background processes that were ended.
    pub notes: Vec<String>,
    /// What it did that no run of its approved version had done before, one phrase each. Raw: made safe when it is
    /// shown.
    #[serde(default)]
    pub departed: Vec<String>,
    /// The interpreter that ran it; `None` if it is its own program, or never started.
    #[serde(default)]
    pub interpreter: Option<InterpreterFacts>,
    /// Whether the kept output was cut at the output limit.
    pub truncated: bool,
    /// The input, as JSON text.
    pub input: String,
    /// The run that started it: of a composite, or of a tool that called this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    /// Its step in the composite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The worker that executed it; `None` for this machine. Its isolation, resource use and behaviour are as reported
    /// by the worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// A time limit to suggest, in milliseconds, where twice the one that was too short is less.
const USUAL_LIMIT_MS: u64 = 60_000;

impl Run {
    /// What a human can do about how it ended; `None` where nothing is special.
    pub fn next_step(&self) -> Option<String> {
        if self.outcome != RunOutcome::TimedOut {
            return None;
        }
        let minutes = (self.usage.duration_ms * 2).div_ceil(60_000);
        let limit = if minutes * 60_000 <= USUAL_LIMIT_MS { "60s".to_owned() } else { format!("{minutes}m") };
        // The manifest of an experimental tool cannot extend its own time.
        let manifest = if self.stage.is_vouched() { ", `timeout` in its manifest for all its runs" } else { "" };
        Some(format!(
            "`toolsmith run` with `--timeout {limit}` gives one run more time{manifest}, `[timeouts]` in the settings all \
             {} tools",
            self.stage
        ))
    }
}
