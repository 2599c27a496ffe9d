//! The thread of one composite: starts steps, waits for their ends, writes a line about each.

use super::{Plan, unended};
use crate::domain::composite::{FlowEffect, FlowEnd, FlowEvent, RunStep, StepOutput, StepState, filled};
use crate::domain::{
    Caller, Isolation, IsolationLevel, Kind, Manifest, Run, RunEnd, RunId, RunOutcome, Stream, span, validate,
};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::run::occasion::ParentRun;
use crate::engine::view::RunRequest;
use crate::runner::{self, TaskEnd, TaskOutput};
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How often it checks whether somebody cancelled it while no step ends.
const LOOK: Duration = Duration::from_millis(50);

/// The end of a step's run.
type StepEnd = (usize, Result<Run, EngineError>);

/// A composite that is carried out.
pub(super) struct Performance {
    engine: Engine,
    caller: Caller,
    parent: ParentRun,
    plan: Plan,
    input: Value,
    /// The schema of the output.
    output: Option<Value>,
    timeout: Option<Duration>,
    /// The runs of the steps that run.
    running: HashMap<usize, RunId>,
    /// The weakest isolation that a step had.
    isolation: Option<IsolationLevel>,
    tx: Sender<StepEnd>,
    rx: Receiver<StepEnd>,
}

impl Performance {
    pub(super) fn new(
        engine: Engine,
        caller: Caller,
        parent: ParentRun,
        plan: Plan,
        (input, output, timeout): (Value, Option<Value>, Option<Duration>),
    ) -> Performance {
        let (tx, rx) = channel();
        let running = HashMap::new();
        Performance { engine, caller, parent, plan, input, output, timeout, running, isolation: None, tx, rx }
    }

    /// Carries it out to its end.
    pub(super) fn perform(mut self, output: &mut TaskOutput) -> TaskEnd {
        for step in self.plan.steps.iter().filter(|step| step.state.is_done()) {
            let run = step.run.map(|run| format!(" · output of run {run}")).unwrap_or_default();
            output.write(Stream::Stderr, format!("step {} · {}{run}\n", step.id, step.state).as_bytes());
        }
        let mut effects: VecDeque<FlowEffect> = self.plan.flow.begin().into();
        let mut is_told = false;
        loop {
            while let Some(effect) = effects.pop_front() {
                match effect {
                    FlowEffect::Start(at) => {
                        if let Some(event) = self.start(at, output) {
                            effects.extend(self.plan.flow.apply(event));
                        }
                    }
                    FlowEffect::Stop(at) => self.stop(at),
                    FlowEffect::Over(end) => return self.finish(end, output),
                }
            }
            if output.is_cancelled() && !is_told {
                is_told = true;
                effects.extend(self.plan.flow.apply(FlowEvent::Cancel));
                continue;
            }
            match self.rx.recv_timeout(LOOK) {
                Ok((at, run)) => {
                    let event = self.ended(at, run, output);
                    effects.extend(self.plan.flow.apply(event));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return unended("its steps can no longer be followed".to_owned(), self.parent.profile);
                }
            }
        }
    }

    /// Starts a step; the event says that it was over at once.
    fn start(&mut self, at: usize, output: &mut TaskOutput) -> Option<FlowEvent> {
        match self.begin(at) {
            Ok(Some(run)) => {
                self.running.insert(at, run);
                self.note(at, (StepState::Running, Some(run), None), output);
                None
            }
            Ok(None) => {
                let id = self.plan.steps[at].id.clone();
                self.plan.outputs.insert(id, StepOutput::Skipped);
                self.note(at, (StepState::Skipped, None, None), output);
                Some(FlowEvent::Skipped(at))
            }
            Err(why) => {
                self.note(at, (StepState::Failed, None, Some(why)), output);
                Some(FlowEvent::Failed(at))
            }
        }
    }

