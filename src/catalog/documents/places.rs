//! What a value may contain at each place of a shell command.
//!
//! A value is free text only as an argument of a program that does not execute its arguments, and only if the output of
//! that program is not used as code. At all other places it may contain only a few characters, or is a number. Places
//! that the grammar does not understand allow the least: a value that is not known to be safe is treated as unsafe.

use crate::domain::evaluators::{self, Freedom, Word};
use crate::domain::source::Language;
use crate::outside::loads_code;
use std::collections::BTreeSet;
use tree_sitter::Node;

/// How many parent nodes are followed.
const MAX_DEPTH: usize = 200;

/// A reference to a variable in a command that takes its values from variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// The place of the `$`, in bytes.
    pub(super) at: usize,
    /// Its text: `${arg_x}`.
    pub(super) text: String,
}

/// What the value of each reference may contain, in order.
pub(super) fn freedoms(code: &str, references: &[Reference]) -> Vec<Freedom> {
    let unread = |_| Freedom::Code("somewhere in a command that is not understood");
    let Some(tree) = Language::Bash.parse(code) else { return references.iter().map(unread).collect() };
    let root = tree.root_node();
    let mut script = Script { code, functions: BTreeSet::new(), executes: false };
    script.look(root, 0);
    let least = match (root.has_error(), script.executes) {
        (false, _) => Freedom::Text,
        (true, false) => Freedom::Name,
        (true, true) => Freedom::Code("somewhere in a command that is not understood"),
    };
    references.iter().map(|reference| script.freedom(root, reference).max(least)).collect()
}

struct Script<'t> {
    code: &'t str,
    /// The names of its functions.
    functions: BTreeSet<&'t str>,
    /// Whether any command in it executes something that is not fixed in its words.
    executes: bool,
}

impl<'t> Script<'t> {
    fn of(&self, node: Node<'_>) -> &'t str {
        self.code.get(node.byte_range()).unwrap_or_default()
    }

    /// Finds its functions, and whether anything in it executes.
    fn look(&mut self, node: Node<'_>, depth: usize) {
        match node.kind() {
            "function_definition" => {
                self.functions.extend(node.child_by_field_name("name").map(|name| self.of(name)));
            }
            "command" => {
                let words = self.words(node, None);
                self.executes |= evaluators::executes(&words.iter().map(|(_, word)| word.clone()).collect::<Vec<_>>());
            }
            _ => {}
        }
        // Too deep to be examined, so it may be anything.
        self.executes |= depth > MAX_DEPTH;
        let children: Vec<Node<'_>> = node.named_children(&mut node.walk()).collect();
        for child in children.into_iter().filter(|_| depth <= MAX_DEPTH) {
            self.look(child, depth + 1);
        }
    }

    /// The words of a command from its name on, with their nodes; `value` is the examined reference.
    fn words<'n>(&self, command: Node<'n>, value: Option<&Reference>) -> Vec<(Node<'n>, Word<'t>)> {
        let name = command.child_by_field_name("name").and_then(|name| name.named_child(0).or(Some(name)));
        let arguments = command.children_by_field_name("argument", &mut command.walk()).collect::<Vec<_>>();
        name.into_iter().chain(arguments).map(|node| (node, self.word(node, value))).collect()
    }

