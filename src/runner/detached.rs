//! This program started again beside the one that runs, to go on when that one is over.

use super::machine::Machine;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Starts this program in a role of its own, without streams, in a process group of its own. It is never waited for by
/// the caller; while the caller lives, its end is noticed, so that nothing is left of it.
///
/// # Errors
/// When it cannot be started.
pub fn detach(machine: &Machine, args: &[&OsStr]) -> io::Result<()> {
    let mut command = Command::new(machine.program());
    command.args(args).current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    // Whoever is over before it leaves it to the system, which buries it.
    let bury = std::thread::Builder::new().name("detached".to_owned()).spawn(move || child.wait().is_ok());
    bury.map(drop)
}
