//! The content of a skill for the agent that uses it.

use super::Library;
use crate::catalog;
use crate::domain::{Tool, ToolDetail};
use crate::engine::core;
use crate::engine::error::EngineError;
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

    /// Why an agent does not get the text of a skill: its present files are not approved. `None` if they are.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn skill_doubt(&self, tool: &Tool) -> Result<Option<String>, EngineError> {
        if let Some(doubt) = self.engine.integrity().doubt(tool)? {
            return Ok(Some(doubt.to_caller(tool).why));
        }
        let is_approved = self.workspace.read(|q| Ok(core::Approvals::read(q)?.covers(tool)))?;
        Ok((!is_approved).then(|| format!("no human has approved {}", tool.name)))
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
