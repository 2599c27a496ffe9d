//! The verbs about services that need only their arguments.

use super::{ANSWER_TIME, ContextEdit, LaunchRequest, Services, status};
use crate::domain::{Caller, Outcome, ToolName, VerbCall};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Described, Perform, PlainQuery, PlainVerb, argument};
use crate::engine::settings::duration;
use crate::engine::view::Preview;
use serde_json::json;
use std::time::Duration;

/// The default time limit of `launch --wait`.
const READY_TIME: Duration = Duration::from_mins(1);

/// Verbs that change something.
pub(in crate::engine) const VERBS: &[PlainVerb] = &[
    PlainVerb {
        name: "launch",
        needs_catalog: true,
        preview: |_, call| {
            let line = "it runs until it is terminated, also when the workbench closes";
            Ok(preview(&format!("Launch {}?", argument(call, "tool")?), line, "terminate ends it"))
        },
        perform: Perform::Anyone(|engine, caller, call| engine.services().launch_verb(caller, call)),
    },
    PlainVerb {
        name: "terminate",
        needs_catalog: false,
        preview: |engine, call| {
            if call.get("forget").is_some() {
                let title = format!("Delete {}?", argument(call, "instance")?);
                return Ok(preview(&title, "its context and what was said are deleted", "cannot be undone"));
            }
            let line = if call.get("now").is_some() {
                "its processes are killed at once; its context is kept"
            } else {
                "its processes get its stop signal, then SIGKILL; its context is kept"
            };
            let name = argument(call, "instance")?;
            let mut preview = preview(&format!("Terminate {name}?"), line, "launch starts it again");
            preview.lines.extend(engine.services().terminate_warning(name)?);
            Ok(preview)
        },
        perform: Perform::Anyone(|engine, caller, call| {
            let name = argument(call, "instance")?;
            if call.get("forget").is_some() {
                return engine.services().forget(name, caller);
            }
            let mut outcome = engine.services().terminate(name, call.get("now").is_some(), caller)?;
            if call.get("wait").is_some() {
                let state = engine.services().wait_until_ended(name)?;
                outcome.message = outcome.message.replacen(" is asked to end", &format!(" is {state}"), 1);
            }
            Ok(outcome)
        }),
    },
    PlainVerb {
        name: "relaunch",
        needs_catalog: true,
        preview: |_, call| {
            let line = "it ends and starts again with the same name, ports and context";
            Ok(preview(&format!("Relaunch {}?", argument(call, "instance")?), line, ""))
        },
        perform: Perform::Anyone(|engine, caller, call| {
            let row = engine.services().relaunch(argument(call, "instance")?, caller)?;
            let name = row.instance.name;
            Ok(told(format!("{name} starts again"), &json!({ "instance": name })))
        }),
    },
    PlainVerb {
        name: "say",
        needs_catalog: false,
        preview: |_, call| Ok(preview(&format!("Send a message to {}?", argument(call, "instance")?), "", "")),
        perform: Perform::Anyone(|engine, caller, call| engine.services().say_verb(caller, call)),
    },
    PlainVerb {
        name: "context",
        needs_catalog: false,
        preview: |engine, call| engine.services().preview_context(argument(call, "instance")?, &edits_of(call)),
        perform: Perform::Anyone(|engine, caller, call| engine.services().context_verb(caller, call)),
    },
];

/// Verbs that change nothing.
pub(in crate::engine) const QUERIES: &[PlainQuery] = &[PlainQuery {
    name: "services",
    needs_catalog: true,
    answer: |engine, call, _| {
        engine.services().restore_lost()?;
        match call.get("instance") {
            Some(name) if call.get("unit").is_some() => Described::of(&engine.services().unit(name)?),
            Some(name) if call.get("profile").is_some() => Described::of(&engine.services().profile(name)?),
            None if call.get("unit").is_some() || call.get("profile").is_some() => Err(unnamed_instance()),
            Some(name) => Described::of(&engine.services().detail(name)?),
            None => Described::of(&engine.services().list(call.get("capability"))?),
        }
    },
}];

