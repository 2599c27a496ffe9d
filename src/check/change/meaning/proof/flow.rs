//! The order of statements: guards and nesting, exits and `else`, branches that end alike.
//!
//! What follows an `if` of which one branch always leaves stands in the other branch. An exit where the program would go
//! there anyway is left out. All of this keeps which statements run, and in which order.

use super::logic::opposite;
use super::tree::{Kind, Node};
use super::values::Known;

/// Brings the statements of a tree into one form.
pub(super) fn tidy(node: &mut Node, known: &Known) {
    for kid in &mut node.kids {
        tidy(kid, known);
    }
    match node.kind {
        Kind::Block => block(node, known),
        Kind::Def | Kind::Lambda if !node.kids.last().is_some_and(|marks| marks.text.contains("constructor")) => {
            strip(&mut node.kids[1], Kind::Return, known);
        }
        // Something may see the status of this loop of a shell.
        Kind::For | Kind::While if node.text == "status" => {}
        Kind::For => strip(&mut node.kids[2], Kind::Continue, known),
        Kind::While => {
            strip(&mut node.kids[1], Kind::Continue, known);
            ending(node, known);
        }
        Kind::Loop => strip(&mut node.kids[3], Kind::Continue, known),
        Kind::Return => {
            let word = if known.is_script { "undefined" } else { "None" };
            if node.kids.first().is_some_and(|value| value.is(Kind::Word) && value.text == word) {
                node.kids.clear();
            }
        }
        _ => {}
    }
}

/// Whether a block never goes on behind its end.
pub(super) fn leaves(block: &Node) -> bool {
    block.kids.last().is_some_and(|last| match last.kind {
        Kind::Return | Kind::Raise | Kind::Break | Kind::Continue => true,
        Kind::If => leaves(&last.kids[1]) && leaves(&last.kids[2]),
        _ => false,
    })
}

fn block(node: &mut Node, known: &Known) {
    if node.kids.iter().any(|kid| kid.is(Kind::Block) && !known.is_script) {
        let kids = std::mem::take(&mut node.kids);
        node.kids = kids.into_iter().flat_map(|kid| if kid.is(Kind::Block) { kid.kids } else { vec![kid] }).collect();
    }
    node.kids.retain(|kid| !is_nothing(kid, known));
    without_dead(node, known);
    // From the end, so that what follows is in its form already.
    let mut at = node.kids.len();
    while at > 0 {
        at -= 1;
        if !node.kids[at].is(Kind::If) {
            continue;
        }
        let rest = node.kids.split_off(at + 1);
        let step = &mut node.kids[at];
        if !rest.is_empty() && leaves(&step.kids[1]) && !declares(&rest, known) {
            step.kids[2].kids.extend(rest);
            block_again(&mut step.kids[2], known);
        } else if !rest.is_empty() && leaves(&step.kids[2]) && !declares(&rest, known) {
            step.kids[1].kids.extend(rest);
            block_again(&mut step.kids[1], known);
        } else {
            node.kids.extend(rest);
        }
        let step = node.kids[at].take();
        let made = branches(step, known);
        node.kids.splice(at..=at, made);
    }
    node.kids.retain(|kid| !is_nothing(kid, known));
    without_dead(node, known);
}

/// A block that got longer at its end.
fn block_again(node: &mut Node, known: &Known) {
    without_dead(node, known);
    if let Some(last) = node.kids.iter().rposition(|kid| kid.is(Kind::If)) {
        let step = node.kids[last].take();
        let made = branches(step, known);
        node.kids.splice(last..=last, made);
    }
}

/// Functions and classes that a block of JavaScript knows before they are written.
fn declares(rest: &[Node], known: &Known) -> bool {
    known.is_script && rest.iter().any(|kid| matches!(kid.kind, Kind::Def | Kind::Class))
}

fn is_nothing(node: &Node, known: &Known) -> bool {
    match node.kind {
        Kind::Empty => true,
        Kind::Do => match node.kids.first() {
            Some(value) => {
                matches!(value.kind, Kind::Num | Kind::Word)
                    || !known.is_script
                        && (value.is(Kind::Str)
                            || value.is(Kind::Text) && value.kids.iter().all(|kid| kid.is(Kind::Str)))
            }
            None => true,
        },
        _ => false,
    }
}

