//! Converts Bash to the form for comparisons: commands are calls, tests are comparisons, `||` and `&&` are branches.

use super::options::options_of;
use crate::code::lowering::{self, Lowering, fields, line, named};
use crate::code::program::{Act, Argument, CompareOp, Expr, Function, Parameter, Sort, Statement, TextPiece};
use crate::domain::source;
use tree_sitter::Node;

/// The maximum number of parameters of a function that are followed to its calls.
const PARAMETERS: usize = 6;

/// Parses a file; `None` if that fails. The flag is set if something was cut.
pub(crate) fn read(text: &str) -> Option<(Vec<Statement>, bool)> {
    let tree = source::parse(&tree_sitter_bash::LANGUAGE.into(), text.as_bytes())?;
    let mut reader = Lowering::new(text);
    let steps = block(&mut reader, named(tree.root_node()));
    Some((steps, reader.is_cut))
}

fn block(reader: &mut Lowering<'_>, nodes: Vec<Node<'_>>) -> Vec<Statement> {
    reader.steps(|reader| nodes.into_iter().flat_map(|child| statement(reader, child)).collect())
}

fn statement(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let act = match node.kind() {
        "comment" | "heredoc_end" | "heredoc_start" => return Vec::new(),
        "if_statement" => branch(reader, node),
        "for_statement" => {
            let name = node.child_by_field_name("variable").map_or("", |name| reader.of(name)).to_owned();
            let over: Vec<Expr> = fields(node, "value").into_iter().map(|value| word(reader, value)).collect();
            let over = lowering::expr(node, Sort::Other(over));
            Act::For(vec![name], over, group(reader, node))
        }
        "while_statement" => {
            let conditions: Vec<Node<'_>> = fields(node, "condition").into_iter().filter(Node::is_named).collect();
            Act::While(conditions_of(reader, node, &conditions), group(reader, node))
        }
        "c_style_for_statement" => {
            let condition = fields(node, "condition").into_iter().find(Node::is_named);
            let condition = condition.map_or_else(|| nothing(node), |part| test(reader, part));
            Act::While(condition, group(reader, node))
        }
        "case_statement" => cases(reader, node),
        "function_definition" => Act::Define(function(reader, node)),
        "variable_assignment" => return vec![assignment(reader, node)],
        "variable_assignments" => return block(reader, named(node)),
        "declaration_command" => return declaration(reader, node),
        "compound_statement" | "do_group" | "subshell" => Act::Block(block(reader, named(node))),
        "list" => return list(reader, node),
        "command" => return command(reader, node),
        _ => Act::Do(expr(reader, node)),
    };
    vec![Statement { line: line(node), act }]
}

fn group(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    node.child_by_field_name("body").map_or_else(Vec::new, |body| block(reader, named(body)))
}

/// `a && b`, `a || b`: the second command runs depending on how the first one ended.
fn list(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let parts = named(node);
    let [first, .., last] = parts.as_slice() else { return block(reader, parts) };
    let mut cursor = node.walk();
    let is_or = node.children(&mut cursor).any(|child| child.kind() == "||");
    let condition = condition(reader, *first);
    let condition = if is_or { lowering::expr(*first, Sort::Not(Box::new(condition))) } else { condition };
    let then = block(reader, vec![*last]);
    vec![Statement { line: line(*last), act: Act::If(condition, then, Vec::new()) }]
}

/// A command as a condition: a test by its subject, any other command by its exit code.
fn condition(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    reader.deeper(node, |reader| match node.kind() {
        "list" => {
            let parts: Vec<Expr> = named(node).into_iter().map(|part| condition(reader, part)).collect();
            let mut cursor = node.walk();
            let is_or = node.children(&mut cursor).any(|child| child.kind() == "||");
            lowering::expr(node, if is_or { Sort::Any(parts) } else { Sort::All(parts) })
        }
        _ => expr(reader, node),
    })
}

