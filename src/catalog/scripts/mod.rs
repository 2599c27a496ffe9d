//! What a script declares about its inputs: in comments of a launcher or an argument parser, or in its code.
//!
//! Each format is one row of [`FORMATS`] and one file. A reader gets the text and says what it found, or `None` when the
//! script is not written in its format. Nothing is executed.

mod argc;
mod comments;
mod docstring;
mod hint;
mod javascript_function;
mod launcher;
mod literal;
mod options;
mod python;
mod python_function;
mod scanner;
mod shell;
mod words;

use super::schema_loose;
use crate::domain::source::Language;
use crate::domain::{ArgRule, Category, CostTier, InputMode, Manifest, Recipe};
use serde_json::{Map, Value, json};

/// A script as readers see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScriptText<'s> {
    /// Its path, for the name of the file.
    pub(super) path: &'s str,
    pub(super) text: &'s str,
    pub(super) language: Option<Language>,
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
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) category: Option<String>,
    pub(super) author: Option<String>,
    pub(super) version: Option<String>,
    pub(super) cost_tier: Option<String>,
    pub(super) idempotent: Option<bool>,
    pub(super) keywords: Vec<String>,
    pub(super) use_cases: Vec<String>,
    pub(super) inputs: Vec<DeclaredInput>,
    /// A description of the whole input, which goes before `inputs`.
    pub(super) schema: Option<Value>,
    /// How the input arrives; `None` when nothing was declared about it.
    pub(super) input: Option<InputMode>,
    /// The function that is called with the input.
    pub(super) function: Option<String>,
    /// Programs that the script starts.
    pub(super) programs: Vec<String>,
    /// Why nothing here can run it.
    pub(super) unsupported: Option<String>,
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
    ScriptFormat { read: options::read },
    ScriptFormat { read: python_function::read },
    ScriptFormat { read: javascript_function::read },
    ScriptFormat { read: words::read },
];

/// What a script declares, in the first format that it is written in.
pub(super) fn declared(script: &ScriptText<'_>) -> Option<Declared> {
    FORMATS.iter().find_map(|format| (format.read)(script))
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
        if let Some(title) = self.title.filter(|title| title != manifest.name.as_str()) {
            manifest.title = Some(title);
        }
        if let Some(description) = self.description {
            manifest.description = description;
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
        let Some(mode) = self.input else { return };
        let written = self.schema.as_ref().map(schema_loose::translate);
        manifest.input = written.or_else(|| (!self.inputs.is_empty()).then(|| schema(&self.inputs)));
        if let Some(recipe) = &mut manifest.recipe {
            *recipe = Recipe { input: mode, function: self.function, args: rules(self.inputs), ..recipe.clone() };
        }
    }
}

fn rules(inputs: Vec<DeclaredInput>) -> Vec<ArgRule> {
    inputs.into_iter().filter_map(|input| input.rule).collect()
}

/// JSON Schema of an object with these inputs.
fn schema(inputs: &[DeclaredInput]) -> Value {
    let properties: Map<String, Value> =
        inputs.iter().map(|input| (input.name.clone(), Value::Object(input.schema.clone()))).collect();
    let required: Vec<&str> = inputs.iter().filter(|input| input.required).map(|input| input.name.as_str()).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
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