    /// Starts the run of a step; `None` when its condition does not hold.
    fn begin(&self, at: usize) -> Result<Option<RunId>, String> {
        if let Some(Some(condition)) = self.plan.conditions.get(at) {
            let outputs = self.plan.outputs.iter().map(|(id, output)| {
                let value = match output {
                    StepOutput::Value(value) => serde_json::json!({"output": value}),
                    StepOutput::Skipped => serde_json::json!({}),
                };
                (id.clone(), value)
            });
            let steps = Value::Object(outputs.collect());
            let holds = condition.holds(&self.input, &steps);
            if !holds.map_err(|why| format!("its condition cannot be answered: {why}"))? {
                return Ok(None);
            }
        }
        let step = &self.plan.composite.steps[at];
        let tool = self.engine.library().resolve(&step.tool).map_err(|error| error.message)?;
        let input = self.input_of(at, &tool)?;
        let request = RunRequest { tool, input, timeout: self.timeout, again: None, worker: None };
        let occasion = ParentRun { step: Some(step.id.clone()), ..self.parent.clone() };
        let handle = self.engine.runs().start_with(&request, &self.caller, occasion).map_err(|error| error.message)?;
        let (id, tx) = (handle.id, self.tx.clone());
        std::thread::Builder::new()
            .name("step".to_owned())
            .spawn(move || {
                // Whoever waited for it is gone: nobody needs the end, which is recorded.
                let _ = tx.send((at, handle.wait()));
            })
            .map_err(|error| format!("no thread could be started for it: {error}"))?;
        Ok(Some(id))
    }

    /// The input of a step: as it says, else the output that it is fed with, else the composite's own. What is passed on
    /// as a whole is cut down to the inputs that the tool knows.
    fn input_of(&self, at: usize, tool: &crate::domain::Tool) -> Result<Option<Value>, String> {
        let plan = &self.plan;
        if let Some(template) = &plan.composite.steps[at].input {
            return filled(template, &self.input, &plan.outputs)
                .map_err(|error| format!("its input cannot be made: {error}"));
        }
        let mut feeder = plan.composite.feeder(at);
        let whole = loop {
            let Some(before) = feeder else { break &self.input };
            match plan.outputs.get(&plan.composite.steps[before].id) {
                Some(StepOutput::Value(value @ Value::Object(_))) => break value,
                Some(StepOutput::Skipped) => feeder = before.checked_sub(1),
                _ => break &self.input,
            }
        };
        let detail = self.engine.library().detail(tool).map_err(|error| error.message)?;
        Ok(Some(known_inputs(whole, &detail.manifest)))
    }

    fn stop(&self, at: usize) {
        if let Some(run) = self.running.get(&at) {
            // One that has just ended needs no stop.
            let _ = self.engine.runs().cancel_live(*run);
        }
    }

    /// Takes the end of a step's run.
    fn ended(&mut self, at: usize, run: Result<Run, EngineError>, output: &mut TaskOutput) -> FlowEvent {
        let own = self.running.remove(&at);
        let run = match run {
            Ok(run) => run,
            Err(error) => {
                self.note(at, (StepState::Failed, own, Some(error.message)), output);
                return FlowEvent::Failed(at);
            }
        };
        if run.outcome.has_started() {
            self.isolation = self.isolation.max(Some(run.isolation.level));
        }
        let value = match run.outcome {
            RunOutcome::Succeeded => self.engine.runs().value_of(&run),
            RunOutcome::Cancelled => {
                self.note(at, (StepState::Cancelled, own, None), output);
                return FlowEvent::StepCancelled(at);
            }
            outcome => Err(run.error.clone().unwrap_or_else(|| outcome.to_string())),
        };
        match value {
            Ok(value) => {
                self.plan.outputs.insert(self.plan.steps[at].id.clone(), StepOutput::Value(value));
                self.note_end(at, (StepState::Succeeded, own, None), Some(&run), output);
                FlowEvent::Succeeded(at)
            }
            Err(why) => {
                self.note_end(at, (StepState::Failed, own, Some(why)), Some(&run), output);
                FlowEvent::Failed(at)
            }
        }
    }

    fn note(&mut self, at: usize, now: (StepState, Option<RunId>, Option<String>), output: &mut TaskOutput) {
        self.note_end(at, now, None, output);
    }

