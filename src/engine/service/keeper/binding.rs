//! Ports that the service binds itself (`pass = "bind"`). Between the moment the keeper releases such a port and the
//! moment the service listens on it, any process can take it. So the keeper checks which process holds it, and restarts
//! the service on other ports a few times. The service is not ready, and no check connects to its ports, until all of
//! them are confirmed: another process could answer.

use super::Keeper;
use super::ports::{LostPort, PortOwner, process_words};
use crate::domain::service::{InstanceState, LifeEvent, ServiceDefinition};
use crate::engine::error::EngineError;
use crate::runner;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How often one start changes to other ports before it fails.
const MOST_RESTARTS: usize = 3;

/// The first pause between two checks of the ports; each pause is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The longest pause between two checks.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How far the service has come with binding its ports.
#[derive(Debug)]
pub(super) struct BindProgress {
    /// Whether a port is not confirmed yet.
    is_pending: bool,
    next_check_at: Instant,
    pause: Duration,
    /// Id and start time of the sandbox's first process; `None` until the store has them.
    root: Option<(i32, u64)>,
    /// Whether the process is being ended, to start it on other ports.
    is_restarting: bool,
    /// How often that happened during this start.
    restarts: usize,
    /// Ports that other processes took during this start.
    lost_ports: Vec<u16>,
    /// Whether the output already had the line that says that the service is ready.
    has_ready_line: bool,
}

impl Default for BindProgress {
    fn default() -> BindProgress {
        BindProgress {
            is_pending: false,
            next_check_at: Instant::now(),
            pause: FIRST_PAUSE,
            root: None,
            is_restarting: false,
            restarts: 0,
            lost_ports: Vec::new(),
            has_ready_line: false,
        }
    }
}

impl BindProgress {
    /// A process is started.
    pub(super) fn begin(&mut self, definition: &ServiceDefinition) {
        let before = std::mem::take(self);
        self.is_pending = definition.binds_ports();
        if before.is_restarting {
            (self.restarts, self.lost_ports) = (before.restarts, before.lost_ports);
        }
    }

    /// Ports that must not be chosen again during this start.
    pub(super) fn lost_ports(&self) -> &[u16] {
        &self.lost_ports
    }

    /// Whether a port is not confirmed yet.
    pub(super) fn is_pending(&self) -> bool {
        self.is_pending
    }

    /// When the next check of the ports is due; `None` when there is nothing to check.
    pub(super) fn due_at(&self, state: InstanceState) -> Option<Instant> {
        (self.is_pending && !self.is_restarting && state == InstanceState::Starting).then_some(self.next_check_at)
    }

    /// Whether the process is being ended, to start it on other ports.
    pub(super) fn is_restarting(&self) -> bool {
        self.is_restarting
    }

    /// Records that the output says that the service is ready; returns whether that counts already.
    pub(super) fn record_ready_line(&mut self) -> bool {
        self.has_ready_line = true;
        !self.is_pending
    }
}

impl Keeper {
    /// Checks which processes hold the ports that the service binds itself.
    pub(super) fn check_bound_ports_when_due(&mut self) -> Result<(), EngineError> {
        let due = self.bind_progress.due_at(self.row.instance.life.state);
        if due.is_none_or(|at| at > Instant::now()) || self.process.is_none() {
            return Ok(());
        }
        self.bind_progress.next_check_at = Instant::now() + self.bind_progress.pause;
        self.bind_progress.pause = (self.bind_progress.pause * 2).min(LONGEST_PAUSE);
        let Some((pid, started)) = self.sandbox_root()? else { return Ok(()) };
        // When the process has ended, an event of its own says so.
        let Some(sockets) = runner::sockets_below(pid, started) else { return Ok(()) };
        // Without access to the files of its processes the owner of a port stays unknown.
        let sockets = sockets.ok();
        let owners = self.ports.owners(sockets.as_ref()).map_err(EngineError::internal)?;
        if owners.iter().any(|(_, owner)| *owner == PortOwner::Other) {
            return self.release_lost_ports(&sockets.unwrap_or_default());
        }
        if owners.iter().any(|(_, owner)| *owner == PortOwner::Nobody) {
            return Ok(());
        }
        self.bind_progress.is_pending = false;
        let number = self.row.instance.life.incarnation;
        let is_ready = self.definition.ready.is_none() || self.bind_progress.has_ready_line;
        let events: &[LifeEvent] = if is_ready { &[LifeEvent::Ready(number)] } else { &[] };
        self.advance_with(events, |instance| {
            for port in &mut instance.ports {
                if let Some((bound, owner)) = owners.iter().find(|(bound, _)| bound.name == port.name) {
                    *port = bound.clone();
                    port.add_note(owner.note());
                }
            }
        })
    }

