//! Launching, ending and restarting instances, and recovering those whose keeper died.

use super::{Services, keeper, status, wire};
use crate::domain::service::{Desired, InstanceId, InstanceState, LifeEvent, ServiceDefinition};
use crate::domain::{Caller, Command, Kind, Outcome, Tool, ToolDetail, ToolName};
use crate::engine::core::RunPolicy;
use crate::engine::core::services::{self, Launching, Relaunched, RequestResult};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::owner::live_process;
use crate::outside::Asker;
use crate::runner;
use crate::store::InstanceRow;
use serde_json::json;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Interval between reads of an instance's row while waiting.
const LOOK: Duration = Duration::from_millis(5);

/// Time that an instance may take to end beyond the time in its definition.
const STOP_MARGIN: Duration = Duration::from_secs(10);

/// Maximum length of a chain of services that need each other.
const MOST_DEPENDENCIES: usize = 32;

/// A request to launch an instance.
#[derive(Debug, Clone)]
pub struct LaunchRequest {
    /// The tool.
    pub tool: Arc<Tool>,
    /// Name of the instance; `None` for the name of the tool.
    pub instance: Option<ToolName>,
}

/// The result of a launch.
#[derive(Debug, Clone, PartialEq)]
pub struct Launched {
    /// Name of the instance.
    pub instance: ToolName,
    /// The present state.
    pub state: InstanceState,
    /// A warning for a human.
    pub warning: Option<String>,
    /// Other instances that were launched because this one needs them.
    pub with: Vec<ToolName>,
}

fn dependents_warning(dependents: &[ToolName]) -> Option<String> {
    let [_, others @ ..] = dependents else { return None };
    let verbs = if others.is_empty() { "depends on it and keeps running" } else { "depend on it and keep running" };
    Some(format!("{} {verbs}", status::names(dependents)))
}

