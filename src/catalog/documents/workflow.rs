//! Workflow files of a terminal: a title, a command with `{{argument}}` in it, and what the arguments are.
//!
//! The command is run by its shell; values reach it as variables of the environment, never as text of the command.

use super::{hides, placeholders};
use crate::catalog::argv::CommandWords;
use crate::catalog::document::Document;
use crate::catalog::draft::{self, Draft};
use crate::catalog::fields::TableFields;
use crate::domain::evaluators::Freedom;
use crate::domain::{ArgRule, Dialect, InputMode, Manifest, Problem, ProblemCode, Recipe};
use serde_json::{Map, Value, json};

/// Shells that take the commands as they are rewritten, the preferred one first.
const SHELLS: &[&str] = &["bash", "zsh", "sh"];

/// Keys with which another format defines a start.
const OTHERS: &[&str] =
    &["run", "kind", "type", "executable", "execution", "args", "parameters", "input_schema", "inputSchema", "service"];

/// Whether a document is a workflow: a command in one text, and no key with which another format defines a start.
pub(in crate::catalog) fn is_one(document: &Document<'_>) -> bool {
    let fields = &document.fields;
    let says = |key: &str| fields.get(key).is_some_and(|value| !value.is_null());
    let text = |key: &str| fields.get(key).is_some_and(Value::is_string);
    let is_marked =
        ["arguments", "shells", "tags", "author_url", "source_url"].iter().any(|key| fields.contains_key(*key))
            || fields.get("command").and_then(Value::as_str).is_some_and(|command| command.contains("{{"));
    text("name") && text("command") && is_marked && !OTHERS.iter().any(|key| says(key))
}

/// Reads a workflow.
///
/// # Errors
/// A [`Problem`] for a name or a command with hidden characters, and for words that are no words.
pub(in crate::catalog) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?;
    let mut manifest = draft::blank(super::titled(document, name.as_deref())?, Dialect::Other);
    manifest.description = fields.text("description")?.unwrap_or_default();
    if manifest.description.trim().is_empty() {
        manifest.description = manifest.title.clone().unwrap_or_default();
    }
    manifest.tags = fields.words("tags")?;
    manifest.provenance.created_by = fields.text("author")?;
    let command = fields.text("command")?.unwrap_or_default();
    if hides(&command) {
        let message = "the command contains hidden characters".to_owned();
        return Err(document.problem(&["command"], ProblemCode::BadField, message, "remove them"));
    }
    let shells = fields.peek("shells").and_then(Value::as_array).cloned().unwrap_or_default();
    let described = fields.peek("arguments").and_then(Value::as_array).cloned().unwrap_or_default();
    manifest.extra = fields.rest();
    manifest.extra.insert("command".to_owned(), Value::String(command.clone()));
    Ok(started(manifest, command.trim(), &shells, &described))
}

/// The workflow with how it is started, or why it is not.
fn started(mut manifest: Manifest, command: &str, shells: &[Value], described: &[Value]) -> Draft {
    let shells: Vec<String> = shells.iter().filter_map(Value::as_str).map(str::to_ascii_lowercase).collect();
    let known = SHELLS.iter().find(|shell| shells.iter().any(|wanted| wanted == *shell));
    let shell = if shells.is_empty() { Some(&SHELLS[0]) } else { known };
    let made = placeholders::by_reference(command, &variable);
    let names = match &made {
        Ok(made) => &made.names,
        Err((names, _)) => names,
    };
    let freedoms = made.as_ref().map(|made| made.freedoms.clone()).unwrap_or_default();
    let free = |name: &String| freedoms.get(name).copied().unwrap_or(Freedom::Text);
    let arguments: Vec<Argument> = names.iter().map(|name| Argument::of(name, described, free(name))).collect();
    manifest.input = (!arguments.is_empty()).then(|| schema(&arguments));
    let unsupported = match (shell, made) {
        _ if command.is_empty() => "its command is empty".to_owned(),
        (None, _) => {
            let wanted = crate::domain::SafeText::new(&shells.join(" or "));
            format!("its command is written for {wanted}, which is not supported")
        }
        (_, Err((_, why))) => format!("{why}; write a script that takes it as an argument"),
        (Some(_), Ok(_)) if let Some((name, why)) = arguments.iter().find_map(Argument::code) => {
            let name = crate::domain::SafeText::new(name);
            format!("the value of {name} would be {why}; write a script that takes it as an argument")
        }
        (Some(shell), Ok(made)) => {
            let input = if arguments.is_empty() { InputMode::None } else { InputMode::Args };
            let mut recipe = Recipe::blank(input);
            for argument in arguments {
                let name = variable(&argument.name);
                recipe.env.extend(argument.default.map(|value| (name.clone(), value)));
                recipe.args.push(ArgRule::variable(&name, &argument.name));
            }
            manifest.recipe = Some(recipe);
            let words = [*shell, "-c", &made.code].map(str::to_owned).to_vec();
            let draft = Draft::of_command(manifest, Some(CommandWords(words)), None);
            return Draft { programs: made.programs, ..draft };
        }
    };
    Draft { unsupported: Some(unsupported), ..Draft::of_command(manifest, None, None) }
}

