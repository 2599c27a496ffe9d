//! A box with a list, like most overlays: rows, a message if there are none, and lines about the selected row.

use super::keys::{BoxKey, border_keys};
use super::open_box;
use crate::action::Verb;
use crate::tui::ink::{Ink, Span};
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::{cut, safe};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// The height of a box without rows.
pub(super) const EMPTY_HEIGHT: u16 = 9;

/// Rows of a box outside its list: the border, the filter, the column headings, a free one.
const CHROME: u16 = 5;

/// The keys while a filter is typed.
pub(in crate::tui) const TYPING_KEYS: [(&str, &str); 3] = [("enter", "keep"), ("esc", "clear"), ("↑↓", "move")];

/// The content of the box.
pub(super) struct ListBox<'a, T> {
    /// Its frame; the keys come from `keys`.
    pub(super) title: Title<'a>,
    /// The keys for the selected row.
    pub(super) keys: Vec<BoxKey>,
    /// The preferred width and height.
    pub(super) size: (u16, u16),
    /// The list.
    pub(super) list: &'a mut Listing<T>,
    /// The column headings above the rows; may be empty.
    pub(super) head: &'a str,
    /// Paragraphs shown if there are no rows.
    pub(super) empty: &'a [String],
}

impl<T: Listed> ListBox<'_, T> {
    /// Draws the rows, each by `row` for a width in columns. Returns the cursor while the filter is typed.
    pub(super) fn draw(
        self,
        screen: Rect,
        buf: &mut Buffer,
        look: Look,
        row: impl Fn(&T, usize, Look) -> Vec<Span>,
    ) -> Option<Position> {
        self.draw_with(screen, buf, look, row, (0, |_: &T, _| Vec::new()))
    }

    /// Like [`ListBox::draw`], with lines about the selected row below the list: at most this many rows, without taking
    /// space that the list needs in its half of the box; formatted for their area.
    pub(super) fn draw_with(
        self,
        screen: Rect,
        buf: &mut Buffer,
        look: Look,
        row: impl Fn(&T, usize, Look) -> Vec<Span>,
        (most, about): (u16, impl Fn(&T, Rect) -> Vec<(String, Style)>),
    ) -> Option<Position> {
        let theme = look.theme;
        let list = self.list;
        // A sentence, or a row or two, in a large box looks incomplete. A filter does not change the height.
        let rows = u16::try_from(list.items.len()).unwrap_or(u16::MAX).saturating_add(CHROME + most);
        let height = if list.items.is_empty() { EMPTY_HEIGHT } else { rows.max(EMPTY_HEIGHT) }.min(self.size.1);
        let title = filtered_title(self.title, &self.keys, list, look);
        let mut inner = open_box(screen, (self.size.0, height), &title, buf, look);
        let cursor = list.draw_filter(&mut inner, buf, theme);
        if list.items.is_empty() {
            draw_empty(inner, buf, self.empty, theme);
        } else if list.rows.is_empty() {
            draw_empty(inner, buf, &[no_match(look)], theme);
        }
        if !self.head.is_empty() && !list.rows.is_empty() && inner.height > 2 {
            // One column left of each row is reserved for the selection mark.
            buf.put(inner.x + 1, inner.y, self.head, usize::from(inner.width.saturating_sub(1)), theme.dim);
            inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
        }
        // The list keeps half of the box if it needs that.
        let listed = u16::try_from(list.rows.len()).unwrap_or(u16::MAX).min(inner.height / 2);
        let below = most.min(inner.height - listed);
        let above = Rect { height: inner.height - below, ..inner };
        let below = Rect { y: above.bottom(), height: below, ..inner };
        let (items, rows) = (&list.items, &list.rows);
        Rows { list: &mut list.list, len: rows.len(), focus: Focus::Here, theme }
            .draw(above, buf, &|at, width| row(&items[rows[at]], width, look));
        let Some(selected) = list.selected().filter(|_| below.height > 0) else { return cursor };
        let width = usize::from(below.width);
        // The first row of the area separates the lines from the list.
        for (y, (text, style)) in (below.y + 1..below.bottom()).zip(about(selected, below)) {
            buf.put(below.x, y, cut(&text, width), width, style);
        }
        cursor
    }
}

/// The message if no row matches the filter.
pub(super) fn no_match(look: Look) -> String {
    format!("No match. {} clears the filter.", look.keymap.key(Verb::Back))
}

/// The title of a box with a list: with the filter, and with the available keys.
pub(super) fn filtered_title<'a, T: Listed>(
    mut title: Title<'a>,
    own: &[BoxKey],
    list: &Listing<T>,
    look: Look,
) -> Title<'a> {
    let filter = list.filter();
    if list.is_typing() {
        title.keys = Title::keys(&TYPING_KEYS);
        return title;
    }
    title.keys = border_keys(own);
    if !filter.is_empty() {
        title.remark = format!("/{}", safe(&filter));
        title.remark_style = look.theme.accent;
    }
    if list.items.len() > 1 {
        title.keys.push((look.keymap.key(Verb::Filter), "filter"));
    }
    title
}
