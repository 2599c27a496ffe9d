//! Runs: from a request to a record.
//!
//! A run row exists before its process does, and its end is written by the thread that watched it. While any run of
//! this process is alive, one `keeper` thread renews its leases. `admission` decides what may run.

use super::drifted::end_of;
use super::hidden;
use super::inputs::stored_input;
use super::interpreters::sources_of;
use super::keeper::{LEASE_MS, keep};
use super::live_runs::Live;
use super::occasion::{InputFrom, Occasion};
use super::permits::demand_permit;
use super::service_start::{SERVICE_LEASE_MS, ServiceHooks};
use super::staged::Ending;
use super::start_with::{Prepared, StartWith};
use super::workers::running_on;
use crate::domain::composite::MOST_DEPTH;
use crate::domain::{
    Caller, Isolation, IsolationLevel, Kind, Observation, Permissions, Profile, Redactor, ReviewId, Run, RunEnd, RunId,
    RunOutcome, RunUsage, Sample, Secret, Stage, Tool, ToolDetail,
};
use crate::engine::Engine;
use crate::engine::Runs;
use crate::engine::clock::now;
use crate::engine::core::{self, RunPolicy};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::lock;
use crate::engine::owner::{owner_alive, serves_agents};
use crate::engine::settings::secrets::{self, SecretSource};
use crate::engine::view::RunRequest;
use crate::runner::{self, Report, RunEnvironment, Running};
use crate::store::{FinishedRun, NewRun, RunningRow, Tx};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A run that was started by this process.
pub struct RunHandle {
    /// Number of the recorded run.
    pub id: RunId,
    /// A warning for a human.
    pub warning: Option<String>,
    /// The review that asks a human to permit this run, if it was refused because of that.
    pub asked: Option<ReviewId>,
    engine: Engine,
    running: Option<Running>,
    verified: Arc<OnceLock<IsolationLevel>>,
}

impl RunHandle {
    /// Asks it to stop: TERM to its process group, KILL after a grace time.
    pub fn cancel(&self) {
        if let Some(running) = &self.running {
            running.cancel();
        }
    }

    /// Kills it without grace time.
    pub fn kill(&self) {
        if let Some(running) = &self.running {
            running.canceller().kill();
        }
    }

    /// The newest output; `None` for a run that never started.
    pub fn tail(&self) -> Option<Arc<runner::Tail>> {
        self.running.as_ref().map(Running::tail)
    }

    /// Counts up whenever there is more output or the run ended.
    pub fn changed(&self) -> Option<tokio::sync::watch::Receiver<u64>> {
        self.running.as_ref().map(Running::changed)
    }

    /// Its present resource use, a few times a second; `None` for a run that never started.
    pub fn samples(&self) -> Option<tokio::sync::watch::Receiver<Sample>> {
        self.running.as_ref().map(Running::samples)
    }

    /// Its isolation, filled when it was verified: right before the first instruction of the tool.
    pub fn verified(&self) -> Arc<OnceLock<IsolationLevel>> {
        self.verified.clone()
    }

    /// Waits for its end and returns its record.
    ///
    /// # Errors
    /// `Internal` when the end could not be written.
    pub fn wait(self) -> Result<Run, EngineError> {
        if let Some(running) = self.running {
            running.wait();
        }
        self.engine.runs().record(self.id)
    }
}

/// What a run needs before it may start.
pub(super) struct Ready {
    pub(super) detail: ToolDetail,
    pub(super) profile: Profile,
    pub(super) warning: Option<String>,
    pub(super) occasion: Occasion,
    pub(super) with: StartWith,
}

