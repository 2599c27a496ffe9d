//! Variables that only share a name: each gets one of its own.
//!
//! A loop that sets a variable anew in each round, and behind which nothing reads it, has a variable of its own. A variable
//! of the file that no function mentions is one of the statements of the file alone, when nobody else can import it.

use super::scope::targets;
use super::tree::{Kind, Node, is_local, plain};
use super::values::{Known, binds};
use std::collections::{HashMap, HashSet};

/// Makes variables of the file that no function mentions local to its statements.
pub(super) fn own_variables(root: &mut Node, known: &Known) {
    let mut names: HashSet<String> = HashSet::new();
    let mut others: HashSet<String> = HashSet::new();
    collect(root, false, &mut names, &mut others);
    let is_own = |name: &String| {
        !others.contains(name) && !is_local(name) && !name.starts_with("__") && !known.pinned.contains(plain(name))
    };
    let own: HashSet<String> = names.into_iter().filter(is_own).collect();
    root.rewrite(&mut |node| {
        if node.is(Kind::Name) && own.contains(&node.text) {
            node.text.push_str("#0");
        }
    });
}

/// Names that statements of the file give a value, and names that functions mention or that are no variables.
fn collect(node: &Node, is_inside: bool, names: &mut HashSet<String>, others: &mut HashSet<String>) {
    let is_function = matches!(node.kind, Kind::Def | Kind::Class | Kind::Lambda);
    if is_function || node.is(Kind::Raw) {
        others.extend(binds(node));
    } else if is_inside {
        others.extend(binds(node));
        if node.is(Kind::Name) {
            others.insert(node.text.clone());
        }
    } else {
        names.extend(binds(node));
    }
    for kid in &node.kids {
        collect(kid, is_inside || is_function, names, others);
    }
}

/// Where a loop stands among all names of a file, counted from its beginning.
struct Round {
    targets: Vec<String>,
    /// The names of the whole loop, of what is gone through, and of what follows when it ended.
    whole: (usize, usize),
    over: (usize, usize),
    other: (usize, usize),
    /// Loops around it.
    around: Vec<(usize, usize)>,
}

/// Gives the variables of loops names of their own.
pub(super) fn of_loops(root: &mut Node, known: &Known) {
    let (mut names, mut rounds) = (Vec::new(), Vec::new());
    find(root, &mut names, &mut rounds, &mut Vec::new());
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        places.entry(name.clone()).or_default().push(at);
    }
    let mut defined: HashSet<String> = HashSet::new();
    root.each(&mut |node| {
        if matches!(node.kind, Kind::Def | Kind::Class) {
            defined.insert(node.text.clone());
        }
    });
    let mut renamed: HashMap<usize, String> = HashMap::new();
    // The last one first: what stands behind a loop may have got another name already.
    rounds.sort_by_key(|round| std::cmp::Reverse(round.whole));
    for (number, round) in rounds.iter().enumerate() {
        for name in &round.targets {
            let is_free = is_local(name) && !known.captured.contains(name) && !known.pinned.contains(plain(name));
            let Some(all) = places.get_mut(name).filter(|_| is_free && !defined.contains(name)) else { continue };
            let is_in = |(from, to): (usize, usize), at: usize| (from..to).contains(&at);
            let is_alone = all.iter().all(|at| {
                let is_inside = is_in(round.whole, *at);
                let is_elsewhere = *at < round.whole.0 && !round.around.iter().any(|range| is_in(*range, *at));
                (is_inside || is_elsewhere) && !is_in(round.over, *at) && !is_in(round.other, *at)
            });
            if is_alone {
                let (own, rest): (Vec<usize>, Vec<usize>) = all.iter().partition(|at| is_in(round.whole, **at));
                renamed.extend(own.into_iter().map(|at| (at, format!("{name}_{number}"))));
                *all = rest;
            }
        }
    }
    let mut at = 0;
    apply(root, &mut at, &renamed);
}

fn find(node: &Node, names: &mut Vec<String>, rounds: &mut Vec<Round>, around: &mut Vec<(usize, usize)>) {
    if node.is(Kind::Name) {
        names.push(node.text.clone());
    }
    let from = names.len();
    let is_loop = matches!(node.kind, Kind::For | Kind::While | Kind::Loop);
    let size = |node: &Node| {
        let mut count = 0;
        node.each(&mut |inner| count += usize::from(inner.is(Kind::Name)));
        count
    };
    if is_loop {
        let whole = (from, from + size(node));
        if node.is(Kind::For) {
            let over = from + size(&node.kids[0]);
            let over = (over, over + size(&node.kids[1]));
            let other = (whole.1 - size(&node.kids[3]), whole.1);
            rounds.push(Round { targets: targets(&node.kids[0]), whole, over, other, around: around.clone() });
        }
        around.push(whole);
    }
    for kid in &node.kids {
        find(kid, names, rounds, around);
    }
    if is_loop {
        around.pop();
    }
}

fn apply(node: &mut Node, at: &mut usize, renamed: &HashMap<usize, String>) {
    if node.is(Kind::Name) {
        if let Some(name) = renamed.get(at) {
            node.text.clone_from(name);
        }
        *at += 1;
    }
    for kid in &mut node.kids {
        apply(kid, at, renamed);
    }
}
