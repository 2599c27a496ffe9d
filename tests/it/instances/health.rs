//! Readiness and health: every kind of question is really asked.

use super::{Bench, COMPANION};

/// Serves HTTP at an inherited socket; after a request for `/break` it answers that it is broken.
const WEB: &str = r#"
import socket
bad = False
own = socket.socket(fileno=3)
while True:
    peer, _ = own.accept()
    with peer:
        asked = peer.recv(4096)
        bad = bad or asked.startswith(b"GET /break")
        status, body = (b"503 Bad", b"broken") if bad else (b"200 OK", b"fine")
        try:
            peer.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n" + body)
        except OSError:
            pass
"#;

fn checks(kind: &str) -> String {
    format!(
        "[service]\nrestart = \"never\"\n[service.health]\n{kind}\nevery = \"50ms\"\ntimeout = \"5s\"\nfailures = 2\n"
    )
}

#[test]
fn a_ping_is_answered_and_one_that_is_not_makes_it_unhealthy_with_the_reason() {
    let (bench, _) = Bench::with_companion(&checks("ask = \"ping\""));
    bench.ok(&["launch", "companion", "--wait"]);
    let seen = bench.until_so("companion", "a good check", |seen| seen["health"]["state"] == "good");
    assert!(seen["health"]["output"].as_str().unwrap().contains("fine"), "{seen}");
    // Answers nothing: neither the message nor what is asked meanwhile.
    let deaf = "import sys, time\nfor line in sys.stdin:\n    pass\n";
    bench.service("deaf", deaf, &checks("ask = \"ping\"").replace("5s", "50ms"));
    bench.ok(&["launch", "deaf", "--wait"]);
    let seen = bench.until("deaf", "unhealthy");
    assert_eq!(seen["health"]["state"], "bad");
    assert_eq!(seen["last_error"], "health check: no answer in time");
}

