//! Prevents text from acting as verbs: pasted text, and the letters of a reason whose prompt did not open.
//!
//! After a key that would have opened a prompt was refused, input is ignored until the keyboard has been silent for as
//! long as a question requires.

use super::{App, Mood};
use crate::action::{Context, Risk, Verb, spec};
use crate::tui::burst::is_text;
use crate::tui::effect::Effect;
use crate::tui::keymap::Chord;
use crate::tui::list::Motion;
use crate::tui::now::Now;
use crate::tui::overlay::Overlay;
use crate::tui::overlay::guard::SILENCE_MS;
use crate::tui::phrase::grouped;
use crossterm::event::{KeyCode, KeyEvent};

/// Whether keys are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stray {
    /// When keys count again, steady milliseconds.
    until: Option<u64>,
}

impl Stray {
    /// Records whether a key was refused.
    pub(super) fn refused(&mut self, is_so: bool, now: Now) {
        if is_so {
            self.until = Some(now.steady_ms + SILENCE_MS);
        }
    }

    /// Whether a key is ignored, which restarts the waiting time. Only letters and Enter are ignored: arrows and Esc
    /// are not text.
    pub(super) fn swallows(&mut self, key: &KeyEvent, now: Now) -> bool {
        if !is_text(key) {
            return false;
        }
        let swallows = self.until.is_some_and(|until| now.steady_ms < until);
        self.until = swallows.then_some(now.steady_ms + SILENCE_MS);
        swallows
    }
}

impl App {
    /// Handles keys that arrived at once. In a text field, they are text. Otherwise they may navigate, and from the
    /// first key that would change something, all are ignored.
    pub(super) fn burst(&mut self, keys: &[KeyEvent]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let rest = &keys[at..];
            if self.is_stray(rest) {
                let text = match rest.len() {
                    1 => "a key was ignored: it came together with others, as pasted text does".to_owned(),
                    many => format!("{} keys at once were ignored: they look like pasted text", grouped(many)),
                };
                self.say(Mood::Calm, &text);
                break;
            }
            if self.sends(key) {
                self.say(Mood::Calm, "enter was ignored: it came together with other keys; press it again");
                continue;
            }
            effects.extend(self.key(key));
        }
        effects
    }

    /// Whether a single key would change something now, or send typed text.
    pub fn acts(&self, key: &KeyEvent) -> bool {
        self.is_stray(std::slice::from_ref(key)) || self.sends(key)
    }

    /// Whether a key sends the text typed into the top overlay.
    fn sends(&self, key: &KeyEvent) -> bool {
        key.code == KeyCode::Enter && self.overlays.last().is_some_and(Overlay::is_sent_by_enter)
    }

    /// Whether one of these keys would change something outside text fields.
    fn is_stray(&self, keys: &[KeyEvent]) -> bool {
        if let Some(overlay) = self.overlays.last() {
            let moves = |key: &KeyEvent| {
                let verb = self.keymap.lookup(Context::Motion, Chord::of(key));
                verb.is_some_and(|verb| Motion::of(verb).is_some())
            };
            if overlay.takes_text() {
                return false;
            }
            // Text follows after these.
            let begins_text = |key: &&KeyEvent| {
                let verb = self.keymap.lookup(Context::Motion, Chord::of(key));
                overlay.has_help(&self.keymap) && matches!(verb, Some(Verb::Filter | Verb::Help))
            };
            return keys.iter().take_while(|key| !begins_text(key)).any(|key| is_text(key) && !moves(key));
        }
        if self.is_typing() {
            return false;
        }
        for key in keys {
            match self.keymap.lookup(self.context(), Chord::of(key)) {
                // What follows is text.
                Some(Verb::Filter | Verb::Palette | Verb::Help) => return false,
                Some(verb) if !is_harmless(verb) => return true,
                Some(_) | None => {}
            }
        }
        false
    }
}

