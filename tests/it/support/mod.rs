//! What the tests share: where things are, a workspace of their own, the real binary in a terminal.

mod terminal;
mod workspace;

pub use terminal::{Terminal, key};
pub use workspace::{Workspace, program};

use std::path::PathBuf;

/// The repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
