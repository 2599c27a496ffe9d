//! The output of a run on disk: one file, both streams in order of arrival, exactly as received but for the
//! secrets, which were taken out before.
//!
//! `TSP1`, then frames: one byte for the stream (0 stdout, 1 stderr), milliseconds since the start
//! as 32-bit little endian, length as 32-bit little endian, the bytes. Nothing is interpreted here;
//! whoever shows the bytes escapes them. A file whose writer was killed may end inside a frame.

use crate::domain::Stream;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 4] = b"TSP1";
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
    /// Milliseconds since the start of the run.
    pub at_ms: u64,
    /// The bytes, not interpreted, without secrets.
    pub bytes: Vec<u8>,
    /// Where the frame begins in the spool file.
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
        /// Path of the file that is no spool.
        path: PathBuf,
    },
}

/// A spool file open for reading; the run may still be writing it.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: PathBuf,
}

impl Spool {
    /// Opens the output file of a run.
    ///
    /// # Errors
    /// When it cannot be opened, or is no spool file.
    pub fn open(path: &Path) -> Result<Spool, SpoolError> {
        let read = |source| SpoolError::Read { path: path.to_owned(), source };
        let spool = Spool { file: File::open(path).map_err(read)?, path: path.to_owned() };
        let magic = spool.block(0, MAGIC.len())?;
        // A writer killed right after creating the file left less than the magic: an empty output.
        if MAGIC.starts_with(&magic) { Ok(spool) } else { Err(SpoolError::Foreign { path: path.to_owned() }) }
    }

