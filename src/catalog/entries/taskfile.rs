//! Taskfiles of Task (`Taskfile.yml`): one tool for each task that is not internal.

use super::{Entry, RecipeNeeds, comments_above, is_private, variable, words};
use crate::catalog::document::{self, Document, Syntax};
use crate::catalog::scripts::DeclaredInput;
use crate::domain::{ArgRule, Problem, VersionFile};
use serde_json::{Map, Value, json};

pub(super) fn is_one(name: &str) -> bool {
    // Files that others include are called `Taskfile2.yml`, `Taskfile.docs.yml` and the like.
    let name = name.to_ascii_lowercase();
    name.starts_with("taskfile") && [".yml", ".yaml"].iter().any(|end| name.ends_with(end))
}

/// Reads the tasks of a Taskfile.
///
/// # Errors
/// A [`Problem`] for bad YAML.
pub(super) fn read(file: &VersionFile) -> Result<Vec<Entry>, Problem> {
    let document = Document::parse(&file.path, Syntax::Yaml, &file.bytes)?;
    let Some(tasks) = document.fields.get("tasks").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let comments = comments_above(document::text(&file.path, &file.bytes)?, key);
    let globals = document.fields.get("vars");
    let mut entries = Vec::new();
    for (name, task) in tasks {
        let is_internal = task.get("internal").is_some_and(|value| value == true);
        if is_private(name) || is_internal {
            continue;
        }
        let text = |key: &str| task.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let (comment, line) = comments.get(name.as_str()).cloned().unwrap_or_default();
        let summary = text("summary").and_then(|text| text.split("\n\n").next());
        let described = text("desc").or(summary).unwrap_or(&comment).to_owned();
        let takes_words = !name.contains('*') && task.to_string().contains(".CLI_ARGS");
        let mut command = words(["task", "--taskfile", "{file}", "--dir", "."]);
        let mut inputs = required(task.get("requires"));
        if name.contains('*') {
            inputs.insert(0, full_name(name));
        } else {
            command.push(name.clone());
        }
        for vars in [task.get("vars"), globals] {
            defaults(vars, &mut inputs);
        }
        if takes_words {
            command.push("--".to_owned());
            inputs.push(rest());
        }
        entries.push(Entry {
            name: name.clone(),
            description: described,
            runs: first_command(task),
            command,
            inputs,
            needs: RecipeNeeds::of(&plain_commands(task), &|_| None),
            line,
            ..Entry::default()
        });
    }
    Ok(entries)
}

/// The commands of a task that are plain text, a line each.
fn plain_commands(task: &Value) -> String {
    let list = task.get("cmds").or_else(|| task.get("cmd")).unwrap_or(task);
    let items = list.as_array().map_or(std::slice::from_ref(list), Vec::as_slice);
    let lines: Vec<&str> = items.iter().filter_map(Value::as_str).filter(|line| !line.contains("{{")).collect();
    lines.join("\n")
}

/// The key that a line of YAML begins with, below the top.
fn key(line: &str) -> Option<&str> {
    let trimmed = line.trim_start();
    let end = trimmed.strip_suffix(':').or_else(|| Some(trimmed.split_once(": ")?.0))?;
    (trimmed.len() < line.len()).then_some(end.trim_matches(['"', '\'']))
}

/// `requires: {vars: [A, {name: B, enum: [x, y]}]}`.
fn required(requires: Option<&Value>) -> Vec<DeclaredInput> {
    let vars = requires.and_then(|requires| requires.get("vars")?.as_array());
    let inputs = vars.into_iter().flatten().filter_map(|var| {
        let name = var.as_str().or_else(|| var.get("name")?.as_str()).filter(|name| is_variable(name))?;
        let mut input = variable(name, true, None);
        if let Some(choices) = var.get("enum").filter(|choices| choices.is_array()) {
            input.schema.insert("enum".to_owned(), choices.clone());
        }
        Some(input)
    });
    inputs.collect()
}

