//! Answers in JSON: `{"files": {path: text}}`, `{"files": [{"path", "content"}]}`, or that list alone.

use super::{Fault, Objection, RawAnswer};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Names of the field that holds a path, and of the one that holds a text.
pub(super) const PATHS: &[&str] = &["path", "name", "file", "filename"];
pub(super) const TEXTS: &[&str] = &["content", "text", "code", "contents"];

/// Files in the order of the answer; a repeated path is kept.
#[derive(Debug, Default)]
struct Files(Vec<(String, String)>);

#[derive(Debug, Deserialize)]
struct JsonAnswer {
    files: Files,
    #[serde(default)]
    manifest: Option<String>,
    #[serde(default, alias = "explanation", alias = "comment")]
    notes: Option<String>,
}

/// An answer that is JSON as a whole; `None` if it is not.
///
/// # Errors
/// It is truncated JSON, or JSON of another form.
pub(super) fn whole(text: &str) -> Result<Option<RawAnswer>, Objection> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return Ok(None);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(_) => files(text).map(Some),
        // Code may begin with a bracket, and JSON may be followed by text: other text is searched for blocks.
        Err(error) if error.is_eof() && has_files(text) && !text.contains("```") => Err(Objection::new(
            Fault::Cut,
            "the JSON of the answer is incomplete: it was truncated; write less text besides the files",
        )),
        Err(_) => Ok(before_text(text)),
    }
}

/// The files of a JSON text.
///
/// # Errors
///
/// It is JSON of another form.
pub(super) fn files(text: &str) -> Result<RawAnswer, Objection> {
    let other = |error: serde_json::Error| {
        let why = format!(
            "the JSON of the answer has an unexpected form ({error}); expected {{\"files\": {{\"PATH\": \"TEXT\"}}}}"
        );
        Objection::new(Fault::OtherJson, why)
    };
    let whole = if text.trim_start().starts_with('[') {
        JsonAnswer { files: serde_json::from_str(text).map_err(other)?, manifest: None, notes: None }
    } else {
        serde_json::from_str(text).map_err(other)?
    };
    Ok(RawAnswer { files: whole.files.0, manifest: whole.manifest, notes: whole.notes.unwrap_or_default() })
}

/// JSON followed by text.
fn before_text(text: &str) -> Option<RawAnswer> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()?;
    let end = values.byte_offset();
    let mut taken = files(text.get(..end)?).ok()?;
    taken.notes = format!("{}\n{}", taken.notes, text.get(end..)?.trim());
    Some(taken)
}

/// Whether a text, truncated or not, is meant as JSON with files.
pub(super) fn has_files(text: &str) -> bool {
    let text = text.trim_start();
    let begin = &text[..text.floor_char_boundary(400)];
    text.starts_with('{') && begin.contains("\"files\"")
        || text.starts_with('[') && PATHS.iter().any(|name| begin.contains(&format!("\"{name}\"")))
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Files, D::Error> {
        struct FilesVisitor;
        impl<'de> Visitor<'de> for FilesVisitor {
            type Value = Files;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of paths and texts, or a list of {\"path\", \"content\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Files, A::Error> {
                let mut files = Vec::new();
                while let Some(entry) = map.next_entry::<String, String>()? {
                    files.push(entry);
                }
                Ok(Files(files))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Files, A::Error> {
                let mut files = Vec::new();
                while let Some(value) = list.next_element::<Value>()? {
                    let field = |names: &[&str]| {
                        names.iter().find_map(|name| value.get(name)).and_then(Value::as_str).map(str::to_owned)
                    };
                    let (Some(path), Some(text)) = (field(PATHS), field(TEXTS)) else {
                        return Err(serde::de::Error::custom("an entry has no path or no content"));
                    };
                    files.push((path, text));
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_any(FilesVisitor)
    }
}
