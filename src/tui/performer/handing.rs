//! The user's editor and pager for content on the screen.

use super::{Performer, not_open};
use crate::engine::{EngineError, TerminalProgram};
use crate::tui::effect::{Effect, Paged};

impl Performer {
    /// The program that uses the terminal for an effect.
    ///
    /// # Errors
    /// The reason why the program cannot be started.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Asker, Home, Limits, OpenOptions};
    use crate::tui::msg::{Answer, Msg};
    use std::path::PathBuf;

    #[test]
    fn a_dashboard_that_was_asked_for_too_early_is_told_so() {
        let home = Home { config: PathBuf::from("/nowhere"), data: PathBuf::from("/nowhere") };
        let options = OpenOptions { workspace: PathBuf::from("/nowhere"), home, program: None, asker: Asker::Human };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(async {
            let (to_loop, mut inbox) = tokio::sync::mpsc::unbounded_channel();
            let performer = Performer::new(options, (None, None, Limits::default()), to_loop);
            performer.perform(Effect::Dashboard);
            inbox.recv().await
        });
        let Some(Msg::Answer(answer)) = answer else { panic!("{answer:?}") };
        assert!(matches!(*answer, Answer::Dashboard(Err(_))), "{answer:?}");
    }
}