    /// Id and start time of the sandbox's first process, once the store has them.
    fn sandbox_root(&mut self) -> Result<Option<(i32, u64)>, EngineError> {
        if self.bind_progress.root.is_none() {
            let leases = self.engine.workspace.read(|q| Ok(q.running()?))?;
            let lease = leases.into_iter().find(|lease| Some(lease.run) == self.row.instance.run);
            self.bind_progress.root = lease.and_then(|lease| Some((lease.pid?, lease.pid_started?)));
        }
        Ok(self.bind_progress.root)
    }

    /// Another process holds a port: ends the service, so that it starts again on other ports, or fails the start.
    fn release_lost_ports(&mut self, sockets: &BTreeSet<u64>) -> Result<(), EngineError> {
        let lost = self.ports.lost(sockets).map_err(EngineError::internal)?;
        if let Some(why) = self.record_lost_ports(&lost) {
            let number = self.row.instance.life.incarnation;
            // A failed instance needs no keeper, and the process ends with the keeper.
            return self.advance(&[LifeEvent::NotSpawned(number, why)]);
        }
        self.bind_progress.is_restarting = true;
        if let Some(process) = &self.process {
            process.stop();
        }
        Ok(())
    }

    /// Records the ports that other processes hold; returns why there can be no further attempt.
    fn record_lost_ports(&mut self, lost: &[LostPort]) -> Option<String> {
        if let Some(port) = lost.iter().find(|port| port.is_fixed) {
            let holder = port.holder.map_or_else(|| "another process".to_owned(), process_words);
            return Some(format!(
                "{holder} took port {} ({}) before the service bound it; set another port, or mode = \"hybrid\"",
                port.number, port.name
            ));
        }
        self.bind_progress.lost_ports.extend(lost.iter().map(|port| port.number));
        self.bind_progress.restarts += 1;
        (self.bind_progress.restarts > MOST_RESTARTS).then(|| {
            let numbers: Vec<String> = self.bind_progress.lost_ports.iter().map(u16::to_string).collect();
            format!(
                "other processes took ports {} before the service bound them; set services.port_range in toolsmith.toml to ports that no other program uses",
                numbers.join(", ")
            )
        })
    }

    /// The process has ended during its start. Starts it again when it lost a port; returns whether the event is
    /// handled.
    pub(super) fn restart_on_other_ports(&mut self) -> Result<bool, EngineError> {
        if !self.bind_progress.is_pending || self.row.instance.life.state != InstanceState::Starting {
            return Ok(false);
        }
        let number = self.row.instance.life.incarnation;
        if !self.bind_progress.is_restarting {
            // No process of the run is left, so every socket at its ports belongs to another process.
            let lost = self.ports.lost(&BTreeSet::new()).map_err(EngineError::internal)?;
            if lost.is_empty() {
                return Ok(false);
            }
            if let Some(why) = self.record_lost_ports(&lost) {
                self.advance(&[LifeEvent::NotSpawned(number, why)])?;
                return Ok(true);
            }
            self.bind_progress.is_restarting = true;
        }
        self.start(number)?;
        Ok(true)
    }
}
