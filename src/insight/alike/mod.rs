//! Which tools of a library do nearly the same, by what they say of themselves.
//!
//! Two tools are compared by five measures: how much their descriptions say the same (a cosine, and how far the
//! shorter one is contained in the other), how far one name stands in the other, whether each name has something that
//! the other tool does not speak of at all (`create_behave_spec`, `create_locust_spec`), and whether the names are
//! opposites (`tcp_client`, `tcp_server`). A word counts by its rarity in the library. The weights were fitted on 80
//! labelled pairs: 40 real ones (`tests/labelled/likeness.toml`) and the 40 of the check of duplicates; the scale is
//! chosen so that [`NEAR`] is where the odds turn.
//!
//! A library is not compared pair by pair: an inverted index names for each tool the few that share its rare words.

mod groups;
#[cfg(test)]
mod tests;
mod wording;

pub use groups::{Group, Member, Merit, groups};

use crate::domain::Tool;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use wording::Wording;

/// From here on two tools are said to do nearly the same.
pub const NEAR: f64 = 0.8;

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
    /// How much.
    pub likeness: Likeness,
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
    sketches: Vec<Sketch>,
    /// The tools that speak of each term, ascending.
    postings: Vec<Vec<u32>>,
    /// Each term as somebody wrote it.
    written: Vec<String>,
    /// Terms that are opposites of one another.
    opposites: HashSet<(u32, u32)>,
}

impl Library {
    /// Reads what tools say of themselves.
    pub fn of(tools: &[Arc<Tool>]) -> Library {
        let wording = Wording::new();
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut written: Vec<String> = Vec::new();
        let mut number = |term: &str, word: &str| -> u32 {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(term.to_owned()).or_insert_with(|| {
                written.push(word.to_owned());
                next
            })
        };
        let mut raw = Vec::with_capacity(tools.len());
        for tool in tools {
            let said = wording.said(&tool.description, &mut |term, word| {
                number(term, word);
            });
            let mut names = wording.terms(tool.name.as_str());
            names.extend(tool.title.iter().flat_map(|title| wording.terms(title)));
            let tags = tool.tags.iter().chain(&tool.keywords).map(String::as_str);
            let all = wording.speaks_of(&said, tags, &names);
            names.iter().for_each(|(term, word)| {
                number(term, word);
            });
            let mut numbered = |weights: &HashMap<String, f64>| -> Vec<Weighed> {
                let mut list: Vec<Weighed> =
                    weights.iter().map(|(term, weight)| (number(term, term), *weight)).collect();
                list.sort_by_key(|(term, _)| *term);
                list
            };
            let (said, all) = (numbered(&said), numbered(&all));
            let mut name: Vec<u32> = names.iter().map(|(term, word)| number(term, word)).collect();
            name.sort_unstable();
            name.dedup();
            raw.push((said, all, name));
        }
        let mut postings: Vec<Vec<u32>> = vec![Vec::new(); written.len()];
        for (tool, (_, all, _)) in (0_u32..).zip(&raw) {
            for (term, _) in all {
                postings[*term as usize].push(tool);
            }
        }
        let count = tools.len() as f64;
        let mut worth = vec![0.0; written.len()];
        for (term, number) in &numbers {
            let rarity = (1.0 + count / postings[*number as usize].len().max(1) as f64).ln();
            worth[*number as usize] = rarity * wording.telling(term);
        }
        let opposites = opposites(&wording, &numbers);
        let sketches = raw.into_iter().map(|(said, all, name)| Sketch::of(said, all, name, &worth)).collect();
        Library { sketches, postings, written, opposites }
    }

    /// How much two tools of the list are alike.
    pub fn likeness(&self, one: usize, other: usize) -> Likeness {
        let (one, other) = (&self.sketches[one], &self.sketches[other]);
        let shared = shared(&one.said, &other.said);
        let dot: f64 = shared.iter().map(|(_, a, b)| a * b).sum();
        let common: f64 = shared.iter().map(|(_, a, b)| a.min(*b)).sum();
        let cosine = ratio(dot, one.norm * other.norm);
        let contained = ratio(common, one.sum.min(other.sum));
        let named = 1.0 - one.unnamed_in(&other.name).min(other.unnamed_in(&one.name));
        let strange = one.unnamed_in(&other.known).min(other.unnamed_in(&one.known));
        let opposed = if self.are_opposed(one, other) { 1.0 } else { 0.0 };
        let odds = COSINE * cosine.sqrt()
            + CONTAINED * contained.sqrt()
            + NAMED * named
            + STRANGE * strange
            + OPPOSED * opposed
            + BASE;
        Likeness { likeness: scaled(odds), why: self.why(one, other, shared) }
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
                let likeness = self.likeness(first, second);
                if likeness.likeness >= least {
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

    /// Whether what one name has and the other has not are opposites.
    fn are_opposed(&self, one: &Sketch, other: &Sketch) -> bool {
        let own = |a: &Sketch, b: &Sketch| -> Vec<u32> {
            a.name.iter().map(|(term, _)| *term).filter(|term| !has(&b.name, *term)).collect()
        };
        let (left, right) = (own(one, other), own(other, one));
        left.iter().any(|a| right.iter().any(|b| self.opposites.contains(&(*a, *b))))
    }

    fn why(&self, one: &Sketch, other: &Sketch, mut shared: Vec<(u32, f64, f64)>) -> String {
        shared.sort_by(|a, b| (b.1 * b.2).total_cmp(&(a.1 * a.2)).then(a.0.cmp(&b.0)));
        let words: Vec<&str> =
            shared.iter().take(WORDS_NAMED).map(|(term, ..)| self.written[*term as usize].as_str()).collect();
        let in_names = one.name.iter().filter(|(term, _)| has(&other.name, *term));
        let names: Vec<&str> = in_names.map(|(term, _)| self.written[*term as usize].as_str()).collect();
        match (words.is_empty(), names.is_empty()) {
            (false, false) => format!("both say {}; both names have {}", words.join(", "), names.join(", ")),
            (false, true) => format!("both say {}", words.join(", ")),
            (true, false) => format!("both names have {}", names.join(", ")),
            (true, true) => "nothing".to_owned(),
        }
    }
}

impl Sketch {
    fn of(said: Vec<Weighed>, known: Vec<Weighed>, name: Vec<u32>, worth: &[f64]) -> Sketch {
        let weighed = |list: Vec<Weighed>| -> Vec<Weighed> {
            list.into_iter().map(|(term, weight)| (term, weight * worth[term as usize])).collect()
        };
        let (said, known) = (weighed(said), weighed(known));
        let name: Vec<Weighed> = name.into_iter().map(|term| (term, worth[term as usize])).collect();
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
