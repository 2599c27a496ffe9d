//! Services that are late, that end again and again, and that try to use ports of others; each with and without
//! bubblewrap.

use super::ports::{INHERITED, ask, relays};
use super::{Bench, COMPANION, PATIENCE};
use crate::support::processes_with;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

/// Listens at the port that it is told, and says what came of it; then it waits.
const LISTENS_ELSEWHERE: &str = r#"
import socket, sys, time
try:
    own = socket.socket()
    own.bind(("127.0.0.1", PORT))
    own.listen(8)
    print("listens", flush=True)
except OSError as error:
    print("refused", flush=True)
while True:
    time.sleep(1)
"#;

/// Connects to the port that it is told, and says what came of it; then it waits.
const CONNECTS: &str = r#"
import socket, sys, time
try:
    socket.create_connection(("127.0.0.1", PORT), 30).close()
    print("connected", flush=True)
except OSError as error:
    print("refused", flush=True)
while True:
    time.sleep(1)
"#;

/// Tries again and again to listen on a port that another process holds; then it answers every connection.
const TAKES: &str = r#"
import socket, time
def listen(host):
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind((host, NUMBER))
    own.listen(64)
    return own
is_first = True
while True:
    for host in ("127.0.0.1", "0.0.0.0"):
        try:
            own = listen(host)
        except OSError:
            continue
        print("listens", flush=True)
        while True:
            peer, _ = own.accept()
            with peer:
                peer.recv(1)
                peer.sendall(b"stolen")
    if is_first:
        print("refused", flush=True)
    is_first = False
    time.sleep(0.001)
"#;

/// Tries to get a socket out of the way and to listen in its place.
const REPLACES: &str = r#"
import os, socket, time
path = PATH
did = []
for what in (lambda: os.unlink(path), lambda: open(path + "x", "w"), lambda: os.rename(path, path + "y"),
             lambda: socket.socket(socket.AF_UNIX).bind(path)):
    try:
        what()
        did.append("x")
    except OSError:
        pass
print("changed" if did else "refused", flush=True)
while True:
    time.sleep(1)
"#;

/// A port of its own that is passed on, and a line that says that it has done its work.
const WITH_PORT: &str = "[service]\nadapter = \"none\"\n[[service.ports]]\nname = \"http\"\nport = \"auto\"\n\
    pass = \"listen-fds\"\n[service.ready]\nline = \"listens|refused|connected\"\nwithin = \"60s\"\n";

/// A workspace where runs are isolated, and one where they are confined.
fn levels() -> Vec<(&'static str, Bench)> {
    let confined = Bench::new();
    let config = "toolsmith/config/config.toml";
    let path = confined.workspace.home().join(config);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "[isolation]\nbubblewrap = \"off\"\n").unwrap();
    vec![("usual", Bench::new()), ("confined", confined)]
}

/// What the program does when nothing holds it: its first line.
fn unprotected(text: &str) -> String {
    let mut child =
        Command::new("python3").args(["-c", text]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line.trim().to_owned()
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn port_of(bench: &Bench, name: &str) -> u16 {
    u16::try_from(bench.instance(name)["ports"][0]["port"].as_u64().unwrap()).unwrap()
}

fn output(bench: &Bench, name: &str) -> String {
    let printed = bench.workspace.toolsmith(&["output", name]).output().unwrap();
    String::from_utf8_lossy(&printed.stdout).trim().to_owned()
}

#[test]
fn a_service_that_listens_at_another_port_is_not_reached_there() {
    let number = free_port();
    let text = LISTENS_ELSEWHERE.replace("PORT", &number.to_string());
    assert_eq!(unprotected(&text), "listens", "invalid case");
    for (level, bench) in levels() {
        // With a relayed port it can listen on any port of its own network; without, on none.
        let mut passes = vec![("listen-fds", "refused")];
        if level == "usual" && relays(&bench) {
            passes.push(("relay", "listens"));
        }
        for (pass, expected) in passes {
            bench.service(pass, &text, &WITH_PORT.replace("listen-fds", pass));
            bench.ok(&["launch", pass, "--wait"]);
            assert_eq!(output(&bench, pass), expected, "{level}, {pass}");
            let reached = TcpStream::connect((Ipv4Addr::LOCALHOST, number));
            assert!(reached.is_err(), "{level}, {pass}: reached at {number}");
            // A control: its own port is held.
            let own = port_of(&bench, pass);
            assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, own)).is_ok(), "{level}, {pass}");
        }
    }
}

