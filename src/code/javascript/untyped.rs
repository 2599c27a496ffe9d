//! Removes the types from TypeScript and keeps the line numbers, for machines where no program can run TypeScript.

use crate::domain::source::Language;
use std::ops::Range;
use tree_sitter::Node;

/// The JavaScript of a TypeScript text, with the same number of lines; `None` for constructs that are more than types
/// and have no short form, such as namespaces and decorators.
pub fn without_types(text: &str) -> Option<String> {
    let tree = Language::TypeScript.parse(text)?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut eraser = Eraser { text, edits: Vec::new() };
    let mut nodes = vec![tree.root_node()];
    while let Some(node) = nodes.pop() {
        if eraser.erase(node)? == Rest::Look {
            let mut cursor = node.walk();
            nodes.extend(node.children(&mut cursor));
        }
    }
    let erased = applied(text, eraser.edits);
    Some(without_unused_imports(&erased, tree.root_node(), text))
}

/// Whether a program has imports or exports of a module.
pub fn is_module(text: &str) -> bool {
    let begins = |line: &str| ["import ", "import{", "import\"", "export "].iter().any(|word| line.starts_with(word));
    text.lines().any(begins)
}

/// How to treat the parts of a node.
#[derive(PartialEq)]
enum Rest {
    Look,
    Leave,
}

struct Eraser<'s> {
    text: &'s str,
    edits: Vec<(Range<usize>, String)>,
}

