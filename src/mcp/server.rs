//! The MCP server: one for each connection.

use super::Warn;
use super::answer::{Answer, Refusal};
use super::arguments::Arguments;
use super::calls;
use super::limits::{RunPlace, SharedLimits};
use super::listeners::{Listeners, MOST_STREAMS};
use super::projected::{self, Listed, Projected};
use super::resources;
use super::running::{self, Course, Wanted};
use crate::action::{MOST_WAIT_S, Verb};
use crate::domain::{Caller, Command, Digest, RunId, SafeText, visible_words};
use crate::engine::{Clients, Engine, EngineError, ErrorCode};
use rmcp::RoleServer;
use rmcp::model::{CallToolRequestParams, Implementation, ProgressNotificationParam};
use rmcp::service::RequestContext;
use serde_json::json;
use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::MissedTickBehavior;

/// Maximum number of unanswered quick requests, in addition to long-running ones.
const MOST_QUICK: usize = 32;
/// Maximum length of the name of an agent, in characters.
const MOST_NAME: usize = 60;
/// Interval between checks of the tools for a client that has them in its list.
const CHANGES_STEP: Duration = Duration::from_millis(500);
/// Steps between two complete checks of everything that determines the list.
const EVERYTHING_EVERY: u32 = 10;
/// Maximum time that the answer of a call waits for a check of what the call changed.
const OWN_LOOK: Duration = Duration::from_secs(1);
/// The interval of progress notifications, for clients that request them.
const PROGRESS_STEP: Duration = Duration::from_millis(500);
/// When the first one is sent: a call that is answered sooner has none.
const FIRST_PROGRESS: Duration = Duration::from_millis(100);

/// Serves one client.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) engine: Engine,
    agent: Arc<OnceLock<String>>,
    limits: SharedLimits,
    courses: Arc<Mutex<Vec<std::sync::Weak<Course>>>>,
    connection: Arc<Mutex<Option<i64>>>,
    listed: Listed,
    listeners: Arc<Mutex<Listeners>>,
    introduced: Arc<AtomicBool>,
    is_shared: bool,
    /// The agent was disconnected or the client left: requests that arrive later are ignored.
    closed: Arc<AtomicBool>,
    /// The calls that wait for a human or for output.
    waits: Arc<Semaphore>,
    /// The number of this session of the agent.
    session: u64,
    /// Where the client is recorded once it has stated its name; `None` over HTTP, where a token names the agent.
    clients: Option<(Clients, Warn)>,
}

impl Server {
    /// A server of this workspace for an agent with this name; `None` uses the name that its client states.
    pub(super) fn new(engine: Engine, agent: Option<String>, listed: Listed) -> Server {
        let known = OnceLock::new();
        if let Some(agent) = agent {
            known.get_or_init(|| agent);
        }
        let limits = engine.settings().agents;
        Server {
            agent: Arc::new(known),
            limits: SharedLimits::new(engine.agents().limits_folder()),
            courses: Arc::default(),
            connection: Arc::default(),
            introduced: Arc::default(),
            listed,
            listeners: Arc::default(),
            is_shared: false,
            closed: Arc::default(),
            waits: Arc::new(Semaphore::new(limits.waits_at_once)),
            session: 0,
            clients: None,
            engine,
        }
    }

    /// The server for the client that started this process, which is recorded as the agent.
    pub(super) fn of_client(self, clients: Clients, warn: Warn) -> Server {
        Server { clients: Some((clients, warn)), ..self }
    }

    /// How many requests of the client may be unanswered: the long-running ones, and a number of quick ones.
    pub(super) fn most_unanswered(&self) -> usize {
        let limits = self.engine.settings().agents;
        limits.runs_at_once + limits.waits_at_once + MOST_STREAMS + MOST_QUICK
    }

    /// The server in a process that also serves other agents.
    pub(super) fn beside_others(self) -> Server {
        Server { is_shared: true, ..self }
    }

    /// The server for another session of this agent.
    #[cfg(feature = "mcp-http")]
    pub(super) fn for_session(&self, session: u64) -> Server {
        Server { session, ..self.clone() }
    }

