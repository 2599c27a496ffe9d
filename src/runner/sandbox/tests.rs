//! Each sandbox layer is tested with a real process. The forbidden action must be refused with all layers, succeed
//! without any (so that the test is valid), and succeed if only that layer is left out (so that no other layer prevents
//! it).

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
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The user that tests started as root become; nobody else has this number.
const SOMEBODY: u32 = 61_777;

/// Files that a run may access, and files that it may not.
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
        crate::outside::fixture::executable(&ground.path("outside/program"), "#!/bin/sh\nexit 0\n");
        if rustix::process::getuid().is_root() {
            for name in ["scratch", "outside", "state"] {
                chown(ground.path(name), Some(SOMEBODY), Some(SOMEBODY)).unwrap();
            }
        }
        ground.renew_victim();
        ground
    }

    /// Restores the file used for attempts, as the user's own.
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
            limits: ProcessLimits {
                data_bytes: room_for_copies(),
                file_bytes: 1 << 24,
                cpu_seconds: 20,
                threads: Some(4096),
                files: USUAL_FILES,
            },
            read: vec![self.path("granted")],
            write: vec![self.path("scratch")],
            network: Network::None,
            inherited: 0,
            channel: 0,
            observe: false,
            host: HostFacts::read(self.path("state")),
            without: Vec::new(),
        }
    }

    fn confined(&self) -> WallPlan {
        self.plan(IsolationLevel::Confined)
    }
}

/// A limit of the data segment that leaves 1 GiB to a copy of this process. With the threads of many tests, the process
/// itself may have several GiB, most of them never touched.
fn room_for_copies() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let data = status.lines().find_map(|line| line.strip_prefix("VmData:")).unwrap();
    let kib: u64 = data.trim().trim_end_matches(" kB").parse().unwrap();
    (kib << 10) + (1 << 30)
}

/// The output of a sandboxed process, and how it ended.
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

/// Runs `child` in a separate unprivileged process, with its end of a socket. It is a copy of a program with threads:
/// it must not touch what other threads lock; the C library's memory is fine.
fn in_a_process(child: impl FnOnce(OwnedFd) -> String) -> (i32, OwnedFd) {
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    // SAFETY: see above.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(ours);
        become_somebody();
        let status = rustix::io::fcntl_dupfd_cloexec(&theirs, 1000).unwrap();
        drop(theirs);
        close_all_but(&status);
        let copy = rustix::io::fcntl_dupfd_cloexec(&status, 1000).unwrap();
        let said = child(status);
        let _ = rustix::io::write(&copy, said.as_bytes());
        // SAFETY: ends the copy without running anything of the original's.
        unsafe { libc::_exit(0) }
    }
    assert!(pid > 0);
    (pid, ours)
}

/// Closes the files of other tests, often more than a run may have, except the standard three.
fn close_all_but(kept: &OwnedFd) {
    let kept = kept.as_raw_fd().unsigned_abs();
    for (first, last) in [(3, kept - 1), (kept + 1, u32::MAX)] {
        // SAFETY: the copy uses only files that it opened itself, and ends without dropping inherited ones.
        assert_eq!(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }, 0);
    }
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

/// The complete output of the process, and its signal.
fn listen_to((pid, socket): (i32, OwnedFd)) -> Said {
    let mut text = String::new();
    let _ = fs::File::from(socket).read_to_string(&mut text);
    let mut status = 0;
    // SAFETY: our own child, a live local.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    Said { text, signal: if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 } }
}

/// Sets up the sandbox layers of a plan and then runs `probe`: `done`, or the error.
fn behind(plan: &WallPlan, probe: impl FnOnce() -> io::Result<()>) -> Said {
    listen_to(in_a_process(|_status| match raise(plan) {
        Err(error) => error.to_string(),
        Ok(raised) if plan.without.is_empty() && raised.level < plan.level.min(IsolationLevel::Confined) => {
            format!("only {}: {:?}", raised.level, raised.missing)
        }
        Ok(_) => answer(probe()),
    }))
}

fn answer(result: io::Result<()>) -> String {
    match result {
        Ok(()) => "done".to_owned(),
        Err(error) => error.raw_os_error().and_then(name).map_or_else(|| error.to_string(), str::to_owned),
    }
}

fn name(errno: i32) -> Option<&'static str> {
    Some(match errno {
        libc::EBUSY => "EBUSY",
        libc::EPERM => "EPERM",
        libc::EACCES => "EACCES",
        libc::ENOENT => "ENOENT",
        libc::ENOSYS => "ENOSYS",
        libc::EXDEV => "EXDEV",
        libc::ESRCH => "ESRCH",
        libc::EFAULT => "EFAULT",
        libc::EINVAL => "EINVAL",
        _ => return None,
    })
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

/// Checks that the given layers prevent an attempt: refused with `refusal` with all layers, done without any, done with
/// all except `layers`.
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

const SPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

/// Sets up the sandbox layers of a plan in separate namespaces, optionally with a separate `/proc`, and then runs
/// `probe`.
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

/// Hides the canary, and mounts a `/proc` if requested and contained.
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

/// A value that another process has at the same address.
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
    // Reported as missing instead of refused, so that the C library uses the older call.
    let clone3 = || call!(libc::SYS_clone3, std::ptr::null::<u8>(), 0);
    assert_eq!(behind(plan, clone3), Said::of("ENOSYS"));
    assert_eq!(behind(&WallPlan { without: CALLS_FILTERED.to_vec(), ..plan.clone() }, clone3), Said::of("EINVAL"));
    // Threads and processes must remain possible.
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
        // SAFETY: queries its own number and changes only the registers named.
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
    // A harmless request on the same terminal.
    assert_eq!(on_a_terminal(&plan, 0x541b), Said::of("done"));
}

#[test]
fn limits_hold_and_files_of_the_starter_are_closed() {
    let ground = Ground::new();
    let plan = WallPlan {
        limits: ProcessLimits {
            data_bytes: room_for_copies(),
            file_bytes: 4096,
            cpu_seconds: 20,
            threads: Some(4096),
            files: USUAL_FILES,
        },
        ..ground.plan(IsolationLevel::LimitsOnly)
    };
    let too_much = || {
        let mut room: Vec<u8> = Vec::new();
        room.try_reserve_exact(2 << 30).map_err(|_| io::Error::from_raw_os_error(libc::EPERM))
    };
    assert_eq!(behind(&plan, too_much), Said::of("EPERM"));
    let large = || fs::write(ground.path("scratch/large"), vec![0; 8192]);
    assert_eq!(behind(&plan, large), Said { text: String::new(), signal: libc::SIGXFSZ });
    let list = |plan: &WallPlan| {
        listen_to(in_a_process(|_| {
            let secret = fs::File::open(ground.path("granted/text")).unwrap();
            // SAFETY: only copies a descriptor; left open across programs, as a careless program would.
            let leaked = unsafe { libc::dup(secret.as_raw_fd()) };
            raise(plan).unwrap();
            let script = format!("test ! -e /proc/self/fd/{leaked}");
            answer(match Command::new("/bin/sh").args(["-c", &script]).stdin(Stdio::null()).status().unwrap().code() {
                Some(0) => Ok(()),
                _ => Err(io::Error::from_raw_os_error(libc::EACCES)),
            })
        }))
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
    // `/proc/$$` is the shell's own folder, which only the tool's first process may access.
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

// Behind the macro that they use.
mod levels;
mod reach;
mod watched;
pub(in crate::runner) use watched::observed;
