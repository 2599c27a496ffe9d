//! Ways in which Python reaches things without naming them: namespace tables, attributes with computed names, and the
//! path from a value to all classes.

use super::PythonScanner;
use super::joined;
use crate::check::capabilities::finder::rule_for;
use crate::check::capabilities::python_rules::RULES;
use crate::domain::CapabilityKind as Kind;
use tree_sitter::Node;

/// Attributes through which code escapes its scope.
const CLIMBING: &[&str] = &["__globals__", "__code__", "__builtins__"];

/// The same as names in a text; there is no need to look these up dynamically.
const CLIMBING_BY_NAME: &[&str] =
    &["__globals__", "__code__", "__builtins__", "__bases__", "__base__", "__mro__", "__subclasses__"];

/// Modules of which any member may be dangerous.
const ABLE: &[&str] =
    &["os", "subprocess", "importlib", "sys", "shutil", "ctypes", "socket", "builtins", "__builtins__"];

impl PythonScanner<'_, '_, '_> {
    pub(super) fn climbs(&self, attribute: Node<'_>) -> bool {
        let name = attribute.child_by_field_name("attribute").map(|name| self.finder.text_of(name)).unwrap_or_default();
        CLIMBING.contains(&name)
    }

    /// `().__class__.__base__.__subclasses__()` reaches every class; on a named class, it is common.
    pub(super) fn climbs_by_call(&self, function: Node<'_>) -> bool {
        let text = self.finder.text_of(function);
        let upward = ["__class__", "__base__", "__bases__", "__mro__", "object.", "type("];
        function.kind() == "attribute"
            && text.ends_with("__subclasses__")
            && upward.iter().any(|word| text.contains(word))
    }

    fn is_able(&self, node: Node<'_>) -> bool {
        self.paths(node, 0).iter().any(|path| ABLE.contains(&path.as_str()))
    }

    /// `operator.attrgetter("system")(os)`: a hidden look-up of a name.
    pub(super) fn picks(&self, call: Node<'_>, function: Node<'_>) -> bool {
        let paths = self.paths(function, 0);
        let is_picker =
            paths.iter().any(|path| matches!(path.as_str(), "operator.attrgetter()" | "operator.methodcaller()"));
        is_picker && self.argument(call, 0, &[]).is_some_and(|object| self.is_able(object))
    }

    /// Calls that look up a name in a table or an object; `true` if nothing more must be reported.
    pub(super) fn looks_up(&mut self, node: Node<'_>, path: &str) -> bool {
        let name_at = |at| self.argument(node, at, &[]).and_then(|name| self.whole(name, 0));
        let hides = match path {
            "globals().get" | "locals().get" | "vars().get" | "sys.modules.get" => match name_at(0) {
                None => is_used(node),
                Some(name) => name == "__builtins__",
            },
            "object.__getattribute__" | "type.__getattribute__" => {
                self.argument(node, 0, &[]).is_some_and(|object| self.is_able(object))
            }
            path => path.strip_suffix(".__getattribute__").is_some_and(|object| ABLE.contains(&object)),
        };
        // `object` is not a known name.
        let text = node.child_by_field_name("function").map(|function| self.finder.text_of(function));
        let by_object = text.is_some_and(|text| text.ends_with("object.__getattribute__"))
            && self.argument(node, 0, &[]).is_some_and(|object| self.is_able(object));
        if hides || by_object {
            self.finder.add(node, Kind::Obfuscation, None);
        }
        hides || by_object
    }

    /// A member of a table of names: `globals()[name]`, `os.__dict__[name]`.
    pub(super) fn table(&mut self, node: Node<'_>, path: &str, name: Option<&str>, is_assigned: bool) {
        let is_table = matches!(path, "globals()" | "locals()" | "vars()" | "sys.modules");
        let object = path.strip_suffix(".__dict__");
        let hides = match (name, object) {
            _ if matches!(path, "__builtins__" | "__builtins__.__dict__" | "builtins.__dict__") => true,
            (Some(name), _) => is_table && name == "__builtins__",
            (None, Some(object)) => ABLE.contains(&object),
            (None, None) => is_table && !is_assigned && is_used(node),
        };
        if hides {
            self.finder.add(node, Kind::Obfuscation, name.map(str::to_owned));
        }
    }

    /// A computed name of a member of a module or of the builtins hides the call; for the tool's own objects, it is
    /// common.
    pub(super) fn getattr(&mut self, node: Node<'_>) {
        let Some(object) = self.argument(node, 0, &[]) else { return };
        let name = self.argument(node, 1, &[]).and_then(|name| self.whole(name, 0));
        let paths = self.paths(object, 0);
        let is_builtins = paths.iter().any(|path| path == "__builtins__" || path == "builtins");
        let climbs = name.as_deref().is_some_and(|name| CLIMBING_BY_NAME.contains(&name));
        if is_builtins || climbs || name.is_none() && self.is_able(object) {
            self.finder.add(node, Kind::Obfuscation, None);
        } else if let Some(name) = name {
            let called = node
                .parent()
                .is_some_and(|parent| parent.kind() == "call" && parent.child_by_field_name("function") == Some(node));
            let rule = paths.iter().find_map(|path| rule_for(&[RULES], &joined(path, &name)));
            if let Some(rule) = rule.filter(|rule| rule.by_name && !called) {
                self.finder.add(node, rule.kind, None);
            }
        }
    }
}

/// Whether the result of an expression is called, or one of its members is used.
fn is_used(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| matches!(parent.kind(), "call" | "attribute"))
}
