//! Determines whether a known process started this one at its terminal, or an agent may have left it behind.
//!
//! A process whose parent ends is adopted by the first process of the system, and its origin is lost. One shell line is
//! enough for that (`setsid -f script …`), or a private terminal server. So while an agent runs, the chain of parents
//! must end at a process that the agent cannot have started: a process older than each agent, a process of the system,
//! or a program that shows its terminal on the screen of a human.
//!
//! What cannot be detected: a terminal program that an agent opens on a screen, a log-in by `ssh` with a key that the
//! agent can use, and processes with other rights than the user's.

use super::caller::{holders_of_terminal, is_left_behind, name_of};
use super::clients::{Clients, LOG_INS_AND_SCREENS, known_client};
use super::processes;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Programs, in addition to the first process of the system, that adopt processes whose parent has ended.
const ADOPTERS: [&str; 4] = ["dumb-init", "init", "systemd", "tini"];

/// System programs that start programs on request of any program of the user.
const ON_REQUEST: [&str; 9] = ["anacron", "atd", "cron", "crond", "doas", "fcron", "pkexec", "su", "sudo"];

/// Why the caller at this terminal cannot be determined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownCaller {
    /// The program that started this one has ended.
    ParentEnded,
    /// An unknown process started it and is younger than an agent.
    Detached {
        /// The outermost process above this one: `tmux (PID 12)`.
        root: String,
        /// The agent: `claude (PID 7)`.
        agent: String,
        /// Whether the root has the name of a terminal program, but the user could have written that program.
        is_own_terminal: bool,
    },
    /// An agent of this user runs outside the container that this program runs in.
    OutsideContainer {
        /// Its name.
        agent: String,
    },
}

/// Why the caller cannot be determined; `None` if it may be a human.
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
    // A variable of a client means nothing here: a server that an agent started long ago still has it.
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

/// The outermost process above another one, below the processes that adopt orphans.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    pid: i32,
    started: u64,
    /// The name of its program, or of the process if the program cannot be read.
    name: String,
    /// Whether it belongs to the system, so that the user cannot have started it.
    is_of_system: bool,
    /// Whether the user cannot have written its program.
    is_installed: bool,
    /// Whether it is in the session of the first process: the initial shell of a container.
    is_of_first_session: bool,
}

impl Root {
    /// `None` if the parents are hidden or outside this PID namespace: nothing is refused for that.
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
            // For root itself, every process counts as one of the system.
            is_of_system: user != 0 && owner(format!("/proc/{pid}")) == Some(0),
            is_installed: program.is_some() && owner(format!("/proc/{pid}/exe")) == Some(0),
            is_of_first_session: session.is_some() && session == processes::session_of(1),
        })
    }

    /// Whether it has the name of a terminal program but is in a place that an agent can write to.
    fn is_own_terminal(&self) -> bool {
        !self.is_installed && LOG_INS_AND_SCREENS.contains(&self.name.as_str())
    }

    /// Whether it belongs to a human, whatever agents there are.
    fn is_of_human(&self) -> bool {
        let is_any_of = |names: &[&str]| names.contains(&self.name.as_str());
        if is_any_of(&ON_REQUEST) {
            return false;
        }
        self.is_of_system || self.is_of_first_session || self.is_installed && is_any_of(&LOG_INS_AND_SCREENS)
    }
}

/// The first root that an agent may have started: it is not older than the agent, or starts programs on request.
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
            // Anybody can give that name to their own program.
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
