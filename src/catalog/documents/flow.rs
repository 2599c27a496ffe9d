//! Documents that only the program they are written for can use: flows of nodes (n8n), workflows of GitHub, extensions of a
//! browser. They are data here, and nothing that a command starts.

use crate::catalog::document::Document;
use crate::catalog::draft::Draft;
use crate::domain::{Problem, ProblemCode};
use serde_json::Value;

/// Whether a document is one of these.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    let is_node = |node: &Value| node.get("type").is_some() || node.get("position").is_some();
    let has_nodes = fields.get("nodes").and_then(Value::as_array).is_some_and(|nodes| nodes.iter().all(is_node));
    let has_table = |key: &str| fields.get(key).is_some_and(Value::is_object);
    let is_flow = has_nodes && has_table("connections");
    // YAML may read the key `on` as a truth value.
    let is_workflow = has_table("jobs") && ["on", "true"].iter().any(|key| fields.contains_key(*key));
    let is_extension = fields.get("manifest_version").is_some_and(Value::is_number);
    (is_flow || is_workflow || is_extension) && !["run", "command"].iter().any(|key| fields.contains_key(*key))
}

/// Reports that a flow is not a tool.
///
/// # Errors
/// Always: a [`Problem`] by which it counts as data.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let message = "it is for another program, and not a tool".to_owned();
    Err(document.problem(&[], ProblemCode::UnknownDialect, message, "move the file out of the tools folder"))
}
