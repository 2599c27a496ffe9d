//! The operation log: who did what, newest first; entries can be undone here.

use super::keys::{BoxKey, border_keys};
use super::list_box::{EMPTY_HEIGHT, no_match};
use super::{Reply, open_box};
use crate::action::{Context, Verb, spec};
use crate::domain::{Operation, span};
use crate::engine::EngineError;
use crate::tui::ink::{Ink, Span};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::list::{ListState, Motion};
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::{age, ago, cut, pad, safe, wrap};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Rows for the full text of the selected entry, below the list.
const ABOUT: u16 = 7;

/// The state of the log.
pub struct Log {
    entries: Option<Result<Vec<Operation>, EngineError>>,
    filter: TextInput,
    typing: bool,
    list: ListState,
}

impl Log {
    /// A log whose entries have not arrived yet.
    pub fn new(grep: &str) -> Log {
        Log { entries: None, filter: TextInput::new(grep), typing: false, list: ListState::default() }
    }

    /// Sets the newest entries, or the error of reading them.
    pub fn set(&mut self, entries: Result<Vec<Operation>, EngineError>) {
        self.entries = Some(entries);
        self.list.step(Motion::Up, self.len());
    }

    /// The filter, as typed.
    pub fn filter(&self) -> Option<String> {
        (!self.filter.is_empty()).then(|| self.filter.text())
    }

    fn len(&self) -> usize {
        self.operations().len()
    }

    fn operations(&self) -> &[Operation] {
        match &self.entries {
            Some(Ok(entries)) => entries,
            Some(Err(_)) | None => &[],
        }
    }

    /// The keys of the box.
    pub(super) fn keys(&self, keymap: &Keymap) -> Vec<BoxKey> {
        let reason = match self.operations().get(self.list.selected) {
            None => Some("no entry is selected"),
            Some(entry) if entry.undone_by.is_some() => Some("it is undone already"),
            // An undo can be undone by its number, which repeats the original change.
            Some(entry) if !entry.reversible && entry.verb != spec(Verb::Undo).name => Some("this cannot be undone"),
            Some(_) => None,
        };
        let undo = BoxKey::of(Verb::Undo, keymap, "undo").unless(reason);
        vec![undo, BoxKey::of(Verb::Filter, keymap, "filter")]
    }

    /// Moves the selection, searches, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if self.typing {
            return self.type_filter(key);
        }
        let verb = keymap.lookup(Context::Motion, Chord::of(key));
        match verb {
            Some(Verb::Filter) => self.typing = true,
            Some(Verb::Back) if !self.filter.is_empty() => {
                self.filter.clear();
                return Reply::Search(String::new());
            }
            Some(Verb::Back | Verb::Log | Verb::Quit) => return Reply::Close,
            Some(Verb::Undo) => {
                if let Some(entry) = self.operations().get(self.list.selected) {
                    return Reply::AskUndo(entry.id);
                }
            }
            Some(verb) => {
                if let Some(motion) = Motion::of(verb) {
                    self.list.step(motion, self.len());
                }
            }
            None => {}
        }
        Reply::Stay
    }

    fn type_filter(&mut self, key: &KeyEvent) -> Reply {
        match key.code {
            KeyCode::Enter => {
                self.typing = false;
                return Reply::Search(self.filter.text());
            }
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
                return Reply::Search(String::new());
            }
            _ => {
                self.filter.key(key);
            }
        }
        Reply::Stay
    }

    /// Whether the filter is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Inserts pasted text into the filter while it is typed.
    pub fn paste(&mut self, text: &str) {
        if self.typing {
            self.filter.insert(text);
        }
    }

    /// Draws the log and returns the cursor while the filter is typed.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let title = Title {
            name: "Log",
            detail: "newest first".into(),
            keys: if self.typing {
                Title::keys(&[("enter", "search"), ("esc", "clear")])
            } else {
                border_keys(&self.keys(look.keymap))
            },
            ..Title::default()
        };
        let is_empty = matches!(&self.entries, Some(Ok(entries)) if entries.is_empty());
        let height = if is_empty { EMPTY_HEIGHT } else { 34 };
        let mut inner = open_box(screen, (104, height), &title, buf, look);
        let cursor = (self.typing || !self.filter.is_empty()).then(|| {
            buf.put(inner.x, inner.y, "/", 1, theme.accent);
            let line = Rect { x: inner.x + 2, width: inner.width.saturating_sub(2), height: 1, ..inner };
            let cursor = self.filter.draw(line, buf, theme.text);
            inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
            cursor
        });
        let sentence = match &self.entries {
            None => "Loading the log …".to_owned(),
            Some(Err(error)) => format!("{} {}", safe(&error.message), safe(&error.hint)),
            Some(Ok(_)) if is_empty && !self.filter.is_empty() => no_match(look),
            Some(Ok(_)) if is_empty => {
                "No entries yet. Each decision and change is listed here; most can be undone.".to_owned()
            }
            Some(Ok(_)) => String::new(),
        };
        draw_empty(inner, buf, &[sentence], theme);
        let mut list = self.list;
        let entries = self.operations();
        let below = if entries.is_empty() { 0 } else { ABOUT.min(inner.height / 2) };
        let above = Rect { height: inner.height - below, ..inner };
        Rows { list: &mut list, len: entries.len(), focus: Focus::Here, theme }
            .draw(above, buf, &|at, width| operation_row(&entries[at], entries.get(at + 1), width, look));
        if let Some(entry) = entries.get(list.selected) {
            let width = usize::from(inner.width);
            // The first row below separates the text from the list.
            for (y, line) in
                (above.bottom() + 1..inner.bottom()).zip(whole(entry, entries.get(list.selected + 1), width, look))
            {
                buf.put(inner.x, y, line, width, theme.text);
            }
        }
        self.list = list;
        cursor.filter(|_| self.typing)
    }
}

