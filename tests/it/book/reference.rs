//! The reference is written from the tables of the program: `TOOLSMITH_BLESS=1 cargo test` writes it anew.

use super::pages;
use crate::support::repository;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use toolsmith::action::forms::FORM_KEYS;
use toolsmith::action::{ACTIONS, BOX_ROWS, Group, MEANINGS, Spec, spec};
use toolsmith::cli;
use toolsmith::engine::StarterTool;

/// Compares what stands between the markers of a name with what the program says; writes it when asked to.
pub fn hold(page: &str, name: &str, text: &str) {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let held = pages::read(page);
    let (before, rest) = held.split_once(&begin).unwrap_or_else(|| panic!("{page} has no {begin}"));
    let (written, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has no {end}"));
    if std::env::var_os("TOOLSMITH_BLESS").is_some() {
        fs::write(repository().join(page), format!("{before}{begin}{text}{end}{after}")).unwrap();
    } else {
        assert_eq!(written, text, "{page}: TOOLSMITH_BLESS=1 cargo test writes it anew");
    }
}

/// The starter tools by category: what each does and what it declares.
fn starter_tools() -> String {
    let mut rows: Vec<(String, String)> = StarterTool::all()
        .iter()
        .map(|tool| {
            let manifest = tool.manifest().unwrap();
            let declared = manifest.permissions.summary();
            let category = manifest.category.map(|category| category.0).unwrap_or_default();
            let does = manifest.description.replace('|', "\\|");
            (category.clone(), format!("| {category} | `{}` | {does} | {declared} |", tool.name()))
        })
        .collect();
    rows.sort();
    let rows: Vec<String> = rows.into_iter().map(|(_, row)| row).collect();
    format!("| category | tool | does | declares |\n| --- | --- | --- | --- |\n{}\n", rows.join("\n"))
}

#[test]
fn the_reference_of_starter_tools_is_that_of_the_program() {
    hold("docs/reference/starter.md", "starter", &starter_tools());
}

fn place(group: Group) -> &'static str {
    match group {
        Group::Catalog => "Catalog",
        Group::Run => "Run",
        Group::Services => "Services",
        Group::Make => "Make",
        Group::Review => "Review",
        Group::Lifecycle => "Lifecycle",
        Group::History => "History",
        Group::Workbench => "Workbench",
        Group::Motion => "Motion",
    }
}

fn keys(row: &Spec) -> String {
    row.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ")
}

/// The keys of what works on the screen only.
fn screen_keys() -> String {
    let mut text = "| group | key | action | does |\n| --- | --- | --- | --- |\n".to_owned();
    let mut last = None;
    for row in ACTIONS.iter().filter(|row| row.tui && !row.cli) {
        let group = if last == Some(row.group) { "" } else { place(row.group) };
        last = Some(row.group);
        let line = format!("| {group} | {} | `{}` | {} |", keys(row), row.name, row.doc);
        let _ = writeln!(text, "{}", line.replace("|  |", "| |"));
    }
    text
}

/// The keys of verbs, with the places where they work.
fn verb_keys() -> String {
    let mut text = "| key | verb | works in |\n| --- | --- | --- |\n".to_owned();
    for row in ACTIONS.iter().filter(|row| row.tui && row.cli && !row.keys.is_empty()) {
        let places: Vec<String> = row.contexts.iter().map(|context| format!("{context:?}").to_lowercase()).collect();
        let _ =
            writeln!(text, "| {} | [`{name}`](verbs.md#{name}) | {} |", keys(row), places.join(", "), name = row.name);
    }
    text
}

#[test]
fn the_reference_of_verbs_is_that_of_the_program() {
    hold("docs/reference/verbs.md", "verbs", &cli::verbs_markdown());
}

/// What keys mean that several verbs have.
fn meanings() -> String {
    let mut text = "| key | means | verbs |\n| --- | --- | --- |\n".to_owned();
    for meaning in MEANINGS {
        let verbs: Vec<String> =
            meaning.verbs.iter().chain(meaning.boxes).map(|verb| format!("`{}`", spec(*verb).name)).collect();
        let _ = writeln!(text, "| `{}` | {} | {} |", meaning.key, meaning.does, verbs.join(", "));
    }
    text
}

/// The keys of boxes.
fn box_keys() -> String {
    let mut text = "| box | key | action | does |\n| --- | --- | --- | --- |\n".to_owned();
    let mut last = "";
    for row in BOX_ROWS {
        let place = if last == row.place { "" } else { row.place };
        last = row.place;
        let line = format!("| {place} | `{}` | {} | {} |", row.key, row.word, row.doc);
        let _ = writeln!(text, "{}", line.replace("|  |", "| |"));
    }
    text
}

