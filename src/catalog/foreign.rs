//! Manifests that other programs' agents write: `type: executable`, `llm`, `openapi`, `mcp`,
//! `custom`, `workflow` and their relatives.
//!
//! Lenient: what does not fit our terms is kept in `extra` as it was, so that nothing is lost and the
//! definition lists with zero changes. A key leaves `extra` only when our field holds all of it.

use super::argv::CommandWords;
use super::document::Document;
use super::draft::{self, Draft};
use super::fields::TableFields;
use super::native;
use super::prompts;
use super::requests;
use super::schema_loose;
use super::steps;
use crate::domain::{Category, CostTier, Dialect, InputMode, Kind, Manifest, Problem, Recipe};
use serde_json::Value;

/// Reads a foreign manifest; `kind` is its `type`.
pub(super) fn read(document: &Document<'_>, kind: Option<&str>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?;
    let dialect = dialect(kind);
    let mut manifest = draft::blank(draft::foreign_name(document, name.as_deref())?, dialect);
    manifest.kind = match dialect {
        Dialect::Llm => Kind::Prompt,
        Dialect::Openapi => Kind::Http,
        Dialect::Mcp => Kind::Mcp,
        Dialect::Workflow => Kind::Composite,
        _ => Kind::Command,
    };
    describe(&mut manifest, &mut fields)?;
    let input = ["input_schema", "parameters", "inputSchema", "inputs"].iter().find_map(|key| fields.peek(key));
    manifest.input = input.map(schema_loose::translate);
    let output =
        ["output_schema", "returns", "outputSchema", "outputs", "output"].iter().find_map(|key| fields.peek(key));
    manifest.output = output.map(schema_loose::translate);
    if let Some(written) = fields.peek("examples") {
        manifest.examples = draft::examples(written, manifest.input.as_ref());
    }
    let command = if manifest.kind == Kind::Command { command(&fields) } else { None };
    let mut unsupported = unsupported(&manifest, &fields, command.is_some(), kind);
    if manifest.kind == Kind::Prompt {
        let prompt = prompts::foreign(&fields, &manifest.description);
        manifest.input = prompts::input(manifest.input.take(), &prompt);
        manifest.prompt = Some(prompt);
    }
    if manifest.kind == Kind::Http {
        unsupported = requests::foreign(&fields, &mut manifest).err();
    }
    if manifest.kind == Kind::Composite {
        manifest.composite = steps::foreign(&fields);
        manifest.input = manifest.input.or_else(|| steps::input_schema(manifest.composite.as_ref()?));
    }
    if let Some(command) = &command {
        let mut recipe = Recipe::blank(InputMode::None);
        recipe.timeout_ms = command.timeout_ms;
        recipe.env = command.env.clone();
        manifest.recipe = Some(recipe);
        manifest.limits.memory_bytes = command.memory_bytes;
        // Other programs have no such table; a list or a text of that name is theirs.
        if fields.peek("state").is_some_and(|table| table.get("path").is_some()) {
            manifest.state = native::state(&mut fields)?;
        }
        draft::settle_input(&mut manifest, &command.words, command.input);
    }
    let metadata =
        |key: &str| fields.peek("metadata").and_then(|table| table.get(key)).and_then(Value::as_str).map(str::to_owned);
    manifest.provenance.created_by = metadata("author").or_else(|| metadata("created_by"));
    manifest.provenance.status = metadata("status");
    manifest.extra = fields.rest();
    let is_about_code = manifest.kind == Kind::Command && command.is_none() && unsupported.is_none();
    Ok(Draft { unsupported, is_about_code, ..Draft::of_command(manifest, command.map(|command| command.words), None) })
}

fn dialect(kind: Option<&str>) -> Dialect {
    match kind {
        Some("executable" | "command" | "script" | "stream_producer" | "stream_consumer") => Dialect::Executable,
        Some("llm" | "prompt") => Dialect::Llm,
        Some("openapi" | "http") => Dialect::Openapi,
        Some("mcp") => Dialect::Mcp,
        Some("custom") => Dialect::Custom,
        Some("workflow") => Dialect::Workflow,
        _ => Dialect::Other,
    }
}

