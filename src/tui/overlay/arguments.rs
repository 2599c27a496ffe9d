//! A form for the arguments of a verb, one field each, as its row in the table of verbs names them.

use super::{Args, Reply, open_box};
use crate::action::{Arg, ArgKind, Form, Spec, Verb, spec};
use crate::domain::{Command, VerbCall};
use crate::tui::ink::Ink;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{cut, safe, wrap};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// What a switch holds when it is on.
const ON: &str = "yes";

/// The state of the form.
pub struct ArgumentForm {
    row: &'static Spec,
    fields: Vec<(&'static Arg, TextInput)>,
    at: usize,
    note: Option<String>,
}

impl ArgumentForm {
    /// A form that already holds these values. What only humans may say is not in it: a screen asks for that.
    pub fn new(verb: Verb, args: &Args) -> ArgumentForm {
        let row = spec(verb);
        let asked = row.args.iter().filter(|arg| !arg.human_only);
        let fields = asked.map(|arg| (arg, TextInput::new(args.get(arg.name).unwrap_or_default()))).collect();
        ArgumentForm { row, fields, at: 0, note: None }
    }

    /// The form of a call that was refused, to be corrected.
    pub fn refused(verb: Verb, call: &VerbCall, why: String) -> ArgumentForm {
        let mut form = ArgumentForm::new(verb, &Args::default());
        for (arg, input) in &mut form.fields {
            *input = TextInput::new(call.get(arg.name).unwrap_or_default());
        }
        form.note = Some(why);
        form
    }

    /// Takes a key: tab goes on, blank turns a switch, Enter carries it out, esc closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        let many = self.fields.len();
        match key.code {
            KeyCode::Esc => return Reply::Close,
            KeyCode::Enter => return self.send(),
            KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % many,
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + many - 1) % many,
            code => {
                let (arg, input) = &mut self.fields[self.at];
                if arg.kind != ArgKind::Switch {
                    input.key(key);
                } else if matches!(code, KeyCode::Char(' ') | KeyCode::Left | KeyCode::Right) {
                    *input = TextInput::new(if input.is_empty() { ON } else { "" });
                }
            }
        }
        Reply::Stay
    }

    /// Takes pasted text into the field that is typed in.
    pub fn paste(&mut self, text: &str) {
        let (arg, input) = &mut self.fields[self.at];
        if arg.kind != ArgKind::Switch {
            input.insert(text);
        }
    }

    fn send(&mut self) -> Reply {
        let mut call = VerbCall::new(self.row.name, &[]);
        for (at, (arg, input)) in self.fields.iter().enumerate() {
            let value = input.text().trim().to_owned();
            if !value.is_empty() {
                call.set(arg.name, value);
            } else if arg.required {
                self.at = at;
                self.note = Some(format!("missing {}: {}", arg.name, arg.doc));
                return Reply::Stay;
            }
        }
        Reply::Execute(Command::Verb(call))
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let title = Title {
            name: "Arguments",
            detail: self.row.name.to_owned(),
            remark: "esc close".to_owned(),
            remark_style: theme.dim,
        };
        let names = self.fields.iter().map(|(arg, _)| arg.name.len()).max().unwrap_or_default() as u16;
        // Two lines below the fields, two of the frame.
        let height = self.fields.len() as u16 + 4;
        let inner = open_box(screen, (96, height), &title, buf, look);
        let width = usize::from(inner.width);
        let room = usize::from(inner.height.saturating_sub(2)).max(1);
        let first = (self.at + 1).saturating_sub(room);
        let mut cursor = None;
        for (row, (at, (arg, input))) in (0..).zip(self.fields.iter().enumerate().skip(first).take(room)) {
            let y = inner.y + row;
            let style = if at == self.at { theme.accent } else { theme.dim };
            buf.put(inner.x, y, arg.name, width, style);
            let field = Rect { x: inner.x + names + 2, y, width: inner.width.saturating_sub(names + 2), height: 1 };
            if arg.kind == ArgKind::Switch {
                let word = if input.is_empty() { "○ no" } else { "● yes" };
                buf.put(field.x, y, word, usize::from(field.width), theme.text);
            } else {
                let position = input.draw(field, buf, theme.text);
                cursor = cursor.or((at == self.at).then_some(position));
            }
        }
        let help = format!("tab next · enter {} · an empty field changes nothing", self.row.name);
        let (lines, style) = match &self.note {
            Some(note) => (wrap(&safe(note), width), theme.warn),
            None => (vec![help, self.doc()], theme.dim),
        };
        for (line, y) in lines.iter().zip(inner.bottom().saturating_sub(2)..inner.bottom()) {
            buf.put(inner.x, y, cut(line, width), width, style);
        }
        cursor
    }

    /// What the field means that is typed in.
    fn doc(&self) -> String {
        let arg = self.fields[self.at].0;
        match (arg.form, arg.kind) {
            (Form::Repeated, _) => "KEY=VALUE, several separated by blanks".to_owned(),
            (_, ArgKind::Switch) => format!("space: {}", arg.doc),
            _ => arg.doc.to_owned(),
        }
    }
}
