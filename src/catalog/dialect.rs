//! Which format a manifest is written in.

use super::document::Document;
use super::documents::{
    bashly, declaration, feature, flow, function, metadata, registry, specification, tool_list, workflow,
};
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
    DocumentFormat { is: feature::is_one, read: feature::read },
    DocumentFormat { is: flow::is_one, read: flow::read },
    DocumentFormat { is: registry::is_one, read: registry::read },
    DocumentFormat { is: registry::is_server, read: registry::read_server },
    DocumentFormat { is: workflow::is_one, read: workflow::read },
    DocumentFormat { is: bashly::is_one, read: bashly::read },
    DocumentFormat { is: function::is_one, read: function::read },
    DocumentFormat { is: specification::is_one, read: specification::read },
    DocumentFormat { is: metadata::is_one, read: metadata::read },
    DocumentFormat { is: is_foreign_workflow, read: |document| foreign::read(document, Some("workflow")) },
    DocumentFormat { is: is_foreign, read: read_foreign },
    DocumentFormat { is: tool_list::is_one, read: tool_list::read },
    DocumentFormat { is: declaration::is_one, read: declaration::read },
    DocumentFormat { is: is_native, read: native::read },
];

/// Keys that define how a tool is started, or its input.
const STARTING: &[&str] = &[
    "run",
    "command",
    "executable",
    "execution",
    "steps",
    "http",
    "url",
    "prompt",
    "template",
    "parameters",
    "input",
    "inputs",
    "input_schema",
    "inputSchema",
    "args",
    "tool_id",
    "service",
    "permissions",
    "type",
];

/// Keys that turn an address into a request.
const REQUEST: &[&str] = &["method", "headers", "body", "query", "auth"];

/// Those keys of [`STARTING`] that data without a name does not have.
const CERTAIN: &[&str] = &["run", "command", "executable", "execution", "tool_id"];

/// Keys of a manifest that hold tables or lists of them.
const KNOWN_LISTS: &[&str] = &[
    "tags",
    "keywords",
    "use_cases",
    "capabilities",
    "aliases",
    "dependencies",
    "category",
    "metadata",
    "examples",
    "output",
    "output_schema",
    "limits",
    "state",
    "env",
    "mcp",
    "provenance",
    "version",
    "name",
];

impl Draft {
    /// Reads a manifest in any format.
    ///
    /// # Errors
    /// A [`Problem`] if a known field has the wrong type, the name is missing or invalid, or nothing indicates that it
    /// is a tool.
    pub(super) fn of(document: &Document<'_>) -> Result<Draft, Problem> {
        if let Some(format) = FORMATS.iter().find(|format| (format.is)(document)) {
            return (format.read)(document).map_err(|problem| as_data(document, problem));
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

/// The problem of a document that has no name: where nothing in it could start anything either, it is not known to be a tool.
fn as_data(document: &Document<'_>, problem: Problem) -> Problem {
    let says = |key: &&str| document.fields.contains_key(*key);
    let is_schema = ["$schema", "$id", "properties", "apiVersion"].iter().any(says) || is_schema_of_value(document);
    // Data has a type as well, and the metadata of a page an address and a description.
    let starts = |key: &&&str| match **key {
        "type" => says(&"description"),
        "url" => REQUEST.iter().any(says),
        _ => true,
    };
    let may_start = STARTING.iter().filter(starts).any(says);
    // Words of it may have another meaning in data.
    let is_list_of_tables = |value: &Value| value.as_array().is_some_and(|items| items.iter().any(Value::is_object));
    let is_own = |(key, value): (&String, &Value)| {
        !KNOWN_LISTS.contains(&key.as_str())
            && (is_list_of_tables(value) || value.as_object().is_some_and(|table| !table.is_empty()))
    };
    let is_named_data = !says(&"description") && !says(&"kind") && !may_start && document.fields.iter().any(is_own);
    // Without a name, words that data has as well tell of a tool only beside its description.
    let tells = |key: &&str| CERTAIN.contains(key) && says(key);
    let is_told = says(&"description") || says(&"kind") || CERTAIN.iter().any(tells);
    let is_nameless =
        problem.code == ProblemCode::MissingField && !says(&"name") && (is_schema || !may_start || !is_told);
    if is_nameless || problem.code == ProblemCode::BadField && is_named_data {
        return Problem { code: ProblemCode::UnknownDialect, ..problem };
    }
    problem
}

/// Whether a document is the JSON Schema of one value: `type: string`, `description`, `enum`.
fn is_schema_of_value(document: &Document<'_>) -> bool {
    const TYPES: &[&str] = &["object", "array", "string", "integer", "number", "boolean", "null"];
    let is_type = |value: &Value| value.as_str().is_some_and(|word| TYPES.contains(&word));
    match document.fields.get("type") {
        Some(Value::Array(types)) => !types.is_empty() && types.iter().all(is_type),
        Some(value) => is_type(value) && !CERTAIN.iter().any(|key| document.fields.contains_key(*key)),
        None => false,
    }
}

/// A workflow of another program whose steps call tools, without a type.
fn is_foreign_workflow(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    let of_step = |step: &Value| step.get("step_id").is_some();
    let steps = fields.get("steps").and_then(Value::as_array);
    steps.is_some_and(|steps| fields.contains_key("workflow_id") || steps.iter().any(of_step))
        && !["type", "run", "kind"].iter().any(|key| fields.contains_key(*key))
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
    ["name", "description", "kind", "run"].into_iter().any(says)
        && (says("name") || !ci_tool::are_several(&document.fields))
}
