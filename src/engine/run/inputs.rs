//! The input for a tool.

use crate::domain::{Form, Manifest, Redactor, SafeText, ToolDetail, redacted_input};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::RunRequest;
use serde_json::{Map, Value};

/// Maximum number of characters of a value in an error: it may be the text of a file.
const SHOWN: usize = 200;

/// The input to send: an object with each `KEY=VALUE` at the place and with the type that the input schema states. A
/// tool with declared inputs gets an object even if nothing was given. Only defaults of required inputs are added.
///
/// # Errors
/// [`ErrorCode::Usage`] for a `KEY=VALUE` that does not fit.
pub fn fitted(manifest: &Manifest, object: Option<Value>, sets: &[String]) -> Result<Option<Value>, EngineError> {
    if sets.is_empty() {
        let empty = || manifest.input.as_ref().map(|_| Value::Object(Map::new()));
        return Ok(object.or_else(empty));
    }
    let object = object.or_else(|| manifest.input.as_ref().map(needed_defaults));
    let mut form = Form::from_schema(manifest.input.as_ref(), object.as_ref(), &[]);
    for set in sets {
        form.apply_set(set).map_err(|error| {
            let hint = format!("`toolsmith show {}` lists its inputs", manifest.name);
            let shown = SafeText::new(&set.lines().next().unwrap_or_default().chars().take(SHOWN).collect::<String>())
                .to_string();
            EngineError::new(ErrorCode::Usage, format!("--set {shown} is not valid: {error}"), hint)
        })?;
    }
    Ok(Some(form.value()))
}

/// The defaults of required inputs in a schema.
fn needed_defaults(schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let defaults =
        required.filter_map(|name| Some((name.to_owned(), schema["properties"][name].get("default")?.clone())));
    Value::Object(defaults.collect())
}

/// The stored input of a run: with secrets redacted, including inputs that are secret by schema or name.
pub(super) fn stored_input(request: &RunRequest, detail: &ToolDetail, redactor: &Redactor) -> String {
    let Some(input) = &request.input else { return String::new() };
    redactor.json(&redacted_input(detail.manifest.input.as_ref(), input)).to_string()
}
