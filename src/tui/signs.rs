//! One ASCII character for each sign that is drawn.

/// Bars of charts, from low to high: the heights stay to be seen.
const BARS: [(char, &str); 7] = [('▁', "_"), ('▂', ":"), ('▃', "-"), ('▄', "="), ('▅', "+"), ('▆', "*"), ('▇', "%")];

/// One ASCII character for what a cell shows.
pub fn plain(symbol: &str) -> &'static str {
    let Some(c) = symbol.chars().next() else { return " " };
    if let Some((_, level)) = BARS.iter().find(|(bar, _)| *bar == c) {
        return level;
    }
    match c {
        // The first of these is left of lines of standard error.
        '▎' | '│' | '║' | '╎' | '◒' => "|",
        // The part of a list that is shown, upon the line of its box.
        '┃' | '\u{2580}'..='\u{259f}' => "#",
        '─' | '━' | '═' | '╌' | '–' | '—' | '−' | '◓' => "-",
        '\u{2500}'..='\u{257f}' | '✓' => "+",
        '›' | '▸' | '▹' | '▶' | '→' | '»' | '⟩' => ">",
        '◂' | '←' | '‹' | '«' | '⟨' => "<",
        '↑' | '▲' | '▴' => "^",
        '↓' | '▼' | '▾' | '▿' | '▽' => "v",
        '✗' | '×' => "x",
        '⚠' => "!",
        // Worse than a warning.
        '‼' => "X",
        '●' | '◆' | '■' | '▪' | '•' | '◉' => "*",
        '○' | '◇' | '□' | '◷' => "o",
        '…' | '·' | '⋯' => ".",
        '’' | '‘' => "'",
        '“' | '”' => "\"",
        '◐' => "/",
        '◑' => "\\",
        '\u{2800}'..='\u{28ff}' => ":",
        // Also `⚑`: something is asked of the reader.
        _ => "?",
    }
}
