//! The facade: every face asks here, and only here.
//!
//! All calls block and are safe from any thread; a face that must not wait calls them from a thread
//! of its own and reads snapshots. There is one write connection to the store, behind a lock; the
//! rules that use it live in `core` and know nothing of files, clocks or processes.

mod asked;
mod behaviour;
#[cfg(test)]
mod behaviour_tests;
mod buffering;
mod bulk;
mod bundle;
mod callers;
mod calling;
mod checking;
#[cfg(test)]
mod checking_tests;
mod comeback;
mod commands;
mod core;
mod deciding;
#[cfg(test)]
mod deciding_tests;
mod deprecating;
mod doctor;
mod doctor_signing;
mod documents;
mod earlier;
mod error;
mod evidence;
mod evolving;
mod export;
mod exposure;
mod failing;
#[cfg(test)]
mod family_tests;
mod feedback;
mod fork;
mod gates;
mod generators;
mod grants;
mod home;
mod identity;
mod init;
mod inputs;
mod interpreters;
#[cfg(test)]
mod kinds_tests;
mod lanes;
mod links;
mod making;
mod marking;
mod opportunities;
mod packages;
mod posting;
mod promoting;
mod provenance;
mod queries;
#[cfg(test)]
mod reading_tests;
mod relocate;
mod reserved;
mod resolve;
mod restoring;
mod running;
mod scores;
mod searching;
mod secrets;
mod settings;
mod settings_checks;
mod settings_generators;
mod settings_programs;
mod settings_review;
mod signed_before;
mod signing;
mod similar;
mod snapshot;
mod staged;
mod standing;
mod state;
#[cfg(test)]
mod tests;
mod tiers;
#[cfg(test)]
mod tiers_tests;
mod trials;
mod trust;
mod upkeep;
mod verify;
mod versions;
mod view;
mod vouched;
mod waiting;
mod watching;

pub use self::core::{RunPolicy, policy};
pub use crate::catalog::{Hit, Index, Matches};
pub use crate::evolve::course::{
    Course, Lane, LaneId, LaneState, Plan as CoursePlan, ReplaySummary, Round, Usage, VerdictSummary,
};
pub use crate::evolve::document::{Cut, DEFAULT_BUDGET, Document, LEAST_BUDGET, ReadAs, Section, Summary, SummaryLine};
pub use crate::insight::{Foresight, Score, Suggestion};
pub use crate::outside::Asker;
pub use crate::runner::{
    AGENT_VARIABLE, FoundAgent, Frame, Spool, Tail, find_agent, is_left_behind, measure_reading, stop_with_group,
};
pub use crate::store::HourOfRuns;
pub use behaviour::{Behaviour, BehaviourPart, Departed, Enforced, Reported, ResultEvidence, Tried};
pub use buffering::{
    BufferAnswer, BufferChange, BufferStatus, BufferWrite, Gather, HandedOver, Pending, Taken, item_fits, play_role,
};
pub use bulk::{BulkDecision, BulkItem, BulkResult, PreflightRow};
pub use bundle::{Carried, CarriedTool, CarryReport};
pub use callers::UNNAMED_AGENT;
pub use calling::{
    Begun, CallAttempt, CallOutcome, CallReport, CallRequest, Calling, Candidate, Candidates, DEFAULT_ATTEMPTS,
    LeftOut, MOST_ATTEMPTS,
};
pub use checking::{OnVerdict, checks};
pub use documents::MAX_DOCUMENT_BYTES;
pub use error::{EngineError, ErrorCode};
pub use evidence::{MADE, MADE_BECAUSE};
pub use evolving::{Asking, EvolutionDetail, EvolveRequest, OnProgress, Progress};
pub use export::{EXPORT_COLUMNS, ExportFormat, write_csv};
pub use failing::{Compared, FailureDetail};
pub use gates::Gates;
pub use grants::GrantList;
pub use home::{Home, find_workspace, path_state_dir};
pub use identity::{answer_copy, locate, plan_copy_answer};
pub use init::{InitReport, init};
pub use inputs::fitted;
pub use links::refuse_links;
pub use making::{Enclosed, Made, NewTool, Source};
pub use marking::MarkRequest;
pub use opportunities::{Imported, OpportunityList};
pub use posting::{MAX_REQUEST_BYTES, REQUEST_SCHEMA};
pub use restoring::{Recovery, RecoveryPlan, plan_recovery, recover_state};
pub use running::RunHandle;
pub use scores::{Dashboard, ExplainedScore, ScoredTool, ToolAlert};
pub use searching::SearchHit;
pub use secrets::SecretSource;
pub use settings::{DEFAULT_CONFIG, KeySetting, RootSetting, Settings, Theme};
pub use settings_generators::{ApiSetting, BUILT_IN, EvolveSettings, GeneratorSetting, WaySetting};
pub use settings_review::DeprecatedPolicy;
pub use signed_before::SIGNED_BY;
pub use signing::Signing;
pub use similar::SimilarTool;
pub use staged::{Content, Edit, StagedState, StagedView};
pub use state::{back_up_if_due, clock_steps_back};
pub use tiers::{Limits, SetRow};
pub use trust::{Unsigned, UnsignedLog};
pub use upkeep::{LibraryStats, Policy, StaleReport, StaleTool, Twin, TwinGroup, Week, policy_for};
pub use versions::{Lineage, LineageVersion};
pub use view::{
    CatalogState, CatalogView, Change, DoctorLine, EvidenceLine, Preview, ReviewDetail, ReviewFilter, RunFilter,
    RunRequest, VerifyReport, VersionInfo, Weight,
};
pub use watching::{OnChange, Watch};

