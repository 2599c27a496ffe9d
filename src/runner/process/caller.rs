//! Determines who called this process: whether an agent started it, as far as `/proc` shows.
//!
//! The starter of an agent puts its name into [`AGENT_VARIABLE`]. An agent can drop the variable for a program that it
//! starts. It cannot drop it from the initial environment of its own process, which is readable in `/proc/PID/environ`.
//! Clients that set no such variable are recognised by their program, by their own variables, and by the note of the
//! server that they started ([`Clients`]). The following places are examined: the chain of parents of this process, the
//! chain above the leader of its session, and the session that one of its parents left without ending it. If standard
//! input is a pseudo-terminal, the chain above the process at its other end is examined too; if the terminal belongs to
//! another session, so are the processes of that terminal.
//!
//! What cannot be detected: a program that an agent starts through a human's terminal server; an agent that replaced
//! itself (`exec env -u …`), because the environment of a process is that of the program that it executed last; a
//! process that overwrote its own environment or made itself unreadable; processes of other users and outside this PID
//! namespace. A process that left its session and parents behind is not recognised here;
//! [`unknown_caller`](super::detached::unknown_caller) refuses actions reserved for humans in that case.

use super::clients::{Clients, client_in, known_client};
use super::processes::{self, Process};
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::AsFd;

/// Names the agent that a process works for.
pub const AGENT_VARIABLE: &str = "TOOLSMITH_AGENT";

/// Device numbers of the user's ends of pseudo-terminals: majors 136 to 143.
const PTY_MAJORS: std::ops::RangeInclusive<u32> = 136..=143;

/// `/dev/tty`, the terminal of the session.
const SESSION_TERMINAL: (u32, u32) = (5, 0);

/// The maximum size of an environment: exec limits it to a quarter of the stack limit, usually 2 MiB.
const MAX_ENVIRONMENT: u64 = 16 << 20;

/// A process of an agent that this call comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAgent {
    /// The value of [`AGENT_VARIABLE`] in that process, or the name of its client; empty for a client that started a
    /// server and has not given its name.
    pub agent: String,
    /// Where it was found: `ancestor PID 12 (claude)`. The process chose the name itself.
    pub place: String,
    /// Whether only its client is known: no human or starter named the agent.
    pub is_client: bool,
}

/// A process to examine, and its relation to this one.
type Place = (i32, &'static str);

/// The agent that started this process or whose terminal it uses; `None` if none is known. For this process itself,
/// only the variables of clients are examined. An explicit name takes precedence over that of a client.
pub fn find_agent(clients: Option<&Clients>) -> Option<FoundAgent> {
    let me = processes::own_pid();
    let parents = processes::chain(me);
    let mut near: Vec<Place> = outermost_first(&parents[1.min(parents.len())..], "ancestor");
    let leader = processes::session_of(me);
    near.extend(leader.map(|leader| outermost_first(&processes::chain(leader), "session of")).unwrap_or_default());
    near.retain(|(pid, _)| *pid != me);
    let named = |places: &[Place]| first(places, |pid| named_agent(pid, clients), false);
    if let Some(found) = named(&near) {
        return Some(found);
    }
    let seen: BTreeSet<i32> = near.iter().map(|(pid, _)| *pid).chain([me]).collect();
    let (terminal, left) = (terminal_of_input(), left_sessions(&parents));
    let (mut far, mut shared) = (Vec::new(), Vec::new());
    // Most calls of scripts have neither, so the list need not be read.
    if terminal.is_some() || !left.is_empty() {
        let all: Vec<Process> = processes::list().filter(|process| !seen.contains(&process.pid)).collect();
        far.extend(terminal.map(|device| behind_terminal(device, &parents, &all)).unwrap_or_default());
        let there = all.iter().filter(|process| left.contains(&process.session));
        shared.extend(there.map(|process| (process.pid, "session shared with")));
    }
    let of_client = |places: &[Place]| first(places, client_of, true);
    // A variable may be set for only one command of a session; a client concerns everything that it starts.
    let noted = |places: &[Place]| first(places, |pid| clients?.agent_of(pid), false);
    let nameless = |pid| clients?.is_noted(pid).then_some("");
    named(&far)
        .or_else(|| of_client(&near))
        .or_else(|| of_client(&far))
        .or_else(|| noted(&shared))
        .or_else(|| of_client(&shared))
        .or_else(|| first(&[(me, "environment of")], |pid| client_in(&environment(pid)), true))
        .or_else(|| [&near, &far, &shared].into_iter().find_map(|places| first(places, nameless, true)))
}

/// The first of these processes that belongs to an agent.
fn first<N: Into<String>>(places: &[Place], agent: impl Fn(i32) -> Option<N>, is_client: bool) -> Option<FoundAgent> {
    places.iter().find_map(|(pid, role)| {
        let agent = agent(*pid)?.into();
        Some(FoundAgent { agent, place: format!("{role} PID {pid} ({})", name_of(*pid)), is_client })
    })
}

/// A chain, outermost process first: that process started the others, which can choose their own names.
fn outermost_first(chain: &[i32], role: &'static str) -> Vec<Place> {
    chain.iter().rev().map(|pid| (*pid, role)).collect()
}

/// The agent of a process, named by its starter or in the note of a server.
fn named_agent(pid: i32, clients: Option<&Clients>) -> Option<String> {
    agent_in(&environment(pid)).or_else(|| clients?.agent_of(pid))
}

/// The client that a process is or works for.
fn client_of(pid: i32) -> Option<&'static str> {
    known_client(pid).or_else(|| client_in(&environment(pid)))
}

