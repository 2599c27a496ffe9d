//! Expands an argv template with an input into the arguments of a process.
//!
//! Only `{file}`, `{dir}`, `{workspace}`, `{input.NAME}` and `{NAME}` of a known input are placeholders; every other
//! brace is text, so that `python -c` code and JSON stay unchanged. `{{NAME}}` writes a placeholder literally. Each
//! value stays within one argument, and no shell reads it.

use crate::domain::input_variable;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The longest name, in bytes; a limit keeps expansion of text full of braces linear.
const MAX_NAME: usize = 128;

/// The values of placeholders.
#[derive(Debug, Clone, Copy)]
pub(in crate::runner) struct PlaceholderContext<'a> {
    /// The entry file in the version.
    pub(in crate::runner) file: Option<&'a Path>,
    pub(in crate::runner) dir: &'a Path,
    pub(in crate::runner) workspace: &'a Path,
    pub(in crate::runner) input: &'a Map<String, Value>,
    pub(in crate::runner) schema: Option<&'a Value>,
}

/// The meaning of a placeholder.
enum Meaning<'a> {
    Path(&'a Path),
    Value(&'a Value),
    /// It is an input, but has no value.
    Missing,
    /// It is not a placeholder.
    Text,
}

impl<'a> PlaceholderContext<'a> {
    fn meaning(&self, name: &str) -> Meaning<'a> {
        match name {
            "file" if self.file.is_some() => self.file.map_or(Meaning::Text, Meaning::Path),
            "dir" => Meaning::Path(self.dir),
            "workspace" => Meaning::Path(self.workspace),
            _ => match name.strip_prefix("input.") {
                Some(property) => self.value(property).map_or(Meaning::Missing, Meaning::Value),
                None if self.is_input(name) => self.value(name).map_or(Meaning::Missing, Meaning::Value),
                None => Meaning::Text,
            },
        }
    }

    fn property(&self, name: &str) -> Option<&'a Value> {
        self.schema?.get("properties")?.get(name)
    }

    fn is_input(&self, name: &str) -> bool {
        self.input.contains_key(name) || self.property(name).is_some()
    }

    /// The given value, or the default of the schema; null counts as not given.
    pub(in crate::runner) fn value(&self, name: &str) -> Option<&'a Value> {
        let given = self.input.get(name).filter(|v| !v.is_null());
        given.or_else(|| self.property(name)?.get("default")).filter(|v| !v.is_null())
    }
}

/// Expands one template. Adds the names of inserted inputs to `used`.
///
/// # Errors
/// The name of an input that has neither a value nor a default.
pub(in crate::runner) fn expand(
    template: &str,
    scope: &PlaceholderContext,
    used: &mut BTreeSet<String>,
) -> Result<OsString, String> {
    let mut text = OsString::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        text.push(&rest[..at]);
        rest = &rest[at..];
        let (piece, len) = brace(rest, scope, used)?;
        text.push(piece);
        rest = &rest[len..];
    }
    text.push(rest);
    Ok(text)
}

/// The expansion of the text that begins with `{`, and how much of the text it covers.
fn brace<'a>(
    rest: &'a str,
    scope: &PlaceholderContext<'a>,
    used: &mut BTreeSet<String>,
) -> Result<(Cow<'a, OsStr>, usize), String> {
    if let Some(name) = rest.strip_prefix('{').and_then(placeholder_name) {
        let property = name.strip_prefix("input.").unwrap_or(name);
        let piece = match scope.meaning(name) {
            Meaning::Path(path) => Some(Cow::Borrowed(path.as_os_str())),
            Meaning::Value(value) => {
                used.insert(property.to_owned());
                Some(Cow::Owned(OsString::from(value_text(value).into_owned())))
            }
            Meaning::Missing => return Err(property.to_owned()),
            Meaning::Text => None,
        };
        if let Some(piece) = piece {
            return Ok((piece, name.len() + 2));
        }
    }
    if let Some(name) = rest.strip_prefix("{{").and_then(placeholder_name) {
        let literal = &rest[1..name.len() + 3];
        if rest[literal.len() + 1..].starts_with('}') && !matches!(scope.meaning(name), Meaning::Text) {
            return Ok((Cow::Borrowed(OsStr::new(literal)), literal.len() + 2));
        }
    }
    Ok((Cow::Borrowed(OsStr::new("{")), 1))
}

