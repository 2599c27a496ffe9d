//! An input of a tool in a specification.

use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

words!(
    /// The type of a parameter, in the words of JSON Schema.
    ParameterType {
        /// JSON string.
        String = "string",
        /// JSON number without a fraction.
        Integer = "integer",
        /// JSON number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// JSON array of any items.
        Array = "array",
        /// JSON object with any members.
        Object = "object",
    }
);

impl ParameterType {
    /// The type for a type name of a programming language.
    pub fn meant(text: &str) -> Option<ParameterType> {
        let word = text.trim().trim_matches('`').to_ascii_lowercase();
        let word = word.split(['[', '<']).next().unwrap_or_default().trim();
        match word {
            "string" | "str" | "text" | "path" | "file" | "filename" | "url" | "uri" | "date" | "datetime" | "char"
            | "filepath" | "file path" => Some(ParameterType::String),
            "integer" | "int" | "i32" | "i64" | "u32" | "u64" | "long" => Some(ParameterType::Integer),
            "number" | "float" | "double" | "decimal" | "numeric" => Some(ParameterType::Number),
            "boolean" | "bool" | "flag" | "switch" => Some(ParameterType::Boolean),
            "array" | "list" | "tuple" | "set" | "sequence" => Some(ParameterType::Array),
            "object" | "dict" | "map" | "record" | "mapping" | "json" => Some(ParameterType::Object),
            _ => None,
        }
    }
}

/// The words of a sentence from which an input was derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputSource {
    /// Name of the input.
    pub input: String,
    /// The words about it.
    pub words: String,
    /// Whether these words name a type; otherwise text is assumed.
    pub is_typed: bool,
}

impl fmt::Display for InputSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_typed {
            write!(f, "read from \"{}\"", self.words)
        } else {
            write!(f, "assumed: \"{}\" names no type", self.words)
        }
    }
}

/// A parameter of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputParameter {
    /// Key of the input object.
    pub name: String,
    /// Type that the schema requires.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
    /// Its constraints: keywords of JSON Schema; free text is under `$comment`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub constraints: Map<String, Value>,
}

impl fmt::Display for InputParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.kind)?;
        match self.constraints.get("default") {
            Some(default) => write!(f, " = {default}"),
            None if self.required => Ok(()),
            None => f.write_str(", optional"),
        }
    }
}
