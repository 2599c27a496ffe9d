//! How groups and problems are drawn in the list, and the lines below it about the selected row.

use super::STRIP_LINES;
use super::preview::Preview;
use super::tree::{Group, Grouping};
use crate::action::Verb;
use crate::domain::{Problem, ProblemCode, SkippedFile, Stage, Tool, ToolReview, ToolState, skipped_because};
use crate::engine::StarterTool;
use crate::tui::ink::{Line, Span};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{self, cut, first_few, grouped, safe};
use crate::tui::theme::Theme;
use ratatui::style::Style;
use std::borrow::Cow;

/// Lines of the strip for the problem; the remaining ones are for the next step.
const PROBLEM_LINES: usize = 3;

/// The maximum number of lines of the strip for the note about a tool.
const NOTE_LINES: usize = 3;

/// The symbol of a stage.
pub const fn stage_sign(stage: Stage) -> &'static str {
    match stage {
        Stage::Experimental => "○",
        Stage::Approved => "●",
        Stage::Core => "◆",
        Stage::Archived => "▪",
    }
}

/// The style of a stage; its symbol and word show it as well.
pub fn stage_style(stage: Stage, theme: &Theme) -> Style {
    match stage {
        Stage::Experimental => theme.text,
        Stage::Approved => theme.good,
        Stage::Core => theme.accent,
        Stage::Archived => theme.dim,
    }
}

/// The style of a mark, in a theme.
pub(super) type MarkStyle = fn(&Theme) -> Style;

