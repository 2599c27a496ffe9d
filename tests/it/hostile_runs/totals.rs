//! Totals of a run: how far a tool gets beyond its limits of processes and memory before it is stopped, as it says
//! itself. Each control gets all of it.

use super::case::Case;
use super::start::{plainly, sandboxed, users};
use super::world::{Outcome, Sign, World};
use super::{alone, report};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says each child that it started.
const FORKS: &str = "count = 0\ntry:\n    while count < 400:\n        if os.fork() == 0:\n            time.sleep(60)\n            \
                     os._exit(0)\n        count += 1\n        os.write(1, b'got %d 1\\n' % count)\nexcept OSError:\n    time.sleep(6)\n\
                     if count == 400:\n    say('worked ALL')\n";

/// Twelve children, 150 MiB of private memory each; each says what it has after every 10 MiB.
const PRIVATE: &str = "def child(number):\n    held = []\n    for part in range(15):\n        held.append(bytearray(b'x') * (10 << 20))\n        \
                       os.write(1, b'got %d 10\\n' % number)\n    time.sleep(3)\n    os._exit(0)\nchildren = []\nfor number in range(12):\n    \
                       pid = os.fork()\n    if pid == 0:\n        child(number)\n    children.append(pid)\n\
                       if not any([os.waitpid(pid, 0)[1] for pid in children]):\n    say('worked ALL')\n";

/// The same in memory that all of them share.
const SHARED: &str = "import mmap\nparts = [mmap.mmap(-1, 150 << 20) for _ in range(12)]\ndef child(number):\n    for part in range(15):\n        \
                      parts[number][part * (10 << 20):(part + 1) * (10 << 20)] = b'x' * (10 << 20)\n        \
                      os.write(1, b'got %d 10\\n' % number)\n    time.sleep(3)\n    os._exit(0)\nchildren = []\nfor number in range(12):\n    \
                      pid = os.fork()\n    if pid == 0:\n        child(number)\n    children.append(pid)\n\
                      if not any([os.waitpid(pid, 0)[1] for pid in children]):\n    say('worked ALL')\n";

/// Sixteen children fill sockets and pipes that nobody reads, in the way that the last line says; each says what the kernel
/// holds for it after every MiB.
const BUFFERS: &str = "import fcntl, resource, socket
def told():
    total = [0]
    said = [0]
    def count(number, length):
        total[0] += length
        while total[0] - said[0] >= 1 << 20:
            said[0] += 1 << 20
            os.write(1, b'got %d 1\\n' % number)
    return total, count
PART = b'x' * 65536
held = []
def of_sockets(number, count):
    a, b = socket.socketpair()
    held.append(b)
    try: a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    except OSError: pass
    a.setblocking(False)
    try:
        while True: count(number, a.send(PART))
    except OSError: pass
    if KEEP: held.append(a)
    else: a.close()
def of_pipes(number, count):
    a, b = os.pipe()
    held.extend([a, b])
    try: fcntl.fcntl(b, 1031, 1 << 20)
    except OSError: pass
    os.set_blocking(b, False)
    try:
        while True: count(number, os.write(b, PART))
    except OSError: pass
def child(number):
    total, count = told()
    try:
        while total[0] < 50 << 20: FILL(number, count)
    except OSError: pass
    time.sleep(3)
    os._exit(0 if total[0] >= 50 << 20 else 1)
def begin():
    children = []
    for number in range(16):
        pid = os.fork()
        if pid == 0: child(number)
        children.append(pid)
    if not any([os.waitpid(pid, 0)[1] for pid in children]): say('worked ALL')
";

/// What the attack said it got, in all.
fn got(outcome: &Outcome) -> u64 {
    let lines = outcome.output.lines().filter_map(|line| line.trim().strip_prefix("got "));
    lines.filter_map(|line| line.split(' ').nth(1)?.parse::<u64>().ok()).sum()
}

/// Runs the attack as everybody at every level; it says at most `most` behind the sandbox and at least `all` without.
fn bounded(name: &'static str, attack: &'static str, limits: &'static str, word: &str, (most, all): (u64, u64)) {
    let case = Case { limits, harm: Sign::Says("ALL"), ..Case::named(name, attack) };
    for user in users(&case) {
        let _turn = alone(&case);
        let world = World::new(user);
        let control = plainly(&case, &world);
        assert!(got(&control) >= all, "invalid case {name} as {}: {}", user.word(), got(&control));
        drop(world);
        for level in super::levels() {
            let mut world = World::new(user);
            let outcome = sandboxed(&case, &mut world, level);
            let told = format!("{name} {} as {}: {} of {all}", level.word(), user.word(), got(&outcome));
            report(&format!("totals: {told}, at most {most}"));
            assert!(got(&outcome) > 0 && got(&outcome) <= most, "{told}\n{:#}", outcome.run);
            let error = outcome.run["error"].as_str().unwrap_or_default();
            assert!(error.contains(word), "{told}\n{:#}", outcome.run);
        }
    }
}

