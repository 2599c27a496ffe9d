//! Maps keys to verbs: the table of actions, changed by the user's settings.
//!
//! Only [`ACTIONS`] declares keys. An invalid line in the settings is a [`Problem`] with a next step and keeps the
//! default; it never prevents the start.

use crate::action::{ACTIONS, Context, KeyFault, KeyText, KeyWish, Verb, settled_keys};
pub use crate::action::{FOCUSABLE, works_in};
use crate::domain::{Problem, ProblemCode, SafeText};
use crate::engine::KeySetting;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::HashMap;
use std::fmt;

/// One key press, in the notation of the table and the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The active keys.
#[derive(Debug, Clone)]
pub struct Keymap {
    chords: HashMap<Verb, Vec<Chord>>,
    owners: HashMap<(Context, Chord), Verb>,
}

/// Named keys; the first spelling is displayed.
const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

impl Chord {
    /// The chord of a key event. Shift is part of the character for letters and signs.
    pub fn of(event: &KeyEvent) -> Chord {
        let mut modifiers = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) => {
                let shifted = modifiers.contains(KeyModifiers::SHIFT);
                modifiers.remove(KeyModifiers::SHIFT);
                let upper = shifted && !modifiers.contains(KeyModifiers::CONTROL);
                KeyCode::Char(if upper { c.to_ascii_uppercase() } else { c })
            }
            other => other,
        };
        Chord { code, modifiers }
    }

    /// The key event of the chord.
    pub fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Reads `r`, `G`, `ctrl-k`, `shift-tab`, `space`, `f5`.
    ///
    /// # Errors
    /// A sentence that names the invalid part.
    pub fn parse(text: &str) -> Result<Chord, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((word, tail)) = rest.split_once('-').filter(|(word, tail)| !word.is_empty() && !tail.is_empty())
        {
            modifiers |= match word {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => return Err(format!("{text:?} is not a key: {word:?} must be ctrl, alt or shift")),
            };
            rest = tail;
        }
        let code = key_code(rest).ok_or_else(|| format!("{text:?} is not a key"))?;
        Ok(Chord::of(&KeyEvent::new(code, modifiers)))
    }
}

fn key_code(word: &str) -> Option<KeyCode> {
    let mut chars = word.chars();
    if let (Some(c), None) = (chars.next(), chars.next()) {
        return Some(KeyCode::Char(c));
    }
    if let Some((_, code)) = NAMED.iter().find(|(name, _)| *name == word) {
        return Some(*code);
    }
    let number: u8 = word.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(KeyCode::F(number))
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, word) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(word)?;
            }
        }
        match NAMED.iter().find(|(_, code)| *code == self.code) {
            Some((name, _)) => f.write_str(name),
            None => match self.code {
                KeyCode::Char(c) => write!(f, "{c}"),
                KeyCode::F(number) => write!(f, "f{number}"),
                other => write!(f, "{}", format!("{other:?}").to_lowercase()),
            },
        }
    }
}

impl Default for Keymap {
    fn default() -> Self {
        Keymap::new(&[], "").0
    }
}

impl Keymap {
    /// The table's keys, changed by the user's settings; errors in them are returned as problems.
    ///
    /// `file` is the displayed path of the settings file.
    pub fn new(settings: &[KeySetting], file: &str) -> (Keymap, Vec<Problem>) {
        let wishes: Vec<KeyWish<'_>> =
            settings.iter().map(|wish| KeyWish { verb: &wish.action, keys: &wish.keys, line: wish.line }).collect();
        let (keys, faults) = settled_keys(&wishes);
        let chord = |key: &KeyText| Chord::parse(&key.to_string()).ok();
        let chords: HashMap<Verb, Vec<Chord>> =
            keys.iter().map(|(verb, keys)| (*verb, keys.iter().filter_map(chord).collect())).collect();
        let problems = faults.into_iter().map(|fault| problem(fault, file)).collect();
        let owners = owners(&chords);
        (Keymap { chords, owners }, problems)
    }

    /// The verb of a chord if `context` has the focus.
    pub fn lookup(&self, context: Context, chord: Chord) -> Option<Verb> {
        [context, Context::Motion, Context::Global].iter().find_map(|c| self.owners.get(&(*c, chord)).copied())
    }

