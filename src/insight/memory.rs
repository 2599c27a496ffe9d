//! Learning from failures: how marks lower a quality, which tags they give, when two scenarios are similar, and the
//! formula that ranks the candidates of a call.
//!
//! A *scenario* is a task in words: "parse JSON data". Everything works offline: words are compared, without a model.

use super::terms::{Telling, is_stop_word, stem, telling, terms, words};
use crate::domain::{Severity, Tool};
use std::collections::{BTreeMap, HashSet};

/// Scenarios above this similarity count as similar.
pub const ALIKE: f64 = 0.7;

/// The amount by which each earlier failure in a similar scenario reduces the similarity of a candidate.
pub const FAILURE_DEMOTION: f64 = 0.3;

/// Maximum number of negative tags per mark.
pub const MOST_TAGS: usize = 3;

/// The prefix of a negative tag.
pub const NOT_FOR: &str = "not-for-";

/// Minimum length of a word for a tag, in characters: `pdf` says what a tool is not for, `x` and `ok` do not.
const SHORTEST_TAG_WORD: usize = 3;

/// Maximum length of a word for a tag, in characters.
const LONGEST_TAG_WORD: usize = 32;

/// The amount by which the mark with this number (1 for the first of a version) reduces a quality: 0.01, 0.05 or 0.10
/// for low, medium and high; plus 0.05 from the sixth mark on, plus 0.10 from the eleventh on. Both additions apply
/// independently, so the eleventh low mark reduces it by 0.01 + 0.05 + 0.10.
pub fn demotion(severity: Severity, number: usize) -> f64 {
    hundredths(severity, number) / 100.0
}

fn hundredths(severity: Severity, number: usize) -> f64 {
    let own = match severity {
        Severity::Low => 1.0,
        Severity::Medium => 5.0,
        Severity::High => 10.0,
    };
    let repeated = if number > 5 { 5.0 } else { 0.0 };
    let many = if number > 10 { 10.0 } else { 0.0 };
    own + repeated + many
}

/// A quality (0 to 1) reduced by these marks, oldest first; never below 0.
pub fn demoted(quality: f64, marks: impl IntoIterator<Item = Severity>) -> f64 {
    // Whole hundredths can be added without rounding errors.
    let taken: f64 = marks.into_iter().zip(1..).map(|(severity, number)| hundredths(severity, number)).sum();
    (quality - taken / 100.0).max(0.0)
}

/// The tags that a failure in a scenario gives a tool: `not-for-WORD` for the first three words that name a thing.
/// Words for actions ("parse"), general words ("data", "etc") and words in the tool's own texts give no tags: a
/// `json_parser` that failed once is still for json.
pub fn negative_tags(scenario: &str, tool: &Tool) -> Vec<String> {
    let texts = [tool.name.as_str(), tool.title.as_deref().unwrap_or_default(), &tool.description];
    let lists = [&tool.tags, &tool.capabilities, &tool.aliases].into_iter().flatten().map(String::as_str);
    let said = texts.into_iter().chain(lists).chain(tool.keywords.iter()).chain(tool.use_cases.iter());
    let own: HashSet<String> = said.filter(|text| !text.starts_with(NOT_FOR)).flat_map(terms).collect();
    let mut tags: Vec<String> = Vec::new();
    for word in words(scenario) {
        let term = stem(&word);
        let telling_word =
            !is_stop_word(&word) && telling(&term) == Telling::Thing && word.chars().any(char::is_alphabetic);
        let tag = format!("{NOT_FOR}{word}");
        let fits = word.chars().nth(SHORTEST_TAG_WORD - 1).is_some() && word.chars().nth(LONGEST_TAG_WORD).is_none();
        if telling_word && fits && !own.contains(&term) && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.truncate(MOST_TAGS);
    tags
}

/// The first of these tags that excludes a scenario; `None` if there is none.
pub fn ruled_out_by<'a>(tags: &'a [String], scenario: &str) -> Option<&'a str> {
    let negative = tags.iter().filter_map(|tag| Some((tag.as_str(), stem(&tag.strip_prefix(NOT_FOR)?.to_lowercase()))));
    let mut negative = negative.peekable();
    // Most tools have no such tags, so the scenario need not be parsed.
    negative.peek()?;
    let wanted = terms(scenario);
    negative.find(|(_, term)| wanted.contains(term)).map(|(tag, _)| tag)
}

