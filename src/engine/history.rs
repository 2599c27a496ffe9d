//! The log of operations, and undoing changes.

use super::Engine;
use super::StagedWrites;
use super::core::{self};
use super::error::{EngineError, ErrorCode};
use super::review::decision_inputs::question_of;
use super::view::Preview;
use crate::domain::{
    Command, DecisionKind, DecisionRequest, Digest, Operation, OperationId, Review, ReviewKind, ReviewState, VerbCall,
};
use crate::engine::workspace::Workspace;

/// The log of operations, and undoing changes.
#[derive(Clone, Copy)]
pub struct History<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl History<'_> {
    /// Log entries, newest first, at most `limit`, only those that contain `grep` if it is given.
    pub fn operations(&self, limit: usize, grep: Option<&str>) -> Result<Vec<Operation>, EngineError> {
        self.workspace.read(|q| Ok(q.operations(limit, grep)?))
    }

    /// One log entry.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn operation(&self, operation: OperationId) -> Result<Operation, EngineError> {
        self.workspace.read(|q| Ok(q.operation(operation)?))?.ok_or_else(|| {
            EngineError::new(
                ErrorCode::NotFound,
                format!("there is no operation {operation}"),
                "`toolsmith log` lists operations",
            )
        })
    }

    /// Refuses an undo that would overwrite other files; nothing has changed then.
    pub(super) fn refuse_if_in_the_way(&self, wanted: Option<OperationId>) -> Result<(), EngineError> {
        let found = self
            .workspace
            .read(|q| Ok(if let Some(id) = wanted { q.operation(id)? } else { q.newest_reversible()? }))?;
        let note = found.and_then(|op| serde_json::from_value(op.detail.get("undo")?.clone()).ok());
        match note {
            Some(
                core::UndoNote::Approve { before, after, .. }
                | core::UndoNote::PutAway { before, after, .. }
                | core::UndoNote::Move { before, after, .. },
            ) if before.placement != after.placement => self.engine.refuse_conflicts(&before),
            Some(core::UndoNote::Apply { step }) => StagedWrites::refuse_changed_since(&step.edits),
            _ => Ok(()),
        }
    }

    /// If the entry is an undo: the command that repeats what it undid.
    ///
    /// # Errors
    /// `Refused` for approvals: somebody has to read the version again.
    pub(super) fn repeated(&self, wanted: Option<OperationId>) -> Result<Option<Command>, EngineError> {
        let Some(entry) = wanted.map(|id| self.operation(id)).transpose()?.filter(|entry| entry.verb == "undo") else {
            return Ok(None);
        };
        let target = entry.detail.get("operation").and_then(serde_json::Value::as_i64).map(OperationId);
        let target = target.map(|id| self.operation(id)).transpose()?;
        let target = target.ok_or_else(|| EngineError::internal(format!("operation {} names none", entry.id)))?;
        if let Some(command) = again(&target) {
            return Ok(Some(command));
        }
        let message = format!(
            "operation {} is itself an undo, of {} {}, and cannot be undone",
            entry.id, target.verb, target.subject
        );
        let hint = match target.verb.as_str() {
            "approve" => "read its review again and approve it there: `toolsmith reviews` lists it".to_owned(),
            verb => format!("`toolsmith {verb}` does it again"),
        };
        Err(EngineError::new(ErrorCode::Refused, message, hint))
    }

    pub(super) fn preview_undo(&self, wanted: Option<OperationId>) -> Result<Preview, EngineError> {
        if let Some(command) = self.repeated(wanted)? {
            let preview = self.engine.preview(&command)?;
            return Ok(Preview { title: format!("Undo the undo: {}", preview.title), ..preview });
        }
        let found = self
            .workspace
            .read(|q| Ok(if let Some(id) = wanted { q.operation(id)? } else { q.newest_reversible()? }))?;
        let operation = found.ok_or_else(|| {
            let message = wanted.map_or("nothing to undo".to_owned(), |id| format!("there is no operation {id}"));
            EngineError::new(ErrorCode::NotFound, message, "`toolsmith log` lists operations")
        })?;
        let mut lines =
            vec![format!("{} by {}, {}", operation.verb, operation.who, crate::domain::to_the_minute(operation.at))];
        lines.extend(operation.said());
        if let Some(note) = core::UndoNote::of(&operation) {
            lines.extend(note.effects());
            for id in note.reopens() {
                let review = self.engine.reviews().row(id)?;
                lines.push(format!("review {id} is pending again: {}{}", question_of(&review), path_words(&review)));
            }
            if let Some(id) = note.closes()
                && self.engine.reviews().row(id)?.state == ReviewState::Waiting
            {
                lines.push(format!("review {id} is withdrawn"));
            }
        }
        Ok(Preview {
            title: format!("Undo operation {}: {} {}?", operation.id, operation.verb, operation.subject),
            lines,
            undo: match again(&operation) {
                Some(_) => {
                    "`toolsmith undo` with the number of this undo, or u on it in the log, does it again".to_owned()
                }
                None => "an undo cannot be undone; repeat the operation instead".to_owned(),
            },
        })
    }
}

/// Where the tool of a review is, because others can have its name.
fn path_words(review: &Review) -> String {
    let has_path = !(review.kind.is_posted_text() || review.kind == ReviewKind::Adoption);
    if has_path { format!(", {}", review.place()) } else { String::new() }
}

/// The command that repeats an entry; `None` if it cannot be repeated automatically.
fn again(target: &Operation) -> Option<Command> {
    let text = |name: &str| target.detail.get(name).and_then(|value| value.as_str());
    match (target.verb.as_str(), core::UndoNote::of(target)?) {
        ("archive" | "restore", core::UndoNote::Move { before, .. }) => {
            let verb = if target.verb == "archive" { "archive" } else { "restore" };
            let mut call = VerbCall::new(verb, &[]);
            call.set("tool", format!("{}@{}", before.tool, before.digest.short()));
            if let Some(reason) = text("reason") {
                call.set("reason", reason.to_owned());
            }
            Some(Command::Verb(call))
        }
        (_, core::UndoNote::Decline { review }) => {
            let kind = target.verb.parse::<DecisionKind>().ok()?;
            let digest = text("digest")?.parse::<Digest>().ok()?;
            let reason = text("reason").map(str::to_owned);
            Some(Command::Decide(DecisionRequest { reason, ..DecisionRequest::new(review, digest, kind) }))
        }
        _ => None,
    }
}
