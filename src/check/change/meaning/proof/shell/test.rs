//! Tests of a shell: `[ … ]`, `[[ … ]]` and comparisons in `(( … ))`.
//!
//! Where the words of a test cannot be parted, `[` and `[[` are one, and called `test`. A number is compared in one form where
//! both sides are certainly numbers, such as `$#`; else `[` refuses what the others compute.

use super::super::lower::{Lower, named};
use super::super::tree::{Kind, Node};
use super::{is_literal, unparted, word};
use tree_sitter::Node as Syntax;

/// Comparisons of numbers.
const NUMBERS: &[&str] = &["-eq", "-ne", "-lt", "-le", "-gt", "-ge"];

/// A test as conditions that are tested one by one: `[[ a && ! b ]]` is `[[ a ]] && ! [[ b ]]`.
pub(super) fn test(lower: &mut Lower<'_>, node: Syntax<'_>) -> Node {
    let sign = node.child(0).map_or("", |first| first.kind());
    let parts = named(node);
    let ([only], "[" | "[[") = (parts.as_slice(), sign) else { return lower.opaque(node) };
    condition(lower, *only, sign).unwrap_or_else(|| lower.opaque(node))
}

fn condition(lower: &mut Lower<'_>, node: Syntax<'_>, sign: &str) -> Option<Node> {
    let is_double = sign == "[[";
    let operator = node.child_by_field_name("operator").map_or("", |one| lower.text(one));
    match node.kind() {
        "parenthesized_expression" if is_double => condition(lower, node.named_child(0)?, sign),
        "unary_expression" if operator == "!" || node.child(0).is_some_and(|first| first.kind() == "!") => {
            let inner = named(node).pop()?;
            // Where a number is wrong, both a comparison and its opposite fail.
            let inner = condition(lower, inner, sign)?;
            let is_sure = !inner.any(&|part| part.is(Kind::Raw) && NUMBERS.iter().any(|one| part.text.ends_with(one)));
            is_sure.then(|| inner.negated())
        }
        "unary_expression" => {
            let inner = named(node).into_iter().rfind(|part| part.kind() != "test_operator")?;
            let given = word(lower, inner);
            let given = if is_double { unparted(given) } else { given };
            // A word that is parted may be no word or several, and then the test is another one.
            let is_one = matches!(given.kind, Kind::Str | Kind::Text);
            let sign = if is_one { family(lower, sign) } else { sign };
            let made = |operator: &str, given: Node| Node::new(Kind::Raw, &format!("{sign} {operator}"), vec![given]);
            Some(match operator {
                "-z" if is_one => made("-n", given).negated(),
                _ => made(operator, given),
            })
        }
        "binary_expression" if is_double => {
            let mut parts = Vec::new();
            flat(lower, node, &mut parts);
            either(lower, &parts)
        }
        "binary_expression" => {
            let (left, right) = (node.child_by_field_name("left")?, node.child_by_field_name("right")?);
            comparison(lower, left, right, sign, operator)
        }
        _ => None,
    }
}

/// The values and signs of a test in their order. The reader of the syntax takes `a = b || c = d` for `(a = (b || c)) = d`.
fn flat<'t, 's>(lower: &Lower<'s>, node: Syntax<'t>, parts: &mut Vec<(Syntax<'t>, &'s str)>) {
    let sides = (node.child_by_field_name("left"), node.child_by_field_name("right"));
    match (node.kind(), sides, node.child_by_field_name("operator")) {
        ("binary_expression", (Some(left), Some(right)), Some(operator)) => {
            flat(lower, left, parts);
            parts.push((operator, lower.text(operator)));
            flat(lower, right, parts);
        }
        _ => parts.push((node, "")),
    }
}

