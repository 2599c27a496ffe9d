//! The review queue: what waits for a human, oldest first.

use super::listing::{Listed, Listing};
use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{CheckState, Digest, Instant, Review, ReviewId, ReviewKind, Risk, ToolName};
use crate::tui::ink::Span;
use crate::tui::list::Motion;
use crate::tui::phrase::{age, cut, grouped, pad, safe};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::{Deref, DerefMut, RangeInclusive};

/// Columns below which a summary says nothing and the name gets its room.
const MIN_SUMMARY: usize = 16;
/// Columns of what the checks say, with the blank before it: `checks 12/27`.
const VERDICT: usize = 13;
/// The same in short: `no checks`, `12/27 …`.
const NARROW_VERDICT: usize = 10;
/// From so many columns on that word has all its room.
const WIDE: usize = 70;

/// In which order the queue is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueOrder {
    /// Oldest review first.
    #[default]
    Age,
    /// The riskiest first, of one risk the oldest.
    Risk,
}

impl QueueOrder {
    fn word(self) -> &'static str {
        match self {
            QueueOrder::Age => "oldest first",
            QueueOrder::Risk => "riskiest first",
        }
    }
}

/// The state of the pane.
#[derive(Default)]
pub struct QueuePane {
    listing: Listing<Review>,
    /// Which reviews are about which bytes, in order of digest and place.
    by_digest: Vec<(Digest, usize)>,
    order: QueueOrder,
    marked: Vec<ReviewId>,
    /// The review where a range began, which ends at the selected one.
    range_from: Option<ReviewId>,
}

impl Deref for QueuePane {
    type Target = Listing<Review>;

    fn deref(&self) -> &Listing<Review> {
        &self.listing
    }
}

impl DerefMut for QueuePane {
    fn deref_mut(&mut self) -> &mut Listing<Review> {
        &mut self.listing
    }
}

impl Listed for Review {
    type Key = ReviewId;

    fn key(&self) -> ReviewId {
        self.id
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        [self.tool.as_str(), self.asks(), self.risk.word(), &self.summary].map(Cow::Borrowed).into()
    }
}

impl QueuePane {
    /// Takes the reviews that wait; marks of those that are gone go with them.
    pub fn set(&mut self, mut reviews: Vec<Review>) {
        match self.order {
            QueueOrder::Age => reviews.sort_unstable_by_key(|review| (review.created_at, review.id)),
            QueueOrder::Risk => {
                reviews.sort_unstable_by_key(|review| (Reverse(review.risk), review.created_at, review.id));
            }
        }
        if !self.marked.is_empty() {
            let waiting: HashSet<ReviewId> = reviews.iter().map(|review| review.id).collect();
            self.marked.retain(|id| waiting.contains(id));
        }
        self.by_digest.clear();
        for (place, review) in reviews.iter().enumerate() {
            self.by_digest.push((review.digest, place));
            self.by_digest.extend(review.members.iter().map(|(_, digest)| (*digest, place)));
        }
        self.by_digest.sort_unstable();
        self.listing.set(reviews);
    }

    /// Shows the queue in the other order; the selection stays on its review.
    pub fn toggle_order(&mut self) {
        self.order = if self.order == QueueOrder::Age { QueueOrder::Risk } else { QueueOrder::Age };
        self.range_from = None;
        let reviews = std::mem::take(&mut self.listing.items);
        let selected = self.rows.get(self.list.selected).and_then(|row| reviews.get(*row)).map(|review| review.id);
        self.set(reviews);
        let found = self.rows.iter().position(|row| Some(self.items[*row].id) == selected);
        self.listing.list.selected = found.unwrap_or(0);
    }

    /// Begins a range at the selected row, or ends it: its reviews stay selected.
    pub fn toggle_range(&mut self) {
        if self.range().is_some() {
            self.keep_range();
        } else {
            self.range_from = self.selected().map(|review| review.id);
        }
    }

    /// Ends a range; its reviews stay selected.
    pub fn keep_range(&mut self) {
        let chosen = self.chosen();
        if self.range_from.take().is_some() {
            self.marked.extend(chosen.into_iter().filter(|id| !self.marked.contains(id)).collect::<Vec<_>>());
        }
    }

    /// Gives a range up. Returns whether there was one.
    pub fn drop_range(&mut self) -> bool {
        let was_shown = self.range().is_some();
        self.range_from = None;
        was_shown
    }

    /// The rows of the range, while there is one.
    fn range(&self) -> Option<RangeInclusive<usize>> {
        let from = self.range_from?;
        let from = self.rows.iter().position(|row| self.items[*row].id == from)?;
        let to = self.list.selected;
        Some(from.min(to)..=from.max(to))
    }

    /// What the checks of each pending review say; `None` where they have not begun.
    pub fn verdicts(&self) -> impl Iterator<Item = Option<CheckState>> {
        self.items.iter().map(|review| review.verdict.map(|tally| tally.state))
    }