/// The marks of a row, most important first.
pub(super) fn marks(tool: &Tool) -> Vec<(Cow<'static, str>, MarkStyle)> {
    let mut marks: Vec<(Cow<'static, str>, MarkStyle)> = Vec::new();
    match tool.state {
        ToolState::Invalid => marks.push(("invalid".into(), |theme| theme.bad)),
        ToolState::Changed => marks.push(("changed!".into(), |theme| theme.warn)),
        ToolState::Unsupported | ToolState::Ok => {}
    }
    // Before the facts that matter only for a tool that runs.
    if let Some(obstacle) = tool.obstacle() {
        marks.push((safe(&obstacle).into(), |theme| theme.warn));
    }
    if tool.facts.reserved.is_some() {
        marks.push(("name taken".into(), |theme| theme.bad));
    }
    if !tool.clashes.is_empty() {
        marks.push(("clash".into(), |theme| theme.warn));
    }
    match tool.facts.review {
        ToolReview::Waiting => marks.push(("⚑ review".into(), |theme| theme.accent)),
        ToolReview::Rejected => marks.push(("rejected".into(), |theme| theme.bad)),
        ToolReview::Expired => marks.push(("expired".into(), |theme| theme.warn)),
        ToolReview::ChangesRequested => marks.push(("changes".into(), |theme| theme.warn)),
        ToolReview::None if tool.awaits_adoption() => marks.push(("not adopted".into(), |theme| theme.warn)),
        ToolReview::None | ToolReview::Approved => {}
    }
    if tool.facts.approved_unread.is_some() {
        marks.push(("not read".into(), |theme| theme.warn));
    }
    if tool.facts.deprecated.is_some() {
        marks.push(("deprecated".into(), |theme| theme.warn));
    }
    if tool.facts.locked {
        marks.push(("locked".into(), |theme| theme.dim));
    }
    if tool.facts.in_session {
        marks.push(("session".into(), |theme| theme.accent));
    } else if tool.shadowed_by.is_some() {
        marks.push(("shadowed".into(), |theme| theme.dim));
    }
    if tool.copy_of.is_some() {
        marks.push(("copy".into(), |theme| theme.dim));
    }
    marks
}

/// The row of a group: its name and the number of its tools.
pub(super) fn group_row(group: &Group, grouping: Grouping, width: usize, theme: &Theme) -> Vec<Span> {
    let sign = if group.is_folded { "▸ " } else { "▾ " };
    let count = match (group.shown, group.total) {
        (shown, total) if shown >= total => grouped(shown),
        (shown, total) => format!("{}/{}", grouped(shown), grouped(total)),
    };
    let style = match grouping {
        _ if group.is_problems() => theme.bad,
        Grouping::Stage => group.name.parse().map_or(theme.title, |stage| stage_style(stage, theme)),
        Grouping::Flat | Grouping::Category => theme.title,
    };
    let name = cut(&safe(group.name.trim_end()), width.saturating_sub(count.len() + 5));
    vec![Span::styled(sign, theme.dim), Span::styled(name, style), Span::styled(format!("  {count}"), theme.dim)]
}

/// The lines about a group below the list.
pub(super) fn group_strip(group: &Group, width: usize, keys: (&str, &str), theme: &Theme) -> Vec<Line> {
    let (fold, regroup) = keys;
    let mut lines = Vec::new();
    if !group.is_problems() {
        let stages = Stage::ALL.iter().zip(group.stages).filter(|(_, count)| *count > 0);
        let stages: Vec<String> = stages.map(|(stage, count)| format!("{} {stage}", grouped(count))).collect();
        lines.push(Line::styled(cut(&stages.join(" · "), width), theme.text));
        let waiting = (group.waiting > 0).then(|| phrase::plural(group.waiting, "pending review", "pending reviews"));
        let locked = (group.locked > 0).then(|| format!("{} locked", grouped(group.locked)));
        let more: Vec<String> = waiting.into_iter().chain(locked).collect();
        if !more.is_empty() {
            lines.push(Line::styled(cut(&more.join(" · "), width), theme.warn));
        }
    }
    let act = if group.is_folded { "unfold" } else { "fold" };
    let all = if group.is_folded { "right right: unfold all" } else { "left left: fold all" };
    let keys = format!("{fold}: {act} · {all} · {regroup}: other groups");
    lines.extend(phrase::wrap(&keys, width).into_iter().map(|line| Line::styled(line, theme.dim)));
    lines
}

/// The row of a problem in the list.
pub(super) fn problem_row(problem: &Problem, indent: usize, width: usize, theme: &Theme) -> Vec<Span> {
    let place = match problem.line {
        Some(line) => format!("{}:{line}", problem.path),
        None => problem.path.clone(),
    };
    let text = match problem.code {
        // This problem concerns no tool, and the path of the state does not explain it.
        ProblemCode::State => safe(&problem.message),
        _ => format!("{}  {}", safe(&place), safe(&problem.message)),
    };
    let sign = format!("{}! ", " ".repeat(indent));
    vec![Span::styled(sign, theme.bad), Span::styled(cut(&text, width.saturating_sub(2 + indent)), theme.text)]
}

/// The lines about a tool below the list.
pub(super) fn tool_strip(
    tool: &Tool,
    preview: Option<&Preview>,
    (width, below): (usize, usize),
    look: Look,
) -> Vec<Line> {
    let theme = look.theme;
    let mut lines = Vec::new();
    let described = if tool.description.is_empty() { "no description".to_owned() } else { safe(&tool.description) };
    let described = match tool.title.as_deref().filter(|title| *title != tool.description) {
        Some(title) => format!("{}: {described}", safe(title)),
        None => described,
    };
    let (note, style) = note(tool, look).unwrap_or_default();
    let note = at_most(&note, width, NOTE_LINES);
    let free = usize::from(STRIP_LINES) - note.len();
    // One line is reserved for the facts, and one for the inputs if they have no table, or for the path unless the note
    // needs it.
    let inputs = preview.filter(|_| below <= 2).map(|preview| preview.line(width));
    let kept = 1 + usize::from(inputs.is_some() || free > 2);
    let described = at_most(&described, width, free.saturating_sub(kept).clamp(1, 2));
    let mut free = free.saturating_sub(described.len() + 1);
    lines.extend(described.into_iter().map(|t| Line::styled(t, theme.text)));
    let tier = if tool.classified { tool.cost_tier.word() } else { "unclassified" };
    let last = tool.facts.last_run_at.map(|at| format!("last run {}", phrase::ago(look.now.wall, at)));
    let last = preview.and_then(|preview| preview.last_run(look.now)).or(last);
    // Facts that the row does not show come first, then the others if there is space.
    let facts = [tool.stage.to_string(), tool.kind.to_string(), safe(&tool.category.0), format!("{tier} cost")];
    lines.push(Line::styled(phrase::fitting(last.into_iter().chain(facts), " · ", width), theme.dim));
    if let Some(inputs) = inputs.filter(|_| free > 0) {
        lines.push(Line::styled(inputs, theme.text));
        free -= 1;
    }
    if free > 0 {
        lines.push(Line::styled(cut(&safe(&tool.path), width), theme.dim));
    }
    lines.extend(note.into_iter().map(|text| Line::styled(text, style)));
    if let Some(preview) = preview.filter(|_| below > 2) {
        // Below the full height of the usual lines, so that the table does not move.
        lines.resize(usize::from(STRIP_LINES) + 1, Line::default());
        let table = preview.table(below - 1, width);
        let style = |at: usize| if at == 0 { theme.dim } else { theme.text };
        lines.extend(table.into_iter().enumerate().map(|(at, text)| Line::styled(text, style(at))));
    }
    lines
}

/// A text in at most `lines` lines; a sign at its end shows that it is cut.
fn at_most(text: &str, width: usize, lines: usize) -> Vec<String> {
    let mut wrapped = phrase::wrap(text, width);
    wrapped.retain(|line| !line.is_empty());
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            *last = cut(&format!("{last} …"), width);
        }
    }
    wrapped
}

