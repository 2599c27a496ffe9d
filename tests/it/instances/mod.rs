//! Services from outside: real keepers, real sandboxes, real processes.

mod agents;
mod calls;
mod causes;
mod ends;
mod handover;
mod health;
mod hints;
mod hostile;
mod kills;
mod life;
mod many;
mod own_ports;
mod planning;
mod ports;
mod probe;
mod screen;
mod sockets;
mod starts;
mod store;
mod strangers;
mod talk;

use crate::support::{Workspace, processes_with, unique_seconds};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// A companion that answers each message, and does what some messages ask for. Its last argument marks its process.
const COMPANION: &str = r#"
import json, os, sys, time
count = 0
for line in sys.stdin:
    try:
        said = json.loads(line)
    except ValueError:
        said = {"message": line.strip()}
    message = said.get("message")
    if message is None:
        print(json.dumps({"status": "fine"}), flush=True)
        continue
    count += 1
    if message.startswith("exit "):
        sys.exit(int(message.split()[1]))
    if message.startswith("pause "):
        time.sleep(float(message.split()[1]))
    if message == "context":
        print(json.dumps({"response": json.dumps(said.get("context"), sort_keys=True)}), flush=True)
    elif message.startswith("raw "):
        print(message[4:], flush=True)
    elif message.startswith("env "):
        print(json.dumps({"response": os.environ.get(message[4:], "-")}), flush=True)
    elif message == "silence":
        pass
    else:
        print(json.dumps({"response": f"{count}: {message}", "id": said.get("id")} if message == "numbered" else {"response": f"{count}: {message}"}), flush=True)
"#;

/// A workspace with services.
struct Bench {
    workspace: Workspace,
}

impl Bench {
    fn new() -> Bench {
        Bench { workspace: Workspace::new() }
    }

    /// Adds a service that runs this Python program, with further lines of its manifest; returns what marks its process.
    fn service(&self, name: &str, program: &str, more: &str) -> String {
        let mark = unique_seconds();
        let folder = format!("tools/experimental/{name}");
        self.workspace.write(&format!("{folder}/main.py"), program);
        self.workspace.write(
            &format!("{folder}/tool.toml"),
            &format!(
                "name = \"{name}\"\nkind = \"service\"\ndescription = \"A service.\"\ncost_tier = \"low\"\n[run]\n\
                 command = [\"python3\", \"{{file}}\", \"{mark}\"]\nfile = \"main.py\"\n{more}"
            ),
        );
        mark
    }

    /// A workspace with one companion.
    fn with_companion(more: &str) -> (Bench, String) {
        let bench = Bench::new();
        let mark = bench.service("companion", COMPANION, more);
        (bench, mark)
    }

    fn ok(&self, args: &[&str]) -> Value {
        let (answer, code) = self.workspace.json(args);
        assert_eq!(code, 0, "{args:?}: {answer}");
        answer
    }

    fn refused(&self, args: &[&str]) -> String {
        let (answer, code) = self.workspace.json(args);
        assert_ne!(code, 0, "{args:?}: {answer}");
        answer["error"]["message"].as_str().unwrap().to_owned()
    }

    fn say(&self, instance: &str, message: &str) -> String {
        self.ok(&["say", instance, message])["answer"].as_str().unwrap().to_owned()
    }

    fn instance(&self, name: &str) -> Value {
        self.ok(&["services", name])
    }

    /// Waits until an instance is in this state.
    fn until(&self, name: &str, state: &str) -> Value {
        self.until_so(name, state, |seen| seen["state"] == state)
    }

    fn until_so(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let seen = self.instance(name);
            if wanted(&seen) {
                return seen;
            }
            assert!(Instant::now() < give_up, "never {what}: {seen}");
        }
    }

    /// Waits until no process has this mark.
    fn until_gone(mark: &str) {
        let give_up = Instant::now() + PATIENCE;
        while !processes_with(mark).is_empty() {
            assert!(Instant::now() < give_up, "a process is left");
        }
    }

    /// Process numbers of the keepers of this workspace.
    fn keepers(&self) -> Vec<i32> {
        let root = self.workspace.root().to_string_lossy().into_owned();
        processes_with(&root).into_iter().filter(|pid| has_argument(*pid, "--as-service-keeper")).collect()
    }

    /// The folder with the state of the workspace.
    fn state(&self) -> PathBuf {
        let all = fs::read_dir(self.workspace.home().join("toolsmith/data/workspaces")).unwrap();
        let mut folders = all.map(|entry| entry.unwrap().path()).filter(|path| path.join("store.db").is_file());
        folders.next().unwrap()
    }

    /// What was said with an instance, as texts.
    fn said(&self, name: &str) -> Vec<String> {
        let exchanges = self.instance(name)["exchanges"].as_array().unwrap().clone();
        exchanges.iter().map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    }
}

fn has_argument(pid: i32, argument: &str) -> bool {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    // It may be over already.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

#[test]
fn the_bench_marks_the_process_of_a_service() {
    let (bench, mark) = Bench::with_companion("");
    assert_eq!(processes_with(&mark), Vec::<i32>::new());
    bench.ok(&["launch", "companion", "--wait"]);
    assert_eq!(processes_with(&mark).len(), 1);
    assert_eq!(bench.keepers().len(), 1);
}
