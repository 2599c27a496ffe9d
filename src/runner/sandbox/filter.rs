//! Which system calls a run may make, as rules by number and scalar arguments: what pointers point to can change
//! between the filter's look and the kernel's, numbers cannot.
//!
//! Everything is allowed but what [`super::calls`] names. What is refused is refused with EPERM; with an observer,
//! refused and noteworthy calls are handed to it, which answers the refused ones with EPERM by number. Without
//! anybody to answer they fail.
//!
//! # Local sockets
//!
//! A local socket with a path leads to another program of the user (`docker.sock`, an agent of ssh), also where the
//! network is the run's own: a granted folder may hold one. A path cannot be judged here. So at every level there are
//! only pairs of connected local sockets, which interpreters use among their own processes: `socket` fails for this
//! family, and there are no pairs of datagram sockets, which can be pointed elsewhere by each message. With an observer
//! that knows that there is no network, sockets that must be connected first can be made, so that it sees where they
//! were to lead; it refuses to connect and to bind by number.
//!
//! # The Internet where there is no network of its own (`confined`)
//!
//! Landlock holds TCP, not UDP. So what can be pointed at an address is not made at all unless the network is granted;
//! with an observer that knows that there is none, as above.
//!
//! # Inherited listeners
//!
//! A service may inherit listening sockets of the host's own network, at every level. Without a network it can accept
//! there, and use what it accepted. But any such socket can be closed and then pointed at an address, and what is in
//! memory cannot be judged. So `connect` and `bind` are refused by number, as are messages that open a connection
//! (`MSG_FASTOPEN`, which Landlock does not hold) and questions to the network's interfaces. No other socket for an
//! address can be made, also with an observer: then `listen` and messages lead nowhere else, and need no answer.
//!
//! # Other processes
//!
//! No call may change a process that is not the tool's own. Behind namespaces (`isolated`) the tool numbers only its
//! own processes, and one more: the first of its namespace, [`FIRST`], which is refused by its number. Without them
//! (`confined`) any number may mean somebody else's process, now or a moment later, so only 0, which means the caller,
//! is allowed; with an observer the caller may also use its own number, which nobody else can have while it waits.
//! Signals are not judged here: Landlock scopes them to the tool's own processes, also to groups, threads and
//! descriptors of processes.

use super::bpf::{Action, FilterCase, FilterRule, FilterTest, Instruction, assemble};
use super::calls::{CALLS, NEWEST, SystemCall, SystemCallGroup};
use crate::domain::{IsolationLevel, Network};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// What a filter depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// `isolated` when other sandbox layers hide the host, else `confined`.
    pub(super) level: IsolationLevel,
    /// What it may reach.
    pub(super) network: Network,
    /// Whether there is somebody to hand calls to.
    pub(super) observe: bool,
    /// Whether the observer was told of another level, so that its answers must not matter.
    pub(super) is_sunk: bool,
    /// Whether it inherits listening sockets of the host.
    pub(super) inherits: bool,
    /// Where the socket is through which the listener of the filter is handed over.
    pub(super) status_fd: i32,
}

const ALL: u32 = u32::MAX;

/// Flags of `clone` that make a namespace. The one for clocks shares its bit with the signal and works only in
/// `clone3` and `unshare`.
const NEW_NAMESPACE: u32 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32;

/// Requests that type into a terminal, act on the console, or change what handles a terminal.
const TERMINAL_REQUESTS: [u32; 3] = [0x5412, 0x541C, 0x5423];

/// Asks for the personality without changing it.
const ASK_PERSONALITY: u32 = u32::MAX;

/// The part of a socket's type that is not flags.
const SOCKET_KIND: u32 = 0xf;

/// Kinds of local sockets that send only to what they are connected with, whatever address a message names.
const CONNECTED: [i32; 2] = [libc::SOCK_STREAM, libc::SOCK_SEQPACKET];

/// Requests about interfaces and sockets of a network have this in their second byte.
const SOCKET_REQUESTS: FilterTest = FilterTest::Is { arg: 1, mask: 0xff00, value: 0x8900 };

/// Bits of a mode that give a program the rights of the file's owner or group.
const SPECIAL_MODES: u32 = libc::S_ISUID | libc::S_ISGID;

/// Flags of `open` with which its mode counts; of `O_TMPFILE` the bit that is its own.
const CREATES: u32 = (libc::O_CREAT | (libc::O_TMPFILE & !libc::O_DIRECTORY)) as u32;

/// The first process of a namespace, by its number there. It is never the tool's own: it takes in orphans.
const FIRST: u32 = 1;

/// All processes of a user, for `setpriority`.
const PRIO_USER: u32 = 2;

