//! What is known of an interpreter: version and digest, asked and computed once.

use super::ask;
use crate::domain::{Digest, InterpreterFacts};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How interpreters are asked for their version. A program that is not in this list is not started
/// just to be asked: who knows what it does with the question.
const ASKED: &[(&str, &[&str])] = &[
    ("python", &["--version"]),
    ("pypy", &["--version"]),
    ("node", &["--version"]),
    ("ruby", &["--version"]),
    ("perl", &["-e", "print $^V"]),
    ("bash", &["--version"]),
    ("zsh", &["--version"]),
    ("deno", &["--version"]),
    ("bun", &["--version"]),
    ("php", &["--version"]),
    ("lua", &["-v"]),
    ("uv", &["--version"]),
];

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Stamp> {
        let meta = fs::metadata(path)?;
        let modified = (meta.mtime(), meta.mtime_nsec());
        Ok(Stamp { inode: meta.ino(), bytes: meta.len(), modified })
    }
}

/// What each program answered to each question, and the state of its file then.
type Answers = HashMap<(PathBuf, &'static str), (Stamp, Arc<str>)>;

/// Remembers what interpreters told, as long as their files do not change. One for a workbench.
#[derive(Debug, Default)]
pub struct Interpreters {
    known: Mutex<HashMap<PathBuf, (Stamp, Known)>>,
    answers: Mutex<Answers>,
}

/// What an interpreter told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    version: String,
    digest: Digest,
}

impl Interpreters {
    /// The facts of the program at `real`, a path without links. The first time costs reading the file
    /// and starting it once (5 to 100 ms), later times one look at the file (µs). `None` when it
    /// cannot be read.
    pub(super) fn facts(&self, real: &Path, prefix: Option<&Path>) -> Option<InterpreterFacts> {
        let known = self.known(real)?;
        Some(InterpreterFacts {
            path: real.to_string_lossy().into_owned(),
            version: known.version,
            digest: known.digest,
            prefix: prefix.map(|prefix| prefix.to_string_lossy().into_owned()),
            packages: Vec::new(),
            lock: None,
        })
    }

    /// The version that a program tells; empty when it is not asked or does not answer.
    pub(super) fn version(&self, program: &Path) -> String {
        let real = fs::canonicalize(program).ok();
        real.and_then(|real| self.known(&real)).map(|known| known.version).unwrap_or_default()
    }

    fn known(&self, real: &Path) -> Option<Known> {
        let stamp = Stamp::of(real).ok()?;
        if let Some((old, known)) = self.lock().get(real)
            && *old == stamp
        {
            return Some(known.clone());
        }
        // Not under the lock: another run need not wait for this interpreter's answer.
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(fs::File::open(real).ok()?).ok()?;
        let digest = Digest(*hasher.finalize().as_bytes());
        let known = Known { version: told_version(real), digest };
        self.lock().insert(real.to_owned(), (stamp, known.clone()));
        Some(known)
    }

    /// What an interpreter answers to `arguments`, the last of which is a question in its language;
    /// asked once. `None` when it does not start or answer.
    pub(in crate::runner) fn answer(&self, program: &Path, arguments: &[&'static str]) -> Option<Arc<str>> {
        let stamp = Stamp::of(program).ok()?;
        let key = (program.to_owned(), *arguments.last()?);
        let answers = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((old, answer)) = answers().get(&key)
            && *old == stamp
        {
            return Some(answer.clone());
        }
        let answer: Arc<str> = ask::answer(program, arguments).ok()?.into();
        answers().insert(key, (stamp, answer.clone()));
        Some(answer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Stamp, Known)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn told_version(real: &Path) -> String {
    let name = real.file_name().unwrap_or_default().to_string_lossy();
    let Some((_, args)) = ASKED.iter().find(|(known, _)| is_version_of(&name, known)) else { return String::new() };
    // An interpreter that does not answer is recorded without a version; it may still run.
    ask::first_line(real, args).map(|line| number_in(&line)).unwrap_or_default()
}

/// Whether a file name is an interpreter's, perhaps with a version: `python3.11` of `python`.
fn is_version_of(name: &str, interpreter: &str) -> bool {
    let rest = name.strip_prefix(interpreter);
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-'))
}

/// The version in a line: the first word of digits, a `v` in front or not.
fn number_in(line: &str) -> String {
    let words = line.split_whitespace().map(|word| word.trim_start_matches('v'));
    let word = words.into_iter().find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or_default();
    word.chars().take_while(|c| c.is_ascii_alphanumeric() || ".+-".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn write_program(path: &Path, version: &str) {
        fs::write(path, format!("#!/bin/sh\necho x >> $0.asked\necho Python {version}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn an_interpreter_is_asked_once_until_its_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let python = dir.path().join("python3");
        let asked = || fs::read_to_string(dir.path().join("python3.asked")).unwrap().lines().count();
        write_program(&python, "3.11.2");
        let interpreters = Interpreters::default();
        let facts = interpreters.facts(&python, Some(dir.path())).unwrap();
        assert_eq!((facts.version.as_str(), facts.prefix.as_deref()), ("3.11.2", dir.path().to_str()));
        assert_eq!(facts.digest, Digest(*blake3::hash(&fs::read(&python).unwrap()).as_bytes()));
        assert_eq!((interpreters.facts(&python, Some(dir.path())), asked()), (Some(facts), 1));
        write_program(&python, "3.12.10");
        assert_eq!((interpreters.version(&python).as_str(), asked()), ("3.12.10", 2));
        assert_eq!(interpreters.facts(&dir.path().join("none"), None), None);
    }

    #[test]
    fn only_interpreters_are_started_to_be_asked() {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("python3-wipe");
        write_program(&program, "1");
        assert_eq!(Interpreters::default().facts(&program, None).unwrap().version, "");
        assert!(!dir.path().join("python3-wipe.asked").exists());
    }

    #[test]
    fn the_version_is_found_in_what_each_interpreter_prints() {
        let cases = [
            ("Python 3.14.0rc1", "3.14.0rc1"),
            ("v20.20.2", "20.20.2"),
            ("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)", "5.2.15"),
            ("ruby 3.3.0 (2023-12-25 revision 5124f9ac75) [x86_64-linux]", "3.3.0"),
            ("usage: python", ""),
        ];
        for (line, version) in cases {
            assert_eq!(number_in(line), version, "{line}");
        }
    }
}
