//! Calls as the kernel would tell them, and what comes of them.

use super::judge::Judge;
use super::memory::UNREADABLE;
use super::process::Tool;
use super::{Policy, baseline_from};
use crate::domain::{Attempt, IsolationLevel, Network};
use crate::runner::sandbox::{Call, Notification, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

const REFUSED: Verdict = Verdict::Errno(libc::EPERM);
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
    /// Files that can be opened, and where they lie here.
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
        baseline: Vec::new(),
    }
}

/// A judge that saw the tool start, and a tool.
fn started(policy: Policy) -> (Judge, Fake) {
    let (mut judge, mut tool) = (Judge::new(policy), Fake::new());
    let path = tool.text("/usr/bin/python3");
    send(&mut judge, &mut tool, Call::Execve, [path, 0, 0, 0, 0, 0]);
    (judge, tool)
}

fn strict() -> (Judge, Fake) {
    started(policy(IsolationLevel::Isolated, Network::None))
}

fn send(judge: &mut Judge, tool: &mut Fake, call: Call, args: [u64; 6]) -> Verdict {
    let (verdict, found) = judge.judge(&Notification { id: 1, pid: PID, call, args }, tool);
    judge.take(found);
    verdict
}

fn open(judge: &mut Judge, tool: &mut Fake, path: &str, flags: i32) {
    let path = tool.text(path);
    let verdict = send(judge, tool, Call::Openat, [HERE, path, flags as u64, 0, 0, 0]);
    assert_eq!(verdict, Verdict::Continue, "the observer never refuses files");
}

fn seen(judge: Judge) -> Vec<String> {
    judge.finish().attempts.iter().map(line).collect()
}

fn line(attempt: &Attempt) -> String {
    let Attempt { touch, target, answer, count } = attempt;
    format!("{touch} {target} {answer} {count}")
}

fn inet(ip: [u8; 4], port: u16) -> Vec<u8> {
    let mut bytes = (libc::AF_INET as u16).to_ne_bytes().to_vec();
    bytes.extend_from_slice(&port.to_be_bytes());
    bytes.extend_from_slice(&ip);
    bytes.extend_from_slice(&[0; 8]);
    bytes
}

fn unix(name: &[u8]) -> Vec<u8> {
    [&(libc::AF_UNIX as u16).to_ne_bytes()[..], name].concat()
}

fn dns_question() -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(b"\x05exfil\x08attacker\x07invalid\0\0\x01\0\x01");
    message
}

fn connect(judge: &mut Judge, tool: &mut Fake, socket: u64, address: &[u8]) -> Verdict {
    let at = tool.put(address);
    send(judge, tool, Call::Connect, [socket, at, address.len() as u64, 0, 0, 0])
}

/// A message for `sendmsg`, to an address or to where the socket is connected.
fn message(tool: &mut Fake, address: Option<&[u8]>, payload: &[u8]) -> Vec<u8> {
    let to = address.map_or(0, |address| tool.put(address));
    let length = address.map_or(0, |address| address.len() as u64);
    let payload_at = tool.put(payload);
    let pieces = tool.words(&[payload_at, payload.len() as u64]);
    // The upper half of the length is padding, which the kernel does not look at.
    let words = [to, length | 0xdead_beef_0000_0000, pieces, 1, 0, 0, 0];
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
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
    send(&mut judge, &mut tool, Call::Openat, [5, shadow, 0, 0, 0, 0]);
    send(&mut judge, &mut tool, Call::Openat, [6, shadow, 0, 0, 0, 0]);
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
    send(&mut judge, &mut tool, Call::Openat2, [HERE, path, how, 24, 0, 0]);
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
    for call in [Call::Unlinkat, Call::Mkdirat, Call::Fchmodat, Call::Utimensat] {
        send(&mut judge, &mut tool, call, args);
    }
    for call in [Call::Truncate, Call::Setxattr] {
        send(&mut judge, &mut tool, call, [outside, 0, 0, 0, 0, 0]);
    }
    send(&mut judge, &mut tool, Call::Renameat2, [HERE, outside, HERE, inside, 0, 0]);
    send(&mut judge, &mut tool, Call::Linkat, [HERE, inside, HERE, outside, 0, 0]);
    send(&mut judge, &mut tool, Call::Unlinkat, [HERE, inside, 0, 0, 0, 0]);
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
fn a_unix_socket_that_the_resolver_tries_is_no_news_where_the_network_is_open() {
    let family = [libc::AF_UNIX as u64, 0, 0, 0, 0, 0];
    for (network, expected) in
        [(Network::Full, vec![]), (Network::None, vec!["forbidden socket family 1 denied 1".to_owned()])]
    {
        let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, network));
        assert_eq!(send(&mut judge, &mut tool, Call::Socket, family), REFUSED);
        assert_eq!(seen(judge), expected, "{network}");
    }
}

