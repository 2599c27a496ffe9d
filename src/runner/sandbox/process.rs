//! Forking, waiting, and changing the user, for the supervisor and the inner stage, both of which have one thread.

use super::plan::{FIRST_INHERITED, ProcessLimits};
use rustix::process::{Gid, Resource, Rlimit, Uid};
use serde::{Deserialize, Serialize};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// The last signal whose handling a process may have inherited.
const LAST_SIGNAL: i32 = 31;

/// How long to wait for a process that ends by itself before all processes are scanned.
const ENDING: Duration = Duration::from_millis(1);

/// How long killed processes may take to die; waiting for one stuck in the kernel would never end.
const GIVE_UP: Duration = Duration::from_secs(5);

/// The socket option for the cookie of its network (`asm-generic/socket.h`).
const SO_NETNS_COOKIE: libc::c_int = 71;

/// How long to wait before checking again whether killed processes have ended.
const LOOK: Duration = Duration::from_millis(1);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::runner) enum Exit {
    Code(i32),
    Signal(i32),
}

impl Default for Exit {
    fn default() -> Exit {
        Exit::Code(0)
    }
}

/// The end of a process, as the kernel reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(in crate::runner) struct Reaped {
    pub(in crate::runner) exit: Exit,
    /// User and system time, including waited-for children, in milliseconds.
    pub(in crate::runner) cpu_ms: u64,
    /// Largest resident set of any single process, in bytes.
    pub(in crate::runner) max_rss_bytes: u64,
    /// Processes that were still running afterwards and were killed.
    pub(in crate::runner) left: u64,
}

/// Starts a copy of this process that runs `child` and exits with its result. Returns its pid.
///
/// Only for processes with one thread: then the copy may do everything that this process may.
///
/// # Errors
/// If the system cannot create another process.
pub(in crate::runner) fn fork(child: impl FnOnce() -> i32) -> io::Result<i32> {
    // SAFETY: there is one thread, so no lock is held by a thread that does not exist in the copy.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let code = child();
            // SAFETY: ends the process at once; nothing of the parent is flushed or dropped twice.
            unsafe { libc::_exit(code) }
        }
        pid => Ok(pid),
    }
}

/// The stack size of a process that shares memory, in bytes.
const BORROWED_STACK: usize = 1 << 20;

/// Starts a process that runs `child` in the memory of this one, which is suspended until `child` has started a program
/// or returned. Avoids the copy that [`fork`] makes; the process has its own files, signals, user and sandbox layers.
/// Its changes to memory remain. Returns its pid.
///
/// Only for processes with one thread. `child` must not wait for this process.
///
/// # Errors
/// If the system cannot create another process.
pub(in crate::runner) fn start_in_our_memory<F: FnOnce() -> i32>(child: F) -> io::Result<i32> {
    extern "C" fn enter<F: FnOnce() -> i32>(child: *mut libc::c_void) -> libc::c_int {
        // SAFETY: the pointer is to a live local of the caller that waits below, and nobody else uses it meanwhile.
        let child = unsafe { (*child.cast::<Option<F>>()).take() };
        child.map_or(1, |child| child())
    }
    let mut child = Some(child);
    // Untouched pages cost nothing.
    let mut stack: Vec<u128> = Vec::with_capacity(BORROWED_STACK / size_of::<u128>());
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the end of the stack is the end of the reserved memory, and aligned like the type. This process does not
    // continue before the new one has released its memory, so stack and closure live long enough.
    let pid = unsafe {
        let top = stack.as_mut_ptr().add(stack.capacity());
        libc::clone(enter::<F>, top.cast(), flags, (&raw mut child).cast())
    };
    if pid == -1 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

/// Resets the signal handling of this process, including inherited settings.
pub(in crate::runner) fn default_signals() {
    for signal in 1..=LAST_SIGNAL {
        // SAFETY: no handler is installed. Fails for SIGKILL and SIGSTOP, which need no reset.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
    // SAFETY: an all-zero set is valid and is then emptied; the pointers are to live locals.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Signals that ask a process to end, from a terminal, a service manager or a machine that shuts down.
const STOP_SIGNALS: [i32; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// Ignores signals that ask all processes to end; the process that started this one decides when it ends. Children undo
/// that with [`default_signals`].
pub(in crate::runner) fn ignore_stop_signals() {
    for signal in STOP_SIGNALS {
        // SAFETY: no handler is or will be installed.
        unsafe {
            libc::signal(signal, libc::SIG_IGN);
        }
    }
}

/// Signals that ask this process to end, blocked until they are waited for. Threads that are started later block them
/// too.
#[derive(Debug)]
pub struct StopSignals(libc::sigset_t);

impl StopSignals {
    /// Blocks them from now on.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn block() -> io::Result<StopSignals> {
        block(&STOP_SIGNALS).map(StopSignals)
    }

    /// Waits until one arrives.
    pub fn wait(&self) {
        // SAFETY: the pointer is to a live value; no signal details are requested. It fails only if another signal
        // interrupts it.
        while unsafe { libc::sigwaitinfo(&raw const self.0, std::ptr::null_mut()) } == -1 {}
    }
}

/// Blocks signals in this thread until they are waited for, and returns their set.
fn block(signals: &[i32]) -> io::Result<libc::sigset_t> {
    // SAFETY: plain numbers, for which zero is valid; the pointers are to live locals.
    let (set, failed) = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        (set, libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()))
    };
    if failed == 0 { Ok(set) } else { Err(io::Error::from_raw_os_error(failed)) }
}

/// Lets the kernel reap children automatically. A copy of this process undoes that with [`default_signals`].
pub(in crate::runner) fn forget_children() {
    // SAFETY: no handler is or will be installed.
    unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_IGN);
    }
}