/// Whether the process that started this one at the terminal of its session has ended: the leader of the session is
/// another process, and the chain of parents reaches the first process of the system without meeting it. Then the
/// caller cannot be determined.
pub(super) fn is_left_behind() -> bool {
    let me = processes::own_pid();
    let own = processes::terminal_of(me).filter(|device| *device != 0);
    if own.is_none() || own.map(split_device) != terminal_of_input() {
        return false;
    }
    let Some(leader) = processes::session_of(me).filter(|leader| *leader != me) else { return false };
    let parents = processes::chain(me);
    // If the parents of other users' processes are hidden, nothing is known and nothing is refused.
    let is_whole = parents.last().is_some_and(|last| processes::terminal_of(*last).is_some());
    is_whole && !parents.contains(&leader)
}

/// The sessions of this process and its parents whose leader is not among its parents: the process that started it
/// there has ended. Such a session may be a whole desktop, so leaving it is not a fault by itself; the other members of
/// the session decide.
fn left_sessions(parents: &[i32]) -> BTreeSet<i32> {
    let sessions = parents.iter().filter_map(|pid| processes::session_of(*pid));
    sessions.filter(|leader| !parents.contains(leader)).collect()
}

/// The processes that hold the other end of the terminal on standard input, except the parents of this process.
pub(super) fn holders_of_terminal() -> Vec<i32> {
    let Some(device) = terminal_of_input() else { return Vec::new() };
    let parents = processes::chain(processes::own_pid());
    let others: Vec<Process> = processes::list().filter(|process| !parents.contains(&process.pid)).collect();
    holders(device, &others)
}

/// The processes among these that hold the controlling end of a terminal.
fn holders((major, minor): (u32, u32), all: &[Process]) -> Vec<i32> {
    if !PTY_MAJORS.contains(&major) {
        return Vec::new();
    }
    let index = minor + ((major - PTY_MAJORS.start()) << 20);
    let found: Vec<i32> = all.iter().map(|process| process.pid).filter(|pid| holds_master(*pid, index)).collect();
    // A program that is just being started shares its parent's open files until exec; a second check rules that out.
    found.into_iter().filter(|pid| holds_master(*pid, index)).collect()
}

/// The processes that hold the other end of the terminal on standard input, and those in its session if it is a foreign
/// terminal.
fn behind_terminal(device: (u32, u32), parents: &[i32], all: &[Process]) -> Vec<Place> {
    let own = processes::terminal_of(processes::own_pid()).filter(|device| *device != 0);
    let mut places = Vec::new();
    let holders = holders(device, all).into_iter().filter(|pid| !parents.contains(pid));
    places.extend(holders.flat_map(|holder| outermost_first(&processes::chain(holder), "terminal held by")));
    if own.map(split_device) != Some(device) {
        let there = all.iter().filter(|process| split_device(process.terminal) == device);
        places.extend(there.map(|process| (process.pid, "terminal shared with")));
    }
    places
}

/// The device number of the terminal on standard input; `None` if it is not a terminal.
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

/// Whether a process holds the controlling end of the pseudo-terminal with this number, in this mount namespace;
/// another one may number its terminals separately.
fn holds_master(pid: i32, index: u32) -> bool {
    let has_index = |link: &fs::DirEntry| {
        let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{}", link.file_name().to_string_lossy()));
        info.is_ok_and(|info| {
            let line = info.lines().find_map(|line| line.strip_prefix("tty-index:"));
            line.and_then(|number| number.trim().parse().ok()) == Some(index)
        })
    };
    let namespace = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    processes::masters(pid).any(|link| has_index(&link)) && namespace(&pid.to_string()) == namespace("self")
}

/// The initial environment of a process; empty if it cannot be read.
fn environment(pid: i32) -> Vec<u8> {
    let mut text = Vec::new();
    if let Ok(file) = fs::File::open(format!("/proc/{pid}/environ")) {
        // The part that was read before an error is used.
        let _ = file.take(MAX_ENVIRONMENT).read_to_end(&mut text);
    }
    text
}

/// The agent in an environment. A name that is not valid UTF-8 counts too.
fn agent_in(environment: &[u8]) -> Option<String> {
    let entries = environment.split(|byte| *byte == 0);
    let mut values = entries.filter_map(|entry| entry.strip_prefix(AGENT_VARIABLE.as_bytes())?.strip_prefix(b"="));
    let value = values.find(|value| !value.is_empty())?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// The name that a process gave itself.
pub(super) fn name_of(pid: i32) -> String {
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
        let parents = processes::chain(processes::own_pid());
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
