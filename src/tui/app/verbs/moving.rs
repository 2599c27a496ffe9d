//! Verbs that move on the screen: panes, tabs, lines, searches, themes, going back and quitting.

use crate::engine::InstanceView;
use crate::tui::app::{App, Mood};
use crate::tui::effect::{Effect, Ending};
use crate::tui::layout::{Arrangement, arrange, clamp_shift};
use crate::tui::list::Motion;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlay::palette::{Defaults, Palette};
use crate::tui::pane::Pane;
use crate::tui::pane::catalog::Selected;
use crate::tui::screen::Screen;
use crate::tui::theme::Ground;
use crate::tui::widget::text_input::TextInput;
use crate::tui::widget::{Jump, OutputView, TextView};
use ratatui::layout::Rect;
use std::sync::Arc;

impl App {
    pub(super) fn open_palette(&mut self) {
        let defaults = Defaults {
            tool: self.selected_tool().map(|tool| self.reference(&tool)),
            run: self.selected_run().map(|run| run.to_string()),
            review: self.selected_review().map(|review| review.id.to_string()),
            digest: self.selected_review().map(|review| review.digest.short()),
            failure: self.selected_failure().map(|group| group.signature.clone()),
            instance: self.selected_instance().map(|view| view.instance.name.to_string()),
        };
        let palette = Palette::new(self.palette_rows(), Arc::clone(self.catalog.view()), defaults);
        self.overlays.push(Overlay::Palette(Box::new(palette)));
    }

    pub(super) fn switch_theme(&mut self) {
        self.theme = match self.theme.ground {
            Ground::Dark => self.theme.on(Ground::Light),
            Ground::Light => self.theme.on(Ground::Dark),
            Ground::Plain => self.theme,
        };
        let text = match self.theme.ground {
            Ground::Dark => "colours for a dark background",
            Ground::Light => "colours for a light background",
            Ground::Plain => "no colours: NO_COLOR is set",
        };
        self.say(Mood::Calm, text);
    }

