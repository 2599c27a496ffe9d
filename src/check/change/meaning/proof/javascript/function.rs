//! Functions and classes of JavaScript and TypeScript.

use super::super::lower::{Lower, named, placed};
use super::super::tree::{Kind, Node};
use super::{block, body, expr, field};
use tree_sitter::Node as Syntax;

/// Words before a parameter of a constructor that make it a field of the object, too.
const FIELD_WORDS: &[&str] = &["accessibility_modifier", "override_modifier", "decorator"];

/// Whether a value is a function.
pub(super) fn is_function(node: Syntax<'_>) -> bool {
    matches!(node.kind(), "arrow_function" | "function_expression" | "function" | "generator_function")
}

/// A function with a name. `sort`: what it is besides, such as `method`.
pub(super) fn function(lower: &mut Lower<'_>, node: Syntax<'_>, sort: &str) -> Node {
    let name = node.child_by_field_name("name").map_or("", |name| lower.text(name)).to_owned();
    let (params, inner) = parts(lower, node);
    let sort = words(lower, node, sort);
    Node::new(Kind::Def, &name, vec![params, inner, Node::leaf(Kind::Raw, &sort)])
}

/// A function without a name of its own. What its text says: `arrow`, `function`, `method`, and `async` or `generator` before it.
pub(super) fn lambda(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    // A function that knows itself by a name is kept as it is written.
    if node.kind() != "method_definition" && node.child_by_field_name("name").is_some() {
        return lower.opaque(node);
    }
    let sort = match node.kind() {
        "arrow_function" => "arrow",
        "method_definition" => "method",
        _ => "function",
    };
    let (params, inner) = parts(lower, node);
    let sort = words(lower, node, sort);
    Node::new(Kind::Lambda, &sort, vec![params, inner])
}

/// A function that is given to another one: written with an arrow or not is the same, unless it uses what only one of them has.
pub(super) fn without_own_this(mut node: Node) -> Node {
    let is_plain = matches!(node.text.as_str(), "arrow" | "function" | "async arrow" | "async function");
    let uses = |inner: &Node| {
        inner.is(Kind::Opaque) || inner.is(Kind::Name) && matches!(inner.text.as_str(), "this" | "arguments" | "super")
    };
    if node.is(Kind::Lambda) && is_plain && !node.any(&uses) {
        node.text = if node.text.starts_with("async") { "async".to_owned() } else { String::new() };
    }
    node
}

fn words(lower: &Lower<'_>, node: Syntax<'_>, sort: &str) -> String {
    let signs = lower.signs(node);
    let has = |word: &str| signs.iter().any(|sign| sign == word);
    let is_generator = has("*") || node.kind().starts_with("generator");
    let mut words: Vec<&str> = ["static", "get", "set", "async"].into_iter().filter(|word| has(word)).collect();
    if is_generator {
        words.push("generator");
    }
    words.extend(Some(sort).filter(|sort| !sort.is_empty()));
    words.join(" ")
}

fn parts(lower: &mut Lower<'_>, node: Syntax<'_>) -> (Node, Node) {
    let params = match (node.child_by_field_name("parameters"), node.child_by_field_name("parameter")) {
        (Some(list), _) => {
            let given = named(list);
            let made: Vec<Node> = given.into_iter().map(|one| parameter(lower, one)).collect();
            let made = made.into_iter().filter(|one| !one.is(Kind::Empty)).collect();
            placed(list, Node::of(Kind::Params, made))
        }
        (None, Some(only)) => Node::of(Kind::Params, vec![parameter(lower, only)]),
        (None, None) => Node::of(Kind::Params, Vec::new()),
    };
    let was_in_class = std::mem::replace(&mut lower.is_in_class, false);
    let inner = match node.child_by_field_name("body") {
        Some(inner) if inner.kind() == "statement_block" => block(lower, inner),
        Some(inner) => {
            let value = expr(lower, inner);
            Node::block(vec![Node { lines: value.lines, ..Node::of(Kind::Return, vec![value]) }])
        }
        None => Node::block(Vec::new()),
    };
    lower.is_in_class = was_in_class;
    (params, inner)
}

