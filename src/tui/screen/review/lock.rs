//! Why a review cannot be approved yet: what was not on screen, what the checks say; and the record of what was.

use super::{Reading, ReviewScreen};
use crate::domain::{ReviewState, SeenPart, Shown, ordinal};
use crate::tui::msg::Now;
use crate::tui::phrase::{count, cut, plural, safe};
use crate::tui::screen::reader::{Tab, TabKind};

/// Names of what is missing that a sentence holds.
const NAMED: usize = 2;

/// Why approve does nothing yet, or that it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Everything was shown, and nothing stands in the way.
    Open,
    /// Something is missing; the sentence says what and how to get there.
    Locked(String),
}

/// Keys that the sentences of a lock name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockKeys {
    /// Shows the next part.
    pub next: String,
    /// Shows the next page.
    pub page: String,
    /// Goes to the end, and from there to what was cut on the way.
    pub bottom: String,
    /// Approves although checks failed.
    pub over: String,
    /// Shows lines that differ in blanks only.
    pub blanks: String,
    /// Makes the checks now.
    pub check: String,
}

impl ReviewScreen {
    /// Whether a no or not yet can be given, else why not.
    ///
    /// # Errors
    /// The reason as a sentence.
    pub fn decidable(&self) -> Result<(), String> {
        match (&self.stale, self.is_loaded(), self.review.state) {
            (Some(why), ..) => Err(why.clone()),
            (None, false, _) => Err("the review is not read yet".to_owned()),
            (None, true, ReviewState::Waiting) => Ok(()),
            (None, true, state) => Err(format!("already {state}")),
        }
    }

    /// Whether approve is open, and if not, what is missing.
    pub fn lock(&self, keys: &LockKeys) -> Lock {
        match self.lock_but_for_checks(keys) {
            Lock::Open if !self.blocking().is_empty() => {
                let names = listed(self.blocking());
                Lock::Locked(format!("approve is locked: {names} failed · {} goes over it with a reason", keys.over))
            }
            lock => lock,
        }
    }

    /// Whether an approval over failed checks is open, and if not, what is missing.
    pub fn lock_over(&self, keys: &LockKeys) -> Lock {
        match self.lock_but_for_checks(keys) {
            Lock::Open if self.blocking().is_empty() => Lock::Locked("no failed check stands in the way".to_owned()),
            lock => lock,
        }
    }

    /// The checks that stand in the way of a yes.
    pub fn blocking(&self) -> &[String] {
        self.detail.as_ref().map_or(&[], |detail| &detail.blocking)
    }

    /// Roles of which a yes is still missing.
    pub fn roles(&self) -> &[String] {
        self.detail.as_ref().map_or(&[], |detail| &detail.roles)
    }

    fn lock_but_for_checks(&self, keys: &LockKeys) -> Lock {
        if let Err(why) = self.decidable() {
            return Lock::Locked(why);
        }
        if let Some(why) = self.unfinished(keys) {
            return Lock::Locked(format!("approve is locked: {why}"));
        }
        let unseen = self.unseen();
        if unseen.is_empty() {
            return Lock::Open;
        }
        let here = self.reader.position();
        let others: Vec<String> = unseen.iter().filter(|at| **at != here).map(|at| self.left_in(*at)).collect();
        let (mut sentence, then) = if unseen.contains(&here) {
            (self.way_on(keys), "then")
        } else {
            (format!("{} shows the next", keys.next), "not yet seen:")
        };
        if !others.is_empty() {
            sentence = format!("{sentence} · {then} {}", listed(&others));
        }
        Lock::Locked(format!("approve is locked: {sentence}"))
    }

    /// What is missing in the text on top, and the key that shows it.
    fn way_on(&self, keys: &LockKeys) -> String {
        let view = &self.reader.current().view;
        if view.ends_on_screen() || view.tail_shown() {
            return match (view.cut_lines(), self.hides_blanks()) {
                (0, 1..) => format!("{} shows all lines", keys.blanks),
                (cut, _) => format!("{} shows the rest of {}", keys.bottom, count(cut, "cut line")),
            };
        }
        let left = self.left_in(self.reader.position());
        format!("{} reads on · {left} not yet seen · {} goes to the end", keys.page, keys.bottom)
    }

