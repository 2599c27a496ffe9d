//! The Python whose packages a tool can use.

use std::path::PathBuf;

/// The Python that a run would use: only there a package is of use to a tool. `None` where there is none, or nobody looked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunPython {
    /// For experimental tools, which are run with the programs of the caller.
    pub experimental: Option<PathBuf>,
    /// For tools that somebody vouched for.
    pub vouched: Option<PathBuf>,
    /// Whether packages were fetched already: for which tools, only a run finds out.
    pub has_environments: bool,
    /// Folders of the search path that a run cannot enter: what is there is not there for tools.
    pub closed: Vec<PathBuf>,
}
