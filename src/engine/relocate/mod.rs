//! Moving a version from one place in the workspace to another, and committing the move.
//!
//! A move is planned in the transaction that decides it and performed afterwards. It can be interrupted at any point
//! (kill -9, power failure, full disk) and performed again from the start: the result is the same, with one commit. The
//! bytes come from the kept copy, never from the workspace, so that the target contains what was approved. Nothing is
//! deleted unless a copy of it is kept: it stays, or is set aside, and a note says where.
//!
//! This module decides nothing, writes no rows, and expects that only one move happens at a time.

mod beside;
mod disk;
mod folder;
mod loose;
#[cfg(test)]
mod tests;

pub use beside::perform_beside;

use super::core::{APPROVAL_FILE, CommitNote, Relocation, Touched};
use super::error::{EngineError, ErrorCode};
use crate::domain::{Digest, Placement, Stage, ToolName, VersionFile};
use crate::vcs::{Commit, Git, GitError};
use std::collections::BTreeSet;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The result of a move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// The abbreviated hash of its commit; `None` when there is no git, or no tracked file changed.
    pub commit: Option<String>,
    /// What a human should know: files that stayed, folders set aside, a missing signature.
    pub notes: Vec<String>,
}

/// Why a move is not complete. It can always be performed again.
#[derive(Debug, thiserror::Error)]
pub enum RelocateError {
    /// An error of the file system.
    #[error("failed to {action} {path}: {source}")]
    Io {
        /// Verb of the step that failed, for the message.
        action: &'static str,
        /// Where, relative to the workspace.
        path: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file with different content already exists in a shared folder; nothing was changed.
    #[error("{path} has different content, so it is not overwritten")]
    Conflict {
        /// Where, relative to the workspace.
        path: String,
    },
    /// A path that leaves its folder, or a folder that belongs to more than one tool.
    #[error("{path:?} is not a valid path for a version")]
    BadPath {
        /// The path as it was given.
        path: String,
    },
    /// The given files are not the version that was decided on.
    #[error("the kept copy of {tool} does not have the digest {digest}")]
    WrongFiles {
        /// Name of the version to be moved.
        tool: ToolName,
        /// Abbreviated digest that was decided on.
        digest: String,
    },
    /// The files are in place, but the commit failed.
    #[error("the files are in place, but the commit is missing: {0}")]
    Commit(#[source] GitError),
}

/// Performs a move, or the rest of an interrupted move. `files` are the bytes of the kept copy.
///
/// # Errors
/// [`RelocateError`]; performing it again later continues where this ended.
pub fn perform(
    workspace: &Path,
    git: Option<&Git>,
    files: &[VersionFile],
    relocation: &Relocation,
) -> Result<Done, RelocateError> {
    Mover { workspace, files, relocation, is_ahead: false, notes: Vec::new(), step: &mut |_| Ok(()) }.perform(git)
}

/// Performs moves without a commit. Each is performed as in [`perform`], but the disk is flushed only twice: after all
/// files were written, and after all of them were moved into place.
///
/// # Errors
/// [`RelocateError`]; performing each again later continues where this ended.
pub fn perform_all(workspace: &Path, moves: &[(Vec<VersionFile>, Relocation)]) -> Result<Vec<Done>, RelocateError> {
    let mut step = |_: &'static str| Ok(());
    let mut folders = BTreeSet::new();
    for (files, relocation) in moves {
        let mut mover = Mover { workspace, files, relocation, is_ahead: true, notes: Vec::new(), step: &mut step };
        folders.extend(mover.stage_ahead()?);
    }
    for folder in &folders {
        disk::sync_all(folder).map_err(failed_at(workspace, "sync", folder))?;
    }
    let mut done = Vec::with_capacity(moves.len());
    for (files, relocation) in moves {
        let mover = Mover { workspace, files, relocation, is_ahead: true, notes: Vec::new(), step: &mut step };
        done.push(mover.perform(None)?);
    }
    for folder in &folders {
        disk::sync_folder(folder).map_err(failed_at(workspace, "sync", folder))?;
    }
    Ok(done)
}

/// Checks whether files can be written to a place. Call it before a move there is decided, because a decided move must
/// be completed.
///
/// # Errors
/// `Failed`, with the folder that cannot be written to.
pub fn writable(workspace: &Path, to: &Placement) -> Result<(), EngineError> {
    let place = workspace.join(&to.base);
    let there = place.ancestors().find(|folder| folder.symlink_metadata().is_ok()).unwrap_or(workspace);
    let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    rustix::fs::access(there, wanted).map_err(|error| {
        let folder = there.strip_prefix(workspace).unwrap_or(there).display();
        let message = format!("{folder} is not writable: {}", io::Error::from(error));
        EngineError::new(ErrorCode::Failed, message, "make it writable, then retry")
    })
}

/// What already exists at the target and is not that version, relative to the workspace: files in a shared folder,
/// otherwise the folder itself. Call it before a move that replaces nothing is decided.
pub fn conflicts(workspace: &Path, files: &[VersionFile], to: &Placement) -> Vec<String> {
    if to.exclusive {
        return if is_taken(&workspace.join(&to.base), files) { vec![to.base.clone()] } else { Vec::new() };
    }
    let paths = files.iter().map(|file| (at(to, &file.path), file));
    paths.filter(|(path, file)| disk::differs(&workspace.join(path), &file.bytes)).map(|(path, _)| path).collect()
}

/// The files of a folder, whether they are a tool or not; `None` when it is not a folder, is empty, or contains
/// something that cannot be part of a version.
pub fn raw_files(folder: &Path) -> Option<Vec<VersionFile>> {
    let expected = disk::Expected { version: &[], beside: &[APPROVAL_FILE] };
    let found = disk::contents(folder, expected).ok()?.files?;
    (!found.is_empty()).then_some(found)
}

/// Whether the current content of the target would be set aside, because there is no kept copy of it. `replaces` is the
/// version that is expected there.
pub fn puts_aside(workspace: &Path, files: &[VersionFile], to: &Placement, replaces: Option<Digest>) -> bool {
    let folder = workspace.join(&to.base);
    if !to.exclusive || !disk::exists(&folder) {
        return false;
    }
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let expected = disk::Expected { version: &paths, beside: &[APPROVAL_FILE] };
    let Ok(found) = disk::contents(&folder, expected) else { return true };
    let is_kept = |digest: Digest| digest == Digest::of_files(files) || Some(digest) == replaces;
    let known = found.files.is_some_and(|files| files.is_empty() || is_kept(Digest::of_files(&files)));
    // What is no part of a version goes back into the folder, unless it lies deeper.
    !known || found.apart.iter().any(|path| path.contains('/'))
}

/// Whether a folder contains another version, or something that is not a version.
fn is_taken(folder: &Path, files: &[VersionFile]) -> bool {
    if !disk::exists(folder) {
        return false;
    }
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let expected = disk::Expected { version: &paths, beside: &[APPROVAL_FILE] };
    let found = disk::contents(folder, expected).ok().and_then(|contents| contents.files);
    found.is_none_or(|found| !found.is_empty() && Digest::of_files(&found) != Digest::of_files(files))
}

/// A move while it is performed.
struct Mover<'a> {
    workspace: &'a Path,
    files: &'a [VersionFile],
    relocation: &'a Relocation,
    /// Whether the disk is flushed for several moves together, so that this move does not flush it.
    is_ahead: bool,
    notes: Vec<String>,
    /// Called after every change on disk; an error stops the move at that point, like a crash.
    step: &'a mut dyn FnMut(&'static str) -> Result<(), RelocateError>,
}

