//! One review as displayed: the basis of a decision.

use super::call::Answer;
use super::check::WithVerdict;
use super::evidence::Evidence;
use super::files::{FileDiff, FileText, compare};
use super::print_text::{Ink, Page, StyledLine, when};
use super::runs::run_table;
use super::shared::{risk_ink, state_ink};
use crate::domain::{Comment, DecisionKind, ReviewState, Run, Verdict};
use crate::engine::{EvidenceLine, Known, ReviewDetail};
use serde::Serialize;
use std::io;

/// One review with all that a reviewer needs.
#[derive(Serialize)]
pub(super) struct ReviewAnswer {
    review: WithVerdict,
    evidence: Vec<EvidenceLine>,
    files: Vec<FileText>,
    /// The differences from the previously approved version; `None` if there is no such version.
    diff: Option<Vec<FileDiff>>,
    runs: Vec<Run>,
    /// The checks that block approval.
    blocking: Vec<String>,
    comments: Vec<Comment>,
    /// The position of its checks in the queue of pending checks, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks_place: Option<usize>,
    /// Whether to print a line for each check.
    #[serde(skip)]
    full: bool,
}

impl ReviewAnswer {
    pub(super) fn new(detail: ReviewDetail) -> ReviewAnswer {
        ReviewAnswer {
            diff: detail.base_files.as_ref().map(|base| compare(base, &detail.files)),
            files: detail.files.iter().map(FileText::of).collect(),
            review: WithVerdict { review: detail.review, verdict: detail.verdict },
            evidence: detail.evidence,
            runs: detail.runs,
            blocking: detail.blocking,
            comments: detail.comments,
            checks_place: detail.checks_place,
            full: false,
        }
    }

    /// The same answer, with a line for each check if `full`.
    pub(super) fn in_full(self, full: bool) -> ReviewAnswer {
        ReviewAnswer { full, ..self }
    }
}

impl Answer for ReviewAnswer {
    fn text(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.body(page)?;
        self.next_step(page)
    }
}

impl ReviewAnswer {
    /// Writes all that a decision is based on.
    pub(super) fn body(&self, page: &mut Page<'_>) -> io::Result<()> {
        self.header(page)?;
        let is_checked = !self.review.review.kind.is_posted_text();
        let nothing = Verdict::of(Vec::new(), None, self.review.review.created_at);
        let verdict = if is_checked { self.review.verdict.as_ref() } else { Some(&nothing) };
        let is_open = self.review.review.state == ReviewState::Waiting;
        let known = Known { lines: &self.evidence, verdict, blocking: &self.blocking, is_open };
        // Only an open workbench runs queued checks, and this process does not know whether one is open.
        let to_run = self.checks_place.map(|_| &self.review.review.tool);
        Evidence { known, to_run, full: self.full }.write(page)?;
        self.comments(page)?;
        self.decisions(page)?;
        if !self.runs.is_empty() {
            page.heading("Runs of this version")?;
            page.table(&run_table(&self.runs, page.look()))?;
        }
        self.subject(page)
    }

    fn header(&self, page: &mut Page<'_>) -> io::Result<()> {
        let review = &self.review.review;
        let of = if review.is_about_behaviour() { "behaviour of " } else { "" };
        let is_text = review.kind.is_posted_text();
        let version = if is_text { String::new() } else { format!(" {}", review.version) };
        let title = format!("review {}: {of}{}{version} ", review.id, review.tool);
        page.line(&StyledLine::new().put(Ink::Strong, title).put(state_ink(review.state), review.state.word()))?;
        let stages = if is_text { String::new() } else { format!(", {} → {}", review.from_stage, review.to_stage) };
        page.field("type", Ink::Plain, format!("{}{stages}", review.asks()))?;
        page.field("digest", Ink::Plain, review.digest.hex())?;
        page.field("risk", risk_ink(review.risk), review.risk_words())?;
        if !is_text && review.members.is_empty() {
            page.field("path", Ink::Plain, review.place())?;
        }
        page.field("opened", Ink::Plain, when(review.created_at, page.look()))?;
        // The evidence contains the whole description.
        if review.request.as_ref().is_none_or(|request| !request.description.contains(&review.summary)) {
            page.field("summary", Ink::Plain, &review.summary)?;
        }
        if let (Some(at), ReviewState::Waiting) = (review.expires_at, review.state) {
            page.field("expires", Ink::Warn, when(at, page.look()))?;
        }
        for (tool, digest) in &review.members {
            page.field("covers", Ink::Plain, format!("{tool} {}", digest.short()))?;
        }
        Ok(())
    }

    fn decisions(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.review.review.decisions.is_empty() {
            return Ok(());
        }
        page.heading("Decisions")?;
        for decision in &self.review.review.decisions {
            let undone = if decision.undone { " (withdrawn)" } else { "" };
            let reason = decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let at = when(decision.at, page.look());
            let digest = decision.digest.short();
            let role = decision.role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
            page.say(format!("  {at}  {}  {}{role}  {digest}{undone}{reason}", decision.kind, decision.reviewer))?;
            if let (Some(unread), DecisionKind::Approve) = (decision.shown.unread_words(), decision.kind) {
                page.line(&StyledLine::new().put(Ink::Plain, "    ").put(Ink::Bad, unread))?;
            }
            if let Some(over) = &decision.override_reason {
                page.line(&StyledLine::new().put(Ink::Bad, "    overrode failed checks: ").put(Ink::Plain, over))?;
            }
        }
        Ok(())
    }

    fn comments(&self, page: &mut Page<'_>) -> io::Result<()> {
        if self.comments.is_empty() {
            return Ok(());
        }
        page.heading("Comments")?;
        for comment in &self.comments {
            let place = match (&comment.spot.path, comment.spot.lines) {
                (Some(path), Some((first, last))) if first == last => format!(" {path}:{first}"),
                (Some(path), Some((first, last))) => format!(" {path}:{first}-{last}"),
                (Some(path), None) => format!(" {path}"),
                (None, _) => String::new(),
            };
            let outdated = if comment.outdated { " (outdated)" } else { "" };
            let (id, kind, who) = (comment.id, comment.kind, &comment.who);
            page.say(format!("  {id}  {kind}{place}{outdated}  {who}: {}", comment.body))?;
        }
        Ok(())
    }

    /// Writes the subject of the decision: the differences if there is an earlier version, otherwise every file.
    fn subject(&self, page: &mut Page<'_>) -> io::Result<()> {
        if let Some(diff) = &self.diff {
            page.heading("Diff to the version that was reviewed before")?;
            if diff.is_empty() {
                page.say("  none")?;
            }
            return diff.iter().try_for_each(|file| file.write(page));
        }
        page.heading("Files")?;
        if self.files.is_empty() {
            page.line(&StyledLine::new().put(Ink::Bad, "  the files no longer exist"))?;
        }
        self.files.iter().try_for_each(|file| file.write(page))
    }

    fn next_step(&self, page: &mut Page<'_>) -> io::Result<()> {
        let review = &self.review.review;
        if review.state != ReviewState::Waiting {
            return Ok(());
        }
        page.heading("Decide with")?;
        page.say(format!("  toolsmith approve {} --digest {}", review.id, review.digest.short()))?;
        page.say(format!("  toolsmith reject {} --reason TEXT", review.id))?;
        page.say(format!("  toolsmith request-changes {} --reason TEXT", review.id))
    }
}
