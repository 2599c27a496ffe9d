//! The facade: all front ends call the engine, and nothing below it. Its methods are grouped by subject:
//! `engine.reviews().decide_all(…)`, `engine.runs().start(…)`. [`Engine`] names the subjects. Each subject is one type
//! over the shared workspace, with its own state and locks.
//!
//! All calls block and are safe from any thread. A front end that must not wait calls them from a separate thread and
//! reads snapshots. There is one write connection to the store, behind a lock. The rules that use it are in `core` and
//! do not depend on files, clocks or processes.
//!
//! # Where things are
//!
//! A module imports only from modules above it.
//!
//! | module | is for |
//! | --- | --- |
//! | `error`, `locks` | errors; the order in which locks are taken |
//! | `core` | the rules, and the data they need; imports only the domain, the store and `error` |
//! | `clock`, `owner`, `links`, `small_file` | the current time, this process, files that anybody may have created |
//! | `view` | results that several subjects return |
//! | `state` | locating and opening the state of a workspace |
//! | `settings` | the two settings files, secrets, initializing a workspace |
//! | `workspace` | what all subjects share: store, settings, git, the lock for moving files; restoring a lost state |
//! | `plain_verb` | verbs that need only their arguments |
//! | `relocate` | moving files of versions, and committing the move |
//! | `library` | the catalog: scanning, search, similarity, scores, upkeep, export |
//! | `run` | starting runs, choosing tools, grants and tiers, staged writes, buffers, failures |
//! | `review` | decisions, and the evidence for them: checks, signatures, requests, `verify` |
//! | `service` | instances of services: launching, messaging, checking and ending them |
//! | `evolving` | asking generators for better versions; opportunities and new tools |
//! | `version` | versions of a tool: rollback, forks, bundles, provenance, deprecation, the archive |
//! | `team` | decisions that are shared as signed files: policy, exchange, requests, claims |
//! | `doctor` | what is missing on this machine |
//! | `history` | the log, and undo |
//! | `moves` | the single transaction of a command, and the file moves that it recorded |
//! | `choices` | the values that an argument of a verb can name |
//! | `commands` | passes each command to its subject |

mod agents;
mod choices;
mod clock;
mod commands;
#[cfg(test)]
mod commands_tests;
mod core;
mod defining;
mod doctor;
mod error;
mod evolving;
mod handover;
mod history;
mod library;
mod links;
mod locks;
mod moves;
mod owner;
#[cfg(test)]
mod placement_tests;
mod plain_verb;
#[cfg(test)]
mod plain_verb_tests;
mod rehearsal;
mod relocate;
mod review;
mod roles;
mod run;
mod service;
mod settings;
mod small_file;
mod state;
mod team;
#[cfg(test)]
mod tests;
mod tokens;
mod version;
mod view;
mod workspace;

