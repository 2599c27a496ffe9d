//! The words of a name and a description that say what a tool does.

use crate::domain::ToolName;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::BTreeMap;

/// Words that say nothing about what a tool does: little words, and what all descriptions boast of.
const EMPTY: &[&str] = &[
    "a",
    "about",
    "across",
    "against",
    "all",
    "allow",
    "also",
    "an",
    "and",
    "any",
    "api",
    "are",
    "as",
    "at",
    "automatic",
    "automatically",
    "available",
    "based",
    "basic",
    "be",
    "best",
    "between",
    "both",
    "built",
    "by",
    "can",
    "cli",
    "code",
    "command",
    "common",
    "complete",
    "comprehensive",
    "configurable",
    "content",
    "data",
    "direct",
    "each",
    "easy",
    "etc",
    "every",
    "execution",
    "fast",
    "feature",
    "file",
    "for",
    "format",
    "free",
    "from",
    "full",
    "function",
    "general",
    "given",
    "good",
    "handle",
    "has",
    "have",
    "how",
    "if",
    "in",
    "include",
    "including",
    "input",
    "instant",
    "intelligent",
    "into",
    "is",
    "it",
    "its",
    "like",
    "llm",
    "local",
    "many",
    "more",
    "most",
    "multiple",
    "necessary",
    "need",
    "new",
    "no",
    "not",
    "of",
    "on",
    "one",
    "only",
    "operation",
    "option",
    "optional",
    "or",
    "other",
    "output",
    "over",
    "per",
    "perfect",
    "powerful",
    "provide",
    "python",
    "purpose",
    "quick",
    "quickly",
    "require",
    "required",
    "result",
    "return",
    "returning",
    "run",
    "script",
    "see",
    "service",
    "set",
    "simple",
    "single",
    "small",
    "smart",
    "so",
    "some",
    "specified",
    "standard",
    "support",
    "supporting",
    "system",
    "text",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "these",
    "this",
    "to",
    "tool",
    "tools",
    "up",
    "use",
    "used",
    "useful",
    "user",
    "using",
    "utility",
    "value",
    "various",
    "version",
    "via",
    "well",
    "what",
    "when",
    "where",
    "which",
    "while",
    "will",
    "with",
    "without",
    "work",
    "you",
    "your",
    "authentication",
    "great",
    "responds",
    "task",
    "them",
    "there",
    "out",
    "two",
    "such",
    "easily",
    "safe",
    "safely",
    "helper",
    "give",
];

/// Words of one meaning among tools, each line by its first.
const SAME: &[&[&str]] = &[
    &["get", "fetch", "retrieve", "download", "obtain", "load", "read", "query", "access", "grab", "pull"],
    &[
        "convert",
        "transform",
        "translate",
        "turn",
        "change",
        "conversion",
        "converter",
        "transformation",
        "translation",
        "translator",
        "rewrite",
    ],
    &[
        "make",
        "create",
        "generate",
        "build",
        "produce",
        "generator",
        "generation",
        "creator",
        "builder",
        "creation",
        "construct",
        "compose",
    ],
    &["find", "search", "locate", "detect", "discover", "finder", "lookup", "identify", "look", "scan", "scanner"],
    &[
        "check",
        "validate",
        "verify",
        "validator",
        "checker",
        "validation",
        "verification",
        "ensure",
        "test",
        "lint",
        "linter",
    ],
    &["count", "calculate", "compute", "calculator", "calculation", "computation", "counter"],
    &["sum", "summarize", "summarizer", "summary", "summarise", "condense", "digest", "summarization", "shorten"],
    &["delete", "remove", "drop", "clean", "strip", "erase", "removal", "trim", "prune"],
    &["list", "enumerate", "show", "display", "print"],
    &["send", "post", "submit", "sender", "upload"],
    &["fix", "repair", "correct", "fixer", "mend"],
    &["store", "save", "write", "persist", "storage", "keep", "retain"],
    &["split", "chunk", "divide", "chunker", "splitter", "segment", "cut"],
    &["compare", "diff", "difference", "comparer", "comparison"],
    &["analyze", "analyse", "inspect", "examine", "analyzer", "analysis", "review", "assess", "evaluate"],
    &["image", "picture", "photo"],
    &["document", "article", "paper"],
    &["folder", "directory", "dir"],
    &["web", "http", "url", "website", "page", "webpage"],
    &["error", "exception", "failure", "bug"],
    &["package", "dependency", "module", "library", "librarie", "dependencie"],
    &["explain", "describe", "explanation", "explainer"],
    &["random", "fake", "mock", "dummy", "realistic"],
    &["install", "installer", "installation"],
    &["unique", "distinct", "duplicate", "duplicated", "identical"],
    &["resize", "scale"],
    &["number", "numeric", "arithmetic", "math", "integer"],
    &["first", "given"],
    &["sort", "order", "arrange"],
    &["resolve", "resolver", "resolution"],
    &["render", "renderer", "draw"],
];

