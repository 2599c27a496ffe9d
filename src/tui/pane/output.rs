//! The output pane: runs as tabs, live or recorded, each with its output and its result.

mod first_steps;
mod older;
mod starts;

use super::rows::{Focus, Look, Title, draw_empty, draw_scrollbar, frame};
use crate::action::Verb;
use crate::domain::{IsolationLevel, Run, RunId, RunOutcome, Sample, Tool};
use crate::engine::{EngineError, Frame};
use crate::tui::effect::{Effect, TabId};
use crate::tui::ink::{Ink, Line, Span};
use crate::tui::list::Motion;
use crate::tui::msg::{Kept, chunk};
use crate::tui::now::Now;
use crate::tui::phrase::{self, cut, safe};
use crate::tui::theme::Theme;
use crate::tui::widget::text_input::TextInput;
use crate::tui::widget::{CURRENT, Move, OutputView, tab_strip};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use std::sync::Arc;

pub use first_steps::FirstSteps;

/// The maximum number of tabs; above it, the oldest finished one is closed. Its run stays recorded.
const MAX_TABS: usize = 12;
/// Bytes of a spool file before its first frame.
const SPOOL_HEADER: u64 = 4;

/// The progress of the run of a tab.
#[derive(Debug)]
pub enum Phase {
    /// Requested, but not started yet.
    Starting {
        /// The time of the request, steady milliseconds.
        since: u64,
    },
    /// A process of this workbench.
    Live {
        /// The record so far.
        run: Box<Run>,
        /// The time of the start, steady milliseconds.
        since: u64,
        /// Whether a stop was requested.
        stopping: bool,
        /// The last measured resource use.
        sample: Option<Sample>,
    },
    /// A record that is being loaded.
    Loading(RunId),
    /// Finished, with its record.
    Ended(Box<Run>),
    /// Not started, or not readable.
    Failed(EngineError),
}

/// A run with its output.
pub struct RunTab {
    /// The number of the tab.
    pub id: TabId,
    /// The tool, if the catalog contains it.
    pub tool: Option<Arc<Tool>>,
    /// Name and version of the tool, escaped.
    pub label: String,
    /// The progress of the run.
    pub phase: Phase,
    /// The output received so far.
    pub view: OutputView,
    bytes: u64,
    fetching: bool,
    older: older::Older,
    /// The instance whose log it is.
    followed: Option<starts::Followed>,
}

impl RunTab {
    /// The number of the run, once it has one.
    pub fn run(&self) -> Option<RunId> {
        match &self.phase {
            Phase::Live { run, .. } | Phase::Ended(run) => Some(run.id),
            Phase::Loading(run) => Some(*run),
            Phase::Starting { .. } | Phase::Failed(_) => None,
        }
    }

    /// Whether its process may still be alive.
    pub fn is_live(&self) -> bool {
        match &self.phase {
            Phase::Starting { .. } | Phase::Live { .. } => true,
            Phase::Ended(run) => run.outcome == RunOutcome::Running,
            Phase::Loading(_) | Phase::Failed(_) => false,
        }
    }
}

/// The state of the pane.
#[derive(Default)]
pub struct OutputPane {
    tabs: Vec<RunTab>,
    current: usize,
    opened: u64,
    search: TextInput,
    typing: bool,
    /// The number of searches so far.
    searches: u64,
    /// The required actions outside.
    wanted: Vec<Effect>,
    /// Shown while there is no run.
    pub first_steps: Option<FirstSteps>,
}

impl OutputPane {
    /// Opens a tab for a run that is about to start, or for a recorded one, and shows it.
    pub fn open(&mut self, label: String, tool: Option<Arc<Tool>>, phase: Phase) -> TabId {
        self.opened += 1;
        let id = TabId(self.opened);
        let tab = RunTab {
            id,
            tool,
            label,
            phase,
            view: OutputView::new(),
            bytes: 0,
            fetching: false,
            older: older::Older::default(),
            followed: None,
        };
        self.tabs.push(tab);
        if self.tabs.len() > MAX_TABS
            && let Some(oldest) = self.tabs.iter().position(|tab| !tab.is_live())
        {
            self.tabs.remove(oldest);
        }
        self.current = self.tabs.len() - 1;
        id
    }

    /// Closes the tab of a run that did not start.
    pub fn drop_tab(&mut self, id: TabId) {
        self.tabs.retain(|tab| tab.id != id);
        self.current = self.current.min(self.tabs.len().saturating_sub(1));
    }

