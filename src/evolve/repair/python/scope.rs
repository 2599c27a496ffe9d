//! Which names Python code binds, and where: enough of its rules to say that a name is bound nowhere.
//!
//! In doubt a name counts as bound, so that nothing is proposed.

use crate::code::python::imports::{PythonTaken, of_statement};
use crate::domain::source::{children, text};
use std::collections::{BTreeMap, HashMap};
use tree_sitter::Node;

/// Deeper code is not followed: nobody writes it. The domain parses no deeper either.
const MAX_DEPTH: usize = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScopeKind {
    Module,
    Function,
    Class,
    Comprehension,
}

#[derive(Debug)]
struct PythonScope<'t> {
    kind: ScopeKind,
    above: Option<usize>,
    /// Every name with the nodes that bind it: an assignment, a definition, a parameter.
    bound: BTreeMap<&'t str, Vec<Node<'t>>>,
}

/// The names of one file.
#[derive(Debug)]
pub(in crate::evolve::repair) struct PythonNames<'t> {
    source: &'t str,
    scopes: Vec<PythonScope<'t>>,
    /// Names that are read, each with its scope.
    reads: Vec<(Node<'t>, usize)>,
    scope_of: HashMap<usize, usize>,
    /// Whether something binds names that are not written down: `from x import *`, `globals()`, `exec`.
    pub is_open: bool,
}

