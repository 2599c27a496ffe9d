//! Source files as checks and repairs read them: the language, and the syntax tree.

use super::budget::{self, BudgetStop, ReadLimits, Unread};
use super::digest::VersionFile;
use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// Maximum length of a parsed file in bytes; the catalog accepts none that is longer.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The parser reads pieces of this many bytes and can be stopped between two of them: one token may be as long as the
/// file.
const PIECE: usize = 16 * 1024;

/// Maximum number of open brackets. The cost of error recovery in the parser grows with the square of them.
const MAX_OPEN: usize = 2_000;

/// Maximum number of rounds of 100 parser steps: 1 MiB of ordinary code takes 20,000.
const MAX_ROUNDS: u32 = 100_000;

/// Rounds between two readings of the clock.
const ROUNDS_PER_LOOK: u32 = 16;

/// Number of refused texts that are remembered, so that each check does not parse them again.
const MAX_REFUSED: usize = 64;

/// How long they are remembered: a busy machine may have been the cause.
const REFUSED_FOR: Duration = Duration::from_mins(1);

/// Maximum depth of a tree, because the path to the root is walked repeatedly. Real code stays below 100.
const MAX_DEPTH: usize = 500;

/// Maximum number of nodes of one tree; a file of 20,000 lines has fewer.
const MAX_NODES: usize = 400_000;

/// A language that can be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Python: `.py`, `.pyi` and `.pyw`.
    Python,
    /// JavaScript, which may contain JSX.
    JavaScript,
    /// TypeScript without JSX.
    TypeScript,
    /// TypeScript with JSX (`.tsx`).
    Tsx,
    /// POSIX shell and bash.
    Bash,
}

impl Language {
    /// The language of a file: by its extension, otherwise by the interpreter in its first line.
    pub fn of(path: &str, text: &str) -> Option<Language> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
        match ending.to_ascii_lowercase().as_str() {
            "py" | "pyi" | "pyw" => Some(Language::Python),
            "sh" | "bash" => Some(Language::Bash),
            "js" | "mjs" | "cjs" | "jsx" => Some(Language::JavaScript),
            "ts" | "mts" | "cts" => Some(Language::TypeScript),
            "tsx" => Some(Language::Tsx),
            _ => Language::of_first_line(text),
        }
    }

    fn of_first_line(text: &str) -> Option<Language> {
        let mut words = text.lines().next()?.strip_prefix("#!")?.split_whitespace();
        let program = words.next()?;
        if program_name(program) != "env" {
            return Language::of_program(program);
        }
        // Skips options and variables before the program; `-S` may be joined to it.
        let mut words = words.map(|word| word.trim_start_matches("-S"));
        words
            .find(|word| !word.is_empty() && !word.starts_with('-') && !word.contains('='))
            .and_then(Language::of_program)
    }

    /// The language that a program reads, by its name or path; a version at its end is ignored.
    pub fn of_program(program: &str) -> Option<Language> {
        match program_name(program) {
            "sh" | "bash" | "dash" | "ash" | "ksh" => Some(Language::Bash),
            "node" | "nodejs" | "bun" | "zx" => Some(Language::JavaScript),
            "deno" | "tsx" | "ts-node" => Some(Language::TypeScript),
            "uv" => Some(Language::Python),
            name if name.starts_with("python") => Some(Language::Python),
            _ => None,
        }
    }

    /// Whether it is JavaScript or a superset of it.
    pub const fn is_javascript(self) -> bool {
        matches!(self, Language::JavaScript | Language::TypeScript | Language::Tsx)
    }

    /// Its name for a reader.
    pub const fn name(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::TypeScript | Language::Tsx => "TypeScript",
            Language::Bash => "shell",
        }
    }

    fn grammar(self) -> tree_sitter::Language {
        match self {
            Language::Python => tree_sitter_python::LANGUAGE.into(),
            Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Language::Bash => tree_sitter_bash::LANGUAGE.into(),
        }
    }

    /// The tree of a text; `None` if it is too long, or exceeds [`ReadLimits::PARSE`] or the budget of this thread.
    /// Unread text is recorded in the budget.
    pub fn parse(self, text: &str) -> Option<Tree> {
        parse(&self.grammar(), text.as_bytes())
    }
}

/// A text that exceeded the limits of the parser, and when.
struct Refused {
    unread: Unread,
    at: Duration,
}

