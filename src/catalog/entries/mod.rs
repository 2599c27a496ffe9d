//! Files that hold several tools: task files, whose targets are tools, and lists of definitions.
//!
//! Each format is one file and one row of [`FORMATS`]. A reader says what each entry is called, what it does, how it is
//! started and what it takes; nothing is executed. The version of an entry is the file as it lies, and a manifest that
//! is made of what the reader found, so that a reviewer sees both and everything else treats it as any other tool.

mod deno;
mod functions;
mod justfile;
mod makefile;
mod mise;
mod package;
mod recipe;
mod taskfile;

pub(super) use self::recipe::RecipeNeeds;
use super::ci_tool;
use super::document::{Document, Syntax};
use super::documents::tool_list;
use super::limits;
use super::scripts::{self, Beside, DeclaredInput};
use crate::domain::{ArgPlace, FileMode, Placement, Problem, ProblemCode, SafeText, ToolName, VersionFile};
use crate::outside::steers_programs;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// The name of the manifest that is made for an entry.
const MANIFEST: &str = "tool.toml";

/// Values without signs of a shell, of make or of a template, and without the begin of an option.
const PLAIN_WORDS: &str = "^([A-Za-z0-9_./:@%+,=][A-Za-z0-9 _./:@%+,=-]*)?$";

/// Characters of a command that stands for a description.
const COMMAND_CHARS: usize = 100;

/// A format of files that hold several tools.
struct EntryFormat {
    /// Whether a file is written in it, by its name.
    is: fn(&str) -> bool,
    read: fn(&VersionFile) -> Result<Vec<Entry>, Problem>,
}

const FORMATS: &[EntryFormat] = &[
    EntryFormat { is: makefile::is_one, read: makefile::read },
    EntryFormat { is: justfile::is_one, read: justfile::read },
    EntryFormat { is: package::is_one, read: package::read },
    EntryFormat { is: deno::is_one, read: deno::read },
    EntryFormat { is: mise::is_one, read: mise::read },
    EntryFormat { is: taskfile::is_one, read: taskfile::read },
];

/// A tool in a file of several.
#[derive(Debug, Default, PartialEq)]
struct Entry {
    /// As the file calls it.
    name: String,
    /// Its comment or field; empty where there is none.
    description: String,
    /// The first command that it runs, which stands for a missing description.
    runs: String,
    /// What starts it; `{file}` is the file.
    command: Vec<String>,
    inputs: Vec<DeclaredInput>,
    keywords: Vec<String>,
    /// Variables that it is started with.
    env: Vec<(String, String)>,
    /// The script beside the file that is all of it; what that says is how it is started.
    script: Option<String>,
    /// What its recipe certainly needs.
    needs: RecipeNeeds,
    /// The line that it begins in, from 1; 0 where the format does not say.
    line: u64,
}

/// An entry as a version.
pub(super) struct EntryVersion {
    pub(super) placement: Placement,
    /// The file and its manifest, in ascending order of path.
    pub(super) files: Vec<VersionFile>,
    pub(super) needs: RecipeNeeds,
    /// The script that belongs to it, relative to the folder of the file.
    pub(super) script: Option<String>,
}

/// A tool of a file before it is a version.
struct Made {
    name: String,
    line: u64,
    table: Map<String, Value>,
    needs: RecipeNeeds,
    script: Option<String>,
}

/// The path of the manifest in the version of an entry.
pub(super) fn definition() -> &'static str {
    MANIFEST
}

/// Whether a file holds several tools, by its name.
pub(super) fn is_entry_file(name: &str) -> bool {
    FORMATS.iter().any(|format| (format.is)(name))
}

/// The tools in a file, each a version or why it is none. `at` is the path of the file as rows write it, `beside` what others of
/// its package say about it.
///
/// # Errors
/// A [`Problem`] of the file as a whole, whose path is the file's name.
pub(super) fn versions(
    at: &str,
    file: &VersionFile,
    beside: Beside<'_>,
) -> Result<Vec<Result<EntryVersion, Problem>>, Problem> {
    let mut broken = Vec::new();
    let made: Vec<Made> = if let Some(format) = FORMATS.iter().find(|format| (format.is)(&file.path)) {
        let of = |entry: Entry| {
            let table = manifest(&entry, &file.path);
            Made { name: entry.name, line: entry.line, table, needs: entry.needs, script: entry.script }
        };
        (format.read)(file)?.into_iter().map(of).collect()
    } else {
        let of = |(name, line, table)| Made { name, line, table, needs: RecipeNeeds::default(), script: None };
        let found = definitions(file, beside);
        broken = found.broken.iter().map(|place| not_a_tool(file, *place)).collect();
        found.tools.into_iter().map(of).collect()
    };
    if made.len() > limits::ENTRIES {
        let message = format!("it holds {} tools; at most {} are read from one file", made.len(), limits::ENTRIES);
        return Err(problem(file, 0, ProblemCode::TooLarge, message, "split the file"));
    }
    let mut taken: Vec<ToolName> = Vec::with_capacity(made.len());
    let versions = made.into_iter().map(|made| version(at, file, made, &mut taken));
    Ok(versions.chain(broken.into_iter().map(Err)).collect())
}

