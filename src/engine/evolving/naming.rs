//! Generates names for tools from a few words of their description.

use crate::domain::ToolName;
use crate::engine::error::{EngineError, ErrorCode};

/// The most words of a name.
const WORDS: usize = 4;
/// The most characters of a name.
const CHARS: usize = 32;

/// Words that do not distinguish tools.
const SMALL: &[&str] = &[
    "a", "an", "the", "of", "to", "and", "for", "that", "which", "in", "on", "at", "by", "with", "from", "into", "as",
    "all", "every", "each", "any", "some", "its", "it", "them", "their", "this", "is", "are", "be", "should", "must",
    "can", "will", "would", "i", "we", "you", "my", "our", "want", "need", "please", "make", "write", "create", "new",
    "tool", "script", "program", "utility", "given",
];

/// Words that begin the description of inputs: the description of the output is more useful.
const TAKES: &[&str] = &["takes", "take", "accepts", "accept", "expects", "expect", "receives", "receive", "given"];

/// Words before the description of the output.
const GIVES: &[&str] = &[" returns ", " and return ", " gives ", " prints ", " writes ", " produces ", " outputs "];

/// Words and characters that end the description of what a tool does.
const ENDS: &[&str] =
    &[", ", ". ", "; ", ": ", " (", "\n", " given ", " that ", " which ", " so that ", " and returns ", " and prints "];

/// A name for a tool with this description: its first meaningful words, at most four.
///
/// # Errors
/// `Usage` for a text without such words.
pub(super) fn tool_name_from(text: &str) -> Result<ToolName, EngineError> {
    let clause = clause(&text.trim().to_lowercase());
    let mut words = meaningful(&clause);
    if words.is_empty() {
        words = meaningful(text);
    }
    words.truncate(WORDS);
    while words.len() > 1 && words.join("-").len() > CHARS {
        words.pop();
    }
    let name: String = words.join("-").chars().take(CHARS).collect();
    ToolName::new(name.trim_end_matches('-')).map_err(|_| {
        EngineError::new(
            ErrorCode::Usage,
            "a name is missing and cannot be derived from the description",
            "use `toolsmith new NAME …`",
        )
    })
}

/// The part of a description that states what the tool does.
fn clause(text: &str) -> String {
    let begins_with_inputs = text.split_whitespace().next().is_some_and(|word| TAKES.contains(&word));
    let given = GIVES.iter().filter_map(|word| text.find(word).map(|at| at + word.len())).min();
    let text = given.filter(|_| begins_with_inputs).map_or(text, |at| &text[at..]);
    let ends = ENDS.iter().filter_map(|end| text.match_indices(end).map(|(at, _)| at).find(|at| says(&text[..*at])));
    text[..ends.min().unwrap_or(text.len())].to_owned()
}

/// Whether a part of a description is enough for a name.
fn says(part: &str) -> bool {
    meaningful(part).len() > 1
}

fn meaningful(text: &str) -> Vec<String> {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    plain.split_whitespace().filter(|word| !SMALL.contains(word)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_a_few_words_that_say_what_the_tool_does() {
        for (text, name) in [
            ("Join the two CSV files by a key", "join-two-csv-files"),
            ("Count the words of a text", "count-words-text"),
            ("Count words in text, ignoring punctuation", "count-words-text"),
            (
                "Fetch the titles of all open issues of a GitHub repository, given owner and name, and print them as JSON",
                "fetch-titles-open-issues",
            ),
            ("Takes a string `text` and an integer `width` (default 80) and returns the wrapped text.", "wrapped-text"),
            (
                "Takes a CSV file path, a delimiter and a list of columns and writes the chosen columns.",
                "chosen-columns",
            ),
            ("Takes a URL", "takes-url"),
            ("I want a tool that renames photos by date", "renames-photos-date"),
            ("Internationalisation characterisation transliterator", "internationalisation"),
            ("Sorts. It sorts lines.", "sorts-sorts-lines"),
        ] {
            assert_eq!(tool_name_from(text).unwrap().as_str(), name, "{text}");
        }
        assert!(tool_name_from("…").is_err());
    }
}
