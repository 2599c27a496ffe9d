//! Something on disk that cannot be used as it is: path, line, reason, next step.

use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The kind of a problem.
    ProblemCode {
        /// Not valid TOML, YAML or JSON.
        BadSyntax = "bad-syntax",
        /// Valid syntax, but a field has the wrong type or value.
        BadField = "bad-field",
        /// A required field is missing.
        MissingField = "missing-field",
        /// The name is outside the alphabet.
        BadName = "bad-name",
        /// The file is not UTF-8.
        NotUtf8 = "not-utf8",
        /// The manifest or script is empty.
        Empty = "empty",
        /// A limit on size, count, aliases or nesting was exceeded.
        TooLarge = "too-large",
        /// A sidecar or manifest names a script that does not exist.
        MissingScript = "missing-script",
        /// A script without a manifest and without a description in its header.
        NoManifest = "no-manifest",
        /// A symbolic link that leaves the tool's folder or is dangling.
        UnsafeLink = "unsafe-link",
        /// Not a regular file.
        NotAFile = "not-a-file",
        /// Two tools that share a name but not their content.
        NameClash = "name-clash",
        /// A tool with a name or alias of an approved, core or archived one.
        ReservedName = "reserved-name",
        /// A file or folder that could not be read.
        Unreadable = "unreadable",
        /// A definition in an unknown dialect.
        UnknownDialect = "unknown-dialect",
        /// A settings file has an unknown or wrong entry.
        BadSetting = "bad-setting",
        /// An approved or core tool that does not count as approved, or a review with a decision that is not in the
        /// log.
        NotAsApproved = "not-as-approved",
        /// A frequently used, successful tool that no longer exists.
        Vanished = "vanished",
        /// The state of the workspace cannot be written, is lost, or is older than before.
        State = "state",
    }
);

/// A problem with a file, as a row that a human can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Path relative to the workspace.
    pub path: String,
    /// Line, counted from 1, if known.
    pub line: Option<u64>,
    /// What kind of problem.
    pub code: ProblemCode,
    /// The error, one sentence without a full stop.
    pub message: String,
    /// The next step.
    pub hint: String,
}

impl Problem {
    /// The error, after its place.
    pub fn placed(&self) -> String {
        let place = self.line.map_or_else(|| self.path.clone(), |line| format!("{}:{line}", self.path));
        format!("{place}: {}", self.message)
    }
}
