//! Facts about an interpreter: its version and digest, determined once.

use super::ask;
use super::view::InterpreterView;
use crate::domain::{Digest, InterpreterFacts};
use crate::outside::{Distrust, Programs, Trust, Trusted};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How interpreters are asked for their version. A program that is not in this list is not started for that, because
/// its reaction is unknown.
const ASKED: &[(&str, &[&str])] = &[
    // Isolated, and without `site`: neither variables nor `.pth` files are read.
    ("python", &["-I", "-S", "--version"]),
    ("pypy", &["-I", "-S", "--version"]),
    ("node", &["--version"]),
    ("ruby", &["--version"]),
    ("perl", &["-f", "-e", "print $^V"]),
    ("bash", &["--version"]),
    ("zsh", &["--version"]),
    ("deno", &["--version"]),
    ("bun", &["--version"]),
    ("php", &["-n", "--version"]),
    ("lua", &["-v"]),
    ("uv", &["--version"]),
];

/// The largest file that can be an interpreter, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// Identifies a state of a file without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InterpreterStamp {
    inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    /// Programs cannot set this time.
    changed: (i64, i64),
}

impl InterpreterStamp {
    pub(super) fn of(path: &Path) -> io::Result<InterpreterStamp> {
        let meta = fs::metadata(path)?;
        let modified = (meta.mtime(), meta.mtime_nsec());
        let changed = (meta.ctime(), meta.ctime_nsec());
        Ok(InterpreterStamp { inode: (meta.dev(), meta.ino()), bytes: meta.len(), modified, changed })
    }
}

/// The answer of each program to each question, and the state of its file at that time.
type Answers = HashMap<(PathBuf, &'static str), (InterpreterStamp, Arc<str>)>;

/// Caches the answers of interpreters as long as their files do not change. There is one per workbench.
#[derive(Debug, Default)]
pub struct Interpreters {
    programs: Arc<Programs>,
    known: Mutex<HashMap<PathBuf, (InterpreterStamp, InterpreterAnswer)>>,
    answers: Mutex<Answers>,
}

/// The answer of an interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct InterpreterAnswer {
    /// `None` if it was not asked, because it is not trusted.
    version: Option<String>,
    digest: Digest,
}

impl Interpreters {
    /// Starts only programs that `programs` trusts. Programs that the user's settings name come before all others.
    pub fn new(programs: Arc<Programs>) -> Interpreters {
        Interpreters { programs, ..Interpreters::default() }
    }

    fn trust(&self) -> &Trust {
        self.programs.trust()
    }

    /// The programs that the user's settings name.
    pub(super) fn named(&self) -> &BTreeMap<String, PathBuf> {
        self.programs.named()
    }

    /// The facts about an interpreter. The first call reads the file and starts it once (5 to 100 ms); later calls
    /// check each folder on its path (µs). An untrusted interpreter is not started, and the facts say why. `None` if it
    /// cannot be read.
    pub(super) fn facts(&self, view: &InterpreterView) -> Option<InterpreterFacts> {
        let trusted = self.trusted(view);
        let untrusted = trusted.as_ref().err().map(ToString::to_string);
        let known = self.known(&view.real, trusted.ok())?;
        Some(InterpreterFacts {
            path: view.real.to_string_lossy().into_owned(),
            version: known.version.unwrap_or_default(),
            digest: known.digest,
            prefix: view.prefix().map(|prefix| prefix.to_string_lossy().into_owned()),
            packages: Vec::new(),
            lock: None,
            untrusted,
        })
    }

    /// The version that a program reports; empty if it is not asked or does not answer.
    pub(super) fn version(&self, view: &InterpreterView) -> String {
        self.known(&view.real, self.trusted(view).ok()).and_then(|known| known.version).unwrap_or_default()
    }

    /// The interpreter of a view, if others cannot change it or its installation.
    pub(super) fn trusted(&self, view: &InterpreterView) -> Result<Trusted, Distrust> {
        for folder in view.visible.iter().filter(|path| path.is_dir()) {
            self.trust().folder(folder)?;
            for library in libraries(folder) {
                self.trust().folder(&library)?;
            }
        }
        self.trust().program(&view.path)
    }

    /// Why the program at a path is not trusted.
    pub(super) fn judge(&self, program: &Path) -> Result<(), Distrust> {
        self.trust().program(program).map(drop)
    }

    fn known(&self, real: &Path, trusted: Option<Trusted>) -> Option<InterpreterAnswer> {
        let stamp = InterpreterStamp::of(real).ok()?;
        if let Some((old, known)) = self.lock().get(real)
            && *old == stamp
            && (known.version.is_some() || trusted.is_none())
        {
            return Some(known.clone());
        }
        // Without the lock: another run need not wait for this interpreter's answer.
        let known = InterpreterAnswer {
            version: trusted.map(|program| told_version(&self.programs, program)),
            digest: digest(real)?,
        };
        self.lock().insert(real.to_owned(), (stamp, known.clone()));
        Some(known)
    }

