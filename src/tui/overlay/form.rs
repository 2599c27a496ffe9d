//! The input of a run: a form made from the input schema, filled in with what was given last.

use super::{Reply, open_box};
use crate::domain::{Form, InputMode, Tool};
use crate::tui::ink::Ink;
use crate::tui::msg::ToolDossier;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::theme::Theme;
use crate::tui::widget::{FormEvent, FormView};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;
use std::sync::Arc;
use unicode_width::UnicodeWidthStr;

/// The state of the form.
pub struct RunForm {
    tool: Arc<Tool>,
    view: Option<FormView>,
}

impl RunForm {
    /// A form whose fields are still to come.
    pub fn loading(tool: Arc<Tool>) -> RunForm {
        RunForm { tool, view: None }
    }

    /// The tool to run.
    pub fn tool(&self) -> &Arc<Tool> {
        &self.tool
    }

    /// Whether the fields are still to come.
    pub fn is_loading(&self) -> bool {
        self.view.is_none()
    }

    /// Takes the fields, filled in with the draft, else with the last input. `false` when the tool
    /// takes no input.
    pub fn set(&mut self, dossier: &ToolDossier, draft: Option<&Value>) -> bool {
        let manifest = &dossier.detail.manifest;
        let silent = manifest.recipe.as_ref().is_some_and(|recipe| recipe.input == InputMode::None);
        let last = draft.or(dossier.last_input.as_ref());
        let form = Form::from_schema(manifest.input.as_ref(), last, &manifest.examples);
        if silent || form.is_empty() {
            return false;
        }
        self.view = Some(FormView::new(form));
        true
    }

    /// Edits a field, starts the run, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        let Some(view) = &mut self.view else {
            return if key.code == KeyCode::Esc { Reply::Close } else { Reply::Stay };
        };
        match view.handle_key(*key) {
            FormEvent::None => Reply::Stay,
            FormEvent::Submit(input) => Reply::Start(input),
            FormEvent::Cancel if view.is_edited() => Reply::KeepInput(view.form().value()),
            FormEvent::Cancel => Reply::Close,
        }
    }

    /// Takes pasted text: it is typed, never acted on.
    pub fn paste(&mut self, text: &str) {
        if let Some(view) = &mut self.view {
            view.handle_paste(text);
        }
    }

    /// Draws the fields with their errors.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) {
        let theme = look.theme;
        let detail = format!("{} {} · {}", self.tool.name, self.tool.version, self.tool.stage);
        let title = Title { name: "Run", detail, ..Title::default() };
        let fields = self.view.as_ref().map_or(1, |view| view.form().fields().len());
        let height = (fields as u16).saturating_mul(3).saturating_add(5).clamp(9, 36);
        let inner = open_box(screen, (92, height), &title, buf, look);
        let Some(view) = &mut self.view else {
            buf.put(inner.x, inner.y, "loading input fields …", usize::from(inner.width), theme.dim);
            return;
        };
        let body = Rect { height: inner.height.saturating_sub(1), ..inner };
        view.render(body, buf, theme);
        draw_hints(view.hints(), Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner }, buf, theme);
    }
}

/// Whole hints from the left, as many as fit.
fn draw_hints(hints: &[(&str, &str)], area: Rect, buf: &mut Buffer, theme: &Theme) {
    let mut x = area.x;
    for (key, word) in hints {
        let width = (key.width() + 1 + word.width()) as u16;
        if x + width > area.right() {
            return;
        }
        buf.put(x, area.y, key, key.width(), theme.accent);
        buf.put(x + key.width() as u16 + 1, area.y, word, word.width(), theme.text);
        x += width + 2;
    }
}
