//! One call of git: arguments, a clean environment, a deadline, and the result.
//!
//! Git runs in a separate process group, so that ctrl-c at our terminal does not stop it between writing a tree and
//! releasing its lock, and so that a hanging hook can be ended with its children.

use super::error::GitError;
use super::place::GitContext;
use crate::domain::SafeText;
use crate::outside::{ExternalProgram, Launch, NoProgram, Unfinished};
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{ExitStatus, Output};
use std::time::Duration;

/// Deadline of reading the configuration, which precedes each other call: git would wait for the writer of a FIFO in
/// place of a configuration file.
const CONFIGURATION: Duration = Duration::from_secs(5);

/// Deadline of a query.
pub(super) const QUICK: Duration = Duration::from_secs(30);

/// Deadline of a commit: the user's hooks may run whole test suites.
const SLOW: Duration = Duration::from_mins(5);

/// Maximum length of an error message that is passed on, in characters.
const MAX_COMPLAINT_CHARS: usize = 600;

/// Variables that disable prompts and select untranslated messages.
const SILENT: &[(&str, &str)] = &[
    ("LC_ALL", "C.UTF-8"),
    ("LANGUAGE", ""),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_EDITOR", ":"),
    ("GIT_SEQUENCE_EDITOR", ":"),
    // Passphrases are requested from a program that gives none, not at a terminal.
    ("SSH_ASKPASS_REQUIRE", "force"),
    ("SSH_ASKPASS", "/bin/false"),
    // The user's configuration can make git write trace files anywhere.
    ("GIT_TRACE2", "0"),
    ("GIT_TRACE2_EVENT", "0"),
    ("GIT_TRACE2_PERF", "0"),
    // No transport, and so none of its programs: a partial clone would fetch missing objects when they are read.
    ("GIT_ALLOW_PROTOCOL", ""),
    ("GIT_NO_LAZY_FETCH", "1"),
];

/// Transports that start nothing but git and ssh.
const TRANSPORTS: &str = "file:git:http:https:ssh";

/// What git must not do, whatever its configuration.
const OPTIONS: &[&str] = &[
    "--no-optional-locks",
    "--no-pager",
    "-c",
    // A monitor would be a program named by the repository, started by a mere query.
    "core.fsmonitor=false",
    "-c",
    "color.ui=false",
    "-c",
    // Housekeeping belongs to the user's own git, not to a promotion.
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "i18n.commitEncoding=UTF-8",
    "-c",
    "i18n.logOutputEncoding=UTF-8",
];

/// A call to make.
#[derive(Debug, Clone)]
pub(super) struct GitCall {
    args: Vec<String>,
    input: Option<Vec<u8>>,
    env: Vec<(OsString, OsString)>,
    pathspecs: Pathspecs,
    deadline: Duration,
    /// Its working directory; `None` means the folder of the place.
    folder: Option<PathBuf>,
}

/// How git interprets the given paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pathspecs {
    /// Every character is literal.
    Literal,
    /// Wildcards and `:(…)` are interpreted; the caller escapes.
    Magic,
}

