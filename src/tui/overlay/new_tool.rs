//! The form for a new tool: what to begin with, the language, the name, what it does.

use super::{Reply, open_box};
use crate::domain::{Command, ScaffoldTemplate, ScriptLanguage};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::cut;
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Columns of the names of the fields.
const NAMES: u16 = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Template,
    Language,
    Name,
    Words,
}

const FIELDS: [At; 4] = [At::Template, At::Language, At::Name, At::Words];

/// The state of the form.
pub struct NewToolForm {
    at: At,
    /// 0 is a specification, then the templates.
    template: usize,
    /// 0 is chosen by the words, then the languages.
    language: usize,
    name: TextInput,
    words: TextInput,
    note: Option<&'static str>,
}

impl NewToolForm {
    /// A form that already holds a name and a description; both may be empty.
    pub fn new(name: &str, words: &str) -> NewToolForm {
        NewToolForm {
            at: At::Template,
            template: 0,
            language: 0,
            name: TextInput::new(name),
            words: TextInput::new(words),
            note: None,
        }
    }

    /// Takes a key: tab goes on, left and right choose, Enter makes it, esc closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        match key.code {
            KeyCode::Esc => return Reply::Close,
            KeyCode::Enter => return self.send(),
            KeyCode::Tab | KeyCode::Down => self.go(1),
            KeyCode::BackTab | KeyCode::Up => self.go(FIELDS.len() - 1),
            _ => match self.at {
                At::Template => step(key, &mut self.template, ScaffoldTemplate::ALL.len() + 1),
                At::Language => step(key, &mut self.language, ScriptLanguage::ALL.len() + 1),
                At::Name => drop(self.name.key(key)),
                At::Words => drop(self.words.key(key)),
            },
        }
        Reply::Stay
    }

    fn go(&mut self, by: usize) {
        let at = FIELDS.iter().position(|field| *field == self.at).unwrap_or(0);
        self.at = FIELDS[(at + by) % FIELDS.len()];
    }

    /// Takes pasted text into the field that is typed in.
    pub fn paste(&mut self, text: &str) {
        match self.at {
            At::Name => self.name.insert(text),
            At::Words => self.words.insert(text),
            At::Template | At::Language => {}
        }
    }

    fn send(&mut self) -> Reply {
        let chosen = |at: usize| at.checked_sub(1);
        let template = chosen(self.template).and_then(|at| ScaffoldTemplate::ALL.get(at).copied());
        let language = chosen(self.language).and_then(|at| ScriptLanguage::ALL.get(at).copied());
        let (name, words) = (self.name.text().trim().to_owned(), self.words.text().trim().to_owned());
        if words.is_empty() && (template.is_none() || name.is_empty()) {
            self.at = if template.is_none() { At::Words } else { At::Name };
            self.note = Some("enter a name or a description");
            return Reply::Stay;
        }
        let name = (!name.is_empty()).then_some(name);
        Reply::Execute(Command::New { name, template, language, words })
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let title =
            Title { name: "New tool", detail: String::new(), remark: "esc close".into(), remark_style: theme.dim };
        let inner = open_box(screen, (86, 10), &title, buf, look);
        let width = usize::from(inner.width);
        let templates: Vec<&str> =
            ["specification"].into_iter().chain(ScaffoldTemplate::ALL.iter().map(|t| t.word())).collect();
        let languages: Vec<&str> =
            ["auto-detect"].into_iter().chain(ScriptLanguage::ALL.iter().map(|l| l.word())).collect();
        let mut cursor = None;
        for (row, at) in (0..).zip(FIELDS) {
            let y = inner.y + row;
            if y + 1 >= inner.bottom() {
                break;
            }
            let style = if at == self.at { theme.accent } else { theme.dim };
            let name = match at {
                At::Template => "start from",
                At::Language => "language",
                At::Name => "name",
                At::Words => "description",
            };
            buf.put(inner.x, y, name, width, style);
            let field = Rect { x: inner.x + NAMES + 1, y, width: inner.width.saturating_sub(NAMES + 1), height: 1 };
            match at {
                At::Template => choice(&templates, self.template, field, buf, look),
                At::Language => choice(&languages, self.language, field, buf, look),
                At::Name | At::Words => {
                    let input = if at == At::Name { &self.name } else { &self.words };
                    let position = input.draw(field, buf, theme.text);
                    cursor = cursor.or((at == self.at).then_some(position));
                }
            }
        }
        let about = if self.template == 0 {
            "enter: open a review of a specification; the tool is created after approval"
        } else {
            "enter: create an experimental tool that passes its own tests; nothing is overwritten"
        };
        let (note, style) = self.note.map_or((about, theme.dim), |note| (note, theme.warn));
        buf.put(inner.x, inner.bottom().saturating_sub(2), cut("tab next · ←→ choose", width), width, theme.dim);
        buf.put(inner.x, inner.bottom().saturating_sub(1), cut(note, width), width, style);
        cursor
    }
}

fn step(key: &KeyEvent, at: &mut usize, many: usize) {
    match key.code {
        KeyCode::Right | KeyCode::Char('l' | ' ') => *at = (*at + 1) % many,
        KeyCode::Left | KeyCode::Char('h') => *at = (*at + many - 1) % many,
        _ => {}
    }
}

/// Draws words of which one is chosen; where they do not fit, the chosen one alone.
fn choice(words: &[&str], chosen: usize, area: Rect, buf: &mut Buffer, look: Look) {
    let theme = look.theme;
    let whole: usize = words.iter().map(|word| word.chars().count() + 4).sum();
    let fits = whole <= usize::from(area.width);
    let shown = words.iter().enumerate().filter(|(at, _)| fits || *at == chosen);
    let spans: Vec<Span> = shown
        .map(|(at, word)| {
            let (sign, style) = if at == chosen { ("●", theme.accent) } else { ("○", theme.dim) };
            Span::styled(format!("{sign} {word}  "), style)
        })
        .collect();
    buf.put_line(area.x, area.y, &Line::from(spans), area.width);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyModifiers;

    fn press(form: &mut NewToolForm, codes: &[KeyCode]) -> Option<Command> {
        let mut last = Reply::Stay;
        for code in codes {
            last = form.key(&KeyEvent::new(*code, KeyModifiers::NONE));
        }
        match last {
            Reply::Execute(command) => Some(command),
            _ => None,
        }
    }

    #[test]
    fn nothing_is_made_of_an_empty_form() {
        assert_eq!(press(&mut NewToolForm::new("", ""), &[KeyCode::Enter]), None);
        assert_eq!(press(&mut NewToolForm::new("", ""), &[KeyCode::Right, KeyCode::Enter]), None);
    }

    #[test]
    fn what_was_chosen_and_typed_is_what_is_made() {
        let mut form = NewToolForm::new("", "");
        let keys = [KeyCode::Right, KeyCode::Tab, KeyCode::Left, KeyCode::Tab, KeyCode::Char('n'), KeyCode::Enter];
        let made = Command::New {
            name: Some("n".into()),
            template: Some(ScaffoldTemplate::CliWrapper),
            language: Some(ScriptLanguage::Shell),
            words: String::new(),
        };
        assert_eq!(press(&mut form, &keys), Some(made));
        let words = Command::New { name: None, template: None, language: None, words: "joins".into() };
        assert_eq!(press(&mut NewToolForm::new("", "joins"), &[KeyCode::Enter]), Some(words));
    }
}
