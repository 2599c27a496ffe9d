//! Reviews and the decisions that end them.

use super::check::{CheckState, Tally};
use super::digest::Digest;
use super::ids::{OperationId, ReviewId};
use super::manifest::Permissions;
use super::mcp::found_in;
use super::name::ToolName;
use super::request::Request;
use super::shown::DisplayRecord;
use super::time::Instant;
use super::words::{CostTier, Stage, words};
use serde::{Deserialize, Serialize};

/// Names of definitions that have their own folder.
const OWN_FOLDER: [&str; 5] = ["tool.toml", "tool.yaml", "tool.yml", "tool.json", "SKILL.md"];

words!(
    /// The kind of a review.
    ReviewKind {
        /// A tool that was never reviewed.
        New = "new",
        /// Another version of a tool that was approved before.
        Evolved = "evolved",
        /// An approved or core tool whose files changed on disk.
        Drift = "drift",
        /// Promotion of an approved tool to core.
        Promotion = "promotion",
        /// Approved and core tools that came with the workspace, approved as one.
        Adoption = "adoption",
        /// A specification of a tool, before it is written.
        Specification = "specification",
        /// Archiving of a tool.
        Archive = "archive",
        /// Deprecation of a tool.
        Deprecation = "deprecation",
        /// A change to a plan of an agent.
        Plan = "plan",
        /// An agent asks for one run of a tool whose runs a human permits one by one.
        Call = "call",
    }
);

impl ReviewKind {
    /// Whether it judges the bytes of one version, so that approving it puts an approval in force.
    pub const fn judges_version(self) -> bool {
        matches!(self, ReviewKind::New | ReviewKind::Evolved | ReviewKind::Drift | ReviewKind::Promotion)
    }

    /// Whether it concerns only a text: no version, no stage, no files of a tool, nothing to run or check.
    pub const fn is_posted_text(self) -> bool {
        matches!(self, ReviewKind::Specification | ReviewKind::Plan)
    }

    /// Whether it concerns a posted text without a tool on disk.
    pub const fn is_about_text(self) -> bool {
        matches!(self, ReviewKind::Specification | ReviewKind::Plan | ReviewKind::Call)
    }
}

words!(
    /// The state of a review.
    ReviewState {
        /// Waits for a human to decide.
        Waiting = "waiting",
        /// A human approved it.
        Approved = "approved",
        /// A human rejected it.
        Rejected = "rejected",
        /// A human requested changes.
        ChangesRequested = "changes-requested",
        /// The version is gone or was replaced; there is nothing left to decide.
        Superseded = "superseded",
        /// It was not decided in time, which counts as a rejection.
        Expired = "expired",
    }
);

words!(
    /// The newest review of a tool's digest, as the catalog shows it.
    ToolReview {
        /// This digest was never reviewed.
        None = "none",
        /// Waits for a human.
        Waiting = "waiting",
        /// A human approved this digest.
        Approved = "approved",
        /// A human rejected this digest.
        Rejected = "rejected",
        /// A human wants changes before approval.
        ChangesRequested = "changes-requested",
        /// It was not decided in time.
        Expired = "expired",
    }
);

#[expect(clippy::derivable_impls, reason = "the words! macro owns the variants")]
impl Default for ToolReview {
    fn default() -> Self {
        ToolReview::None
    }
}

words!(
    /// How much harm a wrong approval could do, judged by facts only.
    Risk {
        /// Declares nothing, low tier.
        Low = "low",
        /// Unclassified, or medium tier, or reads beyond its own folder.
        Medium = "medium",
        /// Network, writes, starts programs, high tier, or hidden characters in its files.
        High = "high",
    }
);

impl Risk {
    /// Computes the risk from what a version declares and hides. `hidden` is the number of hidden characters.
    pub fn of(tier: Option<CostTier>, permissions: &Permissions, hidden: usize) -> Risk {
        let reaches_out =
            !permissions.network.is_empty() || !permissions.write.is_empty() || !permissions.run.is_empty();
        if hidden > 0 || reaches_out || tier >= Some(CostTier::High) {
            Risk::High
        } else if tier == Some(CostTier::Low) && permissions.read.is_empty() && permissions.env.is_empty() {
            Risk::Low
        } else {
            Risk::Medium
        }
    }

