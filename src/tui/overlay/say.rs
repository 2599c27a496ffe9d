//! Messages to an instance: an input line, and the messages below. Waiting for an answer blocks nothing: the box can be
//! closed, the instance keeps the answer, and the last line of the screen shows it.

use super::{Reply, Typed, open_box};
use crate::engine::EngineError;
use crate::tui::ink::Ink;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe};
use crate::tui::widget::fields::submits;
use crate::tui::widget::text_input::TextInput;
use crate::tui::widget::{Move, TextLine, TextView, Tone};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// How many lines of an answer are shown; the log of the instance contains all.
const MOST_LINES: usize = 2_000;

/// The state of the box.
pub struct SayBox {
    /// Name of the instance.
    pub instance: String,
    input: TextInput,
    /// Number of the message that has no answer yet.
    waiting: Option<u64>,
    /// The pending message, restored for editing if it was not sent.
    sent: String,
    view: TextView,
    lines: Vec<TextLine>,
    note: Option<String>,
    /// Sent messages, oldest first, and which of them is shown.
    earlier: Vec<String>,
    recalled: usize,
}

impl SayBox {
    /// A box for an instance, beginning with what was typed before; `earlier` are messages that were sent.
    pub fn new(instance: &str, draft: &str, earlier: Vec<String>) -> SayBox {
        SayBox {
            instance: instance.to_owned(),
            input: TextInput::new(draft),
            waiting: None,
            sent: String::new(),
            view: TextView::new(Vec::new()),
            lines: Vec::new(),
            note: None,
            recalled: earlier.len(),
            earlier,
        }
    }

    /// The typed values, to be kept as a draft.
    pub fn typed(&self) -> Typed {
        Typed {
            form: format!("say {}", self.instance),
            values: vec![self.input.text()],
            edited: !self.input.is_empty(),
        }
    }

    /// Shows an older or newer message; after the newest, an empty line.
    fn recall(&mut self, by: isize) {
        self.recalled = self.recalled.saturating_add_signed(by).min(self.earlier.len());
        self.input = TextInput::new(self.earlier.get(self.recalled).map_or("", String::as_str));
    }

    /// Handles a key: Enter sends, up and down recall sent messages, page keys scroll the answers, esc closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        match key.code {
            KeyCode::Esc => return Reply::Close,
            code if code != KeyCode::Enter && !submits(key) => self.edit(key),
            _ if self.waiting.is_some() => {
                self.note = Some("wait for the answer, or press esc: it is kept".to_owned());
            }
            _ if self.input.text().trim().is_empty() => {
                self.note = Some("type a message, or press esc".to_owned());
            }
            _ => return Reply::Say(self.instance.clone(), self.input.text().trim().to_owned()),
        }
        Reply::Stay
    }

    fn edit(&mut self, key: &KeyEvent) {
        match key.code {
            KeyCode::Up => self.recall(-1),
            KeyCode::Down => self.recall(1),
            KeyCode::PageUp => self.view.scroll(Move::Pages(-1)),
            KeyCode::PageDown => self.view.scroll(Move::Pages(1)),
            _ => drop(self.input.key(key)),
        }
    }

    /// Inserts pasted text into the message.
    pub fn paste(&mut self, text: &str) {
        self.input.insert(text);
    }

    /// A message was sent under this number.
    pub fn sending(&mut self, ticket: u64, message: &str) {
        self.waiting = Some(ticket);
        message.clone_into(&mut self.sent);
        self.earlier.push(message.to_owned());
        self.recalled = self.earlier.len();
        self.input.clear();
        self.add(&format!("> {message}"), Tone::Header);
    }

    /// Shows the answer to the message with this number; `false` if it belongs to another box.
    pub fn answered(&mut self, ticket: u64, answer: Result<&str, &EngineError>) -> bool {
        if self.waiting != Some(ticket) {
            return false;
        }
        (self.waiting, self.note) = (None, None);
        match answer {
            Ok(text) => self.add(text, Tone::Plain),
            Err(error) => {
                self.add(&error.message, Tone::Bad);
                if !error.hint.is_empty() {
                    self.add(&error.hint, Tone::Plain);
                }
            }
        }
        true
    }

    /// The message with this number was not sent, because something must be allowed first. It can be edited again.
    pub fn withheld(&mut self, ticket: u64) -> bool {
        let is_mine = self.waiting == Some(ticket);
        if is_mine {
            self.waiting = None;
            self.lines.pop();
            self.input = TextInput::new(&self.sent);
            self.lay_out();
        }
        is_mine
    }

    fn add(&mut self, text: &str, tone: Tone) {
        let lines = if text.is_empty() { vec![""] } else { text.lines().take(MOST_LINES).collect() };
        self.lines.extend(lines.into_iter().map(|line| TextLine::new(line, tone)));
        self.lay_out();
    }

    /// Shows the newest message with the beginning of its answer.
    fn lay_out(&mut self) {
        let size = self.view.size();
        self.view = TextView::new(self.lines.clone());
        self.view.set_size(size);
        self.view.scroll(Move::Bottom);
        let newest = self.lines.iter().rposition(|line| line.pieces().any(|piece| piece.tone() == Tone::Header));
        if let Some(newest) = newest.filter(|newest| *newest < self.view.on_screen().start) {
            self.view.show_line(newest);
        }
    }

    /// Draws the box and returns where the cursor is.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let name = format!("Say to {}", safe(&self.instance));
        let mut keys = Title::keys(&[("enter", "send"), ("esc", "close (draft kept)")]);
        if !self.earlier.is_empty() {
            keys.push(("↑↓".to_owned(), "last messages"));
        }
        keys.push(("pgup/pgdn".to_owned(), "scroll"));
        let title = Title { name: &name, keys, ..Title::default() };
        let inner = open_box(screen, (92, 18), &title, buf, look);
        let width = usize::from(inner.width);
        if inner.height < 2 {
            return None;
        }
        buf.put(inner.x, inner.y, "message", width, theme.accent);
        let field = Rect { x: inner.x + 9, width: inner.width.saturating_sub(9), height: 1, ..inner };
        let cursor = self.input.draw(field, buf, theme.text);
        let said = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
        if !said.is_empty() {
            self.view.render(said, buf, theme);
        }
        let (note, style) = match (&self.note, self.waiting) {
            (Some(note), _) => (note.as_str(), theme.warn),
            (None, Some(_)) => ("waiting for the answer … esc closes; the answer is kept", theme.warn),
            (None, None) => ("", theme.dim),
        };
        buf.put(inner.x, inner.bottom() - 1, cut(note, width), width, style);
        Some(cursor)
    }
}
