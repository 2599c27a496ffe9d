//! Tools of other servers of the Model Context Protocol: what a definition says of a server, and what is recorded of the
//! tools that it lists.

mod canonical;
mod command;
mod drift;
mod lock;
mod names;
mod order;
mod own;

pub use canonical::{canonical, has_large_integer, has_repeated_key, sha256_hex};
pub use command::command_fault;
pub use drift::{ToolChange, changes_of, differences, drift_of, drift_reason, found_in, other_programs};
pub use lock::{LOCK_FILE, LockError, LockedTool, MOST_LISTED, ServerProgram, ToolLock};
pub use names::{MemberName, member_names};
pub use order::{DRIFTED, McpCall, McpOrder};
pub use own::{OWN_INPUTS, is_own_list};

use super::http::HttpDefinition;
use super::name::ToolName;
use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The version of the protocol that a server is spoken to in.
    McpProtocol {
        /// The handshake first; requests that carry their own metadata where the server refuses it.
        Auto = "auto",
        /// The handshake with `initialize`.
        Handshake = "2025-06-18",
        /// Requests that carry their own metadata, after `server/discover`.
        Inline = "2026-07-28",
    }
);

/// What a definition says of a server beside its command, which is its recipe. A server with a URL has no recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpDefinition {
    /// The tools that are offered, by the names that the server gives them; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// How it is spoken to.
    pub protocol: McpProtocol,
    /// Where it is reached by HTTP; `None` for a server that is started. Each message is the body of this request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<HttpDefinition>,
    /// The name of the server's row, in the row of one tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ToolName>,
    /// The tool that a row of one tool is, by the name that the server gives it; `None` for the server itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

impl McpDefinition {
    /// Whether a tool of the server is offered.
    pub fn offers(&self, wire: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|chosen| chosen == wire)
    }
}
