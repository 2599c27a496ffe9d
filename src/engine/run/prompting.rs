//! Runs of prompts: one of the user's generators is asked outside the sandbox, and its answer passes through a run like
//! any output. The generator is asked once the sandbox of the run is ready, and only while the run lives.

use super::service_start::ServiceHooks;
use crate::domain::{PromptDefinition, Question, RunEnd, SafeText, ToolDetail, size};
use crate::engine::Runs;
use crate::engine::locks::lock;
use crate::engine::view::RunRequest;
use crate::evolve::course::Usage;
use crate::generator::{self, Generator, GeneratorAnswer, GeneratorKind, GeneratorRequest, NoAnswer, PATIENCE};
use crate::runner::{self, AnswerOutput, Report, Spec, StartRequest};
use serde_json::{Map, Value};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The prompt of a run, and its generator.
pub(super) struct PromptStart {
    generator: Generator,
    question: Question,
    /// Whether the answer must be JSON, which is then passed on as a whole, without a surrounding code fence.
    is_checked: bool,
}

/// The notes at the end of a run.
pub(super) type Notes = Box<dyn FnOnce() -> Vec<String> + Send>;

impl Runs<'_> {
    /// The prompt of a run.
    ///
    /// # Errors
    /// [`RunEnd::Refused`] if the generator does not exist or is unavailable; [`RunEnd::InvalidInput`] for a missing
    /// value.
    pub(super) fn prompt(&self, request: &RunRequest, detail: &ToolDetail) -> Result<PromptStart, RunEnd> {
        let refused = |message: String| RunEnd::Refused { message };
        let manifest = &detail.manifest;
        let none = || refused("its definition has no prompt".to_owned());
        let prompt = manifest.prompt.as_ref().filter(|prompt| prompt.is_complete()).ok_or_else(none)?;
        let usual = || self.workspace.settings.usual_generator().map(|setting| setting.name.clone());
        let name = prompt.generator.clone().or_else(usual);
        let needs = "it needs a generator; add one to [generators] in config.toml";
        let name = name.ok_or_else(|| refused(needs.to_owned()))?;
        let found = self.engine.evolutions().generator(&name);
        let generator = found.map_err(|error| {
            let hint = if error.hint.is_empty() { String::new() } else { format!("; {}", error.hint) };
            refused(format!("{}{hint}", error.message))
        })?;
        let empty = Map::new();
        let input = request.input.as_ref().and_then(Value::as_object).unwrap_or(&empty);
        let question = prompt.question(input, manifest.input.as_ref());
        let question = question.map_err(|message| RunEnd::InvalidInput { message })?;
        Ok(PromptStart { generator: limited(generator, prompt), question, is_checked: prompt.is_answer_checked })
    }
}

/// The generator with the lower of two limits of its answer.
fn limited(mut generator: Generator, prompt: &PromptDefinition) -> Generator {
    if let (GeneratorKind::Api(api), Some(most)) = (&mut generator.way, prompt.max_tokens) {
        api.max_tokens = Some(api.max_tokens.map_or(most, |limit| limit.min(most)));
    }
    generator
}

impl PromptStart {
    /// The default time limit for a whole answer.
    pub(super) fn patience(&self) -> Duration {
        self.generator.timeout.saturating_mul(PATIENCE)
    }

    /// Prepares the run that receives the answer, its hooks, and the notes at its end.
    ///
    /// # Errors
    /// Those of [`runner::prepare_answer`].
    pub(super) fn prepare(self, wish: &StartRequest<'_>) -> Result<(Spec, ServiceHooks, Notes), RunEnd> {
        let failed =
            |error: std::io::Error| RunEnd::SpawnFailed { message: format!("its answer has no way in: {error}") };
        let (input, output) = runner::answer_pipe().map_err(failed)?;
        let spec = runner::prepare_answer(wish, input)?;
        let (stop, used) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let asking = Asking { start: self, output, stop: Arc::clone(&stop), used: Arc::clone(&used) };
        let hooks = ServiceHooks {
            begins: Box::new(move || asking.begin()),
            output: Box::new(|_| {}),
            ends: Box::new(move |_: &Report| stop.store(true, Ordering::Relaxed)),
        };
        Ok((spec, hooks, Box::new(move || lock(&*used).take().into_iter().collect())))
    }
}

/// A question in progress.
struct Asking {
    start: PromptStart,
    output: AnswerOutput,
    stop: Arc<AtomicBool>,
    /// The note about the answer.
    used: Arc<Mutex<Option<String>>>,
}

impl Asking {
    /// Asks on a separate thread. The end of the run stops it.
    fn begin(self) {
        let thread = std::thread::Builder::new().name("prompt".to_owned());
        // Without a thread, the pipe is closed, and the run fails with an interrupted answer.
        let _ = thread.spawn(move || self.ask());
    }

    fn ask(self) {
        let Asking { start, mut output, stop, used } = self;
        let PromptStart { generator, question, is_checked } = start;
        let asked = GeneratorRequest { system: &question.system, request: &question.request };
        let mut tell = |piece: &str| {
            // A run that has ended accepts no more output.
            if !is_checked && output.text(piece).is_err() {
                stop.store(true, Ordering::Relaxed);
            }
        };
        let answer = generator::ask(&generator, &asked, &mut tell, &stop);
        *lock(&*used) = Some(note(&generator, &question, &answer));
        let end = answer.and_then(|answer| {
            let rest = if is_checked { output.text(without_fence(&answer.text)) } else { output.text("") };
            rest.map_err(|_| NoAnswer::stopped())
        });
        // If nobody reads the end, the run has ended.
        let _ = output.end(end.map_err(|no| format!("the generator {}: {}", generator.name, no.message)));
    }
}

/// The note about an answer, or about the tokens used without one.
fn note(generator: &Generator, question: &Question, answer: &Result<GeneratorAnswer, NoAnswer>) -> String {
    let (usage, model) = match answer {
        Ok(answer) => (answer.usage, answer.model.as_deref()),
        Err(no) => (no.usage, None),
    };
    let model = model.map(|model| format!(" ({})", SafeText::new(model))).unwrap_or_default();
    let asked = size(question.system.len() as u64 + question.request.len() as u64);
    format!("asked the generator {}{model}: {asked} of text{}", generator.name, usage_words(usage))
}

fn usage_words(usage: Usage) -> String {
    let tokens = |word: &str, count: Option<u64>| count.map(|count| format!(", {count} tokens {word}"));
    let cost = usage.cost_micros.map(|micros| format!(", ${:.4}", micros as f64 / 1e6));
    [tokens("in", usage.input_tokens), tokens("out", usage.output_tokens), cost].into_iter().flatten().collect()
}

/// An answer without a code fence around the whole text.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let inner = inner.and_then(|inner| inner.split_once('\n')).filter(|(language, _)| !language.contains('`'));
    inner.map_or(text, |(_, body)| body.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_around_a_whole_answer_is_left_out() {
        assert_eq!(without_fence("```json\n{\"a\": 1}\n```\n"), "{\"a\": 1}");
        assert_eq!(without_fence("```\n[1]\n```"), "[1]");
        for text in ["{}", "see ```json\n{}\n```", "```json {}```"] {
            assert_eq!(without_fence(text), text);
        }
    }

    #[test]
    fn usage_is_noted_as_far_as_it_is_known() {
        let usage = Usage { input_tokens: Some(12), output_tokens: Some(3), cost_micros: Some(1_234) };
        assert_eq!(usage_words(usage), ", 12 tokens in, 3 tokens out, $0.0012");
        assert_eq!(usage_words(Usage::default()), "");
    }
}
