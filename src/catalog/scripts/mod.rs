//! What a script declares about its inputs: in comments of a launcher or an argument parser, or in its code.
//!
//! Each format is one row of [`FORMATS`] and one file. A reader gets the text and says what it found, or `None` when the
//! script is not written in its format. Nothing is executed.

mod argc;
mod argparse;
mod bashly;
mod citty;
mod click;
mod command_module;
mod commander;
mod commands;
mod comments;
mod console;
mod docopt;
mod docstring;
mod engine;
mod fire;
mod framework;
mod hint;
mod javascript_function;
mod javascript_object;
mod javascript_tools;
mod launcher;
mod library;
mod literal;
mod loading;
mod mcp_server;
mod menu_bar;
mod no_value;
mod option_words;
mod options;
mod outline;
mod own_definition;
pub(super) mod own_words;
mod perl_ruby;
mod python;
mod python_alias;
mod python_function;
mod python_syntax;
mod scanner;
mod shell;
mod shell_code;
mod shell_options;
mod started;
mod stdin_json;
#[cfg(test)]
mod testing;
mod unknown_words;
pub(super) mod usage;
mod web_service;
mod words;
mod yargs;

use super::{description, schema_loose};
use crate::domain::source::Language;
use crate::domain::{ArgCondition, ArgRule, Category, CostTier, InputMode, Kind, Manifest, Recipe, ToolName};
pub(super) use bashly::declared as bashly;
pub(super) use engine::other as other_engine;
pub(super) use python_function::MarkedTool;
pub(super) use python_syntax::fault as python_fault;
use serde_json::{Map, Value, json};
pub(super) use shell_code::without_fed;
use std::collections::BTreeMap;

/// Names that stand for a missing description.
const NAMED: usize = 8;

/// A script as readers see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScriptText<'s> {
    /// Its path, for the name of the file.
    pub(super) path: &'s str,
    pub(super) text: &'s str,
    pub(super) language: Option<Language>,
    pub(super) beside: Beside<'s>,
}

/// What other files of its package say about a script.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside<'s> {
    /// Code that defines types and constants which it takes from them.
    pub(super) names: &'s str,
    /// The code that defines what it starts, and the name of that there.
    pub(super) start: Option<(&'s str, &'s str)>,
}

impl<'s> ScriptText<'s> {
    pub(super) fn new(path: &'s str, text: &'s str, language: Option<Language>) -> ScriptText<'s> {
        ScriptText { path, text, language, beside: Beside::default() }
    }
}

/// One input that a script declares.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DeclaredInput {
    pub(super) name: String,
    /// JSON Schema of its value.
    pub(super) schema: Map<String, Value>,
    pub(super) required: bool,
    /// How it is passed; `None` when all inputs go another way together.
    pub(super) rule: Option<ArgRule>,
}

/// What a script declares. What it leaves out, its header may say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Declared {
    /// What it is, where that is no command.
    pub(super) kind: Option<Kind>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    /// What describes it where neither its format nor its header has words.
    pub(super) contents: Option<String>,
    pub(super) category: Option<String>,
    pub(super) author: Option<String>,
    pub(super) version: Option<String>,
    pub(super) cost_tier: Option<String>,
    pub(super) idempotent: Option<bool>,
    pub(super) keywords: Vec<String>,
    pub(super) use_cases: Vec<String>,
    pub(super) inputs: Vec<DeclaredInput>,
    /// How inputs are passed, which goes before what each input says: an input of several commands is passed by several rules.
    pub(super) rules: Vec<ArgRule>,
    /// Inputs that are needed under a condition.
    pub(super) needed: Vec<(ArgCondition, Vec<String>)>,
    /// Groups of inputs of which one is needed.
    pub(super) one_of: Vec<Vec<String>>,
    /// A description of the whole input, which goes before `inputs`.
    pub(super) schema: Option<Value>,
    /// How the input arrives; `None` when nothing was declared about it.
    pub(super) input: Option<InputMode>,
    /// The function that is called with the input.
    pub(super) function: Option<String>,
    /// Variables that are set where no input sets them.
    pub(super) env: BTreeMap<String, String>,
    /// Programs that the script starts.
    pub(super) programs: Vec<String>,
    /// Why nothing here can run it.
    pub(super) unsupported: Option<String>,
    /// That it only defines what other files take.
    pub(super) is_module: bool,
    /// What has no term here, by the key of the format.
    pub(super) extra: Map<String, Value>,
}

