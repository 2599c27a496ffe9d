//! Python as a tree of [`Node`]s. Comments and docstrings are left out, brackets too; what is not listed here is opaque.

use super::lower::{Lower, fields, named, placed, starts_with};
use super::tree::{Kind, Node};
use crate::code::escape::{EscapeRules, unescaped};
use tree_sitter::Node as Syntax;

/// The program of a file.
pub(super) fn program(lower: &mut Lower<'_>, root: Syntax<'_>) -> Node {
    block(lower, root)
}

fn block(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let kids = named(node).into_iter().flat_map(|child| statement(lower, child)).collect();
    placed(node, Node::block(kids))
}

fn body(lower: &mut Lower<'_>, node: Syntax<'_>, field: &str) -> Node {
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
        "pass_statement" => return Vec::new(),
        "expression_statement" => return expression_statement(lower, node),
        "if_statement" => condition(lower, node),
        "for_statement" => {
            let target = field(lower, node, "left");
            let over = field(lower, node, "right");
            let other = node.child_by_field_name("alternative").map(|clause| body(lower, clause, "body"));
            let inner = body(lower, node, "body");
            let sort = if starts_with(node, "async") { "async" } else { "" };
            Node::new(Kind::For, sort, vec![target, over, inner, other.unwrap_or_else(|| Node::block(Vec::new()))])
        }
        "while_statement" => {
            let test = field(lower, node, "condition");
            let other = node.child_by_field_name("alternative").map(|clause| body(lower, clause, "body"));
            let inner = body(lower, node, "body");
            Node::of(Kind::While, vec![test, inner, other.unwrap_or_else(|| Node::block(Vec::new()))])
        }
        "return_statement" => Node::of(Kind::Return, exprs(lower, node)),
        "raise_statement" => {
            let kids = exprs(lower, node);
            let sort = if node.child_by_field_name("cause").is_some() { "from" } else { "" };
            Node::new(Kind::Raise, sort, kids)
        }
        "break_statement" => Node::of(Kind::Break, Vec::new()),
        "continue_statement" => Node::of(Kind::Continue, Vec::new()),
        "try_statement" => attempt(lower, node),
        "with_statement" => with(lower, node),
        "function_definition" => function(lower, node, Vec::new()),
        "class_definition" => class(lower, node, Vec::new()),
        "decorated_definition" => {
            let marks = named(node).into_iter().filter(|child| child.kind() == "decorator");
            let marks: Vec<Node> = marks.flat_map(|mark| exprs(lower, mark)).collect();
            match node.child_by_field_name("definition") {
                Some(inner) if inner.kind() == "function_definition" => function(lower, inner, marks),
                Some(inner) => class(lower, inner, marks),
                None => lower.opaque(node),
            }
        }
        "assert_statement" | "delete_statement" => Node::new(Kind::Raw, node.kind(), exprs(lower, node)),
        "import_statement" | "import_from_statement" => import(lower, node),
        "global_statement" | "nonlocal_statement" => Node::leaf(Kind::Global, lower.text(node)),
        _ => lower.opaque(node),
    };
    vec![made]
}

fn expression_statement(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    let inner = named(node);
    let [only] = inner.as_slice() else {
        let values = inner.into_iter().map(|child| expr(lower, child)).collect();
        return vec![Node::of(Kind::Do, vec![Node::of(Kind::Tuple, values)])];
    };
    let (target, value) = (only.child_by_field_name("left"), only.child_by_field_name("right"));
    let made = match (only.kind(), target, value) {
        // A text that nothing is done with.
        ("string", ..) if !lower.text(*only).contains('{') => return Vec::new(),
        ("assignment", Some(target), Some(value)) if value.kind() != "assignment" => {
            if lower.is_in_class && only.child_by_field_name("type").is_some() {
                lower.opaque(node)
            } else {
                let value = expr(lower, value);
                match (target.kind(), value.kind) {
                    // A function by another way to write it.
                    ("identifier", Kind::Lambda) if !lower.is_in_class => {
                        let name = lower.text(target).to_owned();
                        let mut parts = value.kids;
                        parts.push(Node::leaf(Kind::Raw, ""));
                        Node::new(Kind::Def, &name, parts)
                    }
                    _ => Node::of(Kind::Assign, vec![expr(lower, target), value]),
                }
            }
        }
        ("augmented_assignment", Some(target), Some(value)) => {
            let sign = only.child_by_field_name("operator").map_or("", |sign| lower.text(sign));
            let target = expr(lower, target);
            Node::new(Kind::Aug, sign.trim_end_matches('='), vec![target, expr(lower, value)])
        }
        ("assignment", ..) => return several(lower, *only).unwrap_or_else(|| vec![lower.opaque(node)]),
        ("augmented_assignment", ..) => lower.opaque(node),
        _ => Node::of(Kind::Do, vec![expr(lower, *only)]),
    };
    vec![made]
}

