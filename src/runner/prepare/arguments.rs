//! Input values as words of a command line.
//!
//! What the manifest says of an input comes first, in the order of its rules; an input that only its schema names is
//! passed as `--name value`. What neither names is refused: a program has options that nobody reviewed.

use super::template::value_text;
use crate::domain::{ArgPlace, ArgRule, OptionForms, SafeText, validate};
use crate::outside::steers_programs;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ffi::OsString;

/// What a process gets beside the words of its command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PassedInput {
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(OsString, OsString)>,
    /// The text on standard input.
    pub(super) stdin: Option<String>,
}

/// Passes an input by these rules, in their order; `used` are inputs that the command holds already. A plain word that is
/// not given is its default, which `value` knows; what an option or a variable is without a value, the program knows best.
/// A program that `knows_defaults`, because they were read from its code, gets that of a word only to keep the place of one
/// behind it.
/// Inputs without a rule are options, too, and stand behind the last of those. Words that are passed as they are given stand
/// behind everything else.
pub(super) fn pass<'v>(
    rules: &[ArgRule],
    input: &Map<String, Value>,
    used: &BTreeSet<String>,
    value: &dyn Fn(&str) -> Option<&'v Value>,
    knows_defaults: bool,
) -> PassedInput {
    let mut passed = PassedInput::default();
    let stated: BTreeSet<&str> = rules.iter().map(|rule| rule.input.as_str()).collect();
    let (raw, counting): (Vec<&ArgRule>, Vec<&ArgRule>) =
        ArgRule::counting(rules, value).into_iter().partition(|rule| rule.is_raw());
    let has_options = counting.iter().any(|rule| matches!(rule.place, ArgPlace::Option(_)));
    let (before, behind) = counting.split_at(begin_of_words(rules, &counting));
    let mut words_left = SkippedWords { knows_defaults, words: Vec::new() };
    for rule in before {
        pass_one(rule, input, value, &mut words_left, &mut passed);
    }
    for (key, value) in input.iter().filter(|(key, _)| !used.contains(*key) && !stated.contains(key.as_str())) {
        append_option(&ArgRule::option(&format!("--{key}"), key), value, &mut passed.args);
    }
    let options = passed.args.len();
    for rule in behind {
        pass_one(rule, input, value, &mut words_left, &mut passed);
    }
    let looks_like_option = |word: &OsString| word.to_string_lossy().starts_with('-');
    let takes_on = before.iter().any(|rule| rule.is_together && is_given(input, rule));
    let plain = &passed.args[options..];
    if has_options && (plain.iter().any(looks_like_option) || takes_on && !plain.is_empty()) {
        // Whoever reads options takes what follows this for plain words, and for no more values of an option.
        passed.args.insert(options, "--".into());
    }
    for rule in raw {
        let begin = passed.args.len();
        pass_one(rule, input, value, &mut words_left, &mut passed);
        let is_swallowed = takes_on && begin == options;
        if is_swallowed && passed.args.get(begin).is_some_and(|word| !looks_like_option(word)) {
            passed.args.insert(begin, "--".into());
        }
    }
    passed
}

/// An option is repeated so often at most.
const MOST_TIMES: u64 = 64;

/// Names of inputs that a message lists.
const LISTED: usize = 12;

