//! The interpreters on this machine, as a run would find them.

use super::{Interpreters, ResolvedProgram, SearchPath, Seeker, Sources, Who};
use crate::domain::InterpreterFacts;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What is queried: the displayed command, the program, and a script name if that matters.
const ASKED: &[(&str, &str, Option<&str>)] = &[
    ("python3", "python3", None),
    ("node", "node", None),
    ("TypeScript", "node", Some("tool.ts")),
    ("bash", "bash", None),
];

/// An interpreter that tools are commonly written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Its command, for example `python3`.
    pub name: &'static str,
    /// Its location, or what is missing and how to get it.
    pub found: Result<InterpreterPath, String>,
    /// A note if approved and core tools cannot use this one, and how to give it to them.
    pub hint: Option<String>,
}

/// The location of an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterpreterPath {
    /// Path with every link resolved.
    pub path: PathBuf,
    /// The path that it is started by.
    pub start: PathBuf,
    /// The version that it reports.
    pub version: String,
    /// Whether it was found through a version manager's shim on `PATH`.
    pub behind_shim: bool,
}

/// Looks for the common interpreters on the caller's `PATH`, as a run in this workspace would, and asks
/// each for its version; at most three seconds each.
pub fn interpreters(workspace: &Path, known: &Interpreters) -> Vec<Interpreter> {
    let caller = std::env::vars_os().collect();
    let who = Who::of_this_process();
    let path = |sources| {
        SearchPath::new(Seeker { caller: &caller, who, workspace: Some(workspace), interpreters: known, sources })
    };
    let (path, system) = (path(Sources::Caller), path(Sources::System));
    let look = |&(name, program, script): &(&'static str, &str, Option<&str>)| {
        let found = path.program(OsStr::new(program), Path::new("/"), script.map(OsStr::new));
        let found = found.and_then(|program| told(&path, program));
        let approved = system.program(OsStr::new(program), Path::new("/"), script.map(OsStr::new));
        let hint = match (&found, approved) {
            (Ok(found), Ok(approved))
                if approved.facts.as_ref().is_some_and(|facts| found.path == Path::new(&facts.path)) =>
            {
                None
            }
            (Ok(found), Ok(approved)) => Some(format!(
                "approved and core tools use {} instead; to use this one, add {program} = \"{}\" to [programs] in config.toml",
                approved.path.display(),
                found.start.display()
            )),
            (Ok(_), Err(missing)) => Some(missing),
            (Err(_), _) => None,
        };
        Interpreter { name, found, hint }
    };
    ASKED.iter().map(look).collect()
}

fn told(path: &SearchPath<'_>, program: ResolvedProgram) -> Result<InterpreterPath, String> {
    let behind_shim = path.is_behind_shim(&program.path);
    match program.facts {
        Some(facts) if !facts.version.is_empty() => {
            Ok(InterpreterPath { path: facts.path.into(), start: program.path, version: facts.version, behind_shim })
        }
        Some(InterpreterFacts { untrusted: Some(why), .. }) => {
            Err(format!("{} is not trusted: {why}; it runs experimental tools only", program.path.display()))
        }
        Some(_) | None => Err(format!("the version of {} is unknown", program.path.display())),
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
