//! Messages: one at a time above the keys, and a list of all of this session.

use super::App;
use crate::action::Verb;
use crate::domain::{Instant, Problem};
use crate::tui::overlay::Overlay;
use crate::tui::overlay::report::Report;
use crate::tui::phrase::{ago, plural};
use crate::tui::widget::{Piece, TextLine, Tone};
use std::collections::VecDeque;

/// How long a message is shown above the keys if no key is pressed, in milliseconds.
pub const SHOWN_MS: u64 = 4_000;
/// How many messages are listed.
const KEPT: usize = 200;

/// The severity of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Success or information.
    Calm,
    /// A refusal or failure.
    Trouble,
}

/// A message above the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The message, safe to draw.
    pub text: String,
    /// Decides the colour.
    pub mood: Mood,
    /// When it disappears, steady milliseconds.
    pub until: u64,
}

/// All messages of the session.
#[derive(Debug, Default)]
pub struct Messages {
    /// The displayed message.
    shown: Option<Toast>,
    /// Newest first, with the time.
    kept: VecDeque<(Instant, Mood, String)>,
}

impl Messages {
    /// The displayed message.
    pub fn shown(&self) -> Option<&Toast> {
        self.shown.as_ref()
    }

    fn say(&mut self, at: Instant, toast: Toast) {
        self.kept.push_front((at, toast.mood, toast.text.clone()));
        self.kept.truncate(KEPT);
        self.shown = Some(toast);
    }

    /// A key was pressed, so the user has seen the message.
    pub(super) fn dismiss(&mut self) {
        self.shown = None;
    }

    /// The message is obsolete: it is removed from the screen, and stays in the list.
    pub(super) fn is_over(&mut self, text: &str) {
        self.shown.take_if(|toast| toast.text == text);
    }

    /// Removes the message when its time has passed.
    pub(super) fn expire(&mut self, steady_ms: u64) {
        self.shown.take_if(|toast| toast.until <= steady_ms);
    }

    fn lines(&self, now: Instant, problems: &[&Problem]) -> Vec<TextLine> {
        let line = |(at, mood, text): &(Instant, Mood, String)| {
            let (sign, tone) = match mood {
                Mood::Calm => (" ", Tone::Plain),
                Mood::Trouble => ("✗", Tone::Bad),
            };
            TextLine::One(Piece::new(&format!("{sign} {:>8}  {text}", ago(now, *at)), tone).hanging(12))
        };
        let mut lines = problem_lines(problems);
        if self.kept.is_empty() {
            lines.push(TextLine::new("No messages yet.", Tone::Fold));
        }
        lines.extend(self.kept.iter().map(line));
        lines
    }
}

/// Problems with workspace files and settings, above the messages: place, description and next step.
fn problem_lines(problems: &[&Problem]) -> Vec<TextLine> {
    if problems.is_empty() {
        return Vec::new();
    }
    let line = |problem: &&Problem| {
        let place = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
        let text = format!("! {}{place}: {} · {}", problem.path, problem.message, problem.hint);
        TextLine::One(Piece::new(&text, Tone::Warn).hanging(2))
    };
    let head = TextLine::new(&plural(problems.len(), "problem", "problems"), Tone::Fact);
    let blank = TextLine::new("", Tone::Plain);
    std::iter::once(head).chain(problems.iter().map(line)).chain([blank]).collect()
}

impl App {
    /// Shows a message above the keys; the text is escaped.
    pub fn say(&mut self, mood: Mood, text: &str) {
        let toast = Toast { text: crate::tui::phrase::safe(text), mood, until: self.now.steady_ms + SHOWN_MS };
        self.messages.say(self.now.wall, toast);
    }

    /// Lists the messages of this session.
    pub(super) fn list_messages(&mut self) {
        let problems: Vec<&Problem> = self.catalog.problems().collect();
        let report = Report::listing(Verb::Messages, self.messages.lines(self.now.wall, &problems));
        self.overlays.push(Overlay::Report(report));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::testing::Bench;

    #[test]
    fn a_message_has_a_line_of_its_own_and_goes_with_the_next_key_or_after_four_seconds() {
        for (width, height) in [(120, 40), (80, 24), (60, 20)] {
            let mut bench = Bench::ready(width, height);
            bench.wait(1_000);
            let quiet = bench.screen();
            let hints = quiet.lines().last().unwrap().to_owned();
            bench.app.say(Mood::Trouble, "the disk is full");
            let screen = bench.screen();
            let lines: Vec<&str> = screen.lines().collect();
            assert!(lines[lines.len() - 2].contains("! the disk is full"), "{screen}");
            assert_eq!(lines[lines.len() - 1], hints, "key hints stay");
            bench.press("down").wait(1_000);
            assert!(!bench.screen().contains("the disk is full"));
            bench.app.say(Mood::Calm, "done");
            assert_eq!(bench.app.next_wake(), Some(bench.now.steady_ms + SHOWN_MS));
            bench.wait(SHOWN_MS - 1);
            assert!(bench.screen().contains("done"));
            bench.wait(1);
            assert!(bench.app.messages.shown().is_none());
        }
    }

    #[test]
    fn the_key_that_the_header_names_shows_the_problems_and_what_was_said() {
        for (width, height) in [(120, 40), (80, 24), (60, 20)] {
            let mut bench = Bench::ready(width, height);
            let header = bench.screen().lines().next().unwrap_or_default().to_owned();
            assert!(header.contains("(!)") || header.contains("! 1"), "{header}");
            bench.app.say(Mood::Calm, "done");
            bench.press("!");
            let screen = bench.screen();
            for text in ["1 problem", "tools/experimental/broken.toml:7: expected a value", "done"] {
                assert!(screen.contains(text), "{text}\n{screen}");
            }
        }
    }

    #[test]
    fn a_long_message_is_wrapped_and_stays_in_the_list() {
        let mut bench = Bench::ready(60, 20);
        let long =
            "the folder cannot be written: permission denied · make it writable for you, then press f5 once more";
        bench.app.say(Mood::Trouble, long);
        let screen = bench.screen();
        assert!(screen.contains("press f5") && screen.contains("once more"), "{screen}");
        bench.wait(SHOWN_MS);
        bench.app.say(Mood::Calm, "second");
        bench.press("!");
        let screen = bench.screen();
        let (first, second) = (screen.find("second").unwrap(), screen.find("the folder cannot").unwrap());
        assert!(first < second, "newest first: {screen}");
    }
}
