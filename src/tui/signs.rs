//! One ASCII character for each drawn sign.

/// Bars of charts, from low to high, so that heights remain distinguishable.
const BARS: [(char, &str); 7] = [('▁', "_"), ('▂', ":"), ('▃', "-"), ('▄', "="), ('▅', "+"), ('▆', "*"), ('▇', "%")];

/// One ASCII character for the content of a cell.
pub fn plain(symbol: &str) -> &'static str {
    let Some(c) = symbol.chars().next() else { return " " };
    if let Some((_, level)) = BARS.iter().find(|(bar, _)| *bar == c) {
        return level;
    }
    match c {
        // The first of these marks lines of standard error at their left.
        '▎' | '│' | '║' | '╎' | '◒' => "|",
        // The scroll bar of a list, on the line of its box.
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
        // Also `⚑`: the reader must do something.
        _ => "?",
    }
}
