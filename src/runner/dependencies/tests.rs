//! Which dependencies are known to be missing before a run.

use super::*;
use crate::domain::{Dialect, FileMode, InputMode, Recipe, ToolName};
use crate::needs;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

/// A version, and a machine with the interpreters of this one.
struct Case {
    dir: tempfile::TempDir,
    manifest: Manifest,
    files: Vec<VersionFile>,
    interpreters: Interpreters,
    caller: BTreeMap<OsString, OsString>,
}

impl Case {
    /// A version whose first file is its entry.
    fn new(command: &[&str], files: &[(&str, &str)]) -> Case {
        let recipe = Recipe {
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            entry: Some(files[0].0.to_owned()),
            ..Recipe::blank(InputMode::None)
        };
        let mode = FileMode::Plain;
        let file = |(path, text): &(&str, &str)| VersionFile { path: (*path).into(), mode, bytes: (*text).into() };
        let dir = tempfile::tempdir().unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let mut path = home.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap());
        let known = std::env::var_os("HOME").unwrap_or_default();
        let caller = BTreeMap::from([("PATH".into(), path), ("HOME".into(), known)]);
        let files = files.iter().map(file).collect();
        Case { dir, manifest: manifest(recipe), files, interpreters: Interpreters::default(), caller }
    }

    fn python(files: &[(&str, &str)]) -> Case {
        Case::new(&["python3", "{file}"], files)
    }

    fn at(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        crate::outside::fixture::executable(&self.at(path), text);
    }

    fn with<T>(&self, act: impl FnOnce(&SearchPath<'_>, &Need<'_>) -> T) -> T {
        let (origin, workspace, interpreters) = (self.at("work/tools"), self.at("work"), &self.interpreters);
        let seeker = Seeker {
            caller: &self.caller,
            who: Who::Same,
            workspace: Some(&workspace),
            interpreters,
            sources: Sources::Caller,
        };
        let (manifest, files, environments) = (&self.manifest, &self.files, &self.at("environments"));
        let (origin, workspace, sources) = (&origin, &workspace, Sources::Caller);
        let need = Need { manifest, files, origin, workspace, interpreters, environments, sources };
        act(&SearchPath::new(seeker), &need)
    }

    /// The missing dependencies: the name, and whether it blocks.
    fn missing(&self) -> Vec<(String, bool)> {
        self.all_missing().into_iter().map(|missing| (missing.name, missing.blocks)).collect()
    }

    fn all_missing(&self) -> Vec<Missing> {
        self.with(missing_for)
    }

    fn equip(&self) -> Result<ResolvedProgram, String> {
        self.with(|path, need| {
            let program = need.program(path).unwrap().unwrap();
            equip(path, need, program)
        })
    }

    /// A uv that records that it was started.
    fn with_uv(self) -> Case {
        let mark = self.at("asked").display().to_string();
        self.put("bin/uv", &format!("#!/bin/sh\necho \"$@\" >> {mark}\nexit 1\n"));
        self
    }

    /// The environment that its script would get, with one package, as if it had been made.
    fn with_environment(self) -> Case {
        let folder = self.with(|path, need| {
            let program = need.program(path).unwrap().unwrap();
            match need.environment(&program) {
                DependencyNeed::Environment(wish) => wish.folder,
                DependencyNeed::Nothing => panic!("it wants nothing"),
                DependencyNeed::Lacking(missing) => panic!("{}", missing.message),
            }
        });
        let folder = folder.strip_prefix(self.at("")).unwrap().display().to_string();
        let lib = format!("{folder}/lib/python3/site-packages");
        self.put(&format!("{lib}/absent_a.py"), "raise SystemExit('nothing is imported')\n");
        self.put(&format!("{lib}/absent_a-1.2.dist-info/RECORD"), "absent_a.py,sha256=x,1\n");
        self.put(&format!("{folder}/{}", environment::LOCK), "");
        self
    }

    fn environment(&self) -> PathBuf {
        fs::read_dir(self.at("environments")).unwrap().next().unwrap().unwrap().path()
    }
}

fn manifest(recipe: Recipe) -> Manifest {
    Manifest { recipe: Some(recipe), ..Manifest::blank("bench".parse::<ToolName>().unwrap(), Dialect::Native) }
}

fn blocking(names: &[&str]) -> Vec<(String, bool)> {
    names.iter().map(|name| ((*name).to_owned(), true)).collect()
}

const BLOCK: &str = "# /// script\n# dependencies = ['absent_a>=1']\n# ///\nimport absent_a\n";

