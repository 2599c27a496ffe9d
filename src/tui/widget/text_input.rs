//! One line of typed text, shared by filters, searches and prompts.

use crate::domain::SafeText;
use crate::tui::ink::Ink;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

/// The maximum length of a text, in characters; a longer paste is cut.
const MAX_CHARS: usize = 1000;

/// A line of text being typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextInput {
    text: Vec<char>,
    cursor: usize,
    /// Whether the text was filled in, so that typing replaces it.
    filled_in: bool,
}

impl TextInput {
    /// A field that already holds `text`, with the cursor at its end.
    pub fn new(text: &str) -> TextInput {
        let mut input = TextInput::default();
        input.insert(text);
        input
    }

    /// A field with a default text: typing replaces it until the cursor is moved.
    pub fn preset(text: &str) -> TextInput {
        TextInput { filled_in: !text.is_empty(), ..TextInput::new(text) }
    }

    /// The text as typed, not escaped.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the text is the default.
    pub fn is_filled_in(&self) -> bool {
        self.filled_in
    }

    /// Removes all text.
    pub fn clear(&mut self) {
        *self = TextInput::default();
    }

    /// Inserts text at the cursor; line breaks become blanks, other control characters are removed.
    pub fn insert(&mut self, text: &str) {
        self.replace_what_was_filled_in();
        for c in text.chars() {
            let c = if matches!(c, '\n' | '\t') { ' ' } else { c };
            if !c.is_control() && self.text.len() < MAX_CHARS {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
        }
    }

    fn replace_what_was_filled_in(&mut self) {
        if std::mem::take(&mut self.filled_in) {
            self.clear();
        }
    }

    /// Handles a key that edits or moves; `false` if the key has no meaning here.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.contains(KeyModifiers::ALT) {
            return false;
        }
        match key.code {
            KeyCode::Char('u') if control => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            KeyCode::Char('w') if control => self.delete_word(),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char(_) if control => return false,
            KeyCode::Char(c) => self.insert(c.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace | KeyCode::Delete if self.filled_in => self.clear(),
            KeyCode::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Backspace | KeyCode::Delete => {}
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => return false,
        }
        self.filled_in = false;
        true
    }

    fn delete_word(&mut self) {
        let mut start = self.cursor;
        while start > 0 && self.text[start - 1] == ' ' {
            start -= 1;
        }
        while start > 0 && self.text[start - 1] != ' ' {
            start -= 1;
        }
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    /// Draws the text on the first line of `area`, scrolled so that the cursor is visible. Returns where the cursor is.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, style: Style) -> Position {
        let room = usize::from(area.width).max(1) - 1;
        let before = safe(&self.text[..self.cursor]);
        let mut start = 0;
        while safe(&self.text[start..self.cursor]).width() > room {
            start += 1;
        }
        let shown = safe(&self.text[start..]);
        // Drawn as selected text, because the next character replaces it.
        let style = if self.filled_in { style.add_modifier(Modifier::REVERSED) } else { style };
        buf.put(area.x, area.y, &shown, usize::from(area.width), style);
        let column = if start == 0 { before.width() } else { safe(&self.text[start..self.cursor]).width() };
        Position::new(area.x + u16::try_from(column).unwrap_or(0), area.y)
    }
}

fn safe(chars: &[char]) -> String {
    SafeText::new(&chars.iter().collect::<String>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(input: &mut TextInput, code: KeyCode, modifiers: KeyModifiers) -> bool {
        input.key(&KeyEvent::new(code, modifiers))
    }

    #[test]
    fn typing_moving_and_deleting_edit_one_line() {
        let mut input = TextInput::new("one two");
        press(&mut input, KeyCode::Char('w'), KeyModifiers::CONTROL);
        assert_eq!(input.text(), "one ");
        press(&mut input, KeyCode::Home, KeyModifiers::NONE);
        press(&mut input, KeyCode::Char('X'), KeyModifiers::SHIFT);
        press(&mut input, KeyCode::Delete, KeyModifiers::NONE);
        assert_eq!(input.text(), "Xne ");
        press(&mut input, KeyCode::End, KeyModifiers::NONE);
        press(&mut input, KeyCode::Char('u'), KeyModifiers::CONTROL);
        assert!(input.is_empty());
        assert!(!press(&mut input, KeyCode::Enter, KeyModifiers::NONE));
    }

    #[test]
    fn pasted_lines_become_one_and_control_characters_stay_out() {
        let mut input = TextInput::default();
        input.insert("a\nb\u{1b}[2Jc");
        assert_eq!(input.text(), "a b[2Jc");
    }
}
