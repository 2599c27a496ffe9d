//! Why a review cannot be approved yet: lines that were not shown, check results; and the record of what was shown.

use super::{Reading, ReviewScreen};
use crate::domain::{DecisionKind, DisplayRecord, Finding, ReviewState, SeenPart, ordinal};
use crate::engine::ReviewDetail;
use crate::tui::now::Now;
use crate::tui::phrase::{cut, grouped, plural, safe};
use crate::tui::screen::reader::{Tab, TabKind};

/// The maximum number of names in a sentence about missing parts.
const NAMED: usize = 2;

/// Whether approve is available, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Everything was shown, and nothing blocks approval.
    Open,
    /// Required lines were not shown; the sentence says how many. An approval must acknowledge that.
    Unread(String),
    /// Something is missing; the sentence says what, and how to get there.
    Locked(String),
}

/// Keys that the sentences of a lock name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LockKeys {
    /// Approves; unread parts must be acknowledged.
    pub approve: String,
    /// Goes to the next page that was not on screen.
    pub on: String,
    /// Goes to lines that arrived while the review was open.
    pub late: String,
    /// Approves despite failed checks.
    pub over: String,
    /// Shows lines that differ in blanks only.
    pub blanks: String,
    /// Runs the checks now.
    pub check: String,
    /// Omits a tool of an adoption from the approval, or includes it again.
    pub leave: String,
}

impl ReviewScreen {
    /// Whether a rejection or a request for changes is possible.
    ///
    /// # Errors
    ///
    /// The reason why not, as a sentence.
    pub fn decidable(&self) -> Result<(), String> {
        if let Some(kind) = self.sent {
            return Err(match kind {
                DecisionKind::Approve => "approving …".to_owned(),
                DecisionKind::Reject => "rejecting …".to_owned(),
                DecisionKind::RequestChanges => "requesting changes …".to_owned(),
            });
        }
        match (&self.stale, self.is_loaded(), self.review.state) {
            (Some(why), ..) => Err(why.clone()),
            (None, false, _) => Err("the review is still loading".to_owned()),
            (None, true, ReviewState::Waiting) => Ok(()),
            (None, true, state) => Err(format!("already {state}")),
        }
    }

    /// Whether approve is available, and if not, what is missing.
    pub fn lock(&self, keys: &LockKeys) -> Lock {
        match self.lock_but_for_checks(keys) {
            // Whether or not it was read: failed checks require the other approve verb.
            Lock::Open | Lock::Unread(_) if !self.blocking().is_empty() => Lock::Locked(self.blocked_words(keys)),
            lock => lock,
        }
    }

    /// Whether an approval despite failed checks is available, and if not, what is missing.
    pub fn lock_over(&self, keys: &LockKeys) -> Lock {
        match self.lock_but_for_checks(keys) {
            Lock::Open | Lock::Unread(_) if self.blocking().is_empty() => {
                Lock::Locked("no failed check blocks approval".to_owned())
            }
            lock => lock,
        }
    }

    /// Which checks failed, how much is unread, and the key that approves anyway.
    fn blocked_words(&self, keys: &LockKeys) -> String {
        let (seen, needed) = self.share();
        let unread = match needed - seen {
            0 => String::new(),
            some => format!(", {} of {} not seen", grouped(some), plural(needed, "line", "lines")),
        };
        let news = self.news_words(&keys.late);
        let names = listed(self.blocking());
        format!("approve is locked: {news}{names} failed{unread} · {}: approve anyway", keys.over)
    }

    /// The checks that block approval.
    pub fn blocking(&self) -> &[String] {
        self.detail.as_ref().map_or(&[], |detail| &detail.blocking)
    }

    fn lock_but_for_checks(&self, keys: &LockKeys) -> Lock {
        if let Err(why) = self.decidable() {
            return Lock::Locked(why);
        }
        if let Some(why) = self.unfinished(keys) {
            return Lock::Locked(format!("approve is locked: {why}"));
        }
        if self.leaves_all_out() {
            return Lock::Locked(format!("approve is locked: every tool is left out · {}: take one in", keys.leave));
        }
        if self.is_read() {
            return Lock::Open;
        }
        if self.leaves_lines_out() {
            return Lock::Locked(format!("approve is locked: {}: show all lines", keys.blanks));
        }
        let (seen, needed) = self.share();
        let unread = format!("{} of {} not seen", grouped(needed - seen), plural(needed, "line", "lines"));
        let news = self.news_words(&keys.late);
        let next = format!("{}: next page · {}: approve without reading", keys.on, keys.approve);
        Lock::Unread(format!("{news}{unread} · {next}"))
    }

    /// Whether required lines are hidden: these would not even be counted.
    fn leaves_lines_out(&self) -> bool {
        let reads_difference = || self.required().iter().any(|at| self.reader.tabs()[*at].kind == TabKind::Difference);
        self.hides_blanks() > 0 && reads_difference()
    }

    /// What arrived while the review was open, and the key that shows it: `3 new, 1 blocking · ! shows them · `.
    fn news_words(&self, key: &str) -> String {
        let late: usize = self.required().iter().map(|at| self.reader.tabs()[*at].view.seen().late().count()).sum();
        let words = match (late, self.news) {
            (0, _) => return String::new(),
            (_, News { findings: 0, .. }) => plural(late, "new line", "new lines"),
            (_, News { findings, blocking: 0 }) => format!("{findings} new"),
            (_, News { findings, blocking }) => format!("{findings} new, {blocking} blocking"),
        };
        format!("{words} · {key}: show · ")
    }

