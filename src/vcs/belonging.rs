//! Whether a repository is that of its work tree. A folder of a stranger may bring a `.git` that leads into another
//! repository of the user's, where promotions would then be committed.

use super::call::Call;
use super::git::{Git, path_from};
use std::path::{Path, PathBuf};

/// Parts of a repository that a commit writes.
const WRITTEN: &[&str] = &[
    "HEAD",
    "index",
    "logs",
    "logs/HEAD",
    "logs/refs",
    "objects",
    "objects/pack",
    "packed-refs",
    "refs",
    "refs/heads",
];

impl Git {
    /// The repository that commits would be made in, or the part of it that they would write, when that is not of this
    /// work tree.
    pub(super) fn leads_elsewhere(&self, toplevel: &Path, repository: &Path, common: &Path) -> Option<PathBuf> {
        let other = || (!self.belongs(repository, toplevel)).then(|| repository.to_owned());
        written_elsewhere(repository, common).or_else(other)
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
            && let Ok(text) = std::fs::read(&linked)
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

/// Where a commit in a repository would be written, when that is not the repository: its common folder may be named by a
/// file in it, and its parts may be symbolic links. The repository of a linked work tree lies in the common folder.
fn written_elsewhere(repository: &Path, common: &Path) -> Option<PathBuf> {
    let real = |path: &Path| path.canonicalize().ok();
    let (Some(repository), Some(common)) = (real(repository), real(common)) else { return Some(common.to_owned()) };
    if repository != common && !repository.starts_with(common.join("worktrees")) {
        return Some(common);
    }
    let of_both = [&repository, &common].into_iter().flat_map(|folder| WRITTEN.iter().map(|part| folder.join(part)));
    // A part that is not there yet leads nowhere.
    of_both.filter_map(|part| real(&part)).find(|part| !part.starts_with(&common))
}
