//! This program started again beside the one that runs, to go on when that one is over.

use super::Machine;
use crate::outside::Launch;
use std::ffi::OsStr;
use std::io;
use std::process::Stdio;

/// Starts this program in a role of its own, without streams, in a process group of its own. It is never waited for by
/// the caller; while the caller lives, its end is noticed, so that nothing is left of it.
///
/// # Errors
/// When it cannot be started.
pub fn detach(machine: &Machine, args: &[&OsStr]) -> io::Result<()> {
    let launch = Launch::heir(machine.program()).args(args).in_group();
    let mut child = launch.streams(Stdio::null(), Stdio::null(), Stdio::null()).spawn()?;
    // Whoever is over before it leaves it to the system, which buries it.
    let bury = std::thread::Builder::new().name("detached".to_owned()).spawn(move || child.wait().is_ok());
    bury.map(drop)
}
