//! How one input value reaches a process that parses a command line.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// The key of a definition whose command does not accept options after its first positional argument, as `getopts`
/// does.
pub const OPTIONS_FIRST: &str = "options_first";

/// The key of a definition that lists the options which its command answers without running, such as `--help`.
pub const ANSWERED: &str = "answered";

/// Where a value is passed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArgPlace {
    /// A positional argument. The order of the rules is the order of the arguments.
    Position,
    /// After an option such as `--count` or `-n`; `true` is the option alone. [`OptionForms`] describes the other
    /// forms.
    Option(String),
    /// An environment variable.
    Variable(String),
    /// Standard input, as plain text.
    Stdin,
}

/// The forms of one option. `--count,-n`: the first is passed, all are accepted. `--color/--no-color`: the second is
/// passed for `false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionForms<'r> {
    /// The form that is passed.
    pub flag: &'r str,
    /// Its other names.
    pub others: Vec<&'r str>,
    /// The option that is passed for `false`; without it, `false` is not passed.
    pub off: Option<&'r str>,
}

impl<'r> OptionForms<'r> {
    /// Reads the text of [`ArgPlace::Option`].
    pub fn of(text: &'r str) -> OptionForms<'r> {
        let (on, off) = text.split_once('/').map_or((text, None), |(on, off)| (on, Some(off)));
        let mut names = on.split(',');
        OptionForms { flag: names.next().unwrap_or(on), others: names.collect(), off }
    }

    /// Whether a word is one of its names.
    pub fn has(&self, word: &str) -> bool {
        self.flag == word || self.others.contains(&word)
    }
}

/// The value that another input must have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArgCondition {
    /// The name of that input.
    pub input: String,
    /// Its value.
    pub value: String,
}

/// How one input value is passed, in one of the forms `path`, `--count`, `-n count`, `$TOKEN token` and `< text`. A `%`
/// in front of the input (`%path`, `--count %count`) means percent-encoding. `--files files...` passes a list after one
/// option. `args...` passes words exactly as they are given. `--tag= tag` joins the value to the option. `-v level
/// times` repeats the option that many times. `name if command=add` passes a value only if another input has this
/// value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArgRule {
    /// The name of the input.
    pub input: String,
    /// Where its value is passed.
    pub place: ArgPlace,
    /// Whether the value is percent-encoded (RFC 3986): every byte except letters, digits and `-_.~`.
    pub is_percent_encoded: bool,
    /// Whether the values of a list follow one option together. Positional arguments are then passed exactly as they
    /// are given, including options.
    pub is_together: bool,
    /// Whether a value is joined to its option (`--tag=x`, `-tx`). If the value is absent, the option stands alone.
    pub is_joined: bool,
    /// Whether the value is a number, and the option alone is passed that many times.
    pub is_counted: bool,
    /// The condition under which it is passed; `None` for always.
    pub only_if: Option<ArgCondition>,
}

/// A text that is not an argument rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} does not say how an input is passed")]
pub struct ArgRuleError(String);

impl ArgRuleError {
    /// The next step for the author of the rule.
    pub const HINT: &'static str = "write an input name (a plain word), --option, `--option INPUT`, `--option INPUT times`, `$VARIABLE INPUT`, or `< INPUT`; ` if INPUT=VALUE` may follow";
}

