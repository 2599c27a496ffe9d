//! Ports that a service binds itself: the keeper checks that the listening socket belongs to the service.

use super::{Bench, PATIENCE};
use crate::history::world::{ada, decide, open, without_checks};
use rustix::net::{AddressFamily, SocketAddrV4, SocketType};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Instant;
use toolsmith::domain::DecisionKind;
use toolsmith::engine::ReviewFilter;

/// Reports its port to a gate, waits there, and binds the port. FAILS is the statement for when it cannot.
const OPENS: &str = r#"
import os, socket, sys, time
number = int(os.environ["PORT"])
gate = socket.create_connection(("127.0.0.1", GATE))
gate.sendall(b"%d\n" % number)
gate.recv(1)
own = socket.socket()
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    own.bind(("HOST", number))
except OSError:
    FAILS
own.listen(64)
while True:
    peer, _ = own.accept()
    with peer:
        peer.recv(1)
        peer.sendall(b"up")
"#;

const FULL: &str = "[permissions]\nnetwork = [\"full\"]\n";

/// Where services wait before they bind their ports.
struct Gate(TcpListener);

impl Gate {
    fn new() -> Gate {
        let gate = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        gate.set_nonblocking(true).unwrap();
        Gate(gate)
    }

    fn program(&self, host: &str, fails: &str) -> String {
        let number = self.0.local_addr().unwrap().port().to_string();
        OPENS.replace("GATE", &number).replace("HOST", host).replace("FAILS", fails)
    }

    /// The connection of the next waiting service, and its port. Dropping the connection lets the service go on.
    fn next(&self) -> (TcpStream, u16) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Ok((peer, _)) = self.0.accept() {
                peer.set_nonblocking(false).unwrap();
                let mut line = String::new();
                BufReader::new(&peer).read_line(&mut line).unwrap();
                return (peer, line.trim().parse().unwrap());
            }
            assert!(Instant::now() < give_up, "no service connected to the gate");
        }
    }
}

fn definition(port: &str) -> String {
    format!(
        "{FULL}[service]\nadapter = \"none\"\nrestart = \"never\"\n[[service.ports]]\nname = \"http\"\n{port}\npass = \"bind\"\n"
    )
}

impl Bench {
    /// Approves every tool with a pending review, and grants the permissions that it declares.
    pub(super) fn approve_all(&self) {
        let config = self.workspace.home().join("toolsmith/config/config.toml");
        let before = std::fs::read_to_string(&config).unwrap_or_default();
        without_checks(&self.workspace);
        let checks = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, before + &checks).unwrap();
        let engine = open(&self.workspace);
        for review in engine.reviews().list(ReviewFilter::Waiting).unwrap() {
            engine.execute(decide(&review, DecisionKind::Approve), &ada()).unwrap();
            let tool = engine.library().resolve(review.tool.as_str()).unwrap();
            if let Some(allow) = engine.runs().unallowed(&tool, &ada()).unwrap() {
                engine.execute(allow, &ada()).unwrap();
            }
        }
    }
}

fn ask(port: u16) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"?").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn port(instance: &Value) -> u16 {
    u16::try_from(instance["ports"][0]["port"].as_u64().unwrap()).unwrap()
}

/// A connection from this local port: it does not accept anything, and prevents others from listening on the port.
fn outgoing(port: u16, to: &TcpListener) -> OwnedFd {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).unwrap();
    rustix::net::connect(&socket, &to.local_addr().unwrap()).unwrap();
    socket
}

#[test]
fn a_service_binds_its_own_port_and_a_note_says_when_it_listens_beyond_the_loopback() {
    for (host, note) in [
        ("127.0.0.1", None),
        ("0.0.0.0", Some("the service listens on 0.0.0.0: other machines may be able to connect")),
    ] {
        let (bench, gate) = (Bench::new(), Gate::new());
        bench.service("opens", &gate.program(host, "raise"), &definition("port = \"auto\""));
        bench.approve_all();
        bench.ok(&["launch", "opens"]);
        let (waits, number) = gate.next();
        let seen = bench.instance("opens");
        assert_eq!((seen["state"].as_str(), port(&seen)), (Some("starting"), number), "it is not ready before: {seen}");
        assert_eq!(seen["ports"][0]["note"], "the service does not listen on it yet");
        drop(waits);
        let seen = bench.until("opens", "running");
        assert_eq!((port(&seen), seen["ports"][0]["note"].as_str()), (number, note), "{seen}");
        assert_eq!(ask(number), "up");
        let text = bench.workspace.toolsmith(&["services", "opens"]).output().unwrap();
        let text = String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.contains("listens on 0.0.0.0"), note.is_some(), "{text}");
    }
}

