//! The last step of an approval: type the first four characters of the digest that is shown.
//!
//! Keys count only after the prompt was drawn and the keyboard was silent (see [`Guard`]); pasted
//! text never counts. A wrong character empties the field and the silence starts anew.

use super::guard::Guard;
use super::text_input::TextInput;
use super::{Decided, Reply, open_box};
use crate::domain::{DecisionKind, Digest, ReviewId};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::msg::Now;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe, wrap};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// How many characters of the digest are typed.
pub const DIGITS: usize = 4;

/// How far the prompt is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The digest is typed.
    Digits(String),
    /// The digest was right; a reason may be added.
    Reason(TextInput),
}

/// The state of the prompt.
pub struct DigestPrompt {
    review: ReviewId,
    digest: Digest,
    /// What a yes covers, one line.
    covers: String,
    /// What a yes does, one line.
    does: String,
    step: Step,
    note: Option<&'static str>,
    pub(super) guard: Guard,
}

impl DigestPrompt {
    /// A prompt for this digest. `covers` and `does` say what a yes means.
    pub fn new(review: ReviewId, digest: Digest, covers: String, does: String) -> DigestPrompt {
        let step = Step::Digits(String::new());
        DigestPrompt { review, digest, covers, does, step, note: None, guard: Guard::default() }
    }

    /// Takes a key.
    pub fn key(&mut self, key: &KeyEvent, now: Now) -> Reply {
        if key.code == KeyCode::Esc {
            return Reply::Close;
        }
        if !self.guard.admits(now) {
            self.note = Some("that key did not count: pause half a second, then type");
            return Reply::Stay;
        }
        self.note = None;
        match &mut self.step {
            Step::Digits(_) => self.digit(key, now),
            Step::Reason(reason) if key.code == KeyCode::Enter => {
                let reason = reason.text().trim().to_owned();
                let reason = (!reason.is_empty()).then_some(reason);
                let kind = DecisionKind::Approve;
                return Reply::Decide(Decided { review: self.review, digest: self.digest, kind, reason });
            }
            Step::Reason(reason) => {
                reason.key(key);
            }
        }
        Reply::Stay
    }

    fn digit(&mut self, key: &KeyEvent, now: Now) {
        let Step::Digits(typed) = &mut self.step else { return };
        match key.code {
            KeyCode::Backspace => {
                typed.pop();
            }
            KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
                typed.push(c.to_ascii_lowercase());
                if !self.digest.starts_with(typed) {
                    typed.clear();
                    self.note = Some("that is not the digest shown");
                    self.guard.disturb(now);
                } else if typed.len() == DIGITS {
                    self.step = Step::Reason(TextInput::default());
                }
            }
            _ => self.note = Some("only the characters of the digest count here"),
        }
    }

    /// Pasted text: noted, never taken.
    pub fn paste(&mut self, now: Now) {
        self.note = Some("pasted text does not count: type it");
        self.guard.disturb(now);
    }

    /// Draws the prompt and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Position {
        let theme = look.theme;
        let title = Title { name: "Approve", remark: "esc closes".into(), remark_style: theme.dim, ..Title::default() };
        let inner = open_box(screen, (72, 11), &title, buf, look);
        let width = usize::from(inner.width);
        let put = |buf: &mut Buffer, row: u16, line: Line| {
            if row < inner.height {
                buf.put_line(inner.x, inner.y + row, &line, inner.width);
            }
        };
        put(buf, 0, Line::styled(cut(&safe(&self.covers), width), theme.title));
        for (row, line) in (1..3).zip(wrap(&safe(&self.does), width)) {
            put(buf, row, Line::styled(line, theme.text));
        }
        let short = self.digest.short();
        let (head, tail) = short.split_at(DIGITS);
        let digest = vec![Span::raw("digest  "), Span::styled(head, theme.title), Span::raw(tail)];
        put(buf, 4, Line::from(digest));
        let listening = self.guard.is_listening(look.now);
        let cursor = match &self.step {
            Step::Digits(typed) => {
                let label = "type its first four characters: ";
                let field = format!("{typed}{}", "_".repeat(DIGITS - typed.len()));
                let style = if listening { theme.accent } else { theme.dim };
                put(buf, 6, Line::from(vec![Span::raw(label), Span::styled(field, style)]));
                Position::new(inner.x + label.len() as u16 + typed.len() as u16, inner.y + 6)
            }
            Step::Reason(reason) => {
                let label = "reason (may stay empty): ";
                put(buf, 6, Line::raw(label));
                let x = inner.x + label.len() as u16;
                let field = Rect { x, y: inner.y + 6, width: inner.right().saturating_sub(x), height: 1 };
                reason.draw(field, buf, theme.text)
            }
        };
        let (note, style) = match (&self.note, &self.step, listening) {
            (Some(note), ..) => (*note, theme.warn),
            (None, _, false) => ("wait …", theme.dim),
            (None, Step::Digits(_), true) => ("typing them approves exactly this digest, nothing later", theme.dim),
            (None, Step::Reason(_), true) => ("enter approves · esc does not", theme.accent),
        };
        put(buf, 8, Line::styled(cut(note, width), style));
        cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(steady_ms: u64) -> Now {
        Now { steady_ms, ..Now::default() }
    }

    fn prompt() -> (DigestPrompt, String) {
        let digest = Digest::of_bytes(b"x");
        let mut prompt = DigestPrompt::new(ReviewId(1), digest, "x 1.0.0".into(), String::new());
        prompt.guard.drawn(at(0));
        (prompt, digest.hex())
    }

    fn press(prompt: &mut DigestPrompt, c: char, ms: u64) -> Reply {
        let code = if c == '\n' { KeyCode::Enter } else { KeyCode::Char(c) };
        prompt.key(&KeyEvent::new(code, KeyModifiers::NONE), at(ms))
    }

    #[test]
    fn four_right_characters_and_enter_approve() {
        let (mut prompt, hex) = prompt();
        for (at, c) in hex.chars().take(4).enumerate() {
            assert_eq!(press(&mut prompt, c, 600 + 50 * at as u64), Reply::Stay);
        }
        for c in "ok".chars() {
            press(&mut prompt, c, 900);
        }
        let reply = press(&mut prompt, '\n', 1000);
        let digest = Digest::of_bytes(b"x");
        let reason = Some("ok".to_owned());
        assert_eq!(reply, Reply::Decide(Decided { review: ReviewId(1), digest, kind: DecisionKind::Approve, reason }));
    }

    #[test]
    fn typed_ahead_and_pasted_characters_do_not_count() {
        let (mut prompt, hex) = prompt();
        for round in 0..50 {
            for c in hex.chars().take(4).chain(['\n']) {
                assert_eq!(press(&mut prompt, c, 100 + round), Reply::Stay);
            }
        }
        prompt.paste(at(5_000));
        for c in hex.chars().take(4).chain(['\n']) {
            assert_eq!(press(&mut prompt, c, 5_100), Reply::Stay);
        }
        assert_eq!(prompt.step, Step::Digits(String::new()));
    }

    #[test]
    fn a_wrong_character_starts_anew() {
        let (mut prompt, hex) = prompt();
        let wrong = if hex.starts_with('0') { '1' } else { '0' };
        press(&mut prompt, wrong, 600);
        for c in hex.chars().take(4) {
            press(&mut prompt, c, 700);
        }
        assert_eq!(prompt.step, Step::Digits(String::new()));
    }
}
