//! Checks what the workbench needs from this machine, and reports what is missing.
//!
//! It is read-only: nothing is created, written or repaired.

mod services;
mod signatures;
mod team;

use super::error::EngineError;
use super::evolving::generators;
use super::plain_verb::{Described, PlainQuery};
use super::run::buffering::BufferStatus;
use super::settings::secrets::{self, SecretSource};
use super::settings::{Settings, WorkerSetting};
use super::state::home::Home;
use super::view::DoctorLine;
use crate::domain::description::{Describe, Description, Ink, StyledLine};
use crate::domain::{IsolationLevel, Problem, SafeText, Stage};
use crate::engine::Engine;
use crate::insight::Policy;
use crate::outside::{Asker, ExternalProgram, Programs};
use crate::runner::{self, Machine};
use crate::vcs::{Git, NoGit};
use rustix::fs::{Access, access, statvfs};
use serde::Serialize;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

/// Old systems allow fewer watched folders than this; a large workspace needs more.
const FEW_WATCHES: u64 = 65_536;

/// Free disk space below which writing will soon fail, in bytes.
const LITTLE_SPACE: u64 = 100 * 1024 * 1024;

/// Free disk space below which a warning is shown, in bytes.
const SOME_SPACE: u64 = 1024 * 1024 * 1024;

/// The smallest usable terminal, columns and rows.
const SMALLEST: (u16, u16) = (40, 10);

/// The folders that `doctor` checks.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Folder of the workspace.
    pub workspace: &'a Path,
    /// Folders of the user's settings, state and data.
    pub home: &'a Home,
    /// The state of the workspace.
    pub state_dir: &'a Path,
}

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Ok,
    Warn,
    /// Something is refused or unavailable until it is fixed.
    Bad,
}

/// Everything that `doctor` reports, before it is printed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// A line for each check.
    pub lines: Vec<DoctorLine>,
}

/// Examines the machine and the workspace.
pub(super) const DOCTOR: PlainQuery = PlainQuery {
    name: "doctor",
    needs_catalog: false,
    answer: |engine, _, _| Described::of(&Diagnosis { lines: engine.doctor() }),
};

impl Describe for Diagnosis {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        for line in &self.lines {
            let ink = match line.state.as_str() {
                "ok" => Ink::Good,
                "warn" => Ink::Warn,
                _ => Ink::Bad,
            };
            let head =
                StyledLine::new().put(ink, format!("{:<5}", line.state)).put(Ink::Strong, format!("{}: ", line.name));
            told.line(head.put(Ink::Plain, &line.message).hanging(5));
            if !line.hint.is_empty() {
                told.note(Ink::Accent, "      hint", &line.hint);
            }
        }
        told
    }

    fn is_bad(&self) -> bool {
        self.lines.iter().any(|line| line.state == "bad")
    }
}

impl Engine {
    /// Checks interpreters, folders, limits.
    pub fn doctor(&self) -> Vec<DoctorLine> {
        let options = &self.workspace.options;
        let place = Place { workspace: &options.workspace, home: &options.home, state_dir: &self.workspace.state_dir };
        let mut lines = doctor(&place, self.workspace.git(), &self.workspace.machine, options.asker);
        lines.extend(buffers(self.buffers().list()));
        lines.extend(self.doctor_of_services());
        lines.extend(self.doctor_of_signing());
        lines.extend(self.doctor_of_team());
        lines.push(self.doctor_of_history());
        lines.push(self.workspace.doctor_of_state());
        lines.push(library(&self.upkeep().policy()));
        lines
    }
}

/// Checks git, interpreters, folders, limits, generators and the terminal.
pub fn doctor(place: &Place<'_>, git: Option<&Git>, machine: &Machine, asker: Asker) -> Vec<DoctorLine> {
    let Place { workspace, home, state_dir } = *place;
    let (settings, _) = Settings::load(workspace, home);
    let mut lines = isolation(machine, &settings);
    let programs = Arc::new(super::workspace::programs(workspace, home, &settings, asker));
    let known = runner::Interpreters::new(Arc::clone(&programs));
    lines.extend(runner::interpreters(workspace, &known).into_iter().map(interpreter));
    lines.extend(match git {
        Some(git) => git_lines(git),
        None => vec![no_git(Git::locate(workspace, &programs).err().as_ref())],
    });
    lines.extend(folders(workspace));
    lines.extend(settings_files(workspace, home));
    lines.extend(secret_lines(&settings, &programs));
    lines.extend(generators::doctor_lines(&settings, &programs));
    lines.extend(worker_lines(&settings, &programs));
    lines.push(state(state_dir));
    lines.push(watches(std::fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok().as_deref()));
    lines.push(terminal(&|name| std::env::var_os(name), window()));
    lines
}

