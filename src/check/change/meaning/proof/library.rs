//! What Python's own functions and classes do that can be written without them: `dict(a=1)`, `getattr(a, "b")`, `open(a, "r")`.

use super::effects::{Acts, of};
use super::tree::{Kind, Node, plain};
use super::values::{Known, is_builtin};

/// Brings one node into its form; its parts are in it.
pub(super) fn form(node: &mut Node, known: &Known) {
    match node.kind {
        Kind::Call => call(node, known),
        Kind::Do => set_attribute(node, known),
        Kind::Member => other_name(node),
        Kind::Name if is_builtin(node, known) && matches!(node.text.as_str(), "IOError" | "EnvironmentError") => {
            "OSError".clone_into(&mut node.text);
        }
        Kind::With => with(node),
        Kind::Class => class(node, known),
        _ => {}
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !text.starts_with("__")
}

fn is_plain(node: &Node) -> bool {
    !matches!(node.kind, Kind::Kw | Kind::Spread)
}

fn call(node: &mut Node, known: &Known) {
    if !is_builtin(&node.kids[0], known) {
        return;
    }
    let name = node.kids[0].text.clone();
    let lines = node.lines;
    let given = &node.kids[1..];
    let made = match (name.as_str(), given) {
        ("dict", pairs) if !pairs.is_empty() && pairs.iter().all(|pair| pair.is(Kind::Kw)) => {
            let pair =
                |pair: &Node| Node::of(Kind::Pair, vec![Node::leaf(Kind::Str, &pair.text), pair.kids[0].clone()]);
            Some(Node::of(Kind::Dict, pairs.iter().map(pair).collect()))
        }
        ("dict", [each]) if each.is(Kind::Each) && matches!(each.text.as_str(), "gen" | "list") => {
            let element = &each.kids[0];
            (element.is(Kind::Tuple) && element.kids.len() == 2).then(|| {
                let mut each = each.clone();
                each.kids[0] = Node::of(Kind::Pair, element.kids.clone());
                "dict".clone_into(&mut each.text);
                each
            })
        }
        ("tuple", []) => Some(Node::of(Kind::Tuple, Vec::new())),
        ("set", [list]) if matches!(list.kind, Kind::List | Kind::Tuple) && !list.kids.is_empty() => {
            Some(Node::of(Kind::Set, list.kids.clone()))
        }
        ("str", []) => Some(Node::leaf(Kind::Str, "")),
        ("str", [text]) if matches!(text.kind, Kind::Str | Kind::Text) => Some(text.clone()),
        ("range", [from, end]) if from.is(Kind::Num) && from.text == "0" && is_plain(end) => {
            Some(Node::of(Kind::Call, vec![node.kids[0].clone(), end.clone()]))
        }
        ("print", [text]) if text.is(Kind::Str) && text.text.is_empty() => {
            Some(Node::of(Kind::Call, vec![node.kids[0].clone()]))
        }
        ("getattr", [object, name]) if name.is(Kind::Str) && is_word(&name.text) && is_plain(object) => {
            Some(Node::new(Kind::Member, &name.text, vec![object.clone()]))
        }
        ("open", [path, mode, rest @ ..]) if is_reading(mode) && is_plain(path) => {
            let is_free = mode.is(Kind::Kw) || rest.iter().all(|arg| arg.is(Kind::Kw));
            let kids = [node.kids[0].clone(), path.clone()].into_iter().chain(rest.iter().cloned());
            is_free.then(|| Node::of(Kind::Call, kids.collect()))
        }
        ("exit" | "quit", [_] | []) => {
            let exit = Node::new(Kind::Member, "exit", vec![Node::name("@sys")]);
            Some(Node::of(Kind::Call, std::iter::once(exit).chain(given.iter().cloned()).collect()))
        }
        ("max" | "min", [one, other]) if is_plain(one) && is_plain(other) => of_two(&name, one, other, known),
        _ => None,
    };
    if let Some(made) = made {
        *node = Node { lines, ..made };
    }
}

fn is_reading(mode: &Node) -> bool {
    let text = if mode.is(Kind::Kw) && mode.text == "mode" { &mode.kids[0] } else { mode };
    text.is(Kind::Str) && matches!(text.text.as_str(), "r" | "rt")
}

/// `max(a, b)` is `b` if it is greater, else `a`.
fn of_two(name: &str, one: &Node, other: &Node, known: &Known) -> Option<Node> {
    let repeats = |node: &Node| {
        let effect = of(node, known);
        effect.acts == Acts::No && !effect.fresh
    };
    if !repeats(one) || !repeats(other) {
        return None;
    }
    let sides = if name == "max" { vec![one.clone(), other.clone()] } else { vec![other.clone(), one.clone()] };
    let test = Node::new(Kind::Compare, "<", sides);
    Some(Node::of(Kind::Cond, vec![test, other.clone(), one.clone()]))
}

/// `setattr(a, "b", c)` is `a.b = c`. The object is computed before the value in the one and behind it in the other.
fn set_attribute(node: &mut Node, known: &Known) {
    let Some(call) = node.kids.first().filter(|call| call.is(Kind::Call) && call.kids.len() == 4) else { return };
    let (target, object, name, value) = (&call.kids[0], &call.kids[1], &call.kids[2], &call.kids[3]);
    let is_set = target.is_name("setattr") && is_builtin(target, known) && name.is(Kind::Str) && is_word(&name.text);
    if is_set && object.is(Kind::Name) && known.is_steady(&object.text) && is_plain(value) {
        let member = Node::new(Kind::Member, &name.text, vec![object.clone()]);
        *node = Node { lines: node.lines, ..Node::of(Kind::Assign, vec![member, value.clone()]) };
    }
}

/// Other names of the same: `re.I` is `re.IGNORECASE`.
fn other_name(node: &mut Node) {
    let is_of = |module: &str| node.kids[0].is_name(module);
    let name = match node.text.as_str() {
        "I" if is_of("@re") => "IGNORECASE",
        "M" if is_of("@re") => "MULTILINE",
        "S" if is_of("@re") => "DOTALL",
        "X" if is_of("@re") => "VERBOSE",
        "A" if is_of("@re") => "ASCII",
        "error" if is_of("@os") || is_of("@socket") => {
            *node = Node { lines: node.lines, ..Node::name("OSError") };
            return;
        }
        _ => return,
    };
    name.clone_into(&mut node.text);
}

/// `with suppress(E): …` is `try: … except E: pass`; `with a: with b: …` is `with a, b: …`.
fn with(node: &mut Node) {
    if !node.text.is_empty() {
        return;
    }
    if let [inner] = node.kids[0].kids.as_slice()
        && inner.is(Kind::With)
        && inner.text.is_empty()
    {
        let inner = node.kids[0].kids.remove(0);
        let mut parts = inner.kids.into_iter();
        node.kids[0] = parts.next().unwrap_or_else(Node::empty);
        node.kids.extend(parts);
    }
    let [body, call, target] = node.kids.as_slice() else { return };
    let is_suppress = call.is(Kind::Call)
        && call.kids.len() > 1
        && call.kids[0].is(Kind::Member)
        && call.kids[0].text == "suppress"
        && call.kids[0].kids[0].is_name("@contextlib")
        && target.is(Kind::Empty)
        && call.kids[1..].iter().all(is_plain);
    if is_suppress {
        let sort =
            if call.kids.len() == 2 { call.kids[1].clone() } else { Node::of(Kind::Tuple, call.kids[1..].to_vec()) };
        let handler = Node::of(Kind::Handler, vec![sort, Node::empty(), Node::block(Vec::new())]);
        let kids = vec![body.clone(), Node::block(Vec::new()), Node::block(Vec::new()), handler];
        *node = Node { lines: node.lines, ..Node::of(Kind::Try, kids) };
    }
}

/// `class A(object)` is `class A`, and `super(A, self)` in its methods is `super()`.
fn class(node: &mut Node, known: &Known) {
    let Some(bases) = node.kids[0].kids.iter_mut().find(|part| part.text == "bases") else { return };
    let is_object = |base: &Node| base.is_name("object") && is_builtin(base, known);
    if bases.kids.len() == 1 && is_object(&bases.kids[0]) {
        node.kids[0].kids.retain(|part| part.text != "bases");
        return;
    }
    let name = node.text.clone();
    if known.bound.get(&name) != Some(&1) || known.pinned.contains(plain(&name)) {
        return;
    }
    for method in node.kids[1].kids.iter_mut().filter(|kid| kid.is(Kind::Def)) {
        let Some(first) = method.kids[0].kids.first().map(|param| param.text.clone()) else { continue };
        let sets = |inner: &Node| super::values::binds(inner).contains(&first);
        if method.kids[1].any(&sets) {
            continue;
        }
        in_method(&mut method.kids[1], &name, &first);
    }
}

fn in_method(node: &mut Node, class: &str, first: &str) {
    if matches!(node.kind, Kind::Def | Kind::Class | Kind::Lambda | Kind::Each) {
        return;
    }
    let is_long = node.is(Kind::Call)
        && node.kids.len() == 3
        && node.kids[0].is_name("super")
        && node.kids[1].is_name(class)
        && node.kids[2].is_name(first);
    if is_long {
        node.kids.truncate(1);
    }
    for kid in &mut node.kids {
        in_method(kid, class, first);
    }
}
