//! Taking secrets out of what a run leaves: its output on the way to whoever keeps it, and its report.

use crate::domain::{Observation, Observer, RedactStream, Redactions, Redactor, Stream};
use crate::runner::result::report::Report;
use std::time::{Duration, Instant};

/// How long the little that is held back stays so when nothing follows: a human waits for a question.
const QUIET: Duration = Duration::from_millis(100);

/// The output of one run. Both streams have their own: what arrives on one is not a continuation of the other.
#[derive(Debug)]
pub(in crate::runner) struct Cleaner {
    stdout: RedactStream,
    stderr: RedactStream,
    /// When something arrived last, while any of it is held back and was not yet looked at again.
    quiet_since: Option<Instant>,
}

impl Cleaner {
    pub(in crate::runner) fn new(redactor: &Redactor) -> Cleaner {
        Cleaner { stdout: redactor.stream(), stderr: redactor.stream(), quiet_since: None }
    }

    /// Takes a piece of output; what can be kept and shown of it now.
    pub(in crate::runner) fn push(&mut self, stream: Stream, piece: &[u8]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(piece.len());
        self.of(stream).push(piece, &mut clean);
        self.quiet_since = (self.stdout.held() + self.stderr.held() > 0).then(Instant::now);
        clean
    }

    /// When [`Cleaner::glimpse`] is worth a call.
    pub(in crate::runner) fn wake_at(&self) -> Option<Instant> {
        self.quiet_since.map(|since| since + QUIET)
    }

    /// What may be shown because nothing followed for a while.
    pub(in crate::runner) fn glimpse(&mut self) -> [(Stream, Vec<u8>); 2] {
        self.quiet_since = None;
        [Stream::Stdout, Stream::Stderr].map(|stream| {
            let mut clean = Vec::new();
            self.of(stream).glimpse(&mut clean);
            (stream, clean)
        })
    }

    /// What is left at the end of both streams, and what was replaced in them.
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

/// Takes secrets out of everything that a report says, and notes how many there were, those of the output
/// included.
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
    // Contents and paths of staged writes stay as they are: they are what is applied.
    if let Some(staged) = &mut staged {
        staged.fault = staged.fault.as_deref().map(&mut text);
    }
    notes.extend(redactions.note());
    let observation =
        Observation { observer, changes, changes_cut, uncollected, attempts, attempts_cut, loaded, loaded_cut };
    Report { end, usage, truncated, isolation, notes, observation, staged }
}
