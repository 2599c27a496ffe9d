//! Runs: starting them, waiting for them for a while, and reading their output in pieces.

use super::answer::{Answer, Refusal, next};
use super::arguments::Arguments;
use super::calls::{help_for, unknown};
use super::exact::value_of;
use super::own::demand_own;
use super::visible::{length_in_json, visible};
use crate::domain::{Caller, Redactor, ReviewId, Run, RunId, RunOutcome, Stream};
use crate::engine::{
    CallAttempt, CallBegun, CallReport, CallRequest, DEFAULT_ATTEMPTS, Engine, EngineError, ErrorCode, OutputPiece,
    RunHandle, RunRequest,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Maximum bytes of standard output in an answer, as sent. Clients cut text after 50,000 characters.
const MOST_STDOUT: usize = 24_000;
/// Maximum bytes of standard error in an answer, as sent.
const MOST_STDERR: usize = 8_000;
/// The minimum size of a piece, in bytes, so that each piece contains some output.
const LEAST_PIECE: usize = 64;
/// How often a run in progress is checked.
const STEP: Duration = Duration::from_millis(25);

/// A run to start.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Name or path of the tool.
    pub(super) tool: String,
    /// The input; `None` sends none.
    pub(super) input: Option<Value>,
    /// The required version; any other is refused.
    pub(super) digest: Option<String>,
    /// The scenario of the run; warns if the tool failed at it before.
    pub(super) scenario: Option<String>,
    /// The worker that executes it.
    pub(super) worker: Option<String>,
    /// Whether it runs without its declared permissions.
    pub(super) strictly: bool,
    /// How long the call waits for the end.
    pub(super) wait: Duration,
}

impl Wanted {
    /// The run that the arguments of `run` or `run-strict` request.
    ///
    /// # Errors
    /// `Usage` without the name of a tool.
    pub(super) fn of(given: &Arguments, strictly: bool) -> Result<Wanted, EngineError> {
        Ok(Wanted {
            tool: given.required("tool")?.to_owned(),
            input: given.object("input"),
            digest: given.text("digest").map(str::to_owned),
            scenario: given.text("scenario").map(str::to_owned),
            worker: given.text("on").map(str::to_owned),
            strictly,
            wait: given.wait(),
        })
    }
}

/// A started run of a call.
pub(super) struct Started {
    /// Its number.
    pub(super) run: RunId,
    /// Warnings about the result.
    pub(super) warning: Option<String>,
    /// The review that asks a human to permit it.
    pub(super) asked: Option<ReviewId>,
    handle: RunHandle,
}

/// `run` and `run-strict`: starts the tool.
///
/// # Errors
/// `NotFound` and `Ambiguous` for the name; `Conflict` for another version than the requested one; those of
/// [`Runs::start`](crate::engine::Runs::start).
pub(super) fn start(engine: &Engine, caller: &Caller, wanted: &Wanted) -> Result<Started, Refusal> {
    engine.library().up_to_date_around(&wanted.tool)?;
    let tool = engine.library().resolve(&wanted.tool).map_err(|error| unknown(error, &wanted.tool))?;
    if let Some(digest) = wanted.digest.as_ref().filter(|digest| !tool.digest.hex().starts_with(digest.as_str())) {
        let message = format!("{} is {} now, not {digest}", tool.name, tool.digest.short());
        let error = EngineError::new(ErrorCode::Conflict, message, "look at the version that is here now");
        return Err(Refusal::then(error, "show", &json!({"tool": tool.name})));
    }
    let failed_before =
        wanted.scenario.as_ref().map(|scenario| engine.failures().warning_in(&tool, scenario)).transpose()?;
    let request =
        RunRequest { tool, input: wanted.input.clone(), timeout: None, again: None, worker: wanted.worker.clone() };
    let handle = if wanted.strictly {
        engine.runs().start_strictly(&request, caller)
    } else {
        engine.runs().start(&request, caller)
    }?;
    let warning =
        failed_before.flatten().into_iter().chain(handle.warning.clone()).reduce(|all, one| format!("{all}; {one}"));
    Ok(Started { run: handle.id, warning, asked: handle.asked, handle })
}

