//! Determines how a run ended: from the reason for stopping it, the report of the kernel, and the output.

use super::success::{Output, OutputRule};
use crate::domain::RunEnd;
use crate::runner::process::limits::{RunLimits, in_words};
use crate::runner::sandbox::{Exit, Reaped};
use serde::{Deserialize, Serialize};

/// The number that shells add to a signal number for the exit code of a child that the signal ended.
const SHELL_SIGNAL: i32 = 128;

/// Messages of runtimes when memory is refused, anywhere at the end of standard error.
const OUT_OF_MEMORY: &[&str] = &[
    "MemoryError",
    "JavaScript heap out of memory",
    "Fatal process out of memory",
    "Array buffer allocation failed",
    "std::bad_alloc",
    "Cannot allocate memory",
    "cannot allocate memory",
    "memory exhausted",
    "java.lang.OutOfMemoryError",
    "NoMemoryError",
];

/// Messages of programs when the disk is full, anywhere at the end of standard error.
const NO_ROOM: &[&str] = &["No space left on device", "ENOSPC", "no space left on device", "database or disk is full"];

/// Messages of runtimes that ignore the signal for a file that became too large.
const FILE_TOO_LARGE: &[&str] = &["File too large", "file too large", "EFBIG"];

/// Why Toolsmith stopped a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum StopReason {
    TimedOut,
    Cancelled,
    /// The processes of the run use more memory than allowed.
    Memory,
    /// There are more processes than allowed.
    Processes,
    /// All processes of the run together used more processor time than allowed.
    Cpu,
    /// The run uses more disk space than allowed.
    Disk,
    /// There was more output than allowed.
    Output,
    /// The actor could not continue; a note says why.
    Broken,
}

impl StopReason {
    /// Whether the tool gets time to clean up. A tool that exceeded a limit would use that time to continue.
    pub(in crate::runner) fn is_gentle(&self) -> bool {
        match self {
            StopReason::TimedOut | StopReason::Cancelled => true,
            StopReason::Memory
            | StopReason::Processes
            | StopReason::Cpu
            | StopReason::Disk
            | StopReason::Output
            | StopReason::Broken => false,
        }
    }

    fn end(self, limits: &RunLimits) -> RunEnd {
        match self {
            StopReason::TimedOut => RunEnd::TimedOut { after_ms: limits.wall.as_millis() as u64 },
            StopReason::Cancelled => RunEnd::Cancelled,
            StopReason::Memory => over_memory(limits),
            StopReason::Processes => over("processes", format!("more than {} processes at a time", limits.processes)),
            StopReason::Cpu => over_cpu(limits),
            StopReason::Disk => over("disk", format!("more than {} on disk", in_words(limits.disk_bytes))),
            StopReason::Output => over("output", format!("more than {} of output", in_words(limits.output_bytes))),
            StopReason::Broken => RunEnd::Interrupted,
        }
    }
}

fn over(limit: &str, message: String) -> RunEnd {
    RunEnd::LimitExceeded { limit: limit.to_owned(), message }
}

fn over_cpu(limits: &RunLimits) -> RunEnd {
    over("cpu", format!("needed more than {}s of CPU time", limits.cpu_seconds))
}

fn over_memory(limits: &RunLimits) -> RunEnd {
    over("memory", format!("needed more than {} of memory", in_words(limits.memory_bytes)))
}

/// Determines the end of a run that was started. `reaped` is `None` if the process did not die in time.
pub(in crate::runner) fn judge(
    stop: Option<StopReason>,
    reaped: Option<&Reaped>,
    limits: &RunLimits,
    rule: &OutputRule,
    evidence: (&Output, &str),
) -> RunEnd {
    if let Some(stop) = stop {
        return stop.end(limits);
    }
    let Some(reaped) = reaped else { return RunEnd::Interrupted };
    let (output, last_words) = evidence;
    if let Some(end) = limit_exceeded(reaped, limits, last_words) {
        return end;
    }
    match reaped.exit {
        Exit::Code(exit_code) => rule.judge(exit_code, output, last_words),
        Exit::Signal(signal) => RunEnd::Killed { signal },
    }
}

