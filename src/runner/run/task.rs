//! A run whose work is done by this process without starting another. It is reported, followed, cancelled and recorded
//! like any run.

use super::job::Link;
use super::running::Running;
use crate::domain::{Isolation, Observation, RunEnd, RunUsage, Sample, Stream};
use crate::runner::output::spool::{Frame, MAX_FRAME, SpoolWriter};
use crate::runner::result::report::Report;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::watch;

/// What is done at the end of a run.
type OnEnd = Box<dyn FnOnce(&Report) + Send>;

/// The input of a task.
pub struct Task {
    /// The path of its output file.
    pub spool: PathBuf,
    /// The isolation in its record until its end states the actual one.
    pub isolation: Isolation,
    /// The most bytes of output that are kept.
    pub most_output: u64,
    /// The work; runs on a separate thread and returns the end.
    pub work: Box<dyn FnOnce(&mut TaskOutput) -> TaskEnd + Send>,
    /// Called exactly once when the run has ended, before [`Running::wait`] returns.
    pub on_end: OnEnd,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("spool", &self.spool).finish_non_exhaustive()
    }
}

/// How a task ended.
#[derive(Debug)]
pub struct TaskEnd {
    /// The ending.
    pub end: RunEnd,
    /// The isolation that it had.
    pub isolation: Isolation,
    /// Further notes for a human, one line each.
    pub notes: Vec<String>,
}

/// The output of a task, and its cancellation.
#[derive(Debug)]
pub struct TaskOutput {
    spool: SpoolWriter,
    link: Arc<Link>,
    changed: watch::Sender<u64>,
    begun: Instant,
    usage: RunUsage,
    room: u64,
    truncated: bool,
}

impl TaskOutput {
    /// Writes output of the run. Output beyond the limit is cut, and the record says so.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Stdout => self.usage.stdout_bytes += bytes.len() as u64,
            Stream::Stderr => self.usage.stderr_bytes += bytes.len() as u64,
        }
        let fits = bytes.len().min(usize::try_from(self.room).unwrap_or(usize::MAX));
        self.truncated |= fits < bytes.len();
        self.room -= fits as u64;
        let at_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        for piece in bytes[..fits].chunks(MAX_FRAME) {
            let offset = self.spool.append(stream, at_ms, piece);
            self.link.tail.push(Frame { stream, at_ms, bytes: piece.to_vec(), offset });
        }
        self.spool.flush();
        self.changed.send_replace(self.usage.stdout_bytes + self.usage.stderr_bytes);
    }

    /// Whether the task was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.link.is_cancelled()
    }

    /// Whether it must stop without time to clean up.
    pub fn is_killed(&self) -> bool {
        self.link.is_killed()
    }

    fn report(mut self, ended: TaskEnd) -> Report {
        let TaskEnd { end, isolation, mut notes } = ended;
        self.usage.duration_ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.spool.flush();
        if let Some(error) = self.spool.failure() {
            self.truncated = true;
            notes.push(format!("output was lost because it could not be written: {error}"));
        }
        let observation = Observation::off("it starts no process of its own");
        Report { end, usage: self.usage, truncated: self.truncated, isolation, notes, observation, staged: None }
    }
}

/// Starts the work on a separate thread and returns at once.
pub fn start_task(task: Task) -> Running {
    let Task { spool, isolation, most_output, work, on_end } = task;
    let (sender, changed) = watch::channel(0);
    let link = Arc::new(Link::new());
    let own = link.clone();
    // In a slot, so that it can be called if there is no thread.
    let slot = Arc::new(Mutex::new(Some(on_end)));
    let tell = |slot: &Mutex<Option<OnEnd>>, report: &Report| {
        let on_end = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(on_end) = on_end {
            on_end(report);
        }
    };
    let for_thread = slot.clone();
    let perform = move |isolation: Isolation| {
        let failed =
            |error: io::Error| RunEnd::SpawnFailed { message: format!("its output cannot be stored: {error}") };
        let report = match SpoolWriter::create(&spool, None) {
            Err(error) => Report::without_process(failed(error), isolation),
            Ok(spool) => {
                let (begun, usage) = (Instant::now(), RunUsage::default());
                let mut output =
                    TaskOutput { spool, link: own, changed: sender, begun, usage, room: most_output, truncated: false };
                let ended = work(&mut output);
                output.report(ended)
            }
        };
        tell(&for_thread, &report);
        report
    };
    // Its sender is dropped at once, because resource use is not measured.
    let (_, samples) = watch::channel(Sample::default());
    let running = Running::begin(link, (changed, samples), isolation, perform);
    if let Some(report) = running.lost() {
        tell(&slot, report);
    }
    running
}
