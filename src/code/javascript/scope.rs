//! The names that JavaScript and TypeScript code binds, and where: resolves names by the rules of the language.
//!
//! `var` and functions belong to the enclosing function, `let`, `const` and classes to their block, and names that are
//! assigned without a declaration belong to the module. In doubt, a name counts as bound.

use super::imports;
use crate::domain::source::{children, text};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use tree_sitter::Node;

/// The maximum depth of code that is followed.
const MAX_DEPTH: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScopeKind {
    /// A function, or the module.
    Function,
    Block,
}

#[derive(Debug)]
struct JavaScriptScope<'t> {
    kind: ScopeKind,
    above: Option<usize>,
    /// Every name with the nodes that bind it: a declaration, an assignment, a parameter.
    bound: BTreeMap<&'t str, Vec<Node<'t>>>,
    parameters: BTreeSet<&'t str>,
}

/// The scope in which the names of a pattern are bound.
#[derive(Clone, Copy)]
struct PatternTarget<'t> {
    by: Node<'t>,
    /// The scope of a declaration; `None` for an assignment to a name that is declared elsewhere.
    declared: Option<usize>,
}

/// The names of one file.
#[derive(Debug)]
pub struct JavaScriptNames<'t> {
    source: &'t str,
    scopes: Vec<JavaScriptScope<'t>>,
    /// The scope of each name and each import statement, by node.
    scope_of: HashMap<usize, usize>,
    /// Assignments, until every declaration is known.
    assigned: Vec<(&'t str, Node<'t>, usize)>,
    /// Whether something binds names that do not occur in the text: `with`, `eval`.
    pub is_open: bool,
    /// Whether a part was not read, because of a syntax error or deep nesting.
    pub is_partial: bool,
}

impl<'t> JavaScriptNames<'t> {
    /// The names of a tree.
    pub fn of(root: Node<'t>, source: &'t str) -> JavaScriptNames<'t> {
        let mut names = JavaScriptNames {
            source,
            scopes: Vec::new(),
            scope_of: HashMap::new(),
            assigned: Vec::new(),
            is_open: false,
            is_partial: false,
        };
        let module = names.within(ScopeKind::Function, None);
        names.each(root, module, 0);
        for (name, by, scope) in std::mem::take(&mut names.assigned) {
            let owner = names.resolve(scope, name).unwrap_or(module);
            names.bind(name, by, owner);
        }
        names
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

