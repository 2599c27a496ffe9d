//! What a run cannot reach that was not granted: files, the network, other processes.

use super::*;

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

/// Does `probe` with the pid of a process of the same user that stands outside the sandbox layers.
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
            // SAFETY: as above. The sandbox layers are set up in a second child, so that this one can clean up.
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
