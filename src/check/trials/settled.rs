//! Changed lines that runs executed without different answers.

use super::executed::{LeftPart, RanLines, Traced};
use super::sensitivity::Sensitivity;
use super::written::answer;
use crate::check::change::{Edited, Settling, differences, edits};
use crate::check::{Batch, CheckContext};
use crate::domain::budget::{self, ReadLimits};
use crate::domain::{Finding, Severity, ToolDetail, count};
use crate::runner::{Pace, SampleFile};
use serde_json::Value;
use std::collections::BTreeSet;

/// The code of a finding that runs through a changed line gave the same answers.
const SAME: &str = "same-answers";

/// The code of a finding that the inputs detect faults in a changed line, and the answers are the same.
const NOTICED: &str = "faults-noticed";

/// Kinds of changed calculations that equal outputs can settle. They have no external effects.
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
];

/// Kinds of changed checks that can be settled by inputs that detect faults.
const CHECKS: &[&str] = &["check-gone", "check-weakened", "check-turned", "list", "argument"];

/// How many inputs are used to try faults.
const TRIED: usize = 64;

/// How many inputs are traced, for each version.
const WATCHED: usize = 32;

/// How many runs through a line, with as many different outputs, are evidence that a change has no effect. If a tool
/// has fewer different answers in total, those suffice.
const ENOUGH: usize = 3;
const VARIED: usize = 2;

/// The answers of both versions.
pub(super) struct Evidence<'a> {
    /// Inputs with the same answer from both, and the answer.
    pub(super) same: &'a [(Value, Vec<u8>)],
    /// Inputs for which a new word or field explains the different answers, with both answers.
    pub(super) explained: &'a [(Value, [Vec<u8>; 2])],
    /// Inputs for which the old version crashed and the new one does not, with its answer.
    pub(super) mended: &'a [(Value, Vec<u8>)],
    /// Files that inputs name.
    pub(super) files: &'a [SampleFile],
}

/// One finding for each changed statement that runs executed.
pub(super) fn findings(context: &CheckContext<'_>, base: &ToolDetail, evidence: &Evidence<'_>) -> Vec<Finding> {
    let chosen = chosen(evidence.same, WATCHED);
    if chosen.is_empty() {
        return Vec::new();
    }
    let mut findings = settled_by_runs(context, base, evidence, &chosen);
    findings.extend(settled_by_faults(context, base, evidence, &findings));
    findings
}

fn settled_by_runs(
    context: &CheckContext<'_>,
    base: &ToolDetail,
    evidence: &Evidence<'_>,
    chosen: &[(&Value, &[u8])],
) -> Vec<Finding> {
    let (wanted, _) = budget::within(ReadLimits::CHECK, || wanted(base, context.version));
    if wanted.is_empty() {
        return Vec::new();
    }
    let files = evidence.files;
    let reaches_old = wanted.iter().any(|edit| edit.after.is_none() || edit.chooses);
    let with_explained = |side: usize| -> Vec<(&Value, &[u8])> {
        let explained = evidence.explained.iter().take(WATCHED / 2);
        let explained = explained.map(|(input, answers)| (input, answers[side].as_slice()));
        chosen.iter().copied().chain(explained).collect()
    };
    let (before, after) = (with_explained(0), with_explained(1));
    let Some(new) = runs(context, context.version, &after, files) else { return Vec::new() };
    let old = if reaches_old { runs(context, base, &before, files).unwrap_or_default() } else { Vec::new() };
    let mended: Vec<(&Value, &[u8])> =
        evidence.mended.iter().take(WATCHED).map(|(input, answer)| (input, answer.as_slice())).collect();
    let mended = if mended.is_empty() { None } else { runs(context, context.version, &mended, files) };
    let mended = mended.unwrap_or_default();
    let needed = Needed { runs: ENOUGH.min(chosen.len()), outputs: VARIED };
    let of = |edit: &Edited| settled(edit, &old, &new, &needed).or_else(|| settled_by_mending(edit, &mended));
    wanted.iter().filter_map(of).collect()
}

