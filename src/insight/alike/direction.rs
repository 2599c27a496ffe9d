//! The direction of a tool: from JSON to YAML or back, on or off, with or without.

use super::super::terms::{is_stop_word, stem, words};
use super::super::vocabulary::is_of_code;
use crate::domain::Tool;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Short words in a name that distinguish it from the name of its counterpart.
const COUNTERPARTS: &[(&str, &str)] = &[("down", "up"), ("in", "out"), ("off", "on")];

/// Words in a name whose presence distinguishes it from its counterpart.
const DENIALS: &[&str] = &["no", "not", "without"];

/// Words between the source and the target of a conversion.
const INTO: &[&str] = &["into", "to"];

/// The direction of a tool.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Direction {
    /// Conversions as pairs of source and target, by meaning.
    steps: Vec<(u32, u32)>,
    /// Short words in its names.
    small: Vec<&'static str>,
}

/// Whether a tool converts in the opposite direction of what was asked for.
pub fn goes_back(asked: &str, tool: &Tool) -> bool {
    let meaning = |word: &str| {
        let mut hasher = DefaultHasher::new();
        stem(word).hash(&mut hasher);
        // Half of the hash is as good as a list index, for a handful of words.
        u32::try_from(hasher.finish() >> 32).ok()
    };
    let asked = Direction::in_texts(&[words(asked)], &meaning);
    if asked.is_empty() {
        return false;
    }
    let tool = Direction::of(tool, meaning).steps;
    asked.iter().any(|(from, into)| from != into && tool.contains(&(*into, *from)) && !tool.contains(&(*from, *into)))
}

/// Opposites within names that are written as one word.
const IN_ONE_WORD: &[(&str, &str)] = &[
    ("encode", "decode"),
    ("encrypt", "decrypt"),
    ("upload", "download"),
    ("import", "export"),
    ("compress", "decompress"),
    ("upcase", "downcase"),
    ("lock", "unlock"),
    ("block", "unblock"),
    ("mount", "unmount"),
    ("zip", "unzip"),
    ("pack", "unpack"),
    ("mute", "unmute"),
    ("serialize", "deserialize"),
    ("increase", "decrease"),
    ("enable", "disable"),
    ("start", "stop"),
    ("show", "hide"),
    ("push", "pull"),
    ("min", "max"),
    ("lower", "upper"),
    ("start", "end"),
    ("up", "down"),
];

/// Whether two names, each read as one word, are opposites: `urlencode` and `urldecode`, `PNGtoJPG` and `JPGtoPNG`.
pub(super) fn are_opposite_names(one: &str, other: &str) -> bool {
    let plain =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let (one, other) = (plain(one), plain(other));
    let is_replaced = |from: &str, to: &str, one: &str, other: &str| {
        // `unlock` contains `lock`: a match inside its opposite does not count.
        let places = one
            .match_indices(from)
            .filter(|(at, _)| !(to.ends_with(from) && one[..*at].ends_with(&to[..to.len() - from.len()])));
        places.into_iter().any(|(at, _)| format!("{}{to}{}", &one[..at], &one[at + from.len()..]) == other)
    };
    let goes_back = |between: &str| {
        one.match_indices(between).any(|(at, _)| {
            let (from, into) = (&one[..at], &one[at + between.len()..]);
            !from.is_empty() && !into.is_empty() && from != into && format!("{into}{between}{from}") == other
        })
    };
    let opposite = IN_ONE_WORD.iter().any(|(a, b)| is_replaced(a, b, &one, &other) || is_replaced(a, b, &other, &one));
    one != other && (opposite || ["to", "into", "2"].into_iter().any(goes_back))
}

impl Direction {
    /// Reads the direction from the names and the first sentence of a tool.
    pub(super) fn of(tool: &Tool, meaning: impl Fn(&str) -> Option<u32>) -> Direction {
        let name = words(tool.name.as_str());
        let title = words(tool.title.as_deref().unwrap_or_default());
        let said = if is_of_code(&tool.description) { "" } else { tool.description.as_str() };
        let first = words(said.split(['.', '\n']).next().unwrap_or_default());
        let known = COUNTERPARTS.iter().flat_map(|(one, other)| [*one, *other]).chain(DENIALS.iter().copied());
        let small = known.filter(|small| name.iter().chain(&title).any(|word| word == small)).collect();
        let mut steps = Direction::in_texts(&[name, title, first], &meaning);
        if steps.is_empty() {
            // `Convert_JPEG_to_PNG/converter.py`
            let folder = tool.path.rsplit('/').nth(1).unwrap_or_default();
            steps = Direction::in_texts(&[words(folder)], &meaning);
        }
        Direction { steps, small }
    }

