//! From the files of a version to its manifest: the same bytes give the same manifest wherever they lie.

use super::argv::{CommandWords, Script};
use super::beside::Beside;
use super::ci_tool;
use super::document::{Document, Syntax};
use super::documents::{declaration, tool_list};
use super::draft::{self, Draft};
use super::files::unusable_name;
use super::header;
use super::limits;
use super::local_modules::{self, imported_among};
use super::mcp;
use super::needed::Needed;
use super::obstacle::{self, Obstacle};
use super::plan::ScanPlan;
use super::programs::{self, Programs};
use super::prompts;
use super::skill;
use super::stdin;
use super::walk;
use crate::domain::{
    ArgPlace, ArgRule, CostTier, Format, InputMode, Manifest, Origin, Problem, ProblemCode, Recipe, SafeText, Stage,
    Tool, ToolName, VersionFile, hidden_label, schema_fault, unusable_schema,
};
use serde_json::Value;

#[derive(Debug, Clone)]
pub(super) struct ParsedVersion {
    pub(super) manifest: Manifest,
    pub(super) origin: Origin,
    /// Why it cannot run, independent of its location and this machine.
    pub(super) obstacle: Option<Obstacle>,
    /// Its needs on this machine.
    pub(super) needed: Needed,
    /// That nothing in it is there to be started: it only defines what other files take, or holds data.
    pub(super) is_module: bool,
    /// Whether its definition does not name it: its folder does.
    pub(super) is_named_by_folder: bool,
}

/// Bytes of a text that describes a script.
const DESCRIPTION_BYTES: usize = 64 * 1024;

/// Reads the content of a definition alone; `beside` contains facts from other files of its package about a script.
///
/// # Errors
/// A [`Problem`] with the path of the definition inside the version.
pub(super) fn draft(definition: &VersionFile, beside: &Beside, programs: &Programs) -> Result<Draft, Problem> {
    let draft = match Syntax::of(&definition.path) {
        Some(syntax) => {
            if syntax == Syntax::JsonLines && definition.bytes.len() as u64 > limits::SOURCE_BYTES {
                return Err(Problem {
                    path: definition.path.clone(),
                    line: None,
                    code: ProblemCode::TooLarge,
                    message: format!("it is larger than {} KiB", limits::SOURCE_BYTES >> 10),
                    hint: "split it, or move data out of the tools folder".to_owned(),
                });
            }
            let (document, other) = Document::parse_any(&definition.path, syntax, &definition.bytes)?;
            match other {
                None => Draft::of(&document)?,
                Some(value) => list(&document, &value)?,
            }
        }
        None if definition.path == skill::FILE => skill::read(definition)?,
        None => header::read_beside(&definition.path, &definition.bytes, beside.view(), programs)?,
    };
    refuse_unusable(&definition.path, &draft.manifest.name)?;
    Ok(draft)
}

/// A document without fields: a list of tools, or something unknown.
fn list(document: &Document<'_>, value: &Value) -> Result<Draft, Problem> {
    let stem = draft::stem_of(document.path);
    let items = value.as_array().filter(|items| !items.is_empty() || stem == "tools");
    let is_companion = !ci_tool::collection(value).is_empty();
    if let Some(tools) = items.filter(|_| !is_companion).and_then(|items| tool_list::tools(items)) {
        return tool_list::of_list(document, &tools);
    }
    let message = "it has no fields at its top level".to_owned();
    let hint = "a manifest has fields such as name and description, a list has tools with a name and a description";
    let problem = Problem { line: Some(1), ..document.problem(&[], ProblemCode::UnknownDialect, message, hint) };
    Err(ci_tool::explained(problem, value))
}

fn refuse_unusable(path: &str, name: &ToolName) -> Result<(), Problem> {
    let Some(message) = unusable_name(name.as_str()) else { return Ok(()) };
    let (path, hint) = (path.to_owned(), "give the tool another name".to_owned());
    Err(Problem { path, line: None, code: ProblemCode::BadName, message, hint })
}

