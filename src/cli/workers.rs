//! The remote side of a run on a worker: `serve-run`.

use super::call::{Call, Stop};
use super::outlet;
use crate::engine::{EngineError, ErrorCode, Home, serve_run as serve};
use std::io::IsTerminal;

/// `serve-run`: serves the machine that started it, on standard input and output. That machine decides which tool may
/// run, so an agent on this machine may not start `serve-run`.
pub(super) fn serve_run(call: &Call<'_>) -> Result<u8, Stop> {
    if let Some(agent) = &call.globals.agent {
        let message = format!("{agent} cannot start serve-run: it carries out whatever it is sent, approved or not");
        let hint = "`toolsmith run TOOL --on WORKER` runs an approved tool on a worker";
        return Err(EngineError::new(ErrorCode::Refused, message, hint).into());
    }
    let (from, to) = outlet::own_streams()?;
    if from.is_terminal() || to.is_terminal() {
        let hint = "`toolsmith run TOOL --on WORKER` starts it, on the machine of the worker";
        let message = "serve-run answers another Toolsmith, not a terminal";
        return Err(EngineError::new(ErrorCode::Usage, message, hint).into());
    }
    let home = Home::discover(&|name| std::env::var_os(name))?;
    serve(home, call.globals.asker(), (from, to))?;
    Ok(0)
}
