//! Upkeep of the library: `stale`, and the answers to its proposals.

use super::call::{Answer, Call, Stop};
use super::done::Done;
use super::print_text::{Align, Ink, Page, StyledLine, Table, counted, size, when};
use crate::domain::{Command, Outcome, Retirement, grouped};
use crate::engine::{Engine, StaleReport, StaleTool};
use serde::Serialize;
use std::io;

#[derive(Serialize)]
struct Stale {
    #[serde(flatten)]
    report: StaleReport,
}

/// `stale [--days N] [--propose]`.
pub(super) fn stale(call: &Call<'_>) -> Result<u8, Stop> {
    let (engine, _catalog) = call.open_catalog()?;
    let days = call.get::<usize>("days").map(|days| u32::try_from(days).unwrap_or(u32::MAX));
    let report = engine.upkeep().stale(days)?;
    if call.switch("propose") {
        return propose(call, &engine, report.stale.iter().map(StaleTool::proposal).collect());
    }
    call.print(&Stale { report })
}

/// Requests a review of each proposal; an empty list is not an error.
pub(super) fn propose(call: &Call<'_>, engine: &Engine, proposals: Vec<Retirement>) -> Result<u8, Stop> {
    if proposals.is_empty() {
        return call.print(&Done::new(Outcome {
            operation: None,
            review: None,
            message: "nothing to propose".to_owned(),
            commit: None,
            detail: serde_json::json!({"reviews": [], "refused": []}),
        }));
    }
    let command = Command::Propose { proposals };
    call.print(&super::done::announce_and_execute(call, engine, command)?)
}

impl Answer for Stale {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let StaleReport { days, stale, tools, .. } = &self.report;
        if !stale.is_empty() {
            let heads = ["tool", "stage", "unused", "runs", "last used", "size", "why"];
            let mut table = Table::new(&heads.map(|head| (head, Align::Left))).sparing(&["stage", "size"]);
            for tool in stale {
                let used = tool.last_used_at.map_or_else(|| "never".to_owned(), |at| when(at, page.look()));
                table.row([
                    (Ink::Strong, tool.tool.to_string()),
                    (Ink::Plain, tool.stage.to_string()),
                    (Ink::Warn, format!("{}d", tool.days)),
                    (Ink::Plain, grouped(tool.runs)),
                    (Ink::Plain, used),
                    (Ink::Plain, size(tool.bytes)),
                    (Ink::Dim, format!("{} ({})", tool.why, tool.path)),
                ]);
            }
            page.table(&table)?;
        }
        let spared = self.report.spared_line();
        if !spared.is_empty() {
            page.line(&StyledLine::new().put(Ink::Dim, spared))?;
        }
        let days = counted(*days as usize, "day", "days");
        let of = counted(*tools, "tool", "tools");
        let end = match stale.len() {
            0 => format!("no tools to archive: {of} checked, limit {days}"),
            number => format!(
                "{} of {of} unused for {days}; `toolsmith stale --propose` proposes to archive them",
                grouped(number)
            ),
        };
        page.line(&StyledLine::new().put(Ink::Dim, end))
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Instant, Stage, ToolName};
    use serde_json::json;
    use std::collections::BTreeMap;

    fn stale(stale: Vec<StaleTool>) -> Stale {
        let spared = BTreeMap::from([("core".to_owned(), 2)]);
        Stale { report: StaleReport { days: 30, stale, spared, tools: 7 } }
    }

    #[test]
    fn what_nobody_uses_is_told_with_its_reason_and_what_stays_is_counted() {
        let old = StaleTool {
            tool: ToolName::new("old").unwrap(),
            path: "tools/experimental/old.py".to_owned(),
            stage: Stage::Experimental,
            days: 31,
            last_used_at: None,
            first_seen_at: Instant(0),
            runs: 0,
            bytes: 2_048,
            why: "never used, unchanged for 31 days".to_owned(),
        };
        let answer = stale(vec![old]);
        assert_eq!(
            plain(|page| answer.text(page)),
            "tool  stage         unused  runs  last used  size     why\nold   experimental  31d     0     never      2.0 KiB  never used, unchanged for 31 days (tools/experimental/old.py)\njust as old, but not proposed: 2 core\n1 of 7 tools unused for 30 days; `toolsmith stale --propose` proposes to archive them\n"
        );
        assert_eq!(
            object(&answer),
            json!({"schema": 1, "days": 30, "tools": 7, "spared": {"core": 2}, "stale": [{
                "tool": "old", "path": "tools/experimental/old.py", "stage": "experimental", "days": 31,
                "last_used_at": null, "first_seen_at": "1970-01-01T00:00:00.000Z", "runs": 0, "bytes": 2048,
                "why": "never used, unchanged for 31 days"
            }]})
        );
        assert_eq!(
            plain(|page| stale(Vec::new()).text(page)),
            "just as old, but not proposed: 2 core\nno tools to archive: 7 tools checked, limit 30 days\n"
        );
    }
}