/// Whether a limit of the kernel explains this end. The limit shows only in its effects: a signal, a shell's exit code
/// for that signal, or an error message of a runtime on standard error.
fn limit_exceeded(reaped: &Reaped, limits: &RunLimits, last_words: &str) -> Option<RunEnd> {
    let signal = match reaped.exit {
        Exit::Signal(signal) => signal,
        Exit::Code(0) => return None,
        Exit::Code(code) => code - SHELL_SIGNAL,
    };
    // The kernel counts whole ticks for the limit but exact times for the usage, so the numbers differ.
    let spent = reaped.cpu_ms >= limits.cpu_seconds.saturating_mul(500);
    if spent && (signal == libc::SIGXCPU || signal == libc::SIGKILL) {
        return Some(over_cpu(limits));
    }
    if signal == libc::SIGXFSZ || FILE_TOO_LARGE.iter().any(|phrase| last_words.contains(phrase)) {
        return Some(over("file-size", format!("wrote a file larger than {}", in_words(limits.file_bytes))));
    }
    if NO_ROOM.iter().any(|phrase| last_words.contains(phrase)) {
        return Some(StopReason::Disk.end(limits));
    }
    let complained = OUT_OF_MEMORY.iter().any(|phrase| last_words.contains(phrase))
        || (last_words.contains("memory allocation of ") && last_words.contains(" bytes failed"));
    let near_limit = reaped.max_rss_bytes >= limits.memory_bytes / 4 * 3;
    let crashed = matches!(signal, libc::SIGKILL | libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS | libc::SIGTRAP);
    (complained || (crashed && near_limit)).then(|| over_memory(limits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{LimitsDeclared, Profile};
    use crate::runner::process::limits::Wall;

    fn limit_of(exit: Exit, cpu_ms: u64, max_rss_bytes: u64, last_words: &str) -> Option<String> {
        let limits = RunLimits::of(Profile::Strict, &LimitsDeclared::default(), Wall::default());
        match limit_exceeded(&Reaped { exit, cpu_ms, max_rss_bytes, left: 0 }, &limits, last_words) {
            Some(RunEnd::LimitExceeded { limit, .. }) => Some(limit),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn limits_of_the_kernel_are_told_by_their_effects() {
        let named = |limit: &str| Some(limit.to_owned());
        assert_eq!(limit_of(Exit::Signal(libc::SIGXCPU), 10_000, 0, ""), named("cpu"));
        assert_eq!(limit_of(Exit::Code(128 + libc::SIGXCPU), 10_000, 0, ""), named("cpu"));
        assert_eq!(limit_of(Exit::Signal(libc::SIGKILL), 11_000, 0, ""), named("cpu"));
        assert_eq!(limit_of(Exit::Signal(libc::SIGXFSZ), 0, 0, ""), named("file-size"));
        assert_eq!(limit_of(Exit::Code(1), 0, 0, "OSError: [Errno 27] File too large\n"), named("file-size"));
        assert_eq!(limit_of(Exit::Code(1), 0, 0, "Traceback\nMemoryError\n"), named("memory"));
        assert_eq!(
            limit_of(Exit::Signal(libc::SIGABRT), 0, 0, "FATAL: JavaScript heap out of memory"),
            named("memory")
        );
        assert_eq!(limit_of(Exit::Signal(libc::SIGKILL), 0, 500 << 20, ""), named("memory"));
    }

    #[test]
    fn other_ends_are_no_limits() {
        assert_eq!(limit_of(Exit::Code(0), 10_000, 0, "MemoryError"), None);
        assert_eq!(limit_of(Exit::Signal(libc::SIGKILL), 10, 1 << 20, ""), None);
        assert_eq!(limit_of(Exit::Signal(libc::SIGXCPU), 10, 0, ""), None);
        assert_eq!(limit_of(Exit::Code(1), 10, 500 << 20, "ValueError"), None);
    }
}
