//! Reads logs of agents: JSON lines in any of the usual forms.
//!
//! Parsing is lenient: a line is searched for tool calls (`tool_use`, `tool_calls`, `function_call`, or an object with
//! a tool and its input), their results, shell commands, and messages of a user. Anything else is ignored; only lines
//! that are not JSON count as unreadable.

use super::shell::pipelines;
use super::step::{RecordedStep, Session, sessions, sorted};
use super::tasks::TaskText;
use crate::domain::Instant;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// Maximum length of a line, in bytes.
const MAX_LINE: usize = 1 << 20;

/// Maximum depth at which calls are searched in a line.
const MAX_DEPTH: usize = 12;

/// Maximum number of calls of one log; of more, the first.
pub const MAX_CALLS: usize = 200_000;

/// Names of tools that run shell commands.
const SHELLS: [&str; 12] = [
    "bash",
    "sh",
    "zsh",
    "shell",
    "exec",
    "execute",
    "terminal",
    "command",
    "run_command",
    "execute_command",
    "run_shell_command",
    "local_shell",
];

/// The content of a log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgentLog {
    /// The calls, oldest first.
    pub sessions: Vec<Session>,
    /// The tasks of users.
    pub tasks: Vec<TaskText>,
    /// Number of calls.
    pub calls: usize,
    /// Number of lines that are not JSON, or too long.
    pub unreadable: usize,
}

/// The state while reading.
#[derive(Default)]
struct LogReader {
    /// The calls of each session.
    steps: BTreeMap<String, Vec<RecordedStep>>,
    /// The position of the call with an id.
    ids: HashMap<String, (String, usize)>,
    log: AgentLog,
}

#[derive(Clone)]
struct LogPosition<'a> {
    name: &'a str,
    line: u64,
    session: String,
    at: Option<Instant>,
}

/// Reads a log; `mask` removes secrets from each line before it is parsed.
pub fn read(name: &str, bytes: &[u8], mask: &dyn Fn(&str) -> String) -> AgentLog {
    let mut reading = LogReader::default();
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let text = if bytes.len() <= MAX_LINE { std::str::from_utf8(bytes).ok() } else { None };
        let value = text.and_then(|text| serde_json::from_str::<Value>(mask(text).trim_start_matches('\u{feff}')).ok());
        match value {
            Some(value) => {
                let here = LogPosition { name, line, session: String::new(), at: None };
                reading.look(&value, &here, 0);
            }
            None => reading.log.unreadable += 1,
        }
    }
    let LogReader { steps, mut log, .. } = reading;
    log.sessions = steps.into_values().flat_map(|steps| sessions(name, steps)).collect();
    log.calls = log.sessions.iter().map(|session| session.steps.len()).sum();
    log
}

