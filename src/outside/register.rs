//! The register: every program that is started outside of the sandbox, and how. `docs/security.md` shows this table.

use super::variables::COMMON;
use std::fmt::Write;

/// A row of the register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExternalProgram {
    /// An interpreter, to query its version and packages.
    Interpreter,
    /// `bwrap`, which gives a run its own view of the file system.
    Bubblewrap,
    /// `ssh-keygen`, for signatures of decisions.
    SshKeygen,
    /// `git`, for commits and the reviewer's identity.
    Git,
    /// The program with which git signs.
    GitSigner,
    /// A linter that the checks use.
    Linter,
    /// A generator of the user.
    Generator,
    /// The command of a secret.
    Secret,
    /// The user's editor or pager, which takes the terminal.
    Editor,
    /// The prefix of a worker: a program that starts another one on another machine.
    Worker,
    /// This program, in another role.
    Ourselves,
}

/// How a program is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramLookup {
    /// In the settings; otherwise on `PATH`, where it must belong to root and only root can change it.
    System,
    /// In the settings, by an absolute path, or on `PATH`; only root and the user can change it.
    Path,
    /// The program with which a tool would run.
    OfTool,
    /// The file from which this process was started.
    Ourselves,
}

/// Where a program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartFolder {
    /// In a new, empty folder of ours, which is removed afterwards.
    Empty,
    /// In a new folder of ours with copies of the files to read.
    Copies,
    /// In the folder of the workspace.
    Workspace,
    /// In `/`, for programs that read no relative path.
    Root,
}

/// How a program is started.
#[derive(Debug)]
pub struct ProgramEntry {
    /// The kind of program.
    pub row: ExternalProgram,
    /// Its name in the table.
    pub program: &'static str,
    /// How it is found.
    pub found: ProgramLookup,
    /// Where it is started.
    pub folder: StartFolder,
    /// The caller's variables that it gets. It gets no others, and none that could load code.
    pub variables: &'static [&'static str],
    /// Whether it gets a `PATH` with trusted folders.
    pub path: bool,
    /// The settings files that it would read, and how that is prevented.
    pub settings: &'static str,
    /// What is cached about it.
    pub remembered: &'static str,
    /// The test that attacks it.
    pub case: &'static str,
}

/// Variables of git for the committer and the location of settings.
const OF_GIT: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TZ",
    "TMPDIR",
    "EMAIL",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "GNUPGHOME",
    "SSH_AUTH_SOCK",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_DATE",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_DATE",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/// Variables for password managers: where they store secrets, and how to ask the user.
const OF_SECRETS: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "TERM",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "GNUPGHOME",
    "GPG_TTY",
    "PASSWORD_STORE_DIR",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

/// Variables for programs that reach another machine: the user's name there, and keys.
const OF_WORKERS: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "KRB5CCNAME",
];

/// Variables for editors and pagers: the terminal, the screen, and the location of their settings.
const OF_EDITORS: &[&str] = &[
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "TMPDIR",
    "TERM",
    "COLORTERM",
    "COLORFGBG",
    "TERM_PROGRAM",
    "TMUX",
    "STY",
    "LESS",
    "LESSCHARSET",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
];

