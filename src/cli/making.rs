//! Commands that create tools: `new`.

use super::call::{Answer, Call, Stop};
use super::evolve;
use super::outlet;
use super::print_text::{Ink, Page, StyledLine};
use super::review;
use super::spec;
use crate::domain::{InputSource, ReviewId, Stream, ToolSpecification};
use crate::engine::{Enclosed, Engine, EngineError, ErrorCode, EvolveRequest, Made, NewTool, Source};
use crate::engine::{QUESTIONS, unanswered};
use serde_json::Value;
use std::io;
use std::path::PathBuf;

/// `new [NAME] --describe T | --spec FILE | --template T | --from-spec ID [--generator G]…`.
pub(super) fn new(call: &Call<'_>) -> Result<u8, Stop> {
    let generators: Vec<String> = call.texts("generator").into_iter().map(str::to_owned).collect();
    let specification = call.id("from-spec").map(ReviewId);
    if !generators.is_empty() && specification.is_none() {
        let hint = "approve a specification first; `toolsmith new --describe WORDS` or `toolsmith new --spec FILE` creates one";
        let message = "a generator needs an approved specification: add --from-spec ID";
        return Err(EngineError::new(ErrorCode::Usage, message, hint).into());
    }
    let (engine, made) = made(call)?;
    if generators.is_empty() {
        return call.print(&made);
    }
    // The scaffold contains the schemas and examples of the specification: the files written are compared with them.
    call.note_page(|page| made.text(page));
    let tool = made.manifest_path();
    evolve::begin(call, &engine, &EvolveRequest { tool, generators, specification, ..EvolveRequest::default() })
}

/// `approve ID --digest D --generate`: approves a specification, creates its tool, and lets a generator write the code.
pub(super) fn approve_and_generate(call: &Call<'_>, (review, prefix): (ReviewId, &str)) -> Result<u8, Stop> {
    // A specification that cannot be made into a tool is refused before any decision is recorded.
    let (engine, _catalog) = call.open_catalog()?;
    let (specification, _) = engine.new_tools().specification(review)?;
    engine.new_tools().ready_to_generate(&specification, &call.caller(&engine))?;
    drop(engine);
    let done = review::approve(call, (review, prefix))?;
    if call.is_dry() {
        return call.print(&done);
    }
    call.note_page(|page| done.text(page));
    let (engine, _catalog) = call.open_catalog()?;
    let made = engine.new_tools().generate(review, &call.caller(&engine));
    call.tell_trouble(&engine);
    let (made, request) = made?;
    let Some(request) = request else { return call.print(&made) };
    call.note_page(|page| made.text(page));
    evolve::begin(call, &engine, &request)
}

fn made(call: &Call<'_>) -> Result<(Engine, Made), EngineError> {
    let name = call.text("name");
    let words = call.text("describe").unwrap_or_default();
    let file = call.get::<PathBuf>("spec");
    let from = call.id("from-spec").map(ReviewId);
    let is_scaffold = from.is_some() || call.text("template").is_some();
    if file.is_some() && (is_scaffold || !words.is_empty()) {
        let hint = "--spec creates a specification; once approved, --from-spec creates the tool";
        return Err(EngineError::new(
            ErrorCode::Usage,
            "--spec cannot be combined with --describe, --template or --from-spec",
            hint,
        ));
    }
    if !is_scaffold && call.text("language").is_some() {
        let hint = "add --template, or set the language in the specification";
        return Err(EngineError::new(ErrorCode::Usage, "--language works with scaffolds only", hint));
    }
    let (engine, _catalog) = call.open_catalog()?;
    let caller = call.caller(&engine);
    let made = if is_scaffold {
        let (template, language) = (call.word("template")?, call.word("language")?);
        let (name, description) = (name.map(str::to_owned), words.to_owned());
        engine.new_tools().scaffold(&NewTool { name, template, language, description, specification: from }, &caller)
    } else if let Some(file) = file {
        let bytes = spec::read(&file)?;
        let file = file.to_string_lossy();
        let enclosed = enclosed(call)?;
        engine.new_tools().propose_specification(
            name,
            &Source::File { name: &file, bytes: &bytes, enclosed },
            None,
            &caller,
        )
    } else if words.trim().is_empty() {
        let hint = "add --describe WORDS, --spec FILE, --template TEMPLATE or --from-spec ID";
        return Err(EngineError::new(ErrorCode::Usage, "the description of the tool is missing", hint));
    } else {
        let words = completed(call, words)?;
        engine.new_tools().propose_specification(name, &Source::Words(&words), None, &caller)
    };
    call.tell_trouble(&engine);
    Ok((engine, made?))
}

