//! Finds the user's folders, the workspace above a folder, and the state folder of a workspace.
//!
//! This module only finds paths; it creates nothing. The environment is passed in as a function, so that tests do not
//! use the real one.

use crate::domain::Digest;
use crate::engine::error::{EngineError, ErrorCode};
use crate::runner::Clients;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The longest readable part of a state folder's name, in characters.
const MAX_SLUG_CHARS: usize = 32;

/// The user's folders with settings and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Folder of the user's `config.toml`.
    pub config: PathBuf,
    /// Folder with the state of each workspace.
    pub data: PathBuf,
}

impl Home {
    /// Finds the user's folders: `TOOLSMITH_HOME/config` and `TOOLSMITH_HOME/data` when that variable is set and not
    /// empty, otherwise the directories that the system assigns to applications.
    ///
    /// # Errors
    /// [`ErrorCode::Usage`] when there is no home directory to derive them from.
    pub fn discover(env: &dyn Fn(&str) -> Option<OsString>) -> Result<Home, EngineError> {
        if let Some(root) = env("TOOLSMITH_HOME").filter(|root| !root.is_empty()) {
            let root = std::path::absolute(Path::new(&root)).map_err(EngineError::internal)?;
            return Ok(Home { config: root.join("config"), data: root.join("data") });
        }
        let system = directories::ProjectDirs::from("", "", "toolsmith").ok_or_else(|| {
            EngineError::new(
                ErrorCode::Usage,
                "no home directory is known for this user",
                "set HOME, or set TOOLSMITH_HOME to a folder for settings and state",
            )
        })?;
        Ok(Home { config: system.config_dir().to_owned(), data: system.data_dir().to_owned() })
    }

    /// The notes about client programs of agents.
    pub fn clients(&self) -> Clients {
        Clients::new(self.data.join("clients"))
    }

    /// The folder of all script environments.
    pub fn environments(&self) -> PathBuf {
        self.data.join("environments")
    }

    /// The user's settings file; it may not exist.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// The nearest folder at or above `start` with `tools/` or `toolsmith.toml`; `start` itself if there is none. Above
/// `start`, a folder that everybody may write to is skipped, because a stranger may have created either, and the root
/// of the file system needs a `toolsmith.toml`. The search ends at the folder with `.git`, because everything above it
/// is another project.
pub fn find_workspace(start: &Path) -> PathBuf {
    let start = std::path::absolute(start).unwrap_or_else(|_| start.to_owned());
    let is_marked =
        |folder: &&Path| has_settings(folder) || (folder.join("tools").is_dir() && folder.parent().is_some());
    let top = start.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(usize::MAX);
    let mut above = start.ancestors().take(top.saturating_add(1)).skip(1).filter(|folder| !is_open_to_all(folder));
    if is_workspace(&start) { start } else { above.find(is_marked).map_or_else(|| start.clone(), Path::to_owned) }
}

/// Whether a folder is a workspace: it has `tools/` or workspace settings.
pub fn is_workspace(folder: &Path) -> bool {
    has_settings(folder) || folder.join("tools").is_dir()
}

fn has_settings(folder: &Path) -> bool {
    folder.join("toolsmith.toml").is_file()
}

/// Whether every user of this machine may create files in a folder; also true when the folder cannot be examined.
fn is_open_to_all(folder: &Path) -> bool {
    folder.metadata().map_or(true, |found| found.permissions().mode() & 0o002 != 0)
}

/// The state folder of a workspace by its path alone: its name, and a digest of its canonical path, so that two
/// workspaces with the same name do not collide.
pub fn path_state_dir(home: &Home, workspace: &Path) -> PathBuf {
    let path =
        workspace.canonicalize().or_else(|_| std::path::absolute(workspace)).unwrap_or_else(|_| workspace.to_owned());
    let digest = Digest::of_bytes(path.as_os_str().as_bytes());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    home.data.join("workspaces").join(format!("{}-{}", slug(&name), digest.short()))
}

/// Lower-case letters, digits and single dashes; `root` if nothing remains.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().take(MAX_SLUG_CHARS) {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let trimmed = slug.trim_matches('-');
    if trimmed.is_empty() { "root".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_moves_settings_and_state_to_one_folder() {
        let env = |name: &str| (name == "TOOLSMITH_HOME").then(|| OsString::from("/somewhere"));
        let home = Home::discover(&env).unwrap();
        assert_eq!(home, Home { config: "/somewhere/config".into(), data: "/somewhere/data".into() });
        assert_eq!(home.config_file(), Path::new("/somewhere/config/config.toml"));
    }

    #[test]
    fn the_workspace_is_the_nearest_marked_folder_above() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let deep = root.join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir(root.join("tools")).unwrap();
        assert_eq!(find_workspace(&deep), root);
        std::fs::write(root.join("a/b/toolsmith.toml"), "").unwrap();
        assert_eq!(find_workspace(&deep), root.join("a/b"));
    }

    #[test]
    fn what_lies_above_a_git_work_tree_is_no_workspace_of_it() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let (clone, deep) = (root.join("clone"), root.join("clone/a/b"));
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::create_dir(root.join("tools")).unwrap();
        assert_eq!(find_workspace(&deep), root);
        // A file in a linked work tree, otherwise a folder.
        std::fs::write(clone.join(".git"), "gitdir: elsewhere\n").unwrap();
        assert_eq!(find_workspace(&deep), deep);
        assert_eq!(find_workspace(&clone), clone);
        std::fs::create_dir(clone.join("tools")).unwrap();
        assert_eq!(find_workspace(&deep), clone);
    }

    #[test]
    fn a_folder_that_anyone_may_write_to_is_a_workspace_only_when_it_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().canonicalize().unwrap();
        let below = root.join("below");
        std::fs::create_dir_all(&below).unwrap();
        std::fs::create_dir(root.join("tools")).unwrap();
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o1777)).unwrap();
        assert_eq!(find_workspace(&below), below);
        assert_eq!(find_workspace(&root), root);
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_workspace(&below), root);
    }

    #[test]
    fn each_workspace_has_its_own_state_however_it_is_reached() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
        let (one, two) = (temp.path().join("one/My Tools"), temp.path().join("two/My Tools"));
        std::fs::create_dir_all(&one).unwrap();
        std::fs::create_dir_all(&two).unwrap();
        let state = path_state_dir(&home, &one);
        assert_eq!(state.parent(), Some(home.data.join("workspaces").as_path()));
        let name = state.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name.starts_with("my-tools-") && name.len() == "my-tools-".len() + 12, "{name}");
        assert_ne!(path_state_dir(&home, &two), state);
        std::os::unix::fs::symlink(&one, temp.path().join("link")).unwrap();
        assert_eq!(path_state_dir(&home, &temp.path().join("link")), state);
        assert_eq!(slug("///"), "root");
    }
}
