//! Plain words on a command line as input values: `run resize photo.png 50`, `run resize -- --width 50 photo.png`.

use crate::domain::{ArgPlace, ArgRule, Manifest, OPTIONS_FIRST, OptionForms, SafeText};
use crate::engine::error::{EngineError, ErrorCode};
use serde_json::Value;
use std::collections::VecDeque;

/// So many inputs are named where a word is refused.
const SHOWN_INPUTS: usize = 4;

/// The words as assignments `KEY=VALUE`. Options are those of the tool's own command line, else `--NAME` of an input; plain
/// words are its positional inputs, else its inputs in their order, those that it needs first. Behind a command only what
/// belongs to it counts. A list takes all words that are left.
///
/// No word is dropped or moved without notice: where the tool takes words as they are ([`ArgRule::is_raw`]), the first word that
/// no other input can hold and all behind it are passed as they were typed. Elsewhere such a word is refused.
///
/// # Errors
/// [`ErrorCode::Usage`] for an option that the tool does not have, one without its value, one that is given twice but holds one
/// value, and a word too many.
pub fn assignments(manifest: &Manifest, words: &[&str]) -> Result<Vec<String>, EngineError> {
    let mut inputs = Inputs { manifest, found: Vec::new() };
    let mut words: VecDeque<&str> = words.iter().copied().collect();
    let mut takes_options = true;
    let is_options_first = manifest.extra.get(OPTIONS_FIRST) == Some(&Value::Bool(true));
    while let Some(word) = words.pop_front() {
        if inputs.passes_on(word, takes_options) {
            inputs.pass_on(word);
        } else if takes_options && word == "--" {
            takes_options = false;
        } else if takes_options && is_option(word) && !inputs.takes_any(word) {
            inputs.option(word, &mut words)?;
        } else {
            if !takes_options && is_options_first && is_option(word) {
                inputs.refuse_late(word)?;
            }
            inputs.word(word)?;
            // The tool reads no option behind its first word.
            takes_options &= !is_options_first;
        }
    }
    Ok(inputs.found.into_iter().map(Found::assignment).collect())
}

/// Whether a word is written as an option. A number may be negative.
fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err()
}

/// What the words gave an input.
struct Found {
    input: String,
    values: Vec<Value>,
    is_list: bool,
}

impl Found {
    fn assignment(self) -> String {
        let Found { input, values, is_list } = self;
        let last = values.last().and_then(Value::as_str).unwrap_or_default();
        let value = if is_list { Value::Array(values.clone()).to_string() } else { last.to_owned() };
        format!("{input}={value}")
    }
}

struct Inputs<'m> {
    manifest: &'m Manifest,
    /// What the words before gave, in their order.
    found: Vec<Found>,
}

