//! Our own manifest: the keys of `tool.toml`, in TOML, YAML or JSON.
//!
//! Strict: a known key of the wrong type is a problem with its line. Unknown keys are kept, except under
//! `[permissions]`, `[limits]` and `[service]`: what is not understood there must not read as if it held.

use super::argv::CommandWords;
use super::document::Document;
use super::draft::{self, Draft};
use super::fields::TableFields;
use super::mcp;
use super::prompts;
use super::requests;
use super::schema_loose;
use super::service;
use super::steps;
use crate::domain::{
    ArgRule, ArgRuleError, Category, CostTier, Dialect, InputMode, Kind, LimitsDeclared, Permissions, Problem,
    Provenance, Recipe, StateRule, SuccessRule,
};
use serde_json::Value;

/// Reads a native manifest.
pub(super) fn read(document: &Document<'_>) -> Result<Draft, Problem> {
    let mut fields = TableFields::of(document);
    let name = fields.text("name")?;
    let mut manifest = draft::blank(draft::native_name(document, name.as_deref())?, Dialect::Native);
    if let Some(text) = fields.text("version")? {
        manifest.version = draft::loose_version(&text)
            .ok_or_else(|| fields.bad("version", format!("{text:?} is not a valid version"), "write it like 1.0.0"))?;
    }
    manifest.description = fields.text("description")?.unwrap_or_default();
    if let Some(title) = fields.text("title")? {
        manifest.title = Some(title);
    }
    if let Some(kind) = fields.word("kind")? {
        manifest.kind = kind;
    }
    manifest.category = fields.text("category")?.map(|text| Category::new(&text));
    manifest.cost_tier = tier(&mut fields)?.or_else(|| fields.peek("cost")?.as_str().and_then(CostTier::from_loose));
    manifest.idempotent = fields.flag("idempotent")?;
    manifest.keywords = fields.words("keywords")?;
    manifest.tags = fields.words("tags")?;
    manifest.use_cases = fields.words("use_cases")?;
    manifest.capabilities = fields.words("capabilities")?;
    manifest.aliases = fields.words("aliases")?;
    manifest.dependencies = fields.words("dependencies")?;
    manifest.permissions = permissions(&mut fields)?;
    manifest.limits = limits(&mut fields)?;
    manifest.state = state(&mut fields)?;
    manifest.provenance = provenance(&mut fields)?;
    manifest.service = service::read(&mut fields, &manifest)?;
    manifest.composite = steps::native(&mut fields, manifest.kind)?;
    manifest.input = schema(&mut fields, "input")?;
    if let Some(composite) = manifest.composite.as_ref().filter(|_| manifest.input.is_none()) {
        manifest.input = steps::input_schema(composite);
    }
    manifest.output = schema(&mut fields, "output")?;
    if let Some(written) = fields.any("examples") {
        manifest.examples = draft::examples(&written, manifest.input.as_ref());
    }
    if let Some(written) = fields.any("tests") {
        manifest.tests = draft::tests(&written)
            .map_err(|message| fields.bad("tests", message, "a test has the fields name, input and expect"))?;
    }
    // A `[run]` table that names only the script leaves the rest to what the script says.
    let is_only_named = |run: &Value| run.as_object().is_some_and(|run| run.len() == 1 && run.contains_key("entry"));
    let is_about_code = manifest.kind == Kind::Command && fields.peek("run").is_none_or(is_only_named);
    let mut run = run(&mut fields)?;
    run.recipe.success.require_json |= manifest.output.is_some();
    manifest.recipe = matches!(manifest.kind, Kind::Command | Kind::Service).then_some(run.recipe);
    match manifest.kind {
        Kind::Http => requests::table(&mut fields, &mut manifest)?,
        Kind::Prompt => {
            let prompt = prompts::table(&mut fields, manifest.output.is_some())?;
            manifest.input = prompts::input(manifest.input.take(), &prompt);
            manifest.prompt = Some(prompt);
        }
        Kind::Mcp => run.words = mcp::table(&mut fields, &mut manifest)?,
        Kind::Command | Kind::Service | Kind::Composite => {
            let words = run.words.clone().unwrap_or_default();
            draft::settle_input(&mut manifest, &words, run.input);
        }
    }
    manifest.extra = fields.rest();
    let origin = draft::origin_of(manifest.provenance.created_by.as_deref())
        .or_else(|| manifest.provenance.generator.as_ref().map(|_| crate::domain::Origin::Ai));
    Ok(Draft { is_about_code, ..Draft::of_command(manifest, run.words, origin) })
}

