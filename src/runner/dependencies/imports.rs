//! What a source file takes from elsewhere, by reading it: nothing is executed.
//!
//! Only what certainly runs counts: statements at the top level. An import within `try`, `if` or a
//! function is optional and not reported.

use crate::domain::source;
use tree_sitter::Node;

/// Parts of one file that are looked at; more is no program anybody wrote.
const MAX_NODES: usize = 200_000;

/// An import of Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    /// Dots in front: 0 for an absolute import.
    pub(super) level: usize,
    /// Dotted name after them.
    pub(super) module: String,
    /// What `from … import` names; empty for `import …`.
    pub(super) names: Vec<String>,
}

/// The imports of Python source.
pub(super) fn python(source: &[u8]) -> Vec<Import> {
    let Some(tree) = source::parse(&tree_sitter_python::LANGUAGE.into(), source) else { return Vec::new() };
    let mut imports = Vec::new();
    for statement in children(tree.root_node()) {
        match statement.kind() {
            "import_statement" => {
                let names = named(statement, "name", source);
                imports.extend(names.into_iter().map(|module| Import { level: 0, module, names: Vec::new() }));
            }
            "import_from_statement" => imports.extend(from_import(statement, source)),
            _ => {}
        }
    }
    imports
}

fn from_import(statement: Node<'_>, source: &[u8]) -> Option<Import> {
    let module = text(statement.child_by_field_name("module_name")?, source)?;
    let name = module.trim_start_matches('.');
    let level = module.len() - name.len();
    let module = name.split_whitespace().collect::<String>();
    Some(Import { level, module, names: named(statement, "name", source) })
}

/// The names in a field, without their `as …`.
fn named(statement: Node<'_>, field: &str, source: &[u8]) -> Vec<String> {
    let mut cursor = statement.walk();
    let names = statement.children_by_field_name(field, &mut cursor).filter_map(|node| {
        let name = if node.kind() == "aliased_import" { node.child_by_field_name("name")? } else { node };
        text(name, source).map(|name| name.split_whitespace().collect())
    });
    names.collect()
}

/// The modules that JavaScript or TypeScript takes, as written: `./util.js`, `node:fs`, `axios`.
pub(super) fn javascript(source: &[u8], is_typescript: bool) -> Vec<String> {
    let language = if is_typescript {
        tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()
    } else {
        tree_sitter_javascript::LANGUAGE.into()
    };
    let Some(tree) = source::parse(&language, source) else { return Vec::new() };
    let mut modules = Vec::new();
    for statement in children(tree.root_node()) {
        match statement.kind() {
            "import_statement" | "export_statement" => {
                // Types are gone before it runs.
                let is_type = children(statement).iter().any(|child| child.kind() == "type");
                let from = statement.child_by_field_name("source").filter(|_| !is_type);
                modules.extend(from.and_then(|from| string(from, source)));
                modules.extend(required(statement, source));
            }
            "expression_statement" | "lexical_declaration" | "variable_declaration" => {
                modules.extend(required(statement, source));
            }
            _ => {}
        }
    }
    modules
}

/// The modules of every `require("…")` in a statement that runs when the statement does.
fn required(statement: Node<'_>, source: &[u8]) -> Vec<String> {
    let mut modules = Vec::new();
    let mut open = vec![statement];
    let mut seen = 0;
    while let Some(node) = open.pop() {
        seen += 1;
        let is_later = node.kind().contains("function") || node.kind().contains("class");
        let may_not_run = ["ternary_expression", "binary_expression", "method_definition"].contains(&node.kind());
        if is_later || may_not_run || seen > MAX_NODES {
            continue;
        }
        modules.extend(require_call(node, source));
        open.extend(children(node));
    }
    modules
}

fn require_call(node: Node<'_>, source: &[u8]) -> Option<String> {
    let function = (node.kind() == "call_expression").then(|| node.child_by_field_name("function")).flatten()?;
    if text(function, source)? != "require" {
        return None;
    }
    string(node.child_by_field_name("arguments")?.named_child(0)?, source)
}

/// The text of a literal without its quotes.
fn string(node: Node<'_>, source: &[u8]) -> Option<String> {
    let quoted = (node.kind() == "string").then(|| text(node, source)).flatten()?;
    Some(quoted.trim_matches(['"', '\'']).to_owned())
}

fn text<'a>(node: Node<'_>, source: &'a [u8]) -> Option<&'a str> {
    node.utf8_text(source).ok()
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(level: usize, module: &str, names: &[&str]) -> Import {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Import { level, module: module.to_owned(), names }
    }

    #[test]
    fn imports_of_python_are_found_where_they_certainly_run() {
        let source = "\"\"\"import nothing\"\"\"\nimport os, requests.adapters as r; import yaml\nfrom bs4 import (\n  \
                      A as B,\n  C,\n)\nfrom . import own\nfrom ..up.x import *\nfrom __future__ import annotations\n\
                      try:\n    import orjson\nexcept ImportError:\n    orjson = None\nif x:\n    import lazy\n\
                      def f():\n    import later\ntext = '''\nimport quoted\n'''\n";
        let expected = [
            import(0, "os", &[]),
            import(0, "requests.adapters", &[]),
            import(0, "yaml", &[]),
            import(0, "bs4", &["A", "C"]),
            import(1, "", &["own"]),
            import(2, "up.x", &[]),
        ];
        assert_eq!(python(source.as_bytes()), expected);
        assert_eq!(python(&vec![b'x'; source::MAX_BYTES + 1]), []);
    }

    #[test]
    fn modules_of_javascript_are_found_where_they_certainly_run() {
        let source = "import a from 'a'; import 'side'; export * from \"./out.js\";\nconst {b} = require('b').c, d = \
                      require(\"@x/d/e\")();\nrequire('node:fs');\n// require('comment')\nconst s = \"require('no')\";\n\
                      try { require('optional') } catch {}\nfunction f() { require('later') }\nconst g = () => \
                      require('later');\nconst h = x ? require('perhaps') : null;\nrequire(name);\n";
        assert_eq!(javascript(source.as_bytes(), false), ["a", "side", "./out.js", "@x/d/e", "b", "node:fs"]);
        let typed = "import type {T} from 'types';\nimport {x} from './x.ts';\nconst y: number = require('y');\n";
        assert_eq!(javascript(typed.as_bytes(), true), ["./x.ts", "y"]);
    }
}
