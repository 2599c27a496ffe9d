//! The texts of a list of tools as numbers, for search and comparison.
//!
//! A *term* is a stem ([`super::terms`]); a *meaning* is the term that represents all terms with the same meaning
//! ([`super::meanings`]). A search looks up terms, a comparison counts meanings.

use super::meanings::meanings;
use super::memory::NOT_FOR;
use super::terms::{each_word, is_stop_word, stem, words};
use crate::domain::Tool;
use std::collections::HashMap;
use std::sync::Arc;

/// The terms of the parts of a tool, in order; insignificant words are left out.
#[derive(Debug, Clone, Default)]
pub(super) struct ToolTerms {
    pub(super) name: Vec<u32>,
    pub(super) title: Vec<u32>,
    pub(super) aliases: Vec<u32>,
    pub(super) tags: Vec<u32>,
    pub(super) keywords: Vec<u32>,
    pub(super) uses: Vec<u32>,
    pub(super) capabilities: Vec<u32>,
    pub(super) category: Vec<u32>,
    /// Folders, inputs and the header.
    pub(super) other: Vec<u32>,
    /// The first significant sentence of the description.
    pub(super) first: Vec<u32>,
    pub(super) later: Vec<u32>,
    /// Each two consecutive words of the name as one word, as others may write it.
    pub(super) joined: Vec<u32>,
    /// The words that make up one word of the name, for example of `urlencode`.
    pub(super) parts: Vec<u32>,
}

/// Number of words of a folder or an input that replace a missing description.
const INSTEAD: usize = 8;

/// Minimum length of a word in a name that is split, and of its parts, in characters.
const COMPOUND: usize = 6;
const PART: usize = 3;

/// Maximum number of parts of a word.
const PARTS: usize = 3;

/// Minimum number of tools whose texts contain a word for it to be known.
const KNOWN_IN: u32 = 3;

/// The number of tools whose texts contain each word.
type WordCounts = HashMap<String, u32>;

/// Splits a word into words that this catalog knows: into as few as possible, the most common first. Empty if it is
/// itself a known word, or cannot be split.
fn parts_of<'w>(word: &'w str, known: &WordCounts) -> Vec<&'w str> {
    fn split<'w>(word: &'w str, most: usize, known: &WordCounts) -> Option<(usize, u32, Vec<&'w str>)> {
        let count = |part: &str| known.get(part).copied().filter(|count| *count >= KNOWN_IN);
        if let Some(count) = count(word) {
            return Some((1, count, vec![word]));
        }
        if most < 2 {
            return None;
        }
        let ends = (PART..=word.len().saturating_sub(PART)).filter(|at| word.is_char_boundary(*at));
        let all = ends.filter_map(|at| {
            let first = count(&word[..at])?;
            let (parts, rarest, mut rest) = split(&word[at..], most - 1, known)?;
            rest.insert(0, &word[..at]);
            Some((parts + 1, rarest.min(first), rest))
        });
        all.min_by_key(|(parts, rarest, _)| (*parts, std::cmp::Reverse(*rarest)))
    }
    let is_plain = word.len() >= COMPOUND && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let found = Some(word).filter(|_| is_plain).and_then(|word| split(word, PARTS, known));
    found.map(|(_, _, parts)| parts).filter(|parts| parts.len() > 1).unwrap_or_default()
}

/// Whether a description is a line of code, because the author wrote none.
pub(super) fn is_of_code(description: &str) -> bool {
    const SIGNS: &[char] = &['$', '"', '\'', '(', '|', '=', ';', '<', '{', '/', '…'];
    description.starts_with("Defines ")
        || description.strip_prefix("Runs ").is_some_and(|line| line.contains(SIGNS) || !line.contains(' '))
}

/// The terms of a list of tools.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// The number of each term.
    pub(super) numbers: HashMap<Box<str>, u32>,
    /// The meaning of each term, by number.
    pub(super) meanings: Vec<u32>,
    /// Whether a term is a single character, by number.
    pub(super) is_letter: Vec<bool>,
}

