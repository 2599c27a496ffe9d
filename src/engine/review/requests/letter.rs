//! Parsing of requests: size-limited and strict, with the name of the invalid field.

use crate::domain::{Checker, FileMode, Request, RequestKind, VersionFile};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::settings::duration;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Component, Path};
use std::time::Duration;

/// The JSON Schema that requests are validated against.
pub const REQUEST_SCHEMA: &str = include_str!("../../../../assets/request.schema.json");

/// The largest request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// The maximum time until expiry.
const MAX_WAIT: Duration = Duration::from_hours(366 * 24);

/// A validated request.
#[derive(Debug)]
pub(super) struct Letter {
    /// The part that is stored with the review.
    pub(super) request: Request,
    /// Files of a tool, in ascending order of path; mostly none.
    pub(super) files: Vec<VersionFile>,
    /// The path of an existing tool.
    pub(super) path: Option<String>,
    /// The time until expiry.
    pub(super) expires_in: Option<Duration>,
}

/// The part that is not stored with the review.
#[derive(Deserialize)]
struct Rest {
    #[serde(default)]
    files: Vec<File>,
    path: Option<String>,
    expires_in: Option<String>,
}

#[derive(Deserialize)]
struct File {
    path: String,
    content: String,
    #[serde(default)]
    executable: bool,
}

/// Parses a request.
///
/// # Errors
/// `Usage` with the name of the field.
pub(super) fn read(text: &[u8]) -> Result<Letter, EngineError> {
    if text.len() > MAX_REQUEST_BYTES {
        return Err(wrong(format!("the request has more than {MAX_REQUEST_BYTES} bytes")));
    }
    let value: Value =
        serde_json::from_slice(text).map_err(|error| wrong(format!("the request is not valid JSON: {error}")))?;
    let kind = kind_of(&value)?;
    fits(&value, kind)?;
    let rest: Rest = serde_json::from_value(value.clone()).map_err(|error| wrong(error.to_string()))?;
    let mut kept = value;
    if let Some(fields) = kept.as_object_mut() {
        for key in ["files", "path", "expires_in"] {
            fields.shift_remove(key);
        }
        fields.entry("description").or_insert(json!(""));
    }
    let request: Request = serde_json::from_value(kept).map_err(|error| wrong(error.to_string()))?;
    if request.kind == RequestKind::Tool && request.description.is_empty() && !rest.files.is_empty() {
        return Err(wrong("description: is required for a new tool".to_owned()));
    }
    if rest.path.is_some() && !rest.files.is_empty() {
        return Err(wrong("path: use either files or a path, not both".to_owned()));
    }
    let expires_in = rest.expires_in.as_deref().map(expiry).transpose()?;
    Ok(Letter { request, files: files(rest.files)?, path: rest.path, expires_in })
}

fn kind_of(value: &Value) -> Result<RequestKind, EngineError> {
    let Some(fields) = value.as_object() else { return Err(wrong("the request is not a JSON object".to_owned())) };
    // Requests for calls are created here, when a run needs a permit.
    let posted = || RequestKind::ALL.iter().filter(|kind| **kind != RequestKind::Call);
    let known = || posted().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let named = |word: &str| posted().find(|kind| kind.word() == word).copied();
    match fields.get("kind") {
        None => Err(wrong(format!("kind: required; one of {}", known()))),
        Some(Value::String(word)) => named(word).ok_or_else(|| wrong(format!("kind: must be one of {}", known()))),
        Some(_) => Err(wrong("kind: must be a string".to_owned())),
    }
}

