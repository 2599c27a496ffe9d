//! Which level is claimed: the verified one, with the missing parts named.

use super::*;

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
    for (layer, named) in [(Layer::Landlock, "landlock: not effective"), (Layer::Seccomp, "system calls: not filtered")]
    {
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
    assert!(said.text.starts_with("confined users: it shares the users of the host; processes: "), "{}", said.text);
    assert!(said.text.contains("file view: it sees the host's files"), "{}", said.text);
    // And the sandbox layers are those of the lower level.
    let socket = ground.path("outside/socket");
    let _server = UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(behind(&plan, || UnixStream::connect(&socket).map(drop)), Said::of("EPERM"));
}

#[test]
fn isolated_is_what_has_everything_of_its_own() {
    let ground = Ground::new();
    let plan = ground.plan(IsolationLevel::Isolated);
    let said = in_spaces(&plan, SPACES, true, |raised| in_words(&raised));
    let layers = "rlimits closed-fds no-new-privs user-namespace pid-namespace mount-namespace ipc-namespace \
        uts-namespace network-namespace no-capabilities unprivileged-user landlock file-view seccomp";
    assert_eq!(said, format!("isolated\n{layers}\n"));
    // A granted folder may contain the socket of another program, so only pairs are allowed.
    let local = in_spaces(&plan, SPACES, true, |_| answer(UnixDatagram::unbound().map(drop)));
    assert_eq!(local, "EPERM");
    let pair = in_spaces(&plan, SPACES, true, |_| answer(UnixStream::pair().map(drop)));
    assert_eq!(pair, "done");
    // The permission grants the host's network, so this is not a weakness of the view.
    let full = WallPlan { network: Network::Full, ..plan.clone() };
    let said = in_spaces(&full, SPACES & !libc::CLONE_NEWNET, true, |raised| in_words(&raised));
    assert_eq!(said, format!("isolated\n{}\n", layers.replace("network-namespace ", "")));
}

#[test]
fn each_thing_that_is_the_hosts_lowers_the_level_and_is_named() {
    let ground = Ground::new();
    let plan = ground.plan(IsolationLevel::Isolated);
    let cases = [
        (SPACES & !libc::CLONE_NEWNET, true, "network: it has no network namespace"),
        (SPACES & !libc::CLONE_NEWIPC, true, "shared memory: it shares that of the host"),
        (SPACES & !libc::CLONE_NEWUTS, true, "host name: it sees that of the host"),
        (SPACES & !libc::CLONE_NEWPID, false, "processes: it shares the process table of the host"),
        // The host's processes through the host's `/proc`.
        (SPACES, false, "processes: it shares the process table of the host"),
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
    assert!(said.starts_with("limits-only root: it runs as root"), "{said}");
}
