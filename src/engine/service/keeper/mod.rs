//! The keeper of one instance: a separate process of this program, in its own session.
//!
//! One thread owns all state and takes events from one queue: output and end of the service, messages from the socket,
//! results of health checks. It advances the lifecycle of the instance in the store and executes the resulting orders.
//! It ends when its instance needs no keeper, or when another process has taken over the instance.

mod binding;
mod control;
mod endpoint;
mod ports;
mod probing;
mod process;
mod talking;
mod translating;

use super::wire::KeeperAnswer;
use crate::domain::service::{
    ExchangeQueue, Instance, InstanceId, InstanceState, LastLine, LifeEvent, LifeOrder, LifeTimer, ServiceDefinition,
    StartCondition,
};
use crate::domain::{Caller, ToolDetail};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core::services;
use crate::engine::error::EngineError;
use crate::engine::owner::owner_alive;
use crate::engine::state::home::Home;
use crate::engine::workspace::{OpenOptions, Workspace};
use crate::outside::Asker;
use crate::runner;
use crate::store::{InstanceRow, has_newer_format};
use binding::BindProgress;
use control::{AttachedTerminal, ControlSocket};
use ports::Ports;
use probing::Prober;
use process::Process;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// The first argument that starts this program as the keeper of an instance. No verb starts with dashes.
const KEEP_SERVICE: &str = "--as-service-keeper";
/// The last argument if a human launched the instance: the keeper then has the human's environment variables.
const OF_HUMAN: &str = "human";
/// The environment variable with the session of the caller who launched the instance.
const SESSION_VARIABLE: &str = "TOOLSMITH_SESSION";
/// How often it checks for new requests without being woken.
const LOOK: Duration = Duration::from_secs(1);
/// How often it checks the instances that it waits for.
const LOOK_AT_OTHERS: Duration = Duration::from_millis(100);
/// The capacity of the event queue. A sender waits when it is full, so a flood of output uses no memory here.
const QUEUE: usize = 32;
/// How long it keeps running while the store cannot be written.
const LONGEST_FAULT: Duration = Duration::from_mins(10);
/// How long it waits for the service to end before it exits.
const LAST_WAIT: Duration = Duration::from_secs(30);

/// Runs as a keeper if these are the arguments of one; returns the exit code.
pub(in crate::engine) fn play(args: &[OsString]) -> Option<u8> {
    match args {
        [role, workspace, config, data, asker, id] if role == KEEP_SERVICE => {
            let home = Home { config: config.into(), data: data.into() };
            let asker = if asker == OF_HUMAN { Asker::Human } else { Asker::Agent };
            let options = OpenOptions { workspace: PathBuf::from(workspace), home, program: None, asker };
            let id = id.to_str().and_then(|text| text.parse().ok()).map(InstanceId);
            Some(id.map_or(2, |id| u8::from(keep(options, id).is_err())))
        }
        _ => None,
    }
}

/// Starts the keeper of an instance; it takes over these listening sockets.
///
/// # Errors
/// When the process cannot be started.
pub(super) fn start(workspace: &Workspace, instance: &Instance, sockets: &[OwnedFd]) -> io::Result<()> {
    let options = &workspace.options;
    let id = instance.id.to_string();
    let asker = if instance.launched_by == OF_HUMAN { OF_HUMAN } else { "agent" };
    let args: [&OsStr; 6] = [
        OsStr::new(KEEP_SERVICE),
        options.workspace.as_os_str(),
        options.home.config.as_os_str(),
        options.home.data.as_os_str(),
        OsStr::new(asker),
        OsStr::new(&id),
    ];
    runner::detach(&workspace.machine, &args, sockets)
}

fn keep(options: OpenOptions, id: InstanceId) -> Result<(), EngineError> {
    // The keeper must outlive the terminal of the process that launched it.
    let _ = rustix::process::setsid();
    runner::name_process();
    // Signals are blocked before another thread starts, because a signal to that thread could end the process.
    let signals = runner::StopSignals::block().map_err(EngineError::internal)?;
    let engine = Engine::open_small(options)?;
    // Grants for the session of the launching process also hold here.
    engine.grants().enter_session(std::env::var(SESSION_VARIABLE).ok().filter(|name| !name.is_empty()));
    let nobody = Caller::Human(engine.identity());
    let taken =
        engine.services().with_actor(&nobody, |actor| engine.workspace.transact(|tx| services::take(tx, actor, id)))?;
    let Some(row) = taken else { return Ok(()) };
    let mut keeper = match Keeper::new(&engine, row) {
        Ok(keeper) => keeper,
        Err(error) => return give_up(&engine, id, &error),
    };
    keeper.heed(signals)?;
    keeper.resume()?;
    let ended = keeper.run();
    keeper.leave();
    ended
}

