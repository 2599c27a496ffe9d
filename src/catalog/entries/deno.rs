//! `deno.json`: one tool for each of its `tasks`.

use super::{Entry, RecipeNeeds, is_private, words};
use crate::catalog::document::{self, Document, Syntax};
use crate::domain::{Problem, VersionFile};
use serde_json::Value;

pub(super) fn is_one(name: &str) -> bool {
    matches!(name, "deno.json" | "deno.jsonc")
}

/// Reads the tasks of a project of Deno.
///
/// # Errors
/// A [`Problem`] for bad JSON.
pub(super) fn read(file: &VersionFile) -> Result<Vec<Entry>, Problem> {
    let text = without_comments(document::text(&file.path, &file.bytes)?);
    let document = Document::parse(&file.path, Syntax::Json, text.as_bytes())?;
    let tasks = document.fields.get("tasks").and_then(Value::as_object).into_iter().flatten();
    let entry = |(name, task): (&String, &Value)| {
        let runs = task.as_str().or_else(|| task.get("command").and_then(Value::as_str)).unwrap_or_default();
        let described = task.get("description").and_then(Value::as_str).unwrap_or_default();
        (task.is_string() || task.is_object()).then(|| Entry {
            name: name.clone(),
            description: described.to_owned(),
            runs: runs.to_owned(),
            needs: RecipeNeeds::of(runs, &|_| None),
            command: [words(["deno", "task", "--config", "{file}"]), vec![name.clone()]].concat(),
            ..Entry::default()
        })
    };
    Ok(tasks.filter(|(name, _)| !is_private(name)).filter_map(entry).collect())
}

/// The text with a blank for each byte of a comment, and for commas before the end of a list: JSON has neither.
fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut comma) = (0, None);
    while at < bytes.len() {
        let from = at;
        match (bytes[at], bytes.get(at + 1)) {
            (b'"', _) => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                (at, comma) = (at + 1, None);
            }
            (b'/', Some(b'/' | b'*')) => {
                let end: &[u8] = if bytes[at + 1] == b'/' { b"\n" } else { b"*/" };
                let found = memchr::memmem::find(&bytes[at + 2..], end);
                at = found.map_or(bytes.len(), |found| at + 2 + found + end.len());
                bytes[from..at].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            }
            (b',', _) => (at, comma) = (at + 1, Some(at)),
            (b'}' | b']', _) => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
                at += 1;
            }
            (byte, _) => {
                if !byte.is_ascii_whitespace() {
                    comma = None;
                }
                at += 1;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    #[test]
    fn tasks_of_deno_are_entries() {
        let text = "{\n  // All \"tasks\"\n  \"imports\": {\"a\": \"https://x.y/z//\"}, /* é */\n  \"tasks\": {\n    \
            \"test\": \"deno test -A\",\n    \"build\": {\"command\": \"deno run b.ts\", \"description\": \"Builds it\"},\n    \"_own\": \"x\",\n  },\n}\n";
        let file = |text: &str| VersionFile { path: "deno.jsonc".into(), mode: FileMode::Plain, bytes: text.into() };
        let entries = read(&file(text)).unwrap();
        let told: Vec<(&str, &str, &str)> =
            entries.iter().map(|one| (one.name.as_str(), one.description.as_str(), one.runs.as_str())).collect();
        assert_eq!(told, [("test", "", "deno test -A"), ("build", "Builds it", "deno run b.ts")]);
        assert_eq!(entries[1].command, ["deno", "task", "--config", "{file}", "build"]);
        assert_eq!(entries[1].needs.files, ["b.ts"]);
        assert_eq!(read(&file("{\"imports\": {}}")).unwrap(), []);
        assert_eq!(read(&file("{\n\"tasks\": [")).unwrap_err().line, Some(2));
    }
}