/// The draft of a version, from its own files alone: a file beside them could change the inputs of what was approved.
///
/// # Errors
/// As for [`draft()`].
pub(super) fn of_version(
    draft: Draft,
    (beside, base): (&Beside, &str),
    (files, definition): (&[VersionFile], &str),
    programs: &Programs,
) -> Result<Draft, Problem> {
    match files.iter().find(|file| file.path == definition).filter(|_| !beside.is_among(base, files)) {
        Some(file) => self::draft(file, &Beside::among(files, file), programs),
        None => Ok(draft),
    }
}

/// The scripts that a draft names, to be searched next to the definition.
pub(super) fn scripts(draft: &Draft) -> Vec<Script<'_>> {
    draft.words.iter().flat_map(CommandWords::scripts).collect()
}

/// Joins a draft with the files of its version.
pub(super) fn finish(
    draft: Draft,
    definition: &str,
    format: Format,
    files: &[VersionFile],
    programs: &Programs,
) -> ParsedVersion {
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let mut draft = declared(draft, &paths, (definition, format), files, programs);
    let named = draft.manifest.recipe.as_ref().and_then(|recipe| recipe.entry.clone());
    if draft.is_about_code
        && format != Format::Header
        && let Some(script) =
            named.as_deref().or_else(|| implied(&paths, definition, format, draft.manifest.name.as_str()))
        && let Some(script) = files.iter().find(|file| file.path == script)
    {
        join(&mut draft, script, &Beside::among(files, script), programs);
        if let Some(recipe) = draft.manifest.recipe.as_mut() {
            recipe.entry = named;
        }
    }
    if let Some(text) = description(files, definition, draft.manifest.name.as_str()) {
        draft.manifest.description = text;
    }
    let Draft { mut manifest, words, origin, unsupported, programs: mut named, is_named_by_folder, is_module, .. } =
        draft;
    let mut obstacle = unsupported.map(Obstacle::Unsupported);
    if let Some(mut recipe) = manifest.recipe.take() {
        let stated = recipe.entry.take();
        let implied = match &stated {
            Some(stated) => paths.iter().find(|path| *path == stated).copied(),
            None => implied(&paths, definition, format, manifest.name.as_str()),
        };
        let words = words.or_else(|| default_words(files, implied?, programs));
        let inputs: Vec<&str> = manifest
            .input
            .as_ref()
            .and_then(|schema| schema["properties"].as_object())
            .map(|fields| fields.keys().map(String::as_str).collect())
            .unwrap_or_default();
        if let Some(words) = words {
            let command = words.command(&paths, implied, &inputs);
            let missing = command.missing.map(|missing| match (missing.as_str(), &stated) {
                ("{file}", Some(stated)) => stated.clone(),
                ("{file}", None) => format!("{}.py (or .sh, .ts, .js)", draft::stem_of(definition)),
                _ => missing,
            });
            let missing = missing.filter(|_| command.entry.is_none()).map(Obstacle::Missing);
            let forbidden = mcp::forbidden_command(&manifest, &words);
            // One that is forbidden is shown as it was written.
            recipe.command = if forbidden.is_some() { words.0 } else { command.words };
            recipe.entry = command.entry;
            manifest.recipe = Some(recipe);
            obstacle = obstacle.or(forbidden).or(missing);
        } else {
            let none = stated.map_or_else(|| obstacle::no_command(&manifest), Obstacle::Missing);
            obstacle = obstacle.or(Some(none));
        }
    }
    let obstacle = obstacle.or_else(|| template(&mut manifest, files).map(Obstacle::Missing));
    let obstacle = obstacle.or_else(|| obstacle::incomplete(&manifest));
    let obstacle = obstacle.or_else(|| not_an_object(&manifest).map(Obstacle::Unsupported));
    let obstacle = obstacle.or_else(|| unusable_input(&manifest).map(Obstacle::Incomplete));
    let obstacle = obstacle.or_else(|| forbidden(&manifest).map(Obstacle::Forbidden));
    let obstacle = obstacle.or_else(|| obstacle::steering_input(&manifest).map(Obstacle::Forbidden));
    let obstacle = obstacle.or_else(|| obstacle::kept_code(&manifest, files).map(Obstacle::Forbidden));
    let obstacle = obstacle.or_else(|| mcp::obstacle(&manifest, files));
    let entry = manifest.recipe.as_ref().and_then(|recipe| recipe.entry.as_deref());
    let obstacle = obstacle.or_else(|| local_modules::missing(files, entry?).map(Obstacle::Incomplete));
    let is_module = is_module || obstacle == Some(Obstacle::NoCommand) && is_data(&manifest);
    let origin = origin.or_else(|| origin_by_files(&paths)).unwrap_or(Origin::Unknown);
    named.splice(..0, program(&manifest).map(str::to_owned));
    let needed = Needed::of(&manifest, files, named, programs);
    ParsedVersion { manifest, origin, obstacle, needed, is_module, is_named_by_folder }
}

