//! `buffer write|flush|status|aside|retry|clear`: items that are collected and passed on in batches.

use super::buffer_stream;
use super::buffer_stream::item_of;
use super::call::{Answer, Call, Stop};
use super::outlet;
use super::parse;
use super::print_text::{Align, Ink, Page, StyledLine, Table, counted};
use crate::domain::{BufferId, BufferSink, Strategy};
use crate::engine::{AsideItem, BufferAnswer, BufferChange, BufferStatus, BufferWrite, EngineError, ErrorCode, Taken};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io;
use std::time::Duration;

/// The buffer that is used if none is named.
const DEFAULT: &str = "default";

/// All buffers. Scripts that name no buffer find the fields of `default` next to the list.
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    default: Option<BufferAnswer>,
    buffers: Vec<BufferStatus>,
}

/// The result of a flush, with the flushed items.
#[derive(Serialize)]
struct Flushed {
    #[serde(flatten)]
    answer: BufferAnswer,
    /// Flushed items of buffers without a tool; items of earlier flushes come first.
    items: Vec<Value>,
}

/// The set-aside items of a buffer.
#[derive(Serialize)]
struct Aside {
    buffer_id: BufferId,
    items: Vec<AsideItem>,
}

pub(super) fn buffer(call: &Call<'_>) -> Result<u8, Stop> {
    let operation = call.required("operation")?;
    if operation != "write" && call.text("item").is_some() {
        let message = format!("{operation} does not take an item");
        return Err(EngineError::new(ErrorCode::Usage, message, "`toolsmith buffer write ITEM`").into());
    }
    let id = named(call)?;
    match operation {
        "write" => write(call, id),
        "flush" => flush(call, &id),
        "clear" => {
            let engine = call.open()?;
            call.print(&engine.buffers().clear(&id, &call.caller(&engine))?)
        }
        "aside" => {
            let engine = call.open()?;
            let items = engine.buffers().set_aside(&id, &call.caller(&engine))?;
            call.print(&Aside { buffer_id: id, items })
        }
        "retry" => {
            let engine = call.open()?;
            let answer = engine.buffers().retry(&id, &call.caller(&engine))?;
            call.tell_trouble(&engine);
            call.print(&answer)
        }
        _ => status(call, &id),
    }
}

fn named(call: &Call<'_>) -> Result<BufferId, EngineError> {
    BufferId::new(call.text("buffer").unwrap_or(DEFAULT)).map_err(|error| {
        EngineError::new(ErrorCode::Usage, format!("invalid buffer name: {error}"), "for example --buffer usage")
    })
}

fn write(call: &Call<'_>, buffer: BufferId) -> Result<u8, Stop> {
    let item = call.text("item");
    let streams = call.switch("lines") || item == Some("-");
    let change = change(call)?;
    if streams {
        return buffer_stream::stream(call, BufferWrite { buffer, change, items: Vec::new() });
    }
    if call.switch("jsonl") {
        let message = "--jsonl needs a stream of items";
        return Err(EngineError::new(ErrorCode::Usage, message, "use - instead of the item").into());
    }
    let Some(item) = item else {
        let message = "no item to write";
        let hint = "name an item: JSON or text, or - for lines from stdin";
        return Err(EngineError::new(ErrorCode::Usage, message, hint).into());
    };
    let engine = call.open()?;
    let answer =
        engine.buffers().write(&BufferWrite { buffer, change, items: vec![item_of(item)] }, &call.caller(&engine))?;
    call.tell_trouble(&engine);
    call.print(&answer)
}

/// The changed settings of the buffer.
fn change(call: &Call<'_>) -> Result<BufferChange, EngineError> {
    let usage = |message: String, hint: &str| EngineError::new(ErrorCode::Usage, message, hint);
    let interval_ms = match call.text("interval") {
        None => None,
        Some("0" | "0s") => Some(0),
        Some(text) => {
            let span: Duration =
                parse::duration(text).map_err(|why| usage(why, "for example --interval 5s; 0 means no limit"))?;
            Some(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
        }
    };
    let with = match call.text("with").map(serde_json::from_str::<Map<String, Value>>) {
        None => None,
        Some(Ok(input)) => Some(input),
        Some(Err(error)) => return Err(usage(format!("--with is not a JSON object: {error}"), "")),
    };
    let sink = match (call.text("to"), with) {
        (None, None) => None,
        (None, Some(_)) => return Err(usage("--with sets tool input, but --to names no tool".to_owned(), "")),
        (Some("none"), _) => Some(BufferSink::Nobody),
        (Some(tool), with) => Some(BufferSink::Tool { tool: tool.to_owned(), input: with.unwrap_or_default() }),
    };
    let strategy: Option<Strategy> = call.word("strategy")?;
    Ok(BufferChange { strategy, max_size: call.get::<usize>("max-size").map(|size| size as u64), interval_ms, sink })
}

/// Prints the items of a buffer without a tool, and releases them once they are printed.
fn flush(call: &Call<'_>, id: &BufferId) -> Result<u8, Stop> {
    let engine = call.open()?;
    let caller = call.caller(&engine);
    let mut answer = engine.buffers().flush(id, &caller)?;
    let taken = match &answer.status.pass_through_tool {
        Some(_) => Taken::default(),
        None => engine.buffers().take(id, &caller)?,
    };
    answer.status.kept_count = 0;
    let items = taken.values();
    let code = answer.exit_code();
    if call.globals.json {
        outlet::object(&Flushed { answer, items })?;
    } else if answer.status.pass_through_tool.is_some() {
        call.print(&answer)?;
    } else {
        // Standard output contains only the items.
        outlet::values(&items)?;
        call.note(&StyledLine::new().put(Ink::Dim, counted(items.len(), "item", "items")));
    }
    engine.buffers().let_go(id, &taken)?;
    call.tell_trouble(&engine);
    Ok(code)
}

fn status(call: &Call<'_>, id: &BufferId) -> Result<u8, Stop> {
    let engine = call.open()?;
    engine.buffers().restart_clock()?;
    if call.text("buffer").is_some() {
        return call.print(&engine.buffers().status(id)?);
    }
    let buffers = engine.buffers().list()?;
    let default = buffers.iter().find(|status| status.buffer_id == *id).cloned();
    call.print(&Listed { default: default.map(|status| BufferAnswer::new("status", status)), buffers })
}

impl Answer for BufferAnswer {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let ink = if self.error.is_some() { Ink::Bad } else { Ink::Plain };
        page.line(&StyledLine::new().put(Ink::Strong, format!("{}: ", self.status.buffer_id)).put(ink, &self.message))?;
        let hint = self.error.as_ref().map_or("", |error| error.hint.as_str());
        if !hint.is_empty() {
            page.line(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, hint))?;
        }
        if self.operation != "status" {
            return Ok(());
        }
        page.table(&table(std::slice::from_ref(&self.status)))
    }

    fn exit_code(&self) -> u8 {
        self.error.as_ref().map_or(0, |error| error.code.exit_code())
    }
}

