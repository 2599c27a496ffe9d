//! The form of a call by scenario: what is wanted, with which tags, of which input; and who would be tried, and why.

use super::{Reply, open_box};
use crate::engine::{CallRequest, Candidates, DEFAULT_ATTEMPTS, EngineError};
use crate::tui::effect::CallStep;
use crate::tui::ink::Ink;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe, wrap};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use serde_json::Value;

/// Columns of the names of the fields.
const NAMES: u16 = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Scenario,
    Tags,
    Input,
}

const FIELDS: [At; 3] = [At::Scenario, At::Tags, At::Input];

/// The state of the form.
pub struct CallForm {
    /// Given with the request whose candidates are waited for.
    pub ticket: u64,
    at: At,
    scenario: TextInput,
    tags: TextInput,
    input: TextInput,
    /// What was asked last, and who would be tried.
    looked: Option<(CallRequest, Result<Candidates, EngineError>)>,
    /// What is being looked for.
    asked: Option<CallRequest>,
    note: Option<String>,
}

impl CallForm {
    /// A form for a scenario, which may be empty.
    pub fn new(scenario: &str) -> CallForm {
        CallForm {
            ticket: 0,
            at: At::Scenario,
            scenario: TextInput::new(scenario),
            tags: TextInput::default(),
            input: TextInput::default(),
            looked: None,
            asked: None,
            note: None,
        }
    }

    /// Takes a key: tab goes on, Enter shows who would be tried, and again calls; esc closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        match key.code {
            KeyCode::Esc => return Reply::Close,
            KeyCode::Enter => return self.send(),
            KeyCode::Tab | KeyCode::Down => self.go(1),
            KeyCode::BackTab | KeyCode::Up => self.go(FIELDS.len() - 1),
            _ => drop(self.field().key(key)),
        }
        Reply::Stay
    }

    fn go(&mut self, by: usize) {
        let at = FIELDS.iter().position(|field| *field == self.at).unwrap_or(0);
        self.at = FIELDS[(at + by) % FIELDS.len()];
    }

    fn field(&mut self) -> &mut TextInput {
        match self.at {
            At::Scenario => &mut self.scenario,
            At::Tags => &mut self.tags,
            At::Input => &mut self.input,
        }
    }

    /// Takes pasted text into the field that is typed in.
    pub fn paste(&mut self, text: &str) {
        self.field().insert(text);
    }

    /// The first Enter asks who would be tried; the second one, when nothing was changed since, calls.
    fn send(&mut self) -> Reply {
        let request = match self.request() {
            Ok(request) => request,
            Err(why) => {
                self.note = Some(why);
                return Reply::Stay;
            }
        };
        match &self.looked {
            Some((looked, Ok(found))) if *looked == request && !found.is_empty() => {
                Reply::Call(Box::new(request), CallStep::Begin)
            }
            _ => {
                self.asked = Some(request.clone());
                Reply::Call(Box::new(request), CallStep::Look)
            }
        }
    }

    /// What the fields ask for.
    ///
    /// # Errors
    /// What is missing or cannot be read.
    fn request(&self) -> Result<CallRequest, String> {
        let scenario = self.scenario.text().trim().to_owned();
        if scenario.is_empty() {
            return Err("describe what you need".to_owned());
        }
        let tags = self.tags.text();
        let (input, sets) = read_input(self.input.text().trim())?;
        Ok(CallRequest {
            scenario,
            tags: tags.split([',', ' ']).filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
            capabilities: Vec::new(),
            input,
            sets,
            timeout: None,
            max_attempts: DEFAULT_ATTEMPTS,
            go_on: false,
        })
    }

    /// Takes who would be tried.
    pub fn set_candidates(&mut self, found: Result<Candidates, EngineError>) {
        if let Some(asked) = self.asked.take() {
            self.looked = Some((asked, found));
        }
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let remark = "tab next · esc close".to_owned();
        let title = Title { name: "Call", detail: String::new(), remark, remark_style: theme.dim };
        let inner = open_box(screen, (96, 24), &title, buf, look);
        let width = usize::from(inner.width);
        let mut cursor = None;
        for (row, at) in (0..).zip(FIELDS) {
            let (name, input) = match at {
                At::Scenario => ("wanted", &self.scenario),
                At::Tags => ("tags", &self.tags),
                At::Input => ("input", &self.input),
            };
            let y = inner.y + row;
            if y >= inner.bottom() {
                break;
            }
            buf.put(inner.x, y, name, width, if at == self.at { theme.accent } else { theme.dim });
            let field = Rect { x: inner.x + NAMES + 1, y, width: inner.width.saturating_sub(NAMES + 1), height: 1 };
            let position = input.draw(field, buf, theme.text);
            cursor = cursor.or((at == self.at).then_some(position));
        }
        let (note, style) = self.says(look);
        let below = inner.y + FIELDS.len() as u16 + 1;
        if inner.bottom() > below {
            buf.put(inner.x, inner.bottom() - 1, cut(&note, width), width, style);
            let rows = usize::from(inner.bottom() - 1 - below);
            for (y, (line, style)) in (below..).zip(self.lines(width, look).into_iter().take(rows)) {
                buf.put(inner.x, y, &line, width, style);
            }
        }
        cursor
    }

    /// The last line: what Enter does, or what is wrong.
    fn says(&self, look: Look) -> (String, Style) {
        if let Some(note) = &self.note {
            return (safe(note), look.theme.warn);
        }
        let current = self.request().ok();
        let text = match &self.looked {
            _ if self.asked.is_some() => "loading …",
            Some((looked, Ok(found))) if Some(looked) == current.as_ref() && !found.is_empty() => {
                "enter: run the first tool; if it fails, try the next"
            }
            _ => "enter: list matching tools with reasons; input: KEY=VALUE … or a JSON object",
        };
        (text.to_owned(), look.theme.dim)
    }

    /// Who would be tried, and who not.
    fn lines(&self, width: usize, look: Look) -> Vec<(String, Style)> {
        let theme = look.theme;
        match &self.looked {
            None => Vec::new(),
            Some((_, Err(error))) => {
                let texts = [(&error.message, theme.bad), (&error.hint, theme.text)];
                texts
                    .iter()
                    .flat_map(|(text, style)| wrap(&safe(text), width).into_iter().map(|l| (l, *style)))
                    .collect()
            }
            Some((_, Ok(found))) => {
                let mut lines = Vec::new();
                if found.is_empty() {
                    lines.push(("no tool is available for this".to_owned(), theme.warn));
                }
                for service in &found.services {
                    let why = wrap(&safe(&service.why), width.saturating_sub(3));
                    lines.push((cut(&safe(&format!("service {}", service.instance)), width), theme.text));
                    lines.extend(why.into_iter().map(|line| (format!("   {line}"), theme.dim)));
                }
                for (number, candidate) in (1..).zip(&found.candidates) {
                    let head = format!("{number}  {} {}  {}", candidate.tool, candidate.version, candidate.stage);
                    lines.push((cut(&safe(&head), width), theme.text));
                    let why = wrap(&safe(&candidate.why), width.saturating_sub(3));
                    lines.extend(why.into_iter().map(|line| (format!("   {line}"), theme.dim)));
                }
                for left in &found.left_out {
                    let text = format!("-  {}: {}", left.tool, left.why);
                    lines.push((cut(&safe(&text), width), theme.dim));
                }
                lines
            }
        }
    }
}