/// All processes of a user, for `ioprio_set`.
const IOPRIO_WHO_USER: u32 = 3;

/// Makes processes run beside each other on one core (`prctl`, Linux 5.14).
const PR_SCHED_CORE: u32 = 62;

impl Terms {
    /// The program for these terms.
    pub(super) fn program(self) -> Vec<Instruction> {
        assemble(&self.rules(), NEWEST)
    }

    fn rules(self) -> Vec<FilterRule> {
        // Its data is behind a pointer, so it cannot be judged; the C libraries then use `clone`.
        let mut rules = vec![
            FilterRule::always(libc::SYS_clone3, Action::Errno(libc::ENOSYS)),
            FilterRule {
                number: libc::SYS_fchmod,
                cases: vec![case(&[special(1)], Action::Errno(libc::EPERM))],
                otherwise: Action::Allow,
            },
        ];
        rules.extend(quiet());
        rules.extend(CALLS.iter().filter_map(|(number, call)| self.rule(*number, *call)));
        rules
    }

    fn rule(self, number: i64, call: SystemCall) -> Option<FilterRule> {
        match call.group() {
            SystemCallGroup::File => self.file_rule(number, call),
            SystemCallGroup::Exec => self.observe.then(|| FilterRule::always(number, Action::Notify)),
            SystemCallGroup::Network => self.network_rule(number, call),
            SystemCallGroup::Forbidden => self.forbidden_rule(number, call),
        }
    }

    /// Nobody makes a file that runs with its owner's rights: where it is written directly, the tool would be gone
    /// and the file would stay.
    fn file_rule(self, number: i64, call: SystemCall) -> Option<FilterRule> {
        let otherwise = if self.observe { Action::Notify } else { Action::Allow };
        let tests = match call {
            #[cfg(target_arch = "x86_64")]
            SystemCall::Chmod | SystemCall::Creat | SystemCall::Mknod => vec![special(1)],
            SystemCall::Fchmodat | SystemCall::Fchmodat2 | SystemCall::Mknodat => vec![special(2)],
            #[cfg(target_arch = "x86_64")]
            SystemCall::Open => vec![FilterTest::HasAny { arg: 1, bits: CREATES }, special(2)],
            SystemCall::Openat => vec![FilterTest::HasAny { arg: 2, bits: CREATES }, special(3)],
            // Its mode is behind a pointer, so it cannot be judged; programs then use `openat`.
            SystemCall::Openat2 => return Some(FilterRule::always(number, Action::Errno(libc::ENOSYS))),
            _ => return self.observe.then(|| FilterRule::always(number, Action::Notify)),
        };
        Some(FilterRule { number, cases: vec![case(&tests, Action::Errno(libc::EPERM))], otherwise })
    }

    /// What happens to a refused call.
    fn refuse(self) -> Action {
        if self.observe { Action::Notify } else { Action::Errno(libc::EPERM) }
    }

    fn is_isolated(self) -> bool {
        self.level == IsolationLevel::Isolated
    }

    /// Whether the Internet is out of reach whatever the tool does. Without a network of its own there is no
    /// loopback that others do not share, so loopback is then no network.
    fn is_offline(self) -> bool {
        match self.network {
            Network::None => true,
            Network::Loopback => !self.is_isolated(),
            Network::Full => false,
        }
    }

    /// Whether sockets can be made because the observer refuses, by number, whatever they could be used for.
    fn is_answered(self) -> bool {
        self.observe && self.network == Network::None && !self.is_sunk && !self.inherits
    }

    /// Whether it has sockets of the host although it may reach nothing.
    fn is_handed(self) -> bool {
        self.inherits && self.network != Network::Full
    }

    /// The rules for one that only accepts connections.
    fn handed_rule(self, number: i64, call: SystemCall) -> Option<FilterRule> {
        let opens =
            |arg| case(&[FilterTest::HasAny { arg, bits: libc::MSG_FASTOPEN as u32 }], Action::Errno(libc::EPERM));
        let rule = |cases| Some(FilterRule { number, cases, otherwise: Action::Allow });
        match call {
            SystemCall::Sendto => {
                rule(vec![opens(3), FilterCase { tests: vec![FilterTest::Points { arg: 4 }], action: self.refuse() }])
            }
            SystemCall::Sendmsg => rule(vec![opens(2)]),
            SystemCall::Sendmmsg => rule(vec![opens(3)]),
            SystemCall::Listen => None,
            _ => Some(FilterRule::always(number, self.refuse())),
        }
    }