    /// Shows the tab of a run, if there is one.
    pub fn show(&mut self, run: RunId) -> bool {
        let found = self.tabs.iter().position(|tab| tab.run() == Some(run));
        self.current = found.unwrap_or(self.current);
        found.is_some()
    }

    /// The tab on top.
    pub fn current(&self) -> Option<&RunTab> {
        self.tabs.get(self.current)
    }

    /// The tab on top.
    pub fn current_mut(&mut self) -> Option<&mut RunTab> {
        self.tabs.get_mut(self.current)
    }

    /// A tab by number.
    pub fn tab_mut(&mut self, id: TabId) -> Option<&mut RunTab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    fn tab_of(&mut self, run: RunId) -> Option<&mut RunTab> {
        self.tabs.iter_mut().find(|tab| tab.run() == Some(run))
    }

    /// Whether the first steps are shown.
    pub fn shows_first_steps(&self) -> bool {
        self.current().is_none() && self.first_steps.is_some()
    }

    /// How many runs of this process are in progress.
    pub fn live_count(&self) -> usize {
        self.tabs.iter().filter(|tab| matches!(tab.phase, Phase::Starting { .. } | Phase::Live { .. })).count()
    }

    /// Whether the tab on top shows a running time.
    pub fn ticks(&self) -> bool {
        self.current().is_some_and(|tab| matches!(tab.phase, Phase::Live { .. }))
    }

    /// Shows the tab this many places further, wrapping around.
    pub fn step_tab(&mut self, by: isize) {
        if !self.tabs.is_empty() {
            let len = self.tabs.len();
            self.current = self.current.saturating_add_signed(by + len as isize) % len;
        }
    }

    /// Sets the record of a started run, or the reason why it did not start.
    pub fn started(&mut self, id: TabId, started: Result<Box<Run>, EngineError>) {
        if let Some(tab) = self.tab_mut(id) {
            tab.phase = match (started, &tab.phase) {
                (Ok(run), Phase::Starting { since }) => {
                    Phase::Live { run, since: *since, stopping: false, sample: None }
                }
                (Ok(run), _) => Phase::Ended(run),
                (Err(error), _) => Phase::Failed(error),
            };
        }
    }

    /// Adds output of a run.
    pub fn wrote(&mut self, run: RunId, frames: &[Frame], skipped: u64) {
        if let Some(tab) = self.tab_of(run) {
            if skipped > 0 {
                tab.view.skip(skipped);
                tab.bytes += skipped;
            }
            for frame in frames {
                tab.bytes += frame.bytes.len() as u64;
                tab.view.push(chunk(frame));
            }
        }
    }

    /// Sets the measured resource use of a live run; `level` is its isolation once that is verified.
    pub fn sampled(&mut self, run: RunId, newest: Sample, level: Option<IsolationLevel>) {
        if let Some(RunTab { phase: Phase::Live { run, sample, .. }, .. }) = self.tab_of(run) {
            *sample = Some(newest);
            run.isolation.level = level.unwrap_or(run.isolation.level);
        }
    }

    /// Sets the record of a run that has ended.
    pub fn ended(&mut self, run: RunId, record: Result<Box<Run>, EngineError>) {
        if let Some(tab) = self.tab_of(run) {
            match record {
                Ok(run) => {
                    remark(&mut tab.view, &run);
                    tab.phase = Phase::Ended(run);
                }
                Err(error) => tab.phase = Phase::Failed(error),
            }
        }
    }

    /// Adds stored output: the end of a record, or an older part of it.
    pub fn kept(&mut self, id: TabId, kept: Result<Box<Kept>, EngineError>) {
        self.searches += 1;
        let ticket = self.searches;
        let Some(tab) = self.tabs.iter_mut().find(|tab| tab.id == id) else { return };
        tab.fetching = false;
        match kept {
            Ok(kept) if matches!(tab.phase, Phase::Loading(run) if run == kept.run.id) => {
                // Older output of a start that follows other starts cannot be inserted before it later.
                let missing = kept.frames.first().map_or(0, |frame| frame.offset.saturating_sub(SPOOL_HEADER));
                if missing > 0 && !tab.view.is_empty() {
                    tab.view.skip(missing);
                }
                for frame in &kept.frames {
                    tab.view.push(chunk(frame));
                }
                // For a run in progress no total is recorded yet: use the size of the loaded part.
                let here: u64 = kept.frames.iter().map(|frame| frame.bytes.len() as u64).sum();
                tab.bytes = here.max(kept.run.usage.stdout_bytes + kept.run.usage.stderr_bytes);
                tab.label = tab.label_of(&kept.run);
                remark(&mut tab.view, &kept.run);
                tab.phase = Phase::Ended(Box::new(kept.run));
            }
            Ok(kept) if tab.first_run() == Some(kept.run.id) => {
                let wanted = tab.put_in_front(&kept.frames);
                let again = tab.search_again(ticket);
                self.wanted.extend(wanted.into_iter().chain(again));
            }
            // The lines of this run were dropped in the meantime.
            Ok(_) => {}
            Err(error) if matches!(tab.phase, Phase::Loading(_)) => tab.phase = Phase::Failed(error),
            Err(error) => tab.view.note(&format!("… older output cannot be read: {error} …")),
        }
    }