/// Marks an instance that cannot be managed as failed.
fn give_up(engine: &Engine, id: InstanceId, error: &EngineError) -> Result<(), EngineError> {
    let owner = &engine.workspace.owner;
    let failed = [LifeEvent::KeeperFailed(error.message.clone())];
    engine.workspace.transact(|tx| services::advance(tx, owner, id, &failed, |_| ()))?;
    Ok(())
}

/// Events from outside the keeper's own thread.
enum KeeperEvent {
    /// The tool of this incarnation starts, after its sandbox layers were verified.
    Spawned(u64),
    /// It wrote output.
    Output(u64, runner::Frame),
    /// It ended: whether it had started, whether it succeeded, and how it ended.
    Ended { incarnation: u64, began: bool, well: bool, how: String },
    /// The translator of this incarnation wrote output.
    Translated(u64, runner::Frame),
    /// The translator ended.
    TranslatorEnded(u64),
    /// A message for the service.
    Say { message: String, who: String, timeout: Duration, reply: SyncSender<KeeperAnswer> },
    /// A terminal attaches and wants the output from now on.
    Attach(AttachedTerminal),
    /// A terminal detached.
    Detach(u64),
    /// Input from a terminal; `written` becomes true once the service has read it, false if too much input is already
    /// waiting.
    Typed { bytes: Vec<u8>, written: SyncSender<bool> },
    /// A new keeper takes over the listening sockets.
    HandOver(SyncSender<Vec<OwnedFd>>),
    /// The result of a health check.
    Checked { incarnation: u64, well: bool, output: String, took_ms: u64 },
    /// A request was stored for this keeper.
    Look,
    /// The keeper received a signal to end.
    StopSignal,
}

/// A caller that waits for the answer to a message.
struct Waiting {
    reply: SyncSender<KeeperAnswer>,
    /// When the message arrived, as [`Keeper::steady_ms`].
    since_ms: i64,
}

struct Keeper {
    engine: Engine,
    id: InstanceId,
    row: InstanceRow,
    caller: Caller,
    detail: ToolDetail,
    definition: ServiceDefinition,
    process: Option<Process>,
    ports: Ports,
    exchange_queue: ExchangeQueue,
    /// The callers that wait for answers, by the number of the message.
    replies: HashMap<i64, Waiting>,
    attached: Vec<AttachedTerminal>,
    prober: Prober,
    bind_progress: BindProgress,
    life_timer: LifeTimer,
    last_line: LastLine,
    /// The incarnation that already received the history.
    has_heard: u64,
    events: Receiver<KeeperEvent>,
    sender: SyncSender<KeeperEvent>,
    socket: ControlSocket,
    /// The start of [`Keeper::steady_ms`].
    began: Instant,
    version: i64,
    look_at: Instant,
    /// Whether it waits for other instances.
    awaits: bool,
    /// The keeper of the next instance, as of the last change of the store.
    neighbour: Option<String>,
    /// Whether nothing has happened since it released the memory that it does not need while it waits.
    is_resting: bool,
    /// Events that are not stored yet, because the store could not be written.
    unwritten: Vec<LifeEvent>,
    /// Whether the store is older than the state of this keeper.
    is_behind: bool,
    /// Whether its listening sockets were handed over to a new keeper.
    is_handed_over: bool,
    /// Whether another process manages the instance now, or the workspace was deleted.
    is_replaced: bool,
}

