//! The processes of a run, as the system lists them: who belongs to it, how much they hold, and
//! how to end them all.
//!
//! A run is the tree below its supervisor, which adopts whoever loses its parent. Should the supervisor be
//! killed, its processes are found by the [`RUN_VARIABLE`] they inherited.

use super::clear::outer_folder;
use crate::domain::Sample;
use rustix::process::{Pid, PidfdFlags, Signal};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Set in every run to its scratch folder: marks what belongs to it, whatever session it is in.
pub(in crate::runner) const RUN_VARIABLE: &str = "TOOLSMITH_RUN";

/// Sweeps repeat while they find somebody new, but not forever: a tool that forks faster than we read the list is
/// stopped by its process limit.
const MAX_ROUNDS: usize = 20;

/// More parents than this are a loop in what was read.
const MAX_CHAIN: usize = 4096;

/// The flag of a process that started no program since it was made (`PF_FORKNOEXEC` in Linux's include/linux/sched.h).
const FORKED_NOT_EXECUTED: u64 = 0x40;

/// One line of the process list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) struct Process {
    pub(in crate::runner) pid: i32,
    pub(in crate::runner) parent: i32,
    /// 0 for a group or session that was begun outside this PID namespace.
    group: i32,
    pub(in crate::runner) session: i32,
    threads: u64,
    /// Device number of its terminal as the kernel writes it; 0 for none.
    pub(in crate::runner) terminal: u32,
    /// Clock ticks since boot.
    pub(in crate::runner) started: u64,
    /// User and system time of it and of the children it waited for, in clock ticks.
    pub(in crate::runner) cpu_ticks: u64,
    pub(in crate::runner) resident_pages: u64,
    /// Address space in bytes: what the kernel keeps to find its way in it is at most a part in 512 of that.
    pub(in crate::runner) virtual_bytes: u64,
    is_over: bool,
    /// Whether it is a copy of its parent that has not started a program since.
    is_copy: bool,
}

/// When a process started, in clock ticks since boot: together with the pid it names a process for
/// good, although pids are used again. `None` when it is not alive.
pub fn process_started(pid: i32) -> Option<u64> {
    read_process(pid).filter(|process| !process.is_over).map(|process| process.started)
}

/// Whether a process still is the copy of its parent that it began as: it has started no program, and has not ended.
pub(in crate::runner) fn is_copy(pid: i32) -> bool {
    read_process(pid).is_some_and(|process| process.is_copy && !process.is_over)
}

/// Kills the process group that `pid` leads, if `pid` is still the process that started at
/// `started`. Returns whether it did. For what a dead owner left behind; see also [`sweep`].
pub fn kill_group(pid: i32, started: u64) -> bool {
    // 0 and 1 would mean our own group and everybody.
    let Some(leader) = (pid > 1).then(|| Pid::from_raw(pid)).flatten() else { return false };
    // The descriptor keeps meaning the same process: looked up first, compared after.
    let Ok(_same) = rustix::process::pidfd_open(leader, PidfdFlags::empty()) else { return false };
    let is_same = |process: &Process| !process.is_over && process.started == started && process.group == pid;
    if !read_process(pid).as_ref().is_some_and(is_same) {
        return false;
    }
    rustix::process::kill_process_group(leader, Signal::KILL).is_ok()
}

/// Asks a process to end: SIGTERM. Nothing happens when it has ended.
pub fn ask_to_end(pid: i32) {
    // 0 and 1 would mean our own group and everybody.
    if let Some(process) = (pid > 1).then(|| Pid::from_raw(pid)).flatten() {
        let _ = rustix::process::kill_process(process, Signal::TERM);
    }
}

/// Kills every process that carries the mark of the run with this scratch folder, wherever it went. Returns how
/// many, and removes the folder that it stood in. For what is left when a supervisor was killed itself.
pub fn sweep(scratch: &Path) -> usize {
    let mark = [RUN_VARIABLE.as_bytes(), b"=", scratch.as_os_str().as_bytes()].concat();
    let mut ended = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let before = ended.len();
        for process in list().filter(|p| !p.is_over && p.pid != std::process::id() as i32) {
            if carries(process.pid, &mark) && ended.insert((process.pid, process.started)) {
                signal_one(&process, Signal::KILL);
            }
        }
        if ended.len() == before {
            break;
        }
    }
    // Where a run of root's stood; gone already unless its supervisor was killed.
    let _ = std::fs::remove_dir_all(outer_folder(scratch));
    ended.len()
}

