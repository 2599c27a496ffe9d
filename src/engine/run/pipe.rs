//! Writes to the standard input of a process that may not read.

use crate::engine::error::EngineError;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};

/// Maximum number of pending bytes for a process that does not read. One line may exceed it, so that the longest
/// messages fit.
const MOST_PENDING: usize = 1 << 20;

/// The overhead counted for each piece, to limit many short ones as well.
const PIECE_COST: usize = 64;

/// The standard input of a process. A separate thread writes, so that a service that does not read blocks nobody.
pub(in crate::engine) struct InputPipe {
    pieces: Sender<Piece>,
    pending: Arc<AtomicUsize>,
}

struct Piece {
    bytes: Vec<u8>,
    written: Option<SyncSender<bool>>,
}

impl Piece {
    fn cost(&self) -> usize {
        self.bytes.len() + PIECE_COST
    }
}

impl InputPipe {
    /// Starts to write to a pipe.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(in crate::engine) fn start(writes: OwnedFd) -> Result<InputPipe, EngineError> {
        let (pieces, queue) = channel();
        let pending = Arc::new(AtomicUsize::new(0));
        let (pipe, counted) = (File::from(writes), Arc::clone(&pending));
        let started =
            std::thread::Builder::new().name("input".to_owned()).spawn(move || write_all(pipe, &queue, &counted));
        started.map_err(EngineError::internal)?;
        Ok(InputPipe { pieces, pending })
    }

    /// Whether the process reads its input: otherwise nothing more is accepted.
    pub(in crate::engine) fn has_room(&self) -> bool {
        self.pending.load(Ordering::Acquire) < MOST_PENDING
    }

    /// Writes as soon as the process reads; `false` if too much is pending.
    pub(in crate::engine) fn write(&self, bytes: Vec<u8>) -> bool {
        self.put(Piece { bytes, written: None })
    }

    /// Writes typed input. `written` becomes true when that is done, false if too much is pending.
    pub(in crate::engine) fn write_typed(&self, bytes: Vec<u8>, written: SyncSender<bool>) {
        let refused = written.clone();
        if !self.put(Piece { bytes, written: Some(written) }) {
            // The sender may be gone.
            let _ = refused.try_send(false);
        }
    }

    fn put(&self, piece: Piece) -> bool {
        if !self.has_room() {
            return false;
        }
        self.pending.fetch_add(piece.cost(), Ordering::AcqRel);
        // A process that has ended reads nothing; its end is about to be reported.
        let _ = self.pieces.send(piece);
        true
    }
}

fn write_all(mut pipe: File, queue: &Receiver<Piece>, pending: &AtomicUsize) {
    for piece in queue {
        if pipe.write_all(&piece.bytes).is_err() {
            return;
        }
        pending.fetch_sub(piece.cost(), Ordering::AcqRel);
        if let Some(written) = piece.written {
            let _ = written.try_send(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};
    use std::io::Read;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn so_much_waits_for_a_process_that_does_not_read_and_no_more() {
        let (reads, writes) = pipe_with(PipeFlags::CLOEXEC).unwrap();
        let input = InputPipe::start(writes).unwrap();
        let long = vec![b'x'; 4 * MOST_PENDING];
        assert!(input.write(long.clone()), "one line may be longer");
        let (written, told) = sync_channel(1);
        input.write_typed(b"typed".to_vec(), written.clone());
        assert_eq!((input.write(b"more".to_vec()), told.recv()), (false, Ok(false)));
        let mut reads = File::from(reads);
        let mut got = vec![0; long.len()];
        reads.read_exact(&mut got).unwrap();
        while !input.has_room() {
            std::thread::yield_now();
        }
        input.write_typed(b"typed".to_vec(), written);
        assert_eq!(told.recv(), Ok(true));
        let mut got = [0; 5];
        reads.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"typed");
        // Input for a process that has ended is dropped, and nobody waits for it.
        drop(reads);
        let (written, told) = sync_channel(1);
        input.write_typed(b"typed".to_vec(), written);
        assert!(told.recv().is_err());
    }
}
