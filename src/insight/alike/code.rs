//! The comparable parts of the code that a tool executes.

use crate::domain::source::{Language, nodes, text as text_at};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use tree_sitter::Node;

/// Tokens of code in a row that are compared as one.
const SHINGLE: usize = 5;

/// How many shingles and texts of one file are examined.
const MAX_PIECES: usize = 4_000;

/// The minimum number of significant shingles: two programs that read and print share a few.
const MIN_SHINGLES: usize = 12;

/// The minimum number of significant texts.
const MIN_TEXTS: usize = 2;

/// How much of the texts must be the same at least. One that is made of the same pattern for another page, app or
/// device has the same code and other texts.
const SAME_TEXTS: f64 = 0.95;

/// What a tool executes in pieces. Its names do not count: renaming everything changes none of them. Its texts do: the
/// addresses, options, messages and numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeFingerprint {
    /// Tokens in a row, ascending.
    pub(super) shingles: Vec<u64>,
    /// Texts and numbers, ascending.
    pub(super) texts: Vec<u64>,
}

impl CodeFingerprint {
    /// Takes the source files of a tool apart; `None` when they are too little to be compared.
    pub fn of<'a>(sources: impl IntoIterator<Item = (Language, &'a str)>) -> Option<CodeFingerprint> {
        let mut found = CodeFingerprint::default();
        for (language, text) in sources {
            found.add(language, text);
        }
        found.finished()
    }

    /// Compares words instead of code: a command, or a script in a language that is not read.
    pub fn of_words(text: &str) -> Option<CodeFingerprint> {
        let tokens: Vec<&str> = text.split_whitespace().take(MAX_PIECES).collect();
        let shingles = tokens.windows(SHINGLE).map(hashed).collect();
        CodeFingerprint { shingles, texts: tokens.iter().map(hashed).collect() }.finished()
    }

    fn finished(mut self) -> Option<CodeFingerprint> {
        for list in [&mut self.shingles, &mut self.texts] {
            list.sort_unstable();
            list.dedup();
        }
        (self.shingles.len() >= MIN_SHINGLES || self.texts.len() >= MIN_TEXTS).then_some(self)
    }

    fn add(&mut self, language: Language, text: &str) {
        let Some(tree) = language.parse(text) else { return };
        let leaves: Vec<Node<'_>> = nodes(tree.root_node()).filter(|node| is_leaf(*node)).collect();
        // A name that occurs anywhere other than in a call, an import or a member access was chosen by this file.
        let made_up: HashSet<&str> = leaves
            .iter()
            .filter(|node| is_name(**node) && !is_reached(**node))
            .map(|node| text_at(*node, text))
            .collect();
        let is_own = |node: Node<'_>| made_up.contains(text_at(node, text));
        let tokens: Vec<&str> = leaves
            .iter()
            .map(|node| match node.kind() {
                // A called name shows what is done.
                "identifier" if is_reached(*node) && !is_own(*node) => text_at(*node, text),
                "word" if !is_own(*node) => text_at(*node, text),
                "property_identifier" | "test_operator" => text_at(*node, text),
                kind => kind,
            })
            .collect();
        self.shingles.extend(tokens.windows(SHINGLE).take(MAX_PIECES).map(hashed));
        let texts =
            leaves.iter().filter(|node| is_text(**node) && !is_own(**node)).map(|node| text_at(*node, text).trim());
        // A string of one word may be the name of a field.
        let is_field =
            |text: &str| language != Language::Bash && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
        self.texts.extend(texts.filter(|text| !is_field(text)).take(MAX_PIECES).map(hashed));
    }

    /// The similarity of the code of two tools, 0 to 1: the share of common pieces; 0 for the same pattern with other
    /// texts.
    pub fn likeness(&self, other: &CodeFingerprint) -> f64 {
        let texts = share(&self.texts, &other.texts);
        let shingles = share(&self.shingles, &other.shingles);
        let is_short = self.shingles.len().min(other.shingles.len()) < MIN_SHINGLES;
        match (shingles, texts) {
            (Some(shingles), Some(texts)) if is_short => shingles.min(texts),
            (None, Some(texts)) => texts,
            (Some(shingles), None) => shingles,
            (Some(shingles), Some(texts)) if texts >= SAME_TEXTS => shingles,
            (Some(shingles), Some(texts)) => shingles.min(texts * DIFFERING_TEXTS),
            (None, None) => 0.0,
        }
    }
}