impl ArgRule {
    /// A positional argument.
    pub fn position(input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Position, input)
    }

    /// Words that are passed exactly as they are given, after everything else.
    pub fn raw_words(input: &str) -> ArgRule {
        ArgRule { is_together: true, ..ArgRule::position(input) }
    }

    /// The value of an option.
    pub fn option(flag: &str, input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Option(flag.to_owned()), input)
    }

    /// An environment variable.
    pub fn variable(name: &str, input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Variable(name.to_owned()), input)
    }

    /// The text on standard input.
    pub fn stdin(input: &str) -> ArgRule {
        ArgRule::at(ArgPlace::Stdin, input)
    }

    fn at(place: ArgPlace, input: &str) -> ArgRule {
        let plain = input.strip_prefix('%');
        ArgRule {
            input: plain.unwrap_or(input).to_owned(),
            place,
            is_percent_encoded: plain.is_some(),
            is_together: false,
            is_joined: false,
            is_counted: false,
            only_if: None,
        }
    }

    /// Whether its value is a positional argument.
    pub fn is_position(&self) -> bool {
        self.place == ArgPlace::Position
    }

    /// Whether its words are passed exactly as they are given.
    pub fn is_raw(&self) -> bool {
        self.is_position() && self.is_together
    }

    /// The forms of its option, if it has one.
    pub fn option_forms(&self) -> Option<OptionForms<'_>> {
        match &self.place {
            ArgPlace::Option(text) => Some(OptionForms::of(text)),
            ArgPlace::Position | ArgPlace::Variable(_) | ArgPlace::Stdin => None,
        }
    }

    /// The rules that apply to an input: those without a condition, and those whose condition holds and applies itself.
    pub fn counting<'r, 'v>(rules: &'r [ArgRule], value: &dyn Fn(&str) -> Option<&'v Value>) -> Vec<&'r ArgRule> {
        rules.iter().filter(|rule| rule.counts(rules, value, 0)).collect()
    }

    fn counts<'v>(&self, rules: &[ArgRule], value: &dyn Fn(&str) -> Option<&'v Value>, depth: usize) -> bool {
        let Some(wanted) = &self.only_if else { return true };
        let holds = value(&wanted.input).and_then(Value::as_str) == Some(wanted.value.as_str());
        // A subcommand of a subcommand applies only if the first one was chosen.
        let chooser = || rules.iter().filter(|rule| rule.input == wanted.input);
        let is_offered = || chooser().next().is_none() || chooser().any(|rule| rule.counts(rules, value, depth + 1));
        holds && depth < MAX_DEPTH && is_offered()
    }
}

/// The maximum depth of chained conditions.
const MAX_DEPTH: usize = 8;

/// `--name`, `-n`, `--name,-n` or `--name/--no-name`.
fn is_option(text: &str) -> bool {
    let is_form = |form: &str| form.starts_with('-') && is_input(form.trim_start_matches('-')) && !form.contains('=');
    text.split(['/', ',']).all(is_form)
}

