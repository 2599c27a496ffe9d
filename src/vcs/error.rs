//! Why there is no git repository, and errors of git.

use crate::domain::SafeText;
use std::path::{Path, PathBuf};

/// Why a workspace has no git.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoGit {
    /// There is no git on the search path.
    #[error("git is not installed")]
    NotInstalled,
    /// The workspace is not in a work tree.
    #[error("the workspace is not in a git work tree")]
    NotAWorkTree,
    /// The workspace is in a repository without a work tree.
    #[error("the git repository has no work tree")]
    Bare,
    /// The repository belongs to another user.
    #[error("git does not trust the repository: it belongs to another user")]
    Untrusted,
    /// `.git` points to the repository of another folder.
    #[error("the .git of the workspace points to the repository of another folder: {}", .0.display())]
    Elsewhere(PathBuf),
    /// A part of the repository is a symbolic link, a FIFO or the like, or cannot be read.
    #[error("the repository contains something that is not a regular file or folder: {}", .0.display())]
    Unplain(PathBuf),
    /// Another error message of git.
    #[error("git cannot use the repository: {0}")]
    Failed(String),
}

impl NoGit {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            NoGit::NotInstalled => "install git to have promotions committed; everything else works without it",
            NoGit::NotAWorkTree => "run `git init` in the workspace to have promotions committed",
            NoGit::Bare => "open a clone that has a work tree",
            NoGit::Untrusted => "if you trust it, run `git config --global --add safe.directory FOLDER`",
            NoGit::Elsewhere(_) => "if the repository belongs to this folder, set its core.worktree to this folder",
            NoGit::Unplain(_) => "clone the repository again, or replace that part with its target",
            NoGit::Failed(_) => "see `git status` in the workspace",
        }
    }
}

/// An error of git. Nothing is lost: the files on disk are unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no git on the search path.
    #[error("git is not installed")]
    NotInstalled,
    /// The process could not be started, or communication with it failed.
    #[error("git could not be started: {0}")]
    Spawn(String),
    /// Git did not finish in time.
    #[error("git {command} did not finish within {seconds}s")]
    TimedOut {
        /// The git command, such as `commit`.
        command: String,
        /// The time limit.
        seconds: u64,
    },
    /// Another process holds the index.
    #[error("another process has locked {}", .0.display())]
    Locked(PathBuf),
    /// A merge, cherry-pick, revert or rebase is unfinished.
    #[error("a {0} is in progress in the work tree")]
    Unfinished(&'static str),
    /// A hook of the user refused the commit.
    #[error("a commit hook refused the commit: {0}")]
    Hook(String),
    /// A filter that the repository requires failed, or only the repository names its program.
    #[error("a required filter of git failed: {0}")]
    Filter(String),
    /// The repository belongs to another user.
    #[error("git does not trust the repository: it belongs to another user")]
    Untrusted,
    /// Another error message of git.
    #[error("git failed to {action}: {message}")]
    Failed {
        /// The requested action.
        action: &'static str,
        /// The message of git, without its hints.
        message: String,
    },
}

impl GitError {
    /// The error for a file at which git would wait forever, such as a FIFO.
    pub(super) fn not_plain(action: &'static str, file: &Path) -> GitError {
        let message = format!("{} is not a regular file", SafeText::new(&file.display().to_string()).as_str());
        GitError::Failed { action, message }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            GitError::NotInstalled => "install git, or set git.commit = false in toolsmith.toml",
            GitError::Spawn(_) | GitError::Failed { .. } => "see `git status` in the workspace, then try again",
            GitError::TimedOut { .. } => "check for a hook that hangs, then try again",
            GitError::Locked(_) => "wait for the other git process; if no git is running, remove the file",
            GitError::Unfinished(_) => "finish or abort it, then try again",
            GitError::Hook(_) => "fix what the hook reports, then try again",
            GitError::Filter(_) => {
                "filters configured in the repository are not started; set them with `git config --global`"
            }
            GitError::Untrusted => "if you trust it, run `git config --global --add safe.directory FOLDER`",
        }
    }
}
