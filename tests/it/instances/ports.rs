//! Ports: how they are chosen, passed on and kept.

use super::Bench;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Answers each connection with the number of its process, at the port of its variable.
pub(super) const BOUND: &str = r#"
import os, socket
own = socket.socket()
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
own.bind(("127.0.0.1", int(os.environ["PORT"])))
own.listen(64)
while True:
    peer, _ = own.accept()
    with peer:
        peer.recv(1)
        peer.sendall(b"up")
"#;

/// The same at an inherited socket.
pub(super) const INHERITED: &str = r#"
import os, socket
assert os.environ["LISTEN_FDS"] == "1" and int(os.environ["LISTEN_PID"]) == os.getpid()
own = socket.socket(fileno=3)
while True:
    peer, _ = own.accept()
    with peer:
        peer.recv(1)
        peer.sendall(b"up")
"#;

pub(super) fn ask(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(b"?")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn port(instance: &Value) -> u16 {
    u16::try_from(instance["ports"][0]["port"].as_u64().unwrap()).unwrap()
}

fn definition(pass: &str) -> String {
    format!("[service]\nadapter = \"none\"\n[[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"{pass}\"\n")
}

/// Where nothing can be relayed, the test says so.
pub(super) fn relays(bench: &Bench) -> bool {
    let report = bench.ok(&["doctor"]);
    let text = report.to_string();
    if text.contains("isolated") {
        return true;
    }
    crate::needs::not_run("runs are not isolated here, so no port can be relayed");
    false
}

#[test]
fn a_service_without_network_permission_is_reached_through_its_port() {
    let bench = Bench::new();
    let passes: &[(&str, &str)] =
        if relays(&bench) { &[("relay", BOUND), ("listen-fds", INHERITED)] } else { &[("listen-fds", INHERITED)] };
    for (pass, program) in passes {
        bench.service(pass, program, &definition(pass));
        bench.ok(&["launch", pass, "--wait"]);
        let number = port(&bench.instance(pass));
        assert!((50_000..=60_000).contains(&number), "{number}");
        assert_eq!(ask(number).unwrap(), "up", "{pass}");
    }
}

#[test]
fn a_port_is_kept_over_relaunches_and_refuses_no_connection() {
    let bench = Bench::new();
    let passes: &[(&str, &str)] =
        if relays(&bench) { &[("relay", BOUND), ("listen-fds", INHERITED)] } else { &[("listen-fds", INHERITED)] };
    for (pass, program) in passes {
        bench.service(pass, program, &definition(pass));
        bench.ok(&["launch", pass, "--wait"]);
        let number = port(&bench.instance(pass));
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let load = scope.spawn(|| {
                let mut refused = Vec::new();
                let mut asked = 0;
                while !over.load(Ordering::Acquire) {
                    asked += 1;
                    // A connection that a dying process had taken may be cut; none may be refused.
                    if let Err(error) = ask(number)
                        && error.kind() == std::io::ErrorKind::ConnectionRefused
                    {
                        refused.push(error.to_string());
                    }
                }
                (asked, refused)
            });
            for start in 2..=8 {
                bench.ok(&["relaunch", pass]);
                let seen = bench
                    .until_so(pass, "another start", |seen| seen["incarnation"] == start && seen["state"] == "running");
                assert_eq!(port(&seen), number);
            }
            over.store(true, Ordering::Release);
            let (asked, refused) = load.join().unwrap();
            assert!(asked > 5 && refused.is_empty(), "{pass}: {asked} asked, refused: {refused:?}");
        });
    }
}

#[test]
fn a_fixed_port_is_that_port_or_refused_and_a_hybrid_one_moves_and_says_so() {
    let bench = Bench::new();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let number = taken.local_addr().unwrap().port();
    for mode in ["fixed", "hybrid", "dynamic"] {
        let more = format!(
            "[service]\nadapter = \"none\"\n[[service.ports]]\nname = \"http\"\nport = {number}\nmode = \"{mode}\"\npass = \"listen-fds\"\n"
        );
        bench.service(mode, INHERITED, &more);
    }
    let why = bench.refused(&["launch", "fixed", "--wait"]);
    let holder = format!("process {} (", std::process::id());
    let taken_by = format!(") has port {number} (http); end it, set another port, or set mode = \"hybrid\"");
    assert!(why.contains(&holder) && why.ends_with(&taken_by), "{why}");
    let (shown, _) = bench.workspace.json(&["output", "fixed"]);
    let why = shown["error"]["message"].as_str().unwrap();
    assert!(why.starts_with("fixed has no output, because it did not start: process "), "{why}");
    bench.ok(&["launch", "hybrid", "--wait"]);
    let hybrid = bench.instance("hybrid");
    assert_eq!(hybrid["ports"][0]["note"], format!("{number} is taken"));
    assert_eq!(ask(port(&hybrid)).unwrap(), "up");
    bench.ok(&["launch", "dynamic", "--wait"]);
    assert!((50_000..=60_000).contains(&port(&bench.instance("dynamic"))));
    drop(taken);
    bench.ok(&["launch", "fixed", "--wait"]);
    assert_eq!((port(&bench.instance("fixed")), ask(number).unwrap().as_str()), (number, "up"));
}

#[test]
fn a_full_range_is_refused_with_who_has_it_and_two_workspaces_share_no_port() {
    let benches = [Bench::new(), Bench::new()];
    // Three ports for two workspaces, where nothing else listens.
    let first = free_ports();
    let mut seen = BTreeSet::new();
    for (bench, names) in benches.iter().zip([&["a", "b"][..], &["c"]]) {
        bench.workspace.write("toolsmith.toml", &format!("[services]\nport_range = \"{first}-{}\"\n", first + 2));
        bench.service("web", INHERITED, &definition("listen-fds"));
        for name in names {
            bench.ok(&["launch", "web", "--instance", name, "--wait"]);
            assert!(seen.insert(port(&bench.instance(name))), "a port was given twice");
        }
    }
    let why = benches[0].refused(&["launch", "web", "--instance", "d", "--wait"]);
    assert!(why.contains("every port from") && why.contains("a has") && why.contains("b has"), "{why}");
}

#[test]
fn to_listen_on_a_relayed_port_is_no_undeclared_behaviour() {
    let bench = Bench::new();
    if !relays(&bench) {
        return;
    }
    bench.service("web", BOUND, &definition("relay"));
    bench.ok(&["launch", "web", "--wait"]);
    assert_eq!(ask(port(&bench.instance("web"))).unwrap(), "up");
    bench.ok(&["terminate", "web", "--wait"]);
    let review = bench.ok(&["reviews"])["reviews"][0]["id"].to_string();
    for args in [["behaviour", "web"], ["review", &review]] {
        let shown = bench.workspace.toolsmith(&args).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(!shown.is_empty() && !shown.contains("listen 127.0.0.1"), "{shown}");
    }
}

/// The first of three neighbouring ports that nobody has.
fn free_ports() -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let start = 20_000 + (std::process::id() % 9_000) as u16;
    (start..31_000).step_by(3).find(|first| (*first..first + 3).all(|port| is_free(&port))).unwrap()
}
