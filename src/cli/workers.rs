//! The far side of a run on a worker: `serve-run`.

use super::call::{Call, Stop};
use crate::engine::{EngineError, ErrorCode, Home, serve_run as serve};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

/// `serve-run`: answers the machine that started it, on standard input and output.
pub(super) fn serve_run(call: &Call<'_>) -> Result<u8, Stop> {
    if io::stdin().is_terminal() || io::stdout().is_terminal() {
        let hint = "`toolsmith run TOOL --on WORKER` starts it, on the machine of the worker";
        let message = "serve-run answers another Toolsmith, not a terminal";
        return Err(EngineError::new(ErrorCode::Usage, message, hint).into());
    }
    let streams = (io::stdin().as_fd().try_clone_to_owned()?, io::stdout().as_fd().try_clone_to_owned()?);
    let home = Home::discover(&|name| std::env::var_os(name))?;
    serve(home, call.globals.asker(), streams)?;
    Ok(0)
}
