//! The words of a tool as its likeness to another reads them: stemmed, words of one meaning as one, each with how
//! much it tells.

use super::super::relevance::SYNONYMS;
use super::super::terms::{Telling, is_stop_word, stem, telling, words};
use std::collections::HashMap;

/// Words of a description that count: those behind them are details of details.
const MOST_WORDS: usize = 45;

/// Weight of a word in the first sentence, in a later one, in a tag, and in the name.
const FIRST: f64 = 1.0;
const LATER: f64 = 0.4;
const TAG: f64 = 0.8;
const NAME: f64 = 1.4;

/// How much a word tells that every description boasts of, one for what is done, and one that fits nearly everything.
const BOAST: f64 = 0.15;
const ACTION: f64 = 0.6;
const GENERAL: f64 = 0.3;

/// What descriptions boast of, or say of every tool.
const BOASTS: &[&str] = &[
    "advanced",
    "api",
    "authentication",
    "automatic",
    "automatically",
    "based",
    "code",
    "common",
    "complete",
    "comprehensive",
    "content",
    "data",
    "direct",
    "easy",
    "existing",
    "fast",
    "file",
    "free",
    "general",
    "great",
    "include",
    "including",
    "input",
    "instant",
    "intelligent",
    "llm",
    "multiple",
    "no",
    "output",
    "perfect",
    "powerful",
    "process",
    "provide",
    "provides",
    "python",
    "quick",
    "realistic",
    "required",
    "simple",
    "smart",
    "specific",
    "support",
    "supports",
    "system",
    "tool",
    "tools",
    "use",
    "user",
    "various",
];

/// Words of one meaning before those of the search, each line by its first. A word alone on its line means only itself
/// here: what finds more in a search would make duplicates of what is none.
const SAME: &[&[&str]] = &[
    &["documentation", "docs", "readme", "doc"],
    &["document"],
    &["placeholder"],
    &["sample"],
    &["mutate", "mutation", "mutator"],
    &["mock", "fake", "random", "dummy"],
    &["package", "dependency"],
    &["image", "picture"],
    &["chunk", "divide", "split", "chunker", "splitter"],
];

/// Words for what is done beside those of the search.
const DEEDS: &[&str] = &[
    "archive",
    "copy",
    "crop",
    "deploy",
    "download",
    "filter",
    "group",
    "install",
    "lint",
    "monitor",
    "rename",
    "resize",
    "rotate",
    "schedule",
    "summarize",
    "upload",
];

/// Words that turn a name into that of the counterpart: who sends does not listen.
const OPPOSITES: &[(&str, &str)] = &[
    ("add", "remove"),
    ("build", "render"),
    ("build", "renderer"),
    ("client", "server"),
    ("compress", "decompress"),
    ("connect", "disconnect"),
    ("create", "delete"),
    ("decode", "encode"),
    ("decrypt", "encrypt"),
    ("deserialize", "serialize"),
    ("disable", "enable"),
    ("download", "upload"),
    ("export", "import"),
    ("find", "store"),
    ("format", "parse"),
    ("get", "store"),
    ("listen", "send"),
    ("load", "save"),
    ("lock", "unlock"),
    ("pack", "unpack"),
    ("pull", "push"),
    ("read", "write"),
    ("receive", "send"),
    ("request", "response"),
    ("start", "stop"),
];

/// Turns words into terms of one meaning.
pub(super) struct Wording {
    /// The term that stands for a stem.
    meanings: HashMap<String, String>,
    boasts: Vec<String>,
    deeds: Vec<String>,
    opposites: Vec<(String, String)>,
}

/// The weights of the terms of a text.
pub(super) type Weights = HashMap<String, f64>;

impl Wording {
    pub(super) fn new() -> Wording {
        let mut meanings = HashMap::new();
        for line in SAME.iter().chain(SYNONYMS) {
            for word in *line {
                meanings.entry(stem(word)).or_insert_with(|| stem(line[0]));
            }
        }
        let mut wording = Wording { meanings, boasts: Vec::new(), deeds: Vec::new(), opposites: Vec::new() };
        wording.boasts = BOASTS.iter().map(|word| wording.term(word)).collect();
        wording.deeds = DEEDS.iter().map(|word| wording.term(word)).collect();
        let pair = |(one, other): &(&str, &str)| (wording.term(one), wording.term(other));
        wording.opposites = OPPOSITES.iter().map(pair).collect();
        wording
    }

