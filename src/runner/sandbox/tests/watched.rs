//! What a filter passes to an observer, and the effect of its answers.

use super::*;

/// Serves a listener until no filtered process is left; returns the calls in order.
fn watch(listener: &Listener, mut verdict: impl FnMut(&Notification) -> CallAnswer) -> Vec<SystemCall> {
    let mut seen = Vec::new();
    loop {
        let mut wanted = [rustix::event::PollFd::new(listener, rustix::event::PollFlags::IN)];
        rustix::event::poll(&mut wanted, None).unwrap();
        match listener.receive() {
            Ok(Some(notification)) => {
                seen.push(notification.call);
                assert!(listener.still_valid(notification.id));
                listener.answer(notification.id, verdict(&notification)).unwrap();
                assert!(!listener.still_valid(notification.id));
            }
            Ok(None) => {}
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
                return seen;
            }
        }
    }
}

#[test]
fn an_observer_is_asked_and_its_answers_are_what_happens() {
    let ground = Ground::new();
    let plan = WallPlan { observe: true, ..ground.confined() };
    let target = ground.path("scratch/seen");
    let (pid, socket) = in_a_process(|status| {
        let raised = raise(&plan).unwrap();
        assert!(raised.layers.contains(&"observer".to_owned()), "{:?}", raised.missing);
        give(&status, &raised.listener.unwrap()).unwrap();
        let answers = [
            answer(fs::write(&target, "x")),
            answer(fs::read(ground.path("outside/secret")).map(drop)),
            answer(call!(libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, 0, 0)),
            answer(TcpStream::connect("127.0.0.1:9").map(drop)),
            answer(call!(libc::SYS_unshare, libc::CLONE_NEWUSER)),
            answer(fs::remove_file(&target)),
        ];
        answers.join(" ")
    });
    let listener = Listener::new(take(&socket).unwrap()).unwrap();
    let seen = watch(&listener, |notification| match notification.call {
        // A pretended success: not executed.
        SystemCall::Unshare => CallAnswer::Value(0),
        call if matches!(call.group(), SystemCallGroup::File | SystemCallGroup::Exec) => CallAnswer::Continue,
        _ => CallAnswer::Errno(libc::EPERM),
    });
    // Landlock applies whatever the observer answers.
    assert_eq!(listen_to((pid, socket)), Said::of("done EACCES EPERM EPERM done done"));
    let expected =
        [SystemCall::Openat, SystemCall::Openat, SystemCall::Ptrace, SystemCall::Connect, SystemCall::Unshare];
    assert_eq!(seen[..5], expected);
    assert_eq!(seen.len(), 6);
}

/// Starts a Python program behind the sandbox layers of `confined`, passes its listener to `serve` until that returns,
/// and returns the output of the program. Its arguments are the paths of `scratch` and `outside`.
pub(in crate::runner) fn observed(network: Network, script: &str, serve: impl FnOnce(&Ground, &Listener)) -> String {
    let ground = Ground::new();
    let plan = WallPlan { network, observe: true, ..ground.confined() };
    let scratch = ground.path("scratch");
    let (pid, socket) = in_a_process(|status| {
        let raised = raise(&plan).unwrap();
        give(&status, &raised.listener.unwrap()).unwrap();
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-B", "-c", script]).arg(&scratch).arg(ground.path("outside")).stdin(Stdio::null());
        command.env_clear().env("HOME", &scratch).env("TMPDIR", &scratch).env("PATH", "/usr/bin:/bin");
        let output = command.current_dir(&scratch).output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    });
    let listener = Listener::new(take(&socket).unwrap()).unwrap();
    serve(&ground, &listener);
    drop(listener);
    listen_to((pid, socket)).text
}

#[test]
fn calls_fail_when_the_observer_is_gone() {
    let ground = Ground::new();
    let plan = WallPlan { observe: true, ..ground.confined() };
    let child = in_a_process(|status| {
        let raised = raise(&plan).unwrap();
        give(&status, &raised.listener.unwrap()).unwrap();
        // Waits until the other side closed the listener.
        rustix::io::read(&status, &mut [0u8; 1]).unwrap();
        answer(fs::read(ground.path("granted/text")).map(drop))
    });
    drop(take(&child.1).unwrap());
    rustix::io::write(&child.1, b"!").unwrap();
    assert_eq!(listen_to(child), Said::of("ENOSYS"));
}

#[test]
fn only_the_first_observer_is_one() {
    let ground = Ground::new();
    let plan = WallPlan { observe: true, ..ground.confined() };
    let said = listen_to(in_a_process(|_| {
        let first = raise(&plan).unwrap();
        let second = filter::install(&[filter_everything()], true);
        drop(first);
        answer(second.map(drop))
    }));
    assert_eq!(said, Said::of("EBUSY"));
}

/// One instruction: everything is allowed.
fn filter_everything() -> libc::sock_filter {
    libc::sock_filter { code: 6, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW }
}
