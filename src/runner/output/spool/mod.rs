//! The output of a run on disk: both streams in order of arrival, exactly as received but for the secrets, which were
//! taken out before. One file, or for a service a ring of files: `N.spool` is the newest, `N.spool.1` the one before it.
//!
//! A file is a header and then frames: one byte for the stream (0 stdout, 1 stderr), milliseconds since the run started
//! as 32-bit little endian, length as 32-bit little endian, the bytes. The header of the first file is `TSP1`. That of
//! each further file is `TSP2` and five numbers as 64-bit little endian: the place of the file in all output files
//! written one after the other; bytes of output before this file; how many of these were lost right before it, because
//! they could not be written; when it began, in milliseconds since the run started, which the times in it count from;
//! when it began, in Unix milliseconds. So each file says of itself where it belongs, and what is missing before it is
//! known from the files that are there, whenever the writer was killed.
//!
//! A time that does not fit 32 bits, 49 days after the file began, is kept as the largest that does.
//!
//! Nothing is interpreted here; whoever shows the bytes escapes them. A file whose writer was killed may end inside a
//! frame.

mod files;
#[cfg(test)]
mod tests;
mod writer;

pub(in crate::runner) use writer::SpoolWriter;

use crate::domain::Stream;
use files::{OutputFile, open_all, remove_all};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The size of the header of a frame, in bytes.
const HEADER: usize = 9;

/// The largest payload of one frame, and what the writer collects before it writes, in bytes.
pub(in crate::runner) const MAX_FRAME: usize = 64 * 1024;

/// How much a reader asks for at once, in bytes.
const BLOCK: usize = 256 * 1024;

/// A piece of output as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Where it was written.
    pub stream: Stream,
    /// Milliseconds since the start of the run. What was written later than 49 days after its file began has the time
    /// of that moment.
    pub at_ms: u64,
    /// The bytes, not interpreted, without secrets.
    pub bytes: Vec<u8>,
    /// Where the frame begins in the output files of the run written one after the other; grows with each frame.
    pub offset: u64,
}

/// Why a spool file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// It cannot be opened or read.
    #[error("read the output file {}", path.display())]
    Read {
        /// Path of the spool file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// It does not begin like an output file.
    #[error("read {}: it is not an output file of a run", path.display())]
    Foreign {
        /// Path of the file that is not a spool.
        path: PathBuf,
    },
}

/// Output that is not kept any more, or never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The place where output continues behind it, as in [`Frame::offset`].
    pub offset: u64,
    /// Bytes of output that are missing: since the run started at the beginning, else since the frame before.
    pub bytes: u64,
    /// When the last of them was removed or lost, in Unix milliseconds.
    pub at_unix_ms: u64,
}

/// The output files of a run open for reading, as if they were one; the run may still be writing them. A reader that
/// follows the output continues over files that are replaced meanwhile.
#[derive(Debug)]
pub struct Spool {
    path: PathBuf,
    /// Oldest first; never none.
    files: Mutex<Vec<OutputFile>>,
}

impl Spool {
    /// Opens the output of a run: the newest file, which is at this path, and those before it that are still kept.
    ///
    /// # Errors
    /// When one cannot be opened, or the newest is not a spool file.
    pub fn open(path: &Path) -> Result<Spool, SpoolError> {
        Ok(Spool { path: path.to_owned(), files: Mutex::new(open_all(path)?) })
    }

