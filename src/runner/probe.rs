//! Which interpreters are here, as a run would find them.

use super::interpreter::SearchPath;
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long an interpreter has to tell its version.
const PATIENCE: Duration = Duration::from_secs(3);

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
    /// Its path and the version it tells, or what is missing and how to get it.
    pub found: Result<(PathBuf, String), String>,
}

/// Looks for the common interpreters on the caller's `PATH` and asks each for its version; at most
/// three seconds each.
pub fn interpreters() -> Vec<Interpreter> {
    let path = SearchPath::new(std::env::var_os("PATH").as_deref());
    let look = |&(name, program, script): &(&'static str, &str, Option<&str>)| {
        let found = path.program(OsStr::new(program), Path::new("/"), script.map(OsStr::new));
        let found = found.and_then(|program| Ok((program.path.clone(), version(&program.path)?)));
        Interpreter { name, found }
    };
    ASKED.iter().map(look).collect()
}

/// The first line that `--version` prints.
fn version(program: &Path) -> Result<String, String> {
    let silent = || format!("{} does not tell its version", program.display());
    let mut ask = Command::new(program);
    ask.arg("--version").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = ask.spawn().map_err(|error| format!("{} does not start: {error}", program.display()))?;
    let mut stdout = child.stdout.take().ok_or_else(silent)?;
    let (told, tell) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        // A pipe that breaks has told what it has told.
        drop(stdout.by_ref().take(4096).read_to_end(&mut text));
        drop(told.send(text));
    });
    let text = tell.recv_timeout(PATIENCE);
    // It has closed its output or is late; either way nothing more is wanted of it.
    drop(child.kill());
    drop(child.wait());
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).ok_or_else(silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_of_this_machine_tells_its_version() {
        let bash = interpreters().into_iter().find(|interpreter| interpreter.name == "bash").unwrap();
        let (path, version) = bash.found.unwrap();
        assert!(path.ends_with("bash") && version.contains("bash"), "{version}");
    }

    #[test]
    fn a_program_that_does_not_start_is_named() {
        assert!(version(Path::new("/nonexistent/x")).unwrap_err().starts_with("/nonexistent/x does not start: "));
    }
}