#[test]
fn a_package_that_is_imported_and_not_installed_is_missing() {
    let case = Case::python(&[
        ("src/main.py", "import os, tomllib_x, absent_a.deep\nimport helper\nfrom pkg import sub, name\n"),
        ("src/helper.py", "import absent_b\ntry:\n    import optional\nexcept ImportError:\n    pass\n"),
        ("src/pkg/__init__.py", "from .inner import x\n"),
        ("src/pkg/inner.py", "import absent_c\nimport colorsys, turtle\n"),
        ("src/pkg/sub.py", "from ..helper import y\nimport absent_d\n"),
        ("tests/test_main.py", "import absent_of_tests\n"),
    ]);
    assert_eq!(case.missing(), blocking(&["absent_a", "absent_b", "absent_c", "absent_d", "tomllib_x"]));
    assert_eq!(Case::python(&[("main.py", "import json, sys, email.mime\n")]).missing(), []);
    assert_eq!(Case::python(&[("main.py", "import broken (\n")]).missing(), []);
}

#[test]
fn the_message_names_the_package_the_interpreter_and_what_to_do() {
    let case = Case::python(&[("main.py", "import absent_a\n")]);
    let message = case.all_missing().remove(0).message;
    let program = case.with(|path, need| need.program(path)).unwrap().unwrap();
    let (python, version) = (program.interpreter.unwrap(), program.facts.unwrap().version);
    // A package named like a module may have a different author.
    let how = "find out which package provides absent_a, and install that or declare it in a PEP 723 block";
    assert_eq!(message, format!("python package absent_a is not installed for python3 {version}; {how}"));
    assert_eq!(case.equip(), Err(message));
    let known = Case::python(&[("main.py", "import skimage\n")]).all_missing().remove(0).message;
    let how =
        format!("{} -m pip install scikit-image, or declare it in a PEP 723 block and install uv", python.display());
    assert!(known.ends_with(&how), "{known}");
}

#[test]
fn a_module_beside_the_tool_is_named_and_no_package_of_that_name() {
    let case = Case::python(&[("main.py", "import reigns, towns, absent_a\n")]);
    case.put("work/tools/reigns.py", "");
    case.put("work/tools/towns/__init__.py", "");
    let messages: Vec<_> = case.all_missing().into_iter().map(|missing| missing.message).collect();
    assert!(messages[0].starts_with("python package absent_a is not installed"), "{messages:?}");
    let rest = "lies beside main.py but is not a file of this tool; move both into a folder main/ and add a tool.toml (name, description)";
    assert_eq!(messages[1..], [format!("reigns.py {rest}"), format!("towns/__init__.py {rest}")]);
}

#[test]
fn nothing_is_certain_when_a_source_changes_where_modules_are_looked_for() {
    let mut case = Case::python(&[("main.py", "import sys\nsys.path.insert(0, 'x')\nimport absent_a\n")]);
    assert_eq!(case.missing(), [("absent_a".to_owned(), false)]);
    assert!(case.equip().is_ok());
    case = Case::python(&[("main.py", "import absent_a\n")]);
    case.manifest.recipe.as_mut().unwrap().env.insert("PYTHONPATH".into(), "lib".into());
    assert_eq!(case.missing(), [("absent_a".to_owned(), false)]);
}

#[test]
fn an_interpreter_that_is_missing_is_known_before_a_run() {
    let case = Case::new(&["no-such-interpreter", "{file}"], &[("main.x", "")]);
    assert_eq!(case.missing(), blocking(&["no-such-interpreter"]));
    let own = Case::new(&["{dir}/main.x"], &[("main.x", "#!/usr/bin/env no-such-interpreter\n")]);
    assert_eq!(own.missing(), blocking(&["no-such-interpreter"]));
    assert_eq!(Case::new(&["{input.program}"], &[("main.x", "")]).missing(), []);
}

#[test]
fn what_is_declared_and_not_installed_is_said_and_blocks_nothing() {
    let mut case = Case::python(&[("main.py", "import os\n"), ("requirements.txt", "# all\nabsent-b==1\n-r x\n")]);
    case.manifest.dependencies = vec!["absent_a[x]>=2".into(), "absent_c; python_version < '3'".into()];
    assert_eq!(case.missing(), [("absent_a".to_owned(), false), ("absent-b".to_owned(), false)]);
    assert!(case.equip().is_ok());
}

#[test]
fn a_package_of_node_is_missing_because_a_version_holds_none() {
    let files = [("main.mjs", "import 'absent-a';\nimport 'fs/promises';\nimport './lib.mjs';\n"), ("lib.mjs", "")];
    if !needs::has(&[&needs::NODE]) {
        return;
    }
    let case = Case::new(&["node", "{file}"], &files);
    assert_eq!(case.missing(), blocking(&["absent-a"]));
    let optional = "try { require('absent-a') } catch {}\n";
    assert_eq!(Case::new(&["node", "{file}"], &[("main.js", optional)]).missing(), []);
}

