//! Whether a run may start, for this caller and as the tool is now, and what a human must agree to first.

use crate::domain::composite::MOST_DEPTH;
use crate::domain::{Caller, Command, GrantScope, Profile, Stage, Tiers, Tool, ToolDetail, WriteMode};
use crate::engine::Runs;
use crate::engine::core::{Question, RunPolicy, Standing, policy};
use crate::engine::error::{EngineError, ErrorCode};
use crate::runner;
use std::time::Duration;

/// Whether somebody may run a tool now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MayRun {
    /// A run would start.
    Yes,
    /// A run would ask a human for a permit.
    AfterPermit {
        /// Why, as a sentence without stop.
        why: String,
    },
    /// It would be refused.
    No {
        /// `Refused`, or `HumanNeeded` where a human could change that.
        code: ErrorCode,
        /// Why, as a sentence without stop.
        why: String,
    },
}

impl Runs<'_> {
    /// Whether this caller may run this version now.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn may(&self, detail: &ToolDetail, caller: &Caller) -> Result<MayRun, EngineError> {
        Ok(match self.may_run(detail, caller)? {
            RunPolicy::Allow { .. } => MayRun::Yes,
            RunPolicy::Ask { question: Question::Permit, message } => MayRun::AfterPermit { why: message },
            RunPolicy::Ask { message, .. } => MayRun::No { code: ErrorCode::HumanNeeded, why: message },
            RunPolicy::Refuse { code, message } => MayRun::No { code, why: message },
        })
    }

    /// Whether bubblewrap is missing or does not work here although the settings want it: runs are less isolated then, and
    /// `doctor` says what that costs. Starts bubblewrap the first time.
    pub fn lacks_bubblewrap(&self) -> bool {
        self.workspace.machine.missing_bubblewrap().is_some()
    }

    /// What the policy says of a run by this caller, deprecation included.
    pub(in crate::engine) fn may_run(&self, detail: &ToolDetail, caller: &Caller) -> Result<RunPolicy, EngineError> {
        let deprecated = self.engine.versions().deprecation_of(&detail.tool.reviewed(), caller)?;
        Ok(self.policy_of(detail, caller)?.with(deprecated))
    }

    /// [`Self::may_run`] for a service that somebody launched before: what a human had opened for the launch stays open
    /// as long as the service is wanted, also in the keeper, which is another process.
    pub(super) fn may_go_on(&self, detail: &ToolDetail, caller: &Caller) -> Result<RunPolicy, EngineError> {
        let tiers = Tiers { all_open: true, ..self.engine.tool_sets().tiers()? };
        Ok(self.policy_with(detail, caller, &tiers)?.with(self.engine.versions().deprecation_of(&detail.tool, caller)?))
    }

    /// [`Self::may_run`] for a run with this wall-clock limit: only a human makes a run longer whose tool nobody
    /// approved.
    pub(super) fn may_run_so_long(
        &self,
        detail: &ToolDetail,
        timeout: Option<Duration>,
        caller: &Caller,
    ) -> Result<RunPolicy, EngineError> {
        let policy = self.may_run(detail, caller)?;
        let RunPolicy::Allow { profile, .. } = &policy else { return Ok(policy) };
        let is_longer = matches!(caller, Caller::Agent(_)) && self.is_extended(*profile, timeout);
        let message = || format!("{} is not approved: only a human may raise its time limit", detail.tool.name);
        Ok(if is_longer { RunPolicy::Refuse { code: ErrorCode::HumanNeeded, message: message() } } else { policy })
    }

    /// Whether the caller asks for more time than a run under strict rules usually has.
    pub(super) fn is_extended(&self, profile: Profile, timeout: Option<Duration>) -> bool {
        let usual = || self.workspace.settings.timeout(Stage::Experimental).unwrap_or(runner::usual_wall(profile));
        profile == Profile::Strict && timeout.is_some_and(|timeout| timeout > usual())
    }

    fn policy_of(&self, detail: &ToolDetail, caller: &Caller) -> Result<RunPolicy, EngineError> {
        self.policy_with(detail, caller, &self.engine.tool_sets().tiers()?)
    }

    fn policy_with(&self, detail: &ToolDetail, caller: &Caller, tiers: &Tiers) -> Result<RunPolicy, EngineError> {
        let tool = &detail.tool;
        // What was decided about a server holds for each tool that it lists.
        let judged = tool.reviewed();
        if let Some(message) = self.engine.teams().stopped(&judged)? {
            return Ok(RunPolicy::Refuse { code: ErrorCode::Refused, message });
        }
        let granted = self.engine.grants().allowed_to(&judged)?;
        let permissions = &detail.manifest.permissions;
        let (approved, writes) = (self.engine.integrity().approved(&judged)?, self.write_mode(tool.stage));
        let quarantined = self.engine.versions().quarantined(&judged)?;
        let is_let = self.engine.grants().covers(&judged, caller)?;
        let unused = self.engine.tool_sets().unused(tool);
        let standing = Standing {
            approved,
            quarantined: quarantined.as_ref(),
            permissions,
            writes,
            granted: granted.as_ref(),
            is_let,
            tiers,
            unused: unused.as_deref(),
        };
        Ok(match policy(tool, standing, caller) {
            // The run is refused for it, in words of its own: under which rules it would run says nothing then.
            RunPolicy::Allow { profile, .. } if self.workspace.settings.fault.is_some() => {
                RunPolicy::Allow { profile, warning: None }
            }
            answer => answer,
        })
    }

    /// The command that a human must agree to before this tool runs; `None` when nothing is to be asked. A run
    /// that is started all the same is refused.
    ///
    /// # Errors
    /// Those of [`Library::detail`](crate::engine::Library::detail); `Internal` for errors of the store.
    pub fn unallowed(&self, tool: &Tool, caller: &Caller) -> Result<Option<Command>, EngineError> {
        self.unallowed_at(tool, caller, 0)
    }

    /// [`Self::unallowed`] for a tool that this many others are about to call.
    pub(super) fn unallowed_at(
        &self,
        tool: &Tool,
        caller: &Caller,
        depth: usize,
    ) -> Result<Option<Command>, EngineError> {
        if depth > MOST_DEPTH {
            return Ok(None);
        }
        let detail = self.engine.library().detail(tool)?;
        let path = tool.definition().to_owned();
        Ok(match self.policy_of(&detail, caller)? {
            RunPolicy::Ask { question: Question::Allow, .. } => {
                Some(Command::Allow { tool: path, digest: detail.tool.digest })
            }
            RunPolicy::Ask { question: Question::Unlock, .. } => {
                let scope = GrantScope::Workbench(String::new());
                Some(Command::Unlock { tool: Some(path), tier: None, scope, lasting: None })
            }
            RunPolicy::Allow { .. }
                if self.engine.dependencies().unfetched(&detail).is_some() && !matches!(caller, Caller::Agent(_)) =>
            {
                Some(Command::FetchPackages { tool: path, digest: detail.tool.digest })
            }
            RunPolicy::Allow { .. } => self.unallowed_step(tool, caller, depth)?,
            RunPolicy::Ask { question: Question::Permit, .. } | RunPolicy::Refuse { .. } => None,
        })
    }

    /// What becomes of writes to declared paths of a tool at this stage.
    pub(in crate::engine) fn write_mode(&self, stage: Stage) -> WriteMode {
        self.workspace.machine.write_mode(if stage == Stage::Core { WriteMode::Direct } else { WriteMode::Staged })
    }
}
