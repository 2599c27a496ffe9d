//! Failures in groups: `failures`, `failure`, `resolve`.

use super::call::{Answer, Call, Stop};
use super::done::{Done, Plan};
use super::print_text::{Align, Ink, Page, StyledLine, Table, counted, span, when};
use super::runs::run_table;
use crate::domain::{
    FailureGroup, FailureMark, GroupState, Incident, RunId, Severity, count, grouped, median_recovery_ms,
};
use crate::engine::{EngineError, FailureDetail, MarkRequest, Preview};
use serde::Serialize;
use std::io;

/// The maximum number of listed incidents.
const MOST_INCIDENTS: usize = 200;

/// Failure groups, last seen first.
#[derive(Serialize)]
pub(super) struct Failures {
    failures: Vec<FailureGroup>,
}

/// Periods in which tools failed.
#[derive(Serialize)]
struct Incidents {
    incidents: Vec<Incident>,
    median_recovery_ms: Option<u64>,
}

/// The marked failures.
#[derive(Serialize)]
struct Marks {
    marks: Vec<FailureMark>,
}

/// One group and everything about it.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    detail: FailureDetail,
}

pub(super) fn failures(call: &Call<'_>) -> Result<u8, Stop> {
    let engine = call.open()?;
    let named = call.named_tool(&engine)?;
    let tool = named.as_ref().map(|named| &named.name);
    if call.switch("incidents") {
        let incidents = engine.failures().incidents(tool, MOST_INCIDENTS)?;
        return call.print(&Incidents { median_recovery_ms: median_recovery_ms(&incidents), incidents });
    }
    if call.switch("marks") {
        return call.print(&Marks { marks: engine.failures().marks(tool)? });
    }
    let state = match call.text("state") {
        None | Some("all") => None,
        Some(word) => word.parse::<GroupState>().ok(),
    };
    let severity: Option<Severity> = call.word("severity")?;
    let since = call.since();
    let text = call.text("grep").map(str::to_lowercase);
    let mut failures = engine.failures().list(tool)?;
    failures.retain(|group| {
        state.is_none_or(|state| group.state == state)
            && severity.is_none_or(|least| group.severity >= least)
            && since.is_none_or(|since| group.last_at >= since)
            && text.as_deref().is_none_or(|text| group.tells_of(text))
    });
    call.print(&Failures { failures })
}

pub(super) fn failure(call: &Call<'_>) -> Result<Shown, EngineError> {
    Ok(Shown { detail: call.open()?.failures().detail(call.required("failure")?)? })
}

/// `mark-failure NAME --scenario TEXT …`.
pub(super) fn mark_failure(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    let run = call.get::<i64>("run").map(RunId);
    let error = match (call.text("error"), run) {
        (Some(error), _) => error.to_owned(),
        (None, Some(run)) => engine.runs().record(run)?.error.unwrap_or_default(),
        (None, None) => String::new(),
    };
    let request = MarkRequest {
        tool: call.required("tool")?.to_owned(),
        run,
        scenario: call.required("scenario")?.to_owned(),
        error,
        severity: call.word("severity")?.unwrap_or(Severity::Medium),
    };
    let caller = call.caller(&engine);
    if call.is_dry() {
        let plan = Preview {
            title: format!("Mark {} as failed for {:?}", request.tool, request.scenario),
            lines: vec!["it ranks lower for this scenario, and callers are warned".to_owned()],
            undo: String::new(),
        };
        let plan = engine.history().rehearsed(plan, || engine.failures().mark(&request, &caller))?;
        return Ok(Done::Plan(Plan::of(plan)));
    }
    let done = engine.failures().mark(&request, &caller);
    call.tell_trouble(&engine);
    Ok(Done::new(done?))
}

impl Answer for Failures {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("failure", Align::Left),
            ("count", Align::Right),
            ("severity", Align::Left),
            ("tool", Align::Left),
            ("outcome", Align::Left),
            ("last", Align::Left),
            ("run", Align::Right),
            ("state", Align::Left),
            ("message", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["severity", "state", "last"]);
        for group in &self.failures {
            table.row([
                (Ink::Plain, group.short().to_owned()),
                (Ink::Strong, grouped(group.count)),
                (severity_ink(group.severity), group.severity.to_string()),
                (Ink::Strong, group.tool.to_string()),
                (Ink::Plain, group.outcome.to_string()),
                (Ink::Dim, when(group.last_at, page.look())),
                (Ink::Plain, group.sample_run.map_or_else(|| "-".to_owned(), |run| run.to_string())),
                (if group.state == GroupState::Open { Ink::Warn } else { Ink::Dim }, group.state.to_string()),
                (Ink::Plain, group.sample_message.clone()),
            ]);
        }
        if !self.failures.is_empty() {
            page.table(&table)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.failures.len(), "failure group", "failure groups")))
    }
}

impl Answer for Marks {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        for mark in &self.marks {
            page.field(&format!("{} {}", mark.id, mark.tool), severity_ink(mark.severity), told_mark(mark))?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.marks.len(), "mark", "marks")))
    }
}

impl Answer for Incidents {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if !self.incidents.is_empty() {
            page.table(&incident_table(&self.incidents, page))?;
        }
        let line = StyledLine::new().put(Ink::Dim, counted(self.incidents.len(), "incident", "incidents"));
        page.line(&match self.median_recovery_ms {
            Some(median) => line.put(Ink::Dim, format!(" · median time to recovery {}", span(median))),
            None => line,
        })
    }
}