fn tier(fields: &mut TableFields<'_, '_>) -> Result<Option<CostTier>, Problem> {
    let Some(text) = fields.text("cost_tier")? else { return Ok(None) };
    CostTier::from_loose(&text).map(Some).ok_or_else(|| {
        fields.bad("cost_tier", format!("unknown cost tier {text:?}"), "write low, medium, high or prohibited")
    })
}

struct RunTable {
    words: Option<CommandWords>,
    input: Option<InputMode>,
    recipe: Recipe,
}

fn run(fields: &mut TableFields<'_, '_>) -> Result<RunTable, Problem> {
    let mut run = fields.table("run")?;
    let words = match run.peek("command") {
        None => None,
        Some(Value::String(line)) => {
            let words = CommandWords::split(line);
            run.any("command");
            Some(words)
        }
        Some(_) => Some(CommandWords(run.words("command")?)),
    };
    let words = words.filter(|words| !words.0.is_empty());
    let input = run.word("input")?;
    let mut recipe = Recipe::blank(input.unwrap_or(InputMode::None));
    recipe.entry = match run.text("entry")? {
        Some(entry) => Some(entry),
        None => run.text("file")?,
    };
    recipe.args = argument_rules(&mut run)?;
    recipe.function = run.text("function")?;
    recipe.timeout_ms = run.milliseconds("timeout")?;
    recipe.pty = run.flag("pty")?.unwrap_or(false);
    recipe.success = success(&mut run)?;
    let mut env = run.table("env")?;
    let names: Vec<String> = env_names(&env);
    for name in names {
        if let Some(value) = env.any(&name) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            recipe.env.insert(name, text);
        }
    }
    fields.give_back("run", run.rest());
    Ok(RunTable { words, input, recipe })
}

/// `args`: how each input is passed.
fn argument_rules(run: &mut TableFields<'_, '_>) -> Result<Vec<ArgRule>, Problem> {
    let written = run.words("args")?;
    let rules = written.iter().map(|text| text.parse());
    let rules = rules.collect::<Result<Vec<ArgRule>, ArgRuleError>>();
    rules.map_err(|error| run.bad("args", error.to_string(), ArgRuleError::HINT))
}

fn env_names(env: &TableFields<'_, '_>) -> Vec<String> {
    env.keys().filter(|name| !name.is_empty() && !name.contains(['=', '\0'])).cloned().collect()
}

fn success(run: &mut TableFields<'_, '_>) -> Result<SuccessRule, Problem> {
    let mut table = run.table("success")?;
    let mut rule = SuccessRule::default();
    if let Some(value) = table.any("exit_codes").or_else(|| table.any("exit_code")).or_else(|| table.any("exit")) {
        let codes = match &value {
            Value::Array(codes) => codes.clone(),
            one => vec![one.clone()],
        };
        let codes: Option<Vec<i32>> = codes.iter().map(|code| i32::try_from(code.as_i64()?).ok()).collect();
        rule.exit_codes = codes.ok_or_else(|| {
            table.bad("exit_codes", "exit_codes is not a list of whole numbers".to_owned(), "write it like [0]")
        })?;
    }
    rule.check_json = table.flag("check_json")?.unwrap_or(rule.check_json);
    rule.require_json = table.flag("require_json")?.unwrap_or(rule.require_json);
    run.give_back("success", table.rest());
    Ok(rule)
}

fn permissions(fields: &mut TableFields<'_, '_>) -> Result<Permissions, Problem> {
    let mut table = fields.table("permissions")?;
    // `network = false` and `network = true` are what most people try first.
    let network = match table.peek("network") {
        Some(Value::Bool(flag)) => {
            let all = *flag;
            table.any("network");
            if all { vec!["full".to_owned()] } else { Vec::new() }
        }
        _ => table.words("network")?,
    };
    let permissions = Permissions {
        network: network.into_iter().filter(|word| word != "none").collect(),
        read: table.words("read")?,
        write: table.words("write")?,
        env: table.words("env")?,
        run: table.words("run")?,
    };
    table.nothing_else()?;
    Ok(permissions)
}

