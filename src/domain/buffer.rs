//! Buffers: queues that collect items and pass them on in batches.
//!
//! The rule is a pure function: [`BufferRule::step`] takes the state of a buffer, an event and the time, and returns
//! the new state and the batch to deliver. It does not depend on the store, a clock or a tool.

use super::name::{NameError, ToolName};
use super::time::Instant;
use super::words::words;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

/// The maximum size of an item, in bytes of its JSON.
pub const MAX_ITEM_BYTES: usize = 64 * 1024;
/// The maximum number of pending items of a buffer.
pub const MAX_WAITING: u64 = 100_000;
/// The maximum total size of pending items in bytes: a flush holds them in memory.
pub const MAX_WAITING_BYTES: u64 = 64 * 1024 * 1024;
/// The maximum batch size that can be set, in items.
pub const MAX_BATCH: u64 = 10_000;
/// The maximum size of one batch in bytes; a batch of larger items is cut earlier.
pub const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Consecutive failed flushes before the faulty item is searched for, or the clock stops retrying.
pub const MAX_TRIES: u32 = 6;
/// Consecutive items set aside before the tool is considered faulty and they are put back.
pub const MAX_ASIDE_IN_A_ROW: u32 = 3;
/// The longest pause after a failed flush, milliseconds.
const MAX_PAUSE_MS: i64 = 600_000;
/// The shortest pause after a failed flush, milliseconds.
const MIN_PAUSE_MS: i64 = 1_000;

/// The longest use that can be reported, in milliseconds: a year.
const MAX_USE_MS: f64 = 31_536_000_000.0;

/// The name of the buffer whose items are uses of tools, which Toolsmith itself counts.
pub const USAGE_BUFFER: &str = "usage";

words!(
    /// When a buffer delivers its items.
    Strategy {
        /// When there are enough items, or the oldest has waited long enough.
        Batched = "batched",
        /// Each item as soon as it is written.
        Immediate = "immediate",
        /// Only on request.
        Manual = "manual",
    }
);

/// A buffer's name, in the alphabet of tool names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BufferId(ToolName);

impl BufferId {
    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] if the name is empty, too long, contains a character outside `[a-z0-9_.-]`, or is a path.
    pub fn new(text: &str) -> Result<BufferId, NameError> {
        ToolName::new(text).map(BufferId)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether its items are uses of tools, which Toolsmith itself counts.
    pub fn is_usage(&self) -> bool {
        self.as_str() == USAGE_BUFFER
    }
}

impl fmt::Display for BufferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for BufferId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        BufferId::new(text)
    }
}

/// Who gets the batches of a buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BufferSink {
    /// Nobody: a flushed item is kept until it is taken.
    #[default]
    Nobody,
    /// Toolsmith: each item is a use of a tool and is counted.
    Usage,
    /// A tool: each batch is the input of a run.
    Tool {
        /// The tool, as the user named it.
        tool: String,
        /// The other members of the input.
        #[serde(default, skip_serializing_if = "Map::is_empty")]
        input: Map<String, Value>,
    },
}

impl BufferSink {
    /// Its word in an answer: the tool's name, `usage`, or nothing.
    pub fn word(&self) -> Option<&str> {
        match self {
            BufferSink::Nobody => None,
            BufferSink::Usage => Some(USAGE_BUFFER),
            BufferSink::Tool { tool, .. } => Some(tool),
        }
    }
}

/// The limits that decide when a buffer delivers its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferRule {
    /// Which of the limits below apply.
    pub strategy: Strategy,
    /// Items of a batch, 1 to [`MAX_BATCH`].
    pub max_size: u64,
    /// How long the oldest item waits, in milliseconds; 0 means forever.
    pub interval_ms: u64,
}

impl Default for BufferRule {
    fn default() -> BufferRule {
        BufferRule { strategy: Strategy::Batched, max_size: 100, interval_ms: 5_000 }
    }
}

/// The fill level of a buffer, as far as its rule needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BufferLevel {
    /// Items that were not delivered yet, including those in flight.
    pub waiting: u64,
    /// When the oldest of them was written.
    pub oldest_at: Option<Instant>,
    /// Items in flight; 0 if no batch is.
    pub in_flight: u64,
    /// Items whose delivery was requested by a caller or the clock.
    pub owed: u64,
    /// Failed flushes since the last successful one.
    pub failures: u32,
    /// No automatic retry before this time.
    pub retry_at: Option<Instant>,
    /// The number of oldest items among which a batch failed; 0 if no faulty item is searched for.
    pub suspects: u64,
    /// The number of them in the next batch.
    pub probe: u64,
    /// Items set aside since the last delivered batch.
    pub aside_in_a_row: u32,
}

