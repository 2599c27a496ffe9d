//! Deprecated tools: marking them, and the effect on calls.

use crate::domain::{Caller, Deprecation, Outcome, Tool, ToolName, VerbCall};
use crate::engine::Versions;
use crate::engine::core::{self, Mark, RunPolicy};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::settings::review::DeprecatedPolicy;
use crate::engine::view::Preview;
use std::sync::Arc;

/// Maximum length of a chain of successors.
const MAX_HOPS: usize = 8;

/// Marks a tool as deprecated.
pub(super) const DEPRECATE: PlainVerb = PlainVerb {
    name: "deprecate",
    needs_catalog: true,
    preview: |engine, call| engine.versions().preview_deprecation(call),
    perform: Perform::Human(|engine, who, call| engine.versions().deprecate(who, call)),
};

impl Versions<'_> {
    fn deprecate(&self, who: &str, call: &VerbCall) -> Result<Outcome, EngineError> {
        let (tool, by) = self.marked(call)?;
        let mark = Mark { tool: &tool.name, by: by.as_ref(), reason: call.get("reason") };
        self.engine.finish(self.workspace.transact(|tx| core::deprecate(tx, self.workspace.actor(who), &mark))?)
    }

    fn preview_deprecation(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let (tool, by) = self.marked(call)?;
        let by = by.map_or("no successor is named".to_owned(), |name| format!("successor: {name}"));
        let agents = match self.workspace.settings.deprecated {
            DeprecatedPolicy::Warn => "agents may run it and are warned",
            DeprecatedPolicy::Ask => "only humans may run it",
            DeprecatedPolicy::Refuse => "agents may no longer run it",
            DeprecatedPolicy::Follow => "agents that call it run its successor",
        };
        let mut lines = vec![by, agents.to_owned(), "humans are warned; no file moves".to_owned()];
        lines.extend(call.get("reason").map(|reason| format!("reason: {reason}")));
        Ok(Preview { title: format!("Deprecate {}?", tool.name), lines, undo: "u (undo) reverts it".to_owned() })
    }

    /// The tool to mark and its successor.
    fn marked(&self, call: &VerbCall) -> Result<(Arc<Tool>, Option<ToolName>), EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        let by = call.get("by").map(|by| self.engine.library().resolve(by)).transpose()?;
        Ok((tool, by.map(|by| by.name.clone())))
    }

    /// The tool that a call runs. For an agent, and if the settings say so, this is the successor of a deprecated tool.
    pub(in crate::engine) fn followed(&self, tool: &Arc<Tool>, caller: &Caller) -> Result<Arc<Tool>, EngineError> {
        let mut found = Arc::clone(tool);
        if !matches!(caller, Caller::Agent(_)) || self.workspace.settings.deprecated != DeprecatedPolicy::Follow {
            return Ok(found);
        }
        for _ in 0..MAX_HOPS {
            let mark = self.workspace.read(|q| Ok(q.deprecation(&found.name)?))?;
            let Some(next) = mark.and_then(|mark| mark.by) else { return Ok(found) };
            found = self.engine.library().resolve(next.as_str())?;
        }
        let message = format!("{} has a chain of more than {MAX_HOPS} successors", tool.name);
        Err(EngineError::new(ErrorCode::Refused, message, "use the last one"))
    }

    /// The effect of a deprecation on a call: a warning, or a refusal.
    pub(in crate::engine) fn deprecation_of(&self, tool: &Tool, caller: &Caller) -> Result<Deprecated, EngineError> {
        let Some(mark) = self.workspace.read(|q| Ok(q.deprecation(&tool.name)?))? else { return Ok(Deprecated::No) };
        let sentence = sentence(&tool.name, &mark);
        match (caller, self.workspace.settings.deprecated) {
            (Caller::Agent(_), DeprecatedPolicy::Ask) => {
                Ok(Deprecated::Refused(ErrorCode::HumanNeeded, format!("{sentence}; only a human may run it")))
            }
            (Caller::Agent(_), DeprecatedPolicy::Refuse) => Ok(Deprecated::Refused(ErrorCode::Refused, sentence)),
            (Caller::Agent(_), DeprecatedPolicy::Warn | DeprecatedPolicy::Follow) | (Caller::Human(_), _) => {
                Ok(Deprecated::Warned(sentence))
            }
        }
    }
}

impl RunPolicy {
    /// The result of the policy, with the effect of a deprecation: a warning, or a refusal.
    pub(in crate::engine) fn with(self, deprecated: Deprecated) -> RunPolicy {
        match (self, deprecated) {
            (RunPolicy::Allow { profile, warning }, Deprecated::Warned(said)) => {
                let warning = Some(warning.map_or(said.clone(), |warning| format!("{warning}; {said}")));
                RunPolicy::Allow { profile, warning }
            }
            (RunPolicy::Allow { .. }, Deprecated::Refused(code, message)) => RunPolicy::Refuse { code, message },
            (answer, _) => answer,
        }
    }
}

/// The effect of a deprecation on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) enum Deprecated {
    /// The tool is not deprecated.
    No,
    /// It runs, with this warning.
    Warned(String),
    /// It does not run, for this reason.
    Refused(ErrorCode, String),
}

fn sentence(tool: &ToolName, mark: &Deprecation) -> String {
    let by = mark.by.as_ref().map(|by| format!("; use {by} instead")).unwrap_or_default();
    let why = mark.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{tool} is deprecated{why}{by}")
}
