//! Runs on workers: this program on another machine, reached with a command of the user that starts a program there
//! (ssh, srun, `kubectl exec`).
//!
//! ```text
//!   near side: run::actor ◀─control socket, pipes─ carrier ◀─JSON lines─ prefix … serve-run ─▶ supervisor ─▶ the tool
//!                                                                        far side: run::serving
//! ```
//!
//! The supervisor is on the far side. Its messages and the output of the tool arrive over the standard streams of the
//! prefix, as lines of JSON. The carrier passes them to the thread of the run, which treats them like those of a local
//! supervisor: limits, redaction, the output file, and success are decided on the near side.

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