    fn term(&self, word: &str) -> String {
        let stem = stem(word);
        self.meanings.get(&stem).cloned().unwrap_or(stem)
    }

    /// The terms of a text, in order, each with the word that it was.
    pub(super) fn terms(&self, text: &str) -> Vec<(String, String)> {
        let told = words(text).into_iter().filter(|word| word.chars().count() > 1 && !is_stop_word(word));
        told.map(|word| (self.term(&word), word)).collect()
    }

    /// How much a term tells, 0 to 1.
    pub(super) fn telling(&self, term: &str) -> f64 {
        match telling(term) {
            _ if self.boasts.iter().any(|boast| boast == term) => BOAST,
            Telling::Action => ACTION,
            Telling::General => GENERAL,
            Telling::Thing => 1.0,
        }
    }

    /// Whether a term says what is done.
    pub(super) fn is_deed(&self, term: &str) -> bool {
        telling(term) == Telling::Action || self.deeds.iter().any(|deed| deed == term)
    }

    /// The terms that are opposites, each two once.
    pub(super) fn opposites(&self) -> &[(String, String)] {
        &self.opposites
    }

    /// What a description says, each term by the weightiest place that it stands in.
    pub(super) fn said(&self, description: &str) -> Weights {
        let mut weights = Weights::new();
        let (mut count, mut weight) = (0, FIRST);
        for sentence in sentences(description) {
            for (term, _) in self.terms(sentence) {
                count += 1;
                if count > MOST_WORDS {
                    return weights;
                }
                heavier(&mut weights, term, weight);
            }
            if count > 0 {
                weight = LATER;
            }
        }
        weights
    }

    /// Adds tags and names to what a description says.
    pub(super) fn speaks_of<'a>(
        &self,
        said: &Weights,
        tags: impl Iterator<Item = &'a str>,
        names: &[(String, String)],
    ) -> Weights {
        let mut all = said.clone();
        for (term, _) in tags.flat_map(|tag| self.terms(tag)) {
            heavier(&mut all, term, TAG);
        }
        for (term, _) in names {
            heavier(&mut all, term.clone(), NAME);
        }
        all
    }
}

fn heavier(weights: &mut Weights, term: String, weight: f64) {
    let known = weights.entry(term).or_default();
    *known = known.max(weight);
}

/// A text cut where a sentence ends: behind a mark with a blank after it.
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

    fn terms(text: &str) -> Vec<String> {
        Wording::new().terms(text).into_iter().map(|(term, _)| term).collect()
    }

    #[test]
    fn words_of_one_meaning_are_one_term_and_little_words_none() {
        assert_eq!(terms("Fetches the web pages"), terms("downloading a webpage page")[..3]);
        assert_eq!(terms("FakeData_generator"), terms("random data generation"));
        assert_eq!(terms("of the and"), Vec::<String>::new());
    }

    #[test]
    fn the_first_sentence_counts_whole_and_what_follows_less() {
        let said = Wording::new().said("Resizes images. Crops images to squares.");
        assert!((said["imag"] - FIRST).abs() < f64::EPSILON, "{said:?}");
        assert!((said["squar"] - LATER).abs() < f64::EPSILON, "{said:?}");
    }

    #[test]
    fn opposites_are_found_in_any_form_of_their_words() {
        let wording = Wording::new();
        let term = |word| wording.terms(word)[0].0.clone();
        for (one, other) in
            [("decoder", "encoding"), ("listener", "sender"), ("loads", "saving"), ("clients", "server")]
        {
            assert!(wording.opposites().contains(&(term(one), term(other))), "{one} {other}");
        }
        assert!(wording.opposites().iter().all(|(one, other)| one != other));
    }
}