#[test]
fn a_symbolic_link_is_reported_by_where_it_is_and_a_hard_link_by_its_source_too() {
    let (mut judge, mut tool) = strict();
    tool.there.insert("/etc/shadow".into());
    let (link, target) = (tool.text("/scratch/innocent"), tool.text("/etc/shadow"));
    send(&mut judge, &mut tool, Call::Symlinkat, [target, HERE, link, 0, 0, 0]);
    assert_eq!(seen(judge), ["write {scratch} allowed 1"]);
    let (mut judge, _) = strict();
    send(&mut judge, &mut tool, Call::Linkat, [HERE, target, HERE, link, 0, 0]);
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
    send(&mut judge, &mut tool, Call::Openat, [HERE, 1, 0, 0, 0, 0]);
    let relative = tool.text("x");
    send(&mut judge, &mut tool, Call::Openat, [99, relative, 0, 0, 0, 0]);
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
    send(&mut judge, &mut tool, Call::Openat, [HERE, at, 0, 0, 0, 0]);
    assert_eq!(tool.reads, 4, "6 bytes to the end of the page, then 256 each");
    let endless = tool.put(&vec![b'/'; 40_000]);
    tool.reads = 0;
    send(&mut judge, &mut tool, Call::Openat, [HERE, endless, 0, 0, 0, 0]);
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
        assert_eq!(send(judge, tool, Call::Execve, [path, arguments, 0, 0, 0, 0]), Verdict::Continue);
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
fn without_network_every_address_is_refused_and_reported() {
    for level in [IsolationLevel::Isolated, IsolationLevel::Confined] {
        let (mut judge, mut tool) = started(policy(level, Network::None));
        assert_eq!(connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 443)), REFUSED);
        let mut six = (libc::AF_INET6 as u16).to_ne_bytes().to_vec();
        six.extend_from_slice(&80_u16.to_be_bytes());
        six.extend_from_slice(&[0; 4]);
        six.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        six.extend_from_slice(&[0; 4]);
        assert_eq!(connect(&mut judge, &mut tool, 3, &six), REFUSED);
        assert_eq!(connect(&mut judge, &mut tool, 3, &[40, 0, 1, 2, 3, 4]), REFUSED);
        assert_eq!(connect(&mut judge, &mut tool, 3, &[2]), REFUSED);
        let (payload, to) = (tool.put(b"hello"), tool.put(&inet([192, 0, 2, 9], 9)));
        assert_eq!(send(&mut judge, &mut tool, Call::Sendto, [3, payload, 5, 0, to, 16]), REFUSED);
        let header = message(&mut tool, Some(&inet([192, 0, 2, 7], 7)), b"x");
        let header = tool.put(&header);
        assert_eq!(send(&mut judge, &mut tool, Call::Sendmsg, [3, header, 0, 0, 0, 0]), REFUSED);
        let at = tool.put(&inet([0, 0, 0, 0], 8080));
        assert_eq!(send(&mut judge, &mut tool, Call::Bind, [3, at, 16, 0, 0, 0]), REFUSED);
        let expected = [
            "connect 192.0.2.1:443 denied 1".to_owned(),
            "connect [::1]:80 denied 1".to_owned(),
            "connect family 40 denied 1".to_owned(),
            format!("connect {UNREADABLE} denied 1"),
            "connect 192.0.2.9:9 denied 1".to_owned(),
            "connect 192.0.2.7:7 denied 1".to_owned(),
            "listen 0.0.0.0:8080 denied 1".to_owned(),
        ];
        assert_eq!(seen(judge), expected);
    }
}

#[test]
fn a_name_is_heard_because_the_name_server_seems_to_be_there() {
    let (mut judge, mut tool) = strict();
    tool.datagrams.insert(3);
    let server = inet([127, 0, 0, 53], 53);
    assert_eq!(connect(&mut judge, &mut tool, 3, &server), Verdict::Value(0));
    let header = message(&mut tool, None, &dns_question());
    let both = [header.as_slice(), &[0; 8], header.as_slice(), &[0; 8]].concat();
    let both = tool.put(&both);
    assert_eq!(send(&mut judge, &mut tool, Call::Sendmmsg, [3, both, 2, 0, 0, 0]), REFUSED);
    let (question, to) = (tool.put(&dns_question()), tool.put(&server));
    let length = dns_question().len() as u64;
    assert_eq!(send(&mut judge, &mut tool, Call::Sendto, [4, question, length, 0, to, 16]), REFUSED);
    assert_eq!(send(&mut judge, &mut tool, Call::Sendto, [3, question, length, 0, 0, 0]), REFUSED);
    assert_eq!(seen(judge), ["resolve exfil.attacker.invalid denied 4"]);
}

