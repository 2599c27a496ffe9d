//! How a process sandboxes itself; contains the only unsafe code of the program.

#![expect(unsafe_code, reason = "fork, wait4 and the filter of system calls have no safe form")]

mod bpf;
mod buffers;
mod calls;
mod files;
mod filter;
mod join;
mod lend;
mod listener;
mod places;
mod plan;
mod process;
mod raise;
#[cfg(test)]
pub(super) mod tests;

pub(super) use buffers::{buffered_bytes, local_sockets, possible_bytes};
pub(super) use calls::{SystemCall, SystemCallGroup};
pub(super) use files::landlock_version;
pub(super) use join::{Namespaces, keep_signals_inside, present_mounts};
pub(super) use lend::{lend_to, seal};
pub(super) use listener::{CallAnswer, Listener, Notification};
pub(super) use places::{DEVICES, ETC, ETC_NETWORK, PROC, SYSTEM};
pub(super) use plan::{FIRST_INHERITED, HostFacts, ProcessLimits, USUAL_FILES, WallPlan};
pub(super) use process::{
    ChildSignalGuard, Exit, Reaped, become_user, close_all, default_signals, drop_capabilities, end_descendants,
    forget_children, fork, has_children, ignore_stop_signals, network_mark, own_mounts, own_processes, reap,
    start_in_our_memory, take_places,
};
pub use process::{StopSignals, waiting_connections};
pub(super) use raise::raise;
#[cfg(test)]
pub(super) use {
    calls::CALLS,
    plan::{Layer, Raised},
};

/// Blocks of at least this size are returned to the system as soon as they are freed, in bytes.
const LARGE_BLOCK: libc::c_int = 512 * 1024;
/// Heaps that threads share.
const HEAPS: libc::c_int = 2;

/// Prevents the C library from retaining unused memory. By default it retains freed blocks of up to 32 MiB, and a
/// separate heap for each thread: a fifth of the memory of a workbench with 100,000 tools. Call it before other threads
/// are started. It does nothing if the C library is not glibc.
pub fn spare_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer; what was allocated before stays where it is.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Returns freed memory to the system: reading 10,000 tools frees about 80 MB on other threads' heaps, which the C
/// library would otherwise retain forever. Takes a few milliseconds; does nothing if the C library is not glibc. It is
/// in this file because it needs `unsafe`.
pub fn release_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer and only touches memory that nobody has allocated.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Releases the pages of this program's code and constants, for a process that sleeps most of the time: the kernel
/// reloads what is needed from its file cache. Does nothing if the mappings cannot be read.
pub fn release_program() {
    let (Ok(maps), Ok(program)) = (std::fs::read_to_string("/proc/self/maps"), std::fs::read_link("/proc/self/exe"))
    else {
        return;
    };
    for line in maps.lines().filter(|line| line.ends_with(&*program.to_string_lossy())) {
        let mut words = line.split_ascii_whitespace();
        let (Some(range), Some(access), Some(offset)) = (words.next(), words.next(), words.next()) else { continue };
        // Code, and the read-only part at the begin of the file. What the loader wrote to lies behind both.
        if access != "r-xp" && !(access == "r--p" && offset.bytes().all(|digit| digit == b'0')) {
            continue;
        }
        let ends = range.split_once('-').map(|(from, to)| [from, to].map(|text| usize::from_str_radix(text, 16)));
        if let Some([Ok(from), Ok(to)]) = ends {
            // SAFETY: nobody has written to these private mappings of a file, so each page comes back as it was.
            unsafe {
                libc::madvise(from as *mut libc::c_void, to.saturating_sub(from), libc::MADV_DONTNEED);
            }
        }
    }
}

/// The tests' own program plays the supervisor and the inner stage for the runs that they start.
#[cfg(test)]
mod role {
    extern "C" fn play() {
        if let Some(code) = crate::runner::play_role() {
            std::process::exit(i32::from(code));
        }
    }

    // SAFETY: the C library calls each entry once before main, with one thread.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static PLAY: extern "C" fn() = play;
}
