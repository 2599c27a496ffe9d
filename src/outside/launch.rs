//! A process of a program outside of the sandbox. No other code creates a [`Command`] for one.

use super::trust::Trusted;
use super::variables::loads_code;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, getpid, kill_process, kill_process_group, waitid};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;

/// Time for a process to end after TERM, and after KILL.
const GRACE: Duration = Duration::from_secs(2);

/// Maximum bytes of standard error that are kept.
const MAX_STDERR_BYTES: u64 = 1024 * 1024;

/// A program to start: with only the given variables, and not in a folder of a tool.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    in_group: bool,
    /// The checked file, held open until it has started.
    _program: Option<Trusted>,
    /// Removed when the process has ended.
    _folder: Option<TempDir>,
}

/// Why a process gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// It could not be started.
    #[error("{0}")]
    NotStarted(io::Error),
    /// It started, but could not be read or waited for.
    #[error("{0}")]
    Broken(io::Error),
    /// It did not end in time, and was killed.
    #[error("it did not finish within {}s", .0.as_secs())]
    Late(Duration),
}

impl Launch {
    /// A trusted program, in `/` and without variables.
    pub fn new(program: Trusted) -> Launch {
        let mut command = Command::new(program.executable());
        command.arg0(program.found_at()).env_clear().current_dir("/");
        Launch { command, in_group: false, _program: Some(program), _folder: None }
    }

    /// This program in another role, without variables.
    pub fn ourselves(program: &Path) -> Launch {
        let mut command = Command::new(program);
        command.env_clear().current_dir("/");
        Launch { command, in_group: false, _program: None, _folder: None }
    }

    /// This program, to continue our work: it gets our variables, except those that load code.
    pub fn heir(program: &Path) -> Launch {
        let kept = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| !loads_code(name)));
        // Our `PATH` is passed on, because the new process checks programs on it as this process does.
        let path = std::env::var_os("PATH").map(|path| (OsString::from("PATH"), path));
        Launch::ourselves(program).envs(kept.chain(path))
    }

    /// Sets the name in process lists, instead of the path of its file.
    #[must_use]
    pub fn called(mut self, name: &str) -> Launch {
        self.command.arg0(name);
        self
    }

    /// Starts it in a folder of ours, which is kept until this is dropped.
    pub(super) fn within(mut self, folder: TempDir) -> Launch {
        self.command.current_dir(folder.path());
        Launch { _folder: Some(folder), ..self }
    }

    /// Starts it in this folder.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Launch {
        self.command.current_dir(folder);
        self
    }

    /// Appends an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Launch {
        self.command.arg(arg);
        self
    }

    /// Appends these arguments.
    #[must_use]
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Launch {
        self.command.args(args);
        self
    }

    /// Sets a variable whose value is ours, or was named by the user.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Launch {
        self.command.env(name, value);
        self
    }

    /// Sets these variables in addition to those that every program gets.
    #[must_use]
    pub fn envs<N: AsRef<OsStr>, V: AsRef<OsStr>>(mut self, variables: impl IntoIterator<Item = (N, V)>) -> Launch {
        self.command.envs(variables);
        self
    }

    /// Connects standard input, output and error.
    #[must_use]
    pub fn streams(mut self, stdin: impl Into<Stdio>, stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Launch {
        self.command.stdin(stdin).stdout(stdout).stderr(stderr);
        self
    }

    /// Starts it in its own process group: signals of our terminal do not reach it, and the whole group can be killed.
    #[must_use]
    pub fn in_group(mut self) -> Launch {
        self.command.process_group(0);
        Launch { in_group: true, ..self }
    }

    /// Starts it as another user; only root can do this.
    #[must_use]
    pub fn user(mut self, user: u32) -> Launch {
        self.command.uid(user).gid(user);
        self
    }

    /// Starts it. The caller must keep this value as long as the program needs its folder.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(&mut self) -> io::Result<Child> {
        self.command.spawn()
    }

    /// Starts it on the terminal of this process, and waits for its end. If the terminal stops it, this process stops
    /// as well, as the parent shell expects, and both continue together.
    ///
    /// # Errors
    /// When it cannot be started or waited for.
    pub fn at_terminal(mut self) -> io::Result<ExitStatus> {
        let mut child = self.command.spawn()?;
        let pid = Pid::from_child(&child);
        let looked_for = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(pid), looked_for) {
                Ok(Some(found)) if found.stopped() => {
                    kill_process(getpid(), Signal::STOP)?;
                    // The process that continues us may not have continued it.
                    kill_process(pid, Signal::CONT)?;
                }
                Ok(_) => return child.wait(),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Replaces this process with the program. Returns only on failure.
    pub fn exec(&mut self) -> io::Error {
        self.command.exec()
    }

    /// Starts it with this input (`None`: no input), and waits for its end. After the timeout, it gets TERM, then KILL,
    /// together with its process group if it has its own.
    ///
    /// # Errors
    /// When it gave no result.
    pub fn finish(mut self, input: Option<&[u8]>, patience: Duration) -> Result<Output, Unfinished> {
        let stdin = input.map_or(Ok(Stdio::null()), whole).map_err(Unfinished::NotStarted)?;
        self.command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().map_err(Unfinished::NotStarted)?;
        let pid = Pid::from_child(&child);
        let said = child.stderr.take();
        let (ended, end) = mpsc::channel();
        // The receiver may no longer exist after a timeout.
        std::thread::spawn(move || drop(ended.send(wait_for(child, said))));
        if let Ok(output) = end.recv_timeout(patience) {
            return output.map_err(Unfinished::Broken);
        }
        for signal in [Signal::TERM, Signal::KILL] {
            // It is reaped only after its streams are closed, so its process id is still valid. It may have ended.
            let _ = if self.in_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
            if end.recv_timeout(GRACE).is_ok() {
                break;
            }
        }
        Err(Unfinished::Late(patience))
    }
}

