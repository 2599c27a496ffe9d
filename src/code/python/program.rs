//! Converts Python to the form for comparisons.

use crate::code::TextPart;
use crate::code::lowering::{self, Lowering, fields, line, named};
use crate::code::program::{
    Act, Argument, CompareOp, Expr, Function, Handler, Parameter, Round, Sort, Statement, TextPiece,
};
use crate::code::python::imports::{self, PythonImport};
use crate::code::python::text::parts as text_parts;
use crate::domain::source;
use tree_sitter::Node;

/// Parses a file; `None` if that fails. The flag is set if something was cut.
pub(crate) fn read(text: &str) -> Option<(Vec<Statement>, bool)> {
    let tree = source::parse(&tree_sitter_python::LANGUAGE.into(), text.as_bytes())?;
    let mut reader = Lowering::new(text);
    let steps = block(&mut reader, tree.root_node());
    Some((steps, reader.is_cut))
}

fn block(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    reader.steps(|reader| named(node).into_iter().flat_map(|child| statement(reader, child)).collect())
}

fn body(reader: &mut Lowering<'_>, node: Node<'_>, field: &str) -> Vec<Statement> {
    node.child_by_field_name(field).map_or_else(Vec::new, |body| block(reader, body))
}

fn statement(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let act = match node.kind() {
        "expression_statement" => return named(node).into_iter().map(|child| effect(reader, child)).collect(),
        "if_statement" => branch(reader, node),
        "for_statement" => {
            let over = field(reader, node, "right");
            let names = node.child_by_field_name("left").map_or_else(Vec::new, |left| names(reader, left));
            let mut inner = body(reader, node, "body");
            inner.extend(alternatives(reader, node));
            Act::For(names, over, inner)
        }
        "while_statement" => Act::While(field(reader, node, "condition"), body(reader, node, "body")),
        "try_statement" => attempt(reader, node),
        "with_statement" => with(reader, node),
        "function_definition" => Act::Define(function(reader, node)),
        "class_definition" => Act::Define(class(reader, node)),
        "decorated_definition" => {
            let mut steps: Vec<Statement> = Vec::new();
            for child in named(node) {
                if child.kind() == "decorator" {
                    let value = first(reader, child);
                    steps.push(Statement { line: line(child), act: Act::Do(value) });
                } else {
                    steps.extend(statement(reader, child));
                }
            }
            return steps;
        }
        "return_statement" => Act::Return(optional(reader, node)),
        "raise_statement" => Act::Raise(optional(reader, node)),
        "assert_statement" => Act::Assert(first(reader, node)),
        "break_statement" => Act::Break,
        "continue_statement" => Act::Continue,
        "import_statement" | "import_from_statement" => {
            let modules = imports::of_statement(node, reader.text);
            let names = modules.iter().flat_map(PythonImport::bindings);
            Act::Import(names.map(|(here, full)| (here.to_owned(), full)).collect())
        }
        "match_statement" => cases(reader, node),
        "block" | "module" => Act::Block(block(reader, node)),
        "comment" | "pass_statement" | "global_statement" | "nonlocal_statement" | "future_import_statement" => {
            return Vec::new();
        }
        _ => Act::Do(parts(reader, node)),
    };
    vec![Statement { line: line(node), act }]
}

fn effect(reader: &mut Lowering<'_>, node: Node<'_>) -> Statement {
    let act = match node.kind() {
        "assignment" => match node.child_by_field_name("right") {
            Some(right) => {
                let mut targets = node.child_by_field_name("left").map_or_else(Vec::new, |left| targets(reader, left));
                let mut right = right;
                // `a = b = value` is one value with two names.
                while right.kind() == "assignment" {
                    targets.extend(right.child_by_field_name("left").map(|left| expr(reader, left)));
                    let Some(inner) = right.child_by_field_name("right") else { break };
                    right = inner;
                }
                Act::Let(targets, expr(reader, right))
            }
            None => Act::Block(Vec::new()),
        },
        "yield" => Act::Give(first(reader, node)),
        "augmented_assignment" => {
            let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign));
            let sign = sign.trim_end_matches('=').to_owned();
            Act::Change(field(reader, node, "left"), sign, field(reader, node, "right"))
        }
        _ => Act::Do(expr(reader, node)),
    };
    Statement { line: line(node), act }
}

fn targets(reader: &mut Lowering<'_>, left: Node<'_>) -> Vec<Expr> {
    match left.kind() {
        "pattern_list" | "tuple_pattern" | "list_pattern" => {
            named(left).into_iter().flat_map(|child| targets(reader, child)).collect()
        }
        _ => vec![expr(reader, left)],
    }
}

