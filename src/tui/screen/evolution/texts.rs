//! An answer as lines: recorded inputs on both versions, the difference, findings, and generated text.

use super::Found;
use crate::domain::{CheckState, Evolution, ExaminedAnswer, ReplayOutcome, Replayed, Severity};
use crate::engine::{Lane, LaneState, readable};
use crate::tui::msg::Rounds;
use crate::tui::phrase::{count, grouped};
use crate::tui::screen::source::diff_lines;
use crate::tui::widget::{DiffLayout, DiffLook, DiffText, Piece, TextLine, Tone, Unfolded};
use std::collections::HashSet;

/// The width of the labels of a replay.
const LABELS: usize = 12;

/// The request, in a line.
pub(super) fn wanted(row: &Evolution) -> String {
    let runs: Vec<String> = row.asked.failures.iter().map(|run| format!("#{run}")).collect();
    match (row.asked.hint.lines().next(), runs.is_empty()) {
        (Some(hint), true) => hint.to_owned(),
        (Some(hint), false) => format!("{hint} · to fix the failures of {}", runs.join(", ")),
        (None, false) => format!("to fix the failures of {}", runs.join(", ")),
        (None, true) => "without a hint".to_owned(),
    }
}

/// The total resource use of all requests, as far as generators report it.
pub(super) fn used(rounds: Option<&Rounds>) -> String {
    let Some(rounds) = rounds else { return String::new() };
    let usage = rounds.detail.course.usage();
    let parts = [
        usage.input_tokens.map(|n| format!(" · {} tokens in", grouped(n))),
        usage.output_tokens.map(|n| format!(" · {} out", grouped(n))),
        usage.cost_micros.map(|n| format!(" · ${:.4}", n as f64 / 1e6)),
    ];
    parts.into_iter().flatten().collect()
}

/// The name of the replay, with its worst result.
pub(super) fn replay_name(examined: &ExaminedAnswer) -> String {
    let worst = examined.replay.first().map(|one| one.outcome);
    match worst {
        Some(outcome @ (ReplayOutcome::Broken | ReplayOutcome::Hidden)) => format!("replay: {outcome}"),
        Some(_) | None => "replay".to_owned(),
    }
}

/// Each recorded input with its results on both versions, broken ones first.
pub(super) fn replay(examined: &ExaminedAnswer) -> Vec<TextLine> {
    if examined.replay.is_empty() {
        let text = "No recorded input could be replayed: the version was never run, or its inputs contained secrets.";
        return vec![TextLine::new(text, Tone::Plain)];
    }
    examined.replay.iter().flat_map(replayed).collect()
}

fn replayed(one: &Replayed) -> Vec<TextLine> {
    let (sign, tone) = match one.outcome {
        ReplayOutcome::Broken | ReplayOutcome::Hidden => ("✗", Tone::Bad),
        ReplayOutcome::Changed => ("!", Tone::Warn),
        ReplayOutcome::Same | ReplayOutcome::LeftOut | ReplayOutcome::NotRepeated => ("·", Tone::Fact),
        ReplayOutcome::Refused | ReplayOutcome::Fixed => ("✓", Tone::Good),
    };
    let chosen = if one.chosen { ", to be fixed" } else { "" };
    let mut lines = vec![
        TextLine::new(&format!("run #{}{chosen}", one.run), Tone::Header),
        labelled(sign, "outcome", one.outcome.word(), tone),
    ];
    lines.extend(several("input", &one.input, Tone::Plain));
    lines.extend(several("old version", &one.before, Tone::Plain));
    lines.extend(several(
        "new version",
        &one.after,
        if one.outcome == ReplayOutcome::Broken { Tone::Bad } else { Tone::Plain },
    ));
    lines.extend(one.difference.lines().enumerate().map(|(at, line)| {
        let tone = match line.as_bytes().first() {
            Some(b'+') => Tone::Good,
            Some(b'-') => Tone::Warn,
            _ => Tone::Plain,
        };
        labelled(" ", if at == 0 { "diff" } else { "" }, line, tone)
    }));
    lines.push(TextLine::new("", Tone::Plain));
    lines
}

