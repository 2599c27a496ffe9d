//! What is next to vouched tools on disk: reading `approval.toml`.

use crate::domain::Placement;
use crate::domain::{Problem, ProblemCode, Tool, ToolName, VersionFile};
use crate::engine::Integrity;
use crate::engine::core::Placed;
use crate::engine::core::{APPROVAL_FILE, Beside};
use crate::engine::error::EngineError;
use crate::engine::small_file::read_beside;
use std::sync::Arc;

impl Integrity<'_> {
    /// The state that commands change, one row a line, sorted; what undo brings back is equal to this.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn state_lines(&self) -> Result<Vec<String>, EngineError> {
        self.workspace.read(|q| Ok(q.state_lines()?))
    }

    /// Who approved a tool, by what is next to it; `None` when nothing readable does.
    pub(in crate::engine) fn reviewer_beside(&self, tool: &Tool) -> Option<String> {
        let Beside::Text(text) = self.beside(&tool.placement) else { return None };
        super::signing::Claim::read(&text).ok().map(|claim| claim.fields.reviewer)
    }

    /// What is next to a tool under the name `approval.toml`. What is not a readable text counts as unknown: it is
    /// neither kept nor believed.
    pub(in crate::engine) fn beside(&self, placement: &Placement) -> Beside {
        if !placement.exclusive {
            return Beside::Unknown;
        }
        read_beside(&self.workspace.folder().join(&placement.base).join(APPROVAL_FILE))
    }

    /// A tool where the catalog found it, with what is next to it.
    pub(in crate::engine) fn placed(&self, tool: &Tool, files: &[VersionFile]) -> Placed {
        Placed { approval: self.beside(&tool.placement), ..Placed::of(tool, files) }
    }

    /// That tools here were approved by this very reviewer, in a log that is not here: it was lost, or is elsewhere.
    /// `None` if the log has entries.
    pub(in crate::engine) fn approved_elsewhere(&self, tools: &[Arc<Tool>]) -> Result<Option<Problem>, EngineError> {
        if self.workspace.viewing.is_some() || !tools.iter().any(|tool| tool.stage.is_vouched()) {
            return Ok(None);
        }
        if self.workspace.read(|q| Ok(q.has_log()?))? {
            return Ok(None);
        }
        let me = self.workspace.identity();
        let by_me = |tool: &&Arc<Tool>| self.reviewer_beside(tool).is_some_and(|reviewer| reviewer == me);
        let named: Vec<&ToolName> = tools
            .iter()
            .filter(|tool| tool.stage.is_vouched() && tool.server.is_none())
            .filter(by_me)
            .map(|tool| &tool.name)
            .collect();
        let Some(first) = named.first() else { return Ok(None) };
        let more = if named.len() > 1 { format!(" and {} more", named.len() - 1) } else { String::new() };
        let verb = if named.len() > 1 { "were" } else { "was" };
        let message = format!(
            "{first}{more} {verb} approved by you in a log that is missing: the state of this workspace was lost, or is on another machine"
        );
        let hint = "adopt them again, or restore the state folder; `toolsmith doctor` shows its path";
        Ok(Some(Problem {
            path: self.workspace.state_dir.display().to_string(),
            line: None,
            code: ProblemCode::State,
            message,
            hint: hint.to_owned(),
        }))
    }
}
