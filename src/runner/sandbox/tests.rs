//! Each wall, tried by a real process: what it holds is refused behind it, works without any wall (so that the
//! attempt is a real one), and works again when just that wall is left out (so that no other wall holds it).

mod apart;
mod layers;

use super::*;
use crate::domain::{IsolationLevel, Network};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::fs;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whom tests that begin as root become; nobody else has this number.
const SOMEBODY: u32 = 61_777;

/// A place with things that a run may touch and things that it may not.
pub(in crate::runner) struct Ground {
    dir: tempfile::TempDir,
}

impl Ground {
    fn new() -> Ground {
        let dir = tempfile::tempdir().unwrap();
        let open = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        };
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        ["scratch", "granted", "outside", "state"].into_iter().for_each(open);
        let ground = Ground { dir };
        for name in ["granted/text", "outside/secret"] {
            fs::write(ground.path(name), "hello").unwrap();
        }
        fs::write(ground.path("outside/program"), "#!/bin/sh\nexit 0\n").unwrap();
        fs::set_permissions(ground.path("outside/program"), fs::Permissions::from_mode(0o755)).unwrap();
        if rustix::process::getuid().is_root() {
            for name in ["scratch", "outside", "state"] {
                chown(ground.path(name), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            }
        }
        ground.renew_victim();
        ground
    }

    /// Puts the file that attempts are made on back, as the user's own.
    fn renew_victim(&self) {
        let victim = self.path("outside/victim");
        let _ = fs::remove_file(self.path("scratch/got"));
        fs::write(&victim, "hello").unwrap();
        if rustix::process::getuid().is_root() {
            chown(victim, Some(SOMEBODY), Some(SOMEBODY)).unwrap();
        }
    }

    pub(in crate::runner) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn plan(&self, level: IsolationLevel) -> WallPlan {
        WallPlan {
            level,
            limits: Bounds { data_bytes: 1 << 30, file_bytes: 1 << 24, cpu_seconds: 20, threads: Some(4096) },
            read: vec![self.path("granted")],
            write: vec![self.path("scratch")],
            network: Network::None,
            observe: false,
            host: HostFacts::read(self.path("state")),
            without: Vec::new(),
        }
    }

    fn confined(&self) -> WallPlan {
        self.plan(IsolationLevel::Confined)
    }
}

/// What a process behind walls said, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    text: String,
    signal: i32,
}

impl Said {
    fn of(text: impl Into<String>) -> Said {
        Said { text: text.into(), signal: 0 }
    }
}

/// Runs `child` in a process of its own, as somebody without rights, with its end of a socket. The copy of a
/// program with threads: it must not touch what other threads lock, the C library's memory is fine.
fn in_a_process(child: impl FnOnce(OwnedFd) -> String) -> (i32, OwnedFd) {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    // SAFETY: see above.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(ours);
        become_somebody();
        let status = rustix::io::fcntl_dupfd_cloexec(&theirs, STATUS_FD).unwrap();
        drop(theirs);
        let copy = rustix::io::fcntl_dupfd_cloexec(&status, STATUS_FD).unwrap();
        let said = child(status);
        let _ = rustix::io::write(&copy, said.as_bytes());
        // SAFETY: ends the copy without running anything of the original's.
        unsafe { libc::_exit(0) }
    }
    assert!(pid > 0);
    (pid, ours)
}

fn become_somebody() {
    if rustix::process::getuid().is_root() {
        rustix::thread::set_thread_groups(&[]).unwrap();
        // SAFETY: plain calls; this process has one thread.
        unsafe {
            assert_eq!(libc::setresgid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
            assert_eq!(libc::setresuid(SOMEBODY, SOMEBODY, SOMEBODY), 0);
        }
    }
}

/// Everything that the process says until it ends, and its signal.
fn listen_to((pid, socket): (i32, OwnedFd)) -> Said {
    let mut text = String::new();
    let _ = fs::File::from(socket).read_to_string(&mut text);
    let mut status = 0;
    // SAFETY: our own child, a live local.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    Said { text, signal: if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 } }
}

/// Raises the walls of a plan and then does `probe`: `done`, or what went wrong.
fn behind(plan: &WallPlan, probe: impl FnOnce() -> io::Result<()>) -> Said {
    listen_to(in_a_process(|_status| {
        if let Err(error) = raise(plan) {
            return error.to_string();
        }
        answer(probe())
    }))
}

fn answer(result: io::Result<()>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(error) => match error.raw_os_error() {
            Some(errno) => name(errno).to_owned(),
            None => error.to_string(),
        },
    }
}

