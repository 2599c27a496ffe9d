//! The form of a call by scenario: scenario, tags and input; and the candidates with reasons.

use super::{Reply, Typed, open_box};
use crate::engine::{CallRequest, Candidates, DEFAULT_ATTEMPTS, EngineError};
use crate::tui::effect::CallStep;
use crate::tui::ink::Ink;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe, wrap};
use crate::tui::widget::fields::{Fields, FieldsEvent};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use serde_json::Value;

/// The state of the form.
pub struct CallForm {
    /// The number of the request whose candidates are awaited.
    pub ticket: u64,
    fields: Fields,
    /// The last request, and its candidates.
    looked: Option<(CallRequest, Result<Candidates, EngineError>)>,
    /// The pending request.
    asked: Option<CallRequest>,
}

impl CallForm {
    /// A form for a scenario, which may be empty.
    pub fn new(scenario: &str) -> CallForm {
        let fields = Fields::default()
            .text("wanted", scenario, "what you need, in words: translate english to french")
            .needed()
            .text("tags", "", "only tools with all of these tags")
            .text("input", "", "KEY=VALUE … or a JSON object");
        CallForm { ticket: 0, fields, looked: None, asked: None }
    }

    /// Restores a draft and the history of submissions.
    pub fn remember(&mut self, draft: Option<&[String]>, earlier: &[Vec<String>]) {
        self.fields.remember(draft, earlier);
    }

    /// The typed values, to be kept as a draft.
    pub fn typed(&self) -> Typed {
        Typed::of("call", &self.fields)
    }

    /// Handles a key: the first submission shows the candidates, the second calls; esc closes.
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

    /// The first submission requests the candidates; a second one without changes calls.
    fn send(&mut self) -> Reply {
        let request = match self.request() {
            Ok(request) => request,
            Err((field, why)) => {
                self.fields.refuse(field, why);
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

    /// The request in the fields.
    ///
    /// # Errors
    /// The field that is missing or invalid, and why.
    fn request(&self) -> Result<CallRequest, (&'static str, String)> {
        let scenario = self.fields.value("wanted");
        if scenario.is_empty() {
            return Err(("wanted", "describe what you need".to_owned()));
        }
        let tags = self.fields.value("tags");
        let (input, sets) = read_input(&self.fields.value("input")).map_err(|why| ("input", why))?;
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

    /// Sets the candidates.
    pub fn set_candidates(&mut self, found: Result<Candidates, EngineError>) {
        if let Some(asked) = self.asked.take() {
            self.looked = Some((asked, found));
        }
    }

    /// Whether the listed tools are those that would be called now.
    fn is_ready(&self) -> bool {
        let current = self.request().ok();
        matches!(&self.looked, Some((looked, Ok(found))) if Some(looked) == current.as_ref() && !found.is_empty())
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let submit = if self.is_ready() { "run the first; if it fails, the next" } else { "list matching tools" };
        let title = Title { name: "Call", keys: self.fields.keys(submit), ..Title::default() };
        let inner = open_box(screen, (96, 24), &title, buf, look);
        let width = usize::from(inner.width);
        let height = self.fields.rows(inner.width).min(inner.height);
        let cursor = self.fields.draw(Rect { height, ..inner }, buf, theme);
        let below = inner.y + height + 1;
        let lines = match self.asked {
            Some(_) => vec![("loading …".to_owned(), theme.dim)],
            None => self.lines(width, look),
        };
        for (y, (line, style)) in (below..inner.bottom()).zip(lines) {
            buf.put(inner.x, y, cut(&line, width), width, style);
        }
        cursor
    }

    /// The candidates, and the excluded tools.
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

/// `KEY=VALUE` pairs, where a value continues until the next key; or one JSON object.
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
    use crossterm::event::{KeyCode, KeyModifiers};
    use serde_json::json;

    fn press(form: &mut CallForm, code: KeyCode) -> Reply {
        form.key(&KeyEvent::from(code))
    }

    fn submit(form: &mut CallForm) -> Reply {
        form.key(&KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL))
    }

    #[test]
    fn submitting_looks_first_and_calls_only_what_was_looked_at() {
        let mut form = CallForm::new("sing");
        let Reply::Call(request, CallStep::Look) = submit(&mut form) else { panic!("it looks first") };
        form.set_candidates(Ok(Candidates::default()));
        assert!(matches!(submit(&mut form), Reply::Call(_, CallStep::Look)), "nobody to call");
        let mut found = Candidates::default();
        found.candidates.push(crate::engine::Candidate::ordinary("singer"));
        form.set_candidates(Ok(found));
        assert_eq!(submit(&mut form), Reply::Call(request, CallStep::Begin));
        press(&mut form, KeyCode::Char('!'));
        assert!(matches!(submit(&mut form), Reply::Call(_, CallStep::Look)), "it changed since");
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
        assert_eq!(submit(&mut form), Reply::Stay);
        assert!(form.request().is_err());
    }
}
