//! Hidden panes. A pane that gets the focus is shown again.

use super::{App, Mood};
use crate::action::Verb;
use crate::tui::effect::Effect;
use crate::tui::pane::{Hidden, Pane};

impl App {
    /// All panes, hidden or not, in the order of their digits.
    pub fn panes(&self) -> Vec<Pane> {
        Pane::present(!self.services.is_empty()).to_vec()
    }

    /// Whether a pane can be hidden now, or any can be shown again.
    pub(super) fn hideable(&self, verb: Verb) -> Result<(), String> {
        match verb {
            Verb::HidePane if self.focus == Pane::Catalog => Err("the catalog always stays".to_owned()),
            Verb::ShowPanes if self.hidden == Hidden::default() => Err("no pane is hidden".to_owned()),
            _ => Ok(()),
        }
    }

    /// Hides the focused pane, or shows all panes.
    pub(super) fn hide_or_show(&mut self, verb: Verb) -> Vec<Effect> {
        if verb == Verb::ShowPanes {
            self.hidden = Hidden::default();
            self.say(Mood::Calm, "all panes are shown");
        } else {
            let hidden = self.focus;
            self.hidden.set(hidden, true);
            self.focus = Pane::Catalog;
            self.zoom = false;
            let (digit, all) = (hidden.digit(), self.keymap.key(Verb::ShowPanes));
            self.say(Mood::Calm, &format!("{} hidden · {digit} show it · {all} show all panes", &hidden.title()[2..]));
        }
        vec![Effect::KeepHidden(self.hidden.digits())]
    }

    /// The pane that got the focus is shown.
    pub(super) fn show_focused(&mut self) -> Option<Effect> {
        if !self.hidden.has(self.focus) {
            return None;
        }
        self.hidden.set(self.focus, false);
        Some(Effect::KeepHidden(self.hidden.digits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::msg::Msg;
    use crate::tui::testing::Bench;

    fn kept(bench: &mut Bench) -> Option<Vec<u8>> {
        let mut kept = bench.taken().into_iter().filter_map(|effect| match effect {
            Effect::KeepHidden(digits) => Some(digits),
            _ => None,
        });
        kept.next_back()
    }

    #[test]
    fn a_pane_is_hidden_by_key_leaves_its_room_and_is_remembered() {
        let mut bench = Bench::ready(120, 40);
        bench.press("3 (");
        assert_eq!((bench.app.focus, kept(&mut bench)), (Pane::Catalog, Some(vec![3])));
        let screen = bench.screen();
        assert!(screen.contains("hidden: 3 Failures") && !screen.contains("╭ 3 Failures"), "{screen}");
        assert!(screen.contains("3 show it") && screen.contains("ctrl-v show all panes"), "{screen}");
        bench.press("4 ( 2 (");
        assert_eq!(kept(&mut bench), Some(vec![2, 3, 4]));
        let screen = bench.screen();
        let edge = screen.lines().nth(1).unwrap().chars().rev().find(|c| !c.is_whitespace());
        assert!(edge == Some('╮') && screen.lines().nth(1).unwrap().matches('╮').count() == 1, "{screen}");
        bench.press("ctrl-v");
        assert_eq!(kept(&mut bench), Some(vec![]));
        assert!(bench.screen().contains("3 Failures") && !bench.screen().contains("hidden: "), "{}", bench.screen());
        // In the same state as before.
        let mut bench = Bench::ready(120, 40);
        bench.send(Msg::Hidden(vec![4, 77]));
        assert!(bench.screen().contains("hidden: 4 Reviews"), "{}", bench.screen());
    }

    #[test]
    fn tab_skips_what_is_hidden_and_its_digit_shows_it() {
        let mut bench = Bench::ready(120, 40);
        bench.press("2 ( 3 ( 1 tab");
        assert_eq!(bench.app.focus, Pane::Queue);
        bench.press("tab");
        assert_eq!(bench.app.focus, Pane::Catalog);
        bench.press("shift-tab 2");
        assert_eq!((bench.app.focus, kept(&mut bench)), (Pane::Output, Some(vec![3])));
        // On a screen with one pane, a hidden pane is a digit in the line of tabs.
        for (width, height) in [(80, 24), (60, 20)] {
            let mut bench = Bench::ready(width, height);
            bench.press("4 (");
            let tabs = bench.screen().lines().next().unwrap().to_owned();
            assert!(tabs.contains("(4)") && !tabs.contains("4 Rev"), "{tabs}");
        }
    }

    #[test]
    fn the_catalog_stays_and_what_gets_the_focus_is_shown() {
        let mut bench = Bench::ready(120, 40);
        assert!(bench.app.available(Verb::HidePane).is_err() && bench.app.available(Verb::ShowPanes).is_err());
        bench.press("2 (");
        let tool = bench.app.selected_tool().unwrap();
        bench.app.start(tool, None, None);
        bench.send(Msg::Drawn);
        assert_eq!((bench.app.focus, bench.app.hidden), (Pane::Output, Hidden::default()));
    }
}