#[test]
fn a_service_cannot_take_the_port_of_another_instance_with_or_without_network_permission() {
    for (level, bench) in levels() {
        let number = free_port();
        let target = format!(
            "[service]\nadapter = \"none\"\n[[service.ports]]\nname = \"http\"\nport = {number}\nmode = \"hybrid\"\n\
             pass = \"listen-fds\"\n"
        );
        bench.service("target", INHERITED, &target);
        let text = TAKES.replace("NUMBER", &number.to_string());
        let ready = "[service]\nadapter = \"none\"\n[service.ready]\nline = \"listens|refused\"\nwithin = \"60s\"\n";
        bench.service("stranger", &text, ready);
        bench.service("trusted", &text, &format!("[permissions]\nnetwork = [\"full\"]\n{ready}"));
        bench.approve_all();
        bench.ok(&["launch", "target", "--wait"]);
        assert_eq!(port_of(&bench, "target"), number, "{level}");
        for taker in ["stranger", "trusted"] {
            bench.ok(&["launch", taker, "--wait"]);
        }
        // The keeper holds the port while the service restarts.
        for start in 2..=4 {
            bench.ok(&["relaunch", "target"]);
            match ask(number) {
                // The process that ended had accepted the connection: it may have read the question.
                Ok(answer) => assert!(["up", ""].contains(&answer.as_str()), "{level}: {answer}"),
                Err(error) => assert_ne!(error.kind(), ErrorKind::ConnectionRefused, "{level}: {error}"),
            }
            let is_back = |seen: &serde_json::Value| seen["incarnation"] == start && seen["state"] == "running";
            bench.until_so("target", "another start", is_back);
        }
        assert_eq!(ask(number).unwrap(), "up", "{level}");
        for taker in ["stranger", "trusted"] {
            assert_eq!(output(&bench, taker), "refused", "{level}, {taker}");
        }
        // A control: a port of a stopped instance is free, for the service with the permission only. The instance
        // then gets another one.
        bench.ok(&["terminate", "target"]);
        bench.until("target", "stopped");
        let give_up = std::time::Instant::now() + PATIENCE;
        while !ask(number).is_ok_and(|answer| answer == "stolen") {
            assert!(std::time::Instant::now() < give_up, "{level}: nobody listens on {number}");
        }
        assert_eq!(output(&bench, "trusted"), "refused\nlistens", "{level}");
        assert_eq!(output(&bench, "stranger"), "refused", "{level}");
        bench.ok(&["launch", "target", "--wait"]);
        let other = port_of(&bench, "target");
        assert_ne!(other, number, "{level}");
        assert_eq!(ask(other).unwrap(), "up", "{level}");
    }
}

#[test]
fn a_service_without_permission_does_not_reach_the_port_of_another_one() {
    for (level, bench) in levels() {
        bench.service(
            "target",
            "import time\nprint('listens', flush=True)\nwhile True:\n    time.sleep(1)\n",
            WITH_PORT,
        );
        bench.ok(&["launch", "target", "--wait"]);
        let number = bench.instance("target")["ports"][0]["port"].as_u64().unwrap();
        let text = CONNECTS.replace("PORT", &number.to_string());
        assert_eq!(unprotected(&text), "connected", "invalid case");
        bench.service("caller", &text, WITH_PORT);
        bench.ok(&["launch", "caller", "--wait"]);
        assert_eq!(output(&bench, "caller"), "refused", "{level}");
    }
}

