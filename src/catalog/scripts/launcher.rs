//! Headers of launcher scripts: comment lines `@raycast.KEY VALUE`
//! (<https://github.com/raycast/script-commands>, "Metadata").
//!
//! `title` and `mode` are required there. Up to three inputs are `argument1` to `argument3`, each a JSON object of `type`
//! (`text`, `password`, `dropdown`), `placeholder`, `optional`, `percentEncoded` and `data`, passed by position.

use super::{Declared, DeclaredInput, ScriptText, comments, input_name};
use crate::domain::{ArgRule, InputMode};
use serde_json::{Map, Value, json};

const MARK: &str = "@raycast.";

/// Reads the header of a launcher script.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    if !script.text.contains(MARK) {
        return None;
    }
    let mut declared = Declared { input: Some(InputMode::Args), ..Declared::default() };
    let mut arguments: Vec<(u8, DeclaredInput)> = Vec::new();
    let mut package = None;
    for (key, value) in comments::lines(script.text).filter_map(|(_, line)| pair(line)) {
        match key {
            // A script that writes such a script has its header in a text further down.
            "title" => {
                declared.title.get_or_insert_with(|| value.to_owned());
            }
            "description" => {
                declared.description.get_or_insert_with(|| value.to_owned());
            }
            "packageName" => package = Some(value.to_owned()),
            "author" => declared.author = Some(value.to_owned()),
            _ => match key.strip_prefix("argument").and_then(|number| number.parse().ok()) {
                Some(number) => {
                    let taken: Vec<DeclaredInput> = arguments.iter().map(|(_, input)| input.clone()).collect();
                    arguments.push((number, argument(number, value, &taken)));
                }
                None => {
                    declared.extra.insert(format!("raycast.{key}"), json!(value));
                }
            },
        }
    }
    let title = declared.title.as_ref()?;
    // Most titles say what a script does, and then nothing else does.
    declared.description = declared.description.or_else(|| {
        let package = package.as_ref().filter(|package| !title.contains(package.as_str()));
        Some(package.map_or_else(|| title.clone(), |package| format!("{package}: {title}")))
    });
    declared.category = package;
    arguments.sort_by_key(|(number, _)| *number);
    declared.inputs = arguments.into_iter().map(|(_, input)| input).collect();
    Some(declared)
}

fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix(MARK)?.split_once(char::is_whitespace)?;
    Some((key.trim_end_matches(':'), value.trim())).filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

fn argument(number: u8, written: &str, taken: &[DeclaredInput]) -> DeclaredInput {
    let fields: Map<String, Value> = serde_json::from_str(written).unwrap_or_default();
    let placeholder = fields.get("placeholder").and_then(Value::as_str).unwrap_or_default();
    let is = |key: &str| fields.get(key) == Some(&Value::Bool(true));
    let name = input_name(placeholder, &format!("argument{number}"), taken);
    let mut rule = ArgRule::position(&name);
    rule.is_percent_encoded = is("percentEncoded");
    let mut input = DeclaredInput::text(&name, rule);
    input.required = !is("optional");
    input.describe(placeholder);
    if is("secure") || fields.get("type").and_then(Value::as_str) == Some("password") {
        input.put("writeOnly", true);
    }
    let options = fields.get("data").and_then(Value::as_array);
    let values: Vec<&Value> = options.into_iter().flatten().filter_map(|option| option.get("value")).collect();
    if !values.is_empty() {
        input.put("enum", json!(values));
    }
    if !input.required {
        // The launcher passes an empty text for what was left out.
        input.put("default", "");
        if let Some(options) = input.schema.get_mut("enum").and_then(Value::as_array_mut) {
            options.push(json!(""));
        }
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Option<Declared> {
        read(&ScriptText::new("x.sh", text, None))
    }

    const RESIZE: &str = r#"#!/bin/bash

# Required parameters:
# @raycast.schemaVersion 1
# @raycast.title Resize Image
# @raycast.mode fullOutput

# Optional parameters:
# @raycast.icon x.png
# @raycast.packageName Media
# @raycast.argument2 { "type": "dropdown", "placeholder": "Format", "optional": true, "data": [{"title": "PNG", "value": "png"}] }
# @raycast.argument1 { "type": "text", "placeholder": "Source File Path", "percentEncoded": true }
# @raycast.author Ada
convert "$1"
"#;

    #[test]
    fn the_header_of_a_launcher_script_is_its_manifest() {
        let declared = read_text(RESIZE).unwrap();
        assert_eq!(declared.title.as_deref(), Some("Resize Image"));
        assert_eq!(declared.description.as_deref(), Some("Media: Resize Image"));
        assert_eq!((declared.category.as_deref(), declared.author.as_deref()), (Some("Media"), Some("Ada")));
        let [path, format] = &declared.inputs[..] else { panic!("{declared:?}") };
        assert_eq!((path.name.as_str(), path.required), ("source_file_path", true));
        assert_eq!(path.rule.as_ref().unwrap().to_string(), "%source_file_path");
        assert_eq!((format.name.as_str(), format.required), ("format", false));
        assert_eq!(format.schema["enum"], json!(["png", ""]));
        assert_eq!(declared.extra["raycast.mode"], json!("fullOutput"));
    }

    #[test]
    fn a_damaged_argument_is_still_an_input_and_other_scripts_are_left_alone() {
        let declared = read_text("// @raycast.title T\n// @raycast.argument1 {\"type\": \"te").unwrap();
        assert_eq!((declared.inputs[0].name.as_str(), declared.inputs[0].required), ("argument1", true));
        assert_eq!(read_text("# A script\necho 1\n"), None);
        assert_eq!(read_text("echo '@raycast.title no comment'\n"), None);
    }
}
