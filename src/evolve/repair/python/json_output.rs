//! Prints a dict or list as JSON instead of in Python's format, if JSON output is declared.

use super::super::{Edit, Fix, Patient};
use super::import::import_line;
use crate::code::python::imports::{PythonImport, of_statement};
use crate::code::python::scope::PythonNames;
use crate::domain::source::{children, nodes, text};
use tree_sitter::Node;

/// Maximum number of names and calls that are resolved in a chain.
const MAX_STEPS: usize = 5;

/// Builtins whose result is a dict or a list.
const BUILTINS: &[&str] = &["dict", "list", "sorted"];

pub(in crate::evolve::repair) fn propose(patient: &Patient<'_>) -> Option<Fix> {
    if !patient.is_python() || !patient.prints_json() {
        return None;
    }
    let tree = patient.language?.parse(patient.text).filter(|tree| !tree.root_node().has_error())?;
    let root = tree.root_node();
    let names = PythonNames::of(root, patient.text);
    let code = ParsedSource { names: &names, source: patient.text };
    let bound = names.of_module("json");
    let is_imported = !bound.is_empty() && bound.iter().all(|node| code.imports_json(*node));
    if !is_imported && names.is_bound_anywhere("json") || names.is_open {
        return None;
    }
    let mut edits = Vec::new();
    let mut lines = Vec::new();
    for call in nodes(root).filter(|node| node.kind() == "call") {
        let Some(change) = code.printed(call) else { continue };
        edits.extend(change);
        lines.push((call.start_position().row + 1).to_string());
    }
    if edits.is_empty() {
        return None;
    }
    if !is_imported {
        edits.push(import_line(root, patient.text, "json")?);
    }
    let said = format!(
        "add json.dumps in line {}: JSON output is declared, but Python prints a dict or list in its own format",
        lines.join(", ")
    );
    Some(Fix { edits, said })
}

struct ParsedSource<'t> {
    names: &'t PythonNames<'t>,
    source: &'t str,
}

impl<'t> ParsedSource<'t> {
    /// Whether a binding of `json` is the import of the module.
    fn imports_json(&self, node: Node<'t>) -> bool {
        node.parent().is_some_and(|above| above.kind() == "module")
            && of_statement(node, self.source)
                .iter()
                .flat_map(PythonImport::bindings)
                .any(|(name, path)| name == "json" && path == "json")
    }

    fn is_builtin(&self, node: Node<'t>, name: &str) -> bool {
        node.kind() == "identifier" && text(node, self.source) == name && !self.names.is_bound(node)
    }

    /// The changes to a `print` whose only value is a dict or a list.
    fn printed(&self, call: Node<'t>) -> Option<Vec<Edit>> {
        call.child_by_field_name("function").filter(|function| self.is_builtin(*function, "print"))?;
        let given = children(call.child_by_field_name("arguments")?);
        let (named, values): (Vec<Node<'_>>, Vec<Node<'_>>) =
            given.into_iter().partition(|one| one.kind() == "keyword_argument");
        let is_plain = named.iter().all(|one| {
            one.child_by_field_name("name")
                .is_some_and(|name| matches!(text(name, self.source), "flush" | "end" | "sep"))
        });
        let [value] = values.as_slice() else { return None };
        if !is_plain {
            return None;
        }
        if self.is_data(*value, MAX_STEPS) {
            return Some(vec![Edit::insert(value.start_byte(), "json.dumps("), Edit::insert(value.end_byte(), ")")]);
        }
        // `print(str(d))` and `print(repr(d))` have the same output as `print(d)`.
        let writer = value.child_by_field_name("function").filter(|_| value.kind() == "call")?;
        let inner = children(value.child_by_field_name("arguments")?);
        let is_writer = self.is_builtin(writer, "str") || self.is_builtin(writer, "repr");
        let is_one = inner.len() == 1 && inner.first().is_some_and(|one| self.is_data(*one, MAX_STEPS));
        (is_writer && is_one).then(|| vec![Edit { range: writer.byte_range(), text: "json.dumps".to_owned() }])
    }

    /// Whether an expression is certainly a dict or a list.
    fn is_data(&self, node: Node<'t>, steps: usize) -> bool {
        let Some(steps) = steps.checked_sub(1) else { return false };
        match node.kind() {
            "dictionary" | "list" | "dictionary_comprehension" | "list_comprehension" => true,
            "parenthesized_expression" => matches!(children(node).as_slice(), [one] if self.is_data(*one, steps)),
            "identifier" => match self.names.bindings(node) {
                [by] => {
                    let value = self.names.value_of(*by, text(node, self.source));
                    value.is_some_and(|value| self.is_data(value, steps))
                }
                _ => false,
            },
            "call" => {
                let Some(function) = node.child_by_field_name("function") else { return false };
                if BUILTINS.iter().any(|name| self.is_builtin(function, name)) {
                    return true;
                }
                match self.names.bindings(function) {
                    [by] if function.kind() == "identifier" && by.kind() == "function_definition" => {
                        self.returns_data(*by, steps)
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether every return of a function gives a dict or a list.
    fn returns_data(&self, function: Node<'t>, steps: usize) -> bool {
        let is_decorated = function.parent().is_some_and(|above| above.kind() == "decorated_definition");
        let is_async = function.child(0).is_some_and(|first| first.kind() == "async");
        let Some(body) = function.child_by_field_name("body").filter(|_| !is_decorated && !is_async) else {
            return false;
        };
        let own: Vec<Node<'t>> = nodes(body).filter(|node| owner(*node) == Some(function)).collect();
        if own.iter().any(|node| node.kind() == "yield") {
            return false;
        }
        let returns: Vec<&Node<'t>> = own.iter().filter(|node| node.kind() == "return_statement").collect();
        // The last statement must return as well; otherwise the function returns None.
        let ends = children(body).last().is_some_and(|last| ends(*last));
        ends && !returns.is_empty()
            && returns.iter().all(|node| matches!(children(**node).as_slice(), [value] if self.is_data(*value, steps)))
    }
}

/// The function that a node is in.
fn owner(node: Node<'_>) -> Option<Node<'_>> {
    std::iter::successors(node.parent(), Node::parent)
        .find(|above| matches!(above.kind(), "function_definition" | "lambda" | "class_definition"))
}

/// Whether no statement after this one runs.
fn ends(node: Node<'_>) -> bool {
    match node.kind() {
        "return_statement" | "raise_statement" => true,
        "block" => children(node).last().is_some_and(|last| ends(*last)),
        "with_statement" | "else_clause" => node.child_by_field_name("body").is_some_and(ends),
        "elif_clause" => node.child_by_field_name("consequence").is_some_and(ends),
        "if_statement" => {
            let others: Vec<Node<'_>> =
                children(node).into_iter().filter(|child| child.kind().ends_with("_clause")).collect();
            let has_else = others.iter().any(|child| child.kind() == "else_clause");
            has_else && node.child_by_field_name("consequence").is_some_and(ends) && others.into_iter().all(ends)
        }
        "try_statement" => {
            let parts = children(node).into_iter().filter(|child| child.kind() != "finally_clause");
            parts.into_iter().all(|part| match part.kind() {
                "block" => ends(part),
                _ => children(part).last().is_some_and(|last| ends(*last)),
            })
        }
        _ => false,
    }
}
