//! Input values as words of a command line.
//!
//! What the manifest says of an input comes first, in the order of its rules; an input that it does not mention is
//! passed as `--name value`.

use super::template::value_text;
use crate::domain::{ArgPlace, ArgRule};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ffi::OsString;

/// What a process gets beside the words of its command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PassedInput {
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
}

/// Passes an input by these rules; `used` are inputs that the command holds already. A plain word that is not given is its
/// default, which `value` knows; what an option or a variable is without a value, the program knows best.
pub(super) fn pass<'v>(
    rules: &[ArgRule],
    input: &Map<String, Value>,
    used: &BTreeSet<String>,
    value: &dyn Fn(&str) -> Option<&'v Value>,
) -> PassedInput {
    let mut passed = PassedInput::default();
    let mut words: Vec<OsString> = Vec::new();
    let mut skipped = 0;
    let has_options = rules.iter().any(|rule| matches!(rule.place, ArgPlace::Option(_)));
    for rule in rules {
        let given = input.get(&rule.input).filter(|value| !value.is_null());
        match &rule.place {
            ArgPlace::Option(flag) => append_option(flag, given.unwrap_or(&Value::Null), &mut passed.args),
            ArgPlace::Variable(name) => passed.env.extend(given.map(|value| (name.into(), word(value)))),
            // A word that is left out must not move those behind it.
            ArgPlace::Position => match value(&rule.input) {
                None => skipped += 1,
                Some(value) => {
                    words.extend(std::iter::repeat_n(OsString::new(), std::mem::take(&mut skipped)));
                    words.extend(items(value).iter().filter(|item| !item.is_null()).map(|item| word(item)));
                }
            },
        }
    }
    let stated: BTreeSet<&str> = rules.iter().map(|rule| rule.input.as_str()).collect();
    for (key, value) in input.iter().filter(|(key, _)| !used.contains(*key) && !stated.contains(key.as_str())) {
        append_option(&format!("--{key}"), value, &mut passed.args);
    }
    if words.iter().any(|word| word.to_string_lossy().starts_with('-')) && has_options {
        // Whoever reads options takes what follows this for plain words.
        passed.args.push("--".into());
    }
    passed.args.extend(words);
    passed
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        other => std::slice::from_ref(other),
    }
}

fn word(value: &Value) -> OsString {
    value_text(value).into_owned().into()
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
        let rules = ["path", "-n count", "-v verbose", "$API_TOKEN token", "more"];
        assert_eq!(args(&rules, &input), ["-n", "3", "-v", "--other", "1", "a b", "x", "y"]);
        assert_eq!(passed(&rules, &input).env, [("API_TOKEN".into(), "s".into())]);
    }

    #[test]
    fn a_missing_word_keeps_the_places_of_those_behind_it() {
        assert_eq!(args(&["a", "b", "c"], &json!({"b": "x"})), ["", "x"]);
        assert_eq!(args(&["a", "b"], &json!({})), Vec::<String>::new());
    }

    #[test]
    fn a_value_is_not_taken_for_an_option() {
        assert_eq!(args(&["path", "--all"], &json!({"path": "-rf", "all": true})), ["--all", "--", "-rf"]);
        // A script that reads `$1` knows no `--`.
        assert_eq!(args(&["path"], &json!({"path": "-rf"})), ["-rf"]);
        assert_eq!(args(&["-n count"], &json!({"count": -3})), ["-n-3"]);
    }
}
