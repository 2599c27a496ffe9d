//! Buffers: writing, flushing, taking and discarding, each in one transaction.
//!
//! Items that Toolsmith counts itself, and those without a sink, are flushed in the transaction that makes them due. A
//! batch for a tool is returned as a [`Claim`]: the items stay in place until the caller reports the result of the run.

use crate::domain::{
    Buffer, BufferAct, BufferEvent, BufferId, BufferLevel, BufferSink, Instant, MAX_BATCH_BYTES, MAX_WAITING,
    MAX_WAITING_BYTES, Strategy, ToolName, ToolUse,
};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{BufferClock, BufferItem, ItemMove, ItemState, NewOperation, Tell, Tx};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, VecDeque};

/// The maximum number of buffers in a workspace.
const MAX_BUFFERS: usize = 1_000;
/// How long the process that flushes buffers by time may take to start, in milliseconds.
const START_MS: i64 = 5_000;

/// The caller that works on buffers, and its process.
#[derive(Clone, Copy)]
pub struct Hand<'a> {
    /// Identity written to the log.
    pub who: &'a str,
    /// Stored with an item: `human`, or `agent:NAME`.
    pub by: &'a str,
    /// This process, in the form that leases use.
    pub owner: &'a str,
    /// Whether another process is alive.
    pub is_alive: &'a dyn Fn(&str) -> bool,
}

impl Hand<'_> {
    fn is_agent(&self) -> bool {
        self.by != HUMAN
    }
}

/// Stored with an item that a human wrote.
pub const HUMAN: &str = "human";

/// Changes to a buffer's rule; `None` leaves a part unchanged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BufferChange {
    /// When it delivers its items.
    pub strategy: Option<Strategy>,
    /// Items of a batch.
    pub max_size: Option<u64>,
    /// How long the oldest item waits, in milliseconds; 0 is forever.
    pub interval_ms: Option<u64>,
    /// The new sink.
    pub sink: Option<BufferSink>,
}

/// A batch in flight to a tool.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Buffer that the items come from.
    pub buffer: BufferId,
    /// The tool name, as the user typed it.
    pub tool: String,
    /// The other members of the tool's input.
    pub input: Map<String, Value>,
    pub items: Vec<BufferItem>,
    /// All callers on whose behalf the batch is delivered: those who chose the tool, wrote items or requested the
    /// flush.
    pub callers: BTreeSet<String>,
}

/// The result of one step.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The buffer after it.
    pub buffer: Buffer,
    /// The number of items delivered in this step.
    pub flushed: u64,
    /// The batch that the caller must deliver now.
    pub claim: Option<Claim>,
    /// Unknown names among counted uses.
    pub unknown: BTreeSet<ToolName>,
    /// Whether the process that flushes by time must be started.
    pub wind: bool,
}

/// Changes a buffer's rule and adds items; creates the buffer if it does not exist.
///
/// # Errors
/// `Refused` if too much is pending, or if there are too many buffers; `HumanNeeded` if an agent would change a human's
/// setting.
pub fn write(
    tx: &Tx<'_>,
    hand: Hand<'_>,
    id: &BufferId,
    change: &BufferChange,
    items: &[String],
) -> Result<Turn, EngineError> {
    let (mut buffer, is_new, mut events) = match tx.buffer(id)? {
        Some(buffer) => {
            let (buffer, events) = alive(hand, buffer);
            (buffer, false, events)
        }
        None if tx.buffers()?.len() >= MAX_BUFFERS => {
            let message = format!("there are already {MAX_BUFFERS} buffers, the maximum");
            return Err(EngineError::new(ErrorCode::Refused, message, "write to an existing buffer"));
        }
        None => (Buffer::new(id.clone(), hand.by, tx.now()), true, Vec::new()),
    };
    if rule(tx, hand, &mut buffer, change, is_new)? {
        events.push(BufferEvent::Ruled);
    }
    let bytes: usize = items.iter().map(String::len).sum();
    refuse_overflow(&buffer, items.len() as u64, bytes as u64)?;
    tx.add_buffer_items(id, hand.by, items)?;
    buffer.total_written += items.len() as u64;
    buffer.bytes += bytes as u64;
    events.push(BufferEvent::Written { items: items.len() as u64 });
    drive(tx, hand, buffer, events, if is_new { Tell::Now } else { Tell::Sometimes })
}

