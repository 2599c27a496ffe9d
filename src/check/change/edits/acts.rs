//! What a program does to the world: commands of a shell, and calls that delete, write, start or connect.
//!
//! A refactoring does not do such a thing once more. So each call that a version makes more often than the one before it
//! is told, whatever explains the statement that it is in: a message, a rewritten function, one more branch.

use super::commands::{TELLING, TEXT_COMMANDS};
use crate::check::change::facts::lists::{CallEffect, effect};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use std::collections::{BTreeMap, HashSet};

/// Words of the syntax of a shell, which name no command.
const WORDS: &[&str] =
    &["in", "for", "while", "until", "if", "elif", "case", "else", "then", "do", "select", "glob", "(", "{"];

/// What both versions do, to tell what the new one does more often.
pub(super) struct Acts {
    more: HashSet<String>,
    own: HashSet<String>,
    is_shell: bool,
}

impl Acts {
    /// Counts what both versions do; `own` are the functions that they define.
    pub(super) fn of(old: &[Statement], new: &[Statement], own: HashSet<String>, is_shell: bool) -> Acts {
        let counted = |statements: &[Statement]| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for act in statements.iter().flat_map(|statement| acts(statement, &own, is_shell)) {
                *counts.entry(act).or_default() += 1;
            }
            counts
        };
        let before = counted(old);
        let more = counted(new).into_iter().filter(|(act, count)| *count > before.get(act).copied().unwrap_or(0));
        let more = more.map(|(act, _)| act).collect();
        Acts { more, own, is_shell }
    }

    /// Whether a statement of the new version does what that version does more often than the old one.
    pub(super) fn are_more_in(&self, statement: &Statement) -> bool {
        acts(statement, &self.own, self.is_shell).iter().any(|act| self.more.contains(act))
    }
}

/// What a statement does to the world: what its calls do, in words, or the names of its commands.
pub(super) fn acts(statement: &Statement, own: &HashSet<String>, is_shell: bool) -> Vec<String> {
    if matches!(statement.kind, StatementKind::Define | StatementKind::Import | StatementKind::End) {
        return Vec::new();
    }
    if is_shell { commands(statement, own) } else { calls(&statement.tokens) }
}

/// What calls do, in words: a file that is deleted by another function is deleted as often.
fn calls(tokens: &[Token]) -> Vec<String> {
    let begins = |token: &Token| token.kind == TokenKind::Name && !token.context.fixed;
    let full = |at: usize| {
        let rest = tokens[at + 1..].iter().take_while(|token| token.context.fixed && token.kind == TokenKind::Name);
        let names: Vec<&str> = tokens[at..=at].iter().chain(rest).map(|token| token.text.as_str()).collect();
        names.join(".")
    };
    let does = |name: String| {
        // A method of an object that nobody knows, too: `path.unlink()`.
        let method = || name.split_once('.').and_then(|(_, method)| effect(&format!(".{method}")));
        effect(&name).or_else(method).filter(|effect| *effect != CallEffect::Weak)
    };
    // A variable may have the name of a command or a function; `os.remove` may be handed on.
    let is_called = |at: usize| {
        let next = tokens.get(at + 1).is_some_and(|next| next.context.nesting.opened > 0 || next.context.fixed);
        next || tokens[at].context.nesting.calls > 0
    };
    let acts = (0..tokens.len()).filter(|at| begins(&tokens[*at]) && is_called(*at)).filter_map(|at| does(full(at)));
    acts.map(|effect| effect.words().to_owned()).collect()
}

/// Commands that are neither functions of the script nor ones that work on text or only tell something, and files that
/// are written by `>`.
fn commands(statement: &Statement, own: &HashSet<String>) -> Vec<String> {
    let mut is_command = statement.kind != StatementKind::Assign;
    let mut found = Vec::new();
    let tokens = &statement.tokens;
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.text != "quotes") {
        let is_word = matches!(token.kind, TokenKind::Text | TokenKind::Name);
        if is_command && is_word && (token.text.starts_with('-') || token.context.nesting.is_tested) {
            // A test: `-f file`, `"$age" -ge 3`.
            is_command = false;
        } else if is_command && is_word {
            let name = token.text.rsplit('/').next().unwrap_or_default();
            let is_set =
                tokens.get(at + 1).is_some_and(|sign| sign.text == "=" || sign.text == "==" || sign.text == "!=");
            let is_known = [TEXT_COMMANDS, TELLING, WORDS].iter().any(|words| words.contains(&name));
            if !is_set && !is_known && !own.contains(name) {
                found.push(name.to_owned());
            }
            is_command = matches!(name, "time" | "command" | "builtin" | "env");
        } else if matches!(token.text.as_str(), ">" | ">>" | "&>") {
            let target = tokens.get(at + 1).filter(|target| target.text != "/dev/null" && target.text != "/dev/stderr");
            found.extend(target.map(|target| format!("> {}", target.text)));
        }
        let joins =
            ["|", "|&", "||", "&&", "&", ";", "!", "$(", "if", "elif", "while", "until"].contains(&token.text.as_str());
        is_command |= token.kind == TokenKind::Sign && joins;
    }
    found
}
