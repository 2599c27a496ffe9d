//! A box with a list, as most overlays are: the rows, what is said when there are none, and lines about the selected row
//! below them.

use super::open_box;
use crate::tui::ink::{Ink, Span};
use crate::tui::list::ListState;
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::cut;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What keys do that need no row.
const NEED_NO_ROW: [&str; 3] = ["close", "read files", "search"];

/// Rows of a box without rows.
const EMPTY_HEIGHT: u16 = 9;

/// What such a box shows.
pub(super) struct ListBox<'a, T> {
    /// Its frame.
    pub(super) title: Title<'a>,
    /// Columns and rows of the box where the screen has them.
    pub(super) size: (u16, u16),
    /// What is listed.
    pub(super) rows: &'a [T],
    /// Which row is selected, and which is on top.
    pub(super) list: &'a mut ListState,
    /// Shown in place of rows when there are none, a paragraph each.
    pub(super) empty: &'a [String],
}

impl<T> ListBox<'_, T> {
    /// Draws the rows, each by `row` for a width in columns.
    pub(super) fn draw(self, screen: Rect, buf: &mut Buffer, look: Look, row: impl Fn(&T, usize, Look) -> Vec<Span>) {
        self.draw_with(screen, buf, look, row, (0, |_: &T, _| Vec::new()));
    }

    /// As [`ListBox::draw`], with lines about the selected row below the list: so many rows at most and never more than
    /// half of the box, written for the area that they get.
    pub(super) fn draw_with(
        self,
        screen: Rect,
        buf: &mut Buffer,
        look: Look,
        row: impl Fn(&T, usize, Look) -> Vec<Span>,
        (most, about): (u16, impl Fn(&T, Rect) -> Vec<(String, Style)>),
    ) {
        let theme = look.theme;
        // A sentence in a large box looks as if something was missing.
        let height = if self.rows.is_empty() { self.size.1.min(EMPTY_HEIGHT) } else { self.size.1 };
        let mut title = self.title;
        if self.rows.is_empty() {
            title.keys.retain(|(_, word)| NEED_NO_ROW.contains(word));
        }
        let inner = open_box(screen, (self.size.0, height), &title, buf, look);
        if self.rows.is_empty() {
            draw_empty(inner, buf, self.empty, theme);
        }
        let below = most.min(inner.height / 2);
        let above = Rect { height: inner.height - below, ..inner };
        let below = Rect { y: above.bottom(), height: below, ..inner };
        let (rows, list) = (self.rows, self.list);
        Rows { list: &mut *list, len: rows.len(), focus: Focus::Here, theme }
            .draw(above, buf, &|at, width| row(&rows[at], width, look));
        let Some(selected) = rows.get(list.selected).filter(|_| below.height > 0) else { return };
        let width = usize::from(below.width);
        // The first row of the area separates the lines from the list.
        for (y, (text, style)) in (below.y + 1..below.bottom()).zip(about(selected, below)) {
            buf.put(below.x, y, cut(&text, width), width, style);
        }
    }
}