fn name(errno: i32) -> &'static str {
    match errno {
        libc::EPERM => "EPERM",
        libc::EACCES => "EACCES",
        libc::ENOENT => "ENOENT",
        libc::ENOSYS => "ENOSYS",
        libc::EXDEV => "EXDEV",
        libc::ESRCH => "ESRCH",
        libc::EFAULT => "EFAULT",
        libc::EINVAL => "EINVAL",
        _ => "another error",
    }
}

fn done(result: libc::c_long) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

macro_rules! call {
    ($number:expr $(, $arg:expr)*) => {{
        // SAFETY: arguments of calls that tests make on their own memory.
        done(unsafe { libc::syscall($number $(, $arg)*) })
    }};
}

/// Checks an attempt against the walls that should hold it: refused behind all walls with `refusal`, done without
/// any, done with all but `layers`.
fn holds(ground: &Ground, plan: &WallPlan, layers: &[Layer], refusal: &str, probe: impl Fn() -> io::Result<()>) {
    let bare = WallPlan { level: IsolationLevel::LimitsOnly, ..plan.clone() };
    let without = WallPlan { without: layers.to_vec(), ..plan.clone() };
    let again = |plan: &WallPlan| {
        ground.renew_victim();
        behind(plan, &probe)
    };
    assert_eq!(again(plan), Said::of(refusal), "behind all walls");
    assert_eq!(again(&bare), Said::of("done"), "without walls");
    assert_eq!(again(&without), Said::of("done"), "without {layers:?}");
}

const FILES: &[Layer] = &[Layer::Landlock];
const CALLS_FILTERED: &[Layer] = &[Layer::Seccomp];
const BOTH: &[Layer] = &[Layer::Landlock, Layer::Seccomp];

#[test]
fn what_was_verified_is_what_is_said() {
    let ground = Ground::new();
    let plan = ground.confined();
    let said = listen_to(in_a_process(|_| {
        let raised = raise(&plan).unwrap();
        format!("{}\n{}\n{}", raised.level, raised.layers.join(" "), raised.missing.join("\n"))
    }));
    let lines: Vec<&str> = said.text.lines().collect();
    assert_eq!(lines[0], "confined", "{}", said.text);
    let layers = "rlimits closed-fds no-new-privs no-capabilities unprivileged-user landlock file-view seccomp";
    assert_eq!(lines[1], layers);
    assert!(lines[2].starts_with("names:") && lines[3].starts_with("modes:"), "{}", said.text);
    assert_eq!(lines.len(), 4, "{}", said.text);
}

#[test]
fn a_wall_that_does_not_stand_lowers_the_level_and_is_named() {
    let ground = Ground::new();
    let level_without = |layers: &[Layer]| {
        let plan = WallPlan { without: layers.to_vec(), ..ground.confined() };
        listen_to(in_a_process(|_| {
            let raised = raise(&plan).unwrap();
            format!("{} {}", raised.level, raised.missing.join("; "))
        }))
        .text
    };
    for (layer, named) in [(Layer::Landlock, "landlock: it does not hold"), (Layer::Seccomp, "system calls: none")] {
        let said = level_without(&[layer]);
        assert!(said.starts_with("limits-only ") && said.contains(named), "{layer:?}: {said}");
    }
}

#[test]
fn isolated_is_not_claimed_among_the_hosts_own_namespaces() {
    let ground = Ground::new();
    let plan = ground.plan(IsolationLevel::Isolated);
    let said = listen_to(in_a_process(|_| {
        let raised = raise(&plan).unwrap();
        format!("{} {}", raised.level, raised.missing.join("; "))
    }));
    assert!(said.text.starts_with("confined users: it is one of the host's users; processes: "), "{}", said.text);
    assert!(said.text.contains("file view: it sees the host's files"), "{}", said.text);
    // And the walls are those of the lower level.
    let socket = ground.path("outside/socket");
    let _server = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(behind(&plan, || UnixStream::connect(&socket).map(drop)), Said::of("EPERM"));
}

const SPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

