//! Suggestions of new tools from recorded use: `opportunities`, `accept`, `dismiss`.

use super::call::{Answer, Call, Stop};
use super::done::{Done, announce_and_execute};
use super::print_text::{Ink, Page, StyledLine, counted, percent, when};
use crate::domain::{Command, DismissedOpportunity, Opportunity, OpportunitySources};
use crate::engine::{EngineError, Made, OpportunityList};
use serde::Serialize;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The default number of opportunities to list.
const LIMIT: usize = 20;

/// The number of pieces of evidence printed for each.
const WITNESSES: usize = 3;

#[derive(Serialize)]
pub(super) struct Found {
    #[serde(flatten)]
    list: OpportunityList,
}

/// A dismissed opportunity.
#[derive(Serialize)]
pub(super) struct Dismissed {
    dismissed: Vec<DismissedOpportunity>,
}

/// `opportunities [--history F]... [--log F]... [--openapi F]... [--limit N] [--dismissed]`.
pub(super) fn opportunities(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    if call.switch("dismissed") {
        return call.print(&Dismissed { dismissed: engine.opportunities().dismissed()? });
    }
    let limit = call.get::<usize>("limit").unwrap_or(LIMIT);
    call.print(&Found { list: engine.opportunities().list(&sources(call), limit)? })
}

/// `accept KEY [--name NAME] [--generate] …`.
pub(super) fn accept(call: &Call<'_>, run: impl FnOnce(&[OsString]) -> Result<u8, Stop>) -> Result<u8, Stop> {
    let made = accepted(call)?;
    let Some(review) = made.outcome.review.filter(|_| call.switch("generate")) else { return call.print(&made) };
    call.note_page(|page| made.text(page));
    let (_, digest) = call.open()?.new_tools().specification(review)?;
    // The verb that a human would type next: it shows the whole specification first.
    let words = ["toolsmith", "approve", &review.to_string(), "--digest", &digest.hex(), "--generate"];
    run(&words.map(OsString::from))
}

fn accepted(call: &Call<'_>) -> Result<Made, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let caller = call.caller(&engine);
    if call.switch("generate") {
        let key = call.required("opportunity")?;
        engine.opportunities().ready_to_generate(key, &sources(call), call.text("name"), &caller)?;
    }
    let made = engine.opportunities().accept(call.required("opportunity")?, &sources(call), call.text("name"), &caller);
    call.tell_trouble(&engine);
    made
}

/// `dismiss KEY [--reason T] …`.
pub(super) fn dismiss(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let key = call.required("opportunity")?.to_owned();
    let reason = call.text("reason").map(str::to_owned);
    announce_and_execute(call, &engine, Command::DismissOpportunity { key, from: sources(call), reason })
}

fn sources(call: &Call<'_>) -> OpportunitySources {
    let files = |name| call.many::<PathBuf>(name);
    OpportunitySources { history: files("history"), log: files("log"), openapi: files("openapi") }
}

impl Answer for Found {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let OpportunityList { opportunities, total, answered, runs, imported, consumption } = &self.list;
        for one in opportunities {
            write_one(page, one)?;
        }
        if let Some(first) = consumption.first().filter(|first| first.duration_ms > 0) {
            let share = format!("{} of time", percent(first.time_share));
            page.field(
                "most time",
                Ink::Plain,
                format!("{}, {share} in {}", first.tool, counted(first.runs, "run", "runs")),
            )?;
        }
        for file in imported {
            let what = match file.kind {
                "history" => ("command", "commands"),
                "log" => ("call", "calls"),
                _ => ("operation without a tool", "operations without a tool"),
            };
            let said = format!("{}: {}", file.file, counted(file.read, what.0, what.1));
            page.field("read", Ink::Plain, said)?;
            if file.unreadable > 0 {
                let said = format!("{}: {}", file.file, counted(file.unreadable, "line", "lines"));
                page.field("unreadable", Ink::Warn, said)?;
            }
        }
        let shown = if opportunities.len() < *total { format!("{} of ", opportunities.len()) } else { String::new() };
        let mut end = format!(
            "{shown}{} from {}",
            counted(*total, "opportunity", "opportunities"),
            counted(*runs, "run", "runs")
        );
        if *answered > 0 {
            end = format!("{end}, {answered} more already decided");
        }
        page.line(&StyledLine::new().put(Ink::Dim, end))
    }
}

fn write_one(page: &mut Page<'_>, one: &Opportunity) -> io::Result<()> {
    let head =
        StyledLine::new().put(Ink::Accent, format!("{:.2} ", one.priority)).put(Ink::Dim, format!("{} ", one.key));
    page.line(&head.put(Ink::Strong, format!("{} ", one.kind)).put(Ink::Plain, &one.title))?;
    let worth = &one.worth;
    let parts = format!(
        "frequency {:.2}, impact {:.2}, complexity {:.2}, confidence {:.2}",
        worth.frequency, worth.impact, worth.complexity, worth.confidence
    );
    page.line(&StyledLine::new().put(Ink::Dim, format!("     {parts}")))?;
    let seen: Vec<String> = one.evidence.iter().take(WITNESSES).map(ToString::to_string).collect();
    page.line(
        &StyledLine::new()
            .put(Ink::Dim, format!("     seen {}: {}", counted(count(one), "time", "times"), seen.join(" · "))),
    )
}

fn count(one: &Opportunity) -> usize {
    usize::try_from(one.count).unwrap_or(usize::MAX)
}

impl Answer for Dismissed {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for one in &self.dismissed {
            let head =
                StyledLine::new().put(Ink::Dim, format!("{} ", one.key)).put(Ink::Strong, format!("{} ", one.kind));
            page.line(&head.put(Ink::Plain, &one.title))?;
            let reason = one.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let said = format!("             {} by {}{reason}", when(one.at, page.look()), one.who);
            page.line(&StyledLine::new().put(Ink::Dim, said))?;
        }
        let count = counted(self.dismissed.len(), "dismissed opportunity", "dismissed opportunities");
        page.line(&StyledLine::new().put(Ink::Dim, count))
    }
}
