//! Recorded steps in a common form: runs, shell lines, and calls of an agent.

use crate::domain::{Instant, ParameterType};
use serde_json::Value;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A longer break ends a session, in milliseconds: what follows is other work.
pub const SESSION_BREAK_MS: i64 = 30 * 60 * 1_000;

/// Maximum number of values of a step that are compared with other steps.
const MAX_TOKENS: usize = 64;

/// A longer text, in characters, is not a value, but contains values.
const LONG_TEXT: usize = 160;

/// A step that was done once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecordedStep {
    /// The action without its values: the name of a tool, or a command line with placeholders.
    pub action: String,
    /// Number of the run or line.
    pub number: u64,
    /// The time; `None` if unknown.
    pub at: Option<Instant>,
    /// Its input: a separate value for each field.
    pub fields: Vec<InputField>,
    /// Hashes of its input values, ascending.
    pub given: Vec<u64>,
    /// Hashes of its output values, ascending.
    pub gave: Vec<u64>,
    /// Whether input and output are known, so that a missing value shows that nothing flowed.
    pub is_known: bool,
    /// The message of its failure; `None` if it succeeded.
    pub failed: Option<String>,
    /// The command line that contains it, without secrets; `None` for other steps.
    pub line: Option<Box<str>>,
}

/// A part of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputField {
    /// Key of the input object.
    pub name: String,
    /// Type of the value.
    pub kind: ParameterType,
    /// The hash of its value; `None` for a value that is too common to be tracked.
    pub token: Option<u64>,
}

/// Consecutive steps of one caller.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Session {
    /// Its source: `run`, or the name of a file.
    pub source: String,
    /// The steps, oldest first.
    pub steps: Vec<RecordedStep>,
}

impl RecordedStep {
    /// A step with the values of a JSON input.
    pub fn of(action: &str, number: u64, at: Option<Instant>, input: &Value) -> RecordedStep {
        let mut given = Vec::new();
        collect(input, &mut given, 0);
        let fields = input.as_object().into_iter().flatten().map(|(name, value)| InputField {
            name: name.clone(),
            kind: kind_of(value),
            token: match value {
                Value::String(text) => token(text),
                Value::Number(number) => token(&number.to_string()),
                _ => None,
            },
        });
        let fields = fields.collect();
        RecordedStep { action: action.to_owned(), number, at, fields, given: sorted(given), ..RecordedStep::default() }
    }

    /// The same step with its output.
    #[must_use]
    pub fn giving(self, output: &Value) -> RecordedStep {
        let mut gave = Vec::new();
        collect(output, &mut gave, 0);
        RecordedStep { gave: sorted(gave), is_known: true, ..self }
    }

    /// The same step with the text of its output, which may be JSON.
    #[must_use]
    pub fn writing(self, output: &str) -> RecordedStep {
        let value = serde_json::from_str(output).unwrap_or_else(|_| Value::String(output.to_owned()));
        self.giving(&value)
    }
}

/// Splits steps into sessions at long breaks; steps without a time stay together.
pub fn sessions(source: &str, steps: Vec<RecordedStep>) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    let mut before: Option<Instant> = None;
    for step in steps {
        let broke = matches!((before, step.at), (Some(a), Some(b)) if b.0.saturating_sub(a.0) > SESSION_BREAK_MS);
        before = step.at.or(before);
        match sessions.last_mut().filter(|_| !broke) {
            Some(session) => session.steps.push(step),
            None => sessions.push(Session { source: source.to_owned(), steps: vec![step] }),
        }
    }
    sessions
}

/// The hash of a value that can be tracked; `None` for one that is so short or common that it repeats by chance.
pub fn token(text: &str) -> Option<u64> {
    let text = text.trim();
    let usual = ["true", "false", "null", "none", "json", "text", "utf-8", "main"];
    if text.chars().count() < 3 || text.parse::<u32>().is_ok_and(|number| number < 100) || usual.contains(&text) {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    Some(hasher.finish())
}

/// Whether two ascending lists have a common value for which `counts` is true.
pub fn meet(one: &[u64], other: &[u64], counts: impl Fn(u64) -> bool) -> bool {
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (one.get(i), other.get(j)) {
        if a == b && counts(*a) {
            return true;
        }
        i += usize::from(a <= b);
        j += usize::from(b < a);
    }
    false
}

/// The values in ascending order, without duplicates.
pub fn sorted(mut tokens: Vec<u64>) -> Vec<u64> {
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

fn collect(value: &Value, into: &mut Vec<u64>, depth: usize) {
    if into.len() >= MAX_TOKENS || depth > 8 {
        return;
    }
    match value {
        Value::String(text) => {
            if text.len() <= LONG_TEXT {
                into.extend(token(text));
            }
            if text.contains(char::is_whitespace) {
                let bare = |c: char| !c.is_alphanumeric() && !"/~.".contains(c);
                let words = text.split_whitespace().map(|word| word.trim_matches(bare).trim_end_matches('.'));
                let telling = |word: &&str| word.len() >= 8 || word.contains(['/', '.', '_', '-', ':']);
                into.extend(words.filter(telling).filter_map(token).take(MAX_TOKENS));
            }
        }
        Value::Number(number) => into.extend(token(&number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, into, depth + 1)),
        Value::Object(fields) => fields.values().for_each(|item| collect(item, into, depth + 1)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn kind_of(value: &Value) -> ParameterType {
    match value {
        Value::Bool(_) => ParameterType::Boolean,
        Value::Number(number) if number.is_f64() => ParameterType::Number,
        Value::Number(_) => ParameterType::Integer,
        Value::Array(_) => ParameterType::Array,
        Value::Object(_) => ParameterType::Object,
        Value::String(_) | Value::Null => ParameterType::String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_that_came_out_is_found_in_what_went_in_later() {
        let first = RecordedStep::of("fetch", 1, None, &json!({"url": "https://a.example/x"}));
        let first = first.writing("saved to /tmp/a/page.html, 12 kB.");
        let second = RecordedStep::of("strip", 2, None, &json!({"path": "/tmp/a/page.html", "deep": true}));
        assert!(meet(&second.given, &first.gave, |_| true));
        assert!(!meet(&second.given, &first.given, |_| true));
        assert!(!meet(&second.given, &first.gave, |_| false), "a value that everything has says nothing");
        let kinds: Vec<_> = second.fields.iter().map(|field| (field.kind, field.token.is_some())).collect();
        assert_eq!(kinds, [(ParameterType::String, true), (ParameterType::Boolean, false)]);
    }

    #[test]
    fn short_and_usual_values_are_not_followed() {
        for usual in ["", "ab", "7", "42", "true", " main "] {
            assert_eq!(token(usual), None, "{usual}");
        }
        assert_eq!(token("4711"), token(" 4711"));
    }

    #[test]
    fn a_long_break_begins_a_session() {
        let step = |at: Option<i64>| RecordedStep { at: at.map(Instant), ..RecordedStep::default() };
        let steps =
            vec![step(None), step(Some(0)), step(None), step(Some(SESSION_BREAK_MS)), step(Some(3 * SESSION_BREAK_MS))];
        let lengths: Vec<usize> = sessions("run", steps).iter().map(|session| session.steps.len()).collect();
        assert_eq!(lengths, [4, 1]);
    }
}
