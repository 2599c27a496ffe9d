//! Detects a failure that a JSON object on standard output states although the exit code means success.
//!
//! The rules concern only the top level of the object, because deeper values are data:
//!
//! | in the output | is a failure |
//! | --- | --- |
//! | `success`, `ok` | `false` |
//! | `isError`, `is_error` | `true` |
//! | `status` | `error`; `failed`, `failure` with a message, or with nothing else |
//! | `error` | a text or an object; `true` with a message, or alone; not an empty value, a number or a list |
//! | `errors` | a list or object that is not empty, with no result next to it: a linter reports its findings next to other fields |
//!
//! `success: true`, `ok: true` and a `status` that means success take precedence over `error` and `errors`. A field
//! that the output schema declares as data does not count: `errors` if it is declared at all, `error` if every output
//! has one or it is not a message.

use serde_json::{Map, Value};

/// Fields whose value alone decides.
const FLAGS: [(&str, bool); 4] = [("success", false), ("ok", false), ("isError", true), ("is_error", true)];

/// Status words.
const SUCCEEDED: [&str; 6] = ["success", "succeeded", "ok", "completed", "done", "passed"];
const FAILED: [&str; 2] = ["failed", "failure"];

/// Fields with a reason, best first.
const REASONS: [&str; 7] = ["error", "errors", "message", "error_message", "reason", "detail", "details"];

/// Fields that may accompany a list of errors that is the whole answer, if they contain no result.
const COMPANIONS: [&str; 12] = [
    "data",
    "result",
    "message",
    "code",
    "status",
    "extensions",
    "success",
    "ok",
    "timestamp",
    "tool",
    "jsonrpc",
    "id",
];

/// The failure that the output states, with the name of the field; `None` if it states none.
pub(super) fn stated_failure(output: &[u8], schema: Option<&Value>) -> Option<String> {
    let object = object_of(output)?;
    let said = rule(&object, schema)?;
    let field = format!("output says {:?}: {}", said.field, said.value);
    Some(match reason(&object, said.field) {
        Some(reason) if said.has_value => format!("{field}: {reason}"),
        Some(reason) => format!("output says {:?}: {reason}", said.field),
        None => field,
    })
}

/// The whole output as an object, or its last line, because progress or earlier results may come before.
fn object_of(output: &[u8]) -> Option<Map<String, Value>> {
    let text = output.trim_ascii();
    // The last character rules out nearly all other output.
    if text.last() != Some(&b'}') {
        return None;
    }
    let parse = |text: &[u8]| match serde_json::from_slice::<Value>(text) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    };
    let last = text.rsplit(|byte| *byte == b'\n').next()?.trim_ascii();
    let whole = if text.first() == Some(&b'{') { parse(text) } else { None };
    whole.or_else(|| if last.first() == Some(&b'{') && last.len() < text.len() { parse(last) } else { None })
}

/// The field that states the failure.
struct Stated<'o> {
    field: &'static str,
    value: &'o Value,
    /// Whether the value is only a flag or a word, so that a reason next to it says more.
    has_value: bool,
}

fn rule<'o>(object: &'o Map<String, Value>, schema: Option<&Value>) -> Option<Stated<'o>> {
    for (field, bad) in FLAGS {
        if let Some(value @ Value::Bool(flag)) = object.get(field)
            && *flag == bad
        {
            return Some(Stated { field, value, has_value: true });
        }
    }
    let status = object.get("status").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let is_flag = |field: &str| object.get(field) == Some(&Value::Bool(true));
    if is_flag("success") || is_flag("ok") || SUCCEEDED.contains(&status.as_str()) {
        return None;
    }
    let has_reason = || object.len() == 1 || REASONS.iter().any(|field| object.get(*field).is_some_and(is_said));
    if status == "error" || FAILED.contains(&status.as_str()) && has_reason() {
        return Some(Stated { field: "status", value: object.get("status")?, has_value: true });
    }
    // A flag alone among other fields is part of a record, such as a span of a trace.
    let is_told = |value: &Value| !value.is_boolean() || object.len() == 1 || reason(object, "error").is_some();
    let error = object.get("error").filter(|value| is_message(value) && is_told(value));
    if let Some(value) = error.filter(|_| !is_data(schema, "error")) {
        return Some(Stated { field: "error", value, has_value: false });
    }
    let value =
        object.get("errors").filter(|value| value.is_array() || value.is_object()).filter(|value| is_said(value))?;
    let is_whole = object.iter().all(|(field, value)| {
        field == "errors"
            || COMPANIONS.contains(&field.as_str()) && (value.is_null() || !matches!(field.as_str(), "data" | "result"))
    });
    (is_whole && declared(schema, "errors").is_none()).then_some(Stated { field: "errors", value, has_value: false })
}

/// Whether a value has content: it is not null, `false`, zero or empty.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Null | Value::Number(_) => false,
        Value::Bool(flag) => *flag,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// Whether a value of `error` is a message: a rate, a count or a list of errors is data.
fn is_message(value: &Value) -> bool {
    is_said(value) && !value.is_array()
}

fn declared<'s>(schema: Option<&'s Value>, field: &str) -> Option<&'s Value> {
    schema?.get("properties")?.get(field)
}