static REFUSED: Mutex<VecDeque<Refused>> = Mutex::new(VecDeque::new());

/// One text at a time, so that the growth of memory is caused by this text.
static PARSING: Mutex<()> = Mutex::new(());

/// The tree of a text in any language; `None` as for [`Language::parse`].
pub fn parse(grammar: &tree_sitter::Language, text: &[u8]) -> Option<Tree> {
    let hash = *blake3::hash(text).as_bytes();
    if let Some(known) = refused(&hash) {
        budget::left_unread(known);
        return None;
    }
    let result = if text.len() > MAX_BYTES {
        Err((BudgetStop::Length(MAX_BYTES as u64), 0))
    } else if let Some(at) = too_deep(text, MAX_OPEN) {
        Err((BudgetStop::Depth(MAX_OPEN), at))
    } else {
        parse_within(grammar, text)
    };
    result
        .map_err(|(stop, read)| {
            let unread = Unread { text: hash, read: read as u64, of: text.len() as u64, stop };
            refuse(unread.clone());
            budget::left_unread(unread);
        })
        .ok()
}

/// The place where more than `most` brackets are open, ignoring strings and comments; `None` if there is none.
pub(super) fn too_deep(text: &[u8], most: usize) -> Option<usize> {
    let mut open = 0_usize;
    text.iter().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > most
    })
}

/// Parses until a limit is exceeded; the error contains the limit and the number of bytes read.
fn parse_within(grammar: &tree_sitter::Language, text: &[u8]) -> Result<Tree, (BudgetStop, usize)> {
    let _one = PARSING.lock().unwrap_or_else(PoisonError::into_inner);
    let begun = budget::usage();
    let (stop, rounds, read) = (Cell::new(None), Cell::new(0_u32), Cell::new(0_usize));
    let look = || {
        let spent = begun.and_then(|begun| budget::spent(ReadLimits::PARSE, begun, budget::usage()?));
        stop.set(stop.get().or(spent).or_else(budget::stopped));
        stop.get().is_some()
    };
    let mut progress = |state: &tree_sitter::ParseState| {
        rounds.set(rounds.get() + 1);
        read.set(state.current_byte_offset());
        if rounds.get() > MAX_ROUNDS {
            stop.set(Some(BudgetStop::Steps));
        }
        if rounds.get().is_multiple_of(ROUNDS_PER_LOOK) && look() || stop.get().is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    // After the limit, the text appears to end: this also stops a scanner in the middle of a token.
    let mut piece = |from: usize, _| {
        let from = from.min(text.len());
        let to = (from + PIECE).min(text.len());
        if look() { &text[..0] } else { &text[from..to] }
    };
    let mut parser = Parser::new();
    parser.set_language(grammar).map_err(|_| (BudgetStop::Steps, 0))?;
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree = parser.parse_with_options(&mut piece, None, Some(options));
    // The end may take more than everything before.
    look();
    match (tree, stop.get()) {
        (Some(tree), None) => Ok(tree),
        (_, stop) => Err((stop.unwrap_or(BudgetStop::Steps), read.get().min(text.len()))),
    }
}

fn now() -> Duration {
    budget::usage().unwrap_or_default().elapsed
}

fn refused(hash: &[u8; 32]) -> Option<Unread> {
    let mut all = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|refused| now().saturating_sub(refused.at) < REFUSED_FOR);
    all.iter().find(|refused| refused.unread.text == *hash).map(|refused| refused.unread.clone())
}

fn refuse(unread: Unread) {
    let mut all = REFUSED.lock().unwrap_or_else(PoisonError::into_inner);
    all.push_back(Refused { unread, at: now() });
    if all.len() > MAX_REFUSED {
        all.pop_front();
    }
}

/// The name of a program without its folder and without a version at its end: `bash` of `/usr/bin/bash-5.2`.
pub fn program_name(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or_default();
    name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'))
}

