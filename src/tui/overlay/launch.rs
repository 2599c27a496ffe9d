//! The name of a further instance of a service that already has one.

use super::{Args, Reply, Typed, open_box};
use crate::action::Verb;
use crate::domain::ToolName;
use crate::engine::InstanceView;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::safe;
use crate::tui::widget::fields::{Fields, FieldsEvent};
use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The state of the prompt.
pub struct LaunchPrompt {
    /// The name of the tool for the verb.
    tool: String,
    fields: Fields,
}

impl LaunchPrompt {
    /// A prompt for an instance of a tool, with a suggested name. `known` is the existing instance with the name of the
    /// tool.
    pub fn new(tool: String, known: &InstanceView, name: &str) -> LaunchPrompt {
        let (known, state) = (&known.instance.name, known.now);
        let about = if name == known.as_str() {
            format!("{known} is {state}: this name launches it again, another name launches another instance")
        } else {
            format!("{known} exists already and is {state}: another name launches another instance")
        };
        LaunchPrompt { tool, fields: Fields::default().text("name", name, safe(&about)).needed() }
    }

    /// The typed values, to be kept as a draft.
    pub fn typed(&self) -> Typed {
        Typed::of(&format!("launch {}", self.tool), &self.fields)
    }

    /// Handles a key: it edits, launches, or closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        match self.fields.key(key) {
            FieldsEvent::None => Reply::Stay,
            FieldsEvent::Cancel => Reply::Close,
            FieldsEvent::Submit => self.send(),
        }
    }

    fn send(&mut self) -> Reply {
        match ToolName::new(&self.fields.value("name")) {
            Ok(name) => {
                let mut args = Args::default();
                args.push("tool", self.tool.clone());
                args.push("instance", name.to_string());
                Reply::Invoke(Verb::Launch, args)
            }
            Err(error) => {
                self.fields.refuse("name", error.to_string());
                Reply::Stay
            }
        }
    }

    /// Inserts pasted text into the name.
    pub fn paste(&mut self, text: &str) {
        self.fields.paste(text);
    }

    /// Draws the prompt and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title =
            Title { name: "Launch", detail: safe(&self.tool), keys: self.fields.keys("launch"), ..Title::default() };
        let inner = open_box(screen, (86, self.fields.box_rows(screen, 86)), &title, buf, look);
        self.fields.draw(inner, buf, look.theme)
    }
}