/// A format that scripts declare their inputs in.
struct ScriptFormat {
    read: fn(&ScriptText<'_>) -> Option<Declared>,
}

/// The formats, the most specific first: the first one that reads a script decides.
const FORMATS: &[ScriptFormat] = &[
    ScriptFormat { read: launcher::read },
    ScriptFormat { read: argc::read },
    ScriptFormat { read: usage::read },
    ScriptFormat { read: mcp_server::read },
    ScriptFormat { read: library::shell },
    ScriptFormat { read: command_module::read },
    ScriptFormat { read: command_line },
    ScriptFormat { read: perl_ruby::read },
    ScriptFormat { read: started::read },
    ScriptFormat { read: python_function::read },
    ScriptFormat { read: javascript_function::read },
    ScriptFormat { read: library::javascript_module },
    ScriptFormat { read: words::read },
    ScriptFormat { read: stdin_json::read },
    ScriptFormat { read: unknown_words::read },
];

/// The options of a command line. Where nothing in the file starts it, the function does that its package would install.
fn command_line(script: &ScriptText<'_>) -> Option<Declared> {
    let declared = options::read(script)?;
    if !python_function::starts_nothing(script) && library::javascript(script).is_none() {
        return Some(declared);
    }
    let is_python = script.language == Some(Language::Python);
    let function = Some(script).filter(|_| is_python && declared.unsupported.is_none()).and_then(console::function);
    if function.is_some() {
        let is_module = super::modules::of_own_package(script.text).is_some();
        return Some(Declared { function, is_module, ..declared });
    }
    let hint = "it defines a command line but never starts it; call its function at the end of the script";
    Some(Declared { unsupported: declared.unsupported.or(Some(hint.to_owned())), is_module: true, ..declared })
}

/// What a script declares, in the first format that it is written in. `has_words` says that its header describes it.
pub(super) fn declared(script: &ScriptText<'_>, has_words: bool) -> Declared {
    let mut declared = FORMATS.iter().find_map(|format| (format.read)(script)).unwrap_or_default();
    if script.language == Some(Language::Bash) {
        shell_options::add_choices(script.text, &mut declared);
    }
    menu_bar::add(script, &mut declared);
    declared.description = declared.description.filter(|words| description::first_paragraph(words).is_some());
    if !has_words {
        outline::describe(script, &mut declared);
    }
    declared
}

/// The tools that an agent framework marks in a script.
pub(super) fn marked_tools(script: &ScriptText<'_>) -> Vec<MarkedTool> {
    let mut found = python_function::marked(script);
    found.extend(javascript_tools::marked(script));
    found
}

/// A file whose functions are for other files, and says nothing of them.
fn only_defines<'n>(names: impl Iterator<Item = &'n str>, hint: &str) -> Declared {
    Declared {
        contents: Some(words_of_names(names)),
        unsupported: Some(hint.to_owned()),
        is_module: true,
        ..Declared::default()
    }
}

/// A description that names what a file defines.
fn words_of_names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<&str> = names.take(NAMED + 1).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    format!("Defines {}{more}", names[..names.len().min(NAMED)].join(", "))
}

impl DeclaredInput {
    /// An input of text.
    fn text(name: &str, rule: ArgRule) -> DeclaredInput {
        let schema = Map::from_iter([("type".to_owned(), json!("string"))]);
        DeclaredInput { name: name.to_owned(), schema, required: false, rule: Some(rule) }
    }

    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.schema.insert(key.to_owned(), value.into());
    }

    /// Adds what a docstring says of it: its type where no hint gave one, and words.
    fn add_words(&mut self, hint: &str, text: &str, language: Language) {
        if self.schema.keys().all(|key| key == "default") && !hint.is_empty() {
            let read = hint::read(hint, language, &|_| None);
            self.required &= !read.is_optional;
            self.schema.extend(read.schema);
        }
        if !self.schema.contains_key("description") {
            self.describe(text);
        }
    }

    fn describe(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.put("description", text.trim());
        }
    }
}

