//! Ways to write the same with loops, dictionaries and texts of Python: counters and flags, what a dictionary does by itself.

use super::effects::{Acts, Raises, of};
use super::tree::{Kind, Node, is_local, plain};
use super::values::{Known, Type, binds, is_builtin};

/// Brings the statements of a block into their form.
pub(super) fn block(node: &mut Node, known: &Known) {
    let mut at = 0;
    while at < node.kids.len() {
        if known.is_script {
            declared_once(&mut node.kids[at], known);
        } else if until_flag(node, at, known) || counted(node, at, known) || added(node, at, known) {
            continue;
        }
        at += 1;
    }
}

/// A variable that is given one value is declared where it gets it.
fn declared_once(step: &mut Node, known: &Known) {
    if step.is(Kind::Assign) && step.text.is_empty() && step.kids[0].is(Kind::Name) {
        let name = &step.kids[0].text;
        if is_own(name, known) && known.bound.get(name) == Some(&1) {
            "let".clone_into(&mut step.text);
        }
    }
}

/// `x += a` as `x = x + a`, where both are the same: each value of a variable can have a name of its own then.
pub(super) fn spelled_out(root: &mut Node, known: &Known) {
    root.rewrite(&mut |node| {
        if !node.is(Kind::Aug) || !node.kids[0].is(Kind::Name) || !is_own(&node.kids[0].text, known) {
            return;
        }
        let of = known.type_of(&node.kids[0]);
        let is_typed = matches!(of, Some(Type::Int | Type::Str)) && matches!(node.text.as_str(), "+" | "-" | "*");
        if known.is_script || is_typed {
            let (target, value) = (node.kids[0].clone(), node.kids[1].take());
            let sum = Node::new(Kind::Binary, &node.text, vec![target.clone(), value]);
            *node = Node { lines: node.lines, ..Node::of(Kind::Assign, vec![target, sum]) };
        }
    });
}

fn is_own(name: &str, known: &Known) -> bool {
    is_local(name) && !known.captured.contains(name) && !known.pinned.contains(plain(name))
}

/// The variable that a statement gives a value.
fn assigned<'n>(step: &'n Node, known: &Known) -> Option<&'n str> {
    let target = step.kids.first().filter(|target| step.is(Kind::Assign) && target.is(Kind::Name))?;
    is_own(&target.text, known).then_some(target.text.as_str())
}

/// `done = False; while not done: …; done = True` is `while True: …; break`, where nothing follows in the round.
fn until_flag(node: &mut Node, at: usize, known: &Known) -> bool {
    let step = &node.kids[at];
    let flag = match step.kids.first() {
        Some(test) if step.is(Kind::While) && test.is(Kind::Not) && test.kids[0].is(Kind::Name) => {
            test.kids[0].text.clone()
        }
        _ => return false,
    };
    let is_word = |step: &Node, word: &str| {
        assigned(step, known) == Some(flag.as_str()) && step.kids[1].is(Kind::Word) && step.kids[1].text == word
    };
    let mut body = step.kids[1].clone();
    let ends = last_set(&mut body, &|step| is_word(step, "True"));
    let Some(first) = node.kids[..at].iter().rposition(|step| is_word(step, "False")) else { return false };
    // The beginning, the test and the ends are all that mentions it.
    let is_all = known.mentions.get(&flag).copied() == Some(ends + 2);
    if ends == 0 || !is_all || !step.kids[2].kids.is_empty() || !is_own(&flag, known) {
        return false;
    }
    let step = &mut node.kids[at];
    step.kids[0] = Node::leaf(Kind::Word, "True");
    step.kids[1] = body;
    node.kids.remove(first);
    true
}

/// Puts an exit in place of the last statements of a round that fit. Says how many.
fn last_set(block: &mut Node, fits: &dyn Fn(&Node) -> bool) -> usize {
    let Some(last) = block.kids.last_mut() else { return 0 };
    if fits(last) {
        *last = Node { lines: last.lines, ..Node::of(Kind::Break, Vec::new()) };
        return 1;
    }
    if last.is(Kind::If) {
        let (then, other) = last.kids[1..].split_at_mut(1);
        return last_set(&mut then[0], fits) + last_set(&mut other[0], fits);
    }
    0
}