    /// The number of this session of the agent.
    pub(super) fn session(&self) -> u64 {
        self.session
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether any run of the agent is in progress.
    #[cfg(feature = "mcp-http")]
    pub(super) fn has_live_runs(&self) -> bool {
        self.agent.get().is_some_and(|agent| self.engine.runs().has_live_of(&Caller::Agent(agent.clone())))
    }

    /// Reads the tools during the handshake.
    pub(super) fn read_ahead(&self) {
        let engine = self.engine.clone();
        // The first call reports any error.
        drop(spawn_blocking(move || drop(engine.library().read_ahead())));
    }

    /// Records that this agent is connected, with its client program.
    fn introduce(&self, agent: &str, client: Option<Implementation>) {
        let (engine, connection, agent) = (self.engine.clone(), Arc::clone(&self.connection), agent.to_owned());
        let (is_shared, closed) = (self.is_shared, Arc::clone(&self.closed));
        let client = client.map(|client| format!("{} {}", client.name, client.version)).unwrap_or_default();
        let client: String = client.chars().take(MOST_NAME).collect();
        drop(spawn_blocking(move || {
            // Calls work even if the connection cannot be recorded.
            if let Ok(number) = engine.agents().connect(&agent, &client, is_shared) {
                *connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
                if closed.load(Ordering::Acquire) {
                    // The agent has left meanwhile. If this fails, the row is removed when its process is found dead.
                    drop(engine.agents().leave(number));
                }
            }
        }));
    }

    /// Records that the agent has disconnected.
    pub(super) fn say_goodbye(&self) {
        if let Some(connection) = self.connection() {
            // If this fails, the row is removed when its process is found dead.
            drop(self.engine.agents().leave(connection));
        }
    }

    /// The number of the connection, once it was recorded at the first call of the agent.
    pub(super) fn connection(&self) -> Option<i64> {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a client listens for changes.
    pub(super) fn is_listened_to(&self) -> bool {
        self.listeners().is_listened_to()
    }

    /// Ends the runs that the client started: cancels them, and kills those that have not ended after `grace`.
    pub(super) async fn leave(&self, grace: Duration) {
        self.closed.store(true, Ordering::Release);
        let courses = std::mem::take(&mut *self.courses.lock().unwrap_or_else(PoisonError::into_inner));
        for course in courses.iter().filter_map(std::sync::Weak::upgrade) {
            course.stop();
        }
        let Some(agent) = self.agent.get() else { return };
        let (caller, patience) = (Caller::Agent(agent.clone()), Instant::now() + grace);
        self.engine.runs().end_all_of(&caller, false);
        while self.engine.runs().end_all_of(&caller, Instant::now() >= patience) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The caller: the agent that this process serves, otherwise the name that the client states. Never a human.
    pub(super) fn caller(&self, context: &RequestContext<RoleServer>) -> Caller {
        self.meet(context.client_info())
    }

    /// The agent that uses this client; it is recorded as connected.
    pub(super) fn meet(&self, client: Option<Implementation>) -> Caller {
        let agent = self.agent.get_or_init(|| {
            let agent = named(client.as_ref().map(|client| client.name.as_str()));
            if let Some((clients, warn)) = &self.clients
                && let Err(error) = clients.note(&agent)
            {
                // The client is served anyway: its calls come over this connection.
                warn(&format!("the client could not be noted as the agent {agent}: {error}"));
            }
            agent
        });
        if !self.is_closed() && !self.introduced.swap(true, Ordering::AcqRel) {
            self.introduce(agent, client);
        }
        Caller::Agent(agent.clone())
    }

    pub(super) async fn perform(&self, call: Call) -> Answer {
        match call.verb {
            Verb::Run | Verb::RunStrict => {
                let wanted = Wanted::of(&call.given, call.verb == Verb::RunStrict)?;
                self.run(call.caller, wanted, &call.context).await
            }
            Verb::Call => self.call(call).await,
            verb => {
                let engine = self.engine.clone();
                let Call { caller, given, .. } = call;
                let place: Option<Box<dyn Any + Send>> = match verb {
                    Verb::Evolve => Some(Box::new(self.demand_room(&caller)?)),
                    Verb::Wait | Verb::Output => Some(Box::new(self.demand_wait()?)),
                    _ => None,
                };
                joined(spawn_blocking(move || {
                    let answer = match verb {
                        Verb::Search => calls::search(&engine, &caller, &given),
                        Verb::Show => calls::show(&engine, &caller, &given),
                        Verb::Output => running::output(&engine, &caller, &given),
                        Verb::Cancel => calls::cancel(&engine, &caller, &given),
                        Verb::Request => calls::request(&engine, &caller, &given),
                        Verb::Wait => calls::wait(&engine, &given),
                        Verb::Evolve => calls::evolve(&engine, &caller, &given),
                        Verb::MarkFailure => calls::mark_failure(&engine, &caller, &given),
                        _ => Err(EngineError::internal("this verb has a side for agents that nobody serves").into()),
                    };
                    // A client that disconnected keeps its slot until this has ended.
                    drop(place);
                    answer
                }))
                .await
            }
        }
    }

    async fn run(&self, caller: Caller, wanted: Wanted, context: &RequestContext<RoleServer>) -> Answer {
        let place = self.demand_room(&caller)?;
        let engine = self.engine.clone();
        let wait = wanted.wait;
        let (asking, who) = (engine.clone(), caller.clone());
        let started = joined(spawn_blocking(move || running::start(&asking, &who, &wanted))).await?;
        let (run, asked, warning) = (started.run, started.asked, started.warning.clone());
        if self.is_closed() {
            // The agent was disconnected while the run started.
            let (engine, caller) = (self.engine.clone(), caller.clone());
            drop(spawn_blocking(move || drop(engine.execute(Command::Cancel { run }, &caller))));
        }
        let ending = spawn_blocking(move || {
            let ended = started.wait();
            drop(place);
            ended
        });
        match self.followed(ending, context, wait, || Some(run), &caller).await {
            Some(ended) => {
                let ended = ended?;
                joined(spawn_blocking(move || running::ended(&engine, &ended, warning.as_ref(), asked))).await
            }
            None => Ok(running::goes_on(run, warning.as_ref())),
        }
    }

    async fn call(&self, call: Call) -> Answer {
        let place = self.demand_room(&call.caller)?;
        let course = Arc::new(Course::default());
        {
            let mut courses = self.courses.lock().unwrap_or_else(PoisonError::into_inner);
            courses.retain(|course| course.strong_count() > 0);
            courses.push(Arc::downgrade(&course));
        }
        let Call { caller, given, context, .. } = call;
        let wait = given.wait();
        let (engine, who, at) = (self.engine.clone(), caller.clone(), Arc::clone(&course));
        let ending = spawn_blocking(move || {
            let called = running::call(&engine, &who, &given, &at);
            drop(place);
            Ok(called)
        });
        match self.followed(ending, &context, wait, || course.stop(), &caller).await {
            Some(ended) => ended?,
            None => match course.run() {
                Some(run) => Ok(running::goes_on(run, None)),
                None => Ok(json!({"state": "running", "hint": "call again in a moment"})),
            },
        }
    }

    /// The result of a long-running call if it ended in time; `None` if it continues. A call that its client cancels
    /// ends the run that it waits for; a wait that is over does not.
    async fn followed<T: Send + 'static>(
        &self,
        mut ending: JoinHandle<Result<T, EngineError>>,
        context: &RequestContext<RoleServer>,
        wait: Duration,
        run: impl Fn() -> Option<RunId>,
        caller: &Caller,
    ) -> Option<Result<T, EngineError>> {
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        let mut taken_back = false;
        loop {
            tokio::select! {
                ended = &mut ending => {
                    return Some(ended.unwrap_or_else(|error| Err(EngineError::internal(error))));
                }
                () = context.ct.cancelled(), if !taken_back => {
                    taken_back = true;
                    if let Some(run) = run() {
                        let (engine, caller) = (self.engine.clone(), caller.clone());
                        // A run that has ended needs no cancelling.
                        drop(spawn_blocking(move || drop(engine.execute(Command::Cancel { run }, &caller))));
                    }
                }
                () = &mut over => return None,
            }
        }
    }

    pub(super) fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tools of the library that are in the list.
    pub(super) async fn projected(&self, caller: Caller) -> Result<Vec<Projected>, EngineError> {
        let (engine, listed) = (self.engine.clone(), self.listed);
        let found = joined(spawn_blocking(move || projected::list(&engine, &caller, listed))).await?;
        self.listeners().known = Some(found.clone());
        Ok(found)
    }

    /// Runs a listed library tool; `None` for any other name.
    pub(super) async fn call_projected(
        &self,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Option<Answer> {
        if self.listed == Listed::Core {
            return None;
        }
        let caller = self.caller(context);
        let named = |found: Vec<Projected>| found.into_iter().find(|one| one.offer.name == request.name);
        let known = self.listeners().known.clone().and_then(named);
        let found = match known {
            // The run checks that it is still this version.
            Some(found) => found,
            // The list was never requested, or the tool is newer than the list.
            None => match self.projected(caller.clone()).await {
                Ok(found) => named(found)?,
                Err(error) => return Some(Err(error.into())),
            },
        };
        if let Err(refusal) = self.demand_rate(&caller) {
            return Some(Err(refusal));
        }
        let given = request.arguments.clone().unwrap_or_default();
        let input = if found.is_wrapped { given.get("input").cloned() } else { Some(serde_json::Value::Object(given)) };
        let wanted = Wanted {
            tool: found.path,
            input,
            digest: Some(found.digest.hex()),
            scenario: None,
            strictly: false,
            worker: None,
            wait: Duration::from_secs(u64::from(MOST_WAIT_S)),
        };
        Some(self.run(caller, wanted, context).await)
    }

    /// Notifies the client of changes to its list of library tools, and to resources that it watches. Runs as long as
    /// the connection.
    pub(super) async fn tell_changes(&self) {
        let mut step = tokio::time::interval(CHANGES_STEP);
        let (mut seen, mut steps) = (None, 0_u32);
        loop {
            step.tick().await;
            self.tell_watched().await;
            if self.listed != Listed::Core {
                steps = steps.wrapping_add(1);
                // Permissions from humans change no file, so they are checked less often.
                let unless = seen.filter(|_| !steps.is_multiple_of(EVERYTHING_EVERY));
                seen = self.tell_list(unless).await.or(seen);
            }
        }
    }

    /// Notifies the client of changes by its own call, before the call is answered.
    pub(super) async fn tell_of_own(&self) {
        self.tell_watched().await;
        if self.listed != Listed::Core {
            // In a large library, the notification follows the answer.
            drop(tokio::time::timeout(OWN_LOOK, self.tell_list(None)).await);
        }
    }

    /// Notifies the client if its list of library tools has changed since it last got it. `unless` is the state of the
    /// library at the last check. Returns the current state.
    async fn tell_list(&self, unless: Option<u64>) -> Option<u64> {
        let (agent, known) = (self.agent.get().cloned()?, self.listeners().known.clone()?);
        let (engine, listed) = (self.engine.clone(), self.listed);
        let found = spawn_blocking(move || {
            let generation = engine.library().up_to_date()?.generation;
            let is_same = unless == Some(generation);
            let found = (!is_same).then(|| projected::list(&engine, &Caller::Agent(agent), listed)).transpose()?;
            Ok::<_, EngineError>((generation, found))
        });
        // If reading fails, the next check reads again.
        let (generation, found) = found.await.ok()?.ok()?;
        if let Some(found) = found.filter(|found| names(found) != names(&known)) {
            let listening = {
                let mut listeners = self.listeners();
                listeners.known = Some(found);
                listeners.all()
            };
            listening.tools_changed().await;
        }
        Some(generation)
    }

    /// Notifies the client of changes to the resources that it watches.
    pub(super) async fn tell_watched(&self) {
        let places = self.listeners().places();
        let Some(agent) = self.agent.get().cloned().filter(|_| !places.is_empty()) else { return };
        let engine = self.engine.clone();
        let now = spawn_blocking(move || {
            resources::look_at(&engine, &places);
            let caller = Caller::Agent(agent);
            places.into_iter().map(|place| (place.clone(), resources::stamp(&engine, &caller, &place))).collect()
        });
        // A check that panicked has no result.
        let Ok(now) = now.await else { return };
        let (changed, listening) = {
            let mut listeners = self.listeners();
            (listeners.changed(now), listeners.all())
        };
        for place in changed {
            listening.resource_updated(&place).await;
        }
    }

    /// A slot for a run, held until the run has ended.
    fn demand_room(&self, caller: &Caller) -> Result<RunPlace, Refusal> {
        let most = self.engine.settings().agents.runs_at_once;
        let place = self.limits.place(caller.word(), most).map_err(EngineError::internal)?;
        if let Some(place) = place {
            return Ok(place);
        }
        let message = format!("{most} of your runs are active already");
        let error = EngineError::new(ErrorCode::Refused, message, "wait for the end of one, or cancel it");
        Err(Refusal::from(error).with("retry_after_s", 5))
    }

    /// A slot for a waiting call, held until the call has ended.
    fn demand_wait(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        if let Ok(place) = Arc::clone(&self.waits).try_acquire_owned() {
            return Ok(place);
        }
        let message = format!("{} of your calls are waiting already", self.engine.settings().agents.waits_at_once);
        let error = EngineError::new(ErrorCode::Refused, message, "one call of wait or output is enough for each");
        Err(Refusal::from(error).with("retry_after_s", 5))
    }

    pub(super) fn demand_rate(&self, caller: &Caller) -> Result<(), Refusal> {
        if self.is_closed() {
            let error = EngineError::new(ErrorCode::Refused, "this connection was ended", "connect again");
            return Err(error.into());
        }
        let most = self.engine.settings().agents.calls_per_minute;
        let admitted = self.limits.admit(caller.word(), most).map_err(EngineError::internal)?;
        admitted.map_err(|seconds| {
            let message = "too many calls within a minute";
            let hint = format!("call again in {seconds} s");
            Refusal::from(EngineError::new(ErrorCode::Refused, message, hint)).with("retry_after_s", seconds)
        })
    }
}

fn names(found: &[Projected]) -> Vec<(&str, Digest)> {
    found.iter().map(|one| (one.offer.name.as_ref(), one.digest)).collect()
}

/// A parsed call.
pub(super) struct Call {
    pub(super) verb: Verb,
    pub(super) caller: Caller,
    pub(super) given: Arguments,
    pub(super) context: RequestContext<RoleServer>,
}

/// The result of a blocking task; a panic is an internal error.
pub(super) async fn joined<T, E: From<EngineError>>(task: JoinHandle<Result<T, E>>) -> Result<T, E> {
    task.await.unwrap_or_else(|error| Err(EngineError::internal(error).into()))
}

/// The name of an agent that stated none: that of its client, marked as self-stated.
fn named(client: Option<&str>) -> String {
    let shown = SafeText::new(client.unwrap_or_default());
    let name: String = shown.as_str().chars().take(MOST_NAME).collect();
    format!("mcp:{}", visible_words(&name).unwrap_or("unnamed"))
}

/// The answer of a call. While the call lasts, a client that requested progress is told the time at intervals: a run may
/// print nothing, and a decision may take long. A call that its client cancelled has no further progress.
pub(super) async fn with_progress<T>(context: &RequestContext<RoleServer>, call: impl Future<Output = T>) -> T {
    let Some(token) = context.meta.get_progress_token() else { return call.await };
    tokio::pin!(call);
    let begun = Instant::now();
    let mut step = tokio::time::interval_at(tokio::time::Instant::now() + FIRST_PROGRESS, PROGRESS_STEP);
    // After a pause of this process, one notification is enough.
    step.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            answer = &mut call => return answer,
            _ = step.tick(), if !context.ct.is_cancelled() => {
                let seconds = begun.elapsed().as_micros() as f64 / 1_000_000.0;
                let mut progress = ProgressNotificationParam::new(token.clone(), seconds);
                progress.message = Some(format!("working for {seconds:.1} s"));
                // A client that is gone needs no progress. The call goes on while the notification is written.
                let told = context.peer.notify_progress(progress);
                tokio::select! {
                    biased;
                    answer = &mut call => return answer,
                    _ = told => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_client_can_pass_for_a_human_or_hide_its_name() {
        assert_eq!(named(Some("claude-code")), "mcp:claude-code");
        assert_eq!(named(Some("human")), "mcp:human");
        assert_eq!(named(Some("  ")), "mcp:unnamed");
        assert_eq!(named(None), "mcp:unnamed");
        assert!(!named(Some("a\u{202e}b")).contains('\u{202e}'));
        assert!(named(Some(&"x".repeat(500))).chars().count() <= 64);
    }
}
