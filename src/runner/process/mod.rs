//! The processes of a run on this system: listing and ending them, limiting their resources, waiting for them, and
//! removing the folders that they leave.

pub(super) mod caller;
pub(super) mod clear;
pub(super) mod clients;
pub(super) mod detached;
pub(super) mod group;
pub(super) mod limits;
pub(super) mod poll;
pub(super) mod processes;
pub(super) mod sockets;
pub(super) mod terminal;
pub(super) mod usage;
