//! The content of a definition alone, before it is known which of its scripts exist.

use super::argv::CommandWords;
use super::document::Document;
use super::schema_loose;
use crate::domain::{
    ArgPlace, ArgRule, Dialect, Example, InputMode, Manifest, NameError, Origin, Problem, ProblemCode, TestCase,
    ToolName,
};
use serde_json::{Map, Value};

/// A definition in our terms, with its command still as written.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Everything but the argv template.
    pub(super) manifest: Manifest,
    /// The command as written; `None` if it is derived from the script, or there is none.
    pub(super) words: Option<CommandWords>,
    /// Its author, if the definition states one.
    pub(super) origin: Option<Origin>,
    /// Why it cannot run here, whatever files exist.
    pub(super) unsupported: Option<String>,
    /// Programs that it starts in addition to that of its command.
    pub(super) programs: Vec<String>,
    /// Whether it does not define a start: a script of its name is started as the script itself says.
    pub(super) is_about_code: bool,
    /// Whether it only declares what a script of its name may do: the script says everything else.
    pub(super) is_declaration: bool,
    /// Whether its file does not name it: its folder does.
    pub(super) is_named_by_folder: bool,
    /// That it only defines what other files take.
    pub(super) is_module: bool,
}

impl Draft {
    /// A definition that can run where its command can.
    pub(super) fn of_command(manifest: Manifest, words: Option<CommandWords>, origin: Option<Origin>) -> Draft {
        Draft {
            manifest,
            words,
            origin,
            unsupported: None,
            programs: Vec::new(),
            is_about_code: false,
            is_declaration: false,
            is_named_by_folder: false,
            is_module: false,
        }
    }
}

/// The name a manifest gives to its tool.
pub(super) struct Naming {
    pub(super) name: ToolName,
    pub(super) title: Option<String>,
}

/// A native name: folded to the alphabet, the written form kept as title.
pub(super) fn native_name(document: &Document<'_>, written: Option<&str>) -> Result<Naming, Problem> {
    let written = required_name(document, written)?;
    let name = ToolName::normalise(written).or_else(|error| {
        // Several words are a title, not a mistyped name.
        let is_title = written.split_whitespace().nth(1).is_some();
        ToolName::of_title(written).filter(|_| is_title).ok_or_else(|| bad_name(document, &error))
    })?;
    let title = (name.as_str() != written).then(|| written.to_owned());
    Ok(Naming { name, title })
}

/// A foreign name: kept when it is one, else the file's stem is the name and the written form the title.
pub(super) fn foreign_name(document: &Document<'_>, written: Option<&str>) -> Result<Naming, Problem> {
    let written = required_name(document, written)?;
    if let Ok(name) = ToolName::new(written) {
        return Ok(Naming { name, title: None });
    }
    let stem = stem_of(document.path);
    if stem == "tool" || script_name(stem).is_err() {
        return title_name(document, written);
    }
    refuse_hidden(document, written)?;
    let name = script_name(stem).map_err(|error| bad_name(document, &error))?;
    Ok(Naming { name, title: Some(written.to_owned()) })
}

/// The name that a title gives; the file's own where the title has no letters for one.
pub(super) fn title_name(document: &Document<'_>, title: &str) -> Result<Naming, Problem> {
    refuse_hidden(document, title)?;
    let stem = stem_of(document.path);
    let name = ToolName::of_title(title).or_else(|| ToolName::of_title(stem));
    let name = name.ok_or_else(|| match ToolName::normalise(title) {
        Err(error) => bad_name(document, &error),
        Ok(_) => bad_name(document, &NameError::Empty),
    })?;
    let title = (name.as_str() != title).then(|| title.to_owned());
    Ok(Naming { name, title })
}

fn refuse_hidden(document: &Document<'_>, title: &str) -> Result<(), Problem> {
    let hidden = title.chars().enumerate().find(|(_, c)| c.is_control() || crate::domain::is_hidden(*c));
    hidden.map_or(Ok(()), |(at, c)| Err(bad_name(document, &NameError::BadCharacter(c, at + 1))))
}

/// The name of a file's stem; `_template` is called `template`, `a (b), c & d` is called `a_b_c_d`.
pub(super) fn script_name(stem: &str) -> Result<ToolName, NameError> {
    let stem = stem.trim_start_matches(['_', '.', '-']);
    ToolName::normalise(stem).or_else(|error| ToolName::of_title(stem).ok_or(error))
}

