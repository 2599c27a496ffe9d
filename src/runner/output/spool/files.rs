//! The files that the output of a run is in: their headers, their names, and how one takes the place of another.

use super::SpoolError;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How the first file of a run begins.
pub(super) const FIRST: &[u8; 4] = b"TSP1";

/// How each further file begins.
const FURTHER: &[u8; 4] = b"TSP2";

/// Numbers in the header of a further file.
const NUMBERS: usize = 5;

/// The size of that header, in bytes.
pub(super) const FURTHER_HEADER: u64 = (FURTHER.len() + NUMBERS * size_of::<u64>()) as u64;

/// While files are renamed, or when that was interrupted, one number may be missing.
const MOST_MISSING: u32 = 2;

/// One file, open for reading, and what its header says.
#[derive(Debug)]
pub(super) struct OutputFile {
    file: File,
    /// Its place in all files of the run written one after the other.
    pub(super) start: u64,
    /// Bytes of output in the files before it, removed and lost ones included.
    pub(super) before: u64,
    /// How many of these were lost right before it.
    pub(super) lost: u64,
    /// When it began, in milliseconds since the run started.
    pub(super) began_ms: u64,
    /// The same in Unix milliseconds; 0 in the first file of a run.
    pub(super) began_unix_ms: u64,
    header: u64,
}

impl OutputFile {
    /// Opens a file; `None` when it is not an output file.
    fn open(path: &Path) -> io::Result<Option<OutputFile>> {
        let file = File::open(path)?;
        let mut header = [0; FURTHER_HEADER as usize];
        let got = read_at(&file, &mut header, 0)?;
        let header = &header[..got];
        if let Some(numbers) = header.strip_prefix(FURTHER).filter(|rest| rest.len() == NUMBERS * size_of::<u64>()) {
            let number = |index: usize| {
                let bytes = numbers.get(index * size_of::<u64>()..).and_then(<[u8]>::first_chunk);
                bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
            };
            let [start, before, lost, began_ms, began_unix_ms] = std::array::from_fn(number);
            return Ok(Some(OutputFile { file, start, before, lost, began_ms, began_unix_ms, header: FURTHER_HEADER }));
        }
        // A writer killed right after creating the file left less than the magic: an empty output.
        if !FIRST.starts_with(&header[..got.min(FIRST.len())]) {
            return Ok(None);
        }
        let header = FIRST.len() as u64;
        Ok(Some(OutputFile { file, start: 0, before: 0, lost: 0, began_ms: 0, began_unix_ms: 0, header }))
    }

    /// The place of its first frame.
    pub(super) fn body(&self) -> u64 {
        self.start.saturating_add(self.header)
    }

    /// The place of its end.
    pub(super) fn end(&self) -> io::Result<u64> {
        Ok(self.start.saturating_add(self.file.metadata()?.len()))
    }

    /// Up to `max` bytes from a place in it on; fewer at its end.
    pub(super) fn block(&self, place: u64, max: usize) -> io::Result<Vec<u8>> {
        let mut block = vec![0; max];
        let got = read_at(&self.file, &mut block, place.saturating_sub(self.start))?;
        block.truncate(got);
        Ok(block)
    }

    /// Whether another file is at this path. One that was removed was not replaced.
    pub(super) fn is_replaced(&self, path: &Path) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::metadata(path) {
            Ok(there) => Ok((there.dev(), there.ino()) != (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Fills a block from a file; fewer bytes at its end.
fn read_at(file: &File, block: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < block.len() {
        match file.read_at(&mut block[filled..], offset.saturating_add(filled as u64)) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// All files of a run, oldest first.
///
/// # Errors
/// When one cannot be read, or the newest is not an output file.
pub(super) fn open_all(path: &Path) -> Result<Vec<OutputFile>, SpoolError> {
    let failed = |source| SpoolError::Read { path: path.to_owned(), source };
    let newest = OutputFile::open(path).map_err(failed)?;
    let mut files = vec![newest.ok_or_else(|| SpoolError::Foreign { path: path.to_owned() })?];
    each_older(path, |older| match OutputFile::open(older) {
        // What is not ours says nothing of its place.
        Ok(file) => {
            files.extend(file);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    })
    .map_err(failed)?;
    files.sort_by_key(|file| file.start);
    // While files are renamed one may be met under two names.
    files.dedup_by_key(|file| file.start);
    Ok(files)
}

/// Removes all files of a run.
///
/// # Errors
/// When one cannot be removed.
pub(super) fn remove_all(path: &Path) -> io::Result<()> {
    let remove = |path: &Path| match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    each_older(path, remove)?;
    remove(&fresh(path))?;
    remove(path)?;
    Ok(())
}

/// Calls `act`, which says whether the file was there, for each older file of a run, newest first.
fn each_older(path: &Path, mut act: impl FnMut(&Path) -> io::Result<bool>) -> io::Result<()> {
    let mut missing = 0;
    for number in 1_u32.. {
        missing = if act(&older(path, number))? { 0 } else { missing + 1 };
        if missing == MOST_MISSING {
            break;
        }
    }
    Ok(())
}

/// The path of an older file: 1 is the one before the newest.
fn older(path: &Path, number: u32) -> PathBuf {
    with_suffix(path, &number.to_string())
}

/// The path of a file that is about to become the newest.
fn fresh(path: &Path) -> PathBuf {
    with_suffix(path, "new")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// What the header of a further file says.
#[derive(Debug, Clone, Copy)]
pub(super) struct FurtherHeader {
    pub(super) start: u64,
    pub(super) before: u64,
    pub(super) lost: u64,
    pub(super) began_ms: u64,
    pub(super) began_unix_ms: u64,
}

impl FurtherHeader {
    fn bytes(self) -> Vec<u8> {
        let numbers: [u64; NUMBERS] = [self.start, self.before, self.lost, self.began_ms, self.began_unix_ms];
        FURTHER.iter().copied().chain(numbers.into_iter().flat_map(u64::to_le_bytes)).collect()
    }
}

/// Creates the first file of a run, readable by its owner only; an existing file is emptied, a link refused.
pub(super) fn create_first(path: &Path) -> io::Result<File> {
    create(path, FIRST)
}

fn create(path: &Path, header: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC);
    let mut file = options.open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(header)?;
    Ok(file)
}

/// Puts a new file in the place of the newest, which becomes the first of at most `keep` older ones. At every moment
/// there is a whole file at the path, and none but the oldest is lost when this is interrupted.
pub(super) fn replace(path: &Path, keep: u32, header: FurtherHeader) -> io::Result<File> {
    let fresh = fresh(path);
    let file = create(&fresh, &header.bytes())?;
    let missing_is_fine = |result: io::Result<()>| match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    for number in (1..keep).rev() {
        missing_is_fine(fs::rename(older(path, number), older(path, number + 1)))?;
    }
    if keep > 0 {
        let first = older(path, 1);
        missing_is_fine(fs::remove_file(&first))?;
        // A second name, so that the newest file never lacks its own. Not every file system has them.
        if fs::hard_link(path, &first).is_err() {
            fs::rename(path, &first)?;
        }
    }
    fs::rename(&fresh, path)?;
    Ok(file)
}