use crate::catalog::{self, Cache, CacheRow, Plan, Root};
use crate::domain::{Digest, EvolutionId, Instant, Problem, ReviewId, RunId, Tool};
use crate::insight::Relevance;
use crate::outside::Programs;
use crate::runner::{Baselines, Interpreters, Machine};
use crate::store::{Copies, Queries, Reader, Store, Tx};
use crate::vcs::Git;
use snapshot::{Facts, Here};
use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

/// How often a growing catalog is shown while it is read.
const SHOW_EVERY: Duration = Duration::from_millis(50);

/// Rows of the last scan shown before the folders are read: more than any screen holds.
const REMEMBERED_ROWS: usize = 200;

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
    inner: Arc<Inner>,
}

struct Inner {
    options: OpenOptions,
    state_dir: PathBuf,
    settings: Settings,
    setting_problems: Vec<Problem>,
    plan: Plan,
    machine: Machine,
    owner: String,
    copies: Copies,
    store: Mutex<Store>,
    reader: Mutex<Reader>,
    /// Why nothing can be changed; `None` where it can.
    viewing: Option<EngineError>,
    /// Whether that is because the database is gone or older than it was.
    lost: bool,
    /// The workspace that this one seems to be a copy of.
    copy_of: Option<PathBuf>,
    /// Held while the folders are read; whether they were read once.
    scanned: Mutex<bool>,
    view: Mutex<Arc<CatalogView>>,
    /// What the tools of a catalog say of themselves, by its generation; made when it is first asked for.
    relevance: Mutex<Option<(u64, Arc<Relevance>)>>,
    live: Mutex<HashMap<RunId, running::Live>>,
    keeper: Mutex<bool>,
    trouble: Mutex<Vec<EngineError>>,
    git: OnceLock<Option<Git>>,
    identity: OnceLock<String>,
    session: OnceLock<Option<String>>,
    /// What whoever started this process lets run.
    limits: Mutex<tiers::InForce>,
    signatures: Mutex<HashMap<Digest, Result<(), String>>>,
    /// Signatures that some process found good; read when it is first asked for.
    verified: Mutex<Option<HashSet<Digest>>>,
    /// What of the log counts, for a version of the data and the allowed signers.
    trust: Mutex<Option<(i64, Digest, Arc<trust::Trust>)>>,
    /// Where the programs come from that are started outside of the sandbox.
    programs: Arc<Programs>,
    interpreters: Interpreters,
    baselines: Baselines,
    /// Tools whose checks somebody wants made again.
    recheck: Mutex<VecDeque<Arc<Tool>>>,
    /// Loops of this process that ask for better versions.
    evolving: Mutex<HashMap<EvolutionId, Arc<evolving::LiveEvolution>>>,
    /// The review that somebody has open: its checks go first.
    looked_at: Mutex<Option<ReviewId>>,
    /// Wakes the workers that make checks, while there are any.
    checks: Mutex<Option<lanes::Lanes>>,
    /// Held while it is decided whose checks come next.
    picking: Mutex<()>,
}