/// A file name without folder and extension.
pub(super) fn stem_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or(file, |(stem, _)| stem)
}

fn required_name<'n>(document: &Document<'_>, written: Option<&'n str>) -> Result<&'n str, Problem> {
    written.filter(|name| !name.trim().is_empty()).ok_or_else(|| {
        let hint = format!("add a name, for example {:?}", stem_of(document.path));
        let problem = document.problem(&[], ProblemCode::MissingField, "the manifest has no name".to_owned(), &hint);
        Problem { line: Some(1), ..problem }
    })
}

fn bad_name(document: &Document<'_>, error: &NameError) -> Problem {
    document.problem(
        &["name"],
        ProblemCode::BadName,
        error.to_string(),
        "rename it: use a-z 0-9 _ . - only, starting with a letter or digit",
    )
}

/// A manifest with only its names.
pub(super) fn blank(naming: Naming, dialect: Dialect) -> Manifest {
    Manifest { title: naming.title, ..Manifest::blank(naming.name, dialect) }
}

/// A version as people write it: `1`, `1.2`, `v1.2.3`.
pub(super) fn loose_version(text: &str) -> Option<semver::Version> {
    let text = text.trim().trim_start_matches(['v', 'V']);
    if let Ok(version) = semver::Version::parse(text) {
        return Some(version);
    }
    let mut parts = text.split('.').map(str::parse::<u64>);
    let mut next = || parts.next().unwrap_or(Ok(0)).ok();
    let version = semver::Version::new(next()?, next()?, next()?);
    (text.split('.').count() <= 3).then_some(version)
}

/// Its author, according to the provenance.
pub(super) fn origin_of(created_by: Option<&str>) -> Option<Origin> {
    let who = created_by?.to_ascii_lowercase();
    if who.is_empty() || who == "unknown" {
        return None;
    }
    let marks = ["agent", "claude", "gpt", "llm", "copilot", "gemini", "model", "assistant", "generated", "bot"];
    let words = who.split(|c: char| !c.is_alphanumeric());
    let is_ai = words.clone().any(|word| word == "ai") || marks.iter().any(|mark| who.contains(mark));
    Some(if is_ai { Origin::Ai } else { Origin::Admin })
}

/// Makes input an object where it is the text of one.
pub(super) fn input_value(value: Value) -> Value {
    match value {
        Value::String(text) => match serde_json::from_str::<Value>(text.trim()) {
            Ok(parsed @ Value::Object(_)) => parsed,
            _ => Value::String(text),
        },
        other => other,
    }
}

/// Examples in the forms that occur: `input` or `inputs`; `output` or `expected_output`; a bare
/// input object; a line of text.
pub(super) fn examples(written: &Value, input: Option<&Value>) -> Vec<Example> {
    let items = match written {
        Value::Array(items) => items.as_slice(),
        _ => std::slice::from_ref(written),
    };
    items.iter().take(super::limits::LIST_ITEMS).map(|item| example(item, input)).collect()
}

fn example(item: &Value, schema: Option<&Value>) -> Example {
    let table = match item {
        Value::Object(table) => table,
        Value::String(text) => return Example { description: text.clone(), input: Value::Null, output: None },
        other => return Example { description: String::new(), input: other.clone(), output: None },
    };
    let first = |keys: &[&str]| keys.iter().find_map(|key| table.get(*key)).cloned();
    let text = |keys: &[&str]| first(keys).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let described = text(&["description", "name", "title", "scenario"]);
    let fields = schema.and_then(|schema| schema["properties"].as_object());
    let is_field = |key: &str| fields.is_some_and(|fields| fields.contains_key(key));
    let holders = ["input", "inputs", "arguments", "args", "params"];
    if let Some(input) = holders.iter().filter(|key| !is_field(key)).find_map(|key| table.get(*key)).cloned() {
        let output = first(&["output", "outputs", "expected_output", "expected", "result"]);
        return Example { description: described, input: input_value(input), output: output.map(output_value) };
    }
    if table.keys().any(|key| key != "description" && is_field(key)) {
        let input: Map<String, Value> =
            table.iter().filter(|(key, _)| is_field(key)).map(|(k, v)| (k.clone(), v.clone())).collect();
        return Example { description: described, input: Value::Object(input), output: None };
    }
    Example { description: described, input: Value::Null, output: None }
}

