//! The observed behaviour of a version, or of one run of it, as every front end shows it.
//!
//! There are three separate kinds of evidence: *result* (a tool cannot forge it), *enforced* (sandbox layers that were
//! verified) and *reported* (may be incomplete). If nothing was observed, the text says so; an empty list never means
//! that.

use super::permission_words::permission;
use crate::catalog;
use crate::domain::{
    Answer, Attempt, Digest, Envelope, FileChange, Isolation, IsolationLevel, LoadedFile, Observation, Observer,
    PermissionLine, PermissionUse, Permissions, Profile, Run, RunId, RunOutcome, Tool, ToolName, Touch, Typical, count,
};
use crate::engine::Engine;
use crate::engine::error::EngineError;
use crate::engine::view::{EvidenceLine, Weight};
use crate::engine::workspace::Workspace;
use crate::store::RunQuery;
use serde::Serialize;

/// Number of newest runs that are evaluated for typical resource use and sandbox layers.
const RECENT_RUNS: usize = 200;

/// Maximum number of examples in one line.
const EXAMPLES: usize = 4;

/// Maximum number of files loaded as code that the evidence of a review lists.
const MOST_LOADED: usize = 20;

/// The label of a file that was loaded as code through a declared path.
const LOADED: &str = "code loaded";

/// The observed behaviour of a version, or of one run of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behaviour {
    /// Name of the tool that ran.
    pub tool: ToolName,
    /// Version that the manifest states.
    pub version: semver::Version,
    /// Digest of the observed version.
    pub digest: Digest,
    /// The run, if this is about one; `None` for all runs of the version.
    pub run: Option<RunId>,
    /// Number of observed runs.
    pub observed: u64,
    /// Number of runs without an observation.
    pub unobserved: u64,
    /// Why there is no observation; `None` when at least one run was observed.
    pub observer_off: Option<String>,
    /// Result: differences on disk.
    pub result: ResultEvidence,
    /// Enforced: the sandbox layers in force, newest first.
    pub enforced: Vec<Enforced>,
    /// Reported: what the observer received.
    pub reported: Reported,
    /// Reported: files that were loaded as code through declared paths, by path, in their latest state.
    pub loaded: Vec<LoadedFile>,
    /// Declared permissions compared with observed behaviour.
    pub permissions: Vec<PermissionLine>,
    /// Number of newest runs that had the declared permissions. The others prove nothing about their use.
    pub permitted: u64,
    /// Runs that did something that no earlier run of the approved version had done.
    pub departed: Vec<Departed>,
    /// Typical resource use of a run; `None` before the first run that ended by itself.
    pub usage: Option<Typical>,
}

/// Differences on disk after a run; the tool cannot forge them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResultEvidence {
    /// The run that made the changes: the requested one, otherwise the newest with an observation.
    pub run: Option<RunId>,
    /// The changes, ordered by path.
    pub changes: Vec<FileChange>,
    /// Number of changes that are not listed.
    pub cut: u64,
    /// Why the differences could not be collected, if so. Then `changes` is incomplete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncollected: Option<String>,
}

/// Sandbox layers that some runs have in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Enforced {
    /// Level, profile, layers, and missing layers.
    #[serde(flatten)]
    pub isolation: Isolation,
    /// Number of newest runs with them.
    pub runs: u64,
    /// The worker that reported the layers, and everything else about these runs; `None` for this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// What the observer received.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reported {
    /// Always true: a tool with several threads can deceive the observer.
    pub may_be_incomplete: bool,
    /// Attempts, ordered by kind and target.
    pub attempts: Vec<Tried>,
    /// Number of attempts that are not listed.
    pub cut: u64,
}

/// An attempted action.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// The action; `count` is the number of times in the run, or the number of runs of the version.
    #[serde(flatten)]
    pub attempt: Attempt,
}

/// A run that went outside the envelope of its version.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Departed {
    /// Number of the run.
    pub run: RunId,
    /// What the run did, one phrase each.
    pub did: Vec<String>,
}

/// A section of the behaviour as lines of text.
#[derive(Debug, Clone, PartialEq)]
pub struct BehaviourPart {
    /// Title: the kind of evidence.
    pub title: &'static str,
    /// One line for each fact.
    pub lines: Vec<EvidenceLine>,
}

/// Observed behaviour of runs.
#[derive(Clone, Copy)]
pub struct Observations<'e> {
    pub(in crate::engine) engine: &'e Engine,
    pub(in crate::engine) workspace: &'e Workspace,
}

