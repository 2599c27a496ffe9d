//! Running tools: `run`, `rerun`.

use super::call::{Call, Stop};
use super::cleaner::Sink;
use super::done::{announce, announce_and_execute, ask_for_touch};
use super::input;
use super::live::{Joiner, Kept, follow};
use super::outlet::{self, Outlets};
use super::print_text::{DescriptionLine, Ink, counted, size, span};
use super::runs::{RunAnswer, level_ink, outcome_ink};
use crate::domain::{Run, RunId, RunOutcome, RunUsage, Stream, Tool};
use crate::engine::{Engine, EngineError, ErrorCode, RunHandle, RunRequest};
use serde::Serialize;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// `run NAME …`.
pub(super) fn run(call: &Call<'_>) -> Result<u8, Stop> {
    let asked = || -> Result<(Engine, RunRequest), EngineError> {
        let given = input::given(call)?;
        let (engine, _catalog) = call.open_catalog()?;
        let tool = engine.library().resolve(call.required("tool")?)?;
        let input = input::for_tool(&engine.library().detail(&tool)?.manifest, given)?;
        if let Some(warning) =
            call.text("scenario").map(|text| engine.failures().warning_in(&tool, text)).transpose()?.flatten()
        {
            call.note(&DescriptionLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, warning));
        }
        Ok((engine, RunRequest { tool, input, timeout: call.get::<Duration>("timeout") }))
    };
    start(call, asked())
}

/// `rerun RUN`: the same tool with the same input.
pub(super) fn rerun(call: &Call<'_>) -> Result<u8, Stop> {
    let asked = || -> Result<(Engine, RunRequest), EngineError> {
        let (engine, _catalog) = call.open_catalog()?;
        let before = engine.runs().record(RunId(call.required_id("run")?))?;
        let input = engine.runs().input_again(before.id)?;
        let tool = same_tool(call, &engine, &before)?;
        Ok((engine, RunRequest { tool, input, timeout: None }))
    };
    start(call, asked())
}

/// The row that ran before when its files are still there; else what goes by its name now, and that
/// it is another version is said.
fn same_tool(call: &Call<'_>, engine: &Engine, before: &Run) -> Result<Arc<Tool>, EngineError> {
    let catalog = engine.library().catalog();
    if let Some(tool) = catalog.tools.iter().find(|tool| tool.name == before.tool && tool.digest == before.digest) {
        return Ok(Arc::clone(tool));
    }
    let tool = engine.library().resolve(before.tool.as_str())?;
    let text = format!(
        "run {} used {} {}; now it is {} {}",
        before.id,
        before.version,
        before.digest.short(),
        tool.version,
        tool.digest.short()
    );
    call.note(&DescriptionLine::new().put(Ink::Warn, text));
    Ok(tool)
}

/// Starts what was asked for and follows it to its end.
fn start(call: &Call<'_>, asked: Result<(Engine, RunRequest), EngineError>) -> Result<u8, Stop> {
    let started = asked.and_then(|(engine, request)| {
        ask_first(call, &engine, &request)?;
        let handle = engine.runs().start(&request, &call.caller(&engine))?;
        Ok((engine, handle))
    });
    if call.switch("jsonl") && call.globals.json {
        let error = EngineError::new(ErrorCode::Usage, "--json and --jsonl cannot be combined", "use one of them");
        return Err(error.into());
    }
    if call.switch("jsonl") {
        return stream_events(call, started);
    }
    let (engine, handle) = started?;
    if let Some(warning) = &handle.warning {
        call.note(&DescriptionLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, warning));
    }
    if call.globals.json {
        let (run, _) = follow(call, &engine, handle, &mut Nowhere)?;
        let code = code_of(&run);
        let kept = Kept::read(&engine, run.id)?;
        outlet::object(&RunAnswer::new(run, &kept))?;
        return Ok(code);
    }
    let mut streams = Outlets::new(call.globals.color);
    let (run, taken) = follow(call, &engine, handle, &mut streams)?;
    let finished = streams.finish();
    call.note(&summary(&run));
    if let Some(error) = &run.error {
        call.note(&DescriptionLine::new().put(Ink::Bad, "  ").put(Ink::Plain, error));
    }
    for note in &run.notes {
        call.note(&DescriptionLine::new().put(Ink::Warn, "  note: ").put(Ink::Plain, note));
    }
    answer(&run, taken.and(finished))
}

