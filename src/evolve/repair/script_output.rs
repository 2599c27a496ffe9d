//! Objects and arrays that JavaScript and TypeScript print where JSON is declared: node shows them in a form of its own.

use super::{Edit, Fix, Patient};
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
    let is_own_json =
        nodes(root).any(|node| is_declared(node, patient.text, "JSON") || is_declared(node, patient.text, "console"));
    if is_own_json {
        return None;
    }
    let printed: Vec<Node<'_>> = nodes(root).filter_map(|node| printed(node, patient.text)).collect();
    let edits: Vec<Edit> = printed
        .into_iter()
        .filter(|argument| is_data(*argument, root, patient.text))
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

/// Whether an expression is an object or an array: written there, or as the value of the only variable of its name.
fn is_data(node: Node<'_>, root: Node<'_>, source: &str) -> bool {
    match node.kind() {
        "object" | "array" => true,
        "identifier" => {
            let name = text(node, source);
            let mut declared = nodes(root).filter(|other| is_declared(*other, source, name));
            let is_constant = declared.next().is_some_and(|one| {
                one.kind() == "variable_declarator"
                    && one.child_by_field_name("value").is_some_and(|value| matches!(value.kind(), "object" | "array"))
            });
            let is_assigned = nodes(root).any(|other| {
                matches!(other.kind(), "assignment_expression" | "augmented_assignment_expression")
                    && other.child_by_field_name("left").is_some_and(|left| text(left, source) == name)
            });
            is_constant && declared.next().is_none() && !is_assigned
        }
        _ => false,
    }
}

/// Whether a node declares a name in any way: a variable, a parameter, a function, an import.
fn is_declared(node: Node<'_>, source: &str, name: &str) -> bool {
    let is_named = |child: Option<Node<'_>>| child.is_some_and(|child| text(child, source) == name);
    match node.kind() {
        "variable_declarator" | "function_declaration" | "class_declaration" | "generator_function_declaration" => {
            is_named(node.child_by_field_name("name"))
        }
        "identifier" | "shorthand_property_identifier_pattern" if text(node, source) == name => {
            node.parent().is_some_and(|parent| {
                matches!(
                    parent.kind(),
                    "formal_parameters"
                        | "required_parameter"
                        | "optional_parameter"
                        | "object_pattern"
                        | "array_pattern"
                        | "assignment_pattern"
                        | "rest_pattern"
                        | "import_specifier"
                        | "import_clause"
                        | "namespace_import"
                        | "catch_clause"
                        | "for_in_statement"
                        | "arrow_function"
                ) && !is_body(parent, node)
            })
        }
        _ => false,
    }
}

/// Whether a node is the value of an arrow function or of a loop, and not its parameter.
fn is_body(parent: Node<'_>, node: Node<'_>) -> bool {
    [parent.child_by_field_name("body"), parent.child_by_field_name("right")].contains(&Some(node))
}