/// Waits for the end of a program, and keeps the beginning of its standard error.
fn wait_for(child: Child, said: Option<ChildStderr>) -> io::Result<Output> {
    let beginning = said.map(|mut said| {
        std::thread::spawn(move || -> io::Result<Vec<u8>> {
            let mut beginning = Vec::new();
            said.by_ref().take(MAX_STDERR_BYTES).read_to_end(&mut beginning)?;
            io::copy(&mut said, &mut io::sink())?;
            Ok(beginning)
        })
    });
    let output = child.wait_with_output()?;
    let lost = |_| Err(io::Error::other("reading its standard error ended early"));
    let stderr = beginning.map_or(Ok(Vec::new()), |reader| reader.join().unwrap_or_else(lost))?;
    Ok(Output { stderr, ..output })
}

/// Standard input that is complete before the program starts. With a pipe, if we were killed while writing, git could
/// read half of a list of paths and commit half of a move.
fn whole(bytes: &[u8]) -> io::Result<Stdio> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(Stdio::from(file))
}

#[cfg(test)]
mod tests {
    use super::super::Trust;
    use super::*;

    fn shell(script: &str) -> Launch {
        Launch::new(Trust::default().program(Path::new("/bin/sh")).unwrap()).args(["-c", script])
    }

    #[test]
    fn it_has_no_variable_and_no_folder_but_its_own() {
        let env = shell("pwd; env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD=; cat");
        let output = env.finish(Some(b"told"), Duration::from_mins(1)).unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "/\ntold");
    }

    #[test]
    fn a_flood_on_standard_error_is_kept_to_its_beginning() {
        let flood = shell("head -c 3000000 /dev/zero >&2; echo told").env("PATH", "/usr/bin:/bin");
        let output = flood.finish(None, Duration::from_mins(1)).unwrap();
        assert_eq!((output.stdout.as_slice(), output.stderr.len() as u64), (&b"told\n"[..], MAX_STDERR_BYTES));
    }

    #[test]
    fn what_does_not_end_is_ended_with_all_that_it_started() {
        let late = shell("sleep 311 & wait").in_group().env("PATH", "/usr/bin:/bin");
        let late = late.finish(None, Duration::from_millis(50)).unwrap_err();
        assert!(matches!(late, Unfinished::Late(_)), "{late}");
    }
}
