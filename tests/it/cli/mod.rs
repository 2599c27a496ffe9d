//! The command line, tested through the real binary: each test has a workspace and a home of its own.

mod buffers;
mod bundle;
mod callers;
mod calling;
mod calls;
mod catalog;
mod checks;
mod decide;
mod detached;
mod dry_run;
mod facts;
mod figures;
mod links;
mod permissions;
mod requests;
mod reserved;
mod run;
mod secrets;
mod security_key;
mod settings;
mod staged;
mod steps;
mod tiers;
mod usage;
mod ways;

use crate::support::terminal_input;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A workspace, a home, and the program to call in them.
pub struct Shell {
    /// Holds everything; removed at the end of the test.
    dir: TempDir,
    /// Environment of every call, beside what [`Shell::environment`] sets.
    extra: Vec<(&'static str, String)>,
    /// Who calls the program; `None` is whoever runs the tests.
    user: Option<u32>,
}

/// What a call came to.
#[derive(Debug)]
pub struct Answered {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Answered {
    /// Checks the exit code; the message of a failure shows everything.
    #[track_caller]
    pub fn exits(self, code: i32) -> Answered {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr));
        assert_eq!(value["schema"], 1, "{value}");
        value
    }

    /// The code of the error on standard output.
    #[track_caller]
    pub fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_else(|| panic!("no error in {}", self.stdout)).to_owned()
    }
}

/// Ends the line below a page of what is read before an approval.
pub const PAGE_END: &str = "q: quit --";

impl Shell {
    /// An empty workspace: `tools/experimental/` and nothing in it.
    pub fn new() -> Shell {
        let shell = Shell::bare();
        fs::create_dir_all(shell.workspace().join("tools/experimental")).unwrap();
        shell
    }