pub use self::core::{Content, Edit, Gates, RunPolicy, policy};
pub use crate::catalog::{Hit, Index, Matches};
pub use crate::evolve::answer::readable;
pub use crate::evolve::course::{
    EvolutionPlan, EvolutionProgress, Lane, LaneId, LaneState, ReplaySummary, Round, Usage, VerdictSummary,
};
pub use crate::evolve::document::{
    Cut, DEFAULT_BUDGET, Document, LEAST_BUDGET, QUESTIONS, Question, ReadAs, Section, Summary, SummaryLine, unanswered,
};
pub use crate::insight::{Foresight, Score, Suggestion};
pub use crate::outside::Asker;
pub use crate::request::CLIENT_VARIABLE;
pub use crate::runner::{
    AGENT_VARIABLE, Clients, CommandLine, CommandView, FoundAgent, Frame, Spool, Tail, UnknownCaller, find_agent,
    measure_reading, spare_memory, stop_with_group, unknown_caller,
};
pub use crate::store::{HeldLock, HourOfRuns};
pub use agents::{AgentList, Agents};
pub use choices::{Choice, choices};
#[cfg(test)]
pub(crate) use commands::plain_verbs;
pub use commands::{plain_query, plain_verb};
pub use defining::{
    DefineOptions, Defined, Definitions, FoundCapability, Import, definition_of, not_alone, read_definition,
    service_notes,
};
pub use doctor::Diagnosis;
pub use error::{EngineError, ErrorCode};
pub use evolving::Evolutions;
pub use evolving::making::NewTools;
pub use evolving::opportunities::Opportunities;
pub use evolving::{
    Asking, Enclosed, EvolutionDetail, EvolveRequest, Imported, MAX_DOCUMENT_BYTES, Made, NewTool, OnProgress,
    OpportunityList, Progress, Source,
};
pub use handover::{FilePlace, Handover, TerminalProgram};
pub use history::History;
pub use library::Library;
pub use library::upkeep::Upkeep;
pub use library::{
    Dashboard, EXPORT_COLUMNS, ExplainedScore, ExportFormat, LibraryStats, Policy, ScoredTool, SearchFor, SearchHit,
    SearchResult, SimilarTool, SimilarTools, SkillText, StaleReport, StaleTool, ToolAlert, Twin, TwinGroup, Watch,
    Week, policy_for, write_csv,
};
pub use links::refuse_links;
pub use plain_verb::{Described, PlainQuery, PlainVerb};
pub use review::Reviews;
pub use review::checking::Checks;
pub use review::integrity::Integrity;
pub use review::requests::Requests;
pub use review::{
    BulkResult, EvidenceGroup, EvidenceItem, Known, MADE, MADE_BECAUSE, MAX_REQUEST_BYTES, OnVerdict, PreflightRow,
    REQUEST_SCHEMA, REQUESTED_BY, SIGNED_BY, StarterRow, StarterState, Unsigned, UnsignedLog, checks, is_difference,
};
pub use roles::play_role;
pub use run::Runs;
pub use run::behaviour::Observations;
pub use run::buffering::Buffers;
pub use run::calling::Calls;
pub use run::dependencies::Dependencies;
pub use run::failing::Failures;
pub use run::grants::Grants;
pub use run::staged::StagedWrites;
pub use run::tiers::ToolSets;
pub use run::{
    AsideItem, Begun, Behaviour, BehaviourPart, BufferAnswer, BufferChange, BufferStatus, BufferWrite, CallAttempt,
    CallOutcome, CallReport, CallRequest, Calling, Candidate, Candidates, Compared, DEFAULT_ATTEMPTS, Departed,
    Enforced, FailureDetail, Gather, GrantList, HandedOver, KeptFile, KeptFiles, LeftOut, Limits, MOST_ATTEMPTS,
    MarkRequest, MayRun, OutputPiece, Pending, Reported, ResultEvidence, RunHandle, ServiceOffer, SetRow, StagedState,
    StagedView, Taken, ToolState, Tried, UNNAMED_AGENT, WorkerAnswer, WorkerRow, Workers, assignments, fitted,
    item_fits, serve_run,
};
pub use service::{
    ANSWER_TIME, CallBegun, ContextEdit, InstanceDetail, InstanceView, LaunchRequest, Launched, PerformanceProfile,
    Said, ServiceList, ServiceUnit, Services, unnamed_instance,
};
pub use settings::{
    AgentLimits, ApiSetting, BUILT_IN, DEFAULT_CONFIG, DeprecatedPolicy, EvolveSettings, GeneratorSetting, InitReport,
    KeySetting, PlotSetting, RootSetting, SecretSource, Settings, Signing, StarterTool, TeamSettings, TeamTrust, Theme,
    WaySetting, init, plan_init, write_starter,
};
pub use state::{
    Home, ScreenState, answer_copy, back_up_if_due, clock_steps_back, find_workspace, is_workspace, locate,
    path_state_dir, plan_copy_answer,
};
pub use team::{ImportRow, PolicyRow, SignerRow, TeamReport, Teams, VerifyProgress, VersionRow};
use team::{ShownPolicies, Verifying};
pub use tokens::{Token, TokenList};
pub use version::Versions;
pub use version::{Carried, CarriedTool, CarryReport, Lineage, LineageVersion};
pub use view::{
    ApprovalChoice, CatalogState, CatalogView, Change, ConnectedAgent, DoctorLine, EvidenceLine, OnChange, Preview,
    RerunFrom, ReviewDetail, ReviewFilter, RunFilter, RunRequest, VerifyReport, VersionInfo, Weight,
};
pub use workspace::{OpenOptions, Recovery, RecoveryPlan, plan_recovery, recover_state};

use crate::domain::Problem;
use evolving::live::LiveEvolutions;
use library::catalog_cache::CatalogCache;
use review::check_queue::CheckQueue;
use review::trust_cache::TrustCache;
use run::live_runs::LiveRuns;
use run::session::Limited;
use run::session::SessionName;
use std::path::Path;
use std::sync::{Arc, Weak};
use workspace::Workspace;

#[cfg(test)]
use clock::now;
#[cfg(test)]
use locks::lock;

/// An open workspace. Clones share it. Its methods are grouped by subject.
#[derive(Clone)]
pub struct Engine {
    workspace: Arc<Workspace>,
    states: Arc<States>,
}

