//! A requested decision: created where it is entered, carried by the command, checked by the rules.

use super::digest::Digest;
use super::ids::ReviewId;
use super::review::{DecisionKind, Review};
use super::shown::DisplayRecord;

/// A decision on one review, before the rules have checked it. The recorded decision is a [`super::Decision`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRequest {
    /// Number of the review to decide.
    pub review: ReviewId,
    /// The digest that was on screen; refused if the review has another one.
    pub digest: Digest,
    /// Approve, reject or request changes.
    pub kind: DecisionKind,
    /// The reason; required for a rejection and a request for changes.
    pub reason: Option<String>,
    /// What was on screen.
    pub shown: DisplayRecord,
    /// Why the version is approved despite failed checks; recorded permanently.
    pub override_reason: Option<String>,
    /// The role under which an approval is given, if more than one is needed.
    pub role: Option<String>,
    /// Whether the reviewer states that not every line was read. An approval needs this, and a reason, if `shown` has
    /// lines that were not on screen.
    pub unread: bool,
    /// The digest of the evidence that was on screen: an approval is refused if the evidence has changed. `None`
    /// compares nothing.
    pub evidence: Option<Digest>,
    /// For an adoption, the tools that are approved, by name, or by [`Review::member_key`] if several share a name. The
    /// others stay pending. Empty means all of them.
    pub only: Vec<String>,
    /// The criteria of the team for which an approval is given; empty for `run`.
    pub criteria: Vec<String>,
    /// Whether an approval covers only the difference from the version that was approved before.
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

    /// A decision on a review as it was loaded.
    pub fn of(review: &Review, kind: DecisionKind) -> DecisionRequest {
        DecisionRequest::new(review.id, review.digest, kind)
    }

    /// Whether it requests an approval.
    pub fn approves(&self) -> bool {
        self.kind == DecisionKind::Approve
    }
}
