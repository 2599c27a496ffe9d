//! Request limits of agents, counted over all connections of an agent to this machine: in files of the state folder,
//! which are locked while they are read or held.

use crate::domain::Digest;
use crate::engine::HeldLock;
use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MINUTE: Duration = Duration::from_mins(1);
/// The suffix of the file with an agent's calls.
const CALLS: &str = "calls";
/// The suffix of a file for one of its run slots, before the number.
const RUN: &str = "run-";
/// Number of hex digits that represent the name of an agent.
const DIGITS: usize = 16;

/// The calls of the last minute.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RecentCalls {
    /// The times of the calls, in milliseconds.
    calls: VecDeque<u64>,
}

impl RecentCalls {
    /// Counts a call, unless there were already `most` calls within a minute.
    ///
    /// # Errors
    /// The number of seconds after which the next call is accepted, at least 1.
    pub(super) fn admit(&mut self, most: usize, now: u64) -> Result<(), u64> {
        let minute = MINUTE.as_millis() as u64;
        // A call in the future was counted before the clock was set back.
        self.calls.retain(|call| now.checked_sub(*call).is_some_and(|age| age < minute));
        match self.calls.front() {
            Some(oldest) if self.calls.len() >= most => Err((oldest + minute - now) / 1000 + 1),
            _ => {
                self.calls.push_back(now);
                Ok(())
            }
        }
    }

    /// Skips invalid numbers, which means one call less.
    fn read(text: &str) -> RecentCalls {
        RecentCalls { calls: text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect() }
    }

    fn text(&self) -> String {
        let calls: Vec<String> = self.calls.iter().map(u64::to_string).collect();
        calls.join("\n")
    }
}

/// The current time, in milliseconds.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// The calls of all agents of a workspace, across the serving processes.
#[derive(Debug, Clone)]
pub(super) struct SharedLimits {
    folder: PathBuf,
}

/// A slot for a run, held until it is dropped or its process ends.
#[derive(Debug)]
pub(super) struct RunPlace {
    _lock: HeldLock,
}

impl SharedLimits {
    /// Counts in this folder, which may not exist yet.
    pub(super) fn new(folder: PathBuf) -> SharedLimits {
        SharedLimits { folder }
    }