impl Inputs<'_> {
    /// The input that takes words as they are.
    fn raw(&self) -> Option<String> {
        self.counting().into_iter().find(|rule| rule.is_raw()).map(|rule| rule.input.clone())
    }

    /// Whether a word belongs to those that are passed as they were typed: it stands behind one of them, it ends the options in
    /// front of them, or no other input can hold it.
    fn passes_on(&self, word: &str, takes_options: bool) -> bool {
        let Some(raw) = self.raw() else { return false };
        if self.is_given(&raw) {
            let named = if takes_options && is_option(word) { self.of_word(word) } else { None };
            return !named.is_some_and(|input| self.is_required(&input) && !self.is_given(&input));
        }
        let is_next = || self.positions().iter().find(|name| !self.is_given(name)) == Some(&raw);
        if word == "--" {
            return takes_options && is_next();
        }
        takes_options
            && is_option(word)
            && match self.of_word(word) {
                Some(input) => self.is_given(&input) && !self.holds_several(&input),
                None => !self.is_group(word),
            }
    }

    fn pass_on(&mut self, word: &str) {
        if let Some(raw) = self.raw() {
            self.give(&raw, word);
        }
    }

    /// The input of the option in a word, whose value may be joined to it.
    fn of_word(&self, word: &str) -> Option<String> {
        let flag = word.split('=').next().unwrap_or(word);
        self.of_flag(flag).or_else(|| self.of_negative(flag))
    }

    /// Whether a word is short options in one: `-vx`, `-n5`.
    fn is_group(&self, word: &str) -> bool {
        self.short_values(word).is_some()
    }

    fn is_given(&self, input: &str) -> bool {
        self.found.iter().any(|found| found.input == input)
    }

    /// Whether an option may stand there more than once.
    fn holds_several(&self, input: &str) -> bool {
        self.is_list(input) || self.is_counted(input)
    }

    /// Takes a plain word: the value of the next positional input, or one more of a list.
    fn word(&mut self, word: &str) -> Result<(), EngineError> {
        let positions = self.positions();
        let last = positions.last().filter(|name| self.is_list(name));
        let next = positions.iter().find(|name| !self.is_given(name)).or(last);
        let input = next.cloned().ok_or_else(|| self.too_many(word))?;
        self.give(&input, word);
        Ok(())
    }

    /// Takes an option and its value, which may be joined to it, or be the next word.
    fn option(&mut self, word: &str, words: &mut VecDeque<&str>) -> Result<(), EngineError> {
        let (flag, joined) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
        if let Some(input) = self.of_flag(flag) {
            if joined.is_none() && self.is_counted(&input) {
                self.count(&input);
                return Ok(());
            }
            self.refuse_second(&input, flag)?;
            let is_joined = self.rule_of(&|forms| forms.has(flag)).is_some_and(|rule| rule.is_joined);
            let is_bare = self.may_be_bare(&input) && (is_joined || words.front().is_none_or(|next| is_option(next)));
            let mut values: Vec<&str> = joined.into_iter().collect();
            if values.is_empty() && (self.is_switch(&input) || is_bare) {
                values.push("true");
            }
            if values.is_empty() {
                values.extend(words.pop_front());
                // Further values of an option that takes several.
                let most = self.most_values(&input, flag);
                while values.len() < most && words.front().is_some_and(|next| !is_option(next)) {
                    values.extend(words.pop_front());
                }
            }
            if values.is_empty() {
                return Err(usage(self.manifest, format!("{} needs a value", SafeText::new(flag))));
            }
            if self.is_list_of_lists(&input) {
                self.give_group(&input, &values);
                return Ok(());
            }
            for value in values {
                self.give(&input, value);
            }
            return Ok(());
        }
        if let Some(input) = self.of_negative(flag).filter(|_| joined.is_none()) {
            self.refuse_second(&input, flag)?;
            self.give(&input, "false");
            return Ok(());
        }
        let given = self.short_values(word).ok_or_else(|| self.unknown(flag))?;
        for (input, value) in given {
            if self.is_counted(&input) {
                self.count(&input);
            } else {
                self.refuse_second(&input, word)?;
                self.give(&input, value);
            }
        }
        Ok(())
    }

    /// Refuses an option behind the first word, where the tool would take it for a word, and no word is left.
    fn refuse_late(&self, word: &str) -> Result<(), EngineError> {
        let is_full = self.positions().iter().all(|name| self.is_given(name) && !self.is_list(name));
        if !is_full || self.of_word(word).is_none() {
            return Ok(());
        }
        let (flag, tool) = (SafeText::new(word), &self.manifest.name);
        Err(usage(
            self.manifest,
            format!("{flag} stands behind a word, where {tool} reads no options; put it in front"),
        ))
    }

    /// Refuses the second value of what holds one: which of them the tool would use is not known.
    fn refuse_second(&self, input: &str, flag: &str) -> Result<(), EngineError> {
        if !self.is_given(input) || self.holds_several(input) {
            return Ok(());
        }
        let message =
            format!("{} is given twice; {} takes one value for {input}", SafeText::new(flag), self.manifest.name);
        Err(usage(self.manifest, message))
    }

    /// What `-n5`, and `-vx` for two switches, gives; `None` when it is nothing of the kind.
    fn short_values<'w>(&self, word: &'w str) -> Option<Vec<(String, &'w str)>> {
        let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'))?;
        let mut given = Vec::new();
        for (at, letter) in letters.char_indices() {
            let input = self.of_flag(&format!("-{letter}"))?;
            let is_last = at + letter.len_utf8() == letters.len();
            if self.is_counted(&input) || self.is_switch(&input) || is_last && self.may_be_bare(&input) {
                given.push((input, "true"));
                continue;
            }
            let value = &letters[at + letter.len_utf8()..];
            if value.is_empty() {
                return None;
            }
            given.push((input, value));
            break;
        }
        Some(given)
    }

    /// One more of an option that is counted.
    fn count(&mut self, input: &str) {
        let known = self.found.iter().find(|found| found.input == input);
        let times = known.and_then(|found| found.values.last()?.as_str()?.parse::<u64>().ok()).unwrap_or_default();
        self.give(input, &(times + 1).to_string());
    }

    /// One more group of values of a list of lists.
    fn give_group(&mut self, input: &str, values: &[&str]) {
        let group = Value::Array(values.iter().map(|value| self.item(input, value)).collect());
        match self.found.iter_mut().find(|found| found.input == input) {
            Some(found) => found.values.push(group),
            None => self.found.push(Found { input: input.to_owned(), values: vec![group], is_list: true }),
        }
    }

    fn give(&mut self, input: &str, word: &str) {
        let is_list = self.is_list(input);
        let value = if is_list { self.item(input, word) } else { Value::from(word) };
        match self.found.iter_mut().find(|found| found.input == input) {
            Some(found) => found.values.push(value),
            None => self.found.push(Found { input: input.to_owned(), values: vec![value], is_list }),
        }
    }

    /// A word as an item of a list: a number where the list has numbers.
    fn item(&self, input: &str, word: &str) -> Value {
        let items = self.schema(input).map(|schema| &schema["items"]);
        let items = items.map(|items| if items["type"] == "array" { &items["items"] } else { items });
        let kind = items.map(|items| &items["type"]);
        let is_text = kind.is_none_or(|kind| kind.is_null() || kind == "string");
        let read = serde_json::from_str(word).ok().filter(|_| !is_text);
        read.unwrap_or_else(|| Value::from(word))
    }

    fn rules(&self) -> &[ArgRule] {
        self.manifest.recipe.as_ref().map(|recipe| &recipe.args[..]).unwrap_or_default()
    }

    /// The rules that count with the commands chosen so far.
    fn counting(&self) -> Vec<&ArgRule> {
        ArgRule::counting(self.rules(), &|name| {
            let given = self.found.iter().find(|found| found.input == name).and_then(|found| found.values.last());
            given.or_else(|| self.schema(name)?.get("default"))
        })
    }

    fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.manifest.input.iter().filter_map(|schema| schema["properties"].as_object()).flatten()
    }

    fn schema(&self, input: &str) -> Option<&Value> {
        self.properties().find(|(name, _)| *name == input).map(|(_, schema)| schema)
    }

    fn is_required(&self, input: &str) -> bool {
        let required = self.manifest.input.as_ref().and_then(|schema| schema["required"].as_array());
        required.is_some_and(|names| names.iter().any(|name| name == input))
    }

    /// The inputs that plain words are, in order.
    fn positions(&self) -> Vec<String> {
        let counting = self.counting();
        let stated: Vec<String> =
            counting.iter().filter(|rule| rule.is_position()).map(|rule| rule.input.clone()).collect();
        if stated.is_empty()
            && let Some(text) = self.manifest.recipe.as_ref().and_then(|recipe| recipe.text_input())
        {
            return vec![text.to_owned()];
        }
        if !stated.is_empty() || !self.rules().is_empty() {
            return stated;
        }
        let names = || self.properties().map(|(name, _)| name.clone());
        names().filter(|name| self.is_required(name)).chain(names().filter(|name| !self.is_required(name))).collect()
    }

    /// Whether an unknown option is a word like any other: the tool reads no options, and takes all words that are left.
    fn takes_any(&self, word: &str) -> bool {
        let has_options = self.rules().iter().any(|rule| matches!(rule.place, ArgPlace::Option(_)));
        let takes_rest = self.positions().last().is_some_and(|name| self.is_list(name));
        let flag = word.split('=').next().unwrap_or(word);
        !self.rules().is_empty() && !has_options && takes_rest && self.of_flag(flag).is_none()
    }

    /// The input that an option stands for. Before a command is chosen, those of all commands are known.
    fn of_flag(&self, flag: &str) -> Option<String> {
        if let Some(rule) = self.rule_of(&|forms| forms.has(flag)) {
            return Some(rule.input.clone());
        }
        let name = flag.strip_prefix("--")?;
        let is_stated = |key: &str| self.rules().iter().any(|rule| rule.input == key && rule.only_if.is_some());
        let mut names = self.properties().map(|(key, _)| key);
        names.find(|key| !is_stated(key) && (*key == name || key.replace('_', "-") == name)).cloned()
    }

    /// The input that is `false` with an option such as `--no-color`.
    fn of_negative(&self, flag: &str) -> Option<String> {
        self.rule_of(&|forms| forms.off == Some(flag)).map(|rule| rule.input.clone())
    }

    fn rule_of(&self, is_it: &dyn Fn(&OptionForms<'_>) -> bool) -> Option<&ArgRule> {
        let has = |rule: &&ArgRule| rule.option_forms().is_some_and(|forms| is_it(&forms));
        let is_open = |rule: &&ArgRule| {
            let Some(when) = &rule.only_if else { return true };
            !self.found.iter().any(|found| found.input == when.input)
        };
        let counting = self.counting().into_iter().find(has);
        counting.or_else(|| self.rules().iter().filter(is_open).find(has))
    }

    /// So many values follow an option at most.
    fn most_values(&self, input: &str, flag: &str) -> usize {
        let is_together = self.rule_of(&|forms| forms.has(flag)).is_some_and(|rule| rule.is_together);
        let schema = self.schema(input);
        let group = schema.map(|schema| if schema["items"]["type"] == "array" { &schema["items"] } else { schema });
        let most = group.and_then(|schema| schema["maxItems"].as_u64());
        if is_together { most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX) } else { 1 }
    }

    fn is_type(&self, input: &str, word: &str) -> bool {
        self.schema(input).is_some_and(|schema| schema["type"] == word)
    }

    /// Whether it is given by its option alone.
    fn is_switch(&self, input: &str) -> bool {
        self.is_type(input, "boolean")
    }

    /// Whether it may be given by its option alone: it takes a value, or is `true`.
    fn may_be_bare(&self, input: &str) -> bool {
        let kinds = self.schema(input).and_then(|schema| schema["type"].as_array());
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "boolean"))
    }

    /// Whether its option is repeated as often as its number says.
    fn is_counted(&self, input: &str) -> bool {
        self.rules().iter().any(|rule| rule.is_counted && rule.input == input)
    }

    fn is_list_of_lists(&self, input: &str) -> bool {
        self.schema(input).is_some_and(|schema| schema["type"] == "array" && schema["items"]["type"] == "array")
    }

    fn is_list(&self, input: &str) -> bool {
        self.is_type(input, "array")
    }

    fn too_many(&self, word: &str) -> EngineError {
        let names = self.positions();
        let takes = match names.len() {
            0 => self.other_ways(),
            1 => format!("one word: {}", names[0]),
            count => format!("{count} words: {}", names.join(", ")),
        };
        usage(self.manifest, format!("{} is one word too many; {} takes {takes}", quoted(word), self.manifest.name))
    }

    /// How a tool without plain words takes its inputs.
    fn other_ways(&self) -> String {
        let names: Vec<&str> = self.properties().map(|(name, _)| name.as_str()).take(SHOWN_INPUTS).collect();
        match names.as_slice() {
            [] => "no words".to_owned(),
            names => format!(
                "no words; its inputs are given by name: {}",
                names.iter().map(|name| format!("--set {name}=…")).collect::<Vec<_>>().join(" ")
            ),
        }
    }

    fn unknown(&self, flag: &str) -> EngineError {
        let counting = self.counting();
        let forms = counting.iter().filter_map(|rule| rule.option_forms());
        let mut known: Vec<String> = forms.map(|forms| forms.flag.to_owned()).collect();
        if self.rules().is_empty() {
            known.extend(self.properties().map(|(name, _)| format!("--{name}")));
        }
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("{} has no option {}; its options: {known}", self.manifest.name, SafeText::new(flag));
        usage(self.manifest, message)
    }
}

