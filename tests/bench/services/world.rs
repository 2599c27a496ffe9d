//! A workspace with services, and what their processes take.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program that is measured.
const PROGRAM: &str = env!("CARGO_BIN_EXE_toolsmith");

/// How long anything may take before there is nothing to measure.
const PATIENCE: Duration = Duration::from_mins(2);

/// Clock ticks of a second in the figures of the kernel.
const TICKS: f64 = 100.0;

/// A workspace and the state of its user. Keepers end by themselves when it is removed.
pub struct World {
    workspace: TempDir,
    home: TempDir,
}

impl World {
    pub fn new() -> World {
        let folder = || tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for a workspace: {error}"));
        World { workspace: folder(), home: folder() }
    }

    pub fn workspace(&self) -> &Path {
        self.workspace.path()
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Adds a tool: its command, as TOML, and further lines of its manifest.
    pub fn tool(&self, name: &str, kind: &str, command: &str, more: &str) {
        let folder = self.workspace.path().join("tools/experimental").join(name);
        let manifest = format!(
            "name = \"{name}\"\nkind = \"{kind}\"\ndescription = \"Measured.\"\ncost_tier = \"low\"\n[run]\n\
             command = {command}\n{more}"
        );
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("tool.toml"), manifest));
        written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }

    /// Adds a service that is a Python program.
    pub fn python(&self, name: &str, program: &str, more: &str) {
        self.tool(name, "service", "[\"python3\", \"{file}\"]", &format!("file = \"main.py\"\n{more}"));
        let file = self.workspace.path().join("tools/experimental").join(name).join("main.py");
        fs::write(&file, program).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    fn output(&self, args: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.arg("--workspace").arg(self.workspace.path()).args(args).arg("--json").stdin(Stdio::null());
        let done = command.env("TOOLSMITH_HOME", self.home.path()).output();
        done.unwrap_or_else(|error| panic!("{PROGRAM}: {error}"))
    }

    /// Calls the program and reads its JSON.
    pub fn call(&self, args: &[&str]) -> Value {
        let done = self.output(args);
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{args:?}: {error}: {text}"))
    }

    /// How long a call takes.
    pub fn timed(&self, args: &[&str]) -> Duration {
        let began = Instant::now();
        self.call(args);
        began.elapsed()
    }

    /// Waits until something can be said of an instance.
    pub fn until(&self, instance: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let seen = self.call(&["services", instance]);
            if wanted(&seen) {
                return seen;
            }
            assert!(Instant::now() < give_up, "{instance}: {seen}");
        }
    }

    pub fn end(&self, instance: &str) {
        self.call(&["terminate", instance]);
        self.until(instance, |seen| seen["state"] == "stopped");
    }

    /// The number of the first port of an instance.
    pub fn port(&self, instance: &str) -> u16 {
        let port = self.call(&["services", instance])["ports"][0]["port"].as_u64();
        port.and_then(|port| u16::try_from(port).ok()).unwrap_or_else(|| panic!("{instance} has no port"))
    }

    /// Numbers of the keepers of this workspace.
    pub fn keepers(&self) -> Vec<u32> {
        let root = self.workspace.path().as_os_str().as_encoded_bytes();
        let mine = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let mut words = line.split(|byte| *byte == 0);
            words.any(|word| word == b"--as-service-keeper") && words.any(|word| word == root)
        };
        processes().into_keys().filter(mine).collect()
    }
}

/// Every process and its parent.
fn processes() -> BTreeMap<u32, u32> {
    let entries = fs::read_dir("/proc").unwrap_or_else(|error| panic!("/proc: {error}"));
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?.get(1)?.parse().ok()?))).collect()
}

/// The processes that one of these started, and they themselves.
pub fn families(roots: &[u32]) -> Vec<u32> {
    let parents = processes();
    let belongs = |pid: &u32| {
        let mut above = Some(pid);
        while let Some(pid) = above {
            if roots.contains(pid) {
                return true;
            }
            above = parents.get(pid);
        }
        false
    };
    parents.keys().filter(|pid| belongs(pid)).copied().collect()
}

/// The fields of a process from its state on; `None` when it is gone.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit(')').next()?.split_ascii_whitespace().map(str::to_owned).collect())
}

/// Processor time that a process took so far, seconds.
fn processor_seconds(pid: u32) -> f64 {
    let ticks = |place: usize| stat(pid).and_then(|fields| fields.get(place)?.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

/// Share of a core, in percent, that these processes take together for so long.
pub fn share(pids: &[u32], longest: Duration) -> f64 {
    let total = || pids.iter().map(|pid| processor_seconds(*pid)).sum::<f64>();
    let (before, began) = (total(), Instant::now());
    std::thread::sleep(longest);
    (total() - before) / began.elapsed().as_secs_f64() * 100.0
}

/// A figure of the memory of a process, MB: `Rss`, `Pss`, `Private_Dirty`.
pub fn memory(pid: u32, what: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
    let kib = line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
