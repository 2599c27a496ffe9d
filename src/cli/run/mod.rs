//! Running tools: `run`, `rerun`. Each output format has its own file: text, one JSON object, events.

mod command;
mod events;
mod exit_code;
mod json;
mod text;

use super::call::{Call, Stop};
use super::input;
use super::permission::ask_first;
use super::piped;
use super::print_text::{Ink, StyledLine};
use crate::domain::{Run, RunId, Tool};
use crate::engine::{Engine, EngineError, ErrorCode, RerunFrom, RunRequest};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn run(call: &Call<'_>) -> Result<u8, Stop> {
    if call.switch("show") {
        if call.text("on").is_some() {
            let hint = "--show prints what this machine would start; leave out one of them";
            return Err(EngineError::new(ErrorCode::Usage, "--show and --on cannot be combined", hint).into());
        }
        return call.print(&command::shown(call)?);
    }
    let code = run_now(call, Rules::Declared)?;
    tell_unused_input(call);
    Ok(code)
}

/// `run-strict`: a run without the access that the tool declares.
pub(super) fn run_strict(call: &Call<'_>) -> Result<u8, Stop> {
    let code = run_now(call, Rules::Strict)?;
    tell_unused_input(call);
    Ok(code)
}

/// The access rules of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// The access that the tool declares and that is granted.
    Declared,
    /// The rules for an experimental tool.
    Strict,
}

fn tell_unused_input(call: &Call<'_>) {
    if piped::is_left() {
        let text = "standard input was not used: the tool does not read it, or was given its input otherwise";
        call.note(&StyledLine::new().put(Ink::Warn, "note: ").put(Ink::Plain, text));
    }
}

fn run_now(call: &Call<'_>, rules: Rules) -> Result<u8, Stop> {
    let asked = || -> Result<(Engine, RunRequest), EngineError> {
        let given = input::given(call)?.with_words(call.texts("word"));
        let engine = call.open_around(call.required("tool")?)?;
        let tool = engine.library().resolve(call.required("tool")?)?;
        let again = if rules == Rules::Strict { None } else { from(call, &engine, &tool)? };
        // A continued run already has an input.
        let input = if again.is_some() && given.is_empty() {
            None
        } else {
            piped::with_piped(&engine.library().detail(&tool)?.manifest, given)?
        };
        let scenario = if rules == Rules::Strict { None } else { call.text("scenario") };
        if let Some(warning) = scenario.map(|text| engine.failures().warning_in(&tool, text)).transpose()?.flatten() {
            call.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, warning));
        }
        let worker = call.text("on").map(str::to_owned);
        Ok((engine, RunRequest { tool, input, timeout: call.get::<Duration>("timeout"), again, worker }))
    };
    start(call, rules, asked)
}

/// `run NAME --from STEP --of RUN`: the earlier run to continue.
fn from(call: &Call<'_>, engine: &Engine, tool: &Tool) -> Result<Option<RerunFrom>, EngineError> {
    let step = call.text("from").map(str::to_owned);
    match (step, call.id("of").map(RunId)) {
        (None, None) => Ok(None),
        (None, Some(_)) => {
            let hint = "`toolsmith continue RUN` runs what did not succeed";
            Err(EngineError::new(ErrorCode::Usage, "--of needs --from", hint))
        }
        (step, Some(of)) => Ok(Some(RerunFrom { of, step })),
        (step, None) => Ok(Some(RerunFrom { of: engine.runs().last_with_steps(tool)?, step })),
    }
}

/// `continue RUN`: repeats a composite from the step that failed.
pub(super) fn go_on(call: &Call<'_>) -> Result<u8, Stop> {
    let asked = || -> Result<(Engine, RunRequest), EngineError> {
        let (engine, _catalog) = call.open_catalog()?;
        let before = engine.runs().record(RunId(call.required_id("run")?))?;
        let tool = same_tool(call, &engine, &before)?;
        let again = Some(RerunFrom { of: before.id, step: call.text("from").map(str::to_owned) });
        Ok((engine, RunRequest { tool, input: None, timeout: None, again, worker: None }))
    };
    start(call, Rules::Declared, asked)
}

/// `rerun RUN`: the same tool with the same input in the same folder.
pub(super) fn rerun(call: &Call<'_>) -> Result<u8, Stop> {
    let asked = || -> Result<(Engine, RunRequest), EngineError> {
        let (engine, _catalog) = call.open_catalog()?;
        let before = engine.runs().record(RunId(call.required_id("run")?))?;
        let input = engine.runs().input_again(before.id)?;
        let tool = same_tool(call, &engine, &before)?;
        Ok((engine, RunRequest { tool, input, timeout: None, again: None, worker: before.worker }))
    };
    start(call, Rules::Declared, asked)
}

/// The same version as before if its files still exist; otherwise the current tool of that name, with a note that the
/// version differs.
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
    call.note(&StyledLine::new().put(Ink::Warn, text));
    Ok(tool)
}

/// Starts the run and follows it to its end.
fn start(
    call: &Call<'_>,
    rules: Rules,
    asked: impl FnOnce() -> Result<(Engine, RunRequest), EngineError>,
) -> Result<u8, Stop> {
    let is_events = call.switch("jsonl");
    if is_events && call.globals.json {
        let error = EngineError::new(ErrorCode::Usage, "--json and --jsonl cannot be combined", "use one of them");
        return Err(error.into());
    }
    let started = asked().and_then(|(engine, request)| {
        let is_quiet = call.switch("jsonl") || call.globals.json;
        let caller = call.caller(&engine);
        let handle = if rules == Rules::Strict {
            engine.runs().start_strictly(&request, &caller)?
        } else {
            ask_first(call, &engine, &request.tool, is_quiet)?;
            engine.runs().start(&request, &caller)?
        };
        Ok((engine, handle))
    });
    if is_events {
        return events::tell(call, started);
    }
    let (engine, handle) = started?;
    if let Some(warning) = &handle.warning {
        call.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, warning));
    }
    if call.globals.json { json::tell(call, &engine, handle) } else { text::tell(call, &engine, handle) }
}
