//! Runs on workers. A second machine is the same program with another home; it is reached through `env`, a shell, or
//! sshd on the loopback.

mod agents;
mod checks;
mod cut;
mod record;
mod refused;
mod ssh;

use crate::support::{Workspace, program};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// A workspace with a worker `two`.
struct World {
    workspace: Workspace,
}

impl World {
    /// The worker is reached by a shell that has the command in its arguments, with these settings beside.
    fn new(script: &str, more: &str) -> World {
        let world = World { workspace: Workspace::new() };
        world.configure(script, more);
        world
    }

    /// A worker that is reached directly.
    fn plain() -> World {
        World::new("exec \"$@\"", "")
    }

    fn configure(&self, script: &str, more: &str) {
        let prefix = [
            "sh".to_owned(),
            "-c".to_owned(),
            format!("export TOOLSMITH_HOME={}; {script}", self.far_home().display()),
            "prefix".to_owned(),
        ];
        self.set(&format!("[workers.two]\nprefix = {prefix:?}\nprogram = {:?}\n{more}", self.far_program()));
    }

    /// Writes the settings of the user.
    fn set(&self, config: &str) {
        let folder = self.workspace.home().join("toolsmith/config");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), config).unwrap();
    }

    /// The home of the far side.
    fn far_home(&self) -> PathBuf {
        self.workspace.home().join("far")
    }

    /// Writes the settings of the far side.
    fn set_far(&self, config: &str) {
        let folder = self.far_home().join("config");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), config).unwrap();
    }

    /// The program, under a name by which its process is found.
    fn far_program(&self) -> String {
        let link = self.workspace.home().join("far-toolsmith");
        if !link.exists() {
            std::os::unix::fs::symlink(program(), &link).unwrap();
        }
        link.to_str().unwrap().to_owned()
    }

    /// Adds a shell tool.
    fn tool(&self, name: &str, script: &str, manifest: &str) {
        let folder = format!("tools/experimental/{name}");
        self.workspace.write(&format!("{folder}/{name}.sh"), script);
        self.workspace.write(
            &format!("{folder}/tool.toml"),
            &format!(
                "name = {name:?}\nversion = \"1.0.0\"\ndescription = \"A test\"\ncost_tier = \"low\"\n{manifest}\n[run]\n\
                 command = [\"sh\", \"{{file}}\"]\nentry = \"{name}.sh\"\n"
            ),
        );
    }

    /// Approves the newest version of a tool.
    fn approve(&self, name: &str) {
        let (reviews, _) = self.workspace.json(&["reviews"]);
        let review = reviews["reviews"].as_array().unwrap().iter().find(|review| review["tool"] == name).unwrap();
        let (id, digest) = (review["id"].to_string(), review["digest"].as_str().unwrap().to_owned());
        let args = ["approve", &id, "--digest", &digest, "--unread", "--reason", "test"];
        let (done, code) = self.workspace.json_of_human(&args);
        assert_eq!(code, 0, "{done:#}");
        let (allowed, _) = self.workspace.json_of_human(&["run", name, "--allow"]);
        assert_ne!(allowed["run"]["outcome"], "refused", "{allowed:#}");
    }

    /// Runs a tool on the worker.
    fn run(&self, args: &[&str]) -> Value {
        self.workspace.json(&[&["run"], args, &["--on", "two"]].concat()).0
    }

    /// Runs a tool, and gives the outcome and the cause.
    fn outcome(&self, args: &[&str]) -> (String, String) {
        let answer = self.run(args);
        let run = &answer["run"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        assert_eq!(run["worker"], "two", "{answer:#}");
        (text(&run["outcome"]), text(&run["error"]))
    }
}
