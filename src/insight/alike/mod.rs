//! Which tools do nearly the same: the one measure of it, by what they say of themselves and, where that leaves it open,
//! by their code.
//!
//! Two tools are compared by five measures: how much their descriptions say the same (a cosine, and how far the
//! shorter one is contained in the other), how far one name stands in the other, whether each name has something that
//! the other tool does not speak of at all (`create_behave_spec`, `create_locust_spec`), and whether the names are
//! opposites (`tcp_client`, `tcp_server`). A word counts by its rarity among the tools in use. The weights were fitted on
//! 80 labelled pairs: 40 real ones (`tests/labelled/likeness.toml`) and the 40 of the check of duplicates; the scale is
//! chosen so that [`NEAR`] is where the odds turn. So the precision and recall of 0.90 on the real ones is that of a set
//! the fit knew. On 20 pairs that no fit knew (`held_out` in the same file) precision is 0.78 and recall 0.70 among the
//! real tools, and 0.83 and 0.50 among themselves: less to learn from makes it more careful.
//!
//! Where both are code that can be compared, code decides: pieces of it without names ([`CodeFingerprint`]). Nearly the same
//! code is the same tool, whatever the words say. Other code is another tool, at most a similar one: of two tools
//! made for the same app the words say nearly the same. A description that several tools share word for word says nothing.
//!
//! A library is not compared pair by pair: an inverted index names for each tool the few that share its rare words, and
//! [`crate::domain::CodeSketch`] those that may share its code. For a single tool everything that shares a word with it is
//! compared.

mod code;
mod compared;
mod direction;
mod groups;
mod own;
#[cfg(test)]
mod tests;

pub use code::CodeFingerprint;
pub use direction::goes_back;
pub use groups::{Member, Merit, SimilarGroup, groups};

use super::meanings::meanings;
use super::terms::{is_stop_word, stem, words};
use super::vocabulary::{ToolTerms, Vocabulary, is_of_code};
use crate::domain::{Digest, Tool, percent};
use compared::{are_versions, is_compared, is_used};
use direction::{Direction, are_opposite_names};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// From here on two tools are said to do nearly the same: by `similar`, by the check of duplicates, and by upkeep.
pub const NEAR: f64 = 0.8;

/// What is less alike is not worth showing.
pub const OPEN: f64 = 0.35;

/// What is less alike by words is compared by code only where the sketches of the codes are alike.
const DOUBTED: f64 = 0.2;

/// The most that two tools with other code are alike.
const OTHER_CODE: f64 = 0.79;

/// Numbers of two sketches that are the same where the codes may be.
const SKETCHES_ALIKE: usize = 3;

/// Tools of one number of a sketch that are looked at: what more have is no mark of a copy.
const MOST_OF_NUMBER: usize = 300;

/// Tools whose code is compared with that of one: the most alike by words, and the most alike by their sketches.
pub const MOST_READ: usize = 20;

/// Tools that share a description word for word, from which on it says nothing of them.
const BOILERPLATE: usize = 3;

/// Words of a description that count: those behind them are details of details.
const MOST_WORDS: usize = 45;

/// Weight of a word in the first sentence, in a later one, in a tag, and in the name.
const FIRST: f64 = 1.0;
const LATER: f64 = 0.4;
const TAG: f64 = 0.8;
const NAME: f64 = 1.4;

/// The words of a tool that are looked up: its weightiest.
const LOOKED_UP: usize = 8;

/// Tools looked at for one word: of a word that more have, the neighbours by name. This bounds the work for a library
/// of any size.
const MOST_SHARING: usize = 200;

/// Tools that one is compared with in full.
const MOST_COMPARED: usize = 40;

/// Words named as shared.
const WORDS_NAMED: usize = 4;

/// The weights of the measures, see the module.
const COSINE: f64 = 2.0;
const CONTAINED: f64 = 1.2;
const NAMED: f64 = 1.0;
const STRANGE: f64 = -4.0;
const OPPOSED: f64 = -3.4;
const BASE: f64 = -1.8;

/// How strange two names are at least of which each does something that the other tool does not speak of.
const OTHER_DEEDS: f64 = 0.6;

/// How much two tools are alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// 0 to 1, in whole hundredths: more digits would say more than is known. [`NEAR`] and more is a near duplicate.
    pub likeness: f64,
    /// What they share, one line.
    pub why: String,
    /// Whether the code of both says it too.
    pub same_code: bool,
}

