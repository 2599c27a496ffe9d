//! `list`: the catalog, its problems, the skipped files.

use crate::cli::call::{Answer, Call};
use crate::cli::print_text::{Align, Ink, Page, StyledLine, Table, counted};
use crate::cli::shared::{in_place, stage_ink};
use crate::domain::{
    Category, CostTier, Kind, Origin, Problem, Query, QueryField, SkippedFile, Stage, Tool, ToolReview, ToolState,
    UnknownValue, grouped, query_values, skipped_because, skipped_kinds, told_apart, unknown_term_words,
};
use crate::engine::{Engine, EngineError, ErrorCode, Index};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// The catalog, or the part of it that was found.
#[derive(Serialize)]
pub(in crate::cli) struct Listing {
    #[serde(serialize_with = "tools_behind")]
    pub(super) tools: Vec<Arc<Tool>>,
    pub(super) problems: Vec<Problem>,
    /// Files that look like tools but are not.
    pub(super) skipped: Vec<SkippedFile>,
    pub(super) total: usize,
    /// How many of the listed tools a human must unlock before they can run.
    pub(super) locked: usize,
    /// The set of tools in use; `None` for all tools.
    pub(super) in_use: Option<String>,
    #[serde(skip)]
    pub(super) show: Listed,
}

/// The content of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Tools,
    Problems,
    Skipped,
}

/// Serializes shared tools.
fn tools_behind<S: Serializer>(tools: &[Arc<Tool>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(tools.iter().map(|tool| Row { state_words: state_words(tool).1, tool }))
}

/// A tool in a listing, with the words of the text form for its state.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    tool: &'a Tool,
    state_words: Cow<'static, str>,
}

/// The filter of `list`; `None` accepts everything.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) stage: Option<Stage>,
    /// Whether archived tools are also listed, because the query names stages.
    pub(super) any_stage: bool,
    /// Names of categories; a tool in any of them is accepted.
    pub(super) categories: Option<Vec<String>>,
    pub(super) tier: Option<CostTier>,
    pub(super) tag: Option<String>,
    pub(super) capability: Option<String>,
    pub(super) kind: Option<Kind>,
    pub(super) origin: Option<Origin>,
}

impl Filter {
    fn of(call: &Call<'_>) -> Result<Filter, EngineError> {
        Ok(Filter {
            stage: call.word("stage")?,
            any_stage: false,
            categories: None,
            tier: call.word("tier")?,
            tag: call.text("tag").map(str::to_lowercase),
            capability: call.text("capability").map(str::to_lowercase),
            kind: call.word("kind")?,
            origin: call.word("origin")?,
        })
    }

    /// Whether the filter accepts a tool. Archived tools are accepted only on request.
    pub(super) fn accepts(&self, tool: &Tool) -> bool {
        !tool.facts.unused
            && self.stage.map_or(self.any_stage || tool.stage != Stage::Archived, |stage| tool.stage == stage)
            && self.categories.as_ref().is_none_or(|names| names.contains(&tool.category.0))
            && self.tier.is_none_or(|tier| tool.cost_tier == tier)
            && self.tag.as_ref().is_none_or(|tag| tool.tags.iter().any(|has| has.to_lowercase() == *tag))
            && self
                .capability
                .as_ref()
                .is_none_or(|word| tool.capabilities.iter().any(|has| has.to_lowercase() == *word))
            && self.kind.is_none_or(|kind| tool.kind == kind)
            && self.origin.is_none_or(|origin| tool.origin == origin)
    }
}

