//! Kept copies of versions, by digest. The reviewed bytes are the bytes that run, whatever happens in the workspace.
//!
//! A copy appears completely or not at all: it is written into `versions/.incoming/`, flushed, and renamed to
//! `versions/DIGEST`. Its files have mode 0444 or 0555 and its folders 0555, so that a running tool cannot leave a
//! `__pycache__` beside its code. File modes prevent accidents; they do not stop root or the owner. To rely on a copy,
//! read it through [`Copies::get`] or call [`Copies::check`]: both hash it again.
//!
//! This module does not use SQL. It deletes only what a killed process left incomplete, and copies that a caller
//! discards because they can be sent again.

use super::error::safe;
use super::held::HeldLock;
use crate::domain::{Digest, FileMode, SafeText, VersionFile, count};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The copies kept for one workspace.
#[derive(Debug, Clone)]
pub struct Copies {
    dir: PathBuf,
    /// While this is set, no new copy is kept: a change is only tried.
    frozen: Arc<AtomicBool>,
}

/// Why a copy could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A path in the version cannot be a path in a copy.
    #[error("the path {} cannot be stored: {why}", SafeText::new(.path))]
    BadPath {
        /// Path as the version has it.
        path: String,
        /// What is wrong with the path.
        why: &'static str,
    },
    /// The files do not have the digest that was stated.
    #[error("the files have the digest {}, not {}: they changed during reading", .found.short(), .expected.short())]
    WrongDigest {
        /// The stated digest.
        expected: Digest,
        /// The digest of the files.
        found: Digest,
    },
    /// No copy is kept.
    #[error("no copy of {} is kept", .0.short())]
    Missing(Digest),
    /// The copy has changed since it was made.
    #[error("the copy of {} is damaged: {fault}", .digest.short())]
    Damaged {
        /// Digest that the copy should have.
        digest: Digest,
        /// What is wrong with it.
        fault: String,
    },
    /// The file system reported an error.
    #[error("cannot keep or read a copy at {}: {source}", safe(.path))]
    Io {
        /// Path inside the store of copies.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
}

impl CopyError {
    fn io(path: &Path) -> impl FnOnce(io::Error) -> CopyError {
        let path = path.to_owned();
        move |source| CopyError::Io { path, source }
    }
}

impl Copies {
    /// The copies in the state folder of a workspace. Does not access the file system.
    pub fn new(state_dir: &Path) -> Copies {
        Copies { dir: state_dir.join("versions"), frozen: Arc::default() }
    }

    /// Whether new copies are only checked from now on, and not kept.
    pub fn freeze(&self, is_frozen: bool) {
        self.frozen.store(is_frozen, Ordering::SeqCst);
    }

    /// Where the copy of a version is, or would be.
    pub fn path(&self, digest: Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }

    /// Whether a copy is kept. Only [`Copies::check`] tells whether it is intact.
    pub fn has(&self, digest: Digest) -> bool {
        self.path(digest).is_dir()
    }

    /// Keeps a copy of a version and returns its folder. An existing copy is checked instead; a damaged one is moved
    /// aside and made again. Several processes may keep the same version at once.
    ///
    /// # Errors
    /// [`CopyError::WrongDigest`] when the files are not that version, [`CopyError::BadPath`] for a path that leaves
    /// the folder or occurs twice, [`CopyError::Io`] when the file system reports an error; then no copy appears.
    pub fn put(&self, digest: Digest, files: &[VersionFile]) -> Result<PathBuf, CopyError> {
        check_paths(files)?;
        let found = Digest::of_files(files);
        if found != digest {
            return Err(CopyError::WrongDigest { expected: digest, found });
        }
        let target = self.path(digest);
        if self.frozen.load(Ordering::SeqCst) {
            return Ok(target);
        }
        if !self.has(digest) {
            self.make(&target, files)?;
        }
        if let Err(CopyError::Damaged { .. }) = self.get(digest) {
            self.put_aside(&target)?;
            self.make(&target, files)?;
        }
        self.get(digest)?;
        // Only here, because a read-only folder cannot be moved. Done again for a copy whose process was killed between
        // the two steps.
        set_mode(&target, 0o555).map_err(CopyError::io(&target))?;
        Ok(target)
    }

    /// Keeps copies of several versions as [`Copies::put`] does, but flushes to disk only once before and once after
    /// they appear.
    ///
    /// # Errors
    /// As for [`Copies::put`]; then some copies may have appeared, each of them complete.
    pub fn put_all(&self, versions: &[(Digest, &[VersionFile])]) -> Result<(), CopyError> {
        let mut new = BTreeMap::new();
        for (digest, files) in versions {
            check_paths(files)?;
            let found = Digest::of_files(files);
            if found != *digest {
                return Err(CopyError::WrongDigest { expected: *digest, found });
            }
            if !self.frozen.load(Ordering::SeqCst) && !self.has(*digest) {
                new.insert(*digest, *files);
            }
        }
        if !new.is_empty() {
            self.make_all(&new)?;
        }
        versions.iter().try_for_each(|(digest, files)| self.put(*digest, files).map(drop))
    }

