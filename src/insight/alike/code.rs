//! The comparable parts of the code that a tool executes.
//!
//! A copy has other names for its variables and functions, other comments, another layout, and perhaps a function
//! around it. It has the same calls, imports, texts and numbers. Two tools that follow one pattern have the same
//! structure, but in some places one has a call or a text that differs from the other's.

use super::own::{OwnNames, is_name};
use crate::domain::source::{Language, nodes, text as text_at};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use tree_sitter::Node;

/// Maximum number of tokens of one file that are examined.
const MAX_TOKENS: usize = 6_000;

/// With fewer tokens or different words, two tools count as the same only if they are identical.
const MIN_TOKENS: usize = 15;
const MIN_WORDS: usize = 4;

/// Code with fewer tokens and fewer words in texts is not compared.
const ANY_TOKENS: usize = 12;
const ANY_WORDS: usize = 2;

/// Maximum share of names and words that only one of two copies has.
const EXTRA: f64 = 0.03;

/// Minimum share of structure that copies have in common.
const STRUCTURE: f64 = 0.75;

/// Maximum similarity of code in which something is replaced.
const REPLACED: f64 = 0.79;

/// Names and words that start and end a script.
const FRAME: &[&str] = &["__name__", "__main__", "main", "exit", "sys", "argv"];

/// A fingerprint of the code that a tool executes, without its own names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CodeFingerprint {
    /// Hashes of each two consecutive tokens, ascending, with duplicates.
    pairs: Vec<u64>,
    /// Names that are imported or called, or fields of foreign objects, ascending.
    names: Vec<u64>,
    /// Words in texts, and numbers, ascending.
    words: Vec<u64>,
    /// Operators, ascending, with duplicates.
    signs: Vec<u64>,
    /// A hash of all code without comments and layout, including its own names.
    exact: Vec<u64>,
}

