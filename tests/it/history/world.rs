//! A workspace with something of everything in it, and what a human would compare in it.

use crate::support::{Workspace, program};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use toolsmith::check::CHECKS;
use toolsmith::domain::{Caller, Command, DecisionKind, DecisionRequest, DisplayRecord, Outcome, Review, Stage, Tool};
use toolsmith::engine::{Engine, EngineError, Home, OpenOptions, ReviewFilter, RunRequest};

/// A workspace, open.
pub struct World {
    pub workspace: Workspace,
    pub engine: Engine,
}

/// Everything that a command may change: rows, and files with their modes.
#[derive(Debug, PartialEq, Eq)]
pub struct State {
    rows: Vec<String>,
    files: BTreeMap<String, (u32, Vec<u8>)>,
}

pub fn ada() -> Caller {
    Caller::Human("Ada <ada@example.org>".to_owned())
}

/// A native tool of one script.
pub fn native(workspace: &Workspace, place: &str, name: &str, script: &str, more: &str) {
    let manifest = format!(
        "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"The tool {name}\"\ncost_tier = \"low\"\n\
         category = \"data\"\n[run]\ncommand = [\"sh\", \"{{file}}\", \"{{workspace}}\"]\nentry = \"{name}.sh\"\n{more}"
    );
    workspace.write(&format!("{place}/tool.toml"), &manifest);
    workspace.write(&format!("{place}/{name}.sh"), script);
}

/// Switches every check off: what they say is not what is tried here.
pub fn without_checks(workspace: &Workspace) {
    let folder = workspace.home().join("toolsmith/config");
    fs::create_dir_all(&folder).unwrap();
    let off = CHECKS.iter().fold("[checks]\n".to_owned(), |text, check| text + check.name + " = \"off\"\n");
    fs::write(folder.join("config.toml"), off).unwrap();
}

/// The engine on a workspace.
pub fn open(workspace: &Workspace) -> Engine {
    let home = workspace.home().join("toolsmith");
    let home = Home { config: home.join("config"), data: home.join("data") };
    let program = Some(program().into());
    let engine = Engine::open(OpenOptions {
        workspace: workspace.root(),
        home,
        program,
        asker: toolsmith::engine::Asker::Human,
    })
    .unwrap();
    engine.library().scan(&mut |_| {}).unwrap();
    engine
}

impl World {
    /// New tools, one approved with another version waiting, one approved and changed since, one that writes, and
    /// two that came with the workspace; git keeps all of it.
    pub fn new() -> World {
        let workspace = Workspace::new().with_git();
        workspace.git(&["config", "user.name", "Ada"]);
        workspace.git(&["config", "user.email", "ada@example.org"]);
        without_checks(&workspace);
        native(&workspace, "tools/experimental/known", "known", "echo 0\n", "");
        native(&workspace, "tools/experimental/drifted", "drifted", "echo 1\n", "");
        let writes = "[permissions]\nwrite = [\"out\"]\n";
        native(&workspace, "tools/experimental/writer", "writer", "echo x >> \"$1/out/kept.txt\"\n", writes);
        let world = World { engine: open(&workspace), workspace };
        let approve_all = || {
            for review in world.waiting() {
                world.execute(decide(&review, DecisionKind::Approve)).unwrap();
            }
        };
        approve_all();
        // A version before the one in use, to go back to.
        native(&world.workspace, "tools/experimental/known", "known", "echo 1\n", "");
        world.engine.library().scan(&mut |_| {}).unwrap();
        approve_all();
        let workspace = &world.workspace;
        native(workspace, "tools/experimental/known", "known", "echo 2\n", "");
        workspace.write("tools/approved/drifted/drifted.sh", "echo changed\n");
        native(workspace, "tools/experimental/fresh", "fresh", "echo fresh\n", "");
        workspace.write("tools/experimental/loose.sh", "#!/bin/sh\n# A script on its own.\necho loose\n");
        native(workspace, "tools/approved/cloned", "cloned", "echo cloned\n", "");
        workspace.write("tools/approved/cloned/approval.toml", "# from another machine\nreviewer = \"Eve\"\n");
        native(workspace, "tools/core/rooted", "rooted", "echo rooted\n", "");
        workspace.write("out/kept.txt", "one\n");
        let script = workspace.path("tools/experimental/fresh/fresh.sh");
        fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
        world.engine.library().scan(&mut |_| {}).unwrap();
        world
    }

    pub fn waiting(&self) -> Vec<Review> {
        self.engine.reviews().list(ReviewFilter::Waiting).unwrap()
    }

    pub fn execute(&self, command: Command) -> Result<Outcome, EngineError> {
        self.engine.execute(command, &ada())
    }

    /// The tools in these stages, by path.
    pub fn tools(&self, stages: &[Stage]) -> Vec<Tool> {
        let view = self.engine.library().catalog();
        view.tools.iter().filter(|tool| stages.contains(&tool.stage)).map(|tool| Tool::clone(tool)).collect()
    }

    /// Runs a tool to its end.
    pub fn run(&self, name: &str, caller: &Caller) -> toolsmith::domain::Run {
        let tool = self.engine.library().resolve(name).unwrap();
        let request = RunRequest { tool, input: None, timeout: None, again: None, worker: None };
        self.engine.runs().start(&request, caller).unwrap().wait().unwrap()
    }

    pub fn state(&self) -> State {
        let mut files = BTreeMap::new();
        collect(&self.workspace.root(), "", &mut files);
        State { rows: self.engine.integrity().state_lines().unwrap(), files }
    }
}

impl State {
    /// What differs, for a message.
    pub fn difference(&self, other: &State) -> String {
        let rows = |one: &State, two: &State| -> Vec<String> {
            one.rows.iter().filter(|row| !two.rows.contains(row)).cloned().collect()
        };
        let files = |one: &State, two: &State| -> Vec<String> {
            let differs = one.files.iter().filter(|(path, file)| two.files.get(*path) != Some(file));
            differs.map(|(path, (mode, bytes))| format!("{path} {mode:o} {}", String::from_utf8_lossy(bytes))).collect()
        };
        let only = |one, two| format!("{:#?}\n{:#?}", rows(one, two), files(one, two));
        format!("only before: {}\nonly after: {}", only(self, other), only(other, self))
    }
}

/// A decision on a review as it is.
pub fn decide(review: &Review, kind: DecisionKind) -> Command {
    let shown =
        DisplayRecord { lines: 9, lines_shown: 9, tail_shown: true, open_ms: 1_000, ..DisplayRecord::default() };
    let (reason, override_reason) = (Some("because".to_owned()), Some("a test".to_owned()));
    Command::Decide(DecisionRequest { reason, shown, override_reason, ..DecisionRequest::of(review, kind) })
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if path == ".git" {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            files.insert(path, (mode, fs::read(entry.path()).unwrap()));
        }
    }
}
