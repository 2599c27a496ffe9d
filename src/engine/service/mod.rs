//! Services: tools that keep running, as named instances.
//!
//! Each running instance has a keeper: a separate process of this program, in its own session, so that it outlives the
//! process that launched it. The keeper starts the service as an ordinary run, owns its ports, passes messages on,
//! checks its health and restarts it. The store contains the state of each instance and the requests to it.
//!
//! | file | is for |
//! | --- | --- |
//! | `asking` | launching, terminating, restarting; finding instances whose keeper died |
//! | `status` | the status of instances |
//! | `talking` | messages |
//! | `calls` | calls that a service answers |
//! | `contexts` | prompts that are staged or sent with the next message |
//! | `profile` | limits proposed from recorded runs |
//! | `unit` | systemd user units |
//! | `verbs` | the verbs that need only their arguments |
//! | `wire` | the socket of a keeper |
//! | `keeper` | the keeper itself |

mod asking;
mod calls;
mod contexts;
mod keeper;
mod profile;
mod status;
mod talking;
mod unit;
mod verbs;
mod wire;

pub use asking::{LaunchRequest, Launched};
pub use calls::CallBegun;
pub use contexts::ContextEdit;
pub(super) use keeper::play;
pub use profile::PerformanceProfile;
pub use status::{InstanceDetail, InstanceView, ServiceList};
pub use talking::Said;
pub use unit::ServiceUnit;
pub use verbs::unnamed_instance;
pub(super) use verbs::{QUERIES, VERBS};

use crate::domain::service::{Instance, InstanceId, InstanceState};
use crate::domain::{Caller, Kind, RunId, Tool, ToolDetail, ToolName};
use crate::engine::Engine;
use crate::engine::core::services::ServiceActor;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::owner::{has_rebooted, owner_alive};
use crate::engine::workspace::Workspace;
use crate::store::InstanceRow;
use std::sync::Arc;
use std::time::Duration;

/// The default time limit for an answer.
pub const ANSWER_TIME: Duration = Duration::from_mins(1);

/// Maximum number of instances that a message names.
const NAMED_INSTANCES: usize = 10;

