//! JavaScript and TypeScript as a tree of [`Node`]s. Comments, brackets and types are left out; what is not listed here is opaque.
//!
//! A variable that is declared is an `Assign` whose text says how: `let`, `var`, or `const let` for a constant.

mod function;
mod pattern;

use super::lower::{Lower, fields, named, placed, starts_with};
use super::modules;
use super::tree::{Kind, Node};
use crate::code::escape::{EscapeRules, unescaped};
use function::{class, function, is_function, lambda, without_own_this};
use tree_sitter::Node as Syntax;

/// The program of a file.
pub(super) fn program(lower: &mut Lower<'_>, root: Syntax<'_>) -> Node {
    block(lower, root)
}

/// The statements of a block, a file, or a single statement in its place.
pub(super) fn block(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let kids = match node.kind() {
        "statement_block" | "program" | "else_clause" | "finally_clause" => {
            let kids = named(node);
            match kids.as_slice() {
                [only]
                    if only.kind() == "statement_block"
                        && node.kind() != "statement_block"
                        && node.kind() != "program" =>
                {
                    return block(lower, *only);
                }
                _ => kids.into_iter().flat_map(|child| statement(lower, child)).collect(),
            }
        }
        _ => statement(lower, node),
    };
    placed(node, Node::block(kids))
}

pub(super) fn body(lower: &mut Lower<'_>, node: Syntax<'_>, field: &str) -> Node {
    node.child_by_field_name(field).map_or_else(|| Node::block(Vec::new()), |body| block(lower, body))
}

fn statement(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    lower.deeper(node, |lower| {
        let made = one_statement(lower, node);
        made.into_iter().map(|made| placed(node, made)).collect()
    })
}

fn one_statement(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    let made = match node.kind() {
        "empty_statement"
        | "hash_bang_line"
        | "interface_declaration"
        | "type_alias_declaration"
        | "function_signature" => {
            return Vec::new();
        }
        "statement_block" => block(lower, node),
        "expression_statement" => return expression_statement(lower, node),
        "lexical_declaration" | "variable_declaration" => return declaration(lower, node),
        "if_statement" => {
            let test = field(lower, node, "condition");
            let then = body(lower, node, "consequence");
            Node::of(Kind::If, vec![test, then, body(lower, node, "alternative")])
        }
        "for_in_statement" => for_each(lower, node),
        "for_statement" => for_loop(lower, node),
        "while_statement" => {
            let test = field(lower, node, "condition");
            Node::of(Kind::While, vec![test, body(lower, node, "body"), Node::block(Vec::new())])
        }
        "do_statement" => {
            let inner = body(lower, node, "body");
            Node::new(Kind::Raw, "do", vec![inner, field(lower, node, "condition")])
        }
        "switch_statement" => switch(lower, node),
        "return_statement" => Node::of(Kind::Return, exprs(lower, node)),
        "throw_statement" => Node::of(Kind::Raise, exprs(lower, node)),
        "break_statement" | "continue_statement" => {
            let label = node.child_by_field_name("label").map_or("", |label| lower.text(label));
            Node::leaf(if node.kind() == "break_statement" { Kind::Break } else { Kind::Continue }, label)
        }
        "try_statement" => attempt(lower, node),
        "function_declaration" | "generator_function_declaration" => function(lower, node, ""),
        "class_declaration" => class(lower, node),
        "import_statement" => return import(lower, node),
        "export_statement" => return export(lower, node),
        _ => lower.opaque(node),
    };
    vec![made]
}