    /// Why the checks are not ready for a decision.
    fn unfinished(&self, keys: &LockKeys) -> Option<String> {
        if !self.review.is_checked() {
            return None;
        }
        match self.detail.as_ref().and_then(|detail| detail.verdict.as_ref()) {
            None => Some(format!("{} · {}: run them now", self.checks_wait(), keys.check)),
            Some(verdict) if !verdict.is_complete() => {
                let tally = verdict.tally();
                let news = self.news_words(&keys.late);
                Some(format!("{news}checks are running, {} of {} done", tally.ended, tally.total))
            }
            Some(_) => None,
        }
    }

    /// The state of checks that have not begun.
    fn checks_wait(&self) -> String {
        match self.detail.as_ref().and_then(|detail| detail.checks_place) {
            Some(place) => format!("checks: {} queued", ordinal(place)),
            None => "its checks have not started".to_owned(),
        }
    }

    /// Whether the evidence is incomplete because checks are pending.
    pub(super) fn awaits_checks(&self) -> bool {
        let verdict = self.detail.as_ref().and_then(|detail| detail.verdict.as_ref());
        let waits = self.review.state == ReviewState::Waiting && self.review.is_checked();
        self.is_loaded() && waits && verdict.is_none_or(|verdict| !verdict.is_complete())
    }

    /// The number of lines that the difference hides because they differ in blanks only.
    pub(super) fn hides_blanks(&self) -> usize {
        self.compared.as_ref().map_or(0, |text| text.blanks())
    }

    /// The texts that must be read: the evidence, and either the difference or every file.
    pub(super) fn required(&self) -> Vec<usize> {
        let of = |wanted: fn(TabKind) -> bool| -> Vec<usize> {
            let tabs = self.reader.tabs().iter().enumerate();
            tabs.filter(|(_, tab)| wanted(tab.kind)).map(|(at, _)| at).collect()
        };
        let read = |tabs: &[usize]| !tabs.is_empty() && tabs.iter().all(|at| self.is_seen(&self.reader.tabs()[*at]));
        let mut files = of(|kind| matches!(kind, TabKind::File(_)));
        files.retain(|at| !self.is_left_out(&self.reader.tabs()[*at]));
        let difference = of(|kind| kind == TabKind::Difference);
        let by_difference = match (self.compared.is_some(), self.reading) {
            (false, _) => false,
            (true, _) if read(&difference) => true,
            (true, _) if read(&files) => false,
            (true, reading) => reading == Reading::Difference || files.is_empty(),
        };
        of(|kind| kind == TabKind::Facts).into_iter().chain(if by_difference { difference } else { files }).collect()
    }

    /// Whether all of a text was shown; a difference with hidden lines does not count.
    pub(super) fn is_seen(&self, tab: &Tab) -> bool {
        tab.view.is_read() && !(tab.kind == TabKind::Difference && self.hides_blanks() > 0)
    }

    /// Whether all required lines were on screen.
    pub fn is_read(&self) -> bool {
        self.is_loaded() && self.required().iter().all(|at| self.is_seen(&self.reader.tabs()[*at]))
    }

    /// How many required lines were on screen, and how many there are.
    pub(super) fn share(&self) -> (usize, usize) {
        let required = self.required();
        let seen = required.iter().map(|at| self.reader.tabs()[*at].view.seen());
        seen.fold((0, 0), |(seen, needed), lines| (seen + lines.seen(), needed + lines.needed()))
    }

    /// The display record so far.
    pub fn shown(&self, now: Now) -> DisplayRecord {
        let parts = self.required().into_iter().map(|at| {
            let tab = &self.reader.tabs()[at];
            SeenPart {
                part: safe(&tab.name),
                lines: tab.view.seen().needed() as u64,
                lines_shown: tab.view.seen().seen() as u64,
                ms: self.watch.spent_on(tab.kind, now),
            }
        });
        let parts: Vec<SeenPart> = parts.collect();
        DisplayRecord {
            lines: parts.iter().map(|part| part.lines).sum(),
            lines_shown: parts.iter().map(|part| part.lines_shown).sum(),
            tail_shown: self.is_read(),
            open_ms: now.steady_ms.saturating_sub(self.opened_ms),
            parts,
        }
    }
}

/// What arrived while a review was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct News {
    findings: usize,
    /// How many of them belong to checks that block approval.
    blocking: usize,
}

impl News {
    /// What `now` contains and `before` did not.
    pub(super) fn between(before: &ReviewDetail, now: &ReviewDetail) -> News {
        let mut known: Vec<(&str, &Finding)> = findings(before).collect();
        let mut news = News::default();
        for (check, finding) in findings(now) {
            if let Some(at) = known.iter().position(|one| *one == (check, finding)) {
                known.swap_remove(at);
                continue;
            }
            news.findings += 1;
            news.blocking += usize::from(now.blocking.iter().any(|name| name == check));
        }
        news
    }

    pub(super) fn and(self, more: News) -> News {
        News { findings: self.findings + more.findings, blocking: self.blocking + more.blocking }
    }
}

/// The findings of the checks, each with the name of its check.
fn findings(detail: &ReviewDetail) -> impl Iterator<Item = (&str, &Finding)> {
    let checks = detail.verdict.iter().flat_map(|verdict| &verdict.checks);
    checks.flat_map(|check| check.findings.iter().map(|finding| (check.name.as_str(), finding)))
}

/// The first names, and how many more there are.
fn listed(names: &[String]) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| cut(&safe(name), 32)).collect();
    let more = names.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {}", plural(more, "other", "others")) } else { String::new() };
    format!("{}{rest}", first.join(", "))
}
