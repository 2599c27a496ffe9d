//! Words of a text as comparable terms: split, converted to lower case and stemmed.
//!
//! English only, and deliberately simple: an ending is removed, without a dictionary. Two words with the same term are
//! almost always forms of one word; ranking tolerates the exceptions.

/// Words without significance for a task.
const STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "all",
    "am",
    "an",
    "and",
    "another",
    "any",
    "anyone",
    "anything",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "being",
    "both",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "each",
    "else",
    "ever",
    "every",
    "everything",
    "for",
    "from",
    "give",
    "given",
    "gives",
    "got",
    "had",
    "has",
    "have",
    "he",
    "help",
    "her",
    "here",
    "him",
    "his",
    "how",
    "i",
    "if",
    "im",
    "in",
    "instead",
    "into",
    "is",
    "it",
    "its",
    "just",
    "let",
    "like",
    "may",
    "me",
    "might",
    "more",
    "most",
    "much",
    "must",
    "my",
    "need",
    "no",
    "nobody",
    "not",
    "nothing",
    "now",
    "of",
    "on",
    "only",
    "onto",
    "or",
    "other",
    "our",
    "out",
    "over",
    "own",
    "please",
    "same",
    "she",
    "should",
    "so",
    "some",
    "someone",
    "something",
    "such",
    "than",
    "that",
    "thats",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "though",
    "through",
    "to",
    "too",
    "up",
    "us",
    "use",
    "used",
    "using",
    "very",
    "via",
    "want",
    "was",
    "we",
    "were",
    "what",
    "whatever",
    "when",
    "where",
    "whether",
    "which",
    "while",
    "who",
    "whom",
    "whose",
    "why",
    "will",
    "with",
    "would",
    "yes",
    "you",
    "your",
];

/// Words for actions, as terms. They are less significant than names of things: "parse" fits json and csv.
const ACTIONS: &[&str] = &[
    "add",
    "analys",
    "appl",
    "build",
    "calculat",
    "call",
    "chang",
    "check",
    "clean",
    "comput",
    "convert",
    "count",
    "creat",
    "delet",
    "detect",
    "do",
    "edit",
    "execut",
    "export",
    "extract",
    "fetch",
    "find",
    "fix",
    "format",
    "generat",
    "get",
    "handl",
    "import",
    "list",
    "load",
    "mak",
    "manag",
    "merg",
    "open",
    "pars",
    "perform",
    "print",
    "process",
    "produc",
    "put",
    "read",
    "remov",
    "rend",
    "replac",
    "run",
    "sav",
    "search",
    "send",
    "set",
    "show",
    "sort",
    "split",
    "start",
    "stop",
    "stor",
    "transform",
    "translat",
    "turn",
    "updat",
    "validat",
    "verif",
    "writ",
];

/// Things that nearly every tool has, as terms.
const GENERAL: &[&str] = &[
    "amount", "case", "content", "data", "document", "entr", "etc", "exampl", "fil", "fold", "informat", "input",
    "ins", "item", "kind", "lin", "lot", "numb", "object", "out", "output", "part", "piec", "record", "result",
    "script", "siz", "string", "text", "thing", "tool", "valu", "way", "word",
];

/// The significance of a word, by its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// The name of a thing: `json`, `french`.
    Thing,
    /// An action.
    Action,
    /// A general word with little significance.
    General,
}

/// The words of a text, in lower case and in order: split at characters other than letters and digits, and at case
/// changes of `camelCase`. Digits stay with their letters (`sha256`, `mp3`).
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    each_word(text, |word| words.push(word.to_owned()));
    words
}

/// Calls `each` with the [`words`] of a text, without allocating a string for each word, which would dominate the cost
/// for a whole catalog.
pub(super) fn each_word(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::new();
    let mut last: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_alphanumeric() {
            // An apostrophe is part of its word: "what's" is not "what" and "s".
            if !matches!(c, '\'' | '’') {
                take(&mut word, &mut each);
            }
            last = None;
            continue;
        }
        let begins = match last {
            Some(before) if c.is_uppercase() => {
                !before.is_uppercase() || rest.peek().is_some_and(|next| next.is_lowercase())
            }
            _ => false,
        };
        if begins {
            take(&mut word, &mut each);
        }
        if c.is_ascii() {
            word.push(c.to_ascii_lowercase());
        } else {
            word.extend(c.to_lowercase());
        }
        last = Some(c);
    }
    take(&mut word, &mut each);
}

fn take(word: &mut String, each: &mut impl FnMut(&str)) {
    if !word.is_empty() {
        each(word);
        word.clear();
    }
}

/// Whether a lower-case word has no significance for a task.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The significant terms of a text, in order, with repetitions.
pub fn terms(text: &str) -> Vec<String> {
    words(text).iter().filter(|word| !is_stop_word(word)).map(|word| stem(word)).collect()
}