    /// The bindings of a name that is read at a node: all declarations in the nearest scope, and all assignments.
    pub fn bindings(&self, node: Node<'t>) -> &[Node<'t>] {
        let name = text(node, self.source);
        let scope = self.scope(node, name).and_then(|scope| self.scopes.get(scope));
        scope.and_then(|scope| scope.bound.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Whether a name is bound in any scope.
    pub fn is_bound_anywhere(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.bound.contains_key(name))
    }

    /// The expression that a binding assigns to a name; `None` if it is not a plain assignment.
    pub fn value_of(&self, binding: Node<'t>, name: &str) -> Option<Node<'t>> {
        let (left, mut right) = match binding.kind() {
            "variable_declarator" => (binding.child_by_field_name("name")?, binding.child_by_field_name("value")?),
            "assignment_expression" => (binding.child_by_field_name("left")?, binding.child_by_field_name("right")?),
            _ => return None,
        };
        // `a = b = value`
        while right.kind() == "assignment_expression" {
            right = right.child_by_field_name("right")?;
        }
        (left.kind() == "identifier" && text(left, self.source) == name).then_some(right)
    }

    fn resolve(&self, scope: usize, name: &str) -> Option<usize> {
        let mut at = Some(scope);
        while let Some((index, scope)) = at.and_then(|at| Some((at, self.scopes.get(at)?))) {
            if scope.bound.contains_key(name) {
                return Some(index);
            }
            at = scope.above;
        }
        None
    }

    fn within(&mut self, kind: ScopeKind, above: Option<usize>) -> usize {
        self.scopes.push(JavaScriptScope { kind, above, bound: BTreeMap::new(), parameters: BTreeSet::new() });
        self.scopes.len() - 1
    }

    fn bind(&mut self, name: &'t str, by: Node<'t>, scope: usize) {
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.bound.entry(name).or_default().push(by);
        }
    }

    /// The scope of a `var` declaration.
    fn function_around(&self, scope: usize) -> usize {
        let mut at = scope;
        while let Some(above) =
            self.scopes.get(at).filter(|scope| scope.kind == ScopeKind::Block).and_then(|scope| scope.above)
        {
            at = above;
        }
        at
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
            "identifier" | "shorthand_property_identifier" => {
                self.is_open |= text(node, self.source) == "eval";
                self.scope_of.insert(node.id(), scope);
            }
            "import_statement" => self.import(node, scope),
            // These names belong to the other module.
            "export_statement" if node.child_by_field_name("source").is_some() => {}
            "lexical_declaration" | "variable_declaration" => self.declaration(node, scope, depth),
            "function_declaration" | "generator_function_declaration" => {
                self.named(node, scope);
                // Without strict mode, the function around a block has the name too.
                let around = self.function_around(scope);
                if around != scope {
                    self.named(node, around);
                }
                self.function(node, scope, depth);
            }
            "class_declaration" | "abstract_class_declaration" | "enum_declaration" | "internal_module" => {
                self.named(node, scope);
                self.each_but_name(node, scope, depth);
            }
            "class" => {
                let inner = self.within(ScopeKind::Block, Some(scope));
                self.named(node, inner);
                self.each_but_name(node, inner, depth);
            }
            "function_expression" | "generator_function" | "arrow_function" | "method_definition" => {
                self.function(node, scope, depth);
            }
            // Its `var` declarations are local to it.
            "class_static_block" => {
                let inner = self.within(ScopeKind::Function, Some(scope));
                self.each(node, inner, depth);
            }
            "statement_block" | "switch_body" | "for_statement" => {
                let inner = self.within(ScopeKind::Block, Some(scope));
                self.each(node, inner, depth);
            }
            "for_in_statement" => self.rounds(node, scope, depth),
            "catch_clause" => {
                let inner = self.within(ScopeKind::Block, Some(scope));
                let target = PatternTarget { by: node, declared: Some(inner) };
                self.pattern(node.child_by_field_name("parameter"), target, inner, depth);
                self.field(node, "body", inner, depth);
            }
            "assignment_expression" | "augmented_assignment_expression" => {
                let target = PatternTarget { by: node, declared: None };
                self.pattern(node.child_by_field_name("left"), target, scope, depth);
                self.field(node, "right", scope, depth);
            }
            "update_expression" => {
                let target = PatternTarget { by: node, declared: None };
                self.pattern(node.child_by_field_name("argument"), target, scope, depth);
            }
            "with_statement" => {
                self.is_open = true;
                self.each(node, scope, depth);
            }
            "ERROR" => {
                (self.is_open, self.is_partial) = (true, true);
                self.each(node, scope, depth);
            }
            _ => self.each(node, scope, depth),
        }
    }

    fn import(&mut self, node: Node<'t>, scope: usize) {
        self.scope_of.insert(node.id(), scope);
        let mut cursor = node.walk();
        // The binding is a piece of the source: an identifier of the statement.
        let names = imports::of_node(node, self.source).map(|import| import.names).unwrap_or_default();
        let mut open: Vec<Node<'t>> = node.children(&mut cursor).collect();
        while let Some(part) = open.pop() {
            let name = text(part, self.source);
            if part.kind() == "identifier" && names.iter().any(|known| known.binds == name) {
                self.bind(name, node, scope);
                self.scope_of.insert(part.id(), scope);
            }
            open.extend(children(part));
        }
    }

    fn declaration(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        let owner = if node.kind() == "variable_declaration" { self.function_around(scope) } else { scope };
        for declarator in children(node) {
            let target = PatternTarget { by: declarator, declared: Some(owner) };
            self.pattern(declarator.child_by_field_name("name"), target, scope, depth + 1);
            self.field(declarator, "value", scope, depth + 1);
        }
    }

