//! Where in a Python file a new import stands.

use crate::domain::source::{children, text};
use tree_sitter::Node;

/// Where an import goes in, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImportPosition {
    /// The byte: the beginning of a line.
    pub at: usize,
    /// Whether an empty line is wanted between it and what follows.
    pub wants_blank: bool,
}

/// The place for an import: before the first import, or where it would stand: behind the first lines that are
/// comments, the docstring and `from __future__`. `None` when there is no line of its own to be had.
pub(super) fn for_import(root: Node<'_>, source: &str) -> Option<ImportPosition> {
    let statements = children(root);
    let lead = statements
        .iter()
        .take_while(|node| is_docstring(**node, root) || node.kind() == "future_import_statement")
        .count();
    let last_lead = lead.checked_sub(1).and_then(|at| statements.get(at));
    let Some(next) = statements.get(lead) else {
        return at_end(last_lead.copied(), source);
    };
    if last_lead.is_some_and(|last| last.end_position().row == next.start_position().row) {
        return None;
    }
    let is_import = matches!(next.kind(), "import_statement" | "import_from_statement");
    let row = if is_import { next.start_position().row } else { above_comments(*next, root, source) };
    let at = line_start(source, row)?;
    // A statement that something stands before on its line has no line of its own.
    text_before(source, *next).is_empty().then_some(ImportPosition { at, wants_blank: !is_import })
}

fn text_before<'s>(source: &'s str, node: Node<'_>) -> &'s str {
    let start = node.start_byte();
    let line = source[..start].rfind('\n').map_or(0, |at| at + 1);
    source.get(line..start).unwrap_or_default()
}

fn at_end(last: Option<Node<'_>>, source: &str) -> Option<ImportPosition> {
    let row = last?.end_position().row + 1;
    Some(ImportPosition { at: line_start(source, row)?, wants_blank: false })
}

fn is_docstring(node: Node<'_>, root: Node<'_>) -> bool {
    let is_first = children(root).first() == Some(&node);
    let inner = children(node);
    is_first && node.kind() == "expression_statement" && inner.len() == 1 && inner[0].kind() == "string"
}

/// The row of the comments that belong to a statement: those right above it. Comments at the very beginning belong to
/// the file: the first line, the encoding, a script header, a licence.
fn above_comments(node: Node<'_>, root: Node<'_>, source: &str) -> usize {
    let mut cursor = root.walk();
    let comments: Vec<Node<'_>> = root.named_children(&mut cursor).filter(|child| child.kind() == "comment").collect();
    let mut row = node.start_position().row;
    while let Some(comment) = comments.iter().find(|comment| row > 0 && comment.start_position().row == row - 1) {
        if text(*comment, source).starts_with("# ///") {
            return node.start_position().row;
        }
        row = comment.start_position().row;
    }
    if row == 0 { node.start_position().row } else { row }
}

/// The byte at which a row begins, counted from 0.
fn line_start(source: &str, row: usize) -> Option<usize> {
    if row == 0 {
        return Some(0);
    }
    source.match_indices('\n').nth(row - 1).map(|(at, _)| at + 1)
}
