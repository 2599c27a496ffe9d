//! Runs of real processes: every kind of end, and what must never happen before it.

mod connector;
mod endings;
mod given;
mod joined;
mod listeners;
mod observed;
mod secret;
mod service;

use super::dependencies::place_of_environment;
use super::prepare::prepare_for;
use super::*;
use crate::domain::{
    CostTier, Dialect, FileMode, InputMode, IsolationLevel, LimitsDeclared, Manifest, Permissions, Recipe, RunEnd,
    Secret, Stream, ToolName, VersionFile,
};
use crate::needs;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longer than any step here takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Bench {
    dir: tempfile::TempDir,
    manifest: Manifest,
    input: Option<Value>,
    profile: Profile,
    timeout: Option<Duration>,
    caller: BTreeMap<OsString, OsString>,
    secrets: BTreeMap<String, Secret>,
    machine: Machine,
    least: IsolationLevel,
    observe: bool,
    writes: crate::domain::WriteMode,
}

struct Finished {
    report: Report,
    stdout: String,
    stderr: String,
    took: Duration,
}

fn manifest(command: &[&str], input: InputMode) -> Manifest {
    let recipe = Recipe { command: command.iter().map(|word| (*word).to_owned()).collect(), ..Recipe::blank(input) };
    Manifest { recipe: Some(recipe), ..Manifest::blank("bench".parse::<ToolName>().unwrap(), Dialect::Native) }
}

impl Bench {
    fn new(command: &[&str]) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["version", "workspace", "scratch", "state"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Bench {
            dir,
            manifest: manifest(command, InputMode::None),
            input: None,
            profile: Profile::Strict,
            timeout: None,
            caller: std::env::vars_os().collect(),
            secrets: BTreeMap::new(),
            machine: Machine::new(Bubblewrap::Auto, None),
            least: IsolationLevel::Confined,
            observe: false,
            writes: crate::domain::WriteMode::Direct,
        }
    }

    fn sh(script: &str) -> Bench {
        Bench::new(&["sh", "-c", script])
    }

    fn python(script: &str) -> Bench {
        Bench::new(&["python3", "-c", script])
    }

    fn recipe(&mut self) -> &mut Recipe {
        self.manifest.recipe.as_mut().unwrap()
    }

    fn with_input(mut self, mode: InputMode, input: Value) -> Bench {
        self.recipe().input = mode;
        self.input = Some(input);
        self
    }

    fn within(mut self, timeout: Duration) -> Bench {
        self.timeout = Some(timeout);
        self
    }

    fn with_limits(mut self, limits: LimitsDeclared) -> Bench {
        self.manifest.limits = limits;
        self
    }

