//! An answer in a few lines: its progress, its version, and the results of checks and recorded inputs.

use super::Found;
use crate::engine::{Lane, LaneId, LaneState, readable};
use crate::tui::ink::Span;
use crate::tui::phrase::{count, cut, safe, size, span, wrap};
use crate::tui::theme::Theme;
use ratatui::style::Style;

/// At this height or below, the reasons that block an approval take precedence.
const LOW: usize = 4;
/// The maximum number of rows for the reason why an answer is unusable.
const REASON: usize = 4;

/// `2`, or `2.1` if a round has several answers.
pub(super) fn place(at: LaneId, many: bool) -> String {
    if many { format!("{}.{}", at.round, at.lane + 1) } else { at.round.to_string() }
}

/// An answer in the line of all answers.
pub(super) fn tab(at: LaneId, lane: &Lane, is_chosen: bool, many: bool, theme: &Theme) -> Vec<Span> {
    let (sign, _, style) = state(lane, theme);
    let style = if is_chosen { theme.title.patch(theme.selection) } else { style };
    vec![Span::styled(format!(" {sign} round {} ", place(at, many)), style), Span::raw(" ")]
}

/// Symbol, words and style of the progress of an answer.
fn state(lane: &Lane, theme: &Theme) -> (&'static str, String, Style) {
    match &lane.state {
        LaneState::Asking { attempt: 1 } => ("…", "asked".to_owned(), theme.accent),
        LaneState::Asking { attempt } => ("…", format!("asked again, attempt {attempt}"), theme.accent),
        LaneState::Waiting { delay_ms, .. } => ("…", format!("retry in {}s", delay_ms.div_ceil(1000)), theme.warn),
        LaneState::Examining => ("…", "checking and replaying".to_owned(), theme.accent),
        LaneState::Unusable(_) => ("✗", "not usable".to_owned(), theme.bad),
        LaneState::Failed(_) => ("✗", "no answer".to_owned(), theme.bad),
        LaneState::NotExamined(_) => ("✗", "could not be checked".to_owned(), theme.bad),
        LaneState::Examined { .. } if lane.is_good() => ("✓", "good".to_owned(), theme.good),
        LaneState::Examined { verdict, .. } if !verdict.blocking.is_empty() => {
            ("✗", format!("blocked by {}", count(verdict.blocking.len(), "check")), theme.bad)
        }
        LaneState::Examined { replay, .. } if replay.broken > 0 => {
            ("✗", format!("breaks {}", count(replay.broken as usize, "input")), theme.bad)
        }
        LaneState::Examined { .. } => ("✗", "not good yet".to_owned(), theme.warn),
    }
}

/// The lines of a column of this width and height, safe to draw.
pub(super) fn lines(found: &Found<'_>, (width, height): (usize, usize), theme: &Theme) -> Vec<(String, Style)> {
    let lane = found.lane;
    let (sign, words, style) = state(lane, theme);
    let took = if lane.took_ms > 0 { format!(" · {}", span(lane.took_ms)) } else { String::new() };
    let mut lines = vec![(format!("{sign} {words}{took}"), style)];
    let mut say = |text: &str, rows: usize, style: Style| {
        lines.extend(shortened(text, width, rows).into_iter().map(|line| (line, style)));
    };
    match &lane.state {
        LaneState::Asking { .. } => {
            if let Some(trouble) = lane.troubles.last() {
                say(trouble, 1, theme.warn);
            }
        }
        LaneState::Waiting { .. } => say(lane.troubles.last().map_or("", String::as_str), REASON, theme.warn),
        LaneState::Examining => {
            let bytes: u64 = lane.files.iter().map(|file| file.bytes).sum();
            say(&format!("{}, {}", count(lane.files.len(), "file"), size(bytes)), 1, theme.dim);
        }
        LaneState::Unusable(unusable) => say(&unusable.why, REASON, theme.text),
        LaneState::Failed(message) | LaneState::NotExamined(message) => say(message, REASON, theme.text),
        LaneState::Examined { verdict, replay } => {
            if let Some(examined) = found.examined {
                say(&examined.step, if height > LOW { 2 } else { 1 }, theme.text);
            }
            let tally = &verdict.tally;
            let parts =
                [(tally.passed.into(), "passed"), (tally.warned.into(), "warned"), (tally.failed.into(), "failed")];
            say(&format!("checks: {}", counted(&parts)), 1, theme.text);
            if !verdict.blocking.is_empty() {
                say(&format!("blocks approval: {}", verdict.blocking.join(", ")), 2, theme.bad);
            }
            if verdict.failed_tests > 0 {
                say(&format!("{} failed", count(verdict.failed_tests as usize, "test")), 1, theme.bad);
            }
            let parts = [
                (replay.broken, "broken"),
                (replay.fixed, "fixed"),
                (replay.changed, "changed"),
                (replay.same, "unchanged"),
                (replay.not_repeated, "not repeatable"),
            ];
            let style = if replay.broken > 0 { theme.bad } else { theme.text };
            let said = counted(&parts);
            say(&format!("replay: {}", if said.is_empty() { "nothing recorded" } else { &said }), 1, style);
            if let Some(left) = replay.unfixed() {
                say(&left, 1, theme.warn);
            }
        }
    }
    if let (LaneState::Asking { .. }, Some(live)) = (&lane.state, found.live) {
        // The end of the text that is being written.
        let room = height.saturating_sub(lines.len());
        let shown = readable(live);
        let written: Vec<&str> = shown.as_deref().unwrap_or(live).lines().collect();
        let tail = &written[written.len().saturating_sub(room)..];
        lines.extend(tail.iter().map(|line| (cut(&safe(line), width), theme.dim)));
    }
    lines
}

/// A text in at most `rows` rows; dots show that it is cut.
fn shortened(text: &str, width: usize, rows: usize) -> Vec<String> {
    let mut lines = wrap(&safe(text), width);
    if lines.len() > rows {
        lines.truncate(rows);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), width);
        }
    }
    lines
}

fn counted(parts: &[(u32, &str)]) -> String {
    let said: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    said.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn a_text_that_is_cut_says_so() {
        let text = "1.0.1 (patch): code changes only; the schemas are unchanged";
        assert_eq!(shortened(text, 80, 1), [text]);
        assert_eq!(shortened(text, 49, 1), ["1.0.1 (patch): code changes only; the schemas ar…"]);
        assert_eq!(shortened(text, 49, 2).join(" "), text);
    }
}
