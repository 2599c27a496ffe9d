//! Options in the code of scripts that parse a command line: argparse, click, typer, fire, commander, yargs, `parseArgs` of
//! node, and getopts. Nothing is executed: what is computed is not known.

use super::docstring;
use super::python::{self, Definition, Parameter};
use super::scanner::{CallArgument, arguments, calls, split, split_once};
use super::{Declared, DeclaredInput, ScriptText, input_name, literal};
use crate::domain::source::Language;
use crate::domain::{ArgRule, InputMode};
use serde_json::{Map, Value, json};

const PYTHON: Language = Language::Python;
const JS: Language = Language::JavaScript;

/// Reads the options of a script by the parser that it uses.
pub(super) fn read(script: &ScriptText<'_>) -> Option<Declared> {
    let text = script.text;
    let uses = |mark: &str| text.contains(mark);
    let found = match script.language? {
        PYTHON if uses("add_argument") => Some(argparse(text)),
        PYTHON if uses("@click.") || uses("import click") || uses("from click") => click(text),
        PYTHON if uses("typer") => typer(text),
        PYTHON if uses("fire.Fire(") => fire(text),
        Language::Bash if uses("getopts ") => super::shell::getopts(text),
        language
            if language.is_javascript()
                && (uses("commander") || uses(".parse(process.argv") || uses(".requiredOption(")) =>
        {
            Some(commander(text))
        }
        language if language.is_javascript() && uses("yargs") => Some(yargs(text)),
        language if language.is_javascript() && uses("parseArgs(") => parse_args(text),
        _ => return None,
    };
    let mut declared = found?;
    declared.input = Some(InputMode::Args);
    (!declared.inputs.is_empty() || declared.description.is_some()).then_some(declared)
}

/// The inputs found so far, and the sub-commands.
#[derive(Default)]
struct Options {
    inputs: Vec<DeclaredInput>,
    commands: Vec<(String, String)>,
}

impl Options {
    fn push(&mut self, input: DeclaredInput) {
        let is_known = self.inputs.iter().any(|known| known.rule == input.rule);
        if !is_known {
            self.inputs.push(input);
        }
    }

    /// Options first and then plain words, as every parser reads them; a sub-command comes before both.
    fn declared(mut self, description: Option<String>) -> Declared {
        self.inputs.sort_by_key(|input| input.rule.as_ref().is_some_and(ArgRule::is_position));
        if !self.commands.is_empty() {
            for input in &mut self.inputs {
                input.required = false;
            }
            let name = input_name("command", "command", &self.inputs);
            let mut input = DeclaredInput::text(&name, ArgRule::position(&name));
            input.put("enum", self.commands.iter().map(|(name, _)| json!(name)).collect::<Vec<_>>());
            let words = self.commands.iter().filter(|(_, words)| !words.is_empty());
            input.describe(&words.map(|(name, words)| format!("{name}: {words}")).collect::<Vec<_>>().join("; "));
            input.required = true;
            self.inputs.insert(0, input);
        }
        Declared { description, inputs: self.inputs, ..Declared::default() }
    }
}

/// The named arguments of a call.
struct Named<'t> {
    arguments: Vec<CallArgument<'t>>,
    language: Language,
}

impl<'t> Named<'t> {
    fn of(inner: &'t str, language: Language) -> Named<'t> {
        Named { arguments: arguments(inner, language), language }
    }

    /// As written.
    fn written(&self, name: &str) -> Option<&'t str> {
        self.arguments.iter().find(|one| one.name == Some(name)).map(|one| one.value)
    }

    fn value(&self, name: &str) -> Option<Value> {
        literal::value(self.written(name)?, self.language)
    }

    fn text(&self, name: &str) -> Option<String> {
        literal::text(self.written(name)?, self.language)
    }

    fn is(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Bool(true))
    }

    /// The texts that are given by position.
    fn words(&self) -> Vec<String> {
        let positional = self.arguments.iter().filter(|one| one.name.is_none());
        positional.filter_map(|one| literal::text(one.value, self.language)).collect()
    }
}

