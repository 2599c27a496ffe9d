//! Converts JavaScript and TypeScript to the form for comparisons.

use crate::code::TextPart;
use crate::code::javascript::imports::{self, JavaScriptImport};
use crate::code::javascript::text::parts as text_parts;
use crate::code::lowering::{self, Lowering, fields, line, named};
use crate::code::program::{Act, Argument, CompareOp, Expr, Function, Handler, Parameter, Sort, Statement, TextPiece};
use crate::domain::source::Language;
use tree_sitter::Node;

/// Parses a file; `None` if that fails. The flag is set if something was cut.
pub(crate) fn read(text: &str, path: &str) -> Option<(Vec<Statement>, bool)> {
    let language = Language::of(path, text).filter(|language| language.is_javascript());
    let tree = language.unwrap_or(Language::JavaScript).parse(text)?;
    let mut reader = Lowering::new(text);
    let steps = block(&mut reader, tree.root_node());
    Some((steps, reader.is_cut))
}

fn block(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    reader.steps(|reader| named(node).into_iter().flat_map(|child| statement(reader, child)).collect())
}

/// The statements in a field, with or without braces.
fn body(reader: &mut Lowering<'_>, node: Node<'_>, field: &str) -> Vec<Statement> {
    node.child_by_field_name(field).map_or_else(Vec::new, |inner| inside(reader, inner))
}

fn inside(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    match node.kind() {
        "statement_block" | "class_body" => block(reader, node),
        "else_clause" | "finally_clause" => named(node).into_iter().flat_map(|child| inside(reader, child)).collect(),
        _ => reader.steps(|reader| statement(reader, node)),
    }
}

fn statement(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let act = match node.kind() {
        "expression_statement" => {
            return named(node).into_iter().flat_map(|child| effects(reader, child)).collect();
        }
        "lexical_declaration" | "variable_declaration" => {
            return named(node).into_iter().flat_map(|child| declared(reader, child)).collect();
        }
        "if_statement" => {
            let condition = field(reader, node, "condition");
            Act::If(condition, body(reader, node, "consequence"), body(reader, node, "alternative"))
        }
        "for_in_statement" => {
            let names = node.child_by_field_name("left").map_or_else(Vec::new, |left| names(reader, left));
            Act::For(names, field(reader, node, "right"), body(reader, node, "body"))
        }
        "for_statement" => return counted(reader, node),
        "while_statement" | "do_statement" => Act::While(field(reader, node, "condition"), body(reader, node, "body")),
        "try_statement" => attempt(reader, node),
        "function_declaration" | "generator_function_declaration" | "method_definition" => {
            Act::Define(function(reader, node))
        }
        "class_declaration" | "class" => Act::Define(class(reader, node)),
        "public_field_definition" | "field_definition" => return member(reader, node),
        "return_statement" => Act::Return(optional(reader, node)),
        "throw_statement" => Act::Raise(optional(reader, node)),
        "break_statement" => Act::Break,
        "continue_statement" => Act::Continue,
        "import_statement" => Act::Import(imports::of_node(node, reader.text).as_ref().map(bound).unwrap_or_default()),
        "export_statement" => {
            let inner = node.child_by_field_name("declaration").or_else(|| node.child_by_field_name("value"));
            return inner.map_or_else(Vec::new, |inner| statement(reader, inner));
        }
        "switch_statement" => cases(reader, node),
        "statement_block" | "program" | "labeled_statement" => Act::Block(block(reader, node)),
        "comment"
        | "empty_statement"
        | "interface_declaration"
        | "type_alias_declaration"
        | "hash_bang_line"
        | "method_signature"
        | "ambient_declaration"
        | "statement_identifier"
        | "debugger_statement" => {
            return Vec::new();
        }
        _ => Act::Do(expr(reader, node)),
    };
    vec![Statement { line: line(node), act }]
}