#[test]
fn a_connection_to_the_own_name_server_is_told_unless_questions_alone_explain_it() {
    let question = |judge: &mut Judge, tool: &mut Fake, socket| {
        let (text, length) = (tool.put(&dns_question()), dns_question().len() as u64);
        send(judge, tool, Call::Sendto, [socket, text, length, 0, 0, 0]);
    };
    let (mut judge, mut tool) = strict();
    tool.datagrams.extend([3, 4, 5, 6]);
    // Asked, and something else sent too.
    connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 53));
    question(&mut judge, &mut tool, 3);
    let other = tool.put(b"no question");
    send(&mut judge, &mut tool, Call::Sendto, [3, other, 11, 0, 0, 0]);
    // Nothing asked; a name server of somebody else; a descriptor that goes elsewhere.
    connect(&mut judge, &mut tool, 4, &inet([127, 0, 0, 1], 53));
    connect(&mut judge, &mut tool, 5, &inet([203, 0, 113, 9], 53));
    question(&mut judge, &mut tool, 5);
    connect(&mut judge, &mut tool, 6, &inet([127, 0, 0, 2], 53));
    connect(&mut judge, &mut tool, 6, &inet([127, 0, 0, 3], 80));
    let expected = [
        "resolve exfil.attacker.invalid denied 2",
        "connect 192.0.2.1:53 denied 1",
        "connect 203.0.113.9:53 denied 1",
        "connect 127.0.0.2:53 denied 1",
        "connect 127.0.0.3:80 denied 1",
        "connect 127.0.0.1:53 denied 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn a_stream_to_a_name_server_is_refused_at_once() {
    let (mut judge, mut tool) = strict();
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([127, 0, 0, 53], 53)), REFUSED);
}

#[test]
fn messages_without_an_address_go_on_where_no_thread_can_change_that() {
    let header_of = |tool: &mut Fake| {
        let header = message(tool, None, b"descriptors");
        tool.put(&header)
    };
    let (mut judge, mut tool) = strict();
    let header = header_of(&mut tool);
    assert_eq!(send(&mut judge, &mut tool, Call::Sendmsg, [3, header, 0, 0, 0, 0]), Verdict::Continue);
    assert_eq!(send(&mut judge, &mut tool, Call::Listen, [3, 1, 0, 0, 0, 0]), Verdict::Continue);
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::None));
    let header = header_of(&mut tool);
    assert_eq!(send(&mut judge, &mut tool, Call::Sendmsg, [3, header, 0, 0, 0, 0]), REFUSED, "memory can change");
    let payload = tool.put(b"hello");
    assert_eq!(send(&mut judge, &mut tool, Call::Sendto, [3, payload, 5, 0, 0, 0]), Verdict::Continue);
    assert_eq!(send(&mut judge, &mut tool, Call::Listen, [3, 1, 0, 0, 0, 0]), REFUSED);
    assert_eq!(seen(judge), ["listen a port that the kernel picks denied 1"]);
}

#[test]
fn unix_sockets_are_refused_at_every_level_and_network() {
    for level in [IsolationLevel::Isolated, IsolationLevel::Confined] {
        for network in [Network::None, Network::Loopback, Network::Full] {
            let (mut judge, mut tool) = started(policy(level, network));
            tool.there.insert("/home/ada/work/in/agent.sock".into());
            for address in
                [&b"/run/docker.sock\0"[..], b"/home/ada/work/in/agent.sock\0", b"\0bus", b"/var/run/nscd/socket\0"]
            {
                assert_eq!(connect(&mut judge, &mut tool, 3, &unix(address)), REFUSED, "{level} {network}");
            }
            let at = tool.put(&unix(b"/scratch/own\0"));
            assert_eq!(send(&mut judge, &mut tool, Call::Bind, [3, at, 20, 0, 0, 0]), REFUSED);
            let expected = [
                "connect unix:/run/docker.sock denied 1",
                "connect unix:{workspace}/in/agent.sock denied 1",
                "connect unix:@bus denied 1",
                "listen unix:{scratch}/own denied 1",
            ];
            assert_eq!(seen(judge), expected, "{level} {network}");
        }
    }
}

