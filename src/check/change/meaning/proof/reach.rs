//! Which value of a variable each mention of it sees. Values that never meet get names of their own, as if the program had used
//! several variables.
//!
//! What is not followed in detail counts as if every value inside of it could be seen from everywhere inside and behind it: then
//! values keep one name, and nothing is lost but a chance.

use super::scope::targets;
use super::tree::{Kind, Node, is_local, plain};
use super::values::{Known, binds};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound::{Excluded, Included};

/// Passes through a loop until nothing new is seen.
const MAX_PASSES: usize = 12;

/// Larger programs keep their names.
const MAX_MENTIONS: usize = 8_000;

/// Most parts of a program that are looked at, each as often as it is. Programs that need more keep their names: loops in
/// loops multiply.
const MAX_STEPS: usize = 300_000;

/// The values that variables may have, by the numbers of the mentions that gave them; `None` where nothing gets to.
type Seen = Option<HashMap<String, BTreeSet<usize>>>;

/// Gives values that never meet names of their own.
pub(super) fn split(root: &mut Node, known: &Known) {
    let mut params: HashSet<String> = HashSet::new();
    let mut defined: HashSet<String> = HashSet::new();
    let (mut mentions, mut has_labels) = (0, false);
    root.each(&mut |node| match node.kind {
        Kind::Param => {
            params.insert(node.text.clone());
        }
        Kind::Params => params.extend(node.kids.iter().flat_map(targets)),
        Kind::Def | Kind::Class => {
            defined.insert(node.text.clone());
        }
        // To give a constant another value ends a program.
        Kind::Assign | Kind::For if node.text.contains("const let") => defined.extend(targets(&node.kids[0])),
        Kind::Break | Kind::Continue => has_labels |= !node.text.is_empty(),
        Kind::Name => mentions += 1,
        _ => {}
    });
    let is_free = |name: &String| {
        is_local(name)
            && !known.captured.contains(name)
            && !known.pinned.contains(plain(name))
            && !defined.contains(name)
    };
    let several = known.bound.iter().filter(|(name, count)| **count > 1 || params.contains(*name));
    let names: BTreeMap<String, usize> = several
        .map(|(name, _)| name.clone())
        .filter(is_free)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .enumerate()
        .map(|(at, name)| (name, at))
        .collect();
    if names.is_empty() || mentions > MAX_MENTIONS || has_labels {
        return;
    }
    let mut walk = Walk {
        names: &names,
        at: names.len(),
        groups: (0..=names.len()).collect(),
        loops: Vec::new(),
        mentions: BTreeMap::new(),
        steps: 0,
    };
    walk.run(root, Some(HashMap::new()));
    if walk.steps > MAX_STEPS {
        return;
    }
    let renamed = walk.renamed(&params);
    let mut at = names.len();
    apply(root, &mut at, &names, &renamed);
}

struct Walk<'a> {
    /// The variables, each with the number of the value that it has before all.
    names: &'a BTreeMap<String, usize>,
    /// The number of the last mention.
    at: usize,
    /// Values that meet, as a forest.
    groups: Vec<usize>,
    /// What is seen where each loop around is left, and where it goes on.
    loops: Vec<(Seen, Seen)>,
    /// The name of each mention, and whether it gives a value.
    mentions: BTreeMap<usize, (String, bool)>,
    /// Parts that were looked at.
    steps: usize,
}

/// What is seen where two ways meet.
fn merged(one: Seen, other: Seen, names: &BTreeMap<String, usize>) -> Seen {
    let (mut one, other) = match (one, other) {
        (Some(one), Some(other)) => (one, other),
        (one, other) => return one.or(other),
    };
    for (name, number) in names {
        if one.contains_key(name) || other.contains_key(name) {
            let before = BTreeSet::from([*number]);
            let more = other.get(name).unwrap_or(&before).clone();
            one.entry(name.clone()).or_insert(before).extend(more);
        }
    }
    Some(one)
}

