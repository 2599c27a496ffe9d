use super::super::bpf::{ARCHITECTURE, interpret};
use super::*;

const STATUS_FD: i32 = 1000;

const LEVELS: [IsolationLevel; 2] = [IsolationLevel::Isolated, IsolationLevel::Confined];
const DENY: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const NOTIFY: u32 = libc::SECCOMP_RET_USER_NOTIF;

fn every() -> impl Iterator<Item = Terms> {
    LEVELS.into_iter().flat_map(|level| {
        Network::ALL.iter().flat_map(move |network| [true, false].map(|observe| terms(level, *network, observe)))
    })
}

fn answer(terms: Terms, call: SystemCall, args: &[u64]) -> u32 {
    let mut six = [0; 6];
    six[..args.len()].copy_from_slice(args);
    interpret(&terms.program(), ARCHITECTURE, call.number() as u32, six)
}

fn terms(level: IsolationLevel, network: Network, observe: bool) -> Terms {
    Terms { level, network, observe, is_sunk: false, inherits: false, status_fd: STATUS_FD }
}

#[test]
fn calls_that_no_tool_needs_are_refused_in_every_way_to_run() {
    use SystemCall::*;
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
        assert_eq!(interpret(&program, ARCHITECTURE, libc::SYS_clone3 as u32, [0; 6]) & 0xffff, libc::ENOSYS as u32);
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
            assert_eq!(answer(terms, SystemCall::Clone, &[with_signal]), refused, "{flag:#x} {terms:?}");
        }
        assert_eq!(answer(terms, SystemCall::Clone, &[libc::SIGCHLD as u64]), ALLOW, "{terms:?}");
    }
}

#[test]
fn files_and_programs_are_seen_only_by_an_observer() {
    for terms in every() {
        let expected = if terms.observe { NOTIFY } else { ALLOW };
        let files =
            CALLS.iter().filter(|(_, call)| matches!(call.group(), SystemCallGroup::File | SystemCallGroup::Exec));
        for (_, call) in files.filter(|(_, call)| *call != SystemCall::Openat2) {
            assert_eq!(answer(terms, *call, &[]), expected, "{call:?} {terms:?}");
        }
        let nosys = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;
        assert_eq!(answer(terms, SystemCall::Openat2, &[]), nosys, "its mode cannot be judged: {terms:?}");
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
                (SystemCall::Chmod, vec![1, bits]),
                (SystemCall::Fchmodat, vec![3, 1, bits]),
                (SystemCall::Fchmodat2, vec![3, 1, bits]),
                #[cfg(target_arch = "x86_64")]
                (SystemCall::Creat, vec![1, bits]),
                #[cfg(target_arch = "x86_64")]
                (SystemCall::Mknod, vec![1, bits]),
                (SystemCall::Mknodat, vec![3, 1, bits]),
                #[cfg(target_arch = "x86_64")]
                (SystemCall::Open, vec![1, creates, bits]),
                (SystemCall::Openat, vec![3, 1, creates, bits]),
                (SystemCall::Openat, vec![3, 1, libc::O_TMPFILE as u64, bits]),
            ] {
                assert_eq!(answer(terms, call, &args), expected, "{call:?} {bits:o} {terms:?}");
            }
            let six = [3, bits, 0, 0, 0, 0];
            let fchmod = interpret(&terms.program(), ARCHITECTURE, libc::SYS_fchmod as u32, six);
            assert_eq!(fchmod, if expected == DENY { DENY } else { ALLOW });
        }
        // If no file is created, the mode has no effect.
        for flags in [0, libc::O_WRONLY | libc::O_TRUNC, libc::O_DIRECTORY | libc::O_CLOEXEC] {
            assert_eq!(answer(terms, SystemCall::Openat, &[3, 1, flags as u64, 0o4755]), free, "{flags:#x} {terms:?}");
        }
    }
}

