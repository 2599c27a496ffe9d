//! Whether somebody known started this process at its terminal, or whether an agent may have left it behind.
//!
//! A process whose parent ends is handed to the first process of the system, and nothing tells any more who started it:
//! one line of a shell is enough for that (`setsid -f script …`), or a terminal server of one's own. So while an agent
//! runs, a chain of parents has to end at somebody who cannot be the agent's: a process older than each agent, a
//! process of the system, or a program that shows its terminal on the screen of a human.
//!
//! What this cannot see: a terminal program that an agent opens on a screen, a log-in by `ssh` with a key that the agent
//! can use, and whoever runs with other rights than the user.

use super::caller::{holders_of_terminal, is_left_behind, name_of};
use super::clients::{Clients, LOG_INS_AND_SCREENS, known_client};
use super::processes;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Programs that adopt processes whose parent has ended, beside the first process of the system.
const ADOPTERS: [&str; 4] = ["dumb-init", "init", "systemd", "tini"];

/// Programs of the system that start what any program of the user asks for.
const ON_REQUEST: [&str; 9] = ["anacron", "atd", "cron", "crond", "doas", "fcron", "pkexec", "su", "sudo"];

/// Why nobody can tell who asks at this terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownCaller {
    /// The program that started this one has ended.
    ParentEnded,
    /// Something that nobody known started, and that is younger than an agent.
    Detached {
        /// The outermost process above this one: `tmux (PID 12)`.
        root: String,
        /// The agent: `claude (PID 7)`.
        agent: String,
        /// Whether the root is called like a terminal program, and the user could have written it.
        is_own_terminal: bool,
    },
    /// An agent of this user runs outside the container that this program runs in.
    OutsideContainer {
        /// Its name.
        agent: String,
    },
}

/// Why nobody can tell who asks; `None` when a human may be behind it.
pub fn unknown_caller(clients: Option<&Clients>) -> Option<UnknownCaller> {
    if is_left_behind() {
        return Some(UnknownCaller::ParentEnded);
    }
    if let Some(agent) = clients.and_then(Clients::outside_container) {
        return Some(UnknownCaller::OutsideContainer { agent });
    }
    let mut starts = vec![processes::own_pid()];
    starts.extend(holders_of_terminal());
    let roots: Vec<Root> = starts.into_iter().filter_map(Root::above).filter(|root| !root.is_of_human()).collect();
    if roots.is_empty() {
        return None;
    }
    // A variable of a client says nothing here: a server that an agent started long ago still has it.
    let is_client = |pid| known_client(pid).is_some() || clients.is_some_and(|clients| clients.is_noted(pid));
    let agents: Vec<Started> = processes::list()
        .filter(|process| is_client(process.pid))
        .map(|process| Started { pid: process.pid, at: process.started })
        .collect();
    let (root, agent) = younger_than_an_agent(&roots, &agents)?;
    let named = |pid: i32| format!("{} (PID {pid})", name_of(pid));
    let is_own_terminal = root.is_own_terminal();
    Some(UnknownCaller::Detached { root: named(root.pid), agent: named(agent.pid), is_own_terminal })
}

/// A process, and when it began, in clock ticks since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Started {
    pid: i32,
    at: u64,
}

/// The outermost process above another one, below those that adopt what others left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    pid: i32,
    started: u64,
    /// The name of its program; that of the process where the program cannot be read.
    name: String,
    /// Whether the user cannot have made it: it belongs to the system.
    is_of_system: bool,
    /// Whether the user cannot have written its program.
    is_installed: bool,
    /// Whether it is in the session of the first process: the shell that a container was started with.
    is_of_first_session: bool,
}

impl Root {
    /// `None` if the parents are hidden, or come from outside this PID namespace: nobody is refused for that.
    fn above(pid: i32) -> Option<Root> {
        let chain = processes::chain(pid);
        let (first, rest) = chain.split_last()?;
        if *first != 1 {
            return None;
        }
        let pid = *rest.iter().rev().find(|pid| !ADOPTERS.contains(&name_of(**pid).as_str())).or(rest.first())?;
        let user = fs::metadata("/proc/self").ok()?.uid();
        let program = fs::read_link(format!("/proc/{pid}/exe")).ok();
        let file_name = program.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        let owner = |path: String| fs::metadata(path).map(|facts| facts.uid()).ok();
        let session = processes::session_of(pid);
        Some(Root {
            pid,
            started: processes::process_started(pid)?,
            name: file_name.map_or_else(|| name_of(pid), str::to_owned),
            // Of root itself everything is the system's.
            is_of_system: user != 0 && owner(format!("/proc/{pid}")) == Some(0),
            is_installed: program.is_some() && owner(format!("/proc/{pid}/exe")) == Some(0),
            is_of_first_session: session.is_some() && session == processes::session_of(1),
        })
    }

    /// Whether it is called like a terminal program, from a place where an agent can write one.
    fn is_own_terminal(&self) -> bool {
        !self.is_installed && LOG_INS_AND_SCREENS.contains(&self.name.as_str())
    }

    /// Whether a human is behind it whatever agents there are.
    fn is_of_human(&self) -> bool {
        let is_any_of = |names: &[&str]| names.contains(&self.name.as_str());
        if is_any_of(&ON_REQUEST) {
            return false;
        }
        self.is_of_system || self.is_of_first_session || self.is_installed && is_any_of(&LOG_INS_AND_SCREENS)
    }
}

/// The first of these that an agent may have started: it is not older than the agent, or starts what anybody asks for.
fn younger_than_an_agent<'a>(roots: &'a [Root], agents: &'a [Started]) -> Option<(&'a Root, &'a Started)> {
    let oldest = agents.iter().min_by_key(|agent| agent.at)?;
    let may_be_its = |root: &&Root| root.started >= oldest.at || ON_REQUEST.contains(&root.name.as_str());
    roots.iter().find(may_be_its).map(|root| (root, oldest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(name: &str, started: u64) -> Root {
        Root {
            pid: 9,
            started,
            name: name.to_owned(),
            is_of_system: false,
            is_installed: true,
            is_of_first_session: false,
        }
    }

    #[test]
    fn what_is_younger_than_an_agent_needs_a_human_behind_it() {
        let agent = Started { pid: 7, at: 100 };
        let is_refused =
            |root: &Root| !root.is_of_human() && younger_than_an_agent(std::slice::from_ref(root), &[agent]).is_some();
        for name in ["script", "tmux", "screen", "bash", "nvim", "python3.12"] {
            assert!(is_refused(&root(name, 100)), "{name}");
            assert!(is_refused(&root(name, 101)), "{name}");
            assert!(!is_refused(&root(name, 99)), "{name} was there before the agent");
        }
        for name in ["sshd", "xterm", "gnome-terminal-server", "login"] {
            assert!(!is_refused(&root(name, 101)), "{name}");
            // Anybody can call a program of their own by that name.
            let own = Root { is_installed: false, ..root(name, 101) };
            assert!(is_refused(&own) && own.is_own_terminal() && !root(name, 101).is_own_terminal(), "{name}");
        }
        assert!(!is_refused(&Root { is_of_system: true, ..root("Relay(10)", 101) }));
        assert!(!is_refused(&Root { is_of_first_session: true, ..root("toolsmith", 101) }));
        for name in ["atd", "cron", "sudo"] {
            assert!(is_refused(&Root { is_of_system: true, ..root(name, 1) }), "{name}");
        }
    }

    #[test]
    fn without_an_agent_nobody_is_refused() {
        assert_eq!(younger_than_an_agent(&[root("script", 5), root("atd", 1)], &[]), None);
    }
}
