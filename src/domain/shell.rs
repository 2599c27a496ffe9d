//! Command lines of a shell, read with the grammar of bash: pipelines, their commands, words and redirections.
//!
//! Nothing is expanded and nothing is run. Parsing is limited by the length of a line, by its open brackets, and by the
//! steps of the parser; it depends only on the text.

use super::source;
use std::borrow::Cow;
use std::ops::ControlFlow;
use tree_sitter::{Node, ParseOptions, Parser};

/// Maximum length of a line in bytes: people and agents write shorter ones.
const MAX_BYTES: usize = 64 * 1024;

/// Maximum number of open brackets and quotes. The cost of error recovery in the parser grows with them.
const MAX_OPEN: usize = 200;

/// Maximum number of rounds of 100 parser steps; a line of 4 KiB takes fewer than 100.
const MAX_ROUNDS: u32 = 4_000;

/// Maximum nesting of statements.
const MAX_DEPTH: usize = 40;

/// A word for a command line that is suggested: quoted for the shell if it needs that.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.@/:=,+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { Cow::Borrowed(word) } else { shell_words::quote(word) }
}

/// A word of a command, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellWord {
    /// Its text; `$x` and `$(…)` as written.
    pub text: String,
    /// Whether a part of it was in quotes, or is the output of a command.
    pub is_quoted: bool,
    /// Whether it is literal: the shell does not replace any part of it by a variable, output or file names.
    pub is_literal: bool,
}

/// A part of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellPart {
    /// An assignment before the program: `LANG=C`.
    Setting(String),
    /// The program or an argument of it.
    Word(ShellWord),
    /// `> out`, `2>&1`, `<<< text`, `<<END`.
    Redirect {
        /// The operator with the number before it: `2>>`, `<`, `<<<`, `<<`; for a copy with its target: `2>&1`.
        sign: String,
        /// Its target, the text that is read, or the lines of a here-document; `None` for a copy.
        target: Option<ShellWord>,
    },
}

/// A command with its arguments and redirections, in the order in which they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellCommand {
    /// Its parts. A loop or a group within a pipeline is its first word: `while`, `{`, `(`.
    pub parts: Vec<ShellPart>,
}

/// Commands in a pipeline: each reads the output of the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellPipeline {
    /// Its commands, one or more.
    pub commands: Vec<ShellCommand>,
}

