//! Source files as checks and repairs read them: the language, and the tree of the syntax.

use super::digest::VersionFile;
use tree_sitter::{Node, Parser, Tree};

/// Longer files are not parsed, in bytes; the catalog accepts none.
const MAX_BYTES: usize = 1024 * 1024;

/// Deeper parts of a tree are not looked at: the way up to the root is walked again and again. Real code stays below 100.
const MAX_DEPTH: usize = 500;

/// More parts of one tree are not looked at; a file of 20,000 lines has fewer.
const MAX_NODES: usize = 400_000;

/// A language whose syntax is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Python.
    Python,
    /// JavaScript, with JSX.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// POSIX shell and bash.
    Bash,
}

impl Language {
    /// The language of a file: by its ending, else by the interpreter its first line names.
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
        let words = text.lines().next()?.strip_prefix("#!")?;
        words.split_whitespace().find_map(Language::of_program)
    }

    /// The language that a program reads, by its name or path; a version at its end says nothing of it.
    pub fn of_program(program: &str) -> Option<Language> {
        match program_name(program) {
            "sh" | "bash" | "dash" | "ash" | "ksh" => Some(Language::Bash),
            "node" | "nodejs" | "bun" => Some(Language::JavaScript),
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

    /// The tree of a text; `None` when it is too long or the parser gives up.
    pub fn parse(self, text: &str) -> Option<Tree> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut parser = Parser::new();
        parser.set_language(&self.grammar()).ok()?;
        parser.parse(text, None)
    }
}

/// The name of a program without its folder and without a version at its end: `bash` of `/usr/bin/bash-5.2`.
pub fn program_name(program: &str) -> &str {
    let name = program.rsplit('/').next().unwrap_or_default();
    name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'))
}

/// The text of a file without a mark of the byte order; `None` when it is no UTF-8.
pub fn text_of(file: &VersionFile) -> Option<&str> {
    std::str::from_utf8(&file.bytes).ok().map(|text| text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The files whose language is known, each with its text.
pub fn sources(files: &[VersionFile]) -> impl Iterator<Item = (&str, Language, &str)> {
    files.iter().filter_map(|file| {
        let text = text_of(file)?;
        Some((file.path.as_str(), Language::of(&file.path, text)?, text))
    })
}

/// Every node of a tree, a parent before its children, in the order of the text; what lies deeper than anybody
/// writes is left out ([`is_beyond`]).
pub fn nodes(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let mut cursor = root.walk();
    let (mut depth, mut is_done) = (0_usize, false);
    let walk = std::iter::from_fn(move || {
        if is_done {
            return None;
        }
        let node = cursor.node();
        if depth < MAX_DEPTH && cursor.goto_first_child() {
            depth += 1;
            return Some(node);
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                is_done = true;
                break;
            }
            depth -= 1;
        }
        Some(node)
    });
    walk.take(MAX_NODES)
}

/// Whether a tree has parts that [`nodes`] leaves out.
pub fn is_beyond(root: Node<'_>) -> bool {
    let mut cursor = root.walk();
    let mut depth = 0_usize;
    for _ in 0..MAX_NODES {
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

/// The named children of a node, comments left out.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
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
        assert_eq!(Language::of("tool.toml", "a = 1"), None);
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
