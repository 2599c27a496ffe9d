//! Search: BM25F over the texts of tools, without a network or a model.
//!
//! Each word of a question is looked up in the fields of a tool. A word in the name counts more than one in the
//! description, and a rare word counts more than a common one. Words are stemmed ([`super::terms`]), names are split at
//! `_` and at case changes, and related words ([`super::meanings`], [`super::associations`]) match with a lower weight.
//! Common words of English ("put", "back") count less than others.
//!
//! After Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields" (CIKM 2004): occurrences
//! are weighted by field and by the length of the field before they saturate. The sum is divided by the maximum for the
//! question, so that similarities are comparable between questions: the share of the question, weighted by rarity, that
//! the tool covers.

use super::alike::goes_back;
use super::associations::associations;
use super::meanings::meanings;
use super::terms::{is_stop_word, stem, words};
use super::vocabulary::{ToolTerms, Vocabulary};
use crate::domain::Tool;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Saturation: how fast further occurrences stop counting.
const K1: f32 = 1.2;

/// Weight of a match by a related word, by a nearly equal word, and by two joined words.
const RELATED: f32 = 0.6;
const NEARLY: f32 = 0.6;
const JOINED: f32 = 0.9;

/// How much of its rarity a common word of English counts.
const WEAK: f32 = 0.5;

/// Maximum number of terms that match one word.
const MOST_NEAR: usize = 64;
/// Minimum length of a word that may match a longer one, or one with a wrong letter.
const SHORTEST_NEAR: usize = 4;

/// The fields of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToolField {
    /// Name, display name, aliases.
    Name,
    /// One of the tags.
    Tags,
    /// One of the extra search words.
    Keywords,
    /// A sentence on when to use it.
    Uses,
    /// One of the stated capabilities.
    Capabilities,
    /// Name of the category.
    Category,
    /// Text of the description.
    Description,
    /// Folders, inputs, and the header of the script.
    Other,
}

/// How many fields there are.
const FIELDS: usize = 8;

impl ToolField {
    const ALL: [ToolField; FIELDS] = [
        ToolField::Name,
        ToolField::Tags,
        ToolField::Keywords,
        ToolField::Uses,
        ToolField::Capabilities,
        ToolField::Category,
        ToolField::Description,
        ToolField::Other,
    ];

    /// The name of the field for users.
    pub const fn word(self) -> &'static str {
        match self {
            ToolField::Name => "name",
            ToolField::Tags => "tags",
            ToolField::Keywords => "keywords",
            ToolField::Uses => "uses",
            ToolField::Capabilities => "capabilities",
            ToolField::Category => "category",
            ToolField::Description => "description",
            ToolField::Other => "inputs, header or folder",
        }
    }

    /// The weight of an occurrence in this field.
    const fn weight(self) -> f32 {
        match self {
            ToolField::Name => 4.0,
            ToolField::Tags | ToolField::Keywords => 2.5,
            ToolField::Uses | ToolField::Capabilities => 2.0,
            ToolField::Category => 0.7,
            ToolField::Description => 1.5,
            ToolField::Other => 1.0,
        }
    }

    /// How strongly the length of the field counts, 0 to 1.
    const fn by_length(self) -> f32 {
        match self {
            ToolField::Name => 0.4,
            ToolField::Tags | ToolField::Keywords | ToolField::Uses | ToolField::Capabilities | ToolField::Category => {
                0.3
            }
            ToolField::Description => 0.6,
            ToolField::Other => 0.7,
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A word of a question that was found in a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWord {
    /// The word in the question.
    pub word: String,
    /// Fields of the tool that contain the word.
    pub places: Vec<ToolField>,
    /// The word that was found instead; `None` if the word itself was found, in any form.
    pub instead: Option<String>,
}

/// A tool that matches a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Relevant {
    /// Position in the list that the index was made of.
    pub position: usize,
    /// The share of the question that it covers, above 0 and up to 1.
    pub similarity: f64,
    /// The words of the question that were found.
    pub found: Vec<FoundWord>,
}

/// Factor for the similarity of a tool in the opposite direction: from JSON to YAML if the reverse is asked for.
const OTHER_WAY: f64 = 0.6;

impl Relevant {
    /// Lowers the similarity of a tool that converts in the opposite direction of the question.
    #[must_use]
    pub fn by_direction(mut self, asked: &str, tool: &Tool) -> Relevant {
        if goes_back(asked, tool) {
            self.similarity *= OTHER_WAY;
        }
        self
    }
}

/// The weighted frequency of a term in a tool, and its fields.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct TermPosting {
    tool: u32,
    weight: f32,
    places: u8,
}