/// What happens to a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BufferEvent {
    /// New items were appended to the buffer.
    Written {
        /// Number of new items.
        items: u64,
    },
    /// The oldest item has waited long enough.
    Due,
    /// A caller requested delivery of everything.
    Asked,
    /// The batch in flight was delivered.
    Flushed {
        /// Number of items in the delivered batch.
        items: u64,
        /// When the oldest remaining item was written.
        oldest_at: Option<Instant>,
    },
    /// The batch in flight failed.
    Failed {
        /// Whether the tool ran and failed, so that an item may be the cause.
        by_items: bool,
    },
    /// The oldest item was set aside.
    SetAside {
        /// When the oldest remaining item was written.
        oldest_at: Option<Instant>,
    },
    /// Items that were set aside are pending again, before the others.
    PutBack {
        /// Number of these items.
        items: u64,
        /// When the oldest item was written.
        oldest_at: Option<Instant>,
    },
    /// The process that delivered the batch in flight is gone.
    Lost,
    /// All items were deleted.
    Cleared,
    /// The rule itself changed.
    Ruled,
}

/// What to do with the items of a buffer after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BufferAct {
    /// Deliver a batch of this many items. They count as pending until [`BufferEvent::Flushed`].
    HandOver(u64),
    /// Set the oldest item aside, because it failed alone. [`BufferEvent::SetAside`] follows.
    SetAside,
    /// Put back this many of the items that were set aside last, because the tool fails with every item.
    /// [`BufferEvent::PutBack`] follows.
    PutBack(u32),
}

impl BufferRule {
    /// The new state of a buffer after an event, and what to do now. There is never more than one batch in flight.
    ///
    /// After a batch failed [`MAX_TRIES`] times, it is halved until a single item fails. That item is set aside, and
    /// the others continue. If [`MAX_ASIDE_IN_A_ROW`] items were set aside and the next one also fails alone, the tool
    /// is at fault and not an item: the items are put back, and the buffer waits for a human.
    pub fn step(&self, level: BufferLevel, event: BufferEvent, now: Instant) -> (BufferLevel, Option<BufferAct>) {
        let mut after = level;
        match event {
            BufferEvent::Written { items } => {
                after.waiting += items;
                if items > 0 {
                    after.oldest_at = level.oldest_at.or(Some(now));
                }
            }
            BufferEvent::Due if self.due_at(&level).is_some_and(|due| due <= now) => after.owed = level.waiting,
            BufferEvent::Due | BufferEvent::Ruled => {}
            BufferEvent::Asked => after.owed = level.waiting,
            BufferEvent::Flushed { items, oldest_at } => {
                let (waiting, owed) = (level.waiting.saturating_sub(items), level.owed.saturating_sub(items));
                let suspects = level.suspects.saturating_sub(items);
                // After one item was set aside, none of the remaining ones is known to be faulty.
                let probe = if level.aside_in_a_row > 0 { suspects } else { suspects.div_ceil(2) };
                after = BufferLevel { waiting, oldest_at, owed, suspects, probe, ..BufferLevel::default() };
            }
            BufferEvent::Failed { by_items } => return self.failed(level, by_items, now),
            BufferEvent::SetAside { oldest_at } => {
                after.waiting = level.waiting.saturating_sub(1);
                after.owed = level.owed.saturating_sub(1);
                after.suspects = level.suspects.saturating_sub(1);
                // A delivered batch shows that the tool works.
                after.probe = after.suspects.min(1);
                after.aside_in_a_row += 1;
                (after.failures, after.retry_at, after.oldest_at) = (0, None, oldest_at);
            }
            BufferEvent::PutBack { items, oldest_at } => {
                let waiting = level.waiting.saturating_add(items);
                let BufferLevel { failures, retry_at, .. } = level;
                let stopped = BufferLevel { waiting, oldest_at, failures, retry_at, ..BufferLevel::default() };
                return (stopped, None);
            }
            BufferEvent::Lost => after = BufferLevel { in_flight: 0, owed: 0, ..level },
            BufferEvent::Cleared => after = BufferLevel::default(),
        }
        self.hand_over(after, event, now)
    }

