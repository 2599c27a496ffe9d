//! Checks whether a client that parses JSON like most programs gets back exactly what a tool printed.
//!
//! Most clients read every number as a 64-bit float (JavaScript does), and keep the last of several equal keys. Output
//! that would change is sent as text.

use crate::domain::mcp::has_repeated_key;
use crate::domain::{decimal, numbers};
use serde_json::Value;

/// Reasons not to parse JSON: what would be lost.
pub(super) const REPEATED: &str = "an object in it has a key twice";
const LONG: &str = "a number in it has more digits than a 64-bit float";

/// The output of a tool as a JSON value if nothing is lost, otherwise the reason. `None` if it is not JSON.
pub(super) fn value_of(text: &str) -> Option<Result<Value, &'static str>> {
    let value = serde_json::from_str::<Value>(text).ok()?;
    if has_repeated_key(text.as_bytes()) {
        return Some(Err(REPEATED));
    }
    if numbers(text).any(|number| !is_exact(number)) {
        return Some(Err(LONG));
    }
    Some(Ok(value))
}

/// Whether a number keeps its value as a 64-bit float, here and in a client.
fn is_exact(number: &str) -> bool {
    let same = |other: &str| decimal(other).is_some_and(|other| decimal(number) == Some(other));
    let as_float = number.parse::<f64>().is_ok_and(|float| same(&format!("{float:e}")));
    // This program parses floats fast, not exactly: the last digit may differ.
    as_float && serde_json::from_str::<Value>(number).is_ok_and(|value| same(&value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_that_every_client_reads_alike_is_a_value() {
        for text in [
            "{\"a\": [0, -0, -1, 1.5, 1.50, 1e3, 1E-7, 0.1, 9007199254740991, 9007199254740992, 1e300]}",
            "{\"id\": \"12345678901234567890123\", \"b\": \"say \\\"1.00000000000000000000001\\\" \\\\\"}",
            "true",
            "[]",
            "{\"a\": {\"b\": 1}, \"c\": {\"b\": 1}}",
            "100000000000000000000",
            "3.141592653589793",
        ] {
            assert_eq!(value_of(text), Some(Ok(serde_json::from_str(text).unwrap())), "{text}");
        }
        assert_eq!(value_of("plain words"), None);
        assert_eq!(value_of("1e400"), None, "no value holds it");
        assert_eq!(value_of("7"), Some(Ok(json!(7))));
    }

    #[test]
    fn json_that_would_change_stays_text_and_says_why() {
        for text in [
            "12345678901234567890123",
            "{\"id\": 184467440737095516160123}",
            "[9007199254740993]",
            "-9007199254740993",
            "{\"pi\": 3.14159265358979323846264338327950288}",
            "[\"a\\\"\", 1.00000000000000000000001]",
            "1e-400",
            "1152921504606846976",
        ] {
            assert_eq!(value_of(text), Some(Err(LONG)), "{text}");
        }
        assert_eq!(value_of("{\"a\": 1, \"a\": 2}"), Some(Err(REPEATED)));
        assert_eq!(value_of("[{\"b\": {\"a\": 1, \"a\": 1}}]"), Some(Err(REPEATED)));
    }
}