    /// Marks the selected review, or all of the range; takes the marks away where all are marked.
    pub fn toggle_mark(&mut self) {
        let chosen = self.chosen();
        if chosen.iter().all(|id| self.marked.contains(id)) {
            self.marked.retain(|id| !chosen.contains(id));
        } else {
            let more: Vec<ReviewId> = chosen.into_iter().filter(|id| !self.marked.contains(id)).collect();
            self.marked.extend(more);
        }
        if !self.drop_range() {
            self.listing.step(Motion::Down);
        }
    }

    /// The marked reviews and those of the range, in the order of the queue: what is drawn as selected.
    pub fn marked(&self) -> Vec<ReviewId> {
        if self.marked.is_empty() && self.range_from.is_none() {
            return Vec::new();
        }
        let range = if self.range().is_some() { self.chosen() } else { Vec::new() };
        let marked: HashSet<ReviewId> = self.marked.iter().copied().chain(range).collect();
        self.items.iter().map(|review| review.id).filter(|id| marked.contains(id)).collect()
    }

    /// The reviews of the range; without one the selected review.
    fn chosen(&self) -> Vec<ReviewId> {
        let rows = self.range().unwrap_or(self.list.selected..=self.list.selected);
        rows.filter_map(|row| self.rows.get(row)).map(|row| self.items[*row].id).collect()
    }

    /// Number of pending reviews.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no review is pending.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The number of the newest waiting review; 0 when none waits.
    pub fn newest(&self) -> ReviewId {
        self.items.iter().map(|review| review.id).max().unwrap_or(ReviewId(0))
    }

    /// The newest review after this one that an agent asked for.
    pub fn asked_after(&self, id: ReviewId) -> Option<&Review> {
        let is_agents = |review: &&Review| agent(review).is_some();
        self.items.iter().filter(|review| review.id > id).filter(is_agents).max_by_key(|review| review.id)
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
        let first = self.by_digest.partition_point(|(known, _)| *known < digest);
        let same = self.by_digest.iter().skip(first).take_while(|(known, _)| *known == digest);
        same.filter_map(|(_, place)| self.items.get(*place)).find(|review| covers(review))
    }