    fn network_rule(self, number: i64, call: SystemCall) -> Option<FilterRule> {
        let rule = |cases, otherwise| Some(FilterRule { number, cases, otherwise });
        if self.is_handed() {
            return self.handed_rule(number, call);
        }
        let with_address = |action| vec![FilterCase { tests: vec![FilterTest::Points { arg: 4 }], action }];
        if !self.observe {
            // Nothing that could be pointed anywhere can be made; this is a second barrier.
            if !self.is_offline() {
                return None;
            }
            let refused = Action::Errno(libc::EPERM);
            return match call {
                SystemCall::Connect | SystemCall::Bind | SystemCall::Listen => {
                    Some(FilterRule::always(number, refused))
                }
                SystemCall::Sendto => rule(with_address(refused), Action::Allow),
                _ => None,
            };
        }
        match call {
            // The hand-over of the listener itself. The tool cannot have a file of that number.
            SystemCall::Sendmsg => rule(vec![case(&[is(0, self.status_fd as u32)], Action::Allow)], Action::Notify),
            // With a network that is all the data a program sends; without, it may be a question to a name server.
            SystemCall::Sendto if !self.is_offline() => rule(with_address(Action::Notify), Action::Allow),
            _ => Some(FilterRule::always(number, Action::Notify)),
        }
    }

    fn forbidden_rule(self, number: i64, call: SystemCall) -> Option<FilterRule> {
        let refuse = self.refuse();
        let rule = |cases, otherwise| Some(FilterRule { number, cases, otherwise });
        match call {
            SystemCall::Clone => {
                let bits = NEW_NAMESPACE | libc::CLONE_PARENT as u32;
                // A thread with files of its own could hold what nobody sees.
                let files = (libc::CLONE_THREAD | libc::CLONE_FILES) as u32;
                let alone = FilterTest::Is { arg: 0, mask: files, value: libc::CLONE_THREAD as u32 };
                rule(vec![case(&[FilterTest::HasAny { arg: 0, bits }], refuse), case(&[alone], refuse)], Action::Allow)
            }
            SystemCall::Personality => {
                let harmless = [0, ASK_PERSONALITY];
                rule(harmless.map(|value| case(&[is(0, value)], Action::Allow)).to_vec(), refuse)
            }
            SystemCall::Ioctl => {
                let mut cases = TERMINAL_REQUESTS.map(|request| case(&[is(1, request)], refuse)).to_vec();
                if self.is_handed() {
                    cases.push(case(&[SOCKET_REQUESTS], Action::Errno(libc::EPERM)));
                }
                rule(cases, Action::Allow)
            }
            SystemCall::Prctl => {
                // Who watches a run reads the memory of its processes and looks at their files.
                let hiding = case(&[is(0, libc::PR_SET_DUMPABLE as u32), is(1, 0)], refuse);
                rule(vec![case(&[is(0, PR_SCHED_CORE)], refuse), hiding], Action::Allow)
            }
            SystemCall::Socket => rule(self.sockets(), refuse),
            SystemCall::Socketpair => rule(pairs(), refuse),
            // In a namespace of its own there is nobody else, and a limit of the user's bounds them. Queues and
            // semaphores of the older kind (`msgget`, `semget`) have none: they could hold any amount of memory.
            SystemCall::MqOpen | SystemCall::MqUnlink if self.is_isolated() => None,
            SystemCall::Prlimit64 => {
                // To ask changes nothing.
                let mut own = self.own_processes(number, 0);
                own.cases.insert(0, case(&[FilterTest::IsNull { arg: 2 }], Action::Allow));
                Some(own)
            }
            SystemCall::GetRobustList
            | SystemCall::SchedSetscheduler
            | SystemCall::SchedSetparam
            | SystemCall::SchedSetattr
            | SystemCall::SchedSetaffinity => Some(self.own_processes(number, 0)),
            SystemCall::Setpriority | SystemCall::IoprioSet => {
                let everybody = if call == SystemCall::Setpriority { PRIO_USER } else { IOPRIO_WHO_USER };
                let mut own = self.own_processes(number, 1);
                own.cases.insert(0, case(&[is(0, everybody)], refuse));
                Some(own)
            }
            _ => Some(FilterRule::always(number, refuse)),
        }
    }

    /// A call that changes the process whose number is this argument: only for the tool's own processes.
    fn own_processes(self, number: i64, arg: usize) -> FilterRule {
        let refuse = self.refuse();
        if self.is_isolated() {
            return FilterRule { number, cases: vec![case(&[is(arg, FIRST)], refuse)], otherwise: Action::Allow };
        }
        FilterRule { number, cases: vec![case(&[is(arg, 0)], Action::Allow)], otherwise: refuse }
    }

