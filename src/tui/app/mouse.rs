//! The mouse: a click focuses and selects, a click on a hint acts like its key, the wheel scrolls. A click never
//! answers a question, so it never decides anything.

use super::{App, Target};
use crate::tui::effect::Effect;
use crate::tui::layout::{Arrangement, arrange, clamp_shift};
use crate::tui::list::Motion;
use crate::tui::overlay::{Args, Overlay};
use crate::tui::pane::Pane;
use crate::tui::screen::Screen;
use crate::tui::widget::Move;
use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Lines per notch of the wheel.
const NOTCH: isize = 3;

impl App {
    pub(super) fn mouse(&mut self, event: MouseEvent) -> Vec<Effect> {
        let at = Position::new(event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if self.is_divider(at) => {
                self.drags = true;
                Vec::new()
            }
            MouseEventKind::Down(MouseButton::Left) => self.click(at),
            MouseEventKind::Drag(MouseButton::Left) if self.drags => {
                self.drag_divider(at.x);
                Vec::new()
            }
            MouseEventKind::Up(MouseButton::Left) if self.drags => {
                self.drags = false;
                vec![Effect::KeepLayout(self.shift)]
            }
            MouseEventKind::ScrollDown => self.wheel(at, NOTCH),
            MouseEventKind::ScrollUp => self.wheel(at, -NOTCH),
            _ => Vec::new(),
        }
    }

    /// The column of the divider if the panes are next to each other.
    fn divider(&self) -> Option<u16> {
        let screen = Rect::new(0, 0, self.size.0, self.size.1);
        let is_shown = self.overlays.is_empty() && matches!(self.screen, Screen::Workbench);
        match arrange(screen, self.needs()) {
            Arrangement::All { catalog, .. } if is_shown => Some(catalog.right()),
            _ => None,
        }
    }

    /// Whether a position is on the border between the left and right panes.
    fn is_divider(&self, at: Position) -> bool {
        let is_body = at.y > 0 && at.y + 1 < self.size.1;
        is_body && self.divider().is_some_and(|column| at.x + 1 == column || at.x == column)
    }

    /// Moves the divider to a column.
    fn drag_divider(&mut self, column: u16) {
        let Some(now) = self.divider() else { return };
        let by = i32::from(column) - i32::from(now);
        self.shift = self.shift.saturating_add(by.try_into().unwrap_or(0));
        self.shift = clamp_shift(self.size.0, self.needs());
    }

    fn click(&mut self, at: Position) -> Vec<Effect> {
        let Some(spot) = self.spots.iter().rev().find(|spot| spot.area.contains(at)).copied() else {
            return Vec::new();
        };
        if !self.overlays.is_empty() && !matches!(spot.target, Target::Key(_)) {
            return Vec::new();
        }
        match spot.target {
            Target::Key(chord) => self.click_key(chord.event()),
            Target::Pane(pane) => self.focus_pane(pane),
            Target::List(pane) => {
                let line = usize::from(at.y - spot.area.y);
                match pane {
                    Pane::Catalog => self.catalog.click(line),
                    Pane::Failures => self.failures.click(line),
                    Pane::Queue => self.queue.click(line),
                    Pane::Services => self.services.click(line),
                    Pane::Output => {}
                }
                self.focus_pane(pane)
            }
            Target::Verb(verb) => self.perform(verb, &Args::default()),
        }
    }

    /// Presses a key named by the top box. A click can close a question, but not answer it.
    fn click_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let asks = self.overlays.last_mut().is_some_and(Overlay::is_question);
        if asks && key.code != KeyCode::Esc {
            return self.refuse("a click does not answer a question: press the key");
        }
        self.key(&key)
    }

    fn wheel(&mut self, at: Position, lines: isize) -> Vec<Effect> {
        let motion = if lines > 0 { Motion::Down } else { Motion::Up };
        if !self.overlays.is_empty() {
            return Vec::new();
        }
        if !matches!(self.screen, Screen::Workbench) {
            return (0..lines.unsigned_abs()).flat_map(|_| self.step(motion)).collect();
        }
        let under = self.spots.iter().rev().find_map(|spot| match spot.target {
            Target::Pane(pane) | Target::List(pane) if spot.area.contains(at) => Some(pane),
            _ => None,
        });
        match under {
            Some(Pane::Catalog) => self.catalog.scroll(lines),
            Some(Pane::Failures) => self.failures.scroll(lines),
            Some(Pane::Queue) => self.queue.scroll(lines),
            Some(Pane::Services) => self.services.scroll(lines),
            Some(Pane::Output) => self.output.scroll(Move::Rows(lines)),
            None => {}
        }
        Vec::new()
    }
}