/// The search index of a catalog.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Relevance {
    /// The number of each term.
    numbers: HashMap<Box<str>, u32>,
    /// The occurrences of each term, tools in ascending order.
    postings: Vec<Vec<TermPosting>>,
    /// The terms of each name, ascending, for a question that consists only of a name.
    names: Vec<Vec<u32>>,
}

/// A word of a question, with its alternatives.
struct Concept {
    word: String,
    term: String,
    variants: Vec<(String, f32)>,
    rarity: f32,
}

/// The terms of each field of a tool, in the order of the fields.
fn fields(said: ToolTerms) -> [Vec<u32>; FIELDS] {
    let mut name = said.name;
    for other in said.title.into_iter().chain(said.aliases).chain(said.parts) {
        if !name.contains(&other) {
            name.push(other);
        }
    }
    let mut description = said.first;
    description.extend(said.later);
    description.extend(said.joined);
    [name, said.tags, said.keywords, said.uses, said.capabilities, said.category, description, said.other]
}

impl Relevance {
    /// Makes the index of a list of tools.
    pub fn new(tools: &[Arc<Tool>]) -> Relevance {
        let (vocabulary, said) = Vocabulary::of(tools);
        // A question that consists only of a name does not name its parts.
        let whole =
            |said: &ToolTerms| ascending(said.name.iter().chain(&said.title).chain(&said.aliases).copied().collect());
        let whole_names = said.iter().map(whole).collect();
        let fields: Vec<[Vec<u32>; FIELDS]> = said.into_iter().map(fields).collect();
        let count = fields.len().max(1) as f32;
        let length = |place: usize| fields.iter().map(|of| of[place].len()).sum::<usize>() as f32;
        let average: [f32; FIELDS] = std::array::from_fn(|place| (length(place) / count).max(1.0));
        let mut postings = vec![Vec::new(); vocabulary.meanings.len()];
        for (tool, of) in (0..).zip(&fields) {
            post(&mut postings, tool, of, &average);
        }
        postings.iter_mut().for_each(Vec::shrink_to_fit);
        let names = whole_names;
        Relevance { numbers: vocabulary.numbers, postings, names }
    }

