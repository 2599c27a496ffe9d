//! Whether a repository belongs to its work tree. A folder from a stranger may contain a `.git` that points to another
//! repository of the user, in which promotions would then be committed.

use super::call::GitCall;
use super::error::NoGit;
use super::git::{Git, path_from};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Folders of a repository that our commits never read or write: hooks of a repository never run.
const UNUSED: &[&str] = &["annex", "hooks", "modules"];

/// Maximum number of entries of a repository that are examined; a larger repository is not used.
const MAX_ENTRIES: usize = 200_000;

/// Maximum length of a file that names a work tree, or other object folders, in bytes.
const MAX_LINK: u64 = 8 * 1024;

/// Maximum length of a chain of alternate object folders. Git stops at five levels.
const MAX_ALTERNATES: usize = 16;

impl Git {
    /// Why no commit may be made in a repository. It does not belong to this work tree, or git would write to the
    /// target of one of its parts, or wait for it.
    pub(super) fn unfit(&self, toplevel: &Path, repository: &Path, common: &Path) -> Option<NoGit> {
        let real = |path: &Path| path.canonicalize().ok();
        let (Some(repository), Some(common)) = (real(repository), real(common)) else {
            return Some(NoGit::Elsewhere(common.to_owned()));
        };
        // The repository of a linked work tree is in the common folder.
        if repository != common && !repository.starts_with(common.join("worktrees")) {
            return Some(NoGit::Elsewhere(common));
        }
        if !self.belongs(&repository, toplevel) || !is_nearest(self.workspace(), toplevel) {
            return Some(NoGit::Elsewhere(repository));
        }
        unplain(&common).or_else(|| unplain_alternate(&common.join("objects"))).map(NoGit::Unplain)
    }

    /// Whether a repository belongs to a work tree: it is its `.git`, or names it, as the repositories of linked work
    /// trees and of submodules do. Otherwise, a workspace from a stranger could have its commits made in any repository
    /// of the user.
    fn belongs(&self, repository: &Path, toplevel: &Path) -> bool {
        let same =
            |path: PathBuf| path.canonicalize().is_ok_and(|path| toplevel.canonicalize().is_ok_and(|top| path == top));
        if repository.file_name().is_some_and(|name| name == ".git") && same(repository.join("..")) {
            return true;
        }
        let linked = repository.join("gitdir");
        if linked.symlink_metadata().is_ok_and(|found| found.is_file())
            && let Some(text) = beginning(&linked)
            && repository.join(path_from(text.trim_ascii_end())).parent().is_some_and(|folder| same(folder.to_owned()))
        {
            return true;
        }
        let config = repository.join("config").display().to_string();
        let stated = self.ask(&GitCall::new(&["config", "--file", &config, "--get", "core.worktree"]));
        stated.is_ok_and(|answer| {
            answer.success() && same(repository.join(path_from(answer.stdout.strip_suffix(b"\n").unwrap_or_default())))
        })
    }
}

/// Whether the nearest `.git` above a workspace is that of the work tree: a `.git` that points to the repository of an
/// outer folder would add the workspace's files to that repository.
fn is_nearest(workspace: &Path, toplevel: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let Some(workspace) = real(workspace) else { return false };
    let nearest = workspace.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
    // Without a `.git`, the repository is bare or named by a variable.
    nearest.is_none_or(|folder| real(toplevel).is_some_and(|top| top == folder))
}

/// The beginning of a file; `None` if it cannot be read.
fn beginning(file: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file).and_then(|file| file.take(MAX_LINK).read_to_end(&mut text)).ok()?;
    Some(text)
}

/// The first part of a repository that is not a plain file, folder or socket, or cannot be examined: git writes through
/// symbolic links, even dangling ones, and waits for the other end of a FIFO. The repository itself if it has too many
/// parts.
fn unplain(repository: &Path) -> Option<PathBuf> {
    let mut folders = vec![repository.to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Git removes empty branch folders.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(_) => return Some(folder),
        };
        for entry in entries {
            seen += 1;
            if seen > MAX_ENTRIES {
                return Some(repository.to_owned());
            }
            let Ok(entry) = entry else { return Some(folder) };
            if folder == *repository && UNUSED.iter().any(|unused| entry.file_name() == *unused) {
                continue;
            }
            match entry.file_type() {
                // A socket cannot be opened as a file: git's own monitor has one here.
                Ok(kind) if kind.is_file() || kind.is_socket() => {}
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => return Some(entry.path()),
            }
        }
    }
    None
}

/// The first part of the alternate object folders that git would wait for, or the file that names them if it cannot be
/// followed.
fn unplain_alternate(objects: &Path) -> Option<PathBuf> {
    let mut folders = vec![objects.to_owned()];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        let file = folder.join("info/alternates");
        if !file.metadata().is_ok_and(|found| found.is_file()) {
            continue;
        }
        let Some(text) = beginning(&file).filter(|text| (text.len() as u64) < MAX_LINK) else { return Some(file) };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#') {
            // A path in quotation marks has escapes.
            if line[0] == b'"' || folders.len() > MAX_ALTERNATES {
                return Some(file);
            }
            let other = folder.join(path_from(line));
            // Git ignores an absent one, too.
            let Ok(other) = other.canonicalize() else { continue };
            if folders.contains(&other) {
                continue;
            }
            if let Some(part) = unplain(&other) {
                return Some(part);
            }
            folders.push(other);
        }
    }
    None
}
