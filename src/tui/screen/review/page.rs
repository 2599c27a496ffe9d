//! The page around the text that is read: the evidence above it, and below it further files that fit.

use super::{Reading, ReviewScreen};
use crate::action::Verb;
use crate::tui::ink::{Ink, draw_rule};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::{cut, safe};
use crate::tui::screen::reader::{Exposure, TabKind};
use crate::tui::widget::TextView;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The height from which the evidence may stay above a text that is longer than the page.
const PIN_HEIGHT: u16 = 26;
/// Rows between the evidence and the first line of a text: two rules, and the tab line.
const RULES: u16 = 3;

fn draw(view: &mut TextView, area: Rect, buf: &mut Buffer, look: Look, exposure: Exposure) {
    match exposure {
        Exposure::Open => view.render_beside(area, buf, look.theme),
        Exposure::Covered => view.covered(|view| view.render_beside(area, buf, look.theme)),
    }
}

impl ReviewScreen {
    /// The first text of a review: the first change, otherwise the first file.
    fn first_text(&self) -> TabKind {
        if self.reading == Reading::Difference { TabKind::Difference } else { TabKind::File(0) }
    }

    /// How many rows of a page the evidence may take above a text.
    fn room_for_evidence(&mut self, page: Rect, text: TabKind) -> u16 {
        let room = page.height.saturating_sub(RULES);
        let rows = self.reader.tab_of(text).and_then(|tab| tab.view.rows_on_top(page.width.into(), room.into()));
        let left = rows.map_or(0, |rows| room.saturating_sub((rows as u16).max(1)));
        let share = if page.height >= PIN_HEIGHT { page.height * 2 / 5 } else { 0 };
        left.max(share.saturating_sub(1))
    }

    /// Keeps the evidence above the text if there is room: all of it, or above a difference, which takes precedence, as
    /// much as fits.
    pub(super) fn draw_pinned(&mut self, body: &mut Rect, buf: &mut Buffer, look: Look, exposure: Exposure) {
        let page = *body;
        let is_fresh = std::mem::take(&mut self.fresh);
        let text = if is_fresh { self.first_text() } else { self.reader.current().kind };
        let most = self.room_for_evidence(page, text);
        let Some(tab) = self.reader.tab_mut(0) else { return };
        let rows = tab.view.rows_beside(page.width.into(), most.into());
        let goes_first = self.reading == Reading::Difference;
        if is_fresh && self.is_loaded() && (rows.is_some() || goes_first) {
            self.reader.show_kind(text);
            self.reader.current_mut().view.show_first_change();
        }
        let has_room = most > 0 && (rows.is_some() || goes_first);
        if !self.is_loaded() || self.reader.position() == 0 || !has_room {
            return;
        }
        let height = rows.map_or(most, |rows| rows as u16) + 1;
        let pinned = Rect { height, ..page };
        let mut inner = draw_rule(pinned, buf, look.theme.border);
        inner.height -= u16::from(rows.is_none());
        if let Some(tab) = self.reader.tab_mut(0) {
            draw(&mut tab.view, inner, buf, look, exposure);
        }
        if rows.is_none() {
            let text = format!("… more evidence · {}: open it", look.keymap.key(Verb::PreviousTab));
            let width = usize::from(page.width.saturating_sub(1));
            buf.put(page.x + 1, inner.bottom(), cut(&text, width), width, look.theme.warn);
        }
        draw_rule(Rect { y: pinned.bottom(), height: 1, ..page }, buf, look.theme.border);
        *body = Rect { y: page.y + height + 1, height: page.height - height - 1, ..page };
    }

    /// The next files that fit completely below the one on top, with their heights; takes their space from `body`.
    pub(super) fn following(&mut self, body: &mut Rect) -> Vec<(usize, u16)> {
        let current = self.reader.current().kind;
        if !matches!(current, TabKind::File(_)) || self.reader.is_typing() || self.reader.is_searching() {
            return Vec::new();
        }
        let width = usize::from(body.width);
        let room = body.height.saturating_sub(1);
        let Some(rows) = self.reader.current_mut().view.rows_on_top(width, room.into()) else { return Vec::new() };
        let rows = rows.max(1);
        let mut room = room.saturating_sub(rows as u16);
        let mut following = Vec::new();
        let position = self.reader.position();
        for at in self.required().into_iter().filter(|at| *at > position) {
            let Some(tab) = self.reader.tab_mut(at).filter(|_| room > 1) else { break };
            let Some(rows) = tab.view.rows_beside(width, usize::from(room) - 1) else { break };
            let rows = (rows as u16).max(1);
            following.push((at, rows));
            room -= rows + 1;
        }
        if !following.is_empty() {
            body.height = rows as u16 + 1;
        }
        following
    }

    /// Draws these files below each other, each below its name.
    pub(super) fn draw_following(
        &mut self,
        following: &[(usize, u16)],
        mut area: Rect,
        buf: &mut Buffer,
        look: Look,
        exposure: Exposure,
    ) {
        for (at, rows) in following {
            area.height = rows + 1;
            let inner = draw_rule(area, buf, look.theme.border);
            if let Some(tab) = self.reader.tab_mut(*at) {
                let name = format!(" {} ", safe(&tab.name));
                buf.put(area.x + 2, area.y, name, usize::from(area.width.saturating_sub(4)), look.theme.title);
                draw(&mut tab.view, inner, buf, look, exposure);
            }
            area.y += rows + 1;
        }
    }
}