impl Keeper {
    fn new(engine: &Engine, row: InstanceRow) -> Result<Keeper, EngineError> {
        let id = row.instance.id;
        let detail = engine.services().launched_version(&row)?;
        let definition = detail.manifest.service.clone().unwrap_or_default();
        let caller = match row.instance.launched_by.strip_prefix("agent:") {
            Some(agent) => Caller::Agent(agent.to_owned()),
            None => Caller::Human(engine.identity()),
        };
        let (sender, events) = sync_channel(QUEUE);
        let socket = ControlSocket::open(&engine.workspace.state_dir, &row.instance, sender.clone())
            .map_err(EngineError::internal)?;
        Ok(Keeper {
            engine: engine.clone(),
            id,
            caller,
            prober: Prober::new(&definition),
            bind_progress: BindProgress::default(),
            life_timer: LifeTimer::default(),
            last_line: LastLine::default(),
            detail,
            definition,
            process: None,
            ports: Ports::with_sockets(runner::inherited_sockets()),
            exchange_queue: ExchangeQueue::default(),
            replies: HashMap::new(),
            attached: Vec::new(),
            has_heard: 0,
            events,
            sender,
            socket,
            began: Instant::now(),
            version: 0,
            look_at: Instant::now(),
            awaits: row.instance.life.state == InstanceState::Waiting,
            row,
            neighbour: None,
            is_resting: false,
            unwritten: Vec::new(),
            is_behind: false,
            is_handed_over: false,
            is_replaced: false,
        })
    }

