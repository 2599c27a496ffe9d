//! Linters and type checkers of the user's, where they are installed.
//!
//! One [`Linter`] a program. Each gets a private copy of the files of its languages and nothing else, no settings of
//! the tool's among them, and is asked with arguments by which it executes nothing, imports nothing and asks nobody.
//! Absent is absent: never passed. What cannot be read as an answer is not an answer.

mod answers;
#[cfg(test)]
mod tests;

use super::CheckContext;
use super::source::{Language, text_of};
use super::started::Started;
use crate::domain::{CheckReport, Finding, Severity, VersionFile, count as counted, size};
use crate::runner::{Answered, ProgramArguments, read_with};
use std::time::Duration;

/// How long a linter may take; mypy and tsc begin with a second or two of reading their own libraries.
const PATIENCE: Duration = Duration::from_secs(30);

/// Code that a linter is given, in bytes: what it takes grows with it, and nothing bounds it but the clock.
const MAX_BYTES: usize = 256 * 1024;

/// Findings of one linter that are kept.
const MAX_FINDINGS: usize = 100;

/// A program that reads code.
struct Linter {
    /// Its name, and that of the check.
    program: &'static str,
    languages: &'static [Language],
    /// Whether it reads a file whatever its name ends with; else one named otherwise is not given to it.
    any_name: bool,
    /// Comments of the code that silence it and cannot be overruled by an argument.
    silenced_by: &'static [&'static str],
    /// `{files}` stands for all files, `{ours}` for the file of ours.
    arguments: &'static [&'static str],
    ours: Option<(&'static str, &'static str)>,
    /// Exit codes of a program that did its work: with findings, most end with 1.
    codes: &'static [i32],
    /// Reads what it wrote to standard output; `None` when that is not an answer.
    read: fn(&str) -> Option<Vec<Finding>>,
}

const RUFF: Linter = Linter {
    program: "ruff",
    languages: &[Language::Python],
    any_name: true,
    silenced_by: &[],
    // No settings of any folder, no cache; the rules that find faults, not those of taste.
    arguments: &[
        "check",
        "--isolated",
        "--ignore-noqa",
        "--no-cache",
        "--quiet",
        "--output-format=json",
        "--select=E9,F,B,S,PLE",
        "{files}",
    ],
    ours: None,
    codes: &[0, 1],
    read: answers::ruff,
};

const MYPY: Linter = Linter {
    program: "mypy",
    languages: &[Language::Python],
    any_name: true,
    silenced_by: &["# type: ignore", "# mypy:"],
    // An empty name of a settings file is none; a package that is not there is not mypy's business.
    arguments: &[
        "--config-file=",
        "--no-incremental",
        "--cache-dir=/dev/null",
        "--ignore-missing-imports",
        "--follow-imports=silent",
        "--scripts-are-modules",
        "--explicit-package-bases",
        "--no-error-summary",
        "--no-pretty",
        "--no-color-output",
        "--hide-error-context",
        "--show-error-codes",
        "{files}",
    ],
    ours: None,
    codes: &[0, 1],
    read: answers::mypy,
};

const BANDIT: Linter = Linter {
    program: "bandit",
    languages: &[Language::Python],
    any_name: true,
    silenced_by: &[],
    arguments: &["--quiet", "--ignore-nosec", "--format=json", "{files}"],
    ours: None,
    codes: &[0, 1],
    read: answers::bandit,
};

const SEMGREP: Linter = Linter {
    program: "semgrep",
    languages: &[Language::Python, Language::JavaScript, Language::TypeScript, Language::Tsx],
    any_name: false,
    silenced_by: &[],
    // Rules of ours only: others would come over the network.
    arguments: &[
        "scan",
        "--config={ours}",
        "--metrics=off",
        "--disable-version-check",
        "--disable-nosem",
        "--no-git-ignore",
        "--quiet",
        "--json",
        "{files}",
    ],
    ours: Some(("rules.yml", include_str!("../../../assets/semgrep.yml"))),
    codes: &[0, 1],
    read: answers::semgrep,
};

const SHELLCHECK: Linter = Linter {
    program: "shellcheck",
    languages: &[Language::Bash],
    any_name: true,
    silenced_by: &["# shellcheck disable"],
    arguments: &["--norc", "--format=json1", "{files}"],
    ours: None,
    codes: &[0, 1],
    read: answers::shellcheck,
};

const TSC: Linter = Linter {
    program: "tsc",
    languages: &[Language::TypeScript, Language::Tsx],
    any_name: false,
    silenced_by: &["@ts-ignore", "@ts-nocheck", "@ts-expect-error"],
    // Files on the command line: no tsconfig.json is read.
    arguments: &[
        "--noEmit",
        "--pretty",
        "false",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--module",
        "nodenext",
        "--moduleResolution",
        "nodenext",
        "--allowImportingTsExtensions",
        "{files}",
    ],
    ours: None,
    codes: &[0, 1, 2],
    read: answers::tsc,
};

const ESLINT: Linter = Linter {
    program: "eslint",
    languages: &[Language::JavaScript],
    any_name: false,
    silenced_by: &[],
    // No settings are looked for, so it is told which rules are meant.
    arguments: &[
        "--no-config-lookup",
        "--no-inline-config",
        "--no-warn-ignored",
        "--format=json",
        concat!(
            "--rule={\"no-eval\":2,\"no-implied-eval\":2,\"no-new-func\":2,\"no-script-url\":1,\"no-dupe-keys\":1,",
            "\"no-dupe-args\":1,\"no-dupe-else-if\":1,\"no-cond-assign\":1,\"no-const-assign\":1,\"no-self-assign\":1,",
            "\"no-unreachable\":1,\"no-unsafe-finally\":1,\"no-unsafe-negation\":1,\"use-isnan\":1,\"valid-typeof\":1}",
        ),
        "{files}",
    ],
    ours: None,
    codes: &[0, 1],
    read: answers::eslint,
};