/// The error of `services` for an option that needs the name of an instance.
pub fn unnamed_instance() -> EngineError {
    let message = "--unit and --profile need the name of an instance or a tool";
    EngineError::new(ErrorCode::Usage, message, "`toolsmith services` lists instances")
}

fn preview(title: &str, line: &str, undo: &str) -> Preview {
    let lines = Some(line).filter(|line| !line.is_empty()).map(str::to_owned).into_iter().collect();
    Preview { title: title.to_owned(), lines, undo: undo.to_owned() }
}

fn told(message: String, detail: &serde_json::Value) -> Outcome {
    Outcome { operation: None, review: None, message, commit: None, detail: detail.clone() }
}

fn time(call: &VerbCall, name: &str, usual: Duration) -> Result<Duration, EngineError> {
    let Some(text) = call.get(name) else { return Ok(usual) };
    duration(text).ok_or_else(|| {
        let message = format!("{text:?} is not a duration");
        EngineError::new(ErrorCode::Usage, message, format!("write --{name} 30s"))
    })
}

impl Services<'_> {
    fn launch_verb(&self, caller: &Caller, call: &VerbCall) -> Result<Outcome, EngineError> {
        let tool = self.engine.library().resolve(argument(call, "tool")?)?;
        let instance = call.get("instance").map(instance_name).transpose()?;
        let request = LaunchRequest { tool, instance };
        let launched = match call.get("if-needed").and_then(|_| self.running(&request).transpose()) {
            Some(running) => running?,
            None => self.launch(&request, caller)?,
        };
        let name = launched.instance;
        let mut message = format!("{name} is {}", launched.state);
        if call.get("wait").is_some() {
            let state = self.wait_until_ready(&name, READY_TIME)?;
            message = format!("{name} is {state}");
        }
        if !launched.with.is_empty() {
            message = format!("{message}; launched before it: {}", status::names(&launched.with));
        }
        if let Some(warning) = &launched.warning {
            message = format!("{message} ({warning})");
        }
        Ok(told(message, &json!({ "instance": name, "launched_before": launched.with, "warning": launched.warning })))
    }

    fn say_verb(&self, caller: &Caller, call: &VerbCall) -> Result<Outcome, EngineError> {
        let timeout = time(call, "timeout", ANSWER_TIME)?;
        let said = self.say(argument(call, "instance")?, argument(call, "message")?, timeout, caller)?;
        let detail = serde_json::to_value(&said).map_err(EngineError::internal)?;
        Ok(told(said.answer, &detail))
    }

    fn context_verb(&self, caller: &Caller, call: &VerbCall) -> Result<Outcome, EngineError> {
        let name = argument(call, "instance")?;
        let edits = edits_of(call);
        if edits.is_empty() {
            let hint = format!("give --stage, --promote, --inject or --clear; `toolsmith services {name}` shows it");
            return Err(EngineError::new(ErrorCode::Usage, "nothing to change", hint));
        }
        let context = self.edit_context(name, &edits, caller)?;
        let message = format!("{name}: {} staged, {} with the next message", context.staged.len(), context.next.len());
        Ok(told(message, &serde_json::to_value(&context).map_err(EngineError::internal)?))
    }
}

/// The changes that a call of `context` requests, in order.
fn edits_of(call: &VerbCall) -> Vec<ContextEdit> {
    let mut edits = Vec::new();
    if call.get("clear").is_some() {
        edits.push(ContextEdit::Clear);
    }
    edits.extend(call.get("stage").map(|text| ContextEdit::Stage(text.to_owned())));
    if call.get("promote").is_some() {
        edits.push(ContextEdit::Promote);
    }
    edits.extend(call.get("inject").map(|text| ContextEdit::Inject(text.to_owned())));
    edits
}

/// The name of an instance, as typed.
pub(super) fn instance_name(text: &str) -> Result<ToolName, EngineError> {
    ToolName::new(text).map_err(|error| {
        EngineError::new(ErrorCode::Usage, format!("--instance: {error}"), "for example --instance helper")
    })
}
