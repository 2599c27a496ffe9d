//! Plain words on a command line as input values: `run resize photo.png 50`, `run resize -- --width 50 photo.png`.

use crate::domain::{ArgPlace, ArgRule, Manifest, SafeText};
use crate::engine::error::{EngineError, ErrorCode};
use serde_json::{Value, json};
use std::collections::VecDeque;

/// The words as assignments `KEY=VALUE`. Options are those of the tool's own command line, else `--NAME` of an input; plain
/// words are its positional inputs, else its inputs in their order, those that it needs first. A list takes all words that
/// are left.
///
/// # Errors
/// [`ErrorCode::Usage`] for an option that the tool does not have, one without its value, and a word too many.
pub fn assignments(manifest: &Manifest, words: &[&str]) -> Result<Vec<String>, EngineError> {
    let inputs = Inputs { manifest };
    let mut positions = inputs.positions();
    let mut words: VecDeque<&str> = words.iter().copied().collect();
    let (mut found, mut list, mut takes_options) = (Vec::new(), Vec::new(), true);
    while let Some(word) = words.pop_front() {
        let is_option = takes_options && word.len() > 1 && word.starts_with('-') && word.parse::<f64>().is_err();
        if is_option && word == "--" {
            takes_options = false;
        } else if is_option {
            found.push(option(&inputs, word, &mut words)?);
        } else if positions.len() == 1 && inputs.is_list(&positions[0]) {
            list.push(word);
        } else {
            let input = positions.pop_front().ok_or_else(|| inputs.too_many(word))?;
            let value = if inputs.is_list(&input) { json!([word]).to_string() } else { word.to_owned() };
            found.push(format!("{input}={value}"));
        }
    }
    if !list.is_empty() {
        found.push(format!("{}={}", positions[0], json!(list)));
    }
    Ok(found)
}

/// An option and its value, which may be the next word.
fn option(inputs: &Inputs<'_>, word: &str, words: &mut VecDeque<&str>) -> Result<String, EngineError> {
    let (flag, joined) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
    let input = inputs.of_flag(flag).ok_or_else(|| inputs.unknown(flag))?;
    let value = match joined {
        Some(value) => value,
        None if inputs.is_type(&input, "boolean") => "true",
        None => {
            words.pop_front().ok_or_else(|| usage(inputs.manifest, format!("{} needs a value", SafeText::new(flag))))?
        }
    };
    let value = if inputs.is_list(&input) { json!([value]).to_string() } else { value.to_owned() };
    Ok(format!("{input}={value}"))
}

struct Inputs<'m> {
    manifest: &'m Manifest,
}

impl Inputs<'_> {
    fn rules(&self) -> &[ArgRule] {
        self.manifest.recipe.as_ref().map(|recipe| &recipe.args[..]).unwrap_or_default()
    }

    fn properties(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.manifest.input.iter().filter_map(|schema| schema["properties"].as_object()).flatten()
    }

    fn is_required(&self, input: &str) -> bool {
        let required = self.manifest.input.as_ref().and_then(|schema| schema["required"].as_array());
        required.is_some_and(|names| names.iter().any(|name| name == input))
    }

    /// The inputs that plain words are, in order.
    fn positions(&self) -> VecDeque<String> {
        let stated: VecDeque<String> =
            self.rules().iter().filter(|rule| rule.is_position()).map(|rule| rule.input.clone()).collect();
        if !stated.is_empty() || !self.rules().is_empty() {
            return stated;
        }
        let names = || self.properties().map(|(name, _)| name.clone());
        names().filter(|name| self.is_required(name)).chain(names().filter(|name| !self.is_required(name))).collect()
    }

    /// The input that an option stands for.
    fn of_flag(&self, flag: &str) -> Option<String> {
        if let Some(rule) = self.rules().iter().find(|rule| rule.place == ArgPlace::Option(flag.to_owned())) {
            return Some(rule.input.clone());
        }
        let name = flag.strip_prefix("--")?;
        self.properties().map(|(key, _)| key).find(|key| *key == name || key.replace('_', "-") == name).cloned()
    }

    fn is_type(&self, input: &str, word: &str) -> bool {
        self.properties().any(|(name, schema)| name == input && schema["type"] == word)
    }

    fn is_list(&self, input: &str) -> bool {
        self.is_type(input, "array")
    }

    fn too_many(&self, word: &str) -> EngineError {
        let names: Vec<String> = self.positions().into();
        let takes = match names.len() {
            0 => "no words".to_owned(),
            1 => format!("one word: {}", names[0]),
            count => format!("{count} words: {}", names.join(", ")),
        };
        usage(self.manifest, format!("{} is one word too many; {} takes {takes}", quoted(word), self.manifest.name))
    }

    fn unknown(&self, flag: &str) -> EngineError {
        let stated = self.rules().iter().filter_map(|rule| match &rule.place {
            ArgPlace::Option(flag) => Some(flag.clone()),
            ArgPlace::Position | ArgPlace::Variable(_) => None,
        });
        let mut known: Vec<String> = stated.collect();
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
        assert_eq!(of(&["a", "b", "--all", "c"]), ["path=a", "all=true", r#"more=["b","c"]"#]);
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
}
