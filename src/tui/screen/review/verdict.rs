//! The evidence of a review as lines: check results, worst first, then facts, decisions and runs.
//!
//! A check that was not run is shown in words with its reason, never with a tick.

use super::super::evidence::{Facts, LABEL_WIDTH, NARROW_LABEL_WIDTH};
use crate::domain::{CheckReport, CheckState, CommentKind, Finding, ReviewState, Severity, Verdict};
use crate::engine::{EvidenceGroup, EvidenceItem, EvidenceLine, Known, ReviewDetail, Weight, is_difference};
use crate::tui::now::Now;
use crate::tui::overlay::decision_line;
use crate::tui::phrase::plural;
use crate::tui::widget::{TextLine, Tone};

const MAX_RUNS: usize = 5;

/// The target of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) path: String,
    /// The line in it, counted from 1.
    pub(super) line: Option<u64>,
}

/// The layout parameters of the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Room {
    /// Whether columns are scarce.
    pub(super) narrow: bool,
    /// Whether facts, and reasons of passed and skipped checks, are shown separately.
    pub(super) unfolded: bool,
}

/// All evidence, and the targets of its lines, by the number in their places.
pub(super) fn facts(detail: &ReviewDetail, room: Room, now: Now) -> (Vec<TextLine>, Vec<Link>) {
    let labels = if room.narrow { NARROW_LABEL_WIDTH } else { LABEL_WIDTH };
    let mut page = Page { facts: Facts::labelled(labels), links: Vec::new() };
    if let Some(verdict) = &detail.verdict {
        page.summary(verdict, detail);
    }
    let known = known(detail);
    let is_folded = |line: &EvidenceLine| !room.unfolded && is_quiet(line);
    for group in EvidenceGroup::ALL {
        page.group(group.heading(), |page| {
            match group {
                EvidenceGroup::Blocks => page.gate(detail),
                EvidenceGroup::Warnings => page.comments(detail, true),
                EvidenceGroup::Facts => page.comments(detail, false),
                EvidenceGroup::Passed => {}
            }
            for item in known.items(group) {
                match item {
                    EvidenceItem::Check(check) => page.trouble(check, detail),
                    EvidenceItem::Line(line) if !is_folded(line) => page.facts.evidence(line),
                    EvidenceItem::Line(_) => {}
                }
            }
            match group {
                EvidenceGroup::Blocks => page.missing_files(detail),
                EvidenceGroup::Facts => {
                    let quiet = detail.evidence.iter().filter(|line| !is_difference(line) && is_folded(line));
                    let quiet: Vec<String> = quiet.map(|line| format!("{} {}", line.label, line.text)).collect();
                    page.plain(detail.verdict.as_ref(), room, &quiet);
                    page.past(detail, now);
                }
                EvidenceGroup::Passed => {
                    detail.verdict.iter().for_each(|verdict| page.passed(verdict, room));
                }
                EvidenceGroup::Warnings => {}
            }
        });
    }
    (page.facts.lines, page.links)
}

/// Whether some evidence is summed up until it is unfolded.
pub(super) fn has_folded(detail: &ReviewDetail) -> bool {
    let notes =
        detail.verdict.iter().flat_map(|verdict| &verdict.checks).any(|check| {
            !check.note.is_empty() || check.findings.iter().any(|finding| finding.severity == Severity::Low)
        });
    notes || detail.evidence.iter().any(|line| !is_difference(line) && is_quiet(line))
}

/// Evidence that is the same for most versions: the size, the interpreter, no hidden characters.
fn is_quiet(line: &EvidenceLine) -> bool {
    matches!(line.weight, Weight::Fact | Weight::Good)
        && matches!(line.label.as_str(), "size" | "interpreter" | "hidden characters")
}

struct Page {
    facts: Facts,
    links: Vec<Link>,
}

impl Page {
    /// The progress and results of the checks.
    fn summary(&mut self, verdict: &Verdict, detail: &ReviewDetail) {
        let tally = verdict.tally();
        let is_blocked = !detail.blocking.is_empty() || detail.review.state != ReviewState::Waiting;
        let (sign, tone) = match verdict.state {
            // A failure that does not block must be read, but needs no override.
            CheckState::Failed if !is_blocked => state_sign(CheckState::Warned),
            state => state_sign(state),
        };
        let mut parts = Vec::new();
        if verdict.state == CheckState::Running {
            parts.push(format!("{} of {} done", tally.ended, tally.total));
        }
        let not_made = tally.ended.saturating_sub(tally.failed + tally.warned + tally.passed);
        let counts =
            [(tally.failed, "failed"), (tally.warned, "warned"), (tally.passed, "passed"), (not_made, "skipped")];
        parts.extend(counts.iter().filter(|one| one.0 > 0).map(|one| match *one {
            (count, "failed") if !is_blocked => format!("{count} failed, not blocking"),
            (count, word) => format!("{count} {word}"),
        }));
        parts.extend(verdict.worker.as_ref().map(|worker| format!("on worker {worker}")));
        self.facts.sum(sign, "checks", &parts.join(" · "), tone);
    }

