//! Whether a repository is that of its work tree. A folder of a stranger may bring a `.git` that leads into another
//! repository of the user's, where promotions would then be committed.

use super::call::Call;
use super::error::NoGit;
use super::git::{Git, path_from};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

/// Folders of a repository that no commit of ours reads or writes: hooks of a repository never run.
const UNUSED: &[&str] = &["annex", "hooks", "lfs", "modules"];

/// Entries of a repository that are looked at; one with more is not used.
const MAX_ENTRIES: usize = 200_000;

/// The longest file that names a work tree, in bytes.
const MAX_LINK: u64 = 8 * 1024;

/// Files of a work tree that git reads, in the folder of each committed path and all above it.
const RULES: &[&str] = &[".gitattributes", ".gitignore"];

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
        if !self.belongs(&repository, toplevel) {
            return Some(NoGit::Elsewhere(repository));
        }
        unplain(&common).map(NoGit::Unplain)
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
            && path_from(text.trim_ascii_end()).parent().is_some_and(|folder| same(folder.to_owned()))
        {
            return true;
        }
        let config = repository.join("config").display().to_string();
        let stated = self.ask(&Call::new(&["config", "--file", &config, "--get", "core.worktree"]));
        stated.is_ok_and(|answer| {
            answer.success() && same(repository.join(path_from(answer.stdout.strip_suffix(b"\n").unwrap_or_default())))
        })
    }
}

/// A file of rules of the work tree on the way to one of these paths, relative to a folder, that git would wait for, such
/// as a FIFO.
pub(super) fn endless_rules(below: &Path, paths: &[String]) -> Option<PathBuf> {
    let files = paths.iter().map(|path| below.join(path));
    let folders: BTreeSet<PathBuf> =
        files.flat_map(|file| file.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>()).collect();
    let mut rules = folders.iter().flat_map(|folder| RULES.iter().map(|name| folder.join(name)));
    rules.find(|file| file.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()))
}

/// The beginning of a file; `None` when it cannot be read.
fn beginning(file: &Path) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file).and_then(|file| file.take(MAX_LINK).read_to_end(&mut text)).ok()?;
    Some(text)
}

/// The first part of a repository that is no plain file, folder or socket, or cannot be looked at: git writes through
/// symbolic links, also where nothing is yet, and waits for the other end of a FIFO. The repository itself when it has too
/// many parts. Single objects are left out: there may be millions, and git never writes through one.
fn unplain(repository: &Path) -> Option<PathBuf> {
    let objects = repository.join("objects");
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
            let (name, path) = (entry.file_name(), entry.path());
            if folder == *repository && UNUSED.iter().any(|unused| name == *unused) {
                continue;
            }
            match entry.file_type() {
                // Nobody can open a socket as a file: git's own monitor has one here.
                Ok(kind) if kind.is_file() || kind.is_socket() => {}
                Ok(kind) if kind.is_dir() => {
                    if folder != objects || name == "info" || name == "pack" {
                        folders.push(path);
                    }
                }
                _ => return Some(path),
            }
        }
    }
    None
}
