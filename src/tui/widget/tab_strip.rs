//! A line of tabs: whole labels, as many as fit, the current one always among them.

use crate::tui::ink::{Line, Span};
use crate::tui::phrase::cut;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Columns of a sign for tabs that are not shown, with its blank.
const SIGN: usize = 2;

/// What stands before the current tab where colours cannot tell it: for readers of screens.
pub const CURRENT: &str = "◉ ";

/// The tabs that fit into so many columns, from the first one on, as far as the current one is among them; `‹` and `›` say
/// that there are others.
pub fn tab_strip(labels: Vec<(String, Style)>, current: usize, width: usize, others: Style) -> Line {
    let columns = |from: usize, to: usize| -> usize {
        let inner: usize = labels[from..=to].iter().map(|(label, _)| label.width() + 1).sum();
        let left = if from > 0 { SIGN } else { 0 };
        let right = if to + 1 < labels.len() { SIGN } else { 0 };
        left + inner + right
    };
    let Some(last) = labels.len().checked_sub(1) else { return Line::default() };
    let current = current.min(last);
    let mut first = 0;
    while first < current && columns(first, current) > width {
        first += 1;
    }
    let mut end = current;
    while end < last && columns(first, end + 1) <= width {
        end += 1;
    }
    let mut spans = Vec::new();
    if first > 0 {
        spans.push(Span::styled("‹ ", others));
    }
    for (label, style) in labels.into_iter().skip(first).take(end + 1 - first) {
        spans.push(Span::styled(cut(&label, width.saturating_sub(2 * SIGN)), style));
        spans.push(Span::raw(" "));
    }
    if end < last {
        spans.push(Span::styled("›", others));
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::ink::Ink;
    use ratatui::buffer::{Buffer, Cell};
    use ratatui::layout::Rect;

    fn shown(current: usize, width: usize) -> String {
        let labels = ["one", "two", "three", "four"].map(|label| (format!(" {label} "), Style::new()));
        let line = tab_strip(labels.into(), current, width, Style::new());
        assert!(line.width() <= width, "{width}: {}", line.width());
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 1));
        buf.put_line(0, 0, &line, 40);
        buf.content.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned()
    }

    #[test]
    fn labels_are_whole_and_signs_say_that_there_are_others() {
        assert_eq!(shown(0, 40), " one   two   three   four");
        assert_eq!(shown(0, 16), " one   two  ›");
        assert_eq!(shown(2, 19), "‹  two   three  ›");
        assert_eq!(shown(3, 12), "‹  four");
        assert_eq!(shown(1, 10), "‹  two  ›");
    }
}