/// Weight of a word in the name, against one in the description: names are short and chosen.
const NAME_WEIGHT: f64 = 1.5;

/// Words of the first sentence count whole, later ones less: they list details.
const LATER_WEIGHT: f64 = 0.35;

/// Words behind that are details of details.
const MAX_WORDS: usize = 40;

/// The words of a tool that matter, each with its weight.
#[derive(Debug, Clone, Default)]
pub(super) struct Bag {
    words: BTreeMap<String, f64>,
    norm: f64,
}

impl Bag {
    pub(super) fn of(name: &ToolName, description: &str) -> Bag {
        let mut bag = Bag::of_text(description);
        each_word(name.as_str(), |word, _| {
            let weight = bag.words.entry(word.to_owned()).or_default();
            *weight = weight.max(NAME_WEIGHT);
            true
        });
        bag.norm = bag.words.values().map(|weight| weight * weight).sum::<f64>().sqrt();
        bag
    }

    pub(super) fn of_text(text: &str) -> Bag {
        let mut bag = Bag::default();
        let mut count = 0_usize;
        each_word(text, |word, sentence| {
            let weight = if sentence == 0 { 1.0 } else { LATER_WEIGHT };
            let known = bag.words.entry(word.to_owned()).or_default();
            *known = known.max(weight);
            count += 1;
            count < MAX_WORDS
        });
        bag.norm = bag.words.values().map(|weight| weight * weight).sum::<f64>().sqrt();
        bag
    }

    /// How much two have in common, 0 to 1: the cosine of their weights.
    pub(super) fn likeness(&self, other: &Bag) -> f64 {
        if self.words.is_empty() || other.words.is_empty() {
            return 0.0;
        }
        let shared: f64 = self.words.iter().filter_map(|(word, weight)| Some(weight * other.words.get(word)?)).sum();
        (shared / (self.norm * other.norm)).min(1.0)
    }

    /// Whether each has a word that the other knows nothing of: `csv_to_json` and `csv_to_xml` are two things,
    /// however much else they share.
    pub(super) fn contradicts(names: [&Bag; 2], all: [&Bag; 2]) -> bool {
        let is_strange = |word: &String, known: &Bag| {
            let begins = |other: &String| {
                let shared = word.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
                shared >= 3 && shared >= word.len().min(other.len())
            };
            !known.words.contains_key(word) && !known.words.keys().any(begins)
        };
        let has_strange = |name: &Bag, known: &Bag| name.words.keys().any(|word| is_strange(word, known));
        has_strange(names[0], all[1]) && has_strange(names[1], all[0])
    }

