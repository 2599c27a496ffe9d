//! Who is behind this process: whether an agent started it, as far as `/proc` tells.
//!
//! Whoever starts an agent puts its name into [`AGENT_VARIABLE`]. An agent can drop the variable for a program that
//! it starts, but not from the environment that its own process began with, and that is readable in
//! `/proc/PID/environ`. So three things are looked at: the chain of parents of this process, the chain above the
//! leader of its session, and, where standard input is a pseudo-terminal, the chain above whoever holds the other
//! end of it. Where standard input is a terminal of somebody else's session, the processes of that terminal count too.
//!
//! What this cannot see: a process that left session and parents behind, began with a clean environment and talks to
//! a terminal of its own; an agent that replaced itself (`exec env -u …`), since the environment of a process is that
//! of the program that it executed last; a process that wrote over its own environment or made itself unreadable; processes of
//! other users and outside this PID namespace.

use super::processes::{self, Process};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

/// Names the agent that a process works for.
pub const AGENT_VARIABLE: &str = "TOOLSMITH_AGENT";

/// Device numbers of the user's ends of pseudo-terminals: majors 136 to 143.
const PTY_MAJORS: std::ops::RangeInclusive<u32> = 136..=143;

/// `/dev/tty`: stands for the terminal of the session.
const SESSION_TERMINAL: (u32, u32) = (5, 0);

/// More parents than this are a loop in what was read.
const MAX_CHAIN: usize = 4096;

/// No environment is longer: what an exec takes is bounded by a quarter of the stack limit, usually 2 MiB.
const MAX_ENVIRONMENT: u64 = 16 << 20;

/// An agent's process that a call comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAgent {
    /// The value of [`AGENT_VARIABLE`] there: whatever its starter wrote.
    pub agent: String,
    /// Where it was found: `ancestor PID 12 (claude)`. The name is the process's own choice.
    pub place: String,
}

/// The agent that this process was started by or whose terminal it talks to; `None` when none is known. The variable of
/// this process itself is not looked at.
pub fn find_agent() -> Option<FoundAgent> {
    let me = processes::own_pid();
    let mut seen = BTreeSet::from([me]);
    let parents = chain(me);
    let found = outermost_agent(&parents[1.min(parents.len())..], "ancestor", &mut seen);
    found.or_else(|| above_session(&mut seen)).or_else(|| behind_terminal(&parents, &mut seen))
}

/// Whether the process that started this one at the terminal of its session has ended and left it behind: the leader
/// of the session is another process, and the chain of parents ends at the first process of the system without
/// meeting it. Nobody can tell then who asks.
pub fn is_left_behind() -> bool {
    let me = processes::own_pid();
    let own = processes::terminal_of(me).filter(|device| *device != 0);
    if own.is_none() || own.map(split_device) != terminal_of_input() {
        return false;
    }
    let Some(leader) = processes::session_of(me).filter(|leader| *leader != me) else { return false };
    let parents = chain(me);
    // Where the parents of others are hidden from us, nothing is known and nobody is refused for it.
    let is_whole = parents.last().is_some_and(|last| processes::terminal_of(*last).is_some());
    is_whole && !parents.contains(&leader)
}

/// A process and its parents, nearest first, as far as they can be read.
fn chain(from: i32) -> Vec<i32> {
    let mut chain = vec![from];
    while let Some(parent) = chain.last().and_then(|pid| processes::parent(*pid)) {
        if chain.contains(&parent) || chain.len() >= MAX_CHAIN {
            break;
        }
        chain.push(parent);
    }
    chain
}

/// The process of a chain, nearest first, that is farthest away of those that carry the variable: whoever is named there
/// started the others, and they can call themselves what they like. What was seen before is not read again.
fn outermost_agent(chain: &[i32], role: &str, seen: &mut BTreeSet<i32>) -> Option<FoundAgent> {
    chain.iter().rev().filter(|pid| seen.insert(**pid)).find_map(|pid| {
        let agent = agent_of(*pid)?;
        Some(FoundAgent { agent, place: format!("{role} PID {pid} ({})", name_of(*pid)) })
    })
}

fn above_session(seen: &mut BTreeSet<i32>) -> Option<FoundAgent> {
    let leader = processes::session_of(processes::own_pid())?;
    outermost_agent(&chain(leader), "session of", seen)
}