/// The result of a call that ended.
#[derive(Debug, Clone)]
pub(super) struct GitOutput {
    status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl GitCall {
    pub(super) fn new(args: &[&str]) -> GitCall {
        GitCall {
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            input: None,
            env: Vec::new(),
            pathspecs: Pathspecs::Literal,
            deadline: QUICK,
            folder: None,
        }
    }

    /// Adapts the call to listing the configuration.
    pub(super) fn configuration(self) -> GitCall {
        GitCall { deadline: CONFIGURATION, ..self }
    }

    /// Passes these bytes on standard input.
    pub(super) fn input(self, bytes: Vec<u8>) -> GitCall {
        GitCall { input: Some(bytes), ..self }
    }

    pub(super) fn env(mut self, name: &str, value: impl Into<OsString>) -> GitCall {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Gives the call more time, for commands that work on many objects.
    pub(super) fn patient(self) -> GitCall {
        GitCall { deadline: SLOW, ..self }
    }

    /// Allows the transports that start only git and ssh, for commands that access another repository.
    pub(super) fn over_transports(self) -> GitCall {
        self.env("GIT_ALLOW_PROTOCOL", TRANSPORTS).patient()
    }

    /// Sets the working directory.
    pub(super) fn folder(self, folder: PathBuf) -> GitCall {
        GitCall { folder: Some(folder), ..self }
    }

    /// Enables path patterns, for commands that do not support literal paths.
    pub(super) fn magic(self) -> GitCall {
        GitCall { pathspecs: Pathspecs::Magic, ..self }
    }

    /// Adapts the call to the user's hooks: they get more time, and paths are not literal, because literal paths would
    /// break a hook's `git diff -- '*.py'`.
    pub(super) fn with_hooks(self) -> GitCall {
        GitCall { pathspecs: Pathspecs::Magic, deadline: SLOW, ..self }
    }

    /// Starts git in a place, with these settings as variables, which take precedence over those in files.
    pub(super) fn run(&self, place: &GitContext<'_>, settings: &[(OsString, OsString)]) -> Result<GitOutput, GitError> {
        let git = place.programs.find(ExternalProgram::Git, OsStr::new("git")).map_err(|why| match why {
            NoProgram::Absent(..) => GitError::NotInstalled,
            why @ NoProgram::Distrusted(..) => GitError::Spawn(why.to_string()),
        })?;
        let launch =
            place.programs.launch(ExternalProgram::Git, git).map_err(|error| GitError::Spawn(error.to_string()))?;
        let literal = (self.pathspecs == Pathspecs::Literal).then_some("--literal-pathspecs");
        let folder = self.folder.as_deref().unwrap_or(place.folder);
        let launch = launch.args(literal).args(OPTIONS).args(&self.args).folder(folder).envs(SILENT.iter().copied());
        let launch = launch.envs(place.env.iter().chain(settings).chain(&self.env).map(|(name, value)| (name, value)));
        let name =
            self.args.iter().find(|arg| !arg.starts_with('-') && !arg.contains('=')).cloned().unwrap_or_default();
        match finish(launch, self.input.as_deref(), self.deadline) {
            Err(GitError::TimedOut { seconds, .. }) => Err(GitError::TimedOut { command: name, seconds }),
            Ok(answer) if answer.stderr.contains("dubious ownership") && name != "rev-parse" => {
                Err(GitError::Untrusted)
            }
            Ok(answer) if !answer.success() && answer.stderr.contains("clean filter '") => {
                Err(GitError::Filter(answer.complaint()))
            }
            other => other,
        }
    }
}

/// Starts a process in a separate group and waits for its end, at most until the deadline.
pub(super) fn finish(launch: Launch, input: Option<&[u8]>, deadline: Duration) -> Result<GitOutput, GitError> {
    launch.in_group().finish(input, deadline).map(GitOutput::from).map_err(|why| match why {
        Unfinished::NotStarted(error) if error.kind() == ErrorKind::NotFound => GitError::NotInstalled,
        Unfinished::NotStarted(error) | Unfinished::Broken(error) => GitError::Spawn(error.to_string()),
        Unfinished::Late(patience) => GitError::TimedOut { command: String::new(), seconds: patience.as_secs() },
    })
}

impl From<Output> for GitOutput {
    fn from(output: Output) -> GitOutput {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        GitOutput { status: output.status, stdout: output.stdout, stderr }
    }
}

impl GitOutput {
    pub(super) fn success(&self) -> bool {
        self.status.success()
    }

    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The output, or an error that names the action.
    pub(super) fn demand(self, action: &'static str) -> Result<GitOutput, GitError> {
        if self.success() { Ok(self) } else { Err(self.failure(action)) }
    }

    pub(super) fn failure(&self, action: &'static str) -> GitError {
        GitError::Failed { action, message: self.complaint() }
    }

    /// Whether it failed because the branch has no commit yet.
    pub(super) fn has_no_head(&self) -> bool {
        !self.success() && self.stderr.contains("Not a valid object name HEAD")
    }

    pub(super) fn is_locked(&self) -> bool {
        (self.stderr.contains(".lock': File exists")) || self.stderr.contains("cannot lock ref")
    }

    /// Standard output, without the line break at its end.
    pub(super) fn word(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// Standard error (otherwise standard output), on one line, safe to draw.
    pub(super) fn complaint(&self) -> String {
        let stdout = String::from_utf8_lossy(&self.stdout);
        let said = if self.stderr.trim().is_empty() { stdout.as_ref() } else { self.stderr.as_str() };
        let lines = said.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
        let text: String = lines.collect::<Vec<_>>().join("; ");
        let cut: String = text.chars().take(MAX_COMPLAINT_CHARS).collect();
        let mark = if cut.len() < text.len() { "…" } else { "" };
        match (cut.is_empty(), self.code()) {
            (true, Some(code)) => format!("exit code {code}"),
            (true, None) => "ended by a signal".to_owned(),
            (false, _) => format!("{}{mark}", SafeText::new(&cut).as_str()),
        }
    }
}
