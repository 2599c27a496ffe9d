//! Programs for tests, and a folder where they are trusted.

use super::Trust;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A new folder in which programs are trusted: not in `/tmp`, where they never are.
///
/// # Panics
/// When this user has no such folder: neither next to the tests nor at home.
pub fn folder() -> tempfile::TempDir {
    let built = std::env::current_exe().unwrap();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let places = built.parent().map(Path::to_owned).into_iter().chain(home);
    let trusted = places.into_iter().find(|place| Trust::default().folder(place).is_ok());
    tempfile::tempdir_in(trusted.unwrap()).unwrap()
}

/// Writes an executable file, in another process. If this process wrote it, a child that another test is starting could
/// inherit the file descriptor, and executing the file would fail ("Text file busy").
///
/// # Panics
/// When it cannot be written.
pub fn executable(path: &Path, text: &str) {
    let write = "rm -f -- \"$1\" && cat >\"$1\" && chmod 755 \"$1\"";
    let mut command = Command::new("sh");
    let mut writer = command.args(["-c", write, "sh"]).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success(), "{}", path.display());
}
