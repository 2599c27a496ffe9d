//! The input of a run: `--input` and `--set`.
//!
//! `--set NAME=@FILE` is the text of a file, `--set NAME=@-` is the text of standard input, and `--set NAME=@@x` is the
//! text `@x`.

use super::call::Call;
use crate::domain::{InputMode, Manifest, read_as_written};
use crate::engine::{EngineError, ErrorCode, assignments, fitted};
use serde_json::{Value, json};
use std::io::Read;

/// The maximum input size; a larger input is refused before it is read completely.
const MAX_INPUT_BYTES: u64 = 16 * 1024 * 1024;

/// The input from the command line.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Given {
    object: Option<Value>,
    sets: Vec<String>,
    words: Vec<String>,
}

/// Reads `--input` and `--set`.
///
/// # Errors
/// [`ErrorCode::Usage`] for invalid JSON, [`ErrorCode::NotFound`] for a file that cannot be read.
pub(super) fn given(call: &Call<'_>) -> Result<Given, EngineError> {
    let sets = call.texts("set").into_iter().map(set).collect::<Result<Vec<_>, _>>()?;
    let object = match call.text("input") {
        None => None,
        Some("-") => Some(parse(&read_file("-", INPUT_HINT)?, "standard input")?),
        Some(text) => match text.strip_prefix('@') {
            Some(path) => Some(parse(&read_file(path, INPUT_HINT)?, path)?),
            None => Some(parse(text, "--input")?),
        },
    };
    Ok(Given { object, sets, words: Vec::new() })
}

/// One `--set`, with a named file replaced by its text.
fn set(written: &str) -> Result<String, EngineError> {
    let Some((name, value)) = written.split_once("=@") else { return Ok(written.to_owned()) };
    if name.contains('=') {
        return Ok(written.to_owned());
    }
    Ok(match value.strip_prefix('@') {
        Some(_) => format!("{name}={value}"),
        None => format!(
            "{name}={}",
            read_file(value, "--set takes NAME=TEXT, NAME=@FILE, or NAME=@@TEXT for a text that begins with @")?
        ),
    })
}

const INPUT_HINT: &str = "--input takes JSON, @FILE, or - for standard input";

/// The text of a file, or of standard input for `-`.
fn read_file(path: &str, hint: &str) -> Result<String, EngineError> {
    let hinted = |error| EngineError { hint: hint.to_owned(), ..error };
    if path == "-" {
        return read(std::io::stdin().lock(), "standard input").map_err(hinted);
    }
    let file = std::fs::File::open(path).map_err(|error| hinted(unreadable(path, &error)))?;
    read(file, path)
}

fn unreadable(from: &str, error: &std::io::Error) -> EngineError {
    EngineError::new(ErrorCode::NotFound, format!("cannot read the input from {from}: {error}"), INPUT_HINT)
}

/// Reads an input to its end.
///
/// # Errors
/// [`ErrorCode::NotFound`] if the input cannot be read or is not UTF-8, [`ErrorCode::Usage`] if it exceeds 16 MiB.
pub(super) fn read(from: impl Read, name: &str) -> Result<String, EngineError> {
    let mut text = String::new();
    from.take(MAX_INPUT_BYTES + 1).read_to_string(&mut text).map_err(|error| unreadable(name, &error))?;
    if text.len() as u64 > MAX_INPUT_BYTES {
        let message = format!("the input from {name} is larger than 16 MiB");
        return Err(EngineError::new(ErrorCode::Usage, message, "pass the tool a file path instead"));
    }
    Ok(text)
}

pub(super) fn parse(text: &str, from: &str) -> Result<Value, EngineError> {
    let usage =
        |message: String| EngineError::new(ErrorCode::Usage, message, "for example --input '{\"name\": \"x\"}'");
    // Windows tools write a byte order mark, which is not part of the value.
    let (value, lost) = read_as_written(text.trim_start_matches('\u{feff}'))
        .map_err(|error| usage(format!("the input from {from} is not valid JSON: {error}")))?;
    match lost.first() {
        Some(lost) => {
            let message = format!("the input from {from}: {}", lost.message());
            Err(EngineError::new(ErrorCode::Usage, message, lost.hint()))
        }
        None => Ok(value),
    }
}