/// Whether a verb only changes what is on the screen.
fn is_harmless(verb: Verb) -> bool {
    // These quit, write stored data, start a program, or choose the object of a decision.
    let acts = matches!(
        verb,
        Verb::Quit
            | Verb::Copy
            | Verb::ApproveOver
            | Verb::Mark
            | Verb::MarkRead
            | Verb::LeaveOut
            | Verb::Narrower
            | Verb::Wider
            | Verb::HidePane
            | Verb::ShowPanes
            | Verb::Rescan
            | Verb::Mouse
            | Verb::Edit
            | Verb::Page
    );
    spec(verb).risk == Risk::View && !acts
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
    use crate::tui::effect::{Evolving, Failing, Serving};
    use crate::tui::testing::Bench;
    use crossterm::event::KeyModifiers;
    use proptest::prelude::*;

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
        // No review is open, or the key has no meaning in this list.
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
    fn keys_that_are_no_text_count_after_a_refusal_and_ignored_text_is_said() {
        let mut bench = Bench::ready(120, 40);
        let selected = |bench: &Bench| bench.app.queue.selected().map(|review| review.id);
        bench.press("4 g a");
        assert!(bench.screen().contains("open the review"), "{}", bench.screen());
        let first = selected(&bench);
        bench.press("j");
        assert!(selected(&bench) == first && bench.screen().contains("open the review"), "{}", bench.screen());
        bench.press("down");
        let second = selected(&bench);
        assert_ne!(second, first);
        bench.press("j");
        assert_eq!(selected(&bench), second, "text is still expected");
        assert!(bench.screen().contains("typed text was ignored"), "{}", bench.screen());
        bench.press("tab");
        assert_ne!(bench.app.focus, crate::tui::pane::Pane::Queue);
    }

    fn burst(bench: &mut Bench, text: &str) {
        let code = |c| if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        let keys = text.chars().map(|c| KeyEvent::new(code(c), KeyModifiers::NONE)).collect();
        bench.send(crate::tui::msg::Msg::Burst(keys));
    }

    #[test]
    fn text_that_comes_at_once_is_no_sequence_of_verbs_and_keys_that_move_are() {
        let ignored = |text: &str| {
            let mut bench = Bench::ready(120, 40);
            bench.effects.clear();
            burst(&mut bench, text);
            let is_ignored = bench.screen().contains("ignored");
            assert!(!is_ignored || bench.app.overlays.is_empty(), "{text}");
            is_ignored
        };
        for text in ["approve 4", "rm -rf build; exit", "2r", "ra", "q\n", "jjr", "yy", "ee"] {
            assert!(ignored(text), "{text}");
        }
        for text in ["jjjjjjjjjjjjjj", "jkjkjkjkgG", "zzzzzzzz", "34", "/csv-stats", ":doctor", "jj/csv"] {
            assert!(!ignored(text), "{text}");
        }
        let mut bench = Bench::ready(120, 40);
        burst(&mut bench, "/rea\nr");
        assert!(
            bench.screen().contains("ignored") && bench.app.overlays.is_empty(),
            "after the filter, keys are verbs"
        );
    }

    #[test]
    fn a_burst_fills_fields_and_sends_none() {
        let mut bench = Bench::ready(120, 40);
        burst(&mut bench, ":rescan\n");
        assert_eq!(bench.app.overlays.len(), 1, "the palette waits for a key of its own: {}", bench.screen());
        bench.effects.clear();
        bench.press("enter");
        assert!(matches!(bench.taken().as_slice(), [Effect::Rescan]));
        bench.press("L");
        burst(&mut bench, "uu");
        assert_eq!(bench.app.overlays.len(), 1, "no question opened over the log");
    }

    /// Effects that change nothing.
    fn only_reads(effect: &Effect) -> bool {
        matches!(
            effect,
            Effect::LoadRuns
                | Effect::LoadFailures
                | Effect::LoadReviews
                | Effect::LoadOperations { .. }
                | Effect::LoadReview(_)
                | Effect::LookAt(_)
                | Effect::LoadDetail { .. }
                | Effect::LoadBehaviour { .. }
                | Effect::Preview(_)
                | Effect::LoadSpool { .. }
                | Effect::LoadSpoolPart { .. }
                | Effect::FindInSpool(_)
                | Effect::Highlight { .. }
                | Effect::Preflight { .. }
                | Effect::Compare { .. }
                | Effect::LoadOpportunities(_)
                | Effect::LoadSets
                | Effect::LoadGrants
                | Effect::LoadBuffers
                | Effect::LoadChoices(..)
                | Effect::Dashboard
                | Effect::Upkeep(_)
                | Effect::Query(_)
                | Effect::FindGrant(_)
                | Effect::Failing(Failing::Load(_))
                | Effect::Evolve(Evolving::List | Evolving::Load(_) | Evolving::Texts(_))
                | Effect::Serve(Serving::Load | Serving::Watch(_) | Serving::Detail(_))
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// Text pasted without markers never changes anything or quits.
        #[test]
        fn a_burst_of_two_keys_or_more_changes_nothing(
            text in "[ -~\n]{2,30}",
            place in prop::sample::select(vec!["1", "2", "3", "4", "5", "L", "T", "?", ":", "1 r", "4 x", "3 i", "E", "1 M", "review"]),
        ) {
            let mut bench = if place == "review" { Bench::reviewing(80, 24) } else { Bench::serving(120, 40) };
            match place {
                "review" => drop(bench.read_everything()),
                keys => drop(bench.press(keys)),
            }
            bench.draw();
            bench.wait(SILENCE_MS + 1);
            bench.effects.clear();
            burst(&mut bench, &text);
            let taken = bench.taken();
            prop_assert!(taken.iter().all(only_reads), "{place} {text:?}: {taken:?}");
            prop_assert!(!bench.app.overlays.iter().any(|one| matches!(one, Overlay::Confirm(_) | Overlay::Digest(_))));
        }
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
