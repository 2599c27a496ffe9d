//! A screen with ASCII only, for terminals whose locale is not UTF-8, and one without boxes, for screen readers.

use super::linear;
use super::signs::plain;
use crate::tui::ink::{cells_of, put_cells, replace_symbols};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// How the finished screen is rewritten before it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Letters {
    /// Unchanged.
    #[default]
    All,
    /// ASCII only.
    Ascii,
    /// Words instead of symbols, and no lines around or between texts.
    Linear,
}

impl Letters {
    /// The mode that the locale variables select: the first variable that is set decides.
    pub fn of_locale(all: Option<&str>, ctype: Option<&str>, lang: Option<&str>) -> Letters {
        let set = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_lowercase);
        match set(all).or_else(|| set(ctype)).or_else(|| set(lang)) {
            Some(locale) if !locale.contains("utf-8") && !locale.contains("utf8") => Letters::Ascii,
            // No locale is set: modern terminals support UTF-8.
            Some(_) | None => Letters::All,
        }
    }

    /// Rewrites the cells of a screen; `drawn` is the part that was drawn on. Returns the new cursor position.
    pub fn apply(self, buf: &mut Buffer, drawn: Rect, cursor: Option<Position>) -> Option<Position> {
        match self {
            Letters::All => cursor,
            Letters::Ascii => {
                spell_cuts(buf);
                replace_symbols(buf, |symbol| (!symbol.is_ascii()).then(|| plain(symbol)));
                cursor
            }
            Letters::Linear => linear::rewrite(buf, drawn, cursor),
        }
    }

    /// The part of a screen that is drawn on; words need more space than symbols.
    pub fn room(self, area: Rect) -> Rect {
        let spare = if self == Letters::Linear { linear::spare(area.width) } else { 0 };
        Rect { width: area.width - spare, ..area }
    }
}

/// Writes three dots where a text is cut: a single dot would look like the end of a sentence. The dots replace the
/// blanks after the symbol, or else the letters before it.
fn spell_cuts(buf: &mut Buffer) {
    for y in buf.area.top()..buf.area.bottom() {
        let mut cells: Vec<(String, Style)> =
            cells_of(buf, y).into_iter().map(|(text, _, style)| (text, style)).collect();
        let cuts: Vec<usize> = (0..cells.len()).filter(|at| cells[*at].0 == "…").collect();
        for at in &cuts {
            let is_blank = |at: usize| cells.get(at).is_some_and(|(text, _)| text == " ");
            let is_free = |at: usize| cells.get(at).is_some_and(|(text, _)| text.is_ascii() && text != ":");
            let (start, count) = if is_blank(at + 1) && is_blank(at + 2) && (is_blank(at + 3) || at + 3 >= cells.len())
            {
                (*at, 3)
            } else if *at > 1 && is_free(at - 1) && is_free(at - 2) {
                (at - 2, 3)
            } else {
                (*at, 1)
            };
            cells[start..start + count].iter_mut().for_each(|(text, _)| ".".clone_into(text));
        }
        if !cuts.is_empty() {
            put_cells(buf, y, &cells);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::Bench;

    #[test]
    fn the_locale_decides_by_its_first_variable_that_is_set() {
        assert_eq!(Letters::of_locale(None, None, None), Letters::All);
        assert_eq!(Letters::of_locale(Some("C"), None, Some("en_US.UTF-8")), Letters::Ascii);
        assert_eq!(Letters::of_locale(Some(""), Some("de_DE.utf8"), Some("C")), Letters::All);
    }

    #[test]
    fn a_cut_is_three_dots() {
        for (drawn, spelled) in [
            ("a long na…", "a long ..."),
            ("loading …  ", "loading ..."),
            ("long na… x", "long ... x"),
            ("it reopens … x", "it reopen... x"),
            ("bcol/bcol…  changed", "bcol/bc...  changed"),
            ("version o… x", "version... x"),
            ("E: … 3", "E: . 3"),
            ("…", "."),
        ] {
            let mut buffer = Buffer::with_lines([drawn]);
            let area = buffer.area;
            Letters::Ascii.apply(&mut buffer, area, None);
            let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(text, spelled);
        }
    }

    #[test]
    fn every_cell_is_ascii() {
        let mut bench = Bench::ready(100, 30);
        bench.app.letters = Letters::Ascii;
        let screen = bench.screen();
        assert!(screen.is_ascii() && screen.contains("+-") && screen.contains("csv-stats"), "{screen}");
    }
}
