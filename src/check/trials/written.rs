//! The output of a trial, and the expected output.

use super::difference;
use super::expression::{EvaluationScope, Expression, equal, quote};
use crate::runner::Tried;
use serde_json::{Map, Value};

/// The standard output of a trial.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) text: String,
    /// As JSON, if it is JSON.
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

    /// The value for a message, shortened.
    pub(super) fn quoted(&self) -> String {
        quote(&self.whole)
    }

    /// How it differs from the expected value.
    pub(super) fn differs(&self, expected: &Value) -> Option<String> {
        if equal(expected, &self.whole) || expected.as_str().is_some_and(|text| text == self.text) {
            return None;
        }
        difference::first(expected, &self.whole)
    }
}

/// Why a rule is not fulfilled by an output.
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

/// The complete answer of a start: its output and the files that it left.
pub(super) fn answer(tried: &Tried) -> Vec<u8> {
    let mut answer = tried.stdout.clone();
    if !tried.left.is_empty() {
        answer.extend(files(tried).to_string().into_bytes());
    }
    answer
}
