//! Finds the state of a workspace by an id in the workspace itself, so that a moved folder keeps its history.
//!
//! The id is in `.toolsmith/`, a folder that git ignores. Its file name is specific to this user, and it has a seal
//! that only this user's state can create: an id that came with a repository means nothing. The id is only a hint,
//! because the state knows the path, device and inode of its folder. A folder with the id of another folder that still
//! exists, or of one on another disk, is a copy until a human says otherwise. A workspace that cannot be written has no
//! id and is identified by its path. So is a folder that is not a workspace yet: viewing it writes nothing into it.

use super::home::{Home, is_workspace, path_state_dir};
use crate::domain::Digest;
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::LogEnd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder in the workspace.
const FOLDER: &str = ".toolsmith";

/// The record about the workspace, in the state folder.
const RECORD: &str = "workspace.json";

/// Maximum size of a file with an id, in bytes.
const MAX_BYTES: u64 = 512;

/// The state folder of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its path; it may not exist yet.
    pub dir: PathBuf,
    /// The workspace with the same id whose history this one did not get. A human has not yet said whether this is the
    /// same workspace, moved.
    pub copy_of: Option<PathBuf>,
}

/// The record of a state about its workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    id: String,
    path: PathBuf,
    dev: u64,
    ino: u64,
    /// The state folder of the workspace that this one seems to be a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copy_of: Option<String>,
}

/// A state folder and its record.
#[derive(Debug, Clone)]
struct Known {
    dir: PathBuf,
    record: Record,
}

/// The workspace as it is on disk.
struct Here {
    path: PathBuf,
    dev: u64,
    ino: u64,
    folder: OwnedFd,
}

/// Finds the state of a workspace and records the path of the workspace. If nothing can be recorded, the result stays
/// the same as long as the workspace is not moved.
pub fn locate(home: &Home, workspace: &Path) -> Located {
    let by_path = Located { dir: path_state_dir(home, workspace), copy_of: None };
    let Ok(here) = Here::of(workspace) else { return by_path };
    let Ok(secret) = secret(home) else { return known_path(home, &here).unwrap_or(by_path) };
    // The usual case neither writes nor waits.
    let states = states(home);
    let id = here.read_id(&secret);
    let same = |known: &&Known| Some(&known.record.id) == id.as_ref() && here.is_at(&known.record);
    if let Some(known) = states.iter().find(same) {
        return known.located(home);
    }
    let lock = File::options().create(true).append(true).open(home.data.join("identity.lock"));
    let Ok(_turn) = lock.and_then(|file| file.lock().map(|()| file)) else {
        return known_path(home, &here).unwrap_or(by_path);
    };
    settle(home, &here, &secret, &by_path.dir).unwrap_or(by_path)
}

