//! The possible meanings of a name or an expression in JavaScript: imports, assignments, return values.

use super::hiding::{self, FUNCTION, VALUE};
use super::{JavaScriptScanner, argument, joined, module_name, takes_module};
use crate::check::capabilities::finder::MAX_DEPTH;
use crate::check::capabilities::javascript_rules::GLOBALS;
use crate::check::source::children;
use crate::code::TextPart;
use crate::code::javascript::imports;
use crate::code::javascript::text;
use tree_sitter::Node;

impl JavaScriptScanner<'_, '_, '_> {
    pub(super) fn bind(&mut self, node: Node<'_>) {
        let fields = |one: &str, other: &str| Some((node.child_by_field_name(one)?, node.child_by_field_name(other)?));
        match node.kind() {
            "import_statement" => self.import(node),
            "variable_declarator" => {
                if let Some((name, value)) = fields("name", "value") {
                    self.assign(name, value);
                }
            }
            "assignment_expression" => {
                if let Some((name, value)) = fields("left", "right") {
                    self.assign(name, value);
                }
            }
            "function_declaration" | "generator_function_declaration" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.name(name, self.finder.text_of(name), [FUNCTION.to_owned()]);
                }
            }
            // `{everything: globalThis}`: recorded under the last name.
            "pair" => {
                if let Some((key, value)) = fields("key", "value") {
                    let held = self.paths(value, 0).into_iter().filter(|path| hiding::is_sensitive(path));
                    let held: Vec<String> = held.collect();
                    self.finder.name(&format!(".{}", self.finder.text_of(key)), held);
                }
            }
            "call_expression" => {
                self.give(node);
                self.hand_on(node);
            }
            "augmented_assignment_expression" => {
                if let Some(left) = node.child_by_field_name("left").filter(|left| left.kind() == "identifier") {
                    self.finder.bind(self.finder.text_of(left), None);
                }
            }
            _ => {}
        }
    }

    /// `(function (g) { … })(globalThis)`: the parameters get the meanings of the arguments.
    pub(super) fn give(&mut self, call: Node<'_>) {
        let function = call.child_by_field_name("function").filter(|node| node.kind() == "parenthesized_expression");
        let Some(function) = function.and_then(|node| node.named_child(0)) else { return };
        let Some(parameters) = function.child_by_field_name("parameters") else { return };
        for (at, name) in children(parameters).into_iter().enumerate() {
            let name = name.child_by_field_name("pattern").unwrap_or(name);
            if let Some(value) = argument(call, at).filter(|_| name.kind() == "identifier") {
                self.assign(name, value);
            }
        }
    }

    /// `import("fs").then((m) => …)`: the parameter is the module.
    pub(super) fn hand_on(&mut self, call: Node<'_>) {
        let function = call.child_by_field_name("function").filter(|node| node.kind() == "member_expression");
        let of = |name: &str| function.and_then(|node| node.child_by_field_name(name));
        let (Some(object), Some(taker)) = (of("object"), argument(call, 0)) else { return };
        if of("property").is_none_or(|property| self.finder.text_of(property) != "then") {
            return;
        }
        let parameters = taker.child_by_field_name("parameters");
        let first = parameters.and_then(|all| children(all).first().copied());
        let name = taker.child_by_field_name("parameter").or(first);
        if let Some(name) = name.map(|name| name.child_by_field_name("pattern").unwrap_or(name)) {
            self.assign(name, object);
        }
    }

    pub(super) fn import(&mut self, node: Node<'_>) {
        let Some(import) = imports::of_node(node, self.finder.text) else { return };
        let module = module_name(&import.module);
        for name in &import.names {
            let path = if name.name.is_empty() { module.clone() } else { joined(&module, &name.name) };
            self.name(node, &name.binds, [path]);
        }
    }

    pub(super) fn assign(&mut self, name: Node<'_>, value: Node<'_>) {
        let paths = self.paths(value, 0);
        let known: Vec<String> = paths.into_iter().filter(|path| !path.starts_with('?')).collect();
        match name.kind() {
            "identifier" => {
                let text = self.finder.text_of(name);
                // A name equal to its module is the usual case: `const fs = require("fs")`.
                self.name(name, text, known);
                let value = self.whole(value, 0);
                self.finder.bind(text, value);
            }
            "member_expression" => {
                let property = name.child_by_field_name("property").map(|node| self.finder.text_of(node));
                let known: Vec<String> =
                    known.into_iter().filter(|path| path.contains('.') || hiding::is_sensitive(path)).collect();
                if let Some(property) = property.filter(|_| !known.is_empty()) {
                    self.finder.name(&format!(".{property}"), known);
                }
            }
            "object_pattern" => known.iter().for_each(|path| self.destructure(name, path, 0)),
            _ => {}
        }
    }

    pub(super) fn destructure(&mut self, pattern: Node<'_>, path: &str, depth: usize) {
        for part in children(pattern) {
            match part.kind() {
                "shorthand_property_identifier_pattern" => {
                    let name = self.finder.text_of(part);
                    self.name(part, name, [joined(path, name)]);
                }
                "object_assignment_pattern" => {
                    let Some(left) = part.child_by_field_name("left") else { continue };
                    let name = self.finder.text_of(left);
                    self.name(left, name, [joined(path, name)]);
                }
                "pair_pattern" => {
                    let key = part.child_by_field_name("key").map(|key| self.finder.text_of(key)).unwrap_or_default();
                    let computed = part.child_by_field_name("key").filter(|key| key.kind() == "computed_property_name");
                    let path = match computed.map(|key| key.named_child(0).and_then(|key| self.whole(key, 0))) {
                        None => joined(path, key.trim_matches(['"', '\''])),
                        Some(Some(key)) => joined(path, &key),
                        Some(None) => format!("{path}[]"),
                    };
                    match part.child_by_field_name("value") {
                        Some(value) if value.kind() == "identifier" => {
                            self.name(value, self.finder.text_of(value), [path]);
                        }
                        Some(value) if value.kind() == "object_pattern" && depth < MAX_DEPTH => {
                            self.destructure(value, &path, depth + 1);
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
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
            "member_expression" => {
                let name = field("property").map(|name| self.finder.text_of(name)).unwrap_or_default();
                self.member(&of(field("object")), name)
            }
            "subscript_expression" => {
                let index = field("index");
                let key = index.and_then(|key| self.whole(key, depth + 1));
                // Outside of a method, `this` is the global object; a method has no reason to compose such a name.
                let is_made_up = index.is_some_and(|index| index.kind() != "string")
                    && field("object").is_some_and(|object| object.kind() == "this");
                match key {
                    Some(key) if is_made_up && GLOBALS.contains(&key.as_str()) => vec![key],
                    Some(key) => self.member(&of(field("object")), &key),
                    None => of(field("object")).into_iter().map(|path| format!("{path}[]")).collect(),
                }
            }
            "call_expression" => self.paths_of_call(node, depth),
            "new_expression" => of(field("constructor")).into_iter().map(|path| path + "()").collect(),
            "parenthesized_expression"
            | "await_expression"
            | "non_null_expression"
            | "as_expression"
            | "satisfies_expression" => of(node.named_child(0)),
            "sequence_expression" => of(children(node).last().copied()),
            "binary_expression" => of(field("left")).into_iter().chain(of(field("right"))).collect(),
            "ternary_expression" => of(field("consequence")).into_iter().chain(of(field("alternative"))).collect(),
            "import" => vec!["import".to_owned()],
            "array" | "string" | "template_string" | "number" | "regex" | "object" => vec![VALUE.to_owned()],
            "arrow_function" | "function_expression" | "generator_function" => vec![FUNCTION.to_owned()],
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
        let is_global = GLOBALS.contains(&name) && !self.own.contains(name);
        if let Some(known) = self.known(node) {
            // A name bound in one scope is still the global in another.
            let global = is_global.then(|| name.to_owned()).filter(|name| !known.contains(name));
            return known.into_iter().chain(global).collect();
        }
        let is_everything = matches!(name, "globalThis" | "window" | "global" | "self");
        vec![if is_global || is_everything { name.to_owned() } else { "?".to_owned() }]
    }

    pub(super) fn member(&self, of_object: &[String], name: &str) -> Vec<String> {
        let known = of_object.iter().any(|path| !path.starts_with('?'));
        let held = self.finder.meanings(&format!(".{name}")).filter(|_| !known).map(<[String]>::to_vec);
        held.unwrap_or_else(|| of_object.iter().map(|path| hiding::member(path, name)).collect())
    }

    pub(super) fn paths_of_call(&self, node: Node<'_>, depth: usize) -> Vec<String> {
        let Some(function) = node.child_by_field_name("function") else { return Vec::new() };
        let mut paths = Vec::new();
        for function in self.paths(function, depth + 1) {
            let argument = argument(node, 0);
            if takes_module(&function) {
                let module = argument.and_then(|module| self.whole(module, depth + 1));
                paths.push(module.map_or("?".to_owned(), |module| module_name(&module)));
            } else if function.ends_with(".promisify") {
                paths.extend(argument.map(|held| self.paths(held, depth + 1)).unwrap_or_default());
            } else if let Some(bound) = function.strip_suffix(".bind") {
                paths.push(bound.to_owned());
            } else if let Some(called) = function.strip_suffix(".call").or_else(|| function.strip_suffix(".apply")) {
                paths.push(format!("{called}()"));
            } else if matches!(function.as_str(), "Reflect.get" | "Reflect.getOwnPropertyDescriptor") {
                let objects = argument.map(|object| self.paths(object, depth + 1)).unwrap_or_default();
                match self::argument(node, 1).and_then(|name| self.whole(name, depth + 1)) {
                    Some(name) => paths.extend(self.member(&objects, &name)),
                    None => paths.extend(objects.into_iter().map(|path| path + "[]")),
                }
            } else if function == "Object.getPrototypeOf" {
                // The prototype of a function has the same constructor as the function.
                paths.extend(argument.map(|object| self.paths(object, depth + 1)).unwrap_or_default());
            } else {
                paths.push(function + "()");
            }
        }
        paths
    }

    /// The beginning of an expression, if it is a fixed text.
    pub(super) fn beginning(&self, node: Node<'_>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(whole) = self.whole(node, depth) {
            return Some(whole);
        }
        let field = |name: &str| node.child_by_field_name(name);
        match node.kind() {
            "template_string" => {
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
            "binary_expression" => self.beginning(field("left")?, depth + 1),
            "parenthesized_expression" | "array" | "await_expression" => {
                self.beginning(node.named_child(0)?, depth + 1)
            }
            "object" => {
                // `http.request({hostname: "x"})`
                let pairs = children(node).into_iter().filter(|pair| pair.kind() == "pair");
                let mut hosts = pairs.filter_map(|pair| {
                    let key = self.finder.text_of(pair.child_by_field_name("key")?);
                    let is_host = matches!(key.trim_matches(['"', '\'']), "host" | "hostname" | "url" | "baseURL");
                    pair.child_by_field_name("value").filter(|_| is_host)
                });
                self.beginning(hosts.next()?, depth + 1)
            }
            "call_expression" | "new_expression" => {
                let paths = self.paths(node, depth + 1);
                if paths.iter().any(|path| path == "os.homedir()") {
                    return Some("~".to_owned());
                }
                let text = self.finder.text_of(node);
                let is_path = text.starts_with("new URL") || paths.iter().any(|path| path.starts_with("path."));
                argument(node, 0).filter(|_| is_path).and_then(|held| self.beginning(held, depth + 1))
            }
            _ => None,
        }
    }
}
