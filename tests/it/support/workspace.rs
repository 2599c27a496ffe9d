//! A workspace in a separate folder, with its own state, home and git identity.

use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long any step may take on a busy machine before a test fails.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// An isolated workspace. Everything is removed when it is dropped.
pub struct Workspace {
    folder: TempDir,
    /// The programs on the search path; `None` uses the search path of the tests.
    programs: Option<PathBuf>,
}

impl Workspace {
    /// Creates a workspace with the empty folders of every stage.
    pub fn new() -> Workspace {
        Workspace::new_in(&std::env::temp_dir())
    }

    /// Creates the same below this folder.
    pub fn new_in(place: &Path) -> Workspace {
        let workspace = Workspace { folder: tempfile::tempdir_in(place).unwrap(), programs: None };
        for stage in ["core", "approved", "experimental", "archived"] {
            fs::create_dir_all(workspace.path(&format!("tools/{stage}"))).unwrap();
        }
        fs::create_dir_all(workspace.home()).unwrap();
        workspace
    }

    /// Makes it a git repository and commits everything in it.
    pub fn with_git(self) -> Workspace {
        self.git(&["init", "-q", "-b", "main"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "start"]);
        self
    }

    /// Writes a bare Python script into `tools/experimental/`.
    pub fn with_script(self, name: &str, body: &str) -> Workspace {
        self.write(&format!("tools/experimental/{name}.py"), &format!("\"\"\"The tool {name}.\"\"\"\n{body}\n"));
        self
    }

    /// Copies the bundled tools of the repository.
    pub fn with_bundled_tools(self) -> Workspace {
        copy_folder(&super::repository().join("tools"), &self.path("tools"));
        self
    }

    /// Restricts the programs that later started programs can find to these.
    pub fn with_programs(mut self, names: &[&str]) -> Workspace {
        let folder = self.folder.path().join("programs");
        fs::create_dir(&folder).unwrap();
        for name in names {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
            std::os::unix::fs::symlink(found.unwrap(), folder.join(name)).unwrap();
        }
        self.programs = Some(folder);
        self
    }

    /// The workspace folder.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A path in the workspace.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// The folder that stands for the user's home and holds configuration and data.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file as an agent would: complete, under its final name at once.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// All environment variables of a program that a test starts.
    pub fn environment(&self) -> Vec<(OsString, OsString)> {
        let fixed = [
            ("HOME", self.home().into_os_string()),
            ("TOOLSMITH_HOME", self.home().join("toolsmith").into_os_string()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_AUTHOR_NAME", "Ada Reviewer".into()),
            ("GIT_AUTHOR_EMAIL", "ada@example.org".into()),
            ("GIT_COMMITTER_NAME", "Ada Reviewer".into()),
            ("GIT_COMMITTER_EMAIL", "ada@example.org".into()),
        ];
        // Without these, interpreters from a version manager are not found.
        let kept = ["PATH", "PYENV_ROOT", "NVM_DIR", "VOLTA_HOME"];
        let kept = kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut all: Vec<_> = fixed.into_iter().chain(kept).map(|(name, value)| (name.into(), value)).collect();
        if let Some(folder) = &self.programs {
            all.retain(|(name, _): &(OsString, OsString)| name != "PATH");
            all.push(("PATH".into(), folder.clone().into_os_string()));
        }
        all
    }

    /// The program, ready to run in the workspace; standard input is closed.
    pub fn toolsmith(&self, args: &[&str]) -> Command {
        like_an_editor();
        let mut command = Command::new(program());
        command.args(args).current_dir(self.root()).env_clear().envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// Runs the program with `--json` and returns its output and exit code.
    pub fn json(&self, args: &[&str]) -> (Value, i32) {
        self.answer(args, Stdio::null())
    }

    /// Does the same as [`Workspace::json`], as a human at a terminal.
    pub fn json_of_human(&self, args: &[&str]) -> (Value, i32) {
        let (_terminal, input) = super::terminal_input();
        self.answer(args, input)
    }

    fn answer(&self, args: &[&str], input: Stdio) -> (Value, i32) {
        let output = self.toolsmith(args).arg("--json").stdin(input).output().unwrap();
        let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{args:?} printed no JSON ({error}): {}", describe(&output));
        });
        (value, output.status.code().unwrap_or(-1))
    }

    /// Repeats a call with `--json` until the answer meets the condition.
    pub fn json_until(&self, args: &[&str], wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up = Instant::now() + PATIENCE;
        loop {
            let (value, _) = self.json(args);
            if wanted(&value) {
                return value;
            }
            assert!(Instant::now() < give_up, "{args:?} never gave what was wanted; last: {value:#}");
        }
    }

    /// Runs git in the workspace and returns its trimmed output.
    pub fn git(&self, args: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(args).current_dir(self.root()).env_clear().envs(self.environment());
        command.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z").env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
        let output = command.output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", describe(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The number of commits.
    pub fn commits(&self) -> usize {
        self.git(&["rev-list", "--count", "HEAD"]).parse().unwrap()
    }

    /// Waits for this number of commits: files move before the commit that records the move.
    pub fn wait_commits(&self, wanted: usize) {
        let give_up = Instant::now() + PATIENCE;
        while self.commits() != wanted {
            assert!(Instant::now() < give_up, "{} commits, never {wanted}", self.commits());
        }
    }
}

/// The program under test.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_toolsmith")
}

fn describe(output: &Output) -> String {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n{stdout}\n{stderr}", output.status)
}

/// Copies a folder and everything below it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Gives the test process the name of an editor. Like an editor, it starts servers for agents and acts for humans.
/// Under another name it would be recorded as the client of these servers, and would not count as a human's program.
fn like_an_editor() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let own = format!("/proc/self/task/{}/comm", std::process::id());
    ONCE.call_once(|| std::fs::write(own, "code").unwrap());
}
