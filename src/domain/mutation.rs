//! What kind of change a new version is, so that it can be learnt which kinds help against which failures.

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
        /// None of these.
        Other = "other",
    }
);