impl Observations<'_> {
    /// The observation of one run; `None` when it never started, has not ended, or is older than this feature.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn observation(&self, run: RunId) -> Result<Option<Observation>, EngineError> {
        self.workspace.read(|q| Ok(q.observation(run)?))
    }

    /// The observed behaviour of all runs of a version.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn envelope(&self, tool: &ToolName, digest: Digest) -> Result<Envelope, EngineError> {
        self.workspace.read(|q| Ok(q.envelope(tool, digest)?))
    }

    /// The typical resource use of a run of a version; `None` before the first run that ended by itself.
    ///
    /// # Errors
    /// `Internal` for errors of the store.
    pub fn usage(&self, tool: &ToolName, digest: Digest) -> Result<Option<Typical>, EngineError> {
        self.workspace.read(|q| Ok(Typical::of(&q.usages(tool, digest, RECENT_RUNS)?)))
    }

    /// The observed behaviour of all runs of a version.
    ///
    /// # Errors
    /// `Internal` for errors of the store; those of [`Library::detail`](crate::engine::Library::detail) when its
    /// manifest cannot be read.
    pub fn behaviour(&self, tool: &Tool) -> Result<Behaviour, EngineError> {
        let declared = self.engine.library().detail(tool)?.manifest.permissions;
        let envelope = self.envelope(&tool.name, tool.digest)?;
        let runs = self.runs_of(&tool.name, tool.digest)?;
        let newest = self.newest_observation(&runs)?;
        let off = match &newest {
            _ if envelope.observed > 0 => None,
            Some((_, Observation { observer: Observer::Off(reason), .. })) => Some(reason.clone()),
            Some(_) | None => Some(never(&runs).to_owned()),
        };
        let result = newest.map_or_else(ResultEvidence::nothing, |(run, seen)| ResultEvidence::of(run, seen));
        let seen = envelope.tried().into_iter().map(|seen| Attempt {
            touch: seen.touch,
            target: seen.target,
            answer: seen.answer,
            count: seen.runs,
        });
        Ok(Behaviour {
            tool: tool.name.clone(),
            version: tool.version.clone(),
            digest: tool.digest,
            run: None,
            observed: envelope.observed,
            unobserved: envelope.unobserved,
            observer_off: off,
            result,
            enforced: enforced(&runs),
            reported: Reported::of(seen.collect(), envelope.cut),
            loaded: envelope
                .loaded
                .iter()
                .map(|(path, loaded)| LoadedFile { path: path.clone(), digest: loaded.digest })
                .collect(),
            permissions: self.with_calls(as_granted(envelope.against(&declared), &runs), &runs)?,
            permitted: permitted(&runs),
            departed: departed(self.since_approval(tool, &runs)?),
            usage: self.usage(&tool.name, tool.digest)?,
        })
    }

    /// The observed behaviour of one run.
    ///
    /// # Errors
    /// `NotFound`; `Internal` for errors of the store. If the manifest is no longer available, the permissions are
    /// empty.
    pub fn behaviour_of_run(&self, id: RunId) -> Result<Behaviour, EngineError> {
        let run = self.engine.runs().record(id)?;
        let observation = self.observation(id)?;
        let mut alone = Envelope::default();
        let seen = observation.unwrap_or_else(|| Observation::off(unseen(&run)));
        alone.fold(id, &seen);
        let off = match &seen.observer {
            Observer::On => None,
            Observer::Off(reason) => Some(reason.clone()),
        };
        let of_run = std::slice::from_ref(&run);
        let lines = self.declared_by(&run).map(|declared| alone.against(&declared)).unwrap_or_default();
        Ok(Behaviour {
            run: Some(id),
            observed: alone.observed,
            unobserved: alone.unobserved,
            observer_off: off,
            enforced: enforced(of_run),
            reported: Reported::of(seen.attempts.clone(), seen.attempts_cut),
            loaded: seen.loaded.clone(),
            result: ResultEvidence::of(id, seen),
            permissions: self.with_calls(as_granted(lines, of_run), of_run)?,
            permitted: permitted(of_run),
            departed: departed(of_run),
            usage: Typical::of(&[run.usage]).filter(|_| run.outcome != RunOutcome::Running),
            tool: run.tool,
            version: run.version,
            digest: run.digest,
        })
    }

    /// Adds calls of other tools to the permission lines. These calls go through our own pipes, which no observer sees;
    /// each of them is a separate run.
    fn with_calls(&self, mut lines: Vec<PermissionLine>, runs: &[Run]) -> Result<Vec<PermissionLine>, EngineError> {
        for line in &mut lines {
            let Some(name) = line.permission.strip_prefix("run tool:") else { continue };
            let Ok(tool) = ToolName::new(name) else { continue };
            let mut callers = 0;
            for run in runs {
                let query =
                    RunQuery { tool: Some(tool.clone()), parent: Some(run.id), limit: 1, ..RunQuery::default() };
                callers += usize::from(!self.workspace.read(|q| Ok(q.runs(&query)?))?.is_empty());
            }
            if callers > 0 {
                line.verdict = PermissionUse::Used;
                line.seen = vec![format!("called in {}", count(callers, "run"))];
            }
        }
        Ok(lines)
    }

    /// The runs since the version was last approved: an approval accepts what was observed until then.
    fn since_approval<'a>(&self, tool: &Tool, runs: &'a [Run]) -> Result<&'a [Run], EngineError> {
        let approvals = self.workspace.read(|q| Ok(q.approvals_of(&tool.name)?))?;
        let Some(approval) = approvals.iter().find(|approval| approval.digest == tool.digest) else { return Ok(runs) };
        // Newest first.
        Ok(&runs[..runs.partition_point(|run| run.started_at >= approval.at)])
    }

    fn runs_of(&self, tool: &ToolName, digest: Digest) -> Result<Vec<Run>, EngineError> {
        let query =
            RunQuery { tool: Some(tool.clone()), digest: Some(digest), limit: RECENT_RUNS, ..RunQuery::default() };
        self.workspace.read(|q| Ok(q.runs(&query)?))
    }

    /// The newest of these runs with a stored observation.
    fn newest_observation(&self, runs: &[Run]) -> Result<Option<(RunId, Observation)>, EngineError> {
        for run in runs {
            if let Some(seen) = self.observation(run.id)? {
                return Ok(Some((run.id, seen)));
            }
        }
        Ok(None)
    }

    /// The permissions in the manifest of the version that ran; `None` when neither the workspace nor a kept copy has
    /// it.
    fn declared_by(&self, run: &Run) -> Option<Permissions> {
        let view = self.engine.library().around(&run.tool);
        let row = view.tools.iter().find(|tool| tool.name == run.tool && tool.digest == run.digest);
        if let Some(tool) = row {
            return self.engine.library().detail(tool).ok().map(|detail| detail.manifest.permissions);
        }
        let mut tool = Tool::clone(view.tools.iter().find(|tool| tool.name == run.tool)?);
        let row = self.workspace.read(|q| Ok(q.version(&run.tool, run.digest)?)).ok()??;
        tool.path = row.path;
        tool.placement = row.placement;
        let files = self.engine.versions().files(run.digest).ok()?;
        catalog::read_files(files, &tool).ok().map(|detail| detail.manifest.permissions)
    }
}

