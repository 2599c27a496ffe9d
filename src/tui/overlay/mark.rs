//! The form that marks a failure: the scenario, what went wrong, and its severity.

use super::{Reply, Typed, open_box};
use crate::domain::Severity;
use crate::engine::MarkRequest;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::safe;
use crate::tui::widget::fields::{Fields, FieldsEvent};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The effect of a mark.
const EFFECT: &str = "The tool ranks lower for this scenario, and callers are warned.";

/// The state of the form.
pub struct MarkForm {
    /// The known part: the tool, the run.
    request: MarkRequest,
    fields: Fields,
}

impl MarkForm {
    /// A form with the known values filled in.
    pub fn new(request: MarkRequest) -> MarkForm {
        let words: Vec<&str> = Severity::ALL.iter().map(|known| known.word()).collect();
        let chosen = Severity::ALL.iter().position(|known| *known == request.severity).unwrap_or(0);
        let fields = Fields::default()
            .text(
                "scenario",
                &request.scenario,
                format!("what you wanted the tool for, for example: parse JSON data. {EFFECT}"),
            )
            .needed()
            .text("what failed", &request.error, "what went wrong, in words")
            .choice("severity", &words, chosen, "how bad it is");
        MarkForm { request, fields }
    }

    /// Restores a draft and the history of submissions.
    pub fn remember(&mut self, draft: Option<&[String]>, earlier: &[Vec<String>]) {
        self.fields.remember(draft, earlier);
    }

    /// The typed values, to be kept as a draft.
    pub fn typed(&self) -> Typed {
        Typed::of(&format!("mark-failure {}", self.request.tool), &self.fields)
    }

    /// Handles a key: it edits, moves, marks, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        match self.fields.key(key) {
            FieldsEvent::None => Reply::Stay,
            FieldsEvent::Cancel => Reply::Close,
            FieldsEvent::Submit => self.send(),
        }
    }

    /// Inserts pasted text into the focused field.
    pub fn paste(&mut self, text: &str) {
        self.fields.paste(text);
    }

    fn send(&mut self) -> Reply {
        let (scenario, error) = (self.fields.value("scenario"), self.fields.value("what failed"));
        if scenario.is_empty() {
            self.fields.refuse("scenario", "describe what you wanted the tool for, for example: parse JSON data");
            return Reply::Stay;
        }
        let severity = Severity::ALL.get(self.fields.chosen("severity")).copied().unwrap_or(self.request.severity);
        Reply::MarkFailure(Box::new(MarkRequest { scenario, error, severity, ..self.request.clone() }))
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let run = self.request.run.map(|run| format!(", run #{run}")).unwrap_or_default();
        let detail = format!("of {}{run}", safe(&self.request.tool));
        let title = Title { name: "Mark failure", detail, keys: self.fields.keys("mark"), ..Title::default() };
        let inner = open_box(screen, (86, self.fields.box_rows(screen, 86)), &title, buf, look);
        self.fields.draw(inner, buf, look.theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn press(form: &mut MarkForm, code: KeyCode) -> Reply {
        form.key(&KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_mark_needs_a_scenario_and_says_how_bad_it_is() {
        let known = MarkRequest {
            tool: "x".to_owned(),
            run: None,
            scenario: String::new(),
            error: "boom".to_owned(),
            severity: Severity::Medium,
        };
        let mut form = MarkForm::new(known.clone());
        let submit = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert_eq!(form.key(&submit), Reply::Stay);
        form.paste("parse JSON data");
        for code in [KeyCode::Tab, KeyCode::Tab, KeyCode::Right] {
            press(&mut form, code);
        }
        let marked = MarkRequest { scenario: "parse JSON data".to_owned(), severity: Severity::High, ..known };
        assert_eq!(press(&mut form, KeyCode::Enter), Reply::MarkFailure(Box::new(marked)));
    }

    #[test]
    fn a_small_screen_shows_all_fields_and_what_is_missing() {
        for (width, height) in [(120, 40), (80, 24), (60, 20)] {
            let mut bench = crate::tui::testing::Bench::ready(width, height);
            bench.press("M");
            let screen = bench.screen();
            for text in ["›scenario *", "warned.", "what failed", "severity", "1 to fill in  * required"] {
                assert!(screen.contains(text), "{text}\n{screen}");
            }
        }
    }
}
