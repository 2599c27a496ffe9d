//! A run for a human: the live output of the tool, then a summary line.

use super::exit_code;
use crate::cli::call::{Call, Stop, answered};
use crate::cli::live::follow;
use crate::cli::outlet::Outlets;
use crate::cli::print_text::{Ink, StyledLine, counted, size, span};
use crate::cli::runs::{level_ink, outcome_ink};
use crate::domain::{Run, RunOutcome, RunUsage};
use crate::engine::{Engine, RunHandle};

/// Follows a run to its end.
pub(super) fn tell(call: &Call<'_>, engine: &Engine, handle: RunHandle) -> Result<u8, Stop> {
    let mut streams = Outlets::new(call.globals.color);
    let (run, taken) = follow(call, engine, handle, &mut streams)?;
    let finished = streams.finish();
    call.note(&summary(&run));
    if let Some(error) = &run.error {
        call.note(&StyledLine::new().put(Ink::Bad, "  ").put(Ink::Plain, error));
    }
    if run.outcome == RunOutcome::InvalidInput {
        let text = format!("  give an input with --set NAME=VALUE; `toolsmith show {}` lists its inputs", run.tool);
        call.note(&StyledLine::new().put(Ink::Dim, text));
    }
    if let Some(text) = next_step(engine, &run) {
        call.note(&StyledLine::new().put(Ink::Accent, "  next: ").put(Ink::Plain, text));
    }
    for note in &run.notes {
        call.note(&StyledLine::new().put(Ink::Warn, "  note: ").put(Ink::Plain, note));
    }
    answered(exit_code::of(&run), taken.and(finished))
}

/// What to do about a run that did not succeed. The results of the steps of a composite are stored.
fn next_step(engine: &Engine, run: &Run) -> Option<String> {
    let is_open = run.outcome.has_started() && run.outcome != RunOutcome::Succeeded;
    // A run whose steps cannot be read has no step to continue from.
    let has_steps = is_open && engine.runs().steps_of(run.id).is_ok_and(|steps| !steps.is_empty());
    has_steps.then(|| format!("`toolsmith continue {}` runs what did not succeed", run.id)).or_else(|| run.next_step())
}

/// The summary line: outcome, resource use, isolation, and cuts of the output.
fn summary(run: &Run) -> StyledLine {
    let line = StyledLine::new()
        .put(Ink::Dim, format!("run {} · ", run.id))
        .put(outcome_ink(run.outcome), run.outcome.word())
        .put(Ink::Dim, format!(" · {}", used(&run.usage)))
        .put(Ink::Dim, " · ")
        .put(level_ink(run), run.isolation_and_worker());
    let line = match run.exit_code {
        Some(code) if code != 0 => line.put(Ink::Dim, format!(" · exit code {code}")),
        _ => line,
    };
    if run.truncated { line.put(Ink::Warn, " · output truncated at its limit") } else { line }
}

/// Time, processor time, peak memory and processes; values that were not measured are omitted.
fn used(usage: &RunUsage) -> String {
    let mut parts = vec![span(usage.duration_ms), format!("cpu {}", span(usage.cpu_ms))];
    if usage.most_memory_bytes() > 0 {
        parts.push(format!("mem {}", size(usage.most_memory_bytes())));
    }
    if usage.peak_processes > 0 {
        let count = usize::try_from(usage.peak_processes).unwrap_or(usize::MAX);
        parts.push(counted(count, "process", "processes"));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::print_text::tests::plain;
    use crate::cli::runs::tests::failed_run;

    #[test]
    fn the_end_is_told_in_one_line_with_the_honest_isolation() {
        let mut run = failed_run();
        run.truncated = true;
        assert_eq!(
            plain(|page| page.line(&summary(&run))),
            "run 7 · failed · 340ms · cpu 20ms · mem 4.0 KiB · limits-only: no sandbox · exit code 3 · output truncated at its limit\n"
        );
    }
}
