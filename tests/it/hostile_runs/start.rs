//! Starting an attack: plainly, as anybody could, and as an experimental tool of the workbench.

use super::case::{Case, Way};
use super::user::User;
use super::world::{Outcome, Sign, World};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The level a run is asked for, through the user's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Isolated,
    Confined,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Level::Isolated => "isolated",
            Level::Confined => "confined",
        }
    }
}

/// The name of every hostile tool.
pub const TOOL: &str = "hostile";

/// How long a control may take that ends by itself.
const PATIENCE: Duration = Duration::from_secs(30);
/// The wall clock of a run.
const WALL: &str = "8s";
/// How often it is looked whether something happened that nobody tells.
pub const LOOK: Duration = Duration::from_millis(5);
/// Where a run must be over, on a busy machine.
const LAST: Duration = Duration::from_mins(1);

/// What programs say, as it comes: whether it is standard output, and bytes.
type News = Receiver<(bool, Vec<u8>)>;

/// Starts the attack as anybody could, without any walls.
pub fn plainly(case: &Case, world: &World) -> Outcome {
    let script = world.path("scratch/main.py");
    fs::write(&script, world.aimed(TOOL, case.attack)).unwrap();
    world.user().give(&script);
    let line = vec!["/usr/bin/python3".to_owned(), script.to_str().unwrap().to_owned()];
    let mut outcome = start(case, world, &line, case.overstays.unwrap_or(PATIENCE));
    if case.way == Way::Twice {
        outcome.output += &start(case, world, &line, PATIENCE).output;
    }
    fs::remove_file(&script).unwrap();
    if case.way == Way::Cleaner {
        clean_like_a_fool(world);
    }
    outcome
}

/// A cleaner that follows links, as one that was written in a hurry.
fn clean_like_a_fool(world: &World) {
    let find =
        Command::new("find").args(["-L", world.path("scratch").to_str().unwrap(), "-type", "f", "-delete"]).status();
    assert!(find.is_ok());
}

/// Runs the attack as an experimental tool.
pub fn sandboxed(case: &Case, world: &mut World, level: Level) -> Outcome {
    settle_workbench(case, world, level);
    let wall = case.wall.unwrap_or(WALL);
    let line = ["run", TOOL, "--json", "--timeout", wall].map(str::to_owned).to_vec();
    let line = [vec![super::program_path()], line].concat();
    let mut outcome = read_run(start(case, world, &line, LAST));
    if case.way == Way::Twice {
        outcome.output += &read_run(start(case, world, &line, LAST)).output;
    }
    outcome
}

/// Writes the tool and the settings.
pub fn settle_workbench(case: &Case, world: &mut World, level: Level) {
    let limits = if case.limits.is_empty() { String::new() } else { format!("[limits]\n{}\n", case.limits) };
    let manifest = format!(
        "name = \"{TOOL}\"\nversion = \"1.0.0\"\ndescription = \"An attack\"\n[run]\n\
         command = [\"python3\", \"{{file}}\"]\nentry = \"main.py\"\ninput = \"none\"\n{limits}"
    );
    let folder = world.path("work/tools/experimental").join(TOOL);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("tool.toml"), manifest).unwrap();
    fs::write(folder.join("main.py"), world.aimed(TOOL, case.attack)).unwrap();
    let bubblewrap = match level {
        Level::Isolated => "auto",
        Level::Confined => "off",
    };
    fs::create_dir_all(world.path("home/toolsmith/config")).unwrap();
    let settings = format!("[isolation]\nbubblewrap = \"{bubblewrap}\"\n");
    fs::write(world.path("home/toolsmith/config/config.toml"), settings).unwrap();
    world.user().give(&world.path("work"));
    world.user().give(&world.path("home/toolsmith"));
    // The workbench gives the workspace its id when it first opens it, which is no attack.
    let mut open = Command::new(super::program_path());
    open.args(["list", "--json"]).env_clear().envs(world.environment()).current_dir(world.path("work"));
    open.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(world.user().be(&mut open).status().unwrap().success());
    world.settle();
}

/// Puts the record and the output of the tool in the place of the answer that holds them.
fn read_run(said: Outcome) -> Outcome {
    let answer = said.output.lines().find(|line| line.starts_with("{\"schema\""));
    let answer: Value = answer.and_then(|line| serde_json::from_str(line.trim()).ok()).unwrap_or(Value::Null);
    let stream = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let output = format!("{}\n{}", stream("stdout"), stream("stderr"));
    let run = if answer["run"].is_object() { answer["run"].clone() } else { Value::String(said.output) };
    Outcome { output, run, ..said }
}

fn start(case: &Case, world: &World, line: &[String], patience: Duration) -> Outcome {
    let knocks = AtomicBool::new(case.way == Way::Reach);
    std::thread::scope(|scope| {
        let knocking = scope.spawn(|| knock(world.free_port(), &knocks));
        let begun = Instant::now();
        let mut outcome = match case.way {
            Way::Terminal => in_terminal(world, line, patience),
            _ => with_pipes(case, world, line, patience),
        };
        outcome.took = begun.elapsed();
        knocks.store(false, Ordering::Relaxed);
        if knocking.join().unwrap() {
            outcome.noticed.insert(Sign::Reached);
        }
        outcome
    })
}

/// Tries to reach the tool from outside until told to stop.
fn knock(port: u16, on: &AtomicBool) -> bool {
    while on.load(Ordering::Relaxed) {
        let mut room = [0; 8];
        let peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        if peer.is_ok_and(|mut peer| peer.read_exact(&mut room).is_ok() && &room == b"the tool") {
            return true;
        }
        std::thread::park_timeout(LOOK);
    }
    false
}