impl LogReader {
    fn look(&mut self, value: &Value, here: &LogPosition<'_>, depth: usize) {
        if depth > MAX_DEPTH || self.log.calls >= MAX_CALLS {
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.look(item, here, depth + 1)),
            Value::Object(fields) => {
                let mut here = here.clone();
                if let Some(session) =
                    text_of(fields, &["session_id", "sessionId", "session", "conversation_id", "thread_id"])
                {
                    session.clone_into(&mut here.session);
                }
                here.at = time_of(fields).or(here.at);
                if self.take_result(fields) || self.take_call(fields, &here) {
                    return;
                }
                self.take_task(fields, &here);
                // A container: the other fields of the record are searched.
                for (_, field) in fields.iter().filter(|(_, field)| field.is_object() || field.is_array()) {
                    self.look(field, &here, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Reads a call in any form; returns whether it was one.
    fn take_call(&mut self, fields: &Map<String, Value>, here: &LogPosition<'_>) -> bool {
        let kind = text_of(fields, &["type"]).unwrap_or_default();
        let function = fields.get("function").or_else(|| fields.get("function_call")).and_then(Value::as_object);
        let id = text_of(fields, &["id", "call_id", "tool_use_id", "tool_call_id"]);
        let (tool, of) = match function {
            Some(function) => (text_of(function, &["name"]), function),
            None if matches!(
                kind,
                "tool_use" | "function_call" | "tool_call" | "server_tool_use" | "custom_tool_call"
            ) =>
            {
                (text_of(fields, &["name", "tool", "tool_name"]), fields)
            }
            None => (text_of(fields, &["tool", "tool_name"]), fields),
        };
        let input = ["input", "arguments", "args", "params", "parameters", "kwargs", "tool_input"];
        let input = input.iter().find_map(|name| of.get(*name)).map(parsed);
        let command = text_of(fields, &["command", "cmd"])
            .map(str::to_owned)
            .or_else(|| argv(fields.get("command").or_else(|| fields.get("cmd"))));
        let Some(tool) = tool.filter(|tool| !tool.trim().is_empty()) else {
            let Some(command) = command.filter(|_| function.is_none()) else { return false };
            let failed = failure_of(fields);
            return self.push_command(&command, here, failed.as_deref(), None);
        };
        if function.is_none() && input.is_none() && command.is_none() && !is_call(kind) && !has_outcome(fields) {
            return false;
        }
        let input = input.unwrap_or(Value::Null);
        let command = command.or_else(|| {
            let inner = input.as_object()?;
            text_of(inner, &["command", "cmd", "script"]).map(str::to_owned).or_else(|| argv(inner.get("command")))
        });
        let failed = failure_of(fields);
        if let Some(command) = command.filter(|_| SHELLS.contains(&tool.to_lowercase().as_str()))
            && self.push_command(&command, here, failed.as_deref(), id)
        {
            return true;
        }
        let mut step = RecordedStep::of(tool.trim(), here.line, here.at, &input);
        step.failed = failed;
        if let Some(output) = ["output", "result", "response"].iter().find_map(|name| fields.get(*name)) {
            step = step.giving(output);
        }
        self.push(step, here, id);
        true
    }

    /// Adds a shell command: each pipeline is a step, and the last one gets the id.
    fn push_command(&mut self, command: &str, here: &LogPosition<'_>, failed: Option<&str>, id: Option<&str>) -> bool {
        let Some(found) = pipelines(command) else { return false };
        let last = found.len().saturating_sub(1);
        for (nth, made) in found.into_iter().enumerate() {
            let step = RecordedStep {
                action: made.shape,
                number: here.line,
                at: here.at,
                given: sorted(made.fields.iter().filter_map(|field| field.token).collect()),
                fields: made.fields,
                failed: failed.filter(|_| nth == last).map(str::to_owned),
                line: Some(command.into()),
                ..RecordedStep::default()
            };
            self.push(step, here, id.filter(|_| nth == last));
        }
        true
    }

    fn push(&mut self, step: RecordedStep, here: &LogPosition<'_>, id: Option<&str>) {
        let steps = self.steps.entry(here.session.clone()).or_default();
        steps.push(step);
        self.log.calls += 1;
        if let Some(id) = id {
            self.ids.insert(id.to_owned(), (here.session.clone(), steps.len() - 1));
        }
    }

    /// Reads the result of an earlier call; returns whether it was one.
    fn take_result(&mut self, fields: &Map<String, Value>) -> bool {
        let kind = text_of(fields, &["type"]).unwrap_or_default();
        let is_result = kind.ends_with("tool_result")
            || kind.ends_with("call_output")
            || text_of(fields, &["role"]) == Some("tool");
        let id = text_of(fields, &["tool_use_id", "tool_call_id", "call_id"]);
        let (true, Some(id)) = (is_result, id) else { return false };
        let step = self.ids.get(id).and_then(|(session, at)| self.steps.get_mut(session)?.get_mut(*at));
        if let Some(step) = step {
            let content = fields.get("content").or_else(|| fields.get("output")).cloned().unwrap_or_default();
            let said = words_in(&content);
            let is_error = fields.get("is_error").and_then(Value::as_bool) == Some(true);
            step.failed = if is_error { Some(first_line(&said)) } else { failure_of(fields) };
            let old = std::mem::take(step);
            *step = if said.is_empty() { old.giving(&content) } else { old.writing(&said) };
        }
        true
    }

    fn take_task(&mut self, fields: &Map<String, Value>, here: &LogPosition<'_>) {
        let said = if text_of(fields, &["role"]) == Some("user") {
            fields.get("content").map(words_in).unwrap_or_default()
        } else {
            text_of(fields, &["prompt", "task", "scenario"]).unwrap_or_default().to_owned()
        };
        // A long text is a pasted document, not a task.
        if (4..=2_000).contains(&said.trim().chars().count()) {
            self.log.tasks.push(TaskText {
                source: here.name.to_owned(),
                number: here.line,
                text: said.trim().to_owned(),
            });
        }
    }
}

fn is_call(kind: &str) -> bool {
    kind.contains("tool") || kind.contains("call")
}

fn has_outcome(fields: &Map<String, Value>) -> bool {
    ["output", "result", "success", "error", "ok", "exit_code", "status"].iter().any(|name| fields.contains_key(*name))
}

/// The first of these fields that is a text.
fn text_of<'a>(fields: &'a Map<String, Value>, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| fields.get(*name)?.as_str())
}

/// Arguments as an object, which may be given as text.
fn parsed(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// A command given as a list: the script for a shell, otherwise its words.
fn argv(value: Option<&Value>) -> Option<String> {
    let words: Vec<&str> = value?.as_array()?.iter().filter_map(Value::as_str).collect();
    match words.as_slice() {
        [] => None,
        [shell, flag, script] if SHELLS.contains(shell) && flag.starts_with('-') && flag.ends_with('c') => {
            Some((*script).to_owned())
        }
        words => Some(shell_words::join(words)),
    }
}

/// The text of a message: a text, or the texts of its parts.
fn words_in(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()));
            texts.collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The failure in a record, if any.
fn failure_of(fields: &Map<String, Value>) -> Option<String> {
    let message = match fields.get("error") {
        Some(Value::String(text)) if !text.is_empty() => Some(first_line(text)),
        Some(Value::Object(error)) => Some(first_line(text_of(error, &["message", "code"]).unwrap_or("failed"))),
        Some(Value::Bool(true)) => Some("failed".to_owned()),
        _ => None,
    };
    let says_no = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(false);
    let code =
        fields.get("exit_code").or_else(|| fields.get("exitCode")).and_then(Value::as_i64).filter(|code| *code != 0);
    let status = text_of(fields, &["status", "outcome"])
        .filter(|word| ["failed", "error", "failure", "timed-out"].contains(word));
    message
        .or_else(|| code.map(|code| format!("exit code {code}")))
        .or_else(|| (says_no("success") || says_no("ok") || status.is_some()).then(|| "failed".to_owned()))
}

fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("failed").chars().take(200).collect()
}

/// A time: RFC 3339, or seconds or milliseconds since 1970.
fn time_of(fields: &Map<String, Value>) -> Option<Instant> {
    let value =
        ["timestamp", "ts", "time", "created_at", "started_at", "at"].iter().find_map(|name| fields.get(*name))?;
    match value {
        Value::String(_) => serde_json::from_value(value.clone()).ok(),
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| *number > 1e8)?;
            // As seconds, numbers from 1e11 would be after the year 5000, so they are milliseconds.
            Some(Instant(if number < 1e11 { (number * 1_000.0) as i64 } else { number as i64 }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> AgentLog {
        read("log.jsonl", lines.join("\n").as_bytes(), &str::to_owned)
    }

    fn actions(log: &AgentLog) -> Vec<&str> {
        log.sessions.iter().flat_map(|session| session.steps.iter().map(|step| step.action.as_str())).collect()
    }

    #[test]
    fn calls_are_found_in_the_shapes_that_agents_write() {
        let found = log(&[
            r#"{"type":"assistant","sessionId":"s","message":{"role":"assistant","content":[{"type":"text","text":"ok"},{"type":"tool_use","id":"t1","name":"read_file","input":{"path":"/tmp/a.csv"}}]}}"#,
            r#"{"type":"user","sessionId":"s","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"id,name"}]}}"#,
            r#"{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"search","arguments":"{\"query\":\"rust csv\"}"}}]}"#,
            r#"{"role":"tool","tool_call_id":"c1","content":"nothing"}"#,
            r#"{"type":"function_call","name":"fetch","arguments":"{\"url\":\"https://a.example\"}","call_id":"f1"}"#,
            r#"{"type":"function_call_output","call_id":"f1","output":"<html>"}"#,
            r#"{"tool":"convert","input":{"from":"a"},"output":{"to":"b"},"timestamp":"2026-01-02T03:04:05Z"}"#,
            r#"{"command":"grep -n 'x' a.txt | wc -l","exit_code":0}"#,
            r#"{"tool_name":"Bash","tool_input":{"command":"cd src && cargo test --lib"}}"#,
            r#"{"cmd":["bash","-lc","ls -la /tmp"]}"#,
        ]);
        let mut told = actions(&found);
        told.sort_unstable();
        let mut expected = vec![
            "read_file",
            "search",
            "fetch",
            "convert",
            "grep -n <text> <path> | wc -l",
            "cd <text>",
            "cargo test --lib",
            "ls -la <path>",
        ];
        expected.sort_unstable();
        assert_eq!(told, expected);
        assert_eq!((found.calls, found.unreadable), (8, 0));
        let known = found.sessions.iter().flat_map(|session| &session.steps).filter(|step| step.is_known).count();
        assert_eq!(known, 4, "those whose result stands somewhere");
    }

    #[test]
    fn a_result_that_is_an_error_makes_its_call_a_failure() {
        let found = log(&[
            r#"{"type":"tool_use","id":"1","name":"fetch","input":{}}"#,
            r#"{"type":"tool_result","tool_use_id":"1","is_error":true,"content":[{"type":"text","text":"timeout\nat x"}]}"#,
            r#"{"tool":"convert","input":{},"success":false}"#,
            r#"{"tool":"convert","input":{},"error":{"message":"no file"}}"#,
        ]);
        let failed: Vec<_> = found.sessions[0].steps.iter().map(|step| step.failed.as_deref()).collect();
        assert_eq!(failed, [Some("timeout"), Some("failed"), Some("no file")]);
    }

    #[test]
    fn words_of_users_are_tasks() {
        let found = log(&[r#"{"role":"user","content":"resize the images"}"#, r#"{"prompt":"join two tables"}"#]);
        let tasks: Vec<_> = found.tasks.iter().map(|task| (task.number, task.text.as_str())).collect();
        assert_eq!(tasks, [(1, "resize the images"), (2, "join two tables")]);
    }

    #[test]
    fn what_is_no_json_is_counted_and_the_rest_is_read() {
        let found = log(&["{\"tool\":\"a\",\"input\":{}}", "not json", "", "[1, 2", "{\"tool\":\"b\",\"input\":{}}"]);
        assert_eq!((actions(&found), found.unreadable), (vec!["a", "b"], 2));
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        assert_eq!(log(&[&deep]).calls, 0);
    }
}
