//! The catalog as faces see it: what the scan found, joined with what the store knows.

use super::core::Approvals;
use super::error::EngineError;
use super::view::{CatalogState, CatalogView};
use crate::domain::{
    CostTier, Deprecation, Digest, Instant, Problem, ReviewId, ReviewKind, ReviewState, Selection, Severity, Stage,
    Tiers, Tool, ToolFacts, ToolName, ToolReview, ToolState,
};
use crate::insight::Score;
use crate::store::{Queries, Stats};
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
    deprecations: HashMap<ToolName, Deprecation>,
    /// Why versions were approved although checks had failed.
    overrides: HashMap<(ToolName, Digest), String>,
    /// How bad the marks of each name are.
    marks: HashMap<ToolName, Vec<Severity>>,
    /// When this was read.
    now: Instant,
    /// What names mean in this session, where a human said so.
    used: HashMap<ToolName, Digest>,
    /// What may run as far as costs decide.
    tiers: Tiers,
    /// What a tool must be in to be in use.
    selections: Vec<Selection>,
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
}

impl Facts {
    /// Reads them.
    pub fn read(queries: &Queries, here: Here) -> Result<Facts, EngineError> {
        let (mut reviews, mut drifted) = (HashMap::new(), HashSet::new());
        let undecided: HashSet<ReviewId> = queries.undecided()?.into_iter().collect();
        for head in queries.review_heads()? {
            // What the log does not say is not shown.
            if undecided.contains(&head.id) {
                reviews.remove(&(head.tool, head.digest));
                continue;
            }
            if head.kind == ReviewKind::Drift && head.state == ReviewState::Waiting {
                drifted.insert((head.tool.clone(), head.digest));
            }
            if !head.kind.judges_version() && head.kind != ReviewKind::Adoption {
                continue;
            }
            // Heads come oldest first: the newest review of a version wins.
            if let Some(word) = tool_review(head.state) {
                reviews.insert((head.tool, head.digest), word);
            }
        }
        let overrides = queries.overrides()?.into_iter().map(|(tool, digest, why)| ((tool, digest), why)).collect();
        Ok(Facts {
            approvals: Approvals::read(queries)?,
            reviews,
            drifted,
            stats: queries.stats()?,
            marks: marks_by_tool(queries)?,
            now: super::now(),
            deprecations: queries.deprecations()?,
            overrides,
            used: here.used,
            tiers: here.tiers,
            selections: here.selections,
        })
    }

    /// Whether an approval of exactly this version is in force.
    pub fn approved(&self, tool: &Tool) -> bool {
        self.approvals.covers(tool)
    }

    /// The score of a name in hundredths, so that a row does not change with every second.
    fn score(&self, name: &ToolName) -> Option<f64> {
        let marks = self.marks.get(name).map(Vec::as_slice).unwrap_or_default();
        let score = Score::of(self.stats.get(name)?.uses, self.now, marks.iter().copied())?;
        Some((score.score * 100.0).round() / 100.0)
    }

    /// Whether a human would have to open it before it runs; what never runs in any case is not locked.
    fn locks(&self, tool: &Tool, approved: bool) -> bool {
        let runs = tool.stage != Stage::Archived && tool.cost_tier != CostTier::Prohibited;
        runs && (self.tiers.is_above_cap(tool) || self.tiers.is_locked(tool, approved))
    }

    /// Completes a row.
    pub fn complete(&self, mut tool: Tool) -> Tool {
        let key = (tool.name.clone(), tool.digest);
        let approved = self.approved(&tool);
        let review = self.reviews.get(&key).copied().unwrap_or(ToolReview::None);
        let stats = self.stats.get(&tool.name);
        tool.facts = ToolFacts {
            approved_over: self.overrides.get(&key).filter(|_| approved).cloned(),
            review: if approved && !self.drifted.contains(&key) { ToolReview::Approved } else { review },
            score: self.score(&tool.name),
            runs: stats.map_or(0, |s| s.runs),
            success_rate: stats.filter(|s| s.runs > 0).map(|s| s.succeeded as f64 / s.runs as f64),
            last_run_at: stats.and_then(|s| s.last_run_at),
            in_session: tool.stage != Stage::Archived && self.used.get(&key.0) == Some(&key.1),
            deprecated: self.deprecations.get(&key.0).cloned(),
            locked: self.locks(&tool, approved),
            unused: self.selections.iter().any(|selection| !selection.holds(&tool)),
        };
        if tool.stage.is_vouched() && !approved && self.approvals.knows(&tool.name) && tool.state == ToolState::Ok {
            tool.state = ToolState::Changed;
        }
        tool
    }
}

/// How bad the marks of each tool are, oldest first.
pub fn marks_by_tool(queries: &Queries) -> Result<HashMap<ToolName, Vec<Severity>>, EngineError> {
    let mut marks: HashMap<ToolName, Vec<Severity>> = HashMap::new();
    for mark in queries.all_failure_marks()? {
        marks.entry(mark.tool).or_default().push(mark.severity);
    }
    Ok(marks)
}

/// A row as the scan gave it, without what the store knows.
pub fn as_scanned(tool: &Tool) -> Tool {
    let state = if tool.state == ToolState::Changed { ToolState::Ok } else { tool.state };
    Tool { state, facts: ToolFacts::default(), ..tool.clone() }
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

/// Builds a snapshot. Rows that did not change keep their allocation from `before`.
pub fn build(
    rows: impl Iterator<Item = Tool>,
    problems: Vec<Problem>,
    facts: &Facts,
    state: CatalogState,
    before: &CatalogView,
) -> CatalogView {
    let kept: HashMap<&str, &Arc<Tool>> = before.tools.iter().map(|tool| (tool.path.as_str(), tool)).collect();
    let tools = rows
        .map(|tool| {
            let row = facts.complete(tool);
            match kept.get(row.path.as_str()) {
                Some(same) if ***same == row => Arc::clone(same),
                _ => Arc::new(row),
            }
        })
        .collect();
    let in_use = facts.selections.last().map(|selection| selection.name.clone());
    CatalogView { state, tools, problems, in_use, generation: before.generation + 1 }
}
