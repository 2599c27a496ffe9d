//! How a tool or a problem is drawn: its row in the list, and the lines about it below.

use crate::domain::{Problem, ProblemCode, Stage, Tool, ToolReview, ToolState};
use crate::tui::ink::{Line, Span};
use crate::tui::phrase::{self, cut, pad, safe};
use crate::tui::theme::Theme;
use ratatui::style::Style;

/// Lines of the strip that say what is wrong; what to do about it has the others.
const PROBLEM_LINES: usize = 3;

/// The sign of a stage.
pub const fn stage_sign(stage: Stage) -> &'static str {
    match stage {
        Stage::Experimental => "○",
        Stage::Approved => "●",
        Stage::Core => "◆",
        Stage::Archived => "▪",
    }
}

/// The style of a stage; its sign and word say the same.
pub fn stage_style(stage: Stage, theme: &Theme) -> Style {
    match stage {
        Stage::Experimental => theme.text,
        Stage::Approved => theme.good,
        Stage::Core => theme.accent,
        Stage::Archived => theme.dim,
    }
}

fn short_stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Experimental => "exp",
        Stage::Approved => "appr",
        Stage::Core => "core",
        Stage::Archived => "arch",
    }
}

/// What a row says beside its columns, most important first.
fn marks(tool: &Tool, theme: &Theme) -> Vec<(&'static str, Style)> {
    let mut marks = Vec::new();
    match tool.state {
        ToolState::Invalid => marks.push(("invalid", theme.bad)),
        ToolState::Changed => marks.push(("changed!", theme.warn)),
        ToolState::Unsupported | ToolState::Ok => {}
    }
    if tool.facts.reserved.is_some() {
        marks.push(("name taken", theme.bad));
    }
    if !tool.clashes.is_empty() {
        marks.push(("clash", theme.warn));
    }
    match tool.facts.review {
        ToolReview::Waiting => marks.push(("⚑ review", theme.accent)),
        ToolReview::Rejected => marks.push(("rejected", theme.bad)),
        ToolReview::Expired => marks.push(("expired", theme.warn)),
        ToolReview::ChangesRequested => marks.push(("changes", theme.warn)),
        ToolReview::None if tool.awaits_adoption() => marks.push(("not adopted", theme.warn)),
        ToolReview::None | ToolReview::Approved => {}
    }
    if tool.facts.approved_unread.is_some() {
        marks.push(("unread", theme.warn));
    }
    if tool.facts.deprecated.is_some() {
        marks.push(("deprecated", theme.warn));
    }
    if !tool.runnable && tool.state != ToolState::Invalid {
        marks.push(("no runs", theme.dim));
    }
    if tool.facts.locked {
        marks.push(("locked", theme.dim));
    }
    if tool.facts.in_session {
        marks.push(("session", theme.accent));
    } else if tool.shadowed_by.is_some() {
        marks.push(("shadowed", theme.dim));
    }
    if tool.copy_of.is_some() {
        marks.push(("copy", theme.dim));
    }
    marks
}

/// Widths of the columns for a row of this width; 0 leaves a column out.
struct Columns {
    stage: usize,
    name: usize,
    version: usize,
    tier: usize,
    marks: usize,
    success: usize,
}

impl Columns {
    fn of(width: usize) -> Columns {
        let stage = if width >= 30 { 5 } else { 0 };
        let version = if width >= 36 { 8 } else { 0 };
        let tier = match width {
            ..50 => 0,
            50..70 => 8,
            // The longest tier, whole.
            _ => 12,
        };
        let success = if width >= 44 { 5 } else { 0 };
        let marks = (width / 5).clamp(8, 20);
        let name = width.saturating_sub(2 + stage + version + tier + marks + success);
        Columns { stage, name, version, tier, marks, success }
    }
}

/// The row of a tool in the list; `matches` are the characters of its name that a filter found.
pub(super) fn tool_row(tool: &Tool, matches: &[usize], width: usize, theme: &Theme) -> Vec<Span> {
    let columns = Columns::of(width);
    // Nobody vouched for it here: its stage is what the folder says.
    let style = if tool.awaits_adoption() { theme.warn } else { stage_style(tool.stage, theme) };
    let mut spans = vec![Span::styled(format!("{} ", stage_sign(tool.stage)), style)];
    if columns.stage > 0 {
        spans.push(Span::styled(pad(short_stage(tool.stage), columns.stage), style));
    }
    spans.extend(name_spans(tool.name.as_str(), matches, columns.name, theme));
    if columns.version > 0 {
        spans.push(Span::styled(pad(&format!(" {}", tool.version), columns.version), theme.dim));
    }
    if columns.tier > 0 {
        let word = if tool.classified { tool.cost_tier.word() } else { "–" };
        // Also where the marks have no room for the word: what is locked does not run.
        let (sign, style) = if tool.facts.locked { ("×", theme.warn) } else { (" ", theme.dim) };
        let tier = pad(&format!("{sign}{}", cut(word, columns.tier - 2)), columns.tier);
        spans.push(Span::styled(tier, style));
    }
    let mut room = columns.marks;
    for (word, style) in marks(tool, theme) {
        let text = format!(" {word}");
        let cells = unicode_width::UnicodeWidthStr::width(&*text);
        if cells > room {
            break;
        }
        room -= cells;
        spans.push(Span::styled(text, style));
    }
    spans.push(Span::raw(" ".repeat(room)));
    if columns.success > 0 {
        let rate = tool.facts.success_rate.map(|rate| format!("{:>4.0}%", rate * 100.0)).unwrap_or_default();
        spans.push(Span::styled(pad(&rate, columns.success), theme.dim));
    }
    spans
}

