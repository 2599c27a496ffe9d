//! Recorded runs, newest first; Enter shows the output of one.

use super::Reply;
use super::keys::{BoxKey, browse};
use super::list_box::ListBox;
use crate::action::Verb;
use crate::domain::{Run, RunId};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::layout::centred;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::output::outcome_sign;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, bytes, cut, duration, pad, safe, wrap};
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// Columns of the box.
const WIDTH: u16 = 104;
/// Rows of the box.
const HEIGHT: u16 = 34;
/// From so many columns on the size of the output has one, and how long a run took.
const SIZE_FROM: usize = 90;
const TOOK_FROM: usize = 60;
/// Lines about the selected run below the list, where its row may not have room for all: an empty one and its texts.
const ABOUT: u16 = 3;
const NUMBER: usize = 7;
const TOOK: usize = 9;
const SIZE: usize = 11;
const AGE: usize = 6;

/// The state of the list.
pub struct RunList {
    /// Only runs of this tool.
    tool: Option<String>,
    pub(super) list: Listing<Run>,
}

impl Listed for Run {
    type Key = RunId;

    fn key(&self) -> RunId {
        self.id
    }

    fn texts(&self) -> Vec<Cow<'_, str>> {
        vec![
            self.tool.as_str().into(),
            self.error.as_deref().unwrap_or_default().into(),
            self.outcome.word().into(),
            format!("#{}", self.id).into(),
            self.version.to_string().into(),
            self.input.as_str().into(),
        ]
    }
}

impl RunList {
    /// A list of these runs, narrowed to a tool where given.
    pub fn new(runs: &[Run], tool: Option<String>) -> RunList {
        let mut list = RunList { tool, list: Listing::default() };
        list.set(runs);
        list
    }

    /// Takes newer records; the selection stays on the same run.
    pub fn set(&mut self, runs: &[Run]) {
        let fits = |run: &&Run| self.tool.as_deref().is_none_or(|tool| run.tool.as_str() == tool);
        self.list.set(runs.iter().filter(fits).cloned().collect());
    }

    /// The tools of the rows that are shown.
    #[cfg(test)]
    pub fn shown(&self) -> Vec<&str> {
        self.list.rows.iter().map(|row| self.list.items[*row].tool.as_str()).collect()
    }

    /// Its keys.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        let open = BoxKey::enter(Verb::Output, "show output", "Show the output of the run");
        vec![open.only_if(self.list.selected().is_some(), "no run is selected")]
    }

    /// Moves the selection, opens a run with Enter, or closes.
    pub fn key(&mut self, key: &KeyEvent, keymap: &Keymap) -> Reply {
        if key.code == KeyCode::Enter {
            return self.list.selected().map_or(Reply::Stay, |run| Reply::OpenRun(run.id));
        }
        browse(&mut self.list, key, keymap)
    }

    /// Draws the list over the screen.
    pub fn draw(&mut self, screen: Rect, buf: &mut Buffer, look: Look) -> Option<Position> {
        let title = Title {
            name: "Runs",
            detail: self.tool.as_deref().map_or_else(|| "newest first".to_owned(), |tool| format!("of {}", safe(tool))),
            ..Title::default()
        };
        let empty = &["No runs yet.".to_owned()];
        // What `open_box` and the list leave of the width: borders, margins, the sign of the selected row.
        let width = usize::from(centred(screen, WIDTH, HEIGHT).width).saturating_sub(5);
        let columns = Columns::of(&self.list.items, width);
        let (keys, head) = (self.keys(), columns.head());
        let about = |run: &Run, below: Rect| {
            let why = run.error.as_deref().map(|error| format!(": {}", safe(error))).unwrap_or_default();
            let took = duration(run.usage.duration_ms);
            let lines = wrap(&format!("{} · {} after {took}{why}", name(run), run.outcome), usize::from(below.width));
            lines.into_iter().map(|line| (line, look.theme.text)).collect()
        };
        let most = if width < SIZE_FROM { ABOUT } else { 0 };
        ListBox { title, keys, size: (WIDTH, HEIGHT), list: &mut self.list, empty, head: &head }.draw_with(
            screen,
            buf,
            look,
            |run, _, look| columns.row(run, look),
            (most, about),
        )
    }
}

