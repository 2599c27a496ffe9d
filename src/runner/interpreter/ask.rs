//! Queries an interpreter: its output, within a time limit.

use crate::outside::{ExternalProgram, Programs, Trusted};
use std::time::Duration;

/// How long an interpreter has to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// The output of a trusted program. Exactly the file that was checked is started, without variables, in an empty
/// folder.
///
/// # Errors
/// One line: it does not start, fails, or prints nothing within three seconds.
pub(super) fn answer(programs: &Programs, program: Trusted, args: &[&str]) -> Result<String, String> {
    let shown = program.path().display().to_string();
    let launch = programs.launch(ExternalProgram::Interpreter, program).map_err(|error| format!("{shown}: {error}"))?;
    let output = launch.args(args).in_group().finish(None, PATIENCE).map_err(|why| format!("{shown}: {why}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() || text.trim().is_empty() {
        return Err(format!("{shown} does not respond"));
    }
    Ok(text)
}

/// The first nonblank line that a program prints.
///
/// # Errors
/// As [`answer`].
pub(super) fn first_line(programs: &Programs, program: Trusted, args: &[&str]) -> Result<String, String> {
    let text = answer(programs, program, args)?;
    Ok(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_shell_of_this_machine_answers_from_an_empty_folder_of_ours() {
        let programs = Programs::default();
        let shell = || programs.trust().program(Path::new("/bin/sh")).unwrap();
        let shown = shell().path().display().to_string();
        assert_eq!(first_line(&programs, shell(), &["-c", "echo; echo one; echo two"]), Ok("one".to_owned()));
        assert_eq!(answer(&programs, shell(), &["-c", ":"]), Err(format!("{shown} does not respond")));
        let here = answer(&programs, shell(), &["-c", "ls -A; pwd"]).unwrap();
        assert!(here.lines().count() == 1 && here.contains("/toolsmith-"), "{here}");
        assert!(!Path::new(here.trim()).exists());
    }
}
