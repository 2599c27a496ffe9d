//! Distinguishes keys that a human pressed one by one from text that arrives at once.
//!
//! Two keys within [`GAP_MS`] of each other belong to one burst: a paste into a terminal that does not mark pastes, or
//! a program that writes to the terminal. A key that would change something waits that long for further keys; every
//! other key is passed on at once. The caller passes the time in.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The largest gap within a burst: faster than human typing, and too short to notice.
pub const GAP_MS: u64 = 8;

/// Keys that arrived together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Keys that were pressed one by one, oldest first.
    Keys(Vec<KeyEvent>),
    /// Text that arrived at once.
    Burst(Vec<KeyEvent>),
}

/// Keys that arrived and were not passed on yet.
#[derive(Debug, Clone, Default)]
pub struct Bursts {
    held: Vec<KeyEvent>,
    /// The arrival time of the newest printable key, in steady milliseconds.
    last_ms: Option<u64>,
    /// Whether the held keys follow another printable key without a gap.
    is_joined: bool,
}

impl Bursts {
    /// Adds keys that were read at `now_ms`.
    pub fn add(&mut self, keys: Vec<KeyEvent>, now_ms: u64) {
        let follows = self.last_ms.is_some_and(|last| now_ms.saturating_sub(last) < GAP_MS);
        if keys.iter().any(is_text) {
            self.is_joined |= follows;
            self.last_ms = Some(now_ms);
        }
        self.held.extend(keys);
    }

    /// A frame has shown the effect of the keys: the next keys of a user who waited for the frame are not a burst.
    pub fn seen(&mut self) {
        if self.held.is_empty() {
            self.last_ms = None;
        }
    }

    /// The time at which the held keys are passed on; `None` if no keys are held.
    pub fn due(&self) -> Option<u64> {
        let last = self.last_ms.unwrap_or(0);
        (!self.held.is_empty()).then_some(last + GAP_MS)
    }

    /// The keys to pass on now. `acts` says whether a single key would change something; such a key is held.
    pub fn take(&mut self, now_ms: u64, acts: impl Fn(&KeyEvent) -> bool) -> Option<Typed> {
        let texts = self.held.iter().filter(|key| is_text(key)).count();
        let is_burst = texts > 0 && (texts > 1 || self.is_joined);
        let waits = !is_burst && self.held.iter().any(|key| is_text(key) && acts(key));
        if self.held.is_empty() || waits && self.due().is_some_and(|due| now_ms < due) {
            return None;
        }
        self.is_joined = false;
        let keys = std::mem::take(&mut self.held);
        Some(if is_burst { Typed::Burst(keys) } else { Typed::Keys(keys) })
    }
}

/// Whether a key is part of text.
pub fn is_text(key: &KeyEvent) -> bool {
    let is_plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    is_plain && matches!(key.code, KeyCode::Char(_) | KeyCode::Enter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<KeyEvent> {
        text.chars().map(|c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)).collect()
    }

    #[test]
    fn a_key_that_changes_something_waits_for_what_follows_and_others_do_not() {
        let acts = |key: &KeyEvent| key.code == KeyCode::Char('a');
        let mut bursts = Bursts::default();
        bursts.add(keys("j"), 100);
        assert_eq!(bursts.take(100, acts), Some(Typed::Keys(keys("j"))));
        bursts.add(keys("a"), 200);
        assert_eq!((bursts.take(200, acts), bursts.due()), (None, Some(208)));
        assert_eq!(bursts.take(208, acts), Some(Typed::Keys(keys("a"))));
        bursts.add(keys("a"), 300);
        bursts.add(keys("p"), 303);
        assert_eq!(bursts.take(303, acts), Some(Typed::Burst(keys("ap"))), "read in two pieces");
        bursts.add(keys("a"), 306);
        assert_eq!(bursts.take(306, acts), Some(Typed::Burst(keys("a"))), "the end of the same text");
        bursts.seen();
        bursts.add(keys("j"), 307);
        assert_eq!(bursts.take(307, acts), Some(Typed::Keys(keys("j"))), "somebody looked in between");
        bursts.add(vec![KeyEvent::new(KeyCode::Down, KeyModifiers::NONE); 3], 307);
        assert!(matches!(bursts.take(307, acts), Some(Typed::Keys(_))), "an arrow that is held down");
        assert_eq!((bursts.take(900, acts), bursts.due()), (None, None));
    }

    proptest! {
        /// However a text is split into reads, no key of the text acts alone, and no key is lost.
        #[test]
        fn no_key_of_a_text_is_passed_on_alone(
            text in "[aj]{2,40}",
            cuts in prop::collection::vec((1usize..6, 0u64..GAP_MS), 1..40),
        ) {
            let acts = |key: &KeyEvent| key.code == KeyCode::Char('a');
            let (mut bursts, mut rest, mut now) = (Bursts::default(), keys(&text), 1_000);
            let (mut passed, mut pieces) = (Vec::new(), cuts.into_iter().cycle());
            let mut note = |typed: Typed| match typed {
                Typed::Keys(keys) => {
                    assert!(!keys.iter().any(acts), "{text}: {keys:?}");
                    passed.extend(keys);
                }
                Typed::Burst(keys) => passed.extend(keys),
            };
            while !rest.is_empty() {
                let (size, pause) = pieces.next().unwrap();
                now += pause;
                bursts.add(rest.drain(..size.min(rest.len())).collect(), now);
                // The loop may wake up for another reason while keys wait.
                bursts.take(now, acts).map(&mut note);
            }
            bursts.take(now + GAP_MS, acts).map(&mut note);
            prop_assert_eq!(passed, keys(&text));
        }
    }
}
