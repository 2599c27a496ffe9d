//! The rounds of an evolution: a column for each answer, and details of the chosen one below.
//!
//! This screen only displays: the evolution continues when it is closed. The text being written is read only while a
//! generator writes and this screen is open.

mod column;
mod texts;

use super::reader::{Exposure, Reader, Tab, TabKind};
use crate::domain::{Evolution, EvolutionId, EvolutionState, ExaminedAnswer, ReviewId};
use crate::engine::{EngineError, Lane, LaneId, LaneState};
use crate::tui::ink::{Ink, Line, Span, draw_rule};
use crate::tui::msg::{RoundAnswer, Rounds};
use crate::tui::now::Now;
use crate::tui::overlay::evolutions::state_sign;
use crate::tui::pane::rows::{Focus, Look, Title, frame};
use crate::tui::phrase::{cut, safe, span};
use crate::tui::widget::{DiffLayout, Move, Relaid, TextLine, TextView, Tone, Unfolded};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::collections::BTreeMap;

/// The width and height from which answers are side by side.
const WIDE: (u16, u16) = (100, 30);
/// The minimum width of an answer.
const COLUMN: u16 = 30;
/// The maximum width of an answer; more would stay blank.
const WIDEST: u16 = 60;
/// The height of an answer, including its frame: side by side, and alone.
const ROWS: (u16, u16) = (9, 8);
/// The height of an answer on a low screen.
const LOW_ROWS: u16 = 6;
/// Below this height a screen is low.
const LOW: u16 = 22;

/// Names of the texts of an answer.
const REPLAY: TabKind = TabKind::Named("replay");
const FINDINGS: TabKind = TabKind::Named("findings");
const WRITTEN: TabKind = TabKind::Named("written");

/// The state of the screen.
pub struct EvolutionScreen {
    /// Number of the evolution on the screen.
    pub id: EvolutionId,
    rounds: Option<Box<Rounds>>,
    /// The text that generators have written so far.
    live: BTreeMap<LaneId, String>,
    /// The answer that the user chose; `None` follows the newest, and selects the best one at the end.
    chosen: Option<LaneId>,
    /// The answer whose texts are shown.
    shown: Option<LaneId>,
    reader: Reader,
    unfolded: bool,
    width: u16,
    /// When the text being written was last read, steady milliseconds.
    looked_ms: u64,
}

/// All known data of an answer.
struct Found<'a> {
    lane: &'a Lane,
    examined: Option<&'a ExaminedAnswer>,
    answer: Option<&'a RoundAnswer>,
    live: Option<&'a str>,
}

impl EvolutionScreen {
    /// A screen whose rounds have not arrived yet.
    pub fn loading(id: EvolutionId) -> EvolutionScreen {
        let view = TextView::new(vec![TextLine::new("loading …", Tone::Fold)]);
        EvolutionScreen {
            id,
            rounds: None,
            live: BTreeMap::new(),
            chosen: None,
            shown: None,
            reader: Reader::new(vec![Tab::new("…", view)]),
            unfolded: false,
            width: 0,
            looked_ms: 0,
        }
    }

    /// Sets the newest rounds; after an error the known ones stay.
    pub fn set(&mut self, found: Result<Box<Rounds>, EngineError>) {
        match found {
            Ok(rounds) => {
                self.rounds = Some(rounds);
                self.lay_out();
            }
            // The known rounds stay; the next change loads the others.
            Err(_) if self.rounds.is_some() => {}
            Err(error) => {
                let lines = [TextLine::new(&error.message, Tone::Bad), TextLine::new(&error.hint, Tone::Plain)];
                self.reader = Reader::new(vec![Tab::new("not readable", TextView::new(lines.into()))]);
            }
        }
    }

    /// Sets the text written so far.
    pub fn set_texts(&mut self, texts: Vec<(LaneId, String)>) {
        let texts: BTreeMap<LaneId, String> = texts.into_iter().collect();
        if texts == self.live || texts.is_empty() {
            return;
        }
        self.live = texts;
        self.lay_out();
    }

