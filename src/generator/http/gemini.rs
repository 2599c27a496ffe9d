//! The generateContent API of Google's Gemini.
//!
//! Source: <https://ai.google.dev/api/generate-content>.

use super::{Api, Dialect, Finish, GeneratorRequest, HttpRequest, PartialAnswer, key, message_of, number, text};
use crate::evolve::course::Trouble;
use serde_json::{Value, json};

pub(super) const DIALECT: Dialect = Dialect { call, models, is_lines: false, take };

fn headers(api: &Api) -> Vec<(&'static str, String)> {
    // The key is sent in a header, not in the address, because addresses are logged.
    key(api).map(|key| ("x-goog-api-key", key)).into_iter().collect()
}

/// Users write the address with and without the version.
fn base(api: &Api) -> String {
    let has_version = api.url.rsplit('/').next().is_some_and(|last| matches!(last, "v1" | "v1beta"));
    if has_version { api.url.clone() } else { format!("{}/v1beta", api.url) }
}

fn call(api: &Api, question: &GeneratorRequest<'_>) -> HttpRequest {
    let mut body = json!({ "contents": [{ "role": "user", "parts": [{ "text": question.request }] }] });
    if !question.system.trim().is_empty() {
        body["system_instruction"] = json!({ "parts": [{ "text": question.system }] });
    }
    if let Some(most) = api.max_tokens {
        body["generationConfig"] = json!({ "maxOutputTokens": most });
    }
    let model = api.model.trim_start_matches("models/");
    let url = format!("{}/models/{model}:streamGenerateContent?alt=sse", base(api));
    HttpRequest { url, headers: headers(api), body: Some(body) }
}

fn models(api: &Api) -> HttpRequest {
    HttpRequest { url: format!("{}/models", base(api)), headers: headers(api), body: None }
}

fn take(heard: &mut PartialAnswer, value: &Value) {
    if value.get("error").is_some() {
        let trouble = match number(value, "/error/code") {
            Some(429) => Trouble::Busy,
            Some(500..) => Trouble::Broke,
            _ => Trouble::Refused,
        };
        heard.failure = Some((trouble, message_of(value).unwrap_or("an error without a message").to_owned()));
        return;
    }
    if let Some(model) = text(value, "/modelVersion") {
        heard.model = Some(model.to_owned());
    }
    let parts = value.pointer("/candidates/0/content/parts").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        let is_thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
        if let Some(piece) = text(part, "/text").filter(|_| !is_thought) {
            heard.piece.push_str(piece);
        }
    }
    if let Some(reason) = text(value, "/candidates/0/finishReason") {
        heard.finish = Some(match reason {
            "STOP" => Finish::Whole,
            "MAX_TOKENS" => Finish::Cut,
            other => Finish::Unwilling(other.to_owned()),
        });
    }
    if let Some(reason) = text(value, "/promptFeedback/blockReason") {
        heard.finish = Some(Finish::Unwilling(format!("the request was blocked: {reason}")));
    }
    if let Some(usage) = value.get("usageMetadata") {
        heard.usage.input_tokens = number(usage, "/promptTokenCount").or(heard.usage.input_tokens);
        let said = number(usage, "/candidatesTokenCount");
        let thought = number(usage, "/thoughtsTokenCount");
        if said.or(thought).is_some() {
            heard.usage.output_tokens = Some(said.unwrap_or(0) + thought.unwrap_or(0));
        }
    }
}