/// The rule of an option or a word as a parser names it: the long form where there is one.
fn rule_of(names: &[String], taken: &[DeclaredInput]) -> Option<(String, ArgRule)> {
    let first = names.first()?;
    if !first.starts_with('-') {
        let name = input_name(first, "value", taken);
        return Some((name.clone(), ArgRule::position(&name)));
    }
    let flag = names.iter().find(|name| name.starts_with("--")).unwrap_or(first);
    let flag = flag.split(['/', ' ', '=']).next().unwrap_or(flag);
    let name = input_name(flag, "value", taken);
    let is_plain = flag.trim_start_matches('-').chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    is_plain.then(|| (name.clone(), ArgRule::option(flag, &name)))
}

fn type_word(written: &str) -> Map<String, Value> {
    let name = written.split('(').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    super::hint::of_word(name).unwrap_or_else(|| Map::from_iter([("type".to_owned(), json!("string"))]))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn argparse(text: &str) -> Declared {
    let mut options = Options::default();
    for (_, inner) in calls(text, "add_argument", PYTHON) {
        let named = Named::of(inner, PYTHON);
        let words = named.words();
        if let Some((name, rule)) = rule_of(&words, &options.inputs) {
            options.push(argparse_input(&named, &name, rule));
        }
    }
    if text.contains("add_subparsers") {
        for (_, inner) in calls(text, "add_parser", PYTHON) {
            let named = Named::of(inner, PYTHON);
            let words = named.words();
            let help = named.text("help").or_else(|| named.text("description")).unwrap_or_default();
            options.commands.extend(words.into_iter().next().map(|name| (name, one_line(&help))));
        }
    }
    let parser = calls(text, "ArgumentParser", PYTHON).next().map(|(_, inner)| Named::of(inner, PYTHON));
    let description = parser.and_then(|named| named.text("description")).map(|words| one_line(&words));
    options.declared(description)
}

fn argparse_input(named: &Named<'_>, name: &str, rule: ArgRule) -> DeclaredInput {
    let is_word = rule.is_position();
    let action = named.text("action").unwrap_or_default();
    let mut input = DeclaredInput::text(name, rule);
    input.schema = match action.as_str() {
        "store_true" | "store_false" | "count" | "store_const" => type_word("bool"),
        _ => named.written("type").map_or_else(|| type_word("str"), type_word),
    };
    if let Some(Value::Array(choices)) = named.value("choices") {
        input.put("enum", choices);
    }
    let count = named.value("nargs");
    let is_many = matches!(count.as_ref().and_then(Value::as_str), Some("*" | "+"))
        || count.as_ref().is_some_and(Value::is_number);
    let is_many = is_many || matches!(action.as_str(), "append" | "extend");
    if is_many {
        input.make_array();
    }
    let may_be_left_out = matches!(count.as_ref().and_then(Value::as_str), Some("*" | "?"));
    let default = named.value("default").filter(|value| !value.is_null());
    input.required =
        if is_word { !may_be_left_out && named.written("default").is_none() } else { named.is("required") };
    if let Some(default) = default.filter(|value| action.is_empty() && value.is_array() == is_many) {
        input.put("default", default);
    }
    if let Some(help) = named.text("help") {
        input.describe(&one_line(&help));
    }
    input
}

/// The functions below decorators of click, with the words of the first command.
fn click(text: &str) -> Option<Declared> {
    let definitions = python::definitions(&python::blocks(text));
    let mut options = Options::default();
    let (mut description, mut group) = (None, None);
    for function in definitions.iter().filter(|one| !one.decorators.is_empty()) {
        let kind = function.decorators.iter().find_map(|written| {
            let name = written.split('(').next()?.rsplit('.').next()?.trim();
            matches!(name, "command" | "group").then_some((name, *written))
        });
        for written in &function.decorators {
            if let Some(input) = click_input(written, &options.inputs) {
                options.push(input);
            }
        }
        let Some((kind, written)) = kind else { continue };
        let words = docstring::read(&python::docstring(function.body).unwrap_or_default()).summary;
        if kind == "group" {
            group = Some(words);
        } else {
            let named = decorator_arguments(written);
            let name = named.words().into_iter().next().or_else(|| named.text("name"));
            description = description.or_else(|| Some(words.clone()));
            options.commands.push((name.unwrap_or_else(|| function.name.replace('_', "-")), words));
        }
    }
    if group.is_none() {
        options.commands.clear();
    }
    let description = group.or(description).filter(|words| !words.is_empty());
    (!definitions.is_empty()).then(|| options.declared(description))
}

fn decorator_arguments(written: &str) -> Named<'_> {
    let inner = written.find('(').filter(|_| written.ends_with(')')).map(|open| &written[open + 1..written.len() - 1]);
    Named::of(inner.unwrap_or_default(), PYTHON)
}

