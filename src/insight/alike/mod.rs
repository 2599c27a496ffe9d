//! Measures whether tools do nearly the same, by their texts and, if that is not conclusive, by their code.
//!
//! Two tools are compared by five measures: how similar their descriptions are (a cosine, and how far the shorter one
//! is contained in the other), how far one name is contained in the other, whether each name has something that the
//! other tool does not mention at all (`create_behave_spec`, `create_locust_spec`), and whether the names are opposites
//! (`tcp_client`, `tcp_server`). A word is weighted by its rarity among the tools in use. The weights were fitted on 80
//! labelled pairs: 40 real ones (`tests/labelled/likeness.toml`) and the 40 of the check of duplicates; the scale puts
//! [`NEAR`] at even odds. Precision and recall on the real pairs are 0.90, but the fit knew these pairs. On 20 pairs
//! that no fit knew (`held_out` in the same file), precision is 0.78 and recall 0.70 among the real tools, and 0.83 and
//! 0.50 among themselves: with fewer tools, the measure is more careful.
//!
//! If the code of both can be compared, the code decides, without its own names ([`CodeFingerprint`]). Nearly the same
//! code is the same tool, whatever the texts say. Different code is another tool, at most a similar one, because texts
//! of tools for the same app are nearly the same. A description that several tools share word for word has no weight.
//!
//! A library is not compared pair by pair: for each tool, an inverted index finds the few that share its rare words,
//! and [`crate::domain::CodeSketch`] finds those that may share its code. A single tool is compared with everything
//! that shares a word with it.

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

/// Two tools with at least this similarity do nearly the same, in `similar`, the check of duplicates, and upkeep.
pub const NEAR: f64 = 0.8;

/// Less similar tools are not shown.
pub const OPEN: f64 = 0.35;

/// Below this similarity of texts, code is compared only if the code sketches are similar.
const DOUBTED: f64 = 0.2;

/// Maximum similarity of two tools with different code.
const OTHER_CODE: f64 = 0.79;

/// Number of equal sketch numbers that indicates similar code.
const SKETCHES_ALIKE: usize = 3;

/// Maximum number of tools with the same sketch number: a more common number does not indicate a copy.
const MOST_OF_NUMBER: usize = 300;

/// Maximum number of tools whose code is compared with one tool: the most similar by text, and the most similar by
/// sketch.
pub const MOST_READ: usize = 20;

/// A description that this many tools share word for word has no weight.
const BOILERPLATE: usize = 3;

/// Maximum number of words of a description that count; later ones are minor details.
const MOST_WORDS: usize = 45;

/// Weight of a word in the first sentence, in a later one, in a tag, and in the name.
const FIRST: f64 = 1.0;
const LATER: f64 = 0.4;
const TAG: f64 = 0.8;
const NAME: f64 = 1.4;

/// Number of words of a tool that are looked up, those with the greatest weight.
const LOOKED_UP: usize = 8;

/// Maximum number of tools per word; for a more common word, the neighbours by name are used. This limits the work for
/// a library of any size.
const MOST_SHARING: usize = 200;

/// Maximum number of tools with which one tool is compared completely.
const MOST_COMPARED: usize = 40;

/// Maximum number of common words that are named.
const WORDS_NAMED: usize = 4;

/// The weights of the measures; see the module.
const COSINE: f64 = 2.0;
const CONTAINED: f64 = 1.2;
const NAMED: f64 = 1.0;
const STRANGE: f64 = -4.0;
const OPPOSED: f64 = -3.4;
const BASE: f64 = -1.8;

/// Minimum strangeness of two names that each contain an action which the other tool does not mention.
const OTHER_DEEDS: f64 = 0.6;

/// The similarity of two tools.
#[derive(Debug, Clone, PartialEq)]
pub struct Likeness {
    /// 0 to 1, in whole hundredths, because the measure is not more precise. A near duplicate has at least [`NEAR`].
    pub likeness: f64,
    /// What they have in common, one line.
    pub why: String,
    /// Whether their code is nearly the same, too.
    pub same_code: bool,
}

impl Likeness {
    /// The similarity of two tools with the same files.
    pub fn copy() -> Likeness {
        Likeness { likeness: 1.0, why: "all files are identical".to_owned(), same_code: true }
    }

    /// Whether one can replace the other.
    pub fn is_near(&self) -> bool {
        self.likeness >= NEAR
    }
}

/// A tool that resembles another.
#[derive(Debug, Clone, PartialEq)]
pub struct Resembling {
    /// Its position in the list.
    pub tool: usize,
    /// The similarity of the two.
    pub likeness: Likeness,
    /// Whether all files are the same.
    pub is_copy: bool,
}

