//! Secrets of the user: the source of each value, and reading it for one run.
//!
//! Only the user's own settings name secrets. A value is read when a run that may have it starts, is passed to that run
//! and to its redactor, and is not stored.

use super::file::File;
use crate::domain::{MIN_SECRET, Permissions, RunEnd, Secret};
use crate::outside::{ExternalProgram, Programs};
use crate::runner;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Maximum size of a value, in bytes: a longer one does not fit into a variable.
const MAX_BYTES: u64 = 64 * 1024;

/// Permission bits of everybody except the owner.
const OTHERS: u32 = 0o077;

/// The source of a secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable of the process that Toolsmith runs in.
    Env(String),
    /// A file with one line that only the user may read.
    File(PathBuf),
    /// A command; the value is the first line of its output.
    Command {
        /// The program, then its arguments; no shell is involved.
        argv: Vec<String>,
        /// Additional variables of the caller that the command gets.
        env: Vec<String>,
    },
    /// The settings do not state a source. Contains the place where it is missing, as `FILE:LINE`.
    Nowhere(String),
}

impl SecretSource {
    /// Reads the value.
    ///
    /// # Errors
    /// One line that states what is missing and never contains what was found.
    pub(in crate::engine) fn value(&self, programs: &Programs) -> Result<Secret, String> {
        let value = match self {
            SecretSource::Env(name) => {
                let value = std::env::var_os(name).filter(|value| !value.is_empty());
                Secret::new(value.ok_or_else(|| format!("the variable {name} is not set"))?)
            }
            SecretSource::File(path) => read(path).map_err(|why| format!("{} {why}", path.display()))?,
            SecretSource::Command { argv, env } => runner::ask_for_secret(programs, argv, env)?,
            SecretSource::Nowhere(place) => return Err(format!("{place} does not state its source")),
        };
        let bytes = value.expose().as_bytes();
        if bytes.contains(&0) {
            return Err("it contains a zero byte".to_owned());
        }
        if bytes.len() < MIN_SECRET {
            return Err(format!("it is shorter than {MIN_SECRET} bytes, too short to redact reliably"));
        }
        Ok(value)
    }

    /// Checks whether there is a value. Starts nothing: of a command, it only checks that the program exists.
    pub(in crate::engine) fn look(&self, programs: &Programs) -> Result<(), String> {
        let SecretSource::Command { argv, .. } = self else { return self.value(programs).map(drop) };
        let name = argv.first().map(String::as_str).unwrap_or_default();
        programs.find(ExternalProgram::Secret, OsStr::new(name)).map(drop).map_err(|why| why.to_string())
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::Env(name) => write!(f, "variable {name}"),
            SecretSource::File(path) => write!(f, "file {}", path.display()),
            // Arguments are left out, because they may contain secrets.
            SecretSource::Command { argv, .. } => write!(f, "command {}", argv.first().map_or("", String::as_str)),
            SecretSource::Nowhere(place) => f.write_str(place),
        }
    }
}

/// The secrets of a run: the declared variables of its version that the settings define as secrets.
///
/// # Errors
/// [`RunEnd::Refused`] when one of them has no value.
pub(in crate::engine) fn gather(
    declared: &[String],
    sources: &BTreeMap<String, SecretSource>,
    programs: &Programs,
) -> Result<BTreeMap<String, Secret>, RunEnd> {
    let named = declared.iter().filter_map(|name| Some((name, sources.get(name)?)));
    let found = named.map(|(name, source)| match source.value(programs) {
        Ok(value) => Ok((name.clone(), value)),
        Err(why) => {
            let message = format!("it needs the secret {name}: {why}; set its source in [secrets] in config.toml");
            Err(RunEnd::Refused { message })
        }
    });
    found.collect()
}

/// Problems with the secrets in the settings, one line each.
pub(in crate::engine) fn look(sources: &BTreeMap<String, SecretSource>, programs: &Programs) -> Vec<String> {
    let looked = sources.iter().filter_map(|(name, source)| Some((name, source, source.look(programs).err()?)));
    looked.map(|(name, source, why)| format!("{name} ({source}): {why}")).collect()
}

