//! JSON for scripts: one object with `"schema": 1`, without hidden characters.
//!
//! Strings keep their value. Characters that a terminal would interpret, reorder or swallow are written as `\u`
//! escapes, which every JSON parser turns back into the same string.

use crate::domain::is_hidden;
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};
use std::io::{self, Write};

/// The schema version of all JSON output.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Envelope<'a, T> {
    schema: u32,
    #[serde(flatten)]
    answer: &'a T,
}

/// Writes `answer`, which must serialize to an object, as one line.
///
/// # Errors
///
/// Those of the writer.
pub(super) fn write_object(out: &mut dyn Write, answer: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Visible);
    Envelope { schema: SCHEMA, answer }.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// Writes one value of a stream as one line.
///
/// # Errors
///
/// Those of the writer.
pub(super) fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Visible))?;
    out.write_all(b"\n")
}

/// Compact JSON that escapes hidden characters.
struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_hidden(*c)) {
            writer.write_all(&fragment.as_bytes()[plain..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        serde_json::ser::CompactFormatter.write_char_escape(writer, escape)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// The object printed for an answer.
    pub(crate) fn object(answer: &impl Serialize) -> Value {
        let mut bytes = Vec::new();
        write_object(&mut bytes, answer).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn hidden_characters_are_escaped_and_read_back_the_same() {
        let raw = "a\u{202e}b\u{1b}[2J\u{200b}\u{9b}\u{7f}\u{e0041}é日\"\\\n";
        let answer = json!({ raw: raw });
        let mut bytes = Vec::new();
        write_object(&mut bytes, &answer).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.trim_end().chars().any(is_hidden), "{text}");
        assert!(text.contains("\\u202e") && text.contains("\\udb40\\udc41") && text.contains("é日"));
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"schema": 1, raw: raw}));
    }

    #[test]
    fn the_answer_is_one_line_and_the_schema_comes_first() {
        let mut bytes = Vec::new();
        write_object(&mut bytes, &json!({"tools": [1, {"a": null}]})).unwrap();
        assert_eq!(bytes, b"{\"schema\":1,\"tools\":[1,{\"a\":null}]}\n");
    }
}
