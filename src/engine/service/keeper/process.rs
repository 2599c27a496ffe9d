//! One incarnation: the run of a service, its input, and the report of its end.

use super::translating::Translator;
use super::{Keeper, KeeperEvent};
use crate::domain::service::{HealthFact, HealthState, InstancePort, LastLine, LifeEvent, PortPass};
use crate::domain::{RunEnd, RunId};
use crate::engine::RunHandle;
use crate::engine::error::EngineError;
use crate::engine::run::{InputPipe, ServiceHooks, ServiceStart};
use crate::runner::{self, Report, ServiceTerms};
use rustix::pipe::PipeFlags;
use std::sync::mpsc::{SyncSender, channel};
use std::time::Duration;

/// A running service.
pub(super) struct Process {
    pub(super) incarnation: u64,
    handle: RunHandle,
    /// Its standard input.
    pub(super) input: InputPipe,
    /// The translator between messages and the service, for an external adapter.
    pub(super) translator: Option<Translator>,
}

impl Process {
    /// Asks it to end.
    pub(super) fn stop(&self) {
        self.handle.cancel();
    }

    /// Kills it without time to clean up.
    pub(super) fn kill(&self) {
        self.handle.kill();
    }

    /// Waits for its end with a timeout: the end of the keeper ends it as well.
    pub(super) fn wait(self, longest: Duration) {
        let (done, over) = channel();
        let waits = std::thread::Builder::new().name("end".to_owned()).spawn(move || {
            let _ = done.send(self.handle.wait().is_ok());
        });
        if waits.is_ok() {
            let _ = over.recv_timeout(longest);
        }
    }
}

impl Keeper {
    /// Starts the process of an incarnation. An error is a failure of the incarnation, not of the keeper.
    pub(super) fn start(&mut self, number: u64) -> Result<(), EngineError> {
        self.exchange_queue = crate::domain::service::ExchangeQueue::default();
        self.prober.begin(number);
        self.last_line = LastLine::default();
        self.bind_progress.begin(&self.definition);
        match self.spawn(number) {
            Ok((run, ports)) => self.advance_with(&[], |instance| {
                instance.run = Some(run);
                instance.ports = ports;
                for port in instance.ports.iter_mut().filter(|port| port.pass == PortPass::Bind) {
                    port.add_note(Some("the service does not listen on it yet".to_owned()));
                }
                instance.health = HealthFact::before(instance.health.state != HealthState::NotChecked);
            }),
            // There is no run, and therefore no log.
            Err(error) => {
                self.advance_with(&[LifeEvent::NotSpawned(number, error.message)], |instance| instance.run = None)
            }
        }
    }

    fn spawn(&mut self, number: u64) -> Result<(RunId, Vec<InstancePort>), EngineError> {
        let opened =
            self.ports.open(&self.engine, &self.row.instance, &self.definition, self.bind_progress.lost_ports())?;
        let (reads, writes) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)
            .map_err(|error| EngineError::internal(format!("no pipe: {error}")))?;
        let rule = self.definition.stop;
        let terms = ServiceTerms {
            stdin: Some(reads),
            stop: rule.signal,
            grace: Duration::from_millis(rule.within_ms),
            log: self.definition.log,
        };
        let start = ServiceStart {
            terms,
            env: self.ports.variables(&opened),
            connector_sink: self.ports.connector_sink(),
            listeners: self.ports.inherited(&opened)?,
            bound_ports: self.ports.bound_by_service(),
            hooks: hooks(&self.sender, number),
        };
        let translator = self.start_translator(number)?;
        let handle = self.engine.runs().serve(&self.detail, &self.caller, start)?;
        let run = handle.id;
        self.process = Some(Process { incarnation: number, handle, input: InputPipe::start(writes)?, translator });
        Ok((run, opened))
    }

    /// Handles the end of the process of an incarnation.
    pub(super) fn ended(&mut self, number: u64, (began, well, how): (bool, bool, String)) -> Result<(), EngineError> {
        let mut done = Ok(());
        if self.process.as_ref().is_some_and(|process| process.incarnation == number) {
            self.process = None;
            self.ports.clear_connector();
            let lost = self.exchange_queue.end();
            done = self.carry_out(lost);
            if began || self.bind_progress.is_restarting() {
                match self.restart_on_other_ports() {
                    Ok(true) => return done,
                    Ok(false) => {}
                    Err(error) => done = done.and(Err(error)),
                }
            }
        }
        let event = if began {
            LifeEvent::Ended { incarnation: number, well, how, last_stderr: self.last_line.text() }
        } else {
            LifeEvent::NotSpawned(number, how)
        };
        // Whatever else failed, the end must be reported: otherwise, the instance would look alive.
        self.advance(&[event]).and(done)
    }
}

/// The events of its run for the keeper. The run's thread waits if the keeper is slow.
fn hooks(events: &SyncSender<KeeperEvent>, incarnation: u64) -> ServiceHooks {
    let (spawned, output, ended) = (events.clone(), events.clone(), events.clone());
    // Sending to a keeper that has ended has no effect; the end of the keeper ends the run.
    ServiceHooks {
        begins: Box::new(move || drop(spawned.send(KeeperEvent::Spawned(incarnation)))),
        output: Box::new(move |frame| drop(output.send(KeeperEvent::Output(incarnation, frame.clone())))),
        ends: Box::new(move |report: &Report| {
            let began = report.end.outcome().has_started();
            let well = matches!(report.end, RunEnd::Succeeded { .. });
            drop(ended.send(KeeperEvent::Ended { incarnation, began, well, how: how(&report.end) }));
        }),
    }
}

/// How a run ended, in one line.
fn how(end: &RunEnd) -> String {
    match end {
        RunEnd::Failed { exit_code, .. } => format!("exit code {exit_code}"),
        RunEnd::Succeeded { exit_code } => format!("ended with exit code {exit_code}"),
        other => runner::explain_open_files(other.message().unwrap_or_default()),
    }
}