impl Walk<'_> {
    fn group(&self, mut at: usize) -> usize {
        while self.groups[at] != at {
            at = self.groups[at];
        }
        at
    }

    fn unite(&mut self, one: usize, other: usize) {
        let (one, other) = (self.group(one), self.group(other));
        self.groups[one.max(other)] = one.min(other);
    }

    /// New names of mentions.
    fn renamed(&self, params: &HashSet<String>) -> HashMap<usize, String> {
        let mut numbers: HashMap<(&str, usize), usize> = HashMap::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        // What a variable has before all keeps its name.
        let used: HashSet<usize> = self.mentions.keys().map(|at| self.group(*at)).collect();
        for (name, number) in self.names {
            let group = self.group(*number);
            if params.contains(name) || used.contains(&group) {
                numbers.insert((name, group), 0);
                counts.insert(name, 1);
            }
        }
        for (at, (name, _)) in &self.mentions {
            let group = self.group(*at);
            numbers.entry((name, group)).or_insert_with(|| {
                let count = counts.entry(name).or_default();
                *count += 1;
                *count - 1
            });
        }
        let mut renamed = HashMap::new();
        for (at, (name, _)) in &self.mentions {
            let group = self.group(*at);
            let number = numbers.get(&(name.as_str(), group)).copied().unwrap_or(0);
            if number > 0 {
                let (begin, end) = name.split_once('#').unwrap_or((name, ""));
                renamed.insert(*at, format!("{begin}.{number}#{end}"));
            }
        }
        renamed
    }

    fn mention(&mut self, name: &str, gives: bool) -> usize {
        self.at += 1;
        while self.groups.len() <= self.at {
            self.groups.push(self.groups.len());
        }
        self.mentions.insert(self.at, (name.to_owned(), gives));
        self.at
    }

    fn values(&self, name: &str, seen: &Seen) -> BTreeSet<usize> {
        let before = || self.names.get(name).copied().into_iter().collect();
        seen.as_ref().map_or_else(BTreeSet::new, |seen| seen.get(name).cloned().unwrap_or_else(before))
    }

    fn reads(&mut self, name: &str, seen: &Seen) {
        let at = self.mention(name, false);
        for value in self.values(name, seen) {
            self.unite(at, value);
        }
    }

    /// A name is given a value. Where that is not certain, or uses the value before, both are one.
    fn gives(&mut self, name: &str, seen: &mut Seen, is_sure: bool) {
        let at = self.mention(name, true);
        let mut all = BTreeSet::from([at]);
        if !is_sure {
            for value in self.values(name, seen) {
                self.unite(at, value);
                all.insert(value);
            }
        }
        if let Some(seen) = seen {
            seen.insert(name.to_owned(), all);
        }
    }

    fn target(&mut self, node: &Node, seen: &mut Seen, is_sure: bool) {
        match node.kind {
            Kind::Name if self.names.contains_key(&node.text) => self.gives(&node.text, seen, is_sure),
            Kind::Tuple | Kind::List | Kind::Spread => {
                node.kids.iter().for_each(|kid| self.target(kid, seen, is_sure));
            }
            _ => self.other(node, seen),
        }
    }

    /// What is not followed in detail.
    fn other(&mut self, node: &Node, seen: &mut Seen) {
        let mut bound: HashSet<String> = HashSet::new();
        node.each(&mut |inner| bound.extend(binds(inner)));
        let mut firsts: HashMap<String, usize> = HashMap::new();
        node.each(&mut |inner| {
            if !inner.is(Kind::Name) || !self.names.contains_key(&inner.text) {
                return;
            }
            if bound.contains(&inner.text) {
                self.gives(&inner.text, seen, false);
                let at = self.at;
                let first = *firsts.entry(inner.text.clone()).or_insert(at);
                self.unite(first, at);
            } else {
                self.reads(&inner.text, seen);
            }
        });
        if node.any(&|inner| matches!(inner.kind, Kind::Break | Kind::Continue))
            && let Some((left, again)) = self.loops.last_mut()
        {
            *left = merged(left.take(), seen.clone(), self.names);
            *again = merged(again.take(), seen.clone(), self.names);
        }
    }

    fn all(&mut self, kids: &[Node], mut seen: Seen) -> Seen {
        for kid in kids {
            seen = self.run(kid, seen);
        }
        seen
    }

    /// What was seen before, and every value that was given behind a mention.
    fn any_of(&self, before: &Seen, from: usize) -> Seen {
        let mut all = before.clone()?;
        for (at, (name, gives)) in self.mentions.range((Excluded(from), Included(self.at.max(from)))) {
            if *gives {
                let number = self.names.get(name).copied();
                all.entry(name.clone()).or_insert_with(|| number.into_iter().collect()).insert(*at);
            }
        }
        Some(all)
    }

    /// Runs a loop until nothing new is seen. `pass` gives what is seen when the loop ends by itself, and at the end of its body.
    /// Says what is seen when it ends by itself, and where it is left.
    fn round(&mut self, seen: Seen, pass: &mut dyn FnMut(&mut Self, Seen) -> (Seen, Seen)) -> (Seen, Seen) {
        let start = self.at;
        let mut head = seen;
        for _ in 0..MAX_PASSES {
            if self.steps > MAX_STEPS {
                break;
            }
            self.at = start;
            self.loops.push((None, None));
            let (done, end) = pass(self, head.clone());
            let (left, again) = self.loops.pop().unwrap_or_default();
            let end = merged(end, again, self.names);
            let next = merged(head.clone(), end, self.names);
            if next == head {
                return (done, left);
            }
            head = next;
        }
        // Not seen to the end: every value is everywhere.
        let all = self.any_of(&head, start);
        let inside: Vec<(usize, String)> = self
            .mentions
            .range((Excluded(start), Included(self.at.max(start))))
            .map(|(at, (name, _))| (*at, name.clone()))
            .collect();
        for (at, name) in inside {
            for value in self.values(&name, &all) {
                self.unite(at, value);
            }
        }
        (all.clone(), all)
    }

    fn skip(&mut self, node: &Node) {
        let names = self.names;
        node.each(&mut |inner| {
            self.at += usize::from(inner.is(Kind::Name) && names.contains_key(&inner.text));
        });
    }

    /// A value and then its target, which stands before it in the tree.
    fn assigned(&mut self, target: &Node, value: &Node, seen: Seen, is_sure: bool) -> Seen {
        let start = self.at;
        self.skip(target);
        let mut seen = self.run(value, seen);
        let end = std::mem::replace(&mut self.at, start);
        self.target(target, &mut seen, is_sure);
        self.at = end;
        seen
    }

    fn run(&mut self, node: &Node, mut seen: Seen) -> Seen {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return seen;
        }
        match node.kind {
            Kind::Name => {
                if self.names.contains_key(&node.text) {
                    self.reads(&node.text, &seen);
                }
                seen
            }
            Kind::Assign => self.assigned(&node.kids[0], &node.kids[1], seen, true),
            Kind::Aug => self.assigned(&node.kids[0], &node.kids[1], seen, false),
            Kind::If => {
                let seen = self.run(&node.kids[0], seen);
                let then = self.run(&node.kids[1], seen.clone());
                let other = self.run(&node.kids[2], seen);
                merged(then, other, self.names)
            }
            Kind::For | Kind::While => self.repeated(node, seen),
            Kind::Try => self.attempt(node, seen),
            Kind::With => self.with(node, seen),
            Kind::Return | Kind::Raise => {
                self.all(&node.kids, seen);
                None
            }
            Kind::Break | Kind::Continue => {
                let names = self.names;
                if let Some((left, again)) = self.loops.last_mut() {
                    let of = if node.is(Kind::Break) { left } else { again };
                    *of = merged(of.take(), seen, names);
                }
                None
            }
            // A function has variables of its own; those that others use, too, are not looked at.
            Kind::Def | Kind::Lambda => {
                let loops = std::mem::take(&mut self.loops);
                for kid in &node.kids {
                    self.run(kid, Some(HashMap::new()));
                }
                self.loops = loops;
                seen
            }
            Kind::Block
            | Kind::Do
            | Kind::Not
            | Kind::Compare
            | Kind::Binary
            | Kind::Unary
            | Kind::Member
            | Kind::Item
            | Kind::Kw
            | Kind::List
            | Kind::Tuple
            | Kind::Dict
            | Kind::Pair
            | Kind::Text
            | Kind::Hole
            | Kind::Call => self.all(&node.kids, seen),
            _ => {
                self.other(node, &mut seen);
                seen
            }
        }
    }

    fn repeated(&mut self, node: &Node, seen: Seen) -> Seen {
        if node.is(Kind::While) {
            let (done, left) = self.round(seen, &mut |walk, head| {
                let tested = walk.run(&node.kids[0], head);
                (tested.clone(), walk.run(&node.kids[1], tested))
            });
            let done = self.all(&node.kids[2..], done);
            merged(done, left, self.names)
        } else {
            let start = self.at;
            self.skip(&node.kids[0]);
            let seen = self.run(&node.kids[1], seen);
            let inner = self.at;
            let (done, left) = self.round(seen, &mut |walk, head| {
                let mut inside = head.clone();
                walk.at = start;
                walk.target(&node.kids[0], &mut inside, true);
                walk.at = inner;
                (head, walk.run(&node.kids[2], inside))
            });
            let done = self.run(&node.kids[3], done);
            merged(done, left, self.names)
        }
    }

    fn with(&mut self, node: &Node, mut seen: Seen) -> Seen {
        let start = self.at;
        self.skip(&node.kids[0]);
        for pair in node.kids[1..].chunks(2) {
            seen = self.run(&pair[0], seen);
            if let Some(target) = pair.get(1) {
                self.target(target, &mut seen, true);
            }
        }
        let end = std::mem::replace(&mut self.at, start);
        let done = self.run(&node.kids[0], seen.clone());
        // What is left by a failure may go on behind it.
        let failed = self.any_of(&seen, start);
        self.at = end;
        merged(done, failed, self.names)
    }

    fn attempt(&mut self, node: &Node, seen: Seen) -> Seen {
        let start = self.at;
        let before = seen.clone();
        let done = self.run(&node.kids[0], seen);
        let failed = self.any_of(&before, start);
        let mut ended = self.run(&node.kids[1], done);
        // The handlers stand behind what is done at last.
        let last = self.at;
        self.skip(&node.kids[2]);
        for handler in &node.kids[3..] {
            let mut inside = self.run(&handler.kids[0], failed.clone());
            self.target(&handler.kids[1], &mut inside, true);
            let end = self.run(&handler.kids[2], inside);
            ended = merged(ended, end, self.names);
        }
        if node.kids[2].kids.is_empty() {
            return ended;
        }
        let all = self.any_of(&before, start);
        let end = std::mem::replace(&mut self.at, last);
        let after = self.run(&node.kids[2], merged(ended.clone(), all, self.names));
        self.at = end;
        // An exit inside may be given up by one at last.
        merged(ended, after, self.names)
    }
}

/// Renames mentions, in the order of the tree.
fn apply(node: &mut Node, at: &mut usize, names: &BTreeMap<String, usize>, renamed: &HashMap<usize, String>) {
    if node.is(Kind::Name) && names.contains_key(&node.text) {
        *at += 1;
        if let Some(name) = renamed.get(at) {
            node.text.clone_from(name);
        }
    }
    for kid in &mut node.kids {
        apply(kid, at, names, renamed);
    }
}