/// The significance of a term.
pub fn telling(term: &str) -> Telling {
    if ACTIONS.binary_search(&term).is_ok() {
        Telling::Action
    } else if GENERAL.binary_search(&term).is_ok() {
        Telling::General
    } else {
        Telling::Thing
    }
}

/// The stem of a lower-case word: `parse`, `parser`, `parsing` and `parsed` all give `pars`.
pub fn stem(word: &str) -> String {
    if !word.bytes().all(|b| b.is_ascii_lowercase()) || word.len() <= 3 {
        return word.to_owned();
    }
    let mut stem = singular(word);
    for (ending, shortest) in [("ing", 3), ("ed", 3)] {
        if let Some(left) = without(&stem, ending, shortest) {
            stem = single_end(left).to_owned();
            break;
        }
    }
    let is_doer = stem.ends_with("tor") || stem.ends_with("sor");
    for (ending, shortest) in [("er", 3), ("or", 3), ("ion", 4), ("ity", 4)] {
        // `author` does not become `auth`, and `color` does not become `col`.
        if ending == "or" && !is_doer {
            continue;
        }
        if let Some(left) = without(&stem, ending, shortest) {
            stem = single_end(left).to_owned();
            break;
        }
    }
    for ending in ["e", "y", "i"] {
        if let Some(left) = without(&stem, ending, 3) {
            stem = left.to_owned();
            break;
        }
    }
    for (ending, instead) in [("iz", ""), ("is", ""), ("yz", "ys")] {
        if let Some(left) = without(&stem, ending, 4) {
            stem = format!("{left}{instead}");
            break;
        }
    }
    stem
}

/// A word without a plural ending.
fn singular(word: &str) -> String {
    let kept = ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    if kept {
        return word.to_owned();
    }
    if let Some(left) = without(word, "ies", 2) {
        return format!("{left}y");
    }
    for ending in ["sses", "xes", "ches", "shes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    without(word, "s", 3).unwrap_or(word).to_owned()
}

/// The word without an ending, if the rest is long enough and has a vowel.
fn without<'a>(word: &'a str, ending: &str, shortest: usize) -> Option<&'a str> {
    let left = word.strip_suffix(ending)?;
    (left.len() >= shortest && left.contains(['a', 'e', 'i', 'o', 'u', 'y'])).then_some(left)
}

/// A stem without a doubled consonant at its end: `runn` is `run`. Words can naturally end in ll, ss and zz.
fn single_end(stem: &str) -> &str {
    let bytes = stem.as_bytes();
    match bytes {
        [.., before, last] if before == last && bytes.len() >= 4 && !b"aeioulsz".contains(last) => {
            &stem[..stem.len() - 1]
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_signs_and_humps_and_digits_stay() {
        assert_eq!(words("parse_JSON-file.v2"), ["parse", "json", "file", "v2"]);
        assert_eq!(words("parseJSONFile sha256 HTTPServer"), ["parse", "json", "file", "sha256", "http", "server"]);
        assert_eq!(words("what's up? Übersetze"), ["whats", "up", "übersetze"]);
        assert_eq!(words(" \t"), Vec::<String>::new());
    }

    #[test]
    fn forms_of_one_word_are_one_term() {
        for forms in [
            &["parse", "parser", "parsing", "parsed", "parses", "parsers"][..],
            &["translate", "translation", "translator", "translating", "translations"],
            &["summarize", "summarizer", "summary", "summaries", "summarise", "summarizing"],
            &["analyze", "analyzer", "analyse", "analysing"],
            &["run", "running", "runner", "runs"],
            &["compress", "compression", "compressor", "compressing"],
            &["validate", "validator", "validation", "validating"],
            &["query", "queries", "querying"],
            &["file", "files"],
            &["filter", "filters", "filtering", "filtered"],
            &["box", "boxes"],
            &["complex", "complexity"],
            &["secure", "security"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.iter().all(|found| *found == stems[0]), "{forms:?}: {stems:?}");
        }
        for (one, other) in [
            ("json", "jsonl"),
            ("author", "auth"),
            ("test", "text"),
            ("user", "use"),
            ("class", "clasp"),
            ("bus", "bu"),
        ] {
            assert_ne!(stem(one), stem(other));
        }
    }

    #[test]
    fn words_without_meaning_are_left_out_and_the_lists_can_be_searched() {
        assert!(STOP_WORDS.is_sorted() && ACTIONS.is_sorted() && GENERAL.is_sorted());
        for (form, term) in [("analysing", "analys"), ("generator", "generat"), ("entries", "entr"), ("values", "valu")]
        {
            assert_eq!(stem(form), term);
            assert_ne!(telling(term), Telling::Thing);
        }
        assert_eq!(terms("I want to parse the JSON files"), ["pars", "json", "fil"]);
        assert_eq!(
            (telling("pars"), telling("fil"), telling("json")),
            (Telling::Action, Telling::General, Telling::Thing)
        );
    }
}
