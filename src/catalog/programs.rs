//! Which interpreters this machine has: `PATH` is looked through once for each name.
//!
//! It never starts a program, so it cannot know versions.

use super::modules::{Installed, is_executable};
use super::run_python::RunPython;
use crate::domain::{NODE_WITH_TYPES, Stage, no_typescript};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Programs on `PATH`, remembered for the length of one scan.
#[derive(Debug)]
pub(super) struct Programs {
    folders: Vec<PathBuf>,
    /// Folders of `PATH` that a run cannot enter.
    closed: Vec<PathBuf>,
    known: RefCell<HashMap<String, bool>>,
    python: RunPython,
    /// The packages of the Pythons for runs, that of experimental tools first; determined when first needed.
    installed: [OnceCell<Option<Installed>>; 2],
    typescript_lack: OnceCell<Option<String>>,
}

impl Programs {
    /// The programs of this process's `PATH`, and the Python that runs use.
    pub(super) fn for_runs(python: &RunPython) -> Programs {
        Programs::without(&std::env::var_os("PATH").unwrap_or_default(), python)
    }

    fn without(path: &OsString, python: &RunPython) -> Programs {
        let mut programs = Programs::on(path);
        programs.python = python.clone();
        let is_closed = |folder: &PathBuf| python.closed.contains(folder);
        (programs.closed, programs.folders) = programs.folders.into_iter().partition(is_closed);
        programs
    }

    /// The programs of a search path.
    pub(super) fn on(path: &OsString) -> Programs {
        Programs {
            folders: std::env::split_paths(path).collect(),
            closed: Vec::new(),
            known: RefCell::default(),
            python: RunPython::default(),
            installed: Default::default(),
            typescript_lack: OnceCell::new(),
        }
    }

    /// Whether a program can be started by this name. `python` is also found as `python3`, and vice versa: real
    /// definitions use `python`, but most machines have only the other.
    pub(super) fn has(&self, name: &str) -> bool {
        if let Some(known) = self.known.borrow().get(name) {
            return *known;
        }
        let found = match name {
            "python" | "python3" => self.is_there("python3") || self.is_there("python"),
            _ => self.is_there(name),
        };
        self.known.borrow_mut().insert(name.to_owned(), found);
        found
    }

    /// The path of a program that runs cannot reach.
    pub(super) fn out_of_reach(&self, name: &str) -> Option<PathBuf> {
        self.closed.iter().map(|folder| folder.join(name)).find(|file| is_executable(file))
    }

    /// The packages of the Python for tools of this stage; `None` if unknown without starting it.
    pub(super) fn python(&self, stage: Stage) -> Option<&Installed> {
        let (program, installed) = match stage {
            Stage::Experimental => (&self.python.experimental, &self.installed[0]),
            Stage::Approved | Stage::Core | Stage::Archived => (&self.python.vouched, &self.installed[1]),
        };
        installed.get_or_init(|| Installed::of(program.as_deref()?)).as_ref()
    }

    /// Why TypeScript cannot be started; `None` if it can, or if this is unknown without starting node, whose installed
    /// header files contain its version.
    pub(super) fn typescript_lack(&self) -> Option<&str> {
        self.typescript_lack.get_or_init(|| self.find_typescript_lack()).as_deref()
    }

    fn find_typescript_lack(&self) -> Option<String> {
        if ["tsx", "deno", "bun"].iter().any(|name| self.has(name)) {
            return None;
        }
        let node = self.folders.iter().map(|folder| folder.join("node")).find(|file| is_executable(file))?;
        let folder = node.canonicalize().ok()?.parent()?.parent()?.join("include/node");
        let header = std::fs::read_to_string(folder.join("node_version.h")).ok()?;
        let version = node_version(&header).filter(|version| *version < NODE_WITH_TYPES)?;
        Some(no_typescript(&format!("node is {}.{}", version.0, version.1)))
    }

