//! The operation log: `log`, `undo`, `verify`.

use super::call::{Answer, Call};
use super::done::{Done, announce_and_execute};
use super::print_text::{Align, Ink, Page, StyledLine, Table, counted, when};
use crate::domain::{Command, Operation, OperationId, span};
use crate::engine::{EngineError, clock_steps_back};
use serde::Serialize;
use serde_json::Value;
use std::io;

/// How many entries `log` lists by default.
const DEFAULT_LIMIT: usize = 50;

/// Entries of the operation log, newest first.
#[derive(Serialize)]
pub(super) struct Log {
    operations: Vec<Operation>,
    /// Entries whose time is before that of the preceding entry, and by how many milliseconds.
    clock_went_back: Vec<(OperationId, i64)>,
}

pub(super) fn log(call: &Call<'_>) -> Result<Log, EngineError> {
    let engine = call.open()?;
    let limit = call.get::<usize>("limit").unwrap_or(DEFAULT_LIMIT);
    // One entry more than is shown, because the oldest shown entry is compared with its predecessor.
    let mut operations = engine.history().operations(limit.saturating_add(1), call.text("grep"))?;
    let clock_went_back = clock_steps_back(&operations);
    operations.truncate(limit);
    Ok(Log { operations, clock_went_back })
}

impl Answer for Log {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let heads = [
            ("id", Align::Right),
            ("when", Align::Left),
            ("who", Align::Left),
            ("verb", Align::Left),
            ("subject", Align::Left),
            ("note", Align::Left),
        ];
        let mut table = Table::new(&heads).sparing(&["who", "when"]);
        for operation in &self.operations {
            table.row([
                (Ink::Strong, operation.id.to_string()),
                (Ink::Dim, when(operation.at, page.look())),
                (Ink::Plain, operation.who.clone()),
                (Ink::Accent, operation.verb.clone()),
                (Ink::Plain, subject(operation)),
                (Ink::Plain, remark(operation, self.back(operation.id))),
            ]);
        }
        if !self.operations.is_empty() {
            page.table(&table)?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.operations.len(), "operation", "operations")))
    }
}

impl Log {
    /// By how much the clock went back before an entry was written.
    fn back(&self, id: OperationId) -> Option<String> {
        let (_, ms) = self.clock_went_back.iter().find(|(entry, _)| *entry == id)?;
        Some(format!("the system clock was set back by {}", span(u64::try_from(*ms).unwrap_or_default())))
    }
}

/// The subject of an entry, with the version if there is one.
fn subject(operation: &Operation) -> String {
    match operation.detail.get("version").and_then(Value::as_str) {
        Some(version) => format!("{} {version}", operation.subject),
        None => operation.subject.clone(),
    }
}

/// Remarks in addition to verb and subject.
fn remark(operation: &Operation, clock: Option<String>) -> String {
    let undone = operation.undone_by.map(|by| format!("undone by {by}"));
    let said = [clock, undone, operation.unread(), operation.passed_over(), operation.said()];
    said.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

pub(super) fn undo(call: &Call<'_>) -> Result<Done, EngineError> {
    let (engine, _catalog) = call.open_catalog()?;
    announce_and_execute(call, &engine, Command::Undo { operation: call.id("operation").map(OperationId) })
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Digest, Instant};
    use serde_json::json;

    fn operation() -> Operation {
        Operation {
            id: OperationId(3),
            at: Instant(1_767_323_045_678),
            who: "Ada <ada@example.org>".into(),
            verb: "reject".into(),
            subject: "divide".into(),
            detail: json!({"reason": "divides\nby zero"}),
            prev_hash: Digest([0; 32]),
            hash: Digest([1; 32]),
            reversible: true,
            undone_by: Some(OperationId(4)),
        }
    }

    fn log_of(operation: Operation) -> Log {
        Log { operations: vec![operation], clock_went_back: Vec::new() }
    }

    #[test]
    fn a_log_line_says_who_did_what_why_and_whether_it_still_holds() {
        assert_eq!(
            plain(|page| log_of(operation()).text(page)),
            "id  when                      who                    verb    subject  note\n 3  2026-01-02T03:04:05.678Z  Ada <ada@example.org>  reject  divide   undone by 4; divides\\nby zero\n1 operation\n"
        );
    }

    #[test]
    fn what_is_about_a_version_names_it() {
        let pinned = Operation { detail: json!({"version": "1.0.1"}), verb: "pin".into(), ..operation() };
        let text = plain(|page| log_of(pinned.clone()).text(page));
        assert!(text.contains("pin   divide 1.0.1"), "{text}");
    }

    #[test]
    fn an_override_is_named_with_its_checks_and_its_reason() {
        let detail = json!({"reason": "read it", "override": {"reason": "a wrong\nexample", "checks": ["examples"]}});
        let over = Operation { verb: "approve".into(), undone_by: None, detail, ..operation() };
        let text = plain(|page| log_of(over.clone()).text(page));
        assert!(text.contains("overrode examples: a wrong\\nexample; read it\n"), "{text}");
        let kept = object(&log_of(over));
        assert_eq!(kept["operations"][0]["detail"]["override"]["checks"], json!(["examples"]));
    }
}
