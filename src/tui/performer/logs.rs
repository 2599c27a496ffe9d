//! The kept output of runs: existing output, and additions by other processes.

use super::{FRAME_BYTES, Performer, lock};
use crate::domain::{RunId, RunOutcome};
use crate::engine::{Engine, EngineError, Frame, Spool};
use crate::tui::msg::{Answer, Kept, Msg, SpoolPart};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How much of a spool is loaded at once, from its end or before the screen, in bytes.
const SPOOL_PART: usize = 4 << 20;
/// Bytes of a spool read at once.
const SPOOL_STEP: usize = 1 << 20;

/// How much is loaded before an offset in a spool, and after it: bytes and lines.
const BEFORE: Most = Most { bytes: 1 << 20, lines: 10_000 };
const BEHIND: Most = Most { bytes: 3 << 20, lines: 40_000 };

struct Most {
    bytes: usize,
    lines: usize,
}

/// How often the output of a run of another process is checked.
const LOG_STEP: Duration = Duration::from_millis(250);

/// The record is checked once in this many checks of the output.
const RECORD_EVERY: u32 = 4;

/// A run of another process whose output is on the screen.
struct Followed {
    run: RunId,
    /// `None` until the run has written something.
    spool: Option<Spool>,
    /// The current read offset in the output.
    offset: u64,
    looks: u32,
}

impl Performer {
    /// Passes on additions by another process to the output of a run, from this offset until the run ends.
    pub(super) fn follow_log(&self, run: RunId, offset: u64) {
        // The output of this process's own runs arrives by itself.
        if lock(&self.shared.live).contains_key(&run) || !lock(&self.shared.followed).insert(run) {
            return;
        }
        let performer = self.clone();
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(LOG_STEP);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut followed = Followed { run, spool: None, offset, looks: 0 };
            loop {
                tick.tick().await;
                let here = performer.clone();
                let look = tokio::task::spawn_blocking(move || {
                    let goes_on = here.look_at_log(&mut followed);
                    (followed, goes_on)
                });
                match look.await {
                    Ok((same, true)) => followed = same,
                    Ok((_, false)) | Err(_) => break,
                }
            }
            lock(&performer.shared.followed).remove(&run);
        });
    }

    /// Reads new output. Returns whether there may be more.
    fn look_at_log(&self, followed: &mut Followed) -> bool {
        let Some(engine) = self.shared.engine.get() else { return false };
        // The record is read first: if it has ended, its output is complete by now.
        let asks = followed.looks.is_multiple_of(RECORD_EVERY);
        followed.looks = followed.looks.wrapping_add(1);
        let ended = asks.then(|| engine.runs().record(followed.run));
        let ended = ended.filter(|found| found.as_ref().map_or(true, |run| run.outcome != RunOutcome::Running));
        loop {
            match self.pass_on_log(engine, followed) {
                Ok(true) if ended.is_some() => {}
                Ok(_) => break,
                Err(error) => {
                    self.answer(Answer::Trouble(error));
                    return false;
                }
            }
        }
        let Some(record) = ended else { return true };
        self.answer(Answer::RunEnded { run: followed.run, record: record.map(Box::new) });
        false
    }

    /// Passes on the next part; `false` if there is none now.
    fn pass_on_log(&self, engine: &Engine, followed: &mut Followed) -> Result<bool, EngineError> {
        if followed.spool.is_none() {
            let path = engine.runs().spool_path(followed.run);
            if !path.exists() {
                return Ok(false);
            }
            followed.spool = Some(Spool::open(&path).map_err(EngineError::internal)?);
        }
        let Some(spool) = &followed.spool else { return Ok(false) };
        let (frames, next) = spool.frames(followed.offset, FRAME_BYTES).map_err(EngineError::internal)?;
        let Some(first) = frames.first() else { return Ok(false) };
        // Output that was removed before it was read, because it arrived too fast.
        let skipped = if followed.offset == 0 { 0 } else { first.offset.saturating_sub(followed.offset) };
        followed.offset = next;
        self.send(Msg::Output { run: followed.run, frames, skipped });
        Ok(true)
    }
}

