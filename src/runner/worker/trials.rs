//! Trials on a worker: the starts of a check, made there in one batch. The result of each is one line.

use super::call::{Worker, unsupported};
use super::connection::{AskedToStop, Connection};
use super::protocol::{FromFar, Opening, SentTrial, Speaker, Wants, WorkerFacts, WorkerTrials, file_lines};
use crate::domain::{Digest, RunEnd, Stage};
use crate::runner::prepare::request::StartRequest;
use crate::runner::sample::SampleFile;
use crate::runner::tried::{Pace, Tried};
use serde_json::Value;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How much longer than all trials may take the worker may say nothing.
const MARGIN: Duration = Duration::from_secs(10);

/// What is to be tried, beside the request of the starts.
#[derive(Debug, Clone, Copy)]
pub struct TrialsWanted<'a> {
    /// The version.
    pub digest: Digest,
    /// By whose limits it is started.
    pub stage: Stage,
    /// An input for each trial.
    pub inputs: &'a [Value],
    /// How they are made.
    pub pace: Pace,
    /// Files that trials find when their input names them.
    pub samples: &'a [SampleFile],
    /// When all have to be made.
    pub until: Instant,
}

/// Makes trials on a worker, in the order of the inputs. Nothing is started on this machine in its place.
///
/// # Errors
/// Why none was made, one line.
pub fn try_on(
    worker: &Worker,
    request: &StartRequest<'_>,
    wanted: &TrialsWanted<'_>,
    stop: &AtomicBool,
) -> Result<Vec<Tried>, String> {
    if let Some(why) = unsupported(request) {
        return Err(format!("worker {} cannot run it: {why}", worker.name));
    }
    let patience = wanted.until.saturating_duration_since(Instant::now());
    // The stronger of the two: levels are ordered, strongest first.
    let least = request.least.min(worker.least);
    let trials = WorkerTrials {
        digest: wanted.digest,
        manifest: request.manifest.clone(),
        stage: wanted.stage,
        inputs: wanted.inputs.to_vec(),
        pace: wanted.pace,
        samples: wanted.samples.to_vec(),
        timeout: request.timeout,
        usual_timeout: request.usual_timeout,
        least,
        patience,
    };
    let told = |end: RunEnd| end.message().unwrap_or_else(|| "the checks were stopped".to_owned());
    let asked = AskedToStop { is_asked: stop, wake: None };
    let opening = Opening { toolsmith: Speaker::this(), wants: Wants::Trials(Box::new(trials)) };
    let mut line = Connection::begin(&worker.prefix(), &opening).map_err(told)?;
    let facts: WorkerFacts = line.hello(&asked).map_err(told)?;
    if !facts.isolation.reaches(least) {
        let has = facts.isolation;
        return Err(format!("worker {}: isolation {least} is required, but it provides {has}", worker.name));
    }
    line.wait_longer(patience + MARGIN);
    let odd = |line: &Connection| told(line.refused("it sent a line that is not a message"));
    let (mut made, mut is_sent) = (Vec::with_capacity(wanted.inputs.len()), false);
    loop {
        let text = line.wait_for_line(&asked).map_err(told)?;
        match serde_json::from_slice(&text) {
            Ok(FromFar::FilesNeeded) if !is_sent => {
                let lines = file_lines(request.files).map_err(|error| error.to_string())?;
                line.unsent.extend(lines);
                is_sent = true;
            }
            Ok(FromFar::Trial(trial)) if made.len() < wanted.inputs.len() => {
                made.push(trial.read().ok_or_else(|| odd(&line))?);
            }
            Ok(FromFar::TrialsEnd(None)) if made.len() == wanted.inputs.len() => return Ok(made),
            Ok(FromFar::TrialsEnd(Some(why))) => return Err(told(line.refused(&super::protocol::safe(&why)))),
            Ok(FromFar::NotStarted { why, message }) => return Err(told(why.end(&worker.name, &message))),
            Ok(_) | Err(_) => return Err(odd(&line)),
        }
    }
}

impl SentTrial {
    /// The result of a trial, as it is sent.
    pub(in crate::runner) fn of(tried: Tried) -> SentTrial {
        let Tried { end, stdout, stderr, left, took, cpu_ms, peak_memory_bytes, observation } = tried;
        let [stdout, stderr] = [stdout, stderr].map(|bytes| super::protocol::encode(&bytes));
        SentTrial { end, stdout, stderr, left, took, cpu_ms, peak_memory_bytes, observation }
    }

    fn read(self) -> Option<Tried> {
        let SentTrial { end, stdout, stderr, left, took, cpu_ms, peak_memory_bytes, observation } = self;
        let [stdout, stderr] = [super::protocol::decode(&stdout)?, super::protocol::decode(&stderr)?];
        Some(Tried { end, stdout, stderr, left, took, cpu_ms, peak_memory_bytes, observation })
    }
}