fn click_input(written: &str, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let head = written.split('(').next()?.trim().rsplit('.').next()?;
    let is_word = match head {
        "argument" => true,
        "option" => false,
        _ => return None,
    };
    let named = decorator_arguments(written);
    let (name, rule) = rule_of(&named.words(), taken)?;
    let mut input = DeclaredInput::text(&name, rule);
    let default = named.value("default").filter(|value| !value.is_null());
    let hint = named.written("type").unwrap_or_default();
    if named.is("is_flag") || named.is("count") || named.words().iter().any(|word| word.contains('/')) {
        input.schema = type_word("bool");
    } else if let Some(choices) = calls(hint, "Choice", PYTHON).next() {
        let first = arguments(choices.1, PYTHON).first().and_then(|one| literal::value(one.value, PYTHON));
        input.put("enum", first.unwrap_or_else(|| json!([])));
    } else if !hint.is_empty() {
        input.schema = type_word(hint.trim_end_matches(')').replace("click.", "").trim_end_matches("Range"));
    } else if let Some(value) = &default {
        input.schema = python::of_value(value);
    }
    let is_many = named.is("multiple")
        || named.value("nargs").is_some_and(|count| count == json!(-1) || count.as_i64() > Some(1));
    if is_many && input.schema.get("type") != Some(&json!("array")) {
        input.make_array();
    }
    let nargs_any = named.value("nargs") == Some(json!(-1));
    input.required = if is_word {
        default.is_none() && !nargs_any && named.value("required") != Some(json!(false))
    } else {
        named.is("required")
    };
    input.required |= named.is("required");
    if let Some(default) = default.filter(|value| value.is_array() == is_many) {
        input.put("default", default);
    }
    if let Some(help) = named.text("help") {
        input.describe(&one_line(&help));
    }
    Some(input)
}

/// The function that typer runs: `typer.run(f)`, `@app.command()`.
fn typer(text: &str) -> Option<Declared> {
    let definitions = python::definitions(&python::blocks(text));
    let run = calls(text, "typer.run", PYTHON).next().map(|(_, inner)| inner.trim());
    let is_command = |one: &&Definition<'_>| {
        run == Some(one.name)
            || one
                .decorators
                .iter()
                .any(|written| written.split('(').next().is_some_and(|head| head.ends_with(".command")))
    };
    let commands: Vec<&Definition<'_>> = definitions.iter().filter(|one| !one.is_class).filter(is_command).collect();
    let mut options = Options::default();
    let types: super::hint::Types<'_> = &|name| python::class_schema(&definitions, name, 0);
    for command in &commands {
        for one in command.parameters() {
            let input = typer_input(&one, types, &options.inputs);
            options.push(input);
        }
        if commands.len() > 1 {
            let words = docstring::read(&python::docstring(command.body).unwrap_or_default()).summary;
            options.commands.push((command.name.replace('_', "-"), words));
        }
    }
    let first = commands.first()?;
    let doc = docstring::read(&python::docstring(first.body).unwrap_or_default());
    Some(options.declared(Some(doc.summary).filter(|words| !words.is_empty())))
}

fn typer_input(one: &Parameter<'_>, types: super::hint::Types<'_>, taken: &[DeclaredInput]) -> DeclaredInput {
    let (schema, is_needed) = python::value_schema(one, types);
    let spec = [one.default.unwrap_or_default(), one.hint]
        .into_iter()
        .find(|text| text.contains("Option(") || text.contains("Argument("));
    let spec = spec.unwrap_or_default();
    let is_word = spec.contains("Argument(") || spec.is_empty() && is_needed;
    let flag = ["Option", "typer.Option"].iter().find_map(|name| {
        let (_, inner) = calls(spec, name, PYTHON).next()?;
        arguments(inner, PYTHON)
            .iter()
            .filter_map(|argument| literal::text(argument.value, PYTHON))
            .find(|text| text.starts_with("--"))
    });
    let flag = flag.map_or_else(
        || format!("--{}", one.name.replace('_', "-")),
        |flag| flag.split('/').next().unwrap_or_default().to_owned(),
    );
    let name = input_name(one.name, "value", taken);
    let rule = if is_word { ArgRule::position(&name) } else { ArgRule::option(&flag, &name) };
    let schema = if schema.is_empty() { type_word("str") } else { schema };
    DeclaredInput { name, schema, required: is_needed, rule: Some(rule) }
}

