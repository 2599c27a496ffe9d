//! JSON as it is written: which numbers a program would change by reading the text and writing it again.
//!
//! Numbers are kept as 64-bit integers or 64-bit floats. An integer of more than 64 bits, or a fraction with too many
//! digits, would reach a tool as another number. Such a number is reported, so that its sender can be told.

use super::mcp::has_repeated_key;
use serde_json::Value;
use std::collections::HashSet;

/// What would be lost from a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostJson {
    /// An object has a key twice; only the last would be kept.
    RepeatedKey,
    /// A number would become another one, or none.
    Number {
        /// The keys and positions that lead to it, separated by `/`.
        place: String,
        /// The number as it is written.
        number: String,
    },
}

impl LostJson {
    /// The problem as a sentence.
    pub fn message(&self) -> String {
        match self {
            LostJson::RepeatedKey => "an object in it has a key twice".to_owned(),
            LostJson::Number { place, number } if place.is_empty() => {
                format!("the number {} cannot be passed on as it is written", shortened(number))
            }
            LostJson::Number { place, number } => {
                format!("{place}: the number {} cannot be passed on as it is written", shortened(number))
            }
        }
    }

    /// What to do instead.
    pub const fn hint(&self) -> &'static str {
        match self {
            LostJson::RepeatedKey => "write each key once",
            LostJson::Number { .. } => {
                "integers have at most 64 bits, and -0 is written as 0; other numbers have the precision of a 64-bit float. \
                 If the tool takes text there, write the number in quotes"
            }
        }
    }
}

/// Most characters of a number that a message quotes.
const MOST_QUOTED: usize = 40;

fn shortened(number: &str) -> String {
    match number.char_indices().nth(MOST_QUOTED) {
        Some((end, _)) => format!("{}…", &number[..end]),
        None => number.to_owned(),
    }
}

/// Reads a JSON text, and returns what would be lost from it. A number beyond the range of floats is read as 0.
///
/// # Errors
/// For a text that is not JSON.
pub fn read_as_written(text: &str) -> Result<(Value, Vec<LostJson>), serde_json::Error> {
    let (value, mended) = match serde_json::from_str::<Value>(text) {
        Ok(value) => (value, None),
        Err(error) => {
            // One number that is too large makes the whole text unreadable.
            let mended = without_unreadable(text).ok_or(error)?;
            (serde_json::from_str(&mended)?, Some(mended))
        }
    };
    if has_repeated_key(mended.as_deref().unwrap_or(text).as_bytes()) {
        return Ok((value, vec![LostJson::RepeatedKey]));
    }
    let lost: HashSet<usize> =
        numbers(text).enumerate().filter(|(_, number)| !is_kept(number)).map(|(at, _)| at).collect();
    let mut found = Vec::new();
    if !lost.is_empty() {
        // Keys keep their order, so the numbers of the value are those of the text.
        let mut places = Vec::new();
        number_places(&value, &mut String::new(), &mut places);
        for (at, (number, place)) in numbers(text).zip(places).enumerate() {
            if lost.contains(&at) {
                found.push(LostJson::Number { place, number: number.to_owned() });
            }
        }
    }
    Ok((value, found))
}

/// The text with 0 in place of each number that cannot be read; `None` if there is none.
fn without_unreadable(text: &str) -> Option<String> {
    let is_unreadable = |number: &&str| serde_json::from_str::<Value>(number).is_err();
    let mut mended = String::new();
    let mut rest = text;
    for number in numbers(text).filter(is_unreadable) {
        // Only what has the form of a number: anything else is a fault of the text.
        decimal(number)?;
        let start = number.as_ptr() as usize - rest.as_ptr() as usize;
        mended.push_str(&rest[..start]);
        mended.push('0');
        rest = &rest[start + number.len()..];
    }
    if mended.is_empty() {
        return None;
    }
    mended.push_str(rest);
    Some(mended)
}