    /// The row of the evolution, once it has arrived.
    pub fn base(&self) -> Option<&Evolution> {
        self.rounds.as_ref().map(|rounds| &rounds.detail.evolution)
    }

    /// The state of the evolution; `None` until it is known.
    pub fn state(&self) -> Option<EvolutionState> {
        self.base().map(|row| row.state)
    }

    /// The review of the version that was created.
    pub fn review(&self) -> Option<ReviewId> {
        self.base().and_then(|row| row.review)
    }

    /// Whether a generator is writing, so that more text may arrive.
    pub fn is_writing(&self) -> bool {
        let asking = |lane: &Lane| matches!(lane.state, LaneState::Asking { .. });
        self.state() == Some(EvolutionState::Running) && self.lanes().iter().any(|(_, lane)| asking(lane))
    }

    /// When the text being written was last read, steady milliseconds.
    pub fn looked_ms(&self) -> u64 {
        self.looked_ms
    }

    /// Records that the text being written is read now.
    pub fn look(&mut self, now: Now) {
        self.looked_ms = now.steady_ms;
    }

    fn lanes(&self) -> Vec<(LaneId, &Lane)> {
        self.rounds.as_ref().map(|rounds| rounds.detail.course.lanes().collect()).unwrap_or_default()
    }

    /// The answer that is shown: the chosen one, otherwise the best one at the end, otherwise the newest.
    pub fn current(&self) -> Option<LaneId> {
        let lanes = self.lanes();
        let chosen = self.chosen.filter(|chosen| lanes.iter().any(|(at, _)| at == chosen));
        let best = || {
            let course = &self.rounds.as_ref()?.detail.course;
            course.is_over().then(|| course.best()).flatten()
        };
        chosen.or_else(best).or_else(|| lanes.last().map(|(at, _)| *at))
    }

    /// The generator of the answer that is shown.
    pub fn generator(&self) -> Option<&str> {
        let at = self.current()?;
        self.lanes().into_iter().find(|(id, _)| *id == at).map(|(_, lane)| lane.generator.as_str())
    }

    /// What keeping the shown answer would write, one line each.
    ///
    /// # Errors
    ///
    /// Why it cannot be kept, as a sentence without a full stop.
    pub fn keepable(&self) -> Result<(LaneId, Vec<String>), String> {
        let (Some(rounds), Some(at)) = (&self.rounds, self.current()) else {
            return Err("there is no answer yet".to_owned());
        };
        let found = self.found(at).ok_or_else(|| "there is no answer yet".to_owned())?;
        let row = &rounds.detail.evolution;
        let examined = found.examined.ok_or_else(|| "only a checked answer can be kept".to_owned())?;
        if row.made == Some(examined.digest) {
            return Err("it is already saved".to_owned());
        }
        if row.state == EvolutionState::Running {
            return Err("it is still running: stop it first".to_owned());
        }
        Ok((at, texts::keeping(row, found.lane, examined)))
    }

    /// Chooses the answer this many places further, wrapping around.
    pub fn step(&mut self, by: isize) {
        let lanes: Vec<LaneId> = self.lanes().iter().map(|(at, _)| *at).collect();
        let here = self.current().and_then(|at| lanes.iter().position(|id| *id == at));
        if let Some(here) = here {
            let next = (here as isize + by).rem_euclid(lanes.len() as isize) as usize;
            self.chosen = Some(lanes[next]);
            self.lay_out();
        }
    }

    /// Shows all unchanged lines, or folds them again.
    pub fn toggle_folds(&mut self) {
        self.unfolded = !self.unfolded;
        self.lay_out();
    }

    /// The reader of the selected answer, to scroll it.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// The reader of the selected answer.
    pub fn body(&self) -> &Reader {
        &self.reader
    }

