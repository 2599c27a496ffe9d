//! A screen for screen readers: words instead of symbols, no lines around or between texts.
//!
//! The screen is drawn as usual, in fewer columns than the terminal has; then each row is rewritten with words instead
//! of signs. Letters of every language stay unchanged. If the words of a row do not fit, one ASCII character replaces
//! each sign.

use super::ink::{cells_of, put_cells};
use super::layout::MIN_WIDTH;
use super::signs::plain;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// Columns that are reserved for words, if the terminal has them.
const SPARE: u16 = 12;

/// The end of a row that is cut.
const DOTS: &str = "...";

/// The text before the selected row or line.
const SELECTED: &str = "selected:";

/// Every symbol that is drawn, with its word. Those of [`BARE`] are next to a word with the same meaning.
pub const WORDS: &[(&str, &str)] = &[
    ("›", SELECTED),
    ("✓", "ok"),
    ("✗", "bad"),
    ("!", "warning"),
    ("‼", "high"),
    ("▽", "low"),
    ("⚑", "review"),
    ("⚠", "warning"),
    ("●", "approved"),
    ("○", "experimental"),
    ("◆", "core"),
    ("▪", "archived"),
    ("■", "marked"),
    ("◉", "chosen"),
    ("□", "to do"),
    ("▸", "folded"),
    ("▾", "unfolded"),
    ("▶", "running"),
    ("◷", "waiting"),
    ("◐", "working"),
    ("◓", "working"),
    ("◑", "working"),
    ("◒", "working"),
    ("→", "to"),
    ("←", "left"),
    ("↑", "up"),
    ("↓", "down"),
    ("…", "..."),
    ("×", "times"),
    ("•", "*"),
    ("▎", "stderr:"),
    ("≠", "not equal"),
    ("▁", "1"),
    ("▂", "2"),
    ("▃", "3"),
    ("▄", "4"),
    ("▅", "5"),
    ("▆", "6"),
    ("▇", "7"),
    ("█", "8"),
];

/// Symbols next to a word with the same meaning, and lines between texts.
pub const BARE: &[&str] = &["▼", "▲", "▹", "▿", "⋯", "–", "·"];

/// How many columns stay free at this width.
pub fn spare(width: u16) -> u16 {
    width.saturating_sub(MIN_WIDTH).min(SPARE)
}

/// Rewrites every row. Returns the cursor position: in the text field, otherwise on the selected row, otherwise on the
/// first row with text, where reading begins.
pub fn rewrite(buf: &mut Buffer, drawn: Rect, cursor: Option<Position>) -> Option<Position> {
    let (mut moved, mut first) = (None, None);
    for y in drawn.top()..drawn.bottom() {
        let cells = cells_of(buf, y);
        let row = Row::of(&cells, usize::from(buf.area.width));
        let is_here = cursor.is_some_and(|at| at.y == y);
        if let Some(at) = cursor.filter(|_| is_here) {
            moved = Some(Position::new(row.column_of(&cells, at.x), y));
        } else if cursor.is_none() && row.is_selected {
            moved = moved.or(Some(Position::new(0, y)));
        }
        if first.is_none() && row.cells.iter().any(|(text, _)| !text.trim().is_empty()) {
            first = Some(Position::new(0, y));
        }
        put_cells(buf, y, &row.cells);
    }
    moved.or(first)
}

/// A rewritten row.
struct Row {
    cells: Vec<(String, Style)>,
    /// For each original character, the number of columns that are now left of it.
    before: Vec<usize>,
    is_selected: bool,
}

impl Row {
    fn of(cells: &[(String, u16, Style)], width: usize) -> Row {
        let row = Row::written(cells, word);
        if row.width() <= width {
            return row;
        }
        // The words of a list matter more than its columns.
        let row = row.squeezed();
        if row.width() <= width {
            row
        } else if row.is_selected {
            row.cut_to(width)
        } else {
            Row::written(cells, |symbol, _| short(symbol))
        }
    }

    /// The same row with at most two blanks between words.
    fn squeezed(self) -> Row {
        let mut row = Row { cells: Vec::with_capacity(self.cells.len()), before: self.before, ..self };
        // For each original column, the new one.
        let (mut columns, mut width, mut blanks) = (Vec::new(), 0, 0);
        for (text, style) in self.cells {
            blanks = if text.trim().is_empty() { blanks + 1 } else { 0 };
            columns.extend(std::iter::repeat_n(width, text.width().max(1)));
            if blanks <= 2 {
                width += text.width();
                row.cells.push((text, style));
            }
        }
        for column in &mut row.before {
            *column = columns.get(*column).copied().unwrap_or(width);
        }
        row
    }

    /// The same row, cut to the width; dots show that text is missing.
    fn cut_to(mut self, width: usize) -> Row {
        let mut used = 0;
        let room = width.saturating_sub(DOTS.len());
        let mut fits = |(text, _): &(String, Style)| {
            used += text.width();
            used <= room
        };
        let kept = self.cells.iter().take_while(|cell| fits(cell)).count();
        self.cells.truncate(kept);
        let left = room.saturating_sub(self.width());
        let style = self.cells.last().map(|(_, style)| *style).unwrap_or_default();
        // A word of several letters is one cell.
        self.cells.push((format!("{DOTS}{}", " ".repeat(left)), style));
        for column in &mut self.before {
            *column = (*column).min(width.saturating_sub(1));
        }
        self
    }

