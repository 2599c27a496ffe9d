//! The line in which a search of a text is typed.

use super::SearchStatus;
use crate::tui::ink::Ink;
use crate::tui::phrase::grouped;
use crate::tui::theme::Theme;
use crate::tui::widget::text_input::TextInput;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The state of the line.
#[derive(Default)]
pub struct SearchLine {
    /// The search text.
    pub input: TextInput,
    /// Whether it is being typed.
    pub typing: bool,
}

impl SearchLine {
    /// Draws the line if there is a search; takes it from `rest` and returns the cursor while it is typed.
    pub fn draw(
        &self,
        rest: &mut Rect,
        buf: &mut Buffer,
        theme: &Theme,
        status: Option<SearchStatus>,
    ) -> Option<Position> {
        if rest.is_empty() || (!self.typing && self.input.is_empty()) {
            return None;
        }
        let line = Rect { height: 1, ..*rest };
        buf.put(line.x, line.y, " /", 2, theme.accent);
        let count = status.map(|s| format!(" {} of {} ", s.current, grouped(s.total))).unwrap_or_default();
        let width = line.width.saturating_sub(3 + count.len() as u16);
        let cursor = self.input.draw(Rect { x: line.x + 3, width, ..line }, buf, theme.text);
        buf.put(line.x + 3 + width, line.y, &count, count.len(), theme.dim);
        *rest = Rect { y: rest.y + 1, height: rest.height - 1, ..*rest };
        self.typing.then_some(cursor)
    }
}
