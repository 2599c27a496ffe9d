//! What the store says of tools, read once for a whole catalog.

use super::generators;
use crate::domain::team::TeamVersion;
use crate::domain::{
    CostTier, Deprecation, Digest, FailureMark, Instant, ReviewId, ReviewKind, ReviewState, Selection, Severity, Stage,
    Tiers, Tool, ToolFacts, ToolName, ToolReview, ToolState, Unread,
};
use crate::engine::core::Approvals;
use crate::engine::error::EngineError;
use crate::insight::Score;
use crate::store::{Queries, ReviewOutcome, Stats, StoreResult, VersionStats};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What the store says of tools, read once for a whole catalog.
#[derive(Debug, Default)]
pub struct Facts {
    approvals: Approvals,
    reviews: HashMap<(ToolName, Digest), ToolReview>,
    /// Versions whose behaviour waits for a human although they are approved.
    drifted: HashSet<(ToolName, Digest)>,
    stats: HashMap<ToolName, Stats>,
    version_stats: HashMap<(ToolName, Digest), VersionStats>,
    deprecations: HashMap<ToolName, Deprecation>,
    /// Why versions were approved although checks had failed.
    overrides: HashMap<(ToolName, Digest), String>,
    /// How much of versions was on no screen when they were approved.
    unread: HashMap<(ToolName, Digest), Unread>,
    /// How bad the marks of each version are.
    marks: MarksByVersion,
    /// When this was read.
    now: Instant,
    /// What names mean in this session, where a human said so.
    used: HashMap<ToolName, Digest>,
    /// What may run as far as costs decide.
    tiers: Tiers,
    /// What a tool must be in to be in use.
    selections: Vec<Selection>,
    /// Names of which a version was archived here.
    archived: HashSet<String>,
    /// The user's generators.
    generators: Vec<String>,
    /// What the team decided about the versions that it stopped.
    stopped: HashMap<Digest, TeamVersion>,
}

/// What holds in this session.
#[derive(Debug, Default)]
pub struct Here {
    /// What names mean, where a human said so.
    pub used: HashMap<ToolName, Digest>,
    /// What may run as far as costs decide.
    pub tiers: Tiers,
    /// What a tool must be in to be in use.
    pub selections: Vec<Selection>,
    /// Names of the user's generators.
    pub generators: Vec<String>,
    /// What the team decided about the versions that it stopped.
    pub stopped: HashMap<Digest, TeamVersion>,
}

impl Facts {
    /// What the store says of all tools.
    pub fn read(queries: &Queries, here: Here) -> Result<Facts, EngineError> {
        Facts::with_reviews(queries, here, |take| queries.each_review(None, take))
    }

    /// What it says of tools with these names; of others it may be incomplete.
    pub fn read_of<'n>(
        queries: &Queries,
        here: Here,
        names: impl IntoIterator<Item = &'n ToolName>,
    ) -> Result<Facts, EngineError> {
        Facts::with_reviews(queries, here, |take| {
            names.into_iter().try_for_each(|name| queries.each_review(Some(name), take))
        })
    }

    /// `outcomes` hands over the reviews that matter, of each tool oldest first.
    fn with_reviews(
        queries: &Queries,
        here: Here,
        outcomes: impl FnOnce(&mut dyn FnMut(ReviewOutcome)) -> StoreResult<()>,
    ) -> Result<Facts, EngineError> {
        let (mut reviews, mut drifted) = (HashMap::new(), HashSet::new());
        let undecided: HashSet<ReviewId> = queries.undecided()?.into_iter().collect();
        outcomes(&mut |review| {
            // What the log does not say is not shown.
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
            // They come oldest first: the newest review of a version wins.
            if let Some(word) = tool_review(review.state) {
                reviews.insert((review.tool, review.digest), word);
            }
        })?;
        let overrides = queries.overrides()?.into_iter().map(|(tool, digest, why)| ((tool, digest), why)).collect();
        Ok(Facts {
            approvals: Approvals::read(queries)?,
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
        })
    }

    /// Whether an approval of exactly this version is in force.
    pub fn approved(&self, tool: &Tool) -> bool {
        self.approvals.covers(tool)
    }

    /// Whether a version of its name was approved where it is.
    pub fn was_approved_there(&self, tool: &Tool) -> bool {
        self.approvals.lies_at_home(tool)
    }

    /// Whether the approved version of a row's name is among the archived ones.
    pub fn is_put_away(&self, tools: &[Arc<Tool>], tool: &Tool) -> bool {
        let mut same = tools.iter().filter(|other| other.stage == Stage::Archived && other.name == tool.name);
        self.was_archived_here(&tool.name) && same.any(|other| self.approvals.has(&other.name, other.digest))
    }

    /// Whether an archived version was ever approved, as far as is known: of what came with a workspace nothing is.
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

    /// The score of a version in hundredths, so that a row does not change with every second.
    fn score(&self, version: &(ToolName, Digest)) -> Option<f64> {
        let marks = self.marks.get(version).map(Vec::as_slice).unwrap_or_default();
        let score = Score::of(self.version_stats.get(version)?.uses, self.now, marks.iter().copied())?;
        Some((score.score * 100.0).round() / 100.0)
    }

    /// Whether a human would have to open it before it runs; what never runs in any case is not locked.
    pub fn locks(&self, tool: &Tool, approved: bool) -> bool {
        let runs = tool.stage != Stage::Archived && tool.cost_tier != CostTier::Prohibited;
        runs && (self.tiers.is_above_cap(tool) || self.tiers.is_locked(tool, approved))
    }

    /// The choice of tools in use; `None` for all.
    pub fn in_use(&self) -> Option<String> {
        self.selections.last().map(|selection| selection.name.clone())
    }

    /// Adds to a row what the store says of it; where that is the same as `shared`, the row shares it.
    pub fn complete(&self, tool: &mut Tool, shared: &Arc<ToolFacts>) {
        let key = (tool.name.clone(), tool.digest);
        let approved = self.approved(tool);
        // A server was reviewed with all that it lists.
        let of_server = tool.server.as_ref().map(|server| (server.clone(), tool.digest));
        let judged = of_server.as_ref().unwrap_or(&key);
        let review = self.reviews.get(judged).copied().unwrap_or(ToolReview::None);
        let is_newcomer = !approved && self.approvals.knows(&judged.0);
        let name = self.stats.get(&tool.name);
        let stats = self.version_stats.get(&key).copied().unwrap_or_default();
        let facts = ToolFacts {
            approved_over: self.overrides.get(judged).filter(|_| approved).cloned(),
            approved_unread: self.unread.get(judged).copied().filter(|_| approved),
            review: if approved && !self.drifted.contains(judged) { ToolReview::Approved } else { review },
            score: self.score(&key),
            runs: stats.runs,
            success_rate: (stats.runs > 0).then(|| stats.succeeded as f64 / stats.runs as f64),
            last_run_at: stats.last_run_at,
            name_runs: name.map_or(0, |s| s.runs),
            name_success_rate: name.filter(|s| s.runs > 0).map(|s| s.succeeded as f64 / s.runs as f64),
            name_last_run_at: name.and_then(|s| s.last_run_at),
            in_session: tool.stage != Stage::Archived && self.used.get(&key.0) == Some(&key.1),
            deprecated: self.deprecations.get(&judged.0).cloned().map(Box::new),
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

/// How bad the marks of each version are, oldest first.
pub type MarksByVersion = HashMap<(ToolName, Digest), Vec<Severity>>;

/// Reads the marks of all versions that hold.
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