    fn written(cells: &[(String, u16, Style)], with: fn(&str, Around) -> Option<&'static str>) -> Row {
        let mut row = Row { cells: Vec::new(), before: Vec::new(), is_selected: false };
        let (mut width, mut blanks, mut leads) = (0, 2, true);
        for (at, (symbol, _, style)) in cells.iter().enumerate() {
            let next = cells.get(at + 1).map_or(" ", |(symbol, ..)| symbol);
            let around = Around { blanks, ends: next == " ", leads };
            leads &= matches!(short(symbol).unwrap_or(symbol), " ");
            let said = with(symbol, around).map(|word| if repeats(word, &cells[at + 1..]) { " " } else { word });
            let is_word =
                said.is_some_and(|word| word.len() > 1 && word.ends_with(|c: char| c.is_alphanumeric() || c == ':'));
            row.is_selected |= said == Some(SELECTED);
            row.before.push(width);
            let mut put = |text: &str| {
                width += text.width();
                row.cells.push((text.to_owned(), *style));
            };
            if is_word && blanks == 0 {
                put(" ");
            }
            put(said.unwrap_or(symbol));
            let is_followed = is_word && next != " ";
            if is_followed {
                put(" ");
            }
            let is_blank = said.unwrap_or(symbol).trim().is_empty();
            blanks = if is_blank { blanks + 1 } else { usize::from(is_followed) };
        }
        while row.cells.last().is_some_and(|(text, _)| text == " ") {
            row.cells.pop();
        }
        row
    }

    fn width(&self) -> usize {
        self.cells.iter().map(|(text, _)| text.width()).sum()
    }

    /// The new column of a character.
    fn column_of(&self, cells: &[(String, u16, Style)], x: u16) -> u16 {
        let at = cells.iter().position(|(_, column, _)| *column >= x);
        at.and_then(|at| self.before.get(at)).map_or(x, |column| *column as u16)
    }
}

/// Whether the text after a symbol repeats its word, completely or abbreviated.
fn repeats(word: &str, rest: &[(String, u16, Style)]) -> bool {
    let Some(start) = word.get(..3).filter(|_| word != SELECTED && word.ends_with(char::is_alphabetic)) else {
        return false;
    };
    let next = rest.iter().map(|(symbol, ..)| symbol.as_str()).skip_while(|symbol| *symbol == " ");
    next.take(start.len()).collect::<String>() == start
}

/// The context of a character.
#[derive(Clone, Copy)]
struct Around {
    /// The number of blanks before it.
    blanks: usize,
    /// Whether a blank or the end follows.
    ends: bool,
    /// Whether only blanks and lines come before it.
    leads: bool,
}

/// The word for a cell; `None` to keep the cell.
fn word(symbol: &str, around: Around) -> Option<&'static str> {
    let is_sign = around.blanks > 0 && around.ends;
    match symbol {
        // Between two facts; it has no meaning before the first one.
        "·" if around.blanks == 1 && around.ends => Some(","),
        // A continuation to the right or a choice; a counted item; a part of a text.
        "›" if around.blanks == 0 || !around.leads => Some(">"),
        "×" if around.blanks > 0 => Some("locked"),
        "!" if !is_sign => None,
        "–" if around.ends => Some("-"),
        _ if BARE.contains(&symbol) => Some(" "),
        _ => WORDS.iter().find(|(sign, _)| *sign == symbol).map(|(_, word)| *word).or_else(|| short(symbol)),
    }
}

/// One ASCII character for a cell; `None` for letters and ASCII.
fn short(symbol: &str) -> Option<&'static str> {
    let c = symbol.chars().next()?;
    let is_line = ('\u{2500}'..='\u{257f}').contains(&c);
    // The height of a bar as a digit.
    let bar = || WORDS.iter().find(|(sign, _)| *sign == symbol).map(|(_, word)| *word);
    match c {
        _ if c.is_ascii() || c.is_alphanumeric() => None,
        _ if is_line => Some(" "),
        '▁'..='█' => bar().or(Some(plain(symbol))),
        _ => Some(plain(symbol)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, width: usize) -> String {
        let cells: Vec<(String, u16, Style)> =
            text.chars().enumerate().map(|(at, c)| (c.to_string(), at as u16, Style::default())).collect();
        Row::of(&cells, width).cells.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn a_selected_row_that_is_too_long_keeps_its_words() {
        let long = written(&format!("› ✓ {}", "x".repeat(40)), 40);
        assert!(long.starts_with("selected: ok x") && long.trim_end().ends_with("..."), "{long}");
        assert!(long.len() <= 40, "{long}");
        assert_eq!(written("› ✓ name          1 of 3", 28), "selected: ok name  1 of 3");
    }

    #[test]
    fn bars_are_digits_also_where_words_do_not_fit() {
        let narrow = written(&format!("▁▄▇█ ✓ {}", "x".repeat(40)), 45);
        assert!(narrow.starts_with("1478"), "{narrow}");
    }
}
