//! The processes of a run, as the system lists them: who belongs to it, how much they hold, and
//! how to end them all.
//!
//! A run is a session of its own, so its members are found by the session number. A daemon that
//! opened a session of its own is found by the [`RUN_VARIABLE`] it inherited; one that also cleared
//! its environment is not found. Only a pid namespace closes that gap.

use rustix::process::{Pid, PidfdFlags, Signal};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Set in every run to its scratch folder: marks what belongs to it, whatever session it is in.
pub(super) const RUN_VARIABLE: &str = "TOOLSMITH_RUN";

/// Sweeps repeat while they find somebody new, but not for ever: a tool that forks faster than we
/// read the list is stopped by its process limit.
const MAX_ROUNDS: usize = 20;

/// One line of the process list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    pid: i32,
    session: i32,
    threads: u64,
    /// Clock ticks since boot.
    started: u64,
    resident_pages: u64,
    is_over: bool,
}

/// What a run holds at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Holding {
    /// Its living processes.
    pub(super) pids: Vec<i32>,
    /// Their resident memory in bytes; pages they share are counted once for each.
    pub(super) resident_bytes: u64,
}

/// When a process started, in clock ticks since boot: together with the pid it names a process for
/// good, although pids are used again. `None` when it is not alive.
pub fn process_started(pid: i32) -> Option<u64> {
    read_process(pid).filter(|process| !process.is_over).map(|process| process.started)
}

/// Kills the process group that `pid` leads, if `pid` is still the process that started at
/// `started`. Returns whether it did. For what a dead owner left behind; see also [`sweep`].
pub fn kill_group(pid: i32, started: u64) -> bool {
    // 0 and 1 would mean our own group and everybody.
    let Some(leader) = (pid > 1).then(|| Pid::from_raw(pid)).flatten() else { return false };
    // The descriptor keeps meaning the same process: looked up first, compared after.
    let Ok(_same) = rustix::process::pidfd_open(leader, PidfdFlags::empty()) else { return false };
    if process_started(pid) != Some(started) || rustix::process::getpgid(Some(leader)) != Ok(leader) {
        return false;
    }
    rustix::process::kill_process_group(leader, Signal::KILL).is_ok()
}

/// Kills every process that still belongs to the run with this scratch folder, also those that
/// left its process group. Returns how many. For recovery after the owner of a run died.
pub fn sweep(scratch: &Path) -> usize {
    sweep_members(None, 0, scratch.as_os_str())
}

/// Kills what is left of a run: members of its session and whoever carries its mark and started
/// at `since` or later. Returns how many.
pub(super) fn sweep_members(session: Option<i32>, since: u64, mark: &OsStr) -> usize {
    let mark = [RUN_VARIABLE.as_bytes(), b"=", mark.as_bytes()].concat();
    let mut ended = BTreeSet::new();
    for _ in 0..MAX_ROUNDS {
        let before = ended.len();
        for process in list().filter(|p| !p.is_over && p.started >= since && p.pid != std::process::id() as i32) {
            let belongs = session == Some(process.session) || carries(process.pid, &mark);
            if belongs && ended.insert((process.pid, process.started)) {
                kill_one(&process);
            }
        }
        if ended.len() == before {
            break;
        }
    }
    ended.len()
}

/// The living members of a session.
pub(super) fn holding(session: i32) -> Holding {
    let page = rustix::param::page_size() as u64;
    let mut holding = Holding::default();
    for process in list().filter(|p| p.session == session && !p.is_over) {
        holding.pids.push(process.pid);
        holding.resident_bytes += process.resident_pages * page;
    }
    holding
}

/// The memory of these processes in bytes, shared pages divided among their users. Slower than
/// [`holding`] by the number of mappings.
pub(super) fn proportional_bytes(pids: &[i32]) -> u64 {
    let of = |pid: &i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
    };
    pids.iter().filter_map(of).sum()
}

/// How many threads the user of this process has; what the kernel's process limit counts.
pub(super) fn threads_of_user() -> u64 {
    let user = rustix::process::getuid().as_raw();
    let is_mine = |p: &Process| fs::metadata(format!("/proc/{}", p.pid)).is_ok_and(|meta| meta.uid() == user);
    list().filter(is_mine).map(|p| p.threads).sum()
}

/// When a process started, also one that is over but not yet waited for.
pub(super) fn started_of_child(pid: i32) -> u64 {
    read_process(pid).map_or(0, |process| process.started)
}

fn kill_one(process: &Process) {
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    let Ok(handle) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else { return };
    if read_process(process.pid).is_some_and(|now| now.started == process.started) {
        let _ = rustix::process::pidfd_send_signal(&handle, Signal::KILL);
    }
}

/// Whether a process began with this entry in its environment.
fn carries(pid: i32, mark: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|text| text.split(|b| *b == 0).any(|entry| entry == mark))
}

fn list() -> impl Iterator<Item = Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| read_process(entry.file_name().to_str()?.parse().ok()?))
}

fn read_process(pid: i32) -> Option<Process> {
    parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads a line of `/proc/PID/stat`; the name in brackets may hold anything, also brackets.
fn parse_stat(pid: i32, line: &[u8]) -> Option<Process> {
    let after_name = line.iter().rposition(|b| *b == b')')? + 1;
    let rest = std::str::from_utf8(&line[after_name..]).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Process {
        pid,
        is_over: matches!(*fields.first()?, "Z" | "X" | "x"),
        session: fields.get(3)?.parse().ok()?,
        threads: number(17)?,
        started: number(19)?,
        resident_pages: number(21)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_brackets_does_not_confuse_the_list() {
        let line = b"7 (a) Z (b)) S 1 7 6 0 -1 0 0 0 0 0 10 20 0 0 20 0 3 0 999 4096 25 0";
        let expected = Process { pid: 7, session: 6, threads: 3, started: 999, resident_pages: 25, is_over: false };
        assert_eq!(parse_stat(7, line), Some(expected));
        assert_eq!(parse_stat(7, b"7 (x"), None);
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