    /// The checks that block approval; unfinished ones cannot be overridden.
    fn gate(&mut self, detail: &ReviewDetail) {
        let is_running = |name: &str| {
            let checks = detail.verdict.iter().flat_map(|verdict| &verdict.checks);
            checks.into_iter().any(|check| check.name == name && check.state == CheckState::Running)
        };
        let ended: Vec<&str> = detail.blocking.iter().map(String::as_str).filter(|name| !is_running(name)).collect();
        if !ended.is_empty() {
            let word = if ended.len() == 1 { "blocks" } else { "block" };
            let text = format!("{} {word} approval; override needs a reason", ended.join(", "));
            self.facts.add("✗", "gate", &text, Tone::Bad);
        }
    }

    /// The number of comments: a warning if some are must-fix.
    fn comments(&mut self, detail: &ReviewDetail, as_warning: bool) {
        let count = |kind| detail.comments.iter().filter(|comment| comment.kind == kind).count();
        let counts = [
            (count(CommentKind::MustFix), "must-fix"),
            (count(CommentKind::Question), "question"),
            (count(CommentKind::Note), "note"),
        ];
        let words: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        if !words.is_empty() && (counts[0].0 > 0) == as_warning {
            let (sign, tone) = if counts[0].0 > 0 { ("!", Tone::Warn) } else { ("·", Tone::Fact) };
            self.facts.add(sign, "comments", &words.join(", "), tone);
            let is_own = detail.comments.iter().all(|comment| detail.own_comments.contains(&comment.id));
            // The author of the comments need not see their number.
            self.facts.lines.last_mut().filter(|_| is_own).into_iter().for_each(TextLine::make_extra);
        }
    }

    /// A check with findings: one line for each finding, the first with the name of the check.
    fn trouble(&mut self, check: &CheckReport, detail: &ReviewDetail) {
        let (sign, tone) = state_sign(check.state);
        let mut label = check.name.as_str();
        if check.findings.is_empty() || !check.note.is_empty() {
            let note = if check.note.is_empty() { "no reason given" } else { &check.note };
            self.facts.add(sign, label, &format!("{}: {note}", check.state), tone);
            label = "";
        }
        if is_let_through(check, detail) {
            self.facts.add("·", label, "failed, but does not block approval", Tone::Fact);
            label = "";
        }
        for finding in check.findings.iter().filter(|finding| finding.severity != Severity::Low) {
            self.finding(finding, (&check.name, label));
            label = "";
        }
    }

    fn finding(&mut self, finding: &Finding, (check, label): (&str, &str)) {
        let (sign, tone) = severity_sign(finding.severity);
        let Some(path) = &finding.path else {
            return self.facts.found(sign, (check, label), &finding.message, tone, None);
        };
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        let link = Link { path: path.clone(), line: finding.line };
        let text = format!("{path}{line}  {}", finding.message);
        self.facts.found(sign, (check, label), &text, tone, Some(self.links.len()));
        self.links.push(link);
    }

    /// A group of lines below its name; an empty group is omitted.
    fn group(&mut self, name: &str, fill: impl FnOnce(&mut Page)) {
        let before = self.facts.lines.len();
        // A heading does not count as a line to be read.
        let mut heading = TextLine::new(name, Tone::Header);
        heading.make_extra();
        self.facts.lines.push(heading);
        fill(self);
        if self.facts.lines.len() == before + 1 {
            self.facts.lines.pop();
        }
    }

    /// Pending checks, and findings that need no attention: in one line, or separately.
    fn plain(&mut self, verdict: Option<&Verdict>, room: Room, others: &[String]) {
        let running = verdict.map_or(Vec::new(), |verdict| names(verdict, &[CheckState::Running]));
        if !running.is_empty() {
            self.facts.sum("…", "running", &running.join(", "), Tone::Fact);
        }
        let low = |check: &CheckReport| -> usize {
            check.findings.iter().filter(|finding| finding.severity == Severity::Low).count()
        };
        let checks = || verdict.iter().flat_map(|verdict| &verdict.checks).filter(|check| low(check) > 0);
        if room.unfolded {
            for check in checks() {
                let mut label = check.name.as_str();
                for finding in check.findings.iter().filter(|finding| finding.severity == Severity::Low) {
                    self.finding(finding, (&check.name, label));
                    label = "";
                }
            }
            return;
        }
        let mut told: Vec<String> = checks().map(|check| format!("{} {}", check.name, low(check))).collect();
        told.extend(others.iter().cloned());
        if !told.is_empty() {
            self.facts.sum("·", "facts", &told.join(" · "), Tone::Fact);
        }
    }