/// The row of a skipped file in the list.
pub(super) fn skipped_row(file: &SkippedFile, width: usize, theme: &Theme) -> Vec<Span> {
    let text = format!("{}  {}", safe(&file.path), skipped_because(file.kind));
    vec![Span::styled("- ", theme.dim), Span::styled(cut(&text, width.saturating_sub(2)), theme.dim)]
}

/// The lines about a skipped file below the list.
pub(super) fn skipped_strip(file: &SkippedFile, width: usize, theme: &Theme) -> Vec<Line> {
    let text = format!("skipped: {}. It is neither listed nor run.", skipped_because(file.kind));
    phrase::wrap(&text, width).into_iter().map(|line| Line::styled(line, theme.text)).collect()
}

/// The most important note about a tool.
fn note(tool: &Tool, look: Look) -> Option<(String, Style)> {
    let theme = look.theme;
    let text = match (&tool.reason, tool.state) {
        (Some(reason), _) if !tool.runnable => (format!("cannot run: {}", safe(reason)), theme.warn),
        (_, ToolState::Changed) => ("changed on disk since approval".to_owned(), theme.warn),
        _ if tool.facts.in_session => ("used in this session instead of the usual version".to_owned(), theme.accent),
        _ if tool.facts.locked => (
            format!(
                "locked: cost tier {}; a human can unlock it ({}, or at the first run)",
                tool.cost_tier,
                look.keymap.key(Verb::Unlock)
            ),
            theme.warn,
        ),
        _ if tool.awaits_adoption() => {
            let is_starter = StarterTool::is_one(tool.name.as_str(), tool.digest);
            let key = look.keymap.key(if is_starter { Verb::Starter } else { Verb::Promote });
            (format!("came with the folder: runs without permissions until you adopt it (press {key})"), theme.warn)
        }
        _ if tool.facts.deprecated.is_some() => {
            let by = tool.facts.deprecated.as_ref().and_then(|mark| mark.by.as_ref());
            let by = by.map(|by| format!(": use {by} instead")).unwrap_or_default();
            (format!("deprecated{by}"), theme.warn)
        }
        _ if tool.facts.approved_unread.is_some() => {
            let unread = tool.facts.approved_unread.map(|unread| unread.to_string()).unwrap_or_default();
            (format!("approved with {unread}"), theme.warn)
        }
        _ if tool.facts.replaced_by.is_some() => {
            let by = tool.facts.replaced_by.as_ref().map(ToString::to_string).unwrap_or_default();
            let key = look.keymap.key(Verb::Archive);
            (format!("replaced by {by}, which was made from it: {key} archives this file"), theme.warn)
        }
        _ if !tool.clashes.is_empty() => {
            (format!("name clash: {}", safe(&first_few(&tool.clashes, "tools"))), theme.warn)
        }
        _ => match (&tool.shadowed_by, &tool.copy_of, &tool.facts) {
            (Some(path), _, _) => (format!("not used: {} takes precedence", safe(path)), theme.dim),
            (_, Some(path), _) => (format!("same content as {}", safe(path)), theme.dim),
            (_, _, facts) if facts.runs > 0 => {
                let rate = facts.success_rate.map(|rate| format!(", {} succeeded", phrase::percent(rate)));
                (format!("{}{}", phrase::count(facts.runs as usize, "run"), rate.unwrap_or_default()), theme.dim)
            }
            _ => return None,
        },
    };
    Some(text)
}

/// Where a problem is, safe to draw.
pub(super) fn place_words(problem: &Problem) -> String {
    problem.line.map_or_else(|| safe(&problem.path), |line| format!("{}, line {line}", safe(&problem.path)))
}

/// The lines about a problem below the list.
pub(super) fn problem_strip(problem: &Problem, width: usize, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let told = at_most(&safe(&problem.message), width, PROBLEM_LINES);
    lines.extend(told.into_iter().map(|t| Line::styled(t, theme.bad)));
    lines.extend(at_most(&safe(&problem.hint), width, 2).into_iter().map(|t| Line::styled(t, theme.text)));
    lines
}
