//! Ways in which JavaScript reaches things without naming them: computed keys on the global objects, and the
//! constructors behind every value.

use super::{ABLE, JavaScriptScanner, argument, joined};
use crate::check::source::{children, excerpt};
use crate::domain::CapabilityKind as Kind;
use tree_sitter::Node;

/// Objects through which everything can be reached.
const EVERYTHING: &[&str] = &["globalThis", "global", "window", "process", "process.mainModule", "module", "require"];

/// A literal value; its members are methods.
pub(super) const VALUE: &str = "#value";

/// A function expression.
pub(super) const FUNCTION: &str = "#function";

/// Functions that look up a member of an object by its name, or all members.
const LOOKING: &[&str] = &[
    "Reflect.get",
    "Reflect.getOwnPropertyDescriptor",
    "Object.getOwnPropertyDescriptor",
    "Object.getOwnPropertyDescriptors",
    "Object.values",
    "Object.entries",
    "Object.getOwnPropertyNames",
    "Reflect.ownKeys",
];

/// Whether any member of the object at a path may be dangerous.
pub(super) fn is_sensitive(path: &str) -> bool {
    EVERYTHING.contains(&path) || ABLE.contains(&path)
}

/// The path of a member of what a path names.
pub(super) fn member(object: &str, name: &str) -> String {
    let is_function = object == FUNCTION
        || object.ends_with(".constructor")
        || object == "Function.prototype"
        || object.strip_prefix(VALUE).is_some_and(|rest| rest.starts_with('.'));
    match name {
        "constructor" if is_function => "Function".to_owned(),
        "__proto__" => object.to_owned(),
        // The class of modules is the module `module`.
        "constructor" if matches!(object, "module" | "process.mainModule" | "require.main") => "module".to_owned(),
        _ => joined(object, name),
    }
}

impl JavaScriptScanner<'_, '_, '_> {
    /// Whether an expression may be an object with dangerous members.
    fn is_sensitive(&self, node: Node<'_>) -> bool {
        self.paths(node, 0).iter().any(|path| is_sensitive(path))
    }

    fn unreadable(&mut self, node: Node<'_>) {
        let code = excerpt(self.finder.text_of(node), 72);
        self.finder.add_shown(
            node,
            Kind::Obfuscation,
            None,
            &format!("{code} cannot be analysed: the name is computed at run time"),
        );
    }

    /// `globalThis[name]`: the name cannot be read.
    pub(super) fn subscript(&mut self, node: Node<'_>) {
        let field = |name: &str| node.child_by_field_name(name);
        let (Some(object), Some(index)) = (field("object"), field("index")) else { return };
        let is_assigned = node.parent().is_some_and(|parent| {
            parent.kind() == "assignment_expression" && parent.child_by_field_name("left") == Some(node)
        });
        if !is_assigned && index.kind() != "number" && self.whole(index, 0).is_none() && self.is_sensitive(object) {
            self.unreadable(node);
        }
    }

    /// `const {[name]: run} = globalThis`.
    pub(super) fn computed_pattern(&mut self, pattern: Option<Node<'_>>, value: Option<Node<'_>>) {
        let (Some(pattern), Some(value)) = (pattern.filter(|node| node.kind() == "object_pattern"), value) else {
            return;
        };
        let is_open = |pair: &Node<'_>| {
            let key = pair.child_by_field_name("key").filter(|key| key.kind() == "computed_property_name");
            key.and_then(|key| key.named_child(0)).is_some_and(|key| self.whole(key, 0).is_none())
        };
        if children(pattern).iter().any(is_open) && self.is_sensitive(value) {
            self.unreadable(pattern);
        }
    }

    /// `with (globalThis) …`: every name in it may mean anything.
    pub(super) fn with(&mut self, node: Node<'_>) {
        if node.child_by_field_name("object").is_some_and(|object| self.is_sensitive(object)) {
            self.unreadable(node);
        }
    }

    /// A call that looks up a name in a global object; `true` if it is one.
    pub(super) fn looks_up(&mut self, node: Node<'_>, path: &str) -> bool {
        if !LOOKING.contains(&path) {
            return false;
        }
        let name = argument(node, 1).and_then(|name| self.whole(name, 0));
        let is_open = path != "Reflect.get" || name.is_none();
        if is_open && argument(node, 0).is_some_and(|object| self.is_sensitive(object)) {
            self.unreadable(node);
        }
        true
    }

    /// `x.constructor(code)()`: only the function constructor returns something callable.
    pub(super) fn makes_function(&mut self, node: Node<'_>, function: Node<'_>) -> bool {
        let is_called = node.parent().is_some_and(|parent| {
            parent.kind() == "call_expression" && parent.child_by_field_name("function") == Some(node)
        });
        let makes = node.kind() == "call_expression"
            && is_called
            && self.paths(function, 0).iter().any(|path| path.ends_with(".constructor"));
        if makes {
            self.finder.add(node, Kind::Obfuscation, None);
        }
        makes
    }

    /// Whether an expression is certainly a text, whatever its content.
    pub(super) fn is_text(&self, node: Node<'_>) -> bool {
        match node.kind() {
            "string" | "template_string" => true,
            "binary_expression" => self.operator(node) == "+" && self.beginning(node, 0).is_some(),
            "call_expression" => {
                let function = node.child_by_field_name("function");
                function.is_some_and(|function| self.paths(function, 0).iter().any(|path| path == "String"))
            }
            _ => false,
        }
    }
}