#[test]
fn a_script_that_declares_packages_says_what_it_needs_without_uv() {
    let mut case = Case::python(&[("main.py", BLOCK)]);
    // Only the interpreters of this machine, not an installed uv.
    let python = case.with(|path, need| need.program(path)).unwrap().unwrap().interpreter.unwrap();
    fs::create_dir_all(case.at("bin")).unwrap();
    symlink(python, case.at("bin/python3")).unwrap();
    case.caller.insert("PATH".into(), case.at("bin").into_os_string());
    let message = "this script declares dependencies (PEP 723) that are not installed: install uv (see \
                   docs.astral.sh/uv), or pip install absent_a>=1";
    assert_eq!(case.equip(), Err(message.to_owned()));
    assert_eq!(case.all_missing()[0].message, message);
    let none = "# /// script\n# dependencies = []\n# ///\nimport os\n";
    assert_eq!(Case::python(&[("main.py", none)]).missing(), []);
}

#[test]
fn packages_that_were_not_fetched_are_said_before_a_run_and_uv_is_not_started() {
    let case = Case::python(&[("main.py", BLOCK)]).with_uv();
    let message = case.equip().unwrap_err();
    assert!(message.ends_with("run `toolsmith run bench` at a terminal and agree to fetch them"), "{message}");
    assert_eq!(case.all_missing()[0].message, message);
    assert!(!case.at("asked").exists());
}

#[test]
fn a_made_environment_is_used_by_its_own_path_and_never_asked() {
    let case = Case::python(&[("main.py", BLOCK)]).with_uv().with_environment();
    assert_eq!(case.missing(), []);
    let base = case.with(|path, need| need.program(path)).unwrap().unwrap();
    let program = case.equip().unwrap();
    assert_eq!(program.path, case.environment().join("bin/python3"));
    assert!(program.visible.contains(&case.environment()));
    assert_eq!(program.interpreter, base.interpreter, "what is asked is never the environment's");
    let facts = program.facts.unwrap();
    assert_eq!((facts.packages, facts.lock.is_some()), (vec!["absent_a 1.2".to_owned()], true));
    assert!(!case.at("asked").exists());
}

#[test]
fn another_lock_or_block_wants_another_environment() {
    let lock = |wheel: &str| {
        let wheel = format!("{{ url = 'https://example.org/{wheel}', hash = 'sha256:{}' }}", "0".repeat(64));
        let source = "{ registry = 'https://example.org/simple' }";
        format!("version = 1\n[[package]]\nname = 'absent-a'\nversion = '1'\nsource = {source}\nwheels = [{wheel}]\n")
    };
    let locked = |lock: &str| Case::python(&[("main.py", BLOCK), ("main.py.lock", lock)]);
    let folder = |case: Case| case.with_environment().environment().file_name().unwrap().to_owned();
    let first = folder(locked(&lock("absent_a-1-py3-none-any.whl")));
    assert_ne!(first, folder(locked(&lock("absent_a-1-cp311-none-any.whl"))));
    assert_ne!(first, folder(Case::python(&[("main.py", BLOCK)])));
    let direct = lock("absent_a-1-py3-none-any.whl").replace("https://example.org/absent", "file:///absent");
    let case = locked(&direct).with_uv();
    let message = case.equip().unwrap_err();
    assert!(
        message.contains("its lock file takes absent-a from a host other than its registry example.org"),
        "{message}"
    );
    assert_eq!((case.missing(), case.at("asked").exists()), (blocking(&["absent_a"]), false));
}

#[test]
fn nothing_of_an_environment_is_executed_to_look_at_it() {
    let source = format!("{BLOCK}import absent_b\n");
    let case = Case::python(&[("main.py", &source)]).with_environment();
    let message = case.equip().unwrap_err();
    assert!(message.starts_with("python package absent_b is not installed for python3 "), "{message}");
    let mark = case.at("executed");
    let line = format!("import pathlib; pathlib.Path({mark:?}).touch()\n");
    fs::write(case.environment().join("lib/python3/site-packages/hook.pth"), line).unwrap();
    assert!(case.equip().is_ok(), "a file that may add to the path leaves nothing certain");
    assert!(!mark.exists(), "the hook of a package ran outside of a run");
}

#[test]
fn uv_is_not_asked_for_what_a_stranger_names_by_address() {
    let block = BLOCK.replace("# ///\n", "# [tool.uv.sources]\n# absent_a = {path = '/tmp/x'}\n# ///\n");
    let case = Case::python(&[("main.py", &block)]).with_uv();
    assert!(case.equip().unwrap_err().contains("contains settings for uv"));
    assert_eq!((case.missing(), case.at("asked").exists()), (blocking(&["absent_a"]), false));
}

#[test]
fn a_program_that_a_shell_script_calls_is_looked_for() {
    let script = "#!/bin/bash\nabsent-program-a x\nif [ -n \"$1\" ]; then absent-program-b; fi\necho done | sort\n";
    let case = Case::new(&["bash", "{file}"], &[("main.sh", script)]);
    let found: Vec<_> = case.all_missing().into_iter().map(|missing| (missing.name, missing.blocks)).collect();
    assert_eq!(found, [("absent-program-a".to_owned(), true), ("absent-program-b".to_owned(), false)]);
    assert!(case.equip().unwrap_err().contains("the script calls it, line 2"));
}