fn labelled(sign: &str, label: &str, text: &str, tone: Tone) -> TextLine {
    TextLine::One(Piece::new(&format!("{sign} {label:<LABELS$} {text}"), tone).hanging(LABELS + 3))
}

fn several(label: &str, text: &str, tone: Tone) -> Vec<TextLine> {
    if text.is_empty() {
        return vec![labelled(" ", label, "nothing", Tone::Fold)];
    }
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    text.lines().zip(labels).map(|(line, label)| labelled(" ", label, line, tone)).collect()
}

/// The changes of the version.
pub(super) fn difference(text: &DiffText, layout: DiffLayout, unfolded: &Unfolded) -> Vec<TextLine> {
    diff_lines(text, &DiffLook { layout, unfolded, read: &HashSet::new() })
}

/// The findings of the checks, failed ones first.
pub(super) fn findings(examined: &ExaminedAnswer) -> Vec<TextLine> {
    let mut checks: Vec<_> = examined.verdict.checks.iter().collect();
    checks.sort_by_key(|check| match check.state {
        CheckState::Failed => 0,
        CheckState::Warned => 1,
        _ => 2,
    });
    let mut lines = Vec::new();
    for check in checks {
        let (sign, tone) = match check.state {
            CheckState::Failed => ("✗", Tone::Bad),
            CheckState::Warned => ("!", Tone::Warn),
            CheckState::Passed => ("✓", Tone::Good),
            _ => ("·", Tone::Fact),
        };
        let note = if check.note.is_empty() { String::new() } else { format!(": {}", check.note) };
        let line = format!("{sign} {} {}{note}", check.name, check.state.word());
        lines.push(TextLine::One(Piece::new(&line, tone).hanging(2)));
        for finding in &check.findings {
            let place = match (&finding.path, finding.line) {
                (Some(path), Some(line)) => format!("{path}:{line} "),
                (Some(path), None) => format!("{path} "),
                (None, _) => String::new(),
            };
            let tone = if finding.severity == Severity::High { Tone::Bad } else { Tone::Plain };
            lines.push(TextLine::One(Piece::new(&format!("    {place}{}", finding.message), tone).hanging(4)));
        }
    }
    lines
}

/// The text of the generator: complete when it is done, otherwise the part so far.
pub(super) fn written(found: &Found<'_>) -> Vec<TextLine> {
    let mut lines: Vec<TextLine> =
        found.lane.troubles.iter().map(|trouble| TextLine::new(&format!("! {trouble}"), Tone::Warn)).collect();
    if let LaneState::Unusable(unusable) = &found.lane.state {
        lines.push(TextLine::new(&format!("✗ not usable: {}", unusable.why), Tone::Bad));
    }
    let whole = found.answer.and_then(|answer| answer.text.as_deref());
    match whole.or(found.live).filter(|text| !text.is_empty()) {
        Some(text) => {
            // JSON is the form for the program; a person reads files.
            let shown = readable(text);
            let text = shown.as_deref().unwrap_or(text);
            lines.extend(text.lines().map(|line| TextLine::new(line, Tone::Plain)));
        }
        None if lines.is_empty() => lines.push(TextLine::new("nothing yet", Tone::Fold)),
        None => {}
    }
    lines
}

/// What keeping an answer would write, one line each.
pub(super) fn keeping(row: &Evolution, lane: &Lane, examined: &ExaminedAnswer) -> Vec<String> {
    let mut lines =
        vec![format!("{} {}, written by {}", row.tool, examined.version, lane.generator), examined.step.clone()];
    if let LaneState::Examined { verdict, replay } = &lane.state {
        lines.push(match verdict.blocking.as_slice() {
            [] => "no check blocks approval".to_owned(),
            names => format!("blocks approval: {}", names.join(", ")),
        });
        if replay.broken > 0 {
            lines.push(format!("{} worked before and now fail", count(replay.broken as usize, "input")));
        }
    }
    lines.push("it is in the review queue; it is not used until a human approves it".to_owned());
    lines
}
