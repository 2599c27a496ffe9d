//! Conditions: one form for those that always hold together.
//!
//! Where only the truth of a value counts (a condition, an operand of `not`), `not not a` is `a`, and `a != b` is
//! `not a == b`: in other places these are values that a class can choose. `not (a and b)` is `not a or not b` everywhere,
//! since both are true or false. `<` is never the opposite of `>=` unless both sides are whole numbers, because of NaN; `a > b`
//! is `b < a` where the order in which both are computed does not matter.

use super::effects::{Acts, of};
use super::tree::{Kind, Node};
use super::values::{Known, Type};

/// Brings all conditions of a tree into one form.
pub(super) fn simplify(node: &mut Node, known: &Known) {
    visit(node, false, known);
}

fn visit(node: &mut Node, is_test: bool, known: &Known) {
    let first_is_test = matches!(node.kind, Kind::If | Kind::While | Kind::Cond | Kind::Filter | Kind::Not);
    let all_are = matches!(node.kind, Kind::And | Kind::Or) && is_test;
    for (at, kid) in node.kids.iter_mut().enumerate() {
        let both = matches!(node.kind, Kind::Cond) && at > 0 && is_test;
        visit(kid, first_is_test && at == 0 || all_are || both, known);
    }
    match node.kind {
        Kind::And | Kind::Or => flatten(node),
        Kind::Not => negation(node, is_test, known),
        Kind::Compare => comparison(node, is_test, known),
        Kind::Cond | Kind::If => choice(node, is_test, known),
        Kind::Call if is_test => {
            if let Some(of) = sized(node, known) {
                *node = of;
            }
        }
        _ => {}
    }
}

fn flatten(node: &mut Node) {
    let kind = node.kind;
    if node.kids.iter().any(|kid| kid.kind == kind) {
        let kids = std::mem::take(&mut node.kids);
        node.kids = kids.into_iter().flat_map(|kid| if kid.kind == kind { kid.kids } else { vec![kid] }).collect();
    }
}

fn negation(node: &mut Node, is_test: bool, known: &Known) {
    let inner = &mut node.kids[0];
    match inner.kind {
        Kind::Not if is_test || known.type_of(&inner.kids[0]) == Some(Type::Bool) => *node = inner.kids[0].take(),
        Kind::And | Kind::Or => {
            let kind = if inner.is(Kind::And) { Kind::Or } else { Kind::And };
            let kids = std::mem::take(&mut inner.kids).into_iter().map(|kid| {
                let mut kid = kid.negated();
                negation(&mut kid, true, known);
                kid
            });
            *node = Node { kind, kids: kids.collect(), ..node.clone() };
            flatten(node);
        }
        Kind::Compare if is_ordered(inner, known) => {
            let mut turned = inner.take();
            turned.text = if turned.text == "<" { "<=".to_owned() } else { "<".to_owned() };
            turned.kids.swap(0, 1);
            *node = turned;
        }
        Kind::Word if matches!(inner.text.as_str(), "True" | "False" | "true" | "false") => {
            let text = match inner.text.as_str() {
                "True" => "False",
                "False" => "True",
                "true" => "false",
                _ => "true",
            };
            *node = Node::leaf(Kind::Word, text);
        }
        _ => {}
    }
}

/// Whether one of two whole numbers is less or both are equal, and nothing else can be.
fn is_ordered(node: &Node, known: &Known) -> bool {
    matches!(node.text.as_str(), "<" | "<=")
        && !known.is_script
        && node.kids.iter().all(|kid| known.type_of(kid) == Some(Type::Int))
}

/// The opposite of a condition.
pub(super) fn opposite(test: Node, known: &Known) -> Node {
    let mut test = test.negated();
    negation(&mut test, true, known);
    test
}

fn is_fixed(node: &Node) -> bool {
    matches!(node.kind, Kind::Num | Kind::Str | Kind::Word) || node.is(Kind::Text) && node.kids.iter().all(is_fixed)
}

fn comparison(node: &mut Node, is_test: bool, known: &Known) {
    if node.kids.len() != 2 {
        return;
    }
    let opposite = match node.text.as_str() {
        "not in" => Some("in"),
        "is not" => Some("is"),
        "!==" => Some("==="),
        "!=" if is_test || known.is_script => Some("=="),
        _ => None,
    };
    let can_swap = || of(&node.kids[0], known).passes(&of(&node.kids[1], known));
    let swapped = match node.text.as_str() {
        ">" if can_swap() => Some("<"),
        ">=" if can_swap() => Some("<="),
        _ => None,
    };
    if let Some(sign) = swapped {
        sign.clone_into(&mut node.text);
        node.kids.swap(0, 1);
    }
    if let Some(sign) = opposite {
        sign.clone_into(&mut node.text);
        same_side(node);
        let inner = node.take();
        *node = inner.negated();
        return;
    }
    same_side(node);
    // As a condition: of what compares by itself and not as a whole, the truth cannot be asked.
    if is_test && node.text == "==" && node.kids[1].is(Kind::Word) && node.kids[1].text == "None" {
        "is".clone_into(&mut node.text);
    }
    if is_test {
        emptiness(node, known);
    }
}