/// Words about the tool.
fn describe(manifest: &mut Manifest, fields: &mut TableFields<'_, '_>) -> Result<(), Problem> {
    manifest.description = fields.text("description")?.unwrap_or_default();
    manifest.keywords = fields.words("keywords")?;
    manifest.tags = match fields.peek("tags") {
        Some(_) => fields.words("tags")?,
        None => fields.peek("metadata").and_then(|table| table.get("tags")).map(names).unwrap_or_default(),
    };
    manifest.use_cases = lenient(fields, "use_cases")?;
    manifest.capabilities = lenient(fields, "capabilities")?;
    manifest.aliases = lenient(fields, "aliases")?;
    manifest.dependencies = lenient(fields, "dependencies")?;
    manifest.category = fields.text("category")?.map(|text| Category::new(&text));
    if let Some(Value::Bool(flag)) = fields.peek("idempotent") {
        manifest.idempotent = Some(*flag);
        fields.any("idempotent");
    }
    if let Some(version) = fields.peek("version").and_then(text_of).and_then(|text| draft::loose_version(&text)) {
        let exact = fields.peek("version").and_then(Value::as_str) == Some(version.to_string().as_str());
        manifest.version = version;
        if exact {
            fields.any("version");
        }
    }
    if let Some(word) = fields.peek("cost_tier").and_then(text_of) {
        manifest.cost_tier = CostTier::from_loose(&word);
        if manifest.cost_tier.is_some_and(|tier| tier.word() == word) {
            fields.any("cost_tier");
        }
    } else if let Some(word) = fields.peek("cost").and_then(Value::as_str) {
        manifest.cost_tier = CostTier::from_loose(word);
    }
    Ok(())
}

/// A list of words where it is one; names of its entries, with the original kept, where it is not.
fn lenient(fields: &mut TableFields<'_, '_>, key: &'static str) -> Result<Vec<String>, Problem> {
    let plain = |value: &Value| value.as_array().is_some_and(|items| items.iter().all(Value::is_string));
    match fields.peek(key) {
        Some(value) if plain(value) => fields.words(key),
        Some(value) => Ok(names(value)),
        None => Ok(Vec::new()),
    }
}

/// Names in a list of texts or tables, or in a table of such lists.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(items) => items.iter().flat_map(names).take(super::limits::LIST_ITEMS).collect(),
        Value::Object(table) => match table.get("name").and_then(Value::as_str) {
            Some(name) => {
                let version = table.get("version").and_then(Value::as_str).unwrap_or_default();
                vec![format!("{name}{version}")]
            }
            None => table.values().filter(|value| value.is_array()).flat_map(names).collect(),
        },
        _ => Vec::new(),
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// How a foreign manifest defines its start.
struct Start {
    words: CommandWords,
    input: Option<InputMode>,
    timeout_ms: Option<u64>,
    memory_bytes: Option<u64>,
    env: std::collections::BTreeMap<String, String>,
}

/// The command under `executable`, at the top, under `execution`, or as a script path.
fn command(fields: &TableFields<'_, '_>) -> Option<Start> {
    let place = |key: &str| fields.peek(key).filter(|value| value.is_object());
    let table = place("executable").or_else(|| place("execution"));
    let look = |key: &str| {
        table.and_then(|table| table.get(key)).or_else(|| fields.peek(key)).filter(|value| !value.is_null())
    };
    let text = |key: &str| look(key).and_then(Value::as_str);
    let words = words(look("command"), look("args"), &text)?;
    let number = |key: &str| look(key).and_then(Value::as_f64).filter(|number| (0.0..9e12).contains(number));
    let constraint = |key: &str| fields.peek("constraints").and_then(|table| table.get(key)).and_then(Value::as_f64);
    let timeout_ms = number("timeout_ms")
        .or_else(|| number("timeout").or_else(|| number("timeout_seconds")).map(|seconds| seconds * 1e3))
        .or_else(|| constraint("max_execution_time_ms"));
    let memory = number("memory_limit_mb").or_else(|| constraint("max_memory_mb"));
    let flag = |key: &str| look(key) == Some(&Value::Bool(true));
    let says_stdin =
        ["stdin_mode", "stdin", "requires_stdin"].into_iter().any(flag) || text("input_via") == Some("stdin");
    let says_json = text("input_format") == Some("json");
    let env = look("environment").or_else(|| look("env")).and_then(Value::as_object);
    Some(Start {
        words,
        input: (says_stdin || says_json).then_some(InputMode::StdinJson),
        timeout_ms: timeout_ms.map(|ms| ms as u64).filter(|ms| *ms > 0),
        memory_bytes: memory.map(|mb| (mb * 1_048_576.0) as u64).filter(|bytes| *bytes > 0),
        env: env
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), text_of(value)?)))
            .filter(|(name, _)| !name.is_empty() && !name.contains(['=', '\0']))
            .collect(),
    })
}

