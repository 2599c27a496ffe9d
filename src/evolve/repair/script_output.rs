//! Prints objects and arrays of JavaScript and TypeScript as JSON, if JSON output is declared: node prints its own
//! format.

use super::{Edit, Fix, Patient};
use crate::code::javascript::scope::JavaScriptNames;
use crate::domain::count;
use crate::domain::source::{Language, children, nodes, text};
use tree_sitter::Node;

pub(super) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    let language = patient.language.filter(|language| Language::is_javascript(*language))?;
    if !patient.prints_json() {
        return None;
    }
    let tree = language.parse(patient.text).filter(|tree| !tree.root_node().has_error())?;
    let root = tree.root_node();
    let names = JavaScriptNames::of(root, patient.text);
    if names.is_open || names.is_bound_anywhere("JSON") || names.is_bound_anywhere("console") {
        return None;
    }
    let printed: Vec<Node<'_>> = nodes(root).filter_map(|node| printed(node, patient.text)).collect();
    let edits: Vec<Edit> = printed
        .into_iter()
        .filter(|argument| is_data(*argument, &names, patient.text))
        .flat_map(|argument| {
            [Edit::insert(argument.start_byte(), "JSON.stringify("), Edit::insert(argument.end_byte(), ")")]
        })
        .collect();
    let what = count(edits.len() / 2, "call");
    let said = format!(
        "add JSON.stringify to {what} of console.log: JSON output is declared, but node prints objects in another format"
    );
    (!edits.is_empty()).then_some(Fix { edits, said })
}

/// The only argument of `console.log`.
fn printed<'a>(call: Node<'a>, source: &str) -> Option<Node<'a>> {
    let function = call.child_by_field_name("function").filter(|_| call.kind() == "call_expression")?;
    let given = children(call.child_by_field_name("arguments")?);
    (text(function, source) == "console.log" && given.len() == 1).then(|| given.first().copied()).flatten()
}

/// Whether an expression is an object or an array: literally, or as the only value of its variable.
fn is_data<'t>(node: Node<'t>, names: &JavaScriptNames<'t>, source: &str) -> bool {
    match node.kind() {
        "object" | "array" => true,
        "identifier" => match names.bindings(node) {
            [by] if by.kind() == "variable_declarator" => {
                let value = names.value_of(*by, text(node, source));
                value.is_some_and(|value| matches!(value.kind(), "object" | "array"))
            }
            _ => false,
        },
        _ => false,
    }
}