/// An expression as a statement.
fn effects(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let act = match node.kind() {
        "assignment_expression" => {
            let value = field(reader, node, "right");
            let targets = node.child_by_field_name("left").map_or_else(Vec::new, |left| targets(reader, left));
            Act::Let(targets, value)
        }
        "augmented_assignment_expression" => {
            let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign));
            let sign = sign.trim_end_matches('=').to_owned();
            Act::Change(field(reader, node, "left"), sign, field(reader, node, "right"))
        }
        "update_expression" => {
            let one = lowering::expr(node, Sort::Number("1".to_owned()));
            let sign = sign_of(reader, node).get(..1).unwrap_or("+").to_owned();
            Act::Change(field(reader, node, "argument"), sign, one)
        }
        "yield_expression" => Act::Give(first(reader, node)),
        "sequence_expression" => {
            return named(node).into_iter().flat_map(|child| effects(reader, child)).collect();
        }
        // `ready && start()` is an `if`.
        "binary_expression" if sign_of(reader, node) == "&&" => {
            let then = node.child_by_field_name("right").map_or_else(Vec::new, |right| effects(reader, right));
            Act::If(field(reader, node, "left"), then, Vec::new())
        }
        _ => Act::Do(expr(reader, node)),
    };
    vec![Statement { line: line(node), act }]
}

fn declared(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    if node.kind() != "variable_declarator" {
        return Vec::new();
    }
    let (Some(left), Some(right)) = (node.child_by_field_name("name"), node.child_by_field_name("value")) else {
        return Vec::new();
    };
    // A function assigned to a constant is a function with that name.
    if left.kind() == "identifier" && matches!(right.kind(), "arrow_function" | "function_expression") {
        let function = Function { name: reader.of(left).to_owned(), ..function(reader, right) };
        return vec![Statement { line: line(node), act: Act::Define(function) }];
    }
    if let Some(import) = imports::of_declarator(node, reader.text).filter(|import| !import.names.is_empty()) {
        return vec![Statement { line: line(node), act: Act::Import(bound(&import)) }];
    }
    unpacked(reader, left, right)
}

/// `const { a, b: c = 3 } = value`: one name for each part.
fn unpacked(reader: &mut Lowering<'_>, left: Node<'_>, right: Node<'_>) -> Vec<Statement> {
    let value = expr(reader, right);
    if left.kind() != "object_pattern" {
        return vec![Statement { line: line(left), act: Act::Let(targets(reader, left), value) }];
    }
    let mut steps = Vec::new();
    for part in named(left) {
        let (key, inner) = match part.kind() {
            "pair_pattern" => (part.child_by_field_name("key"), part.child_by_field_name("value")),
            "object_assignment_pattern" => (part.child_by_field_name("left"), Some(part)),
            _ => (Some(part), Some(part)),
        };
        let (Some(key), Some(inner)) = (key, inner) else { continue };
        let member = Sort::Member(Box::new(value.clone()), reader.of(key).to_owned());
        let mut got = lowering::expr(part, member);
        let is_defaulted = matches!(inner.kind(), "object_assignment_pattern" | "assignment_pattern");
        let target = if is_defaulted { inner.child_by_field_name("left").unwrap_or(inner) } else { inner };
        if is_defaulted {
            let otherwise = field(reader, inner, "right");
            got = lowering::expr(part, Sort::Any(vec![got, otherwise]));
        }
        steps.push(Statement { line: line(part), act: Act::Let(targets(reader, target), got) });
    }
    steps
}

/// The names that an import binds, each with its full name; `node:fs` and `fs` are the same module.
fn bound(import: &JavaScriptImport<'_>) -> Vec<(String, String)> {
    let module = import.plain_module();
    if import.names.is_empty() {
        return vec![(String::new(), module.to_owned())];
    }
    import.names.iter().map(|name| (name.binds.clone(), name.path(module))).collect()
}

fn member(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let name = node.child_by_field_name("name").or_else(|| node.child_by_field_name("property"));
    let (Some(name), Some(value)) = (name, node.child_by_field_name("value")) else { return Vec::new() };
    if matches!(value.kind(), "arrow_function" | "function_expression") {
        let function = Function { name: reader.of(name).to_owned(), ..function(reader, value) };
        return vec![Statement { line: line(node), act: Act::Define(function) }];
    }
    let this = Box::new(lowering::expr(name, Sort::Name("this".to_owned())));
    let target = lowering::expr(name, Sort::Member(this, reader.of(name).to_owned()));
    let value = expr(reader, value);
    vec![Statement { line: line(node), act: Act::Let(vec![target], value) }]
}

