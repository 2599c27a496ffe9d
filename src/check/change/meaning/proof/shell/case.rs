//! `case`: the tests that it makes one after the other, where its patterns are plain.

use super::super::lower::{Lower, fields, named, placed};
use super::super::tree::{Kind, Node};
use super::{all, block, field, is_literal, unparted};
use tree_sitter::Node as Syntax;

/// Variables that have another value each time.
const CHANGING: &[&str] = &["$RANDOM", "$SRANDOM", "$SECONDS", "$EPOCHSECONDS", "$EPOCHREALTIME", "$BASHPID"];

/// One branch: its patterns as written, what they test, its statements, and its sign at the end.
struct Branch<'t> {
    patterns: Vec<Syntax<'t>>,
    steps: Node,
    sort: &'t str,
}

pub(super) fn case(lower: &mut Lower<'_>, node: Syntax<'_>, counts: bool) -> Node {
    let value = field(lower, node, "value");
    let mut branches = Vec::new();
    for item in named(node).into_iter().filter(|kid| kid.kind() == "case_item") {
        let parts = all(item);
        let Some(begin) = parts.iter().position(|part| part.kind() == ")") else { return lower.opaque(node) };
        let end = parts.iter().rposition(|part| matches!(part.kind(), ";;" | ";&" | ";;&"));
        let end = end.filter(|end| *end > begin).unwrap_or(parts.len());
        let sort = parts.get(end).map_or(";;", |end| end.kind());
        let steps = block(lower, &parts[begin + 1..end], counts);
        branches.push(Branch { patterns: fields(item, "value"), steps: placed(item, steps), sort });
    }
    if let Some(made) = as_tests(lower, &value, &branches) {
        return made;
    }
    let mut kids = vec![value];
    for Branch { patterns, steps, sort } in branches {
        let mut one: Vec<Node> = patterns.iter().map(|one| Node::leaf(Kind::Raw, lower.text(*one))).collect();
        let lines = steps.lines;
        one.push(steps);
        kids.push(Node { lines, ..Node::new(Kind::Raw, &format!("case {sort}"), one) });
    }
    Node::new(Kind::Raw, "case", kids)
}

/// `case $a in x | y*) b ;; *) c ;; esac` is `if [[ $a = x || $a = y* ]]; then b; else c; fi`.
fn as_tests(lower: &Lower<'_>, value: &Node, branches: &[Branch<'_>]) -> Option<Node> {
    let value = unparted(value.clone());
    let is_quiet = |part: &Node| match part.kind {
        Kind::Str => true,
        Kind::Hole => part.kids.iter().all(|inner| {
            let is_sign = |c: char| c.is_ascii_alphanumeric() || "${}_#:-%,^/.*".contains(c);
            inner.kids.is_empty()
                && inner.text.chars().all(is_sign)
                && !CHANGING.contains(&inner.text.as_str())
                && !matches!(inner.text.as_str(), "$*" | "$-")
        }),
        _ => false,
    };
    if !(value.is(Kind::Str) || value.is(Kind::Text) && value.kids.iter().all(is_quiet)) {
        return None;
    }
    let mut other = Node::block(Vec::new());
    let mut made = None;
    for (at, Branch { patterns, steps, sort }) in branches.iter().enumerate().rev() {
        if *sort != ";;" || patterns.is_empty() {
            return None;
        }
        if matches!(patterns.as_slice(), [only] if lower.text(*only) == "*") {
            if at + 1 != branches.len() || at == 0 {
                return None;
            }
            other = steps.clone();
            continue;
        }
        let mut tests = Vec::new();
        for pattern in patterns {
            tests.push(test(lower, &value, *pattern)?);
        }
        let test = if tests.len() == 1 { tests.swap_remove(0) } else { Node::of(Kind::Or, tests) };
        let step = Node { lines: steps.lines, ..Node::of(Kind::If, vec![test, steps.clone(), other]) };
        other = Node::block(vec![step.clone()]);
        made = Some(step);
    }
    made
}

/// Whether the value fits one pattern.
fn test(lower: &Lower<'_>, value: &Node, pattern: Syntax<'_>) -> Option<Node> {
    let written = lower.text(pattern);
    let inner = ['"', '\''].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote));
    let is_sign = |c: char| c.is_ascii_alphanumeric() || "_-./:,%=*?[]!^".contains(c);
    let made = |pattern: Node| Node::new(Kind::Raw, "test =", vec![value.clone(), pattern]);
    match inner {
        Some("") => Some(Node::new(Kind::Raw, "test -n", vec![value.clone()]).negated()),
        Some(inner) if is_literal(inner) || inner.chars().all(|c| is_sign(c) || c == ' ') => {
            Some(made(Node::leaf(Kind::Str, inner)))
        }
        None if is_literal(written) => Some(made(Node::leaf(Kind::Str, written))),
        None if written.chars().all(is_sign) => Some(made(Node::leaf(Kind::Raw, written))),
        _ => None,
    }
}