    fn word(&self, node: Node<'_>, value: Option<&Reference>) -> Word<'t> {
        let text = self.of(node);
        let plain = text.trim_matches(['"', '\'']);
        if let Some(value) = value.filter(|value| node.byte_range().contains(&value.at)) {
            let before = &self.code[node.start_byte()..value.at];
            let after = &self.code[(value.at + value.text.len()).min(node.end_byte())..node.end_byte()];
            let is_bare = |part: &str| part.chars().all(|c| matches!(c, '"' | '\''));
            return match (is_bare(before), is_bare(after)) {
                (true, true) => Word::Value,
                // The text before it determines its kind; a blank anywhere means code.
                (_, _) if after.contains(char::is_whitespace) => Word::Partly(text.trim_matches(['"', '\''])),
                (true, false) => Word::Partly(after.trim_matches(['"', '\''])),
                (false, _) => Word::Partly(before.trim_matches(['"', '\''])),
            };
        }
        let is_fixed = !text.contains(['$', '`', '*', '?', '{', '~', '<', '>'])
            && !plain.contains(['"', '\'', '\\'])
            && node.kind() != "ansi_c_string";
        if is_fixed {
            return Word::Fixed(plain);
        }
        // A single quoted text is the same in every run, whatever signs it has. A name that is written in a way to hide it
        // is read as one that is computed.
        let is_raw = node.kind() == "raw_string"
            || node.kind() == "word" && text.contains(['*', '?', '~', '{']) && !text.contains(['$', '`', '\\']);
        if is_raw { Word::Fixed(plain) } else { Word::Computed }
    }

    /// What a value may contain if it may be used in any way.
    fn anywhere(&self) -> Freedom {
        if self.executes { Freedom::Number } else { Freedom::Path }
    }

    fn freedom(&self, root: Node<'_>, reference: &Reference) -> Freedom {
        let end = reference.at + reference.text.len();
        let found = root.descendant_for_byte_range(reference.at, end);
        let Some(expansion) = found.filter(|node| node.kind() == "expansion" && self.of(*node) == reference.text)
        else {
            return Freedom::Code("somewhere in a command that is not understood");
        };
        let (mut at, mut freedom) = (expansion, Freedom::Text);
        for _ in 0..MAX_DEPTH {
            let Some(parent) = at.parent() else { return freedom };
            let (here, goes_on) = self.step(parent, at, reference);
            freedom = freedom.max(here);
            if !goes_on || matches!(freedom, Freedom::Code(_)) {
                return freedom;
            }
            at = parent;
        }
        Freedom::Code("too deep in a command")
    }

    /// What a value may contain because of its parent node, and whether further parents matter.
    fn step(&self, parent: Node<'_>, at: Node<'_>, value: &Reference) -> (Freedom, bool) {
        let is_field = |name: &str| parent.children_by_field_name(name, &mut parent.walk()).any(|child| child == at);
        match parent.kind() {
            "program" | "list" | "if_statement" | "elif_clause" | "else_clause" | "while_statement" | "do_group"
            | "compound_statement" | "subshell" | "negated_command" | "string" | "concatenation" => {
                let is_sum = parent.child(0).is_some_and(|sign| sign.kind() == "((");
                (if is_sum { Freedom::Number } else { Freedom::Text }, true)
            }
            "command" => (self.command(parent, at, value), true),
            "command_name" => (Freedom::Code("the program that is started"), false),
            "pipeline" => (self.behind(parent, at), true),
            "redirected_statement" => (self.redirected(parent, at), true),
            "file_redirect" => (self.redirect(parent), false),
            "herestring_redirect" => (self.here_string(parent), false),
            "heredoc_redirect" | "heredoc_body" => (Freedom::Code("part of a here-document"), false),
            "command_substitution" | "process_substitution" => (Freedom::Path, true),
            "variable_assignment" if is_field("name") => (Freedom::Code("the name of a variable"), false),
            "variable_assignment" => (self.assigned(parent), false),
            "array" => {
                let is_index = self.of(at).starts_with('[');
                (if is_index { Freedom::Number } else { Freedom::Path }, true)
            }
            "declaration_command" | "unset_command" | "subscript" => {
                (Freedom::Code("the name of a variable, whose index can run commands"), false)
            }
            "test_command" | "binary_expression" | "unary_expression" | "parenthesized_expression" => {
                (self.tested(parent), true)
            }
            "arithmetic_expansion" | "c_style_for_statement" => (Freedom::Number, true),
            "for_statement" if is_field("body") => (Freedom::Text, true),
            "for_statement" => (self.anywhere(), is_field("value")),
            "case_statement" | "case_item" if is_field("value") => (Freedom::Path, true),
            "case_statement" | "case_item" => (Freedom::Text, true),
            "function_definition" => (self.anywhere(), true),
            _ => (Freedom::Code("somewhere in a command that is not understood"), false),
        }
    }

    /// A value in the words of a command.
    fn command(&self, command: Node<'_>, at: Node<'_>, value: &Reference) -> Freedom {
        let words = self.words(command, Some(value));
        // An assignment before the command, or a redirection, was examined before.
        let Some(place) = words.iter().position(|(node, _)| *node == at) else { return Freedom::Text };
        let name = words[0].1.clone();
        let list: Vec<Word<'_>> = words.iter().map(|(_, word)| word.clone()).collect();
        let freedom = evaluators::of_word(&list, place);
        if let Word::Fixed(name) = name
            && self.functions.contains(name)
        {
            return freedom.max(self.anywhere());
        }
        let begins = {
            let before = &self.code[at.start_byte()..value.at];
            // A value in front of this one may be empty.
            let rest = before.split("${arg_").map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
            rest.into_iter().all(|part| part.chars().all(|c| matches!(c, '"' | '\'')))
        };
        let is_behind_dashes = list[1..place].contains(&Word::Fixed("--"));
        let is_option = begins && !is_behind_dashes;
        freedom.max(if is_option { Freedom::NoOption } else { Freedom::Text })
    }

    /// A value in the output of a command, for the rest of the pipeline.
    fn behind(&self, pipeline: Node<'_>, at: Node<'_>) -> Freedom {
        let parts: Vec<Node<'_>> = pipeline.named_children(&mut pipeline.walk()).collect();
        let readers = parts.into_iter().filter(|part| part.start_byte() >= at.end_byte());
        readers.map(|reader| self.reader(reader)).fold(Freedom::Text, Freedom::max)
    }

    fn reader(&self, reader: Node<'_>) -> Freedom {
        match reader.kind() {
            "command" => {
                let words: Vec<Word<'_>> = self.words(reader, None).into_iter().map(|(_, word)| word).collect();
                match words.first() {
                    Some(Word::Fixed(name)) if self.functions.contains(name) => self.anywhere(),
                    _ => evaluators::of_input(&words),
                }
            }
            "redirected_statement" => {
                let body = reader.child_by_field_name("body").map_or(Freedom::Text, |body| self.reader(body));
                body.max(self.redirected(reader, reader))
            }
            "comment" => Freedom::Text,
            // Its use of the input does not matter.
            _ => self.anywhere(),
        }
    }

    /// A value in a command with redirected output.
    fn redirected(&self, statement: Node<'_>, at: Node<'_>) -> Freedom {
        let redirects = statement.children_by_field_name("redirect", &mut statement.walk()).collect::<Vec<_>>();
        let writes = |redirect: &Node<'_>| {
            let text = self.of(*redirect);
            let target = redirect.child_by_field_name("destination").map_or("", |target| self.of(target));
            let is_nowhere = matches!(target, "/dev/null" | "/dev/stderr" | "/dev/stdout" | "1" | "2" | "-");
            redirect.kind() == "file_redirect" && *redirect != at && text.contains('>') && !is_nowhere
        };
        if redirects.iter().any(writes) { self.anywhere() } else { Freedom::Text }
    }

