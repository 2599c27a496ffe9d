//! Kept output of runs.

use super::cleaner::Sink;
use crate::domain::{RunId, Stream};
use crate::engine::{Engine, EngineError, ErrorCode, Frame, Spool};
use std::io;
use std::path::{Path, PathBuf};

/// How many bytes of the spool are read at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Reads a spool file in steps, each from the end of the step before.
pub(super) struct SpoolReader {
    path: PathBuf,
    spool: Option<Spool>,
    offset: u64,
}

impl SpoolReader {
    /// A reader at the start of the file.
    pub(super) fn new(path: PathBuf) -> SpoolReader {
        SpoolReader { path, spool: None, offset: 0 }
    }

    /// The frames written since the last call; empty if there are none.
    fn next(&mut self) -> Result<Vec<Frame>, EngineError> {
        if self.spool.is_none() {
            self.spool = open_spool(&self.path)?;
        }
        let Some(spool) = &self.spool else { return Ok(Vec::new()) };
        let (frames, next) = spool.frames(self.offset, CHUNK_BYTES).map_err(EngineError::internal)?;
        self.offset = next;
        Ok(frames)
    }

    /// Passes all available frames to the sink.
    pub(super) fn pass_on(&mut self, sink: &mut dyn Sink) -> Result<io::Result<()>, EngineError> {
        loop {
            let frames = self.next()?;
            if frames.is_empty() {
                return Ok(Ok(()));
            }
            for frame in frames {
                if let Err(error) = sink.take(frame.stream, &frame.bytes) {
                    return Ok(Err(error));
                }
            }
        }
    }
}

/// The spool of a run; `None` if there is none, because a run that never started has no output.
fn open_spool(path: &Path) -> Result<Option<Spool>, EngineError> {
    // An empty file is a spool whose header is not written yet.
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > 0 => Spool::open(path).map(Some).map_err(EngineError::internal),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            let message = format!("cannot read the kept output {}: {error}", path.display());
            Err(EngineError::new(ErrorCode::Internal, message, "`toolsmith doctor` checks the state folder"))
        }
    }
}

/// The kept output of a run.
pub(super) struct Kept {
    frames: Vec<(Stream, Vec<u8>)>,
}

impl Kept {
    /// Reads the whole output.
    ///
    /// # Errors
    ///
    /// If the spool file exists but cannot be read.
    pub(super) fn read(engine: &Engine, run: RunId) -> Result<Kept, EngineError> {
        let mut reader = SpoolReader::new(engine.runs().spool_path(run));
        let mut frames = Vec::new();
        loop {
            let next = reader.next()?;
            if next.is_empty() {
                return Ok(Kept { frames });
            }
            frames.extend(next.into_iter().map(|frame| (frame.stream, frame.bytes)));
        }
    }

    /// Keeps only these streams.
    pub(super) fn only(mut self, streams: &[Stream]) -> Kept {
        self.frames.retain(|(stream, _)| streams.contains(stream));
        self
    }

    /// The output, in order.
    pub(super) fn frames(&self) -> impl Iterator<Item = (Stream, &[u8])> {
        self.frames.iter().map(|(stream, bytes)| (*stream, bytes.as_slice()))
    }

    /// A stream as text; invalid UTF-8 becomes U+FFFD.
    pub(super) fn text(&self, stream: Stream) -> String {
        let parts: Vec<&[u8]> = self.frames().filter(|(of, _)| *of == stream).map(|(_, bytes)| bytes).collect();
        let bytes = parts.concat();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