impl Eraser<'_> {
    fn of(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    fn blank(&mut self, range: Range<usize>) -> Rest {
        let spaces = |c: char| if c == '\n' { '\n' } else { ' ' };
        let blank = self.text.get(range.clone()).unwrap_or_default().chars().map(spaces).collect();
        self.edits.push((range, blank));
        Rest::Leave
    }

    /// Blanks a node and the comma after it.
    fn blank_item(&mut self, node: Node<'_>) -> Rest {
        let comma = node.next_sibling().filter(|next| next.kind() == ",");
        self.blank(node.start_byte()..comma.map_or(node.end_byte(), |comma| comma.end_byte()))
    }

    /// Erases the types in a node; `None` if it contains more.
    fn erase(&mut self, node: Node<'_>) -> Option<Rest> {
        let rest = match node.kind() {
            "internal_module" | "module" | "decorator" | "import_alias" | "import_require_clause" => return None,
            "export_statement" if has(node, "=") || has(node, "namespace") => return None,
            "type_annotation"
            | "type_parameters"
            | "type_arguments"
            | "asserts_annotation"
            | "implements_clause"
            | "type_predicate_annotation"
            | "omitting_type_annotation"
            | "opting_type_annotation"
            | "interface_declaration"
            | "type_alias_declaration"
            | "ambient_declaration"
            | "function_signature"
            | "method_signature"
            | "abstract_method_signature"
            | "index_signature"
            | "accessibility_modifier"
            | "override_modifier" => self.blank(node.byte_range()),
            "import_statement" if has(node, "type") => self.blank(node.byte_range()),
            "export_statement" if is_of_types(node) => self.blank(node.byte_range()),
            "import_specifier" | "export_specifier" if has(node, "type") => self.blank_item(node),
            "public_field_definition" if has(node, "declare") || has(node, "abstract") => self.blank(node.byte_range()),
            "required_parameter" if node.child_by_field_name("pattern").is_some_and(|one| one.kind() == "this") => {
                self.blank_item(node)
            }
            "as_expression" | "satisfies_expression" => {
                let value = node.named_child(0)?;
                self.blank(value.end_byte()..node.end_byte());
                return self.erase_inside(value);
            }
            "type_assertion" => {
                let value = node.named_child(node.named_child_count().checked_sub(1)? as u32)?;
                self.blank(node.start_byte()..value.start_byte());
                return self.erase_inside(value);
            }
            "enum_declaration" => {
                let text = self.enumeration(node)?;
                self.edits.push((node.byte_range(), text));
                Rest::Leave
            }
            "readonly" | "abstract" | "declare" if !node.is_named() => self.blank(node.byte_range()),
            "!" | "?" if is_type_mark(node) => self.blank(node.byte_range()),
            "method_definition" => {
                self.properties_of_parameters(node)?;
                Rest::Look
            }
            _ => Rest::Look,
        };
        Some(rest)
    }

    fn erase_inside(&mut self, node: Node<'_>) -> Option<Rest> {
        let mut nodes = vec![node];
        while let Some(node) = nodes.pop() {
            if self.erase(node)? == Rest::Look {
                let mut cursor = node.walk();
                nodes.extend(node.children(&mut cursor));
            }
        }
        Some(Rest::Leave)
    }

    /// `constructor(private x: T) {` sets `this.x`.
    fn properties_of_parameters(&mut self, method: Node<'_>) -> Option<()> {
        let (parameters, body) = (method.child_by_field_name("parameters"), method.child_by_field_name("body"));
        let (Some(parameters), Some(body)) = (parameters, body) else { return Some(()) };
        let mut cursor = parameters.walk();
        let mut set = Vec::new();
        for parameter in parameters.named_children(&mut cursor) {
            let is_property = has(parameter, "accessibility_modifier") || has(parameter, "readonly");
            if is_property && matches!(parameter.kind(), "required_parameter" | "optional_parameter") {
                let pattern = parameter.child_by_field_name("pattern")?;
                let name = self.of(pattern);
                set.push(format!(" this.{name} = {name};"));
            }
        }
        if !set.is_empty() {
            let first = body.named_child(0).filter(|first| self.of(*first).starts_with("super("));
            let at = first.map_or(body.start_byte() + 1, |first| first.end_byte());
            self.edits.push((at..at, set.concat()));
        }
        Some(())
    }

    /// An enumeration, as the object that it creates.
    fn enumeration(&self, node: Node<'_>) -> Option<String> {
        let (name, body) = (node.child_by_field_name("name")?, node.child_by_field_name("body")?);
        let name = self.of(name);
        let mut parts = vec![format!("var {name} = {{}};")];
        let mut next = Some(0_i64);
        let mut cursor = body.walk();
        for member in body.named_children(&mut cursor).filter(|member| !member.is_extra()) {
            let (key, value) = match member.kind() {
                "enum_assignment" => (member.child_by_field_name("name")?, Some(member.child_by_field_name("value")?)),
                _ => (member, None),
            };
            let key = self.of(key).trim_matches(['"', '\'']);
            match value {
                Some(value) if value.kind() == "string" => {
                    parts.push(format!(" {name}[\"{key}\"] = {};", self.of(value)));
                    next = None;
                }
                value => {
                    let number = match value {
                        Some(value) => self.of(value).parse().ok()?,
                        None => next?,
                    };
                    parts.push(format!(" {name}[{name}[\"{key}\"] = {number}] = \"{key}\";"));
                    next = Some(number + 1);
                }
            }
        }
        parts.push("\n".repeat(self.of(node).matches('\n').count()));
        Some(parts.concat())
    }
}

/// Whether a node has a part of this kind.
fn has(node: Node<'_>, kind: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == kind)
}

/// Whether an export contains only types.
fn is_of_types(node: Node<'_>) -> bool {
    const TYPES: &[&str] =
        &["interface_declaration", "type_alias_declaration", "ambient_declaration", "function_signature"];
    has(node, "type") || node.child_by_field_name("declaration").is_some_and(|one| TYPES.contains(&one.kind()))
}

/// Whether a sign marks an optional or non-null value.
fn is_type_mark(sign: Node<'_>) -> bool {
    let Some(parent) = sign.parent() else { return false };
    matches!(
        parent.kind(),
        "non_null_expression"
            | "optional_parameter"
            | "public_field_definition"
            | "variable_declarator"
            | "method_definition"
    )
}

/// The text with replacements; one inside another is dropped.
fn applied(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for (range, instead) in edits {
        if range.start >= at {
            result.push_str(text.get(at..range.start).unwrap_or_default());
            result.push_str(&instead);
            at = range.end;
        }
    }
    result.push_str(text.get(at..).unwrap_or_default());
    result
}

