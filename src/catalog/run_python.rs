//! The Python whose packages a tool can use.

use std::path::PathBuf;

/// The Python of a run: only packages installed there are available to a tool. `None` if there is none, or it was not
/// searched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPython {
    /// For experimental tools, which are run with the programs of the caller.
    pub experimental: Option<PathBuf>,
    /// For approved tools.
    pub vouched: Option<PathBuf>,
    /// Whether packages were fetched already: for which tools, only a run finds out.
    pub has_environments: bool,
    /// Folders of the search path that a run cannot enter: what is there is not there for tools.
    pub closed: Vec<PathBuf>,
}
