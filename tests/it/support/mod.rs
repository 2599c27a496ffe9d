//! What the tests share: where things are, a workspace of their own, the real binary in a terminal.

mod processes;
mod terminal;
mod workspace;

pub use processes::{end_process_with, processes_with, unique_seconds, until};
pub use terminal::{Terminal, key, terminal_input, terminal_pair};
pub use workspace::{PATIENCE, Workspace, copy_folder, program};

use crate::needs;
use std::path::PathBuf;

/// The repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with material that is not part of the repository: `TOOLSMITH_SHARED`, else `../shared`
/// beside it. Without it the named test says that it is skipped.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TOOLSMITH_SHARED").map_or_else(|| repository().join("../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    needs::not_run(&format!("there is no {}", folder.display()));
    None
}
