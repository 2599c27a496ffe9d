//! Recorded runs, newest first; Enter shows the output of one.

use super::Reply;
use super::keys::{BoxKey, browse};
use super::list_box::ListBox;
use crate::action::boxes::OPEN_RUN;
use crate::domain::{Run, RunId};
use crate::tui::ink::Span;
use crate::tui::keymap::Keymap;
use crate::tui::layout::centred;
use crate::tui::pane::listing::{Listed, Listing};
use crate::tui::pane::output::outcome_sign;
use crate::tui::pane::rows::{Look, Title};
use crate::tui::phrase::{age, cut, pad, safe, size, span, wrap};
use crate::tui::theme::Theme;
use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// The width of the box.
const WIDTH: u16 = 104;
/// The height of the box.
const HEIGHT: u16 = 34;
/// The width from which the output size and the duration have columns.
const SIZE_FROM: usize = 90;
const TOOK: usize = 9;
const SIZE: usize = 11;
const AGE: usize = 6;
/// The maximum width of a name.
const MOST_NAME: usize = 30;
/// The minimum width of a useful cause.
const LEAST_CAUSE: usize = 8;
/// The width of an outcome that is only a sign.
const SIGN: usize = 1;
/// Lines about the selected run, including the blank one above them.
const ABOUT: u16 = 4;

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
    /// A list of these runs, only those of `tool` if given.
    pub fn new(runs: &[Run], tool: Option<String>) -> RunList {
        let mut list = RunList { tool, list: Listing::default() };
        list.set(runs);
        list
    }

    /// Sets newer records; the selection stays on the same run.
    pub fn set(&mut self, runs: &[Run]) {
        let fits = |run: &&Run| self.tool.as_deref().is_none_or(|tool| run.tool.as_str() == tool);
        self.list.set(runs.iter().filter(fits).cloned().collect());
    }

    /// The tools of the displayed rows.
    #[cfg(test)]
    pub fn shown(&self) -> Vec<&str> {
        self.list.rows.iter().map(|row| self.list.items[*row].tool.as_str()).collect()
    }

    /// The keys of the box.
    pub(super) fn keys(&self) -> Vec<BoxKey> {
        vec![BoxKey::row(OPEN_RUN).only_if(self.list.selected().is_some(), "no run is selected")]
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
        // The inner width: without the borders and margins of `open_box`, and the mark of the selected row.
        let width = usize::from(centred(screen, WIDTH, HEIGHT).width).saturating_sub(5);
        let columns = Columns::of(&self.list.items, width);
        let (keys, head) = (self.keys(), columns.head());
        let theme = look.theme;
        ListBox { title, keys, size: (WIDTH, HEIGHT), list: &mut self.list, empty, head: &head }.draw_with(
            screen,
            buf,
            look,
            |run, _, look| columns.row(run, look),
            (ABOUT, |run: &Run, area: Rect| about(run, area, theme)),
        )
    }
}

/// The widths of the columns; 0 for a column without space. A name takes precedence over the facts about its run.
struct Columns {
    number: usize,
    name: usize,
    outcome: usize,
    cause: usize,
    /// Blanks instead of a cause.
    blank: usize,
    took: usize,
    size: usize,
}

impl Columns {
    /// The columns for these runs at this width.
    fn of(runs: &[Run], width: usize) -> Columns {
        let widest = |texts: &mut dyn Iterator<Item = usize>, least: usize| texts.max().unwrap_or_default().max(least);
        let number = widest(&mut runs.iter().map(|run| run.id.to_string().len() + 1), "run".len()) + 1;
        let whole = widest(&mut runs.iter().map(|run| name(run).width()), "tool".len()).min(MOST_NAME);
        let outcome = widest(&mut runs.iter().map(|run| run.outcome.word().len() + 2), "outcome".len());
        let room = width.saturating_sub(number + AGE);
        // Each with a blank after it.
        let outcome = if whole + outcome + 2 <= room { outcome } else { SIGN };
        let name = whole.min(room.saturating_sub(outcome + 2));
        let mut left = room.saturating_sub(name + outcome + 2);
        let mut take = |columns: usize, fits: bool| {
            if fits && left >= columns {
                left -= columns;
                columns
            } else {
                0
            }
        };
        let took = take(TOOK, true);
        let size = take(SIZE, width >= SIZE_FROM);
        let (cause, blank) = if left > LEAST_CAUSE { (left - 1, 0) } else { (0, left) };
        Columns { number, name, outcome, cause, blank, took, size }
    }