#[test]
fn without_a_network_no_socket_leads_anywhere() {
    for level in LEVELS {
        let unobserved = terms(level, Network::None, false);
        for (family, kind) in [(2, 1), (10, 1), (2, 2), (10, 0x80802), (2, 3)] {
            assert_eq!(answer(unobserved, SystemCall::Socket, &[family, kind]), DENY, "{family} {kind} {level}");
        }
        let observed = terms(level, Network::None, true);
        assert_eq!(answer(observed, SystemCall::Socket, &[2, 0x80001, 6]), ALLOW);
        assert_eq!(answer(observed, SystemCall::Socket, &[10, 2, 17]), ALLOW);
        for (kind, protocol) in [(3, 1), (1, 262), (1, 132), (5, 132), (2, 136), (2, 1)] {
            assert_eq!(answer(observed, SystemCall::Socket, &[2, kind, protocol]), NOTIFY, "{kind} {protocol}");
        }
        for call in [
            SystemCall::Connect,
            SystemCall::Sendto,
            SystemCall::Sendmsg,
            SystemCall::Sendmmsg,
            SystemCall::Bind,
            SystemCall::Listen,
        ] {
            assert_eq!(answer(observed, call, &[5]), NOTIFY, "{call:?}");
        }
        assert_eq!(answer(observed, SystemCall::Sendmsg, &[STATUS_FD as u64]), ALLOW);
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
            assert_eq!(answer(terms, SystemCall::Socket, &[1, kind | 0x80800]), expected, "{kind} {terms:?}");
            assert_eq!(answer(terms, SystemCall::Socketpair, &[1, kind | 0x80800]), ALLOW, "{kind} {terms:?}");
        }
        // Each datagram names its destination; a raw local socket is a datagram socket.
        for kind in [2, 3, 0x80002] {
            assert_eq!(answer(terms, SystemCall::Socket, &[1, kind]), refused, "{kind} {terms:?}");
            assert_eq!(answer(terms, SystemCall::Socketpair, &[1, kind]), refused, "{kind} {terms:?}");
        }
        if terms.is_answered() || terms.is_offline() && !terms.observe {
            let expected = if terms.observe { NOTIFY } else { DENY };
            for call in [SystemCall::Connect, SystemCall::Bind, SystemCall::Listen] {
                assert_eq!(answer(terms, call, &[3]), expected, "{call:?} {terms:?}");
            }
        }
    }
    let full = terms(IsolationLevel::Confined, Network::Full, true);
    assert_eq!(answer(full, SystemCall::Socket, &[1, 1]), NOTIFY);
    assert_eq!(answer(full, SystemCall::Socket, &[2, 1]), ALLOW);
    let sunk = Terms { is_sunk: true, ..terms(IsolationLevel::Confined, Network::None, true) };
    for (family, kind) in [(1, 1), (2, 1), (10, 2)] {
        assert_eq!(
            answer(terms(IsolationLevel::Confined, Network::None, true), SystemCall::Socket, &[family, kind]),
            ALLOW
        );
        // Reported like a call that no tool needs, whose answer is always the same.
        assert_eq!(answer(sunk, SystemCall::Socket, &[family, kind]), NOTIFY);
        let loopback = terms(IsolationLevel::Confined, Network::Loopback, true);
        assert_eq!(answer(loopback, SystemCall::Socket, &[family, kind]), NOTIFY);
    }
    assert_eq!(answer(sunk, SystemCall::Socketpair, &[1, 2]), NOTIFY);
    // Loopback without a separate network would be shared by all.
    assert_eq!(answer(terms(IsolationLevel::Confined, Network::Loopback, false), SystemCall::Socket, &[2, 1]), DENY);
    assert_eq!(answer(terms(IsolationLevel::Isolated, Network::Loopback, false), SystemCall::Socket, &[2, 1]), ALLOW);
}

/// Calls that change a process: their arguments for this number, and whether a tool may do it to itself.
fn by_number(number: u64) -> Vec<(SystemCall, Vec<u64>)> {
    let mut calls = vec![
        (SystemCall::Prlimit64, vec![number, 7, 0x1000]),
        (SystemCall::Setpriority, vec![0, number]),
        (SystemCall::Setpriority, vec![1, number]),
        (SystemCall::IoprioSet, vec![1, number]),
        (SystemCall::IoprioSet, vec![2, number]),
    ];
    let first = [
        SystemCall::SchedSetaffinity,
        SystemCall::SchedSetscheduler,
        SystemCall::SchedSetparam,
        SystemCall::SchedSetattr,
        SystemCall::GetRobustList,
    ];
    calls.extend(first.map(|call| (call, vec![number, 8])));
    calls
}