    fn hand_over(&self, level: BufferLevel, event: BufferEvent, now: Instant) -> (BufferLevel, Option<BufferAct>) {
        let batch = self.batch(&level, event, now);
        let in_flight = if level.in_flight > 0 { level.in_flight } else { batch.unwrap_or(0) };
        (BufferLevel { in_flight, ..level }, batch.map(BufferAct::HandOver))
    }

    /// A batch failed: it waits for a retry, or the faulty item is searched for.
    fn failed(&self, level: BufferLevel, by_items: bool, now: Instant) -> (BufferLevel, Option<BufferAct>) {
        let failures = level.failures.saturating_add(1);
        let is_search = level.suspects > 0 || failures.is_multiple_of(MAX_TRIES);
        if by_items && is_search && level.in_flight > 1 {
            let suspects = level.suspects.max(level.in_flight);
            let (probe, owed) = (level.in_flight / 2, level.owed.max(suspects));
            let searching = BufferLevel { in_flight: 0, owed, suspects, probe, retry_at: None, ..level };
            return self.hand_over(searching, BufferEvent::Failed { by_items }, now);
        }
        let is_found = by_items && is_search;
        if is_found && level.aside_in_a_row < MAX_ASIDE_IN_A_ROW {
            return (BufferLevel { in_flight: 0, ..level }, Some(BufferAct::SetAside));
        }
        let stopped = |failures: u32| {
            let retry_at = Some(Instant(now.0.saturating_add(self.pause_ms(failures))));
            BufferLevel { in_flight: 0, owed: 0, failures, retry_at, suspects: 0, probe: 0, ..level }
        };
        if is_found {
            return (stopped(failures.max(MAX_TRIES)), Some(BufferAct::PutBack(level.aside_in_a_row)));
        }
        (stopped(failures), None)
    }

    fn batch(&self, level: &BufferLevel, event: BufferEvent, now: Instant) -> Option<u64> {
        if level.in_flight > 0 {
            return None;
        }
        let pauses = level.retry_at.is_some_and(|retry| retry > now);
        let wanted = match self.strategy {
            _ if level.suspects > 0 => level.probe.clamp(1, level.suspects).min(level.waiting),
            _ if level.owed > 0 => level.owed.min(self.max_size),
            // Each item requests its own delivery, even while others could not be delivered.
            Strategy::Immediate if !pauses || matches!(event, BufferEvent::Written { .. }) => {
                level.waiting.min(self.max_size)
            }
            Strategy::Batched if level.waiting >= self.max_size && !pauses => self.max_size,
            Strategy::Batched | Strategy::Immediate | Strategy::Manual => 0,
        };
        (wanted > 0).then_some(wanted)
    }

    /// When a buffer delivers its items because of time; `None` if it does not.
    pub fn due_at(&self, level: &BufferLevel) -> Option<Instant> {
        let by_time = self.strategy != Strategy::Manual && self.interval_ms > 0;
        if !by_time || level.waiting == 0 || level.in_flight > 0 || level.failures >= MAX_TRIES {
            return None;
        }
        let interval = i64::try_from(self.interval_ms).unwrap_or(i64::MAX);
        let full = Instant(level.oldest_at?.0.saturating_add(interval));
        Some(level.retry_at.map_or(full, |retry| retry.max(full)))
    }

    /// The pause after this many failures: the interval, doubled with each.
    fn pause_ms(&self, failures: u32) -> i64 {
        let base = i64::try_from(self.interval_ms).unwrap_or(i64::MAX).clamp(MIN_PAUSE_MS, MAX_PAUSE_MS);
        base.saturating_mul(1_i64 << failures.min(20)).min(MAX_PAUSE_MS)
    }
}

