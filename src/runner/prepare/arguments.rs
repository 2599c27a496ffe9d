//! Input values as words of a command line.
//!
//! What the manifest says of an input comes first, in the order of its rules; an input that it does not mention is
//! passed as `--name value`.

use super::template::value_text;
use crate::domain::{ArgPlace, ArgRule};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ffi::OsString;

/// What a process gets beside the words of its command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PassedInput {
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
}

/// Passes an input by these rules, in their order; `used` are inputs that the command holds already. A plain word that is
/// not given is its default, which `value` knows; what an option or a variable is without a value, the program knows best.
/// Inputs without a rule are options, too, and stand behind the last of those.
pub(super) fn pass<'v>(
    rules: &[ArgRule],
    input: &Map<String, Value>,
    used: &BTreeSet<String>,
    value: &dyn Fn(&str) -> Option<&'v Value>,
) -> PassedInput {
    let mut passed = PassedInput::default();
    let last_option = rules.iter().rposition(|rule| matches!(rule.place, ArgPlace::Option(_)));
    let (before, behind) = rules.split_at(last_option.map_or(0, |last| last + 1));
    let mut words = SkippedWords::default();
    for rule in before {
        pass_one(rule, input, value, &mut words, &mut passed);
    }
    let stated: BTreeSet<&str> = rules.iter().map(|rule| rule.input.as_str()).collect();
    for (key, value) in input.iter().filter(|(key, _)| !used.contains(*key) && !stated.contains(key.as_str())) {
        append_option(&format!("--{key}"), value, &mut passed.args);
    }
    let options = passed.args.len();
    for rule in behind {
        pass_one(rule, input, value, &mut words, &mut passed);
    }
    let looks_like_option = |word: &OsString| word.to_string_lossy().starts_with('-');
    if last_option.is_some() && passed.args[options..].iter().any(looks_like_option) {
        // Whoever reads options takes what follows this for plain words.
        passed.args.insert(options, "--".into());
    }
    passed
}

/// How many plain words were left out since the last one: those behind them must keep their places.
#[derive(Default)]
struct SkippedWords(usize);

fn pass_one<'v>(
    rule: &ArgRule,
    input: &Map<String, Value>,
    value: &dyn Fn(&str) -> Option<&'v Value>,
    skipped: &mut SkippedWords,
    passed: &mut PassedInput,
) {
    let given = input.get(&rule.input).filter(|value| !value.is_null());
    match &rule.place {
        ArgPlace::Option(flag) => {
            let encoded = given.filter(|_| rule.is_percent_encoded).map(|value| Value::String(encoded(value)));
            append_option(flag, encoded.as_ref().or(given).unwrap_or(&Value::Null), &mut passed.args);
        }
        ArgPlace::Variable(name) => passed.env.extend(given.map(|value| (name.into(), word(rule, value)))),
        ArgPlace::Position => match value(&rule.input) {
            None => skipped.0 += 1,
            Some(value) => {
                passed.args.extend(std::iter::repeat_n(OsString::new(), std::mem::take(&mut skipped.0)));
                let words = items(value).iter().filter(|item| !item.is_null());
                passed.args.extend(words.map(|item| word(rule, item)));
            }
        },
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        other => std::slice::from_ref(other),
    }
}

fn word(rule: &ArgRule, value: &Value) -> OsString {
    if rule.is_percent_encoded { encoded(value).into() } else { value_text(value).into_owned().into() }
}

/// Everything but unreserved characters, as RFC 3986 encodes them.
fn encoded(value: &Value) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(&value_text(value), RESERVED).to_string()
}

/// A value behind its option: `true` as the option alone, `false` and null not at all, arrays as the option repeated. A
/// value that begins with a dash is joined to the option, so that it cannot be taken for another one.
fn append_option(flag: &str, value: &Value, args: &mut Vec<OsString>) {
    for value in items(value) {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => args.push(flag.into()),
            value => {
                let text = value_text(value);
                if !text.starts_with('-') {
                    args.extend([flag.into(), text.into_owned().into()]);
                } else if flag.starts_with("--") {
                    args.push(format!("{flag}={text}").into());
                } else {
                    args.push(format!("{flag}{text}").into());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passed(rules: &[&str], input: &Value) -> PassedInput {
        let rules: Vec<ArgRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let fields = input.as_object().unwrap();
        pass(&rules, fields, &BTreeSet::from(["used".to_owned()]), &|name| fields.get(name))
    }

    fn args(rules: &[&str], input: &Value) -> Vec<String> {
        passed(rules, input).args.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn an_input_without_a_rule_becomes_an_option_of_its_name() {
        let input = json!({"q": "x", "verbose": true, "quiet": false, "none": null, "n": -5,
            "tag": ["a", "-b"], "where": {"k": 1}, "used": 1});
        let expected = ["--q", "x", "--verbose", "--n=-5", "--tag", "a", "--tag=-b", "--where", r#"{"k":1}"#];
        assert_eq!(args(&[], &input), expected);
    }

    #[test]
    fn rules_say_where_each_value_goes() {
        let input = json!({"path": "a b", "count": 3, "verbose": true, "token": "s", "more": ["x", "y"], "other": 1});
        let rules = ["-n count", "-v verbose", "$API_TOKEN token", "path", "more"];
        assert_eq!(args(&rules, &input), ["-n", "3", "-v", "--other", "1", "a b", "x", "y"]);
        assert_eq!(passed(&rules, &input).env, [("API_TOKEN".into(), "s".into())]);
        let rules = ["path", "-n count", "more", "-v verbose"];
        assert_eq!(args(&rules, &input)[..7], ["a b", "-n", "3", "x", "y", "-v", "--token"]);
        assert_eq!(
            args(&["%path", "--to %count"], &json!({"path": "a b/ü", "count": "x&y"})),
            ["a%20b%2F%C3%BC", "--to", "x%26y"]
        );
    }

    #[test]
    fn a_missing_word_keeps_the_places_of_those_behind_it() {
        assert_eq!(args(&["a", "b", "c"], &json!({"b": "x"})), ["", "x"]);
        assert_eq!(args(&["a", "b"], &json!({})), Vec::<String>::new());
    }

    #[test]
    fn a_value_is_not_taken_for_an_option() {
        assert_eq!(args(&["--all", "path"], &json!({"path": "-rf", "all": true})), ["--all", "--", "-rf"]);
        // A script that reads `$1` knows no `--`.
        assert_eq!(args(&["path"], &json!({"path": "-rf"})), ["-rf"]);
        assert_eq!(args(&["-n count"], &json!({"count": -3})), ["-n-3"]);
    }
}
