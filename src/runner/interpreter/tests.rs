//! Which program a command word resolves to.

use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

fn put(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A folder in which programs are searched.
struct Place {
    dir: tempfile::TempDir,
    caller: BTreeMap<OsString, OsString>,
    interpreters: Interpreters,
    who: Who,
}

impl Place {
    /// The home is a folder that everybody may pass; `PATH` contains these folders of it.
    fn new(dirs: &[&str]) -> Place {
        let dir = crate::outside::fixture::folder();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let home = fs::canonicalize(dir.path()).unwrap();
        let path = std::env::join_paths(dirs.iter().map(|dir| home.join(dir))).unwrap();
        let caller = BTreeMap::from([("PATH".into(), path), ("HOME".into(), home.into_os_string())]);
        Place { dir, caller, interpreters: Interpreters::default(), who: Who::Same }
    }

    fn at(&self, path: &str) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap().join(path)
    }

    fn with_workspace(&self, workspace: &str) -> SearchPath<'_> {
        let workspace = self.at(workspace);
        let workspace = Some(Box::leak(workspace.into_boxed_path()) as &Path);
        SearchPath::new(Seeker {
            caller: &self.caller,
            who: self.who,
            workspace,
            interpreters: &self.interpreters,
            sources: Sources::Caller,
        })
    }

    fn search(&self) -> SearchPath<'_> {
        self.with_workspace("work")
    }

    fn program(&self, word: &str) -> Result<ResolvedProgram, String> {
        self.search().program(OsStr::new(word), &self.at("version"), None)
    }

    fn path_of(&self, word: &str) -> Result<PathBuf, String> {
        self.program(word).map(|program| program.path)
    }
}

#[test]
fn python_and_python3_stand_in_for_each_other() {
    let place = Place::new(&["bin"]);
    put(&place.at("bin/python3"), "", 0o755);
    put(&place.at("bin/plain"), "", 0o644);
    assert_eq!(place.path_of("python"), Ok(place.at("bin/python3")));
    assert_eq!(place.path_of("node"), Err("node is not installed; apt install nodejs".to_owned()));
    assert_eq!(place.path_of("plain"), Err("plain is not installed, or not on PATH".to_owned()));
}

#[test]
fn shims_of_a_version_manager_are_replaced_by_what_they_stand_for() {
    let mut place = Place::new(&[".pyenv/shims", "bin"]);
    put(&place.at(".pyenv/shims/python3"), "#!/bin/sh\ntouch $0.started", 0o755);
    put(&place.at(".pyenv/versions/3.11.7/bin/python3"), "#!/bin/sh\necho Python 3.11.7", 0o755);
    fs::create_dir(place.at(".pyenv/versions/3.11.7/lib")).unwrap();
    put(&place.at(".pyenv/version"), "3.11.7\nsystem\n", 0o644);
    let path = place.caller[OsStr::new("PATH")].clone();
    place.caller.insert("PATH".into(), format!("relative:{}", path.display()).into());
    let version = place.at(".pyenv/versions/3.11.7");
    assert_eq!(place.search().folders, [version.join("bin"), place.at("bin")]);
    let program = place.program("python3").unwrap();
    assert_eq!((&program.path, &program.visible), (&version.join("bin/python3"), &vec![version.clone()]));
    assert!(place.search().is_behind_shim(&program.path));
    let facts = program.facts.unwrap();
    let shell = fs::canonicalize("/bin/sh").unwrap();
    assert_eq!(facts.path, shell.to_string_lossy(), "a script is run by the interpreter of its first line");
    assert!(!place.at(".pyenv/shims/python3.started").exists());
}

#[test]
fn a_link_to_a_shim_counts_as_what_the_shim_stands_for() {
    let place = Place::new(&["bin", ".pyenv/shims"]);
    put(&place.at(".pyenv/shims/python3"), "#!/bin/sh\n", 0o755);
    put(&place.at(".pyenv/versions/3.11.7/bin/python3"), "", 0o755);
    put(&place.at(".pyenv/version"), "3.11.7", 0o644);
    fs::create_dir(place.at("bin")).unwrap();
    symlink(place.at(".pyenv/shims/python3"), place.at("bin/python3")).unwrap();
    assert_eq!(place.path_of("python3"), Ok(place.at(".pyenv/versions/3.11.7/bin/python3")));
}

