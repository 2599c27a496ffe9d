//! Documents that specify a tool: `spec`.

use super::call::{Answer, Call, Stop};
use super::print_text::{Ink, Page, StyledLine};
use crate::domain::{Digest, ReviewId, ToolSpecification};
use crate::engine::{DEFAULT_BUDGET, Enclosed, Engine, ReadAs, Source};
use crate::engine::{Document, EngineError, ErrorCode, LEAST_BUDGET, MAX_DOCUMENT_BYTES, Section, Summary};
use serde::Serialize;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The digest, title, size and encoding of a document.
#[derive(Serialize)]
pub(super) struct DocumentHead {
    digest: Digest,
    title: Option<String>,
    bytes: usize,
    lines: usize,
    read_as: String,
    #[serde(flatten)]
    encoding: ReadAs,
}

impl DocumentHead {
    /// The head for a document.
    pub(super) fn of(document: &Document) -> DocumentHead {
        DocumentHead {
            digest: document.digest(),
            title: document.title().map(str::to_owned),
            bytes: document.byte_count(),
            lines: document.line_count(),
            read_as: document.read_as().to_string(),
            encoding: document.read_as(),
        }
    }
}

/// A line of the source document.
#[derive(Serialize)]
struct SourceLine {
    line: usize,
    text: String,
}

/// The part of a document to show.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// The summary of the document.
    Summary(Summary),
    Text(String),
    /// Some lines of the document.
    #[serde(rename = "part")]
    Lines(Vec<SourceLine>),
}

/// An opened document, as the answer.
#[derive(Serialize)]
pub(super) struct Opened {
    document: DocumentHead,
    sections: Vec<Section>,
    #[serde(flatten)]
    part: Part,
}

/// The specification of a review.
#[derive(Serialize)]
struct Specified {
    review: ReviewId,
    digest: Digest,
    specification: ToolSpecification,
}

impl Answer for Specified {
    /// Written as JSON, so that it can be edited and submitted again.
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let text = serde_json::to_string_pretty(&self.specification).map_err(io::Error::other)?;
        page.block(0, Ink::Plain, &text)
    }
}

/// `spec FILE`, `spec --review ID`, `spec FILE --review ID`.
pub(super) fn spec(call: &Call<'_>) -> Result<u8, Stop> {
    let named = call.get::<PathBuf>("document");
    match (call.id("review").map(ReviewId), named) {
        (None, None) => {
            let hint = "name a file, a document digest, or --review ID";
            Err(EngineError::new(ErrorCode::Usage, "the document is missing", hint).into())
        }
        (None, Some(named)) => call.print(&opened(call, &named)?),
        (Some(review), None) => {
            let engine = call.open()?;
            let (specification, digest) = engine.new_tools().specification(review)?;
            call.print(&Specified { review, digest, specification })
        }
        (Some(review), Some(named)) => {
            let bytes = read(&named)?;
            let (engine, _catalog) = call.open_catalog()?;
            let name = named.to_string_lossy();
            let enclosed = Enclosed::Summary(budget(call)?);
            let source = Source::File { name: &name, bytes: &bytes, enclosed };
            let made = engine.new_tools().propose_specification(None, &source, Some(review), &call.caller(&engine));
            call.tell_trouble(&engine);
            call.print(&made?)
        }
    }
}

fn opened(call: &Call<'_>, named: &Path) -> Result<Opened, EngineError> {
    let budget = budget(call)?;
    let engine = call.open()?;
    let document = open(&engine, named)?;
    if !document.read_as().is_plain() {
        call.note(&StyledLine::new().put(Ink::Warn, format!("read as {}", document.read_as())));
    }
    let part = match call.text("lines") {
        Some(range) => {
            let (from, to) = lines(range)?;
            let to = to.min(document.line_count());
            Part::Lines((from..=to).map(|line| SourceLine { line, text: document.line(line).to_owned() }).collect())
        }
        None if call.switch("full") => Part::Text(document.text().to_owned()),
        None => Part::Summary(document.summary(budget)),
    };
    Ok(Opened { document: DocumentHead::of(&document), sections: document.sections().to_vec(), part })
}

/// The requested budget.
pub(super) fn budget(call: &Call<'_>) -> Result<usize, EngineError> {
    let budget = call.get::<usize>("max-length").unwrap_or(DEFAULT_BUDGET);
    if budget < LEAST_BUDGET {
        let message = format!("--max-length {budget} is too short for a summary and its footer");
        return Err(EngineError::new(ErrorCode::Usage, message, format!("use at least {LEAST_BUDGET} characters")));
    }
    Ok(budget)
}

/// Opens a file, standard input, or a stored document by the first digits of its digest.
fn open(engine: &Engine, named: &Path) -> Result<Document, EngineError> {
    match bytes(named) {
        Ok(bytes) => engine.new_tools().keep_document(&bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => engine.new_tools().document(&named.to_string_lossy()),
        Err(error) => Err(unreadable(named, &error)),
    }
}

/// Reads the bytes of a file.
pub(super) fn read(named: &Path) -> Result<Vec<u8>, EngineError> {
    bytes(named).map_err(|error| unreadable(named, &error))
}

fn unreadable(named: &Path, error: &io::Error) -> EngineError {
    let message = format!("cannot read {}: {error}", named.display());
    EngineError::new(ErrorCode::NotFound, message, "name a file, or - for stdin")
}

/// Reads up to one byte more than the maximum size of a document.
fn bytes(named: &Path) -> io::Result<Vec<u8>> {
    let most = MAX_DOCUMENT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if named == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(named)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn lines(text: &str) -> Result<(usize, usize), EngineError> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) if from >= 1 && to >= from => Ok((from, to)),
        _ => Err(EngineError::new(
            ErrorCode::Usage,
            format!("{text:?} is not a line number or range"),
            "write 12 or 12-34",
        )),
    }
}

impl Answer for Opened {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        match &self.part {
            Part::Summary(summary) => page.block(0, Ink::Plain, &summary.text),
            Part::Text(text) => page.block(0, Ink::Plain, text),
            Part::Lines(lines) => {
                for SourceLine { line, text } in lines {
                    page.line(&StyledLine::new().put(Ink::Dim, format!("{line:>6}  ")).put(Ink::Plain, text))?;
                }
                Ok(())
            }
        }
    }
}