/// Why an input may not be passed as an option of its name; `None` if each may.
///
/// A tool that declares inputs takes no others, unless its schema allows them with `additionalProperties` or
/// `patternProperties`. `used` are inputs that the command or another rule holds.
pub(super) fn undeclared(
    rules: &[ArgRule],
    schema: Option<&Value>,
    input: &Map<String, Value>,
    used: &BTreeSet<String>,
) -> Option<String> {
    let declared = schema.map(DeclaredInputs::of).unwrap_or_default();
    let ruled: BTreeSet<&str> =
        rules.iter().map(|rule| rule.input.as_str()).chain(used.iter().map(String::as_str)).collect();
    let known: BTreeSet<&str> = declared.names.iter().map(String::as_str).chain(ruled.iter().copied()).collect();
    let is_open = declared.is_open || known.is_empty() && !declared.is_closed;
    for name in input.keys().filter(|name| !ruled.contains(name.as_str())) {
        let shown = SafeText::new(name);
        if !is_open && !known.contains(name.as_str()) && !declared.allows(name, &input[name]) {
            return Some(format!("input/{shown}: the tool does not declare it; {}", listed(&known)));
        }
        if !is_option_name(name) {
            return Some(format!(
                "input/{shown}: it cannot be the name of an option, which has letters, digits, - and _; declare how it is \
                 passed in [run] args"
            ));
        }
    }
    None
}

fn listed(known: &BTreeSet<&str>) -> String {
    let names: Vec<String> = known.iter().take(LISTED).map(|name| SafeText::new(name).to_string()).collect();
    match (names.len(), known.len().saturating_sub(LISTED)) {
        (0, _) => "it takes none".to_owned(),
        (_, 0) => format!("it takes {}", names.join(", ")),
        (_, more) => format!("it takes {} and {more} more", names.join(", ")),
    }
}

/// Whether a name may become `--name`: never an empty one, one with a value, or one that is not a word.
fn is_option_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Why no input may be passed by these rules: one sets a variable that decides what programs execute.
pub(super) fn steering(rules: &[ArgRule]) -> Option<String> {
    rules.iter().find_map(|rule| match &rule.place {
        ArgPlace::Variable(name) if steers_programs(name) => {
            let input = SafeText::new(&rule.input);
            Some(format!("input/{input}: it would set {name}, which no input may; pass it in another variable"))
        }
        _ => None,
    })
}

/// The inputs that a schema declares, in its parts that hold for the same value, too.
#[derive(Default)]
struct DeclaredInputs<'s> {
    names: BTreeSet<String>,
    /// Whether it says that others are allowed.
    is_open: bool,
    /// Whether it says that others are not.
    is_closed: bool,
    patterns: Vec<&'s Value>,
}

/// Parts within parts of a schema that are looked at.
const MAX_PARTS: usize = 8;

impl<'s> DeclaredInputs<'s> {
    fn of(schema: &'s Value) -> DeclaredInputs<'s> {
        let mut found = DeclaredInputs::default();
        found.add(schema, schema, 0);
        found
    }

    fn add(&mut self, root: &'s Value, part: &'s Value, depth: usize) {
        if depth > MAX_PARTS {
            return;
        }
        if let Some(properties) = part["properties"].as_object() {
            self.names.extend(properties.keys().cloned());
        }
        match part.get("additionalProperties") {
            Some(Value::Bool(true) | Value::Object(_)) => self.is_open = true,
            Some(_) => self.is_closed = true,
            None => {}
        }
        self.patterns.extend(part.get("patternProperties").filter(|patterns| patterns.is_object()));
        let lists = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| part[key].as_array()).flatten();
        let single = ["then", "else"].into_iter().filter_map(|key| part.get(key));
        let referred = part["$ref"].as_str().and_then(|to| root.pointer(to.strip_prefix('#')?));
        for inner in lists.chain(single).chain(referred) {
            self.add(root, inner, depth + 1);
        }
    }

    /// Whether a pattern of the schema names an input.
    fn allows(&self, name: &str, value: &Value) -> bool {
        let one = Value::Object(Map::from_iter([(name.to_owned(), value.clone())]));
        self.patterns.iter().any(|patterns| {
            let schema = serde_json::json!({"patternProperties": patterns, "additionalProperties": false});
            validate(&schema, &one).is_empty()
        })
    }
}