impl Services<'_> {
    /// Launches an instance, after those that it needs; returns when its keeper was started.
    ///
    /// # Errors
    /// `Usage` for a tool that is not a service, `Refused` or `HumanNeeded` if the policy refuses, `Conflict` when the
    /// instance already runs or the tool changed on disk.
    pub fn launch(&self, launch: &LaunchRequest, caller: &Caller) -> Result<Launched, EngineError> {
        let mut with = Vec::new();
        let mut path = Vec::new();
        let (row, warning) = self.launch_after(launch, caller, (&mut path, &mut with))?;
        with.pop();
        Ok(Launched { instance: row.instance.name.clone(), state: row.instance.life.state, warning, with })
    }

    /// The instance that a launch would create, if it already runs or is about to.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(super) fn running(&self, launch: &LaunchRequest) -> Result<Option<Launched>, EngineError> {
        let name = launch.instance.as_ref().unwrap_or(&launch.tool.name);
        let row = self.workspace.read(|q| Ok(q.services().instance_named(self.stack(), name)?))?;
        let running = row.filter(|row| row.instance.tool == launch.tool.name).and_then(|row| {
            let state = self.state_of(&row);
            let ends = state == InstanceState::Stopping && row.instance.life.desired == Desired::Down;
            (state.needs_keeper() && !ends).then_some((row, state))
        });
        Ok(running.map(|(row, state)| Launched { instance: row.instance.name, state, warning: None, with: Vec::new() }))
    }

    /// Launches what an instance needs, then the instance. `path` contains the instances that wait for this one.
    fn launch_after(
        &self,
        launch: &LaunchRequest,
        caller: &Caller,
        (path, done): (&mut Vec<ToolName>, &mut Vec<ToolName>),
    ) -> Result<(InstanceRow, Option<String>), EngineError> {
        let (detail, definition, warning) = self.startable(&launch.tool, caller)?;
        let name = launch.instance.clone().unwrap_or_else(|| detail.tool.name.clone());
        if path.contains(&name) || path.len() >= MOST_DEPENDENCIES {
            let words: Vec<&str> = path.iter().chain([&name]).map(ToolName::as_str).collect();
            let message = format!("{name} needs itself: {}", words.join(" → "));
            return Err(EngineError::new(ErrorCode::Usage, message, "change `after` in one of the definitions"));
        }
        self.demand_own_name(&name, &detail.tool.name)?;
        path.push(name.clone());
        for needed in definition.after.keys() {
            let known = self.workspace.read(|q| Ok(q.services().instance_named(self.stack(), needed)?))?;
            if known.as_ref().is_some_and(|row| self.state_of(row).needs_keeper()) || done.contains(needed) {
                if let Some(row) = known {
                    self.demand_own_name(needed, &row.instance.tool)?;
                }
                continue;
            }
            let tool =
                known.map_or_else(|| self.engine.library().resolve(needed.as_str()), |row| self.tool_of(&row))?;
            self.launch_after(&LaunchRequest { tool, instance: Some(needed.clone()) }, caller, (path, done))?;
        }
        path.pop();
        self.workspace.copies.put(detail.tool.digest, &detail.files)?;
        let wanted = Launching { tool: &detail.tool, definition: &definition, name: &name, stack: self.stack() };
        let asked =
            self.with_actor(caller, |actor| self.workspace.transact(|tx| services::launch(tx, actor, &wanted)))?;
        done.push(name);
        Ok((self.follow_up(asked)?, warning))
    }

    /// The data for starting a tool as a service, if this caller may.
    pub(super) fn startable(
        &self,
        tool: &Arc<Tool>,
        caller: &Caller,
    ) -> Result<(ToolDetail, ServiceDefinition, Option<String>), EngineError> {
        if let Some(message) = runner::open_files_shortage() {
            return Err(EngineError::new(ErrorCode::Failed, message, ""));
        }
        let tool = self.engine.versions().followed(tool, caller)?;
        if tool.kind != Kind::Service {
            let message = format!("{} is not a service (kind {})", tool.name, tool.kind);
            return Err(EngineError::new(ErrorCode::Usage, message, format!("`toolsmith run {}` runs it", tool.name)));
        }
        let detail = self.engine.library().detail(&tool)?;
        if detail.tool.digest != tool.digest {
            let message = format!("{} changed on disk a moment ago", tool.name);
            return Err(EngineError::new(ErrorCode::Conflict, message, "read the new version, then launch it"));
        }
        let definition = detail.manifest.service.clone().unwrap_or_default();
        let warning = self.demand_allowed(&detail, caller)?;
        Ok((detail, definition, warning))
    }

    /// Refuses an instance of one service under the name of another service: messages and dependencies would go to the
    /// wrong one.
    fn demand_own_name(&self, name: &ToolName, tool: &ToolName) -> Result<(), EngineError> {
        let catalog = self.engine.library().catalog();
        let is_service = |other: &&Arc<Tool>| other.name == *name && other.kind == Kind::Service;
        if name == tool || !catalog.tools.iter().any(|other| is_service(&other)) {
            return Ok(());
        }
        let message = format!("{name} is the name of another service, so no instance of {tool} may have it");
        let hint = format!(
            "choose another name with --instance; if there is such an instance already, `toolsmith terminate {name}` and `toolsmith terminate {name} --forget` delete it"
        );
        Err(EngineError::new(ErrorCode::Conflict, message, hint))
    }

    /// Refuses a version that this caller may not run; returns a warning for a human.
    pub(super) fn demand_allowed(&self, detail: &ToolDetail, caller: &Caller) -> Result<Option<String>, EngineError> {
        match self.engine.runs().may_run(detail, caller)? {
            RunPolicy::Allow { warning, .. } => Ok(warning),
            RunPolicy::Ask { message, .. } => Err(EngineError::new(ErrorCode::HumanNeeded, message, "")),
            RunPolicy::Refuse { code, message } => Err(EngineError::new(code, message, "")),
        }
    }

    /// The first missing permission that a human must grant before this service, or one that it needs, can be launched.
    ///
    /// # Errors
    /// Those of [`Runs::unallowed`](crate::engine::Runs::unallowed).
    pub fn unallowed(&self, tool: &Arc<Tool>, caller: &Caller) -> Result<Option<Command>, EngineError> {
        let mut next = vec![Arc::clone(tool)];
        let mut seen = Vec::new();
        while let Some(tool) = next.pop() {
            if seen.contains(&tool.name) || seen.len() >= MOST_DEPENDENCIES {
                continue;
            }
            let tool = self.engine.versions().followed(&tool, caller)?;
            if let Some(command) = self.engine.runs().unallowed(&tool, caller)? {
                return Ok(Some(command));
            }
            seen.push(tool.name.clone());
            let definition = self.engine.library().detail(&tool)?.manifest.service.unwrap_or_default();
            for needed in definition.after.keys() {
                let known = self.workspace.read(|q| Ok(q.services().instance_named(self.stack(), needed)?))?;
                if !known.as_ref().is_some_and(|row| self.state_of(row).needs_keeper()) {
                    let tool = match &known {
                        Some(row) => self.tool_of(row)?,
                        None => self.engine.library().resolve(needed.as_str())?,
                    };
                    next.push(tool);
                }
            }
        }
        Ok(None)
    }

    /// Asks an instance to end; with `now`, kills it.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it does not run, `HumanNeeded` for an agent that did not launch it.
    pub fn terminate(&self, name: &str, now: bool, caller: &Caller) -> Result<Outcome, EngineError> {
        self.restore_lost()?;
        self.terminate_instance(self.named(name)?.instance.id, now, caller)
    }

    /// [`Self::terminate`] for an instance of any stack.
    pub(in crate::engine) fn terminate_instance(
        &self,
        id: InstanceId,
        now: bool,
        caller: &Caller,
    ) -> Result<Outcome, EngineError> {
        let dependents = self.dependents(&self.row(id)?)?;
        let mut outcome =
            self.with_actor(caller, |actor| self.workspace.transact(|tx| services::terminate(tx, actor, id, now)))?;
        self.wake_keeper(id);
        if let Some(warning) = dependents_warning(&dependents) {
            outcome.message = format!("{}; {warning}", outcome.message);
        }
        outcome.detail["dependents"] = json!(dependents);
        Ok(outcome)
    }

    /// A warning before an instance is terminated: the running instances that depend on it.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) fn terminate_warning(&self, name: &str) -> Result<Option<String>, EngineError> {
        Ok(dependents_warning(&self.dependents(&self.named(name)?)?))
    }

    /// Running instances of the same stack whose definitions name this one in `after`, by name.
    fn dependents(&self, needed: &InstanceRow) -> Result<Vec<ToolName>, EngineError> {
        let rows = self.workspace.read(|q| Ok(q.services().instances(&needed.instance.stack)?))?;
        let running = rows.into_iter().filter(|row| self.state_of(row).needs_keeper());
        // An unreadable definition has no dependencies.
        let needs = |row: &InstanceRow| {
            let definition = self.launched_version(row).ok().and_then(|version| version.manifest.service);
            definition.is_some_and(|definition| definition.after.contains_key(&needed.instance.name))
        };
        Ok(running.filter(needs).map(|row| row.instance.name).collect())
    }

    /// Deletes a stopped instance, its context and its exchanges, and frees its name.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while it runs.
    pub fn forget(&self, name: &str, caller: &Caller) -> Result<Outcome, EngineError> {
        self.restore_lost()?;
        let id = self.named(name)?.instance.id;
        self.with_actor(caller, |actor| self.workspace.transact(|tx| services::forget(tx, actor, id)))
    }

    /// Restarts an instance with the approved version. An instance that does not run is launched by this caller.
    ///
    /// # Errors
    /// As [`Self::launch`].
    pub fn relaunch(&self, name: &str, caller: &Caller) -> Result<InstanceRow, EngineError> {
        self.restore_lost()?;
        let row = self.named(name)?;
        let tool = self.tool_of(&row)?;
        let (detail, definition, _) = self.startable(&tool, caller)?;
        if detail.tool.digest != row.instance.digest
            || !self.state_of(&row).needs_keeper()
            || self.has_other_program(&row)
        {
            return self.replace(&row, (&detail, &definition), caller);
        }
        let asked = self.request_relaunch(&row, Relaunched::Same, caller)?;
        self.follow_up(asked)
    }

    /// Whether the keeper of an instance runs another installation of Toolsmith, usually an older one.
    fn has_other_program(&self, row: &InstanceRow) -> bool {
        let keeper = row.instance.keeper.as_deref().and_then(live_process);
        keeper.is_some_and(|pid| runner::runs_other_program(&self.workspace.machine, pid))
    }

    fn request_relaunch(
        &self,
        row: &InstanceRow,
        version: Relaunched,
        caller: &Caller,
    ) -> Result<RequestResult, EngineError> {
        let id = row.instance.id;
        self.with_actor(caller, |actor| self.workspace.transact(|tx| services::relaunch(tx, actor, id, version)))
    }

    /// Replaces the running version, or the keeper's program: the old keeper ends, and a new one starts.
    fn replace(
        &self,
        row: &InstanceRow,
        (detail, definition): (&ToolDetail, &ServiceDefinition),
        caller: &Caller,
    ) -> Result<InstanceRow, EngineError> {
        let mut sockets = Vec::new();
        if self.state_of(row).needs_keeper() {
            // Held until the next keeper has them, so that nobody else can take the ports.
            sockets = wire::listening_sockets(&self.workspace.state_dir, row.instance.id);
            self.request_relaunch(row, Relaunched::Other, caller)?;
            self.wake_keeper(row.instance.id);
            let stop = Duration::from_millis(definition.stop.within_ms) + STOP_MARGIN;
            self.wait_while(row, stop, |state, _| state.needs_keeper())?;
        }
        self.workspace.copies.put(detail.tool.digest, &detail.files)?;
        let (tool, name) = (&detail.tool, &row.instance.name);
        let wanted = Launching { tool, definition, name, stack: self.stack() };
        let asked =
            self.with_actor(caller, |actor| self.workspace.transact(|tx| services::launch(tx, actor, &wanted)))?;
        self.follow_up_with(asked, &sockets)
    }

    /// Starts a keeper if the result needs one, or wakes the existing keeper.
    pub(super) fn follow_up(&self, asked: RequestResult) -> Result<InstanceRow, EngineError> {
        self.follow_up_with(asked, &[])
    }

    /// [`Self::follow_up`], where a new keeper takes over these listening sockets.
    fn follow_up_with(&self, asked: RequestResult, sockets: &[OwnedFd]) -> Result<InstanceRow, EngineError> {
        let RequestResult { row, needs_keeper } = asked;
        if !needs_keeper {
            self.wake_keeper(row.instance.id);
            return Ok(row);
        }
        let started = keeper::start(self.workspace, &row.instance, sockets);
        if let Err(error) = started {
            let why = format!("its keeper process could not be started: {error}");
            let event = [LifeEvent::KeeperFailed(why.clone())];
            let owner = &self.workspace.owner;
            self.workspace.transact(|tx| services::advance(tx, owner, row.instance.id, &event, |_| ()))?;
            return Err(EngineError::internal(format!("{}: {why}", row.instance.name)));
        }
        Ok(row)
    }

    /// Wakes the keeper of an instance.
    pub(super) fn wake_keeper(&self, id: InstanceId) {
        if let Ok(stream) = wire::connect(&self.workspace.state_dir, id) {
            // A keeper that misses the message reads its row within a second.
            let _ = wire::send(&stream, &wire::KeeperRequest::Look);
        }
    }

    /// Waits until the state of an instance no longer matches the condition; returns its row.
    ///
    /// # Errors
    /// `Conflict` after the timeout.
    pub(super) fn wait_while(
        &self,
        row: &InstanceRow,
        longest: Duration,
        goes_on: impl Fn(InstanceState, Desired) -> bool,
    ) -> Result<InstanceRow, EngineError> {
        let until = Instant::now() + longest;
        loop {
            let row = self.row(row.instance.id)?;
            let state = self.state_of(&row);
            if !goes_on(state, row.instance.life.desired) && row.wish == row.heard {
                return Ok(row);
            }
            if Instant::now() >= until {
                let name = &row.instance.name;
                let message = format!("{name} is still {state} after {}s", longest.as_secs());
                return Err(EngineError::new(
                    ErrorCode::Conflict,
                    message,
                    format!("`toolsmith services {name}` says why"),
                ));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until a launched instance is ready or has failed.
    ///
    /// # Errors
    /// `Failed` when it failed or ended, with the reason.
    pub fn wait_until_ready(&self, name: &ToolName, longest: Duration) -> Result<InstanceState, EngineError> {
        let row = self.named(name.as_str())?;
        let starts = |state, desired| match state {
            InstanceState::Waiting | InstanceState::Starting | InstanceState::BackingOff => true,
            // It ends to be restarted.
            InstanceState::Stopping => desired == Desired::Up,
            _ => false,
        };
        let row = self.wait_while(&row, longest, starts)?;
        let state = self.state_of(&row);
        if state.is_up() || row.instance.life.last_error.is_none() {
            return Ok(state);
        }
        let why = row.instance.life.last_error.as_deref().unwrap_or_default();
        Err(EngineError::new(ErrorCode::Failed, format!("{name} is {state}: {why}"), self.failure_hint(&row)))
    }

    /// The hint for an instance that does not run: the status of an instance that it needs, or its log, if any.
    fn failure_hint(&self, row: &InstanceRow) -> String {
        let definition = self.launched_version(row).ok().and_then(|version| version.manifest.service);
        let needed = definition.iter().flat_map(|definition| definition.after.keys()).find(|needed| {
            let known = self.workspace.read(|q| Ok(q.services().instance_named(self.stack(), needed)?));
            let state = known.ok().flatten().map(|row| self.state_of(&row));
            matches!(state, Some(InstanceState::Failed | InstanceState::Lost))
        });
        if let Some(needed) = needed {
            return format!("`toolsmith services {needed}` says why {needed} does not run");
        }
        let run = row.instance.run.and_then(|run| self.engine.runs().record(run).ok());
        match run.filter(|run| run.outcome.has_started()) {
            Some(_) => format!("`toolsmith output {}` prints its log", row.instance.name),
            None => String::new(),
        }
    }

    /// Waits until an instance that was asked to end has ended.
    ///
    /// # Errors
    /// `Conflict` when it does not end in time.
    pub(super) fn wait_until_ended(&self, name: &str) -> Result<InstanceState, EngineError> {
        let row = self.named(name)?;
        let definition = self.launched_version(&row)?.manifest.service.unwrap_or_default();
        let longest = Duration::from_millis(definition.stop.within_ms) + STOP_MARGIN;
        let row = self.wait_while(&row, longest, |state, _| state.needs_keeper())?;
        Ok(self.state_of(&row))
    }

    /// Records the end of instances whose keeper died. If this process belongs to a human, restarts those that should
    /// run.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn restore_lost(&self) -> Result<(), EngineError> {
        if self.workspace.viewing().is_some() {
            return Ok(());
        }
        let rows = self.workspace.read(|q| Ok(q.services().all_instances()?))?;
        let lost: Vec<InstanceRow> = rows.into_iter().filter(|row| self.state_of(row) == InstanceState::Lost).collect();
        if lost.is_empty() {
            return Ok(());
        }
        // Remaining processes end before new ones start.
        self.engine.runs().interrupt_orphans()?;
        let restarts = self.workspace.options.asker == Asker::Human;
        let caller = Caller::Human(self.workspace.identity());
        for row in lost {
            let settled = self.with_actor(&caller, |actor| {
                self.workspace.transact(|tx| services::settle(tx, actor, row.instance.id, restarts))
            })?;
            if let Some(asked) = settled.filter(|asked| asked.needs_keeper) {
                self.follow_up(asked)?;
            }
        }
        Ok(())
    }
}