    /// The files of the version, as a scan would have read them.
    fn files(&self) -> Vec<VersionFile> {
        let entries = fs::read_dir(self.path("version")).unwrap().map(|entry| entry.unwrap());
        let read = |entry: fs::DirEntry| VersionFile {
            path: entry.file_name().into_string().unwrap(),
            mode: if entry.metadata().unwrap().permissions().mode() & 0o111 == 0 {
                FileMode::Plain
            } else {
                FileMode::Executable
            },
            bytes: fs::read(entry.path()).unwrap(),
        };
        entries.map(read).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn spec(&self) -> Result<Spec, RunEnd> {
        let spec = self.asked(|request| prepare_for(request, &self.caller));
        spec.map(|spec| spec.with_grace(Duration::from_millis(200)))
    }

    fn asked<T>(&self, act: impl FnOnce(&StartRequest<'_>) -> T) -> T {
        let given = RunEnvironment::of(&self.manifest.permissions.env, self.secrets.clone(), &self.caller);
        let request = StartRequest {
            manifest: &self.manifest,
            version_dir: &self.path("version"),
            files: &self.files(),
            workspace: &self.path("workspace"),
            scratch: &self.path("scratch"),
            input: self.input.as_ref(),
            timeout: self.timeout,
            usual_timeout: None,
            profile: self.profile,
            writes: self.writes,
            ours: &[],
            spool: &self.path("spool"),
            origin: &self.path("workspace"),
            given: &given,
            interpreters: &Interpreters::default(),
            sources: Sources::Caller,
            machine: &self.machine,
            least: self.least,
            observe: self.observe,
            state: &self.path("state"),
            staged: &self.path("staged"),
            kept: None,
            environments: &self.path("environments"),
        };
        act(&request)
    }

    fn start(&self) -> Running {
        start(self.spec().unwrap(), Hooks::default())
    }

    fn run(&self) -> Finished {
        let begun = Instant::now();
        let report = self.start().wait();
        let took = begun.elapsed();
        Finished { report, stdout: self.output(Stream::Stdout), stderr: self.output(Stream::Stderr), took }
    }

    fn output(&self, stream: Stream) -> String {
        let mut bytes = Vec::new();
        Spool::open(&self.path("spool")).unwrap().bytes(Some(stream)).read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

const FINE: RunEnd = RunEnd::Succeeded { exit_code: 0 };

fn failed(exit_code: i32, reason: &str) -> RunEnd {
    RunEnd::Failed { exit_code, reason: reason.to_owned() }
}

fn limit(end: &RunEnd) -> &str {
    match end {
        RunEnd::LimitExceeded { limit, .. } => limit,
        other => panic!("no limit: {other:?}"),
    }
}

/// Waits for a condition.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::yield_now();
    }
}

/// Waits until the tail holds `text`.
fn wait_for(running: &Running, text: &str) {
    let tail = running.tail();
    wait_until(text, || {
        let seen: Vec<u8> = tail.since(0).0.into_iter().flat_map(|frame| frame.bytes).collect();
        String::from_utf8_lossy(&seen).contains(text)
    });
}

/// A number of seconds for `sleep` that no other process uses.
fn mark() -> String {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    format!("300.{}{number:03}", std::process::id())
}

/// The living processes that have this argument, as the host sees them.
fn processes_with(argument: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let has = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    };
    pids.filter(has).collect()
}

/// Waits until the process is gone.
fn wait_gone(pid: i32) {
    wait_until("the end of a process", || process_started(pid).is_none());
}

#[test]
fn bytes_are_kept_exactly_and_in_order() {
    let mut bench = Bench::python("import os; os.write(1, bytes(range(256))); os.write(1, b'10%\\r20%\\r\\x1b[31m')");
    bench.recipe().success.check_json = false;
    assert_eq!(bench.run().report.end, FINE);
    let mut kept = Vec::new();
    Spool::open(&bench.path("spool")).unwrap().bytes(Some(Stream::Stdout)).read_to_end(&mut kept).unwrap();
    let expected: Vec<u8> = (0..=255).chain(*b"10%\r20%\r\x1b[31m").collect();
    assert_eq!(kept, expected);
}

#[test]
fn the_first_bytes_are_seen_while_the_tool_still_runs() {
    let bench = Bench::sh("printf .; exec sleep 60");
    let running = bench.start();
    wait_for(&running, ".");
    wait_until("the count to change", || *running.changed().borrow() == 1);
    assert_eq!(bench.output(Stream::Stdout), ".", "counted before it was on disk");
    running.cancel();
    assert_eq!(running.wait().end, RunEnd::Cancelled);
}

#[test]
fn a_flood_is_cut_at_the_limit_and_only_its_end_stays_in_memory() {
    // More than the tail can store, and more than the profile allows if nothing is declared.
    let most = 300 << 20;
    let limits = LimitsDeclared { output_bytes: Some(most), ..LimitsDeclared::default() };
    let mut bench = Bench::sh("yes").within(PATIENCE).with_limits(limits);
    bench.profile = Profile::Declared;
    let running = bench.start();
    let tail = running.tail();
    let report = running.wait();
    assert_eq!((limit(&report.end), report.truncated), ("output", true));
    let kept = fs::metadata(bench.path("spool")).unwrap().len();
    assert!((most..most + (most >> 6)).contains(&kept), "{kept}");
    let (frames, cursor, skipped) = tail.since(0);
    let held: usize = frames.iter().map(|frame| frame.bytes.len()).sum();
    assert!(held <= 1 << 20);
    assert_eq!((cursor, skipped + held as u64), (most, most));
}

#[test]
fn a_process_in_the_background_neither_blocks_nor_survives() {
    for script in [
        "sleep MARK &",
        "(sleep MARK &) ",
        "setsid sleep MARK &",
        "sleep MARK > /dev/null 2>&1 &",
        "env -i setsid sleep MARK &",
    ] {
        let mark = mark();
        let run = Bench::sh(&script.replace("MARK", &mark)).run();
        assert_eq!(run.report.end, FINE, "{script}");
        assert!(run.took < PATIENCE, "{script}");
        assert_eq!(run.report.notes.len(), 1, "{script}: {:?}", run.report.notes);
        assert_eq!(processes_with(&mark), Vec::<i32>::new(), "{script}");
    }
}

#[test]
fn output_still_on_its_way_through_a_background_process_is_kept() {
    let run = Bench::new(&["bash", "-c", "exec > >(cat); echo late"]).run();
    assert_eq!((run.report.end, run.stdout.as_str()), (FINE, "late\n"));
}

#[test]
fn what_a_dead_owner_left_is_found_by_its_scratch_folder() {
    let bench = Bench::sh("setsid sleep 300 & echo $!; exec sleep 300");
    let (sender, starts) = mpsc::channel();
    let on_start = Box::new(move |run: StartedRun| sender.send((run.pid, run.since)).unwrap());
    let running = start(bench.spec().unwrap(), Hooks { on_start, ..Hooks::default() });
    let (pid, started) = starts.recv().unwrap();
    assert_eq!(process_started(pid), Some(started));
    wait_for(&running, "\n");
    assert!(!kill_group(pid, started + 1));
    assert_eq!(sweep(Path::new("/no/such/scratch")), 0);
    assert!(sweep(&bench.path("scratch")) >= 2);
    let report = running.wait();
    assert!(matches!(report.end, RunEnd::Killed { signal: 9 } | RunEnd::Interrupted), "{report:?}");
    wait_gone(pid);
}

/// The other half of the test below: a process that owns a run until it is killed.
#[test]
#[ignore = "started by the test below"]
fn an_owner_to_be_killed() {
    let bench = Bench::sh("exec sleep 300");
    let on_start = Box::new(|run: StartedRun| println!("\nstarted {} {}", run.pid, run.since));
    let _ = start(bench.spec().unwrap(), Hooks { on_start, ..Hooks::default() }).wait();
}

#[test]
fn a_run_dies_with_its_owner() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut command = Command::new(std::env::current_exe().unwrap());
    let test = "runner::tests::an_owner_to_be_killed";
    let dir = tempfile::tempdir().unwrap();
    command.args(["--exact", test, "--ignored", "--nocapture"]).env("TMPDIR", dir.path()).stdout(Stdio::piped());
    let mut owner = command.spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let numbers = lines.map(Result::unwrap).find_map(|line| line.strip_prefix("started ").map(str::to_owned)).unwrap();
    let (pid, started) = numbers.split_once(' ').unwrap();
    let pid: i32 = pid.parse().unwrap();
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_until("the end of the tool", || process_started(pid).map(|s| s.to_string()).as_deref() != Some(started));
}