    /// How much of a text was not on screen: `3 pages of difference`. A page is the height of the text on top.
    fn left_in(&self, at: usize) -> String {
        let tab = &self.reader.tabs()[at];
        let page = self.reader.current().view.page_height();
        let left = tab.view.len().saturating_sub(tab.view.lines_shown()).max(1);
        format!("{} of {}", count(left.div_ceil(page), "page"), cut(&safe(&tab.name), 32))
    }

    /// Why the checks cannot be decided on yet.
    fn unfinished(&self, keys: &LockKeys) -> Option<String> {
        if !self.review.is_checked() {
            return None;
        }
        match self.detail.as_ref().and_then(|detail| detail.verdict.as_ref()) {
            None => Some(format!("{} · {} makes them now", self.checks_wait(), keys.check)),
            Some(verdict) if !verdict.is_complete() => {
                let tally = verdict.tally();
                Some(format!("checks are running, {} of {} done", tally.ended, tally.total))
            }
            Some(_) => None,
        }
    }

    /// Where the checks are that have not begun.
    fn checks_wait(&self) -> String {
        match self.detail.as_ref().and_then(|detail| detail.checks_place) {
            Some(place) => format!("checks: {} in queue", ordinal(place)),
            None => "its checks have not begun".to_owned(),
        }
    }

    /// Whether the evidence is not whole: checks are still to be made.
    pub(super) fn awaits_checks(&self) -> bool {
        let verdict = self.detail.as_ref().and_then(|detail| detail.verdict.as_ref());
        let waits = self.review.state == ReviewState::Waiting && self.review.is_checked();
        self.is_loaded() && waits && verdict.is_none_or(|verdict| !verdict.is_complete())
    }

    /// Lines that are left out of the difference now because they differ in blanks only.
    pub fn hides_blanks(&self) -> usize {
        self.compared.as_ref().map_or(0, |text| text.blanks())
    }

    /// Tabs whose end must still be shown: the evidence, and either the difference or every file.
    pub(super) fn unseen(&self) -> Vec<usize> {
        let open = |wanted: fn(TabKind) -> bool| -> Vec<usize> {
            let tabs = self.reader.tabs().iter().enumerate();
            tabs.filter(|(_, tab)| wanted(tab.kind) && !self.is_seen(tab)).map(|(at, _)| at).collect()
        };
        let files = open(|kind| matches!(kind, TabKind::File(_)));
        let difference = open(|kind| kind == TabKind::Difference);
        let body = match (self.compared.is_some(), self.reading) {
            (true, _) if files.is_empty() || difference.is_empty() => Vec::new(),
            (true, Reading::Difference) => difference,
            (true, Reading::Source) | (false, _) => files,
        };
        open(|kind| kind == TabKind::Facts).into_iter().chain(body).collect()
    }

    /// Whether the end of a tab was shown; a difference that leaves lines out does not count.
    pub(super) fn is_seen(&self, tab: &Tab) -> bool {
        tab.view.tail_shown() && !(tab.kind == TabKind::Difference && self.hides_blanks() > 0)
    }

    /// What was shown so far, for the record.
    pub fn shown(&self, now: Now) -> Shown {
        let counted: Vec<&Tab> = self.reader.tabs().iter().filter(|tab| self.belongs(tab.kind)).collect();
        let parts = counted.iter().map(|tab| SeenPart {
            part: safe(&tab.name),
            lines: tab.view.len() as u64,
            lines_shown: tab.view.lines_shown() as u64,
            ms: self.watch.spent_on(tab.kind, now),
        });
        let parts: Vec<SeenPart> = parts.collect();
        Shown {
            lines: parts.iter().map(|part| part.lines).sum(),
            lines_shown: parts.iter().map(|part| part.lines_shown).sum(),
            tail_shown: self.is_loaded() && self.unseen().is_empty(),
            open_ms: now.steady_ms.saturating_sub(self.opened_ms),
            parts,
        }
    }

    /// The sentence of the lock when nothing is missing.
    pub(super) fn skipped_words(&self, now: Now) -> String {
        let shown = self.shown(now);
        match shown.lines.saturating_sub(shown.lines_shown) as usize {
            0 => String::new(),
            skipped => format!(" · {} in between not shown in full", plural(skipped, "line", "lines")),
        }
    }
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| cut(&safe(name), 32)).collect();
    let more = names.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {}", plural(more, "other", "others")) } else { String::new() };
    format!("{}{rest}", first.join(", "))
}
