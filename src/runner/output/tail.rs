//! The newest output of a run, in memory, for live viewers.
//!
//! A bounded ring: a flood of output removes the run's own oldest output and uses no more memory. Dropped bytes are
//! counted, and can be read from the spool file.

use super::spool::Frame;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The capacity of the ring in bytes, including bookkeeping.
const CAPACITY: usize = 1 << 20;

/// The cost of each frame in addition to its bytes, so that bookkeeping cannot outgrow the text if a child writes
/// single bytes.
const FRAME_COST: usize = 64;

/// The newest output of one run: at most 1 MiB of [`Frame`]s. Shared between the run's actor, which appends, and any
/// number of readers, each with its own cursor.
#[derive(Debug, Default)]
pub struct Tail {
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Frames with the offset of their first byte in the whole output.
    frames: VecDeque<(u64, Frame)>,
    cost: usize,
    end: u64,
}

impl Tail {
    /// The frames after `cursor` (0 is the beginning), the cursor for the next call, and how many bytes in between were
    /// already dropped.
    pub fn since(&self, cursor: u64) -> (Vec<Frame>, u64, u64) {
        let ring = self.lock();
        let first = ring.frames.partition_point(|(start, _)| *start < cursor);
        let oldest = ring.frames.front().map_or(ring.end, |(start, _)| *start);
        let frames = ring.frames.iter().skip(first).map(|(_, frame)| frame.clone()).collect();
        (frames, ring.end.max(cursor), oldest.saturating_sub(cursor))
    }

    /// Appends a frame and returns how many bytes the run has written so far.
    pub(in crate::runner) fn push(&self, frame: Frame) -> u64 {
        let mut ring = self.lock();
        let start = ring.end;
        ring.end += frame.bytes.len() as u64;
        ring.cost += frame.bytes.len() + FRAME_COST;
        ring.frames.push_back((start, frame));
        while ring.cost > CAPACITY {
            let Some((_, old)) = ring.frames.pop_front() else { break };
            ring.cost -= old.bytes.len() + FRAME_COST;
        }
        ring.end
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // A reader that panicked while cloning leaves the ring consistent.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Stream;

    fn frame(bytes: &[u8]) -> Frame {
        Frame { stream: Stream::Stdout, at_ms: 0, bytes: bytes.to_vec(), offset: 0 }
    }

    #[test]
    fn a_reader_that_keeps_up_sees_every_frame_once() {
        let tail = Tail::default();
        tail.push(frame(b"ab"));
        assert_eq!(tail.since(0), (vec![frame(b"ab")], 2, 0));
        tail.push(frame(b"c"));
        assert_eq!(tail.since(2), (vec![frame(b"c")], 3, 0));
        assert_eq!(tail.since(3), (vec![], 3, 0));
    }

    #[test]
    fn what_fell_out_is_counted() {
        let tail = Tail::default();
        let big = vec![b'x'; 64 * 1024];
        for _ in 0..100 {
            tail.push(frame(&big));
        }
        let (frames, cursor, skipped) = tail.since(0);
        let kept: usize = frames.iter().map(|f| f.bytes.len()).sum();
        assert_eq!(cursor, 100 * 64 * 1024);
        assert_eq!(skipped + kept as u64, cursor);
        assert!(kept <= CAPACITY && kept > CAPACITY / 2);
    }

    #[test]
    fn single_bytes_do_not_outgrow_the_ring() {
        let tail = Tail::default();
        for _ in 0..100_000 {
            tail.push(frame(b"."));
        }
        assert!(tail.lock().frames.len() <= CAPACITY / FRAME_COST);
    }
}
