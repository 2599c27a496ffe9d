//! Finds tools by their purpose, and uses what was learned from failures.

use crate::domain::description::{Describe, Description, Ink, StyledLine};
use crate::domain::{
    Caller, Digest, FailureMark, Instant, Kind, Severity, Stage, Tool, ToolName, Unanswered, UnansweredKind, count,
    percent,
};
use crate::engine::Library;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::EngineError;
use crate::engine::locks::lock;
use crate::engine::plain_verb::{Described, PlainQuery, argument, parsed};
use crate::engine::view::CatalogView;
use crate::insight::{FoundWord, NOT_FOR, Relevant, Scenario, SimilarityIndex, ruled_out_by};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// A tool that a search found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchHit {
    /// Name by which it is run.
    pub name: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Covers every file of the version.
    pub digest: Digest,
    /// Stage of the folder that it is in.
    pub stage: Stage,
    /// Path of its definition, relative to the workspace.
    pub path: String,
    /// Its description.
    pub description: String,
    /// How well it matches the query, 0 to 1.
    pub similarity: f64,
    /// The matching words of the query, and where they occur.
    pub why: String,
    /// The negative tag that moves it behind the other hits; `None` for most hits.
    pub held_back: Option<String>,
}

/// The valid failure marks, by tool.
pub(in crate::engine) struct Memory {
    marks: HashMap<ToolName, Vec<FailureMark>>,
}

impl Memory {
    /// The valid marks of exactly this version; marks of other versions do not apply.
    fn of<'a>(&'a self, tool: &'a Tool) -> impl Iterator<Item = &'a FailureMark> {
        let marks = self.marks.get(&tool.name).into_iter().flatten();
        marks.filter(|mark| mark.digest == tool.digest && mark.counts())
    }

    /// The scenarios in which it failed, oldest first.
    pub(in crate::engine) fn scenarios<'a>(&'a self, tool: &'a Tool) -> impl Iterator<Item = &'a str> {
        self.of(tool).map(|mark| mark.scenario.as_str())
    }

    /// Whether it was marked for a similar scenario at or after a time.
    pub(in crate::engine) fn is_marked_since(&self, tool: &Tool, scenario: &Scenario, at: Instant) -> bool {
        self.of(tool).any(|mark| mark.at >= at && scenario.is_like(&Scenario::new(&mark.scenario)))
    }

    /// The severities of its failures, oldest first.
    pub(in crate::engine) fn severities<'a>(&'a self, tool: &'a Tool) -> impl Iterator<Item = Severity> {
        self.of(tool).map(|mark| mark.severity)
    }

    /// The negative tag that rules the tool out for these words: its own tag, or one from a mark.
    pub(in crate::engine) fn ruled_out(&self, tool: &Tool, words: &str) -> Option<String> {
        let own = tool.tags.iter().filter(|tag| tag.starts_with(NOT_FOR));
        let tags: Vec<String> = own.chain(self.of(tool).flat_map(|mark| &mark.tags)).cloned().collect();
        ruled_out_by(&tags, words).map(str::to_owned)
    }

    /// The search hit for a found tool.
    pub(super) fn hit(&self, tool: &Tool, found: &Relevant, words: &str) -> SearchHit {
        hit(tool, &found.clone().by_direction(words, tool), self.ruled_out(tool, words))
    }
}

/// The default number of hits.
const LIMIT: usize = 20;

/// A search request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFor {
    /// The needed function, in words.
    pub words: String,
    /// Only tools with this tag or capability.
    pub tag: Option<String>,
    /// Only tools of this kind.
    pub kind: Option<Kind>,
    /// The maximum number of hits.
    pub limit: usize,
}

impl SearchFor {
    /// The best hits for these words among all tools.
    pub fn words(words: &str, limit: usize) -> SearchFor {
        SearchFor { words: words.to_owned(), tag: None, kind: None, limit }
    }

    pub(super) fn fits(&self, tool: &Tool) -> bool {
        let has = |tag: &String| tool.tags.contains(tag) || tool.capabilities.contains(tag);
        self.tag.as_ref().is_none_or(has) && self.kind.is_none_or(|kind| tool.kind == kind)
    }
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchResult {
    /// The searched words.
    pub words: String,
    /// The hits, the best first.
    pub hits: Vec<SearchHit>,
}

/// Finds tools by their purpose.
pub(super) const SEARCH: PlainQuery = PlainQuery {
    name: "search",
    needs_catalog: true,
    answer: |engine, call, caller| {
        let words = argument(call, "words")?;
        let wanted = SearchFor {
            words: words.to_owned(),
            tag: call.get("tag").map(str::to_owned),
            kind: parsed(call, "kind")?,
            limit: parsed(call, "limit")?.unwrap_or(LIMIT),
        };
        let hits = engine.library().search(&wanted, caller)?;
        Described::of(&SearchResult { words: words.to_owned(), hits })
    },
};

impl Describe for SearchResult {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        if self.hits.is_empty() {
            told.summary(format!("no tool matches {:?}", self.words));
            told.summary("`toolsmith new --describe` requests one");
            return told;
        }
        for hit in &self.hits {
            let percent = format!("{:>5}  ", percent(hit.similarity));
            let ink = if hit.held_back.is_some() { Ink::Warn } else { Ink::Plain };
            let head = StyledLine::new().put(ink, percent).put(Ink::Strong, hit.name.as_str());
            let head = head.put(Ink::Dim, format!(" {}  {}  {}", hit.version, hit.stage, hit.path));
            told.line(head.leading_to(&hit.path));
            told.detail(Ink::Plain, hit.description.lines().next().unwrap_or_default());
            let tagged = hit.held_back.as_ref().map(|tag| format!("ranked last, tagged {tag}; ")).unwrap_or_default();
            told.detail(Ink::Dim, format!("{tagged}{}", hit.why));
        }
        told.summary(count(self.hits.len(), "tool"));
        told
    }

