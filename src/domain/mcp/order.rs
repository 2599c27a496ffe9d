//! The order for the client in the sandbox of a run.

use super::McpProtocol;
use super::lock::{ServerProgram, ToolLock};
use crate::domain::http::HttpDefinition;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The exit code of the client if the tool differs from its recorded definition: nothing was called.
pub const DRIFTED: i32 = 4;

/// The order for the client in the sandbox of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McpOrder {
    /// The name of the server's row, for messages.
    pub server: String,
    /// The server's program and its arguments; empty if it is reached by HTTP.
    pub command: Vec<String>,
    /// Its HTTP endpoint.
    pub remote: Option<HttpDefinition>,
    /// The time limit for everything, in milliseconds.
    pub limit_ms: u64,
    /// The program files of the server that are not part of its version.
    pub programs: Vec<ServerProgram>,
    /// The protocol version.
    pub protocol: McpProtocol,
    /// The call; `None` to list the tools.
    pub call: Option<McpCall>,
}

/// A call of one tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct McpCall {
    /// The name of the tool on the server.
    pub tool: String,
    /// The input object.
    pub arguments: Value,
    /// The recorded list of the server.
    pub lock: ToolLock,
}