/// `||` between tests, and `&&` before it.
fn either(lower: &mut Lower<'_>, parts: &[(Syntax<'_>, &str)]) -> Option<Node> {
    for (sign, kind) in [("||", Kind::Or), ("&&", Kind::And)] {
        if parts.iter().any(|(_, text)| *text == sign) {
            let sides = parts.split(|(_, text)| *text == sign).map(|side| either(lower, side));
            return Some(Node::of(kind, sides.collect::<Option<Vec<Node>>>()?));
        }
    }
    match parts {
        [(only, _)] => condition(lower, *only, "[["),
        [(left, _), (_, operator), (right, _)] => comparison(lower, *left, *right, "[[", operator),
        _ => None,
    }
}

/// What tests are called whose words are not parted. A plain `sh` does not know `[[`.
fn family<'s>(lower: &Lower<'_>, sign: &'s str) -> &'s str {
    if sign == "[" || lower.knows_double_tests() { "test" } else { sign }
}

fn comparison(lower: &mut Lower<'_>, left: Syntax<'_>, right: Syntax<'_>, sign: &str, operator: &str) -> Option<Node> {
    let is_double = sign == "[[";
    let side = |lower: &mut Lower<'_>, side: Syntax<'_>| match side.kind() {
        "binary_expression" | "unary_expression" | "parenthesized_expression" => None,
        "extglob_pattern" if is_literal(lower.text(side)) => Some(Node::leaf(Kind::Str, lower.text(side))),
        "regex" | "extglob_pattern" => Some(Node::leaf(Kind::Raw, lower.text(side))),
        _ => Some(word(lower, side)),
    };
    let (left, right) = (side(lower, left)?, side(lower, right)?);
    let left = if is_double { unparted(left) } else { left };
    if NUMBERS.contains(&operator) {
        let right = if is_double { unparted(right) } else { right };
        return Some(numbers(operator, left, right, sign, lower.knows_double_tests()));
    }
    let is_one = [&left, &right].iter().all(|side| matches!(side.kind, Kind::Str | Kind::Text));
    let sign = if is_one || is_double { family(lower, sign) } else { sign };
    let made = |operator: &str, kids: Vec<Node>| Node::new(Kind::Raw, &format!("{sign} {operator}"), kids);
    let is_empty = is_empty(&right);
    // A pattern of plain characters is looked for anywhere in the text, by a script that never asks what was found.
    let plain = right.text.chars().all(|c| c.is_ascii_alphanumeric() || "_-/:".contains(c))
        && !right.text.is_empty()
        && right.kids.is_empty();
    if operator == "=~" && is_double && plain && matches!(right.kind, Kind::Raw | Kind::Str) && !lower.asks_for_match()
    {
        let pattern = Node::leaf(Kind::Raw, &format!("*{}*", right.text));
        return Some(made("=", vec![left, pattern]));
    }
    let kids = vec![left, right];
    let equal = |kids: Vec<Node>| match (is_one && is_empty, kids) {
        (true, mut kids) => made("-n", vec![kids.swap_remove(0)]).negated(),
        (false, kids) => made("=", kids),
    };
    let made = |operator: &str, kids: Vec<Node>| Node::new(Kind::Raw, &format!("{sign} {operator}"), kids);
    Some(match operator {
        "==" if is_double => equal(kids),
        "=" if is_one => equal(kids),
        "!=" if is_double || is_one => equal(kids).negated(),
        _ => made(operator, kids),
    })
}

/// Whether a word is an empty text.
fn is_empty(word: &Node) -> bool {
    match word.kind {
        Kind::Str => word.text.is_empty(),
        Kind::Text => word.kids.iter().all(is_empty),
        _ => false,
    }
}

/// A word that certainly is a whole number: digits, the number of words, the length of a text.
fn whole_number(word: &Node) -> Option<Node> {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() < 16;
    match word.kind {
        Kind::Str if is_digits(&word.text) && (word.text == "0" || !word.text.starts_with('0')) => {
            (!word.text.is_empty()).then(|| word.clone())
        }
        Kind::Text | Kind::Raw if word.is(Kind::Text) || word.text == "parted" => {
            let mut parts = word.kids.iter().filter(|part| !is_empty(part));
            let (Some(only), None) = (parts.next(), parts.next()) else { return None };
            let inner = only.kids.first().filter(|_| only.is(Kind::Hole))?;
            let is_length = inner.text.strip_prefix("${#").and_then(|name| name.strip_suffix('}'));
            let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            (inner.text == "$#" || is_length.is_some_and(is_name)).then(|| Node::of(Kind::Text, vec![only.clone()]))
        }
        _ => None,
    }
}