/// The record of a run with the end of its output, or with the part before an offset in its spool; and the offset where
/// the part ends.
pub(super) fn kept(engine: &Engine, run: RunId, before: Option<u64>) -> Result<(Kept, u64), EngineError> {
    let record = engine.runs().record(run)?;
    let path = engine.runs().spool_path(run);
    if !path.exists() {
        return Ok((Kept { run: record, frames: Vec::new() }, 0));
    }
    let spool = Spool::open(&path).map_err(EngineError::internal)?;
    let mut kept: VecDeque<Frame> = VecDeque::new();
    let (mut bytes, mut offset) = (0, 0);
    loop {
        let (frames, next) = spool.frames(offset, SPOOL_STEP).map_err(EngineError::internal)?;
        if frames.is_empty() {
            break;
        }
        for frame in frames {
            if before.is_some_and(|before| frame.offset >= before) {
                return Ok((Kept { run: record, frames: kept.into() }, frame.offset));
            }
            bytes += frame.bytes.len();
            kept.push_back(frame);
            while bytes > SPOOL_PART
                && kept.len() > 1
                && let Some(old) = kept.pop_front()
            {
                bytes -= old.bytes.len();
            }
        }
        offset = next;
    }
    Ok((Kept { run: record, frames: kept.into() }, offset))
}

/// The output of a run around an offset in its spool.
pub(super) fn part(engine: &Engine, run: RunId, around: u64) -> Result<SpoolPart, EngineError> {
    let path = engine.runs().spool_path(run);
    if !path.exists() {
        return Ok(SpoolPart { run, first: 0, frames: Vec::new() });
    }
    let spool = Spool::open(&path).map_err(EngineError::internal)?;
    part_of(run, around, &|offset| spool.frames(offset, SPOOL_STEP).map_err(EngineError::internal))
}

/// Reads chunks of a spool from an offset on; the second value is the offset to continue from.
pub(in crate::tui) type ReadSpool<'r> = dyn Fn(u64) -> Result<(Vec<Frame>, u64), EngineError> + 'r;

/// The part around an offset.
pub(in crate::tui) fn part_of(run: RunId, around: u64, read: &ReadSpool<'_>) -> Result<SpoolPart, EngineError> {
    let (mut kept, mut offset, mut first) = (VecDeque::new(), 0, None);
    let (mut before, mut behind) = (Most { bytes: 0, lines: 0 }, Most { bytes: 0, lines: 0 });
    loop {
        let (frames, next) = read(offset)?;
        if frames.is_empty() {
            break;
        }
        offset = next;
        for frame in frames {
            first.get_or_insert(frame.offset);
            let is_before = frame.offset < around;
            if is_before {
                before.add(&frame);
            } else {
                behind.add(&frame);
            }
            kept.push_back(frame);
            while before.exceeds(&BEFORE)
                && is_before
                && let Some(old) = kept.pop_front()
            {
                before.take(&old);
            }
            if behind.exceeds(&BEHIND) {
                return Ok(SpoolPart { run, first: first.unwrap_or(0), frames: kept.into() });
            }
        }
    }
    Ok(SpoolPart { run, first: first.unwrap_or(0), frames: kept.into() })
}

impl Most {
    fn add(&mut self, frame: &Frame) {
        self.bytes += frame.bytes.len();
        self.lines += lines(frame);
    }

    fn take(&mut self, frame: &Frame) {
        self.bytes -= frame.bytes.len();
        self.lines -= lines(frame);
    }

    fn exceeds(&self, most: &Most) -> bool {
        self.bytes > most.bytes || self.lines > most.lines
    }
}

fn lines(frame: &Frame) -> usize {
    memchr::memchr_iter(b'\n', &frame.bytes).count()
}
