//! Runs a program of the user that reads the files of a version and reports on them: a linter.
//!
//! The program is trusted like the user's other programs; the files are not. So the program works on a private copy of
//! the relevant files, in a folder without other files and without settings. It is started without a shell, with a
//! separate environment and an empty home folder. It has a time limit, limits on memory and output, and the lowest
//! priority. It does not run in the sandbox: callers must request only actions that execute nothing.

use crate::domain::VersionFile;
use crate::outside::{ExternalProgram, NoProgram, Programs, Trusted};
use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};
use rustix::process::{kill_process_group, prlimit, setpriority_process, waitid};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Component, Path};
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// The maximum output that is kept, in bytes of each stream.
const MAX_OUTPUT: u64 = 4 << 20;

/// The maximum private memory of each of its processes, in bytes; compilers of this kind use less than a third of that.
const MAX_MEMORY: u64 = 1 << 30;

/// The lowest priority.
const LOWEST: i32 = 19;

/// An address without a server, so that a program that tries to use the network fails.
const NOWHERE: &str = "http://127.0.0.1:9";

/// What to run.
#[derive(Debug, Clone, Copy)]
pub struct ProgramArguments<'a> {
    /// Its name, as on the search path.
    pub program: &'a str,
    /// Its arguments; `{files}` stands for the paths of all files.
    pub arguments: &'a [&'a str],
    /// The files it reads.
    pub files: &'a [&'a VersionFile],
    /// A file of Toolsmith that it also receives, by name and text; `{ours}` in an argument is its path.
    pub ours: Option<(&'a str, &'a str)>,
    /// Finds installed programs.
    pub programs: &'a Programs,
    /// The time limit.
    pub patience: Duration,
}

/// The result of running a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It is not installed.
    Absent,
    /// It could not be run, or exceeded the time limit; one line.
    Failed(String),
    /// It ended by itself.
    Ended {
        /// Its exit code; `None` if a signal ended it.
        code: Option<i32>,
        /// The kept part of standard output.
        stdout: String,
        /// The kept part of standard error.
        stderr: String,
    },
}

/// Runs a program and waits for its result; leaves no files behind.
pub fn read_with(reading: &ProgramArguments<'_>) -> Answered {
    match reading.programs.find(ExternalProgram::Linter, OsStr::new(reading.program)) {
        Ok(program) => ask(reading, program).unwrap_or_else(Answered::Failed),
        Err(NoProgram::Distrusted(path, why)) => Answered::Failed(format!("not run: {path} is not trusted: {why}")),
        Err(NoProgram::Absent(..)) => Answered::Absent,
    }
}

fn ask(reading: &ProgramArguments<'_>, program: Trusted) -> Result<Answered, String> {
    let folder = reading.programs.empty_folder().map_err(|error| error.to_string())?;
    let (home, files) = (folder.path().join("home"), folder.path().join("files"));
    for dir in [&home, &files] {
        std::fs::create_dir(dir).map_err(|error| error.to_string())?;
    }
    for file in reading.files {
        copy(file, &files)?;
    }
    let ours = reading.ours.map(|(name, text)| (folder.path().join(name), text));
    if let Some((path, text)) = &ours {
        std::fs::write(path, text).map_err(|error| error.to_string())?;
    }
    let mut arguments: Vec<OsString> = Vec::new();
    for argument in reading.arguments {
        match (*argument, &ours) {
            // A name that begins with a dash would be an option.
            ("{files}", _) => arguments.extend(reading.files.iter().map(|file| format!("./{}", file.path).into())),
            (argument, Some((path, _))) => arguments.push(argument.replace("{ours}", &path.to_string_lossy()).into()),
            (argument, None) => arguments.push(argument.into()),
        }
    }
    let launch = reading.programs.launch(ExternalProgram::Linter, program).map_err(|error| error.to_string())?;
    let launch = launch.folder(&files).args(arguments).env("HOME", &home).env("TMPDIR", &home);
    let launch = launch.env("LANG", "C.UTF-8").env("NO_COLOR", "1");
    let launch = launch.envs(["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name, NOWHERE)));
    let mut launch = launch.in_group().streams(Stdio::null(), Stdio::piped(), Stdio::piped());
    let child = launch.spawn().map_err(|error| format!("it does not start: {error}"))?;
    // Not inherited from this process, because that would limit this process; the program has not read any file yet.
    let memory = Rlimit { current: Some(MAX_MEMORY), maximum: Some(MAX_MEMORY) };
    let bounded = prlimit(Some(Pid::from_child(&child)), Resource::Data, memory);
    let answered = wait(child, reading.patience);
    bounded.map_err(|error| format!("its memory limit cannot be set: {error}")).and(answered)
}

/// Writes a file below a folder, never outside it.
fn copy(file: &VersionFile, below: &Path) -> Result<(), String> {
    let relative = Path::new(&file.path);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("{} is not a path of a version", file.path));
    }
    let path = below.join(relative);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, &file.bytes));
    made.map_err(|error| format!("{} cannot be copied: {error}", file.path))
}

