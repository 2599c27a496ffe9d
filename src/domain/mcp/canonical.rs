//! The canonical form of JSON (RFC 8785), and its SHA-256.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::fmt::{self, Write as _};

/// The canonical form: no blanks, keys ordered by their UTF-16 code units, numbers as ECMAScript writes them. 64-bit
/// integers keep all their digits, although ECMAScript would round those beyond 2^53, so that two different ones never
/// look the same.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(out, key);
                out.push(':');
                write(out, &fields[key]);
            }
            out.push('}');
        }
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn number_text(number: &Number) -> String {
    if number.is_i64() || number.is_u64() {
        return number.to_string();
    }
    number.as_f64().map_or_else(|| number.to_string(), float_text)
}

/// Whether a JSON text contains an integer of more than 64 bits. Such a number is rounded when it is read, so that a
/// digest could not distinguish it from others.
pub fn has_large_integer(text: &[u8]) -> bool {
    let (mut at, mut is_in_string) = (0, false);
    while let Some(&byte) = text.get(at) {
        let start = at;
        at += 1;
        match byte {
            b'"' => is_in_string = !is_in_string,
            b'\\' if is_in_string => at += 1,
            b'-' | b'0'..=b'9' if !is_in_string => {
                let length = text[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
                at += length.count();
                let number = std::str::from_utf8(&text[start..at]).unwrap_or_default();
                let is_whole = !number.contains(['.', 'e', 'E']);
                if is_whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether an object in a JSON text has a repeated key: parsers differ in which of the two values they take. False for
/// invalid JSON.
pub fn has_repeated_key(text: &[u8]) -> bool {
    serde_json::from_slice::<OnceEach>(text).is_err_and(|error| error.to_string().starts_with(REPEATED))
}

/// The beginning of the error about a repeated key.
const REPEATED: &str = "a key is repeated";

/// JSON without repeated keys.
struct OnceEach;

impl<'de> Deserialize<'de> for OnceEach {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<OnceEach, D::Error> {
        from.deserialize_any(OnceEachVisitor)
    }
}

struct OnceEachVisitor;

impl<'de> Visitor<'de> for OnceEachVisitor {
    type Value = OnceEach;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<OnceEach, E> {
        Ok(OnceEach)
    }

    fn visit_bool<E>(self, _: bool) -> Result<OnceEach, E> {
        Ok(OnceEach)
    }

    fn visit_i64<E>(self, _: i64) -> Result<OnceEach, E> {
        Ok(OnceEach)
    }

    fn visit_u64<E>(self, _: u64) -> Result<OnceEach, E> {
        Ok(OnceEach)
    }

    fn visit_f64<E>(self, _: f64) -> Result<OnceEach, E> {
        Ok(OnceEach)
    }

    fn visit_str<E>(self, _: &str) -> Result<OnceEach, E> {
        Ok(OnceEach)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<OnceEach, A::Error> {
        while items.next_element::<OnceEach>()?.is_some() {}
        Ok(OnceEach)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<OnceEach, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = fields.next_key::<String>()? {
            if !keys.insert(key) {
                return Err(A::Error::custom(REPEATED));
            }
            fields.next_value::<OnceEach>()?;
        }
        Ok(OnceEach)
    }
}

/// A number as ECMAScript writes it: the shortest digits that represent it, with an exponent from 1e21 and below 1e-6.
fn float_text(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let written = format!("{:e}", value.abs());
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let digits: String = digits.chars().filter(|c| *c != '.').collect();
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    // The decimal point follows this many digits.
    let point = exponent + 1;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let text = if (count..=21).contains(&point) {
        format!("{digits}{}", zeros(point - count))
    } else if (1..=21).contains(&point) {
        let (whole, rest) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{rest}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{first}{dot}{rest}e{sign}{}", exponent.unsigned_abs())
    };
    if value < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_key_is_found_at_any_depth_and_however_it_is_spelled() {
        for text in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"b": [{"a": 1, "c": {}, "a": null}]}"#,
            r#"{"a": 1, "\u0061": 2}"#,
            r#"[1, -2, 3.5, "x", true, {"x": {"y": 1, "y": 2}}]"#,
        ] {
            assert!(has_repeated_key(text.as_bytes()), "{text}");
        }
        for text in [r#"{"a": 1, "b": {"a": 1}}"#, "[]", "x", r#"["a key is repeated"]"#, r#"{"a": 1"#] {
            assert!(!has_repeated_key(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn the_example_of_the_standard_has_its_form() {
        let text = r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(
            canonical(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn keys_are_in_the_order_of_utf_16_and_equal_numbers_have_one_form() {
        let value: Value =
            serde_json::from_str("{\"\u{fb33}\": 1.0, \"\u{1f600}\": 10, \"1\": -0.0, \"\": 1e21}").unwrap();
        assert_eq!(canonical(&value), "{\"\":1e+21,\"1\":0,\"\u{1f600}\":10,\"\u{fb33}\":1}");
        for (written, form) in [
            ("100", "100"),
            ("1e2", "100"),
            ("123456789012345680000", "123456789012345680000"),
            ("0.0000012", "0.0000012"),
            ("1.2e-7", "1.2e-7"),
            ("-5.5", "-5.5"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9007199254740993", "-9007199254740993"),
        ] {
            assert_eq!(canonical(&serde_json::from_str(written).unwrap()), form, "{written}");
        }
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn integers_of_more_than_64_bits_are_found_outside_of_texts() {
        for text in ["36893488147419103233", "{\"a\": [1, -9223372036854775809]}", "[\"\\\"\", 18446744073709551616]"] {
            assert!(has_large_integer(text.as_bytes()), "{text}");
        }
        for text in ["18446744073709551615", "[1e30, 1.5, 36893488147419103233.0]", "[\"36893488147419103233\", -1]"] {
            assert!(!has_large_integer(text.as_bytes()), "{text}");
        }
    }
}