/// Raises the walls of a plan in namespaces of its own, with a `/proc` of its own if asked, and then does `probe`.
fn in_spaces(plan: &WallPlan, spaces: libc::c_int, own_proc: bool, probe: impl FnOnce(Raised) -> String) -> String {
    listen_to(in_a_process(|status| {
        let user = rustix::process::getuid().as_raw();
        // SAFETY: lets this process write its own map; it has one thread.
        let unshared = unsafe {
            libc::prctl(libc::PR_SET_DUMPABLE, 1);
            libc::unshare(spaces)
        };
        done(unshared.into()).unwrap();
        fs::write("/proc/self/uid_map", format!("{user} {user} 1")).unwrap();
        // SAFETY: see `in_a_process`.
        let child = unsafe { libc::fork() };
        if child == 0 {
            furnish(plan, spaces, own_proc).unwrap();
            let said = raise(plan).map_or_else(|error| error.to_string(), probe);
            let _ = rustix::io::write(&status, said.as_bytes());
            // SAFETY: ends the copy.
            unsafe { libc::_exit(0) };
        }
        // SAFETY: our own child.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
        String::new()
    }))
    .text
}

/// Hides the canary, and mounts a `/proc` if asked, where that stays inside.
fn furnish(plan: &WallPlan, spaces: libc::c_int, own_proc: bool) -> io::Result<()> {
    if spaces & libc::CLONE_NEWNS != 0 {
        let private = libc::MS_REC | libc::MS_PRIVATE;
        call!(libc::SYS_mount, c"none".as_ptr(), c"/".as_ptr(), 0_u64, private, 0_u64)?;
        let canary = std::ffi::CString::new(plan.host.canary.to_str().unwrap())?;
        call!(libc::SYS_mount, c"t".as_ptr(), canary.as_ptr(), c"tmpfs".as_ptr(), 0_u64, c"mode=0".as_ptr())?;
    }
    if own_proc {
        call!(libc::SYS_mount, c"p".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), 0_u64, 0_u64)?;
    }
    Ok(())
}

fn in_words(raised: &Raised) -> String {
    format!("{}\n{}\n{}", raised.level, raised.layers.join(" "), raised.missing.join("\n"))
}

#[test]
fn isolated_is_what_has_everything_of_its_own() {
    let ground = Ground::new();
    let plan = ground.plan(IsolationLevel::Isolated);
    let said = in_spaces(&plan, SPACES, true, |raised| in_words(&raised));
    let layers = "rlimits closed-fds no-new-privs user-namespace pid-namespace mount-namespace ipc-namespace \
        uts-namespace network-namespace no-capabilities unprivileged-user landlock file-view seccomp";
    assert_eq!(said, format!("isolated\n{layers}\n"));
    // A granted folder may hold the socket of another program, so there are pairs only.
    let local = in_spaces(&plan, SPACES, true, |_| answer(UnixDatagram::unbound().map(drop)));
    assert_eq!(local, "EPERM");
    let pair = in_spaces(&plan, SPACES, true, |_| answer(UnixStream::pair().map(drop)));
    assert_eq!(pair, "done");
    // The whole network is the host's by permission; that is no weakness of the view.
    let full = WallPlan { network: Network::Full, ..plan.clone() };
    let said = in_spaces(&full, SPACES & !libc::CLONE_NEWNET, true, |raised| in_words(&raised));
    assert_eq!(said, format!("isolated\n{}\n", layers.replace("network-namespace ", "")));
}

#[test]
fn each_thing_that_is_the_hosts_lowers_the_level_and_is_named() {
    let ground = Ground::new();
    let plan = ground.plan(IsolationLevel::Isolated);
    let cases = [
        (SPACES & !libc::CLONE_NEWNET, true, "network: it has none of its own"),
        (SPACES & !libc::CLONE_NEWIPC, true, "shared memory: it is among the host's"),
        (SPACES & !libc::CLONE_NEWUTS, true, "host name: it is the host's"),
        (SPACES & !libc::CLONE_NEWPID, false, "processes: it is among the host's processes"),
        // The host's processes through the host's folder of them.
        (SPACES, false, "processes: it is among the host's processes"),
    ];
    for (spaces, own_proc, named) in cases {
        let said =
            in_spaces(&plan, spaces, own_proc, |raised| format!("{} {}", raised.level, raised.missing.join("; ")));
        assert!(said.starts_with(&format!("confined {named}; names:")), "{said}");
    }
}

