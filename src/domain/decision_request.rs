//! A decision as somebody asks for it: built where it is typed, carried by the command, judged by the rules.

use super::digest::Digest;
use super::ids::ReviewId;
use super::review::{DecisionKind, Review};
use super::shown::DisplayRecord;

/// A decision on one review, before the rules have judged it. What was decided is a [`super::Decision`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    /// Number of the review to decide.
    pub review: ReviewId,
    /// The digest that was on screen; refused when the review has another one.
    pub digest: Digest,
    /// Approve, reject or request changes.
    pub kind: DecisionKind,
    /// Why; a rejection and a request for changes need it.
    pub reason: Option<String>,
    /// What had been on screen.
    pub shown: DisplayRecord,
    /// Why the version is approved although checks failed; recorded permanently.
    pub override_reason: Option<String>,
    /// The role under which an approval is given, where more than one is needed.
    pub role: Option<String>,
    /// Whether the reviewer says that not every line was read. An approval needs that, and a reason, where `shown` has
    /// lines that were on no screen.
    pub unread: bool,
    /// The digest of the evidence that was on screen: an approval is refused when there is other evidence now. `None`
    /// compares nothing.
    pub evidence: Option<Digest>,
    /// Of an adoption, the tools that are approved, by name, or by [`Review::member_key`] where several have it: the
    /// others stay pending. Empty means all of them.
    pub only: Vec<String>,
    /// The criteria of the team for which an approval is given; empty for `run`.
    pub criteria: Vec<String>,
    /// Whether an approval is only of the difference from the version that was approved before.
    pub delta: bool,
}

impl DecisionRequest {
    /// A decision on this digest of a review, with no reason and nothing shown.
    pub fn new(review: ReviewId, digest: Digest, kind: DecisionKind) -> DecisionRequest {
        DecisionRequest {
            review,
            digest,
            kind,
            reason: None,
            shown: DisplayRecord::default(),
            override_reason: None,
            role: None,
            unread: false,
            evidence: None,
            only: Vec::new(),
            criteria: Vec::new(),
            delta: false,
        }
    }

    /// A decision on a review as it was read.
    pub fn of(review: &Review, kind: DecisionKind) -> DecisionRequest {
        DecisionRequest::new(review.id, review.digest, kind)
    }

    /// Whether it asks for an approval.
    pub fn approves(&self) -> bool {
        self.kind == DecisionKind::Approve
    }
}
