//! The imports of Python code: each module in an import statement, the names that it binds, and whether the statement
//! certainly runs. Imports by a call (`importlib.import_module`) are not read here.

use crate::code::WhenRun;
use crate::domain::source::{children, nodes_by_depth, text};
use tree_sitter::Node;
use unicode_normalization::UnicodeNormalization;

/// A module that a statement imports, or from which it imports names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonImport<'t, 's> {
    /// The statement.
    pub statement: Node<'t>,
    /// Dots in front of the module: 0 for an absolute import.
    pub level: usize,
    /// The dotted name after them, without blanks; empty in `from . import x`.
    pub module: String,
    /// The imported part.
    pub taken: PythonTaken<'s>,
}

/// The imported part of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PythonTaken<'s> {
    /// The module: `import a.b` binds `a`; with `as`, the name stands for the whole of `a.b`.
    Module {
        /// The name that is bound.
        binds: &'s str,
        /// Whether it is bound by `as`.
        is_alias: bool,
    },
    /// Names from it.
    Names(Vec<PythonName<'s>>),
    /// Every public name of it: `*`.
    Everything,
}

/// A name that is imported from a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonName<'s> {
    /// The name in the module.
    pub name: String,
    /// The name that is bound here.
    pub binds: &'s str,
}

impl<'s> PythonImport<'_, 's> {
    /// The first part of the module, which is the name of its package. `None` for a relative import.
    pub fn top(&self) -> Option<&str> {
        (self.level == 0).then(|| self.module.split('.').next().unwrap_or_default())
    }

    /// The module as it is written, dots in front.
    pub fn written(&self) -> String {
        ".".repeat(self.level) + &self.module
    }

    /// Each bound name, with the dotted name of its target.
    pub fn bindings(&self) -> Vec<(&'s str, String)> {
        match &self.taken {
            PythonTaken::Module { binds, is_alias: true } => vec![(*binds, self.module.clone())],
            PythonTaken::Module { binds, is_alias: false } => {
                vec![(*binds, self.top().unwrap_or_default().to_owned())]
            }
            PythonTaken::Names(names) => {
                let module = self.written();
                names.iter().map(|name| (name.binds, format!("{module}.{}", name.name))).collect()
            }
            PythonTaken::Everything => Vec::new(),
        }
    }
}

/// The imports of a file, in the order of the text, and when each of them runs.
pub fn imports<'t, 's>(root: Node<'t>, source: &'s str) -> Vec<(PythonImport<'t, 's>, WhenRun)> {
    let mut found = Vec::new();
    // For each ancestor: when its contents run.
    let mut inside: Vec<WhenRun> = Vec::new();
    for (depth, node) in nodes_by_depth(root) {
        inside.truncate(depth);
        let above = inside.last().copied().unwrap_or(WhenRun::Always);
        found.extend(of_statement(node, source).into_iter().map(|import| (import, above)));
        inside.push(above.and(within(node)));
    }
    found
}

/// When the parts of a statement run, as far as this statement decides it.
fn within(node: Node<'_>) -> WhenRun {
    match node.kind() {
        // A `with` can suppress errors inside it: `with suppress(ImportError)`.
        "if_statement" | "try_statement" | "with_statement" | "for_statement" | "while_statement"
        | "match_statement" | "ERROR" => WhenRun::Perhaps,
        "function_definition" => WhenRun::WhenCalled,
        _ => WhenRun::Always,
    }
}

/// The modules that a statement imports; empty for other statements.
pub fn of_statement<'t, 's>(statement: Node<'t>, source: &'s str) -> Vec<PythonImport<'t, 's>> {
    match statement.kind() {
        "import_statement" => named(statement)
            .into_iter()
            .filter_map(|node| {
                let (module, alias) = aliased(node, source)?;
                let first = children(node).into_iter().next().map(|first| text(first, source));
                let taken = match alias {
                    Some(binds) => PythonTaken::Module { binds, is_alias: true },
                    None => PythonTaken::Module { binds: first.unwrap_or_default(), is_alias: false },
                };
                Some(PythonImport { statement, level: 0, module, taken })
            })
            .collect(),
        "import_from_statement" => {
            let Some(module) = statement.child_by_field_name("module_name") else { return Vec::new() };
            let (level, module) = relative(module, source);
            vec![PythonImport { statement, level, module, taken: taken(statement, source) }]
        }
        "future_import_statement" => {
            let module = "__future__".to_owned();
            vec![PythonImport { statement, level: 0, module, taken: taken(statement, source) }]
        }
        _ => Vec::new(),
    }
}

fn taken<'s>(statement: Node<'_>, source: &'s str) -> PythonTaken<'s> {
    if children(statement).iter().any(|child| child.kind() == "wildcard_import") {
        return PythonTaken::Everything;
    }
    let names = named(statement).into_iter().filter_map(|node| {
        let (name, alias) = aliased(node, source)?;
        Some(PythonName { binds: alias.unwrap_or_else(|| text(node, source)), name })
    });
    PythonTaken::Names(names.collect())
}

/// The children in the field `name`.
fn named(statement: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = statement.walk();
    statement.children_by_field_name("name", &mut cursor).filter(Node::is_named).collect()
}

/// A dotted name and its `as` name.
fn aliased<'s>(node: Node<'_>, source: &'s str) -> Option<(String, Option<&'s str>)> {
    if node.kind() != "aliased_import" {
        return Some((dotted(node, source), None));
    }
    let alias = node.child_by_field_name("alias").map(|alias| text(alias, source));
    Some((dotted(node.child_by_field_name("name")?, source), alias))
}

/// The dots and the name of a module.
fn relative(node: Node<'_>, source: &str) -> (usize, String) {
    if node.kind() != "relative_import" {
        return (0, dotted(node, source));
    }
    let parts = children(node);
    let of = |kind: &str| parts.iter().find(|part| part.kind() == kind);
    let level = of("import_prefix").map_or(0, |dots| text(*dots, source).matches('.').count());
    (level, of("dotted_name").map(|name| dotted(*name, source)).unwrap_or_default())
}

/// A dotted name, without the blanks, line breaks and backslashes in it, normalised as Python compares names (NFKC).
fn dotted(node: Node<'_>, source: &str) -> String {
    let parts = children(node).into_iter().filter(|part| part.kind() == "identifier");
    let parts: Vec<&str> = parts.map(|part| text(part, source)).collect();
    let name = if parts.is_empty() { text(node, source).to_owned() } else { parts.join(".") };
    if name.is_ascii() { name } else { name.nfkc().collect() }
}