    /// Reads a copy and verifies it.
    ///
    /// # Errors
    /// [`CopyError::Missing`] when there is none, [`CopyError::Damaged`] when its bytes, modes or paths do not match
    /// the digest.
    pub fn get(&self, digest: Digest) -> Result<Vec<VersionFile>, CopyError> {
        if !self.has(digest) {
            return Err(CopyError::Missing(digest));
        }
        let damaged = |fault| CopyError::Damaged { digest, fault };
        let mut files = Vec::new();
        read_folder(&self.path(digest), "", &mut files).map_err(damaged)?;
        files.sort();
        let found = Digest::of_files(&files);
        if found != digest {
            return Err(damaged(format!(
                "its content ({}) has the digest {}",
                count(files.len(), "file"),
                found.short()
            )));
        }
        Ok(files)
    }

    /// Reads a copy and describes what is wrong with it.
    ///
    /// # Errors
    /// One line that names the version and the fault.
    pub fn check(&self, digest: Digest) -> Result<(), String> {
        self.get(digest).map(drop).map_err(|error| error.to_string())
    }

    /// The digests of all kept copies, ascending.
    ///
    /// # Errors
    /// [`CopyError::Io`] when the folder cannot be read. A missing folder holds no copies.
    pub fn all(&self) -> Result<Vec<Digest>, CopyError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(CopyError::io(&self.dir))?,
        };
        let mut digests = BTreeSet::new();
        for entry in entries {
            let name = entry.map_err(CopyError::io(&self.dir))?.file_name();
            digests.extend(name.to_str().and_then(|text| text.parse::<Digest>().ok()));
        }
        Ok(digests.into_iter().collect())
    }

    /// Removes a copy. A concurrent reader finds all of it or nothing.
    ///
    /// # Errors
    /// [`CopyError::Io`] when it cannot be removed.
    pub fn discard(&self, digest: Digest) -> Result<(), CopyError> {
        let (target, incoming) = (self.path(digest), self.incoming());
        let removed = fs::create_dir_all(&incoming).and_then(|()| {
            let lock = self.lock_file()?;
            lock.lock_shared()?;
            let aside = tempfile::tempdir_in(&incoming)?.keep();
            // A read-only folder cannot be moved.
            set_mode(&target, 0o755)?;
            fs::rename(&target, &aside)?;
            remove_tree(&aside)
        });
        removed.map_err(CopyError::io(&target))
    }

    /// Removes incomplete copies of killed processes; returns how many. Does nothing while another process makes a
    /// copy: that process or the next sweep removes them.
    pub(super) fn sweep(&self) -> io::Result<usize> {
        let incoming = self.incoming();
        if !incoming.is_dir() {
            return Ok(0);
        }
        let lock = self.lock_file()?;
        if lock.try_lock().is_err() {
            return Ok(0);
        }
        let mut swept = 0;
        for entry in fs::read_dir(&incoming)? {
            remove_tree(&entry?.path())?;
            swept += 1;
        }
        Ok(swept)
    }

    /// Moves a damaged copy aside. It stays in the store for later inspection.
    fn put_aside(&self, target: &Path) -> Result<(), CopyError> {
        let damaged = self.dir.join(".damaged");
        let moved = fs::create_dir_all(&damaged).and_then(|()| {
            let aside = tempfile::tempdir_in(&damaged)?.keep();
            // A read-only folder cannot be moved.
            set_mode(target, 0o755)?;
            fs::rename(target, aside.join(target.file_name().unwrap_or_default()))
        });
        match moved {
            // Another process was faster.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            moved => moved.map_err(CopyError::io(target)),
        }
    }

    /// Folder for incomplete copies, on the same file system as the finished ones.
    fn incoming(&self) -> PathBuf {
        self.dir.join(".incoming")
    }

    /// The lock file: shared by processes that write copies, exclusive for a sweep.
    fn lock_file(&self) -> io::Result<HeldLock> {
        OpenOptions::new().create(true).append(true).open(self.dir.join(".lock")).map(HeldLock::of)
    }

    fn make_all(&self, versions: &BTreeMap<Digest, &[VersionFile]>) -> Result<(), CopyError> {
        let incoming = self.incoming();
        fs::create_dir_all(&incoming).map_err(CopyError::io(&incoming))?;
        let lock = self.lock_file().map_err(CopyError::io(&self.dir))?;
        lock.lock_shared().map_err(CopyError::io(&self.dir))?;
        let mut written = Vec::with_capacity(versions.len());
        let made = versions.iter().try_for_each(|(digest, files)| {
            let folder = tempfile::tempdir_in(&incoming).map_err(CopyError::io(&incoming))?.keep();
            written.push((*digest, folder.clone()));
            write_files(&folder, files, false).map_err(CopyError::io(&folder))
        });
        let synced = made.and_then(|()| {
            let synced = File::open(&incoming).and_then(|folder| Ok(rustix::fs::syncfs(folder)?));
            synced.map_err(CopyError::io(&incoming))
        });
        let placed = synced.and_then(|()| {
            written.iter().try_for_each(|(digest, folder)| {
                let target = self.path(*digest);
                rename_unless_there(folder, &target).map_err(CopyError::io(&target))
            })
        });
        for (_, folder) in written.iter().filter(|(_, folder)| folder.exists()) {
            // The next sweep removes what cannot be removed now.
            let _ = remove_tree(folder);
        }
        placed?;
        sync_folder(&self.dir).map_err(CopyError::io(&self.dir))
    }

    fn make(&self, target: &Path, files: &[VersionFile]) -> Result<(), CopyError> {
        let incoming = self.incoming();
        fs::create_dir_all(&incoming).map_err(CopyError::io(&incoming))?;
        let lock = self.lock_file().map_err(CopyError::io(&self.dir))?;
        lock.lock_shared().map_err(CopyError::io(&self.dir))?;
        let folder = tempfile::tempdir_in(&incoming).map_err(CopyError::io(&incoming))?.keep();
        let made = write_files(&folder, files, true).and_then(|()| rename_unless_there(&folder, target));
        if made.is_err() || folder.exists() {
            // The next sweep removes what cannot be removed now.
            let _ = remove_tree(&folder);
        }
        made.map_err(CopyError::io(target))?;
        sync_folder(&self.dir).map_err(CopyError::io(&self.dir))
    }
}

