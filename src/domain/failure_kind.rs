//! Guesses the kind of a failure from the words of its error. A guess is good enough to count what helped, and to spare
//! a tool whose input was at fault.

use super::FailureKind;

/// Words in errors, the most certain ones first, in lower case.
const ERRORS: &[(FailureKind, &[&str])] = &[
    (FailureKind::Encoding, &["unicodedecodeerror", "unicodeencodeerror", "codec can't", "invalid utf-8"]),
    (
        FailureKind::Missing,
        &[
            "modulenotfounderror",
            "importerror",
            "nameerror",
            "no module named",
            "cannot find module",
            "cannot find package",
            "is not defined",
            "command not found",
            ": not found",
        ],
    ),
    (
        FailureKind::Start,
        &["syntaxerror", "indentationerror", "taberror", "syntax error", "exec format error", "bad interpreter"],
    ),
    (FailureKind::Timeout, &["timed out after", "timed-out", "timeouterror", "timeoutexpired"]),
    (FailureKind::Limit, &["memoryerror", "limit-exceeded", "limit exceeded", "out of memory", "recursionerror"]),
    (FailureKind::Output, &["invalid-output", "is not json", "output:", "output/", "not json serializable"]),
    (FailureKind::Result, &["assertionerror"]),
    (
        FailureKind::Network,
        &[
            "connectionerror",
            "connection refused",
            "name resolution",
            "httperror",
            "urlerror",
            "econnrefused",
            "enotfound",
        ],
    ),
    (
        FailureKind::File,
        &["filenotfounderror", "no such file", "permissionerror", "permission denied", "enoent", "eacces"],
    ),
    (
        FailureKind::Input,
        &[
            "invalid-input",
            "jsondecodeerror",
            "keyerror",
            "valueerror",
            "unbound variable",
            "invalid literal",
            "expecting value",
        ],
    ),
    // Errors of Python and JavaScript also contain "expected".
    (FailureKind::Result, &["expected "]),
    (FailureKind::Crash, &["traceback", "error:", "exception", "segmentation fault", "panicked"]),
];

/// The kind of a failure, by its error and the end of its output.
pub fn failure_kind(error: &str, output: &str) -> FailureKind {
    // The error comes first, because the output may contain an earlier error.
    for text in [error, output] {
        let text = text.to_lowercase();
        let known = ERRORS.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
        if let Some((kind, _)) = known {
            return *kind;
        }
    }
    FailureKind::Other
}
