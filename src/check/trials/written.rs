//! What a trial wrote, and what is expected of it.

use super::difference;
use super::expression::{EvaluationScope, Expression, equal, quote};
use crate::runner::Tried;
use serde_json::{Map, Value};

/// What a trial wrote to standard output.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) text: String,
    /// As JSON, when it is.
    pub(super) json: Option<Value>,
    whole: Value,
}

impl Output {
    pub(super) fn of(bytes: &[u8]) -> Output {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let json: Option<Value> = serde_json::from_slice(bytes).ok();
        let whole = json.clone().unwrap_or_else(|| Value::from(text.trim_end_matches('\n')));
        Output { text, json, whole }
    }

    /// The JSON, or the text without its last line end.
    pub(super) fn value(&self) -> &Value {
        &self.whole
    }

    /// How it reads in a message, cut.
    pub(super) fn quoted(&self) -> String {
        quote(&self.whole)
    }

    /// How it differs from what is expected.
    pub(super) fn differs(&self, expected: &Value) -> Option<String> {
        if equal(expected, &self.whole) || expected.as_str().is_some_and(|text| text == self.text) {
            return None;
        }
        difference::first(expected, &self.whole)
    }
}

/// Why a rule does not hold for an output.
pub(super) fn unheld(rule: &Expression, scope: &EvaluationScope<'_>, output: &Output) -> Option<String> {
    match rule.holds(scope) {
        Ok(true) => None,
        Ok(false) => Some(format!("{} is false, got {}", rule.text(), output.quoted())),
        Err(why) => Some(format!("{}: {why}", rule.text())),
    }
}

/// The files that a start left, by path.
pub(super) fn files(tried: &Tried) -> Value {
    tried.left.iter().map(|file| (file.path.clone(), Value::from(file.text.as_str()))).collect::<Map<_, _>>().into()
}

/// Everything that a start answered: what it wrote and the files that it left.
pub(super) fn answer(tried: &Tried) -> Vec<u8> {
    let mut answer = tried.stdout.clone();
    if !tried.left.is_empty() {
        answer.extend(files(tried).to_string().into_bytes());
    }
    answer
}