    /// What a text must hold to have anything in common with this: a finder of its words, however they are written.
    pub(super) fn finder(&self) -> Option<Finder> {
        let mut needles: Vec<&str> = Vec::new();
        let mut groups = Vec::new();
        for (group, word) in self.words.keys().enumerate() {
            let same = SAME.iter().find(|list| list[0] == word).copied().unwrap_or_default();
            for needle in same.iter().copied().chain([word.as_str()]) {
                needles.push(needle);
                groups.push(group);
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&needles)
            .ok()?;
        // A text that shares one word of many is nothing alike.
        let least = if self.words.len() >= 3 { 2 } else { 1 };
        Some(Finder { automaton, groups, least })
    }

    /// The same for a row, without a bag of its own: asked for every row of a library.
    pub(super) fn glance(&self, name: &ToolName, description: &str) -> f64 {
        // Most rows share no word at all: that is seen without looking at the words one by one.
        let (mut shared, mut squares, mut count) = (0.0, 0.0, 0_usize);
        let mut add = |word: &str, weight: f64| {
            squares += weight * weight;
            shared += self.words.get(word).map_or(0.0, |own| own * weight);
        };
        each_word(name.as_str(), |word, _| {
            add(word, NAME_WEIGHT);
            true
        });
        each_word(description, |word, sentence| {
            add(word, if sentence == 0 { 1.0 } else { LATER_WEIGHT });
            count += 1;
            count < MAX_WORDS
        });
        if squares == 0.0 || self.norm == 0.0 { 0.0 } else { (shared / (self.norm * squares.sqrt())).min(1.0) }
    }
}

/// Finds texts that may have something in common with a bag: most rows of a library have not.
pub(super) struct Finder {
    automaton: AhoCorasick,
    /// The word that each needle stands for.
    groups: Vec<usize>,
    least: usize,
}

impl Finder {
    /// Whether a name and a description hold enough of the words.
    pub(super) fn may_be_like(&self, name: &ToolName, description: &str) -> bool {
        let mut seen = 0_u128;
        for text in [name.as_str(), description] {
            for found in self.automaton.find_overlapping_iter(text) {
                seen |= 1 << (self.groups[found.pattern().as_usize()] % 128);
                if seen.count_ones() as usize >= self.least {
                    return true;
                }
            }
        }
        false
    }
}

/// Calls `each` with every word that matters and the number of its sentence, until it answers `false`.
fn each_word(text: &str, mut each: impl FnMut(&str, usize) -> bool) {
    let mut buffer = String::with_capacity(24);
    let mut sentence = 0_usize;
    let mut bytes = text.char_indices().peekable();
    loop {
        let next = bytes.next();
        let c = next.map_or(' ', |(_, c)| c);
        // `HttpClient` is two words.
        if c.is_alphanumeric() {
            buffer.extend(c.to_lowercase());
        } else if !buffer.is_empty() {
            let goes_on = meaning(&buffer).is_none_or(|word| each(word, sentence));
            buffer.clear();
            if !goes_on {
                return;
            }
        }
        let ends = matches!(c, '.' | '!' | '?' | ';' | ':' | '\n')
            && bytes.peek().is_none_or(|(_, next)| next.is_whitespace());
        sentence += usize::from(ends);
        if next.is_none() {
            return;
        }
    }
}

/// What a word stands for; `None` for one that says nothing.
fn meaning(word: &str) -> Option<&str> {
    if word.len() < 2 || is_empty_word(word) {
        return None;
    }
    let stem = stem(word);
    if is_empty_word(stem) {
        return None;
    }
    let same =
        SAME.iter().find(|list| list.iter().any(|known| *known == stem || *known == word || stem_e(known, stem)));
    Some(same.map_or(stem, |list| list[0]))
}

/// `generat` of `generating` is the beginning of `generate`.
fn stem_e(known: &str, stem: &str) -> bool {
    known.len() == stem.len() + 1 && known.ends_with('e') && known.starts_with(stem)
}

fn is_empty_word(word: &str) -> bool {
    EMPTY.contains(&word)
}

/// A word without the endings that do not change what it says.
fn stem(word: &str) -> &str {
    let cut = |ending: &str, least: usize| word.strip_suffix(ending).filter(|stem| stem.len() >= least);
    if let Some(stem) = cut("ing", 4).or_else(|| cut("ed", 4)) {
        // `splitting`, `stopped`
        let bytes = stem.as_bytes();
        let doubled = bytes.len() > 2
            && bytes[bytes.len() - 1] == bytes[bytes.len() - 2]
            && !matches!(bytes[bytes.len() - 1], b's' | b'l');
        return if doubled { &stem[..stem.len() - 1] } else { stem };
    }
    if word.ends_with("ss") || word.ends_with("us") || word.ends_with("is") {
        return word;
    }
    cut("sses", 2)
        .map(|stem| &word[..stem.len() + 2])
        .or_else(|| cut("shes", 3).map(|stem| &word[..stem.len() + 2]))
        .or_else(|| cut("ches", 3).map(|stem| &word[..stem.len() + 2]))
        .or_else(|| cut("xes", 2).map(|stem| &word[..=stem.len()]))
        .or_else(|| cut("s", 3))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        Bag::of_text(text).words.into_keys().collect()
    }

    #[test]
    fn words_that_say_the_same_are_the_same() {
        assert_eq!(words("Fetches the web pages"), words("downloading a webpage"));
        assert_eq!(words("Converts CSV files to YAML"), ["convert", "csv", "yaml"]);
        assert_eq!(words("a fast and powerful tool"), Vec::<String>::new());
    }

    #[test]
    fn a_glance_sees_what_a_bag_sees() {
        let name = |text: &str| ToolName::new(text).unwrap();
        let (a, b) =
            (("csv_to_yaml", "Convert CSV to YAML. Handles quotes."), ("yaml_maker", "Makes YAML out of CSV tables"));
        let bag = Bag::of(&name(a.0), a.1);
        let far = bag.likeness(&Bag::of(&name(b.0), b.1)) - bag.glance(&name(b.0), b.1);
        assert!(far.abs() < 0.2, "{far}");
        assert!(bag.glance(&name("x1"), "nothing shared").abs() < f64::EPSILON);
    }
}
