//! The names that Python code binds, and where: resolves names by the rules of the language.
//!
//! Functions and comprehensions have separate scopes, the names of a class are not visible in its functions, `global`
//! and `nonlocal` bind elsewhere, and `:=` binds outside a comprehension. In doubt, a name counts as bound.

use super::imports::{PythonTaken, of_statement};
use crate::domain::source::{children, text};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tree_sitter::Node;

/// The maximum depth of code; real code is not deeper.
const MAX_DEPTH: usize = 200;

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
    parameters: BTreeSet<&'t str>,
    /// Names that a `global` statement in it takes from the module.
    globals: BTreeSet<&'t str>,
    /// Names that a `nonlocal` statement in it takes from an enclosing function.
    nonlocals: BTreeSet<&'t str>,
}

impl PythonScope<'_> {
    fn new(kind: ScopeKind, above: Option<usize>) -> Self {
        let (parameters, globals, nonlocals) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        PythonScope { kind, above, bound: BTreeMap::new(), parameters, globals, nonlocals }
    }
}

/// The names of one file.
#[derive(Debug)]
pub struct PythonNames<'t> {
    source: &'t str,
    scopes: Vec<PythonScope<'t>>,
    /// Names that are read, each with its scope.
    reads: Vec<(Node<'t>, usize)>,
    /// The scope of each name and each import statement, by node.
    scope_of: HashMap<usize, usize>,
    /// Assignments to `nonlocal` names, until their scope is known.
    handed_up: Vec<(&'t str, Node<'t>, usize)>,
    /// Whether something binds names that do not occur in the text: `from x import *`, `globals()`, `exec`.
    pub is_open: bool,
    /// Whether it is open because of more than `vars(x)`, which only shows the attributes of an object. A script that
    /// reads its arguments with `vars` takes its names from nowhere else.
    pub takes_names: bool,
    /// Whether a part was not read, because of a syntax error or deep nesting.
    pub is_partial: bool,
}