/// `X: '{{.X | default "y"}}'`: a variable that a caller may give.
fn defaults(vars: Option<&Value>, inputs: &mut Vec<DeclaredInput>) {
    for (name, value) in vars.and_then(Value::as_object).into_iter().flatten() {
        let Some(inside) = value.as_str().and_then(|text| text.trim().strip_prefix("{{")) else { continue };
        let inside = inside.trim_end_matches("}}").trim();
        let is_own = inside
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
            .any(|word| word.strip_prefix('.').is_some_and(|word| word == name));
        if !is_own || !inside.contains("default") || !is_variable(name) || inputs.iter().any(|one| one.name == *name) {
            continue;
        }
        let quoted = inside.split(['"', '`']).nth(1).filter(|text| !text.contains("{{"));
        inputs.push(variable(name, false, quoted));
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The full name of a task such as `start:*`, in which each star is a parameter.
fn full_name(name: &str) -> DeclaredInput {
    let parts: Vec<String> = name.split('*').map(regex::escape).collect();
    let schema = Map::from_iter([
        ("type".to_owned(), json!("string")),
        ("pattern".to_owned(), json!(format!("^{}$", parts.join("[A-Za-z0-9_./@%+-]+")))),
        ("description".to_owned(), json!(format!("name of the task, with a word in place of each star of {name}"))),
    ]);
    DeclaredInput { name: "task".to_owned(), schema, required: true, rule: Some(ArgRule::position("task")) }
}

/// The words passed on as `{{.CLI_ARGS}}`.
fn rest() -> DeclaredInput {
    let schema = Map::from_iter([
        ("type".to_owned(), json!("array")),
        ("items".to_owned(), json!({"type": "string"})),
        ("description".to_owned(), json!("words that the task passes on")),
    ]);
    DeclaredInput { name: "args".to_owned(), schema, required: false, rule: Some(ArgRule::position("args")) }
}

/// The first command of a task, or the task that it starts.
fn first_command(task: &Value) -> String {
    let list = ["cmds", "cmd", "deps"].iter().find_map(|key| task.get(*key)).unwrap_or(task);
    let items = list.as_array().map_or(std::slice::from_ref(list), Vec::as_slice);
    let command = |item: &Value| {
        let inner = if item.is_object() { ["cmd", "task"].iter().find_map(|key| item.get(*key))? } else { item };
        inner.as_str().map(str::to_owned)
    };
    items.iter().find_map(command).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn entries(text: &str) -> Result<Vec<Entry>, Problem> {
        read(&VersionFile { path: "Taskfile.yml".into(), mode: FileMode::Plain, bytes: text.into() })
    }

    #[test]
    fn files_that_others_include_are_read_too() {
        for (name, expected) in
            [("Taskfile.yml", true), ("taskfile.dist.yaml", true), ("Taskfile2.yml", true), ("tasks.yml", false)]
        {
            assert_eq!(is_one(name), expected, "{name}");
        }
    }

    #[test]
    fn tasks_are_entries_with_what_they_require() {
        let text = "version: '3'\nvars:\n  MODE: '{{.MODE | default \"fast\"}}'\ntasks:\n  # Says hello\n  hi:\n    - echo hi\n  \
                    docker:build:\n    desc: Build the image\n    requires:\n      vars: [TAG, {name: ARCH, enum: [a, b]}]\n    cmds: [{defer: y}, {task: hi}, x]\n  \
                    go:\n    summary: |\n      Run it.\n\n      Much more.\n    cmds: ['go run . {{.CLI_ARGS}}']\n  no: {internal: true}\n  \
                    'x:*': {desc: Start one}\n  _y: z\n";
        let all = entries(text).unwrap();
        let told: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.description.as_str(), &*one.runs)).collect();
        assert_eq!(
            told,
            [
                ("hi", "Says hello", "echo hi"),
                ("docker:build", "Build the image", "hi"),
                ("go", "Run it.", "go run . {{.CLI_ARGS}}"),
                ("x:*", "Start one", "")
            ]
        );
        let names = |at: usize| all[at].inputs.iter().map(|one| (one.name.as_str(), one.required)).collect::<Vec<_>>();
        assert_eq!(names(0), [("MODE", false)]);
        assert_eq!(names(1), [("TAG", true), ("ARCH", true), ("MODE", false)]);
        assert_eq!(names(2), [("MODE", false), ("args", false)]);
        assert_eq!(all[2].command.last().map(String::as_str), Some("--"));
        assert_eq!(names(3), [("task", true), ("MODE", false)]);
        assert_eq!(all[3].command.last().map(String::as_str), Some("."));
        assert_eq!(all[3].inputs[0].schema["pattern"], "^x:[A-Za-z0-9_./@%+-]+$");
        assert_eq!(all[0].inputs[0].schema["default"], "fast");
        assert_eq!(all[0].line, 6);
    }

    #[test]
    fn hostile_taskfiles_are_problems() {
        let bomb = "a: &a [x,x]\ntasks: &t\n  b: *t\n";
        for text in [bomb, "tasks:\n  a: [\n", "tasks:\n  a: {}\n  a: {}\n"] {
            assert!(entries(text).is_err(), "{text}");
        }
        assert_eq!(entries("version: '3'\n").unwrap(), []);
        assert_eq!(entries("tasks: 1\n").unwrap(), []);
    }
}
