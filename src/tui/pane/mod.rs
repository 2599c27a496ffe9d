//! The panes of the workbench: their state and how they are drawn.
//!
//! A pane holds snapshots that arrive as messages, and requests nothing itself.

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
    /// List of the instances of services; only if there are any.
    Services,
}

/// Hidden panes; the catalog is always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hidden {
    output: bool,
    failures: bool,
    queue: bool,
    services: bool,
}

impl Hidden {
    /// The panes with these digits.
    pub fn of(digits: &[u8]) -> Hidden {
        let mut hidden = Hidden::default();
        for pane in Pane::ALL {
            hidden.set(pane, digits.contains(&pane.digit()));
        }
        hidden
    }

    /// Whether a pane is hidden.
    pub fn has(self, pane: Pane) -> bool {
        match pane {
            Pane::Catalog => false,
            Pane::Output => self.output,
            Pane::Failures => self.failures,
            Pane::Queue => self.queue,
            Pane::Services => self.services,
        }
    }

    /// Hides or shows a pane.
    pub fn set(&mut self, pane: Pane, is_hidden: bool) {
        match pane {
            Pane::Catalog => {}
            Pane::Output => self.output = is_hidden,
            Pane::Failures => self.failures = is_hidden,
            Pane::Queue => self.queue = is_hidden,
            Pane::Services => self.services = is_hidden,
        }
    }

    /// The digits of the hidden panes.
    pub fn digits(self) -> Vec<u8> {
        Pane::ALL.into_iter().filter(|pane| self.has(*pane)).map(Pane::digit).collect()
    }
}

impl Pane {
    /// All panes, in the order of their digits.
    const ALL: [Pane; 5] = [Pane::Catalog, Pane::Output, Pane::Failures, Pane::Queue, Pane::Services];

    /// The present panes, in the order of their digits: the last one only if there are services.
    pub fn present(has_services: bool) -> &'static [Pane] {
        if has_services { &Pane::ALL } else { &Pane::ALL[..4] }
    }

    /// The digit that focuses it.
    pub const fn digit(self) -> u8 {
        match self {
            Pane::Catalog => 1,
            Pane::Output => 2,
            Pane::Failures => 3,
            Pane::Queue => 4,
            Pane::Services => 5,
        }
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

    /// The context whose keys are active when it has the focus.
    pub const fn context(self) -> Context {
        match self {
            Pane::Catalog => Context::Catalog,
            Pane::Output => Context::Output,
            Pane::Failures => Context::Failures,
            Pane::Queue => Context::Queue,
            Pane::Services => Context::Services,
        }
    }

    /// The pane this many places further, wrapping around.
    pub fn step(self, by: isize, panes: &[Pane]) -> Pane {
        let at = panes.iter().position(|pane| *pane == self).unwrap_or(0);
        panes[at.saturating_add_signed(by + panes.len() as isize) % panes.len()]
    }
}