/// A token of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'s> {
    /// A name that the file defines.
    Own,
    /// Another name.
    Name(&'s str),
    /// A word in a text, a number, or a text without words.
    Word(&'s str),
    /// An operator, or a keyword that affects control flow or logic.
    Sign(&'s str),
    /// Any other token.
    Other(&'s str),
}

impl CodeFingerprint {
    /// The fingerprint of the source files of a tool; `None` when there is too little code to compare.
    pub fn of<'a>(sources: impl IntoIterator<Item = (Language, &'a str)>) -> Option<CodeFingerprint> {
        let mut found = CodeFingerprint::default();
        for (language, text) in sources {
            let Some(tree) = language.parse(text) else { continue };
            let own = OwnNames::of(tree.root_node(), text, language);
            let (tokens, exact) = tokens(tree.root_node(), text, &own);
            found.add(&tokens);
            found.exact.push(hashed(exact));
        }
        found.finished()
    }

    /// A fingerprint of words instead of code: for a command, or a script in an unsupported language.
    pub fn of_words(text: &str) -> Option<CodeFingerprint> {
        let tokens: Vec<Token<'_>> = text.split_whitespace().take(MAX_TOKENS).map(Token::Word).collect();
        let mut found = CodeFingerprint {
            exact: vec![hashed(text.split_whitespace().collect::<Vec<_>>())],
            ..CodeFingerprint::default()
        };
        found.add(&tokens);
        found.finished()
    }

    fn add(&mut self, tokens: &[Token<'_>]) {
        let tokens = &tokens[..tokens.len().min(MAX_TOKENS)];
        let value = |token: &Token<'_>| match token {
            Token::Own => 0,
            Token::Name(text) | Token::Word(text) | Token::Sign(text) | Token::Other(text) => hashed(text),
        };
        self.pairs.extend(tokens.windows(2).map(|pair| hashed((value(&pair[0]), value(&pair[1])))));
        for token in tokens {
            match token {
                Token::Name(_) => self.names.push(value(token)),
                Token::Word(_) => self.words.push(value(token)),
                Token::Sign(_) => self.signs.push(value(token)),
                Token::Own | Token::Other(_) => {}
            }
        }
    }

    fn finished(mut self) -> Option<CodeFingerprint> {
        for list in [&mut self.pairs, &mut self.names, &mut self.words, &mut self.signs] {
            list.sort_unstable();
        }
        self.names.dedup();
        self.words.dedup();
        let is_enough = self.pairs.len() + 1 >= ANY_TOKENS || self.words.len() >= ANY_WORDS;
        (is_enough && !self.pairs.is_empty()).then_some(self)
    }

    /// Whether both are equal apart from comments and layout.
    pub fn is_identical(&self, other: &CodeFingerprint) -> bool {
        self.exact == other.exact
    }

    /// The similarity of the code of two tools, 0 to 1. At [`super::NEAR`] or above, one can replace the other.
    pub fn likeness(&self, other: &CodeFingerprint) -> f64 {
        if self.is_identical(other) {
            return 1.0;
        }
        let structure = Both::of(&self.pairs, &other.pairs);
        let (names, words) = (Both::of(&self.names, &other.names), Both::of(&self.words, &other.words));
        let signs = Both::of(&self.signs, &other.signs);
        let kept = names.shared + words.shared;
        let extra = names.extra() + words.extra();
        let share = f64::midpoint(structure.dice(), ratio(kept, kept + extra));
        let is_short = self.pairs.len().min(other.pairs.len()) + 1 < MIN_TOKENS || kept + extra < MIN_WORDS;
        let is_same = extra == 0 && structure.extra() == 0;
        let is_other = [&names, &words, &signs].iter().any(|both| both.is_replaced())
            || extra as f64 > EXTRA * (kept + extra) as f64
            || structure.dice() < STRUCTURE
            || is_short && !is_same;
        if is_other { share.min(REPLACED) } else { share }
    }

    /// A fingerprint with these pieces.
    #[cfg(test)]
    pub(super) fn of_pieces(pieces: impl Iterator<Item = u64>) -> CodeFingerprint {
        let pairs: Vec<u64> = pieces.collect();
        let exact = vec![hashed(&pairs)];
        CodeFingerprint { words: (0..9).collect(), exact, pairs, ..CodeFingerprint::default() }
    }
}

/// The comparison of two ascending lists: the number of common elements, and of those in only one; duplicates count.
struct Both {
    shared: usize,
    one: usize,
    other: usize,
}

impl Both {
    fn of(one: &[u64], other: &[u64]) -> Both {
        let (mut shared, mut at) = (0, 0);
        for piece in one {
            at += other[at..].partition_point(|known| known < piece);
            if other.get(at) == Some(piece) {
                shared += 1;
                at += 1;
            }
        }
        Both { shared, one: one.len() - shared, other: other.len() - shared }
    }

    fn extra(&self) -> usize {
        self.one + self.other
    }

    /// Whether each has something that the other has not.
    fn is_replaced(&self) -> bool {
        self.one > 0 && self.other > 0
    }

    fn dice(&self) -> f64 {
        ratio(2 * self.shared, 2 * self.shared + self.extra())
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

fn hashed(piece: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    piece.hash(&mut hasher);
    hasher.finish()
}

/// The significant tokens of a tree in text order, and a hash of all its code.
fn tokens<'s>(root: Node<'_>, source: &'s str, own: &OwnNames<'s>) -> (Vec<Token<'s>>, u64) {
    let (mut found, mut exact) = (Vec::new(), DefaultHasher::new());
    // The end of a text that was handled as a whole, or of the condition that checks for the main file.
    let mut until = 0;
    for node in nodes(root) {
        if node.start_byte() < until {
            continue;
        }
        if node.kind().ends_with("comment") || is_docstring(node) {
            until = node.end_byte();
            continue;
        }
        if matches!(node.kind(), "type" | "type_annotation") {
            // Code does the same without its annotations.
            text_at(node, source).hash(&mut exact);
            until = node.end_byte();
            continue;
        }
        let is_text = is_whole_text(node);
        if node.child_count() > 0 && !is_text {
            if starts_only(node, source) {
                // `if __name__ == "__main__":` only wraps the code that follows.
                until = node.child_by_field_name("consequence").map_or(until, |body| body.start_byte());
            }
            continue;
        }
        until = node.end_byte().max(until);
        let text = text_at(node, source);
        text.trim().hash(&mut exact);
        if node.kind() == "word" && own.has(node, text) {
            found.push(Token::Own);
        } else if is_text {
            add_text(text, &mut found);
        } else {
            found.extend(token(node, text, own));
        }
    }
    (found, exact.finish())
}

/// The token of a leaf; `None` for separators.
fn token<'s>(node: Node<'_>, text: &'s str, own: &OwnNames<'s>) -> Option<Token<'s>> {
    let is_command = node.parent().is_some_and(|parent| parent.kind() == "command_name");
    if is_name(node) || is_command && node.kind() == "word" {
        return match text {
            _ if own.has(node, text) => Some(Token::Own),
            _ if FRAME.contains(&text) => None,
            _ => Some(Token::Name(text)),
        };
    }
    match text {
        "" | "(" | ")" | "[" | "]" | "{" | "}" | "," | ";" | ";;" | ":" | "\"" | "'" | "`" | "$(" | "${" | "$"
        | "[[" | "]]" | "((" | "))" | "$((" | "=>" | "=" | "let" | "var" | "const" | "function" | "return"
        | "export" | "local" | "readonly" | "then" | "do" | "done" | "fi" | "in" | "esac" | "def" => None,
        _ if text.trim().is_empty() || node.kind() == "string_start" || node.kind() == "string_end" => None,
        "===" => Some(Token::Sign("==")),
        "!==" => Some(Token::Sign("!=")),
        "and" | "or" | "not" | "is" | "True" | "False" | "true" | "false" | "break" | "continue" | "raise"
        | "throw" => Some(Token::Sign(text)),
        _ if node.kind() == "test_operator" => Some(Token::Sign(text)),
        "|" | ">" | "<" | ">>" | "<<" => Some(Token::Other(text)),
        _ if text.bytes().all(|byte| b"-+*/%<>=!&|^~".contains(&byte)) => Some(Token::Sign(text)),
        _ => Some(Token::Other(text)),
    }
}

