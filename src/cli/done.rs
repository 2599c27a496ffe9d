//! Executes, announces and answers all changes.

use super::call::{Answer, Call, Stop};
use super::outlet;
use super::print_text::{Ink, Page, StyledLine};
use super::stop_signals::OnStop;
use crate::domain::{Command, Outcome};
use crate::engine::{Described, Engine, EngineError, ErrorCode, PlainQuery, PlainVerb, Preview};
use serde::Serialize;
use std::io::{self, BufRead};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The exit code of an interrupted process, as in shells.
const INTERRUPTED: i32 = 130;

/// The result of a command, or of its dry run.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Done {
    /// The command was executed.
    Outcome(Outcome),
    /// The command was only tried.
    Plan(Plan),
}

/// The changes that a command would make.
#[derive(Serialize)]
pub(super) struct Plan {
    dry_run: bool,
    title: String,
    effects: Vec<String>,
    undo: String,
}

impl Plan {
    /// The plan for the preview of a permitted command.
    pub(super) fn of(preview: Preview) -> Plan {
        let title = preview.title.trim_end_matches('?').to_owned();
        Plan { dry_run: true, title, effects: preview.lines, undo: undo_words(&preview.undo) }
    }

    /// Writes the changes.
    pub(super) fn write(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(&StyledLine::new().put(Ink::Dim, "would: ").put(Ink::Strong, &self.title))?;
        for effect in &self.effects {
            page.line(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Plain, effect))?;
        }
        if !self.undo.is_empty() {
            page.line(&StyledLine::new().put(Ink::Dim, "  ").put(Ink::Dim, &self.undo))?;
        }
        Ok(())
    }
}

/// The last line of every dry run.
pub(super) const NOTHING_CHANGED: &str = "dry run: nothing was changed";

impl Done {
    /// The answer for an executed command.
    pub(super) fn new(outcome: Outcome) -> Done {
        Done::Outcome(outcome)
    }
}

impl Answer for Done {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let outcome = match self {
            Done::Outcome(outcome) => outcome,
            Done::Plan(plan) => {
                plan.write(page)?;
                return page.say(NOTHING_CHANGED);
            }
        };
        page.say(&outcome.message)?;
        if let Some(commit) = &outcome.commit {
            page.field("commit", Ink::Plain, commit)?;
        }
        match outcome.operation {
            Some(operation) => page.field("operation", Ink::Plain, operation.to_string()),
            None => Ok(()),
        }
    }
}

/// Executes the command, and reports its changes on standard error. A refused command announces nothing: the lines are
/// computed before the decision and written after it.
pub(super) fn announce_and_execute(call: &Call<'_>, engine: &Engine, command: Command) -> Result<Done, EngineError> {
    let is_sync = matches!(&command, Command::Verb(typed) if typed.verb() == "sync");
    if call.is_dry() && !is_sync {
        return execute(call, engine, command);
    }
    let mut preview = engine.preview(&command)?;
    let done = execute(call, engine, command)?;
    // The title is the workbench's question. On the command line, typing the command has answered it.
    preview.title.truncate(preview.title.trim_end_matches('?').len());
    announce(call, &preview);
    Ok(done)
}

/// Executes a verb that needs only its arguments. A verb with `--yes` shows its changes and asks first.
pub(super) fn plain(call: &Call<'_>, verb: &PlainVerb) -> Result<Done, Stop> {
    let engine = if verb.needs_catalog { call.open_catalog()?.0 } else { call.open()? };
    let command = Command::Verb(call.as_typed());
    if !call.takes("yes") || call.switch("yes") || call.is_dry() {
        return Ok(announce_and_execute(call, &engine, command)?);
    }
    let preview = engine.preview(&command)?;
    announce(call, &preview);
    if !agreed(call, "continue?")? {
        return Err(EngineError::new(ErrorCode::Failed, "nothing was changed", "answer y, or add --yes").into());
    }
    Ok(execute(call, &engine, command)?)
}

/// The answer of a query.
pub(super) struct Found(Described);

impl Found {
    pub(super) fn new(answer: Described) -> Found {
        Found(answer)
    }
}