/// The workers in the settings. None is contacted; this only checks whether the prefix can be started.
fn worker_lines(settings: &Settings, programs: &Programs) -> Vec<DoctorLine> {
    let worker = |(name, worker): (&String, &WorkerSetting)| {
        let first = worker.prefix.first().map(String::as_str).unwrap_or_default();
        match programs.find(ExternalProgram::Worker, OsStr::new(first)) {
            Ok(_) => line("workers", Health::Ok, format!("{name}: {}", worker.prefix.join(" ")), ""),
            Err(why) => {
                let hint = format!("install it, or change prefix in [workers.{name}] in config.toml");
                line("workers", Health::Warn, format!("{name}: {why}"), hint)
            }
        }
    };
    settings.workers.iter().map(worker).collect()
}

/// The buffers whose items wait much longer than intended; no line if there are no buffers.
pub fn buffers(found: Result<Vec<BufferStatus>, EngineError>) -> Vec<DoctorLine> {
    let found = match found {
        Ok(found) => found,
        Err(error) => return vec![line("buffers", Health::Bad, error.message, error.hint)],
    };
    let stuck: Vec<DoctorLine> = found
        .iter()
        .filter(|status| status.stuck)
        .map(|status| {
            let id = &status.buffer_id;
            let why = status.last_error.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let waited = status.oldest_seconds.unwrap_or_default();
            let message = format!("{} items have waited in {id} for {waited:.0}s{why}", status.buffered_count);
            line("buffers", Health::Warn, message, format!("`toolsmith buffer flush --buffer {id}` retries now"))
        })
        .collect();
    match (found.len(), stuck.is_empty()) {
        (0, _) => Vec::new(),
        (_, false) => stuck,
        (count, true) => vec![line("buffers", Health::Ok, format!("{count} in use, no overdue items"), "")],
    }
}

/// The size of the library, and the recommended policy.
pub fn library(found: &Result<Policy, EngineError>) -> DoctorLine {
    match found {
        Ok(policy) => line("library", Health::Ok, policy.line(), policy.advice),
        Err(error) => line("library", Health::Bad, error.message.clone(), error.hint.clone()),
    }
}

pub(super) fn line(name: &str, health: Health, message: impl Into<String>, hint: impl Into<String>) -> DoctorLine {
    let state = match health {
        Health::Ok => "ok",
        Health::Warn => "warn",
        Health::Bad => "bad",
    };
    let message = SafeText::new(&message.into()).to_string();
    DoctorLine { name: name.to_owned(), state: state.to_owned(), message, hint: hint.into() }
}

/// The isolation level of runs on this machine, the level that each stage requires, and each layer.
fn isolation(machine: &Machine, settings: &Settings) -> Vec<DoctorLine> {
    let level = machine.level();
    if let Some(fault) = &settings.fault {
        return vec![line("isolation", Health::Bad, fault.clone(), "fix it in config.toml")];
    }
    let refused: Vec<&str> = [Stage::Experimental, Stage::Approved, Stage::Core]
        .into_iter()
        .filter(|stage| !level.reaches(settings.least_isolation(*stage)))
        .map(Stage::word)
        .collect();
    let summary = if refused.is_empty() {
        let health = if level.reaches(IsolationLevel::Confined) { Health::Ok } else { Health::Warn };
        line(
            "isolation",
            health,
            format!("runs are {level}"),
            if health == Health::Ok { "" } else { "read a tool before running it" },
        )
    } else {
        let message = format!("runs reach only the level {level}, so {} tools are refused", refused.join(" and "));
        line("isolation", Health::Bad, message, "fix the isolation layers below, or lower [isolation] in config.toml")
    };
    let layers = machine.layers().into_iter().map(|layer| match layer.state {
        Ok(gives) => line(layer.name, Health::Ok, gives, ""),
        Err(missing) => line(layer.name, Health::Warn, missing.message, missing.hint),
    });
    std::iter::once(summary).chain(layers).collect()
}