/// Why the program would take a text of the input that begins with a dash for another option; `None` if it would not.
///
/// Single values are joined to their options, and plain words behind the last option stand behind `--`. Words that are passed as
/// they are given may hold options. Neither helps the values of a list that share one option, and for plain words in front of an option or of a command.
pub(super) fn misread<'v>(
    rules: &[ArgRule],
    input: &Map<String, Value>,
    value: &dyn Fn(&str) -> Option<&'v Value>,
) -> Option<String> {
    let counting = ArgRule::counting(rules, value);
    let before = &counting[..begin_of_words(rules, &counting)];
    before.iter().filter(|rule| !rule.is_raw()).find_map(|rule| {
        let values: Vec<&Value> = items(input.get(&rule.input)?).iter().flat_map(items).collect();
        let is_bare = rule.is_position() || rule.is_together && values.len() > 1;
        let begins_an_option = |value: &&&Value| {
            let text = value_text(value);
            !value.is_number() && text.len() > 1 && text.starts_with('-')
        };
        let found = values.iter().filter(|_| is_bare).find(begins_an_option)?;
        let (name, text) = (SafeText::new(&rule.input), SafeText::new(&value_text(found)));
        Some(format!("input/{name}: \"{text}\" begins with a dash, so the tool would read it as an option"))
    })
}

/// Where the plain words begin that may stand behind `--`: behind the last option, and behind the word that chooses a
/// command, which stands before its words whatever they look like.
fn begin_of_words(rules: &[ArgRule], counting: &[&ArgRule]) -> usize {
    let chooses =
        |rule: &&ArgRule| rules.iter().any(|one| one.only_if.as_ref().is_some_and(|when| when.input == rule.input));
    let is_option = |rule: &&ArgRule| matches!(rule.place, ArgPlace::Option(_));
    counting.iter().rposition(|rule| chooses(rule) || is_option(rule)).map_or(0, |last| last + 1)
}

fn is_given(input: &Map<String, Value>, rule: &ArgRule) -> bool {
    input.get(&rule.input).is_some_and(|value| !value.is_null())
}

/// The plain words that were left out since the last one: those behind them must keep their places.
struct SkippedWords {
    knows_defaults: bool,
    words: Vec<OsString>,
}

fn pass_one<'v>(
    rule: &ArgRule,
    input: &Map<String, Value>,
    value: &dyn Fn(&str) -> Option<&'v Value>,
    skipped: &mut SkippedWords,
    passed: &mut PassedInput,
) {
    let given = input.get(&rule.input).filter(|value| !value.is_null());
    match &rule.place {
        ArgPlace::Option(_) => {
            let encoded = given.filter(|_| rule.is_percent_encoded).map(|value| Value::String(encoded(value)));
            append_option(rule, encoded.as_ref().or(given).unwrap_or(&Value::Null), &mut passed.args);
        }
        ArgPlace::Variable(name) => passed.env.extend(given.map(|value| (name.into(), word(rule, value)))),
        ArgPlace::Stdin => passed.stdin = value(&rule.input).map(lines),
        ArgPlace::Position => {
            let words = |value: &Value| -> Vec<OsString> {
                items(value).iter().filter(|item| !item.is_null()).map(|item| word(rule, item)).collect()
            };
            match value(&rule.input) {
                None => skipped.words.push(OsString::new()),
                // A launcher passes an empty text for what was left out, and its scripts count on it.
                Some(default) if given.is_none() && skipped.knows_defaults && default != "" => {
                    skipped.words.extend(words(default));
                }
                Some(value) => {
                    passed.args.append(&mut skipped.words);
                    passed.args.extend(words(value));
                }
            }
        }
    }
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        other => std::slice::from_ref(other),
    }
}

/// A value as text: a list as lines.
fn lines(value: &Value) -> String {
    items(value).iter().map(|item| value_text(item)).collect::<Vec<_>>().join("\n")
}

fn word(rule: &ArgRule, value: &Value) -> OsString {
    if rule.is_percent_encoded { encoded(value).into() } else { value_text(value).into_owned().into() }
}

