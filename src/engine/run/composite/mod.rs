//! Composite tools: executing their steps.
//!
//! [`crate::domain::composite`] determines what happens next; this module executes it. Each step is an ordinary run
//! whose parent is the run of the composite: its own policy check for the same caller, its own sandbox, its own record.
//! All steps are checked before the first one starts, so that the work does not stop halfway because a later step may
//! not run.

mod performing;

use super::inputs::stored_input;
use super::keeper::{LEASE_MS, keep};
use super::live_runs::Live;
use super::occasion::ParentRun;
use super::running::{Ready, RunHandle, ended, finished};
use crate::check::Condition;
use crate::domain::composite::{
    Composite, Flow, MOST_STEPS, Recorded, RunStep, Step, StepOutput, StepOutputs, StepState,
};
use crate::domain::{
    Caller, Command, Isolation, Kind, Profile, RunEnd, RunId, Tool, ToolDetail, is_redacted, validate,
};
use crate::engine::Runs;
use crate::engine::core::{Question, RunPolicy};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::engine::view::{RerunFrom, RunFilter, RunRequest};
use crate::runner::{self, Task};
use crate::store::{FinishedRun, steps_of};
use performing::Performance;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The most output of a composite that is kept, in bytes.
const MOST_OUTPUT: u64 = 32 << 20;

/// The steps of a composite, with the results reused from an earlier run.
struct Plan {
    composite: Composite,
    /// The condition of each step that has one, by position.
    conditions: Vec<Option<Condition>>,
    flow: Flow,
    steps: Vec<RunStep>,
    outputs: StepOutputs,
}

