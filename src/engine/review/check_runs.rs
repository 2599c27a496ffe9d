//! Starts versions for the checks, with the permissions of an untrusted run. The starts are repeated often and not
//! recorded.

use crate::check::{Batch, Trials};
use crate::domain::{Digest, Profile, RunEnd, Stage};
use crate::engine::Engine;
use crate::engine::locks::lock;
use crate::engine::run::scratch::Scratch;
use crate::runner::{self, Pace, RunEnvironment, Sources, Tried};
use crate::store::Copies;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// The maximum duration of all trials of one version.
const PATIENCE: Duration = Duration::from_mins(1);

/// The maximum duration of a trial at the quick pace. A longer trial must be repeated as a plain start.
const QUICK: Duration = Duration::from_secs(2);

/// The key of equal starts: the version, its command, the input.
type Key = (Digest, Vec<String>, String);

/// Trials for the checks of one version.
pub(in crate::engine) struct EngineTrials<'a> {
    engine: &'a Engine,
    /// The worker that executes them; `None` for this machine.
    worker: Option<&'a str>,
    stop: &'a AtomicBool,
    until: Instant,
    /// The results of watched starts, because several checks use the same ones.
    watched: Mutex<HashMap<Key, Tried>>,
    /// Held during plain starts: their durations are measured, so two checks must not run at once.
    timed: Mutex<()>,
}

impl<'a> EngineTrials<'a> {
    /// Trials of a version and its base, for at most one minute from now on; `stop` ends them early. A start that fails
    /// on a worker is not repeated on this machine.
    pub(in crate::engine) fn new(
        engine: &'a Engine,
        worker: Option<&'a str>,
        stop: &'a AtomicBool,
    ) -> EngineTrials<'a> {
        EngineTrials {
            engine,
            worker,
            stop,
            until: Instant::now() + PATIENCE,
            watched: Mutex::default(),
            timed: Mutex::default(),
        }
    }

    /// Executes trials in parallel; each thread uses one sandbox for its share.
    fn make(&self, batch: &Batch<'_>) -> Result<Vec<Tried>, String> {
        let most = match self.worker {
            Some(worker) => self.engine.runs().most_on(worker).map_err(|error| error.message)?,
            None => usize::MAX,
        };
        let rows = batch.abreast.get().min(batch.inputs.len()).min(most).max(1);
        let shares: Vec<Vec<Value>> =
            (0..rows).map(|row| batch.inputs.iter().skip(row).step_by(rows).cloned().collect()).collect();
        let made: Vec<Result<Vec<Tried>, String>> = std::thread::scope(|scope| {
            let made: Vec<_> = shares.iter().map(|inputs| scope.spawn(|| self.make_row(batch, inputs))).collect();
            let lost = || Err("the trial thread stopped".to_owned());
            made.into_iter().map(|thread| thread.join().unwrap_or_else(|_| lost())).collect()
        });
        let mut rows_made = Vec::with_capacity(rows);
        for row in made {
            rows_made.push(row?.into_iter());
        }
        Ok((0..batch.inputs.len()).filter_map(|at| rows_made[at % rows].next()).collect())
    }

    fn make_row(&self, batch: &Batch<'_>, inputs: &[Value]) -> Result<Vec<Tried>, String> {
        let engine = self.engine;
        let settings = &engine.workspace.settings;
        if let Some(fault) = &settings.fault {
            return Err(fault.clone());
        }
        if let Some(why) = engine.teams().stopped(&batch.version.tool).map_err(|error| error.message)? {
            return Err(why);
        }
        if Instant::now() >= self.until {
            return Err(format!("all checks together took longer than {}s", PATIENCE.as_secs()));
        }
        let in_words = |error: &dyn std::fmt::Display| format!("the trial folder cannot be created: {error}");
        let detail = batch.version;
        if batch.is_temporary && self.worker.is_some() {
            return Err("a worker is given versions that are kept, and no others".to_owned());
        }
        let scratch = Scratch::make(engine).map_err(|error| in_words(&error))?;
        let aside = batch.is_temporary.then(|| Scratch::make(engine)).transpose().map_err(|error| in_words(&error))?;
        let copies = aside.as_ref().map(|aside| Copies::new(aside.path()));
        let copies = copies.as_ref().unwrap_or(&engine.workspace.copies);
        let version_dir = copies.put(detail.tool.digest, &detail.files).map_err(|error| in_words(&error))?;
        let usual = settings.timeout(Stage::Experimental);
        let request = runner::StartRequest {
            manifest: &detail.manifest,
            version_dir: &version_dir,
            files: &detail.files,
            workspace: engine.workspace.folder(),
            scratch: scratch.path(),
            input: None,
            timeout: if batch.pace == Pace::Quick { Some(usual.map_or(QUICK, |usual| usual.min(QUICK))) } else { None },
            usual_timeout: usual,
            profile: Profile::Strict,
            writes: engine.runs().write_mode(Stage::Experimental),
            ours: &engine.runs().ours(),
            spool: scratch.path(),
            origin: &engine.runs().origin(&detail.tool),
            given: &RunEnvironment::default(),
            interpreters: &engine.workspace.interpreters,
            // The checks examine exactly the content that an approval would cover.
            sources: Sources::System,
            machine: &engine.workspace.machine,
            least: settings.least_isolation(detail.tool.stage),
            observe: settings.observe,
            state: &engine.workspace.state_dir,
            staged: scratch.path(),
            kept: None,
            environments: &engine.workspace.options.home.environments(),
        };
        let pace = if batch.pace == Pace::Watched && !settings.observe { Pace::Plain } else { batch.pace };
        if let Some(name) = self.worker {
            let worker = engine.runs().worker(name).map_err(|error| error.message)?.map_err(|end| why(&end))?;
            let wanted = runner::TrialsWanted {
                digest: detail.tool.digest,
                stage: detail.tool.stage,
                inputs,
                pace,
                samples: batch.samples,
                until: self.until,
            };
            return runner::try_on(&worker, &request, &wanted, self.stop);
        }
        let mut trials =
            runner::prepare_batch(&request, inputs, pace).map_err(|end| why(&end))?.with_samples(batch.samples);
        // Otherwise, accesses of the interpreter would count as accesses of the tool.
        engine
            .workspace
            .report_trouble(trials.learn(&engine.workspace.baselines).map_err(crate::engine::EngineError::internal));
        trials.make(self.until, self.stop)
    }
}

