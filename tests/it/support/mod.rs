//! What the tests share: where things are, a workspace of their own, the real binary in a terminal.

use std::path::PathBuf;

/// The repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