fn expression_statement(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    let inner = named(node);
    let [only] = inner.as_slice() else { return vec![lower.opaque(node)] };
    match (only.kind(), only.child_by_field_name("left"), only.child_by_field_name("right")) {
        ("assignment_expression", Some(target), Some(value)) => {
            let target = expr(lower, target);
            vec![Node::of(Kind::Assign, vec![target, expr(lower, value)])]
        }
        ("augmented_assignment_expression", Some(target), Some(value)) => {
            let sign = operator(lower, *only);
            let sign = sign.trim_end_matches('=');
            if matches!(sign, "&&" | "||" | "??") {
                return vec![Node::of(Kind::Do, vec![expr(lower, *only)])];
            }
            let target = expr(lower, target);
            vec![Node::new(Kind::Aug, sign, vec![target, expr(lower, value)])]
        }
        // Whether the value comes before or after does not matter where nothing uses it.
        ("update_expression", ..) => {
            let sign = format!("update {}", operator(lower, *only));
            vec![Node::new(Kind::Raw, &sign, vec![field(lower, *only, "argument")])]
        }
        ("sequence_expression", ..) => {
            let parts = named(*only);
            parts.into_iter().map(|part| Node::of(Kind::Do, vec![expr(lower, part)])).collect()
        }
        _ => vec![Node::of(Kind::Do, vec![expr(lower, *only)])],
    }
}

/// How a declaration declares its names.
fn sort_of(lower: &Lower<'_>, node: Syntax<'_>) -> Option<&'static str> {
    match node.child(0).map_or("", |first| lower.text(first)) {
        "let" => Some("let"),
        "const" => Some("const let"),
        "var" => Some("var"),
        _ => None,
    }
}

fn declaration(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    let Some(sort) = sort_of(lower, node) else { return vec![lower.opaque(node)] };
    let mut made = Vec::new();
    for one in named(node) {
        let Some(name) = one.child_by_field_name("name") else { return vec![lower.opaque(node)] };
        let step = if let Some(value) = one.child_by_field_name("value") {
            if let Some(imported) = required(lower, name, value, sort) {
                imported
            } else {
                let (target, value) = (expr(lower, name), expr(lower, value));
                if let Some(steps) = pattern::taken_apart(sort, &target, &value) {
                    made.extend(steps.into_iter().map(|step| placed(one, step)));
                    continue;
                }
                Node::new(Kind::Assign, sort, vec![target, value])
            }
        } else {
            let sort = if sort == "var" { "declare var" } else { "declare" };
            Node::new(Kind::Raw, sort, vec![expr(lower, name)])
        };
        made.push(placed(one, step));
    }
    made
}

/// `const x = require("fs")` of a module that does nothing when it is loaded, outside of functions: an import.
fn required(lower: &mut Lower<'_>, name: Syntax<'_>, value: Syntax<'_>, sort: &str) -> Option<Node> {
    let is_outside = value.parent()?.parent()?.parent()?.kind() == "program";
    let module = required_module(lower, value).filter(|module| modules::is_silent(module))?;
    if !is_outside || sort != "const let" {
        return None;
    }
    let pair = |name: &str, member: &str| [Node::name(name), Node::leaf(Kind::Str, &format!("{module}:{member}"))];
    let mut kids = Vec::new();
    match name.kind() {
        "identifier" => kids.extend(pair(lower.text(name), "default")),
        "object_pattern" => {
            for part in named(name) {
                let key = part.child_by_field_name("key");
                match (part.kind(), key, part.child_by_field_name("value")) {
                    ("shorthand_property_identifier_pattern", ..) => {
                        kids.extend(pair(lower.text(part), lower.text(part)));
                    }
                    ("pair_pattern", Some(key), Some(value))
                        if key.kind() == "property_identifier" && value.kind() == "identifier" =>
                    {
                        kids.extend(pair(lower.text(value), lower.text(key)));
                    }
                    _ => return None,
                }
            }
        }
        _ => return None,
    }
    Some(Node::new(Kind::Raw, "import", kids))
}

/// The module of `require("module")`.
fn required_module(lower: &mut Lower<'_>, value: Syntax<'_>) -> Option<String> {
    let called = value.child_by_field_name("function").filter(|_| value.kind() == "call_expression")?;
    let given = named(value.child_by_field_name("arguments")?);
    let [only] = given.as_slice() else { return None };
    (lower.text(called) == "require" && only.kind() == "string").then(|| modules::of_node(&said(lower, *only)))
}

