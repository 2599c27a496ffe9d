//! The keys of a box: one list generates its lower border, its help, and the message about an unavailable key.
//!
//! Common behaviour of all boxes is here as well: `?` shows the keys, `/` filters a list or searches a text.

use super::help::HelpRow;
use super::{Overlay, Reply};
use crate::action::{BoxRow, Context, Verb, spec};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::list::Motion;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::widget::Jump;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key of a box.
#[derive(Debug, Clone)]
pub(super) struct BoxKey {
    chord: Option<Chord>,
    verb: Verb,
    /// Its word in the lower border and in the help.
    word: &'static str,
    /// One line in help.
    doc: &'static str,
    /// Why it is unavailable.
    reason: Option<&'static str>,
}

impl BoxKey {
    /// A key of the table of boxes.
    pub(super) fn row(row: BoxRow) -> BoxKey {
        BoxKey { chord: Chord::parse(row.key).ok(), verb: row.verb, word: row.word, doc: row.doc, reason: None }
    }

    /// An answer to a question.
    pub(super) fn answer(letter: char, word: &'static str, doc: &'static str) -> BoxKey {
        let chord = Chord::of(&KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
        BoxKey { chord: Some(chord), verb: Verb::Palette, word, doc, reason: None }
    }

    /// The key that a verb has everywhere.
    pub(super) fn of(verb: Verb, keymap: &Keymap, word: &'static str) -> BoxKey {
        BoxKey { chord: keymap.keys(verb).first().copied(), verb, word, doc: spec(verb).doc, reason: None }
    }

    /// The key, which is unavailable while there is a reason.
    pub(super) fn unless(self, reason: Option<&'static str>) -> BoxKey {
        BoxKey { reason, ..self }
    }

    /// The key, which is available only while the condition is true.
    pub(super) fn only_if(self, holds: bool, reason: &'static str) -> BoxKey {
        self.unless((!holds).then_some(reason))
    }

    fn help_row(&self, place: &'static str) -> HelpRow {
        HelpRow {
            verb: self.verb,
            name: self.word,
            group: spec(self.verb).group,
            keys: self.chord.map(|chord| chord.to_string()).unwrap_or_default(),
            doc: self.doc,
            place,
            reason: self.reason.map(str::to_owned),
            press: self.chord.map(Chord::event),
        }
    }
}

/// Whether a key is that of a row of the table of boxes.
pub(super) fn is_row(row: BoxRow, key: &KeyEvent) -> bool {
    Chord::parse(row.key) == Ok(Chord::of(key))
}

/// The keys in the lower border of a box: available ones, with the closing key after the first.
pub(super) fn border_keys(own: &[BoxKey]) -> Vec<(String, &'static str)> {
    let usable = own.iter().filter(|key| key.reason.is_none());
    let mut keys: Vec<_> = usable.filter_map(|key| Some((key.chord?.to_string(), key.word))).collect();
    keys.insert(keys.len().min(1), ("esc".to_owned(), "close"));
    keys
}

/// The target of typing after `/`: rows of a list, or matches in a text.
pub(super) trait Finder {
    /// Whether it is being typed.
    fn is_typing(&self) -> bool;
    /// Starts or ends typing.
    fn set_typing(&mut self, typing: bool);
    /// The search text.
    fn sought(&self) -> String;
    /// Changes the search text.
    fn edit(&mut self, edit: &mut dyn FnMut(&mut TextInput));
    /// Moves the selection, or scrolls.
    fn step(&mut self, motion: Motion);
    /// Goes to another match of a text; in a list, the rows are the matches.
    fn step_match(&mut self, to: Jump);
}

impl<T: Listed> Finder for Listing<T> {
    fn is_typing(&self) -> bool {
        Listing::is_typing(self)
    }

    fn set_typing(&mut self, typing: bool) {
        Listing::set_typing(self, typing);
    }

    fn sought(&self) -> String {
        self.filter()
    }

    fn edit(&mut self, edit: &mut dyn FnMut(&mut TextInput)) {
        self.edit_filter(edit);
    }

    fn step(&mut self, motion: Motion) {
        Listing::step(self, motion);
    }

    fn step_match(&mut self, to: Jump) {
        self.step(if to == Jump::Next { Motion::Down } else { Motion::Up });
    }
}

/// A key while the filter or the search is typed.
fn type_into(finder: &mut dyn Finder, key: &KeyEvent) {
    match key.code {
        KeyCode::Esc => {
            finder.edit(&mut TextInput::clear);
            finder.set_typing(false);
        }
        KeyCode::Enter | KeyCode::Tab => finder.set_typing(false),
        _ => match Motion::while_typing(key) {
            Some(motion) => finder.step(motion),
            None => finder.edit(&mut |input| {
                input.key(key);
            }),
        },
    }
}

/// The meaning of a movement key in a list box: another row, or the end.
pub(super) fn browse<T: Listed>(list: &mut Listing<T>, key: &KeyEvent, keymap: &Keymap) -> Reply {
    match keymap.lookup(Context::Motion, Chord::of(key)) {
        Some(Verb::Back | Verb::Quit) => return Reply::Close,
        Some(verb) => {
            if let Some(motion) = Motion::of(verb) {
                list.step(motion);
            }
        }
        None => {}
    }
    Reply::Stay
}

impl Overlay {
    /// Handles keys that all boxes share; `None` leaves the key to the box.
    pub(super) fn shared_key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Option<Reply> {
        let chord = Chord::of(key);
        let verb = keymap.lookup(Context::Motion, chord);
        if let Some(finder) = self.finder_mut() {
            if finder.is_typing() {
                type_into(finder, key);
                return Some(Reply::Stay);
            }
            match verb {
                Some(Verb::Filter) => finder.set_typing(true),
                Some(Verb::Back) if !finder.sought().is_empty() => finder.edit(&mut TextInput::clear),
                Some(Verb::NextMatch) if !finder.sought().is_empty() => finder.step_match(Jump::Next),
                Some(Verb::PreviousMatch) if !finder.sought().is_empty() => finder.step_match(Jump::Previous),
                _ => return self.answer(chord, verb, keymap),
            }
            return Some(Reply::Stay);
        }
        self.answer(chord, verb, keymap)
    }