fn not_a_tool(file: &VersionFile, place: usize) -> Problem {
    let message =
        format!("item {place} of its list is not a tool: it has no name, or neither a description nor inputs");
    problem(file, 0, ProblemCode::BadSyntax, message, "give it a name and a description, or take it out of the list")
}

/// What a file defines whose name does not say that it holds several tools.
#[derive(Default)]
struct Definitions {
    /// Each with its name and the line that it begins in.
    tools: Vec<(String, u64, Map<String, Value>)>,
    /// The places, from 1, of items that are no tools.
    broken: Vec<usize>,
}

/// The tools in a file whose name does not say that it holds several: functions of a script, definitions of companion
/// programs, a list of functions or of the tools of a server. Empty for any other file.
fn definitions(file: &VersionFile, beside: Beside<'_>) -> Definitions {
    let Some(syntax) = Syntax::of(&file.path) else {
        return Definitions { tools: functions::tables(file, beside), ..Definitions::default() };
    };
    let Ok((document, other)) = Document::parse_any(&file.path, syntax, &file.bytes) else {
        return Definitions::default();
    };
    let value = other.unwrap_or(Value::Object(document.fields));
    let (mut found, mut broken) = (ci_tool::collection(&value), Vec::new());
    if found.is_empty() {
        found = tool_list::tables(&value);
        broken = if found.is_empty() { Vec::new() } else { tool_list::broken(&value) };
    }
    Definitions { tools: found.into_iter().map(|(name, table)| (name, 0, table)).collect(), broken }
}

/// The first line of one of these files that does more than define its functions.
pub(super) fn does_first(files: &[VersionFile]) -> Option<usize> {
    files.iter().find_map(functions::does_first)
}

/// What the recipe of an entry needs, by the files of its version.
pub(super) fn needs_of(placement: &Placement, files: &[VersionFile]) -> RecipeNeeds {
    let Some((at, _)) = placement.entry() else { return RecipeNeeds::default() };
    let name = at.rsplit('/').next().unwrap_or(at);
    let file = files.iter().find(|file| file.path == name);
    let versions = file.and_then(|file| versions(at, file, Beside::default()).ok()).unwrap_or_default();
    let found = versions.into_iter().flatten().find(|version| version.placement == *placement);
    found.map(|version| version.needs).unwrap_or_default()
}

/// Whether a file whose name does not say so holds tools beside what its own row is; `function` is the one that the row
/// calls.
pub(super) fn holds_more(file: &VersionFile, function: Option<&str>) -> bool {
    let called = |table: &Map<String, Value>| table.get("run")?.get("function")?.as_str().map(str::to_owned);
    let is_own = |table: &Map<String, Value>| function.is_some() && called(table).as_deref() == function;
    match &definitions(file, Beside::default()).tools[..] {
        [] => false,
        [(_, _, only)] => !is_own(only),
        _ => true,
    }
}

fn version(
    at: &str,
    file: &VersionFile,
    Made { name, line, table, needs, script }: Made,
    taken: &mut Vec<ToolName>,
) -> Result<EntryVersion, Problem> {
    let name = name.as_str();
    let slug = ToolName::of_title(name).ok_or_else(|| {
        let message = format!("the name {:?} has no letters for a tool name", SafeText::new(name).to_string());
        problem(file, line, ProblemCode::BadName, message, "give it a name of a-z 0-9 _ . -")
    })?;
    let slug = free(&slug, taken).ok_or_else(|| {
        let message = format!("the name {name:?} is used too often");
        problem(file, line, ProblemCode::NameClash, message, "rename it")
    })?;
    let mut fields = Map::from_iter([("name".to_owned(), json!(slug.as_str()))]);
    if slug.as_str() != name {
        fields.insert("title".to_owned(), json!(name));
    }
    fields.extend(table.into_iter().filter(|(key, _)| key != "name"));
    let text = toml::to_string(&without_nulls(Value::Object(fields))).map_err(|error| {
        let message = format!("{slug} cannot be written as a manifest: {error}");
        problem(file, line, ProblemCode::BadSyntax, message, "simplify the entry")
    })?;
    let placement = Placement::of_entry(at, &slug);
    taken.push(slug);
    let made = VersionFile { path: MANIFEST.to_owned(), mode: FileMode::Plain, bytes: text.into_bytes() };
    let mut files = vec![file.clone(), made];
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(EntryVersion { placement, files, needs, script })
}

/// The name, or with a number where another entry of the file has it.
fn free(slug: &ToolName, taken: &[ToolName]) -> Option<ToolName> {
    let numbered = (2..=limits::ENTRIES).filter_map(|number| ToolName::new(&format!("{slug}_{number}")).ok());
    std::iter::once(slug.clone()).chain(numbered).find(|name| !taken.contains(name))
}