fn names(reader: &Lowering<'_>, node: Node<'_>) -> Vec<String> {
    if node.kind() == "identifier" {
        return vec![reader.of(node).to_owned()];
    }
    named(node).into_iter().flat_map(|child| names(reader, child)).collect()
}

fn branch(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let condition = field(reader, node, "condition");
    let then = body(reader, node, "consequence");
    let mut otherwise = Vec::new();
    for alternative in fields(node, "alternative").into_iter().rev() {
        otherwise = if alternative.kind() == "elif_clause" {
            let condition = field(reader, alternative, "condition");
            let then = body(reader, alternative, "consequence");
            vec![Statement { line: line(alternative), act: Act::If(condition, then, otherwise) }]
        } else {
            body(reader, alternative, "body")
        };
    }
    Act::If(condition, then, otherwise)
}

fn alternatives(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    fields(node, "alternative").into_iter().flat_map(|clause| body(reader, clause, "body")).collect()
}

fn attempt(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let mut inner = body(reader, node, "body");
    let (mut handlers, mut last) = (Vec::new(), Vec::new());
    for child in named(node) {
        match child.kind() {
            "except_clause" | "except_group_clause" => {
                let steps = named(child).into_iter().filter(|part| part.kind() == "block");
                let body = steps.flat_map(|part| block(reader, part)).collect();
                let mut caught = child.child_by_field_name("value");
                let mut alias = child.child_by_field_name("alias");
                if let Some(pattern) = caught.filter(|value| value.kind() == "as_pattern") {
                    alias = pattern.child_by_field_name("alias");
                    caught = pattern.named_child(0);
                }
                let name = alias.map(|alias| reader.of(alias).to_owned());
                let of = caught.map(|value| expr(reader, value));
                handlers.push(Handler { line: line(child), name, of, body });
            }
            "else_clause" => inner.extend(body(reader, child, "body")),
            "finally_clause" => {
                last.extend(named(child).into_iter().flat_map(|part| block(reader, part)).collect::<Vec<_>>());
            }
            _ => {}
        }
    }
    Act::Try(inner, handlers, last)
}

fn with(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let mut steps = Vec::new();
    let clauses = named(node).into_iter().filter(|child| child.kind() == "with_clause");
    for item in clauses.flat_map(named) {
        let Some(value) = item.child_by_field_name("value") else { continue };
        let act = if value.kind() == "as_pattern" {
            let targets = value.child_by_field_name("alias").and_then(|alias| alias.named_child(0));
            let targets = targets.map_or_else(Vec::new, |target| targets_of(reader, target));
            let inner = value.named_child(0).map(|inner| expr(reader, inner));
            match inner {
                Some(inner) => Act::Let(targets, inner),
                None => continue,
            }
        } else {
            Act::Do(expr(reader, value))
        };
        steps.push(Statement { line: line(item), act });
    }
    steps.extend(body(reader, node, "body"));
    Act::Block(steps)
}

fn targets_of(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Expr> {
    targets(reader, node)
}

fn cases(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let subject = fields(node, "subject").first().map(|subject| expr(reader, *subject));
    let clauses = node.child_by_field_name("body").map_or_else(Vec::new, named);
    let mut otherwise = Vec::new();
    for clause in clauses.into_iter().rev().filter(|clause| clause.kind() == "case_clause") {
        let patterns = named(clause).into_iter().filter(|part| part.kind() == "case_pattern");
        let pattern: Vec<Expr> = patterns.map(|part| parts(reader, part)).collect();
        let values = lowering::expr(clause, Sort::Other(pattern));
        let condition = match &subject {
            Some(subject) => Sort::Compare(CompareOp::Equal, Box::new(subject.clone()), Box::new(values)),
            None => Sort::Other(vec![values]),
        };
        let condition = lowering::expr(clause, condition);
        let then = body(reader, clause, "consequence");
        otherwise = vec![Statement { line: line(clause), act: Act::If(condition, then, otherwise) }];
    }
    Act::Block(otherwise)
}

fn function(reader: &mut Lowering<'_>, node: Node<'_>) -> Function {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name)).to_owned();
    let parameters = node.child_by_field_name("parameters").map_or_else(Vec::new, |list| parameters(reader, list));
    Function { name, parameters, body: body(reader, node, "body"), is_class: false }
}

