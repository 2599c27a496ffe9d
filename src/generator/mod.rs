//! Asking a generator: one question to a program of the user's or to an HTTP API, one answer.
//!
//! Blocks until there is an answer or none will come. Nothing is tried twice (that is [`crate::evolve::course`]'s to
//! say), nothing is kept, and no settings are read: a [`Generator`] holds all that asking needs, its key among it,
//! and is made anew for each question. A generator is trusted as the user's own program: it runs outside of the
//! sandbox, and gets of the workspace what the question says and nothing else.

mod command;
#[cfg(feature = "http-generators")]
mod http;
mod message;
#[cfg(test)]
mod tests;
mod text;

use crate::domain::Secret;
use crate::domain::words::words;
use crate::evolve::course::{Trouble, Usage};
use crate::outside::Programs;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Longest answer, in bytes; of one that is longer nothing is used.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// Whom to ask, and how. Its `Debug` shows no key and no variable's value.
#[derive(Debug, Clone)]
pub struct Generator {
    /// Its name in the settings.
    pub name: String,
    /// How it is asked.
    pub way: GeneratorKind,
    /// How long it may be silent; a whole answer may take [`PATIENCE`] times as long.
    pub timeout: Duration,
}

/// How much longer than one silence a whole answer may take.
pub const PATIENCE: u32 = 6;

/// How a generator is asked.
#[derive(Debug, Clone)]
pub enum GeneratorKind {
    /// A program: the question goes to its standard input, the answer is what it prints.
    Command(GeneratorProgram),
    /// A model behind an HTTP API.
    Api(Api),
}

/// A program to ask.
#[derive(Debug, Clone)]
pub struct GeneratorProgram {
    /// First the program, then its arguments; no shell reads them.
    pub argv: Vec<String>,
    /// Variables that it is given beside the few that every program needs, with their values.
    pub env: Vec<(String, Secret)>,
    /// Where programs come from.
    pub programs: Arc<Programs>,
    /// This program, started again to look after it; as [`crate::runner::Machine::new`] takes it.
    pub keeper: Option<PathBuf>,
}

words!(
    /// The wire format of an HTTP API.
    ApiKind {
        /// Chat completions, as OpenAI and many local servers speak them.
        OpenAi = "openai",
        /// Messages API of Anthropic.
        Anthropic = "anthropic",
        /// `generateContent` of Google's Gemini API.
        Gemini = "gemini",
        /// `/api/chat` of Ollama.
        Ollama = "ollama",
    }
);

impl ApiKind {
    /// Where it is when nobody says it.
    pub const fn usual_url(self) -> &'static str {
        match self {
            ApiKind::OpenAi => "https://api.openai.com/v1",
            ApiKind::Anthropic => "https://api.anthropic.com",
            ApiKind::Gemini => "https://generativelanguage.googleapis.com",
            ApiKind::Ollama => "http://127.0.0.1:11434",
        }
    }
}

/// Whether a key for this URL goes unencrypted to another machine.
pub fn is_exposed(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    let is_own = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    !is_own && host != "localhost" && !host.ends_with(".localhost")
}

/// An HTTP API to ask.
#[derive(Debug, Clone)]
pub struct Api {
    /// Decides path, headers and body of a request.
    pub kind: ApiKind,
    /// Where it is, without the path of a method: `http://127.0.0.1:8080/v1`; no slash at its end.
    pub url: String,
    /// Name of the model, as the API knows it.
    pub model: String,
    /// The key, when it wants one.
    pub key: Option<Secret>,
    /// Most tokens of an answer.
    pub max_tokens: Option<u64>,
    /// What tokens cost, when the user said it.
    pub price: Price,
    /// A file with the certificates (PEM) that its own is checked against, instead of those that browsers know.
    pub ca: Option<PathBuf>,
}

/// What tokens cost, in millionths of a dollar for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// Tokens of the question.
    pub input_micros: Option<u64>,
    /// Tokens of the answer.
    pub output_micros: Option<u64>,
}

/// What a generator is asked.
#[derive(Debug, Clone, Copy)]
pub struct GeneratorRequest<'a> {
    /// Who it is and what rules hold.
    pub system: &'a str,
    /// What is wanted now.
    pub request: &'a str,
}

/// A complete answer of a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratorAnswer {
    /// The answer as the generator wrote it, not escaped.
    pub text: String,
    /// What it used, as far as it was said.
    pub usage: Usage,
    /// The model that answered, when it was said.
    pub model: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// Decides whether another try makes sense.
    pub trouble: Trouble,
    /// One line for a human, without secrets; it does not name the generator.
    pub message: String,
    /// After what time the generator wants to be asked again, when it says so, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// What was used for nothing, as far as it was said.
    pub usage: Usage,
}

impl NoAnswer {
    /// No answer for this reason.
    pub(crate) fn new(trouble: Trouble, message: impl Into<String>) -> NoAnswer {
        NoAnswer { trouble, message: message.into(), retry_after_ms: None, usage: Usage::default() }
    }

    /// The caller set `stop` while the answer was read.
    pub(crate) fn stopped() -> NoAnswer {
        NoAnswer::new(Trouble::CutStream, "stopped")
    }
}

/// Asks and waits for the answer. `on_text` gets its pieces as they come; `stop` ends it at once.
///
/// # Errors
/// Why there is no answer. After `stop` the message is `stopped`.
pub fn ask(
    generator: &Generator,
    question: &GeneratorRequest<'_>,
    on_text: &mut dyn FnMut(&str),
    stop: &AtomicBool,
) -> Result<GeneratorAnswer, NoAnswer> {
    match &generator.way {
        GeneratorKind::Command(program) => command::ask(program, generator.timeout, question, on_text, stop),
        #[cfg(feature = "http-generators")]
        GeneratorKind::Api(api) => http::ask(api, generator.timeout, question, on_text, stop),
        #[cfg(not(feature = "http-generators"))]
        GeneratorKind::Api(_) => Err(NoAnswer::new(Trouble::Refused, NO_HTTP)),
    }
}

#[cfg(not(feature = "http-generators"))]
const NO_HTTP: &str = "this build has no HTTP: build with --features http-generators";

/// Whether a generator can be reached, for `doctor`: sends no question and starts no generator. One line.
///
/// # Errors
/// One line that says what is wrong.
pub fn reach(generator: &Generator, stop: &AtomicBool) -> Result<String, String> {
    match &generator.way {
        GeneratorKind::Command(program) => command::reach(program, stop),
        #[cfg(feature = "http-generators")]
        GeneratorKind::Api(api) => http::reach(api, stop),
        #[cfg(not(feature = "http-generators"))]
        GeneratorKind::Api(_) => Err(NO_HTTP.to_owned()),
    }
}