    /// Writes how far a step is: to the store and for whoever reads along.
    fn note_end(
        &mut self,
        at: usize,
        (state, run, cause): (StepState, Option<RunId>, Option<String>),
        ended: Option<&Run>,
        output: &mut TaskOutput,
    ) {
        let step = &mut self.plan.steps[at];
        (step.state, step.run, step.cause) = (state, run, cause);
        let mut line = format!("step {} · {} · {}", step.id, step.tool, step.state);
        line.extend(run.map(|run| format!(" · run {run}")));
        line.extend(ended.map(|run| format!(" · {}", span(run.usage.duration_ms))));
        line.extend(step.cause.as_ref().map(|cause| format!(" · {}", first_line(cause))));
        line.push('\n');
        output.write(Stream::Stderr, line.as_bytes());
        let (parent, step) = (self.parent.run, step.clone());
        let written = self.engine.workspace.transact(|tx| Ok(tx.set_step(parent, at, &step)?));
        self.engine.workspace.report_trouble(written);
    }

    /// Writes the result and says how it ended. The isolation of the whole is the weakest of its steps.
    fn finish(&self, end: FlowEnd, output: &mut TaskOutput) -> TaskEnd {
        for step in
            self.plan.steps.iter().zip(self.plan.flow.states()).filter(|(_, state)| **state == StepState::NotRun)
        {
            output.write(Stream::Stderr, format!("step {} · {} · not-run\n", step.0.id, step.0.tool).as_bytes());
        }
        let end = match end {
            FlowEnd::Cancelled => RunEnd::Cancelled,
            FlowEnd::Failed(at) => RunEnd::Failed { exit_code: 1, reason: failure(&self.plan.steps[at]) },
            FlowEnd::Succeeded => match self.result() {
                Err(reason) => RunEnd::Failed { exit_code: 1, reason },
                Ok(value) => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    output.write(Stream::Stdout, format!("{text}\n").as_bytes());
                    let violations = self.output.as_ref().map(|schema| validate(schema, &value)).unwrap_or_default();
                    match violations.first() {
                        None => RunEnd::Succeeded { exit_code: 0 },
                        Some(first) => {
                            let message = format!("output{}: {}", first.path, first.message);
                            RunEnd::InvalidOutput { exit_code: 0, message }
                        }
                    }
                }
            },
        };
        let level = self.isolation.unwrap_or(IsolationLevel::None);
        let isolation = Isolation { level, layers: Vec::new(), ..runner::isolation(self.parent.profile) };
        TaskEnd { end, isolation, notes: Vec::new() }
    }

    /// The output of the whole: as the definition says, else that of the last step that was not skipped.
    fn result(&self) -> Result<Value, String> {
        let plan = &self.plan;
        if let Some(template) = &plan.composite.result {
            let value = filled(template, &self.input, &plan.outputs);
            return Ok(value.map_err(|error| format!("its result cannot be made: {error}"))?.unwrap_or(Value::Null));
        }
        let outputs = plan.steps.iter().rev().filter_map(|step| plan.outputs.get(&step.id));
        let last = outputs.into_iter().find_map(|output| match output {
            StepOutput::Value(value) => Some(value.clone()),
            StepOutput::Skipped => None,
        });
        Ok(last.unwrap_or(Value::Null))
    }
}

/// The reason for the failure of the whole: which step, and why.
fn failure(step: &RunStep) -> String {
    let RunStep { id, tool, run, cause, .. } = step;
    let run = run.map(|run| format!(", run {run}")).unwrap_or_default();
    let cause = cause.as_deref().map(first_line).unwrap_or_default();
    format!("step {id} ({tool}{run}) failed: {cause}")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// An object with the inputs that a tool declares; all of it for a tool that declares none, or takes any.
fn known_inputs(whole: &Value, manifest: &Manifest) -> Value {
    let Value::Object(members) = whole else { return Value::Object(Map::new()) };
    let declared = manifest.input.as_ref().and_then(|schema| schema["properties"].as_object());
    let takes_any = manifest.kind == Kind::Composite
        || manifest.input.as_ref().is_some_and(|schema| schema["additionalProperties"] == true);
    match declared {
        Some(declared) if !takes_any => {
            Value::Object(members.iter().filter(|(name, _)| declared.contains_key(*name)).map(own).collect())
        }
        _ => whole.clone(),
    }
}

fn own((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