/// Assigns numbers to words; stems each word once.
#[derive(Default)]
struct TermInterner {
    vocabulary: Vocabulary,
    /// `None` for an insignificant word.
    words: HashMap<String, Option<u32>>,
}

impl Vocabulary {
    /// Reads a list of tools; also returns the terms of each tool, in the order of the list.
    pub(super) fn of(tools: &[Arc<Tool>]) -> (Vocabulary, Vec<ToolTerms>) {
        let mut reader = TermInterner::default();
        let mut said: Vec<ToolTerms> = tools.iter().map(|tool| reader.tool(tool)).collect();
        let known = counts(tools);
        for (tool, said) in tools.iter().zip(&mut said) {
            let names = words(tool.name.as_str());
            let parts: Vec<&str> = names.iter().flat_map(|word| parts_of(word, &known)).collect();
            said.parts = parts.into_iter().filter_map(|part| reader.word(part)).collect();
        }
        (reader.vocabulary, said)
    }

    /// The number of the meaning of a word; `None` if no tool has the word in any form.
    pub(super) fn meaning(&self, word: &str) -> Option<u32> {
        let term = self.numbers.get(stem(word).as_str())?;
        self.meanings.get(*term as usize).copied()
    }
}

/// The words of descriptions, and of names with several words.
fn counts(tools: &[Arc<Tool>]) -> WordCounts {
    let mut counts = WordCounts::new();
    for tool in tools {
        let mut own = std::collections::HashSet::new();
        each_word(&tool.description, |word| {
            if word.len() >= PART && !own.contains(word) {
                own.insert(word.to_owned());
            }
        });
        let name = words(tool.name.as_str());
        own.extend(name.into_iter().filter(|word| word.len() >= PART && word != tool.name.as_str()));
        for word in own {
            *counts.entry(word).or_default() += 1;
        }
    }
    counts
}

impl TermInterner {
    fn tool(&mut self, tool: &Tool) -> ToolTerms {
        let parts = words(tool.name.as_str());
        let is_wanted = |word: &&str| !word.starts_with(NOT_FOR);
        let [mut first, mut later] = self.description(&tool.description);
        let mut other = self.texts([tool.other_words.as_str()]);
        if tool.description.is_empty() || is_of_code(&tool.description) {
            // Names in code are less significant than the name of a folder.
            let of_folders = other.iter().take(INSTEAD).copied().collect();
            other.extend(std::mem::replace(&mut first, of_folders).into_iter().chain(std::mem::take(&mut later)));
        }
        ToolTerms {
            name: self.texts([tool.name.as_str()]),
            title: self.texts(tool.title.as_deref()),
            aliases: self.texts(tool.aliases.iter().map(String::as_str)),
            tags: self.texts(tool.tags.iter().map(String::as_str).filter(is_wanted)),
            keywords: self.texts(tool.keywords.iter().filter(is_wanted)),
            uses: self.texts(tool.use_cases.iter().filter(is_wanted)),
            capabilities: self.texts(tool.capabilities.iter().map(String::as_str).filter(is_wanted)),
            category: self.texts([tool.category.0.as_str()]),
            other,
            first,
            later,
            joined: parts.windows(2).map(|pair| self.term(&stem(&pair.concat()))).collect(),
            parts: Vec::new(),
        }
    }

    /// The terms of the first significant sentence, and of the others.
    fn description(&mut self, text: &str) -> [Vec<u32>; 2] {
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for sentence in sentences(text) {
            let terms = self.texts([sentence]);
            let part = if first.is_empty() { &mut first } else { &mut later };
            part.extend(terms);
        }
        [first, later]
    }

