//! The near side of the user's workers: listing them, querying one, and executing a run on one.

use super::Runs;
use crate::domain::description::{Align, Describe, Description, Ink, StyledLine, Table};
use crate::domain::{Caller, IsolationLevel, RunEnd, SafeText, VerbCall, count};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::plain_verb::{Described, PlainQuery};
use crate::engine::settings::WorkerSetting;
use crate::outside::ExternalProgram;
use crate::runner::{self, WORKER_VERB};
use crate::store::Queries;
use serde::Serialize;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

/// Lists the workers, or queries one.
pub(in crate::engine) const WORKERS: PlainQuery = PlainQuery {
    name: "workers",
    needs_catalog: false,
    answer: |engine, call: &VerbCall, _| match call.get("worker") {
        None => Described::of(&engine.runs().workers()?),
        Some(name) => Described::of(&engine.runs().try_worker(name)?),
    },
};

/// The workers of the user's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Workers {
    /// Sorted by name.
    pub workers: Vec<WorkerRow>,
}

/// A worker of the user's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerRow {
    /// Its name.
    pub name: String,
    /// The command that starts another command on the worker.
    pub prefix: Vec<String>,
    /// The path of Toolsmith on the worker.
    pub program: String,
    /// The weakest isolation that is accepted.
    pub least: IsolationLevel,
    /// Maximum number of runs of a workspace at the same time.
    pub most: u64,
    /// Number of runs of this workspace that it executes now.
    pub running: u64,
    /// Its labels.
    pub tags: Vec<String>,
    /// Whether agents may select it.
    pub agents: bool,
}

/// The answer of a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerAnswer {
    /// Its name.
    pub name: String,
    /// The version of Toolsmith on the worker.
    pub version: String,
    /// The isolation of runs on the worker.
    pub isolation: IsolationLevel,
    /// Why the isolation is not stronger; empty for the strongest.
    pub why: String,
    /// Whether the isolation is as strong as the settings require.
    pub accepted: bool,
    /// The weakest isolation that the settings accept.
    pub least: IsolationLevel,
    /// Languages of tools on the worker, with their versions.
    pub languages: Vec<String>,
    /// Time from the start of the prefix to the answer, in milliseconds.
    pub round_trip_ms: u64,
}

impl Describe for Workers {
    fn describe(&self) -> Description {
        let mut told = Description::new();
        if self.workers.is_empty() {
            told.line(StyledLine::of("no workers: all runs take place on this machine"));
            told.next("add [workers.NAME] with a prefix to config.toml; see the page on other machines in the docs");
            return told;
        }
        let heads = [
            ("worker", Align::Left),
            ("prefix", Align::Left),
            ("least isolation", Align::Left),
            ("running", Align::Right),
            ("agents", Align::Left),
            ("tags", Align::Left),
        ];
        let mut table = Table::new(&heads);
        for worker in &self.workers {
            table.row([
                (Ink::Strong, worker.name.clone()),
                (Ink::Plain, worker.prefix.join(" ")),
                (Ink::Plain, worker.least.to_string()),
                (Ink::Plain, format!("{} of {}", worker.running, worker.most)),
                (Ink::Plain, if worker.agents { "yes" } else { "no" }.to_owned()),
                (Ink::Dim, worker.tags.join(", ")),
            ]);
        }
        told.table(table);
        told.next("`toolsmith workers NAME` tries one; `toolsmith run TOOL --on NAME` runs a tool there");
        told
    }
}

impl Describe for WorkerAnswer {
    fn describe(&self) -> Description {
        let mut told = Description::new().titled(&self.name, "answered");
        told.field("version", Ink::Plain, &self.version);
        let ink = if self.accepted { Ink::Good } else { Ink::Bad };
        told.field("isolation", ink, self.isolation.meaning());
        if !self.why.is_empty() {
            told.field("", Ink::Dim, &self.why);
        }
        let languages = if self.languages.is_empty() { "none found".to_owned() } else { self.languages.join(", ") };
        told.field("languages", Ink::Plain, languages);
        told.field("round trip", Ink::Plain, format!("{}ms", self.round_trip_ms));
        if !self.accepted {
            let text =
                format!("its runs are refused: {} is required by `least` in [workers.{}]", self.least, self.name);
            told.note(Ink::Bad, "too weak", text);
        }
        told
    }

    fn is_bad(&self) -> bool {
        !self.accepted
    }
}

/// Number of runs that a worker executes now.
pub(super) fn running_on(q: &Queries, worker: &str) -> Result<u64, EngineError> {
    let mut found = 0;
    for row in q.running()? {
        found += u64::from(q.run(row.run)?.is_some_and(|run| run.worker.as_deref() == Some(worker)));
    }
    Ok(found)
}