    /// Opens the help, or says why a key of the box is unavailable.
    fn answer(&self, chord: Chord, verb: Option<Verb>, keymap: &Keymap) -> Option<Reply> {
        let (place, own) = self.own_keys(keymap)?;
        if verb == Some(Verb::Help) {
            return Some(Reply::Help(place, self.help_of(place, &own, keymap)));
        }
        let key = own.iter().find(|key| key.chord == Some(chord))?;
        let reason = key.reason.filter(|_| !matches!(self, Overlay::Confirm(_)))?;
        Some(Reply::Refuse(format!("{}: {reason}", key.word)))
    }

    /// Whether the box answers the key of help.
    pub fn has_help(&self, keymap: &Keymap) -> bool {
        self.own_keys(keymap).is_some()
    }

    fn help_of(&self, place: &'static str, own: &[BoxKey], keymap: &Keymap) -> Vec<HelpRow> {
        let moves = [Verb::Down, Verb::Up, Verb::PageDown, Verb::PageUp, Verb::Top, Verb::Bottom, Verb::Back];
        let shared: &[Verb] = match self {
            Overlay::Confirm(_) => &[Verb::Back],
            // It has a separate key for its filter.
            Overlay::Log(_) => &[],
            Overlay::Report(_) | Overlay::Context(_) => &[Verb::Filter, Verb::NextMatch, Verb::PreviousMatch],
            _ => &[Verb::Filter],
        };
        let moves = if matches!(self, Overlay::Confirm(_)) { &[][..] } else { &moves[..] };
        let row = |verb: &Verb| HelpRow {
            press: keymap.keys(*verb).first().copied().map(Chord::event),
            ..HelpRow::of(*verb, keymap)
        };
        own.iter().map(|key| key.help_row(place)).chain(shared.iter().chain(moves).map(row)).collect()
    }

    /// The name of the box in the help, and its keys; `None` if letters are text.
    fn own_keys(&self, keymap: &Keymap) -> Option<(&'static str, Vec<BoxKey>)> {
        if self.takes_text() {
            return None;
        }
        Some(match self {
            Overlay::Log(log) => ("log", log.keys(keymap)),
            Overlay::Runs(runs) => ("list of runs", runs.keys()),
            Overlay::Grants(grants) => ("list of grants", grants.keys()),
            Overlay::Sets(sets) => ("list of tool sets", sets.keys()),
            Overlay::Buffers(list) => ("list of buffers", list.keys()),
            Overlay::Report(report) => ("report", report.keys()),
            Overlay::Failure(open) => ("failure", open.keys(keymap)),
            Overlay::Evolutions(list) => ("list of evolutions", list.keys()),
            Overlay::Upkeep(list) => ("list of tools", list.keys()),
            Overlay::Opportunities(list) => ("list of opportunities", list.keys()),
            Overlay::Context(open) => ("context", open.keys()),
            Overlay::Confirm(confirm) => ("question", confirm.keys()?),
            _ => return None,
        })
    }

    fn finder_mut(&mut self) -> Option<&mut dyn Finder> {
        Some(match self {
            Overlay::Runs(runs) => &mut runs.list,
            Overlay::Grants(grants) => &mut grants.list,
            Overlay::Sets(sets) => &mut sets.list,
            Overlay::Buffers(list) => &mut list.list,
            Overlay::Report(report) => report,
            Overlay::Failure(open) => &mut open.list,
            Overlay::Evolutions(list) => &mut list.list,
            Overlay::Upkeep(list) => &mut list.list,
            Overlay::Opportunities(list) => &mut list.list,
            Overlay::Context(open) if !open.is_typing() => &mut open.report,
            _ => return None,
        })
    }

    /// Whether a filter or a search is being typed.
    pub(super) fn is_finding(&self) -> bool {
        match self {
            Overlay::Runs(runs) => runs.list.is_typing(),
            Overlay::Grants(grants) => grants.list.is_typing(),
            Overlay::Sets(sets) => sets.list.is_typing(),
            Overlay::Buffers(list) => list.list.is_typing(),
            Overlay::Report(report) => Finder::is_typing(report),
            Overlay::Failure(open) => open.list.is_typing(),
            Overlay::Evolutions(list) => list.list.is_typing(),
            Overlay::Upkeep(list) => list.list.is_typing(),
            Overlay::Opportunities(list) => list.list.is_typing(),
            Overlay::Context(open) => Finder::is_typing(&open.report),
            _ => false,
        }
    }

    /// Inserts pasted text into the filter or the search that is typed.
    pub(super) fn paste_sought(&mut self, text: &str) {
        if let Some(finder) = self.finder_mut().filter(|finder| finder.is_typing()) {
            finder.edit(&mut |input| input.insert(text));
        }
    }
}
