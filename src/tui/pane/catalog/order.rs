//! In which order tools are listed: by name, or by what stands in a column.

use crate::domain::{Stage, Tool};
use std::cmp::Reverse;
use std::sync::Arc;

/// The column that the rows are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatalogOrder {
    /// As the catalog has them: by name.
    #[default]
    Name,
    /// Core first, archived last.
    Stage,
    /// What costs most first.
    Tier,
    /// What succeeds least first; what never ran last.
    Success,
    /// What runs most first.
    Runs,
    /// What changed last first.
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

impl CatalogOrder {
    /// The next one.
    pub fn next(self) -> CatalogOrder {
        match self {
            CatalogOrder::Name => CatalogOrder::Stage,
            CatalogOrder::Stage => CatalogOrder::Tier,
            CatalogOrder::Tier => CatalogOrder::Success,
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
            CatalogOrder::Tier => "cost tier",
            CatalogOrder::Success => "success, worst first",
            CatalogOrder::Runs => "runs, most first",
            CatalogOrder::Changed => "change, newest first",
        }
    }

    /// Sorts positions of tools; equal ones stay in the order of the catalog.
    pub(super) fn sort(self, positions: &mut [usize], tools: &[Arc<Tool>]) {
        let by = |key: fn(&Tool) -> i64, positions: &mut [usize]| {
            positions.sort_by_key(|position| tools.get(*position).map(|tool| key(tool)));
        };
        match self {
            CatalogOrder::Name => {}
            CatalogOrder::Stage => positions.sort_by_key(|at| tools.get(*at).map(|tool| place_of(tool.stage))),
            CatalogOrder::Tier => positions.sort_by_key(|at| tools.get(*at).map(|tool| Reverse(tool.cost_tier))),
            CatalogOrder::Success => {
                by(|tool| tool.facts.success_rate.map_or(i64::MAX, |rate| (rate * 1_000.0) as i64), positions);
            }
            CatalogOrder::Runs => by(|tool| -i64::try_from(tool.facts.runs).unwrap_or(i64::MAX), positions),
            CatalogOrder::Changed => by(|tool| -tool.modified_at.0, positions),
        }
    }
}