impl Likeness {
    /// That of two tools of the same files.
    pub fn copy() -> Likeness {
        Likeness { likeness: 1.0, why: "all files are identical".to_owned(), same_code: true }
    }

    /// Whether one would do for the other.
    pub fn is_near(&self) -> bool {
        self.likeness >= NEAR
    }
}

/// A tool that resembles another.
#[derive(Debug, Clone, PartialEq)]
pub struct Resembling {
    /// Its position in the list.
    pub tool: usize,
    /// How alike the two are.
    pub likeness: Likeness,
    /// Whether all files are the same.
    pub is_copy: bool,
}

/// Two tools that are alike by their words, by their positions in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarTexts {
    /// Position of the first tool.
    pub one: usize,
    /// The second, a later one.
    pub other: usize,
    /// How much by what they say of themselves, see [`Likeness::likeness`], not rounded.
    pub said: f64,
}

/// Reads the code of a tool, by its position in the list; `None` when it has too little of it, or cannot be read.
/// Asked only for tools of which what they say of themselves leaves it open; keeping what was read is up to it.
pub type CodeOf<'a> = &'a mut dyn FnMut(usize) -> Option<Arc<CodeFingerprint>>;

/// A meaning with its weight.
type Weighed = (u32, f64);

/// What is compared of a tool; lists are ascending by meaning.
struct Sketch {
    /// What its description says.
    said: Vec<Weighed>,
    /// The length of that, and the sum of its weights.
    norm: f64,
    sum: f64,
    /// Its names, by rarity.
    name: Vec<Weighed>,
    name_sum: f64,
    /// Everything that it speaks of.
    known: Vec<Weighed>,
    /// Which way it goes, by its names and its first sentence.
    direction: Direction,
}

/// A list of tools that can be asked what is alike in it.
pub struct Resemblance {
    tools: Vec<Arc<Tool>>,
    vocabulary: Vocabulary,
    sketches: Vec<Sketch>,
    /// The tools that speak of each meaning, ascending.
    postings: Vec<Vec<u32>>,
    /// Meanings that are opposites of one another.
    opposites: HashSet<(u32, u32)>,
    /// Whether a meaning is something that is done.
    is_deed: Vec<bool>,
}

impl Resemblance {
    /// Compares nothing yet: weighs what was read of these tools.
    pub(super) fn of(tools: &[Arc<Tool>]) -> Resemblance {
        let is_shared = shared_descriptions(tools);
        let (vocabulary, said) = Vocabulary::of(tools);
        let read: Vec<[Vec<Weighed>; 3]> =
            said.iter().zip(&is_shared).map(|(said, is_shared)| weighed(said, &vocabulary, *is_shared)).collect();
        let mut postings: Vec<Vec<u32>> = vec![Vec::new(); vocabulary.meanings.len()];
        let mut used: Vec<usize> = vec![0; vocabulary.meanings.len()];
        for ((number, tool), [_, known, _]) in (0_u32..).zip(tools).zip(&read) {
            for (meaning, _) in known {
                postings[*meaning as usize].push(number);
                used[*meaning as usize] += usize::from(is_used(tool));
            }
        }
        let count = tools.iter().filter(|tool| is_used(tool)).count() as f64;
        let mut worth = vec![0.0; vocabulary.meanings.len()];
        let mut is_deed = vec![false; vocabulary.meanings.len()];
        for (term, number) in &vocabulary.numbers {
            let number = *number as usize;
            worth[number] = (1.0 + count / used[number].max(1) as f64).ln() * meanings().worth(term);
            is_deed[number] = meanings().is_deed(term);
        }
        let direction = |tool: &Arc<Tool>| Direction::of(tool, |word| vocabulary.meaning(word));
        let sketches =
            read.into_iter().zip(tools).map(|(lists, tool)| Sketch::of(lists, &worth, direction(tool))).collect();
        let opposites = opposites(&vocabulary);
        Resemblance { tools: tools.to_vec(), vocabulary, sketches, postings, opposites, is_deed }
    }

    /// How much two tools of the list are alike: the figure that everybody gives for them.
    pub fn likeness(&self, one: usize, other: usize, code: CodeOf<'_>) -> Likeness {
        let said = self.said(one, other);
        self.told(one, other, said, self.written(one, other, said, code))
    }

    /// How much two tools are alike by what they say of themselves, 0 to 1.
    fn said(&self, one: usize, other: usize) -> f64 {
        scaled(self.odds(one, other))
    }