impl Given {
    /// A complete input value.
    pub(super) fn of(value: Value) -> Given {
        Given { object: Some(value), ..Given::default() }
    }

    /// Adds plain words, which are interpreted once the tool is known.
    pub(super) fn with_words(self, words: Vec<&str>) -> Given {
        Given { words: words.into_iter().map(str::to_owned).collect(), ..self }
    }

    /// Whether nothing was given.
    pub(super) fn is_empty(&self) -> bool {
        self.object.is_none() && self.sets.is_empty() && self.words.is_empty()
    }

    /// The object and the values to set in it, for a call that takes no plain words.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::Usage`] if the input is not an object.
    pub(super) fn parts(self) -> Result<(Option<Value>, Vec<String>), EngineError> {
        if self.object.as_ref().is_some_and(|value| !value.is_object()) {
            let hint = "for example --input '{\"name\": \"x\"}'";
            return Err(EngineError::new(ErrorCode::Usage, "the input is not a JSON object", hint));
        }
        Ok((self.object, self.sets))
    }
}

/// The input to send: the given input, with each `--set` at the place and with the type of the input schema.
///
/// # Errors
/// [`ErrorCode::Usage`] for a `--set` or a plain word that does not fit.
pub(super) fn for_tool(manifest: &Manifest, given: Given) -> Result<Option<Value>, EngineError> {
    let words: Vec<&str> = given.words.iter().map(String::as_str).collect();
    if let [option] = words[..]
        && given.object.is_none()
        && given.sets.is_empty()
        && manifest.answers(option)
    {
        return Ok(Some(json!({ option: true })));
    }
    let named = assignments(manifest, &words)?;
    if takes_whole(manifest) && named.is_empty() && given.sets.is_empty() {
        return Ok(given.object);
    }
    let (object, mut sets) = given.parts()?;
    sets.extend(named);
    fitted(manifest, object, &sets)
}

/// Whether the input is one value that is not an object, and is passed unchanged.
fn takes_whole(manifest: &Manifest) -> bool {
    let kind = manifest.input.as_ref().and_then(|schema| schema["type"].as_str());
    let is_json = manifest.recipe.as_ref().is_some_and(|recipe| recipe.input == InputMode::StdinJson);
    is_json && kind.is_some_and(|kind| kind != "object")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_input_is_a_json_object() {
        assert_eq!(parse("{\"a\": 1}", "x").unwrap(), json!({"a": 1}));
        assert_eq!(parse("\u{feff}{}", "x").unwrap(), json!({}));
        for text in ["", "{a: 1}"] {
            let error = parse(text, "x").unwrap_err();
            assert_eq!(error.code, ErrorCode::Usage, "{text}");
        }
        for text in ["1", "[]", "null"] {
            let given = Given { object: Some(parse(text, "x").unwrap()), ..Given::default() };
            assert_eq!(given.parts().unwrap_err().code, ErrorCode::Usage, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read_file("/nowhere/input.json", INPUT_HINT).unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
        assert!(error.message.contains("/nowhere/input.json"), "{error}");
    }

    #[test]
    fn a_value_is_the_text_of_a_file_behind_a_sign() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("text");
        std::fs::write(&path, "a=b\n@c\n").unwrap();
        assert_eq!(set(&format!("x=@{}", path.display())).unwrap(), "x=a=b\n@c\n");
        for (written, wanted) in
            [("x=@@y", "x=@y"), ("x=@@", "x=@"), ("x=y@z", "x=y@z"), ("x=y=@z", "x=y=@z"), ("x", "x"), ("x=", "x=")]
        {
            assert_eq!(set(written).unwrap(), wanted);
        }
        let error = set("x=@/nowhere/text").unwrap_err();
        assert_eq!(error.code, ErrorCode::NotFound);
        assert!(error.message.contains("/nowhere/text") && error.hint.contains("@@TEXT"), "{error}");
    }

    #[test]
    fn input_without_end_is_refused() {
        assert_eq!(read(std::io::repeat(b'x'), "x").unwrap_err().code, ErrorCode::Usage);
    }
}