fn interpreter(interpreter: runner::Interpreter) -> DoctorLine {
    match interpreter.found {
        Ok(found) => {
            let shim = if found.behind_shim { ", behind a version manager's shim" } else { "" };
            let message = format!("{} ({}){shim}", found.version, found.path.display());
            let health = if interpreter.hint.is_some() { Health::Warn } else { Health::Ok };
            line(interpreter.name, health, message, interpreter.hint.unwrap_or_default())
        }
        Err(missing) => {
            line(interpreter.name, Health::Warn, missing, "tools that need it cannot run until it is installed")
        }
    }
}

fn git_lines(git: &Git) -> Vec<DoctorLine> {
    let version = git.version().unwrap_or_else(|| "the git version is unknown".to_owned());
    let top = git.toplevel().display();
    let identity = match git.identity() {
        Some(identity) if git.names_you() => {
            line("identity", Health::Ok, format!("{identity}, from the configuration of this repository"), "")
        }
        Some(identity) => line("identity", Health::Ok, identity, ""),
        None => line(
            "identity",
            Health::Warn,
            "git has no user name and e-mail address for you",
            "set them with `git config --global user.name NAME` and user.email; decisions and commits record them",
        ),
    };
    let mut lines = vec![line("git", Health::Ok, format!("{version}, work tree {top}"), ""), identity];
    let hint = "with `git config --global`, set an absolute path that only you and root can change";
    lines.extend(git.notes().into_iter().map(|note| line("git settings", Health::Warn, note, hint)));
    lines
}

fn no_git(reason: Option<&NoGit>) -> DoctorLine {
    let message =
        reason.map_or_else(|| "git was not installed when the workspace was opened".to_owned(), NoGit::to_string);
    line("git", Health::Warn, message, reason.map_or("reopen the workspace", NoGit::hint))
}

/// The workspace and each stage in it.
fn folders(workspace: &Path) -> Vec<DoctorLine> {
    let mut lines = vec![folder("workspace", workspace)];
    let tools = workspace.join("tools");
    if !tools.is_dir() {
        lines.push(line("tools", Health::Warn, "no tools folder here", "`toolsmith init` creates it"));
        return lines;
    }
    for stage in Stage::ALL {
        let path = tools.join(stage.word());
        if path.is_dir() {
            lines.push(folder(&format!("tools/{stage}"), &path));
        }
    }
    lines
}

fn folder(name: &str, path: &Path) -> DoctorLine {
    match access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => line(name, Health::Ok, format!("{} can be read and written", path.display()), ""),
        Err(error) => {
            let message = format!("{} cannot be written: {}", path.display(), std::io::Error::from(error));
            line(name, Health::Bad, message, "make it writable, otherwise tools cannot be moved there")
        }
    }
}

fn settings_files(workspace: &Path, home: &Home) -> Vec<DoctorLine> {
    let (_, problems) = Settings::load(workspace, home);
    let file = home.config_file();
    let told = |problem: &Problem| line("settings", Health::Warn, problem.placed(), problem.hint.clone());
    match file.is_file() {
        _ if !problems.is_empty() => problems.iter().map(told).collect(),
        true => vec![line("settings", Health::Ok, file.display().to_string(), "")],
        false => vec![line("settings", Health::Ok, format!("{} does not exist; defaults apply", file.display()), "")],
    }
}

/// The secrets in the settings: whether each is available. No line if there are none.
fn secret_lines(settings: &Settings, programs: &Programs) -> Vec<DoctorLine> {
    let missing = secrets::look(&settings.secrets, programs);
    if settings.secrets.is_empty() || !missing.is_empty() {
        let hint = "tools that declare it are refused; set its source in [secrets] in config.toml";
        return missing.into_iter().map(|why| line("secrets", Health::Warn, why, hint)).collect();
    }
    // A command is not started here: it may ask the human, or unlock something.
    let is_command = |source: &SecretSource| matches!(source, SecretSource::Command { .. });
    let names = |commands: bool| -> Vec<&str> {
        let found = settings.secrets.iter().filter(|(_, source)| is_command(source) == commands);
        found.map(|(name, _)| name.as_str()).collect()
    };
    let says = [(names(false), "available"), (names(true), "requested when a run needs it")];
    let message = says.iter().filter(|(names, _)| !names.is_empty());
    let message = message.map(|(names, word)| format!("{} {word}", names.join(", "))).collect::<Vec<_>>().join("; ");
    vec![line("secrets", Health::Ok, message, "")]
}