fn refuse_overflow(buffer: &Buffer, items: u64, bytes: u64) -> Result<(), EngineError> {
    let untaken = buffer.level.waiting + buffer.kept + buffer.aside;
    if untaken + items <= MAX_WAITING && buffer.bytes + bytes <= MAX_WAITING_BYTES {
        return Ok(());
    }
    let id = &buffer.id;
    let message = format!("buffer {id} is full: {untaken} items ({} KiB)", buffer.bytes / 1024);
    let hint = match (&buffer.sink, &buffer.last_error) {
        (BufferSink::Tool { tool, .. }, Some(why)) => format!("{tool} does not accept them: {why}"),
        (BufferSink::Nobody, _) => {
            format!("`toolsmith buffer flush --buffer {id}` delivers them; --to TOOL sets the receiver")
        }
        _ => format!("`toolsmith buffer flush --buffer {id}` delivers them"),
    };
    Err(EngineError::new(ErrorCode::Refused, message, hint))
}

/// Applies the changes; returns whether anything changed.
fn rule(
    tx: &Tx<'_>,
    hand: Hand<'_>,
    buffer: &mut Buffer,
    change: &BufferChange,
    is_new: bool,
) -> Result<bool, EngineError> {
    let mut after = buffer.rule;
    after.strategy = change.strategy.unwrap_or(after.strategy);
    after.max_size = change.max_size.unwrap_or(after.max_size);
    after.interval_ms = change.interval_ms.unwrap_or(after.interval_ms);
    let sink = change.sink.as_ref().filter(|sink| **sink != buffer.sink);
    if after == buffer.rule && sink.is_none() {
        return Ok(false);
    }
    if hand.is_agent() && !is_new && buffer.sink_by == HUMAN {
        let message = format!("a human set up buffer {}, and an agent cannot change that", buffer.id);
        let hint = "omit the options, or write to your own buffer";
        return Err(EngineError::new(ErrorCode::HumanNeeded, message, hint));
    }
    buffer.rule = after;
    let Some(sink) = sink else { return Ok(true) };
    if buffer.id.is_usage() {
        let message = "buffer usage is reserved for the workbench";
        return Err(EngineError::new(ErrorCode::Usage, message, "choose another buffer name"));
    }
    tx.log(&NewOperation {
        who: hand.who.to_owned(),
        verb: "buffer".to_owned(),
        subject: buffer.id.to_string(),
        detail: json!({"to": sink.word(), "before": buffer.sink.word()}),
        reversible: false,
    })?;
    buffer.sink = sink.clone();
    hand.by.clone_into(&mut buffer.sink_by);
    // Items that were flushed while there was no sink now have one.
    tx.move_buffer_items(&buffer.id, ItemMove::Unkeep)?;
    buffer.level.waiting += buffer.kept;
    buffer.total_flushed = buffer.total_flushed.saturating_sub(std::mem::take(&mut buffer.kept));
    buffer.level.oldest_at = tx.oldest_waiting(&buffer.id)?;
    Ok(true)
}

/// Delivers all pending items on request.
///
/// # Errors
/// `NotFound` if there is no such buffer.
pub fn flush(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId) -> Result<Turn, EngineError> {
    step(tx, hand, id, BufferEvent::Asked)
}

/// Delivers the items that have waited long enough.
///
/// # Errors
/// As [`flush`].
pub fn due(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId) -> Result<Turn, EngineError> {
    step(tx, hand, id, BufferEvent::Due)
}

fn step(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId, event: BufferEvent) -> Result<Turn, EngineError> {
    let (buffer, mut events) = alive(hand, known(tx, id)?);
    events.push(event);
    drive(tx, hand, buffer, events, Tell::Sometimes)
}

/// The tool accepted a batch.
///
/// # Errors
/// As [`flush`].
pub fn arrived(tx: &Tx<'_>, hand: Hand<'_>, claim: &Claim) -> Result<Turn, EngineError> {
    let mut buffer = known(tx, &claim.buffer)?;
    let event = gone(tx, &mut buffer, &claim.items)?;
    buffer.flusher = None;
    drive(tx, hand, buffer, vec![event], Tell::Now)
}

