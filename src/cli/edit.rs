//! `edit`: opens a file of a tool in the user's editor.

use super::call::Call;
use super::done::Done;
use crate::domain::{Outcome, SafeText};
use crate::engine::{EngineError, FilePlace};
use serde_json::json;

pub(super) fn edit(call: &Call<'_>) -> Result<Done, EngineError> {
    let name = call.required("tool")?;
    let engine = call.open_around(name)?;
    let tool = engine.library().resolve(name)?;
    let line = call.get::<usize>("line").map(|line| line as u64);
    let path = call.text("path").map(str::to_owned);
    let program = engine.handover().editor(&tool, &FilePlace { path, line, run: None })?;
    let subject = SafeText::new(&program.subject).to_string();
    program.run()?;
    let message = format!("edited {subject}");
    Ok(Done::new(Outcome { operation: None, review: None, message, commit: None, detail: json!({ "file": subject }) }))
}
