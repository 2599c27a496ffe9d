//! A prompt for a model: its template, and the text for one input.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The maximum length of a name in bytes: keeps parsing of text full of braces linear.
const MAX_NAME: usize = 128;

/// The prompt for a generator: the `[prompt]` table of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PromptDefinition {
    /// The role of the model and its rules; may contain placeholders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The request, with placeholders; `None` means that the input is the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The file of the version that contains the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_file: Option<String>,
    /// Name of one of the user's generators; `None` for the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator: Option<String>,
    /// Maximum number of tokens of an answer, if the generator has such a limit; the lower one applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Wall-clock limit in milliseconds; `None` means that of the generator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether the answer must be JSON that fits the output schema.
    pub is_answer_checked: bool,
}

/// The two texts for a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its role and its rules; may be empty.
    pub system: String,
    /// The request.
    pub request: String,
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    /// A placeholder: as it is written, and the name of its input.
    Input(&'t str, &'t str),
    /// The following parts apply only if this input has a value, up to [`Part::End`].
    If(&'t str),
    /// The other case of the last condition.
    Else,
    End,
}

impl PromptDefinition {
    /// Whether it states a request.
    pub fn is_complete(&self) -> bool {
        let says = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        says(&self.system) || says(&self.template)
    }

    /// Names of the inputs that the template uses, in order, and of those that only the system text uses.
    pub fn inputs(&self) -> (Vec<String>, Vec<String>) {
        let asked = names(self.template.as_deref().unwrap_or_default());
        let mut ruled = names(self.system.as_deref().unwrap_or_default());
        ruled.retain(|name| !asked.contains(name));
        (asked, ruled)
    }

    /// The question for an input. A placeholder without a value stays unchanged if its input is optional.
    ///
    /// # Errors
    /// One line: a required input without a value.
    pub fn question(&self, input: &Map<String, Value>, schema: Option<&Value>) -> Result<Question, String> {
        let scope = Scope { input, schema };
        let system = scope.fill(self.system.as_deref().unwrap_or_default())?;
        let request = match &self.template {
            Some(template) => scope.fill(template)?,
            None => plain(input),
        };
        Ok(Question { system, request })
    }
}

/// An input as a request: its only value, otherwise each name with its value.
fn plain(input: &Map<String, Value>) -> String {
    let given: Vec<_> = input.iter().filter(|(_, value)| !value.is_null()).collect();
    match given[..] {
        [(_, only)] => text_of(only).into_owned(),
        _ => given.iter().map(|(name, value)| format!("{name}: {}", text_of(value))).collect::<Vec<_>>().join("\n"),
    }
}

fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The values of placeholders.
struct Scope<'a> {
    input: &'a Map<String, Value>,
    schema: Option<&'a Value>,
}

impl Scope<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        let default = || self.schema?.get("properties")?.get(name)?.get("default");
        self.input.get(name).filter(|value| !value.is_null()).or_else(default).filter(|value| !value.is_null())
    }

    fn is_required(&self, name: &str) -> bool {
        let required = self.schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|known| known == name))
    }

    fn is_declared(&self, name: &str) -> bool {
        self.schema.is_some_and(|schema| schema["properties"].get(name).is_some())
    }

    fn fill(&self, template: &str) -> Result<String, String> {
        let mut text = String::with_capacity(template.len());
        // Whether each condition around a part holds.
        let mut open: Vec<bool> = Vec::new();
        for part in parts(template) {
            let is_kept = open.iter().all(|holds| *holds);
            match part {
                Part::If(name) => {
                    let is_set = |value: &Value| !matches!(value, Value::Bool(false)) && !text_of(value).is_empty();
                    open.push(self.value(name).is_some_and(is_set));
                }
                Part::Else => open.last_mut().into_iter().for_each(|last| *last = !*last),
                Part::End => drop(open.pop()),
                Part::Text(plain) if is_kept => text.push_str(plain),
                Part::Input(written, name) if is_kept => match self.value(name) {
                    Some(value) => text.push_str(&text_of(value)),
                    None if self.is_required(name) => {
                        return Err(format!("input/{name}: the prompt needs a value for it"));
                    }
                    // An omitted input gives an empty text; other braces are literal text.
                    None if self.is_declared(name) => {}
                    None => text.push_str(written),
                },
                Part::Text(_) | Part::Input(..) => {}
            }
        }
        Ok(text)
    }
}

