//! The recorded list of a server's tools: `mcp.lock.json` next to its definition.

use super::canonical::{canonical, sha256_hex};
use crate::domain::digest::{FileMode, VersionFile};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name of the file, next to the definition of the server.
pub const LOCK_FILE: &str = "mcp.lock.json";

/// The maximum number of tools in a list.
pub const MOST_LISTED: usize = 500;

/// The format that is read and written.
const FORMAT: u32 = 1;

/// A list of tools as received, with a digest of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolLock {
    /// Counts up with the format.
    pub format: u32,
    /// The version of the protocol that the server answered with.
    pub protocol: String,
    /// The server's description of itself, as received.
    #[serde(default)]
    pub server: Value,
    /// The server's capabilities; null in a list that was recorded by an earlier release.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub capabilities: Value,
    /// The server's instructions for models; empty if there are none.
    #[serde(default)]
    pub instructions: String,
    /// The program files of the server that are not part of its version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ServerProgram>,
    /// The tools in the order of the server.
    pub tools: Vec<LockedTool>,
}

/// A program file of a server, as it was when its tools were recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerProgram {
    /// Its path, as seen in its run.
    pub path: String,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// One tool, as received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockedTool {
    /// SHA-256 of the canonical form (RFC 8785) of the whole object as received.
    pub sha256: String,
    /// SHA-256 of the stored object, if texts in it were redacted as secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted_sha256: Option<String>,
    /// The whole object.
    pub tool: Value,
}

/// Why a list is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// The file is not a list of this format.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// A tool does not match its digest.
    #[error("the tool {0} does not match its digest: the file was edited")]
    Edited(String),
    /// A tool has no name.
    #[error("a tool has no name")]
    Unnamed,
    /// Two tools have the same name.
    #[error("it has two tools called {0}")]
    Twice(String),
    /// Too many tools.
    #[error("it lists more than {MOST_LISTED} tools")]
    TooMany,
}

impl LockedTool {
    /// Records a tool.
    pub fn of(tool: Value) -> LockedTool {
        LockedTool { sha256: digest_of(&tool), redacted_sha256: None, tool }
    }

    /// Its name on the server; empty if it has none.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Its description from the server; empty if there is none.
    pub fn description(&self) -> &str {
        self.text("description")
    }

    /// The JSON Schema of its input or output, if it is an object.
    pub fn schema(&self, key: &str) -> Option<&Value> {
        self.tool.get(key).filter(|schema| schema.is_object())
    }

    /// Whether the server states that a second call with the same input has no further effect.
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
    /// [`LockError`] if the list is invalid: a tool without a name, a repeated name, too many tools.
    pub fn of(
        protocol: String,
        (server, instructions): (Value, String),
        programs: Vec<ServerProgram>,
        tools: Vec<Value>,
    ) -> Result<ToolLock, LockError> {
        let tools = tools.into_iter().map(LockedTool::of).collect();
        let capabilities = Value::Null;
        let lock = ToolLock { format: FORMAT, protocol, server, capabilities, instructions, programs, tools };
        lock.checked()
    }

    /// The same list with the server's capabilities.
    pub fn with_capabilities(self, capabilities: Value) -> ToolLock {
        ToolLock { capabilities, ..self }
    }

    /// The list among the files of a version; `None` if there is none.
    pub fn in_files(files: &[VersionFile]) -> Option<Result<ToolLock, LockError>> {
        let file = files.iter().find(|file| file.path == LOCK_FILE)?;
        Some(ToolLock::parse(&file.bytes))
    }

    /// Reads and verifies a list.
    ///
    /// # Errors
    /// [`LockError`] if it is invalid, or was edited.
    pub fn parse(bytes: &[u8]) -> Result<ToolLock, LockError> {
        let lock = ToolLock::read(bytes)?;
        for locked in &lock.tools {
            if digest_of(&locked.tool) != *locked.redacted_sha256.as_ref().unwrap_or(&locked.sha256) {
                return Err(LockError::Edited(locked.name().to_owned()));
            }
        }
        lock.checked()
    }

    /// Reads a list that was written a moment ago and in which secrets were redacted since then: the digests are those
    /// of the tools as received.
    ///
    /// # Errors
    /// [`LockError`] if it is invalid.
    pub fn received(bytes: &[u8]) -> Result<ToolLock, LockError> {
        let mut lock = ToolLock::read(bytes)?;
        for locked in &mut lock.tools {
            let kept = digest_of(&locked.tool);
            locked.redacted_sha256 = (kept != locked.sha256).then_some(kept);
        }
        lock.checked()
    }

    fn read(bytes: &[u8]) -> Result<ToolLock, LockError> {
        let lock: ToolLock = serde_json::from_slice(bytes).map_err(|error| LockError::Unreadable(error.to_string()))?;
        if lock.format != FORMAT {
            return Err(LockError::Unreadable(format!("the format {} is unknown", lock.format)));
        }
        Ok(lock)
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

    /// The tool with this name on the server.
    pub fn tool(&self, wire: &str) -> Option<&LockedTool> {
        self.tools.iter().find(|tool| tool.name() == wire)
    }

    /// The file with the list, one key per line so that differences are readable.
    pub fn file(&self) -> VersionFile {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        VersionFile { path: LOCK_FILE.to_owned(), mode: FileMode::Plain, bytes: text.into_bytes() }
    }

    /// Every text that a model may read, with its place: `instructions`, `create_issue description`.
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

fn digest_of(tool: &Value) -> String {
    sha256_hex(canonical(tool).as_bytes())
}

/// The maximum depth for texts; deeper parts are still part of the digest.
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
            // The name of an input is text, too.
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
        ToolLock::of("2025-06-18".to_owned(), (json!({"name": "x"}), String::new()), Vec::new(), tools)
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
    fn a_redacted_tool_keeps_the_digest_of_what_came() {
        let came = lock(vec![json!({"name": "a", "description": "key abc"}), json!({"name": "b"})]).unwrap();
        let text = String::from_utf8(came.file().bytes).unwrap().replace("abc", "[redacted KEY]");
        assert_eq!(ToolLock::parse(text.as_bytes()), Err(LockError::Edited("a".to_owned())));
        let kept = ToolLock::received(text.as_bytes()).unwrap();
        assert_eq!(kept.tools[0].sha256, came.tools[0].sha256);
        assert!(kept.tools[0].redacted_sha256.is_some() && kept.tools[1].redacted_sha256.is_none());
        assert_eq!(ToolLock::parse(&kept.file().bytes).unwrap(), kept);
        let edited = String::from_utf8(kept.file().bytes).unwrap().replace("key [", "no key [");
        assert_eq!(ToolLock::parse(edited.as_bytes()), Err(LockError::Edited("a".to_owned())));
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
