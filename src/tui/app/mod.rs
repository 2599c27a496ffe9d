//! All state of the screen, and the one function that changes it.
//!
//! [`App::update`] is a pure function of state and message: no clock, no files, no environment. It returns the required
//! actions outside as [`Effect`]s.

mod arrivals;
mod availability;
#[cfg(test)]
mod behaviour_tests;
mod buffers;
mod calling;
#[cfg(test)]
mod calling_tests;
#[cfg(test)]
mod context_tests;
#[cfg(test)]
mod dashboard_tests;
mod editing;
pub mod evolving;
#[cfg(test)]
mod evolving_tests;
mod failing;
mod fetching;
mod figures;
mod first_steps;
mod handing;
mod hiding;
mod keys;
mod memory;
mod messages;
mod mouse;
mod opportunities;
mod preview;
mod reviewing;
mod serving;
#[cfg(test)]
mod serving_tests;
#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod steps_tests;
mod stray;
mod subject;
#[cfg(test)]
mod tests;
mod upkeep;
mod verbs;
mod work;

pub use messages::{Messages, Mood, Toast};

use super::ascii::Letters;
use super::effect::{Effect, Ending, TabId};
use super::keymap::{Chord, Keymap};
use super::layout::{MIN_HEIGHT, MIN_WIDTH};
use super::msg::{Held, Msg, Opened};
use super::now::Now;
use super::overlay::Overlay;
use super::pane::catalog::CatalogPane;
use super::pane::failures::FailuresPane;
use super::pane::output::OutputPane;
use super::pane::queue::QueuePane;
use super::pane::services::ServicesPane;
use super::pane::{Hidden, Pane};
use super::plot::Plots;
use super::screen::Screen;
use super::screen::review::Kept;
use super::theme::{Ground, Theme, ground_of};
use crate::action::Verb;
use crate::domain::{Command, CommentKind, DecisionKind, ReviewId, Run, RunId, SafeText, Tool};
use crate::engine::{ConnectedAgent, EngineError, Theme as ThemeSetting};
use ratatui::layout::Rect;
use std::collections::HashMap;
use std::sync::Arc;

/// How often the size of a terminal that is too small is read again, in milliseconds.
const AGAIN_MS: u64 = 500;
/// How often ages are redrawn without other events, in milliseconds.
const MINUTE_MS: u64 = 60_000;
/// How often the time of a live run is redrawn, in milliseconds.
const TICK_MS: u64 = 1_000;

/// The progress of opening the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// The engine is still opening the workspace.
    Pending,
    /// The workspace is open; commands work.
    Done(Opened),
    /// The workspace cannot be opened; the error is shown instead.
    Failed(EngineError),
}

/// The action of a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Move the focus to this pane.
    Pane(Pane),
    /// Focus this pane and select the row under the pointer.
    List(Pane),
    /// Perform this verb.
    Verb(Verb),
    /// Press this key in the top box.
    Key(Chord),
}

/// An area of the screen that reacts to the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The cells of the area.
    pub area: Rect,
    /// The action of a click.
    pub target: Target,
}

/// Reloads a read model when it changes, with at most one load in progress.
#[derive(Debug, Clone, Copy, Default)]
struct Refresh {
    loading: bool,
    again: bool,
}

impl Refresh {
    /// The model changed. Returns whether to load now.
    fn ask(&mut self) -> bool {
        self.again = self.loading;
        !std::mem::replace(&mut self.loading, true)
    }

    /// The model arrived. Returns whether to load it again.
    fn came(&mut self) -> bool {
        self.loading = std::mem::take(&mut self.again);
        self.loading
    }
}

/// How the program was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The workspace folder as displayed until the workspace is open.
    pub workspace: String,
    /// The agent at the keyboard according to `--as-agent`: it may not decide anything.
    pub agent: Option<String>,
    /// Whether colours are off.
    pub no_color: bool,
}