fn targets(reader: &mut Lowering<'_>, left: Node<'_>) -> Vec<Expr> {
    match left.kind() {
        "array_pattern" | "object_pattern" => {
            named(left).into_iter().flat_map(|child| targets(reader, child)).collect()
        }
        "shorthand_property_identifier_pattern" => {
            vec![lowering::expr(left, Sort::Name(reader.of(left).to_owned()))]
        }
        "assignment_pattern" | "object_assignment_pattern" => {
            left.child_by_field_name("left").map_or_else(Vec::new, |inner| targets(reader, inner))
        }
        "pair_pattern" => left.child_by_field_name("value").map_or_else(Vec::new, |inner| targets(reader, inner)),
        "rest_pattern" => named(left).into_iter().flat_map(|child| targets(reader, child)).collect(),
        _ => vec![expr(reader, left)],
    }
}

fn names(reader: &Lowering<'_>, node: Node<'_>) -> Vec<String> {
    match node.kind() {
        "identifier" | "shorthand_property_identifier_pattern" => vec![reader.of(node).to_owned()],
        _ => named(node).into_iter().flat_map(|child| names(reader, child)).collect(),
    }
}

/// `for (let i = 0; i < n; i++)`.
fn counted(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let mut steps = node.child_by_field_name("initializer").map_or_else(Vec::new, |part| inside(reader, part));
    let condition = match fields(node, "condition").into_iter().find(Node::is_named) {
        Some(part) if part.kind() == "expression_statement" => first(reader, part),
        Some(part) => expr(reader, part),
        None => lowering::expr(node, Sort::Other(Vec::new())),
    };
    let mut inner = body(reader, node, "body");
    inner.extend(node.child_by_field_name("increment").map_or_else(Vec::new, |part| effects(reader, part)));
    steps.push(Statement { line: line(node), act: Act::While(condition, inner) });
    steps
}

fn attempt(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let inner = body(reader, node, "body");
    let handler = node.child_by_field_name("handler").map(|clause| {
        let name = clause.child_by_field_name("parameter").map(|name| reader.of(name).to_owned());
        Handler { line: line(clause), name, of: None, body: body(reader, clause, "body") }
    });
    let last = node.child_by_field_name("finalizer").map_or_else(Vec::new, |clause| inside(reader, clause));
    Act::Try(inner, handler.into_iter().collect(), last)
}

fn cases(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let subject = field(reader, node, "value");
    let clauses = node.child_by_field_name("body").map_or_else(Vec::new, named);
    let mut otherwise = Vec::new();
    for clause in clauses.into_iter().rev() {
        let steps = fields(clause, "body").into_iter().flat_map(|step| inside(reader, step));
        // Leaving the `switch` is not a separate step.
        let then: Vec<Statement> = steps.filter(|step| !matches!(step.act, Act::Break)).collect();
        match clause.child_by_field_name("value") {
            None => otherwise = then,
            Some(value) => {
                let value = Box::new(expr(reader, value));
                let sort = Sort::Compare(CompareOp::Equal, Box::new(subject.clone()), value);
                let condition = lowering::expr(clause, sort);
                otherwise = vec![Statement { line: line(clause), act: Act::If(condition, then, otherwise) }];
            }
        }
    }
    Act::Block(otherwise)
}

fn function(reader: &mut Lowering<'_>, node: Node<'_>) -> Function {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name)).to_owned();
    let mut parameters = Vec::new();
    if let Some(one) = node.child_by_field_name("parameter") {
        parameters.push(Parameter { name: reader.of(one).to_owned(), line: line(one), default: None });
    }
    let mut unpacking = Vec::new();
    for part in node.child_by_field_name("parameters").map_or_else(Vec::new, named) {
        let (pattern, default) = match part.kind() {
            "required_parameter" | "optional_parameter" => {
                (part.child_by_field_name("pattern"), part.child_by_field_name("value"))
            }
            "assignment_pattern" => (part.child_by_field_name("left"), part.child_by_field_name("right")),
            _ => (Some(part), None),
        };
        let Some(pattern) = pattern else { continue };
        let default = default.map(|value| expr(reader, value));
        let is_plain = pattern.kind() == "identifier";
        let name = if is_plain { reader.of(pattern).to_owned() } else { format!("({})", parameters.len()) };
        if pattern.kind() == "object_pattern" {
            unpacking.extend(unpacked_parameter(reader, pattern, &name));
        }
        parameters.push(Parameter { name, line: line(part), default });
    }
    let inner = match node.child_by_field_name("body") {
        Some(body) if body.kind() == "statement_block" => block(reader, body),
        Some(value) => vec![Statement { line: line(value), act: Act::Return(Some(expr(reader, value))) }],
        None => Vec::new(),
    };
    Function { name, parameters, body: unpacking.into_iter().chain(inner).collect(), is_class: false }
}

