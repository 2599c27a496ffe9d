//! The answer of the terminal to what its background is (OSC 11).
//!
//! The question is written once and nothing waits for the answer. It comes among the keys, early, late or never, and
//! reads like keys: alt-], the answer letter by letter, and an end. Here it is taken out of them; what turns out to be
//! something else is given back as the keys that it was.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Asks for the colour of the background.
pub const QUESTION: &str = "\x1b]11;?\x1b\\";

/// How an answer begins, after alt-].
const START: &str = "11;rgb";

/// An answer is not longer than this.
const LONGEST: usize = 40;

/// What became of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It may belong to the answer: wait for the next.
    Nothing,
    /// These were keys.
    Keys(Vec<KeyEvent>),
    /// The answer: red, green, blue.
    Background([u8; 3]),
}

/// The part of an answer that has come.
#[derive(Debug, Default)]
pub struct Listener {
    held: Vec<KeyEvent>,
    text: String,
    /// Whether an answer came, or can come no more.
    is_done: bool,
}

impl Listener {
    /// Takes a key.
    pub fn hear(&mut self, key: KeyEvent) -> Heard {
        if self.is_done {
            return Heard::Keys(vec![key]);
        }
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if self.held.is_empty() {
            if alt && key.code == KeyCode::Char(']') {
                self.held.push(key);
                return Heard::Nothing;
            }
            return Heard::Keys(vec![key]);
        }
        self.held.push(key);
        let ends = alt && key.code == KeyCode::Char('\\')
            || key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('g');
        match key.code {
            _ if ends => return self.end(),
            KeyCode::Char(c) if !alt => self.text.push(c),
            _ => return self.give_back(),
        }
        let begins = START.starts_with(&self.text) || self.text.starts_with(START);
        if begins && self.text.len() <= LONGEST { Heard::Nothing } else { self.give_back() }
    }

    /// Nothing more comes for now: where no letter of an answer followed, what was held was a key.
    pub fn pause(&mut self) -> Vec<KeyEvent> {
        if self.text.is_empty() { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    fn end(&mut self) -> Heard {
        let found = colour(&self.text);
        match found {
            Some(rgb) => {
                self.is_done = true;
                self.held.clear();
                Heard::Background(rgb)
            }
            None => self.give_back(),
        }
    }

    fn give_back(&mut self) -> Heard {
        self.text.clear();
        Heard::Keys(std::mem::take(&mut self.held))
    }
}

/// Reads `11;rgb:ffff/8080/0000`, `11;rgba:…` and shorter parts.
fn colour(text: &str) -> Option<[u8; 3]> {
    let (_, parts) = text.strip_prefix(START)?.split_once(':')?;
    let mut parts = parts.split('/');
    let mut next = || {
        let part = parts.next()?;
        let value = u32::from_str_radix(part, 16).ok()?;
        let most = (1_u32.checked_shl(4 * u32::try_from(part.len()).ok()?)?).checked_sub(1)?;
        u8::try_from(value * 255 / most).ok()
    };
    Some([next()?, next()?, next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)
    }

    fn alt(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::ALT)
    }

    fn hear(text: &str, end: KeyEvent) -> (Vec<KeyEvent>, Option<[u8; 3]>) {
        let mut listener = Listener::default();
        let (mut keys, mut background) = (Vec::new(), None);
        for key in std::iter::once(alt(']')).chain(text.chars().map(key)).chain([end]) {
            match listener.hear(key) {
                Heard::Nothing => {}
                Heard::Keys(more) => keys.extend(more),
                Heard::Background(rgb) => background = Some(rgb),
            }
        }
        (keys, background)
    }

    #[test]
    fn an_answer_is_no_key_however_it_ends() {
        let bell = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL);
        assert_eq!(hear("11;rgb:fdfd/f6f6/e3e3", alt('\\')), (Vec::new(), Some([0xfd, 0xf6, 0xe3])));
        assert_eq!(hear("11;rgb:00/2b/36", bell), (Vec::new(), Some([0, 0x2b, 0x36])));
    }

    #[test]
    fn what_is_no_answer_is_given_back_as_the_keys_that_it_was() {
        let (keys, background) = hear("1x", key('q'));
        assert_eq!((keys, background), (vec![alt(']'), key('1'), key('x'), key('q')], None));
        let mut listener = Listener::default();
        assert_eq!(listener.hear(alt(']')), Heard::Nothing);
        assert_eq!(listener.pause(), [alt(']')], "a human pressed it");
        assert_eq!(listener.hear(key('r')), Heard::Keys(vec![key('r')]));
    }
}