/// The function that fire runs, each parameter as an option.
fn fire(text: &str) -> Option<Declared> {
    let definitions = python::definitions(&python::blocks(text));
    let (_, inner) = calls(text, "Fire", PYTHON).next()?;
    let function = definitions.iter().find(|one| !one.is_class && one.name == inner.trim())?;
    let doc = docstring::read(&python::docstring(function.body).unwrap_or_default());
    let mut options = Options::default();
    for one in function.parameters() {
        let (schema, required) = python::value_schema(&one, &|name| python::class_schema(&definitions, name, 0));
        let name = input_name(one.name, "value", &options.inputs);
        let mut input =
            DeclaredInput { rule: Some(ArgRule::option(&format!("--{}", one.name), &name)), name, schema, required };
        if let Some(known) = doc.param(one.name) {
            input.add_words(&known.hint, &known.text, PYTHON);
        }
        options.push(input);
    }
    Some(options.declared(Some(doc.summary).filter(|words| !words.is_empty())))
}

/// `.option("-p, --port <number>", "words", default)` and `.argument("<file>", "words")`.
fn commander(text: &str) -> Declared {
    let mut options = Options::default();
    let mut found: Vec<(usize, &str, &str)> = Vec::new();
    for name in ["option", "requiredOption", "argument", "arguments"] {
        found.extend(calls(text, name, JS).map(|(at, inner)| (at, name, inner)));
    }
    found.sort_by_key(|(at, ..)| *at);
    for (_, name, inner) in found {
        let parts = split(inner, b',', JS);
        let Some(spec) = parts.first().and_then(|part| literal::text(part, JS)) else { continue };
        let words = parts.get(1).and_then(|part| literal::text(part, JS)).unwrap_or_default();
        let default = parts.get(2..).into_iter().flatten().find_map(|part| literal::value(part, JS));
        for input in commander_inputs(name, &spec, &options.inputs) {
            options.push(finished(input, &words, default.clone()));
        }
    }
    for (_, inner) in calls(text, "command", JS) {
        let Some(spec) = split(inner, b',', JS).first().and_then(|part| literal::text(part, JS)) else { continue };
        let mut words = spec.split_whitespace();
        options.commands.extend(words.next().map(|name| (name.to_owned(), String::new())));
        for word in words {
            for input in commander_inputs("argument", word, &options.inputs) {
                options.push(input);
            }
        }
    }
    let mut descriptions =
        calls(text, "description", JS).filter_map(|(_, inner)| literal::text(split(inner, b',', JS).first()?, JS));
    let description = descriptions.next().map(|words| one_line(&words));
    options.declared(description)
}

fn commander_inputs(call: &str, spec: &str, taken: &[DeclaredInput]) -> Vec<DeclaredInput> {
    let is_optional = |word: &str| word.starts_with('[');
    let is_many = |word: &str| word.trim_end_matches(['>', ']']).ends_with("...");
    let plain = |word: &str| word.trim_matches(['<', '>', '[', ']', '.']).to_owned();
    if call.starts_with("argument") {
        let words = spec.split_whitespace();
        return words
            .filter_map(|word| {
                let (name, rule) = rule_of(&[plain(word)], taken)?;
                let mut input = DeclaredInput::text(&name, rule);
                input.required = !is_optional(word);
                if is_many(word) {
                    input.make_array();
                }
                Some(input)
            })
            .collect();
    }
    let words: Vec<&str> = spec.split([',', ' ', '|']).filter(|word| !word.is_empty()).collect();
    let flags: Vec<String> = words.iter().filter(|word| word.starts_with('-')).map(|word| (*word).to_owned()).collect();
    let Some((name, rule)) = rule_of(&flags, taken) else { return Vec::new() };
    let mut input = DeclaredInput::text(&name, rule);
    match words.iter().find(|word| word.starts_with(['<', '['])) {
        None => input.schema = type_word("bool"),
        Some(value) if is_many(value) => input.make_array(),
        Some(value) if ["number", "int", "port", "count", "n", "num"].contains(&plain(value).as_str()) => {
            input.schema = type_word("number");
        }
        Some(_) => {}
    }
    input.required = call == "requiredOption";
    vec![input]
}

