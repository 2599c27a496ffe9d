//! Numbers in the arguments of a call that would not reach the tool as they are written.
//!
//! The SDK reads a message before this program sees its arguments, and rounds numbers. Therefore, the text is checked as
//! it arrives. A call with such a number is marked, and refused like any other wrong argument.

use crate::domain::{LostJson, read_as_written};
use crate::engine::{EngineError, ErrorCode};
use rmcp::model::JsonObject;
use serde_json::{Map, Value, json};

/// The field of `_meta` that marks a call. A client that sends it itself is refused as well.
const MARK: &str = "toolsmith/lost";
/// Where the arguments of a call are.
const ARGUMENTS: &str = "params/arguments/";

/// Reads a message. A call is marked if something in its arguments would be lost.
///
/// # Errors
/// For a text that is not JSON, or has a number elsewhere that cannot be read.
pub(super) fn read_message(text: &str) -> Result<Value, serde_json::Error> {
    let (mut message, lost) = read_as_written(text)?;
    if lost.is_empty() {
        return Ok(message);
    }
    let is_call = message["method"] == "tools/call";
    let in_arguments = lost.iter().filter(|_| is_call).find_map(of_arguments);
    if let Some(lost) = in_arguments
        && let Some(params) = message["params"].as_object_mut()
        && let Some(meta) = params.entry("_meta").or_insert_with(|| Value::Object(Map::new())).as_object_mut()
    {
        meta.insert(MARK.to_owned(), json!({"message": lost.message(), "hint": lost.hint()}));
        return Ok(message);
    }
    // Elsewhere, numbers are read as floats, as long as they can be read.
    serde_json::from_str(text)
}

/// What is lost in the arguments, with its place among them.
fn of_arguments(lost: &LostJson) -> Option<LostJson> {
    match lost {
        LostJson::RepeatedKey => Some(LostJson::RepeatedKey),
        LostJson::Number { place, number } => {
            let place = place.strip_prefix(ARGUMENTS)?.to_owned();
            Some(LostJson::Number { place, number: number.clone() })
        }
    }
}

/// The body of a request with its mark; `None` if it needs none.
#[cfg(feature = "mcp-http")]
pub(super) fn marked(body: &[u8]) -> Option<Vec<u8>> {
    let message = read_message(std::str::from_utf8(body).ok()?).ok()?;
    message["params"]["_meta"].get(MARK)?;
    serde_json::to_vec(&message).ok()
}

/// Refuses a call that is marked.
///
/// # Errors
/// `Usage`.
pub(super) fn demand_nothing_lost(meta: &JsonObject) -> Result<(), EngineError> {
    let Some(mark) = meta.get(MARK) else { return Ok(()) };
    let text = |name: &str| mark[name].as_str().unwrap_or_default().to_owned();
    Err(EngineError::new(ErrorCode::Usage, text("message"), text("hint")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(arguments: &str) -> String {
        let params = format!("{{\"name\":\"run\",\"arguments\":{arguments}}}");
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{params}}}")
    }

    fn refusal(text: &str) -> Option<String> {
        let message = read_message(text).unwrap();
        let meta = message["params"]["_meta"].as_object().cloned().unwrap_or_default();
        demand_nothing_lost(&meta).err().map(|error| error.message)
    }

    #[test]
    fn a_call_with_a_number_that_would_change_is_refused_with_its_place() {
        for (number, place) in [
            ("12345678901234567890123", "input/n"),
            ("1e400", "input/n"),
            ("-0", "input/n"),
            ("0.1234567890123456789", "input/n"),
        ] {
            let text = call(&format!("{{\"tool\":\"x\",\"input\":{{\"n\":{number}}}}}"));
            let message = refusal(&text).unwrap();
            assert!(message.starts_with(&format!("{place}: the number {number} ")), "{message}");
        }
        assert!(refusal(&call("{\"input\":{\"n\":1,\"n\":2}}")).is_some_and(|message| message.contains("key twice")));
        for kept in ["9007199254740993", "18446744073709551615", "-0.0", "1.50", "1e3", "\"1e400\""] {
            assert_eq!(refusal(&call(&format!("{{\"input\":{{\"n\":{kept}}}}}"))), None, "{kept}");
        }
    }

    #[test]
    fn outside_of_arguments_only_what_cannot_be_read_is_an_error() {
        let text = "{\"method\":\"tools/list\",\"id\":1,\"params\":{\"_meta\":{\"n\":12345678901234567890123}}}";
        assert!(read_message(text).unwrap()["params"]["_meta"].get(MARK).is_none());
        assert!(read_message("{\"method\":\"ping\",\"id\":1e400}").is_err());
        assert!(read_message("{\"method\":").is_err());
    }

    #[cfg(feature = "mcp-http")]
    #[test]
    fn a_body_changes_only_if_it_needs_a_mark() {
        assert_eq!(marked(call("{\"input\":{\"n\":1}}").as_bytes()), None);
        assert_eq!(marked(b"no json"), None);
        let body = marked(call("{\"input\":{\"n\":1e999}}").as_bytes()).unwrap();
        let message: Value = serde_json::from_slice(&body).unwrap();
        assert!(message["params"]["_meta"][MARK]["message"].as_str().unwrap().contains("1e999"));
    }
}
