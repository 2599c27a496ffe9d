//! Guesses the kind of change of a new version, and maps kinds of failure to kinds of change.
//!
//! Only words and lines are examined. A guess is good enough to count what helped, and is shown as a guess.

pub use crate::domain::failure_kind;

use super::bundle::Bundle;
use crate::domain::{DIFF_TIME, FailureKind, Mutation};
use similar::{ChangeTag, TextDiff};

/// The maximum size of texts that are compared line by line, in bytes.
const MAX_COMPARED: usize = 256 * 1024;

/// Words in hints, the most certain ones first, in lower case.
const HINTS: &[(Mutation, &[&str])] = &[
    (Mutation::Performance, &["faster", "slow", "performance", "speed", "memory", "optimi", "cache"]),
    (Mutation::Refactor, &["refactor", "clean up", "simplif", "rename", "readab", "restructure", "type hints"]),
    (Mutation::FixEncoding, &["encoding", "unicode", "utf-8", "umlaut"]),
    (Mutation::FixImport, &["import", "missing module", "dependency", "package"]),
    (Mutation::Harden, &["secur", "permission", "sanitiz", "injection", "without network", "unsafe", "sandbox"]),
    (
        Mutation::HandleError,
        &[
            "error handling",
            "handle error",
            "handle the error",
            "graceful",
            "crash",
            "error message",
            "retry",
            "traceback",
        ],
    ),
    (Mutation::WidenInput, &["support both", "accept", "also read", "also handle", "support", "tolerate", "optional"]),
    (Mutation::FixOutput, &["output", "schema", "stdout", "print", "format"]),
    (Mutation::FixStart, &["start", "syntax", "shebang", "does not run", "interpreter"]),
    (Mutation::NewFeature, &["add ", "new ", "feature", "option", "flag", "implement"]),
    (Mutation::FixLogic, &["wrong", "incorrect", "off by one", "bug", "fix", "result", "should return"]),
];

/// The kind of change that a bundle asks for: by the user's choice, the hint, or the chosen failures.
pub fn asked(bundle: &Bundle) -> Mutation {
    let by_failures = || bundle.failures.iter().map(|failure| failure_kind(&failure.error, &failure.output));
    bundle
        .wanted
        .or_else(|| of_hint(&bundle.hint))
        .or_else(|| by_failures().find_map(against))
        .unwrap_or(Mutation::Other)
}

/// The kind of change in files: by the changed lines if all are of one kind, otherwise what was [`asked`] for. Each
/// file is its text before (empty if it is new) and after.
pub fn made(bundle: &Bundle, files: &[(&str, &str)]) -> Mutation {
    of_lines(files).unwrap_or_else(|| asked(bundle))
}

/// The obvious kind of change against a kind of failure.
pub fn against(kind: FailureKind) -> Option<Mutation> {
    match kind {
        FailureKind::Start => Some(Mutation::FixStart),
        FailureKind::Missing => Some(Mutation::FixImport),
        FailureKind::Encoding => Some(Mutation::FixEncoding),
        FailureKind::Output => Some(Mutation::FixOutput),
        FailureKind::Result => Some(Mutation::FixLogic),
        FailureKind::Input => Some(Mutation::WidenInput),
        FailureKind::Timeout | FailureKind::Limit => Some(Mutation::Performance),
        FailureKind::File | FailureKind::Network | FailureKind::Crash => Some(Mutation::HandleError),
        FailureKind::Other => None,
    }
}

fn of_hint(hint: &str) -> Option<Mutation> {
    let hint = hint.to_lowercase();
    HINTS.iter().find(|(_, words)| words.iter().any(|word| hint.contains(word))).map(|(kind, _)| *kind)
}

/// The kind of all changed lines; `None` if they are of several kinds, or of an unknown kind.
fn of_lines(files: &[(&str, &str)]) -> Option<Mutation> {
    let mut found = None;
    for (before, after) in files {
        if before.len() + after.len() > MAX_COMPARED {
            return None;
        }
        for change in TextDiff::configure().timeout(DIFF_TIME).diff_lines(*before, *after).iter_all_changes() {
            let line = change.value().trim();
            if change.tag() != ChangeTag::Insert
                || line.is_empty()
                || line.starts_with("# ") && !line.contains("dependencies")
            {
                continue;
            }
            let kind = of_line(line)?;
            if found.is_some_and(|other| other != kind) {
                return None;
            }
            found = Some(kind);
        }
    }
    found
}