fn finished(mut input: DeclaredInput, words: &str, default: Option<Value>) -> DeclaredInput {
    input.describe(&one_line(words));
    if let Some(default) = default.filter(|value| !value.is_null()) {
        let is_flag = input.schema.get("type") == Some(&json!("boolean"));
        if is_flag == default.is_boolean() && !default.is_object() {
            input.put("default", default);
            input.required = false;
        }
    }
    input
}

/// `.option("name", {…})`, `.options({name: {…}})` and `.positional("name", {…})`.
fn yargs(text: &str) -> Declared {
    let mut options = Options::default();
    for (call, is_word) in [("option", false), ("positional", true)] {
        for (_, inner) in calls(text, call, JS) {
            let parts = split(inner, b',', JS);
            let name = parts.first().and_then(|part| literal::text(part, JS));
            let spec = parts.get(1).and_then(|part| literal::value(part, JS)).unwrap_or_default();
            if let Some(input) = name.and_then(|name| table_input(&name, &spec, is_word, &options.inputs)) {
                options.push(input);
            }
        }
    }
    for (_, inner) in calls(text, "options", JS) {
        for (name, spec) in fields(inner) {
            if let Some(input) = table_input(&name, &spec, false, &options.inputs) {
                options.push(input);
            }
        }
    }
    let usage = calls(text, "usage", JS).filter_map(|(_, inner)| {
        let parts = split(inner, b',', JS);
        literal::text(parts.get(1).or(parts.first())?, JS)
    });
    let description = usage.map(|words| one_line(&words)).find(|words| !words.contains("$0"));
    options.declared(description)
}

/// `parseArgs({ options: { name: { type: "string", short: "n" } }, allowPositionals: true })`.
fn parse_args(text: &str) -> Option<Declared> {
    let (_, inner) = calls(text, "parseArgs", JS).next()?;
    let table = split(inner.trim().strip_prefix('{')?.strip_suffix('}')?, b',', JS);
    let value = table.iter().filter_map(|field| split_once(field, b':', JS)).find(|(key, _)| *key == "options")?.1;
    let mut options = Options::default();
    for (name, spec) in fields(value) {
        if let Some(input) = table_input(&name, &spec, false, &options.inputs) {
            options.push(input);
        }
    }
    Some(options.declared(None))
}

/// The fields of a table as written, each with its value.
fn fields(written: &str) -> Vec<(String, Value)> {
    let value = literal::value(written, JS);
    let Some(Value::Object(table)) = value else { return Vec::new() };
    table.into_iter().collect()
}

fn table_input(name: &str, spec: &Value, is_word: bool, taken: &[DeclaredInput]) -> Option<DeclaredInput> {
    let written = if is_word { name.to_owned() } else { format!("--{name}") };
    let (key, rule) = rule_of(&[written], taken)?;
    let mut input = DeclaredInput::text(&key, rule);
    let text = |key: &str| spec.get(key).and_then(Value::as_str);
    if let Some(word) = text("type") {
        input.schema = if word == "count" { type_word("bool") } else { type_word(word) };
    } else if spec.get("boolean") == Some(&json!(true)) {
        input.schema = type_word("bool");
    }
    if spec.get("array") == Some(&json!(true)) || spec.get("multiple") == Some(&json!(true)) {
        input.make_array();
    }
    if let Some(choices) = spec.get("choices").filter(|choices| choices.is_array()) {
        input.put("enum", choices.clone());
    }
    let is = |key: &str| spec.get(key).is_some_and(|value| *value == json!(true) || value.is_string());
    input.required = ["demandOption", "demand", "required", "require"].into_iter().any(is);
    let words = ["describe", "description", "desc"].into_iter().find_map(text).unwrap_or_default();
    Some(finished(input, words, spec.get("default").cloned()))
}

impl DeclaredInput {
    /// Makes it a list of what it was.
    pub(super) fn make_array(&mut self) {
        let items = std::mem::take(&mut self.schema);
        self.put("type", "array");
        self.put("items", Value::Object(items));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str, text: &str) -> Vec<String> {
        let declared = read(&ScriptText { path, text, language: Language::of(path, text) }).unwrap_or_default();
        let rule = |input: &DeclaredInput| input.rule.as_ref().map(ToString::to_string).unwrap_or_default();
        let sign = |input: &DeclaredInput| if input.required { "!" } else { "" };
        let mut lines: Vec<String> = declared.description.iter().map(|words| format!("# {words}")).collect();
        lines.extend(
            declared.inputs.iter().map(|input| format!("{}{} {}", rule(input), sign(input), json!(input.schema))),
        );
        lines
    }

