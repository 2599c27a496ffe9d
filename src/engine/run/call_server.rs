//! Serves calls of other tools by a tool: one thread for each run that may call, for the duration of the run.
//!
//! A request is one line of JSON, and so is an answer. A request with several `calls` gets one answer for each of them,
//! written when that call ends; its field `call` is the position of the call. Some of these calls run at the same time.
//! Requests come from a tool, so they are limited in size and refused with a reason when invalid. A request can do two
//! things only: run a tool that the manifest names (`tool`), or run the best match for a description among these tools
//! (`need`). Each call is an ordinary run with this run as its parent, and the policy is applied to the caller of the
//! parent.

use super::Runs;
use super::call_stop::CallStop;
use super::occasion::ParentRun;
use super::running::Ready;
use super::start_with::Prepared;
use crate::domain::composite::MOST_AT_ONCE;
use crate::domain::{Caller, Profile, Run, RunEnd, RunId, RunOutcome, SafeText, ToolDetail};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::run::calling::{CallRequest, DEFAULT_ATTEMPTS, MOST_ATTEMPTS};
use crate::engine::view::RunRequest;
use crate::runner::{self, CallChannel, poll_readable, poll_writable};
use serde::Deserialize;
use serde_json::{Value, json};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Maximum bytes of one request.
const MOST_REQUEST: usize = 16 << 20;

/// Maximum number of calls by one run, including refused ones.
const MOST_CALLS: usize = 1_000;

/// How often the end of the run is checked while there is no request.
const LOOK: Duration = Duration::from_millis(100);

/// A request of a tool.
#[derive(Debug, Deserialize)]
struct CallAsked {
    /// The name of a tool.
    tool: Option<String>,
    /// The task in words, or the name of a tool.
    need: Option<String>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    tags: Vec<String>,
    max_attempts: Option<usize>,
    /// Several calls in one request.
    calls: Option<Vec<CallAsked>>,
}

/// The answer to a call.
enum CallAnswer {
    Output(Box<Run>, String),
    Failed(String, Option<RunId>),
}

impl CallAnswer {
    fn line(&self, place: Option<usize>) -> Vec<u8> {
        let mut value = match self {
            CallAnswer::Output(run, output) => json!({"ok": true, "tool": run.tool, "run": run.id, "output": output}),
            CallAnswer::Failed(error, run) => json!({"ok": false, "error": error, "run": run}),
        };
        if let Some(place) = place {
            value["call"] = json!(place);
        }
        format!("{value}\n").into_bytes()
    }
}

impl Runs<'_> {
    /// Writes the modules for calling other tools to a place that the run may read, if the tool mentions them.
    pub(super) fn put_call_modules(&self, detail: &ToolDetail) -> Result<(), EngineError> {
        if !runner::mentions_calls(&detail.manifest.permissions, &detail.files) {
            return Ok(());
        }
        runner::write_call_modules(&self.workspace.state_dir).map_err(EngineError::internal)
    }

    /// Lets a run call the tools that its manifest names. A strict run calls no tools, because nobody approved its
    /// version.
    pub(super) fn offer_calls(
        &self,
        prepared: Prepared,
        ready: &Ready,
        caller: &Caller,
        run: RunId,
    ) -> Result<Prepared, RunEnd> {
        let declared: Vec<String> = ready.detail.manifest.permissions.called_tools().map(str::to_owned).collect();
        let is_plain = prepared.hooks.is_none() && !prepared.is_service;
        if ready.profile == Profile::Strict || declared.is_empty() || !is_plain {
            return Ok(prepared);
        }
        // A worker was refused before: it cannot pass calls back.
        let runner::Start::Here(spec) = prepared.start else { return Ok(prepared) };
        let (spec, channel) = spec.with_calls()?;
        let parent = ParentRun {
            run,
            step: None,
            depth: ready.occasion.depth() + 1,
            profile: ready.profile,
            is_permitted: false,
        };
        let server = CallServer::new(self.engine.clone(), caller.clone(), parent, declared);
        let calls = Some(server.stop());
        server.serve(channel);
        Ok(Prepared { start: spec.into(), calls, ..prepared })
    }
}

/// Serves the calls of one run.
pub(super) struct CallServer {
    engine: Engine,
    caller: Caller,
    parent: ParentRun,
    /// The tools that its manifest names.
    declared: Vec<String>,
    stop: Arc<CallStop>,
}

impl CallServer {
    pub(super) fn new(engine: Engine, caller: Caller, parent: ParentRun, declared: Vec<String>) -> CallServer {
        CallServer { engine, caller, parent, declared, stop: Arc::default() }
    }

