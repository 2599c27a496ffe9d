//! What is known of who asked: said as evidence, and never mistaken for it.

use crate::domain::{InputParameter, Review, ReviewKind, ReviewState, TestState, ToolSpecification, rfc3339};
use crate::engine::core;
use crate::engine::view::{EvidenceLine, Weight};

/// What a specification says, in words: inputs, output, examples, and how the tool is made where that is said.
fn specified(read: &ToolSpecification) -> Vec<(&'static str, String)> {
    let input = |parameter: &InputParameter| match parameter.description.as_str() {
        "" => parameter.to_string(),
        description => format!("{parameter}: {description}"),
    };
    let mut words: Vec<(&'static str, String)> =
        read.input_parameters.iter().map(|parameter| ("input", input(parameter))).collect();
    words.extend(read.expected_output.as_ref().map(|output| match output.as_str() {
        Some(text) => ("output", text.to_owned()),
        None => ("output", format!("as this schema says: {output}")),
    }));
    words.extend(read.examples.iter().map(|example| match &example.output {
        Some(output) => ("example", format!("{} → {output}", example.input)),
        None => ("example", example.input.to_string()),
    }));
    words.extend(read.language.map(|language| ("language", language.to_string())));
    if let Some(made) = &read.implementation {
        words.push(("made without code", "approved, the tool does exactly what follows".to_owned()));
        words.extend(made.words());
    }
    words
}

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
        lines.extend(
            text.lines().filter(|text| !text.trim().is_empty()).map(|text| line(Weight::Fact, label, text.to_owned())),
        );
    }
    if let Some(Ok(read)) =
        request.specification.clone().map(|value| ToolSpecification::read(value, Some(&review.tool)))
    {
        lines.extend(specified(&read).into_iter().map(|(label, text)| line(Weight::Fact, label, text)));
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
