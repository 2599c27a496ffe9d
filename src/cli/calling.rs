//! `call SCENARIO`: runs the tool that fits best, and the next one if it fails.

use super::call::{Answer, Call, Stop, answered};
use super::cleaner::Sink;
use super::input;
use super::kept::Kept;
use super::live::{Nowhere, follow};
use super::outlet::{self, Outlets};
use super::print_text::{Ink, Page, StyledLine};
use super::runs::{RunAnswer, outcome_ink};
use crate::domain::{RunId, Stream};
use crate::engine::{
    Begun, CallAttempt, CallBegun, CallOutcome, CallReport, CallRequest, Candidates, DEFAULT_ATTEMPTS, Engine,
    EngineError, ErrorCode,
};
use serde::Serialize;
use std::io;

/// The result of a call, for scripts: the successful run with its output, and the attempts.
#[derive(Serialize)]
struct Called {
    #[serde(flatten)]
    report: CallReport,
    #[serde(flatten)]
    answer: Option<RunAnswer>,
}

/// The candidates, if nothing is called.
#[derive(Serialize)]
struct Shown {
    scenario: String,
    tags: Vec<String>,
    #[serde(flatten)]
    candidates: Candidates,
}

pub(super) fn call(call: &Call<'_>) -> Result<u8, Stop> {
    let request = request(call)?;
    let (engine, _catalog) = call.open_catalog()?;
    let caller = call.caller(&engine);
    if call.switch("show") {
        let candidates = engine.services().call_candidates(&request, &caller)?;
        return call.print(&Shown { scenario: request.scenario, tags: request.tags, candidates });
    }
    let mut calling = match engine.services().begin_call(&request, &caller)? {
        CallBegun::Answered(report) => return said(call, &engine, *report),
        CallBegun::Tools(calling) => *calling,
    };
    let mut output = Ok(());
    while let Some(Begun { number, candidate, handle, .. }) = calling.begin_next()? {
        let head = StyledLine::new().put(Ink::Dim, format!("attempt {number} of {}: ", request.max_attempts));
        let head = head.put(Ink::Strong, candidate.tool.as_str()).put(Ink::Dim, format!(" {}", candidate.version));
        call.note(&head);
        call.note(&StyledLine::new().put(Ink::Dim, format!("  {}", candidate.why)));
        if let Some(warning) = &handle.warning {
            call.note(&StyledLine::new().put(Ink::Warn, "  warning: ").put(Ink::Plain, warning));
        }
        let (run, _) = follow(call, &engine, handle, &mut Nowhere)?;
        calling.ended(&run)?;
        if let Some(attempt) = calling.attempts().last() {
            call.note(&ended(attempt));
        }
    }
    let report = calling.report();
    for attempt in &report.attempts {
        if let Some(severity) = attempt.severity {
            call.note(&StyledLine::new().put(Ink::Dim, format!("  {} is marked {severity}", attempt.tool)));
        }
    }
    let code = exit_code(report.outcome);
    let last = report.attempts.last().filter(|_| report.outcome == CallOutcome::Answered).map(|attempt| attempt.run);
    if call.globals.json {
        let answer = last.map(|run| answer(&engine, run)).transpose()?;
        outlet::object(&Called { report, answer })?;
        return Ok(code);
    }
    if let Some(run) = last {
        output = pass_on(call, &engine, run)?;
    }
    call.note(&StyledLine::new().put(if code == 0 { Ink::Good } else { Ink::Bad }, report.sentence()));
    if !report.hint.is_empty() {
        call.note(&StyledLine::new().put(Ink::Dim, format!("  {}", report.hint)));
    }
    answered(code, output)
}