#[test]
fn root_is_not_confined() {
    if !rustix::process::getuid().is_root() {
        return;
    }
    let ground = Ground::new();
    let plan = ground.confined();
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    // SAFETY: see `in_a_process`.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(ours);
        let raised = raise(&plan).unwrap();
        let _ = rustix::io::write(&theirs, format!("{} {}", raised.level, raised.missing.join("; ")).as_bytes());
        // SAFETY: ends the copy.
        unsafe { libc::_exit(0) }
    }
    drop(theirs);
    let said = listen_to((pid, ours)).text;
    assert!(said.starts_with("limits-only rights: it runs as root"), "{said}");
}

#[test]
fn files_that_were_not_granted_are_out_of_reach() {
    let ground = Ground::new();
    let plan = ground.confined();
    let outside = |name: &str| ground.path("outside").join(name);
    holds(&ground, &plan, FILES, "EACCES", || fs::read(outside("secret")).map(drop));
    holds(&ground, &plan, FILES, "EACCES", || {
        fs::write(outside("new"), "x").and_then(|()| fs::remove_file(outside("new")))
    });
    holds(&ground, &plan, FILES, "EACCES", || fs::OpenOptions::new().append(true).open(outside("victim")).map(drop));
    holds(&ground, &plan, FILES, "EACCES", || fs::remove_file(outside("victim")));
    holds(&ground, &plan, FILES, "EACCES", || fs::read_dir(outside("")).map(drop));
    holds(&ground, &plan, FILES, "EACCES", || Command::new(outside("program")).status().map(drop));
    holds(&ground, &plan, FILES, "EACCES", || {
        let path = std::ffi::CString::new(outside("victim").to_str().unwrap()).unwrap();
        call!(libc::SYS_truncate, path.as_ptr(), 0)
    });
    // Out of and into the scratch folder, by rename, by link, and through a link made there.
    let scratch = |name: &str| ground.path("scratch").join(name);
    holds(&ground, &plan, FILES, "EACCES", || fs::rename(outside("victim"), scratch("got")));
    holds(&ground, &plan, FILES, "EXDEV", || {
        let linked = fs::hard_link(outside("victim"), scratch("hard"));
        let _ = fs::remove_file(scratch("hard"));
        linked
    });
    holds(&ground, &plan, FILES, "EACCES", || {
        let _ = std::os::unix::fs::symlink(outside("secret"), scratch("soft"));
        let read = fs::read(scratch("soft")).map(drop);
        let _ = fs::remove_file(scratch("soft"));
        read
    });
}

#[test]
fn files_that_were_granted_work() {
    let ground = Ground::new();
    let scratch = ground.path("scratch");
    let said = behind(&ground.confined(), || {
        assert_eq!(fs::read_to_string(ground.path("granted/text"))?, "hello");
        fs::create_dir(scratch.join("a"))?;
        fs::write(scratch.join("a/one"), "1")?;
        fs::rename(scratch.join("a/one"), scratch.join("two"))?;
        fs::set_permissions(scratch.join("two"), fs::Permissions::from_mode(0o600))?;
        std::os::unix::fs::symlink("two", scratch.join("three"))?;
        fs::read(scratch.join("three"))?;
        fs::remove_dir_all(scratch.join("a"))?;
        fs::write("/dev/null", "gone")?;
        fs::read_to_string("/proc/self/status")?;
        fs::read_to_string("/proc/meminfo")?;
        Ok(())
    });
    assert_eq!(said, Said::of("done"));
    let read_only = behind(&ground.confined(), || fs::write(ground.path("granted/text"), "x"));
    assert_eq!(read_only, Said::of("EACCES"));
}

