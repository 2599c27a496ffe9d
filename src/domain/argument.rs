//! How one input value reaches a process that reads a command line.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a value goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArgPlace {
    /// A plain word. Its place among the plain words is that of its rule.
    Position,
    /// Behind an option such as `--count` or `-n`; `true` is the option alone.
    Option(String),
    /// An environment variable.
    Variable(String),
}

/// How one input value is passed, in one of the forms `path`, `--count`, `-n count` and `$TOKEN token`; a `%` in front of
/// the input (`%path`, `--count %count`) stands for percent-encoding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArgRule {
    /// The name of the input.
    pub input: String,
    /// Where its value goes.
    pub place: ArgPlace,
    /// Whether the value is percent-encoded (RFC 3986): every byte but letters, digits and `-_.~`.
    pub is_percent_encoded: bool,
}

/// A text that is not an argument rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not say how an input is passed")]
pub struct ArgRuleError(String);

impl ArgRuleError {
    /// The next step for whoever wrote it.
    pub const HINT: &'static str =
        "write an input name (a plain word), --option, `--option INPUT`, or `$VARIABLE INPUT`";
}

impl ArgRule {
    /// A plain word.
    pub fn position(input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Position, input)
    }

    /// The value of an option.
    pub fn option(flag: &str, input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Option(flag.to_owned()), input)
    }

    /// An environment variable.
    pub fn variable(name: &str, input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Variable(name.to_owned()), input)
    }

    fn at(place: ArgPlace, input: &str) -> ArgRule {
        let plain = input.strip_prefix('%');
        ArgRule { input: plain.unwrap_or(input).to_owned(), place, is_percent_encoded: plain.is_some() }
    }

    /// Whether its value is a plain word.
    pub fn is_position(&self) -> bool {
        self.place == ArgPlace::Position
    }
}

/// An input name: no blanks, no sign of an option or a variable at its start.
fn is_input(word: &str) -> bool {
    let word = word.strip_prefix('%').unwrap_or(word);
    !word.is_empty() && !word.starts_with(['-', '$', '%']) && !word.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A variable name that a shell accepts.
fn is_variable(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl FromStr for ArgRule {
    type Err = ArgRuleError;

    fn from_str(text: &str) -> Result<ArgRule, ArgRuleError> {
        let mut words = text.split_whitespace();
        let rule = match (words.next(), words.next(), words.next()) {
            (Some(word), None, None) if is_input(word) => Some(ArgRule::position(word)),
            (Some(flag), input, None) if flag.starts_with('-') => {
                let name = flag.trim_start_matches('-');
                let is_option = is_input(name) && !name.contains('=');
                let input = input.map_or_else(|| name.replace('-', "_"), str::to_owned);
                (is_option && is_input(&input)).then(|| ArgRule::option(flag, &input))
            }
            (Some(variable), Some(input), None) if is_input(input) => {
                let name = variable.strip_prefix('$').filter(|name| is_variable(name));
                name.map(|name| ArgRule::variable(name, input))
            }
            _ => None,
        };
        rule.ok_or_else(|| ArgRuleError(text.to_owned()))
    }
}

impl fmt::Display for ArgRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_percent_encoded { "%" } else { "" };
        let is_named_like = |flag: &str| flag.trim_start_matches('-').replace('-', "_") == self.input;
        match &self.place {
            ArgPlace::Position => write!(f, "{sign}{}", self.input),
            ArgPlace::Option(flag) if sign.is_empty() && is_named_like(flag) => f.write_str(flag),
            ArgPlace::Option(flag) => write!(f, "{flag} {sign}{}", self.input),
            ArgPlace::Variable(name) => write!(f, "${name} {sign}{}", self.input),
        }
    }
}

impl TryFrom<String> for ArgRule {
    type Error = ArgRuleError;

    fn try_from(text: String) -> Result<ArgRule, ArgRuleError> {
        text.parse()
    }
}

impl From<ArgRule> for String {
    fn from(rule: ArgRule) -> String {
        rule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_is_written() {
        for (text, rule) in [
            ("path", ArgRule::position("path")),
            ("--count", ArgRule::option("--count", "count")),
            ("--max-depth", ArgRule::option("--max-depth", "max_depth")),
            ("-n count", ArgRule::option("-n", "count")),
            ("$API_KEY key", ArgRule::variable("API_KEY", "key")),
            ("%query", ArgRule::position("%query")),
            ("--q %query", ArgRule::option("--q", "%query")),
        ] {
            assert_eq!(text.parse(), Ok(rule.clone()));
            assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_rule_is_refused() {
        for text in ["", "-", "--", "a b", "--a b c", "--a=b", "$X", "$1 a", "$A-B a", "--a --b", "%", "%%a", "a\u{7}"]
        {
            assert!(text.parse::<ArgRule>().is_err(), "{text}");
        }
    }
}
