//! Buffers and how full they are; keys flush one, try again what was set aside in it, and throw away what is in it.

use super::{Args, Reply, browse, open_box};
use crate::action::Verb;
use crate::engine::{BufferStatus, EngineError};
use crate::tui::ink::{Ink, Span};
use crate::tui::keymap::Keymap;
use crate::tui::list::ListState;
use crate::tui::pane::rows::{Focus, Look, Rows, Title, draw_empty};
use crate::tui::phrase::{age, cut, pad, safe};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The state of the list.
#[derive(Default)]
pub struct BufferList {
    rows: Vec<BufferStatus>,
    list: ListState,
    /// What to say when there is no row.
    empty: String,
}

impl BufferList {
    /// A list that is still to come.
    pub fn awaited() -> BufferList {
        BufferList { empty: "Loading buffers …".to_owned(), ..BufferList::default() }
    }

    /// Takes what came; the selection stays on the same buffer.
    pub fn set(&mut self, buffers: &Result<Vec<BufferStatus>, EngineError>) {
        let selected = self.rows.get(self.list.selected).map(|row| row.buffer_id.clone());
        match buffers {
            Ok(rows) => {
                "No buffers. To write one, run toolsmith buffer write ITEM in a shell.".clone_into(&mut self.empty);
                self.rows.clone_from(rows);
            }
            Err(error) => {
                self.rows.clear();
                self.empty = safe(&error.message);
            }
        }
        let at = self.rows.iter().position(|row| Some(&row.buffer_id) == selected.as_ref());
        self.list.selected = at.unwrap_or(0);
    }

    /// Moves the selection, flushes, retries or clears a buffer, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        let operation = match key.code {
            KeyCode::Char('f') => "flush",
            KeyCode::Char('R') => "retry",
            KeyCode::Char('x') => "clear",
            _ => return browse(&mut self.list, self.rows.len(), key, keymap),
        };
        self.rows.get(self.list.selected).map_or(Reply::Stay, |row| {
            let mut args = Args::default();
            args.push("operation", operation.to_owned());
            args.push("buffer", row.buffer_id.to_string());
            Reply::Invoke(Verb::Buffer, args)
        })
    }

    /// Draws the list, and below it why the selected one is not flushed.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let theme = look.theme;
        let title = Title {
            name: "Buffers",
            detail: "by name".to_owned(),
            keys: Title::keys(&[("f", "flush"), ("esc", "close"), ("R", "retry what is set aside"), ("x", "clear")]),
            ..Title::default()
        };
        let inner = open_box(screen, (104, 24), &title, buf, look);
        if self.rows.is_empty() {
            draw_empty(inner, buf, std::slice::from_ref(&self.empty), theme);
        }
        let why = self.rows.get(self.list.selected).and_then(|row| row.last_error.as_deref());
        let area = Rect { height: inner.height.saturating_sub(u16::from(why.is_some())), ..inner };
        let rows = &self.rows;
        Rows { list: &mut self.list, len: rows.len(), focus: Focus::Here, theme }
            .draw(area, buf, &|at, width| row(&rows[at], width, look));
        if let Some(why) = why {
            let room = usize::from(inner.width);
            buf.put(inner.x, area.bottom(), cut(&safe(why), room), room, theme.warn);
        }
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
    use crossterm::event::KeyModifiers;

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
        assert_eq!(press(&mut list, KeyCode::Char('f')), None, "there is none yet");
        list.set(&Ok(vec![status("b"), status("c")]));
        press(&mut list, KeyCode::Down);
        assert_eq!(press(&mut list, KeyCode::Char('x')), Some(("clear".to_owned(), "c".to_owned())));
        list.set(&Ok(vec![status("a"), status("b"), status("c")]));
        assert_eq!(press(&mut list, KeyCode::Char('f')), Some(("flush".to_owned(), "c".to_owned())));
        list.set(&Ok(vec![status("a")]));
        assert_eq!(press(&mut list, KeyCode::Char('f')), Some(("flush".to_owned(), "a".to_owned())));
    }
}
