//! The severity of a difference between two answers.
//!
//! A new version may intentionally answer differently: only an expected answer that is written down blocks it. Repairs
//! and additions are facts: another wording of a refusal, an answer where the old version crashed, and results of a
//! word that only the new code contains.

use super::crash;
use crate::domain::Severity;
use crate::runner::Tried;
use serde_json::Value;
use std::collections::HashSet;

/// Arguments that request help or the version.
const HELP: &[&str] = &["-h", "--help", "-help", "help", "-V", "--version", "version"];

/// How a start ended, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It succeeded, or failed with a result.
    Result,
    /// It reported that it does not accept this input.
    Refusal,
    /// It ended unexpectedly.
    Crash,
}

impl Answer {
    fn of(tried: &Tried) -> Answer {
        if crash::of(tried).is_some() {
            return Answer::Crash;
        }
        let text = String::from_utf8_lossy(&tried.stdout);
        let is_short = text.trim().lines().count() <= 1 || text.trim_start().to_lowercase().starts_with("usage");
        let is_refusal = tried.end.exit_code().is_some_and(|code| code != 0) && tried.left.is_empty() && is_short;
        if is_refusal { Answer::Refusal } else { Answer::Result }
    }
}

/// The severity of a difference. `given` is the input with the text of the file that it names; `new_texts` are texts
/// that only the new code has.
pub(super) fn weight(
    given: &str,
    input: &Value,
    new_texts: &HashSet<String>,
    [before, after]: [&Tried; 2],
) -> Severity {
    let names_new = || new_texts.iter().any(|word| word.len() > 1 && given.contains(word.as_str()));
    let asks_help = || new_texts.iter().any(|word| HELP.contains(&word.as_str()) && holds(input, word));
    let is_fact = match (Answer::of(before), Answer::of(after)) {
        (_, Answer::Refusal | Answer::Result) if asks_help() => true,
        (Answer::Crash, Answer::Crash) | (Answer::Refusal, Answer::Refusal) => {
            before.end.exit_code() == after.end.exit_code()
        }
        (Answer::Crash, Answer::Result | Answer::Refusal) => true,
        (Answer::Refusal, Answer::Result) | (Answer::Result, Answer::Refusal) => names_new(),
        (Answer::Result, Answer::Result) if is_extended(before, after) => true,
        (Answer::Result, Answer::Result) => names_new() && is_addition(&before.stdout, &after.stdout),
        (Answer::Refusal | Answer::Result, Answer::Crash) => false,
    };
    if is_fact || is_moved(before, after) { Severity::Low } else { Severity::Medium }
}

/// Whether the old version crashed and the new one answers.
pub(super) fn is_mended(before: &Tried, after: &Tried) -> bool {
    Answer::of(before) == Answer::Crash && Answer::of(after) != Answer::Crash
}

/// Whether lines only moved to standard error.
fn is_moved(before: &Tried, after: &Tried) -> bool {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (old, new, errors) = (text(&before.stdout), text(&after.stdout), text(&after.stderr));
    let mut kept = new.lines().peekable();
    let mut has_moved = false;
    let is_found = old.lines().all(|line| {
        let stays = kept.next_if_eq(&line).is_some();
        has_moved |= !stays;
        stays || errors.contains(line)
    });
    is_found && has_moved && kept.next().is_none() && before.end.exit_code() == after.end.exit_code()
}

/// Whether the new output is the old one with more fields.
fn is_extended(before: &Tried, after: &Tried) -> bool {
    let read = |tried: &Tried| serde_json::from_slice::<Value>(&tried.stdout).ok();
    let (Some(old), Some(new)) = (read(before), read(after)) else { return false };
    before.end.exit_code() == after.end.exit_code()
        && before.left == after.left
        && old.is_object()
        && extends(&old, &new)
}

fn extends(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(name, value)| new.get(name).is_some_and(|other| extends(value, other)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| extends(old, new))
        }
        _ => old == new,
    }
}

/// Whether a value of the input is this word.
fn holds(input: &Value, word: &str) -> bool {
    match input {
        Value::String(text) => text == word,
        Value::Array(items) => items.iter().any(|item| holds(item, word)),
        Value::Object(map) => map.values().any(|value| holds(value, word)),
        _ => false,
    }
}

