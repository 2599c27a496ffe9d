//! Buffers on the screen: the list, and the actions of its keys.

use super::{App, Mood};
use crate::domain::Command;
use crate::engine::{BufferStatus, EngineError};
use crate::tui::effect::Effect;
use crate::tui::overlay::buffers::BufferList;
use crate::tui::overlay::{Args, Overlay};

impl App {
    /// Shows the buffers; if they are open, performs the action of a key.
    pub(super) fn buffer_verb(&mut self, args: &Args) -> Vec<Effect> {
        let operation = args.get("operation").unwrap_or("status");
        if operation == "write" {
            self.say(Mood::Calm, "write items on the command line: toolsmith buffer write ITEM");
            return Vec::new();
        }
        self.overlays.push(Overlay::Buffers(BufferList::awaited()));
        let mut effects: Vec<Effect> = self.reload_buffers();
        let buffer = args.get("buffer").unwrap_or("default").to_owned();
        match operation {
            "flush" | "retry" => effects.push(Effect::Execute(command(operation, &buffer))),
            "clear" => effects.extend(self.ask(command(operation, &buffer))),
            _ => {}
        }
        effects
    }

    /// Reloads the buffers if they are on the screen.
    pub(super) fn reload_buffers(&mut self) -> Vec<Effect> {
        let shown = self.overlays.iter().any(|overlay| matches!(overlay, Overlay::Buffers(_)));
        (shown && self.refresh.buffers.ask()).then_some(Effect::LoadBuffers).into_iter().collect()
    }

    pub(super) fn take_buffers(&mut self, buffers: &Result<Vec<BufferStatus>, EngineError>) -> Vec<Effect> {
        let again = self.refresh.buffers.came();
        for overlay in &mut self.overlays {
            if let Overlay::Buffers(list) = overlay {
                list.set(buffers);
            }
        }
        again.then_some(Effect::LoadBuffers).into_iter().collect()
    }
}

fn command(operation: &str, buffer: &str) -> Command {
    Command::verb("buffer", &[("operation", operation), ("buffer", buffer)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Verb;
    use crate::domain::{Buffer, BufferId, BufferSink, Instant};
    use crate::engine::{Change, Preview};
    use crate::tui::msg::{Answer, Msg};
    use crate::tui::testing::{Bench, WALL};

    fn buffers() -> Vec<BufferStatus> {
        let mut stuck = Buffer::new(BufferId::new("logs").unwrap(), "human", Instant(WALL - 600_000));
        stuck.sink = BufferSink::Tool { tool: "log-writer".to_owned(), input: serde_json::Map::new() };
        (stuck.level.waiting, stuck.level.oldest_at) = (42, Some(Instant(WALL - 300_000)));
        (stuck.level.failures, stuck.level.retry_at) = (2, Some(Instant(WALL + 20_000)));
        stuck.last_error = Some("run 7 of log-writer failed: it is\u{202e} full".to_owned());
        let mut usage = Buffer::new(BufferId::new("usage").unwrap(), "human", Instant(WALL - 900_000));
        usage.flushed_at = Some(Instant(WALL - 120_000));
        usage.total_flushed = 10_000;
        usage.aside = 2;
        [stuck, usage].iter().map(|buffer| BufferStatus::of(buffer, Instant(WALL))).collect()
    }

    fn shown(width: u16, height: u16) -> Bench {
        let mut bench = Bench::ready(width, height);
        bench.effects.clear();
        bench.press("ctrl-b");
        assert!(matches!(bench.taken().as_slice(), [Effect::LoadBuffers]));
        bench.answer(Answer::Buffers(Ok(buffers())));
        bench
    }

    #[test]
    fn a_buffer_is_a_row_with_why_it_is_not_flushed_below() {
        for (width, height) in [(120, 40), (80, 24), (60, 20)] {
            let mut bench = shown(width, height);
            let screen = bench.screen();
            for part in ["logs", "42/100", "failed", "usage", "2 set aside", "run 7 of log-writer failed", "2m"] {
                assert!(screen.contains(part), "{part} at {width}: {screen}");
            }
            assert!(!screen.contains('\u{202e}'));
        }
        assert!(shown(120, 40).screen().contains("to log-writer"));
    }

    #[test]
    fn a_key_flushes_at_once_and_another_throws_away_after_a_question() {
        let mut bench = shown(100, 30);
        bench.press("\"");
        let effects = bench.taken();
        let [Effect::LoadBuffers, Effect::Execute(asked)] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(*asked, command("flush", "logs"));
        bench.answer(Answer::Buffers(Ok(buffers())));
        bench.press("X");
        let effects = bench.taken();
        let command = command("clear", "logs");
        assert!(matches!(effects.as_slice(), [Effect::LoadBuffers, Effect::Preview(asked)] if *asked == command));
        let preview = Preview { title: "Clear?".into(), lines: vec![], undo: String::new() };
        bench.answer(Answer::Preview { command: command.clone(), preview: Ok(preview) });
        bench.draw();
        bench.wait(600).press("y");
        assert!(matches!(bench.taken().as_slice(), [Effect::Execute(done)] if *done == command));
    }

    #[test]
    fn a_key_tries_again_what_was_set_aside() {
        let mut bench = shown(100, 30);
        bench.press("down").press("R");
        let effects = bench.taken();
        let [Effect::LoadBuffers, Effect::Execute(asked)] = effects.as_slice() else { panic!("{effects:?}") };
        assert_eq!(*asked, command("retry", "usage"));
    }

    #[test]
    fn the_list_is_read_again_when_something_changed_and_only_while_it_is_shown() {
        let mut bench = shown(100, 30);
        for _ in 0..3 {
            bench.send(Msg::Changed(Change::Buffers));
        }
        assert!(matches!(bench.taken().as_slice(), [Effect::LoadBuffers]));
        bench.answer(Answer::Buffers(Ok(buffers())));
        assert!(matches!(bench.taken().as_slice(), [Effect::LoadBuffers]), "something changed meanwhile");
        bench.answer(Answer::Buffers(Ok(buffers())));
        bench.press("esc");
        bench.send(Msg::Changed(Change::Buffers));
        assert!(bench.taken().is_empty());
    }

    #[test]
    fn writing_is_for_the_command_line() {
        let mut bench = Bench::ready(100, 30);
        bench.effects.clear();
        let mut args = Args::default();
        args.push("operation", "write".to_owned());
        bench.app.perform(Verb::Buffer, &args);
        assert!(bench.screen().contains("toolsmith buffer write"));
    }
}