/// Output given as the text of a JSON value is that value.
fn output_value(value: Value) -> Value {
    match &value {
        Value::String(text) => serde_json::from_str(text.trim()).unwrap_or(value),
        _ => value,
    }
}

/// Tests as tables of name, input and expectation.
pub(super) fn tests(written: &Value) -> Result<Vec<TestCase>, String> {
    let Value::Array(items) = written else { return Err("tests is not a list".to_owned()) };
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let test: TestCase =
                serde_json::from_value(item.clone()).map_err(|error| format!("test {}: {error}", index + 1))?;
            let name = if test.name.is_empty() { format!("test {}", index + 1) } else { test.name };
            Ok(TestCase { name, ..test })
        })
        .collect()
}

/// The input that is the text on standard input where no rule names one.
pub(super) const TEXT_INPUT: &str = "text";

/// Adds the inputs that the command requires, and how input is passed if that is not stated.
pub(super) fn settle_input(manifest: &mut Manifest, words: &CommandWords, stated: Option<InputMode>) {
    let mut inputs = words.inputs();
    if let Some(recipe) = manifest.recipe.as_mut().filter(|_| stated == Some(InputMode::StdinText)) {
        let is_named = recipe.args.iter().any(|rule| rule.place == ArgPlace::Stdin);
        recipe.args.extend((!is_named).then(|| ArgRule::stdin(TEXT_INPUT)));
    }
    let rules = manifest.recipe.as_ref().map_or(&[][..], |recipe| &recipe.args);
    for rule in rules {
        if !inputs.contains(&rule.input) {
            inputs.push(rule.input.clone());
        }
    }
    let has_fields =
        manifest.input.as_ref().is_some_and(|schema| schema["properties"].as_object().is_some_and(|f| !f.is_empty()));
    manifest.input = schema_loose::with_inputs(manifest.input.take(), &inputs);
    // Who writes down what it is given means it to be given that.
    let given = manifest.tests.iter().map(|test| &test.input).chain(manifest.examples.iter().map(|one| &one.input));
    let is_given = manifest.dialect == Dialect::Native
        && given.filter_map(|input| input.as_object()).any(|fields| !fields.is_empty());
    // What is no object can only be passed whole.
    let is_whole =
        manifest.input.as_ref().and_then(|schema| schema["type"].as_str()).is_some_and(|kind| kind != "object");
    let guessed = if !inputs.is_empty() {
        InputMode::Args
    } else if has_fields || is_given || is_whole || words.0.iter().any(|word| word.contains("sys.stdin")) {
        InputMode::StdinJson
    } else {
        InputMode::None
    };
    if let Some(recipe) = &mut manifest.recipe {
        recipe.input = stated.unwrap_or(guessed);
    }
}

#[cfg(test)]
mod tests_of_draft {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_and_makers_are_read_as_people_write_them() {
        for (text, wanted) in [
            ("1", Some("1.0.0")),
            ("v1.2", Some("1.2.0")),
            ("1.2.3-rc.1", Some("1.2.3-rc.1")),
            ("new", None),
            ("1.2.3.4", None),
        ] {
            assert_eq!(loose_version(text).map(|version| version.to_string()).as_deref(), wanted, "{text}");
        }
        assert_eq!(origin_of(Some("Ada <ada@example.org>")), Some(Origin::Admin));
        assert_eq!(origin_of(Some("claude-code")), Some(Origin::Ai));
        assert_eq!(origin_of(Some("some AI")), Some(Origin::Ai));
        assert_eq!(origin_of(None), None);
    }

    #[test]
    fn examples_of_all_forms_are_understood() {
        let schema = json!({"properties": {"a": {}}});
        let written = json!([{"inputs": {"a": 1}, "output": "{\"b\": 2}", "name": "n"}, {"a": 1, "description": "d"}, "a line", {"input": "{\"a\": 1}"}]);
        let wanted = vec![
            Example { description: "n".into(), input: json!({"a": 1}), output: Some(json!({"b": 2})) },
            Example { description: "d".into(), input: json!({"a": 1}), output: None },
            Example { description: "a line".into(), input: Value::Null, output: None },
            Example { description: String::new(), input: json!({"a": 1}), output: None },
        ];
        assert_eq!(examples(&written, Some(&schema)), wanted);
    }
}
