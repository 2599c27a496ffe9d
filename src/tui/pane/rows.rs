//! Shared drawing of all panes: the frame with its title, and rows of a list.

use crate::tui::ink::{Ink, Line, Span, draw_frame};
use crate::tui::keymap::Keymap;
use crate::tui::list::ListState;
use crate::tui::now::Now;
use crate::tui::phrase;
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::cell::RefCell;
use unicode_width::UnicodeWidthStr;

/// What drawing needs in addition to the state of a pane.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Styles of the current theme.
    pub theme: &'a Theme,
    /// Keys, for sentences that name them.
    pub keymap: &'a Keymap,
    /// The time, for ages.
    pub now: Now,
    /// Receives the keys in the border of a box, and their positions.
    pub named: &'a NamedKeys,
}

/// Drawn keys and their positions: a click there presses them.
#[derive(Debug, Default)]
pub struct NamedKeys(RefCell<Vec<(Rect, String)>>);

impl NamedKeys {
    /// Records the keys in the lower border of a box, replacing those of the box below.
    pub fn note(&self, area: Rect, keys: &[(String, &'static str)]) {
        let placed = placed_keys(area, keys).map(|(spot, key, _)| (spot, key.to_owned()));
        self.0.replace(placed.collect());
    }

    /// The keys of the box on top.
    pub fn into_inner(self) -> Vec<(Rect, String)> {
        self.0.into_inner()
    }
}

/// Whether a pane has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The pane has the focus: keys go here.
    Here,
    /// Another pane has the focus.
    Elsewhere,
}

impl Focus {
    /// The focus for this condition.
    pub fn when(here: bool) -> Focus {
        if here { Focus::Here } else { Focus::Elsewhere }
    }
}

/// Title and remark in the border of a pane.
#[derive(Debug, Clone, Default)]
pub struct Title<'a> {
    /// Digit that focuses the pane, and its name; on the left.
    pub name: &'a str,
    /// After the name: a count or what is shown.
    pub detail: String,
    /// Text on the right side of the border.
    pub remark: String,
    /// Style of the remark.
    pub remark_style: Style,
    /// Keys with their actions, in the lower border; the most important first.
    pub keys: Vec<(String, &'static str)>,
}

impl Title<'_> {
    /// Keys for the lower border, from plain words.
    pub fn keys(keys: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        keys.iter().map(|(key, word)| ((*key).to_owned(), *word)).collect()
    }
}

/// Draws a frame with its title and returns its inner area.
pub fn frame(area: Rect, buf: &mut Buffer, title: &Title, focus: Focus, theme: &Theme) -> Rect {
    let border = match focus {
        Focus::Here => theme.border_focus,
        Focus::Elsewhere => theme.border,
    };
    let room = usize::from(area.width.saturating_sub(4));
    let name_style = if focus == Focus::Here { theme.title.patch(theme.border_focus) } else { theme.title };
    let mut left = vec![Span::styled(format!(" {} ", title.name), name_style)];
    let used = title.name.width() + 2;
    let remark_room = room.saturating_sub(used + 1);
    let remark = phrase::cut(&title.remark, remark_room.saturating_sub(2));
    let detail_room = remark_room.saturating_sub(if remark.is_empty() { 0 } else { remark.width() + 2 });
    if !title.detail.is_empty() && detail_room > 3 {
        let detail = phrase::cut(&title.detail, detail_room.saturating_sub(1));
        left.push(Span::styled(format!("{detail} "), theme.text));
    }
    let right = (!remark.is_empty()).then(|| {
        // The remark has its own colour: the dimmed one of the border would be unreadable.
        Line::styled(format!(" {remark} "), plain_over_border().patch(title.remark_style))
    });
    let inner = draw_frame(area, buf, border, Line::from(left), right);
    draw_keys(area, buf, &title.keys, theme);
    inner
}

/// As many complete keys with their words as fit in the lower border, and their positions.
fn placed_keys<'k>(
    area: Rect,
    keys: &'k [(String, &'static str)],
) -> impl Iterator<Item = (Rect, &'k str, &'static str)> {
    let (mut x, y, end) = (area.x + 2, area.bottom().saturating_sub(1), area.right().saturating_sub(2));
    keys.iter().filter_map(move |(key, word)| {
        let width = (key.width() + word.width() + 3) as u16;
        let spot = Rect { x, y, width, height: 1 };
        (x + width <= end).then(|| {
            x += width;
            (spot, key.as_str(), *word)
        })
    })
}

