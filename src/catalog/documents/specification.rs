//! Specifications of workflows: `workflow_id`, `inputs`, `outputs`, and steps with `input_mapping` and `depends_on`.

use crate::catalog::document::Document;
use crate::catalog::draft::{self, Draft};
use crate::catalog::foreign;
use crate::domain::Problem;
use serde_json::Value;

/// Whether a document is the specification of a workflow: `workflow_id` in place of a name, and steps.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    fields.get("workflow_id").is_some_and(Value::is_string)
        && fields.get("steps").is_some_and(Value::is_array)
        && !fields.contains_key("name")
}

/// Reads the specification of a workflow.
///
/// # Errors
/// A [`Problem`] for an id that gives no name.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = document.fields.clone();
    let id = fields.get("workflow_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let name = draft::title_name(document, &id)?;
    fields.insert("name".to_owned(), Value::String(name.name.to_string()));
    let named = Document { path: document.path, text: document.text, fields };
    let mut draft = foreign::read(&named, Some("workflow"))?;
    draft.manifest.title = name.title;
    Ok(draft)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;
    use crate::domain::Kind;
    use serde_json::json;

    #[test]
    fn a_specification_maps_inputs_and_outputs() {
        let text = json!({"workflow_id": "Write And Translate", "description": "d",
        "inputs": {"topic": {"type": "string", "required": true}},
        "outputs": {"text": {"type": "string", "source_reference": "steps.translate.translated"}},
        "steps": [
            {"step_id": "write", "type": "llm_call", "tool": "writer", "input_mapping": {"topic": "inputs.topic", "n": 3}, "output_name": "article"},
            {"step_id": "translate", "type": "existing_tool", "tool": "nmt", "depends_on": ["write"],
             "input_mapping": {"text": "steps.write.article", "first": "${steps.write.article.lines.0}", "say": "see steps.write.article"}, "output_name": "translated"}
        ]});
        let draft =
            Draft::of(&Document::parse("flows/w.json", Syntax::Json, text.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!((draft.manifest.name.as_str(), draft.manifest.kind), ("write_and_translate", Kind::Composite));
        let found = draft.manifest.composite.unwrap();
        assert_eq!(found.steps[0].input, Some(json!({"topic": "{input.topic}", "n": 3})));
        let wanted = json!({"text": "{steps.write.output}", "first": "{steps.write.output.lines.0}", "say": "see steps.write.article"});
        assert_eq!(found.steps[1].input, Some(wanted));
        assert_eq!(found.result, Some(json!({"text": "{steps.translate.output}"})));
        assert_eq!(found.check(), Ok(()));
    }
}
