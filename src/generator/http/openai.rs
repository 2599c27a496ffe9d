//! The chat completions API of OpenAI, which many hosted and local servers also support.
//!
//! Source: <https://platform.openai.com/docs/api-reference/chat/create> and `/chat-streaming`.

use super::{Api, Dialect, Finish, GeneratorRequest, HttpRequest, PartialAnswer, bearer, message_of, number, text};
use crate::evolve::course::Trouble;
use serde_json::{Value, json};

pub(super) const DIALECT: Dialect = Dialect { call, models, is_lines: false, take };

/// OpenAI itself has a new name for the limit, which other servers may not know.
const ITSELF: &str = "https://api.openai.com/";

fn call(api: &Api, question: &GeneratorRequest<'_>) -> HttpRequest {
    let mut body = json!({
        "model": api.model,
        "messages": [
            { "role": "system", "content": question.system },
            { "role": "user", "content": question.request },
        ],
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    if let Some(most) = api.max_tokens {
        let name = if api.url.starts_with(ITSELF) { "max_completion_tokens" } else { "max_tokens" };
        body[name] = json!(most);
    }
    HttpRequest { url: format!("{}/chat/completions", api.url), headers: bearer(api), body: Some(body) }
}

fn models(api: &Api) -> HttpRequest {
    HttpRequest { url: format!("{}/models", api.url), headers: bearer(api), body: None }
}

fn take(heard: &mut PartialAnswer, value: &Value) {
    if value.get("error").is_some_and(|error| !error.is_null()) {
        let message = message_of(value).unwrap_or("an error without a message").to_owned();
        let trouble = match (text(value, "/error/code"), number(value, "/error/code")) {
            (Some("rate_limit_exceeded"), _) | (_, Some(429)) => Trouble::Busy,
            (Some("server_error"), _) | (_, Some(500..)) => Trouble::Broke,
            _ if text(value, "/error/type") == Some("server_error") => Trouble::Broke,
            _ => Trouble::Refused,
        };
        heard.failure = Some((trouble, message));
        return;
    }
    if let Some(model) = text(value, "/model").filter(|model| !model.is_empty()) {
        heard.model = Some(model.to_owned());
    }
    if let Some(piece) = text(value, "/choices/0/delta/content") {
        heard.piece.push_str(piece);
    }
    // A server without streaming sends the whole answer at once.
    if let Some(whole) = text(value, "/choices/0/message/content") {
        heard.piece.push_str(whole);
    }
    let refusal = text(value, "/choices/0/delta/refusal").or_else(|| text(value, "/choices/0/message/refusal"));
    if let Some(words) = refusal.filter(|words| !words.is_empty()) {
        heard.finish = Some(Finish::Unwilling(words.to_owned()));
    }
    let is_refused = matches!(heard.finish, Some(Finish::Unwilling(_)));
    if let Some(reason) = text(value, "/choices/0/finish_reason").filter(|_| !is_refused) {
        heard.finish = Some(match reason {
            "stop" | "eos" | "end_turn" => Finish::Whole,
            "length" => Finish::Cut,
            other => Finish::Unwilling(other.to_owned()),
        });
    }
    if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
        heard.usage.input_tokens = number(usage, "/prompt_tokens").or(heard.usage.input_tokens);
        heard.usage.output_tokens = number(usage, "/completion_tokens").or(heard.usage.output_tokens);
        // In dollars; sent by routers that resell other services.
        let cost = usage.get("cost").and_then(Value::as_f64).filter(|cost| *cost >= 0.0);
        heard.usage.cost_micros = cost.map(|cost| (cost * 1e6).round() as u64).or(heard.usage.cost_micros);
    }
}
