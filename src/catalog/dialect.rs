//! Which dialect a manifest is written in.

use super::document::Document;
use super::draft::Draft;
use super::{ci_tool, foreign, native};
use crate::domain::{Problem, ProblemCode};
use serde_json::Value;

impl Draft {
    /// Reads a manifest in any dialect.
    ///
    /// # Errors
    /// A [`Problem`] when a field that is known has the wrong type, the name is missing or outside
    /// the alphabet, or nothing in it says that it is a tool.
    pub(super) fn of(document: &Document<'_>) -> Result<Draft, Problem> {
        let says = |key: &str| document.fields.contains_key(key);
        let kind = document.fields.get("type").and_then(Value::as_str);
        let foreign = says("type")
            || ["executable", "parameters", "input_schema", "inputSchema", "args", "tool_id"].into_iter().any(says);
        let known = ["name", "description", "kind", "run", "version", "category", "keywords"].into_iter().any(says);
        if ci_tool::is_definition(&document.fields) {
            ci_tool::read(document)
        } else if foreign && !says("run") && !says("kind") {
            foreign::read(document, kind)
        } else if known && (says("name") || !ci_tool::are_several(&document.fields)) {
            native::read(document)
        } else {
            let problem = document.problem(
                &[],
                ProblemCode::UnknownDialect,
                "not recognised as a tool".to_owned(),
                "add a name and a description, or move the file out of the tools folder",
            );
            Err(ci_tool::explained(problem, &Value::Object(document.fields.clone())))
        }
    }
}