/// Determines the state folder, and records changes. The caller holds the lock.
fn settle(home: &Home, here: &Here, secret: &[u8], by_path: &Path) -> io::Result<Located> {
    let states = states(home);
    let id = here.read_id(secret);
    let named = id.as_ref().and_then(|id| states.iter().find(|known| known.record.id == *id));
    let mut copy_of = None;
    let at_path = states.iter().find(|known| known.record.path == here.path);
    let known = match named {
        Some(known) if here.is_at(&known.record) || here.was(&known.record, secret) => Some(known.clone()),
        Some(known) => {
            copy_of = known.dir.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            // An earlier attempt was interrupted between writing the record and the id.
            at_path.filter(|known| known.record.copy_of == copy_of).cloned()
        }
        // Its id was removed (`git clean`), or it never had one.
        None => at_path.cloned(),
    };
    let was_here = id.is_some() && named.is_none();
    let (dir, id, copy_of) = if let Some(Known { dir, record }) = known {
        (dir, record.id, record.copy_of)
    } else {
        let is_taken = states.iter().any(|known| known.dir == by_path);
        let id = id.filter(|_| was_here).map_or_else(random, Ok)?;
        let dir = if is_taken { sibling(by_path, &id) } else { by_path.to_owned() };
        (dir, id, copy_of)
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    if was_here && !dir.join("store.db").exists() && LogEnd::read(&dir).is_none() {
        // This workspace had a state whose folder is missing. This is a loss, not a new workspace.
        LogEnd::default().write(&dir)?;
    }
    let record = Record { id, path: here.path.clone(), dev: here.dev, ino: here.ino, copy_of };
    if read_record(&dir).as_ref() != Some(&record) {
        write_record(&dir, &record)?;
    }
    // A workspace that cannot be written is identified by the path in the record, like a folder that is only viewed.
    if is_workspace(&here.path) {
        let _ = here.write_id(secret, &record.id);
    }
    Ok(Known { dir, record }.located(home))
}

/// The state whose workspace was last seen at this path.
fn known_path(home: &Home, here: &Here) -> Option<Located> {
    states(home).into_iter().find(|known| known.record.path == here.path).map(|known| known.located(home))
}

/// The question about a folder that seems to be a copy, and the effects of agreeing.
///
/// # Errors
/// `NotFound` when it does not seem to be a copy; `Internal` when the workspace cannot be examined.
pub fn plan_copy_answer(home: &Home, workspace: &Path, is_same: bool) -> Result<(String, Vec<String>), EngineError> {
    let here = Here::of(workspace).map_err(EngineError::internal)?;
    let mut all = states(home).into_iter().filter(|known| here.is_at(&known.record));
    let original = all.find_map(|known| known.located(home).copy_of).ok_or_else(no_copy)?;
    let old = original.display();
    if !is_same {
        let lines = vec![format!("the history stays with {old}; its approvals do not apply here")];
        return Ok(("Keep this folder as a separate workspace?".to_owned(), lines));
    }
    let mut lines = vec!["earlier decisions in this folder are set aside and no longer apply".to_owned()];
    if Here::of(&original).is_ok() {
        lines.push(format!(
            "{old} still exists: it loses its approvals, runs and log, and becomes a copy of this folder"
        ));
    }
    Ok((format!("Move the history of {old} to this folder?"), lines))
}

fn no_copy() -> EngineError {
    let message = "this workspace does not seem to be a copy of another one";
    EngineError::new(ErrorCode::NotFound, message, "`toolsmith doctor` reports copies")
}

/// Records the answer about a workspace that seems to be a copy. If it is the same workspace, it gets the original
/// history, and its own later changes are set aside. If it is a copy, it keeps its own history.
///
/// # Errors
/// `NotFound` when it does not seem to be a copy; `Internal` when the answer cannot be stored.
pub fn answer_copy(home: &Home, workspace: &Path, is_same: bool) -> Result<String, EngineError> {
    let here = Here::of(workspace).map_err(EngineError::internal)?;
    let lock = File::options().create(true).append(true).open(home.data.join("identity.lock"));
    let _turn = lock.and_then(|file| file.lock().map(|()| file)).map_err(EngineError::internal)?;
    let mut all = states(home).into_iter();
    let mine = all.find(|known| here.is_at(&known.record) && known.record.copy_of.is_some()).ok_or_else(no_copy)?;
    let original = mine.record.copy_of.clone().unwrap_or_default();
    if !is_same {
        let record = Record { copy_of: None, ..mine.record };
        write_record(&mine.dir, &record).map_err(EngineError::internal)?;
        return Ok("it is a copy with a separate history".to_owned());
    }
    let dir = mine.dir.with_file_name(&original);
    let record = read_record(&dir).ok_or_else(no_copy)?;
    let secret = secret(home).map_err(EngineError::internal)?;
    let gone = record.path.clone();
    let record = Record { path: here.path.clone(), dev: here.dev, ino: here.ino, ..record };
    // The copy's own record is removed first, so that a workspace never has two states.
    let aside = mine.dir.join("workspace.replaced.json");
    let moved = fs::rename(mine.dir.join(RECORD), aside);
    let written = moved.and_then(|()| write_record(&dir, &record)).and_then(|()| here.write_id(&secret, &record.id));
    written.map_err(EngineError::internal)?;
    Ok(format!(
        "it is the workspace formerly at {}, with its history; later changes are kept in {}",
        gone.display(),
        mine.dir.display()
    ))
}

impl Known {
    fn located(&self, home: &Home) -> Located {
        let original = self.record.copy_of.as_ref().map(|name| home.data.join("workspaces").join(name));
        let copy_of = original.and_then(|dir| read_record(&dir)).map(|record| record.path);
        Located { dir: self.dir.clone(), copy_of }
    }
}

impl Here {
    fn of(workspace: &Path) -> io::Result<Here> {
        let path = workspace.canonicalize()?;
        if path.to_str().is_none() {
            // A record is text; a workspace with another path is identified by the digest of its path.
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(CWD, &path, flags, Mode::empty())?;
        let found = rustix::fs::fstat(&folder)?;
        Ok(Here { path, dev: found.st_dev, ino: found.st_ino, folder })
    }

    /// Whether a record describes this folder at its present path.
    fn is_at(&self, record: &Record) -> bool {
        record.path == self.path || self.is_alias(record)
    }

    /// Whether the same folder has two paths, for example through a bind mount.
    fn is_alias(&self, record: &Record) -> bool {
        record.path.metadata().is_ok_and(|found| (found.dev(), found.ino()) == (self.dev, self.ino))
    }

    /// Whether a record describes this folder at an earlier path that it has left.
    fn was(&self, record: &Record, secret: &[u8]) -> bool {
        let left = Here::of(&record.path).map_or(true, |there| there.read_id(secret).as_ref() != Some(&record.id));
        left && (record.dev, record.ino) == (self.dev, self.ino)
    }

    /// The id in the workspace; `None` without an id sealed by this user. Follows no symbolic link.
    fn read_id(&self, secret: &[u8]) -> Option<String> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let folder = rustix::fs::openat(&self.folder, FOLDER, flags | OFlags::DIRECTORY, Mode::empty()).ok()?;
        let file = File::from(rustix::fs::openat(&folder, name(secret), flags, Mode::empty()).ok()?);
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut text = String::new();
        file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
        let (id, sealed) = text.trim_end().split_once(' ')?;
        (seal(secret, id) == sealed).then(|| id.to_owned())
    }

    /// Writes the id into the workspace atomically, in a folder that git ignores. Follows no symbolic link.
    fn write_id(&self, secret: &[u8], id: &str) -> io::Result<()> {
        if self.read_id(secret).as_deref() == Some(id) {
            return Ok(());
        }
        match rustix::fs::mkdirat(&self.folder, FOLDER, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::DIRECTORY;
        let folder = rustix::fs::openat(&self.folder, FOLDER, flags, Mode::empty())?;
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&folder, ".gitignore", new, Mode::from_raw_mode(0o644)) {
            Ok(file) => File::from(file).write_all(b"*\n")?,
            Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let (name, temporary) = (name(secret), format!(".{}.new", random()?));
        let file = rustix::fs::openat(&folder, &temporary, new, Mode::from_raw_mode(0o600))?;
        let written = File::from(file).write_all(format!("{id} {}\n", seal(secret, id)).as_bytes());
        let placed = written.and_then(|()| Ok(rustix::fs::renameat(&folder, &temporary, &folder, &name)?));
        if placed.is_err() {
            // Best effort: the file is empty or incomplete, and nothing reads it.
            let _ = rustix::fs::unlinkat(&folder, &temporary, AtFlags::empty());
        }
        placed
    }
}

/// The name of the file with the id. It is specific to user and machine, so that nobody can replace another user's
/// file.
fn name(secret: &[u8]) -> String {
    format!("id-{}", Digest::of_bytes(&[b"name of ", secret].concat()).short())
}

/// The seal of an id, which only this user can create.
fn seal(secret: &[u8], id: &str) -> String {
    Digest::of_bytes(&[b"seal of ", secret, id.as_bytes()].concat()).hex()
}

fn random() -> io::Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(Digest(bytes).hex())
}

/// The secret for this user's seals. The first use creates it, in one process only.
fn secret(home: &Home) -> io::Result<Vec<u8>> {
    let path = home.data.join("identity.key");
    let read = || {
        fs::read(&path).and_then(|key| if key.len() == 64 { Ok(key) } else { Err(io::ErrorKind::InvalidData.into()) })
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&home.data)?;
    let mut file = tempfile::Builder::new().prefix(".identity-").tempfile_in(&home.data)?;
    file.write_all(random()?.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(&path) {
        Ok(_) => {}
        // Another process was faster.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error),
    }
    read()
}

/// Every state folder with a record.
fn states(home: &Home) -> Vec<Known> {
    let entries = fs::read_dir(home.data.join("workspaces")).into_iter().flatten().flatten();
    let known = entries.filter_map(|entry| Some(Known { dir: entry.path(), record: read_record(&entry.path())? }));
    known.collect()
}

fn read_record(dir: &Path) -> Option<Record> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(dir.join(RECORD)).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(64 * 1024).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn write_record(dir: &Path, record: &Record) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".workspace-").tempfile_in(dir)?;
    serde_json::to_writer(&mut file, record)?;
    file.as_file().sync_all()?;
    file.persist(dir.join(RECORD)).map(drop).map_err(|error| error.error)
}

/// Another folder, if the usual one belongs to an earlier workspace at this path.
fn sibling(dir: &Path, id: &str) -> PathBuf {
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    dir.with_file_name(format!("{name}-{}", id.get(..8).unwrap_or(id)))
}