    /// The risk combined with the checks: a version that failed a check has high risk, and one with a warning does not
    /// have low risk.
    pub fn beside(self, verdict: Option<&Tally>) -> Risk {
        match verdict {
            Some(verdict) if verdict.failed > 0 => Risk::High,
            Some(verdict) if verdict.warned > 0 => self.max(Risk::Medium),
            Some(_) | None => self,
        }
    }
}

words!(
    /// The order of a queue.
    ReviewOrder {
        /// Oldest review first, in order of number.
        Age = "age",
        /// The highest risk first; within one risk, the oldest first.
        Risk = "risk",
    }
);

impl ReviewOrder {
    /// Puts reviews into this order.
    pub fn sort(self, reviews: &mut [Review]) {
        match self {
            ReviewOrder::Age => reviews.sort_by_key(|review| review.id),
            ReviewOrder::Risk => reviews.sort_by_key(|review| (std::cmp::Reverse(review.risk), review.id)),
        }
    }
}

words!(
    /// The kind of a decision.
    DecisionKind {
        /// The version may be used at the stage that the review asks for.
        Approve = "approve",
        /// The version is refused at this stage.
        Reject = "reject",
        /// The version is sent back to its author with a reason.
        RequestChanges = "request-changes",
    }
);

/// A decision, as appended to the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Approval, rejection or request for changes.
    pub kind: DecisionKind,
    /// Git identity of the workspace, otherwise the system user.
    pub reviewer: String,
    /// `None` only if the decision needs no reason.
    pub reason: Option<String>,
    /// The digest that was decided on.
    pub digest: Digest,
    /// When it was written to the log.
    pub at: Instant,
    /// What was on screen.
    pub shown: DisplayRecord,
    /// Its entry in the operation log.
    pub operation: OperationId,
    /// Whether it was undone later.
    pub undone: bool,
    /// Why failed checks did not block approval; `None` if none had failed.
    pub override_reason: Option<String>,
    /// The role under which it was given, if a second approval is needed.
    #[serde(default)]
    pub role: Option<String>,
}

#[cfg(test)]
impl Decision {
    /// A decision for tests, on [`Review::ordinary`], with its entry in the log.
    pub(crate) fn ordinary(kind: DecisionKind, operation: i64) -> Decision {
        Decision {
            kind,
            reviewer: "Ada".to_owned(),
            reason: None,
            digest: Digest([1; 32]),
            at: Instant(0),
            shown: DisplayRecord::default(),
            operation: OperationId(operation),
            undone: false,
            override_reason: None,
            role: None,
        }
    }
}

/// A request for a decision by a human, pending or decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Counts up within the workspace; never reused.
    pub id: ReviewId,
    /// Determines the effect of an approval.
    pub kind: ReviewKind,
    /// The tool; for an adoption the word `adoption`.
    pub tool: ToolName,
    /// Version that the manifest stated when the review was opened.
    pub version: semver::Version,
    /// The digest an approval covers; for an adoption the digest of the member list.
    pub digest: Digest,
    /// Stage when the review was opened.
    pub from_stage: Stage,
    /// Stage after an approval.
    pub to_stage: Stage,
    /// Waiting, decided, or ended without a decision.
    pub state: ReviewState,
    /// When it was opened.
    pub created_at: Instant,
    /// The result of the checks, in numbers; `None` while none has started on this version.
    pub verdict: Option<Tally>,
    /// How much harm a wrong approval could do.
    pub risk: Risk,
    /// One line: description, or what changed.
    pub summary: String,
    /// Path of the definition when it was opened.
    pub path: String,
    /// The digest approved before, for the comparison.
    pub base_digest: Option<Digest>,
    /// For an adoption: the tools that it covers.
    pub members: Vec<(ToolName, Digest)>,
    /// Decisions so far, oldest first.
    pub decisions: Vec<Decision>,
    /// Who requested it from outside; `None` if Toolsmith opened it.
    #[serde(default)]
    pub asker: Option<String>,
    /// When it counts as rejected unless it was decided.
    #[serde(default)]
    pub expires_at: Option<Instant>,
    /// What was posted from outside.
    #[serde(default)]
    pub request: Option<Box<Request>>,
    /// What the team says about the version, in a few words; `None` if there is no team, or no statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The most important part of that, for a list: `claimed by Bob`, `by Ada`.
    #[serde(skip)]
    pub colleague: Option<String>,
}