/// Whether every path stays inside the folder, and none occurs twice.
fn check_paths(files: &[VersionFile]) -> Result<(), CopyError> {
    let bad = |path: &str, why| Err(CopyError::BadPath { path: path.to_owned(), why });
    let mut seen = BTreeSet::new();
    for VersionFile { path, .. } in files {
        if path.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
            return bad(path, "each part of the path needs a normal name");
        }
        if path.contains('\0') {
            return bad(path, "it contains a NUL byte");
        }
        if !seen.insert(path) {
            return bad(path, "it occurs twice");
        }
    }
    Ok(())
}

/// Writes everything below `folder`, and makes all of it read-only except `folder` itself. Flushes it if asked to.
fn write_files(folder: &Path, files: &[VersionFile], flushes: bool) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for file in files {
        let path = folder.join(&file.path);
        let inner = path.ancestors().skip(1).take_while(|parent| *parent != folder);
        folders.extend(inner.map(Path::to_owned));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = File::create_new(&path)?;
        out.write_all(&file.bytes)?;
        let mode = if file.mode == FileMode::Executable { 0o555 } else { 0o444 };
        out.set_permissions(Permissions::from_mode(mode))?;
        if flushes {
            out.sync_all()?;
        }
    }
    // Deepest first: a folder sorts before its content.
    for inner in folders.iter().rev() {
        set_mode(inner, 0o555)?;
        if flushes {
            sync_folder(inner)?;
        }
    }
    if flushes { sync_folder(folder) } else { Ok(()) }
}

/// Renames `from` to `to`. If another process was faster, its copy stays.
fn rename_unless_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty) => Ok(()),
        other => other,
    }
}

/// Reads the regular files below `folder`, which is `at` within the copy (empty for the top). Anything else in there is
/// a fault.
fn read_folder(folder: &Path, at: &str, files: &mut Vec<VersionFile>) -> Result<(), String> {
    let before = files.len();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(at, &error))? {
        let entry = entry.map_err(|error| unreadable(at, &error))?;
        let name = entry.file_name().into_string();
        let name = name.map_err(|_| format!("{} contains a name that is not UTF-8", place(at)))?;
        let path = if at.is_empty() { name } else { format!("{at}/{name}") };
        // The type of the entry itself: symbolic links are not followed.
        let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
        if kind.is_dir() {
            read_folder(&entry.path(), &path, files)?;
        } else if kind.is_file() {
            let (mode, bytes) = read_file(&entry.path()).map_err(|error| unreadable(&path, &error))?;
            files.push(VersionFile { path, mode, bytes });
        } else {
            return Err(format!("{} is neither a file nor a folder", place(&path)));
        }
    }
    if files.len() == before && !at.is_empty() {
        return Err(format!("{} is an empty folder, which a version cannot contain", place(at)));
    }
    Ok(())
}

fn read_file(path: &Path) -> io::Result<(FileMode, Vec<u8>)> {
    let bits = fs::symlink_metadata(path)?.permissions().mode();
    let mode = if bits & 0o111 == 0 { FileMode::Plain } else { FileMode::Executable };
    Ok((mode, fs::read(path)?))
}

fn unreadable(path: &str, error: &io::Error) -> String {
    format!("{} cannot be read: {error}", place(path))
}

fn place(path: &str) -> SafeText {
    SafeText::new(if path.is_empty() { "its folder" } else { path })
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    let permissions = fs::symlink_metadata(path)?.permissions();
    if permissions.mode() & 0o7777 == mode { Ok(()) } else { fs::set_permissions(path, Permissions::from_mode(mode)) }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Removes a folder that contains read-only folders.
fn remove_tree(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    set_mode(path, 0o700)?;
    for entry in fs::read_dir(path)? {
        remove_tree(&entry?.path())?;
    }
    fs::remove_dir(path)
}

#[cfg(test)]
#[path = "copies_tests.rs"]
mod tests;