fn quoted(word: &str) -> String {
    format!("{:?}", SafeText::new(word).to_string())
}

fn usage(manifest: &Manifest, message: String) -> EngineError {
    let hint = format!(
        "`toolsmith show {}` lists its inputs; a plain word that begins with a dash stands behind a second --",
        manifest.name
    );
    EngineError::new(ErrorCode::Usage, message, hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Dialect, InputMode, Recipe, ToolName};
    use serde_json::json;

    fn tool(rules: &[&str], schema: Value) -> Manifest {
        let mut manifest = Manifest::blank(ToolName::new("t").unwrap(), Dialect::Native);
        let args = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        manifest.recipe = Some(Recipe { args, ..Recipe::blank(InputMode::Args) });
        manifest.input = Some(schema);
        manifest
    }

    fn resize() -> Manifest {
        let properties = json!({"path": {"type": "string"}, "width": {"type": "integer"}, "all": {"type": "boolean"},
            "tag": {"type": "array"}, "more": {"type": "array"}});
        tool(&["-w width", "--all", "--tag", "path", "more"], json!({"properties": properties}))
    }

    #[test]
    fn words_are_inputs_by_the_rules_of_the_tool() {
        let of = |words: &[&str]| assignments(&resize(), words).unwrap();
        assert_eq!(of(&["a b", "c", "d"]), ["path=a b", r#"more=["c","d"]"#]);
        assert_eq!(of(&["-w", "3", "--all", "a", "--tag=x"]), ["width=3", "all=true", "path=a", r#"tag=["x"]"#]);
        assert_eq!(of(&["a", "b", "--all", "c"]), ["path=a", r#"more=["b","c"]"#, "all=true"]);
        assert_eq!(of(&["--width", "3", "--", "-rf"]), ["width=3", "path=-rf"]);
        assert_eq!(of(&["-5"]), ["path=-5"]);
    }

    #[test]
    fn without_rules_the_needed_inputs_come_first() {
        let schema = json!({"properties": {"a": {}, "b": {}}, "required": ["b"]});
        assert_eq!(assignments(&tool(&[], schema), &["1", "2"]).unwrap(), ["b=1", "a=2"]);
    }

    #[test]
    fn what_the_tool_does_not_take_is_refused_with_what_it_takes() {
        let of = |words: &[&str]| {
            assignments(&tool(&["--n", "a"], json!({"properties": {"a": {}, "n": {}}})), words).unwrap_err().message
        };
        assert_eq!(of(&["1", "2"]), "\"2\" is one word too many; t takes one word: a");
        assert_eq!(of(&["--x"]), "t has no option --x; its options: --n");
        assert_eq!(of(&["--n"]), "--n needs a value");
    }

    #[test]
    fn items_of_a_list_have_its_type() {
        let schema = json!({"properties": {"nums": {"type": "array", "items": {"type": "integer"}}}});
        assert_eq!(assignments(&tool(&["nums"], schema), &["1", "x"]).unwrap(), [r#"nums=[1,"x"]"#]);
        let schema = json!({"properties": {"size": {"type": "array", "items": {"type": "number"}, "maxItems": 2},
            "tag": {"type": "array"}, "path": {}}});
        let tool = tool(&["--size,-s size...", "--tag", "path"], schema);
        let of = |words: &[&str]| assignments(&tool, words).unwrap();
        assert_eq!(of(&["-s", "1", "2.5", "p"]), ["size=[1,2.5]", "path=p"]);
        assert_eq!(of(&["--tag", "a", "p", "--tag", "b"]), [r#"tag=["a","b"]"#, "path=p"]);
    }

    #[test]
    fn short_options_and_those_for_false_are_understood() {
        let properties =
            json!({"n": {"type": "integer"}, "v": {"type": "boolean"}, "color": {"type": "boolean"}, "a": {}});
        let tool = tool(&["--times,-n n", "-v", "--color/--no-color", "a"], json!({"properties": properties}));
        let of = |words: &[&str]| assignments(&tool, words).unwrap();
        assert_eq!(of(&["-n", "2", "x"]), ["n=2", "a=x"]);
        assert_eq!(of(&["-vn5", "--no-color"]), ["v=true", "n=5", "color=false"]);
        assert_eq!(of(&["--times=3"]), ["n=3"]);
        assert_eq!(
            assignments(&tool, &["-vz"]).unwrap_err().message,
            "t has no option -vz; its options: --times, -v, --color"
        );
    }

    #[test]
    fn options_are_counted_grouped_and_given_without_a_value() {
        let pair = json!({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}});
        let properties = json!({"level": {"type": "integer"}, "config": {"type": "array", "items": pair},
            "cheese": {"type": ["boolean", "string"]}, "a": {}});
        let rules = ["--verbose,-v level times", "--config config...", "--cheese,-c cheese", "a"];
        let tool = tool(&rules, json!({"properties": properties}));
        let of = |words: &[&str]| assignments(&tool, words).unwrap();
        assert_eq!(of(&["-vv", "--verbose", "x"]), ["level=3", "a=x"]);
        let pairs = ["--config", "k", "v", "--config", "k2", "v2", "x"];
        assert_eq!(of(&pairs), [r#"config=[["k","v"],["k2","v2"]]"#, "a=x"]);
        assert_eq!(of(&["-vc"]), ["level=1", "cheese=true"]);
        assert_eq!(of(&["--cheese", "blue"]), ["cheese=blue"]);
        assert_eq!(of(&["--cheese", "-v"]), ["cheese=true", "level=1"]);
    }

    #[test]
    fn behind_a_command_only_what_belongs_to_it_counts() {
        let properties =
            json!({"db": {}, "command": {"enum": ["add", "rm"]}, "age": {}, "name": {}, "ids": {"type": "array"}});
        let rules = ["--db", "command", "--age if command=add", "name if command=add", "ids if command=rm"];
        let tool = tool(&rules, json!({"properties": properties}));
        let of = |words: &[&str]| assignments(&tool, words);
        assert_eq!(
            of(&["--db", "x", "add", "--age", "3", "Bob"]).unwrap(),
            ["db=x", "command=add", "age=3", "name=Bob"]
        );
        assert_eq!(of(&["rm", "1", "2"]).unwrap(), ["command=rm", r#"ids=["1","2"]"#]);
        assert_eq!(of(&["--age", "3", "add"]).unwrap(), ["age=3", "command=add"]);
        assert_eq!(of(&["rm", "--age", "3"]).unwrap_err().message, "t has no option --age; its options: --db");
    }

    #[test]
    fn what_no_input_can_hold_is_passed_as_it_was_typed() {
        let properties = json!({"n": {"type": "integer"}, "all": {"type": "boolean"}, "file": {},
            "tag": {"type": "array"}, "args": {"type": "array"}});
        let tool = tool(&["--count,-n n", "--all,-a", "--tag", "file", "args..."], json!({"properties": properties}));
        let of = |words: &[&str]| assignments(&tool, words).unwrap();
        // The control: what the form can hold is in it.
        assert_eq!(
            of(&["-an5", "--tag", "x", "f", "y"]),
            ["all=true", "n=5", r#"tag=["x"]"#, "file=f", r#"args=["y"]"#]
        );
        assert_eq!(of(&["f", "y", "-n", "5"]), ["file=f", r#"args=["y","-n","5"]"#]);
        assert_eq!(of(&["--odd", "-n", "5", "x"]), [r#"args=["--odd","-n","5","x"]"#]);
        assert_eq!(of(&["-n", "1", "-n", "2", "x"]), ["n=1", r#"args=["-n","2","x"]"#]);
        assert_eq!(of(&["f", "--", "-n", "--", "x"]), ["file=f", r#"args=["--","-n","--","x"]"#]);
        assert_eq!(of(&["-qz"]), [r#"args=["-qz"]"#]);
    }

    #[test]
    fn where_options_come_first_a_word_ends_them() {
        let properties = json!({"v": {"type": "boolean"}, "n": {}, "file": {}, "args": {"type": "array"}});
        let first = |rules: &[&str]| {
            let mut tool = tool(rules, json!({"properties": properties}));
            tool.extra.insert(OPTIONS_FIRST.to_owned(), json!(true));
            tool
        };
        let with_rest = first(&["-v", "-n", "file", "args..."]);
        let of = |words: &[&str]| assignments(&with_rest, words).unwrap();
        assert_eq!(of(&["-v", "-n", "5", "f", "-v", "x"]), ["v=true", "n=5", "file=f", r#"args=["-v","x"]"#]);
        assert_eq!(of(&["f", "-n", "5"]), ["file=f", r#"args=["-n","5"]"#]);
        let alone = first(&["-v", "-n", "file"]);
        let refused = assignments(&alone, &["f", "-v"]).unwrap_err().message;
        assert_eq!(refused, "-v stands behind a word, where t reads no options; put it in front");
        assert_eq!(assignments(&alone, &["--", "-v"]).unwrap(), ["file=-v"]);
    }

    #[test]
    fn an_option_that_the_tool_needs_is_read_behind_words_too() {
        let schema = json!({"properties": {"key": {}, "args": {"type": "array"}}, "required": ["key"]});
        let tool = tool(&["--key", "args..."], schema);
        assert_eq!(assignments(&tool, &["x", "--key", "k", "y"]).unwrap(), [r#"args=["x","y"]"#, "key=k"]);
    }

    #[test]
    fn a_value_that_is_given_twice_is_refused() {
        let error = assignments(&resize(), &["-w", "1", "--width=2"]).unwrap_err();
        assert_eq!(error.message, "--width is given twice; t takes one value for width");
        assert_eq!(
            assignments(&resize(), &["--all", "--all"]).unwrap_err().message,
            "--all is given twice; t takes one value for all"
        );
    }

    #[test]
    fn a_value_that_must_be_joined_is_no_word() {
        let schema = json!({"properties": {"tag": {"type": ["boolean", "string"]}, "file": {}}});
        let tool = tool(&["--tag=", "file"], schema);
        assert_eq!(assignments(&tool, &["--tag", "x"]).unwrap(), ["tag=true", "file=x"]);
        assert_eq!(assignments(&tool, &["--tag=t", "x"]).unwrap(), ["tag=t", "file=x"]);
    }

    #[test]
    fn a_tool_that_takes_all_words_takes_options_as_words() {
        let tool = tool(&["a", "args"], json!({"properties": {"a": {}, "args": {"type": "array"}}}));
        assert_eq!(assignments(&tool, &["x", "-la", "--all=1"]).unwrap(), ["a=x", r#"args=["-la","--all=1"]"#]);
    }

    #[test]
    fn a_tool_without_words_says_how_its_inputs_are_given() {
        let tool = tool(&["$WHERE where"], json!({"properties": {"where": {}}}));
        let error = assignments(&tool, &["prod"]).unwrap_err();
        assert_eq!(
            error.message,
            "\"prod\" is one word too many; t takes no words; its inputs are given by name: --set where=…"
        );
    }
}