/// An input name: no blanks, and no sign of an option or a variable at its start.
fn is_input(word: &str) -> bool {
    let word = word.strip_prefix('%').unwrap_or(word);
    !word.is_empty()
        && !word.starts_with(['-', '$', '%', '<'])
        && !word.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A variable name that a shell accepts.
fn is_variable(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl FromStr for ArgCondition {
    type Err = ();

    fn from_str(text: &str) -> Result<ArgCondition, ()> {
        let (input, value) =
            text.split_once('=').filter(|(input, value)| is_input(input) && !value.is_empty()).ok_or(())?;
        Ok(ArgCondition { input: input.to_owned(), value: value.to_owned() })
    }
}

impl FromStr for ArgRule {
    type Err = ArgRuleError;

    fn from_str(text: &str) -> Result<ArgRule, ArgRuleError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (words, only_if) = match &words[..] {
            [before @ .., "if", condition] if !before.is_empty() => {
                let read = condition.parse().map_err(|()| ArgRuleError(text.to_owned()))?;
                (before, Some(read))
            }
            all => (all, None),
        };
        let rule = match words {
            [word] if is_input(word) => Some(match word.strip_suffix("...").filter(|input| is_input(input)) {
                Some(input) => ArgRule::raw_words(input),
                None => ArgRule::position(word),
            }),
            [flag, input, "times"] if is_option(flag) && is_input(input) => {
                Some(ArgRule { is_counted: true, ..ArgRule::option(flag, input) })
            }
            [flag, rest @ ..] if flag.starts_with('-') && rest.len() < 2 => {
                let joined = flag.strip_suffix('=');
                let flag = joined.unwrap_or(flag);
                let name = OptionForms::of(flag).flag.trim_start_matches('-').replace('-', "_");
                let written = rest.first().map_or(name.as_str(), |input| input);
                let input = written.strip_suffix("...").unwrap_or(written);
                let (is_together, is_joined) = (input != written, joined.is_some());
                let rule = ArgRule { is_together, is_joined, ..ArgRule::option(flag, input) };
                (is_option(flag) && is_input(input)).then_some(rule)
            }
            ["<", input] if is_input(input) => Some(ArgRule::stdin(input)),
            [variable, input] if is_input(input) => {
                let name = variable.strip_prefix('$').filter(|name| is_variable(name));
                name.map(|name| ArgRule::variable(name, input))
            }
            _ => None,
        };
        rule.map(|rule| ArgRule { only_if, ..rule }).ok_or_else(|| ArgRuleError(text.to_owned()))
    }
}

impl fmt::Display for ArgRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_percent_encoded { "%" } else { "" };
        let joined = if self.is_joined { "=" } else { "" };
        let is_named_like = |text: &str| {
            !self.is_together
                && !self.is_counted
                && sign.is_empty()
                && OptionForms::of(text).flag.trim_start_matches('-').replace('-', "_") == self.input
        };
        match &self.place {
            ArgPlace::Position => write!(f, "{sign}{}{}", self.input, if self.is_together { "..." } else { "" })?,
            ArgPlace::Option(flag) if is_named_like(flag) => write!(f, "{flag}{joined}")?,
            ArgPlace::Option(flag) => {
                let more = match (self.is_counted, self.is_together) {
                    (true, _) => " times",
                    (false, true) => "...",
                    (false, false) => "",
                };
                write!(f, "{flag}{joined} {sign}{}{more}", self.input)?;
            }
            ArgPlace::Variable(name) => write!(f, "${name} {sign}{}", self.input)?,
            ArgPlace::Stdin => write!(f, "< {sign}{}", self.input)?,
        }
        match &self.only_if {
            Some(ArgCondition { input, value }) => write!(f, " if {input}={value}"),
            None => Ok(()),
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

    fn under(command: &str, rule: ArgRule) -> ArgRule {
        let only_if = Some(ArgCondition { input: "command".to_owned(), value: command.to_owned() });
        ArgRule { only_if, ..rule }
    }

    #[test]
    fn a_rule_counts_where_its_condition_holds_and_counts_itself() {
        let rules = ["command", "--age if command=add", "sub if command=remote", "name if sub=add"];
        let rules: Vec<ArgRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let counting = |input: serde_json::Value| {
            let found = ArgRule::counting(&rules, &|name| input.get(name));
            found.iter().map(|rule| rule.input.clone()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(counting(serde_json::json!({})), "command");
        assert_eq!(counting(serde_json::json!({"command": "add", "sub": "add"})), "command age");
        assert_eq!(counting(serde_json::json!({"command": "remote", "sub": "add"})), "command sub name");
        // A rule that depends on itself does not apply.
        let circle: Vec<ArgRule> = ["a if b=1", "b if a=1"].iter().map(|rule| rule.parse().unwrap()).collect();
        let one = serde_json::json!("1");
        assert!(ArgRule::counting(&circle, &|_| Some(&one)).is_empty());
    }

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
            ("< text", ArgRule::stdin("text")),
            ("--times,-n", ArgRule::option("--times,-n", "times")),
            ("--color/--no-color", ArgRule::option("--color/--no-color", "color")),
            ("--files files...", ArgRule { is_together: true, ..ArgRule::option("--files", "files") }),
            ("args...", ArgRule::raw_words("args")),
            ("--tag,-t=", ArgRule { is_joined: true, ..ArgRule::option("--tag,-t", "tag") }),
            ("-t= tag", ArgRule { is_joined: true, ..ArgRule::option("-t", "tag") }),
            ("-v level times", ArgRule { is_counted: true, ..ArgRule::option("-v", "level") }),
            ("--age if command=add", under("add", ArgRule::option("--age", "age"))),
            ("name if command=add", under("add", ArgRule::position("name"))),
        ] {
            assert_eq!(text.parse(), Ok(rule.clone()));
            assert_eq!(rule.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_rule_is_refused() {
        for text in [
            "",
            "-",
            "--",
            "a b",
            "--a b c",
            "--a=b",
            "$X",
            "$1 a",
            "$A-B a",
            "--a --b",
            "%",
            "%%a",
            "a\u{7}",
            "<",
            "-v a often",
            "<a",
            "< <a",
            "--a/",
            "--a,b",
            "a if",
            "a if b",
            "if a=b",
        ] {
            assert!(text.parse::<ArgRule>().is_err(), "{text}");
        }
    }
}
