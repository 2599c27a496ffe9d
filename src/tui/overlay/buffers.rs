//! Buffers and their fill levels; keys flush a buffer, retry its set-aside items, and discard its content.

use super::keys::{BoxKey, browse, is_row};
use super::list_box::ListBox;
use super::{Args, Reply};
use crate::action::Verb;
use crate::action::boxes::{CLEAR_BUFFER, FLUSH, RETRY};
use crate::engine::{BufferStatus, EngineError};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, cut, pad, safe, wrap};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;

/// Lines below the list about the one that is selected.
const ABOUT: u16 = 3;

impl Listed for BufferStatus {
    type Key = String;

    fn key(&self) -> String {
        self.buffer_id.to_string()
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        let tool = self.pass_through_tool.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![self.buffer_id.as_str().into(), tool.into(), self.standing().into()]
    }
}

/// The state of the list.
#[derive(Default)]
pub struct BufferList {
    pub(super) list: Listing<BufferStatus>,
    /// The message if there are no rows.
    empty: String,
}

impl BufferList {
    /// A list whose data has not arrived yet.
    pub fn awaited() -> BufferList {
        BufferList { empty: "Loading buffers …".to_owned(), ..BufferList::default() }
    }

    /// Sets the data; the selection stays on the same buffer.
    pub fn set(&mut self, buffers: &Result<Vec<BufferStatus>, EngineError>) {
        match buffers {
            Ok(rows) => {
                "No buffers. To write one, run toolsmith buffer write ITEM in a shell.".clone_into(&mut self.empty);
                self.list.set(rows.clone());
            }
            Err(error) => {
                self.list.set(Vec::new());
                self.empty = safe(&error.message);
            }
        }
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let none = self.list.selected().is_none().then_some("no buffer is selected");
        [FLUSH, RETRY, CLEAR_BUFFER].map(|row| BoxKey::row(row).unless(none)).to_vec()
    }

    /// Moves the selection, flushes, retries or clears a buffer, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        let operations = [(FLUSH, "flush"), (RETRY, "retry"), (CLEAR_BUFFER, "clear")];
        let Some((_, operation)) = operations.into_iter().find(|(row, _)| is_row(*row, key)) else {
            return browse(&mut self.list, key, keymap);
        };
        self.list.selected().map_or(Reply::Stay, |row| {
            let mut args = Args::default();
            args.push("operation", operation.to_owned());
            args.push("buffer", row.buffer_id.to_string());
            Reply::Invoke(Verb::Buffer, args)
        })
    }

    /// Draws the list, and below it why the selected one is not flushed.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title = Title { name: "Buffers", detail: "by name".to_owned(), ..Title::default() };
        let about = |status: &BufferStatus, below: Rect| {
            let lines = wrap(&safe(status.last_error.as_deref().unwrap_or_default()), usize::from(below.width));
            lines.into_iter().map(|line| (line, look.theme.warn)).collect()
        };
        let (keys, empty) = (self.keys(), std::slice::from_ref(&self.empty));
        ListBox { title, keys, size: (104, 24), list: &mut self.list, empty, head: "" }.draw_with(
            screen,
            buf,
            look,
            row,
            (ABOUT, about),
        )
    }
}

fn row(status: &BufferStatus, width: usize, look: Look) -> Vec<Span> {
    let theme = look.theme;
    let name = (width / 4).clamp(10, 26);
    let fill = format!(" {:>6}/{:<6}", status.buffered_count, status.max_size);
    let since = format!(" {:>4}", age(look.now.wall, status.last_flush_at));
    let rule = if width >= 60 { 18 } else { 0 };
    let to = if width >= 80 { 20 } else { 0 };
    let state = width.saturating_sub(name + fill.len() + rule + to + since.len() + 1);
    let cell = |text: &str, room: usize| cut(&pad(&safe(text), room), room);
    let tool = status.pass_through_tool.as_deref().map_or("no receiver".to_owned(), |tool| format!("to {tool}"));
    let style = if status.needs_a_look() { theme.warn } else { theme.dim };
    vec![
        Span::styled(cell(status.buffer_id.as_str(), name), theme.text),
        Span::styled(fill, theme.text),
        Span::styled(cell(&format!(" {}", status.rule_words()), rule), theme.dim),
        Span::styled(cell(&format!(" {tool}"), to), theme.dim),
        Span::styled(cell(&format!(" {}", status.standing()), state), style),
        Span::styled(since, theme.dim),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Buffer as Kept, BufferId, Instant};
    use crossterm::event::{KeyCode, KeyModifiers};

    fn status(name: &str) -> BufferStatus {
        BufferStatus::of(&Kept::new(BufferId::new(name).unwrap(), "human", Instant(0)), Instant(9))
    }

    fn press(list: &mut BufferList, code: KeyCode) -> Option<(String, String)> {
        match list.key(&KeyEvent::new(code, KeyModifiers::NONE), &Keymap::default()) {
            Reply::Invoke(Verb::Buffer, args) => {
                Some((args.get("operation").unwrap().to_owned(), args.get("buffer").unwrap().to_owned()))
            }
            _ => None,
        }
    }

    #[test]
    fn the_keys_mean_the_selected_buffer_also_when_others_come() {
        let mut list = BufferList::awaited();
        assert_eq!(press(&mut list, KeyCode::Char('"')), None, "there is none yet");
        list.set(&Ok(vec![status("b"), status("c")]));
        press(&mut list, KeyCode::Down);
        assert_eq!(press(&mut list, KeyCode::Char('X')), Some(("clear".to_owned(), "c".to_owned())));
        list.set(&Ok(vec![status("a"), status("b"), status("c")]));
        assert_eq!(press(&mut list, KeyCode::Char('"')), Some(("flush".to_owned(), "c".to_owned())));
        list.set(&Ok(vec![status("a")]));
        assert_eq!(press(&mut list, KeyCode::Char('"')), Some(("flush".to_owned(), "a".to_owned())));
    }
}
