//! Colours and lines that several answers share.

use super::print_text::{Ink, Look, StyledLine, size, span};
use crate::domain::description::cut_middle;
use crate::domain::{CheckState, ReviewState, Risk, SafeText, Stage, Typical};
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

/// The most columns of a place behind a name, as a part of the width of a terminal.
const PLACE_PART: usize = 4;

/// The place behind the name of a tool where others have the same name: ` in Blackjack`. It is cut only on a terminal.
pub(super) fn in_place(place: Option<&String>, look: Look) -> String {
    let Some(place) = place else { return String::new() };
    let most = look.width.map_or(usize::MAX, |width| (width / PLACE_PART).max(12));
    format!(" in {}", cut_middle(SafeText::new(place).as_str(), most))
}
