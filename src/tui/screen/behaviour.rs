//! The observed behaviour of a version or one of its runs, on the whole screen.

use super::evidence;
use super::reader::{Exposure, Reader, Tab};
use crate::domain::Tool;
use crate::engine::{Behaviour, EngineError};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::pane::rows::Look;
use crate::tui::phrase::safe;
use crate::tui::widget::{TextLine, TextView, Tone};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use std::sync::Arc;

/// The state of the screen.
pub struct BehaviourScreen {
    /// The row that the screen was opened for, if the catalog contains it.
    pub tool: Option<Arc<Tool>>,
    /// Identifies the request.
    pub ticket: u64,
    /// The texts; one line about loading until they arrive.
    pub reader: Reader,
    title: String,
}

impl BehaviourScreen {
    /// A screen whose text has not arrived yet. `about` is its object, not escaped.
    pub fn loading(tool: Option<Arc<Tool>>, about: &str, ticket: u64) -> BehaviourScreen {
        let view = TextView::new(vec![TextLine::new("loading …", Tone::Fold)]);
        BehaviourScreen { tool, ticket, reader: Reader::new(vec![Tab::new("behaviour", view)]), title: safe(about) }
    }

    /// Sets the observed behaviour.
    pub fn set(&mut self, behaviour: &Result<Box<Behaviour>, EngineError>) {
        let view = match behaviour {
            Ok(behaviour) => {
                let of = behaviour.run.map_or_else(|| "all runs".to_owned(), |run| format!("run #{run}"));
                self.title = safe(&format!("{} {} · {of}", behaviour.tool, behaviour.version));
                evidence::of_behaviour(behaviour)
            }
            Err(error) => {
                TextView::new(vec![TextLine::new(&error.message, Tone::Bad), TextLine::new(&error.hint, Tone::Plain)])
            }
        };
        self.reader = Reader::new(vec![Tab::new("behaviour", view)]);
    }

    /// Draws the screen and returns the cursor while a search is typed.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, look: Look, exposure: Exposure) -> Option<Position> {
        let line = Line::from(vec![
            Span::styled(format!(" {}", self.title), look.theme.title),
            Span::styled("  observed behaviour", look.theme.dim),
        ]);
        buf.put_line(area.x, area.y, &line, area.width);
        let rest = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.reader.draw(rest, buf, look, exposure, &|_, _| Some(""))
    }
}
