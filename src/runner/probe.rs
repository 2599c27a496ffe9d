//! Which interpreters are here, as a run would find them.

use super::interpreter::{Interpreters, Program, SearchPath, Seeker, Who};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What is asked for: the word shown, the program, and a script name where that decides.
const ASKED: &[(&str, &str, Option<&str>)] = &[
    ("python3", "python3", None),
    ("node", "node", None),
    ("TypeScript", "node", Some("tool.ts")),
    ("bash", "bash", None),
];

/// An interpreter that tools are commonly written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Its word, for example `python3`.
    pub name: &'static str,
    /// Where it is, or what is missing and how to get it.
    pub found: Result<Found, String>,
}

/// Where an interpreter is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its real path.
    pub path: PathBuf,
    /// The version it tells.
    pub version: String,
    /// Whether a version manager's stand-in on `PATH` led to it.
    pub behind_shim: bool,
}

/// Looks for the common interpreters on the caller's `PATH`, as a run in this workspace would, and asks
/// each for its version; at most three seconds each.
pub fn interpreters(workspace: &Path, known: &Interpreters) -> Vec<Interpreter> {
    let caller = std::env::vars_os().collect();
    let who = Who::of_this_process();
    let path = SearchPath::new(Seeker { caller: &caller, who, workspace: Some(workspace), interpreters: known });
    let look = |&(name, program, script): &(&'static str, &str, Option<&str>)| {
        let found = path.program(OsStr::new(program), Path::new("/"), script.map(OsStr::new));
        Interpreter { name, found: found.and_then(|program| told(&path, program)) }
    };
    ASKED.iter().map(look).collect()
}

fn told(path: &SearchPath<'_>, program: Program) -> Result<Found, String> {
    let behind_shim = path.is_behind_shim(&program.path);
    match program.facts {
        Some(facts) if !facts.version.is_empty() => {
            Ok(Found { path: facts.path.into(), version: facts.version, behind_shim })
        }
        Some(_) | None => Err(format!("{} does not tell its version", program.path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_of_this_machine_tells_its_version() {
        let all = interpreters(Path::new("/nonexistent"), &Interpreters::default());
        let bash = all.into_iter().find(|interpreter| interpreter.name == "bash").unwrap().found.unwrap();
        assert!(bash.path.ends_with("bash") && bash.version.starts_with(|c: char| c.is_ascii_digit()), "{bash:?}");
        assert!(!bash.behind_shim);
    }
}
