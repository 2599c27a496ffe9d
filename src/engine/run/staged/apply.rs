//! Writes contents to paths: atomically as far as a file system supports it, and repeatable after a crash.
//!
//! All new contents are first written next to their targets, under hidden names, and made durable: a full disk or a
//! missing permission is detected before anything changes. Then come the renames and removals. Each path is in the
//! state either before or after, so an interrupted step is performed again from its beginning. A path in neither state
//! was changed by somebody else and is left alone with a note.
//!
//! Symbolic links are never followed: every parent is opened from the root of the file system with the kernel's refusal
//! to resolve any, and files by their name in it.

use crate::domain::{Digest, RunId};
use crate::engine::core::{Content, Edit};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The bits of a mode that are kept: never set-user, set-group or sticky bits.
const MODE_BITS: u32 = 0o777;

/// Why a step is not complete. It can always be performed again.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} {}: {source}", path.display())]
pub struct ApplyError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ApplyError {
    let path = path.to_owned();
    move |source| ApplyError { action, path, source }
}

/// A step in execution.
pub struct Step<'a> {
    /// The run whose writes these are; names the files in between.
    pub run: RunId,
    /// Holds each new content at its absolute path below it.
    pub source: &'a Path,
    pub edits: &'a [Edit],
    /// Called after every change on disk; an error stops right there, as a crash would.
    pub check: &'a mut dyn FnMut(&'static str) -> io::Result<()>,
}

/// The paths whose content is not as expected; nothing is applied if there are any.
///
/// # Errors
/// [`ApplyError`] if a path cannot be examined.
pub fn in_the_way(edits: &[Edit]) -> Result<Vec<PathBuf>, ApplyError> {
    let mut found = Vec::new();
    for edit in edits {
        if !look(&edit.path)?.is_some_and(|content| content.is_like(&edit.from)) {
            found.push(edit.path.clone());
        }
    }
    Ok(found)
}

/// The present content of a path; `None` for anything except a regular file or folder, including a symbolic link.
///
/// # Errors
/// [`ApplyError`] if it cannot be examined.
pub fn look(path: &Path) -> Result<Option<Content>, ApplyError> {
    let (parent, name) = match open_parent(path) {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Some(Content::Nothing));
        }
        // Symbolic links in the path are not followed.
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => return Ok(None),
        Err(error) => return Err(failed("open the folder of", path)(error)),
    };
    look_at(&parent, name).map_err(failed("look at", path))
}

fn look_at(parent: &OwnedFd, name: &OsStr) -> io::Result<Option<Content>> {
    let stat = match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(Some(Content::Nothing)),
        other => other?,
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => Ok(Some(Content::Folder)),
        FileType::RegularFile => {
            let file = open_file(parent, name)?;
            let mode = file.metadata().map(|meta| std::os::unix::fs::MetadataExt::mode(&meta))?;
            Ok(Some(Content::File { digest: digest_of(file)?, mode: mode & MODE_BITS }))
        }
        _ => Ok(None),
    }
}

/// Copies the present contents of these paths into `into`, each at its absolute path below it, for undo.
///
/// # Errors
/// [`ApplyError`] of the first that cannot be copied.
pub fn keep(edits: &[Edit], into: &Path) -> Result<(), ApplyError> {
    for edit in edits {
        if !look(&edit.path)?.is_some_and(|content| content.is_like(&edit.from)) {
            // Somebody changed the file: nothing will be applied, so no undo is needed.
            continue;
        }
        let target = below(into, &edit.path);
        match edit.from {
            Content::Nothing => {}
            Content::Folder => fs::create_dir_all(&target).map_err(failed("keep", &edit.path))?,
            Content::File { .. } => {
                let copy = || -> io::Result<()> {
                    if let Some(parent) = target.parent() {
                        fs::create_dir_all(parent)?;
                    }
                    let (parent, name) = open_parent(&edit.path)?;
                    let mut kept = File::create(&target)?;
                    io::copy(&mut open_file(&parent, name)?, &mut kept)?;
                    kept.sync_all()
                };
                copy().map_err(failed("keep", &edit.path))?;
            }
        }
    }
    Ok(())
}

/// Performs a step, or what is left of it, and returns what a human should know.
///
/// # Errors
/// [`ApplyError`]; performing it again later continues where this ended.
pub fn perform(step: Step<'_>) -> Result<Vec<String>, ApplyError> {
    let Step { run, source, edits, check } = step;
    let mut notes = Vec::new();
    let mut open = Vec::new();
    for edit in edits {
        let now = look(&edit.path)?;
        if now.is_some_and(|now| now.is_like(&edit.to)) {
            continue;
        }
        if now.is_some_and(|now| now.is_like(&edit.from)) {
            open.push(edit);
        } else {
            notes.push(format!(
                "{} was changed by another process in the meantime and is not overwritten",
                edit.path.display()
            ));
        }
    }
    make_folders(&open, check)?;
    let result = place_files(run, source, &open, check);
    if let Err(error) = result {
        // After a crash, the next attempt finds and removes these files.
        remove_unfinished(run, &open);
        return Err(error);
    }
    for edit in open.iter().filter(|edit| edit.to == Content::Nothing && edit.from != Content::Folder) {
        remove(&edit.path, AtFlags::empty())?;
        check("removed").map_err(failed("go on after", &edit.path))?;
    }
    // Deepest first, so that each folder is already empty.
    for edit in open.iter().rev().filter(|edit| edit.to == Content::Nothing && edit.from == Content::Folder) {
        if !remove(&edit.path, AtFlags::REMOVEDIR)? {
            notes.push(format!("{} is not empty and was not removed", edit.path.display()));
        }
        check("folder removed").map_err(failed("go on after", &edit.path))?;
    }
    Ok(notes)
}

