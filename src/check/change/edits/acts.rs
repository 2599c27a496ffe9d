//! External effects of a program: shell commands, and calls that delete, write, start or connect.
//!
//! A refactoring does not repeat such an effect. So each effect that occurs more often in the new version is reported,
//! whatever explains the statement that contains it: a message, a rewritten function, an added branch.

use super::commands::{TELLING, TEXT_COMMANDS};
use crate::check::change::facts::lists::{CallEffect, effect};
use crate::code::statements::{Statement, StatementKind, Token, TokenKind};
use std::collections::{BTreeMap, HashSet};

/// Shell keywords, which are not commands.
const WORDS: &[&str] =
    &["in", "for", "while", "until", "if", "elif", "case", "else", "then", "do", "select", "glob", "(", "{"];

/// The effects of both versions, to find those that are more frequent in the new one.
pub(super) struct Acts {
    more: HashSet<String>,
    own: HashSet<String>,
    is_shell: bool,
}

impl Acts {
    /// Counts the effects of both versions; `own` are the functions that they define.
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

    /// Whether a statement of the new version has an effect that is more frequent there.
    pub(super) fn are_more_in(&self, statement: &Statement) -> bool {
        acts(statement, &self.own, self.is_shell).iter().any(|act| self.more.contains(act))
    }
}

/// The effects of a statement: descriptions of its calls, or the names of its commands.
pub(super) fn acts(statement: &Statement, own: &HashSet<String>, is_shell: bool) -> Vec<String> {
    if matches!(statement.kind, StatementKind::Define | StatementKind::Import | StatementKind::End) {
        return Vec::new();
    }
    if is_shell { commands(statement, own) } else { calls(&statement.tokens) }
}

/// Descriptions of calls; deleting a file with another function is the same effect.
fn calls(tokens: &[Token]) -> Vec<String> {
    let begins = |token: &Token| token.kind == TokenKind::Name && !token.context.fixed;
    let full = |at: usize| {
        let rest = tokens[at + 1..].iter().take_while(|token| token.context.fixed && token.kind == TokenKind::Name);
        let names: Vec<&str> = tokens[at..=at].iter().chain(rest).map(|token| token.text.as_str()).collect();
        names.join(".")
    };
    let does = |name: String| {
        // Includes methods of unknown objects: `path.unlink()`.
        let method = || name.split_once('.').and_then(|(_, method)| effect(&format!(".{method}")));
        effect(&name).or_else(method).filter(|effect| *effect != CallEffect::Weak)
    };
    // A variable may have the name of a command or function; `os.remove` may be passed as a value.
    let is_called = |at: usize| {
        let next = tokens.get(at + 1).is_some_and(|next| next.context.nesting.opened > 0 || next.context.fixed);
        next || tokens[at].context.nesting.calls > 0
    };
    let acts = (0..tokens.len()).filter(|at| begins(&tokens[*at]) && is_called(*at)).filter_map(|at| does(full(at)));
    acts.map(|effect| effect.words().to_owned()).collect()
}

/// Commands that are neither functions of the script nor ones that only process or print text, and files written with
/// `>`.
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
