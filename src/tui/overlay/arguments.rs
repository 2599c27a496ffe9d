//! A form for the arguments of a verb, one field each, as its row in the table of verbs names them.

use super::{Args, Reply, Typed, open_box, verb_title};
use crate::action::{Arg, ArgKind, Form, Spec, Verb, spec};
use crate::domain::{Command, VerbCall};
use crate::engine::plain_verb;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::widget::fields::{Fields, FieldsEvent};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The state of the form.
pub struct ArgumentForm {
    row: &'static Spec,
    fields: Fields,
}

/// The requested arguments. Arguments only for humans are left out, because the screen asks for confirmation. So are
/// dry runs, because the question before a change shows the same, and the amount of output, because a screen folds.
fn asked(row: &'static Spec) -> impl Iterator<Item = &'static Arg> {
    row.args.iter().filter(|arg| !arg.human_only && !["dry-run", "full"].contains(&arg.name))
}

/// Whether a verb has an optional argument that is typed, such as a reason.
pub(super) fn has_optional_text(row: &'static Spec) -> bool {
    asked(row).any(|arg| !arg.required && arg.kind != ArgKind::Switch)
}

/// The form of a verb, with the value of each argument.
fn form(row: &'static Spec, value: impl Fn(&str) -> String) -> Fields {
    asked(row).fold(Fields::default(), |fields, arg| {
        let value = value(arg.name);
        let fields = match arg.kind {
            ArgKind::Switch => fields.switch(arg.name, !value.is_empty(), arg.doc),
            _ => fields.text(arg.name, &value, doc(arg)),
        };
        if arg.required { fields.needed() } else { fields }
    })
}

/// The meaning of a field.
fn doc(arg: &Arg) -> String {
    match arg.form {
        Form::Repeated if arg.kind == ArgKind::KeyValue => {
            format!("{}: KEY=VALUE, several separated by blanks", arg.doc)
        }
        Form::Repeated => format!("{}; several separated by blanks", arg.doc),
        _ => arg.doc.to_owned(),
    }
}

impl ArgumentForm {
    /// A form that already holds these values.
    pub fn new(verb: Verb, args: &Args) -> ArgumentForm {
        let row = spec(verb);
        ArgumentForm { row, fields: form(row, |name| args.get(name).unwrap_or_default().to_owned()).at_missing() }
    }

    /// The form of a refused call, for correction.
    pub fn refused(verb: Verb, call: &VerbCall, why: String) -> ArgumentForm {
        let row = spec(verb);
        let typed: Vec<String> = asked(row).map(|arg| call.get(arg.name).unwrap_or_default().to_owned()).collect();
        let mut fields = form(row, |_| String::new()).typed(&typed);
        fields.refuse_all(why);
        ArgumentForm { row, fields }
    }

    /// Restores a draft and the history of submissions.
    pub fn remember(&mut self, draft: Option<&[String]>, earlier: &[Vec<String>]) {
        self.fields.remember(draft, earlier);
    }

    /// The typed values, to be kept as a draft.
    pub fn typed(&self) -> Typed {
        Typed::of(self.row.name, &self.fields)
    }

    /// Handles a key: it edits, moves, carries it out, or closes.
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
        if let Some(arg) = asked(self.row).find(|arg| arg.required && self.fields.value(arg.name).is_empty()) {
            self.fields.refuse(arg.name, "required");
            return Reply::Stay;
        }
        if plain_verb(self.row.name).is_none() {
            return self.invoke();
        }
        let mut call = VerbCall::new(self.row.name, &[]);
        for arg in asked(self.row) {
            let value = self.fields.value(arg.name);
            if !value.is_empty() {
                call.set(arg.name, value);
            }
        }
        Reply::Execute(Command::Verb(call))
    }

    /// Passes the arguments to a verb with its own screen.
    fn invoke(&mut self) -> Reply {
        let mut args = Args::default();
        for arg in asked(self.row) {
            let value = self.fields.value(arg.name);
            if arg.form != Form::Repeated {
                args.push(arg.name, value);
                continue;
            }
            let Ok(words) = shell_words::split(&value) else {
                self.fields.refuse(arg.name, "a quote does not end");
                return Reply::Stay;
            };
            for word in words {
                args.push(arg.name, word);
            }
        }
        Reply::Invoke(self.row.verb, args)
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let name = verb_title(self.row.name);
        // If the first argument identifies the object, and no other is required, empty fields leave values unchanged.
        let may_be_empty = asked(self.row).skip(1).all(|arg| !arg.required);
        let title = Title {
            name: &name,
            remark: if may_be_empty { "an empty field changes nothing".to_owned() } else { String::new() },
            remark_style: look.theme.dim,
            keys: self.fields.keys(self.row.name),
            ..Title::default()
        };
        let inner = open_box(screen, (96, self.fields.box_rows(screen, 96)), &title, buf, look);
        self.fields.draw(inner, buf, look.theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    #[test]
    fn a_form_begins_at_what_is_missing_refuses_without_it_and_does_not_offer_to_try_the_verb() {
        let mut known = Args::default();
        known.push("tool", "flaky".into());
        let mut form = ArgumentForm::new(Verb::Grant, &known);
        let submit = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL);
        assert_eq!(form.key(&submit), Reply::Stay);
        assert_eq!(form.typed().values.len(), 3, "tool, agent and session");
        form.key(&KeyEvent::from(KeyCode::Char('r')));
        known.push("agent", "r".into());
        assert_eq!(form.key(&submit), Reply::Invoke(Verb::Grant, known));
    }
}