/// Number of these runs that had the declared permissions.
fn permitted(runs: &[Run]) -> u64 {
    let had = |run: &&Run| run.isolation.profile == Profile::Declared;
    runs.iter().filter(had).count() as u64
}

/// The permission lines, corrected for runs without the declared permissions: what was not granted could not be used.
fn as_granted(mut lines: Vec<PermissionLine>, runs: &[Run]) -> Vec<PermissionLine> {
    if permitted(runs) == 0 {
        for line in lines.iter_mut().filter(|line| line.verdict == PermissionUse::Unused) {
            line.verdict = PermissionUse::NotGranted;
        }
    }
    lines
}

/// Why nothing is known about a version, given its runs.
fn never(runs: &[Run]) -> &'static str {
    if runs.iter().any(|run| run.outcome.has_started()) {
        "none of its runs has an observation"
    } else {
        "it has never been run here"
    }
}

/// Why nothing is known about a run.
fn unseen(run: &Run) -> &'static str {
    match run.outcome {
        RunOutcome::Running => "it has not finished yet",
        RunOutcome::Refused | RunOutcome::InvalidInput | RunOutcome::SpawnFailed => "it never started",
        RunOutcome::Succeeded
        | RunOutcome::Failed
        | RunOutcome::TimedOut
        | RunOutcome::Cancelled
        | RunOutcome::Killed
        | RunOutcome::LimitExceeded
        | RunOutcome::InvalidOutput
        | RunOutcome::Interrupted => "it ran before observations were recorded",
    }
}

/// The sandbox layers of these runs; equal ones are counted together.
fn enforced(runs: &[Run]) -> Vec<Enforced> {
    let mut walls: Vec<Enforced> = Vec::new();
    for run in runs.iter().filter(|run| run.outcome.has_started()) {
        match walls.iter_mut().find(|wall| wall.isolation == run.isolation && wall.worker == run.worker) {
            Some(wall) => wall.runs += 1,
            None => walls.push(Enforced { isolation: run.isolation.clone(), runs: 1, worker: run.worker.clone() }),
        }
    }
    walls
}

