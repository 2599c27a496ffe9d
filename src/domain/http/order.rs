//! The order for the process that sends a request.

use super::definition::HttpDefinition;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A request to send: its definition and the input. Variables are those of the process that sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpOrder {
    /// The tool's definition.
    pub definition: HttpDefinition,
    /// The input of the run.
    pub input: Map<String, Value>,
    /// The schema of the input, for defaults and names.
    pub schema: Option<Value>,
}