fn make_folders(open: &[&Edit], check: &mut dyn FnMut(&'static str) -> io::Result<()>) -> Result<(), ApplyError> {
    for edit in open.iter().filter(|edit| edit.to == Content::Folder) {
        let (parent, name) = open_parent(&edit.path).map_err(failed("open the folder of", &edit.path))?;
        // The umask reduces this mode.
        match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed("make", &edit.path)(error.into())),
        }
        check("folder made").map_err(failed("go on after", &edit.path))?;
    }
    Ok(())
}

/// Writes all new contents next to their targets, then renames each to its target.
fn place_files(
    run: RunId,
    source: &Path,
    open: &[&Edit],
    check: &mut dyn FnMut(&'static str) -> io::Result<()>,
) -> Result<(), ApplyError> {
    let mut written = Vec::new();
    for (number, edit) in open.iter().enumerate() {
        let Content::File { digest, mode } = edit.to else { continue };
        let (parent, name) = open_parent(&edit.path).map_err(failed("open the folder of", &edit.path))?;
        let unfinished = unfinished(run, number);
        write_beside(&parent, &unfinished, &below(source, &edit.path), (digest, mode), edit.from)
            .map_err(failed("write", &edit.path))?;
        check("written beside").map_err(failed("go on after", &edit.path))?;
        written.push((edit, parent, name, unfinished));
    }
    for (edit, parent, name, unfinished) in &written {
        rustix::fs::renameat(parent, unfinished, parent, *name)
            .map_err(|error| failed("replace", &edit.path)(error.into()))?;
        check("moved into place").map_err(failed("go on after", &edit.path))?;
    }
    for (edit, parent, ..) in &written {
        sync_folder(parent).map_err(failed("make durable", &edit.path))?;
    }
    Ok(())
}

fn write_beside(
    parent: &OwnedFd,
    name: &str,
    source: &Path,
    (digest, mode): (Digest, u32),
    from: Content,
) -> io::Result<()> {
    remove_at(parent, OsStr::new(name), AtFlags::empty())?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut target = File::from(rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(mode & MODE_BITS))?);
    let mut hasher = blake3::Hasher::new();
    let mut source = File::open(source)?;
    let mut piece = vec![0; 64 * 1024];
    loop {
        let got = source.read(&mut piece)?;
        if got == 0 {
            break;
        }
        hasher.update(&piece[..got]);
        target.write_all(&piece[..got])?;
    }
    if hasher.finalize().as_bytes() != &digest.0 {
        return Err(io::Error::other("the kept content differs from the recorded one"));
    }
    if matches!(from, Content::File { .. }) {
        // A new file obeys the umask; an existing one keeps its mode, or gets the mode that the tool set.
        rustix::fs::fchmod(&target, Mode::from_raw_mode(mode & MODE_BITS))?;
    }
    target.sync_all()
}

/// Removes the files that a failed attempt wrote next to the targets.
fn remove_unfinished(run: RunId, open: &[&Edit]) {
    for (number, edit) in open.iter().enumerate() {
        if let Ok((parent, _)) = open_parent(&edit.path) {
            // The next attempt removes what remains.
            let _ = remove_at(&parent, OsStr::new(&unfinished(run, number)), AtFlags::empty());
        }
    }
}

/// The temporary name of a new content; the catalog ignores such names.
fn unfinished(run: RunId, number: usize) -> String {
    format!("{}run-{run}-{number}", crate::catalog::UNFINISHED)
}

/// Removes a path; `false` for a folder that is not empty.
fn remove(path: &Path, flags: AtFlags) -> Result<bool, ApplyError> {
    let (parent, name) = match open_parent(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        other => other.map_err(failed("open the folder of", path))?,
    };
    let removed = remove_at(&parent, name, flags).map_err(failed("remove", path))?;
    sync_folder(&parent).map_err(failed("make durable", path))?;
    Ok(removed)
}

fn remove_at(parent: &OwnedFd, name: &OsStr, flags: AtFlags) -> io::Result<bool> {
    match rustix::fs::unlinkat(parent, name, flags) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Opens the parent folder of a path without following symbolic links.
fn open_parent(path: &Path) -> io::Result<(OwnedFd, &OsStr)> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let folder = rustix::fs::openat2(CWD, parent, flags, Mode::empty(), resolve)?;
    Ok((folder, name))
}

fn open_file(parent: impl AsFd, name: &OsStr) -> io::Result<File> {
    // Non-blocking: the path may have become a pipe since it was examined.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(parent, name, flags, Mode::empty())?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

fn sync_folder(folder: &OwnedFd) -> io::Result<()> {
    match rustix::fs::fsync(folder) {
        // Some network file systems cannot sync a folder, and there is no alternative.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The digest of a file's bytes.
pub(super) fn digest_of(file: File) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// An absolute path below a folder that mirrors the file system.
pub(super) fn below(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path.strip_prefix("/").unwrap_or(path))
}
