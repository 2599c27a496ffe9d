//! Variables that hold a value for a moment: the value is put where they are used.
//!
//! A value moves behind what is computed between its old and its new place. That must change neither of both: see
//! [`Effect::passes`]. It must still be computed as often as before, or computing it must do nothing and never fail.

use super::effects::{Acts, Effect, Raises, of};
use super::tree::{Kind, Node, is_local, plain};
use super::values::Known;

/// Longest value that is put in more than once, in nodes.
const MAX_COPIED: usize = 60;

/// Puts the values of temporary variables where they are used, in all blocks.
pub(super) fn inline(root: &mut Node, known: &Known) {
    let counts = Counts::of(root);
    blocks(root, known, &counts);
}

/// How often names stand in a file.
pub(super) struct Counts(std::collections::HashMap<String, usize>);

impl Counts {
    pub(super) fn of(root: &Node) -> Counts {
        let mut counts = std::collections::HashMap::new();
        root.each(&mut |node| {
            if node.is(Kind::Name) {
                *counts.entry(node.text.clone()).or_default() += 1;
            }
        });
        Counts(counts)
    }

    /// Mentions of a name, those included that give it a value.
    pub(super) fn get(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }
}

fn blocks(node: &mut Node, known: &Known, counts: &Counts) {
    for kid in &mut node.kids {
        blocks(kid, known, counts);
    }
    if node.is(Kind::Block) {
        block(node, known, counts);
    }
}

/// One block. What was put in changes how often other names stand in the file: a name is only looked at again in the
/// next round.
pub(super) fn block(node: &mut Node, known: &Known, counts: &Counts) {
    let mut at = node.kids.len();
    while at > 0 {
        at -= 1;
        if let Some(name) = temporary(&node.kids[at], known) {
            let rest = &node.kids[at + 1..];
            let here: usize = rest.iter().map(|kid| kid.count(&name)).sum();
            // Its mention as a target is one more.
            if here + 1 != counts.get(&name).max(1) && here + 1 != node.count(&name) || counts.get(&name) > here + 1 {
                continue;
            }
            let value = &node.kids[at].kids[1];
            if here == 0 {
                unused(node, at, known);
            } else if may_put(&name, value, rest, here, known) {
                let value = node.kids.remove(at).kids.swap_remove(1);
                node.kids[at..].iter_mut().for_each(|kid| kid.put(&name, &value));
            }
        } else if at + 1 < node.kids.len() {
            again(node, at, known);
        }
    }
}

/// The variable of a function that is given a value once, here.
fn temporary(node: &Node, known: &Known) -> Option<String> {
    let target = node.kids.first().filter(|_| node.is(Kind::Assign))?;
    let name = &target.text;
    let is_own = target.is(Kind::Name) && is_local(name) && !known.pinned.contains(plain(name));
    (is_own && known.bound.get(name) == Some(&1)).then(|| name.clone())
}

/// A value that nothing uses.
fn unused(node: &mut Node, at: usize, known: &Known) {
    let effect = of(&node.kids[at].kids[1], known);
    if effect.is_quiet() {
        node.kids.remove(at);
    } else {
        let step = &mut node.kids[at];
        let value = step.kids.swap_remove(1);
        *step = Node { lines: step.lines, ..Node::of(Kind::Do, vec![value]) };
    }
}

/// Whether this value may stand wherever the name does in these statements.
fn may_put(name: &str, value: &Node, rest: &[Node], uses: usize, known: &Known) -> bool {
    let effect = of(value, known);
    if uses > 1 && (effect.fresh || effect.acts != Acts::No || value.measure().0 > MAX_COPIED) {
        return false;
    }
    let is_captured = known.captured.contains(name);
    if is_captured {
        return effect.is_stable() && effect.reads.is_empty();
    }
    let written = |name: &String| rest.iter().any(|kid| of(kid, known).writes.contains(name));
    let keeps = |name: &String| known.is_steady(name) && !written(name) && !known.captured.contains(name);
    if effect.is_stable() && effect.reads.iter().all(keeps) {
        return true;
    }
    let mut search = Search { name, effect, known, before: Effect::none(), conditional: false, seen: 0 };
    rest.iter().all(|kid| search.seen == uses || search.scan(kid)) && search.seen == uses
}

/// Goes through statements in the order in which they run, and looks whether a value may move to each use.
struct Search<'a> {
    name: &'a str,
    effect: Effect,
    known: &'a Known,
    before: Effect,
    conditional: bool,
    seen: usize,
}

