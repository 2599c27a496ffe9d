//! `feedback`: exports decisions for the authors of tools, one object per line.

use super::call::{Answer, Call, Stop};
use super::outlet;
use super::print_json::write_line;
use super::print_text::{Ink, Page, StyledLine, counted};
use crate::engine::{EngineError, ErrorCode, Suggestion};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// Suggestions, each with its evidence.
#[derive(Serialize)]
struct Suggested {
    suggestions: Vec<Suggestion>,
}

/// Decisions as one object.
#[derive(Serialize)]
struct Exported {
    decisions: Vec<Value>,
    /// The file they were written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<PathBuf>,
    count: usize,
}

/// `feedback [--out FILE] [--since DURATION] [--suggestions]`.
pub(super) fn feedback(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    if call.switch("suggestions") {
        return call.print(&Suggested { suggestions: engine.reviews().suggestions()? });
    }
    let decisions = engine.reviews().feedback(call.since())?;
    let count = decisions.len();
    for decision in &decisions {
        for damage in decision["damaged"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let text = format!("{damage}: the decision is exported without it; `toolsmith verify` lists all damage");
            call.note(&StyledLine::new().put(Ink::Warn, "warning: ").put(Ink::Plain, text));
        }
    }
    if let Some(path) = call.get::<PathBuf>("out") {
        write_file(&path, &decisions).map_err(|error| {
            let message = format!("cannot write {}: {error}", path.display());
            EngineError::new(ErrorCode::Failed, message, "choose a file in a writable folder")
        })?;
        return call.print(&Exported { decisions: Vec::new(), out: Some(path), count });
    }
    if call.globals.json {
        return call.print(&Exported { decisions, out: None, count });
    }
    outlet::values(&decisions)?;
    outlet_note(call, count);
    Ok(0)
}

fn outlet_note(call: &Call<'_>, count: usize) {
    if outlet::is_terminal(crate::domain::Stream::Stdout) {
        call.note(&StyledLine::new().put(Ink::Dim, counted(count, "decision", "decisions")));
    }
}

/// Writes the whole file or nothing.
fn write_file(path: &std::path::Path, decisions: &[Value]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(std::path::Path::new(".")))?;
    let mut out = BufWriter::new(file.as_file_mut());
    for decision in decisions {
        write_line(&mut out, decision)?;
    }
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

impl Answer for Suggested {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for suggestion in &self.suggestions {
            page.say(&suggestion.text)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.suggestions.len(), "suggestion", "suggestions")))
    }
}

impl Answer for Exported {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let place = self.out.as_ref().map(|path| format!(" written to {}", path.display()));
        page.say(format!("{}{}", counted(self.count, "decision", "decisions"), place.unwrap_or_default()))
    }
}