/// A change that is executed where the old version crashed.
fn settled_by_mending(edit: &Edited, mended: &[LinesOfRun<'_>]) -> Option<Finding> {
    let (path, lines) = (edit.finding.path.as_deref()?, edit.after?);
    let through = mended.iter().filter(|run| run.has(path, lines)).count();
    (through > 0).then(|| {
        let message = format!("{} through this change, which crashed before", count(through, "run"));
        let finding = Finding::new(SAME, Severity::Low, message);
        edit.finding.line.map_or_else(|| finding.clone(), |line| finding.clone().at(path, line))
    })
}

/// What small faults in the changed lines show about the changes that are still open.
fn settled_by_faults(
    context: &CheckContext<'_>,
    base: &ToolDetail,
    evidence: &Evidence<'_>,
    settled: &[Finding],
) -> Vec<Finding> {
    let ((edits, facts), _) =
        budget::within(ReadLimits::CHECK, || (edits(base, context.version).0, differences(base, context.version).0));
    let is_at = |a: &Finding, b: &Finding| a.path == b.path && a.line == b.line;
    let can_settle = |finding: &Finding| settles(&Finding { code: NOTICED.into(), ..finding.clone() }, finding);
    let is_open = |finding: &Finding| can_settle(finding) && !settled.iter().any(|same| settles(same, finding));
    // A change with external effects decides for all findings on its line.
    let acts = |finding: &Finding| {
        let here = edits.iter().filter(|edit| is_at(&edit.finding, finding) && edit.finding.severity > Severity::Low);
        here.into_iter().any(|edit| edit.settling == Settling::Never)
    };
    let open: Vec<&Finding> = facts.iter().filter(|fact| is_open(fact) && !acts(fact)).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let steady = chosen(evidence.same, TRIED);
    let Some(mut sensitivity) = Sensitivity::new(context, base, &steady, evidence.files) else { return Vec::new() };
    let mut findings: Vec<Finding> = Vec::new();
    for fact in open {
        if findings.iter().any(|other| is_at(other, fact)) {
            continue;
        }
        let of_edits = edits.iter().filter(|edit| is_at(&edit.finding, fact) && edit.finding.severity > Severity::Low);
        let of_edits: Vec<&Edited> = of_edits.collect();
        let changed = || {
            let files = context.version.files.iter().map(|file| file.path.as_str());
            files.filter(|path| fact.path.as_deref().is_none_or(|of| of == *path)).collect::<Vec<_>>()
        };
        let noticed: Option<usize> = if of_edits.is_empty() {
            changed().into_iter().map(|path| sensitivity.notices_all(path)).sum()
        } else {
            let path = fact.path.as_deref().unwrap_or_default();
            of_edits.iter().map(|edit| sensitivity.notices(path, edit.before, edit.after)).sum()
        };
        if let Some(faults) = noticed.filter(|faults| *faults > 0) {
            let message = format!(
                "the inputs notice each of {} put into this change for a trial, and all outputs are the same as before",
                count(faults, "small fault")
            );
            findings.push(Finding {
                path: fact.path.clone(),
                line: fact.line,
                ..Finding::new(NOTICED, Severity::Low, message)
            });
        }
    }
    findings
}

/// Changes that runs can settle: of statements, and facts on other lines.
fn wanted(base: &ToolDetail, new: &ToolDetail) -> Vec<Edited> {
    let edits = edits(base, new).0;
    let is_edit = |edit: &Edited, fact: &Finding| {
        edit.finding.path == fact.path && edit.finding.line == fact.line && edit.finding.severity > Severity::Low
    };
    let of_facts = differences(base, new).0.into_iter().filter(|fact| !edits.iter().any(|edit| is_edit(edit, fact)));
    let of_facts = of_facts.filter_map(|fact| {
        let line = fact.line?;
        Some(Edited {
            finding: fact,
            before: None,
            after: Some((line, line)),
            branch: None,
            settling: Settling::Runs,
            chooses: false,
            stays: false,
        })
    });
    let of_facts: Vec<Edited> = of_facts.collect();
    // All changes on one line are settled together or not at all.
    let is_open = |edit: &Edited| edit.settling != Settling::Runs && edit.finding.severity > Severity::Low;
    let (open, others): (Vec<Edited>, Vec<Edited>) = edits.into_iter().partition(is_open);
    let all = others.into_iter().chain(of_facts).filter(|edit| is_calculation(&edit.finding));
    all.filter(|edit| !open.iter().any(|open| is_edit(open, &edit.finding))).collect()
}

/// Whether equal outputs of runs turn a finding into a fact.
fn is_calculation(finding: &Finding) -> bool {
    finding.severity == Severity::Medium && CALCULATIONS.contains(&finding.code.as_str())
}

/// Whether a finding of the check `change` becomes a fact by one of the check `consistency` about the same line.
pub(in crate::check) fn settles(same: &Finding, finding: &Finding) -> bool {
    let is_check = || finding.severity > Severity::Low && CHECKS.contains(&finding.code.as_str());
    match same.code.as_str() {
        _ if same.path != finding.path || same.line != finding.line => false,
        SAME => is_calculation(finding),
        NOTICED => is_calculation(finding) || is_check(),
        _ => false,
    }
}

struct Needed {
    runs: usize,
    outputs: usize,
}

/// One run: its output and its lines.
struct LinesOfRun<'a> {
    output: &'a [u8],
    ran: RanLines,
}