#[test]
fn a_run_whose_owner_no_longer_listens_ends() {
    let seconds = mark();
    let bench = Bench::new(&["sleep", &seconds]);
    let child = super::run::child::spawn(&bench.spec().unwrap(), prepare::spec::Handed::default()).unwrap();
    // The supervisor notices it when it sends a message, not through the end of the socket, which stays open.
    rustix::net::shutdown(&child.control, rustix::net::Shutdown::Read).unwrap();
    wait_gone(child.supervisor.pid);
    assert_eq!(processes_with(&seconds), [0; 0]);
}

#[test]
fn dropping_the_handle_lets_the_run_go_on() {
    let bench = Bench::sh("echo done");
    let (sender, ends) = mpsc::channel();
    let on_end = Box::new(move |report: &Report| sender.send(report.end.clone()).unwrap());
    drop(start(bench.spec().unwrap(), Hooks { on_end, ..Hooks::default() }));
    assert_eq!(ends.recv_timeout(PATIENCE), Ok(FINE));
}

#[test]
fn a_panicking_hook_ends_the_run_and_is_reported() {
    let bench = Bench::sh("exec sleep 300");
    let (sender, starts) = mpsc::channel();
    let on_start = Box::new(move |run: StartedRun| {
        sender.send(run.pid).unwrap();
        panic!("a broken hook");
    });
    let running = start(bench.spec().unwrap(), Hooks { on_start, ..Hooks::default() });
    assert_eq!(running.wait().end, RunEnd::Interrupted);
    wait_gone(starts.recv().unwrap());
}

#[test]
fn many_runs_at_once_do_not_disturb_each_other() {
    let benches: Vec<Bench> = (0..20).map(|i| Bench::sh(&format!("echo {i}; exit {i}"))).collect();
    let running: Vec<Running> = benches.iter().map(Bench::start).collect();
    for (i, (bench, running)) in benches.iter().zip(running).enumerate() {
        let end = if i == 0 { FINE } else { failed(i as i32, &format!("exit code {i}")) };
        assert_eq!((running.wait().end, bench.output(Stream::Stdout)), (end, format!("{i}\n")));
    }
}