    /// The answer of an interpreter to `arguments`, the last of which is a question in its language; asked once. `None`
    /// if it is not trusted, does not start or does not answer.
    pub(in crate::runner) fn answer(&self, program: &Path, arguments: &[&'static str]) -> Option<Arc<str>> {
        let trusted = self.trust().program(program).ok()?;
        let stamp = InterpreterStamp::of(trusted.path()).ok()?;
        let key = (trusted.path().to_owned(), *arguments.last()?);
        let answers = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((old, answer)) = answers().get(&key)
            && *old == stamp
        {
            return Some(answer.clone());
        }
        let answer: Arc<str> = ask::answer(&self.programs, trusted, arguments).ok()?.into();
        answers().insert(key, (stamp, answer.clone()));
        Some(answer)
    }

    /// The answer of an interpreter, without the cache. `None` as for [`Interpreters::answer`].
    pub(in crate::runner) fn answer_anew(&self, program: &Path, arguments: &[&str]) -> Option<String> {
        ask::answer(&self.programs, self.trust().program(program).ok()?, arguments).ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (InterpreterStamp, InterpreterAnswer)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folders of an installation that an interpreter loads code from when it starts.
fn libraries(installation: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["lib", "lib64"].iter().map(|name| installation.join(name)).collect();
    let own = fs::read_dir(installation.join("lib")).into_iter().flatten().flatten();
    found.extend(own.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"python")).map(|e| e.path()));
    found.retain(|path| path.is_dir());
    found
}

/// The digest of a file that is small enough for an interpreter.
fn digest(path: &Path) -> Option<Digest> {
    let file = fs::File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
    let meta = file.metadata().ok()?;
    if !meta.is_file() || meta.len() > MAX_FILE {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file.take(MAX_FILE)).ok()?;
    Some(Digest(*hasher.finalize().as_bytes()))
}

fn told_version(programs: &Programs, program: Trusted) -> String {
    let name = program.path().file_name().unwrap_or_default().to_string_lossy();
    let Some((_, args)) = ASKED.iter().find(|(known, _)| is_version_of(&name, known)) else { return String::new() };
    // An interpreter that does not answer is recorded without a version; it may still run.
    ask::first_line(programs, program, args).map(|line| number_in(&line)).unwrap_or_default()
}

/// Whether a file name is an interpreter's name, possibly with a version: `python3.11` for `python`.
fn is_version_of(name: &str, interpreter: &str) -> bool {
    let rest = name.strip_prefix(interpreter);
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-'))
}

/// The version in a line: the first word of digits, with or without a leading `v`.
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
        crate::outside::fixture::executable(path, &format!("#!/bin/sh\necho x >> $0.asked\necho Python {version}\n"));
    }

    #[test]
    fn an_interpreter_is_asked_once_until_its_file_changes() {
        let dir = crate::outside::fixture::folder();
        let python = dir.path().join("python3");
        let view =
            || InterpreterView { path: python.clone(), real: python.clone(), visible: vec![dir.path().to_owned()] };
        let asked = || fs::read_to_string(dir.path().join("python3.asked")).unwrap().lines().count();
        write_program(&python, "3.11.2");
        let interpreters = Interpreters::default();
        let facts = interpreters.facts(&view()).unwrap();
        assert_eq!((facts.version.as_str(), facts.prefix.as_deref()), ("3.11.2", dir.path().to_str()));
        assert_eq!(facts.digest, Digest(*blake3::hash(&fs::read(&python).unwrap()).as_bytes()));
        assert_eq!((interpreters.facts(&view()), asked()), (Some(facts), 1));
        write_program(&python, "3.12.10");
        assert_eq!((interpreters.version(&view()).as_str(), asked()), ("3.12.10", 2));
        let none = InterpreterView { real: dir.path().join("none"), ..view() };
        assert_eq!(interpreters.facts(&none), None);
    }

    #[test]
    fn what_others_could_have_changed_is_not_asked_until_nobody_can() {
        let dir = crate::outside::fixture::folder();
        let python = dir.path().join("bin/python3");
        fs::create_dir(dir.path().join("bin")).unwrap();
        let view = InterpreterView { path: python.clone(), real: python.clone(), visible: Vec::new() };
        write_program(&python, "3.11.2");
        let interpreters = Interpreters::default();
        let set =
            |path: &str, mode| fs::set_permissions(dir.path().join(path), PermissionsExt::from_mode(mode)).unwrap();
        for (path, mode, back) in [("bin", 0o777, 0o755), ("bin", 0o1777, 0o755), ("bin/python3", 0o757, 0o755)] {
            set(path, mode);
            let facts = interpreters.facts(&view).unwrap();
            assert_eq!(facts.version, "");
            assert!(facts.untrusted.unwrap().contains("everyone can change"));
            set(path, back);
        }
        assert!(!dir.path().join("bin/python3.asked").exists());
        let facts = interpreters.facts(&view).unwrap();
        assert_eq!((facts.version.as_str(), facts.untrusted), ("3.11.2", None));
    }

    #[test]
    fn only_interpreters_are_started_to_be_asked() {
        let dir = crate::outside::fixture::folder();
        let program = dir.path().join("python3-wipe");
        write_program(&program, "1");
        let view = InterpreterView { path: program.clone(), real: program, visible: Vec::new() };
        assert_eq!(Interpreters::default().facts(&view).unwrap().version, "");
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
