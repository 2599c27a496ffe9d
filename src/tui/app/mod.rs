//! All state of the screen, and the one function that changes it.
//!
//! [`App::update`] is a plain function of state and message: no clock, no files, no environment. What
//! must happen outside comes back as [`Effect`]s.

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

/// A terminal that is too small is looked at again this often.
const AGAIN_MS: u64 = 500;
/// Ages are drawn anew this often when nothing else happens.
const MINUTE_MS: u64 = 60_000;
/// The time of a live run is drawn anew this often.
const TICK_MS: u64 = 1_000;

/// How far opening the workspace is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// The engine is still opening the workspace.
    Pending,
    /// The workspace is open; commands work.
    Done(Opened),
    /// It cannot be opened; the error is shown in its place.
    Failed(EngineError),
}

/// What a click on a place means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Move the focus to this pane.
    Pane(Pane),
    /// Focus this pane and select the row under the pointer.
    List(Pane),
    /// Do what this verb does.
    Verb(Verb),
    /// Press this key in the box on top.
    Key(Chord),
}

/// A place on the screen that answers to the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// Cells of the terminal that react.
    pub area: Rect,
    /// What a click there does.
    pub target: Target,
}

/// A read model that is loaded anew when it changed, never twice at the same time.
#[derive(Debug, Clone, Copy, Default)]
struct Refresh {
    loading: bool,
    again: bool,
}

impl Refresh {
    /// It changed. Returns whether to load now.
    fn ask(&mut self) -> bool {
        self.again = self.loading;
        !std::mem::replace(&mut self.loading, true)
    }

    /// It came. Returns whether to load once more.
    fn came(&mut self) -> bool {
        self.loading = std::mem::take(&mut self.again);
        self.loading
    }
}

/// How the program was called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The workspace folder as it is shown until it is open.
    pub workspace: String,
    /// The agent that is at the keyboard, when `--as-agent` said so: it decides nothing.
    pub agent: Option<String>,
    /// Whether colours are unwanted.
    pub no_color: bool,
}

/// All state of the screen.
pub struct App {
    /// How the program was called.
    pub call: Call,
    /// The keys in force.
    pub keymap: Keymap,
    /// The styles in force.
    pub theme: Theme,
    /// How the finished screen is changed for the terminal.
    pub letters: Letters,
    /// What the settings say of colours, and the background that the terminal named.
    colours: (ThemeSetting, Option<Ground>),
    /// The time of the last message.
    pub now: Now,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// Whether the mouse is reported.
    pub mouse: bool,
    /// Whether a request of an agent rings while nobody looks.
    rings: bool,
    /// Whether the window has the focus, as far as the terminal tells.
    is_focused: bool,
    /// Agents that are connected.
    pub agents: Vec<ConnectedAgent>,
    /// How far opening is.
    pub opening: Opening,
    /// Which pane has the focus.
    pub focus: Pane,
    /// Whether the focused pane has the screen for itself.
    pub zoom: bool,
    /// By how many columns the divider between the panes was moved to the right.
    pub shift: i16,
    /// Panes that are hidden; never the one with the focus.
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
    /// The pane that lists instances of services, where there are any.
    pub services: ServicesPane,
    /// What fills the terminal below the overlays.
    pub screen: Screen,
    /// Evolutions that are listed, running or on the screen.
    pub evolutions: evolving::Evolutions,
    /// What is open over it, topmost last.
    pub overlays: Vec<Overlay>,
    /// What was said, and is shown above the keys.
    pub messages: Messages,
    /// What is being done outside.
    works: work::Works,
    /// Verbs that were chosen in the palette, newest first.
    recent: Vec<Verb>,
    /// Places that answer to the mouse; written by the view.
    pub spots: Vec<Spot>,
    /// What is read of the selected tool.
    previews: preview::Previews,
    /// Charts that are pictures.
    pub plots: Plots,
    /// When the dashboard is counted.
    figures: figures::Figures,
    /// When the team is asked what it decided.
    fetching: fetching::Fetching,
    /// Recent runs, newest first.
    runs: Vec<Run>,
    /// Reasons typed and not sent.
    drafts: HashMap<(ReviewId, DecisionKind), String>,
    /// What was read of waiting reviews that were closed.
    readings: HashMap<ReviewId, Kept>,
    /// What the open review was opened from, when that was the table of several: the decision asked for, and which of
    /// its reviews are to be read after this one.
    returning: Option<(DecisionKind, Vec<ReviewId>)>,
    /// What is typed after a key that would have opened a prompt was refused.
    stray: stray::Stray,
    /// Whether the last key was refused.
    refused: bool,
    /// Comments typed and not sent.
    remarks: HashMap<ReviewId, (CommentKind, String)>,
    /// Other forms: drafts, and what was submitted before.
    memory: memory::Memory,
    /// Inputs typed and not sent, by path of the tool.
    inputs: HashMap<String, serde_json::Value>,
    refresh: Refreshes,
    tickets: u64,
    /// The review that a promotion opened, until the queue knows it; any key gives it up.
    promised: Option<ReviewId>,
    /// The specification whose tool is made once its approval counts.
    generating: Option<ReviewId>,
    /// The instance that was launched here, until it is listed; any key gives it up.
    awaited: Option<String>,
    /// Whether the pane of instances gets the focus once they are read, unless a key is pressed before.
    awaits_services: bool,
    /// Whether somebody looks at what instances use.
    watches: bool,
    /// What goes on when its tool is allowed to do what it declares.
    unallowed: Option<(Command, Held)>,
    /// A question whose tool is being looked at: it comes back with the panes.
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
    /// An empty workbench whose workspace is being opened.
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

