//! The changes that a request allows, according to the user, the reviewers and the person who marked a failure.

use super::super::bundle::Bundle;
use super::super::mutation::failure_kind;
use super::AnswerEvidence;
use crate::domain::{CommentKind, FailureKind};
use serde_json::Value;
use std::collections::BTreeSet;

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

/// Words that ask for a breaking change of the interface.
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

/// Words of a request that only concerns failures, without the plural `s`. Such a request leaves correct answers
/// unchanged.
#[rustfmt::skip]
const REPAIR: &[&str] = &[
    "accept", "again", "allow", "also", "alway", "avoid", "bad", "break", "broken", "call", "cannot", "case",
    "cope", "crash", "crashe", "crashing", "deal", "empty", "end", "error", "exception", "exit", "fail",
    "failed", "failing", "failure", "fault", "fix", "fixed", "forgot", "forgotten", "gracefully", "handle",
    "handling", "import", "input", "invalid", "issue", "keyerror", "line", "list", "make", "message", "missing",
    "module", "must", "nameerror", "never", "number", "please", "problem", "properly", "raise", "refuse", "reject",
    "repair", "repaired", "robust", "run", "should", "start", "stop", "support", "take", "text", "throw", "tolerate",
    "too", "tool", "traceback", "typeerror", "typo", "undefined", "valid", "validate", "value", "valueerror", "work",
    "zero", "zerodivisionerror",
];

/// Words of a request about failures, or about which inputs are accepted.
const FAILING: &[&str] = &[
    "crash",
    "fails",
    "failure",
    "failing",
    "error",
    "exception",
    "traceback",
    "accept",
    "support",
    "allow",
    "tolerat",
    "handle",
    "cope with",
    "refus",
    "reject",
    "validat",
    "does not start",
    "cannot start",
    "not defined",
];

/// Words of a request for different answers.
const OTHER_ANSWERS: &[&str] = &[
    "return",
    "output",
    "print",
    "round",
    "show",
    "add ",
    "sort",
    "order",
    "use ",
    "convert",
    "count",
    "format",
    "comput",
    "calculat",
    "chang",
    "replac",
    "renam",
    "remov",
    "drop",
    "should be",
    "instead",
    "wrong",
    "incorrect",
    "exclud",
    "includ",
    "ignor",
    "skip",
    "treat",
    "write",
    "result",
    "answer",
    "default",
    "strip",
    "trim",
    "precision",
    "decimal",
    "lowercase",
    "uppercase",
    "digits",
];

/// Words without a meaning of their own, without the plural `s`.
#[rustfmt::skip]
const SMALL: &[&str] = &[
    "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "do", "doe",
    "don", "each", "every", "for", "from", "has", "have", "if", "in", "instead", "into", "is", "it", "its", "just",
    "like", "may", "me", "more", "my", "no", "not", "now", "of", "on", "one", "only", "or", "out", "same", "so",
    "some", "t", "that", "the", "them", "then", "there", "these", "they", "thi", "those", "to", "was", "well", "were",
    "what", "when", "where", "which", "while", "will", "with", "without", "you",
];

/// The words of a text in lower case; a plural also gives its singular.
fn words(text: &str) -> impl Iterator<Item = String> {
    let all = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let plain = |word: &str| match word.strip_suffix('s') {
        Some(one) if one.len() > 2 && !one.ends_with('s') => one.to_owned(),
        _ => word.to_owned(),
    };
    all.map(|word| plain(&word.to_lowercase())).collect::<Vec<_>>().into_iter()
}

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

    /// Whether the request only names failures, without stating a wish.
    pub(super) fn is_wordless(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the request only names failures, inputs and this tool, or describes failures or accepted inputs without
    /// mentioning answers. Any other word may ask for something new.
    pub(super) fn is_about_failures(&self, evidence: &AnswerEvidence<'_>) -> bool {
        if self.is_wordless() || self.says(FAILING) && !self.says(OTHER_ANSWERS) {
            return true;
        }
        let bundle = evidence.bundle;
        let told = bundle.failures.iter().flat_map(|failure| [&failure.error, &failure.input, &failure.output]);
        let schema = evidence.manifests.0.input.as_ref().map(Value::to_string).unwrap_or_default();
        let known: BTreeSet<String> =
            told.map(String::as_str).chain([schema.as_str(), bundle.tool.as_str()]).flat_map(words).collect();
        let is_plain = |word: &String| {
            SMALL.contains(&word.as_str())
                || REPAIR.contains(&word.as_str())
                || word.bytes().all(|b| b.is_ascii_digit())
        };
        words(&self.text).all(|word| is_plain(&word) || known.contains(&word))
    }

    /// Whether answers to working inputs may change.
    pub(super) fn wants_other_answers(&self, evidence: &AnswerEvidence<'_>) -> bool {
        self.is_major || !self.is_about_failures(evidence)
    }

    /// Whether the request asks for inputs to be refused.
    pub(super) fn asks_for_refusal(&self) -> bool {
        self.is_major || self.says(REFUSAL)
    }

    /// Whether a failure is caused by the program, not by an input.
    pub(super) fn is_of_program(error: &str, output: &str) -> bool {
        matches!(
            failure_kind(error, output),
            FailureKind::Missing | FailureKind::Start | FailureKind::Output | FailureKind::Result
        )
    }

    /// Whether refusing the input with a message fixes a failure. It does if the request asks for that, or if the
    /// request asks for nothing and the failure is caused by the input, not by the program.
    pub(super) fn allows_refusal(&self, error: &str, output: &str, was_refused: bool) -> bool {
        if self.says(REFUSAL) {
            return true;
        }
        self.is_wordless() && !was_refused && !Asked::is_of_program(error, output)
    }

    /// Whether an empty or fixed result may be correct, because the request mentions one.
    pub(super) fn allows_empty(&self) -> bool {
        self.says(EMPTY)
    }

    /// Whether previously valid inputs may be excluded.
    pub(super) fn allows_break(&self, properties: &[String]) -> bool {
        self.is_major || self.says(BREAK) || properties.iter().any(|name| name.len() > 2 && self.names(name))
    }

    /// Whether a different output may be declared.
    pub(super) fn allows_output(&self) -> bool {
        self.is_major || self.says(&["output", "json", "plain text", "print", "format"])
    }

    /// Whether the request concerns documentation or tests.
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