    #[test]
    fn argparse_is_read() {
        let text = "import argparse\np = argparse.ArgumentParser(\n    description='Counts '\n    'words')\np.add_argument('path', type=Path, help='File (text)')\n\
            p.add_argument('-n', '--max-count', type=int, default=3, help=\"\"\"At\n most\"\"\")\np.add_argument('--kind', choices=['a', 'b'], required=True)\n\
            p.add_argument('-v', action='store_true')\np.add_argument('more', nargs='*')\n";
        let expected = [
            "# Counts words",
            r#"--max-count {"type":"integer","default":3,"description":"At most"}"#,
            r#"--kind! {"type":"string","enum":["a","b"]}"#,
            r#"-v {"type":"boolean"}"#,
            r#"path! {"type":"string","description":"File (text)"}"#,
            r#"more {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
        let text = "p.add_argument('--all')\ns = p.add_subparsers(dest='what')\na = s.add_parser('add', help='Adds')\na.add_argument('name')\ns.add_parser('rm')\n";
        let expected = [
            r#"command! {"type":"string","enum":["add","rm"],"description":"add: Adds"}"#,
            r#"--all {"type":"string"}"#,
            r#"name {"type":"string"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn click_and_typer_are_read() {
        let text = "import click\n\n@click.command()\n@click.option('--count', '-c', default=1, help='How often')\n@click.option('--shout/--no-shout')\n\
            @click.option('--kind', type=click.Choice(['a', 'b']))\n@click.argument('name')\n@click.argument('files', nargs=-1)\ndef hello(count, name):\n    \"\"\"Greets.\"\"\"\n";
        let expected = [
            "# Greets.",
            r#"--count {"type":"integer","default":1,"description":"How often"}"#,
            r#"--shout {"type":"boolean"}"#,
            r#"--kind {"type":"string","enum":["a","b"]}"#,
            r#"name! {"type":"string"}"#,
            r#"files {"type":"array","items":{"type":"string"}}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
        let text = "import typer\ndef main(name: str, last: Annotated[str, typer.Option(help='Last')] = '', loud: bool = False, n: int = typer.Option(2, '--num', help='N')):\n    \
            \"\"\"Greets.\"\"\"\ntyper.run(main)\n";
        let expected = [
            "# Greets.",
            r#"--last {"type":"string","description":"Last","default":""}"#,
            r#"--loud {"type":"boolean","default":false}"#,
            r#"--num n {"type":"integer","description":"N","default":2}"#,
            r#"name! {"type":"string"}"#,
        ];
        assert_eq!(shown("x.py", text), expected);
    }

    #[test]
    fn commander_yargs_and_parse_args_are_read() {
        let text = "const { program } = require('commander');\nprogram.description('Serves').argument('<dir>', 'Folder').option('-p, --port <number>', 'Port', 80)\n  .option('--open')\n  .requiredOption('-k, --key <text>');\n";
        let expected = [
            "# Serves",
            r#"--port {"type":"number","description":"Port","default":80}"#,
            r#"--open {"type":"boolean"}"#,
            r#"--key! {"type":"string"}"#,
            r#"dir! {"type":"string","description":"Folder"}"#,
        ];
        assert_eq!(shown("x.js", text), expected);
        let text = "yargs(x).option('size', { alias: 's', type: 'number', describe: 'Size', demandOption: true }).options({ 'dry-run': { type: 'boolean', default: false } })";
        let expected =
            [r#"--size! {"type":"number","description":"Size"}"#, r#"--dry-run {"type":"boolean","default":false}"#];
        assert_eq!(shown("x.js", text), expected);
        let text = "const { values } = parseArgs({ args, options: { name: { type: 'string', short: 'n' }, all: { type: 'boolean' } }, allowPositionals: true });";
        assert_eq!(shown("x.mjs", text), [r#"--name {"type":"string"}"#, r#"--all {"type":"boolean"}"#]);
    }

    #[test]
    fn what_is_computed_is_left_out() {
        let text =
            "p.add_argument(name)\np.add_argument('--x', type=lambda v: v, choices=list(A))\np.add_argument('--y'";
        assert_eq!(shown("x.py", text), [r#"--x {"type":"string"}"#]);
    }
}
