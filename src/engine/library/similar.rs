//! Finds tools that resemble a given tool, so that a human does not approve the same function twice.

use super::shelf::Shelf;
use crate::check;
use crate::domain::description::{Describe, Description, Ink, StyledLine};
use crate::domain::{Digest, Stage, Tool, ToolName, percent};
use crate::engine::Library;
use crate::engine::error::EngineError;
use crate::engine::plain_verb::{Described, PlainQuery, argument};
use crate::insight::alike::OPEN;
use serde::Serialize;

/// The maximum number of similar tools.
const LIMIT: usize = 20;

/// A tool that resembles another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarTool {
    /// Name of the similar tool.
    pub name: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Covers every file of the version.
    pub digest: Digest,
    /// Stage of the folder that it is in.
    pub stage: Stage,
    /// Path of its definition, relative to the workspace.
    pub path: String,
    /// The similarity, 0 to 1; 1 is a copy. The check for duplicates and upkeep use the same figure.
    pub likeness: f64,
    /// Whether one can replace the other, by the same rule as in the check for duplicates and in upkeep.
    pub near: bool,
    /// Whether all files are equal.
    pub copy: bool,
    /// What both have in common, one line.
    pub why: String,
    /// Its description.
    pub description: String,
}

/// The tools that resemble a given tool.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimilarTools {
    /// Name of the given tool.
    pub tool: ToolName,
    /// The similar tools, the most similar first.
    pub similar: Vec<SimilarTool>,
}

/// Lists the tools that resemble a given tool.
pub(super) const SIMILAR: PlainQuery = PlainQuery {
    name: "similar",
    needs_catalog: true,
    answer: |engine, call, _| {
        let tool = engine.library().resolve(argument(call, "tool")?)?;
        Described::of(&SimilarTools { tool: tool.name.clone(), similar: engine.library().similar(&tool)? })
    },
};

impl Describe for SimilarTools {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        if self.similar.is_empty() {
            told.summary(format!("no tool is similar to {}", self.tool));
        }
        for similar in &self.similar {
            let ink = if similar.near { Ink::Warn } else { Ink::Plain };
            let verdict = if similar.near && !similar.copy { "  near duplicate" } else { "" };
            let percent = format!("{:>5}  ", percent(similar.likeness));
            let head = StyledLine::new().put(ink, percent).put(Ink::Strong, similar.name.as_str());
            let place = format!(" {}  {}  {}{verdict}", similar.version, similar.stage, similar.path);
            told.line(head.put(Ink::Dim, place).leading_to(&similar.path));
            let about = similar.description.lines().next().unwrap_or_default();
            if !about.is_empty() {
                told.detail(Ink::Plain, about);
            }
            told.detail(Ink::Dim, &similar.why);
        }
        told
    }
}

impl Library<'_> {
    /// The tools that resemble a tool, the most similar first, without versions of its own name.
    ///
    /// # Errors
    ///
    /// Those of [`Self::detail`].
    pub fn similar(&self, tool: &Tool) -> Result<Vec<SimilarTool>, EngineError> {
        let detail = self.detail(tool)?;
        let all = check::similar(&detail, &Shelf::of(self.engine), OPEN, LIMIT);
        let rows = all.into_iter().map(|similar| {
            let tool = similar.tool;
            SimilarTool {
                name: tool.name.clone(),
                version: tool.version.clone(),
                digest: tool.digest,
                stage: tool.stage,
                path: tool.path.clone(),
                likeness: similar.likeness.likeness,
                near: similar.likeness.is_near(),
                copy: similar.is_copy,
                why: similar.likeness.why,
                description: tool.description.clone(),
            }
        });
        Ok(rows.collect())
    }
}