/// `a = b = 0`: one after the other, where the value is fixed and the targets are names.
fn several(lower: &mut Lower<'_>, node: Syntax<'_>) -> Option<Vec<Node>> {
    let (mut targets, mut at) = (Vec::new(), node);
    while at.kind() == "assignment" && at.child_by_field_name("type").is_none() {
        targets.push(at.child_by_field_name("left").filter(|left| left.kind() == "identifier")?);
        at = at.child_by_field_name("right")?;
    }
    let value = expr(lower, at);
    if at.kind() == "assignment" || lower.is_in_class || !matches!(value.kind, Kind::Num | Kind::Str | Kind::Word) {
        return None;
    }
    let one = |lower: &mut Lower<'_>, target| Node::of(Kind::Assign, vec![expr(lower, target), value.clone()]);
    Some(targets.into_iter().map(|target| one(lower, target)).collect())
}

/// The names that an import binds, each followed by what it means: `module`, `module:member`, or `module...` where only the
/// first part of the module's name is bound.
fn import(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let module = node.child_by_field_name("module_name").map(|module| lower.text(module));
    let names = fields(node, "name");
    if names.is_empty() {
        return lower.opaque(node);
    }
    let mut kids = Vec::new();
    for name in names {
        let (of, alias) = match name.kind() {
            "aliased_import" => (name.child_by_field_name("name"), name.child_by_field_name("alias")),
            _ => (Some(name), None),
        };
        let of = of.map_or("", |of| lower.text(of));
        let alias = alias.map(|alias| lower.text(alias));
        let (bound, source) = match (module, alias) {
            (Some(module), alias) => (alias.unwrap_or(of), format!("{module}:{of}")),
            (None, Some(alias)) => (alias, of.to_owned()),
            (None, None) => (of.split('.').next().unwrap_or(of), format!("{of}...")),
        };
        kids.extend([Node::name(bound), Node::leaf(Kind::Str, &source)]);
    }
    Node::new(Kind::Raw, "import", kids)
}

fn condition(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut other = Node::block(Vec::new());
    for clause in fields(node, "alternative").into_iter().rev() {
        other = if clause.kind() == "elif_clause" {
            let test = field(lower, clause, "condition");
            let then = body(lower, clause, "consequence");
            let made = placed(clause, Node::of(Kind::If, vec![test, then, other]));
            Node::block(vec![made])
        } else {
            body(lower, clause, "body")
        };
    }
    let test = field(lower, node, "condition");
    let then = body(lower, node, "consequence");
    Node::of(Kind::If, vec![test, then, other])
}

