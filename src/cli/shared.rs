//! Colours and lines that several answers share.

use super::print_text::{Ink, StyledLine, size, span};
use crate::domain::{CheckState, ReviewState, Risk, Stage, Typical};
use crate::engine::{EvidenceLine, Weight};

/// The ink of a risk.
pub(super) fn risk_ink(risk: Risk) -> Ink {
    match risk {
        Risk::Low => Ink::Good,
        Risk::Medium => Ink::Warn,
        Risk::High => Ink::Bad,
    }
}

pub(super) fn state_ink(state: ReviewState) -> Ink {
    match state {
        ReviewState::Waiting => Ink::Accent,
        ReviewState::Approved => Ink::Good,
        ReviewState::Rejected => Ink::Bad,
        ReviewState::ChangesRequested => Ink::Warn,
        ReviewState::Superseded | ReviewState::Expired => Ink::Dim,
    }
}

/// The ink of a stage.
pub(super) fn stage_ink(stage: Stage) -> Ink {
    match stage {
        Stage::Core => Ink::Accent,
        Stage::Approved => Ink::Good,
        Stage::Experimental => Ink::Plain,
        Stage::Archived => Ink::Dim,
    }
}

/// A piece of evidence with its symbol.
pub(super) fn evidence_line(line: &EvidenceLine) -> StyledLine {
    let (ink, word) = match line.weight {
        Weight::Fact => (Ink::Plain, "fact"),
        Weight::Good => (Ink::Good, "good"),
        Weight::Warn => (Ink::Warn, "warn"),
        Weight::Bad => (Ink::Bad, "bad"),
    };
    let head = StyledLine::new().put(ink, format!("  {word:<5}")).put(Ink::Strong, format!("{}: ", line.label));
    head.put(Ink::Plain, &line.text)
}

/// The colour of the state of a check.
pub(super) fn check_ink(state: CheckState) -> Ink {
    match state {
        CheckState::Passed => Ink::Good,
        CheckState::Failed => Ink::Bad,
        CheckState::Warned => Ink::Warn,
        CheckState::Running => Ink::Accent,
        CheckState::Skipped | CheckState::Unavailable => Ink::Dim,
    }
}

/// The resource use of a run, in a few words; medians over several runs.
pub(super) fn usage_words(usage: &Typical) -> String {
    let median = if usage.runs > 1 { format!("median of {} runs: ", usage.runs) } else { String::new() };
    format!(
        "{median}{}, cpu {}, peak memory {}",
        span(usage.duration_ms),
        span(usage.cpu_ms),
        size(usage.peak_memory_bytes)
    )
}