fn for_each(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let sort = node.child_by_field_name("kind").map_or("", |kind| lower.text(kind));
    let sort = match sort {
        "const" => "const let",
        "" | "let" | "var" => sort,
        _ => return lower.opaque(node),
    };
    let is_in = operator(lower, node) == "in";
    let is_await = lower.signs(node).iter().any(|sign| sign == "await");
    let sort = [if is_await { "await" } else { "" }, if is_in { "in" } else { "" }, sort];
    let sort: Vec<&str> = sort.into_iter().filter(|word| !word.is_empty()).collect();
    let target = field(lower, node, "left");
    let over = field(lower, node, "right");
    Node::new(Kind::For, &sort.join(" "), vec![target, over, body(lower, node, "body"), Node::block(Vec::new())])
}

fn for_loop(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let first = node.child_by_field_name("initializer").map_or_else(Vec::new, |first| match first.kind() {
        "lexical_declaration" | "variable_declaration" | "expression_statement" | "empty_statement" => {
            statement(lower, first)
        }
        _ => vec![Node::of(Kind::Do, vec![expr(lower, first)])],
    });
    let test = node.child_by_field_name("condition");
    let test = test.filter(|test| test.kind() != "empty_statement").map(|test| match test.kind() {
        "expression_statement" => exprs(lower, test).pop().unwrap_or_else(Node::empty),
        _ => expr(lower, test),
    });
    let step = field(lower, node, "increment");
    let kids = vec![Node::block(first), test.unwrap_or_else(Node::empty), step, body(lower, node, "body")];
    Node::of(Kind::Loop, kids)
}

/// A `switch`. One whose cases share variables that they declare is not looked into.
fn switch(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut kids = vec![field(lower, node, "value")];
    let Some(cases) = node.child_by_field_name("body") else { return lower.opaque(node) };
    let cases = named(cases);
    if pattern::shares_variables(lower, &cases) {
        return lower.opaque(node);
    }
    for case in cases {
        let test = case.child_by_field_name("value");
        let inner = fields(case, "body");
        let declares = ["class_declaration", "function_declaration", "generator_function_declaration"];
        if inner.iter().any(|step| declares.contains(&step.kind())) {
            return lower.opaque(node);
        }
        let steps = inner.into_iter().flat_map(|step| statement(lower, step)).collect();
        let test = test.map_or_else(Node::empty, |test| expr(lower, test));
        kids.push(placed(case, Node::new(Kind::Raw, "case", vec![test, Node::block(steps)])));
    }
    Node::new(Kind::Raw, "switch", kids)
}

fn attempt(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut kids = vec![body(lower, node, "body"), Node::block(Vec::new()), body(lower, node, "finalizer")];
    if let Some(handler) = node.child_by_field_name("handler") {
        let name = field(lower, handler, "parameter");
        let inner = body(lower, handler, "body");
        kids.push(placed(handler, Node::of(Kind::Handler, vec![Node::empty(), name, inner])));
    }
    Node::of(Kind::Try, kids)
}

/// The names that an import binds, each followed by `module:member`.
fn import(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    if lower.signs(node).iter().any(|sign| sign == "type") {
        return Vec::new();
    }
    let source = node.child_by_field_name("source").map(|source| modules::of_node(&said(lower, source)));
    let clauses: Vec<Syntax<'_>> = named(node).into_iter().filter(|kid| kid.kind() == "import_clause").collect();
    let (Some(module), [clause]) = (source, clauses.as_slice()) else { return vec![lower.opaque(node)] };
    // What is imported with conditions (`with { type: "json" }`) is another thing.
    if named(node).iter().any(|kid| kid.kind() == "import_attribute") {
        return vec![lower.opaque(node)];
    }
    let mut kids = Vec::new();
    let mut add = |name: &str, member: &str| {
        kids.extend([Node::name(name), Node::leaf(Kind::Str, &format!("{module}:{member}"))]);
    };
    for part in named(*clause) {
        match part.kind() {
            "identifier" => add(lower.text(part), "default"),
            "namespace_import" => {
                let Some(name) = part.named_child(0) else { return vec![lower.opaque(node)] };
                add(lower.text(name), "*");
            }
            "named_imports" => {
                for one in named(part) {
                    let name = one.child_by_field_name("name").filter(|name| name.kind() == "identifier");
                    let Some(name) = name else { return vec![lower.opaque(node)] };
                    if starts_with(one, "type") {
                        continue;
                    }
                    let alias = one.child_by_field_name("alias").unwrap_or(name);
                    add(lower.text(alias), lower.text(name));
                }
            }
            _ => return vec![lower.opaque(node)],
        }
    }
    vec![Node::new(Kind::Raw, "import", kids)]
}