/// Becomes an unprivileged user, and a group of the same number, permanently.
///
/// # Errors
/// If this process may not.
pub(in crate::runner) fn become_user(user: u32) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    Ok(())
}

/// Drops every capability of this process.
///
/// # Errors
/// If the kernel refuses.
pub(in crate::runner) fn drop_capabilities() -> io::Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(())
}

/// Waits for a child that has ended and returns its resource use. Blocks while it has not ended.
///
/// # Errors
/// If `pid` is not a child of this process, or another waited for it.
pub(in crate::runner) fn reap(pid: i32) -> io::Result<Reaped> {
    match wait4(pid, 0)? {
        Some((_, reaped)) => Ok(reaped),
        None => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Adds the resource use of all children that have ended to `total`; returns whether a child remains.
///
/// # Errors
/// If the kernel reports an error.
pub(in crate::runner) fn has_children(total: &mut Reaped) -> io::Result<bool> {
    loop {
        match wait4(-1, libc::WNOHANG) {
            Ok(Some((_, reaped))) => {
                total.cpu_ms += reaped.cpu_ms;
                total.max_rss_bytes = total.max_rss_bytes.max(reaped.max_rss_bytes);
            }
            Ok(None) => return Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

/// Kills every descendant of this process and waits for all of them; it must adopt orphans. Adds the number of killed
/// processes to `total`.
///
/// # Errors
/// If the kernel refuses, or one does not die in 5 s.
pub(in crate::runner) fn end_descendants(total: &mut Reaped) -> io::Result<()> {
    use crate::runner::process::processes::{descendants, kill_all};
    let me = rustix::process::getpid().as_raw_nonzero().get();
    let begun = Instant::now();
    let mut killed = std::collections::BTreeSet::new();
    let ends = ChildSignalGuard::block()?;
    // Usually a process is just ending by itself; scanning all processes for that is expensive.
    if has_children(total)? {
        ends.wait(ENDING);
    }
    while has_children(total)? {
        let alive = descendants(me);
        kill_all(&alive);
        killed.extend(alive.iter().map(|process| (process.pid, process.started)));
        total.left = killed.len() as u64;
        if begun.elapsed() > GIVE_UP {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // Some are not children yet, so their end is not reported; then the loop checks again.
        ends.wait(LOOK);
    }
    Ok(())
}

/// Signals of ended children, blocked while this value exists until they are waited for. A program that is started
/// meanwhile would inherit that.
pub(in crate::runner) struct ChildSignalGuard(libc::sigset_t);

impl ChildSignalGuard {
    /// Blocks them from now on.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub(in crate::runner) fn block() -> io::Result<ChildSignalGuard> {
        block(&[libc::SIGCHLD]).map(ChildSignalGuard)
    }

    /// Waits until a child ends, at most this long; must be below one second.
    pub(in crate::runner) fn wait(&self, longest: Duration) {
        let longest = libc::timespec { tv_sec: 0, tv_nsec: i64::from(longest.subsec_nanos()) };
        // SAFETY: both pointers are to live values; no signal details are requested. In either case, the caller checks.
        unsafe { libc::sigtimedwait(&raw const self.0, std::ptr::null_mut(), &raw const longest) };
    }
}

impl Drop for ChildSignalGuard {
    fn drop(&mut self) {
        // SAFETY: the pointer is to a live value. It cannot fail if blocking succeeded.
        unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const self.0, std::ptr::null_mut()) };
    }
}

fn wait4(pid: i32, options: i32) -> io::Result<Option<(i32, Reaped)>> {
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which zero is valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live locals of the right type.
        match unsafe { libc::wait4(pid, &raw mut status, options, &raw mut usage) } {
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            0 => return Ok(None),
            ended => {
                let exit = if libc::WIFSIGNALED(status) {
                    Exit::Signal(libc::WTERMSIG(status))
                } else {
                    Exit::Code(libc::WEXITSTATUS(status))
                };
                let millis = |time: libc::timeval| time.tv_sec as u64 * 1000 + time.tv_usec as u64 / 1000;
                let cpu_ms = millis(usage.ru_utime) + millis(usage.ru_stime);
                let max_rss_bytes = usage.ru_maxrss as u64 * 1024;
                return Ok(Some((ended, Reaped { exit, cpu_ms, max_rss_bytes, left: 0 })));
            }
        }
    }
}

/// Gives this process a separate mount namespace. The process must have one thread.
///
/// # Errors
/// If this process may not.
pub(in crate::runner) fn own_mounts() -> io::Result<()> {
    // SAFETY: there is one thread, and no descriptor changes its meaning.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }?;
    Ok(())
}

/// Puts the next child of this process, and all later ones, into a separate PID namespace; the next one is its first
/// process. This process must have one thread.
///
/// # Errors
/// If this process may not.
pub(in crate::runner) fn own_processes() -> io::Result<()> {
    // SAFETY: there is one thread, and no descriptor changes its meaning.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWPID) }?;
    Ok(())
}

/// Moves the status socket and the inherited listeners to their descriptor numbers; files that were open there are
/// closed. Returns the socket.
///
/// # Errors
/// If this process may not have this many files.
pub(in crate::runner) fn take_places(
    status: &OwnedFd,
    listeners: &[OwnedFd],
    limits: &ProcessLimits,
) -> io::Result<OwnedFd> {
    let own = rustix::process::getrlimit(Resource::Nofile);
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: own.maximum, ..own })?;
    let status = rustix::io::fcntl_dupfd_cloexec(status, limits.status_fd())?;
    let above = |fd: &OwnedFd| rustix::io::fcntl_dupfd_cloexec(fd, limits.status_fd());
    // First above all target numbers, because one may have the target number of another.
    let copies = listeners.iter().map(above).collect::<Result<Vec<_>, _>>()?;
    for (place, copy) in (FIRST_INHERITED..).zip(&copies) {
        // SAFETY: uses no pointer. This process, which has its own file table, no longer uses the file that was open
        // there.
        if unsafe { libc::dup2(copy.as_raw_fd(), place) } == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(status)
}

/// Identifies a network (`SO_NETNS_COOKIE`, Linux 5.14): the same for all sockets of a network, never reused.
///
/// # Errors
/// If the kernel does not support it.
pub(in crate::runner) fn network_mark(socket: &OwnedFd) -> io::Result<u64> {
    let mut mark = 0_u64;
    let mut length = size_of::<u64>() as libc::socklen_t;
    // SAFETY: both pointers are to live locals, and the length is that of the first.
    let result = unsafe {
        let into = (&raw mut mark).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, SO_NETNS_COOKIE, into, &raw mut length)
    };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(mark) }
}

/// The number of connections of a listening TCP socket that are not accepted yet.
///
/// # Errors
/// If it is not a TCP socket.
pub fn waiting_connections(listener: &impl AsFd) -> io::Result<u32> {
    // SAFETY: a plain structure of numbers, for which zeros are valid.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: both pointers are to live locals, and the length is that of the first.
    let result = unsafe {
        let into = (&raw mut info).cast();
        let fd = listener.as_fd().as_raw_fd();
        libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, into, &raw mut length)
    };
    // For a listening socket, this field is the length of its queue (tcp_get_info in Linux's net/ipv4/tcp.c).
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(info.tcpi_unacked) }
}

/// Closes every file of this process, including the standard three. For a process that needs none from now on, and
/// never returns to an owner of one.
///
/// # Errors
/// If the kernel refuses.
pub(in crate::runner) fn close_all() -> io::Result<()> {
    // SAFETY: uses no pointer; the caller no longer uses any descriptor.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