fn names(template: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in parts(template) {
        if let Part::Input(_, name) = part
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    names
}

/// The parts of a template: `{NAME}`, `{input.NAME}`, `{{ NAME }}` and `{% if NAME %} … {% else %} … {% endif %}`.
fn parts(template: &str) -> Vec<Part<'_>> {
    let (mut found, mut begin, mut at) = (Vec::new(), 0, 0);
    while let Some(open) = template[at..].find('{').map(|open| at + open) {
        let rest = &template[open..];
        let Some((part, len)) = condition(rest).or_else(|| placeholder(rest)) else {
            at = open + 1;
            continue;
        };
        if begin < open {
            found.push(Part::Text(&template[begin..open]));
        }
        found.push(part);
        (begin, at) = (open + len, open + len);
    }
    if begin < template.len() {
        found.push(Part::Text(&template[begin..]));
    }
    found
}

/// `{% … %}` at the beginning of a text, and its length.
fn condition(rest: &str) -> Option<(Part<'_>, usize)> {
    let inner = rest.strip_prefix("{%")?;
    let end = inner.bytes().take(MAX_NAME).collect::<Vec<_>>().windows(2).position(|pair| pair == b"%}")?;
    let words: Vec<&str> = inner.get(..end)?.trim_matches('-').split_whitespace().collect();
    let part = match words[..] {
        ["if", name] if is_name(name) => Part::If(name),
        ["else"] => Part::Else,
        ["endif"] => Part::End,
        _ => return None,
    };
    Some((part, end + 4))
}

/// `{NAME}` or `{{ NAME }}` at the beginning of a text, and its length.
fn placeholder(rest: &str) -> Option<(Part<'_>, usize)> {
    let (inner, close) = match rest.strip_prefix("{{") {
        Some(inner) => (inner, "}}"),
        None => (rest.strip_prefix('{')?, "}"),
    };
    let end = inner.bytes().take(MAX_NAME).position(|byte| byte == b'}')?;
    let written = &inner[..end];
    let name = if close == "}}" { written.trim() } else { written };
    let name = name.strip_prefix("input.").unwrap_or(name);
    let len = close.len() * 2 + written.len();
    (is_name(name) && inner[end..].starts_with(close)).then(|| (Part::Input(&rest[..len], name), len))
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(template: &str, input: &Value, schema: Option<&Value>) -> Result<String, String> {
        let prompt = PromptDefinition { template: Some(template.to_owned()), ..PromptDefinition::default() };
        prompt.question(input.as_object().unwrap(), schema).map(|question| question.request)
    }

    #[test]
    fn placeholders_are_filled_once_and_other_braces_stay() {
        let input = json!({"a": "{b}", "b": 2, "c": {"d": 1}});
        let filled = ask("{a} {{ b }} {input.c} {\"x\": 1} {not here} {e} {", &input, None);
        assert_eq!(filled.as_deref(), Ok("{b} 2 {\"d\":1} {\"x\": 1} {not here} {e} {"));
    }

    #[test]
    fn what_is_required_must_have_a_value_and_a_default_is_one() {
        let schema = json!({"properties": {"a": {}, "b": {"default": "x"}, "c": {}}, "required": ["a"]});
        assert_eq!(ask("{a}{b}{c}!", &json!({"a": 1}), Some(&schema)).as_deref(), Ok("1x!"));
        let error = ask("{a}", &json!({}), Some(&schema)).unwrap_err();
        assert_eq!(error, "input/a: the prompt needs a value for it");
    }

    #[test]
    fn conditions_keep_what_has_a_value() {
        let text = "q{% if a %} A={{a}}{% else %} no{% endif %}{%- if b -%}B{% endif %}.";
        assert_eq!(ask(text, &json!({"a": "1"}), None).as_deref(), Ok("q A=1."));
        assert_eq!(ask(text, &json!({"a": "", "b": true}), None).as_deref(), Ok("q noB."));
        // Unclosed conditions end with the text.
        assert_eq!(ask("{% endif %}x{% if a %}y", &json!({}), None).as_deref(), Ok("x"));
    }

    #[test]
    fn without_a_template_the_input_is_asked() {
        let prompt = PromptDefinition { system: Some("s {n}".into()), ..PromptDefinition::default() };
        let question = |input: Value| prompt.question(input.as_object().unwrap(), None).unwrap();
        assert_eq!(question(json!({"prompt": "why?"})).request, "why?");
        let both = question(json!({"code": "x", "n": 2}));
        assert_eq!((both.system.as_str(), both.request.as_str()), ("s 2", "code: x\nn: 2"));
        assert_eq!(prompt.inputs(), (vec![], vec!["n".to_owned()]));
        assert!(prompt.is_complete() && !PromptDefinition::default().is_complete());
    }
}
