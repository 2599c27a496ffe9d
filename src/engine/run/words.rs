//! Converts plain words of a command line to input values: `run resize photo.png 50`, `run resize -- --width 50
//! photo.png`.

use crate::domain::{ArgPlace, ArgRule, Manifest, OPTIONS_FIRST, OptionForms, SafeText};
use crate::engine::error::{EngineError, ErrorCode};
use serde_json::Value;
use std::collections::VecDeque;

/// Number of inputs that an error about a word lists.
const SHOWN_INPUTS: usize = 4;

/// Converts words to assignments `KEY=VALUE`. An option belongs to the tool's own command line, otherwise `--NAME`
/// names an input. Plain words fill the positional inputs; without those, they fill all inputs in order, required ones
/// first. After a command, only its own inputs count. A list takes all remaining words.
///
/// No word is dropped or moved silently. If the tool has an input for raw words ([`ArgRule::is_raw`]), the first word
/// that no other input can hold, and all words after it, are passed as typed. Otherwise such a word is refused.
///
/// # Errors
/// [`ErrorCode::Usage`] for an unknown option, an option without its value, an option for one value that is given
/// twice, and a surplus word.
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
            // The tool reads no options after its first word.
            takes_options &= !is_options_first;
        }
    }
    Ok(inputs.found.into_iter().map(Found::assignment).collect())
}

/// Whether a word has the form of an option; a negative number has not.
fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err()
}

/// The values that words gave to an input.
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
    /// The values given by the previous words, in order.
    found: Vec<Found>,
}

impl Inputs<'_> {
    /// The input for raw words.
    fn raw(&self) -> Option<String> {
        self.counting().into_iter().find(|rule| rule.is_raw()).map(|rule| rule.input.clone())
    }

    /// Whether a word is passed as typed: it follows a raw word (unless it is an option of a missing required input),
    /// it is the `--` before the raw words, or no other input can hold it.
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

    /// The input of the option in a word, which may contain a joined value.
    fn of_word(&self, word: &str) -> Option<String> {
        let flag = word.split('=').next().unwrap_or(word);
        self.of_flag(flag).or_else(|| self.of_negative(flag))
    }

    /// Whether a word combines short options: `-vx`, `-n5`.
    fn is_group(&self, word: &str) -> bool {
        self.short_values(word).is_some()
    }

    fn is_given(&self, input: &str) -> bool {
        self.found.iter().any(|found| found.input == input)
    }

    /// Whether an option may be repeated.
    fn holds_several(&self, input: &str) -> bool {
        self.is_list(input) || self.is_counted(input)
    }

    /// Handles a plain word: the value of the next positional input, or another item of a list.
    fn word(&mut self, word: &str) -> Result<(), EngineError> {
        let positions = self.positions();
        let last = positions.last().filter(|name| self.is_list(name));
        let next = positions.iter().find(|name| !self.is_given(name)).or(last);
        let input = next.cloned().ok_or_else(|| self.too_many(word))?;
        self.give(&input, word);
        Ok(())
    }

    /// Handles an option and its value, which may be joined to it or be the next word.
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
                // Further values of an option with several values.
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

    /// Refuses an option after the first word if the tool would read it as a word and no positional input is left for
    /// it.
    fn refuse_late(&self, word: &str) -> Result<(), EngineError> {
        let is_full = self.positions().iter().all(|name| self.is_given(name) && !self.is_list(name));
        if !is_full || self.of_word(word).is_none() {
            return Ok(());
        }
        let (flag, tool) = (SafeText::new(word), &self.manifest.name);
        Err(usage(
            self.manifest,
            format!("{flag} comes after a positional argument, where {tool} reads no options; put it first"),
        ))
    }

    /// Refuses a second value of an input with one value: it is unknown which of them the tool would use.
    fn refuse_second(&self, input: &str, flag: &str) -> Result<(), EngineError> {
        if !self.is_given(input) || self.holds_several(input) {
            return Ok(());
        }
        let message =
            format!("{} is given twice; {} takes one value for {input}", SafeText::new(flag), self.manifest.name);
        Err(usage(self.manifest, message))
    }

    /// The values given by combined short options such as `-n5`, or `-vx` for two switches; `None` for another form.
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

    /// Counts one more occurrence of a counted option.
    fn count(&mut self, input: &str) {
        let known = self.found.iter().find(|found| found.input == input);
        let times = known.and_then(|found| found.values.last()?.as_str()?.parse::<u64>().ok()).unwrap_or_default();
        self.give(input, &(times + 1).to_string());
    }

    /// Adds a group of values to a list of lists.
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

    /// A word as an item of a list: a number if the list has numbers.
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

    /// The rules that apply to the commands chosen so far.
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

    /// The inputs that plain words fill, in order.
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

    /// Whether an unknown option counts as a plain word: the tool has no options, and a list takes all remaining words.
    fn takes_any(&self, word: &str) -> bool {
        let has_options = self.rules().iter().any(|rule| matches!(rule.place, ArgPlace::Option(_)));
        let takes_rest = self.positions().last().is_some_and(|name| self.is_list(name));
        let flag = word.split('=').next().unwrap_or(word);
        !self.rules().is_empty() && !has_options && takes_rest && self.of_flag(flag).is_none()
    }

    /// The input of an option. Before a command is chosen, the options of all commands are known.
    fn of_flag(&self, flag: &str) -> Option<String> {
        if let Some(rule) = self.rule_of(&|forms| forms.has(flag)) {
            return Some(rule.input.clone());
        }
        let name = flag.strip_prefix("--")?;
        let is_stated = |key: &str| self.rules().iter().any(|rule| rule.input == key && rule.only_if.is_some());
        let mut names = self.properties().map(|(key, _)| key);
        names.find(|key| !is_stated(key) && (*key == name || key.replace('_', "-") == name)).cloned()
    }

    /// The input that an option such as `--no-color` sets to `false`.
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

    /// The maximum number of values after an option.
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

    /// Whether the option takes no value.
    fn is_switch(&self, input: &str) -> bool {
        self.is_type(input, "boolean")
    }

    /// Whether the value of the option may be omitted; it is `true` then.
    fn may_be_bare(&self, input: &str) -> bool {
        let kinds = self.schema(input).and_then(|schema| schema["type"].as_array());
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "boolean"))
    }

    /// Whether the option is repeated to count up its value.
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

    /// How to pass inputs to a tool without positional inputs.
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
        "`toolsmith show {}` lists its inputs; put a value that begins with a dash after a second --",
        manifest.name
    );
    EngineError::new(ErrorCode::Usage, message, hint)
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
