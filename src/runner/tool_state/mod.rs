//! The files that a tool keeps between its runs. It works in the same way at every isolation level.
//!
//! The workbench keeps one archive for each tool. A run gets a copy of its content below its working folder, at the
//! declared paths. The same paths in the folder of the tool are links to these files, so that a tool also finds them
//! next to itself. When all processes of the run have ended, the inner stage reads the files back, and the workbench
//! applies the changes to the archive in one step. A run that is killed together with its workbench, or that exceeds
//! the limit, changes nothing.
//!
//! Concurrent runs of a tool each have a copy. If two of them changed the same file, the run that ends last wins.

mod archive;
mod inside;
mod keep;

pub use archive::{StateFile, StateFiles};
pub(super) use inside::{StateView, gather, lay_out, link, put_samples};
pub(super) use keep::{KeptState, StateEnd};

/// The variable that contains the first declared path.
pub(super) const STATE_VARIABLE: &str = "TOOLSMITH_STATE";
