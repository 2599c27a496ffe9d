//! Which tools of a library do nearly the same, by what they say of themselves.
//!
//! Two tools are compared by five measures: how much their descriptions say the same (a cosine, and how far the
//! shorter one is contained in the other), how far one name stands in the other, whether each name has something that
//! the other tool does not speak of at all (`create_behave_spec`, `create_locust_spec`), and whether the names are
//! opposites (`tcp_client`, `tcp_server`). A word counts by its rarity in the library. The weights were fitted on 80
//! labelled pairs: 40 real ones (`tests/labelled/likeness.toml`) and the 40 of the check of duplicates; the scale is
//! chosen so that [`NEAR`] is where the odds turn. So the precision and recall of 0.90 on the real ones is that of a set
//! the fit knew. In ten folds of a prototype precision was 0.86 and recall 0.95, of the real ones alone 0.78 and 0.90,
//! and even that flatters: twelve pairs are of the same tools in both sets.
//!
//! A library is not compared pair by pair: an inverted index names for each tool the few that share its rare words.

mod groups;
#[cfg(test)]
mod tests;
mod wording;

pub use groups::{Closer, Group, Member, Merit, groups};

use crate::domain::Tool;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wording::Wording;

/// From here on two tools are said to do nearly the same.
pub const NEAR: f64 = 0.8;

/// Below that what tools say of themselves speaks against it; between the two it leaves it open.
pub const OPEN: f64 = 0.35;

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
    /// 0 to 1; [`NEAR`] and more is a near duplicate.
    pub likeness: f64,
    /// What they share, one line.
    pub why: String,
}

/// Two tools that are alike, by their positions in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The first.
    pub one: usize,
    /// The second, a later one.
    pub other: usize,
    /// How much, see [`Likeness::likeness`].
    pub likeness: f64,
}

/// A term with its weight.
type Weighed = (u32, f64);

/// What is compared of a tool; lists are ascending by term.
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
}

/// A library that can be asked what is alike in it.
pub struct Library {
    tools: Vec<Arc<Tool>>,
    wording: Wording,
    numbers: HashMap<String, u32>,
    sketches: Vec<Sketch>,
    /// The tools that speak of each term, ascending.
    postings: Vec<Vec<u32>>,
    /// Terms that are opposites of one another.
    opposites: HashSet<(u32, u32)>,
    /// Terms for what is done.
    deeds: HashSet<u32>,
}

impl Library {
    /// Reads what tools say of themselves.
    pub fn of(tools: &[Arc<Tool>]) -> Library {
        let wording = Wording::new();
        let mut numbers = HashMap::new();
        let read: Vec<[Vec<Weighed>; 3]> = tools.iter().map(|tool| read(tool, &wording, &mut numbers)).collect();
        let mut postings: Vec<Vec<u32>> = vec![Vec::new(); numbers.len()];
        for (tool, [_, known, _]) in (0_u32..).zip(&read) {
            for (term, _) in known {
                postings[*term as usize].push(tool);
            }
        }
        let count = tools.len() as f64;
        let mut worth = vec![0.0; numbers.len()];
        for (term, number) in &numbers {
            let rarity = (1.0 + count / postings[*number as usize].len().max(1) as f64).ln();
            worth[*number as usize] = rarity * wording.telling(term);
        }
        let opposites = opposites(&wording, &numbers);
        let deeds = numbers.iter().filter(|(term, _)| wording.is_deed(term)).map(|(_, number)| *number);
        let deeds = deeds.collect();
        let sketches = read.into_iter().map(|lists| Sketch::of(lists, &worth)).collect();
        Library { tools: tools.to_vec(), wording, numbers, sketches, postings, opposites, deeds }
    }

    /// How much two tools of the list are alike.
    pub fn likeness(&self, one: usize, other: usize) -> Likeness {
        Likeness { likeness: scaled(self.odds(one, other)), why: self.why(one, other) }
    }

    /// The odds that one would do for the other: 0 where they turn.
    fn odds(&self, one: usize, other: usize) -> f64 {
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
        let opposed = if self.are_opposed(one, other) { 1.0 } else { 0.0 };
        COSINE * cosine.sqrt()
            + CONTAINED * contained.sqrt()
            + NAMED * named
            + STRANGE * strange
            + OPPOSED * opposed
            + BASE
    }