/// The draft of the script that a declaration belongs to, with what it declares; any other draft as it is.
fn declared(
    draft: Draft,
    paths: &[&str],
    (definition, format): (&str, Format),
    files: &[VersionFile],
    programs: &Programs,
) -> Draft {
    let script = implied(paths, definition, format, draft.manifest.name.as_str()).filter(|_| draft.is_declaration);
    let Some(script) = script.and_then(|script| files.iter().find(|file| file.path == script)) else { return draft };
    let beside = Beside::among(files, script);
    match header::read_beside(&script.path, &script.bytes, beside.view(), programs) {
        Ok(code) => declaration::applied(draft, code),
        Err(_) => draft,
    }
}

/// Whether a document has a name, perhaps a description, and else only words that are not known: data that has a name.
fn is_data(manifest: &Manifest) -> bool {
    let named = Manifest {
        title: manifest.title.clone(),
        description: manifest.description.clone(),
        extra: manifest.extra.clone(),
        ..Manifest::blank(manifest.name.clone(), manifest.dialect)
    };
    !manifest.extra.is_empty() && *manifest == named
}

/// The text in a folder of descriptions that describes a definition or the tool of this name.
fn description(files: &[VersionFile], definition: &str, name: &str) -> Option<String> {
    let mut paths = [draft::stem_of(definition), name]
        .into_iter()
        .flat_map(|stem| walk::DESCRIPTIONS.iter().map(move |folder| format!("{folder}/{stem}.txt")));
    let file = paths.find_map(|path| files.iter().find(|file| file.path == path))?;
    let begin = &file.bytes[..file.bytes.len().min(DESCRIPTION_BYTES)];
    Some(String::from_utf8_lossy(begin).trim().to_owned()).filter(|text| !text.is_empty())
}

/// Starts the script that a document describes: with the input as the script declares it, otherwise as JSON.
fn join(draft: &mut Draft, script: &VersionFile, beside: &Beside, programs: &Programs) {
    let manifest = &mut draft.manifest;
    let code = header::read_beside(&script.path, &script.bytes, beside.view(), programs).ok();
    let stated = code.as_ref().and_then(|code| code.manifest.recipe.as_ref());
    let is_own = |rule: &&ArgRule| rule.place != ArgPlace::Stdin;
    let is_declared =
        stated.is_some_and(|recipe| recipe.args.iter().any(|rule| is_own(&rule)) || recipe.function.is_some());
    let is_described =
        |name: &str| manifest.input.as_ref().is_some_and(|schema| schema["properties"].get(name).is_some());
    if let Some(code) = code.as_ref().filter(|_| is_declared) {
        // Inputs that the script does not know are of no use to it.
        let is_known =
            stated.is_some_and(|recipe| recipe.args.iter().filter(is_own).all(|rule| is_described(&rule.input)));
        let text =
            stated.and_then(Recipe::text_input).filter(|text| is_known && !is_described(text)).map(str::to_owned);
        if manifest.input.is_none() || !is_known {
            manifest.input.clone_from(&code.manifest.input);
        }
        manifest.recipe.clone_from(&code.manifest.recipe);
        // The document describes all inputs, and the text is not among them.
        if let (Some(recipe), Some(text)) = (manifest.recipe.as_mut(), text) {
            recipe.args.retain(|rule| rule.input != text);
            recipe.input = InputMode::Args;
        }
    } else if manifest.recipe.is_none() {
        let guessed = stated.map_or(InputMode::None, |recipe| recipe.input);
        manifest.recipe = Some(match (guessed, &manifest.input) {
            (InputMode::StdinText, None) => {
                manifest.input = code.as_ref().and_then(|code| code.manifest.input.clone());
                stated.cloned().unwrap_or_else(|| Recipe::blank(guessed))
            }
            (InputMode::StdinText, Some(_)) => {
                stdin::only_text(manifest).unwrap_or_else(|| Recipe::blank(InputMode::StdinJson))
            }
            (InputMode::None, Some(_)) => Recipe::blank(InputMode::StdinJson),
            (guessed, _) => Recipe::blank(guessed),
        });
    }
    let Some(code) = code else { return };
    if manifest.description.trim().is_empty() {
        manifest.description = code.manifest.description;
    }
    if manifest.dependencies.is_empty() {
        manifest.dependencies = code.manifest.dependencies;
    }
    draft.unsupported = draft.unsupported.take().or(code.unsupported);
    draft.programs.extend(code.programs);
}