impl Mover<'_> {
    fn perform(mut self, git: Option<&Git>) -> Result<Done, RelocateError> {
        self.check()?;
        if !self.arrives() {
            // The version is kept, or its file was never taken away.
        } else if self.relocation.to.exclusive {
            self.place_folder()?;
        } else {
            self.place_loose()?;
        }
        self.clear_source()?;
        if let Some(operation) = self.relocation.returns {
            self.bring_back(operation)?;
        }
        let commit = match (git, &self.relocation.commit) {
            (Some(git), Some(note)) => self.commit(git, note).map_err(RelocateError::Commit)?,
            _ => None,
        };
        Ok(Done { commit, notes: self.notes })
    }

    /// INVARIANT: after this check, no path of the move leaves its base folder, and no base folder that is replaced or
    /// removed as a whole is shared.
    fn check(&self) -> Result<(), RelocateError> {
        let Relocation { tool, digest, from, from_files, to, extra, .. } = self.relocation;
        if Digest::of_files(self.files) != *digest {
            return Err(RelocateError::WrongFiles { tool: tool.clone(), digest: digest.short() });
        }
        let inner = self.files.iter().chain(extra).map(|file| &file.path).chain(from_files);
        let joined = self.relocation.joined.iter().map(|touched| &touched.place);
        let bases = std::iter::once(to).chain(from).chain(joined).map(|place| &place.base);
        let is_plain = |path: &str| {
            !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
        };
        let is_base = |path: &str| {
            Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::RootDir))
        };
        let mut outside = inner.filter(|path| !is_plain(path)).chain(bases.filter(|base| !is_base(base)));
        let bad = outside.next().cloned();
        let shared = (to.exclusive && is_shared_folder(&to.base)).then(|| to.base.clone());
        match bad.or(shared) {
            Some(path) => Err(RelocateError::BadPath { path }),
            None => Ok(()),
        }
    }

    /// Commits what the move changed: its files, and the files removed from its own folders.
    fn commit(&mut self, git: &Git, note: &CommitNote) -> Result<Option<String>, GitError> {
        let mut paths = self.target_paths();
        let joined = &self.relocation.joined;
        let places = joined.iter().map(|touched| &touched.place);
        for place in std::iter::once(&self.relocation.to).chain(&self.relocation.from).chain(places) {
            // Git knows nothing of a folder outside the workspace.
            if place.exclusive && Path::new(&place.base).is_relative() {
                let gone = git.committed_under(&place.base)?.into_iter().filter(|path| !self.exists(path));
                paths.extend(gone);
            }
        }
        if let Some(from) = &self.relocation.from {
            paths
                .extend(self.relocation.from_files.iter().map(|path| at(from, path)).filter(|path| !self.exists(path)));
        }
        for Touched { place, files } in joined {
            paths.extend(files.iter().map(|path| at(place, path)));
        }
        paths.sort();
        paths.dedup();
        let commit = Commit { paths: &paths, message: &note.message, trailers: &note.trailers };
        if let Some(made) = git.commit(&commit)? {
            self.notes.extend(made.notes);
            return Ok(Some(made.hash));
        }
        // Nothing to commit: made before a crash, or nothing here is kept by git.
        if note.trailers.is_empty() { Ok(None) } else { git.find_trailers(&note.trailers) }
    }

    /// Whether files are written to the target. A file that contains several tools is never written.
    fn arrives(&self) -> bool {
        !self.relocation.gone && self.relocation.to.entry().is_none()
    }

    /// Every file of the target, relative to the workspace.
    fn target_paths(&self) -> Vec<String> {
        let Relocation { to, extra, .. } = self.relocation;
        if !self.arrives() {
            return Vec::new();
        }
        let extra = if to.exclusive { extra.as_slice() } else { &[] };
        self.files.iter().chain(extra).map(|file| at(to, &file.path)).collect()
    }

    fn full(&self, path: &str) -> PathBuf {
        self.workspace.join(path)
    }

    fn exists(&self, path: &str) -> bool {
        disk::exists(&self.full(path))
    }

    /// An error with the path as the user knows it.
    fn failed(&self, action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RelocateError + use<> {
        failed_at(self.workspace, action, path)
    }

    fn done(&mut self, what: &'static str) -> Result<(), RelocateError> {
        (self.step)(what)
    }
}