/// Removes imports of names that only types used: a module need not export them.
fn without_unused_imports(erased: &str, root: Node<'_>, text: &str) -> String {
    let mut edits = Vec::new();
    let (mut nodes, mut names) = (vec![root], Vec::new());
    while let Some(node) = nodes.pop() {
        match node.kind() {
            "import_specifier" if !has(node, "type") => names.push(node),
            "program" | "import_statement" | "import_clause" | "named_imports" => {
                let mut cursor = node.walk();
                nodes.extend(node.named_children(&mut cursor));
            }
            _ => {}
        }
    }
    // Imports are at the same positions in both texts as long as only blanks precede them.
    for node in names {
        let local = node.child_by_field_name("alias").or_else(|| node.child_by_field_name("name"));
        let name = local.and_then(|local| text.get(local.byte_range())).unwrap_or_default();
        let is_here = erased.get(node.byte_range()) == text.get(node.byte_range());
        if is_here && !name.is_empty() && words(erased).filter(|word| *word == name).count() == 1 {
            let comma = node.next_sibling().filter(|next| next.kind() == ",");
            let end = comma.map_or(node.end_byte(), |comma| comma.end_byte());
            edits.push((node.start_byte()..end, " ".repeat(end - node.start_byte())));
        }
    }
    applied(erased, edits)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a text.
    fn said(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_left_without_types_is_javascript() {
        for (typed, plain) in [
            ("let x: number = 5;", "let x = 5;"),
            ("function f<T>(a: T, b?: string): T { return a!; }", "function f (a , b ) { return a ; }"),
            ("interface A { b: string }\nconst c = d as unknown as E;", "const c = d ;"),
            ("type A = { b: string };\nexport type { A };\nfoo(<B>c);", "foo( c);"),
            ("import { type A, b } from './x';\nb();", "import { b } from './x'; b();"),
            (
                "import { Stats, statSync } from 'fs';\nconst s: Stats = statSync('x');",
                "import { statSync } from 'fs'; const s = statSync('x');",
            ),
            ("import type { A } from './x';\nexport interface B {}\nlet a;", "let a;"),
            (
                "class A<T> extends B<T> implements C { private readonly x: number = 1; abstract y: string; z?: T; }",
                "class A extends B { x = 1; ; z ; }",
            ),
            (
                "const f = async (a: string): Promise<void> => { await b<c>(a); };",
                "const f = async (a ) => { await b (a); };",
            ),
            (
                "const a = cond ? b : c;\nconst d = e?.f;\nif (!a) {}",
                "const a = cond ? b : c; const d = e?.f; if (!a) {}",
            ),
            ("export default function f(this: A, b: C) {}", "export default function f( b ) {}"),
        ] {
            assert_eq!(said(&without_types(typed).unwrap()), plain, "{typed}");
        }
    }

    #[test]
    fn enumerations_and_parameters_that_are_properties_do_what_they_did() {
        let text = "enum A {\n  B,\n  C = 5,\n  D,\n}\nconst e = A.B;\n";
        let erased = without_types(text).unwrap();
        assert!(
            erased.starts_with("var A = {}; A[A[\"B\"] = 0] = \"B\"; A[A[\"C\"] = 5] = \"C\"; A[A[\"D\"] = 6]"),
            "{erased}"
        );
        assert_eq!(erased.lines().count(), text.lines().count());
        let text = "class A extends B {\n  constructor(private readonly x: C[], y: D) {\n    super(y);\n  }\n}\n";
        let erased = said(&without_types(text).unwrap());
        assert_eq!(erased, "class A extends B { constructor( x , y ) { super(y); this.x = x; } }");
    }

    #[test]
    fn what_is_more_than_types_is_refused() {
        for text in [
            "namespace A { export const b = 1; }",
            "@c class A {}",
            "import a = require('b');",
            "enum A { B = f() }",
            "let x: = 5",
        ] {
            assert_eq!(without_types(text), None, "{text}");
        }
    }
}
