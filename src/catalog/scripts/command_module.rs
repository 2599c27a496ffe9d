//! Commands of yargs that have a file of their own: `exports.command = "init [dir]"`, `exports.builder`, `exports.handler`. The
//! handler is the tool, and its command and builder say what it takes.

use super::javascript_function::{exported_name, statements};
use super::option_words::{Takes, one_line, table_input};
use super::scanner::{calls, inside, split, split_once};
use super::{Declared, DeclaredInput, ScriptText, literal};
use crate::domain::InputMode;
use crate::domain::source::Language;
use serde_json::{Value, json};

const JS: Language = Language::JavaScript;

/// Fields that say what a command does.
const WORDS: &[&str] = &["describe", "desc", "description"];

/// Reads a file that exports a command.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let text = script.text;
    let is_javascript = script.language.is_some_and(Language::is_javascript);
    if !is_javascript || !text.contains("handler") || !["builder", "command"].iter().any(|word| text.contains(word)) {
        return None;
    }
    let fields = fields(text);
    let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    field("handler")?;
    let builder = field("builder");
    let spec = field("command").and_then(|written| literal::value(written, JS));
    let spec = match &spec {
        Some(Value::Array(names)) => names.first().and_then(Value::as_str),
        other => other.as_ref().and_then(Value::as_str),
    };
    if builder.is_none() && spec.is_none() {
        return None;
    }
    let mut words = spec.unwrap_or_default().split_whitespace();
    let name = words.next().filter(|name| !matches!(*name, "$0" | "*"));
    let options = options(builder.unwrap_or_default());
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    for word in words {
        let plain = word.trim_matches(['<', '>', '[', ']', '.']).split('|').next().unwrap_or_default();
        let said = options.iter().find(|(name, _)| name == plain).map(|(_, said)| said.clone()).unwrap_or_default();
        let Some(mut input) = input(plain, &said, text) else { continue };
        input.required = word.starts_with('<');
        if word.contains("..") && input.schema.get("type") != Some(&json!("array")) {
            input.takes(Takes::Repeated);
        }
        inputs.push(input);
    }
    for (name, said) in &options {
        let other = input(name, said, text).filter(|other| !inputs.iter().any(|known| known.name == other.name));
        inputs.extend(other);
    }
    let description = WORDS.iter().find_map(|key| literal::text(field(key)?, JS)).map(|words| one_line(&words));
    Some(Declared {
        title: name.map(str::to_owned),
        description,
        inputs,
        input: Some(InputMode::StdinJson),
        function: Some("handler".to_owned()),
        ..Declared::default()
    })
}

/// What a file exports, each by its name and as it is written.
fn fields(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for (_, statement) in statements(text) {
        // The next export ends a value.
        let end = statement.find("\nexport").unwrap_or(statement.len());
        let statement = statement[..end].trim_end().trim_end_matches(';');
        let whole = ["module.exports", "export default"].iter().find_map(|begin| statement.strip_prefix(begin));
        let table = whole.map(|rest| rest.trim_start_matches(['=', ' '])).filter(|rest| rest.starts_with('{'));
        if let Some(inner) = table.and_then(|table| inside(table, 0, JS)) {
            found.extend(split(inner, b',', JS).into_iter().filter_map(field));
        } else if let Some((name, value)) = exported_name(statement) {
            found.push((name, value.trim()));
        }
    }
    found
}

/// A field of a table: `handler: (argv) => {…}`, `handler(argv) {…}`, `async handler(argv) {…}`.
fn field(written: &str) -> Option<(&str, &str)> {
    let method = written.strip_prefix("async ").unwrap_or(written);
    let end = method.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(method.len());
    if method[end..].starts_with('(') {
        return Some((&method[..end], method));
    }
    let (name, value) = split_once(written, b':', JS)?;
    Some((name.trim_matches(['"', '\'']), value))
}

/// The options that a builder declares: a table of them, or a function that calls `.option("name", {…})`.
fn options(builder: &str) -> Vec<(String, Value)> {
    let tables = |method: &'static str| calls(builder, method, JS).filter_map(|(_, inner)| literal::value(inner, JS));
    let mut found: Vec<(String, Value)> = Vec::new();
    let whole = Some(builder).filter(|text| text.starts_with('{')).and_then(|text| literal::value(text, JS));
    for table in whole.into_iter().chain(tables("options")) {
        if let Value::Object(fields) = table {
            found.extend(fields);
        }
    }
    for method in ["positional", "option"] {
        for (_, inner) in calls(builder, method, JS) {
            let parts = split(inner, b',', JS);
            let Some(name) = parts.first().and_then(|part| literal::text(part, JS)) else { continue };
            found.push((name, parts.get(1).and_then(|part| literal::value(part, JS)).unwrap_or_default()));
        }
    }
    found
}

/// An input by the key under which the handler finds it.
fn input(name: &str, said: &Value, text: &str) -> Option<DeclaredInput> {
    let input = table_input(name, said, true, &[])?;
    let is_written = |quote: char| text.contains(&format!("[{quote}{name}{quote}]"));
    let key = if is_written('\'') || is_written('"') { name.to_owned() } else { camel(name) };
    Some(DeclaredInput { name: key, rule: None, ..input })
}

/// `with-kick` as `withKick`.
fn camel(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut all, part| {
        let mut letters = part.chars();
        all.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        all.push_str(letters.as_str());
        all
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let script = ScriptText::new("x.mjs", text, Some(JS));
        let Some(declared) = read(&script) else { return Vec::new() };
        assert_eq!((declared.function.as_deref(), declared.input), (Some("handler"), Some(InputMode::StdinJson)));
        let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
        let inputs = declared.inputs.iter();
        let inputs = inputs.map(|input| format!("{}{} {}", input.name, sign(input), json!(input.schema)));
        declared.title.iter().chain(&declared.description).cloned().chain(inputs).collect()
    }

    #[test]
    fn a_command_with_a_file_of_its_own_takes_what_its_builder_says() {
        let module = "export const command = 'init <dir> [files..]'\nexport const desc = 'Create it'\nexport const builder = {\n  dir: {\n    default: '.', type: 'string'\n  },\n  'dry-run': { type: 'boolean' }\n}\nexport function handler (argv) {\n  console.log(argv.dir)\n}\n";
        let expected = [
            "init",
            "Create it",
            r#"dir! {"type":"string","default":"."}"#,
            r#"files {"type":"array","items":{"type":"string"}}"#,
            r#"dryRun {"type":"boolean"}"#,
        ];
        assert_eq!(shown(module), expected);
        let plain = "exports.command = ['add <x>', 'a'];\nexports.describe = 'Adds';\nexports.builder = function (yargs) {\n  return yargs.positional('x', { type: 'number' }).option('loud', { alias: 'l', boolean: true });\n};\nexports.handler = argv => argv.x;\n";
        assert_eq!(shown(plain), ["add", "Adds", r#"x! {"type":"number"}"#, r#"loud {"type":"boolean"}"#]);
        let table = "module.exports = {\n  command: 'go [a]',\n  desc: 'Goes',\n  builder: (yargs) => yargs.option('b', {}),\n  async handler(argv) {},\n};\n";
        assert_eq!(shown(table), ["go", "Goes", r#"a {"type":"string"}"#, r#"b {"type":"string"}"#]);
        assert!(shown("exports.handler = function (event) {};\n").is_empty());
    }
}