fn parameter(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let (pattern, default) = match node.kind() {
        "required_parameter" | "optional_parameter" => {
            if named(node).iter().any(|part| FIELD_WORDS.contains(&part.kind()))
                || lower.signs(node).iter().any(|sign| sign == "readonly")
            {
                return lower.opaque(node);
            }
            let Some(pattern) = node.child_by_field_name("pattern") else { return lower.opaque(node) };
            // `this: T` is only a type.
            if pattern.kind() == "this" {
                return Node::empty();
            }
            (pattern, node.child_by_field_name("value"))
        }
        "assignment_pattern" => match (node.child_by_field_name("left"), node.child_by_field_name("right")) {
            (Some(left), right) => (left, right),
            _ => return lower.opaque(node),
        },
        _ => (node, None),
    };
    let default = default.map_or_else(Node::empty, |value| expr(lower, value));
    let (name, sort) = match pattern.kind() {
        "identifier" => (lower.text(pattern), ""),
        "rest_pattern" => match pattern.named_child(0).filter(|inner| inner.kind() == "identifier") {
            Some(inner) => (lower.text(inner), "..."),
            None => return lower.opaque(node),
        },
        _ => {
            let pattern = expr(lower, pattern);
            return if default.is(Kind::Empty) {
                pattern
            } else {
                Node::new(Kind::Raw, "default", vec![pattern, default])
            };
        }
    };
    let caller = Node::leaf(Kind::Raw, &format!("caller {name}"));
    let made = Node::new(Kind::Param, name, vec![default, caller, Node::leaf(Kind::Raw, sort)]);
    placed(node, made)
}

/// A class: its name, what it extends, its methods and fields.
pub(super) fn class(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let name = node.child_by_field_name("name").map_or("", |name| lower.text(name)).to_owned();
    let mut head = Node::leaf(Kind::Raw, "class");
    for part in named(node) {
        match part.kind() {
            "decorator" => return lower.opaque(node),
            "class_heritage" => {
                for base in named(part) {
                    match base.kind() {
                        "extends_clause" => head.kids.push(field(lower, base, "value")),
                        "implements_clause" => {}
                        _ => head.kids.push(expr(lower, base)),
                    }
                }
            }
            _ => {}
        }
    }
    let Some(inner) = node.child_by_field_name("body") else { return lower.opaque(node) };
    let was_in_class = std::mem::replace(&mut lower.is_in_class, true);
    let members: Vec<Node> = named(inner).into_iter().filter_map(|part| member(lower, part)).collect();
    lower.is_in_class = was_in_class;
    Node::new(Kind::Class, &name, vec![head, Node::block(members)])
}

fn member(lower: &mut Lower<'_>, node: Syntax<'_>) -> Option<Node> {
    let name = node.child_by_field_name("name").or_else(|| node.child_by_field_name("property"));
    let is_plain =
        name.is_some_and(|name| matches!(name.kind(), "property_identifier" | "private_property_identifier"));
    let is_marked = named(node).iter().any(|part| part.kind() == "decorator");
    let made = match node.kind() {
        // Types without code.
        "method_signature" | "abstract_method_signature" | "index_signature" => return None,
        "method_definition" if is_plain && !is_marked => {
            let is_constructor = name.is_some_and(|name| lower.text(name) == "constructor");
            function(lower, node, if is_constructor { "constructor method" } else { "method" })
        }
        "field_definition" | "public_field_definition" if is_plain && !is_marked => {
            let signs = lower.signs(node);
            let sort = if signs.iter().any(|sign| sign == "static") { "static field" } else { "field" };
            let text = format!("{sort} {}", name.map_or("", |name| lower.text(name)));
            Node::new(Kind::Raw, &text, vec![field(lower, node, "value")])
        }
        "class_static_block" => Node::new(Kind::Raw, "static block", vec![body(lower, node, "body")]),
        _ => lower.opaque(node),
    };
    Some(placed(node, made))
}
