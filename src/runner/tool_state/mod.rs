//! What a tool keeps between its runs, at every level of isolation in the same way.
//!
//! The workbench keeps one archive for each tool. A run gets a copy of what is in it: below its working folder, at the
//! declared paths. The same paths in the folder of the tool are links to there, so that a tool finds its files beside
//! itself. When nothing of the run is left, the inner stage reads the files back, and the workbench puts what the run
//! changed into the archive, as one step. A run that is killed with its workbench, or that left more than it may keep,
//! changes nothing.
//!
//! Runs of one tool at the same time each have a copy. Of a file that two of them changed, the one that ends last counts.

mod archive;
mod inside;
mod keep;

pub use archive::{StateFile, StateFiles};
pub(super) use inside::{StateView, gather, lay_out, link, put_samples};
pub(super) use keep::{KeptState, StateEnd};

/// The variable that names the folder or file that is declared first.
pub(super) const STATE_VARIABLE: &str = "TOOLSMITH_STATE";
