//! Ports that the service opens itself. Between the moment the keeper lets go of such a port and the moment the service
//! listens at it, anybody can take it. So the keeper looks whose it became, and moves to another one a few times. Until
//! all of them are the service's own, it is not ready and nothing is asked of it there: somebody else could answer.

use super::Keeper;
use super::ports::{Found, TakenPort};
use crate::domain::service::{InstanceState, LifeEvent, ServiceDefinition};
use crate::engine::error::EngineError;
use crate::runner;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often a start moves to other ports before it fails.
const MOST_MOVES: usize = 3;

/// The first pause between two looks at the ports; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How far a start has come with its own ports.
#[derive(Debug)]
pub(super) struct Opening {
    /// Whether a port is not yet known to be the service's.
    is_pending: bool,
    next_at: Instant,
    pause: Duration,
    /// Its process, as the system names it; `None` until that was found.
    root: Option<(i32, u64)>,
    /// Whether the process is ended to start on other ports.
    is_moving: bool,
    /// How often it did that during this start.
    moves: usize,
    /// Ports that somebody else took during this start.
    lost: Vec<u16>,
    /// Whether its output has already said that it is ready.
    has_said_ready: bool,
}

impl Default for Opening {
    fn default() -> Opening {
        Opening {
            is_pending: false,
            next_at: Instant::now(),
            pause: FIRST_PAUSE,
            root: None,
            is_moving: false,
            moves: 0,
            lost: Vec::new(),
            has_said_ready: false,
        }
    }
}

impl Opening {
    /// A process is started.
    pub(super) fn begin(&mut self, definition: &ServiceDefinition) {
        let before = std::mem::take(self);
        self.is_pending = definition.opens_ports();
        if before.is_moving {
            (self.moves, self.lost) = (before.moves, before.lost);
        }
    }

    /// Ports that this start leaves alone.
    pub(super) fn lost(&self) -> &[u16] {
        &self.lost
    }

    /// Whether a port is not yet known to be the service's.
    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// When the ports are to be looked at; `None` when there is nothing to find out.
    pub(super) fn due_at(&self, state: InstanceState) -> Option<Instant> {
        (self.is_pending && !self.is_moving && state == InstanceState::Starting).then_some(self.next_at)
    }

    /// Whether its process is ended to start on other ports.
    pub(super) fn is_moving(&self) -> bool {
        self.is_moving
    }

    /// The output says that the service is ready; whether that may be believed yet.
    pub(super) fn hears_ready(&mut self) -> bool {
        self.has_said_ready = true;
        !self.is_pending
    }
}

impl Keeper {
    /// Looks whose the ports are that the service opens itself.
    pub(super) fn look_at_own_ports_when_due(&mut self) -> Result<(), EngineError> {
        let due = self.opening.due_at(self.row.instance.life.state);
        if due.is_none_or(|at| at > Instant::now()) || self.process.is_none() {
            return Ok(());
        }
        self.opening.next_at = Instant::now() + self.opening.pause;
        self.opening.pause = (self.opening.pause * 2).min(LONGEST_PAUSE);
        let Some((pid, started)) = self.root()? else { return Ok(()) };
        // One that is over says so itself.
        let Some(sockets) = runner::sockets_below(pid, started) else { return Ok(()) };
        // Where they may not be looked at, it is not told apart whose a port is.
        let sockets = sockets.ok();
        let found = self.ports.look(sockets.as_ref()).map_err(EngineError::internal)?;
        if found.iter().any(|(_, found)| *found == Found::Taken) {
            return self.move_ports(&sockets.unwrap_or_default());
        }
        if found.iter().any(|(_, found)| *found == Found::Closed) {
            return Ok(());
        }
        self.opening.is_pending = false;
        let number = self.row.instance.life.incarnation;
        let is_ready = self.definition.ready.is_none() || self.opening.has_said_ready;
        let events: &[LifeEvent] = if is_ready { &[LifeEvent::Ready(number)] } else { &[] };
        self.advance_with(events, |instance| {
            for port in &mut instance.ports {
                if let Some((own, found)) = found.iter().find(|(own, _)| own.name == port.name) {
                    *port = own.clone();
                    port.add_note(found.note());
                }
            }
        })
    }

    /// The process of the run, once it is known.
    fn root(&mut self) -> Result<Option<(i32, u64)>, EngineError> {
        if self.opening.root.is_none() {
            let leases = self.engine.workspace.read(|q| Ok(q.running()?))?;
            let lease = leases.into_iter().find(|lease| Some(lease.run) == self.row.instance.run);
            self.opening.root = lease.and_then(|lease| Some((lease.pid?, lease.pid_started?)));
        }
        Ok(self.opening.root)
    }

    /// Somebody else has a port: ends the process, so that it starts again on other ports; or gives up.
    fn move_ports(&mut self, sockets: &BTreeSet<u64>) -> Result<(), EngineError> {
        let taken = self.ports.taken(sockets).map_err(EngineError::internal)?;
        if let Some(why) = self.lose(&taken) {
            let number = self.row.instance.life.incarnation;
            // Its process is ended with the keeper, which nobody needs any more.
            return self.advance(&[LifeEvent::NotSpawned(number, why)]);
        }
        self.opening.is_moving = true;
        if let Some(process) = &self.process {
            process.stop();
        }
        Ok(())
    }

    /// Notes the ports that somebody else has; why there can be no further try.
    fn lose(&mut self, taken: &[TakenPort]) -> Option<String> {
        if let Some(port) = taken.iter().find(|port| port.is_fixed) {
            let holder = port.holder.map(|pid| format!(" by process {pid}")).unwrap_or_default();
            return Some(format!(
                "port {} ({}) was taken{holder} before the service opened it; state another port, or port_mode = \"hybrid\"",
                port.number, port.name
            ));
        }
        self.opening.lost.extend(taken.iter().map(|port| port.number));
        self.opening.moves += 1;
        (self.opening.moves > MOST_MOVES).then(|| {
            let numbers: Vec<String> = self.opening.lost.iter().map(u16::to_string).collect();
            format!(
                "other programs took its ports before the service opened them: {}; set services.port_range in toolsmith.toml to ports that nothing else uses",
                numbers.join(", ")
            )
        })
    }

    /// The process has ended while it started. Whether that was because of its ports, and it is started again.
    pub(super) fn starts_elsewhere(&mut self) -> Result<bool, EngineError> {
        if !self.opening.is_pending || self.row.instance.life.state != InstanceState::Starting {
            return Ok(false);
        }
        let number = self.row.instance.life.incarnation;
        if !self.opening.is_moving {
            // Nothing of the run is left, so whoever has a port is somebody else.
            let taken = self.ports.taken(&BTreeSet::new()).map_err(EngineError::internal)?;
            if taken.is_empty() {
                return Ok(false);
            }
            if let Some(why) = self.lose(&taken) {
                self.advance(&[LifeEvent::NotSpawned(number, why)])?;
                return Ok(true);
            }
            self.opening.is_moving = true;
        }
        self.start(number)?;
        Ok(true)
    }
}
