//! A line of tabs: as many complete labels as fit, including the current one.

use crate::tui::ink::{Line, Span};
use crate::tui::phrase::cut;
use crate::tui::theme::Theme;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// The text that marks the current tab if colours are not visible.
const SELECTED: &str = "selected: ";

/// The mark before the current tab if colours cannot show it: for screen readers.
pub const CURRENT: &str = "◉ ";

/// The tabs that fit into this width, starting at the first one if the current one then fits; `‹` and `›` show that
/// there are others. For screen readers, words do.
pub fn tab_strip(mut labels: Vec<(String, Style)>, current: usize, width: usize, theme: &Theme) -> Line {
    let (before, behind) = if theme.numbered { ("more, ", ", more") } else { ("‹ ", "›") };
    if theme.numbered
        && let Some((label, _)) = labels.get_mut(current)
    {
        *label = format!("{SELECTED}{}", label.trim_start());
    }
    let columns = |from: usize, to: usize| -> usize {
        let inner: usize = labels[from..=to].iter().map(|(label, _)| label.width() + 1).sum();
        let left = if from > 0 { before.width() } else { 0 };
        let right = if to + 1 < labels.len() { behind.width().max(2) } else { 0 };
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
        spans.push(Span::styled(before, theme.dim));
    }
    for (label, style) in labels.into_iter().skip(first).take(end + 1 - first) {
        spans.push(Span::styled(cut(&label, width.saturating_sub(before.width() + 1 + behind.width())), style));
        spans.push(Span::raw(" "));
    }
    if end < last {
        spans.push(Span::styled(behind, theme.dim));
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
        shown_in(&Theme::plain(), current, width)
    }

    fn shown_in(theme: &Theme, current: usize, width: usize) -> String {
        let labels = ["one", "two", "three", "four"].map(|label| (format!(" {label} "), Style::new()));
        let line = tab_strip(labels.into(), current, width, theme);
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

    #[test]
    fn readers_of_screens_are_told_which_tab_is_selected_and_that_there_are_more() {
        let theme = Theme::plain().numbered();
        assert_eq!(shown_in(&theme, 1, 40), "one  selected: two   three   four".replace("one", " one"));
        assert_eq!(shown_in(&theme, 1, 30), " one  selected: two  , more");
        assert_eq!(shown_in(&theme, 3, 28), "more, selected: four");
    }
}