/// `({ a, b = 3 }) =>`: the names are parts of the parameter.
fn unpacked_parameter(reader: &mut Lowering<'_>, pattern: Node<'_>, name: &str) -> Vec<Statement> {
    let mut steps = Vec::new();
    for part in named(pattern) {
        let whole = Box::new(lowering::expr(part, Sort::Name(name.to_owned())));
        let inner = part.child_by_field_name("left").or_else(|| part.child_by_field_name("key")).unwrap_or(part);
        let mut got = lowering::expr(part, Sort::Member(whole, reader.of(inner).to_owned()));
        if part.kind() == "object_assignment_pattern" {
            let otherwise = field(reader, part, "right");
            got = lowering::expr(part, Sort::Any(vec![got, otherwise]));
        }
        steps.push(Statement { line: line(part), act: Act::Let(targets(reader, part), got) });
    }
    steps
}

/// A class, as the function that creates its objects.
fn class(reader: &mut Lowering<'_>, node: Node<'_>) -> Function {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name)).to_owned();
    let steps = body(reader, node, "body");
    let parameters = steps.iter().find_map(|step| match &step.act {
        Act::Define(function) if function.name == "constructor" => Some(function.parameters.clone()),
        _ => None,
    });
    Function { name, parameters: parameters.unwrap_or_default(), body: steps, is_class: true }
}

fn sign_of<'s>(reader: &Lowering<'s>, node: Node<'_>) -> &'s str {
    node.child_by_field_name("operator").map_or("", |sign| reader.of(sign))
}

fn field(reader: &mut Lowering<'_>, node: Node<'_>, name: &str) -> Expr {
    match node.child_by_field_name(name) {
        Some(child) => expr(reader, child),
        None => lowering::expr(node, Sort::Other(Vec::new())),
    }
}

fn boxed(reader: &mut Lowering<'_>, node: Node<'_>, name: &str) -> Box<Expr> {
    Box::new(field(reader, node, name))
}

fn optional(reader: &mut Lowering<'_>, node: Node<'_>) -> Option<Expr> {
    named(node).into_iter().next().map(|child| expr(reader, child))
}

fn first(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    optional(reader, node).unwrap_or_else(|| lowering::expr(node, Sort::Other(Vec::new())))
}

