//! The far side of a run on a worker: this program, started there as `serve-run`. It has its own store for the files of
//! versions, by digest, and executes runs as a local machine does: the same preparation, the same supervisor.
//!
//! Policy, approval, secrets, the record and redaction are on the near side. The far side verifies that the files match
//! the digest, and that the isolation is at least what both sides require.

use super::far_versions::{VersionInUse, keep_in_use, tidy};
use super::interpreters::sources_of;
use crate::domain::{Digest, IsolationLevel, Profile, RunEnd, VersionFile, WriteMode};
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::settings::Settings;
use crate::engine::state::exposure;
use crate::engine::state::home::Home;
use crate::engine::workspace::programs;
use crate::outside::Asker;
use crate::runner::{
    self, Baselines, Interpreters, Machine, WorkerFacts, WorkerRequest, WorkerRun, WorkerSession, WorkerTrials,
};
use crate::store::Copies;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// The folder of the far side, in the user's data folder.
const FOLDER: &str = "worker";

/// What the far side needs to execute runs.
struct FarSide {
    home: Home,
    dir: PathBuf,
    workspace: PathBuf,
    settings: Settings,
    machine: Machine,
    interpreters: Interpreters,
}

/// Serves one near side on these streams: describes this machine, and executes a run.
///
/// # Errors
/// `Usage` if there is no peer, `Internal` for problems with the folders of this machine.
pub fn serve_run(home: Home, asker: Asker, streams: (OwnedFd, OwnedFd)) -> Result<(), EngineError> {
    let far = FarSide::open(home, asker)?;
    let request = WorkerSession::accept(streams, |with_languages| far.facts(with_languages)).map_err(|error| {
        let hint = "it answers another Toolsmith: `toolsmith run TOOL --on WORKER` starts it";
        EngineError::new(ErrorCode::Usage, format!("no request could be read: {error}"), hint)
    })?;
    match request {
        WorkerRequest::Answered => Ok(()),
        WorkerRequest::OtherVersion(version) => {
            let message = format!("the other side has Toolsmith {version}, this one has {}", env!("CARGO_PKG_VERSION"));
            Err(EngineError::new(ErrorCode::Refused, message, "install the same version on both machines"))
        }
        WorkerRequest::Run(session, run) => far.carry_out(*session, &run),
        WorkerRequest::Trials(session, trials) => far.make_trials(*session, &trials),
    }
}

impl FarSide {
    fn open(home: Home, asker: Asker) -> Result<FarSide, EngineError> {
        let dir = home.data.join(FOLDER);
        // Empty, so that tools of this machine's workspaces cannot be accessed.
        let workspace = dir.join("workspace");
        std::fs::create_dir_all(&workspace).map_err(EngineError::internal)?;
        // Folders that were open to other users are closed now. Files that others changed before no longer match their
        // digest.
        if let Some(error) =
            exposure::close_to_others(&home.data, &dir).filter(|error| error.code == ErrorCode::Internal)
        {
            return Err(error);
        }
        let (settings, _) = Settings::load(&workspace, &home);
        let programs = Arc::new(programs(&workspace, &home, &settings, asker));
        let machine = Machine::new(settings.bubblewrap.clone(), None)
            .remembering(home.data.join("bubblewrap-works"))
            .finding(Arc::clone(&programs))
            .keeping_nothing();
        Ok(FarSide { home, dir, workspace, settings, machine, interpreters: Interpreters::new(programs) })
    }

    fn facts(&self, with_languages: bool) -> WorkerFacts {
        let isolation = self.machine.level();
        let missing = |layer: runner::LayerFact| {
            let why = layer.state.err()?;
            Some(format!("{}; {}", why.message, why.hint))
        };
        let why = if isolation == IsolationLevel::Isolated {
            None
        } else {
            self.machine.layers().into_iter().find_map(missing)
        };
        let languages = if with_languages {
            let all = runner::interpreters(&self.workspace, &self.interpreters);
            let found = all.into_iter().filter_map(|language| Some((language.name, language.found.ok()?.version)));
            found.map(|(name, version)| format!("{name} {version}")).collect()
        } else {
            Vec::new()
        };
        WorkerFacts { isolation, why: why.unwrap_or_default(), languages }
    }

    fn carry_out(&self, mut session: WorkerSession, run: &WorkerRun) -> Result<(), EngineError> {
        let (files, version) = match self.kept(&mut session, run.digest)? {
            Ok(kept) => kept,
            Err(end) => return told(session.refuse(end)),
        };
        let scratch = self.scratch()?;
        let carried_out = match self.prepare(run, (&files, &version.folder), &scratch) {
            Ok(spec) => session.perform(spec),
            Err(end) => session.refuse(end),
        };
        runner::clear(&scratch).map_err(EngineError::internal)?;
        told(carried_out)
    }

    /// Makes trials for checks: starts without any permission.
    fn make_trials(&self, mut session: WorkerSession, trials: &WorkerTrials) -> Result<(), EngineError> {
        let (files, version) = match self.kept(&mut session, trials.digest)? {
            Ok(kept) => kept,
            Err(end) => return told(session.refuse(end)),
        };
        let scratch = self.scratch()?;
        let made = match self.prepare_trials(trials, (&files, &version.folder), &scratch) {
            Ok(batch) => session.make_trials(|stop| batch.make(Instant::now() + trials.patience, stop)),
            Err(end) => session.refuse(end),
        };
        runner::clear(&scratch).map_err(EngineError::internal)?;
        told(made)
    }