#[test]
fn a_script_runs_with_the_environment_of_its_own_at_every_level() {
    let mut bench = Bench::new(&["python3", "{file}"]);
    bench.recipe().entry = Some("main.py".to_owned());
    let script = "# /// script\n# dependencies = ['absent_a']\n# ///\nimport absent_a\nprint(absent_a.WORD)\n";
    fs::write(bench.path("version/main.py"), script).unwrap();
    let python = Bench::python("").spec().unwrap().interpreter().unwrap().clone();
    let series: Vec<&str> = python.version.split('.').take(2).collect();
    let folder = bench.asked(|request| place_of_environment(&request.need(), &bench.caller)).unwrap();
    let lib = folder.join(format!("lib/python{}/site-packages", series.join(".")));
    for folder in [lib.join("absent_a-1.dist-info"), folder.join("bin")] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(lib.join("absent_a.py"), "WORD = 'its own'\n").unwrap();
    let home = Path::new(&python.path).parent().unwrap().display();
    fs::write(folder.join("pyvenv.cfg"), format!("home = {home}\n")).unwrap();
    fs::write(folder.join("uv.lock"), "").unwrap();
    std::os::unix::fs::symlink(&python.path, folder.join("bin/python3")).unwrap();
    // The user that tools run as must be able to enter it.
    fs::set_permissions(bench.path("."), fs::Permissions::from_mode(0o755)).unwrap();
    for machine in [Bubblewrap::Auto, Bubblewrap::Off] {
        bench.machine = Machine::new(machine, None);
        let run = bench.run();
        assert_eq!((run.report.end, run.stdout.as_str()), (FINE, "its own\n"), "{}", run.stderr);
    }
}

#[test]
fn the_label_is_what_the_machine_gives_and_below_the_least_level_nothing_starts() {
    let mut bench = Bench::sh("echo ran");
    assert_eq!(bench.run().report.isolation.level, bench.machine.level());
    bench.machine = Machine::new(Bubblewrap::Off, None);
    assert_eq!(bench.run().report.isolation.level, IsolationLevel::Confined);
    bench.least = IsolationLevel::Isolated;
    let Err(RunEnd::Uncontained { message }) = bench.spec() else { panic!("it would start") };
    assert!(message.contains("isolation isolated is required, but this machine provides confined"), "{message}");
}

#[test]
fn a_bubblewrap_that_builds_nothing_is_found_out() {
    // Each starts the given command after the build options; the second gives a false answer to the test run.
    let start = "while [ \"$1\" != -- ]; do shift; done; shift";
    let lie = "[ \"$1\" = /bin/readlink ] && echo 'pid:[1]' && exit";
    for (lies, lie) in [(false, "true"), (true, lie)] {
        let mut bench = Bench::sh("echo ran");
        let path = bench.path("bwrap");
        crate::outside::fixture::executable(&path, &format!("#!/bin/sh\n{start}\n{lie}\nexec \"$@\"\n"));
        fs::set_permissions(bench.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        bench.machine = Machine::new(Bubblewrap::At(path), None);
        bench.least = IsolationLevel::Isolated;
        if !lies {
            let Err(RunEnd::Uncontained { message }) = bench.spec() else { panic!("it would start") };
            assert!(message.contains("is not bubblewrap"), "{message}");
            continue;
        }
        let report = bench.run().report;
        assert!(matches!(report.end, RunEnd::Uncontained { .. }), "{report:?}");
        assert_eq!(report.isolation.level, IsolationLevel::None);
        assert_ne!(bench.output(Stream::Stdout), "ran\n");
    }
}

#[test]
fn node_works_within_the_limits_and_its_endings_are_understood() {
    if !needs::has(&[&needs::NODE]) {
        return;
    }
    let node = |script: &str| Bench::new(&["node", "-e", script]);
    let work = "const {Worker} = require('worker_threads');
        new Worker('require(\"worker_threads\").parentPort.postMessage(7)', {eval: true})
            .on('message', n => console.log(n, require('child_process').execSync('echo sub').toString().trim()))";
    let run = node(work).run();
    assert_eq!((run.report.end, run.stdout.as_str()), (FINE, "7 sub\n"), "{}", run.stderr);
    let thrown = failed(1, "TypeError: wrong");
    assert_eq!(node("function f() { throw new TypeError('wrong') }; f()").run().report.end, thrown);
    let greedy = node("const a = []; for (;;) a.push(new Array(100000).fill(1.5))");
    let limits = LimitsDeclared { memory_bytes: Some(256 << 20), ..Default::default() };
    assert_eq!(limit(&greedy.with_limits(limits).run().report.end), "memory");
}
