//! What was recorded of a server when a human had it list its tools: `mcp.lock.json` beside its definition.

use super::canonical::{canonical, sha256_hex};
use crate::domain::digest::{FileMode, VersionFile};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The file, beside the definition of the server.
pub const LOCK_FILE: &str = "mcp.lock.json";

/// Tools that a server may list.
pub const MOST_LISTED: usize = 500;

/// The format that is read and written.
const FORMAT: u32 = 1;

/// A list of tools as it came over the wire, with a digest of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolLock {
    /// Counts up with the format.
    pub format: u32,
    /// The version of the protocol that the server answered with.
    pub protocol: String,
    /// What the server says that it is, as it came.
    #[serde(default)]
    pub server: Value,
    /// What the server tells models about its use; empty where it tells nothing.
    #[serde(default)]
    pub instructions: String,
    /// The program that was started, where it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ServerProgram>,
    /// The tools in the order of the server.
    pub tools: Vec<LockedTool>,
}

/// The program of a server when its tools were recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerProgram {
    /// Where it is, as its run sees it.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// One tool, as it came over the wire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockedTool {
    /// SHA-256 over the canonical form (RFC 8785) of the whole object.
    pub sha256: String,
    /// The whole object.
    pub tool: Value,
}

/// Why a list is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The file is no list of this format.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A tool is not what its digest says.
    #[error("the tool {0} does not match its digest: the file was edited")]
    Edited(String),
    /// A tool has no name.
    #[error("a tool has no name")]
    Unnamed,
    /// Two tools have one name.
    #[error("it has two tools called {0}")]
    Twice(String),
    /// More tools than are recorded.
    #[error("it lists more than {MOST_LISTED} tools")]
    TooMany,
}

impl LockedTool {
    /// Records a tool.
    pub fn of(tool: Value) -> LockedTool {
        LockedTool { sha256: sha256_hex(canonical(&tool).as_bytes()), tool }
    }

    /// The name that the server gives it; empty where it has none.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// What the server says that it does; empty where it says nothing.
    pub fn description(&self) -> &str {
        self.text("description")
    }

    /// The JSON Schema of its input or output, where it is an object.
    pub fn schema(&self, key: &str) -> Option<&Value> {
        self.tool.get(key).filter(|schema| schema.is_object())
    }

    /// Whether the server says that a second call with the same input changes nothing more.
    pub fn is_idempotent(&self) -> Option<bool> {
        let hints = self.tool.get("annotations")?;
        let reads = hints.get("readOnlyHint").and_then(Value::as_bool) == Some(true);
        let idempotent = hints.get("idempotentHint").and_then(Value::as_bool);
        if reads { Some(true) } else { idempotent }
    }

