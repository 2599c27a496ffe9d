//! Real repositories for tests, independent of the configuration of the user who runs them.

use super::Git;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A repository in a temporary folder.
pub(crate) struct Repo {
    temp: tempfile::TempDir,
    of_user: tempfile::TempDir,
}

impl Repo {
    /// A repository without commits, with an identity.
    pub(crate) fn empty() -> Repo {
        let repo = Repo { temp: tempfile::tempdir().unwrap(), of_user: crate::outside::fixture::folder() };
        repo.git(&["init", "-q", "-b", "main", "--template="]);
        repo.git(&["config", "user.name", "Ada"]);
        repo.git(&["config", "user.email", "ada@example.org"]);
        repo
    }

    /// A repository with one commit, which contains `README`.
    pub(crate) fn new() -> Repo {
        let repo = Repo::empty();
        repo.write("README", "hello\n");
        repo.git(&["add", "README"]);
        repo.git(&["commit", "-q", "-m", "First"]);
        repo
    }

    /// The same repository and work tree at another place, which is quicker than creating it again.
    pub(crate) fn copied(&self) -> Repo {
        let repo = Repo { temp: tempfile::tempdir().unwrap(), of_user: crate::outside::fixture::folder() };
        copy(self.temp.path(), repo.temp.path());
        repo
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.temp.path().canonicalize().unwrap()
    }

    /// Opens it as the program does.
    pub(crate) fn open(&self) -> Git {
        self.open_at("")
    }

    /// Opens a folder of it as the workspace.
    pub(crate) fn open_at(&self, folder: &str) -> Git {
        Git::locate_with(&self.path().join(folder), &Arc::default(), isolation()).unwrap()
    }

    /// Opens it as a user whose own configuration has these keys and values.
    pub(crate) fn open_with(&self, settings: &[(&str, &Path)]) -> Git {
        // In a folder that only the user can write to, because settings in the repository do not count as the user's.
        let file = self.of_user.path().join("gitconfig");
        for (key, value) in settings {
            self.git(&["config", "--file", file.to_str().unwrap(), key, value.to_str().unwrap()]);
        }
        let mut env = isolation();
        env.push(("GIT_CONFIG_GLOBAL".into(), file.into()));
        Git::locate_with(&self.path(), &Arc::default(), env).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes an executable script.
    pub(crate) fn script(&self, path: &str, text: &str) -> PathBuf {
        script(&self.path().join(path), text)
    }

    /// Runs git and returns its output; panics if git fails.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = command(&self.path()).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Subjects of all commits, newest first.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.git(&["log", "--format=%s"]).lines().map(str::to_owned).collect()
    }
}

/// Writes an executable script.
pub(crate) fn script(path: &Path, text: &str) -> PathBuf {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    crate::outside::fixture::executable(path, text);
    path.to_owned()
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Excludes the configuration of the machine and of the user.
pub(super) fn isolation() -> Vec<(OsString, OsString)> {
    let pairs = [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")];
    pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
    command.envs(isolation());
    command
}