impl Runs<'_> {
    /// Checks whether an earlier run can be continued; returns the request, with the input of that run if it has none.
    ///
    /// # Errors
    /// `NotFound` for a run that does not exist, `Usage` for a run of another tool and for a tool without steps,
    /// `Refused` when the input of the run contained a secret.
    pub(super) fn gone_on_with(&self, request: RunRequest) -> Result<RunRequest, EngineError> {
        let Some(again) = &request.again else { return Ok(request) };
        let before = self.record(again.of)?;
        let name = &request.tool.name;
        if request.tool.kind != Kind::Composite {
            let hint = format!("`toolsmith rerun {}` runs a tool again as a whole", before.id);
            return Err(EngineError::new(ErrorCode::Usage, format!("{name} has no steps"), hint));
        }
        if before.tool != *name {
            let message = format!("run {} is a run of {}, not of {name}", before.id, before.tool);
            return Err(EngineError::new(ErrorCode::Usage, message, format!("`toolsmith runs {name}` lists its runs")));
        }
        let input = match request.input {
            Some(input) => Some(input),
            None => self.input_again(before.id)?,
        };
        Ok(RunRequest { input, ..request })
    }

    /// The newest run of a composite that has steps, to continue.
    ///
    /// # Errors
    /// `NotFound` when it never ran.
    pub fn last_with_steps(&self, tool: &Tool) -> Result<RunId, EngineError> {
        let filter = RunFilter { tool: Some(tool.name.clone()), ..Default::default() };
        for run in self.list(&filter)? {
            if !self.steps_of(run.id)?.is_empty() {
                return Ok(run.id);
            }
        }
        let message = format!("{} has no earlier run to take outputs from", tool.name);
        Err(EngineError::new(ErrorCode::NotFound, message, format!("`toolsmith run {}` runs all steps", tool.name)))
    }

    /// The steps of a run; empty for a run of a tool without steps.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn steps_of(&self, run: RunId) -> Result<Vec<RunStep>, EngineError> {
        self.workspace.read(|q| Ok(steps_of(q, run)?))
    }

    /// Starts a composite that the policy allows to run.
    pub(super) fn launch_composite(
        &self,
        request: &RunRequest,
        caller: &Caller,
        ready: Ready,
    ) -> Result<RunHandle, EngineError> {
        let Ready { detail, profile, warning, occasion, .. } = ready;
        let input = request.input.clone().unwrap_or_else(|| Value::Object(Map::new()));
        let shown = stored_input(request, &detail, &self.known_secrets());
        let planned = self.plan(&detail, &input, request.again.as_ref())?;
        let (plan, warnings) = match planned
            .and_then(|plan| self.refusal(&plan, caller, occasion.is_permitted()).map(|told| (plan, told)))
        {
            Ok(planned) => planned,
            Err(end) => return self.over(&request.tool, caller, (&shown, &occasion), end),
        };
        let warnings: Vec<String> = warning.into_iter().chain(warnings).collect();
        let warning = (!warnings.is_empty()).then(|| warnings.join("; "));
        self.workspace.copies.put(request.tool.digest, &detail.files)?;
        let id = self.open_with((&request.tool, profile), caller, &shown, (&occasion, LEASE_MS))?;
        self.workspace.transact(|tx| Ok(tx.put_steps(id, &plan.steps)?))?;
        let (depth, is_permitted) = (occasion.depth() + 1, occasion.is_permitted());
        let parent = ParentRun { run: id, step: None, depth, profile, is_permitted };
        let output = detail.manifest.output.clone();
        let (engine, caller) = (self.engine.clone(), caller.clone());
        let who = caller.clone();
        let performance = Performance::new(engine, caller, parent, plan, (input, output, request.timeout));
        Ok(self.handle(id, warning, Some(self.perform((id, who), &detail, profile, performance))))
    }

    fn perform(
        &self,
        (id, who): (RunId, Caller),
        detail: &ToolDetail,
        profile: Profile,
        work: Performance,
    ) -> runner::Running {
        let ender = self.engine.clone();
        let (declared, row) = (detail.manifest.permissions.clone(), detail.tool.clone());
        // The live entry must exist before the work can end, so the lock is held until then.
        let mut live = lock(&self.state.live);
        let running = runner::start_task(Task {
            spool: self.spool_path(id),
            isolation: Isolation { layers: Vec::new(), ..runner::isolation(profile) },
            most_output: MOST_OUTPUT,
            work: Box::new(move |output| work.perform(output)),
            on_end: Box::new(move |report| {
                let finished = FinishedRun { declared, observation: None, ..finished(report) };
                let failed = finished.end.outcome().is_failure();
                let written = ender.runs().close(id, &finished);
                lock(&ender.states.live_runs.live).remove(&id);
                ender.workspace.report_trouble(written);
                ender.versions().offer_rollback(&row, failed);
            }),
        });
        live.insert(id, Live { cancel: running.canceller(), who });
        drop(live);
        keep(self.engine);
        running
    }

    /// The plan of a run; the inner error is the end of a run that cannot begin.
    fn plan(
        &self,
        detail: &ToolDetail,
        input: &Value,
        again: Option<&RerunFrom>,
    ) -> Result<Result<Plan, RunEnd>, EngineError> {
        let invalid = |message: String| Ok(Err(RunEnd::InvalidInput { message }));
        let Some(composite) = detail.manifest.composite.clone() else {
            return Ok(Err(RunEnd::Refused { message: "its manifest has no steps".to_owned() }));
        };
        if let Err(error) = composite.check() {
            return Ok(Err(RunEnd::Refused { message: error.to_string() }));
        }
        if let Some(violation) =
            detail.manifest.input.as_ref().and_then(|schema| validate(schema, input).into_iter().next())
        {
            return invalid(format!("input{}: {}", violation.path, violation.message));
        }
        let conditions = composite.steps.iter().map(|step| step.when.as_deref().map(Condition::parse).transpose());
        let conditions = match conditions.collect::<Result<Vec<_>, String>>() {
            Ok(conditions) => conditions,
            Err(why) => return Ok(Err(RunEnd::Refused { message: format!("a condition cannot be read: {why}") })),
        };
        let blank = |step: &Step| RunStep {
            id: step.id.clone(),
            tool: step.tool.clone(),
            state: StepState::Waiting,
            run: None,
            cause: None,
        };
        let steps = composite.steps.iter().map(blank).collect();
        let (flow, outputs) = (Flow::new(&composite), StepOutputs::new());
        let mut plan = Plan { composite, conditions, flow, steps, outputs };
        if let Some(again) = again {
            self.reuse(&mut plan, again)?;
        }
        Ok(Ok(plan))
    }

    /// Reuses the results of an earlier run for the steps that do not run again.
    fn reuse(&self, plan: &mut Plan, again: &RerunFrom) -> Result<(), EngineError> {
        let from = match &again.step {
            None => None,
            Some(id) => Some(plan.composite.position(id).ok_or_else(|| {
                let known: Vec<&str> = plan.composite.steps.iter().map(|step| step.id.as_str()).collect();
                EngineError::new(
                    ErrorCode::NotFound,
                    format!("there is no step {id}"),
                    format!("steps: {}", known.join(", ")),
                )
            })?),
        };
        let before = self.steps_of(again.of)?;
        let (mut recorded, mut found) = (vec![Recorded::Nothing; plan.steps.len()], Vec::new());
        for (at, step) in plan.steps.iter().enumerate().take(MOST_STEPS) {
            // A step that now calls another tool has no reusable result.
            let Some(old) = before.iter().find(|old| old.id == step.id && old.tool == step.tool) else { continue };
            if old.state == StepState::Skipped {
                recorded[at] = Recorded::Skipped;
                found.push((at, None, StepOutput::Skipped));
            } else if old.state.is_done()
                && let Some(run) = old.run
                && let Ok(value) = self.record(run).map_err(|error| error.message).and_then(|run| self.value_of(&run))
                && !is_redacted(&value.to_string())
            {
                recorded[at] = Recorded::Output;
                found.push((at, Some(run), StepOutput::Value(value)));
            }
        }
        plan.flow = Flow::again(&plan.composite, from, &recorded);
        for (at, run, output) in found {
            let (Some(step), Some(state)) = (plan.steps.get_mut(at), plan.flow.states().get(at)) else { continue };
            if state.is_done() {
                (step.state, step.run) = (*state, run);
                plan.outputs.insert(step.id.clone(), output);
            }
        }
        Ok(())
    }

    /// Why a step may not run for this caller, checked before any step has started; otherwise notes for the caller
    /// about the steps.
    fn refusal(&self, plan: &Plan, caller: &Caller, is_permitted: bool) -> Result<Vec<String>, RunEnd> {
        let mut warnings: Vec<String> = Vec::new();
        for step in plan.steps.iter().filter(|step| !step.state.is_done()) {
            let refused = |why: &str| RunEnd::Refused { message: format!("step {}: {why}", step.id) };
            let policy = self.engine.library().resolve(&step.tool).and_then(|tool| {
                let tool = self.engine.versions().followed(&tool, caller)?;
                self.may_run(&self.engine.library().detail(&tool)?, caller)
            });
            match policy {
                Ok(RunPolicy::Allow { warning, .. }) => {
                    warnings.extend(warning.map(|warning| format!("step {}: {warning}", step.id)));
                }
                Ok(RunPolicy::Ask { question: Question::Permit, .. }) if is_permitted => {}
                Ok(RunPolicy::Ask { message, .. } | RunPolicy::Refuse { message, .. }) => {
                    return Err(refused(&message));
                }
                Err(error) => return Err(refused(&error.message)),
            }
        }
        Ok(warnings)
    }

    /// The first permission that a human must grant before the steps of a composite run. Missing tools are reported by
    /// the run itself.
    pub(super) fn unallowed_step(
        &self,
        tool: &Tool,
        caller: &Caller,
        depth: usize,
    ) -> Result<Option<Command>, EngineError> {
        for step in tool.steps.iter().flat_map(|steps| &steps.steps) {
            let Ok(found) = self.engine.library().resolve(&step.tool) else { continue };
            let found: Arc<Tool> = self.engine.versions().followed(&found, caller)?;
            if let Some(command) = self.unallowed_at(&found, caller, depth + 1)? {
                return Ok(Some(command));
            }
        }
        Ok(None)
    }
}

/// The end of a composite run that failed for an internal reason.
fn unended(message: String, profile: Profile) -> runner::TaskEnd {
    let FinishedRun { end, isolation, notes, .. } = ended(RunEnd::Failed { exit_code: 1, reason: message }, profile);
    runner::TaskEnd { end, isolation, notes }
}
