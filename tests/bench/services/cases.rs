//! What is measured.

use super::Figure;
use super::world::{World, families, memory, share};
use crate::engine::open;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use toolsmith::domain::Caller;

type Measure = fn() -> Vec<Figure>;

/// What can be measured, by name.
pub const CASES: &[(&str, Measure)] = &[
    ("launch", launch),
    ("say", say),
    ("memory and idle, 1", || keepers(1)),
    ("memory and idle, 30", || keepers(30)),
    ("memory and idle, 200", || keepers(200)),
    ("relaunch, listen-fds", || relaunches("listen-fds")),
    ("relaunch, relay", || relaunches("relay")),
    ("throughput", throughput),
    ("flood", flood),
];

/// Waits for ever, with a port that is passed on.
const WAITING: &str = "[service]\nadapter = \"none\"\ninstances = 200\n[[service.ports]]\nname = \"http\"\nport = \"auto\"\n\
    pass = \"listen-fds\"\n";

/// Answers each line with a line.
const ECHO: &str = "import sys\nfor line in sys.stdin:\n    print('{\"response\": \"yes\"}', flush=True)\n";

/// Accepts at a socket that is inherited, or bound to the port of its variable, and answers each connection.
const SERVER: &str = r#"
import os, socket
if "LISTEN_FDS" in os.environ:
    own = socket.socket(fileno=3)
else:
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.bind(("127.0.0.1", int(os.environ["PORT"])))
    own.listen(64)
block = b"x" * 65536
while True:
    peer, _ = own.accept()
    with peer:
        try:
            for _ in range(4096 if peer.recv(1) == b"!" else 0):
                peer.sendall(block)
            peer.sendall(b"up")
        except OSError:
            pass
"#;

/// Bytes that [`SERVER`] sends to who asks for many.
const MANY_BYTES: usize = 4096 * 65_536;

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort_unstable();
    values[values.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn launch() -> Vec<Figure> {
    let world = World::new();
    world.tool("plain", "command", "[\"true\"]", "");
    world.tool("ready", "service", "[\"sleep\", \"infinity\"]", "[service]\nadapter = \"none\"\n");
    let (mut runs, mut launches) = (Vec::new(), Vec::new());
    for round in 0..21 {
        let run = world.timed(&["run", "plain"]);
        let launch = world.timed(&["launch", "ready", "--wait"]);
        world.end("ready");
        // The first ones find out what the machine can do.
        if round > 0 {
            runs.push(run);
            launches.push(launch);
        }
    }
    let (run, launch) = (median(runs), median(launches));
    let more = launch.saturating_sub(run);
    vec![
        Figure::new("`run` of a program that ends at once", ms(run), ""),
        Figure::new("`launch --wait` of one that waits", ms(launch), ""),
        Figure::new("difference", ms(more), "30 ms"),
    ]
}

fn say() -> Vec<Figure> {
    let world = World::new();
    world.python("echo", ECHO, "");
    world.call(&["launch", "echo", "--wait"]);
    let engine = open(world.workspace(), world.home());
    let caller = Caller::Human("bench".to_owned());
    let ask = || {
        let began = Instant::now();
        let said = engine.services().say("echo", "hello", Duration::from_mins(1), &caller);
        let said = said.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(said.answer, "yes");
        began.elapsed()
    };
    ask();
    let calls: Vec<Duration> = (0..200).map(|_| ask()).collect();
    let (verbs, looks): (Vec<_>, Vec<_>) =
        (0..20).map(|_| (world.timed(&["say", "echo", "hello"]), world.timed(&["services", "echo"]))).unzip();
    let (plain, said) = (median(pipe()), median(calls));
    vec![
        Figure::new("the same program at a plain pipe", ms(plain), ""),
        Figure::new("call of the engine, kept and answered", ms(said), ""),
        Figure::new("difference", ms(said.saturating_sub(plain)), "5 ms"),
        Figure::new("`toolsmith say`, with the start of the program", ms(median(verbs)), ""),
        Figure::new("`toolsmith services echo`, a call that only looks", ms(median(looks)), ""),
    ]
}

/// Round trips with the echo at a pipe.
fn pipe() -> Vec<Duration> {
    let mut child = Command::new("python3");
    let child = child.args(["-c", ECHO]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{error}"));
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else { panic!("no pipes") };
    let mut output = BufReader::new(output);
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        let mut line = String::new();
        let heard = input.write_all(b"{\"message\": \"hello\"}\n").and_then(|()| output.read_line(&mut line));
        assert!(heard.is_ok_and(|got| got > 0));
        times.push(began.elapsed());
    }
    drop(input);
    child.wait().unwrap_or_else(|error| panic!("{error}"));
    times
}

fn keepers(number: usize) -> Vec<Figure> {
    let world = World::new();
    world.tool("many", "service", "[\"sleep\", \"infinity\"]", WAITING);
    let began = Instant::now();
    for place in 0..number {
        world.call(&["launch", "many", "--instance", &format!("i{place}"), "--wait"]);
    }
    let took = began.elapsed();
    let listed = world.call(&["services"]);
    let ports = listed["services"].as_array().into_iter().flatten().map(|service| service["ports"][0]["port"].as_u64());
    let different: std::collections::BTreeSet<u64> = ports.flatten().collect();
    // Those who came last write what they are doing, and then rest.
    std::thread::sleep(Duration::from_secs(3));
    let keepers = world.keepers();
    let all = families(&keepers);
    let share_of_all = share(&all, Duration::from_secs(10));
    let share_of_keepers = share(&keepers, Duration::from_secs(10));
    let each = |what: &str| keepers.iter().map(|pid| memory(*pid, what)).collect::<Vec<_>>();
    let sum = |what: &str, pids: &[u32]| pids.iter().map(|pid| memory(*pid, what)).sum::<f64>();
    let most = |what: &str| each(what).into_iter().fold(0.0, f64::max);
    vec![
        Figure::new("launched one after the other", format!("{:.2} s", took.as_secs_f64()), ""),
        Figure::new("keepers and different ports", format!("{} and {}", keepers.len(), different.len()), "all"),
        Figure::new("resident memory of a keeper, at most", format!("{:.1} MB", most("Rss")), "12 MB"),
        Figure::new("its share (Pss), at most", format!("{:.1} MB", most("Pss")), "12 MB"),
        Figure::new("of it written to, at most", format!("{:.1} MB", most("Private_Dirty")), ""),
        Figure::new("all keepers together (Pss)", format!("{:.0} MB", sum("Pss", &keepers)), ""),
        Figure::new("with supervisors and services (Pss)", format!("{:.0} MB", sum("Pss", &all)), ""),
        Figure::new("keepers while idle, share of a core", format!("{share_of_keepers:.2} %"), "0 %"),
        Figure::new("with supervisors and services", format!("{share_of_all:.2} %"), ""),
    ]
}

fn ask(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    stream.write_all(b"?")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn server(pass: &str) -> World {
    let world = World::new();
    let ports = format!("[[service.ports]]\nname = \"http\"\nport = \"auto\"\npass = \"{pass}\"\n");
    world.python("server", SERVER, &format!("[service]\nadapter = \"none\"\n{ports}"));
    world.call(&["launch", "server", "--wait"]);
    world
}

fn relaunches(pass: &str) -> Vec<Figure> {
    const RELAUNCHES: u64 = 50;
    let world = server(pass);
    let port = world.port("server");
    let over = AtomicBool::new(false);
    let began = Instant::now();
    let (asked, refused, cut) = std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let (mut asked, mut refused, mut cut) = (0, 0, 0);
            while !over.load(Ordering::Acquire) {
                asked += 1;
                match ask(port) {
                    Ok(answer) if answer == "up" => {}
                    Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => refused += 1,
                    Ok(_) | Err(_) => cut += 1,
                }
            }
            (asked, refused, cut)
        });
        for number in 0..RELAUNCHES {
            world.call(&["relaunch", "server"]);
            world.until("server", |seen| seen["incarnation"] == number + 2 && seen["state"] == "running");
        }
        over.store(true, Ordering::Release);
        load.join().unwrap_or_else(|_| panic!("the load panicked"))
    });
    assert_eq!(world.port("server"), port);
    let took = format!("{:.1} s", began.elapsed().as_secs_f64());
    vec![
        Figure::new(format!("{RELAUNCHES} relaunches, connections meanwhile"), format!("{asked} in {took}"), ""),
        Figure::new("refused", refused.to_string(), "0"),
        Figure::new("cut with the process that had taken them", cut.to_string(), ""),
    ]
}