/// `n = 0; while n < 5: …; n += 1` is `for n in range(5): …`. The end is taken for a whole number.
fn counted(node: &mut Node, at: usize, known: &Known) -> bool {
    let step = &node.kids[at];
    let Some(first) = at.checked_sub(1).map(|first| &node.kids[first]) else { return false };
    let Some(name) = assigned(first, known).map(str::to_owned) else { return false };
    let Some(test) = step.kids.first().filter(|_| step.is(Kind::While)) else { return false };
    if !test.is(Kind::Compare) || test.text != "<" || !step.kids[2].kids.is_empty() {
        return false;
    }
    let ([from, end], Some((last, body))) = (test.kids.as_slice(), step.kids[1].kids.split_last()) else {
        return false;
    };
    let is_next = last.is(Kind::Aug)
        && last.text == "+"
        && last.kids[0].is_name(&name)
        && last.kids[1].is(Kind::Num)
        && last.kids[1].text == "1";
    let start = &first.kids[1];
    let is_whole = |node: &Node| node.is(Kind::Num) && known.type_of(node) == Some(Type::Int);
    let is_steady = match end.kind {
        Kind::Num => is_whole(end),
        Kind::Name => is_own(&end.text, known) && !step.kids[1].any(&|inner| binds(inner).contains(&end.text)),
        _ => false,
    };
    let uses: usize = body.iter().map(|kid| kid.count(&name)).sum();
    let is_set = body.iter().any(|kid| kid.any(&|inner| binds(inner).contains(&name)));
    // The beginning, the test and the step are all that mentions it elsewhere.
    if !from.is_name(&name)
        || !is_next
        || !is_whole(start)
        || !is_steady
        || is_set
        || body.iter().any(goes_on)
        || known.mentions.get(&name).copied() != Some(uses + 3)
    {
        return false;
    }
    let mut given = vec![Node::name("range")];
    if start.text != "0" {
        given.push(start.clone());
    }
    given.push(end.clone());
    let call = Node::of(Kind::Call, given);
    if !is_builtin(&call.kids[0], known) {
        return false;
    }
    let body = Node { kids: body.to_vec(), ..step.kids[1].clone() };
    let kids = vec![from.clone(), call, body, Node::block(Vec::new())];
    node.kids[at] = Node { lines: step.lines, ..Node::of(Kind::For, kids) };
    node.kids.remove(at - 1);
    true
}

/// Whether a round goes on with the next one from here.
fn goes_on(node: &Node) -> bool {
    match node.kind {
        Kind::Continue | Kind::Opaque => true,
        Kind::For | Kind::While | Kind::Loop | Kind::Def | Kind::Lambda | Kind::Class => false,
        _ => node.kids.iter().any(goes_on),
    }
}

/// Whether something can be computed again, or elsewhere in the statement.
fn repeats(node: &Node, known: &Known) -> bool {
    let effect = of(node, known);
    effect.acts == Acts::No && !effect.fresh
}

