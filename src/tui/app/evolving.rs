//! Evolutions: the form, the rounds in progress, and the available actions.

use super::{App, Mood, Refresh};
use crate::action::Verb;
use crate::domain::{Evolution, EvolutionId, EvolutionState, Review, ReviewId, RunId, Stage, Tool};
use crate::engine::{EngineError, EvolveRequest, Settings};
use crate::tui::effect::{Effect, Evolving, Sending};
use crate::tui::msg::Evolved;
use crate::tui::overlay::confirm::Confirm;
use crate::tui::overlay::evolutions::EvolutionList;
use crate::tui::overlay::evolve::{EvolveForm, Seed};
use crate::tui::overlay::{Args, Overlay};
use crate::tui::pane::Pane;
use crate::tui::screen::Screen;
use crate::tui::screen::evolution::EvolutionScreen;
use std::collections::HashMap;
use std::sync::Arc;

/// How often the text being written is refreshed, in milliseconds; nobody can read faster changes.
const LOOK_MS: u64 = 100;
/// How often the time of an evolution on the screen is redrawn, in milliseconds.
const TICK_MS: u64 = 1_000;

/// The workbench's data about all evolutions.
#[derive(Default)]
pub struct Evolutions {
    rows: Vec<Evolution>,
    /// Hints that were typed but not sent, by path of the tool.
    hints: HashMap<String, String>,
    /// The initial values of forms.
    seed: Seed,
    /// Reloads the list when it changed.
    list: Refresh,
    /// Reloads the evolution on the screen.
    one: Refresh,
}

impl Evolutions {
    /// How many are in progress.
    pub fn going(&self) -> usize {
        self.rows.iter().filter(|row| row.state == EvolutionState::Running).count()
    }

    /// Sets the generator settings.
    pub(super) fn set_settings(&mut self, settings: &Settings) {
        self.seed = Seed::of(settings);
    }
}

impl App {
    pub(super) fn evolving(&mut self, verb: Verb, args: &Args) -> Vec<Effect> {
        let named = args.get("evolution").and_then(|number| number.parse().ok()).map(EvolutionId);
        match verb {
            Verb::Evolve => self.begin_evolving(args),
            Verb::Evolutions => {
                if let Some(id) = named.or_else(|| self.evolution_of_review()) {
                    return self.open_evolution(id);
                }
                self.overlays.push(Overlay::Evolutions(EvolutionList::new(&self.evolutions.rows)));
                self.evolutions_changed()
            }
            Verb::Keep => self.ask_to_keep(named),
            Verb::Stop => self.with_evolution(named, |_, id| vec![Effect::Evolve(Evolving::Stop(id))]),
            Verb::Resume => self.with_evolution(named, |app, id| {
                let mut effects = app.open_evolution(id);
                effects.push(Effect::Evolve(Evolving::Resume(id)));
                effects
            }),
            _ => Vec::new(),
        }
    }

    /// Opens the form; if opened by key, it refers to the selected failed run.
    fn begin_evolving(&mut self, args: &Args) -> Vec<Effect> {
        let again = match &self.screen {
            Screen::Evolution(screen) if args.get("tool").is_none() => {
                screen.base().map(|row| (row.asked.clone(), screen.generator().map(str::to_owned)))
            }
            _ => None,
        };
        let named = args.get("failure").and_then(|text| text.parse().ok()).map(RunId);
        let failed = if args.get("tool").is_none() { self.failed_run() } else { named };
        let hint = args.get("hint").map(str::to_owned);
        self.with_tool(args, |app, tool| {
            let mut seed = Seed { failures: failed.into_iter().collect(), ..app.evolutions.seed.clone() };
            if let Some((asked, generator)) = again {
                seed = Seed { hint: asked.hint, failures: asked.failures, generator, ..seed };
            }
            let draft = hint.or_else(|| app.evolutions.hints.get(&tool.path).cloned());
            seed.hint = draft.filter(|draft| !draft.is_empty()).unwrap_or(seed.hint);
            let ticket = app.ticket();
            let form = EvolveForm::new(Arc::clone(&tool), app.reference(&tool), seed, ticket);
            let request = Box::new(form.request());
            app.overlays.push(Overlay::Evolve(Box::new(form)));
            vec![Effect::Evolve(Evolving::Prepare { ticket, request, sending: Sending::Learn })]
        })
    }

    /// The selected failed run.
    fn failed_run(&self) -> Option<RunId> {
        let run = self.selected_run()?;
        let is_failure = self.runs.iter().find(|record| record.id == run).is_some_and(|r| r.outcome.is_failure());
        let at_failures = matches!(self.screen, Screen::Workbench) && self.focus == Pane::Failures;
        (at_failures || is_failure).then_some(run)
    }

    /// Computes what a form requests.
    pub(super) fn prepare_evolution(&mut self, request: EvolveRequest, sending: Sending) -> Vec<Effect> {
        let ticket = self.ticket();
        let Some(Overlay::Evolve(form)) = self.overlays.last_mut() else { return Vec::new() };
        form.ticket = ticket;
        vec![Effect::Evolve(Evolving::Prepare { ticket, request: Box::new(request), sending })]
    }