/// Whether a node is a text or a number without embedded code, or a piece of text between embedded code.
fn is_whole_text(node: Node<'_>) -> bool {
    let is_code = |child: &Node<'_>| {
        matches!(
            child.kind(),
            "interpolation"
                | "template_substitution"
                | "simple_expansion"
                | "expansion"
                | "command_substitution"
                | "arithmetic_expansion"
        )
    };
    match node.kind() {
        "string" | "template_string" | "raw_string" | "ansi_c_string" | "heredoc_body" | "regex" => {
            (0..node.child_count()).filter_map(|at| node.child(at)).all(|child| !is_code(&child))
        }
        "integer" | "float" | "number" | "string_content" | "string_fragment" | "heredoc_content" => true,
        "word" => {
            node.parent().is_none_or(|parent| parent.kind() != "command_name" && parent.kind() != "function_definition")
        }
        _ => false,
    }
}

/// Adds the words of a text; a text without words is added as a whole, without quotation marks.
fn add_text<'s>(text: &'s str, found: &mut Vec<Token<'s>>) {
    let before = found.len();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    // A prefix such as the f of f"…", and the n of
    // , are not words.
    let is_word = |word: &&str| word.len() > 1 || !text.starts_with(*word) && !text.contains(&format!("\\{word}"));
    found.extend(words.filter(is_word).filter(|word| !FRAME.contains(word)).map(Token::Word));
    if found.len() == before {
        let is_mark = |c: char| matches!(c, '"' | '\'' | '`');
        let plain = text.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_matches(is_mark);
        found.push(Token::Word(if plain.is_empty() { "\"\"" } else { plain }));
    }
}

/// Whether a statement only checks if the file is the main file.
fn starts_only(node: Node<'_>, source: &str) -> bool {
    node.kind() == "if_statement"
        && node
            .child_by_field_name("condition")
            .is_some_and(|condition| text_at(condition, source).contains("__name__"))
}

fn is_docstring(node: Node<'_>) -> bool {
    node.kind() == "string" && node.parent().is_some_and(|parent| parent.kind() == "expression_statement")
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
        for other in [
            CODE.replace("json.load", "pickle.restore"),
            CODE.replace("row.get", "row.drop"),
            CODE.replace("> 10", "> 11"),
            CODE.replace("total -= 1", "total += 1"),
        ] {
            assert!(of(CODE).likeness(&of(&other)) < 0.8, "{other}");
        }
        let imported = "from urllib.parse import quote\nimport sys\nfor line in sys.stdin:\n    print('line:', ' '.join(map(quote, line.strip().split(','))))\n";
        let back = imported.replace("quote", "unquote");
        assert!(of(imported).likeness(&of(&back)) < 0.8, "what is imported is no name of the author");
    }

    #[test]
    fn a_function_around_a_script_and_another_layout_hide_no_copy() {
        let script = "import re\nwords = []\nwith open(\"text.txt\", \"r\") as f:\n    for line in f:\n        # all of them\n        words.extend(re.findall(r\"[a-z]+\", line.lower()))\nonce = {}\nfor each in words:\n    if((each not in once)):\n        once[each] = 0\n    once[each] += 1\nprint(sorted(once))\n";
        let around = "#!/usr/bin/env python3\n\"\"\"Which words?\"\"\"\nimport re\n\ndef go():\n    a = []\n    with open('text.txt', 'r') as b:\n        for c in b:\n            a.extend(re.findall('[a-z]+', c.lower()))\n    d = {}\n    for e in a:\n        if e not in d:\n            d[e] = 0\n        d[e] += 1\n    print(sorted(d))\nif __name__ == '__main__':\n    go()\n";
        let likeness = of(script).likeness(&of(around));
        assert!(likeness > 0.9, "{likeness}");
        assert!(!of(script).is_identical(&of(around)));
        let commented = format!("#!/usr/bin/python\n\n{}", script.replace("# all of them", "# each\n"));
        assert!(of(script).is_identical(&of(&commented)));
        let typed = script.replace("words = []", "words: list[str] = []");
        assert!(of(script).likeness(&of(&typed)) > 0.9);
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
        assert_eq!(CodeFingerprint::of([(Language::Python, "import sys\nx = 1\n")]), None);
        assert_eq!(CodeFingerprint::of_words("true"), None);
    }
}
