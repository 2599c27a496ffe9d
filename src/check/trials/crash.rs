//! What is a crash and what is a clean refusal.
//!
//! A tool that ends with an exit code and one line, or an `error` in its output, refused its input: that is a good answer.
//! An unhandled exception, a signal, a limit, an endless run and an output that breaks its own schema are none.

use crate::domain::{RunEnd, Severity};
use crate::runner::Tried;

/// Longest message in characters.
const MAX_MESSAGE: usize = 200;

/// What runtimes write when nobody handled what went wrong, anywhere in standard error.
const UNHANDLED: &[&str] = &[
    "Traceback (most recent call last)",
    "\nNode.js v",
    "Uncaught ",
    "panicked at ",
    "goroutine 1 [",
    "Exception in thread \"main\"",
    "Unhandled exception",
    "terminate called after throwing",
    ": unbound variable",
    ": command not found",
    ": syntax error",
    " due to compilation errors",
    "BEGIN failed--compilation aborted",
    "SyntaxError:",
];

/// A trial that ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crash {
    /// The sort of finding.
    pub(super) code: &'static str,
    /// How bad that is.
    pub(super) severity: Severity,
    /// What tells it from other crashes of the same tool.
    pub(super) signature: String,
    pub(super) message: String,
}

/// How a trial crashed; `None` when it answered, or was never made.
pub(super) fn of(tried: &Tried) -> Option<Crash> {
    let crash = |code, severity, signature: &str, message: String| {
        let message = message.chars().take(MAX_MESSAGE).collect();
        Some(Crash { code, severity, signature: signature.to_owned(), message })
    };
    match &tried.end {
        RunEnd::Succeeded { .. }
        | RunEnd::Cancelled
        | RunEnd::InvalidInput { .. }
        | RunEnd::Refused { .. }
        | RunEnd::Uncontained { .. }
        | RunEnd::SpawnFailed { .. }
        | RunEnd::Interrupted => None,
        RunEnd::Failed { reason, .. } => {
            let stderr = String::from_utf8_lossy(&tried.stderr);
            if !UNHANDLED.iter().any(|phrase| stderr.contains(phrase)) {
                return None;
            }
            // The name of the exception, not what it says of this input.
            let name = reason.split([':', '(']).next().unwrap_or_default();
            crash("crash", Severity::High, name, reason.clone())
        }
        RunEnd::Killed { signal } => {
            crash("crash", Severity::High, &format!("signal {signal}"), format!("ended by signal {signal}"))
        }
        RunEnd::LimitExceeded { limit, message } => crash("limit", Severity::High, limit, message.clone()),
        RunEnd::TimedOut { after_ms } => {
            crash("timeout", Severity::Medium, "timeout", format!("no end after {}s", *after_ms as f64 / 1000.0))
        }
        RunEnd::InvalidOutput { message, .. } => {
            let code = if message.contains("JSON") { "not-json" } else { "output-schema" };
            let place = message.split(": ").next().unwrap_or_default();
            crash(code, Severity::High, place, message.clone())
        }
    }
}

/// Whether a trial ended by itself with an exit code and a message, and without a stack trace.
pub fn is_refusal(tried: &Tried) -> bool {
    let has_message = !tried.stderr.trim_ascii().is_empty();
    refusal(tried).is_some() && has_message && tried.end.exit_code().is_some_and(|code| code != 0)
}

/// What a clean refusal says; `None` for anything else.
pub(super) fn refusal(tried: &Tried) -> Option<String> {
    match &tried.end {
        RunEnd::Failed { reason, .. } if of(tried).is_none() => Some(reason.clone()),
        _ => None,
    }
}