/// Why the tool did not accept a batch.
#[derive(Debug)]
pub struct Fault {
    /// The error to report.
    pub error: EngineError,
    /// Whether the tool ran and failed, so that an item may be the cause.
    pub by_items: bool,
}

/// The tool did not accept a batch: its items are pending again in their old order, or the faulty item is searched for.
///
/// # Errors
/// As [`flush`].
pub fn came_back(tx: &Tx<'_>, hand: Hand<'_>, claim: &Claim, fault: &Fault) -> Result<Turn, EngineError> {
    let mut buffer = known(tx, &claim.buffer)?;
    buffer.flusher = None;
    buffer.last_error = Some(fault.error.message.clone());
    drive(tx, hand, buffer, vec![BufferEvent::Failed { by_items: fault.by_items }], Tell::Now)
}

/// Makes all items that were set aside pending again; returns their number.
///
/// # Errors
/// As [`flush`]; `Conflict` while a batch is in flight; `HumanNeeded` if an agent would do so with items of a human.
pub fn put_back(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId) -> Result<(Turn, u64), EngineError> {
    let (mut buffer, mut events) = alive(hand, known(tx, id)?);
    refuse_others(tx, hand, id, "put back")?;
    refuse_on_its_way(&buffer)?;
    let before = buffer.aside;
    events.push(restored(tx, &mut buffer, before)?);
    let items = before - buffer.aside;
    Ok((drive(tx, hand, buffer, events, Tell::Now)?, items))
}

/// Makes the newest items that were set aside pending again.
fn restored(tx: &Tx<'_>, buffer: &mut Buffer, most: u64) -> Result<BufferEvent, EngineError> {
    let items = tx.move_buffer_items(&buffer.id, ItemMove::PutBack { most })? as u64;
    buffer.aside = buffer.aside.saturating_sub(items);
    Ok(BufferEvent::PutBack { items, oldest_at: tx.oldest_waiting(&buffer.id)? })
}

/// Returns the flushed items that were not taken, and prevents others from taking them until [`taken`].
///
/// # Errors
/// `Conflict` while another process takes them; `HumanNeeded` if an agent would take items of a human.
pub fn take(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId) -> Result<Vec<BufferItem>, EngineError> {
    let (mut buffer, _) = alive(hand, known(tx, id)?);
    refuse_others(tx, hand, id, "take")?;
    if buffer.flusher.as_ref().is_some_and(|owner| owner != hand.owner) {
        let message = format!("another process is reading buffer {id}");
        return Err(EngineError::new(ErrorCode::Conflict, message, "wait a moment, then retry"));
    }
    let items = tx.buffer_items(id, ItemState::Kept, MAX_WAITING, usize::MAX)?;
    if !items.is_empty() {
        buffer.flusher = Some(hand.owner.to_owned());
        tx.put_buffer(&buffer, Tell::Sometimes)?;
    }
    Ok(items)
}

/// Removes items that the caller has received.
///
/// # Errors
/// As [`flush`].
pub fn taken(tx: &Tx<'_>, id: &BufferId, items: &[BufferItem]) -> Result<Buffer, EngineError> {
    let mut buffer = known(tx, id)?;
    if let Some(last) = items.last() {
        let dropped = tx.drop_buffer_items(id, ItemState::Kept, last.seq)? as u64;
        if dropped > 0 {
            buffer.bytes = buffer.bytes.saturating_sub(size(items));
        }
        buffer.kept = buffer.kept.saturating_sub(dropped);
    }
    if buffer.level.in_flight == 0 {
        buffer.flusher = None;
    }
    tx.put_buffer(&buffer, Tell::Now)?;
    Ok(buffer)
}

/// Deletes all pending and untaken items; returns their number.
///
/// # Errors
/// `NotFound` if there is no such buffer; `Conflict` while a batch is in flight; `HumanNeeded` if an agent would
/// discard items of a human.
pub fn clear(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId) -> Result<(Turn, u64), EngineError> {
    let (mut buffer, _) = alive(hand, known(tx, id)?);
    refuse_others(tx, hand, id, "clear")?;
    refuse_on_its_way(&buffer)?;
    let cleared = tx.clear_buffer_items(id)? as u64;
    if cleared > 0 {
        tx.log(&NewOperation {
            who: hand.who.to_owned(),
            verb: "buffer".to_owned(),
            subject: id.to_string(),
            detail: json!({"cleared": cleared}),
            reversible: false,
        })?;
    }
    (buffer.kept, buffer.aside, buffer.bytes, buffer.flusher, buffer.last_error) = (0, 0, 0, None, None);
    Ok((drive(tx, hand, buffer, vec![BufferEvent::Cleared], Tell::Now)?, cleared))
}

