//! Status texts of instances.

use super::Services;
use crate::domain::description::{Align, Describe, Description, Ink, Table};
use crate::domain::service::{
    Exchange, ExchangeRole, HealthState, Instance, InstanceContext, InstanceId, InstancePort, InstanceState, PortPass,
    ServiceDefinition,
};
use crate::domain::{Instant, Sample, Stage, ToolName, grouped, plural, span};
use crate::engine::clock::now;
use crate::engine::error::EngineError;
use crate::engine::owner::live_process;
use crate::runner;
use crate::store::InstanceRow;
use serde::Serialize;
use std::collections::BTreeMap;

/// Maximum number of lines of an exchange that are shown.
const SHOWN_EXCHANGES: u64 = 50;

/// The present state of an instance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceView {
    /// The instance, with the state that its keeper last wrote.
    #[serde(flatten)]
    pub instance: Instance,
    /// Its state: `lost` if its keeper died and this was not resolved yet.
    #[serde(rename = "state")]
    pub now: InstanceState,
    /// Milliseconds since it became ready; `None` while it is not ready.
    pub up_ms: Option<u64>,
    /// Whether the tool on disk has another version than the running one; `None` before the first scan.
    pub is_outdated: Option<bool>,
    /// Whether the version on disk must be approved before it is used.
    #[serde(skip)]
    pub needs_approval: bool,
}

/// The instances of a stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceList {
    /// Name of the stack; empty for the stack of the workspace.
    pub stack: String,
    /// The instances, by name.
    pub services: Vec<InstanceView>,
    /// Number of running instances in each other stack.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_stacks: BTreeMap<String, usize>,
}

/// One instance with its messages and its context.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceDetail {
    /// The instance.
    #[serde(flatten)]
    pub view: InstanceView,
    /// Process id of its keeper; `None` when it has none.
    pub keeper_pid: Option<i32>,
    /// Process id of the sandbox of its process; `None` when none runs.
    pub sandbox_pid: Option<i32>,
    /// The definition of the service.
    pub definition: Option<ServiceDefinition>,
    /// Prompts and the latest answer.
    pub context: InstanceContext,
    /// The newest lines of the exchange, oldest first.
    pub exchanges: Vec<Exchange>,
}

impl Services<'_> {
    /// Every instance of this stack, by name; with `capability`, only those of tools that claim it.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn list(&self, capability: Option<&str>) -> Result<ServiceList, EngineError> {
        let all = self.workspace.read(|q| Ok(q.services().all_instances()?))?;
        let (mut rows, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row.instance.stack == self.stack());
        rows.sort_by(|a, b| a.instance.name.cmp(&b.instance.name));
        let mut other_stacks = BTreeMap::new();
        for row in others.iter().filter(|row| self.state_of(row).needs_keeper()) {
            *other_stacks.entry(row.instance.stack.clone()).or_default() += 1;
        }
        let mut services: Vec<InstanceView> = rows.into_iter().map(|row| self.view(row)).collect();
        if let Some(wanted) = capability {
            let view = self.engine.library().catalog();
            services.retain(|service| {
                let tool = view.tools.iter().find(|tool| tool.name == service.instance.tool);
                tool.is_some_and(|tool| tool.capabilities.iter().any(|has| has.eq_ignore_ascii_case(wanted)))
            });
        }
        Ok(ServiceList { stack: self.stack().to_owned(), services, other_stacks })
    }

    /// One instance with its messages and its context.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn detail(&self, name: &str) -> Result<InstanceDetail, EngineError> {
        let row = self.named(name)?;
        let id = row.instance.id;
        let definition = self.launched_version(&row).ok().and_then(|version| version.manifest.service);
        let (context, exchanges, leases) = self
            .workspace
            .read(|q| Ok((q.services().context_of(id)?, q.services().exchanges(id, SHOWN_EXCHANGES)?, q.running()?)))?;
        let keeper_pid = row.instance.keeper.as_deref().and_then(live_process);
        let lease = leases.into_iter().find(|lease| Some(lease.run) == row.instance.run);
        let sandbox_pid = lease.and_then(|lease| lease.pid).filter(|_| keeper_pid.is_some());
        Ok(InstanceDetail { view: self.view(row), keeper_pid, sandbox_pid, definition, context, exchanges })
    }

    /// The present resource use of each instance whose run has a process on this machine: processor time so far, and
    /// memory.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn used(&self) -> Result<Vec<(InstanceId, Sample)>, EngineError> {
        let (rows, leases) = self.workspace.read(|q| Ok((q.services().instances(self.stack())?, q.running()?)))?;
        let of = |row: &InstanceRow| {
            let lease = leases.iter().find(|lease| Some(lease.run) == row.instance.run)?;
            Some((row.instance.id, runner::used_below(lease.pid?, lease.pid_started?)?))
        };
        Ok(rows.iter().filter_map(of).collect())
    }

    fn view(&self, mut row: InstanceRow) -> InstanceView {
        let state = self.state_of(&row);
        // If the clock was set back, the stored time is too late.
        let latest = Instant(now().0.saturating_add(i64::try_from(row.rules.backoff.most_ms).unwrap_or(i64::MAX)));
        row.instance.life.next_start_at = row.instance.life.next_start_at.map(|at| at.min(latest));
        let ready = row.instance.life.ready_at.filter(|_| state.is_up());
        let catalog = self.engine.library().catalog();
        let on_disk = catalog.tools.iter().find(|tool| tool.name == row.instance.tool && tool.shadowed_by.is_none());
        InstanceView {
            up_ms: ready.map(|at| now().since_ms(at)),
            is_outdated: on_disk.map(|tool| tool.digest != row.instance.digest),
            needs_approval: on_disk.is_some_and(|tool| tool.stage != Stage::Experimental),
            now: state,
            instance: row.instance,
        }
    }
}

