//! Confinement: what the process that becomes the tool builds around itself, what an unobserved child does
//! between fork and exec, and waiting for processes. The only place with unsafe code.
//!
//! Two ways in. [`confine`] works in a child of a program with threads: only async-signal-safe calls are allowed
//! there, so everything needed is computed before. The rest works in a process with one thread and may do anything.

#![expect(unsafe_code, reason = "fork, pre_exec, wait4 and seccomp have no safe form")]
#![allow(dead_code, unused_imports, reason = "the supervisor, which uses them, is being built")]

mod bpf;
mod calls;
mod files;
mod filter;
mod listener;
mod places;
mod plan;
mod raise;
#[cfg(test)]
mod tests;

pub(super) use calls::{CALLS, Call, Group};
pub(super) use files::landlock_version;
pub(super) use listener::{Listener, Notification, Verdict};
pub(super) use places::{ETC, ETC_NETWORK, SYSTEM};
pub(super) use plan::{Bounds, HostFacts, Layer, Raised, STATUS_FD, WallError, WallPlan};
pub(super) use raise::raise;

use super::limits::Limits;
use rustix::process::{Resource, Rlimit};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Open files of one process.
const MAX_FILES: u64 = 256;

/// The kernel counts threads, the limit means processes: node alone has eleven.
const THREADS_PER_PROCESS: u64 = 16;

/// Signals whose handling a child may have inherited from us.
const LAST_SIGNAL: i32 = 31;

/// What one process may use, as the kernel understands it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bound {
    resource: Resource,
    soft: u64,
    hard: u64,
}

/// The end of a process, as the kernel tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reaped {
    /// How it ended.
    pub(super) exit: Exit,
    /// User and system time, waited-for children included, in milliseconds.
    pub(super) cpu_ms: u64,
    /// Largest resident set of any one process, in bytes.
    pub(super) max_rss_bytes: u64,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// By itself.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// Makes `command` confine itself before it becomes the tool: an own session (no terminal to read
/// from or to type into), default signal handling, death with the thread that started it, no new
/// privileges, limits, and no open file but the standard three.
///
/// `user_threads` is how many threads the user has now; `None` for root, whom the kernel does not
/// hold to a number of processes.
pub(super) fn confine(command: &mut Command, limits: &Limits, user_threads: Option<u64>) {
    let bounds = bounds(limits, user_threads);
    let parent = std::process::id();
    // SAFETY: the closure only makes system calls on values it owns; see the module doc.
    unsafe {
        command.pre_exec(move || become_confined(&bounds, parent));
    }
}

fn bounds(limits: &Limits, user_threads: Option<u64>) -> [Bound; 6] {
    let bound = |resource, soft: u64, hard: u64| {
        // A limit that we have ourselves cannot be raised.
        let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
        Bound { resource, soft: soft.min(most), hard: hard.min(most) }
    };
    let equal = |resource, value| bound(resource, value, value);
    let threads = user_threads.map_or(u64::MAX, |now| now.saturating_add(limits.processes * THREADS_PER_PROCESS));
    [
        equal(Resource::Core, 0),
        // SIGXCPU first, so that the cause is visible; SIGKILL a second later.
        bound(Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds + 1),
        // Not the address space: node reserves gigabytes it never touches.
        equal(Resource::Data, limits.memory_bytes),
        equal(Resource::Fsize, limits.file_bytes),
        equal(Resource::Nofile, MAX_FILES),
        equal(Resource::Nproc, threads),
    ]
}

fn become_confined(bounds: &[Bound], parent: u32) -> io::Result<()> {
    let checked = |result: libc::c_int| if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) };
    // SAFETY: plain system calls with constant arguments, allowed between fork and exec.
    unsafe {
        checked(libc::setsid())?;
        for signal in 1..=LAST_SIGNAL {
            // Fails for SIGKILL and SIGSTOP, which need no reset.
            libc::signal(signal, libc::SIG_DFL);
        }
        checked(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        if libc::getppid() as u32 != parent {
            // The parent died before the line above took effect.
            libc::_exit(127);
        }
        checked(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        // Marked, not closed: the standard library still reports a failed exec through one of them.
        checked(libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) as libc::c_int)?;
    }
    for bound in bounds {
        let finite = |value| (value != u64::MAX).then_some(value);
        let limit = Rlimit { current: finite(bound.soft), maximum: finite(bound.hard) };
        rustix::process::setrlimit(bound.resource, limit)?;
    }
    Ok(())
}

/// Waits for a child that has ended and takes its accounts. Blocks while it has not ended.
///
/// # Errors
/// When `pid` is no child of this process, or somebody else waited for it.
pub(super) fn reap(pid: i32) -> io::Result<Reaped> {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which all zeroes is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right type.
        let result = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        if result == pid {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let exit = if libc::WIFSIGNALED(status) {
        Exit::Signal(libc::WTERMSIG(status))
    } else {
        Exit::Code(libc::WEXITSTATUS(status))
    };
    let millis = |time: libc::timeval| time.tv_sec as u64 * 1000 + time.tv_usec as u64 / 1000;
    Ok(Reaped {
        exit,
        cpu_ms: millis(usage.ru_utime) + millis(usage.ru_stime),
        max_rss_bytes: usage.ru_maxrss as u64 * 1024,
    })
}

/// Gives memory that was freed back to the system. Here because it needs `unsafe`, which this file keeps
/// together: reading 10,000 tools frees about 80 MB on other threads' heaps, which the C library would
/// otherwise hold for ever. Costs a few milliseconds; does nothing where the C library is not glibc.
pub fn release_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer and only touches memory that nobody has allocated.
    unsafe {
        libc::malloc_trim(0);
    }
}
