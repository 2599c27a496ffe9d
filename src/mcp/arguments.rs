//! The arguments of a tool, validated against the schema in the list of tools.

use super::tools;
use crate::action::{Agents, Arg, ArgKind, MOST_WAIT_S, Spec};
use crate::engine::{EngineError, ErrorCode};
use rmcp::model::JsonObject;
use serde_json::Value;
use std::time::Duration;

/// The default waiting time of a call, in seconds.
const USUAL_WAIT_S: u64 = 40;
/// Maximum number of faults in an answer.
const MOST_NAMED: usize = 5;

/// Arguments that match the schema of their tool.
#[derive(Debug, Clone)]
pub(super) struct Arguments {
    given: JsonObject,
}

impl Arguments {
    /// Validates the arguments of this tool.
    ///
    /// # Errors
    /// `Usage` with each mismatch and its location.
    pub(super) fn new(
        row: &'static Spec,
        agents: &'static Agents,
        given: JsonObject,
    ) -> Result<Arguments, EngineError> {
        let schema = Value::Object(tools::input_schema(row, agents));
        let validator = jsonschema::validator_for(&schema).map_err(EngineError::internal)?;
        let given = Value::Object(given);
        let faults: Vec<String> = validator
            .iter_errors(&given)
            .take(MOST_NAMED)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("{}: {error}", path.trim_start_matches('/')),
            })
            .collect();
        if !faults.is_empty() {
            let named: Vec<String> = agents.args(row.args).map(named).collect();
            let hint = format!("{} takes {}", row.name, named.join(", "));
            return Err(EngineError::new(ErrorCode::Usage, faults.join("; "), hint));
        }
        match given {
            Value::Object(given) => Ok(Arguments { given }),
            _ => Err(EngineError::internal("arguments that fit their schema are no object")),
        }
    }

    /// A text argument, if given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).and_then(Value::as_str)
    }

    /// A text argument that the schema requires.
    ///
    /// # Errors
    /// `Usage` if it is missing nevertheless.
    pub(super) fn required(&self, name: &str) -> Result<&str, EngineError> {
        self.text(name).ok_or_else(|| missing(name))
    }

    /// A whole number, if given.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.given.get(name).and_then(Value::as_u64)
    }

    /// The number of a run or review that the schema requires.
    ///
    /// # Errors
    /// `Usage` if it is missing nevertheless, or too large.
    pub(super) fn id(&self, name: &str) -> Result<i64, EngineError> {
        let given = self.given.get(name).ok_or_else(|| missing(name))?;
        given.as_i64().ok_or_else(|| {
            let message = format!("{name}: {given} is larger than any number of a {name}");
            EngineError::new(ErrorCode::Usage, message, "take the number from an earlier answer")
        })
    }

    /// The texts in a list argument.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let list = self.given.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The numbers in a list argument.
    pub(super) fn ids(&self, name: &str) -> Vec<i64> {
        self.given.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_i64).collect()
    }

    /// An object argument, if given.
    pub(super) fn object(&self, name: &str) -> Option<Value> {
        self.given.get(name).cloned()
    }

    /// The maximum duration of the call.
    pub(super) fn wait(&self) -> Duration {
        Duration::from_secs(self.number("wait_s").unwrap_or(USUAL_WAIT_S).min(u64::from(MOST_WAIT_S)))
    }

    /// All arguments, as received.
    pub(super) fn whole(&self) -> Value {
        Value::Object(self.given.clone())
    }
}

/// The name of an argument, with its values if it has only a few.
fn named(arg: &Arg) -> String {
    let name = tools::wire_name(arg);
    match arg.kind {
        ArgKind::Word(words) => format!("{name} ({})", words.join(" | ")),
        _ => name,
    }
}

fn missing(name: &str) -> EngineError {
    EngineError::new(ErrorCode::Usage, format!("{name} is missing"), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn taken(tool: &str, given: &Value) -> Result<Arguments, EngineError> {
        let (row, agents) = tools::row(tool).unwrap();
        Arguments::new(row, agents, given.as_object().unwrap().clone())
    }

    #[test]
    fn what_does_not_fit_is_named_with_what_the_tool_takes() {
        for (tool, given, named) in [
            ("search", json!({}), "\"words\""),
            ("search", json!({"words": "x", "limit": 0}), "limit: "),
            ("search", json!({"words": "x", "detail": "all"}), "detail: "),
            ("run", json!({"tool": "x", "inptu": {}}), "inptu"),
            ("run", json!({"tool": "x", "input": "text"}), "input: "),
            ("run", json!({"tool": "x", "digest": "12"}), "digest: "),
        ] {
            let error = taken(tool, &given).unwrap_err();
            assert_eq!(error.code, ErrorCode::Usage);
            assert!(error.message.contains(named), "{}", error.message);
            assert!(error.hint.starts_with(tool), "{}", error.hint);
        }
        assert!(taken("run", &json!({"tool": "x", "input": {"a": 1}, "wait_s": 1})).is_ok());
    }

    #[test]
    fn a_missing_word_is_named_with_its_values() {
        let error = taken("request", &json!({"tool": "x", "rationale": "y"})).unwrap_err();
        assert!(error.hint.contains("kind (ToolReviewRequest | PlanModificationProposal | "), "{}", error.hint);
    }

    #[test]
    fn a_number_that_is_too_large_is_not_called_missing() {
        let given = taken("output", &json!({"run": 9_223_372_036_854_775_808_u64})).unwrap();
        assert!(given.id("run").unwrap_err().message.contains("larger than any"));
        assert!(given.id("review").unwrap_err().message.contains("missing"));
    }

    #[test]
    fn no_call_waits_longer_than_clients_do() {
        let wait = |given| taken("wait", &given).unwrap().wait().as_secs();
        assert_eq!(wait(json!({"review": 1})), 40);
        assert_eq!(wait(json!({"review": 1, "wait_s": 3})), 3);
        assert_eq!(wait(json!({"review": 1, "wait_s": 4000})), 45);
    }
}
