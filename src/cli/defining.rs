//! Definitions of services: `define`.

use super::call::{Answer, Call};
use super::permission::ask_first;
use super::print_text::{Ink, Page};
use crate::engine::{DefineOptions, Defined, EngineError, Import, not_alone, read_definition};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// `define NAME [--type …] … [--from FILE|-]`.
pub(super) fn define(call: &Call<'_>) -> Result<Defined, EngineError> {
    let text = |name: &str| call.text(name).map(str::to_owned);
    let options = DefineOptions {
        base_type: text("type"),
        executable: text("executable"),
        description: text("description"),
        port: text("port"),
        capabilities: text("capabilities"),
        launch_args: text("launch-args"),
        health_check: text("health-check"),
        env: call.texts("env").into_iter().map(str::to_owned).collect(),
    };
    let from = call.get::<PathBuf>("from");
    if call.switch("probe") {
        let is_alone = options == DefineOptions::default() && from.is_none();
        return if is_alone { probe(call) } else { Err(not_alone(call.required("name")?)) };
    }
    let bytes = from.as_deref().map(read).transpose()?;
    let file = from.as_ref().map(|path| path.to_string_lossy().into_owned());
    let import = file.as_deref().zip(bytes.as_deref()).map(|(file, bytes)| Import { file, bytes });
    let (engine, _catalog) = call.open_catalog()?;
    let caller = call.caller(&engine);
    let defined = engine.definitions().define(call.required("name")?, &options, import.as_ref(), &caller);
    call.tell_trouble(&engine);
    defined
}

/// `define NAME --probe`, after the same questions as for a run.
fn probe(call: &Call<'_>) -> Result<Defined, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let name: &str = call.required("name")?;
    let tool = engine.definitions().probed(name)?;
    ask_first(call, &engine, &tool, call.globals.json)?;
    let proposed = engine.definitions().probe(name, &call.caller(&engine));
    call.tell_trouble(&engine);
    proposed
}

/// The bytes of a file, or of standard input.
fn read(named: &Path) -> Result<Vec<u8>, EngineError> {
    if named == Path::new("-") {
        read_definition(named, Ok(io::stdin().lock()))
    } else {
        read_definition(named, File::open(named))
    }
}

impl Answer for Defined {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.say(&self.outcome.message)?;
        page.field("definition", Ink::Plain, &self.path)?;
        for found in &self.found {
            let claimed = if found.is_claimed { " (claimed already)" } else { "" };
            let sentence = if found.sentence.is_empty() { "" } else { ": " };
            let line = format!("{}{claimed}, {}{sentence}{}", found.capability, found.source.phrase(), found.sentence);
            page.field("found", Ink::Plain, &line)?;
        }
        for note in &self.notes {
            page.field("note", Ink::Warn, note)?;
        }
        match self.outcome.operation {
            Some(operation) => page.field("operation", Ink::Plain, operation.to_string()),
            None => Ok(()),
        }
    }
}
