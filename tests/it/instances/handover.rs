//! A relaunch that replaces the keeper: by another installation of the program, or to another version of the service.

use super::ports::{BOUND, INHERITED, ask, relays};
use super::{Bench, PATIENCE};
use crate::support::program;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

/// Tries to take a port, and to connect to it, all the time.
#[derive(Default)]
struct Watch {
    is_over: AtomicBool,
    bound: Tries,
    connected: Tries,
}

#[derive(Default)]
struct Tries {
    all: AtomicUsize,
    /// Those that show that nobody listened on the port.
    free: AtomicUsize,
}

/// Ends a watch, also when the test fails.
struct End<'a>(&'a Watch);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Release);
    }
}

impl Watch {
    fn follow(&self, tries: &Tries, is_free: impl Fn() -> bool) {
        while !self.is_over.load(Ordering::Acquire) {
            if is_free() {
                tries.free.fetch_add(1, Ordering::AcqRel);
            }
            tries.all.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How often the port could be taken, and how often a connection was refused.
    fn count(&self) -> (usize, usize) {
        (self.bound.free.load(Ordering::Acquire), self.connected.free.load(Ordering::Acquire))
    }

    /// Waits until everything was tried some more times.
    fn wait(&self) {
        let tried = || [&self.bound, &self.connected].map(|tries| tries.all.load(Ordering::Acquire));
        let (before, give_up) = (tried(), Instant::now() + PATIENCE);
        while tried().iter().zip(before).any(|(now, before)| *now < before + 5) {
            assert!(Instant::now() < give_up, "nothing is tried");
            std::thread::yield_now();
        }
    }
}

/// Whether the port could be taken. It is free again at once.
fn is_taken(at: SocketAddr) -> bool {
    TcpListener::bind(at).is_ok()
}

fn is_refused(at: SocketAddr) -> bool {
    TcpStream::connect(at).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// Installs the program under this name as a package manager does: another file takes the name.
fn install(path: &Path) {
    let newer = path.with_extension("newer");
    // By a process of its own: a file that this process has open for writing could not be executed while another test
    // forks.
    assert!(Command::new("cp").arg(program()).arg(&newer).status().unwrap().success());
    std::fs::rename(newer, path).unwrap();
}

#[test]
fn a_port_is_never_free_while_a_new_keeper_follows() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let installed = folder.path().join("toolsmith");
    install(&installed);
    let toolsmith = |args: &[&str]| {
        let mut command = Command::new(&installed);
        command.args(args).current_dir(bench.workspace.root()).env_clear().envs(bench.workspace.environment());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let all = [("relay", BOUND), ("listen-fds", INHERITED)];
    let passes = if relays(&bench) { &all[..] } else { &all[1..] };
    for (pass, text) in passes {
        let definition = |more: &str| {
            let port = format!("[[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"{pass}\"\n");
            bench.service(pass, text, &format!("[service]\nadapter = \"none\"\n{more}{port}"));
        };
        definition("");
        toolsmith(&["launch", pass, "--wait"]);
        let port = u16::try_from(bench.instance(pass)["ports"][0]["port"].as_u64().unwrap()).unwrap();
        let (watch, at) = (Watch::default(), (Ipv4Addr::LOCALHOST, port).into());
        std::thread::scope(|scope| {
            let end = End(&watch);
            scope.spawn(|| watch.follow(&watch.bound, || is_taken(at)));
            scope.spawn(|| watch.follow(&watch.connected, || is_refused(at)));
            for start in 2..=4 {
                let before = bench.keepers();
                if start == 4 {
                    definition("most_restarts = 7\n");
                } else {
                    install(&installed);
                }
                toolsmith(&["relaunch", pass]);
                let is_there = |seen: &serde_json::Value| seen["incarnation"] == start && seen["state"] == "running";
                let seen = bench.until_so(pass, "another start", is_there);
                assert_eq!(seen["ports"][0]["port"], port, "{pass}: {seen}");
                assert_eq!(ask(port).unwrap(), "up", "{pass}");
                assert!(bench.keepers().iter().any(|pid| !before.contains(pid)), "{pass}: a new keeper");
                watch.wait();
            }
            let held = watch.count();
            // A control: it notices a port that is free.
            toolsmith(&["terminate", pass]);
            bench.until(pass, "stopped");
            let (noticed, give_up) = (|| watch.count().0 > 0 && watch.count().1 > 0, Instant::now() + PATIENCE);
            while !noticed() && Instant::now() < give_up {
                std::thread::yield_now();
            }
            let free = watch.count();
            drop(end);
            assert_eq!(held, (0, 0), "{pass}: taken and refused");
            assert!(free.0 > 0 && free.1 > 0, "{pass}: {free:?}");
        });
    }
}