    /// On a full screen, leaves that screen; otherwise quits the program, after asking if runs are in progress.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        if !matches!(self.screen, Screen::Workbench) {
            return self.close_screen();
        }
        match (self.output.live_count(), self.evolutions.going()) {
            (0, 0) => vec![Effect::Leave(Ending::Quit)],
            (live, evolving) => {
                let services = self.services.going_count();
                self.overlays.push(Overlay::Confirm(Confirm::quit(live, evolving, services)));
                Vec::new()
            }
        }
    }

    /// Moves the divider between the left and right panes, within their minimum widths.
    pub(super) fn move_divider(&mut self, by: i16) -> Vec<Effect> {
        if !matches!(arrange(Rect::new(0, 0, self.size.0, self.size.1), self.needs()), Arrangement::All { .. }) {
            return self.refuse("the panes are not side by side: enlarge the window, or leave the zoom");
        }
        self.shift = self.shift.saturating_add(by);
        self.shift = clamp_shift(self.size.0, self.needs());
        vec![Effect::KeepLayout(self.shift)]
    }

    pub(super) fn step_pane(&mut self, by: isize) -> Vec<Effect> {
        match self.screen {
            Screen::Workbench => {
                let mut panes = self.panes();
                panes.retain(|pane| !self.hidden.has(*pane));
                self.focus_pane(self.focus.step(by, &panes))
            }
            Screen::Evolution(ref mut screen) => {
                screen.reader().step(by, &|_| true);
                Vec::new()
            }
            Screen::Review(_) | Screen::Source(_) | Screen::Behaviour(_) => {
                self.step_tab(by);
                Vec::new()
            }
        }
    }

    pub(in crate::tui::app) fn focus_pane(&mut self, pane: Pane) -> Vec<Effect> {
        self.show_screen(Screen::Workbench);
        self.focus = pane;
        Vec::new()
    }

    /// Returns to the panes, or to the table of reviews from which the screen was opened.
    pub(in crate::tui::app) fn close_screen(&mut self) -> Vec<Effect> {
        let returning = self.returning.take();
        self.show_screen(Screen::Workbench);
        match returning {
            Some((kind, _)) if !self.queue.marked().is_empty() => {
                self.focus = Pane::Queue;
                self.open_bulk(kind)
            }
            Some(_) | None => Vec::new(),
        }
    }

    pub(super) fn back(&mut self) -> Vec<Effect> {
        match &mut self.screen {
            Screen::Review(screen) if screen.body().is_searching() => screen.reader().edit_search(TextInput::clear),
            Screen::Source(screen) if screen.reader.is_searching() => screen.reader.edit_search(TextInput::clear),
            Screen::Behaviour(screen) if screen.reader.is_searching() => screen.reader.edit_search(TextInput::clear),
            Screen::Evolution(screen) if screen.body().is_searching() => screen.reader().edit_search(TextInput::clear),
            Screen::Review(screen) => {
                if !screen.leave_outline() {
                    return self.close_screen();
                }
            }
            Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => {
                return self.close_screen();
            }
            Screen::Workbench => {
                let filtered = match self.focus {
                    Pane::Catalog => !self.catalog.filter().is_empty(),
                    Pane::Output => !self.output.search().is_empty(),
                    Pane::Failures => !self.failures.filter().is_empty(),
                    Pane::Queue => !self.queue.filter().is_empty(),
                    Pane::Services => !self.services.filter().is_empty(),
                };
                if self.focus == Pane::Queue && self.queue.drop_range() {
                    return Vec::new();
                }
                if filtered {
                    self.edit_typed(&mut TextInput::clear);
                } else if self.zoom {
                    self.zoom = false;
                } else if let Some(stop) = self.stop_verifying() {
                    return stop;
                } else {
                    self.focus = Pane::Catalog;
                }
            }
        }
        Vec::new()
    }

    /// Moves in the focused list or text.
    pub(in crate::tui::app) fn step(&mut self, motion: Motion) -> Vec<Effect> {
        match &mut self.screen {
            Screen::Review(screen) => screen.scroll(motion),
            Screen::Source(screen) => screen.reader.scroll(motion),
            Screen::Behaviour(screen) => screen.reader.scroll(motion),
            Screen::Evolution(screen) => screen.reader().scroll(motion),
            Screen::Workbench => match self.focus {
                Pane::Catalog => self.catalog.step(motion),
                Pane::Failures => self.failures.step(motion),
                Pane::Queue => self.queue.step(motion),
                Pane::Services => self.services.step(motion),
                Pane::Output => self.output.step(motion),
            },
        }
        Vec::new()
    }

    pub(super) fn step_match(&mut self, by: isize) -> Vec<Effect> {
        let to = if by > 0 { Jump::Next } else { Jump::Previous };
        match &mut self.screen {
            Screen::Review(screen) => step_text_match(&mut screen.reader().current_mut().view, to),
            Screen::Source(screen) => step_text_match(&mut screen.reader.current_mut().view, to),
            Screen::Behaviour(screen) => step_text_match(&mut screen.reader.current_mut().view, to),
            Screen::Evolution(screen) => step_text_match(&mut screen.reader().current_mut().view, to),
            Screen::Workbench if self.focus == Pane::Output => self.output.step_match(to),
            Screen::Workbench => return self.step(if to == Jump::Next { Motion::Down } else { Motion::Up }),
        }
        Vec::new()
    }

    pub(super) fn toggle_follow(&mut self) {
        if let Some(tab) = self.output.current_mut() {
            if tab.view.follows() {
                tab.view.pause();
            } else {
                tab.leave_part();
                tab.view.follow();
            }
        }
    }

    pub(super) fn toggle_wrap(&mut self) {
        match &mut self.screen {
            Screen::Review(screen) => screen.reader().toggle_wrap(),
            Screen::Source(screen) => screen.reader.toggle_wrap(),
            Screen::Behaviour(screen) => screen.reader.toggle_wrap(),
            Screen::Evolution(screen) => screen.reader().toggle_wrap(),
            Screen::Workbench => {
                if let Some(tab) = self.output.current_mut() {
                    tab.each_view(OutputView::toggle_wrap);
                }
            }
        }
    }

    pub(super) fn step_tab(&mut self, by: isize) {
        match &mut self.screen {
            Screen::Review(screen) => screen.step_tab(by),
            Screen::Source(screen) => screen.reader.step(by, &|_| true),
            Screen::Behaviour(screen) => screen.reader.step(by, &|_| true),
            Screen::Evolution(screen) => screen.step(by),
            Screen::Workbench => self.output.step_tab(by),
        }
    }

    pub(super) fn copy(&mut self) -> Vec<Effect> {
        let text = match &self.screen {
            Screen::Review(screen) => Some(screen.body().current().view.visible_text()),
            Screen::Source(screen) => Some(screen.reader.current().view.visible_text()),
            Screen::Behaviour(screen) => Some(screen.reader.current().view.visible_text()),
            Screen::Evolution(screen) => Some(screen.body().current().view.visible_text()),
            Screen::Workbench => match self.focus {
                Pane::Catalog => match self.catalog.selected() {
                    Selected::Tool(tool) => Some(tool.path.clone()),
                    Selected::Skipped(file) => Some(file.path.clone()),
                    Selected::Problem(problem) => Some(format!("{}: {}", problem.path, problem.message)),
                    Selected::Group(group) => Some(group.name.trim_end().to_owned()),
                    Selected::Nothing => None,
                },
                Pane::Output => self
                    .output
                    .current()
                    .map(|tab| tab.shown().selected_text().unwrap_or_else(|| tab.shown().visible_text())),
                Pane::Failures => self.failures.selected().map(|group| group.sample_message.clone()),
                Pane::Queue => self.queue.selected().map(|review| review.digest.hex()),
                Pane::Services => self.services.selected_view().map(reached_at),
            },
        };
        match text.filter(|text| !text.is_empty()) {
            Some(text) => vec![Effect::Copy(text)],
            None => self.refuse("there is nothing to copy here"),
        }
    }
}
/// The address of an instance: its first port, otherwise its name.
fn reached_at(view: &InstanceView) -> String {
    let port = view.instance.ports.first().map(|port| format!("127.0.0.1:{}", port.port));
    port.unwrap_or_else(|| view.instance.name.to_string())
}

/// The next match; without a search, the next heading: a file or a hunk.
fn step_text_match(view: &mut TextView, to: Jump) {
    if view.search_status().is_some() {
        view.step_match(to);
    } else {
        view.jump(to);
    }
}