/// A class, as the function that creates its objects: the parameters are those of `__init__`, otherwise the fields.
fn class(reader: &mut Lowering<'_>, node: Node<'_>) -> Function {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name)).to_owned();
    let steps = body(reader, node, "body");
    let init = steps.iter().find_map(|step| match &step.act {
        Act::Define(function) if function.name == "__init__" => Some(function.parameters.clone()),
        _ => None,
    });
    let fields = node.child_by_field_name("body").map_or_else(Vec::new, named).into_iter().filter_map(|child| {
        let field = child.named_child(0).filter(|field| field.kind() == "assignment")?;
        field.child_by_field_name("type")?;
        let name = reader.of(field.child_by_field_name("left")?).to_owned();
        Some(Parameter { name, line: line(field), default: None })
    });
    let parameters = init.unwrap_or_else(|| fields.collect());
    Function { name, parameters, body: steps, is_class: true }
}

fn parameters(reader: &mut Lowering<'_>, list: Node<'_>) -> Vec<Parameter> {
    let mut found = Vec::new();
    for node in named(list) {
        let name = match node.kind() {
            "identifier" => reader.of(node),
            "default_parameter" | "typed_default_parameter" => {
                node.child_by_field_name("name").map_or("", |name| reader.of(name))
            }
            "typed_parameter" | "list_splat_pattern" | "dictionary_splat_pattern" => {
                node.named_child(0).map_or("", |name| reader.of(name))
            }
            _ => continue,
        };
        let default = node.child_by_field_name("value").map(|value| expr(reader, value));
        if !matches!(name, "self" | "cls") {
            found.push(Parameter { name: name.to_owned(), line: line(node), default });
        }
    }
    found
}

fn field(reader: &mut Lowering<'_>, node: Node<'_>, name: &str) -> Expr {
    match node.child_by_field_name(name) {
        Some(child) => expr(reader, child),
        None => lowering::expr(node, Sort::Other(Vec::new())),
    }
}

fn optional(reader: &mut Lowering<'_>, node: Node<'_>) -> Option<Expr> {
    node.named_child(0).filter(|child| !child.is_extra()).map(|child| expr(reader, child))
}

fn first(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    optional(reader, node).unwrap_or_else(|| lowering::expr(node, Sort::Other(Vec::new())))
}

fn list(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Expr> {
    named(node).into_iter().map(|child| expr(reader, child)).collect()
}

fn parts(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let parts = list(reader, node);
    lowering::expr(node, Sort::Other(parts))
}

fn boxed(reader: &mut Lowering<'_>, node: Node<'_>, name: &str) -> Box<Expr> {
    Box::new(field(reader, node, name))
}

fn expr(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    reader.deeper(node, |reader| value(reader, node))
}

fn value(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let sort = match node.kind() {
        "identifier" => Sort::Name(reader.of(node).to_owned()),
        "integer" | "float" => Sort::Number(lowering::number(reader.of(node))),
        "true" => Sort::Flag(true),
        "false" => Sort::Flag(false),
        "none" => Sort::Nothing,
        "string" | "concatenated_string" => Sort::Text(text(reader, node)),
        "parenthesized_expression" | "expression_statement" | "type" => return first(reader, node),
        "attribute" => {
            let name = node.child_by_field_name("attribute").map_or("", |name| reader.of(name)).to_owned();
            Sort::Member(boxed(reader, node, "object"), name)
        }
        "subscript" => subscript(reader, node),
        "call" => call(reader, node),
        "await" => Sort::Await(Box::new(first(reader, node))),
        "not_operator" => Sort::Not(boxed(reader, node, "argument")),
        "unary_operator" => return unary(reader, node),
        "binary_operator" => {
            let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign)).to_owned();
            Sort::Math(sign, boxed(reader, node, "left"), boxed(reader, node, "right"))
        }
        "boolean_operator" => {
            let both = vec![field(reader, node, "left"), field(reader, node, "right")];
            let is_and = node.child_by_field_name("operator").is_some_and(|sign| reader.of(sign) == "and");
            if is_and { Sort::All(both) } else { Sort::Any(both) }
        }
        "comparison_operator" => comparison(reader, node),
        "conditional_expression" => match list(reader, node).as_slice() {
            [then, condition, otherwise] => {
                Sort::Choice(Box::new(condition.clone()), Box::new(then.clone()), Box::new(otherwise.clone()))
            }
            other => Sort::Other(other.to_vec()),
        },
        "list" | "tuple" | "set" | "expression_list" | "pattern_list" => Sort::Many(list(reader, node)),
        "dictionary" => dictionary(reader, node),
        "list_comprehension" | "set_comprehension" | "generator_expression" | "dictionary_comprehension" => {
            comprehension(reader, node)
        }
        "lambda" => {
            let parameters =
                node.child_by_field_name("parameters").map_or_else(Vec::new, |list| parameters(reader, list));
            let inner = field(reader, node, "body");
            let body = vec![Statement { line: line(node), act: Act::Return(Some(inner)) }];
            Sort::Function(Box::new(Function { name: String::new(), parameters, body, is_class: false }))
        }
        "named_expression" => Sort::Other(vec![field(reader, node, "value")]),
        "keyword_argument" => return field(reader, node, "value"),
        _ => Sort::Other(list(reader, node)),
    };
    lowering::expr(node, sort)
}

