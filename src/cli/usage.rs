//! Error messages for calls that clap does not understand: what is wrong, and what was probably meant.

use crate::action::ACTIONS;
use crate::domain::nearest_word;
use crate::engine::{EngineError, ErrorCode};
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Names that other programs use for a verb.
const USUAL: [(&str, &str); 8] = [
    ("ls", "list"),
    ("rm", "archive"),
    ("remove", "archive"),
    ("delete", "archive"),
    ("find", "search"),
    ("cat", "source"),
    ("history", "log"),
    ("ps", "runs"),
];

/// The error of a call that clap did not understand.
pub(super) fn misunderstood(error: &clap::Error) -> EngineError {
    let said = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let (message, hint) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = said(ContextKind::InvalidSubcommand).unwrap_or_default();
            let names: Vec<&str> = ACTIONS.iter().filter(|row| row.cli).map(|row| row.name).collect();
            let usual = USUAL.iter().find(|(word, _)| *word == typed).map(|(_, verb)| *verb);
            let meant =
                usual.or_else(|| nearest_word(&typed, &names)).map(|name| format!("did you mean `toolsmith {name}`? "));
            let hint = format!("{}`toolsmith --help` lists the verbs", meant.unwrap_or_default());
            (format!("unknown verb '{typed}'"), hint)
        }
        ErrorKind::UnknownArgument => {
            let typed = said(ContextKind::InvalidArg).unwrap_or_default();
            let meant =
                said(ContextKind::SuggestedArg).map(|name| format!("did you mean {name}? ")).unwrap_or_default();
            (format!("unexpected argument '{typed}'"), format!("{meant}{}", usage(error)))
        }
        _ => plainly(error),
    };
    EngineError::new(ErrorCode::Usage, message, hint)
}

/// The message of clap without its headings and its hint to ask for help.
fn plainly(error: &clap::Error) -> (String, String) {
    let text = error.render().to_string();
    let (message, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let message = message.trim_start_matches("error: ").trim_end().to_owned();
    let advice = rest.lines().map(str::trim).filter_map(|line| line.strip_prefix("tip: "));
    let advice = advice.map(str::to_owned).chain(std::iter::once(usage(error)));
    (message, advice.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "))
}

/// The usage line of the verb.
fn usage(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Usage: ").map(str::to_owned));
    line.map(|line| format!("usage: {line}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &[&str]) -> EngineError {
        let args = std::iter::once("toolsmith").chain(args.iter().copied());
        misunderstood(&super::super::build::command().try_get_matches_from(args).unwrap_err())
    }

    #[test]
    fn a_verb_that_is_nearly_right_names_the_one_that_is_meant() {
        assert!(USUAL.iter().all(|(_, verb)| ACTIONS.iter().any(|row| row.cli && row.name == *verb)));
        for (typed, meant) in [
            ("rn", "run"),
            ("lst", "list"),
            ("aprove", "approve"),
            ("shwo", "show"),
            ("revews", "reviews"),
            ("ls", "list"),
            ("rm", "archive"),
        ] {
            let error = refused(&[typed]);
            assert_eq!(error.message, format!("unknown verb '{typed}'"));
            assert!(error.hint.starts_with(&format!("did you mean `toolsmith {meant}`?")), "{typed}: {}", error.hint);
        }
        assert_eq!(refused(&["zzzzzz"]).hint, "`toolsmith --help` lists the verbs");
    }

    #[test]
    fn the_words_of_the_parser_do_not_show() {
        for args in [&["rn"][..], &["run", "--inptu", "x"], &["list", "--stage", "nowhere"], &["approve"], &["run"]] {
            let error = refused(args);
            let text = format!("{} {}", error.message, error.hint);
            for word in ["tip:", "For more information", "subcommand", "error:", "Usage:"] {
                assert!(!text.contains(word), "{args:?}: {text}");
            }
        }
        assert!(refused(&["run", "--inptu", "x"]).hint.contains("did you mean --input?"));
    }
}