/// `d.setdefault(k, []).append(x)` is what other ways to add to the lists of a dictionary become.
fn added(node: &mut Node, at: usize, known: &Known) -> bool {
    let step = &node.kids[at];
    if !step.is(Kind::If) || !step.kids[0].is(Kind::Compare) && !step.kids[0].is(Kind::Not) {
        return false;
    }
    let is_turned = step.kids[0].is(Kind::Not);
    let test = if is_turned { &step.kids[0].kids[0] } else { &step.kids[0] };
    if !test.is(Kind::Compare) || test.text != "in" || test.kids.len() != 2 {
        return false;
    }
    let (key, dict) = (&test.kids[0], &test.kids[1]);
    let (there, absent) = if is_turned { (&step.kids[2], &step.kids[1]) } else { (&step.kids[1], &step.kids[2]) };
    let item = Node::of(Kind::Item, vec![dict.clone(), key.clone()]);
    let [first] = absent.kids.as_slice() else { return false };
    if !first.is(Kind::Assign) || first.kids[0] != item || !repeats(key, known) || !repeats(dict, known) {
        return false;
    }
    let begin = &first.kids[1];
    let (call, is_behind) = match (there.kids.as_slice(), node.kids.get(at + 1)) {
        ([only], _) if only.is(Kind::Do) => (&only.kids[0], false),
        ([], Some(next)) if next.is(Kind::Do) => (&next.kids[0], true),
        _ => return false,
    };
    let [target, value] = call.kids.as_slice() else { return false };
    let (empty, with) = match (begin.kind, target.text.as_str()) {
        (Kind::List, "append") => (Kind::List, "append"),
        (Kind::Set, "add") => (Kind::Set, "add"),
        (Kind::Call, "add")
            if begin.kids.len() == 1 && begin.kids[0].is_name("set") && is_builtin(&begin.kids[0], known) =>
        {
            (Kind::Call, "add")
        }
        _ => return false,
    };
    let effect = of(value, known);
    let is_fine = call.is(Kind::Call)
        && target.is(Kind::Member)
        && target.text == with
        && target.kids[0] == item
        && !matches!(value.kind, Kind::Kw | Kind::Spread)
        && effect.acts == Acts::No
        && effect.raises != Raises::Hard;
    let is_start = if is_behind {
        begin.kids.is_empty() || empty == Kind::Call
    } else {
        empty != Kind::Call && begin.kids.len() == 1 && begin.kids[0] == *value
    };
    if !is_fine || !is_start {
        return false;
    }
    let empty = match empty {
        Kind::List => Node::of(Kind::List, Vec::new()),
        _ => Node::of(Kind::Call, vec![Node::name("set")]),
    };
    let get = Node::new(Kind::Member, "setdefault", vec![dict.clone()]);
    let get = Node::of(Kind::Call, vec![get, key.clone(), empty]);
    let add = Node::of(Kind::Call, vec![Node::new(Kind::Member, with, vec![get]), value.clone()]);
    node.kids[at] = Node { lines: step.lines, ..Node::of(Kind::Do, vec![add]) };
    if is_behind {
        node.kids.remove(at + 1);
    }
    true
}

/// Brings one value of Python into its form; its parts are in it.
pub(super) fn value(node: &mut Node, known: &Known) {
    match node.kind {
        Kind::Cond => looked_up(node, known),
        Kind::Item => end_of_parts(node),
        Kind::Or => one_of_ends(node, known),
        _ => {}
    }
}

/// `d[k] if k in d else x` is `d.get(k, x)`.
fn looked_up(node: &mut Node, known: &Known) {
    let [test, there, absent] = node.kids.as_slice() else { return };
    if !test.is(Kind::Compare) || test.text != "in" || test.kids.len() != 2 || !there.is(Kind::Item) {
        return;
    }
    let (key, dict) = (&test.kids[0], &test.kids[1]);
    let effect = of(absent, known);
    let is_same = there.kids.len() == 2 && there.kids[0] == *dict && there.kids[1] == *key;
    if !is_same || !repeats(key, known) || !repeats(dict, known) || !effect.is_quiet() {
        return;
    }
    let mut kids = vec![Node::new(Kind::Member, "get", vec![dict.clone()]), key.clone()];
    if !(absent.is(Kind::Word) && absent.text == "None") {
        kids.push(absent.clone());
    }
    *node = Node { lines: node.lines, ..Node::of(Kind::Call, kids) };
}

/// `a.split(x)[-1]` is `a.rsplit(x, 1)[-1]`, and `a.split(x)[0]` is `a.split(x, 1)[0]`.
fn end_of_parts(node: &mut Node) {
    let [call, index] = node.kids.as_mut_slice() else { return };
    let is_split = call.is(Kind::Call)
        && call.kids.len() == 2
        && call.kids[0].is(Kind::Member)
        && call.kids[0].text == "split"
        && call.kids[1].is(Kind::Str)
        && !call.kids[1].text.is_empty();
    if !is_split || !index.is(Kind::Num) || !matches!(index.text.as_str(), "-1" | "0") {
        return;
    }
    if index.text == "-1" {
        "rsplit".clone_into(&mut call.kids[0].text);
    }
    call.kids.push(Node::leaf(Kind::Num, "1"));
}