impl InstanceView {
    /// Its ports as text: `http 50123`.
    pub fn ports_words(&self) -> String {
        let word = |port: &InstancePort| match port.name.as_str() {
            "port" => port.port.to_string(),
            name => format!("{name} {}", port.port),
        };
        self.instance.ports.iter().map(word).collect::<Vec<_>>().join(", ")
    }

    /// The result of its health checks as text.
    pub fn health_words(&self) -> String {
        if !self.now.is_up() {
            return String::new();
        }
        self.instance.health.state.to_string()
    }

    /// The colour of its state.
    pub fn ink(&self) -> Ink {
        match self.now {
            InstanceState::Running => Ink::Good,
            InstanceState::Unhealthy | InstanceState::Failed | InstanceState::Lost => Ink::Bad,
            InstanceState::BackingOff | InstanceState::Waiting | InstanceState::Starting | InstanceState::Stopping => {
                Ink::Warn
            }
            InstanceState::Stopped => Ink::Dim,
        }
    }

    /// Its state, with the time of the next change: `backing-off, next start in 4 s`.
    pub fn state_words(&self, at: Instant) -> String {
        match self.instance.life.next_start_at {
            Some(next) if self.now == InstanceState::BackingOff => {
                format!("{}, next start in {}", self.now, span(next.since_ms(at)))
            }
            _ => self.now.to_string(),
        }
    }
}

impl Describe for ServiceList {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        for (stack, running) in &self.other_stacks {
            let running = plural(*running, "instance runs", "instances run");
            told.next(&match stack.as_str() {
                "" => format!("{running} in the stack of the workspace: unset TOOLSMITH_STACK to list them"),
                stack => {
                    format!("{running} in the stack {stack}: `TOOLSMITH_STACK={stack} toolsmith services` lists them")
                }
            });
        }
        if self.services.is_empty() {
            told.summary("no instances");
            told.next(
                "`toolsmith launch TOOL` launches one, as r does on a service in the workbench; `toolsmith list --kind service` \
                 lists services",
            );
            return told;
        }
        let mut table = Table::new(&[
            ("instance", Align::Left),
            ("state", Align::Left),
            ("tool", Align::Left),
            ("ports", Align::Left),
            ("up", Align::Right),
            ("restarts", Align::Right),
            ("health", Align::Left),
        ])
        .sparing(&["restarts", "health", "up"]);
        for service in &self.services {
            let Instance { name, tool, version, life, .. } = &service.instance;
            table.row([
                (Ink::Strong, name.to_string()),
                (service.ink(), service.now.to_string()),
                (Ink::Plain, format!("{tool}@{version}")),
                (Ink::Plain, service.ports_words()),
                (Ink::Dim, service.up_ms.map(span).unwrap_or_default()),
                (Ink::Dim, grouped(life.restarts.len())),
                (Ink::Plain, service.health_words()),
            ]);
        }
        told.table(table);
        for service in &self.services {
            let Some(why) = service.instance.life.last_error.as_deref() else { continue };
            if service.now != InstanceState::Running {
                told.note(Ink::Warn, service.instance.name.as_str(), why);
            }
        }
        told
    }
}

