//! Short words for quantities, and text cut to a width. Everything returned is safe to draw.

pub use crate::domain::description::cut;
use crate::domain::{Instant, SafeText};
pub use crate::domain::{count, grouped, plural};
use std::path::Path;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How long ago, in at most four cells: `now`, `12s`, `5m`, `3h`, `8d`, `4w`, `2y`.
pub fn age(now: Instant, then: Instant) -> String {
    let seconds = now.since_ms(then) / 1000;
    match seconds {
        0..5 => "now".to_owned(),
        5..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..1_209_600 => format!("{}d", seconds / 86_400),
        1_209_600..31_536_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// The same as a sentence has it: `just now`, `5m ago`.
pub fn ago(now: Instant, then: Instant) -> String {
    match age(now, then).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// How long something has lasted since, to be read aloud: `36 s`, `5 min`, `3 hours`, `1 day`.
pub fn lasted(now: Instant, then: Instant) -> String {
    let seconds = (now.since_ms(then) / 1000) as usize;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => count(seconds / 3_600, "hour"),
        86_400..1_209_600 => count(seconds / 86_400, "day"),
        _ => count(seconds / 604_800, "week"),
    }
}

/// How many files were created, and where: `created 7 files: tools, toolsmith.toml`.
pub fn created(paths: &[String]) -> String {
    let mut tops: Vec<&str> = paths.iter().filter_map(|path| path.split('/').next()).collect();
    tops.dedup();
    match paths.len() {
        0 => "everything already exists".to_owned(),
        many => format!("created {}: {}", plural(many, "file", "files"), safe(&tops.join(", "))),
    }
}

/// A number of bytes: `812 B`, `12.3 KiB`, `4.0 MiB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration: `840 ms`, `3.2 s`, `4m 05s`, `2h 03m`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        60_000..3_600_000 => format!("{}m {:02}s", ms / 60_000, ms % 60_000 / 1000),
        _ => format!("{}h {:02}m", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// As many of these words, from the first on, as fit so many columns; the first is cut where it does not fit.
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

/// What goes on when the workbench is left: `3 services keep running`.
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

/// Escapes text of a stranger to one drawable line.
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

/// A path with the user's home written as `~`, safe to draw.
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
    fn quantities_read_like_words() {
        let ages = [0, 59, 60, 86_400, 1_209_600, 400 * 86_400].map(|s| age(Instant(s * 1000), Instant(0)));
        assert_eq!(ages, ["now", "59s", "1m", "1d", "2w", "1y"]);
        let spans = [0, 59, 60, 3_600, 2 * 86_400, 1_209_600].map(|s| lasted(Instant(s * 1000), Instant(0)));
        assert_eq!(spans, ["0 s", "59 s", "1 min", "1 hour", "2 days", "2 weeks"]);
        assert_eq!([512, 1536, 1 << 20, (1 << 20) - 1].map(bytes), ["512 B", "1.5 KiB", "1.0 MiB", "1.0 MiB"]);
        assert_eq!([840, 3_210, 245_000, 7_380_000].map(duration), ["840 ms", "3.2 s", "4m 05s", "2h 03m"]);
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
