//! Metadata of a tool next to its code: `name`, `category`, `description`, `cost_tier`, `idempotent`, `keywords`,
//! `use_cases`, and its input as `schema`.

use crate::catalog::document::Document;
use crate::catalog::draft::Draft;
use crate::catalog::{foreign, schema_loose};
use crate::domain::Problem;
use serde_json::Value;

/// Whether a document is metadata: a name, a table `schema`, and nothing about a start.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    let is_started =
        ["run", "kind", "type", "input", "executable", "command", "parameters", "input_schema", "inputSchema"];
    fields.get("name").is_some_and(Value::is_string)
        && fields.get("schema").is_some_and(Value::is_object)
        && !is_started.iter().any(|key| fields.contains_key(*key))
}

/// Reads metadata.
///
/// # Errors
/// A [`Problem`] for an invalid name, and for fields of the wrong type.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut draft = foreign::read(document, None)?;
    let manifest = &mut draft.manifest;
    if let Some(schema) = manifest.extra.shift_remove("schema") {
        manifest.input = Some(schema_loose::translate(&schema));
    }
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;
    use crate::domain::{Category, CostTier};
    use serde_json::json;

    #[test]
    fn the_eight_fields_are_read() {
        let text = json!({"name": "my_tool", "category": "custom", "description": "Does it", "cost": "free", "idempotent": true,
            "keywords": ["a"], "use_cases": ["b c"], "schema": {"type": "dict", "properties": {"n": {"type": "float"}}}});
        let text = text.to_string();
        let draft = Draft::of(&Document::parse("x/my_tool.json", Syntax::Json, text.as_bytes()).unwrap()).unwrap();
        let manifest = draft.manifest;
        assert_eq!((manifest.name.as_str(), manifest.description.as_str()), ("my_tool", "Does it"));
        assert_eq!((manifest.category, manifest.cost_tier), (Some(Category::new("custom")), Some(CostTier::Low)));
        assert_eq!(
            (manifest.idempotent, manifest.keywords, manifest.use_cases),
            (Some(true), vec!["a".into()], vec!["b c".into()])
        );
        assert_eq!(manifest.input, Some(json!({"type": "object", "properties": {"n": {"type": "number"}}})));
        assert!(draft.is_about_code);
    }
}