fn name_spans(name: &str, matches: &[usize], width: usize, theme: &Theme) -> Vec<Span> {
    let shown = pad(name, width);
    if matches.is_empty() {
        return vec![Span::styled(shown, theme.text)];
    }
    let mark = |at: usize| if matches.contains(&at) { theme.match_ } else { theme.text };
    shown.chars().enumerate().map(|(at, c)| Span::styled(c.to_string(), mark(at))).collect()
}

/// The row of a problem in the list.
pub(super) fn problem_row(problem: &Problem, width: usize, theme: &Theme) -> Vec<Span> {
    let place = match problem.line {
        Some(line) => format!("{}:{line}", problem.path),
        None => problem.path.clone(),
    };
    let text = match problem.code {
        // It is about no tool: where the state lies says nothing of what is wrong with it.
        ProblemCode::State => safe(&problem.message),
        _ => format!("{}  {}", safe(&place), safe(&problem.message)),
    };
    vec![Span::styled("! ", theme.bad), Span::styled(cut(&text, width.saturating_sub(2)), theme.text)]
}

/// The lines about a tool below the list.
pub(super) fn tool_strip(tool: &Tool, width: usize, theme: &Theme) -> Vec<Line> {
    let mut lines = Vec::new();
    let described = if tool.description.is_empty() { "no description".to_owned() } else { safe(&tool.description) };
    let wrapped = phrase::wrap(&described, width);
    let more = wrapped.len() > 2;
    for (at, text) in wrapped.into_iter().take(2).enumerate() {
        let text = if more && at == 1 { cut(&format!("{text} …"), width) } else { text };
        lines.push(Line::styled(text, theme.text));
    }
    let tier = if tool.classified { tool.cost_tier.word() } else { "unclassified" };
    let facts = format!("{} · {} · {} · {tier} cost", tool.stage, tool.kind, safe(&tool.category.0));
    lines.push(Line::styled(cut(&facts, width), theme.dim));
    lines.push(Line::styled(cut(&safe(&tool.path), width), theme.dim));
    if let Some((note, style)) = note(tool, theme) {
        lines.push(Line::styled(cut(&note, width), style));
    }
    lines
}

/// The one sentence a reader must not miss about a tool.
fn note(tool: &Tool, theme: &Theme) -> Option<(String, Style)> {
    let text = match (&tool.reason, tool.state) {
        (Some(reason), _) if !tool.runnable => (format!("cannot run: {}", safe(reason)), theme.warn),
        (_, ToolState::Changed) => ("changed on disk since approval".to_owned(), theme.warn),
        _ if tool.facts.in_session => ("used in this session instead of the usual version".to_owned(), theme.accent),
        _ if tool.facts.locked => (
            format!("locked: cost tier {}; a human can unlock it (U, or at the first run)", tool.cost_tier),
            theme.warn,
        ),
        _ if tool.awaits_adoption() => {
            ("came with the folder: runs as experimental until adopted (4)".to_owned(), theme.warn)
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
        _ if !tool.clashes.is_empty() => (format!("name clash: {}", safe(&tool.clashes.join(", "))), theme.warn),
        _ => match (&tool.shadowed_by, &tool.copy_of, &tool.facts) {
            (Some(path), _, _) => (format!("not used: {} takes precedence", safe(path)), theme.dim),
            (_, Some(path), _) => (format!("same content as {}", safe(path)), theme.dim),
            (_, _, facts) if facts.runs > 0 => {
                let rate = facts.success_rate.map(|rate| format!(", {:.0}% succeeded", rate * 100.0));
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
    lines.extend(
        phrase::wrap(&safe(&problem.message), width)
            .into_iter()
            .take(PROBLEM_LINES)
            .map(|t| Line::styled(t, theme.bad)),
    );
    lines.extend(phrase::wrap(&safe(&problem.hint), width).into_iter().take(2).map(|t| Line::styled(t, theme.text)));
    lines
}
