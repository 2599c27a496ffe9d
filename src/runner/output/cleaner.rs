//! Removes secrets from the output and the report of a run, before they are stored or shown.

use crate::domain::{Observation, Observer, RedactStream, Redactions, Redactor, Stream};
use crate::runner::result::report::Report;
use std::time::{Duration, Instant};

/// How long a short held-back piece stays held back if nothing follows: a human may be waiting for a prompt.
const QUIET: Duration = Duration::from_millis(100);

/// The output of one run. Each stream has its own redaction state, because output on one stream does not continue the
/// other.
#[derive(Debug)]
pub(in crate::runner) struct Cleaner {
    stdout: RedactStream,
    stderr: RedactStream,
    /// When output last arrived, while some of it is held back and was not shown yet.
    quiet_since: Option<Instant>,
}

impl Cleaner {
    pub(in crate::runner) fn new(redactor: &Redactor) -> Cleaner {
        Cleaner { stdout: redactor.stream(), stderr: redactor.stream(), quiet_since: None }
    }

    /// Accepts a piece of output; returns what can be stored and shown now.
    pub(in crate::runner) fn push(&mut self, stream: Stream, piece: &[u8]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(piece.len());
        self.of(stream).push(piece, &mut clean);
        self.quiet_since = (self.stdout.held() + self.stderr.held() > 0).then(Instant::now);
        clean
    }

    /// When [`Cleaner::glimpse`] should be called.
    pub(in crate::runner) fn wake_at(&self) -> Option<Instant> {
        self.quiet_since.map(|since| since + QUIET)
    }

    /// The output that may be shown because nothing followed for a while.
    pub(in crate::runner) fn glimpse(&mut self) -> [(Stream, Vec<u8>); 2] {
        self.quiet_since = None;
        [Stream::Stdout, Stream::Stderr].map(|stream| {
            let mut clean = Vec::new();
            self.of(stream).glimpse(&mut clean);
            (stream, clean)
        })
    }

    /// The remaining output of both streams, and what was replaced in them.
    pub(in crate::runner) fn finish(&mut self) -> ([(Stream, Vec<u8>); 2], Redactions) {
        self.quiet_since = None;
        let mut redactions = Redactions::default();
        let rest = [Stream::Stdout, Stream::Stderr].map(|stream| {
            let mut clean = Vec::new();
            redactions.add(&self.of(stream).finish(&mut clean));
            (stream, clean)
        });
        (rest, redactions)
    }

    fn of(&mut self, stream: Stream) -> &mut RedactStream {
        match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        }
    }
}

/// Removes secrets from the whole report, and records how many there were, including those in the output.
pub(in crate::runner) fn clean(report: Report, redactor: &Redactor, mut redactions: Redactions) -> Report {
    let mut text = |text: &str| {
        let (clean, found) = redactor.counted(text);
        redactions.add(&found);
        clean
    };
    let Report { end, usage, truncated, mut isolation, notes, observation, mut staged } = report;
    let Observation {
        observer,
        mut changes,
        changes_cut,
        mut uncollected,
        mut attempts,
        attempts_cut,
        mut loaded,
        loaded_cut,
    } = observation;
    let end = end.with_text(&mut text);
    let mut notes: Vec<String> = notes.iter().map(|note| text(note)).collect();
    isolation.missing = isolation.missing.iter().map(|missing| text(missing)).collect();
    for change in &mut changes {
        change.path = text(&change.path);
    }
    for attempt in &mut attempts {
        attempt.target = text(&attempt.target);
    }
    uncollected = uncollected.as_deref().map(&mut text);
    for file in &mut loaded {
        file.path = text(&file.path);
    }
    let observer = match observer {
        Observer::On => Observer::On,
        Observer::Off(reason) => Observer::Off(text(&reason)),
    };
    // Contents and paths of staged writes are kept unchanged, because they will be applied.
    if let Some(staged) = &mut staged {
        staged.fault = staged.fault.as_deref().map(&mut text);
    }
    notes.extend(redactions.note());
    let observation =
        Observation { observer, changes, changes_cut, uncollected, attempts, attempts_cut, loaded, loaded_cut };
    Report { end, usage, truncated, isolation, notes, observation, staged }
}