/// All state of the screen.
pub struct App {
    /// How the program was started.
    pub call: Call,
    /// The active keys.
    pub keymap: Keymap,
    /// The active styles.
    pub theme: Theme,
    /// How the finished screen is adapted to the terminal.
    pub letters: Letters,
    /// The colour settings, and the background that the terminal reported.
    colours: (ThemeSetting, Option<Ground>),
    /// The time of the last message.
    pub now: Now,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Whether the mouse is reported.
    pub mouse: bool,
    /// Whether a request of an agent rings while the window is not focused.
    rings: bool,
    /// Whether the window has the focus, as far as the terminal reports it.
    is_focused: bool,
    /// The connected agents.
    pub agents: Vec<ConnectedAgent>,
    /// The progress of opening the workspace.
    pub opening: Opening,
    /// The focused pane.
    pub focus: Pane,
    /// Whether the focused pane fills the screen.
    pub zoom: bool,
    /// How many columns the divider between the panes is moved to the right.
    pub shift: i16,
    /// The hidden panes; never the focused one.
    pub hidden: Hidden,
    /// Whether the divider is being dragged.
    drags: bool,
    /// The pane that lists tools.
    pub catalog: CatalogPane,
    /// Runs and their output.
    pub output: OutputPane,
    /// The pane that lists failure groups.
    pub failures: FailuresPane,
    /// The pane that lists pending reviews.
    pub queue: QueuePane,
    /// The pane that lists instances of services, if there are any.
    pub services: ServicesPane,
    /// The content of the terminal below the overlays.
    pub screen: Screen,
    /// Evolutions in the list, in progress or on the screen.
    pub evolutions: evolving::Evolutions,
    /// The open overlays, topmost last.
    pub overlays: Vec<Overlay>,
    /// The messages, one of which is shown above the keys.
    pub messages: Messages,
    /// The work in progress outside.
    works: work::Works,
    /// Verbs chosen in the palette, newest first.
    recent: Vec<Verb>,
    /// Areas that react to the mouse; the view writes them.
    pub spots: Vec<Spot>,
    /// The preview of the selected tool.
    previews: preview::Previews,
    /// Charts drawn as pictures.
    pub plots: Plots,
    /// When to count the dashboard.
    figures: figures::Figures,
    /// When to fetch the decisions of the team.
    fetching: fetching::Fetching,
    /// Recent runs, newest first.
    pub(in crate::tui) runs: Vec<Run>,
    /// Reasons typed but not sent.
    drafts: HashMap<(ReviewId, DecisionKind), String>,
    /// Which parts of closed pending reviews were read.
    readings: HashMap<ReviewId, Kept>,
    /// If the open review was opened from the table of several reviews: the requested decision, and the reviews of the
    /// table to read next.
    returning: Option<(DecisionKind, Vec<ReviewId>)>,
    /// Ignores text that is typed after a refused key that would have opened a prompt.
    stray: stray::Stray,
    /// Whether the last key was refused.
    refused: bool,
    /// Comments typed but not sent.
    remarks: HashMap<ReviewId, (CommentKind, String)>,
    /// Other forms: drafts and earlier submissions.
    memory: memory::Memory,
    /// Inputs typed but not sent, by path of the tool.
    inputs: HashMap<String, serde_json::Value>,
    refresh: Refreshes,
    tickets: u64,
    /// The review that a promotion opened, until the queue contains it; any key cancels the wait.
    promised: Option<ReviewId>,
    /// The specification whose tool is created once its approval is complete.
    generating: Option<ReviewId>,
    /// The instance launched here, until it is listed; any key cancels the wait.
    awaited: Option<String>,
    /// Whether the pane of instances gets the focus as soon as they are loaded, unless a key is pressed before.
    awaits_services: bool,
    /// Whether the resource use of instances is on the screen.
    watches: bool,
    /// The action that continues once its tool has the necessary permissions.
    unallowed: Option<(Command, Held)>,
    /// A question that is set aside while its tool is on the screen; it returns with the panes.
    set_aside: Option<Overlay>,
}

#[derive(Debug, Default)]
struct Refreshes {
    runs: Refresh,
    failures: Refresh,
    reviews: Refresh,
    detail: Refresh,
    operations: Refresh,
    buffers: Refresh,
    services: Refresh,
    instance: Refresh,
}

