//! The results that a client gets: an object, once as structured content and once as text.

use super::tools;
use super::visible::visible_value;
use crate::domain::{RequestKind, RunOutcome};
use crate::engine::EngineError;
use rmcp::model::CallToolResult;
use serde_json::{Map, Value, json};

/// The result of a call: an object, or an error with the next step.
pub(super) type Answer = Result<Value, Refusal>;

/// An error, and the call that helps.
#[derive(Debug)]
pub(super) struct Refusal(Box<Refused>);

#[derive(Debug)]
struct Refused {
    error: EngineError,
    next: Option<Value>,
    beside: Map<String, Value>,
}

impl From<EngineError> for Refusal {
    fn from(error: EngineError) -> Refusal {
        Refusal(Box::new(Refused { error, next: None, beside: Map::new() }))
    }
}

impl Refusal {
    /// An error, after which the agent should call this tool.
    pub(super) fn then(error: EngineError, tool: &str, arguments: &Value) -> Refusal {
        let mut refusal = Refusal::from(error);
        refusal.0.next = Some(next(tool, arguments));
        refusal
    }

    /// Adds a field to the error.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Refusal {
        self.0.beside.insert(name.to_owned(), value.into());
        self
    }
}

/// A suggested next call.
pub(super) fn next(tool: &str, arguments: &Value) -> Value {
    json!({"tool": tool, "arguments": arguments})
}

/// The result for the client. Hidden characters in text from tools and agents are escaped.
pub(super) fn result(answer: Answer) -> CallToolResult {
    match answer {
        Ok(value) => CallToolResult::structured(visible_value(value)),
        Err(Refusal(refused)) => {
            let Refused { mut error, next, mut beside } = *refused;
            let next = next.or_else(|| next_in(&error.hint));
            error.hint = for_agents(&error.hint);
            error.message = for_agents(&error.message);
            beside.insert("error".to_owned(), json!(error));
            if let Some(next) = next {
                beside.entry("next").or_insert(next);
            }
            CallToolResult::structured_error(visible_value(Value::Object(beside)))
        }
    }
}

/// The start of a command in a hint.
const COMMAND: &str = "`toolsmith ";

/// The call for a hint's command, if the command has exactly one argument, a name or a number: `wait 3`, `show NAME`.
fn next_in(hint: &str) -> Option<Value> {
    let (command, _) = hint.split_once(COMMAND)?.1.split_once('`')?;
    let (verb, about) = command.split_once(' ')?;
    let is_placeholder = about.bytes().all(|byte| byte.is_ascii_uppercase());
    if about.contains(' ') || about.starts_with('-') || is_placeholder {
        return None;
    }
    match verb {
        "wait" => Some(next(verb, &json!({"review": about.parse::<i64>().ok()?}))),
        "show" => Some(next(verb, &json!({"tool": about}))),
        _ => None,
    }
}

/// A command in the form that agents call: the name of the tool, and its arguments if they differ from those of the
/// command.
fn told_as(verb: &str, about: Option<&str>) -> String {
    match (verb, about) {
        ("request", Some(tool)) if !tool.starts_with('-') => {
            let arguments = json!({"kind": RequestKind::Tool, "tool": tool, "rationale": "TEXT"});
            format!("request with {arguments}")
        }
        ("list", _) => "search".to_owned(),
        _ => verb.to_owned(),
    }
}

/// A hint for an agent: shell commands are replaced by the equivalent tools. The remaining commands are for humans.
pub(super) fn for_agents(hint: &str) -> String {
    let (mut told, mut rest, mut is_for_humans) = (String::new(), hint, false);
    while let Some((before, command)) = rest.split_once(COMMAND) {
        let Some((words, after)) = command.split_once('`') else { break };
        let mut parts = words.split(' ');
        let verb = parts.next().unwrap_or_default();
        told.push_str(before);
        if verb == "list" || tools::row(verb).is_some() {
            told.push_str(&told_as(verb, parts.next()));
        } else {
            is_for_humans = true;
            told.push_str(COMMAND);
            told.push_str(words);
            told.push('`');
        }
        rest = after;
    }
    told.push_str(rest);
    if is_for_humans { format!("{told} (a command for a human)") } else { told }
}

/// The result of a call that runs a tool. A failed run is an error for the client too, with everything that is known
/// about the run.
pub(super) fn of_run(answer: Answer) -> CallToolResult {
    let has_failed = |value: &Value| {
        let state = value["state"].as_str().and_then(|word| word.parse::<RunOutcome>().ok());
        state.is_some_and(RunOutcome::is_failure)
    };
    match answer {
        Ok(value) if has_failed(&value) => CallToolResult::structured_error(visible_value(value)),
        answer => result(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ErrorCode;

    #[test]
    fn a_run_that_failed_is_an_error_and_one_that_goes_on_is_none() {
        for (state, is_error) in [("failed", true), ("timed-out", true), ("succeeded", false), ("running", false)] {
            assert_eq!(of_run(Ok(json!({"state": state, "run": 3}))).is_error, Some(is_error), "{state}");
        }
    }

    #[test]
    fn a_hint_for_an_agent_names_tools_and_not_commands() {
        for (hint, wanted) in [
            ("`toolsmith list` shows every tool", "search shows every tool"),
            ("`toolsmith wait 3` waits for the answer", "wait waits for the answer"),
            (
                "`toolsmith request x --rationale TEXT` asks",
                "request with {\"kind\":\"ToolReviewRequest\",\"tool\":\"x\",\"rationale\":\"TEXT\"} asks",
            ),
            ("`toolsmith request --schema` prints it", "request prints it"),
            ("ask a human", "ask a human"),
            ("`toolsmith reviews` lists them", "`toolsmith reviews` lists them (a command for a human)"),
            ("`toolsmith show x", "`toolsmith show x"),
        ] {
            assert_eq!(for_agents(hint), wanted);
        }
    }

    #[test]
    fn a_command_in_a_hint_is_the_next_call_if_it_has_its_one_argument() {
        for (hint, wanted) in [
            ("`toolsmith wait 3` waits for it", json!({"tool": "wait", "arguments": {"review": 3}})),
            ("see `toolsmith show git.log`", json!({"tool": "show", "arguments": {"tool": "git.log"}})),
            ("`toolsmith show TOOL` says it", Value::Null),
            ("`toolsmith show x --versions` says it", Value::Null),
            ("`toolsmith list` shows every tool", Value::Null),
            ("ask a human", Value::Null),
        ] {
            let error = EngineError::new(ErrorCode::Conflict, "x", hint);
            let content = result(Err(error.into())).structured_content.unwrap();
            assert_eq!(content["next"], wanted, "{hint}");
        }
    }

    #[test]
    fn an_error_names_the_call_that_helps() {
        let error = EngineError::new(ErrorCode::Refused, "x is not approved", "ask a human");
        let result = result(Err(Refusal::then(error, "request", &json!({"tool": "x"})).with("run", 3)));
        assert_eq!(result.is_error, Some(true));
        let content = result.structured_content.unwrap();
        assert_eq!(content["error"]["code"], "refused");
        assert_eq!(content["next"], json!({"tool": "request", "arguments": {"tool": "x"}}));
        assert_eq!(content["run"], 3);
        assert_eq!(result.content[0].as_text().unwrap().text, content.to_string());
    }
}
