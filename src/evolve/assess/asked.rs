//! The changes that a request allows, according to the user, the reviewers and the person who marked a failure.

use super::super::bundle::Bundle;
use super::super::mutation::failure_kind;
use crate::domain::{CommentKind, FailureKind};

/// Words that ask for a refusal.
const REFUSAL: &[&str] = &[
    "refus",
    "reject",
    "error message",
    "clear message",
    "clean message",
    "useful message",
    "helpful message",
    "clear error",
    "clean error",
    "exit code",
    "exit status",
    "exit with",
    "non-zero",
    "nonzero",
    "validat",
    "invalid",
    "instead of crash",
    "instead of a crash",
    "stack trace",
    "traceback",
    "report what",
    "report the",
    "say what",
    "say which",
    "tell what",
    "explain what",
    "complain",
    "fail with",
    "gracefully",
    "handle the error",
    "error handling",
];

/// Words that ask for an empty or fixed result.
const EMPTY: &[&str] =
    &["null", "empty", "none", "zero", " 0", "nothing", "blank", "skip", "ignore", "fall back", "fallback", "default"];

/// Words that ask for another interface.
const BREAK: &[&str] = &[
    "input",
    "schema",
    "parameter",
    "argument",
    "field",
    "propert",
    "interface",
    "required",
    "mandatory",
    "rename",
    "breaking",
    "incompatible",
    "instead of",
    "no longer accept",
    "no longer take",
    "drop support",
];

/// Words that request documentation.
const DOCUMENTS: &[&str] = &[
    "document",
    "readme",
    "description",
    "comment",
    "docstring",
    "notes",
    "example",
    "test",
    "manifest",
    "licen",
    "changelog",
    "tags",
];

/// The request in words.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The complete text, in lower case.
    text: String,
    /// Whether a breaking version was requested.
    is_major: bool,
}

impl Asked {
    pub(super) fn of(bundle: &Bundle, is_major: bool) -> Asked {
        let wanted = bundle.comments.iter().filter(|comment| comment.kind == CommentKind::MustFix);
        let said = std::iter::once(bundle.hint.as_str())
            .chain(bundle.failures.iter().map(|failure| failure.scenario.as_str()))
            .chain(wanted.map(|comment| comment.text.as_str()));
        let text = said.collect::<Vec<_>>().join("\n").trim().to_lowercase();
        Asked { text, is_major }
    }

    /// Whether one of these words is part of the request.
    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.text.contains(word))
    }

    /// Whether this text was part of the request.
    pub(super) fn names(&self, text: &str) -> bool {
        self.text.contains(&text.to_lowercase())
    }

    /// Whether only failures were named, without a word of what is wanted.
    pub(super) fn is_wordless(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether a failure is fixed when its input is refused with a message: the request asks for that; or it asks for
    /// nothing, and the failure is one of the input rather than of the program.
    pub(super) fn allows_refusal(&self, error: &str, output: &str, was_refused: bool) -> bool {
        if self.says(REFUSAL) {
            return true;
        }
        let is_of_program = matches!(
            failure_kind(error, output),
            FailureKind::Missing | FailureKind::Start | FailureKind::Output | FailureKind::Result
        );
        self.is_wordless() && !was_refused && !is_of_program
    }

    /// Whether an empty or fixed result may be right: the request speaks of one.
    pub(super) fn allows_empty(&self) -> bool {
        self.says(EMPTY)
    }

    /// Whether inputs that fitted before may be left out.
    pub(super) fn allows_break(&self, properties: &[String]) -> bool {
        self.is_major || self.says(BREAK) || properties.iter().any(|name| name.len() > 2 && self.names(name))
    }

    /// Whether another output may be declared.
    pub(super) fn allows_output(&self) -> bool {
        self.is_major || self.says(&["output", "json", "plain text", "print", "format"])
    }

    /// Whether the request is about documents or tests.
    pub(super) fn is_about_documents(&self) -> bool {
        self.says(DOCUMENTS)
    }

    /// Whether the request names hosts.
    pub(super) fn names_hosts(&self) -> bool {
        let words = self.text.split(|c: char| !(c.is_alphanumeric() || ".-:/".contains(c)));
        words.into_iter().any(|word| word.contains("://") || word.starts_with("www."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evolve::bundle::BundleFailure;

    fn asked(hint: &str) -> Asked {
        let bundle = Bundle { hint: hint.to_owned(), ..Bundle::blank("a", semver::Version::new(1, 0, 0)) };
        Asked::of(&bundle, false)
    }

    #[test]
    fn a_refusal_is_a_fix_where_the_words_or_the_failure_allow_it() {
        let value = "exit code 1: ValueError: bad";
        assert!(asked("Exit with a clear message").allows_refusal(value, "", true));
        assert!(asked("").allows_refusal(value, "", false));
        assert!(!asked("").allows_refusal(value, "", true), "it was refused before");
        assert!(!asked("").allows_refusal("NameError: name 'json' is not defined", "", false));
        assert!(!asked("Accept the empty text too").allows_refusal(value, "", false));
    }

    #[test]
    fn what_whoever_marked_a_failure_said_counts() {
        let failure = BundleFailure { scenario: "it should reject this".to_owned(), ..BundleFailure::default() };
        let bundle = Bundle { failures: vec![failure], ..Bundle::blank("a", semver::Version::new(1, 0, 0)) };
        assert!(Asked::of(&bundle, false).allows_refusal("ValueError", "", true));
    }
}
