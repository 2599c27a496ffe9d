//! `package.json`: one tool for each of its `scripts`, and for each program that it installs (`bin`).

use super::{Entry, RecipeNeeds, is_private, words};
use crate::catalog::document::{Document, Syntax};
use crate::domain::{Problem, VersionFile, clean_path};
use serde_json::{Map, Value};

/// Scripts that a package manager starts by itself.
const HOOKS: &[&str] = &[
    "install",
    "preinstall",
    "postinstall",
    "prepare",
    "prepublish",
    "prepublishOnly",
    "prepack",
    "postpack",
    "dependencies",
    "preversion",
    "version",
    "postversion",
    "publish",
    "postpublish",
    "preuninstall",
    "uninstall",
    "postuninstall",
    "preprepare",
    "postprepare",
];

pub(super) fn is_one(name: &str) -> bool {
    name == "package.json"
}

/// Reads the scripts of a package.
///
/// # Errors
/// A [`Problem`] for bad JSON.
pub(super) fn read(file: &VersionFile) -> Result<Vec<Entry>, Problem> {
    let document = Document::parse(&file.path, Syntax::Json, &file.bytes)?;
    let mut entries = programs(&document.fields);
    let Some(scripts) = document.fields.get("scripts").and_then(Value::as_object) else { return Ok(entries) };
    let start = manager(document.fields.get("packageManager").and_then(Value::as_str).unwrap_or_default());
    let described = ["scripts-info", "scriptsInfo", "scripts-description", "scriptsDescription"];
    let described: Vec<&Value> = described.iter().filter_map(|key| document.fields.get(*key)).collect();
    for (name, command) in scripts {
        let Some(command) = command.as_str() else { continue };
        let is_hook =
            ["pre", "post"].iter().any(|word| name.strip_prefix(word).is_some_and(|of| scripts.contains_key(of)));
        if is_private(name) || name.starts_with(['/', '?']) || is_hook || HOOKS.contains(&name.as_str()) {
            continue;
        }
        let comments = [format!("//{name}"), format!("?{name}")];
        let beside = comments.iter().find_map(|key| scripts.get(key)?.as_str());
        let told = described.iter().find_map(|table| table.get(name)?.as_str()).or(beside);
        entries.push(Entry {
            name: name.clone(),
            description: told.unwrap_or_default().to_owned(),
            runs: command.to_owned(),
            needs: RecipeNeeds::of(command, &|name| scripts.get(name)?.as_str()),
            command: [start.clone(), vec![name.clone()]].concat(),
            ..Entry::default()
        });
    }
    Ok(entries)
}

/// The programs that a package installs: `"bin": "cli.js"`, `"bin": {"name": "./cli.js"}`.
fn programs(fields: &Map<String, Value>) -> Vec<Entry> {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
    let own = text("name").rsplit('/').next().unwrap_or_default();
    let found: Vec<(&str, &str)> = match fields.get("bin") {
        Some(Value::String(path)) => vec![(own, path)],
        Some(Value::Object(table)) => {
            table.iter().filter_map(|(name, path)| Some((name.as_str(), path.as_str()?))).collect()
        }
        _ => Vec::new(),
    };
    // What describes the package describes its only program.
    let description = if found.len() == 1 { text("description") } else { "" };
    let entry = |(name, path): (&str, &str)| {
        let script = clean_path(path).filter(|path| !path.is_empty() && !is_private(name))?;
        Some(Entry {
            name: name.to_owned(),
            description: description.to_owned(),
            script: Some(script),
            ..Entry::default()
        })
    };
    found.into_iter().filter_map(entry).collect()
}

/// How the package manager of a package starts a script.
fn manager(stated: &str) -> Vec<String> {
    match stated.split('@').next().unwrap_or_default() {
        "pnpm" => words(["pnpm", "--dir", "{dir}", "run"]),
        "yarn" => words(["yarn", "--cwd", "{dir}", "run"]),
        "bun" => words(["bun", "--cwd", "{dir}", "run"]),
        _ => words(["npm", "--prefix", "{dir}", "--silent", "run"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn scripts_are_entries_and_hooks_are_none() {
        let text = r#"{"name": "x", "packageManager": "pnpm@9", "scripts": {"build": "tsc", "prebuild": "rm -r dist", "prepare": "x",
            "//lint": "Find mistakes", "lint": "eslint .", "n": 1}, "scripts-info": {"build": "Compile"}}"#;
        let file = |text: &str| VersionFile { path: "package.json".into(), mode: FileMode::Plain, bytes: text.into() };
        let entries = read(&file(text)).unwrap();
        let told: Vec<(&str, &str)> = entries.iter().map(|one| (one.name.as_str(), one.description.as_str())).collect();
        assert_eq!(told, [("build", "Compile"), ("lint", "Find mistakes")]);
        assert_eq!(entries[0].command, ["pnpm", "--dir", "{dir}", "run", "build"]);
        let text = r#"{"name": "@me/x", "description": "Does it", "bin": "./cli.js", "scripts": {"build": "tsc"}}"#;
        let entries = read(&file(text)).unwrap();
        let told: Vec<_> =
            entries.iter().map(|one| (one.name.as_str(), one.description.as_str(), one.script.as_deref())).collect();
        assert_eq!(told, [("x", "Does it", Some("cli.js")), ("build", "", None)]);
        let text =
            r#"{"name": "x", "description": "Does it", "bin": {"a": "a.js", "b": "../b.js", "c": 1, "d": "bin/d"}}"#;
        let entries = read(&file(text)).unwrap();
        let told: Vec<_> =
            entries.iter().map(|one| (one.name.as_str(), one.description.as_str(), one.script.as_deref())).collect();
        assert_eq!(told, [("a", "", Some("a.js")), ("d", "", Some("bin/d"))]);
        assert_eq!(read(&file("{\"scripts\": []}")).unwrap(), []);
        assert_eq!(read(&file("{\"scripts\": {\"a\": \"b\", \"a\": \"c\"}}")).unwrap_err().line, Some(1));
    }
}
