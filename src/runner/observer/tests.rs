//! Calls as the kernel would tell them, and what comes of them.

mod network;

use super::judge::Judge;
use super::memory::UNREADABLE;
use super::process::Tool;
use super::{Policy, baseline_from};
use crate::domain::{Attempt, IsolationLevel, Network};
use crate::runner::sandbox::{CallAnswer, Notification, SystemCall};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

const REFUSED: CallAnswer = CallAnswer::Errno(libc::EPERM);
const HERE: u64 = libc::AT_FDCWD as u64;
const PID: u32 = 7;
/// The process that the thread is part of.
const PROCESS: u32 = PID - 1;

/// A tool of words: memory by address, paths by descriptor.
#[derive(Default)]
struct Fake {
    memory: BTreeMap<u64, Vec<u8>>,
    next: u64,
    folder: PathBuf,
    files: BTreeMap<i32, PathBuf>,
    there: BTreeSet<PathBuf>,
    datagrams: BTreeSet<i32>,
    /// Files that can be opened, and where they are here.
    code: BTreeMap<PathBuf, PathBuf>,
    reads: usize,
    stats: usize,
}

impl Fake {
    fn new() -> Fake {
        Fake { next: 0x10_0000, folder: "/scratch".into(), ..Fake::default() }
    }

    fn put(&mut self, bytes: &[u8]) -> u64 {
        let at = self.next;
        self.memory.insert(at, bytes.to_vec());
        self.next += 0x1_0000;
        at
    }

    fn text(&mut self, text: &str) -> u64 {
        self.put(&[text.as_bytes(), b"\0"].concat())
    }

    fn words(&mut self, words: &[u64]) -> u64 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        self.put(&bytes)
    }
}

