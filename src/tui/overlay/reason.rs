//! The reason of a rejection or a request for changes. It must be typed, because the author of the tool reads it.

use super::guard::Guard;
use super::{Reply, open_box};
use crate::domain::{DecisionKind, DecisionRequest, Digest, ReviewId, is_hidden};
use crate::tui::ink::{Ink, draw_editor};
use crate::tui::now::Now;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe};
use crate::tui::widget::fields::submits;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_textarea::{TextArea, WrapMode};

/// The state of the prompt.
pub struct ReasonPrompt {
    review: ReviewId,
    digest: Digest,
    kind: DecisionKind,
    subject: String,
    area: TextArea<'static>,
    note: Option<&'static str>,
    pub(super) guard: Guard,
}

impl ReasonPrompt {
    /// A prompt for a decision on `subject`, beginning with what was typed before.
    pub fn new(review: ReviewId, digest: Digest, kind: DecisionKind, subject: String, draft: &str) -> ReasonPrompt {
        let mut area = TextArea::new(draft.lines().map(str::to_owned).collect());
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_cursor_line_style(Style::new());
        area.move_cursor(tui_textarea::CursorMove::Bottom);
        area.move_cursor(tui_textarea::CursorMove::End);
        ReasonPrompt { review, digest, kind, subject, area, note: None, guard: Guard::default() }
    }

    fn text(&self) -> String {
        self.area.lines().join("\n").trim().to_owned()
    }

    /// Handles a key: Enter sends, alt-enter and ctrl-j begin a new line, esc keeps a draft.
    pub fn key(&mut self, key: &KeyEvent, now: Now) -> Reply {
        if key.code == KeyCode::Esc {
            return Reply::KeepDraft(self.review, self.kind, self.text());
        }
        let counts = self.guard.admits(now);
        self.note = None;
        let modified = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL | KeyModifiers::SHIFT);
        match key.code {
            _ if submits(key) => return self.send(counts),
            KeyCode::Enter if !modified => return self.send(counts),
            KeyCode::Enter => self.area.insert_newline(),
            KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => self.area.insert_newline(),
            KeyCode::Char(c) if is_hidden(c) => {}
            _ if !counts => self.note = Some("key ignored: wait half a second, then type"),
            _ => {
                self.area.input(*key);
            }
        }
        Reply::Stay
    }

    fn send(&mut self, counts: bool) -> Reply {
        let reason = self.text();
        if reason.is_empty() {
            self.note = Some("a reason is needed: the author of the tool reads it");
        } else if !counts {
            self.note = Some("wait half a second, then press enter");
        } else {
            let request = DecisionRequest::new(self.review, self.digest, self.kind);
            return Reply::Decide(Box::new(DecisionRequest { reason: Some(reason), ..request }));
        }
        Reply::Stay
    }

    /// Inserts pasted text into the reason; Enter must still be pressed after a pause.
    pub fn paste(&mut self, text: &str, now: Now) {
        let clean: String = text.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
        self.area.insert_str(clean);
        self.guard.disturb(now);
    }

    /// Draws the prompt and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let name = match self.kind {
            DecisionKind::Approve => "Approve",
            DecisionKind::Reject => "Reject",
            DecisionKind::RequestChanges => "Request changes",
        };
        let title = Title {
            name,
            detail: safe(&self.subject),
            keys: Title::keys(&[("enter", "send"), ("esc", "close (draft kept)"), ("alt-enter", "new line")]),
            ..Title::default()
        };
        let inner = open_box(screen, (72, 11), &title, buf, look);
        let width = usize::from(inner.width);
        let question = match self.kind {
            DecisionKind::RequestChanges => "What must change?",
            DecisionKind::Approve | DecisionKind::Reject => "Reason for rejecting",
        };
        buf.put(inner.x, inner.y, question, width, theme.text);
        let field = Rect { y: inner.y + 2, height: inner.height.saturating_sub(4), ..inner };
        let cursor = draw_editor(&self.area, field, buf);
        let (note, style) = match (self.note, self.guard.is_listening(look.now)) {
            (Some(note), _) => (note, theme.warn),
            (None, false) => ("wait …", theme.dim),
            (None, true) if self.text().is_empty() => ("type the reason, then press enter", theme.dim),
            (None, true) => ("enter sends it", theme.dim),
        };
        buf.put(inner.x, inner.bottom().saturating_sub(1), cut(note, width), width, style);
        cursor
    }
}