pub(in crate::cli) fn list(call: &Call<'_>) -> Result<Listing, EngineError> {
    let mut filter = Filter::of(call)?;
    let (engine, catalog) = call.open_catalog()?;
    let total = catalog.tools.len();
    let query = call.text("query").filter(|query| !query.trim().is_empty());
    if call.switch("problems") {
        let holds = |problem: &&Problem| query.is_none_or(|query| about(problem, query));
        let problems = problems_of(&engine, &catalog.problems)?.iter().filter(holds).cloned().collect();
        let in_use = catalog.in_use.clone();
        let skipped = Vec::new();
        return Ok(Listing { tools: Vec::new(), problems, skipped, total, locked: 0, in_use, show: Listed::Problems });
    }
    let skipped = engine.library().skipped();
    if call.switch("skipped") {
        let holds = |file: &&SkippedFile| query.is_none_or(|query| is_skipped_as(file, query));
        let skipped = skipped.iter().filter(holds).cloned().collect();
        let (in_use, problems) = (catalog.in_use.clone(), Vec::new());
        return Ok(Listing { tools: Vec::new(), problems, skipped, total, locked: 0, in_use, show: Listed::Skipped });
    }
    filter.categories = call.text("category").map(|word| categories(word, &catalog.tools)).transpose()?;
    let found = match query.map(|text| Query::new(text, &catalog.tools)) {
        Some(query) => {
            filter.any_stage = query.names(QueryField::Stage);
            if let Some(term) = query.unknown_term() {
                call.note(&StyledLine::new().put(Ink::Warn, "note: ").put(Ink::Plain, unknown_term_words(term)));
            }
            find(&catalog.tools, &query)?
        }
        None => catalog.tools.clone(),
    };
    let tools: Vec<Arc<Tool>> = found.into_iter().filter(|tool| filter.accepts(tool)).collect();
    let locked = tools.iter().filter(|tool| tool.facts.locked).count();
    let in_use = catalog.in_use.clone();
    Ok(Listing {
        tools,
        problems: problems_of(&engine, &catalog.problems)?,
        skipped: skipped.iter().filter(|file| file.looks_like_tool()).cloned().collect(),
        total,
        locked,
        in_use,
        show: Listed::Tools,
    })
}

/// The categories with this name or with names that begin with it.
///
/// # Errors
///
/// [`ErrorCode::Usage`] if there is none: the message lists the existing categories.
pub(super) fn categories(word: &str, tools: &[Arc<Tool>]) -> Result<Vec<String>, EngineError> {
    query_values(QueryField::Category, &Category::new(word).0, tools).map_err(|unknown| not_known(&unknown, tools))
}

/// The error for a value that no tool has. An empty list would hide the mistake; the hint lists the existing values.
fn not_known(unknown: &UnknownValue, tools: &[Arc<Tool>]) -> EngineError {
    let hint = match unknown.field {
        QueryField::Category => {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for tool in tools {
                *counts.entry(&tool.category.0).or_default() += 1;
            }
            let listed: Vec<String> =
                counts.iter().map(|(name, count)| format!("{name} ({})", grouped(count))).collect();
            listed.join(", ")
        }
        QueryField::Stage | QueryField::Tier | QueryField::Kind | QueryField::Tag => unknown.known.join(", "),
    };
    let hint = if hint.is_empty() { hint } else { format!("in this catalog: {hint}") };
    EngineError::new(ErrorCode::Usage, unknown.message(), hint)
}

/// All problems, of files and of approvals, so that the number equals the number of rows of `--problems`.
fn problems_of(engine: &Engine, of_files: &[Problem]) -> Result<Vec<Problem>, EngineError> {
    let mut problems = of_files.to_vec();
    problems.extend(engine.integrity().doubts()?);
    Ok(problems)
}

/// The tools that the query finds, best first.
fn find(tools: &[Arc<Tool>], query: &Query) -> Result<Vec<Arc<Tool>>, EngineError> {
    if let Some(unknown) = query.unknown() {
        return Err(not_known(unknown, tools));
    }
    let hits = Index::new(tools).query(query.words());
    let found = hits.into_iter().filter_map(|hit| tools.get(hit.position));
    Ok(found.filter(|tool| query.accepts(tool)).cloned().collect())
}