/// What other texts leave of the same code.
const DIFFERING_TEXTS: f64 = 0.83;

/// Shared pieces through all pieces of two ascending lists; `None` when both are empty.
fn share(one: &[u64], other: &[u64]) -> Option<f64> {
    let (mut shared, mut at) = (0_usize, 0);
    for piece in one {
        at += other[at..].partition_point(|known| known < piece);
        shared += usize::from(other.get(at) == Some(piece));
    }
    let all = one.len() + other.len() - shared;
    (all > 0).then(|| shared as f64 / all as f64)
}

fn hashed(piece: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    piece.hash(&mut hasher);
    hasher.finish()
}

/// Whether a node is a significant token: not a comment or docstring.
fn is_leaf(node: Node<'_>) -> bool {
    node.child_count() == 0 && !node.kind().ends_with("comment") && !is_docstring(node)
}

fn is_docstring(node: Node<'_>) -> bool {
    let string =
        if node.kind() == "string" { Some(node) } else { node.parent().filter(|node| node.kind() == "string") };
    string.and_then(|string| string.parent()).is_some_and(|parent| parent.kind() == "expression_statement")
}

fn is_name(node: Node<'_>) -> bool {
    matches!(node.kind(), "identifier" | "variable_name") || is_defined_command(node)
}

/// Whether a word of a shell script is the name of a function that is defined here.
fn is_defined_command(node: Node<'_>) -> bool {
    node.kind() == "word" && node.parent().is_some_and(|parent| parent.kind() == "function_definition")
}

fn is_text(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "string_content"
            | "string_fragment"
            | "integer"
            | "float"
            | "number"
            | "word"
            | "raw_string"
            | "regex_pattern"
            | "heredoc_body"
            | "template_string"
    )
}

/// Whether a name is called, imported or accessed as a member.
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

    fn of_shell(code: &str) -> CodeFingerprint {
        CodeFingerprint::of([(Language::Bash, code)]).unwrap()
    }

    #[test]
    fn renaming_everything_changes_nothing_and_calling_something_else_does() {
        let renamed = CODE.replace("work", "handle").replace("total", "sum").replace("row", "line");
        assert!((of(CODE).likeness(&of(&renamed)) - 1.0).abs() < f64::EPSILON);
        let commented = format!("\"\"\"Adds up.\"\"\"\n# Quickly.\n{CODE}");
        assert!((of(CODE).likeness(&of(&commented)) - 1.0).abs() < f64::EPSILON);
        let other = CODE.replace("json.load", "pickle.restore").replace("row.get", "row.drop");
        assert!(of(CODE).likeness(&of(&other)) < 0.9);
    }

    #[test]
    fn the_same_pattern_with_other_texts_is_other_code() {
        let page = |address: &str, key: &str| {
            of_shell(&format!(
                "#!/bin/bash\nquery=\"$1\"\nif [ -z \"$query\" ]; then\n  open \"{address}\"\nelse\n  open \"{address}/?{key}=$query\"\nfi\n"
            ))
        };
        let one = page("https://one.example", "q");
        assert!(one.likeness(&page("https://other.example", "search")) < 0.8);
        assert!((one.likeness(&page("https://one.example", "q")) - 1.0).abs() < f64::EPSILON);
        let short = |words: &str| of_shell(&format!("bscpylgtvcommand \"$IP\" button {words}\n"));
        assert!(short("MUTE").likeness(&short("UNMUTE")) < 0.8);
    }

    #[test]
    fn in_a_shell_script_variables_and_functions_may_have_any_name() {
        let code = "fetch_all() {\n  local target=\"$1\"\n  curl --fail \"https://example.org/$target\" | jq .name\n}\nfor item in a1 b2; do\n  fetch_all \"$item\" || exit 3\ndone\n";
        let renamed = code.replace("fetch_all", "load").replace("target", "what").replace("item", "x");
        assert!((of_shell(code).likeness(&of_shell(&renamed)) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_few_lines_without_a_text_are_no_code_to_compare() {
        assert_eq!(CodeFingerprint::of([(Language::Python, "import sys\nprint(sys.argv)\n")]), None);
        assert_eq!(CodeFingerprint::of_words("true"), None);
    }
}