fn attempt(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let inner = body(lower, node, "body");
    let (mut other, mut last, mut handlers) = (Node::block(Vec::new()), Node::block(Vec::new()), Vec::new());
    for child in named(node) {
        match child.kind() {
            "except_clause" => {
                let (mut of, mut name, mut inner) = (Node::empty(), Node::empty(), Node::block(Vec::new()));
                for part in named(child) {
                    match part.kind() {
                        "block" => inner = block(lower, part),
                        "as_pattern" => {
                            let parts = named(part);
                            of = parts.first().map_or_else(Node::empty, |of| expr(lower, *of));
                            name = parts.get(1).map_or_else(Node::empty, |name| expr(lower, *name));
                        }
                        _ if of.is(Kind::Empty) => of = expr(lower, part),
                        _ => name = expr(lower, part),
                    }
                }
                handlers.push(placed(child, Node::of(Kind::Handler, vec![of, name, inner])));
            }
            "else_clause" => other = body(lower, child, "body"),
            "finally_clause" => {
                let blocks = named(child).into_iter().filter(|part| part.kind() == "block");
                last = Node::block(blocks.flat_map(|part| block(lower, part).kids).collect());
            }
            "block" => {}
            _ => return lower.opaque(node),
        }
    }
    let kids = [inner, other, last].into_iter().chain(handlers).collect();
    Node::of(Kind::Try, kids)
}

fn with(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut kids = vec![body(lower, node, "body")];
    let clauses = named(node).into_iter().filter(|child| child.kind() == "with_clause");
    let items: Vec<Syntax<'_>> = clauses.flat_map(|clause| named(clause)).collect();
    for item in items {
        let Some(value) = item.child_by_field_name("value") else { return lower.opaque(node) };
        let (value, target) = if value.kind() == "as_pattern" {
            match named(value).as_slice() {
                [value, target] => (expr(lower, *value), expr(lower, *target)),
                _ => return lower.opaque(node),
            }
        } else {
            (expr(lower, value), Node::empty())
        };
        kids.extend([value, target]);
    }
    let sort = if starts_with(node, "async") { "async" } else { "" };
    Node::new(Kind::With, sort, kids)
}

/// Types are left out where they are plain names: only what looks at annotations sees them, and that has a decorator.
fn function(lower: &mut Lower<'_>, node: Syntax<'_>, marks: Vec<Node>) -> Node {
    let name = node.child_by_field_name("name").map_or("", |name| lower.text(name)).to_owned();
    let keeps_types = !marks.is_empty() || lower.reads_types;
    let params = node.child_by_field_name("parameters");
    let params = params.map_or_else(|| Node::of(Kind::Params, Vec::new()), |list| parameters(lower, list, keeps_types));
    let was_in_class = std::mem::replace(&mut lower.is_in_class, false);
    let mut inner = body(lower, node, "body");
    lower.is_in_class = was_in_class;
    let sort = if starts_with(node, "async") { "async" } else { "" };
    let mut marks = Node::new(Kind::Raw, sort, marks);
    if let Some(of) = node.child_by_field_name("return_type")
        && (keeps_types || !is_plain_type(lower, of))
    {
        marks.kids.push(lower.opaque(of));
    }
    if let Some(of) = node.child_by_field_name("type_parameters") {
        marks.kids.push(lower.opaque(of));
    }
    if !marks.kids.is_empty() {
        // The text at the beginning is what a decorator may show.
        let text = node.child_by_field_name("body").and_then(|body| named(body).first().copied());
        let text = text.filter(|first| first.kind() == "expression_statement");
        let text = text.and_then(|first| first.named_child(0)).filter(|first| first.kind() == "string");
        if let Some(text) = text {
            inner.kids.insert(0, lower.opaque(text));
        }
    }
    Node::new(Kind::Def, &name, vec![params, inner, marks])
}

fn parameters(lower: &mut Lower<'_>, list: Syntax<'_>, keeps_types: bool) -> Node {
    let mut kids = Vec::new();
    for node in named(list) {
        let of = node.child_by_field_name("type");
        let kept = of.filter(|of| keeps_types || !is_plain_type(lower, *of));
        let inner = match node.kind() {
            "typed_parameter" => node.named_child(0).unwrap_or(node),
            "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name").unwrap_or(node),
            _ => node,
        };
        let default = node.child_by_field_name("value").map_or_else(Node::empty, |value| expr(lower, value));
        let (sort, name) = match inner.kind() {
            "identifier" => ("", lower.text(inner)),
            "list_splat_pattern" => ("*", lower.text(inner).trim_start_matches('*').trim()),
            "dictionary_splat_pattern" => ("**", lower.text(inner).trim_start_matches('*').trim()),
            _ => ("sign", lower.text(inner)),
        };
        let mut caller = Node::leaf(Kind::Raw, &format!("caller {name}"));
        if let Some(of) = kept {
            caller.kids.push(lower.opaque(of));
        }
        let sort = Node::leaf(Kind::Raw, sort);
        kids.push(placed(node, Node::new(Kind::Param, name, vec![default, caller, sort])));
    }
    placed(list, Node::of(Kind::Params, kids))
}