#[test]
fn a_port_that_another_process_takes_before_the_service_binds_it_is_replaced_by_another_one() {
    for (taker, fails) in [("a listener", "time.sleep(600)"), ("a connection", "sys.exit(3)")] {
        let (bench, gate) = (Bench::new(), Gate::new());
        bench.service("opens", &gate.program("127.0.0.1", fails), &definition("port = \"auto\""));
        bench.approve_all();
        bench.ok(&["launch", "opens"]);
        let (waits, first) = gate.next();
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let _taken: OwnedFd = match taker {
            "a listener" => TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap().into(),
            _ => outgoing(first, &other),
        };
        drop(waits);
        let (waits, second) = gate.next();
        assert_ne!(first, second, "{taker}");
        drop(waits);
        let seen = bench.until("opens", "running");
        assert_eq!((port(&seen), seen["incarnation"].as_u64()), (second, Some(1)), "{taker}: {seen}");
        assert_eq!(seen["last_error"], Value::Null, "{taker}: {seen}");
        assert_eq!(ask(second), "up", "{taker}");
    }
}

#[test]
fn a_start_whose_ports_are_taken_four_times_fails_and_names_them() {
    let (bench, gate) = (Bench::new(), Gate::new());
    bench.service("opens", &gate.program("127.0.0.1", "time.sleep(600)"), &definition("port = \"auto\""));
    bench.approve_all();
    bench.ok(&["launch", "opens"]);
    let taken: Vec<_> = (0..4)
        .map(|_| {
            let (waits, number) = gate.next();
            (TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap(), number, waits)
        })
        .collect();
    let seen = bench.until("opens", "failed");
    let numbers: Vec<String> = taken.iter().map(|(_, number, _)| number.to_string()).collect();
    let why = seen["last_error"].as_str().unwrap();
    assert!(why.starts_with("other processes took ports ") && why.contains(&numbers.join(", ")), "{why}");
    assert_eq!(bench.ok(&["runs"])["runs"].as_array().unwrap().len(), 4);
    // The ports are free again, so the instance can be launched.
    drop(taken);
    bench.ok(&["launch", "opens"]);
    drop(gate.next());
    bench.until("opens", "running");
}

#[test]
fn a_fixed_port_that_another_process_takes_fails_the_start_and_the_error_names_the_process() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let number = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let port = format!("port = {number}\nmode = \"fixed\"");
    bench.service("opens", &gate.program("127.0.0.1", "time.sleep(600)"), &definition(&port));
    bench.approve_all();
    bench.ok(&["launch", "opens"]);
    let (_waits, seen) = gate.next();
    assert_eq!(seen, number);
    let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).unwrap();
    let seen = bench.until("opens", "failed");
    let why = seen["last_error"].as_str().unwrap();
    let holder = format!("process {} (", std::process::id());
    assert!(why.starts_with(&holder) && why.contains(&format!(") took port {number} (http)")), "{why}");
}

#[test]
fn a_tcp_health_check_of_a_port_that_the_service_binds_fails_once_the_service_stops_listening() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let health = "[service.health]\ntcp = \"http\"\nevery = \"50ms\"\ntimeout = \"5s\"\nfailures = 1\n";
    // After three connections it closes its socket and keeps running.
    let program = gate.program("127.0.0.1", "raise").replace("while True:\n", "for _ in range(3):\n")
        + "own.close()\ntime.sleep(600)\n";
    bench.service("opens", &program, &(definition("port = \"auto\"") + health));
    bench.approve_all();
    bench.ok(&["launch", "opens"]);
    drop(gate.next());
    let seen = bench.until("opens", "unhealthy");
    assert_eq!(seen["last_error"], "health check: the service does not listen on the port", "{seen}");
}

#[test]
fn a_service_with_a_bound_port_and_without_network_full_is_refused_with_the_reason() {
    let (bench, gate) = (Bench::new(), Gate::new());
    bench.service("opens", &gate.program("127.0.0.1", "raise"), &definition("port = \"auto\""));
    // It is not approved, so its permissions are not granted.
    let why = bench.refused(&["launch", "opens", "--wait"]);
    assert!(why.contains("pass = \"bind\" needs network = [\"full\"]"), "{why}");
}
