//! Instances of services: who may change their state, and what is logged.
//!
//! One process at a time changes the state of an instance: its keeper while it lives, otherwise the process of the
//! caller. Others leave a request in the row, which the keeper performs.

use super::step::answer;
use crate::domain::service::{
    Desired, HealthFact, Instance, InstanceId, LifeEvent, LifeOrder, LifeRules, Lifecycle, ServiceDefinition,
};
use crate::domain::{Caller, Instant, OperationId, Outcome, Tool, ToolName, count};
use crate::engine::error::{EngineError, ErrorCode};
use crate::store::{InstanceRow, NewOperation, Tx, Wish};
use serde_json::json;

/// How long a started keeper may take to take over its instance, in milliseconds.
const KEEPER_DUE_MS: i64 = 10_000;

/// The caller, and functions that examine processes.
pub struct ServiceActor<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// This process, as an owner in the store.
    pub owner: &'a str,
    /// Whether the process of an owner is alive.
    pub is_alive: &'a dyn Fn(&str) -> bool,
    /// Whether the machine was rebooted since this owner lived.
    pub has_rebooted: &'a dyn Fn(&str) -> bool,
}

/// The instance to launch.
pub struct Launching<'a> {
    /// The row of the catalog.
    pub tool: &'a Tool,
    /// Its definition.
    pub definition: &'a ServiceDefinition,
    /// Name of the instance.
    pub name: &'a ToolName,
    /// The stack that it belongs to.
    pub stack: &'a str,
}

/// The version of a relaunched instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relaunched {
    /// The present version.
    Same,
    /// Another version, which replaces the instance once it has ended.
    Other,
}

/// The result of a request to an instance.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestResult {
    /// The present row of the instance.
    pub row: InstanceRow,
    /// Whether the caller must start its keeper.
    pub needs_keeper: bool,
}

impl ServiceActor<'_> {
    /// Whether an instance has a keeper, or will have one in a moment.
    pub fn has_keeper(&self, instance: &Instance, now: Instant) -> bool {
        let Some(keeper) = instance.keeper.as_deref() else { return false };
        match instance.keeper_due {
            // The process that started it may have ended since; the keeper is still expected.
            Some(due) => due > now && !(self.has_rebooted)(keeper),
            None => (self.is_alive)(keeper),
        }
    }

    /// Whether an instance is recorded as running but has no keeper.
    pub fn is_lost(&self, instance: &Instance, now: Instant) -> bool {
        instance.life.state.needs_keeper() && !self.has_keeper(instance, now)
    }

    /// Updates the row of an instance whose keeper is gone.
    fn settle(&self, row: &mut InstanceRow, now: Instant) {
        if !self.is_lost(&row.instance, now) {
            return;
        }
        let rebooted = row.instance.keeper.as_deref().is_some_and(self.has_rebooted);
        row.instance.life.step(&row.rules, LifeEvent::KeeperLost { rebooted }, now);
        row.instance.keeper = None;
        row.instance.keeper_due = None;
        row.heard = row.wish;
    }

    /// Makes this process responsible for starting a keeper, if one is needed.
    fn promise_keeper(&self, row: &mut InstanceRow, now: Instant) -> bool {
        let needs = row.instance.life.state.needs_keeper();
        row.instance.keeper = needs.then(|| self.owner.to_owned());
        row.instance.keeper_due = needs.then(|| Instant(now.0 + KEEPER_DUE_MS));
        needs
    }
}

