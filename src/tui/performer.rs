//! Executes the effects that the state requests, off the loop's thread, and sends the answers back.
//!
//! Every call into the engine may block, so each runs on a separate thread of a pool; the loop never waits for one. The
//! loop pulls live output (see [`Live`]); it is not pushed as messages.

mod dossiers;
mod evolving;
pub(in crate::tui) mod finding;
mod handing;
pub(in crate::tui) mod logs;
mod services;
mod verifying;

use self::dossiers::dossier;
use super::effect::{BehaviourOf, CallStep, Effect, Evolving, Failing, RerunExtent, TabId, Upkeep, Way};
use super::msg::{Answer, Called, FileTokens, Kempt, Msg, Opened, StartedAttempt};
use super::phrase;
use super::widget::{DiffText, Language, highlight};
use crate::domain::{Caller, Command, EvolutionId, Run, RunId, VersionFile};
use crate::engine::{
    Begun, CallBegun, CallReport, CallRequest, CatalogState, CatalogView, Change, Engine, EngineError, ErrorCode,
    FoundAgent, Frame, Index, Limits, OpenOptions, RerunFrom, ReviewFilter, RunFilter, RunHandle, RunRequest,
    ScreenState, Settings, Tail, Watch, choices, init,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

/// The maximum length of a list of runs.
const RUN_LIMIT: usize = 200;
/// The maximum length of a list of opportunities.
const OPPORTUNITIES: usize = 200;
/// How much live output is passed to the state per frame, in bytes; the rest waits.
const FRAME_BYTES: usize = 256 << 10;
/// The minimum time between two samples of a live run; faster changes are unreadable.
const SAMPLE_STEP: Duration = Duration::from_millis(250);

/// The output of a live run and the current read position.
struct Live {
    tail: Arc<Tail>,
    cursor: u64,
    /// Frames that were pulled from the ring and not passed on yet.
    waiting: VecDeque<Frame>,
    skipped: u64,
    /// The record, once the run has ended; passed on after the last output.
    ended: Option<Result<Box<Run>, EngineError>>,
}

/// The state shared by all threads.
struct Shared {
    options: OpenOptions,
    agent: Option<String>,
    found: Option<FoundAgent>,
    limits: Limits,
    engine: OnceLock<Engine>,
    watch: Mutex<Option<Watch>>,
    live: Mutex<HashMap<RunId, Live>>,
    /// Instances of services, and whether they are monitored.
    services: Mutex<services::InstanceCache>,
    /// Followed runs of other processes.
    followed: Mutex<HashSet<RunId>>,
    /// The number of the latest search in kept output.
    search: AtomicU64,
    /// Evolutions that this process drives.
    driven: Mutex<HashSet<EvolutionId>>,
    to_loop: UnboundedSender<Msg>,
    output: Notify,
}

/// Performs effects. Clones share everything.
#[derive(Clone)]
pub struct Performer {
    shared: Arc<Shared>,
}

impl Performer {
    /// A performer for a workspace that is not open yet. `agent` is the caller if it is not a human, and `found` is
    /// where it was detected if it did not identify itself; `limits` restricts what may run.
    pub fn new(
        options: OpenOptions,
        (agent, found, limits): (Option<String>, Option<FoundAgent>, Limits),
        to_loop: UnboundedSender<Msg>,
    ) -> Performer {
        let shared = Shared {
            options,
            agent,
            found,
            limits,
            engine: OnceLock::new(),
            watch: Mutex::new(None),
            live: Mutex::new(HashMap::new()),
            services: Mutex::default(),
            followed: Mutex::default(),
            search: AtomicU64::new(0),
            driven: Mutex::new(HashSet::new()),
            to_loop,
            output: Notify::new(),
        };
        Performer { shared: Arc::new(shared) }
    }

    /// Opens the workspace, reads the catalog and watches it, on a separate thread.
    pub fn open(&self) {
        let performer = self.clone();
        drop(tokio::task::spawn_blocking(move || {
            if let Err(error) = performer.open_now() {
                performer.send(Msg::OpenFailed(error));
            }
        }));
    }

    fn open_now(&self) -> Result<(), EngineError> {
        let options = &self.shared.options;
        let (settings, _) = Settings::load(&options.workspace, &options.home);
        let file = options.home.config_file();
        self.send(Msg::Settings { settings: Box::new(settings), file: file.display().to_string() });
        let engine = Engine::open(options.clone())?;
        engine.tool_sets().limit(&self.shared.limits)?;
        if let (Some(agent), Some(found)) = (&self.shared.agent, &self.shared.found) {
            engine.runs().log_found_agent(agent, found, "workbench", false)?;
        }
        // The loop requests opening only once, so the cell is empty.
        let _ = self.shared.engine.set(engine.clone());
        // Sent before the first rows: keys that act on a row are refused until the workspace is open.
        self.send(Msg::Opened(Opened { workspace: shown_path(engine.workspace()) }));
        let screen = engine.screen();
        self.send(Msg::Layout(screen.divider));
        self.send(Msg::Hidden(screen.hidden));
        if let (Some(agent), Some(found)) = (&self.shared.agent, &self.shared.found) {
            // A human who was taken for an agent must learn why nothing can be decided here.
            let way = "a human opens the workbench in a terminal that the agent did not start";
            self.answer(Answer::Warned(format!("you count as the agent {agent}, found in {}: {way}", found.place)));
        }
        std::thread::scope(|scope| {
            // Git looks up the user during the scan, so that neither the first rows nor the first decision wait for it.
            scope.spawn(|| engine.identity());
            engine.library().scan(&mut |view| self.catalog(&view))
        })?;
        if let Some(unknown) = engine.tool_sets().unknown_choice() {
            // The requested tool is unknown: an empty list would suggest that there are no tools.
            return Err(unknown);
        }
        let mut has_trouble = false;
        for trouble in engine.take_trouble() {
            has_trouble = true;
            self.send(Msg::Changed(Change::Trouble(trouble)));
        }
        if let Err(error) = engine.runs().prune_at_start() {
            self.send(Msg::Changed(Change::Trouble(error)));
        }
        let performer = self.clone();
        let watch =
            engine.library().watch(&(Arc::new(move |change| performer.changed(change)) as crate::engine::OnChange))?;
        *lock(&self.shared.watch) = Some(watch);
        self.send(Msg::Changed(Change::Agents(engine.agents().list()?)));
        // Sent after watching began, so that no change is missed in between.
        for change in [Change::Reviews, Change::Failures, Change::Evolutions, Change::Services] {
            self.send(Msg::Changed(change));
        }
        // Last, because bubblewrap is started once to test it. The footer has space for one message.
        if engine.runs().lacks_bubblewrap() && !has_trouble {
            // A short text: on a terminal with 60 columns, the remedy must still be visible.
            let warning =
                EngineError::new(ErrorCode::IsolationMissing, "no bubblewrap", ":doctor says what that costs");
            self.send(Msg::Changed(Change::Trouble(warning)));
        }
        Ok(())
    }

    fn changed(&self, change: Change) {
        match change {
            Change::Catalog(view) => self.catalog(&view),
            other => self.send(Msg::Changed(other)),
        }
    }

    /// Sends a catalog at once and, if it is complete, its search index afterwards.
    fn catalog(&self, view: &Arc<CatalogView>) {
        self.send(Msg::Catalog(Arc::clone(view)));
        if view.state == CatalogState::Ready {
            let index = Arc::new(Index::new(&view.tools));
            self.send(Msg::Indexed { generation: view.generation, index });
        }
    }

    fn send(&self, msg: Msg) {
        // The loop ends only with the program; then the message is not needed.
        let _ = self.shared.to_loop.send(msg);
    }

    fn answer(&self, answer: Answer) {
        self.send(Msg::Answer(Box::new(answer)));
    }

    /// Performs an effect that needs the engine. Returns the task if quitting must wait for it.
    pub fn perform(&self, effect: Effect) -> Option<JoinHandle<()>> {
        if let (Effect::LookAt(review), Some(engine)) = (&effect, self.shared.engine.get()) {
            // At once: as tasks, opening and closing could arrive in the wrong order.
            engine.checks().look_at(*review);
            return None;
        }
        let must_finish =
            matches!(effect, Effect::Execute(_) | Effect::DecideAll(_) | Effect::Evolve(Evolving::Keep { .. }));
        let performer = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let Some(engine) = performer.shared.engine.get().cloned() else {
                performer.answer(match effect {
                    // Otherwise the dashboard would wait for its figures forever.
                    Effect::Dashboard => Answer::Dashboard(Err(not_open())),
                    _ => Answer::Trouble(not_open()),
                });
                return;
            };
            performer.perform_now(&engine, effect);
        });
        must_finish.then_some(task)
    }

    fn keep_screen(&self, engine: &Engine, screen: &ScreenState) {
        if let Err(error) = engine.keep_screen(screen) {
            self.answer(Answer::Trouble(error));
        }
    }

    // size: one arm for each sort of effect
    fn perform_now(&self, engine: &Engine, effect: Effect) {
        match effect {
            Effect::StopVerifying => drop(engine.teams().stop_verifying()),
            Effect::KeepLayout(divider) => self.keep_screen(engine, &ScreenState { divider, ..engine.screen() }),
            Effect::KeepHidden(hidden) => self.keep_screen(engine, &ScreenState { hidden, ..engine.screen() }),
            Effect::Rescan => match lock(&self.shared.watch).as_ref() {
                Some(watch) => watch.rescan(),
                None => self.scan(engine),
            },
            Effect::LoadRuns => {
                let filter = RunFilter { limit: RUN_LIMIT, ..RunFilter::default() };
                self.answer(Answer::Runs(engine.runs().list(&filter)));
            }
            Effect::LoadFailures => self.answer(Answer::Failures(engine.failures().list(None))),
            Effect::LoadReviews => self.answer(Answer::Reviews(engine.reviews().list(ReviewFilter::Waiting))),
            Effect::LoadOperations { grep, limit } => {
                self.answer(Answer::Operations(engine.history().operations(limit, grep.as_deref())));
            }
            Effect::LoadReview(review) => self.answer(Answer::reviewed(review, engine.reviews().detail(review))),
            Effect::LookAt(review) => engine.checks().look_at(review),
            Effect::LoadDetail { tool, purpose, other } => {
                let detail = dossier(engine, &tool, other.as_deref()).map(Box::new);
                self.answer(Answer::Detail { purpose, path: tool.path.clone(), detail });
            }
            Effect::LoadBehaviour { ticket, of } => {
                let behaviour = match of {
                    BehaviourOf::Version(tool) => engine.observations().behaviour(&tool),
                    BehaviourOf::Run(run) => engine.observations().behaviour_of_run(run),
                };
                self.answer(Answer::Behaviour { ticket, behaviour: behaviour.map(Box::new) });
            }
            Effect::Preview(command) => {
                let preview = engine.preview(&command);
                self.answer(Answer::Preview { command, preview });
            }
            Effect::Execute(command) => self.execute(engine, command),
            Effect::StartRun { tab, request } => self.start(engine, tab, &request),
            Effect::Rerun { tab, run, extent } => match rerun_request(engine, run, extent) {
                Ok(request) => self.start(engine, tab, &request),
                Err(error) => self.answer(Answer::RunStarted { tab, started: Err(error) }),
            },
            Effect::LoadSpool { tab, run, before } => {
                let read = logs::kept(engine, run, before);
                let goes_on = read.as_ref().ok().filter(|(kept, _)| before.is_none() && kept.is_going());
                let from = goes_on.map(|(_, end)| *end);
                self.answer(Answer::Spool { tab, kept: read.map(|(kept, _)| Box::new(kept)) });
                if let Some(from) = from {
                    self.follow_log(run, from);
                }
            }
            Effect::LoadSpoolPart { tab, run, around } => {
                let part = logs::part(engine, run, around).map(Box::new);
                self.answer(Answer::SpoolPart { tab, around, part });
            }
            Effect::FindInSpool(quest) => self.find(engine, &quest),
            Effect::Highlight { ticket, side, files } => {
                let files = files.iter().filter_map(tokens).collect();
                self.answer(Answer::Highlighted { ticket, side, files });
            }
            Effect::Preflight { reviews, kind } => {
                self.answer(Answer::Preflight(engine.reviews().preflight(&reviews, kind)));
            }
            Effect::DecideAll(requests) => {
                let results = engine.reviews().decide_all(requests, &self.caller(engine));
                self.answer(Answer::DecidedAll(results));
            }
            Effect::Compare { ticket, before, after, blanks } => {
                let compared = Box::new(DiffText::between(&before, &after, blanks));
                self.answer(Answer::Compared { ticket, compared });
            }
            Effect::Init => {
                let made = init(engine.workspace()).map(|report| phrase::created(&report.created));
                crate::engine::note_identity(engine);
                self.answer(Answer::Furnished(made));
                self.scan(engine);
            }
            Effect::Dashboard => self.answer(Answer::Dashboard(engine.library().dashboard().map(Box::new))),
            Effect::Upkeep(work) => self.look_through(engine, work),
            Effect::Query(call) => {
                let found = engine.query(&call, &self.caller(engine)).map(|answer| answer.description);
                self.answer(Answer::Described { call, found });
            }
            Effect::Call { ticket, request, step } => self.call(engine, ticket, &request, step),
            Effect::LoadOpportunities(from) => {
                self.answer(Answer::Opportunities(engine.opportunities().list(&from, OPPORTUNITIES)));
            }
            Effect::Export { out, format } => {
                let written = engine.library().export(&out, format);
                self.answer(Answer::Exported(written.map(|tools| (out, tools))));
            }
            Effect::Carry { way, bundle, tool } => {
                let (versions, tool) = (engine.versions(), tool.as_deref());
                let carried = match way {
                    Way::In => versions.pull(&bundle, tool, &self.caller(engine)),
                    Way::Out => versions.push(&bundle, tool, &self.caller(engine)),
                    Way::AsSkills => versions.push_skills(std::path::Path::new(&bundle), tool),
                };
                self.answer(Answer::Carried(carried));
            }
            Effect::LoadSets => self.answer(Answer::Sets(engine.tool_sets().list())),
            Effect::Choose(name) => {
                let chosen = engine.tool_sets().choose(Some(&name)).and_then(|()| engine.library().refresh());
                if let Ok(view) = &chosen {
                    self.catalog(view);
                }
                self.answer(Answer::Chosen { name, chosen: chosen.map(drop) });
            }
            Effect::LoadGrants => self.answer(Answer::Grants(engine.grants().list())),
            Effect::LoadChoices(what, of) => {
                self.answer(Answer::Choices(what, choices(engine, what, of.as_deref())));
            }
            Effect::LoadBuffers => self.answer(Answer::Buffers(engine.buffers().list())),
            Effect::FindGrant(name) => self.answer(Answer::Grant(engine.grants().named(&name))),
            Effect::Evolve(evolving) => self.evolve(engine, evolving),
            Effect::Failing(failing) => self.failing(engine, failing),
            Effect::Serve(serving) => self.serve(engine, serving),
            Effect::FetchTeam => self.answer(Answer::Fetched(engine.teams().fetch(&self.caller(engine)))),
            // The loop handles these.
            Effect::Leave(_)
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Mouse(_)
            | Effect::Ring(_)
            | Effect::Edit { .. }
            | Effect::Page(_) => {}
            // The loop has already sent the text to the terminal.
            Effect::Copy(text) => {
                if let Err(error) = engine.handover().clipboard(&text) {
                    self.answer(Answer::Trouble(error));
                }
            }
        }
    }

    fn look_through(&self, engine: &Engine, work: Upkeep) {
        let found = match work {
            Upkeep::Stale(days) => Kempt::Stale(engine.upkeep().stale(days)),
            Upkeep::Twins => Kempt::Twins(engine.upkeep().twins()),
        };
        self.answer(Answer::Kempt(Box::new(found)));
    }

    fn scan(&self, engine: &Engine) {
        if let Err(error) = engine.library().scan(&mut |view| self.catalog(&view)) {
            self.answer(Answer::Trouble(error));
        }
    }

    fn caller(&self, engine: &Engine) -> Caller {
        match &self.shared.agent {
            Some(agent) => Caller::Agent(agent.clone()),
            None => Caller::Human(engine.identity()),
        }
    }

    fn execute(&self, engine: &Engine, command: Command) {
        if self.asks_first(engine, &command) {
            return;
        }
        if let Some(notice) = engine.integrity().touch_notice().filter(|_| !matches!(command, Command::Cancel { .. })) {
            self.answer(Answer::Warned(notice.to_owned()));
        }
        let verifies = matches!(&command, Command::Verb(call) if matches!(call.verb(), "sync" | "team-import"));
        let shown = verifies.then(|| self.show_verifying(engine));
        let mut outcome = engine.execute(command.clone(), &self.caller(engine));
        drop(shown);
        if let Ok(done) = &mut outcome {
            // Operations that cannot be undone are not offered for undo.
            done.operation = done.operation.filter(|id| engine.history().operation(*id).is_ok_and(|it| it.reversible));
        }
        self.answer(Answer::Done { command, outcome });
    }

    /// Starts a run and follows it to its end.
    fn start(&self, engine: &Engine, tab: TabId, request: &RunRequest) {
        let caller = self.caller(engine);
        match engine.runs().unallowed(&request.tool, &caller) {
            Ok(None) => {}
            Ok(Some(command)) => return self.answer(Answer::RunAsks { tab, request: request.clone(), command }),
            Err(error) => return self.answer(Answer::RunStarted { tab, started: Err(error) }),
        }
        let handle = match engine.runs().start(request, &caller) {
            Ok(handle) => handle,
            Err(error) => return self.answer(Answer::RunStarted { tab, started: Err(error) }),
        };
        let run = handle.id;
        // The tab gets its number before output may be pulled for it.
        self.answer(Answer::RunStarted { tab, started: engine.runs().record(run).map(Box::new) });
        if let Some(warning) = &handle.warning {
            self.answer(Answer::Warned(warning.clone()));
        }
        self.show_and_follow(handle);
    }

    /// Passes the output of a started run to the loop, and follows the run to its end. The tab already knows the number
    /// of the run.
    fn show_and_follow(&self, handle: RunHandle) {
        let run = handle.id;
        if let Some(tail) = handle.tail() {
            let live = Live { tail, cursor: 0, waiting: VecDeque::new(), skipped: 0, ended: None };
            lock(&self.shared.live).insert(run, live);
        }
        self.follow(handle);
    }

    fn called(&self, called: Called) {
        self.answer(Answer::Called(Box::new(called)));
    }

    fn call(&self, engine: &Engine, ticket: u64, request: &CallRequest, step: CallStep) {
        match step {
            CallStep::Look => {
                let found = engine.services().call_candidates(request, &self.caller(engine));
                self.called(Called::Candidates { ticket, found });
            }
            CallStep::Begin => {
                let report = self.attempts(engine, request);
                self.called(Called::Over(report));
            }
        }
    }

    /// Makes the attempts of a call one after the other; each is shown as a run.
    fn attempts(&self, engine: &Engine, request: &CallRequest) -> Result<CallReport, EngineError> {
        let mut calling = match engine.services().begin_call(request, &self.caller(engine))? {
            CallBegun::Answered(report) => return Ok(*report),
            CallBegun::Tools(calling) => *calling,
        };
        while let Some(Begun { number, tool, handle, .. }) = calling.begin_next()? {
            let id = handle.id;
            let run = Box::new(engine.runs().record(id)?);
            // The tab gets its number before output may be pulled for it.
            self.called(Called::Attempt(Box::new(StartedAttempt { number, run, tool })));
            self.show_and_follow(handle);
            calling.ended(&engine.runs().record(id)?)?;
        }
        Ok(calling.report())
    }

    fn failing(&self, engine: &Engine, failing: Failing) {
        self.answer(match failing {
            Failing::Load(signature) => Answer::Failure(engine.failures().detail(&signature).map(Box::new)),
            Failing::Mark(request) => Answer::Marked(engine.failures().mark(&request, &self.caller(engine))),
        });
    }

    fn follow(&self, handle: RunHandle) {
        let run = handle.id;
        if let Some(mut changed) = handle.changed() {
            let performer = self.clone();
            tokio::spawn(async move {
                // Ends when the run's sender is dropped.
                while changed.changed().await.is_ok() {
                    performer.shared.output.notify_one();
                }
            });
        }
        if let Some(mut samples) = handle.samples() {
            let (performer, verified) = (self.clone(), handle.verified());
            tokio::spawn(async move {
                // Ends when the run's sender is dropped.
                while samples.changed().await.is_ok() {
                    let sample = *samples.borrow_and_update();
                    performer.send(Msg::Sample { run, sample, level: verified.get().copied() });
                    tokio::time::sleep(SAMPLE_STEP).await;
                }
            });
        }
        let record = handle.wait().map(Box::new);
        match lock(&self.shared.live).get_mut(&run) {
            Some(live) => live.ended = Some(record),
            None => return self.answer(Answer::RunEnded { run, record }),
        }
        self.shared.output.notify_one();
    }

    /// Waits until a live run has more output.
    ///
    /// # Cancel safety
    /// Nothing is lost if the future is dropped: the next call returns at once.
    pub async fn more_output(&self) {
        self.shared.output.notified().await;
    }

    /// Pulls the output of live runs, at most [`FRAME_BYTES`] of each. Returns whether more is left.
    pub fn pull(&self, take: &mut dyn FnMut(Msg)) -> bool {
        let mut live = lock(&self.shared.live);
        let mut left = false;
        let mut over = Vec::new();
        for (run, live) in live.iter_mut() {
            if live.waiting.is_empty() {
                let (frames, next, skipped) = live.tail.since(live.cursor);
                live.cursor = next;
                live.skipped = skipped;
                live.waiting.extend(frames);
            }
            let mut bytes = 0;
            let mut frames = Vec::new();
            while bytes < FRAME_BYTES
                && let Some(frame) = live.waiting.pop_front()
            {
                bytes += frame.bytes.len();
                frames.push(frame);
            }
            let skipped = std::mem::take(&mut live.skipped);
            let quiet = frames.is_empty() && skipped == 0;
            if !quiet {
                take(Msg::Output { run: *run, frames, skipped });
                left = true;
            } else if let Some(record) = live.ended.take() {
                take(Msg::Answer(Box::new(Answer::RunEnded { run: *run, record })));
                over.push(*run);
            }
        }
        for run in over {
            live.remove(&run);
        }
        left
    }

    /// Asks every run of this process to stop. Returns whether there are any.
    pub fn stop_runs(&self) -> bool {
        match self.shared.engine.get() {
            Some(engine) => {
                engine.runs().cancel_all();
                !engine.runs().live().is_empty()
            }
            None => false,
        }
    }

    /// Whether runs of this process are still alive.
    pub fn has_live_runs(&self) -> bool {
        self.shared.engine.get().is_some_and(|engine| !engine.runs().live().is_empty())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The guarded data is consistent after every step, so a panic elsewhere does no harm.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn not_open() -> EngineError {
    EngineError::new(ErrorCode::Failed, "the workspace is not open", "see the first line for the reason")
}

/// The displayed path of the workspace folder, with `~` for the home folder.
pub fn shown_path(path: &Path) -> String {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    phrase::path(path, home.as_deref().map(Path::new).map(PathBuf::from).as_deref())
}

/// The syntax of a file; `None` if its language is unknown or it is not text.
pub fn tokens(file: &VersionFile) -> Option<FileTokens> {
    let text = std::str::from_utf8(&file.bytes).ok()?;
    let language = Language::of(&file.path, text)?;
    Some((file.path.clone(), highlight(language, text)?))
}

fn rerun_request(engine: &Engine, run: RunId, extent: RerunExtent) -> Result<RunRequest, EngineError> {
    let record = engine.runs().record(run)?;
    let tool = engine.library().resolve(record.tool.as_str())?;
    let input = engine.runs().input_again(run)?.filter(|input| !input.is_null());
    let again = match extent {
        RerunExtent::Whole => None,
        RerunExtent::From(step) => Some(RerunFrom { of: run, step }),
    };
    Ok(RunRequest { tool, input, timeout: None, again, worker: record.worker })
}