/// A variable that stands alone in a word.
fn variable(word: &Node) -> Option<Node> {
    let mut parts = word.kids.iter().filter(|part| !is_empty(part));
    let (Some(only), None) = (parts.next(), parts.next()) else { return None };
    let inner = only.kids.first().filter(|_| only.is(Kind::Hole) && word.is(Kind::Text))?;
    let name = inner.text.strip_prefix('$')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| Node::of(Kind::Text, vec![only.clone()]))
}

/// A comparison of numbers.
fn numbers(operator: &str, left: Node, right: Node, sign: &str, knows_double: bool) -> Node {
    if let (Some(left), Some(right)) = (whole_number(&left), whole_number(&right)) {
        return sure_numbers(operator, left, right);
    }
    let side = |word: &Node| whole_number(word).or_else(|| variable(word));
    match (sign == "[[" && knows_double, side(&left), side(&right)) {
        (true, Some(left), Some(right)) => Node::new(Kind::Raw, &format!("(( {operator}"), vec![left, right]),
        _ => Node::new(Kind::Raw, &format!("{sign} {operator}"), vec![left, right]),
    }
}

/// A comparison of what certainly is a number: one of two signs, and its opposite.
fn sure_numbers(operator: &str, left: Node, right: Node) -> Node {
    let made = |sign: &str, left: Node, right: Node| Node::new(Kind::Raw, &format!("number {sign}"), vec![left, right]);
    match operator {
        "-eq" => made("equal", left, right),
        "-ne" => made("equal", left, right).negated(),
        "-lt" => made("less", left, right),
        "-gt" => made("less", right, left),
        "-ge" => made("less", left, right).negated(),
        _ => made("less", right, left).negated(),
    }
}

/// `(( a < 2 ))` as the test that it is; `None` for other arithmetic.
pub(super) fn arithmetic(lower: &mut Lower<'_>, node: Syntax<'_>) -> Option<Node> {
    let parts = named(node);
    let [only] = parts.as_slice() else { return None };
    calculation(lower, *only)
}

fn calculation(lower: &mut Lower<'_>, node: Syntax<'_>) -> Option<Node> {
    let parts = named(node);
    if node.kind() == "parenthesized_expression" {
        return calculation(lower, *parts.first()?);
    }
    let signs = lower.signs(node);
    let ([left, right], [sign], "binary_expression") = (parts.as_slice(), signs.as_slice(), node.kind()) else {
        return None;
    };
    if let "&&" | "||" = sign.as_str() {
        let kids = vec![calculation(lower, *left)?, calculation(lower, *right)?];
        // Where one side is wrong, the whole is.
        let is_sure = !kids.iter().any(|kid| kid.any(&|part| part.text.starts_with("(( ")));
        return is_sure.then(|| Node::of(if sign == "&&" { Kind::And } else { Kind::Or }, kids));
    }
    let operator = match sign.as_str() {
        "<" => "-lt",
        "<=" => "-le",
        ">" => "-gt",
        ">=" => "-ge",
        "==" => "-eq",
        "!=" => "-ne",
        _ => return None,
    };
    let side = |lower: &mut Lower<'_>, side: Syntax<'_>| match side.kind() {
        // A name stands for the value of the variable; `$name` for what is written in it.
        "variable_name" => {
            let inner = Node::leaf(Kind::Raw, &format!("${}", lower.text(side)));
            Some(Node::of(Kind::Text, vec![Node::of(Kind::Hole, vec![inner])]))
        }
        "number" | "simple_expansion" | "expansion" => whole_number(&unparted(word(lower, side))),
        _ => None,
    };
    let (left, right) = (side(lower, *left)?, side(lower, *right)?);
    Some(numbers(operator, left, right, "[[", true))
}