fn words<'v>(
    command: Option<&'v Value>,
    args: Option<&'v Value>,
    text: &dyn Fn(&str) -> Option<&'v str>,
) -> Option<CommandWords> {
    let list = |value: &Value| -> Option<Vec<String>> {
        value.as_array().map(|items| items.iter().filter_map(text_of).collect())
    };
    let args = args.and_then(list).unwrap_or_default();
    match command {
        Some(Value::String(line)) if args.is_empty() => {
            Some(CommandWords::split(line)).filter(|words| !words.0.is_empty())
        }
        Some(Value::String(program)) => Some(CommandWords([vec![program.clone()], args].concat())),
        Some(value @ Value::Array(_)) => {
            Some(CommandWords([list(value)?, args].concat())).filter(|words| !words.0.is_empty())
        }
        _ => {
            // `python_module` + `entry_point` is a class; a script path is a file.
            let script = text("script_path")
                .or_else(|| text("script"))
                .or_else(|| text("entry_point").filter(|path| path.contains('/')))?;
            let program = text("interpreter").or_else(|| text("language")).unwrap_or("python");
            Some(CommandWords([vec![program.to_owned(), script.to_owned()], args].concat()))
        }
    }
}

/// Why nothing here can run it, in one sentence.
fn unsupported(
    manifest: &Manifest,
    fields: &TableFields<'_, '_>,
    has_command: bool,
    kind: Option<&str>,
) -> Option<String> {
    let module = ["custom", "implementation"].iter().find_map(|key| fields.peek(key)?.get("module")?.as_str());
    let module = module.or_else(|| fields.peek("python_module").and_then(Value::as_str));
    match (manifest.dialect, module) {
        _ if has_command => None,
        (Dialect::Llm | Dialect::Openapi | Dialect::Mcp | Dialect::Workflow, _) => None,
        (_, Some(module)) => {
            Some(format!("it is part of another program (module {module}); add a command to run it here"))
        }
        (Dialect::Custom, None) => Some("it is part of another program; add a command to run it here".to_owned()),
        (Dialect::Other, None) if kind.is_some() => {
            let kind = crate::domain::SafeText::new(kind.unwrap_or_default());
            Some(format!("the type {kind} is unknown; add a command to run it here"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;
    use crate::catalog::testing;
    use crate::domain::validate;
    use serde_json::json;

    fn parse(text: &str) -> Draft {
        let document = Document::parse("t/some_tool.yaml", Syntax::Yaml, text.as_bytes()).unwrap();
        Draft::of(&document).unwrap()
    }

    #[test]
    fn an_executable_keeps_its_file_name_as_name_and_its_written_name_as_title() {
        let draft = parse(
            "name: Some Tool!\ntype: executable\ncost_tier: free\nversion: 2\nexecutable:\n  command: python\n  args: ['{tool_dir}/x.py', '{a}']\n\
             \x20 stdin_mode: true\n  timeout: 30\n  memory_limit_mb: 2\n  environment: {P: q}\ninput_schema:\n  b: 'int - B'\n",
        );
        let manifest = draft.manifest;
        assert_eq!((manifest.name.as_str(), manifest.title.as_deref()), ("some_tool", Some("Some Tool!")));
        assert_eq!((manifest.version.to_string().as_str(), manifest.cost_tier), ("2.0.0", Some(CostTier::Low)));
        let recipe = manifest.recipe.unwrap();
        assert_eq!((recipe.input, recipe.timeout_ms), (InputMode::StdinJson, Some(30_000)));
        assert_eq!(recipe.env.get("P").map(String::as_str), Some("q"));
        assert_eq!(manifest.limits.memory_bytes, Some(2 << 20));
        assert_eq!(manifest.input.unwrap()["required"], json!(["a"]));
        assert_eq!(draft.words.unwrap().0, ["python", "{tool_dir}/x.py", "{a}"]);
        assert_eq!(manifest.extra["version"], json!(2));
    }

    #[test]
    fn kinds_that_start_no_process_have_no_recipe() {
        for (word, kind) in [("llm", Kind::Prompt), ("mcp", Kind::Mcp), ("workflow", Kind::Composite)] {
            let draft = parse(&format!("name: x\ntype: {word}\n"));
            assert_eq!((draft.manifest.kind, draft.manifest.recipe, draft.unsupported), (kind, None, None));
        }
        let custom = parse("name: x\ntype: custom\ncustom: {module: a.b, class: C}\n");
        assert!(custom.unsupported.unwrap().contains("a.b"));
    }

    /// For every real definition: values outside `extra` are completely stored in a field.
    #[test]
    fn no_key_of_a_real_definition_is_lost() {
        let Some(corpus) = testing::corpus() else { return };
        for path in testing::files_below(&corpus.join("tools")) {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.to_string_lossy();
            let document = Document::parse(&name, Syntax::Yaml, &bytes).unwrap();
            let draft = Draft::of(&document).unwrap();
            let m = &draft.manifest;
            for (key, value) in &document.fields {
                let held = match key.as_str() {
                    "name" => json!(m.title.as_deref().unwrap_or(m.name.as_str())),
                    "description" => json!(m.description),
                    "version" => json!(m.version.to_string()),
                    "category" => json!(m.category),
                    "cost_tier" => json!(m.cost_tier),
                    "tags" => json!(m.tags),
                    "keywords" => json!(m.keywords),
                    "use_cases" => json!(m.use_cases),
                    "capabilities" => json!(m.capabilities),
                    "dependencies" => json!(m.dependencies),
                    _ => Value::Null,
                };
                assert!(m.extra.get(key) == Some(value) || held == *value, "{name}: {key}");
            }
        }
    }

    /// Examples that contradict their own definition.
    const CONTRADICTIONS: &[&str] = &[
        // The command wants the whole input as one more text that the schema does not name.
        "tools/executable/workflow_runner.yaml:  \"input_json\"",
        // Two fields are marked as required, and no example gives them.
        "tools/llm/detect_tool_specialization.yaml:  \"original_parameters\"",
        "tools/llm/detect_tool_specialization.yaml:  \"evolved_parameters\"",
    ];

    #[test]
    fn real_schemas_are_valid_and_real_examples_fit_them() {
        let Some(corpus) = testing::corpus() else { return };
        let meta = json!({"$ref": "https://json-schema.org/draft/2020-12/schema"});
        let (mut inputs, mut misfits) = (0, Vec::new());
        for path in testing::files_below(&corpus.join("tools")) {
            let bytes = std::fs::read(&path).unwrap();
            let name = path.strip_prefix(&corpus).unwrap().to_string_lossy().into_owned();
            let document = Document::parse(&name, Syntax::Yaml, &bytes).unwrap();
            let manifest = Draft::of(&document).unwrap().manifest;
            for schema in manifest.input.iter().chain(&manifest.output) {
                assert_eq!(validate(&meta, schema), vec![], "{name}");
            }
            let Some(schema) = &manifest.input else { continue };
            for example in manifest.examples.iter().filter(|example| example.input.is_object()) {
                inputs += 1;
                for violation in validate(schema, &example.input) {
                    misfits.push(format!("{name}: {} {}", violation.path, violation.message));
                }
            }
        }
        misfits.retain(|misfit| !CONTRADICTIONS.iter().any(|known| misfit.starts_with(known)));
        assert_eq!(misfits, Vec::<String>::new());
        assert!(inputs > 100, "{inputs} examples");
    }
}