impl Started {
    /// Waits for its end. Blocks.
    ///
    /// # Errors
    /// `Internal` when the end could not be stored.
    pub(super) fn wait(self) -> Result<Run, EngineError> {
        self.handle.wait()
    }
}

/// The result of a run that has ended.
pub(super) fn ended(engine: &Engine, run: &Run, warning: Option<&String>, asked: Option<ReviewId>) -> Answer {
    let mut told = record(engine, run)?;
    let Some(fields) = told.as_object_mut() else { return Ok(told) };
    if let Some(warning) = warning {
        fields.insert("warning".to_owned(), json!(warning));
    }
    match run.outcome {
        RunOutcome::Refused => Err(refused(engine, run, asked)?),
        RunOutcome::InvalidInput => {
            let message = run.error.clone().unwrap_or_else(|| run.outcome.to_string());
            let error = EngineError::new(ErrorCode::Usage, message, "show gives the schema of its input");
            Err(Refusal::then(error, "show", &json!({"tool": run.tool})).with("run", run.id.0))
        }
        _ => Ok(told),
    }
}

/// A run that the policy refused, with what a human could do about it.
fn refused(engine: &Engine, run: &Run, asked: Option<ReviewId>) -> Result<Refusal, EngineError> {
    let message = run.error.clone().unwrap_or_else(|| run.outcome.to_string());
    if let Some(review) = asked {
        let hint = "wait for the answer; if it is approved, call run again with the same input within 15 minutes";
        let error = EngineError::new(ErrorCode::HumanNeeded, message, hint);
        let refusal = Refusal::then(error, "wait", &json!({"review": review}));
        return Ok(refusal.with("run", run.id.0).with("state", "refused"));
    }
    // Only this version is looked up: in a large library, reading all rows takes time and memory.
    let tool = engine.library().resolve(&format!("{}@{}", run.tool, run.digest.hex())).ok();
    let can_start = tool.as_ref().is_none_or(|tool| tool.may_start());
    let help = match &tool {
        Some(tool) if !can_start => Some(next("show", &json!({"tool": tool.name}))),
        Some(tool) => help_for(engine, tool)?,
        None => None,
    };
    let hint =
        if can_start { "a human decides what you may run" } else { "no decision makes it run; show gives what it has" };
    let error = EngineError::new(ErrorCode::Refused, message, hint);
    let refusal = Refusal::from(error).with("run", run.id.0).with("state", "refused");
    Ok(match help {
        Some(help) => refusal.with("next", help),
        None => refusal,
    })
}

/// A run that has not ended within the time of the call.
pub(super) fn goes_on(run: RunId, warning: Option<&String>) -> Value {
    let mut told = json!({
        "run": run,
        "state": RunOutcome::Running,
        "next": next("output", &json!({"run": run})),
    });
    if let (Some(fields), Some(warning)) = (told.as_object_mut(), warning) {
        fields.insert("warning".to_owned(), json!(warning));
    }
    told
}

/// A piece of the output of a run that has at most this many bytes after escaping.
///
/// # Errors
/// Those of reading it.
pub(super) fn piece(
    engine: &Engine,
    run: RunId,
    stream: Stream,
    offset: u64,
    most: usize,
) -> Result<OutputPiece, EngineError> {
    let mut limit = most;
    loop {
        let piece = engine.runs().output_piece(run, stream, offset, limit)?;
        if length_in_json(&visible(&piece.text)) <= most || limit <= LEAST_PIECE {
            return Ok(piece);
        }
        limit = (limit / 2).max(LEAST_PIECE);
    }
}

/// The error of a run, in the common format of errors.
fn error_of(outcome: RunOutcome, message: &str) -> Value {
    let (code, hint) = match outcome {
        RunOutcome::Refused => (ErrorCode::Refused, "show says what a run of it needs"),
        RunOutcome::InvalidInput => (ErrorCode::Usage, "show gives the schema of its input"),
        RunOutcome::Cancelled => {
            (ErrorCode::Failed, "somebody stopped it, or its connection ended; run starts it again")
        }
        RunOutcome::Interrupted => (ErrorCode::Failed, "its process was lost; run starts it again"),
        RunOutcome::SpawnFailed => (ErrorCode::Failed, "show lists what is missing here"),
        RunOutcome::TimedOut | RunOutcome::LimitExceeded => {
            (ErrorCode::Failed, "show gives its limits; run it with less to do")
        }
        RunOutcome::Failed
        | RunOutcome::Killed
        | RunOutcome::InvalidOutput
        | RunOutcome::Succeeded
        | RunOutcome::Running => (ErrorCode::Failed, "output gives the rest of what it wrote to stderr"),
    };
    json!(EngineError::new(code, message.to_owned(), hint))
}