/// Creates an instance, or starts the existing one of this name.
///
/// # Errors
/// `Conflict` if it is running, belongs to another tool, or if the maximum number of instances exists.
pub fn launch(tx: &Tx<'_>, actor: &ServiceActor<'_>, wanted: &Launching<'_>) -> Result<RequestResult, EngineError> {
    let Launching { tool, definition, name, stack } = *wanted;
    let rules = LifeRules::of(definition);
    let launched_by = &author(actor.caller);
    let known = tx.services().instance_named(stack, name)?;
    if let Some(row) = &known {
        refuse_running(actor, &row.instance, tool, tx.now())?;
    }
    // Instances of other stacks count as well: a stack is only a name that the caller chooses.
    let others = tx.services().all_instances()?;
    let alive = others.iter().map(|row| &row.instance);
    let alive = alive.filter(|other| other.tool == tool.name && other.life.state.needs_keeper());
    let alive = alive.filter(|other| (other.stack.as_str(), &other.name) != (stack, name));
    let alive: Vec<String> = alive
        .map(|other| {
            let name = other.name.to_string();
            if other.stack == stack { name } else { format!("{name} (stack {})", other.stack) }
        })
        .collect();
    if alive.len() >= definition.instances as usize {
        let most = count(definition.instances as usize, "instance");
        let message = format!("{} allows {most} at one time, and these run: {}", tool.name, alive.join(", "));
        return Err(EngineError::new(ErrorCode::Conflict, message, "terminate one of them first"));
    }
    let id = match known {
        Some(row) => {
            tx.keep_services().set_version_of_instance(row.instance.id, (tool, &rules), launched_by)?;
            row.instance.id
        }
        None => tx.keep_services().add_instance(&new_instance(tx, wanted, launched_by), tool, &rules)?,
    };
    log(
        tx,
        actor,
        "launch",
        name,
        json!({"tool": tool.name, "version": tool.version.to_string(), "digest": tool.digest}),
    )?;
    ask(tx, actor, id, Wish::To(Desired::Up))
}

fn refuse_running(actor: &ServiceActor<'_>, instance: &Instance, tool: &Tool, now: Instant) -> Result<(), EngineError> {
    let name = &instance.name;
    if instance.tool != tool.name {
        let message = format!("{name} is an instance of {}", instance.tool);
        return Err(EngineError::new(ErrorCode::Conflict, message, "choose another name with --instance"));
    }
    if instance.life.state.needs_keeper() && actor.has_keeper(instance, now) {
        let message = format!("{name} is already {}", instance.life.state);
        let hint = format!("`toolsmith relaunch {name}` restarts it; --instance NAME launches another one");
        return Err(EngineError::new(ErrorCode::Conflict, message, hint));
    }
    Ok(())
}

fn new_instance(tx: &Tx<'_>, wanted: &Launching<'_>, launched_by: &str) -> Instance {
    let Launching { tool, definition, name, stack } = *wanted;
    Instance {
        id: InstanceId(0),
        name: name.clone(),
        stack: stack.to_owned(),
        tool: tool.name.clone(),
        version: tool.version.clone(),
        digest: tool.digest,
        life: Lifecycle::default(),
        run: None,
        keeper: None,
        keeper_due: None,
        ports: Vec::new(),
        health: HealthFact::before(definition.health.probe.is_some()),
        launched_by: launched_by.to_owned(),
        created_at: tx.now(),
    }
}

/// Leaves a request for the keeper of an instance, or performs it if there is no keeper.
///
/// # Errors
/// `NotFound` if there is no such instance; `Internal` for errors of the store.
pub fn ask(tx: &Tx<'_>, actor: &ServiceActor<'_>, id: InstanceId, wish: Wish) -> Result<RequestResult, EngineError> {
    let mut row = tx.services().instance(id)?.ok_or_else(|| gone(id))?;
    let now = tx.now();
    if actor.has_keeper(&row.instance, now) {
        row.wish += 1;
        row.wants = wish;
        tx.keep_services().put_instance(&row)?;
        return Ok(RequestResult { row, needs_keeper: false });
    }
    actor.settle(&mut row, now);
    row.instance.life.step(&row.rules, wanted(wish), now);
    let needs_keeper = actor.promise_keeper(&mut row, now);
    tx.keep_services().put_instance(&row)?;
    Ok(RequestResult { row, needs_keeper })
}

