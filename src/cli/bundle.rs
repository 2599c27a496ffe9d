//! Exchanges tools through a shared folder: `push`, `pull`.

use super::call::{Answer, Call, Stop};
use super::done::NOTHING_CHANGED;
use super::print_text::{Align, Ink, Page, StyledLine, Table};
use crate::engine::{Carried, CarryReport, Engine, EngineError, ErrorCode};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};

/// The result for each tool.
#[derive(Serialize)]
struct Carry {
    #[serde(flatten)]
    report: CarryReport,
    #[serde(rename = "dry_run", skip_serializing_if = "std::ops::Not::not")]
    is_dry: bool,
}

/// Transfers the tools, or only determines what would be transferred.
fn carried(
    call: &Call<'_>,
    engine: &Engine,
    carry: impl FnOnce() -> Result<CarryReport, EngineError>,
) -> Result<u8, Stop> {
    let is_dry = call.is_dry();
    let report = if is_dry { engine.history().without_effect(carry)? } else { carry()? };
    call.print(&Carry { report, is_dry })
}

pub(super) fn push(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let (place, tool) = (place(call)?, call.text("tool"));
    carried(call, &engine, || match call.text("format") {
        Some("skill") => engine.versions().push_skills(Path::new(&place), tool),
        _ => engine.versions().push(&place, tool, &call.caller(&engine)),
    })
}

pub(super) fn pull(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let place = place(call)?;
    carried(call, &engine, || engine.versions().pull(&place, call.text("tool"), &call.caller(&engine)))
}

/// The folder, or the address of the object storage.
fn place(call: &Call<'_>) -> Result<String, EngineError> {
    let place = call.get::<PathBuf>("bundle").and_then(|place| place.into_os_string().into_string().ok());
    place.ok_or_else(|| {
        let hint = "write `toolsmith push DIR` or `toolsmith pull DIR`";
        EngineError::new(ErrorCode::Usage, "the folder is missing", hint)
    })
}

impl Answer for Carry {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut heads = vec![("tool", Align::Left), ("version", Align::Left), ("result", Align::Left)];
        let is_signed = self.report.tools.iter().any(|tool| tool.signed_by.is_some());
        if is_signed {
            heads.push(("signed by", Align::Left));
        }
        let mut table = Table::new(&heads);
        for tool in &self.report.tools {
            let (ink, word) = match tool.state {
                Carried::Written if self.is_dry => (Ink::Good, "to be written"),
                Carried::Written => (Ink::Good, "written"),
                Carried::Same => (Ink::Dim, "same"),
                Carried::Conflict => (Ink::Bad, "conflict"),
                Carried::Unreadable => (Ink::Bad, "unreadable"),
            };
            let name = (Ink::Strong, tool.name.clone());
            let version = (Ink::Plain, tool.version.as_ref().map(ToString::to_string).unwrap_or_default());
            let result = (ink, word.to_owned());
            match &tool.signed_by {
                _ if !is_signed => table.row([name, version, result]),
                signer => table.row([name, version, result, (Ink::Plain, signer.clone().unwrap_or_default())]),
            }
        }
        if !self.report.tools.is_empty() {
            page.table(&table)?;
        }
        for tool in self.report.tools.iter().filter(|tool| !tool.why.is_empty()) {
            page.line(
                &StyledLine::new().put(Ink::Strong, &tool.name).put(Ink::Plain, ": ").put(Ink::Plain, &tool.why),
            )?;
        }
        if self.is_dry {
            return page.say(NOTHING_CHANGED);
        }
        page.line(&StyledLine::new().put(Ink::Dim, self.report.sentence()))
    }

    fn exit_code(&self) -> u8 {
        let faults = self.report.count(Carried::Conflict) + self.report.count(Carried::Unreadable);
        if faults > 0 { ErrorCode::Conflict.exit_code() } else { 0 }
    }
}
