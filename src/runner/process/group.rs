//! A control group for one run: the kernel counts the memory and processes of its members, and enforces limits on them.
//!
//! Whether a group can be created is tested by creating one: version 2 below a folder that was delegated to this user,
//! or version 1 as root. A group is named after its supervisor, so that a later run removes the groups of killed
//! supervisors.

use super::processes::{own_pid, process_started};
use rustix::process::{Pid, Signal};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The prefix of Toolsmith's group names.
const PREFIX: &str = "toolsmith-run-";

/// The memory of Toolsmith's own processes inside: bubblewrap and the inner stage.
const OWN_MEMORY: u64 = 16 << 20;

/// The number of Toolsmith's own processes inside; for a moment there are more than two.
const OWN_TASKS: u64 = 4;

/// The minimum number of tasks for every run. The kernel counts threads, whereas the limit means processes: node alone
/// has eleven threads.
pub(in crate::runner) const LEAST_TASKS: u64 = 24;

/// The limits of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runner) struct Totals {
    /// Memory in bytes: private, shared, and files in memory.
    pub(in crate::runner) memory: u64,
    /// Processes; threads also count if there are more than [`LEAST_TASKS`].
    pub(in crate::runner) processes: u64,
}

/// What the kernel has refused in a group so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::runner) struct Refused {
    /// Processes that it killed because of the memory limit.
    pub(in crate::runner) memory: u64,
    /// Refused starts of processes or threads.
    pub(in crate::runner) processes: u64,
}

/// The creator of a group. A process number is valid only in its own PID namespace, and a container may see the groups
/// of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Owner {
    /// Inode of the PID namespace.
    space: u64,
    pid: i32,
    /// Clock ticks since boot.
    started: u64,
}

impl Owner {
    fn me() -> io::Result<Owner> {
        let space = fs::metadata("/proc/self/ns/pid")?.ino();
        let pid = own_pid();
        Ok(Owner { space, pid, started: process_started(pid).unwrap_or(0) })
    }

    fn name(self) -> String {
        format!("{PREFIX}{}-{}-{}", self.space, self.pid, self.started)
    }

    fn of(name: &str) -> Option<Owner> {
        let mut numbers = name.strip_prefix(PREFIX)?.split('-');
        let owner = Owner {
            space: numbers.next()?.parse().ok()?,
            pid: numbers.next()?.parse().ok()?,
            started: numbers.next()?.parse().ok()?,
        };
        numbers.next().is_none().then_some(owner)
    }

    /// Whether the creator is known to have ended, checked from this PID namespace.
    fn is_gone(self, space: u64) -> bool {
        self.space == space && process_started(self.pid) != Some(self.started)
    }
}

/// One folder of a group.
#[derive(Debug)]
struct CgroupFolder {
    path: PathBuf,
    /// The previous group of this process.
    home: PathBuf,
    is_second: bool,
}

/// The group of a run: one folder with version 2, one for each of memory and processes with version 1. Removed when
/// dropped; it must be empty then.
#[derive(Debug)]
pub(in crate::runner) struct Cgroup {
    folders: Vec<CgroupFolder>,
}

impl Cgroup {
    /// Creates a group with these limits, and removes groups whose supervisor has ended.
    ///
    /// # Errors
    /// Why no group can be created here, in one line.
    pub(in crate::runner) fn make(totals: Totals) -> Result<Cgroup, String> {
        let own = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
        let mounts = fs::read_to_string("/proc/self/mounts").map_err(|error| error.to_string())?;
        let name = Owner::me().map_err(|error| error.to_string())?.name();
        second(&own, &mounts, &name, totals).or_else(|why| {
            first(&own, &mounts, &name, totals).map_err(|other| format!("version 2: {why}; version 1: {other}"))
        })
    }

    /// Whether processes can be moved into such a group here: moves this process in and back, then removes the group.
    ///
    /// # Errors
    /// Why not, in one line.
    pub(in crate::runner) fn try_out() -> Result<(), String> {
        let group = Cgroup::make(Totals { memory: 1 << 30, processes: 1024 })?;
        let moved = |path: &Path| join(path, std::process::id() as i32);
        let there = group.folders.iter().try_for_each(|folder| moved(&folder.path));
        let back = group.folders.iter().try_for_each(|folder| moved(&folder.home));
        there.and(back).map_err(|error| format!("processes cannot be moved to it: {error}"))
    }

