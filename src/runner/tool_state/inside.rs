//! The part of the inner stage: putting kept files where the tool finds them, and reading back what it left.
//!
//! Everything is done while nothing of the tool is alive. No link is followed: the folders are gone down by
//! descriptors, and only files that the user of the run owns are read.

use super::archive::{StateFile, StateFiles};
use crate::domain::{StatePath, is_loadable};
use crate::runner::sample::SampleFile;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Gid, Mode, OFlags, Uid};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Files and folders that are kept at most.
const MAX_ENTRIES: usize = 10_000;

/// Folders within folders that are gone down.
const MAX_DEPTH: usize = 32;

/// Names of what was left out that are listed.
const MAX_NOTES: usize = 5;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What a run keeps, as its plan says it. The files themselves come in a file of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) struct StateView {
    pub(in crate::runner) paths: Vec<StatePath>,
    /// Bytes that are read back at most.
    pub(in crate::runner) max_bytes: u64,
}

/// Puts the kept files below the working folder of the run, which has nothing else in it, for the user of the tool.
///
/// # Errors
/// When one cannot be written.
pub(in crate::runner) fn lay_out(
    view: &StateView,
    from: &OwnedFd,
    scratch: &Path,
    user: Option<u32>,
) -> io::Result<()> {
    let kept = read(from)?;
    let scratch = rustix::fs::open(scratch, FOLDER, Mode::empty())?;
    let owner = user.map(|user| (Uid::from_raw(user), Gid::from_raw(user)));
    let folders = view.paths.iter().filter(|path| path.is_folder).map(|path| path.path.as_str());
    for path in folders.chain(kept.folders.iter().map(String::as_str)) {
        make_folders(&scratch, path, owner)?;
    }
    // The folder of a file is there for its first run, too.
    let files = view.paths.iter().filter(|path| !path.is_folder).map(|path| path.path.as_str());
    let absent = files.filter(|path| !kept.files.contains_key(*path));
    for path in absent.chain(kept.files.keys().map(String::as_str)) {
        match kept.files.get(path) {
            Some(file) => put(&scratch, path, &file.bytes, file.is_executable, owner)?,
            None => drop(make_folders(&scratch, path.rsplit_once('/').unwrap_or(("", path)).0, owner)?),
        }
    }
    Ok(())
}

/// Puts sample files below the working folder of a trial, for the user of the tool.
///
/// # Errors
/// When one cannot be written.
pub(in crate::runner) fn put_samples(files: &[SampleFile], scratch: &Path, user: Option<u32>) -> io::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let scratch = rustix::fs::open(scratch, FOLDER, Mode::empty())?;
    let owner = user.map(|user| (Uid::from_raw(user), Gid::from_raw(user)));
    files.iter().try_for_each(|file| put(&scratch, &file.path, file.text.as_bytes(), false, owner))
}

/// Puts one new file below a folder.
fn put(top: &OwnedFd, path: &str, bytes: &[u8], is_executable: bool, owner: Option<(Uid, Gid)>) -> io::Result<()> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = make_folders(top, folder, owner)?;
    let mode = Mode::from_raw_mode(if is_executable { 0o700 } else { 0o600 });
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut target = File::from(rustix::fs::openat(&folder, name, flags, mode)?);
    target.write_all(bytes)?;
    if let Some((user, group)) = owner {
        rustix::fs::fchown(&target, Some(user), Some(group))?;
    }
    Ok(())
}

/// Makes the folders of a relative path and returns the last.
fn make_folders(top: &OwnedFd, path: &str, owner: Option<(Uid, Gid)>) -> io::Result<OwnedFd> {
    let mut folder = top.try_clone()?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        match rustix::fs::mkdirat(&folder, name, Mode::RWXU) {
            Ok(()) => {
                if let Some((user, group)) = owner {
                    rustix::fs::chownat(&folder, name, Some(user), Some(group), AtFlags::SYMLINK_NOFOLLOW)?;
                }
            }
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        folder = rustix::fs::openat(&folder, name, FOLDER, Mode::empty())?;
    }
    Ok(folder)
}

/// Makes links in the folder of the tool to where its kept files are.
///
/// # Errors
/// When one cannot be made.
pub(in crate::runner) fn link(view: &StateView, tool: &Path, scratch: &Path) -> io::Result<()> {
    for kept in &view.paths {
        let at = tool.join(&kept.path);
        if let Some(parent) = at.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::os::unix::fs::symlink(scratch.join(&kept.path), at)?;
    }
    Ok(())
}

/// Reads back what the run left, into the file that the kept files came in.
///
/// # Errors
/// When that file cannot be written.
pub(in crate::runner) fn gather(view: &StateView, into: &OwnedFd, scratch: &Path, user: Option<u32>) -> io::Result<()> {
    let owner = user.unwrap_or_else(|| rustix::process::getuid().as_raw());
    let mut gathering = Gathering { found: StateFiles::default(), room: view.max_bytes, owner, left_out: 0 };
    if let Err(fault) = gathering.all(view, scratch) {
        gathering.found = StateFiles { fault: Some(fault), ..StateFiles::default() };
    }
    if gathering.left_out > MAX_NOTES {
        gathering.found.notes.push(format!("{} more of what it kept are not kept", gathering.left_out - MAX_NOTES));
    }
    gathering.found.is_read_back = true;
    let bytes = gathering.found.encode()?;
    let mut file = File::from(into.try_clone()?);
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&bytes)
}