/// Every program that is started outside of the sandbox.
pub const REGISTER: &[ProgramEntry] = &[
    ProgramEntry {
        row: ExternalProgram::Interpreter,
        program: "interpreters, asked for version and packages",
        found: ProgramLookup::OfTool,
        folder: StartFolder::Empty,
        variables: &[],
        path: false,
        settings: "Python: `-I -S`; perl: `-f`; php: `-n`; no `PYTHON*`, `NODE_*`, `PERL5*`, `RUBY*`",
        remembered: "version and digest until the file changes, in memory",
        case: "planted::rows::interpreters",
    },
    ProgramEntry {
        row: ExternalProgram::Bubblewrap,
        program: "bubblewrap",
        found: ProgramLookup::System,
        folder: StartFolder::Root,
        variables: &[],
        path: false,
        settings: "it has none",
        remembered: "whether it works, for this boot and these bytes",
        case: "planted::rows::bubblewrap",
    },
    ProgramEntry {
        row: ExternalProgram::SshKeygen,
        program: "ssh-keygen",
        found: ProgramLookup::System,
        folder: StartFolder::Empty,
        variables: &["HOME", "SSH_AUTH_SOCK", "SSH_SK_PROVIDER"],
        path: false,
        settings: "all files are named; no program asks for a passphrase",
        remembered: "which signatures were good, by their digests",
        case: "planted::rows::ssh_keygen",
    },
    ProgramEntry {
        row: ExternalProgram::Git,
        program: "git",
        found: ProgramLookup::Path,
        folder: StartFolder::Workspace,
        variables: OF_GIT,
        path: true,
        settings: "programs that the repository, or a file that somebody else could have written, names (below); pager, \
                   editor, external diff, textconv; no transport but to the repository of the team, from a clone of ours",
        remembered: "nothing",
        case: "planted::git::no_program_that_a_repository_names_is_started, planted::rows::git",
    },
    ProgramEntry {
        row: ExternalProgram::GitSigner,
        program: "gpg, ssh-keygen for git",
        found: ProgramLookup::Path,
        folder: StartFolder::Empty,
        variables: OF_GIT,
        path: true,
        settings: "git and gpg read the user's own settings",
        remembered: "nothing",
        case: "planted::git::no_program_that_a_repository_names_is_started",
    },
    ProgramEntry {
        row: ExternalProgram::Linter,
        program: "linters",
        found: ProgramLookup::Path,
        folder: StartFolder::Copies,
        variables: &[],
        path: true,
        settings: "those of the tool are not copied; the home is empty; `--isolated`, `--norc`, `--no-config-lookup`, \
                   `--config-file=`",
        remembered: "nothing",
        case: "planted::rows::linters",
    },
    ProgramEntry {
        row: ExternalProgram::Generator,
        program: "generators",
        found: ProgramLookup::Path,
        folder: StartFolder::Empty,
        variables: COMMON,
        path: true,
        settings: "its own in the user's home are read, since it is trusted like your shell",
        remembered: "nothing",
        case: "planted::rows::generators",
    },
    ProgramEntry {
        row: ExternalProgram::Secret,
        program: "commands of secrets",
        found: ProgramLookup::Path,
        folder: StartFolder::Empty,
        variables: OF_SECRETS,
        path: true,
        settings: "its own in the user's home are read, since it is trusted like your shell",
        remembered: "nothing",
        case: "planted::rows::secrets",
    },
    ProgramEntry {
        row: ExternalProgram::Editor,
        program: "editor and pager, named by `VISUAL`, `EDITOR` and `PAGER`; wl-copy, xclip, xsel or pbcopy",
        found: ProgramLookup::Path,
        folder: StartFolder::Workspace,
        variables: OF_EDITORS,
        path: true,
        settings: "its own in the user's home are read, since it is trusted like your shell",
        remembered: "nothing",
        case: "planted::rows::editors",
    },
    ProgramEntry {
        row: ExternalProgram::Worker,
        program: "prefixes of workers: ssh, srun and the like",
        found: ProgramLookup::Path,
        folder: StartFolder::Empty,
        variables: OF_WORKERS,
        path: true,
        settings: "its own in the user's home are read, since it is trusted like your shell",
        remembered: "nothing",
        case: "planted::rows::workers",
    },
    ProgramEntry {
        row: ExternalProgram::Ourselves,
        program: "this program: supervisors, keepers, the buffer timer",
        found: ProgramLookup::Ourselves,
        folder: StartFolder::Root,
        variables: &[],
        path: false,
        settings: "the timer reads the user's settings",
        remembered: "nothing",
        case: "planted::rows::ourselves",
    },
];

impl ExternalProgram {
    /// The entry in the register.
    pub fn entry(self) -> &'static ProgramEntry {
        // A test ensures that the register has every row; the first one only satisfies the type.
        REGISTER.iter().find(|entry| entry.row == self).unwrap_or(&REGISTER[0])
    }
}

impl ProgramLookup {
    fn words(self) -> &'static str {
        match self {
            ProgramLookup::System => "settings; else `PATH`, only a file of root's that nobody else can change",
            ProgramLookup::Path => {
                "settings; a whole path; else `PATH`: trusted, executed by the descriptor that was judged"
            }
            ProgramLookup::OfTool => "as the tool would find it; trusted, executed by the descriptor that was judged",
            ProgramLookup::Ourselves => "the file that runs",
        }
    }
}

impl StartFolder {
    fn words(self) -> &'static str {
        match self {
            StartFolder::Empty => "a new, empty one",
            StartFolder::Copies => "a new one with copies of the files alone",
            StartFolder::Workspace => "the workspace",
            StartFolder::Root => "`/`",
        }
    }
}

/// The register as a table of Markdown.
pub fn table() -> String {
    let mut text =
        "| program | how it is found | folder | variables of the caller | settings, and how they are kept out | \
                    what is remembered | test case |\n| --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for entry in REGISTER {
        let (found, folder) = (entry.found.words(), entry.folder.words());
        let names: Vec<String> = entry.variables.iter().map(|name| format!("`{name}`")).collect();
        let mut variables = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        if entry.path {
            variables.push_str("; a `PATH` of trusted folders");
        }
        let cases: Vec<String> = entry.case.split(", ").map(|case| format!("`{case}`")).collect();
        let ProgramEntry { program, settings, remembered, .. } = entry;
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {program} | {found} | {folder} | {variables} | {settings} | {remembered} | {} |",
            cases.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_the_register_once() {
        let all = [
            ExternalProgram::Interpreter,
            ExternalProgram::Bubblewrap,
            ExternalProgram::SshKeygen,
            ExternalProgram::Git,
            ExternalProgram::GitSigner,
            ExternalProgram::Linter,
            ExternalProgram::Generator,
            ExternalProgram::Secret,
            ExternalProgram::Editor,
            ExternalProgram::Worker,
            ExternalProgram::Ourselves,
        ];
        assert_eq!(REGISTER.iter().map(|entry| entry.row).collect::<Vec<_>>(), all);
        assert!(all.iter().all(|row| row.entry().row == *row));
        assert_eq!(table().lines().count(), all.len() + 2);
    }
}