    /// Number of tools in the index.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    fn postings(&self, term: &str) -> &[TermPosting] {
        let found = self.numbers.get(term).and_then(|number| self.postings.get(*number as usize));
        found.map_or(&[], Vec::as_slice)
    }

    /// The tools that match a question, best first, at most `limit`; equal ones in the order of the list.
    pub fn query(&self, question: &str, limit: usize) -> Vec<Relevant> {
        self.query_by(question, limit, |_| Some(()))
    }

    /// [`Relevance::query`] for tools to which `class` assigns a class, by position; lower classes come first. Only
    /// returned tools get explanations.
    pub fn query_by<C: Ord>(&self, question: &str, limit: usize, class: impl Fn(usize) -> Option<C>) -> Vec<Relevant> {
        let concepts = self.concepts(question);
        let most: f32 = concepts.iter().map(|concept| concept.rarity).sum();
        if most <= 0.0 {
            return Vec::new();
        }
        let mut sums = vec![0.0_f32; self.names.len()];
        let mut best = vec![0.0_f32; self.names.len()];
        for concept in &concepts {
            let mut touched = Vec::new();
            for (term, worth) in &concept.variants {
                for posting in self.postings(term) {
                    let value = worth * posting.weight / (K1 + posting.weight);
                    let place = &mut best[posting.tool as usize];
                    if *place == 0.0 {
                        touched.push(posting.tool);
                    }
                    *place = place.max(value);
                }
            }
            for tool in touched {
                let tool = tool as usize;
                sums[tool] += concept.rarity * std::mem::take(&mut best[tool]);
            }
        }
        let found = sums.iter().map(|sum| sum / most).enumerate().filter(|(_, similarity)| *similarity > 0.0);
        let mut hits: Vec<(C, usize, f32)> =
            found.filter_map(|(position, similarity)| Some((class(position)?, position, similarity))).collect();
        let asked =
            ascending(concepts.iter().filter_map(|concept| self.numbers.get(&*concept.term).copied()).collect());
        for (_, position, similarity) in &mut hits {
            if asked.len() == concepts.len() && self.names[*position] == asked {
                *similarity = 1.0;
            }
        }
        let order = |one: &(C, usize, f32), other: &(C, usize, f32)| {
            one.0.cmp(&other.0).then(other.2.total_cmp(&one.2)).then(one.1.cmp(&other.1))
        };
        hits.sort_unstable_by(order);
        hits.truncate(limit);
        hits.into_iter().map(|(_, position, similarity)| self.explained(position, similarity, &concepts)).collect()
    }

    fn explained(&self, position: usize, similarity: f32, concepts: &[Concept]) -> Relevant {
        let found = concepts.iter().filter_map(|concept| self.found(position, concept)).collect();
        Relevant { position, similarity: f64::from(similarity).min(1.0), found }
    }

    fn found(&self, position: usize, concept: &Concept) -> Option<FoundWord> {
        let value = |(term, worth): &(String, f32)| {
            let postings = self.postings(term);
            let at = postings.binary_search_by_key(&position, |posting| posting.tool as usize).ok()?;
            let posting = postings[at];
            Some((worth * posting.weight / (K1 + posting.weight), term.clone(), posting.places))
        };
        // The word itself is reported if the tool has it, even if an alternative counted more.
        let own = concept.variants.iter().filter(|(term, _)| *term == concept.term).find_map(value);
        let best =
            own.or_else(|| concept.variants.iter().filter_map(value).max_by(|one, other| one.0.total_cmp(&other.0)))?;
        let (_, term, places) = best;
        let places = ToolField::ALL.into_iter().filter(|place| places & place.bit() != 0).collect();
        let instead = (term != concept.term).then_some(term);
        Some(FoundWord { word: concept.word.clone(), places, instead })
    }

    /// The significant words of a question, without duplicates, with their alternatives.
    fn concepts(&self, question: &str) -> Vec<Concept> {
        let asked = content_words(question);
        let mut concepts: Vec<Concept> = Vec::new();
        let mut seen = BTreeSet::new();
        for (at, word) in asked.iter().enumerate() {
            let term = stem(word);
            if !seen.insert(term.clone()) {
                continue;
            }
            let mut variants = vec![(term.clone(), 1.0)];
            let others = meanings().related(&term).iter().chain(associations().of(&term));
            variants.extend(others.map(|other| (other.clone(), RELATED)));
            for pair in [at.checked_sub(1).map(|before| (before, at)), Some((at, at + 1))].into_iter().flatten() {
                if let (Some(first), Some(second)) = (asked.get(pair.0), asked.get(pair.1)) {
                    variants.push((stem(&format!("{first}{second}")), JOINED));
                }
            }
            if self.postings(&term).is_empty() {
                variants.extend(self.near(&term).into_iter().map(|near| (near, NEARLY)));
            }
            variants.retain(|(term, _)| !self.postings(term).is_empty());
            let worth = if associations().is_weak(&term) { WEAK } else { 1.0 };
            let rarity = worth * self.rarity_of(&term, &variants);
            concepts.push(Concept { word: word.clone(), term, variants, rarity });
        }
        concepts
    }

    /// Terms that share a beginning with a word that no tool has, or differ from it in one letter. Limited to those
    /// closest in length; otherwise, a common beginning would cost many look-ups in each of thousands of tools.
    fn near(&self, term: &str) -> Vec<String> {
        if term.len() < SHORTEST_NEAR {
            return Vec::new();
        }
        let begins = |known: &str| known.len() >= SHORTEST_NEAR && (known.starts_with(term) || term.starts_with(known));
        let is_near = |known: &str| begins(known) || (term.len() > SHORTEST_NEAR && is_one_off(known, term));
        let mut near: Vec<String> =
            self.numbers.keys().filter(|known| is_near(known)).map(ToString::to_string).collect();
        near.sort_by(|one, other| {
            let far = |known: &str| known.len().abs_diff(term.len());
            far(one).cmp(&far(other)).then_with(|| one.cmp(other))
        });
        near.truncate(MOST_NEAR);
        near
    }

    /// The weight of a word by its rarity: the rarer, the greater. A word that no tool has weighs as much as one that a
    /// single tool has.
    fn rarity_of(&self, term: &str, variants: &[(String, f32)]) -> f32 {
        let tools = self.names.len() as f32;
        let idf = |term: &str| {
            let having = self.postings(term).len().max(1) as f32;
            (1.0 + (tools - having + 0.5) / (having + 0.5)).ln()
        };
        if !self.postings(term).is_empty() {
            return idf(term);
        }
        variants.iter().map(|(term, _)| idf(term)).reduce(f32::max).unwrap_or_else(|| idf(term))
    }
}

