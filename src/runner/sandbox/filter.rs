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
//! that knows that there is no network, sockets that must be connected first can be made, so that it sees where they were
//! to lead; it refuses to connect and to bind by number.
//!
//! # The Internet where there is no network of its own (`confined`)
//!
//! Landlock holds TCP, not UDP. So what can be pointed at an address is not made at all unless the network is granted;
//! with an observer that knows that there is none, as above.
//!
//! # Other processes
//!
//! No call may change a process that is not the tool's own. Behind namespaces (`isolated`) the tool numbers only its
//! own processes, and one more: the first of its namespace, [`FIRST`], which is refused by its number. Without them
//! (`confined`) any number may mean somebody else's process, now or a moment later, so only 0, which means the caller,
//! is allowed; with an observer the caller may also use its own number, which nobody else can have while it waits.
//! Signals are not judged here: Landlock scopes them to the tool's own processes, also to groups, threads and
//! descriptors of processes.

use super::bpf::{Action, Case, Instruction, Rule, Test, assemble};
use super::calls::{CALLS, Call, Group, NEWEST};
use super::plan::STATUS_FD;
use crate::domain::{IsolationLevel, Network};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// What a filter depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// `isolated` when other walls hide the host, else `confined`.
    pub(super) level: IsolationLevel,
    /// What it may reach.
    pub(super) network: Network,
    /// Whether there is somebody to hand calls to.
    pub(super) observe: bool,
    /// Whether the observer was told of another level, so that its answers must not matter.
    pub(super) is_sunk: bool,
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

    fn rules(self) -> Vec<Rule> {
        // Its data is behind a pointer, so it cannot be judged; the C libraries then use `clone`.
        let mut rules = vec![
            Rule::always(libc::SYS_clone3, Action::Errno(libc::ENOSYS)),
            Rule {
                number: libc::SYS_fchmod,
                cases: vec![case(&[special(1)], Action::Errno(libc::EPERM))],
                otherwise: Action::Allow,
            },
        ];
        rules.extend(quiet());
        rules.extend(CALLS.iter().filter_map(|(number, call)| self.rule(*number, *call)));
        rules
    }

    fn rule(self, number: i64, call: Call) -> Option<Rule> {
        match call.group() {
            Group::File => self.file_rule(number, call),
            Group::Exec => self.observe.then(|| Rule::always(number, Action::Notify)),
            Group::Network => self.network_rule(number, call),
            Group::Forbidden => self.forbidden_rule(number, call),
        }
    }

    /// Nobody makes a file that runs with its owner's rights: where it is written directly, the tool would be gone
    /// and the file would stay.
    fn file_rule(self, number: i64, call: Call) -> Option<Rule> {
        let otherwise = if self.observe { Action::Notify } else { Action::Allow };
        let tests = match call {
            #[cfg(target_arch = "x86_64")]
            Call::Chmod | Call::Creat | Call::Mknod => vec![special(1)],
            Call::Fchmodat | Call::Fchmodat2 | Call::Mknodat => vec![special(2)],
            #[cfg(target_arch = "x86_64")]
            Call::Open => vec![Test::HasAny { arg: 1, bits: CREATES }, special(2)],
            Call::Openat => vec![Test::HasAny { arg: 2, bits: CREATES }, special(3)],
            // Its mode is behind a pointer, so it cannot be judged; programs then use `openat`.
            Call::Openat2 => return Some(Rule::always(number, Action::Errno(libc::ENOSYS))),
            _ => return self.observe.then(|| Rule::always(number, Action::Notify)),
        };
        Some(Rule { number, cases: vec![case(&tests, Action::Errno(libc::EPERM))], otherwise })
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
        self.observe && self.network == Network::None && !self.is_sunk
    }

    fn network_rule(self, number: i64, call: Call) -> Option<Rule> {
        let rule = |cases, otherwise| Some(Rule { number, cases, otherwise });
        let with_address = |action| vec![Case { tests: vec![Test::Points { arg: 4 }], action }];
        if !self.observe {
            // Nothing that could be pointed anywhere can be made; this is a second lock on the same door.
            if !self.is_offline() {
                return None;
            }
            let refused = Action::Errno(libc::EPERM);
            return match call {
                Call::Connect | Call::Bind | Call::Listen => Some(Rule::always(number, refused)),
                Call::Sendto => rule(with_address(refused), Action::Allow),
                _ => None,
            };
        }
        match call {
            // The hand-over of the listener itself. The tool cannot have a file of that number.
            Call::Sendmsg => rule(vec![case(&[is(0, STATUS_FD as u32)], Action::Allow)], Action::Notify),
            // With a network that is all the data a program sends; without, it may be a question to a name server.
            Call::Sendto if !self.is_offline() => rule(with_address(Action::Notify), Action::Allow),
            _ => Some(Rule::always(number, Action::Notify)),
        }
    }

    fn forbidden_rule(self, number: i64, call: Call) -> Option<Rule> {
        let refuse = self.refuse();
        let rule = |cases, otherwise| Some(Rule { number, cases, otherwise });
        match call {
            Call::Clone => {
                let bits = NEW_NAMESPACE | libc::CLONE_PARENT as u32;
                // A thread with files of its own could hold what nobody sees.
                let files = (libc::CLONE_THREAD | libc::CLONE_FILES) as u32;
                let alone = Test::Is { arg: 0, mask: files, value: libc::CLONE_THREAD as u32 };
                rule(vec![case(&[Test::HasAny { arg: 0, bits }], refuse), case(&[alone], refuse)], Action::Allow)
            }
            Call::Personality => {
                let harmless = [0, ASK_PERSONALITY];
                rule(harmless.map(|value| case(&[is(0, value)], Action::Allow)).to_vec(), refuse)
            }
            Call::Ioctl => {
                rule(TERMINAL_REQUESTS.map(|request| case(&[is(1, request)], refuse)).to_vec(), Action::Allow)
            }
            Call::Prctl => {
                // Who watches a run reads the memory of its processes and looks at their files.
                let hiding = case(&[is(0, libc::PR_SET_DUMPABLE as u32), is(1, 0)], refuse);
                rule(vec![case(&[is(0, PR_SCHED_CORE)], refuse), hiding], Action::Allow)
            }
            Call::Socket => rule(self.sockets(), refuse),
            Call::Socketpair => rule(pairs(), refuse),
            // In a namespace of its own there is nobody else, and a limit of the user's bounds them. Queues and semaphores of
            // the older kind (`msgget`, `semget`) have none: they could hold any amount of memory.
            Call::MqOpen | Call::MqUnlink if self.is_isolated() => None,
            Call::Prlimit64 => {
                // To ask changes nothing.
                let mut own = self.own_processes(number, 0);
                own.cases.insert(0, case(&[Test::IsNull { arg: 2 }], Action::Allow));
                Some(own)
            }
            Call::GetRobustList
            | Call::SchedSetscheduler
            | Call::SchedSetparam
            | Call::SchedSetattr
            | Call::SchedSetaffinity => Some(self.own_processes(number, 0)),
            Call::Setpriority | Call::IoprioSet => {
                let everybody = if call == Call::Setpriority { PRIO_USER } else { IOPRIO_WHO_USER };
                let mut own = self.own_processes(number, 1);
                own.cases.insert(0, case(&[is(0, everybody)], refuse));
                Some(own)
            }
            _ => Some(Rule::always(number, refuse)),
        }
    }

    /// A call that changes the process whose number is this argument: only for the tool's own processes.
    fn own_processes(self, number: i64, arg: usize) -> Rule {
        let refuse = self.refuse();
        if self.is_isolated() {
            return Rule { number, cases: vec![case(&[is(arg, FIRST)], refuse)], otherwise: Action::Allow };
        }
        Rule { number, cases: vec![case(&[is(arg, 0)], Action::Allow)], otherwise: refuse }
    }

    /// What may come out of `socket(family, kind, protocol)`.
    fn sockets(self) -> Vec<Case> {
        let family = |family: i32| is(0, family as u32);
        let kind = |kind: i32| Test::Is { arg: 1, mask: SOCKET_KIND, value: kind as u32 };
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
/// there is no such thing, which programs know how to go on from, and nobody is told.
fn quiet() -> Vec<Rule> {
    let refused = |number, cases: Vec<Case>| Rule { number, cases, otherwise: Action::Allow };
    let sizes = [libc::SO_SNDBUF, libc::SO_RCVBUF, libc::SO_SNDBUFFORCE, libc::SO_RCVBUFFORCE];
    // It seems to be done: programs ask for a size as a hint.
    let size = |size: i32| case(&[is(1, libc::SOL_SOCKET as u32), is(2, size as u32)], Action::Errno(0));
    // A file table of its own for a thread could not be looked at by the number of its process.
    let own_table = Test::HasAny { arg: 2, bits: libc::CLOSE_RANGE_UNSHARE };
    let mut rules = vec![
        refused(libc::SYS_setsockopt, sizes.map(size).to_vec()),
        refused(libc::SYS_fcntl, vec![case(&[is(1, libc::F_SETPIPE_SZ as u32)], Action::Errno(libc::EPERM))]),
        refused(libc::SYS_close_range, vec![case(&[own_table], Action::Errno(libc::EINVAL))]),
    ];
    // These put pages of files and of memory into a pipe or socket, which keeps all of a page for a byte of it.
    let by_page = [libc::SYS_splice, libc::SYS_vmsplice, libc::SYS_tee, libc::SYS_sendfile];
    rules.extend(by_page.map(|number| Rule::always(number, Action::Errno(libc::EINVAL))));
    rules
}

/// What may come out of `socketpair(family, kind)`: connected for good.
fn pairs() -> Vec<Case> {
    let local = is(0, libc::AF_UNIX as u32);
    CONNECTED
        .map(|kind| case(&[local, Test::Is { arg: 1, mask: SOCKET_KIND, value: kind as u32 }], Action::Allow))
        .to_vec()
}

fn is(arg: usize, value: u32) -> Test {
    Test::Is { arg, mask: ALL, value }
}

fn special(arg: usize) -> Test {
    Test::HasAny { arg, bits: SPECIAL_MODES }
}

fn case(tests: &[Test], action: Action) -> Case {
    Case { tests: tests.to_vec(), action }
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
mod tests {
    use super::super::bpf::{ARCHITECTURE, interpret};
    use super::*;

    const LEVELS: [IsolationLevel; 2] = [IsolationLevel::Isolated, IsolationLevel::Confined];
    const DENY: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;

    fn every() -> impl Iterator<Item = Terms> {
        LEVELS.into_iter().flat_map(|level| {
            Network::ALL.iter().flat_map(move |network| [true, false].map(|observe| terms(level, *network, observe)))
        })
    }

    fn answer(terms: Terms, call: Call, args: &[u64]) -> u32 {
        let mut six = [0; 6];
        six[..args.len()].copy_from_slice(args);
        interpret(&terms.program(), ARCHITECTURE, call.number() as u32, six)
    }

    fn terms(level: IsolationLevel, network: Network, observe: bool) -> Terms {
        Terms { level, network, observe, is_sunk: false }
    }

    #[test]
    fn calls_that_no_tool_needs_are_refused_in_every_way_to_run() {
        use Call::*;
        let calls = [
            Ptrace,
            ProcessVmReadv,
            ProcessVmWritev,
            Bpf,
            PerfEventOpen,
            Keyctl,
            AddKey,
            RequestKey,
            Userfaultfd,
            IoUringSetup,
            IoUringEnter,
            Mount,
            Umount2,
            MoveMount,
            OpenTree,
            Fsopen,
            Fsmount,
            MountSetattr,
            PivotRoot,
            Unshare,
            Setns,
            OpenByHandleAt,
            Chroot,
            MemfdCreate,
            Shmget,
            PidfdGetfd,
            KexecLoad,
            InitModule,
            Reboot,
        ];
        for terms in every() {
            let refused = if terms.observe { NOTIFY } else { DENY };
            for call in calls {
                assert_eq!(answer(terms, call, &[]), refused, "{call:?} {terms:?}");
            }
            let program = terms.program();
            assert_eq!(
                interpret(&program, ARCHITECTURE, libc::SYS_clone3 as u32, [0; 6]) & 0xffff,
                libc::ENOSYS as u32
            );
            assert_eq!(answer(terms, Clone, &[0x1000_0011]), refused);
            assert_eq!(answer(terms, Clone, &[0x007d_0f00]), ALLOW, "a thread");
            for request in [0x5412, 0xdead_beef_0000_5412, 0x541C, 0x5423] {
                assert_eq!(answer(terms, Ioctl, &[0, request]), refused, "{request:#x}");
            }
            assert_eq!(answer(terms, Ioctl, &[0, 0x5401]), ALLOW);
            assert_eq!(answer(terms, Personality, &[0xffff_ffff]), ALLOW);
            assert_eq!(answer(terms, Personality, &[0x40000]), refused);
            assert_eq!(answer(terms, Prctl, &[4, 0]), refused, "hiding");
            assert_eq!(answer(terms, Clone, &[0x0001_0b00]), refused, "a thread with files of its own");
            assert_eq!(answer(terms, Prctl, &[4, 1]), ALLOW);
            assert_eq!(answer(terms, Socket, &[40, 1]), refused, "vsock");
            assert_eq!(answer(terms, Socket, &[16, 3]), DENY, "netlink");
            assert_eq!(answer(terms, Socketpair, &[1, 0x80001]), ALLOW);
            assert!(program.len() < 4096, "{}", program.len());
        }
    }

    #[test]
    fn no_process_is_made_in_a_namespace_or_family_of_another() {
        let flags = [
            libc::CLONE_NEWNS,
            libc::CLONE_NEWCGROUP,
            libc::CLONE_NEWUTS,
            libc::CLONE_NEWIPC,
            libc::CLONE_NEWUSER,
            libc::CLONE_NEWPID,
            libc::CLONE_NEWNET,
            libc::CLONE_PARENT,
        ];
        for terms in every() {
            let refused = if terms.observe { NOTIFY } else { DENY };
            for flag in flags {
                let with_signal = (flag | libc::SIGCHLD) as u64;
                assert_eq!(answer(terms, Call::Clone, &[with_signal]), refused, "{flag:#x} {terms:?}");
            }
            assert_eq!(answer(terms, Call::Clone, &[libc::SIGCHLD as u64]), ALLOW, "{terms:?}");
        }
    }

    #[test]
    fn files_and_programs_are_seen_only_by_an_observer() {
        for terms in every() {
            let expected = if terms.observe { NOTIFY } else { ALLOW };
            let files = CALLS.iter().filter(|(_, call)| matches!(call.group(), Group::File | Group::Exec));
            for (_, call) in files.filter(|(_, call)| *call != Call::Openat2) {
                assert_eq!(answer(terms, *call, &[]), expected, "{call:?} {terms:?}");
            }
            let nosys = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
            assert_eq!(answer(terms, Call::Openat2, &[]), nosys, "its mode cannot be judged: {terms:?}");
        }
    }

    #[test]
    fn no_file_is_given_the_rights_of_its_owner() {
        let creates = (libc::O_CREAT | libc::O_WRONLY) as u64;
        for terms in every() {
            let free = if terms.observe { NOTIFY } else { ALLOW };
            for (bits, expected) in [(0o755, free), (0o4755, DENY), (0o2755, DENY), (0o1755, free)] {
                for (call, args) in [
                    #[cfg(target_arch = "x86_64")]
                    (Call::Chmod, vec![1, bits]),
                    (Call::Fchmodat, vec![3, 1, bits]),
                    (Call::Fchmodat2, vec![3, 1, bits]),
                    #[cfg(target_arch = "x86_64")]
                    (Call::Creat, vec![1, bits]),
                    #[cfg(target_arch = "x86_64")]
                    (Call::Mknod, vec![1, bits]),
                    (Call::Mknodat, vec![3, 1, bits]),
                    #[cfg(target_arch = "x86_64")]
                    (Call::Open, vec![1, creates, bits]),
                    (Call::Openat, vec![3, 1, creates, bits]),
                    (Call::Openat, vec![3, 1, libc::O_TMPFILE as u64, bits]),
                ] {
                    assert_eq!(answer(terms, call, &args), expected, "{call:?} {bits:o} {terms:?}");
                }
                let six = [3, bits, 0, 0, 0, 0];
                let fchmod = interpret(&terms.program(), ARCHITECTURE, libc::SYS_fchmod as u32, six);
                assert_eq!(fchmod, if expected == DENY { DENY } else { ALLOW });
            }
            // Where no file is made, a mode is nothing.
            for flags in [0, libc::O_WRONLY | libc::O_TRUNC, libc::O_DIRECTORY | libc::O_CLOEXEC] {
                assert_eq!(answer(terms, Call::Openat, &[3, 1, flags as u64, 0o4755]), free, "{flags:#x} {terms:?}");
            }
        }
    }

    #[test]
    fn without_a_network_no_socket_leads_anywhere() {
        for level in LEVELS {
            let unobserved = terms(level, Network::None, false);
            for (family, kind) in [(2, 1), (10, 1), (2, 2), (10, 0x80802), (2, 3)] {
                assert_eq!(answer(unobserved, Call::Socket, &[family, kind]), DENY, "{family} {kind} {level}");
            }
            let observed = terms(level, Network::None, true);
            assert_eq!(answer(observed, Call::Socket, &[2, 0x80001, 6]), ALLOW);
            assert_eq!(answer(observed, Call::Socket, &[10, 2, 17]), ALLOW);
            for (kind, protocol) in [(3, 1), (1, 262), (1, 132), (5, 132), (2, 136), (2, 1)] {
                assert_eq!(answer(observed, Call::Socket, &[2, kind, protocol]), NOTIFY, "{kind} {protocol}");
            }
            for call in [Call::Connect, Call::Sendto, Call::Sendmsg, Call::Sendmmsg, Call::Bind, Call::Listen] {
                assert_eq!(answer(observed, call, &[5]), NOTIFY, "{call:?}");
            }
            assert_eq!(answer(observed, Call::Sendmsg, &[STATUS_FD as u64]), ALLOW);
        }
    }

    #[test]
    fn buffers_keep_their_usual_size_and_hold_no_pages_of_others() {
        let done = libc::SECCOMP_RET_ERRNO;
        let invalid = libc::SECCOMP_RET_ERRNO | libc::EINVAL as u32;
        for terms in every() {
            let call = |number: i64, args: [u64; 3]| {
                let six = [args[0], args[1], args[2], 0, 0, 0];
                interpret(&terms.program(), ARCHITECTURE, number as u32, six)
            };
            for option in [7, 8, 32, 33, 7 | 1 << 32] {
                assert_eq!(call(libc::SYS_setsockopt, [3, 1, option]), done, "{option}");
            }
            // Options of other levels, and other options.
            for [level, option] in [[6, 7], [1, 2], [0, 8]] {
                assert_eq!(call(libc::SYS_setsockopt, [3, level, option]), ALLOW, "{level} {option}");
            }
            assert_eq!(call(libc::SYS_fcntl, [3, 1031, 1 << 20]), DENY);
            assert_eq!(call(libc::SYS_fcntl, [3, 1032, 0]), ALLOW);
            assert_eq!(call(libc::SYS_close_range, [3, 9, 2]), invalid);
            assert_eq!(call(libc::SYS_close_range, [3, 9, 4]), ALLOW);
            for number in [libc::SYS_splice, libc::SYS_vmsplice, libc::SYS_tee, libc::SYS_sendfile] {
                assert_eq!(call(number, [3, 4, 5]), invalid, "{number}");
            }
        }
    }

    #[test]
    fn no_local_socket_can_be_pointed_at_another_program() {
        for terms in every() {
            let refused = if terms.observe { NOTIFY } else { DENY };
            for kind in [1, 5] {
                let expected = if terms.is_answered() { ALLOW } else { refused };
                assert_eq!(answer(terms, Call::Socket, &[1, kind | 0x80800]), expected, "{kind} {terms:?}");
                assert_eq!(answer(terms, Call::Socketpair, &[1, kind | 0x80800]), ALLOW, "{kind} {terms:?}");
            }
            // A datagram of each names where it goes; a raw local socket is one of datagrams.
            for kind in [2, 3, 0x80002] {
                assert_eq!(answer(terms, Call::Socket, &[1, kind]), refused, "{kind} {terms:?}");
                assert_eq!(answer(terms, Call::Socketpair, &[1, kind]), refused, "{kind} {terms:?}");
            }
            if terms.is_answered() || terms.is_offline() && !terms.observe {
                let expected = if terms.observe { NOTIFY } else { DENY };
                for call in [Call::Connect, Call::Bind, Call::Listen] {
                    assert_eq!(answer(terms, call, &[3]), expected, "{call:?} {terms:?}");
                }
            }
        }
        let full = terms(IsolationLevel::Confined, Network::Full, true);
        assert_eq!(answer(full, Call::Socket, &[1, 1]), NOTIFY);
        assert_eq!(answer(full, Call::Socket, &[2, 1]), ALLOW);
        let sunk = Terms { is_sunk: true, ..terms(IsolationLevel::Confined, Network::None, true) };
        for (family, kind) in [(1, 1), (2, 1), (10, 2)] {
            assert_eq!(
                answer(terms(IsolationLevel::Confined, Network::None, true), Call::Socket, &[family, kind]),
                ALLOW
            );
            // Notified as a call that nobody needs, whose answer is always the same.
            assert_eq!(answer(sunk, Call::Socket, &[family, kind]), NOTIFY);
            let loopback = terms(IsolationLevel::Confined, Network::Loopback, true);
            assert_eq!(answer(loopback, Call::Socket, &[family, kind]), NOTIFY);
        }
        assert_eq!(answer(sunk, Call::Socketpair, &[1, 2]), NOTIFY);
        // Loopback without a network of its own would be everybody's.
        assert_eq!(answer(terms(IsolationLevel::Confined, Network::Loopback, false), Call::Socket, &[2, 1]), DENY);
        assert_eq!(answer(terms(IsolationLevel::Isolated, Network::Loopback, false), Call::Socket, &[2, 1]), ALLOW);
    }

    /// Calls that change a process: their arguments for this number, and whether a tool may do it to itself.
    fn by_number(number: u64) -> Vec<(Call, Vec<u64>)> {
        let mut calls = vec![
            (Call::Prlimit64, vec![number, 7, 0x1000]),
            (Call::Setpriority, vec![0, number]),
            (Call::Setpriority, vec![1, number]),
            (Call::IoprioSet, vec![1, number]),
            (Call::IoprioSet, vec![2, number]),
        ];
        let first = [
            Call::SchedSetaffinity,
            Call::SchedSetscheduler,
            Call::SchedSetparam,
            Call::SchedSetattr,
            Call::GetRobustList,
        ];
        calls.extend(first.map(|call| (call, vec![number, 8])));
        calls
    }

    #[test]
    fn calls_change_only_the_own_processes() {
        for terms in every() {
            let refused = if terms.observe { NOTIFY } else { DENY };
            let others = if terms.is_isolated() { ALLOW } else { refused };
            // Numbers are compared as the kernel takes them: in their low half.
            for (number, expected) in [(0, ALLOW), (1, refused), ((1 << 32) + 1, refused), (77, others)] {
                for (call, args) in by_number(number) {
                    assert_eq!(answer(terms, call, &args), expected, "{call:?} {args:?} {terms:?}");
                }
            }
            for (call, everybody) in [(Call::Setpriority, 2), (Call::IoprioSet, 3)] {
                for user in [0, 1000] {
                    assert_eq!(answer(terms, call, &[everybody, user]), refused, "{call:?} {terms:?}");
                }
            }
            assert_eq!(answer(terms, Call::Prlimit64, &[77, 7, 0]), ALLOW, "to ask is free");
            assert_eq!(answer(terms, Call::Clone, &[0x8011]), refused, "a child for the own parent");
            assert_eq!(answer(terms, Call::Prctl, &[62, 2, 77]), refused, "a core shared with another process");
            let queues = [Call::Semop, Call::Semtimedop, Call::Semctl, Call::Msgsnd, Call::Msgrcv, Call::Msgctl];
            for call in queues {
                assert_eq!(answer(terms, call, &[3]), refused, "{call:?}");
            }
            assert_eq!(answer(terms, Call::MqOpen, &[3]), if terms.is_isolated() { ALLOW } else { refused });
            let newer = interpret(&terms.program(), ARCHITECTURE, 468, [0; 6]);
            assert_eq!(newer, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);
        }
    }
}
