//! Declarations that take an object apart, and the variables of a `switch`.

use super::super::lower::{Lower, fields, named};
use super::super::tree::{Kind, Node};
use std::collections::HashSet;
use tree_sitter::Node as Syntax;

/// How the name of an object begins that only the tree has.
const TAKEN: &str = "taken ";

/// Whether a name stands for an object that is taken apart, and is no name of the program.
pub(super) fn is_taken(name: &str) -> bool {
    name.starts_with(TAKEN)
}

/// `const { a, b: c } = value` as one declaration for each property; `None` where the pattern does more than read
/// properties: it collects the rest, computes a key, or takes several values from an inner object.
pub(super) fn taken_apart(sort: &str, target: &Node, value: &Node) -> Option<Vec<Node>> {
    if !target.is(Kind::Dict) || !sort.ends_with("let") || target.kids.is_empty() {
        return None;
    }
    let is_read_once = target.kids.len() == 1;
    let (mut steps, mut object) = (Vec::new(), value.clone());
    if !is_read_once && !value.is(Kind::Name) {
        let keys: Vec<&str> = target.kids.iter().map(|pair| pair.kids.first().map_or("", |key| &key.text)).collect();
        object = Node::name(&format!("{TAKEN}{}", keys.join(" ")));
        steps.push(Node::new(Kind::Assign, "const let", vec![object.clone(), value.clone()]));
    }
    for pair in &target.kids {
        let (name, value) = read(pair, &object)?;
        steps.push(Node::new(Kind::Assign, sort, vec![name, value]));
    }
    Some(steps)
}

/// The variable and the value of one part of a pattern.
fn read(pair: &Node, object: &Node) -> Option<(Node, Node)> {
    let [key, target] = pair.kids.as_slice() else { return None };
    if !pair.is(Kind::Pair) || !key.is(Kind::Str) {
        return None;
    }
    let value = Node { lines: pair.lines, ..Node::new(Kind::Member, &key.text, vec![object.clone()]) };
    match (target.kind, target.kids.as_slice()) {
        (Kind::Name, _) => Some((target.clone(), value)),
        (Kind::Dict, [only]) => read(only, &value),
        // A default is for what is undefined, and not for null.
        (Kind::Raw, [name, default]) if target.text == "default" && name.is(Kind::Name) => {
            Some((name.clone(), Node::new(Kind::Raw, "unless undefined", vec![value, default.clone()])))
        }
        _ => None,
    }
}

/// Whether a case of a `switch` mentions a variable that another one declares.
pub(super) fn shares_variables(lower: &Lower<'_>, cases: &[Syntax<'_>]) -> bool {
    let mentioned: Vec<HashSet<&str>> = cases.iter().map(|case| variables(lower, *case)).collect();
    cases.iter().enumerate().any(|(at, case)| {
        let declarations = fields(*case, "body").into_iter().filter(|step| step.kind() == "lexical_declaration");
        let names = declarations.flat_map(named).filter_map(|one| one.child_by_field_name("name"));
        let names: HashSet<&str> = names.flat_map(|name| variables(lower, name)).collect();
        mentioned.iter().enumerate().any(|(other, all)| other != at && !names.is_disjoint(all))
    })
}

/// The variables that stand in a piece of syntax.
fn variables<'s>(lower: &Lower<'s>, node: Syntax<'_>) -> HashSet<&'s str> {
    const SORTS: &[&str] = &["identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"];
    let (mut found, mut open) = (HashSet::new(), vec![node]);
    while let Some(node) = open.pop() {
        if SORTS.contains(&node.kind()) {
            found.insert(lower.text(node));
        }
        open.extend(named(node));
    }
    found
}