    /// The size of the file in bytes, headers included.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn len(&self) -> Result<u64, SpoolError> {
        self.file.metadata().map(|m| m.len()).map_err(|source| self.failed(source))
    }

    /// Whether no output is in it yet.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn is_empty(&self) -> Result<bool, SpoolError> {
        Ok(self.len()? <= MAGIC.len() as u64)
    }

    /// Whole frames from `from_offset` on (0, a [`Frame::offset`] or what an earlier call returned),
    /// until about `max_bytes` of output, and the offset to go on from. No frames means: nothing
    /// more for now; a frame that is still being written is left for the next call.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn frames(&self, from_offset: u64, max_bytes: usize) -> Result<(Vec<Frame>, u64), SpoolError> {
        let mut offset = from_offset.max(MAGIC.len() as u64);
        let block = self.block(offset, max_bytes.min(BLOCK) + HEADER + MAX_FRAME)?;
        let (mut rest, mut taken, mut frames) = (block.as_slice(), 0, Vec::new());
        while let Some((stream, at_ms, len)) = read_header(rest) {
            let Some(bytes) = rest.get(HEADER..HEADER + len) else { break };
            frames.push(Frame { stream, at_ms, bytes: bytes.to_vec(), offset });
            offset += (HEADER + len) as u64;
            rest = &rest[HEADER + len..];
            taken += len;
            if taken >= max_bytes {
                break;
            }
        }
        Ok((frames, offset))
    }

    /// The bytes of one stream, or of both in order of arrival, as a reader. What is there of a
    /// last, torn frame is included.
    pub fn bytes(&self, stream: Option<Stream>) -> SpoolBytes<'_> {
        SpoolBytes { spool: self, stream, offset: 0, ready: io::Cursor::default(), torn: false }
    }

    /// What is there of a frame that was not written to its end.
    fn torn(&self, offset: u64) -> Result<Option<Frame>, SpoolError> {
        let block = self.block(offset, HEADER + MAX_FRAME)?;
        Ok(read_header(&block).map(|(stream, at_ms, len)| {
            let end = block.len().min(HEADER + len);
            Frame { stream, at_ms, bytes: block[HEADER..end].to_vec(), offset }
        }))
    }

    /// Up to `max` bytes at `offset`; fewer at the end of the file.
    fn block(&self, offset: u64, max: usize) -> Result<Vec<u8>, SpoolError> {
        let mut block = vec![0; max];
        let mut filled = 0;
        while filled < max {
            match self.file.read_at(&mut block[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        block.truncate(filled);
        Ok(block)
    }

    fn failed(&self, source: io::Error) -> SpoolError {
        SpoolError::Read { path: self.path.clone(), source }
    }
}

/// Stream, time and length of the frame at the beginning of `block`; `None` when it is cut off or
/// is no header, which after a crash can only be the end of the file.
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

/// The writing end, owned by the run's actor.
#[derive(Debug)]
pub(in crate::runner) struct SpoolWriter {
    /// `None` after a failed write: a hole in the middle would be worse than a missing end.
    file: Option<File>,
    buffer: Vec<u8>,
    written: u64,
    failure: Option<io::Error>,
}

impl SpoolWriter {
    /// Creates the file, readable by its owner only; an existing file is emptied, a link refused.
    pub(in crate::runner) fn create(path: &Path) -> io::Result<SpoolWriter> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC);
        let mut file = options.open(path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(MAGIC)?;
        Ok(SpoolWriter { file: Some(file), buffer: Vec::new(), written: MAGIC.len() as u64, failure: None })
    }

    /// Adds a frame of at most [`MAX_FRAME`] bytes and returns its offset. It is on its way to the
    /// disk after the next [`SpoolWriter::flush`].
    pub(in crate::runner) fn append(&mut self, stream: Stream, at_ms: u64, bytes: &[u8]) -> u64 {
        let offset = self.written + self.buffer.len() as u64;
        if self.file.is_none() {
            return offset;
        }
        self.buffer.push(u8::from(stream == Stream::Stderr));
        self.buffer.extend_from_slice(&u32::try_from(at_ms).unwrap_or(u32::MAX).to_le_bytes());
        self.buffer.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= MAX_FRAME {
            self.flush();
        }
        offset
    }

    /// Hands what was collected to the system.
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
                    // Cut back to whole frames; if even that fails, readers cope with a torn end.
                    let _ = file.set_len(self.written);
                    self.failure = Some(error);
                }
            }
        }
        self.buffer.clear();
    }

    /// Why output was lost, if it was.
    pub(in crate::runner) fn failure(&self) -> Option<&io::Error> {
        self.failure.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(frames: &[(Stream, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("1.spool");
        let mut writer = SpoolWriter::create(&path).unwrap();
        for (i, (stream, bytes)) in frames.iter().enumerate() {
            writer.append(*stream, i as u64, bytes);
        }
        writer.flush();
        (dir, path)
    }

    fn text(spool: &Spool, stream: Option<Stream>) -> String {
        let mut bytes = Vec::new();
        spool.bytes(stream).read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    const SAMPLE: &[(Stream, &[u8])] =
        &[(Stream::Stdout, b"one"), (Stream::Stderr, b"err"), (Stream::Stdout, b""), (Stream::Stdout, b"two")];

    #[test]
    fn frames_read_back_with_their_offsets() {
        let (_dir, path) = written(SAMPLE);
        let spool = Spool::open(&path).unwrap();
        let (frames, end) = spool.frames(0, usize::MAX).unwrap();
        let expected: Vec<Frame> = [4, 16, 28, 37]
            .into_iter()
            .zip(SAMPLE)
            .zip(0..)
            .map(|((offset, (stream, bytes)), at_ms)| Frame { stream: *stream, at_ms, bytes: bytes.to_vec(), offset })
            .collect();
        assert_eq!(frames, expected);
        assert_eq!(end, spool.len().unwrap());
        assert_eq!(spool.frames(28, 1).unwrap().0, expected[2..]);
        assert_eq!(spool.frames(end, 1).unwrap(), (vec![], end));
        assert_eq!(text(&spool, Some(Stream::Stdout)), "onetwo");
        assert_eq!(text(&spool, None), "oneerrtwo");
    }

    #[test]
    fn a_file_cut_anywhere_reads_up_to_the_cut() {
        let (_dir, path) = written(SAMPLE);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let spool = Spool::open(&path).unwrap();
            assert!("oneerrtwo".starts_with(&text(&spool, None)), "cut at {cut}");
            let (_, next) = spool.frames(0, usize::MAX).unwrap();
            assert!(next <= 4.max(cut as u64));
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(text(&Spool::open(&path).unwrap(), None), "oneerrtw");
    }

    #[test]
    fn the_file_is_private_and_foreign_files_are_refused() {
        let (dir, path) = written(SAMPLE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let other = dir.path().join("other");
        std::fs::write(&other, "plain text").unwrap();
        assert!(matches!(Spool::open(&other), Err(SpoolError::Foreign { .. })));
        assert!(matches!(Spool::open(&dir.path().join("none")), Err(SpoolError::Read { .. })));
    }

    #[test]
    fn a_full_disk_loses_the_end_and_says_so() {
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut writer = SpoolWriter { file: Some(file), buffer: Vec::new(), written: 4, failure: None };
        assert_eq!(writer.append(Stream::Stdout, 0, b"x"), 4);
        writer.flush();
        assert_eq!(writer.failure().map(io::Error::kind), Some(io::ErrorKind::StorageFull));
        assert_eq!(writer.append(Stream::Stdout, 0, b"x"), 4);
    }
}