/// An error with the path as the user knows it.
fn failed_at(workspace: &Path, action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RelocateError + use<> {
    let path = path.strip_prefix(workspace).unwrap_or(path).to_string_lossy().into_owned();
    move |source| RelocateError::Io { action, path, source }
}

/// Whether a commit would contain any change once these files, and the files next to them, are in place.
///
/// # Errors
/// [`GitError`] when git cannot answer.
pub fn would_commit(
    git: &Git,
    to: &Placement,
    files: &[VersionFile],
    beside: &[VersionFile],
) -> Result<bool, GitError> {
    let beside = if to.exclusive { beside } else { &[] };
    let files: Vec<(String, &VersionFile)> =
        files.iter().chain(beside).map(|file| (at(to, &file.path), file)).collect();
    git.would_commit(&files, to.exclusive.then_some(to.base.as_str()))
}

/// Where a file of a version is, relative to the workspace. In a shared folder, `@/` marks a file elsewhere in the
/// workspace.
fn at(place: &Placement, path: &str) -> String {
    match path.strip_prefix("@/") {
        Some(elsewhere) if !place.exclusive => elsewhere.to_owned(),
        _ if place.base.is_empty() => path.to_owned(),
        _ => format!("{}/{path}", place.base),
    }
}

/// Whether a folder contains more than one tool: the workspace, `tools`, and the stage folders.
fn is_shared_folder(base: &str) -> bool {
    let base = base.trim_end_matches('/');
    base.is_empty() || base == "tools" || base.strip_prefix("tools/").is_some_and(|name| name.parse::<Stage>().is_ok())
}

impl From<RelocateError> for EngineError {
    fn from(error: RelocateError) -> EngineError {
        let (code, hint) = match &error {
            RelocateError::Io { source, .. } => (ErrorCode::Failed, io_hint(source)),
            RelocateError::Conflict { .. } => (ErrorCode::Conflict, "move the file away, then try again"),
            RelocateError::BadPath { .. } => (ErrorCode::Internal, "`toolsmith verify` checks the stored files"),
            RelocateError::WrongFiles { .. } => (ErrorCode::Internal, "`toolsmith verify` checks the kept copies"),
            RelocateError::Commit(git) => (ErrorCode::Failed, git.hint()),
        };
        EngineError::new(code, error.to_string(), hint)
    }
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some disk space, then try again",
        io::ErrorKind::PermissionDenied => "make the folder writable, then try again",
        io::ErrorKind::ReadOnlyFilesystem => "mount the file system read-write, then try again",
        _ => "`toolsmith doctor` checks the folders; then try again",
    }
}
