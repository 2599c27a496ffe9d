//! Texts with values put in: one form for `f"…"`, `%`, `.format`, templates and `+`.
//!
//! `%s` and `{}` write the same unless a class says otherwise (`__format__`, enumerations); a file that speaks of such a class keeps
//! them apart. `+` is only taken for a text where the other side certainly is one; in JavaScript one side is enough.

use super::effects::{Acts, of};
use super::tree::{Kind, Node};
use super::values::{Known, Type, is_builtin};

/// Brings one node into the form of texts; its parts are in it.
pub(super) fn form(node: &mut Node, known: &Known) {
    match node.kind {
        Kind::Text => pieces(node, known),
        Kind::Hole => hole(node, known),
        Kind::Binary if node.text == "%" && !known.is_script => percent(node, known),
        Kind::Binary if node.text == "+" => plus(node, known),
        Kind::Call => {
            format(node, known);
            print(node, known);
            console(node, known);
        }
        _ => {}
    }
}

fn hole(node: &mut Node, known: &Known) {
    let of = node.kids.first().and_then(|value| known.type_of(value));
    let is_plain = of.is_some() || known.writes_plainly;
    if node.text == "!s" && is_plain || node.text == ":d" && of == Some(Type::Int) {
        node.text.clear();
    }
    if node.text.is_empty() && is_plain && !known.is_script && node.kids.len() == 1 {
        let inner = &node.kids[0];
        if inner.is(Kind::Call)
            && inner.kids.len() == 2
            && inner.kids[0].is_name("str")
            && is_builtin(&inner.kids[0], known)
            && !matches!(inner.kids[1].kind, Kind::Spread | Kind::Kw)
        {
            node.kids[0] = inner.kids[1].clone();
        }
    }
}

fn pieces(node: &mut Node, known: &Known) {
    let mut made: Vec<Node> = Vec::new();
    let mut open: Vec<Node> = std::mem::take(&mut node.kids);
    open.reverse();
    while let Some(piece) = open.pop() {
        match piece.kind {
            Kind::Text => open.extend(piece.kids.into_iter().rev()),
            Kind::Hole
                if piece.text.is_empty()
                    && piece.kids.len() == 1
                    && matches!(piece.kids[0].kind, Kind::Str | Kind::Text) =>
            {
                open.extend(piece.kids);
            }
            Kind::Hole if piece.text.is_empty() && piece.kids.len() == 1 && is_digits(&piece.kids[0]) => {
                open.push(Node::leaf(Kind::Str, &piece.kids[0].text));
            }
            Kind::Str if piece.text.is_empty() => {}
            Kind::Str => match made.last_mut().filter(|last| last.is(Kind::Str)) {
                Some(last) => last.text.push_str(&piece.text),
                None => made.push(piece),
            },
            _ => made.push(piece),
        }
    }
    match made.as_slice() {
        [] => *node = Node { kind: Kind::Str, ..node.clone() },
        [only] if only.is(Kind::Str) => *node = only.clone(),
        [only] if only.is(Kind::Hole) && only.text.is_empty() && known.type_of(&only.kids[0]) == Some(Type::Str) => {
            *node = only.kids[0].clone();
        }
        _ => node.kids = made,
    }
}

/// A number that is written in a text as it stands.
fn is_digits(node: &Node) -> bool {
    node.is(Kind::Num)
        && node.text.len() < 16
        && node.text.bytes().all(|byte| byte.is_ascii_digit())
        && (node.text == "0" || !node.text.starts_with('0'))
}

/// Whether values may be computed one by one and written at once, instead of all before any is written.
fn may_interleave(values: &[&Node], known: &Known) -> bool {
    let is_free = |value: &&Node| of(value, known).acts == Acts::No;
    // The last one is written when it is computed, either way.
    let is_typed = |value: &&Node| known.type_of(value).is_some();
    values.len() < 2 || values.iter().all(is_free) || values[..values.len() - 1].iter().all(is_typed)
}

