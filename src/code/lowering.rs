//! Shared parts of the readers that create a [`super::program`]: bounded traversal of a syntax tree.

use super::program::{Expr, Sort, Statement, TextPiece};
use crate::domain::budget;
use tree_sitter::Node;

/// The maximum nesting of values; deeper values are cut.
const MAX_DEPTH: usize = 160;

/// How many nodes of one file are examined.
const MAX_NODES: usize = 150_000;

/// A file that is being read.
pub(crate) struct Lowering<'s> {
    /// Its text.
    pub(crate) text: &'s str,
    depth: usize,
    nodes: usize,
    /// Whether something was cut, because of depth or size.
    pub(crate) is_cut: bool,
}

impl<'s> Lowering<'s> {
    /// A reader at the start of the file.
    pub(crate) fn new(text: &'s str) -> Lowering<'s> {
        Lowering { text, depth: 0, nodes: 0, is_cut: false }
    }

    /// The text of a node.
    pub(crate) fn of(&self, node: Node<'_>) -> &'s str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Goes one level down; cuts values that are too deep.
    pub(crate) fn deeper(&mut self, node: Node<'_>, read: impl FnOnce(&mut Self) -> Expr) -> Expr {
        if self.is_full() {
            return expr(node, Sort::Other(Vec::new()));
        }
        self.depth += 1;
        let expr = read(self);
        self.depth -= 1;
        expr
    }

    /// [`Lowering::deeper`] for statements.
    pub(crate) fn steps(&mut self, read: impl FnOnce(&mut Self) -> Vec<Statement>) -> Vec<Statement> {
        if self.is_full() {
            return Vec::new();
        }
        self.depth += 1;
        let steps = read(self);
        self.depth -= 1;
        steps
    }

    fn is_full(&mut self) -> bool {
        self.nodes += 1;
        self.is_cut |= self.depth >= MAX_DEPTH || self.nodes >= MAX_NODES;
        self.depth >= MAX_DEPTH || self.nodes >= MAX_NODES
    }
}

/// A value at a node.
pub(crate) fn expr(node: Node<'_>, sort: Sort) -> Expr {
    Expr { line: line(node), span: (node.start_byte(), node.end_byte()), sort }
}

/// A fixed text at a node.
pub(crate) fn fixed(node: Node<'_>, text: &str) -> Expr {
    expr(node, Sort::Text(vec![TextPiece::Fixed(text.to_owned())]))
}

/// The line of a node, counted from 1.
pub(crate) fn line(node: Node<'_>) -> u64 {
    node.start_position().row as u64 + 1
}

/// The children with a meaning.
pub(crate) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    if budget::is_over() {
        return Vec::new();
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// The children in a field.
pub(crate) fn fields<'t>(node: Node<'t>, field: &str) -> Vec<Node<'t>> {
    if budget::is_over() {
        return Vec::new();
    }
    let mut cursor = node.walk();
    node.children_by_field_name(field, &mut cursor).filter(|child| !child.is_extra()).collect()
}

/// A number in its shortest form, so that `1_000`, `1e3` and `1000` are equal.
pub(crate) fn number(text: &str) -> String {
    let plain: String = text.chars().filter(|c| *c != '_').collect::<String>().to_lowercase();
    let plain = plain.trim_end_matches('n');
    let radix = |digits: &str, radix| i128::from_str_radix(digits, radix).ok();
    let whole = match plain.get(..2) {
        Some("0x") => radix(&plain[2..], 16),
        Some("0o") => radix(&plain[2..], 8),
        Some("0b") => radix(&plain[2..], 2),
        _ => plain.parse().ok(),
    };
    match (whole, plain.parse::<f64>()) {
        // A mode in octal notation is shown in that notation.
        (Some(_), _) if plain.starts_with("0o") => plain.to_owned(),
        (Some(whole), _) => whole.to_string(),
        (None, Ok(value)) => shortest(value),
        (None, Err(_)) => plain.to_owned(),
    }
}

/// The shortest form of a number.
pub(crate) fn shortest(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value}") }
}