#[test]
fn the_next_program_is_taken_when_the_first_lies_where_the_tools_user_may_not_look() {
    let mut place = Place::new(&["closed/bin", "open/bin"]);
    for folder in ["closed", "open"] {
        put(&place.at(folder).join("bin/python3"), "", 0o755);
    }
    put(&place.at("closed/bin/node"), "", 0o755);
    fs::set_permissions(place.at("closed"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(place.path_of("python3"), Ok(place.at("closed/bin/python3")));
    place.who = Who::Other;
    assert_eq!(place.path_of("python3"), Ok(place.at("open/bin/python3")));
    let closed = format!(
        "node is only at {}, which the user that runs tools cannot access",
        place.at("closed/bin/node").display()
    );
    assert_eq!(place.path_of("node"), Err(format!("{closed}; apt install nodejs")));
    assert_eq!(place.search().join(), place.at("open/bin"));
}

#[test]
fn no_program_of_the_workspace_is_taken() {
    let place = Place::new(&["work/.venv/bin", "links", "bin"]);
    for folder in ["work/.venv/bin", "bin", "work/hidden"] {
        put(&place.at(folder).join("python3"), "", 0o755);
    }
    fs::create_dir(place.at("links")).unwrap();
    symlink(place.at("work/hidden/python3"), place.at("links/python3")).unwrap();
    assert_eq!(place.path_of("python3"), Ok(place.at("bin/python3")));
    let elsewhere = place.with_workspace("elsewhere");
    let found = elsewhere.program(OsStr::new("python3"), &place.at("version"), None).unwrap();
    assert_eq!(found.path, place.at("work/.venv/bin/python3"));
}

#[test]
fn typescript_takes_the_first_runner_that_can() {
    let place = Place::new(&["bin"]);
    let program =
        |script: &str| place.search().program(OsStr::new("node"), &place.at("version"), Some(OsStr::new(script)));
    assert!(program("x.ts").unwrap_err().contains("node is not installed"));
    // A `node` that is a shell script and prints the answer.
    put(&place.at("bin/node"), "#!/bin/sh\necho v20.20.2\n", 0o755);
    assert!(program("x.ts").unwrap_err().contains("node is 20.20"));
    put(&place.at("bin/deno"), "", 0o755);
    assert_eq!(program("x.ts").unwrap().path, place.at("bin/deno"));
    put(&place.at("bin/node"), "#!/bin/sh\necho v22.6.0\n", 0o755);
    let node = program("x.ts").unwrap();
    assert_eq!((node.path, node.lead), (place.at("bin/node"), vec![OsString::from("--experimental-strip-types")]));
    assert_eq!(program("x.js").unwrap().lead, Vec::<OsString>::new());
}

#[test]
fn a_program_by_path_must_be_part_of_the_version_and_executable() {
    let place = Place::new(&["bin"]);
    let run = place.at("version/run.sh");
    put(&run, "#!/usr/bin/env -S bash -e\n", 0o644);
    assert!(place.path_of("./run.sh").unwrap_err().contains("chmod +x"));
    assert!(place.path_of("./none").unwrap_err().contains("not part of this version"));
    put(&place.at("version/bare"), "import os\n", 0o755);
    assert!(place.path_of("./bare").unwrap_err().contains("has no shebang line"));
    put(&run, "#!/usr/bin/env -S bash -e\n", 0o755);
    let missing = "the shebang line of run.sh names bash: bash is not installed; apt install bash";
    assert_eq!(place.path_of("./run.sh"), Err(missing.to_owned()));
    put(&place.at("bin/bash"), "", 0o755);
    let program = place.program("./run.sh").unwrap();
    assert_eq!((program.path, program.visible), (run, vec![place.at("bin/bash")]));
    assert_eq!(program.facts.map(|facts| facts.path), Some(place.at("bin/bash").to_string_lossy().into_owned()));
}
