//! The part of a stored output that is not loaded: a search covers it, and a part of it is loaded when the user goes
//! there.

use super::{OutputPane, RunTab, SPOOL_HEADER, text_move};
use crate::action::Verb;
use crate::domain::RunId;
use crate::engine::EngineError;
use crate::tui::effect::{Effect, SpoolQuest, TabId};
use crate::tui::keymap::Keymap;
use crate::tui::list::Motion;
use crate::tui::msg::{SpoolPart, chunk};
use crate::tui::phrase;
use crate::tui::widget::{Hit, Jump, Move, Origin, OutputView, SearchStatus};

/// The state of a tab for the output that is not loaded.
#[derive(Default)]
pub(super) struct Older {
    /// The offset of the first stored output in the spool, as far as known.
    first: u64,
    /// Shown instead of the newest lines.
    part: Option<Part>,
    wanted: Option<Wanted>,
    search: Search,
}

/// A part of the spool.
struct Part {
    view: OutputView,
    /// The offset of its first chunk.
    from: u64,
}

/// A part that is being loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    around: u64,
    show: Show,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Line(Origin),
    Hit(Hit),
}

/// The search in the output that is not loaded.
#[derive(Default)]
struct Search {
    text: String,
    /// The number of the search; answers to other searches are dropped.
    ticket: u64,
    run: Option<RunId>,
    hits: Vec<Hit>,
    /// The match shown in a part.
    at: Option<usize>,
    is_going: bool,
    /// Whether there are more matches than are stored.
    has_more: bool,
}

impl RunTab {
    /// The output on the screen: the newest lines, or the part that the user went to.
    pub fn shown(&self) -> &OutputView {
        self.older.part.as_ref().map_or(&self.view, |part| &part.view)
    }

    /// The output on the screen: the newest lines, or the part that the user went to.
    pub fn shown_mut(&mut self) -> &mut OutputView {
        self.older.part.as_mut().map_or(&mut self.view, |part| &mut part.view)
    }

    /// Changes how both views are drawn.
    pub fn each_view(&mut self, change: fn(&mut OutputView)) {
        change(&mut self.view);
        if let Some(part) = &mut self.older.part {
            change(&mut part.view);
        }
    }

    /// Whether an older part is on the screen.
    pub fn shows_a_part(&self) -> bool {
        self.older.part.is_some()
    }

    /// Shows the newest lines again.
    pub fn leave_part(&mut self) {
        self.older.part = None;
        self.older.wanted = None;
        self.older.search.at = None;
    }

    fn first(&self) -> u64 {
        self.older.first.max(SPOOL_HEADER)
    }

    /// Bytes of the spool before and after the loaded output.
    pub fn not_loaded(&self) -> (u64, u64) {
        let above = self.shown().extent().begins.chunk.saturating_sub(self.first());
        let below = self
            .older
            .part
            .as_ref()
            .map_or(0, |part| self.view.extent().last_chunk.saturating_sub(part.view.extent().last_chunk));
        (above, below)
    }

    /// The line that shows the size of the output that is not loaded; `None` if all is loaded.
    pub(super) fn not_loaded_line(&self, keymap: &Keymap) -> Option<String> {
        let (above, below) = self.not_loaded();
        let mut parts = Vec::new();
        if above > 0 {
            parts.push(format!("{} above", phrase::size(above)));
        }
        if below > 0 {
            parts.push(format!("{} below", phrase::size(below)));
        }
        if above > 0 {
            parts.push(format!("{} first line", keymap.key(Verb::Top)));
        }
        if self.shows_a_part() {
            parts.push(format!("{} newest", keymap.key(Verb::Bottom)));
        }
        (!parts.is_empty()).then(|| format!(" {}", parts.join(" · ")))
    }

    fn load(&mut self, around: u64, show: Show) -> Option<Effect> {
        let wanted = Wanted { around, show };
        let is_asked = self.older.wanted.replace(wanted).is_some_and(|before| before.around == around);
        let (tab, run) = (self.id, self.first_run()?);
        (!is_asked).then_some(Effect::LoadSpoolPart { tab, run, around })
    }

    /// Scrolls; returns what must be loaded for that.
    pub(super) fn scroll(&mut self, step: Move) -> Option<Effect> {
        let first = self.first();
        let from = self.older.part.as_ref().map_or_else(|| self.view.extent().begins.chunk, |part| part.from);
        if step == Move::Top && from > first {
            self.view.pause();
            return self.load(first, Show::Line(Origin::default()));
        }
        let Some(part) = &mut self.older.part else { return self.scroll_newest(step) };
        if step == Move::Bottom {
            self.leave_part();
            self.view.scroll(step);
            return None;
        }
        part.view.scroll(step);
        let is_at_end = part.view.follows();
        // A part never follows the end: the next output is in another part.
        part.view.pause();
        let (here, is_at_top) = (part.view.extent().top, part.view.is_at_top());
        if is_at_end && self.view.extent().begins <= here {
            self.leave_part();
            self.view.show_origin(here);
            None
        } else if is_at_end || (goes_up(step) && is_at_top && from > first) {
            self.load(here.chunk, Show::Line(here))
        } else {
            None
        }
    }

