//! Python files that the Python of today does not load: Python 2, prose, unresolved merges.
//!
//! Only lines that are no statement by their first words are looked at, and only a file with one of them is parsed.

use super::ScriptText;
use crate::domain::SafeText;
use crate::domain::source::Language;
use tree_sitter::{Node, Point, Tree};

/// Suspicious lines that are compared with the tree.
const MAX_LINES: usize = 40;

/// Characters of a line that are shown.
const SHOWN_CHARS: usize = 60;

/// Words that a statement or a part of one may begin with before another word.
const BEFORE: &[&str] = &[
    "import", "from", "def", "class", "if", "elif", "else", "for", "while", "with", "try", "except", "finally",
    "return", "raise", "assert", "del", "global", "nonlocal", "async", "await", "lambda", "not", "yield", "pass", "in",
    "is", "and", "or", "as", "match", "case", "type", "break", "continue",
];

/// Words that join two values.
const JOINING: &[&str] = &["in", "is", "and", "or", "not", "if", "else", "for", "as", "async", "import"];

/// Statements that only Python 2 has.
const OLD: &[&str] = &["print_statement", "exec_statement"];

/// Why Python does not load a script, with the line.
pub(in crate::catalog) fn fault(script: &ScriptText<'_>) -> Option<String> {
    let text = script.text;
    let is_old = text.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains("python2"));
    if script.language != Some(Language::Python) || is_old {
        return None;
    }
    let suspects: Vec<(usize, &str)> = code_lines(text).filter(|(_, line)| is_suspect(line)).take(MAX_LINES).collect();
    if suspects.is_empty() {
        return None;
    }
    let tree = Language::Python.parse(text)?;
    let (row, line) = suspects.into_iter().find(|(row, line)| is_refused(&tree, *row, line))?;
    let shown: String = line.trim().chars().take(SHOWN_CHARS).collect();
    let (number, shown) = (row + 1, SafeText::new(&shown));
    let is_old = is_old_statement(&tree, row, line) || old_except(line.trim());
    Some(if is_old {
        format!("line {number} is Python 2: {shown}; convert it, for example with 2to3")
    } else {
        format!("syntax error in line {number}: {shown}; correct it")
    })
}

/// The lines outside of texts over several lines and of comments, with their numbers from 0.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut open: Option<&str> = None;
    text.lines().enumerate().filter(move |(_, line)| {
        let was_open = open.is_some();
        let mut rest = *line;
        loop {
            let next = match open {
                Some(sign) => rest.find(sign).map(|at| (at, sign)),
                None => ["\"\"\"", "'''"].into_iter().filter_map(|sign| Some((rest.find(sign)?, sign))).min(),
            };
            let Some((at, sign)) = next else { break };
            open = if open.is_some() { None } else { Some(sign) };
            rest = &rest[at + sign.len()..];
        }
        !was_open && !line.trim_start().starts_with('#')
    })
}

/// Whether a line puts two words side by side that no statement has so.
fn is_suspect(line: &str) -> bool {
    let line = line.trim();
    if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") {
        return true;
    }
    let word = |text: &'_ str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let (first, rest) = line.split_at(word(line));
    if first.is_empty() || first.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if BEFORE.contains(&first) {
        return old_except(line);
    }
    let Some(rest) = rest.strip_prefix(' ').map(str::trim_start) else { return false };
    let second = &rest[..word(rest)];
    let is_text = |rest: &str| rest.starts_with(['"', '\'', '`']) || rest.starts_with(">>") && first == "print";
    if second.is_empty() { is_text(rest) } else { !JOINING.contains(&second) }
}

/// `except Error, name:`
fn old_except(line: &str) -> bool {
    let caught = line.strip_prefix("except ").and_then(|rest| rest.trim_end().strip_suffix(':'));
    let names = caught.and_then(|caught| caught.rsplit_once(','));
    names.is_some_and(|(_, name)| {
        let name = name.trim();
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The smallest part of the tree that a line lies in.
fn part_of<'t>(tree: &'t Tree, row: usize, line: &str) -> Option<Node<'t>> {
    let begin = line.len() - line.trim_start().len();
    let (from, to) = (Point::new(row, begin), Point::new(row, line.trim_end().len()));
    tree.root_node().descendant_for_point_range(from, to)
}

fn is_refused(tree: &Tree, row: usize, line: &str) -> bool {
    let Some(part) = part_of(tree, row, line) else { return false };
    let is_text = part.kind().contains("string") || part.kind() == "comment";
    !is_text && (part.has_error() || old_except(line.trim()) || is_old_statement(tree, row, line))
}

fn is_old_statement(tree: &Tree, row: usize, line: &str) -> bool {
    let mut part = part_of(tree, row, line);
    while let Some(node) = part.filter(|node| node.start_position().row == row) {
        if OLD.contains(&node.kind()) {
            return true;
        }
        part = node.parent();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<String> {
        fault(&ScriptText::new("x.py", text, Some(Language::Python)))
    }

    #[test]
    fn what_python_does_not_load_is_told_with_its_line() {
        for (text, line, word) in [
            ("import os\nprint \"a\"\n", 2, "Python 2"),
            ("def f(x):\n    print x.y, 1\n", 2, "Python 2"),
            ("import sys\nprint >>sys.stderr, 'x'\n", 2, "Python 2"),
            ("code = '1'\nexec code in {}\n", 2, "Python 2"),
            ("try:\n    f()\nexcept ValueError, e:\n    pass\n", 3, "Python 2"),
            ("Moved to https://example.org/x.py\n", 1, "syntax error"),
            ("import os\n<<<<<<< HEAD\nx = 1\n", 2, "syntax error"),
        ] {
            let told = told(text).unwrap();
            assert!(told.contains(&format!("line {line}")) && told.contains(word), "{text}: {told}");
        }
    }

    #[test]
    fn what_python_loads_is_no_fault() {
        for text in [
            "\"\"\"Print x now.\n\nprint \"a\"\n\"\"\"\nprint(\"a\")\n",
            "print (\"a\")\nprint (1), 2\n",
            "x = '''\nprint a\n'''\n# print a\n",
            "y = [a for a in b\n     if a not in c]\nmatch y:\n    case 1: pass\n",
            "type X = int\nasync def f():\n    await g()\n",
            "try:\n    f()\nexcept (ValueError, e):\n    pass\nexcept OSError as e:\n    pass\n",
            "x = f(a\n  if b else c,\n  lambda x: x)\n",
            "#!/usr/bin/python2\nprint 1\n",
            "text = \"\\\nprint a \\\nMoved to b\"\n",
            "with open(x) as a, \\\n     open(y) as b:\n    pass\n",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
        assert_eq!(fault(&ScriptText::new("x.sh", "print a\n", Some(Language::Bash))), None);
    }
}