/// The manifest of an entry, in our own terms.
fn manifest(entry: &Entry, file: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    let description = match entry.description.trim() {
        "" if entry.runs.trim().is_empty() => String::new(),
        "" => format!("Runs {}", cut(entry.runs.trim())),
        text => text.to_owned(),
    };
    fields.insert("description".to_owned(), json!(description));
    if !entry.keywords.is_empty() {
        fields.insert("keywords".to_owned(), json!(entry.keywords));
    }
    // A variable that programs load code by, or find their settings by, is nobody's to give.
    let steers = |input: &&DeclaredInput| match input.rule.as_ref().map(|rule| &rule.place) {
        Some(ArgPlace::Variable(name)) => steers_programs(name),
        _ => false,
    };
    let inputs: Vec<DeclaredInput> = entry.inputs.iter().filter(|input| !steers(input)).cloned().collect();
    if let Some(script) = &entry.script {
        fields.insert("run".to_owned(), json!({"entry": script}));
        return fields;
    }
    let input = if inputs.is_empty() { "none" } else { "args" };
    let mut run = json!({"command": entry.command, "entry": file, "input": input});
    if !inputs.is_empty() {
        let mut schema = scripts::schema(&inputs);
        if let Some(inputs) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            inputs.values_mut().for_each(keep_plain);
        }
        // Anything else would be an option of the program that runs the entry.
        schema["additionalProperties"] = json!(false);
        fields.insert("input".to_owned(), schema);
        let rules: Vec<String> = inputs.iter().filter_map(|input| Some(input.rule.as_ref()?.to_string())).collect();
        run["args"] = json!(rules);
    }
    if !entry.env.is_empty() {
        run["env"] = entry.env.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>().into();
    }
    fields.insert("run".to_owned(), run);
    fields
}

/// Lets an input have plain words only: task files put values into shell code as text, where a sign of the shell would be
/// code of the caller's.
fn keep_plain(schema: &mut Value) {
    if let Some(items) = schema.get_mut("items") {
        keep_plain(items);
    } else if schema["type"] == "string" && schema.get("enum").is_none() && schema.get("pattern").is_none() {
        schema["pattern"] = json!(PLAIN_WORDS);
    }
}

/// The first line of a command that does something, as long as a description may be.
fn cut(command: &str) -> String {
    let lines = || command.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines().find(|line| !line.starts_with(['#']) && !line.starts_with("set -")).or_else(|| lines().next());
    let line = line.unwrap_or_default();
    match line.char_indices().nth(COMMAND_CHARS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// TOML has no null.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(table) => {
            let rest = table.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(rest.map(|(key, value)| (key, without_nulls(value))).collect())
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().filter(|item| !item.is_null()).map(without_nulls).collect())
        }
        other => other,
    }
}

fn problem(file: &VersionFile, line: u64, code: ProblemCode, message: String, hint: &str) -> Problem {
    let line = (line > 0).then_some(line);
    Problem { path: file.path.clone(), line, code, message, hint: hint.to_owned() }
}

/// Whether an entry is meant for the file itself and not for people, by its name.
fn is_private(name: &str) -> bool {
    name.is_empty() || name.starts_with(['_', '.', '-'])
}

/// The words of comment lines: without signs, without lines that only separate, one paragraph.
fn words_of(comments: &[&str]) -> String {
    let words = |line: &&str| line.chars().any(char::is_alphanumeric);
    // `##@ Words` begins a section.
    let own = comments.iter().map(|line| line.trim_start_matches(['#', '!'])).filter(|line| !line.starts_with('@'));
    let lines = own.map(str::trim).filter(words);
    lines.flat_map(str::split_whitespace).collect::<Vec<&str>>().join(" ")
}

/// The comments directly above the lines that begin an entry, and the number of these lines from 1, by the name of the
/// entry. `name_of` says which entry a line begins.
fn comments_above<'t>(text: &'t str, name_of: fn(&'t str) -> Option<&'t str>) -> HashMap<&'t str, (String, u64)> {
    let (mut found, mut comments) = (HashMap::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            comments.push(comment);
            continue;
        }
        if let Some(name) = name_of(line) {
            found.entry(name).or_insert_with(|| (words_of(&comments), number as u64 + 1));
        }
        comments.clear();
    }
    found
}

/// An input of text that is passed as an environment variable of its name.
fn variable(name: &str, is_required: bool, default: Option<&str>) -> DeclaredInput {
    let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
    if let Some(default) = default {
        schema.insert("default".to_owned(), json!(default));
    }
    let rule = Some(crate::domain::ArgRule::variable(name, name));
    DeclaredInput { name: name.to_owned(), schema, required: is_required, rule }
}

fn words<const N: usize>(list: [&str; N]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}