/// A scenario, prepared for many comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    weights: BTreeMap<String, f64>,
    squared_length: f64,
}

impl Scenario {
    /// Splits a scenario into weighted terms.
    pub fn new(text: &str) -> Scenario {
        let weights: BTreeMap<String, f64> = terms(text)
            .into_iter()
            .map(|term| {
                let weight = match telling(&term) {
                    Telling::Thing => 1.0,
                    Telling::Action => 0.7,
                    Telling::General => 0.3,
                };
                (term, weight)
            })
            .collect();
        let squared_length = weights.values().map(|weight| weight * weight).sum();
        Scenario { weights, squared_length }
    }

    /// The similarity of two scenarios, 0 to 1: the cosine of their terms. The name of a thing has the weight 1, an
    /// action 0.7 and a general word 0.3. Order and repetition of words do not matter. Two texts without significant
    /// words are not similar.
    pub fn similarity(&self, other: &Scenario) -> f64 {
        if self.weights.is_empty() || other.weights.is_empty() {
            return 0.0;
        }
        let common: f64 =
            self.weights.iter().filter_map(|(term, weight)| Some(weight * other.weights.get(term)?)).sum();
        (common / (self.squared_length * other.squared_length).sqrt()).min(1.0)
    }

    /// Whether another scenario is similar: the similarity is above [`ALIKE`].
    pub fn is_like(&self, other: &Scenario) -> bool {
        self.similarity(other) > ALIKE
    }

    /// How many of these scenarios, in which a tool failed, are similar.
    pub fn failures_like<'a>(&self, failed_in: impl IntoIterator<Item = &'a str>) -> usize {
        failed_in.into_iter().filter(|text| self.is_like(&Scenario::new(text))).count()
    }

    /// The key of a scenario, equal for calls with the same task: its terms without repetition, in alphabetical order.
    pub fn key(&self) -> String {
        self.weights.keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

/// The rank of a candidate, 0 to 1: (similarity - failure demotion) x quality. The demotion is [`FAILURE_DEMOTION`] for
/// each earlier failure in a similar scenario; a difference below 0 counts as 0.
pub fn rank(similarity: f64, failures_alike: usize, quality: f64) -> f64 {
    let demotion = FAILURE_DEMOTION * failures_alike as f64;
    (similarity - demotion).max(0.0) * quality
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "hundredths, rounded before they are compared")]
mod tests {
    use super::*;
    use Severity::{High, Low, Medium};

    fn rounded(value: f64) -> f64 {
        (value * 1e6).round() / 1e6
    }

    fn alike(one: &str, other: &str) -> f64 {
        Scenario::new(one).similarity(&Scenario::new(other))
    }

    #[test]
    fn one_mark_takes_what_its_severity_says() {
        assert_eq!([Low, Medium, High].map(|severity| demoted(1.0, [severity])), [0.99, 0.95, 0.9]);
        assert_eq!(demoted(0.02, [Medium]), 0.0, "never below 0");
    }