/// How wide the columns are; what takes most of a row is why a run failed.
struct Columns {
    name: usize,
    outcome: usize,
    cause: usize,
    has_took: bool,
    has_size: bool,
}

impl Columns {
    /// Columns in which these runs fit, in so many columns of the screen.
    fn of(runs: &[Run], width: usize) -> Columns {
        let widest = |texts: &mut dyn Iterator<Item = usize>, least: usize| texts.max().unwrap_or_default().max(least);
        let outcome = widest(&mut runs.iter().map(|run| run.outcome.word().len() + 2), "outcome".len());
        let (has_took, has_size) = (width >= TOOK_FROM, width >= SIZE_FROM);
        let numbers = AGE + if has_took { TOOK } else { 0 } + if has_size { SIZE } else { 0 };
        let left = width.saturating_sub(NUMBER + 1 + outcome + 1 + numbers);
        // Where little is left, the name needs it more than the cause, which is told below the list.
        let most = if width < SIZE_FROM { left * 2 / 3 } else { left / 2 };
        let name = widest(&mut runs.iter().map(|run| name(run).width()), "tool".len()).min(most).min(30);
        Columns { name, outcome, cause: left.saturating_sub(name + 1), has_took, has_size }
    }

    fn line(&self, [number, name, outcome, cause, took, size, age]: [&str; 7]) -> [String; 5] {
        let took = if self.has_took { format!("{took:>TOOK$}") } else { String::new() };
        let size = if self.has_size { format!("{size:>SIZE$}") } else { String::new() };
        [
            pad(number, NUMBER),
            pad(&cut(name, self.name), self.name + 1),
            pad(outcome, self.outcome + 1),
            pad(cause, self.cause + 1),
            format!("{took}{size}{age:>AGE$}"),
        ]
    }

    fn head(&self) -> String {
        self.line(["run", "tool", "outcome", "cause", "took", "output", "age"]).concat()
    }

    fn row(&self, run: &Run, look: Look) -> Vec<Span> {
        let theme = look.theme;
        let (sign, style) = outcome_sign(run.outcome, theme);
        let [number, name, outcome, cause, numbers] = self.line([
            &format!("#{}", run.id),
            &name(run),
            &format!("{sign} {}", run.outcome),
            &cut(&safe(run.error.as_deref().unwrap_or_default()), self.cause),
            &duration(run.usage.duration_ms),
            &bytes(run.usage.stdout_bytes + run.usage.stderr_bytes),
            &age(look.now.wall, run.started_at),
        ]);
        vec![
            Span::styled(number, theme.dim),
            Span::styled(name, theme.text),
            Span::styled(outcome, style),
            Span::styled(cause, theme.dim),
            Span::styled(numbers, theme.dim),
        ]
    }
}

fn name(run: &Run) -> String {
    safe(&format!("{} {}", run.tool, run.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunOutcome;
    use crate::tui::testing::{Bench, run, tools};

    #[test]
    fn columns_are_named_and_a_cause_is_whole_where_there_is_room() {
        for (width, height, cause) in
            [(120, 40, "ZeroDivisionError: division by zero"), (80, 24, "ZeroDivisionError"), (60, 20, "Zero")]
        {
            let mut bench = Bench::ready(width, height);
            let runs = vec![run(1, &tools()[1], RunOutcome::Failed), run(12, &tools()[0], RunOutcome::Succeeded)];
            bench.answer(crate::tui::msg::Answer::Runs(Ok(runs)));
            bench.press("2 enter");
            let screen = bench.screen();
            let at = |text: &str| {
                let line =
                    screen.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}\n{screen}"));
                line.split_once(text).map(|(before, _)| before.width())
            };
            assert_eq!(at("cause"), at(cause), "{screen}");
            assert_eq!(at("outcome"), at("✗ failed"), "{screen}");
            let row = screen.lines().find(|line| line.contains("✗ failed")).unwrap();
            assert!(row.contains("2m │"), "the age is not cut\n{screen}");
        }
    }
}
