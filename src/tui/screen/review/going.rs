//! Moving in a review: tabs, hunks, warnings, from a finding to its line, from a fold to its lines.

use super::{Reading, ReviewScreen, remarks};
use crate::domain::CommentAnchor;
use crate::tui::list::Motion;
use crate::tui::screen::reader::TabKind;
use crate::tui::widget::text_input::TextInput;
use crate::tui::widget::{Flag, Jump, Piece, Place, Side, TextLine, Unseen};
use std::collections::HashSet;

impl ReviewScreen {
    /// Scrolls the text on top.
    pub fn scroll(&mut self, motion: Motion) {
        self.reader.scroll(motion);
    }

    /// Goes to the next page that was not on screen: of the text on top, then of the other required texts. If there is
    /// none, goes one page down. Returns `false` at the end.
    pub fn read_on(&mut self) -> bool {
        let here = self.reader.position();
        let (before, after): (Vec<usize>, Vec<usize>) = self.required().into_iter().partition(|at| *at < here);
        for at in after.into_iter().chain(before) {
            if self.reader.tabs()[at].view.seen().next_unseen(0).is_none() {
                continue;
            }
            if at == here {
                self.reader.current_mut().view.show_unseen(Unseen::Further);
            } else {
                self.reader.show(at);
                self.reader.current_mut().view.show_unseen(Unseen::First);
            }
            return true;
        }
        let before = self.reader.current().view.on_screen().start;
        self.reader.scroll(Motion::PageDown);
        self.reader.current().view.on_screen().start != before || !self.is_read()
    }

    /// Goes to the first line that was not on screen.
    pub(super) fn show_first_unseen(&mut self) {
        let unread = |at: &usize| self.reader.tabs()[*at].view.seen().next_unseen(0).is_some();
        if let Some(at) = self.required().into_iter().find(unread) {
            self.reader.show(at);
            self.reader.current_mut().view.show_unseen(Unseen::First);
        }
    }

    /// Whether lines arrived while the review was open and were not on screen since.
    pub fn has_late(&self) -> bool {
        self.first_late().is_some()
    }

    /// The first text with lines that arrived late.
    fn first_late(&self) -> Option<usize> {
        self.required().into_iter().find(|at| self.reader.tabs()[*at].view.seen().late().next().is_some())
    }

    /// Goes to the first line that arrived while the review was open and was not shown yet. `false` if there is none.
    pub fn show_first_late(&mut self) -> bool {
        let Some(at) = self.first_late() else { return false };
        self.reader.show(at);
        self.reader.current_mut().view.show_unseen(Unseen::Late)
    }

    /// The next tab of the current reading.
    pub fn step_tab(&mut self, by: isize) {
        let belongs: Vec<bool> = self.reader.tabs().iter().map(|tab| self.belongs(tab.kind)).collect();
        self.reader.step(by, &|at| belongs[at]);
    }

    /// Switches between the difference and the files, if there is a difference.
    pub fn toggle_reading(&mut self) {
        if self.compared.is_none() {
            return;
        }
        self.reading = match self.reading {
            Reading::Source => Reading::Difference,
            Reading::Difference => Reading::Source,
        };
        self.reader.show_kind(match self.reading {
            Reading::Difference => TabKind::Difference,
            Reading::Source => TabKind::File(0),
        });
    }

    /// Goes to the next or the previous heading: a file, a hunk, a comment. `false` if there is none.
    pub fn jump_hunk(&mut self, to: Jump) -> bool {
        if matches!(self.reader.current().kind, TabKind::Facts | TabKind::Outline) {
            let kind = if self.reading == Reading::Difference { TabKind::Difference } else { TabKind::File(0) };
            self.reader.show_kind(kind);
        }
        self.reader.current_mut().view.jump(to)
    }

    /// Goes to the next or previous line with a warning; in a difference, to each line with another effect than before.
    /// Goes through all tabs and wraps around. `false` if there is none.
    pub fn jump_risk(&mut self, to: Jump) -> bool {
        let least = if self.reading == Reading::Difference { Flag::Fact } else { Flag::Warn };
        if self.reader.current_mut().view.jump_flag(to, least) {
            return true;
        }
        let tabs = self.reader.tabs().len();
        let here = self.reader.position();
        for step in 1..=tabs {
            let at = match to {
                Jump::Next => (here + step) % tabs,
                Jump::Previous => (here + tabs - step % tabs) % tabs,
            };
            let reads = self.reader.tabs().get(at).is_some_and(|tab| self.belongs(tab.kind));
            if reads && self.reader.tab_mut(at).is_some_and(|tab| tab.view.end_flag(to, least)) {
                self.reader.show(at);
                return true;
            }
        }
        false
    }