impl Declared {
    /// Puts what was declared into the manifest of the script.
    pub(super) fn apply(self, manifest: &mut Manifest) {
        // A tool of a framework is called by the name that it declares, whatever its file is called.
        let stated = self.title.as_deref().filter(|_| self.function.is_some());
        if let Some(name) = stated.and_then(|title| ToolName::new(title).ok()) {
            manifest.name = name;
        }
        if let Some(title) = self.title.filter(|title| title != manifest.name.as_str()) {
            manifest.title = Some(title);
        }
        if let Some(words) = self.description.as_deref().and_then(description::first_paragraph) {
            manifest.description = words;
        }
        if manifest.description.trim().is_empty() {
            manifest.description = self.contents.unwrap_or_default();
        }
        if let Some(category) = self.category {
            manifest.category = Some(Category::new(&category));
        }
        if let Some(version) = self.version.as_deref().and_then(super::draft::loose_version) {
            manifest.version = version;
        }
        manifest.cost_tier = self.cost_tier.as_deref().and_then(CostTier::from_loose).or(manifest.cost_tier);
        manifest.idempotent = self.idempotent.or(manifest.idempotent);
        manifest.keywords.extend(self.keywords);
        manifest.use_cases.extend(self.use_cases);
        manifest.provenance.created_by = self.author.or(manifest.provenance.created_by.take());
        manifest.extra.extend(self.extra);
        if let Some(kind) = self.kind {
            (manifest.kind, manifest.recipe) = (kind, None);
        }
        if let Some(recipe) = &mut manifest.recipe {
            recipe.env.extend(self.env);
        }
        let Some(mode) = self.input else { return };
        let written = self.schema.as_ref().map(schema_loose::translate);
        let inputs = || {
            let mut made = needed_under(schema(&self.inputs), &self.needed, &self.one_of);
            if matches!(mode, InputMode::Args | InputMode::StdinText) {
                // What is no input of it would be an option that nobody declared.
                made["additionalProperties"] = json!(false);
            }
            made
        };
        manifest.input = written.or_else(|| (!self.inputs.is_empty()).then(inputs));
        if let Some(recipe) = &mut manifest.recipe {
            let args = if self.rules.is_empty() { rules(self.inputs) } else { self.rules };
            *recipe = Recipe { input: mode, function: self.function, args, ..recipe.clone() };
        }
    }
}

fn rules(inputs: Vec<DeclaredInput>) -> Vec<ArgRule> {
    inputs.into_iter().filter_map(|input| input.rule).collect()
}

/// JSON Schema of an object with these inputs.
pub(super) fn schema(inputs: &[DeclaredInput]) -> Value {
    let properties: Map<String, Value> =
        inputs.iter().map(|input| (input.name.clone(), Value::Object(input.schema.clone()))).collect();
    let required: Vec<&str> = inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A schema that asks for inputs where another input has a value, and for one input of each group.
fn needed_under(mut schema: Value, needed: &[(ArgCondition, Vec<String>)], one_of: &[Vec<String>]) -> Value {
    let parts = needed.iter().map(|(when, names)| {
        let has_value = json!({"properties": {(when.input.as_str()): {"const": when.value}}, "required": [when.input]});
        json!({"if": has_value, "then": {"required": names}})
    });
    let groups = one_of.iter().map(|names| {
        let needs: Vec<Value> = names.iter().map(|name| json!({"required": [name]})).collect();
        json!({"anyOf": needs})
    });
    let parts: Vec<Value> = parts.chain(groups).collect();
    if !parts.is_empty() {
        schema["allOf"] = json!(parts);
    }
    schema
}

/// The words of a command line that have no name. They are passed as they are given: who reads a script does not know them all.
fn rest_words(taken: &[DeclaredInput]) -> DeclaredInput {
    let name = input_name("args", "args", taken);
    let mut input = DeclaredInput::text(&name, ArgRule::raw_words(&name));
    input.make_array();
    input.describe("Words of its command line");
    input
}

/// A text as the name of an input: letters and digits in lower case, everything else as one `_`. `taken` are the names
/// that are in use; `fallback` is the name of what has no letters.
fn input_name(text: &str, fallback: &str, taken: &[DeclaredInput]) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let words: Vec<String> =
        text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_ascii_lowercase).collect();
    let mut name = words.join("_");
    name.truncate(40);
    let mut name = name.trim_end_matches('_').to_owned();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        fallback.clone_into(&mut name);
    }
    if taken.iter().any(|input| input.name == name) {
        name = format!("{name}_{}", taken.len() + 1);
    }
    name
}