/// Two tools with similar texts, by their positions in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarTexts {
    /// Position of the first tool.
    pub one: usize,
    /// Position of the second tool, after the first.
    pub other: usize,
    /// The similarity of their texts, not rounded; see [`Likeness::likeness`].
    pub said: f64,
}

/// Reads the code of a tool, by its position in the list; `None` when there is too little, or it cannot be read. Called
/// only if the texts of two tools are not conclusive. The callee may cache the code.
pub type CodeOf<'a> = &'a mut dyn FnMut(usize) -> Option<Arc<CodeFingerprint>>;

/// A meaning with its weight.
type Weighed = (u32, f64);

/// The comparable data of a tool; lists are ascending by meaning.
struct Sketch {
    /// The meanings in its description.
    said: Vec<Weighed>,
    /// Vector length of the description, and the sum of its weights.
    norm: f64,
    sum: f64,
    /// The meanings in its names, weighted by rarity.
    name: Vec<Weighed>,
    name_sum: f64,
    /// All meanings in its texts.
    known: Vec<Weighed>,
    /// Its direction, by its names and its first sentence.
    direction: Direction,
}

/// Finds similar tools in a list.
pub struct Resemblance {
    tools: Vec<Arc<Tool>>,
    vocabulary: Vocabulary,
    sketches: Vec<Sketch>,
    /// The tools with each meaning, ascending.
    postings: Vec<Vec<u32>>,
    /// Pairs of meanings that are opposites.
    opposites: HashSet<(u32, u32)>,
    /// Whether a meaning is an action.
    is_deed: Vec<bool>,
}

impl Resemblance {
    /// Reads and weighs the texts of these tools; compares nothing yet.
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

    /// The similarity of two tools of the list, the same figure everywhere.
    pub fn likeness(&self, one: usize, other: usize, code: CodeOf<'_>) -> Likeness {
        let said = self.said(one, other);
        self.told(one, other, said, self.written(one, other, said, code))
    }

    /// The similarity of the texts of two tools, 0 to 1.
    fn said(&self, one: usize, other: usize) -> f64 {
        scaled(self.odds(one, other))
    }

    /// The similarity and its explanation, from the similarity of texts and code.
    fn told(&self, one: usize, other: usize, said: f64, written: CodeLikeness) -> Likeness {
        let mut why = self.why(one, other);
        if written == CodeLikeness::Share(1.0) {
            why = format!("{why}; all code is the same");
        } else if let CodeLikeness::Share(share) = written {
            why = format!("{why}; code {} similar", percent(share));
        }
        Likeness { likeness: (judged(said, written) * 100.0).floor() / 100.0, why, same_code: written.is_same() }
    }

