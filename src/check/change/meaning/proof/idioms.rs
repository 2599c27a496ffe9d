//! Ways to write the same: loops and comprehensions, collections that are only searched, counters in a dictionary.

use super::effects::{Acts, Raises, of};
use super::tree::{Kind, Node, is_local, plain};
use super::values::{Known, Type, binds, is_builtin};

/// Longest list that a loop over it is written out for.
const MAX_ROUNDS: usize = 12;

/// Largest loop written out, in nodes.
const MAX_WRITTEN: usize = 600;

/// Brings one value into its form; its parts are in it.
pub(super) fn value(node: &mut Node, known: &Known) {
    match node.kind {
        Kind::Compare => membership(node, known),
        Kind::Or | Kind::And => one_of(node, known),
        Kind::Call => call(node, known),
        // `x = x + 1` inside of a value is `x += 1`.
        Kind::Raw if node.text == "update =" && node.kids.len() == 2 && node.kids[0].is(Kind::Name) => {
            let value = &node.kids[1];
            if value.is(Kind::Binary) && value.kids[0] == node.kids[0] {
                node.text = format!("update {}=", value.text);
                node.kids[1] = node.kids[1].kids[1].clone();
            }
        }
        Kind::Item if known.is_script => {
            // `a["name"]` is `a.name`.
            let is_word = |text: &str| {
                text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            if node.kids.len() == 2 && node.kids[1].is(Kind::Str) && is_word(&node.kids[1].text) {
                let text = node.kids[1].text.clone();
                node.kids.pop();
                *node = Node { kind: Kind::Member, text, ..node.clone() };
            }
        }
        _ => {}
    }
}

fn is_fixed(node: &Node) -> bool {
    matches!(node.kind, Kind::Num | Kind::Str | Kind::Word)
}

/// The fixed members of a collection that is only searched, in one order.
fn members(node: &Node, known: &Known) -> Option<Vec<Node>> {
    let inner = match node.kind {
        Kind::List | Kind::Tuple | Kind::Set => node,
        Kind::Call
            if node.kids.len() == 2
                && ["frozenset", "set", "tuple", "list"].contains(&node.kids[0].text.as_str())
                && is_builtin(&node.kids[0], known) =>
        {
            return members(&node.kids[1], known);
        }
        _ => return None,
    };
    inner.kids.iter().all(is_fixed).then(|| {
        let mut members = inner.kids.clone();
        members.sort_by(|a, b| (a.kind as u8, &a.text).cmp(&(b.kind as u8, &b.text)));
        members.dedup();
        members
    })
}

/// `a in […]` is `a in (…)` and `a in {…}`, whatever the order. With one member it stays a comparison with the collection.
fn membership(node: &mut Node, known: &Known) {
    if node.text == "in"
        && node.kids.len() == 2
        && !known.is_script
        && let Some(members) = members(&node.kids[1], known)
    {
        node.kids[1] = Node::new(Kind::Set, "members", members);
    }
}

/// `a == 1 or a == 2` is `a in (1, 2)`; the same for `and` and `not`.
fn one_of(node: &mut Node, known: &Known) {
    let is_and = node.is(Kind::And);
    let sign = if known.is_script { "===" } else { "==" };
    let test = |kid: &Node| -> Option<(Node, Vec<Node>)> {
        let inner = if is_and { kid.kids.first().filter(|_| kid.is(Kind::Not))? } else { kid };
        let [left, right] = inner.kids.as_slice() else { return None };
        match inner.text.as_str() {
            text if inner.is(Kind::Compare) && text == sign && matches!(right.kind, Kind::Num | Kind::Str) => {
                Some((left.clone(), vec![right.clone()]))
            }
            "in" if inner.is(Kind::Compare) && right.text == "members" => Some((left.clone(), right.kids.clone())),
            _ => None,
        }
    };
    let mut made: Vec<Node> = Vec::new();
    let mut open: Option<(Node, Vec<Node>, usize)> = None;
    let close = |open: Option<(Node, Vec<Node>, usize)>, made: &mut Vec<Node>, kids: &[Node], at: usize| {
        let Some((of, mut list, from)) = open else { return };
        if at - from < 2 {
            made.extend(kids[from..at].iter().cloned());
            return;
        }
        list.sort_by(|a, b| (a.kind as u8, &a.text).cmp(&(b.kind as u8, &b.text)));
        list.dedup();
        let test = Node::new(Kind::Compare, "in", vec![of, Node::new(Kind::Set, "members", list)]);
        made.push(if is_and { test.negated() } else { test });
    };
    let kids = std::mem::take(&mut node.kids);
    for (at, kid) in kids.iter().enumerate() {
        match (test(kid), &mut open) {
            (Some((left, list)), Some((of, members, _))) if left == *of => members.extend(list),
            (Some((left, list)), _) if repeats(&left, known) => {
                close(open.take(), &mut made, &kids, at);
                open = Some((left, list, at));
            }
            _ => {
                close(open.take(), &mut made, &kids, at);
                made.push(kid.clone());
            }
        }
    }
    close(open.take(), &mut made, &kids, kids.len());
    node.kids = made;
    if node.kids.len() == 1 {
        *node = node.kids.swap_remove(0);
    }
}

/// Whether computing this once or several times in a row is the same.
fn repeats(node: &Node, known: &Known) -> bool {
    let effect = of(node, known);
    effect.acts == Acts::No && !effect.fresh
}

/// Functions of Python that go through all of a generator.
const TAKES_ALL: &[&str] = &["list", "set", "tuple", "frozenset", "sorted", "sum", "min", "max", "dict"];

fn call(node: &mut Node, known: &Known) {
    let name = node.kids[0].text.clone();
    let is_own = !known.is_script && node.kids[0].is(Kind::Name) && is_builtin(&node.kids[0], known);
    if known.is_script {
        own_property(node, known);
        // `[…].includes(a)`, `new Set([…]).has(a)`.
        let target = &node.kids[0];
        if target.is(Kind::Member) && node.kids.len() == 2 {
            let object = &target.kids[0];
            let list = match (target.text.as_str(), object.kind) {
                ("includes", Kind::List) => Some(object),
                ("has", Kind::Raw)
                    if object.text == "new"
                        && object.kids.len() == 2
                        && object.kids[0].is_name("Set")
                        && !known.bound.contains_key("Set") =>
                {
                    Some(&object.kids[1]).filter(|list| list.is(Kind::List))
                }
                _ => None,
            };
            let fixed = |list: &&Node| list.kids.iter().all(|kid| matches!(kid.kind, Kind::Num | Kind::Str));
            if let Some(mut list) = list.filter(fixed).and_then(|list| members(list, known)) {
                let of = node.kids[1].clone();
                if list.len() == 1 {
                    *node = Node::new(Kind::Compare, "===", vec![of, list.swap_remove(0)]);
                } else {
                    *node = Node::new(Kind::Compare, "in", vec![of, Node::new(Kind::Set, "members", list)]);
                }
            }
        }
        return;
    }
    if is_own && node.kids.len() == 1 && matches!(name.as_str(), "list" | "dict") {
        let kind = if name == "list" { Kind::List } else { Kind::Dict };
        *node = Node { lines: node.lines, ..Node::of(kind, Vec::new()) };
        return;
    }
    let takes_all = is_own && TAKES_ALL.contains(&name.as_str())
        || node.kids[0].is(Kind::Member) && name == "join" && node.kids[0].kids[0].is(Kind::Str);
    if takes_all
        && let Some(first) = node.kids.get_mut(1)
        && first.is(Kind::Each)
        && first.text == "list"
    {
        "gen".clone_into(&mut first.text);
    }
    // They make a list of it first, so another one before changes nothing.
    let makes_list = takes_all && matches!(name.as_str(), "list" | "set" | "tuple" | "frozenset" | "sorted" | "join");
    if makes_list
        && let Some(first) = node.kids.get_mut(1)
        && first.is(Kind::Call)
        && first.kids.len() == 2
        && matches!(first.kids[0].text.as_str(), "list" | "tuple")
        && is_builtin(&first.kids[0], known)
        && !matches!(first.kids[1].kind, Kind::Kw | Kind::Spread)
    {
        *first = first.kids.swap_remove(1);
    }
    let sort = if name == "list" { "list" } else { "set" };
    if is_own
        && matches!(name.as_str(), "list" | "set")
        && node.kids.len() == 2
        && node.kids[1].is(Kind::Each)
        && node.kids[1].text == "gen"
    {
        let mut each = node.kids.swap_remove(1);
        sort.clone_into(&mut each.text);
        *node = each;
    }
}

/// `Object.prototype.hasOwnProperty.call(a, b)` is `Object.hasOwn(a, b)`.
fn own_property(node: &mut Node, known: &Known) {
    let mut at = &node.kids[0];
    for name in ["call", "hasOwnProperty", "prototype"] {
        if !at.is(Kind::Member) || at.text != name {
            return;
        }
        at = &at.kids[0];
    }
    if at.is_name("Object") && !known.bound.contains_key("Object") && node.kids.len() == 3 {
        node.kids[0] = Node::new(Kind::Member, "hasOwn", vec![Node::name("Object")]);
    }
}

/// Brings the statements of a block into their form.
pub(super) fn block(node: &mut Node, known: &Known) {
    let kids = std::mem::take(&mut node.kids);
    for kid in kids {
        let made = statement(kid, known);
        node.kids.extend(made);
    }
    let mut at = 1;
    while at < node.kids.len() {
        if declared_first(node, at, known) {
            node.kids.remove(at - 1);
        } else {
            at += 1;
        }
    }
    let mut at = 1;
    while at < node.kids.len() {
        if defaulted(node, at, known) {
            node.kids.remove(at);
        }
        at += 1;
    }
    let mut at = 1;
    while at < node.kids.len() {
        if collected(node, at, known) {
            node.kids.remove(at);
        } else {
            at += 1;
        }
    }
}

fn statement(mut step: Node, known: &Known) -> Vec<Node> {
    match step.kind {
        Kind::If => {
            if let Some(made) = counter(&step, known) {
                return vec![made];
            }
        }
        Kind::For => {
            if let Some(made) = written_out(&step) {
                return made;
            }
            if !known.is_script {
                counted_from(&mut step, known);
            }
        }
        Kind::Assign => {
            if let Some(made) = side_by_side(&step, known) {
                return made;
            }
            let value = &step.kids[1];
            let of_name = known.type_of(&step.kids[0]);
            let is_typed = matches!(of_name, Some(Type::Int | Type::Str));
            if step.kids[0].is(Kind::Name)
                && step.text.is_empty()
                && value.is(Kind::Binary)
                && value.kids[0] == step.kids[0]
                && (is_typed || known.is_script)
                && (matches!(value.text.as_str(), "+" | "-" | "*")
                    || known.is_script
                        && matches!(value.text.as_str(), "/" | "%" | "**" | "<<" | ">>" | ">>>" | "&" | "|" | "^"))
            {
                let mut value = step.kids.swap_remove(1);
                let right = value.kids.swap_remove(1);
                return vec![Node {
                    lines: step.lines,
                    ..Node::new(Kind::Aug, &value.text, vec![step.kids.swap_remove(0), right])
                }];
            }
            // `a = a + "x"` as one text.
            if step.text.is_empty()
                && step.kids[0].is(Kind::Name)
                && step.kids[1].is(Kind::Text)
                && of_name == Some(Type::Str)
            {
                let first = &step.kids[1].kids[0];
                let is_own = first.is(Kind::Hole)
                    && first.text.is_empty()
                    && first.kids.len() == 1
                    && first.kids[0] == step.kids[0];
                if is_own && step.kids[1].count(&step.kids[0].text) == 1 {
                    let mut text = step.kids.swap_remove(1);
                    text.kids.remove(0);
                    super::texts::form(&mut text, known);
                    return vec![Node {
                        lines: step.lines,
                        ..Node::new(Kind::Aug, "+", vec![step.kids.swap_remove(0), text])
                    }];
                }
            }
        }
        Kind::Do => {
            // `a && f()` as a statement.
            let value = &step.kids[0];
            if known.is_script && value.is(Kind::And) && value.kids.len() > 1 {
                let mut tests = step.kids.swap_remove(0).kids;
                let last =
                    tests.pop().into_iter().map(|last| Node { lines: step.lines, ..Node::of(Kind::Do, vec![last]) });
                let then = Node::block(last.collect());
                let test = if tests.len() == 1 { tests.swap_remove(0) } else { Node::of(Kind::And, tests) };
                let kids = vec![test, then, Node::block(Vec::new())];
                return vec![Node { lines: step.lines, ..Node::of(Kind::If, kids) }];
            }
        }
        _ => {}
    }
    vec![step]
}

/// `a, b = x, y` one after the other.
fn side_by_side(step: &Node, known: &Known) -> Option<Vec<Node>> {
    let [targets, values] = step.kids.as_slice() else { return None };
    let sorts = matches!((targets.kind, values.kind), (Kind::Tuple, Kind::Tuple) | (Kind::List, Kind::List));
    let is_own =
        |target: &Node| target.is(Kind::Name) && is_local(&target.text) && !known.captured.contains(&target.text);
    let is_fine = sorts
        && targets.kids.len() == values.kids.len()
        && targets.kids.iter().all(is_own)
        && !values.kids.iter().any(|value| value.is(Kind::Spread))
        && targets.kids.iter().all(|target| !values.mentions(&target.text))
        // Where one fails, none of the targets has its new value.
        && values.kids.iter().skip(1).all(|value| of(value, known).raises == Raises::No);
    is_fine.then(|| {
        let pairs = targets.kids.iter().zip(&values.kids);
        let one = |(target, value): (&Node, &Node)| Node {
            lines: step.lines,
            ..Node::new(Kind::Assign, &step.text, vec![target.clone(), value.clone()])
        };
        pairs.map(one).collect()
    })
}

/// `if k in d: d[k] += v else: d[k] = v` is `d[k] = d.get(k, 0) + v`. `v` is taken for a number, as the 0 says in the second.
fn counter(step: &Node, known: &Known) -> Option<Node> {
    let ([one], [other]) = (step.kids[1].kids.as_slice(), step.kids[2].kids.as_slice()) else { return None };
    let test = &step.kids[0];
    if known.is_script || !test.is(Kind::Compare) || test.text != "in" {
        return None;
    }
    let (key, dict) = (&test.kids[0], &test.kids[1]);
    let item = Node::of(Kind::Item, vec![dict.clone(), key.clone()]);
    let value = match one.kind {
        Kind::Aug if one.text == "+" && one.kids[0] == item => &one.kids[1],
        Kind::Assign
            if one.kids[0] == item
                && one.kids[1].is(Kind::Binary)
                && one.kids[1].text == "+"
                && one.kids[1].kids[0] == item =>
        {
            &one.kids[1].kids[1]
        }
        _ => return None,
    };
    let is_number = !matches!(known.type_of(value), Some(Type::Str | Type::List | Type::Dict | Type::Set));
    let is_fine = other.is(Kind::Assign)
        && other.kids[0] == item
        && other.kids[1] == *value
        && is_number
        && repeats(key, known)
        && repeats(dict, known)
        && of(value, known).acts == Acts::No;
    is_fine.then(|| {
        let zero = Node::leaf(Kind::Num, "0");
        let get = Node::new(Kind::Member, "get", vec![dict.clone()]);
        let get = Node::of(Kind::Call, vec![get, key.clone(), zero]);
        let sum = Node::new(Kind::Binary, "+", vec![get, value.clone()]);
        Node { lines: step.lines, ..Node::of(Kind::Assign, vec![item, sum]) }
    })
}

/// A loop over fixed values, written out.
fn written_out(step: &Node) -> Option<Vec<Node>> {
    let [target, over, body, other] = step.kids.as_slice() else { return None };
    let is_list = matches!(over.kind, Kind::List | Kind::Tuple) && over.kids.iter().all(is_fixed);
    let leaves = body.any(&|inner| {
        matches!(inner.kind, Kind::Break | Kind::Continue | Kind::Lambda | Kind::Def | Kind::Opaque)
            || inner.is(Kind::Each) && inner.text == "gen"
            || binds(inner).contains(&target.text)
            || inner.is(Kind::Assign) && !inner.text.is_empty()
    });
    let is_small = over.kids.len() <= MAX_ROUNDS && over.kids.len() * body.measure().0 <= MAX_WRITTEN;
    let is_plain = matches!(step.text.as_str(), "" | "let") && other.kids.is_empty();
    if !target.is(Kind::Name) || !is_local(&target.text) || !is_list || leaves || !is_small || !is_plain {
        return None;
    }
    // The variable keeps its last value: it must not be used behind the loop, which the number of its uses shows later.
    let mut made = Vec::new();
    for value in &over.kids {
        let mut round = body.clone();
        round.put(&target.text, value);
        made.extend(round.kids);
    }
    if step.text.is_empty() {
        let last = over.kids.last()?.clone();
        made.push(Node { lines: step.lines, ..Node::of(Kind::Assign, vec![target.clone(), last]) });
    }
    Some(made)
}

/// `for i, x in enumerate(xs, start=1)` with `i` is `enumerate(xs)` with `i + 1`.
fn counted_from(step: &mut Node, known: &Known) {
    let over = &step.kids[1];
    let is_enumerate = over.is(Kind::Call) && over.kids[0].is_name("enumerate") && is_builtin(&over.kids[0], known);
    let target = &step.kids[0];
    if !is_enumerate || over.kids.len() != 3 || !target.is(Kind::Tuple) || target.kids.len() != 2 {
        return;
    }
    let start = if over.kids[2].is(Kind::Kw) { &over.kids[2].kids[0] } else { &over.kids[2] };
    let index = &target.kids[0];
    let is_sure = over.kids[2].is(Kind::Kw) && over.kids[2].text == "start" || !over.kids[2].is(Kind::Kw);
    let is_own = index.is(Kind::Name)
        && is_local(&index.text)
        && known.bound.get(&index.text).copied().unwrap_or(0) >= 1
        && !known.captured.contains(&index.text)
        && !known.pinned.contains(plain(&index.text));
    let is_set = step.kids[2].any(&|inner| binds(inner).contains(&index.text));
    if !is_sure || !is_own || is_set || !start.is(Kind::Num) || known.type_of(start) != Some(Type::Int) {
        return;
    }
    let sum = Node::new(Kind::Binary, "+", vec![index.clone(), start.clone()]);
    let name = index.text.clone();
    let uses = step.kids[2].count(&name);
    // A use behind the loop sees another number.
    if known.mentions.get(&name).copied().unwrap_or(0) != uses + 1 {
        return;
    }
    step.kids[2].put(&name, &sum);
    step.kids[1].kids.pop();
}

/// `let x;` followed by `x = a` is `let x = a`. Says whether the first is not needed any more.
fn declared_first(node: &mut Node, at: usize, known: &Known) -> bool {
    let (first, step) = (&node.kids[at - 1], &node.kids[at]);
    let [name] = first.kids.as_slice() else { return false };
    let is_one = first.is(Kind::Raw)
        && first.text == "declare"
        && name.is(Kind::Name)
        && step.is(Kind::Assign)
        && step.text.is_empty()
        && step.kids[0] == *name
        && !known.captured.contains(&name.text)
        && !step.kids[1].mentions(&name.text);
    if is_one {
        "let".clone_into(&mut node.kids[at].text);
    }
    is_one
}

/// `x = b` followed by `if c: x = a` is `x = a if c else b`.
fn defaulted(node: &mut Node, at: usize, known: &Known) -> bool {
    let (first, step) = (&node.kids[at - 1], &node.kids[at]);
    let [only] = (if step.is(Kind::If) { step.kids[1].kids.as_slice() } else { &[] }) else { return false };
    let is_one = first.is(Kind::Assign)
        && only.is(Kind::Assign)
        && step.kids[2].kids.is_empty()
        && first.kids[0].is(Kind::Name)
        && first.kids[0] == only.kids[0]
        && only.text.is_empty();
    let name = first.kids.first().map(|target| target.text.clone()).unwrap_or_default();
    let is_own = is_local(&name) && !known.captured.contains(&name) && !known.pinned.contains(plain(&name));
    if !is_one || !is_own || step.kids[0].mentions(&name) || only.kids[1].mentions(&name) {
        return false;
    }
    let effect = of(&first.kids[1], known);
    let condition = of(&step.kids[0], known);
    // Where one of the others fails, only this block knows the name.
    let is_hidden = known.mentions.get(&name).copied().unwrap_or(0) == node.count(&name);
    if !effect.is_quiet() || !effect.passes(&condition) || !is_hidden {
        return false;
    }
    let kids = vec![step.kids[0].clone(), only.kids[1].clone(), first.kids[1].clone()];
    let mut value = Node::of(Kind::Cond, kids);
    super::logic::simplify(&mut value, known);
    node.kids[at - 1].kids[1] = value;
    true
}

/// `xs = []` followed by a loop that only appends is a comprehension.
fn collected(node: &mut Node, at: usize, known: &Known) -> bool {
    let (first, step) = (&node.kids[at - 1], &node.kids[at]);
    let is_start = first.is(Kind::Assign)
        && first.kids[0].is(Kind::Name)
        && first.kids[1].is(Kind::List)
        && first.kids[1].kids.is_empty();
    if known.is_script || !is_start || !step.is(Kind::For) || !step.text.is_empty() || !step.kids[3].kids.is_empty() {
        return false;
    }
    let list = first.kids[0].text.clone();
    let mut clauses = vec![Node::of(Kind::Round, vec![step.kids[0].clone(), step.kids[1].clone()])];
    let mut inner = &step.kids[2];
    let element = loop {
        let [only] = inner.kids.as_slice() else { return false };
        match only.kind {
            Kind::If if only.kids[2].kids.is_empty() => {
                clauses.push(Node::of(Kind::Filter, vec![only.kids[0].clone()]));
                inner = &only.kids[1];
            }
            Kind::For if only.text.is_empty() && only.kids[3].kids.is_empty() => {
                clauses.push(Node::of(Kind::Round, vec![only.kids[0].clone(), only.kids[1].clone()]));
                inner = &only.kids[2];
            }
            Kind::Do => {
                let call = &only.kids[0];
                let is_append = call.is(Kind::Call)
                    && call.kids.len() == 2
                    && call.kids[0].is(Kind::Member)
                    && call.kids[0].text == "append"
                    && call.kids[0].kids[0].is_name(&list)
                    && !matches!(call.kids[1].kind, Kind::Spread | Kind::Kw);
                if !is_append {
                    return false;
                }
                break call.kids[1].clone();
            }
            _ => return false,
        }
    };
    let is_strange = |node: &Node| {
        node.mentions(&list)
            || node.any(&|inner| {
                matches!(inner.kind, Kind::Await | Kind::Opaque | Kind::Lambda)
                    || inner.is(Kind::Raw) && !inner.text.starts_with("slice")
            })
    };
    let own: Vec<String> =
        clauses.iter().filter(|kid| kid.is(Kind::Round)).flat_map(|kid| super::scope::targets(&kid.kids[0])).collect();
    // The variables of a comprehension end with it.
    let is_used_behind = |name: &String| known.mentions.get(name).copied().unwrap_or(0) != step.count(name);
    let only_names = clauses
        .iter()
        .filter(|kid| kid.is(Kind::Round))
        .all(|kid| !kid.kids[0].any(&|part| matches!(part.kind, Kind::Member | Kind::Item)));
    if clauses.iter().any(is_strange)
        || is_strange(&element)
        || !only_names
        || own.iter().any(is_used_behind)
        || own.iter().any(|name| !is_local(name) || known.captured.contains(name))
        || known.mentions.get(&list).copied().unwrap_or(0) != node.count(&list)
        || known.captured.contains(&list)
        || known.pinned.contains(plain(&list))
        || !is_local(&list)
    {
        return false;
    }
    let each = Node::new(Kind::Each, "list", std::iter::once(element).chain(clauses).collect());
    node.kids[at - 1].kids[1] = each;
    true
}