/// [`ask`] to stop an instance, with an entry in the log. With `now`, it is killed.
///
/// # Errors
/// `HumanNeeded` for an agent that did not launch it; `Conflict` if no process of it exists.
pub fn terminate(tx: &Tx<'_>, actor: &ServiceActor<'_>, id: InstanceId, now: bool) -> Result<Outcome, EngineError> {
    let row = tx.services().instance(id)?.ok_or_else(|| gone(id))?;
    demand_launcher(actor, &row.instance)?;
    let name = &row.instance.name;
    if !row.instance.life.state.needs_keeper() {
        let message = format!("{name} is not running ({})", row.instance.life.state);
        let hint = format!(
            "`toolsmith launch {} --instance {name}` starts it again, `toolsmith terminate {name} --forget` deletes it",
            row.instance.tool
        );
        return Err(EngineError::new(ErrorCode::Conflict, message, hint));
    }
    let detail = json!({"tool": row.instance.tool, "run": row.instance.run, "now": now});
    let operation = log(tx, actor, "terminate", name, detail)?;
    let asked = ask(tx, actor, id, if now { Wish::Killed } else { Wish::To(Desired::Down) })?;
    let state = asked.row.instance.life.state;
    let message = if state.needs_keeper() { format!("{name} is asked to end") } else { format!("{name} is {state}") };
    Ok(Outcome { detail: json!({"instance": name}), ..answer(Some(operation), None, message) })
}

/// Deletes an instance that is not running, with all its messages.
///
/// # Errors
/// `HumanNeeded` for an agent; `Conflict` while it runs.
pub fn forget(tx: &Tx<'_>, actor: &ServiceActor<'_>, id: InstanceId) -> Result<Outcome, EngineError> {
    let row = tx.services().instance(id)?.ok_or_else(|| gone(id))?;
    let name = &row.instance.name;
    if matches!(actor.caller, Caller::Agent(_)) {
        let message = format!("only a human deletes {name} with what was said");
        return Err(EngineError::new(ErrorCode::HumanNeeded, message, ""));
    }
    if row.instance.life.state.needs_keeper() || actor.has_keeper(&row.instance, tx.now()) {
        let message = format!("{name} is {}", row.instance.life.state);
        let hint = format!("`toolsmith terminate {name}` ends it; then --forget deletes it");
        return Err(EngineError::new(ErrorCode::Conflict, message, hint));
    }
    let operation = log(tx, actor, "forget", name, json!({"tool": row.instance.tool}))?;
    tx.keep_services().delete_instance(id, name)?;
    Ok(Outcome { detail: json!({"instance": name}), ..answer(Some(operation), None, format!("{name} is deleted")) })
}

/// [`ask`] to restart an instance, with an entry in the log. With `version`, only stops the instance: the caller
/// launches another version in its place.
///
/// # Errors
/// `HumanNeeded` for an agent that did not launch the running instance; otherwise as [`ask`].
pub fn relaunch(
    tx: &Tx<'_>,
    actor: &ServiceActor<'_>,
    id: InstanceId,
    version: Relaunched,
) -> Result<RequestResult, EngineError> {
    let row = tx.services().instance(id)?.ok_or_else(|| gone(id))?;
    if row.instance.life.state.needs_keeper() {
        demand_launcher(actor, &row.instance)?;
    }
    let (name, tool) = (&row.instance.name, &row.instance.tool);
    log(tx, actor, "relaunch", name, json!({"tool": tool, "run": row.instance.run}))?;
    let wish = match version {
        Relaunched::Same => Wish::Fresh,
        Relaunched::Other => Wish::To(Desired::Down),
    };
    ask(tx, actor, id, wish)
}

/// Only a human may stop an instance that somebody else launched.
fn demand_launcher(actor: &ServiceActor<'_>, instance: &Instance) -> Result<(), EngineError> {
    if !matches!(actor.caller, Caller::Agent(_)) || instance.launched_by == author(actor.caller) {
        return Ok(());
    }
    let message = format!("{} was launched by {}", instance.name, instance.launched_by);
    Err(EngineError::new(ErrorCode::HumanNeeded, message, "an agent ends only what it launched itself"))
}