/// Sends a signal to the group that a process leads, and wakes it: who is stopped sees no signal.
pub(in crate::runner) fn kill_group_of(leader: Pid, signal: Signal) {
    // Both fail when the group is gone: then there is nobody to tell.
    let _ = rustix::process::kill_process_group(leader, signal);
    let _ = rustix::process::kill_process_group(leader, Signal::CONT);
}

/// The parent of a process that exists; `None` for the first process of the machine too.
pub(in crate::runner) fn parent(pid: i32) -> Option<i32> {
    read_process(pid).map(|process| process.parent).filter(|parent| *parent > 0)
}

/// A process and its parents, nearest first, as far as they can be read.
pub(super) fn chain(from: i32) -> Vec<i32> {
    let mut chain = vec![from];
    while let Some(parent) = chain.last().and_then(|pid| parent(*pid)) {
        if chain.contains(&parent) || chain.len() >= MAX_CHAIN {
            break;
        }
        chain.push(parent);
    }
    chain
}

/// The descriptors of a process that are controlling ends of pseudo-terminals.
pub(super) fn masters(pid: i32) -> impl Iterator<Item = fs::DirEntry> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries
        .filter(|link| fs::read_link(link.path()).is_ok_and(|target| target.as_os_str().as_bytes().ends_with(b"/ptmx")))
}

/// This process as `/proc` numbers it. Not by `getpid`: `/proc` may be that of a PID namespace around ours.
pub(in crate::runner) fn own_pid() -> i32 {
    let link = fs::read_link("/proc/self").ok();
    let number = link.and_then(|link| link.to_str()?.parse().ok());
    number.unwrap_or_else(|| std::process::id().cast_signed())
}

/// The session that a process belongs to; `None` when it is not known, or was begun outside this PID namespace.
/// Not by `getsid` of rustix, which fails an assertion for such a session.
pub(in crate::runner) fn session_of(pid: i32) -> Option<i32> {
    read_process(pid).map(|process| process.session).filter(|session| *session > 0)
}

/// The device number of the terminal that a process belongs to, as the kernel writes it; 0 for none.
pub(in crate::runner) fn terminal_of(pid: i32) -> Option<u32> {
    read_process(pid).map(|process| process.terminal)
}

/// The living descendants of a process, nearest first. One that is being handed to a new parent meanwhile may be
/// missed: who wants to end all of them looks again until nobody is left.
pub(in crate::runner) fn descendants(root: i32) -> Vec<Process> {
    let Some(mut all) = children(root) else {
        // A kernel without these lists.
        return below(&list().collect::<Vec<_>>(), root);
    };
    let mut next = 0;
    while let Some(parent) = all.get(next) {
        // One that is gone has no children any more.
        all.extend(children(*parent).unwrap_or_default());
        next += 1;
    }
    all.into_iter().filter_map(read_process).filter(|process| !process.is_over).collect()
}

