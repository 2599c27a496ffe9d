//! Which tools the catalog shows, by their stage.

use crate::domain::Stage;

/// Which stages are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StageFilter {
    /// All but archived tools.
    #[default]
    Current,
    /// Only tools of this stage.
    Only(Stage),
    /// All tools, archived ones included.
    All,
}

impl StageFilter {
    /// The next filter.
    pub(super) fn next(self) -> StageFilter {
        match self {
            StageFilter::Current => StageFilter::Only(Stage::Experimental),
            StageFilter::Only(Stage::Experimental) => StageFilter::Only(Stage::Approved),
            StageFilter::Only(Stage::Approved) => StageFilter::Only(Stage::Core),
            StageFilter::Only(Stage::Core) => StageFilter::Only(Stage::Archived),
            StageFilter::Only(Stage::Archived) => StageFilter::All,
            StageFilter::All => StageFilter::Current,
        }
    }

    /// Whether tools of a stage are shown.
    pub(super) fn accepts(self, stage: Stage) -> bool {
        match self {
            StageFilter::Current => stage != Stage::Archived,
            StageFilter::Only(only) => stage == only,
            StageFilter::All => true,
        }
    }

    /// The filter in words; empty for the default.
    pub fn word(self) -> &'static str {
        match self {
            StageFilter::Current => "",
            StageFilter::Only(stage) => stage.word(),
            StageFilter::All => "all stages",
        }
    }
}
