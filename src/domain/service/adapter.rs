//! Converts a message to a line for a service, and a line of a service to an answer.

use super::definition::Adapter;
use super::instance::{Exchange, ExchangeRole};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The keys of an object that may contain its answer, in the order in which they are tried.
const ANSWER_KEYS: [&str; 4] = ["response", "content", "message", "text"];

/// A message on its way to an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing<'a> {
    /// The text.
    pub message: &'a str,
    /// Prompts sent with it, in order.
    pub prompts: &'a [String],
    /// The previous answer; `None` for the first message.
    pub last_output: Option<&'a str>,
    /// The earlier messages, oldest first, for a process that has not received them.
    pub history: &'a [Exchange],
    /// Name of the instance.
    pub session: &'a str,
    /// The current time as RFC 3339.
    pub timestamp: &'a str,
    /// Number of the message.
    pub id: i64,
}

/// Why a message cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// A service that reads lines of text would read it as several messages.
    #[error("this service takes one line of text, and the message has several")]
    SeveralLines,
    /// According to its definition, the service takes no messages.
    #[error("this service takes no messages (adapter none)")]
    NotTalkedTo,
}

/// The answer in a line of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The text of the answer.
    pub text: String,
    /// The number of the answered message, if the service states it.
    pub id: Option<i64>,
    /// The line as JSON; `None` if it is not JSON.
    pub value: Option<Value>,
}

/// The line, including its end, that carries a message.
///
/// # Errors
/// [`MessageFault`] if the adapter cannot carry it.
pub fn encode(adapter: Adapter, outgoing: &Outgoing<'_>) -> Result<String, MessageFault> {
    match adapter {
        Adapter::None => Err(MessageFault::NotTalkedTo),
        Adapter::Text => {
            if outgoing.message.trim_end_matches('\n').contains('\n') {
                return Err(MessageFault::SeveralLines);
            }
            let words = outgoing.prompts.iter().flat_map(|prompt| prompt.lines());
            let line: Vec<&str> = words.chain([outgoing.message.trim_end_matches('\n')]).collect();
            Ok(format!("{}\n", line.join(" ")))
        }
        Adapter::Generic | Adapter::External => Ok(format!("{}\n", as_json(outgoing))),
    }
}

fn as_json(outgoing: &Outgoing<'_>) -> Value {
    let history: Vec<Value> = outgoing.history.iter().map(line_of_history).collect();
    json!({
        "message": outgoing.message,
        "context": {"prompts": outgoing.prompts, "last_output": outgoing.last_output, "history": history},
        "session": outgoing.session,
        "timestamp": outgoing.timestamp,
        "id": outgoing.id,
    })
}

fn line_of_history(exchange: &Exchange) -> Value {
    let role = match exchange.role {
        ExchangeRole::Message => "user",
        ExchangeRole::Answer | ExchangeRole::LateAnswer => "assistant",
    };
    json!({ "role": role, "content": exchange.text })
}

/// The answer in a line of a service. For a JSON object it is `response`, otherwise `content`, `message` or `text`,
/// otherwise the whole object; for any other line, its text.
pub fn decode(line: &str) -> Answered {
    let line = line.trim_end_matches(['\r', '\n']);
    let plain = || Answered { text: line.to_owned(), id: None, value: None };
    let Ok(value) = serde_json::from_str::<Value>(line) else { return plain() };
    match &value {
        Value::Object(fields) => {
            let answer = ANSWER_KEYS.iter().find_map(|key| fields.get(*key).filter(|found| !found.is_null()));
            let id = fields.get("id").and_then(Value::as_i64);
            Answered { text: text_of(answer.unwrap_or(&value)), id, value: Some(value) }
        }
        Value::String(text) => Answered { text: text.clone(), id: None, value: Some(value) },
        // A bare number or list is the service's own text and is not reformatted.
        _ => Answered { value: Some(value), ..plain() },
    }
}

/// Whether a JSON value has a member that is the answer.
pub(super) fn has_answer_key(value: &Value) -> bool {
    ANSWER_KEYS.iter().any(|key| value.get(key).is_some_and(|found| !found.is_null()))
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Instant;

    fn outgoing<'a>(message: &'a str, prompts: &'a [String], history: &'a [Exchange]) -> Outgoing<'a> {
        let (session, timestamp) = ("helper", "2026-01-02T03:04:05Z");
        Outgoing { message, prompts, last_output: Some("before"), history, session, timestamp, id: 7 }
    }

    #[test]
    fn a_generic_message_is_one_line_with_its_context() {
        let history = [Exchange {
            seq: 1,
            at: Instant(0),
            role: ExchangeRole::Message,
            who: "human".into(),
            text: "hi".into(),
            run: None,
        }];
        let line = encode(Adapter::Generic, &outgoing("a\nb", &["be brief".into()], &history)).unwrap();
        assert_eq!(line.matches('\n').count(), 1, "one line: {line}");
        let sent: Value = serde_json::from_str(&line).unwrap();
        let context =
            json!({"prompts": ["be brief"], "last_output": "before", "history": [{"role": "user", "content": "hi"}]});
        assert_eq!(
            sent,
            json!({"message": "a\nb", "context": context, "session": "helper", "timestamp": "2026-01-02T03:04:05Z", "id": 7})
        );
    }

    #[test]
    fn a_json_message_has_every_field_also_when_there_is_nothing_to_tell() {
        let first = Outgoing { last_output: None, ..outgoing("hello", &[], &[]) };
        let sent: Value = serde_json::from_str(&encode(Adapter::Generic, &first).unwrap()).unwrap();
        assert_eq!(sent["context"], json!({"prompts": [], "last_output": null, "history": []}));
    }

    #[test]
    fn a_text_message_is_the_text_with_its_prompts_before_it() {
        let prompts = ["be brief".to_owned(), "no\nlists".to_owned()];
        assert_eq!(encode(Adapter::Text, &outgoing("hello\n", &prompts, &[])).unwrap(), "be brief no lists hello\n");
        assert_eq!(encode(Adapter::Text, &outgoing("a\nb", &[], &[])), Err(MessageFault::SeveralLines));
        assert_eq!(encode(Adapter::None, &outgoing("a", &[], &[])), Err(MessageFault::NotTalkedTo));
    }

    #[test]
    fn answers_of_all_shapes_are_understood() {
        for (line, text, id) in [
            (r#"{"response": "a", "content": "b", "id": 7}"#, "a", Some(7)),
            (r#"{"content": "b", "message": "c"}"#, "b", None),
            (r#"{"message": "c", "text": "d"}"#, "c", None),
            (r#"{"text": "d"}"#, "d", None),
            (r#"{"content": {"a": 1}}"#, r#"{"a":1}"#, None),
            (r#"{"response": null, "text": "d"}"#, "d", None),
            (r#"{"b": 1, "a": 2}"#, r#"{"b":1,"a":2}"#, None),
            (r#""quoted""#, "quoted", None),
            ("1.50", "1.50", None),
            ("plain text", "plain text", None),
            (r#"{"response": "#, r#"{"response": "#, None),
            ("ends\r\n", "ends", None),
            ("", "", None),
        ] {
            let answered = decode(line);
            assert_eq!((answered.text.as_str(), answered.id), (text, id), "{line}");
        }
    }
}