#[test]
fn calls_change_only_the_own_processes() {
    for terms in every() {
        let refused = if terms.observe { NOTIFY } else { DENY };
        let others = if terms.is_isolated() { ALLOW } else { refused };
        // Numbers are compared as the kernel uses them: in their low half.
        for (number, expected) in [(0, ALLOW), (1, refused), ((1 << 32) + 1, refused), (77, others)] {
            for (call, args) in by_number(number) {
                assert_eq!(answer(terms, call, &args), expected, "{call:?} {args:?} {terms:?}");
            }
        }
        for (call, everybody) in [(SystemCall::Setpriority, 2), (SystemCall::IoprioSet, 3)] {
            for user in [0, 1000] {
                assert_eq!(answer(terms, call, &[everybody, user]), refused, "{call:?} {terms:?}");
            }
        }
        assert_eq!(answer(terms, SystemCall::Prlimit64, &[77, 7, 0]), ALLOW, "to ask is free");
        assert_eq!(answer(terms, SystemCall::Clone, &[0x8011]), refused, "a child for the own parent");
        assert_eq!(answer(terms, SystemCall::Prctl, &[62, 2, 77]), refused, "a core shared with another process");
        let queues = [
            SystemCall::Semop,
            SystemCall::Semtimedop,
            SystemCall::Semctl,
            SystemCall::Msgsnd,
            SystemCall::Msgrcv,
            SystemCall::Msgctl,
        ];
        for call in queues {
            assert_eq!(answer(terms, call, &[3]), refused, "{call:?}");
        }
        assert_eq!(answer(terms, SystemCall::MqOpen, &[3]), if terms.is_isolated() { ALLOW } else { refused });
        let newer = interpret(&terms.program(), ARCHITECTURE, 468, [0; 6]);
        assert_eq!(newer, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32);
    }
}

#[test]
fn with_inherited_listeners_a_run_accepts_and_reaches_nothing() {
    const FAST_OPEN: u64 = libc::MSG_FASTOPEN as u64;
    for terms in every().filter(|terms| terms.network != Network::Full) {
        let terms = Terms { inherits: true, ..terms };
        let refused = if terms.observe { NOTIFY } else { DENY };
        for call in [SystemCall::Connect, SystemCall::Bind] {
            assert_eq!(answer(terms, call, &[3]), refused, "{call:?} {terms:?}");
        }
        for (call, args) in [
            (SystemCall::Sendto, vec![3, 1, 1, FAST_OPEN, 0]),
            (SystemCall::Sendto, vec![3, 1, 1, FAST_OPEN | 0x4000, 1]),
            (SystemCall::Sendmsg, vec![3, 1, FAST_OPEN]),
            (SystemCall::Sendmmsg, vec![3, 1, 1, FAST_OPEN]),
            (SystemCall::Ioctl, vec![3, 0x8915]),
            (SystemCall::Ioctl, vec![3, 0xffff_ffff_0000_8927]),
        ] {
            assert_eq!(answer(terms, call, &args), DENY, "{call:?} {args:?} {terms:?}");
        }
        assert_eq!(answer(terms, SystemCall::Sendto, &[3, 1, 1, 0, 1]), refused, "{terms:?}");
        for (call, args) in [
            (SystemCall::Listen, vec![3, 128]),
            (SystemCall::Sendto, vec![4, 1, 1, 0x4000, 0]),
            (SystemCall::Sendmsg, vec![4, 1, 0x4000]),
            (SystemCall::Sendmmsg, vec![4, 1, 1, 0]),
            (SystemCall::Ioctl, vec![4, 0x5421]),
            (SystemCall::Ioctl, vec![4, 0x541B]),
        ] {
            assert_eq!(answer(terms, call, &args), ALLOW, "{call:?} {args:?} {terms:?}");
        }
        let offline = Terms { network: Network::None, ..terms };
        for family in [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX] {
            for kind in [libc::SOCK_STREAM, libc::SOCK_DGRAM, libc::SOCK_SEQPACKET] {
                assert_eq!(answer(offline, SystemCall::Socket, &[family as u64, kind as u64]), refused, "{offline:?}");
            }
        }
    }
}
