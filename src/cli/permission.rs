//! The questions before a run or a launch.

use crate::cli::call::Call;
use crate::cli::done::{announce, announce_and_execute, ask_for_touch};
use crate::cli::outlet;
use crate::cli::print_text::{Ink, StyledLine};
use crate::domain::{Stream, Tool};
use crate::engine::{Engine, EngineError};
use std::io;

/// Asks for permissions that only a human can grant: a cost above low, and, before the first run of a version, its
/// declared access. With `is_quiet`, and where nobody can be asked, it asks nothing and the run is refused later.
pub(super) fn ask_first(call: &Call<'_>, engine: &Engine, tool: &Tool, is_quiet: bool) -> Result<(), EngineError> {
    let mut asked = Vec::new();
    while let Some(command) = engine.runs().unallowed(tool, &call.caller(engine))? {
        // A permission that is still missing after its question was answered is left to the run to refuse.
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