    /// Removes the output of a run that is over: all its files. None being there is no error.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn remove(path: &Path) -> io::Result<()> {
        remove_all(path)
    }

    /// The size of all files of the run in bytes, headers and removed files included.
    ///
    /// # Errors
    /// When the newest file cannot be asked.
    pub fn len(&self) -> Result<u64, SpoolError> {
        let files = self.current()?;
        let Some(newest) = files.last() else { return Ok(0) };
        newest.end().map_err(|source| self.failed(source))
    }

    /// Whether no output is in it yet.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn is_empty(&self) -> Result<bool, SpoolError> {
        let first = self.files().first().map_or(0, OutputFile::body);
        Ok(self.len()? <= first)
    }

    /// What of the output is missing, in order: removed to keep the files within their limit, or not written because
    /// the disk was full. Empty for a run that is not a service.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn cuts(&self) -> Result<Vec<Cut>, SpoolError> {
        let files = self.current()?;
        let Some((oldest, newest)) = files.first().zip(files.last()) else { return Ok(Vec::new()) };
        let removed = Cut { offset: oldest.body(), bytes: oldest.before, at_unix_ms: newest.began_unix_ms };
        let lost = files.iter().skip(1);
        let lost = lost.map(|file| Cut { offset: file.body(), bytes: file.lost, at_unix_ms: file.began_unix_ms });
        Ok(std::iter::once(removed).chain(lost).filter(|cut| cut.bytes > 0).collect())
    }

    /// Whole frames from `from_offset` on (0, a [`Frame::offset`] or what an earlier call returned), until about
    /// `max_bytes` of output, and the offset to continue from. No frames means: nothing more for now; a frame that is
    /// still being written is left for the next call. What is not kept any more is passed over; [`Spool::cuts`] says
    /// what that was.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn frames(&self, from_offset: u64, max_bytes: usize) -> Result<(Vec<Frame>, u64), SpoolError> {
        let known = read(&self.files(), from_offset, max_bytes).map_err(|source| self.failed(source))?;
        if !known.0.is_empty() || !self.is_replaced()? {
            return Ok(known);
        }
        let files = self.current()?;
        read(&files, from_offset, max_bytes).map_err(|source| self.failed(source))
    }

    /// The bytes of one stream, or of both in order of arrival, as a reader. What is there of a
    /// last, torn frame is included.
    pub fn bytes(&self, stream: Option<Stream>) -> SpoolBytes<'_> {
        SpoolBytes { spool: self, stream, offset: 0, ready: io::Cursor::default(), torn: false }
    }

    /// What is there of a frame that was not written to its end.
    fn torn(&self, offset: u64) -> Result<Option<Frame>, SpoolError> {
        let files = self.files();
        let Some(newest) = files.last().filter(|newest| offset >= newest.body()) else { return Ok(None) };
        let block = newest.block(offset, HEADER + MAX_FRAME).map_err(|source| self.failed(source))?;
        Ok(read_header(&block).map(|(stream, at_ms, len)| {
            let end = block.len().min(HEADER + len);
            Frame { stream, at_ms: newest.began_ms + at_ms, bytes: block[HEADER..end].to_vec(), offset }
        }))
    }

    /// Whether another file has taken the place of the newest.
    fn is_replaced(&self) -> Result<bool, SpoolError> {
        let files = self.files();
        let Some(newest) = files.last() else { return Ok(false) };
        newest.is_replaced(&self.path).map_err(|source| self.failed(source))
    }

    /// The files as they are now.
    fn current(&self) -> Result<MutexGuard<'_, Vec<OutputFile>>, SpoolError> {
        let is_replaced = self.is_replaced()?;
        let mut files = self.files();
        if is_replaced {
            *files = open_all(&self.path)?;
        }
        Ok(files)
    }

    fn files(&self) -> MutexGuard<'_, Vec<OutputFile>> {
        // Whoever panicked meanwhile left the list whole.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, source: io::Error) -> SpoolError {
        SpoolError::Read { path: self.path.clone(), source }
    }
}

/// Frames of one of the files, and where to continue.
fn read(files: &[OutputFile], from: u64, max_bytes: usize) -> io::Result<(Vec<Frame>, u64)> {
    let first = files.partition_point(|file| file.start <= from).saturating_sub(1);
    let mut next = from;
    for file in files.iter().skip(first) {
        let (frames, end) = read_one(file, next.max(file.body()), max_bytes)?;
        next = end;
        if !frames.is_empty() {
            return Ok((frames, next));
        }
    }
    Ok((Vec::new(), next))
}

fn read_one(file: &OutputFile, mut offset: u64, max_bytes: usize) -> io::Result<(Vec<Frame>, u64)> {
    let block = file.block(offset, max_bytes.min(BLOCK) + HEADER + MAX_FRAME)?;
    let (mut rest, mut taken, mut frames) = (block.as_slice(), 0, Vec::new());
    while let Some((stream, at_ms, len)) = read_header(rest) {
        let Some(bytes) = rest.get(HEADER..HEADER + len) else { break };
        frames.push(Frame { stream, at_ms: file.began_ms + at_ms, bytes: bytes.to_vec(), offset });
        offset += (HEADER + len) as u64;
        rest = &rest[HEADER + len..];
        taken += len;
        if taken >= max_bytes {
            break;
        }
    }
    Ok((frames, offset))
}

/// Stream, time and length of the frame at the beginning of `block`; `None` when it is cut off or is not a header,
/// which after a crash can only be the end of the file.
fn read_header(block: &[u8]) -> Option<(Stream, u64, usize)> {
    let [stream, a0, a1, a2, a3, l0, l1, l2, l3, ..] = *block else { return None };
    let stream = match stream {
        0 => Stream::Stdout,
        1 => Stream::Stderr,
        _ => return None,
    };
    let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    (len <= MAX_FRAME).then_some((stream, u64::from(u32::from_le_bytes([a0, a1, a2, a3])), len))
}

/// The bytes of a spool file without its frames; see [`Spool::bytes`].
#[derive(Debug)]
pub struct SpoolBytes<'a> {
    spool: &'a Spool,
    stream: Option<Stream>,
    offset: u64,
    ready: io::Cursor<Vec<u8>>,
    torn: bool,
}

impl SpoolBytes<'_> {
    /// Loads the next bytes; `false` at the end.
    fn load(&mut self) -> Result<bool, SpoolError> {
        while !self.torn {
            let (mut frames, next) = self.spool.frames(self.offset, BLOCK)?;
            if frames.is_empty() {
                self.torn = true;
                frames.extend(self.spool.torn(next)?);
            }
            self.offset = next;
            let wanted = frames.iter().filter(|f| self.stream.is_none_or(|s| s == f.stream));
            self.ready = io::Cursor::new(wanted.flat_map(|f| f.bytes.iter().copied()).collect());
            if !self.ready.get_ref().is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Read for SpoolBytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.ready.read(into)?;
            if n > 0 || into.is_empty() || !self.load().map_err(io::Error::other)? {
                return Ok(n);
            }
        }
    }
}
