//! Where a version comes from: according to its manifest, and according to local records.

use super::digest::Digest;
use super::ids::{EvolutionId, ReviewId};
use super::quantity::count;
use super::time::{Instant, rfc3339};
use serde::Serialize;

/// Who created a version, how, from what, and who approved it. Unrecorded facts are empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VersionOrigin {
    /// Person or agent that made it.
    pub creator: Option<String>,
    /// Program that generated it.
    pub generator: Option<String>,
    /// When, as written by its creator.
    pub created_at: Option<String>,
    /// Why it was made: the request.
    pub request: Option<String>,
    /// The version or digest it was made from.
    pub parent: Option<String>,
    /// Digest of the prompt.
    pub prompt: Option<Digest>,
    /// Number of examples in the manifest.
    pub examples: usize,
    /// Number of tests in the manifest.
    pub tests: usize,
    /// The evolution that it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evolution: Option<OriginEvolution>,
    /// The newest valid decision on it.
    pub decision: Option<OriginDecision>,
}

/// The evolution that a version comes from, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OriginEvolution {
    /// Number of the evolution.
    pub number: EvolutionId,
    /// The round of the answer, from 1.
    pub round: u32,
    /// Digest of the bundle that the generator received.
    pub bundle: Digest,
}

/// A decision on a version, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OriginDecision {
    /// Review in which it was decided.
    pub review: ReviewId,
    /// Approved, rejected or changes requested.
    pub kind: super::review::DecisionKind,
    /// The human who decided.
    pub reviewer: String,
    /// When the decision was logged.
    pub at: Instant,
    /// The reason, as the reviewer wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How much of the review was not on screen when it was approved, in a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Why failed checks did not block it.
    pub override_reason: Option<String>,
}

impl VersionOrigin {
    /// Each fact with its label, in the order in which readers ask; text of the tool in it is not escaped.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let all = self.all_facts().into_iter();
        all.map(|(name, value)| (name, value.unwrap_or_else(|| "not recorded".to_owned()))).collect()
    }

    /// The facts that were recorded.
    pub fn recorded(&self) -> Vec<(&'static str, String)> {
        self.all_facts().into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn all_facts(&self) -> Vec<(&'static str, Option<String>)> {
        let known = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
        let decided = self.decision.as_ref().map(|decision| {
            let over = decision.override_reason.as_ref().map(|why| format!(", despite failed checks: {why}"));
            let unread = decision.unread.as_ref().map(|unread| format!(", {unread}")).unwrap_or_default();
            let why = decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let (at, over) = (rfc3339(decision.at), over.unwrap_or_default());
            format!("{} by {} at {at}{unread}{over}{why}", decision.kind, decision.reviewer)
        });
        let tests = format!("{} of its own, {}", self.tests, count(self.examples, "example"));
        let mut facts = vec![
            ("created by", known(&self.creator)),
            ("generator", known(&self.generator)),
            ("created at", known(&self.created_at)),
            ("request", known(&self.request)),
            ("made from", known(&self.parent)),
            ("prompt digest", self.prompt.map(|digest| digest.hex())),
        ];
        // Most versions come from no evolution, so nothing is missing.
        if let Some(made) = &self.evolution {
            facts.push(("evolution", Some(format!("{}, round {}", made.number, made.round))));
            facts.push(("bundle digest", Some(made.bundle.hex())));
        }
        facts.extend([("tests", Some(tests)), ("decision", decided)]);
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_recorded_says_so() {
        let origin = VersionOrigin { generator: Some("forge 2".to_owned()), tests: 3, ..VersionOrigin::default() };
        let facts = origin.facts();
        assert_eq!(facts[0], ("created by", "not recorded".to_owned()));
        assert_eq!(facts[1], ("generator", "forge 2".to_owned()));
        assert_eq!(facts[6], ("tests", "3 of its own, 0 examples".to_owned()));
    }
}