    /// A value as the file of a redirection.
    fn redirect(&self, redirect: Node<'_>) -> Freedom {
        let reads = self.of(redirect).trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('<');
        self.anywhere().max(if reads { self.owner(redirect) } else { Freedom::Text })
    }

    fn here_string(&self, redirect: Node<'_>) -> Freedom {
        self.anywhere().max(self.owner(redirect))
    }

    /// What a value may contain if the command of a redirection reads it.
    fn owner(&self, redirect: Node<'_>) -> Freedom {
        const READ: Freedom = Freedom::Code("code of the program that reads it");
        let Some(owner) = redirect.parent() else { return READ };
        let command = if owner.kind() == "command" { Some(owner) } else { owner.child_by_field_name("body") };
        match command.filter(|command| command.kind() == "command") {
            Some(command) => {
                let words: Vec<Word<'_>> = self.words(command, None).into_iter().map(|(_, word)| word).collect();
                if words.is_empty() { READ } else { evaluators::of_input(&words) }
            }
            None if self.executes => READ,
            None => Freedom::Text,
        }
    }

    /// A value that a variable gets.
    fn assigned(&self, assignment: Node<'_>) -> Freedom {
        let name = assignment.child_by_field_name("name").map_or("", |name| self.of(name));
        if loads_code(name) {
            return Freedom::Code("the value of a variable by which programs load code");
        }
        self.anywhere()
    }

    /// A value in a test.
    fn tested(&self, test: Node<'_>) -> Freedom {
        let words: Vec<&str> = self.of(test).split_whitespace().collect();
        let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
        if test.child(0).is_some_and(|sign| sign.kind() == "((") || has(&["-eq", "-ne", "-lt", "-le", "-gt", "-ge"]) {
            return Freedom::Number;
        }
        if has(&["-v", "-R"]) {
            return Freedom::Code("the name of a variable, whose index can run commands");
        }
        Freedom::Path
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