impl Serialize for Found {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.json.serialize(serializer)
    }
}

impl Answer for Found {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.describe(&self.0.description)
    }

    fn exit_code(&self) -> u8 {
        u8::from(self.0.is_bad)
    }
}

/// Answers a query that needs only its arguments.
pub(super) fn query(call: &Call<'_>, query: &PlainQuery) -> Result<Found, EngineError> {
    let engine = if query.needs_catalog { call.open_catalog()?.0 } else { call.open()? };
    Ok(Found::new(engine.query(&call.as_typed(), &call.caller(&engine))?))
}

/// Executes a command that needs no announcement.
pub(super) fn execute(call: &Call<'_>, engine: &Engine, command: Command) -> Result<Done, EngineError> {
    // `sync` has its own dry run, which queries the repository.
    if call.is_dry() && !matches!(&command, Command::Verb(typed) if typed.verb() == "sync") {
        return Ok(Done::Plan(Plan::of(engine.history().rehearse(&command, &call.caller(engine))?)));
    }
    ask_for_touch(call, engine);
    let verifies = matches!(&command, Command::Verb(typed) if matches!(typed.verb(), "sync" | "team-import"));
    let shown = if verifies { Some(Verifying::show(engine)?) } else { None };
    let done = engine.execute(command, &call.caller(engine));
    drop(shown);
    call.tell_trouble(engine);
    Ok(Done::new(done?))
}

/// Shows on a terminal how many signatures are verified, until it is dropped. A signal stops the verification between
/// two files. If nothing is verified, a signal ends this process as usual.
struct Verifying {
    over: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    _watched: OnStop,
}

/// The interval between updates.
const SHOWN_EACH: Duration = Duration::from_millis(200);

impl Verifying {
    fn show(engine: &Engine) -> Result<Verifying, EngineError> {
        let stopped = engine.clone();
        let watched = OnStop::new(move || {
            if !stopped.teams().stop_verifying() {
                std::process::exit(INTERRUPTED);
            }
        })?;
        let (over, ended) = channel::<()>();
        let engine = engine.clone();
        let show = move || {
            let mut columns = 0;
            while ended.recv_timeout(SHOWN_EACH) == Err(RecvTimeoutError::Timeout) {
                let text = engine.teams().progress().map(|progress| progress.to_string()).unwrap_or_default();
                if columns > 0 || !text.is_empty() {
                    columns = outlet::progress(&text, columns);
                }
            }
            if columns > 0 {
                outlet::progress("", columns);
            }
        };
        let thread = std::thread::Builder::new().name("progress".to_owned()).spawn(show);
        Ok(Verifying { over: Some(over), thread: Some(thread.map_err(EngineError::internal)?), _watched: watched })
    }
}

impl Drop for Verifying {
    fn drop(&mut self) {
        drop(self.over.take());
        // The thread ends now or has panicked; its result does not matter.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Asks on standard error to touch a security key, before the key is needed.
pub(super) fn ask_for_touch(call: &Call<'_>, engine: &Engine) {
    if let Some(notice) = engine.integrity().touch_notice() {
        call.note(&StyledLine::new().put(Ink::Strong, notice));
    }
}

/// Asks at the terminal. Every answer except `y` means no, and so does the end of the input.
pub(super) fn agreed(call: &Call<'_>, question: &str) -> io::Result<bool> {
    call.note(&StyledLine::new().put(Ink::Strong, format!("{question} [y/N]")));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// How to undo, with a command instead of the workbench's key.
fn undo_words(text: &str) -> String {
    text.replace("u (undo)", "`toolsmith undo`")
}

/// Reports the changes of a command on standard error.
pub(super) fn announce(call: &Call<'_>, preview: &Preview) {
    call.note(&StyledLine::new().put(Ink::Strong, &preview.title));
    for line in &preview.lines {
        call.note(&StyledLine::new().put(Ink::Plain, "  ").put(Ink::Plain, line));
    }
    if !preview.undo.is_empty() {
        call.note(&StyledLine::new().put(Ink::Dim, "  ").put(Ink::Dim, undo_words(&preview.undo)));
    }
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
