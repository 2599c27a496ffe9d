//! One workspace, open: what every subject shares. The two connections to the store, the settings, git, and the one
//! place where moves of files take turns.

use super::clock::now;
use super::error::{EngineError, ErrorCode};
use super::evolving::live::LiveEvolutions;
use super::library::catalog_cache::CatalogCache;
use super::locks::{Rank, Ranked, lock};
use super::review::check_queue::CheckQueue;
use super::review::trust_cache::TrustCache;
use super::run::live_runs::LiveRuns;
use super::run::owner::owner_word;
use super::run::session::Session;
use super::settings::Settings;
use super::state::home::Home;
use super::state::opening::{self, Opened};
use super::state::{exposure, identity};
use crate::catalog::{Plan, Root};
use crate::domain::Problem;
use crate::outside::{Asker, Programs};
use crate::runner::{Baselines, Interpreters, Machine};
use crate::store::{Copies, Queries, Reader, Store, Tx};
use crate::vcs::Git;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What to open.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The workspace folder.
    pub workspace: PathBuf,
    /// The user's folders.
    pub home: Home,
    /// This program, started again as the supervisor of each run; `None` takes the one that is running.
    pub program: Option<PathBuf>,
    /// Who opens it: an agent's variables do not say which programs are started outside of the sandbox.
    pub asker: Asker,
}

/// One workspace, open. Clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) options: OpenOptions,
    pub(super) state_dir: PathBuf,
    pub(super) settings: Settings,
    pub(super) setting_problems: Vec<Problem>,
    pub(super) plan: Plan,
    pub(super) machine: Machine,
    pub(super) owner: String,
    pub(super) copies: Copies,
    pub(super) store: Ranked<Store>,
    pub(super) reader: Ranked<Reader>,
    /// Why nothing can be changed; `None` where it can.
    pub(super) viewing: Option<EngineError>,
    /// Whether that is because the database is gone or older than it was.
    pub(super) lost: bool,
    /// The workspace that this one seems to be a copy of.
    pub(super) copy_of: Option<PathBuf>,
    pub(super) catalog: CatalogCache,
    pub(super) live_runs: LiveRuns,
    pub(super) session: Session,
    pub(super) trust_cache: TrustCache,
    pub(super) check_queue: CheckQueue,
    pub(super) evolutions: LiveEvolutions,
    /// Errors of background work that no face took yet.
    pub(super) trouble: Ranked<Vec<EngineError>>,
    pub(super) git: OnceLock<Option<Git>>,
    pub(super) identity: OnceLock<String>,
    /// Where the programs come from that are started outside of the sandbox.
    pub(super) programs: Arc<Programs>,
    pub(super) interpreters: Interpreters,
    pub(super) baselines: Baselines,
}

impl Engine {
    /// Opens or creates the state of a workspace and finishes what a crash left undone.
    ///
    /// # Errors
    /// `Internal` when the state cannot be read, with what to do about it. One that cannot be written, is gone or is older
    /// than it was can be looked at: [`Engine::viewing`] says so, and changes are refused.
    pub fn open(options: OpenOptions) -> Result<Engine, EngineError> {
        let identity::Located { dir: state_dir, copy_of } = identity::locate(&options.home, &options.workspace);
        let exposed = exposure::close_to_others(&options.home.data, &state_dir);
        let Opened { store, viewing, lost } = opening::open(&state_dir)?;
        let reader = store.reader()?;
        let (settings, setting_problems) = Settings::load(&options.workspace, &options.home);
        let plan = plan(&options.workspace, &settings);
        let programs = Arc::new(programs(&options.workspace, &options.home, &settings, options.asker));
        let engine = Engine {
            inner: Arc::new(Inner {
                copies: Copies::new(&state_dir),
                machine: Machine::new(settings.bubblewrap.clone(), options.program.clone())
                    .remembering(options.home.data.join("bubblewrap-works"))
                    .finding(Arc::clone(&programs)),
                owner: owner_word(),
                store: Ranked::new(Rank::Store, store),
                viewing,
                lost,
                copy_of,
                reader: Ranked::new(Rank::Reader, reader),
                catalog: CatalogCache::default(),
                live_runs: LiveRuns::default(),
                session: Session::default(),
                trust_cache: TrustCache::default(),
                check_queue: CheckQueue::default(),
                evolutions: LiveEvolutions::default(),
                trouble: Ranked::leaf(Vec::new()),
                git: OnceLock::new(),
                identity: OnceLock::new(),
                interpreters: Interpreters::new(Arc::clone(&programs)),
                programs,
                baselines: Baselines::new(state_dir.join("baselines")),
                options,
                state_dir,
                settings,
                setting_problems,
                plan,
            }),
        };
        match engine.viewing() {
            None => engine.recover()?,
            // What a crash left undone stays undone until the state can be written.
            Some(why) => engine.report_trouble::<()>(Err(why.clone())),
        }
        if let Some(exposed) = exposed {
            engine.report_trouble::<()>(Err(exposed));
        }
        if let Some(copy) = engine.problem_of_copy() {
            engine.report_trouble::<()>(Err(EngineError::new(ErrorCode::Conflict, copy.message, copy.hint)));
        }
        Ok(engine)
    }

