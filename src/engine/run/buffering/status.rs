//! The status of a buffer, for front ends.

use crate::domain::{Buffer, BufferId, Instant, MAX_TRIES, RunId, Strategy, ToolName, plural};
use crate::engine::core::buffering::Turn;
use crate::engine::error::EngineError;
use crate::store::BufferItem;
use serde::Serialize;
use serde_json::Value;

/// The result of handing over batches.
#[derive(Debug, Default)]
pub struct HandedOver {
    /// Number of items that the tool accepted.
    pub flushed: u64,
    /// The runs of the tool.
    pub runs: Vec<RunId>,
    /// The tool's output for the last batch.
    pub result: Option<Value>,
    /// Why the tool did not accept a batch; its items are kept.
    pub error: Option<EngineError>,
    /// Status after the flush; `None` when it could not be read.
    pub status: Option<BufferStatus>,
}

/// An item that was set aside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AsideItem {
    /// The item.
    pub item: Value,
    /// Who wrote it: `human`, or `agent:NAME`.
    pub author: String,
    /// The error of the tool when it got the item alone.
    pub reason: String,
}

impl AsideItem {
    pub(super) fn of(item: BufferItem) -> AsideItem {
        let BufferItem { item, author, reason, .. } = item;
        let value = serde_json::from_str(&item).unwrap_or(Value::String(item));
        AsideItem { item: value, author, reason: reason.unwrap_or_default() }
    }
}

/// The fill level of a buffer. Scripts rely on the field names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BufferStatus {
    /// Name of the buffer.
    pub buffer_id: BufferId,
    /// Items that were not handed over yet, including those being handed over.
    pub buffered_count: u64,
    /// Number of items in a batch.
    pub max_size: u64,
    /// When the buffer is flushed.
    pub flush_strategy: Strategy,
    /// How long the oldest item waits at most, seconds; 0 means without limit.
    pub flush_interval_seconds: f64,
    /// The tool that gets the batches; `null` for none.
    pub pass_through_tool: Option<String>,
    /// Seconds since the last flush, or since the buffer was created.
    pub time_since_last_flush: f64,
    /// Number of items ever handed over.
    pub total_flushed: u64,
    /// Number of items written since the buffer was created.
    pub total_written: u64,
    /// Flushed items that nobody has taken yet.
    pub kept_count: u64,
    /// Items that were set aside because the tool failed with each of them alone.
    pub aside_count: u64,
    /// Items that are being handed to the tool.
    pub in_flight_count: u64,
    /// How long the oldest item has waited, seconds.
    pub oldest_seconds: Option<f64>,
    /// Seconds until the next flush by time; `null` without one.
    pub next_flush_seconds: Option<f64>,
    /// Number of consecutive failed flushes.
    pub failed_flushes: u32,
    /// Why the last flush failed.
    pub last_error: Option<String>,
    /// When the buffer was last flushed, or when it was created.
    #[serde(skip)]
    pub last_flush_at: Instant,
    /// Whether its items wait much longer than they should.
    pub stuck: bool,
}

/// Milliseconds as seconds, rounded to hundredths.
fn seconds(ms: i64) -> f64 {
    (ms as f64 / 10.0).round() / 100.0
}

impl BufferStatus {
    /// The status of a buffer at this time.
    pub fn of(buffer: &Buffer, at: Instant) -> BufferStatus {
        let due = buffer.rule.due_at(&buffer.level);
        BufferStatus {
            buffer_id: buffer.id.clone(),
            buffered_count: buffer.level.waiting,
            max_size: buffer.rule.max_size,
            flush_strategy: buffer.rule.strategy,
            flush_interval_seconds: buffer.rule.interval_ms as f64 / 1_000.0,
            pass_through_tool: buffer.sink.word().map(str::to_owned),
            time_since_last_flush: seconds(buffer.since_flush_ms(at) as i64),
            total_flushed: buffer.total_flushed,
            total_written: buffer.total_written,
            kept_count: buffer.kept,
            aside_count: buffer.aside,
            in_flight_count: buffer.level.in_flight,
            oldest_seconds: buffer.level.oldest_at.map(|oldest| seconds((at.0 - oldest.0).max(0))),
            next_flush_seconds: due.map(|due| seconds((due.0 - at.0).max(0))),
            failed_flushes: buffer.level.failures,
            last_error: buffer.last_error.clone(),
            last_flush_at: buffer.flushed_at.unwrap_or(buffer.created_at),
            stuck: buffer.is_stuck(at),
        }
    }

    /// When the buffer is flushed, in a few words.
    pub fn rule_words(&self) -> String {
        match (self.flush_strategy, self.flush_interval_seconds) {
            (Strategy::Immediate, _) => "immediately".to_owned(),
            (Strategy::Manual, _) => "on flush".to_owned(),
            (Strategy::Batched, 0.0) => format!("{}", self.max_size),
            (Strategy::Batched, seconds) => format!("{} or {seconds}s", self.max_size),
        }
    }

    /// Whether the buffer needs attention: a flush failed, or items wait too long or were set aside.
    pub fn needs_a_look(&self) -> bool {
        self.failed_flushes > 0 || self.stuck || self.aside_count > 0
    }

