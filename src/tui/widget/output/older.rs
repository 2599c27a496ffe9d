//! Matches outside the stored lines: their positions, how they are found, and how a view shows one.

use super::{BOUNDS, Extent, OutputView};
use crate::tui::widget::search::Needle;
use crate::tui::widget::terminal::{Bounds, Chunk, LineKind, Origin, OutLine, Transcript};

/// The number of lines that may still change while more output is read: cursors reach fewer lines.
const OPEN: usize = 4_096;

/// A match, identified by the position of its line in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub(super) line: Origin,
    /// The index of the match in its line, counted from 0.
    pub(super) nth: usize,
}

impl Hit {
    /// The chunk in which its line begins.
    pub fn chunk(self) -> u64 {
        self.line.chunk
    }
}

/// A search of streamed output, up to the first line of the other search. It sees the lines as a view would draw them,
/// with escapes and carriage returns applied.
pub struct SpoolSearch {
    transcript: Transcript,
    needle: Needle,
    before: Origin,
    edge: Option<Edge>,
    hits: Vec<Hit>,
}

/// The state when the first line of the other search began.
struct Edge {
    end: usize,
    /// Lines that continue there, with their length so far: the rest belongs to the other search.
    open: Vec<(usize, usize)>,
}

impl SpoolSearch {
    /// A search for `text` in lines that begin before `before`; `None` if the text is empty.
    pub fn new(text: &str, before: Origin) -> Option<SpoolSearch> {
        let transcript = Transcript::new(Bounds { lines: usize::MAX, bytes: usize::MAX });
        Some(SpoolSearch { transcript, needle: Needle::new(text)?, before, edge: None, hits: Vec::new() })
    }

    /// Reads the next chunk. Returns whether the search needs more.
    pub fn push(&mut self, chunk: Chunk<'_>) -> bool {
        let inside = match chunk.offset.cmp(&self.before.chunk) {
            _ if self.edge.is_some() => 0,
            std::cmp::Ordering::Less => chunk.bytes.len(),
            std::cmp::Ordering::Equal => self.before.byte.min(chunk.bytes.len()),
            std::cmp::Ordering::Greater => 0,
        };
        if inside > 0 {
            self.transcript.push(Chunk { bytes: &chunk.bytes[..inside], ..chunk });
        }
        if self.edge.is_none() && chunk.offset >= self.before.chunk {
            self.edge = Some(Edge { end: self.transcript.span().end, open: self.transcript.open_lines() });
        }
        if self.edge.is_some() {
            self.transcript.push(Chunk { bytes: &chunk.bytes[inside..], ..chunk });
        }
        self.settle(OPEN);
        let Some(edge) = &self.edge else { return true };
        let open = self.transcript.open_lines();
        let first = self.transcript.span().start;
        edge.open.iter().any(|(line, _)| *line >= first && open.iter().any(|(other, _)| other == line))
    }

    /// The matches found since the last call.
    pub fn take(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.hits)
    }

    /// Ends the output: no line changes any more.
    pub fn end(&mut self) {
        self.transcript.end();
        self.settle(0);
    }

    fn settle(&mut self, open: usize) {
        while self.transcript.span().len() > open {
            let number = self.transcript.span().start;
            let Some(line) = self.transcript.pop() else { break };
            self.look(number, &line);
        }
    }

    fn look(&mut self, number: usize, line: &OutLine) {
        if self.edge.as_ref().is_some_and(|edge| number >= edge.end) {
            return;
        }
        let open = self.edge.iter().flat_map(|edge| &edge.open).find(|(open, _)| *open == number);
        let upto = open.map_or(usize::MAX, |(_, length)| *length);
        let found = self.needle.find_in(&line.text).into_iter().enumerate();
        let inside = found.filter(|(_, range)| range.start < upto);
        self.hits.extend(inside.map(|(nth, _)| Hit { line: line.origin, nth }));
    }
}

impl OutputView {
    /// An empty view for a part of the spool, with the settings of another view; it accepts unlimited output.
    pub fn part_of(other: &OutputView) -> OutputView {
        let mut view = OutputView::bounded(Bounds { lines: 8 * BOUNDS.lines, bytes: 8 * BOUNDS.bytes });
        (view.wrap, view.times, view.size) = (other.wrap, other.times, other.size);
        view
    }

    /// The part of the spool that the view contains.
    pub fn extent(&self) -> Extent {
        let origin = |at: usize| self.transcript.line(at).map(|line| line.origin);
        let span = self.transcript.span();
        let begins = origin(span.start).unwrap_or_default();
        let last_chunk = origin(span.end.saturating_sub(1)).map_or(0, |origin| origin.chunk);
        Extent { begins, top: origin(self.top.0).unwrap_or(begins), last_chunk }
    }

    /// Shows the line that begins at this position at the top, otherwise the next one.
    pub fn show_origin(&mut self, origin: Origin) {
        let is_it = |at: &usize| self.transcript.line(*at).is_some_and(|line| is_output(line) && line.origin >= origin);
        if let Some(found) = self.transcript.span().find(is_it) {
            self.pause();
            self.top = (found, 0);
        }
    }
}

fn is_output(line: &OutLine) -> bool {
    matches!(line.kind, LineKind::Output(_))
}