    /// Marks the run on top as stopping and returns its number; `None` if it is not running.
    pub fn stop_current(&mut self) -> Option<RunId> {
        let tab = self.current_mut()?;
        match &mut tab.phase {
            Phase::Live { run, stopping, .. } => {
                *stopping = true;
                Some(run.id)
            }
            Phase::Ended(run) if run.outcome == RunOutcome::Running => Some(run.id),
            Phase::Ended(_) | Phase::Starting { .. } | Phase::Loading(_) | Phase::Failed(_) => None,
        }
    }

    /// The text searched for.
    pub fn search(&self) -> String {
        self.search.text()
    }

    /// Whether the search is being typed.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Starts or ends typing the search.
    pub fn set_typing(&mut self, typing: bool) {
        self.typing = typing;
    }

    /// Edits the search text and searches again.
    pub fn edit_search(&mut self, edit: impl FnOnce(&mut TextInput)) {
        edit(&mut self.search);
        let text = self.search.text();
        self.search_current(&text);
    }

    /// Draws the pane. Returns the area of the output and, while the search is typed, the cursor.
    pub fn draw(&mut self, area: Rect, buf: &mut Buffer, focus: Focus, look: Look) -> (Rect, Option<Position>) {
        let theme = look.theme;
        let inner = frame(area, buf, &self.title(theme), focus, theme);
        let mut rest = inner;
        if self.tabs.len() > 1 && inner.height > 7 {
            draw_line(&mut rest, buf, &self.tab_line(usize::from(inner.width), theme));
        }
        if let Some(tab) = self.current() {
            draw_line(&mut rest, buf, &status_line(tab, look.now, usize::from(inner.width), theme));
            if let Some(line) = error_line(tab, usize::from(inner.width), theme) {
                draw_line(&mut rest, buf, &line);
            }
        }
        let not_loaded = self.current().and_then(|tab| tab.not_loaded_line(look.keymap));
        if let Some(line) = not_loaded.filter(|_| rest.height > 2) {
            draw_line(&mut rest, buf, &Line::styled(cut(&line, usize::from(inner.width)), theme.dim));
        }
        let cursor = self.draw_search(&mut rest, buf, theme).filter(|_| focus == Focus::Here);
        match self.current_mut() {
            Some(tab) if !matches!(tab.phase, Phase::Failed(_)) => {
                tab.shown_mut().render(rest, buf, theme);
                draw_scrollbar(rest, buf, tab.shown().part_shown(), theme);
            }
            Some(_) => {}
            None => {
                if let Some(steps) = self.first_steps {
                    draw_empty(rest, buf, &steps.sentences(look.keymap), theme);
                    return (rest, cursor);
                }
                let run = look.keymap.key(Verb::Run);
                let runs = look.keymap.key(Verb::Runs);
                let sentences = [
                    format!(
                        "No runs in this session yet. Press {run} in the catalog to run the selected tool; its live output appears here."
                    ),
                    format!("{runs} lists recorded runs."),
                ];
                draw_empty(rest, buf, &sentences, theme);
            }
        }
        (rest, cursor)
    }