    /// The figure and the reason, given how much two tools say the same, and how much their code is the same.
    fn told(&self, one: usize, other: usize, said: f64, written: CodeLikeness) -> Likeness {
        let mut why = self.why(one, other);
        if written == CodeLikeness::Share(1.0) {
            why = format!("{why}; all code is the same");
        } else if let CodeLikeness::Share(share) = written {
            why = format!("{why}; code {} similar", percent(share));
        }
        Likeness { likeness: (judged(said, written) * 100.0).floor() / 100.0, why, same_code: written.is_same() }
    }

    /// How much the codes of two tools are the same. Not asked where words and sketches both speak against it.
    fn written(&self, one: usize, other: usize, said: f64, code: CodeOf<'_>) -> CodeLikeness {
        if said < DOUBTED && self.sketches_shared(one, other) < SKETCHES_ALIKE {
            return CodeLikeness::Unknown;
        }
        match (code(one), code(other)) {
            // Renamed everywhere is not copied; and what is opposite in name may differ in one sign.
            (Some(own), Some(others)) => {
                let most = match () {
                    () if own.is_identical(&others) => 1.0,
                    () if self.is_opposite(one, other) => OTHER_CODE,
                    () => 0.99,
                };
                CodeLikeness::Share(own.likeness(&others).min(most))
            }
            (None, None) => CodeLikeness::Unknown,
            _ => CodeLikeness::OneSided,
        }
    }

    /// Whether two tools go opposite ways, by their names.
    fn is_opposite(&self, one: usize, other: usize) -> bool {
        let names = [one, other].map(|tool| self.tools[tool].name.as_str());
        let (one, other) = (&self.sketches[one], &self.sketches[other]);
        self.are_opposed(one, other)
            || one.direction.is_opposite(&other.direction)
            || are_opposite_names(names[0], names[1])
    }

    fn sketches_shared(&self, one: usize, other: usize) -> usize {
        self.tools[one].code_sketch.shared(&self.tools[other].code_sketch)
    }