    /// The workspace folder.
    pub fn workspace(&self) -> &Path {
        &self.inner.options.workspace
    }

    /// The state folder of this workspace.
    pub fn state_dir(&self) -> &Path {
        &self.inner.state_dir
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Git identity of the workspace, else the system user.
    pub fn identity(&self) -> String {
        let identity = self
            .inner
            .identity
            .get_or_init(|| self.git().and_then(Git::identity).unwrap_or_else(crate::vcs::system_user));
        identity.clone()
    }

    pub(super) fn git(&self) -> Option<&Git> {
        self.inner.git.get_or_init(|| Git::discover(&self.inner.options.workspace, &self.inner.programs)).as_ref()
    }

    /// Runs `work` in one transaction of the write connection.
    pub(super) fn transact<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>) -> Result<T, EngineError> {
        if let Some(why) = self.viewing() {
            return Err(why.clone());
        }
        lock(&self.inner.store).transact(now(), work)
    }

    /// Runs `work` on the read connection.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Queries) -> Result<T, EngineError>) -> Result<T, EngineError> {
        let reader = lock(&self.inner.reader);
        work(&reader)
    }

    /// Keeps an error of background work until a face takes it.
    pub(super) fn report_trouble<T>(&self, result: Result<T, EngineError>) {
        if let Err(error) = result {
            lock(&self.inner.trouble).push(error);
        }
    }

    /// Errors of background work since the last call.
    pub fn take_trouble(&self) -> Vec<EngineError> {
        std::mem::take(&mut *lock(&self.inner.trouble))
    }
}

impl Inner {
    /// Waits for the turn to move files; the lock file serialises all processes of the workspace.
    pub(super) fn move_turn(&self) -> Result<std::fs::File, EngineError> {
        let file = std::fs::File::create(self.state_dir.join("move.lock")).map_err(EngineError::internal)?;
        file.lock().map_err(EngineError::internal)?;
        Ok(file)
    }
}

/// The folders to read: `tools/`, then those of the settings, in their order.
fn plan(workspace: &Path, settings: &Settings) -> Plan {
    let mut plan = Plan::standard(workspace);
    plan.roots.extend(settings.roots.iter().map(|root| Root { path: root.path.clone(), stage: root.stage }));
    plan
}

/// Where the programs come from that are started outside of the sandbox.
pub(super) fn programs(workspace: &Path, home: &Home, settings: &Settings, asker: Asker) -> Programs {
    let programs = Programs::new(places_of_tools(workspace, home, settings)).with_data(home.data.clone());
    programs.with_named(settings.programs.clone()).for_asker(asker)
}

/// Folders that tools, and whoever brings tools, may write: no program in them is ever started outside of the sandbox.
fn places_of_tools(workspace: &Path, home: &Home, settings: &Settings) -> Vec<PathBuf> {
    let surroundings = crate::outside::surroundings(workspace, &std::env::home_dir().unwrap_or_default());
    // A workspace may name any folder as one with tools: one that holds the system's programs is no such place.
    let is_system = |path: &PathBuf| Path::new("/usr/bin").starts_with(path);
    let roots = settings.roots.iter().map(|root| workspace.join(&root.path)).filter(|path| !is_system(path));
    let own = [workspace.to_owned(), home.data.clone()];
    own.into_iter().chain(surroundings).chain(roots).collect()
}