fn list(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Expr> {
    named(node).into_iter().map(|child| expr(reader, child)).collect()
}

fn expr(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    reader.deeper(node, |reader| value(reader, node))
}

fn value(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let sort = match node.kind() {
        "identifier" | "this" | "super" | "shorthand_property_identifier" | "property_identifier" => {
            let name = reader.of(node);
            if name == "undefined" { Sort::Nothing } else { Sort::Name(name.to_owned()) }
        }
        "number" => Sort::Number(lowering::number(reader.of(node))),
        "true" => Sort::Flag(true),
        "false" => Sort::Flag(false),
        "null" | "undefined" => Sort::Nothing,
        "string" | "template_string" => Sort::Text(text(reader, node)),
        "regex" => {
            let part = |field: &str| node.child_by_field_name(field).map_or("", |node| reader.of(node));
            Sort::Pattern(format!("/{}/{}", part("pattern"), part("flags")))
        }
        "parenthesized_expression"
        | "as_expression"
        | "non_null_expression"
        | "satisfies_expression"
        | "spread_element"
        | "type_assertion" => return first(reader, node),
        "member_expression" => {
            let name = node.child_by_field_name("property").map_or("", |name| reader.of(name)).to_owned();
            Sort::Member(boxed(reader, node, "object"), name)
        }
        "subscript_expression" => Sort::Item(boxed(reader, node, "object"), boxed(reader, node, "index")),
        "call_expression" | "new_expression" => call(reader, node),
        "await_expression" => Sort::Await(Box::new(first(reader, node))),
        "unary_expression" => return unary(reader, node),
        "update_expression" => {
            let one = Box::new(lowering::expr(node, Sort::Number("1".to_owned())));
            let sign = sign_of(reader, node).get(..1).unwrap_or("+").to_owned();
            Sort::Math(sign, boxed(reader, node, "argument"), one)
        }
        "binary_expression" => binary(reader, node),
        "ternary_expression" => Sort::Choice(
            boxed(reader, node, "condition"),
            boxed(reader, node, "consequence"),
            boxed(reader, node, "alternative"),
        ),
        "array" => Sort::Many(list(reader, node)),
        "object" => object(reader, node),
        "arrow_function" | "function_expression" | "generator_function" => {
            Sort::Function(Box::new(function(reader, node)))
        }
        "assignment_expression" | "augmented_assignment_expression" => {
            Sort::Other(vec![field(reader, node, "left"), field(reader, node, "right")])
        }
        "type_annotation" | "type_arguments" | "type_identifier" | "predefined_type" | "comment" => {
            Sort::Other(Vec::new())
        }
        _ => Sort::Other(list(reader, node)),
    };
    lowering::expr(node, sort)
}

fn unary(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let inner = field(reader, node, "argument");
    let sort = match (sign_of(reader, node), inner.sort) {
        ("!", sort) => Sort::Not(Box::new(Expr { sort, ..lowering::expr(node, Sort::Nothing) })),
        ("-", Sort::Number(number)) => Sort::Number(format!("-{number}")),
        ("-", sort) => {
            let zero = lowering::expr(node, Sort::Number("0".to_owned()));
            let inner = lowering::expr(node, sort);
            Sort::Math("-".to_owned(), Box::new(zero), Box::new(inner))
        }
        (_, sort) => sort,
    };
    lowering::expr(node, sort)
}

fn binary(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let (left, right) = (field(reader, node, "left"), field(reader, node, "right"));
    let sign = sign_of(reader, node);
    match (sign, CompareOp::of(sign)) {
        ("&&", _) => Sort::All(vec![left, right]),
        ("||" | "??", _) => Sort::Any(vec![left, right]),
        (_, Some(order)) => Sort::Compare(order, Box::new(left), Box::new(right)),
        (_, None) => Sort::Math(sign.to_owned(), Box::new(left), Box::new(right)),
    }
}

fn call(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let target = if node.kind() == "new_expression" { "constructor" } else { "function" };
    let target = boxed(reader, node, target);
    let given = node.child_by_field_name("arguments");
    let mut arguments = Vec::new();
    match given {
        Some(text) if text.kind() == "template_string" => {
            arguments.push(Argument { name: None, value: expr(reader, text) });
        }
        Some(given) => {
            for value in list(reader, given) {
                arguments.extend(options(value));
            }
        }
        None => {}
    }
    Sort::Call(target, arguments)
}

/// `f({ timeout: 30 })` passes its arguments by name.
fn options(value: Expr) -> Vec<Argument> {
    match value.sort {
        Sort::Pairs(pairs) if !pairs.is_empty() => pairs
            .into_iter()
            .map(|(key, value)| {
                let name = key.fixed().or_else(|| key.name().map(str::to_owned));
                Argument { name: Some(name.unwrap_or_default()), value }
            })
            .collect(),
        sort => vec![Argument { name: None, value: Expr { sort, ..value } }],
    }
}

fn object(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let mut pairs = Vec::new();
    for child in named(node) {
        let pair = match child.kind() {
            "pair" => {
                let key = child
                    .child_by_field_name("key")
                    .map_or_else(String::new, |key| reader.of(key).trim_matches(['"', '\'']).to_owned());
                (lowering::fixed(child, &key), field(reader, child, "value"))
            }
            "shorthand_property_identifier" => (lowering::fixed(child, reader.of(child)), expr(reader, child)),
            "method_definition" => {
                let function = function(reader, child);
                (lowering::fixed(child, &function.name), lowering::expr(child, Sort::Function(Box::new(function))))
            }
            _ => (lowering::expr(child, Sort::Other(Vec::new())), expr(reader, child)),
        };
        pairs.push(pair);
    }
    Sort::Pairs(pairs)
}

/// Fixed parts stay as written, because a reviewer sees them that way.
fn text(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<TextPiece> {
    let pieces = text_parts(node, reader.text).into_iter().map(|part| match part {
        TextPart::Hole(value) => TextPiece::Hole(expr(reader, value)),
        TextPart::Fixed { written, .. } => TextPiece::Fixed(written.to_owned()),
    });
    pieces.collect()
}
