//! Deprecating a tool.

use super::step::{Actor, Step, answer};
use super::undo_note::UndoNote;
use crate::domain::{Deprecation, OperationId, ToolName};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{NewOperation, Tx};
use serde_json::json;

/// A deprecation to set.
#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// Tool that gets the mark.
    pub tool: &'a ToolName,
    /// The successor.
    pub by: Option<&'a ToolName>,
    /// As typed; `None` if there is none.
    pub reason: Option<&'a str>,
}

impl Mark<'_> {
    /// Checks the new mark; returns the present one.
    ///
    /// # Errors
    /// `Refused` if the chain of successors would lead back to the tool; `Conflict` if the same mark exists.
    pub(super) fn check(&self, tx: &Tx<'_>) -> Result<Option<Deprecation>, EngineError> {
        let marks = tx.deprecations()?;
        let before = marks.get(self.tool).cloned();
        if let Some(before) = &before
            && before.by.as_ref() == self.by
            && before.reason.as_deref() == self.reason
        {
            let message = format!("{} is already deprecated", self.tool);
            return Err(EngineError::new(ErrorCode::Conflict, message, ""));
        }
        let mut next = self.by;
        // No chain is longer than the number of marks.
        for _ in 0..=marks.len() {
            if next == Some(self.tool) {
                let message = format!("{} cannot be its own successor", self.tool);
                return Err(EngineError::new(ErrorCode::Refused, message, "name another tool"));
            }
            next = next.and_then(|name| marks.get(name)).and_then(|mark| mark.by.as_ref());
        }
        Ok(before)
    }

    /// The message after it is done.
    pub(super) fn sentence(&self) -> String {
        let by = self.by.map(|name| format!("; use {name} instead")).unwrap_or_default();
        format!("{} is deprecated{by}", self.tool)
    }
}

pub(super) fn set(tx: &Tx<'_>, actor: Actor<'_>, mark: &Mark<'_>, operation: OperationId) -> Result<(), EngineError> {
    let row = Deprecation {
        by: mark.by.cloned(),
        reason: mark.reason.map(str::to_owned),
        who: actor.who.to_owned(),
        at: tx.now(),
    };
    Ok(tx.set_deprecation(mark.tool, Some(&row), operation)?)
}

/// Marks a tool, or changes its mark.
///
/// # Errors
/// `Refused` if the chain of successors would lead back to the tool; `Conflict` if the same mark exists.
pub fn deprecate(tx: &Tx<'_>, actor: Actor<'_>, mark: &Mark<'_>) -> Result<Step, EngineError> {
    let before = mark.check(tx)?;
    let note = UndoNote::Deprecate { tool: mark.tool.clone(), before, review: None };
    let operation = tx.log(&NewOperation {
        who: actor.who.to_owned(),
        verb: "deprecate".to_owned(),
        subject: mark.tool.to_string(),
        detail: json!({"by": mark.by, "reason": mark.reason, "undo": note}),
        reversible: true,
    })?;
    set(tx, actor, mark, operation)?;
    Ok(Step { outcome: answer(Some(operation), None, mark.sentence()), intents: Vec::new() })
}