/// The children of all threads of a process, as the kernel lists them (Linux 3.5, `CONFIG_PROC_CHILDREN`).
fn children(parent: i32) -> Option<Vec<i32>> {
    let mut found = Vec::new();
    for thread in fs::read_dir(format!("/proc/{parent}/task")).ok()? {
        let list = fs::read_to_string(thread.ok()?.path().join("children")).ok()?;
        found.extend(list.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    Some(found)
}

fn below(all: &[Process], root: i32) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![root];
    while !parents.is_empty() {
        let children: Vec<Process> = all.iter().filter(|process| parents.contains(&process.parent)).copied().collect();
        // The dead are followed, for they have no children, but not listed.
        parents = children.iter().map(|process| process.pid).filter(|pid| *pid != root).collect();
        found.extend(children.into_iter().filter(|process| !process.is_over));
    }
    found
}

/// Kills these processes, as far as they are still the same. Stops all first: who is stopped does not fork.
pub(in crate::runner) fn kill_all(processes: &[Process]) {
    for signal in [Signal::STOP, Signal::KILL] {
        signal_all(processes, signal);
    }
}

/// Stops these processes, or lets them continue, as far as they are still the same.
pub(in crate::runner) fn signal_all(processes: &[Process], signal: Signal) {
    for process in processes {
        signal_one(process, signal);
    }
}

/// Stops this process and the others of its group, as its terminal would, but not what it started itself. Who starts
/// a program waits until that is under way and cannot be stopped meanwhile; with the new program stopped in the
/// middle of its start, neither would ever count as stopped, and the shell would wait for both.
///
/// # Errors
/// When the system does not let this process be stopped.
pub fn stop_with_group() -> io::Result<()> {
    // From one look: what is started after it is not met.
    let all: Vec<Process> = list().collect();
    let me = own_pid();
    // Nobody is known to share a group that was begun outside this PID namespace.
    let group = all.iter().find(|process| process.pid == me).map(|process| process.group).filter(|group| *group != 0);
    let ours: Vec<i32> = below(&all, me).iter().map(|process| process.pid).collect();
    let others = all.iter().filter(|process| Some(process.group) == group && !process.is_over);
    for process in others.filter(|process| process.pid != me && !ours.contains(&process.pid)) {
        signal_one(process, Signal::STOP);
    }
    Ok(rustix::process::kill_process(rustix::process::getpid(), Signal::STOP)?)
}

/// The memory of these processes in bytes, shared pages divided among their users. Slower than
/// adding up their resident pages by the number of mappings.
pub(in crate::runner) fn proportional_bytes(pids: &[i32]) -> u64 {
    let of = |pid: &i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    pids.iter().filter_map(of).sum()
}

/// What the processes below one use now: their number, their processor time so far and their memory, shared pages divided
/// among their users where the system tells. `None` when `pid` is not the process that started at `started`.
pub fn used_below(pid: i32, started: u64) -> Option<Sample> {
    if process_started(pid) != Some(started) {
        return None;
    }
    let all = descendants(pid);
    let pids: Vec<i32> = all.iter().map(|process| process.pid).collect();
    let ticks: u64 = all.iter().map(|process| process.cpu_ticks).sum();
    let resident: u64 = all.iter().map(|process| process.resident_pages).sum();
    let memory_bytes = match proportional_bytes(&pids) {
        0 => resident * rustix::param::page_size() as u64,
        shared => shared,
    };
    let cpu_ms = ticks * 1000 / rustix::param::clock_ticks_per_second();
    Some(Sample { cpu_ms, memory_bytes, processes: pids.len() as u64, disk_bytes: 0 })
}

/// How many threads the user of this process has; what the kernel's process limit counts.
pub(in crate::runner) fn threads_of_user() -> u64 {
    let user = rustix::process::getuid().as_raw();
    // Whose it is first: that is cheaper to ask than the rest, and most are somebody else's.
    let is_mine = |pid: &i32| fs::metadata(format!("/proc/{pid}")).is_ok_and(|meta| meta.uid() == user);
    numbers().filter(is_mine).filter_map(read_process).map(|process| process.threads).sum()
}

/// When a process started, also one that is over but not yet waited for.
pub(in crate::runner) fn started_of_child(pid: i32) -> u64 {
    read_process(pid).map_or(0, |process| process.started)
}

fn signal_one(process: &Process, signal: Signal) {
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    let Ok(handle) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return };
    if read_process(process.pid).is_some_and(|now| now.started == process.started) {
        // It may end by itself between the look and the signal.
        let _ = rustix::process::pidfd_send_signal(&handle, signal);
    }
}

/// Whether a process began with this entry in its environment.
fn carries(pid: i32, mark: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|text| text.split(|b| *b == 0).any(|entry| entry == mark))
}

pub(in crate::runner) fn list() -> impl Iterator<Item = Process> {
    numbers().filter_map(read_process)
}