    /// `for (const x of list)` and similar loops.
    fn rounds(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        self.field(node, "right", scope, depth);
        let inner = self.within(ScopeKind::Block, Some(scope));
        let declared = node.child_by_field_name("kind").map(|kind| match text(kind, self.source) {
            "var" => self.function_around(scope),
            _ => inner,
        });
        self.pattern(node.child_by_field_name("left"), PatternTarget { by: node, declared }, inner, depth);
        self.field(node, "body", inner, depth);
    }

    fn named(&mut self, node: Node<'t>, scope: usize) {
        if let Some(name) = node.child_by_field_name("name") {
            self.scope_of.insert(name.id(), scope);
            self.bind(text(name, self.source), node, scope);
        }
    }

    fn each_but_name(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        let name = node.child_by_field_name("name");
        for child in children(node).into_iter().filter(|child| Some(*child) != name) {
            self.node(child, scope, depth + 1);
        }
    }

    fn function(&mut self, node: Node<'t>, scope: usize, depth: usize) {
        let inner = self.within(ScopeKind::Function, Some(scope));
        let parameters = node.child_by_field_name("parameters").map(children).unwrap_or_default();
        for parameter in node.child_by_field_name("parameter").into_iter().chain(parameters.iter().copied()) {
            let target = PatternTarget { by: parameter, declared: Some(inner) };
            self.pattern(Some(parameter), target, inner, depth + 1);
        }
        if let Some(scope) = self.scopes.get_mut(inner) {
            scope.parameters = scope.bound.keys().copied().collect();
        }
        match node.kind() {
            // Its name is visible only inside it.
            "function_expression" | "generator_function" => self.named(node, inner),
            // `{ [name]() {} }`
            "method_definition" => self.field(node, "name", scope, depth),
            _ => {}
        }
        // Default values of parameters cannot use declarations of the body (ECMAScript,
        // FunctionDeclarationInstantiation).
        let has_defaults = |parameter: &Node<'t>| {
            parameter.kind() == "assignment_pattern" || parameter.child_by_field_name("value").is_some()
        };
        let inner =
            if parameters.iter().any(has_defaults) { self.within(ScopeKind::Function, Some(inner)) } else { inner };
        match node.child_by_field_name("body") {
            Some(body) if body.kind() == "statement_block" => self.each(body, inner, depth + 1),
            Some(body) => self.node(body, inner, depth + 1),
            None => {}
        }
    }

    /// Binds every name in a pattern; keys and defaults in it are read.
    fn pattern(&mut self, pattern: Option<Node<'t>>, target: PatternTarget<'t>, scope: usize, depth: usize) {
        let Some(pattern) = pattern else { return };
        match pattern.kind() {
            _ if depth > MAX_DEPTH => (self.is_open, self.is_partial) = (true, true),
            "identifier" | "shorthand_property_identifier_pattern" => {
                let name = text(pattern, self.source);
                self.scope_of.insert(pattern.id(), target.declared.unwrap_or(scope));
                match target.declared {
                    Some(owner) => self.bind(name, target.by, owner),
                    None => self.assigned.push((name, target.by, scope)),
                }
            }
            "pair_pattern" => {
                self.field(pattern, "key", scope, depth);
                self.pattern(pattern.child_by_field_name("value"), target, scope, depth + 1);
            }
            "assignment_pattern" | "object_assignment_pattern" => {
                self.pattern(pattern.child_by_field_name("left"), target, scope, depth + 1);
                self.field(pattern, "right", scope, depth);
            }
            "required_parameter" | "optional_parameter" => {
                self.pattern(pattern.child_by_field_name("pattern"), target, scope, depth + 1);
                self.field(pattern, "value", scope, depth);
            }
            "object_pattern" | "array_pattern" | "rest_pattern" | "parenthesized_expression" => {
                for child in children(pattern) {
                    self.pattern(Some(child), target, scope, depth + 1);
                }
            }
            _ => self.node(pattern, scope, depth + 1),
        }
    }
}