fn limits(fields: &mut TableFields<'_, '_>) -> Result<LimitsDeclared, Problem> {
    let mut table = fields.table("limits")?;
    let limits = LimitsDeclared {
        memory_bytes: table.bytes("memory")?,
        cpu_seconds: table.milliseconds("cpu")?.map(|ms| ms.div_ceil(1_000)),
        processes: table.count("processes")?,
        output_bytes: table.bytes("output")?,
        disk_bytes: table.bytes("disk")?,
    };
    table.nothing_else()?;
    Ok(limits)
}

/// `[state]`: what is kept between runs. An empty table keeps the usual folder.
pub(super) fn state(fields: &mut TableFields<'_, '_>) -> Result<Option<StateRule>, Problem> {
    if fields.peek("state").is_none() {
        return Ok(None);
    }
    let mut table = fields.table("state")?;
    let (paths, max) = (table.words("path")?, table.bytes("max")?);
    table.nothing_else()?;
    StateRule::new(&paths, max).map(Some).map_err(|message| {
        table.bad(
            "path",
            message,
            "write relative paths, for example path = \"data\", and a size such as max = \"10 MiB\"",
        )
    })
}

fn provenance(fields: &mut TableFields<'_, '_>) -> Result<Provenance, Problem> {
    let mut table = fields.table("provenance")?;
    let prompt = match table.text("prompt")? {
        Some(text) => Some(text.parse().map_err(|error: crate::domain::DigestParseError| {
            table.bad("prompt", error.to_string(), "write the digest of the prompt")
        })?),
        None => None,
    };
    let provenance = Provenance {
        created_by: table.text("created_by")?,
        generator: table.text("generator")?,
        created_at: table.text("created_at")?,
        parent: table.text("parent")?,
        reason: table.text("reason")?,
        prompt,
        status: table.text("status")?,
    };
    fields.give_back("provenance", table.rest());
    Ok(provenance)
}