impl App {
    /// An empty workbench whose workspace is still being opened.
    pub fn new(call: Call, theme: Theme, now: Now, size: (u16, u16)) -> App {
        App {
            call,
            keymap: Keymap::default(),
            theme,
            letters: Letters::default(),
            colours: (ThemeSetting::Auto, None),
            now,
            size,
            mouse: false,
            rings: true,
            is_focused: true,
            agents: Vec::new(),
            opening: Opening::Pending,
            focus: Pane::default(),
            zoom: false,
            shift: 0,
            hidden: Hidden::default(),
            drags: false,
            catalog: CatalogPane::default(),
            output: OutputPane::default(),
            failures: FailuresPane::default(),
            queue: QueuePane::default(),
            services: ServicesPane::default(),
            screen: Screen::default(),
            evolutions: evolving::Evolutions::default(),
            overlays: Vec::new(),
            messages: Messages::default(),
            works: work::Works::default(),
            recent: Vec::new(),
            spots: Vec::new(),
            previews: preview::Previews::default(),
            plots: Plots::default(),
            figures: figures::Figures::default(),
            fetching: fetching::Fetching::default(),
            runs: Vec::new(),
            drafts: HashMap::new(),
            readings: HashMap::new(),
            returning: None,
            stray: stray::Stray::default(),
            refused: false,
            remarks: HashMap::new(),
            memory: memory::Memory::default(),
            inputs: HashMap::new(),
            refresh: Refreshes::default(),
            tickets: 0,
            promised: None,
            generating: None,
            awaited: None,
            awaits_services: false,
            watches: false,
            unallowed: None,
            set_aside: None,
        }
    }

    /// Handles a message and returns the required actions outside.
    pub fn update(&mut self, now: Now, msg: Msg) -> Vec<Effect> {
        let open = self.open_review_id();
        let mut effects = self.take(now, msg);
        self.ask_again();
        self.renew_help();
        if self.open_review_id() != open {
            effects.push(Effect::LookAt(self.open_review_id()));
        }
        effects.extend(self.fetch_when_due());
        self.note_begun(&effects);
        effects.extend(self.output.take_wanted());
        effects.extend(self.show_focused());
        effects.extend(self.look_at_selected());
        effects.extend(self.look_at_texts());
        effects.extend(self.watch_services());
        effects
    }

    /// Shows the question again that was set aside to look at its tool.
    fn ask_again(&mut self) {
        if matches!(self.screen, Screen::Workbench)
            && self.overlays.is_empty()
            && let Some(mut question) = self.set_aside.take()
        {
            question.disturb(self.now);
            self.overlays.push(question);
        }
    }

    /// Replaces the screen. Stores which parts of a closed review were read.
    fn show_screen(&mut self, screen: Screen) {
        self.returning = None;
        if let Screen::Review(mut closed) = std::mem::replace(&mut self.screen, screen)
            && let Some(kept) = closed.keep(self.now)
        {
            self.readings.insert(closed.review.id, kept);
        }
    }

    /// The review on the full screen.
    fn open_review_id(&self) -> Option<ReviewId> {
        match &self.screen {
            Screen::Review(screen) => Some(screen.review.id),
            Screen::Workbench | Screen::Source(_) | Screen::Behaviour(_) | Screen::Evolution(_) => None,
        }
    }

    fn take(&mut self, now: Now, msg: Msg) -> Vec<Effect> {
        self.now = now;
        self.messages.expire(now.steady_ms);
        match msg {
            Msg::Key(key) => self.key(&key),
            Msg::Paste(text) => self.paste(&text),
            Msg::Layout(shift) => {
                self.shift = shift;
                Vec::new()
            }
            Msg::Hidden(digits) => {
                self.hidden = Hidden::of(&digits);
                Vec::new()
            }
            Msg::Background(rgb) => {
                self.set_ground(ground_of(rgb));
                Vec::new()
            }
            Msg::Named(name) => {
                self.plots.answer = Some(name);
                Vec::new()
            }
            Msg::Burst(keys) => self.burst(&keys),
            Msg::Mouse(event) => self.mouse(event),
            Msg::Resize { width, height } => {
                self.size = (width, height);
                Vec::new()
            }
            Msg::FocusLost => {
                self.is_focused = false;
                Vec::new()
            }
            Msg::FocusGained | Msg::Resumed => {
                self.is_focused = true;
                self.disturb();
                // Events of the file watcher may have been lost meanwhile.
                matches!(self.opening, Opening::Done(_)).then_some(Effect::Rescan).into_iter().collect()
            }
            Msg::Drawn => {
                if let Some(overlay) = self.overlays.last_mut() {
                    overlay.drawn(now);
                }
                Vec::new()
            }
            Msg::Wake => self.renew_dashboard(),
            Msg::Leave(farewell) => vec![Effect::Leave(Ending::Signal(farewell))],
            other => self.arrive(other),
        }
    }

