//! Recalls earlier inputs with up on the first field; and the keys of a form.

use super::FormView;
use crate::action::forms::{AS_JSON, CLEAR, EXAMPLE};
use serde_json::Value;

impl FormView {
    /// Sets earlier inputs, newest first, each with its source; up on the first field recalls them.
    pub fn with_earlier(self, earlier: Vec<(String, Value)>) -> FormView {
        FormView { earlier, ..self }
    }

    /// Sets whether the valid values were refused.
    pub fn set_refused(&mut self, refused: bool) {
        self.refused = refused;
    }

    /// The available keys with their effect, most important first; `submit` names the effect of submitting.
    pub fn keys(&self, submit: &'static str) -> Vec<(String, &'static str)> {
        let close = ("esc", "close (draft kept)");
        let mut keys = if self.is_whole() {
            vec![("ctrl-s", submit), close, (AS_JSON.key, "back to fields")]
        } else if self.takes_enter() {
            vec![("ctrl-s", submit), close, ("tab", "next field")]
        } else if self.is_last() {
            vec![("enter", submit), close, ("tab", "next field")]
        } else {
            vec![("ctrl-s", submit), close, ("enter", "next field")]
        };
        if !self.is_whole() {
            if self.is_at_first_row() && !self.earlier.is_empty() {
                keys.push(("up", "last inputs"));
            }
            keys.extend([CLEAR, AS_JSON].map(|row| (row.key, row.word)));
            if self.form.example_count() > 0 {
                keys.push((EXAMPLE.key, EXAMPLE.word));
            }
        }
        keys.into_iter().map(|(key, word)| (key.to_owned(), word)).collect()
    }

    /// Whether the cursor cannot move up: it is in the first row of the first field.
    pub(super) fn is_at_first_row(&self) -> bool {
        let is_first = !(0..self.focus).any(|index| self.can_focus(index));
        is_first && self.editor.as_ref().is_none_or(|editor| editor.cursor().0 == 0)
    }

    /// Recalls earlier inputs, an older one each time; after the oldest, the entered values.
    pub(super) fn recall(&mut self) {
        let (next, entered) = match self.recalled.take() {
            Some((shown, entered)) => (shown + 1, entered),
            None => (0, self.form.value()),
        };
        if let Some((source, value)) = self.earlier.get(next).cloned() {
            self.form.set_value(&value);
            (self.source, self.edited) = (Some(source), false);
            self.recalled = Some((next, entered));
        } else {
            self.form.set_value(&entered);
            self.source = None;
        }
        self.touched.clear();
        self.violations = self.form.violations();
        self.set_focus(self.focus.min(self.form.fields().len().saturating_sub(1)));
    }
}