fn departed(runs: &[Run]) -> Vec<Departed> {
    let marked = runs.iter().filter(|run| !run.departed.is_empty());
    marked.map(|run| Departed { run: run.id, did: run.departed.clone() }).collect()
}

impl ResultEvidence {
    fn of(run: RunId, seen: Observation) -> ResultEvidence {
        let Observation { changes, changes_cut, uncollected, .. } = seen;
        ResultEvidence { run: Some(run), changes, cut: changes_cut, uncollected }
    }

    fn nothing() -> ResultEvidence {
        ResultEvidence { run: None, changes: Vec::new(), cut: 0, uncollected: None }
    }
}

impl Reported {
    fn of(attempts: Vec<Attempt>, cut: u64) -> Reported {
        let attempts = attempts.into_iter().map(|attempt| Tried { attempt }).collect();
        Reported { may_be_incomplete: true, attempts, cut }
    }
}

impl Behaviour {
    /// The whole behaviour as text: declared compared with observed, then the three kinds of evidence.
    pub fn parts(&self) -> Vec<BehaviourPart> {
        vec![
            BehaviourPart { title: "Declared and observed", lines: self.permission_lines() },
            BehaviourPart { title: "Result: files before and after", lines: self.result_lines() },
            BehaviourPart { title: "Isolation in effect", lines: self.enforced_lines() },
            BehaviourPart { title: "Reported by the observer: may be incomplete", lines: self.reported_lines() },
        ]
    }

    /// The facts for a review: departures, permissions, programs and hosts, or that there is no observation.
    pub fn evidence(&self) -> Vec<EvidenceLine> {
        let mut lines = self.departed_lines();
        if self.enforced.is_empty() {
            // No run has started; another line about the runs says so.
            return lines;
        }
        if let Some(why) = &self.result.uncollected {
            lines.push(line(Weight::Warn, "files changed", format!("could not be collected: {why}")));
        }
        if let Some(reason) = &self.observer_off {
            lines.push(line(Weight::Warn, "observed in runs", format!("{}: {reason}", self.unknown())));
            return lines;
        }
        lines.extend(self.permissions.iter().map(|found| permission(found, self.compared())));
        for (label, kinds) in [
            ("programs started", &[Touch::Exec][..]),
            ("hosts contacted", &[Touch::Resolve, Touch::Connect, Touch::Listen]),
            ("forbidden", &[Touch::Forbidden]),
        ] {
            let seen: Vec<&Attempt> =
                self.reported.attempts.iter().map(|t| &t.attempt).filter(|a| kinds.contains(&a.touch)).collect();
            if !seen.is_empty() {
                let weight = if label == "forbidden" { Weight::Bad } else { Weight::Warn };
                lines.push(line(weight, label, examples(&seen)));
            }
        }
        lines.extend(self.loaded.iter().take(MOST_LOADED).map(loaded_line));
        if self.loaded.len() > MOST_LOADED {
            let text = format!("{} more files, see `behaviour`", self.loaded.len() - MOST_LOADED);
            lines.push(line(Weight::Warn, LOADED, text));
        }
        lines
    }

    /// Number of runs that were observed and had the declared permissions.
    fn compared(&self) -> u64 {
        self.observed.min(self.permitted)
    }