    fn is_there(&self, name: &str) -> bool {
        if name.contains('/') {
            return is_executable(Path::new(name));
        }
        self.folders.iter().any(|folder| is_executable(&folder.join(name)))
    }
}

/// The version that the header file of node states.
fn node_version(header: &str) -> Option<(u32, u32)> {
    let part = |name: &str| {
        let mut values = header.lines().filter_map(|line| line.strip_prefix("#define ")?.strip_prefix(name));
        values.next()?.trim().parse().ok()
    };
    Some((part("NODE_MAJOR_VERSION ")?, part("NODE_MINOR_VERSION ")?))
}

/// Whether a file is a script by its extension.
pub(super) fn is_script(file_name: &str) -> bool {
    extension(file_name).is_some_and(|extension| SCRIPTS.iter().any(|(known, _)| *known == extension))
        && !file_name.ends_with(".d.ts")
}

/// All script extensions, in the order in which a sidecar takes its script.
pub(super) fn script_extensions() -> impl Iterator<Item = &'static str> {
    SCRIPTS.iter().map(|(extension, _)| *extension)
}

/// The place of a script's extension in the order in which a sidecar takes its script.
pub(super) fn script_rank(file_name: &str) -> usize {
    let extension = extension(file_name).unwrap_or_default();
    SCRIPTS.iter().position(|(known, _)| *known == extension).unwrap_or(SCRIPTS.len())
}

/// The interpreter of a script: from its `#!` line, otherwise from its extension. `None` if neither tells.
pub(super) fn interpreter(file_name: &str, first_line: &str, programs: &Programs) -> Option<Vec<String>> {
    let by_extension = extension(file_name).and_then(|extension| SCRIPTS.iter().find(|(known, _)| *known == extension));
    let by_shebang = first_line.strip_prefix("#!").map(shebang).filter(|words| !words.is_empty());
    let is_other = |words: &[String]| OTHER_RUNTIMES.contains(&words[0].as_str()) || words[0].starts_with("python2");
    match by_extension {
        Some(_) if by_shebang.as_deref().is_some_and(is_other) => by_shebang,
        // A type-stripping runtime is a fact of the machine, not of the file.
        Some((_, Runtime::TypeScript)) => Some(typescript(programs)),
        Some((_, Runtime::Shell)) => Some(by_shebang.unwrap_or_else(|| vec!["bash".to_owned()])),
        Some((_, Runtime::Program(program))) => Some(vec![(*program).to_owned()]),
        None => by_shebang,
    }
}

