//! Fuzzy search over names and words of tools: the same for the filter of the terminal and the
//! `list` verb.
//!
//! Every word of a query must be found. In a name, the letters of a word may be separated; in titles, tags and
//! descriptions, the word is matched as written, or without its ending (`units` finds `unit`). There is no ranking by
//! use or score here: who wants it, sorts hits of equal score anew.

use crate::domain::Tool;
use fuzzy_matcher::FuzzyMatcher;
use fuzzy_matcher::skim::SkimMatcherV2;
use memchr::memmem::Finder;
use std::fmt;
use std::sync::Arc;

/// A tool that fits a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Index in the list of indexed tools.
    pub position: usize,
    /// How well it fits; comparable within one query only.
    pub score: i64,
}

/// Where a query matches in a row, as positions of characters in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Matches {
    /// Positions in the name.
    pub name: Vec<usize>,
    /// Positions in the title.
    pub title: Vec<usize>,
    /// Positions in the description.
    pub description: Vec<usize>,
}

/// The searchable text of a catalog, lower case, in one piece: about 400 bytes for a tool.
pub struct Index {
    text: String,
    entries: Vec<IndexEntry>,
    matcher: SkimMatcherV2,
}

/// The position of a tool's text: name, title, words (aliases, tags, keywords, uses, category), description, in this
/// order.
#[derive(Debug, Clone, Copy)]
struct IndexEntry {
    /// One bit for each character that occurs.
    mask: u64,
    start: u32,
    name_end: u32,
    title_end: u32,
    words_end: u32,
    end: u32,
}

/// The score of a match by place: as a whole word, and inside one.
const IN_NAME: [i64; 2] = [700, 450];
const IN_TITLE: [i64; 2] = [500, 300];
const IN_WORDS: [i64; 2] = [250, 150];
const IN_DESCRIPTION: [i64; 2] = [90, 50];
/// More for a name that begins with the word, or is it.
const NAME_BEGINS: i64 = 200;
const NAME_IS: i64 = 600;

/// Words without meaning for a search; omitted from a query that has others.
const STOP_WORDS: &[&str] =
    &["a", "an", "and", "the", "to", "of", "for", "in", "on", "or", "with", "my", "into", "from"];
