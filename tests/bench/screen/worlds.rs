//! The workspaces that are opened.

use super::terminal::Terminal;
use crate::team::{self, Decided};
use crate::workload;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Tools of the large workspace, counting the one that is searched for.
pub const MANY: usize = 10_000;
/// Tools of the largest workspace.
pub const MOST: usize = 100_000;

/// A workspace and the state of its user.
pub struct World {
    workspace: TempDir,
    home: TempDir,
    tools: usize,
    /// What else has to live as long.
    _team: Option<Decided>,
}

/// The program that is measured: built like a release.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_toolsmith");

impl World {
    fn of(workspace: TempDir) -> World {
        World { workspace, home: folder(), tools: MANY, _team: None }
    }

    /// Ten thousand tools that the store knows, one of them with an unusual word. Checks are off.
    pub fn many() -> World {
        World::with(MANY)
    }

    /// The same with so many tools.
    pub fn with(tools: usize) -> World {
        let world = World { tools, ..World::of(workload::workspace(tools - 1)) };
        world.write("tools/zebraxylophone.py", "\"\"\"Find the zebraxylophone.\"\"\"\nprint(1)\n");
        world.settings("[checks]\nbackground = false\n");
        world.call(&["list", "--json"]);
        world
    }

    /// Two tools: `flood`, approved, prints 50 MB without a pause.
    pub fn flood() -> World {
        let world = World::of(folder());
        world.write("tools/other.sh", "#!/bin/sh\necho other\n");
        let line = "a line of a flood that nobody can read";
        world.write("tools/flood.sh", &format!("#!/bin/sh\nyes '{line}' | head -c 50000000\n"));
        let manifest = "name = \"flood\"\n[run]\ncommand = [\"sh\", \"{file}\"]\ntimeout = \"10m\"\n\
                        [limits]\noutput = \"64MiB\"\n";
        world.write("tools/flood.toml", manifest);
        world.approve("flood");
        world
    }

    /// One tool, approved: it sleeps for so many seconds, and whoever looks for this number finds its process.
    pub fn sleeper(seconds: &str) -> World {
        let world = World::of(folder());
        world.write("tools/sleeper.sh", &format!("#!/bin/sh\n# Sleeps for a while.\nexec sleep {seconds}\n"));
        world.approve("sleeper");
        world
    }

