//! This program, started again as a separate process that outlives its parent.

use super::Machine;
use crate::outside::Launch;
use crate::runner::supervisor::{receive_parcel, send_fds};
use rustix::net::RecvFlags;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

/// The name of this program's processes in process lists; the file of a process may be `/proc/self/exe`.
const PROCESS_NAME: &str = "toolsmith";

/// Sets the process name that process lists show; otherwise, the kernel shows the file name.
pub fn name_process() {
    // Only for process lists; a name of this length cannot fail.
    let _ = rustix::thread::set_name(c"toolsmith");
}

/// Starts this program in another role, without streams, in a separate process group. It gets these sockets, and finds
/// them with [`inherited_sockets`]. The caller does not wait for it; while the caller lives, the process is reaped when
/// it ends.
///
/// # Errors
/// When it cannot be started, or there are more than 32 sockets.
pub fn detach(machine: &Machine, args: &[&OsStr], sockets: &[OwnedFd]) -> io::Result<()> {
    let launch = Launch::heir(machine.program()).called(PROCESS_NAME).args(args).in_group();
    let stdin = if sockets.is_empty() { Stdio::null() } else { queue(sockets)?.into() };
    let mut child = launch.streams(stdin, Stdio::null(), Stdio::null()).spawn()?;
    // If the caller ends first, the system reaps the process.
    let bury = std::thread::Builder::new().name("detached".to_owned()).spawn(move || child.wait().is_ok());
    bury.map(drop)
}

/// A socket from which these can be received, although its other end is closed.
fn queue(sockets: &[OwnedFd]) -> io::Result<OwnedFd> {
    let (ours, theirs) = UnixStream::pair()?;
    pass_sockets(&ours, sockets)?;
    Ok(theirs.into())
}

/// The sockets that the process that called [`detach`] passed to this one; empty on later calls.
pub fn inherited_sockets() -> Vec<OwnedFd> {
    // If there are none, standard input is not a socket.
    receive_parcel(io::stdin(), RecvFlags::DONTWAIT).map(|parcel| parcel.fds).unwrap_or_default()
}

/// Passes sockets to the process at the other end; this process keeps its own.
///
/// # Errors
/// When the other end is gone, or there are more than 32.
pub fn pass_sockets(to: impl AsFd, sockets: &[OwnedFd]) -> io::Result<()> {
    let sockets: Vec<_> = sockets.iter().map(AsFd::as_fd).collect();
    send_fds(to, b"sockets", &sockets)
}

/// Receives the sockets that the process at the other end passes; empty if it passes none and closes. Waits like a read
/// from `from`.
///
/// # Errors
/// If nothing can be read.
pub fn take_sockets(from: impl AsFd) -> io::Result<Vec<OwnedFd>> {
    Ok(receive_parcel(from, RecvFlags::empty())?.fds)
}

/// Whether a process that [`detach`] started runs another program file than it would now: the program was installed
/// again, or there are two installations. False if the program file of this process was removed or replaced, or if the
/// file cannot be determined.
pub fn runs_other_program(machine: &Machine, pid: i32) -> bool {
    differs(machine.program(), &Path::new("/proc").join(pid.to_string()).join("exe"))
}

fn differs(ours: &Path, theirs: &Path) -> bool {
    let (Ok(ours), Ok(theirs)) = (ours.metadata(), theirs.metadata()) else { return false };
    ours.nlink() > 0 && (ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_differs_from_another_file_unless_it_was_removed_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        fs::write(&old, "same").unwrap();
        fs::write(&new, "same").unwrap();
        assert!(!differs(&old, &old));
        assert!(differs(&new, &old));
        assert!(!differs(&new, &folder.path().join("none")));
        // As `/proc/self/exe` of a process whose program was replaced.
        let open = fs::File::open(&old).unwrap();
        fs::rename(&new, &old).unwrap();
        let replaced = Path::new("/proc/self/fd").join(std::os::fd::AsRawFd::as_raw_fd(&open).to_string());
        assert!(!differs(&replaced, &old));
        assert!(differs(&old, &replaced));
    }
}