    fn scroll_newest(&mut self, step: Move) -> Option<Effect> {
        self.view.scroll(step);
        let before = self.view.dropped_before();
        let run = self.first_run()?;
        if goes_up(step) && self.view.is_at_top() && before > self.first() && !self.fetching {
            self.fetching = true;
            return Some(Effect::LoadSpool { tab: self.id, run, before: Some(before) });
        }
        None
    }

    /// Inserts an older part before the newest lines. Returns the next action, if any.
    pub(super) fn put_in_front(&mut self, frames: &[crate::engine::Frame]) -> Option<Effect> {
        let here = self.view.extent().begins;
        let chunks: Vec<_> = frames.iter().map(chunk).collect();
        if self.view.prepend(&chunks) > 0 || frames.is_empty() {
            return None;
        }
        // The view is full: the older output is shown separately.
        self.load(here.chunk, Show::Line(here))
    }

    /// Shows a part of the spool that has arrived.
    pub(super) fn came(&mut self, around: u64, part: Result<Box<SpoolPart>, EngineError>) {
        let Some(wanted) = self.older.wanted.filter(|wanted| wanted.around == around) else { return };
        self.older.wanted = None;
        let part = match part {
            Ok(part) => part,
            Err(error) => return self.view.note(&format!("… older output cannot be read: {error} …")),
        };
        let Some(from) = part.frames.first().map(|frame| frame.offset) else { return };
        if self.first_run() != Some(part.run) {
            return;
        }
        self.older.first = part.first;
        let mut view = OutputView::part_of(&self.view);
        for frame in &part.frames {
            view.push(chunk(frame));
        }
        view.end();
        view.search(&self.older.search.text);
        match wanted.show {
            Show::Line(origin) => {
                view.matches_mut().leave();
                view.show_origin(origin);
            }
            Show::Hit(hit) => {
                if let Some(index) = view.matches().index_of(hit) {
                    view.show_match(index);
                }
            }
        }
        view.pause();
        self.view.pause();
        self.older.part = Some(Part { view, from });
    }

    /// Searches the loaded output, and returns the search to perform outside.
    pub(super) fn search(&mut self, text: &str, ticket: u64) -> Option<Effect> {
        self.view.search(text);
        if let Some(part) = &mut self.older.part {
            part.view.search(text);
        }
        self.search_older(text.to_owned(), ticket)
    }

    /// Repeats the search in the output that is not loaded, because that has changed.
    pub(super) fn search_again(&mut self, ticket: u64) -> Option<Effect> {
        let text = self.older.search.text.clone();
        self.view.matches_mut().forget_gone();
        self.search_older(text, ticket)
    }

    fn search_older(&mut self, text: String, ticket: u64) -> Option<Effect> {
        let was_going = self.older.search.is_going;
        let (run, before) = (self.first_run(), self.view.extent().begins);
        let is_going = !text.is_empty() && before.chunk > self.first();
        self.older.search = Search { text: text.clone(), ticket, run, is_going, ..Search::default() };
        let quest = SpoolQuest { tab: self.id, run: run?, ticket, text, before };
        match (is_going, was_going) {
            (true, _) => Some(Effect::FindInSpool(quest)),
            // Cancels the previous search.
            (false, true) => Some(Effect::FindInSpool(SpoolQuest { text: String::new(), ..quest })),
            (false, false) => None,
        }
    }

    /// Whether the lines searched now belong to another run than when the search began.
    pub(super) fn is_stale(&self) -> bool {
        let search = &self.older.search;
        !search.text.is_empty() && search.run.is_some() && search.run != self.first_run()
    }

    /// Adds matches from the spool. Returns what to load if the first match is to be shown.
    pub(super) fn found(&mut self, ticket: u64, hits: Vec<Hit>, over: Option<bool>) -> Option<Effect> {
        let search = &mut self.older.search;
        if search.ticket != ticket {
            return None;
        }
        search.hits.extend(hits);
        let has_more = over?;
        (search.is_going, search.has_more) = (false, has_more);
        let outside = search.hits.len();
        if let Some(part) = &self.older.part {
            if let Some(hit) = part.view.matches().hit() {
                search.at = search.hits.iter().position(|other| *other == hit);
                return None;
            }
            let top = part.view.extent().top.chunk;
            let nearest = search.hits.iter().rposition(|hit| hit.chunk() <= top).unwrap_or(0);
            return (outside > 0).then(|| self.go_to(nearest)).flatten();
        }
        let has_none = self.view.matches().count() == 0 && self.older.wanted.is_none();
        (outside > 0 && has_none).then(|| self.go_to(outside - 1)).flatten()
    }