    /// Stops serving.
    pub(super) fn stop(&self) -> Arc<CallStop> {
        self.stop.clone()
    }

    /// Serves calls until the run is over. If no thread can be started, the pipes are closed, which the tool can
    /// detect.
    pub(super) fn serve(self, channel: CallChannel) {
        let (engine, stop) = (self.engine.clone(), self.stop.clone());
        let spawned = std::thread::Builder::new().name("calls".to_owned()).spawn(move || self.answer_all(&channel));
        match spawned {
            Ok(thread) => stop.is_answered_by(thread),
            Err(error) => engine.workspace.report_trouble::<()>(Err(EngineError::internal(error))),
        }
    }

    fn answer_all(&self, channel: &CallChannel) {
        let (mut lines, mut left) = (Lines::default(), MOST_CALLS);
        let answers = Answers { to: &channel.answers, stop: &self.stop, turn: Mutex::new(()) };
        loop {
            let is_heard = match lines.next(&channel.requests, &self.stop) {
                Heard::Line(line) => self.answer(&line, &mut left, &answers),
                Heard::TooLong => {
                    answers.write(&failed(format!("a request is longer than {} MiB", MOST_REQUEST >> 20)), None)
                }
                Heard::End => return,
            };
            if !is_heard || lines.is_broken {
                return;
            }
        }
    }

    /// Answers a request; `false` when nobody reads the answers.
    fn answer(&self, line: &[u8], left: &mut usize, answers: &Answers<'_>) -> bool {
        let asked: CallAsked = match serde_json::from_slice(line) {
            _ if *left == 0 => return answers.write(&too_many(), None),
            Ok(asked) => asked,
            Err(error) => {
                *left -= 1;
                return answers.write(&failed(format!("the request is not understood: {error}")), None);
            }
        };
        let count = asked.calls.as_ref().map_or(1, Vec::len).max(1);
        if count > *left {
            return answers.write(&too_many(), None);
        }
        *left -= count;
        match &asked.calls {
            None => answers.write(&self.answer_one(&asked), None),
            Some(calls) if calls.is_empty() || asked.tool.is_some() || asked.need.is_some() => {
                answers.write(&failed("a request names a tool, a need, or calls".to_owned()), None)
            }
            Some(calls) => self.answer_each(calls, answers),
        }
    }