/// `KEY=VALUE` pairs, a value going on until the next key; or one JSON object.
fn read_input(text: &str) -> Result<(Option<Value>, Vec<String>), String> {
    if text.starts_with('{') {
        let object = serde_json::from_str(text).map_err(|error| format!("the input is not valid JSON: {error}"))?;
        return Ok((Some(object), Vec::new()));
    }
    let mut sets: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match sets.last_mut() {
            _ if word.contains('=') => sets.push(word.to_owned()),
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => return Err(format!("{word:?} is not KEY=VALUE")),
        }
    }
    Ok((None, sets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn press(form: &mut CallForm, code: KeyCode) -> Reply {
        form.key(&KeyEvent::from(code))
    }

    #[test]
    fn enter_looks_first_and_calls_only_what_was_looked_at() {
        let mut form = CallForm::new("sing");
        let Reply::Call(request, CallStep::Look) = press(&mut form, KeyCode::Enter) else { panic!("it looks first") };
        form.set_candidates(Ok(Candidates::default()));
        assert!(matches!(press(&mut form, KeyCode::Enter), Reply::Call(_, CallStep::Look)), "nobody to call");
        let mut found = Candidates::default();
        found.candidates.push(crate::engine::Candidate::ordinary("singer"));
        form.set_candidates(Ok(found));
        assert_eq!(press(&mut form, KeyCode::Enter), Reply::Call(request, CallStep::Begin));
        press(&mut form, KeyCode::Char('!'));
        assert!(matches!(press(&mut form, KeyCode::Enter), Reply::Call(_, CallStep::Look)), "it changed since");
    }

    #[test]
    fn an_input_is_pairs_whose_values_have_blanks_or_one_object() {
        let pairs = read_input("text=Hello my world to=fr").unwrap();
        assert_eq!(pairs, (None, vec!["text=Hello my world".to_owned(), "to=fr".to_owned()]));
        assert_eq!(read_input("{\"a\": 1}").unwrap(), (Some(json!({"a": 1})), Vec::new()));
        assert_eq!(read_input("").unwrap(), (None, Vec::new()));
        assert!(read_input("hello").is_err() && read_input("{a").is_err());
    }

    #[test]
    fn nothing_is_asked_without_words() {
        let mut form = CallForm::new(" ");
        assert_eq!(press(&mut form, KeyCode::Enter), Reply::Stay);
        assert!(form.note.is_some());
    }
}
