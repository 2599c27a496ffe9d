//! What kind of change a new version is, and what kind of failure it is made against: so that it can be learnt which
//! changes help against which failures.

use super::words::words;
use serde::{Deserialize, Serialize};

words!(
    /// What kind of change a new version is. Guessed from words and lines, so it counts for statistics only.
    Mutation {
        /// It did not start: syntax, a missing call of main, a wrong first line.
        FixStart = "fix-start",
        /// A name or a package was missing.
        FixImport = "fix-import",
        /// Its output was not in the form that it declares.
        FixOutput = "fix-output",
        /// Text was read or written in the wrong encoding.
        FixEncoding = "fix-encoding",
        /// It gave a wrong result.
        FixLogic = "fix-logic",
        /// It ended badly where it could have said what is wrong.
        HandleError = "handle-error",
        /// It takes input that it refused or could not read before.
        WidenInput = "widen-input",
        /// It asks for less, or is safer.
        Harden = "harden",
        /// It is faster or needs less.
        Performance = "performance",
        /// It does the same, written differently.
        Refactor = "refactor",
        /// It does something that it did not do before.
        NewFeature = "new-feature",
        /// None of the kinds above.
        Other = "other",
    }
);

words!(
    /// What kind of failure a run is, as far as its error says.
    FailureKind {
        /// It did not start: syntax, interpreter, first line.
        Start = "start",
        /// A name, a module, a package or a program is missing.
        Missing = "missing",
        /// A file or a folder is not there, or not to be touched.
        File = "file",
        /// The input is not what the code expects.
        Input = "input",
        /// The output is not in its declared form.
        Output = "output",
        /// Text is in another encoding.
        Encoding = "encoding",
        /// A test says that the result is wrong.
        Result = "result",
        /// The network did not answer as expected.
        Network = "network",
        /// It took too long.
        Timeout = "timeout",
        /// It used too much.
        Limit = "limit",
        /// It ended with an error that nobody caught.
        Crash = "crash",
        /// None of the kinds above.
        Other = "other",
    }
);

impl Mutation {
    /// A hint that asks for this kind of change, to begin from.
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
