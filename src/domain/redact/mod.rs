//! Removes secrets from what is stored and shown.
//!
//! A [`Redactor`] knows the secret values of one run, and the form of common tokens and key blocks. It works on whole
//! texts and, as a [`RedactStream`], on output that arrives in pieces: the result does not depend on how the output was
//! split. Nothing waits for a clock: only a possible beginning of a secret is held back, at most the length of the
//! longest one.
//!
//! This protects against accidents and is not a security boundary: a malicious tool can write a secret backwards. A
//! tool must not receive secrets that it may not have.

mod code;
mod encoded;
mod forms;
mod made;
mod named;
mod stream;
#[cfg(test)]
mod tests;
mod tokens;
mod variable;

pub use code::CodeRedactor;
pub use stream::RedactStream;
pub use variable::{is_secret_variable, shown_variable};

use super::secret::Secret;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use forms::SecretForm;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, LazyLock};

/// The minimum length of a value in bytes: shorter ones occur by chance.
pub const MIN_SECRET: usize = 6;

/// Longest name in a mark, in bytes.
const MAX_NAME: usize = 32;

/// The prefix of every mark.
const MARK: &str = "[redacted ";

/// Replaces secrets by `[redacted NAME]`. Cheap to clone.
#[derive(Clone)]
pub struct Redactor(Arc<Rules>);

/// What a redactor looks for.
struct Rules {
    names: Vec<String>,
    /// Forms of known values, each with the index of its name.
    known: Vec<(SecretForm, usize)>,
    /// Finds all anchors; `None` if it could not be built: then every place is tested, slowly.
    finder: Option<AhoCorasick>,
    /// The anchors, those of known values first.
    anchors: Vec<Vec<u8>>,
    /// Length of the longest one, in bytes.
    longest_anchor: usize,
    /// The indexes of the anchors that begin with each byte.
    by_first: Vec<Vec<usize>>,
}

/// What was replaced, with counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redactions(BTreeMap<String, u64>);

impl Redactor {
    /// A redactor for these values in addition to the common tokens; a name is shown instead of its value. Values
    /// shorter than [`MIN_SECRET`] bytes are not replaced.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a Secret)>) -> Redactor {
        static PLAIN: LazyLock<Redactor> = LazyLock::new(|| Redactor(Arc::new(Redactor::rules([]))));
        let secrets: Vec<(&str, &Secret)> = secrets.into_iter().collect();
        // Searching for tokens only is common, and building the finder is slow.
        if secrets.is_empty() { PLAIN.clone() } else { Redactor(Arc::new(Redactor::rules(secrets))) }
    }

    fn rules<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a Secret)>) -> Rules {
        let mut rules = Rules {
            names: Vec::new(),
            known: Vec::new(),
            finder: None,
            anchors: Vec::new(),
            longest_anchor: 0,
            by_first: vec![Vec::new(); 256],
        };
        for (name, secret) in secrets {
            let value = secret.expose().as_bytes();
            if value.len() >= MIN_SECRET {
                let place = rules.names.len();
                rules.names.push(plain_name(name));
                rules.known.extend(forms::forms(value).into_iter().map(|form| (form, place)));
            }
        }
        let known = rules.known.iter().map(|(form, _)| form.anchor().to_vec());
        rules.anchors = known.chain(tokens::anchors().map(<[u8]>::to_vec)).collect();
        rules.longest_anchor = rules.anchors.iter().map(Vec::len).max().unwrap_or(0);
        for (place, anchor) in rules.anchors.iter().enumerate() {
            rules.by_first[usize::from(anchor[0])].push(place);
        }
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostFirst).kind(Some(AhoCorasickKind::DFA));
        rules.finder = builder.build(&rules.anchors).ok();
        rules
    }

    /// For output that arrives in pieces; each stream of a run has its own.
    pub fn stream(&self) -> RedactStream {
        RedactStream::new(self.0.clone())
    }

    /// A text without its secrets.
    pub fn text(&self, text: &str) -> String {
        self.counted(text).0
    }

    /// A text without its secrets, and what was replaced.
    pub fn counted(&self, text: &str) -> (String, Redactions) {
        let mut stream = self.stream();
        let mut clean = Vec::with_capacity(text.len());
        stream.push(text.as_bytes(), &mut clean);
        let redactions = stream.finish(&mut clean);
        // A value that is not UTF-8 might have been cut out of the middle of a character.
        (
            String::from_utf8(clean).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            redactions,
        )
    }

    /// The values in a text that would be replaced.
    pub(super) fn secrets_in(&self, text: &str) -> Vec<Vec<u8>> {
        let mut stream = self.stream();
        stream.collect();
        let mut clean = Vec::with_capacity(text.len());
        stream.push(text.as_bytes(), &mut clean);
        stream.finish(&mut clean);
        stream.collected()
    }

    /// A JSON value without its secrets, in texts, names and numbers. It stays JSON: a number that is a
    /// secret becomes a text.
    pub fn json(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let (text, redactions) = self.counted(&number.to_string());
                if redactions.is_empty() { value.clone() } else { Value::String(text) }
            }
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (self.text(name), self.json(value))).collect(),
        }
    }
}

impl Default for Redactor {
    /// A redactor for common tokens and key blocks only.
    fn default() -> Redactor {
        Redactor::new([])
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redactor").field(&self.0.names).finish()
    }
}

impl Redactions {
    /// Whether nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all replaced values are secret only because of the name before them: in settings and examples, that is
    /// often a made-up value.
    pub fn is_by_name_only(&self) -> bool {
        self.0.keys().all(|name| name == named::LABEL)
    }

    /// The number of replacements.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    /// Adds other replacements.
    pub fn add(&mut self, other: &Redactions) {
        for (name, count) in &other.0 {
            *self.0.entry(name.clone()).or_default() += count;
        }
    }

    /// One line for a human: `3 values were redacted (API_KEY, jwt)`; `None` if nothing was replaced.
    pub fn note(&self) -> Option<String> {
        let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
        let values = if self.count() == 1 { "1 value was".to_owned() } else { format!("{} values were", self.count()) };
        (!self.is_empty()).then(|| format!("{values} redacted ({})", names.join(", ")))
    }

    fn note_one(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
        } else {
            self.0.insert(name.to_owned(), 1);
        }
    }
}

/// The mark for the secret of a name.
pub fn mark(name: &str) -> String {
    let name = plain_name(name);
    format!("{MARK}{}]", if name.is_empty() { "_" } else { &name })
}

/// Whether a text contains a mark.
pub fn is_redacted(text: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(MARK) {
        rest = &rest[at + MARK.len()..];
        let name = rest.bytes().take_while(|byte| is_of_name(*byte)).count();
        if name > 0 && rest[name..].starts_with(']') {
            return true;
        }
    }
    false
}

/// A JSON object without the fields that contain a mark; `None` for any other value that contains one.
pub fn without_redacted(value: Value) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            let whole =
                fields.into_iter().filter(|(name, value)| !is_redacted(name) && !is_redacted(&value.to_string()));
            Some(Value::Object(whole.collect()))
        }
        other => (!is_redacted(&other.to_string())).then_some(other),
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// A name in the form used in a mark: safe within JSON and on every screen.
fn plain_name(name: &str) -> String {
    name.bytes().take(MAX_NAME).map(|byte| if is_of_name(byte) { char::from(byte) } else { '_' }).collect()
}