/// The line as the way wants it.
fn wrapped(case: &Case, world: &World, line: &[String]) -> Vec<String> {
    let shell = |script: &str, zeroth: String| {
        [vec!["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned(), zeroth], line.to_vec()].concat()
    };
    match case.way {
        Way::Heir => {
            let secret = world.path("home/.ssh/id_ed25519").to_str().unwrap().to_owned();
            shell("exec 5<\"$0\" 6<\"$0\"; exec \"$@\"", secret)
        }
        Way::Child => shell("\"$@\"; true", "sh".to_owned()),
        Way::Crowd => shell(
            "i=0; while [ $i -lt 100 ]; do sleep 30 & i=$((i + 1)); done >/dev/null 2>&1; \"$@\"; kill $(jobs -p) 2>/dev/null; true",
            "sh".to_owned(),
        ),
        Way::Terminal => shell(
            "stty -icanon -echo min 0 time 3; before=$(stty -g); \"$@\"; after=$(stty -g); stty \"$before\"; \
             [ \"$before\" = \"$after\" ] || echo; [ \"$before\" = \"$after\" ] || echo TERMINAL-CHANGED; \
             keys=$(dd bs=64 count=1 2>/dev/null); [ -z \"$keys\" ] || echo; [ -z \"$keys\" ] || echo KEYS-TYPED",
            "sh".to_owned(),
        ),
        Way::Plain | Way::Twice | Way::Reach | Way::Cleaner => line.to_vec(),
    }
}

fn with_pipes(case: &Case, world: &World, line: &[String], patience: Duration) -> Outcome {
    let line = wrapped(case, world, line);
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).env_clear().envs(world.environment());
    command.envs(case.extra.iter().map(|(name, value)| (name, world.path(value))));
    command.current_dir(if line.iter().any(|word| word == "run") { world.path("work") } else { world.path("scratch") });
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    world.user().be(&mut command);
    let mut child = command.spawn().unwrap();
    let (tx, news) = channel();
    let streams: [(bool, Box<dyn Read + Send>); 2] =
        [(true, Box::new(child.stdout.take().unwrap())), (false, Box::new(child.stderr.take().unwrap()))];
    for (is_stdout, stream) in streams {
        let tx = tx.clone();
        std::thread::spawn(move || pass_on(stream, |bytes| tx.send((is_stdout, bytes)).is_ok()));
    }
    drop(tx);
    let outcome = listen(&news, patience, || child.try_wait().unwrap().is_some());
    if outcome.noticed.contains(&Sign::Overstayed) {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    outcome
}

fn pass_on(mut stream: impl Read, mut to: impl FnMut(Vec<u8>) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 && to(buffer[..count].to_vec()) => {}
            _ => return,
        }
    }
}

/// Listens until the program has ended and says no more, or patience is over.
fn listen(news: &News, patience: Duration, mut has_ended: impl FnMut() -> bool) -> Outcome {
    let deadline = Instant::now() + patience;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut outcome = Outcome::default();
    let mut is_over = false;
    loop {
        match news.recv_timeout(Duration::from_millis(50)) {
            Ok((is_stdout, bytes)) => {
                let stream = if is_stdout { &mut stdout } else { &mut stderr };
                // What floods is read and not kept.
                if stream.len() < 8 << 20 {
                    stream.extend(bytes);
                }
            }
            Err(RecvTimeoutError::Disconnected) if has_ended() => break,
            Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(LOOK),
            // What it left may hold its output open; what it said itself has come after one more quiet while.
            Err(RecvTimeoutError::Timeout) if is_over => break,
            Err(RecvTimeoutError::Timeout) => is_over = has_ended(),
        }
        if Instant::now() > deadline {
            outcome.noticed.insert(Sign::Overstayed);
            break;
        }
    }
    outcome.output = format!("{}\n{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    outcome
}

fn in_terminal(world: &World, line: &[String], patience: Duration) -> Outcome {
    let case = Case { way: Way::Terminal, ..Case::named("", "") };
    let line = [world.user().prefix(), wrapped(&case, world, line)].concat();
    let mut command = CommandBuilder::new(&line[0]);
    command.args(&line[1..]);
    command.env_clear();
    for (name, value) in world.environment() {
        command.env(name, value);
    }
    command.cwd(world.path(if line.iter().any(|word| word == "run") { "work" } else { "scratch" }));
    let size = PtySize { rows: 24, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let reader = pair.master.try_clone_reader().unwrap();
    let (tx, news) = channel();
    std::thread::spawn(move || pass_on(reader, |bytes| tx.send((true, bytes)).is_ok()));
    let mut outcome = listen(&news, patience, || child.try_wait().unwrap().is_some());
    let _ = child.kill();
    let _ = child.wait();
    for (words, sign) in [("KEYS-TYPED", Sign::Typed), ("TERMINAL-CHANGED", Sign::TerminalChanged)] {
        if outcome.output.lines().any(|line| line.trim() == words) {
            outcome.noticed.insert(sign);
        }
    }
    outcome
}

/// As whom a case runs here: as root and as a plain user where the tests run as root.
pub fn users(case: &Case) -> Vec<User> {
    if !rustix::process::getuid().is_root() {
        // Without root there is no user to throw away.
        return if case.who == super::case::Who::Anybody { vec![User::Myself] } else { vec![] };
    }
    match case.who {
        super::case::Who::Anybody => vec![User::fresh(), User::Myself],
        super::case::Who::Root => vec![User::Myself],
        super::case::Who::Throwaway => vec![User::fresh()],
    }
}
