//! Keeps the letters of a reason from acting as verbs when the prompt they were meant for did not open.
//!
//! After a key that would have opened a prompt was refused, what is typed is swallowed until the keyboard was silent for
//! as long as a question waits for silence.

use super::App;
use crate::action::{Context, Verb, spec};
use crate::tui::keymap::Chord;
use crate::tui::now::Now;
use crate::tui::overlay::guard::SILENCE_MS;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::HashSet;

/// Whether keys are swallowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stray {
    /// From when on keys count again, steady milliseconds.
    until: Option<u64>,
}

impl Stray {
    /// A key was refused, or not.
    pub(super) fn refused(&mut self, is_so: bool, now: Now) {
        if is_so {
            self.until = Some(now.steady_ms + SILENCE_MS);
        }
    }

    /// Whether a key is swallowed; then the silence starts anew. What nobody types into a text is never swallowed.
    pub(super) fn swallows(&mut self, key: &KeyEvent, now: Now) -> bool {
        let is_typing = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        let swallows = is_typing && self.until.is_some_and(|until| now.steady_ms < until);
        self.until = swallows.then_some(now.steady_ms + SILENCE_MS);
        swallows
    }
}

/// So many keys at once are text, not verbs.
const BURST: usize = 6;

/// So many of them must do something else than move.
const ACTING: usize = 3;

impl App {
    /// Whether keys that came at once are text that was meant for another place: pasted into a terminal that does not
    /// mark pastes, or sent by a program. Keys that are held down are not.
    pub fn is_stray(&self, keys: &[KeyEvent]) -> bool {
        if keys.len() < BURST || !self.overlays.is_empty() || self.is_typing() {
            return false;
        }
        let is_text = |key: &KeyEvent| {
            let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
            plain && matches!(key.code, KeyCode::Char(_) | KeyCode::Enter)
        };
        let verb = |key: &KeyEvent| self.keymap.lookup(self.context(), Chord::of(key));
        // These keys are followed by text.
        let takes_text = |key: &KeyEvent| matches!(verb(key), Some(Verb::Filter | Verb::Palette | Verb::Help));
        let moves = |key: &KeyEvent| verb(key).is_some_and(|verb| spec(verb).contexts.contains(&Context::Motion));
        let acting: HashSet<KeyCode> = keys.iter().filter(|key| !moves(key)).map(|key| key.code).collect();
        keys.iter().all(is_text) && !keys.first().is_some_and(takes_text) && acting.len() >= ACTING
    }
}

/// Whether a verb opens a prompt or a form in which text is typed.
pub(super) fn asks(verb: Verb) -> bool {
    let forms = matches!(
        verb,
        Verb::Run
            | Verb::Call
            | Verb::New
            | Verb::Define
            | Verb::Evolve
            | Verb::MarkFailure
            | Verb::Say
            | Verb::Filter
            | Verb::Palette
    );
    forms || decides(verb)
}

/// Whether a verb opens a prompt in which a reason or a comment is typed.
pub(super) fn decides(verb: Verb) -> bool {
    matches!(verb, Verb::Approve | Verb::ApproveOver | Verb::Reject | Verb::RequestChanges | Verb::Comment)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::Bench;

    #[test]
    fn each_key_starts_the_silence_anew() {
        let at = |steady_ms| Now { steady_ms, ..Now::default() };
        let letter = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::NONE);
        let mut stray = Stray::default();
        assert!(!stray.swallows(&letter, at(0)));
        stray.refused(false, at(0));
        assert!(!stray.swallows(&letter, at(0)));
        stray.refused(true, at(1_000));
        for press in 1..200 {
            assert!(stray.swallows(&letter, at(1_000 + press * (SILENCE_MS - 1))));
        }
        let end = 1_000 + 199 * (SILENCE_MS - 1) + SILENCE_MS;
        assert!(!stray.swallows(&letter, at(end)), "after the silence it counts");
        stray.refused(true, at(end));
        assert!(!stray.swallows(&KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), at(end)));
    }

    #[test]
    fn the_letters_of_a_reason_never_act_as_verbs_where_no_prompt_opened() {
        // No review is open, or the key means nothing in this list.
        for (keys, refused) in [("4", "a"), ("1", "x"), ("1", "c"), ("1", "a")] {
            let mut bench = Bench::ready(120, 40);
            bench.press(keys).effects.clear();
            bench.press(refused);
            let focus = bench.app.focus;
            bench.type_text("unsafe: deletes mirrors, quits 1234").press("enter");
            assert!(bench.app.overlays.is_empty(), "{keys} {refused}");
            assert!(bench.taken().is_empty() && bench.app.focus == focus, "{keys} {refused}");
            bench.wait(SILENCE_MS).press("?");
            assert_eq!(bench.app.overlays.len(), 1, "{keys} {refused}: after half a second keys count again");
        }
    }

    #[test]
    fn text_that_comes_at_once_is_no_sequence_of_verbs_and_held_keys_are() {
        let bench = Bench::ready(120, 40);
        let keys = |text: &str| -> Vec<KeyEvent> {
            text.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)).collect()
        };
        assert!(bench.app.is_stray(&keys("approve 4")));
        assert!(bench.app.is_stray(&keys("rm -rf build; exit")));
        for pressed in ["jjjjjjjjjjjjjj", "jkjkjkjkgG", "zzzzzzzz", "2r", "/csv-stats", ":doctor"] {
            assert!(!bench.app.is_stray(&keys(pressed)), "{pressed}");
        }
        let mut bench = bench;
        bench.press("/");
        assert!(!bench.app.is_stray(&keys("approve 4")), "it is typed into the filter");
    }

    #[test]
    fn a_refused_override_and_a_refused_comment_swallow_too() {
        let mut bench = Bench::reviewing(80, 24);
        bench.read_everything().press("O").type_text("Lxq");
        assert!(bench.app.overlays.is_empty() && bench.taken().is_empty());
        bench.wait(SILENCE_MS).press("q");
        assert!(matches!(bench.app.screen, crate::tui::screen::Screen::Workbench));
    }
}