    fn text(&self, key: &str) -> &str {
        self.tool.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

impl ToolLock {
    /// Records a list.
    ///
    /// # Errors
    /// [`LockError`] when it cannot stand for a list: a tool without a name, a name twice, too many tools.
    pub fn of(
        protocol: String,
        (server, instructions): (Value, String),
        program: Option<ServerProgram>,
        tools: Vec<Value>,
    ) -> Result<ToolLock, LockError> {
        let tools = tools.into_iter().map(LockedTool::of).collect();
        let lock = ToolLock { format: FORMAT, protocol, server, instructions, program, tools };
        lock.checked()
    }

    /// The list among the files of a version; `None` where there is none.
    pub fn in_files(files: &[VersionFile]) -> Option<Result<ToolLock, LockError>> {
        let file = files.iter().find(|file| file.path == LOCK_FILE)?;
        Some(ToolLock::parse(&file.bytes))
    }

    /// Reads a list, and checks it.
    ///
    /// # Errors
    /// [`LockError`] when it is none, or was edited.
    pub fn parse(bytes: &[u8]) -> Result<ToolLock, LockError> {
        let lock: ToolLock = serde_json::from_slice(bytes).map_err(|error| LockError::Unreadable(error.to_string()))?;
        if lock.format != FORMAT {
            return Err(LockError::Unreadable(format!("the format {} is unknown", lock.format)));
        }
        for locked in &lock.tools {
            if LockedTool::of(locked.tool.clone()).sha256 != locked.sha256 {
                return Err(LockError::Edited(locked.name().to_owned()));
            }
        }
        lock.checked()
    }

    fn checked(self) -> Result<ToolLock, LockError> {
        if self.tools.len() > MOST_LISTED {
            return Err(LockError::TooMany);
        }
        let mut names: Vec<&str> = self.tools.iter().map(LockedTool::name).collect();
        names.sort_unstable();
        if names.first().is_some_and(|name| name.is_empty()) {
            return Err(LockError::Unnamed);
        }
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(LockError::Twice(pair[0].to_owned()));
        }
        Ok(self)
    }

    /// The tool that the server calls so.
    pub fn tool(&self, wire: &str) -> Option<&LockedTool> {
        self.tools.iter().find(|tool| tool.name() == wire)
    }

    /// The file that holds the list, one key a line so that a difference can be read.
    pub fn file(&self) -> VersionFile {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        VersionFile { path: LOCK_FILE.to_owned(), mode: FileMode::Plain, bytes: text.into_bytes() }
    }

    /// Every text that a model may read, with where it stands: `instructions`, `create_issue description`.
    pub fn texts(&self) -> Vec<(String, String)> {
        let mut found = vec![("the instructions of the server".to_owned(), self.instructions.clone())];
        for locked in &self.tools {
            let name = locked.name();
            found.push((format!("the name of the tool {name}"), name.to_owned()));
            collect(&format!("the tool {name}"), &locked.tool, 0, &mut found);
        }
        found.retain(|(_, text)| !text.trim().is_empty());
        found
    }
}

/// Deeper parts are not read as text for people; they are part of the digest in any case.
const MOST_DEPTH: usize = 32;

fn collect(at: &str, value: &Value, depth: usize, found: &mut Vec<(String, String)>) {
    if depth > MOST_DEPTH {
        return;
    }
    match value {
        Value::String(text) => found.push((at.to_owned(), text.clone())),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| collect(&format!("{at}/{index}"), item, depth + 1, found));
        }
        Value::Object(fields) => fields_of(at, fields, depth, found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fields_of(at: &str, fields: &Map<String, Value>, depth: usize, found: &mut Vec<(String, String)>) {
    for (key, value) in fields.iter().filter(|(key, _)| depth > 0 || *key != "name") {
        let at = if depth == 0 { format!("{at}: {key}") } else { format!("{at}/{key}") };
        if depth > 0 {
            // A name of an input is read as well.
            found.push((format!("{at} (the key)"), key.clone()));
        }
        collect(&at, value, depth + 1, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lock(tools: Vec<Value>) -> Result<ToolLock, LockError> {
        ToolLock::of("2025-06-18".to_owned(), (json!({"name": "x"}), String::new()), None, tools)
    }

    #[test]
    fn a_list_is_read_as_it_was_written_and_not_when_it_was_edited() {
        let made =
            lock(vec![json!({"name": "a", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": true}})]);
        let made = made.unwrap();
        assert_eq!(ToolLock::parse(&made.file().bytes).unwrap(), made);
        assert_eq!(made.tool("a").unwrap().is_idempotent(), Some(true));
        let text = String::from_utf8(made.file().bytes).unwrap();
        let edited = text.replace("\"readOnlyHint\": true", "\"readOnlyHint\": false");
        assert_ne!(edited, text);
        assert_eq!(ToolLock::parse(edited.as_bytes()), Err(LockError::Edited("a".to_owned())));
        assert!(matches!(ToolLock::parse(b"[]"), Err(LockError::Unreadable(_))));
        assert!(matches!(
            ToolLock::parse(b"{\"format\": 9, \"protocol\": \"\", \"tools\": []}"),
            Err(LockError::Unreadable(_))
        ));
    }

    #[test]
    fn names_are_there_once_and_lists_end() {
        assert_eq!(lock(vec![json!({"name": "a"}), json!({"name": "a"})]), Err(LockError::Twice("a".to_owned())));
        assert_eq!(lock(vec![json!({"title": "a"})]), Err(LockError::Unnamed));
        let many = (0..=MOST_LISTED).map(|number| json!({"name": number.to_string()})).collect();
        assert_eq!(lock(many), Err(LockError::TooMany));
    }

    #[test]
    fn every_text_of_a_tool_is_found() {
        let made = lock(vec![
            json!({"name": "a", "description": "D", "inputSchema": {"properties": {"odd key": {"description": "deep"}}}, "_meta": {"x": ["y"]}}),
        ]);
        let texts: Vec<String> = made.unwrap().texts().into_iter().map(|(_, text)| text).collect();
        for text in ["a", "D", "odd key", "deep", "y"] {
            assert!(texts.iter().any(|found| found == text), "{text}: {texts:?}");
        }
    }
}