    /// Follows the object at the cursor: a finding or a comment to its line, a fold to its lines.
    ///
    /// # Errors
    ///
    /// Why there is nothing to follow, as a sentence.
    pub fn follow(&mut self) -> Result<(), String> {
        let tab = self.reader.current();
        match (tab.kind, tab.view.cursor_place()) {
            (TabKind::Facts, Some(Place::Link(number))) => {
                let Some(link) = self.links.get(number).cloned() else { return Ok(()) };
                self.go_to(&link.path, link.line)
            }
            (TabKind::Comments, Some(Place::Link(number))) => {
                let comment = self.detail.as_ref().and_then(|detail| detail.comments.get(number));
                let spot = comment.map(|comment| comment.spot.clone()).unwrap_or_default();
                match spot.path {
                    Some(path) => self.go_to(&path, spot.lines.map(|(first, _)| first)),
                    None => Err("this comment is about the whole tool".to_owned()),
                }
            }
            (TabKind::Outline, Some(Place::Link(_))) => match self.outline_paths().first().cloned() {
                Some(path) => {
                    // The text search in the list has found its file.
                    self.reader.edit_search(TextInput::clear);
                    self.go_to(&path, None)?;
                    self.opened_from_list = true;
                    Ok(())
                }
                None => Ok(()),
            },
            (_, Some(fold @ Place::Fold(..))) => {
                self.unfolded.folds.insert(fold);
                self.lay_out();
                Ok(())
            }
            _ => Err("nothing to open here: go to a finding, comment or fold".to_owned()),
        }
    }

    /// Shows a line, counted from 1, in the difference, or in its file if the difference does not contain it.
    fn go_to(&mut self, path: &str, line: Option<u64>) -> Result<(), String> {
        let line = line.and_then(|line| usize::try_from(line).ok()).and_then(|line| line.checked_sub(1));
        let place = |file| match line {
            Some(line) => Place::Line { side: Side::New, file, line },
            None => Place::File(file),
        };
        if self.reading == Reading::Difference && self.show_in_difference(path, &place) {
            return Ok(());
        }
        let tab = self.reader.tabs().iter().position(|tab| {
            matches!(tab.kind, TabKind::File(_)) && tab.paths.first().is_some_and(|known| known == path)
        });
        let Some(at) = tab else { return Err(format!("{path} is not a file of this version")) };
        self.reading = Reading::Source;
        self.reader.show(at);
        self.reader.current_mut().view.show_place(place(0));
        Ok(())
    }

    fn show_in_difference(&mut self, path: &str, place: &dyn Fn(usize) -> Place) -> bool {
        let Some(tab) = self.reader.tab_of(TabKind::Difference) else { return false };
        let Some(file) = tab.paths.iter().position(|known| known == path) else { return false };
        let wanted = place(file);
        if !tab.view.show_place(wanted) {
            let shown: HashSet<Place> =
                tab.view.lines().iter().flat_map(TextLine::pieces).filter_map(Piece::place).collect();
            let Some(fold) = remarks::fold_over(wanted, &shown) else { return false };
            self.unfolded.folds.insert(fold);
            self.lay_out();
            let Some(tab) = self.reader.tab_of(TabKind::Difference) else { return false };
            if !tab.view.show_place(wanted) {
                return false;
            }
        }
        self.reader.show_kind(TabKind::Difference);
        true
    }

    /// Begins a range of lines, or ends the current one. Returns whether there is one now; `None` if no lines can be
    /// selected.
    pub fn toggle_range(&mut self) -> Option<bool> {
        let tab = self.reader.current_mut();
        matches!(tab.kind, TabKind::File(_) | TabKind::Difference | TabKind::Outline).then(|| tab.view.toggle_range())
    }

    /// The number of the comment at the cursor.
    pub(super) fn comment_number(&self) -> Option<usize> {
        let tab = self.reader.current();
        match (tab.kind, tab.view.cursor_place()?) {
            (TabKind::Facts | TabKind::Outline, _) => None,
            (_, Place::Link(number)) => Some(number),
            _ => None,
        }
    }

    /// The object of the cursor or range: lines of a present file, a file, the line of a finding.
    pub(super) fn spot_at_cursor(&self) -> Option<CommentAnchor> {
        let tab = self.reader.current();
        if tab.kind == TabKind::Facts {
            let Some(Place::Link(number)) = tab.view.cursor_place() else { return None };
            let link = self.links.get(number)?;
            return Some(CommentAnchor { path: Some(link.path.clone()), lines: link.line.map(|line| (line, line)) });
        }
        if tab.kind == TabKind::Outline {
            let path = self.outline_paths().first().cloned();
            return path.map(|path| CommentAnchor { path: Some(path), lines: None });
        }
        let places = tab.view.chosen_places();
        let file = places.iter().find_map(|place| match place {
            Place::Line { file, .. } | Place::File(file) | Place::Hunk(file, _) | Place::Fold(file, _) => Some(*file),
            Place::Link(_) => None,
        })?;
        let lines: Vec<u64> = places
            .iter()
            .filter_map(|place| match place {
                Place::Line { side: Side::New, file: of, line } if *of == file => Some(*line as u64 + 1),
                _ => None,
            })
            .collect();
        let lines = lines.iter().min().copied().zip(lines.iter().max().copied());
        Some(CommentAnchor { path: tab.paths.get(file).cloned(), lines })
    }
}