impl<'t> PythonNames<'t> {
    /// The names of a tree.
    pub fn of(root: Node<'t>, source: &'t str) -> PythonNames<'t> {
        let module = PythonScope { kind: ScopeKind::Module, above: None, bound: BTreeMap::new() };
        let (scopes, reads) = (vec![module], Vec::new());
        let mut names = PythonNames { source, scopes, reads, scope_of: HashMap::new(), is_open: false };
        names.each(root, 0, 0);
        let opens = ["exec", "eval", "globals", "locals", "vars", "__builtins__", "builtins", "__import__"];
        names.is_open |= names.reads.iter().any(|(node, _)| opens.contains(&text(*node, source)));
        names
    }

    /// The names that are read and bound nowhere that they could be read from, builtins among them.
    pub fn unbound(&self) -> BTreeMap<&'t str, Vec<Node<'t>>> {
        let mut found: BTreeMap<&str, Vec<Node<'_>>> = BTreeMap::new();
        for (node, scope) in &self.reads {
            let name = text(*node, self.source);
            if self.from(*scope, name).is_empty() {
                found.entry(name).or_default().push(*node);
            }
        }
        found
    }

    /// Whether a name that is read there is bound in the file; in doubt it is.
    pub fn is_bound(&self, node: Node<'t>) -> bool {
        self.scope_of.get(&node.id()).is_none_or(|scope| !self.from(*scope, text(node, self.source)).is_empty())
    }

    /// What binds a name that is read there: everything in the nearest scope that binds it.
    pub fn bindings(&self, node: Node<'t>) -> &[Node<'t>] {
        self.scope_of.get(&node.id()).map_or(&[], |scope| self.from(*scope, text(node, self.source)))
    }

    /// What the module binds under a name.
    pub fn of_module(&self, name: &str) -> &[Node<'t>] {
        self.scopes.first().and_then(|module| module.bound.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Whether a name is bound in any scope.
    pub fn is_bound_anywhere(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.bound.contains_key(name))
    }

    /// Whether a name is read anywhere.
    pub fn is_read(&self, name: &str) -> bool {
        self.reads.iter().any(|(node, _)| text(*node, self.source) == name)
    }

    fn from(&self, scope: usize, name: &str) -> &[Node<'t>] {
        let mut at = Some(scope);
        let mut sees_class = true;
        while let Some(scope) = at.and_then(|at| self.scopes.get(at)) {
            // The names of a class are not seen from the functions in it, but its comprehensions see some.
            if let Some(bound) = scope.bound.get(name).filter(|_| sees_class || scope.kind != ScopeKind::Class) {
                return bound;
            }
            sees_class &= scope.kind == ScopeKind::Comprehension;
            at = scope.above;
        }
        &[]
    }

    fn within(&mut self, kind: ScopeKind, above: usize) -> usize {
        self.scopes.push(PythonScope { kind, above: Some(above), bound: BTreeMap::new() });
        self.scopes.len() - 1
    }

    fn bind(&mut self, name: Node<'t>, by: Node<'t>, scope: usize) {
        self.bind_name(text(name, self.source), by, scope);
    }

    fn bind_name(&mut self, name: &'t str, by: Node<'t>, scope: usize) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.bound.entry(name).or_default().push(by);
        }
    }

    fn each(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        for child in children(node) {
            self.node(child, scope, depth + 1);
        }
    }

    fn field(&mut self, node: Node<'t>, field: &str, scope: usize, depth: usize) {
        if let Some(child) = node.child_by_field_name(field) {
            self.node(child, scope, depth + 1);
        }
    }

    fn node(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        if depth > MAX_DEPTH {
            self.is_open = true;
            return;
        }
        match node.kind() {
            "identifier" => {
                self.reads.push((node, scope));
                self.scope_of.insert(node.id(), scope);
            }
            "attribute" => self.field(node, "object", scope, depth),
            "keyword_argument" => self.field(node, "value", scope, depth),
            "function_definition" => self.function(node, scope, depth),
            "lambda" => {
                let inner = self.within(ScopeKind::Function, scope);
                self.parameters(node, scope, inner, depth);
                self.field(node, "body", inner, depth);
            }
            "class_definition" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.bind(name, node, scope);
                }
                self.targets(node.child_by_field_name("type_parameters"), node, scope, depth);
                self.field(node, "superclasses", scope, depth);
                let inner = self.within(ScopeKind::Class, scope);
                self.field(node, "body", inner, depth);
            }
            "list_comprehension" | "set_comprehension" | "dictionary_comprehension" | "generator_expression" => {
                let inner = self.within(ScopeKind::Comprehension, scope);
                self.each(node, inner, depth);
            }
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" | "type_alias_statement" => {
                self.targets(node.child_by_field_name("left"), node, scope, depth);
                for field in ["type", "right", "body", "alternative"] {
                    self.field(node, field, scope, depth);
                }
            }
            "named_expression" => {
                let owner = self.owner(scope);
                self.targets(node.child_by_field_name("name"), node, owner, depth);
                self.field(node, "value", scope, depth);
            }
            "as_pattern" => {
                for child in children(node) {
                    if child.kind() == "as_pattern_target" || Some(child) == node.child_by_field_name("alias") {
                        self.targets(Some(child), node, scope, depth);
                    } else {
                        self.node(child, scope, depth + 1);
                    }
                }
            }
            "case_clause" => {
                for child in children(node) {
                    match child.kind() {
                        "case_pattern" => self.targets(Some(child), node, scope, depth),
                        _ => self.node(child, scope, depth + 1),
                    }
                }
            }
            "import_statement" | "import_from_statement" | "future_import_statement" => self.import(node, scope),
            "global_statement" | "nonlocal_statement" => {
                // Bound elsewhere, perhaps later: that counts for all scopes above.
                for name in children(node) {
                    self.bind(name, node, scope);
                    self.bind(name, node, 0);
                }
            }
            "print_statement" | "exec_statement" | "ERROR" => self.is_open = true,
            _ => self.each(node, scope, depth),
        }
    }

    fn function(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        if let Some(name) = node.child_by_field_name("name") {
            self.bind(name, node, scope);
        }
        let inner = self.within(ScopeKind::Function, scope);
        self.targets(node.child_by_field_name("type_parameters"), node, inner, depth);
        self.parameters(node, scope, inner, depth);
        self.field(node, "return_type", inner, depth);
        self.field(node, "body", inner, depth);
    }

    /// Binds parameters inside; their defaults and types are read outside.
    fn parameters(&mut self, node: Node<'t>, outside: usize, inside: usize, depth: usize) {
        let Some(parameters) = node.child_by_field_name("parameters") else { return };
        for parameter in children(parameters) {
            match parameter.kind() {
                "default_parameter" | "typed_default_parameter" => {
                    self.targets(parameter.child_by_field_name("name"), parameter, inside, depth);
                    self.field(parameter, "type", outside, depth);
                    self.field(parameter, "value", outside, depth);
                }
                "typed_parameter" => {
                    let kind = parameter.child_by_field_name("type");
                    for child in children(parameter).into_iter().filter(|child| Some(*child) != kind) {
                        self.targets(Some(child), parameter, inside, depth);
                    }
                    self.field(parameter, "type", outside, depth);
                }
                _ => self.targets(Some(parameter), parameter, inside, depth),
            }
        }
    }

    /// Binds every name in a target; what is indexed or asked for a field is read.
    fn targets(&mut self, target: Option<Node<'t>>, by: Node<'t>, scope: usize, depth: usize) {
        let Some(target) = target else { return };
        match target.kind() {
            _ if depth > MAX_DEPTH => self.is_open = true,
            "identifier" => self.bind(target, by, scope),
            "attribute" | "subscript" => self.node(target, scope, depth + 1),
            _ => {
                for child in children(target) {
                    self.targets(Some(child), by, scope, depth + 1);
                }
            }
        }
    }

    fn import(&mut self, node: Node<'t>, scope: usize) {
        for import in of_statement(node, self.source) {
            if import.taken == PythonTaken::Everything {
                self.is_open = true;
            }
            for (name, _) in import.bindings() {
                self.bind_name(name, node, scope);
            }
        }
    }

    /// The scope in which `:=` binds.
    fn owner(&self, scope: usize) -> usize {
        let mut at = scope;
        while let Some(above) =
            self.scopes.get(at).filter(|scope| scope.kind == ScopeKind::Comprehension).and_then(|scope| scope.above)
        {
            at = above;
        }
        at
    }
}
