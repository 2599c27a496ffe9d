//! The review queue: pending reviews, oldest first.

mod row;

use super::listing::{Listed, Listing};
use super::rows::{Focus, Look, Rows, Title, draw_empty, frame};
use crate::action::Verb;
use crate::domain::{CheckState, Digest, Instant, Review, ReviewId, ReviewKind, Risk, ToolName, told_apart};
use crate::tui::list::Motion;
use crate::tui::phrase::{age, grouped, named, safe};
use crate::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::ops::{Deref, DerefMut, RangeInclusive};

/// The order of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueOrder {
    /// Oldest review first.
    #[default]
    Age,
    /// Highest risk first, then oldest.
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
    /// The reviews of each digest, in order of digest and position.
    by_digest: Vec<(Digest, usize)>,
    order: QueueOrder,
    marked: Vec<ReviewId>,
    /// The review where a range began, which ends at the selected one.
    range_from: Option<ReviewId>,
    /// Where the tools of the same name are.
    places: HashMap<ReviewId, String>,
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
        let own = [self.tool.as_str(), self.asks(), self.risk.word(), &self.summary].into_iter();
        let others = [self.team.as_deref(), self.colleague.as_deref(), agent(self)].into_iter().flatten();
        own.chain(others).map(Cow::Borrowed).collect()
    }
}

impl QueuePane {
    /// Sets the pending reviews; marks of removed ones are dropped.
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
        self.places = places(&reviews);
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

    /// Begins a range at the selected row, or ends it and keeps its reviews selected.
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

    /// Cancels a range. Returns whether there was one.
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

    /// The verdict of each pending review; `None` if its checks have not begun.
    pub fn verdicts(&self) -> impl Iterator<Item = Option<CheckState>> {
        self.items.iter().map(|review| review.verdict.map(|tally| tally.state))
    }

    /// Marks the selected review, or all in the range; unmarks them if all are marked.
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

    /// The marked reviews and those in the range, in the order of the queue: they are drawn as selected.
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

    /// The number of the newest pending review; 0 if there is none.
    pub fn newest(&self) -> ReviewId {
        self.items.iter().map(|review| review.id).max().unwrap_or(ReviewId(0))
    }

    /// The newest review after this one that an agent requested.
    pub fn asked_after(&self, id: ReviewId) -> Option<&Review> {
        let is_agents = |review: &&Review| agent(review).is_some();
        self.items.iter().filter(|review| review.id > id).filter(is_agents).max_by_key(|review| review.id)
    }

    /// A pending review by number.
    pub fn find(&self, id: ReviewId) -> Option<&Review> {
        self.items.iter().find(|review| review.id == id)
    }

    /// The pending review for this version of a tool.
    pub fn waiting_for(&self, tool: &ToolName, digest: Digest) -> Option<&Review> {
        let covers = |review: &Review| {
            let same = review.tool == *tool && review.digest == digest;
            same || review.members.iter().any(|(name, member)| name == tool && *member == digest)
        };
        let first = self.by_digest.partition_point(|(known, _)| *known < digest);
        let same = self.by_digest.iter().skip(first).take_while(|(known, _)| *known == digest);
        same.filter_map(|(_, place)| self.items.get(*place)).find(|review| covers(review))
    }

    /// The next review, wrapping around; `None` if there is no other.
    pub fn after(&self, id: ReviewId) -> Option<&Review> {
        let at = self.items.iter().position(|review| review.id == id).map_or(0, |at| at + 1);
        let next = self.items.get(at).or(self.items.first());
        next.filter(|review| review.id != id)
    }

    /// Position in the queue, counted from 1, and the number of pending reviews.
    pub fn place(&self, id: ReviewId) -> Option<(usize, usize)> {
        self.items.iter().position(|review| review.id == id).map(|at| (at + 1, self.items.len()))
    }

    /// Draws the pane. Returns the area of the list and, while the filter is typed, the cursor.
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
        let (marked, places) = (&self.marked, &self.places);
        let Listing { items, rows, list, .. } = &mut self.listing;
        // As wide as the longest one in the list, plus a blank.
        let asks = rows.iter().map(|row| items[*row].asks().len() + 1).max().unwrap_or_default();
        Rows { list, len: rows.len(), focus, theme: look.theme }.draw(inner, buf, &|index, width| {
            let review = &items[rows[index]];
            let sign = match (marked.contains(&review.id), chosen.as_ref().is_some_and(|rows| rows.contains(&index))) {
                (true, _) => "■ ",
                (false, true) => "┃ ",
                (false, false) => "⚑ ",
            };
            let place = places.get(&review.id).map(String::as_str);
            row::review_row((review, place), (sign, asks), width, look)
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

/// The places that tell apart the objects of these reviews where several tools have the same name.
fn places(reviews: &[Review]) -> HashMap<ReviewId, String> {
    let of_tools = reviews.iter().filter(|review| review.kind != ReviewKind::Adoption && !review.kind.is_posted_text());
    told_apart(of_tools.map(|review| (review.id, review.tool.as_str(), review.path.as_str())))
}

/// The object of a review in at most `width` columns, with its place if several tools have the same name.
pub fn placed_subject(review: &Review, place: Option<&str>, width: usize) -> String {
    match place {
        Some(_) => named(review.tool.as_str(), &review.version.to_string(), place, width),
        None => subject(review),
    }
}

/// The name of a review's object; an adoption covers several tools.
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

/// When a review without an answer expires: `denied in 2h`; `None` if it never does.
pub fn expiry(review: &Review, now: Instant) -> Option<String> {
    let at = review.expires_at?;
    Some(if at <= now { "expires now".to_owned() } else { format!("expires in {}", age(at, now)) })
}

/// The agent that waits for the decision.
fn agent(review: &Review) -> Option<&str> {
    review.asker.as_deref()?.strip_prefix("agent:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::{review, tools};
    use crate::tui::widget::text_input::TextInput;

    #[test]
    fn the_filter_finds_who_waits_and_who_looks_at_it() {
        let mut asked = review(1, &tools()[0], ReviewKind::New, Risk::Low);
        asked.team = Some("team: asked by Ada <ada@x>, claimed by Bob <bob@x>".to_owned());
        asked.colleague = Some("claimed by Bob".to_owned());
        asked.asker = Some("agent:rosa".to_owned());
        let mut pane = QueuePane::default();
        pane.set(vec![asked, review(2, &tools()[1], ReviewKind::New, Risk::Low)]);
        for (words, found) in [("by ada", 1), ("claimed by bob", 1), ("rosa", 1), ("zed", 0), ("", 2)] {
            pane.edit_filter(|filter| *filter = TextInput::new(words));
            assert_eq!(pane.rows.len(), found, "{words}");
        }
    }
}
