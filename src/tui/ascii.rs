//! A screen without anything but ASCII, for terminals whose locale is not UTF-8, and one without boxes, for readers of
//! screens.

use crate::tui::ink::replace_symbols;
use ratatui::buffer::Buffer;

/// How the finished screen is changed before it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Letters {
    /// As it was drawn.
    #[default]
    All,
    /// ASCII only.
    Ascii,
    /// ASCII only, and no lines around or between texts.
    Linear,
}

impl Letters {
    /// What the variables of the locale allow: the first of these that is set decides.
    pub fn of_locale(all: Option<&str>, ctype: Option<&str>, lang: Option<&str>) -> Letters {
        let set = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_lowercase);
        match set(all).or_else(|| set(ctype)).or_else(|| set(lang)) {
            Some(locale) if !locale.contains("utf-8") && !locale.contains("utf8") => Letters::Ascii,
            // Nobody said anything: terminals of today take UTF-8.
            Some(_) | None => Letters::All,
        }
    }

    /// Changes the cells of a screen.
    pub fn apply(self, buf: &mut Buffer) {
        if self == Letters::All {
            return;
        }
        replace_symbols(buf, |symbol| (!symbol.is_ascii()).then(|| plain(symbol, self)));
    }
}

/// Bars of charts, from low to high: the heights stay to be seen.
const BARS: [(char, &str); 7] = [('▁', "_"), ('▂', ":"), ('▃', "-"), ('▄', "="), ('▅', "+"), ('▆', "*"), ('▇', "%")];

/// One ASCII character for what a cell shows.
fn plain(symbol: &str, letters: Letters) -> &'static str {
    let Some(c) = symbol.chars().next() else { return " " };
    if let Some((_, level)) = BARS.iter().find(|(bar, _)| *bar == c) {
        return level;
    }
    match c {
        '\u{2500}'..='\u{257f}' if letters == Letters::Linear => " ",
        '│' | '┃' | '║' | '╎' | '◒' => "|",
        '─' | '━' | '═' | '╌' | '–' | '—' | '◓' => "-",
        '\u{2500}'..='\u{257f}' | '✓' => "+",
        '›' | '▸' | '▶' | '→' | '»' => ">",
        '◂' | '←' | '‹' | '«' => "<",
        '↑' | '▲' | '▴' => "^",
        '↓' | '▼' | '▾' => "v",
        '✗' | '×' => "x",
        '⚑' | '⚠' => "!",
        '●' | '◆' | '■' | '•' => "*",
        '○' | '◇' | '□' => "o",
        '…' | '·' => ".",
        '’' | '‘' => "'",
        '“' | '”' => "\"",
        '◐' => "/",
        '◑' => "\\",
        '\u{2580}'..='\u{259f}' => "#",
        '\u{2800}'..='\u{28ff}' => ":",
        _ => "?",
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
    fn every_cell_is_ascii_and_the_linear_screen_has_no_boxes() {
        for (letters, has_box) in [(Letters::Ascii, true), (Letters::Linear, false)] {
            let mut bench = Bench::ready(100, 30);
            bench.app.letters = letters;
            let screen = bench.screen();
            assert!(screen.is_ascii(), "{screen}");
            assert_eq!(screen.contains("+-"), has_box, "{screen}");
            assert!(screen.contains("csv-stats"), "{screen}");
        }
    }
}
