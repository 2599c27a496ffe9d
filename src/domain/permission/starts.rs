//! Places from which code starts automatically, or with the next command of a user, judged by text alone.
//!
//! In a home folder, everything hidden is such a place: names that begin with a dot are the settings, start files,
//! caches and installed code of programs, and every new program adds some. They cannot be listed, so no tool writes any
//! of them. The lists here contain the places without a dot, and names that apply anywhere. Names are compared in lower
//! case, because a file system may not distinguish case.

use super::overlap;
use std::path::{Component, Path, PathBuf};

/// Names of files and folders from which programs start code in every working folder: those of git, of Toolsmith, and
/// settings of agents, editors, shells, package managers and debuggers.
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

/// Names of files that agents read as instructions in any folder, and folders with such files.
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

/// System folders with installed programs, or data of services.
const INSTALLED: &[&str] = &["/efi", "/gnu", "/home/linuxbrew", "/nix", "/opt", "/snap", "/var"];

/// Folders inside them that belong to users.
const OF_USERS: &[&str] = &["/var/home", "/var/tmp"];

/// Whether no tool may write a file or folder of this name anywhere.
pub fn is_never_written(name: &str) -> bool {
    ANYWHERE.contains(&name.to_lowercase().as_str())
}

/// Whether programs or agents obey a file or folder of this name as soon as it is in a working folder.
pub fn is_followed_anywhere(name: &str) -> bool {
    is_never_written(name) || INSTRUCTIONS.contains(&name.to_lowercase().as_str())
}

/// The path in lower case.
pub(super) fn folded(path: &Path) -> PathBuf {
    PathBuf::from(path.to_string_lossy().to_lowercase())
}

/// The place below a home folder from which code starts: the hidden name that contains the path, or the listed place
/// that overlaps it.
pub(super) fn in_home(rest: &Path) -> Option<String> {
    let first = match rest.components().next()? {
        Component::Normal(name) => name.to_string_lossy().into_owned(),
        _ => return None,
    };
    let folded = folded(rest);
    let visible = || VISIBLE.iter().find(|place| overlap(&folded, Path::new(place))).map(|place| (*place).to_owned());
    if first.starts_with('.') { Some(first) } else { visible() }
}

/// The folder of installed programs that contains an absolute path. `base` is the workspace or home that contains the
/// path: inside such a folder, it still belongs to a user.
pub(super) fn in_system(path: &Path, base: Option<&Path>) -> Option<&'static str> {
    let folded = folded(path);
    if OF_USERS.iter().any(|place| folded.starts_with(place)) {
        return None;
    }
    let is_around = |place: &Path| base.is_some_and(|base| base != place && base.starts_with(place));
    let mut places = INSTALLED.iter().copied().filter(|place| overlap(&folded, Path::new(place)));
    places.find(|place| !is_around(Path::new(place)))
}