impl Runs<'_> {
    /// Starts a run. A run that the policy refuses, or with invalid input, is recorded too: its handle has no process,
    /// and its record states the reason.
    ///
    /// # Errors
    /// `Conflict` if the tool's files changed since the row was read; `Internal` for problems with the state folder.
    pub fn start(&self, request: &RunRequest, caller: &Caller) -> Result<RunHandle, EngineError> {
        self.start_with(request, caller, InputFrom::Asker)
    }

    /// [`Self::start`] with the rules for an experimental tool, whatever the tool declares and was granted: it writes
    /// no files and has no network.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub fn start_strictly(&self, request: &RunRequest, caller: &Caller) -> Result<RunHandle, EngineError> {
        self.start_with(request, caller, Occasion { is_strict: true, ..Occasion::default() })
    }

    /// [`Self::start`] for another reason than a user's request.
    pub(super) fn start_with(
        &self,
        request: &RunRequest,
        caller: &Caller,
        occasion: impl Into<Occasion>,
    ) -> Result<RunHandle, EngineError> {
        if let Some(worker) = &request.worker {
            self.may_name_worker(worker, caller)?;
        }
        let mut occasion = Occasion { worker: request.worker.clone(), ..occasion.into() };
        let tool = self.engine.versions().followed(&request.tool, caller)?;
        let request = &self.gone_on_with(RunRequest { tool, ..request.clone() })?;
        if request.tool.kind == Kind::Service {
            let name = &request.tool.name;
            let hint = format!("`toolsmith launch {name}` launches an instance of it");
            return Err(EngineError::new(ErrorCode::Usage, format!("{name} is a service"), hint));
        }
        let detail = self.engine.library().detail(&request.tool)?;
        if detail.tool.digest != request.tool.digest {
            return Err(EngineError::new(
                ErrorCode::Conflict,
                format!("{} changed on disk a moment ago", request.tool.name),
                "read the new version, then run it",
            ));
        }
        let policy = match occasion.depth() {
            0..=MOST_DEPTH => self.may_run_so_long(&detail, request.timeout, caller)?,
            _ => too_deep(),
        };
        let (policy, asked) = self.permitted(policy, request, (&detail, caller), &mut occasion)?;
        match policy {
            RunPolicy::Ask { message, .. } | RunPolicy::Refuse { message, .. } => {
                let input = stored_input(request, &detail, &self.known_secrets());
                let handle = self.over(&request.tool, caller, (&input, &occasion), RunEnd::Refused { message })?;
                Ok(RunHandle { asked, ..handle })
            }
            RunPolicy::Allow { profile, warning } => {
                let before = self.engine.failures().warning_before(&request.tool, request.input.as_ref())?;
                let said = [self.engine.versions().used_instead(&request.tool), warning, before];
                let said: Vec<String> = said.into_iter().flatten().collect();
                let warning = (!said.is_empty()).then(|| said.join("; "));
                let profile = occasion.bounded(profile);
                let again = Occasion { permit: None, ..occasion.clone() };
                let permit = occasion.permit;
                let ready = Ready { detail, profile, warning, occasion, with: StartWith::Nothing };
                match (self.start_by_kind(request, caller, ready), permit) {
                    // Another run was faster: a human is asked again.
                    (Err(_), Some(permit)) if self.lost(permit, &request.tool)? => {
                        self.start_with(request, caller, again)
                    }
                    (started, _) => started,
                }
            }
        }
    }

    /// Finds the user's secrets in the record of a run that gets none. No program is started for that.
    pub(super) fn known_secrets(&self) -> Redactor {
        let (sources, programs) = (&self.workspace.settings.secrets, &self.workspace.programs);
        let at_hand = sources.iter().filter(|(_, source)| !matches!(source, SecretSource::Command { .. }));
        let known: Vec<(&str, Secret)> =
            at_hand.filter_map(|(name, source)| Some((name.as_str(), source.value(programs).ok()?))).collect();
        Redactor::new(known.iter().map(|(name, secret)| (*name, secret)))
    }

    /// Records a run that never starts.
    pub(super) fn over(
        &self,
        tool: &Tool,
        caller: &Caller,
        (input, occasion): (&str, &Occasion),
        end: RunEnd,
    ) -> Result<RunHandle, EngineError> {
        let id = self.open_with((tool, Profile::Strict), caller, input, (occasion, LEASE_MS))?;
        self.close(id, &ended(end, Profile::Strict))?;
        Ok(self.handle(id, None, None))
    }

    /// The handle of a run of this process.
    pub(super) fn handle(&self, id: RunId, warning: Option<String>, running: Option<Running>) -> RunHandle {
        RunHandle { id, warning, asked: None, engine: self.engine.clone(), running, verified: Arc::default() }
    }

    /// Starts a run that the policy allows.
    pub(super) fn launch(
        &self,
        request: &RunRequest,
        caller: &Caller,
        mut ready: Ready,
    ) -> Result<RunHandle, EngineError> {
        let (given, lacking) = match self.undoubted().and_then(|()| self.given(&ready)) {
            Ok(given) => (given, None),
            Err(end) => (RunEnvironment::default(), Some(end)),
        };
        let version_dir = self.workspace.copies.put(request.tool.digest, &ready.detail.files)?;
        let input = stored_input(request, &ready.detail, given.redactor());
        let lease = if ready.with.is_service() { SERVICE_LEASE_MS } else { LEASE_MS };
        let id = self.open_with((&request.tool, ready.profile), caller, &input, (&ready.occasion, lease))?;
        let scratch = self.scratch_path(id);
        std::fs::create_dir_all(&scratch).map_err(EngineError::internal)?;
        let kept = self.archive_for(&ready.detail, ready.profile)?;
        self.put_call_modules(&ready.detail)?;
        let wish = runner::StartRequest {
            manifest: &ready.detail.manifest,
            version_dir: &version_dir,
            files: &ready.detail.files,
            workspace: self.workspace.folder(),
            scratch: &scratch,
            input: request.input.as_ref(),
            timeout: request.timeout,
            usual_timeout: self.usual_timeout(&ready).or(ready.with.patience()),
            profile: ready.profile,
            writes: self.write_mode(ready.detail.tool.stage),
            ours: &self.ours(),
            spool: &self.spool_path(id),
            origin: &self.origin(&ready.detail.tool),
            given: &given,
            interpreters: &self.workspace.interpreters,
            sources: sources_of(ready.detail.tool.stage),
            machine: &self.workspace.machine,
            least: self.workspace.settings.least_isolation(ready.detail.tool.stage),
            observe: self.workspace.settings.observe,
            state: &self.workspace.state_dir,
            staged: &self.engine.staged_writes().path(id),
            kept: kept.as_deref(),
            environments: &self.workspace.options.home.environments(),
        };
        let with = std::mem::replace(&mut ready.with, StartWith::Nothing);
        let prepared = lacking.map_or_else(|| with.prepare(&wish), Err);
        let prepared = prepared.and_then(|prepared| self.offer_calls(prepared, &ready, caller, id));
        let verified = Arc::default();
        let facts = prepared.as_ref().ok().and_then(|prepared| prepared.start.here()?.interpreter());
        let changed =
            self.engine.dependencies().note_of_interpreter(&ready.detail.tool, facts).unwrap_or_else(|error| {
                self.workspace.report_trouble::<()>(Err(error));
                None
            });
        let warning = ready.warning.into_iter().chain(changed.clone()).reduce(|all, one| format!("{all}; {one}"));
        let running = match prepared {
            Ok(mut prepared) => {
                if let runner::Start::Here(spec) = &mut prepared.start {
                    let told = self.workspace.baselines.tell(spec);
                    self.workspace.report_trouble(told.map_err(EngineError::internal));
                }
                let relative = hidden::relative_path(self.workspace.folder(), request.input.as_ref());
                Some(self.spawn(&ready.detail, caller, (id, &verified), (prepared, changed, relative)))
            }
            Err(end) => {
                let end = end.with_text(|text| given.redactor().text(text));
                let declared = ready.detail.manifest.permissions.clone();
                let mut end = FinishedRun { declared, ..ended(end, ready.profile) };
                end.notes.extend(self.withheld(&ready.detail.tool, &end, None));
                self.close(id, &end)?;
                None
            }
        };
        Ok(RunHandle { id, warning, asked: None, engine: self.engine.clone(), running, verified })
    }

    /// Refuses to run if the user's requirements for runs are unknown.
    fn undoubted(&self) -> Result<(), RunEnd> {
        let fault = self.workspace.settings.fault.clone();
        fault.map_or(Ok(()), |message| Err(RunEnd::Uncontained { message }))
    }

    /// Paths that are never granted to a run: our folders, and the files of the user's secrets.
    pub(in crate::engine) fn ours(&self) -> Vec<PathBuf> {
        let home = &self.workspace.options.home;
        [&home.config, &home.data].into_iter().chain(self.workspace.settings.secret_files()).cloned().collect()
    }

    /// What a run gets by name.
    fn given(&self, ready: &Ready) -> Result<RunEnvironment, RunEnd> {
        match ready.profile {
            Profile::Strict => Ok(RunEnvironment::default()),
            Profile::Declared => {
                let declared = &ready.detail.manifest.permissions.env;
                Ok(RunEnvironment::gather(
                    declared,
                    secrets::gather(declared, &self.workspace.settings.secrets, &self.workspace.programs)?,
                ))
            }
        }
    }

    /// The folder to which the paths of a version's files are relative.
    pub(in crate::engine) fn origin(&self, tool: &Tool) -> PathBuf {
        self.workspace.folder().join(&tool.placement.base)
    }

    /// The user's limit for the stage; a strict run has the limit of an experimental tool, whatever its stage.
    fn usual_timeout(&self, ready: &Ready) -> Option<Duration> {
        self.workspace.settings.timeout(match ready.profile {
            Profile::Strict => Stage::Experimental,
            Profile::Declared => ready.detail.tool.stage,
        })
    }

    fn spawn(
        &self,
        detail: &ToolDetail,
        caller: &Caller,
        (id, verified): (RunId, &Arc<OnceLock<IsolationLevel>>),
        (prepared, note, relative): (Prepared, Option<String>, Option<String>),
    ) -> Running {
        let Prepared { start, hooks, notes, is_service, calls } = prepared;
        let (on_service, on_output, on_service_end) = match hooks {
            Some(ServiceHooks { begins, output, ends }) => (Some(begins), Some(output), Some(ends)),
            None => (None, None, None),
        };
        let (starter, keeper, ender) = (self.engine.clone(), self.engine.clone(), self.engine.clone());
        let verified = verified.clone();
        let (tool, who, write) =
            (detail.tool.name.clone(), caller.identity(), start.here().map(|spec| spec.grants().write.clone()));
        let (declared, row) = (detail.manifest.permissions.clone(), detail.tool.clone());
        let interpreter = start.here().and_then(|spec| spec.interpreter().cloned());
        // The live entry must exist before the process can end, so the lock is held until then.
        let mut live = lock(&self.state.live);
        let running = runner::start(
            start,
            runner::Hooks {
                on_start: Box::new(move |started| {
                    let written = starter.workspace.transact(|tx| {
                        if let Some(facts) = interpreter.as_ref().or(started.interpreter.as_ref()) {
                            tx.set_run_interpreter(id, facts)?;
                        }
                        Ok(tx.set_run_pid(id, started.pid, Some(started.since))?)
                    });
                    starter.workspace.report_trouble(written);
                }),
                on_isolated: Box::new(move |isolation| {
                    verified.get_or_init(|| isolation.level);
                    let written = keeper.workspace.transact(|tx| Ok(tx.set_run_isolation(id, isolation)?));
                    keeper.workspace.report_trouble(written);
                    if let Some(tell) = on_service {
                        tell();
                    }
                }),
                on_output,
                on_end: Box::new(move |report| {
                    if let Some(calls) = calls {
                        calls.end(&ender);
                    }
                    let mut finished = FinishedRun { declared, ..finished(report) };
                    finished.end = end_of(&row, finished.end);
                    finished.notes.extend(note);
                    finished.notes.extend(notes());
                    finished.notes.extend(ender.runs().withheld(&row, &finished, relative.as_deref()));
                    let failed = finished.end.outcome().is_failure();
                    let written = match &report.staged {
                        None => ender.runs().close(id, &finished),
                        Some(staged) => {
                            let write = write.as_deref().unwrap_or_default();
                            let ending = Ending { run: id, tool: &tool, who: &who, write, staged };
                            ender.staged_writes().settle(&ending, finished)
                        }
                    };
                    lock(&ender.states.live_runs.live).remove(&id);
                    ender.workspace.report_trouble(written);
                    ender.workspace.report_trouble(ender.runs().ask_about_drift(&row, &report.end));
                    ender.versions().offer_rollback(&row, failed);
                    if let Some(tell) = on_service_end {
                        tell(report);
                    }
                }),
            },
        );
        live.insert(id, Live { cancel: running.canceller(), who: caller.clone() });
        drop(live);
        if !is_service {
            // The keeper of a service manages its run itself.
            keep(self.engine);
        }
        running
    }

    #[cfg(test)]
    pub(super) fn open(
        &self,
        tool: &Tool,
        profile: Profile,
        caller: &Caller,
        input: &str,
    ) -> Result<RunId, EngineError> {
        self.open_with((tool, profile), caller, input, (&Occasion::default(), LEASE_MS))
    }

    pub(super) fn open_with(
        &self,
        (tool, profile): (&Tool, Profile),
        caller: &Caller,
        input: &str,
        (occasion, lease_ms): (&Occasion, i64),
    ) -> Result<RunId, EngineError> {
        let at = now();
        self.workspace.transact(|tx| {
            if let Some(worker) = &occasion.worker {
                self.worker_is_full(worker, running_on(tx, worker)?)?;
            }
            let id = tx.start_run(&NewRun {
                tool: tool.name.clone(),
                version: tool.version.clone(),
                digest: tool.digest,
                stage: tool.stage,
                caller: caller.word().to_owned(),
                input: input.to_owned(),
                isolation: runner::isolation(profile),
                owner: self.workspace.owner.clone(),
                lease_until: crate::domain::Instant(at.0 + lease_ms),
                remember_input: matches!((caller, occasion.input), (Caller::Human(_), InputFrom::Asker))
                    && !input.is_empty(),
                parent: occasion.parent.as_ref().map(|parent| (parent.run, parent.step.clone())),
                worker: occasion.worker.clone(),
            })?;
            if let Some(permit) = occasion.permit {
                demand_permit(tx, permit, id, at)?;
            }
            // Numbers restart if the database was deleted. This is done before the number is assigned permanently, so
            // that the run never has the output of an older one.
            self.vacate(id)?;
            Ok(id)
        })
    }

    /// What a run did not get because its version is not approved, or declares nothing, if that may be why it failed.
    /// `relative` is a path in its input.
    fn withheld(&self, tool: &Tool, finished: &FinishedRun, relative: Option<&str>) -> Option<String> {
        let (outcome, declared) = (finished.end.outcome(), &finished.declared);
        let may_be_why = outcome.is_failure() || outcome == RunOutcome::Refused;
        if declared.is_nothing() {
            return hidden::note(self.workspace.folder(), tool, finished, relative);
        }
        if finished.isolation.profile != Profile::Strict || !may_be_why {
            return None;
        }
        // A note that cannot be made is left out; the end of the run is written in any case.
        if self.engine.integrity().approved(tool).unwrap_or(true) {
            return None;
        }
        let reviews = self.engine.reviews().waiting_for(&tool.name).unwrap_or_default();
        let review = reviews.first().map(|review| format!("; `toolsmith review {}` shows it", review.id));
        let (declared, review) = (declared.summary(), review.unwrap_or_default());
        Some(format!("it is not approved, so it ran without what it declares: {declared}{review}"))
    }

    /// Writes the end of a run.
    pub(super) fn close(&self, id: RunId, finished: &FinishedRun) -> Result<(), EngineError> {
        self.close_with(id, finished, |_| Ok(()))
    }

    /// Writes the end of a run and what follows from it, in one transaction.
    pub(super) fn close_with<T>(
        &self,
        id: RunId,
        finished: &FinishedRun,
        then: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let written = self.workspace.transact(|tx| {
            core::end_run(tx, id, finished)?;
            then(tx)
        });
        runner::clear(&self.scratch_path(id)).map_err(EngineError::internal)?;
        written
    }

    /// Ends the records of runs whose owner died, and their remaining processes.
    pub(in crate::engine) fn interrupt_orphans(&self) -> Result<(), EngineError> {
        let at = now();
        if self.workspace.viewing().is_some() {
            // A copy of the state cannot tell whether they are orphans, and cannot be written.
            return Ok(());
        }
        for row in self.workspace.read(|q| Ok(q.running()?))? {
            let expired = row.lease_until < at && row.owner != self.workspace.owner;
            if owner_alive(&row.owner) && !expired {
                continue;
            }
            if let (Some(pid), Some(started)) = (row.pid, row.pid_started) {
                runner::kill_group(pid, started);
            }
            runner::sweep(&self.scratch_path(row.run));
            runner::discard(&self.engine.staged_writes().path(row.run));
            // What was verified during the run stays true.
            let record = self.record(row.run)?;
            let isolation = record.isolation;
            let observation = Some(Observation::off("its observer process died"));
            // A run of an agent ends with its connection, whichever of both ended first; nobody waits for it.
            let was_cancelled = row.cancel_asked || serves_agents(&row.owner);
            let end = if was_cancelled { RunEnd::Cancelled } else { RunEnd::Interrupted };
            let end = ended(end, isolation.profile);
            let last_seen = self.last_sign_of_life(&row, at);
            let duration_ms = u64::try_from(last_seen.saturating_sub(record.started_at.0)).unwrap_or(0);
            let end = FinishedRun { isolation, observation, usage: RunUsage { duration_ms, ..end.usage }, ..end };
            self.close(row.run, &end)?;
        }
        Ok(())
    }

    /// When a run with a dead owner was last seen: when its lease was renewed, or when it wrote output.
    fn last_sign_of_life(&self, row: &RunningRow, at: crate::domain::Instant) -> i64 {
        // The lease of a service lasts for years and is never renewed.
        let renewed = Some(row.lease_until.0.saturating_sub(LEASE_MS)).filter(|renewed| *renewed <= at.0);
        let wrote = self.spool_path(row.run).metadata().and_then(|facts| facts.modified()).ok();
        let wrote = wrote.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let wrote = wrote.and_then(|since| i64::try_from(since.as_millis()).ok());
        renewed.max(wrote).unwrap_or(0).min(at.0)
    }

    /// Removes files of an older run with this number.
    fn vacate(&self, id: RunId) -> Result<(), EngineError> {
        let left = |error: std::io::Error| {
            EngineError::internal(format!(
                "files of the older run {id} cannot be removed from the state folder: {error}"
            ))
        };
        runner::Spool::remove(&self.spool_path(id)).map_err(left)?;
        runner::clear(&self.scratch_path(id)).map_err(left)?;
        runner::clear(&self.engine.staged_writes().path(id)).map_err(left)
    }

    /// The spool file of a run.
    pub fn spool_path(&self, run: RunId) -> PathBuf {
        self.workspace.state_dir.join("runs").join(format!("{run}.spool"))
    }

    fn scratch_path(&self, run: RunId) -> PathBuf {
        self.workspace.state_dir.join("scratch").join(run.to_string())
    }
}

fn too_deep() -> RunPolicy {
    let message =
        format!("calls are nested deeper than {MOST_DEPTH}: a tool that calls tools was called by too many others");
    RunPolicy::Refuse { code: ErrorCode::Refused, message }
}

/// The end of a run without a process, or whose end was not observed.
pub(super) fn ended(end: RunEnd, profile: Profile) -> FinishedRun {
    let missing = match &end {
        RunEnd::Uncontained { message } => vec![message.clone()],
        _ => Vec::new(),
    };
    FinishedRun {
        end,
        usage: RunUsage::default(),
        isolation: Isolation { level: IsolationLevel::None, profile, layers: Vec::new(), missing },
        truncated: false,
        notes: Vec::new(),
        observation: None,
        departed: Vec::new(),
        declared: Permissions::default(),
    }
}

pub(super) fn finished(report: &Report) -> FinishedRun {
    FinishedRun {
        end: report.end.clone(),
        usage: report.usage,
        isolation: report.isolation.clone(),
        truncated: report.truncated,
        notes: report.notes.clone(),
        // A run that never started has no observable behaviour.
        observation: report.end.outcome().has_started().then(|| report.observation.clone()),
        departed: Vec::new(),
        declared: Permissions::default(),
    }
}
