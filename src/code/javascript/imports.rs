//! Imports of JavaScript and TypeScript: `import`, exports from another module, `require` and `import()` with a fixed
//! text, the names that they bind, and whether they certainly run.

use super::text::fixed;
use crate::code::WhenRun;
use crate::domain::source::{children, nodes_by_depth, text};
use tree_sitter::Node;

/// A module that a file imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaScriptImport<'t> {
    /// The statement or the call.
    pub node: Node<'t>,
    /// The module as written: `./util.js`, `node:fs`, `axios`.
    pub module: String,
    /// How it is imported.
    pub form: ImportForm,
    /// Whether only types are imported, so that nothing remains at run time.
    pub is_type_only: bool,
    /// The names that a statement binds; those of a call are bound by the surrounding code ([`of_declarator`]).
    pub names: Vec<JavaScriptName>,
}

/// How a module is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportForm {
    /// `import … from`, or `import` for the effect.
    Import,
    /// `export … from`.
    ExportFrom,
    /// `require(…)`, or `import x = require(…)` of TypeScript.
    Require,
    /// `import(…)`: loaded while the program runs.
    Dynamic,
}

/// A name that refers to a module or one of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaScriptName {
    /// The name that is bound here.
    pub binds: String,
    /// Its dotted path in the module; empty for the module itself.
    pub name: String,
}

impl JavaScriptName {
    /// The dotted name of its target in a module. The default export counts as the module, because a module written for
    /// `require` is imported as its default.
    pub fn path(&self, module: &str) -> String {
        match self.name.as_str() {
            "" | "default" => module.to_owned(),
            name => format!("{module}.{name}"),
        }
    }
}

impl JavaScriptImport<'_> {
    /// The module without `node:`, which has the same meaning.
    pub fn plain_module(&self) -> &str {
        self.module.strip_prefix("node:").unwrap_or(&self.module)
    }
}

/// The modules that a file imports, in the order of the text, and when each import runs.
pub fn imports<'t>(root: Node<'t>, source: &str) -> Vec<(JavaScriptImport<'t>, WhenRun)> {
    let mut found = Vec::new();
    // For each ancestor: when the node runs, as far as its ancestors decide it.
    let mut path: Vec<(Node<'t>, WhenRun)> = Vec::new();
    for (depth, node) in nodes_by_depth(root) {
        path.truncate(depth);
        let when = path.last().map_or(WhenRun::Always, |(above, when)| when.and(within(*above, node, source)));
        found.extend(of_node(node, source).map(|import| (import, when)));
        path.push((node, when));
    }
    found
}

/// When a part of a node runs, as far as this node decides it.
fn within(above: Node<'_>, part: Node<'_>, source: &str) -> WhenRun {
    let is = |field: &str| above.child_by_field_name(field) == Some(part);
    let may_be_left_out = match above.kind() {
        "try_statement" | "catch_clause" | "switch_case" | "switch_default" | "ERROR" => true,
        "if_statement" | "ternary_expression" | "while_statement" => !is("condition"),
        "for_statement" => !is("initializer"),
        "for_in_statement" => !is("right"),
        "binary_expression" | "augmented_assignment_expression" => is("right") && chooses(above, source),
        // A default value.
        "assignment_pattern" | "object_assignment_pattern" => is("right"),
        _ => false,
    };
    match above.kind() {
        _ if may_be_left_out => WhenRun::Perhaps,
        kind if kind.contains("function") || matches!(kind, "method_definition" | "class_body") => WhenRun::WhenCalled,
        _ => WhenRun::Always,
    }
}

/// Whether an operator evaluates its right side depending on the left one.
fn chooses(node: Node<'_>, source: &str) -> bool {
    let operator = node.child_by_field_name("operator").map_or("", |operator| text(operator, source));
    matches!(operator.trim_end_matches('='), "&&" | "||" | "??")
}

/// The module that a statement or a call imports; `None` for anything else, and for a name that is computed at run
/// time.
pub fn of_node<'t>(node: Node<'t>, source: &str) -> Option<JavaScriptImport<'t>> {
    match node.kind() {
        "import_statement" | "export_statement" => of_statement(node, source),
        "call_expression" => {
            let function = node.child_by_field_name("function")?;
            let form = match (function.kind(), text(function, source)) {
                ("identifier", "require") => ImportForm::Require,
                ("import", _) => ImportForm::Dynamic,
                _ => return None,
            };
            let first = children(node.child_by_field_name("arguments")?).into_iter().next()?;
            let module = fixed(first, source)?;
            Some(JavaScriptImport { node, module, form, is_type_only: false, names: Vec::new() })
        }
        _ => None,
    }
}