    /// The word for a missing observation. Before the first run, no observer can have been off.
    fn unknown(&self) -> &'static str {
        if self.unobserved > 0 { "observer off" } else { "unknown" }
    }

    fn departed_lines(&self) -> Vec<EvidenceLine> {
        let words = |departed: &Departed| {
            let text = format!("new behaviour in run {}: {}", departed.run, departed.did.join(", "));
            line(Weight::Bad, "outside its observed behaviour", text)
        };
        self.departed.iter().take(EXAMPLES).map(words).collect()
    }

    fn permission_lines(&self) -> Vec<EvidenceLine> {
        let mut lines = self.departed_lines();
        lines.extend(self.permissions.iter().map(|found| permission(found, self.compared())));
        if lines.is_empty() {
            let text = match &self.observer_off {
                Some(reason) if self.unobserved > 0 => format!("unknown, {}: {reason}", self.unknown()),
                Some(reason) => format!("{}: {reason}", self.unknown()),
                None => "no permissions declared, no undeclared access tried".to_owned(),
            };
            lines.push(line(Weight::Fact, "permissions", text));
        }
        lines
    }

    fn result_lines(&self) -> Vec<EvidenceLine> {
        let mut lines = Vec::new();
        if let (Some(run), None) = (self.result.run, self.run) {
            lines.push(line(Weight::Fact, "newest run", format!("{run}")));
        }
        lines.extend(self.result.changes.iter().map(|change| {
            line(
                Weight::Fact,
                change.difference.word(),
                format!("{} ({})", change.path, count(change.bytes as usize, "byte")),
            )
        }));
        if self.result.cut > 0 {
            lines.push(line(Weight::Warn, "not listed", count(self.result.cut as usize, "more difference")));
        }
        if let Some(why) = &self.result.uncollected {
            lines.push(line(Weight::Warn, "files", format!("could not be collected: {why}")));
        } else if self.result.changes.is_empty() {
            let text = match (&self.observer_off, self.result.run) {
                (Some(reason), _) => format!("no changes recorded: {reason}"),
                (None, Some(_)) => "no changes in the scratch folder and declared write paths".to_owned(),
                (None, None) => "no changes recorded".to_owned(),
            };
            lines.push(line(Weight::Fact, "files", text));
        }
        lines
    }

    fn enforced_lines(&self) -> Vec<EvidenceLine> {
        if self.enforced.is_empty() {
            return vec![line(Weight::Warn, "isolation", "no run yet")];
        }
        let mut lines = Vec::new();
        for wall in &self.enforced {
            let Isolation { level, profile, layers, missing } = &wall.isolation;
            let runs =
                if self.run.is_some() { String::new() } else { format!("{}, ", count(wall.runs as usize, "run")) };
            let text = format!("{runs}profile {profile}; in force: {}", or_none(layers));
            lines.push(line(level_weight(*level), level.meaning(), text));
            if !missing.is_empty() {
                lines.push(line(Weight::Warn, "missing", missing.join(", ")));
            }
            if let Some(worker) = &wall.worker {
                let text =
                    format!("worker {worker} reports this, and what these runs did; this machine did not see it");
                lines.push(line(Weight::Warn, "worker", text));
            }
        }
        lines
    }

    fn reported_lines(&self) -> Vec<EvidenceLine> {
        if let Some(reason) = &self.observer_off {
            return vec![line(Weight::Warn, self.unknown(), reason)];
        }
        let mut lines = Vec::new();
        if self.run.is_none() {
            let text = format!("{} observed, {} not", self.observed, self.unobserved);
            lines.push(line(if self.unobserved > 0 { Weight::Warn } else { Weight::Fact }, "runs", text));
        }
        lines.extend(self.reported.attempts.iter().map(|tried| self.tried(&tried.attempt)));
        lines.extend(self.loaded.iter().map(loaded_line));
        if self.reported.cut > 0 {
            lines.push(line(Weight::Warn, "not listed", count(self.reported.cut as usize, "more attempt")));
        }
        if self.reported.attempts.is_empty() {
            lines.push(line(Weight::Fact, "attempts", "none beyond those of its interpreter"));
        }
        lines
    }

    fn tried(&self, attempt: &Attempt) -> EvidenceLine {
        let weight = match (attempt.touch, attempt.answer) {
            (Touch::Forbidden, _) => Weight::Bad,
            (_, Answer::Denied) => Weight::Warn,
            (_, Answer::Allowed | Answer::Missing) => Weight::Fact,
        };
        let often = match (self.run, attempt.count) {
            (_, 0..=1) => String::new(),
            (Some(_), count) => format!(", {count} times"),
            (None, count) => format!(", in {count} runs"),
        };
        line(weight, attempt.touch.word(), format!("{} ({}{often})", attempt.target, attempt.answer))
    }
}

/// A file that was loaded as code.
fn loaded_line(file: &LoadedFile) -> EvidenceLine {
    let text = format!("{} ({}), not part of this version", file.path, file.digest.short());
    line(Weight::Warn, LOADED, text)
}

/// The weight of an isolation level.
pub(super) fn level_weight(level: IsolationLevel) -> Weight {
    match level {
        IsolationLevel::Isolated => Weight::Good,
        IsolationLevel::Confined => Weight::Fact,
        IsolationLevel::LimitsOnly | IsolationLevel::None => Weight::Warn,
    }
}

fn examples(seen: &[&Attempt]) -> String {
    let named: Vec<&str> = seen.iter().take(EXAMPLES).map(|attempt| attempt.target.as_str()).collect();
    let more = match seen.len().saturating_sub(EXAMPLES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", named.join(", "))
}

fn or_none(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn line(weight: Weight, label: &str, text: impl Into<String>) -> EvidenceLine {
    EvidenceLine { weight, label: label.to_owned(), text: text.into() }
}
