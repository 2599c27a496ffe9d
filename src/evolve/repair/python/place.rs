//! The position of a new import in a Python file.

use crate::domain::source::{children, text};
use tree_sitter::Node;

/// The position of an import, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImportPosition {
    /// Byte offset of the start of a line.
    pub at: usize,
    /// Whether an empty line should separate it from what follows.
    pub wants_blank: bool,
}

/// The position for an import: before the first import. Without imports, it is after the first comment lines, the
/// docstring and `from __future__`. `None` if no line can be inserted there.
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
    // Other code before the statement is on the same line.
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

/// The first row of the comments directly above a statement. Comments at the start of the file belong to the file: the
/// interpreter, the encoding, a script header, a licence.
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

/// The byte offset of a row; rows are counted from 0.
fn line_start(source: &str, row: usize) -> Option<usize> {
    if row == 0 {
        return Some(0);
    }
    source.match_indices('\n').nth(row - 1).map(|(at, _)| at + 1)
}