/// Reads an archive that came as a descriptor.
pub(super) fn read(from: &OwnedFd) -> io::Result<StateFiles> {
    let mut file = File::from(from.try_clone()?);
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    StateFiles::decode(&bytes)
}

struct Gathering {
    found: StateFiles,
    /// Bytes that still fit.
    room: u64,
    /// Who owns what is kept.
    owner: u32,
    left_out: usize,
}

impl Gathering {
    /// # Errors
    /// Why nothing may be kept, in words.
    fn all(&mut self, view: &StateView, scratch: &Path) -> Result<(), String> {
        let top = rustix::fs::openat(CWD, scratch, FOLDER, Mode::empty());
        let top = top.map_err(|error| format!("its working folder cannot be read: {error}"))?;
        for kept in &view.paths {
            let (folders, name) = kept.path.rsplit_once('/').unwrap_or(("", &kept.path));
            match descend(&top, folders) {
                Ok(folder) if is_other_kind(&folder, name, kept) => {
                    let declared = if kept.is_folder { "a folder" } else { "a file" };
                    self.leave_out(&kept.path, &format!("it is declared as {declared}"));
                }
                Ok(folder) => self.entry(&folder, name, &kept.path, 0)?,
                Err(Errno::NOENT) => {}
                Err(_) => self.leave_out(&kept.path, "it is no longer a folder"),
            }
        }
        Ok(())
    }

    fn entry(&mut self, folder: &OwnedFd, name: &str, path: &str, depth: usize) -> Result<(), String> {
        let stat = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => {
                self.leave_out(path, &error.to_string());
                return Ok(());
            }
        };
        if self.found.files.len() + self.found.folders.len() >= MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} files and folders"));
        }
        match FileType::from_raw_mode(stat.st_mode) {
            _ if is_loadable(path) => self.leave_out(path, "a run could load it as code"),
            FileType::Directory if depth >= MAX_DEPTH => self.leave_out(path, "it is nested too deeply"),
            FileType::Directory => return self.folder(folder, name, path, depth),
            FileType::RegularFile if stat.st_uid == self.owner => return self.file(folder, name, path),
            FileType::RegularFile => self.leave_out(path, "another user owns it"),
            _ => self.leave_out(path, "it is neither a file nor a folder"),
        }
        Ok(())
    }

    fn folder(&mut self, folder: &OwnedFd, name: &str, path: &str, depth: usize) -> Result<(), String> {
        let inner = match rustix::fs::openat(folder, name, FOLDER, Mode::empty()) {
            Ok(inner) => inner,
            Err(error) => {
                self.leave_out(path, &error.to_string());
                return Ok(());
            }
        };
        self.found.folders.insert(path.to_owned());
        let entries = Dir::read_from(&inner).map_err(|error| format!("{path} cannot be read: {error}"))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{path} cannot be read: {error}"))?;
            match entry.file_name().to_str() {
                Ok("." | "..") => {}
                Ok(name) => self.entry(&inner, name, &format!("{path}/{name}"), depth + 1)?,
                Err(_) => self.leave_out(&format!("{path}/…"), "its name is not UTF-8"),
            }
        }
        Ok(())
    }

    fn file(&mut self, folder: &OwnedFd, name: &str, path: &str) -> Result<(), String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(folder, name, flags, Mode::empty());
        let (file, mode) =
            match opened.and_then(|file| rustix::fs::fstat(file.as_fd()).map(|stat| (file, stat.st_mode))) {
                Ok(opened) => opened,
                Err(error) => {
                    self.leave_out(path, &error.to_string());
                    return Ok(());
                }
            };
        let mut bytes = Vec::new();
        // One byte more than fits: a file with holes says more than it takes.
        let read = File::from(file).take(self.room + 1).read_to_end(&mut bytes);
        let read = read.map_err(|error| format!("{path} cannot be read: {error}"))? as u64;
        self.room = self.room.checked_sub(read).ok_or_else(|| OVER.to_owned())?;
        let file = StateFile { bytes, is_executable: mode & 0o100 != 0 };
        self.found.files.insert(path.to_owned(), file);
        Ok(())
    }

    fn leave_out(&mut self, path: &str, why: &str) {
        self.left_out += 1;
        if self.left_out <= MAX_NOTES {
            self.found.notes.push(format!("not kept: {path} ({why})"));
        }
    }
}

/// Whether a file is where a folder is declared, or the other way around.
fn is_other_kind(folder: &OwnedFd, name: &str, kept: &StatePath) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => !kept.is_folder,
            FileType::RegularFile => kept.is_folder,
            _ => false,
        }
    })
}

/// The fault of a run that left more than it may keep.
pub(super) const OVER: &str = "it is larger than it may be";

/// Goes down a relative path.
fn descend(top: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
    let mut folder = rustix::io::fcntl_dupfd_cloexec(top, 3)?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        folder = rustix::fs::openat(&folder, name, FOLDER, Mode::empty())?;
    }
    Ok(folder)
}
