//! The paths that a source file names, groups of `use` taken apart.

use super::mask::{Lines, is_word};

/// A path such as `crate::store::Store`, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its parts; `*` for a glob.
    pub parts: Vec<String>,
    /// Line, counted from 1.
    pub line: usize,
}

impl Named {
    /// Whether the path begins with these parts.
    pub fn starts_with(&self, parts: &[&str]) -> bool {
        self.parts.len() >= parts.len() && self.parts.iter().zip(parts).all(|(a, b)| a == b)
    }

    /// Whether these parts follow one another anywhere in the path.
    pub fn has(&self, parts: &[&str]) -> bool {
        self.parts.windows(parts.len()).any(|window| window.iter().zip(parts).all(|(a, b)| a == b))
    }

    /// The path as written out.
    pub fn text(&self) -> String {
        self.parts.join("::")
    }
}

/// Every path of at least two parts in blanked code, and every single name that is imported.
pub fn named_paths(code: &[char], lines: &Lines) -> Vec<Named> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if !is_word(code[at]) || (at > 0 && (is_word(code[at - 1]) || code[at - 1] == '\'')) {
            at += 1;
            continue;
        }
        let mut reader = Reader { code, lines, at, found: Vec::new() };
        let word = reader.word();
        if word == "use" {
            reader.skip_blanks();
            reader.skip_colons();
            reader.tree(&[]);
        } else {
            reader.at = at;
            reader.tree(&[]);
            reader.found.retain(|named| named.parts.len() > 1);
        }
        at = reader.at.max(at + 1);
        found.append(&mut reader.found);
    }
    found
}

struct Reader<'a> {
    code: &'a [char],
    lines: &'a Lines,
    at: usize,
    found: Vec<Named>,
}

impl Reader<'_> {
    fn word(&mut self) -> String {
        let start = self.at;
        while self.code.get(self.at).copied().is_some_and(is_word) {
            self.at += 1;
        }
        self.code[start..self.at].iter().collect()
    }

    fn skip_blanks(&mut self) {
        while self.code.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips `::`, with blanks around it, and says whether it was there.
    fn skip_colons(&mut self) -> bool {
        let before = self.at;
        self.skip_blanks();
        if self.code[self.at..].starts_with(&[':', ':']) {
            self.at += 2;
            self.skip_blanks();
            return true;
        }
        self.at = before;
        false
    }

    /// Reads a path or a group, and notes every leaf below `prefix`.
    fn tree(&mut self, prefix: &[String]) {
        let mut parts = prefix.to_vec();
        let start = self.at;
        loop {
            match self.code.get(self.at) {
                Some('{') => return self.group(&parts),
                Some('*') => {
                    self.at += 1;
                    parts.push("*".to_owned());
                    break;
                }
                Some(c) if is_word(*c) => parts.push(self.word()),
                _ => break,
            }
            if !self.skip_colons() {
                break;
            }
        }
        // `use<'a>` names lifetimes, not paths.
        if !parts.is_empty() {
            self.found.push(Named { parts, line: self.lines.at(start) });
        }
    }

    fn group(&mut self, prefix: &[String]) {
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.code.get(self.at) {
                None => return,
                Some('}') => {
                    self.at += 1;
                    return;
                }
                Some(',') => self.at += 1,
                Some(c) if is_word(*c) || *c == '*' || *c == '{' => {
                    self.tree(prefix);
                    self.skip_rename();
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn skip_rename(&mut self) {
        while self.code.get(self.at).is_some_and(|c| !matches!(c, ',' | '}')) {
            self.at += 1;
        }
    }
}

#[test]
fn groups_globs_renames_and_paths_in_code_are_taken_apart() {
    let source = "use crate::{\n  domain::{self, Run as R},\n  store::*,\n};\nuse rusqlite;\nfn f(x: super :: b::C) { std::fs::read::<u8>(y); z }";
    let code: Vec<char> = source.chars().collect();
    let named: Vec<(String, usize)> =
        named_paths(&code, &Lines::of(&code)).iter().map(|named| (named.text(), named.line)).collect();
    let expected = [
        ("crate::domain::self", 2),
        ("crate::domain::Run", 2),
        ("crate::store::*", 3),
        ("rusqlite", 5),
        ("super::b::C", 6),
        ("std::fs::read::", 6),
    ];
    let expected: Vec<(String, usize)> =
        expected.map(|(text, line)| (text.trim_end_matches("::").to_owned(), line)).to_vec();
    assert_eq!(named, expected);
}
