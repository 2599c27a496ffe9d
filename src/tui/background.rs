//! Reads the terminal's answers about its background (OSC 11) and its name (XTVERSION).
//!
//! Both questions are written once, and nothing waits for the answers. Answers arrive among the keys, early, late or
//! never, and look like keys: alt-] or alt-P, the answer letter by letter, and an end. This module takes the answers
//! out of the keys and gives back every key that does not belong to an answer.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The question for the background colour.
pub const QUESTION: &str = "\x1b]11;?\x1b\\";

/// The question for the terminal's name and version.
pub const NAME_QUESTION: &str = "\x1b[>0q";

/// The beginnings of the answers: the key, and the text after it.
const STARTS: [(char, &str); 2] = [(']', "11;rgb"), ('P', ">|")];

/// The maximum length of an answer.
const LONGEST: usize = 64;

/// The result of reading a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The key may belong to the answer; the next key decides.
    Nothing,
    /// These were ordinary keys.
    Keys(Vec<KeyEvent>),
    /// The background colour: red, green, blue.
    Background([u8; 3]),
    /// The name of the terminal.
    Name(String),
}

/// Collects the part of an answer that has arrived.
#[derive(Debug, Default)]
pub struct Listener {
    held: Vec<KeyEvent>,
    /// The index in [`STARTS`] of the possible answer.
    kind: usize,
    text: String,
    /// Which answers have arrived.
    done: [bool; STARTS.len()],
}

impl Listener {
    /// Reads a key.
    pub fn hear(&mut self, key: KeyEvent) -> Heard {
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if self.held.is_empty() {
            let begun = STARTS.iter().position(|(begins, _)| alt && key.code == KeyCode::Char(*begins));
            let Some(kind) = begun.filter(|kind| !self.done[*kind]) else { return Heard::Keys(vec![key]) };
            self.kind = kind;
            self.held.push(key);
            return Heard::Nothing;
        }
        self.held.push(key);
        let ends = alt && key.code == KeyCode::Char('\\')
            || key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('g');
        match key.code {
            _ if ends => return self.end(),
            KeyCode::Char(c) if !alt => self.text.push(c),
            _ => return self.give_back(),
        }
        let start = STARTS[self.kind].1;
        let begins = start.starts_with(&self.text) || self.text.starts_with(start);
        if begins && self.text.len() <= LONGEST { Heard::Nothing } else { self.give_back() }
    }

    /// No more keys arrive for now. Returns the held keys if no letter of an answer followed them.
    pub fn pause(&mut self) -> Vec<KeyEvent> {
        if self.text.is_empty() { std::mem::take(&mut self.held) } else { Vec::new() }
    }

    fn end(&mut self) -> Heard {
        let rest = self.text.strip_prefix(STARTS[self.kind].1).map(str::to_owned);
        let found = rest.and_then(|rest| match self.kind {
            0 => colour(&rest).map(Heard::Background),
            _ => Some(Heard::Name(rest)),
        });
        let Some(found) = found else { return self.give_back() };
        self.done[self.kind] = true;
        self.held.clear();
        self.text.clear();
        found
    }

    fn give_back(&mut self) -> Heard {
        self.text.clear();
        Heard::Keys(std::mem::take(&mut self.held))
    }
}

/// Reads the colour in `11;rgb:ffff/8080/0000`, `11;rgba:…` and forms with shorter components.
fn colour(text: &str) -> Option<[u8; 3]> {
    let (_, parts) = text.split_once(':')?;
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
                Heard::Name(name) => panic!("{name}"),
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
    fn the_name_of_the_terminal_is_no_key_and_both_answers_are_heard() {
        let mut listener = Listener::default();
        let mut said = |first: char, text: &str| {
            let keys = std::iter::once(alt(first)).chain(text.chars().map(key)).chain([alt('\\')]);
            keys.map(|key| listener.hear(key)).find(|heard| *heard != Heard::Nothing)
        };
        assert_eq!(said('P', ">|kitty(0.35.2)"), Some(Heard::Name("kitty(0.35.2)".to_owned())));
        assert_eq!(said(']', "11;rgb:00/2b/36"), Some(Heard::Background([0, 0x2b, 0x36])));
        assert_eq!(said('P', ""), Some(Heard::Keys(vec![alt('P')])), "answered already: a human pressed it");
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