/// Digits of the digest that distinguish tools of an adoption with the same name.
const KEY_DIGITS: usize = 8;

/// Whether `NAME` or `NAME@DIGEST` matches this tool.
fn names(key: &str, (name, digest): &(ToolName, Digest)) -> bool {
    match key.split_once('@') {
        Some((named, prefix)) => named == name.as_str() && !prefix.is_empty() && digest.starts_with(prefix),
        None => key == name.as_str(),
    }
}

/// The folder of a definition that has its own folder.
pub(super) fn own_folder(path: &str) -> Option<&str> {
    path.rsplit_once('/').filter(|(_, name)| OWN_FOLDER.contains(name)).map(|(folder, _)| folder)
}

impl Review {
    /// Its summary, after what the team says about the version.
    pub fn summary_line(&self) -> std::borrow::Cow<'_, str> {
        match &self.team {
            Some(team) => format!("{team} · {}", self.summary).into(),
            None => self.summary.as_str().into(),
        }
    }

    /// The prefix of the summary of a drift review without changed files, opened because a run did something new.
    pub const BEHAVIOUR: &'static str = "behaviour: ";

    /// Whether it is about the behaviour of a run, not about files.
    pub fn is_about_behaviour(&self) -> bool {
        self.kind == ReviewKind::Drift && self.summary.starts_with(Self::BEHAVIOUR)
    }

    /// What changed on an MCP server; `None` for other reviews.
    pub fn changed_server(&self) -> Option<&str> {
        let found = found_in(&self.summary).filter(|_| self.kind == ReviewKind::Drift)?;
        self.summary.get(found.len() + 2..)
    }

    /// For an adoption, its tools with these names; all of them if none is given.
    pub fn members_among(&self, only: &[String]) -> Vec<(ToolName, Digest)> {
        let is_named = |member: &&(ToolName, Digest)| only.is_empty() || only.iter().any(|key| names(key, member));
        self.members.iter().filter(is_named).cloned().collect()
    }

    /// The unique key of a tool of an adoption: its name, with the digest if several have the name.
    pub fn member_key(&self, member: &(ToolName, Digest)) -> String {
        let (name, digest) = member;
        match self.members.iter().filter(|(other, _)| other == name).count() {
            0 | 1 => name.to_string(),
            _ => format!("{name}@{}", &digest.hex()[..KEY_DIGITS]),
        }
    }

    /// Whether checks are run for it: it is about one version and its files.
    pub fn is_checked(&self) -> bool {
        self.kind.judges_version()
    }

    /// The place on disk: the tool's own folder if it has one, otherwise its definition.
    pub fn place(&self) -> &str {
        own_folder(&self.path).unwrap_or(&self.path)
    }

    /// The risk, marked as provisional while checks that may raise it have not ended.
    pub fn risk_words(&self) -> String {
        let is_whole = self.verdict.is_some_and(|tally| tally.failed > 0 || tally.state != CheckState::Running);
        if self.state != ReviewState::Waiting || !self.is_checked() || is_whole {
            return self.risk.to_string();
        }
        format!("{}, unchecked", self.risk)
    }

    /// Whether it is pending and expired.
    pub fn is_due(&self, now: Instant) -> bool {
        self.state == ReviewState::Waiting && self.expires_at.is_some_and(|at| at <= now)
    }

    /// The valid approvals of a review that needs another one, oldest first.
    pub fn votes(&self) -> impl Iterator<Item = &Decision> {
        let waits = self.state == ReviewState::Waiting;
        self.decisions.iter().filter(move |d| waits && !d.undone && d.kind == DecisionKind::Approve)
    }

    /// A review for tests: a pending new tool of low risk; everything else has ordinary values.
    #[cfg(test)]
    pub(crate) fn ordinary(tool: &str) -> Review {
        Review {
            id: ReviewId(1),
            kind: ReviewKind::New,
            tool: ToolName::new(tool).unwrap(),
            version: semver::Version::new(1, 0, 0),
            digest: Digest([1; 32]),
            from_stage: Stage::Experimental,
            to_stage: Stage::Approved,
            state: ReviewState::Waiting,
            created_at: Instant(0),
            risk: Risk::Low,
            summary: String::new(),
            path: String::new(),
            base_digest: None,
            members: Vec::new(),
            verdict: None,
            decisions: Vec::new(),
            asker: None,
            expires_at: None,
            request: None,
            team: None,
            colleague: None,
        }
    }

    /// What it asks, in a word for a reader.
    pub fn asks(&self) -> &'static str {
        if self.is_about_behaviour() { "behaviour" } else { self.kind.word() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn risk_follows_from_what_is_declared_and_hidden() {
        let none = Permissions::default();
        let network = Permissions { network: vec!["full".to_owned()], ..none.clone() };
        let reads = Permissions { read: vec!["{workspace}".to_owned()], ..none.clone() };
        assert_eq!(Risk::of(Some(CostTier::Low), &none, 0), Risk::Low);
        assert_eq!(Risk::of(None, &none, 0), Risk::Medium);
        assert_eq!(Risk::of(Some(CostTier::Low), &reads, 0), Risk::Medium);
        assert_eq!(Risk::of(Some(CostTier::Low), &network, 0), Risk::High);
        assert_eq!(Risk::of(Some(CostTier::Low), &none, 1), Risk::High);
        assert_eq!(Risk::of(Some(CostTier::Prohibited), &none, 0), Risk::High);
        let mut tally =
            Tally { state: super::super::CheckState::Failed, ended: 2, total: 2, failed: 1, warned: 1, passed: 0 };
        assert_eq!((Risk::Low.beside(None), Risk::Low.beside(Some(&tally))), (Risk::Low, Risk::High));
        let warned = Tally { failed: 0, warned: 1, ..tally };
        assert_eq!((Risk::Low.beside(Some(&warned)), Risk::High.beside(Some(&warned))), (Risk::Medium, Risk::High));
        (tally.failed, tally.warned) = (0, 0);
        assert_eq!(Risk::Low.beside(Some(&tally)), Risk::Low);
    }

    fn review(id: i64, kind: ReviewKind, state: ReviewState) -> Review {
        Review { id: ReviewId(id), kind, state, ..Review::ordinary("x") }
    }

    #[test]
    fn each_kind_of_declared_reach_weighs() {
        let one = || vec!["x".to_owned()];
        let none = Permissions::default();
        for (declared, low, medium) in [
            (none.clone(), Risk::Low, Risk::Medium),
            (Permissions { read: one(), ..none.clone() }, Risk::Medium, Risk::Medium),
            (Permissions { env: one(), ..none.clone() }, Risk::Medium, Risk::Medium),
            (Permissions { network: one(), ..none.clone() }, Risk::High, Risk::High),
            (Permissions { write: one(), ..none.clone() }, Risk::High, Risk::High),
            (Permissions { run: one(), ..none.clone() }, Risk::High, Risk::High),
        ] {
            let risks =
                [CostTier::Low, CostTier::Medium, CostTier::High].map(|tier| Risk::of(Some(tier), &declared, 0));
            assert_eq!(risks, [low, medium, Risk::High], "{declared:?}");
            assert_eq!(Risk::of(None, &declared, 0), medium, "{declared:?}");
        }
    }

    #[test]
    fn a_queue_is_sorted_by_age_or_by_risk_and_then_age() {
        let with = |id, risk| Review { risk, ..review(id, ReviewKind::New, ReviewState::Waiting) };
        let mut queue = [with(3, Risk::High), with(1, Risk::Low), with(4, Risk::Medium), with(2, Risk::High)];
        ReviewOrder::Age.sort(&mut queue);
        assert_eq!(queue.each_ref().map(|review| review.id.0), [1, 2, 3, 4]);
        ReviewOrder::Risk.sort(&mut queue);
        assert_eq!(queue.each_ref().map(|review| review.id.0), [2, 3, 4, 1]);
    }

    #[test]
    fn only_a_drift_that_says_so_is_about_behaviour() {
        let with =
            |kind, summary: &str| Review { summary: summary.to_owned(), ..review(1, kind, ReviewState::Waiting) };
        for (review, asks) in [
            (with(ReviewKind::Drift, "behaviour: it read /etc"), "behaviour"),
            (with(ReviewKind::Drift, "x changed"), "drift"),
            (with(ReviewKind::New, "behaviour: it read /etc"), "new"),
        ] {
            assert_eq!((review.asks(), review.is_about_behaviour()), (asks, asks == "behaviour"));
        }
    }

    #[test]
    fn a_review_is_about_a_folder_only_when_the_tool_has_its_own() {
        for (path, place) in [
            ("tools/a/tool.toml", "tools/a"),
            ("tools/a/tool.yaml", "tools/a"),
            ("tools/a/a.toml", "tools/a/a.toml"),
            ("tool.toml", "tool.toml"),
        ] {
            let review = Review { path: path.to_owned(), ..review(1, ReviewKind::New, ReviewState::Waiting) };
            assert_eq!(review.place(), place);
        }
    }

    #[test]
    fn a_risk_is_called_unchecked_until_a_check_fails_or_all_have_ended() {
        use super::super::check::CheckState::{Passed, Running};
        let tally = |state, failed| Some(Tally { state, ended: 1, total: 2, failed, warned: 0, passed: 0 });
        for (kind, state, verdict, words) in [
            (ReviewKind::New, ReviewState::Waiting, None, "low, unchecked"),
            (ReviewKind::New, ReviewState::Waiting, tally(Running, 0), "low, unchecked"),
            (ReviewKind::New, ReviewState::Waiting, tally(Running, 1), "low"),
            (ReviewKind::New, ReviewState::Waiting, tally(Passed, 0), "low"),
            (ReviewKind::New, ReviewState::Approved, None, "low"),
            (ReviewKind::Plan, ReviewState::Waiting, None, "low"),
        ] {
            let review = Review { verdict, ..review(1, kind, state) };
            assert_eq!(review.risk_words(), words, "{kind} {state} {verdict:?}");
        }
    }

    #[test]
    fn a_yes_counts_as_a_vote_while_the_review_waits_and_nobody_took_it_back() {
        let decision = |kind, undone| Decision { undone, ..Decision::ordinary(kind, 1) };
        for (state, kind, undone, votes) in [
            (ReviewState::Waiting, DecisionKind::Approve, false, 1),
            (ReviewState::Waiting, DecisionKind::Approve, true, 0),
            (ReviewState::Waiting, DecisionKind::Reject, false, 0),
            (ReviewState::Approved, DecisionKind::Approve, false, 0),
        ] {
            let review = Review { decisions: vec![decision(kind, undone)], ..review(1, ReviewKind::New, state) };
            assert_eq!(review.votes().count(), votes, "{state} {kind} {undone}");
        }
    }

    #[test]
    fn a_waiting_review_is_due_from_its_end_on_and_no_other_ever_is() {
        let review = |state, expires_at| Review { expires_at, ..review(1, ReviewKind::New, state) };
        let waits = review(ReviewState::Waiting, Some(Instant(10)));
        assert_eq!([9, 10, 11].map(|at| waits.is_due(Instant(at))), [false, true, true]);
        assert!(!review(ReviewState::Waiting, None).is_due(Instant(i64::MAX)));
        for state in [ReviewState::Approved, ReviewState::Rejected, ReviewState::Superseded, ReviewState::Expired] {
            assert!(!review(state, Some(Instant(10))).is_due(Instant(11)), "{state}");
        }
    }
}
