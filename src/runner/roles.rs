//! The parts that this program plays beside the workbench: each is this program started again with a first argument
//! that no verb begins like.

use super::answer::{self, ANSWER};
use super::conversation::{KEEP, keep};
use super::supervisor::starter::{self, START};
use super::supervisor::{self, INSIDE, SUPERVISE, play_inside};

/// Plays the part of a supervisor, of an inner stage or of a keeper when that is what this program was started for; returns
/// what to exit with. Asked before anything else, while there is one thread.
pub fn play_role() -> Option<u8> {
    let code = match std::env::args_os().nth(1)?.to_str()? {
        SUPERVISE => supervisor::play(),
        START => starter::play(),
        INSIDE => play_inside(),
        KEEP => keep(),
        ANSWER => answer::play(),
        _ => return None,
    };
    Some(u8::try_from(code).unwrap_or(u8::MAX))
}
