//! The interpreter of a version: the present one, and the one at its approval.

use crate::domain::{Digest, InterpreterFacts, Missing, Review, SafeText, Stage, Tool, ToolDetail};
use crate::engine::Dependencies;
use crate::engine::error::EngineError;
use crate::engine::view::{EvidenceLine, Weight};
use crate::runner::{self, CommandView, Need, Sources};

/// Where the programs of a tool may come from: those of approved tools do not depend on the caller's `PATH`.
pub(super) fn sources_of(stage: Stage) -> Sources {
    if stage == Stage::Experimental { Sources::Caller } else { Sources::System }
}

/// The change between two states of an interpreter, one line; `None` if there is none.
fn change(before: &InterpreterFacts, now: &InterpreterFacts) -> Option<String> {
    let shown = |facts: &InterpreterFacts| {
        let version = if facts.version.is_empty() { String::new() } else { format!(" {}", facts.version) };
        SafeText::new(&format!("{}{version} ({})", facts.path, facts.digest.short())).to_string()
    };
    let is_same = before.path == now.path && before.digest == now.digest;
    (!is_same)
        .then(|| format!("its interpreter changed since it was approved: {} then, {} now", shown(before), shown(now)))
}

impl Dependencies<'_> {
    /// The requirements of a version that are missing on this machine, determined now: reads its sources, and queries
    /// an interpreter the first time.
    pub fn missing(&self, detail: &ToolDetail) -> Vec<Missing> {
        self.with_need(detail, sources_of(detail.tool.stage), runner::missing)
    }

    /// The missing requirements once it is approved, when the caller's `PATH` is ignored.
    pub(in crate::engine) fn missing_approved(&self, detail: &ToolDetail) -> Vec<Missing> {
        self.with_need(detail, Sources::System, runner::missing)
    }

    /// Calls `ask` with the requirements of a version.
    pub(super) fn with_need<T>(&self, detail: &ToolDetail, sources: Sources, ask: impl FnOnce(&Need<'_>) -> T) -> T {
        ask(&Need {
            manifest: &detail.manifest,
            files: &detail.files,
            origin: &self.engine.runs().origin(&detail.tool),
            workspace: self.workspace.folder(),
            interpreters: &self.workspace.interpreters,
            environments: &self.workspace.options.home.environments(),
            sources,
        })
    }

    /// The parts of a version's command line, as a run would find them now.
    pub fn command_view(&self, detail: &ToolDetail) -> CommandView {
        let level = self.workspace.machine.level();
        self.with_need(detail, sources_of(detail.tool.stage), |need| runner::command_view(need, level))
    }

    /// The interpreter of a version once it is approved.
    pub(super) fn interpreter_of(&self, detail: &ToolDetail) -> Option<InterpreterFacts> {
        self.with_need(detail, Sources::System, runner::interpreter_of)
    }

    /// The interpreter of the version under review.
    pub(in crate::engine) fn interpreter_under(&self, review: &Review) -> Option<InterpreterFacts> {
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest)?;
        self.interpreter_of(&self.engine.library().detail(tool).ok()?)
    }

    /// Set if an approved version would now run with another interpreter than at its approval; `None` if not, or if it
    /// is not approved.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn interpreter_changed(&self, detail: &ToolDetail) -> Result<Option<String>, EngineError> {
        if !self.engine.integrity().approved(&detail.tool)? {
            return Ok(None);
        }
        let now = self.interpreter_of(detail);
        now.map_or(Ok(None), |now| self.changed_to(&detail.tool, detail.tool.digest, &now))
    }

    fn changed_to(&self, tool: &Tool, digest: Digest, now: &InterpreterFacts) -> Result<Option<String>, EngineError> {
        let before = self.workspace.read(|q| Ok(q.approved_interpreter(&tool.name, digest)?))?;
        Ok(before.and_then(|before| change(&before, now)))
    }

    /// The note about the interpreter of a run of an approved version. If the approval recorded none, the first run
    /// records it.
    pub(super) fn note_of_interpreter(
        &self,
        tool: &Tool,
        now: Option<&InterpreterFacts>,
    ) -> Result<Option<String>, EngineError> {
        let Some(now) = now.filter(|_| tool.stage != Stage::Experimental) else { return Ok(None) };
        if !self.engine.integrity().approved(tool)? {
            return Ok(None);
        }
        if self.workspace.read(|q| Ok(q.approved_interpreter(&tool.name, tool.digest)?))?.is_none() {
            self.workspace.transact(|tx| Ok(tx.keep_approved_interpreter(&tool.name, tool.digest, now)?))?;
        }
        self.changed_to(tool, tool.digest, now)
    }

    /// The lines of evidence about the interpreter.
    pub(in crate::engine) fn evidence_of_interpreter(
        &self,
        detail: &ToolDetail,
    ) -> Result<Vec<EvidenceLine>, EngineError> {
        let line = |weight, text: String| EvidenceLine { weight, label: "interpreter".to_owned(), text };
        let Some(facts) = self.interpreter_of(detail) else { return Ok(Vec::new()) };
        let known = format!("{} {}, digest {}", facts.path, facts.version, facts.digest.short());
        let mut lines = vec![line(Weight::Fact, SafeText::new(&known).to_string())];
        lines.extend(self.interpreter_changed(detail)?.map(|text| line(Weight::Warn, text)));
        Ok(lines)
    }
}