enum Runtime {
    Program(&'static str),
    Shell,
    TypeScript,
}

/// Runtimes that the file extension cannot replace: the first line decides.
const OTHER_RUNTIMES: [&str; 10] =
    ["bun", "deno", "gjs", "jython", "k6", "osascript", "phantomjs", "qjs", "scriptisto", "zx"];

/// Script extensions, in the order in which a sidecar takes its script.
const SCRIPTS: &[(&str, Runtime)] = &[
    ("py", Runtime::Program("python3")),
    ("sh", Runtime::Shell),
    ("bash", Runtime::Shell),
    ("ts", Runtime::TypeScript),
    ("mts", Runtime::TypeScript),
    ("js", Runtime::Program("node")),
    ("mjs", Runtime::Program("node")),
    ("cjs", Runtime::Program("node")),
    ("rb", Runtime::Program("ruby")),
    ("pl", Runtime::Program("perl")),
    ("lua", Runtime::Program("lua")),
    ("php", Runtime::Program("php")),
];

/// Runtimes for TypeScript, best first. Which flags a node needs is for the runner, who may ask it.
const TYPESCRIPT: &[&[&str]] = &[&["node"], &["tsx"], &["bun"], &["deno", "run", "--allow-all"]];

fn typescript(programs: &Programs) -> Vec<String> {
    let best = TYPESCRIPT.iter().find(|words| programs.has(words[0])).unwrap_or(&TYPESCRIPT[0]);
    best.iter().map(|word| (*word).to_owned()).collect()
}

/// The program of a `#!` line without its folder; `env NAME` counts as NAME.
fn shebang(line: &str) -> Vec<String> {
    let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    if words.first().is_some_and(|word| word.ends_with("/env")) {
        words.remove(0);
        words.retain(|word| word != "-S" && !word.contains('='));
    }
    if let Some(program) = words.first_mut()
        && let Some((_, name)) = program.rsplit_once('/')
    {
        *program = name.to_owned();
    }
    words
}

fn extension(file_name: &str) -> Option<&str> {
    file_name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_script_is_run_by_what_its_shebang_or_extension_says() {
        let none = Programs::on(&OsString::new());
        let run = |file: &str, line: &str| interpreter(file, line, &none).map(|words| words.join(" "));
        assert_eq!(run("a.py", "#!/usr/bin/env python2"), Some("python2".into()));
        assert_eq!(run("a.py", "#!/usr/bin/python3.9 -u"), Some("python3".into()));
        assert_eq!(run("a.js", "#!/usr/bin/env osascript -l JavaScript"), Some("osascript -l JavaScript".into()));
        assert_eq!(run("a.sh", "#!/bin/sh -e"), Some("sh -e".into()));
        assert_eq!(run("a.sh", "echo"), Some("bash".into()));
        assert_eq!(run("a.ts", ""), Some("node".into()));
        assert_eq!(run("a.ts", "#!/usr/bin/env -S npx tsx"), Some("node".into()));
        assert_eq!(run("a.ts", "#!/usr/bin/env -S deno run --allow-net"), Some("deno run --allow-net".into()));
        assert_eq!(run("a.js", "#!/usr/bin/env bun"), Some("bun".into()));
        assert_eq!(run("a.mjs", "#!/usr/bin/env zx"), Some("zx".into()));
        assert_eq!(run("a", "#!/usr/bin/env -S perl -w"), Some("perl -w".into()));
        assert_eq!(run("a", "ELF"), None);
    }

    #[test]
    fn the_header_of_node_says_whether_it_starts_typescript() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["bin", "include/node"] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        let node = dir.path().join("bin/node");
        std::fs::write(&node, "").unwrap();
        std::fs::set_permissions(&node, std::fs::Permissions::from_mode(0o755)).unwrap();
        let lack = || Programs::on(&dir.path().join("bin").into_os_string()).typescript_lack().map(str::to_owned);
        assert_eq!(lack(), None, "its version is not known");
        let header = |minor: u32| {
            let text = format!("#ifndef X\n#define NODE_MAJOR_VERSION 22\n#define NODE_MINOR_VERSION {minor}\n");
            std::fs::write(dir.path().join("include/node/node_version.h"), text).unwrap();
        };
        header(6);
        assert_eq!(lack(), None);
        header(5);
        assert!(lack().unwrap().contains("(node is 22.5)"));
    }

    #[test]
    fn programs_of_folders_that_runs_cannot_enter_are_told_apart() {
        let [open, closed] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for (folder, name) in [(&open, "both"), (&closed, "both"), (&closed, "mine")] {
            let file = folder.path().join(name);
            std::fs::write(&file, "").unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = std::env::join_paths([closed.path(), open.path()]).unwrap();
        let python = RunPython { closed: vec![closed.path().to_owned()], ..RunPython::default() };
        let programs = Programs::without(&path, &python);
        assert!(programs.has("both") && !programs.has("mine"));
        assert_eq!(programs.out_of_reach("mine"), Some(closed.path().join("mine")));
        assert_eq!(programs.out_of_reach("absent"), None);
        assert!(Programs::without(&path, &RunPython::default()).has("mine"), "the control");
    }

    #[test]
    fn only_executable_files_on_the_path_count_as_programs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("plain"), "").unwrap();
        let tool = folder.path().join("python3");
        std::fs::write(&tool, "").unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let programs = Programs::on(&folder.path().as_os_str().to_owned());
        assert!(programs.has("python") && programs.has("python3"));
        assert!(!programs.has("plain") && !programs.has("node"));
    }
}
