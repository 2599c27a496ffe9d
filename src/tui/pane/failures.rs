//! The failures pane: failures grouped by signature, last seen first.

use super::listing::{Listed, Listing};
use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{FailureGroup, GroupState, Severity};
use crate::tui::ink::Span;
use crate::tui::phrase::{age, cut, grouped, named, pad, safe};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// Heights of a bar, lowest first; none of them touches the row above.
const BARS: [&str; 7] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇"];
/// The width from which the outcome has a separate column; the message contains it too.
const OUTCOME_FROM: usize = 80;
/// The width from which the days have a column of bars.
const TREND_FROM: usize = 56;
/// The width of the outcome.
const OUTCOME_WIDTH: usize = 16;

/// The state of the pane.
pub type FailuresPane = Listing<FailureGroup>;

impl Listed for FailureGroup {
    type Key = String;

    fn key(&self) -> String {
        self.signature.clone()
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        let words =
            [self.tool.as_str(), &self.sample_message, self.outcome.word(), self.severity.word(), self.state.word()];
        words.into_iter().chain(self.scenarios.iter().map(String::as_str)).map(Cow::Borrowed).collect()
    }
}

impl FailuresPane {
    /// How many groups still need attention.
    pub fn open_count(&self) -> usize {
        self.items.iter().filter(|group| group.state == GroupState::Open).count()
    }

    /// The group whose signature begins with this prefix.
    pub fn find(&self, prefix: &str) -> Option<&FailureGroup> {
        self.items.iter().find(|group| group.signature.starts_with(prefix))
    }

    /// Draws the pane. Returns the area of the list and, while the filter is typed, the cursor.
    /// `place` tells where the tool of a group is, if others have its name.
    pub fn draw(
        &mut self,
        area: Rect,
        buf: &mut Buffer,
        (focus, look): (Focus, Look),
        place: &dyn Fn(&FailureGroup) -> Option<String>,
    ) -> (Rect, Option<Position>) {
        let open = self.open_count();
        let detail = if self.loaded { grouped(open) } else { String::new() };
        let (filter, typing) = (self.filter.text(), self.typing);
        let (remark, remark_style) = if filter.is_empty() || typing {
            (legend(&self.items, usize::from(area.width.saturating_sub(2)), look.theme), look.theme.dim)
        } else {
            (format!("/{}", safe(&filter)), look.theme.accent)
        };
        let title = Title { name: "3 Failures", detail, remark, remark_style, ..Title::default() };
        let mut inner = frame(area, buf, &title, focus, look.theme);
        let cursor = self.draw_filter(&mut inner, buf, look.theme);
        if self.rows.is_empty() && self.loaded {
            let sentence = if filter.is_empty() {
                format!("No failures. Failed runs appear here; {} opens their output.", look.keymap.key(Verb::Output))
            } else {
                format!("No match. {} clears the filter.", look.keymap.key(Verb::Back))
            };
            draw_empty(inner, buf, &[sentence], look.theme);
        }
        let (groups, rows) = (&self.items, &self.rows);
        Rows { list: &mut self.list, len: rows.len(), focus, theme: look.theme }.draw(inner, buf, &|index, width| {
            let group = &groups[rows[index]];
            group_row(group, place(group).as_deref(), width, look)
        });
        (inner, cursor)
    }
}

fn group_row(group: &FailureGroup, place: Option<&str>, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let resolved = group.state == GroupState::Resolved;
    let (sign, style) = match group.severity {
        _ if resolved => ("·", theme.dim),
        Severity::Low => ("▽", theme.dim),
        Severity::Medium => ("!", theme.warn),
        Severity::High => ("‼", theme.bad),
    };
    // For a screen reader, the count and the time are more useful than bars.
    let trend = if width >= TREND_FROM && !theme.numbered { trend(&group.trend) } else { String::new() };
    let seen = format!(" {:>4}", age(look.now.wall, group.last_at));
    let outcome_width = if width >= OUTCOME_FROM { OUTCOME_WIDTH } else { 0 };
    let name_width = (width / 4).clamp(10, 22) + if place.is_some() && width >= TREND_FROM { 8 } else { 0 };
    let fixed = 2 + 5 + name_width + outcome_width + trend.chars().count() + seen.len();
    let word = if resolved { "resolved" } else { group.outcome.word() };
    let mut spans = vec![
        Span::styled(format!("{sign} "), style),
        Span::styled(format!("{:>3}× ", grouped(usize::try_from(group.count).unwrap_or(usize::MAX))), theme.text),
        Span::styled(pad(&named(group.tool.as_str(), "", place, name_width), name_width), theme.text),
    ];
    if outcome_width > 0 {
        spans.push(Span::styled(pad(&format!(" {word}"), outcome_width), style));
    }
    let room = width.saturating_sub(fixed);
    spans.push(Span::styled(pad(&format!(" {}", safe(&group.sample_message)), room), theme.dim));
    spans.push(Span::styled(trend, theme.dim));
    spans.push(Span::styled(seen, theme.dim));
    if width < fixed {
        return vec![Span::styled(cut(&format!("{sign} {}× {}", group.count, group.tool), width), style)];
    }
    spans
}

/// Bars for seven days; a day without failures is a dot.
pub fn trend(days: &[u32]) -> String {
    let Some(most) = days.iter().copied().max().filter(|most| *most > 0) else { return String::new() };
    let bar = |day: &u32| match day {
        0 => "·",
        day => BARS[(*day as usize * 6).div_ceil(most as usize).min(6)],
    };
    format!(" {}", days.iter().map(bar).collect::<String>())
}

/// Bars with their scale: the number of days, and the value of the tallest bar.
pub fn told_trend(days: &[u32]) -> String {
    let most = days.iter().max().copied().unwrap_or_default();
    match trend(days) {
        bars if bars.is_empty() => bars,
        bars => format!("{bars} {} days, full height {}×", days.len(), grouped(most)),
    }
}

/// The legend of the bars, if they are drawn: each row has a separate scale.
fn legend(groups: &[FailureGroup], width: usize, theme: &Theme) -> String {
    let days = groups.iter().filter(|group| !trend(&group.trend).is_empty()).map(|group| group.trend.len()).max();
    let days = days.filter(|_| width >= TREND_FROM && !theme.numbered);
    days.map(|days| format!("last {days} days, ▇ the worst")).unwrap_or_default()
}

/// The same as numbers, for screen readers.
pub fn days_aloud(days: &[u32]) -> String {
    let days: Vec<String> = days.iter().map(u32::to_string).collect();
    format!(" by day, today last: {}", days.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_a_bar_for_each_day() {
        assert_eq!(trend(&[0, 1, 2, 0, 4, 0, 8]), " ·▂▃·▄·▇");
        assert_eq!(told_trend(&[0, 1, 2, 0, 4, 0, 8]), " ·▂▃·▄·▇ 7 days, full height 8×");
        assert_eq!([trend(&[0, 0]), told_trend(&[0, 0])], ["", ""]);
        assert_eq!(days_aloud(&[0, 1, 2]), " by day, today last: 0, 1, 2");
    }
}
