//! The operation log: who did what, newest first; an entry can be taken back from here.

use super::{Reply, open_box};
use crate::action::{Context, Verb};
use crate::domain::{Operation, span};
use crate::engine::EngineError;
use crate::tui::ink::{Ink, Span};
use crate::tui::keymap::{Chord, Keymap};
use crate::tui::list::{ListState, Motion};
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::{age, cut, pad, safe};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The state of the log.
pub struct Log {
    entries: Option<Result<Vec<Operation>, EngineError>>,
    filter: TextInput,
    typing: bool,
    list: ListState,
}

impl Log {
    /// A log whose entries are still to come.
    pub fn new(grep: &str) -> Log {
        Log { entries: None, filter: TextInput::new(grep), typing: false, list: ListState::default() }
    }

    /// Takes the newest entries, or why they cannot be read.
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

    /// Takes pasted text into the filter while it is typed.
    pub fn paste(&mut self, text: &str) {
        if self.typing {
            self.filter.insert(text);
        }
    }

    /// Draws the log and returns the cursor while the filter is typed.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let undo = look.keymap.key(Verb::Undo);
        let filter = look.keymap.key(Verb::Filter);
        let title = Title {
            name: "Log",
            detail: "newest first".into(),
            keys: if self.typing {
                Title::keys(&[("enter", "search"), ("esc", "clear")])
            } else if !matches!(&self.entries, Some(Ok(entries)) if !entries.is_empty()) {
                vec![("esc".to_owned(), "close"), (filter, "filter")]
            } else {
                vec![(undo, "undo"), ("esc".to_owned(), "close"), (filter, "filter")]
            },
            ..Title::default()
        };
        let mut inner = open_box(screen, (104, 34), &title, buf, look);
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
            Some(Ok(entries)) if entries.is_empty() => "No entries.".to_owned(),
            Some(Ok(_)) => String::new(),
        };
        draw_empty(inner, buf, &[sentence], theme);
        let mut list = self.list;
        let entries = self.operations();
        Rows { list: &mut list, len: entries.len(), focus: Focus::Here, theme }
            .draw(inner, buf, &|at, width| operation_row(&entries[at], entries.get(at + 1), width, look));
        self.list = list;
        cursor.filter(|_| self.typing)
    }
}

fn operation_row(entry: &Operation, older: Option<&Operation>, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let state = match (entry.undone_by, entry.reversible) {
        (Some(by), _) => format!("undone by {by}"),
        (None, true) => "can be undone".to_owned(),
        (None, false) => String::new(),
    };
    let id = format!("{:>4} ", entry.id);
    let age = format!("{:>4} ", age(look.now.wall, entry.at));
    let verb = pad(&safe(&entry.verb), 16);
    let reason = entry.detail.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default();
    let over = [entry.unread(), entry.passed_over()].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let back = older.map_or(0, |older| older.at.0.saturating_sub(entry.at.0));
    let clock = u64::try_from(back)
        .ok()
        .filter(|ms| *ms > 0)
        .map(|ms| format!("the system clock was set back by {}", span(ms)));
    let notes = [entry.subject.as_str(), clock.as_deref().unwrap_or_default(), &over, reason];
    let subject = safe(&notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("  "));
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