    /// What may come out of `socket(family, kind, protocol)`.
    fn sockets(self) -> Vec<FilterCase> {
        let family = |family: i32| is(0, family as u32);
        let kind = |kind: i32| FilterTest::Is { arg: 1, mask: SOCKET_KIND, value: kind as u32 };
        let mut cases = Vec::new();
        if self.is_answered() {
            cases.extend(CONNECTED.map(|connected| case(&[family(libc::AF_UNIX), kind(connected)], Action::Allow)));
        }
        for internet in [libc::AF_INET, libc::AF_INET6] {
            if !self.is_offline() {
                cases.push(case(&[family(internet)], Action::Allow));
                continue;
            }
            if !self.is_answered() {
                cases.push(case(&[family(internet)], self.refuse()));
                continue;
            }
            // Only kinds that cannot lead anywhere except by a call that is refused.
            for (socket, protocol) in [(libc::SOCK_STREAM, libc::IPPROTO_TCP), (libc::SOCK_DGRAM, libc::IPPROTO_UDP)] {
                for protocol in [0, protocol] {
                    cases.push(case(&[family(internet), kind(socket), is(2, protocol as u32)], Action::Allow));
                }
            }
        }
        // Every lookup of a host name asks for the interfaces this way: refused, but no sign of anything.
        cases.push(case(&[family(libc::AF_NETLINK)], Action::Errno(libc::EPERM)));
        cases
    }
}

/// Calls with which the kernel would hold more memory for a tool than the supervisor counts. They fail as they do where
/// there is no such thing, which programs know how to continue from, and nobody is told.
fn quiet() -> Vec<FilterRule> {
    let refused = |number, cases: Vec<FilterCase>| FilterRule { number, cases, otherwise: Action::Allow };
    let sizes = [libc::SO_SNDBUF, libc::SO_RCVBUF, libc::SO_SNDBUFFORCE, libc::SO_RCVBUFFORCE];
    // It seems to be done: programs ask for a size as a hint.
    let size = |size: i32| case(&[is(1, libc::SOL_SOCKET as u32), is(2, size as u32)], Action::Errno(0));
    // A file table of its own for a thread could not be looked at by the number of its process.
    let own_table = FilterTest::HasAny { arg: 2, bits: libc::CLOSE_RANGE_UNSHARE };
    let mut rules = vec![
        refused(libc::SYS_setsockopt, sizes.map(size).to_vec()),
        refused(libc::SYS_fcntl, vec![case(&[is(1, libc::F_SETPIPE_SZ as u32)], Action::Errno(libc::EPERM))]),
        refused(libc::SYS_close_range, vec![case(&[own_table], Action::Errno(libc::EINVAL))]),
    ];
    // These put pages of files and of memory into a pipe or socket, which keeps all of a page for a byte of it.
    let by_page = [libc::SYS_splice, libc::SYS_vmsplice, libc::SYS_tee, libc::SYS_sendfile];
    rules.extend(by_page.map(|number| FilterRule::always(number, Action::Errno(libc::EINVAL))));
    rules
}

/// What may come out of `socketpair(family, kind)`: connected for good.
fn pairs() -> Vec<FilterCase> {
    let local = is(0, libc::AF_UNIX as u32);
    CONNECTED
        .map(|kind| case(&[local, FilterTest::Is { arg: 1, mask: SOCKET_KIND, value: kind as u32 }], Action::Allow))
        .to_vec()
}

fn is(arg: usize, value: u32) -> FilterTest {
    FilterTest::Is { arg, mask: ALL, value }
}

fn special(arg: usize) -> FilterTest {
    FilterTest::HasAny { arg, bits: SPECIAL_MODES }
}

fn case(tests: &[FilterTest], action: Action) -> FilterCase {
    FilterCase { tests: tests.to_vec(), action }
}

/// Puts a program in front of every system call of this process and its descendants, for good. Returns the
/// listener when the program hands calls to an observer.
///
/// # Errors
/// What the kernel says: EBUSY when somebody else already listens.
pub(super) fn install(program: &[Instruction], observe: bool) -> io::Result<Option<OwnedFd>> {
    if !observe {
        enter(program, 0)?;
        return Ok(None);
    }
    // Killable: signals of the tool do not interrupt a call that the observer holds. Since Linux 5.19.
    let listening = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let fd = match enter(program, listening | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => enter(program, listening)?,
        result => result?,
    };
    // SAFETY: the kernel just made this descriptor for us and nobody else knows it.
    Ok(Some(unsafe { OwnedFd::from_raw_fd(fd) }))
}

fn enter(program: &[Instruction], flags: libc::c_ulong) -> io::Result<i32> {
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    // SAFETY: the pointer is to a live program of that length, which the kernel only reads.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}

#[cfg(test)]
mod tests;
