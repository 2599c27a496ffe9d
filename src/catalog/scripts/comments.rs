//! Comment lines of a script.

/// How many lines are examined: declarations are near the top, and a file may have a megabyte.
const MAX_LINES: usize = 4_000;

/// The text of each line that is a comment alone, with its place in the file, from 0.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().take(MAX_LINES).enumerate().filter_map(|(place, line)| Some((place, comment(line)?)))
}

/// The text of a line that is a comment alone.
pub(super) fn comment(line: &str) -> Option<&str> {
    let line = line.trim();
    let signs = ["#", "//", "--", "*", ";", "%"];
    let rest = signs.iter().find_map(|sign| line.strip_prefix(sign))?;
    (!rest.starts_with('!')).then(|| rest.trim_start_matches(['#', '/', '*', '-']).trim())
}
