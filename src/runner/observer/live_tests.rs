//! Real programs under a real filter, and the observer's reports about them.

use super::{Observer, Policy, Served};
use crate::domain::{self, IsolationLevel, Network, Observation};
use crate::runner::sandbox::tests::{Ground, observed};
use rustix::event::{PollFd, PollFlags};
use std::path::PathBuf;

/// The observer's report about a Python script, and the output of the script.
fn watch(network: Network, script: &str) -> (Observation, String) {
    let mut observation = Observation::off("not served");
    let said = observed(network, script, |ground, listener| {
        let mut observer = Observer::new(policy(ground, network));
        loop {
            match observer.serve(listener).unwrap() {
                Served::Over => break,
                Served::Busy => {}
                Served::Idle => {
                    rustix::event::poll(&mut [PollFd::new(listener, PollFlags::IN)], None).unwrap();
                }
            }
        }
        observation = observer.finish();
    });
    (observation, said)
}

fn policy(ground: &Ground, network: Network) -> Policy {
    let named = |path: &str, word: &str| (ground.path(path), word.to_owned());
    Policy {
        level: IsolationLevel::Confined,
        network,
        silent: Vec::new(),
        names: vec![
            named("scratch", "{scratch}"),
            named("", "{ground}"),
            (PathBuf::from("/tool"), "{tool}".to_owned()),
        ],
        read: vec![ground.path("granted")],
        write: Vec::new(),
        name_servers: Vec::new(),
        has_launcher: false,
        baseline: Vec::new(),
    }
}

fn lines(observation: &Observation) -> Vec<String> {
    let attempts = observation.attempts.iter();
    attempts.map(|one| format!("{} {} {} {}", one.touch, one.target, one.answer, one.count)).collect()
}

#[test]
fn an_empty_script_shows_nothing() {
    let (observation, said) = watch(Network::None, "");
    assert_eq!((observation.observer.clone(), said.as_str()), (domain::Observer::On, ""));
    assert_eq!(lines(&observation), [""; 0]);
}

#[test]
fn everything_a_script_reaches_for_is_reported_and_the_walls_decide() {
    let script = "import os, sys, socket, subprocess, ctypes\n\
        scratch, outside = sys.argv[1:]\n\
        def tried(act):\n\
        \x20   try: act(); print('done')\n\
        \x20   except OSError as error: print(type(error).__name__)\n\
        tried(lambda: open(outside + '/secret'))\n\
        tried(lambda: open(outside + '/gone'))\n\
        tried(lambda: open(outside + '/new', 'w'))\n\
        tried(lambda: open(scratch + '/own', 'w'))\n\
        tried(lambda: os.remove(outside + '/victim'))\n\
        tried(lambda: os.rename(outside + '/victim', scratch + '/got'))\n\
        tried(lambda: open(scratch + '/../granted/text'))\n\
        tried(lambda: os.listdir('/proc/self/root/root'))\n\
        tried(lambda: subprocess.run(['true', 'a b', 'c']))\n\
        tried(lambda: subprocess.run(['no-such-program']))\n\
        tried(lambda: subprocess.run([outside + '/program']))\n\
        tried(lambda: socket.create_connection(('127.0.0.1', 9)))\n\
        tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 7)))\n\
        tried(lambda: socket.socket(socket.AF_UNIX).connect('/run/docker.sock'))\n\
        tried(lambda: socket.socket().bind(('0.0.0.0', 8080)))\n\
        print(ctypes.CDLL(None).unshare(0x10000000))";
    let (observation, said) = watch(Network::None, script);
    let expected = "PermissionError FileNotFoundError PermissionError done PermissionError PermissionError done \
        PermissionError done FileNotFoundError PermissionError PermissionError PermissionError PermissionError \
        PermissionError -1";
    let said: Vec<&str> = said.split_whitespace().collect();
    assert_eq!(said.join(" "), expected);
    let expected = [
        "read {ground}/outside/secret denied 1",
        "read {ground}/outside/gone missing 1",
        "write {ground}/outside/new denied 1",
        "write {scratch} allowed 2",
        "delete {ground}/outside/victim denied 1",
        "rename {ground}/outside/victim denied 1",
        "read {ground}/granted allowed 1",
        "read /root denied 1",
        "exec /usr/bin/true 'a b' c allowed 1",
        "exec {ground}/outside/program denied 1",
        "connect 127.0.0.1:9 denied 1",
        "connect 192.0.2.1:7 denied 1",
        "connect unix:/run/docker.sock denied 1",
        "listen 0.0.0.0:8080 denied 1",
        "forbidden unshare denied 1",
        "exec no-such-program missing 2",
    ];
    assert_eq!(lines(&observation), expected);
}

#[test]
fn a_host_name_is_reported_however_it_is_asked_for() {
    for ask in ["socket.getaddrinfo('exfil.attacker.invalid', 80)", "socket.gethostbyname('exfil.attacker.invalid')"] {
        let script = format!("import socket\ntry: {ask}\nexcept OSError as error: print('refused')");
        let (observation, said) = watch(Network::None, &script);
        assert_eq!(said, "refused\n");
        let lines = lines(&observation);
        assert!(lines.iter().any(|line| line.starts_with("resolve exfil.attacker.invalid denied")), "{ask}: {lines:?}");
        assert!(lines.iter().all(|line| line.starts_with("resolve") || line.contains(":53 denied")), "{lines:?}");
    }
}

#[test]
fn threads_and_children_are_watched_too_and_none_is_taken_for_another() {
    let script = "import os, sys, threading\n\
        outside = sys.argv[2]\n\
        def reach(name):\n\
        \x20   for i in range(50):\n\
        \x20       try: open(outside + '/' + name)\n\
        \x20       except OSError: pass\n\
        threads = [threading.Thread(target=reach, args=(f'thread-{i}',)) for i in range(8)]\n\
        [t.start() for t in threads]\n\
        for i in range(8):\n\
        \x20   if os.fork() == 0: reach(f'child-{i}'); os._exit(0)\n\
        [t.join() for t in threads]\n\
        for i in range(8): os.wait()";
    let (observation, said) = watch(Network::None, script);
    assert_eq!(said, "");
    let mut lines = lines(&observation);
    lines.sort();
    let expected: Vec<String> = ["child", "thread"]
        .iter()
        .flat_map(|who| (0..8).map(move |i| format!("read {{ground}}/outside/{who}-{i} missing 50")))
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_flood_is_answered_to_the_end_in_bounded_memory() {
    let script = "import sys\n\
        for i in range(5000):\n\
        \x20   try: open(f'/nowhere/{i}')\n\
        \x20   except OSError: pass\n\
        try: open(sys.argv[2] + '/secret')\n\
        except OSError: print('end')";
    let (observation, said) = watch(Network::None, script);
    assert_eq!(said, "end\n");
    assert_eq!((observation.attempts.len(), observation.attempts_cut), (600, 5001 - 600));
    assert_eq!(observation.attempts[599].target, "{ground}/outside/secret");
}
