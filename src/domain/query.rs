//! The filter of the screen and of `list QUERY`: words to find, and terms such as `category:git` that a tool must
//! match.

use super::tool::Tool;
use super::words::{Category, CostTier, Kind, Stage, words};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

words!(
    /// A field in a term of a query.
    QueryField {
        /// The category.
        Category = "category",
        /// The stage.
        Stage = "stage",
        /// The cost tier; an unclassified tool counts as medium.
        Tier = "tier",
        /// The kind of tool.
        Kind = "kind",
        /// One of the tags.
        Tag = "tag",
    }
);

/// A value in a term that no tool can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValue {
    /// The field of the term.
    pub field: QueryField,
    /// The value as it was written, in lower case.
    pub value: String,
    /// The valid values.
    pub known: Vec<String>,
}

impl UnknownValue {
    /// What is wrong, without a full stop.
    pub fn message(&self) -> String {
        format!("no {} is called {} or begins with it", self.field, self.value)
    }
}

/// A query, ready to be applied to each tool of its list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    terms: Vec<Term>,
    words: String,
    unknown: Option<UnknownValue>,
}

/// `FIELD:VALUE,VALUE`, with the values that match in this list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    field: QueryField,
    values: Vec<String>,
}

impl Query {
    /// Reads a query for these tools. A word `FIELD:VALUE` of a known field is a term; a field without a value has no
    /// effect yet. Everything else is a word to find.
    pub fn new(text: &str, tools: &[Arc<Tool>]) -> Query {
        let mut query = Query::default();
        let mut words = Vec::new();
        for word in text.split_whitespace() {
            let term = word.split_once(':').and_then(|(field, value)| {
                let field = field.to_lowercase().parse::<QueryField>().ok()?;
                Some((field, value))
            });
            match term {
                Some((field, list)) => query.add(field, list, tools),
                None => words.push(word),
            }
        }
        query.words = words.join(" ");
        query
    }

    fn add(&mut self, field: QueryField, list: &str, tools: &[Arc<Tool>]) {
        let mut values = Vec::new();
        let mut is_asked = false;
        for value in list.split(',').filter(|value| !value.is_empty()) {
            is_asked = true;
            match named(field, value, tools) {
                Ok(found) => values.extend(found),
                Err(unknown) => self.unknown = self.unknown.take().or(Some(unknown)),
            }
        }
        if is_asked {
            self.terms.push(Term { field, values });
        }
    }

    /// The words to find, without the terms.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// The first word that looks like a term with an unknown field; it is a word to find.
    pub fn unknown_term(&self) -> Option<&str> {
        let is_term = |word: &&str| {
            let (field, value) = word.split_once(':').unwrap_or_default();
            !field.is_empty() && !value.is_empty() && field.chars().all(|c| c.is_ascii_alphabetic())
        };
        self.words.split(' ').find(is_term)
    }

    /// Whether a tool matches every term.
    pub fn accepts(&self, tool: &Tool) -> bool {
        self.terms.iter().all(|term| term.accepts(tool))
    }

    /// Whether a term is about this field.
    pub fn names(&self, field: QueryField) -> bool {
        self.terms.iter().any(|term| term.field == field)
    }

    /// A value that no tool can have, if there is one.
    pub fn unknown(&self) -> Option<&UnknownValue> {
        self.unknown.as_ref()
    }
}

/// What is said of a word that looks like a term with an unknown field: it is a word to find, and the terms are these.
pub fn unknown_term_words(term: &str) -> String {
    let known: Vec<String> = QueryField::ALL.iter().map(|field| format!("{}:", field.word())).collect();
    let field = term.split(':').next().unwrap_or(term);
    format!("No term is called {field}:, so {term} is searched as text. Terms: {}.", known.join(" "))
}

impl Term {
    fn accepts(&self, tool: &Tool) -> bool {
        let is_asked = |value: &str| self.values.iter().any(|asked| asked == value);
        match self.field {
            QueryField::Category => is_asked(&tool.category.0),
            QueryField::Stage => is_asked(tool.stage.word()),
            QueryField::Tier => is_asked(tool.cost_tier.word()),
            QueryField::Kind => is_asked(tool.kind.word()),
            QueryField::Tag => tool.tags.iter().any(|tag| is_asked(&tag.to_lowercase())),
        }
    }
}

