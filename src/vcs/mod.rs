//! Git, through the installed binary: commits exactly the files of one move, and finds the commit again.
//!
//! It never touches other work of the user: staged files stay staged, unstaged files stay unstaged. It never switches
//! branches, never rewrites history, never asks for a password or a passphrase, and pushes only to the team's
//! repository. The hooks of the user's own `core.hooksPath` run; a refusal by a hook is an error, and hooks are never
//! skipped. No program that the repository names is started, neither its hooks nor a program in its configuration. This
//! module has no state.

mod belonging;
mod call;
mod commit;
mod error;
mod exchange;
#[cfg(test)]
pub(crate) mod fixture;
mod git;
mod place;
mod rules;
mod settings;
#[cfg(test)]
mod tests;

pub use commit::{Commit, Committed};
pub use error::{GitError, NoGit};
pub(crate) use exchange::MAX_DEPTH;
pub use exchange::{Exchange, NewFile, Pushed, TreeFile};
pub use git::{Git, system_user};