    /// The similarity of the code of two tools. Not computed if both texts and sketches differ.
    fn written(&self, one: usize, other: usize, said: f64, code: CodeOf<'_>) -> CodeLikeness {
        if said < DOUBTED && self.sketches_shared(one, other) < SKETCHES_ALIKE {
            return CodeLikeness::Unknown;
        }
        match (code(one), code(other)) {
            // Code with renamed names is not identical, so it stays below 1. Tools with opposite names may differ in
            // one operator only.
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

    /// Whether the names of two tools are opposites.
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

    /// The tools that are similar to one of the list, the most similar first: at most `limit`, none below `least`.
    /// Includes copies, but no other versions of its name, because a review shows their difference.
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
        // Two tools with the same name count only if their code is nearly the same.
        found.retain(|(other, said, written)| {
            judged(*said, *written) >= least && (written.is_same() || self.tools[*other].name != own.name)
        });
        found.sort_by(|a, b| judged(b.1, b.2).total_cmp(&judged(a.1, a.2)).then_with(|| by_path(a.0, b.0)));
        // The tools of a server have the same files.
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

    /// The tools that share a word or much of the sketch with one, ascending.
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

    /// The log odds that one can replace the other; 0 means even odds.
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
        // Names have little weight for the action, but a tool that merges does not rename, whatever else they share.
        let other_deeds = self.has_own_deed(one, other) && self.has_own_deed(other, one);
        let strange = if other_deeds { strange.max(OTHER_DEEDS) } else { strange };
        COSINE * cosine.sqrt()
            + CONTAINED * contained.sqrt()
            + NAMED * named
            + STRANGE * strange
            + OPPOSED * opposed
            + BASE
    }

    /// All pairs of tools in use whose texts have at least this similarity, or whose code may be the same.
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

    /// All pairs of tools in use with similar sketches, in ascending order within a pair.
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

    /// The tools that share the rare words of one, the most sharing first. `shares` contains only zeros before and
    /// after the call.
    fn candidates(&self, one: usize, postings: &[Vec<u32>], shares: &mut [f64]) -> Vec<usize> {
        let mut rare: Vec<Weighed> = self.sketches[one].known.clone();
        rare.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut touched: Vec<usize> = Vec::new();
        for (meaning, weight) in rare.into_iter().take(LOOKED_UP) {
            for other in near(&postings[meaning as usize], one).iter().map(|other| *other as usize) {
                if shares[other] == 0.0 {
                    touched.push(other);
                }
                // A word without weight in this library still makes its tools candidates.
                shares[other] += weight.max(f64::MIN_POSITIVE);
            }
        }
        let mut most: Vec<(usize, f64)> =
            touched.into_iter().map(|other| (other, std::mem::take(&mut shares[other]))).collect();
        most.retain(|(other, _)| *other != one);
        most.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        most.into_iter().take(MOST_COMPARED).map(|(other, _)| other).collect()
    }

    /// Whether a name contains an action that the other tool does not mention.
    fn has_own_deed(&self, one: &Sketch, other: &Sketch) -> bool {
        one.name.iter().any(|(meaning, _)| self.is_deed[*meaning as usize] && !has(&other.known, *meaning))
    }

    /// Whether the differences between two names are opposites.
    fn are_opposed(&self, one: &Sketch, other: &Sketch) -> bool {
        let own = |a: &Sketch, b: &Sketch| -> Vec<u32> {
            a.name.iter().map(|(term, _)| *term).filter(|term| !has(&b.name, *term)).collect()
        };
        let (left, right) = (own(one, other), own(other, one));
        left.iter().any(|a| right.iter().any(|b| self.opposites.contains(&(*a, *b))))
    }

    /// What two tools have in common, in the words of the first; for different words with the same meaning, both words.
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

/// The similarity of the code of two tools.
#[derive(Debug, Clone, Copy, PartialEq)]
enum CodeLikeness {
    /// Neither has comparable code, or it was not compared.
    Unknown,
    /// Only one has comparable code.
    OneSided,
    /// The share of equal code; 1 if all code is equal.
    Share(f64),
}

impl CodeLikeness {
    fn is_same(self) -> bool {
        matches!(self, CodeLikeness::Share(share) if share >= NEAR)
    }
}

/// The similarity by code if the code is nearly the same; otherwise by text, limited below [`NEAR`] if the code
/// differs.
fn judged(said: f64, written: CodeLikeness) -> f64 {
    match written {
        CodeLikeness::Share(share) if written.is_same() => share,
        CodeLikeness::Share(_) | CodeLikeness::OneSided => said.min(OTHER_CODE),
        CodeLikeness::Unknown => said,
    }
}

/// Whether each tool has a description that several tools share word for word, in the order of the list.
fn shared_descriptions(tools: &[Arc<Tool>]) -> Vec<bool> {
    let mut having: HashMap<&str, HashSet<Digest>> = HashMap::new();
    for tool in tools {
        having.entry(tool.description.trim()).or_default().insert(tool.digest);
    }
    let is_shared = |text: &str| having[text].len() >= BOILERPLATE || is_of_code(text);
    tools.iter().map(|tool| is_shared(tool.description.trim())).collect()
}

/// Words for terms: one word if both texts have the same, otherwise both; terms that one of them lacks are left out.
fn told(terms: &[u32], one: &HashMap<u32, String>, other: &HashMap<u32, String>) -> String {
    let word = |term: &u32| {
        let (a, b) = (one.get(term)?, other.get(term)?);
        let same = stem(a) == stem(b);
        Some(if same { a.clone() } else { format!("{a}/{b}") })
    };
    terms.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

/// The meanings in a tool's description, in all its texts, and in its name, each with the greatest weight of its
/// places.
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

    /// The weighted share of its name that is missing in a list.
    fn unnamed_in(&self, list: &[Weighed]) -> f64 {
        let missing: f64 = self.name.iter().filter(|(term, _)| !has(list, *term)).map(|(_, weight)| weight).sum();
        ratio(missing, self.name_sum)
    }
}

/// Log odds as a similarity: [`NEAR`] at even odds, approaching 1 and 0 on either side.
fn scaled(odds: f64) -> f64 {
    if odds >= 0.0 { NEAR + (0.99 - NEAR) * (1.0 - (-odds).exp()) } else { NEAR * (odds * 0.6).exp() }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { (part / whole).clamp(0.0, 1.0) } else { 0.0 }
}

fn has(list: &[Weighed], term: u32) -> bool {
    list.binary_search_by_key(&term, |(known, _)| *known).is_ok()
}

/// The terms in both lists, with the weight in each.
fn shared(one: &[Weighed], other: &[Weighed]) -> Vec<(u32, f64, f64)> {
    let weight = |term: u32| other.binary_search_by_key(&term, |(known, _)| *known).ok().map(|at| other[at].1);
    one.iter().filter_map(|(term, own)| Some((*term, *own, weight(*term)?))).collect()
}

/// The part of an ascending list around a position; the whole list if it is short.
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