/// The words, completed with the answers of a human at a terminal. An empty answer leaves the question open.
fn completed(call: &Call<'_>, words: &str) -> Result<String, EngineError> {
    let mut words = words.to_owned();
    if call.globals.json || !call.has_human() || !outlet::is_terminal(Stream::Stderr) {
        return Ok(words);
    }
    for question in unanswered(&words) {
        let asked = StyledLine::new().put(Ink::Strong, format!("{}? ", question.name));
        call.note(&asked.put(Ink::Dim, format!("{}; press enter to skip", question.help)));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map_err(EngineError::internal)?;
        words = question.answered(&words, &answer);
    }
    Ok(words)
}

/// The parts of a document that are included with its specification.
pub(super) fn enclosed(call: &Call<'_>) -> Result<Enclosed, EngineError> {
    Ok(if call.switch("no-summarize") { Enclosed::Whole } else { Enclosed::Summary(spec::budget(call)?) })
}

/// Writes what was understood of the words or the document.
fn read_of(page: &mut Page<'_>, specification: &ToolSpecification, sources: &[InputSource]) -> io::Result<()> {
    for input in &specification.input_parameters {
        let source = sources.iter().find(|source| source.input == input.name);
        let source = source.map(|source| format!(" ({source})")).unwrap_or_default();
        page.field("input", Ink::Plain, format!("{input}{source}"))?;
    }
    if let Some(output) = specification.expected_output.as_ref().and_then(Value::as_str) {
        page.field("output", Ink::Plain, output)?;
    }
    match specification.examples.len() {
        0 => Ok(()),
        count => page.field("examples", Ink::Plain, count.to_string()),
    }
}

impl Answer for Made {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.say(&self.outcome.message)?;
        for file in &self.files {
            page.field("wrote", Ink::Plain, file)?;
        }
        for line in &self.chosen {
            page.field("chosen", Ink::Plain, line)?;
        }
        for found in &self.found {
            page.field("found", Ink::Plain, format!("{} in line {}", found.field, found.line))?;
        }
        if let Some(specification) = &self.specification {
            read_of(page, specification, &self.inputs)?;
        }
        // A language was chosen; the line above gives the reason.
        let is_chosen = |field: &str| self.chosen.iter().any(|line| line.starts_with(&format!("{field}: ")));
        let missing: Vec<&str> = self.missing.iter().copied().filter(|field| !is_chosen(field)).collect();
        if !missing.is_empty() {
            page.field("missing", Ink::Warn, missing.join(", "))?;
            for question in QUESTIONS.iter().filter(|question| missing.contains(&question.field)) {
                page.field("add", Ink::Dim, question.example())?;
            }
        }
        if let (Some(_), Some(review)) = (&self.specification, self.outcome.review) {
            let types = if self.inputs.is_empty() { "" } else { ", for example with other types" };
            let hint = format!("`toolsmith spec --review {review}` shows it; add a FILE to replace it{types}");
            page.line(&StyledLine::new().put(Ink::Dim, hint))?;
        }
        match self.outcome.operation {
            Some(operation) => page.field("operation", Ink::Plain, operation.to_string()),
            None => Ok(()),
        }
    }
}
