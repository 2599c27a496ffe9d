//! The parts that can be marked as read: hunks and files, by content, so that a change clears the mark.

use super::{Reading, ReviewScreen};
use crate::domain::{Digest, ReadMark};
use crate::engine::ReviewDetail;
use crate::tui::screen::reader::TabKind;
use crate::tui::widget::{DiffText, FileChange, Place};
use std::collections::HashSet;

/// A hunk or a file that can be marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its place: a heading of the difference, or the file of a tab.
    pub(super) place: Place,
    pub(super) mark: ReadMark,
    pub(super) is_read: bool,
}

/// The parts of both readings, cached because computing their digests takes time.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    files: Vec<Part>,
    difference: Vec<Part>,
}

impl Parts {
    /// The parts of a version and of its difference.
    pub(super) fn of(detail: &ReviewDetail, compared: Option<&DiffText>) -> Parts {
        let part = |place, path: &str, content| {
            let mark = ReadMark { path: path.to_owned(), content };
            let is_read = detail.marks.contains(&mark);
            Part { place, mark, is_read }
        };
        let files = detail.files.iter().enumerate();
        let files = files.map(|(at, file)| part(Place::File(at), &file.path, Digest::of_bytes(&file.bytes)));
        let bytes_of = |path: &str| {
            let file = detail.files.iter().find(|file| file.path == path);
            Digest::of_bytes(file.map_or(b"gone", |file| &file.bytes))
        };
        let compared = compared.into_iter().flat_map(DiffText::parts);
        let difference = compared.map(|(place, file, hunk)| {
            let content = hunk.map_or_else(|| bytes_of(&file.path), |hunk| file.digest_of(hunk));
            part(place, &file.path, content)
        });
        Parts { files: files.collect(), difference: difference.collect() }
    }

    /// Updates which of them are marked.
    fn mark_again(&mut self, marks: &[ReadMark]) {
        for part in self.files.iter_mut().chain(&mut self.difference) {
            part.is_read = marks.contains(&part.mark);
        }
    }
}

impl ReviewScreen {
    /// The parts of the current reading.
    fn parts_read(&self) -> &[Part] {
        match (self.compared.is_some(), self.reading) {
            (true, Reading::Difference) => &self.parts.difference,
            (false, _) | (_, Reading::Source) => &self.parts.files,
        }
    }

    /// The places of the difference that are marked as read: hunks, and files whose hunks are all marked.
    pub(super) fn read_places(&self) -> HashSet<Place> {
        let Some(text) = &self.compared else { return HashSet::new() };
        let parts = self.parts.difference.iter();
        let mut read: HashSet<Place> = parts.filter(|part| part.is_read).map(|part| part.place).collect();
        for (number, file) in text.files.iter().enumerate() {
            let all = |hunks: usize| (0..hunks).all(|at| read.contains(&Place::Hunk(number, at)));
            if file.change == FileChange::Changed && !file.hunks().is_empty() && all(file.hunks().len()) {
                read.insert(Place::File(number));
            }
        }
        read
    }

    /// How many parts are marked as read, and how many there are.
    pub(super) fn read_count(&self) -> (usize, usize) {
        let parts = self.parts_read();
        (parts.iter().filter(|part| part.is_read).count(), parts.len())
    }

    /// The parts at the cursor: a hunk, a file, or all hunks of the file at whose heading it is.
    fn parts_at_cursor(&self) -> Vec<Part> {
        let parts = self.parts_read().to_vec();
        let tab = self.reader.current();
        match tab.kind {
            TabKind::File(number) => parts.into_iter().filter(|part| part.place == Place::File(number)).collect(),
            TabKind::Difference => {
                let lines = tab.view.lines().get(..=tab.view.cursor_line()).unwrap_or_default();
                let heading = lines.iter().rev().filter_map(crate::tui::widget::TextLine::place).find_map(|place| {
                    let own: Vec<Part> = parts.iter().filter(|part| part.place == place).cloned().collect();
                    let file: Vec<Part> = match place {
                        Place::File(file) => parts.iter().filter(|p| file_of(p.place) == Some(file)).cloned().collect(),
                        Place::Hunk(..) | Place::Line { .. } | Place::Fold(..) | Place::Link(_) => Vec::new(),
                    };
                    [own, file].into_iter().find(|parts| !parts.is_empty())
                });
                heading.unwrap_or_default()
            }
            TabKind::Outline => {
                let paths = self.outline_paths();
                parts.into_iter().filter(|part| paths.contains(&part.mark.path)).collect()
            }
            TabKind::Facts | TabKind::Comments | TabKind::Named(_) => Vec::new(),
        }
    }

    /// Marks the parts at the cursor as read, or unmarks them if all are marked. Returns the changed marks and whether
    /// they are set now; empty if nothing at the cursor can be marked.
    pub fn toggle_read(&mut self) -> (Vec<ReadMark>, bool) {
        let parts = self.parts_at_cursor();
        let on = parts.iter().any(|part| !part.is_read);
        let marks: Vec<ReadMark> = parts.into_iter().filter(|part| part.is_read != on).map(|part| part.mark).collect();
        if let Some(detail) = &mut self.detail {
            if on {
                detail.marks.extend(marks.iter().cloned());
            } else {
                detail.marks.retain(|mark| !marks.contains(mark));
            }
            self.parts.mark_again(&detail.marks);
        }
        self.lay_out();
        (marks, on)
    }
}

fn file_of(place: Place) -> Option<usize> {
    match place {
        Place::Hunk(file, _) | Place::File(file) => Some(file),
        Place::Line { .. } | Place::Fold(..) | Place::Link(_) => None,
    }
}