/// The significant words of a question; all words if none is significant.
fn content_words(question: &str) -> Vec<String> {
    let all = words(question);
    let telling: Vec<String> = all.iter().filter(|word| !is_stop_word(word)).cloned().collect();
    if telling.is_empty() { all } else { telling }
}

/// Adds the occurrences of the terms of a tool.
fn post(postings: &mut [Vec<TermPosting>], tool: u32, fields: &[Vec<u32>; FIELDS], average: &[f32; FIELDS]) {
    let mut weights: Vec<(u32, f32, u8)> = Vec::new();
    for ((place, terms), average) in ToolField::ALL.iter().zip(fields).zip(average) {
        let by_length = 1.0 - place.by_length() + place.by_length() * terms.len() as f32 / average;
        for term in terms {
            weights.push((*term, place.weight() / by_length, place.bit()));
        }
    }
    // A stable sort: the weights of a term are added in the order of the fields.
    weights.sort_by_key(|(term, ..)| *term);
    for of_term in weights.chunk_by(|one, other| one.0 == other.0) {
        let (weight, places) =
            of_term.iter().fold((0.0, 0), |(sum, all), (_, weight, place)| (sum + weight, all | place));
        if let Some(postings) = of_term.first().and_then(|(term, ..)| postings.get_mut(*term as usize)) {
            postings.push(TermPosting { tool, weight, places });
        }
    }
}