/// Whether a type is made of names, brackets and `|` only: to compute it does nothing.
fn is_plain_type(lower: &Lower<'_>, node: Syntax<'_>) -> bool {
    const KNOWN: &[&str] = &[
        "str",
        "int",
        "float",
        "bool",
        "bytes",
        "list",
        "dict",
        "set",
        "tuple",
        "frozenset",
        "object",
        "None",
        "type",
        "Exception",
        "BaseException",
        "complex",
        "bytearray",
    ];
    let text = lower.text(node);
    let is_sign = |c: char| c.is_alphanumeric() || "_.[], |\"'".contains(c) || c.is_whitespace();
    let is_known = |word: &str| KNOWN.contains(&word) || lower.defines(word);
    // A text in quotes is not looked at by the interpreter.
    let names = text.split(['[', ']', ',', '|', ' ', '\n']).map(str::trim).filter(|name| !name.is_empty());
    text.chars().all(is_sign)
        && names.into_iter().all(|name| name.starts_with(['"', '\'']) || is_known(name.split('.').next().unwrap_or("")))
}

fn class(lower: &mut Lower<'_>, node: Syntax<'_>, marks: Vec<Node>) -> Node {
    let name = node.child_by_field_name("name").map_or("", |name| lower.text(name)).to_owned();
    let mut head = Node::new(Kind::Raw, "class", marks);
    if let Some(bases) = node.child_by_field_name("superclasses") {
        head.kids.push(Node::new(Kind::Raw, "bases", arguments(lower, bases)));
    }
    if let Some(of) = node.child_by_field_name("type_parameters") {
        head.kids.push(lower.opaque(of));
    }
    let was_in_class = std::mem::replace(&mut lower.is_in_class, true);
    let inner = body(lower, node, "body");
    lower.is_in_class = was_in_class;
    Node::new(Kind::Class, &name, vec![head, inner])
}

fn field(lower: &mut Lower<'_>, node: Syntax<'_>, name: &str) -> Node {
    node.child_by_field_name(name).map_or_else(Node::empty, |child| expr(lower, child))
}

fn exprs(lower: &mut Lower<'_>, node: Syntax<'_>) -> Vec<Node> {
    named(node).into_iter().map(|child| expr(lower, child)).collect()
}

fn expr(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let made = lower.deeper(node, |lower| vec![value(lower, node)]).pop();
    made.map_or_else(Node::empty, |made| placed(node, made))
}

