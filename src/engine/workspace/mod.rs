//! What all subjects share: the two connections to the store, the settings, git, and the lock for moving files.

mod faults;
mod rehearsal;
mod restoring;

pub use restoring::{Recovery, RecoveryPlan, plan_recovery, recover_state};

use crate::catalog::{RunPython, ScanPlan, ToolRoot};
use crate::domain::Problem;
use crate::engine::clock::now;
use crate::engine::core::Actor;
use crate::engine::error::{EngineError, ErrorCode};
use crate::engine::locks::{Rank, Ranked, lock};
use crate::engine::owner::{owner_word, serving_owner_word};
use crate::engine::settings::{STACK_HINT, Settings, is_stack};
use crate::engine::state::home::Home;
use crate::engine::state::opening::{self, Opened};
use crate::engine::state::{exposure, identity};
use crate::outside::{Asker, Programs};
use crate::runner::{Baselines, Interpreters, Machine, Sources, folders_closed_to_runs, python_of_runs};
use crate::store::{Copies, Documents, Queries, Store, StoreReader, Tx};
use crate::vcs::Git;
use rehearsal::Rehearsal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// How a workspace is opened, and for whom.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Folder of the workspace.
    pub workspace: PathBuf,
    /// Folders of the user's settings, state and data.
    pub home: Home,
    /// The program that is started as the supervisor of each run; `None` uses the running program.
    pub program: Option<PathBuf>,
    /// Who opens it: programs outside the sandbox are not looked up with an agent's variables.
    pub asker: Asker,
}

/// An open workspace, as all subjects need it.
pub(in crate::engine) struct Workspace {
    pub(in crate::engine) options: OpenOptions,
    pub(in crate::engine) state_dir: PathBuf,
    /// The stack of this process: it sees only instances of services in the same stack.
    pub(in crate::engine) stack: String,
    pub(in crate::engine) settings: Settings,
    pub(in crate::engine) setting_problems: Vec<Problem>,
    pub(in crate::engine) plan: ScanPlan,
    pub(in crate::engine) machine: Machine,
    pub(in crate::engine) owner: String,
    pub(in crate::engine) copies: Copies,
    pub(in crate::engine) rehearsal: Rehearsal,
    pub(in crate::engine) store: Ranked<Store>,
    pub(in crate::engine) reader: Ranked<StoreReader>,
    /// Why nothing can be changed; `None` if it can.
    pub(in crate::engine) viewing: Option<EngineError>,
    /// Whether that is because the database is missing or older than before.
    pub(in crate::engine) lost: bool,
    /// The workspace of which this one appears to be a copy.
    pub(in crate::engine) copy_of: Option<PathBuf>,
    /// Errors of background work that no front end has taken yet.
    trouble: Ranked<Vec<EngineError>>,
    git: OnceLock<Option<Git>>,
    identity: OnceLock<String>,
    /// How programs that are started outside the sandbox are found.
    pub(in crate::engine) programs: Arc<Programs>,
    pub(in crate::engine) interpreters: Interpreters,
    pub(in crate::engine) baselines: Baselines,
}

impl Workspace {
    /// Opens or creates the state of a workspace.
    ///
    /// # Errors
    /// `Internal` when the state cannot be read, with what to do about it.
    pub(in crate::engine) fn open(options: OpenOptions) -> Result<Workspace, EngineError> {
        Workspace::open_with(options, |machine| machine)
    }