    fn texts<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
        let mut terms = Vec::new();
        for text in texts {
            each_word(text, |word| terms.extend(self.word(word)));
        }
        terms
    }

    fn word(&mut self, word: &str) -> Option<u32> {
        if let Some(known) = self.words.get(word) {
            return *known;
        }
        let number = (!is_stop_word(word)).then(|| self.term(&stem(word)));
        self.words.insert(word.to_owned(), number);
        number
    }

    fn term(&mut self, term: &str) -> u32 {
        if let Some(known) = self.vocabulary.numbers.get(term) {
            return *known;
        }
        let number = u32::try_from(self.vocabulary.meanings.len()).unwrap_or(u32::MAX);
        self.vocabulary.numbers.insert(term.into(), number);
        self.vocabulary.meanings.push(number);
        self.vocabulary.is_letter.push(term.chars().nth(1).is_none());
        // A representative represents itself, so the recursion has one step.
        let meaning = meanings().of(term);
        if meaning != term {
            self.vocabulary.meanings[number as usize] = self.term(meaning);
        }
        number
    }
}

/// Splits a text at the ends of sentences: after a punctuation mark followed by a space.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut ends: Vec<usize> = Vec::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c.is_whitespace() && matches!(before, '.' | '!' | '?' | ';' | ':') {
            ends.push(at);
        }
        before = c;
    }
    ends.push(text.len());
    let mut from = 0;
    ends.into_iter().map(move |end| {
        let sentence = &text[from..end];
        from = end;
        sentence
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(description: &str) -> (Vocabulary, Vec<ToolTerms>) {
        let tool = Tool { description: description.to_owned(), ..Tool::ordinary("x") };
        Vocabulary::of(&[Arc::new(tool)])
    }

    #[test]
    fn the_first_sentence_is_kept_apart_and_words_that_say_nothing_are_left_out() {
        let (vocabulary, said) = read("of the. Resizes the image of v1.2! Crops images");
        let said = &said[0];
        let number = |term: &str| vocabulary.numbers[term];
        assert_eq!(said.first, [number("resiz"), number("imag"), number("v1"), number("2")]);
        assert_eq!(said.later, [number("crop"), number("imag")]);
        assert!(!vocabulary.numbers.contains_key("the"));
    }

    #[test]
    fn a_word_of_a_name_is_taken_apart_where_this_catalog_knows_its_parts() {
        let tool = |name: &str, description: &str| {
            Arc::new(Tool { description: description.to_owned(), ..Tool::ordinary(name) })
        };
        let mut tools = vec![tool("urlencode", "Legal notice"), tool("password", "Makes one"), tool("xyzlines", "")];
        for name in ["a", "b", "c"] {
            tools.push(tool(name, "Encode a url, pass a word, check each password, count lines"));
        }
        let (vocabulary, said) = Vocabulary::of(&tools);
        let number = |word: &str| vocabulary.numbers[stem(word).as_str()];
        assert_eq!(said[0].parts, [number("url"), number("encode")]);
        assert!(said[1].parts.is_empty(), "it is a word itself");
        assert!(said[2].parts.is_empty(), "of one part nothing is known");
    }

    #[test]
    fn where_the_author_wrote_none_the_folder_stands_for_the_description() {
        let tool = Tool {
            description: "Runs cv2.imshow(x)".to_owned(),
            other_words: "Reduce image".to_owned(),
            ..Tool::ordinary("main")
        };
        let (vocabulary, said) = Vocabulary::of(&[Arc::new(tool)]);
        assert!(said[0].first.contains(&vocabulary.numbers["imag"]));
    }

    #[test]
    fn forms_of_one_word_are_one_term_and_words_of_one_meaning_one_meaning() {
        let (vocabulary, _) = read("Fetches a page and downloads pages");
        assert_ne!(vocabulary.numbers["fetch"], vocabulary.numbers["download"]);
        assert_eq!(vocabulary.meaning("fetching"), vocabulary.meaning("downloader"));
        assert_eq!(vocabulary.meaning("page"), Some(vocabulary.numbers["pag"]));
        assert_eq!(vocabulary.meaning("zebra"), None);
    }
}
