//! The order of tools: by name, or by a column.

use crate::domain::{Stage, Tool, ToolReview, ToolState};
use std::cmp::Reverse;
use std::sync::Arc;

/// The column that the rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatalogOrder {
    /// By name, as in the catalog.
    #[default]
    Name,
    /// Core first, archived last.
    Stage,
    /// Lowest version first.
    Version,
    /// Highest cost first.
    Tier,
    /// Tools that need attention first: changed or not runnable, then pending reviews.
    State,
    /// Lowest success rate first; never run last.
    Success,
    /// Most runs first.
    Runs,
    /// Latest change first.
    Changed,
}

/// Core first, archived last.
fn place_of(stage: Stage) -> u8 {
    match stage {
        Stage::Core => 0,
        Stage::Approved => 1,
        Stage::Experimental => 2,
        Stage::Archived => 3,
    }
}

/// Lower values need attention sooner.
fn attention(tool: &Tool) -> i64 {
    let waits = tool.facts.review == ToolReview::Waiting;
    match tool.state {
        ToolState::Changed => 0,
        ToolState::Invalid | ToolState::Unsupported => 1,
        ToolState::Ok if tool.reason.is_some() => 2,
        ToolState::Ok if waits => 3,
        ToolState::Ok => 4,
    }
}

impl CatalogOrder {
    /// The next order.
    pub fn next(self) -> CatalogOrder {
        match self {
            CatalogOrder::Name => CatalogOrder::Stage,
            CatalogOrder::Stage => CatalogOrder::Version,
            CatalogOrder::Version => CatalogOrder::Tier,
            CatalogOrder::Tier => CatalogOrder::State,
            CatalogOrder::State => CatalogOrder::Success,
            CatalogOrder::Success => CatalogOrder::Runs,
            CatalogOrder::Runs => CatalogOrder::Changed,
            CatalogOrder::Changed => CatalogOrder::Name,
        }
    }

    /// The column in a word or two.
    pub fn word(self) -> &'static str {
        match self {
            CatalogOrder::Name => "name",
            CatalogOrder::Stage => "stage",
            CatalogOrder::Version => "version",
            CatalogOrder::Tier => "cost tier",
            CatalogOrder::State => "state, what needs attention first",
            CatalogOrder::Success => "success, worst first",
            CatalogOrder::Runs => "runs, most first",
            CatalogOrder::Changed => "change, newest first",
        }
    }

    /// Sorts positions of tools; equal ones keep the order of the catalog.
    pub(super) fn sort(self, positions: &mut [usize], tools: &[Arc<Tool>]) {
        let by = |key: fn(&Tool) -> i64, positions: &mut [usize]| {
            positions.sort_by_key(|position| tools.get(*position).map(|tool| key(tool)));
        };
        match self {
            CatalogOrder::Name => {}
            CatalogOrder::Stage => positions.sort_by_key(|at| tools.get(*at).map(|tool| place_of(tool.stage))),
            CatalogOrder::Version => positions.sort_by_key(|at| tools.get(*at).map(|tool| tool.version.clone())),
            CatalogOrder::State => by(attention, positions),
            CatalogOrder::Tier => positions.sort_by_key(|at| tools.get(*at).map(|tool| Reverse(tool.cost_tier))),
            CatalogOrder::Success => {
                by(|tool| tool.facts.success_rate.map_or(i64::MAX, |rate| (rate * 1_000.0) as i64), positions);
            }
            CatalogOrder::Runs => by(|tool| -i64::try_from(tool.facts.runs).unwrap_or(i64::MAX), positions),
            CatalogOrder::Changed => by(|tool| -tool.modified_at.0, positions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::tools;

    #[test]
    fn versions_are_compared_as_versions_and_what_needs_somebody_goes_first() {
        let mut tools: Vec<Arc<Tool>> = tools().into_iter().map(Arc::new).collect();
        Arc::make_mut(&mut tools[0]).version = semver::Version::new(10, 0, 0);
        Arc::make_mut(&mut tools[1]).version = semver::Version::new(9, 0, 0);
        let sorted = |order: CatalogOrder| {
            let mut positions: Vec<usize> = (0..tools.len()).collect();
            order.sort(&mut positions, &tools);
            positions.iter().map(|at| tools[*at].name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(sorted(CatalogOrder::Version)[tools.len() - 2..], ["divide", "csv-stats"]);
        assert_eq!(sorted(CatalogOrder::State)[..3], ["csv-stats", "web-fetch", "text-diff-summary"]);
    }
}
