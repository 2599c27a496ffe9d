//! Calling by scenario: runs the best matching tool and, if it fails, the next one.
//!
//! A [`Calling`] is a state machine that its front end drives: [`Calling::begin_next`] starts the next attempt and
//! returns its run; the front end follows it like any run, and reports its end with [`Calling::ended`]. So every
//! attempt is an ordinary run: policy, sandbox, record. The call stores what it learns: a success is remembered for the
//! same scenario, a failure before a success is marked with the scenario, and a scenario that no tool could handle is
//! recorded.

mod candidates;
#[cfg(test)]
mod tests;

pub(in crate::engine) use candidates::key;
pub use candidates::{Candidate, Candidates, LeftOut, ServiceOffer};

use super::marking::MarkRequest;
use super::running::RunHandle;
use crate::domain::{
    Caller, FailureKind, MarkId, Run, RunId, RunOutcome, Severity, Tool, ToolName, UnansweredKind, Winner, WriteMode,
    count,
};
use crate::engine::Engine;
use crate::engine::clock::now;
use crate::engine::core;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::view::RunRequest;
use crate::engine::workspace::Workspace;
use crate::evolve::mutation::failure_kind;
use candidates::Ranked;
use serde::Serialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// The default number of attempts of a call.
pub const DEFAULT_ATTEMPTS: usize = 5;

/// The most attempts of one call.
pub const MOST_ATTEMPTS: usize = 20;

/// The similarity that a tool needs for its success to be evidence. Tools below it are tried after all others.
const LEARN_FROM: f64 = 0.35;

/// A call by scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRequest {
    /// The task, in words.
    pub scenario: String,
    /// Only tools that have all of these tags or capabilities.
    pub tags: Vec<String>,
    /// Only tools that claim all of these capabilities.
    pub capabilities: Vec<String>,
    /// The input object; `None` means no input.
    pub input: Option<Value>,
    /// Further values as `KEY=VALUE`, inserted according to the schema of each tool.
    pub sets: Vec<String>,
    /// Wall-clock limit of each attempt; `None` uses the usual limit.
    pub timeout: Option<Duration>,
    /// The most attempts, 1 to [`MOST_ATTEMPTS`].
    pub max_attempts: usize,
    /// Whether to continue after a failed tool that may have changed something outside and is not idempotent.
    pub go_on: bool,
}

impl CallRequest {
    /// The tags and capabilities that were asked for.
    pub(in crate::engine) fn words(&self) -> Vec<String> {
        [&self.tags[..], &self.capabilities].concat()
    }

    /// Whether a tag or a capability is asked for.
    fn names_words(&self) -> bool {
        !(self.tags.is_empty() && self.capabilities.is_empty())
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallOutcome {
    /// A tool succeeded.
    Answered,
    /// All candidates that were tried failed.
    AllFailed,
    /// The call stopped, because a failed tool may have changed something.
    Stopped,
    /// A human or an agent cancelled the call.
    Cancelled,
}

/// One attempt of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallAttempt {
    /// 1 for the first.
    pub attempt: usize,
    /// The candidate that was started.
    pub tool: ToolName,
    /// Its version, as the manifest states it.
    pub version: semver::Version,
    /// The number of the recorded run.
    pub run: RunId,
    /// The outcome of the run.
    pub outcome: RunOutcome,
    /// Message of the failure; `None` after a success.
    pub error: Option<String>,
    /// Its duration in milliseconds.
    pub duration_ms: u64,
    /// Why this candidate has this rank, one line.
    pub why: String,
    /// Whether the same tool had failed before in this call.
    pub again: bool,
    /// The mark of its failure.
    pub mark: Option<MarkId>,
    /// The severity of the mark.
    pub severity: Option<Severity>,
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallReport {
    /// The task in words, as the caller gave it.
    pub scenario: String,
    /// The tags that were asked for.
    pub tags: Vec<String>,
    /// Whether a tool succeeded, and if not, why the call ended.
    pub outcome: CallOutcome,
    /// The tool that succeeded.
    pub tool: Option<ToolName>,
    /// The instance of a service that answered; `None` when a tool was run.
    pub instance: Option<ToolName>,
    /// What that instance answered.
    pub answer: Option<String>,
    /// The attempts, in order.
    pub attempts: Vec<CallAttempt>,
    /// The candidates, best first, with reasons.
    #[serde(flatten)]
    pub candidates: Candidates,
    /// The next step; empty after a success.
    pub hint: String,
}

/// A started attempt.
pub struct Begun {
    /// 1 for the first.
    pub number: usize,
    /// The candidate, with the reason for its rank.
    pub candidate: Candidate,
    /// The catalog row that was started.
    pub tool: Arc<Tool>,
    /// To follow or cancel the run.
    pub handle: RunHandle,
}

/// A call in progress.
pub struct Calling {
    engine: Engine,
    caller: Caller,
    request: CallRequest,
    ranked: Vec<Ranked>,
    candidates: Candidates,
    queue: VecDeque<Turn>,
    running: Option<(Turn, RunId)>,
    retried: bool,
    attempts: Vec<CallAttempt>,
    over: Option<CallOutcome>,
    hint: String,
}

/// The next candidate.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// Its position among the candidates.
    at: usize,
    again: bool,
}

/// Calls: finding a tool for a scenario, and running it.
#[derive(Clone, Copy)]
pub struct Calls<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Calls<'_> {
    /// What a call would try, best first, with reasons. Runs nothing and writes nothing.
    ///
    /// # Errors
    /// `Usage` for a scenario without words; `Internal` for errors of the store.
    pub fn candidates(&self, request: &CallRequest, caller: &Caller) -> Result<Candidates, EngineError> {
        Ok(self.ranked(request, caller)?.1)
    }

