//! Hands batches to a tool. Each batch is the input of an ordinary run, under the policy of everybody who wrote an item
//! of it.

use super::status::{BufferStatus, HandedOver};
use crate::domain::{Caller, RunId, RunOutcome, Stream, rfc3339};
use crate::engine::Buffers;
use crate::engine::clock::now;
use crate::engine::core::RunPolicy;
use crate::engine::core::buffering::{self, Claim, Fault};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::run::occasion::InputFrom;
use crate::engine::view::RunRequest;
use crate::runner::Spool;
use serde_json::{Map, Value, json};
use std::io::Read;

/// Maximum bytes of a tool's output that are returned; the rest is only in the kept output.
const MAX_RESULT: u64 = 64 * 1024;

/// A batch that the caller must pass to [`Buffers::hand_over`](crate::engine::Buffers::hand_over).
#[derive(Debug)]
pub struct Pending {
    pub(super) claim: Claim,
    pub(super) caller: Caller,
}

impl Buffers<'_> {
    /// Hands a batch over, then the batches that became due meanwhile, until none is left or the tool fails.
    pub fn hand_over(&self, pending: Pending) -> HandedOver {
        let mut done = HandedOver::default();
        let caller = pending.caller;
        let mut next = Some(pending.claim);
        while let Some(claim) = next.take() {
            let came = self.run_batch(&claim, &mut done);
            let settled = self.with_hand(&caller, |hand| {
                self.workspace.transact(|tx| match &came {
                    Ok(()) => buffering::arrived(tx, hand, &claim),
                    Err(fault) => buffering::came_back(tx, hand, &claim, fault),
                })
            });
            match settled {
                Ok(turn) => {
                    self.wind_clock(&turn);
                    done.flushed += turn.flushed;
                    done.status = Some(BufferStatus::of(&turn.buffer, now()));
                    done.error = came.err().map(|fault| fault.error);
                    next = turn.claim;
                }
                // The tool's success is not recorded: the next flush hands over the same batch again.
                Err(error) => done.error = Some(error),
            }
        }
        done
    }

    fn run_batch(&self, claim: &Claim, done: &mut HandedOver) -> Result<(), Fault> {
        match self.start_batch(claim, done) {
            Ok(None) => Ok(()),
            Ok(Some(fault)) => Err(fault),
            Err(error) => Err(Fault { error, by_items: false }),
        }
    }

    /// Runs the tool with a batch; returns the fault of a run that failed.
    ///
    /// # Errors
    /// Why the run could not be started.
    fn start_batch(&self, claim: &Claim, done: &mut HandedOver) -> Result<Option<Fault>, EngineError> {
        let tool = self.tool_now(&claim.tool)?;
        let callers: Vec<Caller> = claim.callers.iter().map(|word| self.caller_of(word)).collect();
        // The run has one caller, an agent if any item is from an agent. It is refused if any of the writers may not
        // run the tool.
        let detail = self.engine.library().detail(&tool)?;
        for caller in &callers {
            match self.engine.runs().may_run(&detail, caller)? {
                RunPolicy::Allow { .. } => {}
                RunPolicy::Ask { message, .. } => return Err(EngineError::new(ErrorCode::HumanNeeded, message, "")),
                RunPolicy::Refuse { code, message } => return Err(EngineError::new(code, message, "")),
            }
        }
        let is_agent = |caller: &&Caller| matches!(caller, Caller::Agent(_));
        let caller = callers.iter().find(is_agent).or(callers.first());
        let caller = caller.ok_or_else(|| EngineError::internal("the writer of the items is unknown"))?;
        let request = RunRequest { tool, input: Some(input_of(claim)), timeout: None, again: None, worker: None };
        let run = self.engine.runs().start_with(&request, caller, InputFrom::Nobody)?.wait()?;
        done.runs.push(run.id);
        done.result = self.said(run.id);
        if run.outcome == RunOutcome::Succeeded {
            return Ok(None);
        }
        let why = run.error.map(|error| format!(": {error}")).unwrap_or_default();
        let code = if run.outcome == RunOutcome::Refused { ErrorCode::Refused } else { ErrorCode::Failed };
        let message = format!("run {} of {} {}{why}", run.id, run.tool, run.outcome);
        let error = EngineError::new(code, message, format!("`toolsmith output {}` shows its output", run.id));
        Ok(Some(Fault { error, by_items: run.outcome.is_judged() || run.outcome == RunOutcome::InvalidInput }))
    }

    fn caller_of(&self, word: &str) -> Caller {
        match word.strip_prefix("agent:") {
            Some(name) => Caller::Agent(name.to_owned()),
            None => Caller::Human(self.workspace.identity()),
        }
    }

    /// The beginning of the tool's output; `None` when it is empty.
    fn said(&self, run: RunId) -> Option<Value> {
        let spool = Spool::open(&self.engine.runs().spool_path(run)).ok()?;
        let mut bytes = Vec::new();
        spool.bytes(Some(Stream::Stdout)).take(MAX_RESULT).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).trim().to_owned();
        (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }
}

/// The input of the run: the configured input of the buffer, the items, and metadata.
fn input_of(claim: &Claim) -> Value {
    let mut input: Map<String, Value> = claim.input.clone();
    let read = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
    let items: Vec<Value> = claim.items.iter().map(|item| read(&item.item)).collect();
    let metadata = json!({
        "buffer_id": claim.buffer,
        "count": items.len(),
        "flushed_at": rfc3339(now()),
    });
    input.insert("buffered_items".to_owned(), Value::Array(items));
    input.insert("metadata".to_owned(), metadata);
    Value::Object(input)
}
