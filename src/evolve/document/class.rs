//! Classifies headings: requirements, constraints, examples, or something else.

use crate::domain::SafeText;
use serde::{Deserialize, Serialize};

/// The subject of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// What the tool must do.
    Requirements,
    /// Limits on how it is done.
    Constraints,
    /// Examples of its use.
    Examples,
    /// Sections that fit none of the above.
    Other,
}

impl Class {
    /// The word in JSON and on the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Class::Requirements => "requirements",
            Class::Constraints => "constraints",
            Class::Examples => "examples",
            Class::Other => "other",
        }
    }
}

/// Words that classify a section wherever they occur in its heading, in lower case without punctuation. The first match
/// counts, so that "non-functional requirements" are constraints and "example requirements" are examples.
const STRONG: &[(Class, &[&str])] = &[
    (Class::Examples, &["example", "examples", "walkthrough", "quick start", "quickstart", "beispiel", "beispiele"]),
    (
        Class::Constraints,
        &[
            "constraint",
            "constraints",
            "limitation",
            "limitations",
            "restriction",
            "restrictions",
            "non functional",
            "nonfunctional",
            "non goal",
            "non goals",
            "out of scope",
            "must not",
            "performance requirements",
            "security requirements",
            "einschränkungen",
            "randbedingungen",
        ],
    ),
    (
        Class::Requirements,
        &[
            "requirement",
            "requirements",
            "must have",
            "must haves",
            "user story",
            "user stories",
            "acceptance criteria",
            "success criteria",
            "anforderung",
            "anforderungen",
        ],
    ),
];

/// Words that classify a section only if its heading has no other words: "options" are part of a tool, "strategy
/// options" are not.
const WEAK: &[(Class, &[&str])] = &[
    (
        Class::Examples,
        &["usage", "sample", "samples", "demo", "demos", "how to use", "scenario", "scenarios", "test cases"],
    ),
    (
        Class::Constraints,
        &[
            "limits",
            "rules",
            "assumptions",
            "quality attributes",
            "guidelines",
            "boundaries",
            "safety",
            "security",
            "budget",
            "budgets",
            "error handling",
            "errors",
            "compatibility",
        ],
    ),
    (
        Class::Requirements,
        &[
            "functional",
            "feature",
            "features",
            "goal",
            "goals",
            "objective",
            "objectives",
            "scope",
            "deliverables",
            "expected",
            "behavior",
            "behaviour",
            "what it does",
            "what it must do",
            "input",
            "inputs",
            "output",
            "outputs",
            "parameter",
            "parameters",
            "arguments",
            "options",
            "purpose",
            "capabilities",
        ],
    ),
];

/// Words that connect others.
const JOINING: &[&str] = &["and", "the", "user", "users", "s", "of", "command", "key", "main"];

/// Words of a requirement, anywhere in a line.
const DEMANDS: &[&str] = &["must", "shall", "required", "have to", "has to"];

/// The class of a heading, by its words.
pub fn of_heading(title: &str) -> Class {
    let words = plain_words(title);
    let strong = STRONG.iter().find(|(_, phrases)| phrases.iter().any(|phrase| contains_words(&words, phrase)));
    if let Some((class, _)) = strong {
        return *class;
    }
    let weak = WEAK.iter().find(|(_, phrases)| phrases.iter().any(|phrase| contains_words(&words, phrase)));
    weak.filter(|_| has_no_others(&words)).map_or(Class::Other, |(class, _)| *class)
}

/// Whether all words are weak words, numbers or connecting words.
fn has_no_others(words: &str) -> bool {
    let phrases = WEAK.iter().flat_map(|(_, phrases)| phrases.iter());
    let left = phrases.fold(words.to_owned(), |left, phrase| {
        if contains_words(&left, phrase) { left.replace(&format!(" {phrase} "), " ") } else { left }
    });
    left.split_whitespace().all(|word| JOINING.contains(&word) || word.chars().all(|c| c.is_ascii_digit()))
}

/// Whether a line states a requirement in the words of specifications.
pub fn demands(line: &str) -> bool {
    // Few lines do, and searching for a few letters is faster than splitting the line into words.
    if !["ust", "UST", "hall", "HALL", "equired", "EQUIRED", " to"].iter().any(|part| line.contains(part)) {
        return false;
    }
    let words = plain_words(line);
    DEMANDS.iter().any(|phrase| contains_words(&words, phrase))
}

/// Lower-case words between single blanks, with a blank at both ends.
fn plain_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 2);
    words.push(' ');
    for c in text.chars() {
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.ends_with(' ') && c != '\'' {
            words.push(' ');
        }
    }
    if !words.ends_with(' ') {
        words.push(' ');
    }
    words
}

fn contains_words(words: &str, phrase: &str) -> bool {
    words.match_indices(phrase).any(|(at, _)| words[..at].ends_with(' ') && words[at + phrase.len()..].starts_with(' '))
}

/// A title in displayable form.
pub fn shown(title: &str) -> String {
    SafeText::source_line(title).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_is_known_by_its_words() {
        for (title, class) in [
            ("Requirements", Class::Requirements),
            ("3.1 Functional Requirements ✅", Class::Requirements),
            ("Non-Functional Requirements", Class::Constraints),
            ("User's goals", Class::Requirements),
            ("Must not", Class::Constraints),
            ("Usage Examples", Class::Examples),
            ("Code Example", Class::Examples),
            ("Exampled", Class::Other),
            ("Storage", Class::Other),
            ("2. Inputs and outputs", Class::Requirements),
            ("Strategy Options", Class::Other),
            ("Tool Usage Tracking", Class::Other),
            ("Usage", Class::Examples),
            ("", Class::Other),
        ] {
            assert_eq!(of_heading(title), class, "{title}");
        }
    }

    #[test]
    fn a_line_that_demands_is_known_by_whole_words() {
        for (line, expected) in [
            ("It MUST keep order.", true),
            ("the tool shall stop", true),
            ("a name is required", true),
            ("it has to be quick", true),
            ("mustard", false),
            ("marshall the troops", false),
        ] {
            assert_eq!(demands(line), expected, "{line}");
        }
    }
}
