//! Moving tools through stages: `promote`, `archive`, `restore`, `rollback` and their kin; and how every change is answered.

use super::call::{Answer, Call};
use super::print_text::{Ink, Line, Page};
use crate::domain::{Command, Outcome, Stage};
use crate::engine::{Engine, EngineError, ErrorCode, Preview};
use serde::Serialize;
use std::io;

/// What came of a command.
#[derive(Serialize)]
pub(super) struct Done {
    #[serde(flatten)]
    outcome: Outcome,
}

impl Done {
    /// The answer for this outcome.
    pub(super) fn new(outcome: Outcome) -> Done {
        Done { outcome }
    }
}

impl Answer for Done {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.say(&self.outcome.message)?;
        if let Some(commit) = &self.outcome.commit {
            page.field("commit", Ink::Plain, commit)?;
        }
        match self.outcome.operation {
            Some(operation) => page.field("operation", Ink::Plain, operation.to_string()),
            None => Ok(()),
        }
    }
}

/// Does it, and says on standard error what that changed. A command that is refused announces nothing: the lines
/// are found before, and written once it is decided.
pub(super) fn announce_and_execute(call: &Call<'_>, engine: &Engine, command: Command) -> Result<Done, EngineError> {
    let mut preview = engine.preview(&command)?;
    let done = execute(call, engine, command)?;
    // The title is the question that the workbench asks; whoever typed the command has answered it.
    preview.title.truncate(preview.title.trim_end_matches('?').len());
    announce(call, &preview);
    Ok(done)
}

/// Does what needs no announcement.
pub(super) fn execute(call: &Call<'_>, engine: &Engine, command: Command) -> Result<Done, EngineError> {
    ask_for_touch(call, engine);
    let done = engine.execute(command, &call.caller(engine));
    call.tell_trouble(engine);
    Ok(Done::new(done?))
}

/// Says on standard error that a security key waits for a finger, before it does.
pub(super) fn ask_for_touch(call: &Call<'_>, engine: &Engine) {
    if let Some(notice) = engine.touch_notice() {
        call.note(&Line::new().put(Ink::Strong, notice));
    }
}

/// Says on standard error what a command changes.
pub(super) fn announce(call: &Call<'_>, preview: &Preview) {
    call.note(&Line::new().put(Ink::Strong, &preview.title));
    for line in &preview.lines {
        call.note(&Line::new().put(Ink::Plain, "  ").put(Ink::Plain, line));
    }
    if !preview.undo.is_empty() {
        call.note(&Line::new().put(Ink::Dim, "  ").put(Ink::Dim, &preview.undo));
    }
}

/// `promote NAME --to STAGE`.
pub(super) fn promote(call: &Call<'_>) -> Result<Done, EngineError> {
    if call.text("to") == Some("session") {
        return super::versions::use_in_session(call);
    }
    let to: Option<Stage> = call.word("to")?;
    let to = to.ok_or_else(|| {
        EngineError::new(ErrorCode::Usage, "--to is missing", "--to approved, --to core or --to session")
    })?;
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::Promote { tool: call.required("tool")?.to_owned(), to })
}

/// `archive NAME`.
pub(super) fn archive(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let reason = call.text("reason").map(str::to_owned);
    announce_and_execute(call, &engine, Command::Archive { tool: call.required("tool")?.to_owned(), reason })
}

/// `restore NAME`.
pub(super) fn restore(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::Restore { tool: call.required("tool")?.to_owned() })
}

/// `rollback NAME`.
pub(super) fn rollback(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let [to, reason] = ["to", "reason"].map(|name| call.text(name).map(str::to_owned));
    announce_and_execute(call, &engine, Command::Rollback { tool: call.required("tool")?.to_owned(), to, reason })
}

/// `restore-files NAME`.
pub(super) fn restore_files(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::RestoreFiles { tool: call.required("tool")?.to_owned() })
}

/// `fork NAME NEWNAME`.
pub(super) fn fork(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let (tool, name) = (call.required("tool")?.to_owned(), call.required("name")?.to_owned());
    announce_and_execute(call, &engine, Command::Fork { tool, name })
}

/// `deprecate NAME`.
pub(super) fn deprecate(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let [by, reason] = ["by", "reason"].map(|name| call.text(name).map(str::to_owned));
    announce_and_execute(call, &engine, Command::Deprecate { tool: call.required("tool")?.to_owned(), by, reason })
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{OperationId, ReviewId};
    use serde_json::json;

    #[test]
    fn an_outcome_says_what_was_done_and_how_to_find_it_again() {
        let done = Done::new(Outcome {
            operation: Some(OperationId(4)),
            review: Some(ReviewId(2)),
            message: "hello is approved".into(),
            commit: Some("0123abc".into()),
            detail: json!({"to": "approved"}),
        });
        assert_eq!(plain(|page| done.text(page)), "hello is approved\ncommit       0123abc\noperation    4\n");
        assert_eq!(
            object(&done),
            json!({"schema": 1, "operation": 4, "review": 2, "message": "hello is approved", "commit": "0123abc",
                "detail": {"to": "approved"}})
        );
    }
}