fn wait(mut child: Child, patience: Duration) -> Result<Answered, String> {
    let pid = Pid::from_child(&child);
    // The program also works if the priority cannot be lowered.
    let _ = setpriority_process(Some(pid), LOWEST);
    let (stdout, stderr) = (kept(child.stdout.take()), kept(child.stderr.take()));
    let (ended, end) = mpsc::channel();
    // The process is only observed: until it is reaped, its number is not reused. If it ends late, the receiver may be
    // gone.
    std::thread::spawn(move || {
        let looked = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        // The receiver may be gone.
        let _ = ended.send(looked.map(|_| ()));
    });
    let looked = end.recv_timeout(patience);
    // Its child processes end with it; while one of them holds the pipes, reading them does not end.
    let _ = kill_process_group(pid, Signal::KILL);
    let status = child.wait().map_err(|error| error.to_string())?;
    looked
        .map_err(|_| format!("it did not finish within {}s", patience.as_secs()))?
        .map_err(|error| error.to_string())?;
    Ok(Answered::Ended { code: status.code(), stdout: text(stdout), stderr: text(stderr) })
}

/// Reads a stream to its end and keeps the beginning, so that a program with more output is not blocked.
fn kept(stream: Option<impl Read + Send + 'static>) -> Option<JoinHandle<Vec<u8>>> {
    let mut stream = stream?;
    Some(std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A stream that breaks off is used as far as it was read; an unreadable result is then reported.
        let _ = stream.by_ref().take(MAX_OUTPUT).read_to_end(&mut bytes);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
        bytes
    }))
}

fn text(reader: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::FileMode;

    fn asked(script: &str, files: &[&VersionFile], patience: Duration) -> Answered {
        let dir = crate::outside::fixture::folder();
        let program = dir.path().join("fake-linter");
        crate::outside::fixture::executable(&program, &format!("#!/bin/sh\n{script}\n"));
        let path = std::env::join_paths([dir.path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        read_with(&ProgramArguments {
            program: "fake-linter",
            arguments: &["--with", "{ours}", "{files}"],
            files,
            ours: Some(("rules.yml", "our rules")),
            programs: &Programs::default().with_variables([("PATH".into(), path)]),
            patience,
        })
    }

    fn ended(answer: Answered) -> (Option<i32>, String, String) {
        match answer {
            Answered::Ended { code, stdout, stderr } => (code, stdout, stderr),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_reads_a_private_copy_with_an_environment_of_its_own() {
        let file = VersionFile { path: "sub/-x.py".into(), mode: FileMode::Plain, bytes: b"text".to_vec() };
        let script = "echo \"$@\" | sed 's|/[^ ]*/rules|RULES|'; cat \"$3\"; echo; cat \"$2\"; echo; env | cut -d= -f1 | sort | tr '\\n' ' '; echo oops >&2; exit 3";
        let (code, stdout, stderr) = ended(asked(script, &[&file], Duration::from_secs(20)));
        let lines: Vec<&str> = stdout.lines().collect();
        assert_eq!(
            (code, lines[0], lines[1], lines[2]),
            (Some(3), "--with RULES.yml ./sub/-x.py", "text", "our rules")
        );
        assert!(!lines[3].contains("CARGO") && lines[3].contains("HOME"), "{lines:?}");
        assert_eq!(stderr, "oops\n");
    }

    #[test]
    fn its_memory_is_limited() {
        // The limit takes effect soon after the start.
        let script = "until ulimit -d | grep -qx 1048576; do :; done; echo limited";
        let (_, stdout, _) = ended(asked(script, &[], Duration::from_secs(20)));
        assert_eq!(stdout, "limited\n");
    }

    #[test]
    fn one_that_is_absent_or_does_not_end_says_so() {
        let reading = ProgramArguments {
            program: "no-such-linter",
            arguments: &[],
            files: &[],
            ours: None,
            programs: &Programs::default().with_variables([("PATH".into(), "/nonexistent".into())]),
            patience: Duration::from_secs(1),
        };
        assert_eq!(read_with(&reading), Answered::Absent);
        let slow = asked("sleep 60 & wait", &[], Duration::from_millis(200));
        assert_eq!(slow, Answered::Failed("it did not finish within 0s".to_owned()));
        let outside = VersionFile { path: "../x".into(), mode: FileMode::Plain, bytes: Vec::new() };
        assert!(matches!(asked("exit 0", &[&outside], Duration::from_secs(20)), Answered::Failed(_)));
    }
}
