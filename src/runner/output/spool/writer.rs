//! The writing end of the output of a run, owned by its actor.

use super::files::{FIRST, FURTHER_HEADER, FurtherHeader, create_first, remove_all, replace};
use super::{HEADER, MAX_FRAME};
use crate::domain::Stream;
use crate::domain::service::LogRule;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The smallest file size of a ring, in bytes: enough for one frame, whatever the setting.
const LEAST_FILE: u64 = 128 * 1024;

/// The most older files of a ring, whatever the setting.
const MOST_FILES: u32 = 100;

/// How long after a failed write a ring retries with a new file.
const RETRY: Duration = Duration::from_secs(1);

/// Writes the output of a run: one file, or a ring of files.
#[derive(Debug)]
pub(in crate::runner) struct SpoolWriter {
    path: PathBuf,
    /// `None`: one file of any size.
    ring: Option<LogRule>,
    /// `None` after a failed write: a gap inside a file would be worse than a missing end.
    pub(super) file: Option<File>,
    /// Frames that are not written yet.
    buffer: Vec<u8>,
    /// Bytes of output in them.
    buffered: u64,
    /// The offset of the file in all files of the run.
    start: u64,
    /// Bytes in the file.
    pub(super) written: u64,
    /// Bytes of output so far, including lost bytes.
    output: u64,
    /// Bytes of output lost since the last written byte.
    lost: u64,
    /// The base of the times in the file, in milliseconds since the run started.
    base_ms: u64,
    /// When to retry after a failure.
    retry_at: Option<Instant>,
    failure: Option<io::Error>,
}

impl SpoolWriter {
    /// Creates the file, readable by its owner only. Truncates an existing file; refuses a link. With a rule for a log,
    /// it becomes a ring of files.
    pub(in crate::runner) fn create(path: &Path, ring: Option<LogRule>) -> io::Result<SpoolWriter> {
        if ring.is_some() {
            // Files of an earlier writer under these names would be taken for older output of this one.
            remove_all(path)?;
        }
        let bound =
            |rule: LogRule| LogRule { most_bytes: rule.most_bytes.max(LEAST_FILE), keep: rule.keep.min(MOST_FILES) };
        Ok(SpoolWriter {
            path: path.to_owned(),
            ring: ring.map(bound),
            file: Some(create_first(path)?),
            buffer: Vec::new(),
            buffered: 0,
            start: 0,
            written: FIRST.len() as u64,
            output: 0,
            lost: 0,
            base_ms: 0,
            retry_at: None,
            failure: None,
        })
    }

    /// Adds a frame of at most [`MAX_FRAME`] bytes and returns its offset. It is written by the next
    /// [`SpoolWriter::flush`].
    pub(in crate::runner) fn append(&mut self, stream: Stream, at_ms: u64, bytes: &[u8]) -> u64 {
        self.make_room((HEADER + bytes.len()) as u64, at_ms);
        let offset = self.start + self.written + self.buffer.len() as u64;
        self.output += bytes.len() as u64;
        if self.file.is_none() {
            self.lost += bytes.len() as u64;
            return offset;
        }
        self.buffered += bytes.len() as u64;
        self.buffer.push(u8::from(stream == Stream::Stderr));
        let since = u32::try_from(at_ms.saturating_sub(self.base_ms)).unwrap_or(u32::MAX);
        self.buffer.extend_from_slice(&since.to_le_bytes());
        self.buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= MAX_FRAME {
            self.flush();
        }
        offset
    }

    /// Begins a new file of a ring if a frame of this size no longer fits, or if the time for a retry has come.
    fn make_room(&mut self, size: u64, at_ms: u64) {
        let Some(rule) = self.ring else { return };
        let is_full = self.file.is_some() && self.written + self.buffer.len() as u64 + size > rule.most_bytes;
        if is_full {
            self.flush();
        }
        let is_due = self.file.is_none() && self.retry_at.is_some_and(|at| Instant::now() >= at);
        if is_full || is_due {
            self.begin_file(rule.keep, at_ms);
        }
    }

    fn begin_file(&mut self, keep: u32, at_ms: u64) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let header = FurtherHeader {
            start: self.start + self.written,
            before: self.output,
            lost: self.lost,
            began_ms: at_ms,
            began_unix_ms: now.as_millis() as u64,
        };
        match replace(&self.path, keep, header) {
            Ok(file) => {
                self.file = Some(file);
                (self.start, self.written, self.base_ms) = (header.start, FURTHER_HEADER, at_ms);
                (self.lost, self.retry_at) = (0, None);
            }
            Err(error) => self.fail(error),
        }
    }

    /// Writes the buffer to the file.
    pub(in crate::runner) fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        if let Some(mut file) = self.file.take() {
            match file.write_all(&self.buffer) {
                Ok(()) => {
                    self.written += self.buffer.len() as u64;
                    self.file = Some(file);
                }
                Err(error) => {
                    // Truncate to complete frames; if even that fails, readers can handle an incomplete end.
                    let _ = file.set_len(self.written);
                    self.lost += self.buffered;
                    self.fail(error);
                }
            }
        }
        self.buffer.clear();
        self.buffered = 0;
    }

    fn fail(&mut self, error: io::Error) {
        self.file = None;
        self.retry_at = Some(Instant::now() + RETRY);
        self.failure.get_or_insert(error);
    }

    /// Why output was lost, if it was.
    pub(in crate::runner) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}