/// Services: tools that keep running, as named instances.
#[derive(Clone, Copy)]
pub struct Services<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Services<'_> {
    /// The stack whose instances this process sees: that of the environment, otherwise that of the workspace.
    fn stack(&self) -> &str {
        &self.workspace.stack
    }

    fn with_actor<T>(&self, caller: &Caller, work: impl FnOnce(&ServiceActor<'_>) -> T) -> T {
        work(&ServiceActor {
            caller,
            owner: &self.workspace.owner,
            is_alive: &owner_alive,
            has_rebooted: &has_rebooted,
        })
    }

    /// The instance with this name. A tool with exactly one instance also identifies that instance.
    ///
    /// # Errors
    /// `NotFound`, with the existing names.
    fn named(&self, name: &str) -> Result<InstanceRow, EngineError> {
        let rows = self.workspace.read(|q| Ok(q.services().instances(self.stack())?))?;
        if let Some(row) = rows.iter().find(|row| row.instance.name.as_str() == name) {
            return Ok(row.clone());
        }
        let of_tool: Vec<&InstanceRow> = rows.iter().filter(|row| row.instance.tool.as_str() == name).collect();
        if let [only] = of_tool[..] {
            return Ok(only.clone());
        }
        let (message, hint) = self.unknown(name, &rows, of_tool.len());
        Err(EngineError::new(ErrorCode::NotFound, message, hint))
    }

    /// The message and hint for a name without an instance: whether it is the name of a service, or which instances
    /// exist.
    fn unknown(&self, name: &str, rows: &[InstanceRow], instances_of_it: usize) -> (String, String) {
        // A caller that only queries instances has not read the folders of tools yet. An unreadable tool has no
        // service.
        let tool = self.engine.library().scan_once().ok().and_then(|()| self.engine.library().resolve(name).ok());
        if tool.is_some_and(|tool| tool.kind == Kind::Service && tool.name.as_str() == name) && instances_of_it == 0 {
            let message = format!("there is no instance {name}: the service {name} was not launched yet");
            return (message, format!("`toolsmith launch {name}` launches it"));
        }
        let message = format!("there is no instance {name}");
        if rows.is_empty() {
            return (
                message,
                "`toolsmith list --kind service` lists services, and `toolsmith launch SERVICE` launches one"
                    .to_owned(),
            );
        }
        let shown: Vec<&str> = rows.iter().take(NAMED_INSTANCES).map(|row| row.instance.name.as_str()).collect();
        let more = match rows.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more; `toolsmith services` lists them"),
        };
        (message, format!("instances: {}{more}", shown.join(", ")))
    }

    /// The tool of an instance as it is on disk now. If several tools have its name, the one from which the instance
    /// was launched.
    ///
    /// # Errors
    /// Those of the library for a name of no tool, or of several tools.
    fn tool_of(&self, row: &InstanceRow) -> Result<Arc<Tool>, EngineError> {
        let library = self.engine.library();
        let ambiguous = match library.resolve(row.instance.tool.as_str()) {
            Err(error) if error.code == ErrorCode::Ambiguous => error,
            other => return other,
        };
        let launched = self.workspace.read(|q| Ok(q.services().row_of_instance(row.instance.id)?))?;
        launched.and_then(|tool| library.resolve(&tool.path).ok()).ok_or(ambiguous)
    }

    /// The instance, in any stack, whose process is this run.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub(in crate::engine) fn with_run(&self, run: RunId) -> Result<Option<InstanceId>, EngineError> {
        let rows = self.workspace.read(|q| Ok(q.services().all_instances()?))?;
        let is_of = |row: &&InstanceRow| row.instance.run == Some(run) && row.instance.life.state.needs_keeper();
        Ok(rows.iter().find(is_of).map(|row| row.instance.id))
    }

    fn row(&self, id: InstanceId) -> Result<InstanceRow, EngineError> {
        let row = self.workspace.read(|q| Ok(q.services().instance(id)?))?;
        row.ok_or_else(|| EngineError::new(ErrorCode::NotFound, format!("there is no instance {id}"), ""))
    }

    /// The tool of an instance as it was when it was launched: from the kept copy, whatever is on disk now.
    ///
    /// # Errors
    /// `Internal` when the copy is missing or cannot be read.
    fn launched_version(&self, row: &InstanceRow) -> Result<ToolDetail, EngineError> {
        let id = row.instance.id;
        let tool = self.workspace.read(|q| Ok(q.services().row_of_instance(id)?))?;
        let tool = tool.ok_or_else(|| EngineError::internal(format!("instance {id} has no tool")))?;
        let files = self.engine.versions().files(tool.digest)?;
        crate::catalog::read_files(files, &tool).map_err(|problem| {
            EngineError::internal(format!("the copy of {} cannot be read: {}", tool.name, problem.message))
        })
    }

    /// The state of an instance; `lost` when its keeper no longer exists.
    fn state_of(&self, row: &InstanceRow) -> InstanceState {
        let caller = Caller::Human(String::new());
        let is_lost = self.with_actor(&caller, |actor| actor.is_lost(&row.instance, crate::engine::clock::now()));
        if is_lost { InstanceState::Lost } else { row.instance.life.state }
    }

    /// Refuses if instances of a tool are running.
    ///
    /// # Errors
    /// `Conflict` with their names.
    pub(in crate::engine) fn demand_none_of(&self, tool: &ToolName) -> Result<(), EngineError> {
        self.restore_lost()?;
        let rows = self.workspace.read(|q| Ok(q.services().all_instances()?))?;
        let running =
            rows.into_iter().filter(|row| row.instance.tool == *tool && row.instance.life.state.needs_keeper());
        let running: Vec<InstanceRow> = running.collect();
        let [first, ..] = &running[..] else { return Ok(()) };
        let names: Vec<ToolName> = running.iter().map(|row| row.instance.name.clone()).collect();
        let message = format!("instances of {tool} are running: {}", status::names(&names));
        let Instance { name, stack, .. } = &first.instance;
        let variable = if stack == self.stack() { String::new() } else { format!("TOOLSMITH_STACK={stack} ") };
        Err(EngineError::new(ErrorCode::Conflict, message, format!("`{variable}toolsmith terminate {name}` ends it")))
    }

    /// The newest run of an instance, for its output.
    ///
    /// # Errors
    /// `NotFound` when there is no such instance, or it never started.
    pub fn run_of(&self, name: &str) -> Result<RunId, EngineError> {
        let row = self.named(name)?;
        row.instance.run.ok_or_else(|| {
            let message = match &row.instance.life.last_error {
                Some(why) => format!("{name} has no output, because it did not start: {why}"),
                None => format!("{name} has not started yet"),
            };
            EngineError::new(ErrorCode::NotFound, message, format!("`toolsmith services {name}` shows its state"))
        })
    }

    /// The run before the newest one, if an instance with this name was started before.
    pub fn previous_run_of(&self, name: &str) -> Option<RunId> {
        self.named(name).ok()?.instance.life.previous_run
    }
}