/// A named queue of items with its rule and its sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buffer {
    /// Unique within the workspace.
    pub id: BufferId,
    /// When it delivers its items.
    pub rule: BufferRule,
    /// Who receives the items; `Nobody` keeps them until they are taken.
    pub sink: BufferSink,
    /// Who chose the sink: `human`, or `agent:NAME`.
    pub sink_by: String,
    /// Its fill level.
    pub level: BufferLevel,
    /// Bytes of the items that were not taken yet.
    pub bytes: u64,
    /// Flushed items that were not taken yet.
    pub kept: u64,
    /// Items written since it was created; never decreases.
    pub total_written: u64,
    /// Items ever delivered.
    pub total_flushed: u64,
    /// When it was created.
    pub created_at: Instant,
    /// When items were last delivered.
    pub flushed_at: Option<Instant>,
    /// Items that were set aside because the tool failed with each of them alone.
    pub aside: u64,
    /// Why the last flush failed; `None` if it succeeded.
    pub last_error: Option<String>,
    /// The process that delivers the batch in flight.
    pub flusher: Option<String>,
}

impl Buffer {
    /// An empty buffer with the default rule; `usage` gets its own sink.
    pub fn new(id: BufferId, by: &str, now: Instant) -> Buffer {
        let sink = if id.is_usage() { BufferSink::Usage } else { BufferSink::Nobody };
        Buffer {
            id,
            rule: BufferRule::default(),
            sink,
            sink_by: by.to_owned(),
            level: BufferLevel::default(),
            bytes: 0,
            kept: 0,
            aside: 0,
            total_written: 0,
            total_flushed: 0,
            created_at: now,
            flushed_at: None,
            last_error: None,
            flusher: None,
        }
    }

    /// Time since items were last delivered, or since it was created, in milliseconds.
    pub fn since_flush_ms(&self, now: Instant) -> u64 {
        u64::try_from(now.0 - self.flushed_at.unwrap_or(self.created_at).0).unwrap_or(0)
    }

    /// Whether it needs a clock: because its items become due, or because the process of a batch in flight may die.
    pub fn needs_clock(&self) -> bool {
        let on_its_way =
            self.level.in_flight > 0 && self.rule.strategy == Strategy::Batched && self.rule.interval_ms > 0;
        on_its_way || self.rule.due_at(&self.level).is_some()
    }

    /// Whether its items wait much longer than they should: ten intervals, without a request to hold them.
    pub fn is_stuck(&self, now: Instant) -> bool {
        let patience = i64::try_from(self.rule.interval_ms.saturating_mul(10)).unwrap_or(i64::MAX);
        let by_time = self.rule.strategy != Strategy::Manual && patience > 0;
        by_time && self.level.oldest_at.is_some_and(|oldest| now.0.saturating_sub(oldest.0) > patience)
    }
}

/// A use of a tool that was reported from outside: an item of the buffer `usage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolUse {
    /// Name as reported; the tool need not exist here.
    pub tool: ToolName,
    /// Whether it succeeded; `None` if unknown.
    pub success: Option<bool>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Number of uses, 1 to 1,000.
    pub times: u64,
}

impl ToolUse {
    /// Reads `{"tool": "x", "success": true, "duration_ms": 12}`. `tool_id` is an alias of `tool`; `increment` is the
    /// number of uses.
    ///
    /// # Errors
    /// What is wrong with it, a fragment for a sentence.
    pub fn read(item: &Value) -> Result<ToolUse, String> {
        let name = item.get("tool").or_else(|| item.get("tool_id")).and_then(Value::as_str);
        let name = name.ok_or(
            "an item of tool use needs the tool name: {\"tool\": \"x\", \"success\": true, \"duration_ms\": 12}",
        )?;
        let tool = ToolName::normalise(name).map_err(|error| error.to_string())?;
        let field = |name: &str| item.get(name).filter(|value| !value.is_null());
        let number = |name: &str| field(name).map(|value| value.as_f64().filter(|number| *number >= 0.0));
        let success = match field("success").map(Value::as_bool) {
            Some(None) => return Err("success must be true or false".to_owned()),
            known => known.flatten(),
        };
        let duration_ms = match number("duration_ms") {
            Some(None) => return Err("duration_ms must be a number of milliseconds".to_owned()),
            Some(Some(ms)) if ms > MAX_USE_MS => return Err("duration_ms must be at most a year".to_owned()),
            known => known.flatten().map(|ms| ms as u64),
        };
        let times = match field("increment").map(Value::as_u64) {
            None => 1,
            Some(Some(times @ 1..=1_000)) => times,
            Some(_) => return Err("increment must be a whole number from 1 to 1000".to_owned()),
        };
        Ok(ToolUse { tool, success, duration_ms, times })
    }
}

#[cfg(test)]
mod tests;
