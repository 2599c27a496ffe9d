//! Features of development containers: `devcontainer-feature.json` says what `install.sh` beside it takes in its variables.

use crate::catalog::document::Document;
use crate::catalog::draft::{self, Draft};
use crate::catalog::fields::TableFields;
use crate::catalog::plan::file_of;
use crate::domain::{ArgRule, Dialect, InputMode, Problem, Recipe};
use serde_json::{Map, Value, json};

/// The name of such a document, and of the script that it is about.
pub(in crate::catalog) const FILE: &str = "devcontainer-feature.json";
pub(in crate::catalog) const SCRIPT: &str = "install.sh";

/// Whether a document is one of these.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    file_of(document.path) == FILE && document.fields.get("id").is_some_and(Value::is_string)
}

/// Reads a feature.
///
/// # Errors
/// A [`Problem`] for a bad name, and for words that are no words.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let id = fields.text("id")?;
    let mut manifest = draft::blank(draft::foreign_name(document, id.as_deref())?, Dialect::Other);
    manifest.title = fields.text("name")?.filter(|title| title != manifest.name.as_str());
    manifest.description = fields.text("description")?.unwrap_or_default();
    if manifest.description.trim().is_empty() {
        manifest.description = manifest.title.clone().unwrap_or_default();
    }
    manifest.keywords = fields.words("keywords")?;
    if let Some(version) = fields.text("version")?.as_deref().and_then(draft::loose_version) {
        manifest.version = version;
    }
    let options = fields.peek("options").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut recipe = Recipe::blank(if options.is_empty() { InputMode::None } else { InputMode::Args });
    recipe.entry = Some(SCRIPT.to_owned());
    let mut properties = Map::new();
    for (name, option) in &options {
        let variable = variable(name);
        // Whoever builds the container passes all of them.
        recipe.env.extend(option.get("default").and_then(text_of).map(|value| (variable.clone(), value)));
        recipe.args.push(ArgRule::variable(&variable, name));
        properties.insert(name.clone(), schema(option));
    }
    if !properties.is_empty() {
        manifest.input = Some(json!({"type": "object", "properties": properties, "additionalProperties": false}));
    }
    manifest.recipe = Some(recipe);
    manifest.extra = fields.rest();
    Ok(Draft::of_command(manifest, None, None))
}

/// The variable in which an option reaches the script.
fn variable(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let rest = plain.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    let begin = if rest.len() < plain.len() { "_" } else { "" };
    format!("{begin}{}", rest.to_ascii_uppercase())
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

fn schema(option: &Value) -> Value {
    let kind = if option["type"] == "boolean" { "boolean" } else { "string" };
    let mut schema = Map::from_iter([("type".to_owned(), json!(kind))]);
    for (from, to) in
        [("description", "description"), ("enum", "enum"), ("default", "default"), ("proposals", "examples")]
    {
        schema.extend(option.get(from).map(|value| (to.to_owned(), value.clone())));
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;

    fn parse(text: &str) -> Draft {
        let path = "src/thing/devcontainer-feature.json";
        Draft::of(&Document::parse(path, Syntax::Json, text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn options_of_a_feature_are_variables_of_its_script() {
        let manifest = parse(
            r#"{"id": "thing", "name": "The thing", "version": "1.2.3", "description": "Installs a thing", "options": {
                "version": {"type": "string", "proposals": ["latest", "1"], "default": "latest", "description": "Which one"},
                "installTools": {"type": "boolean", "default": true}, "9-key": {"type": "string", "enum": ["a"]}}, "containerEnv": {"A": "b"}}"#,
        )
        .manifest;
        assert_eq!((manifest.name.as_str(), manifest.title.as_deref()), ("thing", Some("The thing")));
        assert_eq!(
            (manifest.description.as_str(), manifest.version.to_string().as_str()),
            ("Installs a thing", "1.2.3")
        );
        let recipe = manifest.recipe.unwrap();
        let rules: Vec<String> = recipe.args.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["$VERSION version", "$INSTALLTOOLS installTools", "$_KEY 9-key"]);
        assert_eq!((recipe.env["VERSION"].as_str(), recipe.env["INSTALLTOOLS"].as_str()), ("latest", "true"));
        let input = manifest.input.unwrap();
        assert_eq!(input["properties"]["installTools"], json!({"type": "boolean", "default": true}));
        assert_eq!(
            input["properties"]["version"],
            json!({"type": "string", "default": "latest", "description": "Which one", "examples": ["latest", "1"]})
        );
        assert!(manifest.extra.contains_key("containerEnv"));
        let bare = parse(r#"{"id": "bare", "version": "1.0.0", "options": 3}"#).manifest;
        assert_eq!((bare.input, bare.recipe.unwrap().input), (None, InputMode::None));
    }
}
