//! The progress of signature verification in an exchange with the team, and how to stop it.

use super::{Performer, SAMPLE_STEP};
use crate::engine::Engine;
use crate::tui::msg::Answer;

impl Performer {
    /// Asks an exchange with the team to end between two files.
    pub fn stop_verifying(&self) {
        if let Some(engine) = self.shared.engine.get() {
            engine.teams().stop_verifying();
        }
    }

    /// Shows how many signatures are verified, until the returned value is dropped.
    pub(super) fn show_verifying(&self, engine: &Engine) -> tokio::sync::oneshot::Sender<()> {
        let (over, mut ended) = tokio::sync::oneshot::channel();
        let (performer, engine) = (self.clone(), engine.clone());
        tokio::spawn(async move {
            while tokio::time::timeout(SAMPLE_STEP, &mut ended).await.is_err() {
                if let Some(progress) = engine.teams().progress() {
                    performer.answer(Answer::Verified(progress));
                }
            }
        });
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Command, VerbCall};
    use crate::engine::{Asker, Home, Limits, OpenOptions};
    use crate::tui::effect::Effect;
    use crate::tui::msg::Msg;

    #[test]
    fn a_sync_that_waits_does_not_keep_the_loop_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("config")).unwrap();
        std::fs::create_dir_all(at("work/tools")).unwrap();
        let pin = "0".repeat(64);
        let settings = format!("[team]\nremote = \"file://{}\"\npolicy = \"{pin}\"\n", at("bucket").display());
        std::fs::write(at("config/config.toml"), settings).unwrap();
        let home = Home { config: at("config"), data: at("data") };
        let options = OpenOptions { workspace: at("work"), home, program: None, asker: Asker::Human };
        let engine = Engine::open(options.clone()).unwrap();
        let lock_folder = engine.state_dir().join("team");
        std::fs::create_dir_all(&lock_folder).unwrap();
        // Another sync of this workspace is in progress.
        let other = std::fs::File::create(lock_folder.join("lock")).unwrap();
        other.lock().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let done = runtime.block_on(async {
            let (to_loop, mut inbox) = tokio::sync::mpsc::unbounded_channel();
            let performer = Performer::new(options, (None, None, Limits::default()), to_loop);
            assert!(performer.shared.engine.set(engine).is_ok());
            let task = performer.perform(Effect::Execute(Command::Verb(VerbCall::new("sync", &[])))).unwrap();
            // This thread continues, and the sync has not ended: it runs on another thread.
            assert!(!task.is_finished());
            other.unlock().unwrap();
            loop {
                match inbox.recv().await {
                    Some(Msg::Answer(answer)) if matches!(*answer, Answer::Done { .. }) => break answer,
                    Some(_) => {}
                    None => panic!("no answer"),
                }
            }
        });
        let Answer::Done { outcome, .. } = *done else { panic!("{done:?}") };
        assert!(outcome.is_ok(), "{outcome:?}");
    }
}