impl Trials for EngineTrials<'_> {
    fn start(&self, batch: &Batch<'_>) -> Result<Vec<Tried>, String> {
        match batch.pace {
            Pace::Quick => return self.make(batch),
            Pace::Plain => {
                let _alone = lock(&self.timed);
                return self.make(batch);
            }
            // Only starts without sample files are equal for several checks.
            Pace::Watched if !batch.samples.is_empty() => return self.make(batch),
            Pace::Watched => {}
        }
        let command = batch.version.manifest.recipe.as_ref().map(|recipe| recipe.command.clone()).unwrap_or_default();
        let key = |input: &Value| (batch.version.tool.digest, command.clone(), input.to_string());
        let mut watched = lock(&self.watched);
        let mut fresh: Vec<Value> = Vec::new();
        for input in batch.inputs {
            if !watched.contains_key(&key(input)) && !fresh.contains(input) {
                fresh.push(input.clone());
            }
        }
        if !fresh.is_empty() {
            let made = self.make(&Batch { inputs: &fresh, ..*batch })?;
            watched.extend(fresh.iter().map(key).zip(made));
        }
        Ok(batch.inputs.iter().filter_map(|input| watched.get(&key(input)).cloned()).collect())
    }
}

/// The reason why nothing could be started, in words.
fn why(end: &RunEnd) -> String {
    end.message().unwrap_or_else(|| "it could not be started".to_owned())
}