/// `a.endswith(x) or a.endswith(y)` is `a.endswith((x, y))`.
fn one_of_ends(node: &mut Node, known: &Known) {
    let fits = |kid: &Node| -> Option<Vec<Node>> {
        let [target, given] = kid.kids.as_slice() else { return None };
        let is_end = kid.is(Kind::Call)
            && target.is(Kind::Member)
            && matches!(target.text.as_str(), "endswith" | "startswith")
            && repeats(&target.kids[0], known);
        let texts = if given.is(Kind::Tuple) { given.kids.clone() } else { vec![given.clone()] };
        (is_end && texts.iter().all(|text| text.is(Kind::Str))).then_some(texts)
    };
    let mut made: Vec<Node> = Vec::new();
    for kid in std::mem::take(&mut node.kids) {
        let joined = made.last().and_then(|last| {
            let (mut texts, more) = (fits(last)?, fits(&kid)?);
            (last.kids[0] == kid.kids[0]).then(|| {
                texts.extend(more);
                texts
            })
        });
        match (joined, made.last_mut()) {
            (Some(texts), Some(last)) => last.kids[1] = Node::of(Kind::Tuple, texts),
            _ => made.push(kid),
        }
    }
    if made.len() == 1 {
        *node = made.swap_remove(0);
    } else {
        node.kids = made;
    }
}

/// `if c: x = a` is `x = a if c else x`, where `x` certainly had a value before.
pub(super) fn kept(block: &mut Node, mut sure: Vec<String>, known: &Known) {
    for step in &mut block.kids {
        if step.is(Kind::If)
            && step.kids[2].kids.is_empty()
            && let [only] = step.kids[1].kids.as_slice()
            && only.text.is_empty()
            && let Some(name) = assigned(only, known).map(str::to_owned)
            && sure.contains(&name)
        {
            let (target, value) = (only.kids[0].clone(), only.kids[1].clone());
            let mut value = Node::of(Kind::Cond, vec![step.kids[0].take(), value, target.clone()]);
            super::logic::simplify(&mut value, known);
            *step = Node { lines: step.lines, ..Node::of(Kind::Assign, vec![target, value]) };
        }
        match step.kind {
            Kind::Assign => sure.extend(assigned(step, known).map(str::to_owned)),
            Kind::For if matches!(step.text.as_str(), "" | "let" | "const let" | "var") => {
                let mut inside = sure.clone();
                inside.extend(super::scope::targets(&step.kids[0]).into_iter().filter(|name| is_own(name, known)));
                kept(&mut step.kids[2], inside, known);
            }
            Kind::If => {
                let (then, other) = step.kids[1..].split_at_mut(1);
                kept(&mut then[0], sure.clone(), known);
                kept(&mut other[0], sure.clone(), known);
            }
            Kind::Def => {
                let own = |param: &&Node| param.is(Kind::Param) && is_own(&param.text, known);
                let params: Vec<String> =
                    step.kids[0].kids.iter().filter(own).map(|param| param.text.clone()).collect();
                kept(&mut step.kids[1], params, known);
            }
            Kind::While => kept(&mut step.kids[1], sure.clone(), known),
            Kind::Try => kept(&mut step.kids[0], sure.clone(), known),
            _ => {}
        }
    }
}

/// Leaves out variables that nothing reads.
pub(super) fn unread(root: &mut Node, known: &Known) {
    let mut given: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    root.each(&mut |node| {
        if let Some(name) = unread_target(node, known) {
            *given.entry(name.to_owned()).or_default() += 1;
        }
    });
    given.retain(|name, count| known.mentions.get(name) == Some(count));
    if given.is_empty() {
        return;
    }
    root.rewrite(&mut |node| {
        if node.is(Kind::Block) {
            node.kids.retain(|kid| unread_target(kid, known).is_none_or(|name| !given.contains_key(name)));
        }
    });
}

/// The variable of a statement that does nothing but give it a value.
fn unread_target<'n>(node: &'n Node, known: &Known) -> Option<&'n str> {
    let target = node.kids.first().filter(|target| target.is(Kind::Name) && is_own(&target.text, known))?;
    let is_number = |node: &Node| known.type_of(node) == Some(Type::Int);
    let is_quiet = match node.kind {
        Kind::Assign => of(&node.kids[1], known).is_quiet(),
        Kind::Aug => is_number(target) && is_number(&node.kids[1]) && of(&node.kids[1], known).is_quiet(),
        Kind::Raw => node.text == "declare" && node.kids.len() == 1,
        _ => false,
    };
    is_quiet.then_some(target.text.as_str())
}