fn value(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    match node.kind() {
        "identifier" => Node::name(lower.text(node)),
        "integer" | "float" => Node::leaf(Kind::Num, &lower.text(node).replace('_', "").to_lowercase()),
        "true" => Node::leaf(Kind::Word, "True"),
        "false" => Node::leaf(Kind::Word, "False"),
        "none" => Node::leaf(Kind::Word, "None"),
        "ellipsis" => Node::leaf(Kind::Word, "..."),
        "string" | "concatenated_string" => text(lower, node),
        "parenthesized_expression" | "as_pattern_target" | "parenthesized_list_splat" => {
            let mut inner = exprs(lower, node);
            if inner.len() == 1 { inner.remove(0) } else { lower.opaque(node) }
        }
        "attribute" => {
            let name = node.child_by_field_name("attribute").map_or("", |name| lower.text(name)).to_owned();
            Node::new(Kind::Member, &name, vec![field(lower, node, "object")])
        }
        "subscript" => {
            let mut kids = vec![field(lower, node, "value")];
            let indices: Vec<Node> = fields(node, "subscript").into_iter().map(|index| expr(lower, index)).collect();
            let has_comma = lower.signs(node).iter().any(|sign| sign == ",");
            kids.extend(if has_comma { vec![Node::of(Kind::Tuple, indices)] } else { indices });
            Node::of(Kind::Item, kids)
        }
        "slice" => {
            let sort = format!("slice {}", lower.shape(node));
            Node::new(Kind::Raw, &sort, exprs(lower, node))
        }
        "call" => call(lower, node),
        "keyword_argument" => {
            let name = node.child_by_field_name("name").map_or("", |name| lower.text(name)).to_owned();
            Node::new(Kind::Kw, &name, vec![field(lower, node, "value")])
        }
        "list_splat" | "list_splat_pattern" => Node::new(Kind::Spread, "*", exprs(lower, node)),
        "dictionary_splat" => Node::new(Kind::Spread, "**", exprs(lower, node)),
        "not_operator"
        | "unary_operator"
        | "binary_operator"
        | "boolean_operator"
        | "comparison_operator"
        | "conditional_expression" => calculation(lower, node),
        "list" | "list_pattern" => Node::of(Kind::List, exprs(lower, node)),
        "tuple" | "expression_list" | "pattern_list" | "tuple_pattern" => Node::of(Kind::Tuple, exprs(lower, node)),
        "set" => Node::of(Kind::Set, exprs(lower, node)),
        "dictionary" => Node::of(Kind::Dict, exprs(lower, node)),
        "pair" => Node::of(Kind::Pair, vec![field(lower, node, "key"), field(lower, node, "value")]),
        "list_comprehension" => comprehension(lower, node, "list"),
        "set_comprehension" => comprehension(lower, node, "set"),
        "dictionary_comprehension" => comprehension(lower, node, "dict"),
        "generator_expression" => comprehension(lower, node, "gen"),
        "lambda" => {
            let params = node.child_by_field_name("parameters");
            let params =
                params.map_or_else(|| Node::of(Kind::Params, Vec::new()), |list| parameters(lower, list, true));
            let inner = field(lower, node, "body");
            Node::of(Kind::Lambda, vec![params, Node::block(vec![Node::of(Kind::Return, vec![inner])])])
        }
        "await" => Node::of(Kind::Await, exprs(lower, node)),
        "yield" => {
            let sort = format!("yield {}", lower.shape(node));
            Node::new(Kind::Raw, &sort, exprs(lower, node))
        }
        "named_expression" => Node::new(Kind::Raw, "walrus", exprs(lower, node)),
        _ => lower.opaque(node),
    }
}

fn calculation(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let sign = |lower: &Lower<'_>| node.child_by_field_name("operator").map_or("", |sign| lower.text(sign)).to_owned();
    match node.kind() {
        "not_operator" => field(lower, node, "argument").negated(),
        "unary_operator" => {
            let sign = sign(lower);
            let inner = field(lower, node, "argument");
            if sign == "-" && inner.is(Kind::Num) && !inner.text.starts_with('-') {
                return Node::leaf(Kind::Num, &format!("-{}", inner.text));
            }
            Node::new(Kind::Unary, &sign, vec![inner])
        }
        "binary_operator" => {
            let sign = sign(lower);
            let left = field(lower, node, "left");
            Node::new(Kind::Binary, &sign, vec![left, field(lower, node, "right")])
        }
        "boolean_operator" => {
            let kind = if sign(lower) == "and" { Kind::And } else { Kind::Or };
            let left = field(lower, node, "left");
            Node::of(kind, vec![left, field(lower, node, "right")])
        }
        "comparison_operator" => {
            let signs = fields(node, "operators").into_iter();
            let signs: Vec<String> = signs.map(|sign| one_space(lower.text(sign))).collect();
            Node::new(Kind::Compare, &signs.join(","), exprs(lower, node))
        }
        "conditional_expression" => match exprs(lower, node).as_slice() {
            [then, test, other] => Node::of(Kind::Cond, vec![test.clone(), then.clone(), other.clone()]),
            _ => lower.opaque(node),
        },
        _ => lower.opaque(node),
    }
}