/// The text of an entry besides its verb and object.
fn notes(entry: &Operation, older: Option<&Operation>) -> Vec<String> {
    let back = older.map_or(0, |older| older.at.0.saturating_sub(entry.at.0));
    let back = u64::try_from(back).ok().filter(|ms| *ms > 0);
    let clock = back.map(|ms| format!("the system clock was set back by {}", span(ms)));
    [clock, entry.said(), entry.unread(), entry.passed_over()].into_iter().flatten().collect()
}

/// Whether it can be undone, or was.
fn state_of(entry: &Operation) -> String {
    match (entry.undone_by, entry.reversible) {
        (Some(by), _) => format!("undone by {by}"),
        (None, true) => "can be undone".to_owned(),
        (None, false) => "cannot be undone".to_owned(),
    }
}

/// The full text of an entry, in lines.
fn whole(entry: &Operation, older: Option<&Operation>, width: usize, look: Look) -> Vec<String> {
    let when = ago(look.now.wall, entry.at);
    let state = state_of(entry);
    let head = format!("{} {} {} · {} · {when} · {state}", entry.id, entry.verb, entry.subject, entry.who);
    let paragraphs = std::iter::once(head).chain(notes(entry, older));
    paragraphs.flat_map(|text| text.lines().flat_map(|line| wrap(&safe(line), width)).collect::<Vec<_>>()).collect()
}

fn operation_row(entry: &Operation, older: Option<&Operation>, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let state = if entry.undone_by.is_none() && !entry.reversible { String::new() } else { state_of(entry) };
    let id = format!("{:>4} ", entry.id);
    let age = format!("{:>4} ", age(look.now.wall, entry.at));
    let verb = pad(&safe(&entry.verb), 16);
    let subject = std::iter::once(entry.subject.clone()).chain(notes(entry, older)).collect::<Vec<_>>().join("  ");
    let subject = safe(&subject);
    let who = safe(&entry.who);
    let state_width = if width >= 90 { 18 } else { 0 };
    let who_width = if width >= 70 { 22 } else { 0 };
    let room = width.saturating_sub(id.len() + age.len() + 16 + who_width + state_width);
    vec![
        Span::styled(id, theme.dim),
        Span::styled(age, theme.dim),
        Span::styled(verb, theme.accent),
        Span::styled(pad(&subject, room), theme.text),
        Span::styled(cut(&pad(&format!(" {who}"), who_width), who_width), theme.dim),
        Span::styled(cut(&format!(" {state}"), state_width), theme.dim),
    ]
}