#[test]
fn late_answers_to_checks_are_no_answers_to_messages() {
    let late = r#"
import json, sys, time
for line in sys.stdin:
    said = json.loads(line)
    if said.get("type") == "ping":
        time.sleep(0.08)
        print(json.dumps({"response": "pong"}), flush=True)
    else:
        print(json.dumps({"response": "heard " + said["message"]}), flush=True)
"#;
    let more = "[service]\nrestart = \"never\"\n[service.health]\nask = \"ping\"\nevery = \"20ms\"\ntimeout = \"30ms\"\n\
                failures = 2\n";
    for (level, bench) in levels() {
        let mark = bench.service("late", late, more);
        bench.ok(&["launch", "late", "--wait"]);
        let seen = bench.until("late", "unhealthy");
        assert_eq!(seen["last_error"], "health check: no answer in time", "{level}");
        for number in 0..8 {
            let message = format!("m{number}");
            assert_eq!(bench.say("late", &message), format!("heard {message}"), "{level}");
        }
        assert_eq!((bench.instance("late")["incarnation"].as_u64(), processes_with(&mark).len()), (Some(1), 1));
        bench.ok(&["terminate", "late"]);
        bench.until("late", "stopped");
        Bench::until_gone(&mark);
    }
}

#[test]
fn a_service_that_ends_again_and_again_is_given_up_with_nothing_left() {
    // What it starts in each life must be gone as well.
    let dies = "import os, sys\nif os.fork() == 0:\n    os.setsid()\n    os.execvp('sleep', ['sleep', sys.argv[1]])\n\
                sys.exit(int(sys.argv[1] != '') * 7)\n";
    let more = "[service]\nrestart = \"always\"\nmost_restarts = 5\n\
                backoff = { first = \"1ms\", factor = 1, most = \"1ms\", calm = \"60s\" }\n";
    for (level, bench) in levels() {
        let mark = bench.service("dies", dies, more);
        bench.ok(&["launch", "dies"]);
        let seen = bench.until("dies", "failed");
        assert_eq!(seen["last_error"], "ended 6 times within ten minutes; last: exit code 7", "{level}");
        assert_eq!(seen["incarnation"], 6, "{level}");
        Bench::until_gone(&mark);
        let give_up = std::time::Instant::now() + super::PATIENCE;
        while !bench.keepers().is_empty() {
            assert!(std::time::Instant::now() < give_up, "{level}: a keeper is left");
        }
        assert_eq!(bench.ok(&["runs"])["runs"].as_array().unwrap().len(), 6, "{level}");
    }
}

#[test]
fn a_service_at_every_level_does_not_replace_the_socket_of_its_keeper() {
    for (level, bench) in levels() {
        bench.service("companion", COMPANION, "");
        bench.ok(&["launch", "companion", "--wait"]);
        let folder = bench.state().join("instances");
        let socket = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let writes = REPLACES.replace("PATH", &format!("{:?}", socket.display().to_string()));
        // A control: another socket, without a sandbox.
        let place = tempfile::tempdir().unwrap();
        let other = place.path().join("s");
        let _listener = UnixListener::bind(&other).unwrap();
        let control = REPLACES.replace("PATH", &format!("{:?}", other.display().to_string()));
        assert_eq!(unprotected(&control), "changed", "invalid case");
        let more = "[service]\nadapter = \"none\"\n[service.ready]\nline = \"changed|refused\"\nwithin = \"60s\"\n";
        bench.service("writes", &writes, more);
        bench.ok(&["launch", "writes", "--wait"]);
        assert_eq!(output(&bench, "writes"), "refused", "{level}");
        assert!(socket.exists(), "{level}");
        assert_eq!(bench.say("companion", "hello"), "1: hello", "{level}");
    }
}