/// The text of a file without a byte order mark; `None` if it is not UTF-8.
pub fn text_of(file: &VersionFile) -> Option<&str> {
    std::str::from_utf8(&file.bytes).ok().map(|text| text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Every node of a tree, a parent before its children, in the order of the text; nodes nested too deeply are left out
/// ([`is_beyond`]).
pub fn nodes(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    nodes_by_depth(root).map(|(_, node)| node)
}

/// The same, each with its depth, so that callers need not walk up, for which the parser walks from the root.
pub fn nodes_by_depth(root: Node<'_>) -> impl Iterator<Item = (usize, Node<'_>)> {
    let mut cursor = root.walk();
    let (mut depth, mut is_done) = (0_usize, false);
    let walk = std::iter::from_fn(move || {
        if is_done || budget::is_over() {
            return None;
        }
        let found = (depth, cursor.node());
        if depth < MAX_DEPTH && cursor.goto_first_child() {
            depth += 1;
            return Some(found);
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                is_done = true;
                break;
            }
            depth -= 1;
        }
        Some(found)
    });
    walk.take(MAX_NODES)
}

/// Whether a tree has parts that [`nodes`] leaves out.
pub fn is_beyond(root: Node<'_>) -> bool {
    let mut cursor = root.walk();
    let mut depth = 0_usize;
    for _ in 0..MAX_NODES {
        if budget::is_over() {
            return true;
        }
        if cursor.goto_first_child() {
            depth += 1;
            if depth > MAX_DEPTH {
                return true;
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return false;
            }
            depth -= 1;
        }
    }
    true
}

/// The text of a node.
pub fn text<'a>(node: Node<'_>, source: &'a str) -> &'a str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// The line of a node, counted from 1.
pub fn line(node: Node<'_>) -> u64 {
    node.start_position().row as u64 + 1
}

/// The named children of a node without comments; none if the budget of this thread is used up.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    if budget::is_over() {
        return Vec::new();
    }
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// A text on one line of at most `max` characters.
pub fn excerpt(text: &str, max: usize) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * max {
            break;
        }
    }
    if line.chars().count() <= max {
        return line;
    }
    let cut: String = line.chars().take(max.saturating_sub(1)).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_or_the_first_line_names_the_language() {
        assert_eq!(Language::of("a/tool.py", ""), Some(Language::Python));
        assert_eq!(Language::of("x.tsx", ""), Some(Language::Tsx));
        assert_eq!(Language::of("tool", "#!/usr/bin/env bash\n"), Some(Language::Bash));
        assert_eq!(Language::of("tool", "#!/usr/bin/env -S node --no-warnings\n"), Some(Language::JavaScript));
        assert_eq!(Language::of("tool", "#!/usr/bin/python3.11 -u\n"), Some(Language::Python));
        assert_eq!(Language::of("tool", "#!/usr/bin/env -S A=1 -i uv run --script\n"), Some(Language::Python));
        assert_eq!(Language::of("tool", "#!/usr/bin/env -Spython3 -u\n"), Some(Language::Python));
        assert_eq!(Language::of("tool.toml", "a = 1"), None);
        // The text after the interpreter is its argument.
        assert_eq!(Language::of("tool", "#!/usr/bin/perl python3\n"), None);
        assert_eq!(Language::of("tool", "#!/usr/bin/env perl -w bash\n"), None);
    }

    #[test]
    fn a_program_says_what_it_reads_whatever_its_folder_and_version() {
        for (programs, language) in [
            (["sh", "/bin/bash", "bash-5.2", "dash", "ash", "ksh93"], Language::Bash),
            (["node", "nodejs", "node20", "node-22", "/usr/local/bin/bun", "bun1.2"], Language::JavaScript),
            (["deno", "deno2", "tsx", "ts-node", "/opt/bin/tsx", "deno-2.1.4"], Language::TypeScript),
            (["python", "python3", "python3.12", "/usr/bin/python3.13t", "python3-dbg", "uv"], Language::Python),
        ] {
            for program in programs {
                assert_eq!(Language::of_program(program), Some(language), "{program}");
            }
        }
        for program in ["", "3", "cat", "nodemon", "shred", "bash-completion", "perl", "env", "--no-warnings"] {
            assert_eq!(Language::of_program(program), None, "{program}");
        }
    }

    #[test]
    fn every_node_is_seen_once_and_parents_come_first() {
        let tree = Language::Python.parse("a = f(1)\n").unwrap();
        let kinds: Vec<&str> = nodes(tree.root_node()).filter(Node::is_named).map(|node| node.kind()).collect();
        let expected = [
            "module",
            "expression_statement",
            "assignment",
            "identifier",
            "call",
            "identifier",
            "argument_list",
            "integer",
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("a(\n   b,\n c)", 20), "a( b, c)");
        assert_eq!(excerpt("abcdefghij", 5), "abcd…");
    }
}
