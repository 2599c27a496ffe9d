//! Parses values on the command line: durations, numbers, digests, agent names.
//!
//! These functions depend only on the text. Their error messages are shown after a usage error.

use std::time::Duration;

/// The minimum number of hexadecimal digits for an approval.
const MIN_DIGEST_DIGITS: usize = 8;

/// A whole number with a unit, such as `500ms`, `30s`, `2m`, `24h`, `7d`; above zero, at most 3,650 days.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let usage = || format!("{text:?} is not a duration: write a whole number and ms, s, m, h or d, for example 30s");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(usage)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| usage())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(usage()),
    };
    match number.checked_mul(unit_ms) {
        Some(0) => Err("a duration must be longer than zero".to_owned()),
        Some(ms) if ms <= 3_650 * 86_400_000 => Ok(Duration::from_millis(ms)),
        _ => Err("a duration is at most 3650d".to_owned()),
    }
}

/// The number of a run, review or operation, as [`id`] reads it. The error names the verb that lists such numbers.
pub(super) fn id_of(text: &str, what: &str, list: &str) -> Result<i64, String> {
    id(text).map_err(|_| format!("expected the number of {what}; `toolsmith {list}` lists them"))
}

/// A number with or without `#`; counts from 1.
pub(super) fn id(text: &str) -> Result<i64, String> {
    match text.strip_prefix('#').unwrap_or(text).parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("expected a number from 1".to_owned()),
    }
}

/// The number of entries to list: 1 to 1,000,000.
pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (1..=1_000_000).contains(&number) => Ok(number),
        _ => Err("expected a number from 1 to 1000000".to_owned()),
    }
}

/// 8 to 64 hexadecimal digits, in lower case.
pub(super) fn digest_prefix(text: &str) -> Result<String, String> {
    if text.len() < MIN_DIGEST_DIGITS || text.len() > 64 || !text.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err("expected 8 to 64 hexadecimal digits of the digest shown".to_owned());
    }
    Ok(text.to_ascii_lowercase())
}

/// The number of a review, optionally followed by `=` and the digits of its digest.
pub(super) fn review_digest(text: &str) -> Result<(i64, Option<String>), String> {
    match text.split_once('=') {
        None => Ok((id_of(text, "a review", "reviews")?, None)),
        Some((number, digits)) => Ok((id_of(number, "a review", "reviews")?, Some(digest_prefix(digits)?))),
    }
}

/// `KEY=VALUE` with a non-empty key.
pub(super) fn key_value(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_number_and_a_unit() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("2m", 120_000), ("24h", 86_400_000), ("7d", 604_800_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "30", "s", "-1s", "1.5s", "0s", "1w", "30 s", "99999999999999999999d", "4000d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_count_from_one() {
        assert_eq!((id("7"), id("#7")), (Ok(7), Ok(7)));
        assert!(["0", "-1", "x", "", "##7"].into_iter().all(|text| id(text).is_err()));
        assert_eq!(count("50"), Ok(50));
        assert!(count("0").is_err());
    }

    #[test]
    fn an_approval_names_at_least_eight_digits() {
        assert_eq!(digest_prefix("0123ABCD"), Ok("0123abcd".to_owned()));
        assert!(["0123abc", "0123abcx", "", &"a".repeat(65)].into_iter().all(|text| digest_prefix(text).is_err()));
    }
}
