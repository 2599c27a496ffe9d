//! What is known of who asked: said as evidence, and never mistaken for it.

use crate::domain::{Review, ReviewKind, ReviewState, TestState, rfc3339};
use crate::engine::core;
use crate::engine::view::{EvidenceLine, Weight};

/// Who asked and why, what the asker claims, until when it waits, and whose yes is missing.
pub(in crate::engine) fn lines(review: &Review, roles: &[String]) -> Vec<EvidenceLine> {
    let line = |weight, label: &str, text: String| EvidenceLine { weight, label: label.to_owned(), text };
    let mut lines = Vec::new();
    if !roles.is_empty() && review.state == ReviewState::Waiting {
        let given = review.votes().count();
        let missing = core::missing_votes(review.votes().map(|vote| vote.role.as_deref()), roles);
        let text = format!("{given} of {}, still needs {}", roles.len() + 1, missing.join(", "));
        lines.push(line(Weight::Warn, "approvals", text));
    }
    if let Some(asker) = &review.asker {
        lines.push(line(Weight::Fact, "requested by", asker.clone()));
    }
    if let (Some(at), ReviewState::Waiting) = (review.expires_at, review.state) {
        lines.push(line(Weight::Warn, "expires", format!("expires at {} and is then rejected", rfc3339(at))));
    }
    let Some(request) = &review.request else { return lines };
    for (label, text) in [("description", &request.description), ("rationale", &request.rationale)] {
        if !text.trim().is_empty() {
            lines.push(line(Weight::Fact, label, text.clone()));
        }
    }
    if let (ReviewKind::Call, Some(reach)) = (review.kind, request.metadata.get("reach").and_then(|r| r.as_str())) {
        lines.push(line(Weight::Warn, "reach", reach.to_owned()));
    }
    if let Some(by) = &request.successor {
        lines.push(line(Weight::Fact, "successor", by.to_string()));
    }
    if !request.test_results.is_empty() {
        let count = |state| request.tests(state);
        let (passed, failed) = (count(TestState::Passed), count(TestState::Failed));
        let weight = if failed > 0 { Weight::Bad } else { Weight::Fact };
        let skipped = count(TestState::Skipped);
        let text =
            format!("{passed} passed, {failed} failed, {skipped} skipped (claimed by the requester, not verified)");
        lines.push(line(weight, "claimed tests", text));
        for result in request.test_results.iter().filter(|result| result.state == TestState::Failed) {
            let why = result.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
            lines.push(line(Weight::Bad, "claimed test", format!("{} failed{why}", result.name)));
        }
    }
    for change in &request.changes {
        lines.push(line(Weight::Fact, "change", change.summary.clone()));
    }
    lines
}
