//! The store's facts about tools, read once for a whole catalog.

use super::generators;
use crate::domain::team::TeamVersion;
use crate::domain::{
    Category, CostTier, Deprecation, Digest, FailureMark, Instant, ReviewId, ReviewKind, ReviewState, Selection,
    Severity, Stage, Tiers, Tool, ToolFacts, ToolName, ToolReview, ToolState, Unread,
};
use crate::engine::core::{Ancestors, Approvals};
use crate::engine::error::EngineError;
use crate::insight::Score;
use crate::store::{Queries, ReviewOutcome, Stats, StoreResult, VersionStats};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The store's facts about tools, read once for a whole catalog.
#[derive(Debug, Default)]
pub struct Facts {
    approvals: Approvals,
    /// Older versions that an approved one was made from.
    ancestors: Ancestors,
    reviews: HashMap<(ToolName, Digest), ToolReview>,
    /// Approved versions with a pending drift review.
    drifted: HashSet<(ToolName, Digest)>,
    stats: HashMap<ToolName, Stats>,
    version_stats: HashMap<(ToolName, Digest), VersionStats>,
    deprecations: HashMap<ToolName, Deprecation>,
    /// Why versions were approved although checks had failed.
    overrides: HashMap<(ToolName, Digest), String>,
    /// How much of versions was not on screen when they were approved.
    unread: HashMap<(ToolName, Digest), Unread>,
    /// The severities of the marks of each version.
    marks: MarksByVersion,
    /// The time of reading.
    now: Instant,
    /// Versions that a human selected for names in this session.
    used: HashMap<ToolName, Digest>,
    /// The cost tiers that may run.
    tiers: Tiers,
    /// The tool sets in use: a tool must be in all of them.
    selections: Vec<Selection>,
    /// Names of which a version was archived here.
    archived: HashSet<String>,
    /// The user's generators.
    generators: Vec<String>,
    /// Team decisions about the versions that the team stopped.
    stopped: HashMap<Digest, TeamVersion>,
    /// The categories that folders gave to approved versions before the approval moved them, oldest first.
    categories: FolderCategories,
}

/// The categories that folders gave to the versions of each name.
pub type FolderCategories = HashMap<ToolName, Vec<(Digest, Category)>>;

/// Facts that apply to this session.
#[derive(Debug, Default)]
pub struct Here {
    /// Versions that a human selected for names.
    pub used: HashMap<ToolName, Digest>,
    /// The cost tiers that may run.
    pub tiers: Tiers,
    /// The tool sets in use: a tool must be in all of them.
    pub selections: Vec<Selection>,
    /// Names of the user's generators.
    pub generators: Vec<String>,
    /// Team decisions about the versions that the team stopped.
    pub stopped: HashMap<Digest, TeamVersion>,
    /// The categories that folders gave to approved versions before the approval moved them, oldest first.
    pub categories: FolderCategories,
}

impl Facts {
    /// The store's facts about all tools.
    pub fn read(queries: &Queries, here: Here) -> Result<Facts, EngineError> {
        Facts::with_reviews(queries, here, |take| queries.each_review(None, take))
    }