fn call(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let mut kids = vec![field(lower, node, "function")];
    if let Some(given) = node.child_by_field_name("arguments") {
        kids.extend(if given.kind() == "generator_expression" {
            vec![expr(lower, given)]
        } else {
            arguments(lower, given)
        });
    }
    Node::of(Kind::Call, kids)
}

fn arguments(lower: &mut Lower<'_>, list: Syntax<'_>) -> Vec<Node> {
    exprs(lower, list)
}

fn comprehension(lower: &mut Lower<'_>, node: Syntax<'_>, sort: &str) -> Node {
    let mut kids = vec![field(lower, node, "body")];
    for child in named(node) {
        match child.kind() {
            "for_in_clause" if starts_with(child, "async") => return lower.opaque(node),
            "for_in_clause" => {
                let target = field(lower, child, "left");
                let over: Vec<Node> = fields(child, "right").into_iter().map(|over| expr(lower, over)).collect();
                let [over] = over.as_slice() else { return lower.opaque(node) };
                kids.push(Node::of(Kind::Round, vec![target, over.clone()]));
            }
            "if_clause" => kids.push(Node::of(Kind::Filter, exprs(lower, child))),
            _ => {}
        }
    }
    Node::new(Kind::Each, sort, kids)
}

/// A text, or several side by side. Bytes stay apart from texts.
fn text(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    if node.kind() == "concatenated_string" {
        let parts: Vec<Node> = named(node).into_iter().map(|part| text(lower, part)).collect();
        if parts.iter().any(|part| part.is(Kind::Opaque) || part.is(Kind::Raw)) {
            return lower.opaque(node);
        }
        return Node::of(Kind::Text, parts);
    }
    let written = lower.text(node);
    let prefix = written.split(['"', '\'']).next().unwrap_or_default().to_ascii_lowercase();
    if prefix.contains('b') || prefix.contains('t') {
        return lower.opaque(node);
    }
    let (is_raw, is_format) = (prefix.contains('r'), prefix.contains('f'));
    let mut kids = Vec::new();
    for part in named(node) {
        match part.kind() {
            "string_content" => {
                let mut written = lower.text(part).to_owned();
                if is_format {
                    // `\N{…}` is an escape with brackets.
                    if written.contains("\\N") {
                        return lower.opaque(node);
                    }
                    written = written.replace("{{", "{").replace("}}", "}");
                }
                let said = if is_raw { written } else { unescaped(&written, EscapeRules::Python) };
                kids.push(Node::leaf(Kind::Str, &said));
            }
            "interpolation" => match hole(lower, part) {
                Some(hole) => kids.push(hole),
                None => return lower.opaque(node),
            },
            "string_start" | "string_end" => {}
            _ => return lower.opaque(node),
        }
    }
    Node::of(Kind::Text, kids)
}

fn hole(lower: &mut Lower<'_>, node: Syntax<'_>) -> Option<Node> {
    // `{value=}` shows how the value is written.
    if lower.signs(node).iter().any(|sign| sign == "=") {
        return None;
    }
    let mut format = String::new();
    let mut kids = Vec::new();
    for part in named(node) {
        match part.kind() {
            "type_conversion" => format.insert_str(0, lower.text(part)),
            "format_specifier" if named(part).is_empty() => format.push_str(lower.text(part)),
            "format_specifier" => {
                format.push_str(&lower.shape(part));
                let values: Vec<Syntax<'_>> = named(part);
                for value in values {
                    kids.push(if value.kind() == "interpolation" || value.kind() == "format_expression" {
                        hole(lower, value)?
                    } else {
                        lower.opaque(value)
                    });
                }
            }
            _ => kids.insert(0, expr(lower, part)),
        }
    }
    (!kids.is_empty()).then(|| Node::new(Kind::Hole, &format, kids))
}

fn one_space(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