/// A run and the first piece of its output.
fn record(engine: &Engine, run: &Run) -> Result<Value, EngineError> {
    let stdout = piece(engine, run.id, Stream::Stdout, 0, MOST_STDOUT)?;
    let stderr = piece(engine, run.id, Stream::Stderr, 0, MOST_STDERR)?;
    let mut told = json!({
        "run": run.id,
        "state": run.outcome,
        "tool": run.tool,
        "version": run.version,
        "digest": run.digest.short(),
        "duration_ms": run.usage.duration_ms,
        "origin": "tool",
    });
    let Some(fields) = told.as_object_mut() else { return Ok(told) };
    if let Some(code) = run.exit_code.filter(|code| *code != 0) {
        fields.insert("exit_code".to_owned(), json!(code));
    }
    if let Some(error) = &run.error {
        fields.insert("error".to_owned(), error_of(run.outcome, error));
    }
    if !stderr.text.is_empty() {
        fields.insert("stderr".to_owned(), json!(stderr.text));
    }
    if !run.notes.is_empty() {
        fields.insert("notes".to_owned(), json!(run.notes));
    }
    // A piece of JSON is not valid JSON. Text that looks like a secret may have been escaped as text.
    let output = match (!stdout.has_more).then(|| value_of(&stdout.text)).flatten() {
        Some(Ok(value)) => Redactor::default().json(&value),
        Some(Err(why)) => {
            fields.insert("text_because".to_owned(), json!(why));
            json!(stdout.text)
        }
        None => json!(stdout.text),
    };
    fields.insert("output".to_owned(), output);
    fields.insert("truncated".to_owned(), json!(stdout.has_more || run.truncated));
    if stdout.has_more {
        fields.insert("next_offset".to_owned(), json!(stdout.next_offset));
        fields.insert("next".to_owned(), next("output", &json!({"run": run.id, "offset": stdout.next_offset})));
    }
    Ok(told)
}

/// `output`: the next piece of the output of a run; waits while the run continues and there is no new output. Blocks.
pub(super) fn output(engine: &Engine, caller: &Caller, given: &Arguments) -> Answer {
    let run = RunId(given.id("run")?);
    demand_own(engine, caller, run)?;
    let stream = if given.text("stream") == Some("stderr") { Stream::Stderr } else { Stream::Stdout };
    let offset = given.number("offset").unwrap_or_default();
    let give_up = Instant::now() + given.wait();
    let (spool, mut read) = (engine.runs().spool_path(run), None);
    loop {
        // The record is read first, so that the piece contains everything that was written before the end.
        let record = engine.runs().record(run)?;
        let size = spool.metadata().map(|facts| facts.len()).ok();
        let is_waiting = record.outcome == RunOutcome::Running && Instant::now() < give_up;
        if is_waiting && read == Some(size) {
            // Reading skips everything before the offset, so it is done only when the file has grown.
            std::thread::sleep(STEP);
            continue;
        }
        read = Some(size);
        let piece = piece(engine, run, stream, offset, MOST_STDOUT)?;
        let is_over = record.outcome != RunOutcome::Running;
        if is_over || !piece.text.is_empty() || Instant::now() >= give_up {
            let mut told = json!({
                "run": run,
                "state": record.outcome,
                "stream": stream,
                "output": piece.text,
                "next_offset": piece.next_offset,
                "is_complete": is_over && !piece.has_more,
                "origin": "tool",
            });
            if let Some(fields) = told.as_object_mut() {
                if let Some(error) = &record.error {
                    fields.insert("error".to_owned(), error_of(record.outcome, error));
                }
                if piece.has_more || !is_over {
                    fields.insert("next".to_owned(), next("output", &json!({"run": run, "offset": piece.next_offset})));
                }
            }
            return Ok(told);
        }
    }
}

