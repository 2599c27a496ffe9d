//! The log file of the workbench for debugging; `TOOLSMITH_LOG` names it.
//!
//! It contains the names of events and their times. It does not contain typed text, or input and output of tools.

use super::effect::Effect;
use super::msg::Msg;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// The log file, if there is one.
#[derive(Debug, Default)]
pub struct Trace(Option<File>);

impl Trace {
    /// Appends to this file; `None` for no log.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn open(path: Option<&Path>) -> std::io::Result<Trace> {
        let file = path.map(|path| OpenOptions::new().create(true).append(true).open(path)).transpose()?;
        Ok(Trace(file))
    }

    /// Logs the arrival of a message. Keys, output and time are too frequent to be logged.
    pub fn came(&mut self, at_ms: u64, msg: &Msg) {
        let is_noted = !matches!(
            msg,
            Msg::Key(_)
                | Msg::Burst(_)
                | Msg::Mouse(_)
                | Msg::Paste(_)
                | Msg::Wake
                | Msg::Drawn
                | Msg::Output { .. }
                | Msg::Sample { .. }
        );
        if is_noted && self.0.is_some() {
            match msg {
                Msg::Answer(answer) => self.line(at_ms, "answer", &name(&format!("{answer:?}"))),
                msg => self.line(at_ms, "message", &name(&format!("{msg:?}"))),
            }
        }
    }

    /// Logs that an effect is done.
    pub fn done(&mut self, at_ms: u64, effect: &Effect) {
        if self.0.is_some() {
            self.line(at_ms, "effect", &name(&format!("{effect:?}")));
        }
    }

    /// Logs a line of text.
    pub fn line(&mut self, at_ms: u64, kind: &str, what: &str) {
        if let Some(file) = &mut self.0
            && writeln!(file, "{at_ms:>9} {kind:<8} {what}").is_err()
        {
            // A full disk must not end the workbench.
            self.0 = None;
        }
    }
}

/// The name of a variant, and of the inner variant, without its content.
fn name(debug: &str) -> String {
    let word = |text: &str| text.chars().take_while(char::is_ascii_alphanumeric).collect::<String>();
    let outer = word(debug);
    let inner = debug[outer.len()..].strip_prefix('(').map(word).unwrap_or_default();
    let is_name = inner.chars().next().is_some_and(char::is_uppercase);
    if is_name { format!("{outer} {inner}") } else { outer }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Command;

    #[test]
    fn the_log_says_what_was_done_and_holds_nothing_that_was_typed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut trace = Trace::open(Some(&path)).unwrap();
        trace.done(12, &Effect::Execute(Command::Cancel { run: crate::domain::RunId(3) }));
        trace.done(13, &Effect::Copy("secret".into()));
        trace.came(14, &Msg::Paste("secret".into()));
        trace.came(15, &Msg::FocusGained);
        drop(trace);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("12 effect   Execute Cancel\n") && text.contains("15 message  FocusGained"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
