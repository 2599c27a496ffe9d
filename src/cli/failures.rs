//! What went wrong, grouped: `failures`.

use super::call::{Answer, Call};
use super::print_text::{Align, Ink, Line, Page, Table, counted, when};
use crate::domain::{FailureGroup, GroupState, Severity};
use crate::engine::EngineError;
use serde::Serialize;
use std::io;

/// Failure groups, last seen first.
#[derive(Serialize)]
pub(super) struct Failures {
    failures: Vec<FailureGroup>,
}

/// `failures [NAME]`.
pub(super) fn failures(call: &Call<'_>) -> Result<Failures, EngineError> {
    let engine = call.open()?;
    let named = call.named_tool(&engine)?;
    Ok(Failures { failures: engine.failures(named.as_ref().map(|named| &named.name))? })
}

impl Answer for Failures {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
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
                (Ink::Strong, group.count.to_string()),
                (severity_ink(group.severity), group.severity.to_string()),
                (Ink::Strong, group.tool.to_string()),
                (Ink::Plain, group.outcome.to_string()),
                (Ink::Dim, when(group.last_at, page.look())),
                (Ink::Plain, group.sample_run.to_string()),
                (if group.state == GroupState::Open { Ink::Warn } else { Ink::Dim }, group.state.to_string()),
                (Ink::Plain, group.sample_message.clone()),
            ]);
        }
        if !self.failures.is_empty() {
            page.table(&table)?;
        }
        page.line(&Line::new().put(Ink::Dim, counted(self.failures.len(), "failure group", "failure groups")))
    }
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
                sample_run: RunId(9),
                sample_message: "division by zero\u{1b}[2J".into(),
                outcome: RunOutcome::Failed,
                scenarios: vec![],
                state: GroupState::Open,
                trend: vec![0, 0, 0, 0, 0, 1, 2],
            }],
        }
    }

    #[test]
    fn a_group_is_one_line_that_names_a_run_to_look_at() {
        assert_eq!(
            plain(|page| sample().text(page)),
            "count  severity  tool    outcome  last                      run  state  message\n    \
             3  medium    divide  failed   2026-01-02T03:04:05.678Z    9  open   division by zero\\x1b[2J\n\
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
                "scenarios": [], "state": "open", "trend": [0, 0, 0, 0, 0, 1, 2]
            }]})
        );
    }
}
