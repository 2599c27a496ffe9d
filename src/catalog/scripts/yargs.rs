//! yargs of JavaScript: `.option("name", {…})`, `.positional("name", {…})`, the short methods `.boolean("v")` and
//! `.alias("v", "verbose")`, and commands with what is said inside of each.

use super::commands::{CommandTree, NodeId, ROOT};
use super::option_words::{Takes, one_line, table_input};
use super::scanner::{calls, split};
use super::{Declared, DeclaredInput, literal, rest_words};
use crate::domain::source::Language;
use serde_json::{Map, Value, json};

const JS: Language = Language::JavaScript;

/// Commands of commands are followed so deep.
const MAX_DEPTH: usize = 6;

/// Methods that say one thing of an option, and the key of the table that says the same.
const SHORT: &[(&str, &str)] = &[
    ("boolean", "boolean"),
    ("string", "string"),
    ("number", "number"),
    ("array", "array"),
    ("count", "count"),
    ("demandOption", "demandOption"),
    ("demand", "demandOption"),
    ("required", "demandOption"),
    ("requiresArg", ""),
    ("describe", "describe"),
    ("default", "default"),
    ("alias", "alias"),
    ("choices", "choices"),
];

/// Reads a script that uses yargs.
pub(super) fn read(text: &str) -> Option<Declared> {
    let mut reader = Reader { tree: CommandTree::default() };
    reader.scope(ROOT, text, 0);
    let takes_words = text.contains("argv._") || text.contains("demandCommand") || text.contains("_:");
    let has_words =
        reader.tree.inputs(ROOT).iter().any(|one| one.rule.as_ref().is_some_and(crate::domain::ArgRule::is_position));
    if takes_words && !reader.tree.has_commands(ROOT) && !has_words {
        let rest = rest_words(reader.tree.inputs(ROOT));
        reader.tree.push(ROOT, rest);
    }
    let usage = calls(text, "usage", JS).filter_map(|(_, inner)| {
        let parts = split(inner, b',', JS);
        literal::text(parts.get(1).or(parts.first())?, JS)
    });
    let description = usage.map(|words| above_usage(&words)).find(|words| !words.is_empty());
    let declared = reader.tree.declared(description);
    (!declared.inputs.is_empty()).then_some(declared)
}

/// The words of a usage text above the line that shows the call.
fn above_usage(text: &str) -> String {
    let is_word = |word: &str| word.starts_with(['<', '[', '-']) && word.len() > 2;
    let is_call = |line: &&str| {
        let line = line.trim();
        line.contains("$0") || line.to_ascii_lowercase().starts_with("usage:") || line.split_whitespace().any(is_word)
    };
    one_line(&text.lines().take_while(|line| !is_call(line)).collect::<Vec<_>>().join(" "))
}

struct Reader {
    tree: CommandTree,
}

/// A text without some of its pieces.
fn without(text: &str, pieces: &[&str]) -> String {
    let mut rest = text.to_owned();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        rest = rest.replacen(*piece, "", 1);
    }
    rest
}

impl Reader {
    /// What is said in a text of one command, and of those below it.
    fn scope(&mut self, node: NodeId, text: &str, depth: usize) {
        let mut commands: Vec<(usize, &str)> = Vec::new();
        for (at, inner) in calls(text, "command", JS) {
            let is_method = text[..at].trim_end().ends_with('.');
            let is_inside = commands.iter().any(|(from, whole)| at < from + whole.len() && at > *from);
            if is_method && !is_inside {
                commands.push((at, inner));
            }
        }
        let own = without(text, &commands.iter().map(|(_, inner)| *inner).collect::<Vec<_>>());
        self.options(node, &own);
        for (_, inner) in commands.into_iter().filter(|_| depth < MAX_DEPTH) {
            self.command(node, inner, depth + 1);
        }
    }

