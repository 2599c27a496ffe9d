//! A possible cause of a failed run of a tool without declared permissions: the sandbox hid an existing file, or there
//! was no network.

use crate::domain::{Answer, SafeText, Tool, Touch};
use crate::store::FinishedRun;
use serde_json::Value;
use std::path::Path;

/// The observer's name for the workspace folder.
const WORKSPACE: &str = "{workspace}/";

/// Maximum length of a path, in bytes.
const MAX_PATH: usize = 512;

/// The first input value that is the relative path of a file in this folder.
pub(super) fn relative_path(folder: &Path, input: Option<&Value>) -> Option<String> {
    let is_path = |text: &str| {
        let path = Path::new(text);
        !text.is_empty() && text.len() < MAX_PATH && path.is_relative() && folder.join(path).is_file()
    };
    match input? {
        Value::String(text) => is_path(text).then(|| text.clone()),
        Value::Array(items) => items.iter().find_map(|item| relative_path(folder, Some(item))),
        Value::Object(fields) => fields.values().find_map(|value| relative_path(folder, Some(value))),
        _ => None,
    }
}

/// The note for a failed run; `relative` is a path in its input, `folder` the workspace.
pub(super) fn note(folder: &Path, tool: &Tool, finished: &FinishedRun, relative: Option<&str>) -> Option<String> {
    if !finished.end.outcome().is_failure() {
        return None;
    }
    let attempts = finished.observation.iter().flat_map(|seen| &seen.attempts);
    let refused = || attempts.clone().filter(|one| one.answer != Answer::Allowed);
    let file = SafeText::new(&tool.declared_in());
    let in_workspace = refused().filter(|one| one.touch == Touch::Read).find_map(|one| {
        let path = one.target.strip_prefix(WORKSPACE)?;
        folder.join(path).is_file().then_some(path)
    });
    if let Some(path) = in_workspace {
        let path = SafeText::new(path);
        return Some(format!(
            "the sandbox hid {path}, because the tool declares no files; write [permissions] and read = [\"{WORKSPACE}{path}\"] into {file}, and approve it"
        ));
    }
    if let Some(path) = relative {
        let path = SafeText::new(path);
        return Some(format!(
            "a run starts in a folder of its own: give the whole path of {path}, write [permissions] and read = [\"{WORKSPACE}{path}\"] into {file}, and approve the tool"
        ));
    }
    let is_network = refused().any(|one| matches!(one.touch, Touch::Connect | Touch::Resolve));
    is_network.then(|| {
        format!("the run had no network, because the tool declares none; write [permissions] and network = \"full\" into {file}, and approve it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_in_an_input_is_found_by_the_file_that_is_there() {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("a.txt"), "x").unwrap();
        let of = |input: Value| relative_path(place.path(), Some(&input));
        assert_eq!(of(json!({"n": 1, "files": ["none", "a.txt"]})).as_deref(), Some("a.txt"));
        assert_eq!(of(json!({"path": place.path().join("a.txt")})), None);
        assert_eq!(of(json!({"words": ["", ".", "a"]})), None);
    }
}