impl Engine {
    /// Opens or creates the state of a workspace and finishes what a crash left undone.
    ///
    /// # Errors
    /// `Internal` when the state cannot be read, with what to do about it. One that cannot be written, is gone or is older
    /// than it was can be looked at: [`Engine::viewing`] says so, and changes are refused.
    pub fn open(options: OpenOptions) -> Result<Engine, EngineError> {
        let identity::Located { dir: state_dir, copy_of } = locate(&options.home, &options.workspace);
        let exposed = exposure::close_to_others(&options.home.data, &state_dir);
        let state::Opened { store, viewing, lost } = state::open(&state_dir)?;
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
                owner: running::owner_word(),
                store: Mutex::new(store),
                viewing,
                lost,
                copy_of,
                reader: Mutex::new(reader),
                scanned: Mutex::new(false),
                view: Mutex::new(Arc::new(CatalogView {
                    state: CatalogState::Loading { done: 0, total: 0 },
                    tools: Vec::new(),
                    problems: Vec::new(),
                    in_use: None,
                    generation: 0,
                })),
                live: Mutex::new(HashMap::new()),
                keeper: Mutex::new(false),
                trouble: Mutex::new(Vec::new()),
                git: OnceLock::new(),
                relevance: Mutex::default(),
                identity: OnceLock::new(),
                session: OnceLock::new(),
                limits: Mutex::default(),
                signatures: Mutex::default(),
                verified: Mutex::default(),
                trust: Mutex::default(),
                interpreters: Interpreters::new(Arc::clone(&programs)),
                programs,
                baselines: Baselines::new(state_dir.join("baselines")),
                recheck: Mutex::default(),
                evolving: Mutex::default(),
                looked_at: Mutex::default(),
                checks: Mutex::default(),
                picking: Mutex::default(),
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

    fn git(&self) -> Option<&Git> {
        self.inner.git.get_or_init(|| Git::discover(&self.inner.options.workspace, &self.inner.programs)).as_ref()
    }

    /// Reads the tools folders and writes what changed into the store. `progress` gets a growing
    /// snapshot a few times while it reads, and the complete one at the end.
    ///
    /// # Errors
    /// `NotFound` when the workspace folder is gone; `Internal` for trouble with the store. What cannot be read
    /// in it is a problem row, not an error.
    pub fn scan(&self, progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<Arc<CatalogView>, EngineError> {
        if !self.inner.options.workspace.is_dir() {
            // An empty answer would say that every tool is lost.
            return Err(EngineError::new(
                ErrorCode::NotFound,
                "the workspace folder is gone",
                "bring it back; what is shown is what was there last",
            ));
        }
        let mut scanned = lock(&self.inner.scanned);
        let (facts, begun) = (self.facts()?, self.read(|q| Ok(q.last_seq()?))?);
        let remembered = !*scanned && self.show_remembered(&facts, progress)?;
        // Rows of the last scan are worth their memory only while they are compared.
        let cache = cache_of(self.read(|q| Ok(q.scan_cache()?))?);
        let mut growing: Vec<Tool> = Vec::new();
        let mut shown = Clock::now();
        let scan = catalog::scan(&self.inner.plan, &cache, &mut |step| {
            if *scanned {
                // A known catalog stays on screen until the new one is complete.
                return;
            }
            if !remembered {
                growing.extend_from_slice(step.new_rows);
            }
            if shown.elapsed() >= SHOW_EVERY {
                shown = Clock::now();
                let state = CatalogState::Loading { done: step.done, total: step.total };
                progress(if remembered {
                    self.count_on(state)
                } else {
                    self.show(growing.iter().cloned(), Vec::new(), &facts, state)
                });
            }
        });
        drop((growing, cache));
        let signed = self.signed_versions(&scan.tools)?;
        let kept = self.transact(|tx| {
            core::adopt_signed(tx, &signed)?;
            core::apply_scan(tx, &scan.tools, &core::Unsettled::read(tx, begun)?)?;
            tx.put_scan_cache(
                scan.fresh.iter().map(|(path, row)| (path.as_str(), &row.fingerprint[..], &row.payload[..])),
            )?;
            tx.drop_scan_cache(&scan.gone)?;
            Ok(())
        });
        let unkept = match kept {
            Err(why) if why.code == ErrorCode::NotWritable => Some(self.problem_of_state(&why)),
            kept => kept.map(|()| None)?,
        };
        *scanned = true;
        let facts = self.facts()?;
        let state = unkept.into_iter().chain(self.problem_of_copy()).chain(self.approved_elsewhere(&scan.tools)?);
        let problems = state.chain(self.inner.setting_problems.iter().cloned()).chain(self.problem_of_trust()?);
        let problems = problems.chain(self.lost_problems(&scan.tools)?).chain(scan.problems).collect();
        let view = self.show(scan.tools.into_iter(), problems, &facts, CatalogState::Ready);
        drop((scan.fresh, facts));
        crate::runner::release_memory();
        progress(Arc::clone(&view));
        Ok(view)
    }

    /// Shows the first screenful of the last scan at once, if there was one; the folders are read meanwhile.
    fn show_remembered(&self, facts: &Facts, progress: &mut dyn FnMut(Arc<CatalogView>)) -> Result<bool, EngineError> {
        let payloads = self.read(|q| Ok(q.first_scanned(REMEMBERED_ROWS)?))?;
        let rows: Vec<Tool> = payloads.iter().filter_map(|payload| catalog::remembered(payload)).collect();
        if rows.is_empty() {
            return Ok(false);
        }
        let state = CatalogState::Loading { done: 0, total: 0 };
        progress(self.show(rows.into_iter(), Vec::new(), facts, state));
        Ok(true)
    }

    /// The same rows, further on.
    fn count_on(&self, state: CatalogState) -> Arc<CatalogView> {
        let mut view = lock(&self.inner.view);
        *view = Arc::new(CatalogView { state, generation: view.generation + 1, ..CatalogView::clone(&view) });
        Arc::clone(&view)
    }

    /// Joins the newest scan with the store again, without reading the disk.
    ///
    /// # Errors
    /// `Internal` for trouble with the store.
    pub fn refresh(&self) -> Result<Arc<CatalogView>, EngineError> {
        let scanned = lock(&self.inner.scanned);
        let before = self.catalog();
        if !*scanned {
            return Ok(before);
        }
        let facts = self.facts()?;
        let rows = before.tools.iter().map(|tool| snapshot::as_scanned(tool));
        Ok(self.show(rows, before.problems.clone(), &facts, CatalogState::Ready))
    }

    /// What the store says of all tools, for this session.
    fn facts(&self) -> Result<Facts, EngineError> {
        let here = Here { used: self.used_here()?, tiers: self.tiers()?, selections: self.selections() };
        self.read(|q| Facts::read(q, here))
    }

    fn show(
        &self,
        rows: impl Iterator<Item = Tool>,
        problems: Vec<Problem>,
        facts: &Facts,
        state: CatalogState,
    ) -> Arc<CatalogView> {
        let mut view = lock(&self.inner.view);
        *view = Arc::new(snapshot::build(rows, problems, facts, state, &view));
        Arc::clone(&view)
    }

    /// The newest snapshot; empty and loading before the first scan.
    pub fn catalog(&self) -> Arc<CatalogView> {
        Arc::clone(&lock(&self.inner.view))
    }

    /// Runs `work` in one transaction of the write connection.
    fn transact<T>(&self, work: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>) -> Result<T, EngineError> {
        if let Some(why) = self.viewing() {
            return Err(why.clone());
        }
        lock(&self.inner.store).transact(now(), work)
    }

    /// Runs `work` on the read connection.
    fn read<T>(&self, work: impl FnOnce(&Queries) -> Result<T, EngineError>) -> Result<T, EngineError> {
        let reader = lock(&self.inner.reader);
        work(&reader)
    }

    /// Keeps an error of background work until a face takes it.
    fn report_trouble<T>(&self, result: Result<T, EngineError>) {
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
    fn move_turn(&self) -> Result<std::fs::File, EngineError> {
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
fn programs(workspace: &Path, home: &Home, settings: &Settings, asker: Asker) -> Programs {
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

/// The cache of the last scan, as stored.
fn cache_of(rows: HashMap<String, (Vec<u8>, String)>) -> Cache {
    Cache(rows.into_iter().map(|(path, (fingerprint, payload))| (path, CacheRow { fingerprint, payload })).collect())
}

/// Takes a lock. A thread that panicked while holding it left plain values behind, which stay usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The present.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