/// The values of a field that match a word among these tools: the one with this name, otherwise all that begin with it.
///
/// # Errors
/// [`UnknownValue`] if there is none.
pub fn named(field: QueryField, word: &str, tools: &[Arc<Tool>]) -> Result<Vec<String>, UnknownValue> {
    let word = word.trim().to_lowercase();
    let known = known(field, tools);
    if known.contains(word.as_str()) {
        return Ok(vec![word]);
    }
    let begin: Vec<String> =
        known.iter().filter(|name| name.starts_with(&word)).map(|name| (**name).to_owned()).collect();
    if begin.is_empty() {
        let known = known.into_iter().map(Cow::into_owned).collect();
        return Err(UnknownValue { field, value: word, known });
    }
    Ok(begin)
}

fn known(field: QueryField, tools: &[Arc<Tool>]) -> BTreeSet<Cow<'_, str>> {
    match field {
        QueryField::Category => {
            let own = tools.iter().map(|tool| Cow::Borrowed(tool.category.0.as_str()));
            Category::KNOWN.iter().map(|word| Cow::Borrowed(*word)).chain(own).collect()
        }
        QueryField::Stage => Stage::ALL.iter().map(|stage| Cow::Borrowed(stage.word())).collect(),
        QueryField::Tier => CostTier::ALL.iter().map(|tier| Cow::Borrowed(tier.word())).collect(),
        QueryField::Kind => Kind::ALL.iter().map(|kind| Cow::Borrowed(kind.word())).collect(),
        QueryField::Tag => tools.iter().flat_map(|tool| &tool.tags).map(|tag| Cow::Owned(tag.to_lowercase())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Vec<Arc<Tool>> {
        let tool = |name: &str, category: &str, tag: &str| {
            let tags = vec![tag.to_owned()];
            Arc::new(Tool { category: Category::new(category), tags, ..Tool::ordinary(name) })
        };
        vec![tool("a", "data", "CSV"), tool("b", "database", "sql"), tool("c", "llm", "csv-out")]
    }

    fn found(text: &str) -> Vec<String> {
        let tools = tools();
        let query = Query::new(text, &tools);
        tools.iter().filter(|tool| query.accepts(tool)).map(|tool| tool.name.to_string()).collect()
    }

    #[test]
    fn a_term_is_the_value_of_its_name_or_all_that_begin_with_it() {
        assert_eq!(found("category:data"), ["a"]);
        assert_eq!(found("Category:DAT"), ["a", "b"]);
        assert_eq!(found("category:llm,database"), ["b", "c"]);
        assert_eq!(found("tag:csv"), ["a"], "a tag of this name goes before tags that begin with it");
        assert_eq!(found("tag:cs"), ["a", "c"]);
        assert_eq!(found("stage:exp kind:command tier:med"), ["a", "b", "c"]);
        assert_eq!(found("category:data tag:sql"), Vec::<String>::new(), "every term must fit");
    }

    #[test]
    fn what_is_no_term_is_a_word_and_a_field_without_a_value_asks_for_nothing() {
        let tools = tools();
        let query = Query::new("parse category:llm http://x url: kind:", &tools);
        assert_eq!(query.words(), "parse http://x url:");
        assert_eq!(found("kind:"), ["a", "b", "c"]);
        assert_eq!(found("kind:,"), ["a", "b", "c"]);
    }

    #[test]
    fn a_value_that_no_tool_can_have_is_told_with_those_that_there_are() {
        let tools = tools();
        let unknown = Query::new("stage:nope", &tools).unknown().cloned().unwrap();
        assert_eq!(unknown.message(), "no stage is called nope or begins with it");
        assert_eq!(unknown.known, ["approved", "archived", "core", "experimental"]);
        assert_eq!(Query::new("category:docker", &tools).unknown(), None, "known everywhere");
        assert_eq!(found("category:docker"), Vec::<String>::new());
    }

    #[test]
    fn a_term_of_no_field_is_a_word_and_said_to_be_one() {
        let of = |text: &str| Query::new(text, &[]).unknown_term().map(str::to_owned);
        assert_eq!(of("csv bogus:x stage:core").as_deref(), Some("bogus:x"));
        for text in ["csv", "tag:x", "a: b", "::", "3:4"] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
