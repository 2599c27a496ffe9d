//! A run for a worker: what is decided here, and what the worker is told.

use super::carrier::{WorkerConnection, carry};
use super::connection::{AskedToStop, Connection, Prefix};
use super::protocol::{FromFar, Opening, Speaker, Wants, WorkerFacts, WorkerRun, encode, file_lines, safe};
use crate::domain::{Digest, IsolationLevel, Kind, Profile, RunEnd, Stage, VersionFile};
use crate::outside::{Programs, Trusted};
use crate::runner::dependencies::declares_packages;
use crate::runner::prepare::request::StartRequest;
use crate::runner::prepare::spec::RunTerms;
use crate::runner::prepare::{check_input, limits, startable, terms};
use serde_json::{Map, Value};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// A worker, ready to be dialled.
#[derive(Debug)]
pub struct Worker {
    /// Its name in the settings.
    pub name: String,
    /// The program that its prefix starts with.
    pub program: Trusted,
    /// All further words: of the prefix, the program there, and the verb.
    pub args: Vec<String>,
    /// The variables that the prefix gets.
    pub env: Vec<(String, String)>,
    /// What is trusted, and where folders are made.
    pub programs: Arc<Programs>,
    /// This program, to be started again as the keeper of the prefix; `None` takes the one that is running.
    pub keeper: Option<PathBuf>,
    /// The weakest isolation that is accepted there.
    pub least: IsolationLevel,
    /// How long it may say nothing before the run starts.
    pub patience: Duration,
}

/// A run that a worker carries out; made by [`prepare_on`], used up by [`crate::runner::start`].
#[derive(Debug)]
pub struct WorkerCall {
    worker: Worker,
    terms: RunTerms,
    run: WorkerRun,
    files: Vec<VersionFile>,
}

/// A worker that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerHello {
    /// The version of the program there.
    pub version: String,
    /// What it has.
    pub facts: WorkerFacts,
    /// From the start of the prefix to its answer.
    pub took: Duration,
}

/// Works out what a worker is asked to run.
///
/// # Errors
/// [`RunEnd::InvalidInput`] when the input does not fit, [`RunEnd::Refused`] for what a worker cannot do.
pub fn prepare_on(
    request: &StartRequest<'_>,
    (digest, stage): (Digest, Stage),
    worker: Worker,
) -> Result<WorkerCall, RunEnd> {
    if let Some(why) = unsupported(request) {
        let message = format!("worker {} cannot run it: {why}; run it without --on", worker.name);
        return Err(RunEnd::Refused { message });
    }
    let recipe = startable(request.manifest)?;
    let empty = Value::Object(Map::new());
    check_input(request, recipe, request.input.unwrap_or(&empty))?;
    let allowed = match request.profile {
        Profile::Strict => &[][..],
        Profile::Declared => &request.manifest.permissions.env[..],
    };
    let env = allowed.iter().filter_map(|name| Some((name.clone(), encode(request.given.value(name)?.as_bytes()))));
    let run = WorkerRun {
        digest,
        manifest: request.manifest.clone(),
        stage,
        profile: request.profile,
        timeout: request.timeout,
        usual_timeout: request.usual_timeout,
        // The stronger of the two: levels are ordered, strongest first.
        least: request.least.min(worker.least),
        observe: request.observe,
        input: request.input.cloned(),
        env: env.collect(),
    };
    let terms = terms(request, recipe, limits(request, recipe));
    Ok(WorkerCall { worker, terms, run, files: request.files.to_vec() })
}

