//! How a tool is written, as far as it is compared with how another one is.

use crate::domain::source::{Language, nodes, text as text_at};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use tree_sitter::Node;

/// Tokens of code in a row that are compared as one.
const SHINGLE: usize = 5;

/// Shingles of one file that are looked at.
const MAX_SHINGLES: usize = 4_000;

/// Fewer shingles are no program: two that read and print have those in common.
const MIN_SHINGLES: usize = 40;

/// The code of a tool in pieces in which names and numbers do not count: renaming everything changes none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeFingerprint(pub(super) Vec<u64>);

impl CodeFingerprint {
    /// Takes the source files of a tool apart; `None` when they are too little to be compared.
    pub fn of<'a>(sources: impl IntoIterator<Item = (Language, &'a str)>) -> Option<CodeFingerprint> {
        let mut pieces: Vec<u64> = sources.into_iter().flat_map(|(language, text)| shingles(language, text)).collect();
        pieces.sort_unstable();
        pieces.dedup();
        (pieces.len() >= MIN_SHINGLES).then_some(CodeFingerprint(pieces))
    }

    /// How much of two codes is the same, 0 to 1: shared pieces through all pieces.
    pub fn likeness(&self, other: &CodeFingerprint) -> f64 {
        let shared = self.0.iter().filter(|piece| other.0.binary_search(piece).is_ok()).count();
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f64 / all as f64 }
    }
}

fn shingles(language: Language, text: &str) -> Vec<u64> {
    let Some(tree) = language.parse(text) else { return Vec::new() };
    let leaves: Vec<Node<'_>> =
        nodes(tree.root_node()).filter(|node| node.child_count() == 0 && node.kind() != "comment").collect();
    // A name that stands elsewhere than where something is called or reached is one that this file made up.
    let made_up: HashSet<&str> = leaves
        .iter()
        .filter(|node| node.kind() == "identifier" && !is_reached(**node))
        .map(|node| text_at(*node, text))
        .collect();
    let tokens: Vec<&str> = leaves
        .iter()
        .map(|node| match node.kind() {
            // What is called says what is done.
            "identifier" if is_reached(*node) && !made_up.contains(text_at(*node, text)) => text_at(*node, text),
            "property_identifier" => text_at(*node, text),
            kind => kind,
        })
        .collect();
    let pieces = tokens.windows(SHINGLE).take(MAX_SHINGLES).map(|piece| {
        let mut hasher = DefaultHasher::new();
        piece.hash(&mut hasher);
        hasher.finish()
    });
    pieces.collect()
}

/// Whether a name stands where something is called, imported or reached.
fn is_reached(node: Node<'_>) -> bool {
    node.parent()
        .is_some_and(|parent| matches!(parent.kind(), "call" | "call_expression" | "attribute" | "dotted_name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "import json, sys\n\ndef work(rows):\n    total = 0\n    for row in rows:\n        if row.get(1) and row[2] > 10:\n            total += row[2] * 2\n        else:\n            total -= 1\n    return [total, len(rows)]\n\nrequest = json.load(sys.stdin)\nprint(json.dumps(work(request)))\n";

    fn of(code: &str) -> CodeFingerprint {
        CodeFingerprint::of([(Language::Python, code)]).unwrap()
    }

    #[test]
    fn renaming_everything_changes_nothing_and_calling_something_else_does() {
        let renamed = CODE.replace("work", "handle").replace("total", "sum").replace("row", "line").replace("10", "7");
        assert!((of(CODE).likeness(&of(&renamed)) - 1.0).abs() < f64::EPSILON);
        let other = CODE.replace("json.load", "pickle.restore").replace("row.get", "row.drop");
        assert!(of(CODE).likeness(&of(&other)) < 0.9);
    }

    #[test]
    fn a_few_lines_are_no_code_to_compare() {
        assert_eq!(CodeFingerprint::of([(Language::Python, "import sys\nprint(sys.argv)\n")]), None);
    }
}
