//! Replays recorded inputs on a version and on an improved one.

use super::{cannot_start, difference, unavailable};
use crate::check::source::excerpt;
use crate::check::{Batch, CheckContext, Trials};
use crate::domain::{CheckReport, DIFF_TIME, Finding, ReplayOutcome, Replayed, RunEnd, RunId, Severity, ToolDetail};
use crate::runner::{Pace, Tried};
use serde_json::Value;
use similar::TextDiff;
use std::num::NonZeroUsize;

/// How much of an output is kept with a replay, in bytes.
const KEPT: usize = 2000;

/// The longest answer quoted in a finding, in characters.
const MAX_ANSWER: usize = 60;

/// How much of a difference is kept, in lines.
const MAX_LINES: usize = 60;

/// The input of a run that was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Number of the recorded run.
    pub run: RunId,
    /// Input object of that run.
    pub input: Value,
    /// Whether it is a failure that the user chose to have fixed.
    pub chosen: bool,
}

/// Starts both versions with each input and describes the results, worst first. An input that neither accepts is
/// omitted.
///
/// # Errors
/// Why nothing can be started here, in one line.
pub fn replay(
    trials: &dyn Trials,
    (before, after): (&ToolDetail, &ToolDetail),
    recorded: &[Recorded],
) -> Result<Vec<Replayed>, String> {
    if recorded.is_empty() {
        return Ok(Vec::new());
    }
    let inputs: Vec<Value> = recorded.iter().map(|one| one.input.clone()).collect();
    let start = |version| trials.start(&Batch::new(version, &inputs, Pace::Plain).abreast(NonZeroUsize::MIN));
    let (old, new) = (start(before)?, start(after)?);
    let mut made: Vec<Replayed> =
        recorded.iter().zip(old.iter().zip(&new)).filter_map(|(one, (old, new))| replayed(one, old, new)).collect();
    made.sort_by_key(|one| (one.outcome, !one.chosen, one.run));
    Ok(made)
}

/// The result for an input, by how it ended on both versions; `None` if neither accepts it.
pub fn replayed(one: &Recorded, old: &Tried, new: &Tried) -> Option<Replayed> {
    let has_started = [old, new].iter().any(|tried| tried.end.outcome().has_started());
    has_started.then(|| judged(one, old, new))
}

fn judged(one: &Recorded, old: &Tried, new: &Tried) -> Replayed {
    let is_well = |tried: &Tried| matches!(tried.end, RunEnd::Succeeded { .. });
    let outcome = match (is_well(old), is_well(new)) {
        (true, false) => ReplayOutcome::Broken,
        (false, true) => ReplayOutcome::Fixed,
        (true, true) if is_same(old, new) => ReplayOutcome::Same,
        (false, false) if old.end.message() == new.end.message() => ReplayOutcome::Same,
        (true, true) | (false, false) => ReplayOutcome::Changed,
    };
    let difference = if is_same(old, new) { String::new() } else { lines(&shown(old), &shown(new)) };
    Replayed {
        run: one.run,
        outcome,
        chosen: one.chosen,
        input: one.input.to_string(),
        before: said(old),
        after: said(new),
        difference,
    }
}

/// Whether both outputs are the same: the same bytes, or the same value.
fn is_same(old: &Tried, new: &Tried) -> bool {
    let value = |tried: &Tried| serde_json::from_slice::<Value>(&tried.stdout).ok();
    old.stdout == new.stdout
        || matches!((value(old), value(new)), (Some(old), Some(new)) if difference::first(&old, &new).is_none())
}

/// How it ended, and the end of its output.
fn said(tried: &Tried) -> String {
    let end = match tried.end.message() {
        Some(message) => format!("{}: {message}", tried.end.outcome()),
        None => tried.end.outcome().to_string(),
    };
    let text = tail(&shown(tried));
    if text.trim().is_empty() { end } else { format!("{end}\n{}", text.trim_end()) }
}

fn shown(tried: &Tried) -> String {
    let (out, err) = (String::from_utf8_lossy(&tried.stdout), String::from_utf8_lossy(&tried.stderr));
    if err.is_empty() || out.is_empty() || out.ends_with('\n') {
        format!("{out}{err}")
    } else {
        format!("{out}\n{err}")
    }
}

fn tail(text: &str) -> String {
    if text.len() <= KEPT {
        return text.to_owned();
    }
    let mut from = text.len() - KEPT;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    format!("… {}", &text[from..])
}

fn lines(old: &str, new: &str) -> String {
    let (old, new) = (tail(old), tail(new));
    let difference = TextDiff::configure().timeout(DIFF_TIME).diff_lines(old.as_str(), new.as_str());
    let text = difference.unified_diff().context_radius(2).to_string();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("\\ No newline")).take(MAX_LINES).collect();
    kept.join("\n")
}

/// The first line of an output stored with its end; otherwise the end.
fn answer(said: &str) -> String {
    let line = said.lines().nth(1).or_else(|| said.lines().next()).unwrap_or_default();
    excerpt(line, MAX_ANSWER)
}

/// Replays recorded inputs on the previously approved version, otherwise on the base version.
pub(in crate::check) fn examine(context: &CheckContext<'_>) -> CheckReport {
    let name = "replay";
    let original = if context.base.is_none() { context.library.original(&context.version.tool) } else { None };
    let Some(base) = context.base.or(original.as_ref()) else {
        return CheckReport::skipped(name, "no version was approved before");
    };
    let recorded = context.library.recorded(&context.version.tool.name);
    if recorded.is_empty() {
        return CheckReport::skipped(name, "no run with an input was recorded");
    }
    if let Some(why) = cannot_start(context.version).or_else(|| cannot_start(base)) {
        return CheckReport::skipped(name, why);
    }
    let made = match replay(context.trials, (base, context.version), &recorded) {
        Ok(made) => made,
        Err(why) => return unavailable(name, why),
    };
    let count = |outcome| made.iter().filter(|one| one.outcome == outcome).count();
    let findings = made.iter().filter_map(|one| {
        let severity = match one.outcome {
            ReplayOutcome::Broken => Severity::High,
            ReplayOutcome::Changed => Severity::Low,
            ReplayOutcome::Hidden
            | ReplayOutcome::Same
            | ReplayOutcome::LeftOut
            | ReplayOutcome::Refused
            | ReplayOutcome::Fixed => return None,
        };
        let last = one.after.lines().next().unwrap_or_default();
        let message = match one.outcome {
            ReplayOutcome::Changed => {
                let (was, now) = (answer(&one.before), answer(&one.after));
                format!("with the input of run {}: was {was}, now {now}", one.run)
            }
            _ => format!("the input of run {} is {}: {last}", one.run, one.outcome),
        };
        Some(Finding::new(one.outcome.word(), severity, message))
    });
    let findings = findings.collect();
    let note = format!(
        "{} broken, {} changed, {} unchanged, {} fixed",
        count(ReplayOutcome::Broken),
        count(ReplayOutcome::Changed),
        count(ReplayOutcome::Same),
        count(ReplayOutcome::Fixed)
    );
    CheckReport::of(name, findings).noted(note)
}