#[test]
fn the_network_of_the_host_is_out_of_reach() {
    let ground = Ground::new();
    let plan = ground.confined();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp6 = TcpListener::bind("[::1]:0").ok();
    let address = tcp.local_addr().unwrap();
    let only_landlock = WallPlan { without: CALLS_FILTERED.to_vec(), ..plan.clone() };
    holds(&ground, &plan, BOTH, "EPERM", || TcpStream::connect(address).map(drop));
    assert_eq!(behind(&only_landlock, || TcpStream::connect(address).map(drop)), Said::of("EACCES"));
    if let Some(tcp6) = tcp6 {
        let address = tcp6.local_addr().unwrap();
        holds(&ground, &plan, BOTH, "EPERM", || TcpStream::connect(address).map(drop));
    }
    holds(&ground, &plan, BOTH, "EPERM", || TcpListener::bind("127.0.0.1:0").map(drop));
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    udp.set_nonblocking(true).unwrap();
    let target = udp.local_addr().unwrap();
    assert_eq!(behind(&plan, || UdpSocket::bind("127.0.0.1:0")?.send_to(b"out", target).map(drop)), Said::of("EPERM"));
    assert_eq!(udp.recv(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    holds(&ground, &plan, CALLS_FILTERED, "EPERM", || {
        UdpSocket::bind("127.0.0.1:0")?.send_to(b"out", target).map(drop)
    });
    assert_eq!(udp.recv(&mut [0; 8]).unwrap(), 3, "the control arrived");
    for (family, kind, protocol) in [(16, 3, 0), (40, 1, 0), (17, 3, 0), (2, 1, 262)] {
        assert_eq!(behind(&plan, || call!(libc::SYS_socket, family, kind, protocol)), Said::of("EPERM"), "{family}");
    }
    let full = WallPlan { network: Network::Full, ..plan };
    assert_eq!(behind(&full, || TcpStream::connect(address).map(drop)), Said::of("done"));
}

#[test]
fn sockets_of_other_programs_are_out_of_reach() {
    let ground = Ground::new();
    for network in [Network::None, Network::Full] {
        let plan = WallPlan { network, ..ground.confined() };
        // Even in a folder that may be read and written.
        let path = ground.path("scratch/socket");
        let _ = fs::remove_file(&path);
        let _server = UnixListener::bind(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        holds(&ground, &plan, CALLS_FILTERED, "EPERM", || UnixStream::connect(&path).map(drop));
        let datagrams = ground.path("scratch/datagrams");
        let _ = fs::remove_file(&datagrams);
        let receiver = UnixDatagram::bind(&datagrams).unwrap();
        fs::set_permissions(&datagrams, fs::Permissions::from_mode(0o777)).unwrap();
        holds(&ground, &plan, CALLS_FILTERED, "EPERM", || UnixDatagram::unbound()?.send_to(b"x", &datagrams).map(drop));
        // A pair of datagram sockets can be pointed elsewhere later, so there are none.
        holds(&ground, &plan, CALLS_FILTERED, "EPERM", || UnixDatagram::pair()?.0.send_to(b"x", &datagrams).map(drop));
        drop(receiver);
        let address = SocketAddr::from_abstract_name(format!("toolsmith-{}-{network}", std::process::id())).unwrap();
        let _abstract = UnixListener::bind_addr(&address).unwrap();
        holds(&ground, &plan, BOTH, "EPERM", || UnixStream::connect_addr(&address).map(drop));
        let only_landlock = WallPlan { without: CALLS_FILTERED.to_vec(), ..plan.clone() };
        assert_eq!(behind(&only_landlock, || UnixStream::connect_addr(&address).map(drop)), Said::of("EPERM"));
    }
}

#[test]
fn connected_pairs_of_sockets_work() {
    let ground = Ground::new();
    let said = behind(&ground.confined(), || {
        let (a, b) = UnixStream::pair()?;
        (&a).write_all(b"x")?;
        (&b).read_exact(&mut [0])?;
        let null = fs::File::open("/dev/null")?;
        give(&a.into(), &null.into())?;
        take(&b.into()).map(drop)
    });
    assert_eq!(said, Said::of("done"));
}

/// Sends an open file.
fn give(socket: &OwnedFd, fd: &OwnedFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = [fd.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)));
    sendmsg(socket, &[IoSlice::new(b"!")], &mut control, SendFlags::empty())?;
    Ok(())
}

fn take(socket: &OwnedFd) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    recvmsg(socket, &mut [IoSliceMut::new(&mut [0])], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut fds = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    fds.next().and_then(|mut fds| fds.next()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Does `probe` with the pid of a process of the same user that stands outside of the walls.
fn holds_against_another(plan: &WallPlan, layers: &[Layer], refusal: &str, probe: impl Fn(i32) -> io::Result<()>) {
    let bare = WallPlan { level: IsolationLevel::LimitsOnly, ..plan.clone() };
    let without = WallPlan { without: layers.to_vec(), ..plan.clone() };
    for (plan, expected) in [(plan, refusal), (&bare, "done"), (&without, "done")] {
        let said = listen_to(in_a_process(|_| {
            // SAFETY: lets others of the user look at it, as any program does.
            unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1) };
            // SAFETY: see `in_a_process`; the copy only waits for its end.
            let victim = unsafe { libc::fork() };
            if victim == 0 {
                loop {
                    // SAFETY: waits for a signal.
                    unsafe { libc::pause() };
                }
            }
            // SAFETY: as above. The walls are raised in a second child, so that this one can clean up.
            let child = unsafe { libc::fork() };
            if child == 0 {
                let said = raise(plan).map_or_else(|error| error.to_string(), |_| answer(probe(victim)));
                // SAFETY: as above; the number says which of the answers it was.
                unsafe {
                    libc::_exit(
                        ["done", "EPERM", "EACCES", "ESRCH", "EFAULT", "EINVAL"]
                            .iter()
                            .position(|word| *word == said)
                            .unwrap_or(9) as i32,
                    )
                }
            }
            let mut status = 0;
            // SAFETY: own children, live locals.
            unsafe {
                libc::waitpid(child, &raw mut status, 0);
                libc::kill(victim, libc::SIGKILL);
                libc::waitpid(victim, std::ptr::null_mut(), 0);
            }
            ["done", "EPERM", "EACCES", "ESRCH", "EFAULT", "EINVAL"]
                .get(libc::WEXITSTATUS(status) as usize)
                .unwrap_or(&"another error")
                .to_string()
        }));
        assert_eq!(said, Said::of(expected), "{:?} without {:?}", plan.level, plan.without);
    }
}

#[test]
fn other_processes_of_the_user_are_out_of_reach() {
    let ground = Ground::new();
    let plan = &ground.confined();
    holds_against_another(plan, FILES, "EPERM", |pid| call!(libc::SYS_kill, pid, libc::SIGCONT));
    holds_against_another(plan, BOTH, "EPERM", |pid| call!(libc::SYS_ptrace, libc::PTRACE_ATTACH, pid, 0, 0));
    holds_against_another(plan, BOTH, "EPERM", |pid| {
        let (mut here, there) = ([0u8; 1], &raw const STATUS);
        let local = libc::iovec { iov_base: here.as_mut_ptr().cast(), iov_len: 1 };
        let remote = libc::iovec { iov_base: there.cast_mut().cast(), iov_len: 1 };
        call!(libc::SYS_process_vm_readv, pid, &raw const local, 1, &raw const remote, 1, 0_u64)
    });
    holds_against_another(plan, CALLS_FILTERED, "EPERM", |pid| {
        let limit = libc::rlimit64 { rlim_cur: 5, rlim_max: 5 };
        call!(libc::SYS_prlimit64, pid, libc::RLIMIT_CPU, &raw const limit, 0)
    });
    holds_against_another(plan, CALLS_FILTERED, "EPERM", |pid| {
        call!(libc::SYS_setpriority, libc::PRIO_PROCESS, pid, 19)
    });
    holds_against_another(plan, CALLS_FILTERED, "EPERM", |pid| {
        let mask = [u8::MAX; 128];
        call!(libc::SYS_sched_setaffinity, pid, mask.len(), mask.as_ptr())
    });
    holds_against_another(plan, FILES, "EACCES", |pid| fs::read(format!("/proc/{pid}/cmdline")).map(drop));
    holds_against_another(plan, FILES, "EACCES", |_| fs::read_dir("/proc").map(drop));
    holds_against_another(plan, FILES, "EACCES", |_| fs::read("/proc/self/net/unix").map(drop));
    holds_against_another(plan, FILES, "EACCES", |_| fs::read("/proc/self/mountinfo").map(drop));
}

/// Something that another process has at the same address.
static STATUS: u8 = 7;

#[test]
fn calls_that_no_tool_needs_are_refused() {
    let ground = Ground::new();
    let plan = &ground.confined();
    let held = |probe: &dyn Fn() -> io::Result<()>| holds(&ground, plan, CALLS_FILTERED, "EPERM", probe);
    held(&|| call!(libc::SYS_keyctl, 0, -3, 1));
    held(&|| call!(libc::SYS_io_uring_setup, 1, [0u8; 256].as_mut_ptr()));
    held(&|| call!(libc::SYS_unshare, libc::CLONE_NEWUSER));
    held(&|| call!(libc::SYS_memfd_create, c"x".as_ptr(), 0));
    held(&|| call!(libc::SYS_shmget, libc::IPC_PRIVATE, 4096, 0o600));
    held(&|| call!(libc::SYS_open_tree, libc::AT_FDCWD, c"/usr".as_ptr(), 0));
    held(&|| call!(libc::SYS_personality, 0x4_0000));
    held(&|| {
        let pid = {
            // SAFETY: without a stack the new process continues like after fork, and ends at once.
            let pid = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, 0, 0, 0, 0) };
            if pid == 0 {
                // SAFETY: as above.
                unsafe { libc::_exit(0) }
            }
            pid
        };
        done(pid)
    });
    // Not refused but not there, so that the C library takes the older call.
    let clone3 = || call!(libc::SYS_clone3, std::ptr::null::<u8>(), 0);
    assert_eq!(behind(plan, clone3), Said::of("ENOSYS"));
    assert_eq!(behind(&WallPlan { without: CALLS_FILTERED.to_vec(), ..plan.clone() }, clone3), Said::of("EINVAL"));
    // Threads and processes are what is needed.
    assert_eq!(behind(plan, || Command::new("/bin/true").status().map(drop)), Said::of("done"));
    let thread = || std::thread::Builder::new().spawn(|| ()).map(|thread| thread.join().unwrap());
    assert_eq!(behind(plan, thread), Said::of("done"));
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_in_another_tongue_end_the_process() {
    let ground = Ground::new();
    let plan = ground.confined();
    // getpid of i386, where the numbers mean other calls.
    let foreign = || {
        let mut answer: i64 = 20;
        // SAFETY: asks for the own number and changes nothing but the registers named.
        unsafe {
            std::arch::asm!("int 0x80", inout("rax") answer, out("r8") _, out("r9") _, out("r10") _, out("r11") _);
        }
        if answer > 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-answer as i32)) }
    };
    let killed = Said { text: String::new(), signal: libc::SIGSYS };
    assert_eq!(behind(&plan, foreign), killed);
    let without = WallPlan { without: CALLS_FILTERED.to_vec(), ..plan.clone() };
    assert!(behind(&without, foreign).signal != libc::SIGSYS);
    assert_eq!(behind(&plan, || call!(0x4000_0000 + libc::SYS_getpid)), killed);
    assert_eq!(behind(&plan, || call!(-1)), Said::of("ENOSYS"));
}