    /// Begins a call. If there is no candidate, that is recorded and is an error.
    ///
    /// # Errors
    /// `NotFound` when no tool fits, has the tags, or may run; `Usage` for a scenario without words.
    pub fn begin(&self, request: &CallRequest, caller: &Caller) -> Result<Calling, EngineError> {
        let (ranked, candidates) = self.ranked(request, caller)?;
        if ranked.is_empty() {
            self.engine.library().keep_unanswered(
                &request.scenario,
                &request.words(),
                UnansweredKind::NoTool,
                Vec::new(),
                caller,
            )?;
            return Err(candidates.nobody());
        }
        let queue = (0..ranked.len()).map(|at| Turn { at, again: false }).collect();
        Ok(Calling {
            engine: self.engine.clone(),
            caller: caller.clone(),
            request: request.clone(),
            ranked,
            candidates,
            queue,
            running: None,
            retried: false,
            attempts: Vec::new(),
            over: None,
            hint: String::new(),
        })
    }
}

impl Calling {
    /// Starts the next attempt; `None` when the call is over.
    ///
    /// # Errors
    /// `Internal` for errors of the store or the state folder.
    pub fn begin_next(&mut self) -> Result<Option<Begun>, EngineError> {
        while self.over.is_none() && self.attempts.len() < self.request.max_attempts {
            let Some(turn) = self.next_turn() else { break };
            let Some(ranked) = self.ranked.get(turn.at) else { break };
            let request = RunRequest {
                tool: ranked.tool.clone(),
                input: ranked.input.clone(),
                timeout: self.request.timeout,
                again: None,
                worker: None,
            };
            match self.engine.runs().start(&request, &self.caller) {
                Ok(handle) => {
                    self.running = Some((turn, handle.id));
                    let number = self.attempts.len() + 1;
                    return Ok(Some(Begun {
                        number,
                        candidate: ranked.candidate.clone(),
                        tool: ranked.tool.clone(),
                        handle,
                    }));
                }
                // Its files changed while other candidates were tried.
                Err(error) if error.code == ErrorCode::Conflict => {
                    self.candidates.left_out.push(LeftOut::new(&ranked.tool, error.message));
                }
                Err(error) => return Err(error),
            }
        }
        self.give_up()?;
        Ok(None)
    }

    /// Each candidate once; then the idempotent ones a second time.
    fn next_turn(&mut self) -> Option<Turn> {
        if self.queue.is_empty() && !self.retried {
            self.retried = true;
            let failed =
                |run: RunId| self.attempts.iter().any(|attempt| attempt.run == run && may_pass(attempt.outcome));
            let again = |ranked: &Ranked| ranked.tool.idempotent == Some(true) && ranked.run.is_some_and(failed);
            let all = self.ranked.iter().enumerate().filter(|(_, ranked)| again(ranked));
            self.queue = all.map(|(at, _)| Turn { at, again: true }).collect();
        }
        self.queue.pop_front()
    }