impl<'t> PythonNames<'t> {
    /// The names of a tree.
    pub fn of(root: Node<'t>, source: &'t str) -> PythonNames<'t> {
        let mut names = PythonNames {
            source,
            scopes: vec![PythonScope::new(ScopeKind::Module, None)],
            reads: Vec::new(),
            scope_of: HashMap::new(),
            handed_up: Vec::new(),
            is_open: false,
            takes_names: false,
            is_partial: false,
        };
        names.each(root, 0, 0);
        names.hand_up();
        let shows_object = |node: &Node<'_>| {
            let call = node.parent().filter(|call| call.child_by_field_name("function") == Some(*node));
            let arguments = call.and_then(|call| call.child_by_field_name("arguments"));
            text(*node, source) == "vars" && arguments.is_some_and(|list| list.named_child_count() > 0)
        };
        let opens = ["exec", "eval", "globals", "locals", "vars", "__builtins__", "builtins", "__import__"];
        let opening: Vec<&Node<'_>> =
            names.reads.iter().map(|(node, _)| node).filter(|node| opens.contains(&text(**node, source))).collect();
        names.takes_names = names.is_open || opening.iter().any(|node| !shows_object(node));
        names.is_open |= !opening.is_empty();
        names
    }

    /// The names that are read but not bound in any visible scope, builtins included.
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

    /// Whether a name that is read at a node is bound in the file; true in doubt.
    pub fn is_bound(&self, node: Node<'t>) -> bool {
        self.scope_of.get(&node.id()).is_none_or(|scope| !self.from(*scope, text(node, self.source)).is_empty())
    }

    /// The bindings of a name that is read at a node: all bindings in the nearest scope that binds it.
    pub fn bindings(&self, node: Node<'t>) -> &[Node<'t>] {
        self.scope_of.get(&node.id()).map_or(&[], |scope| self.from(*scope, text(node, self.source)))
    }

    /// The bindings of a name in the module.
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

    /// The scope in which a name is resolved or bound by an import statement; `None` if it is not bound, or if the node
    /// was not read. Numbers only distinguish scopes.
    pub fn scope(&self, node: Node<'_>, name: &str) -> Option<usize> {
        self.resolve(*self.scope_of.get(&node.id())?, name)
    }

    /// Whether a name of a scope is a parameter, whose value depends on the caller.
    pub fn is_parameter(&self, scope: usize, name: &str) -> bool {
        self.scopes.get(scope).is_some_and(|scope| scope.parameters.contains(name))
    }

    /// Whether a scope is the body of a class: code in it sees a name of the module until the class binds the name.
    pub fn is_class(&self, scope: usize) -> bool {
        self.scopes.get(scope).is_some_and(|scope| scope.kind == ScopeKind::Class)
    }

    /// The expression that a binding assigns to a name; `None` if it is not a plain assignment.
    pub fn value_of(&self, binding: Node<'t>, name: &str) -> Option<Node<'t>> {
        let (left, mut right) = match binding.kind() {
            "assignment" => (binding.child_by_field_name("left")?, binding.child_by_field_name("right")?),
            "named_expression" => (binding.child_by_field_name("name")?, binding.child_by_field_name("value")?),
            _ => return None,
        };
        // `a = b = value`
        while right.kind() == "assignment" {
            right = right.child_by_field_name("right")?;
        }
        let is_named = |node: &Node<'_>| node.kind() == "identifier" && text(*node, self.source) == name;
        if left.kind() == "identifier" {
            return is_named(&left).then_some(right);
        }
        let is_pair = matches!(left.kind(), "pattern_list" | "tuple_pattern")
            && matches!(right.kind(), "expression_list" | "tuple");
        let (targets, values) = (children(left), children(right));
        if !is_pair || targets.len() != values.len() || !targets.iter().all(|target| target.kind() == "identifier") {
            return None;
        }
        let mut of_name = targets.iter().zip(values).filter(|(target, _)| is_named(target)).map(|(_, value)| value);
        of_name.next().filter(|value| value.kind() != "list_splat" && of_name.next().is_none())
    }

    fn from(&self, scope: usize, name: &str) -> &[Node<'t>] {
        let scope = self.resolve(scope, name).and_then(|scope| self.scopes.get(scope));
        scope.and_then(|scope| scope.bound.get(name)).map_or(&[], Vec::as_slice)
    }

    /// The scope in which a name is resolved, from a given scope.
    fn resolve(&self, scope: usize, name: &str) -> Option<usize> {
        let mut at = Some(scope);
        let mut sees_class = true;
        while let Some((index, scope)) = at.and_then(|at| Some((at, self.scopes.get(at)?))) {
            if scope.globals.contains(name) {
                return self.scopes.first().filter(|module| module.bound.contains_key(name)).map(|_| 0);
            }
            // The functions in a class do not see its names; its comprehensions see some of them.
            let is_seen = (sees_class || scope.kind != ScopeKind::Class) && !scope.nonlocals.contains(name);
            if is_seen && scope.bound.contains_key(name) {
                return Some(index);
            }
            sees_class &= scope.kind == ScopeKind::Comprehension;
            at = scope.above;
        }
        None
    }

    /// Adds the assignments of `nonlocal` names to the function that owns the name, which may bind it later in the
    /// text.
    fn hand_up(&mut self) {
        for (name, by, scope) in std::mem::take(&mut self.handed_up) {
            // A `nonlocal` name without an enclosing function that binds it is a syntax error.
            let owner = self.resolve(scope, name).unwrap_or(0);
            if let Some(scope) = self.scopes.get_mut(owner) {
                scope.bound.entry(name).or_default().push(by);
            }
        }
    }

    fn within(&mut self, kind: ScopeKind, above: usize) -> usize {
        self.scopes.push(PythonScope::new(kind, Some(above)));
        self.scopes.len() - 1
    }

    fn bind(&mut self, name: Node<'t>, by: Node<'t>, scope: usize) {
        self.bind_name(text(name, self.source), by, scope);
    }

    fn bind_name(&mut self, name: &'t str, by: Node<'t>, scope: usize) {
        let Some(own) = self.scopes.get_mut(scope) else { return };
        if own.nonlocals.contains(name) {
            self.handed_up.push((name, by, scope));
            return;
        }
        let scope = if own.globals.contains(name) { 0 } else { scope };
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
            (self.is_open, self.is_partial) = (true, true);
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
                self.comprehension(node, scope, inner, depth);
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
            "global_statement" | "nonlocal_statement" => self.declare(node, scope),
            "print_statement" | "exec_statement" | "ERROR" => {
                (self.is_open, self.is_partial) = (true, true);
                self.each(node, scope, depth);
            }
            _ => self.each(node, scope, depth),
        }
    }

    /// `global` and `nonlocal`: the name counts as bound in the scope that it belongs to, because that scope may bind
    /// it later.
    fn declare(&mut self, node: Node<'t>, scope: usize) {
        let is_global = node.kind() == "global_statement";
        for name in children(node) {
            let name = text(name, self.source);
            if let Some(scope) = self.scopes.get_mut(scope) {
                let names = if is_global { &mut scope.globals } else { &mut scope.nonlocals };
                names.insert(name);
            }
            self.bind_name(name, node, scope);
        }
    }

    /// The first iterable of a comprehension is evaluated outside it.
    fn comprehension(&mut self, node: Node<'t>, outside: usize, inside: usize, depth: usize) {
        let mut is_first = true;
        for child in children(node) {
            if child.kind() == "for_in_clause" && std::mem::take(&mut is_first) {
                self.targets(child.child_by_field_name("left"), child, inside, depth + 1);
                self.field(child, "right", outside, depth + 1);
            } else {
                self.node(child, inside, depth + 1);
            }
        }
    }

    fn function(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        if let Some(name) = node.child_by_field_name("name") {
            self.bind(name, node, scope);
        }
        let inner = self.within(ScopeKind::Function, scope);
        self.targets(node.child_by_field_name("type_parameters"), node, inner, depth);
        self.parameters(node, scope, inner, depth);
        // The type of a parameter is read outside the function, unless it may name a type parameter.
        let is_generic = node.child_by_field_name("type_parameters").is_some();
        self.field(node, "return_type", if is_generic { inner } else { scope }, depth);
        self.field(node, "body", inner, depth);
    }

    /// Binds parameters inside; their defaults and types are read outside.
    fn parameters(&mut self, node: Node<'t>, outside: usize, inside: usize, depth: usize) {
        self.each_parameter(node, outside, inside, depth);
        if let Some(scope) = self.scopes.get_mut(inside) {
            scope.parameters = scope.bound.keys().copied().collect();
        }
    }

    fn each_parameter(&mut self, node: Node<'t>, outside: usize, inside: usize, depth: usize) {
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

    /// Binds every name in a target; indexed objects and objects with an attribute are read.
    fn targets(&mut self, target: Option<Node<'t>>, by: Node<'t>, scope: usize, depth: usize) {
        let Some(target) = target else { return };
        match target.kind() {
            _ if depth > MAX_DEPTH => (self.is_open, self.is_partial) = (true, true),
            "identifier" => {
                self.scope_of.insert(target.id(), scope);
                self.bind(target, by, scope);
            }
            "attribute" | "subscript" => self.node(target, scope, depth + 1),
            _ => {
                for child in children(target) {
                    self.targets(Some(child), by, scope, depth + 1);
                }
            }
        }
    }

    fn import(&mut self, node: Node<'t>, scope: usize) {
        self.scope_of.insert(node.id(), scope);
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