#[test]
fn nothing_can_be_typed_into_a_terminal() {
    let ground = Ground::new();
    let on_a_terminal = |plan: &WallPlan, request: u64| {
        listen_to(in_a_process(|_| {
            // SAFETY: a new terminal, made this process's own; the request reads or writes one number.
            unsafe {
                let master = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY);
                assert!(libc::grantpt(master) == 0 && libc::unlockpt(master) == 0 && libc::setsid() > 0);
                let slave = libc::ioctl(master, libc::TIOCGPTPEER, libc::O_RDWR | libc::O_NOCTTY);
                assert_eq!(libc::ioctl(slave, libc::TIOCSCTTY, 0), 0);
                raise(plan).unwrap();
                let mut number = 0x78;
                answer(done(libc::syscall(libc::SYS_ioctl, slave, request, &raw mut number)))
            }
        }))
    };
    let plan = ground.confined();
    let without = WallPlan { without: CALLS_FILTERED.to_vec(), ..plan.clone() };
    let is_offered = fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").is_ok_and(|text| text.trim() == "1");
    for request in [0x5412, 0xdead_beef_0000_5412_u64] {
        assert_eq!(on_a_terminal(&plan, request), Said::of("EPERM"), "{request:#x}");
        if is_offered {
            assert_eq!(on_a_terminal(&without, request), Said::of("done"), "{request:#x}");
        }
    }
    // Something harmless on the same terminal.
    assert_eq!(on_a_terminal(&plan, 0x541b), Said::of("done"));
}