fn draw_keys(area: Rect, buf: &mut Buffer, keys: &[(String, &'static str)], theme: &Theme) {
    for (Rect { x, y, .. }, key, word) in placed_keys(area, keys) {
        buf.put(x, y, " ", 1, theme.text);
        let (after, _) = buf.put(x + 1, y, key, key.width(), theme.accent);
        buf.put(after, y, format!(" {word} "), word.width() + 2, plain_over_border());
    }
}

/// Text over a border that is not drawn in the border's colour.
fn plain_over_border() -> Style {
    Style::new().fg(Color::Reset).remove_modifier(Modifier::DIM)
}

/// A list about to be drawn.
pub struct Rows<'a> {
    /// Selection and scroll position; updated with the height of the area.
    pub list: &'a mut ListState,
    /// How many rows there are.
    pub len: usize,
    /// Whether the list has the focus.
    pub focus: Focus,
    /// Styles of the current theme.
    pub theme: &'a Theme,
}

impl Rows<'_> {
    /// Draws the visible rows. `row` creates the spans of a row for a width; the selected row has a mark and, if the
    /// list has the focus, is reversed.
    pub fn draw(self, area: Rect, buf: &mut Buffer, row: &dyn Fn(usize, usize) -> Vec<Span>) {
        self.list.fit(usize::from(area.height), self.len);
        let height = usize::from(area.height);
        draw_scrollbar(area, buf, (self.list.offset, height, self.len), self.theme);
        let width = area.width.saturating_sub(1);
        for (y, index) in (area.y..area.bottom()).zip(self.list.offset..self.len) {
            let selected = index == self.list.selected;
            let sign_style = if self.focus == Focus::Here { self.theme.accent } else { self.theme.dim };
            buf.put(area.x, y, if selected { "›" } else { " " }, 1, sign_style);
            buf.put_line(area.x + 1, y, &Line::from(row(index, usize::from(width))), width);
            if selected && self.focus == Focus::Here {
                select(Rect { y, height: 1, ..area }, buf, self.theme);
            }
        }
    }
}

/// Draws a scroll bar to the right of a list or text if only a part is visible: first row, number of visible rows,
/// total.
pub fn draw_scrollbar(area: Rect, buf: &mut Buffer, (offset, shown, len): (usize, usize, usize), theme: &Theme) {
    let height = usize::from(area.height);
    if height == 0 || len <= shown {
        return;
    }
    let thumb = (height * shown / len).clamp(1, height);
    let free = height - thumb;
    // At the end only if the last row is visible, and at the top only if the first one is.
    let top = (offset * free).div_ceil(len - shown).min(free);
    for row in top..top + thumb {
        let position = (area.right(), area.y + row as u16);
        if buf.cell(position).is_some() {
            buf.put(position.0, position.1, "┃", 1, theme.accent);
        }
    }
}

/// Draws a row as selected, as a whole: otherwise, parts would be reversed to different backgrounds. Search matches
/// stay underlined.
fn select(row: Rect, buf: &mut Buffer, theme: &Theme) {
    for position in row.positions() {
        let Some(cell) = buf.cell_mut(position) else { continue };
        let found = cell.bg != Color::Reset;
        cell.fg = Color::Reset;
        cell.bg = Color::Reset;
        cell.modifier.remove(Modifier::DIM);
        cell.set_style(theme.selection);
        if found {
            cell.modifier.insert(Modifier::UNDERLINED);
        }
    }
}

/// Draws sentences instead of rows; an empty one is a blank line.
pub fn draw_empty(area: Rect, buf: &mut Buffer, sentences: &[String], theme: &Theme) {
    let width = usize::from(area.width.saturating_sub(2));
    let mut y = area.y + u16::from(area.height > 6);
    for sentence in sentences {
        if sentence.is_empty() {
            y += 1;
        }
        for line in phrase::wrap(sentence, width) {
            if y >= area.bottom() {
                return;
            }
            buf.put(area.x + 1, y, line, width, theme.dim);
            y += 1;
        }
    }
}