/// The numbers in ascending order, without duplicates.
fn ascending(mut numbers: Vec<u32>) -> Vec<u32> {
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Whether two words differ in one letter that is wrong, missing, extra, or swapped with its neighbour.
fn is_one_off(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    if long.len() - short.len() > 1 {
        return false;
    }
    let begin = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short_rest, long_rest) = (&short[begin..], &long[begin..]);
    if short.len() < long.len() {
        return *short_rest == long_rest[1..];
    }
    match (short_rest, long_rest) {
        ([a, b, rest @ ..], [c, d, others @ ..]) if a == d && b == c && rest == others => true,
        ([_, rest @ ..], [_, others @ ..]) => rest == others,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// Made-up tools for this test: name, description, tags.
    const TOOLS: &str = include_str!("../../tests/data/relevance/tools.tsv");
    /// Questions as users would ask them, each with the tools that are correct answers.
    const QUESTIONS: &str = include_str!("../../tests/data/relevance/queries.tsv");

    fn tool(name: &str, description: &str, tags: &[&str]) -> Arc<Tool> {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Arc::new(Tool { description: description.to_owned(), tags, ..Tool::ordinary(name) })
    }

    fn workshop() -> Vec<Arc<Tool>> {
        let rows = TOOLS.lines().map(|line| line.splitn(3, '\t').collect::<Vec<_>>());
        rows.map(|row| tool(row[0], row[1], &row[2].split(',').collect::<Vec<_>>())).collect()
    }

    fn names(tools: &[Arc<Tool>], question: &str) -> Vec<String> {
        let hits = Relevance::new(tools).query(question, 10);
        hits.iter().map(|hit| tools[hit.position].name.to_string()).collect()
    }

    #[test]
    fn a_word_that_begins_the_words_of_every_tool_costs_no_more_than_another() {
        let tools: Vec<Arc<Tool>> =
            (0..300).map(|n| tool(&format!("t{n}"), &format!("zebraxylophone{n}"), &[])).collect();
        let index = Relevance::new(&tools);
        assert_eq!(index.concepts("zebraxylophone")[0].variants.len(), MOST_NEAR);
        assert_eq!(index.query("zebraxylophone", 10).len(), 10);
        assert_eq!(names(&tools, "zebraxylophone77")[0], "t77");
    }

    #[test]
    fn the_right_tool_is_among_the_first_three_for_nine_questions_of_ten() {
        let tools = workshop();
        let index = Relevance::new(&tools);
        let (mut asked, mut missed) = (0, String::new());
        for (question, right) in QUESTIONS.lines().filter_map(|line| line.split_once('\t')) {
            let first = index.query(question, 3);
            let first: Vec<&str> = first.iter().map(|hit| tools[hit.position].name.as_str()).collect();
            asked += 1;
            if !right.split(' ').any(|right| first.contains(&right)) {
                writeln!(missed, "{question}: {first:?}, not {right}").unwrap();
            }
        }
        assert!(asked >= 40);
        assert!(missed.lines().count() * 10 <= asked, "{} of {asked}:\n{missed}", missed.lines().count());
    }

    #[test]
    fn a_word_in_the_name_counts_more_than_one_in_the_description() {
        let tools = [
            tool("one", "works on invoices and letters", &[]),
            tool("two", "works on letters", &["invoice"]),
            tool("invoice_reader", "works on letters", &[]),
        ];
        assert_eq!(names(&tools, "invoices"), ["invoice_reader", "two", "one"]);
    }

    #[test]
    fn a_rare_word_counts_more_than_one_that_many_have() {
        let many = (0..8).map(|number| tool(&format!("file_tool_{number}"), "reads files", &[]));
        let tools: Vec<_> = many.chain([tool("deed", "writes parchment", &[])]).collect();
        assert_eq!(names(&tools, "parchment file")[0], "deed");
    }

    #[test]
    fn names_are_split_joined_and_found_in_any_form() {
        let tools = [tool("file_system_walker", "", &[]), tool("html_parser_tool", "", &[]), tool("other", "", &[])];
        let tools: Vec<_> = tools.into_iter().collect();
        assert_eq!(names(&tools, "walking a filesystem"), ["file_system_walker"]);
        assert_eq!(names(&tools, "parse html"), ["html_parser_tool"]);
        let hit = Relevance::new(&tools).query("walker of the file system", 1).remove(0);
        assert_eq!((hit.position, hit.similarity), (0, 1.0), "nothing but its name was asked");
    }

    #[test]
    fn a_word_that_nobody_has_is_found_with_a_letter_wrong_and_counts_against_all() {
        let tools = [tool("translate_text", "", &[]), tool("other", "", &[])];
        assert_eq!(names(&tools, "trasnlate"), ["translate_text"]);
        assert_eq!(names(&tools, "xylophone"), Vec::<String>::new());
        let index = Relevance::new(&tools);
        let alone = index.query("translate", 1)[0].similarity;
        assert!(index.query("translate xylophone", 1)[0].similarity < alone * 0.6);
    }

    #[test]
    fn what_was_found_is_told_with_its_places() {
        let tools = [tool("post", "Sends mail", &["mail"]), tool("other", "", &[])];
        let hit = Relevance::new(&tools).query("send email", 1).remove(0);
        let place = |word: &str, places: &[ToolField], instead: Option<&str>| FoundWord {
            word: word.to_owned(),
            places: places.to_vec(),
            instead: instead.map(str::to_owned),
        };
        assert_eq!(
            hit.found,
            [
                place("send", &[ToolField::Description], None),
                place("email", &[ToolField::Tags, ToolField::Description], Some("mail"))
            ]
        );
    }

    #[test]
    fn a_negative_tag_is_no_word_of_the_tool_and_nothing_is_found_for_nothing() {
        let tools = [tool("one", "", &["not-for-json"])];
        assert_eq!(names(&tools, "json"), Vec::<String>::new());
        assert_eq!(names(&tools, " "), Vec::<String>::new());
        assert_eq!(Relevance::new(&[]).query("json", 3), []);
    }

    #[test]
    fn every_similarity_is_between_nothing_and_all() {
        let tools = workshop();
        let index = Relevance::new(&tools);
        for (question, _) in QUESTIONS.lines().filter_map(|line| line.split_once('\t')) {
            let hits = index.query(question, tools.len());
            assert!(hits.iter().all(|hit| hit.similarity > 0.0 && hit.similarity <= 1.0), "{question}");
            assert!(hits.is_sorted_by(|one, other| one.similarity >= other.similarity));
        }
    }
}