    /// A folder that is no workspace.
    pub fn bare() -> Shell {
        let dir = TempDir::new().unwrap();
        for name in ["workspace", "home", "user"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Shell { dir, extra: Vec::new(), user: None }
    }

    /// Sets a variable for every later call.
    pub fn with(mut self, name: &'static str, value: &str) -> Shell {
        self.extra.push((name, value.to_owned()));
        self
    }

    pub fn workspace(&self) -> PathBuf {
        self.dir.path().join("workspace")
    }

    /// The folder of settings and state.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Writes the user's settings.
    pub fn configure(&self, text: &str) {
        let folder = self.home().join("config");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// Writes a file of the workspace.
    pub fn write(&self, path: &str, content: &str) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes a native tool in a stage: a shell script, and what else its manifest says.
    pub fn tool(&self, stage: &str, name: &str, script: &str, manifest: &str) {
        let base = format!("tools/{stage}/{name}");
        self.write(&format!("{base}/{name}.sh"), script);
        let tables_at = if manifest.starts_with('[') { Some(0) } else { manifest.find("\n[").map(|at| at + 1) };
        let (top, tables) = manifest.split_at(tables_at.unwrap_or(manifest.len()));
        let run = if tables.contains("[run]") {
            String::new()
        } else {
            format!("[run]\ncommand = [\"sh\", \"{{file}}\"]\nentry = \"{name}.sh\"\ninput = \"stdin-json\"\n")
        };
        let text = format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"{name} for a test\"\ncost_tier = \"low\"\n\
             {top}\n{run}{tables}"
        );
        self.write(&format!("{base}/tool.toml"), &text);
    }

    /// Makes the workspace a git repository with one commit.
    pub fn git(&self) {
        let run = |args: &[&str]| {
            let mut command = Command::new("git");
            command.args(args).current_dir(self.workspace());
            for (name, value) in self.environment() {
                command.env(name, value);
            }
            let done = command.output().unwrap();
            assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        run(&["init", "-q", "-b", "main"]);
        run(&["config", "user.name", "Ada Example"]);
        run(&["config", "user.email", "ada@example.org"]);
        run(&["add", "-A"]);
        run(&["commit", "-q", "--allow-empty", "-m", "start"]);
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let mut all = vec![
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", text(&self.dir.path().join("user"))),
            ("TOOLSMITH_HOME", text(&self.dir.path().join("home"))),
            ("GIT_CONFIG_NOSYSTEM", "1".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ];
        all.extend(self.extra.iter().cloned());
        all
    }

    /// Gives everything here to another user, who makes every later call. For tests that run as root.
    pub fn hand_over(&mut self, user: u32) {
        let mut command = Command::new("chown");
        let done = command.arg("-R").arg(format!("{user}:{user}")).arg(self.dir.path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        self.user = Some(user);
    }

    /// Whether calls are made by somebody else than root.
    pub fn is_plain(&self) -> bool {
        self.user.is_some() || !rustix::process::getuid().is_root()
    }

    /// Writes the user's settings.
    pub fn config(&self, text: &str) {
        let folder = self.dir.path().join("home/config");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
    }

    /// The program, as the user who calls it, with these arguments.
    fn words(&self, args: &[&str]) -> Vec<String> {
        let program = assert_cmd::cargo::cargo_bin("toolsmith").display().to_string();
        let args = args.iter().map(|arg| (*arg).to_owned());
        self.by_user(&std::iter::once(program).chain(args).collect::<Vec<_>>())
    }

    /// A command line as the user who calls.
    fn by_user(&self, words: &[String]) -> Vec<String> {
        let Some(user) = self.user else { return words.to_vec() };
        let [reuid, regid] = ["reuid", "regid"].map(|name| format!("--{name}={user}"));
        let setpriv = ["setpriv".to_owned(), reuid, regid, "--clear-groups".to_owned(), "--".to_owned()];
        [&setpriv, words].concat()
    }

    /// The program with these arguments, in the workspace, without input, its output collected.
    pub fn command(&self, args: &[&str]) -> Command {
        let words = self.words(args);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.workspace()).env_clear().envs(self.environment());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Calls the program.
    pub fn call(&self, args: &[&str]) -> Answered {
        Shell::ended(&mut self.command(args))
    }

    /// Calls the program as a human at a terminal does who pipes the output and answers a question with Enter.
    pub fn call_by_human(&self, args: &[&str]) -> Answered {
        let (terminal, input) = terminal_input();
        rustix::io::write(&terminal, b"\n").unwrap();
        Shell::ended(self.command(args).stdin(input))
    }

    /// Runs a program to its end.
    pub fn ended(command: &mut Command) -> Answered {
        let done = command.output().unwrap();
        Answered {
            code: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        }
    }

    /// Calls the program at a terminal; both streams arrive as one, in `stdout`. What is shown page by page is read to
    /// its end.
    pub fn at_terminal(&self, args: &[&str]) -> Answered {
        self.typing(args, "", "")
    }

    /// Calls the program at a terminal and types `keys` once it has written `prompt`.
    pub fn typing(&self, args: &[&str], prompt: &str, keys: &str) -> Answered {
        self.typing_into(&self.words(args), prompt, keys)
    }

    /// Runs another program at a terminal.
    pub fn program_at_terminal(&self, words: &[String]) -> Answered {
        self.typing_into(&self.by_user(words), "", "")
    }

    fn typing_into(&self, words: &[String], prompt: &str, keys: &str) -> Answered {
        let size = PtySize { rows: 40, cols: 100, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(&words[0]);
        command.args(&words[1..]);
        command.cwd(self.workspace());
        command.env_clear();
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut bytes = Vec::new();
        // A terminal whose other end is gone answers with an error, after everything was read.
        let mut block = [0; 4096];
        let mut writer = pair.master.take_writer().unwrap();
        let (mut untyped, mut pages) = (!keys.is_empty(), 0);
        while let Ok(read @ 1..) = reader.read(&mut block) {
            bytes.extend_from_slice(&block[..read]);
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if untyped && text.contains(prompt) {
                untyped = false;
                writer.write_all(keys.as_bytes()).unwrap();
            }
            let ended = text.matches(PAGE_END).count();
            if prompt != PAGE_END {
                writer.write_all("\r".repeat(ended - pages).as_bytes()).unwrap();
            }
            pages = ended;
        }
        let code = i32::try_from(child.wait().unwrap().exit_code()).unwrap();
        Answered { code, stdout: String::from_utf8_lossy(&bytes).into_owned(), stderr: String::new() }
    }

    /// The one review that waits, as JSON.
    #[track_caller]
    pub fn waiting_review(&self) -> Value {
        let reviews = self.call(&["reviews", "--json"]).exits(0).json()["reviews"].clone();
        let all = reviews.as_array().unwrap();
        assert_eq!(all.len(), 1, "{reviews}");
        all[0].clone()
    }
}