fn unary(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let inner = field(reader, node, "argument");
    let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign));
    let sort = match (sign, inner.sort) {
        ("-", Sort::Number(number)) => Sort::Number(format!("-{number}")),
        ("-", sort) => {
            let inner = lowering::expr(node, sort);
            let zero = lowering::expr(node, Sort::Number("0".to_owned()));
            Sort::Math("-".to_owned(), Box::new(zero), Box::new(inner))
        }
        (_, sort) => sort,
    };
    lowering::expr(node, sort)
}

fn subscript(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let object = boxed(reader, node, "value");
    let Some(index) = node.child_by_field_name("subscript") else { return Sort::Other(vec![*object]) };
    if index.kind() != "slice" {
        return Sort::Item(object, Box::new(expr(reader, index)));
    }
    let (mut ends, mut at) = ([None, None, None], 0);
    let mut cursor = index.walk();
    for child in index.children(&mut cursor) {
        if child.kind() == ":" {
            at += 1;
        } else if child.is_named() && at < ends.len() {
            ends[at] = Some(Box::new(expr(reader, child)));
        }
    }
    let [from, to, _] = ends;
    Sort::Slice(object, from, to)
}

fn call(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let target = boxed(reader, node, "function");
    let Some(given) = node.child_by_field_name("arguments") else { return Sort::Call(target, Vec::new()) };
    if given.kind() == "generator_expression" {
        return Sort::Call(target, vec![Argument { name: None, value: expr(reader, given) }]);
    }
    let arguments = named(given).into_iter().map(|argument| {
        let name = (argument.kind() == "keyword_argument").then(|| argument.child_by_field_name("name")).flatten();
        Argument { name: name.map(|name| reader.of(name).to_owned()), value: expr(reader, argument) }
    });
    Sort::Call(target, arguments.collect())
}

fn comparison(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let values = list(reader, node);
    let signs: Vec<String> = fields(node, "operators").into_iter().map(|sign| reader.of(sign).to_owned()).collect();
    let mut tests: Vec<Expr> = values
        .windows(2)
        .zip(&signs)
        .filter_map(|(pair, sign)| {
            let words: Vec<&str> = sign.split_whitespace().collect();
            let order = CompareOp::of(&words.join(" "))?;
            let sort = Sort::Compare(order, Box::new(pair[0].clone()), Box::new(pair[1].clone()));
            Some(Expr { line: pair[0].line, span: (pair[0].span.0, pair[1].span.1), sort })
        })
        .collect();
    match tests.len() {
        0 => Sort::Other(values),
        1 => tests.remove(0).sort,
        _ => Sort::All(tests),
    }
}

fn dictionary(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let mut pairs = Vec::new();
    for child in named(node) {
        if child.kind() == "pair" {
            pairs.push((field(reader, child, "key"), field(reader, child, "value")));
        } else {
            let value = first(reader, child);
            pairs.push((lowering::expr(child, Sort::Other(Vec::new())), value));
        }
    }
    Sort::Pairs(pairs)
}

fn comprehension(reader: &mut Lowering<'_>, node: Node<'_>) -> Sort {
    let element = field(reader, node, "body");
    let element = match (node.child_by_field_name("body"), element.sort) {
        (Some(pair), Sort::Other(both)) if pair.kind() == "pair" => lowering::expr(pair, Sort::Many(both)),
        (Some(body), sort) => lowering::expr(body, sort),
        (None, sort) => lowering::expr(node, sort),
    };
    let (mut rounds, mut conditions) = (Vec::new(), Vec::new());
    for child in named(node) {
        match child.kind() {
            "for_in_clause" => {
                let names = child.child_by_field_name("left").map_or_else(Vec::new, |left| names(reader, left));
                rounds.push(Round { names, over: field(reader, child, "right") });
            }
            "if_clause" => conditions.push(first(reader, child)),
            _ => {}
        }
    }
    Sort::Each(Box::new(element), rounds, conditions)
}

/// Fixed parts stay as written, because a reviewer sees them that way.
fn text(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<TextPiece> {
    let pieces = text_parts(node, reader.text).into_iter().map(|part| match part {
        TextPart::Fixed { written, .. } => TextPiece::Fixed(written.to_owned()),
        TextPart::Hole(value) => TextPiece::Hole(expr(reader, value)),
    });
    pieces.collect()
}