/// The variable that an argument reaches the command in. The prefix keeps it apart from those that programs read.
fn variable(name: &str) -> String {
    format!("{PREFIX}{}", word(name))
}

/// A name as one word of a schema: letters and digits of it, everything else as `_`.
fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A text without the quotes that make it one shell word: the variable is already quoted.
fn unquoted(text: &str) -> &str {
    let inside = |sign: char| text.strip_prefix(sign)?.strip_suffix(sign).filter(|inner| !inner.contains(sign));
    let double = inside('"').filter(|inner| !inner.contains(['$', '`', '\\']));
    double.or_else(|| inside('\'')).unwrap_or(text)
}

struct Argument {
    name: String,
    description: String,
    default: Option<String>,
    /// What its value may contain.
    freedom: Freedom,
}

/// The prefix of the variables that contain the values.
const PREFIX: &str = "arg_";

/// The largest whole number that is never written with an exponent, whose sign could be a command.
const LARGEST: i64 = 999_999_999_999_999;

impl Argument {
    fn of(name: &str, described: &[Value], freedom: Freedom) -> Argument {
        let found = described.iter().find(|argument| super::text(argument, "name") == name);
        let default = found.and_then(|argument| argument.get("default_value")).and_then(|value| match value {
            Value::String(text) => Some(unquoted(text).to_owned()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        });
        let description = found.map(|argument| super::text(argument, "description").to_owned()).unwrap_or_default();
        let is_number = |text: &str| text.parse::<i64>().is_ok();
        let freedom = match (freedom, &default) {
            (Freedom::Code(_), Some(text)) if is_number(text) => Freedom::Number,
            _ => freedom,
        };
        let fits = |text: &String| !text.contains('\0') && (freedom != Freedom::Number || is_number(text));
        Argument { name: word(name), description, default: default.filter(fits), freedom }
    }

    /// Its name and what its value would be, where that would be code and only its default could be allowed.
    fn code(&self) -> Option<(&str, &'static str)> {
        match self.freedom {
            Freedom::Code(why) if self.default.is_none() => Some((&self.name, why)),
            _ => None,
        }
    }

    /// The restriction of its text: a pattern, or the only value.
    fn limit(&self) -> Option<(&'static str, Value)> {
        if let Freedom::Code(_) = self.freedom {
            return self.default.as_ref().map(|text| ("enum", json!([text])));
        }
        let signs = self.freedom.signs(PREFIX)?;
        // The author's default is read with the rest of the file.
        let default = self.default.as_deref().filter(|text| !text.is_empty());
        let own = default.map(|text| format!("|{}", escaped(text))).unwrap_or_default();
        Some(("pattern", json!(format!("^({signs}{own})$"))))
    }
}

/// A text as a pattern that it alone fits.
fn escaped(text: &str) -> String {
    let is_sign = |c: char| "\\^$.|?*+()[]{}/".contains(c);
    text.chars().flat_map(|c| is_sign(c).then_some('\\').into_iter().chain([c])).collect()
}

fn schema(arguments: &[Argument]) -> Value {
    let mut properties = Map::new();
    for argument in arguments {
        let mut field = Map::from_iter([("type".to_owned(), json!("string"))]);
        if !argument.description.is_empty() {
            field.insert("description".to_owned(), json!(argument.description));
        }
        let mut default = argument.default.as_ref().map(|value| json!(value));
        field.extend(argument.limit().map(|(key, value)| (key.to_owned(), value)));
        if argument.freedom == Freedom::Number {
            field.insert("type".to_owned(), json!("integer"));
            field.insert("minimum".to_owned(), json!(-LARGEST));
            field.insert("maximum".to_owned(), json!(LARGEST));
            default = argument.default.as_ref().and_then(|text| text.parse::<i64>().ok()).map(Value::from);
        }
        field.extend(default.map(|value| ("default".to_owned(), value)));
        properties.insert(argument.name.clone(), Value::Object(field));
    }
    let required: Vec<&str> =
        arguments.iter().filter(|argument| argument.default.is_none()).map(|argument| argument.name.as_str()).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;
    use crate::domain::Kind;

    fn parse(text: &str) -> Result<Draft, Problem> {
        let document = Document::parse("git/undo.yaml", Syntax::Yaml, text.as_bytes())?;
        Draft::of(&document)
    }

    #[test]
    fn a_workflow_is_run_by_its_shell_with_its_arguments_as_variables() {
        let draft = parse(
            "name: Copy a file from a \"container\"\ncommand: \"docker cp {{id}}:{{file path}} {{to}} | cat\"\ntags: [docker]\n\
             description: Copies files.\narguments:\n  - name: id\n    description: The container.\n    default_value: ~\n\
             \x20 - name: to\n    default_value: ~/Downloads\n  - name: unused\nauthor: creack\nauthor_url: \"https://x\"\nshells: [Zsh, Bash]\n",
        )
        .unwrap();
        let manifest = draft.manifest;
        assert_eq!(manifest.name.as_str(), "copy_a_file_from_a_container");
        assert_eq!(manifest.title.as_deref(), Some("Copy a file from a \"container\""));
        assert_eq!((manifest.kind, manifest.description.as_str()), (Kind::Command, "Copies files."));
        assert_eq!(
            draft.words.unwrap().0,
            ["bash", "-c", "docker cp \"${arg_id}\":\"${arg_file_path}\" \"${arg_to}\" | cat"]
        );
        assert_eq!(draft.programs, ["docker", "cat"]);
        let recipe = manifest.recipe.unwrap();
        let rules: Vec<String> = recipe.args.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["$arg_id id", "$arg_file_path file_path", "$arg_to to"]);
        assert_eq!((recipe.input, recipe.env["arg_to"].as_str()), (InputMode::Args, "~/Downloads"));
        assert_eq!(
            manifest.input.unwrap(),
            json!({"type": "object", "additionalProperties": false, "properties": {
                "id": {"type": "string", "description": "The container.", "pattern": "^((?!-)[\\s\\S]*)$"}, "file_path": {"type": "string"},
                "to": {"type": "string", "default": "~/Downloads", "pattern": "^((?!-)[\\s\\S]*|~\\/Downloads)$"}}, "required": ["id", "file_path"]})
        );
        assert_eq!(manifest.tags, ["docker"]);
    }