    pub(super) fn keep_hint(&mut self, path: String, hint: String) {
        if !hint.is_empty() {
            self.say(Mood::Calm, "the typed hint is kept as a draft");
        }
        self.evolutions.hints.insert(path, hint);
    }

    /// Opens the rounds of an evolution.
    pub(super) fn open_evolution(&mut self, id: EvolutionId) -> Vec<Effect> {
        if !matches!(&self.screen, Screen::Evolution(screen) if screen.id == id) {
            self.show_screen(Screen::Evolution(Box::new(EvolutionScreen::loading(id))));
        }
        self.load_evolution()
    }

    fn load_evolution(&mut self) -> Vec<Effect> {
        let Screen::Evolution(screen) = &self.screen else { return Vec::new() };
        let load = Effect::Evolve(Evolving::Load(screen.id));
        self.evolutions.one.ask().then_some(load).into_iter().collect()
    }

    /// The state of an evolution changed.
    pub(super) fn evolutions_changed(&mut self) -> Vec<Effect> {
        let mut effects = self.load_evolution();
        effects.extend(self.evolutions.list.ask().then_some(Effect::Evolve(Evolving::List)));
        effects
    }

    pub(super) fn take_evolving(&mut self, came: Evolved) -> Vec<Effect> {
        match came {
            Evolved::Prepared { ticket, sending, asking } => {
                if let Some(form) = self.evolve_form(ticket) {
                    form.set(sending, asking);
                }
            }
            Evolved::Began { ticket, began: Err(error) } => match self.evolve_form(ticket) {
                Some(form) => form.fail(&error),
                None => self.complain(&error),
            },
            Evolved::Began { ticket, began: Ok(id) } => {
                let is_waiting = self.evolve_form(ticket).is_some();
                if !is_waiting {
                    let key = self.keymap.key(Verb::Evolutions);
                    self.say(Mood::Calm, &format!("evolution {id} started · {key} list evolutions"));
                    return Vec::new();
                }
                if let Some(Overlay::Evolve(form)) = self.overlays.pop() {
                    self.evolutions.hints.remove(form.path());
                }
                return self.open_evolution(id);
            }
            Evolved::List(rows) => return self.take_list(rows),
            Evolved::One { id, found } => {
                let again = self.evolutions.one.came();
                if let Screen::Evolution(screen) = &mut self.screen {
                    if screen.id == id {
                        screen.set(found);
                    }
                    // Another evolution may be open now.
                    let open = screen.id;
                    if again {
                        return vec![Effect::Evolve(Evolving::Load(open))];
                    }
                }
            }
            Evolved::Texts { id, texts } => {
                if let Screen::Evolution(screen) = &mut self.screen
                    && screen.id == id
                {
                    screen.set_texts(texts);
                }
            }
            Evolved::Ready(request, Ok(())) => {
                let review = request.review;
                let effects = self.decide(*request);
                self.generating = Some(review).filter(|_| !effects.is_empty());
                return effects;
            }
            Evolved::Ready(_, Err(error)) => {
                let message = format!("not approved: {}", error.message);
                self.complain(&EngineError { message, ..error });
            }
            Evolved::Generated(Ok((made, began))) => {
                self.say(Mood::Calm, &made.outcome.message);
                return began.map_or_else(Vec::new, |id| self.open_evolution(id));
            }
            Evolved::Kept(Ok(outcome)) => {
                self.say(Mood::Calm, &outcome.message);
                return self.evolutions_changed();
            }
            Evolved::Generated(Err(error)) | Evolved::Kept(Err(error)) => self.complain(&error),
        }
        Vec::new()
    }

    /// Stores the list, and reports how evolutions ended since then.
    fn take_list(&mut self, rows: Result<Vec<Evolution>, EngineError>) -> Vec<Effect> {
        let again = self.evolutions.list.came().then_some(Effect::Evolve(Evolving::List));
        let rows = match rows {
            Ok(rows) => rows,
            Err(error) => {
                self.complain(&error);
                return again.into_iter().collect();
            }
        };
        let went_on = |id| {
            let before = self.evolutions.rows.iter().find(|row| row.id == id);
            before.is_some_and(|row| row.state == EvolutionState::Running)
        };
        let ended = rows.iter().find(|row| row.state != EvolutionState::Running && went_on(row.id));
        if let Some(row) = ended {
            let mood = if row.state == EvolutionState::Failed { Mood::Trouble } else { Mood::Calm };
            let text = format!("evolution {} of {}: {} · {}", row.id, row.tool, row.state, row.message);
            self.say(mood, &text);
        }
        for overlay in &mut self.overlays {
            if let Overlay::Evolutions(list) = overlay {
                list.set(&rows);
            }
        }
        self.evolutions.rows = rows;
        again.into_iter().collect()
    }

    fn evolve_form(&mut self, ticket: u64) -> Option<&mut EvolveForm> {
        match self.overlays.last_mut() {
            Some(Overlay::Evolve(form)) if form.ticket == ticket => Some(form),
            _ => None,
        }
    }

