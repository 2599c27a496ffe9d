//! Whether a repository is that of its work tree. A folder of a stranger may bring a `.git` that leads into another
//! repository of the user's, where promotions would then be committed.

use super::call::GitCall;
use super::error::NoGit;
use super::git::{Git, path_from};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Folders of a repository that no commit of ours reads or writes: hooks of a repository never run.
const UNUSED: &[&str] = &["annex", "hooks", "modules"];

/// Entries of a repository that are looked at; one with more is not used.
const MAX_ENTRIES: usize = 200_000;

/// The longest file that names a work tree, or other folders of objects, in bytes.
const MAX_LINK: u64 = 8 * 1024;

/// How many folders of objects a repository may borrow from, one after the other. Git stops at five levels.
const MAX_ALTERNATES: usize = 16;

impl Git {
    /// Why no commit may be made in a repository: it is not that of this work tree, or git would write or wait where one
    /// of its parts leads.
    pub(super) fn unfit(&self, toplevel: &Path, repository: &Path, common: &Path) -> Option<NoGit> {
        let real = |path: &Path| path.canonicalize().ok();
        let (Some(repository), Some(common)) = (real(repository), real(common)) else {
            return Some(NoGit::Elsewhere(common.to_owned()));
        };
        // The repository of a linked work tree lies in the common folder.
        if repository != common && !repository.starts_with(common.join("worktrees")) {
            return Some(NoGit::Elsewhere(common));
        }
        if !self.belongs(&repository, toplevel) || !is_nearest(self.workspace(), toplevel) {
            return Some(NoGit::Elsewhere(repository));
        }
        unplain(&common).or_else(|| unplain_alternate(&common.join("objects"))).map(NoGit::Unplain)
    }

    /// Whether a repository is that of a work tree: it is its `.git`, or names it, as the repositories of linked work
    /// trees and of submodules do. A workspace of a stranger could have its commits made in any repository of the user.
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

/// Whether the nearest `.git` above a workspace is that of the work tree: a `.git` that leads to the repository of a
/// folder around it would have that take the workspace's files.
fn is_nearest(workspace: &Path, toplevel: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let Some(workspace) = real(workspace) else { return false };
    let nearest = workspace.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
    // Without any, the repository is bare or found by a variable.
    nearest.is_none_or(|folder| real(toplevel).is_some_and(|top| top == folder))
}

/// The beginning of a file; `None` when it cannot be read.
fn beginning(file: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file).and_then(|file| file.take(MAX_LINK).read_to_end(&mut text)).ok()?;
    Some(text)
}

/// The first part of a repository that is no plain file, folder or socket, or cannot be looked at: git writes through
/// symbolic links, also where nothing is yet, and waits for the other end of a FIFO. The repository itself when it has too
/// many parts.
fn unplain(repository: &Path) -> Option<PathBuf> {
    let mut folders = vec![repository.to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // Git removes folders of branches that are empty.
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
                // Nobody can open a socket as a file: git's own monitor has one here.
                Ok(kind) if kind.is_file() || kind.is_socket() => {}
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => return Some(entry.path()),
            }
        }
    }
    None
}

/// The first part that git would wait for of the folders of objects that a repository borrows from, or the file that
/// names them when nobody can follow it.
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
            // One that is not there is nothing to git either.
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