/// Everything but unreserved characters, as RFC 3986 encodes them.
fn encoded(value: &Value) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(&value_text(value), RESERVED).to_string()
}

/// A value behind its option: `true` as the option alone, `false` as the form for it or not at all, null not at all, arrays
/// behind one option or as the option repeated. A value that begins with a dash is joined to the option, so that it cannot
/// be taken for another one.
fn append_option(rule: &ArgRule, value: &Value, args: &mut Vec<OsString>) {
    let Some(OptionForms { flag, off, .. }) = rule.option_forms() else { return };
    if rule.is_counted {
        let count = value.as_u64().unwrap_or_default().min(MOST_TIMES);
        args.extend((0..count).map(|_| OsString::from(flag)));
        return;
    }
    // A list of lists is the option once for each of them.
    if rule.is_together && items(value).iter().any(Value::is_array) {
        for group in items(value) {
            append_option(rule, group, args);
        }
        return;
    }
    if rule.is_together && value.as_array().is_some_and(|values| values.len() > 1) {
        args.push(flag.into());
        args.extend(items(value).iter().filter(|value| !value.is_null()).map(|value| word(rule, value)));
        return;
    }
    for value in items(value) {
        match value {
            Value::Null => {}
            Value::Bool(false) => args.extend(off.map(OsString::from)),
            Value::Bool(true) => args.push(flag.into()),
            value => {
                let text = value_text(value);
                if !text.starts_with('-') && !rule.is_joined {
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
        pass(&rules, fields, &BTreeSet::from(["used".to_owned()]), &|name| fields.get(name), false)
    }

    fn args(rules: &[&str], input: &Value) -> Vec<String> {
        passed(rules, input).args.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn words_are_passed_as_they_are_given_where_the_rule_says_so() {
        let words = json!({"n": 1, "args": ["-x", "--", "a b"]});
        assert_eq!(args(&["args...", "--n"], &words), ["--n", "1", "-x", "--", "a b"]);
        assert_eq!(args(&["-n", "file", "args..."], &json!({"file": "f", "args": ["-x"]})), ["f", "-x"]);
        // A list behind one option would take the words, too.
        let lists = json!({"files": ["a", "b"], "args": ["c"]});
        assert_eq!(args(&["--files files...", "args..."], &lists), ["--files", "a", "b", "--", "c"]);
    }

    #[test]
    fn an_optional_value_is_joined_to_its_option() {
        assert_eq!(args(&["--tag=", "-t= short"], &json!({"tag": "t1", "short": "x"})), ["--tag=t1", "-tx"]);
        assert_eq!(args(&["--tag="], &json!({"tag": true})), ["--tag"]);
    }

    #[test]
    fn an_input_without_a_rule_becomes_an_option_of_its_name() {
        let input = json!({"q": "x", "verbose": true, "quiet": false, "none": null, "n": -5,
            "tag": ["a", "-b"], "where": {"k": 1}, "used": 1});
        let expected = ["--q", "x", "--verbose", "--n=-5", "--tag", "a", "--tag=-b", "--where", r#"{"k":1}"#];
        assert_eq!(args(&[], &input), expected);
    }

    #[test]
    fn an_input_that_a_tool_does_not_declare_is_no_option() {
        let rules: Vec<ArgRule> = ["path", "$TOKEN token"].iter().map(|rule| rule.parse().unwrap()).collect();
        let used = BTreeSet::from(["used".to_owned()]);
        let said = |rules: &[ArgRule], schema: Option<&Value>, input: Value| {
            undeclared(rules, schema, input.as_object().unwrap(), &used)
        };
        let own = json!({"properties": {"path": {}, "le-vel": {}}, "allOf": [{"then": {"properties": {"deep": {}}}}]});
        // The control: what is declared in any way passes.
        assert_eq!(
            said(&rules, Some(&own), json!({"path": "x", "le-vel": 1, "deep": 2, "token": "t", "used": 1})),
            None
        );
        let why = said(&rules, Some(&own), json!({"path": "x", "checkpoint-action": "exec=id"})).unwrap();
        assert_eq!(
            why,
            "input/checkpoint-action: the tool does not declare it; it takes deep, le-vel, path, token, used"
        );
        assert!(said(&rules, None, json!({"eval": "$(shell id)"})).is_some());
        assert!(said(&[], Some(&json!({"additionalProperties": false})), json!({"x": 1})).is_some());
        for open in [
            json!({"properties": {"path": {}}, "additionalProperties": true}),
            json!({"properties": {"path": {}}, "additionalProperties": {"type": "string"}}),
            json!({"properties": {"path": {}}, "patternProperties": {"^x-": {}}}),
        ] {
            assert_eq!(said(&rules, Some(&open), json!({"x-y": "1"})), None, "{open}");
            for name in ["", "-x", "x-y=1", "x-y z", "ä"] {
                assert!(said(&rules, Some(&open), json!({name: "1"})).is_some(), "{open} {name}");
            }
        }
        assert!(said(&rules, Some(&json!({"patternProperties": {"^x-": {}}})), json!({"y": "1"})).is_some());
        // A tool that declares nothing takes any option, but no word that is none.
        let nothing = |input: Value| undeclared(&[], None, input.as_object().unwrap(), &BTreeSet::new());
        assert_eq!(nothing(json!({"any": 1})), None);
        assert!(nothing(json!({"": 1})).is_some() && nothing(json!({"-": 1})).is_some());
    }

    #[test]
    fn no_input_sets_a_variable_that_decides_what_programs_execute() {
        let said = |rule: &str| steering(&[rule.parse().unwrap()]);
        assert_eq!(said("$API_TOKEN token"), None);
        for name in ["BASH_ENV", "LD_PRELOAD", "PATH", "PYTHONPATH", "MAKEFLAGS", "GIT_SSH_COMMAND", "IFS", "HOME"] {
            assert!(said(&format!("${name} x")).unwrap().contains(name));
        }
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
    fn a_text_reaches_standard_input_as_it_is() {
        let text = passed(&["< text", "--n"], &json!({"text": "a \"b\"\nc", "n": 1}));
        assert_eq!((text.stdin.as_deref(), text.args), (Some("a \"b\"\nc"), vec!["--n".into(), "1".into()]));
        assert_eq!(passed(&["< text"], &json!({"text": ["a", 2]})).stdin.as_deref(), Some("a\n2"));
        assert_eq!(passed(&["< text"], &json!({})).stdin, None);
    }

    #[test]
    fn a_missing_word_keeps_the_places_of_those_behind_it() {
        assert_eq!(args(&["a", "b", "c"], &json!({"b": "x"})), ["", "x"]);
        assert_eq!(args(&["a", "b"], &json!({})), Vec::<String>::new());
    }

    #[test]
    fn a_program_that_knows_its_defaults_gets_them_only_to_keep_a_place() {
        let rules: Vec<ArgRule> = ["a", "b"].iter().map(|rule| rule.parse().unwrap()).collect();
        let default = json!("World");
        let args = |input: Value, knows_defaults: bool| {
            let fields = input.as_object().unwrap();
            let value = |name: &str| fields.get(name).or_else(|| (name == "a").then_some(&default));
            pass(&rules, fields, &BTreeSet::new(), &value, knows_defaults).args
        };
        assert_eq!(args(json!({}), true), Vec::<OsString>::new());
        assert_eq!(args(json!({}), false), ["World"]);
        assert_eq!(args(json!({"b": "x"}), true), ["World", "x"]);
    }

    #[test]
    fn a_value_is_not_taken_for_an_option() {
        assert_eq!(args(&["--all", "path"], &json!({"path": "-rf", "all": true})), ["--all", "--", "-rf"]);
        // A script that reads `$1` knows no `--`.
        assert_eq!(args(&["path"], &json!({"path": "-rf"})), ["-rf"]);
        assert_eq!(args(&["-n count"], &json!({"count": -3})), ["-n-3"]);
    }

    #[test]
    fn several_values_stand_behind_one_option_where_the_rule_says_so() {
        let input = json!({"files": ["a", "b"], "tag": ["x", "y"], "path": "p"});
        let rules = ["--files files...", "--tag", "path"];
        assert_eq!(args(&rules, &input), ["--files", "a", "b", "--tag", "x", "--tag", "y", "--", "p"]);
        assert_eq!(args(&rules, &json!({"files": ["a"]})), ["--files", "a"]);
        assert_eq!(args(&["--files files..."], &json!({"files": []})), Vec::<String>::new());
    }

    #[test]
    fn an_option_is_repeated_as_often_as_its_number_says() {
        let rules = ["-v level times", "--config config..."];
        let input = json!({"level": 3, "config": [["a", "b"], ["c", "d"]]});
        assert_eq!(args(&rules, &input), ["-v", "-v", "-v", "--config", "a", "b", "--config", "c", "d"]);
        assert_eq!(args(&rules, &json!({"level": 0})), Vec::<String>::new());
    }

    #[test]
    fn no_value_of_a_list_becomes_another_option() {
        let rules: Vec<ArgRule> = ["--files files...", "--tag"].iter().map(|rule| rule.parse().unwrap()).collect();
        let said = |input: &Value| misread(&rules, input.as_object().unwrap(), &|name| input.get(name));
        let why = said(&json!({"files": ["a", "--force"]})).unwrap();
        assert_eq!(why, "input/files: \"--force\" begins with a dash, so the tool would read it as an option");
        for input in [
            json!({"files": ["a", "b"]}),
            json!({"files": [-1, 2]}),
            json!({"files": ["--force"]}),
            json!({"tag": ["a", "--force"]}),
            json!({}),
        ] {
            assert_eq!(said(&input), None, "{input}");
        }
        let rules: Vec<ArgRule> =
            ["path", "command", "name if command=add", "--all"].iter().map(|rule| rule.parse().unwrap()).collect();
        let said = |input: &Value| misread(&rules, input.as_object().unwrap(), &|name| input.get(name));
        assert!(said(&json!({"path": "--db=x", "command": "add"})).is_some());
        assert_eq!(said(&json!({"path": "-", "command": "add"})), None);
        // One value is joined to its option, and so is each of an option that is repeated.
        assert_eq!(args(&["--files files..."], &json!({"files": ["--force"]})), ["--files=--force"]);
        assert_eq!(args(&["--tag"], &json!({"tag": ["a", "--force"]})), ["--tag", "a", "--tag=--force"]);
    }

    #[test]
    fn an_option_has_other_names_and_a_form_for_false() {
        let rules = ["--times,-n", "--color/--no-color"];
        assert_eq!(args(&rules, &json!({"times": 2, "color": false})), ["--times", "2", "--no-color"]);
        assert_eq!(args(&rules, &json!({"color": true})), ["--color"]);
    }

    #[test]
    fn only_inputs_of_the_chosen_command_are_passed_and_those_of_all_before_it() {
        let rules = ["--db", "command", "--age if command=add", "name if command=add", "name if command=rm"];
        let rm = json!({"db": "x", "command": "rm", "age": 3, "name": "Bob"});
        assert_eq!(args(&rules, &rm), ["--db", "x", "rm", "Bob"]);
        let add = json!({"db": "x", "command": "add", "age": 3, "name": "-b"});
        assert_eq!(args(&rules, &add), ["--db", "x", "add", "--age", "3", "--", "-b"]);
        let rm = json!({"db": "x", "command": "rm", "name": "-b"});
        assert_eq!(args(&rules, &rm), ["--db", "x", "rm", "--", "-b"]);
    }
}