    /// The files of a version, and the folder that keeps them while they are used; the inner error states why they
    /// cannot be kept. Older versions are removed to make room.
    fn kept(
        &self,
        session: &mut WorkerSession,
        digest: Digest,
    ) -> Result<Result<(Vec<VersionFile>, VersionInUse), RunEnd>, EngineError> {
        let copies = Copies::new(&self.dir);
        let known = copies.get(digest);
        let is_new = known.is_err();
        let files = match known {
            Ok(files) => files,
            Err(_) => session.files().map_err(|error| {
                EngineError::new(ErrorCode::Failed, format!("the files did not arrive: {error}"), "run it again")
            })?,
        };
        let in_use = match keep_in_use(&copies, digest, &files) {
            Ok(in_use) => in_use,
            Err(error) => return Ok(Err(refused(digest, &error.to_string()))),
        };
        if is_new {
            // A version that cannot be removed does no harm.
            let _ = tidy(&copies);
        }
        Ok(Ok((files, in_use)))
    }

    fn prepare_trials(
        &self,
        trials: &WorkerTrials,
        (files, version_dir): (&[VersionFile], &Path),
        scratch: &Path,
    ) -> Result<runner::Batch, RunEnd> {
        if let Some(message) = self.settings.fault.clone() {
            return Err(RunEnd::Uncontained { message });
        }
        let ours = self.ours();
        let request = runner::StartRequest {
            manifest: &trials.manifest,
            version_dir,
            files,
            workspace: &self.workspace,
            scratch,
            input: None,
            timeout: trials.timeout,
            usual_timeout: trials.usual_timeout,
            profile: Profile::Strict,
            writes: WriteMode::Staged,
            ours: &ours,
            spool: &self.dir.join("no-spool"),
            origin: version_dir,
            given: &runner::RunEnvironment::default(),
            interpreters: &self.interpreters,
            // The check examines what an approval would cover.
            sources: runner::Sources::System,
            machine: &self.machine,
            least: trials.least.min(self.settings.least_isolation(trials.stage)),
            observe: true,
            state: &self.dir,
            staged: &self.dir.join("no-writes"),
            kept: None,
            environments: &self.home.environments(),
        };
        let mut batch = runner::prepare_batch(&request, &trials.inputs, trials.pace)?.with_samples(&trials.samples);
        // Without it, the standard behaviour of the interpreter is reported, too.
        let _ = batch.learn(&Baselines::new(self.dir.join("baselines")));
        Ok(batch)
    }

    /// Paths that no run may see.
    fn ours(&self) -> Vec<PathBuf> {
        [&self.home.config, &self.home.data].into_iter().chain(self.settings.secret_files()).cloned().collect()
    }

    fn prepare(
        &self,
        run: &WorkerRun,
        (files, version_dir): (&[VersionFile], &Path),
        scratch: &Path,
    ) -> Result<runner::Spec, RunEnd> {
        if let Some(message) = self.settings.fault.clone() {
            return Err(RunEnd::Uncontained { message });
        }
        let given = run.environment()?;
        let ours = self.ours();
        let mut spec = runner::prepare(&runner::StartRequest {
            manifest: &run.manifest,
            version_dir,
            files,
            workspace: &self.workspace,
            scratch,
            input: run.input.as_ref(),
            timeout: run.timeout,
            usual_timeout: run.usual_timeout,
            profile: run.profile,
            writes: WriteMode::Staged,
            ours: &ours,
            spool: &self.dir.join("no-spool"),
            origin: version_dir,
            given: &given,
            interpreters: &self.interpreters,
            sources: sources_of(run.stage),
            machine: &self.machine,
            // The stronger of both requirements: levels are ordered, strongest first.
            least: run.least.min(self.settings.least_isolation(run.stage)),
            observe: run.observe,
            state: &self.dir,
            staged: &self.dir.join("no-writes"),
            kept: None,
            environments: &self.home.environments(),
        })?;
        // Without it, the standard behaviour of the interpreter is reported, too.
        let _ = Baselines::new(self.dir.join("baselines")).tell(&mut spec);
        Ok(spec)
    }

    /// A new folder for a run. Folders of killed runs are removed.
    fn scratch(&self) -> Result<PathBuf, EngineError> {
        let all = self.dir.join("scratch");
        std::fs::create_dir_all(&all).map_err(EngineError::internal)?;
        for entry in std::fs::read_dir(&all).map_err(EngineError::internal)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let owner = name.split_once('-').and_then(|(pid, since)| Some((pid.parse().ok()?, since.parse().ok()?)));
            if owner.is_none_or(|(pid, since): (i32, u64)| runner::process_started(pid) != Some(since)) {
                runner::sweep(&entry.path());
                runner::clear(&entry.path()).map_err(EngineError::internal)?;
            }
        }
        let pid = std::process::id();
        let since = i32::try_from(pid).ok().and_then(runner::process_started).unwrap_or_default();
        let scratch = all.join(format!("{pid}-{since}"));
        runner::clear(&scratch).map_err(EngineError::internal)?;
        std::fs::create_dir_all(&scratch).map_err(EngineError::internal)?;
        Ok(scratch)
    }
}

fn told(told: std::io::Result<()>) -> Result<(), EngineError> {
    told.map_err(|error| EngineError::new(ErrorCode::Failed, format!("the connection was cut: {error}"), ""))
}

fn refused(digest: Digest, why: &str) -> RunEnd {
    RunEnd::Refused { message: format!("the version {} cannot be kept: {why}", digest.short()) }
}
