//! The questions before a run, and before a launch.

use crate::cli::call::Call;
use crate::cli::done::{announce, announce_and_execute, ask_for_touch};
use crate::cli::outlet;
use crate::cli::print_text::{Ink, StyledLine};
use crate::domain::{Stream, Tool};
use crate::engine::{Engine, EngineError};
use std::io;

/// Asks what only a human can allow: what costs more than low, and, before the first run of a version, what it declares.
/// With `is_quiet`, and where nobody can be asked, the run goes on to be refused.
pub(super) fn ask_first(call: &Call<'_>, engine: &Engine, tool: &Tool, is_quiet: bool) -> Result<(), EngineError> {
    let mut asked = Vec::new();
    while let Some(command) = engine.runs().unallowed(tool, &call.caller(engine))? {
        // What was answered and is asked again is the run's to refuse.
        if asked.contains(&command) {
            return Ok(());
        }
        asked.push(command.clone());
        if call.switch("allow") {
            announce_and_execute(call, engine, command)?;
            continue;
        }
        if is_quiet || !call.has_human() || !outlet::is_terminal(Stream::Stderr) {
            return Ok(());
        }
        announce(call, &engine.preview(&command)?);
        call.note(&StyledLine::new().put(Ink::Strong, "Type yes to allow it: "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(EngineError::internal)?;
        if answer.trim() != "yes" {
            call.note(&StyledLine::new().put(Ink::Warn, "not allowed: the answer was not yes"));
            return Ok(());
        }
        ask_for_touch(call, engine);
        engine.execute(command, &call.caller(engine))?;
    }
    Ok(())
}