/// The state folder, or the folder in which it will be created.
fn state(state_dir: &Path) -> DoctorLine {
    let existing = state_dir.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
    let found = folder("state", existing);
    if found.state != "ok" {
        return DoctorLine { hint: "make it writable, or set TOOLSMITH_HOME to a writable folder".to_owned(), ..found };
    }
    let place = state_dir.display();
    let Ok(system) = statvfs(existing) else {
        return line("state", Health::Warn, format!("{place}: free space unknown"), "");
    };
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    let message = format!("{place}, {} MiB free", free / (1024 * 1024));
    match free {
        0..LITTLE_SPACE => {
            line("state", Health::Bad, message, "free some space: soon, decisions and runs cannot be recorded")
        }
        LITTLE_SPACE..SOME_SPACE => line("state", Health::Warn, message, "free some space"),
        _ => line("state", Health::Ok, message, ""),
    }
}

fn watches(limit: Option<&str>) -> DoctorLine {
    let Some(limit) = limit.and_then(|text| text.trim().parse::<u64>().ok()) else {
        return line("watching", Health::Ok, "the limit of watched folders is unknown", "");
    };
    let message = format!("up to {limit} folders can be watched");
    if limit < FEW_WATCHES {
        let hint = "run `sysctl fs.inotify.max_user_watches=524288`; until then, changes are detected within 30 s";
        return line("watching", Health::Warn, message, hint);
    }
    line("watching", Health::Ok, message, "")
}

/// Columns and rows of the terminal, if there is one.
fn window() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout())
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stderr()))
        .or_else(|_| rustix::termios::tcgetwinsize(std::io::stdin()));
    size.ok().map(|size| (size.ws_col, size.ws_row))
}

