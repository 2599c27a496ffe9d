//! A comment on a version: its kind is chosen with tab, its text is typed.

use super::{Reply, open_box};
use crate::domain::{Command, CommentAnchor, CommentKind, ReviewId, is_hidden};
use crate::tui::ink::{Ink, Line, Span, draw_editor};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe};
use crate::tui::widget::fields::submits;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use tui_textarea::{TextArea, WrapMode};

/// The state of the prompt.
pub struct CommentPrompt {
    review: ReviewId,
    spot: CommentAnchor,
    kind: CommentKind,
    area: TextArea<'static>,
    note: Option<&'static str>,
}

impl CommentPrompt {
    /// A prompt for a comment on a place, with an earlier draft.
    pub fn new(review: ReviewId, spot: CommentAnchor, (kind, draft): (CommentKind, &str)) -> CommentPrompt {
        let mut area = TextArea::new(draft.lines().map(str::to_owned).collect());
        area.set_wrap_mode(WrapMode::WordOrGlyph);
        area.set_cursor_line_style(Style::new());
        area.move_cursor(tui_textarea::CursorMove::Bottom);
        area.move_cursor(tui_textarea::CursorMove::End);
        CommentPrompt { review, spot, kind, area, note: None }
    }

    fn text(&self) -> String {
        self.area.lines().join("\n").trim().to_owned()
    }

    /// Handles a key: tab changes the kind, Enter sends, alt-enter and ctrl-j begin a new line, esc keeps a draft.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        let modified = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::CONTROL | KeyModifiers::SHIFT);
        match key.code {
            KeyCode::Esc => return Reply::KeepComment(self.review, self.kind, self.text()),
            KeyCode::Tab => self.kind = next(self.kind, 1),
            KeyCode::BackTab => self.kind = next(self.kind, CommentKind::ALL.len() - 1),
            _ if submits(key) => return self.send(),
            KeyCode::Enter if !modified => return self.send(),
            KeyCode::Enter => self.area.insert_newline(),
            KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => self.area.insert_newline(),
            KeyCode::Char(c) if is_hidden(c) => {}
            _ => {
                self.area.input(*key);
            }
        }
        Reply::Stay
    }

    fn send(&mut self) -> Reply {
        let body = self.text();
        if body.is_empty() {
            self.note = Some("the comment is empty: type text, or press esc");
            return Reply::Stay;
        }
        let (review, spot, kind) = (self.review, self.spot.clone(), self.kind);
        Reply::Execute(Command::Comment { review, spot, kind, body })
    }

    /// Inserts pasted text into the comment.
    pub fn paste(&mut self, text: &str) {
        let clean: String = text.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
        self.area.insert_str(clean);
    }

    /// Draws the prompt with the lines that it refers to; returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let about = match (&self.spot.path, self.spot.lines) {
            (None, _) => "the whole tool".to_owned(),
            (Some(path), None) => safe(path),
            (Some(path), Some((first, last))) if first == last => format!("{}:{first}", safe(path)),
            (Some(path), Some((first, last))) => format!("{}:{first}-{last}", safe(path)),
        };
        let keys = Title::keys(&[
            ("enter", "send"),
            ("esc", "close (draft kept)"),
            ("tab", "kind"),
            ("alt-enter", "new line"),
        ]);
        let title = Title { name: "Comment", detail: about, keys, ..Title::default() };
        let inner = open_box(screen, (72, 11), &title, buf, look);
        let width = usize::from(inner.width);
        let mut spans = Vec::new();
        for kind in CommentKind::ALL {
            let (sign, style) = if *kind == self.kind { ("◉", theme.accent) } else { (" ", theme.dim) };
            spans.push(Span::styled(format!("{sign} {}  ", kind.word()), style));
        }
        buf.put_line(inner.x, inner.y, &Line::from(spans), inner.width);
        let field = Rect { y: inner.y + 2.min(inner.height), height: inner.height.saturating_sub(4), ..inner };
        let cursor = draw_editor(&self.area, field, buf);
        let note = self.note.unwrap_or_default();
        buf.put(inner.x, inner.bottom().saturating_sub(1), cut(note, width), width, theme.warn);
        cursor
    }
}

fn next(kind: CommentKind, by: usize) -> CommentKind {
    let all = CommentKind::ALL;
    let at = all.iter().position(|known| *known == kind).unwrap_or(0);
    all[(at + by) % all.len()]
}
