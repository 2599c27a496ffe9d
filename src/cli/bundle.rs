//! Tools in a folder that others share: `push`, `pull`.

use super::call::{Answer, Call, Stop};
use super::done::NOTHING_CHANGED;
use super::print_text::{Align, Ink, Page, StyledLine, Table};
use crate::engine::{Carried, CarryReport, Engine, EngineError, ErrorCode};
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// What became of each tool.
#[derive(Serialize)]
struct Carry {
    #[serde(flatten)]
    report: CarryReport,
    #[serde(rename = "dry_run", skip_serializing_if = "std::ops::Not::not")]
    is_dry: bool,
}

/// Carries, or only finds out what would be carried.
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
    let (folder, tool) = (folder(call)?, call.text("tool"));
    carried(call, &engine, || match call.text("format") {
        Some("skill") => engine.versions().push_skills(&folder, tool),
        _ => engine.versions().push(&folder, tool),
    })
}

pub(super) fn pull(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let folder = folder(call)?;
    carried(call, &engine, || engine.versions().pull(&folder, call.text("tool"), &call.caller(&engine)))
}

fn folder(call: &Call<'_>) -> Result<PathBuf, EngineError> {
    call.get("bundle").ok_or_else(|| {
        EngineError::new(
            ErrorCode::Usage,
            "the folder is missing",
            "write `toolsmith push DIR` or `toolsmith pull DIR`",
        )
    })
}

impl Answer for Carry {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [("tool", Align::Left), ("version", Align::Left), ("result", Align::Left)];
        let mut table = Table::new(&heads);
        for tool in &self.report.tools {
            let (ink, word) = match tool.state {
                Carried::Written if self.is_dry => (Ink::Good, "to be written"),
                Carried::Written => (Ink::Good, "written"),
                Carried::Same => (Ink::Dim, "same"),
                Carried::Conflict => (Ink::Bad, "conflict"),
                Carried::Unreadable => (Ink::Bad, "unreadable"),
            };
            table.row([
                (Ink::Strong, tool.name.clone()),
                (Ink::Plain, tool.version.as_ref().map(ToString::to_string).unwrap_or_default()),
                (ink, word.to_owned()),
            ]);
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