    fn title(&self, theme: &Theme) -> Title<'static> {
        let Some(tab) = self.current() else {
            return Title { name: "2 Output", ..Title::default() };
        };
        let number = tab.run().map(|run| format!(" #{run}")).unwrap_or_default();
        // Without further output, the view is not paused.
        let paused = !tab.view.follows() && (tab.is_live() || tab.view.new_lines() > 0);
        let paused = match (paused, tab.view.new_lines()) {
            (false, _) => String::new(),
            (true, 0) => "paused".to_owned(),
            (true, lines) => format!("paused · {} new", phrase::count(lines, "line")),
        };
        let hidden = match tab.view.hidden_lines() {
            0 => String::new(),
            lines => format!("{} hidden", phrase::count(lines, "line")),
        };
        let remark = [hidden, paused].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        Title {
            name: "2 Output",
            detail: format!("{}{number}", tab.label),
            remark,
            remark_style: theme.warn,
            ..Title::default()
        }
    }

    fn tab_line(&self, width: usize, theme: &Theme) -> Line {
        let label = |tab: &RunTab| {
            let (sign, _) = sign(tab, theme);
            let number = tab.run().map(|run| format!(" #{run}")).unwrap_or_default();
            // The title contains the complete label.
            let most = if number.is_empty() { 18 } else { 14 };
            format!(" {sign} {}{number} ", cut(&tab.label, most))
        };
        let labels = self.tabs.iter().enumerate().map(|(at, tab)| {
            let mark = if theme.numbered && at == self.current { CURRENT } else { "" };
            (
                format!("{mark}{}", label(tab)),
                if at == self.current { theme.title.patch(theme.selection) } else { theme.dim },
            )
        });
        tab_strip(labels.collect(), self.current, width, theme)
    }

    fn draw_search(&mut self, rest: &mut Rect, buf: &mut Buffer, theme: &Theme) -> Option<Position> {
        let status = self.current().and_then(RunTab::search_status);
        if rest.is_empty() || (!self.typing && status.is_none()) {
            return None;
        }
        let line = Rect { height: 1, ..*rest };
        buf.put(line.x, line.y, " /", 2, theme.accent);
        let count = status
            .map(|(s, more)| format!(" {} of {}{more} ", phrase::grouped(s.current), phrase::grouped(s.total)))
            .unwrap_or_default();
        let room = count.chars().count();
        let width = line.width.saturating_sub(3 + room as u16);
        let cursor = self.search.draw(Rect { x: line.x + 3, width, ..line }, buf, theme.text);
        buf.put(line.x + 3 + width, line.y, &count, room, theme.dim);
        *rest = Rect { y: rest.y + 1, height: rest.height - 1, ..*rest };
        self.typing.then_some(cursor)
    }
}

/// Adds a note that a reader of the output needs.
fn remark(view: &mut OutputView, run: &Run) {
    if run.outcome != RunOutcome::Running {
        view.end();
    }
    if run.truncated {
        view.note("… output truncated here: the output limit was reached …");
    }
    for note in &run.notes {
        view.note(note);
    }
    if let Some(step) = run.next_step() {
        view.note(&format!("next: {step}"));
    }
}

/// Converts a motion to a move of a text view.
pub fn text_move(motion: Motion) -> Move {
    match motion {
        Motion::Down => Move::Rows(1),
        Motion::Up => Move::Rows(-1),
        Motion::PageDown => Move::Pages(1),
        Motion::PageUp => Move::Pages(-1),
        Motion::Top => Move::Top,
        Motion::Bottom => Move::Bottom,
        Motion::Left => Move::Columns(-8),
        Motion::Right => Move::Columns(8),
    }
}

/// The style of the isolation of a run; its words are always shown too.
fn level_style(run: &Run, theme: &Theme) -> Style {
    match run.isolation.level {
        _ if !run.outcome.has_started() => theme.dim,
        IsolationLevel::None if run.isolation.layers.is_empty() => theme.dim,
        IsolationLevel::Isolated => theme.good,
        IsolationLevel::Confined => theme.text,
        IsolationLevel::LimitsOnly | IsolationLevel::None => theme.warn,
    }
}

/// The symbol and style of an outcome; its word is always shown nearby.
pub fn outcome_sign(outcome: RunOutcome, theme: &Theme) -> (&'static str, Style) {
    match outcome {
        RunOutcome::Running => ("▶", theme.accent),
        RunOutcome::Succeeded => ("✓", theme.good),
        RunOutcome::Cancelled => ("–", theme.dim),
        RunOutcome::Failed
        | RunOutcome::TimedOut
        | RunOutcome::Killed
        | RunOutcome::LimitExceeded
        | RunOutcome::InvalidInput
        | RunOutcome::InvalidOutput
        | RunOutcome::SpawnFailed
        | RunOutcome::Refused
        | RunOutcome::Interrupted => ("✗", theme.bad),
    }
}

fn sign(tab: &RunTab, theme: &Theme) -> (&'static str, Style) {
    match &tab.phase {
        Phase::Starting { .. } | Phase::Loading(_) => ("…", theme.dim),
        Phase::Live { .. } => outcome_sign(RunOutcome::Running, theme),
        Phase::Ended(run) => outcome_sign(run.outcome, theme),
        Phase::Failed(_) => ("✗", theme.bad),
    }
}