fn about(problem: &Problem, query: &str) -> bool {
    let query = query.to_lowercase();
    [problem.path.as_str(), problem.code.word(), problem.message.as_str()]
        .iter()
        .any(|text| text.to_lowercase().contains(&query))
}

fn is_skipped_as(file: &SkippedFile, query: &str) -> bool {
    let query = query.to_lowercase();
    let because = skipped_because(file.kind);
    [file.path.as_str(), file.kind, &because].iter().any(|text| text.to_lowercase().contains(&query))
}

impl Answer for Listing {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        match self.show {
            Listed::Tools => {
                if !self.tools.is_empty() {
                    let of_tools = self.tools.iter().enumerate();
                    let places = told_apart(
                        of_tools.map(|(at, tool)| (at, (tool.name.as_str(), tool.stage), tool.path.as_str())),
                    );
                    let look = page.look();
                    let rows: Vec<(&Tool, String)> = self
                        .tools
                        .iter()
                        .enumerate()
                        .map(|(at, tool)| (&**tool, in_place(places.get(&at), look)))
                        .collect();
                    page.long_table(&tool_heads(), &rows, |(tool, place)| tool_cells(tool, place))?;
                }
                let count = format!("{} of {}", self.tools.len(), counted(self.total, "tool", "tools"));
                let mut line = StyledLine::new().put(Ink::Dim, count);
                if let Some(name) = &self.in_use {
                    line = line.put(Ink::Dim, " · in use: ").put(Ink::Plain, name);
                }
                if self.locked > 0 {
                    line = line.put(Ink::Dim, format!(" · {} locked (`toolsmith unlock`)", self.locked));
                }
                page.line(&match self.problems.len() {
                    0 => line,
                    problems => line
                        .put(Ink::Dim, " · ")
                        .put(Ink::Warn, counted(problems, "problem", "problems"))
                        .put(Ink::Dim, " (`toolsmith list --problems`)"),
                })?;
                if self.skipped.is_empty() {
                    return Ok(());
                }
                // Texts and pictures next to the tools are named only on request.
                let are = if self.skipped.len() == 1 { "looks like a tool and is" } else { "look like tools and are" };
                let count = counted(self.skipped.len(), "file", "files");
                let kinds = skipped_kinds(&self.skipped);
                let line =
                    format!("{count} {are} skipped ({kinds}); `toolsmith list --skipped` names all skipped files");
                page.line(&StyledLine::new().put(Ink::Dim, line))
            }
            Listed::Skipped => {
                for file in &self.skipped {
                    let step = file.next_step().map(|step| format!(" ({step})")).unwrap_or_default();
                    let because = format!(": {}{step}", skipped_because(file.kind));
                    page.line(&StyledLine::new().put(Ink::Strong, &file.path).put(Ink::Dim, because))?;
                }
                let count = counted(self.skipped.len(), "file", "files");
                let likely = self.skipped.iter().filter(|file| file.looks_like_tool()).count();
                let line = match likely {
                    0 => format!("{count} skipped; none of them looks like a tool"),
                    1 => format!("{count} skipped; 1 of them looks like a tool"),
                    _ => format!("{count} skipped; {} of them look like tools", grouped(likely)),
                };
                page.line(&StyledLine::new().put(Ink::Dim, line))
            }
            Listed::Problems => {
                for problem in &self.problems {
                    write_problem(page, problem)?;
                }
                let count = counted(self.problems.len(), "problem", "problems");
                page.line(
                    &StyledLine::new().put(Ink::Dim, format!("{count} · {}", counted(self.total, "tool", "tools"))),
                )
            }
        }
    }
}

fn write_problem(page: &mut Page<'_>, problem: &Problem) -> io::Result<()> {
    let place = match problem.line {
        Some(line) => format!("{}:{line}", problem.path),
        None => problem.path.clone(),
    };
    let line = StyledLine::new().put(Ink::Strong, place).put(Ink::Plain, ": ").put(Ink::Bad, problem.code.word());
    page.line(&line.put(Ink::Plain, ": ").put(Ink::Plain, &problem.message))?;
    if problem.hint.is_empty() {
        return Ok(());
    }
    page.line(&StyledLine::new().put(Ink::Accent, "  hint: ").put(Ink::Plain, &problem.hint))
}