#[test]
fn a_fork_bomb_gets_at_most_twice_its_processes() {
    bounded("forks_400", FORKS, "processes = 64", "processes", (2 * 64 + 4, 400));
}

#[test]
fn twelve_children_get_at_most_one_and_a_half_times_their_memory() {
    bounded("private_memory", PRIVATE, "memory = \"256MiB\"", "memory", (256 * 3 / 2, 12 * 150));
}

#[test]
fn memory_that_children_share_counts_as_theirs() {
    bounded("shared_memory", SHARED, "memory = \"256MiB\"", "memory", (256 * 3 / 2, 12 * 150));
}

#[test]
fn what_lies_in_sockets_and_pipes_counts_as_memory() {
    for (name, last) in [
        ("sockets", "KEEP, FILL = True, of_sockets\nbegin()\n"),
        ("closed_sockets", "KEEP, FILL = False, of_sockets\nbegin()\n"),
        ("pipes_and_sockets", "KEEP, FILL = False, lambda n, c: (of_pipes(n, c), of_sockets(n, c))\nbegin()\n"),
    ] {
        let attack: &'static str = Box::leak(format!("{BUFFERS}{last}").into_boxed_str());
        bounded(name, attack, "memory = \"256MiB\"", "memory", (256 * 3 / 2, 16 * 50));
    }
}

/// Reads one byte of each part of an endless address space: nothing of that is memory of its own, the tables are.
const TABLES: &str = "import ctypes
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
PART = 10 << 29
for part in range(80):
    at = libc.mmap(None, PART, 1, 0x4022, -1, 0)
    if at in (None, 2**64 - 1): break
    libc.madvise(at, PART, 15)
    for step in range(0, PART, 2 << 20): ctypes.c_char.from_address(at + step).value
    os.write(1, b'got 0 10\\n')
else:
    say('worked ALL')
";

#[test]
fn tables_of_an_endless_address_space_count_as_memory() {
    bounded("tables", TABLES, "memory = \"256MiB\"", "memory", (256 * 3 / 2, 80 * 10));
}

#[test]
fn nothing_is_left_of_the_control_groups_of_runs() {
    // Runs make their groups below those of whoever starts them. In groups of its own, this test sees its runs only.
    let Some(home) = Groups::enter() else {
        println!("skipped: this user can make no control groups of version 1");
        return;
    };
    let case = Case::named("slow", "time.sleep(0.2)\nprint('got 0 1')\n");
    let user = *users(&case).last().unwrap();
    let over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !over.load(Ordering::Relaxed) {
                seen.extend(home.inside());
                std::thread::park_timeout(std::time::Duration::from_millis(5));
            }
            seen
        });
        for _ in 0..2 {
            let outcome = sandboxed(&case, &mut World::new(user), super::levels()[0]);
            assert_eq!(outcome.run["outcome"], "succeeded", "{:#}", outcome.run);
        }
        over.store(true, Ordering::Relaxed);
        looking.join().unwrap()
    });
    assert!(!seen.is_empty(), "no run made a group, so this test shows nothing");
    let left = home.inside();
    assert!(left.is_empty(), "{left:?}");
}

/// A control group of version 1 for memory and one for processes, which this thread is in; what it starts is in them as well.
struct Groups {
    /// Each with the group that the thread was in before.
    folders: Vec<(PathBuf, PathBuf)>,
}

impl Groups {
    /// Makes them below the groups of this process and moves this thread there. `None` where that is not possible.
    fn enter() -> Option<Groups> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mut groups = Groups { folders: Vec::new() };
        for controller in ["memory", "pids"] {
            let has = |options: &str| options.split(',').any(|option| option == controller);
            let mut mounts = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
            let root = mounts.find(|fields| fields[2] == "cgroup" && has(fields[3]))?[1];
            let mut own = own.lines().map(|line| line.splitn(3, ':').collect::<Vec<_>>());
            let place = own.find(|fields| has(fields[1]))?[2].trim_start_matches('/');
            let before = PathBuf::from(root).join(place);
            let folder = before.join(format!("toolsmith-test-{}-{controller}", std::process::id()));
            fs::create_dir(&folder).ok()?;
            groups.folders.push((folder.clone(), before));
            fs::write(folder.join("tasks"), "0").ok()?;
        }
        Some(groups)
    }

    /// The groups in them.
    fn inside(&self) -> BTreeSet<PathBuf> {
        let entries = self.folders.iter().flat_map(|(folder, _)| fs::read_dir(folder).into_iter().flatten().flatten());
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        for (folder, before) in &self.folders {
            // Without a way back the group stays, empty, until the machine is restarted.
            let _ = fs::write(before.join("tasks"), "0");
            let _ = fs::remove_dir(folder);
        }
    }
}