/// An agent that holds the other end of the terminal on standard input, or lives on a terminal that is not ours.
fn behind_terminal(parents: &[i32], seen: &mut BTreeSet<i32>) -> Option<FoundAgent> {
    let own = processes::terminal_of(processes::own_pid()).filter(|device| *device != 0);
    let device = terminal_of_input()?;
    let all: Vec<Process> = processes::list().filter(|process| !seen.contains(&process.pid)).collect();
    if PTY_MAJORS.contains(&device.0) {
        let index = device.1 + ((device.0 - PTY_MAJORS.start()) << 20);
        let holders = all.iter().filter(|process| !parents.contains(&process.pid) && holds_master(process.pid, index));
        for holder in holders {
            let found = outermost_agent(&chain(holder.pid), "terminal held by", seen);
            if found.is_some() {
                return found;
            }
        }
    }
    if own.map(split_device) == Some(device) {
        return None;
    }
    let there = all.iter().filter(|process| split_device(process.terminal) == device);
    there.map(|process| process.pid).find_map(|pid| outermost_agent(&[pid], "terminal shared with", seen))
}

/// The device number of the terminal on standard input; `None` where that is none.
fn terminal_of_input() -> Option<(u32, u32)> {
    let stdin = std::io::stdin();
    if !rustix::termios::isatty(stdin.as_fd()) {
        return None;
    }
    let device = rustix::fs::fstat(stdin.as_fd()).ok()?.st_rdev;
    let device = (rustix::fs::major(device), rustix::fs::minor(device));
    if device != SESSION_TERMINAL {
        return Some(device);
    }
    processes::terminal_of(processes::own_pid()).filter(|own| *own != 0).map(split_device)
}

/// Whether a process holds the controlling end of the pseudo-terminal with this number, in our own mount namespace:
/// another one may count its terminals for itself.
fn holds_master(pid: i32, index: u32) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let is_ptmx = |link: &fs::DirEntry| {
        fs::read_link(link.path()).is_ok_and(|target| target.as_os_str().as_bytes().ends_with(b"/ptmx"))
    };
    let has_index = |link: &fs::DirEntry| {
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", link.file_name().to_string_lossy()));
        info.is_ok_and(|info| {
            let line = info.lines().find_map(|line| line.strip_prefix("tty-index:"));
            line.and_then(|number| number.trim().parse().ok()) == Some(index)
        })
    };
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    entries.flatten().any(|link| is_ptmx(&link) && has_index(&link)) && namespace(&pid.to_string()) == namespace("self")
}

/// The agent in the environment that a process began with. A name that is no text is one all the same.
fn agent_of(pid: i32) -> Option<String> {
    let file = fs::File::open(format!("/proc/{pid}/environ")).ok()?;
    let mut text = Vec::new();
    file.take(MAX_ENVIRONMENT).read_to_end(&mut text).ok()?;
    agent_in(&text)
}

fn agent_in(environment: &[u8]) -> Option<String> {
    let entries = environment.split(|byte| *byte == 0);
    let mut values = entries.filter_map(|entry| entry.strip_prefix(AGENT_VARIABLE.as_bytes())?.strip_prefix(b"="));
    let value = values.find(|value| !value.is_empty())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

fn name_of(pid: i32) -> String {
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    String::from_utf8_lossy(&name).trim_end().to_owned()
}

/// The device number of a terminal as `/proc/PID/stat` writes it.
fn split_device(number: u32) -> (u32, u32) {
    ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xf_ff00))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_read_from_an_environment_whatever_surrounds_it() {
        assert_eq!(agent_in(b"A=1\0TOOLSMITH_AGENT=bot\0B=2\0").as_deref(), Some("bot"));
        assert_eq!(agent_in(b"TOOLSMITH_AGENT=\0TOOLSMITH_AGENT=second").as_deref(), Some("second"));
        assert_eq!(agent_in(b"TOOLSMITH_AGENT=\xff\0").as_deref(), Some("\u{fffd}"));
        for nothing in [&b""[..], b"TOOLSMITH_AGENT=\0", b"XTOOLSMITH_AGENT=bot\0", b"TOOLSMITH_AGENTS=bot\0"] {
            assert_eq!(agent_in(nothing), None);
        }
    }

    #[test]
    fn a_chain_begins_with_the_process_and_ends() {
        let parents = chain(processes::own_pid());
        assert_eq!(parents[0], processes::own_pid());
        assert!(parents.len() > 1 && parents.iter().collect::<BTreeSet<_>>().len() == parents.len(), "{parents:?}");
    }

    #[test]
    fn a_terminal_has_the_number_that_the_kernel_writes() {
        assert_eq!(split_device(34_816), (136, 0));
        assert_eq!(split_device((136 << 8) | 5), (136, 5));
        assert_eq!(split_device((136 << 8) | 0x2c | (1 << 20)), (136, 0x12c));
    }
}
