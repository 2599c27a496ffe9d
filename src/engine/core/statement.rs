//! The signed statement of a reviewer about a version: the head of `approval.toml`.

use crate::domain::{Digest, Instant, Stage, ToolName, Unread, is_hidden, rfc3339};
use std::fmt::Write;

/// The first line of every `approval.toml`.
const HEAD: &str = "# Written when this version was approved. A change to any file beside it voids the approval.\n";

/// A reviewer's statement about a version; its text is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Name that was reviewed.
    pub tool: &'a ToolName,
    /// Version that the manifest states.
    pub version: &'a semver::Version,
    /// Digest that the approval covers.
    pub digest: Digest,
    /// The stage it was approved for.
    pub stage: Stage,
    /// Identity of the reviewer, as in the log.
    pub reviewer: &'a str,
    /// When it was decided.
    pub at: Instant,
    /// As typed; `None` if no reason was given.
    pub reason: Option<&'a str>,
    /// Why failed checks did not block it.
    pub over: Option<&'a str>,
    /// How much of it was not on screen.
    pub unread: Option<Unread>,
}

impl Statement<'_> {
    /// Its text: the head of `approval.toml`, up to the line of the signature.
    pub fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        let at = rfc3339(self.at);
        let (version, digest, stage) = (self.version.to_string(), self.digest.hex(), self.stage.to_string());
        let unread = self.unread.map(|unread| unread.stated());
        let lines = [
            ("tool", Some(self.tool.as_str())),
            ("version", Some(version.as_str())),
            ("digest", Some(digest.as_str())),
            ("stage", Some(stage.as_str())),
            ("reviewer", Some(self.reviewer)),
            ("approved_at", Some(at.as_str())),
            ("reason", self.reason),
            ("override", self.over),
            ("unread", unread.as_deref()),
        ];
        for (key, value) in lines {
            if let Some(value) = value {
                // Writing to memory cannot fail.
                let _ = writeln!(text, "{key} = {}", quoted(value));
            }
        }
        text
    }
}

/// A TOML basic string in which every hidden character is escaped, so that `cat` shows everything; parsing it gives the
/// same text.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if is_hidden(c) => quoted.extend(format!("\\U{:08x}", u32::from(c)).chars()),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
