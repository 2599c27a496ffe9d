//! Tool names: their alphabet and their normalisation.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The maximum length of a name, in characters (all of them ASCII).
pub const MAX_NAME_CHARS: usize = 64;

/// The maximum length of a name that is derived from words, in characters.
const MAX_MADE_CHARS: usize = 48;

/// A tool's name: `[a-z0-9][a-z0-9_.-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolName(String);

/// Why a text is not a tool name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing is left after trimming.
    #[error("the name is empty")]
    Empty,
    /// More than 64 characters.
    #[error("the name has {0} characters, at most 64 are allowed")]
    TooLong(usize),
    /// A character outside the alphabet, or a first character that is not a letter or digit.
    #[error(
        "the name has the character {0:?} at position {1}; use a-z 0-9 _ . - only, starting with a letter or digit"
    )]
    BadCharacter(char, usize),
}

impl ToolName {
    /// Checks a name that is already in the alphabet.
    ///
    /// # Errors
    /// [`NameError`] if the text is empty, too long, or contains a character outside `[a-z0-9_.-]`.
    pub fn new(text: &str) -> Result<ToolName, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        // A fast test for every row, which is nearly always true: bytes of a multi-byte character never fit.
        let fits = |position: usize, byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || (position > 0 && matches!(byte, b'_' | b'.' | b'-'))
        };
        if !text.bytes().enumerate().all(|(position, byte)| fits(position, byte)) {
            let is_bad = |(position, c): &(usize, char)| !u8::try_from(*c).is_ok_and(|byte| fits(*position, byte));
            if let Some((position, c)) = text.chars().enumerate().find(is_bad) {
                return Err(NameError::BadCharacter(c, position + 1));
            }
        }
        if text.len() > MAX_NAME_CHARS {
            return Err(NameError::TooLong(text.len()));
        }
        Ok(ToolName(text.to_owned()))
    }

    /// Folds a display name to a tool name: trims, lower-cases ASCII, turns blanks into `_`. Path
    /// separators, control and non-ASCII characters are refused, never dropped, so that two names
    /// that look alike cannot fold to one.
    ///
    /// # Errors
    /// [`NameError`] if the folded text is not a name.
    pub fn normalise(text: &str) -> Result<ToolName, NameError> {
        ToolName::new(&text.trim().to_ascii_lowercase().replace(' ', "_"))
    }

    /// Derives a name from a title: folded as in [`ToolName::normalise`] if that gives a name, otherwise its ASCII
    /// letters and digits in lower case, joined by `_` and cut at a word. `None` if nothing is left, or if the title
    /// has invisible characters.
    pub fn of_title(title: &str) -> Option<ToolName> {
        if title.chars().any(|c| c.is_control() || super::is_hidden(c)) {
            return None;
        }
        // A title may be a sentence.
        let title = title.trim_end().trim_end_matches('.');
        ToolName::normalise(title).ok().or_else(|| {
            let name = joined(title, '_', MAX_NAME_CHARS);
            (!name.is_empty()).then_some(ToolName(name))
        })
    }

    /// Derives a name from words: their letters and digits in lower case, joined by `-`, in at most 48 characters;
    /// `tool` if there are none.
    pub fn of_words(words: &str) -> ToolName {
        let mut name = joined(words, '-', MAX_MADE_CHARS);
        if name.is_empty() {
            "tool".clone_into(&mut name);
        }
        ToolName(name)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ASCII letters and digits of a text in lower case, with as many words as fit.
fn joined(text: &str, between: char, most: usize) -> String {
    let mut name = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !name.is_empty() && name.len() + 1 + word.len() > most {
            break;
        }
        if !name.is_empty() {
            name.push(between);
        }
        name.extend(word.chars().take(most).map(|c| c.to_ascii_lowercase()));
    }
    name
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ToolName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ToolName::new(text)
    }
}

impl TryFrom<String> for ToolName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        ToolName::new(&text)
    }
}

impl From<ToolName> for String {
    fn from(name: ToolName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_made_of_words_are_names() {
        for (words, name) in [
            ("Fetch & join", "fetch-join"),
            ("…", "tool"),
            ("--x--", "x"),
            (&"a".repeat(90), &"a".repeat(48)),
            (&"abcde ".repeat(20), "abcde-abcde-abcde-abcde-abcde-abcde-abcde-abcde"),
        ] {
            let made = ToolName::of_words(words);
            assert_eq!(made.as_str(), name);
            assert_eq!(ToolName::new(made.as_str()), Ok(made));
        }
    }

    #[test]
    fn a_title_becomes_a_name_that_is_cut_at_a_word() {
        let long = "List every \"file\" that was changed in the last two weeks by anybody/anything";
        for (title, name) in [
            ("Some Tool", Some("some_tool")),
            ("List the files.", Some("list_the_files")),
            ("Fetch.", Some("fetch")),
            ("Git: undo/redo the 'last' commit", Some("git_undo_redo_the_last_commit")),
            (long, Some("list_every_file_that_was_changed_in_the_last_two_weeks_by")),
            (&"x".repeat(90), Some(&*"x".repeat(64))),
            ("日本", None),
            ("de\u{202e}ploy it", None),
        ] {
            let made = ToolName::of_title(title);
            assert_eq!(made.as_ref().map(ToolName::as_str), name, "{title}");
            assert!(made.is_none_or(|made| ToolName::new(made.as_str()).is_ok()));
        }
    }

    #[test]
    fn names_fold_but_never_lose_characters() {
        assert_eq!(ToolName::normalise(" Basic Calculator ").unwrap().as_str(), "basic_calculator");
        assert_eq!(ToolName::new("../x"), Err(NameError::BadCharacter('.', 1)));
        assert!(matches!(ToolName::normalise("de\u{0440}loy"), Err(NameError::BadCharacter(..))));
        assert_eq!(ToolName::new(&"a".repeat(65)), Err(NameError::TooLong(65)));
        assert_eq!(ToolName::normalise("  "), Err(NameError::Empty));
    }
}