fn conditions_of(reader: &mut Lowering<'_>, node: Node<'_>, parts: &[Node<'_>]) -> Expr {
    match parts.last() {
        Some(last) => condition(reader, *last),
        None => lowering::expr(node, Sort::Other(Vec::new())),
    }
}

fn branch(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let conditions: Vec<Node<'_>> = fields(node, "condition").into_iter().filter(Node::is_named).collect();
    let ids: Vec<usize> = conditions.iter().map(Node::id).collect();
    let condition = conditions_of(reader, node, &conditions);
    let rest: Vec<Node<'_>> = named(node).into_iter().filter(|child| !ids.contains(&child.id())).collect();
    let is_clause = |child: &Node<'_>| matches!(child.kind(), "elif_clause" | "else_clause");
    let then = block(reader, rest.iter().copied().filter(|child| !is_clause(child)).collect());
    let mut otherwise = Vec::new();
    for clause in rest.into_iter().filter(is_clause).rev() {
        let mut parts = named(clause);
        if clause.kind() == "else_clause" {
            otherwise = block(reader, parts);
        } else if !parts.is_empty() {
            let condition = self::condition(reader, parts.remove(0));
            let then = block(reader, parts);
            otherwise = vec![Statement { line: line(clause), act: Act::If(condition, then, otherwise) }];
        }
    }
    Act::If(condition, then, otherwise)
}

fn cases(reader: &mut Lowering<'_>, node: Node<'_>) -> Act {
    let subject = node.child_by_field_name("value").map(|value| word(reader, value));
    let Some(subject) = subject else { return Act::Block(Vec::new()) };
    let mut otherwise = Vec::new();
    for item in named(node).into_iter().filter(|child| child.kind() == "case_item").rev() {
        let values = fields(item, "value");
        let ids: Vec<usize> = values.iter().map(Node::id).collect();
        let steps = named(item).into_iter().filter(|child| !ids.contains(&child.id())).collect();
        let then = block(reader, steps);
        if values.iter().all(|value| reader.of(*value) == "*") {
            otherwise = then;
            continue;
        }
        let values: Vec<Expr> = values.into_iter().map(|value| lowering::fixed(value, reader.of(value))).collect();
        let values = Box::new(lowering::expr(item, Sort::Many(values)));
        let condition = lowering::expr(item, Sort::Compare(CompareOp::In, Box::new(subject.clone()), values));
        otherwise = vec![Statement { line: line(item), act: Act::If(condition, then, otherwise) }];
    }
    Act::Block(otherwise)
}

fn function(reader: &mut Lowering<'_>, node: Node<'_>) -> Function {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name)).to_owned();
    let body = node.child_by_field_name("body").map_or_else(Vec::new, |body| block(reader, vec![body]));
    let parameters = (1..=PARAMETERS).map(|n| Parameter { name: n.to_string(), line: line(node), default: None });
    Function { name, parameters: parameters.collect(), body, is_class: false }
}

fn assignment(reader: &mut Lowering<'_>, node: Node<'_>) -> Statement {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name));
    let is_more = named(node).len() > 1 && reader.of(node)[name.len()..].starts_with("+=");
    let target = lowering::expr(node, Sort::Name(name.split('[').next().unwrap_or(name).to_owned()));
    let value = match node.child_by_field_name("value") {
        // An assigned value is not split into words.
        Some(value) => unsplit(word(reader, value)),
        None => lowering::fixed(node, ""),
    };
    let act = if is_more { Act::Change(target, "+".to_owned(), value) } else { Act::Let(vec![target], value) };
    Statement { line: line(node), act }
}

fn unsplit(value: Expr) -> Expr {
    match value.sort {
        Sort::Bare(inner) => *inner,
        Sort::Text(pieces) => {
            let pieces = pieces.into_iter().map(|piece| match piece {
                TextPiece::Hole(hole) => TextPiece::Hole(unsplit(hole)),
                TextPiece::Fixed(text) => TextPiece::Fixed(text),
            });
            Expr { sort: Sort::Text(pieces.collect()), ..value }
        }
        sort => Expr { sort, ..value },
    }
}

fn declaration(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let parts = named(node).into_iter().filter(|part| part.kind() == "variable_assignment");
    parts.map(|part| assignment(reader, part)).collect()
}

fn command(reader: &mut Lowering<'_>, node: Node<'_>) -> Vec<Statement> {
    let name = node.child_by_field_name("name").map_or("", |name| reader.of(name));
    let first = fields(node, "argument").first().map(|argument| word(reader, *argument));
    let act = match name {
        "return" => Act::Return(first.map(number_of)),
        "break" => Act::Break,
        "continue" => Act::Continue,
        _ => Act::Do(expr(reader, node)),
    };
    vec![Statement { line: line(node), act }]
}

/// A word that is a number, as a number.
fn number_of(value: Expr) -> Expr {
    match value.fixed() {
        Some(text) if text.parse::<i64>().is_ok() => Expr { sort: Sort::Number(lowering::number(&text)), ..value },
        _ => value,
    }
}

fn expr(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    reader.deeper(node, |reader| match node.kind() {
        "command" => call(reader, node),
        "test_command" => {
            let inner = named(node).into_iter().next();
            inner.map_or_else(|| nothing(node), |inner| test(reader, inner))
        }
        "negated_command" => {
            let inner = named(node).into_iter().next();
            let inner = inner.map_or_else(|| nothing(node), |inner| expr(reader, inner));
            lowering::expr(node, Sort::Not(Box::new(inner)))
        }
        "redirected_statement" => redirected(reader, node),
        "list" => condition(reader, node),
        "pipeline" | "subshell" | "compound_statement" | "command_substitution" | "process_substitution" => {
            let steps = block(reader, named(node));
            let function = Function { name: String::new(), parameters: Vec::new(), body: steps, is_class: false };
            lowering::expr(node, Sort::Function(Box::new(function)))
        }
        _ => word(reader, node),
    })
}

