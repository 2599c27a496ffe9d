//! Runs on workers: this program on another machine, reached through a command of the user's that starts a program
//! there (ssh, srun, `kubectl exec`).
//!
//! ```text
//!   near side: run::actor ◀─control socket, pipes─ carrier ◀─JSON lines─ prefix … serve-run ─▶ supervisor ─▶ the tool
//!                                                                        far side: run::serving
//! ```
//!
//! The supervisor is on the far side. What it tells and what the tool writes comes over the standard streams of the
//! prefix, as lines of JSON; the carrier hands it to the thread of the run, which follows it like a supervisor of this
//! machine: limits, redaction, the output file, and what counts as success are decided on the near side.

mod call;
mod carrier;
mod connection;
mod lines;
pub(super) mod protocol;
mod trials;

pub use call::{Worker, WorkerCall, WorkerHello, greet, prepare_on};
pub use protocol::{WORKER_VERB, WorkerFacts, WorkerRun, WorkerTrials};
pub use trials::{TrialsWanted, try_on};

pub(super) use carrier::WorkerConnection;
pub(super) use connection::AskedToStop;
pub(super) use lines::LineBuffer;