/// The exit code that goes with a run.
fn code_of(run: &Run) -> u8 {
    if run.lacked_isolation() { ErrorCode::IsolationMissing.exit_code() } else { exit_code(run.outcome) }
}

/// Asks what only a human can allow: what costs more than low, and, before the first run of a version, what it declares.
/// Where nobody can be asked, the run goes on to be refused and recorded.
fn ask_first(call: &Call<'_>, engine: &Engine, request: &RunRequest) -> Result<(), EngineError> {
    let mut asked = Vec::new();
    while let Some(command) = engine.runs().unallowed(&request.tool, &call.caller(engine))? {
        // What was answered and is asked again is the run's to refuse.
        if asked.contains(&command) {
            return Ok(());
        }
        asked.push(command.clone());
        if call.switch("allow") {
            announce_and_execute(call, engine, command)?;
            continue;
        }
        let stream = call.switch("jsonl") || call.globals.json;
        if stream || !call.has_human() || !outlet::is_terminal(Stream::Stderr) {
            return Ok(());
        }
        announce(call, &engine.preview(&command)?);
        call.note(&DescriptionLine::new().put(Ink::Strong, "Type yes to allow it: "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(EngineError::internal)?;
        if answer.trim() != "yes" {
            call.note(&DescriptionLine::new().put(Ink::Warn, "not allowed: the answer was not yes"));
            return Ok(());
        }
        ask_for_touch(call, engine);
        engine.execute(command, &call.caller(engine))?;
    }
    Ok(())
}

/// The exit code that goes with the end of a run.
fn exit_code(outcome: RunOutcome) -> u8 {
    match outcome {
        RunOutcome::Succeeded => 0,
        RunOutcome::Refused => ErrorCode::Refused.exit_code(),
        RunOutcome::Running
        | RunOutcome::Failed
        | RunOutcome::TimedOut
        | RunOutcome::Cancelled
        | RunOutcome::Killed
        | RunOutcome::LimitExceeded
        | RunOutcome::InvalidInput
        | RunOutcome::InvalidOutput
        | RunOutcome::SpawnFailed
        | RunOutcome::Interrupted => ErrorCode::Failed.exit_code(),
    }
}

/// One line: how it ended, what it used, how far it was isolated, and what was cut.
fn summary(run: &Run) -> DescriptionLine {
    let line = DescriptionLine::new()
        .put(Ink::Dim, format!("run {} · ", run.id))
        .put(outcome_ink(run.outcome), run.outcome.word())
        .put(Ink::Dim, format!(" · {}", used(&run.usage)))
        .put(Ink::Dim, " · ")
        .put(level_ink(run), run.isolation_words());
    let line = match run.exit_code {
        Some(code) if code != 0 => line.put(Ink::Dim, format!(" · exit code {code}")),
        _ => line,
    };
    if run.truncated { line.put(Ink::Warn, " · output truncated at its limit") } else { line }
}

/// Time, processor, peak memory and processes; what was not measured is left out.
fn used(usage: &RunUsage) -> String {
    let mut parts = vec![span(usage.duration_ms), format!("cpu {}", span(usage.cpu_ms))];
    if usage.most_memory_bytes() > 0 {
        parts.push(format!("mem {}", size(usage.most_memory_bytes())));
    }
    if usage.peak_processes > 0 {
        let count = usize::try_from(usage.peak_processes).unwrap_or(usize::MAX);
        parts.push(counted(count, "process", "processes"));
    }
    parts.join(" · ")
}

/// Takes output and shows nothing: it is read from the kept output at the end.
pub(super) struct Nowhere;

impl Sink for Nowhere {
    fn take(&mut self, _stream: Stream, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

/// A line of `--jsonl`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum RunEvent<'a> {
    Started { run: &'a Run },
    Output { stream: Stream, text: String },
    Ended { run: &'a Run },
    Error { error: &'a EngineError },
}

fn print_event(event: &RunEvent<'_>) -> io::Result<()> {
    outlet::object(event)
}

/// Prints events as they come; an error before the start is an event too.
fn stream_events(call: &Call<'_>, started: Result<(Engine, RunHandle), EngineError>) -> Result<u8, Stop> {
    let (engine, handle) = match started {
        Ok(started) => started,
        Err(error) => {
            print_event(&RunEvent::Error { error: &error })?;
            return Ok(error.code.exit_code());
        }
    };
    print_event(&RunEvent::Started { run: &engine.runs().record(handle.id)? })?;
    let mut events = Events::default();
    let (run, taken) = follow(call, &engine, handle, &mut events)?;
    let told = taken.and_then(|()| events.finish()).and_then(|()| print_event(&RunEvent::Ended { run: &run }));
    answer(&run, told)
}

/// The exit code of a run that was told as far as somebody listened.
fn answer(run: &Run, told: io::Result<()>) -> Result<u8, Stop> {
    match told {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code_of(run)),
    }
}

/// Output as events.
#[derive(Default)]
struct Events {
    stdout: Joiner,
    stderr: Joiner,
}

impl Events {
    fn finish(&mut self) -> io::Result<()> {
        for (stream, text) in [(Stream::Stdout, self.stdout.finish()), (Stream::Stderr, self.stderr.finish())] {
            if !text.is_empty() {
                print_event(&RunEvent::Output { stream, text })?;
            }
        }
        Ok(())
    }
}

impl Sink for Events {
    fn take(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        let text = match stream {
            Stream::Stdout => self.stdout.push(bytes),
            Stream::Stderr => self.stderr.push(bytes),
        };
        if text.is_empty() { Ok(()) } else { print_event(&RunEvent::Output { stream, text }) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::super::runs::tests::failed_run;
    use super::*;
    use serde_json::json;

    #[test]
    fn only_success_is_zero_and_a_refusal_is_told_apart() {
        let codes = RunOutcome::ALL.iter().map(|outcome| (outcome.word(), exit_code(*outcome)));
        let not_one: Vec<_> = codes.filter(|(_, code)| *code != 1).collect();
        assert_eq!(not_one, [("succeeded", 0), ("refused", 4)]);
    }

    #[test]
    fn the_end_is_told_in_one_line_with_the_honest_isolation() {
        let mut run = failed_run();
        run.truncated = true;
        assert_eq!(
            plain(|page| page.line(&summary(&run))),
            "run 7 · failed · 340 ms · cpu 20 ms · mem 4.0 KiB · limits-only: no sandbox · exit code 3 · output truncated at its limit\n"
        );
    }

    #[test]
    fn events_have_a_name_and_the_schema() {
        let run = failed_run();
        let output = object(&RunEvent::Output { stream: Stream::Stderr, text: "x\n".into() });
        assert_eq!(output, json!({"schema": 1, "event": "output", "stream": "stderr", "text": "x\n"}));
        let ended = object(&RunEvent::Ended { run: &run });
        assert_eq!((&ended["event"], &ended["run"]["outcome"]), (&json!("ended"), &json!("failed")));
        let error = EngineError::new(ErrorCode::NotFound, "no tool", "look");
        assert_eq!(
            object(&RunEvent::Error { error: &error }),
            json!({"schema": 1, "event": "error",
                "error": {"code": "not-found", "message": "no tool", "hint": "look"}})
        );
    }

    #[test]
    fn a_run_answers_with_its_record_and_its_output() {
        let answer = object(&RunAnswer { run: failed_run(), stdout: "o".into(), stderr: "e".into(), truncated: false });
        let fields: Vec<_> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["schema", "run", "stdout", "stderr", "truncated"]);
    }
}