    /// Passed and skipped checks: in one line each, or separately with reasons.
    fn passed(&mut self, verdict: &Verdict, room: Room) {
        let is_told = |check: &&CheckReport| room.unfolded && !check.note.is_empty();
        for check in verdict.in_state(CheckState::Passed).filter(is_told) {
            self.facts.add("✓", &check.name, &check.note, Tone::Good);
        }
        let passed = verdict.in_state(CheckState::Passed).filter(|check| !is_told(check));
        let passed: Vec<&str> = passed.map(|check| check.name.as_str()).collect();
        if !passed.is_empty() {
            self.facts.sum("✓", "passed", &passed.join(", "), Tone::Good);
        }
        if room.unfolded {
            for state in [CheckState::Skipped, CheckState::Unavailable] {
                for (note, names) in by_note(verdict, state) {
                    self.facts.add("–", state.word(), &format!("{}: {note}", names.join(", ")), Tone::Fact);
                }
            }
            return;
        }
        let not_made = names(verdict, &[CheckState::Skipped, CheckState::Unavailable]);
        if !not_made.is_empty() {
            self.facts.sum("–", "not run", &not_made.join(", "), Tone::Fact);
        }
    }

    fn missing_files(&mut self, detail: &ReviewDetail) {
        if detail.files.is_empty() && detail.review.is_checked() {
            self.facts.add("✗", "files", "its files no longer exist; nothing to approve", Tone::Bad);
        }
    }

    /// The command, past decisions and runs.
    fn past(&mut self, detail: &ReviewDetail, now: Now) {
        if let Some(recipe) = detail.manifest.as_ref().and_then(|manifest| manifest.recipe.as_ref()) {
            self.facts.add("·", "command", &recipe.command_words().join(" "), Tone::Fact);
            for (name, value) in &recipe.env {
                self.facts.add("·", "sets", &format!("{name}={value}"), Tone::Fact);
            }
        }
        for decision in &detail.review.decisions {
            self.facts.add("·", "earlier decision", &decision_line(decision), Tone::Fact);
            if let Some(reason) = &decision.override_reason {
                let text = format!("failed checks, by {}: {reason}", decision.reviewer);
                self.facts.add("!", "overrode", &text, Tone::Warn);
            }
        }
        detail.runs.iter().take(MAX_RUNS).for_each(|run| self.facts.run(run, now));
        if detail.runs.len() > MAX_RUNS {
            let more = plural(detail.runs.len() - MAX_RUNS, "more", "more");
            self.facts.add("·", "runs", &format!("{more} in the list of runs"), Tone::Fact);
        }
    }
}

/// The names of the checks in these states.
fn names<'v>(verdict: &'v Verdict, states: &[CheckState]) -> Vec<&'v str> {
    let checks = verdict.checks.iter().filter(|check| states.contains(&check.state));
    checks.map(|check| check.name.as_str()).collect()
}

/// The known facts about the version under review.
fn known(detail: &ReviewDetail) -> Known<'_> {
    let is_open = detail.review.state == ReviewState::Waiting;
    Known { lines: &detail.evidence, verdict: detail.verdict.as_ref(), blocking: &detail.blocking, is_open }
}

/// Whether a check failed but does not block the approval.
pub(super) fn is_let_through(check: &CheckReport, detail: &ReviewDetail) -> bool {
    known(detail).lets_through(check)
}

/// The checks in a state, grouped by their reason, in the order of the table.
fn by_note(verdict: &Verdict, state: CheckState) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in verdict.in_state(state) {
        let note = if check.note.is_empty() { "no reason given" } else { check.note.as_str() };
        match groups.iter_mut().find(|(known, _)| *known == note) {
            Some((_, names)) => names.push(&check.name),
            None => groups.push((note, vec![&check.name])),
        }
    }
    groups
}

/// Symbol and tone of a state; the word is next to it.
pub(super) fn state_sign(state: CheckState) -> (&'static str, Tone) {
    match state {
        CheckState::Running => ("…", Tone::Fact),
        CheckState::Passed => ("✓", Tone::Good),
        CheckState::Warned => ("!", Tone::Warn),
        CheckState::Failed => ("✗", Tone::Bad),
        CheckState::Skipped | CheckState::Unavailable => ("–", Tone::Fact),
    }
}

/// Symbol and tone of a finding.
pub(super) fn severity_sign(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::High => ("✗", Tone::Bad),
        Severity::Medium => ("!", Tone::Warn),
        Severity::Low => ("·", Tone::Fact),
    }
}