/// The places of all numbers, in the order of the text.
fn number_places(value: &Value, place: &mut String, places: &mut Vec<String>) {
    let mut below = |part: &str, value: &Value| {
        let length = place.len();
        if length > 0 {
            place.push('/');
        }
        place.push_str(part);
        number_places(value, place, places);
        place.truncate(length);
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| below(&at.to_string(), item)),
        Value::Object(fields) => fields.iter().for_each(|(key, field)| below(key, field)),
        Value::Number(_) => places.push(place.clone()),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The numbers in a JSON text, as they are written.
pub fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let (mut is_text, mut is_escaped) = (false, false);
    // Every character of a string separates: what is left between separators are numbers, `true`, `false` and `null`.
    let separates = move |c: char| {
        let was_text = is_text;
        if is_escaped {
            is_escaped = false;
        } else if c == '"' {
            is_text = !is_text;
        } else if is_text && c == '\\' {
            is_escaped = true;
        }
        was_text || is_text || matches!(c, '{' | '}' | '[' | ']' | ':' | ',') || c.is_whitespace()
    };
    text.split(separates).filter(|word| word.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
}

/// Whether this program passes on a number as it is written: an integer with the same digits, any other number with the
/// same value.
fn is_kept(number: &str) -> bool {
    let is_integer = number.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit());
    serde_json::from_str::<Value>(number).is_ok_and(|value| {
        let written = value.to_string();
        written == number || !is_integer && decimal(&written) == decimal(number)
    })
}

/// A decimal number as its digits without zeros at either end, and the power of ten of the last one. The sign of zero
/// does not count.
pub fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (is_negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let kept = digits.trim_end_matches('0');
    if kept.is_empty() {
        return Some((false, String::new(), 0));
    }
    let zeros = i64::try_from(digits.len() - kept.len()).ok()?;
    let part = i64::try_from(part.len()).ok()?;
    Some((is_negative, kept.to_owned(), exponent.checked_add(zeros)?.checked_sub(part)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lost(text: &str) -> Vec<(String, String)> {
        let (_, lost) = read_as_written(text).unwrap();
        lost.into_iter()
            .map(|one| match one {
                LostJson::Number { place, number } => (place, number),
                LostJson::RepeatedKey => ("twice".to_owned(), String::new()),
            })
            .collect()
    }

    #[test]
    fn numbers_that_reach_a_tool_as_written_are_no_loss() {
        for text in [
            "{\"a\": [0, -1, 1.5, 1.50, 1e3, 1E-7, 0.1, -0.0, 1e300, 5e-324]}",
            "[9007199254740993, 18446744073709551615, -9223372036854775808]",
            "{\"id\": \"12345678901234567890123\", \"b\": \"say \\\"1e400\\\" \\\\\"}",
            "{\"a\": {\"b\": 1}, \"c\": {\"b\": 1}}",
            "3.141592653589793",
        ] {
            assert_eq!(lost(text), [], "{text}");
        }
        assert!(read_as_written("{\"a\": 1e}").is_err() && read_as_written("-").is_err());
        assert!(read_as_written("[1e400").is_err());
    }

    #[test]
    fn a_number_that_would_change_is_named_with_its_place() {
        for (text, place, number) in [
            ("12345678901234567890123", "", "12345678901234567890123"),
            ("{\"n\": {\"id\": [1, 18446744073709551616]}}", "n/id/1", "18446744073709551616"),
            ("{\"a\": 2, \"n\": -9223372036854775809}", "n", "-9223372036854775809"),
            ("[true, -0]", "1", "-0"),
            ("{\"n\": 1e400}", "n", "1e400"),
            ("{\"n\": -1.5E+999, \"m\": 2}", "n", "-1.5E+999"),
            ("{\"n\": 0.10000000000000000000000001}", "n", "0.10000000000000000000000001"),
            ("{\"pi\": 3.14159265358979323846264338327950288}", "pi", "3.14159265358979323846264338327950288"),
            ("{\"n\": 1e-400}", "n", "1e-400"),
        ] {
            assert_eq!(lost(text), [(place.to_owned(), number.to_owned())], "{text}");
        }
        assert_eq!(lost("{\"a\": 1, \"a\": 2}")[0].0, "twice");
        assert_eq!(lost("{\"n\": 1e400, \"a\": {\"b\": 1, \"b\": 2}}")[0].0, "twice");
    }

    #[test]
    fn a_text_with_a_number_that_is_too_large_is_read_all_the_same() {
        let (value, lost) = read_as_written("{\"id\": 7, \"n\": [1e400, 2, -1e999], \"t\": \"1e400\"}").unwrap();
        assert_eq!(value, json!({"id": 7, "n": [0, 2, 0], "t": "1e400"}));
        assert_eq!(lost.len(), 2);
    }

    #[test]
    fn a_long_number_is_not_quoted_whole() {
        let number = LostJson::Number { place: "n".to_owned(), number: "1".repeat(1000) };
        assert!(number.message().len() < 120 && number.message().starts_with("n: "), "{}", number.message());
    }
}