impl Tool for Fake {
    fn read(&mut self, pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
        assert_eq!(pid, PID);
        self.reads += 1;
        let (start, bytes) = self.memory.range(..=address).next_back().ok_or(io::ErrorKind::InvalidInput)?;
        let rest = bytes.get((address - start) as usize..).ok_or(io::ErrorKind::InvalidInput)?;
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn path_of(&mut self, _: u32, fd: Option<i32>) -> Option<PathBuf> {
        fd.map_or_else(|| Some(self.folder.clone()), |fd| self.files.get(&fd).cloned())
    }

    fn exists(&mut self, _: u32, path: &Path) -> Option<bool> {
        self.stats += 1;
        Some(self.there.contains(path))
    }

    fn process_of(&mut self, pid: u32) -> Option<u32> {
        (pid == PID).then_some(PROCESS)
    }

    fn open(&mut self, _: u32, path: &Path) -> Option<(PathBuf, File)> {
        let real = self.code.get(path)?;
        Some((path.to_owned(), File::open(real).unwrap()))
    }

    fn is_datagram(&mut self, _: u32, fd: i32) -> bool {
        self.datagrams.contains(&fd)
    }

    fn forget(&mut self) {}
}

fn policy(level: IsolationLevel, network: Network) -> Policy {
    let names = [("/tool", "{tool}"), ("/scratch", "{scratch}"), ("/home/ada", "~"), ("/home/ada/work", "{workspace}")];
    Policy {
        level,
        network,
        silent: vec!["/home/ada/.pyenv".into()],
        names: names.iter().map(|(path, word)| (path.into(), (*word).to_owned())).collect(),
        read: vec!["/home/ada/work/in".into()],
        write: vec!["/home/ada/work/out".into()],
        name_servers: super::name_servers("# a\nsearch x\nnameserver 192.0.2.1 # b\nnameserver nonsense\nnameserver\n"),
        has_launcher: false,
        baseline: Vec::new(),
    }
}

/// A judge that saw the tool start, and a tool.
fn started(policy: Policy) -> (Judge, Fake) {
    let (mut judge, mut tool) = (Judge::new(policy), Fake::new());
    let path = tool.text("/usr/bin/python3");
    send(&mut judge, &mut tool, SystemCall::Execve, [path, 0, 0, 0, 0, 0]);
    (judge, tool)
}

fn strict() -> (Judge, Fake) {
    started(policy(IsolationLevel::Isolated, Network::None))
}

fn send(judge: &mut Judge, tool: &mut Fake, call: SystemCall, args: [u64; 6]) -> CallAnswer {
    let (verdict, found) = judge.judge(&Notification { id: 1, pid: PID, call, args }, tool);
    judge.take(found);
    verdict
}

fn open(judge: &mut Judge, tool: &mut Fake, path: &str, flags: i32) {
    let path = tool.text(path);
    let verdict = send(judge, tool, SystemCall::Openat, [HERE, path, flags as u64, 0, 0, 0]);
    assert_eq!(verdict, CallAnswer::Continue, "the observer never refuses files");
}

fn seen(judge: Judge) -> Vec<String> {
    judge.finish().attempts.iter().map(line).collect()
}

fn line(attempt: &Attempt) -> String {
    let Attempt { touch, target, answer, count } = attempt;
    format!("{touch} {target} {answer} {count}")
}

#[test]
fn reading_own_files_and_the_system_is_no_news_and_costs_no_stat() {
    let (mut judge, mut tool) = strict();
    tool.stats = 0;
    for path in [
        "/usr/lib/python3/os.py",
        "/tool/main.py",
        "/scratch/x",
        "/dev/null",
        "/proc/self/maps",
        "x",
        "/lib/y",
        "/home/ada/.pyenv/bin/python3",
    ] {
        open(&mut judge, &mut tool, path, libc::O_RDONLY | libc::O_CLOEXEC);
    }
    open(&mut judge, &mut tool, "/dev/null", libc::O_RDWR);
    open(&mut judge, &mut tool, "/tool/__pycache__/main.cpython-311.pyc.140", libc::O_WRONLY | libc::O_CREAT);
    assert_eq!(tool.stats, 0);
    assert!(seen(judge).is_empty());
}

#[test]
fn other_paths_are_denied_or_missing_and_repeats_are_counted() {
    let (mut judge, mut tool) = strict();
    tool.there.insert("/etc/shadow".into());
    open(&mut judge, &mut tool, "/etc/shadow", libc::O_RDONLY);
    open(&mut judge, &mut tool, "/home/ada/.ssh/id_rsa", libc::O_RDONLY);
    open(&mut judge, &mut tool, "/etc/../etc//shadow", libc::O_RDONLY);
    open(&mut judge, &mut tool, "/usr/lib/x", libc::O_WRONLY);
    let expected = ["read /etc/shadow denied 2", "read ~/.ssh/id_rsa missing 1", "write /usr/lib/x missing 1"];
    assert_eq!(seen(judge), expected);
}

#[test]
fn no_detour_makes_a_foreign_path_look_like_an_own_one() {
    let (mut judge, mut tool) = strict();
    tool.there.insert("/etc/shadow".into());
    tool.files.insert(5, "/etc".into());
    tool.files.insert(6, "/scratch".into());
    let detours = [
        "/scratch/../etc/shadow",
        "/proc/self/root/etc/shadow",
        "/proc/thread-self/root/proc/self/root/etc/shadow",
        "/proc/self/cwd/../etc/shadow",
        "/proc/self/fd/5/shadow",
        "/usr/../etc/shadow",
        "../etc/shadow",
    ];
    for detour in detours {
        open(&mut judge, &mut tool, detour, libc::O_RDONLY);
    }
    let shadow = tool.text("shadow");
    send(&mut judge, &mut tool, SystemCall::Openat, [5, shadow, 0, 0, 0, 0]);
    send(&mut judge, &mut tool, SystemCall::Openat, [6, shadow, 0, 0, 0, 0]);
    assert_eq!(seen(judge), ["read /etc/shadow denied 8"]);
}

#[test]
fn flags_tell_reading_from_writing() {
    let (mut judge, mut tool) = strict();
    for path in ["/etc", "/etc/a", "/etc/b", "/etc/c", "/etc/d", "/etc/e"] {
        tool.there.insert(path.into());
    }
    open(&mut judge, &mut tool, "/etc/a", libc::O_RDONLY | libc::O_DIRECTORY);
    open(&mut judge, &mut tool, "/etc/b", libc::O_RDWR);
    open(&mut judge, &mut tool, "/etc/c", libc::O_RDONLY | libc::O_TRUNC);
    open(&mut judge, &mut tool, "/etc/d", libc::O_PATH | libc::O_RDWR);
    open(&mut judge, &mut tool, "/etc/new", libc::O_RDONLY | libc::O_CREAT);
    let how = tool.words(&[libc::O_WRONLY as u64, 0, 0]);
    let path = tool.text("/etc/e");
    send(&mut judge, &mut tool, SystemCall::Openat2, [HERE, path, how, 24, 0, 0]);
    let expected = [
        "read /etc/a denied 1",
        "write /etc/b denied 1",
        "write /etc/c denied 1",
        "read /etc/d denied 1",
        "write /etc/new denied 1",
        "write /etc/e denied 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn changes_outside_are_listed_and_those_of_scratch_only_counted() {
    let (mut judge, mut tool) = strict();
    tool.there.extend(["/etc".into(), "/etc/x".into()]);
    let (outside, inside) = (tool.text("/etc/x"), tool.text("/scratch/x"));
    let args = [HERE, outside, 0, 0, 0, 0];
    for call in [SystemCall::Unlinkat, SystemCall::Mkdirat, SystemCall::Fchmodat, SystemCall::Utimensat] {
        send(&mut judge, &mut tool, call, args);
    }
    for call in [SystemCall::Truncate, SystemCall::Setxattr] {
        send(&mut judge, &mut tool, call, [outside, 0, 0, 0, 0, 0]);
    }
    send(&mut judge, &mut tool, SystemCall::Renameat2, [HERE, outside, HERE, inside, 0, 0]);
    send(&mut judge, &mut tool, SystemCall::Linkat, [HERE, inside, HERE, outside, 0, 0]);
    send(&mut judge, &mut tool, SystemCall::Unlinkat, [HERE, inside, 0, 0, 0, 0]);
    let expected = [
        "delete /etc/x denied 1",
        "write /etc/x denied 6",
        "rename /etc/x denied 1",
        "write {scratch} allowed 1",
        "rename {scratch} allowed 1",
        "delete {scratch} allowed 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn a_symbolic_link_is_reported_by_where_it_is_and_a_hard_link_by_its_source_too() {
    let (mut judge, mut tool) = strict();
    tool.there.insert("/etc/shadow".into());
    let (link, target) = (tool.text("/scratch/innocent"), tool.text("/etc/shadow"));
    send(&mut judge, &mut tool, SystemCall::Symlinkat, [target, HERE, link, 0, 0, 0]);
    assert_eq!(seen(judge), ["write {scratch} allowed 1"]);
    let (mut judge, _) = strict();
    send(&mut judge, &mut tool, SystemCall::Linkat, [HERE, target, HERE, link, 0, 0]);
    assert_eq!(seen(judge), ["rename /etc/shadow denied 1", "write {scratch} allowed 1"]);
}

#[test]
fn a_declared_path_is_one_line_however_many_files_are_used() {
    let (mut judge, mut tool) = strict();
    for i in 0..3000 {
        open(&mut judge, &mut tool, &format!("/home/ada/work/in/{i}"), libc::O_RDONLY);
    }
    open(&mut judge, &mut tool, "/home/ada/work/out/x", libc::O_RDONLY);
    open(&mut judge, &mut tool, "/home/ada/work/out/x", libc::O_WRONLY | libc::O_CREAT);
    open(&mut judge, &mut tool, "/home/ada/work/in/x", libc::O_WRONLY | libc::O_CREAT);
    tool.there.insert("/home/ada/work/inner".into());
    open(&mut judge, &mut tool, "/home/ada/work/inner", libc::O_RDONLY);
    let expected = [
        "read {workspace}/in allowed 3000",
        "read {workspace}/out allowed 1",
        "write {workspace}/out allowed 1",
        "write {workspace}/in/x missing 1",
        "read {workspace}/inner denied 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn memory_that_cannot_be_read_is_reported_and_descriptors_without_a_path_are_not() {
    let (mut judge, mut tool) = strict();
    send(&mut judge, &mut tool, SystemCall::Openat, [HERE, 1, 0, 0, 0, 0]);
    let relative = tool.text("x");
    send(&mut judge, &mut tool, SystemCall::Openat, [99, relative, 0, 0, 0, 0]);
    assert_eq!(seen(judge), [format!("read {UNREADABLE} denied 1")]);
}

#[test]
fn a_path_is_read_over_the_end_of_a_page_and_never_without_end() {
    let (mut judge, mut tool) = strict();
    let path = format!("/etc/{}", "x".repeat(600));
    let mut bytes = vec![b'.'; 4090];
    bytes.extend_from_slice(path.as_bytes());
    bytes.push(0);
    let at = tool.put(&bytes) + 4090;
    tool.reads = 0;
    send(&mut judge, &mut tool, SystemCall::Openat, [HERE, at, 0, 0, 0, 0]);
    assert_eq!(tool.reads, 4, "6 bytes to the end of the page, then 256 each");
    let endless = tool.put(&vec![b'/'; 40_000]);
    tool.reads = 0;
    send(&mut judge, &mut tool, SystemCall::Openat, [HERE, endless, 0, 0, 0, 0]);
    assert_eq!(tool.reads, 16);
    let lines = seen(judge);
    assert!(lines[0].starts_with("read /etc/xxx") && lines[0].ends_with("xx… missing 1"), "{lines:?}");
}

#[test]
fn programs_are_reported_with_a_few_arguments_but_not_the_tool_itself() {
    let (mut judge, mut tool) = strict();
    tool.there.extend(["/usr/bin/git".into(), "/scratch/own".into(), "/srv/evil".into()]);
    let words = ["git", "clone", "https://example.org/a b", &"x".repeat(100), "never"];
    let mut pointers: Vec<u64> = words.iter().map(|word| tool.text(word)).collect();
    pointers.push(0);
    let arguments = tool.words(&pointers);
    let start = |judge: &mut Judge, tool: &mut Fake, path: &str, arguments: u64| {
        let path = tool.text(path);
        assert_eq!(send(judge, tool, SystemCall::Execve, [path, arguments, 0, 0, 0, 0]), CallAnswer::Continue);
    };
    for folder in ["/usr/local/bin/git", "/usr/bin/git"] {
        start(&mut judge, &mut tool, folder, arguments);
    }
    for folder in ["/usr/local/bin/curl", "/usr/bin/curl"] {
        start(&mut judge, &mut tool, folder, 0);
    }
    for path in ["own", "/srv/evil", "/srv/gone"] {
        start(&mut judge, &mut tool, path, 0);
    }
    let long = format!("{}…", "x".repeat(64));
    let expected = [
        format!("exec /usr/bin/git clone 'https://example.org/a b' {long} allowed 1"),
        "exec {scratch}/own allowed 1".to_owned(),
        "exec /srv/evil denied 1".to_owned(),
        "exec /srv/gone missing 1".to_owned(),
        "exec curl missing 2".to_owned(),
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn what_no_tool_needs_is_refused_by_its_number_without_a_look_at_memory() {
    let (mut judge, mut tool) = strict();
    tool.reads = 0;
    for call in [SystemCall::Ptrace, SystemCall::Mount, SystemCall::Bpf, SystemCall::IoUringSetup] {
        assert_eq!(send(&mut judge, &mut tool, call, [1; 6]), REFUSED);
    }
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Socket, [40, 1, 0, 0, 0, 0]), REFUSED);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Socket, [libc::AF_NETLINK as u64, 3, 0, 0, 0, 0]), REFUSED);
    assert_eq!(send(&mut judge, &mut tool, SystemCall::Ioctl, [0, 0xffff_ffff_0000_5412, 0, 0, 0, 0]), REFUSED);
    assert_eq!(tool.reads, 0);
    let expected = [
        "forbidden ptrace denied 1",
        "forbidden mount denied 1",
        "forbidden bpf denied 1",
        "forbidden io_uring_setup denied 1",
        "forbidden socket family 40 denied 1",
        "forbidden ioctl 0x5412 denied 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn what_the_bare_interpreter_does_too_is_left_out() {
    let act = |judge: &mut Judge, tool: &mut Fake, number: u32| {
        open(judge, tool, &format!("/etc/python{number}/site.cfg"), libc::O_RDONLY);
        let path = tool.text("/usr/bin/env");
        send(judge, tool, SystemCall::Execve, [path, 0, 0, 0, 0, 0]);
    };
    let (mut bare, mut tool) = strict();
    tool.there.insert("/usr/bin/env".into());
    act(&mut bare, &mut tool, 1);
    let attempts = bare.finish().attempts;
    assert_eq!(attempts.len(), 2);
    let mut with = policy(IsolationLevel::Isolated, Network::None);
    with.baseline = baseline_from(&attempts);
    let (mut judge, mut tool) = started(with);
    tool.there.insert("/usr/bin/env".into());
    act(&mut judge, &mut tool, 2);
    open(&mut judge, &mut tool, "/etc/shadow", libc::O_RDONLY);
    assert_eq!(seen(judge), ["read /etc/shadow missing 1"]);
}

#[test]
fn what_starts_the_program_of_the_tool_and_that_program_are_both_no_news() {
    let launched = Policy { has_launcher: true, ..policy(IsolationLevel::Isolated, Network::None) };
    let (mut judge, mut tool) = started(launched);
    for program in ["/usr/bin/hub", "/usr/bin/env"] {
        tool.there.insert(program.into());
        let path = tool.text(program);
        send(&mut judge, &mut tool, SystemCall::Execve, [path, 0, 0, 0, 0, 0]);
    }
    assert_eq!(seen(judge), ["exec /usr/bin/env allowed 1"]);
}

#[test]
fn every_call_of_the_table_has_a_judgement() {
    use crate::runner::sandbox::{CALLS, SystemCallGroup};
    for (_, call) in CALLS {
        let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::None));
        // Nothing can be read: what touches files, programs or addresses says at least that.
        let verdict = send(&mut judge, &mut tool, *call, [1, 1, 1, 1, 1, 1]);
        let expected = match call.group() {
            SystemCallGroup::File | SystemCallGroup::Exec => CallAnswer::Continue,
            SystemCallGroup::Network | SystemCallGroup::Forbidden => REFUSED,
        };
        assert_eq!(verdict, expected, "{call:?}");
        assert_ne!(seen(judge), [""; 0], "{call:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_memory_makes_the_judge_fail_or_run_on(call in 0_usize..200, args: [u64; 6], bytes: Vec<u8>) {
        use crate::runner::sandbox::CALLS;
        let (mut judge, mut tool) = strict();
        let at = tool.put(&bytes);
        tool.reads = 0;
        let args = args.map(|arg| if arg % 3 == 0 { arg } else { at + arg % 16 });
        send(&mut judge, &mut tool, CALLS[call % CALLS.len()].1, args);
        proptest::prop_assert!(tool.reads < 200);
    }
}

#[test]
fn only_the_process_that_calls_may_be_changed_by_its_number() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::None));
    let mut ask = |call, args: [u64; 3]| {
        let [first, second, third] = args;
        send(&mut judge, &mut tool, call, [first, second, third, 0, 0, 0])
    };
    for (number, expected) in [
        (PID, CallAnswer::Continue),
        (PROCESS, CallAnswer::Continue),
        (PID + 1, CallAnswer::Errno(libc::EPERM)),
        (1, CallAnswer::Errno(libc::EPERM)),
    ] {
        let number = u64::from(number);
        for call in [
            SystemCall::Prlimit64,
            SystemCall::SchedSetaffinity,
            SystemCall::SchedSetscheduler,
            SystemCall::SchedSetattr,
        ] {
            assert_eq!(ask(call, [number, 7, 1]), expected, "{call:?} {number}");
        }
        assert_eq!(ask(SystemCall::Setpriority, [0, number, 5]), expected);
        assert_eq!(ask(SystemCall::IoprioSet, [1, number, 5]), expected);
        // The same number as that of a group or a user is somebody else.
        assert_eq!(ask(SystemCall::Setpriority, [1, number, 5]), CallAnswer::Errno(libc::EPERM));
        assert_eq!(ask(SystemCall::IoprioSet, [3, number, 5]), CallAnswer::Errno(libc::EPERM));
        assert_eq!(ask(SystemCall::Kcmp, [number, number, 0]), CallAnswer::Errno(libc::EPERM));
    }
}