fn of_line(line: &str) -> Option<Mutation> {
    let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
    if begins(&["import ", "from ", "const { ", "# dependencies"])
        && !line.ends_with(':')
        && (!line.starts_with("const") || line.contains("require("))
    {
        return Some(Mutation::FixImport);
    }
    if line.contains("encoding=\"utf-8\"") || line.contains("encoding='utf-8'") {
        return Some(Mutation::FixEncoding);
    }
    if line.contains("json.dumps(") || line.contains("JSON.stringify(") {
        return Some(Mutation::FixOutput);
    }
    if begins(&["#!", "if __name__", "main()", "raise SystemExit(main())", "asyncio.run(main())"]) {
        return Some(Mutation::FixStart);
    }
    begins(&["try:", "except ", "except:", "raise ", "} catch", "throw ", "sys.exit("]).then_some(Mutation::HandleError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolve::bundle::BundleFailure;

    fn bundle(hint: &str, error: &str) -> Bundle {
        let failures = vec![BundleFailure { error: error.to_owned(), ..BundleFailure::default() }];
        Bundle { hint: hint.to_owned(), failures, ..Bundle::blank("a", semver::Version::new(1, 0, 0)) }
    }

    #[test]
    fn a_failure_has_the_kind_of_the_surest_words_in_it() {
        for (error, output, expected) in [
            ("exit code 1", "Traceback\nModuleNotFoundError: No module named 'yaml'", FailureKind::Missing),
            ("exit code 1", "Traceback\nUnicodeDecodeError: 'ascii' codec can't decode", FailureKind::Encoding),
            ("exit code 1", "Traceback (most recent call last):\nKeyError: 'text'", FailureKind::Input),
            ("exit code 1", "Traceback (most recent call last):\nIndexError: list", FailureKind::Crash),
            ("timed out after 10 s", "Traceback KeyboardInterrupt", FailureKind::Timeout),
            ("invalid-output: it is not JSON", "", FailureKind::Output),
            ("exit code 127", "a.sh: line 3: jq: command not found", FailureKind::Missing),
            ("exit code 3", "", FailureKind::Other),
        ] {
            assert_eq!(failure_kind(error, output), expected, "{error} {output}");
        }
    }

    #[test]
    fn a_change_is_guessed_from_the_hint_then_from_the_failure() {
        assert_eq!(asked(&bundle("Support both CSV and JSON formats", "KeyError")), Mutation::WidenInput);
        assert_eq!(asked(&bundle("make it faster", "KeyError")), Mutation::Performance);
        assert_eq!(asked(&bundle("", "NameError: name 'json' is not defined")), Mutation::FixImport);
        assert_eq!(asked(&bundle("", "exit code 3")), Mutation::Other);
        let chosen = Bundle { wanted: Some(Mutation::Harden), ..bundle("make it faster", "") };
        assert_eq!(asked(&chosen), Mutation::Harden);
    }

    #[test]
    fn lines_of_one_kind_say_what_a_change_is() {
        let made = |before, after| made(&bundle("make it faster", ""), &[(before, after)]);
        assert_eq!(made("a\n", "import json\nfrom x import y\na\n"), Mutation::FixImport);
        assert_eq!(made("print(a)\n", "print(json.dumps(a))\n"), Mutation::FixOutput);
        assert_eq!(made("a\n", "a\n\nif __name__ == \"__main__\":\n    main()\n"), Mutation::FixStart);
        assert_eq!(made("a\n", "import json\nprint(json.dumps(a))\n"), Mutation::Performance);
        assert_eq!(made("a\n", "b = 2\n"), Mutation::Performance);
    }

    #[test]
    fn every_kind_but_other_has_a_hint() {
        assert!(Mutation::ALL.iter().all(|kind| kind.hint().is_empty() == (*kind == Mutation::Other)));
    }
}
