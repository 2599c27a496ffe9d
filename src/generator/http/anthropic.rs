//! The messages API of Anthropic.
//!
//! Source: <https://docs.claude.com/en/api/messages> and `/en/docs/build-with-claude/streaming`.

use super::{Api, Dialect, Finish, GeneratorRequest, HttpRequest, PartialAnswer, key, message_of, number, text};
use crate::evolve::course::Trouble;
use serde_json::{Value, json};

pub(super) const DIALECT: Dialect = Dialect { call, models, is_lines: false, take };

/// The supported version of the wire format.
const VERSION: &str = "2023-06-01";

/// The limit is mandatory; every current model accepts this one.
const MAX_TOKENS: u64 = 8192;

fn headers(api: &Api) -> Vec<(&'static str, String)> {
    let key = key(api).map(|key| ("x-api-key", key));
    std::iter::once(("anthropic-version", VERSION.to_owned())).chain(key).collect()
}

/// Users write the address with and without the version.
fn base(api: &Api) -> String {
    if api.url.ends_with("/v1") { api.url.clone() } else { format!("{}/v1", api.url) }
}

fn call(api: &Api, question: &GeneratorRequest<'_>) -> HttpRequest {
    let mut body = json!({
        "model": api.model,
        "max_tokens": api.max_tokens.unwrap_or(MAX_TOKENS),
        "messages": [{ "role": "user", "content": question.request }],
        "stream": true,
    });
    // The API refuses an empty system text.
    if !question.system.trim().is_empty() {
        body["system"] = json!(question.system);
    }
    HttpRequest { url: format!("{}/messages", base(api)), headers: headers(api), body: Some(body) }
}

fn models(api: &Api) -> HttpRequest {
    HttpRequest { url: format!("{}/models", base(api)), headers: headers(api), body: None }
}

fn take(heard: &mut PartialAnswer, value: &Value) {
    match text(value, "/type") {
        Some("message_start") => {
            heard.model = text(value, "/message/model").map(str::to_owned);
            let parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
            let parts = parts.map(|part| number(value, &format!("/message/usage/{part}")));
            if parts.iter().any(Option::is_some) {
                heard.usage.input_tokens = Some(parts.into_iter().flatten().sum());
            }
            heard.usage.output_tokens = number(value, "/message/usage/output_tokens");
        }
        Some("content_block_delta") if text(value, "/delta/type") == Some("text_delta") => {
            heard.piece.push_str(text(value, "/delta/text").unwrap_or_default());
        }
        Some("message_delta") => {
            // The total since the beginning, not since the last frame.
            heard.usage.output_tokens = number(value, "/usage/output_tokens").or(heard.usage.output_tokens);
            let finish = text(value, "/delta/stop_reason").map(finish_of);
            heard.finish = finish.or(heard.finish.take());
        }
        // A server without streaming sends the whole answer at once.
        Some("message") => {
            let parts = value.get("content").and_then(Value::as_array);
            for part in parts.into_iter().flatten().filter(|part| text(part, "/type") == Some("text")) {
                heard.piece.push_str(text(part, "/text").unwrap_or_default());
            }
            heard.model = text(value, "/model").map(str::to_owned);
            heard.usage.input_tokens = number(value, "/usage/input_tokens");
            heard.usage.output_tokens = number(value, "/usage/output_tokens");
            heard.finish = text(value, "/stop_reason").map(finish_of);
        }
        Some("message_stop") => heard.is_over = true,
        Some("error") => {
            let trouble = match text(value, "/error/type") {
                Some("overloaded_error" | "rate_limit_error") => Trouble::Busy,
                Some("api_error") => Trouble::Broke,
                Some("timeout_error") => Trouble::TimedOut,
                _ => Trouble::Refused,
            };
            heard.failure = Some((trouble, message_of(value).unwrap_or("an error without a message").to_owned()));
        }
        // Pings, beginnings and ends of blocks, thoughts, and future event types.
        _ => {}
    }
}

fn finish_of(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Whole,
        "max_tokens" | "model_context_window_exceeded" => Finish::Cut,
        other => Finish::Unwilling(other.to_owned()),
    }
}