    /// Approves a tool, as a human does: at a terminal, after every page.
    fn approve(&self, tool: &str) {
        let reviews: serde_json::Value = serde_json::from_slice(&self.call(&["reviews", "--json"]))
            .unwrap_or_else(|error| panic!("no list of reviews: {error}"));
        let of_tool = |review: &&serde_json::Value| review["tool"] == tool;
        let review = reviews["reviews"].as_array().into_iter().flatten().find(of_tool);
        let review = review.unwrap_or_else(|| panic!("nothing to approve: {reviews}"));
        let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap_or_default());
        let screen = self.open(&["approve", &id, "--digest", digest]).end("q: quit --", "\r");
        assert!(screen.contains("is approved"), "not approved: {screen}");
    }

    /// A token for an agent over HTTP.
    pub fn token(&self, agent: &str) -> String {
        let screen = self.open(&["token", agent]).end("toolsmith_", "");
        let token = screen.split_whitespace().find(|word| word.starts_with("toolsmith_"));
        token.unwrap_or_else(|| panic!("no token: {screen}")).to_owned()
    }

    /// Two hundred tools of somebody whose team decided this often.
    pub fn of_team(decisions: usize) -> World {
        let team = team::prepare(decisions).unwrap_or_else(|error| panic!("no team: {error}"));
        let world = World::of(workload::workspace(200));
        world.settings(&format!("[checks]\nbackground = false\n{}", team.settings));
        world.call(&["list", "--json"]);
        World { tools: 200, _team: Some(team), ..world }
    }

    /// Tools of strangers that do without end what they can do most of, among fifty others.
    pub fn hostile() -> World {
        let world = World::of(folder());
        world.write("tools/a-spins.py", "while True: pass\n");
        let files =
            "import os\nwhile True:\n  open('f', 'w').close(); os.stat('f'); os.rename('f', 'g'); os.remove('g')\n";
        world.write("tools/b-files.py", files);
        world
            .write("tools/c-prints.py", "import time\nwhile True:\n  print('x' * 900, flush=True); time.sleep(0.01)\n");
        world.write("tools/d-starts.sh", "#!/bin/sh\nwhile :; do /bin/true; done\n");
        for number in 10..=60 {
            world.write(&format!("tools/tool-{number}.py"), "print(1)\n");
        }
        world
    }

    /// Two hundred tools with tests that nobody has checked.
    pub fn unchecked() -> World {
        let world = World::of(folder());
        for number in 100..300 {
            let script = format!(
                "import json, sys\ndata = json.load(sys.stdin)\nwords = str(data['text']).split()\nmost = int(data['most'])\n\
                 print(json.dumps({{'text': ' '.join(words[:most]), 'left': max(0, len(words) - most), 'number': {number}}}))\n"
            );
            world.write(&format!("tools/clip-{number}/clip.py"), &script);
            let manifest = format!(
                "name = \"clip-{number}\"\nversion = \"1.0.0\"\n\
                 description = \"Keeps the first words of a text, for list number {number}\"\ncost_tier = \"low\"\n\
                 [run]\ncommand = [\"python3\", \"{{file}}\"]\nentry = \"clip.py\"\ninput = \"stdin-json\"\n\
                 [input]\ntype = \"object\"\nrequired = [\"text\", \"most\"]\n[input.properties]\n\
                 text = {{type = \"string\"}}\nmost = {{type = \"integer\", minimum = 0, maximum = 99}}\n\
                 [[tests]]\nname = \"two of three\"\ninput = {{text = \"a b c\", most = 2}}\nexpect = {{contains = \"a b\"}}\n"
            );
            world.write(&format!("tools/clip-{number}/tool.toml"), &manifest);
        }
        world
    }

    /// The same workspace for a user who has never opened it.
    pub fn forget(&mut self) {
        self.home = folder();
    }

    /// A file of the workspace.
    pub fn path(&self, path: &str) -> PathBuf {
        self.workspace.path().join(path)
    }

    /// Writes a file of the workspace.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let written = fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| fs::write(&path, text));
        written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    fn settings(&self, text: &str) {
        let folder = self.home.path().join("config");
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("config.toml"), text));
        written.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    }

    fn words<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        let workspace = self.workspace.path().to_str().unwrap_or_default();
        [&[PROGRAM, "--workspace", workspace], args].concat()
    }

    /// Starts a verb whose answer nobody reads.
    pub fn spawn(&self, args: &[&str]) -> Child {
        let words = self.words(args);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("TOOLSMITH_HOME", self.home.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("{PROGRAM}: {error}"))
    }

    /// Starts a verb that is talked to over pipes.
    pub fn spawn_piped(&self, args: &[&str]) -> Child {
        let words = self.words(args);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env("TOOLSMITH_HOME", self.home.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().unwrap_or_else(|error| panic!("{PROGRAM}: {error}"))
    }

    fn call(&self, args: &[&str]) -> Vec<u8> {
        let words = self.words(args);
        let done = Command::new(words[0]).args(&words[1..]).env("TOOLSMITH_HOME", self.home.path()).output();
        let done = done.unwrap_or_else(|error| panic!("{PROGRAM}: {error}"));
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    }

    /// Opens the workspace in a terminal.
    pub fn open(&self, args: &[&str]) -> Terminal {
        Terminal::start(&self.words(args), &[("TOOLSMITH_HOME", self.home.path())])
    }

    /// Opens the list finder that the workbench is put beside, on as many names; `None` where it is not installed.
    pub fn fzf(&self) -> Option<Terminal> {
        let is_installed = Command::new("fzf").arg("--version").output().is_ok_and(|done| done.status.success());
        let list: Vec<String> =
            (0..self.tools).map(|number| format!("item-{number:06} {}", workload::name(number))).collect();
        let path: &Path = &self.home.path().join("list");
        fs::write(path, list.join("\n")).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        is_installed.then(|| Terminal::start(&["sh", "-c", "fzf --pointer '>' < \"$LIST\""], &[("LIST", path)]))
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap_or_else(|error| panic!("no folder for a workspace: {error}"))
}