/// Prints the answer of a service: only the answer on standard output, the reason for the choice on standard error.
fn said(call: &Call<'_>, engine: &Engine, report: CallReport) -> Result<u8, Stop> {
    let text = report.answer.clone().unwrap_or_default();
    if call.globals.json {
        let run = report.attempts.last().map(|attempt| engine.runs().record(attempt.run)).transpose()?;
        let answer =
            run.map(|run| RunAnswer { run, stdout: text, stderr: String::new(), truncated: false, steps: Vec::new() });
        outlet::object(&Called { report, answer })?;
        return Ok(0);
    }
    for attempt in &report.attempts {
        call.note(&StyledLine::new().put(Ink::Dim, &attempt.why));
    }
    let printed = outlet::page(Stream::Stdout, call.globals.color, |page| {
        text.lines().try_for_each(|line| page.line(&StyledLine::of(line)))
    });
    call.note(&StyledLine::new().put(Ink::Good, report.sentence()));
    answered(0, printed)
}

fn request(call: &Call<'_>) -> Result<CallRequest, EngineError> {
    let (input, sets) = input::given(call)?.parts()?;
    Ok(CallRequest {
        scenario: call.required("scenario")?.to_owned(),
        tags: call.texts("tag").into_iter().map(str::to_owned).collect(),
        capabilities: call.texts("capability").into_iter().map(str::to_owned).collect(),
        input,
        sets,
        timeout: call.get("timeout"),
        max_attempts: call.get::<usize>("max-attempts").unwrap_or(DEFAULT_ATTEMPTS),
        go_on: call.switch("go-on"),
    })
}

/// How an attempt ended, in one line.
fn ended(attempt: &CallAttempt) -> StyledLine {
    let line = StyledLine::new().put(outcome_ink(attempt.outcome), format!("  {}", attempt.outcome));
    let line = line.put(Ink::Dim, format!(" · run {}", attempt.run));
    match &attempt.error {
        Some(error) => line.put(Ink::Plain, format!(" · {error}")),
        None => line,
    }
}

fn answer(engine: &Engine, run: RunId) -> Result<RunAnswer, EngineError> {
    let steps = engine.runs().steps_of(run)?;
    Ok(RunAnswer::new(engine.runs().record(run)?, &Kept::read(engine, run)?, steps))
}

/// Prints the output of the successful run, as if that run had been started alone.
fn pass_on(call: &Call<'_>, engine: &Engine, run: RunId) -> Result<io::Result<()>, EngineError> {
    let kept = Kept::read(engine, run)?;
    let mut streams = Outlets::new(call.globals.color);
    let passed = kept.frames().try_for_each(|(stream, bytes)| streams.take(stream, bytes));
    Ok(passed.and(streams.finish()))
}

/// The exit code for the outcome of a call.
fn exit_code(outcome: CallOutcome) -> u8 {
    match outcome {
        CallOutcome::Answered => 0,
        CallOutcome::AllFailed | CallOutcome::Stopped | CallOutcome::Cancelled => ErrorCode::Failed.exit_code(),
    }
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for service in &self.candidates.services {
            let head = StyledLine::new().put(Ink::Dim, "service  ").put(Ink::Strong, service.instance.as_str());
            page.line(&head.put(Ink::Dim, format!("  {}", service.path)))?;
            page.line(&StyledLine::new().put(Ink::Plain, format!("    {}", service.why)))?;
        }
        if self.candidates.is_empty() {
            page.line(&StyledLine::new().put(Ink::Warn, format!("no tool is available for {:?}", self.scenario)))?;
        }
        for (number, candidate) in (1..).zip(&self.candidates.candidates) {
            let head =
                StyledLine::new().put(Ink::Dim, format!("{number:>2}  ")).put(Ink::Strong, candidate.tool.as_str());
            let rest = format!(" {}  {}  {}", candidate.version, candidate.stage, candidate.path);
            page.line(&head.put(Ink::Dim, rest))?;
            page.line(&StyledLine::new().put(Ink::Plain, format!("    {}", candidate.why)))?;
        }
        for left in &self.candidates.left_out {
            let head = StyledLine::new().put(Ink::Dim, " -  ").put(Ink::Dim, left.tool.as_str());
            page.line(&head.put(Ink::Dim, format!(": {}", left.why)))?;
        }
        Ok(())
    }

    fn exit_code(&self) -> u8 {
        if self.candidates.is_empty() { ErrorCode::NotFound.exit_code() } else { 0 }
    }
}
