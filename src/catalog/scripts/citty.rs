//! citty of JavaScript: `defineCommand({ meta: {…}, args: {…}, subCommands: {…} })`, and the command that is run.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::table_input;
use super::scanner::{calls, is_word, split, split_once};
use super::{Declared, literal, rest_words};
use crate::domain::source::Language;
use serde_json::{Value, json};

const JS: Language = Language::JavaScript;

/// Commands of commands are followed so deep.
const MAX_DEPTH: usize = 6;

/// Reads a script that defines commands.
pub(super) fn read(text: &str) -> Option<Declared> {
    let run = ["runMain", "createMain", "runCommand"].into_iter().find_map(|name| calls(text, name, JS).next());
    let run = run.map(|(_, inner)| split(inner, b',', JS).into_iter().next().unwrap_or_default());
    let mut reader = Reader { text, tree: CommandTree::default() };
    let first = || calls(text, "defineCommand", JS).next().map(|(_, inner)| inner);
    let main = run.and_then(|written| reader.defined(written)).or_else(first)?;
    let words = reader.command(ROOT, main, 0);
    Some(reader.tree.declared(Some(words).filter(|words| !words.is_empty())))
}

struct Reader<'t> {
    text: &'t str,
    tree: CommandTree,
}

impl<'t> Reader<'t> {
    /// The definition of a command: the argument of `defineCommand`, by name or inline.
    fn defined(&self, written: &'t str) -> Option<&'t str> {
        if let Some((_, inner)) = calls(written, "defineCommand", JS).next() {
            return Some(inner);
        }
        let name = Some(written.trim()).filter(|name| is_word(name))?;
        calls(self.text, "defineCommand", JS).find_map(|(at, inner)| {
            let before = self.text[..at].trim_end().strip_suffix('=')?.trim_end();
            let is_it = before.strip_suffix(name).is_some_and(|rest| rest.ends_with(char::is_whitespace));
            is_it.then_some(inner)
        })
    }

    /// Adds the inputs and commands of a definition; its words.
    fn command(&mut self, node: NodeId, written: &'t str, depth: usize) -> String {
        let fields = fields(written);
        let field = |name: &str| fields.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let meta = field("meta").and_then(|meta| literal::value(meta, JS)).unwrap_or_default();
        if let Some(Value::Object(args)) = field("args").and_then(|args| literal::value(args, JS)) {
            for (name, spec) in args {
                self.argument(node, &name, &spec);
            }
        }
        for (name, value) in field("subCommands").map(fields_of_table).unwrap_or_default() {
            let child = self.tree.add_command(node, &name, "");
            if let Some(inner) = self.defined(value).filter(|_| depth < MAX_DEPTH) {
                let words = self.command(child, inner, depth + 1);
                self.tree.describe(child, &words);
            } else {
                let rest = rest_words(self.tree.inputs(child));
                self.tree.push(child, rest);
            }
        }
        meta.get("description").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn argument(&mut self, node: NodeId, name: &str, spec: &Value) {
        let kind = spec.get("type").and_then(Value::as_str).unwrap_or("string");
        let mut spec = spec.clone();
        if kind == "enum" {
            spec["choices"] = spec["options"].clone();
            spec["type"] = json!("string");
        }
        let is_word = kind == "positional";
        if is_word {
            spec["type"] = json!("string");
        }
        let Some(mut input) = table_input(name, &spec, is_word, self.tree.inputs(node)) else { return };
        let has_default = spec.get("default").is_some();
        input.required = !has_default && (spec["required"] == true || is_word && spec["required"] != false);
        self.tree.push(node, input);
    }
}

/// The fields of a table as written.
fn fields(written: &str) -> Vec<(&str, &str)> {
    let inner = written.trim().strip_prefix('{').and_then(|rest| rest.trim_end().strip_suffix('}'));
    let fields = split(inner.unwrap_or_default(), b',', JS).into_iter();
    fields.filter_map(|field| split_once(field, b':', JS)).collect()
}

/// The commands of a table: `build: () => import("./build"), deploy`.
fn fields_of_table(written: &str) -> Vec<(String, &str)> {
    let inner = written.trim().strip_prefix('{').and_then(|rest| rest.trim_end().strip_suffix('}'));
    let fields = split(inner.unwrap_or_default(), b',', JS).into_iter().filter(|field| !field.is_empty());
    let named = fields.map(|field| split_once(field, b':', JS).unwrap_or((field, field)));
    named
        .map(|(key, value)| (key.trim_matches(['"', '\'']).to_owned(), value))
        .filter(|(key, _)| !key.contains(['.', '(']))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn arguments_and_commands_are_read() {
        let text = "import { defineCommand, runMain } from 'citty';\nconst main = defineCommand({\n  meta: { name: 'x', description: 'Greets' },\n  args: {\n    who: { type: 'positional', description: 'Name' },\n    loud: { type: 'boolean' },\n    how: { type: 'enum', options: ['a', 'b'], default: 'a' },\n  },\n  run({ args }) { console.log(args); },\n});\nrunMain(main);\n";
        let expected = [
            "# Greets",
            r#"--loud {"type":"boolean"}"#,
            r#"--how {"type":"string","enum":["a","b"],"default":"a"}"#,
            r#"who! {"type":"string","description":"Name"}"#,
        ];
        assert_eq!(shown("x.ts", text), expected);
        let text = "const add = defineCommand({ meta: { description: 'Adds' }, args: { n: { type: 'string', required: true } } });\nconst main = defineCommand({ subCommands: { add, build: () => import('./build').then(r => r.default) } });\nrunMain(main);\n";
        let shown = shown("x.ts", text);
        assert!(
            shown.contains(&"= command, -n if command=add, args... if command=build".to_owned())
                || shown.contains(&"= command, --n if command=add, args... if command=build".to_owned()),
            "{shown:#?}"
        );
    }
}