    /// Counts a call of this agent; an inner error says after how many seconds the next one is accepted.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(super) fn admit(&self, agent: &str, most: usize) -> io::Result<Result<(), u64>> {
        let held = loop {
            let file = self.file(agent, CALLS)?;
            file.lock()?;
            if is_there(&file)? {
                break file;
            }
        };
        let (mut file, mut text) = (&*held, String::new());
        file.read_to_string(&mut text)?;
        let mut recent = RecentCalls::read(&text);
        let admitted = recent.admit(most, now_ms());
        if admitted.is_ok() {
            file.rewind()?;
            file.set_len(0)?;
            file.write_all(recent.text().as_bytes())?;
        }
        Ok(admitted)
    }

    /// One of `most` run slots of this agent; `None` when all are taken.
    ///
    /// # Errors
    /// If a file cannot be opened.
    pub(super) fn place(&self, agent: &str, most: usize) -> io::Result<Option<RunPlace>> {
        let mut number = 0;
        while number < most {
            let file = self.file(agent, &format!("{RUN}{number}"))?;
            match file.try_lock() {
                Ok(()) if is_there(&file)? => return Ok(Some(RunPlace { _lock: file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => number += 1,
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Ok(None)
    }

    fn file(&self, agent: &str, what: &str) -> io::Result<HeldLock> {
        let name = &Digest::of_bytes(agent.as_bytes()).hex()[..DIGITS];
        let path = self.folder.join(format!("{name}-{what}"));
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let opened = match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir_all(&self.folder)?;
                self.tidy()?;
                options.create(true).truncate(false).open(path)
            }
            opened => opened,
        };
        opened.map(HeldLock::of)
    }

    /// Removes obsolete files: calls older than a minute, and unused slots. Otherwise there would be one file for each
    /// agent, and agents choose their names.
    fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name();
            let Some((_, what)) = name.to_str().and_then(|name| name.split_once('-')) else { continue };
            let is_old = || {
                let age = entry.metadata().and_then(|facts| facts.modified()).map(|at| at.elapsed());
                age.is_ok_and(|age| age.is_ok_and(|age| age > MINUTE))
            };
            if !(what == CALLS && is_old() || what.starts_with(RUN)) {
                continue;
            }
            // Another process may have removed it, or may hold it.
            let Ok(file) = OpenOptions::new().write(true).open(entry.path()) else { continue };
            let file = HeldLock::of(file);
            if file.try_lock().is_ok() && is_there(&file)? {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Whether a locked file is still in its folder: another process may have removed it before it was locked.
fn is_there(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.nlink() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_calls_than_allowed_wait_until_the_oldest_is_a_minute_old() {
        let start = 1_000_000;
        let mut recent = RecentCalls::default();
        for at in 0..60 {
            assert_eq!(recent.admit(60, start + at * 100), Ok(()));
        }
        assert_eq!(recent.admit(60, start + 20_000), Err(41));
        // Refused calls do not count.
        assert_eq!(recent.admit(60, start + 60_000), Ok(()));
        assert_eq!(recent.admit(60, start + 60_000), Err(1));
        // A clock that was set back blocks nobody.
        assert_eq!(recent.admit(60, start - 500_000), Ok(()));
        assert_eq!(RecentCalls::read(&recent.text()), recent);
        assert_eq!(RecentCalls::read("x\n12\n"), RecentCalls { calls: VecDeque::from([12]) });
    }

    #[test]
    fn all_connections_of_an_agent_are_counted_together() {
        let dir = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| SharedLimits::new(dir.path().join("agents")));
        assert_eq!(one.admit("rosa", 2).unwrap(), Ok(()));
        assert_eq!(other.admit("rosa", 2).unwrap(), Ok(()));
        assert!(one.admit("rosa", 2).unwrap().is_err() && other.admit("rosa", 2).unwrap().is_err());
        assert_eq!(one.admit("otto", 2).unwrap(), Ok(()), "another agent");
        let first = one.place("rosa", 2).unwrap();
        let second = other.place("rosa", 2).unwrap();
        assert!(first.is_some() && second.is_some() && one.place("rosa", 2).unwrap().is_none());
        assert!(one.place("otto", 2).unwrap().is_some());
        drop(first);
        assert!(other.place("rosa", 2).unwrap().is_some());
    }

    #[test]
    fn files_of_agents_that_ask_nothing_any_more_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let limits = SharedLimits::new(dir.path().to_owned());
        let files = || fs::read_dir(dir.path()).unwrap().count();
        for number in 0..20 {
            let agent = format!("agent-{number}");
            limits.admit(&agent, 2).unwrap().unwrap();
            drop(limits.place(&agent, 2).unwrap());
        }
        assert!(files() <= 22, "places that nobody holds stay: {}", files());
        let held = limits.place("busy", 2).unwrap();
        let old = SystemTime::now() - 2 * MINUTE;
        for entry in fs::read_dir(dir.path()).unwrap().flatten() {
            File::options().write(true).open(entry.path()).unwrap().set_modified(old).unwrap();
        }
        limits.admit("new", 2).unwrap().unwrap();
        assert_eq!(files(), 2, "the new one, and the place that is held");
        assert!(limits.place("busy", 1).unwrap().is_none());
        drop(held);
        assert!(limits.place("busy", 1).unwrap().is_some());
    }

    #[test]
    fn a_limit_holds_while_other_processes_remove_files() {
        let dir = tempfile::tempdir().unwrap();
        let limits = SharedLimits::new(dir.path().to_owned());
        let held = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        limits.tidy().unwrap();
                        if let Some(place) = limits.place("rosa", 1).unwrap() {
                            assert_eq!(held.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                            held.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                            drop(place);
                        }
                    }
                });
            }
        });
    }
}