/// A call by scenario in progress: its current run, and whether it should stop.
#[derive(Debug, Default)]
pub(super) struct Course {
    now: Mutex<At>,
}

#[derive(Debug, Default)]
struct At {
    run: Option<RunId>,
    stopped: bool,
}

impl Course {
    fn lock(&self) -> MutexGuard<'_, At> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run of the current attempt.
    pub(super) fn run(&self) -> Option<RunId> {
        self.lock().run
    }

    /// Stops trying further tools, and returns the run that must end.
    pub(super) fn stop(&self) -> Option<RunId> {
        let mut at = self.lock();
        at.stopped = true;
        at.run
    }
}

/// `call`: tries the matching tools, best first. Blocks until one has succeeded or none is left.
pub(super) fn call(engine: &Engine, caller: &Caller, given: &Arguments, course: &Arc<Course>) -> Answer {
    engine.library().up_to_date()?;
    let attempts = given.number("max_attempts").and_then(|most| usize::try_from(most).ok());
    let request = CallRequest {
        scenario: given.required("scenario")?.to_owned(),
        tags: given.texts("tag"),
        capabilities: Vec::new(),
        input: given.object("input"),
        sets: Vec::new(),
        timeout: None,
        max_attempts: attempts.unwrap_or(DEFAULT_ATTEMPTS),
        go_on: false,
    };
    let mut calling = match engine.services().begin_call(&request, caller) {
        Ok(CallBegun::Answered(report)) => return called(engine, &report),
        Ok(CallBegun::Tools(calling)) => *calling,
        Err(error) => return asked_for_permit(engine, caller, (given, &request), error, course),
    };
    while !course.lock().stopped
        && let Some(begun) = calling.begin_next()?
    {
        course.lock().run = Some(begun.handle.id);
        if course.lock().stopped {
            begun.handle.cancel();
        }
        let run = begun.handle.wait()?;
        calling.ended(&run)?;
    }
    called(engine, &calling.report())
}

/// The answer to a call that no tool can handle. If a tool fits whose runs each need a permit, it is started as with
/// `run`: this asks a human, or runs it with a given permit.
fn asked_for_permit(
    engine: &Engine,
    caller: &Caller,
    (given, request): (&Arguments, &CallRequest),
    error: EngineError,
    course: &Course,
) -> Answer {
    let found = engine.services().call_candidates(request, caller)?;
    let Some(dear) = found.left_out.iter().find(|left| left.needs_permit) else {
        return Err(unknown(error, &request.scenario));
    };
    let (wait, scenario) = (given.wait(), Some(request.scenario.clone()));
    let (tool, input) = (dear.path.clone(), request.input.clone());
    let wanted = Wanted { tool, input, digest: None, scenario, worker: None, strictly: false, wait };
    let started = start(engine, caller, &wanted)?;
    course.lock().run = Some(started.run);
    if course.lock().stopped {
        started.handle.cancel();
    }
    let (warning, asked) = (started.warning.clone(), started.asked);
    ended(engine, &started.wait()?, warning.as_ref(), asked)
}

fn called(engine: &Engine, report: &CallReport) -> Answer {
    let attempts: Vec<Value> = report.attempts.iter().map(attempt).collect();
    let mut told = json!({"outcome": report.outcome, "attempts": attempts, "message": report.sentence()});
    let Some(fields) = told.as_object_mut() else { return Ok(told) };
    if !report.hint.is_empty() {
        fields.insert("hint".to_owned(), json!(report.hint));
    }
    if let Some(answer) = &report.answer {
        fields.insert("output".to_owned(), json!(answer));
        fields.insert("instance".to_owned(), json!(report.instance));
        fields.insert("origin".to_owned(), json!("tool"));
    } else if let Some(last) = report.attempts.last() {
        let run = engine.runs().record(last.run)?;
        fields.insert("run".to_owned(), record(engine, &run)?);
    }
    Ok(told)
}

fn attempt(attempt: &CallAttempt) -> Value {
    let error = attempt.error.as_ref().map(|error| error_of(attempt.outcome, error));
    json!({
        "tool": attempt.tool,
        "version": attempt.version,
        "run": attempt.run,
        "outcome": attempt.outcome,
        "error": error,
        "why": attempt.why,
    })
}