/// A word of a command; a cluster of options becomes one word for each option.
fn apart(command: &str, word: Expr) -> Vec<Expr> {
    let Some(options) = word.fixed().and_then(|text| options_of(command, &text)) else { return vec![word] };
    let sort = |option| Sort::Text(vec![TextPiece::Fixed(option)]);
    options.into_iter().map(|option| Expr { sort: sort(option), ..word.clone() }).collect()
}

fn call(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let target = node.child_by_field_name("name").map(|name| (reader.of(name).to_owned(), name));
    let Some((target, name)) = target else { return lowering::expr(node, Sort::Nothing) };
    let given: Vec<Node<'_>> = fields(node, "argument");
    let words = given.into_iter().flat_map(|argument| apart(&target, word(reader, argument)));
    let mut arguments: Vec<Argument> = words.map(|value| Argument { name: None, value }).collect();
    let target = Box::new(lowering::expr(name, Sort::Name(target)));
    arguments.extend(fields(node, "redirect").into_iter().map(|redirect| output(reader, redirect)));
    lowering::expr(node, Sort::Call(target, arguments))
}

/// An output redirection is an argument with the operator as its name.
fn output(reader: &mut Lowering<'_>, node: Node<'_>) -> Argument {
    let to = node.child_by_field_name("destination").or_else(|| named(node).into_iter().last());
    let sign: String = reader.of(node).chars().take_while(|c| "0123456789&<>|".contains(*c)).collect();
    let value = to.map_or_else(|| nothing(node), |to| word(reader, to));
    Argument { name: Some(sign), value }
}

fn redirected(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let inner = node.child_by_field_name("body").map(|body| expr(reader, body));
    let outputs: Vec<Argument> = fields(node, "redirect").into_iter().map(|part| output(reader, part)).collect();
    match inner {
        Some(Expr { sort: Sort::Call(target, mut arguments), line, span }) => {
            arguments.extend(outputs);
            Expr { sort: Sort::Call(target, arguments), line, span }
        }
        Some(Expr { sort: Sort::Not(inner), line, span }) if matches!(inner.sort, Sort::Call(..)) => {
            let Expr { sort: Sort::Call(target, mut arguments), line: at, span: whole } = *inner else {
                return nothing(node);
            };
            arguments.extend(outputs);
            let call = Expr { sort: Sort::Call(target, arguments), line: at, span: whole };
            Expr { sort: Sort::Not(Box::new(call)), line, span }
        }
        inner => {
            let target = Box::new(lowering::expr(node, Sort::Name("redirect".to_owned())));
            let inner = inner.into_iter().map(|value| Argument { name: None, value });
            lowering::expr(node, Sort::Call(target, inner.chain(outputs).collect()))
        }
    }
}

/// The inside of `[ ]`, `[[ ]]` and `(( ))`.
fn test(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    reader.deeper(node, |reader| match node.kind() {
        "binary_expression" => {
            let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign));
            let side = |reader: &mut Lowering<'_>, field: &str| {
                let part = node.child_by_field_name(field);
                part.map_or_else(|| nothing(node), |part| number_of(test(reader, part)))
            };
            let (left, right) = (side(reader, "left"), side(reader, "right"));
            let sort = match (sign, CompareOp::of(sign)) {
                ("&&" | "-a", _) => Sort::All(vec![left, right]),
                ("||" | "-o", _) => Sort::Any(vec![left, right]),
                (_, Some(order)) => Sort::Compare(order, Box::new(left), Box::new(right)),
                (_, None) => Sort::Math(sign.to_owned(), Box::new(left), Box::new(right)),
            };
            lowering::expr(node, sort)
        }
        "unary_expression" => {
            let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign)).to_owned();
            let inner = named(node).into_iter().last().map(|part| test(reader, part));
            let inner = inner.unwrap_or_else(|| nothing(node));
            let sort = match sign.as_str() {
                "!" | "-z" => Sort::Not(Box::new(inner)),
                "-n" => return inner,
                sign => {
                    let target = Box::new(lowering::expr(node, Sort::Name(format!("test {sign}"))));
                    Sort::Call(target, vec![Argument { name: None, value: inner }])
                }
            };
            lowering::expr(node, sort)
        }
        "parenthesized_expression" => {
            let inner = named(node).into_iter().next();
            inner.map_or_else(|| nothing(node), |inner| test(reader, inner))
        }
        // Inside `(( ))` a bare word is a variable.
        "variable_name" => lowering::expr(node, Sort::Name(reader.of(node).to_owned())),
        "word" if node.parent().is_some_and(|parent| parent.kind() == "binary_expression" && is_sum(parent)) => {
            lowering::expr(node, Sort::Name(reader.of(node).to_owned()))
        }
        _ => unsplit(word(reader, node)),
    })
}