/// Validates a request against the part of the schema for its kind, so that errors are specific.
fn fits(value: &Value, kind: RequestKind) -> Result<(), EngineError> {
    let mut schema: Value = serde_json::from_str(REQUEST_SCHEMA).map_err(EngineError::internal)?;
    if let Some(parts) = schema.as_object_mut() {
        parts.shift_remove("oneOf");
        parts.insert("$ref".to_owned(), json!(format!("#/$defs/{}", kind.word())));
    }
    let checker = Checker::new(&schema).map_err(EngineError::internal)?;
    let faults: Vec<String> = checker
        .violations(value)
        .into_iter()
        .map(|fault| {
            let field = field(&fault.path);
            if field.is_empty() { fault.message } else { format!("{field}: {}", fault.message) }
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(wrong(faults.join("; "))) }
}

/// A JSON pointer as a reader writes it: `test_results[2].state`.
fn field(pointer: &str) -> String {
    let mut text = String::new();
    for part in pointer.split('/').skip(1) {
        if part.chars().all(|c| c.is_ascii_digit()) && !part.is_empty() {
            text.extend(["[", part, "]"]);
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
    }
    text
}

fn expiry(text: &str) -> Result<Duration, EngineError> {
    duration(text).filter(|wait| *wait <= MAX_WAIT).ok_or_else(|| {
        wrong(format!("expires_in: {text:?} is not a duration of up to a year; write for example \"24h\""))
    })
}

/// Files of a tool: plain relative paths, each once, and without the names that Toolsmith itself writes.
fn files(written: Vec<File>) -> Result<Vec<VersionFile>, EngineError> {
    let mut files = Vec::with_capacity(written.len());
    for (number, File { path, content, executable }) in written.into_iter().enumerate() {
        let bad = |why: &str| Err(wrong(format!("files[{number}].path: {path:?} {why}")));
        let plain = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || path.ends_with('/') || path.contains("//") || path.contains("/./") || path.contains('\\') {
            return bad("is not a relative path inside the folder of the tool");
        }
        if path.chars().any(crate::domain::is_hidden) {
            return bad("has invisible characters");
        }
        let hidden = path.split('/').any(|part| part.starts_with('.'));
        if hidden || path == "approval.toml" || path.starts_with("versions/") {
            return bad("is not a file that a tool may contain");
        }
        let mode = if executable { FileMode::Executable } else { FileMode::Plain };
        files.push(VersionFile { path, mode, bytes: content.into_bytes() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if let Some(pair) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
        return Err(wrong(format!("files: duplicate {:?}", pair[0].path)));
    }
    Ok(files)
}

fn wrong(message: String) -> EngineError {
    EngineError::new(ErrorCode::Usage, message, "`toolsmith request --schema` prints the JSON schema of requests")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(value: &Value) -> String {
        read(value.to_string().as_bytes()).unwrap_err().message
    }

    fn tool() -> Value {
        json!({"kind": "ToolReviewRequest", "tool": "adder", "description": "adds", "rationale": "was asked to"})
    }

    fn with(mut value: Value, key: &str, field: Value) -> Value {
        value[key] = field;
        value
    }

    #[test]
    fn what_is_wrong_is_named_by_its_field() {
        for (value, says) in [
            (json!([]), "the request is not a JSON object"),
            (json!({}), "kind: required; one of ToolReviewRequest, PlanModificationProposal, "),
            (json!({"kind": "x"}), "kind: must be one of ToolReviewRequest"),
            (json!({"kind": 7}), "kind: must be a string"),
            (json!({"kind": "archive", "tool": "adder"}), "rationale: is required"),
            (with(tool(), "tool", json!("../x")), "tool: \"../x\" does not match"),
            (with(tool(), "rationale", json!("")), "rationale: "),
            (with(tool(), "reviewer", json!("me")), "('reviewer' was unexpected)"),
            (with(tool(), "test_results", json!([{"name": "t", "state": "good"}])), "test_results[0].state: "),
            (with(tool(), "files", json!([{"path": "a", "content": 1}])), "files[0].content: "),
            (with(tool(), "files", json!([{"path": "../a", "content": ""}])), "files[0].path: "),
            (with(tool(), "files", json!([{"path": "/etc/a", "content": ""}])), "files[0].path: "),
            (with(tool(), "files", json!([{"path": "approval.toml", "content": ""}])), "files[0].path: "),
            (with(tool(), "files", json!([{"path": "a\u{202e}b", "content": ""}])), "files[0].path: "),
            (
                with(tool(), "files", json!([{"path": "a", "content": ""}, {"path": "a", "content": ""}])),
                "files: duplicate \"a\"",
            ),
            (
                json!({"kind": "ToolReviewRequest", "tool": "a", "rationale": "r", "files": [{"path": "a", "content": ""}]}),
                "description: is required for a new tool",
            ),
            (with(tool(), "expires_in", json!("soon")), "expires_in: "),
            (with(tool(), "expires_in", json!("9000h")), "expires_in: "),
            (
                json!({"kind": "PlanModificationProposal", "plan": "p", "changes": [{}], "rationale": "r"}),
                "changes[0].summary: is required",
            ),
        ] {
            let message = refusal(&value);
            assert!(message.contains(says), "{value}: {message}");
        }
        let long = format!("{{\"kind\": \"archive\", \"x\": \"{}\"}}", "a".repeat(MAX_REQUEST_BYTES));
        assert!(read(long.as_bytes()).unwrap_err().message.starts_with("the request has more than"));
    }

    #[test]
    fn each_kind_is_read_and_what_is_kept_is_what_was_asked() {
        let letter = read(
            with(
                with(tool(), "expires_in", json!("2h")),
                "files",
                json!([{"path": "adder.py", "content": "x", "executable": true}]),
            )
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        assert_eq!(letter.expires_in, Some(Duration::from_hours(2)));
        assert_eq!(
            letter.files,
            vec![VersionFile { path: "adder.py".into(), mode: FileMode::Executable, bytes: b"x".to_vec() }]
        );
        assert_eq!(serde_json::to_value(&letter.request).unwrap(), tool());
        for value in [
            json!({"kind": "archive", "tool": "a", "rationale": "r"}),
            json!({"kind": "deprecation", "tool": "a", "successor": "b", "rationale": "r"}),
            json!({"kind": "specification", "tool": "a", "description": "d", "rationale": "r", "specification": {"expected_output": "json"}}),
            json!({"kind": "PlanModificationProposal", "plan": "p", "changes": [{"summary": "s", "before": "x", "after": "y"}], "rationale": "r"}),
        ] {
            let letter = read(value.to_string().as_bytes()).unwrap();
            let kept = serde_json::to_value(&letter.request).unwrap();
            assert!(value.as_object().unwrap().iter().all(|(key, field)| kept[key] == *field), "{kept}");
        }
    }

    #[test]
    fn the_schema_says_the_same_as_a_whole() {
        let schema: Value = serde_json::from_str(REQUEST_SCHEMA).unwrap();
        let checker = Checker::new(&schema).unwrap();
        assert!(checker.violations(&tool()).is_empty());
        assert!(!checker.violations(&json!({"kind": "archive"})).is_empty());
    }
}