    fn is_bad(&self) -> bool {
        self.hits.is_empty()
    }
}

impl Library<'_> {
    /// The tools that match a query, best first; tools that a negative tag rules out come after all others. A search
    /// without hits is recorded, because it shows a gap in the catalog.
    ///
    /// # Errors
    ///
    /// `Usage` for a text without words, or a very long one; `Internal` for errors of the store.
    pub fn search(&self, wanted: &SearchFor, caller: &Caller) -> Result<Vec<SearchHit>, EngineError> {
        let words = &wanted.words;
        core::check_scenario(words)?;
        let (view, index) = self.index();
        let memory = self.memory()?;
        let is_held_back = |position: usize| {
            let tool = view.tools.get(position).filter(|tool| is_offered(tool) && wanted.fits(tool))?;
            Some(memory.ruled_out(tool, words).is_some())
        };
        // At least one hit, to know whether there are any.
        let found = self.relevance(&index).query_by(words, wanted.limit.max(1), is_held_back);
        if found.is_empty() {
            self.keep_unanswered(words, &[], UnansweredKind::Search, Vec::new(), caller)?;
        }
        let told = |found: &Relevant| memory.hit(&view.tools[found.position], found, words);
        Ok(in_order(found.iter().take(wanted.limit).map(told).collect()))
    }

    /// The newest catalog and the search index of its tools; the index is built once for each catalog.
    pub(in crate::engine) fn index(&self) -> (Arc<CatalogView>, Arc<SimilarityIndex>) {
        let view = self.catalog();
        let mut kept = lock(&self.state.index);
        if let Some((generation, index)) = kept.as_mut()
            && (*generation == view.generation || index.is_of(&view.tools))
        {
            // Usually only runs and reviews differ between two catalogs, so the index stays valid.
            *generation = view.generation;
            return (view, Arc::clone(index));
        }
        let index = Arc::new(SimilarityIndex::new(&view.tools));
        *kept = Some((view.generation, Arc::clone(&index)));
        (view, index)
    }

    pub(in crate::engine) fn memory(&self) -> Result<Memory, EngineError> {
        let mut marks: HashMap<ToolName, Vec<FailureMark>> = HashMap::new();
        for mark in self.workspace.read(|q| Ok(q.all_failure_marks()?))? {
            marks.entry(mark.tool.clone()).or_default().push(mark);
        }
        Ok(Memory { marks })
    }

    /// Records a query that no tool could answer.
    pub(in crate::engine) fn keep_unanswered(
        &self,
        scenario: &str,
        tags: &[String],
        kind: UnansweredKind,
        runs: Vec<crate::domain::RunId>,
        caller: &Caller,
    ) -> Result<(), EngineError> {
        let (scenario, tags, who) = (scenario.to_owned(), tags.to_vec(), caller.word().to_owned());
        let what = Unanswered { scenario, tags, kind, runs, who, at: now() };
        self.workspace.transact(|tx| Ok(tx.keep_unanswered(&what)?))
    }
}

/// Sorts hits, the best first; hits that a negative tag rules out come last.
pub(super) fn in_order(mut hits: Vec<SearchHit>) -> Vec<SearchHit> {
    // The sort is stable: equal hits keep the order of the catalog.
    hits.sort_by(|one, other| {
        let order = |hit: &SearchHit| hit.held_back.is_some();
        order(one).cmp(&order(other)).then(other.similarity.total_cmp(&one.similarity))
    });
    hits
}

/// Whether a row is offered: in use, with its own name, and neither archived, shadowed by another row, nor a copy.
pub(in crate::engine) fn is_offered(tool: &Tool) -> bool {
    let is_its_own = tool.facts.reserved.is_none();
    is_its_own
        && !tool.facts.unused
        && tool.stage != Stage::Archived
        && tool.shadowed_by.is_none()
        && tool.copy_of.is_none()
}

fn hit(tool: &Tool, found: &Relevant, held_back: Option<String>) -> SearchHit {
    SearchHit {
        name: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        stage: tool.stage,
        path: tool.path.clone(),
        description: tool.description.clone(),
        similarity: rounded(found.similarity),
        why: told(&found.found),
        held_back,
    }
}

/// The matching words of a query, in words: `"json" in name, tags; "fetch" (as "download") in description`.
pub(in crate::engine) fn told(found: &[FoundWord]) -> String {
    let one = |found: &FoundWord| {
        let places: Vec<&str> = found.places.iter().map(|place| place.word()).collect();
        let instead = found.instead.as_ref().map(|term| format!(" (as \"{term}\")")).unwrap_or_default();
        format!("\"{}\"{instead} in {}", found.word, places.join(", "))
    };
    found.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Rounded to three digits, because more digits would suggest a false precision.
pub(in crate::engine) fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
