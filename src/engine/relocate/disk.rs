//! The few things a move does on disk, each durable when it returns, and what a folder holds.

use crate::catalog::{UNFINISHED, is_left_out};
use crate::domain::{FileMode, VersionFile};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// More bytes than a tool may have: such a folder is not a known version and is not read.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Where Python keeps what it compiled.
const CACHE: &str = "__pycache__";

/// More files than a tool may have.
const MAX_FILES: usize = 2_000;

/// What a folder holds, apart from what interpreters leave behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    /// Files, in ascending order of path; `None` when it is too much, or not only files, to be a version.
    pub files: Option<Vec<VersionFile>>,
    /// Paths that are no part of a version but must not be deleted.
    pub apart: Vec<String>,
}

/// Whether something is there, a broken link too.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a path is a real folder, not a link to one.
pub(super) fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir())
}

/// Whether something is there that is not a regular file with these bytes.
pub(super) fn differs(path: &Path, bytes: &[u8]) -> bool {
    match fs::symlink_metadata(path) {
        Err(error) => error.kind() != io::ErrorKind::NotFound,
        Ok(meta) if !meta.is_file() || meta.len() != bytes.len() as u64 => true,
        Ok(_) => fs::read(path).map_or(true, |have| have != bytes),
    }
}

/// Whether a path does not hold a regular file with these bytes, also when nothing is there.
pub(super) fn lacks(path: &Path, bytes: &[u8]) -> bool {
    !exists(path) || differs(path, bytes)
}

/// Writes a new file, or over a leftover of an earlier attempt, and waits for the disk.
pub(super) fn write(path: &Path, file: &VersionFile) -> io::Result<()> {
    write_unsynced(path, file)?.sync_all()
}

/// The same without waiting for the disk: what [`sync_all`] is for.
pub(super) fn write_unsynced(path: &Path, file: &VersionFile) -> io::Result<File> {
    // The umask of the user takes its part away.
    let mode = if file.mode == FileMode::Executable { 0o777 } else { 0o666 };
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut handle = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    handle.write_all(&file.bytes)?;
    Ok(handle)
}

/// Waits until everything that was written to the file system of a folder is durable.
pub(super) fn sync_all(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

/// Makes the entries of a folder durable.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(path)?.sync_all() {
        // Some network file systems cannot do this for a folder; there is nothing better to do.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

/// Gives two paths each other's content in one step. `false` when the file system cannot.
pub(super) fn exchange(one: &Path, other: &Path) -> io::Result<bool> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Renames without ever replacing what is at the target.
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if exists(to) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(from, to),
        other => Ok(other?),
    }
}

/// What is known of a folder before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected<'a> {
    /// Paths of a version: part of it whatever they are called.
    pub version: &'a [&'a str],
    /// Paths that are next to a version and are no part of it.
    pub beside: &'a [&'a str],
}

/// Reads what a folder holds.
pub(super) fn contents(folder: &Path, expected: Expected<'_>) -> io::Result<Contents> {
    let mut walk = Walk { expected, contents: Contents { files: Some(Vec::new()), apart: Vec::new() }, bytes: 0 };
    if is_folder(folder) {
        walk.folder(folder, "")?;
    } else {
        walk.contents.files = None;
    }
    if let Some(files) = &mut walk.contents.files {
        files.sort();
    }
    walk.contents.apart.sort();
    Ok(walk.contents)
}

struct Walk<'a> {
    expected: Expected<'a>,
    contents: Contents,
    bytes: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                self.contents.files = None;
                continue;
            };
            let path = format!("{prefix}{name}");
            let meta = entry.metadata()?;
            if self.expected.beside.contains(&path.as_str()) {
                continue;
            }
            let part = if self.belongs(&path) { Part::Version } else { part(&name, prefix) };
            match part {
                Part::Litter if meta.is_file() => {}
                Part::Litter | Part::Apart => self.contents.apart.push(path),
                Part::Version | Part::Cache if meta.is_dir() => self.folder(&entry.path(), &format!("{path}/"))?,
                Part::Version | Part::Cache => self.file(&entry.path(), path, &meta)?,
            }
        }
        Ok(())
    }

    /// Whether this is a file of the expected version, or a folder on the way to one.
    fn belongs(&self, path: &str) -> bool {
        let leads_to =
            |file: &&str| file.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.expected.version.iter().any(leads_to)
    }

    fn file(&mut self, full: &Path, path: String, meta: &fs::Metadata) -> io::Result<()> {
        self.bytes += meta.len();
        let fits = meta.is_file() && self.bytes <= MAX_BYTES;
        match &mut self.contents.files {
            Some(files) if fits && files.len() < MAX_FILES => {
                let executable = meta.permissions().mode() & 0o111 != 0;
                let mode = if executable { FileMode::Executable } else { FileMode::Plain };
                files.push(VersionFile { path, mode, bytes: fs::read(full)? });
            }
            files => *files = None,
        }
        Ok(())
    }
}

/// What something in a tool's folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Part of a version.
    Version,
    /// Left behind by an interpreter, a desktop or an attempt of ours; goes with the folder.
    Litter,
    /// A folder of litter; what else is in it stands apart.
    Cache,
    /// No part of a version, but somebody's work.
    Apart,
}

/// What a name below `prefix` stands for.
fn part(name: &str, prefix: &str) -> Part {
    if is_litter(name) {
        Part::Litter
    } else if name == CACHE {
        Part::Cache
    } else if is_left_out(name) || prefix.split('/').any(|folder| folder == CACHE) {
        Part::Apart
    } else {
        Part::Version
    }
}

fn is_litter(name: &str) -> bool {
    name == ".DS_Store"
        || name.starts_with(UNFINISHED)
        || Path::new(name).extension().is_some_and(|extension| extension == "pyc")
}

/// Deletes litter and folders that are empty without it, the folder itself last. What is not empty stays.
pub(super) fn remove_emptied(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let part = entry.file_name().to_str().map_or(Part::Apart, |name| part(name, ""));
        match (part, entry.file_type()?.is_dir()) {
            (Part::Version | Part::Cache, true) => remove_emptied(&entry.path())?,
            (Part::Litter, false) => fs::remove_file(entry.path())?,
            (Part::Version | Part::Cache, false) | (Part::Litter, true) | (Part::Apart, _) => {}
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
        other => other,
    }
}
