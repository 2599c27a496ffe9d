//! The possible meanings of a name or an expression in Python: imports, assignments, return values.

use super::{PythonScanner, joined, takes_module};
use crate::check::capabilities::finder::{MAX_DEPTH, rule_for};
use crate::check::capabilities::python_rules::{BUILTINS, RULES};
use crate::check::source::children;
use crate::code::TextPart;
use crate::code::python::imports::{self, PythonTaken};
use crate::code::python::text;
use std::collections::HashSet;
use tree_sitter::Node;

impl<'a> PythonScanner<'_, 'a, '_> {
    pub(super) fn defined(&self, root: Node<'_>) -> HashSet<&'a str> {
        let definitions = children(root).into_iter().filter_map(|node| match node.kind() {
            "function_definition" | "class_definition" => Some(node),
            "decorated_definition" => node.child_by_field_name("definition"),
            _ => None,
        });
        definitions.filter_map(|node| Some(self.finder.text_of(node.child_by_field_name("name")?))).collect()
    }

    /// Records the meanings of names.
    pub(super) fn bind(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" | "import_from_statement" => self.import(node),
            "assignment" => {
                let (Some(left), right) = (node.child_by_field_name("left"), node.child_by_field_name("right")) else {
                    return;
                };
                if let Some(right) = right {
                    self.assign(left, right);
                } else if let Some(kind) = node.child_by_field_name("type") {
                    self.name_like(left, kind);
                }
            }
            "augmented_assignment" => {
                if let Some(left) = node.child_by_field_name("left").filter(|left| left.kind() == "identifier") {
                    self.finder.bind(self.finder.text_of(left), None);
                }
            }
            "named_expression" => {
                if let (Some(name), Some(value)) = (node.child_by_field_name("name"), node.child_by_field_name("value"))
                {
                    self.assign(name, value);
                }
            }
            "as_pattern" => {
                let alias = node.child_by_field_name("alias").and_then(|alias| alias.named_child(0));
                if let (Some(alias), Some(value)) = (alias, node.named_child(0)) {
                    self.assign(alias, value);
                }
            }
            "for_statement" | "for_in_clause" => {
                if let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
                {
                    self.assign(left, right);
                }
            }
            "typed_parameter" | "typed_default_parameter" => {
                let name = node.child_by_field_name("name").or_else(|| node.named_child(0));
                if let (Some(name), Some(kind)) = (name, node.child_by_field_name("type")) {
                    self.name_like(name, kind);
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, node: Node<'_>) {
        for import in imports::of_statement(node, self.finder.text) {
            if import.taken == PythonTaken::Everything {
                self.stars.push(import.written());
            }
            for (name, path) in import.bindings() {
                self.name(node, name, [path]);
            }
        }
    }

    pub(super) fn assign(&mut self, left: Node<'_>, right: Node<'_>) {
        match left.kind() {
            "identifier" => {
                let name = self.finder.text_of(left);
                let meanings = self.paths(right, 0).into_iter().filter(|path| !path.starts_with('?'));
                // A name equal to its module is the usual case: `os = __import__("os")`.
                let meanings: Vec<String> = meanings.collect();
                self.name(left, name, meanings);
                let value = self.whole(right, 0);
                self.finder.bind(name, value);
            }
            "attribute" => {
                // `self.session = requests.Session()`: recorded under the last name.
                let meanings: Vec<String> = self
                    .paths(right, 0)
                    .into_iter()
                    .filter(|path| !path.starts_with('?') && path.contains('.'))
                    .collect();
                if let Some(name) = left.child_by_field_name("attribute").filter(|_| !meanings.is_empty()) {
                    self.finder.name(&format!(".{}", self.finder.text_of(name)), meanings);
                }
            }
            "pattern_list" | "tuple_pattern" if matches!(right.kind(), "expression_list" | "tuple") => {
                for (left, right) in children(left).into_iter().zip(children(right)) {
                    self.assign(left, right);
                }
            }
            _ => {}
        }
    }

    /// A name that is declared to be of a type.
    pub(super) fn name_like(&mut self, name: Node<'_>, kind: Node<'_>) {
        if let Some(kind) = kind.named_child(0).filter(|_| name.kind() == "identifier") {
            let meanings = self.paths(kind, 0).into_iter().filter(|path| !path.starts_with('?'));
            let meanings: Vec<String> = meanings.map(|path| path + "()").collect();
            self.name(name, self.finder.text_of(name), meanings);
        }
    }

    /// The dotted names that an expression may stand for; a leading `?` is an unknown beginning.
    pub(super) fn paths(&self, node: Node<'_>, depth: usize) -> Vec<String> {
        if depth > MAX_DEPTH {
            return Vec::new();
        }
        let field = |name: &str| node.child_by_field_name(name);
        let of = |node: Option<Node<'_>>| node.map(|node| self.paths(node, depth + 1)).unwrap_or_default();
        match node.kind() {
            "identifier" => self.meanings(node),
            "attribute" => {
                let name = field("attribute").map(|name| self.finder.text_of(name)).unwrap_or_default();
                let of_object = of(field("object"));
                let known = of_object.iter().any(|path| !path.starts_with('?'));
                let held = self.finder.meanings(&format!(".{name}")).filter(|_| !known).map(<[String]>::to_vec);
                held.unwrap_or_else(|| of_object.into_iter().map(|path| format!("{path}.{name}")).collect())
            }
            "call" => self.paths_of_call(node, depth),
            "subscript" => self.paths_of_subscript(node, depth),
            "parenthesized_expression" | "await" => of(node.named_child(0)),
            "named_expression" => of(field("value")),
            "binary_operator" => of(field("left")).into_iter().filter(|path| path.starts_with("pathlib.")).collect(),
            "boolean_operator" => of(field("left")).into_iter().chain(of(field("right"))).collect(),
            "conditional_expression" => of(node.named_child(0)).into_iter().chain(of(node.named_child(2))).collect(),
            _ => vec!["?".to_owned()],
        }
    }

    /// Says what a name stands for in the scope that it is bound in.
    fn name(&mut self, node: Node<'_>, name: &str, meaning: impl IntoIterator<Item = String>) {
        let scope = self.names.scope(node, name);
        self.finder.name_in(scope, name, meaning);
    }

    /// The meanings of a name that is read, as far as the file defines them.
    pub(super) fn known(&self, node: Node<'_>) -> Option<Vec<String>> {
        let name = self.finder.text_of(node);
        let is_known = |scope: &usize| !self.names.is_partial && !self.names.is_parameter(*scope, name);
        self.finder.meanings_in(self.names.scope(node, name).filter(is_known), name)
    }

    fn meanings(&self, node: Node<'_>) -> Vec<String> {
        let name = self.finder.text_of(node);
        let is_builtin = BUILTINS.contains(&name) || matches!(name, "bytes" | "bytearray");
        if let Some(known) = self.known(node) {
            // A name bound only in another function is the builtin here.
            let builtin = (is_builtin && !self.names.is_bound(node)).then(|| name.to_owned());
            let builtin = builtin.filter(|name| !known.contains(name));
            return known.into_iter().chain(builtin).collect();
        }
        if self.own.contains(name) {
            return vec!["?".to_owned()];
        }
        let starred = self.stars.iter().map(|module| format!("{module}.{name}"));
        let starred: Vec<String> = starred.filter(|path| rule_for(&[RULES], path).is_some()).collect();
        if !starred.is_empty() {
            starred
        } else if is_builtin {
            vec![name.to_owned()]
        } else {
            vec!["?".to_owned()]
        }
    }

    pub(super) fn paths_of_call(&self, node: Node<'_>, depth: usize) -> Vec<String> {
        let Some(function) = node.child_by_field_name("function") else { return Vec::new() };
        let functions = self.paths(function, depth + 1);
        let argument = |at| self.argument(node, at, &[]);
        let mut paths = Vec::new();
        for function in functions {
            match function.as_str() {
                path if takes_module(path) => {
                    paths.extend(argument(0).and_then(|module| self.whole(module, depth + 1)));
                }
                "getattr" | "builtins.getattr" => {
                    let name = argument(1).and_then(|name| self.whole(name, depth + 1)).unwrap_or("?".to_owned());
                    let objects = argument(0).map(|object| self.paths(object, depth + 1)).unwrap_or_default();
                    paths.extend(objects.into_iter().map(|object| joined(&object, &name)));
                }
                "vars" | "builtins.vars" if argument(0).is_some() => {
                    let objects = argument(0).map(|object| self.paths(object, depth + 1)).unwrap_or_default();
                    paths.extend(objects.into_iter().map(|object| object + ".__dict__"));
                }
                "globals().get" | "locals().get" | "vars().get" | "sys.modules.get" => {
                    paths.extend(argument(0).and_then(|name| self.whole(name, depth + 1)));
                }
                "functools.partial" => {
                    paths.extend(argument(0).map(|held| self.paths(held, depth + 1)).unwrap_or_default());
                }
                _ => paths.push(function + "()"),
            }
        }
        paths
    }

    /// `sys.modules["os"]`, `globals()["eval"]`, `os.__dict__["system"]` are equivalent to attributes.
    pub(super) fn paths_of_subscript(&self, node: Node<'_>, depth: usize) -> Vec<String> {
        let Some(value) = node.child_by_field_name("value") else { return Vec::new() };
        let key = node.child_by_field_name("subscript").and_then(|key| self.whole(key, depth + 1));
        let paths = self.paths(value, depth + 1).into_iter().map(|path| match (path.as_str(), &key) {
            (
                "sys.modules" | "globals()" | "locals()" | "vars()" | "__builtins__" | "__builtins__.__dict__",
                Some(key),
            ) => key.clone(),
            (path, Some(key)) if path.ends_with(".__dict__") => joined(path.trim_end_matches(".__dict__"), key),
            (path, _) => format!("{path}[]"),
        });
        paths.collect()
    }

    /// An argument of a call by position, otherwise by one of these names.
    pub(super) fn argument<'t>(&self, call: Node<'t>, at: usize, names: &[&str]) -> Option<Node<'t>> {
        let arguments = children(call.child_by_field_name("arguments")?);
        let by_place =
            arguments.iter().filter(|node| !matches!(node.kind(), "keyword_argument" | "dictionary_splat")).nth(at);
        by_place.copied().or_else(|| {
            let named = arguments.iter().filter(|node| node.kind() == "keyword_argument");
            let mut named = named.filter_map(|node| {
                let name = self.finder.text_of(node.child_by_field_name("name")?);
                names.contains(&name).then(|| node.child_by_field_name("value")).flatten()
            });
            named.next()
        })
    }

    pub(super) fn keyword<'t>(&self, call: Node<'t>, name: &str) -> Option<Node<'t>> {
        self.argument(call, usize::MAX, &[name])
    }

    /// The text of an expression, if it is certain.
    pub(super) fn whole(&self, node: Node<'_>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        match node.kind() {
            "string" => text::fixed(node, self.finder.text),
            "concatenated_string" => children(node)
                .into_iter()
                .map(|part| self.whole(part, depth + 1))
                .collect::<Option<Vec<_>>>()
                .map(|p| p.concat()),
            "parenthesized_expression" => self.whole(node.named_child(0)?, depth + 1),
            "binary_operator" if self.operator(node) == "+" => {
                let left = self.whole(node.child_by_field_name("left")?, depth + 1)?;
                let right = self.whole(node.child_by_field_name("right")?, depth + 1)?;
                (left.len() + right.len() < 4096).then(|| left + &right)
            }
            "identifier" => self.constant(node, depth),
            _ => None,
        }
    }

    /// The text of a name, if all its bindings have this text.
    fn constant(&self, node: Node<'_>, depth: usize) -> Option<String> {
        let name = self.finder.text_of(node);
        // In a class body, a name is that of the module until the class binds it.
        let is_certain = |scope: &usize| !self.names.is_partial && !self.names.is_class(*scope);
        let Some(scope) = self.names.scope(node, name).filter(is_certain) else {
            return self.finder.constant(name).map(str::to_owned);
        };
        let value = |by: Node<'_>| self.whole(self.names.value_of(by, name)?, depth + 1);
        self.constants.text(scope, name, self.names.bindings(node), value)
    }

    pub(super) fn operator(&self, node: Node<'_>) -> &'a str {
        node.child_by_field_name("operator").map(|node| self.finder.text_of(node)).unwrap_or_default()
    }

    pub(super) fn content(&self, string: Node<'_>) -> String {
        text::content(string, self.finder.text)
    }

    /// The beginning of an expression, if it is a fixed text: enough to determine a host or a folder.
    pub(super) fn beginning(&self, node: Node<'_>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(whole) = self.whole(node, depth) {
            return Some(whole);
        }
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "string" => {
                let mut text = String::new();
                for part in text::parts(node, self.finder.text) {
                    let says = match part {
                        TextPart::Fixed { says, .. } => Some(says),
                        TextPart::Hole(held) => self.whole(held, depth + 1),
                    };
                    let Some(says) = says else {
                        text.push_str("{}");
                        break;
                    };
                    text.push_str(&says);
                }
                (!text.starts_with("{}")).then_some(text)
            }
            // The binding may be anywhere, because a parameter may receive the value.
            "identifier" => self.finder.constant(self.finder.text_of(node)).map(str::to_owned),
            "binary_operator" => self.beginning(field("left")?, depth + 1),
            "parenthesized_expression" | "list" | "tuple" | "concatenated_string" => {
                self.beginning(node.named_child(0)?, depth + 1)
            }
            "call" => {
                let paths = self.paths(node, depth + 1);
                if paths.iter().any(|path| path == "pathlib.Path.home()") {
                    return Some("~".to_owned());
                }
                let is_path = |path: &String| {
                    path.starts_with("pathlib.") || path.starts_with("os.path.") || path == "urllib.request.Request()"
                };
                let held = self.argument(node, 0, &["url"]).filter(|_| paths.iter().any(is_path));
                held.and_then(|held| self.beginning(held, depth + 1)).or_else(|| {
                    let function = field("function").filter(|function| function.kind() == "attribute")?;
                    self.beginning(function.child_by_field_name("object")?, depth + 1)
                })
            }
            _ => None,
        }
    }
}