/// `"…" % (…)`.
fn percent(node: &mut Node, known: &Known) {
    let [left, right] = node.kids.as_slice() else { return };
    if !left.is(Kind::Str) {
        return;
    }
    let values: Vec<&Node> = match right.kind {
        Kind::Tuple => right.kids.iter().collect(),
        _ if known.type_of(right).is_some_and(|of| of != Type::Dict) => vec![right],
        _ => return,
    };
    if values.iter().any(|value| value.is(Kind::Spread)) || !may_interleave(&values, known) {
        return;
    }
    let mut next = values.into_iter();
    let mut made = Vec::new();
    let mut rest = left.text.as_str();
    while let Some(at) = rest.find('%') {
        made.push(Node::leaf(Kind::Str, &rest[..at]));
        rest = &rest[at + 1..];
        let Some(end) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '%') else { return };
        let (flags, sort) = (&rest[..end], &rest[end..=end]);
        rest = &rest[end + 1..];
        if sort == "%" && flags.is_empty() {
            made.push(Node::leaf(Kind::Str, "%"));
            continue;
        }
        let Some(value) = next.next() else { return };
        let is_int = known.type_of(value) == Some(Type::Int);
        let is_width = flags.chars().all(|c| c.is_ascii_digit() || c == '.');
        let format = match sort {
            "s" if flags.is_empty() => "!s".to_owned(),
            "r" if flags.is_empty() => "!r".to_owned(),
            "d" | "i" if is_int && flags.is_empty() => String::new(),
            "d" | "i" if is_int && (flags == "+" || is_width && !flags.contains('.')) => format!(":{flags}d"),
            "f" | "e" if is_width && (is_int || known.writes_plainly) => format!(":{flags}{sort}"),
            "x" if is_int && is_width && !flags.contains('.') => format!(":{flags}x"),
            _ => return,
        };
        let mut made_hole = Node::new(Kind::Hole, &format, vec![value.clone()]);
        hole(&mut made_hole, known);
        made.push(made_hole);
    }
    if next.next().is_some() {
        return;
    }
    made.push(Node::leaf(Kind::Str, rest));
    *node = Node { lines: node.lines, ..Node::of(Kind::Text, made) };
    pieces(node, known);
}

/// `"…".format(…)`.
fn format(node: &mut Node, known: &Known) {
    let target = &node.kids[0];
    if known.is_script || !target.is(Kind::Member) || target.text != "format" || !target.kids[0].is(Kind::Str) {
        return;
    }
    let args: Vec<&Node> = node.kids[1..].iter().collect();
    let values: Vec<&Node> = args.iter().map(|arg| if arg.is(Kind::Kw) { &arg.kids[0] } else { *arg }).collect();
    if args.iter().any(|arg| arg.is(Kind::Spread)) || !may_interleave(&values, known) {
        return;
    }
    let (mut made, mut used) = (Vec::new(), Vec::new());
    let mut rest = target.kids[0].text.as_str();
    let mut automatic = 0;
    while let Some(at) = rest.find(['{', '}']) {
        made.push(Node::leaf(Kind::Str, &rest[..at]));
        let sign = &rest[at..=at];
        rest = &rest[at + 1..];
        if rest.starts_with(sign) {
            made.push(Node::leaf(Kind::Str, sign));
            rest = &rest[1..];
            continue;
        }
        let Some(end) = rest.find('}').filter(|end| sign == "{" && !rest[..*end].contains('{')) else { return };
        let inner = &rest[..end];
        rest = &rest[end + 1..];
        let split = inner.find([':', '!']).unwrap_or(inner.len());
        let (name, format) = inner.split_at(split);
        let index = if name.is_empty() {
            automatic += 1;
            Some(automatic - 1)
        } else if let Ok(number) = name.parse::<usize>() {
            Some(number)
        } else {
            args.iter().position(|arg| arg.is(Kind::Kw) && arg.text == name)
        };
        let Some(index) = index.filter(|index| *index < args.len()) else { return };
        let by_name = args[index].is(Kind::Kw);
        if by_name != (!name.is_empty() && name.parse::<usize>().is_err()) {
            return;
        }
        used.push(index);
        let mut made_hole = Node::new(Kind::Hole, format, vec![values[index].clone()]);
        hole(&mut made_hole, known);
        made.push(made_hole);
    }
    // Each value once and in order, or values that do nothing.
    let in_order = used.iter().copied().eq(0..args.len());
    let all_quiet = values.iter().all(|value| {
        let effect = of(value, known);
        effect.acts == Acts::No && !effect.fresh
    });
    let all_used = (0..args.len()).all(|at| used.contains(&at));
    if !(in_order || all_quiet && all_used) {
        return;
    }
    made.push(Node::leaf(Kind::Str, rest));
    *node = Node { lines: node.lines, ..Node::of(Kind::Text, made) };
    pieces(node, known);
}