/// The keys of forms.
fn form_keys() -> String {
    let mut text = "| key | works in | does |\n| --- | --- | --- |\n".to_owned();
    for row in FORM_KEYS {
        let _ = writeln!(text, "| `{}` | {} | {} |", row.key, row.place, row.doc);
    }
    text
}

#[test]
fn every_test_that_the_page_of_keys_names_exists() {
    let page = pages::read("docs/reference/keys.md");
    let (_, table) = page.split_once("## What tests hold").unwrap();
    let mut sources = String::new();
    for folder in ["src", "tests/it"] {
        for file in walk(&repository().join(folder)) {
            sources.push_str(&fs::read_to_string(file).unwrap());
        }
    }
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    for cell in rows.filter_map(|row| row.rsplit(" | ").next()) {
        for name in cell.split('`').skip(1).step_by(2) {
            assert!(sources.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
}

/// The Rust sources below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_reference_of_keys_is_that_of_the_program() {
    hold("docs/reference/keys.md", "keys", &screen_keys());
    hold("docs/reference/keys.md", "meanings", &meanings());
    hold("docs/reference/keys.md", "box-keys", &box_keys());
    hold("docs/reference/keys.md", "form-keys", &form_keys());
    hold("docs/reference/keys.md", "verb-keys", &verb_keys());
}

#[test]
fn the_reference_of_checks_is_that_of_the_program() {
    hold("docs/reference/checks.md", "checks", &cli::checks_markdown());
}

#[test]
fn the_reference_of_exit_codes_is_that_of_the_program() {
    let mut text = "| exit code | means |\n| --- | --- |\n".to_owned();
    for (code, meaning) in cli::EXIT_CODES {
        let _ = writeln!(text, "| {code} | {meaning} |");
    }
    hold("docs/reference/exit-codes.md", "exit-codes", &text);
}

#[test]
fn the_reference_of_settings_is_that_of_the_program() {
    let mut variables = "| variable | means |\n| --- | --- |\n".to_owned();
    for (name, meaning) in cli::VARIABLES {
        let _ = writeln!(variables, "| `{name}` | {meaning} |");
    }
    hold("docs/reference/settings.md", "variables", &variables);
    for (name, file) in [("config", "assets/config.toml"), ("workspace", "assets/toolsmith.toml")] {
        hold("docs/reference/settings.md", name, &format!("```toml\n{}```\n", pages::read(file)));
    }
}

#[test]
fn the_reference_of_manifest_fields_is_that_of_the_schema() {
    let schema: Value = serde_json::from_str(&pages::read("assets/manifest.schema.json")).unwrap();
    let mut text = "| field | type | means |\n| --- | --- | --- |\n".to_owned();
    manifest_fields(&mut text, &schema, "", &schema);
    hold("docs/reference/manifest.md", "fields", &text);
}

/// A row for each field of a schema, with those of the objects in it.
fn manifest_fields(text: &mut String, schema: &Value, path: &str, node: &Value) {
    for (name, field) in node["properties"].as_object().into_iter().flatten() {
        let named = field["$ref"].as_str().and_then(|link| link.strip_prefix("#/$defs/"));
        let field = named.map_or(field, |name| &schema["$defs"][name]);
        let told =
            [&node["properties"][name]["description"], &field["description"]].into_iter().find_map(Value::as_str);
        let told = told.unwrap_or_default().trim_end_matches('.').replace('|', "\\|");
        let (field, path, kind) = match field["items"]["$ref"].as_str().and_then(|link| link.strip_prefix("#/$defs/")) {
            Some(item) => (&schema["$defs"][item], format!("{path}{name}[]"), "array of objects".to_owned()),
            None => (field, format!("{path}{name}"), kind(field)),
        };
        let _ = writeln!(text, "| `{path}` | {kind} | {told} |");
        if named != Some("schema") {
            manifest_fields(text, schema, &format!("{path}."), field);
        }
    }
}

fn kind(field: &Value) -> String {
    let words = |values: &Vec<Value>| {
        let words: Vec<String> = values.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    let parts = field["oneOf"].as_array().map(|parts| parts.iter().map(kind).collect::<Vec<_>>());
    match (field["enum"].as_array(), field["type"].as_str(), parts) {
        (Some(values), _, _) => words(values),
        (_, Some(name), _) => name.to_owned(),
        (_, _, Some(mut parts)) => {
            parts.dedup();
            parts.join(" or ")
        }
        _ => "any".to_owned(),
    }
}
