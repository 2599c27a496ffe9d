//! The statements of a program as nested blocks.

use crate::code::statements::{Statement, StatementKind};

/// A statement with its body.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) head: Statement,
    /// The block, and the statement that ends it; `None` for a statement without one.
    pub(super) body: Option<(Vec<Block>, Statement)>,
}

impl Block {
    /// The statements inside.
    pub(super) fn inside(&self) -> &[Block] {
        self.body.as_ref().map_or(&[], |(inside, _)| inside)
    }

    /// Whether the head begins with this word.
    pub(super) fn begins_with(&self, word: &str) -> bool {
        self.head.kind == StatementKind::Head && self.head.tokens.first().is_some_and(|first| first.text == word)
    }

    /// Whether it is a statement of this kind without a block.
    pub(super) fn is_plain(&self, kind: StatementKind) -> bool {
        self.head.kind == kind && self.body.is_none()
    }

    /// The tokens of the head as text.
    pub(super) fn words(&self) -> Vec<&str> {
        self.head.tokens.iter().map(|token| token.text.as_str()).collect()
    }
}

/// Parses statements into blocks. An end without a beginning remains a statement.
pub(super) fn blocks(statements: Vec<Statement>) -> Vec<Block> {
    let mut open: Vec<(Statement, Vec<Block>)> = Vec::new();
    let mut all: Vec<Block> = Vec::new();
    for statement in statements {
        let ends = |head: &Statement| head.depth + 1 == statement.depth && head.function == statement.function;
        if statement.kind == StatementKind::End && open.last().is_some_and(|(head, _)| ends(head)) {
            if let Some((head, inside)) = open.pop() {
                let block = Block { head, body: Some((inside, statement)) };
                open.last_mut().map_or(&mut all, |(_, inside)| inside).push(block);
            }
            continue;
        }
        let is_decorator = statement.tokens.first().is_some_and(|token| token.text == "@");
        match statement.kind {
            StatementKind::Head | StatementKind::Define if !is_decorator => open.push((statement, Vec::new())),
            _ => {
                let block = Block { head: statement, body: None };
                open.last_mut().map_or(&mut all, |(_, inside)| inside).push(block);
            }
        }
    }
    // Unterminated blocks, innermost first.
    while let Some((head, inside)) = open.pop() {
        let outer = open.last_mut().map_or(&mut all, |(_, inside)| inside);
        outer.push(Block { head, body: None });
        outer.extend(inside);
    }
    all
}

/// The statements of blocks, each with its new depth.
pub(super) fn statements(blocks: Vec<Block>) -> Vec<Statement> {
    let mut all = Vec::new();
    flatten(blocks, 0, &mut all);
    all
}

fn flatten(blocks: Vec<Block>, depth: usize, all: &mut Vec<Statement>) {
    for Block { mut head, body } in blocks {
        let is_function = head.kind == StatementKind::Define;
        let depth = if is_function { 0 } else { depth };
        head.depth = depth;
        all.push(head);
        if let Some((inside, mut end)) = body {
            flatten(inside, depth + 1, all);
            end.depth = depth + 1;
            all.push(end);
        }
    }
}
