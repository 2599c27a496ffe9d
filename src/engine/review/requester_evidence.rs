//! Facts about the requester, presented as claims.

use crate::domain::{
    InputParameter, InputSource, Request, Review, ReviewKind, ReviewState, TestState, ToolSpecification, to_the_minute,
};
use crate::engine::core;
use crate::engine::view::{EvidenceLine, Weight};
use crate::evolve::document::QUESTIONS;
use crate::evolve::scaffold::{choose_language, words_of};

/// The label of the evidence about the requester; the header of a review repeats it.
pub const REQUESTED_BY: &str = "requested by";

/// A specification in words: inputs, output, examples, and the implementation if stated.
fn specified(read: &ToolSpecification, sources: &[InputSource]) -> Vec<(&'static str, String)> {
    let input = |parameter: &InputParameter| {
        let about = match parameter.description.as_str() {
            "" => String::new(),
            description => format!(": {description}"),
        };
        let source = sources.iter().find(|source| source.input == parameter.name);
        format!("{parameter}{about}{}", source.map(|source| format!(" ({source})")).unwrap_or_default())
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
    match &read.implementation {
        Some(made) => {
            words.push(("made without code", "approved, the tool does exactly what follows".to_owned()));
            words.extend(made.words());
        }
        None => words.push(("language", choose_language(read.language, &words_of(read)).why)),
    }
    words
}

/// The decisions that a specification leaves to the implementation.
fn left_open(read: &ToolSpecification) -> Option<String> {
    let open = QUESTIONS.iter().filter(|question| read.missing().contains(&question.field));
    let open: Vec<&str> = open.filter(|_| read.implementation.is_none()).map(|question| question.name).collect();
    (!open.is_empty()).then(|| format!("{} not specified: whoever writes the code decides", open.join(", ")))
}

/// The words from which inputs were derived.
fn sources(request: &Request) -> Vec<InputSource> {
    let kept = request.metadata.get("inputs_from").cloned();
    // Present only for drafts from sentences.
    kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default()
}

/// Requester and reason, the requester's claims, the expiry, and the missing approvals.
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
        lines.push(line(Weight::Fact, REQUESTED_BY, asker.clone()));
    }
    if let (Some(at), ReviewState::Waiting) = (review.expires_at, review.state) {
        lines.push(line(Weight::Warn, "expires", format!("at {}; then it is rejected", to_the_minute(at))));
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
        let sources = sources(request);
        let is_read = !sources.is_empty() && review.state == ReviewState::Waiting;
        let words = specified(&read, &sources).into_iter();
        lines.extend(words.map(|(label, text)| line(Weight::Fact, label, text)));
        lines.extend(left_open(&read).map(|text| line(Weight::Warn, "left open", text)));
        if is_read {
            let text = format!("`toolsmith spec FILE --review {}` replaces this draft", review.id);
            lines.push(line(Weight::Fact, "other types", text));
        }
    }
    if let (ReviewKind::Call, Some(reach)) = (review.kind, request.metadata.get("reach").and_then(|r| r.as_str())) {
        // Without network access, there is nothing to warn about.
        let weight = if reach == "none" { Weight::Fact } else { Weight::Warn };
        lines.push(line(weight, "reach", reach.to_owned()));
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
