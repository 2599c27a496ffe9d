//! Git, through the installed binary: commits exactly the files of one move, and finds the commit again.
//!
//! It never touches other work of the user: what is staged stays staged, what is not stays not. It never switches
//! branches, never rewrites, never asks for a password or a passphrase, and pushes to the team's repository only. The
//! hooks of the user's own `core.hooksPath` run; a hook that says no is an error, never skipped. No program that the
//! repository names is started: neither its hooks nor what its configuration says. It owns no state.

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