    /// Takes a message and says what must happen outside.
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

    /// Asks again what was set aside to look at its tool.
    fn ask_again(&mut self) {
        if matches!(self.screen, Screen::Workbench)
            && self.overlays.is_empty()
            && let Some(mut question) = self.set_aside.take()
        {
            question.disturb(self.now);
            self.overlays.push(question);
        }
    }

    /// Fills the terminal with something else. What was read of a review that is closed is kept.
    fn show_screen(&mut self, screen: Screen) {
        self.returning = None;
        if let Screen::Review(mut closed) = std::mem::replace(&mut self.screen, screen)
            && let Some(kept) = closed.keep(self.now)
        {
            self.readings.insert(closed.review.id, kept);
        }
    }

    /// The review that fills the terminal.
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
                // Hints of the watcher may have been lost while nobody looked.
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

    /// When something changes on the screen by time alone, in steady milliseconds.
    pub fn next_wake(&self) -> Option<u64> {
        let now = self.now.steady_ms;
        let question = self.overlays.last().and_then(|overlay| overlay.wakes_at(self.now));
        let toast = self.messages.shown().map(|toast| toast.until);
        let ticks = self.output.ticks() || self.services.counts_down();
        // A reader of screens would read a second that passed aloud.
        let step = if self.letters == Letters::Linear { MINUTE_MS } else { TICK_MS };
        let tick = ticks.then_some(now + step);
        let dated = self.failures.open_count() > 0 || !self.queue.is_empty() || self.services.going_count() > 0;
        // A size that was read in the middle of a change is read again.
        let is_small = self.size.0 < MIN_WIDTH || self.size.1 < MIN_HEIGHT;
        let again = is_small.then_some(now + AGAIN_MS);
        let ages = dated.then_some(now + MINUTE_MS);
        let preview = self.preview_wakes();
        let counted = [self.evolution_wakes(), self.dashboard_wakes(), self.work_wakes(), self.fetching.wakes_at()];
        [question, toast, tick, ages, preview, again].into_iter().chain(counted).flatten().min()
    }

    /// Whether something became due since the state was last told the time: a frame that was drawn from it does not show
    /// that yet.
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

    /// Says what went wrong, with the next step.
    fn complain(&mut self, error: &EngineError) {
        let text =
            if error.hint.is_empty() { error.message.clone() } else { format!("{} · {}", error.message, error.hint) };
        self.say(Mood::Trouble, &text);
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Keys that come next may have been meant for something else.
    fn disturb(&mut self) {
        let now = self.now;
        for overlay in &mut self.overlays {
            overlay.disturb(now);
        }
    }

    /// Opens a tab for a recorded run, or shows the one there is.
    fn open_run(&mut self, run: RunId) -> Vec<Effect> {
        self.focus = Pane::Output;
        self.show_screen(Screen::Workbench);
        let instance = self.services.of_run(run).map(|view| view.instance.id);
        // A log that follows the instance goes on with its newest start by itself.
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

    /// Opens a tab and starts a run of a tool in it, on a worker where one is named.
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
