//! The form that marks a failure: what the tool was wanted for, what went wrong, how bad it is.

use super::{Reply, open_box};
use crate::domain::Severity;
use crate::engine::MarkRequest;
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the names of the fields.
const NAMES: u16 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Scenario,
    Error,
    Severity,
}

const FIELDS: [At; 3] = [At::Scenario, At::Error, At::Severity];

/// The state of the form.
pub struct MarkForm {
    /// What is known already: the tool, the run.
    request: MarkRequest,
    at: At,
    scenario: TextInput,
    error: TextInput,
    note: Option<&'static str>,
}

impl MarkForm {
    /// A form that begins with what is known.
    pub fn new(request: MarkRequest) -> MarkForm {
        let (scenario, error) = (TextInput::new(&request.scenario), TextInput::new(&request.error));
        MarkForm { request, at: At::Scenario, scenario, error, note: None }
    }

    /// Takes a key: tab goes on, left and right choose, Enter marks, esc closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        match key.code {
            KeyCode::Esc => return Reply::Close,
            KeyCode::Enter => return self.send(),
            KeyCode::Tab | KeyCode::Down => self.go(1),
            KeyCode::BackTab | KeyCode::Up => self.go(FIELDS.len() - 1),
            _ => match self.at {
                At::Scenario => drop(self.scenario.key(key)),
                At::Error => drop(self.error.key(key)),
                At::Severity => self.choose(key),
            },
        }
        Reply::Stay
    }

    fn go(&mut self, by: usize) {
        let at = FIELDS.iter().position(|field| *field == self.at).unwrap_or(0);
        self.at = FIELDS[(at + by) % FIELDS.len()];
    }

    fn choose(&mut self, key: &KeyEvent) {
        let all = Severity::ALL;
        let at = all.iter().position(|known| *known == self.request.severity).unwrap_or(0);
        let by = match key.code {
            KeyCode::Right | KeyCode::Char('l' | ' ') => 1,
            KeyCode::Left | KeyCode::Char('h') => all.len() - 1,
            _ => return,
        };
        self.request.severity = all[(at + by) % all.len()];
    }

    /// Takes pasted text into the field that is typed in.
    pub fn paste(&mut self, text: &str) {
        match self.at {
            At::Scenario => self.scenario.insert(text),
            At::Error => self.error.insert(text),
            At::Severity => {}
        }
    }

    fn send(&mut self) -> Reply {
        let (scenario, error) = (self.scenario.text().trim().to_owned(), self.error.text().trim().to_owned());
        if scenario.is_empty() {
            self.at = At::Scenario;
            self.note = Some("describe the scenario: parse JSON data");
            return Reply::Stay;
        }
        Reply::MarkFailure(Box::new(MarkRequest { scenario, error, ..self.request.clone() }))
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let run = self.request.run.map(|run| format!(", run #{run}")).unwrap_or_default();
        let detail = format!("{}{run}", safe(&self.request.tool));
        let title = Title { name: "Mark as failed", detail, remark: "esc close".into(), remark_style: theme.dim };
        let inner = open_box(screen, (86, 9), &title, buf, look);
        let width = usize::from(inner.width);
        let mut cursor = None;
        for (row, at) in (0..).zip(FIELDS) {
            let y = inner.y + row;
            if y + 1 >= inner.bottom() {
                break;
            }
            let (name, input) = match at {
                At::Scenario => ("scenario", Some(&self.scenario)),
                At::Error => ("what failed", Some(&self.error)),
                At::Severity => ("severity", None),
            };
            buf.put(inner.x, y, name, width, if at == self.at { theme.accent } else { theme.dim });
            let field = Rect { x: inner.x + NAMES + 1, y, width: inner.width.saturating_sub(NAMES + 1), height: 1 };
            if let Some(input) = input {
                let position = input.draw(field, buf, theme.text);
                cursor = cursor.or((at == self.at).then_some(position));
            } else {
                let spans: Vec<Span> = Severity::ALL.iter().map(|known| self.choice(*known, look)).collect();
                buf.put_line(field.x, field.y, &Line::from(spans), field.width);
            }
        }
        let about = "it ranks lower, gets tags from these words, and callers are warned";
        let (note, style) = self.note.map_or((about, theme.dim), |note| (note, theme.warn));
        let help = "enter mark · tab next · ←→ choose";
        buf.put(inner.x, inner.bottom().saturating_sub(2), cut(help, width), width, theme.dim);
        buf.put(inner.x, inner.bottom().saturating_sub(1), cut(note, width), width, style);
        cursor
    }

    fn choice(&self, severity: Severity, look: Look) -> Span {
        let chosen = severity == self.request.severity;
        let (sign, style) = if chosen { ("●", look.theme.accent) } else { ("○", look.theme.dim) };
        Span::styled(format!("{sign} {severity}  "), style)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

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
        assert_eq!(press(&mut form, KeyCode::Enter), Reply::Stay);
        form.paste("parse JSON data");
        for code in [KeyCode::Tab, KeyCode::Tab, KeyCode::Right] {
            press(&mut form, code);
        }
        let marked = MarkRequest { scenario: "parse JSON data".to_owned(), severity: Severity::High, ..known };
        assert_eq!(press(&mut form, KeyCode::Enter), Reply::MarkFailure(Box::new(marked)));
    }
}