    /// The tools of the list that resemble one of it, the most alike first; at most `limit`, none below `least`. Copies
    /// are among them, other versions of its name are not: their difference is what a review shows.
    pub fn resembling(&self, one: usize, least: f64, limit: usize, code: CodeOf<'_>) -> Vec<Resembling> {
        let own = &self.tools[one];
        let by_path = |a: usize, b: usize| self.tools[a].path.cmp(&self.tools[b].path);
        let mut found: Vec<(usize, f64, CodeLikeness)> = Vec::new();
        let mut by_sketch: Vec<(usize, f64, CodeLikeness)> = Vec::new();
        for other in self.others(one).into_iter().filter(|other| !are_versions(own, &self.tools[*other])) {
            let said = self.said(one, other);
            if self.tools[other].digest == own.digest {
                continue;
            }
            if said >= least.min(DOUBTED) {
                found.push((other, said, CodeLikeness::Unknown));
            } else if self.sketches_shared(one, other) >= SKETCHES_ALIKE {
                by_sketch.push((other, said, CodeLikeness::Unknown));
            }
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| by_path(a.0, b.0)));
        by_sketch.sort_by_key(|(other, ..)| Reverse(self.sketches_shared(one, *other)));
        by_sketch.truncate(MOST_READ);
        for (other, said, own_code) in found.iter_mut().take(MOST_READ).chain(&mut by_sketch) {
            *own_code = self.written(one, *other, *said, code);
        }
        found.extend(by_sketch);
        // Of two tools of one name only the code says that they are the same.
        found.retain(|(other, said, written)| {
            judged(*said, *written) >= least && (written.is_same() || self.tools[*other].name != own.name)
        });
        found.sort_by(|a, b| judged(b.1, b.2).total_cmp(&judged(a.1, a.2)).then_with(|| by_path(a.0, b.0)));
        // The tools of a server share its files.
        let is_other = |other: &Tool| other.definition() != own.definition();
        let is_copy =
            |other: &usize| *other != one && self.tools[*other].digest == own.digest && is_other(&self.tools[*other]);
        let mut copies: Vec<usize> = (0..self.tools.len()).filter(is_copy).collect();
        copies.sort_by(|a, b| by_path(*a, *b));
        let copies = copies.into_iter().map(|tool| Resembling { tool, likeness: Likeness::copy(), is_copy: true });
        let found = found.into_iter().map(|(tool, said, written)| Resembling {
            tool,
            likeness: self.told(one, tool, said, written),
            is_copy: false,
        });
        copies.chain(found).take(limit).collect()
    }

    /// The tools that share a word with one, or much of its sketch, ascending.
    fn others(&self, one: usize) -> Vec<usize> {
        let mut is_sharing: Vec<bool> =
            (0..self.tools.len()).map(|other| self.sketches_shared(one, other) >= SKETCHES_ALIKE).collect();
        for (meaning, _) in &self.sketches[one].known {
            for other in &self.postings[*meaning as usize] {
                is_sharing[*other as usize] = true;
            }
        }
        (0..self.tools.len()).filter(|other| *other != one && is_sharing[*other]).collect()
    }

    /// The odds that one would do for the other: 0 where they turn.
    fn odds(&self, one: usize, other: usize) -> f64 {
        let opposed = if self.is_opposite(one, other) { 1.0 } else { 0.0 };
        let (one, other) = (&self.sketches[one], &self.sketches[other]);
        let shared = shared(&one.said, &other.said);
        let dot: f64 = shared.iter().map(|(_, a, b)| a * b).sum();
        let common: f64 = shared.iter().map(|(_, a, b)| a.min(*b)).sum();
        let cosine = ratio(dot, one.norm * other.norm);
        let contained = ratio(common, one.sum.min(other.sum));
        let named = 1.0 - one.unnamed_in(&other.name).min(other.unnamed_in(&one.name));
        let strange = one.unnamed_in(&other.known).min(other.unnamed_in(&one.known));
        // Names weigh little for what is done; but what merges does not rename, whatever else they share.
        let other_deeds = self.has_own_deed(one, other) && self.has_own_deed(other, one);
        let strange = if other_deeds { strange.max(OTHER_DEEDS) } else { strange };
        COSINE * cosine.sqrt()
            + CONTAINED * contained.sqrt()
            + NAMED * named
            + STRANGE * strange
            + OPPOSED * opposed
            + BASE
    }

    /// Every two tools in use that are at least so much alike by what they say of themselves, or whose codes may be the
    /// same; each once.
    pub fn pairs(&self, least: f64) -> Vec<SimilarTexts> {
        let used: Vec<bool> = self.tools.iter().map(|tool| is_compared(tool)).collect();
        let is_one_used = |tool: &u32| used[*tool as usize];
        let postings: Vec<Vec<u32>> =
            self.postings.iter().map(|list| list.iter().copied().filter(is_one_used).collect()).collect();
        let mut shares = vec![0.0; self.tools.len()];
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for one in (0..self.tools.len()).filter(|one| used[*one]) {
            for other in self.candidates(one, &postings, &mut shares) {
                let (first, second) = (one.min(other), one.max(other));
                if !seen.insert((first, second)) {
                    continue;
                }
                let said = self.said(first, second);
                if said >= least {
                    found.push(SimilarTexts { one: first, other: second, said });
                }
            }
        }
        let listed: HashSet<(usize, usize)> = found.iter().map(|pair| (pair.one, pair.other)).collect();
        for (one, other) in self.sketched_pairs(&used) {
            if !listed.contains(&(one, other)) {
                found.push(SimilarTexts { one, other, said: self.said(one, other) });
            }
        }
        found
    }

    /// Every two tools in use of which the sketches are alike, the first before the second.
    fn sketched_pairs(&self, used: &[bool]) -> Vec<(usize, usize)> {
        let mut having: HashMap<(usize, u16), Vec<usize>> = HashMap::new();
        for (at, tool) in self.tools.iter().enumerate().filter(|(at, _)| used[*at]) {
            for number in tool.code_sketch.numbers() {
                having.entry(number).or_default().push(at);
            }
        }
        having.retain(|_, tools| tools.len() <= MOST_OF_NUMBER);
        let mut pairs = Vec::new();
        for (one, tool) in self.tools.iter().enumerate().filter(|(at, _)| used[*at]) {
            let mut shared: HashMap<usize, usize> = HashMap::new();
            for other in tool.code_sketch.numbers().filter_map(|number| having.get(&number)).flatten() {
                *shared.entry(*other).or_default() += usize::from(*other > one);
            }
            let mut alike: Vec<usize> =
                shared.into_iter().filter(|(_, count)| *count >= SKETCHES_ALIKE).map(|(other, _)| other).collect();
            alike.sort_unstable();
            pairs.extend(alike.into_iter().map(|other| (one, other)));
        }
        pairs
    }

    /// The tools that share the rare words of one, the most sharing first. `shares` is nothing but zeros before and
    /// after.
    fn candidates(&self, one: usize, postings: &[Vec<u32>], shares: &mut [f64]) -> Vec<usize> {
        let mut rare: Vec<Weighed> = self.sketches[one].known.clone();
        rare.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut touched: Vec<usize> = Vec::new();
        for (meaning, weight) in rare.into_iter().take(LOOKED_UP) {
            for other in near(&postings[meaning as usize], one).iter().map(|other| *other as usize) {
                if shares[other] == 0.0 {
                    touched.push(other);
                }
                // A word that says nothing in this library still makes its tools candidates.
                shares[other] += weight.max(f64::MIN_POSITIVE);
            }
        }
        let mut most: Vec<(usize, f64)> =
            touched.into_iter().map(|other| (other, std::mem::take(&mut shares[other]))).collect();
        most.retain(|(other, _)| *other != one);
        most.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        most.into_iter().take(MOST_COMPARED).map(|(other, _)| other).collect()
    }

    /// Whether a name says that something is done of which the other tool does not speak.
    fn has_own_deed(&self, one: &Sketch, other: &Sketch) -> bool {
        one.name.iter().any(|(meaning, _)| self.is_deed[*meaning as usize] && !has(&other.known, *meaning))
    }

    /// Whether what one name has and the other has not are opposites.
    fn are_opposed(&self, one: &Sketch, other: &Sketch) -> bool {
        let own = |a: &Sketch, b: &Sketch| -> Vec<u32> {
            a.name.iter().map(|(term, _)| *term).filter(|term| !has(&b.name, *term)).collect()
        };
        let (left, right) = (own(one, other), own(other, one));
        left.iter().any(|a| right.iter().any(|b| self.opposites.contains(&(*a, *b))))
    }

    /// What two tools share, in the words of the first; of words of one meaning both are told.
    fn why(&self, one: usize, other: usize) -> String {
        let (a, b) = (&self.sketches[one], &self.sketches[other]);
        let mut both = shared(&a.said, &b.said);
        both.sort_by(|x, y| (y.1 * y.2).total_cmp(&(x.1 * x.2)).then(x.0.cmp(&y.0)));
        let said: Vec<u32> = both.into_iter().take(WORDS_NAMED).map(|(term, ..)| term).collect();
        let named: Vec<u32> = a.name.iter().map(|(term, _)| *term).filter(|term| has(&b.name, *term)).collect();
        let texts = |tool: usize| [self.tools[tool].description.as_str(), self.tools[tool].name.as_str()];
        let [said_a, named_a] = texts(one).map(|text| self.words_of(text));
        let [said_b, named_b] = texts(other).map(|text| self.words_of(text));
        let said = told(&said, &said_a, &said_b);
        let named = told(&named, &named_a, &named_b);
        match (said.is_empty(), named.is_empty()) {
            (false, false) => format!("both descriptions contain: {said}; both names contain {named}"),
            (false, true) => format!("both descriptions contain: {said}"),
            (true, false) => format!("both names contain {named}"),
            (true, true) => "no common words".to_owned(),
        }
    }

    /// The first word of a text for each of its meanings.
    fn words_of(&self, text: &str) -> HashMap<u32, String> {
        let mut found = HashMap::new();
        for word in words(text).into_iter().filter(|word| !is_stop_word(word)) {
            if let Some(meaning) = self.vocabulary.meaning(&word) {
                found.entry(meaning).or_insert(word);
            }
        }
        found
    }
}

