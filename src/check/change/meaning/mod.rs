//! Changes that change nothing, shown by a proof: both versions of a file, or of one function, mean the same.
//!
//! What a proof settles is a fact and no warning, as what runs settle ([`crate::check::settle`]). It needs no run: most
//! lines of a tool are reached by few inputs.

mod proof;

use super::edits::{Edited, is_code};
use crate::domain::source::{Language, text_of};
use crate::domain::{Finding, Severity, ToolDetail, VersionFile};

/// The finding that says why a change is no warning.
const SAME: &str = "same-meaning";

/// What a proof about the whole file says nothing of: what stands in it for other readers than the interpreter.
const UNSEEN: &[&str] = &["homoglyph", "hidden-character"];

/// Changes of a calculation or a check, which a proof about one function settles. What reaches outside is none of them: that
/// needs a proof about the whole file.
const CALCULATIONS: &[&str] = &[
    "operator",
    "name",
    "number",
    "text",
    "order",
    "condition",
    "default",
    "quotes",
    "block",
    "added",
    "removed",
    "calculation",
    "comparison",
    "part",
    "check-weakened",
    "check-turned",
    "list",
    "argument",
];

/// Turns warnings about what means the same into facts, and says so once for each function or file.
pub(super) fn settle(base: &ToolDetail, new: &ToolDetail, edits: &[Edited], findings: &mut Vec<Finding>) {
    let is_alone = [base, new].iter().all(|version| version.files.iter().filter(|file| is_code(file)).count() == 1);
    let mut said = Vec::new();
    let others = |version: &ToolDetail| -> Vec<VersionFile> {
        version.files.iter().filter(|file| !is_code(file)).cloned().collect()
    };
    let mut are_all_equal = is_alone && others(base) == others(new);
    for file in &new.files {
        let Some(before) = base.files.iter().find(|other| other.path == file.path) else { continue };
        let (Some(old), Some(now)) = (text_of(before), text_of(file)) else { continue };
        let language =
            Language::of(&file.path, now).filter(|language| Language::of(&file.path, old) == Some(*language));
        let Some(language) = language.filter(|_| before.bytes != file.bytes) else { continue };
        let is_open =
            |finding: &Finding| finding.severity > Severity::Low && finding.path.as_deref() == Some(&file.path);
        if !findings.iter().any(|finding| is_open(finding) || finding.path.is_none()) {
            continue;
        }
        let Some(proof) = proof::compare(old, now, language, is_alone) else {
            are_all_equal = false;
            continue;
        };
        are_all_equal &= proof.is_equal;
        let mut settled: Vec<u64> = Vec::new();
        for finding in
            findings.iter_mut().filter(|finding| is_open(finding) && !UNSEEN.contains(&finding.code.as_str()))
        {
            let of = if proof.is_equal || proof.is_told && finding.severity == Severity::Medium {
                Some(1)
            } else {
                let strict = function_of(finding, edits, &proof.functions);
                strict.or_else(|| function_of(finding, edits, &proof.told_functions))
            };
            if let Some(line) = of {
                finding.severity = Severity::Low;
                settled.push(line);
            }
        }
        settled.sort_unstable();
        settled.dedup();
        said.extend(settled.into_iter().map(|line| {
            let what = if proof.is_equal || proof.is_told && line == 1 { "the whole file" } else { "this function" };
            let is_strict = proof.is_equal || proof.functions.iter().any(|[_, new]| new.0 == line);
            let except = if is_strict { "" } else { ", apart from words for the user and careful options" };
            let message = format!("means the same: {what} does what it did, only written in another way{except}");
            Finding::new(SAME, Severity::Low, message).at(&file.path, line)
        }));
    }
    // What belongs to no file is about the only one.
    if are_all_equal && !said.is_empty() {
        for finding in findings.iter_mut().filter(|finding| finding.path.is_none()) {
            finding.severity = finding.severity.min(Severity::Low);
        }
    }
    findings.extend(said);
}

/// The first line of the function that a finding is about, if it is one of those that mean the same, and nothing else is.
fn function_of(finding: &Finding, edits: &[Edited], functions: &[[(u64, u64); 2]]) -> Option<u64> {
    let line = finding.line.filter(|_| CALCULATIONS.contains(&finding.code.as_str()))?;
    let is_in = |(first, last): (u64, u64), (from, to): (u64, u64)| from <= first && last <= to;
    // What stands at the line of a finding may have come from another function.
    let here: Vec<&Edited> =
        edits.iter().filter(|edit| edit.finding.path == finding.path && edit.finding.line == Some(line)).collect();
    let [old, new] = functions.iter().find(|[_, new]| is_in((line, line), *new))?;
    let is_inside = |edit: &&Edited| {
        edit.before.is_none_or(|lines| is_in(lines, *old)) && edit.after.is_none_or(|lines| is_in(lines, *new))
    };
    let is_removed = finding.code == "removed" && here.is_empty();
    (!is_removed && here.iter().all(is_inside)).then_some(new.0)
}

#[cfg(test)]
mod tests;
