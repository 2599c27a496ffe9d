//! Commands on buffers that a human gives on the screen: flush, clear, retry set-aside items.

use super::{BufferAnswer, Buffers};
use crate::domain::{BufferId, Caller, Outcome, VerbCall, plural};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Perform, PlainVerb, argument};
use crate::engine::view::Preview;
use serde_json::json;

/// Changes the content of a buffer. It moves no files; a flush takes as long as the tool does.
pub(in crate::engine::run) const BUFFER: PlainVerb = PlainVerb {
    name: "buffer",
    needs_catalog: false,
    preview: |engine, call| engine.buffers().preview(call),
    perform: Perform::Anyone(|engine, caller, call| engine.buffers().change(caller, call)),
};

impl Buffers<'_> {
    fn change(&self, caller: &Caller, call: &VerbCall) -> Result<Outcome, EngineError> {
        let id = named(call)?;
        let answer = match argument(call, "operation")? {
            "flush" => self.flush(&id, caller)?,
            "clear" => self.clear(&id, caller)?,
            "retry" => self.retry(&id, caller)?,
            other => return Err(for_the_command_line(other)),
        };
        let message = with_untaken(&id, &answer);
        match answer.error {
            Some(error) => Err(error),
            None => Ok(Outcome { operation: None, review: None, message, commit: None, detail: json!(null) }),
        }
    }

    fn preview(&self, call: &VerbCall) -> Result<Preview, EngineError> {
        let (id, operation) = (named(call)?, argument(call, "operation")?);
        let status = self.status(&id)?.status;
        let items = |count: u64| plural(usize::try_from(count).unwrap_or(usize::MAX), "item", "items");
        let nobody = || "no receiver: items are kept until someone reads them".to_owned();
        let to = status.pass_through_tool.unwrap_or_else(nobody);
        let undelivered = status.buffered_count + status.kept_count;
        let (title, line, undo) = match operation {
            "flush" => (format!("Flush buffer {id}?"), format!("{} to {to}", items(undelivered)), ""),
            "retry" => {
                (format!("Try again in buffer {id}?"), format!("{} set aside, to {to}", items(status.aside_count)), "")
            }
            "clear" => (
                format!("Clear buffer {id}?"),
                format!("{} not delivered yet", items(undelivered + status.aside_count)),
                "cleared items cannot be restored; the log records who cleared how many",
            ),
            other => return Err(for_the_command_line(other)),
        };
        Ok(Preview { title, lines: vec![line], undo: undo.to_owned() })
    }
}

/// The result; for items that no tool takes, also how to read them.
fn with_untaken(id: &BufferId, answer: &BufferAnswer) -> String {
    match answer.status.kept_count {
        0 => answer.message.clone(),
        kept => {
            let kept = plural(usize::try_from(kept).unwrap_or(usize::MAX), "item", "items");
            format!("{}; {kept} until `toolsmith buffer flush --buffer {id}`", answer.message)
        }
    }
}

fn named(call: &VerbCall) -> Result<BufferId, EngineError> {
    BufferId::new(argument(call, "buffer")?).map_err(|error| EngineError::new(ErrorCode::Usage, error.to_string(), ""))
}

fn for_the_command_line(operation: &str) -> EngineError {
    let message = format!("`buffer {operation}` works on the command line only");
    EngineError::new(ErrorCode::Usage, message, format!("run toolsmith buffer {operation}"))
}