    /// The verbs of a chord in any context.
    pub fn verbs_on(&self, chord: Chord) -> impl Iterator<Item = Verb> {
        self.chords.iter().filter(move |(_, chords)| chords.contains(&chord)).map(|(verb, _)| *verb)
    }

    /// The keys of a verb, main key first; empty if it has none.
    pub fn keys(&self, verb: Verb) -> &[Chord] {
        self.chords.get(&verb).map_or(&[], Vec::as_slice)
    }

    /// The first key of a verb as text; empty if it has none.
    pub fn key(&self, verb: Verb) -> String {
        self.keys(verb).first().map(ToString::to_string).unwrap_or_default()
    }

    /// The shortest key of a verb as text; empty if it has none.
    pub fn shortest_key(&self, verb: Verb) -> String {
        self.keys(verb).iter().map(ToString::to_string).min_by_key(String::len).unwrap_or_default()
    }
}

fn owners(chords: &HashMap<Verb, Vec<Chord>>) -> HashMap<(Context, Chord), Verb> {
    let mut owners = HashMap::new();
    for row in ACTIONS {
        for chord in chords.get(&row.verb).into_iter().flatten() {
            for context in row.contexts {
                owners.insert((*context, *chord), row.verb);
            }
        }
    }
    owners
}

fn problem(fault: KeyFault, file: &str) -> Problem {
    Problem {
        path: file.to_owned(),
        line: Some(fault.line),
        code: ProblemCode::BadSetting,
        message: SafeText::new(&fault.message).into(),
        hint: fault.hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(verb: &str, keys: &[&str]) -> KeySetting {
        KeySetting { action: verb.into(), keys: keys.iter().map(|k| (*k).to_owned()).collect(), line: 3 }
    }

    #[test]
    fn every_key_of_the_table_is_understood_and_reads_back() {
        for key in ACTIONS.iter().flat_map(|row| row.keys) {
            let chord = Chord::parse(key).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(Chord::parse(&chord.to_string()), Ok(chord), "{key}");
        }
    }

    #[test]
    fn shift_is_part_of_a_letter_and_back_tab_is_shift_tab() {
        let shifted = Chord::of(&KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT));
        assert_eq!(shifted, Chord::parse("G").unwrap());
        let back = Chord::of(&KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT));
        assert_eq!(back, Chord::parse("shift-tab").unwrap());
        assert!(Chord::parse("hyper-x").is_err());
        assert_eq!(Chord::parse("-").unwrap().to_string(), "-");
    }

    #[test]
    fn a_key_means_what_the_focused_pane_says_first() {
        let keymap = Keymap::default();
        let r = Chord::parse("r").unwrap();
        assert_eq!(keymap.lookup(Context::Catalog, r), Some(Verb::Run));
        assert_eq!(keymap.lookup(Context::Output, r), Some(Verb::Rerun));
        assert_eq!(keymap.lookup(Context::Queue, r), None);
        assert_eq!(keymap.lookup(Context::Queue, Chord::parse("q").unwrap()), Some(Verb::Quit));
    }

    #[test]
    fn the_user_moves_keys_and_mistakes_are_problems_that_change_nothing() {
        let settings = [
            setting("run", &["ctrl-x"]),
            setting("search", &["x"]),
            setting("show", &["hyper-q"]),
            setting("source", &["q"]),
            setting("approve", &["enter"]),
        ];
        let (keymap, problems) = Keymap::new(&settings, "config.toml");
        assert_eq!(keymap.key(Verb::Run), "ctrl-x");
        assert_eq!(keymap.key(Verb::Show), "enter");
        assert_eq!(keymap.keys(Verb::Source), &[]);
        assert_eq!(keymap.key(Verb::Approve), "a");
        let lines: Vec<_> = problems.iter().map(|p| (p.message.as_str(), p.line)).collect();
        assert_eq!(
            lines,
            [
                ("\"search\" is not a verb that can have a key", Some(3)),
                ("\"hyper-q\" is not a key: \"hyper\" must be ctrl, alt or shift", Some(3)),
                ("key q for source is already used for quit", Some(3)),
                ("approve cannot use the key enter", Some(3)),
            ]
        );
    }
}