impl Runs<'_> {
    /// The workers of the user's settings; does not contact them.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn workers(&self) -> Result<Workers, EngineError> {
        let row = |(name, worker): (&String, &WorkerSetting)| {
            let WorkerSetting { prefix, program, least, most, tags, agents, .. } = worker.clone();
            let running = self.workspace.read(|q| running_on(q, name))?;
            Ok(WorkerRow { name: name.clone(), prefix, program, least, most, running, tags, agents })
        };
        let workers = self.workspace.settings.workers.iter().map(row).collect::<Result<_, EngineError>>()?;
        Ok(Workers { workers })
    }

    /// Queries a worker.
    ///
    /// # Errors
    /// `NotFound` for a worker that the settings do not name, `Failed` when it does not answer.
    pub fn try_worker(&self, name: &str) -> Result<WorkerAnswer, EngineError> {
        let least = self.worker_setting(name)?.least;
        let failed = |message: String| {
            EngineError::new(
                ErrorCode::Failed,
                message,
                format!("the settings of it are in [workers.{name}] of config.toml"),
            )
        };
        let worker = self.worker(name)?.map_err(|end| failed(end.message().unwrap_or_default()))?;
        let hello = runner::greet(&worker).map_err(failed)?;
        Ok(WorkerAnswer {
            name: name.to_owned(),
            version: hello.version,
            isolation: hello.facts.isolation,
            why: hello.facts.why,
            accepted: hello.facts.isolation.reaches(least),
            least,
            languages: hello.facts.languages,
            round_trip_ms: u64::try_from(hello.took.as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn worker_setting(&self, name: &str) -> Result<&WorkerSetting, EngineError> {
        self.workspace.settings.workers.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.workspace.settings.workers.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
            EngineError::new(
                ErrorCode::NotFound,
                format!("there is no worker {}", SafeText::new(name)),
                format!("workers: {known}; add [workers.NAME] to config.toml"),
            )
        })
    }

    /// A worker that is ready to be contacted; the inner error states why its prefix cannot be started.
    ///
    /// # Errors
    /// `NotFound` for a worker that the settings do not name.
    pub(in crate::engine) fn worker(&self, name: &str) -> Result<Result<runner::Worker, RunEnd>, EngineError> {
        let setting = self.worker_setting(name)?;
        let programs = &self.workspace.programs;
        let first = setting.prefix.first().map(String::as_str).unwrap_or_default();
        let program = match programs.find(ExternalProgram::Worker, OsStr::new(first)) {
            Ok(program) => program,
            Err(why) => return Ok(Err(RunEnd::Refused { message: format!("worker {name}: {why}") })),
        };
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let env = programs.variables(ExternalProgram::Worker, &program);
        let there = [setting.program.clone(), WORKER_VERB.to_owned()];
        Ok(Ok(runner::Worker {
            name: name.to_owned(),
            args: setting.prefix.iter().skip(1).cloned().chain(there).collect(),
            env: env.into_iter().map(|(name, value)| (text(name), text(value))).collect(),
            program,
            programs: Arc::clone(programs),
            keeper: self.workspace.options.program.clone(),
            least: setting.least,
            patience: setting.patience,
        }))
    }

    /// Whether a caller may select a worker. Agents may select only workers that a human allowed for them.
    ///
    /// # Errors
    /// `NotFound` for a worker that the settings do not name; `HumanNeeded` for an agent that may not select it.
    pub(in crate::engine) fn may_name_worker(&self, name: &str, caller: &Caller) -> Result<(), EngineError> {
        let is_allowed = self.worker_setting(name)?.agents;
        match caller {
            Caller::Agent(agent) if !is_allowed => {
                let message = format!("agent {agent} cannot use worker {name}");
                let hint = format!("run it without a worker; a human can set `agents = true` in [workers.{name}]");
                Err(EngineError::new(ErrorCode::HumanNeeded, message, hint))
            }
            _ => Ok(()),
        }
    }

    /// The maximum number of runs that a worker executes at the same time.
    ///
    /// # Errors
    /// `NotFound` for a worker that the settings do not name.
    pub(in crate::engine) fn most_on(&self, name: &str) -> Result<usize, EngineError> {
        Ok(usize::try_from(self.worker_setting(name)?.most).unwrap_or(usize::MAX))
    }

    /// Refuses a run when a worker already executes its maximum number of runs.
    pub(super) fn worker_is_full(&self, name: &str, running: u64) -> Result<(), EngineError> {
        let most = self.worker_setting(name)?.most;
        if running < most {
            return Ok(());
        }
        Err(EngineError::new(
            ErrorCode::Conflict,
            format!(
                "worker {name} already carries out {}, the most that its settings allow",
                count(usize::try_from(running).unwrap_or(usize::MAX), "run")
            ),
            format!("wait for one to end (`toolsmith runs --outcome running`), or raise `most` in [workers.{name}]"),
        ))
    }
}