impl InstanceDetail {
    fn describe_ports(&self, told: &mut Description) {
        for port in &self.view.instance.ports {
            let how = match port.pass {
                PortPass::Relay => "relayed into its sandbox",
                PortPass::ListenFds => "passed on as a listening socket",
                PortPass::Bind => "opened by the service itself",
            };
            let note = port.note.as_ref().map(|note| format!("; {note}")).unwrap_or_default();
            told.field("port", Ink::Plain, format!("{} 127.0.0.1:{} ({how}){note}", port.name, port.port));
        }
        if !self.view.instance.ports.is_empty() {
            told.field("access", Ink::Dim, "every user of this machine can connect to the ports");
        }
    }

    fn describe_health(&self, told: &mut Description) {
        let health = &self.view.instance.health;
        let (ink, text) = match health.state {
            HealthState::Good | HealthState::Unknown if !self.view.now.is_up() => {
                return told.field("health", Ink::Dim, format!("not checked while it is {}", self.view.now));
            }
            HealthState::Bad if !self.view.now.is_up() => (Ink::Dim, "the last check failed".to_owned()),
            HealthState::NotChecked => (Ink::Dim, "not checked".to_owned()),
            HealthState::Unknown => (Ink::Dim, "not checked yet".to_owned()),
            HealthState::Good => (Ink::Good, format!("good ({})", span(health.took_ms))),
            HealthState::Bad => {
                let failed = plural(self.view.instance.life.failed_checks as usize, "check", "checks");
                (Ink::Bad, format!("{failed} failed in a row"))
            }
        };
        told.field("health", ink, text);
        if !health.output.trim().is_empty() {
            told.detail(Ink::Dim, health.output.trim());
        }
    }
}

impl Describe for InstanceDetail {
    fn describe(&self) -> Description {
        let instance = &self.view.instance;
        let remark = format!("{}@{} {}", instance.tool, instance.version, instance.digest.short());
        let mut told = Description::new().titled(instance.name.as_str(), &remark);
        told.field("state", self.view.ink(), self.view.state_words(now()));
        if let Some(why) = &instance.life.last_error {
            // A past problem is not the reason for the present state.
            let (label, ink) = match self.view.now {
                InstanceState::Running | InstanceState::Starting => ("last problem", Ink::Dim),
                _ => ("reason", Ink::Warn),
            };
            told.field(label, ink, why);
        }
        if let Some(line) = &instance.life.last_stderr {
            told.field("last stderr", Ink::Warn, line);
        }
        if let Some(run) = instance.run {
            let before = instance.life.previous_run.map(|run| format!("; the start before was run {run}"));
            let before = before.unwrap_or_default();
            told.field("run", Ink::Plain, format!("{run}, start {}{before}", instance.life.incarnation));
        }
        let processes = [("keeper", self.keeper_pid), ("sandbox", self.sandbox_pid)];
        let processes = processes.iter().filter_map(|(what, pid)| pid.map(|pid| format!("{what} {pid}")));
        let processes = processes.collect::<Vec<_>>().join(", ");
        if !processes.is_empty() {
            told.field("processes", Ink::Plain, processes);
        }
        if let Some(up) = self.view.up_ms {
            told.field("up", Ink::Plain, span(up));
        }
        told.field("restarts", Ink::Plain, format!("{} within ten minutes", instance.life.restarts.len()));
        self.describe_ports(&mut told);
        self.describe_health(&mut told);
        told.field("launched by", Ink::Plain, &instance.launched_by);
        if self.view.is_outdated == Some(true) {
            let relaunch = format!("`toolsmith relaunch {}`", instance.name);
            let then = if self.view.needs_approval {
                format!("{relaunch} uses the new version once a human has approved it, and is refused until then")
            } else {
                format!("{relaunch} uses the new version, which is not approved")
            };
            told.note(Ink::Warn, "outdated", format!("the tool changed on disk; {then}"));
        }
        for (label, prompts) in [("staged", &self.context.staged), ("next message", &self.context.next)] {
            for prompt in prompts {
                told.field(label, Ink::Accent, prompt);
            }
        }
        for line in &self.exchanges {
            let (ink, who) = match line.role {
                ExchangeRole::Message => (Ink::Accent, line.who.clone()),
                ExchangeRole::Answer => (Ink::Plain, line.who.clone()),
                ExchangeRole::LateAnswer => (Ink::Dim, format!("{} (late)", line.who)),
            };
            told.field(&who, ink, &line.text);
        }
        told
    }

    fn is_bad(&self) -> bool {
        false
    }
}

/// Names of instances in one line.
pub(super) fn names(names: &[ToolName]) -> String {
    names.iter().map(ToolName::as_str).collect::<Vec<_>>().join(", ")
}