    /// Records the end of the latest attempt.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn ended(&mut self, run: &Run) -> Result<(), EngineError> {
        let Some((turn, _)) = self.running.take_if(|(_, id)| *id == run.id) else { return Ok(()) };
        let Some(ranked) = self.ranked.get_mut(turn.at) else { return Ok(()) };
        ranked.run = Some(run.id);
        let why = ranked.candidate.why.clone();
        let is_related = ranked.candidate.similarity >= LEARN_FROM || self.request.names_words();
        let attempt = CallAttempt {
            attempt: self.attempts.len() + 1,
            tool: run.tool.clone(),
            version: run.version.clone(),
            run: run.id,
            outcome: run.outcome,
            error: run.error.clone(),
            duration_ms: run.usage.duration_ms,
            why,
            again: turn.again,
            mark: None,
            severity: None,
        };
        if run.outcome == RunOutcome::Succeeded {
            self.over = Some(CallOutcome::Answered);
            if let Some(failed) = self.failed_on_input() {
                self.hint = format!(
                    "{failed} failed because of this input, so nothing was learnt from the answer of {}; check its output",
                    run.tool
                );
            } else if is_related {
                self.mark_failures()?;
            } else {
                self.hint = format!(
                    "{} speaks of little that was asked for, so nothing was learnt from it; check its output",
                    run.tool
                );
            }
        } else if matches!(run.outcome, RunOutcome::Cancelled | RunOutcome::Interrupted | RunOutcome::Running) {
            self.over = Some(CallOutcome::Cancelled);
        }
        let was_input_at_fault = self.failed_on_input().is_some() || fails_on_input(&attempt);
        self.attempts.push(attempt);
        if is_related && !was_input_at_fault {
            self.learn(run)?;
        }
        if self.over.is_none() && !self.request.go_on {
            self.stop_when_risky(turn, run);
        }
        Ok(())
    }

    /// A tool that reported invalid input. If another tool accepts the input, it may simply not check it.
    fn failed_on_input(&self) -> Option<&ToolName> {
        self.attempts.iter().find(|attempt| fails_on_input(attempt)).map(|attempt| &attempt.tool)
    }

    /// Marks the tools that failed before another one succeeded. If all fail, none is marked, because the input may be
    /// the cause.
    fn mark_failures(&mut self) -> Result<(), EngineError> {
        for at in 0..self.attempts.len() {
            let attempt = &self.attempts[at];
            // A second failure in one call is no new evidence; a refusal is no evidence about the tool.
            if !attempt.outcome.is_failure() || attempt.again {
                continue;
            }
            let severity = if at == 0 { Severity::High } else { Severity::Medium };
            let mark = self.mark(attempt, severity)?;
            let attempt = &mut self.attempts[at];
            (attempt.mark, attempt.severity) = (mark, Some(severity));
        }
        Ok(())
    }

    /// Marks a failure; a tool that no longer exists is not marked.
    fn mark(&self, attempt: &CallAttempt, severity: Severity) -> Result<Option<MarkId>, EngineError> {
        let ranked = self.ranked.iter().find(|ranked| ranked.run == Some(attempt.run));
        let request = MarkRequest {
            tool: ranked.map_or_else(|| attempt.tool.to_string(), |ranked| ranked.tool.path.clone()),
            run: Some(attempt.run),
            scenario: self.request.scenario.clone(),
            error: attempt.error.clone().unwrap_or_else(|| attempt.outcome.to_string()),
            severity,
        };
        match self.engine.failures().mark(&request, &self.caller) {
            Ok(outcome) => Ok(outcome.detail.get("mark").and_then(Value::as_i64).map(MarkId)),
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Remembers the tool that succeeded, or forgets the one that succeeded before.
    fn learn(&self, run: &Run) -> Result<(), EngineError> {
        let (scenario, tags) = key(&self.request.scenario, &self.request.words());
        let before = self.engine.workspace.read(|q| Ok(q.winner(&scenario, &tags)?))?;
        if run.outcome == RunOutcome::Succeeded {
            let same = before.filter(|before| before.tool == run.tool && before.digest == run.digest);
            let wins = same.map_or(0, |before| before.wins) + 1;
            let winner = Winner { tool: run.tool.clone(), digest: run.digest, run: run.id, wins, at: now() };
            return self.engine.workspace.transact(|tx| Ok(tx.set_winner(&scenario, &tags, &winner)?));
        }
        if run.outcome.is_failure() && before.is_some_and(|before| before.tool == run.tool) {
            self.engine
                .workspace
                .transact(|tx| Ok(tx.forget_winner(crate::store::Lesson::Scenario(&scenario, &tags)).map(drop)?))?;
        }
        Ok(())
    }

    /// Stops the call after a tool that may have changed something outside the sandbox, unless it is idempotent: the
    /// next tool might make the same change again. Staged writes of a run that failed were never applied.
    fn stop_when_risky(&mut self, turn: Turn, run: &Run) {
        let Some(ranked) = self.ranked.get(turn.at) else { return };
        let idempotent = ranked.tool.idempotent == Some(true);
        let declared = run.isolation.profile == crate::domain::Profile::Declared;
        if idempotent || !declared || !run.outcome.has_started() || self.queue.is_empty() {
            return;
        }
        let permissions = &ranked.permissions;
        let writes = !permissions.write.is_empty() && self.engine.runs().write_mode(run.stage) == WriteMode::Direct;
        let network = !permissions.network.is_empty();
        if !(writes || network) {
            return;
        }
        let what = match (writes, network) {
            (true, true) => "writes files directly and uses the network",
            (true, false) => "writes files directly",
            (false, _) => "uses the network",
        };
        self.hint = format!(
            "{} {what} and is not declared idempotent: check the effects of run {}; --go-on tries the next tool",
            run.tool, run.id
        );
        self.over = Some(CallOutcome::Stopped);
    }

    /// Ends the call when no candidate is left.
    fn give_up(&mut self) -> Result<(), EngineError> {
        if self.over.is_some() {
            return Ok(());
        }
        self.over = Some(CallOutcome::AllFailed);
        let runs: Vec<RunId> = self.attempts.iter().map(|attempt| attempt.run).collect();
        let CallRequest { scenario, .. } = &self.request;
        let tags = &self.request.words();
        self.engine.library().keep_unanswered(scenario, tags, UnansweredKind::AllFailed, runs, &self.caller)?;
        self.hint = match self.attempts.first() {
            Some(first) => format!(
                "`toolsmith evolve {} {} --failure {}` requests a version that can do it",
                first.tool,
                quoted(scenario),
                first.run
            ),
            None => "check the excluded tools, then retry".to_owned(),
        };
        Ok(())
    }

    /// Adds the services that could answer, and those that did not.
    pub(in crate::engine) fn add_services(&mut self, services: Vec<ServiceOffer>, left_out: Vec<LeftOut>) {
        self.candidates.services = services;
        self.candidates.left_out.extend(left_out);
    }

    /// The candidates, best first.
    pub fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// What was tried so far.
    pub fn attempts(&self) -> &[CallAttempt] {
        &self.attempts
    }

    /// The result of the call; a call that has not ended counts as cancelled.
    pub fn report(&self) -> CallReport {
        let outcome = self.over.unwrap_or(CallOutcome::Cancelled);
        let last = self.attempts.last().filter(|_| outcome == CallOutcome::Answered);
        CallReport {
            scenario: self.request.scenario.clone(),
            tags: self.request.tags.clone(),
            outcome,
            tool: last.map(|attempt| attempt.tool.clone()),
            instance: None,
            answer: None,
            attempts: self.attempts.clone(),
            candidates: self.candidates.clone(),
            hint: self.hint.clone(),
        }
    }
}

impl CallReport {
    /// The result in one line: which tool succeeded after how many failures, or that none did.
    pub fn sentence(&self) -> String {
        if let Some(instance) = &self.instance {
            return format!("{instance} answered");
        }
        let tried = count(self.attempts.len(), "attempt");
        match (self.outcome, &self.tool) {
            (CallOutcome::Answered, Some(tool)) => format!("{tool} succeeded after {tried}"),
            (CallOutcome::Answered | CallOutcome::AllFailed, _) => format!("no tool succeeded in {tried}"),
            (CallOutcome::Stopped, _) => format!("stopped after {tried}"),
            (CallOutcome::Cancelled, _) => format!("cancelled after {tried}"),
        }
    }
}

/// Whether a tool failed because of its input.
fn fails_on_input(attempt: &CallAttempt) -> bool {
    let error = attempt.error.as_deref().unwrap_or_default();
    attempt.outcome.is_failure() && failure_kind(error, "") == FailureKind::Input
}

/// Whether the same run may succeed the next time.
fn may_pass(outcome: RunOutcome) -> bool {
    matches!(outcome, RunOutcome::Failed | RunOutcome::TimedOut | RunOutcome::Killed | RunOutcome::LimitExceeded)
}

/// A text quoted as one shell word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Refuses an invalid call.
pub(in crate::engine) fn check(request: &CallRequest) -> Result<(), EngineError> {
    core::check_scenario(&request.scenario)?;
    if request.max_attempts == 0 || request.max_attempts > MOST_ATTEMPTS {
        let message = format!("{} attempts are not allowed", request.max_attempts);
        return Err(EngineError::new(ErrorCode::Usage, message, format!("use 1 to {MOST_ATTEMPTS}")));
    }
    Ok(())
}
