//! Asking an interpreter a question: what it prints, within a time.

use crate::outside::Trusted;
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long an interpreter has to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Starts a program with these variables and no others, and waits for it for so long. It gets no input
/// and no current folder that a workspace could have prepared.
///
/// # Errors
/// One line: it does not start, or does not end in time.
pub(in crate::runner) fn call(
    program: &Path,
    args: &[&OsStr],
    env: &[(OsString, OsString)],
    patience: Duration,
) -> Result<Output, String> {
    finish(Command::new(program), program, args, env, patience)
}

fn finish(
    mut command: Command,
    program: &Path,
    args: &[&OsStr],
    env: &[(OsString, OsString)],
    patience: Duration,
) -> Result<Output, String> {
    let shown = program.display();
    command.args(args).env_clear().envs(env.iter().cloned()).current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| format!("{shown} does not start: {error}"))?;
    let pid = Pid::from_child(&child);
    let (ended, end) = mpsc::channel();
    // Nobody may listen any more when it ends late.
    std::thread::spawn(move || drop(ended.send(child.wait_with_output())));
    if let Ok(output) = end.recv_timeout(patience) {
        return output.map_err(|error| format!("{shown} does not answer: {error}"));
    }
    // It may have ended a moment ago; then there is nothing to kill.
    let _ = kill_process(pid, Signal::KILL);
    Err(format!("{shown} does not answer within {} s", patience.as_secs()))
}

/// What a trusted program prints: the very file that was judged is started, without any variable.
///
/// # Errors
/// One line: it does not start, fails, or says nothing within three seconds.
pub(in crate::runner) fn answer(program: &Trusted, args: &[&str]) -> Result<String, String> {
    let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
    let mut command = Command::new(program.executable());
    command.arg0(program.path());
    let output = finish(command, program.path(), &args, &[], PATIENCE)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || text.trim().is_empty() {
        return Err(format!("{} does not answer", program.path().display()));
    }
    Ok(text)
}

/// The first line with words in it that a program prints.
///
/// # Errors
/// As [`answer`].
pub(super) fn first_line(program: &Trusted, args: &[&str]) -> Result<String, String> {
    let text = answer(program, args)?;
    Ok(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::Trust;

    #[test]
    fn the_shell_of_this_machine_answers_and_a_program_that_does_not_start_is_named() {
        let shell = Trust::default().program(Path::new("/bin/sh")).unwrap();
        assert_eq!(first_line(&shell, &["-c", "echo; echo one; echo two"]), Ok("one".to_owned()));
        assert_eq!(answer(&shell, &["-c", ":"]), Err(format!("{} does not answer", shell.path().display())));
        let missing = call(Path::new("/nonexistent/x"), &[], &[], PATIENCE).unwrap_err();
        assert!(missing.starts_with("/nonexistent/x does not start: "));
    }
}
