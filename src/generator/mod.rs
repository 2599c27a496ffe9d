//! Asks a generator: one question to a program of the user or to an HTTP API, one answer.
//!
//! Blocks until there is an answer or none can come. Nothing is retried (see [`crate::evolve::course`]), nothing is
//! stored, and no settings are read: a [`Generator`] contains everything needed for the question, including the key,
//! and is created anew for each question. A generator is as trusted as the user's own programs: it runs outside of the
//! sandbox, and gets only the question from the workspace.

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

/// The maximum size of an answer, in bytes; a longer answer is not used at all.
pub const MAX_ANSWER: usize = 4 * 1024 * 1024;

/// A generator and how to ask it. Its `Debug` output contains no key and no value of a variable.
#[derive(Debug, Clone)]
pub struct Generator {
    /// Its name in the settings.
    pub name: String,
    /// How it is asked.
    pub way: GeneratorKind,
    /// How long it may be silent; the time limit of a whole answer is [`PATIENCE`] times as long.
    pub timeout: Duration,
}

/// The time limit of a whole answer, as a multiple of the longest silence.
pub const PATIENCE: u32 = 6;

/// How a generator is asked.
#[derive(Debug, Clone)]
pub enum GeneratorKind {
    /// A program: the question goes to its standard input, its output is the answer.
    Command(GeneratorProgram),
    /// A model behind an HTTP API.
    Api(Api),
}

/// A program to ask.
#[derive(Debug, Clone)]
pub struct GeneratorProgram {
    /// The program and its arguments; no shell interprets them.
    pub argv: Vec<String>,
    /// Variables for it, in addition to the common ones, with their values.
    pub env: Vec<(String, Secret)>,
    /// Finds installed programs.
    pub programs: Arc<Programs>,
    /// The path of this program, which is started again to supervise it; as in [`crate::runner::Machine::new`].
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
    /// The default URL.
    pub const fn usual_url(self) -> &'static str {
        match self {
            ApiKind::OpenAi => "https://api.openai.com/v1",
            ApiKind::Anthropic => "https://api.anthropic.com",
            ApiKind::Gemini => "https://generativelanguage.googleapis.com",
            ApiKind::Ollama => "http://127.0.0.1:11434",
        }
    }
}

/// Whether a key for this URL would be sent unencrypted to another machine.
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
    /// Determines path, headers and body of a request.
    pub kind: ApiKind,
    /// The base URL, without the path of a method and without a slash at its end: `http://127.0.0.1:8080/v1`.
    pub url: String,
    /// Name of the model, as the API knows it.
    pub model: String,
    /// The key, if the API needs one.
    pub key: Option<Secret>,
    /// The maximum number of tokens of an answer.
    pub max_tokens: Option<u64>,
    /// Token prices, if the user stated them.
    pub price: Price,
    /// A file with certificates (PEM) that verify the server's certificate, instead of the usual root certificates.
    pub ca: Option<PathBuf>,
}

/// Token prices, in millionths of a dollar for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Price {
    /// Tokens of the question.
    pub input_micros: Option<u64>,
    /// Tokens of the answer.
    pub output_micros: Option<u64>,
}

/// The question for a generator.
#[derive(Debug, Clone, Copy)]
pub struct GeneratorRequest<'a> {
    /// The system text: role and rules.
    pub system: &'a str,
    /// The request.
    pub request: &'a str,
}

/// A complete answer of a generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratorAnswer {
    /// The text as the generator wrote it, not escaped.
    pub text: String,
    /// The usage, as far as it is known.
    pub usage: Usage,
    /// The model that answered, if it is known.
    pub model: Option<String>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer {
    /// Determines whether a retry makes sense.
    pub trouble: Trouble,
    /// One line for a human, without secrets; it does not name the generator.
    pub message: String,
    /// The delay that the generator requests before a retry, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The usage without an answer, as far as it is known.
    pub usage: Usage,
}

impl NoAnswer {
    /// There is no answer for this reason.
    pub(crate) fn new(trouble: Trouble, message: impl Into<String>) -> NoAnswer {
        NoAnswer { trouble, message: message.into(), retry_after_ms: None, usage: Usage::default() }
    }

    /// The caller set `stop` while the answer was read.
    pub(crate) fn stopped() -> NoAnswer {
        NoAnswer::new(Trouble::CutStream, "stopped")
    }
}

/// Asks and waits for the answer. `on_text` gets its pieces as they arrive; `stop` ends the question at once.
///
/// # Errors
/// Why there is no answer. After `stop`, the message is `stopped`.
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
/// One line with the reason.
pub fn reach(generator: &Generator, stop: &AtomicBool) -> Result<String, String> {
    match &generator.way {
        GeneratorKind::Command(program) => command::reach(program, stop),
        #[cfg(feature = "http-generators")]
        GeneratorKind::Api(api) => http::reach(api, stop),
        #[cfg(not(feature = "http-generators"))]
        GeneratorKind::Api(_) => Err(NO_HTTP.to_owned()),
    }
}