    /// What the buffer is doing, without numbers that change over time.
    pub fn standing(&self) -> String {
        let standing = match self.next_flush_seconds {
            Some(_) if self.failed_flushes > 0 => "failed, will retry".to_owned(),
            Some(_) => "fills".to_owned(),
            None => self.doing(),
        };
        self.with_aside(standing)
    }

    /// What the buffer is doing, in a few words.
    pub fn state(&self) -> String {
        self.with_aside(self.doing())
    }

    fn with_aside(&self, words: String) -> String {
        if self.aside_count == 0 { words } else { format!("{} set aside, {words}", self.aside_count) }
    }

    fn doing(&self) -> String {
        match (self.in_flight_count, self.failed_flushes, self.next_flush_seconds) {
            (1.., _, _) => format!("flushing {}", self.in_flight_count),
            (0, MAX_TRIES.., _) => "failed too often: flush it manually".to_owned(),
            (0, 1.., Some(next)) => format!("failed, retry in {next:.0}s"),
            (0, 1.., None) => "failed".to_owned(),
            (0, 0, Some(next)) => format!("flushes in {next:.0}s"),
            (0, 0, None) if self.buffered_count > 0 => "waits for a flush".to_owned(),
            (0, 0, None) => "empty".to_owned(),
        }
    }
}

/// The result of an operation on a buffer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BufferAnswer {
    /// The operation in one word, as it was called.
    pub operation: &'static str,
    /// The status of the buffer after the operation.
    #[serde(flatten)]
    pub status: BufferStatus,
    /// Whether items were handed over.
    pub flushed: bool,
    /// Number of items that this operation handed over.
    pub flushed_count: u64,
    /// Number of items that were discarded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cleared_count: Option<u64>,
    /// Number of set-aside items that wait again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retried_count: Option<u64>,
    /// Runs of the tool that got the batches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunId>,
    /// The tool's output for the last batch: JSON if it parses, otherwise text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pass_through_result: Option<Value>,
    /// Tools among the counted uses that were never seen in this workspace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown_tools: Vec<ToolName>,
    /// One line for a human.
    pub message: String,
    /// Why the tool did not take a batch; its items are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<EngineError>,
}

impl BufferAnswer {
    /// An answer with the fill level of the buffer.
    pub fn new(operation: &'static str, status: BufferStatus) -> BufferAnswer {
        BufferAnswer {
            operation,
            status,
            flushed: false,
            flushed_count: 0,
            cleared_count: None,
            retried_count: None,
            runs: Vec::new(),
            pass_through_result: None,
            unknown_tools: Vec::new(),
            message: String::new(),
            error: None,
        }
        .told()
    }

    pub(super) fn of(operation: &'static str, turn: &Turn, at: Instant) -> BufferAnswer {
        let mut answer = BufferAnswer::new(operation, BufferStatus::of(&turn.buffer, at));
        answer.flushed_count = turn.flushed;
        answer.unknown_tools = turn.unknown.iter().cloned().collect();
        answer.told()
    }

    /// Adds the result of handing over batches.
    pub(super) fn and(mut self, over: HandedOver) -> BufferAnswer {
        self.flushed_count += over.flushed;
        self.runs = over.runs;
        self.pass_through_result = over.result;
        self.error = over.error;
        self.status = over.status.unwrap_or(self.status);
        self.told()
    }

    pub(super) fn cleared(mut self, items: u64) -> BufferAnswer {
        self.cleared_count = Some(items);
        self.told()
    }

    pub(super) fn retried(mut self, items: u64) -> BufferAnswer {
        self.retried_count = Some(items);
        self.told()
    }

    fn told(mut self) -> BufferAnswer {
        self.flushed = self.flushed_count > 0;
        let items = |count: u64| plural(usize::try_from(count).unwrap_or(usize::MAX), "item", "items");
        let BufferStatus { buffered_count, max_size, time_since_last_flush, .. } = self.status;
        let to = self.status.pass_through_tool.as_ref().map_or(String::new(), |tool| format!(" to {tool}"));
        let mut message = match (self.operation, self.flushed) {
            (_, true) => format!("flushed {}{to}", items(self.flushed_count)),
            ("write", false) => format!("buffered ({buffered_count}/{max_size})"),
            ("flush", false) => "nothing to flush".to_owned(),
            ("retry", _) => format!("{} set aside before, waiting again", items(self.retried_count.unwrap_or(0))),
            ("clear", false) => format!("cleared {}", items(self.cleared_count.unwrap_or(0))),
            (_, false) => format!("{buffered_count}/{max_size} items, {time_since_last_flush} s since the last flush"),
        };
        if let Some(error) = &self.error {
            let kept = items(buffered_count);
            message = format!(
                "{}: {}; {kept} kept",
                if self.flushed { message } else { "not flushed".into() },
                error.message
            );
        }
        if self.status.aside_count > 0 && self.operation != "clear" {
            let (aside, id) = (items(self.status.aside_count), &self.status.buffer_id);
            message = format!("{message}; {aside} set aside, `toolsmith buffer aside --buffer {id}` shows why");
        }
        if !self.unknown_tools.is_empty() {
            let names: Vec<&str> = self.unknown_tools.iter().take(5).map(ToolName::as_str).collect();
            message = format!("{message}; {} is not known here", names.join(", "));
        }
        self.message = message;
        self
    }
}
