//! The review queue: what waits for a human, oldest first.

use super::listing::{Listed, Listing};
use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{CheckState, Digest, Review, ReviewId, ReviewKind, Risk, ToolName};
use crate::tui::ink::Span;
use crate::tui::phrase::{age, cut, grouped, pad, safe};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// Columns below which a summary says nothing and the name gets its room.
const MIN_SUMMARY: usize = 16;

/// The state of the pane.
pub type QueuePane = Listing<Review>;

impl Listed for Review {
    type Key = ReviewId;

    fn key(&self) -> ReviewId {
        self.id
    }

    fn texts(&self) -> Vec<&str> {
        vec![self.tool.as_str(), self.asks(), &self.summary, self.risk.word()]
    }
}

impl QueuePane {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// A waiting review by number.
    pub fn find(&self, id: ReviewId) -> Option<&Review> {
        self.items.iter().find(|review| review.id == id)
    }

    /// The review that waits for this version of a tool.
    pub fn waiting_for(&self, tool: &ToolName, digest: Digest) -> Option<&Review> {
        let covers = |review: &Review| {
            let same = review.tool == *tool && review.digest == digest;
            same || review.members.iter().any(|(name, member)| name == tool && *member == digest)
        };
        self.items.iter().find(|review| covers(review))
    }

    /// Place in the queue, counted from 1, and how many wait.
    pub fn place(&self, id: ReviewId) -> Option<(usize, usize)> {
        self.items.iter().position(|review| review.id == id).map(|at| (at + 1, self.items.len()))
    }

    /// Draws the pane. Returns where the list lies and, while the filter is typed, the cursor.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, focus: Focus, look: Look) -> (Rect, Option<Position>) {
        let detail = if self.loaded { grouped(self.items.len()) } else { String::new() };
        let (filter, typing) = (self.filter.text(), self.typing);
        let remark = match (filter.is_empty() || typing, self.items.is_empty()) {
            (false, _) => format!("/{}", safe(&filter)),
            (true, false) => "oldest first".to_owned(),
            (true, true) => String::new(),
        };
        let title = Title { name: "4 Reviews", detail, remark, remark_style: look.theme.dim };
        let mut inner = frame(area, buf, &title, focus, look.theme);
        let cursor = self.draw_filter(&mut inner, buf, look.theme);
        if self.rows.is_empty() && self.loaded {
            let sentence = if filter.is_empty() {
                "Nothing waits. New, changed and evolved tools queue here for your decision.".to_owned()
            } else {
                format!("Nothing matches. {} clears the filter.", look.keymap.key(Verb::Back))
            };
            draw_empty(inner, buf, &[sentence], look.theme);
        }
        let (reviews, rows) = (&self.items, &self.rows);
        Rows { list: &mut self.list, len: rows.len(), focus, theme: look.theme }
            .draw(inner, buf, &|index, width| review_row(&reviews[rows[index]], width, look));
        (inner, cursor)
    }
}

/// The style of a risk; the word says the same.
pub fn risk_style(risk: Risk, theme: &Theme) -> Style {
    match risk {
        Risk::Low => theme.dim,
        Risk::Medium => theme.warn,
        Risk::High => theme.bad,
    }
}

/// What a review is about, as a name: an adoption covers several tools.
pub fn subject(review: &Review) -> String {
    if review.kind == ReviewKind::Adoption {
        crate::tui::phrase::count(review.members.len(), "tool")
    } else {
        format!("{} {}", review.tool, review.version)
    }
}

/// The verdict of checks in a word.
pub fn verdict_word(review: &Review) -> String {
    let Some(tally) = review.verdict else { return "no checks".to_owned() };
    match tally.state {
        CheckState::Running => format!("checks {}/{}", tally.ended, tally.total),
        CheckState::Failed => format!("{} failed", tally.failed),
        CheckState::Warned => format!("{} warned", tally.warned),
        CheckState::Passed | CheckState::Skipped | CheckState::Unavailable => tally.state.word().to_owned(),
    }
}

fn review_row(review: &Review, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let age = format!(" {:>4}", age(look.now.wall, review.created_at));
    let kind = pad(review.asks(), 10);
    let subject_width = (width * 2 / 5).clamp(14, 34);
    let risk = format!(" {:<6}", review.risk.word());
    let rest = width.saturating_sub(2 + kind.len() + risk.len() + age.len());
    let subject_width = if rest < subject_width + MIN_SUMMARY { rest } else { subject_width };
    let fixed = 2 + kind.len() + subject_width + risk.len() + age.len();
    if rest < 14 {
        return vec![Span::styled(cut(&format!("⚑ {} {}", review.asks(), subject(review)), width), theme.text)];
    }
    let summary = if review.summary.is_empty() { verdict_word(review) } else { safe(&review.summary) };
    vec![
        Span::styled("⚑ ", theme.accent),
        Span::styled(kind, theme.text),
        Span::styled(pad(&subject(review), subject_width), theme.text),
        Span::styled(pad(&format!(" {summary}"), width - fixed), theme.dim),
        Span::styled(risk, risk_style(review.risk, theme)),
        Span::styled(age, theme.dim),
    ]
}