/// Makes this process the one that flushes by time; `false` if another one is.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn tend(tx: &Tx<'_>, hand: Hand<'_>) -> Result<bool, EngineError> {
    let tended = |clock: &BufferClock| !clock.starting && clock.owner != hand.owner && (hand.is_alive)(&clock.owner);
    if tx.buffer_clock()?.as_ref().is_some_and(tended) {
        return Ok(false);
    }
    tx.set_buffer_clock(&BufferClock { owner: hand.owner.to_owned(), starting: false, until: tx.now() })?;
    Ok(true)
}

/// Whether a buffer still needs the clock. If none does, the clock stops in the same transaction, so that the next
/// writer starts a new one.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn tends_on(tx: &Tx<'_>, hand: Hand<'_>) -> Result<bool, EngineError> {
    let needed = tx.buffers()?.iter().any(Buffer::needs_clock);
    if !needed {
        tx.drop_buffer_clock(hand.owner)?;
    }
    Ok(needed)
}

/// Whether the caller must start the process that flushes by time.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn wind(tx: &Tx<'_>, hand: Hand<'_>) -> Result<bool, EngineError> {
    let runs = |clock: &BufferClock| {
        let in_time = !clock.starting || clock.until > tx.now();
        in_time && (hand.is_alive)(&clock.owner)
    };
    if tx.buffer_clock()?.as_ref().is_some_and(runs) {
        return Ok(false);
    }
    let until = Instant(tx.now().0 + START_MS);
    tx.set_buffer_clock(&BufferClock { owner: hand.owner.to_owned(), starting: true, until })?;
    Ok(true)
}

fn known(tx: &Tx<'_>, id: &BufferId) -> Result<Buffer, EngineError> {
    tx.buffer(id)?.ok_or_else(|| unknown(id))
}

/// The error for a buffer that does not exist.
pub fn unknown(id: &BufferId) -> EngineError {
    let message = format!("there is no buffer {id}");
    EngineError::new(
        ErrorCode::NotFound,
        message,
        "`toolsmith buffer status` lists buffers; the first write creates one",
    )
}

/// Releases a buffer from a process that has died; a batch in flight then counts as lost.
fn alive(hand: Hand<'_>, mut buffer: Buffer) -> (Buffer, Vec<BufferEvent>) {
    let lost = buffer.flusher.as_ref().is_some_and(|owner| !(hand.is_alive)(owner));
    if !lost {
        return (buffer, Vec::new());
    }
    buffer.flusher = None;
    let events = if buffer.level.in_flight > 0 { vec![BufferEvent::Lost] } else { Vec::new() };
    (buffer, events)
}

fn refuse_on_its_way(buffer: &Buffer) -> Result<(), EngineError> {
    if buffer.level.in_flight == 0 {
        return Ok(());
    }
    let message = format!("a batch of buffer {} is being delivered", buffer.id);
    Err(EngineError::new(ErrorCode::Conflict, message, "wait until it is delivered, then retry"))
}

fn refuse_others(tx: &Tx<'_>, hand: Hand<'_>, id: &BufferId, what: &str) -> Result<(), EngineError> {
    if hand.is_agent() && tx.buffer_authors(id)?.contains(HUMAN) {
        let message = format!("a human wrote to buffer {id}, and an agent cannot {what} that");
        return Err(EngineError::new(ErrorCode::HumanNeeded, message, "ask the human who runs the workbench"));
    }
    Ok(())
}

