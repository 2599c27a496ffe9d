//! `mise.toml`: one tool for each of its tasks that is not hidden.

use super::{Entry, RecipeNeeds, comments_above, is_private, words};
use crate::catalog::document::{self, Document, Syntax};
use crate::catalog::scripts::DeclaredInput;
use crate::catalog::scripts::usage::{input_name, quoted, schema, usage};
use crate::domain::{ArgRule, Problem, VersionFile};
use serde_json::{Map, Value, json};

pub(super) fn is_one(name: &str) -> bool {
    let name = name.strip_prefix('.').unwrap_or(name);
    name == "mise.toml" || name.strip_prefix("mise.").is_some_and(|rest| rest.strip_suffix(".toml").is_some())
}

/// Reads the tasks of a configuration of mise.
///
/// # Errors
/// A [`Problem`] for bad TOML.
pub(super) fn read(file: &VersionFile) -> Result<Vec<Entry>, Problem> {
    let document = Document::parse(&file.path, Syntax::Toml, &file.bytes)?;
    let Some(tasks) = document.fields.get("tasks").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let comments = comments_above(document::text(&file.path, &file.bytes)?, header);
    let mut entries = Vec::new();
    for (name, task) in tasks {
        if is_private(name) || task.get("hide").is_some_and(|value| value == true) {
            continue;
        }
        let text = |key: &str| task.get(key).and_then(Value::as_str).map(str::trim).unwrap_or_default();
        let (comment, line) = comments.get(name.as_str()).cloned().unwrap_or_default();
        let run = scripts(task.get("run").unwrap_or(task));
        let runs = run.lines().next().map_or_else(|| depends(task), |_| run.clone());
        let mut inputs = usage(text("usage"));
        inputs.extend(
            templates(&run)
                .into_iter()
                .filter(|one| inputs.iter().all(|known| known.name != one.name))
                .collect::<Vec<_>>(),
        );
        entries.push(Entry {
            name: name.clone(),
            description: if text("description").is_empty() { comment } else { text("description").to_owned() },
            runs,
            needs: RecipeNeeds::of(if run.contains("{{") { "" } else { &run }, &|_| None),
            command: [words(["mise", "--cd", "{dir}", "run"]), vec![name.clone()]].concat(),
            inputs,
            // Without this setting, mise asks first; in the sandbox, nobody can answer.
            env: vec![
                ("MISE_TRUSTED_CONFIG_PATHS".to_owned(), "/".to_owned()),
                ("MISE_YES".to_owned(), "1".to_owned()),
            ],
            line,
            ..Entry::default()
        });
    }
    Ok(entries)
}

/// The task that `[tasks.NAME]` or `NAME = …` begins.
fn header(line: &str) -> Option<&str> {
    let line = line.trim();
    let name = match line.strip_prefix("[tasks.") {
        Some(rest) => rest.strip_suffix(']')?,
        None => line.split_once('=')?.0,
    };
    Some(name.trim().trim_matches(['"', '\'']))
}

/// The commands of a task, one a line.
fn scripts(run: &Value) -> String {
    let items = run.as_array().map_or(std::slice::from_ref(run), Vec::as_slice);
    items.iter().filter_map(Value::as_str).collect::<Vec<&str>>().join("\n")
}

fn depends(task: &Value) -> String {
    task.get("depends").map(scripts).map(|names| names.lines().collect::<Vec<&str>>().join(", ")).unwrap_or_default()
}

/// Inputs of a template in a command: `{{arg(name="file", default="x")}}`, `{{option(name="out")}}`, `{{flag(name="force")}}`.
fn templates(run: &str) -> Vec<DeclaredInput> {
    let mut inputs: Vec<DeclaredInput> = Vec::new();
    for part in run.split("{{").skip(1) {
        let part = part.split("}}").next().unwrap_or_default().trim();
        let Some((word, rest)) = part.split_once('(') else { continue };
        let property = |key: &str| rest.split_once(&format!("{key}=")).and_then(|(_, value)| quoted(value));
        let Some(name) = property("name").and_then(input_name) else { continue };
        let option = format!("--{name}");
        let is_many = rest.contains("var=true");
        let default = property("default");
        let (rule, mut schema) = match word.trim() {
            "arg" => (ArgRule::position(&name), schema(is_many)),
            "option" => (ArgRule::option(&option, &name), schema(false)),
            "flag" => (ArgRule::option(&option, &name), Map::from_iter([("type".to_owned(), json!("boolean"))])),
            _ => continue,
        };
        if let Some(default) = default {
            schema.insert("default".to_owned(), json!(default));
        }
        let required = word.trim() == "arg" && default.is_none() && !is_many;
        if inputs.iter().all(|known| known.name != name) {
            inputs.push(DeclaredInput { name, schema, required, rule: Some(rule) });
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn tasks_are_entries_with_their_usage() {
        let text = "[tools]\nnode = '22'\n[tasks]\n# Lints all\nlint = 'eslint .'\n[tasks.\"docs:build\"]\ndescription = 'Build the docs'\nrun = ['x', 'y']\n\
                    usage = '''\narg \"<file>\" help=\"Which file\"\narg \"[rest]...\"\nflag \"-f --force\" help=\"Always\"\nflag \"--out <path>\" default=\"dist\"\n'''\n\
                    # Checks\n# all\n[tasks.ci]\ndepends = ['lint', 'test']\n[tasks.t]\nrun = 'cargo test {{arg(name=\"what\", default=\"all\")}} {{flag(name=\"fast\")}}'\n\
                    [tasks.hidden]\nhide = true\nrun = 'x'\n[tasks._y]\nrun = 'x'\n";
        let file = VersionFile { path: "mise.toml".into(), mode: FileMode::Plain, bytes: text.into() };
        let all = read(&file).unwrap();
        let told: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.description.as_str(), &*one.runs)).collect();
        assert_eq!(
            told,
            [
                ("lint", "Lints all", "eslint ."),
                ("docs:build", "Build the docs", "x\ny"),
                ("ci", "Checks all", "lint, test"),
                ("t", "", "cargo test {{arg(name=\"what\", default=\"all\")}} {{flag(name=\"fast\")}}")
            ]
        );
        let rules = |at: usize| {
            let rule = |one: &DeclaredInput| (one.rule.as_ref().unwrap().to_string(), one.required);
            all[at].inputs.iter().map(rule).collect::<Vec<_>>()
        };
        let wanted = [("file", true), ("rest", false), ("--force", false), ("--out", false)];
        assert_eq!(rules(1), wanted.map(|(rule, required)| (rule.to_owned(), required)));
        assert_eq!(rules(3), [("what".to_owned(), false), ("--fast".to_owned(), false)]);
        assert_eq!(all[1].inputs[0].schema["description"], "Which file");
    }
}
