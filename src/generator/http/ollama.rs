//! The native chat API of Ollama: lines of JSON.
//!
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

use super::{Api, Dialect, Finish, GeneratorRequest, HttpRequest, PartialAnswer, bearer, message_of, number, text};
use crate::evolve::course::Trouble;
use serde_json::{Value, json};

pub(super) const DIALECT: Dialect = Dialect { call, models, is_lines: true, take };

fn call(api: &Api, question: &GeneratorRequest<'_>) -> HttpRequest {
    let mut body = json!({
        "model": api.model,
        "messages": [
            { "role": "system", "content": question.system },
            { "role": "user", "content": question.request },
        ],
        "stream": true,
    });
    if let Some(most) = api.max_tokens {
        body["options"] = json!({ "num_predict": most });
    }
    HttpRequest { url: format!("{}/api/chat", api.url), headers: bearer(api), body: Some(body) }
}

fn models(api: &Api) -> HttpRequest {
    HttpRequest { url: format!("{}/api/tags", api.url), headers: bearer(api), body: None }
}

fn take(heard: &mut PartialAnswer, value: &Value) {
    if value.get("error").is_some() {
        // Sent in the middle of a stream when the runner died; for an unknown model, the status shows the error.
        heard.failure = Some((Trouble::Broke, message_of(value).unwrap_or("an error without a message").to_owned()));
        return;
    }
    if let Some(model) = text(value, "/model") {
        heard.model = Some(model.to_owned());
    }
    heard.piece.push_str(text(value, "/message/content").unwrap_or_default());
    if value.get("done").and_then(Value::as_bool) == Some(true) {
        heard.is_over = true;
        heard.usage.input_tokens = number(value, "/prompt_eval_count");
        heard.usage.output_tokens = number(value, "/eval_count");
        heard.finish = Some(match text(value, "/done_reason") {
            Some("length") => Finish::Cut,
            Some("stop") | None => Finish::Whole,
            Some(other) => Finish::Unwilling(other.to_owned()),
        });
    }
}
