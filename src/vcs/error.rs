//! Why there is no git, and what git refused.

use crate::domain::SafeText;
use std::path::{Path, PathBuf};

/// Why a workspace has no git.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoGit {
    /// There is no git on the search path.
    #[error("git is not installed")]
    NotInstalled,
    /// The workspace is in no work tree.
    #[error("the workspace is not in a git work tree")]
    NotAWorkTree,
    /// The workspace is in a repository without a work tree.
    #[error("the git repository has no work tree")]
    Bare,
    /// The repository belongs to another user.
    #[error("git does not trust the repository: it belongs to another user")]
    Untrusted,
    /// `.git` leads to a repository that is that of another folder.
    #[error("the .git of the workspace points to the repository of another folder: {}", .0.display())]
    Elsewhere(PathBuf),
    /// A part of the repository is a symbolic link, a FIFO or the like, or cannot be read.
    #[error("the repository contains something that is not a regular file or folder: {}", .0.display())]
    Unplain(PathBuf),
    /// Git says something else.
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

/// What git could not do. Nothing is lost by any of these: files on disk are as they were.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no git on the search path.
    #[error("git is not installed")]
    NotInstalled,
    /// The process could not be started or talked to.
    #[error("git could not be started: {0}")]
    Spawn(String),
    /// No answer in time.
    #[error("git {command} did not finish within {seconds}s")]
    TimedOut {
        /// Sub-command of git, such as `commit`.
        command: String,
        /// How long it was given.
        seconds: u64,
    },
    /// Another process holds the index.
    #[error("another process has locked {}", .0.display())]
    Locked(PathBuf),
    /// A merge, cherry-pick, revert or rebase is not finished.
    #[error("a {0} is in progress in the work tree")]
    Unfinished(&'static str),
    /// A hook of the user said no.
    #[error("a commit hook refused the commit: {0}")]
    Hook(String),
    /// A filter that the repository requires failed, or is named by nobody but the repository.
    #[error("a required filter of git failed: {0}")]
    Filter(String),
    /// The repository belongs to another user.
    #[error("git does not trust the repository: it belongs to another user")]
    Untrusted,
    /// Git says something else.
    #[error("git failed to {action}: {message}")]
    Failed {
        /// What it was asked for.
        action: &'static str,
        /// What git wrote, without its hints.
        message: String,
    },
}

impl GitError {
    /// Git would wait for the other end of a FIFO, or the like.
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
