//! The form for a new tool: template, language, name, description.

use super::{Reply, Typed, open_box};
use crate::domain::{Command, ScaffoldTemplate, ScriptLanguage};
use crate::engine::{QUESTIONS, unanswered};
use crate::tui::pane::rows::{Look, Title};
use crate::tui::widget::fields::{Fields, FieldsEvent};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The label of the first template: a specification first.
const SPECIFICATION: &str = "specification: reviewed first, then made; others create a tool that passes its tests";

/// The state of the form.
pub struct NewToolForm {
    fields: Fields,
    /// Whether missing details were already requested.
    has_asked: bool,
}

impl NewToolForm {
    /// A form that already holds a name and a description; both may be empty.
    pub fn new(name: &str, words: &str) -> NewToolForm {
        let templates: Vec<&str> =
            ["specification"].into_iter().chain(ScaffoldTemplate::ALL.iter().map(|t| t.word())).collect();
        let languages: Vec<&str> =
            ["auto-detect"].into_iter().chain(ScriptLanguage::ALL.iter().map(|l| l.word())).collect();
        let fields = Fields::default()
            .choice("start from", &templates, 0, SPECIFICATION)
            .choice("language", &languages, 0, "auto-detect takes it from the description")
            .text("name", name, "name of the tool, such as csv-stats; made from the description when it is empty")
            .text(
                "description",
                words,
                "what the tool shall do, in words; inputs, output and examples are read from it",
            )
            .needed();
        let fields = QUESTIONS.iter().fold(fields, |fields, question| fields.text(question.name, "", question.help));
        NewToolForm { fields, has_asked: false }
    }

    /// Restores a draft and the history of submissions.
    pub fn remember(&mut self, draft: Option<&[String]>, earlier: &[Vec<String>]) {
        self.fields.remember(draft, earlier);
    }

    /// The typed values, to be kept as a draft.
    pub fn typed(&self) -> Typed {
        Typed::of("new", &self.fields)
    }

    /// Handles a key: it edits, moves, makes the tool, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        match self.fields.key(key) {
            FieldsEvent::None => {
                // A scaffold needs a name or a description.
                let named = self.fields.chosen("start from") > 0 && !self.fields.value("name").is_empty();
                self.fields.need("description", !named);
                Reply::Stay
            }
            FieldsEvent::Cancel => Reply::Close,
            FieldsEvent::Submit => self.send(),
        }
    }

    /// Inserts pasted text into the focused field.
    pub fn paste(&mut self, text: &str) {
        self.fields.paste(text);
    }

    fn send(&mut self) -> Reply {
        let chosen = |name: &str| self.fields.chosen(name).checked_sub(1);
        let template = chosen("start from").and_then(|at| ScaffoldTemplate::ALL.get(at).copied());
        let language = chosen("language").and_then(|at| ScriptLanguage::ALL.get(at).copied());
        let (name, words) = (self.fields.value("name"), self.fields.value("description"));
        if words.is_empty() && (template.is_none() || name.is_empty()) {
            let (field, why) = match template {
                None => ("description", "describe what the tool shall do"),
                Some(_) => ("name", "enter a name or a description"),
            };
            self.fields.refuse(field, why);
            return Reply::Stay;
        }
        let answers = QUESTIONS.map(|question| (question, self.fields.value(question.name)));
        let words = if template.is_some() {
            if let Some((question, _)) = answers.iter().find(|(_, answer)| !answer.is_empty()) {
                self.fields.refuse(question.name, "only a specification has this: choose it at start from");
                return Reply::Stay;
            }
            words
        } else {
            let words = answers.iter().fold(words, |words, (question, answer)| question.answered(&words, answer));
            if self.asks_for_more(&words) {
                return Reply::Stay;
            }
            language.map_or(words.clone(), |language| format!("{words}\n\nLanguage: {language}"))
        };
        let name = (!name.is_empty()).then_some(name);
        Reply::Execute(Command::New { name, template, language, words })
    }

    /// Reports once what the description leaves open, at the first such field.
    fn asks_for_more(&mut self, words: &str) -> bool {
        let open = unanswered(words);
        let Some(first) = open.first().filter(|_| !self.has_asked) else { return false };
        self.has_asked = true;
        let names: Vec<&str> = open.iter().map(|question| question.name).collect();
        let why = format!("not in the description: {}; enter it, or submit again to leave it open", names.join(", "));
        self.fields.refuse(first.name, why);
        true
    }

    /// Draws the form and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title = Title { name: "New tool", keys: self.fields.keys("create"), ..Title::default() };
        let inner = open_box(screen, (86, self.fields.box_rows(screen, 86)), &title, buf, look);
        self.fields.draw(inner, buf, look.theme)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

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

    const ENTER: [KeyCode; 7] = [KeyCode::Enter; 7];
    const TWICE: [KeyCode; 8] = [KeyCode::Enter; 8];

    #[test]
    fn nothing_is_made_of_an_empty_form() {
        assert_eq!(press(&mut NewToolForm::new("", ""), &ENTER), None);
        let mut form = NewToolForm::new("", "");
        press(&mut form, &[KeyCode::Right]);
        assert_eq!(press(&mut form, &ENTER), None);
    }

    #[test]
    fn what_was_chosen_and_typed_is_what_is_made() {
        let mut form = NewToolForm::new("", "");
        let keys = [KeyCode::Right, KeyCode::Enter, KeyCode::Left, KeyCode::Enter, KeyCode::Char('n')];
        press(&mut form, &keys);
        let made = Command::New {
            name: Some("n".into()),
            template: Some(ScaffoldTemplate::CliWrapper),
            language: Some(ScriptLanguage::Shell),
            words: String::new(),
        };
        assert_eq!(press(&mut form, &[KeyCode::Enter; 5]), Some(made));
    }

    #[test]
    fn what_the_words_leave_open_is_asked_for_once() {
        let mut form = NewToolForm::new("", "joins");
        assert_eq!(press(&mut form, &ENTER), None);
        let mut shown = Buffer::empty(Rect::new(0, 0, 60, 20));
        let (theme, keymap) = (crate::tui::theme::Theme::dark(), crate::tui::keymap::Keymap::default());
        let look = Look {
            theme: &theme,
            keymap: &keymap,
            now: crate::tui::now::Now::default(),
            named: &crate::tui::pane::rows::NamedKeys::default(),
        };
        form.draw(shown.area, &mut shown, look);
        let text: String = shown.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert!(text.contains("not in the description: inputs"), "{text}");
        let open = Command::New { name: None, template: None, language: None, words: "joins".into() };
        assert_eq!(press(&mut form, &TWICE[5..]), Some(open), "submitted again, it stays open");
        let mut form = NewToolForm::new("", "Adds numbers");
        press(&mut form, &[KeyCode::Enter; 4]);
        for (answer, key) in [("a: int", KeyCode::Enter), ("their sum", KeyCode::Enter), ("a=1 -> 1", KeyCode::Null)] {
            form.paste(answer);
            press(&mut form, &[key]);
        }
        let words = "Adds numbers\n\nInputs: a: int\n\nOutput: their sum\n\nExample: a=1 -> 1".to_owned();
        let made = Command::New { name: None, template: None, language: None, words };
        assert_eq!(press(&mut form, &[KeyCode::Enter]), Some(made));
    }
}