impl Answer for Listed {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        if !self.buffers.is_empty() {
            page.table(&table(&self.buffers))?;
        }
        page.line(&StyledLine::new().put(Ink::Dim, counted(self.buffers.len(), "buffer", "buffers")))
    }
}

impl Answer for Aside {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&[("item", Align::Left), ("reason", Align::Left)]);
        for aside in &self.items {
            table.row([(Ink::Plain, aside.item.to_string()), (Ink::Warn, aside.reason.clone())]);
        }
        if !self.items.is_empty() {
            page.table(&table)?;
        }
        page.line(
            &StyledLine::new().put(Ink::Dim, format!("{} set aside", counted(self.items.len(), "item", "items"))),
        )?;
        if self.items.is_empty() {
            return Ok(());
        }
        let hint = format!("`toolsmith buffer retry --buffer {}` delivers them again", self.buffer_id);
        page.line(&StyledLine::new().put(Ink::Accent, "hint: ").put(Ink::Plain, &hint))
    }
}

fn table(buffers: &[BufferStatus]) -> Table {
    let heads = [
        ("buffer", Align::Left),
        ("waiting", Align::Right),
        ("flushed", Align::Right),
        ("kept", Align::Right),
        ("flush", Align::Left),
        ("to", Align::Left),
        ("state", Align::Left),
    ];
    let mut table = Table::new(&heads).sparing(&["kept", "to"]);
    for status in buffers {
        let ink = if status.needs_a_look() { Ink::Warn } else { Ink::Plain };
        let why = status.last_error.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        table.row([
            (Ink::Strong, status.buffer_id.to_string()),
            (Ink::Plain, format!("{}/{}", status.buffered_count, status.max_size)),
            (Ink::Plain, status.total_flushed.to_string()),
            (Ink::Plain, status.kept_count.to_string()),
            (Ink::Plain, status.rule_words()),
            (Ink::Plain, status.pass_through_tool.clone().unwrap_or_else(|| "none".to_owned())),
            (ink, format!("{}{why}", status.state())),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::print_json::tests::object;
    use super::super::print_text::tests::plain;
    use super::*;
    use crate::domain::{Buffer, Instant};
    use serde_json::json;

    fn status() -> BufferStatus {
        let mut buffer = Buffer::new(BufferId::new("usage_tracking").unwrap(), "human", Instant(0));
        buffer.level.waiting = 15;
        buffer.level.oldest_at = Some(Instant(1_000));
        buffer.rule.max_size = 50;
        buffer.total_flushed = 300;
        buffer.flushed_at = Some(Instant(500));
        BufferStatus::of(&buffer, Instant(3_000))
    }

    #[test]
    fn the_fields_are_those_that_scripts_know() {
        let answer = object(&BufferAnswer::new("status", status()));
        for (field, value) in [
            ("operation", json!("status")),
            ("buffer_id", json!("usage_tracking")),
            ("buffered_count", json!(15)),
            ("flushed", json!(false)),
            ("flushed_count", json!(0)),
            ("total_flushed", json!(300)),
            ("max_size", json!(50)),
            ("time_since_last_flush", json!(2.5)),
            ("flush_strategy", json!("batched")),
            ("message", json!("15/50 items, 2.5 s since the last flush")),
        ] {
            assert_eq!(answer[field], value, "{field}");
        }
    }

    #[test]
    fn buffers_are_listed_with_what_they_wait_for() {
        let listed = Listed { default: None, buffers: vec![status()] };
        assert_eq!(
            plain(|page| listed.text(page)),
            "buffer          waiting  flushed  kept  flush     to    state\n\
             usage_tracking    15/50      300     0  50 or 5s  none  flushes in 3s\n1 buffer\n"
        );
        assert_eq!(object(&listed)["buffers"][0]["next_flush_seconds"], json!(3.0));
    }

    #[test]
    fn what_is_no_json_is_text() {
        assert_eq!(
            (item_of("{\"a\": 1}"), item_of("a b"), item_of("7")),
            ("{\"a\":1}".into(), "\"a b\"".into(), "7".into())
        );
    }
}