#[test]
fn limits_hold_and_files_of_the_starter_are_closed() {
    let ground = Ground::new();
    let plan = WallPlan {
        // Far above what the process of all these tests holds itself: its copy must still be able to start programs.
        limits: Bounds { data_bytes: 1 << 30, file_bytes: 4096, cpu_seconds: 20, threads: Some(4096) },
        ..ground.plan(IsolationLevel::LimitsOnly)
    };
    let too_much = || {
        let mut room: Vec<u8> = Vec::new();
        room.try_reserve_exact(2 << 30).map_err(|_| io::Error::from_raw_os_error(libc::EPERM))
    };
    assert_eq!(behind(&plan, too_much), Said::of("EPERM"));
    let large = || fs::write(ground.path("scratch/large"), vec![0; 8192]);
    assert_eq!(behind(&plan, large), Said { text: String::new(), signal: libc::SIGXFSZ });
    let secret = fs::File::open(ground.path("outside/secret")).unwrap();
    // SAFETY: the descriptor is ours and stays open; the copy is left open across programs, as a careless one would.
    let leaked = unsafe { OwnedFd::from_raw_fd(libc::dup(secret.as_raw_fd())) };
    let list = |plan: &WallPlan| {
        let script = format!("test ! -e /proc/self/fd/{}", leaked.as_raw_fd());
        behind(plan, || match Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::null()).status()?.code() {
            Some(0) => Ok(()),
            _ => Err(io::Error::from_raw_os_error(libc::EACCES)),
        })
    };
    assert_eq!(list(&plan), Said::of("done"));
    assert_eq!(list(&WallPlan { without: vec![Layer::ClosedFds], ..plan }), Said::of("EACCES"));
}