    fn found(&self, at: LaneId) -> Option<Found<'_>> {
        let rounds = self.rounds.as_ref()?;
        let examined = rounds.detail.examined.iter().find(|one| (one.round, one.lane) == (at.round, at.lane));
        let answer = rounds.answers.iter().find(|one| one.at == at);
        let lane = rounds.detail.course.lane(at)?;
        Some(Found { lane, examined, answer, live: self.live.get(&at).map(String::as_str) })
    }

    /// Rebuilds the texts of the shown answer. For the same answer, the scroll position stays.
    fn lay_out(&mut self) {
        let Some(at) = self.current() else { return };
        let Some(found) = self.found(at) else { return };
        let unfolded = Unfolded { all: self.unfolded, ..Unfolded::default() };
        let mut tabs = Vec::new();
        if let Some(examined) = found.examined {
            let replay = TextView::new(texts::replay(examined));
            tabs.push(Tab::new(texts::replay_name(examined), wrapped(replay)).of(REPLAY, Vec::new()));
        }
        if let Some(compared) = found.answer.and_then(|answer| answer.compared.as_ref()) {
            let lines = texts::difference(compared, DiffLayout::for_width(self.width), &unfolded);
            tabs.push(Tab::new("diff", TextView::new(lines)).of(TabKind::Difference, Vec::new()));
        }
        if let Some(examined) = found.examined {
            let findings = TextView::new(texts::findings(examined));
            tabs.push(Tab::new("findings", wrapped(findings)).of(FINDINGS, Vec::new()));
        }
        tabs.push(Tab::new("written", wrapped(TextView::new(texts::written(&found)))).of(WRITTEN, Vec::new()));
        let writes = found.examined.is_none();
        if self.shown == Some(at) {
            let knew_less = self.reader.tabs().len() < tabs.len();
            self.reader.renew(tabs, Relaid::Look);
            if knew_less {
                self.reader.show(0);
            }
        } else {
            let kind = self.reader.current().kind;
            self.reader = Reader::new(tabs);
            self.reader.show_kind(kind);
        }
        self.shown = Some(at);
        if writes {
            // New text is added at the end.
            self.reader.current_mut().view.scroll(Move::Bottom);
        }
    }

    /// Draws the screen and returns the cursor while a search is typed.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, look: Look, exposure: Exposure) -> Option<Position> {
        if DiffLayout::for_width(self.width) != DiffLayout::for_width(area.width) {
            self.width = area.width;
            self.lay_out();
        }
        self.draw_head(area, buf, look);
        let mut rest = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if let Some(at) = self.current() {
            let used = self.draw_columns(rest, at, buf, look);
            rest = Rect { y: rest.y + used, height: rest.height.saturating_sub(used), ..rest };
        } else if self.rounds.is_none() {
            let rule = Rect { height: 1, ..rest };
            draw_rule(rule, buf, look.theme.border);
        }
        self.reader.draw(rest, buf, look, exposure, &|_, _| Some(""))
    }

    /// The request, the progress, and the result.
    fn draw_head(&self, area: Rect, buf: &mut Buffer, look: Look) {
        let theme = look.theme;
        let Some(row) = self.base() else {
            buf.put(area.x, area.y, format!(" evolution {}", self.id), usize::from(area.width), theme.title);
            return;
        };
        let (sign, style) = state_sign(row.state, theme);
        // For a running evolution, whole seconds are enough.
        let took = match row.ended_at {
            Some(end) => span(end.since_ms(row.started_at)),
            None => span(look.now.wall.since_ms(row.started_at) / 1000 * 1000),
        };
        let line = Line::from(vec![
            Span::styled(format!(" evolution {}  ", row.id), theme.dim),
            Span::styled(format!("{} {}", row.tool, row.version), theme.title),
            Span::styled(format!("  {sign} {}", row.state), style),
            Span::styled(format!("  {took}{}", texts::used(self.rounds.as_deref())), theme.dim),
        ]);
        buf.put_line(area.x, area.y, &line, area.width);
        let (said, style) = self.next_words(row, look);
        let width = usize::from(area.width.saturating_sub(1));
        buf.put(area.x + 1, area.y + 1, cut(&safe(&said), width), width, style);
    }

    /// The request while it is running; the next step afterwards.
    fn next_words(&self, row: &Evolution, look: Look) -> (String, ratatui::style::Style) {
        use crate::action::Verb;
        let (theme, key) = (look.theme, |verb| look.keymap.key(verb));
        match (row.state, row.review) {
            (EvolutionState::Running, _) => (texts::wanted(row), theme.dim),
            (_, Some(review)) => {
                (format!("saved, pending review: {} opens review {review}", key(Verb::Review)), theme.good)
            }
            (EvolutionState::Interrupted, None) => {
                let words = format!("interrupted: {} resume, {} end", key(Verb::Resume), key(Verb::Stop));
                (words, theme.warn)
            }
            (_, None) if self.keepable().is_ok() => {
                (format!("{}: keep the shown answer · {}", key(Verb::Keep), row.message), theme.warn)
            }
            (_, None) => (row.message.clone(), theme.warn),
        }
    }

    /// Draws the answers side by side if there is room, otherwise the chosen one below a line of all. Returns the rows
    /// used.
    fn draw_columns(&self, area: Rect, at: LaneId, buf: &mut Buffer, look: Look) -> u16 {
        let lanes = self.lanes();
        let here = lanes.iter().position(|(id, _)| *id == at).unwrap_or(0);
        // The size includes the two rows above and the footer below.
        if area.width >= WIDE.0 && area.height + 3 >= WIDE.1 {
            let fit = usize::from(area.width / COLUMN).max(1);
            let shown = lanes.len().min(fit);
            let first = (here + 1).saturating_sub(shown).min(lanes.len().saturating_sub(shown));
            let width = (area.width / shown.max(1) as u16).min(WIDEST);
            for (place, (id, _)) in (0_u16..).zip(&lanes[first..first + shown]) {
                let rect = Rect { x: area.x + place * width, width, height: ROWS.0, ..area };
                self.draw_column(rect, *id, *id == at, buf, look);
            }
            return ROWS.0;
        }
        let used = u16::from(lanes.len() > 1);
        if used > 0 {
            let spans =
                lanes.iter().flat_map(|(id, lane)| column::tab(*id, lane, *id == at, self.many(*id), look.theme));
            buf.put_line(area.x, area.y, &Line::from(spans.collect::<Vec<_>>()), area.width);
        }
        let rows = if area.height + 3 < LOW { LOW_ROWS } else { ROWS.1 };
        let rect = Rect { y: area.y + used, height: rows.min(area.height.saturating_sub(used)), ..area };
        self.draw_column(rect, at, true, buf, look);
        used + rect.height
    }

    /// Whether the round of this answer has several answers.
    fn many(&self, at: LaneId) -> bool {
        self.lanes().iter().filter(|(id, _)| id.round == at.round).count() > 1
    }

    fn draw_column(&self, area: Rect, at: LaneId, is_chosen: bool, buf: &mut Buffer, look: Look) {
        let (Some(rounds), Some(found)) = (&self.rounds, self.found(at)) else { return };
        let row = &rounds.detail.evolution;
        let is_written = found.examined.is_some_and(|one| row.made == Some(one.digest));
        let is_best = rounds.detail.course.best() == Some(at) && !found.lane.is_rejected();
        let remark = match (is_written, is_best) {
            (true, _) => "written",
            (false, true) => "best",
            (false, false) => "",
        };
        let name = format!("round {}", column::place(at, self.many(at)));
        let title = Title {
            name: &name,
            detail: safe(&found.lane.generator),
            remark: remark.to_owned(),
            remark_style: look.theme.good,
            ..Title::default()
        };
        let inner = frame(area, buf, &title, Focus::when(is_chosen), look.theme);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let lines = column::lines(&found, (inner.width.into(), inner.height.into()), look.theme);
        for (y, (text, style)) in (inner.y..inner.bottom()).zip(lines) {
            buf.put(inner.x, y, text, inner.width.into(), style);
        }
    }
}

fn wrapped(mut view: TextView) -> TextView {
    if !view.wraps() {
        view.toggle_wrap();
    }
    view
}