    /// Moves processes in; processes that they start later are inside as well. Processes that have ended are skipped.
    ///
    /// # Errors
    /// If the kernel forbids it.
    pub(in crate::runner) fn hold(&self, pids: &[i32]) -> io::Result<()> {
        for (folder, pid) in self.folders.iter().flat_map(|folder| pids.iter().map(move |pid| (folder, *pid))) {
            match join(&folder.path, pid) {
                Err(error) if error.raw_os_error() != Some(libc::ESRCH) => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The processes inside, in all its folders.
    pub(in crate::runner) fn inside(&self) -> BTreeSet<i32> {
        let of = |folder: &CgroupFolder| -> BTreeSet<i32> {
            let text = fs::read_to_string(folder.path.join("cgroup.procs")).unwrap_or_default();
            text.lines().filter_map(|line| line.parse().ok()).collect()
        };
        let all = self.folders.iter().map(of);
        all.reduce(|one, other| one.intersection(&other).copied().collect()).unwrap_or_default()
    }

    /// What the kernel has refused so far.
    pub(in crate::runner) fn refused(&self) -> Refused {
        let mut refused = Refused::default();
        for folder in &self.folders {
            let count = |file: &str, word: &str| number(&folder.path.join(file), word);
            refused.processes += count("pids.events", "max");
            refused.memory += count(if folder.is_second { "memory.events" } else { "memory.oom_control" }, "oom_kill");
        }
        refused
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            // A dying process still holds it; a later run will remove it.
            let _ = fs::remove_dir(&folder.path);
        }
    }
}

/// The number after a word at the beginning of a line; 0 if there is none.
fn number(path: &Path, word: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

fn join(group: &Path, pid: i32) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), pid.to_string())
}

/// The path of this process below the hierarchy of a controller; `""` means version 2.
fn place<'t>(own: &'t str, controller: &str) -> Option<&'t str> {
    own.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        controllers.split(',').any(|name| name == controller).then_some(path)
    })
}

/// The mount point of a hierarchy, given its type and one of its options.
fn mounted(mounts: &str, kind: &str, option: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [_, at, found, options, ..] = fields.as_slice() else { return None };
        let has = option.is_empty() || options.split(',').any(|one| one == option);
        (*found == kind && has).then(|| PathBuf::from(at))
    })
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Creates a group of version 2, next to or above that of this process, if memory and processes are delegated there.
fn second(own: &str, mounts: &str, name: &str, totals: Totals) -> Result<Cgroup, String> {
    let root = mounted(mounts, "cgroup2", "").ok_or("not mounted")?;
    let home = below(&root, place(own, "").ok_or("this process is not in a control group")?);
    let hands_down = |folder: &&Path| {
        let down = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
        ["memory", "pids"].iter().all(|wanted| down.split_whitespace().any(|word| word == *wanted))
    };
    let parent = home.ancestors().take_while(|folder| folder.starts_with(&root)).find(hands_down);
    let parent = parent.ok_or("memory and pids are not delegated to this user")?;
    let limits = [
        ("memory.max", (totals.memory + OWN_MEMORY).to_string(), true),
        ("pids.max", tasks(totals).to_string(), true),
        // This file does not exist without swap.
        ("memory.swap.max", "0".to_owned(), false),
    ];
    let folder = make(parent, name, home.clone(), true, &limits)?;
    Ok(Cgroup { folders: vec![folder] })
}

/// Creates groups of version 1, one for memory and one for processes, below those of this process.
fn first(own: &str, mounts: &str, name: &str, totals: Totals) -> Result<Cgroup, String> {
    let memory = (totals.memory + OWN_MEMORY).to_string();
    let limits = [
        (
            "memory",
            vec![
                ("memory.limit_in_bytes", memory.clone(), true),
                // Memory and swap together; this file does not exist without swap accounting.
                ("memory.memsw.limit_in_bytes", memory, false),
            ],
        ),
        ("pids", vec![("pids.max", tasks(totals).to_string(), true)]),
    ];
    let mut group = Cgroup { folders: Vec::new() };
    for (controller, limits) in limits {
        let root = mounted(mounts, "cgroup", controller).ok_or_else(|| format!("{controller} is not mounted"))?;
        let home = below(&root, place(own, controller).ok_or_else(|| format!("this process is not in {controller}"))?);
        group.folders.push(make(&home, name, home.clone(), false, &limits)?);
    }
    Ok(group)
}

