//! The content of a skill for the agent that uses it.

use super::Library;
use crate::catalog;
use crate::domain::ToolDetail;
use serde::Serialize;
use serde_json::Value;

/// The text of a skill, and its requests to its client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkillText {
    /// The stated licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The tools that it asks its client to allow. Nothing is granted here.
    #[serde(rename = "allowed-tools", skip_serializing_if = "Option::is_none")]
    pub allowed_tools: Option<String>,
    /// The text after the frontmatter.
    pub body: String,
}

impl Library<'_> {
    /// The text of a skill; `None` for any other tool.
    pub fn skill_text(&self, tool: &ToolDetail) -> Option<SkillText> {
        let body = catalog::skill_body(tool)?;
        let field = |key: &str| tool.manifest.extra.get(key).map(words).filter(|text| !text.is_empty());
        Some(SkillText { license: field("license"), allowed_tools: field("allowed-tools"), body })
    }
}

/// A text, or the texts of a list.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