    /// Refreshes the text being written, if it is on the screen and due.
    pub(super) fn look_at_texts(&mut self) -> Option<Effect> {
        let now = self.now;
        let Screen::Evolution(screen) = &mut self.screen else { return None };
        let is_due = screen.is_writing() && now.steady_ms >= screen.looked_ms() + LOOK_MS;
        is_due.then(|| {
            screen.look(now);
            Effect::Evolve(Evolving::Texts(screen.id))
        })
    }

    /// When the evolution on the screen next changes by time alone.
    pub(super) fn evolution_wakes(&self) -> Option<u64> {
        let Screen::Evolution(screen) = &self.screen else { return None };
        if screen.is_writing() {
            return Some(screen.looked_ms() + LOOK_MS);
        }
        (screen.state() == Some(EvolutionState::Running)).then_some(self.now.steady_ms + TICK_MS)
    }

    /// Asks before an answer is written; only the answer on the screen can be kept here.
    fn ask_to_keep(&mut self, named: Option<EvolutionId>) -> Vec<Effect> {
        match (&self.screen, named) {
            (Screen::Evolution(screen), None) => match screen.keepable() {
                Ok((at, lines)) => {
                    self.overlays.push(Overlay::Confirm(Confirm::keep(screen.id, at, lines)));
                    Vec::new()
                }
                Err(why) => self.refuse(&why),
            },
            (_, Some(id)) => {
                let key = self.keymap.key(Verb::Keep);
                self.say(Mood::Calm, &format!("{key}: keep the shown answer"));
                self.open_evolution(id)
            }
            (_, None) => self.refuse("open an evolution first"),
        }
    }

    fn with_evolution(
        &mut self,
        named: Option<EvolutionId>,
        then: impl FnOnce(&mut App, EvolutionId) -> Vec<Effect>,
    ) -> Vec<Effect> {
        let open = match &self.screen {
            Screen::Evolution(screen) => Some(screen.id),
            _ => None,
        };
        match named.or(open) {
            Some(id) => then(self, id),
            None => self.refuse("open an evolution first"),
        }
    }

    /// The evolution that made the version of the open review.
    fn evolution_of_review(&self) -> Option<EvolutionId> {
        let Screen::Review(screen) = &self.screen else { return None };
        evolution_that_made(&screen.review)
    }

    /// Opens a review; for an evolution, that of its version, as soon as the queue contains it.
    pub(super) fn show_review(&mut self, args: &Args) -> Vec<Effect> {
        let Screen::Evolution(screen) = &self.screen else { return self.with_review(args, App::open_review) };
        match screen.review() {
            Some(review) if args.get("review").is_none() && self.queue.find(review).is_none() => {
                self.promised = Some(review);
                self.say(
                    Mood::Calm,
                    &format!("review {review} is not in the queue: it was decided or is still loading"),
                );
                self.refresh.reviews.ask().then_some(Effect::LoadReviews).into_iter().collect()
            }
            _ => self.with_review(args, App::open_review),
        }
    }

    /// The review of the version that the evolution on screen wrote.
    ///
    /// # Errors
    /// Why there is none to open, as a sentence without a full stop.
    pub(super) fn evolution_review(&self) -> Result<ReviewId, String> {
        let Screen::Evolution(screen) = &self.screen else { return Err("open an evolution first".to_owned()) };
        screen.review().ok_or_else(|| "no version is saved yet".to_owned())
    }

    /// The catalog row of the tool that was evolved.
    pub(super) fn tool_evolved(&self, row: &Evolution) -> Option<Arc<Tool>> {
        let tools = &self.catalog.view().tools;
        let same = |tool: &&Arc<Tool>| tool.path == row.path && tool.digest == row.digest;
        tools.iter().find(same).cloned().or_else(|| self.tool_named(row.tool.as_str()))
    }

    /// Whether a verb about evolutions is available now.
    ///
    /// # Errors
    /// Why not, as a sentence without a full stop.
    pub(super) fn evolvable(&self, verb: Verb) -> Result<(), String> {
        if verb == Verb::Evolve {
            return match self.selected_tool() {
                Some(tool) if tool.stage == Stage::Archived => Err("it is archived: restore it first".to_owned()),
                Some(_) => Ok(()),
                None => Err("no tool is selected".to_owned()),
            };
        }
        let Screen::Evolution(screen) = &self.screen else { return Err("open an evolution first".to_owned()) };
        match (verb, screen.state()) {
            (_, None) => Err("it is still loading".to_owned()),
            (Verb::Keep, Some(_)) => screen.keepable().map(drop),
            (Verb::Stop, Some(EvolutionState::Running))
            | (Verb::Stop | Verb::Resume, Some(EvolutionState::Interrupted)) => Ok(()),
            (Verb::Resume, Some(EvolutionState::Running)) => Err("it is still running".to_owned()),
            _ => Err("it has ended".to_owned()),
        }
    }
}

/// The evolution that created the version in a review, according to its request.
fn evolution_that_made(review: &Review) -> Option<EvolutionId> {
    let number = review.request.as_ref()?.metadata.get("evolution")?.as_i64()?;
    Some(EvolutionId(number))
}
