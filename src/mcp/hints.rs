//! Hints for protocol errors that the SDK answers with only a code.

use rmcp::model::ErrorData;
use serde_json::{Value, json};

/// Methods whose parameters the SDK parses, and the parameters of each.
pub(super) const SERVED: &[(&str, &str)] = &[
    ("initialize", "protocolVersion, capabilities and clientInfo"),
    ("server/discover", "no parameters"),
    ("tools/list", "no parameters"),
    ("tools/call", "name, and arguments as an object"),
    ("resources/list", "a cursor from an earlier answer, or none"),
    ("resources/templates/list", "no parameters"),
    ("resources/read", "uri"),
    ("resources/subscribe", "uri"),
    ("resources/unsubscribe", "uri"),
    ("prompts/list", "no parameters"),
    ("prompts/get", "name, and arguments as an object"),
    ("subscriptions/listen", "notifications as an object"),
    ("ping", "no parameters"),
];

/// The hint for an error with this code; `None` if the message is sufficient.
pub(super) fn hint_for(code: i32, message: &str) -> Option<String> {
    Some(match code {
        -32700 => "a message is one object in JSON".to_owned(),
        -32600 => "a message has jsonrpc \"2.0\", a method, and an id that is not in use".to_owned(),
        -32601 => {
            let methods: Vec<&str> = SERVED.iter().map(|(method, _)| *method).collect();
            format!("the methods are {}", methods.join(", "))
        }
        -32602 if message.contains("_meta") => {
            "begin with initialize (protocolVersion, capabilities and clientInfo), or send the missing fields in _meta of \
             each request"
                .to_owned()
        }
        -32602 => "send the parameters that the method takes".to_owned(),
        -32020 => "send in the headers what the body says".to_owned(),
        -32022 => "choose one of the versions in supported".to_owned(),
        _ => return None,
    })
}

/// The hint for a refusal over HTTP that the SDK answers in plain text; `None` if the text is sufficient.
#[cfg(feature = "mcp-http")]
pub(super) fn hint_for_refusal(status: u16, text: &str) -> Option<&'static str> {
    Some(match status {
        400 if text.contains("Session ID") => "begin with initialize, and send its Mcp-Session-Id in each request",
        400 => "send the headers and the body that the protocol asks for",
        403 if text.contains("Host") => {
            "call the server by an address of its machine, or start it with `toolsmith mcp --http ADDRESS --host NAME`"
        }
        403 => "web pages can call only from this machine; other programs should leave out the Origin header",
        404 => "begin a new session with initialize",
        405 => "POST sends a message, GET listens, DELETE ends a session",
        406 => "send Accept: application/json, text/event-stream",
        415 => "send Content-Type: application/json",
        _ => return None,
    })
}

/// Adds the hint to an error that has none.
pub(super) fn add_hint(error: &mut ErrorData) {
    let Some(hint) = hint_for(error.code.0, &error.message) else { return };
    match &mut error.data {
        Some(Value::Object(data)) => {
            data.entry("hint").or_insert_with(|| json!(hint));
        }
        None => error.data = Some(json!({"hint": hint})),
        Some(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::ErrorCode;

    #[test]
    fn an_error_without_a_hint_gets_one_and_keeps_what_it_has() {
        let error = |code, data| ErrorData::new(ErrorCode(code), "x", data);
        for code in [-32700, -32600, -32601, -32602, -32020, -32022] {
            let mut plain = error(code, None);
            add_hint(&mut plain);
            assert!(plain.data.unwrap()["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{code}");
        }
        let mut own = error(-32602, Some(json!({"hint": "mine", "uri": "u"})));
        add_hint(&mut own);
        assert_eq!(own.data, Some(json!({"hint": "mine", "uri": "u"})));
        let mut more = error(-32022, Some(json!({"supported": ["a"]})));
        add_hint(&mut more);
        assert_eq!(more.data.as_ref().unwrap()["supported"], json!(["a"]));
        assert!(more.data.unwrap()["hint"].is_string());
    }
}