/// The name before the next `}`, if it has a valid form.
fn placeholder_name(text: &str) -> Option<&str> {
    let name = &text[..text.bytes().take(MAX_NAME).position(|b| b == b'}')?];
    let is_word = |word: &str, dash: bool| {
        let mut chars = word.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || (dash && c == '-'))
    };
    let fits = name.strip_prefix("input.").map_or_else(|| is_word(name, false), |property| is_word(property, true));
    fits.then_some(name)
}

/// A value as one argument: text as it is, everything else as JSON.
pub(super) fn value_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// The input as environment variables `INPUT_NAME`: letters in upper case, characters that are invalid in a variable
/// name as `_`; null is omitted.
///
/// # Errors
/// Two input names that map to the same variable.
pub(in crate::runner) fn as_variables(input: &Map<String, Value>) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for (key, value) in input.iter().filter(|(_, value)| !value.is_null()) {
        let name = input_variable(key);
        if variables.insert(name.clone(), value_text(value).into_owned()).is_some() {
            return Err(format!("two inputs map to the variable {name}; rename {key:?}"));
        }
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn expand_in(template: &str, input: &Value, schema: Option<&Value>) -> Result<String, String> {
        let scope = PlaceholderContext {
            file: Some(Path::new("/v/main.py")),
            dir: Path::new("/v"),
            workspace: Path::new("/w"),
            input: input.as_object().unwrap(),
            schema,
        };
        expand(template, &scope, &mut BTreeSet::new()).map(|text| text.into_string().unwrap())
    }

    #[test]
    fn placeholders_become_paths_and_values() {
        let input = json!({"name": "a b", "n": 1.5, "list": [1, "x"], "on": true, "with-dash": "d"});
        for (template, expected) in [
            ("{file}", "/v/main.py"),
            ("{dir}/x:{workspace}", "/v/x:/w"),
            ("--name={input.name}", "--name=a b"),
            ("{name}{n}{on}", "a b1.5true"),
            ("{input.list}", r#"[1,"x"]"#),
            ("{input.with-dash}", "d"),
            ("{{file}} {{name}}", "{file} {name}"),
        ] {
            assert_eq!(expand_in(template, &input, None), Ok(expected.to_owned()), "{template}");
        }
    }

    #[test]
    fn a_missing_value_is_named_and_a_default_fills_it() {
        let schema = json!({"properties": {"a": {"default": 7}, "b": {}}});
        assert_eq!(expand_in("{a}", &json!({}), Some(&schema)), Ok("7".to_owned()));
        assert_eq!(expand_in("{a}", &json!({"a": null}), Some(&schema)), Ok("7".to_owned()));
        assert_eq!(expand_in("{b}", &json!({}), Some(&schema)), Err("b".to_owned()));
        assert_eq!(expand_in("{input.zz}", &json!({}), Some(&schema)), Err("zz".to_owned()));
    }

    #[test]
    fn code_full_of_braces_survives() {
        for code in [
            "d={'a': {'b': {}}}; print(f\"{d}\", f'{{x}}', {1,2})",
            "awk '{print $1}' ${HOME} {unknown} {{unknown}} {} {{}} }{",
            r#"{"json": {"deep": [{}]}}"#,
        ] {
            assert_eq!(expand_in(code, &json!({"name": 1}), None), Ok(code.to_owned()));
        }
    }

    #[test]
    fn values_are_never_expanded_again() {
        assert_eq!(expand_in("{a}", &json!({"a": "{file}{b}", "b": "x"}), None), Ok("{file}{b}".to_owned()));
    }

    #[test]
    fn inputs_become_variables() {
        let variables = as_variables(json!({"my-name": "x", "n": 1, "no": null}).as_object().unwrap()).unwrap();
        let expected = BTreeMap::from([("INPUT_MY_NAME", "x"), ("INPUT_N", "1")].map(|(k, v)| (k.into(), v.into())));
        assert_eq!(variables, expected);
        assert!(as_variables(json!({"a-b": 1, "a_b": 2}).as_object().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn any_template_expands_or_names_a_missing_input(template in "[{}a-c.input_ \\-é]{0,40}") {
            let _ = expand_in(&template, &json!({"a": "x"}), None);
        }

        #[test]
        fn a_template_without_known_names_is_unchanged(template in "[{}\\[\\]:'\" xyz0-9$]{0,40}") {
            prop_assert_eq!(expand_in(&template, &json!({"a": 1}), None), Ok(template));
        }
    }
}
