//! What is the same in two versions that are in one form.

use super::Program;
use super::tree::{Kind, Node, is_local};
use super::values::binds;
use std::collections::{HashMap, HashSet};

/// What is certain of two versions of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Proof {
    /// Whether they do the same.
    pub(in super::super) is_equal: bool,
    /// Functions that do the same: their lines in the old and the new version, counted from 1.
    pub(in super::super) functions: Vec<[(u64, u64); 2]>,
    /// Whether they do the same apart from words for the user and options that only take care.
    pub(in super::super) is_told: bool,
    /// Functions of which that is true.
    pub(in super::super) told_functions: Vec<[(u64, u64); 2]>,
}

pub(super) fn compare(old: &Program, new: &Program) -> Proof {
    let (one, other) = (parts(old), parts(new));
    let mut proof = Proof::default();
    let (first, second) = (whole(old), whole(new));
    proof.is_equal = old.header == new.header && first == second;
    // A variable of the file that has another value is seen wherever its name stands.
    let changed = changed_names(old, new);
    for (name, part) in &one {
        let Some(same) = other.get(name).filter(|same| numbered(same) == numbered(part)) else { continue };
        let is_touched = |node: &Node| node.any(&|inner| inner.is(Kind::Name) && changed.contains(&inner.text));
        if old.header == new.header && !is_touched(part) && !is_touched(same) {
            proof.functions.push([part.lines, same.lines]);
        }
    }
    proof.functions.sort_unstable();
    proof
}

/// The program with its functions in one order and its variables numbered.
fn whole(program: &Program) -> Node {
    let mut root = program.root.clone();
    let is_free = |node: &Node| {
        node.is(Kind::Def)
            && node.kids[2].kids.is_empty()
            && node.kids[0].kids.iter().all(|param| {
                param.is(Kind::Param) && matches!(param.kids[0].kind, Kind::Empty | Kind::Num | Kind::Str | Kind::Word)
            })
    };
    let mut from = 0;
    while from < root.kids.len() {
        let length = root.kids[from..].iter().take_while(|kid| is_free(kid)).count();
        let group = &mut root.kids[from..from + length];
        let names: HashSet<&String> = group.iter().map(|kid| &kid.text).collect();
        if names.len() == group.len() {
            group.sort_by(|a, b| a.text.cmp(&b.text));
        }
        from += length + 1;
    }
    numbered(&root)
}

/// Functions and classes at the outermost level, and methods, by name; a name that stands for two of them is left out.
fn parts(program: &Program) -> HashMap<String, Node> {
    let mut found: HashMap<String, Option<Node>> = HashMap::new();
    for kid in &program.root.kids {
        if matches!(kid.kind, Kind::Def | Kind::Class) {
            found.entry(kid.text.clone()).and_modify(|one| *one = None).or_insert_with(|| Some(kid.clone()));
        }
    }
    found.into_iter().filter_map(|(name, part)| Some((name, part?))).collect()
}

/// Variables of the file whose statements are not the same in both.
fn changed_names(old: &Program, new: &Program) -> HashSet<String> {
    let statements = |program: &Program| {
        let mut found: HashMap<String, Vec<Node>> = HashMap::new();
        for kid in program.root.kids.iter().filter(|kid| !matches!(kid.kind, Kind::Def | Kind::Class)) {
            let mut names = HashSet::new();
            kid.each(&mut |node| names.extend(binds(node)));
            for name in names {
                found.entry(name).or_default().push(numbered(kid));
            }
        }
        found
    };
    let (one, other) = (statements(old), statements(new));
    let names = one.keys().chain(other.keys());
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// The variables of functions by the order in which they first stand in it.
fn numbered(node: &Node) -> Node {
    let mut node = node.clone();
    let mut names: HashMap<String, String> = HashMap::new();
    number(&mut node, &mut names);
    node
}

fn number(node: &mut Node, names: &mut HashMap<String, String>) {
    if matches!(node.kind, Kind::Name | Kind::Param | Kind::Def | Kind::Class) && is_local(&node.text) {
        let next = format!("#{}", names.len());
        node.text.clone_from(names.entry(node.text.clone()).or_insert(next));
    }
    // A value comes before the name that it gets: so it does in all forms of it.
    for kid in &mut node.kids {
        number(kid, names);
    }
}