    fn outside(&self) -> usize {
        self.older.search.hits.len() + self.view.matches().gone().len()
    }

    fn match_at(&self) -> Option<usize> {
        if self.shows_a_part() || self.older.search.at.is_some() {
            self.older.search.at
        } else {
            self.view.matches().index().map(|index| index + self.outside())
        }
    }

    fn go_to(&mut self, index: usize) -> Option<Effect> {
        let outside = self.outside();
        if index >= outside {
            self.leave_part();
            self.view.show_match(index - outside);
            return None;
        }
        let hits = &self.older.search.hits;
        let hit = hits.get(index).or_else(|| self.view.matches().gone().get(index - hits.len())).copied()?;
        self.older.search.at = Some(index);
        if let Some(part) = &mut self.older.part
            && (part.view.extent().begins.chunk..part.view.extent().last_chunk).contains(&hit.chunk())
            && let Some(index) = part.view.matches().index_of(hit)
        {
            part.view.show_match(index);
            self.older.wanted = None;
            return None;
        }
        self.load(hit.chunk(), Show::Hit(hit))
    }

    /// Goes to the next or previous match, wrapping around, and loads what is needed.
    pub(super) fn step_match(&mut self, to: Jump) -> Option<Effect> {
        let total = self.outside() + self.view.matches().count();
        if total == 0 {
            return None;
        }
        let by = if to == Jump::Next { 1 } else { total - 1 };
        let next = match self.match_at() {
            Some(index) => (index + by) % total,
            None => match (self.older.part.as_ref(), to) {
                (Some(part), Jump::Next) => {
                    let top = part.view.extent().top.chunk;
                    self.older.search.hits.partition_point(|hit| hit.chunk() < top)
                }
                _ => total - 1,
            },
        };
        self.go_to(next.min(total - 1))
    }

    /// The status of the search, and whether it is still in progress.
    pub(super) fn search_status(&self) -> Option<(SearchStatus, &'static str)> {
        let status = self.view.matches().status()?;
        let current = self.match_at().map_or(0, |index| index + 1);
        let total = status.total + self.outside();
        let more = match (self.older.search.is_going, self.older.search.has_more) {
            (true, _) => "…",
            (false, true) => "+",
            (false, false) => "",
        };
        Some((SearchStatus { current, total }, more))
    }
}

/// Whether a step goes upwards.
fn goes_up(step: Move) -> bool {
    match step {
        Move::Rows(by) | Move::HalfPages(by) | Move::Pages(by) => by < 0,
        Move::Top => true,
        Move::Bottom | Move::Columns(_) | Move::FirstColumn => false,
    }
}

impl OutputPane {
    /// Scrolls the output; [`OutputPane::take_wanted`] returns what must be loaded.
    pub fn scroll(&mut self, step: Move) {
        self.with_current(|tab, _| tab.scroll(step));
    }

    /// Moves as in a list or text.
    pub fn step(&mut self, motion: Motion) {
        self.scroll(text_move(motion));
    }

    /// Goes to the next or previous match.
    pub fn step_match(&mut self, to: Jump) {
        self.with_current(|tab, _| tab.step_match(to));
    }

    /// Searches the output on top.
    pub(super) fn search_current(&mut self, text: &str) {
        self.with_current(|tab, ticket| tab.search(text, ticket));
    }

    /// Shows a part of the spool that has arrived.
    pub fn part_came(&mut self, id: TabId, around: u64, part: Result<Box<SpoolPart>, EngineError>) {
        if let Some(tab) = self.tab_mut(id) {
            tab.came(around, part);
        }
    }

    /// Adds matches from the spool; `over` is set at the end, to whether there are more matches than are stored.
    pub fn found(&mut self, id: TabId, ticket: u64, hits: Vec<Hit>, over: Option<bool>) {
        let wanted = self.tab_mut(id).and_then(|tab| tab.found(ticket, hits, over));
        self.wanted.extend(wanted);
    }

    /// What must be loaded or searched outside, since the last call.
    pub fn take_wanted(&mut self) -> Vec<Effect> {
        if self.current().is_some_and(RunTab::is_stale) {
            self.with_current(RunTab::search_again);
        }
        std::mem::take(&mut self.wanted)
    }

    /// Performs an action on the tab on top, with a number for a search, and stores its effect.
    pub(super) fn with_current(&mut self, act: impl FnOnce(&mut RunTab, u64) -> Option<Effect>) {
        self.searches += 1;
        let ticket = self.searches;
        let wanted = self.current_mut().and_then(|tab| act(tab, ticket));
        self.wanted.extend(wanted);
    }
}
