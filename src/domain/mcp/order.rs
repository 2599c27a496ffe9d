//! What the client in the sandbox of a run is told to do.

use super::McpProtocol;
use super::lock::{ServerProgram, ToolLock};
use crate::domain::http::HttpDefinition;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the client exits with when the tool is not as it was recorded: nothing was called.
pub const DRIFTED: i32 = 4;

/// What the client in the sandbox of a run is told to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McpOrder {
    /// The name of the server's row, for what is told.
    pub server: String,
    /// The server's program and its arguments; empty for one that is reached by HTTP.
    pub command: Vec<String>,
    /// Where it is reached by HTTP.
    pub remote: Option<HttpDefinition>,
    /// How long all of it may take, in milliseconds.
    pub limit_ms: u64,
    /// The files that it is started from, as far as they are no part of its version.
    pub programs: Vec<ServerProgram>,
    /// How it is spoken to.
    pub protocol: McpProtocol,
    /// The call; `None` to list the tools.
    pub call: Option<McpCall>,
}

/// A call of one tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McpCall {
    /// The tool, by the name that the server gives it.
    pub tool: String,
    /// The input object.
    pub arguments: Value,
    /// What was recorded of the server.
    pub lock: ToolLock,
}