fn throughput() -> Vec<Figure> {
    let measure = |pass: &str| {
        let world = server(pass);
        let port = world.port("server");
        let read = || {
            let began = Instant::now();
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.write_all(b"!")?;
            let mut piece = vec![0; 1 << 18];
            let mut total = 0;
            while let got @ 1.. = stream.read(&mut piece)? {
                total += got;
            }
            assert_eq!(total, MANY_BYTES + 2);
            Ok::<_, std::io::Error>(began.elapsed())
        };
        let times = (0..5).map(|_| read().unwrap_or_else(|error| panic!("{pass}: {error}"))).collect();
        let rate = MANY_BYTES as f64 / median(times).as_secs_f64() / f64::from(1 << 20);
        let trips: Vec<Duration> = (0..200)
            .map(|_| {
                let began = Instant::now();
                assert!(ask(port).is_ok_and(|answer| answer == "up"));
                began.elapsed()
            })
            .collect();
        [
            Figure::new(format!("{pass}, 256 MiB from the service"), format!("{rate:.0} MiB/s"), ""),
            Figure::new(format!("{pass}, a connection with question and answer"), ms(median(trips)), ""),
        ]
    };
    ["listen-fds", "relay"].into_iter().flat_map(measure).collect()
}

fn flood() -> Vec<Figure> {
    let world = World::new();
    let flood = "import os, time\nblock = b'x' * 65535 + b'\\n'\nfor _ in range(16384):\n    os.write(1, block)\nprint('done', flush=True)\ntime.sleep(1e6)\n";
    let log = "[service]\nadapter = \"none\"\nlog = { most = \"1MiB\", keep = 3 }\n[service.ready]\nline = \"^done$\"\n\
               within = \"10m\"\n";
    world.python("flood", flood, log);
    let took = world.timed(&["launch", "flood", "--wait"]);
    let state = open(world.workspace(), world.home()).state_dir().join("runs");
    let files = std::fs::read_dir(&state).unwrap_or_else(|error| panic!("{}: {error}", state.display()));
    let kept: u64 = files.flatten().filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    let most = world.keepers().into_iter().map(|pid| memory(pid, "Rss")).fold(0.0, f64::max);
    let began = Instant::now();
    world.end("flood");
    vec![
        Figure::new("1 GiB of output until its last line is seen", format!("{:.1} s", took.as_secs_f64()), ""),
        Figure::new(
            "kept on disk (most = 1 MiB, keep = 3)",
            format!("{:.1} MiB", kept as f64 / f64::from(1 << 20)),
            "4 MiB",
        ),
        Figure::new("resident memory of its keeper right after it", format!("{most:.1} MB"), ""),
        Figure::new("terminate after it", ms(began.elapsed()), ""),
    ]
}
