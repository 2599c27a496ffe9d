//! The log and what hangs on it: nothing changes without an entry, everything can be taken back, what was approved
//! is what runs, and a signature says who approved it.

mod approval_covers;
mod feedback;
mod forged;
mod grants;
mod log_gate;
mod modules;
mod put_back;
mod signatures;
mod signed_log;
mod taken_back;
mod verified;
mod versions;
mod words;
pub mod world;