    /// Every two that are at least so much alike, each once.
    pub fn pairs(&self, least: f64) -> Vec<Pair> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for one in 0..self.sketches.len() {
            for other in self.candidates(one) {
                let (first, second) = (one.min(other), one.max(other));
                if !seen.insert((first, second)) {
                    continue;
                }
                let likeness = scaled(self.odds(first, second));
                if likeness >= least {
                    found.push(Pair { one: first, other: second, likeness });
                }
            }
        }
        found
    }

    /// The tools that share the rare words of one, the most sharing first.
    fn candidates(&self, one: usize) -> Vec<usize> {
        let sketch = &self.sketches[one];
        let mut terms: Vec<Weighed> = sketch.known.clone();
        terms.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut shares: HashMap<u32, f64> = HashMap::new();
        for (term, weight) in terms.into_iter().take(LOOKED_UP) {
            for other in near(&self.postings[term as usize], one) {
                *shares.entry(*other).or_default() += weight;
            }
        }
        shares.remove(&u32::try_from(one).unwrap_or(u32::MAX));
        let mut most: Vec<(u32, f64)> = shares.into_iter().collect();
        most.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        most.into_iter().take(MOST_COMPARED).map(|(other, _)| other as usize).collect()
    }

    /// Whether a name says that something is done of which the other tool does not speak.
    fn has_own_deed(&self, one: &Sketch, other: &Sketch) -> bool {
        one.name.iter().any(|(term, _)| self.deeds.contains(term) && !has(&other.known, *term))
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
            (false, false) => format!("both descriptions say {said}; both names contain {named}"),
            (false, true) => format!("both descriptions say {said}"),
            (true, false) => format!("both names contain {named}"),
            (true, true) => "no common words".to_owned(),
        }
    }

    /// The first word of a text for each of its terms.
    fn words_of(&self, text: &str) -> HashMap<u32, String> {
        let mut words = HashMap::new();
        for (term, word) in self.wording.terms(text) {
            if let Some(number) = self.numbers.get(&term) {
                words.entry(*number).or_insert(word);
            }
        }
        words
    }
}

/// Words for terms: one where both texts have the same, else both; terms that one of them lacks are left out.
fn told(terms: &[u32], one: &HashMap<u32, String>, other: &HashMap<u32, String>) -> String {
    let word = |term: &u32| {
        let (a, b) = (one.get(term)?, other.get(term)?);
        let same = super::terms::stem(a) == super::terms::stem(b);
        Some(if same { a.clone() } else { format!("{a}/{b}") })
    };
    terms.iter().filter_map(word).collect::<Vec<_>>().join(", ")
}

/// What a tool says, what it speaks of at all, and its name, in numbers of terms; new terms get the next number.
fn read(tool: &Tool, wording: &Wording, numbers: &mut HashMap<String, u32>) -> [Vec<Weighed>; 3] {
    let said = wording.said(&tool.description);
    let mut names = wording.terms(tool.name.as_str());
    names.extend(tool.title.iter().flat_map(|title| wording.terms(title)));
    let tags = tool.tags.iter().chain(&tool.keywords).map(String::as_str);
    let known = wording.speaks_of(&said, tags, &names);
    let name: HashMap<String, f64> = names.into_iter().map(|(term, _)| (term, 1.0)).collect();
    [said, known, name].map(|weights| {
        let mut list: Vec<(String, f64)> = weights.into_iter().collect();
        // In the order of the alphabet, so that numbers do not depend on chance.
        list.sort_by(|a, b| a.0.cmp(&b.0));
        let mut numbered: Vec<Weighed> = Vec::with_capacity(list.len());
        for (term, weight) in list {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            numbered.push((*numbers.entry(term).or_insert(next), weight));
        }
        numbered.sort_by_key(|(term, _)| *term);
        numbered
    })
}

impl Sketch {
    fn of(lists: [Vec<Weighed>; 3], worth: &[f64]) -> Sketch {
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

fn opposites(wording: &Wording, numbers: &HashMap<String, u32>) -> HashSet<(u32, u32)> {
    let mut found = HashSet::new();
    for (one, other) in wording.opposites() {
        if let (Some(one), Some(other)) = (numbers.get(one), numbers.get(other)) {
            found.extend([(*one, *other), (*other, *one)]);
        }
    }
    found
}
