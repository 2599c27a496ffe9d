//! The matches of a search in the stored lines of an output.

use super::Hit;
use crate::tui::widget::SearchStatus;
use crate::tui::widget::search::Needle;
use crate::tui::widget::terminal::{Origin, OutLine};
use std::collections::VecDeque;
use std::ops::Range;

/// A match in a stored line.
struct Found {
    line: usize,
    range: Range<usize>,
    /// The origin of its line.
    origin: Origin,
}

impl Found {
    fn place(&self) -> (usize, usize) {
        (self.line, self.range.start)
    }
}

/// The matches of a search, in the order of their lines.
#[derive(Default)]
pub struct Matches {
    needle: Option<Needle>,
    found: VecDeque<Found>,
    /// Matches in lines that were dropped since the search began.
    gone: Vec<Hit>,
    /// The match at the cursor, by line and byte, so that it stays the same when lines are added or dropped.
    current: Option<(usize, usize)>,
}

impl Matches {
    /// The number of matches in stored lines.
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// The status of the search; `None` without a search.
    pub fn status(&self) -> Option<SearchStatus> {
        self.needle.as_ref()?;
        Some(SearchStatus { current: self.index().map_or(0, |index| index + 1), total: self.count() })
    }

    /// The index of the match at the cursor.
    pub fn index(&self) -> Option<usize> {
        let current = self.current?;
        let index = self.found.partition_point(|found| found.place() < current);
        self.found.get(index).filter(|found| found.place() == current).map(|_| index)
    }

    /// The match at the cursor, as its position in the spool.
    pub fn hit(&self) -> Option<Hit> {
        let index = self.index()?;
        let found = self.found.get(index)?;
        let first = self.found.partition_point(|other| other.line < found.line);
        Some(Hit { line: found.origin, nth: index - first })
    }

    /// The index of the match at this position in the spool; `None` if no stored line contains it.
    pub fn index_of(&self, hit: Hit) -> Option<usize> {
        // A line whose beginning was dropped has a later beginning here.
        let next = self.found.iter().position(|found| found.origin >= hit.line)?;
        let mut same = (next..).zip(self.found.iter().skip(next)).filter(|(_, found)| found.origin == hit.line);
        Some(same.nth(hit.nth).map_or(next, |(index, _)| index))
    }

    /// Matches in lines that were dropped since the search began, oldest first.
    pub fn gone(&self) -> &[Hit] {
        &self.gone
    }

    /// Forgets the matches in dropped lines.
    pub fn forget_gone(&mut self) {
        self.gone.clear();
    }

    /// Removes the cursor from the matches.
    pub fn leave(&mut self) {
        self.current = None;
    }

    /// Begins a search; an empty text ends it.
    pub(super) fn begin(&mut self, text: &str) {
        *self = Matches { needle: Needle::new(text), ..Matches::default() };
    }

    pub(super) fn is_on(&self) -> bool {
        self.needle.is_some()
    }

    /// Adds the matches in a line after the last one.
    pub(super) fn look(&mut self, number: usize, line: &OutLine) {
        let found = self.needle.iter().flat_map(|needle| needle.find_in(&line.text));
        self.found.extend(found.map(|range| Found { line: number, range, origin: line.origin }));
    }

    /// Forgets the matches from this line on, because it changed or lines were inserted before it.
    pub(super) fn forget_from(&mut self, line: usize) {
        let keep = self.found.partition_point(|found| found.line < line);
        self.found.truncate(keep);
    }

    /// Removes the matches in lines before this one, which were dropped.
    pub(super) fn let_go(&mut self, first: usize) {
        let mut nth = 0;
        while let Some(found) = self.found.pop_front_if(|found| found.line < first) {
            self.gone.push(Hit { line: found.origin, nth });
            nth = if self.found.front().is_some_and(|next| next.line == found.line) { nth + 1 } else { 0 };
        }
    }

    /// The index of the last match before a line, otherwise of the first one.
    pub(super) fn last_before(&self, line: usize) -> usize {
        self.found.partition_point(|found| found.line < line).saturating_sub(1)
    }

    /// Moves the cursor to a match. Returns its line, and its first byte in the line.
    pub(super) fn go_to(&mut self, index: usize) -> Option<(usize, usize)> {
        self.current = self.found.get(index).map(Found::place);
        self.current
    }

    /// The positions of matches in a line, and whether the cursor is on them.
    pub(super) fn in_line(&self, number: usize) -> impl Iterator<Item = (Range<usize>, bool)> {
        let first = self.found.partition_point(|found| found.line < number);
        let found = self.found.range(first..).take_while(move |found| found.line == number);
        found.map(|found| (found.range.clone(), self.current == Some(found.place())))
    }
}