fn tool_heads() -> Table {
    let heads = ["name", "version", "stage", "kind", "tier", "state", "description"];
    Table::new(&heads.map(|head| (head, Align::Left))).sparing(&["kind", "version", "tier"])
}

/// `place` is written behind the name.
fn tool_cells<'t>(tool: &'t Tool, place: &str) -> [(Ink, Cow<'t, str>); 7] {
    let (state_ink, state) = state_words(tool);
    let name = tool.name.as_str();
    let name = if place.is_empty() { Cow::from(name) } else { Cow::from(format!("{name}{place}")) };
    [
        (Ink::Strong, name),
        (Ink::Plain, tool.version.to_string().into()),
        (stage_ink(tool.stage), tool.stage.word().into()),
        (Ink::Plain, tool.kind.word().into()),
        (Ink::Plain, tier_word(tool).into()),
        (state_ink, state),
        (Ink::Dim, tool.description.lines().next().unwrap_or_default().into()),
    ]
}

/// The cost tier, or a text for tools without one.
pub(super) fn tier_word(tool: &Tool) -> &'static str {
    if tool.classified { tool.cost_tier.word() } else { "unclassified" }
}

/// Whether nothing is known against the tool except its state.
fn is_plain(tool: &Tool) -> bool {
    let facts = &tool.facts;
    facts.approved_over.is_none() && facts.approved_unread.is_none() && facts.reserved.is_none()
}

/// Everything unusual about a tool, in words.
pub(super) fn state_words(tool: &Tool) -> (Ink, Cow<'static, str>) {
    let mut words: Vec<&'static str> = Vec::new();
    let obstacle = if tool.state == ToolState::Ok { tool.obstacle() } else { None };
    if tool.state != ToolState::Ok {
        words.push(tool.state.word());
    } else if !tool.runnable && obstacle.is_none() {
        words.push("not-runnable");
    }
    match tool.facts.review {
        // The folder determines its stage, but it was not approved here: it runs like an experimental tool.
        ToolReview::None if tool.awaits_adoption() => words.push("not-adopted"),
        ToolReview::None => {}
        ToolReview::Approved if tool.stage.is_vouched() => {}
        review => words.push(review.word()),
    }
    let marks = [
        (tool.facts.reserved.is_some(), "reserved-name"),
        (tool.copy_of.is_some(), "copy"),
        (tool.facts.locked, "locked"),
        (tool.facts.in_session, "session"),
        (tool.shadowed_by.is_some() && !tool.facts.in_session, "shadowed"),
        (!tool.clashes.is_empty(), "clash"),
        (tool.facts.approved_over.is_some(), "overridden"),
        (tool.facts.approved_unread.is_some(), "not-read"),
        (tool.facts.deprecated.is_some(), "deprecated"),
    ];
    words.extend(marks.into_iter().filter(|(set, _)| *set).map(|(_, word)| word));
    let ink = match tool.state {
        ToolState::Ok if tool.runnable && tool.clashes.is_empty() && is_plain(tool) => Ink::Plain,
        ToolState::Ok | ToolState::Unsupported => Ink::Warn,
        ToolState::Changed | ToolState::Invalid => Ink::Bad,
    };
    match (obstacle, words.as_slice()) {
        // The obstacle is a phrase: words after it must not look like a part of it.
        (Some(obstacle), []) => (ink, obstacle.into()),
        (Some(obstacle), words) => (ink, format!("{obstacle}, {}", words.join(" ")).into()),
        (None, []) => (Ink::Dim, "ok".into()),
        (None, [word]) => (ink, (*word).into()),
        (None, words) => (ink, words.join(" ").into()),
    }
}
