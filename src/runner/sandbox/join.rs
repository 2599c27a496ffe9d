//! Joining the namespaces of another process.

use landlock::{ABI, Access, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};
use rustix::process::PidfdFlags;
use rustix::thread::{
    CapabilitySet, LinkNameSpaceType, move_into_link_name_space, remove_capability_from_bounding_set,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Asks a descriptor of a process for one of its namespaces (`_IO(PIDFS_IOCTL_MAGIC, number)` of `linux/pidfd.h`,
/// Linux 6.11). By descriptor, not by `/proc`, which may number processes otherwise than we do.
const fn ask_for(number: libc::c_ulong) -> libc::c_ulong {
    0xFF00 | number
}

/// The first version of Landlock that keeps signals inside.
const SIGNALS: ABI = ABI::V6;

/// The namespaces of a process, all but those of processes and clocks, held open: they stay when it ends.
#[derive(Debug)]
pub(in crate::runner) struct Namespaces {
    /// The users, who own all others.
    users: OwnedFd,
    mounts: OwnedFd,
    others: Vec<(OwnedFd, LinkNameSpaceType)>,
}

impl Namespaces {
    /// Those of the process behind a descriptor; the network's only where it has one of its own.
    ///
    /// # Errors
    /// When the process is gone, is not ours to ask, or the kernel is too old.
    pub(in crate::runner) fn of(process: &OwnedFd, has_network: bool) -> io::Result<Namespaces> {
        let mut others = vec![
            (ask(process, ask_for(2))?, LinkNameSpaceType::InterProcessCommunication),
            (ask(process, ask_for(10))?, LinkNameSpaceType::HostNameAndNISDomainName),
        ];
        if has_network {
            others.push((ask(process, ask_for(4))?, LinkNameSpaceType::Network));
        }
        // Not every kernel has them.
        if let Ok(groups) = ask(process, ask_for(1)) {
            others.push((groups, LinkNameSpaceType::ControlGroup));
        }
        Ok(Namespaces { users: ask(process, ask_for(9))?, mounts: ask(process, ask_for(3))?, others })
    }

    /// Its mounts, which last as long as somebody holds this.
    pub(in crate::runner) fn mounts(&self) -> BorrowedFd<'_> {
        self.mounts.as_fd()
    }

    /// Puts this process among its users. It must have one thread, and be the user that made them; it then holds every
    /// right in what these users own, and none outside.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::runner) fn join_users(&self) -> io::Result<()> {
        Ok(move_into_link_name_space(self.users.as_fd(), Some(LinkNameSpaceType::User))?)
    }

    /// Puts this process, which is among its users, into all others.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(in crate::runner) fn join(&self) -> io::Result<()> {
        let last = (&self.mounts, LinkNameSpaceType::Mount);
        let others = self.others.iter().map(|(namespace, kind)| (namespace, *kind));
        for (namespace, kind) in others.chain([last]) {
            move_into_link_name_space(namespace.as_fd(), Some(kind))?;
        }
        // What is started from here gains nothing, whatever becomes of the rights of this process.
        for capability in CapabilitySet::all().iter() {
            // One that the kernel does not know is in no set.
            let _ = remove_capability_from_bounding_set(capability);
        }
        Ok(())
    }
}

/// The mounts of this process as they are now, which last as long as somebody holds this.
///
/// # Errors
/// When the kernel is too old.
pub(in crate::runner) fn present_mounts() -> io::Result<OwnedFd> {
    let me = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())?;
    ask(&me, ask_for(3))
}

fn ask(process: &OwnedFd, request: libc::c_ulong) -> io::Result<OwnedFd> {
    // SAFETY: the requests above take no pointer.
    let fd = unsafe { libc::ioctl(process.as_raw_fd(), request as libc::Ioctl, 0) };
    if fd == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor for us and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Lets this process send signals only to what it starts from now on, for good. It must have one thread.
///
/// # Errors
/// When the kernel cannot do that.
pub(in crate::runner) fn keep_signals_inside() -> io::Result<()> {
    let held = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .scope(Scope::from_all(SIGNALS))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    held.map(drop).map_err(|error| io::Error::other(format!("signals cannot be restricted: {error}")))
}