/// Leaves out what stands behind an exit, unless it makes a name a variable of the function or the function a generator.
fn without_dead(node: &mut Node, known: &Known) {
    // A shell script may read its own end.
    if known.is_shell {
        return;
    }
    let leaving = |kid: &Node| match kid.kind {
        Kind::Return | Kind::Raise | Kind::Break | Kind::Continue => true,
        Kind::If => leaves(&kid.kids[1]) && leaves(&kid.kids[2]),
        _ => false,
    };
    let Some(at) = node.kids.iter().position(leaving) else { return };
    let counts = |kid: &Node| {
        kid.any(&|inner| {
            !super::values::binds(inner).is_empty()
                || inner.is(Kind::Opaque)
                || inner.is(Kind::Global)
                || inner.is(Kind::Raw) && inner.text.starts_with("yield")
        })
    };
    if !node.kids[at + 1..].iter().any(counts) {
        node.kids.truncate(at + 1);
    }
}

/// One `if`, with what its branches have in common.
fn branches(mut step: Node, known: &Known) -> Vec<Node> {
    if !step.is(Kind::If) {
        return vec![step];
    }
    if step.kids[1].kids.is_empty() && step.kids[2].kids.is_empty() {
        let text = tested(known);
        return vec![Node { kind: Kind::Do, text, kids: vec![step.kids[0].take()], ..step }];
    }
    if step.kids[1].kids.is_empty() {
        let test = step.kids[0].take();
        step.kids[0] = opposite(test, known);
        step.kids.swap(1, 2);
    }
    while let Some(made) = joined(&mut step, known) {
        step = made;
    }
    let mut behind = Vec::new();
    while let (Some(one), Some(other)) = (step.kids[1].kids.last(), step.kids[2].kids.last()) {
        if one != other || !super::values::binds(one).is_empty() && known.is_script && !one.text.is_empty() {
            break;
        }
        step.kids[2].kids.pop();
        behind.extend(step.kids[1].kids.pop());
    }
    behind.reverse();
    let chosen = chosen(&step, known);
    let mut made = match chosen {
        Some(chosen) => vec![chosen],
        None if behind.is_empty() => vec![step],
        None => branches(step, known),
    };
    made.extend(behind);
    made
}

/// Two conditions that lead to the same.
fn joined(step: &mut Node, known: &Known) -> Option<Node> {
    let only = |block: &Node| block.kids.len() == 1 && block.kids[0].is(Kind::If);
    let both = |kind: Kind, one: Node, two: Node| {
        let mut test = Node::of(kind, vec![one, two]);
        super::logic::simplify(&mut test, known);
        test
    };
    let lines = step.lines;
    let made = |test: Node, then: Node, other: Node| Node { lines, ..Node::of(Kind::If, vec![test, then, other]) };
    if only(&step.kids[1]) {
        let inner = &step.kids[1].kids[0];
        if inner.kids[2] == step.kids[2] {
            let [test, inner, other] = take3(step);
            let [second, then, _] = take3(&mut first(inner));
            return Some(made(both(Kind::And, test, second), then, other));
        }
        if inner.kids[1] == step.kids[2] {
            let [test, inner, other] = take3(step);
            let [second, _, then] = take3(&mut first(inner));
            return Some(made(both(Kind::And, test, opposite(second, known)), then, other));
        }
    }
    if only(&step.kids[2]) {
        let inner = &step.kids[2].kids[0];
        if inner.kids[1] == step.kids[1] {
            let [test, then, inner] = take3(step);
            let [second, _, other] = take3(&mut first(inner));
            return Some(made(both(Kind::Or, test, second), then, other));
        }
        if inner.kids[2] == step.kids[1] {
            let [test, then, inner] = take3(step);
            let [second, other, _] = take3(&mut first(inner));
            return Some(made(both(Kind::Or, test, opposite(second, known)), then, other));
        }
    }
    None
}

fn take3(node: &mut Node) -> [Node; 3] {
    [node.kids[0].take(), node.kids[1].take(), node.kids[2].take()]
}

fn first(mut block: Node) -> Node {
    block.kids.swap_remove(0)
}