/// Reads the template of a prompt from a separate file; the path if it does not exist.
fn template(manifest: &mut Manifest, files: &[VersionFile]) -> Option<String> {
    let prompt = manifest.prompt.as_mut()?;
    let path = prompt.template_file.as_ref().filter(|_| prompt.template.is_none())?;
    let Some(file) = files.iter().find(|file| file.path == *path) else { return Some(path.clone()) };
    prompt.template = Some(String::from_utf8_lossy(&file.bytes).into_owned());
    manifest.input = prompts::input(manifest.input.take(), prompt);
    None
}

/// Why a tool with a list, text or number as input cannot get it.
fn not_an_object(manifest: &Manifest) -> Option<String> {
    let kind = &manifest.input.as_ref()?["type"];
    if manifest.recipe.as_ref()?.input == InputMode::StdinJson {
        return None;
    }
    let allows = match kind {
        Value::String(word) => word == "object",
        Value::Array(words) => words.iter().any(|word| word == "object"),
        _ => true,
    };
    let kind = SafeText::new(&kind.as_str().map_or_else(|| kind.to_string(), str::to_owned)).to_string();
    (!allows).then(|| format!("its input has the type {kind}, but only an object can be passed in arguments or variables; describe an object, or pass it with input = \"stdin-json\""))
}

/// Why no input fits its schema.
fn unusable_input(manifest: &Manifest) -> Option<String> {
    let schema = manifest.input.as_ref()?;
    if let Some(label) = hidden_label(schema) {
        return Some(format!(
            "a name or title in its schema has hidden characters: {}; remove them",
            SafeText::new(label)
        ));
    }
    if let Some(fault) = schema_fault(schema) {
        return Some(format!("no input fits its schema: {}", SafeText::new(&fault)));
    }
    let why = unusable_schema(schema)?;
    Some(format!("its input schema is not valid: {}; correct it", SafeText::new(&why)))
}

/// The declared permissions that no tool gets, in one line.
fn forbidden(manifest: &Manifest) -> Option<String> {
    let faults = manifest.permissions.faults();
    let first = faults.first()?;
    let more = if faults.len() > 1 { format!("; and {} more", faults.len() - 1) } else { String::new() };
    Some(format!("it declares permissions that no tool can get: {}{more}", SafeText::new(&first.to_string())))
}

/// The script that belongs to a definition by its name.
fn implied<'p>(paths: &[&'p str], definition: &str, format: Format, name: &str) -> Option<&'p str> {
    if format == Format::Header {
        return paths.iter().find(|path| **path == definition).copied();
    }
    let stem = draft::stem_of(definition);
    let mut scripts: Vec<&'p str> =
        paths.iter().copied().filter(|path| !path.contains('/') && programs::is_script(path)).collect();
    scripts.sort_by_key(|path| (programs::script_rank(path), *path));
    let of_stem = |wanted: &str| scripts.iter().find(|path| draft::stem_of(path) == wanted).copied();
    if format != Format::Native {
        // A program without an extension has its stem as its name.
        return of_stem(stem).or_else(|| paths.iter().find(|path| **path == stem).copied());
    }
    let only = if let [only] = scripts.as_slice() { Some(*only) } else { None };
    ["main", "index", "tool", "run", name].iter().find_map(|wanted| of_stem(wanted)).or(only)
}