fn terminal(env: &dyn Fn(&str) -> Option<OsString>, window: Option<(u16, u16)>) -> DoctorLine {
    let word =
        |name: &str| env(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty());
    let term = word("TERM");
    let colours = match (word("NO_COLOR"), word("COLORTERM")) {
        (Some(_), _) => "no colours (NO_COLOR)".to_owned(),
        (None, Some(colours)) => format!("colours {colours}"),
        (None, None) => "colours from TERM".to_owned(),
    };
    let size =
        window.map_or_else(|| "stdout is not a terminal".to_owned(), |(columns, rows)| format!("{columns}x{rows}"));
    let message = format!("TERM {}, {colours}, {size}", term.as_deref().unwrap_or("not set"));
    match (term.as_deref(), window) {
        (None | Some("dumb"), Some(_)) => {
            line("terminal", Health::Warn, message, "set TERM to the type of your terminal")
        }
        (_, Some((columns, rows))) if columns < SMALLEST.0 || rows < SMALLEST.1 => {
            let hint = format!("the workbench needs {}x{}; all panes at once need 100x30", SMALLEST.0, SMALLEST.1);
            line("terminal", Health::Bad, message, hint)
        }
        _ => line("terminal", Health::Ok, message, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Bubblewrap;
    use crate::vcs::fixture::Repo;

    fn state_of<'a>(lines: &'a [DoctorLine], name: &str) -> &'a str {
        &lines.iter().find(|line| line.name == name).unwrap_or_else(|| panic!("no line {name}: {lines:?}")).state
    }

    #[test]
    fn every_complaint_says_what_to_do() {
        let repo = Repo::new();
        repo.write("tools/core/.gitkeep", "");
        let home = Home { config: repo.path().join("config"), data: repo.path().join("data") };
        let place = Place { workspace: &repo.path(), home: &home, state_dir: &home.data.join("workspaces/x") };
        let machine = Machine::new(Bubblewrap::Off, None);
        let lines = doctor(&place, Some(&repo.open()), &machine, Asker::Human);
        for name in
            ["isolation", "python3", "git", "identity", "workspace", "tools/core", "state", "watching", "terminal"]
        {
            state_of(&lines, name);
        }
        for line in &lines {
            assert!(["ok", "warn", "bad"].contains(&line.state.as_str()));
            assert!(line.state == "ok" || !line.hint.is_empty(), "{line:?}");
        }
        assert_eq!(
            (state_of(&lines, "git"), state_of(&lines, "workspace"), state_of(&lines, "settings")),
            ("ok", "ok", "ok")
        );
        assert!(!home.data.exists(), "looking must not create anything");
    }

    #[test]
    fn without_bubblewrap_the_cost_and_the_remedy_are_said() {
        let absent = Machine::new(Bubblewrap::At("/nowhere/bwrap".into()), None);
        let missing = absent.missing_bubblewrap().unwrap();
        assert!(missing.message.starts_with("bubblewrap is not installed: runs are confined"), "{missing:?}");
        assert!(missing.hint.contains("apt-get install bubblewrap"), "{missing:?}");
        let lines = isolation(&absent, &Settings::default());
        assert!(lines.iter().any(|line| line.message == missing.message && line.hint == missing.hint), "{lines:?}");
        // A user who switched it off needs no warning.
        assert_eq!(Machine::new(Bubblewrap::Off, None).missing_bubblewrap(), None);
    }

    #[test]
    fn what_is_missing_is_said() {
        let temp = tempfile::tempdir().unwrap();
        let lines = folders(temp.path());
        assert_eq!(state_of(&lines, "tools"), "warn");
        assert_eq!(folder("state", &temp.path().join("gone")).state, "bad");
        assert_eq!(no_git(Some(&NoGit::Bare)).message, "the git repository has no work tree");
        std::fs::write(temp.path().join("toolsmith.toml"), "\n[keys]\n").unwrap();
        let home = Home { config: temp.path().join("config"), data: temp.path().join("data") };
        assert_eq!(
            settings_files(temp.path(), &home)[0].message,
            "toolsmith.toml:2: keys cannot be set in a workspace"
        );
    }

    #[test]
    fn a_secret_that_cannot_be_had_is_named_without_its_value() {
        let mut settings = Settings::default();
        assert_eq!(secret_lines(&settings, &Programs::default()), vec![]);
        settings.secrets.insert("HERE".into(), SecretSource::Command { argv: vec!["sh".into()], env: vec![] });
        assert_eq!(secret_lines(&settings, &Programs::default())[0].message, "HERE requested when a run needs it");
        settings.secrets.insert("PLAIN".into(), SecretSource::Env("PATH".into()));
        assert_eq!(
            secret_lines(&settings, &Programs::default())[0].message,
            "PLAIN available; HERE requested when a run needs it"
        );
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("short"), "five5").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(dir.path().join("short"), mode).unwrap();
        settings.secrets.insert("PLAIN".into(), SecretSource::File(dir.path().join("short")));
        let lines = secret_lines(&settings, &Programs::default());
        assert_eq!((lines.len(), lines[0].state.as_str()), (1, "warn"));
        assert!(lines[0].message.contains("shorter than 6 bytes"), "{lines:?}");
        settings.secrets.remove("PLAIN");
        settings.secrets.insert("GONE".into(), SecretSource::Env("TOOLSMITH_TEST_ABSENT".into()));
        let lines = secret_lines(&settings, &Programs::default());
        assert_eq!((lines.len(), lines[0].state.as_str()), (1, "warn"));
        assert!(lines[0].message.starts_with("GONE (variable TOOLSMITH_TEST_ABSENT): "), "{lines:?}");
    }

    #[test]
    fn a_low_watch_limit_and_a_small_terminal_are_told() {
        assert_eq!(watches(Some("8192\n")).state, "warn");
        assert_eq!(watches(Some("524288\n")).state, "ok");
        assert_eq!(watches(None).state, "ok");
        let env = |name: &str| (name == "TERM").then(|| OsString::from("xterm\u{1b}[2J"));
        assert_eq!(terminal(&env, Some((39, 40))).state, "bad");
        let told = terminal(&env, Some((80, 24)));
        assert_eq!(
            (told.state.as_str(), told.message.as_str()),
            ("ok", "TERM xterm\\x1b[2J, colours from TERM, 80x24")
        );
        assert_eq!(terminal(&|_| None, Some((80, 24))).state, "warn");
        assert_eq!(terminal(&|_| None, None).state, "ok");
    }
}