/// Whether nothing was removed from the old output: all its lines occur in order.
fn is_addition(before: &[u8], after: &[u8]) -> bool {
    let lines = |bytes: &[u8]| {
        // JSON output contains its lines inside texts.
        String::from_utf8_lossy(bytes).replace("\\n", "\n").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let after = lines(after);
    let mut rest = after.iter();
    lines(before).iter().all(|line| rest.any(|other| other == line))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{python, start};
    use super::*;
    use serde_json::json;

    fn weight_of(old: &str, new: &str, input: &Value, new_texts: &[&str]) -> Severity {
        let run = |code: &str| start(&python(code), std::slice::from_ref(input)).remove(0);
        let texts: HashSet<String> = new_texts.iter().map(|text| (*text).to_owned()).collect();
        weight(&input.to_string(), input, &texts, [&run(old), &run(new)])
    }

    const READ: &str = "import json, sys\na = json.load(sys.stdin)['a']\n";

    #[test]
    fn what_mends_a_crash_is_a_fact_and_what_crashes_is_not() {
        let crash = format!("{READ}print(a[5])\n");
        let mended = format!("{READ}print(a[5] if len(a) > 5 else '')\n");
        assert_eq!(weight_of(&crash, &mended, &json!({"a": "x"}), &[]), Severity::Low);
        assert_eq!(weight_of(&mended, &crash, &json!({"a": "x"}), &[]), Severity::Medium);
    }

    #[test]
    fn a_new_word_for_help_may_answer_anything_but_a_crash() {
        let old = format!("{READ}sys.exit(127)\n");
        let new = format!("{READ}print('usage: t') if a == '-h' else None\nsys.exit(3 if a == '-h' else 127)\n");
        let crash = format!("{READ}print(a[9]) if a == '-h' else None\nsys.exit(127)\n");
        assert_eq!(weight_of(&old, &new, &json!({"a": "-h"}), &["-h"]), Severity::Low);
        assert_eq!(weight_of(&old, &new, &json!({"a": "-h"}), &[]), Severity::Medium);
        assert_eq!(weight_of(&old, &crash, &json!({"a": "-h"}), &["-h"]), Severity::Medium);
    }

    #[test]
    fn an_input_that_was_refused_is_accepted_for_a_new_word_only() {
        let old = format!("{READ}sys.exit('no') if a != 'x' else print(a)\n");
        let new = format!("{READ}sys.exit('no') if a not in ('x', 'yy') else print(a)\n");
        let open = format!("{READ}print(a)\n");
        assert_eq!(weight_of(&old, &new, &json!({"a": "yy"}), &["yy"]), Severity::Low);
        assert_eq!(weight_of(&old, &open, &json!({"a": "zz"}), &["yy"]), Severity::Medium);
        assert_eq!(weight_of(&new, &old, &json!({"a": "yy"}), &["yy"]), Severity::Low);
    }

    #[test]
    fn another_result_is_a_warning_although_both_fail() {
        let old = format!("{READ}print('one', a, sep='\\n')\nsys.exit(1)\n");
        let new = format!("{READ}print('two', a, sep='\\n')\nsys.exit(1)\n");
        assert_eq!(weight_of(&old, &new, &json!({"a": "x"}), &[]), Severity::Medium);
        let refusal = format!("{READ}sys.exit('bad input')\n");
        let reworded = format!("{READ}sys.exit('this input is bad')\n");
        assert_eq!(weight_of(&refusal, &reworded, &json!({"a": "x"}), &[]), Severity::Low);
    }

    #[test]
    fn lines_that_moved_to_standard_error_are_a_fact() {
        let old = format!("{READ}print('no such thing:', a)\nprint('rest')\n");
        let moved = format!("{READ}print('no such thing:', a, file=sys.stderr)\nprint('rest')\n");
        let lost = format!("{READ}print('rest')\n");
        assert_eq!(weight_of(&old, &moved, &json!({"a": "x\ny"}), &[]), Severity::Low);
        assert_eq!(weight_of(&old, &lost, &json!({"a": "x\ny"}), &[]), Severity::Medium);
    }

    #[test]
    fn one_more_field_is_a_fact_and_another_value_is_not() {
        let old = format!("{READ}print(json.dumps({{'rows': [{{'a': a}}], 'n': 1}}))\n");
        let more = format!("{READ}print(json.dumps({{'rows': [{{'a': a, 'b': 2}}], 'n': 1, 'm': 3}}))\n");
        let other = format!("{READ}print(json.dumps({{'rows': [{{'a': a}}], 'n': 2, 'm': 3}}))\n");
        assert_eq!(weight_of(&old, &more, &json!({"a": "x"}), &[]), Severity::Low);
        assert_eq!(weight_of(&old, &other, &json!({"a": "x"}), &[]), Severity::Medium);
        assert_eq!(weight_of(&more, &old, &json!({"a": "x"}), &[]), Severity::Medium);
    }

    #[test]
    fn a_new_key_may_add_lines_but_not_replace_them() {
        let old = format!("{READ}print('name')\n");
        let added = format!("{READ}print('name')\nprint('command')\n");
        let other = format!("{READ}print('command')\n");
        assert_eq!(weight_of(&old, &added, &json!({"a": "command"}), &["command"]), Severity::Low);
        assert_eq!(weight_of(&old, &other, &json!({"a": "command"}), &["command"]), Severity::Medium);
        assert_eq!(weight_of(&old, &added, &json!({"a": "x"}), &["command"]), Severity::Medium);
    }
}
