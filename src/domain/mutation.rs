//! The kind of change of a new version, and the kind of failure that it should fix, to learn which changes help against
//! which failures.

use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// The kind of change of a new version. Guessed from words and lines, so it is used for statistics only.
    Mutation {
        /// Fixes the start: syntax, a missing call of main, a wrong first line.
        FixStart = "fix-start",
        /// Fixes a missing name or package.
        FixImport = "fix-import",
        /// Fixes output that is not in its declared form.
        FixOutput = "fix-output",
        /// Fixes text in the wrong encoding.
        FixEncoding = "fix-encoding",
        /// Fixes a wrong result.
        FixLogic = "fix-logic",
        /// Reports an error that was not handled.
        HandleError = "handle-error",
        /// Accepts input that was refused or unreadable before.
        WidenInput = "widen-input",
        /// Needs fewer permissions, or is safer.
        Harden = "harden",
        /// Is faster or needs fewer resources.
        Performance = "performance",
        /// Does the same, written differently.
        Refactor = "refactor",
        /// Does something new.
        NewFeature = "new-feature",
        /// None of the kinds above.
        Other = "other",
    }
);

words!(
    /// The kind of failure of a run, as far as its error shows.
    FailureKind {
        /// It did not start: syntax, interpreter, first line.
        Start = "start",
        /// A name, a module, a package or a program is missing.
        Missing = "missing",
        /// A file or a folder is absent, or access is denied.
        File = "file",
        /// The input is not what the code expects.
        Input = "input",
        /// The output is not in its declared form.
        Output = "output",
        /// Text is in another encoding.
        Encoding = "encoding",
        /// A test reports a wrong result.
        Result = "result",
        /// The network did not answer as expected.
        Network = "network",
        /// It took too long.
        Timeout = "timeout",
        /// It exceeded a limit.
        Limit = "limit",
        /// It ended with an unhandled error.
        Crash = "crash",
        /// None of the kinds above.
        Other = "other",
    }
);

impl Mutation {
    /// A hint that asks for this kind of change, as a starting point.
    pub const fn hint(self) -> &'static str {
        match self {
            Mutation::FixStart => "Make it start.",
            Mutation::FixImport => "Import or declare everything that it uses.",
            Mutation::FixOutput => "Print the result in the declared format.",
            Mutation::FixEncoding => "Read and write text as UTF-8, and report files that are not UTF-8.",
            Mutation::FixLogic => "Correct the result.",
            Mutation::HandleError => "Report what is wrong and with which input, instead of a stack trace.",
            Mutation::WidenInput => "Accept this input too.",
            Mutation::Harden => "Remove permissions that the work does not need.",
            Mutation::Performance => "Use less time and memory for the same result.",
            Mutation::Refactor => "Make the code clearer without changing its behaviour.",
            Mutation::NewFeature => "Add the requested feature.",
            Mutation::Other => "",
        }
    }
}
