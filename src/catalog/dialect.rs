//! Which format a manifest is written in.

use super::document::Document;
use super::documents::{function, metadata, registry, tool_list, workflow};
use super::draft::Draft;
use super::{ci_tool, foreign, native};
use crate::domain::{Problem, ProblemCode};
use serde_json::Value;

/// A format of documents.
struct DocumentFormat {
    /// Whether a document is written in it, by its fields.
    is: fn(&Document<'_>) -> bool,
    read: fn(&Document<'_>) -> Result<Draft, Problem>,
}

/// The formats, the most specific first: the first one that a document is written in reads it.
const FORMATS: &[DocumentFormat] = &[
    DocumentFormat { is: |document| ci_tool::is_definition(&document.fields), read: ci_tool::read },
    DocumentFormat { is: registry::is_one, read: registry::read },
    DocumentFormat { is: workflow::is_one, read: workflow::read },
    DocumentFormat { is: function::is_one, read: function::read },
    DocumentFormat { is: metadata::is_one, read: metadata::read },
    DocumentFormat { is: is_foreign, read: read_foreign },
    DocumentFormat { is: tool_list::is_one, read: tool_list::read },
    DocumentFormat { is: is_native, read: native::read },
];

impl Draft {
    /// Reads a manifest in any format.
    ///
    /// # Errors
    /// A [`Problem`] when a field that is known has the wrong type, the name is missing or outside
    /// the alphabet, or nothing in it says that it is a tool.
    pub(super) fn of(document: &Document<'_>) -> Result<Draft, Problem> {
        if let Some(format) = FORMATS.iter().find(|format| (format.is)(document)) {
            return (format.read)(document);
        }
        let problem = document.problem(
            &[],
            ProblemCode::UnknownDialect,
            "not recognised as a tool".to_owned(),
            "add a name and a description, or move the file out of the tools folder",
        );
        Err(ci_tool::explained(problem, &Value::Object(document.fields.clone())))
    }
}

fn is_foreign(document: &Document<'_>) -> bool {
    let says = |key: &str| document.fields.contains_key(key);
    ["type", "executable", "parameters", "input_schema", "inputSchema", "args", "tool_id"].into_iter().any(says)
        && !says("run")
        && !says("kind")
}

fn read_foreign(document: &Document<'_>) -> Result<Draft, Problem> {
    foreign::read(document, document.fields.get("type").and_then(Value::as_str))
}

fn is_native(document: &Document<'_>) -> bool {
    let says = |key: &str| document.fields.contains_key(key);
    ["name", "description", "kind", "run", "version", "category", "keywords"].into_iter().any(says)
        && (says("name") || !ci_tool::are_several(&document.fields))
}
