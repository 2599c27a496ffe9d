//! This program started again as a process of its own, which continues when the one that started it ends.

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

/// How lists of processes name this program in a role of its own: its file may be `/proc/self/exe`.
const PROCESS_NAME: &str = "toolsmith";

/// Names this process so in lists of processes, where the kernel names it by its file.
pub fn name_process() {
    // Only for lists; it fails for no name of this length.
    let _ = rustix::thread::set_name(c"toolsmith");
}

/// Starts this program in a role of its own, without streams, in a process group of its own. It gets these sockets, and
/// finds them with [`inherited_sockets`]. It is never waited for by
/// the caller; while the caller lives, its end is noticed, so that nothing is left of it.
///
/// # Errors
/// When it cannot be started, or there are more than 32 sockets.
pub fn detach(machine: &Machine, args: &[&OsStr], sockets: &[OwnedFd]) -> io::Result<()> {
    let launch = Launch::heir(machine.program()).called(PROCESS_NAME).args(args).in_group();
    let stdin = if sockets.is_empty() { Stdio::null() } else { queue(sockets)?.into() };
    let mut child = launch.streams(stdin, Stdio::null(), Stdio::null()).spawn()?;
    // Whoever is over before it leaves it to the system, which buries it.
    let bury = std::thread::Builder::new().name("detached".to_owned()).spawn(move || child.wait().is_ok());
    bury.map(drop)
}

/// A socket from which these can be taken, although nobody holds its other end.
fn queue(sockets: &[OwnedFd]) -> io::Result<OwnedFd> {
    let (ours, theirs) = UnixStream::pair()?;
    pass_sockets(&ours, sockets)?;
    Ok(theirs.into())
}

/// The sockets that whoever started this process with [`detach`] gave it; none when called again.
pub fn inherited_sockets() -> Vec<OwnedFd> {
    // Standard input is no socket when there are none.
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

/// Takes the sockets that the process at the other end passes; none when it passes none and leaves. Waits as reading from
/// `from` does.
///
/// # Errors
/// When nothing can be read.
pub fn take_sockets(from: impl AsFd) -> io::Result<Vec<OwnedFd>> {
    Ok(receive_parcel(from, RecvFlags::empty())?.fds)
}

/// Whether a process that [`detach`] started runs another program file than it would start now: it was installed again
/// since, or there are two installations. False when this process itself runs a program file that was removed or
/// replaced, or when the file cannot be told.
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