    /// When the screen next changes by time alone, in steady milliseconds.
    pub fn next_wake(&self) -> Option<u64> {
        let now = self.now.steady_ms;
        let question = self.overlays.last().and_then(|overlay| overlay.wakes_at(self.now));
        let toast = self.messages.shown().map(|toast| toast.until);
        let ticks = self.output.ticks() || self.services.counts_down();
        // A screen reader would read every changed second aloud.
        let step = if self.letters == Letters::Linear { MINUTE_MS } else { TICK_MS };
        let tick = ticks.then_some(now + step);
        let dated = self.failures.open_count() > 0 || !self.queue.is_empty() || self.services.going_count() > 0;
        // A size that was read during a resize is read again.
        let is_small = self.size.0 < MIN_WIDTH || self.size.1 < MIN_HEIGHT;
        let again = is_small.then_some(now + AGAIN_MS);
        let ages = dated.then_some(now + MINUTE_MS);
        let preview = self.preview_wakes();
        let counted = [self.evolution_wakes(), self.dashboard_wakes(), self.work_wakes(), self.fetching.wakes_at()];
        [question, toast, tick, ages, preview, again].into_iter().chain(counted).flatten().min()
    }

    /// Whether something became due since the last update of the state: a frame drawn from this state does not show it
    /// yet.
    pub fn is_overdue(&self, now: Now) -> bool {
        self.next_wake().is_some_and(|at| at <= now.steady_ms)
    }

    /// The title of the terminal's window, safe to write.
    pub fn window_title(&self) -> SafeText {
        let place = match &self.opening {
            Opening::Done(opened) => &opened.workspace,
            Opening::Pending | Opening::Failed(_) => &self.call.workspace,
        };
        let name = place.rsplit('/').find(|part| !part.is_empty()).unwrap_or(place);
        let waiting = match self.queue.len() {
            0 => String::new(),
            waiting => format!(" ({waiting})"),
        };
        SafeText::new(&format!("toolsmith: {name}{waiting}"))
    }

    /// Shows an error with its next step.
    fn complain(&mut self, error: &EngineError) {
        let text =
            if error.hint.is_empty() { error.message.clone() } else { format!("{} · {}", error.message, error.hint) };
        self.say(Mood::Trouble, &text);
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// The next keys may have been meant for something else.
    fn disturb(&mut self) {
        let now = self.now;
        for overlay in &mut self.overlays {
            overlay.disturb(now);
        }
    }

    /// Opens a tab for a recorded run, or shows the existing one.
    fn open_run(&mut self, run: RunId) -> Vec<Effect> {
        self.focus = Pane::Output;
        self.show_screen(Screen::Workbench);
        let instance = self.services.of_run(run).map(|view| view.instance.id);
        // A log that follows the instance continues with its newest start by itself.
        if self.output.show(run) || instance.is_some_and(|id| self.output.show_log_of(id)) {
            return self.follow_starts();
        }
        let record = self.runs.iter().find(|record| record.id == run);
        let label = record.map_or_else(String::new, |record| format!("{} {}", record.tool, record.version));
        let tool = record.and_then(|record| self.tool_named(record.tool.as_str()));
        let tab = self.output.open(label, tool, super::pane::output::Phase::Loading(run));
        let mut effects = vec![Effect::LoadSpool { tab, run, before: None }];
        effects.extend(self.follow_starts());
        effects
    }

    /// Opens a tab and starts a run of a tool in it, on a worker if one is named.
    fn start(&mut self, tool: Arc<Tool>, input: Option<serde_json::Value>, worker: Option<String>) -> Vec<Effect> {
        self.focus = Pane::Output;
        self.show_screen(Screen::Workbench);
        let label = format!("{} {}", tool.name, tool.version);
        let phase = super::pane::output::Phase::Starting { since: self.now.steady_ms };
        let tab: TabId = self.output.open(label, Some(Arc::clone(&tool)), phase);
        let request = crate::engine::RunRequest { tool, input, timeout: None, again: None, worker };
        vec![Effect::StartRun { tab, request }]
    }
}