    /// Answers several calls, [`MOST_AT_ONCE`] at the same time. A failed call does not affect the others.
    fn answer_each(&self, calls: &[CallAsked], answers: &Answers<'_>) -> bool {
        let (next, is_heard) = (AtomicUsize::new(0), AtomicBool::new(true));
        let work = || {
            while !self.stop.is_over() && is_heard.load(Ordering::Acquire) {
                let at = next.fetch_add(1, Ordering::AcqRel);
                let Some(call) = calls.get(at) else { return };
                if !answers.write(&self.answer_one(call), Some(at)) {
                    is_heard.store(false, Ordering::Release);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..calls.len().min(MOST_AT_ONCE) {
                // If no further thread can be started, this thread does the work.
                let _ = std::thread::Builder::new().name("calls".to_owned()).spawn_scoped(scope, work);
            }
            work();
        });
        is_heard.into_inner()
    }

    fn answer_one(&self, asked: &CallAsked) -> CallAnswer {
        let input = match &asked.input {
            Value::Null => None,
            input @ Value::Object(_) => Some(input.clone()),
            _ => return failed("the input is not an object".to_owned()),
        };
        match (&asked.tool, &asked.need) {
            _ if asked.calls.is_some() => failed("a call among several is of one tool".to_owned()),
            (Some(tool), None) => self.call(tool, input),
            (None, Some(need)) if self.is_declared(need) => self.call(need, input),
            (None, Some(need)) => self.call_best(need, asked, input.as_ref()),
            _ => failed("a request names either a tool or a need".to_owned()),
        }
    }

    /// Whether the manifest names a tool; a version after `@` is ignored.
    fn is_declared(&self, name: &str) -> bool {
        let bare = name.split_once('@').map_or(name, |(bare, _)| bare);
        self.declared.iter().any(|declared| declared == bare)
    }

    fn call(&self, name: &str, input: Option<Value>) -> CallAnswer {
        if !self.is_declared(name) {
            let shown = SafeText::new(&name.chars().take(100).collect::<String>()).to_string();
            let known = self.declared.join(", ");
            return failed(format!(
                "{shown} is not declared: add \"tool:{shown}\" to run in [permissions] of the manifest (declared: {known})"
            ));
        }
        let started = self.engine.library().resolve(name).and_then(|tool| {
            let request = RunRequest { tool, input, timeout: None, again: None, worker: None };
            self.engine.runs().start_with(&request, &self.caller, self.parent.clone())
        });
        let handle = match started {
            Ok(handle) => handle,
            Err(error) => return failed(error.message),
        };
        let id = handle.id;
        self.stop.waits_for(id);
        if self.stop.is_over() {
            handle.cancel();
        }
        let run = handle.wait();
        self.stop.waited_for(id);
        match run {
            Ok(run) if run.outcome == RunOutcome::Succeeded => match self.engine.runs().text_of(&run) {
                Ok(text) => CallAnswer::Output(Box::new(run), text),
                Err(why) => CallAnswer::Failed(why, Some(id)),
            },
            Ok(run) => {
                let why = run.error.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                CallAnswer::Failed(format!("run {id} of {} {}{why}", run.tool, run.outcome), Some(id))
            }
            Err(error) => CallAnswer::Failed(error.message, Some(id)),
        }
    }

    /// Calls the declared tools that fit best, one after the other, until one succeeds.
    fn call_best(&self, need: &str, asked: &CallAsked, input: Option<&Value>) -> CallAnswer {
        let request = CallRequest {
            scenario: need.to_owned(),
            tags: asked.tags.clone(),
            capabilities: Vec::new(),
            input: input.cloned(),
            sets: Vec::new(),
            timeout: None,
            max_attempts: asked.max_attempts.unwrap_or(DEFAULT_ATTEMPTS).clamp(1, MOST_ATTEMPTS),
            go_on: false,
        };
        let found = match self.engine.calls().candidates(&request, &self.caller) {
            Ok(found) => found,
            Err(error) => return failed(error.message),
        };
        let names = found.candidates.iter().map(|candidate| candidate.tool.to_string());
        let names = names.filter(|name| self.is_declared(name)).take(request.max_attempts);
        let mut last = failed(format!("no declared tool fits (declared: {})", self.declared.join(", ")));
        for name in names {
            last = self.call(&name, input.cloned());
            if matches!(last, CallAnswer::Output(..)) || self.stop.is_over() {
                return last;
            }
        }
        last
    }
}

fn too_many() -> CallAnswer {
    failed(format!("a run may call at most {MOST_CALLS} times"))
}

fn failed(why: String) -> CallAnswer {
    CallAnswer::Failed(why, None)
}

/// The next input from the tool.
enum Heard {
    Line(Vec<u8>),
    TooLong,
    End,
}

/// Splits the input into lines.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
    /// Number of bytes already searched for the end of a line.
    searched: usize,
    /// Set when the start of the next line is no longer known.
    is_broken: bool,
}

impl Lines {
    fn next(&mut self, from: &OwnedFd, stop: &CallStop) -> Heard {
        let mut piece = vec![0_u8; 64 << 10];
        while !stop.is_over() && !self.is_broken {
            if let Some(end) = memchr::memchr(b'\n', &self.rest[self.searched..]).map(|found| self.searched + found) {
                let line = self.rest.drain(..=end).collect();
                self.searched = 0;
                return Heard::Line(line);
            }
            self.searched = self.rest.len();
            if self.rest.len() > MOST_REQUEST {
                self.is_broken = true;
                self.rest = Vec::new();
                return Heard::TooLong;
            }
            if !poll_readable(from, LOOK) {
                continue;
            }
            match rustix::io::read(from, &mut piece) {
                Ok(0) => return Heard::End,
                Ok(length) => self.rest.extend_from_slice(&piece[..length]),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(_) => return Heard::End,
            }
        }
        Heard::End
    }
}

/// Writes answers, one at a time.
struct Answers<'s> {
    to: &'s OwnedFd,
    stop: &'s CallStop,
    turn: Mutex<()>,
}

impl Answers<'_> {
    /// Writes a whole answer as fast as the reader takes it; `false` when nobody reads.
    fn write(&self, answer: &CallAnswer, place: Option<usize>) -> bool {
        let line = answer.line(place);
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rest = line.as_slice();
        while !rest.is_empty() {
            if self.stop.is_over() {
                return false;
            }
            if !poll_writable(self.to, LOOK) {
                continue;
            }
            match rustix::io::write(self.to, rest) {
                Ok(length) => rest = &rest[length..],
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
        true
    }
}