/// Whether the output schema makes a field data: every output has it and it cannot be null, or it is not a message.
fn is_data(schema: Option<&Value>, field: &str) -> bool {
    let Some(of_field) = declared(schema, field) else { return false };
    let kinds: Vec<&str> = match of_field.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return false,
    };
    let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
    let is_required = required.is_some_and(|names| names.iter().any(|name| name == field));
    let is_message = kinds.iter().any(|kind| matches!(*kind, "string" | "object" | "boolean"));
    !is_message || is_required && kinds == ["string"] && !has_flag(schema)
}

/// Whether the output schema has a field that states success: then an error next to it is a message.
fn has_flag(schema: Option<&Value>) -> bool {
    ["success", "ok", "status"].into_iter().any(|flag| declared(schema, flag).is_some())
}

/// The reason, in the words of the output.
fn reason(object: &Map<String, Value>, field: &str) -> Option<String> {
    let fields = REASONS.iter().filter(|other| object.get(**other).is_some_and(is_said));
    let best = if REASONS.contains(&field) { Some(field) } else { None };
    best.into_iter().chain(fields.copied()).find_map(|field| words(object.get(field)?))
}

/// A message: the text itself, or that of an object or of the first element of a list.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Object(fields) => {
            let said = ["message", "error", "reason", "detail"].iter().find_map(|key| fields.get(*key)?.as_str());
            Some(said.map_or_else(|| value.to_string(), str::to_owned))
        }
        Value::Array(items) => items.first().and_then(words),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(output: &str) -> Option<String> {
        stated_failure(output.as_bytes(), None)
    }

    #[test]
    fn a_failure_is_told_with_the_field_that_says_it() {
        for (output, wanted) in [
            ("{\"success\": false}", "output says \"success\": false"),
            ("{\"ok\": false, \"reason\": \"no\"}", "output says \"ok\": false: no"),
            ("{\"isError\": true, \"content\": []}", "output says \"isError\": true"),
            ("{\"status\": \"error\", \"message\": \"gone\"}", "output says \"status\": \"error\": gone"),
            ("{\"status\": \"Failed\", \"error\": \"x\"}", "output says \"status\": \"Failed\": x"),
            ("{\"status\": \"failure\"}", "output says \"status\": \"failure\""),
            ("{\"error\": \"boom\"}", "output says \"error\": boom"),
            ("{\"error\": true, \"message\": \"m\"}", "output says \"error\": m"),
            ("{\"error\": {\"code\": 1, \"message\": \"deep\"}}", "output says \"error\": deep"),
            ("{\"errors\": [{\"message\": \"no field x\"}], \"data\": null}", "output says \"errors\": no field x"),
            ("{\"n\": 1}\n{\"n\": 2}\n{\"error\": \"late\"}\n", "output says \"error\": late"),
            ("reading…\n{\"success\": false, \"error\": \"e\"}", "output says \"success\": false: e"),
        ] {
            assert_eq!(said(output).as_deref(), Some(wanted), "{output}");
        }
    }

    #[test]
    fn data_about_errors_is_no_failure() {
        for output in [
            "{\"error\": null}",
            "{\"error\": \"\"}",
            "{\"error\": []}",
            "{\"error\": {}}",
            "{\"error\": 0}",
            "{\"error\": 0.25}",
            "{\"error\": false}",
            "{\"errors\": 3}",
            "{\"errors\": []}",
            "{\"errors\": [{\"line\": 3}], \"warnings\": []}",
            "{\"file\": \"a.py\", \"errors\": [\"E501\"]}",
            "{\"data\": {\"a\": 1}, \"errors\": [\"partial\"]}",
            "{\"error\": [\"E501\"], \"n\": 1}",
            "{\"success\": true, \"error\": \"one of 3 was skipped\"}",
            "{\"name\": \"span\", \"error\": true}",
            "{\"status\": \"ok\", \"error\": \"last week\"}",
            "{\"status\": \"failed\", \"build\": 7}",
            "{\"status\": 500}",
            "{\"valid\": false, \"message\": \"no match\"}",
            "{\"level\": \"error\", \"count\": 2}",
            "[{\"error\": \"x\"}]",
            "{\"a\": {\"error\": \"deep\"}}",
            "{\"success\": \"false\"}",
            "{\"error\": \"cut",
            "error: {not json}",
            "",
        ] {
            assert_eq!(said(output), None, "{output}");
        }
    }

    #[test]
    fn what_the_output_schema_declares_as_data_does_not_count() {
        let judged = |schema: Value, output: &str| stated_failure(output.as_bytes(), Some(&schema)).is_some();
        let of = |field: &str, kind: Value| json!({"properties": {field: {"type": kind}}});
        assert!(judged(of("error", json!("string")), "{\"error\": \"x\"}"));
        assert!(judged(of("error", json!(["string", "null"])), "{\"error\": \"x\"}"));
        assert!(!judged(of("errors", json!("array")), "{\"errors\": [\"x\"]}"));
        let mut row = json!({"properties": {"error": {"type": "string"}, "line": {}}, "required": ["error"]});
        assert!(!judged(row.clone(), "{\"error\": \"timeout\", \"line\": 7}"));
        row["properties"]["success"] = json!({"type": "boolean"});
        assert!(judged(row, "{\"error\": \"timeout\"}"));
    }
}