/// How much the codes of two tools are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
enum CodeLikeness {
    /// Neither has code that can be compared, or nobody looked.
    Unknown,
    /// One has.
    OneSided,
    /// The share that is the same; 1 where all code is.
    Share(f64),
}

impl CodeLikeness {
    fn is_same(self) -> bool {
        matches!(self, CodeLikeness::Share(share) if share >= NEAR)
    }
}

/// The likeness by code where it is the same; else by words, below [`NEAR`] where the code is other code.
fn judged(said: f64, written: CodeLikeness) -> f64 {
    match written {
        CodeLikeness::Share(share) if written.is_same() => share,
        CodeLikeness::Share(_) | CodeLikeness::OneSided => said.min(OTHER_CODE),
        CodeLikeness::Unknown => said,
    }
}

/// Which tools have a description that several tools have word for word, in the order of the list.
fn shared_descriptions(tools: &[Arc<Tool>]) -> Vec<bool> {
    let mut having: HashMap<&str, HashSet<Digest>> = HashMap::new();
    for tool in tools {
        having.entry(tool.description.trim()).or_default().insert(tool.digest);
    }
    let is_shared = |text: &str| having[text].len() >= BOILERPLATE || is_of_code(text);
    tools.iter().map(|tool| is_shared(tool.description.trim())).collect()
}