fn of_statement<'t>(node: Node<'t>, source: &str) -> Option<JavaScriptImport<'t>> {
    let mut cursor = node.walk();
    let is_type_only = node.children(&mut cursor).any(|child| matches!(child.kind(), "type" | "typeof"));
    // `import x = require("x")`
    let clause = children(node).into_iter().find(|child| child.kind() == "import_require_clause");
    let from = clause.unwrap_or(node).child_by_field_name("source")?;
    let form = match (clause, node.kind()) {
        (Some(_), _) => ImportForm::Require,
        (None, "import_statement") => ImportForm::Import,
        (None, _) => ImportForm::ExportFrom,
    };
    let names = match clause {
        Some(clause) => children(clause).first().map(|name| whole(text(*name, source))).into_iter().collect(),
        None => imported(node, source),
    };
    Some(JavaScriptImport { node, module: fixed(from, source)?, form, is_type_only, names })
}

/// The names that an import statement binds.
fn imported(node: Node<'_>, source: &str) -> Vec<JavaScriptName> {
    let mut found = Vec::new();
    let clauses = children(node).into_iter().filter(|child| child.kind() == "import_clause");
    for part in clauses.flat_map(children) {
        match part.kind() {
            "identifier" => {
                found.push(JavaScriptName { binds: text(part, source).to_owned(), name: "default".to_owned() });
            }
            "namespace_import" => found.extend(children(part).first().map(|name| whole(text(*name, source)))),
            "named_imports" => found.extend(children(part).into_iter().filter_map(|one| specifier(one, source))),
            _ => {}
        }
    }
    found
}

fn specifier(node: Node<'_>, source: &str) -> Option<JavaScriptName> {
    let name = node.child_by_field_name("name")?;
    let name = fixed(name, source).unwrap_or_else(|| text(name, source).to_owned());
    let binds = node.child_by_field_name("alias").map_or_else(|| name.clone(), |alias| text(alias, source).to_owned());
    Some(JavaScriptName { binds, name })
}

fn whole(binds: &str) -> JavaScriptName {
    JavaScriptName { binds: binds.to_owned(), name: String::new() }
}

/// The module that a declaration imports by a call, `const { a: b } = require("x").c`, with the names that it binds.
pub fn of_declarator<'t>(node: Node<'t>, source: &str) -> Option<JavaScriptImport<'t>> {
    let (pattern, value) = (node.child_by_field_name("name")?, node.child_by_field_name("value")?);
    let mut members = Vec::new();
    let mut at = value;
    let import = loop {
        match at.kind() {
            "member_expression" => {
                members.push(text(at.child_by_field_name("property")?, source));
                at = at.child_by_field_name("object")?;
            }
            "parenthesized_expression"
            | "await_expression"
            | "as_expression"
            | "non_null_expression"
            | "satisfies_expression" => at = children(at).into_iter().next()?,
            _ => break of_node(at, source)?,
        }
    };
    members.reverse();
    let under = |name: &str| {
        let all: Vec<&str> = members.iter().copied().chain((!name.is_empty()).then_some(name)).collect();
        all.join(".")
    };
    let names = if pattern.kind() == "object_pattern" {
        children(pattern)
            .into_iter()
            .filter_map(|part| {
                let (binds, name) = unpacked(part, source)?;
                Some(JavaScriptName { binds, name: under(&name) })
            })
            .collect()
    } else {
        vec![JavaScriptName { binds: text(pattern, source).to_owned(), name: under("") }]
    };
    Some(JavaScriptImport { names, ..import })
}

/// A part of `{ a, b: c, d = 1 }`: the name that it binds and the key; `None` for any other pattern.
fn unpacked(part: Node<'_>, source: &str) -> Option<(String, String)> {
    let read = |node: Node<'_>| fixed(node, source).unwrap_or_else(|| text(node, source).to_owned());
    match part.kind() {
        "shorthand_property_identifier_pattern" => Some((read(part), read(part))),
        "object_assignment_pattern" => {
            let name = part.child_by_field_name("left")?;
            Some((read(name), read(name)))
        }
        "pair_pattern" => {
            let value = part.child_by_field_name("value")?;
            let value =
                value.child_by_field_name("left").filter(|_| value.kind() == "assignment_pattern").unwrap_or(value);
            let key = part.child_by_field_name("key").filter(|key| key.kind() != "computed_property_name")?;
            (value.kind() == "identifier").then(|| (read(value), read(key)))
        }
        _ => None,
    }
}
