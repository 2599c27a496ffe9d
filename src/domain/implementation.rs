//! How a specified tool can be made without anybody writing its code: by one HTTP request, or by one line of commands.

use super::http::HttpDefinition;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// What a tool does, so completely that it can be made from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Implementation {
    /// It sends a request.
    Http(HttpCall),
    /// It runs commands.
    Commands(CommandLine),
}

/// A request, with the variables that it uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCall {
    /// What is sent where.
    pub request: HttpDefinition,
    /// Names of secrets and variables in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
}

/// Commands of which each reads what the one before it writes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// The commands, in order; the first word of each is its program.
    pub commands: Vec<Vec<CommandWord>>,
}

/// A word of a command: a text, an input, or a text followed by an input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandWord {
    /// The sign of a redirection in front of it: `>`, `2>>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<String>,
    /// What is always there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The input that follows, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

impl CommandLine {
    /// The programs, each once, in order.
    pub fn programs(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let first = self.commands.iter().filter_map(|words| words.first()).map(|word| word.text.as_str());
        first.filter(|program| seen.insert(*program)).collect()
    }

    /// Whether a command writes into a file that is named behind a sign.
    pub fn writes(&self) -> bool {
        self.commands.iter().flatten().any(|word| word.sign.as_deref().is_some_and(|sign| sign.contains('>')))
    }
}

impl fmt::Display for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Implementation::Http(call) => write!(f, "{} {}", call.request.method, call.request.url),
            Implementation::Commands(line) => line.fmt(f),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |word: &CommandWord| {
            let sign = word.sign.as_ref().map(|sign| format!("{sign} ")).unwrap_or_default();
            let input = word.input.as_ref().map(|name| format!("<{name}>")).unwrap_or_default();
            let text = if word.text.is_empty() { String::new() } else { shell_words::quote(&word.text).into_owned() };
            format!("{sign}{text}{input}")
        };
        let command = |words: &Vec<CommandWord>| words.iter().map(word).collect::<Vec<_>>().join(" ");
        f.write_str(&self.commands.iter().map(command).collect::<Vec<_>>().join(" | "))
    }
}
