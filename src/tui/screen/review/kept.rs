//! The reading progress of a closed review: when it is opened again, it continues there.

use super::{ReviewScreen, Watch};
use crate::domain::{Digest, DisplayRecord};
use crate::tui::now::Now;
use crate::tui::screen::reader::TabKind;
use crate::tui::widget::Recall;
use std::collections::BTreeSet;

/// The reading progress of a version.
#[derive(Debug, Clone)]
pub struct Kept {
    digest: Digest,
    base: Option<Digest>,
    evidence: Digest,
    texts: Vec<(TabKind, Recall)>,
    watch: Watch,
    /// The tools of an adoption that the approval leaves out.
    left_out: BTreeSet<String>,
    /// Its display record.
    pub shown: DisplayRecord,
}

impl Kept {
    /// Whether every line of this version was on screen, and this evidence was.
    pub fn covers(&self, digest: Digest, evidence: Digest) -> bool {
        self.is_of(digest, evidence) && self.is_whole()
    }

    /// Whether every line of a version was on screen.
    pub fn is_whole(&self) -> bool {
        self.shown.tail_shown && self.shown.unread() == 0
    }

    /// Whether it is about this version with this evidence.
    pub fn is_of(&self, digest: Digest, evidence: Digest) -> bool {
        (self.digest, self.evidence) == (digest, evidence)
    }
}

impl ReviewScreen {
    /// The reading progress so far; `None` before the detail arrived.
    pub fn keep(&mut self, now: Now) -> Option<Kept> {
        self.watch.stop(now);
        let detail = self.detail.as_ref()?;
        Some(Kept {
            digest: detail.review.digest,
            base: detail.review.base_digest,
            evidence: detail.evidence_digest(),
            texts: self.reader.tabs().iter().map(|tab| (tab.kind, tab.view.recall())).collect(),
            watch: self.watch.clone(),
            left_out: self.left_out.clone(),
            shown: self.shown(now),
        })
    }

    /// Stores the earlier reading progress until the detail arrives.
    pub fn read_before(&mut self, kept: Option<Kept>) {
        self.kept = kept;
    }

    /// Restores the reading progress if it is about the same version. New evidence counts as late.
    pub(super) fn go_on(&mut self, now: Now) {
        let Some(kept) = self.kept.take() else { return };
        if (kept.digest, kept.base) != (self.review.digest, self.review.base_digest) {
            return;
        }
        for (kind, recall) in &kept.texts {
            if let Some(tab) = self.reader.tab_of(*kind) {
                tab.view.take_up(recall);
            }
        }
        self.watch = kept.watch;
        self.left_out = kept.left_out;
        self.opened_ms = now.steady_ms.saturating_sub(kept.shown.open_ms);
        if kept.shown.lines_shown > 0 {
            self.fresh = false;
            self.show_first_unseen();
        }
    }
}
