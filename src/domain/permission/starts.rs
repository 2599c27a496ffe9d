//! Places from which code starts by itself, or with the next command of whoever works there, told by words alone.
//!
//! In a home folder that is everything hidden: names that begin with a dot are the settings, start files, caches and
//! installed code of programs, and every new program adds some. Nobody can list them, so no tool writes any of them. What is
//! listed here are the places without a dot, and names that count wherever they lie. Names are compared in lower case: a
//! file system may not tell them apart.

use super::overlap;
use std::path::{Component, Path, PathBuf};

/// Names of files and folders that programs start code from in every folder that somebody works in: what git keeps, what
/// the workbench keeps, settings of agents, editors, shells, package managers and debuggers.
const ANYWHERE: &[&str] = &[
    ".aider.conf.yml",
    ".claude",
    ".clinerules",
    ".codex",
    ".continue",
    ".cursor",
    ".devcontainer",
    ".devcontainer.json",
    ".direnv",
    ".envrc",
    ".exrc",
    ".gdbinit",
    ".gemini",
    ".git",
    ".githooks",
    ".gitmodules",
    ".husky",
    ".idea",
    ".lldbinit",
    ".mcp.json",
    ".npmrc",
    ".nvim.lua",
    ".nvimrc",
    ".pnpmfile.cjs",
    ".pre-commit-config.yaml",
    ".toolsmith",
    ".vimrc",
    ".vscode",
    ".windsurf",
    ".yarnrc",
    ".yarnrc.yml",
    ".zed",
];

/// Names of files that agents read as instructions wherever they lie, and folders with such files.
const INSTRUCTIONS: &[&str] =
    &[".cursorrules", ".github", ".windsurfrules", "agents.md", "claude.md", "claude.local.md", "gemini.md"];

/// Below a home folder, without a dot: programs and modules that others start or load.
const VISIBLE: &[&str] = &[
    "anaconda3",
    "bin",
    "go/bin",
    "go/pkg",
    "google-cloud-sdk",
    "mambaforge",
    "micromamba",
    "miniconda3",
    "miniforge3",
    "node_modules",
    "perl5",
    "sbin",
    "snap",
];

/// Folders of the system that hold installed programs, or what services run and keep.
const INSTALLED: &[&str] = &["/efi", "/gnu", "/home/linuxbrew", "/nix", "/opt", "/snap", "/var"];

/// What lies in them and belongs to users.
const OF_USERS: &[&str] = &["/var/home", "/var/tmp"];

/// Whether no tool writes a file or folder of this name, wherever it lies.
pub fn is_never_written(name: &str) -> bool {
    ANYWHERE.contains(&name.to_lowercase().as_str())
}

/// Whether programs or agents follow what a file or folder of this name says as soon as it lies in a folder that somebody
/// works in.
pub fn is_followed_anywhere(name: &str) -> bool {
    is_never_written(name) || INSTRUCTIONS.contains(&name.to_lowercase().as_str())
}

/// The path in lower case.
pub(super) fn folded(path: &Path) -> PathBuf {
    PathBuf::from(path.to_string_lossy().to_lowercase())
}

/// What code starts from below a home folder: the hidden name that a path lies in, or the listed place that it meets.
pub(super) fn in_home(rest: &Path) -> Option<String> {
    let first = match rest.components().next()? {
        Component::Normal(name) => name.to_string_lossy().into_owned(),
        _ => return None,
    };
    let folded = folded(rest);
    let visible = || VISIBLE.iter().find(|place| overlap(&folded, Path::new(place))).map(|place| (*place).to_owned());
    if first.starts_with('.') { Some(first) } else { visible() }
}

/// The folder of installed programs that an absolute path lies in. `base` is the workspace or home that holds the path:
/// one that lies in such a folder itself is somebody's all the same.
pub(super) fn in_system(path: &Path, base: Option<&Path>) -> Option<&'static str> {
    let folded = folded(path);
    if OF_USERS.iter().any(|place| folded.starts_with(place)) {
        return None;
    }
    let is_around = |place: &Path| base.is_some_and(|base| base != place && base.starts_with(place));
    let mut places = INSTALLED.iter().copied().filter(|place| overlap(&folded, Path::new(place)));
    places.find(|place| !is_around(Path::new(place)))
}