/// Runs ruff over the Python files.
pub fn ruff(context: &CheckContext<'_>) -> CheckReport {
    RUFF.examine(context)
}

/// Runs mypy over the Python files.
pub fn mypy(context: &CheckContext<'_>) -> CheckReport {
    MYPY.examine(context)
}

/// Runs bandit, which looks for insecure Python.
pub fn bandit(context: &CheckContext<'_>) -> CheckReport {
    BANDIT.examine(context)
}

/// Asks semgrep, with rules of ours.
pub fn semgrep(context: &CheckContext<'_>) -> CheckReport {
    SEMGREP.examine(context)
}

/// Runs shellcheck over the shell scripts.
pub fn shellcheck(context: &CheckContext<'_>) -> CheckReport {
    SHELLCHECK.examine(context)
}

/// Asks the compiler of TypeScript, which writes nothing.
pub fn tsc(context: &CheckContext<'_>) -> CheckReport {
    TSC.examine(context)
}

/// Runs eslint over the JavaScript and TypeScript files.
pub fn eslint(context: &CheckContext<'_>) -> CheckReport {
    ESLINT.examine(context)
}

impl Linter {
    /// Asks the program, where it is installed.
    fn examine(&self, context: &CheckContext<'_>) -> CheckReport {
        let started = Started::of(context.version);
        let files: Vec<&VersionFile> = context.version.files.iter().filter(|file| self.reads(file, &started)).collect();
        let mut names: Vec<&str> = self.languages.iter().map(|language| language.name()).collect();
        names.dedup();
        if files.is_empty() {
            return CheckReport::skipped(self.program, format!("no file in {}", names.join(" or ")));
        }
        if let Some(why) = too_much(&files, &started) {
            return CheckReport::unavailable(self.program, why);
        }
        let Some(programs) = context.library.programs() else {
            return CheckReport::unavailable(self.program, "not installed");
        };
        let reading = ProgramArguments {
            program: self.program,
            arguments: self.arguments,
            files: &files,
            ours: self.ours,
            programs,
            patience: PATIENCE,
        };
        match read_with(&reading) {
            Answered::Absent => CheckReport::unavailable(self.program, "not installed"),
            Answered::Failed(cause) => CheckReport::unavailable(self.program, cause),
            Answered::Ended { code, stdout, stderr } => {
                if !code.is_some_and(|code| self.codes.contains(&code)) {
                    return CheckReport::unavailable(self.program, ended(code, &stderr, &stdout));
                }
                match (self.read)(&stdout) {
                    Some(findings) => self.report(findings, &files),
                    None => CheckReport::unavailable(self.program, ended(code, "its output cannot be parsed", "")),
                }
            }
        }
    }

    /// A file of its languages that is not a setting of a linter: those are code, and would be executed.
    fn reads(&self, file: &VersionFile, started: &Started) -> bool {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let is_setting = name.starts_with('.') || name.contains(".config.") || name.starts_with("conftest.");
        let named = text_of(file).and_then(|text| Language::of(&file.path, text));
        let is_ours = |language: Option<Language>| language.is_some_and(|language| self.languages.contains(&language));
        !is_setting && is_ours(started.language_of(file)) && (self.any_name || is_ours(named))
    }

    fn report(&self, mut findings: Vec<Finding>, files: &[&VersionFile]) -> CheckReport {
        let count = findings.len();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings.truncate(MAX_FINDINGS);
        let read = format!("{} read", counted(files.len(), "file"));
        let lines = files.iter().filter_map(|file| text_of(file)).flat_map(str::lines);
        let silenced = lines.filter(|line| self.silenced_by.iter().any(|mark| line.contains(mark))).count();
        let silenced = match silenced {
            0 => String::new(),
            count => format!(", suppressed by {} in the code", counted(count, "comment")),
        };
        let more =
            if count > MAX_FINDINGS { format!(", {MAX_FINDINGS} of {count} findings kept") } else { String::new() };
        CheckReport::of(self.program, findings).noted(format!("{read}{silenced}{more}"))
    }
}

/// Why these files are not given to a linter, which has no bound of its own; `None` when they are.
fn too_much(files: &[&VersionFile], started: &Started) -> Option<String> {
    let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
    if bytes > MAX_BYTES {
        return Some(format!("not run: {} of code exceed the limit for linters", size(bytes as u64)));
    }
    let unread = files.iter().find(|file| {
        let text = text_of(file).unwrap_or_default();
        started.language_of(file).is_some_and(|language| language.parse(text).is_none())
    });
    unread.map(|file| format!("not run: {} is too large to be read", file.path))
}

fn ended(code: Option<i32>, stderr: &str, stdout: &str) -> String {
    let how = code.map_or_else(|| "it was killed by a signal".to_owned(), |code| format!("it exited with {code}"));
    let said = stderr.lines().chain(stdout.lines()).map(str::trim).find(|line| !line.is_empty());
    match said {
        Some(said) => format!("{how}: {}", super::source::excerpt(said, 160)),
        None => how,
    }
}

/// A finding of a linter: at a path as it was given, `./` before it left out.
fn finding(code: &str, severity: Severity, message: &str, place: (&str, u64)) -> Finding {
    let (path, line) = place;
    let path = path.rsplit_once("/files/").map_or(path, |(_, inside)| inside).trim_start_matches("./");
    Finding::new(code, severity, super::source::excerpt(message, 240)).at(path, line)
}
