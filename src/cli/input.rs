//! The input of a run: `--input` and `--set`.

use super::call::Call;
use crate::domain::Manifest;
use crate::engine::{EngineError, ErrorCode, assignments, fitted};
use serde_json::Value;
use std::io::Read;

/// More input than this is refused before it is read to its end.
const MAX_INPUT_BYTES: u64 = 16 * 1024 * 1024;

/// What was given on the command line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Given {
    object: Option<Value>,
    sets: Vec<String>,
    words: Vec<String>,
}

/// Reads `--input` and `--set`.
///
/// # Errors
/// [`ErrorCode::Usage`] for what is no JSON object, [`ErrorCode::NotFound`] for a file that cannot be read.
pub(super) fn given(call: &Call<'_>) -> Result<Given, EngineError> {
    let sets = call.texts("set").into_iter().map(str::to_owned).collect();
    let object = match call.text("input") {
        None => None,
        Some("-") => Some(parse(&read(std::io::stdin().lock(), "standard input")?, "standard input")?),
        Some(text) => match text.strip_prefix('@') {
            Some(path) => Some(parse(&read_file(path)?, path)?),
            None => Some(parse(text, "--input")?),
        },
    };
    Ok(Given { object, sets, words: Vec::new() })
}

fn read_file(path: &str) -> Result<String, EngineError> {
    let file = std::fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    read(file, path)
}

fn unreadable(from: &str, error: &std::io::Error) -> EngineError {
    let message = format!("cannot read the input from {from}: {error}");
    EngineError::new(ErrorCode::NotFound, message, "--input takes JSON, @FILE, or - for standard input")
}

fn read(from: impl Read, name: &str) -> Result<String, EngineError> {
    let mut text = String::new();
    from.take(MAX_INPUT_BYTES + 1).read_to_string(&mut text).map_err(|error| unreadable(name, &error))?;
    if text.len() as u64 > MAX_INPUT_BYTES {
        let message = format!("the input from {name} is larger than 16 MiB");
        return Err(EngineError::new(ErrorCode::Usage, message, "pass the tool a file path instead"));
    }
    Ok(text)
}

fn parse(text: &str, from: &str) -> Result<Value, EngineError> {
    let usage =
        |message: String| EngineError::new(ErrorCode::Usage, message, "for example --input '{\"name\": \"x\"}'");
    // Windows tools write a byte order mark, and it is no part of the value.
    let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .map_err(|error| usage(format!("the input from {from} is not valid JSON: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(usage(format!("the input from {from} is not a JSON object"))) }
}

impl Given {
    /// The same with plain words, which are read once the tool is known.
    pub(super) fn with_words(self, words: Vec<&str>) -> Given {
        Given { words: words.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// The object and what is to be put into it, for a call that takes no plain words.
    pub(super) fn parts(self) -> (Option<Value>, Vec<String>) {
        (self.object, self.sets)
    }
}

/// The input to send: what was given, with each `--set` put into the place and type that the input schema names.
///
/// # Errors
/// [`ErrorCode::Usage`] for a `--set` or a plain word that does not fit.
pub(super) fn for_tool(manifest: &Manifest, given: Given) -> Result<Option<Value>, EngineError> {
    let words: Vec<&str> = given.words.iter().map(String::as_str).collect();
    let named = assignments(manifest, &words)?;
    let (object, mut sets) = given.parts();
    sets.extend(named);
    fitted(manifest, object, &sets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_input_is_a_json_object() {
        assert_eq!(parse("{\"a\": 1}", "x").unwrap(), json!({"a": 1}));
        assert_eq!(parse("\u{feff}{}", "x").unwrap(), json!({}));
        for text in ["", "1", "[]", "{a: 1}", "null"] {
            let error = parse(text, "x").unwrap_err();
            assert_eq!(error.code, ErrorCode::Usage, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read_file("/nowhere/input.json").unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
        assert!(error.message.contains("/nowhere/input.json"), "{error}");
    }

    #[test]
    fn input_without_end_is_refused() {
        assert_eq!(read(std::io::repeat(b'x'), "x").unwrap_err().code, ErrorCode::Usage);
    }
}