/// The only line of a file that nobody except the user may read.
fn read(path: &Path) -> Result<Secret, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    // Opening a FIFO must not block.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(unreadable)?;
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if facts.mode() & OTHERS != 0 {
        return Err("can be read by others; run chmod 600 on it".to_owned());
    }
    if facts.uid() != rustix::process::getuid().as_raw() {
        return Err("belongs to another user".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("has more than {MAX_BYTES} bytes"));
    }
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.contains(&b'\n') {
        return Err("has more than one line".to_owned());
    }
    Ok(Secret::new(OsString::from_vec(line.to_vec())))
}

/// A list of words.
fn words_of(value: &DeValue<'_>) -> Option<Vec<String>> {
    let DeValue::Array(list) = value else { return None };
    list.iter().map(|word| Some(word.get_ref().as_str()?.to_owned())).collect()
}

impl File<'_> {
    pub(in crate::engine) fn secrets(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        home: Option<&Path>,
    ) -> BTreeMap<String, SecretSource> {
        let mut secrets = BTreeMap::new();
        for (key, value) in self.table(value, "secrets") {
            let name = key.get_ref().to_string();
            let asked = Permissions { env: vec![name.clone()], ..Permissions::default() };
            if let Some(fault) = asked.faults().pop() {
                let hint = "no tool can declare this variable in [permissions] env".to_owned();
                self.bad(key.span().start, format!("secrets.{name}: {}", fault.reason), hint);
            } else {
                // If it were left out, the environment variable of this name would be used.
                let source = self.secret(&format!("secrets.{name}"), value, home);
                let place = self.place(value.span().start);
                secrets.insert(name, source.unwrap_or(SecretSource::Nowhere(place)));
            }
        }
        secrets
    }

    /// The source in a setting; `None`, with a problem, when it is invalid.
    pub(in crate::engine) fn secret(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        home: Option<&Path>,
    ) -> Option<SecretSource> {
        let at = value.span().start;
        let table = value.get_ref().as_table();
        let env = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == "env" && table.len() == 2));
        let env = env.and_then(|(_, value)| words_of(value.get_ref()));
        let own = |table: &&DeTable<'_>| table.len() == 1 + usize::from(env.is_some());
        let mut entries = table.filter(own).into_iter().flat_map(|table| table.iter());
        let entry = entries.find(|(key, value)| key.get_ref() != "env" || value.get_ref().is_str());
        let source = entry.and_then(|(key, value)| match (key.get_ref().as_ref(), value.get_ref()) {
            ("env", DeValue::String(word)) if !word.is_empty() && !word.contains(['=', '\0']) => {
                Some(SecretSource::Env(word.to_string()))
            }
            ("file", DeValue::String(text)) if !text.is_empty() => self.expand(at, text, home).map(SecretSource::File),
            ("command", list) => {
                let argv = words_of(list).filter(|words| words.first().is_some_and(|word| !word.is_empty()));
                argv.map(|argv| SecretSource::Command { argv, env: env.clone().unwrap_or_default() })
            }
            _ => None,
        });
        let source = source.filter(|source| env.is_none() || matches!(source, SecretSource::Command { .. }));
        let is_relative = |source: &SecretSource| matches!(source, SecretSource::File(path) if path.is_relative());
        let source = source.filter(|source| !is_relative(source));
        if source.is_none() {
            // The value is not shown, because it may be the secret itself.
            let hint =
                "write { env = \"VARIABLE\" }, { file = \"~/FILE\" } or { command = [\"PROGRAM\", \"ARGUMENT\"] }";
            self.bad(at, format!("{name} does not state its source"), hint.to_owned());
        }
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions as Mode;
    use std::os::unix::fs::PermissionsExt;

    fn command_of(words: &[&str]) -> SecretSource {
        SecretSource::Command { argv: words.iter().map(|word| (*word).to_owned()).collect(), env: Vec::new() }
    }

    fn text(value: Result<Secret, String>) -> Result<String, String> {
        value.map(|value| value.expose().to_str().unwrap().to_owned())
    }

    #[test]
    fn a_file_gives_its_one_line_and_only_when_nobody_else_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let source = SecretSource::File(path.clone());
        let shown = path.display();
        assert!(source.value(&Programs::default()).unwrap_err().starts_with(&format!("{shown} cannot be read: ")));
        for (content, mode, expected) in [
            ("hunter-two\n", 0o600, Ok("hunter-two".to_owned())),
            ("hunter-two\r\n", 0o400, Ok("hunter-two".to_owned())),
            ("hunter-two", 0o640, Err(format!("{shown} can be read by others; run chmod 600 on it"))),
            ("hunter-two", 0o604, Err(format!("{shown} can be read by others; run chmod 600 on it"))),
            ("user\nhunter-two\n", 0o600, Err(format!("{shown} has more than one line"))),
            ("a\0bcdefgh", 0o600, Err("it contains a zero byte".to_owned())),
        ] {
            std::fs::remove_file(&path).ok();
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, Mode::from_mode(mode)).unwrap();
            assert_eq!(text(source.value(&Programs::default())), expected, "{content:?} {mode:o}");
        }
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "short").unwrap();
        std::fs::set_permissions(&path, Mode::from_mode(0o600)).unwrap();
        assert!(source.value(&Programs::default()).unwrap_err().contains("shorter than 6 bytes"));
        assert_eq!(
            SecretSource::File(dir.path().into()).value(&Programs::default()).unwrap_err().split(' ').next_back(),
            Some("file")
        );
    }

    #[test]
    fn a_command_gives_the_first_line_that_it_prints_and_its_trouble_is_told_without_what_it_said() {
        let command = |script: &str| command_of(&["sh", "-c", script]);
        assert_eq!(
            text(command("echo hunter-two; echo user: ada").value(&Programs::default())),
            Ok("hunter-two".to_owned())
        );
        let failed = command("echo hunter-two; echo hunter-two >&2; exit 3").value(&Programs::default()).unwrap_err();
        assert_eq!(failed, "sh exited with exit status: 3");
        assert_eq!(command(":").value(&Programs::default()).unwrap_err(), "sh printed nothing");
        assert_eq!(command("").look(&Programs::default()), Ok(()));
        assert_eq!(
            command_of(&["no-such-program"]).look(&Programs::default()),
            Err("there is no program no-such-program on the PATH".to_owned())
        );
        assert_eq!(command("hunter-two").to_string(), "command sh");
    }

    #[test]
    fn only_declared_secrets_are_asked_for_and_one_without_a_value_refuses_the_run() {
        let absent = SecretSource::Env("TOOLSMITH_TEST_ABSENT".to_owned());
        let loud = command_of(&["sh", "-c", "exit 1"]);
        let sources = [("TOKEN".to_owned(), absent), ("OTHER".to_owned(), loud)].into();
        assert!(gather(&["PLAIN".to_owned()], &sources, &Programs::default()).unwrap().is_empty());
        let unsaid = [("TOKEN".to_owned(), SecretSource::Nowhere("config.toml:3".to_owned()))].into();
        let RunEnd::Refused { message } = gather(&["TOKEN".to_owned()], &unsaid, &Programs::default()).unwrap_err()
        else {
            panic!()
        };
        assert!(message.contains("config.toml:3 does not state its source"), "{message}");
        let RunEnd::Refused { message } = gather(&["TOKEN".to_owned()], &sources, &Programs::default()).unwrap_err()
        else {
            panic!()
        };
        assert_eq!(
            message,
            "it needs the secret TOKEN: the variable TOOLSMITH_TEST_ABSENT is not set; set its source in [secrets] in config.toml"
        );
        assert_eq!(
            look(&sources, &Programs::default()),
            ["TOKEN (variable TOOLSMITH_TEST_ABSENT): the variable TOOLSMITH_TEST_ABSENT is not set"]
        );
    }
}
