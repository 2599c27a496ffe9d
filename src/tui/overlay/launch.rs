//! The name of a further instance of a service that has one already.

use super::{Args, Reply, open_box};
use crate::action::Verb;
use crate::domain::ToolName;
use crate::engine::InstanceView;
use crate::tui::ink::Ink;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{safe, wrap};
use crate::tui::widget::text_input::TextInput;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// The state of the prompt.
pub struct LaunchPrompt {
    /// How the verb names the tool.
    tool: String,
    /// What is known of the instance that has this name.
    about: String,
    name: TextInput,
    note: Option<String>,
}

impl LaunchPrompt {
    /// A prompt for an instance of a tool, beginning with a name for it. `known` says what the instance does that has
    /// the name of the tool.
    pub fn new(tool: String, known: &InstanceView, name: &str) -> LaunchPrompt {
        let (known, state) = (&known.instance.name, known.now);
        let about = if name == known.as_str() {
            format!("{known} is {state}: this name launches it again, another name launches another instance")
        } else {
            format!("{known} exists already and is {state}: another name launches another instance")
        };
        LaunchPrompt { tool, about, name: TextInput::new(name), note: None }
    }

    /// Takes a key: Enter launches, esc closes.
    pub fn key(&mut self, key: &KeyEvent) -> Reply {
        self.note = None;
        match key.code {
            KeyCode::Esc => return Reply::Close,
            KeyCode::Enter => match ToolName::new(self.name.text().trim()) {
                Ok(name) => {
                    let mut args = Args::default();
                    args.push("tool", self.tool.clone());
                    args.push("instance", name.to_string());
                    return Reply::Invoke(Verb::Launch, args);
                }
                Err(error) => self.note = Some(error.to_string()),
            },
            _ => drop(self.name.key(key)),
        }
        Reply::Stay
    }

    /// Takes pasted text into the name.
    pub fn paste(&mut self, text: &str) {
        self.name.insert(text);
    }

    /// Draws the prompt and returns where the cursor is.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let theme = look.theme;
        let title =
            Title { name: "Launch", detail: safe(&self.tool), remark: "esc close".into(), remark_style: theme.dim };
        let inner = open_box(screen, (86, 8), &title, buf, look);
        let width = usize::from(inner.width);
        buf.put(inner.x, inner.y, "name", width, theme.accent);
        let field = Rect { x: inner.x + 6, width: inner.width.saturating_sub(6), height: 1, ..inner };
        let cursor = self.name.draw(field, buf, theme.text);
        let (note, style) = self.note.as_ref().map_or((&self.about, theme.dim), |note| (note, theme.warn));
        let lines = wrap(&safe(note), width);
        for (y, line) in (inner.y + 2..inner.bottom().saturating_sub(2)).zip(lines) {
            buf.put(inner.x, y, line, width, style);
        }
        buf.put(inner.x, inner.bottom().saturating_sub(1), "enter launch", width, theme.dim);
        Some(cursor)
    }
}
