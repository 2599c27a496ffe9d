//! How long each part of a review was on screen, for the record of the decision.

use crate::tui::now::Now;
use crate::tui::screen::reader::TabKind;

/// Milliseconds on screen, by tab.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch {
    spent: Vec<(TabKind, u64)>,
    /// The part on the screen, and since when.
    open: Option<(TabKind, u64)>,
}

impl Watch {
    /// A tab was drawn; the time until now counts for the previous one.
    pub(super) fn drawn(&mut self, tab: TabKind, now: Now) {
        self.stop(now);
        self.open = Some((tab, now.steady_ms));
    }

    /// The tab is no longer on the screen.
    pub(super) fn stop(&mut self, now: Now) {
        let Some((tab, since)) = self.open.take() else { return };
        let ms = now.steady_ms.saturating_sub(since);
        match self.spent.iter_mut().find(|(known, _)| *known == tab) {
            Some((_, spent)) => *spent += ms,
            None => self.spent.push((tab, ms)),
        }
    }

    /// How long a tab was on the screen until now, in milliseconds.
    pub(super) fn spent_on(&self, tab: TabKind, now: Now) -> u64 {
        let kept = self.spent.iter().find(|(known, _)| *known == tab).map_or(0, |(_, spent)| *spent);
        let running = self.open.filter(|(open, _)| *open == tab);
        kept + running.map_or(0, |(_, since)| now.steady_ms.saturating_sub(since))
    }
}