    /// The facts about tools with these names; those about others may be incomplete.
    pub fn read_of<'n>(
        queries: &Queries,
        here: Here,
        names: impl IntoIterator<Item = &'n ToolName>,
    ) -> Result<Facts, EngineError> {
        Facts::with_reviews(queries, here, |take| {
            names.into_iter().try_for_each(|name| queries.each_review(Some(name), take))
        })
    }

    /// `outcomes` returns the relevant reviews, the oldest of each tool first.
    fn with_reviews(
        queries: &Queries,
        here: Here,
        outcomes: impl FnOnce(&mut dyn FnMut(ReviewOutcome)) -> StoreResult<()>,
    ) -> Result<Facts, EngineError> {
        let (mut reviews, mut drifted) = (HashMap::new(), HashSet::new());
        let undecided: HashSet<ReviewId> = queries.undecided()?.into_iter().collect();
        outcomes(&mut |review| {
            // A state that the log does not confirm is not shown.
            if undecided.contains(&review.id) {
                reviews.remove(&(review.tool, review.digest));
                return;
            }
            if review.kind == ReviewKind::Drift && review.state == ReviewState::Waiting {
                drifted.insert((review.tool.clone(), review.digest));
            }
            if !review.kind.judges_version() && review.kind != ReviewKind::Adoption {
                return;
            }
            // They are sorted oldest first, so the newest review of a version wins.
            if let Some(word) = tool_review(review.state) {
                reviews.insert((review.tool, review.digest), word);
            }
        })?;
        let overrides = queries.overrides()?.into_iter().map(|(tool, digest, why)| ((tool, digest), why)).collect();
        let approvals = Approvals::read(queries)?;
        Ok(Facts {
            ancestors: Ancestors::read(queries, &approvals)?,
            approvals,
            reviews,
            drifted,
            stats: queries.stats()?,
            version_stats: queries.version_stats()?,
            marks: marks_by_version(queries)?,
            now: crate::engine::clock::now(),
            deprecations: queries.deprecations()?,
            overrides,
            unread: queries.approved_unread()?,
            used: here.used,
            tiers: here.tiers,
            selections: here.selections,
            archived: queries.archived_here()?,
            generators: here.generators,
            stopped: here.stopped,
            categories: here.categories,
        })
    }

    /// Whether an approval of exactly this version is in force.
    pub fn approved(&self, tool: &Tool) -> bool {
        self.approvals.covers(tool)
    }

    /// Whether a version of its name was approved at its place.
    pub fn was_approved_there(&self, tool: &Tool) -> bool {
        self.approvals.lies_at_home(tool)
    }

    /// Whether the approved version of a row's name is archived.
    pub fn is_put_away(&self, tools: &[Arc<Tool>], tool: &Tool) -> bool {
        let mut same = tools.iter().filter(|other| other.stage == Stage::Archived && other.name == tool.name);
        self.was_archived_here(&tool.name) && same.any(|other| self.approvals.has(&other.name, other.digest))
    }

    /// Whether an archived version was ever approved, as far as is known: nothing is known about tools that came with a
    /// workspace.
    pub fn keeps_its_name(&self, tool: &Tool) -> bool {
        let key = (tool.name.clone(), tool.digest);
        self.approvals.has(&key.0, key.1)
            || self.reviews.get(&key) == Some(&ToolReview::Approved)
            || !self.was_archived_here(&tool.name)
    }

    /// Whether a version of a name was archived here.
    pub fn was_archived_here(&self, name: &ToolName) -> bool {
        self.archived.contains(name.as_str())
    }

    /// The score of a version, rounded to hundredths, so that a row does not change every second.
    fn score(&self, version: &(ToolName, Digest)) -> Option<f64> {
        let marks = self.marks.get(version).map(Vec::as_slice).unwrap_or_default();
        let score = Score::of(self.version_stats.get(version)?.uses, self.now, marks.iter().copied())?;
        Some((score.score * 100.0).round() / 100.0)
    }

    /// Whether a human must unlock it before it runs; a tool that can never run is not locked.
    pub fn locks(&self, tool: &Tool, approved: bool) -> bool {
        let runs = tool.stage != Stage::Archived && tool.cost_tier != CostTier::Prohibited;
        runs && (self.tiers.is_above_cap(tool) || self.tiers.is_locked(tool, approved))
    }

    /// The tool set in use; `None` for all tools.
    pub fn in_use(&self) -> Option<String> {
        self.selections.last().map(|selection| selection.name.clone())
    }

    /// The category of a tool that states none, from the folder that it was in when it was approved. Its own is
    /// preferred to that of another version of the name.
    fn category_before(&self, tool: &Tool) -> Option<&Category> {
        if tool.stage == Stage::Experimental || tool.category.0 != Category::UNSTATED {
            return None;
        }
        let known = self.categories.get(&tool.name)?;
        let own = known.iter().rfind(|(digest, _)| *digest == tool.digest);
        own.or(known.last()).map(|(_, category)| category)
    }

    /// Adds the store's facts to a row; if they equal `shared`, the row shares it.
    pub fn complete(&self, tool: &mut Tool, shared: &Arc<ToolFacts>) {
        if let Some(category) = self.category_before(tool) {
            tool.category = category.clone();
        }
        let key = (tool.name.clone(), tool.digest);
        let approved = self.approved(tool);
        // A server was reviewed together with all tools that it lists.
        let of_server = tool.server.as_ref().map(|server| (server.clone(), tool.digest));
        let judged = of_server.as_ref().unwrap_or(&key);
        let review = self.reviews.get(judged).copied().unwrap_or(ToolReview::None);
        let is_newcomer = !approved && self.approvals.knows(&judged.0);
        let stats = self.version_stats.get(&key).copied().unwrap_or_default();
        // Where other tools have its name, only the runs of its own files are known to be its runs.
        let own = (stats.runs, stats.succeeded, stats.last_run_at);
        let of_name = self.stats.get(&tool.name).map(|of| (of.runs, of.succeeded, of.last_run_at)).unwrap_or_default();
        let (name_runs, name_succeeded, name_last_run_at) = if tool.clashes.is_empty() { of_name } else { own };
        let facts = ToolFacts {
            approved_over: self.overrides.get(judged).filter(|_| approved).cloned(),
            approved_unread: self.unread.get(judged).copied().filter(|_| approved),
            review: if approved && !self.drifted.contains(judged) { ToolReview::Approved } else { review },
            score: self.score(&key),
            runs: stats.runs,
            success_rate: (stats.runs > 0).then(|| stats.succeeded as f64 / stats.runs as f64),
            last_run_at: stats.last_run_at,
            name_runs,
            name_success_rate: (name_runs > 0).then(|| name_succeeded as f64 / name_runs as f64),
            name_last_run_at,
            in_session: tool.stage != Stage::Archived && self.used.get(&key.0) == Some(&key.1),
            deprecated: self.deprecations.get(&judged.0).cloned().map(Box::new),
            replaced_by: self
                .ancestors
                .successor(&key.0, key.1)
                .filter(|_| tool.stage == Stage::Experimental)
                .map(|successor| successor.version.clone()),
            locked: self.locks(tool, approved),
            approved,
            reserved: None,
            unused: self.selections.iter().any(|selection| !selection.holds(tool)),
        };
        tool.facts = if facts == **shared { Arc::clone(shared) } else { Arc::new(facts) };
        let is_changed = is_newcomer || (!approved && self.approvals.knows_place(tool));
        if tool.stage.is_vouched() && is_changed && tool.state != ToolState::Invalid {
            tool.state = ToolState::Changed;
        }
        generators::settle(tool, &self.generators);
        let stopped = self.stopped.get(&tool.digest);
        tool.note_stop(stopped.and_then(|version| version.why_stopped(tool.reviewed_as(), tool.stage)));
    }
}

/// The severities of the marks of each version, oldest first.
pub type MarksByVersion = HashMap<(ToolName, Digest), Vec<Severity>>;

/// Reads the valid marks of all versions.
pub fn marks_by_version(queries: &Queries) -> Result<MarksByVersion, EngineError> {
    let mut marks = MarksByVersion::new();
    for mark in queries.all_failure_marks()?.into_iter().filter(FailureMark::counts) {
        marks.entry((mark.tool, mark.digest)).or_default().push(mark.severity);
    }
    Ok(marks)
}

fn tool_review(state: ReviewState) -> Option<ToolReview> {
    match state {
        ReviewState::Waiting => Some(ToolReview::Waiting),
        ReviewState::Approved => Some(ToolReview::Approved),
        ReviewState::Rejected => Some(ToolReview::Rejected),
        ReviewState::ChangesRequested => Some(ToolReview::ChangesRequested),
        ReviewState::Expired => Some(ToolReview::Expired),
        ReviewState::Superseded => None,
    }
}