/// Suffixes that may be removed from a query word, longest first, and the minimum length of the remaining stem.
const ENDINGS: &[&str] = &["ing", "ies", "ion", "ed", "er", "es", "s"];
const SHORTEST_STEM: usize = 4;

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("tools", &self.entries.len())
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl Index {
    /// Makes the index of a list of tools.
    pub fn new(tools: &[Arc<Tool>]) -> Index {
        let mut index =
            Index { text: String::new(), entries: Vec::with_capacity(tools.len()), matcher: SkimMatcherV2::default() };
        for tool in tools {
            index.push(tool);
        }
        index.text.shrink_to_fit();
        index
    }

    fn push(&mut self, tool: &Tool) {
        // A catalog of more than 4 GiB of words is not searched beyond that.
        let at = |text: &String| u32::try_from(text.len()).unwrap_or(u32::MAX);
        let text = &mut self.text;
        let start = at(text);
        fold_into(text, tool.name.as_str());
        let name_end = at(text);
        fold_into(text, tool.title.as_deref().unwrap_or_default());
        let title_end = at(text);
        let named = tool.aliases.iter().chain(&tool.tags).map(String::as_str);
        let words = named.chain(tool.keywords.iter()).chain(tool.use_cases.iter());
        for word in words.chain([tool.category.0.as_str()]) {
            fold_into(text, word);
            text.push('\n');
        }
        let words_end = at(text);
        fold_into(text, &tool.description);
        let end = at(text);
        let mask = mask_of(&text[start as usize..end as usize]);
        self.entries.push(IndexEntry { mask, start, name_end, title_end, words_end, end });
    }

    /// All tools that fit, best first; equal ones keep the order of the list. An empty query fits all.
    pub fn query(&self, query: &str) -> Vec<Hit> {
        self.among(query, 0..self.entries.len())
    }

    /// As [`Index::query`], looking only through the hits of an earlier query where the new one can
    /// have no others, as when a word grows.
    pub fn refine(&self, earlier: &str, hits: &[Hit], query: &str) -> Vec<Hit> {
        if !narrows(&terms(earlier), &terms(query)) {
            return self.query(query);
        }
        let mut positions: Vec<usize> =
            hits.iter().map(|hit| hit.position).filter(|position| *position < self.entries.len()).collect();
        positions.sort_unstable();
        self.among(query, positions.into_iter())
    }

    fn among(&self, query: &str, positions: impl Iterator<Item = usize>) -> Vec<Hit> {
        let terms = terms(query);
        if terms.is_empty() {
            return positions.map(|position| Hit { position, score: 0 }).collect();
        }
        let terms: Vec<Needle> = terms.iter().map(Needle::new).collect();
        let fits = |position: usize| {
            let entry = &self.entries[position];
            let scores = terms.iter().map(|term| self.score(entry, term));
            scores.sum::<Option<i64>>().map(|score| Hit { position, score })
        };
        let mut hits: Vec<Hit> = positions.filter_map(fits).collect();
        hits.sort_by_key(|hit| (std::cmp::Reverse(hit.score), hit.position));
        hits
    }

    fn score(&self, entry: &IndexEntry, term: &Needle<'_>) -> Option<i64> {
        let whole = self.plain(entry, &term.word);
        let stem = || term.stem.as_ref().and_then(|stem| self.plain(entry, stem)).map(|score| score * 3 / 4);
        let spread = || {
            let name = &self.text[entry.start as usize..entry.name_end as usize];
            let fits = entry.mask & term.word.mask == term.word.mask && is_spread_in(name, term.word.text);
            fits.then(|| self.matcher.fuzzy_match(name, term.word.text)).flatten()
        };
        whole.or_else(stem).or_else(spread)
    }

    /// The score of the places that contain a text as written; `None` if there is none.
    fn plain(&self, entry: &IndexEntry, needle: &NeedlePart<'_>) -> Option<i64> {
        if entry.mask & needle.mask != needle.mask {
            return None;
        }
        let all = &self.text[entry.start as usize..entry.end as usize];
        needle.finder.find(all.as_bytes())?;
        let part = |from: u32, to: u32| &self.text[from as usize..to as usize];
        let name = part(entry.start, entry.name_end);
        let places = [
            (name, IN_NAME),
            (part(entry.name_end, entry.title_end), IN_TITLE),
            (part(entry.title_end, entry.words_end), IN_WORDS),
            (part(entry.words_end, entry.end), IN_DESCRIPTION),
        ];
        let mut score: i64 = places.iter().map(|(text, worth)| needle.worth(text, *worth)).sum();
        if name == needle.text {
            score += NAME_IS;
        } else if name.starts_with(needle.text) {
            score += NAME_BEGINS;
        }
        // Found only across the border of two places: nowhere, for a reader.
        (score > 0).then_some(score)
    }

    /// The matches of a query in a tool's name, title and description, for highlighting. Call it only for visible rows.
    pub fn matches(&self, query: &str, tool: &Tool) -> Matches {
        let mut matches = Matches::default();
        for term in terms(query) {
            let name = found(tool.name.as_str(), &term).or_else(|| {
                is_spread_in(tool.name.as_str(), &term.word)
                    .then(|| self.matcher.fuzzy_indices(tool.name.as_str(), &term.word).map(|(_, places)| places))
                    .flatten()
            });
            matches.name.extend(name.unwrap_or_default());
            matches.title.extend(tool.title.as_deref().and_then(|title| found(title, &term)).unwrap_or_default());
            matches.description.extend(found(&tool.description, &term).unwrap_or_default());
        }
        for places in [&mut matches.name, &mut matches.title, &mut matches.description] {
            places.sort_unstable();
            places.dedup();
        }
        matches
    }
}

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    word: String,
    stem: Option<String>,
}

fn terms(query: &str) -> Vec<Term> {
    let mut folded = String::new();
    fold_into(&mut folded, query);
    let mut words: Vec<&str> = folded.split_whitespace().collect();
    if words.iter().any(|word| !STOP_WORDS.contains(word)) {
        words.retain(|word| !STOP_WORDS.contains(word));
    }
    words.into_iter().map(|word| Term { word: word.to_owned(), stem: stem(word).map(str::to_owned) }).collect()
}