fn draw_line(rest: &mut Rect, buf: &mut Buffer, line: &Line) {
    if rest.height > 0 {
        buf.put_line(rest.x, rest.y, line, rest.width);
        *rest = Rect { y: rest.y + 1, height: rest.height - 1, ..*rest };
    }
}

fn status_line(tab: &RunTab, now: Now, width: usize, theme: &Theme) -> Line {
    let (sign, style) = sign(tab, theme);
    let (word, facts, run) = match &tab.phase {
        Phase::Starting { .. } => ("starting", Vec::new(), None),
        Phase::Loading(_) => ("loading the run", Vec::new(), None),
        Phase::Failed(_) => ("not started", Vec::new(), None),
        Phase::Live { run, since, stopping, sample } => {
            let elapsed = now.steady_ms.saturating_sub(*since) / 1000;
            let elapsed = if elapsed < 60 { format!("{elapsed}s") } else { phrase::span(elapsed * 1000) };
            let word = if *stopping { "stopping" } else { "running" };
            (word, facts(elapsed, sample.as_ref(), tab.bytes), Some(run))
        }
        Phase::Ended(run) => {
            let code =
                run.exit_code.filter(|code| *code != 0).map(|code| format!("exit {code} · ")).unwrap_or_default();
            // A run of another process is measured when it ends.
            let took = match run.outcome {
                RunOutcome::Running => phrase::lasted(now.wall, run.started_at),
                // The end of the run was not observed.
                RunOutcome::Interrupted => format!("at least {}", phrase::span(run.usage.duration_ms)),
                _ => format!("{code}{}", phrase::span(run.usage.duration_ms)),
            };
            let kept = Sample {
                cpu_ms: run.usage.cpu_ms,
                memory_bytes: run.usage.most_memory_bytes(),
                processes: run.usage.peak_processes,
                disk_bytes: run.usage.disk_bytes,
            };
            let kept = (run.outcome != RunOutcome::Running).then_some(&kept);
            (run.outcome.word(), facts(took, kept, tab.bytes), Some(run))
        }
    };
    let level = run.map(|run| (phrase::safe(&run.isolation_and_worker()), level_style(run, theme)));
    let room = width.saturating_sub(5 + word.len() + level.as_ref().map_or(0, |(word, _)| word.len() + 3));
    let mut spans = vec![Span::styled(format!(" {sign} {word}"), style)];
    let facts = fitting(facts, room);
    if !facts.is_empty() {
        spans.push(Span::styled(format!("  {}", facts.join(" · ")), theme.dim));
    }
    if let Some((word, style)) = level {
        spans.push(Span::styled(if facts.is_empty() { "  " } else { " · " }, theme.dim));
        spans.push(Span::styled(word, style));
    }
    Line::from(spans)
}

/// Time, resource use and output size, most important first. Values that were not measured are omitted.
fn facts(time: String, sample: Option<&Sample>, written: u64) -> Vec<String> {
    let mut facts = vec![time];
    if let Some(sample) = sample {
        facts.push(format!("cpu {}", phrase::span(sample.cpu_ms)));
        let amounts = [("mem", sample.memory_bytes), ("disk", sample.disk_bytes)];
        let [memory, disk] =
            amounts.map(|(word, bytes)| (bytes > 0).then(|| format!("{word} {}", phrase::size(bytes))));
        facts.extend(memory);
        if sample.processes > 0 {
            let count = usize::try_from(sample.processes).unwrap_or(usize::MAX);
            facts.push(phrase::count(count, "proc"));
        }
        facts.extend(disk);
    }
    facts.push(format!("out {}", phrase::size(written)));
    facts
}

/// The first facts that fit in this width, separated by ` · `.
fn fitting(mut facts: Vec<String>, room: usize) -> Vec<String> {
    let cells = |facts: &[String]| facts.iter().map(|fact| fact.len() + 3).sum::<usize>().saturating_sub(3);
    while cells(&facts) > room && facts.pop().is_some() {}
    facts
}

fn error_line(tab: &RunTab, width: usize, theme: &Theme) -> Option<Line> {
    let text = match &tab.phase {
        // The line above shows the outcome.
        Phase::Ended(run) => safe(run.error.as_ref().filter(|error| error.as_str() != run.outcome.word())?),
        Phase::Failed(error) if error.hint.is_empty() => safe(&error.message),
        Phase::Failed(error) => format!("{} · {}", safe(&error.message), safe(&error.hint)),
        Phase::Starting { .. } | Phase::Live { .. } | Phase::Loading(_) => return None,
    };
    Some(Line::styled(cut(&format!("   {text}"), width), theme.bad))
}