    #[test]
    fn a_default_that_is_one_quoted_word_is_that_word() {
        for (written, word) in [
            ("\"365\"", "365"),
            ("'a b'", "a b"),
            ("\"$HOME/x\"", "\"$HOME/x\""),
            ("\"a\" \"b\"", "\"a\" \"b\""),
            ("it's", "it's"),
            ("\"", "\""),
        ] {
            assert_eq!(unquoted(written), word, "{written}");
        }
        let text = "name: Make a key\ncommand: \"openssl -days {{days}}\"\narguments:\n  - name: days\n    default_value: '\"365\"'\n";
        assert_eq!(parse(text).unwrap().manifest.recipe.unwrap().env["arg_days"], "365");
    }

    #[test]
    fn what_is_computed_as_a_number_must_be_one() {
        let text = "name: Compare them\ncommand: \"[[ {{a}} -eq {{b}} ]] && echo {{c}}\"\narguments:\n  - name: b\n    default_value: 7\n";
        let draft = parse(text).unwrap();
        assert_eq!(draft.words.unwrap().0[2], "[[ \"${arg_a}\" -eq \"${arg_b}\" ]] && echo \"${arg_c}\"");
        let fields = draft.manifest.input.unwrap()["properties"].clone();
        assert_eq!((&fields["a"]["type"], &fields["b"]["type"]), (&json!("integer"), &json!("integer")));
        assert_eq!((&fields["b"]["default"], &fields["a"]["maximum"]), (&json!(7), &json!(LARGEST)));
    }

    #[test]
    fn what_cannot_be_started_safely_has_a_form_and_a_reason() {
        let inner = parse("name: In a pod\ncommand: kubectl exec x -- bash -c \"{{code}}\"\narguments: []\n").unwrap();
        assert!(inner.unsupported.unwrap().starts_with("the value of code would be code of the shell that it starts"));
        assert_eq!(inner.manifest.input.unwrap()["required"], json!(["code"]));
        let fish = parse("name: x\ncommand: ls\nshells: [fish]\n").unwrap();
        assert_eq!(fish.unsupported.as_deref(), Some("its command is written for fish, which is not supported"));
        assert!(parse("name: x y\ncommand: ''\ntags: []\n").unwrap().unsupported.unwrap().contains("empty"));
    }

    #[test]
    fn hidden_characters_are_problems() {
        for text in
            ["name: \"de\\u202eploy it\"\ncommand: ls {{a}}\n", "name: x y\ncommand: \"ls \\u202e{{a}}\"\ntags: []\n"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        let untitled = parse("name: 日本\ncommand: ls {{a}}\n").unwrap();
        assert_eq!((untitled.manifest.name.as_str(), untitled.manifest.title.as_deref()), ("undo", Some("日本")));
    }
}
