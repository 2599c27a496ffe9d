//! The reasoning of a model before its answer.

use super::{Fault, Objection};

/// The start and end of reasoning in common models.
const TAGS: &[(&str, &str)] = &[
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("[THINK]", "[/THINK]"),
];

/// An answer without the reasoning before it.
///
/// # Errors
///
/// It contains only reasoning.
pub(super) fn without(text: &str) -> Result<&str, Objection> {
    let mut rest = text.trim_start();
    while let Some((open, close)) = TAGS.iter().find(|(open, _)| rest.starts_with(open)) {
        let Some(at) = rest.find(close) else {
            let why = "the answer ends inside its thinking block; answer with the files only";
            return Err(Objection::new(Fault::Cut, why));
        };
        rest = rest.get(at.max(open.len()) + close.len()..).unwrap_or_default().trim_start();
    }
    Ok(after_open_end(rest))
}

/// Some templates write the opening tag themselves, so that the answer contains only the closing tag, on its own line.
/// A file may contain such a line too, so the tag counts only before the first code block, and only if an answer
/// follows.
fn after_open_end(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") || trimmed.starts_with('{') {
            break;
        }
        at += line.len();
        if TAGS.iter().any(|(_, close)| trimmed == *close) {
            return text[at..].trim_start();
        }
    }
    text
}