/// A weak reference to an engine; it does not keep the workspace open.
struct WeakEngine {
    workspace: Weak<Workspace>,
    states: Weak<States>,
}

impl WeakEngine {
    /// The engine, if it is still open elsewhere.
    fn upgrade(&self) -> Option<Engine> {
        Some(Engine { workspace: self.workspace.upgrade()?, states: self.states.upgrade()? })
    }
}

/// The state of each subject while a workspace is open.
#[derive(Default)]
struct States {
    catalog: CatalogCache,
    live_runs: LiveRuns,
    trust_cache: TrustCache,
    check_queue: CheckQueue,
    evolutions: LiveEvolutions,
    session: SessionName,
    limits: Limited,
    policies: ShownPolicies,
    verifying: Verifying,
}

/// Records in the workspace which state belongs to it. A folder that was opened while it was empty has no such record
/// yet.
pub fn note_identity(engine: &Engine) {
    state::locate(&engine.workspace.options.home, engine.workspace.folder());
}

impl OpenOptions {
    /// [`Engine::open`] for a process that serves agents: runs that are lost with it count as cancelled, because nobody is
    /// left who waits for them.
    ///
    /// # Errors
    /// As [`Engine::open`].
    pub fn open_to_serve(self) -> Result<Engine, EngineError> {
        Engine::recovered(Workspace::open_to_serve(self)?)
    }
}

impl Engine {
    /// Opens or creates the state of a workspace and finishes what a crash left undone.
    ///
    /// # Errors
    /// `Internal` when the state cannot be read, with what to do about it. A state that cannot be written, is missing
    /// or is older than before can still be viewed: [`Engine::viewing`] says so, and changes are refused.
    pub fn open(options: OpenOptions) -> Result<Engine, EngineError> {
        Engine::recovered(Workspace::open(options)?)
    }

    fn recovered(workspace: Workspace) -> Result<Engine, EngineError> {
        let engine = Engine { workspace: Arc::new(workspace), states: Arc::default() };
        match engine.viewing() {
            None => engine.recover()?,
            // What a crash left undone stays undone until the state can be written.
            Some(why) => engine.workspace.report_trouble::<()>(Err(why.clone())),
        }
        Ok(engine)
    }

    /// Opens a workspace for a keeper: with little memory, and without finishing what a crash left undone.
    fn open_small(options: OpenOptions) -> Result<Engine, EngineError> {
        Ok(Engine { workspace: Arc::new(Workspace::open_small(options)?), states: Arc::default() })
    }

    /// Folder of the workspace, as it was opened.
    pub fn workspace(&self) -> &Path {
        self.workspace.folder()
    }

    /// The state folder of this workspace.
    pub fn state_dir(&self) -> &Path {
        &self.workspace.state_dir
    }

    /// The layout of the screen when the workbench was last closed.
    pub fn screen(&self) -> ScreenState {
        ScreenState::read(&self.workspace.state_dir)
    }

    /// Stores the layout of the screen.
    ///
    /// # Errors
    /// `Internal` when the state folder cannot be written.
    pub fn keep_screen(&self, screen: &ScreenState) -> Result<(), EngineError> {
        screen.write(&self.workspace.state_dir)
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.workspace.settings
    }

    /// The user's settings file.
    pub fn settings_file(&self) -> std::path::PathBuf {
        self.workspace.options.home.config_file()
    }

    /// Problems in the settings files; the settings concerned are ignored.
    pub fn setting_problems(&self) -> &[Problem] {
        &self.workspace.setting_problems
    }

    /// The git identity of the workspace, otherwise the system user.
    pub fn identity(&self) -> String {
        self.workspace.identity()
    }

    /// Why nothing can be changed; `None` if the state can be written.
    pub fn viewing(&self) -> Option<&EngineError> {
        self.workspace.viewing()
    }

    /// Errors of background work since the last call.
    pub fn take_trouble(&self) -> Vec<EngineError> {
        self.workspace.take_trouble()
    }

    /// A weak reference, for threads that must not keep the workspace open.
    fn downgrade(&self) -> WeakEngine {
        WeakEngine { workspace: Arc::downgrade(&self.workspace), states: Arc::downgrade(&self.states) }
    }

