//! Reading a settings file: its text, line numbers, and typed values. Collects problems.

use crate::domain::{Problem, ProblemCode};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::Spanned;
use toml::de::DeValue;

/// Maximum size of a settings file, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// The text of a settings file; `None` when it does not exist.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, (ProblemCode, String)> {
    let unreadable = |error: std::io::Error| (ProblemCode::Unreadable, format!("the settings cannot be read: {error}"));
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(error)),
        // Opening a FIFO would wait for a writer.
        Ok(meta) if !meta.is_file() => {
            return Err((ProblemCode::NotAFile, "the settings are not a regular file".into()));
        }
        Ok(meta) if meta.len() > MAX_BYTES => {
            return Err((ProblemCode::TooLarge, format!("the settings have more than {MAX_BYTES} bytes")));
        }
        Ok(_) => {}
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| (ProblemCode::NotUtf8, "the settings are not UTF-8".to_owned()))?;
    Ok(Some(text))
}

/// A settings file that is being read. It computes line numbers and collects problems.
pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl File<'_> {
    /// The line of a byte offset, counted from 1.
    pub(super) fn line(&self, at: usize) -> u64 {
        let before = self.text.as_bytes().iter().take(at);
        before.filter(|byte| **byte == b'\n').count() as u64 + 1
    }

    /// The number of problems so far.
    pub(super) fn problem_count(&self) -> usize {
        self.problems.len()
    }

    /// The first problem found after this many, with its place, on one line.
    pub(super) fn fault_since(&self, count: usize) -> Option<String> {
        self.problems.get(count).map(Problem::placed)
    }

    /// A byte offset as `FILE:LINE`.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line(at))
    }

    pub(super) fn bad(&mut self, at: usize, message: String, hint: String) {
        let line = Some(self.line(at));
        self.problems.push(Problem { path: self.path.to_owned(), line, code: ProblemCode::BadSetting, message, hint });
    }

    pub(super) fn unknown(&mut self, at: usize, name: &str, hint: &str) {
        self.bad(at, format!("unknown setting {name}"), hint.to_owned());
    }

    /// Records that the file is not valid TOML.
    pub(super) fn syntax(&mut self, error: &toml::de::Error) {
        self.problems.push(Problem {
            path: self.path.to_owned(),
            line: error.span().map(|span| self.line(span.start)),
            code: ProblemCode::BadSyntax,
            message: format!("the settings are not valid TOML: {}", error.message().replace('\n', ", ")),
            hint: "fix the line; until then this file is ignored".to_owned(),
        });
    }

    pub(super) fn boolean(&mut self, value: &Spanned<DeValue<'_>>, name: &str) -> Option<bool> {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            let message = format!("{name} is a {}", value.get_ref().type_str());
            self.bad(value.span().start, message, format!("write {name} = true or {name} = false"));
        }
        found
    }

    pub(super) fn table<'t, 'i>(&mut self, value: &'t Spanned<DeValue<'i>>, name: &str) -> Vec<Entry<'t, 'i>> {
        if let Some(table) = value.get_ref().as_table() {
            return table.iter().collect();
        }
        let message = format!("{name} is a {}, but must be a table", value.get_ref().type_str());
        self.bad(value.span().start, message, format!("write its settings in a table [{name}]"));
        Vec::new()
    }

    pub(super) fn expand(&mut self, at: usize, text: &str, user_home: Option<&Path>) -> Option<PathBuf> {
        let Some(rest) = text.strip_prefix('~') else { return Some(PathBuf::from(text)) };
        match (user_home, rest.strip_prefix('/').or_else(|| rest.is_empty().then_some(""))) {
            (Some(home), Some(rest)) => Some(home.join(rest)),
            (None, Some(_)) => {
                self.bad(at, "no home folder is known for ~".to_owned(), "write an absolute path".to_owned());
                None
            }
            (_, None) => {
                self.bad(at, "~NAME is not supported".to_owned(), "write an absolute path".to_owned());
                None
            }
        }
    }
}

/// A key and its value, each with its position in the file.
pub(super) type Entry<'t, 'i> = (&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>);

/// Parses `500ms`, `30s`, `1m 30s`; zero is invalid.
pub(in crate::engine) fn duration(text: &str) -> Option<Duration> {
    let signed: jiff::SignedDuration = text.parse().ok()?;
    Duration::try_from(signed).ok().filter(|limit| !limit.is_zero())
}

/// An error if other users can change the user's settings. They name programs and signers, so they are not used then.
pub(super) fn changed_by_others(path: &Path) -> Option<Problem> {
    let found = path.metadata().ok()?;
    let own = rustix::process::geteuid().as_raw();
    let why = if ![own, 0].contains(&found.uid()) {
        format!("it belongs to user {}", found.uid())
    } else if found.mode() & 0o002 != 0 {
        "everyone can write it".to_owned()
    } else if found.mode() & 0o020 != 0 && found.gid() != rustix::process::getegid().as_raw() {
        format!("group {} can write it", found.gid())
    } else {
        return None;
    };
    let (message, hint) =
        (format!("the settings are not used: {why}"), "make it writable by you only: chown, chmod go-w");
    let path = path.display().to_string();
    Some(Problem { path, line: None, code: ProblemCode::Unreadable, message, hint: hint.to_owned() })
}