/// Whether an expression is inside `(( ))`.
fn is_sum(node: Node<'_>) -> bool {
    let mut at = Some(node);
    while let Some(node) = at {
        if matches!(node.kind(), "compound_statement" | "arithmetic_expansion" | "c_style_for_statement") {
            return true;
        }
        if matches!(node.kind(), "test_command") {
            return node.child(0).is_some_and(|sign| sign.kind() == "((");
        }
        at = node.parent();
    }
    false
}

/// A word of a command.
fn word(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    reader.deeper(node, |reader| match node.kind() {
        "word" => {
            let text = reader.of(node);
            // A flag with a number and a plain number are represented alike in every language.
            lowering::fixed(node, text)
        }
        "number" => lowering::expr(node, Sort::Number(lowering::number(reader.of(node)))),
        "raw_string" | "ansi_c_string" => lowering::fixed(node, reader.of(node).trim_matches(['$', '\''])),
        "regex" => lowering::expr(node, Sort::Pattern(reader.of(node).to_owned())),
        "simple_expansion" | "expansion" => {
            let inner = Box::new(variable(reader, node));
            lowering::expr(node, Sort::Bare(inner))
        }
        "command_substitution" | "process_substitution" => {
            let inner = Box::new(expr_of_steps(reader, node));
            lowering::expr(node, Sort::Bare(inner))
        }
        "arithmetic_expansion" => {
            let inner: Vec<Expr> = named(node).into_iter().map(|part| test(reader, part)).collect();
            lowering::expr(node, Sort::Other(inner))
        }
        "string" | "translated_string" => {
            let pieces = named(node).into_iter().map(|part| match part.kind() {
                "string_content" => TextPiece::Fixed(reader.of(part).to_owned()),
                _ => TextPiece::Hole(unsplit(word(reader, part))),
            });
            let pieces: Vec<TextPiece> = pieces.collect();
            lowering::expr(node, Sort::Text(pieces))
        }
        "concatenation" => {
            let mut pieces = Vec::new();
            for part in named(node) {
                match word(reader, part) {
                    Expr { sort: Sort::Text(inner), .. } => pieces.extend(inner),
                    other => pieces.push(TextPiece::Hole(other)),
                }
            }
            lowering::expr(node, Sort::Text(pieces))
        }
        "heredoc_body" | "herestring_redirect" | "array" => {
            let parts: Vec<Expr> = named(node).into_iter().map(|part| word(reader, part)).collect();
            lowering::expr(node, Sort::Many(parts))
        }
        "heredoc_content" => lowering::fixed(node, reader.of(node)),
        "command" | "pipeline" | "list" | "subshell" | "test_command" | "redirected_statement" => expr(reader, node),
        _ if node.named_child_count() == 0 => lowering::fixed(node, reader.of(node)),
        _ => {
            let parts: Vec<Expr> = named(node).into_iter().map(|part| word(reader, part)).collect();
            lowering::expr(node, Sort::Other(parts))
        }
    })
}

fn expr_of_steps(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let body = block(reader, named(node));
    lowering::expr(
        node,
        Sort::Function(Box::new(Function { name: String::new(), parameters: Vec::new(), body, is_class: false })),
    )
}

/// `$x`, `${x}`, `${x:-default}`, `${x%pattern}`.
fn variable(reader: &mut Lowering<'_>, node: Node<'_>) -> Expr {
    let mut parts = named(node).into_iter();
    let Some(first) = parts.next() else { return lowering::expr(node, Sort::Name(String::new())) };
    let name = reader.of(first).split('[').next().unwrap_or_default().to_owned();
    let value = lowering::expr(first, Sort::Name(name));
    let sign = node.child_by_field_name("operator").map_or("", |sign| reader.of(sign));
    let rest: Vec<Expr> = parts.map(|part| unsplit(word(reader, part))).collect();
    match sign {
        ":-" | "-" | ":=" | "=" => {
            let list = std::iter::once(value).chain(rest).collect();
            lowering::expr(node, Sort::Any(list))
        }
        ":?" | "?" => {
            let target = Box::new(lowering::expr(node, Sort::Name("required".to_owned())));
            lowering::expr(node, Sort::Call(target, vec![Argument { name: None, value }]))
        }
        "" => value,
        _ => {
            let list = std::iter::once(value).chain(rest).collect();
            lowering::expr(node, Sort::Other(list))
        }
    }
}

/// A missing value.
fn nothing(node: Node<'_>) -> Expr {
    lowering::expr(node, Sort::Nothing)
}