    /// `.command("add <a> [b]", "words", builder)`, `.command({ command: "add", describe: "words", builder: {…} })`.
    fn command(&mut self, parent: NodeId, inner: &str, depth: usize) {
        let parts = split(inner, b',', JS);
        let Some(first) = parts.first() else { return };
        let table = literal::value(first, JS);
        let is_table = table.as_ref().is_some_and(Value::is_object);
        let names = |value: &Value| match value {
            Value::String(name) => vec![name.clone()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let (specs, words, builder) = if is_table {
            let get = |key: &str| table.as_ref().and_then(|table| table.get(key));
            let words = ["describe", "description", "desc"].into_iter().find_map(|key| get(key)?.as_str());
            (get("command").map(names).unwrap_or_default(), words.map(str::to_owned), Some(*first))
        } else {
            let words = parts.get(1).and_then(|part| literal::text(part, JS));
            (table.as_ref().map(names).unwrap_or_default(), words, parts.get(2).copied())
        };
        let Some(spec) = specs.first() else {
            // What another file defines, or a loop.
            self.tree.note_computed_with_words(parent);
            return;
        };
        let mut parts = spec.split_whitespace();
        let name = parts.next().unwrap_or_default();
        // `$0` and `*` are what is done without a command.
        let is_own = matches!(name, "$0" | "*");
        let node =
            if is_own { parent } else { self.tree.add_command(parent, name, &one_line(&words.unwrap_or_default())) };
        self.tree.add_aliases(node, specs.iter().skip(1).filter(|_| !is_own).cloned());
        let builder = builder.unwrap_or_default();
        for word in parts {
            self.word(node, word, builder);
        }
        let options = literal::value(builder, JS)
            .and_then(|table| if is_table { table.get("builder").cloned() } else { Some(table) });
        if let Some(Value::Object(options)) = options {
            for (name, spec) in options {
                self.add(node, &name, &spec, false);
            }
        }
        if is_computed_builder(builder, is_table) {
            self.tree.push_computed(node);
        }
        self.scope(node, builder, depth);
    }

    /// A word of a command: `<a>`, `[b]`, `<files..>`; what `.positional("a", {…})` says of it.
    fn word(&mut self, node: NodeId, word: &str, builder: &str) {
        let is_many = word.trim_end_matches(['>', ']']).ends_with("..");
        let name = word.trim_matches(['<', '>', '[', ']', '.']).split('|').next().unwrap_or_default();
        let said = calls(builder, "positional", JS).find_map(|(_, inner)| {
            let parts = split(inner, b',', JS);
            let is_it = literal::text(parts.first()?, JS)? == name;
            is_it.then(|| literal::value(parts.get(1)?, JS))?
        });
        let Some(mut input) = table_input(name, &said.unwrap_or_default(), true, self.tree.inputs(node)) else {
            return;
        };
        input.required = word.starts_with('<');
        if is_many && input.schema.get("type") != Some(&json!("array")) {
            input.takes(Takes::Repeated);
        }
        self.tree.push(node, input);
    }

    fn add(&mut self, node: NodeId, name: &str, spec: &Value, is_word: bool) {
        let is_known = |input: &DeclaredInput| {
            let rule = input.rule.as_ref();
            rule.is_some_and(|rule| rule.is_position() == is_word)
                && (input.name == name
                    || rule
                        .and_then(crate::domain::ArgRule::option_forms)
                        .is_some_and(|forms| forms.has(&format!("--{name}"))))
        };
        if self.tree.inputs(node).iter().any(is_known) {
            return;
        }
        if let Some(input) = table_input(name, spec, is_word, self.tree.inputs(node)) {
            self.tree.push(node, input);
        }
    }

    fn options(&mut self, node: NodeId, text: &str) {
        let mut table: Map<String, Value> = Map::new();
        let mut is_computed = false;
        for (call, is_word) in [("option", false), ("positional", true)] {
            for (at, inner) in calls(text, call, JS) {
                let parts = split(inner, b',', JS);
                let Some(name) = parts.first().and_then(|part| literal::text(part, JS)) else {
                    match parts.first().and_then(|part| literal::value(part, JS)) {
                        Some(Value::Object(fields)) => {
                            fields.iter().for_each(|(name, spec)| merge(&mut table, name, spec))
                        }
                        _ => is_computed |= text[..at].trim_end().ends_with('.') && !parts.is_empty(),
                    }
                    continue;
                };
                let spec = parts.get(1).and_then(|part| literal::value(part, JS)).unwrap_or_default();
                if is_word {
                    self.add(node, &name, &spec, true);
                } else {
                    merge(&mut table, &name, &spec);
                }
            }
        }
        for (at, inner) in calls(text, "options", JS) {
            is_computed |= text[..at].trim_end().ends_with('.') && has_computed_fields(inner);
            if let Some(Value::Object(fields)) = literal::value(inner, JS) {
                fields.into_iter().for_each(|(name, spec)| merge(&mut table, &name, &spec));
            }
        }
        for (method, key) in SHORT {
            for (at, inner) in calls(text, method, JS) {
                if text[..at].trim_end().ends_with('.') && !key.is_empty() {
                    short(&mut table, key, inner);
                }
            }
        }
        let same: Vec<String> = table.values().flat_map(aliases).collect();
        let own = own_options(text);
        for (name, spec) in table.iter().filter(|(name, _)| !same.contains(name)) {
            // What yargs answers itself is for nobody to give a value.
            let is_own = own.contains(name) || aliases(spec).iter().any(|name| own.contains(name));
            if is_own && spec.get("type").is_none() {
                continue;
            }
            let others = aliases(spec).into_iter().filter_map(|other| table.get(&other));
            let whole = others.fold(spec.clone(), |mut whole, other| {
                extend(&mut whole, other);
                whole
            });
            self.add(node, name, &whole, false);
        }
        if is_computed {
            self.tree.push_computed(node);
        }
    }
}

/// Whether a table of options has some that are worked out while the script runs: `getOptions()`, `{ ...common, size: {} }`.
fn has_computed_fields(written: &str) -> bool {
    let written = written.trim().trim_end_matches(',');
    let Some(fields) = written.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return !written.is_empty();
    };
    split(fields, b',', JS).iter().any(|field| field.starts_with("...") || field.starts_with('['))
}

/// Whether what builds a command stands elsewhere: `builder`, `{ command: "x", builder: build }`, `require("./build")`.
fn is_computed_builder(written: &str, is_table: bool) -> bool {
    if is_table {
        let fields = written.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        let fields = split(fields, b',', JS);
        let builder = fields
            .iter()
            .filter_map(|field| super::scanner::split_once(field, b':', JS))
            .find(|(key, _)| *key == "builder");
        return builder.is_some_and(|(_, value)| is_computed_builder(value, false)) || fields.contains(&"builder");
    }
    let begin = written.trim().split(['(', '=', '{']).next().unwrap_or_default().trim();
    let is_inline = written.contains("=>")
        || written.trim_start().starts_with("function")
        || written.trim_start().starts_with("async");
    let is_name = |text: &str| !text.is_empty() && text.split('.').all(super::scanner::is_word);
    is_name(begin) && !is_inline && !matches!(begin, "undefined" | "null" | "false" | "true")
}

/// The options that yargs adds: `--help` and `--version`, by their own names or those of `.help("h")`.
fn own_options(text: &str) -> Vec<String> {
    let named = ["help", "version"].into_iter().flat_map(|method| {
        let methods = calls(text, method, JS).filter(|(at, _)| text[..*at].trim_end().ends_with('.'));
        methods.filter_map(|(_, inner)| literal::text(split(inner, b',', JS).first()?, JS))
    });
    named.chain(["help", "version"].map(str::to_owned)).collect()
}

fn aliases(spec: &Value) -> Vec<String> {
    let value = spec.get("alias");
    let texts =
        value.map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)).unwrap_or_default();
    texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn extend(spec: &mut Value, other: &Value) {
    let (Some(spec), Some(other)) = (spec.as_object_mut(), other.as_object()) else { return };
    for (key, value) in other {
        spec.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

fn merge(table: &mut Map<String, Value>, name: &str, spec: &Value) {
    let entry = table.entry(name.to_owned()).or_insert_with(|| json!({}));
    extend(entry, spec);
}

/// `.boolean("v")`, `.boolean(["v", "x"])`, `.default("size", 3)`, `.alias("v", "verbose")`, `.default({ size: 3 })`.
fn short(table: &mut Map<String, Value>, key: &str, inner: &str) {
    let parts = split(inner, b',', JS);
    let Some(first) = parts.first().and_then(|part| literal::value(part, JS)) else { return };
    let second = parts.get(1).and_then(|part| literal::value(part, JS));
    let takes_value = matches!(key, "describe" | "default" | "alias" | "choices");
    let mut say = |name: &str, value: Value| {
        let spec = match key {
            "string" | "number" => json!({"type": key}),
            "count" => json!({"type": "count"}),
            _ => json!({ key: value }),
        };
        merge(table, name, &spec);
    };
    match first {
        Value::Object(fields) if takes_value => fields.iter().for_each(|(name, value)| say(name, value.clone())),
        Value::String(name) if takes_value => say(&name, second.unwrap_or_default()),
        Value::String(name) => say(&name, json!(true)),
        Value::Array(names) if !takes_value => {
            names.iter().filter_map(Value::as_str).for_each(|name| say(name, json!(true)));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;

    #[test]
    fn names_that_a_script_computes_are_accepted() {
        let computed = |text: &str| {
            let shown = shown("x.mjs", text);
            let is_there = shown.iter().any(|line| line.contains("Options and words whose names the script computes"));
            assert_eq!(is_there, shown.iter().any(|line| line.contains("args...")), "{shown:#?}");
            is_there
        };
        let head = "import yargs from 'yargs';\nconst y = yargs(process.argv.slice(2)).usage('x <command> [...args] --flags').option('v', {type: 'boolean'});\n";
        for text in [
            "for (const [n, d] of all) { y.command(n, d, y => y.option('a')); }",
            "y.options(getOptions());",
            "y.options({ ...common, size: { type: 'number' } });",
            "for (const n of names) y.option(n, {});",
            "y.command('start', 'Starts', build, run);",
            "y.command({ command: 'start', builder: build, handler: run });",
            "y.command('start', 'Starts', y => y.options(getOptions()));",
        ] {
            assert!(computed(&format!("{head}{text}\ny.parse();\n")), "{text}");
        }
        for text in [
            "y.command('start', 'Starts', y => y.option('a', {}), run);",
            "y.command('start', 'Starts', {}, run);",
            "y.command('start', 'Starts', function (y) { return y; }, run);",
            "y.command('start', 'Starts');",
            "y.options({ size: { type: 'number', coerce: f } });",
        ] {
            assert!(!computed(&format!("{head}{text}\ny.parse();\n")), "{text}");
        }
        assert!(
            !shown("x.mjs", &format!("{head}y.command('start', 'Starts');")).iter().any(|line| line.starts_with('#'))
        );
    }

    #[test]
    fn commands_of_commands_have_their_words() {
        let text = "yargs(process.argv.slice(2))\n  .command('math', 'Counts', y => y\n    .command('add <a> [more..]', 'Adds', y => y.positional('a', { type: 'number', describe: 'One' }), argv => go(argv)))\n  .option('v', { alias: 'verbose', type: 'count' })\n  .parse();\n";
        let expected = [
            r#"command! {"type":"string","enum":["math"],"description":"math: Counts"}"#,
            r#"verbose {"type":"integer","minimum":0}"#,
            r#"math_command {"type":"string","enum":["add"],"description":"add: Adds (for math)"}"#,
            r#"a {"type":"number","description":"One (for add)"}"#,
            r#"more {"type":"array","items":{"type":"string"},"description":"(for add)"}"#,
            "= --verbose,-v verbose times, command, math_command if command=math, a if math_command=add, more if math_command=add",
        ];
        assert_eq!(shown("x.mjs", text)[..6], expected);
    }

    #[test]
    fn short_methods_say_what_an_option_is() {
        let text = "const argv = require('yargs/yargs')(process.argv.slice(2)).boolean(['r', 'v']).alias('v', 'verbose').default('size', 3).demandOption(['f']).argv;\nconsole.log(argv._);\n";
        let shown = shown("x.cjs", text);
        let has = |line: &str| shown.iter().any(|one| one.starts_with(line));
        assert!(has(r#"--verbose,-v {"type":"boolean"}"#), "{shown:#?}");
        assert!(has("--size ") && has("-f! ") && has("args... "), "{shown:#?}");
    }

    #[test]
    fn what_yargs_answers_itself_is_no_input_and_words_above_the_call_describe() {
        let text = "const argv = yargs(process.argv.slice(2)).usage('Count lines.\\nUsage: $0').option('f', { alias: 'file' })\n  .help('help').alias('help', 'h').version('version', '1.0').alias('version', 'V').argv;\n";
        let shown = shown("x.cjs", text);
        assert!(shown.iter().any(|one| one.starts_with("--file,-f")), "{shown:#?}");
        assert!(!shown.iter().any(|one| one.contains("help") || one.contains("version")), "{shown:#?}");
        assert_eq!(super::above_usage("Count lines.\nUsage: $0"), "Count lines.");
    }
}