/// `a + b` of texts.
fn plus(node: &mut Node, known: &Known) {
    let of = |at: usize| known.type_of(&node.kids[at]) == Some(Type::Str);
    let is_text = if known.is_script { known.writes_plainly && (of(0) || of(1)) } else { of(0) && of(1) };
    let has_fixed = node.kids.iter().any(|kid| matches!(kid.kind, Kind::Str | Kind::Text));
    if !is_text || !has_fixed {
        return;
    }
    let kids = std::mem::take(&mut node.kids);
    let kids = kids.into_iter().map(|kid| Node::of(Kind::Hole, vec![kid])).collect();
    *node = Node { lines: node.lines, ..Node::of(Kind::Text, kids) };
    pieces(node, known);
}

/// `print(a, b)` writes what `print(f"{a} {b}")` writes.
fn print(node: &mut Node, known: &Known) {
    if known.is_script || !node.kids.first().is_some_and(|target| target.is_name("print") && is_builtin(target, known))
    {
        return;
    }
    let args = std::mem::take(&mut node.kids);
    let (named, mut plain): (Vec<Node>, Vec<Node>) = args.into_iter().partition(|arg| arg.is(Kind::Kw));
    let is_simple = named.iter().all(|arg| arg.text != "sep") && !plain.iter().any(|arg| arg.is(Kind::Spread));
    let values: Vec<&Node> = plain[1..].iter().collect();
    if is_simple && plain.len() > 2 && may_interleave(&values, known) {
        let mut made = Vec::new();
        for (at, value) in plain.split_off(1).into_iter().enumerate() {
            if at > 0 {
                made.push(Node::leaf(Kind::Str, " "));
            }
            let mut piece = Node::new(Kind::Hole, "!s", vec![value]);
            hole(&mut piece, known);
            made.push(piece);
        }
        let mut text = Node::of(Kind::Text, made);
        pieces(&mut text, known);
        plain.push(text);
    }
    if is_simple
        && let [_, text] = plain.as_slice()
        && text.is(Kind::Text)
        && let [only] = text.kids.as_slice()
        && only.is(Kind::Hole)
        && only.text.is_empty()
        && known.writes_plainly
    {
        plain[1] = only.kids[0].clone();
    }
    plain.extend(named);
    node.kids = plain;
}

/// `console.log("a:", b)` writes what one text writes, where all its values are texts. The first one may be a format: it
/// has no `%`.
fn console(node: &mut Node, known: &Known) {
    if is_console(node, known) && node.kids[1..].iter().all(|value| known.type_of(value) == Some(Type::Str)) {
        as_one_text(node, known);
    }
}

/// Whether a call of `console` writes several values behind a text that is no format.
pub(super) fn is_console(node: &Node, known: &Known) -> bool {
    let [target, first, _, ..] = node.kids.as_slice() else { return false };
    let is_writing = target.is(Kind::Member)
        && matches!(target.text.as_str(), "log" | "info" | "warn" | "error" | "debug")
        && target.kids[0].is_name("console");
    known.is_script
        && node.is(Kind::Call)
        && is_writing
        && !known.pinned.contains("console")
        && !known.bound.contains_key("console")
        && first.is(Kind::Str)
        && !first.text.contains('%')
        && !node.kids[1..].iter().any(|value| value.is(Kind::Spread))
}

/// The values that a call writes, as one text with blanks between them.
pub(super) fn as_one_text(node: &mut Node, known: &Known) {
    let mut made = Vec::new();
    for value in node.kids.split_off(1) {
        if !made.is_empty() {
            made.push(Node::leaf(Kind::Str, " "));
        }
        made.push(Node::of(Kind::Hole, vec![value]));
    }
    let mut text = Node { lines: node.lines, ..Node::of(Kind::Text, made) };
    pieces(&mut text, known);
    node.kids.push(text);
}
