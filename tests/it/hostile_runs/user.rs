//! As whom an attack runs.

use std::os::unix::fs::{chown, lchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A user of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// Who runs the tests.
    Myself,
    /// A user that exists nowhere and has no process but those of one attack.
    Nobody(u32),
}

static NEXT: AtomicU32 = AtomicU32::new(54_000);

impl User {
    /// A user that nobody else is.
    pub fn fresh() -> User {
        User::Nobody(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A user that nobody else is, where the tests may make one.
    pub fn fresh_if_root() -> User {
        if rustix::process::getuid().is_root() { User::fresh() } else { User::Myself }
    }

    /// Whether it is root.
    pub fn is_root(self) -> bool {
        self == User::Myself && rustix::process::getuid().is_root()
    }

    /// Its number.
    pub fn id(self) -> u32 {
        match self {
            User::Myself => rustix::process::getuid().as_raw(),
            User::Nobody(id) => id,
        }
    }

    /// The word for a report.
    pub fn word(self) -> &'static str {
        if self.is_root() { "root" } else { "user" }
    }

    /// Lets a command run as this user.
    pub fn be(self, command: &mut Command) -> &mut Command {
        match self {
            User::Myself => command,
            User::Nobody(id) => command.uid(id).gid(id),
        }
    }

    /// The words in front of a command line that make it this user's.
    pub fn prefix(self) -> Vec<String> {
        match self {
            User::Myself => Vec::new(),
            User::Nobody(id) => ["setpriv", &format!("--reuid={id}"), &format!("--regid={id}"), "--clear-groups", "--"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    /// Gives a folder and all in it to this user.
    pub fn give(self, path: &Path) {
        let User::Nobody(id) = self else { return };
        let meta = std::fs::symlink_metadata(path).unwrap();
        if meta.is_symlink() {
            return lchown(path, Some(id), Some(id)).unwrap();
        }
        chown(path, Some(id), Some(id)).unwrap();
        if meta.is_dir() {
            for entry in std::fs::read_dir(path).unwrap() {
                self.give(&entry.unwrap().path());
            }
        }
    }
}
