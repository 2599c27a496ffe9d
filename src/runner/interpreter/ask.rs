//! Asking an interpreter a question: what it prints, within a time.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long an interpreter has to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// More of an answer than this is not read, in bytes.
const MAX_ANSWER: u64 = 1024 * 1024;

/// What a program prints. It gets no input, no variables and no current folder that a workspace could
/// have prepared.
///
/// # Errors
/// One line: it does not start, or gives no answer within three seconds.
pub(super) fn answer(program: &Path, args: &[&str]) -> Result<String, String> {
    let silent = || format!("{} does not answer", program.display());
    let mut ask = Command::new(program);
    ask.args(args).env_clear().current_dir("/");
    ask.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = ask.spawn().map_err(|error| format!("{} does not start: {error}", program.display()))?;
    let mut stdout = child.stdout.take().ok_or_else(silent)?;
    let (told, tell) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        // A pipe that breaks has told what it has told.
        drop(stdout.by_ref().take(MAX_ANSWER).read_to_end(&mut text));
        drop(told.send(text));
    });
    let text = tell.recv_timeout(PATIENCE);
    // It has closed its output or is late; either way nothing more is wanted of it.
    drop(child.kill());
    drop(child.wait());
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    if text.trim().is_empty() { Err(silent()) } else { Ok(text) }
}

/// The first line with words in it that a program prints.
///
/// # Errors
/// As [`answer`].
pub(super) fn first_line(program: &Path, args: &[&str]) -> Result<String, String> {
    let text = answer(program, args)?;
    Ok(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_of_this_machine_answers_and_a_program_that_does_not_start_is_named() {
        assert_eq!(first_line(Path::new("/bin/sh"), &["-c", "echo; echo one; echo two"]), Ok("one".to_owned()));
        assert_eq!(answer(Path::new("/bin/sh"), &["-c", ":"]), Err("/bin/sh does not answer".to_owned()));
        let missing = answer(Path::new("/nonexistent/x"), &[]).unwrap_err();
        assert!(missing.starts_with("/nonexistent/x does not start: "));
    }
}
