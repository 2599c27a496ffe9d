//! The panes of the workbench: their state and how they are drawn.
//!
//! A pane holds snapshots that arrive as messages; it asks nobody.

pub mod catalog;
pub mod failures;
pub mod listing;
pub mod output;
pub mod queue;
pub mod rows;
pub mod services;

use crate::action::Context;

/// One of the panes.
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
    /// List of the instances of services; only where there are any.
    Services,
}

impl Pane {
    /// All panes, in the order of their digits.
    const ALL: [Pane; 5] = [Pane::Catalog, Pane::Output, Pane::Failures, Pane::Queue, Pane::Services];

    /// The panes there are, in the order of their digits: the last one only where there are services.
    pub fn present(has_services: bool) -> &'static [Pane] {
        if has_services { &Pane::ALL } else { &Pane::ALL[..4] }
    }

    /// Its title, with the digit that focuses it.
    pub const fn title(self) -> &'static str {
        match self {
            Pane::Catalog => "1 Catalog",
            Pane::Output => "2 Output",
            Pane::Failures => "3 Failures",
            Pane::Queue => "4 Reviews",
            Pane::Services => "5 Services",
        }
    }

    /// Whose keys work when it has the focus.
    pub const fn context(self) -> Context {
        match self {
            Pane::Catalog => Context::Catalog,
            Pane::Output => Context::Output,
            Pane::Failures => Context::Failures,
            Pane::Queue => Context::Queue,
            Pane::Services => Context::Services,
        }
    }

    /// The pane so many places further among these, round the end.
    pub fn step(self, by: isize, panes: &[Pane]) -> Pane {
        let at = panes.iter().position(|pane| *pane == self).unwrap_or(0);
        panes[at.saturating_add_signed(by + panes.len() as isize) % panes.len()]
    }
}