#[test]
fn no_memory_decides_whether_a_socket_is_connected_or_bound_without_network() {
    // Another thread can put the address of a local socket where there was none.
    let (mut judge, mut tool) = strict();
    for call in [Call::Connect, Call::Bind] {
        let nobody = tool.put(&[0, 0]);
        for [at, length] in [[0, 0], [nobody, 2]] {
            assert_eq!(send(&mut judge, &mut tool, call, [3, at, length, 0, 0, 0]), REFUSED, "{call:?}");
        }
    }
}

#[test]
fn an_open_network_is_watched_and_not_touched() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::Full));
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 443)), Verdict::Continue);
    assert_eq!(connect(&mut judge, &mut tool, 4, &inet([192, 0, 2, 53], 53)), Verdict::Continue);
    let header = message(&mut tool, None, &dns_question());
    let one = tool.put(&[header.as_slice(), &[0; 8]].concat());
    assert_eq!(send(&mut judge, &mut tool, Call::Sendmmsg, [4, one, 1, 0, 0, 0]), Verdict::Continue);
    let expected = [
        "connect 192.0.2.1:443 allowed 1",
        "connect 192.0.2.53:53 allowed 1",
        "resolve exfil.attacker.invalid allowed 1",
    ];
    assert_eq!(seen(judge), expected);
}

#[test]
fn loopback_without_a_network_of_its_own_is_no_network() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::Loopback));
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([127, 0, 0, 1], 8080)), REFUSED);
}

#[test]
fn loopback_lets_itself_be_reached_and_says_what_lies_beyond() {
    let (mut judge, mut tool) = started(policy(IsolationLevel::Isolated, Network::Loopback));
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([127, 0, 0, 1], 8080)), Verdict::Continue);
    assert_eq!(connect(&mut judge, &mut tool, 3, &inet([192, 0, 2, 1], 80)), Verdict::Continue);
    assert_eq!(seen(judge), ["connect 127.0.0.1:8080 allowed 1", "connect 192.0.2.1:80 denied 1"]);
}

#[test]
fn what_no_tool_needs_is_refused_by_its_number_without_a_look_at_memory() {
    let (mut judge, mut tool) = strict();
    tool.reads = 0;
    for call in [Call::Ptrace, Call::Mount, Call::Bpf, Call::IoUringSetup] {
        assert_eq!(send(&mut judge, &mut tool, call, [1; 6]), REFUSED);
    }
    assert_eq!(send(&mut judge, &mut tool, Call::Socket, [40, 1, 0, 0, 0, 0]), REFUSED);
    assert_eq!(send(&mut judge, &mut tool, Call::Socket, [libc::AF_NETLINK as u64, 3, 0, 0, 0, 0]), REFUSED);
    assert_eq!(send(&mut judge, &mut tool, Call::Ioctl, [0, 0xffff_ffff_0000_5412, 0, 0, 0, 0]), REFUSED);
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
        send(judge, tool, Call::Execve, [path, 0, 0, 0, 0, 0]);
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
fn every_call_of_the_table_has_a_judgement() {
    use crate::runner::sandbox::{CALLS, Group};
    for (_, call) in CALLS {
        let (mut judge, mut tool) = started(policy(IsolationLevel::Confined, Network::None));
        // Nothing can be read: what touches files, programs or addresses says at least that.
        let verdict = send(&mut judge, &mut tool, *call, [1, 1, 1, 1, 1, 1]);
        let expected = match call.group() {
            Group::File | Group::Exec => Verdict::Continue,
            Group::Network | Group::Forbidden => REFUSED,
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
        (PID, Verdict::Continue),
        (PROCESS, Verdict::Continue),
        (PID + 1, Verdict::Errno(libc::EPERM)),
        (1, Verdict::Errno(libc::EPERM)),
    ] {
        let number = u64::from(number);
        for call in [Call::Prlimit64, Call::SchedSetaffinity, Call::SchedSetscheduler, Call::SchedSetattr] {
            assert_eq!(ask(call, [number, 7, 1]), expected, "{call:?} {number}");
        }
        assert_eq!(ask(Call::Setpriority, [0, number, 5]), expected);
        assert_eq!(ask(Call::IoprioSet, [1, number, 5]), expected);
        // The same number as that of a group or a user is somebody else.
        assert_eq!(ask(Call::Setpriority, [1, number, 5]), Verdict::Errno(libc::EPERM));
        assert_eq!(ask(Call::IoprioSet, [3, number, 5]), Verdict::Errno(libc::EPERM));
        assert_eq!(ask(Call::Kcmp, [number, number, 0]), Verdict::Errno(libc::EPERM));
    }
}