/// The default command of a script.
fn default_words(files: &[VersionFile], script: &str, programs: &Programs) -> Option<CommandWords> {
    let file = files.iter().find(|file| file.path == script)?;
    let first = String::from_utf8_lossy(&file.bytes[..file.bytes.len().min(256)]);
    let words = programs::interpreter(script, first.lines().next().unwrap_or_default(), programs)?;
    Some(CommandWords([words, vec!["{file}".to_owned()]].concat()))
}

fn origin_by_files(paths: &[&str]) -> Option<Origin> {
    paths.iter().any(|path| path.to_ascii_lowercase().contains("_ai_generated_")).then_some(Origin::Ai)
}

/// Why a tool cannot run here, in the order in which a human would ask; `None` when it can.
pub(super) fn reason(
    tool: &Tool,
    obstacle: Option<&Obstacle>,
    needed: &Needed,
    (programs, plan): (&Programs, &ScanPlan),
) -> Option<String> {
    if tool.stage == Stage::Archived {
        return Some("it is archived; restore it to run it".to_owned());
    }
    if tool.cost_tier == CostTier::Prohibited {
        return Some("its cost tier is prohibited".to_owned());
    }
    match obstacle {
        Some(Obstacle::Missing(path)) if tool.placement.exclusive => {
            return Some(format!("{path} is not one of its files; put it into the folder of the tool"));
        }
        Some(Obstacle::Missing(path)) => return Some(format!("{path} is missing; restore it or change the command")),
        Some(Obstacle::NoCommand) => return Some("it has no start command; add a command".to_owned()),
        Some(Obstacle::Unsupported(reason) | Obstacle::Incomplete(reason) | Obstacle::Forbidden(reason)) => {
            return Some(reason.clone());
        }
        None => {}
    }
    needed.lack(tool, programs, plan)
}

/// The program that starts it.
fn program(manifest: &Manifest) -> Option<&str> {
    let program = manifest.recipe.as_ref()?.command.first()?;
    (!program.contains('{')).then_some(program.as_str())
}

/// Reads a whole version.
///
/// # Errors
/// A [`Problem`] with the path of a file inside the version.
pub(super) fn read(
    files: &[VersionFile],
    definition: &str,
    format: Format,
    programs: &Programs,
) -> Result<ParsedVersion, Problem> {
    let file = files.iter().find(|file| file.path == definition).ok_or_else(|| Problem {
        path: definition.to_owned(),
        line: None,
        code: ProblemCode::Unreadable,
        message: "the manifest is not one of the files of the version".to_owned(),
        hint: "`toolsmith verify` checks the kept copies".to_owned(),
    })?;
    Ok(finish(draft(file, &Beside::among(files, file), programs)?, definition, format, files, programs))
}

/// The definition among the files of a version, and its form. `known` is where it was seen.
pub(super) fn definition_of(files: &[VersionFile], known: &str, format: Format) -> Option<(String, Format)> {
    let has = |path: &str| files.iter().any(|file| file.path == path);
    if has(known) {
        return Some((known.to_owned(), format));
    }
    if has("tool.toml") {
        return Some(("tool.toml".to_owned(), Format::Native));
    }
    if has(skill::FILE) {
        return Some((skill::FILE.to_owned(), Format::Skill));
    }
    let top = || files.iter().map(|file| file.path.as_str()).filter(|path| !path.contains('/'));
    let is_script_of =
        |stem: &str| top().any(|path| path == stem || programs::is_script(path) && draft::stem_of(path) == stem);
    let is_manifest = |path: &&str| Syntax::of(path).is_some_and(|syntax| syntax != Syntax::JsonLines);
    let mut manifests = top().filter(is_manifest);
    let pair = manifests.clone().find(|path| is_script_of(draft::stem_of(path)));
    if let Some(manifest) = pair.or_else(|| manifests.next()) {
        return Some((manifest.to_owned(), if pair.is_some() { Format::Pair } else { Format::Manifest }));
    }
    // An imported file is not the one to start.
    let imported = imported_among(files);
    let script = top().find(|path| programs::is_script(path) && !imported.contains(*path)).or_else(|| top().next());
    script.map(|script| (script.to_owned(), Format::Header))
}