/// Why a worker cannot run a version the way this machine would: what is on this machine is not there.
pub(super) fn unsupported(request: &StartRequest<'_>) -> Option<String> {
    let manifest = request.manifest;
    let is_declared = request.profile == Profile::Declared;
    let permissions = &manifest.permissions;
    if manifest.kind != Kind::Command {
        return Some(format!("it is of kind {}, and a worker runs commands", manifest.kind));
    }
    if manifest.state.is_some() {
        return Some("it keeps files between its runs, which stay on this machine".to_owned());
    }
    let words = manifest.recipe.iter().flat_map(|recipe| &recipe.command);
    if words.into_iter().any(|word| word.contains("{workspace}")) {
        return Some("its command names the workspace, which is on this machine".to_owned());
    }
    if is_declared && !permissions.write.is_empty() {
        return Some("it declares files to write, which are on this machine".to_owned());
    }
    if is_declared && permissions.called_tools().next().is_some() {
        return Some("it calls other tools, which run on this machine".to_owned());
    }
    if let Some(path) = permissions.read.iter().find(|path| is_declared && !path.starts_with('/')) {
        return Some(format!("it reads {path}, which is on this machine; absolute paths are those of the worker"));
    }
    let packages = declares_packages(&request.need());
    packages.then(|| "it declares packages (PEP 723), and environments are made on this machine only".to_owned())
}

impl WorkerCall {
    /// By which it is followed.
    pub(in crate::runner) fn terms(&self) -> &RunTerms {
        &self.terms
    }

    /// Has the worker start it. The files are sent when the worker does not have them.
    ///
    /// # Errors
    /// Why it does not start.
    pub(in crate::runner) fn dial(&self, asked: &AskedToStop<'_>) -> Result<WorkerConnection, RunEnd> {
        let wants = Wants::Run(Box::new(self.run.clone()));
        let mut line = Connection::begin(&self.worker.prefix(), &Opening { toolsmith: Speaker::this(), wants })?;
        let facts: WorkerFacts = line.hello(asked)?;
        let least = self.run.least;
        if !facts.isolation.reaches(least) {
            let why = if facts.why.is_empty() { String::new() } else { format!(" ({})", safe(&facts.why)) };
            let message = format!(
                "worker {}: isolation {least} is required, but it provides {}{why}; install what is missing there, or lower `least` in [workers.{}] and [isolation] in config.toml",
                line.worker, facts.isolation, line.worker
            );
            return Err(RunEnd::Uncontained { message });
        }
        let mut is_sent = false;
        loop {
            let text = line.wait_for_line(asked)?;
            match serde_json::from_slice(&text) {
                Ok(FromFar::FilesNeeded) if !is_sent => {
                    let lines = file_lines(&self.files).map_err(|error| line.refused(&error.to_string()))?;
                    line.unsent.extend(lines);
                    is_sent = true;
                }
                Ok(FromFar::Starting { interpreter }) => return carry(line, least, interpreter),
                Ok(FromFar::NotStarted { why, message }) => return Err(why.end(&line.worker, &message)),
                Ok(_) | Err(_) => return Err(line.refused("it sent a line that is not a message")),
            }
        }
    }
}

impl Worker {
    pub(super) fn prefix(&self) -> Prefix<'_> {
        Prefix {
            worker: &self.name,
            program: &self.program,
            args: &self.args,
            env: &self.env,
            programs: &self.programs,
            keeper: self.keeper.as_deref(),
            patience: self.patience,
        }
    }
}

/// Asks a worker what it is. Starts nothing there but the program that answers.
///
/// # Errors
/// Why it does not answer, one line.
pub fn greet(worker: &Worker) -> Result<WorkerHello, String> {
    let told = |end: RunEnd| end.message().unwrap_or_default();
    let begun = Instant::now();
    let opening = Opening { toolsmith: Speaker::this(), wants: Wants::Facts };
    let mut line = Connection::begin(&worker.prefix(), &opening).map_err(told)?;
    let asked = AskedToStop { is_asked: &AtomicBool::new(false), wake: None };
    let facts: WorkerFacts = line.hello(&asked).map_err(told)?;
    let facts = WorkerFacts {
        why: safe(&facts.why),
        languages: facts.languages.iter().map(|language| safe(language)).collect(),
        ..facts
    };
    Ok(WorkerHello { version: Speaker::this().version, facts, took: begun.elapsed() })
}
