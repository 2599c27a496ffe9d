//! Programs that a workspace brings along: whatever names them, none is ever started outside of the sandbox. Each attack
//! is first made without the workbench, where it must succeed, as root and as a plain user.

mod callers_path;
mod git;
mod interpreters;
mod outside;
mod rows;

use crate::hostile_runs::program_path;
use crate::hostile_runs::user::User;
use crate::support::{Terminal, Workspace};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// As whom each attack is made here.
fn users() -> Vec<User> {
    let plain = User::fresh_if_root();
    if plain == User::Myself { vec![plain] } else { vec![User::Myself, plain] }
}

/// A workspace of one user that lies where programs would be trusted, were they not in a workspace.
struct World {
    workspace: Workspace,
    user: User,
}

impl World {
    fn new(user: User) -> World {
        let world = World { workspace: Workspace::new_in(&place_for(user)), user };
        fs::create_dir(world.marks()).unwrap();
        // A tool of root's runs as somebody else, who has to get to an interpreter here.
        fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        world.hand_over();
        world
    }

    /// A path beside the workspace, which is at `work`.
    fn path(&self, relative: &str) -> PathBuf {
        self.workspace.root().parent().unwrap().join(relative)
    }

    /// Where a planted program that was started leaves a mark.
    fn marks(&self) -> PathBuf {
        self.path("marks")
    }

    fn put(&self, relative: &str, text: &str, mode: u32) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The text of a program that leaves this mark and says that it is Python.
    fn marking(&self, mark: &str) -> String {
        format!("#!/bin/sh\necho started >> {}/{mark}\necho Python 3.11.2\n", self.marks().display())
    }

    /// Gives everything to the user; what a sandbox could reach stays closed to nobody.
    fn hand_over(&self) {
        self.user.give(&self.path(""));
        fs::set_permissions(self.marks(), fs::Permissions::from_mode(0o777)).unwrap();
    }

    /// The marks that are there, sorted.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.marks()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn forget_marks(&self) {
        for name in self.left() {
            fs::remove_file(self.marks().join(name)).unwrap();
        }
    }

    /// A program started by the user in the workspace, as anybody could.
    fn plainly(&self, program: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.workspace.root()).env_clear().envs(self.workspace.environment());
        self.user.be(&mut command).output().unwrap()
    }

    /// The workbench's answer as JSON.
    fn json(&self, args: &[&str], more: &[(&str, &str)]) -> Value {
        let mut command = Command::new(program_path());
        command.args(args).arg("--json").current_dir(self.workspace.root());
        command.env_clear().envs(self.workspace.environment()).envs(more.iter().copied());
        let output = self.user.be(&mut command).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{args:?} ({error}): {}", String::from_utf8_lossy(&output.stderr));
        })
    }

    /// The workbench in a terminal.
    fn open(&self) -> Terminal {
        let words = [self.user.prefix(), vec![program_path()]].concat();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Terminal::program(&self.workspace, &words, (120, 40))
    }
}

/// A folder for the world of a user, not one for temporary files.
fn place_for(user: User) -> PathBuf {
    let place = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let mut reachable = Command::new("test");
    reachable.arg("-x").arg(&place);
    if user.be(&mut reachable).status().is_ok_and(|status| status.success()) { place } else { std::env::temp_dir() }
}