/// Applies the events in turn and performs the results, until a batch is in flight or nothing is left to do.
fn drive(
    tx: &Tx<'_>,
    hand: Hand<'_>,
    buffer: Buffer,
    events: Vec<BufferEvent>,
    tell: Tell,
) -> Result<Turn, EngineError> {
    let mut queue: VecDeque<BufferEvent> = events.into();
    let mut turn = Turn { buffer, flushed: 0, claim: None, unknown: BTreeSet::new(), wind: false };
    while let Some(event) = queue.pop_front() {
        if let BufferEvent::Flushed { items, .. } = event {
            turn.flushed += items;
        }
        let (level, act) = turn.buffer.rule.step(turn.buffer.level, event, tx.now());
        turn.buffer.level = level;
        match act {
            None => {}
            Some(BufferAct::HandOver(size)) => queue.extend(hand_over(tx, hand, &mut turn, size)?),
            Some(BufferAct::SetAside) => queue.push_back(set_aside(tx, &mut turn.buffer)?),
            Some(BufferAct::PutBack(most)) => queue.push_back(restored(tx, &mut turn.buffer, most.into())?),
        }
    }
    let tell = if turn.flushed > 0 || turn.claim.is_some() { Tell::Now } else { tell };
    tx.put_buffer(&turn.buffer, tell)?;
    turn.wind = turn.buffer.needs_clock() && wind(tx, hand)?;
    Ok(turn)
}

/// Delivers a batch: at once unless the sink is a tool, otherwise as a claim.
fn hand_over(tx: &Tx<'_>, hand: Hand<'_>, turn: &mut Turn, size: u64) -> Result<Option<BufferEvent>, EngineError> {
    let buffer = &mut turn.buffer;
    let items = tx.buffer_items(&buffer.id, ItemState::Waiting, size, MAX_BATCH_BYTES)?;
    match &buffer.sink {
        _ if items.is_empty() => {
            // The count was wrong; the existing items are authoritative.
            buffer.level = BufferLevel::default();
            Ok(None)
        }
        BufferSink::Tool { tool, input } => {
            let mut callers: BTreeSet<String> = items.iter().map(|item| item.author.clone()).collect();
            callers.extend([buffer.sink_by.clone(), hand.by.to_owned()]);
            let (tool, input) = (tool.clone(), input.clone());
            buffer.level.in_flight = items.len() as u64;
            buffer.flusher = Some(hand.owner.to_owned());
            turn.claim = Some(Claim { buffer: buffer.id.clone(), tool, input, items, callers });
            Ok(None)
        }
        BufferSink::Usage => {
            let read = |item: &BufferItem| {
                let value = serde_json::from_str(&item.item).map_err(|error| error.to_string());
                value.and_then(|value| ToolUse::read(&value)).map_err(EngineError::internal)
            };
            let uses = items.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            turn.unknown.extend(tx.count_uses(items.iter().map(|item| item.author.as_str()).zip(&uses))?);
            gone(tx, buffer, &items).map(Some)
        }
        BufferSink::Nobody => {
            let last = items.last().map_or(0, |item| item.seq);
            tx.move_buffer_items(&buffer.id, ItemMove::Keep { through: last })?;
            buffer.kept += items.len() as u64;
            counted(tx, buffer, items.len() as u64).map(Some)
        }
    }
}

/// Sets the oldest item aside, with the tool's error.
fn set_aside(tx: &Tx<'_>, buffer: &mut Buffer) -> Result<BufferEvent, EngineError> {
    let reason = buffer.last_error.take().unwrap_or_default();
    buffer.aside += tx.move_buffer_items(&buffer.id, ItemMove::SetAside { reason: &reason })? as u64;
    Ok(BufferEvent::SetAside { oldest_at: tx.oldest_waiting(&buffer.id)? })
}

/// Removes a delivered batch.
fn gone(tx: &Tx<'_>, buffer: &mut Buffer, items: &[BufferItem]) -> Result<BufferEvent, EngineError> {
    let last = items.last().map_or(0, |item| item.seq);
    tx.drop_buffer_items(&buffer.id, ItemState::Waiting, last)?;
    buffer.bytes = buffer.bytes.saturating_sub(size(items));
    counted(tx, buffer, items.len() as u64)
}

fn counted(tx: &Tx<'_>, buffer: &mut Buffer, items: u64) -> Result<BufferEvent, EngineError> {
    buffer.total_flushed += items;
    buffer.flushed_at = Some(tx.now());
    buffer.last_error = None;
    Ok(BufferEvent::Flushed { items, oldest_at: tx.oldest_waiting(&buffer.id)? })
}

fn size(items: &[BufferItem]) -> u64 {
    items.iter().map(|item| item.item.len() as u64).sum()
}

#[cfg(test)]
mod tests;
