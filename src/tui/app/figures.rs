//! The dashboard while it is open: recounted after changes, at most every few seconds. With a million recorded runs,
//! one count takes most of a second.

use super::App;
use crate::action::Verb;
use crate::engine::{Dashboard, EngineError};
use crate::tui::effect::Effect;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::report::Report;

/// The minimum time between counts, in milliseconds.
const REST_MS: u64 = 5_000;

/// When it is counted; times are steady milliseconds.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Whether a count is in progress.
    loading: bool,
    /// When the last one arrived.
    came_at: u64,
    /// When to count again, because of a change.
    due: Option<u64>,
}

impl App {
    pub(super) fn open_dashboard(&mut self) -> Vec<Effect> {
        self.overlays.push(Overlay::Report(Report::awaited(Verb::Dashboard)));
        self.figures.due = Some(self.now.steady_ms);
        self.renew_dashboard()
    }

    /// Something that it counts has changed.
    pub(super) fn outdate_dashboard(&mut self) -> Vec<Effect> {
        let rested = self.figures.came_at + REST_MS;
        self.figures.due.get_or_insert(rested.max(self.now.steady_ms));
        self.renew_dashboard()
    }

    /// Counts again if it is open and due.
    pub(super) fn renew_dashboard(&mut self) -> Vec<Effect> {
        if !self.dashboard_is_open() {
            self.figures.due = None;
        }
        let due = !self.figures.loading && self.figures.due.is_some_and(|at| at <= self.now.steady_ms);
        if due {
            self.figures.due = None;
            self.figures.loading = true;
        }
        due.then_some(Effect::Dashboard).into_iter().collect()
    }

    pub(super) fn take_dashboard(&mut self, found: &Result<Box<Dashboard>, EngineError>) -> Vec<Effect> {
        self.figures.loading = false;
        self.figures.came_at = self.now.steady_ms;
        self.figures.due = self.figures.due.map(|at| at.max(self.now.steady_ms + REST_MS));
        self.each_report(|report| {
            if report.verb == Verb::Dashboard {
                report.set_dashboard(found.clone());
            }
        });
        self.renew_dashboard()
    }

    /// When it must be counted again.
    pub(super) fn dashboard_wakes(&self) -> Option<u64> {
        self.figures.due.filter(|_| !self.figures.loading)
    }

    fn dashboard_is_open(&self) -> bool {
        let is_one = |overlay: &Overlay| matches!(overlay, Overlay::Report(report) if report.verb == Verb::Dashboard);
        self.overlays.iter().any(is_one)
    }
}