/// The pipelines of a line, in order, including those in loops, conditions and groups. `None` if the line is not a
/// complete command line (an unclosed quote, an extra bracket), or exceeds the limits.
pub fn pipelines(line: &str) -> Option<Vec<ShellPipeline>> {
    if line.len() > MAX_BYTES || source::too_deep(line.as_bytes(), MAX_OPEN).is_some() {
        return None;
    }
    // In the grammar, here-documents and comments end with a line break.
    let text = format!("{line}\n");
    let mut rounds = 0;
    let mut progress = |_: &tree_sitter::ParseState| {
        rounds += 1;
        if rounds > MAX_ROUNDS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |from: usize, _| text.as_bytes().get(from..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut read, None, Some(options))?;
    if tree.root_node().has_error() {
        return None;
    }
    let mut walk = ShellWalk { text: &text, found: Vec::new() };
    walk.statement(tree.root_node(), 0)?;
    Some(walk.found)
}

/// A text as one word that the shell reads literally: nothing in it is expanded, including braces.
pub fn literal(text: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '=' | '@' | '+' | ',' | '%');
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn named(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// Includes unnamed nodes: a lone `-` is a word.
fn all(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// A pipeline that is being read.
#[derive(Default)]
struct OpenPipeline<'a> {
    commands: Vec<ShellCommand>,
    /// Nested statements, which are read separately afterwards.
    rest: Vec<Node<'a>>,
}

struct ShellWalk<'a> {
    text: &'a str,
    found: Vec<ShellPipeline>,
}

impl<'a> ShellWalk<'a> {
    fn of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Adds the pipelines of a statement; `None` if it is nested too deeply.
    fn statement(&mut self, node: Node<'a>, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut open = OpenPipeline::default();
        match node.kind() {
            // Assignments have no effect alone, and a function has none until it is called.
            "comment" | "function_definition" | "variable_assignment" | "variable_assignments" => {}
            "command" | "declaration_command" | "unset_command" | "test_command" | "pipeline" | "negated_command" => {
                self.commands(node, &mut open, depth)?;
                self.add(open.commands);
            }
            "redirected_statement" => {
                let before = self.found.len();
                if let Some(body) = node.child_by_field_name("body") {
                    self.statement(body, depth + 1)?;
                }
                // `a && b > c`: the redirection belongs to the last command.
                let last = if self.found.len() > before { self.found.pop() } else { None };
                open.commands = last.map(|pipeline| pipeline.commands).unwrap_or_default();
                self.redirects(node, &mut open, depth)?;
                self.add(open.commands);
            }
            _ => open.rest = named(node),
        }
        open.rest.into_iter().try_for_each(|node| self.statement(node, depth + 1))
    }

    fn add(&mut self, commands: Vec<ShellCommand>) {
        if commands.iter().any(|command| !command.parts.is_empty()) {
            self.found.push(ShellPipeline { commands });
        }
    }

    /// Adds the commands of a part of a pipeline; independent statements go to `rest`.
    fn commands(&self, node: Node<'a>, open: &mut OpenPipeline<'a>, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match node.kind() {
            "command" | "declaration_command" | "unset_command" => {
                open.commands.push(ShellCommand::default());
                for child in all(node) {
                    self.part(child, open, depth)?;
                }
            }
            "test_command" => {
                let mut parts = Vec::new();
                self.test(node, &mut parts, depth)?;
                // Removes the closing bracket.
                parts.pop();
                open.commands.push(ShellCommand { parts });
            }
            "pipeline" | "negated_command" => {
                for child in named(node) {
                    self.commands(child, open, depth + 1)?;
                }
            }
            "redirected_statement" => {
                if let Some(body) = node.child_by_field_name("body") {
                    self.commands(body, open, depth + 1)?;
                }
                self.redirects(node, open, depth)?;
            }
            "comment" | "variable_assignment" | "variable_assignments" => {}
            _ => {
                let keyword = node.child(0).map_or("", |first| self.of(first));
                let word = ShellWord { text: keyword.to_owned(), is_quoted: false, is_literal: true };
                open.commands.push(ShellCommand { parts: vec![ShellPart::Word(word)] });
                open.rest.extend(named(node));
            }
        }
        Some(())
    }

    fn redirects(&self, node: Node<'a>, open: &mut OpenPipeline<'a>, depth: usize) -> Option<()> {
        let body = node.child_by_field_name("body");
        let mut end = body.map_or(node.start_byte(), |body| body.end_byte());
        for child in named(node).into_iter().filter(|child| Some(*child) != body) {
            if open.commands.is_empty() {
                open.commands.push(ShellCommand::default());
            }
            // The grammar skips a lone `-` before a here-document.
            let between = self.text.get(end..child.start_byte()).unwrap_or_default();
            if between.trim() == "-" {
                let word = ShellWord { text: "-".to_owned(), is_quoted: false, is_literal: true };
                open.commands.last_mut()?.parts.push(ShellPart::Word(word));
            }
            end = child.end_byte();
            self.part(child, open, depth)?;
        }
        Some(())
    }

    /// Adds a part to the last of the commands.
    fn part(&self, node: Node<'a>, open: &mut OpenPipeline<'a>, depth: usize) -> Option<()> {
        let mut parts = Vec::new();
        match node.kind() {
            "variable_assignment"
                if open.commands.last().is_some_and(|command| command.parts.iter().all(is_setting)) =>
            {
                parts.push(ShellPart::Setting(self.of(node).to_owned()));
            }
            "file_redirect" => self.file(node, &mut parts, depth)?,
            "herestring_redirect" => {
                let target = named(node).into_iter().rfind(|child| child.kind() != "file_descriptor");
                let target = self.word(target?, depth)?;
                parts.push(ShellPart::Redirect { sign: "<<<".to_owned(), target: Some(target) });
            }
            "heredoc_redirect" => return self.document(node, open, depth),
            "comment" => {}
            _ => parts.push(ShellPart::Word(self.word(node, depth)?)),
        }
        open.commands.last_mut()?.parts.extend(parts);
        Some(())
    }

    /// `2>> file`, `< file`, `2>&1`; the words after the file are arguments of the command.
    fn file(&self, node: Node<'a>, parts: &mut Vec<ShellPart>, depth: usize) -> Option<()> {
        let mut targets: Vec<Node<'a>> = node.children_by_field_name("destination", &mut node.walk()).collect();
        let begins = node.start_byte();
        let ends = targets.first().map_or(node.end_byte(), Node::start_byte);
        let sign = self.text.get(begins..ends).unwrap_or_default().trim().to_owned();
        let first = if targets.is_empty() { None } else { Some(targets.remove(0)) };
        let is_copy = sign.ends_with('&') && first.is_none_or(|first| first.kind() == "number");
        let (sign, target) = match first {
            Some(first) if is_copy => (format!("{sign}{}", self.of(first)), None),
            // Both streams to a file.
            Some(first) => (sign.trim_matches('&').to_owned(), Some(self.word(first, depth)?)),
            None => (sign, None),
        };
        parts.push(ShellPart::Redirect { sign, target });
        for argument in targets {
            parts.push(ShellPart::Word(self.word(argument, depth)?));
        }
        Some(())
    }

    /// A here-document. In the grammar, the rest of its first line is part of it.
    fn document(&self, node: Node<'a>, open: &mut OpenPipeline<'a>, depth: usize) -> Option<()> {
        let body =
            named(node).into_iter().find(|child| child.kind() == "heredoc_body").map_or("", |body| self.of(body));
        let text = body.trim_end_matches('\n').to_owned();
        let target = Some(ShellWord { text, is_quoted: true, is_literal: !body.contains(['$', '`', '\\']) });
        open.commands.last_mut()?.parts.push(ShellPart::Redirect { sign: "<<".to_owned(), target });
        let right = node.child_by_field_name("right");
        for child in named(node) {
            match child.kind() {
                "heredoc_start" | "heredoc_body" | "heredoc_end" | "file_descriptor" => {}
                _ if Some(child) == right => open.rest.push(child),
                "pipeline" => self.commands(child, open, depth + 1)?,
                _ => self.part(child, open, depth + 1)?,
            }
        }
        Some(())
    }

    /// The words of `[ … ]`, `[[ … ]]` or `(( … ))`, with the brackets.
    fn test(&self, node: Node<'a>, parts: &mut Vec<ShellPart>, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        for child in all(node) {
            if child.kind().ends_with("_expression") && child.kind() != "brace_expression" {
                self.test(child, parts, depth + 1)?;
            } else {
                parts.push(ShellPart::Word(self.word(child, depth)?));
            }
        }
        Some(())
    }

    fn word(&self, node: Node<'a>, depth: usize) -> Option<ShellWord> {
        let mut word = ShellWord { text: String::new(), is_quoted: false, is_literal: true };
        self.spell(node, &mut word, depth)?;
        Some(word)
    }

    fn spell(&self, node: Node<'a>, word: &mut ShellWord, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let text = self.of(node);
        match node.kind() {
            "word" => {
                let is_home = word.text.is_empty() && text.starts_with('~');
                word.is_literal &= !is_home && !text.contains(['*', '?', '[', '{', '$', '`']);
                word.text.push_str(&unescaped(text));
            }
            "raw_string" => {
                word.is_quoted = true;
                word.text.push_str(text.trim_start_matches('\'').trim_end_matches('\''));
            }
            "string" | "translated_string" | "ansi_c_string" => {
                word.is_quoted = true;
                word.is_literal &= node.kind() == "string" && !text.contains(['$', '`']);
                let (open, close) = if node.kind() == "ansi_c_string" { ("$'", '\'') } else { ("\"", '"') };
                let inner = text.trim_start_matches('$').trim_start_matches(open.trim_start_matches('$'));
                word.text.push_str(&unescaped(inner.strip_suffix(close).unwrap_or(inner)));
            }
            "command_substitution" | "process_substitution" | "arithmetic_expansion" | "subshell" => {
                word.is_quoted = true;
                word.is_literal = false;
                word.text.push_str(text);
            }
            "concatenation" | "command_name" => {
                for child in all(node) {
                    self.spell(child, word, depth + 1)?;
                }
            }
            kind => {
                word.is_literal &= kind == "number" || !text.contains(['$', '`', '*', '?', '{']);
                word.text.push_str(text);
            }
        }
        Some(())
    }
}

fn is_setting(part: &ShellPart) -> bool {
    matches!(part, ShellPart::Setting(_))
}

/// A text in which a backslash escapes the character after it, and is removed before the end of a line.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            plain.extend(chars.next().filter(|next| *next != '\n'));
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests;