/// What a file gives to others: the name that they see, and the value.
fn export(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    let signs = lower.signs(node);
    let has = |word: &str| signs.iter().any(|sign| sign == word);
    if has("type") {
        return Vec::new();
    }
    let given = |name: &str, value: Node| [Node::leaf(Kind::Str, name), value];
    if let Some(inner) = node.child_by_field_name("declaration") {
        let mut made = statement(lower, inner);
        let mut names: Vec<String> = Vec::new();
        for step in &made {
            match step.kind {
                Kind::Def | Kind::Class => names.push(step.text.clone()),
                Kind::Assign => names.extend(super::scope::targets(&step.kids[0])),
                _ => return vec![lower.opaque(node)],
            }
        }
        names.retain(|name| !pattern::is_taken(name));
        let seen = |name: &String| if has("default") { "default".to_owned() } else { name.clone() };
        let kids = names.iter().flat_map(|name| given(&seen(name), Node::name(name))).collect();
        made.push(Node::new(Kind::Raw, "export", kids));
        return made;
    }
    if let Some(value) = node.child_by_field_name("value") {
        let value = expr(lower, value);
        return vec![Node::new(Kind::Raw, "export", given("default", value).into())];
    }
    let clauses: Vec<Syntax<'_>> = named(node).into_iter().filter(|kid| kid.kind() == "export_clause").collect();
    let ([clause], None) = (clauses.as_slice(), node.child_by_field_name("source")) else {
        return vec![lower.opaque(node)];
    };
    let mut kids = Vec::new();
    for one in named(*clause) {
        let Some(name) = one.child_by_field_name("name").filter(|name| name.kind() == "identifier") else {
            return vec![lower.opaque(node)];
        };
        let seen = one.child_by_field_name("alias").unwrap_or(name);
        kids.extend(given(lower.text(seen), Node::name(lower.text(name))));
    }
    vec![Node::new(Kind::Raw, "export", kids)]
}

pub(super) fn field(lower: &mut Lower<'_>, node: Syntax<'_>, name: &str) -> Node {
    node.child_by_field_name(name).map_or_else(Node::empty, |child| expr(lower, child))
}

pub(super) fn exprs(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    named(node).into_iter().map(|child| expr(lower, child)).collect()
}

fn operator(lower: &Lower<'_>, node: Syntax<'_>) -> String {
    node.child_by_field_name("operator").map_or("", |sign| lower.text(sign)).to_owned()
}

pub(super) fn expr(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let made = lower.deeper(node, |lower| vec![value(lower, node)]).pop();
    made.map_or_else(Node::empty, |made| placed(node, made))
}