    #[test]
    fn twelve_marks_in_a_row_take_more_from_the_sixth_and_from_the_eleventh() {
        let series = |severity| (1..=12).map(|count| rounded(demoted(1.0, vec![severity; count]))).collect::<Vec<_>>();
        assert_eq!(series(Low), [0.99, 0.98, 0.97, 0.96, 0.95, 0.89, 0.83, 0.77, 0.71, 0.65, 0.49, 0.33]);
        assert_eq!(series(Medium), [0.95, 0.9, 0.85, 0.8, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25, 0.05, 0.0]);
        assert_eq!(series(High), [0.9, 0.8, 0.7, 0.6, 0.5, 0.35, 0.2, 0.05, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!([5, 6, 10, 11].map(|number| demotion(Low, number)), [0.01, 0.06, 0.06, 0.16]);
    }

    #[test]
    fn a_scenario_gives_at_most_three_tags_of_the_things_it_names() {
        let description = "Parses delimited rows of a table".to_owned();
        let csv = Tool { description, tags: vec!["sheet".to_owned()], ..Tool::ordinary("csv_parser") };
        let tags = |scenario: &str| negative_tags(scenario, &csv);
        assert_eq!(tags("parse JSON data"), ["not-for-json"]);
        assert_eq!(tags("translate english text to french"), ["not-for-english", "not-for-french"]);
        assert_eq!(tags("convert yaml, toml, xml and ini to yaml"), ["not-for-yaml", "not-for-toml", "not-for-xml"]);
        assert_eq!(tags("parse CSV data with quotes"), ["not-for-quotes"], "its own name is what it is for");
        assert_eq!(tags("split csv data into rows of a sheet"), Vec::<String>::new(), "nor what it says of itself");
        assert_eq!(tags("process the data"), Vec::<String>::new());
        assert_eq!(tags("a number of ins, outs etc"), Vec::<String>::new());
        assert_eq!(tags(&format!("x 7 42 {}", "y".repeat(40))), Vec::<String>::new());
    }

    #[test]
    fn a_negative_tag_rules_out_what_names_its_word_in_any_form() {
        let tags = ["csv".to_owned(), "not-for-invoices".to_owned()];
        assert_eq!(ruled_out_by(&tags, "read an Invoice"), Some("not-for-invoices"));
        assert_eq!(ruled_out_by(&tags, "read a letter"), None);
        assert_eq!(ruled_out_by(&tags, "parse csv"), None);
    }

    #[test]
    fn scenarios_are_alike_by_their_words_whatever_the_form_and_order() {
        assert!(alike("parse JSON data", "parse a json file") > 0.9);
        assert!(alike("parse JSON data", "parsing of JSON") > 0.9);
        assert!(alike("translate english to french", "french translation of an english text") > 0.9);
        assert!(alike("parse JSON data", "parse a CSV file") < 0.5);
        assert!(alike("parse JSON data", "validate JSON data") < ALIKE);
        assert_eq!(alike("parse JSON data", "send an email"), 0.0);
        assert_eq!(alike("parse JSON data", "parse JSON data"), 1.0);
        assert_eq!(alike("", "the"), 0.0);
        assert_eq!(Scenario::new("Parse the JSON").key(), Scenario::new("json parsing").key());
    }

    #[test]
    fn the_memory_finds_the_failure_of_the_same_kind_first() {
        let known = ["send an email", "parse CSV data", "parse JSON data", "render a json report as pdf"];
        let asked = Scenario::new("parse a json file");
        let mut found = known.map(|text| (text, asked.similarity(&Scenario::new(text))));
        found.sort_by(|one, other| other.1.total_cmp(&one.1));
        assert_eq!(found[0].0, "parse JSON data");
        assert_eq!(asked.failures_like(known), 1);
    }

    #[test]
    fn the_rank_is_similarity_less_failures_times_quality() {
        let golden = [
            ((0.9, 0, 1.0), 0.9),
            ((0.9, 1, 1.0), 0.6),
            ((0.9, 2, 0.5), 0.15),
            ((0.9, 3, 1.0), 0.0),
            ((0.5, 1, 0.8), 0.16),
            ((0.2, 1, 1.0), 0.0),
            ((1.0, 0, 0.0), 0.0),
        ];
        for ((similarity, failures, quality), wanted) in golden {
            assert_eq!(rounded(rank(similarity, failures, quality)), wanted, "{similarity} {failures} {quality}");
        }
    }
}