/// A schema is kept as it is written: it is JSON Schema or it is wrong, and the form says so. Only the types of other
/// languages are read as what they mean.
fn schema(fields: &mut TableFields<'_, '_>, key: &'static str) -> Result<Option<Value>, Problem> {
    match fields.any(key) {
        None => Ok(None),
        Some(schema @ (Value::Object(_) | Value::Bool(_))) if schema_loose::odd_type(&schema).is_none() => {
            Ok(Some(schema))
        }
        Some(schema @ Value::Object(_)) => {
            let schema = schema_loose::translate(&schema);
            let Some(word) = schema_loose::unknown_type(&schema) else { return Ok(Some(schema)) };
            let message = format!("{key} has the type {word}, which no JSON Schema has");
            Err(fields.bad(key, message, "write string, integer, number, boolean, array or object"))
        }
        Some(_) => {
            Err(fields.bad(key, format!("{key} is not a JSON Schema"), "write a table with type and properties"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::document::Syntax;
    use crate::domain::ProblemCode;
    use serde_json::json;

    fn parse(text: &str) -> Result<Draft, Problem> {
        let document = Document::parse("t/x.toml", Syntax::Toml, text.as_bytes())?;
        read(&document)
    }

    #[test]
    fn what_its_tests_give_arrives_where_nothing_else_is_said() {
        let mode = |text: &str| parse(text).unwrap().manifest.recipe.unwrap().input;
        let begin = "name = \"x\"\n[run]\ncommand = [\"python3\", \"{file}\"]\n";
        let test = "[[tests]]\ninput = { n = 1 }\nexpect = { exit = 0 }\n";
        let example = "[[examples]]\ninput = { n = 1 }\n";
        assert_eq!(mode(begin), InputMode::None);
        assert_eq!(mode(&format!("{begin}{test}")), InputMode::StdinJson);
        assert_eq!(mode(&format!("{begin}{example}")), InputMode::StdinJson);
        assert_eq!(mode(&format!("{begin}[[tests]]\ninput = {{}}\nexpect = {{ exit = 0 }}\n")), InputMode::None);
        assert_eq!(mode(&format!("{begin}input = \"none\"\n{test}")), InputMode::None);
        assert_eq!(mode(&format!("{begin}input = \"env\"\n{test}")), InputMode::Env);
    }

    #[test]
    fn every_field_of_a_native_manifest_is_read() {
        let draft = parse(
            "name = \"x\"\nversion = \"1.2\"\ndescription = \"d\"\nkind = \"command\"\ncategory = \"Git\"\ncost_tier = \"low\"\n\
             idempotent = true\nkeywords = [\"k\"]\nmine = 7\n[run]\ncommand = [\"python3\", \"{file}\"]\ninput = \"stdin-json\"\n\
             timeout = \"30s\"\nodd = 1\n[run.success]\nexit_codes = [0, 3]\n[run.env]\nA = \"1\"\n[permissions]\nnetwork = \"full\"\n\
             [limits]\nmemory = \"64MiB\"\ncpu = 2\n[state]\npath = \"data\"\nmax = \"1 MiB\"\n[input]\ntype = \"object\"\n[output]\ntype = \"object\"\n[[tests]]\ninput = {a = 1}\n\
             [provenance]\ncreated_by = \"Ada\"\n",
        )
        .unwrap();
        let manifest = draft.manifest;
        assert_eq!((manifest.name.as_str(), manifest.version.to_string().as_str()), ("x", "1.2.0"));
        assert_eq!(
            (manifest.kind, manifest.category, manifest.cost_tier),
            (Kind::Command, Some(Category("git".into())), Some(CostTier::Low))
        );
        let recipe = manifest.recipe.unwrap();
        assert_eq!((recipe.input, recipe.timeout_ms), (InputMode::StdinJson, Some(30_000)));
        assert_eq!(recipe.success, SuccessRule { exit_codes: vec![0, 3], check_json: true, require_json: true });
        assert_eq!(recipe.env.get("A").map(String::as_str), Some("1"));
        assert_eq!(manifest.permissions.network, ["full"]);
        assert_eq!((manifest.limits.memory_bytes, manifest.limits.cpu_seconds), (Some(64 << 20), Some(2)));
        assert_eq!(manifest.state.map(|state| state.summary()).as_deref(), Some("data, at most 1.0 MiB"));
        assert_eq!(manifest.tests[0].name, "test 1");
        assert_eq!(Value::Object(manifest.extra), json!({"mine": 7, "run": {"odd": 1}}));
        assert_eq!(draft.origin, Some(crate::domain::Origin::Admin));
    }

    #[test]
    fn types_of_other_languages_are_read_as_what_they_mean() {
        let field = |word: &str| {
            let text = format!("name = \"x\"\n[input]\ntype = \"object\"\n[input.properties.n]\ntype = \"{word}\"\n");
            parse(&text).map(|draft| draft.manifest.input.unwrap()["properties"]["n"].clone())
        };
        assert_eq!(field("float").unwrap(), json!({"type": "number"}));
        assert_eq!(field("dict").unwrap(), json!({"type": "object"}));
        assert_eq!(field("any").unwrap(), json!({}));
        let problem = field("quaternion").unwrap_err();
        assert_eq!((problem.code, problem.line), (ProblemCode::BadField, Some(2)), "{problem:?}");
    }

    #[test]
    fn a_wrong_field_is_a_problem_with_its_line_and_a_hint() {
        for (text, code, line) in [
            ("name = \"x\"\nkeywords = 17\n", ProblemCode::BadField, Some(2)),
            ("name = \"x\"\n[run]\ntimeout = [1, 2]\n", ProblemCode::BadField, Some(3)),
            ("name = \"x\"\nkind = \"magic\"\n", ProblemCode::BadField, Some(2)),
            ("name = \"x\"\ncost_tier = \"huge\"\n", ProblemCode::BadField, Some(2)),
            ("description = \"x\"\n", ProblemCode::MissingField, Some(1)),
            ("description = \"x\"\nname = \"../x\"\n", ProblemCode::BadName, Some(2)),
            ("name = \"de\u{202e}ploy\"\n", ProblemCode::BadName, Some(1)),
            ("name = \"x\"\n[permissions]\nnetwrok = \"none\"\n", ProblemCode::BadField, Some(3)),
            ("name = \"x\"\n[limits]\ncpus = 2\n", ProblemCode::BadField, Some(3)),
            ("name = \"x\"\n[state]\npath = \"../data\"\n", ProblemCode::BadField, Some(3)),
            ("name = \"x\"\n[state]\npaths = \"data\"\n", ProblemCode::BadField, Some(3)),
            ("name = \"x\"\nstate = \"data\"\n", ProblemCode::BadField, Some(2)),
        ] {
            let problem = parse(text).unwrap_err();
            assert_eq!((problem.code, problem.line), (code, line), "{text}: {problem:?}");
            assert!(!problem.hint.is_empty());
        }
    }
}