#[test]
fn a_program_gains_no_rights() {
    let ground = Ground::new();
    let said = listen_to(in_a_process(|_| {
        raise(&ground.confined()).unwrap();
        let output =
            Command::new("/bin/sh").args(["-c", "grep -E '^(Cap|NoNew|Seccomp:)' /proc/$$/status"]).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }));
    // `/proc/$$` is the shell's own folder, which its own process may not name: only the tool's first process may.
    assert!(said.text.contains("Permission denied"), "{}", said.text);
    let status = listen_to(in_a_process(|_| {
        raise(&ground.confined()).unwrap();
        fs::read_to_string("/proc/self/status").unwrap()
    }));
    for line in ["CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"] {
        assert!(status.text.contains(line), "{}", status.text);
    }
}

#[test]
fn ordinary_interpreters_work_behind_the_walls() {
    let ground = Ground::new();
    let scratch = ground.path("scratch");
    let python = "import sqlite3, threading, subprocess, tempfile, ssl, json, asyncio, os, socket\n\
        db = sqlite3.connect('t.db'); db.execute('create table t(a)'); db.commit()\n\
        t = threading.Thread(target=lambda: None); t.start(); t.join()\n\
        assert subprocess.run(['sh', '-c', 'echo hi | cat'], capture_output=True).stdout == b'hi\\n'\n\
        asyncio.run(asyncio.sleep(0))\n\
        tempfile.NamedTemporaryFile().close()\n\
        r, w = socket.socketpair(); r.close()\n\
        try: socket.if_nameindex()\n\
        except OSError: pass";
    let node = "const {execSync} = require('child_process'); const os = require('os'); const fs = require('fs');\n\
        execSync('true'); try { os.networkInterfaces() } catch {} fs.writeFileSync('n', 'x');\n\
        new (require('worker_threads').Worker)('', {eval: true});";
    let programs: [(&str, &[&str]); 4] = [
        (
            "/bin/sh",
            &["-c", "echo a | sed s/a/b/ > s; mkdir d; cp s d/; chmod 700 d/s; mv d/s e; tar cf t.tar e; ls | sort"],
        ),
        ("/usr/bin/python3", &["-c", python]),
        ("/usr/bin/node", &["-e", node]),
        ("/usr/bin/git", &["init", "-q", "repository"]),
    ];
    for (program, args) in programs.into_iter().filter(|(program, _)| Path::new(program).exists()) {
        for network in [Network::None, Network::Full] {
            let plan = WallPlan { network, ..ground.confined() };
            let said = listen_to(in_a_process(|_| {
                raise(&plan).unwrap();
                let mut command = Command::new(program);
                command
                    .args(args)
                    .env_clear()
                    .env("HOME", &scratch)
                    .env("TMPDIR", &scratch)
                    .env("PATH", "/usr/bin:/bin");
                let output = command.current_dir(&scratch).stdin(Stdio::null()).output().unwrap();
                let text = String::from_utf8_lossy(&output.stderr).chars().take(900).collect::<String>();
                format!("{:?} {text}", output.status.code())
            }));
            assert!(said.text.starts_with("Some(0)"), "{program}: {said:?}");
            fs::remove_dir_all(&scratch).unwrap();
            fs::create_dir(&scratch).unwrap();
            fs::set_permissions(&scratch, fs::Permissions::from_mode(0o777)).unwrap();
        }
    }
}

// Behind the macro that it uses.
mod watched;
pub(in crate::runner) use watched::observed;