/// Where only the truth counts, `len(a) > 0` is `a`, of what certainly has a length.
fn emptiness(node: &mut Node, known: &Known) {
    let sized = |call: &Node| sized(call, known);
    let is = |node: &Node, number: &str| node.is(Kind::Num) && node.text == number;
    let [left, right] = node.kids.as_slice() else { return };
    let made = match node.text.as_str() {
        "<" if is(left, "0") => sized(right),
        "<=" if is(left, "1") => sized(right),
        "==" if is(right, "0") => sized(left).map(Node::negated),
        "<" if is(right, "1") => sized(left).map(Node::negated),
        _ => None,
    };
    if let Some(made) = made {
        *node = made;
    }
}

/// What certainly has a length, of a call that asks for it.
fn sized(call: &Node, known: &Known) -> Option<Node> {
    let is_len = call.is(Kind::Call) && call.kids.len() == 2 && call.kids[0].is_name("len");
    let of = call.kids.get(1).filter(|_| is_len && !known.is_script && super::values::is_builtin(&call.kids[0], known));
    let is_sized =
        |of: &&Node| matches!(known.type_of(of), Some(Type::Str | Type::List | Type::Dict | Type::Set | Type::Sized));
    of.filter(is_sized).cloned()
}

/// A fixed value stands on the right of `==`.
fn same_side(node: &mut Node) {
    if matches!(node.text.as_str(), "==" | "===") && is_fixed(&node.kids[0]) && !is_fixed(&node.kids[1]) {
        node.kids.swap(0, 1);
    }
}

/// Whether a condition begins with a negation.
fn is_negative(test: &Node) -> bool {
    match test.kind {
        Kind::Not => true,
        Kind::And | Kind::Or => test.kids.first().is_some_and(is_negative),
        _ => false,
    }
}

/// Two conditions that choose the same value: `x if a else (x if b else y)` is `x if a or b else y`.
fn joined(node: &Node, known: &Known) -> Option<Node> {
    let [test, then, other] = node.kids.as_slice() else { return None };
    let both = |kind: Kind, second: Node, then: &Node, other: &Node| {
        let mut test = Node::of(kind, vec![test.clone(), second]);
        visit(&mut test, true, known);
        Some(Node { lines: node.lines, ..Node::of(Kind::Cond, vec![test, then.clone(), other.clone()]) })
    };
    if other.is(Kind::Cond) && other.kids[1] == *then {
        return both(Kind::Or, other.kids[0].clone(), then, &other.kids[2]);
    }
    if other.is(Kind::Cond) && other.kids[2] == *then {
        return both(Kind::Or, opposite(other.kids[0].clone(), known), then, &other.kids[1]);
    }
    if then.is(Kind::Cond) && then.kids[2] == *other {
        return both(Kind::And, then.kids[0].clone(), &then.kids[1], other);
    }
    if then.is(Kind::Cond) && then.kids[1] == *other {
        return both(Kind::And, opposite(then.kids[0].clone(), known), &then.kids[2], other);
    }
    None
}

fn choice(node: &mut Node, is_test: bool, known: &Known) {
    if node.is(Kind::If) && node.kids[2].kids.is_empty() {
        return;
    }
    if node.is(Kind::If) && node.kids[1].kids.is_empty() || is_negative(&node.kids[0]) {
        let test = node.kids[0].take();
        node.kids[0] = opposite(test, known);
        node.kids.swap(1, 2);
        if node.is(Kind::If) && node.kids[2].kids.is_empty() {
            return;
        }
    }
    if node.is(Kind::If) {
        return;
    }
    if let Some(made) = joined(node, known) {
        *node = made;
        return;
    }
    // `a if c else a`, where computing the condition does nothing.
    let [test, then, other] = node.kids.as_slice() else { return };
    let is_word = |kid: &Node, words: [&str; 2]| kid.is(Kind::Word) && words.contains(&kid.text.as_str());
    let is_bool = is_test || known.type_of(test) == Some(Type::Bool);
    let again = of(test, known);
    let is_again = again.acts == Acts::No && !again.fresh;
    if is_bool && is_word(then, ["True", "true"]) && is_word(other, ["False", "false"]) {
        *node = node.kids[0].take();
    } else if is_bool && is_word(then, ["False", "false"]) && is_word(other, ["True", "true"]) {
        let test = node.kids[0].take();
        *node = if is_test { opposite(test, known) } else { test.negated() };
    } else if test == then && is_again {
        *node = Node::of(Kind::Or, vec![node.kids[0].take(), node.kids[2].take()]);
        flatten(node);
    } else if test == other && is_again {
        *node = Node::of(Kind::And, vec![node.kids[0].take(), node.kids[1].take()]);
        flatten(node);
    }
}
