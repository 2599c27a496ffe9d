//! Names that a file defines: variables, parameters, functions. Names from elsewhere (imports, called functions, fields
//! of foreign objects, programs, environment variables) are not included.

use crate::domain::source::{Language, children, nodes, text};
use std::collections::HashSet;
use tree_sitter::Node;

/// Maximum depth of a pattern of names.
const DEPTH: usize = 12;

/// Objects whose assigned fields belong to this file.
const SELF: &[&str] = &["self", "cls", "this"];

/// The names that a file defines.
#[derive(Debug, Default)]
pub(super) struct OwnNames<'s> {
    /// Variables, parameters, functions, classes.
    names: HashSet<&'s str>,
    /// Fields and methods of the file's classes.
    fields: HashSet<&'s str>,
}

impl<'s> OwnNames<'s> {
    pub(super) fn of(root: Node<'_>, source: &'s str, language: Language) -> OwnNames<'s> {
        let mut own = OwnNames::default();
        for node in nodes(root) {
            match language {
                Language::Bash => own.shell(node, source),
                _ => own.code(node, source),
            }
        }
        for node in nodes(root) {
            own.forget_imports(node, source);
        }
        own
    }

    /// Whether a name at this place is defined by the file.
    pub(super) fn has(&self, node: Node<'_>, name: &str) -> bool {
        if is_field(node) { self.fields.contains(name) } else { self.names.contains(name) }
    }

    fn code(&mut self, node: Node<'_>, source: &'s str) {
        let field = |name: &str| node.child_by_field_name(name);
        let targets: &[&str] = match node.kind() {
            "assignment"
            | "augmented_assignment"
            | "for_statement"
            | "for_in_clause"
            | "for_in_statement"
            | "assignment_expression" => &["left"],
            "function_definition"
            | "class_definition"
            | "lambda"
            | "named_expression"
            | "variable_declarator"
            | "function_declaration"
            | "function_expression"
            | "class_declaration"
            | "generator_function_declaration" => &["name", "parameters"],
            "method_definition" => &["parameters"],
            "arrow_function" => &["parameters", "parameter"],
            "catch_clause" => &["parameter"],
            "as_pattern_target" => {
                self.target(node, source, 0);
                return;
            }
            _ => return,
        };
        for target in targets.iter().filter_map(|target| field(target)) {
            self.target(target, source, 0);
        }
        if matches!(node.kind(), "class_definition" | "class_declaration") {
            self.members(node, source);
        }
    }

    /// The methods and fields of a class.
    fn members(&mut self, class: Node<'_>, source: &'s str) {
        for member in class.child_by_field_name("body").map(children).unwrap_or_default() {
            let member = member.child_by_field_name("definition").unwrap_or(member);
            let name = match member.kind() {
                "function_definition" | "method_definition" => member.child_by_field_name("name"),
                "expression_statement" => member.named_child(0).and_then(|set| set.child_by_field_name("left")),
                _ => None,
            };
            self.fields.extend(name.map(|name| text(name, source)));
        }
    }

    /// The names that a pattern binds.
    fn target(&mut self, node: Node<'_>, source: &'s str, depth: usize) {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            _ if depth > DEPTH => {}
            "attribute" | "member_expression" => {
                let is_own = field("object").is_some_and(|object| SELF.contains(&text(object, source)));
                let name = field("attribute").or_else(|| field("property")).filter(|_| is_own);
                self.fields.extend(name.map(|name| text(name, source)));
            }
            "subscript" | "subscript_expression" | "call" | "call_expression" | "type" | "type_annotation" => {}
            "default_parameter"
            | "typed_parameter"
            | "typed_default_parameter"
            | "assignment_pattern"
            | "pair_pattern"
            | "required_parameter"
            | "optional_parameter" => {
                let value = || if node.kind() == "pair_pattern" { field("value") } else { None };
                let name = field("name").or_else(|| field("left")).or_else(|| field("pattern")).or_else(value);
                if let Some(name) = name.or_else(|| node.named_child(0)) {
                    self.target(name, source, depth + 1);
                }
            }
            _ if is_name(node) => {
                self.names.insert(text(node, source));
            }
            _ => children(node).into_iter().for_each(|child| self.target(child, source, depth + 1)),
        }
    }

    fn shell(&mut self, node: Node<'_>, source: &'s str) {
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "variable_assignment" | "function_definition" => {
                self.names.extend(field("name").map(|name| text(name, source)));
            }
            "for_statement" => self.names.extend(field("variable").map(|name| text(name, source))),
            "declaration_command" => {
                let names = children(node).into_iter().filter(|child| child.kind() == "variable_name");
                self.names.extend(names.map(|name| text(name, source)));
            }
            "command" if field("name").is_some_and(|name| ["read", "getopts"].contains(&text(name, source))) => {
                let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                let words = children(node).into_iter().skip(1).filter(|child| child.kind() == "word");
                self.names.extend(words.map(|word| text(word, source)).filter(|word| is_plain(word)));
            }
            _ => {}
        }
    }

    /// Removes imported names, unless they are renamed on import.
    fn forget_imports(&mut self, node: Node<'_>, source: &'s str) {
        let is_import = matches!(node.kind(), "import_statement" | "import_from_statement")
            || node.kind() == "variable_declarator"
                && node.child_by_field_name("name").is_some_and(|name| name.kind() == "object_pattern")
                && node.child_by_field_name("value").is_some_and(|value| text(value, source).starts_with("require"));
        if !is_import {
            return;
        }
        for name in nodes(node).filter(|node| is_name(*node)) {
            self.names.remove(text(name, source));
        }
        for alias in nodes(node).filter_map(|node| node.child_by_field_name("alias")) {
            self.names.insert(text(alias, source));
        }
    }
}

pub(super) fn is_name(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "identifier"
            | "variable_name"
            | "property_identifier"
            | "private_property_identifier"
            | "shorthand_property_identifier"
            | "shorthand_property_identifier_pattern"
            | "type_identifier"
    )
}

/// Whether a name is that of a field or method.
fn is_field(node: Node<'_>) -> bool {
    node.kind().ends_with("property_identifier") && !node.kind().starts_with("shorthand")
        || node
            .parent()
            .is_some_and(|parent| parent.kind() == "attribute" && parent.child_by_field_name("attribute") == Some(node))
}
