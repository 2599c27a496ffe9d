//! The facade: every face asks here, and only here.
//!
//! All calls block and are safe from any thread; a face that must not wait calls them from a thread
//! of its own and reads snapshots. There is one write connection to the store, behind a lock; the
//! rules that use it live in `core` and know nothing of files, clocks or processes.
//!
//! # Where things are
//!
//! | module | is for |
//! | --- | --- |
//! | `workspace` | what every subject shares: the store, settings, git, the turn to move files |
//! | `commands` | from a command to its transaction, and the moves that it promised |
//! | `locks` | the order in which locks are taken |
//! | `core` | the rules, and the data they need; imports only the domain, the store and `error` |
//! | `review` | what a decision rests on: evidence, checks, approvals, signatures, requests, `verify` |
//! | `version` | versions of a tool: rollback, forks, bundles, provenance, deprecation |
//! | `run` | starting runs, choosing tools, grants and tiers, staged writes, buffers, failures |
//! | `library` | the catalog: scanning, search, similarity, scores, opportunities, upkeep |
//! | `evolving` | asking generators for better versions; new tools |
//! | `settings` | the two settings files, secrets, making a folder a workspace |
//! | `state` | where the state of a workspace is, and putting it back |
//! | `doctor` | what is missing on this machine |
//! | `relocate` | moving files of versions, and committing the move |
//! | `view` | answers that several subjects give |

mod clock;
mod commands;
#[cfg(test)]
mod commands_tests;
mod core;
mod doctor;
mod error;
mod evolving;
mod library;
mod links;
mod locks;
mod relocate;
mod review;
mod run;
mod settings;
mod state;
#[cfg(test)]
mod tests;
mod version;
mod view;
mod workspace;

pub use self::core::{Content, Edit, Gates, RunPolicy, policy};
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
pub use error::{EngineError, ErrorCode};
pub use evolving::{Asking, Enclosed, EvolutionDetail, EvolveRequest, Made, NewTool, OnProgress, Progress, Source};
pub use library::{
    Dashboard, EXPORT_COLUMNS, ExplainedScore, ExportFormat, Imported, LibraryStats, MAX_DOCUMENT_BYTES, OnChange,
    OpportunityList, Policy, ScoredTool, SearchHit, SimilarTool, StaleReport, StaleTool, ToolAlert, Twin, TwinGroup,
    Watch, Week, policy_for, write_csv,
};
pub use links::refuse_links;
pub use review::{
    BulkDecision, BulkItem, BulkResult, MADE, MADE_BECAUSE, MAX_REQUEST_BYTES, OnVerdict, PreflightRow, REQUEST_SCHEMA,
    SIGNED_BY, Unsigned, UnsignedLog, checks,
};
pub use run::{
    Begun, Behaviour, BehaviourPart, BufferAnswer, BufferChange, BufferStatus, BufferWrite, CallAttempt, CallOutcome,
    CallReport, CallRequest, Calling, Candidate, Candidates, Compared, DEFAULT_ATTEMPTS, Departed, Enforced,
    FailureDetail, Gather, GrantList, HandedOver, LeftOut, Limits, MOST_ATTEMPTS, MarkRequest, Pending, Reported,
    ResultEvidence, RunHandle, SetRow, StagedState, StagedView, Taken, Tried, UNNAMED_AGENT, fitted, item_fits,
    play_role,
};
pub use settings::{
    ApiSetting, BUILT_IN, DEFAULT_CONFIG, DeprecatedPolicy, EvolveSettings, GeneratorSetting, InitReport, KeySetting,
    RootSetting, SecretSource, Settings, Signing, Theme, WaySetting, init,
};
pub use state::{
    Home, Recovery, RecoveryPlan, answer_copy, back_up_if_due, clock_steps_back, find_workspace, locate,
    path_state_dir, plan_copy_answer, plan_recovery, recover_state,
};
pub use version::{Carried, CarriedTool, CarryReport, Lineage, LineageVersion};
pub use view::{
    CatalogState, CatalogView, Change, DoctorLine, EvidenceLine, Preview, ReviewDetail, ReviewFilter, RunFilter,
    RunRequest, VerifyReport, VersionInfo, Weight,
};
pub use workspace::{Engine, OpenOptions};

#[cfg(test)]
use clock::now;
#[cfg(test)]
use locks::lock;