fn value(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    if is_function(node) {
        return lambda(lower, node);
    }
    match node.kind() {
        "identifier" | "shorthand_property_identifier" | "shorthand_property_identifier_pattern" | "this" | "super" => {
            match lower.text(node) {
                "undefined" => Node::leaf(Kind::Word, "undefined"),
                name => Node::name(name),
            }
        }
        "number" => Node::leaf(Kind::Num, &lower.text(node).replace('_', "").to_lowercase()),
        "true" | "false" | "null" | "undefined" => Node::leaf(Kind::Word, node.kind()),
        "string" => Node::leaf(Kind::Str, &said(lower, node)),
        "template_string" => template(lower, node),
        "regex" => Node::leaf(Kind::Raw, &format!("regex {}", lower.text(node))),
        // Types say nothing to the interpreter.
        "parenthesized_expression"
        | "as_expression"
        | "satisfies_expression"
        | "non_null_expression"
        | "type_assertion" => {
            let at = usize::from(node.kind() == "type_assertion");
            let inner = named(node).get(at).copied();
            match inner {
                Some(inner) if inner.kind() == "sequence_expression" => {
                    Node::new(Kind::Raw, "sequence", exprs(lower, inner))
                }
                Some(inner) => expr(lower, inner),
                None => lower.opaque(node),
            }
        }
        "member_expression" | "subscript_expression" => member(lower, node),
        "call_expression" | "new_expression" => call(lower, node),
        "await_expression" => Node::of(Kind::Await, exprs(lower, node)),
        "yield_expression" => {
            let sort = format!("yield {}", lower.shape(node));
            Node::new(Kind::Raw, &sort, exprs(lower, node))
        }
        "spread_element" | "rest_pattern" => Node::new(Kind::Spread, "...", exprs(lower, node)),
        "unary_expression" | "binary_expression" | "ternary_expression" => calculation(lower, node),
        "assignment_expression" | "augmented_assignment_expression" => {
            let sign = if node.kind() == "assignment_expression" { "=".to_owned() } else { operator(lower, node) };
            let target = field(lower, node, "left");
            Node::new(Kind::Raw, &format!("update {sign}"), vec![target, field(lower, node, "right")])
        }
        "update_expression" => {
            let sort = format!("update {}", lower.shape(node));
            Node::new(Kind::Raw, &sort, vec![field(lower, node, "argument")])
        }
        "array" | "array_pattern" => {
            if has_gap(node) {
                lower.opaque(node)
            } else {
                Node::of(Kind::List, exprs(lower, node))
            }
        }
        "object" | "object_pattern" => object(lower, node),
        "assignment_pattern" | "object_assignment_pattern" => {
            let target = field(lower, node, "left");
            Node::new(Kind::Raw, "default", vec![target, field(lower, node, "right")])
        }
        _ => lower.opaque(node),
    }
}

/// Whether a place in a list is left out: `[, a]`, `[a, , b]`.
fn has_gap(node: Syntax<'_>) -> bool {
    let mut cursor = node.walk();
    let kinds: Vec<&str> = node.children(&mut cursor).filter(|kid| !kid.is_extra()).map(|kid| kid.kind()).collect();
    kinds.windows(2).any(|pair| matches!(pair, ["[" | ",", ","]))
}

fn calculation(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let sign = operator(lower, node);
    if node.kind() == "ternary_expression" {
        let test = field(lower, node, "condition");
        let then = field(lower, node, "consequence");
        return Node::of(Kind::Cond, vec![test, then, field(lower, node, "alternative")]);
    }
    if node.kind() == "unary_expression" {
        let inner = field(lower, node, "argument");
        return match sign.as_str() {
            "!" => inner.negated(),
            "-" if inner.is(Kind::Num) && !inner.text.starts_with('-') => {
                Node::leaf(Kind::Num, &format!("-{}", inner.text))
            }
            "void" if inner.is(Kind::Num) => Node::leaf(Kind::Word, "undefined"),
            _ => Node::new(Kind::Unary, &sign, vec![inner]),
        };
    }
    let kids = vec![field(lower, node, "left"), field(lower, node, "right")];
    match sign.as_str() {
        "&&" => Node::of(Kind::And, kids),
        "||" => Node::of(Kind::Or, kids),
        "??" => Node::of(Kind::Nullish, kids),
        "==" | "!=" | "===" | "!==" | "<" | "<=" | ">" | ">=" | "in" | "instanceof" => {
            Node::new(Kind::Compare, &sign, kids)
        }
        _ => Node::new(Kind::Binary, &sign, kids),
    }
}

/// Whether what follows in a chain is left out where a value does not exist: `a?.b.c(d)`.
fn may_end(node: Syntax<'_>) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        let mut cursor = node.walk();
        if node.children(&mut cursor).any(|kid| kid.kind() == "optional_chain" || kid.kind() == "?.") {
            return true;
        }
        at = node.child_by_field_name("object").or_else(|| node.child_by_field_name("function"));
    }
    false
}