    /// The review behind another one, round the end; `None` when there is no other.
    pub fn after(&self, id: ReviewId) -> Option<&Review> {
        let at = self.items.iter().position(|review| review.id == id).map_or(0, |at| at + 1);
        let next = self.items.get(at).or(self.items.first());
        next.filter(|review| review.id != id)
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
            (true, false) => self.order.word().to_owned(),
            (true, true) => String::new(),
        };
        let remark = match self.marked().len() {
            0 => remark,
            selected => format!("{} selected · {remark}", grouped(selected)),
        };
        let title = Title { name: "4 Reviews", detail, remark, remark_style: look.theme.dim, ..Title::default() };
        let mut inner = frame(area, buf, &title, focus, look.theme);
        let cursor = self.draw_filter(&mut inner, buf, look.theme);
        if self.rows.is_empty() && self.loaded {
            let sentence = if filter.is_empty() {
                "No pending reviews. New, changed and evolved tools appear here for your decision.".to_owned()
            } else {
                format!("No match. {} clears the filter.", look.keymap.key(Verb::Back))
            };
            draw_empty(inner, buf, &[sentence], look.theme);
        }
        let chosen = self.range();
        let marked = &self.marked;
        let Listing { items, rows, list, .. } = &mut self.listing;
        // As wide as the longest that is listed, with the blank behind it.
        let asks = rows.iter().map(|row| items[*row].asks().len() + 1).max().unwrap_or_default();
        Rows { list, len: rows.len(), focus, theme: look.theme }.draw(inner, buf, &|index, width| {
            let review = &items[rows[index]];
            let sign = match (marked.contains(&review.id), chosen.as_ref().is_some_and(|rows| rows.contains(&index))) {
                (true, _) => "■ ",
                (false, true) => "┃ ",
                (false, false) => "⚑ ",
            };
            review_row(review, (sign, asks), width, look)
        });
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
    } else if review.kind.is_posted_text() {
        review.tool.to_string()
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

/// When silence becomes a rejection: `denied in 2h`; `None` when it never does.
pub fn expiry(review: &Review, now: Instant) -> Option<String> {
    let at = review.expires_at?;
    Some(if at <= now { "expires now".to_owned() } else { format!("expires in {}", age(at, now)) })
}

/// The agent that waits for the decision.
fn agent(review: &Review) -> Option<&str> {
    review.asker.as_deref()?.strip_prefix("agent:")
}

fn review_row(review: &Review, (sign, asks): (&str, usize), width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let waited = format!(" {:>4}", age(look.now.wall, review.created_at));
    let asks = if width >= WIDE { asks } else { asks.min(11) };
    let kind = format!("{} ", pad(review.asks(), asks.saturating_sub(1)));
    let risk = format!(" {:<6}", review.risk.word());
    let fixed = 2 + asks + risk.len() + waited.len();
    let rest = width.saturating_sub(fixed);
    if rest < 14 {
        return vec![Span::styled(cut(&format!("{sign}{} {}", review.asks(), subject(review)), width), theme.text)];
    }
    let verdict_width = match width {
        WIDE.. => VERDICT,
        _ if rest >= 14 + NARROW_VERDICT => NARROW_VERDICT,
        _ => 0,
    };
    let rest = rest - verdict_width;
    let subject_width = (width * 2 / 5).clamp(14, 34);
    let has_summary = rest >= subject_width + MIN_SUMMARY;
    let subject_width = if has_summary { subject_width } else { rest };
    let expiry = expiry(review, look.now.wall);
    // Without a summary, how long an answer is waited for is said in the place of checks that found nothing.
    let found_nothing = review
        .verdict
        .is_none_or(|tally| matches!(tally.state, CheckState::Passed | CheckState::Skipped | CheckState::Unavailable));
    let counts_down = !has_summary && found_nothing && expiry.is_some();
    let verdict = match (&review.expires_at, counts_down) {
        (Some(at), true) => format!("{} left", age(*at, look.now.wall)),
        _ if width >= WIDE => verdict_word(review),
        _ => verdict_sign(review),
    };
    // Who waits stands in the summary, and where there is no room for one, behind the name.
    let subject = match agent(review).filter(|_| !has_summary) {
        Some(agent) => format!("{} · {} asks", subject(review), safe(agent)),
        None => subject(review),
    };
    let line = match agent(review) {
        Some(agent) => format!("{} asks · {}", safe(agent), safe(&review.summary_line())),
        None => safe(&review.summary_line()),
    };
    let (summary, summary_style) = match expiry {
        Some(expiry) => (format!("{expiry} · {line}"), theme.warn),
        None => (line, theme.dim),
    };
    let mut spans = vec![
        Span::styled(sign, theme.accent),
        Span::styled(kind, theme.text),
        Span::styled(pad(&subject, subject_width), theme.text),
        Span::styled(pad(&format!(" {summary}"), rest - subject_width), summary_style),
    ];
    if verdict_width > 0 {
        let style = if counts_down { theme.warn } else { verdict_style(review, theme) };
        spans.push(Span::styled(pad(&format!(" {verdict}"), verdict_width), style));
    }
    spans.extend([Span::styled(risk, risk_style(review.risk, theme)), Span::styled(waited, theme.dim)]);
    spans
}

/// The verdict of checks in nine columns.
fn verdict_sign(review: &Review) -> String {
    match review.verdict {
        Some(tally) if tally.state == CheckState::Running => format!("{}/{} …", tally.ended, tally.total),
        Some(_) | None => verdict_word(review),
    }
}

/// The style of what the checks say; the word says the same.
fn verdict_style(review: &Review, theme: &Theme) -> Style {
    match review.verdict.map(|tally| tally.state) {
        Some(CheckState::Failed) => theme.bad,
        Some(CheckState::Warned) => theme.warn,
        Some(CheckState::Passed) => theme.good,
        Some(CheckState::Running | CheckState::Skipped | CheckState::Unavailable) | None => theme.dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::pane::rows::NamedKeys;
    use crate::tui::testing::{Bench, review, tools};

    #[test]
    fn a_row_names_the_agent_that_waits() {
        let bench = Bench::ready(100, 30);
        let look =
            Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &NamedKeys::default() };
        let mut asked = review(1, &tools()[0], ReviewKind::New, Risk::Low);
        asked.asker = Some("agent:rosa".to_owned());
        for width in [76, 110, 160] {
            let row = format!("{:?}", review_row(&asked, ("⚑ ", 14), width, look));
            assert!(row.contains("rosa asks"), "{width}: {row}");
        }
    }

    #[test]
    fn a_row_counts_down_where_there_is_no_room_for_a_summary() {
        let bench = Bench::ready(100, 30);
        let named = NamedKeys::default();
        let look = Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &named };
        let mut asked = review(1, &tools()[0], ReviewKind::Call, Risk::High);
        asked.expires_at = Some(Instant(bench.now.wall.0 + 14 * 60_000));
        let mut passed = asked.clone();
        passed.verdict = Some(crate::domain::Verdict::tally(&crate::tui::testing::verdict(&[])));
        passed.verdict = passed.verdict.map(|tally| crate::domain::Tally { state: CheckState::Passed, ..tally });
        for (width, asked) in [46, 58, 76, 110].into_iter().flat_map(|width| [(width, &asked), (width, &passed)]) {
            let row = format!("{:?}", review_row(asked, ("⚑ ", 6), width, look));
            let words = if width < 110 { "14m left" } else { "expires in 14m" };
            assert!(row.contains(words), "{width}: {row}");
        }
    }

    #[test]
    fn rows_end_at_the_same_column_whatever_is_asked() {
        let bench = Bench::ready(100, 30);
        let look =
            Look { theme: &bench.app.theme, keymap: &bench.app.keymap, now: bench.now, named: &NamedKeys::default() };
        for width in [44, 58, 69, 70, 110] {
            for kind in [ReviewKind::New, ReviewKind::Specification] {
                let spans = review_row(&review(1, &tools()[0], kind, Risk::Low), ("⚑ ", 14), width, look);
                assert!(spans.len() > 1 && spans[1].width() == if width < WIDE { 11 } else { 14 }, "{width}");
                assert_eq!(spans.iter().map(Span::width).sum::<usize>(), width, "{kind:?}");
            }
        }
    }
}
