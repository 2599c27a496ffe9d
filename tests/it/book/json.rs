//! The reference of JSON is written from answers of the program, given over a workspace with the bundled tools.
//!
//! What an answer holds depends on the machine (which linters are there, whether bubblewrap is), so the test asks that
//! every field of an answer is in the reference with its type, and that every verb of the reference was asked.

use super::{console, pages, reference};
use crate::support::Workspace;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Fields whose values are whatever a tool takes or gives.
const FREE: [&str; 6] = ["input_schema", "output_schema", "parameters", "properties", "value", "request"];

/// The types seen of each field, in the order of the answers.
#[derive(Default)]
struct Fields(Vec<(String, BTreeSet<&'static str>)>);

impl Fields {
    fn add(&mut self, path: &str, kind: &'static str) {
        let known = self.0.iter().position(|(name, _)| name == path);
        let at = known.unwrap_or_else(|| {
            self.0.push((path.to_owned(), BTreeSet::new()));
            self.0.len() - 1
        });
        self.0[at].1.insert(kind);
    }

    fn read(&mut self, path: &str, value: &Value) {
        let last = path.rsplit('.').next().unwrap_or_default().trim_end_matches("[]");
        match value {
            Value::Null => self.add(path, "null"),
            Value::Bool(_) => self.add(path, "boolean"),
            Value::Number(number) if number.is_f64() => self.add(path, "number"),
            Value::Number(_) => self.add(path, "integer"),
            Value::String(_) => self.add(path, "string"),
            Value::Array(items) if items.is_empty() => self.add(path, "array"),
            Value::Array(items) => {
                for item in items {
                    self.read(&format!("{path}[]"), item);
                }
            }
            Value::Object(_) if FREE.contains(&last) => self.add(path, "object"),
            Value::Object(fields) if fields.is_empty() => self.add(path, "object"),
            Value::Object(fields) => {
                for (name, value) in fields {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    self.read(&below, value);
                }
            }
        }
    }

    /// One row for each field. An array that was empty once and not always, and the null of an object, say nothing more.
    fn rows(&self) -> Vec<(String, String)> {
        let has_parts = |path: &str| {
            let (list, object) = (format!("{path}[]"), format!("{path}."));
            self.0.iter().any(|(other, _)| other.starts_with(&list) || other.starts_with(&object))
        };
        let rows = self.0.iter().filter(|(path, _)| !has_parts(path));
        rows.map(|(path, kinds)| (path.clone(), kinds.iter().copied().collect::<Vec<_>>().join(" or "))).collect()
    }
}

/// A workspace with tools, runs of every kind, decisions and a buffer.
fn prepared() -> Workspace {
    let workspace = Workspace::new().with_bundled_tools().with_git();
    console::quicken(&workspace);
    workspace.json_of_human(&["reviews"]);
    for args in [
        &["run", "slugify", "A Title"][..],
        &["run", "divide", "--set", "a=1", "--set", "b=0"],
        &["mark-failure", "divide", "--scenario", "divide by zero"],
        &["buffer", "write", "{\"n\": 1}", "--buffer", "notes", "--strategy", "manual"],
        &["set", "basics", "slugify,divide"],
        &["check", "slugify"],
    ] {
        workspace.json_of_human(args);
    }
    workspace
}

/// The calls whose answers the page shows; `REVIEW` and `DIGEST` are those of `slugify`.
const CALLS: [&[&str]; 24] = [
    &["list"],
    &["list", "--problems"],
    &["show", "slugify"],
    &["search", "make a slug of a title"],
    &["source", "slugify"],
    &["run", "slugify", "A Title"],
    &["call", "make a slug of a title", "--set", "text=A Title", "--show"],
    &["runs"],
    &["output", "1"],
    &["behaviour", "slugify"],
    &["failures"],
    &["failures", "--marks"],
    &["scores"],
    &["reviews"],
    &["review", "REVIEW"],
    &["check", "slugify"],
    &["approve", "REVIEW", "--digest", "DIGEST", "--unread", "--reason", "small and read elsewhere"],
    &["wait", "REVIEW"],
    &["log"],
    &["verify"],
    &["grants"],
    &["sets"],
    &["buffer", "status"],
    &["doctor"],
];

/// Each call with the fields of its answer.
fn answers() -> Vec<(String, Fields)> {
    let workspace = prepared();
    let (reviews, _) = workspace.json(&["reviews"]);
    let review = reviews["reviews"].as_array().unwrap().iter().find(|review| review["tool"] == "slugify").unwrap();
    let (number, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap()[..12].to_owned());
    let mut found = Vec::new();
    for call in CALLS {
        let args: Vec<&str> = call
            .iter()
            .map(|word| match *word {
                "REVIEW" => number.as_str(),
                "DIGEST" => digest.as_str(),
                word => word,
            })
            .collect();
        let mut fields = Fields::default();
        let (answer, _) = workspace.json_of_human(&args);
        assert_eq!(answer.get("error"), None, "{args:?}: {answer:#}");
        fields.read("", &answer);
        found.push((call.iter().take_while(|word| !word.contains(' ')).copied().collect::<Vec<_>>().join(" "), fields));
    }
    let mut fields = Fields::default();
    fields.read("", &workspace.json(&["show", "nobody"]).0);
    found.push(("any call that fails".to_owned(), fields));
    found.push(("run slugify --jsonl".to_owned(), streamed(&workspace)));
    found
}

/// The fields of the events of a run.
fn streamed(workspace: &Workspace) -> Fields {
    let output = workspace.toolsmith(&["run", "slugify", "--set", "text=x", "--jsonl"]).output().unwrap();
    let mut fields = Fields::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        fields.read("", &serde_json::from_str(line).unwrap());
    }
    fields
}

/// Whether a section has a row for a field, for its parts, or for what it is a part of, which had no value then.
fn is_told(section: &str, path: &str) -> bool {
    let has = |row: String| section.contains(&row);
    let mut ends = path.match_indices(['.', '[']).map(|(at, _)| at);
    has(format!("| `{path}` |"))
        || has(format!("| `{path}[]"))
        || has(format!("| `{path}."))
        || ends.any(|at| has(format!("| `{}` |", &path[..at])))
}

const PAGE: &str = "docs/reference/json.md";

#[test]
fn every_field_of_an_answer_is_in_the_reference() {
    let answers = answers();
    if std::env::var_os("TOOLSMITH_BLESS").is_some() {
        let mut text = String::new();
        for (call, fields) in &answers {
            let _ = write!(text, "### `{call}`\n\n| field | type |\n| --- | --- |\n");
            for (path, kinds) in fields.rows() {
                let _ = writeln!(text, "| `{path}` | {kinds} |");
            }
            text.push('\n');
        }
        reference::hold(PAGE, "json", &text);
        return;
    }
    let page = pages::read(PAGE);
    let mut sections = page.split("\n### `").skip(1).collect::<Vec<_>>();
    for (call, fields) in &answers {
        let at = sections.iter().position(|section| section.starts_with(&format!("{call}`\n")));
        let section = sections.remove(at.unwrap_or_else(|| panic!("{PAGE} does not have {call}")));
        for (path, kinds) in fields.rows() {
            assert!(
                is_told(section, &path),
                "{PAGE}: {call}: {path} ({kinds}); TOOLSMITH_BLESS=1 cargo test writes it anew"
            );
        }
    }
    assert_eq!(sections, Vec::<&str>::new(), "{PAGE} tells of calls that nobody made");
}
