//! Tools of other servers of the Model Context Protocol: the definition of a server, and the recorded list of its
//! tools.

mod canonical;
mod command;
mod drift;
mod lock;
mod names;
mod order;
mod own;

pub use canonical::{canonical, has_large_integer, has_repeated_key, sha256_hex};
pub use command::command_fault;
pub use drift::{
    ToolChange, changes_of, differences, drift_of, drift_reason, found_in, later_reason, other_drifts, other_programs,
};
pub use lock::{LOCK_FILE, LockError, LockedTool, MOST_LISTED, ServerProgram, ToolLock};
pub use names::{MemberName, member_names};
pub use order::{DRIFTED, McpCall, McpOrder};
pub use own::{OWN_INPUTS, is_own_list};

use super::http::HttpDefinition;
use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The protocol version for talking to a server.
    McpProtocol {
        /// The handshake first; requests with their own metadata if the server refuses it.
        Auto = "auto",
        /// The handshake with `initialize`.
        Handshake = "2025-06-18",
        /// Requests with their own metadata, after `server/discover`.
        Inline = "2026-07-28",
    }
);

/// The definition of a server apart from its command, which is its recipe. A server with a URL has no recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpDefinition {
    /// The offered tools, by their names on the server; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// The protocol version.
    pub protocol: McpProtocol,
    /// Its HTTP endpoint; `None` for a server that is started. Each message is the body of this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<HttpDefinition>,
    /// The name of the server's row, in the row of one tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ToolName>,
    /// For the row of one tool: its name on the server; `None` for the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

impl McpDefinition {
    /// Whether a tool of the server is offered.
    pub fn offers(&self, wire: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|chosen| chosen == wire)
    }
}