fn stem(word: &str) -> Option<&str> {
    ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending)).find(|stem| stem.chars().count() >= SHORTEST_STEM)
}

/// Whether all that fits the later words fits the earlier ones too.
fn narrows(earlier: &[Term], later: &[Term]) -> bool {
    let grows = |(before, after): (&Term, &Term)| {
        after.word.starts_with(&before.word) && after.stem.as_ref().is_none_or(|stem| stem.starts_with(&before.word))
    };
    later.len() >= earlier.len() && earlier.iter().zip(later).all(grows)
}

/// A prepared search word.
struct Needle<'t> {
    word: NeedlePart<'t>,
    stem: Option<NeedlePart<'t>>,
}

struct NeedlePart<'t> {
    text: &'t str,
    mask: u64,
    finder: Finder<'t>,
}

impl<'t> Needle<'t> {
    fn new(term: &'t Term) -> Needle<'t> {
        Needle { word: NeedlePart::new(&term.word), stem: term.stem.as_deref().map(NeedlePart::new) }
    }
}

impl<'t> NeedlePart<'t> {
    fn new(text: &'t str) -> NeedlePart<'t> {
        NeedlePart { text, mask: mask_of(text), finder: Finder::new(text) }
    }

    /// The score of the best match in `text`: whole words more than parts, prefixes in between.
    fn worth(&self, text: &str, [whole, part]: [i64; 2]) -> i64 {
        let bytes = text.as_bytes();
        let mut best = 0;
        for at in self.finder.find_iter(bytes) {
            let begins = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
            let ends = bytes.get(at + self.text.len()).is_none_or(|byte| !byte.is_ascii_alphanumeric());
            let worth = match (begins, ends) {
                (true, true) => whole,
                (true, false) => i64::midpoint(whole, part),
                (false, _) => part,
            };
            best = best.max(worth);
            if best == whole {
                break;
            }
        }
        best
    }
}

/// Character positions of a term in a text as written.
fn found(text: &str, term: &Term) -> Option<Vec<usize>> {
    let mut folded = String::with_capacity(text.len());
    fold_into(&mut folded, text);
    let mut places = Vec::new();
    for needle in std::iter::once(&term.word).chain(&term.stem) {
        let length = needle.chars().count();
        for (at, _) in folded.match_indices(needle.as_str()) {
            let from = folded[..at].chars().count();
            places.extend(from..from + length);
        }
        if !places.is_empty() {
            return Some(places);
        }
    }
    None
}

/// Appends a text in lower case, character for character, so that positions stay the same.
fn fold_into(folded: &mut String, text: &str) {
    folded.extend(
        text.chars().map(|c| if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }),
    );
}

/// Whether the letters of `word` occur in `text` in this order. Names are ASCII, so bytes will do.
fn is_spread_in(text: &str, word: &str) -> bool {
    let mut rest = text.as_bytes();
    word.bytes().all(|byte| match memchr::memchr(byte, rest) {
        Some(at) => {
            rest = &rest[at + 1..];
            true
        }
        None => false,
    })
}

/// One bit for each kind of character: a text that lacks a bit of a word cannot hold the word.
fn mask_of(text: &str) -> u64 {
    text.bytes().fold(0, |mask, byte| {
        mask | match byte {
            b'a'..=b'z' => 1 << (byte - b'a'),
            b'0'..=b'9' => 1 << (26 + byte - b'0'),
            _ => 1 << (36 + byte % 28),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::testing::{corpus, tool};
    use crate::catalog::{Cache, ScanPlan, scan};

    fn index(tools: &[(&str, &str)]) -> (Index, Vec<Arc<Tool>>) {
        let tools: Vec<Arc<Tool>> = tools
            .iter()
            .map(|(name, description)| Arc::new(Tool { description: (*description).to_owned(), ..tool(name) }))
            .collect();
        (Index::new(&tools), tools)
    }

    fn positions(hits: &[Hit]) -> Vec<usize> {
        hits.iter().map(|hit| hit.position).collect()
    }

    #[test]
    fn an_empty_query_keeps_the_order_and_every_word_must_be_found() {
        let (index, _) = index(&[("b_tool", "reads files"), ("a_tool", "writes files"), ("c", "nothing")]);
        assert_eq!(positions(&index.query(" ")), [0, 1, 2]);
        assert_eq!(positions(&index.query("files")), [0, 1]);
        assert_eq!(positions(&index.query("files WRITE")), [1]);
        assert_eq!(positions(&index.query("files zebra")), Vec::<usize>::new());
    }

    #[test]
    fn names_win_over_descriptions_and_letters_may_lie_apart_in_names() {
        let (index, tools) = index(&[("x", "parses csv"), ("csv_parser", "x"), ("parse_csv_fast", "x")]);
        assert_eq!(positions(&index.query("csv"))[2], 0);
        assert_eq!(positions(&index.query("csv"))[0], 1);
        assert_eq!(positions(&index.query("prscsv")), [2]);
        assert_eq!(index.matches("csv", &tools[2]).name, [6, 7, 8]);
        assert_eq!(index.matches("pf", &tools[2]).name, [0, 10]);
        assert_eq!(index.matches("CSV", &tools[0]).description, [7, 8, 9]);
    }

    #[test]
    fn refining_gives_what_a_new_query_gives() {
        let names: Vec<(String, String)> =
            (0..300).map(|n| (format!("t{}_{}", n % 7, n), format!("tests the units of testing {}", n % 5))).collect();
        let rows: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (index, _) = index(&rows);
        for typed in ["testing units", "t1_2 the tester", "units of t", "of", "zz"] {
            let (mut earlier, mut hits) = (String::new(), index.query(""));
            for end in 1..=typed.len() {
                let query = &typed[..end];
                hits = index.refine(&earlier, &hits, query);
                assert_eq!(hits, index.query(query), "{query}");
                earlier = query.to_owned();
            }
        }
    }

    /// What somebody would type, and what they look for.
    const LABELLED: &[(&str, &str)] = &[
        ("calculator", "basic_calculator"),
        ("convert units", "unit_converter"),
        ("format code black", "black_formatter"),
        ("currency exchange", "frankfurter_currency"),
        ("dead code", "vulture_deadcode"),
        ("type checker", "mypy_type_checker"),
        ("fake data", "fake_data_generator"),
        ("docker compose", "docker_compose_generator"),
        ("bible verse", "bible_api"),
        ("grammar spelling", "languagetool_api"),
        ("cyclomatic complexity", "radon_complexity"),
        ("sort imports", "isort_import_checker"),
        ("security vulnerabilities", "bandit_security"),
        ("postgres query", "postgres_client"),
        ("summarize document", "summarize_document"),
        ("qr code", "qrcode_generator"),
        ("generate uuid", "uuid_generator"),
        ("load test", "locust_load_tester"),
        ("ip location", "ip_geolocation_api"),
        ("github pull request", "github"),
        ("image resize", "image_converter"),
        ("markdown doc", "write_markdown_doc"),
        ("cron", "cron_deconstructor"),
        ("mermaid diagram", "mermaid_builder"),
        ("pip install", "pip_install"),
        ("indentation", "fix_indentation_error"),
        ("translate", "nmt_translator"),
        ("geocoding address", "nominatim_geocoding"),
        ("jokes", "jokes_api"),
        ("bscclc", "basic_calculator"),
    ];

    #[test]
    fn real_queries_find_the_real_tool_among_the_first_three() {
        let Some(corpus) = corpus() else { return };
        let found = scan(&ScanPlan::standard(corpus), &Cache::default(), &mut |_| {});
        let tools = found.tools;
        let index = Index::new(&tools);
        let mut missed = Vec::new();
        for (query, wanted) in LABELLED {
            let mut names: Vec<&str> = index.query(query).iter().map(|hit| tools[hit.position].name.as_str()).collect();
            names.dedup();
            if !names.iter().take(3).any(|name| name == wanted) {
                missed.push((query, wanted, names.into_iter().take(4).collect::<Vec<_>>()));
            }
        }
        assert!(missed.len() * 10 <= LABELLED.len(), "{} missed: {missed:#?}", missed.len());
    }
}
