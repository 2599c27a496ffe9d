//! Shared parts of the tests: paths, a separate workspace, the real binary in a terminal.

mod processes;
mod terminal;
mod workspace;

pub use processes::{end_process_with, processes_with, unique_seconds, until};
pub use terminal::{Terminal, key, terminal_input, terminal_pair};
pub use workspace::{PATIENCE, Workspace, copy_folder, program};

use crate::needs;
use std::path::PathBuf;

/// The repository folder.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The folder with material outside the repository: `TOOLSMITH_SHARED`, otherwise `../shared` beside the repository. If
/// it does not exist, a message says that the named test is skipped.
pub fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("TOOLSMITH_SHARED").map_or_else(|| repository().join("../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    needs::not_run(&format!("there is no {}", folder.display()));
    None
}
