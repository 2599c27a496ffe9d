//! Variables that only one function of a shell script knows: whether they are declared with `local` makes no difference.
//!
//! Such a variable has a value that the function gave it before it is read, nothing else in the file mentions it, and the
//! function does not call itself.

use super::super::tree::{Kind, Node};
use super::calls::{NOTICING, is_known, is_name, mentions, run};

/// Takes `local` from variables that are given a value first.
pub(in super::super) fn forget(root: &mut Node) {
    for at in 0..root.kids.len() {
        let function = &root.kids[at];
        if !function.is(Kind::Def) || mentions(&function.kids[1], &function.text) {
            continue;
        }
        let is_elsewhere = |name: &str| {
            let others = root.kids.iter().enumerate().filter(|(other, _)| *other != at);
            others.map(|(_, kid)| kid).any(|kid| uses(kid, name))
        };
        let made = body(&function.kids[1], &is_elsewhere);
        root.kids[at].kids[1] = made;
    }
}

fn body(block: &Node, is_elsewhere: &dyn Fn(&str) -> bool) -> Node {
    let mut kids: Vec<Node> = Vec::new();
    for (at, step) in block.kids.iter().enumerate() {
        if !(step.is(Kind::Raw) && step.text == "declare local") {
            kids.push(step.clone());
            continue;
        }
        // As written: what stands after a variable may use it.
        let mut left = Vec::new();
        for (number, part) in step.kids.iter().enumerate() {
            let set =
                part.text.strip_prefix("set ").and_then(|set| set.strip_suffix('=')).filter(|_| part.is(Kind::Raw));
            let name = set.unwrap_or(&part.text);
            let is_early = block.kids[..at].iter().chain(&step.kids[..number]).any(|kid| uses(kid, name));
            let is_other = |kid: &Node| kid.text.starts_with("declare ") && uses(kid, name);
            let is_own = (set.is_some() || part.is(Kind::Str))
                && is_name(name)
                && name.contains(|c: char| c.is_ascii_lowercase())
                && !is_known(name)
                && !is_early
                && !part.kids.iter().any(|value| uses(value, name))
                && !is_elsewhere(name)
                && !block.kids[at + 1..].iter().any(|kid| kid.any(&is_other));
            match set {
                // A command in the value would set the status that `local` hides.
                Some(_) if is_own && left.is_empty() && !runs(part) => {
                    kids.push(Node { lines: step.lines, ..part.clone() });
                }
                None if is_own && is_set_first(&block.kids[at + 1..], name) => {}
                _ => left.push(part.clone()),
            }
        }
        if !left.is_empty() {
            kids.push(Node { kids: left, ..step.clone() });
        }
    }
    Node { kids, ..block.clone() }
}

/// Whether a command is run for a value.
fn runs(node: &Node) -> bool {
    node.any(&|part| part.is(Kind::Opaque) || part.text.contains("$( )") || part.text.contains('`'))
}

/// Whether the first of these statements that mentions a variable gives it a value.
fn is_set_first(steps: &[Node], name: &str) -> bool {
    let Some(first) = steps.iter().find(|step| uses(step, name)) else { return true };
    match first.kind {
        Kind::Raw if first.text == format!("set {name}=") => !first.kids.iter().any(|value| uses(value, name)),
        Kind::Raw => {
            [format!("for (({name} ="), format!("for (({name}=")].iter().any(|head| first.text.starts_with(head))
        }
        Kind::For => first.kids[0].text == format!("variable {name}") && !uses(&first.kids[1], name),
        _ => false,
    }
}

/// Whether a variable is used. Words that are only written or given to a program are none, except for commands that take names of
/// variables.
fn uses(node: &Node, name: &str) -> bool {
    const TAKERS: &[&str] =
        &["export", "readonly", "declare", "typeset", "test", "[", "wait", "command", "builtin", "source"];
    let is_plain = run(node).is_some_and(|command| !NOTICING.contains(&command) && !TAKERS.contains(&command));
    let is_any = node.is(Kind::Raw) && (node.text == "run" && !is_plain || node.text.starts_with("declare "));
    match node.kind {
        _ if is_any || node.is(Kind::Opaque) => mentions(node, name) || node.any(&|inner| inner.text.contains("${!")),
        Kind::Str => false,
        // In a value that is put into a word, a name can be computed.
        Kind::Raw if node.text.contains("${!") => true,
        Kind::Raw => mentions(&Node::leaf(Kind::Raw, &node.text), name) || node.kids.iter().any(|kid| uses(kid, name)),
        _ => node.kids.iter().any(|kid| uses(kid, name)),
    }
}

/// Leaves out a fixed value that a variable loses at once.
pub(in super::super) fn overwritten(node: &mut Node) {
    for kid in &mut node.kids {
        overwritten(kid);
    }
    if !node.is(Kind::Block) {
        return;
    }
    let mut at = 1;
    while at < node.kids.len() {
        let (first, next) = (&node.kids[at - 1], &node.kids[at]);
        let name = first.text.strip_prefix("set ").and_then(|set| set.strip_suffix('='));
        let is_fixed = first.is(Kind::Raw) && first.kids.iter().all(|value| value.is(Kind::Str));
        let is_lost = next.is(Kind::Raw)
            && next.text == first.text
            && name.is_some_and(|name| !is_known(name) && !next.kids.iter().any(|value| uses(value, name)));
        if is_fixed && is_lost {
            node.kids.remove(at - 1);
        } else {
            at += 1;
        }
    }
}
