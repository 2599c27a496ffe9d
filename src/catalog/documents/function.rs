//! One function in the format for models: `{"type": "function", "function": {name, description, parameters}}`, or the
//! same without the outer table. The forms without `type` are in [`foreign`].

use crate::catalog::document::Document;
use crate::catalog::draft::Draft;
use crate::catalog::foreign;
use crate::domain::Problem;
use serde_json::{Map, Value};

/// The inner table of a function, in a table that declares one.
pub(super) fn inner(fields: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let is_function = fields.get("type").and_then(Value::as_str).is_none_or(|kind| kind == "function");
    fields.get("function").and_then(Value::as_object).filter(|inner| is_function && inner.contains_key("name"))
}

/// Whether a document is a function.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    inner(fields).is_some()
        || (fields.get("type").and_then(Value::as_str) == Some("function") && fields.contains_key("name"))
}

/// Reads a function.
///
/// # Errors
/// A [`Problem`] for an invalid name, and for fields of the wrong type.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let fields = inner(&document.fields).unwrap_or(&document.fields).clone();
    foreign::read(&Document { path: document.path, text: document.text, fields }, None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;
    use serde_json::json;

    fn parse(value: &Value) -> Draft {
        let text = value.to_string();
        Draft::of(&Document::parse("x/weather.json", Syntax::Json, text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn all_shapes_of_a_function_have_a_form_and_a_reason() {
        let schema = json!({"type": "dict", "properties": {"city": {"type": "str"}, "days": {"type": "float"}}, "required": ["city"]});
        let plain = json!({"name": "get_weather", "description": "Weather of a city", "parameters": schema});
        let flat = json!({"type": "function", "name": "get_weather", "description": "Weather of a city", "parameters": schema});
        for value in [
            json!({"type": "function", "function": plain}),
            plain,
            flat,
            json!({"name": "get_weather", "description": "Weather of a city", "input_schema": schema}),
            json!({"name": "get_weather", "description": "Weather of a city", "inputSchema": schema}),
        ] {
            let draft = parse(&value);
            assert_eq!(draft.manifest.name.as_str(), "get_weather");
            assert_eq!(draft.manifest.description, "Weather of a city");
            assert_eq!(
                draft.manifest.input,
                Some(json!({"type": "object", "required": ["city"],
                    "properties": {"city": {"type": "string"}, "days": {"type": "number"}}})),
                "{value}"
            );
            assert!(draft.is_about_code);
        }
    }

    #[test]
    fn a_root_list_stays_a_list() {
        let draft = parse(&json!({"name": "sum", "parameters": {"type": "tuple", "items": {"type": "int"}}}));
        assert_eq!(draft.manifest.input, Some(json!({"type": "array", "items": {"type": "integer"}})));
    }
}
