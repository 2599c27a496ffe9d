//! Two runs side by side: `compare`.

use super::call::{Answer, Call};
use super::print_text::{Ink, Line, Page};
use crate::domain::RunId;
use crate::engine::{Compared, EngineError};
use serde::Serialize;
use std::io;

/// What differs between two runs.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    compared: Compared,
}

/// `compare RUN [RUN]`.
pub(super) fn compare(call: &Call<'_>) -> Result<Shown, EngineError> {
    let engine = call.open()?;
    let run = RunId(call.required_id("run")?);
    let other = call.get::<i64>("other").map(RunId);
    Ok(Shown { compared: engine.failures().compare(run, other)? })
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for line in self.compared.lines() {
            let ink = match line.chars().next() {
                Some('+') => Ink::Good,
                Some('-') => Ink::Bad,
                Some('@') => Ink::Accent,
                _ => Ink::Plain,
            };
            page.line(&Line::new().put(ink, line))?;
        }
        Ok(())
    }
}