impl Search<'_> {
    fn scan(&mut self, node: &Node) -> bool {
        if !node.mentions(self.name) {
            self.before.and(of(node, self.known));
            return true;
        }
        match node.kind {
            Kind::Name => {
                let is_sure =
                    !self.conditional || self.effect.is_quiet() || self.seen > 0 && self.effect.acts == Acts::No;
                self.seen += 1;
                return is_sure && self.effect.passes(&self.before);
            }
            Kind::And | Kind::Or | Kind::Nullish | Kind::Cond | Kind::If => {
                return self.scan(&node.kids[0]) && self.perhaps(&node.kids[1..]);
            }
            Kind::Compare if node.kids.len() > 2 => {
                return self.all(&node.kids[..2]) && self.perhaps(&node.kids[2..]);
            }
            Kind::For if node.text.is_empty() || node.text == "let" => {
                let is_in_loop = node.kids[2..].iter().chain(&node.kids[..1]).any(|kid| kid.mentions(self.name));
                return !is_in_loop && self.scan(&node.kids[1]) && self.done(node);
            }
            Kind::Each => {
                let first = &node.kids[1].kids[1];
                return node.count(self.name) == first.count(self.name) && self.scan(first) && self.done(node);
            }
            Kind::Try => {
                let effect = &self.effect;
                return effect.is_quiet() && self.perhaps(&node.kids) && self.done(node);
            }
            Kind::With if node.text.is_empty() => {
                for value in &node.kids[1..] {
                    if !self.scan(value) {
                        return false;
                    }
                    self.before.and(Effect { acts: Acts::Any, raises: Raises::Hard, ..Effect::none() });
                }
                return self.perhaps(&node.kids[..1]) && self.done(node);
            }
            // The value is computed before the target; in JavaScript a target of several parts comes first.
            Kind::Assign if self.known.is_script && !node.kids[0].is(Kind::Name) => {
                return self.scan(&node.kids[0]) && self.scan(&node.kids[1]) && self.done(node);
            }
            Kind::Assign => return self.scan(&node.kids[1]) && self.scan(&node.kids[0]) && self.done(node),
            Kind::Raw if node.text == "assert_statement" || node.text.starts_with("slice") || node.text == "?." => {}
            Kind::While
            | Kind::Loop
            | Kind::Lambda
            | Kind::Def
            | Kind::Class
            | Kind::Raw
            | Kind::Opaque
            | Kind::With
            | Kind::For => return false,
            _ => {}
        }
        self.all(&node.kids) && self.done(node)
    }

    fn all(&mut self, nodes: &[Node]) -> bool {
        nodes.iter().all(|node| self.scan(node))
    }

    /// What follows the parts of a node: what the node itself does.
    fn done(&mut self, node: &Node) -> bool {
        let effect = of(node, self.known);
        self.before.and(effect);
        true
    }

    fn perhaps(&mut self, nodes: &[Node]) -> bool {
        let was = std::mem::replace(&mut self.conditional, true);
        let is_fine = self.all(nodes);
        self.conditional = was;
        is_fine
    }
}

/// `a = x` followed by `a = f(a)`: `a = f(x)`.
fn again(node: &mut Node, at: usize, known: &Known) {
    let (one, next) = (&node.kids[at], &node.kids[at + 1]);
    let is_same = one.is(Kind::Assign)
        && next.is(Kind::Assign)
        && one.kids[0].is(Kind::Name)
        && one.kids[0] == next.kids[0]
        && is_local(&one.kids[0].text)
        && next.text.is_empty();
    let name = one.kids.first().map(|target| target.text.clone()).unwrap_or_default();
    if !is_same
        || known.captured.contains(&name)
        || known.pinned.contains(plain(&name))
        || next.kids[1].count(&name) != 1
    {
        return;
    }
    // Where the second one fails, only this block knows the name.
    if known.mentions.get(&name).copied().unwrap_or(0) != node.count(&name) {
        return;
    }
    let (one, next) = (&node.kids[at], &node.kids[at + 1]);
    let effect = of(&one.kids[1], known);
    let mut search = Search { name: &name, effect, known, before: Effect::none(), conditional: false, seen: 0 };
    if search.scan(&next.kids[1]) {
        let first = node.kids.remove(at);
        let value = &first.kids[1];
        node.kids[at].kids[1].put(&name, value);
        node.kids[at].text = first.text;
    }
}