fn incident_table(incidents: &[Incident], page: &Page<'_>) -> Table {
    let heads = [
        ("tool", Align::Left),
        ("since", Align::Left),
        ("run", Align::Right),
        ("failures", Align::Right),
        ("time to recovery", Align::Right),
        ("by", Align::Left),
    ];
    let mut table = Table::new(&heads).sparing(&["run"]);
    for incident in incidents {
        let by = match (incident.recovered_by, &incident.recovered_version) {
            (Some(run), Some(version)) => format!("run {run} of {version}"),
            (Some(run), None) => format!("run {run}"),
            (None, _) => String::new(),
        };
        let (ink, after) = match incident.recovery_ms() {
            Some(ms) => (Ink::Good, span(ms)),
            None => (Ink::Bad, "not yet".to_owned()),
        };
        table.row([
            (Ink::Strong, incident.tool.to_string()),
            (Ink::Dim, when(incident.began_at, page.look())),
            (Ink::Plain, incident.first_run.to_string()),
            (Ink::Plain, grouped(incident.failures)),
            (ink, after),
            (Ink::Plain, by),
        ]);
    }
    table
}

impl Answer for Shown {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let FailureDetail { group, versions, marks, runs, incidents, median_recovery_ms } = &self.detail;
        let ink = severity_ink(group.severity);
        page.line(
            &StyledLine::new()
                .put(Ink::Strong, group.tool.as_str())
                .put(Ink::Plain, format!("  {}  {}  ", group.short(), group.outcome))
                .put(ink, group.severity.word())
                .put(Ink::Dim, format!("  {}", group.state)),
        )?;
        page.field("message", Ink::Plain, &group.sample_message)?;
        let (first, last) = (when(group.first_at, page.look()), when(group.last_at, page.look()));
        page.field("seen", Ink::Plain, format!("{}, first {first}, last {last}", count(group.count as usize, "time")))?;
        page.field("trend", Ink::Plain, format!("{} in the last seven days", told_trend(&group.trend)))?;
        for mark in marks {
            page.field(&format!("mark {}", mark.id), severity_ink(mark.severity), told_mark(mark))?;
        }
        if let (Some(at), Some(who)) = (group.resolved_at, &group.resolved_by) {
            page.field("resolved", Ink::Good, format!("{} by {who}", when(at, page.look())))?;
        }
        for version in versions {
            let line =
                format!("{} {}: {}", version.version, version.digest.short(), count(version.count as usize, "run"));
            page.field("version", Ink::Plain, line)?;
        }
        if !runs.is_empty() {
            page.heading("Runs")?;
            page.table(&run_table(runs, page.look()))?;
            page.heading("Inputs")?;
            for run in runs {
                page.field(&format!("run {}", run.id), Ink::Plain, &run.input)?;
            }
        }
        if !incidents.is_empty() {
            page.heading(&format!("Outages of {}", group.tool))?;
            page.table(&incident_table(incidents, page))?;
        }
        match median_recovery_ms {
            Some(median) => page.field("median time to recovery", Ink::Plain, span(*median)),
            None => Ok(()),
        }
    }
}

fn told_mark(mark: &FailureMark) -> String {
    let run = mark.run.map(|run| format!(", run {run}")).unwrap_or_default();
    let tags = if mark.tags.is_empty() { String::new() } else { format!(" [{}]", mark.tags.join(", ")) };
    format!("{} in {:?}: {} ({}{run}){tags}", mark.severity, mark.scenario, mark.error, mark.who)
}

fn told_trend(days: &[u32]) -> String {
    days.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

fn severity_ink(severity: Severity) -> Ink {
    match severity {
        Severity::Low => Ink::Plain,
        Severity::Medium => Ink::Warn,
        Severity::High => Ink::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Instant, RunId, RunOutcome, ToolName};
    use serde_json::json;

    fn sample() -> Failures {
        Failures {
            failures: vec![FailureGroup {
                signature: "00112233aabbccdd".into(),
                tool: ToolName::new("divide").unwrap(),
                count: 3,
                severity: Severity::Medium,
                first_at: Instant(0),
                last_at: Instant(1_767_323_045_678),
                sample_run: Some(RunId(9)),
                sample_message: "division by zero\u{1b}[2J".into(),
                outcome: RunOutcome::Failed,
                scenarios: vec![],
                state: GroupState::Open,
                resolved_at: None,
                resolved_by: None,
                trend: vec![0, 0, 0, 0, 0, 1, 2],
            }],
        }
    }

    #[test]
    fn a_group_is_one_line_that_names_a_run_to_look_at() {
        assert_eq!(
            plain(|page| sample().text(page)),
            "failure   count  severity  tool    outcome  last                      run  state  message\n\
             00112233      3  medium    divide  failed   2026-01-02T03:04:05.678Z    9  open   division by zero\\x1b[2J\n\
             1 failure group\n"
        );
        assert_eq!(plain(|page| Failures { failures: vec![] }.text(page)), "0 failure groups\n");
    }

    #[test]
    fn a_group_has_the_fields_scripts_rely_on() {
        assert_eq!(
            object(&sample()),
            json!({"schema": 1, "failures": [{
                "signature": "00112233aabbccdd", "tool": "divide", "count": 3, "severity": "medium",
                "first_at": "1970-01-01T00:00:00.000Z", "last_at": "2026-01-02T03:04:05.678Z",
                "sample_run": 9, "sample_message": "division by zero\u{1b}[2J", "outcome": "failed",
                "scenarios": [], "state": "open", "resolved_at": null,
                "resolved_by": null, "trend": [0, 0, 0, 0, 0, 1, 2]
            }]})
        );
    }
}
