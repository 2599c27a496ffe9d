//! Quantities in words: a count with its noun, a span of time, an age, a share. One spelling for every front end: a
//! number and its unit of time are written without a space, as in the settings (`30s`, `2m`).

use super::Instant;
use std::fmt::Display;

/// A count with its words for one and for any other number: `1 entry`, `7 entries`, `10,000 entries`.
pub fn plural(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A count with a regular noun: `1 tool`, `7 tools`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A non-negative whole number with a comma between groups of three digits: `10,000`.
pub fn grouped(number: impl Display) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span of milliseconds, in the largest suitable units: `340ms`, `10s`, `2.5s`, `3m 20s`, `2h 5m`.
pub fn span(ms: u64) -> String {
    let pair = |large: u64, one: &str, small: u64, other: &str| match small {
        0 => format!("{large}{one}"),
        _ => format!("{large}{one} {small}{other}"),
    };
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 if ms % 1_000 < 100 => format!("{}s", ms / 1_000),
        1_000..60_000 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => pair(ms / 60_000, "m", ms % 60_000 / 1_000, "s"),
        _ => pair(ms / 3_600_000, "h", ms % 3_600_000 / 60_000, "m"),
    }
}

/// The time since then, in its largest unit and at most four columns: `36s`, `5m`, `3h`, `8d`, `4w`, `2y`.
pub fn lasted(now: Instant, then: Instant) -> String {
    let seconds = now.since_ms(then) / 1_000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..1_209_600 => format!("{}d", seconds / 86_400),
        1_209_600..31_536_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// An age in a column: `now`, `12s`, `5m`.
pub fn age(now: Instant, then: Instant) -> String {
    if now.since_ms(then) < JUST_NOW_MS { "now".to_owned() } else { lasted(now, then) }
}

/// An age in a sentence: `just now`, `12s ago`, `5m ago`.
pub fn ago(now: Instant, then: Instant) -> String {
    if now.since_ms(then) < JUST_NOW_MS { "just now".to_owned() } else { format!("{} ago", lasted(now, then)) }
}

/// The maximum age for `now` and `just now`.
const JUST_NOW_MS: u64 = 5_000;

/// A share of 1: `97%`.
pub fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// A size: `512 B`, `1.5 KiB`, `64.0 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1_024.0;
    let mut unit = 0;
    while amount >= 1_024.0 && unit + 1 < UNITS.len() {
        amount /= 1_024.0;
        unit += 1;
    }
    format!("{amount:.1} {}", UNITS[unit])
}

/// An ordinal number: `1st`, `2nd`, `3rd`, `11th`.
pub fn ordinal(place: usize) -> String {
    let ending = match (place % 100, place % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{place}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_the_ending_of_its_number() {
        let told = [1, 2, 3, 4, 11, 12, 13, 21, 112, 123].map(ordinal);
        assert_eq!(told, ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th", "123rd"]);
    }

    #[test]
    fn one_is_singular_and_everything_else_is_not() {
        assert_eq!([0, 1, 2, 1234].map(|n| count(n, "file")), ["0 files", "1 file", "2 files", "1,234 files"]);
        assert_eq!([1, 2].map(|n| plural(n, "entry", "entries")), ["1 entry", "2 entries"]);
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn an_age_has_one_unit_and_is_told_alike_in_columns_and_sentences() {
        let at = |seconds: i64| (Instant(seconds * 1_000), Instant(0));
        let told = [4, 59, 60, 7_200, 86_400, 1_209_600, 400 * 86_400].map(at);
        assert_eq!(told.map(|(now, then)| age(now, then)), ["now", "59s", "1m", "2h", "1d", "2w", "1y"]);
        assert_eq!(told.map(|(now, then)| ago(now, then))[..3], ["just now", "59s ago", "1m ago"]);
        assert_eq!(told.map(|(now, then)| lasted(now, then))[..3], ["4s", "59s", "1m"]);
        assert_eq!([0.0, 0.934, 1.0].map(percent), ["0%", "93%", "100%"]);
    }

    #[test]
    fn a_span_has_the_unit_that_a_reader_thinks_in() {
        let spans = [340, 10_000, 2_540, 10_020, 60_000, 200_000, 7_500_000].map(span);
        assert_eq!(spans, ["340ms", "10s", "2.5s", "10s", "1m", "3m 20s", "2h 5m"]);
    }
}
