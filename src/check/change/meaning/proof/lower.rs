//! What the readers of all languages share.

use super::tree::{Kind, Node};
use crate::domain::budget;
use std::collections::HashSet;
use tree_sitter::Node as Syntax;

/// Syntax nested deeper is not compared by meaning.
const MAX_DEPTH: usize = 90;

/// More parts of one file are not compared by meaning.
const MAX_NODES: usize = 40_000;

/// A file that is being read.
pub(super) struct Lower<'s> {
    source: &'s str,
    depth: usize,
    nodes: usize,
    /// Whether something was too deep or too much, or had an error.
    pub(super) is_cut: bool,
    /// Whether the body of a class is being read.
    pub(super) is_in_class: bool,
    /// Whether the program looks at its own types.
    pub(super) reads_types: bool,
    defined: HashSet<String>,
}

impl<'s> Lower<'s> {
    pub(super) fn new(source: &'s str, reads_types: bool, defined: HashSet<String>) -> Lower<'s> {
        Lower { source, depth: 0, nodes: 0, is_cut: false, is_in_class: false, reads_types, defined }
    }

    /// Whether the file imports or defines this name.
    pub(super) fn defines(&self, name: &str) -> bool {
        self.defined.contains(name)
    }

    pub(super) fn text(&self, node: Syntax<'_>) -> &'s str {
        self.source.get(node.byte_range()).unwrap_or_default()
    }

    /// Whether the shell that a script names knows `[[`.
    pub(super) fn knows_double_tests(&self) -> bool {
        let first = self.source.lines().next().unwrap_or_default();
        !first.starts_with("#!") || ["bash", "zsh", "ksh"].iter().any(|shell| first.contains(shell))
    }

    /// Whether a script of a shell asks what a pattern found.
    pub(super) fn asks_for_match(&self) -> bool {
        self.source.contains("BASH_REMATCH")
    }

    /// The text from one place to another.
    pub(super) fn between(&self, from: usize, to: usize) -> &'s str {
        self.source.get(from..to).unwrap_or_default()
    }

    /// The signs and keywords right in a node.
    pub(super) fn signs(&self, node: Syntax<'_>) -> Vec<String> {
        let mut cursor = node.walk();
        node.children(&mut cursor).filter(|child| !child.is_named()).map(|child| self.text(child).to_owned()).collect()
    }

    /// The signs of a node, with a mark for each other part.
    pub(super) fn shape(&self, node: Syntax<'_>) -> String {
        let mut cursor = node.walk();
        let parts = node.children(&mut cursor).filter(|child| !child.is_extra());
        parts.map(|child| if child.is_named() { "_" } else { self.text(child) }).collect::<Vec<_>>().join(" ")
    }

    /// Syntax that is not understood: its words, whatever the layout.
    pub(super) fn opaque(&mut self, node: Syntax<'_>) -> Node {
        let mut words: Vec<&str> = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            self.nodes += 1;
            if self.is_full() {
                break;
            }
            // In a text each blank counts, and in a block where a line ends and how far it is indented.
            let counts = ["string", "heredoc", "block", "template", "regex", "jsx"];
            let is_whole = node.child_count() == 0 || counts.iter().any(|kind| node.kind().contains(kind));
            if is_whole {
                words.push(self.text(node));
            } else {
                let mut cursor = node.walk();
                let kids: Vec<Syntax<'_>> = node.children(&mut cursor).filter(|kid| kid.kind() != "comment").collect();
                open.extend(kids.into_iter().rev());
            }
        }
        let text = format!("{}: {}", node.kind(), words.join(" "));
        placed(node, Node::leaf(Kind::Opaque, &text))
    }

    /// Goes one level down; what is too deep or wrong ends the reading.
    pub(super) fn deeper(&mut self, node: Syntax<'_>, read: impl FnOnce(&mut Self) -> Vec<Node>) -> Vec<Node> {
        self.nodes += 1;
        if node.is_error() || node.is_missing() {
            self.is_cut = true;
        }
        if self.depth >= MAX_DEPTH || self.is_full() {
            self.is_cut = true;
            return Vec::new();
        }
        self.depth += 1;
        let made = read(self);
        self.depth -= 1;
        made
    }

    fn is_full(&mut self) -> bool {
        self.is_cut |= self.nodes >= MAX_NODES || self.nodes.is_multiple_of(256) && budget::is_over();
        self.is_cut
    }
}

/// Whether a node begins with a sign or keyword.
pub(super) fn starts_with(node: Syntax<'_>, word: &str) -> bool {
    node.child(0).is_some_and(|first| first.kind() == word)
}

/// The children that mean something.
pub(super) fn named(node: Syntax<'_>) -> Vec<Syntax<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// The children of a field.
pub(super) fn fields<'t>(node: Syntax<'t>, field: &str) -> Vec<Syntax<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(field, &mut cursor).filter(|child| !child.is_extra()).collect()
}

/// What was made of a node, with the lines of that node unless it has some.
pub(super) fn placed(node: Syntax<'_>, mut made: Node) -> Node {
    if made.lines == (0, 0) {
        made.lines = (node.start_position().row as u64 + 1, node.end_position().row as u64 + 1);
    }
    made
}
