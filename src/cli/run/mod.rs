//! Running tools: `run`, `rerun`. Each way to answer has its file: text, one JSON object, events.

mod events;
mod exit_code;
mod json;
mod text;

use super::call::{Call, Stop};
use super::input;
use super::permission::ask_first;
use super::print_text::{Ink, StyledLine};
use crate::domain::{Run, RunId, Tool};
use crate::engine::{Engine, EngineError, ErrorCode, RunRequest};
use std::sync::Arc;
use std::time::Duration;

pub(super) fn run(call: &Call<'_>) -> Result<u8, Stop> {
    let asked = || -> Result<(Engine, RunRequest), EngineError> {
        let given = input::given(call)?.with_words(call.texts("word"));
        let (engine, _catalog) = call.open_catalog()?;
        let tool = engine.library().resolve(call.required("tool")?)?;
        let input = input::for_tool(&engine.library().detail(&tool)?.manifest, given)?;
        if let Some(warning) =
            call.text("scenario").map(|text| engine.failures().warning_in(&tool, text)).transpose()?.flatten()
        {
            call.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, warning));
        }
        Ok((engine, RunRequest { tool, input, timeout: call.get::<Duration>("timeout") }))
    };
    start(call, asked)
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
    start(call, asked)
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
    call.note(&StyledLine::new().put(Ink::Warn, text));
    Ok(tool)
}

/// Starts what was asked for and follows it to its end.
fn start(call: &Call<'_>, asked: impl FnOnce() -> Result<(Engine, RunRequest), EngineError>) -> Result<u8, Stop> {
    let is_events = call.switch("jsonl");
    if is_events && call.globals.json {
        let error = EngineError::new(ErrorCode::Usage, "--json and --jsonl cannot be combined", "use one of them");
        return Err(error.into());
    }
    let started = asked().and_then(|(engine, request)| {
        let is_quiet = call.switch("jsonl") || call.globals.json;
        ask_first(call, &engine, &request.tool, is_quiet)?;
        let handle = engine.runs().start(&request, &call.caller(&engine))?;
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