    /// Handles signals that tell the keeper to end, for example at a shutdown of the machine: the service gets its stop
    /// signal and its time to clean up.
    fn heed(&self, signals: runner::StopSignals) -> Result<(), EngineError> {
        let sender = self.sender.clone();
        let heeds = move || {
            loop {
                signals.wait();
                if sender.send(KeeperEvent::StopSignal).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(heeds).map_err(EngineError::internal)?;
        Ok(())
    }

    /// Executes the pending orders of the instance: they were created while there was no keeper.
    fn resume(&mut self) -> Result<(), EngineError> {
        self.follow_life();
        if self.row.instance.life.state == InstanceState::Starting {
            let number = self.row.instance.life.incarnation;
            self.obey(LifeOrder::Start(number))?;
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let mut faulty_since = None;
        loop {
            match self.turn() {
                Ok(true) if self.is_behind => {}
                Ok(true) => faulty_since = None,
                Ok(false) => return Ok(()),
                // Without the store it cannot do anything.
                Err(_) if self.is_workspace_gone() => return Ok(()),
                Err(error) => {
                    if faulty_since.get_or_insert_with(Instant::now).elapsed() >= LONGEST_FAULT {
                        return Err(error);
                    }
                    self.look_at = Instant::now() + LOOK;
                }
            }
        }
    }

    /// Waits for an event and handles it; `false` when the keeper is no longer needed.
    fn turn(&mut self) -> Result<bool, EngineError> {
        let wait = self.next_deadline().saturating_duration_since(Instant::now());
        match self.events.recv_timeout(wait) {
            Ok(event) => self.take(event)?,
            // The keeper itself holds a sender.
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
        while let Ok(event) = self.events.try_recv() {
            self.take(event)?;
        }
        self.look_around()?;
        Ok(!self.is_replaced && self.row.instance.life.state.needs_keeper())
    }

    fn next_deadline(&self) -> Instant {
        let at = |ms: i64| self.began + Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let life = self.life_timer.due_ms().map(at);
        let exchange = self.exchange_queue.wake_at_ms().map(at);
        let probe = self.probe_due_at();
        let ports = self.bind_progress.due_at(self.row.instance.life.state).filter(|_| self.process.is_some());
        [life, exchange, probe, ports].into_iter().flatten().fold(self.look_at, Instant::min)
    }

    fn take(&mut self, event: KeeperEvent) -> Result<(), EngineError> {
        self.is_resting = false;
        match event {
            KeeperEvent::Spawned(number) => self.advance(&[LifeEvent::Spawned(number)]),
            KeeperEvent::Output(number, frame) => self.hear(number, &frame),
            KeeperEvent::Ended { incarnation, began, well, how } => self.ended(incarnation, (began, well, how)),
            KeeperEvent::Translated(number, frame) => self.translated(number, &frame),
            KeeperEvent::TranslatorEnded(number) => {
                self.translator_ended(number);
                Ok(())
            }
            KeeperEvent::Say { message, who, timeout, reply } => self.say(&message, &who, timeout, reply),
            KeeperEvent::Attach(terminal) => {
                self.attached.push(terminal);
                Ok(())
            }
            KeeperEvent::Detach(number) => {
                self.attached.retain(|terminal| terminal.number != number);
                Ok(())
            }
            KeeperEvent::Typed { bytes, written } => {
                if let Some(process) = &self.process {
                    process.input.write_typed(bytes, written);
                }
                Ok(())
            }
            KeeperEvent::HandOver(reply) => {
                let sockets = self.ports.listening_sockets()?;
                // The client may be gone.
                self.is_handed_over = reply.try_send(sockets).is_ok();
                Ok(())
            }
            KeeperEvent::Checked { incarnation, well, output, took_ms } => {
                self.checked(incarnation, well, (output, took_ms))
            }
            KeeperEvent::Look => {
                self.look_at = Instant::now();
                Ok(())
            }
            // As when the instance is terminated. The keeper ends with it.
            KeeperEvent::StopSignal => self.advance(&[LifeEvent::WantDown]),
        }
    }

    /// Handles timers and requests in the store.
    fn look_around(&mut self) -> Result<(), EngineError> {
        let spoken = self.exchange_queue.tick(self.steady_ms());
        self.carry_out(spoken)?;
        self.check_bound_ports_when_due()?;
        self.probe_when_due()?;
        let due = self.life_timer.take_due(self.steady_ms());
        let looks = Instant::now() >= self.look_at;
        if due.is_none() && !looks {
            return Ok(());
        }
        let wait = if self.awaits { LOOK_AT_OTHERS } else { LOOK };
        self.look_at = Instant::now() + wait;
        if self.is_workspace_gone() {
            self.is_replaced = true;
            return Ok(());
        }
        if self.is_behind || due.is_some() {
            self.is_resting = false;
            self.advance(due.as_slice())?;
        }
        // The next round tries again; until then, clients get the error that there is no socket.
        let _ = self.socket.restore();
        let version = self.engine.workspace.read(|q| Ok(q.data_version()?))?;
        let is_changed = std::mem::replace(&mut self.version, version) != version;
        // It reads first: if each of 200 keepers wrote at each change, they would delay everybody.
        if is_changed && self.is_asked()? {
            self.is_resting = false;
            self.advance(&[])?;
        }
        if self.awaits {
            self.look_at_needed()?;
        }
        self.look_after_neighbour(is_changed)?;
        self.rest();
        Ok(())
    }

    /// Aligns the clock with the time at which the instance began to wait.
    fn follow_life(&mut self) {
        let steady_ms = self.steady_ms();
        self.life_timer.follow(&self.row.instance.life, &self.row.rules, now(), steady_ms);
    }

    /// Milliseconds since the keeper started; independent of changes to the system clock.
    fn steady_ms(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Whether the workspace's state was deleted, so that the service can no longer be reached.
    fn is_workspace_gone(&self) -> bool {
        !self.engine.workspace.state_dir.join("store.db").exists()
    }

    /// Releases memory that is not needed while waiting: most keepers wait nearly all the time.
    fn rest(&mut self) {
        if !self.is_resting && self.row.instance.life.state != InstanceState::Starting {
            self.is_resting = true;
            runner::release_memory();
            runner::release_program();
        }
    }

    /// Whether there is a request, or another process took over the instance.
    fn is_asked(&self) -> Result<bool, EngineError> {
        let row = self.engine.workspace.read(|q| Ok(q.services().instance(self.id)?))?;
        let owner = &self.engine.workspace.owner;
        Ok(row.is_none_or(|row| row.wish > row.heard || row.instance.keeper.as_ref() != Some(owner)))
    }

    /// Advances the lifecycle of the instance and executes the resulting orders. Events that cannot be written now are
    /// written with the next step or timer.
    fn advance(&mut self, events: &[LifeEvent]) -> Result<(), EngineError> {
        self.advance_with(events, |_| ())
    }

    fn advance_with(&mut self, events: &[LifeEvent], edit: impl FnOnce(&mut Instance)) -> Result<(), EngineError> {
        edit(&mut self.row.instance);
        self.unwritten.extend_from_slice(events);
        self.is_behind = true;
        let (owner, known) = (&self.engine.workspace.owner, &self.row.instance);
        let write_known = |instance: &mut Instance| {
            instance.run = known.run;
            instance.ports.clone_from(&known.ports);
            instance.health.clone_from(&known.health);
        };
        let workspace = &self.engine.workspace;
        let stepped = workspace.transact(|tx| services::advance(tx, owner, self.id, &self.unwritten, write_known))?;
        self.unwritten.clear();
        self.is_behind = false;
        let Some((row, orders)) = stepped else {
            self.is_replaced = true;
            return Ok(());
        };
        self.row = row;
        self.follow_life();
        self.awaits = self.row.instance.life.state == InstanceState::Waiting;
        for order in orders {
            self.obey(order)?;
        }
        Ok(())
    }

    fn obey(&mut self, order: LifeOrder) -> Result<(), EngineError> {
        match order {
            LifeOrder::Start(number) => self.start(number),
            LifeOrder::Stop(number) => {
                if self.is_handed_over {
                    self.ports.stop_accepting();
                }
                self.end_process(number, Process::stop)
            }
            LifeOrder::Kill(number) => self.end_process(number, Process::kill),
            LifeOrder::AwaitDependencies => {
                self.awaits = true;
                self.look_at = Instant::now();
                Ok(())
            }
        }
    }

    fn end_process(&mut self, incarnation: u64, end: fn(&Process)) -> Result<(), EngineError> {
        if let Some(process) = &self.process {
            end(process);
            return Ok(());
        }
        self.advance(&[LifeEvent::Ended {
            incarnation,
            well: false,
            how: "it had no process".to_owned(),
            last_stderr: None,
        }])
    }

    /// Checks the instances that this one waits for.
    fn look_at_needed(&mut self) -> Result<(), EngineError> {
        let stack = self.row.instance.stack.clone();
        let mut met = true;
        for (name, wanted) in self.definition.after.clone() {
            let row = self.engine.workspace.read(|q| Ok(q.services().instance_named(&stack, &name)?))?;
            let Some(row) = row else {
                return self.advance(&[LifeEvent::DependencyFailed(format!("it needs {name}, which does not exist"))]);
            };
            let state = self.engine.services().state_of(&row);
            if matches!(state, InstanceState::Failed | InstanceState::Lost) {
                return self.advance(&[LifeEvent::DependencyFailed(format!("it needs {name}, which is {state}"))]);
            }
            let life = &row.instance.life;
            met &= match wanted {
                StartCondition::Started => state.has_process() && state != InstanceState::Stopping,
                StartCondition::Ready => state.is_up(),
                StartCondition::EndedWell => {
                    state == InstanceState::Stopped && life.incarnation > 0 && life.last_error.is_none()
                }
            };
        }
        if met { self.advance(&[LifeEvent::DependenciesMet]) } else { Ok(()) }
    }

    /// Each keeper monitors the next one, so that a killed keeper is replaced while any other keeper lives. The next
    /// one is looked up only when the store changed, so that 200 waiting keepers cost almost nothing.
    fn look_after_neighbour(&mut self, is_changed: bool) -> Result<(), EngineError> {
        if is_changed {
            let next = self.engine.workspace.read(|q| Ok(q.services().instance_after(self.id)?))?;
            let settled = next.filter(|row| row.instance.keeper_due.is_none());
            self.neighbour = settled.and_then(|row| row.instance.keeper);
        }
        if self.neighbour.as_deref().is_none_or(owner_alive) {
            return Ok(());
        }
        // The result is a change in the store.
        self.neighbour = None;
        if self.engine.workspace.read(|q| Ok(has_newer_format(q)?))? {
            // A keeper started by this program could not open the store. A newer program restores the instance.
            return Ok(());
        }
        self.engine.services().restore_lost()
    }

    /// Ends everything that still exists.
    fn leave(&mut self) {
        let lost = self.exchange_queue.end();
        // Waiting clients get an answer; whether it can be stored no longer matters.
        let _ = self.carry_out(lost);
        // No more events are received: a run that is blocked on sending one continues to its end.
        self.events = sync_channel(1).1;
        if let Some(process) = self.process.take() {
            process.stop();
            process.wait(LAST_WAIT);
        }
        // Another keeper may have replaced the socket.
        if !self.is_replaced {
            super::wire::remove(&self.engine.workspace.state_dir, self.id);
        }
    }
}