/// Updates an instance whose keeper is gone; with `restarts`, returns whether the caller must start a new one.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn settle(
    tx: &Tx<'_>,
    actor: &ServiceActor<'_>,
    id: InstanceId,
    restarts: bool,
) -> Result<Option<RequestResult>, EngineError> {
    let Some(mut row) = tx.services().instance(id)?.filter(|row| actor.is_lost(&row.instance, tx.now())) else {
        return Ok(None);
    };
    actor.settle(&mut row, tx.now());
    let needs_keeper = restarts && actor.promise_keeper(&mut row, tx.now());
    tx.keep_services().put_instance(&row)?;
    Ok(Some(RequestResult { row, needs_keeper }))
}

/// Makes this process the keeper of an instance; `None` if another one is, or if none is needed.
///
/// # Errors
/// `Internal` for errors of the store.
pub fn take(tx: &Tx<'_>, actor: &ServiceActor<'_>, id: InstanceId) -> Result<Option<InstanceRow>, EngineError> {
    let Some(mut row) = tx.services().instance(id)? else { return Ok(None) };
    let is_promised = row.instance.keeper_due.is_some();
    let has_other = !is_promised && actor.has_keeper(&row.instance, tx.now());
    if has_other || (!row.instance.life.state.needs_keeper() && row.wish == row.heard) {
        return Ok(None);
    }
    row.instance.keeper = Some(actor.owner.to_owned());
    row.instance.keeper_due = None;
    tx.keep_services().put_instance(&row)?;
    Ok(Some(row))
}

/// Applies events to the row of an instance, after the requests that others left there. A keeper that is no longer
/// needed is removed from the row. `None` if this process is not the keeper, or no longer is: it must end.
///
/// # Errors
///
/// `Internal` for errors of the store.
pub fn advance(
    tx: &Tx<'_>,
    owner: &str,
    id: InstanceId,
    events: &[LifeEvent],
    edit: impl FnOnce(&mut Instance),
) -> Result<Option<(InstanceRow, Vec<LifeOrder>)>, EngineError> {
    let Some(mut row) = tx.services().instance(id)?.filter(|row| row.instance.keeper.as_deref() == Some(owner)) else {
        return Ok(None);
    };
    let before = row.clone();
    let mut orders = Vec::new();
    // The events happened before the new requests.
    for event in events {
        orders.extend(row.instance.life.step(&row.rules, event.clone(), tx.now()));
    }
    if row.wish > row.heard {
        row.heard = row.wish;
        orders.extend(row.instance.life.step(&row.rules, wanted(row.wants), tx.now()));
    }
    edit(&mut row.instance);
    if row.instance.run != before.instance.run {
        row.instance.life.previous_run = before.instance.run.or(row.instance.life.previous_run);
    }
    if !row.instance.life.state.needs_keeper() {
        row.instance.keeper = None;
    }
    if row != before {
        tx.keep_services().put_instance(&row)?;
    }
    Ok(Some((row, orders)))
}

/// The launcher of an instance or the author of a message, as stored: `human`, or `agent:NAME`.
pub fn author(caller: &Caller) -> String {
    match caller {
        Caller::Human(_) => "human".to_owned(),
        Caller::Agent(_) => caller.identity(),
    }
}

const fn wanted(wish: Wish) -> LifeEvent {
    match wish {
        Wish::To(Desired::Up) => LifeEvent::WantUp,
        Wish::To(Desired::Down) => LifeEvent::WantDown,
        Wish::Killed => LifeEvent::WantKilled,
        Wish::Fresh => LifeEvent::WantFresh,
    }
}

fn gone(id: InstanceId) -> EngineError {
    EngineError::new(ErrorCode::NotFound, format!("there is no instance {id}"), "`toolsmith services` lists them")
}

fn log(
    tx: &Tx<'_>,
    actor: &ServiceActor<'_>,
    verb: &str,
    name: &ToolName,
    detail: serde_json::Value,
) -> Result<OperationId, EngineError> {
    Ok(tx.log(&NewOperation {
        who: actor.caller.identity(),
        verb: verb.to_owned(),
        subject: name.to_string(),
        detail,
        reversible: false,
    })?)
}
