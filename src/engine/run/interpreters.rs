//! The interpreter of a version: the one it would run with now, and the one it had when it was approved.

use crate::domain::{Digest, InterpreterFacts, Missing, Review, SafeText, Stage, Tool, ToolDetail};
use crate::engine::Dependencies;
use crate::engine::error::EngineError;
use crate::engine::view::{EvidenceLine, Weight};
use crate::runner::{self, CommandView, Need, Sources};

/// Where the programs of a tool may come from: those of one that somebody vouched for do not depend on the caller's `PATH`.
pub(super) fn sources_of(stage: Stage) -> Sources {
    if stage == Stage::Experimental { Sources::Caller } else { Sources::System }
}

/// What changed between two states of an interpreter, one line; `None` when nothing did.
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
    /// What a version needs and this machine lacks, looked for now: it costs reading its sources, and
    /// asking an interpreter the first time.
    pub fn missing(&self, detail: &ToolDetail) -> Vec<Missing> {
        self.with_need(detail, sources_of(detail.tool.stage), runner::missing)
    }

    /// What it would lack once it is approved, when the caller's `PATH` does not count.
    pub(in crate::engine) fn missing_approved(&self, detail: &ToolDetail) -> Vec<Missing> {
        self.with_need(detail, Sources::System, runner::missing)
    }

    /// Asks about what a version needs.
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

    /// What the command line of a version is made from, as a run of it would find it now.
    pub fn command_view(&self, detail: &ToolDetail) -> CommandView {
        let level = self.workspace.machine.level();
        self.with_need(detail, sources_of(detail.tool.stage), |need| runner::command_view(need, level))
    }

    /// The interpreter that a version has once it is approved.
    pub(super) fn interpreter_of(&self, detail: &ToolDetail) -> Option<InterpreterFacts> {
        self.with_need(detail, Sources::System, runner::interpreter_of)
    }

    /// The interpreter of the version that a review is about.
    pub(in crate::engine) fn interpreter_under(&self, review: &Review) -> Option<InterpreterFacts> {
        let view = self.engine.library().catalog();
        let tool = view.tools.iter().find(|tool| tool.name == review.tool && tool.digest == review.digest)?;
        self.interpreter_of(&self.engine.library().detail(tool).ok()?)
    }

    /// That an approved version would now run with another interpreter than the one it was approved with; `None` when it
    /// would not, or is not approved.
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

    /// What a run of an approved version says of its interpreter. The first run after an approval that recorded none
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