#[test]
fn version_and_commands_are_run_in_a_sandbox_of_their_own() {
    let bench = Bench::new();
    let program = format!("import sys\nif '--version' in sys.argv:\n    print('7.1')\n    sys.exit(0)\n{COMPANION}");
    bench.service("versioned", &program, &checks("ask = \"version\""));
    bench.ok(&["launch", "versioned", "--wait"]);
    let seen = bench.until_so("versioned", "a good check", |seen| seen["health"]["state"] == "good");
    assert_eq!(seen["health"]["output"], "7.1\n");
    bench.service("bad", COMPANION, &checks("exec = [\"sh\", \"-c\", \"echo broken disk; exit 1\"]"));
    bench.ok(&["launch", "bad", "--wait"]);
    let seen = bench.until("bad", "unhealthy");
    assert_eq!(seen["last_error"], "health check: broken disk");
    // A question is no run: the history holds the two services only.
    assert_eq!(bench.ok(&["runs"])["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn http_and_tcp_go_through_the_port_as_a_client_would() {
    let bench = Bench::new();
    let port = "[[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"listen-fds\"\n";
    let ready = "[service.ready]\nhttp = { port = \"http\", path = \"/health\", status = 200 }\nwithin = \"30s\"\n";
    let health = "[service.health]\nhttp = { port = \"http\", path = \"/health\", status = 200 }\nevery = \"50ms\"\ntimeout = \"5s\"\nfailures = 2\n";
    bench.service("web", WEB, &format!("[service]\nadapter = \"none\"\nrestart = \"on-failure\"\nbackoff = {{ first = \"10ms\", factor = 1, most = \"10ms\", calm = \"60s\" }}\n{port}{ready}{health}"));
    bench.ok(&["launch", "web", "--wait"]);
    let seen = bench.until_so("web", "a good check", |seen| seen["health"]["state"] == "good");
    assert_eq!(seen["health"]["output"], "fine");
    // It breaks itself; the checks notice, and it is started again.
    let number = seen["ports"][0]["port"].as_u64().unwrap() as u16;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", number)).unwrap();
    std::io::Write::write_all(&mut stream, b"GET /break HTTP/1.0\r\n\r\n").unwrap();
    let seen =
        bench.until_so("web", "another start", |seen| seen["incarnation"] == 2 && seen["health"]["state"] == "good");
    assert_eq!(seen["last_error"], "health check: status 503 instead of 200: broken");
    let tcp = "[service.health]\ntcp = \"http\"\nevery = \"50ms\"\ntimeout = \"5s\"\nfailures = 2\n";
    bench.service("tcp", WEB, &format!("[service]\nadapter = \"none\"\n{port}{tcp}"));
    bench.ok(&["launch", "tcp", "--wait"]);
    bench.until_so("tcp", "a good check", |seen| seen["health"]["state"] == "good");
}

#[test]
fn a_keeper_of_a_deleted_workspace_ends_even_while_its_checks_keep_failing() {
    let bench = Bench::new();
    let deaf = "import sys\nfor line in sys.stdin:\n    pass\n";
    // Checks are due more often than the keeper looks for its workspace.
    let often = checks("ask = \"ping\"").replace("5s", "20ms").replace("50ms", "20ms");
    let mark = bench.service("deaf", deaf, &often);
    bench.ok(&["launch", "deaf", "--wait"]);
    bench.until("deaf", "unhealthy");
    std::fs::remove_dir_all(bench.state()).unwrap();
    Bench::until_gone(&mark);
}

#[test]
fn what_is_not_checked_says_so() {
    let (bench, _) = Bench::with_companion("");
    bench.ok(&["launch", "companion", "--wait"]);
    assert_eq!(bench.instance("companion")["health"]["state"], "not checked");
}

#[test]
fn a_port_that_nobody_serves_is_not_well() {
    let bench = Bench::new();
    let sleeps = "import time\nwhile True:\n    time.sleep(1)\n";
    let passes = if super::ports::relays(&bench) { &["relay", "listen-fds"][..] } else { &["listen-fds"] };
    let kinds = [("tcp", "tcp = \"http\""), ("http", "http = \"/\"")];
    for (pass, (kind, check)) in passes.iter().flat_map(|pass| kinds.map(|kind| (pass, kind))) {
        let name = format!("sleeps-{pass}-{kind}");
        let more = format!(
            "[service]\nadapter = \"none\"\nrestart = \"never\"\n[[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"{pass}\"\n\
             [service.health]\n{check}\nevery = \"50ms\"\ntimeout = \"300ms\"\nfailures = 2\n"
        );
        bench.service(&name, sleeps, &more);
        bench.ok(&["launch", &name, "--wait"]);
        let seen = bench.until(&name, "unhealthy");
        assert_eq!(seen["health"]["state"], "bad", "{name}: {seen}");
    }
}

#[test]
fn a_service_that_hangs_is_unhealthy_although_messages_wait_for_it() {
    let often = checks("ask = \"ping\"").replace("5s", "1s");
    let answers = |stream| super::sockets::answer(&stream);
    // A control: one that works on its first message for long is not asked, and stays as it is.
    let (works, _) = Bench::with_companion(&often);
    let (hangs, _) = Bench::with_companion(&often);
    for bench in [&works, &hangs] {
        bench.ok(&["launch", "companion", "--wait"]);
        bench.until_so("companion", "a good check", |seen| seen["health"]["state"] == "good");
    }
    let _long = works.ask_message("pause 1000", 600_000);
    works.until_so("companion", "the message", |seen| seen["exchanges"].as_array().is_some_and(|all| all.len() == 1));
    assert_eq!(answers(hangs.ask_message("pause 1000", 100))["message"], "companion: no answer in time");
    let _next = hangs.ask_message("hello", 600_000);
    hangs.until("companion", "unhealthy");
    assert_eq!(works.instance("companion")["state"], "running");
}
