//! The user's editor and pager for what the screen asks to show.

use super::{Performer, not_open};
use crate::engine::{EngineError, TerminalProgram};
use crate::tui::effect::{Effect, Paged};

impl Performer {
    /// The program that takes the terminal for an effect.
    ///
    /// # Errors
    /// Why it is not started.
    pub(in crate::tui) fn terminal_program(&self, effect: &Effect) -> Result<Option<TerminalProgram>, EngineError> {
        let engine = self.shared.engine.get().ok_or_else(not_open)?;
        match effect {
            Effect::Edit { tool, place } => engine.handover().editor(tool, place).map(Some),
            Effect::Page(Paged::Text(text)) => engine.handover().pager(text).map(Some),
            Effect::Page(Paged::Run(run)) => {
                let text = engine.handover().output(*run)?;
                engine.handover().pager(&text).map(Some)
            }
            _ => Ok(None),
        }
    }
}
