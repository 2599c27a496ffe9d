//! This program started again as a process of its own, which continues when the one that started it ends.

use super::Machine;
use crate::outside::Launch;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
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

/// Whether a process that [`detach`] started runs another program file than it would start now: it was installed anew
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