    /// The tools in the folders: reading, finding, comparing and scoring them.
    pub fn library(&self) -> Library<'_> {
        Library { engine: self, workspace: &self.workspace, state: &self.states.catalog }
    }

    /// Maintaining a library: unused tools, similar tools, tools whose files are missing.
    pub fn upkeep(&self) -> Upkeep<'_> {
        Upkeep { engine: self, workspace: &self.workspace }
    }

    /// Repeated work that could become a tool.
    pub fn opportunities(&self) -> Opportunities<'_> {
        Opportunities { engine: self, workspace: &self.workspace }
    }

    /// Reviews: pending decisions, the evidence for them, and deciding.
    pub fn reviews(&self) -> Reviews<'_> {
        Reviews { engine: self, workspace: &self.workspace }
    }

    /// The checks of versions under review: running them, their order, and their verdicts.
    pub fn checks(&self) -> Checks<'_> {
        Checks { engine: self, workspace: &self.workspace, state: &self.states.check_queue }
    }

    /// Integrity: whether the tools are what a human approved. Signatures, the log, and the files next to the tools.
    pub fn integrity(&self) -> Integrity<'_> {
        Integrity { engine: self, workspace: &self.workspace, state: &self.states.trust_cache }
    }

    /// Requests for a review from agents.
    pub fn requests(&self) -> Requests<'_> {
        Requests { engine: self, workspace: &self.workspace }
    }

    /// The versions of a tool: their origin, and restoring, copying or archiving a version.
    pub fn versions(&self) -> Versions<'_> {
        Versions { engine: self, workspace: &self.workspace }
    }

    /// Runs: starting a run, and the records of runs.
    pub fn runs(&self) -> Runs<'_> {
        Runs { engine: self, workspace: &self.workspace, state: &self.states.live_runs }
    }

    /// The observed behaviour of the runs of a version.
    pub fn observations(&self) -> Observations<'_> {
        Observations { engine: self, workspace: &self.workspace }
    }

    /// The user's programs that take over the terminal: editor and pager.
    pub fn handover(&self) -> Handover<'_> {
        Handover { engine: self, workspace: &self.workspace }
    }

    /// Failed runs, grouped by cause.
    pub fn failures(&self) -> Failures<'_> {
        Failures { engine: self, workspace: &self.workspace }
    }

    /// Buffers: items collected for a tool that takes them in batches.
    pub fn buffers(&self) -> Buffers<'_> {
        Buffers { engine: self, workspace: &self.workspace }
    }

    /// Calls: finding a tool for a scenario, and running it.
    pub fn calls(&self) -> Calls<'_> {
        Calls { engine: self, workspace: &self.workspace }
    }

    /// The team: its policy, its decisions, and the exchange of decisions with it.
    pub fn teams(&self) -> Teams<'_> {
        let (state, verifying) = (&self.states.policies, &self.states.verifying);
        Teams { engine: self, workspace: &self.workspace, state, verifying }
    }

    /// Services: tools that keep running, as named instances.
    pub fn services(&self) -> Services<'_> {
        Services { engine: self, workspace: &self.workspace }
    }

    /// Agents that are connected.
    pub fn agents(&self) -> Agents<'_> {
        Agents { engine: self, workspace: &self.workspace }
    }

    /// Grants: what agents may run without an approval, and in which session.
    pub fn grants(&self) -> Grants<'_> {
        Grants { engine: self, workspace: &self.workspace, state: &self.states.session }
    }

    /// Which tools are in use here: sets, cost tiers and the limits of this process.
    pub fn tool_sets(&self) -> ToolSets<'_> {
        ToolSets { engine: self, workspace: &self.workspace, state: &self.states.limits }
    }

    /// Staged writes: what runs wrote, held back until it is applied.
    pub fn staged_writes(&self) -> StagedWrites<'_> {
        StagedWrites { engine: self, workspace: &self.workspace }
    }

    /// What a tool needs on this machine: interpreters and packages.
    pub fn dependencies(&self) -> Dependencies<'_> {
        Dependencies { engine: self, workspace: &self.workspace }
    }

    /// Asking generators for better versions of a tool.
    pub fn evolutions(&self) -> Evolutions<'_> {
        Evolutions { engine: self, workspace: &self.workspace, state: &self.states.evolutions }
    }

    /// Creating new tools: from a text, a document or a template.
    pub fn new_tools(&self) -> NewTools<'_> {
        NewTools { engine: self, workspace: &self.workspace }
    }

    /// Definitions of services: creating, changing and importing them.
    pub fn definitions(&self) -> Definitions<'_> {
        Definitions { engine: self, workspace: &self.workspace }
    }

    /// The log of operations, and undo.
    pub fn history(&self) -> History<'_> {
        History { engine: self, workspace: &self.workspace }
    }
}
