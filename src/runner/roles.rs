//! The roles of this program other than the workbench. In each role, this program is started again with a first
//! argument that no verb begins with.

use super::answer::{self, ANSWER};
use super::conversation::{KEEP, keep};
use super::supervisor::starter::{self, START};
use super::supervisor::{self, INSIDE, SUPERVISE, play_inside};

/// Acts as a supervisor, an inner stage or a keeper if this program was started as one; returns the exit code. Called
/// before anything else, while there is one thread.
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