fn tasks(totals: Totals) -> u64 {
    totals.processes.max(LEAST_TASKS) + OWN_TASKS
}

/// Creates one folder and writes its limits; each is a file, a value, and whether the file must exist.
fn make(
    parent: &Path,
    name: &str,
    home: PathBuf,
    is_second: bool,
    limits: &[(&str, String, bool)],
) -> Result<CgroupFolder, String> {
    remove_stale(parent);
    let path = parent.join(name);
    let failed = |error: io::Error| format!("{}: {error}", parent.display());
    match fs::create_dir(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let written = limits.iter().try_for_each(|(file, value, is_needed)| match fs::write(path.join(file), value) {
        Err(error) if *is_needed => Err(error),
        Ok(()) | Err(_) => Ok(()),
    });
    if let Err(error) = written {
        // The folder is empty, so removal succeeds.
        let _ = fs::remove_dir(&path);
        return Err(failed(error));
    }
    Ok(CgroupFolder { path, home, is_second })
}

/// Removes Toolsmith's groups whose supervisor has ended, and kills the processes still in them.
fn remove_stale(parent: &Path) {
    let Ok(me) = Owner::me() else { return };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let owner = entry.file_name().to_str().and_then(Owner::of);
        if !owner.is_some_and(|owner| owner.is_gone(me.space)) {
            continue;
        }
        let inside = fs::read_to_string(entry.path().join("cgroup.procs")).unwrap_or_default();
        for pid in inside.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)) {
            // It may just have ended.
            let _ = rustix::process::kill_process(pid, Signal::KILL);
        }
        // A dying process keeps it until the next run.
        let _ = fs::remove_dir(entry.path());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_of_this_process_is_found_in_either_version() {
        let own = "8:pids:/\n4:memory,other:/a/b\n0::/user.slice/x.scope\n";
        assert_eq!(
            [place(own, "pids"), place(own, "memory"), place(own, "")],
            [Some("/"), Some("/a/b"), Some("/user.slice/x.scope")]
        );
        assert_eq!(place(own, "cpu"), None);
        let mounts =
            "cgroup /sys/fs/cgroup/pids cgroup rw,relatime,pids 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(mounted(mounts, "cgroup", "pids"), Some("/sys/fs/cgroup/pids".into()));
        assert_eq!(mounted(mounts, "cgroup2", ""), Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(mounted(mounts, "cgroup", "memory"), None);
    }

    #[test]
    fn version_2_is_used_where_it_hands_down_memory_and_processes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("v2");
        let scope = root.join("app.slice/me.scope");
        fs::create_dir_all(&scope).unwrap();
        let mounts = format!("cgroup2 {} cgroup2 rw 0 0\n", root.display());
        let totals = Totals { memory: 100 << 20, processes: 64 };
        let make = || second("0::/app.slice/me.scope\n", &mounts, "toolsmith-run-1-2", totals);
        assert!(make().unwrap_err().contains("not delegated"));
        fs::write(root.join("app.slice/cgroup.subtree_control"), "cpu memory pids\n").unwrap();
        let group = make().unwrap();
        let written = |file: &str| fs::read_to_string(root.join("app.slice/toolsmith-run-1-2").join(file)).unwrap();
        assert_eq!(written("memory.max"), ((116_u64) << 20).to_string());
        assert_eq!(written("pids.max"), "68");
        group.hold(&[7]).unwrap();
        assert_eq!(group.inside(), BTreeSet::from([7]));
        fs::write(root.join("app.slice/toolsmith-run-1-2/pids.events"), "max 3\n").unwrap();
        fs::write(root.join("app.slice/toolsmith-run-1-2/memory.events"), "low 0\noom 5\noom_kill 2\n").unwrap();
        assert_eq!(group.refused(), Refused { memory: 2, processes: 3 });
    }

    #[test]
    fn a_group_whose_supervisor_is_gone_is_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let me = Owner::me().unwrap();
        let alive = me.name();
        let dead = Owner { started: 1, ..me }.name();
        // The same number in another PID namespace is an unknown process.
        let elsewhere = Owner { started: 1, space: me.space + 1, ..me }.name();
        for name in [alive.as_str(), dead.as_str(), elsewhere.as_str(), "system.slice", "toolsmith-run-x"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        remove_stale(folder.path());
        let mut left: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = vec!["system.slice".to_owned(), alive, elsewhere, "toolsmith-run-x".to_owned()];
        expected.sort();
        assert_eq!(left, expected);
    }
}
