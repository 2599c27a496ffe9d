//! Chooses the language and the scaffold for a request, with the reason in one line.

use crate::domain::{ScaffoldTemplate, ScriptLanguage, ToolSpecification};
use serde_json::Value;
use std::fmt::Display;

/// A choice, and its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// The chosen value.
    pub is: T,
    /// Reason in one line, for the user.
    pub why: String,
}

impl<T: Display> Choice<T> {
    fn by_word(is: T, word: &str) -> Choice<T> {
        let why = format!("{is}, because the description mentions {word:?}");
        Choice { is, why }
    }
}

/// Words that indicate a language; the first list with a word in the text wins.
const LANGUAGES: &[(ScriptLanguage, &[&str])] = &[
    (ScriptLanguage::Python, &["python", "pandas", "pip", "pytest"]),
    (ScriptLanguage::TypeScript, &["typescript", "npm", "node", "nodejs", "javascript", "deno", "web api", "browser"]),
    (
        ScriptLanguage::Shell,
        &[
            "shell",
            "bash",
            "posix",
            "wrapper around",
            "wraps",
            "wrap the command",
            "command line tool",
            "pipes",
            "cli wrapper",
        ],
    ),
    (ScriptLanguage::Python, &["json", "csv", "data", "table", "tables", "parse", "statistics", "yaml", "xml"]),
];

/// The language to write in: the stated one, otherwise the one that the words indicate, otherwise Python.
pub fn choose_language(stated: Option<ScriptLanguage>, words: &str) -> Choice<ScriptLanguage> {
    if let Some(is) = stated {
        return Choice { is, why: format!("{is}, as stated in the specification") };
    }
    if let Some((is, word)) = first_word(LANGUAGES, words) {
        return Choice::by_word(is, word);
    }
    let is = ScriptLanguage::Python;
    Choice { is, why: format!("{is}, because the description requests no other language") }
}

/// Words that indicate a scaffold.
const TEMPLATES: &[(ScaffoldTemplate, &[&str])] = &[
    (ScaffoldTemplate::ApiClient, &["api", "http", "https", "endpoint", "rest", "url", "fetch", "download", "web"]),
    (
        ScaffoldTemplate::CliWrapper,
        &["wraps", "wrap", "wrapper", "command", "commands", "cli", "executable", "program", "subprocess"],
    ),
    (
        ScaffoldTemplate::FileProcessor,
        &["file", "files", "folder", "folders", "directory", "directories", "path", "paths"],
    ),
];

/// All text of a specification that describes its tool.
pub fn words_of(specification: &ToolSpecification) -> String {
    let parameters = specification.input_parameters.iter().map(|parameter| parameter.description.as_str());
    let output = specification.expected_output.as_ref().and_then(Value::as_str);
    let words: Vec<&str> = [specification.description.as_str()].into_iter().chain(parameters).chain(output).collect();
    format!("{} {}", specification.tool_name.as_str(), words.join(" "))
}

/// The scaffold to start with: the one that the words indicate, otherwise the data transformation.
pub fn choose_template(words: &str) -> Choice<ScaffoldTemplate> {
    if let Some((is, word)) = first_word(TEMPLATES, words) {
        return Choice::by_word(is, word);
    }
    let is = ScaffoldTemplate::DataTransform;
    Choice { is, why: format!("{is}, because the description mentions no command, API or file") }
}

fn first_word<T: Copy>(table: &[(T, &[&'static str])], words: &str) -> Option<(T, &'static str)> {
    let plain: String = words.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let plain = format!(" {} ", plain.split_whitespace().collect::<Vec<_>>().join(" "));
    table.iter().find_map(|(is, known)| {
        let word = known.iter().find(|word| plain.contains(&format!(" {word} ")))?;
        Some((*is, *word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_language_is_honoured_and_a_choice_says_why() {
        for (stated, words, is, why) in [
            (
                Some(ScriptLanguage::Shell),
                "Parse JSON in Python",
                ScriptLanguage::Shell,
                "as stated in the specification",
            ),
            (None, "Wraps git log", ScriptLanguage::Shell, "\"wraps\""),
            (None, "Publish an npm package", ScriptLanguage::TypeScript, "\"npm\""),
            (None, "Join CSV files", ScriptLanguage::Python, "\"csv\""),
            (None, "Greet people", ScriptLanguage::Python, "requests no other language"),
        ] {
            let choice = choose_language(stated, words);
            assert!(choice.is == is && choice.why.contains(why), "{words}: {choice:?}");
        }
    }

    #[test]
    fn a_scaffold_is_chosen_by_words() {
        for (words, is) in [
            ("Asks the REST API", ScaffoldTemplate::ApiClient),
            ("Wraps git log", ScaffoldTemplate::CliWrapper),
            ("Counts lines of files", ScaffoldTemplate::FileProcessor),
            ("Turns words around", ScaffoldTemplate::DataTransform),
        ] {
            assert_eq!(choose_template(words).is, is, "{words}");
        }
    }
}