    /// [`Self::open`] for a process that serves agents.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(in crate::engine) fn open_to_serve(options: OpenOptions) -> Result<Workspace, EngineError> {
        Ok(Workspace { owner: serving_owner_word(), ..Workspace::open(options)? })
    }

    /// [`Self::open`] for a process that must use little memory: it keeps no supervisor ready for the next run.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(in crate::engine) fn open_small(options: OpenOptions) -> Result<Workspace, EngineError> {
        Workspace::open_with(options, Machine::keeping_nothing)
    }

    /// The problems of the settings. The settings are read once: a problem that its file no longer has stays in force, and
    /// says what ends it.
    pub(in crate::engine) fn problems_of_settings(&self) -> Vec<Problem> {
        if self.setting_problems.is_empty() {
            return Vec::new();
        }
        let (_, present) = Settings::load(&self.options.workspace, &self.options.home);
        let told = |problem: &Problem| {
            let hint = if present.contains(problem) {
                problem.hint.clone()
            } else {
                "the file was changed since; start Toolsmith again to use it".to_owned()
            };
            Problem { hint, ..problem.clone() }
        };
        self.setting_problems.iter().map(told).collect()
    }

    fn open_with(options: OpenOptions, adapt: impl FnOnce(Machine) -> Machine) -> Result<Workspace, EngineError> {
        let identity::Located { dir: state_dir, copy_of } = identity::locate(&options.home, &options.workspace);
        let exposed = exposure::close_to_others(&options.home.data, &state_dir);
        let Opened { store, viewing, lost } = opening::open(&state_dir)?;
        let reader = store.reader()?;
        let (settings, setting_problems) = Settings::load(&options.workspace, &options.home);
        let programs = Arc::new(programs(&options.workspace, &options.home, &settings, options.asker));
        let interpreters = Interpreters::new(Arc::clone(&programs));
        let plan = plan(&options.workspace, &options.home, &settings, &interpreters);
        let workspace = Workspace {
            copies: Copies::new(&state_dir),
            rehearsal: Rehearsal::default(),
            machine: adapt(
                Machine::new(settings.bubblewrap.clone(), options.program.clone())
                    .remembering(options.home.data.join("bubblewrap-works"))
                    .finding(Arc::clone(&programs)),
            ),
            owner: owner_word(),
            store: Ranked::new(Rank::Store, store),
            viewing,
            lost,
            copy_of,
            reader: Ranked::new(Rank::Reader, reader),
            trouble: Ranked::leaf(exposed.into_iter().collect()),
            git: OnceLock::new(),
            identity: OnceLock::new(),
            interpreters,
            programs,
            baselines: Baselines::new(state_dir.join("baselines")),
            stack: stack_of(&settings)?,
            options,
            state_dir,
            settings,
            setting_problems,
            plan,
        };
        if let Some(copy) = workspace.problem_of_copy() {
            workspace.report_trouble::<()>(Err(EngineError::new(ErrorCode::Conflict, copy.message, copy.hint)));
        }
        Ok(workspace)
    }

    pub(in crate::engine) fn folder(&self) -> &Path {
        &self.options.workspace
    }

    /// Documents stored by digest: source texts of specifications, requests to generators and their answers.
    pub(in crate::engine) fn documents(&self) -> Documents {
        Documents::new(&self.state_dir)
    }

    /// Git identity of the workspace, else the system user.
    pub(in crate::engine) fn identity(&self) -> String {
        let identity =
            self.identity.get_or_init(|| self.git().and_then(Git::identity).unwrap_or_else(crate::vcs::system_user));
        identity.clone()
    }

    pub(in crate::engine) fn git(&self) -> Option<&Git> {
        self.git.get_or_init(|| Git::discover(self.folder(), &self.programs)).as_ref()
    }

    /// Why nothing can be changed; `None` if the state can be written.
    pub(in crate::engine) fn viewing(&self) -> Option<&EngineError> {
        self.viewing.as_ref()
    }

    /// Runs `work` in one transaction of the write connection.
    pub(in crate::engine) fn transact<T>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if let Some(why) = self.viewing() {
            return Err(why.clone());
        }
        if self.rehearsal.is_on() {
            return lock(&self.store).transact(now(), |tx| {
                work(tx)?;
                Err(self.rehearsal.agreed())
            });
        }
        lock(&self.store).transact(now(), work)
    }

    /// Runs `work` on the read connection.
    pub(in crate::engine) fn read<T>(
        &self,
        work: impl FnOnce(&Queries) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let reader = lock(&self.reader);
        work(&reader)
    }

    /// The actor of a change, for the rules; its decisions are not signed.
    pub(in crate::engine) fn actor<'a>(&'a self, who: &'a str) -> Actor<'a> {
        Actor { who, owner: &self.owner, commit: self.settings.commit, pen: None }
    }

    /// Keeps an error of background work until a front end takes it.
    pub(in crate::engine) fn report_trouble<T>(&self, result: Result<T, EngineError>) {
        if let Err(error) = result {
            lock(&self.trouble).push(error);
        }
    }

    /// Errors of background work since the last call.
    pub(in crate::engine) fn take_trouble(&self) -> Vec<EngineError> {
        std::mem::take(&mut *lock(&self.trouble))
    }

    /// Waits for the lock for moving files; the lock file serialises all processes of the workspace.
    pub(in crate::engine) fn move_turn(&self) -> Result<std::fs::File, EngineError> {
        let file = std::fs::File::create(self.state_dir.join("move.lock")).map_err(EngineError::internal)?;
        file.lock().map_err(EngineError::internal)?;
        Ok(file)
    }
}

/// The environment variable that names the stack of a process.
const STACK_VARIABLE: &str = "TOOLSMITH_STACK";

/// The stack of a process: from its environment, otherwise from the settings.
fn stack_of(settings: &Settings) -> Result<String, EngineError> {
    match std::env::var_os(STACK_VARIABLE).filter(|stack| !stack.is_empty()) {
        None => Ok(settings.services.stack.clone().unwrap_or_default()),
        Some(asked) => asked.into_string().ok().filter(|name| is_stack(name)).ok_or_else(|| {
            let message = format!("{STACK_VARIABLE} is not a valid name of a stack");
            EngineError::new(ErrorCode::Usage, message, STACK_HINT)
        }),
    }
}

/// The folders to read: `tools/`, then those in the settings, in their order; and the Python that runs use.
fn plan(workspace: &Path, home: &Home, settings: &Settings, interpreters: &Interpreters) -> ScanPlan {
    let mut plan = ScanPlan::standard(workspace);
    let python = |sources| python_of_runs(workspace, interpreters, sources);
    let has_environments = std::fs::read_dir(home.environments()).is_ok_and(|mut found| found.next().is_some());
    plan.python = RunPython {
        experimental: python(Sources::Caller),
        vouched: python(Sources::System),
        has_environments,
        closed: folders_closed_to_runs(),
    };
    plan.roots.extend(settings.roots.iter().map(|root| ToolRoot { path: root.path.clone(), stage: root.stage }));
    plan
}

/// How programs that are started outside the sandbox are found.
pub(in crate::engine) fn programs(workspace: &Path, home: &Home, settings: &Settings, asker: Asker) -> Programs {
    let programs = Programs::new(places_of_tools(workspace, home, settings)).with_data(home.data.clone());
    programs.with_named(settings.programs.clone()).for_asker(asker)
}

/// Folders that tools, or those who provide tools, may write to: no program in them is ever started outside the
/// sandbox.
fn places_of_tools(workspace: &Path, home: &Home, settings: &Settings) -> Vec<PathBuf> {
    let surroundings = crate::outside::surroundings(workspace, &std::env::home_dir().unwrap_or_default());
    // A workspace may name any folder as one with tools: one that holds the system's programs is no such place.
    let is_system = |path: &PathBuf| Path::new("/usr/bin").starts_with(path);
    let roots = settings.roots.iter().map(|root| workspace.join(&root.path)).filter(|path| !is_system(path));
    let own = [workspace.to_owned(), home.data.clone()];
    own.into_iter().chain(surroundings).chain(roots).collect()
}