    /// The conversions that some texts describe.
    fn in_texts(texts: &[Vec<String>], meaning: &impl Fn(&str) -> Option<u32>) -> Vec<(u32, u32)> {
        let mut steps = Vec::new();
        for text in texts {
            let is_content = |word: &&String| !is_stop_word(word) && !INTO.contains(&word.as_str());
            for (at, word) in text.iter().enumerate() {
                let step = if INTO.contains(&word.as_str()) {
                    let before = text[..at].iter().rev().find(is_content).map(String::as_str);
                    before.zip(text[at + 1..].iter().find(is_content).map(String::as_str))
                } else {
                    word.split_once('2').filter(|(from, into)| !from.is_empty() && !into.is_empty())
                };
                steps.extend(step.and_then(|(from, into)| Some((meaning(from)?, meaning(into)?))));
            }
        }
        steps
    }

    /// Whether two directions are opposite: conversions in reverse, or one on and the other off.
    pub(super) fn is_opposite(&self, other: &Direction) -> bool {
        let is_denied = |direction: &Direction| direction.small.iter().any(|small| DENIALS.contains(small));
        let has = |direction: &Direction, small: &str| direction.small.contains(&small);
        let are_counterparts = |(one, two): &(&str, &str)| {
            let (own, others) = ((has(self, one), has(self, two)), (has(other, one), has(other, two)));
            own.0 != own.1 && others.0 != others.1 && own != others
        };
        self.steps.iter().any(|(from, into)| from != into && other.steps.contains(&(*into, *from)))
            || is_denied(self) != is_denied(other)
            || COUNTERPARTS.iter().any(are_counterparts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direction(name: &str, title: &str, description: &str) -> Direction {
        let title = Some(title.to_owned()).filter(|title| !title.is_empty());
        let mut tool = Tool { description: description.to_owned(), ..Tool::ordinary(name) };
        tool.title = title;
        Direction::of(&tool, |word| Some(word.bytes().fold(7, |sum, byte| sum * 31 % 1_000_003 + u32::from(byte))))
    }

    #[test]
    fn what_goes_back_is_opposite() {
        let opposite = |one: (&str, &str, &str), other: (&str, &str, &str)| {
            direction(one.0, one.1, one.2).is_opposite(&direction(other.0, other.1, other.2))
        };
        assert!(opposite(("json_to_yaml", "", ""), ("yaml_to_json", "", "")));
        assert!(opposite(("json2yaml", "", ""), ("convert", "", "Converts from YAML to JSON")));
        assert!(opposite(("screen", "Turn on the screen", ""), ("other", "Turn off the screen", "")));
        assert!(opposite(("are_equal", "", ""), ("are_not_equal", "", "")));
        assert!(!opposite(("json_to_yaml", "", ""), ("json_into_yaml", "", "Turns JSON to YAML")));
        assert!(!opposite(("sign_in", "", ""), ("log_in", "", "")));
    }

    #[test]
    fn names_of_one_word_are_opposite_too() {
        for (one, other) in [
            ("urlencode", "urldecode"),
            ("PNGtoJPG", "JPGtoPNG"),
            ("website_blocker", "website_unblocker"),
            ("json2yaml", "yaml2json"),
        ] {
            assert!(are_opposite_names(one, other) && are_opposite_names(other, one), "{one} {other}");
        }
        for (one, other) in
            [("urlencode", "url_encode"), ("unlock", "unlock"), ("histogram", "history"), ("upper", "down")]
        {
            assert!(!are_opposite_names(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_question_says_which_way_it_goes() {
        let tool = |name: &str, description: &str| Tool { description: description.to_owned(), ..Tool::ordinary(name) };
        assert!(goes_back("yaml to json", &tool("json_to_yaml", "")));
        assert!(goes_back("convert fahrenheit to celsius", &tool("celsius", "Converts celsius to fahrenheit")));
        assert!(!goes_back("yaml to json", &tool("yaml_to_json", "")));
        assert!(!goes_back("json yaml", &tool("json_to_yaml", "")));
        assert!(!goes_back("yaml to json", &tool("convert", "Turns JSON to YAML and YAML to JSON")));
    }
}
