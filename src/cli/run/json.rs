//! A run for a script: one JSON object at its end.

use super::exit_code;
use crate::cli::call::{Call, Stop, answered};
use crate::cli::kept::Kept;
use crate::cli::live::{Nowhere, follow};
use crate::cli::outlet;
use crate::cli::runs::RunAnswer;
use crate::engine::{Engine, RunHandle};

/// Follows a run to its end.
pub(super) fn tell(call: &Call<'_>, engine: &Engine, handle: RunHandle) -> Result<u8, Stop> {
    let (run, _) = follow(call, engine, handle, &mut Nowhere)?;
    let code = exit_code::of(&run);
    let kept = Kept::read(engine, run.id)?;
    let steps = engine.runs().steps_of(run.id)?;
    answered(code, outlet::object(&RunAnswer::new(run, &kept, steps)))
}