/// One value of two, where both branches do the same with it.
fn chosen(step: &Node, known: &Known) -> Option<Node> {
    let ([one], [other]) = (step.kids[1].kids.as_slice(), step.kids[2].kids.as_slice()) else { return None };
    let word = if known.is_script { "undefined" } else { "None" };
    let value = |node: &Node| node.kids.first().cloned().unwrap_or_else(|| Node::leaf(Kind::Word, word));
    let cond = |one: Node, other: Node| {
        let mut made = Node::of(Kind::Cond, vec![step.kids[0].clone(), one, other]);
        super::logic::simplify(&mut made, known);
        made
    };
    match (one.kind, other.kind) {
        (Kind::Return, Kind::Return) if !(one.kids.is_empty() && other.kids.is_empty()) => {
            Some(Node { lines: step.lines, ..Node::of(Kind::Return, vec![cond(value(one), value(other))]) })
        }
        (Kind::Assign, Kind::Assign)
            // Python computes the value before a target of several parts.
            if (one.kids[0].is(Kind::Name) || !known.is_script && !known.is_shell)
                && one.kids[0] == other.kids[0]
                && one.text.is_empty()
                && other.text.is_empty() =>
        {
            let value = cond(one.kids[1].clone(), other.kids[1].clone());
            Some(Node { lines: step.lines, ..Node::of(Kind::Assign, vec![one.kids[0].clone(), value]) })
        }
        (Kind::Do, Kind::Do) if one.text == other.text => {
            let (call, at) = one_argument(&one.kids[0], &other.kids[0], &step.kids[0], known)?;
            let mut made = call.clone();
            made.kids[at] = cond(call.kids[at].clone(), other.kids[0].kids[at].clone());
            Some(Node { lines: step.lines, ..Node::of(Kind::Do, vec![made]) })
        }
        _ => None,
    }
}

/// Two calls that differ in one argument only: the first call, and which argument. What is computed before it must not
/// depend on whether the test comes first.
fn one_argument<'n>(one: &'n Node, other: &Node, test: &Node, known: &Known) -> Option<(&'n Node, usize)> {
    let is_call = |node: &Node| node.is(Kind::Call) && !known.is_shell;
    if !is_call(one) || !is_call(other) || one.kids.len() != other.kids.len() {
        return None;
    }
    let mut differing = (0..one.kids.len()).filter(|at| one.kids[*at] != other.kids[*at]);
    let (at, None) = (differing.next().filter(|at| *at > 0)?, differing.next()) else { return None };
    let is_plain = |node: &Node| !matches!(node.kind, Kind::Kw | Kind::Spread);
    let before = super::effects::of_all(&one.kids[..at], known);
    let may_wait = super::effects::of(test, known).passes(&before);
    (is_plain(&one.kids[at]) && is_plain(&other.kids[at]) && may_wait).then_some((one, at))
}

/// What marks a condition of which only the effect is left: in a shell, its status still ends nothing and is not seen.
fn tested(known: &Known) -> String {
    if known.is_shell { "tested".to_owned() } else { String::new() }
}

/// Leaves out an exit at the end, where the program goes there anyway.
fn strip(block: &mut Node, exit: Kind, known: &Known) {
    loop {
        match block.kids.last_mut() {
            Some(last) if last.kind == exit && last.kids.is_empty() && last.text.is_empty() => {
                block.kids.pop();
            }
            Some(last) if last.is(Kind::If) => {
                strip(&mut last.kids[1], exit, known);
                strip(&mut last.kids[2], exit, known);
                if last.kids[1].kids.is_empty() && last.kids[2].kids.is_empty() {
                    last.kind = Kind::Do;
                    last.text = tested(known);
                    last.kids.truncate(1);
                }
                return;
            }
            _ => return,
        }
    }
}

/// `while True: if a: break; …` is `while not a: …`.
fn ending(node: &mut Node, known: &Known) {
    let is_endless = node.kids[0].is(Kind::Word) && matches!(node.kids[0].text.as_str(), "True" | "true");
    let has_other = node.kids.get(2).is_some_and(|other| !other.kids.is_empty());
    let [only] = node.kids[1].kids.as_mut_slice() else { return };
    let is_exit =
        |block: &Node| block.kids.len() == 1 && block.kids[0].is(Kind::Break) && block.kids[0].text.is_empty();
    if !is_endless || !only.is(Kind::If) || has_other {
        return;
    }
    let (test, rest) = if is_exit(&only.kids[1]) {
        (opposite(only.kids[0].take(), known), only.kids[2].take())
    } else if is_exit(&only.kids[2]) {
        (only.kids[0].take(), only.kids[1].take())
    } else {
        return;
    };
    node.kids[0] = test;
    node.kids[1] = rest;
}