fn numbers() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn read_process(pid: i32) -> Option<Process> {
    let process = parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)?;
    if process.resident_pages > 0 || process.threads < 2 || process.is_over {
        return Some(process);
    }
    // Its first thread has ended, and with it what that thread tells; another one tells the same.
    let other = face(pid).and_then(|thread| parse_stat(pid, &fs::read(format!("/proc/{thread}/stat")).ok()?));
    Some(other.map_or(process, |other| Process {
        resident_pages: other.resident_pages,
        virtual_bytes: other.virtual_bytes,
        ..process
    }))
}

/// A thread of a process that still has its memory and its files; its first one, unless that has ended.
pub(in crate::runner) fn face(pid: i32) -> Option<i32> {
    let has_memory = |thread: &i32| {
        let line = fs::read(format!("/proc/{thread}/stat")).ok();
        line.and_then(|line| parse_stat(*thread, &line)).is_some_and(|read| read.resident_pages > 0)
    };
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    threads.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(has_memory)
}

/// What the kernel keeps for the address spaces of these processes, in bytes.
pub(in crate::runner) fn table_bytes(pids: &[i32]) -> u64 {
    let of = |pid: &i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmPTE:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    pids.iter().filter_map(of).sum()
}

/// Reads a line of `/proc/PID/stat`; the name in brackets may hold anything, also brackets.
fn parse_stat(pid: i32, line: &[u8]) -> Option<Process> {
    let after_name = line.iter().rposition(|b| *b == b')')? + 1;
    let rest = std::str::from_utf8(&line[after_name..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Process {
        pid,
        // A first thread that has ended says so, although others of its process go on.
        is_over: matches!(*fields.first()?, "Z" | "X" | "x") && number(17)? <= 1,
        is_copy: number(6)? & FORKED_NOT_EXECUTED != 0,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        // Written as a signed number.
        terminal: fields.get(4)?.parse::<i32>().ok()?.cast_unsigned(),
        cpu_ticks: number(11)? + number(12)? + number(13)? + number(14)?,
        threads: number(17)?,
        started: number(19)?,
        virtual_bytes: number(20)?,
        resident_pages: number(21)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_brackets_does_not_confuse_the_list() {
        let line = b"7 (a) Z (b)) S 1 7 6 0 -1 64 0 0 0 0 10 20 0 0 20 0 3 0 999 4096 25 0";
        let expected = Process {
            pid: 7,
            parent: 1,
            group: 7,
            session: 6,
            threads: 3,
            terminal: 0,
            started: 999,
            cpu_ticks: 30,
            resident_pages: 25,
            virtual_bytes: 4096,
            is_over: false,
            is_copy: true,
        };
        assert_eq!(parse_stat(7, line), Some(expected));
        let over = |threads| {
            let line = format!("7 (x) Z 1 7 6 0 -1 0 0 0 0 0 10 20 0 0 20 0 {threads} 0 999 0 0 0");
            parse_stat(7, line.as_bytes()).unwrap().is_over
        };
        assert!(over(1) && !over(2), "other threads of it go on");
        assert_eq!(parse_stat(7, b"7 (x"), None);
    }

    #[test]
    fn what_the_children_of_a_process_use_is_told_and_nothing_of_a_reused_number() {
        let mut waiting = std::process::Command::new("cat");
        let mut child = waiting.stdin(std::process::Stdio::piped()).spawn().unwrap();
        let me = std::process::id() as i32;
        let started = process_started(me).unwrap();
        let used = used_below(me, started).unwrap();
        assert!(used.processes >= 1 && used.memory_bytes > 0, "{used:?}");
        assert_eq!(used_below(me, started + 1), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn this_process_is_alive_and_holds_memory() {
        let me = std::process::id() as i32;
        assert!(process_started(me).is_some());
        assert!(proportional_bytes(&[me]) > 0);
        assert!(threads_of_user() > 0);
        assert_eq!(process_started(i32::MAX), None);
    }

    #[test]
    fn a_group_is_not_killed_when_the_leader_is_another_process() {
        let me = std::process::id() as i32;
        let started = process_started(me).unwrap();
        assert!(!kill_group(me, started + 1));
        assert!(!kill_group(0, started) && !kill_group(1, started) && !kill_group(-1, started));
    }
}