    fn line(&self, [number, name, outcome, cause, took, size, age]: [&str; 7]) -> [String; 5] {
        let Columns { took: took_width, size: size_width, .. } = *self;
        let took = if took_width > 0 { format!("{took:>took_width$}") } else { String::new() };
        let size = if size_width > 0 { format!("{size:>size_width$}") } else { String::new() };
        let cause = if self.cause > 0 { pad(cause, self.cause + 1) } else { " ".repeat(self.blank) };
        [
            pad(number, self.number),
            format!("{} ", pad(name, self.name)),
            format!("{} ", pad(outcome, self.outcome)),
            cause,
            format!("{took}{size}{age:>AGE$}"),
        ]
    }

    fn head(&self) -> String {
        let outcome = if self.outcome > SIGN { "outcome" } else { "" };
        self.line(["run", "tool", outcome, "cause", "took", "output", "age"]).concat()
    }

    fn row(&self, run: &Run, look: Look) -> Vec<Span> {
        let theme = look.theme;
        let (sign, style) = outcome_sign(run.outcome, theme);
        let outcome = if self.outcome > SIGN { format!("{sign} {}", run.outcome) } else { sign.to_owned() };
        let [number, name, outcome, cause, numbers] = self.line([
            &format!("#{}", run.id),
            &name(run),
            &outcome,
            &cut(&safe(run.error.as_deref().unwrap_or_default()), self.cause),
            &span(run.usage.duration_ms),
            &size(run.usage.stdout_bytes + run.usage.stderr_bytes),
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

/// Details about the selected run, in a few lines.
fn about(run: &Run, area: Rect, theme: &Theme) -> Vec<(String, Style)> {
    let size = size(run.usage.stdout_bytes + run.usage.stderr_bytes);
    let known = format!("{} · {} · {} · output {size}", name(run), run.outcome, span(run.usage.duration_ms));
    let lines = wrap(&known, usize::from(area.width)).into_iter().map(|line| (line, theme.text));
    let cause = safe(run.error.as_deref().unwrap_or_default());
    lines.chain(wrap(&cause, usize::from(area.width)).into_iter().map(|line| (line, theme.dim))).collect()
}

fn name(run: &Run) -> String {
    safe(&format!("{} {}", run.tool, run.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunOutcome;
    use crate::tui::testing::{Bench, run, tools};

    /// The list of two runs, as drawn on a terminal of this size.
    fn shown(width: u16, height: u16) -> String {
        let mut bench = Bench::ready(width, height);
        let runs = vec![run(1, &tools()[1], RunOutcome::Failed), run(12, &tools()[6], RunOutcome::InvalidInput)];
        bench.answer(crate::tui::msg::Answer::Runs(Ok(runs)));
        bench.press("2 enter");
        bench.screen()
    }

    #[test]
    fn columns_are_named_and_a_cause_has_what_is_left_of_a_row() {
        for (width, height, cause) in [(120, 40, "ZeroDivisionError: divi"), (80, 24, "ZeroDivis")] {
            let screen = shown(width, height);
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

    #[test]
    fn a_name_is_whole_before_anything_else_and_the_selected_run_is_told_in_full() {
        for (width, height) in [(120, 40), (80, 24), (60, 20)] {
            let screen = shown(width, height);
            assert!(screen.contains("text-diff-summary 1.0.0 ✗ invalid-input"), "{screen}");
            assert!(screen.contains("divide 1.0.0 · failed · "), "{screen}");
        }
        let screen = shown(44, 12);
        assert!(screen.contains("#12 text-diff-summary 1.0.0 ✗ "), "{screen}");
        assert!(screen.lines().all(|line| line.width() <= 44) && screen.contains("2m │"), "{screen}");
    }
}