fn member(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let object = field(lower, node, "object");
    let mut cursor = node.walk();
    let is_optional = node.children(&mut cursor).any(|kid| kid.kind() == "optional_chain" || kid.kind() == "?.");
    if node.kind() == "member_expression" {
        let name = node.child_by_field_name("property").map_or("", |name| lower.text(name)).to_owned();
        if is_optional {
            return Node::new(Kind::Raw, "?.", vec![object, Node::leaf(Kind::Str, &name)]);
        }
        return Node::new(Kind::Member, &name, vec![object]);
    }
    let kids = vec![object, field(lower, node, "index")];
    if may_end(node) {
        Node::new(Kind::Raw, if is_optional { "?.[]" } else { "[]" }, kids)
    } else {
        Node::of(Kind::Item, kids)
    }
}

fn call(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let is_new = node.kind() == "new_expression";
    let mut kids = vec![field(lower, node, if is_new { "constructor" } else { "function" })];
    match node.child_by_field_name("arguments") {
        Some(given) if given.kind() == "arguments" => {
            let given = exprs(lower, given);
            kids.extend(given.into_iter().map(without_own_this));
        }
        Some(_) => return lower.opaque(node),
        None => {}
    }
    if is_new {
        return Node::new(Kind::Raw, "new", kids);
    }
    let mut cursor = node.walk();
    let is_optional = node.children(&mut cursor).any(|kid| kid.kind() == "optional_chain" || kid.kind() == "?.");
    if may_end(node) {
        Node::new(Kind::Raw, if is_optional { "?.()" } else { "()" }, kids)
    } else {
        if kids[0].is_name("require")
            && let Some(only) = kids.get_mut(1).filter(|only| only.is(Kind::Str))
        {
            only.text = modules::of_node(&only.text);
        }
        Node::of(Kind::Call, kids)
    }
}

/// An object, or a pattern that takes one apart.
fn object(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut kids = Vec::new();
    for part in named(node) {
        let made = match part.kind() {
            "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => {
                Node::of(Kind::Pair, vec![Node::leaf(Kind::Str, lower.text(part)), expr(lower, part)])
            }
            "object_assignment_pattern" => {
                let name = part.child_by_field_name("left").map_or("", |left| lower.text(left)).to_owned();
                Node::of(Kind::Pair, vec![Node::leaf(Kind::Str, &name), expr(lower, part)])
            }
            "pair" | "pair_pattern" => {
                let key = key(lower, part.child_by_field_name("key"));
                Node::of(Kind::Pair, vec![key, field(lower, part, "value")])
            }
            "method_definition" if !lower.signs(part).iter().any(|sign| sign == "get" || sign == "set") => {
                let key = key(lower, part.child_by_field_name("name"));
                Node::of(Kind::Pair, vec![key, lambda(lower, part)])
            }
            "spread_element" | "rest_pattern" => expr(lower, part),
            _ => lower.opaque(part),
        };
        kids.push(placed(part, made));
    }
    Node::of(Kind::Dict, kids)
}

fn key(lower: &mut Lower<'_>, key: Option<Syntax<'_>>) -> Node {
    let Some(key) = key else { return Node::empty() };
    match key.kind() {
        "property_identifier" | "private_property_identifier" => Node::leaf(Kind::Str, lower.text(key)),
        "string" => Node::leaf(Kind::Str, &said(lower, key)),
        "computed_property_name" => Node::new(Kind::Raw, "computed", exprs(lower, key)),
        _ => lower.opaque(key),
    }
}

/// What a text in quotes says.
fn said(lower: &Lower<'_>, node: Syntax<'_>) -> String {
    let written = lower.text(node);
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    unescaped(inner, EscapeRules::JavaScript)
}

fn template(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    // The text between the values has no nodes in all versions of the grammar.
    let (mut kids, mut at) = (Vec::new(), node.start_byte() + 1);
    let end = node.end_byte().saturating_sub(1);
    for part in named(node).into_iter().filter(|part| part.kind() == "template_substitution") {
        kids.push(Node::leaf(Kind::Str, &unescaped(lower.between(at, part.start_byte()), EscapeRules::JavaScript)));
        let values = exprs(lower, part);
        if values.len() != 1 {
            return lower.opaque(node);
        }
        kids.push(Node::of(Kind::Hole, values));
        at = part.end_byte();
    }
    kids.push(Node::leaf(Kind::Str, &unescaped(lower.between(at, end), EscapeRules::JavaScript)));
    Node::of(Kind::Text, kids)
}
