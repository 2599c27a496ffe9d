//! The review queue: what waits for a human, oldest first.

use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{Digest, Review, ReviewId, ReviewKind, Risk, ToolName};
use crate::tui::list::{ListState, Motion};
use crate::tui::overlay::text_input::TextInput;
use crate::tui::phrase::{age, cut, grouped, pad, safe};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Span;

/// Columns below which a summary says nothing and the name gets its room.
const MIN_SUMMARY: usize = 16;

/// The state of the pane.
#[derive(Default)]
pub struct QueuePane {
    reviews: Vec<Review>,
    rows: Vec<usize>,
    filter: TextInput,
    typing: bool,
    list: ListState,
    loaded: bool,
}

impl QueuePane {
    /// Takes the waiting reviews; the selection stays on the same one as long as it waits.
    pub fn set(&mut self, reviews: Vec<Review>) {
        let selected = self.selected().map(|review| review.id);
        self.reviews = reviews;
        self.loaded = true;
        self.refresh();
        let found = self.rows.iter().position(|row| Some(self.reviews[*row].id) == selected);
        self.list.selected = found.unwrap_or(self.list.selected).min(self.rows.len().saturating_sub(1));
    }

    /// The selected review.
    pub fn selected(&self) -> Option<&Review> {
        self.rows.get(self.list.selected).and_then(|row| self.reviews.get(*row))
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.reviews.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.reviews.is_empty()
    }

    /// A waiting review by number.
    pub fn find(&self, id: ReviewId) -> Option<&Review> {
        self.reviews.iter().find(|review| review.id == id)
    }

    /// The review that waits for this version of a tool.
    pub fn waiting_for(&self, tool: &ToolName, digest: Digest) -> Option<&Review> {
        let covers = |review: &Review| {
            let same = review.tool == *tool && review.digest == digest;
            same || review.members.iter().any(|(name, member)| name == tool && *member == digest)
        };
        self.reviews.iter().find(|review| covers(review))
    }

    /// Place in the queue, counted from 1, and how many wait.
    pub fn place(&self, id: ReviewId) -> Option<(usize, usize)> {
        self.reviews.iter().position(|review| review.id == id).map(|at| (at + 1, self.reviews.len()))
    }

    /// Moves the selection.
    pub fn step(&mut self, motion: Motion) {
        self.list.step(motion, self.rows.len());
    }

    /// Scrolls, as the wheel does.
    pub fn scroll(&mut self, lines: isize) {
        self.list.scroll(lines, self.rows.len());
    }

    /// Selects the row that a click on this line of the list means.
    pub fn click(&mut self, line: usize) {
        self.list.selected = (self.list.offset + line).min(self.rows.len().saturating_sub(1));
    }

    /// The text of the filter.
    pub fn filter(&self) -> String {
        self.filter.text()
    }

    /// Whether the filter is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Starts or ends typing the filter.
    pub fn set_typing(&mut self, typing: bool) {
        self.typing = typing;
    }

    /// Changes the filter.
    pub fn edit_filter(&mut self, edit: impl FnOnce(&mut TextInput)) {
        edit(&mut self.filter);
        self.refresh();
        self.list.step(Motion::Top, self.rows.len());
    }

    fn refresh(&mut self) {
        let words = self.filter.text().to_lowercase();
        let holds = |review: &Review| {
            [review.tool.as_str(), review.kind.word(), review.summary.as_str(), review.risk.word()]
                .iter()
                .any(|text| text.to_lowercase().contains(&words))
        };
        self.rows = (0..self.reviews.len()).filter(|row| holds(&self.reviews[*row])).collect();
    }

    /// Draws the pane. Returns where the list lies and, while the filter is typed, the cursor.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, focus: Focus, look: Look) -> (Rect, Option<Position>) {
        let detail = if self.loaded { grouped(self.reviews.len()) } else { String::new() };
        let (filter, typing) = (self.filter.text(), self.typing);
        let remark = match (filter.is_empty() || typing, self.reviews.is_empty()) {
            (false, _) => format!("/{}", safe(&filter)),
            (true, false) => "oldest first".to_owned(),
            (true, true) => String::new(),
        };
        let title = Title { name: "4 Reviews", detail, remark, remark_style: look.theme.dim };
        let mut inner = frame(area, buf, &title, focus, look.theme);
        let cursor = (typing && !inner.is_empty()).then(|| {
            buf.set_stringn(inner.x, inner.y, " /", 2, look.theme.accent);
            let line = Rect { x: inner.x + 3, width: inner.width.saturating_sub(3), height: 1, ..inner };
            let cursor = self.filter.draw(line, buf, look.theme.text);
            inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
            cursor
        });
        if self.rows.is_empty() && self.loaded {
            let sentence = if filter.is_empty() {
                "Nothing waits. New, changed and evolved tools queue here for your decision.".to_owned()
            } else {
                format!("Nothing matches. {} clears the filter.", look.keymap.key(Verb::Back))
            };
            draw_empty(inner, buf, &[sentence], look.theme);
        }
        let (reviews, rows) = (&self.reviews, &self.rows);
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
    let state = review.verdict.as_ref().and_then(|verdict| verdict.get("state")).and_then(serde_json::Value::as_str);
    state.map_or_else(|| "no checks".to_owned(), safe)
}

fn review_row(review: &Review, width: usize, look: Look) -> Vec<Span<'static>> {
    let theme = look.theme;
    let age = format!(" {:>4}", age(look.now.wall, review.created_at));
    let kind = pad(review.kind.word(), 10);
    let subject_width = (width * 2 / 5).clamp(14, 34);
    let risk = format!(" {:<6}", review.risk.word());
    let rest = width.saturating_sub(2 + kind.len() + risk.len() + age.len());
    let subject_width = if rest < subject_width + MIN_SUMMARY { rest } else { subject_width };
    let fixed = 2 + kind.len() + subject_width + risk.len() + age.len();
    if rest < 14 {
        return vec![Span::styled(cut(&format!("⚑ {} {}", review.kind, subject(review)), width), theme.text)];
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