/// Words for terms: one where both texts have the same, else both; terms that one of them lacks are left out.
fn told(terms: &[u32], one: &HashMap<u32, String>, other: &HashMap<u32, String>) -> String {
    let word = |term: &u32| {
        let (a, b) = (one.get(term)?, other.get(term)?);
        let same = stem(a) == stem(b);
        Some(if same { a.clone() } else { format!("{a}/{b}") })
    };
    terms.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

/// What a tool says, what it speaks of at all, and its name: meanings with the weight of the weightiest place that each
/// stands in.
fn weighed(said: &ToolTerms, vocabulary: &Vocabulary, is_shared: bool) -> [Vec<Weighed>; 3] {
    let counts = |term: &&u32| !vocabulary.is_letter[**term as usize];
    let meaning = |term: &u32| vocabulary.meanings[*term as usize];
    let at = |weight: f64| move |term: &u32| (meaning(term), weight);
    let first = said.first.iter().filter(counts).map(at(FIRST));
    let later = said.later.iter().filter(counts).map(at(LATER));
    let most = if is_shared { 0 } else { MOST_WORDS };
    let description: Vec<Weighed> = first.chain(later).take(most).collect();
    let names = || said.name.iter().chain(&said.title).filter(counts);
    let tags = said.tags.iter().chain(&said.keywords).filter(counts).map(at(TAG));
    let known: Vec<Weighed> = description.iter().copied().chain(tags).chain(names().map(at(NAME))).collect();
    [description, known, names().map(at(1.0)).collect()].map(weightiest)
}

/// Each meaning once, ascending, with its greatest weight.
fn weightiest(mut list: Vec<Weighed>) -> Vec<Weighed> {
    list.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    list.dedup_by_key(|(meaning, _)| *meaning);
    list
}

impl Sketch {
    fn of(lists: [Vec<Weighed>; 3], worth: &[f64], direction: Direction) -> Sketch {
        let [said, known, name] = lists.map(|list| -> Vec<Weighed> {
            list.into_iter().map(|(term, weight)| (term, weight * worth[term as usize])).collect()
        });
        Sketch {
            norm: said.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt(),
            sum: said.iter().map(|(_, weight)| weight).sum(),
            name_sum: name.iter().map(|(_, weight)| weight).sum(),
            said,
            name,
            known,
            direction,
        }
    }

    /// The share of its name that a list does not have.
    fn unnamed_in(&self, list: &[Weighed]) -> f64 {
        let missing: f64 = self.name.iter().filter(|(term, _)| !has(list, *term)).map(|(_, weight)| weight).sum();
        ratio(missing, self.name_sum)
    }
}

/// The odds as a likeness: [`NEAR`] where they turn, towards 1 and 0 on either side.
fn scaled(odds: f64) -> f64 {
    if odds >= 0.0 { NEAR + (0.99 - NEAR) * (1.0 - (-odds).exp()) } else { NEAR * (odds * 0.6).exp() }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn has(list: &[Weighed], term: u32) -> bool {
    list.binary_search_by_key(&term, |(known, _)| *known).is_ok()
}

/// The terms that both lists have, with the weight in each.
fn shared(one: &[Weighed], other: &[Weighed]) -> Vec<(u32, f64, f64)> {
    let weight = |term: u32| other.binary_search_by_key(&term, |(known, _)| *known).ok().map(|at| other[at].1);
    one.iter().filter_map(|(term, own)| Some((*term, *own, weight(*term)?))).collect()
}

/// The part of an ascending list that lies around a place; all of a short one.
fn near(list: &[u32], place: usize) -> &[u32] {
    let at = list.partition_point(|tool| (*tool as usize) < place);
    let from = at.saturating_sub(MOST_SHARING / 2).min(list.len().saturating_sub(MOST_SHARING));
    &list[from..(from + MOST_SHARING).min(list.len())]
}

fn opposites(vocabulary: &Vocabulary) -> HashSet<(u32, u32)> {
    let number = |meaning: &String| vocabulary.numbers.get(meaning.as_str()).copied();
    let pairs = meanings().opposites().iter().filter_map(|(one, other)| Some((number(one)?, number(other)?)));
    pairs.flat_map(|(one, other)| [(one, other), (other, one)]).collect()
}
