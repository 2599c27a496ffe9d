//! Short words for quantities, and text cut to a width. All returned text is safe to draw.

use crate::domain::SafeText;
pub use crate::domain::description::{cut, cut_middle};
pub use crate::domain::{age, ago, count, first_few, grouped, lasted, percent, plural, size, span};
use std::path::Path;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How many files were created, and where: `created 7 files: tools, toolsmith.toml`.
pub fn created(paths: &[String]) -> String {
    let mut tops: Vec<&str> = paths.iter().filter_map(|path| path.split('/').next()).collect();
    tops.dedup();
    match paths.len() {
        0 => "everything already exists".to_owned(),
        many => format!("created {}: {}", plural(many, "file", "files"), safe(&tops.join(", "))),
    }
}

/// As many of these words, from the first on, as fit into this many columns; the first word is cut if it does not fit.
pub fn fitting(words: impl Iterator<Item = String>, between: &str, width: usize) -> String {
    let mut text = String::new();
    for word in words {
        if text.is_empty() {
            text = cut(&word, width);
        } else if text.width() + between.width() + word.width() <= width {
            text.push_str(between);
            text.push_str(&word);
        } else {
            break;
        }
    }
    text
}

/// What continues after the workbench is closed: `3 services keep running`.
pub fn keep_running(services: usize) -> String {
    plural(services, "service keeps running", "services keep running")
}

/// Cuts and fills safe text to exactly `width` cells.
pub fn pad(text: &str, width: usize) -> String {
    let mut kept = cut(text, width);
    let used = kept.width();
    kept.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    kept
}

/// Escapes foreign text to one drawable line.
pub fn safe(raw: &str) -> String {
    SafeText::new(raw).into()
}

/// Breaks safe text into lines of at most `width` cells, between words where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if line.width() + c.width().unwrap_or(0) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The least columns of a place behind a name, unless it is shorter.
const LEAST_PLACE: usize = 6;

/// A tool in at most `width` columns: `main 1.0.0`, or `main 1.0.0 in Blackjack` where a place tells it apart. The version
/// gives way first, then the name, and the place is cut in its middle. The name and the version must be safe to draw.
pub fn named(name: &str, version: &str, place: Option<&str>, width: usize) -> String {
    let whole = if version.is_empty() { name.to_owned() } else { format!("{name} {version}") };
    let Some(place) = place.map(safe) else { return cut(&whole, width) };
    let forms = [whole.as_str(), name];
    if let Some(form) = forms.iter().find(|form| form.width() + " in ".width() + place.width() <= width) {
        return format!("{form} in {place}");
    }
    let room = width.saturating_sub(" in ".width());
    let place_room = room.saturating_sub(name.width()).max(LEAST_PLACE.min(place.width()));
    let place = cut_middle(&place, place_room);
    cut(&format!("{} in {place}", cut(name, room.saturating_sub(place.width()))), width)
}

/// A path with `~` for the user's home folder, safe to draw.
pub fn path(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) if rest.as_os_str().is_empty() => "~".to_owned(),
        Some(rest) => safe(&format!("~/{}", rest.display())),
        None => safe(&path.display().to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_do_not_fit_are_left_out_whole() {
        let words = || ["last run 2m ago", "command", "custom"].into_iter().map(str::to_owned);
        assert_eq!(fitting(words(), " · ", 27), "last run 2m ago · command");
        assert_eq!(fitting(words(), " · ", 80), "last run 2m ago · command · custom");
        assert_eq!(fitting(words(), " · ", 6), "last …");
    }

    #[test]
    fn a_place_stays_recognizable_where_a_name_has_little_room() {
        let told = |width| named("main", "1.0.0", Some("Blackjack"), width);
        assert_eq!(told(30), "main 1.0.0 in Blackjack");
        assert_eq!(told(20), "main in Blackjack");
        assert_eq!(told(16), "main in Blac…ack");
        assert_eq!(named("main", "1.0.0", None, 30), "main 1.0.0");
        assert_eq!(named("a-long-name-of-a-tool", "1.0.0", Some("x"), 16), "a-long-nam… in x");
        for width in 0..30 {
            assert!(told(width).width() <= width, "{width}");
        }
    }

    #[test]
    fn text_is_cut_by_cells_not_characters() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }
}
