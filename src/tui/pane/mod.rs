//! The four panes of the workbench: their state and how they are drawn.
//!
//! A pane holds snapshots that arrive as messages; it asks nobody.

pub mod catalog;
pub mod failures;
pub mod listing;
pub mod output;
pub mod queue;
pub mod rows;

use crate::action::Context;

/// One of the four panes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pane {
    /// List of all tools.
    #[default]
    Catalog,
    /// Runs and their output.
    Output,
    /// List of failure groups.
    Failures,
    /// List of pending reviews.
    Queue,
}

impl Pane {
    /// All panes, in the order of their digits.
    pub const ALL: [Pane; 4] = [Pane::Catalog, Pane::Output, Pane::Failures, Pane::Queue];

    /// Its title, with the digit that focuses it.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Catalog => "1 Catalog",
            Pane::Output => "2 Output",
            Pane::Failures => "3 Failures",
            Pane::Queue => "4 Reviews",
        }
    }

    /// Whose keys work when it has the focus.
    pub const fn context(self) -> Context {
        match self {
            Pane::Catalog => Context::Catalog,
            Pane::Output => Context::Output,
            Pane::Failures => Context::Failures,
            Pane::Queue => Context::Queue,
        }
    }

    /// The pane so many places further, round the end.
    pub fn step(self, by: isize) -> Pane {
        let at = Pane::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Pane::ALL[at.saturating_add_signed(by + 4) % 4]
    }
}
