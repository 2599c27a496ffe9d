//! Joining the namespaces of another process.

use landlock::{ABI, Access, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};
use rustix::process::PidfdFlags;
use rustix::thread::{
    CapabilitySet, LinkNameSpaceType, move_into_link_name_space, remove_capability_from_bounding_set,
};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Requests one of a process's namespaces from its descriptor (`_IO(PIDFS_IOCTL_MAGIC, number)` of `linux/pidfd.h`,
/// Linux 6.11). Uses a descriptor, not `/proc`, which may number processes differently.
const fn ask_for(number: libc::c_ulong) -> libc::c_ulong {
    0xFF00 | number
}

/// The first version of Landlock that restricts signals.
const SIGNALS: ABI = ABI::V6;

/// The namespaces of a process, except those for processes and clocks, held open: they remain when the process ends.
#[derive(Debug)]
pub(in crate::runner) struct Namespaces {
    /// The user namespace, which owns all others.
    users: OwnedFd,
    mounts: OwnedFd,
    others: Vec<(OwnedFd, LinkNameSpaceType)>,
}

impl Namespaces {
    /// The namespaces of the process behind a descriptor; the network only if it is separate.
    ///
    /// # Errors
    /// If the process has ended, this process may not query it, or the kernel is too old.
    pub(in crate::runner) fn of(process: &OwnedFd, has_network: bool) -> io::Result<Namespaces> {
        let mut others = vec![
            (ask(process, ask_for(2))?, LinkNameSpaceType::InterProcessCommunication),
            (ask(process, ask_for(10))?, LinkNameSpaceType::HostNameAndNISDomainName),
        ];
        if has_network {
            others.push((ask(process, ask_for(4))?, LinkNameSpaceType::Network));
        }
        // Some kernels do not have them.
        if let Ok(groups) = ask(process, ask_for(1)) {
            others.push((groups, LinkNameSpaceType::ControlGroup));
        }
        Ok(Namespaces { users: ask(process, ask_for(9))?, mounts: ask(process, ask_for(3))?, others })
    }

    /// Its mounts, which exist as long as this value.
    pub(in crate::runner) fn mounts(&self) -> BorrowedFd<'_> {
        self.mounts.as_fd()
    }

    /// Moves this process into the user namespace. It must have one thread, and be the user that created the namespace.
    /// It then has all rights over what the namespace owns, and none outside.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub(in crate::runner) fn join_users(&self) -> io::Result<()> {
        Ok(move_into_link_name_space(self.users.as_fd(), Some(LinkNameSpaceType::User))?)
    }

    /// Moves this process, which is already in the user namespace, into all other namespaces.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub(in crate::runner) fn join(&self) -> io::Result<()> {
        let last = (&self.mounts, LinkNameSpaceType::Mount);
        let others = self.others.iter().map(|(namespace, kind)| (namespace, *kind));
        for (namespace, kind) in others.chain([last]) {
            move_into_link_name_space(namespace.as_fd(), Some(kind))?;
        }
        // Programs started from here gain no rights, whatever the rights of this process.
        for capability in CapabilitySet::all().iter() {
            // An unknown capability is not in any set.
            let _ = remove_capability_from_bounding_set(capability);
        }
        Ok(())
    }
}

/// The current mounts of this process, which exist as long as the returned descriptor.
///
/// # Errors
/// If the kernel is too old.
pub(in crate::runner) fn present_mounts() -> io::Result<OwnedFd> {
    let me = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())?;
    ask(&me, ask_for(3))
}

fn ask(process: &OwnedFd, request: libc::c_ulong) -> io::Result<OwnedFd> {
    // SAFETY: the requests above use no pointer.
    let fd = unsafe { libc::ioctl(process.as_raw_fd(), request as libc::Ioctl, 0) };
    if fd == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just created this descriptor, and nobody else uses it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Permanently restricts signals of this process to processes that it starts from now on. It must have one thread.
///
/// # Errors
/// If the kernel does not support it.
pub(in crate::runner) fn keep_signals_inside() -> io::Result<()> {
    let held = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .scope(Scope::from_all(SIGNALS))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    held.map(drop).map_err(|error| io::Error::other(format!("signals cannot be restricted: {error}")))
}