impl LinesOfRun<'_> {
    fn has(&self, path: &str, (first, last): (u64, u64)) -> bool {
        (first..=last).any(|line| self.ran.lines.contains(&(path.to_owned(), line)))
    }

    /// The parts of these lines that were not executed.
    fn left<'r>(&'r self, path: &'r str, lines: (u64, u64)) -> impl Iterator<Item = &'r LeftPart> {
        self.ran.left.iter().flatten().filter(move |part| part.is_in(path, lines))
    }
}

fn settled(edit: &Edited, old: &[LinesOfRun<'_>], new: &[LinesOfRun<'_>], needed: &Needed) -> Option<Finding> {
    let path = edit.finding.path.as_deref()?;
    let (runs, lines) = match (edit.after, edit.before) {
        (Some(lines), _) => (new, lines),
        (None, Some(lines)) => (old, lines),
        (None, None) => return None,
    };
    // If a choice between two values changed, each must have been chosen before and now.
    let was_chosen = |lines| went_through(path, lines, None, old, needed, true).is_some();
    if edit.chooses && !edit.before.is_some_and(was_chosen) {
        return None;
    }
    let through = went_through(path, lines, edit.branch, runs, needed, edit.chooses)?;
    let message = format!(
        "{} through this change, each with the same output as before, but for what a new word or field explains",
        count(through, "run")
    );
    let finding = Finding::new(SAME, Severity::Low, message);
    Some(edit.finding.line.map_or_else(|| finding.clone(), |line| finding.clone().at(path, line)))
}

/// How many runs executed these lines, if they suffice: with different outputs, also for each part of a statement, and
/// with a condition in both directions.
fn went_through(
    path: &str,
    lines: (u64, u64),
    branch: Option<(u64, u64)>,
    runs: &[LinesOfRun<'_>],
    needed: &Needed,
    needs_parts: bool,
) -> Option<usize> {
    let through: Vec<&LinesOfRun<'_>> = runs.iter().filter(|run| run.has(path, lines)).collect();
    let is_varied = |runs: &mut dyn Iterator<Item = &&LinesOfRun<'_>>| {
        runs.map(|run| run.output).collect::<BTreeSet<_>>().len() >= needed.outputs
    };
    let left: BTreeSet<&LeftPart> = through.iter().flat_map(|run| run.left(path, lines)).collect();
    let ran =
        |part: &LeftPart| is_varied(&mut through.iter().filter(|run| run.left(path, lines).all(|one| one != part)));
    let are_parts_told = through.iter().all(|run| run.ran.left.is_some());
    // A changed condition must have been both true and false.
    let is_both_ways = branch.is_none_or(|branch| {
        let is_taken = |run: &&&LinesOfRun<'_>| match branch {
            _ if branch == lines => run.ran.left.is_some() && run.left(path, lines).next().is_none(),
            branch => run.has(path, branch),
        };
        let taken = through.iter().filter(is_taken).count();
        taken > 0 && taken < through.len()
    });
    let is_enough = through.len() >= needed.runs
        && is_varied(&mut through.iter())
        && left.into_iter().all(ran)
        && (are_parts_told || !needs_parts)
        && is_both_ways;
    is_enough.then_some(through.len())
}

/// Inputs with the most diverse outputs: first one for each output, then the others.
fn chosen(same: &[(Value, Vec<u8>)], most: usize) -> Vec<(&Value, &[u8])> {
    let mut seen = BTreeSet::new();
    let (first, rest): (Vec<_>, Vec<_>) = same.iter().partition(|(_, output)| seen.insert(output));
    first.into_iter().chain(rest).take(most).map(|(input, output)| (input, output.as_slice())).collect()
}

/// Traced runs of a version; `None` if it cannot be traced. A run with a different answer under the tracer is omitted.
fn runs<'a>(
    context: &CheckContext<'_>,
    version: &ToolDetail,
    chosen: &[(&Value, &'a [u8])],
    files: &[SampleFile],
) -> Option<Vec<LinesOfRun<'a>>> {
    let traced = Traced::of(version)?;
    let inputs: Vec<Value> = chosen.iter().map(|(input, _)| (*input).clone()).collect();
    let batch = Batch::new(&traced.version, &inputs, Pace::Plain).with_samples(files);
    let tried = context.trials.start(&batch).ok()?;
    let runs = chosen.iter().zip(&tried).filter(|((_, output), tried)| answer(tried) == *output);
    Some(runs.map(|((_, output), tried)| LinesOfRun { output, ran: traced.lines(tried) }).collect())
}
