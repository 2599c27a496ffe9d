//! Documents that say what a tool shall do: `spec`.

use super::call::{Answer, Call};
use super::print_text::{Ink, Line, Page};
use crate::engine::{DEFAULT_BUDGET, Engine, ReadAs};
use crate::engine::{Document, EngineError, ErrorCode, LEAST_BUDGET, MAX_DOCUMENT_BYTES, Section, Summary};
use serde::Serialize;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// What a document is.
#[derive(Serialize)]
pub(super) struct DocumentHead {
    digest: crate::domain::Digest,
    title: Option<String>,
    bytes: usize,
    lines: usize,
    read_as: String,
    #[serde(flatten)]
    encoding: ReadAs,
}

impl DocumentHead {
    /// The head of a document.
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

/// A line of the document itself.
#[derive(Serialize)]
struct SourceLine {
    line: usize,
    text: String,
}

/// What is shown of a document.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// What it comes to.
    Summary(Summary),
    /// All of it.
    Text(String),
    /// Some lines of it.
    Part(Vec<SourceLine>),
}

/// A document, as it is answered.
#[derive(Serialize)]
pub(super) struct Opened {
    document: DocumentHead,
    sections: Vec<Section>,
    #[serde(flatten)]
    part: Part,
}

/// `spec FILE`.
pub(super) fn spec(call: &Call<'_>) -> Result<Opened, EngineError> {
    let budget = budget(call)?;
    let engine = call.open()?;
    let named = call.get::<std::path::PathBuf>("document").unwrap_or_default();
    let document = open(&engine, &named)?;
    if !document.read_as().is_plain() {
        call.note(&Line::new().put(Ink::Warn, format!("read as {}", document.read_as())));
    }
    let part = match call.text("lines") {
        Some(range) => {
            let (from, to) = lines(range)?;
            let to = to.min(document.line_count());
            Part::Part((from..=to).map(|line| SourceLine { line, text: document.line(line).to_owned() }).collect())
        }
        None if call.switch("full") => Part::Text(document.text().to_owned()),
        None => Part::Summary(document.summary(budget)),
    };
    Ok(Opened { document: DocumentHead::of(&document), sections: document.sections().to_vec(), part })
}

/// The budget that was asked for.
pub(super) fn budget(call: &Call<'_>) -> Result<usize, EngineError> {
    let budget = call.get::<usize>("max-length").unwrap_or(DEFAULT_BUDGET);
    if budget < LEAST_BUDGET {
        let message = format!("--max-length {budget} is too short for a summary and its footer");
        return Err(EngineError::new(ErrorCode::Usage, message, format!("{LEAST_BUDGET} characters are the least")));
    }
    Ok(budget)
}

/// Opens a file, standard input, or what is kept under the first digits of a digest.
pub(super) fn open(engine: &Engine, named: &Path) -> Result<Document, EngineError> {
    match bytes(named) {
        Ok(bytes) => engine.keep_document(&bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => engine.document(&named.to_string_lossy()),
        Err(error) => {
            let message = format!("cannot read {}: {error}", named.display());
            Err(EngineError::new(ErrorCode::NotFound, message, "name a file, or - for standard input"))
        }
    }
}

/// Reads one byte more than a document may have at most.
pub(super) fn bytes(named: &Path) -> io::Result<Vec<u8>> {
    let most = MAX_DOCUMENT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if named == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(named)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// `12` or `12-34`.
fn lines(text: &str) -> Result<(usize, usize), EngineError> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    match (from.trim().parse(), to.trim().parse()) {
        (Ok(from), Ok(to)) if from >= 1 && to >= from => Ok((from, to)),
        _ => Err(EngineError::new(ErrorCode::Usage, format!("{text:?} are no lines"), "write 12 or 12-34")),
    }
}

impl Answer for Opened {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        match &self.part {
            Part::Summary(summary) => page.block(0, Ink::Plain, &summary.text),
            Part::Text(text) => page.block(0, Ink::Plain, text),
            Part::Part(lines) => {
                for SourceLine { line, text } in lines {
                    page.line(&Line::new().put(Ink::Dim, format!("{line:>6}  ")).put(Ink::Plain, text))?;
                }
                Ok(())
            }
        }
    }
}
